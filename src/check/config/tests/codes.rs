use std::collections::BTreeSet;

use crate::check::config::tests::*;

/// For every finding about configuration something that gives it.
fn showcase() -> Vec<(Code, World)> {
    let plain = |from: &str, to: &str| World::new().given("user.yaml", MUTUAL.replace(from, to));
    let given = |text: &str| World::new().given("x.yaml", text);
    let compose = |from: &str, to: &str| {
        let text = compose::STOCK.replace(from, to);
        World::new().given("m/c.yml", text).file("m/user.yaml", MUTUAL).tls_in("m/tls")
    };
    let internal = |sni: &str| World::new().given("user.yaml", INTERNAL.replace("sni: localhost", sni));
    let values = helm::values();
    let ingress = helm::INGRESS.replace("GRPC", "GRPCS");
    let ingress = ingress.as_str();
    let overridden = compose("", "").given("m/compose.override.yaml", "services: {}\n");
    let overridden = overridden.file("m/compose.override.yml", "services: {}\n");
    let unreadable = compose("v2.5.16", "v3.0.0").owned("m/tls/server.key", FileMode::PRIVATE, 0);
    vec![
        (Code::MalformedYaml, given("a: [")),
        (Code::ConfigNotRecognised, given("hello: 1")),
        (Code::ConfigEmpty, given("")),
        (Code::SettingsNotMounted, compose("./user.yaml:/milvus/configs", "./user.yaml:/milvus/config")),
        (Code::TlsModeInvalid, plain("tlsMode: 2", "tlsMode: mutual")),
        (Code::WrongType, plain("port: 8080", "port: http")),
        (Code::TlsOff, plain("tlsMode: 2", "tlsMode: 0")),
        (Code::RestPortMissing, plain("port: 8080", "port: 19530")),
        (Code::TlsEnabledIsGone, given("common: {security: {tlsEnabled: true}}")),
        (Code::MisplacedSetting, given("common: {}\ntlsMode: 1")),
        (Code::TlsUnderCommon, given("common: {security: {tlsMode: 1}, tls: {serverPemPath: /a}}")),
        (Code::TlsPathNotSet, plain("serverKeyPath", "keyPath")),
        (Code::PublicCertificatePath, plain("/milvus/tls/server", "/milvus/configs/cert/server")),
        (Code::MutualWithoutCa, plain("caPemPath", "caPath")),
        (Code::TlsPathNotMounted, compose("./tls:/milvus/tls:ro", "./tls:/certs")),
        (Code::TlsFileNotThere, compose("./tls:", "./none:")),
        (Code::UnreadableInContainer, unreadable),
        (Code::RestPortNotPublished, compose("      - \"8080:8080\"\n", "")),
        (Code::CustomConfigMap, given(&format!("customConfigMap: mine\n{values}"))),
        (Code::IngressInPlaintext, given(&format!("{values}ingress: {{enabled: true}}\n"))),
        (Code::IngressToPlaintext, given(&values.replace("Mode: 2", "Mode: 0")).given("i.yaml", ingress)),
        (Code::IngressWithoutCertificate, given(&values).given("i.yaml", ingress)),
        (Code::ValuesReplaced, given(&values).given("y.yaml", "volumes: [{name: other}]\n")),
        (Code::ComposeOverrideIgnored, overridden),
        (Code::MilvusYamlReplaced, given(&values.replace("user.yaml", "milvus.yaml"))),
        (Code::SingleFileMount, compose("./tls:/milvus/tls", "./tls/ca.pem:/milvus/tls/ca.pem")),
        (Code::CaKeyMounted, compose("", "").file("m/tls/ca.key", OWN.get("ca.key"))),
        (Code::CaKeyInSecret, given("kind: Secret\nstringData: {ca.key: x}\n")),
        (Code::NotTheDirectorys, compose("", "").file("m/tls/ca.pem", OTHER.get("ca.pem"))),
        (Code::InternalTlsWithoutSni, internal("other: 1")),
        (Code::SniNotCovered, internal("sni: other")),
    ]
}

#[test]
fn every_finding_about_configuration_is_shown() {
    let mut shown = BTreeSet::new();
    for (code, world) in showcase() {
        let found: Vec<_> = world.judge().findings.iter().map(|finding| finding.code).collect();
        assert!(found.contains(&code), "{code}: {found:?}");
        shown.insert(code);
    }
    let mut asked = World::new().given("user.yaml", MUTUAL).judge();
    asked.hold_to(TlsMode::OneWay);
    shown.extend(asked.findings.iter().map(|finding| finding.code));
    let all = Code::ALL.iter().filter(|code| (Code::MalformedYaml..Code::Plaintext).contains(*code));
    let missing: Vec<_> = all.filter(|code| !shown.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
