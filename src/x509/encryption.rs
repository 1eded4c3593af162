//! Private keys that a passphrase protects.

use std::fmt;

use der::Decode;
use der::asn1::{AnyRef, ObjectIdentifier};
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, SecretDocument};
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::x509::error::{Error, Problem};
use crate::x509::private_key::PrivateKey;

/// OWASP's figure for PBKDF2-HMAC-SHA256 (Password Storage Cheat Sheet, 2023).
const PBKDF2_ITERATIONS: u32 = 600_000;

const FIRST_LINE: &str = "the passphrase is the first line of the file given with --ca-passphrase-file";

/// A passphrase, wiped when dropped and never shown.
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// The first line of `content` without its newline, as OpenSSL's `-passin file:` reads it: a
    /// carriage return belongs to the passphrase.
    ///
    /// # Errors
    /// If that line is empty.
    pub fn from_first_line(content: &Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        let line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
        match line {
            [] => Err(Error::new("the passphrase is empty").with_hint(FIRST_LINE)),
            _ => Ok(Self(Zeroizing::new(line.to_vec()))),
        }
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

/// PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC (RFC 8018), which OpenSSL reads from 1.1 on.
pub(crate) fn encrypt(key: &PrivateKey, passphrase: &Passphrase) -> Result<SecretDocument, Error> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    getrandom::fill(&mut salt)?;
    getrandom::fill(&mut iv)?;
    let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(PBKDF2_ITERATIONS, &salt, iv)
        .map_err(Error::signing)?;
    let pkcs8 = key.to_pkcs8()?;
    let info = PrivateKeyInfoRef::try_from(pkcs8.as_bytes()).map_err(Error::signing)?;
    info.encrypt_with_params(parameters, passphrase.0.as_slice()).map_err(Error::signing)
}

/// Reads encrypted PKCS#8.
pub(crate) fn decrypt(der: &[u8], passphrase: Option<&Passphrase>) -> Result<PrivateKey, Error> {
    let passphrase = passphrase.ok_or_else(|| {
        Error::new("is encrypted, and no passphrase was given")
            .of(Problem::KeyEncrypted)
            .with_hint("give --ca-passphrase-file FILE, or the variable MILVUS_CERTS_CA_PASSPHRASE")
    })?;
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| unsupported(der))?;
    let parameters = encrypted.encryption_algorithm.pbes2().ok_or_else(|| unsupported(der))?;
    if !is_affordable(&parameters.kdf) {
        return Err(Error::not_opened(
            "is encrypted so that opening it would take too long or too much memory",
            false,
        ));
    }
    let key = encrypted.decrypt(passphrase.0.as_slice()).map_err(|_| {
        Error::new("cannot be decrypted: the passphrase is wrong, or the file is damaged")
            .with_hint(FIRST_LINE)
    })?;
    PrivateKey::from_pkcs8(key.as_bytes())
}

/// How a key is encrypted that is not read here: EncryptedPrivateKeyInfo (RFC 5958 3) with another scheme
/// than those of the library.
fn unsupported(der: &[u8]) -> Error {
    #[derive(der::Sequence)]
    struct Encrypted<'a> {
        algorithm: AlgorithmIdentifierRef<'a>,
        data: AnyRef<'a>,
    }
    #[derive(der::Sequence)]
    struct Pbes2<'a> {
        derivation: AnyRef<'a>,
        cipher: AlgorithmIdentifierRef<'a>,
    }
    let Ok(Encrypted { algorithm, .. }) = Encrypted::from_der(der) else {
        return Error::key_malformed(der);
    };
    let cipher = |parameters: AnyRef<'_>| {
        let Pbes2 { cipher, .. } = parameters.decode_as().ok()?;
        Some(cipher.oid)
    };
    let oid = match algorithm.oid {
        pbes2::PBES2_OID => algorithm.parameters.and_then(cipher).unwrap_or(algorithm.oid),
        other => other,
    };
    let known = SCHEMES.iter().find(|(known, ..)| *known == oid);
    let (scheme, is_legacy) = known
        .map_or_else(|| (oid.to_string(), false), |(_, name, is_legacy)| ((*name).to_owned(), *is_legacy));
    Error::not_opened(format!("is encrypted with {scheme}, which is not supported here"), is_legacy)
}

/// A key in PEM's own encryption (RFC 1421), with this cipher.
pub(crate) fn legacy(cipher: Option<&str>) -> Error {
    /// How the ciphers begin that OpenSSL 3 has in its legacy provider alone.
    const LEGACY: [&str; 7] = ["DES-CBC", "RC2", "RC4", "IDEA", "BF", "CAST5", "SEED"];
    let is_legacy = cipher.is_some_and(|cipher| LEGACY.iter().any(|old| cipher.starts_with(old)));
    Error::not_opened("is encrypted in the legacy format (Proc-Type: 4,ENCRYPTED)", is_legacy)
}

impl Error {
    /// `is_legacy` where OpenSSL 3 opens it with its legacy provider alone.
    fn not_opened(message: impl Into<String>, is_legacy: bool) -> Self {
        Self::new(message).with_hint_on_file(move |file| {
            let (provider, older) = match is_legacy {
                true => (" -provider legacy -provider default", "; OpenSSL before 3 takes it without -provider"),
                false => ("", ""),
            };
            format!(
                "convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc{provider} -in {file} -out ca-pkcs8.key`{older}"
            )
        })
    }
}

/// Ciphers and schemes (RFC 8018 appendix A, RFC 7292 appendix C), their names, and whether OpenSSL 3 has them
/// in its legacy provider alone.
const SCHEMES: [(ObjectIdentifier, &str, bool); 14] = {
    const fn oid(text: &str) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(text)
    }
    [
        (oid("1.2.840.113549.1.5.1"), "MD2 and DES", true),
        (oid("1.2.840.113549.1.5.3"), "MD5 and DES", true),
        (oid("1.2.840.113549.1.5.4"), "MD2 and RC2", true),
        (oid("1.2.840.113549.1.5.6"), "MD5 and RC2", true),
        (oid("1.2.840.113549.1.5.10"), "SHA-1 and DES", true),
        (oid("1.2.840.113549.1.5.11"), "SHA-1 and RC2", true),
        (oid("1.2.840.113549.1.12.1.1"), "SHA-1 and RC4 of 128 bits", true),
        (oid("1.2.840.113549.1.12.1.2"), "SHA-1 and RC4 of 40 bits", true),
        (oid("1.2.840.113549.1.12.1.3"), "SHA-1 and 3DES", false),
        (oid("1.2.840.113549.1.12.1.4"), "SHA-1 and 3DES of two keys", false),
        (oid("1.2.840.113549.1.12.1.5"), "SHA-1 and RC2 of 128 bits", true),
        (oid("1.2.840.113549.1.12.1.6"), "SHA-1 and RC2 of 40 bits", true),
        (oid("1.3.14.3.2.7"), "PBES2 and DES", true),
        (oid("1.2.840.113549.3.2"), "PBES2 and RC2", true),
    ]
};

/// Whether deriving the key takes seconds and not hours, and as little memory as OpenSSL allows
/// (SCRYPT_MAX_MEM).
fn is_affordable(derivation: &pbes2::Kdf) -> bool {
    match derivation {
        pbes2::Kdf::Pbkdf2(parameters) => parameters.iteration_count <= 20 * PBKDF2_ITERATIONS,
        pbes2::Kdf::Scrypt(parameters) => {
            let (cost, block) = (parameters.cost_parameter, u64::from(parameters.block_size));
            let memory = cost.saturating_mul(block).saturating_mul(128);
            memory <= 32 * 1024 * 1024 && parameters.parallelization <= 16
        }
        _ => false,
    }
}
