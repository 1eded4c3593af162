use crate::check::config::tests::*;

pub(crate) fn values() -> String {
    format!(
        "\
cluster:
  enabled: false
extraConfigFiles:
  user.yaml: |+
{}volumes:
  - name: certs
    secret:
      secretName: certs
volumeMounts:
  - name: certs
    mountPath: /milvus/tls
    readOnly: true
",
        indented(MUTUAL, 4)
    )
}

fn changed(from: &str, to: &str) -> Vec<String> {
    let values = values();
    assert!(values.contains(from));
    findings("values.yaml", values.replace(from, to))
}

#[test]
fn correct_values_give_no_finding() {
    assert_eq!(findings("values.yaml", values()), NOTHING);
    assert_eq!(World::new().given("values.yaml", values()).judge().tls_mode, Some(2));
    let below = format!("etcd: {{}}\nmilvus:\n{}", indented(&values(), 2));
    assert_eq!(findings("values.yaml", below.as_str()), NOTHING);
    assert_eq!(
        findings("values.yaml", below.replace("8080", "19530")),
        ["values.yaml:9:17 rest-port-missing"]
    );
    let charts_own = "\
cluster:
  enabled: true
image:
  all: {repository: milvusdb/milvus}
customConfigMap: \"\"
extraConfigFiles:
  user.yaml: |+
    #    tls:
    #      serverPemPath: /x
proxy: {http: {enabled: true}, tls: {enabled: false}}
";
    assert_eq!(findings_alone("values.yaml", charts_own), NOTHING);
    assert_eq!(
        findings_alone("values.yaml", charts_own.replace("\"\"", "mine")),
        NOTHING,
        "there is nothing to ignore"
    );
}

#[test]
fn positions_are_those_of_the_values() {
    assert_eq!(changed("port: 8080", "port: 19530"), ["values.yaml:7:15 rest-port-missing"]);
    assert_eq!(
        changed("        port: 8080\n", "        enabled: true\n"),
        ["values.yaml:6:7 rest-port-missing"]
    );
    assert_eq!(
        changed("    proxy:\n      http:\n        port: 8080\n", ""),
        ["values.yaml:5:5 rest-port-missing"]
    );
    assert_eq!(changed("    tls:\n", "    b: c: d\n    tls:\n"), ["values.yaml:8:9 malformed-yaml"]);
    let quoted = "extraConfigFiles:\n  user.yaml: \"common: {security: {tlsMode: 1}}\\nproxy: {http: {port: 8080}}\"\n";
    assert_eq!(findings("values.yaml", quoted), ["values.yaml:2:14 tls-path-not-set"]);
}

#[test]
fn mounts_of_the_values_count() {
    assert_eq!(
        changed("mountPath: /milvus/tls", "mountPath: /milvus/certs"),
        ["values.yaml:9:22 tls-path-not-mounted"]
    );
    assert_eq!(
        changed("    readOnly: true", "    subPath: server.pem"),
        NOTHING,
        "the file of a folder's name is not one of ours"
    );
    let component = values()
        .replace("volumes:", "standalone:\n  volumes:")
        .replace("volumeMounts:", "  volumeMounts:")
        .replace("\n  - name", "\n    - name");
    let component = component
        .replace("\n    secret:\n      secretName", "\n      secret:\n        secretName")
        .replace("\n    mountPath", "\n      mountPath")
        .replace("\n    readOnly", "\n      readOnly");
    assert_eq!(findings("values.yaml", component.as_str()), NOTHING);
    let cluster = component.replace("enabled: false", "enabled: true");
    assert_eq!(
        findings("values.yaml", cluster),
        ["values.yaml:9:22 tls-path-not-mounted"],
        "a cluster's clients talk to the proxy"
    );
}

#[test]
fn a_config_map_of_ones_own_makes_the_chart_ignore_the_files() {
    let ignored = values().replace("cluster:", "customConfigMap: mine\ncluster:").replace("8080", "19530");
    assert_eq!(findings("values.yaml", ignored.as_str()), ["values.yaml:1:18 custom-config-map"]);
    let malformed = ignored.replace("    tls:\n", "    b: c: d\n");
    assert_eq!(findings("values.yaml", malformed), ["values.yaml:1:18 custom-config-map"]);
}

#[test]
fn a_whole_milvus_yaml_reaches_no_pod() {
    let values = values().replace("user.yaml: |+", "milvus.yaml: |+");
    let world = World::new().given("values.yaml", values.as_str());
    assert_eq!(world.findings(), ["values.yaml:4:3 milvus-yaml-replaced"]);
    assert_eq!(world.stopped(), [("milvus-yaml-replaced", true, true)]);
    let both = format!("{values}  # nothing\n").replace(
        "extraConfigFiles:\n",
        &format!("extraConfigFiles:\n  user.yaml: |\n{}", indented(MUTUAL, 4)),
    );
    assert_eq!(World::new().given("values.yaml", both).stopped(), [], "Milvus gets its settings");
}

#[test]
fn user_yaml_has_to_be_text() {
    assert_eq!(changed("user.yaml: |+", "user.yaml:"), ["values.yaml:5:5 wrong-type"]);
}

#[test]
fn variables_of_the_component_win() {
    let env = "standalone:\n  extraEnv: [{name: PROXY_HTTP_PORT, value: '19530'}]\nvolumes:";
    assert_eq!(changed("volumes:", env), ["values.yaml:16:45 rest-port-missing"]);
}
