//! Servers that speak TLS as Milvus does.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
    SupportedProtocolVersion,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::server::{Server, speak_http1, speak_http2};

/// What a server serves, and to whom.
pub(crate) struct Tls {
    versions: Vec<&'static SupportedProtocolVersion>,
    alpn: Vec<Vec<u8>>,
    clients: Arc<dyn ClientCertVerifier>,
    shown: Arc<CertifiedKey>,
}

impl Tls {
    /// tlsMode 1 with the server's files of a directory.
    pub(crate) fn one_way(directory: &Path) -> Self {
        Self::showing(&directory.join("server.pem"), &directory.join("server.key"))
    }

    /// tlsMode 1 with other files.
    pub(crate) fn showing(chain: &Path, key: &Path) -> Self {
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        // Whether both belong together is not looked at.
        let shown = CertifiedKey::new(certificates(chain), any_supported_type(&key).unwrap());
        Self {
            versions: vec![&TLS12, &TLS13],
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            clients: WebPkiClientVerifier::no_client_auth(),
            shown: Arc::new(shown),
        }
    }

    /// tlsMode 2: TLS 1.3 alone, and clients of the directory's CA.
    pub(crate) fn mutual(directory: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&directory.join("ca.pem")) {
            roots.add(certificate).unwrap();
        }
        let provider = Arc::new(default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        Self { clients: verifier.build().unwrap(), versions: vec![&TLS13], ..Self::one_way(directory) }
    }

    /// Asks for a certificate, and takes any or none.
    pub(crate) fn taking_any_client(self) -> Self {
        Self { clients: Arc::new(AnyClient), ..self }
    }

    pub(crate) fn only(self, version: &'static SupportedProtocolVersion) -> Self {
        Self { versions: vec![version], ..self }
    }

    pub(crate) fn without_alpn(self) -> Self {
        Self { alpn: Vec::new(), ..self }
    }

    pub(crate) fn start(self) -> Server {
        self.start_on(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// Serves gRPC, and REST to those who ask for it.
    pub(crate) fn start_on(self, listener: TcpListener) -> Server {
        self.start_with(listener, |stream| async move {
            match stream.get_ref().1.alpn_protocol() {
                Some(b"http/1.1") => speak_http1(stream).await,
                _ => speak_http2(stream).await,
            }
        })
    }

    /// After the handshake, `serve` has the connection.
    pub(crate) fn start_with<F>(
        self,
        listener: TcpListener,
        serve: impl Fn(TlsStream<TcpStream>) -> F + Clone + Send + Sync + 'static,
    ) -> Server
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let acceptor = TlsAcceptor::from(Arc::new(self.config()));
        Server::on(listener, move |stream| {
            let (acceptor, serve) = (acceptor.clone(), serve.clone());
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream).await;
                }
            }
        })
    }

    pub(crate) fn config(self) -> ServerConfig {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_client_cert_verifier(self.clients)
            .with_cert_resolver(Arc::new(Shown(self.shown)));
        config.alpn_protocols = self.alpn;
        config
    }
}

fn certificates(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).unwrap().map(Result::unwrap).collect()
}

/// Always the same.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// Go's `tls.RequestClientCert`.
#[derive(Debug)]
struct AnyClient;

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}
