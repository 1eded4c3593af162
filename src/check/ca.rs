//! Where the CA comes from: the directory, or files that somebody else made.

use std::cmp::Reverse;
use std::path::Path;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::base::text::command;
use crate::milvus::public_keys::refuse_published;
use crate::store::{Directory, FileRole, read_file};
use crate::x509::{
    self, Ca, Certificate, Passphrase, Validity, certificates_from_pem, check_may_issue, encrypt_key_to_pem,
    is_encrypted_key, key_from_pem,
};

/// Loads the CA of a directory.
///
/// `ca.pem` holds its root, and while a CA takes the place of another the roots of both: that
/// of `ca.key` issues. Where `ca.key` belongs to an intermediate CA, that one's certificate is taken
/// from the chain in server.pem or client.pem.
pub(crate) fn of_directory(
    directory: &Directory,
    passphrase: Option<&Passphrase>,
    now: OffsetDateTime,
) -> Result<Ca, Error> {
    let key_path = directory.path_of(FileRole::CaKey);
    let key = required(directory, FileRole::CaKey)?;
    let roots = trusted(directory)?;
    let key = key_from_pem(&key, passphrase).map_err(Error::in_file(&key_path))?;

    let public_key = key.public_key()?;
    let subject = roots[0].subject().clone();
    let is_own = |certificate: &Certificate| certificate.public_key().is_ok_and(|own| own == public_key);
    let mut candidates = roots;
    if !candidates.iter().any(is_own) {
        candidates.extend(presented_issuers(directory)?);
    }
    put_valid_first(&mut candidates, now);
    let Some(own) = candidates.iter().find(|certificate| is_own(certificate)) else {
        return Err(Error::in_file(key_path)(x509::Error::key_mismatch(&subject)));
    };
    let chain = up_to_the_root(own, &candidates);
    Ca::load(chain, key, now).map_err(Error::in_file(directory.path_of(FileRole::CaCertificate)))
}

/// The certificates of a directory's ca.pem.
pub(crate) fn trusted(directory: &Directory) -> Result<Vec<Certificate>, Error> {
    let content = required(directory, FileRole::CaCertificate)?;
    ca_certificates(&content).map_err(Error::in_file(directory.path_of(FileRole::CaCertificate)))
}

fn required(directory: &Directory, role: FileRole) -> Result<Zeroizing<Vec<u8>>, Error> {
    directory.read(role)?.ok_or_else(|| missing(directory, &directory.path_of(role)))
}

/// The CA that signs and its issuers, up to the root, where ca.key is encrypted and the certificates leave no
/// doubt whose it is. Nothing where the key has to say it.
pub(crate) fn presumed(
    directory: &Directory,
    now: OffsetDateTime,
) -> Result<Option<Vec<Certificate>>, Error> {
    if !directory.read(FileRole::CaKey)?.is_some_and(|key| is_encrypted_key(&key)) {
        return Ok(None);
    }
    let trusted = trusted(directory)?;
    let [root] = trusted.as_slice() else { return Ok(None) };
    let mut candidates = presented_issuers(directory)?;
    // Anybody can put a CA beside a certificate.
    candidates.retain(|issuer| issuer != root && issuer.is_issued_by(root));
    let chain = match candidates.as_slice() {
        [] => vec![root.clone()],
        [only] => up_to_the_root(only, &[only.clone(), root.clone()]),
        _ => return Ok(None),
    };
    for (below, certificate) in chain.iter().enumerate() {
        let path = directory.path_of(FileRole::CaCertificate);
        check_may_issue(certificate, below, now).map_err(Error::in_file(path))?;
    }
    Ok(Some(chain))
}

/// A CA that was renewed with its key can be there twice, and whoever did it may have put the old one first.
fn put_valid_first(certificates: &mut [Certificate], now: OffsetDateTime) {
    certificates.sort_by_key(|certificate| {
        let Validity { not_before, not_after } = certificate.validity();
        let is_valid = (not_before..=not_after).contains(&now);
        Reverse(is_valid.then_some(not_after))
    });
}

/// The certificates of a ca.pem, all of which have to be CAs.
fn ca_certificates(content: &[u8]) -> Result<Vec<Certificate>, x509::Error> {
    let certificates = certificates_from_pem(content)?;
    match certificates.iter().find(|certificate| !certificate.is_ca()) {
        Some(other) => Err(x509::Error::not_a_ca(other)),
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

/// The CAs that server.pem and client.pem carry after the leaf, each once.
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

/// Loads a CA from files, and what is to be `ca.key`: the file as it is, or encrypted where
/// it was not and a passphrase is given.
pub(crate) fn of_files(
    certificate: &Path,
    key: &Path,
    passphrase: Option<&Passphrase>,
    now: OffsetDateTime,
) -> Result<(Ca, Zeroizing<Vec<u8>>), Error> {
    let in_given = given_ca(certificate);
    let mut certificates = certificates_from_pem(&read_file(certificate)?).map_err(&in_given)?;
    put_valid_first(&mut certificates, now);
    let content = read_file(key)?;
    let key = key_from_pem(&content, passphrase).map_err(Error::in_file(key))?;
    let content = match passphrase {
        Some(passphrase) if !is_encrypted_key(&content) => {
            Zeroizing::new(encrypt_key_to_pem(&key, passphrase)?.as_bytes().to_vec())
        }
        _ => content,
    };
    let ca = Ca::load(certificates, key, now).map_err(&in_given)?;
    ca.check_adoptable(&refuse_published).map_err(&in_given)?;
    Ok((ca, content))
}

/// A file of the CA, `ca.key` or `ca.pem`, that is not there.
pub(crate) fn missing(directory: &Directory, path: &Path) -> Error {
    let hint = match directory.present() {
        Ok(present) if present.is_empty() => {
            let make = command("gen", directory.path());
            format!("`{make}` makes a CA and its certificates here; or name the right folder with -d")
        }
        _ if path.ends_with(FileRole::CaKey.file_name()) => {
            "run this where ca.key is, or put it back from a backup; `milvus-certs gen -d NEW` makes another CA".to_owned()
        }
        _ => "put it back from a backup; `milvus-certs gen -d NEW` makes another CA".to_owned(),
    };
    Error::new(format!("{}: no such file, and nothing can be renewed without it", path.display()))
        .with_hint(hint)
}

/// What is wrong with the certificate of a CA that was given, and is not one of this program's directory.
fn given_ca(path: &Path) -> impl Fn(x509::Error) -> Error {
    let path = path.display().to_string();
    move |source| {
        let hint = match source.problem() {
            x509::Problem::CaExpired => Some(
                "have it renewed by whoever made it; without --ca-cert and --ca-key a new CA is made".into(),
            ),
            _ => source.hint(&path),
        };
        Error::new(format!("{path}: {source}")).with_hint(hint).with_cause(source)
    }
}
