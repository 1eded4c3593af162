use std::path::PathBuf;

use time::OffsetDateTime;

use crate::base::error as base;

use crate::base::text::shell_quoted;
use crate::x509::certificate::MAX_LENGTH;
use crate::x509::{
    AttributeType, EndEntityKind, GeneralName, KeyAlgorithm, KeyDefect, KeyForm, KeyType, SignatureAlgorithm,
    Subject, moment,
};

/// What is wrong with a name, a number, a key or a certificate.
///
/// `Display` says what happened, with the evidence; [`Error::hint`] says what to do next.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A subject without CommonName: Milvus clients are told the server's name by it.
    #[error("the CommonName is empty")]
    CommonNameEmpty,
    /// X.520 bounds the length of most attributes.
    #[error("{attribute} has {length} characters, X.520 allows {limit}: {value:?}")]
    AttributeTooLong {
        /// Which attribute.
        attribute: AttributeType,
        /// What was given.
        value: String,
        /// Its length in characters.
        length: usize,
        /// The most that X.520 allows.
        limit: usize,
    },
    /// A tab, newline or other control character in a subject.
    #[error("{attribute} has a control character: {value:?}")]
    AttributeControlCharacter {
        /// Which attribute.
        attribute: AttributeType,
        /// What was given.
        value: String,
    },
    /// countryName is an ISO 3166 code of two letters (X.520 6.3.1).
    #[error("Country is not two letters: {value:?}")]
    CountryNotTwoLetters {
        /// What was given.
        value: String,
    },
    /// A name that is part of a certificate cannot be edited because it is not DER.
    #[error("the subject of the certificate cannot be edited: it is not DER")]
    SubjectNotDer,
    /// A subject that is known only as it is displayed, and has more than that tells.
    #[error("the subject {shown:?} cannot be taken over from the inventory")]
    SubjectUnclear {
        /// How it is displayed.
        shown: String,
    },
    /// Neither a DNS name nor an IP address.
    #[error("{value:?} is neither a DNS name nor an IP address: {reason}")]
    NameInvalid {
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Days outside of what a certificate can say.
    #[error("{days:?} is not a number of days from 1 to {max}", max = super::Days::MAX)]
    DaysInvalid {
        /// What was given.
        days: String,
    },
    /// An end past the year 9999, the last that X.509 can write (RFC 5280 4.1.2.5).
    #[error("{days} days from now is past the year 9999, the last that a certificate can name")]
    DaysPastYear9999 {
        /// What was given.
        days: u32,
    },
    /// A `ca.srl` that OpenSSL would not read either.
    #[error("{reason}: {content:?}")]
    SerialMalformed {
        /// The first line, cut to a readable length.
        content: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// RFC 5280 4.1.2.2: at most 20 octets.
    #[error("the next serial number would be longer than the 20 octets of RFC 5280")]
    SerialExhausted,
    /// An empty file.
    #[error("is empty")]
    Empty,
    /// DER where PEM is needed.
    #[error("is DER, not PEM")]
    Der {
        /// Whether it is one certificate.
        is_certificate: bool,
        /// The form of the private key, if it is one.
        key: Option<KeyForm>,
    },
    /// PKCS#12, whose content is encrypted.
    #[error("is PKCS#12, which keeps certificates and keys behind a passphrase")]
    Pkcs12,
    /// PKCS#7, a list of certificates.
    #[error("is PKCS#7, a list of certificates in another form")]
    Pkcs7 {
        /// `DER` or `PEM`.
        form: &'static str,
    },
    /// The old keystore of Java, JKS or JCEKS.
    #[error("is a Java keystore, which keeps certificates and keys behind a passphrase")]
    JavaKeystore,
    /// Text in another encoding than ASCII, where PEM is needed.
    #[error("is UTF-16 text, and PEM is ASCII")]
    NotText,
    /// A byte order mark before the first line.
    #[error("begins with a byte order mark, which hides the PEM header from Milvus")]
    ByteOrderMark,
    /// The line breaks inside of a PEM block are gone.
    #[error("has lost its line breaks: a PEM header shares its line with what follows it")]
    PemFolded,
    /// The lines of a PEM block do not begin at the margin.
    #[error("is indented: a PEM header must begin its line")]
    PemIndented,
    /// PEM that does not decode.
    #[error("is not valid PEM: {reason}")]
    PemMalformed {
        /// What the decoder said.
        reason: String,
    },
    /// No block of the kind that is needed.
    #[error("has no {wanted}{}", found_instead(found))]
    PemMissing {
        /// `certificate` or `private key`.
        wanted: &'static str,
        /// The labels that are there.
        found: Vec<String>,
    },
    /// Not an X.509 certificate.
    #[error("is not an X.509 certificate: {reason}")]
    CertificateMalformed {
        /// What the parser said.
        reason: String,
    },
    /// A certificate, or a chain of them, that peers do not take: OpenSSL's SSL_MAX_CERT_LIST_DEFAULT.
    #[error(
        "is a certificate of {length} octets with its chain, and OpenSSL takes at most {MAX_LENGTH} from a peer"
    )]
    CertificateTooLong {
        /// How long it is.
        length: usize,
    },
    /// Not a certificate signing request.
    #[error("is not a certificate signing request: {reason}")]
    RequestMalformed {
        /// What the parser said.
        reason: String,
    },
    /// A file of one request that holds several.
    #[error("holds {count} certificate signing requests, and each is answered by itself")]
    SeveralRequests {
        /// How many.
        count: usize,
    },
    /// A request whose sender does not prove to have the key.
    #[error("is not signed with its own key, or was changed after it was signed")]
    RequestSignatureWrong,
    /// A request that is signed in a way that proves nothing, or is not known.
    #[error("is signed with {algorithm}, {}", if algorithm.is_weak() { "which can be forged" } else { "in a form that is not verified here" })]
    RequestSignatureUnsupported {
        /// How it is signed.
        algorithm: SignatureAlgorithm,
    },
    /// A request for a key that no certificate should be made for.
    #[error("asks for a certificate of {0}")]
    RequestKeyRefused(KeyDefect),
    /// A key that no new certificate should be made for.
    #[error("is {0}")]
    KeyRefused(KeyDefect),
    /// A certificate that may not issue others.
    #[error("is not a certificate authority ({subject}): basicConstraints does not say CA:TRUE")]
    NotAnAuthority {
        /// Whose certificate it is.
        subject: Subject,
    },
    /// keyUsage without keyCertSign.
    #[error("may not sign certificates ({subject}): keyUsage has no keyCertSign")]
    NoKeyCertSign {
        /// Whose certificate it is.
        subject: Subject,
    },
    /// An authority whose certificates OpenSSL and Go would refuse.
    #[error("cannot issue certificates for Milvus ({subject}): {reason}")]
    AuthorityUnusable {
        /// Whose certificate it is.
        subject: Subject,
        /// Why not.
        reason: String,
    },
    /// An authority that cannot be signed anew.
    #[error("cannot be signed anew ({subject}): {reason}")]
    NotReissuable {
        /// Whose certificate it is.
        subject: Subject,
        /// Why not.
        reason: String,
    },
    /// An authority past its end.
    #[error("the certificate authority ended on {}", moment(*not_after))]
    AuthorityExpired {
        /// When it ended.
        not_after: OffsetDateTime,
    },
    /// An authority before its beginning.
    #[error("the certificate authority is valid only from {}, and the clock of this machine says {}", moment(*not_before), moment(*now))]
    AuthorityNotYetValid {
        /// When it begins.
        not_before: OffsetDateTime,
        /// What the clock says.
        now: OffsetDateTime,
    },
    /// An intermediate authority whose root is not known.
    #[error("the certificate of {subject} was issued by {issuer}, whose certificate is not there")]
    IssuerMissing {
        /// The certificate that cannot be verified.
        subject: Subject,
        /// Who issued it.
        issuer: Subject,
    },
    /// Certificates that have nothing to do with the authority.
    #[error("holds a certificate that is not part of the authority's chain: {subject}")]
    UnrelatedCertificate {
        /// Whose certificate it is.
        subject: Subject,
    },
    /// The key of somebody else.
    #[error("the private key does not belong to the certificate of {subject}")]
    KeyMismatch {
        /// Whose certificate it is.
        subject: Subject,
    },
    /// A private key that is too short to be trusted.
    #[error("is an RSA key of {bits} bits, at least 2048 are needed")]
    KeyTooShort {
        /// Its size.
        bits: usize,
    },
    /// A key of a kind that Milvus' clients or this program cannot use.
    #[error("is a key that cannot be used here: {reason}")]
    KeyUnsupported {
        /// Which one it is.
        reason: String,
    },
    /// A key that spells its elliptic curve out instead of naming it (RFC 5480 2.1.1 forbids that).
    #[error("is a key that cannot be used here: {}", KeyAlgorithm::EXPLICIT_CURVE)]
    KeyWithExplicitCurve,
    /// Not a private key.
    #[error("is not a valid private key: {reason}")]
    KeyMalformed {
        /// What the parser said.
        reason: String,
    },
    /// PKCS#8 with encryption, and no passphrase.
    #[error("is encrypted, and no passphrase was given")]
    KeyEncrypted,
    /// The passphrase does not open the key.
    #[error("cannot be decrypted: the passphrase is wrong, or the file is damaged")]
    PassphraseWrong,
    /// An encryption scheme that is not read (PBES1, RC2, …).
    #[error("is encrypted with {scheme}, which is not supported here")]
    KeyEncryptionUnsupported {
        /// Which.
        scheme: String,
        /// Whether OpenSSL 3 reads it with its legacy provider alone.
        is_legacy: bool,
    },
    /// PBKDF2 or scrypt with numbers that would take hours, or all memory.
    #[error("is encrypted so that opening it would take too long or too much memory")]
    KeyDerivationTooCostly,
    /// `Proc-Type: 4,ENCRYPTED`, the encryption of OpenSSL before PKCS#8.
    #[error("is encrypted in the legacy format (Proc-Type: 4,ENCRYPTED)")]
    KeyLegacyEncrypted {
        /// Whether OpenSSL 3 reads it with its legacy provider alone.
        is_legacy: bool,
    },
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty")]
    PassphraseEmpty,
    /// A certificate that its peers will not accept.
    #[error("does not verify as a {kind} certificate: {reason}")]
    DoesNotVerify {
        /// What it is to be used for.
        kind: EndEntityKind,
        /// What the verifier said.
        reason: String,
    },
    /// A certificate that lacks a name it should have.
    #[error("does not cover {name}")]
    NameNotCovered {
        /// The name.
        name: GeneralName,
    },
    /// Signing or encoding failed inside a dependency.
    #[error("cannot make the certificate: {reason}")]
    Signing {
        /// What the library said.
        reason: String,
    },
    /// The operating system has no random numbers.
    #[error("the operating system gave no random numbers: {reason}")]
    NoRandomness {
        /// What it said.
        reason: String,
    },
}

impl Error {
    /// The next step, with `file` as the file that the error is about.
    #[must_use]
    pub fn hint(&self, file: &str) -> Option<String> {
        let quoted = shell_quoted(file);
        let hint = match self {
            Self::CommonNameEmpty => {
                "give --common-name the name that clients connect to, such as localhost".into()
            }
            Self::AttributeTooLong { attribute: AttributeType::CommonName, .. } => {
                "choose a short --common-name and give the long name with --san".into()
            }
            Self::AttributeTooLong { .. } | Self::AttributeControlCharacter { .. } => {
                "shorten it, or leave the attribute out with an empty value".into()
            }
            Self::CountryNotTwoLetters { .. } => "give an ISO 3166 code such as US, DE or CN".into(),
            Self::SubjectNotDer => {
                "give --common-name and the other subject options to start from a new subject".into()
            }
            Self::SubjectUnclear { .. } => {
                "restore the certificate from a backup, or give --common-name and the other subject options"
                    .into()
            }
            Self::NameInvalid { .. } => {
                "give a name such as milvus.example.com, *.example.com, 10.0.0.5 or ::1".into()
            }
            Self::DaysInvalid { .. } | Self::DaysPastYear9999 { .. } => {
                "give a number of days, such as 365 or 3650".into()
            }
            Self::SerialMalformed { .. } => format!(
                "it must hold the last serial number in hex, as OpenSSL writes it; `rm {quoted}` starts from a new random one"
            ),
            Self::SerialExhausted => format!("`rm {quoted}` starts from a new random serial number"),
            Self::Empty | Self::PemMalformed { .. } | Self::CertificateMalformed { .. } => {
                "restore the file from a backup".into()
            }
            Self::CertificateTooLong { .. } => {
                "give it fewer names; *.example.com stands for all names with one label in its place".into()
            }
            Self::RequestMalformed { .. } | Self::RequestSignatureWrong => {
                "make the request again, as in `openssl req -new -key my.key -out my.csr`".into()
            }
            Self::RequestSignatureUnsupported { .. } => {
                "sign the request with SHA-256, as in `openssl req -new -sha256 -key my.key -out my.csr`"
                    .into()
            }
            Self::RequestKeyRefused(defect) => defect.hint().into(),
            Self::KeyRefused(_) => "make a new key: leave --reuse-key out".into(),
            Self::SeveralRequests { .. } => "put each into a file of its own".into(),
            Self::PemFolded | Self::PemIndented => {
                "copy the file again as it was made; in YAML under `|`, which keeps lines".into()
            }
            Self::Pkcs12 => format!(
                "`openssl pkcs12 -nodes -in {quoted} | milvus-certs inspect -` shows what is in it; `openssl pkcs12 -nokeys -in {quoted} -out FILE.pem` takes the certificates out, -nocerts the key; OpenSSL 3 reads old ones with -legacy"
            ),
            Self::Pkcs7 { form } => {
                format!("`openssl pkcs7 -inform {form} -print_certs -in {quoted} -out FILE.pem` converts it")
            }
            Self::JavaKeystore => format!(
                "`keytool -importkeystore -srckeystore {quoted} -destkeystore FILE.p12 -deststoretype PKCS12` converts it, then `openssl pkcs12 -in FILE.p12` shows what is in it"
            ),
            Self::NotText => "save it as ASCII or UTF-8 without a byte order mark".into(),
            Self::Der { is_certificate, key } => {
                let (command, file) = match key {
                    Some(KeyForm::EncryptedPkcs8) => ("pkcs8 -topk8 -v2 aes-256-cbc", "FILE.key"),
                    Some(_) => ("pkey", "FILE.key"),
                    None if *is_certificate => ("x509", "FILE.pem"),
                    None => return Some(format!("`milvus-certs inspect {quoted}` says what it is")),
                };
                format!("convert it with `openssl {command} -inform DER -in {quoted} -out {file}`")
            }
            Self::ByteOrderMark => format!("remove it with `sed -i '1s/^\\xEF\\xBB\\xBF//' {quoted}`"),
            Self::PemMissing { found, .. } => match found.iter().find_map(|label| conversion(label, &quoted)) {
                Some(command) => format!("`{command}` converts it"),
                None => "check that the right file was named".into(),
            },
            Self::NotAnAuthority { .. } | Self::NoKeyCertSign { .. } => {
                "use a certificate that was made for a CA, with its key".into()
            }
            Self::AuthorityUnusable { .. } => {
                "ask whoever made it for another, or make a CA of your own: `milvus-certs gen -d NEW`".into()
            }
            Self::NotReissuable { .. } => {
                format!("`{}` without --same-key makes a CA with a key of its own", beside("rotate-ca begin", file))
            }
            Self::AuthorityExpired { .. } => {
                format!("`{}` makes a new CA and keeps the old files in a backup", beside("gen --force", file))
            }
            Self::AuthorityNotYetValid { .. } => {
                "`date -u` shows that clock: set it, if it is wrong; otherwise run this again when the authority has begun".into()
            }
            Self::IssuerMissing { .. } => {
                "append the certificates of the issuers, up to the root, to the file given with --ca-cert"
                    .into()
            }
            Self::UnrelatedCertificate { .. } => {
                "leave only the authority, its issuers and their root".into()
            }
            Self::KeyMismatch { .. } => {
                "put the key and the certificate that were made together side by side".into()
            }
            Self::KeyTooShort { .. } => "make a new authority: `milvus-certs gen` in a new folder".into(),
            Self::KeyUnsupported { .. } => {
                "use RSA from 2048 bits, or the elliptic curves P-256 or P-384".into()
            }
            Self::KeyWithExplicitCurve => {
                "Milvus does not read such keys and certificates, even where the parameters are those of P-256; make a CA whose key names its curve: `milvus-certs gen -d NEW --key-type p256`"
                    .into()
            }
            Self::KeyMalformed { .. } => {
                "restore it from a backup; RSA with two primes, P-256, P-384 and Ed25519 are read".into()
            }
            Self::KeyEncrypted => {
                "give --ca-passphrase-file FILE, or the variable MILVUS_CERTS_CA_PASSPHRASE".into()
            }
            Self::PassphraseWrong | Self::PassphraseEmpty => {
                "the passphrase is the first line of the file given with --ca-passphrase-file".into()
            }
            Self::KeyEncryptionUnsupported { is_legacy: true, .. }
            | Self::KeyLegacyEncrypted { is_legacy: true } => format!(
                "convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -provider legacy -provider default -in {quoted} -out ca-pkcs8.key`; OpenSSL before 3 takes it without -provider"
            ),
            Self::KeyEncryptionUnsupported { .. }
            | Self::KeyLegacyEncrypted { .. }
            | Self::KeyDerivationTooCostly => {
                format!(
                    "convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -in {quoted} -out ca-pkcs8.key`"
                )
            }
            Self::DoesNotVerify { .. } | Self::NameNotCovered { .. } => {
                format!("`{}` makes a new certificate from the CA", beside("renew", file))
            }
            Self::Signing { .. } | Self::NoRandomness { .. } => return None,
        };
        Some(hint)
    }

    pub(crate) fn unsupported(reason: impl Into<String>) -> Self {
        Self::KeyUnsupported { reason: reason.into() }
    }

    /// A parser's error about a key: it speaks of tags and positions, which help nobody.
    pub(crate) fn key_malformed<E>(_: E) -> Self {
        Self::key_damaged("its DER structure is damaged, or that of something else")
    }

    pub(crate) fn key_damaged(reason: &str) -> Self {
        Self::KeyMalformed { reason: reason.into() }
    }

    pub(crate) fn signing(error: impl std::fmt::Display) -> Self {
        Self::Signing { reason: error.to_string() }
    }
}

impl From<Error> for base::Error {
    fn from(error: Error) -> Self {
        Self::new(error.to_string()).with_hint(error.hint("FILE")).with_cause(error)
    }
}

impl base::Error {
    /// What is wrong with the content of a file.
    pub(crate) fn in_file(path: impl Into<PathBuf>) -> impl FnOnce(Error) -> Self {
        let path = path.into();
        move |source| {
            let path = path.display().to_string();
            Self::new(format!("{path}: {source}")).with_hint(source.hint(&path)).with_cause(source)
        }
    }
}

impl From<getrandom::Error> for Error {
    fn from(error: getrandom::Error) -> Self {
        Self::NoRandomness { reason: error.to_string() }
    }
}

impl Error {
    /// The supported key types, for the message about a key that is none of them.
    pub(crate) fn key_type(value: &str) -> Self {
        let names: Vec<_> = KeyType::ALL.iter().map(|key_type| key_type.name()).collect();
        Self::unsupported(format!("{value:?} is none of {}", names.join(", ")))
    }
}

/// A command for the certificate directory that a file is in.
fn beside(command: &str, file: &str) -> String {
    match file.rsplit_once('/') {
        None => format!("milvus-certs {command}"),
        Some(("", _)) => format!("milvus-certs {command} -d /"),
        Some((directory, _)) => format!("milvus-certs {command} -d {}", shell_quoted(directory)),
    }
}

/// What makes of a PEM block with this label one that is read here.
fn conversion(label: &str, quoted: &str) -> Option<String> {
    Some(match label {
        "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => {
            format!("openssl pkcs7 -print_certs -in {quoted} -out FILE.pem")
        }
        "TRUSTED CERTIFICATE" | "X509 CERTIFICATE" => format!("openssl x509 -in {quoted} -out FILE.pem"),
        // ssh-keygen writes into the file that it reads.
        "OPENSSH PRIVATE KEY" => {
            format!("install -m 600 {quoted} FILE.key && ssh-keygen -p -m PKCS8 -f FILE.key")
        }
        _ => return None,
    })
}

fn found_instead(found: &[String]) -> String {
    match found {
        [] => String::new(),
        labels => format!(", but {}", labels.join(", ")),
    }
}
