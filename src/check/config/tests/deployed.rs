//! What Milvus' paths lead to is judged by what Milvus reads it for, whatever it is called.

use crate::check::Verdict;
use crate::check::config::tests::*;

const COMPOSE: &str = "\
services:
  milvus:
    image: milvusdb/milvus
    volumes: ['./tls:/milvus/tls', './user.yaml:/milvus/configs/user.yaml']
";

fn mounted() -> World {
    World::new().given("m/c.yml", COMPOSE).file("m/user.yaml", MUTUAL).tls_in("m/tls")
}

/// Codes and files, and which modes work with everybody.
fn outcome(world: &World, modes: &[TlsMode]) -> (Vec<String>, Vec<bool>) {
    let findings = world.checked(modes);
    let works = |mode: &TlsMode| {
        Verdict::of(*mode, &crate::check::Client::ALL, &findings).clients.iter().all(|outcome| outcome.works)
    };
    (
        findings.iter().map(|finding| format!("{} {}", finding.place, finding.code)).collect(),
        modes.iter().map(works).collect(),
    )
}

fn assert_outcome(world: &World, modes: &[TlsMode], expected: &[&str], works: &[bool]) {
    let (found, worked) = outcome(world, modes);
    assert_eq!(found, expected);
    assert_eq!(worked, works, "{found:?}");
}

const MUTUAL_ALONE: &[TlsMode] = &[TlsMode::Mutual];
const ONE_WAY_ALONE: &[TlsMode] = &[TlsMode::OneWay];

#[test]
fn copies_of_the_directorys_files_are_not_judged_again() {
    assert_outcome(&mounted(), MUTUAL_ALONE, &[], &[true]);
    assert!(mounted().judge().bundles.is_empty());
}

#[test]
fn files_that_cannot_be_loaded_stop_milvus() {
    let wrong = |name: &str, content: &str| mounted().file(&format!("m/tls/{name}"), content);
    let key = |content: &str| wrong("server.key", content);
    assert_outcome(&key(""), MUTUAL_ALONE, &["m/tls/server.key empty-file"], &[false]);
    assert_outcome(&key("garbage"), MUTUAL_ALONE, &["m/tls/server.key damaged-file"], &[false]);
    let encrypted =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    assert_outcome(&key(encrypted), MUTUAL_ALONE, &["m/tls/server.key encrypted-key"], &[false]);
    assert_outcome(&key(OTHER.get("server.key")), MUTUAL_ALONE, &["m/tls/server.key key-mismatch"], &[false]);
    let folded = OWN.get("server.pem").replace('\n', " ");
    assert_outcome(&wrong("server.pem", &folded), MUTUAL_ALONE, &["m/tls/server.pem folded-pem"], &[false]);
    let swapped = MUTUAL
        .replace("server.pem", "x")
        .replace("server.key", "server.pem")
        .replace("tls/x", "tls/server.key");
    let swapped = mounted().file("m/user.yaml", swapped);
    assert_outcome(
        &swapped,
        MUTUAL_ALONE,
        &["m/tls/server.pem damaged-file", "m/tls/server.key damaged-file"],
        &[false],
    );
    let both = mounted().file("m/user.yaml", MUTUAL.replace("server.key", "server.pem"));
    assert_outcome(&both, MUTUAL_ALONE, &["m/tls/server.pem damaged-file"], &[false]);
}

#[test]
fn who_is_trusted_is_judged_where_milvus_reads_it() {
    let with = |name: &str| mounted().file("m/user.yaml", MUTUAL.replace("/ca.pem", name));
    let server = with("/server.pem");
    let (found, works) = outcome(&server, MUTUAL_ALONE);
    assert!(found.contains(&"m/tls/server.pem ca-not-authority".to_owned()), "{found:?}");
    assert_eq!(works, [false]);
    let key = with("/client.key").file("m/tls/client.key", OWN.get("client.key"));
    assert_outcome(&key, MUTUAL_ALONE, &["m/tls/client.key damaged-file"], &[false]);
    let one_way = MUTUAL.replace("Mode: 2", "Mode: 1").replace("/ca.pem", "/client.key");
    assert_outcome(&mounted().file("m/user.yaml", one_way), ONE_WAY_ALONE, &[], &[true]);
}

#[test]
fn certificates_that_the_directorys_clients_do_not_trust_stop_them() {
    let all = mounted()
        .file("m/tls/server.pem", OTHER.get("server.pem"))
        .file("m/tls/server.key", OTHER.get("server.key"))
        .file("m/tls/ca.pem", OTHER.get("ca.pem"));
    assert_outcome(&all, MUTUAL_ALONE, &["m/c.yml:4:15 not-the-directorys"], &[false]);
    let one_way = MUTUAL.replace("Mode: 2", "Mode: 1");
    assert_outcome(
        &all.file("m/user.yaml", one_way),
        ONE_WAY_ALONE,
        &["m/c.yml:4:15 not-the-directorys"],
        &[false],
    );
    let other_ca = mounted().file("m/tls/ca.pem", OTHER.get("ca.pem"));
    let expected = ["m/c.yml:4:15 not-the-directorys", "m/tls/server.pem other-ca-same-name"];
    assert_outcome(&other_ca, MUTUAL_ALONE, &expected, &[false]);
    let text = MUTUAL.replace("/milvus/tls", "/srv/tls");
    let machine = World::new().given("user.yaml", text).tls_in("/srv/tls");
    let machine = machine.file("/srv/tls/server.key", OTHER.get("server.key"));
    assert_outcome(&machine, MUTUAL_ALONE, &["/srv/tls/server.key key-mismatch"], &[false]);
}

#[test]
fn a_renewal_that_has_not_reached_milvus_stops_nobody() {
    let renewed = &*RENEWED;
    let world = mounted()
        .file("m/tls/server.pem", renewed.get("server.pem"))
        .file("m/tls/server.key", renewed.get("server.key"));
    assert_outcome(&world, MUTUAL_ALONE, &["m/c.yml:4:15 not-the-directorys"], &[true]);
}

#[test]
fn keys_of_a_secret_are_judged_by_the_paths_that_lead_to_them() {
    let all = secret(&["server.pem", "server.key", "ca.pem"]);
    let right = World::new().given("m.yaml", format!("{}{all}", operator::RESOURCE));
    assert_outcome(&right, MUTUAL_ALONE, &[], &[true]);
    let swapped =
        operator::RESOURCE.replace("serverPemPath: /certs/server.pem", "serverPemPath: /certs/server.key");
    let swapped = World::new().given("m.yaml", format!("{swapped}{all}"));
    let (found, works) = outcome(&swapped, MUTUAL_ALONE);
    assert_eq!(works, [false], "{found:?}");
    assert!(swapped.checked(MUTUAL_ALONE)[0].evidence.starts_with("server.key of the Secret certs: "));
}
