//! The variables of the documentation page's `gen.sh` ("Encryption in Transit"), and their values.

use crate::x509::{Attribute, AttributeType, Error};

/// `Country`.
pub const COUNTRY: &str = "US";
/// `State`.
pub const STATE: &str = "CA";
/// `Location`.
pub const LOCATION: &str = "Redwood City";
/// `Organization`.
pub const ORGANIZATION: &str = "zilliz";
/// `OrganizationUnit`.
pub const ORGANIZATION_UNIT: &str = "devops";
/// `CommonName`: the name that clients give as `server_name`.
pub const COMMON_NAME: &str = "localhost";
/// `ExpireDays`, for server and client.
pub const DAYS: u32 = 3650;
/// The page's `-days` for the authority.
pub const CA_DAYS: u32 = 36500;

/// The page's subject.
///
/// # Errors
/// Never: the page's values are valid.
pub fn subject() -> Result<Vec<Attribute>, Error> {
    [
        (AttributeType::Country, COUNTRY),
        (AttributeType::State, STATE),
        (AttributeType::Locality, LOCATION),
        (AttributeType::Organization, ORGANIZATION),
        (AttributeType::OrganizationalUnit, ORGANIZATION_UNIT),
        (AttributeType::CommonName, COMMON_NAME),
    ]
    .into_iter()
    .map(|(kind, value)| Attribute::new(kind, value))
    .collect()
}
