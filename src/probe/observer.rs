//! Takes whatever a server shows, and notes it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use crate::probe::target::Trust;
use crate::x509::ECDSA_P521_SHA512;

/// What a handshake showed, also where it failed later.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    /// What the server shows of itself, in DER.
    pub(super) chain: Vec<Vec<u8>>,
    /// The CAs that it takes client certificates from, in DER, if it asks for one.
    pub(super) asked_for: Option<Vec<Vec<u8>>>,
}

/// A client that looks. Whom it talks to is not verified here, so nothing secret is ever said:
/// `check` judges the chain that was shown. A client certificate names its owner: only a server that is
/// trusted sees it, each time anew, since another may answer the next connection.
pub(super) struct Observer {
    observed: Mutex<Observed>,
    provider: Arc<CryptoProvider>,
    /// A client certificate, and who may see it.
    shown: Option<(Arc<CertifiedKey>, Trust)>,
}

/// Without the key.
impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

impl Observer {
    pub(super) fn new(provider: Arc<CryptoProvider>, shown: Option<(Arc<CertifiedKey>, Trust)>) -> Arc<Self> {
        Arc::new(Self { observed: Mutex::default(), provider, shown })
    }

    pub(super) fn observed(&self) -> Observed {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, note: impl FnOnce(&mut Observed)) {
        note(&mut self.observed.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn algorithms(&self, scheme: SignatureScheme) -> WebPkiSupportedAlgorithms {
        match scheme {
            SignatureScheme::ECDSA_NISTP521_SHA512 => P521,
            _ => self.provider.signature_verification_algorithms,
        }
    }
}

/// Milvus may have a P-521 key, which *ring* does not know.
const P521: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[ECDSA_P521_SHA512],
    mapping: &[(SignatureScheme::ECDSA_NISTP521_SHA512, &[ECDSA_P521_SHA512])],
};

impl ServerCertVerifier for Observer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates);
        let chain: Vec<_> = chain.map(|certificate| certificate.to_vec()).collect();
        let is_trusted = self.shown.as_ref().is_none_or(|(_, trusts)| trusts(&chain));
        self.note(|observed| observed.chain = chain);
        match is_trusted {
            true => Ok(ServerCertVerified::assertion()),
            // The handshake ends before the client shows anything.
            false => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        }
    }

    // The server has to have the key of what it shows, or else it shows what is somebody else's.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = self.algorithms(signature.scheme);
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = self.algorithms(signature.scheme);
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let known = self.provider.signature_verification_algorithms.supported_schemes();
        [known, P521.supported_schemes()].concat()
    }
}

impl ResolvesClientCert for Observer {
    fn resolve(&self, authorities: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let authorities = authorities.iter().map(|name| name.to_vec()).collect();
        self.note(|observed| observed.asked_for = Some(authorities));
        self.shown.as_ref().map(|(key, _)| key.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}
