//! What files hold: certificates, requests and keys in PEM, or in DER.

use pkcs8::der::pem::LineEnding;
use zeroize::Zeroizing;

use crate::base::text::printable;
use crate::x509::certificate::Certificate;
use crate::x509::encryption::{Passphrase, decrypt, encrypt, legacy};
use crate::x509::error::{Error, Problem};
use crate::x509::key_file::{KeyForm, KeyMaterial};
use crate::x509::pem_block::{BEGIN, Block, DASHES, END, damaged};
use crate::x509::private_key::PrivateKey;
use crate::x509::request::CertificateRequest;

const CERTIFICATE: &str = "CERTIFICATE";
const PRIVATE_KEY: &str = "PRIVATE KEY";
const ENCRYPTED_PRIVATE_KEY: &str = "ENCRYPTED PRIVATE KEY";

/// What a file holds that can be read.
enum Content<'f> {
    Pem(Vec<Block<'f>>),
    Der(&'f [u8]),
}

/// What a PEM block says that it holds.
enum Kind {
    Certificate,
    Request,
    Key(KeyForm),
    Other,
}

impl Kind {
    fn of(block: &Block<'_>) -> Self {
        match block.label {
            CERTIFICATE => Self::Certificate,
            // Java's keytool writes the second.
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Self::Request,
            _ if block.is_encrypted() => Self::Key(KeyForm::EncryptedPem),
            PRIVATE_KEY => Self::Key(KeyForm::Pkcs8),
            "RSA PRIVATE KEY" => Self::Key(KeyForm::Pkcs1),
            "EC PRIVATE KEY" => Self::Key(KeyForm::Sec1),
            ENCRYPTED_PRIVATE_KEY => Self::Key(KeyForm::EncryptedPkcs8),
            _ => Self::Other,
        }
    }
}

/// Something that a file holds.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Certificate(Box<Certificate>),
    /// Without its secret.
    PrivateKey(KeyMaterial),
    Request(Box<CertificateRequest>),
    /// A PEM block of another kind, by its label.
    Other(String),
    /// A PEM block that does not hold what its label says.
    Damaged {
        label: String,
        error: String,
    },
}

/// Reads everything in a file: PEM, whatever stands between its blocks, or DER.
pub(crate) fn items(file: &[u8]) -> Result<Vec<Item>, Error> {
    match content(file)? {
        Content::Der(der) => Ok(vec![item_of_der(der)?]),
        Content::Pem(blocks) if blocks.is_empty() => Err(missing("certificate or key", &blocks)),
        Content::Pem(blocks) => Ok(blocks.iter().map(item).collect()),
    }
}

fn item(block: &Block<'_>) -> Item {
    let label = || printable(block.label).into_owned();
    let der = &block.contents;
    let read = match Kind::of(block) {
        Kind::Certificate => Certificate::from_der(der).map(|read| Item::Certificate(Box::new(read))),
        Kind::Request => CertificateRequest::from_der(der).map(|read| Item::Request(Box::new(read))),
        Kind::Key(form) => KeyMaterial::read(form, der).map(Item::PrivateKey),
        Kind::Other => Ok(Item::Other(label())),
    };
    read.unwrap_or_else(|error| Item::Damaged { label: label(), error: error.to_string() })
}

fn item_of_der(der: &[u8]) -> Result<Item, Error> {
    Certificate::from_der(der).map(|read| Item::Certificate(Box::new(read))).or_else(|error| {
        let request = CertificateRequest::from_der(der).map(|read| Item::Request(Box::new(read)));
        request.or_else(|_| KeyMaterial::from_der(der).map(Item::PrivateKey)).map_err(|_| error)
    })
}

/// Reads all certificates of a PEM file, in their order; text around them is allowed.
pub(crate) fn certificates_from_pem(file: &[u8]) -> Result<Vec<Certificate>, Error> {
    let blocks = blocks(file)?;
    let certificates = blocks.iter().filter(|block| matches!(Kind::of(block), Kind::Certificate));
    let certificates: Vec<_> =
        certificates.map(|block| Certificate::from_der(&block.contents)).collect::<Result<_, _>>()?;
    match certificates.is_empty() {
        true => Err(missing("certificate", &blocks)),
        false => Ok(certificates),
    }
}

/// Reads the one request of a file: PEM, whatever else is in it, or DER.
pub(crate) fn request_from(file: &[u8]) -> Result<CertificateRequest, Error> {
    let blocks = match content(file)? {
        Content::Der(der) => return CertificateRequest::from_der(der),
        Content::Pem(blocks) => blocks,
    };
    let requests: Vec<_> = blocks.iter().filter(|block| matches!(Kind::of(block), Kind::Request)).collect();
    match requests[..] {
        [request] => CertificateRequest::from_der(&request.contents),
        [] => Err(missing("certificate signing request", &blocks)),
        _ => Err(Error::new(format!(
            "holds {} certificate signing requests, and each is answered by itself",
            requests.len()
        ))
        .with_hint("put each into a file of its own")),
    }
}

/// Reads a private key: PKCS#8, encrypted or not, PKCS#1 or SEC 1.
pub(crate) fn key_from_pem(file: &[u8], passphrase: Option<&Passphrase>) -> Result<PrivateKey, Error> {
    let (form, block) = first_key(file)?;
    let der = &block.contents;
    match form {
        KeyForm::Pkcs8 => PrivateKey::from_pkcs8(der),
        KeyForm::Pkcs1 => PrivateKey::from_pkcs1(der),
        KeyForm::Sec1 => PrivateKey::from_sec1(der),
        KeyForm::EncryptedPkcs8 => decrypt(der, passphrase),
        // RFC 1421 4.6.1.3: the cipher, a comma, and where it starts.
        KeyForm::EncryptedPem => {
            Err(legacy(block.header("DEK-Info").and_then(|value| value.split(',').next())))
        }
    }
}

impl KeyMaterial {
    /// Reads the first private key of a PEM file: the one that Milvus takes.
    pub(crate) fn from_pem(file: &[u8]) -> Result<Self, Error> {
        let (form, block) = first_key(file)?;
        Self::read(form, &block.contents)
    }
}

fn first_key(file: &[u8]) -> Result<(KeyForm, Block<'_>), Error> {
    let mut others = Vec::new();
    for block in blocks(file)? {
        match Kind::of(&block) {
            Kind::Key(form) => return Ok((form, block)),
            _ => others.push(block),
        }
    }
    Err(missing("private key", &others))
}

/// Whether a PEM file holds a private key in encrypted PKCS#8.
pub(crate) fn is_encrypted_key(file: &[u8]) -> bool {
    blocks(file).is_ok_and(|blocks| blocks.iter().any(|block| block.label == ENCRYPTED_PRIVATE_KEY))
}

/// Whether a PEM file has a private key, whatever else is in it.
pub(crate) fn holds_private_key(file: &[u8]) -> bool {
    blocks(file).is_ok_and(|blocks| blocks.iter().any(|block| block.label.ends_with(PRIVATE_KEY)))
}

/// Writes certificates one after the other, with LF at the line ends.
pub(crate) fn certificates_to_pem<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    let encode = |certificate: &Certificate| {
        pem::encode_config(&pem::Pem::new(CERTIFICATE, certificate.as_der()), config)
    };
    certificates.into_iter().map(encode).collect()
}

/// The PEM text of a private key, wiped when dropped.
pub(crate) type SecretText = Zeroizing<String>;

/// PKCS#8 PEM, `BEGIN PRIVATE KEY`: the one form that Milvus and the Java SDK both read.
pub(crate) fn key_to_pem(key: &PrivateKey) -> Result<SecretText, Error> {
    key.to_pkcs8()?.to_pem(PRIVATE_KEY, LineEnding::LF).map_err(Error::signing)
}

/// Encrypted PKCS#8 PEM.
pub(crate) fn encrypt_key_to_pem(key: &PrivateKey, passphrase: &Passphrase) -> Result<SecretText, Error> {
    encrypt(key, passphrase)?.to_pem(ENCRYPTED_PRIVATE_KEY, LineEnding::LF).map_err(Error::signing)
}

/// The PEM blocks of a file, where it is PEM.
fn blocks(file: &[u8]) -> Result<Vec<Block<'_>>, Error> {
    match content(file)? {
        Content::Pem(blocks) => Ok(blocks),
        Content::Der(der) => Err(not_pem_but_der(der)),
    }
}

/// What a file holds, or why that is not read.
fn content(file: &[u8]) -> Result<Content<'_>, Error> {
    match file {
        _ if file.iter().all(u8::is_ascii_whitespace) => {
            Err(Error::new("is empty").of(Problem::Empty).with_hint("restore the file from a backup"))
        }
        [0xFE, 0xED, 0xFE, 0xED, ..] | [0xCE, 0xCE, 0xCE, 0xCE, ..] => Err(java_keystore()),
        _ if is_der(file) && inside(file).starts_with(PKCS12) => Err(pkcs12()),
        _ if is_der(file) && inside(file).starts_with(PKCS7) => Err(pkcs7()),
        _ if is_der(file) => Ok(Content::Der(file)),
        _ if file.strip_prefix(BYTE_ORDER_MARK).is_some_and(|rest| rest.starts_with(BEGIN)) => {
            Err(Error::new("begins with a byte order mark, which hides the PEM header from Milvus")
                .of(Problem::ByteOrderMark)
                .with_hint_on_file(|file| format!("remove it with `sed -i '1s/^\\xEF\\xBB\\xBF//' {file}`")))
        }
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Err(Error::new("is UTF-16 text, and PEM is ASCII")
            .of(Problem::Utf16)
            .with_hint("save it as ASCII or UTF-8 without a byte order mark")),
        _ => {
            check_lines(file)?;
            let blocks = Block::all(file)?;
            match file.windows(BEGIN.len()).filter(|window| *window == BEGIN).count() > blocks.len() {
                true => Err(damaged("a BEGIN line has no END line, the file is cut off")),
                false => Ok(Content::Pem(blocks)),
            }
        }
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A file without a PEM block of the kind that is wanted.
fn missing(wanted: &str, blocks: &[Block<'_>]) -> Error {
    let labels: Vec<_> = blocks.iter().map(|block| printable(block.label)).collect();
    let but = if labels.is_empty() { String::new() } else { format!(", but {}", labels.join(", ")) };
    let error = Error::new(format!("has no {wanted}{but}"));
    match blocks.iter().find_map(|block| conversion(block.label)) {
        Some(conversion) => {
            error.with_hint_on_file(move |file| format!("`{}` converts it", conversion(file)))
        }
        None => error.with_hint("check that the right file was named"),
    }
}

/// The command that makes of a PEM block with this label one that is read here.
fn conversion(label: &str) -> Option<fn(&str) -> String> {
    Some(match label {
        "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => {
            |file| format!("openssl pkcs7 -print_certs -in {file} -out FILE.pem")
        }
        "TRUSTED CERTIFICATE" | "X509 CERTIFICATE" => |file| format!("openssl x509 -in {file} -out FILE.pem"),
        // ssh-keygen writes into the file that it reads.
        "OPENSSH PRIVATE KEY" => {
            |file| format!("install -m 600 {file} FILE.key && ssh-keygen -p -m PKCS8 -f FILE.key")
        }
        _ => return None,
    })
}

fn not_pem_but_der(der: &[u8]) -> Error {
    let conversion = match KeyMaterial::from_der(der).map(|key| key.form) {
        Ok(KeyForm::EncryptedPkcs8) => Some(("pkcs8 -topk8 -v2 aes-256-cbc", "FILE.key")),
        Ok(_) => Some(("pkey", "FILE.key")),
        Err(_) => Certificate::from_der(der).is_ok().then_some(("x509", "FILE.pem")),
    };
    Error::new("is DER, not PEM").of(Problem::NotPem).with_hint_on_file(move |file| match conversion {
        Some((command, made)) => {
            format!("convert it with `openssl {command} -inform DER -in {file} -out {made}`")
        }
        None => format!("`milvus-certs inspect {file}` says what it is"),
    })
}

fn pkcs12() -> Error {
    not_pem("is PKCS#12, which keeps certificates and keys behind a passphrase", |file| {
        format!(
            "`openssl pkcs12 -nodes -in {file} | milvus-certs inspect -` shows what is in it; `openssl pkcs12 -nokeys -in {file} -out FILE.pem` takes the certificates out, -nocerts the key; OpenSSL 3 reads old ones with -legacy"
        )
    })
}

fn pkcs7() -> Error {
    not_pem("is PKCS#7, a list of certificates in another form", |file| {
        format!("`openssl pkcs7 -inform DER -print_certs -in {file} -out FILE.pem` converts it")
    })
}

fn java_keystore() -> Error {
    not_pem("is a Java keystore, which keeps certificates and keys behind a passphrase", |file| {
        format!(
            "`keytool -importkeystore -srckeystore {file} -destkeystore FILE.p12 -deststoretype PKCS12` converts it, then `openssl pkcs12 -in FILE.p12` shows what is in it"
        )
    })
}

fn not_pem(message: &str, hint: fn(&str) -> String) -> Error {
    Error::new(message).of(Problem::NotPem).with_hint_on_file(hint)
}

/// How a PFX begins inside (RFC 7292 4): with the version, 3, and a SEQUENCE.
const PKCS12: &[u8] = &[0x02, 0x01, 0x03, 0x30];

/// How a ContentInfo of signed data begins inside (RFC 2315 7, 9), which carries certificates: `.p7b`, `.p7c`.
const PKCS7: &[u8] = &[0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];

/// What is inside of a SEQUENCE.
fn inside(der: &[u8]) -> &[u8] {
    match der {
        [0x30, 0..=0x80, content @ ..] => content,
        [0x30, count @ 0x81..=0x84, rest @ ..] => rest.get(usize::from(*count - 0x80)..).unwrap_or_default(),
        _ => &[],
    }
}

/// A certificate or key in DER is a SEQUENCE whose length is that of the file, in one octet after
/// the tag or in up to four more (X.690 8.1.3). Text that begins with `0` is not.
fn is_der(file: &[u8]) -> bool {
    match file {
        [0x30, length @ 0..=0x7F, rest @ ..] => rest.len() == usize::from(*length),
        [0x30, 0x81..=0x84, ..] => true,
        // BER of indefinite length, as old programs write PKCS#7 and PKCS#12.
        [0x30, 0x80, 0x02 | 0x06, ..] => true,
        _ => false,
    }
}

/// Milvus and OpenSSL find a PEM block only where its first and its last line begin a line and end one;
/// the parser here is more lenient.
fn check_lines(file: &[u8]) -> Result<(), Error> {
    let folded = |message: &str| {
        let hint = "copy the file again as it was made; in YAML under `|`, which keeps lines";
        Err(Error::new(message).of(Problem::FoldedPem).with_hint(hint))
    };
    for line in file.split(|byte| *byte == b'\n') {
        let find = |marker: &[u8]| line.windows(marker.len()).position(|window| window == marker);
        let Some((start, marker)) = [BEGIN, END].into_iter().find_map(|marker| Some((find(marker)?, marker)))
        else {
            continue;
        };
        let header = line[start + marker.len()..].trim_ascii_end();
        let label = header.windows(DASHES.len()).position(|window| window == DASHES);
        if label != header.len().checked_sub(DASHES.len()) {
            return folded("has lost its line breaks: a PEM header shares its line with what follows it");
        }
        if start > 0 {
            return folded("is indented: a PEM header must begin its line");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::algorithm::KeyType;

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
        assert_eq!(key_from_pem(pem.as_bytes(), None).unwrap_err().problem(), Problem::KeyEncrypted);
        let error = key_from_pem(pem.as_bytes(), Some(&passphrase("wrong"))).unwrap_err();
        let is_refused = error.to_string().starts_with("cannot be decrypted: the passphrase is wrong");
        assert!(is_refused || error.problem() == Problem::KeyMalformed, "{error}");
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
            assert_eq!(read.public_key().unwrap().algorithm().key_type(), Some(key_type));
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
    fn files_that_are_not_pem_are_told_apart() {
        for (file, problem, message) in [
            (&b""[..], Problem::Empty, "is empty"),
            (b" \n", Problem::Empty, "is empty"),
            (b"\x30\x82\x03\x00", Problem::NotPem, "is DER, not PEM"),
            (b"\x30\x03\x02\x01\x00", Problem::NotPem, "is DER, not PEM"),
            (b"0A\n", Problem::Other, "has no certificate"),
            (
                b"\xEF\xBB\xBF-----BEGIN CERTIFICATE-----\n",
                Problem::ByteOrderMark,
                "begins with a byte order mark",
            ),
            (b"garbage", Problem::Other, "has no certificate"),
            (b"-----BEGIN CERTIFICATE-----\nMIIB", Problem::Other, "is not valid PEM"),
            (
                b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
                Problem::Other,
                "is not an X.509 certificate",
            ),
            (
                b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
                Problem::Other,
                "is not valid PEM",
            ),
        ] {
            let error = certificates_from_pem(file).unwrap_err();
            assert_eq!(error.problem(), problem, "{error}");
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }
}
