use std::fmt;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};

use super::PublicKey;

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
            // The documentation page's keyUsage; an elliptic-curve key cannot encipher.
            Self::EndEntity(_) if key.is_rsa() => (
                IsCa::ExplicitNoCa,
                vec![
                    KeyUsagePurpose::DigitalSignature,
                    KeyUsagePurpose::ContentCommitment,
                    KeyUsagePurpose::KeyEncipherment,
                ],
            ),
            Self::EndEntity(_) => (IsCa::ExplicitNoCa, vec![KeyUsagePurpose::DigitalSignature]),
        };
        params.extended_key_usages = match self {
            Self::Authority { .. } => vec![],
            Self::EndEntity(EndEntityKind::Server) => vec![ExtendedKeyUsagePurpose::ServerAuth],
            // Milvus' tlsMode 2 is Go's RequireAndVerifyClientCert, which asks for clientAuth.
            Self::EndEntity(EndEntityKind::Client) => vec![ExtendedKeyUsagePurpose::ClientAuth],
        };
    }
}

/// No chain is as long as the longest path that rcgen can write.
fn basic_constraints(path_length: Option<u32>) -> BasicConstraints {
    let constrained = |length| BasicConstraints::Constrained(u8::try_from(length).unwrap_or(u8::MAX));
    path_length.map_or(BasicConstraints::Unconstrained, constrained)
}
