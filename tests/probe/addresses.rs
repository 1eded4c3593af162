//! Hosts by address and by name.

use std::collections::BTreeSet;
use std::net::{TcpListener, ToSocketAddrs};

use libtest_mimic::Trial;
use serde_json::json;

use crate::common::folder::Folder;
use crate::common::program::Outcome;
use crate::common::tls::Tls;
use crate::report::{probe, text};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    let has_ipv6 = TcpListener::bind("[::1]:0").is_ok();
    vec![
        trial("an IPv6 address names a host", ipv6).with_ignored_flag(!has_ipv6),
        trial("probe looks at every address of a name", every_address),
        trial("probe reports a name without an address", unresolvable),
        trial("a URL names a host", url),
        trial("a text that is no host is wrong usage", no_host),
    ]
}

fn ipv6() {
    let directory = Folder::with_directory("");
    let server = Tls::one_way(&directory.path("")).start_on(TcpListener::bind("[::1]:0").unwrap());
    let target = format!("[::1]:{}", server.port());
    let report = probe(&[&target, "-d", &directory.argument("")]).finds(0, &[]);
    report.has("target", target.as_str()).has("address", target.as_str());
}

fn every_address() {
    let directory = Folder::with_directory("");
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = first.local_addr().unwrap().port();
    let second = TcpListener::bind(("::1", port));
    let _first = Tls::one_way(&directory.path("")).start_on(first);
    let second = second.ok().map(|listener| Tls::one_way(&directory.path("")).start_on(listener));
    let resolved: BTreeSet<_> = ("localhost", port).to_socket_addrs().unwrap().collect();
    let report = probe(&[&format!("localhost:{port}"), "-d", &directory.argument("")]);
    let seen: BTreeSet<_> =
        report.ports().iter().map(|port| port["address"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(seen, resolved);
    assert_eq!(report.ports().len(), resolved.len());
    if second.is_some() || resolved.len() == 1 {
        report.finds(0, &[]);
    }
}

fn unresolvable() {
    let report = probe(&["name.invalid:19530"]).finds(1, &[]).has("state", "unresolved");
    report.has("address", json!(null)).has("target", "name.invalid:19530");
    let said = text(&["name.invalid:19530"]);
    assert!(said.starts_with("name.invalid:19530, grpc: the name leads nowhere: "), "{said}");
    assert!(said.ends_with("\n\nNothing could be reached.\n"), "{said}");
}

fn url() {
    let directory = Folder::with_directory("");
    let server = Tls::one_way(&directory.path("")).start();
    let url = format!("https://{}/", server.target());
    probe(&[&url, "-d", &directory.argument("")]).finds(0, &[]).has("target", server.target());
}

fn no_host() {
    for host in ["", ":19530", "localhost:65536", "localhost:port", "[::1", "[::1]19530"] {
        Outcome::of(Folder::new().command().args(["probe", host])).ends_with(2);
    }
}
