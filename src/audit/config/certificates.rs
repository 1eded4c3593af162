//! Whether what is deployed is what is in the certificate directory.

use crate::audit::Bundle;
use crate::pki::{Certificate, Item, items};
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

/// The name of the authority whose private key is in a file: one of these authorities, or one in the
/// file itself.
pub(super) fn authority_of_key(content: &[u8], authorities: &[&Certificate]) -> Option<String> {
    let items = items(content).ok()?;
    let own = items.iter().filter_map(|item| match item {
        Item::Certificate(certificate) if certificate.is_ca() => Some(certificate.as_ref()),
        _ => None,
    });
    let known: Vec<_> = authorities.iter().copied().chain(own).collect();
    let keys = items.iter().filter_map(|item| match item {
        Item::PrivateKey(key) => Some(key),
        _ => None,
    });
    let mut signers = keys.filter_map(|key| {
        known.iter().find(|authority| key.belongs_to(authority) == Some(true)).map(|found| found.subject())
    });
    signers.next().map(ToString::to_string)
}

/// The authorities among the certificates of a bundle.
pub(super) fn authorities(bundle: &Bundle) -> impl Iterator<Item = &Certificate> {
    let all = FileRole::ALL.into_iter().flat_map(|role| bundle.certificates(role));
    all.filter(|certificate| certificate.is_ca())
}

/// The first that is not an authority's, as wherever a server's or client's file is read.
pub(super) fn own_certificate(certificates: &[Certificate]) -> Option<&Certificate> {
    certificates.iter().find(|certificate| !certificate.is_ca()).or(certificates.first())
}
