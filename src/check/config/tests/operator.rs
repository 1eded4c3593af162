use crate::check::config::tests::*;

/// The documentation page's resource, with the REST port that it forgets.
pub(crate) const RESOURCE: &str = "\
apiVersion: milvus.io/v1beta1
kind: Milvus
metadata:
  name: my-release
spec:
  config:
    proxy:
      http:
        port: 8080
    common:
      security:
        tlsMode: 2
    tls:
      serverPemPath: /certs/server.pem
      serverKeyPath: /certs/server.key
      caPemPath: /certs/ca.pem
  components:
    standalone:
      serviceRestfulPort: 8080
    volumes:
      - name: certs
        secret:
          secretName: certs
    volumeMounts:
      - name: certs
        mountPath: /certs
        readOnly: true
";

fn changed(from: &str, to: &str) -> Vec<String> {
    assert!(RESOURCE.contains(from));
    findings("m.yaml", RESOURCE.replace(from, to))
}

#[test]
fn a_correct_resource_gives_no_finding() {
    assert_eq!(findings("m.yaml", RESOURCE), NOTHING);
    let cluster =
        RESOURCE.replace("  config:", "  mode: cluster\n  config:").replace("    standalone:", "    proxy:");
    assert_eq!(findings("m.yaml", cluster.as_str()), NOTHING);
    let alpha = cluster.replace("v1beta1\nkind: Milvus", "v1alpha1\nkind: MilvusCluster");
    assert_eq!(findings("m.yaml", alpha), NOTHING);
    let listed = format!("apiVersion: v1\nkind: List\nitems:\n- {}", indented(RESOURCE, 2).trim_start());
    assert_eq!(findings("m.yaml", listed), NOTHING);
}

#[test]
fn the_operators_own_sample_serves_public_certificates() {
    let sample = RESOURCE
        .replace("    tls:\n      server", "      tls:\n        server")
        .replace("      serverKey", "        serverKey")
        .replace("      caPem", "        caPem");
    assert_eq!(findings("m.yaml", sample), ["m.yaml:13:7 tls-under-common"]);
}

#[test]
fn the_rest_port_needs_the_service() {
    assert_eq!(
        changed("      serviceRestfulPort: 8080\n", "      replicas: 1\n"),
        ["m.yaml:18:5 rest-port-not-published"]
    );
    assert_eq!(
        changed("    standalone:\n      serviceRestfulPort: 8080\n", ""),
        ["m.yaml:17:3 rest-port-not-published"]
    );
    assert_eq!(changed("RestfulPort: 8080", "RestfulPort: 8081"), ["m.yaml:19:27 rest-port-not-published"]);
    let mode = changed("  config:", "  mode: cluster\n  config:");
    assert_eq!(mode, ["m.yaml:18:3 rest-port-not-published"], "a cluster's is the proxy's");
    let missing = changed("    proxy:\n      http:\n        port: 8080\n", "");
    assert_eq!(missing, ["m.yaml:9:18 rest-port-missing"]);
}

#[test]
fn paths_have_to_be_mounted() {
    assert_eq!(changed("mountPath: /certs", "mountPath: /cert"), ["m.yaml:14:22 tls-path-not-mounted"]);
    assert_eq!(
        changed(
            "    volumeMounts:\n      - name: certs\n        mountPath: /certs\n        readOnly: true\n",
            ""
        ),
        ["m.yaml:14:22 tls-path-not-mounted"]
    );
    let removed = RESOURCE.replace(
        "RestfulPort: 8080\n",
        "RestfulPort: 8080\n      volumeMounts: [{name: _remove, mountPath: /certs}]\n",
    );
    assert_eq!(findings("m.yaml", removed), ["m.yaml:14:22 tls-path-not-mounted"]);
    let public = RESOURCE.replace(": /certs/server", ": configs/cert/server");
    assert_eq!(findings("m.yaml", public), ["m.yaml:14:22 public-certificate-path"]);
}

#[test]
fn what_the_operator_mounts_itself_is_not_known() {
    let text = RESOURCE.replace(": /certs/", ": /var/lib/milvus/certs/");
    assert_eq!(findings("m.yaml", text.as_str()), NOTHING);
    let secret = "---\nkind: Secret\nmetadata: {name: certs}\nstringData: {other: x}\n";
    let mounted = text.replace("mountPath: /certs", "mountPath: /var/lib/milvus/certs") + secret;
    assert_eq!(findings("m.yaml", mounted), ["m.yaml:14:22 tls-file-not-there"]);
    let mounted = RESOURCE.replace(": /certs", ": /var/lib/milvus") + secret;
    assert_eq!(findings("m.yaml", mounted), ["m.yaml:14:22 tls-file-not-there"]);
}

#[test]
fn a_components_own_mounts_count() {
    let own = "\
volumes: [{name: certs, secret: {secretName: certs}}]
volumeMounts: [{name: certs, mountPath: /certs/}]
";
    let own = indented(own, 6);
    let text = RESOURCE
        .replace("      serviceRestfulPort: 8080\n", &format!("      serviceRestfulPort: 8080\n{own}"));
    let (text, _) = text.split_once("    volumes:\n").unwrap();
    assert_eq!(findings("m.yaml", text), NOTHING);
}

#[test]
fn a_sub_path_is_a_single_file() {
    let mounts = "\
- name: certs
  mountPath: /certs/server.key
  subPath: server.key
- {name: certs, mountPath: /certs/ca.pem, subPath: ca.pem}
";
    let text = RESOURCE
        .replace("mountPath: /certs\n", "mountPath: /certs/server.pem\n        subPath: server.pem\n")
        + &indented(mounts, 6);
    let world = World::new().given("m.yaml", text);
    assert_eq!(world.findings(), ["m.yaml:27:18 single-file-mount"]);
    assert_eq!(
        world.evidence(),
        ["/certs/server.pem, /certs/server.key and /certs/ca.pem are mounted as single files"]
    );
}

#[test]
fn variables_of_the_container_win() {
    let env = "    env:\n      - {name: COMMON_SECURITY_TLSMODE, value: 'x'}\n    volumes:\n";
    assert_eq!(changed("    volumes:\n", env), ["m.yaml:21:48 tls-mode-invalid"]);
    let unknown = "    env:\n      - name: PROXY_HTTP_PORT\n        valueFrom: {}\n    volumes:\n";
    assert_eq!(changed("    volumes:\n", unknown), NOTHING);
}

#[test]
fn the_secret_of_the_volume_has_to_have_the_files() {
    let with = |keys: &[&str], text: &str| findings("m.yaml", format!("{text}{}", secret(keys)));
    let all = ["server.pem", "server.key", "ca.pem"];
    assert_eq!(with(&all, RESOURCE), NOTHING);
    assert_eq!(with(&all[..2], RESOURCE), ["m.yaml:16:18 tls-file-not-there"]);
    let volume = |items: &str| format!("secretName: certs\n          items: [{items}]");
    let items = "{key: server.pem, path: server.pem}, {key: ca.pem, path: ca.pem}";
    let items = RESOURCE.replace("secretName: certs", &volume(items));
    assert_eq!(with(&all, &items), ["m.yaml:15:22 tls-file-not-there"]);
    let items = "{key: server.pem, path: a/tls.crt}, {key: ca.pem, path: ca.pem}, {key: server.key, path: k}";
    let renamed = RESOURCE
        .replace("secretName: certs", &volume(items))
        .replace("/certs/server.pem", "/certs/a/tls.crt")
        .replace("/certs/server.key", "/certs/k");
    assert_eq!(with(&all, &renamed), NOTHING);
    let other = RESOURCE.replace("secretName: certs", "secretName: others");
    assert_eq!(with(&all[..2], &other), NOTHING, "that Secret is not known");
}

#[test]
fn internal_tls_is_judged_with_the_secret() {
    let text = resource(&INTERNAL.replace("localhost", "milvus"), "/milvus/tls");
    let world = World::new().given("m.yaml", text + &secret(&["server.pem", "server.key", "ca.pem"]));
    assert_eq!(world.findings(), ["m.yaml:10:12 sni-not-covered"]);
    assert!(world.evidence()[0].contains("server.pem of the Secret certs covers localhost"));
}

#[test]
fn a_secret_for_root_alone_is_not_for_who_runs_milvus() {
    let secret = "          secretName: certs\n";
    for (components, more, is_found) in [
        ("    image: milvusdb/milvus:v3.0.1\n", "          defaultMode: 0400\n", true),
        ("    runAsNonRoot: true\n", "          defaultMode: 256\n", true),
        ("    securityContext: {runAsUser: 1000}\n", "          defaultMode: 0o600\n", true),
        (
            "    runAsNonRoot: true\n",
            "          items: [{key: server.key, path: server.key, mode: 0400}, {key: server.pem, path: server.pem}, {key: ca.pem, path: ca.pem}]\n",
            true,
        ),
        // Root's group may be the container's, and without a mode everybody may read them.
        ("    runAsNonRoot: true\n", "          defaultMode: 0440\n", false),
        ("    runAsNonRoot: true\n", "", false),
        ("    image: milvusdb/milvus:v2.6.6\n", "          defaultMode: 0400\n", false),
        ("    image: milvusdb/milvus:latest\n", "          defaultMode: 0400\n", false),
        (
            "    image: milvusdb/milvus:v3.0.1\n    securityContext: {runAsUser: 0}\n",
            "          defaultMode: 0400\n",
            false,
        ),
        ("", "          defaultMode: 0400\n", false),
    ] {
        let text = RESOURCE
            .replace("  components:\n", &format!("  components:\n{components}"))
            .replace(secret, &format!("{secret}{more}"));
        let found = findings("m.yaml", text);
        let codes: Vec<_> = found.iter().filter_map(|found| found.split(' ').nth(1)).collect();
        assert_eq!(codes, ["unreadable-in-container"][..usize::from(is_found)], "{components}{more}");
    }
}

#[test]
fn volumes_of_a_component_take_the_place_of_those_of_all() {
    let own = "    standalone:\n      volumes: [{name: data, emptyDir: {}}]\n";
    assert_eq!(changed("    standalone:\n", own), ["m.yaml:19:7 tls-path-not-mounted"]);
    let mounts = "    standalone:\n      volumeMounts: [{name: certs, mountPath: /more}]\n";
    assert_eq!(changed("    standalone:\n", mounts), NOTHING);
}
