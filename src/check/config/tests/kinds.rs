use crate::check::config::tests::*;

#[test]
fn documents_that_are_not_milvus_are_named() {
    for (text, place) in [
        ("a: 1\nb: 2\n", "1:1"),
        ("just text\n", "1:1"),
        ("- a\n- b\n", "1:1"),
        ("tls: {}\ncommon: {security: {tlsMode: x}}\n---\nx: 1\n", "4:1"),
        ("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----\n", "1:1"),
        ("services:\n  etcd:\n    image: quay.io/coreos/etcd:v3.5.18\n", "1:1"),
    ] {
        let found = findings("x.yaml", text);
        assert_eq!(found.last().unwrap(), &format!("x.yaml:{place} config-not-recognised"), "{text}");
    }
}

#[test]
fn evidence_names_what_a_document_has_instead() {
    let evidence = |text: &str| World::new().given("x.yaml", text).evidence();
    assert_eq!(evidence("a: 1\nb: 2\n"), ["the document has \"a\", \"b\""]);
    assert_eq!(evidence("{a: , b: , c: , d: , e: }"), ["the document has \"a\", \"b\", \"c\", …"]);
    assert_eq!(evidence("text"), ["the document is \"text\""]);
    assert_eq!(evidence("-----BEGIN PRIVATE KEY----- MIIE"), ["the document is PEM"]);
}

#[test]
fn a_file_with_nothing_in_it_is_found() {
    for text in ["", " \n", "# nothing\n", "---\n---\n", "null\n", "~"] {
        let world = World::new().given("-", text);
        assert_eq!(world.findings(), ["- config-empty"], "{text}");
        assert_eq!(world.stopped(), [("config-empty", true, true)], "{text}");
    }
    let beside = World::new().given("a.yaml", "").given("user.yaml", MUTUAL);
    assert_eq!(beside.findings(), ["a.yaml config-empty"]);
    assert_eq!(beside.stopped(), [], "Milvus has its settings");
    assert_eq!(findings("user.yaml", format!("# more\n---\n{MUTUAL}---\n")), NOTHING);
}

#[test]
fn resources_of_something_else_are_skipped_beside_those_of_milvus_alone() {
    for text in [
        "apiVersion: v1\nkind: ConfigMap\ndata: {tls: x}\n---\napiVersion: apps/v1\nkind: Deployment\n",
        "kind: List\napiVersion: v1\n",
        "kind: List\napiVersion: v1\nitems: [{apiVersion: v1, kind: Service}]\n",
        "apiVersion: v1\nkind: Secret\ndata: {password: eA==}\n",
        "apiVersion: cert-manager.io/v1\nkind: Issuer\n",
    ] {
        assert_eq!(findings("x.yaml", text), ["x.yaml:1:1 config-not-recognised"], "{text}");
        let beside = World::new().given("x.yaml", text).given("user.yaml", MUTUAL);
        assert_eq!(beside.findings(), NOTHING, "{text}");
    }
}

#[test]
fn a_malformed_file_is_one_finding_and_the_others_are_judged() {
    let world = World::new().given("a.yaml", "tls:\n  x: [\n").given("-", MUTUAL.replace("8080", "19530"));
    assert_eq!(world.findings(), ["a.yaml:3:1 malformed-yaml", "-:3:11 rest-port-missing"]);
}

#[test]
fn a_bundle_of_documents_is_judged_each_as_what_it_is() {
    let text = format!("{MUTUAL}---\napiVersion: v1\nkind: Service\n---\nservices: {{}}\n");
    assert_eq!(findings("all.yaml", text), ["all.yaml:15:1 config-not-recognised"]);
}

#[test]
fn the_same_finding_is_reported_once() {
    let world = World::new().given("a.yaml", MUTUAL.replace("8080", "19530"));
    let world = world.given(
        "c.yaml",
        "\
services:
  a: {image: milvusdb/milvus, volumes: ['./tls:/milvus/tls']}
  b: {image: milvusdb/milvus, volumes: ['./tls:/milvus/tls']}
",
    );
    let found = world.tls_in("tls").findings();
    assert_eq!(found.iter().filter(|found| found.ends_with(" rest-port-missing")).count(), 1, "{found:?}");
}

#[test]
fn helm_values_are_known_by_what_only_they_have() {
    for text in [
        "extraConfigFiles: {}\n",
        "customConfigMap: x\n",
        "volumes: []\n",
        "volumeMounts: []\n",
        "cluster: {enabled: false}\n",
        "image: {all: {tag: v2.5.9}}\n",
        "service: {type: ClusterIP}\n",
        "standalone: {replicas: 1}\n",
        "milvus: {image: {all: {tag: v2.5.9}}}\n",
    ] {
        // In milvus.yaml it would be a port, here it is a resource.
        assert_eq!(findings_alone("x.yaml", format!("{text}proxy: {{port: many}}\n")), NOTHING, "{text}");
    }
    assert_eq!(
        findings_alone("x.yaml", "cluster: x\nproxy: {port: many}\nlog: {}\n"),
        ["x.yaml:2:15 wrong-type"]
    );
}

#[test]
fn what_shares_a_key_with_milvus_is_not_taken_for_it() {
    for (text, evidence) in [
        ("run: {}\nlinters: {}\nservice: {golangci-lint-version: 1}\n", "the document has"),
        ("data-dir: /etcd\nproxy: 'off'\nlogger: zap\n", "the document has"),
        ("models: {}\nlanguage: en\nlog_settings: {}\n", "the document has"),
        (
            "milvus: {address: a, port: 19530, tlsMode: 1, caCertPath: /ca.pem}\nminio: {}\nlog: {}\n",
            "this is milvus-backup's file (milvus.tlsMode, milvus.caCertPath, milvus.address, milvus.port)",
        ),
        ("milvus: {grpc: {tlsMode: mutual}}\nminio: {}\n", "this is milvus-backup's file (milvus.grpc)"),
        (
            "milvus: {address: a}\nminio: {}\nbackup: {}\n",
            "this is milvus-backup's file (milvus.address), not Milvus' own",
        ),
        (
            "milvus: {host: a, port: 1}\nlog: {}\n",
            "this is the file of a client of Milvus (milvus.host, milvus.port)",
        ),
    ] {
        let world = World::new().given("x.yaml", text);
        assert_eq!(world.findings(), ["x.yaml:1:1 config-not-recognised"], "{text}");
        assert!(world.evidence()[0].starts_with(evidence), "{:?}", world.evidence());
    }
    let umbrella =
        format!("replicas: 1\nimage: {{}}\nweb: {{}}\nrbac: {{}}\nmilvus:\n{}", indented(&helm::values(), 2));
    assert_eq!(World::new().given("x.yaml", umbrella.as_str()).judge().tls_mode, Some(2));
    let left_out = umbrella.replace("milvus:\n", "milvus:\n  enabled: false\n");
    assert_eq!(findings("x.yaml", left_out), ["x.yaml:1:1 config-not-recognised"]);
}
