//! Where the authority comes from: the directory, or files that somebody else made.

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{Error, ExistingAuthority};
use crate::pki::{
    self, Certificate, CertificateAuthority, Passphrase, certificates_from_pem, encrypt_key_to_pem,
    is_encrypted_key, key_from_pem,
};
use crate::store::{Directory, FileRole, read_file};

/// Loads the authority of a directory.
///
/// `ca.pem` holds its root. Where `ca.key` belongs to an intermediate authority, that one's
/// certificate is taken from the chain in server.pem or client.pem.
pub(super) fn of_directory(
    directory: &Directory,
    passphrase: Option<&Passphrase>,
    now: OffsetDateTime,
) -> Result<CertificateAuthority, Error> {
    let required = |role| {
        directory.read(role)?.ok_or_else(|| Error::AuthorityMissing {
            directory: directory.path().to_owned(),
            path: directory.path_of(role),
        })
    };
    let key_path = directory.path_of(FileRole::CaKey);
    let certificate_path = directory.path_of(FileRole::CaCertificate);
    let key = required(FileRole::CaKey)?;
    let root = single(&required(FileRole::CaCertificate)?).map_err(Error::in_file(&certificate_path))?;
    let key = key_from_pem(&key, passphrase).map_err(Error::in_file(&key_path))?;

    let public_key = key.public_key()?;
    let mut certificates = Vec::new();
    if root.public_key().ok().as_ref() != Some(&public_key) {
        certificates = presented_issuers(directory)?;
        if !certificates.iter().any(|issuer| issuer.public_key().is_ok_and(|own| own == public_key)) {
            let subject = root.subject().clone();
            return Err(Error::in_file(key_path)(pki::Error::KeyMismatch { subject }));
        }
    }
    if !certificates.contains(&root) {
        certificates.push(root);
    }
    CertificateAuthority::load(certificates, key, now).map_err(Error::in_file(certificate_path))
}

/// The one authority of a ca.pem.
fn single(content: &[u8]) -> Result<Certificate, pki::Error> {
    let mut certificates = certificates_from_pem(content)?;
    let certificate = certificates.swap_remove(0);
    match (certificates.len(), certificate.is_ca()) {
        (0, true) => Ok(certificate),
        (0, false) => Err(pki::Error::NotAnAuthority { subject: certificate.subject().clone() }),
        (more, _) => Err(pki::Error::SeveralCertificates { count: more + 1 }),
    }
}

/// The authorities that server.pem and client.pem carry after the leaf, each once.
fn presented_issuers(directory: &Directory) -> Result<Vec<Certificate>, Error> {
    let mut issuers = Vec::new();
    for role in [FileRole::ServerCertificate, FileRole::ClientCertificate] {
        let Some(content) = directory.read(role)? else {
            continue;
        };
        for certificate in certificates_from_pem(&content).unwrap_or_default() {
            if certificate.is_ca() && !issuers.contains(&certificate) {
                issuers.push(certificate);
            }
        }
    }
    Ok(issuers)
}

/// Loads an authority from files, and what is to be `ca.key`: the file as it is, or encrypted where
/// it was not and a passphrase is given.
pub(super) fn of_files(
    files: &ExistingAuthority,
    passphrase: Option<&Passphrase>,
    now: OffsetDateTime,
) -> Result<(CertificateAuthority, Zeroizing<Vec<u8>>), Error> {
    let certificates = certificates_from_pem(&read_file(&files.certificate)?);
    let certificates = certificates.map_err(Error::in_file(&files.certificate))?;
    let content = read_file(&files.key)?;
    let key = key_from_pem(&content, passphrase).map_err(Error::in_file(&files.key))?;
    let content = match passphrase {
        Some(passphrase) if !is_encrypted_key(&content) => {
            Zeroizing::new(encrypt_key_to_pem(&key, passphrase)?.as_bytes().to_vec())
        }
        _ => content,
    };
    let authority = CertificateAuthority::load(certificates, key, now);
    Ok((authority.map_err(Error::in_file(&files.certificate))?, content))
}
