//! Whether what is deployed is what is in the certificate directory.

use crate::check::bundle::{Bundle, leaf_first, own_certificate};
use crate::check::clients::{ALL, NOBODY, Stopped};
use crate::store::FileRole;
use crate::x509::{Certificate, ChainDefect, EndEntityKind, Item, items, judge_chain};

/// What differs between deployed certificates and those of the directory, where both can be read.
///
/// A ca.pem can hold more than one CA, as it does while one takes the place of another: it is right when the
/// directory's is among them.
pub(crate) fn difference(role: FileRole, deployed: &Bundle, directory: &Bundle) -> Option<String> {
    let deployed = deployed.certificates(role);
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

/// For each file the name of the CA whose private key is in it: a CA of the directory, or in one of the files.
pub(crate) fn cas_of_keys<'f>(
    files: impl Iterator<Item = &'f [u8]>,
    directory: &Bundle,
) -> Vec<Option<String>> {
    let files: Vec<_> = files.map(|content| items(content).unwrap_or_default()).collect();
    let in_files = files.iter().flatten().filter_map(|item| match item {
        Item::Certificate(certificate) => {
            Some(certificate.as_ref()).filter(|certificate| certificate.is_ca())
        }
        _ => None,
    });
    let cas: Vec<_> = in_files.chain(directory.ca_certificates()).collect();
    let ca_of = |item: &Item| {
        let Item::PrivateKey(key) = item else { return None };
        let ca = cas.iter().find(|ca| key.belongs_to(ca) == Some(true))?;
        Some(ca.subject().to_string())
    };
    files.iter().map(|items| items.iter().find_map(ca_of)).collect()
}

/// Whom it stops that Milvus has these certificates: those who trust the directory's CA and do not find it, or whose
/// certificate Milvus' CA did not issue.
pub(crate) fn stopped(deployed: &Bundle, directory: &Bundle) -> Stopped {
    let trusts = |kind, leaf: &Bundle, cas: &Bundle| {
        let (_, role) = FileRole::pair_of(kind);
        is_trusted(kind, leaf.certificates(role), cas.certificates(FileRole::CaCertificate))
    };
    let trusts_server = trusts(EndEntityKind::Server, deployed, directory);
    let trusts_client = trusts(EndEntityKind::Client, directory, deployed);
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
