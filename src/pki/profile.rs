use std::fmt;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};

use super::extensions::DIGITAL_SIGNATURE;
use super::{Certificate, PublicKey};

/// Who an end entity's certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndEntityKind {
    /// Milvus itself.
    Server,
    /// An SDK, curl, or another program that connects to Milvus.
    Client,
}

impl EndEntityKind {
    /// Both, in the order in which they get their serial numbers.
    pub const ALL: [Self; 2] = [Self::Server, Self::Client];

    /// Who a certificate is for, by its purposes; a client where they do not tell.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Self {
        match certificate.serves(Self::Server) && !certificate.serves(Self::Client) {
            true => Self::Server,
            false => Self::Client,
        }
    }

    /// `server` or `client`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }

    /// The purpose in extendedKeyUsage: `serverAuth` or `clientAuth`.
    #[must_use]
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Server => "serverAuth",
            Self::Client => "clientAuth",
        }
    }
}

impl fmt::Display for EndEntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a certificate may be used for: the one place that decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A self-signed authority.
    Authority {
        /// How many authorities may stand below it (RFC 5280 4.2.1.9).
        path_length: Option<u32>,
    },
    /// A server or a client.
    EndEntity(EndEntityKind),
}

impl Profile {
    /// Sets basicConstraints, keyUsage and extendedKeyUsage for a certificate of `key`.
    pub(super) fn apply(self, key: &PublicKey, params: &mut CertificateParams) {
        (params.is_ca, params.key_usages) = match self {
            // keyUsage is what `openssl verify -x509_strict` and Python 3.13 ask of an authority.
            Self::Authority { path_length } => (
                IsCa::Ca(basic_constraints(path_length)),
                vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign],
            ),
            Self::EndEntity(_) => (IsCa::ExplicitNoCa, end_entity_usages(key).to_vec()),
        };
        params.extended_key_usages = match self {
            Self::Authority { .. } => vec![],
            Self::EndEntity(EndEntityKind::Server) => vec![ExtendedKeyUsagePurpose::ServerAuth],
            // Milvus' tlsMode 2 is Go's RequireAndVerifyClientCert, which asks for clientAuth.
            Self::EndEntity(EndEntityKind::Client) => vec![ExtendedKeyUsagePurpose::ClientAuth],
        };
    }
}

/// The documentation page's keyUsage; an elliptic-curve key cannot encipher.
fn end_entity_usages(key: &PublicKey) -> &'static [KeyUsagePurpose] {
    const SIGNS: KeyUsagePurpose = KeyUsagePurpose::DigitalSignature;
    match key.is_rsa() {
        true => &[SIGNS, KeyUsagePurpose::ContentCommitment, KeyUsagePurpose::KeyEncipherment],
        false => &[SIGNS],
    }
}

/// Whether a server's or client's certificate for this key has a bit of keyUsage, by its name in RFC
/// 5280 4.2.1.3.
pub(crate) fn has_usage(key: &PublicKey, usage: &str) -> bool {
    end_entity_usages(key).iter().any(|purpose| match purpose {
        KeyUsagePurpose::DigitalSignature => usage == DIGITAL_SIGNATURE,
        KeyUsagePurpose::ContentCommitment => usage == "nonRepudiation",
        KeyUsagePurpose::KeyEncipherment => usage == "keyEncipherment",
        _ => false,
    })
}

/// No chain is as long as the longest path that rcgen can write.
fn basic_constraints(path_length: Option<u32>) -> BasicConstraints {
    let constrained = |length| BasicConstraints::Constrained(u8::try_from(length).unwrap_or(u8::MAX));
    path_length.map_or(BasicConstraints::Unconstrained, constrained)
}
