//! The ports by which Milvus' components reach each other, in every state.

use std::net::{Ipv4Addr, TcpListener};

use libtest_mimic::Trial;

use crate::common::folder::Folder;
use crate::common::server::{Server, own_address, speak_http2};
use crate::common::tls::Tls;
use crate::directories::with_name;
use crate::report::{probe, text};
use crate::trial;

/// The defaults of milvus.yaml.
const INTERNAL_PORTS: [(&str, u16); 8] = [
    ("rootCoord", 53100),
    ("dataCoord", 13333),
    ("queryCoord", 19531),
    ("queryNode", 21123),
    ("indexNode", 21121),
    ("dataNode", 21124),
    ("streamingNode", 22222),
    ("proxy", 19529),
];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("internal TLS on every port is no finding", on),
        trial("a component that speaks plaintext is a finding", off),
        trial("a component with a certificate for another name is a finding", wrong_name),
        trial("a component that is not there is no finding", not_there),
        trial("probe says where it reaches no component", nobody),
        trial("--server-name gives the name that components ask for", given_name),
    ]
}

fn listener(address: Ipv4Addr, port: u16) -> TcpListener {
    TcpListener::bind((address, port)).unwrap()
}

/// A server at each of these ports.
fn with_tls(address: Ipv4Addr, ports: &[(&str, u16)], directory: &Folder) -> Vec<Server> {
    let serve =
        |(_, port): &(&str, u16)| Tls::one_way(&directory.path("")).start_on(listener(address, *port));
    ports.iter().map(serve).collect()
}

fn on() {
    let (address, directory) = (own_address(), Folder::with_directory(""));
    let _servers = with_tls(address, &INTERNAL_PORTS, &directory);
    let report = probe(&["--internal", &address.to_string(), "-d", &directory.argument("")]).finds(0, &[]);
    for (index, (component, port)) in INTERNAL_PORTS.iter().enumerate() {
        assert_eq!(report.ports()[index]["service"], *component);
        assert_eq!(report.ports()[index]["target"], format!("{address}:{port}"));
        assert_eq!(report.ports()[index]["state"], "tls");
        assert_eq!(report.ports()[index]["is_the_directorys"], true);
    }
}

fn off() {
    let (address, directory) = (own_address(), Folder::with_directory(""));
    let _with = with_tls(address, &INTERNAL_PORTS[1..], &directory);
    let (component, port) = INTERNAL_PORTS[0];
    let _without = Server::on(listener(address, port), speak_http2);
    let report = probe(&["--internal", &address.to_string(), "-d", &directory.argument("")]);
    let report = report.finds(3, &["internal-tls-off"]).port_has(0, "service", component);
    report.port_has(0, "state", "plaintext").port_has(1, "state", "tls");
}

fn wrong_name() {
    let (address, directory) = (own_address(), Folder::with_directory(""));
    let _servers = with_tls(address, &INTERNAL_PORTS[..1], &directory);
    let (address, folder) = (address.to_string(), directory.argument(""));
    let arguments = ["--internal", &address, "-d", &folder, "--server-name", "milvus-internal"];
    probe(&arguments).finds(3, &["name-not-covered"]);
}

fn not_there() {
    let (address, directory) = (own_address(), Folder::with_directory(""));
    let _servers = with_tls(address, &INTERNAL_PORTS[3..4], &directory);
    let report = probe(&["--internal", &address.to_string(), "-d", &directory.argument("")]).finds(0, &[]);
    let states: Vec<_> = report.ports().iter().map(|port| port["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["closed", "closed", "closed", "tls", "closed", "closed", "closed", "closed"]);
}

fn nobody() {
    let (address, directory) = (own_address().to_string(), Folder::with_directory(""));
    let arguments = ["--internal", &address, "-d", &directory.argument("")];
    probe(&arguments).finds(1, &[]);
    assert!(text(&arguments).ends_with("\n\nNothing could be reached.\n"));
}

fn given_name() {
    let (address, directory) = (own_address(), with_name("milvus-internal"));
    let _servers = with_tls(address, &INTERNAL_PORTS[..1], &directory);
    let (address, folder) = (address.to_string(), directory.argument(""));
    probe(&["--internal", &address, "-d", &folder, "--server-name", "milvus-internal"]).finds(0, &[]);
}
