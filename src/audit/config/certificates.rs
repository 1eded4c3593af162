//! Whether what is deployed is what is in the certificate directory.

use crate::audit::Bundle;
use crate::pki::Certificate;
use crate::store::FileRole;

/// What differs between deployed certificates and those of the directory, where both can be read.
///
/// An authority file can hold more than one authority, as it does while one takes the place of
/// another: it is right when the directory's is among them.
pub(super) fn difference(role: FileRole, deployed: &[Certificate], directory: &Bundle) -> Option<String> {
    let (deployed, own) = match role {
        FileRole::CaCertificate => {
            let own = directory.certificates(role).first()?;
            (deployed.iter().find(|certificate| *certificate == own).or(deployed.first())?, own)
        }
        _ => (own_certificate(deployed)?, directory.end_entity(role)?),
    };
    let place = &directory.file(role)?.place;
    (deployed != own).then(|| {
        format!("{} has serial number {}, {place} has {}", role.file_name(), deployed.serial(), own.serial())
    })
}

/// The first that is not an authority's, as wherever a server's or client's file is read.
pub(super) fn own_certificate(certificates: &[Certificate]) -> Option<&Certificate> {
    certificates.iter().find(|certificate| !certificate.is_ca()).or(certificates.first())
}
