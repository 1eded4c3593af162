//! What is said of one certificate.

use time::Date;

use crate::engine::CertificateReport;

/// The names of a server or client, or the name of a CA.
pub(super) fn covers(certificate: &CertificateReport) -> String {
    match certificate.names.as_slice() {
        [] => certificate.common_name.clone(),
        names => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// The last day of a certificate.
pub(super) fn last_day(certificate: &CertificateReport) -> Date {
    certificate.validity.not_after.date()
}
