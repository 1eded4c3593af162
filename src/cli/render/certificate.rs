//! What is said of one certificate.

use std::path::Path;

use crate::engine::CertificateReport;
use crate::store::FileRole;

/// Whether it is one of the seven files, and was not issued beside them.
pub(super) fn is_own(certificate: &CertificateReport) -> bool {
    is_one_of_seven(&certificate.path)
}

/// Whether a path is that of one of the seven files.
pub(super) fn is_one_of_seven(path: &str) -> bool {
    let name = Path::new(path).file_name().unwrap_or_default();
    FileRole::AS_LISTED.iter().any(|role| name == role.file_name())
}

/// The names of an end entity, or the name of an authority.
pub(super) fn covers(certificate: &CertificateReport) -> String {
    match certificate.names.as_slice() {
        [] => certificate.common_name.clone(),
        names => names.join(", "),
    }
}

/// The day of an RFC 3339 timestamp.
pub(super) fn day(timestamp: &str) -> &str {
    timestamp.split('T').next().unwrap_or(timestamp)
}
