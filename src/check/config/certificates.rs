//! Whether what is deployed is what is in the certificate directory.

use crate::check::Bundle;
use crate::check::codes::{ALL, Clients};
use crate::store::FileRole;
use crate::x509::{Certificate, ChainDefect, EndEntityKind, Item, items, judge_chain};

/// What differs between deployed certificates and those of the directory, where both can be read.
///
/// An authority file can hold more than one authority, as it does while one takes the place of
/// another: it is right when the directory's is among them.
pub(crate) fn difference(role: FileRole, deployed: &[Certificate], directory: &Bundle) -> Option<String> {
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
pub(crate) fn authority_of_key(content: &[u8], authorities: &[&Certificate]) -> Option<String> {
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
pub(crate) fn authorities(bundle: &Bundle) -> impl Iterator<Item = &Certificate> {
    let all = FileRole::ALL.into_iter().flat_map(|role| bundle.certificates(role));
    all.filter(|certificate| certificate.is_ca())
}

/// Whom it stops, in one-way and in mutual TLS, that Milvus has these certificates: those who trust the
/// directory's authority and do not find it, or whose certificate Milvus' authority did not issue.
pub(crate) fn stopped<'c>(
    deployed: impl Fn(FileRole) -> &'c [Certificate],
    directory: &Bundle,
) -> [Clients; 2] {
    let authorities = FileRole::CaCertificate;
    let (server, client) = (EndEntityKind::Server, EndEntityKind::Client);
    let trusts_server =
        is_trusted(server, deployed(FileRole::ServerCertificate), directory.certificates(authorities));
    let trusts_client =
        is_trusted(client, directory.certificates(FileRole::ClientCertificate), deployed(authorities));
    let unless = |works: bool| -> Clients { if works { &[] } else { ALL } };
    [unless(trusts_server), unless(trusts_server && trusts_client)]
}

/// Whether nothing speaks against it that one of the authorities issued a certificate.
fn is_trusted(kind: EndEntityKind, file: &[Certificate], authorities: &[Certificate]) -> bool {
    let Some(leaf) = own_certificate(file).filter(|_| !authorities.is_empty()) else { return true };
    let others = file.iter().filter(|certificate| *certificate != leaf);
    let presented: Vec<_> = std::iter::once(leaf).chain(others).cloned().collect();
    match judge_chain(kind, &presented, authorities) {
        Err(ChainDefect::UnknownIssuer | ChainDefect::WrongSignature) => authorities.contains(leaf),
        _ => true,
    }
}

/// The first that is not an authority's, as wherever a server's or client's file is read.
pub(crate) fn own_certificate(certificates: &[Certificate]) -> Option<&Certificate> {
    certificates.iter().find(|certificate| !certificate.is_ca()).or(certificates.first())
}
