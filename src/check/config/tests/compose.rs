use crate::check::config::tests::*;

/// The stock file, with TLS.
pub(crate) const STOCK: &str = "\
services:
  etcd:
    image: quay.io/coreos/etcd:v3.5.18
    volumes:
      - ${DOCKER_VOLUME_DIRECTORY:-.}/volumes/etcd:/etcd
  standalone:
    container_name: milvus-standalone
    image: milvusdb/milvus:v2.5.16
    command: [\"milvus\", \"run\", \"standalone\"]
    environment:
      ETCD_ENDPOINTS: etcd:2379
    volumes:
      - ${DOCKER_VOLUME_DIRECTORY:-.}/volumes/milvus:/var/lib/milvus
      - ./tls:/milvus/tls:ro
      - ./user.yaml:/milvus/configs/user.yaml:ro
    ports:
      - \"19530:19530\"
      - \"9091:9091\"
      - \"8080:8080\"
";

fn stock(text: &str) -> World {
    World::new().given("m/docker-compose.yml", text).file("m/user.yaml", MUTUAL).tls_in("m/tls")
}

fn changed(from: &str, to: &str) -> Vec<String> {
    assert!(STOCK.contains(from));
    stock(&STOCK.replace(from, to)).findings()
}

#[test]
fn a_correct_file_gives_no_finding() {
    assert_eq!(stock(STOCK).findings(), NOTHING);
    assert_eq!(stock(STOCK).judge().tls_mode, Some(2));
    for (from, to) in [
        ("./tls:/milvus/tls:ro", "{type: bind, source: ./tls, target: /milvus/tls, read_only: true}"),
        ("./tls:", "${DOCKER_VOLUME_DIRECTORY:-.}/tls:"),
        ("./tls:", "certs:"),
        ("\"8080:8080\"", "8000-8100:8000-8100"),
        ("\"8080:8080\"", "{target: 8080, published: 443}"),
        ("\"8080:8080\"", "\"${REST}\""),
        (
            "    ports:\n      - \"19530:19530\"\n      - \"9091:9091\"\n      - \"8080:8080\"\n",
            "    network_mode: host\n",
        ),
        ("milvusdb/milvus:v2.5.16", "registry.example:5000/milvusdb/milvus@sha256:00"),
        ("milvusdb/milvus:v2.5.16", "${IMAGE}"),
        ("    command: [\"milvus\", \"run\", \"standalone\"]\n", ""),
    ] {
        assert_eq!(changed(from, to), NOTHING, "{to}");
    }
}

#[test]
fn a_rest_port_that_is_not_published_is_found() {
    assert_eq!(changed("      - \"8080:8080\"\n", ""), ["m/docker-compose.yml:16:5 rest-port-not-published"]);
    let swapped = changed("\"8080:8080\"", "\"8080:80\"");
    assert_eq!(
        swapped,
        ["m/docker-compose.yml:16:5 rest-port-not-published"],
        "it is the container's that counts"
    );
    let nothing =
        changed("      - \"19530:19530\"\n      - \"9091:9091\"\n      - \"8080:8080\"\n", "      - 9091\n");
    assert_eq!(nothing, NOTHING, "gRPC is not published either");
}

#[test]
fn findings_in_a_mounted_file_are_in_that_file() {
    let world = stock(STOCK).file("m/user.yaml", MUTUAL.replace("8080", "19530"));
    assert_eq!(world.findings(), ["m/user.yaml:3:11 rest-port-missing"]);
    let world = stock(STOCK).file("m/user.yaml", "tls: [");
    assert_eq!(world.findings(), ["m/user.yaml:2:1 malformed-yaml"]);
    let other = stock(STOCK).given("other.yaml", "proxy: {port: x}\n");
    assert_eq!(other.findings(), ["other.yaml:1:15 wrong-type"], "it is another file");
    let both = stock(STOCK).given("./m/user.yaml", MUTUAL.replace("8080", "19530"));
    assert_eq!(both.findings(), ["m/user.yaml:3:11 rest-port-missing"], "it is the same file");
    let text = MUTUAL.replace("8080", "19530");
    let other_name = stock(STOCK).file("m/user.yaml", text.as_str()).given("/work/m/user.yaml", text);
    assert_eq!(other_name.findings(), ["m/user.yaml:3:11 rest-port-missing"], "it is the same file");
}

#[test]
fn settings_that_are_given_and_not_mounted_do_not_reach_milvus() {
    let text = STOCK.replace("      - ./user.yaml:/milvus/configs/user.yaml:ro\n", "");
    let world = stock(&text).given("user.yaml", MUTUAL.replace("/milvus/tls", "/certs"));
    assert_eq!(
        world.findings(),
        ["m/docker-compose.yml:12:5 settings-not-mounted", "user.yaml:5:18 tls-path-not-mounted"],
        "what else is wrong with them is found too"
    );
    assert_eq!(world.evidence()[0], "user.yaml is not mounted into the service standalone");
    assert_eq!(world.stopped()[0], ("settings-not-mounted", true, true));
    let elsewhere = changed("/milvus/configs/user.yaml", "/milvus/config/user.yaml");
    assert_eq!(elsewhere, ["m/docker-compose.yml:15:9 settings-not-mounted"]);
    for (from, to) in [
        ("milvusdb/milvus:", "registry.example/team/milvus:"),
        ("    image: milvusdb/milvus:v2.5.16\n", "    image: milvusdb/milvus:v2.5.16\n    build: .\n"),
        ("      ETCD_ENDPOINTS: etcd:2379\n", "      MILVUSCONF: /etc/milvus\n"),
        (
            "      - ./tls:/milvus/tls:ro\n",
            "      - ./tls:/milvus/tls:ro\n      - settings:/milvus/configs\n",
        ),
    ] {
        let world = stock(&text.replace(from, to)).given("user.yaml", MUTUAL);
        assert!(!world.findings().iter().any(|found| found.contains("not-mounted")), "{to}");
    }
    let variables = text.replace("      ETCD_ENDPOINTS: etcd:2379\n", "      COMMON_SECURITY_TLSMODE: 2\n");
    let world = stock(&variables).given("user.yaml", MUTUAL);
    assert_eq!(world.findings(), NOTHING, "the mode comes by another way");
}

#[test]
fn paths_that_lead_nowhere_are_found() {
    let unmounted = changed("      - ./tls:/milvus/tls:ro\n", "");
    assert_eq!(unmounted, ["m/user.yaml:5:18 tls-path-not-mounted"]);
    let elsewhere = changed("./tls:/milvus/tls:ro", "./tls:/milvus/tls2");
    assert_eq!(elsewhere, ["m/user.yaml:5:18 tls-path-not-mounted"]);
    let no_folder = changed("./tls:", "./other:");
    assert_eq!(no_folder, ["m/docker-compose.yml:14:9 tls-file-not-there"], "once, for the folder");
    let no_file = stock(STOCK).file("m/user.yaml", MUTUAL.replace("server.key", "key.pem"));
    assert_eq!(no_file.findings(), ["m/user.yaml:6:18 tls-file-not-there"]);
    assert_eq!(
        no_file.evidence(),
        ["tls.serverKeyPath is \"/milvus/tls/key.pem\": there is no m/./tls/key.pem"]
            .map(|text| text.replace("/./", "/"))
    );
    let no_config = changed("./user.yaml:", "./users.yaml:");
    assert_eq!(no_config, ["m/docker-compose.yml:15:9 tls-file-not-there"]);
}

#[test]
fn the_images_certificates_are_public_unless_something_is_mounted_over_them() {
    let public = stock(STOCK).file("m/user.yaml", MUTUAL.replace("/milvus/tls/", "configs/cert/"));
    assert_eq!(public.findings(), ["m/user.yaml:5:18 public-certificate-path"]);
    let text = STOCK.replace("/milvus/tls:ro", "/milvus/configs/cert");
    let over = stock(&text).file("m/user.yaml", MUTUAL.replace("/milvus/tls/", "configs/cert/"));
    assert_eq!(over.findings(), NOTHING);
    let unset = "common: {security: {tlsMode: 2}}\nproxy: {http: {port: 8080}}\n";
    assert_eq!(stock(&text).file("m/user.yaml", unset).findings(), NOTHING, "Milvus takes them by default");
    let lacking = text.replace("./tls:", "./some:");
    let lacking = stock(&lacking).file("m/user.yaml", unset).file("m/some/server.pem", OWN.get("server.pem"));
    assert_eq!(lacking.findings(), ["m/user.yaml:1:30 tls-file-not-there"]);
}

#[test]
fn what_is_in_another_image_is_not_known() {
    for image in ["registry.example/team/milvus:v2.5.16", "milvus:tls", "${IMAGE}"] {
        let text =
            STOCK.replace("milvusdb/milvus:v2.5.16", image).replace("      - ./tls:/milvus/tls:ro\n", "");
        assert_eq!(stock(&text).findings(), NOTHING, "{image}");
    }
    let built = STOCK.replace("    container_name", "    build: .\n    container_name");
    let built = built
        .replace("      - ./tls:/milvus/tls:ro\n", "")
        .replace("      - ./user.yaml:/milvus/configs/user.yaml:ro\n", "");
    assert_eq!(stock(&built).findings(), NOTHING);
    let mirror = STOCK
        .replace("milvusdb", "registry.example:5000/docker.io/milvusdb")
        .replace("      - ./tls:/milvus/tls:ro\n", "");
    assert_eq!(stock(&mirror).findings(), ["m/user.yaml:5:18 tls-path-not-mounted"]);
}

#[test]
fn settings_that_are_written_into_the_compose_file_are_read() {
    let text = format!(
        "\
services:
  milvus:
    image: milvusdb/milvus
    volumes: ['./tls:/milvus/tls']
    configs: [{{source: user, target: /milvus/configs/user.yaml}}]
configs:
  user:
    content: |
{}",
        indented(MUTUAL, 6)
    );
    assert_eq!(stock(&text).findings(), NOTHING);
    assert_eq!(stock(&text).judge().tls_mode, Some(2));
    assert_eq!(
        stock(&text.replace("port: 8080", "port: 19530")).findings(),
        ["m/docker-compose.yml:11:17 rest-port-missing"]
    );
    assert_eq!(stock(&text.replace("port: 8080", "port: ${REST}")).findings(), NOTHING, "it is not known");
}

#[test]
fn a_file_whose_services_may_be_elsewhere_need_not_run_milvus() {
    for text in [
        "include: [docker-compose.yml]\nservices:\n  ui: {image: zilliz/attu}\n",
        "services:\n  standalone:\n    extends: {file: base.yml, service: standalone}\n",
    ] {
        assert_eq!(findings("compose.yml", text), NOTHING, "{text}");
    }
}

#[test]
fn the_key_of_a_ca_in_a_mounted_folder_is_found() {
    let folder = stock(STOCK).file("m/tls/ca.key", OWN.get("ca.key"));
    assert_eq!(folder.findings(), ["m/docker-compose.yml:14:9 ca-key-mounted"]);
    let text = STOCK.replace("      - ./user", "      - ./ca.key:/milvus/ca.key\n      - ./user");
    let file = stock(&text).file("m/ca.key", OWN.get("ca.key"));
    assert_eq!(file.findings(), ["m/docker-compose.yml:15:9 ca-key-mounted"]);
    for path in ["m/tls/signer.pem", "m/tls/old/signer", "m/tls/backup-20260101T000000Z/ca.key"] {
        let world = stock(STOCK).file(path, OWN.get("ca.key"));
        assert_eq!(world.findings(), ["m/docker-compose.yml:14:9 ca-key-mounted"], "{path}");
        let name = path.trim_start_matches("m/tls/");
        assert!(world.evidence()[0].ends_with(&format!("has the CA's key in {name}")), "{path}");
    }
    let both = format!("{}{}", OWN.get("ca.pem"), OWN.get("ca.key"));
    let in_ca_pem = stock(STOCK).file("m/tls/ca.pem", both);
    assert_eq!(in_ca_pem.findings(), ["m/docker-compose.yml:14:9 ca-key-mounted"]);
    let others =
        stock(STOCK).file("m/tls/client.key", OWN.get("client.key")).file("m/tls/x.key", OTHER.get("ca.key"));
    assert_eq!(others.findings(), NOTHING, "nobody knows whose they are");
    let pair = others.file("m/tls/x.pem", OTHER.get("ca.pem"));
    assert_eq!(pair.findings(), ["m/docker-compose.yml:14:9 ca-key-mounted"]);
    let renamed = text.replace("./ca.key:/milvus/ca.key", "./root:/milvus/ca.key");
    assert_eq!(stock(&renamed).findings(), ["m/docker-compose.yml:15:9 ca-key-mounted"]);
}

#[test]
fn single_files_are_one_finding() {
    let single = "./tls/server.pem:/milvus/tls/server.pem
      - ./tls/server.key:/milvus/tls/server.key
      - ./tls/ca.pem:/milvus/tls/ca.pem:ro";
    assert_eq!(changed("./tls:/milvus/tls:ro", single), ["m/docker-compose.yml:14:9 single-file-mount"]);
    let unused = "./tls:/milvus/tls\n      - ./tls/ca.pem:/etc/ssl/certs/ca.crt";
    assert_eq!(changed("./tls:/milvus/tls:ro", unused), NOTHING, "Milvus does not read it for its own TLS");
    let named_otherwise = "./tls:/milvus/tls\n      - ./tls/ca.pem:/root";
    let world = stock(&STOCK.replace("./tls:/milvus/tls:ro", named_otherwise));
    let world = world.file("m/user.yaml", MUTUAL.replace("/milvus/tls/ca.pem", "/root"));
    assert_eq!(world.findings(), ["m/docker-compose.yml:15:9 single-file-mount"]);
    assert_eq!(world.evidence(), ["/root is mounted as a single file"]);
}

#[test]
fn a_milvus_yaml_that_replaces_the_images_is_found_and_read() {
    let text = STOCK
        .replace("./user.yaml:/milvus/configs/user.yaml:ro", "./milvus.yaml:/milvus/configs/milvus.yaml");
    let world = stock(&text).file("m/milvus.yaml", MUTUAL.replace("8080", "19530"));
    assert_eq!(
        world.findings(),
        ["m/docker-compose.yml:15:9 milvus-yaml-replaced", "m/milvus.yaml:3:11 rest-port-missing"]
    );
    let text = STOCK.replace("./user.yaml:/milvus/configs/user.yaml:ro", "./configs:/milvus/configs");
    let world = stock(&text).file("m/configs/user.yaml", MUTUAL).file("m/configs/milvus.yaml", "tls: {}\n");
    assert_eq!(world.findings(), ["m/docker-compose.yml:15:9 milvus-yaml-replaced"]);
    assert_eq!(world.judge().tls_mode, Some(2));
}

#[test]
fn certificates_that_are_not_the_directorys_are_found() {
    let world = stock(STOCK)
        .file("m/tls/server.pem", OTHER.get("server.pem"))
        .file("m/tls/ca.pem", OTHER.get("ca.pem"));
    assert_eq!(world.findings(), ["m/docker-compose.yml:14:9 not-the-directorys"]);
    let both = format!("{}{}", OTHER.get("ca.pem"), OWN.get("ca.pem"));
    assert_eq!(stock(STOCK).file("m/tls/ca.pem", both).findings(), NOTHING, "the directory's is among them");
}

#[test]
fn the_environment_wins_over_every_file() {
    let environment = |variables: &str| changed("      ETCD_ENDPOINTS: etcd:2379\n", variables);
    assert_eq!(
        environment("      COMMON_SECURITY_TLSMODE: 3\n"),
        ["m/docker-compose.yml:11:32 tls-mode-invalid"]
    );
    assert_eq!(
        environment("      - MILVUS_CONF_PROXY_HTTP_PORT=19530\n"),
        ["m/docker-compose.yml:11:9 rest-port-missing"]
    );
    let quoted = environment("      - COMMON_SECURITY_TLSMODE=\"1\"\n");
    assert_eq!(quoted, ["m/docker-compose.yml:11:9 tls-mode-invalid"], "the quotes are part of the value");
    assert_eq!(environment("      PROXY_PORT: ${GRPC_PORT}\n"), NOTHING, "it cannot be told");
    assert_eq!(
        environment("      TLS_SERVERPEMPATH: /certs/server.pem\n"),
        ["m/docker-compose.yml:11:26 tls-path-not-mounted"]
    );
    let alone = STOCK
        .replace("      - ./user.yaml:/milvus/configs/user.yaml:ro\n", "")
        .replace("      ETCD_ENDPOINTS: etcd:2379\n", "      - COMMON_SECURITY_TLSMODE=1\n");
    assert_eq!(
        stock(&alone).findings(),
        ["m/docker-compose.yml:11:9 rest-port-missing", "m/docker-compose.yml:11:9 tls-path-not-set"]
    );
}

#[test]
fn variables_of_a_file_are_read() {
    let text =
        STOCK.replace("    environment:\n", "    env_file: [./.env, {path: more.env}]\n    environment:\n");
    let world =
        stock(&text).file("m/.env", "# c\n\n  COMMON_SECURITY_TLSMODE=\"x\"\n").file("m/more.env", "A=b\n");
    assert_eq!(world.findings(), ["m/.env:3:3 tls-mode-invalid"]);
    for (written, wrong) in [
        ("19530 # as gRPC's", true),
        ("\"19530\" # as gRPC's", true),
        ("'19530'", true),
        ("8080 # another", false),
        ("'8080' # another", false),
        ("# nothing", true),
    ] {
        let world =
            stock(&text).file("m/.env", format!("PROXY_HTTP_PORT={written}\n")).file("m/more.env", "");
        let expected = if wrong { vec!["m/.env:1:1 rest-port-missing"] } else { vec![] };
        assert_eq!(world.findings(), expected, "{written}");
    }
    let over = text.replace("      ETCD_ENDPOINTS: etcd:2379\n", "      COMMON_SECURITY_TLSMODE: 2\n");
    let world = stock(&over).file("m/.env", "COMMON_SECURITY_TLSMODE=x\n").file("m/more.env", "");
    assert_eq!(world.findings(), NOTHING);
}

#[test]
fn what_cannot_be_told_is_no_finding() {
    for (from, to) in [
        ("./user.yaml:", "${CONFIG}:"),
        ("    environment:\n", "    env_file: .env\n    environment:\n"),
        ("    environment:\n", "    extends: {service: base}\n    environment:\n"),
        ("      ETCD_ENDPOINTS: etcd:2379\n", "      MILVUSCONF: /configs\n"),
    ] {
        let text = STOCK.replace(from, to);
        let world = stock(&text)
            .file("m/user.yaml", "common: {security: {tlsMode: 2}}\nproxy: {http: {port: 8080}}\n");
        assert_eq!(world.findings(), NOTHING, "{to}");
    }
    assert_eq!(changed("./tls:/milvus/tls:ro", "./tls:${TARGET}"), NOTHING);
}

#[test]
fn what_a_file_that_cannot_be_read_may_set_is_not_missing() {
    let text = STOCK.replace("      ETCD_ENDPOINTS: etcd:2379\n", "      COMMON_SECURITY_TLSMODE: 2\n");
    let unknown = text.replace("./user.yaml:", "${CONFIG}:");
    assert_eq!(stock(&unknown).findings(), NOTHING);
    let volume = text.replace("./user.yaml:/milvus/configs/user.yaml", "configs:/milvus/configs");
    assert_eq!(stock(&volume).findings(), ["m/docker-compose.yml:15:9 milvus-yaml-replaced"]);
    let folder = text.replace("./user.yaml:", "./tls:");
    assert_eq!(stock(&folder).findings(), NOTHING);
    let absent = text.replace("./user.yaml:", "./users.yaml:");
    assert_eq!(stock(&absent).findings(), ["m/docker-compose.yml:15:9 tls-file-not-there"]);
    assert_eq!(stock(&text).file("m/user.yaml", "a: [").findings(), ["m/user.yaml:2:1 malformed-yaml"]);
}

#[test]
fn what_is_missing_is_missing_where_the_mode_is_set() {
    let text = STOCK.replace("      - ./user.yaml:/milvus/configs/user.yaml:ro\n", "");
    let settings = MUTUAL.replace("proxy:\n  http:\n    port: 8080\n", "");
    let world = stock(&text).given("a/user.yaml", settings).given("b/user.yaml", "etcd: {}\n");
    assert_eq!(world.findings().last().unwrap(), "a/user.yaml:7:14 rest-port-missing");
}

#[test]
fn files_that_are_given_together_are_merged_by_service() {
    let base = STOCK.replace("      - \"8080:8080\"\n", "").replace("      - ./tls:/milvus/tls:ro\n", "");
    let overlay = "services:\n  standalone:\n    ports: ['8080:8080']\n    volumes: ['./tls:/milvus/tls']\n";
    let world = stock(&base).given("over/docker-compose.override.yml", overlay);
    assert_eq!(world.findings(), NOTHING, "relative paths begin at the first file's folder");
    let first = "services:\n  standalone:\n    image: other\n    command: sleep\n";
    assert_eq!(
        World::new().given("1.yml", first).given("2.yml", STOCK).findings(),
        ["2.yml:15:9 tls-file-not-there"]
    );
    let last = World::new().given("1.yml", STOCK).given("2.yml", first).findings();
    assert_eq!(last, ["1.yml:1:1 config-not-recognised"], "the last file's image and command count");
    let environment = "services:\n  standalone:\n    environment: {COMMON_SECURITY_TLSMODE: x}\n";
    let world = stock(STOCK).given("o.yml", environment);
    assert_eq!(world.findings(), ["o.yml:3:44 tls-mode-invalid"]);
}

#[test]
fn components_without_clients_need_no_certificates_for_clients() {
    let text = "\
x-milvus: &milvus
  image: milvusdb/milvus:v2.5.16
  volumes: ['./user.yaml:/milvus/configs/user.yaml']
services:
  proxy:
    <<: *milvus
    command: milvus run proxy
    volumes: ['./user.yaml:/milvus/configs/user.yaml', './tls:/milvus/tls']
  querynode:
    <<: *milvus
    command: [\"/tini\", \"--\", \"milvus\", \"run\", \"querynode\"]
";
    assert_eq!(stock(text).findings(), NOTHING);
    let internal = stock(text).file("m/user.yaml", INTERNAL);
    assert_eq!(internal.findings(), ["m/user.yaml:2:18 tls-path-not-mounted"], "internal TLS is everybody's");
}

#[test]
fn secrets_and_configs_of_compose_are_mounts() {
    let text = "\
services:
  milvus:
    image: milvusdb/milvus
    secrets: [key, {source: pem, target: /milvus/tls/server.pem}, {source: ca, target: ca.pem}]
    configs: [{source: user, target: /milvus/configs/user.yaml}]
secrets: {key: {file: ./tls/server.key}, pem: {file: tls/server.pem}, ca: {external: true}}
configs: {user: {file: ./user.yaml}}
";
    let settings = MUTUAL
        .replace("/milvus/tls/server.key", "/run/secrets/key")
        .replace("/milvus/tls/ca.pem", "/run/secrets/ca.pem");
    let world = stock(text).file("m/user.yaml", settings);
    assert_eq!(world.findings(), ["m/docker-compose.yml:4:15 single-file-mount"]);
}

#[test]
fn a_file_from_standard_input_begins_at_the_current_folder() {
    let world = World::new().given("-", STOCK).file("user.yaml", MUTUAL).tls_in("tls");
    assert_eq!(world.findings(), NOTHING);
}

#[test]
fn docker_makes_a_folder_of_a_source_that_is_not_there() {
    let single =
        STOCK.replace("./tls:/milvus/tls:ro", "./cert.pem:/milvus/tls/server.pem\n      - ./tls:/milvus/tls");
    let world = stock(&single);
    let found = world.judge().findings;
    let missing = found.iter().find(|finding| finding.evidence.contains("cert.pem")).unwrap();
    assert_eq!(missing.code, Code::TlsFileNotThere);
    assert!(missing.why.contains("read ...: is a directory"), "{}", missing.why);
    assert!(missing.fix.to_string().contains("remove that"));
    let made = stock(&single).file("m/cert.pem/x", "");
    assert!(made.findings().contains(&"m/docker-compose.yml:14:9 directory-instead-of-file".to_owned()));
    let folder = stock(&STOCK.replace("./tls:", "./none:")).judge().findings;
    assert!(folder[0].why.contains("open ...: no such file or directory"), "{}", folder[0].why);
}

#[test]
fn compose_reads_one_override_by_itself() {
    let base = STOCK.replace("      - ./tls:/milvus/tls:ro\n", "");
    let ours = "services: {standalone: {volumes: ['./tls:/milvus/tls:ro']}}\n";
    let world = |name: &str| stock(&base).given(&format!("m/{name}"), ours);
    let one = world("docker-compose.override.yaml");
    assert_eq!(one.findings(), NOTHING);
    let other = one.file("m/docker-compose.override.yml", "services: {standalone: {restart: always}}\n");
    let found = other.findings();
    assert!(
        found.contains(&"m/docker-compose.override.yaml:1:1 compose-override-ignored".to_owned()),
        "{found:?}"
    );
    assert!(found.iter().any(|found| found.ends_with(" tls-path-not-mounted")), "{found:?}");
    let first = world("compose.override.yml").file("m/docker-compose.override.yml", "services: {}\n");
    assert_eq!(first.findings(), NOTHING, "the others are ignored, not this one");
}

#[test]
fn who_runs_milvus_has_to_be_able_to_read_its_key() {
    let of_root = FileMode::PRIVATE;
    for (image, user, owner, mode, is_found) in [
        ("v2.6.6", "", 0, of_root, false),
        ("v3.0.0", "", 0, of_root, true),
        ("3.1-gpu", "", 1000, of_root, true),
        ("v3.0.0", "", 999, of_root, false),
        ("v3.0.0", "", 0, FileMode::PUBLIC, false),
        ("v3.0.0", "    user: root\n", 0, of_root, false),
        ("v2.6.6", "    user: '1000:1000'\n", 0, of_root, true),
        ("v3.0.0", "    user: ${WHO}\n", 0, of_root, false),
        ("latest", "", 0, of_root, false),
        // A group may be that of the container, and rootless Docker gives its users other numbers.
        ("v3.0.0", "", 0, "0640".parse().unwrap(), false),
        ("v3.0.0", "", 100_998, of_root, false),
    ] {
        let text = STOCK.replace("milvus:v2.5.16\n", &format!("milvus:{image}\n{user}"));
        let world = World::new().given("m/c.yml", &text).file("m/user.yaml", MUTUAL).tls_in("m/tls");
        let found = world.owned("m/tls/server.key", mode, owner).judge().findings;
        let is_said = found.iter().any(|finding| finding.code == Code::UnreadableInContainer);
        assert_eq!(is_said, is_found, "{image} {user} {owner} {mode}");
    }
}

#[test]
fn dot_env_is_read_as_compose_reads_it() {
    use crate::check::config::compose::named_in;
    for env in [
        "COMPOSE_FILE=a.yaml:./b.yaml",
        "export COMPOSE_FILE=a.yaml:b.yaml\r\n",
        "COMPOSE_FILE = \"a.yaml:b.yaml\"",
        "COMPOSE_FILE=x\nCOMPOSE_FILE=a.yaml:b.yaml # both",
        "COMPOSE_PATH_SEPARATOR=,\nCOMPOSE_FILE=a.yaml,b.yaml",
    ] {
        assert_eq!(
            named_in(env).as_deref(),
            Some(["a.yaml".to_owned(), "b.yaml".to_owned()].as_slice()),
            "{env}"
        );
    }
    for env in ["", "COMPOSE_FILE=", "#COMPOSE_FILE=a", "MY_COMPOSE_FILE=a"] {
        assert_eq!(named_in(env), None, "{env}");
    }
}
