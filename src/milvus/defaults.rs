//! The variables of the documentation page's `gen.sh` ("Encryption in Transit"), and their values.

use crate::x509::{Attribute, AttributeType, Days};

pub(crate) const COUNTRY: &str = "US";
pub(crate) const STATE: &str = "CA";
pub(crate) const LOCATION: &str = "Redwood City";
pub(crate) const ORGANIZATION: &str = "zilliz";
pub(crate) const ORGANIZATION_UNIT: &str = "devops";
/// `CommonName`: the name that clients give as `server_name`.
pub(crate) const COMMON_NAME: &str = "localhost";
/// `ExpireDays`, for server and client.
pub(crate) const DAYS: Days = Days::constant(3650);
/// The page's `-days` for the CA.
pub(crate) const CA_DAYS: Days = Days::constant(36500);

/// The page's subject.
pub(crate) const SUBJECT: [Attribute; 6] = [
    Attribute::constant(AttributeType::Country, COUNTRY),
    Attribute::constant(AttributeType::State, STATE),
    Attribute::constant(AttributeType::Locality, LOCATION),
    Attribute::constant(AttributeType::Organization, ORGANIZATION),
    Attribute::constant(AttributeType::OrganizationalUnit, ORGANIZATION_UNIT),
    Attribute::constant(AttributeType::CommonName, COMMON_NAME),
];
