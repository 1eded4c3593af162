//! gRPC and REST of one host, at Milvus' own port.

use std::net::{Ipv4Addr, TcpListener};

use libtest_mimic::Trial;

use crate::common::folder::Folder;
use crate::common::server::{Server, closed_port, own_address, speak_http1};
use crate::common::tls::Tls;
use crate::directories::with_name;
use crate::report::{probe, text};
use crate::trial;

/// The default of Milvus' proxy.port.
const GRPC_PORT: u16 = 19530;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("without a port probe looks at gRPC's and REST's", both),
        trial("REST and gRPC with different modes are a finding", differ),
        trial("a closed REST port beside a gRPC port with TLS is a finding", no_rest),
        trial("a closed REST port beside a gRPC port with plaintext is no finding", no_rest_in_plaintext),
        trial("a gRPC and a REST port that are named are compared", named_ports),
        trial("a finding of both ports is explained once", explained_once),
    ]
}

/// An address of its own, and a directory whose certificates cover it.
fn host() -> (Ipv4Addr, Folder) {
    let address = own_address();
    (address, with_name(&address.to_string()))
}

fn grpc(address: Ipv4Addr, served: Tls) -> Server {
    served.start_on(TcpListener::bind((address, GRPC_PORT)).unwrap())
}

fn rest(address: Ipv4Addr, served: Tls) -> Server {
    served.start_on(TcpListener::bind((address, 0)).unwrap())
}

fn both() {
    let (address, directory) = host();
    let _grpc = grpc(address, Tls::mutual(&directory.path("")));
    let rest = rest(address, Tls::mutual(&directory.path("")));
    let arguments = [&address.to_string(), "-d", &directory.argument(""), "--rest-port", &rest.port()];
    let report = probe(&arguments).finds(0, &[]);
    let report = report.port_has(0, "target", format!("{address}:19530")).port_has(0, "service", "grpc");
    let report = report.port_has(1, "target", rest.target()).port_has(1, "service", "rest");
    assert_eq!(report.json["tls_mode"], 2);
}

fn differ() {
    let (address, directory) = host();
    let _grpc = grpc(address, Tls::mutual(&directory.path("")));
    let rest = rest(address, Tls::one_way(&directory.path("")));
    let arguments = [&address.to_string(), "-d", &directory.argument(""), "--rest-port", &rest.port()];
    let report = probe(&arguments).finds(3, &["rest-and-grpc-differ"]);
    let evidence = report.evidence("rest-and-grpc-differ");
    assert_eq!(evidence, format!("serves tlsMode 1, and {address}:19530 tlsMode 2"));
    assert!(report.json["tls_mode"].is_null());
}

fn no_rest() {
    let (address, directory) = host();
    let _grpc = grpc(address, Tls::one_way(&directory.path("")));
    let port = closed_port().to_string();
    let arguments = [&address.to_string(), "-d", &directory.argument(""), "--rest-port", &port];
    let report = probe(&arguments).finds(3, &["rest-not-reached"]);
    assert_eq!(report.evidence("rest-not-reached"), "the connection is refused");
}

fn no_rest_in_plaintext() {
    let address = own_address();
    let listener = TcpListener::bind((address, GRPC_PORT)).unwrap();
    let _grpc = Server::on(listener, crate::common::server::speak_http2);
    let port = closed_port().to_string();
    probe(&[&address.to_string(), "--rest-port", &port]).finds(3, &["plaintext"]);
}

fn named_ports() {
    let directory = Folder::with_directory("");
    let grpc = Tls::one_way(&directory.path("")).start();
    let rest = Server::start(speak_http1);
    let (one, other) = (grpc.target(), rest.target());
    let arguments = [&one, &other, "--rest-port", &rest.port(), "-d", &directory.argument("")];
    probe(&arguments).finds(3, &["plaintext", "rest-and-grpc-differ"]);
}

fn explained_once() {
    let (address, directory) = host();
    let _grpc = grpc(address, Tls::one_way(&directory.path("")));
    let rest = rest(address, Tls::one_way(&directory.path("")));
    let (address, folder) = (address.to_string(), directory.argument(""));
    directory.milvus_certs("renew");
    let arguments = [&address, "-d", &folder, "--rest-port", &rest.port()];
    let report = probe(&arguments).finds(3, &["renewed-not-restarted"]);
    assert_eq!(report.json["findings"].as_array().unwrap().len(), 2);
    let said = text(&arguments);
    assert_eq!(said.matches("warning[renewed-not-restarted]: ").count(), 2, "{said}");
    assert_eq!(said.matches("\n  why: ").count(), 1, "{said}");
    assert_eq!(said.matches("\n  fix: ").count(), 1, "{said}");
    assert!(said.ends_with("tlsMode 1 is in force. 1 thing is wrong.\n"), "{said}");
}
