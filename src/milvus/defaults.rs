//! The variables of the documentation page's `gen.sh` ("Encryption in Transit"), and their values.

use crate::x509::{Attribute, AttributeType, Days};

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
pub const DAYS: Days = Days::constant(3650);
/// The page's `-days` for the CA.
pub const CA_DAYS: Days = Days::constant(36500);

/// The page's subject.
pub const SUBJECT: [Attribute; 6] = [
    Attribute::constant(AttributeType::Country, COUNTRY),
    Attribute::constant(AttributeType::State, STATE),
    Attribute::constant(AttributeType::Locality, LOCATION),
    Attribute::constant(AttributeType::Organization, ORGANIZATION),
    Attribute::constant(AttributeType::OrganizationalUnit, ORGANIZATION_UNIT),
    Attribute::constant(AttributeType::CommonName, COMMON_NAME),
];
