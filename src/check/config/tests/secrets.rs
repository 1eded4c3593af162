use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::check::config::tests::*;

/// A Secret with these contents under these names.
fn secret(entries: &[(&str, &str)]) -> String {
    let data: String =
        entries.iter().map(|(key, text)| format!("  {key}: {}\n", STANDARD.encode(text))).collect();
    format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: certs\ntype: Opaque\ndata:\n{data}")
}

fn own(names: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    names.iter().map(|(key, file)| (*key, OWN.get(file))).collect()
}

const PAGES: [(&str, &str); 3] =
    [("server.pem", "server.pem"), ("server.key", "server.key"), ("ca.pem", "ca.pem")];
const KUBERNETES: [(&str, &str); 3] =
    [("tls.crt", "server.pem"), ("tls.key", "server.key"), ("ca.crt", "ca.pem")];

/// The codes of a Secret's certificates.
fn judged(text: &str) -> Vec<&'static str> {
    found(text).iter().map(|finding| finding.code.name()).collect()
}

fn evidence(text: &str) -> Vec<String> {
    found(text).into_iter().map(|finding| finding.evidence).collect()
}

fn found(text: &str) -> Vec<Finding> {
    in_bundles(&World::new().given("s.yaml", text).judge())
}

/// The directory's names of what somebody else has.
fn other() -> String {
    secret(&PAGES.map(|(key, file)| (key, OTHER.get(file))))
}

#[test]
fn correct_secrets_give_no_finding() {
    for names in [PAGES, KUBERNETES] {
        let text = secret(&own(&names));
        assert_eq!(findings("s.yaml", text.as_str()), NOTHING);
        assert_eq!(judged(&text), NOTHING);
    }
    let client = secret(&own(&[("tls.crt", "client.pem"), ("tls.key", "client.key"), ("ca.crt", "ca.pem")]));
    assert_eq!(findings("s.yaml", client.as_str()), NOTHING, "a client's is compared with the client's");
    let text = format!("kind: Secret\nstringData:\n  server.pem: |\n{}", indented(OWN.get("server.pem"), 4));
    assert_eq!(findings("s.yaml", text), NOTHING);
}

#[test]
fn the_key_of_a_ca_is_found_under_any_name() {
    let mut entries = own(&PAGES);
    entries.push(("ca.key", OWN.get("ca.key")));
    assert_eq!(findings("s.yaml", secret(&entries)), ["s.yaml:10:3 ca-key-in-secret"]);
    let renamed = secret(&own(&[("server.pem", "server.pem"), ("server.key", "ca.key")]));
    assert_eq!(
        findings("s.yaml", renamed),
        ["s.yaml:8:3 ca-key-in-secret"],
        "it belongs to the directory's ca.pem"
    );
    let ca = secret(&own(&[("tls.crt", "ca.pem"), ("tls.key", "ca.key")]));
    assert_eq!(findings("s.yaml", ca.as_str()), ["s.yaml:8:3 ca-key-in-secret"]);
    let issuer = "---\napiVersion: cert-manager.io/v1\nkind: Issuer\nspec: {ca: {secretName: certs}}\n";
    assert_eq!(findings("s.yaml", format!("{ca}{issuer}")), NOTHING, "an Issuer has to sign");
    let certificate =
        "---\napiVersion: cert-manager.io/v1\nkind: Certificate\nspec: {isCA: true, secretName: certs}\n";
    assert_eq!(findings("s.yaml", ca + certificate), NOTHING, "cert-manager keeps a CA there");
    let appended = format!("{}{}", OWN.get("ca.pem"), OWN.get("ca.key"));
    for key in ["foo.key", "ca.pem", "config"] {
        let mut entries = own(&[("server.pem", "server.pem"), ("server.key", "server.key")]);
        entries.push((key, &appended));
        assert_eq!(findings("s.yaml", secret(&entries)).len(), 1, "{key}");
        assert!(findings("s.yaml", secret(&entries))[0].ends_with(" ca-key-in-secret"), "{key}");
        let without = World::without_directory().given("s.yaml", secret(&entries));
        assert_eq!(without.evidence(), [format!("{key} of the Secret certs is the key of CN=localhost CA")]);
    }
}

#[test]
fn certificates_that_are_not_the_directorys_are_one_finding() {
    let world = World::new().given("s.yaml", other());
    assert_eq!(world.findings(), ["s.yaml:7:3 not-the-directorys"]);
    assert!(world.evidence()[0].contains("server.pem has serial number"));
    assert!(world.evidence()[0].contains("; ca.pem has serial number"));
}

#[test]
fn a_mounted_secret_that_is_not_the_directorys_is_found_once() {
    let text = other() + &resource(MUTUAL, "/milvus/tls");
    assert_eq!(findings("s.yaml", text), ["s.yaml:7:3 not-the-directorys"]);
}

#[test]
fn damaged_values_are_found_and_not_judged_twice() {
    let text = secret(&own(&PAGES)).replace("  server.key: ", "  server.key: not base64 ");
    assert_eq!(findings("s.yaml", text), ["s.yaml:8:3 damaged-file"]);
    let plain = format!("kind: Secret\ndata:\n  server.pem: |\n{}", indented(OWN.get("server.pem"), 4));
    assert_eq!(
        findings("s.yaml", plain),
        ["s.yaml:3:3 damaged-file"],
        "PEM as it is belongs into stringData"
    );
    assert_eq!(findings("s.yaml", "kind: Secret\nstringData:\n  ca.pem: [a]\n"), ["s.yaml:3:3 wrong-type"]);
    let twice = STANDARD.encode(OWN.get("server.pem"));
    let text = secret(&[("server.pem", &twice), ("server.key", OWN.get("server.key"))]);
    assert_eq!(findings("s.yaml", text.as_str()), ["s.yaml:7:3 damaged-file"]);
    assert_eq!(
        World::new().given("s.yaml", text).evidence(),
        ["server.pem of the Secret certs: is base64 where PEM belongs: it was encoded once too often"]
    );
    let plain = format!("kind: Secret\nstringData: {{server.pem: {twice}}}\n");
    assert_eq!(findings("s.yaml", plain), ["s.yaml:2:14 damaged-file"], "it belongs into `data`");
    let wrapped = secret(&own(&PAGES)).replace("  server.pem: ", "  server.pem: |\n    ");
    assert_eq!(findings("s.yaml", wrapped), NOTHING, "line breaks in base64 do not matter");
}

#[test]
fn folded_pem_and_foreign_keys_are_left_to_the_judge_of_certificates() {
    let folded = format!("kind: Secret\nstringData:\n  server.pem:\n{}", indented(OWN.get("server.pem"), 4));
    assert_eq!(judged(&folded), ["folded-pem"]);
    let entries = [("server.pem", OWN.get("server.pem")), ("server.key", OTHER.get("server.key"))];
    assert!(judged(&secret(&entries)).contains(&"key-mismatch"));
    let named = folded.replace("stringData", "metadata: {name: certs}\nstringData");
    let said = evidence(&named);
    assert!(said[0].starts_with("server.pem of the Secret certs: has lost its line breaks"), "{said:?}");
    let place = World::new().given("s.yaml", folded).judge().bundles[0]
        .file(FileRole::ServerCertificate)
        .map(|file| file.place.to_string());
    assert_eq!(place.as_deref(), Some("s.yaml:3:3"));
}

#[test]
fn string_data_wins_over_data() {
    let text = secret(&[("server.pem", OTHER.get("server.pem"))])
        + &format!("stringData:\n  server.pem: |\n{}", indented(OWN.get("server.pem"), 4));
    assert_eq!(findings("s.yaml", text), NOTHING);
}

#[test]
fn secrets_that_milvus_does_not_get_are_somebody_elses() {
    let ingress = secret(&[("tls.crt", OTHER.get("server.pem"))]).replace("name: certs", "name: ingress");
    let milvus = resource(MUTUAL, "/milvus/tls");
    let world = World::new().given("s.yaml", format!("{}{milvus}---\n{ingress}", secret(&own(&PAGES))));
    assert_eq!(world.findings(), NOTHING);
    assert_eq!(world.judge().bundles.len(), 1);
    let its_own_is_not_given = World::new().given("s.yaml", format!("{milvus}---\n{ingress}"));
    assert_eq!(its_own_is_not_given.findings(), NOTHING);
    assert!(its_own_is_not_given.judge().bundles.is_empty());
}

#[test]
fn secrets_of_one_name_are_told_apart_by_their_namespaces() {
    let milvus = |namespace: &str| {
        let text =
            operator::RESOURCE.replace("  name: my-release", &format!("  name: my-release{namespace}"));
        format!("{text}---\n")
    };
    let with =
        |namespace: &str, secret: String| secret.replace("name: certs", &format!("name: certs{namespace}"));
    let here = with("\n  namespace: here", secret(&own(&PAGES)));
    let there = with("\n  namespace: there", other());
    let in_default = other();
    for (namespace, expected) in [("\n  namespace: here", 0), ("\n  namespace: there", 1), ("", 1)] {
        let text = format!("{}{here}---\n{there}---\n{in_default}", milvus(namespace));
        let world = World::new().given("s.yaml", text);
        assert_eq!(world.findings().len(), expected, "{namespace}: {:?}", world.findings());
        assert_eq!(world.judge().bundles.len(), 1);
    }
    let elsewhere = format!("{}{there}", milvus("\n  namespace: here"));
    assert_eq!(findings("s.yaml", elsewhere), NOTHING, "it is another Milvus'");
    let unsaid = format!("{}{there}", milvus(""));
    assert_eq!(findings("s.yaml", unsaid).len(), 1, "kubectl may have been told the namespace");
}

#[test]
fn a_secret_that_has_nothing_to_do_with_the_directory_is_not_compared_with_it() {
    let ingress = secret(&[("tls.crt", FOREIGN.get("server.pem")), ("tls.key", FOREIGN.get("server.key"))]);
    assert_eq!(findings("s.yaml", ingress.as_str()), NOTHING);
    let named = secret(&[("server.pem", FOREIGN.get("server.pem"))]);
    assert_eq!(findings("s.yaml", named), ["s.yaml:7:3 not-the-directorys"], "it is called as Milvus' is");
    let related = secret(&[("tls.crt", OTHER.get("server.pem"))]);
    assert_eq!(findings("s.yaml", related), ["s.yaml:7:3 not-the-directorys"], "it is for the same name");
    let resource = operator::RESOURCE.replace("/certs/server.pem", "/certs/tls.crt");
    let mounted = findings("s.yaml", format!("{resource}---\n{ingress}"));
    assert!(mounted.iter().any(|found| found.ends_with(" not-the-directorys")), "Milvus gets it");
}

#[test]
fn a_source_does_not_show_its_content() {
    let source = Source { name: "s.yaml".into(), content: b"secret".to_vec().into() };
    assert_eq!(format!("{source:?}"), "Source(\"s.yaml\", 6 octets)");
}
