//! rustls, as client and as server on loopback, in both of Milvus' TLS modes: the certificates work,
//! for their purpose and only for it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use milvus_certs::KeyType;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::common::folder::Folder;

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

/// A client that trusts the CA in `trusted`, and shows the certificate of `role`.
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
        let folder = Folder::after(&format!("gen --key-type {key_type}"));
        let directory = folder.path("");
        assert_both_modes_work(&directory, &directory);
        folder.milvus_certs("renew");
        assert_both_modes_work(&directory, &directory);
    }
}

#[test]
fn clients_with_the_old_files_work_after_renewal() {
    let (folder, copy) = (Folder::with_directory(""), Folder::new());
    for file in ["ca.pem", "client.pem", "client.key"] {
        copy.write(file, folder.read(file));
    }
    folder.milvus_certs("renew");
    let (directory, copy) = (folder.path(""), copy.path(""));
    assert_both_modes_work(&copy, &directory);
    let old_client = client_config(&copy, Some((&copy, "client")));
    exchange(server_config(&directory, TlsMode::Mutual), old_client, "localhost").unwrap();
}

#[test]
fn a_wrong_name_ca_or_client_certificate_is_refused() {
    let folder = Folder::with_directory("");
    folder.milvus_certs("gen --key-type p256 -d other");
    let (directory, other) = (&*folder.path(""), &*folder.path("other"));
    let refused = |mode, client, name| exchange(server_config(directory, mode), client, name).unwrap_err();

    let wrong_name = refused(TlsMode::OneWay, client_config(directory, None), "milvus.example.com");
    assert!(wrong_name.contains("not valid for name"), "{wrong_name}");
    let wrong_ca = refused(TlsMode::OneWay, client_config(other, None), "localhost");
    assert!(wrong_ca.contains("UnknownIssuer") || wrong_ca.contains("BadSignature"), "{wrong_ca}");
    let no_certificate = refused(TlsMode::Mutual, client_config(directory, None), "localhost");
    assert!(no_certificate.contains("CertificateRequired"), "{no_certificate}");
    let server_as_client = client_config(directory, Some((directory, "server")));
    refused(TlsMode::Mutual, server_as_client, "localhost");
    let client_of_another_ca = client_config(directory, Some((other, "client")));
    refused(TlsMode::Mutual, client_of_another_ca, "localhost");
}
