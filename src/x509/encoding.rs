use der::Decode;
use der::asn1::{AnyRef, ObjectIdentifier};
use pkcs8::der::pem::LineEnding;
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::x509::key::SecretText;
use crate::x509::pem_block::{BEGIN, Block, CUT_OFF, DASHES, END};
use crate::x509::{Certificate, Error, KeyMaterial, PrivateKey};

pub(crate) const CERTIFICATE: &str = "CERTIFICATE";
pub(crate) const PRIVATE_KEY: &str = "PRIVATE KEY";
pub(crate) const ENCRYPTED_PRIVATE_KEY: &str = "ENCRYPTED PRIVATE KEY";

/// OWASP's figure for PBKDF2-HMAC-SHA256 (Password Storage Cheat Sheet, 2023).
const PBKDF2_ITERATIONS: u32 = 600_000;

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
            [] => Err(Error::PassphraseEmpty),
            _ => Ok(Self(Zeroizing::new(line.to_vec()))),
        }
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(_) = self;
        f.write_str("Passphrase")
    }
}

/// Reads all certificates of a PEM file, in their order; text around them is allowed.
///
/// # Errors
/// If the file is not PEM, has no certificate, or one that does not parse.
pub fn certificates_from_pem(content: &[u8]) -> Result<Vec<Certificate>, Error> {
    let blocks = blocks(content)?;
    let found = blocks.iter().map(|block| block.label().to_owned()).collect();
    let wanted = |block: &Block<'_>| block.label() == CERTIFICATE;
    let certificates: Vec<_> = blocks
        .into_iter()
        .filter(wanted)
        .map(|block| Certificate::from_der(block.contents()))
        .collect::<Result<_, _>>()?;
    match certificates.is_empty() {
        true => Err(Error::PemMissing { wanted: "certificate", found }),
        false => Ok(certificates),
    }
}

/// Writes certificates one after the other, with LF at the line ends.
#[must_use]
pub fn certificates_to_pem<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    let encode = |certificate: &Certificate| {
        pem::encode_config(&pem::Pem::new(CERTIFICATE, certificate.as_der()), config)
    };
    certificates.into_iter().map(encode).collect()
}

/// Whether a PEM file holds a private key in encrypted PKCS#8.
#[must_use]
pub fn is_encrypted_key(content: &[u8]) -> bool {
    blocks(content).is_ok_and(|blocks| blocks.iter().any(|block| block.label() == ENCRYPTED_PRIVATE_KEY))
}

/// Reads a private key: PKCS#8, encrypted or not, PKCS#1 or SEC 1.
///
/// # Errors
/// If the file is not PEM, has no key, one that is damaged, too short or of an unknown kind, or
/// one that `passphrase` does not open.
pub fn key_from_pem(content: &[u8], passphrase: Option<&Passphrase>) -> Result<PrivateKey, Error> {
    let mut found = Vec::new();
    for block in blocks(content)? {
        if block.is_encrypted() {
            // RFC 1421 4.6.1.3: the cipher, a comma, and where it starts.
            let cipher = block.header("DEK-Info").and_then(|value| value.split(',').next());
            let is_legacy = cipher.is_some_and(|cipher| LEGACY.iter().any(|old| cipher.starts_with(old)));
            return Err(Error::KeyLegacyEncrypted { is_legacy });
        }
        let der = block.contents();
        match block.label() {
            PRIVATE_KEY => return PrivateKey::from_pkcs8(der),
            "RSA PRIVATE KEY" => return PrivateKey::from_pkcs1(der),
            "EC PRIVATE KEY" => return PrivateKey::from_sec1(der),
            ENCRYPTED_PRIVATE_KEY => return decrypt(der, passphrase.ok_or(Error::KeyEncrypted)?),
            label => found.push(label.to_owned()),
        }
    }
    Err(Error::PemMissing { wanted: "private key", found })
}

/// PKCS#8 PEM, `BEGIN PRIVATE KEY`: the one form that Milvus and the Java SDK both read.
///
/// # Errors
/// Only where the encoder fails.
pub fn key_to_pem(key: &PrivateKey) -> Result<SecretText, Error> {
    key.to_pkcs8()?.to_pem(PRIVATE_KEY, LineEnding::LF).map_err(Error::signing)
}

/// Encrypted PKCS#8 PEM: PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC (RFC 8018), which OpenSSL
/// reads from 1.1 on.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn encrypt_key_to_pem(key: &PrivateKey, passphrase: &Passphrase) -> Result<SecretText, Error> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    getrandom::fill(&mut salt)?;
    getrandom::fill(&mut iv)?;
    let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(PBKDF2_ITERATIONS, &salt, iv);
    let pkcs8 = key.to_pkcs8()?;
    let info = PrivateKeyInfoRef::try_from(pkcs8.as_bytes()).map_err(Error::signing)?;
    let encrypted = info
        .encrypt_with_params(parameters.map_err(Error::signing)?, passphrase.0.as_slice())
        .map_err(Error::signing)?;
    encrypted.to_pem(ENCRYPTED_PRIVATE_KEY, LineEnding::LF).map_err(Error::signing)
}

fn decrypt(der: &[u8], passphrase: &Passphrase) -> Result<PrivateKey, Error> {
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| scheme(der))?;
    let parameters = encrypted.encryption_algorithm.pbes2().ok_or_else(|| scheme(der))?;
    if !is_affordable(&parameters.kdf) {
        return Err(Error::KeyDerivationTooCostly);
    }
    let key = encrypted.decrypt(passphrase.0.as_slice()).map_err(|_| Error::PassphraseWrong)?;
    PrivateKey::from_pkcs8(key.as_bytes())
}

/// How a key is encrypted that is not read here: EncryptedPrivateKeyInfo (RFC 5958 3) with another scheme
/// than those of the library.
fn scheme(der: &[u8]) -> Error {
    #[derive(der::Sequence)]
    struct Encrypted<'a> {
        algorithm: AlgorithmIdentifierRef<'a>,
        data: AnyRef<'a>,
    }
    let Ok(Encrypted { algorithm, .. }) = Encrypted::from_der(der) else {
        return Error::key_malformed(der);
    };
    #[derive(der::Sequence)]
    struct Pbes2<'a> {
        derivation: AnyRef<'a>,
        cipher: AlgorithmIdentifierRef<'a>,
    }
    let cipher = |algorithm: &AlgorithmIdentifierRef<'_>| {
        let Pbes2 { cipher, .. } = algorithm.parameters?.decode_as().ok()?;
        Some(cipher.oid)
    };
    let oid = match algorithm.oid {
        pbes2::PBES2_OID => cipher(&algorithm).unwrap_or(algorithm.oid),
        other => other,
    };
    match SCHEMES.iter().find(|(known, ..)| *known == oid) {
        Some((_, name, is_legacy)) => {
            Error::KeyEncryptionUnsupported { scheme: (*name).to_owned(), is_legacy: *is_legacy }
        }
        None => Error::KeyEncryptionUnsupported { scheme: oid.to_string(), is_legacy: false },
    }
}

/// How the ciphers begin that PEM's own encryption names and OpenSSL 3 has in its legacy provider alone.
const LEGACY: [&str; 7] = ["DES-CBC", "RC2", "RC4", "IDEA", "BF", "CAST5", "SEED"];

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

/// Whether a PEM file has a private key, whatever else is in it.
#[must_use]
pub fn holds_private_key(content: &[u8]) -> bool {
    blocks(content).is_ok_and(|blocks| blocks.iter().any(|block| block.label().ends_with(PRIVATE_KEY)))
}

/// The PEM blocks of a file, or what it is instead.
pub(crate) fn blocks(content: &[u8]) -> Result<Vec<Block<'_>>, Error> {
    if content.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::Empty);
    }
    if let Some(error) = is_binary(content) {
        return Err(error);
    }
    if content.strip_prefix(BYTE_ORDER_MARK).is_some_and(|rest| rest.starts_with(BEGIN)) {
        return Err(Error::ByteOrderMark);
    }
    if content.starts_with(b"\xFF\xFE") || content.starts_with(b"\xFE\xFF") {
        return Err(Error::NotText);
    }
    check_lines(content)?;
    let blocks = Block::all(content).map_err(|reason| Error::PemMalformed { reason })?;
    let begun = content.windows(BEGIN.len()).filter(|window| *window == BEGIN).count();
    if blocks.len() < begun {
        return Err(Error::PemMalformed { reason: CUT_OFF.into() });
    }
    Ok(blocks)
}

/// What is wrong with DER that a parser did not understand.
pub(crate) fn damage(der: &[u8]) -> &'static str {
    match is_cut_off(der) {
        true => "its DER structure is cut off",
        false => "its DER structure is damaged, or that of something else",
    }
}

/// Whether a SEQUENCE is longer than what is there (X.690 8.1.3).
pub(crate) fn is_cut_off(der: &[u8]) -> bool {
    match der {
        [0x30, length @ 0..=0x7F, rest @ ..] => rest.len() < usize::from(*length),
        [0x30, count @ 0x81..=0x84, rest @ ..] => {
            let count = usize::from(*count - 0x80);
            let octets = rest.iter().take(count);
            let length = octets.fold(0_usize, |length, octet| length << 8 | usize::from(*octet));
            rest.len() < count || rest.len() - count < length
        }
        _ => matches!(der, [] | [0x30]),
    }
}

/// What a file is that is no text.
fn is_binary(content: &[u8]) -> Option<Error> {
    match content {
        [0xFE, 0xED, 0xFE, 0xED, ..] | [0xCE, 0xCE, 0xCE, 0xCE, ..] => Some(Error::JavaKeystore),
        _ if !is_der(content) => None,
        _ if is_pkcs12(content) => Some(Error::Pkcs12),
        _ if is_pkcs7(content) => Some(Error::Pkcs7 { form: "DER" }),
        _ => Some(Error::Der {
            is_certificate: Certificate::from_der(content).is_ok(),
            key: KeyMaterial::from_der(content).ok().map(|key| key.form()),
        }),
    }
}

/// A PFX (RFC 7292 4): a SEQUENCE that begins with the version, 3, and another SEQUENCE.
fn is_pkcs12(der: &[u8]) -> bool {
    content(der).starts_with(&[0x02, 0x01, 0x03, 0x30])
}

/// A ContentInfo of signed data (RFC 2315 7, 9), which carries certificates: `.p7b`, `.p7c`.
fn is_pkcs7(der: &[u8]) -> bool {
    const SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
    content(der).starts_with(SIGNED_DATA)
}

/// What is inside of a SEQUENCE.
fn content(der: &[u8]) -> &[u8] {
    match der {
        [0x30, 0..=0x80, content @ ..] => content,
        [0x30, count @ 0x81..=0x84, rest @ ..] => rest.get(usize::from(*count - 0x80)..).unwrap_or_default(),
        _ => &[],
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Milvus and OpenSSL find a PEM block only where its first and its last line begin a line and end one;
/// the parser here is more lenient.
fn check_lines(content: &[u8]) -> Result<(), Error> {
    for line in content.split(|byte| *byte == b'\n') {
        let find = |marker: &[u8]| line.windows(marker.len()).position(|window| window == marker);
        let Some((start, marker)) = [BEGIN, END].into_iter().find_map(|marker| Some((find(marker)?, marker)))
        else {
            continue;
        };
        let header = line[start + marker.len()..].trim_ascii_end();
        let label = header.windows(DASHES.len()).position(|window| window == DASHES);
        if label != header.len().checked_sub(DASHES.len()) {
            return Err(Error::PemFolded);
        }
        if start > 0 {
            return Err(Error::PemIndented);
        }
    }
    Ok(())
}

/// A certificate or key in DER is a SEQUENCE whose length is that of the file, in one octet after
/// the tag or in up to four more (X.690 8.1.3). Text that begins with `0` is not.
fn is_der(content: &[u8]) -> bool {
    match content {
        [0x30, length @ 0..=0x7F, rest @ ..] => rest.len() == usize::from(*length),
        [0x30, 0x81..=0x84, ..] => true,
        // BER of indefinite length, as old programs write PKCS#7 and PKCS#12.
        [0x30, 0x80, 0x02 | 0x06, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::KeyType;

    fn passphrase(line: &str) -> Passphrase {
        Passphrase::from_first_line(&Zeroizing::new(line.as_bytes().to_vec())).unwrap()
    }

    #[test]
    fn a_key_survives_encryption_and_only_its_passphrase_opens_it() {
        let key = PrivateKey::generate(KeyType::P256).unwrap();
        let pem = encrypt_key_to_pem(&key, &passphrase("secret\nsecond line")).unwrap();
        assert!(is_encrypted_key(pem.as_bytes()));
        let read = key_from_pem(pem.as_bytes(), Some(&passphrase("secret"))).unwrap();
        assert_eq!(read.public_key().unwrap(), key.public_key().unwrap());
        assert!(matches!(key_from_pem(pem.as_bytes(), None), Err(Error::KeyEncrypted)));
        assert!(matches!(
            key_from_pem(pem.as_bytes(), Some(&passphrase("wrong"))),
            Err(Error::PassphraseWrong | Error::KeyMalformed { .. })
        ));
    }

    #[test]
    fn every_key_type_reads_back_as_itself() {
        for key_type in KeyType::ALL {
            let key = PrivateKey::generate(key_type).unwrap();
            let pem = key_to_pem(&key).unwrap();
            assert!(
                pem.starts_with("-----BEGIN PRIVATE KEY-----\n")
                    && pem.ends_with("-----END PRIVATE KEY-----\n")
            );
            let read = key_from_pem(pem.as_bytes(), None).unwrap();
            assert_eq!(read.public_key().unwrap().key_type(), Some(key_type));
            assert_eq!(read.public_key().unwrap(), key.public_key().unwrap());
        }
    }

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        assert_eq!(format!("{:?}", passphrase("secret")), "Passphrase");
        let key = PrivateKey::generate(KeyType::P256).unwrap();
        assert_eq!(format!("{key:?}"), "PrivateKey(P-256)");
    }

    #[test]
    fn der_that_ends_too_early_is_told_from_der_that_is_wrong() {
        for cut in [&[][..], b"\x30", b"\x30\x03\x02\x01", b"\x30\x82\x03", b"\x30\x82\x03\x00\x02"] {
            assert!(is_cut_off(cut), "{cut:?}");
        }
        for whole in [&b"\x30\x03\x02\x01\x00"[..], b"\x30\x81\x01\x00", b"ab", b"\x30\x80\x00\x00"] {
            assert!(!is_cut_off(whole), "{whole:?}");
        }
    }

    #[test]
    fn files_that_are_not_pem_are_told_apart() {
        let read = |content: &[u8]| certificates_from_pem(content).unwrap_err();
        assert!(matches!(read(b""), Error::Empty));
        assert!(matches!(read(b" \n"), Error::Empty));
        assert!(matches!(read(b"\x30\x82\x03\x00"), Error::Der { .. }));
        assert!(matches!(read(b"\x30\x03\x02\x01\x00"), Error::Der { .. }));
        assert!(matches!(read(b"0A\n"), Error::PemMissing { .. }));
        assert!(matches!(read(b"\xEF\xBB\xBF-----BEGIN CERTIFICATE-----\n"), Error::ByteOrderMark));
        assert!(matches!(read(b"garbage"), Error::PemMissing { .. }));
        assert!(matches!(read(b"-----BEGIN CERTIFICATE-----\nMIIB"), Error::PemMalformed { .. }));
        assert!(matches!(
            read(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
            Error::CertificateMalformed { .. }
        ));
        assert!(matches!(
            read(b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"),
            Error::PemMalformed { .. }
        ));
    }
}
