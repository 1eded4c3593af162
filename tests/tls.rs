//! rustls, as client and as server on loopback, in both of Milvus' TLS modes: the certificates work,
//! for their purpose and only for it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use milvus_certs::{GenerateRequest, RenewRequest, generate, renew};
use milvus_certs::x509::KeyType;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use time::OffsetDateTime;

/// As Milvus' `common.security.tlsMode`.
#[derive(Clone, Copy, PartialEq)]
enum TlsMode {
    OneWay = 1,
    Mutual = 2,
}

fn certificates(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).unwrap().map(Result::unwrap).collect()
}

fn roots(directory: &Path) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&directory.join("ca.pem")) {
        roots.add(certificate).unwrap();
    }
    Arc::new(roots)
}

fn identity(directory: &Path, role: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let key = PrivateKeyDer::from_pem_file(directory.join(format!("{role}.key"))).unwrap();
    (certificates(&directory.join(format!("{role}.pem"))), key)
}

fn server_config(directory: &Path, mode: TlsMode) -> ServerConfig {
    let (chain, key) = identity(directory, "server");
    let builder = match mode {
        TlsMode::OneWay => ServerConfig::builder().with_no_client_auth(),
        TlsMode::Mutual => {
            let verifier = WebPkiClientVerifier::builder(roots(directory)).build().unwrap();
            ServerConfig::builder().with_client_cert_verifier(verifier)
        }
    };
    builder.with_single_cert(chain, key).unwrap()
}

/// A client that trusts the authority in `trusted`, and shows the certificate of `role`.
fn client_config(trusted: &Path, shown: Option<(&Path, &str)>) -> ClientConfig {
    let builder = ClientConfig::builder().with_root_certificates(roots(trusted));
    match shown {
        None => builder.with_no_client_auth(),
        Some((directory, role)) => {
            let (chain, key) = identity(directory, role);
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    }
}

/// Connects and reads an answer: in TLS 1.3 the server's refusal arrives only then.
fn exchange(server: ServerConfig, client: ClientConfig, name: &str) -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answering = thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let connection = ServerConnection::new(Arc::new(server)).unwrap();
        let mut stream = StreamOwned::new(connection, socket);
        let mut question = [0; 4];
        if stream.read_exact(&mut question).is_ok() {
            let _ = stream.write_all(b"pong");
        }
        let _ = stream.flush();
    });
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let connection =
        ClientConnection::new(Arc::new(client), ServerName::try_from(name.to_owned()).unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, socket);
    let mut answer = [0; 4];
    let result = stream.write_all(b"ping").and_then(|()| stream.read_exact(&mut answer));
    drop(stream);
    answering.join().unwrap();
    result.map_err(|error| error.to_string())
}

#[expect(clippy::disallowed_methods, reason = "rustls reads the clock too")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn made(directory: &Path, key_type: KeyType) {
    let request = GenerateRequest { key_type, ..GenerateRequest::new(directory).unwrap() };
    generate(&request, now()).unwrap();
}

fn assert_both_modes_work(trusted: &Path, directory: &Path) {
    for name in ["localhost", "127.0.0.1", "::1"] {
        exchange(server_config(directory, TlsMode::OneWay), client_config(trusted, None), name).unwrap();
        let client = client_config(trusted, Some((directory, "client")));
        exchange(server_config(directory, TlsMode::Mutual), client, name).unwrap();
    }
}

#[test]
fn both_modes_work_with_every_key_type_before_and_after_renewal() {
    for key_type in KeyType::ALL {
        let folder = tempfile::tempdir().unwrap();
        made(folder.path(), key_type);
        assert_both_modes_work(folder.path(), folder.path());
        renew(&RenewRequest::new(folder.path()), now()).unwrap();
        assert_both_modes_work(folder.path(), folder.path());
    }
}

#[test]
fn clients_that_trust_the_old_ca_pem_go_on_working_after_renewal() {
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    made(folder.path(), KeyType::P256);
    for file in ["ca.pem", "client.pem", "client.key"] {
        std::fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
    }
    renew(&RenewRequest::new(folder.path()), now()).unwrap();
    assert_both_modes_work(copy.path(), folder.path());
    let old_client = client_config(copy.path(), Some((copy.path(), "client")));
    exchange(server_config(folder.path(), TlsMode::Mutual), old_client, "localhost").unwrap();
}

#[test]
fn whoever_should_not_get_in_does_not() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    made(folder.path(), KeyType::P256);
    made(other.path(), KeyType::P256);
    let directory = folder.path();
    let refused = |mode, client, name| exchange(server_config(directory, mode), client, name).unwrap_err();

    let wrong_name = refused(TlsMode::OneWay, client_config(directory, None), "milvus.example.com");
    assert!(wrong_name.contains("not valid for name"), "{wrong_name}");
    let wrong_authority = refused(TlsMode::OneWay, client_config(other.path(), None), "localhost");
    assert!(
        wrong_authority.contains("UnknownIssuer") || wrong_authority.contains("BadSignature"),
        "{wrong_authority}"
    );
    let no_certificate = refused(TlsMode::Mutual, client_config(directory, None), "localhost");
    assert!(no_certificate.contains("CertificateRequired"), "{no_certificate}");
    let server_as_client = client_config(directory, Some((directory, "server")));
    refused(TlsMode::Mutual, server_as_client, "localhost");
    let foreign_client = client_config(directory, Some((other.path(), "client")));
    refused(TlsMode::Mutual, foreign_client, "localhost");
}
