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
        ["values.yaml:14:18 rest-port-missing"]
    );
    assert_eq!(
        changed("    proxy:\n      http:\n        port: 8080\n", ""),
        ["values.yaml:11:18 rest-port-missing"]
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

/// What nginx stands before Milvus with.
pub(crate) const INGRESS: &str = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: search
  annotations:
    nginx.ingress.kubernetes.io/backend-protocol: GRPC
spec:
  rules:
    - http: {paths: [{path: /, backend: {service: {name: search, port: {number: 19530}}}}]}
";

#[test]
fn an_ingress_has_to_speak_as_milvus_listens() {
    let one_way = |more: &str| format!("{}{more}", values().replace("Mode: 2", "Mode: 1"));
    let annotated =
        |annotations: &str| one_way(&format!("ingress: {{enabled: true, annotations: {{{annotations}}}}}\n"));
    let prefix = "nginx.ingress.kubernetes.io";
    assert_eq!(findings("v.yaml", one_way("ingress: {enabled: false}\n")), NOTHING);
    // The chart's own annotation is GRPC, and stays where others are added.
    assert_eq!(
        findings("v.yaml", one_way("ingress: {enabled: true}\n")),
        ["v.yaml:23:10 ingress-in-plaintext"]
    );
    let more = annotated(&format!("{prefix}/ssl-redirect: 'true'"));
    assert_eq!(findings("v.yaml", more), ["v.yaml:23:10 ingress-in-plaintext"]);
    for protocol in ["GRPCS", "grpcs", "HTTPS"] {
        assert_eq!(findings("v.yaml", annotated(&format!("{prefix}/backend-protocol: {protocol}"))), NOTHING);
    }
    for said in ["kubernetes.io/ingress.class: alb".to_owned(), format!("{prefix}/ssl-passthrough: 'true'")] {
        assert_eq!(findings("v.yaml", annotated(&said)), NOTHING, "{said}");
    }
    let mutual = format!(
        "{}ingress: {{enabled: true, annotations: {{{prefix}/backend-protocol: GRPCS}}}}\n",
        values()
    );
    let world = World::new().given("v.yaml", mutual.as_str());
    assert_eq!(world.findings().len(), 1);
    assert!(world.findings()[0].ends_with(" ingress-without-certificate"));
    let snippet =
        mutual.replace("GRPCS", &format!("GRPCS, {prefix}/configuration-snippet: grpc_ssl_certificate /a;"));
    assert_eq!(findings("v.yaml", snippet), NOTHING);
    let off = mutual.replace("Mode: 2", "Mode: 0");
    assert!(findings("v.yaml", off).iter().any(|found| found.ends_with(" ingress-to-plaintext")));
}

#[test]
fn a_resource_of_kind_ingress_is_judged_with_the_settings_beside_it() {
    let beside = |ingress: &str, mode: &str| {
        let settings = MUTUAL.replace("Mode: 2", mode);
        World::new().given("i.yaml", ingress).given("user.yaml", settings).findings()
    };
    assert_eq!(beside(INGRESS, "Mode: 1"), ["i.yaml:6:51 ingress-in-plaintext"]);
    assert_eq!(beside(&INGRESS.replace("GRPC", "GRPCS"), "Mode: 1"), NOTHING);
    assert_eq!(
        beside(&INGRESS.replace("GRPC", "GRPCS"), "Mode: 2"),
        ["i.yaml:6:51 ingress-without-certificate"]
    );
    assert_eq!(beside(&INGRESS.replace("19530", "3000"), "Mode: 1"), NOTHING, "it leads to something else");
    let class = INGRESS.replace("spec:", "spec:\n  ingressClassName: traefik");
    assert_eq!(beside(&class, "Mode: 1"), NOTHING, "Traefik reads other annotations");
    let silent = INGRESS.replace("backend-protocol: GRPC", "ssl-redirect: 'true'");
    assert_eq!(beside(&silent, "Mode: 1"), ["i.yaml:1:1 ingress-in-plaintext"]);
}

#[test]
fn values_files_are_merged_as_helm_merges_them() {
    let world = |second: &str| World::new().given("a.yaml", values()).given("b.yaml", second);
    assert_eq!(world("service: {type: LoadBalancer}\n").findings(), NOTHING);
    assert_eq!(world("cluster: {enabled: true}\n").judge().tls_mode, Some(2), "one Milvus, not two");
    let replaced = world("extraConfigFiles:\n  user.yaml: |\n    log: {level: debug}\n");
    let findings = replaced.judge().findings;
    let found = findings.iter().find(|finding| finding.code == Code::ValuesReplaced).unwrap();
    assert_eq!(found.place.to_string(), "b.yaml:2:3");
    assert_eq!(
        found.evidence,
        "user.yaml replaces that of a.yaml: proxy.http.port, tls.serverPemPath, tls.serverKeyPath, tls.caPemPath \
         and common.security.tlsMode are lost"
    );
    assert!(
        findings.iter().any(|finding| finding.code == Code::TlsOff),
        "the second file counts: {findings:?}"
    );
    let list = world("volumes: [{name: data, emptyDir: {}}]\n").evidence();
    assert_eq!(list[0], "volumes replaces that of a.yaml: certs is lost");
    let again = "volumes: [{name: data, emptyDir: {}}, {name: certs, secret: {secretName: certs}}]\n";
    assert_eq!(world(again).findings(), NOTHING, "it says all of it again");
    assert_eq!(world("extraConfigFiles: {other.yaml: x}\n").judge().tls_mode, Some(2), "maps merge");
}

#[test]
fn a_secret_for_root_alone_needs_a_group_of_the_pod() {
    let secret = "      secretName: certs\n";
    let said = |more: &str| {
        let text = values().replace(secret, &format!("{secret}      defaultMode: 0400\n")) + more;
        findings("values.yaml", text).iter().any(|found| found.ends_with(" unreadable-in-container"))
    };
    let image = "image: {all: {tag: v3.0.1}}\n";
    assert!(said(image));
    assert!(said("containerSecurityContext: {runAsUser: 1000}\n"));
    assert!(said("securityContext: {fsGroup: 0}\nstandalone: {securityContext: {runAsUser: 1000}}\n"));
    assert!(!said(&format!("{image}securityContext: {{fsGroup: 999}}\n")));
    assert!(!said(&format!("{image}securityContext: {{runAsUser: 0}}\n")));
    assert!(!said("image: {all: {tag: v2.6.15}}\n"));
    assert!(!said(""));
}
