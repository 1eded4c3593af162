//! Whether what is deployed is what is in the certificate directory.

use crate::check::bundle::{Bundle, leaf_first, own_certificate};
use crate::check::clients::{ALL, NOBODY, Stopped};
use crate::store::FileRole;
use crate::x509::{Certificate, ChainDefect, EndEntityKind, Item, items, judge_chain};

/// What differs between deployed certificates and those of the directory, where both can be read.
///
/// A ca.pem can hold more than one CA, as it does while one takes the place of another: it is right when the
/// directory's is among them.
pub(crate) fn difference(role: FileRole, deployed: &[Certificate], directory: &Bundle) -> Option<String> {
    let (deployed, own) = match role {
        FileRole::CaCertificate => {
            let own = directory.certificates(role).first()?;
            (deployed.iter().find(|certificate| *certificate == own).or(deployed.first())?, own)
        }
        _ => (own_certificate(deployed)?, directory.end_entity(role)?),
    };
    let place = &directory.file(role)?.place;
    (deployed != own)
        .then(|| format!("{role} has serial number {}, {place} has {}", deployed.serial(), own.serial()))
}

/// The name of the CA whose private key is in a file: one of these, or one in the file itself.
pub(crate) fn ca_of_key(content: &[u8], cas: &[&Certificate]) -> Option<String> {
    let items = items(content).ok()?;
    let own = items.iter().filter_map(|item| match item {
        Item::Certificate(certificate) if certificate.is_ca() => Some(certificate.as_ref()),
        _ => None,
    });
    let known: Vec<_> = cas.iter().copied().chain(own).collect();
    items.iter().find_map(|item| {
        let Item::PrivateKey(key) = item else { return None };
        let ca = known.iter().find(|ca| key.belongs_to(ca) == Some(true))?;
        Some(ca.subject().to_string())
    })
}

/// Whom it stops that Milvus has these certificates: those who trust the directory's CA and do not find it, or whose
/// certificate Milvus' CA did not issue.
pub(crate) fn stopped<'c>(deployed: impl Fn(FileRole) -> &'c [Certificate], directory: &Bundle) -> Stopped {
    let cas = FileRole::CaCertificate;
    let trusts_server =
        is_trusted(EndEntityKind::Server, deployed(FileRole::ServerCertificate), directory.certificates(cas));
    let trusts_client =
        is_trusted(EndEntityKind::Client, directory.certificates(FileRole::ClientCertificate), deployed(cas));
    let unless = |works: bool| if works { NOBODY } else { ALL };
    Stopped { one_way: unless(trusts_server), mutual: unless(trusts_server && trusts_client) }
}

/// Whether nothing speaks against it that one of the CAs issued a certificate.
fn is_trusted(kind: EndEntityKind, file: &[Certificate], cas: &[Certificate]) -> bool {
    let Some(leaf) = own_certificate(file).filter(|_| !cas.is_empty()) else { return true };
    match judge_chain(kind, &leaf_first(leaf, file), cas) {
        Err(ChainDefect::UnknownIssuer | ChainDefect::WrongSignature) => cas.contains(leaf),
        _ => true,
    }
}
