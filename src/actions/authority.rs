//! Where the authority comes from: the directory, or files that somebody else made.

use std::cmp::Reverse;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{Error, ExistingAuthority};
use crate::milvus::public_keys::refuse_published;
use crate::pki::{
    self, Certificate, CertificateAuthority, Passphrase, Validity, certificates_from_pem, encrypt_key_to_pem,
    is_encrypted_key, key_from_pem,
};
use crate::store::{Directory, FileRole, read_file};

/// Loads the authority of a directory.
///
/// `ca.pem` holds its root, and while an authority takes the place of another the roots of both: that
/// of `ca.key` issues. Where `ca.key` belongs to an intermediate authority, that one's certificate is taken
/// from the chain in server.pem or client.pem.
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
    let roots =
        authorities(&required(FileRole::CaCertificate)?).map_err(Error::in_file(&certificate_path))?;
    let key = key_from_pem(&key, passphrase).map_err(Error::in_file(&key_path))?;

    let public_key = key.public_key()?;
    let subject = roots[0].subject().clone();
    let is_own = |certificate: &Certificate| certificate.public_key().is_ok_and(|own| own == public_key);
    let mut candidates = roots;
    if !candidates.iter().any(is_own) {
        candidates.extend(presented_issuers(directory)?);
    }
    // A CA that was renewed with its key can be there twice, and whoever did it may have put the old one first.
    let end =
        |certificate: &Certificate| is_valid(certificate, now).then_some(certificate.validity().not_after);
    candidates.sort_by_key(|certificate| Reverse(end(certificate)));
    let Some(own) = candidates.iter().find(|certificate| is_own(certificate)) else {
        return Err(Error::in_file(key_path)(pki::Error::KeyMismatch { subject }));
    };
    let chain = up_to_the_root(own, &candidates);
    CertificateAuthority::load(chain, key, now).map_err(Error::in_file(certificate_path))
}

fn is_valid(certificate: &Certificate, now: OffsetDateTime) -> bool {
    let Validity { not_before, not_after } = certificate.validity();
    (not_before..=not_after).contains(&now)
}

/// The certificates of a ca.pem, all of which have to be authorities.
pub(super) fn authorities(content: &[u8]) -> Result<Vec<Certificate>, pki::Error> {
    let certificates = certificates_from_pem(content)?;
    match certificates.iter().find(|certificate| !certificate.is_ca()) {
        Some(other) => Err(pki::Error::NotAnAuthority { subject: other.subject().clone() }),
        None => Ok(certificates),
    }
}

/// A certificate and its issuers, as far as there are any, by their names.
fn up_to_the_root(own: &Certificate, candidates: &[Certificate]) -> Vec<Certificate> {
    let mut chain = vec![own.clone()];
    while let Some(last) = chain.last().filter(|last| !last.is_self_issued()) {
        let issuer = candidates.iter().find(|issuer| issuer.subject() == last.issuer());
        match issuer.filter(|issuer| !chain.contains(issuer)) {
            Some(issuer) => chain.push(issuer.clone()),
            None => break,
        }
    }
    chain
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
    let in_given = |source| Error::GivenCa { path: files.certificate.clone(), source };
    let certificates = certificates_from_pem(&read_file(&files.certificate)?).map_err(in_given)?;
    let content = read_file(&files.key)?;
    let key = key_from_pem(&content, passphrase).map_err(Error::in_file(&files.key))?;
    let content = match passphrase {
        Some(passphrase) if !is_encrypted_key(&content) => {
            Zeroizing::new(encrypt_key_to_pem(&key, passphrase)?.as_bytes().to_vec())
        }
        _ => content,
    };
    let authority = CertificateAuthority::load(certificates, key, now).map_err(in_given)?;
    authority.check_adoptable(&refuse_published).map_err(in_given)?;
    Ok((authority, content))
}
