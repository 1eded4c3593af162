use crate::check::config::tests::*;

#[test]
fn correct_settings_give_no_finding() {
    for text in [
        MUTUAL.to_owned(),
        MUTUAL.replace("tlsMode: 2", "tlsMode: \"1\""),
        MUTUAL.replace("tlsMode: 2", "tlsMode: 1.0 # which Milvus' reader takes for 1"),
        MUTUAL.replace("tlsMode: 2", "tlsMode: 1").replace("  caPemPath: /milvus/tls/ca.pem\n", ""),
        MUTUAL.replace("port: 8080", "enabled: false"),
        MUTUAL.replace("port: 8080", "port: '8080'\n    unknown: [1, 2]\n  other: {}"),
        INTERNAL.to_owned(),
        INTERNAL.replace("true", "yes").replace("sni: localhost", "sni: 10.0.0.1"),
        "common.security.tlsMode: 1\nTLS_SERVERPEMPATH: /a\ntls/serverkeypath: /b\nproxy: {http.port: 8080}\n".into(),
    ] {
        assert_eq!(findings("user.yaml", text.as_str()), NOTHING, "{text}");
    }
}

#[test]
fn the_images_own_settings_give_no_finding() {
    let text = "\
proxy:
  port: 19530
  http:
    enabled: true
    debug_mode: false
    port: # the same as proxy.port
tls:
  serverPemPath: configs/cert/server.pem
  serverKeyPath: configs/cert/server.key
  caPemPath: configs/cert/ca.pem
internaltls:
  serverPemPath: configs/cert/server.pem
  serverKeyPath: configs/cert/server.key
  caPemPath: configs/cert/ca.pem
common:
  security:
    internaltlsEnabled: false
    tlsMode: 0
";
    assert_eq!(findings_alone("milvus.yaml", text), NOTHING);
    assert_eq!(findings("milvus.yaml", text), ["milvus.yaml:18:14 tls-off"], "there are certificates");
    let on = World::new().given("milvus.yaml", text.replace("tlsMode: 0", "tlsMode: 2"));
    assert_eq!(
        on.findings(),
        ["milvus.yaml:6:5 rest-port-missing", "milvus.yaml:8:18 public-certificate-path"]
    );
    let on = text.replace("internaltlsEnabled: false", "internaltlsEnabled: true");
    assert_eq!(
        findings_alone("milvus.yaml", on),
        ["milvus.yaml:11:1 internal-tls-without-sni", "milvus.yaml:12:18 public-certificate-path"]
    );
}

#[test]
fn the_mode_is_read_as_milvus_reads_it() {
    for (value, mode, codes) in [
        ("0", Some(0), vec!["tls-off"]),
        ("", Some(0), vec!["tls-off"]),
        ("1", Some(1), vec![]),
        ("'2'", Some(2), vec![]),
        ("3", None, vec!["tls-mode-invalid"]),
        ("-1", None, vec!["tls-mode-invalid"]),
        ("one", None, vec!["tls-mode-invalid"]),
        ("true", None, vec!["tls-mode-invalid"]),
        ("'1.0'", None, vec!["tls-mode-invalid"]),
        ("off", None, vec!["tls-mode-invalid"]),
        ("[1]", None, vec!["wrong-type"]),
        ("{mode: 1}", None, vec!["wrong-type"]),
    ] {
        let world =
            World::new().given("user.yaml", MUTUAL.replace("tlsMode: 2", &format!("tlsMode: {value}")));
        let judgement = world.judge();
        assert_eq!(judgement.tls_mode, mode, "{value}");
        let found: Vec<_> = judgement.findings.iter().map(|finding| finding.code.name()).collect();
        assert_eq!(found, codes, "{value}");
        let place = judgement.findings.first().map(|finding| finding.place.to_string());
        assert!(
            place.is_none_or(|place| ["user.yaml:10:14", "user.yaml:10:5"].contains(&place.as_str())),
            "{value}"
        );
    }
}

#[test]
fn of_a_mode_that_is_none_nothing_else_follows() {
    for value in ["off", "false", "No", "none", "mutual", "true", "one", "3", "'2 '"] {
        let world = World::new().given("user.yaml", format!("common: {{security: {{tlsMode: {value}}}}}\n"));
        assert_eq!(world.findings(), ["user.yaml:1:30 tls-mode-invalid"], "{value}");
        assert_eq!(world.stopped(), [("tls-mode-invalid", true, true)], "{value}");
    }
}

#[test]
fn a_mode_that_is_not_the_one_that_is_asked_for_is_found_where_it_is_set() {
    for (set, asked, found) in [
        ("2", TlsMode::Mutual, vec![]),
        ("1", TlsMode::OneWay, vec![]),
        ("2", TlsMode::OneWay, vec!["tls-mode-differs"]),
        ("1", TlsMode::Mutual, vec!["tls-mode-differs"]),
        ("0", TlsMode::OneWay, vec!["tls-mode-differs"]),
        ("x", TlsMode::OneWay, vec!["tls-mode-invalid"]),
    ] {
        let world = World::new().given("user.yaml", MUTUAL.replace("Mode: 2", &format!("Mode: {set}")));
        let mut judgement = world.judge();
        judgement.hold_to(asked);
        let codes: Vec<_> = judgement.findings.iter().map(|finding| finding.code.name()).collect();
        assert_eq!(codes, found, "{set}");
        for finding in judgement.findings {
            assert_eq!(finding.place.to_string(), "user.yaml:10:14");
            assert!(Client::ALL.into_iter().all(|client| finding.breaks(asked, client)));
        }
    }
}

#[test]
fn a_configuration_that_cannot_work_stops_everybody() {
    let stopped = |text: &str| World::new().given("user.yaml", text).stopped();
    let changed = |from: &str, to: &str| stopped(&MUTUAL.replace(from, to));
    assert_eq!(changed("tlsMode: 2", "tlsMode: 0"), [("tls-off", true, true)]);
    assert_eq!(changed("tlsMode: 2", "tlsMode: [2]"), [("wrong-type", true, true)]);
    assert_eq!(changed("port: 8080", "port: http"), [("wrong-type", true, true)]);
    assert_eq!(changed("/milvus/tls/server.pem", "{}"), [("wrong-type", true, true)]);
    assert_eq!(
        changed("/milvus/tls/ca.pem", "[]"),
        [("wrong-type", false, true)],
        "for one-way it is not read"
    );
    assert_eq!(changed("port: 8080", "port: 8080\n    enabled: 'yes'"), [], "it stops REST alone");
    assert_eq!(changed("tls:", "tls: ["), [("malformed-yaml", true, true)]);
    assert_eq!(stopped(&format!("{MUTUAL}proxy: {{http: {{port: 8080}}}}\n")), [], "the last one counts");
    assert_eq!(stopped("etcd: {}\n"), [("tls-off", true, true)], "there are certificates, and TLS is off");
    assert_eq!(stopped("common: 1\n"), [("wrong-type", true, true)]);
    let internal = |from: &str, to: &str| stopped(&INTERNAL.replace(from, to));
    assert_eq!(internal("  sni: localhost\n", ""), [("internal-tls-without-sni", true, true)]);
    assert_eq!(internal("sni: localhost", "sni: other"), [("sni-not-covered", true, true)]);
    assert_eq!(internal("sni: localhost", "sni: []"), [("wrong-type", true, true)]);
    assert_eq!(internal("Enabled: true", "Enabled: []"), [], "then there is none");
    let off = INTERNAL.replace("Enabled: true", "Enabled: false").replace("sni: localhost", "sni: []");
    assert_eq!(stopped(&off), [], "nobody needs it");
}

#[test]
fn evidence_says_what_is_there() {
    let evidence = |text: &str| World::new().given("user.yaml", text).evidence();
    let mode = |value: &str| evidence(&MUTUAL.replace("tlsMode: 2", &format!("tlsMode: {value}")));
    assert_eq!(mode("one"), ["common.security.tlsMode is \"one\", which Milvus takes for 0"]);
    assert_eq!(mode("3"), ["common.security.tlsMode is 3; only 0, 1 and 2 exist"]);
    assert_eq!(mode("0"), ["common.security.tlsMode is 0, but tls.serverPemPath names a file"]);
    assert_eq!(evidence(&MUTUAL.replace("8080", "19530")), ["proxy.http.port is 19530, as proxy.port"]);
    assert_eq!(
        evidence(&MUTUAL.replace("    port: 8080", "    enabled: true")),
        ["common.security.tlsMode is 2, and proxy.http.port is not set"]
    );
}

#[test]
fn certificates_without_a_mode_mean_that_tls_is_off() {
    let text = MUTUAL.replace("    tlsMode: 2\n", "    other: 1\n");
    assert_eq!(findings("user.yaml", text), ["user.yaml:9:3 tls-off"]);
}

#[test]
fn values_of_the_wrong_type_are_found_where_they_are() {
    for (from, to, place) in [
        ("port: 8080", "port: http", "3:11"),
        ("port: 8080", "port: 0", "3:11"),
        ("port: 8080", "port: 65536", "3:11"),
        ("port: 8080", "port: [8080]", "3:11"),
        ("port: 8080", "port: 8080\n    enabled: 'yes'", "4:14"),
        ("  http:\n    port: 8080", "  http: 8080", "2:9"),
        ("proxy:", "proxy: &p\n  port: grpc", "2:9"),
        ("/milvus/tls/server.pem", "[a, b]", "5:18"),
        ("/milvus/tls/server.key", "\"-----BEGIN PRIVATE KEY-----\"", "6:18"),
    ] {
        let found = findings("user.yaml", MUTUAL.replace(from, to));
        assert_eq!(found, [format!("user.yaml:{place} wrong-type")], "{to}");
    }
    let text = "tls: /certs\ncommon: {security: {tlsMode: 2}}\nproxy: {http: {port: 8080}}\n";
    assert_eq!(
        findings("user.yaml", text),
        ["user.yaml:1:6 wrong-type"],
        "and not that its paths are not set"
    );
    assert_eq!(findings("user.yaml", "common: {security: {tlsMode: [1]}}"), ["user.yaml:1:30 wrong-type"]);
    assert_eq!(
        findings_alone("user.yaml", "common: {security: {internaltlsEnabled: [1]}}"),
        ["user.yaml:1:41 wrong-type"]
    );
    let off = MUTUAL.replace("port: 8080", "enabled: 'yes'");
    assert_eq!(findings("user.yaml", off), ["user.yaml:3:14 wrong-type"], "Milvus takes it for false");
    let text = INTERNAL.replace("Enabled: true", "Enabled: enabled");
    assert_eq!(findings("user.yaml", text), ["user.yaml:8:25 wrong-type"]);
}

#[test]
fn rest_needs_a_port_of_its_own() {
    let without = MUTUAL.replace("    port: 8080\n", "    enabled: true\n");
    assert_eq!(findings("user.yaml", without), ["user.yaml:10:14 rest-port-missing"]);
    let without = MUTUAL.replace("  http:\n    port: 8080\n", "  maxTaskNum: 1\n");
    assert_eq!(findings("user.yaml", without), ["user.yaml:9:14 rest-port-missing"]);
    let without = MUTUAL.replace("proxy:\n  http:\n    port: 8080\n", "# more\n---\n");
    assert_eq!(findings("user.yaml", without), ["user.yaml:9:14 rest-port-missing"], "where it is asked for");
    let same = MUTUAL.replace("8080", "8443\n  port: 8443");
    assert_eq!(findings("user.yaml", same), ["user.yaml:3:11 rest-port-missing"]);
}

#[test]
fn blocks_under_common_are_found_without_their_consequences() {
    let text = "\
proxy: {http: {port: 8080}}
common:
  security:
    tlsMode: 2
  tls:
    serverPemPath: /certs/server.pem
    serverKeyPath: /certs/server.key
    caPemPath: /certs/ca.pem
";
    assert_eq!(findings("user.yaml", text), ["user.yaml:5:3 tls-under-common"]);
    let deeper = text
        .replace("  tls:", "    tls:")
        .replace("    server", "      server")
        .replace("    ca", "      ca");
    assert_eq!(findings("user.yaml", deeper), ["user.yaml:5:5 tls-under-common"]);
    let internal = "\
common:
  security: {internaltlsEnabled: true}
  internaltls:
    serverPemPath: /certs/server.pem
    serverKeyPath: /certs/server.key
    caPemPath: /certs/ca.pem
    sni: localhost
";
    assert_eq!(findings_alone("user.yaml", internal), ["user.yaml:3:3 tls-under-common"]);
    let flat = "\
common.security.tlsMode: 1
proxy.http.port: 8080
common.tls.serverPemPath: /a
tls.serverKeyPath: /b
";
    assert_eq!(findings("user.yaml", flat), ["user.yaml:3:1 tls-under-common"]);
    let both = format!("{MUTUAL}  tls: {{serverPemPath: /old.pem}}\n");
    assert_eq!(findings("user.yaml", both), NOTHING, "what is also at the top level counts");
    let off = text.replace("tlsMode: 2", "tlsMode: 0");
    assert_eq!(findings("user.yaml", off), ["user.yaml:4:14 tls-off", "user.yaml:5:3 tls-under-common"]);
}

#[test]
fn paths_that_are_not_set_are_one_finding() {
    let text = "common: {security: {tlsMode: 1}}\nproxy: {http: {port: 8080}}\n";
    let world = World::new().given("user.yaml", text);
    assert_eq!(world.findings(), ["user.yaml:1:30 tls-path-not-set"]);
    assert_eq!(world.evidence(), ["tls.serverPemPath and tls.serverKeyPath are not set"]);
    let one = MUTUAL.replace("  serverKeyPath: /milvus/tls/server.key\n", "");
    assert_eq!(findings("user.yaml", one), ["user.yaml:4:1 tls-path-not-set"]);
    let empty = MUTUAL.replace("/milvus/tls/server.key", "");
    assert_eq!(
        findings("user.yaml", empty),
        ["user.yaml:6:3 tls-path-not-set"],
        "what is nowhere is at its key"
    );
    let internal = INTERNAL.replace("  caPemPath: /milvus/tls/ca.pem\n", "");
    assert_eq!(findings("user.yaml", internal), ["user.yaml:1:1 tls-path-not-set"]);
}

#[test]
fn mutual_tls_needs_a_ca_of_its_own() {
    let without = MUTUAL.replace("  caPemPath: /milvus/tls/ca.pem\n", "");
    assert_eq!(findings("user.yaml", without), ["user.yaml:4:1 mutual-without-ca"]);
    let public = MUTUAL.replace("/milvus/tls/ca.pem", "/milvus/configs/cert/ca.pem");
    assert_eq!(findings("user.yaml", public), ["user.yaml:7:14 public-certificate-path"]);
}

#[test]
fn internal_tls_needs_a_name_that_the_certificate_covers() {
    let without = INTERNAL.replace("  sni: localhost\n", "");
    assert_eq!(findings("user.yaml", without), ["user.yaml:1:1 internal-tls-without-sni"]);
    let empty = INTERNAL.replace("sni: localhost", "sni: ''");
    assert_eq!(findings("user.yaml", empty), ["user.yaml:5:8 internal-tls-without-sni"]);
    for other in ["milvus.example.com", "10.0.0.2", "no name", "*"] {
        let world =
            World::new().given("user.yaml", INTERNAL.replace("sni: localhost", &format!("sni: '{other}'")));
        assert_eq!(world.findings(), ["user.yaml:5:8 sni-not-covered"], "{other}");
        assert!(world.evidence()[0].ends_with("certs/server.pem covers localhost, 10.0.0.1"));
        assert!(world.judge().findings[0].fix.to_string().contains("-d certs server --san"));
    }
    let public = INTERNAL.replace("/milvus/tls/server", "configs/cert/server").replace("localhost", "other");
    assert_eq!(
        findings("user.yaml", public),
        ["user.yaml:2:18 public-certificate-path"],
        "its name is no matter"
    );
    let foreign = INTERNAL.replace("server.pem", "internal.pem").replace("localhost", "other");
    assert_eq!(findings("user.yaml", foreign), NOTHING, "that file is not known");
}

#[test]
fn files_are_merged_in_milvus_order() {
    let world = World::new().given("a/user.yaml", "common: {security: {tlsMode: 2}}\n");
    let world = world.given(
        "a/milvus.yaml",
        MUTUAL.replace("tlsMode: 2", "tlsMode: 0").replace("  http:\n    port: 8080\n", "  port: 1\n"),
    );
    assert_eq!(world.findings(), ["a/user.yaml:1:30 rest-port-missing"]);
    assert_eq!(world.judge().tls_mode, Some(2));
    let given = World::new().given("1.yaml", "common: {security: {tlsMode: x}}\n").given("2.yaml", MUTUAL);
    assert_eq!(given.findings(), NOTHING, "the later file wins");
}

#[test]
fn files_on_this_machine_are_looked_for_only_where_their_folder_is() {
    let world = || World::new().given("user.yaml", MUTUAL);
    assert_eq!(world().findings(), NOTHING);
    assert_eq!(world().tls_in("/milvus/tls").findings(), NOTHING);
    let missing = world().file("/milvus/tls/server.pem", OWN.get("server.pem"));
    assert_eq!(missing.findings(), ["user.yaml:6:18 tls-file-not-there"]);
    assert!(missing.evidence()[0].contains("server.key") && missing.evidence()[0].contains("ca.pem"));
    let other = world().tls_in("/milvus/tls").file("/milvus/tls/server.pem", OTHER.get("server.pem"));
    assert_eq!(other.findings(), ["user.yaml:5:18 not-the-directorys"]);
    let relative = World::new().given("user.yaml", MUTUAL.replace("/milvus/tls", "tls"));
    assert_eq!(relative.findings(), NOTHING);
}

#[test]
fn a_key_that_stands_twice_is_found_and_the_last_counts() {
    let text = format!("{MUTUAL}tls:\n  caPemPath: /milvus/tls/ca.pem\n");
    assert_eq!(
        findings("user.yaml", text),
        ["user.yaml:11:1 malformed-yaml", "user.yaml:11:1 tls-path-not-set"]
    );
}

#[test]
fn a_key_that_stands_twice_and_has_nothing_to_do_with_tls_is_no_finding() {
    for more in
        ["queryNode:\n  a: 1\n  a: 2\n", "log: {}\nlog: {level: debug}\n", "dataCoord: {b: {c: 1, c: 2}}\n"]
    {
        assert_eq!(findings("user.yaml", format!("{MUTUAL}{more}")), NOTHING, "{more}");
    }
    let twice = MUTUAL.replace("    tlsMode: 2\n", "    tlsMode: 1\n    tlsMode: 2\n");
    assert_eq!(findings("user.yaml", twice), ["user.yaml:11:5 malformed-yaml"]);
}

#[test]
fn what_stands_where_milvus_does_not_look_is_found_there() {
    let paths = "serverPemPath: /a/server.pem, serverKeyPath: /a/server.key, caPemPath: /a/ca.pem";
    for (text, place, evidence) in [
        (
            format!("proxy: {{http: {{port: 8080}}}}\ncommon:\n  security: {{tlsMode: 2, {paths}}}\n"),
            "3:26",
            "tls.serverPemPath, tls.serverKeyPath and tls.caPemPath are not set: they stand under common.security",
        ),
        (
            format!(
                "proxy: {{http: {{port: 8080}}, tls: {{{paths}}}}}\ncommon: {{security: {{tlsMode: 2}}}}\n"
            ),
            "1:29",
            "tls.serverPemPath, tls.serverKeyPath and tls.caPemPath are not set: they stand under proxy.tls",
        ),
        (
            format!("tlsMode: 2\ntls: {{{paths}}}\n"),
            "1:1",
            "common.security.tlsMode is not set: it stands at the top level",
        ),
        (
            format!("tls: {{tlsMode: 1, {paths}}}\n"),
            "1:1",
            "common.security.tlsMode is not set: it stands under tls",
        ),
        (
            format!("common:\nsecurity:\n  tlsMode: 1\ntls: {{{paths}}}\n"),
            "3:3",
            "common.security.tlsMode is not set: it stands under security",
        ),
        (
            format!("common: {{tlsMode: 1}}\ntls: {{{paths}}}\n"),
            "1:10",
            "common.security.tlsMode is not set: it stands under common",
        ),
        (
            format!("http: {{port: 8080}}\ncommon: {{security: {{tlsMode: 1}}}}\ntls: {{{paths}}}\n"),
            "1:8",
            "proxy.http.port is not set: it stands under http",
        ),
        (
            "common: {internaltlsEnabled: true}\n".to_owned(),
            "1:10",
            "common.security.internaltlsEnabled is not set: it stands under common",
        ),
    ] {
        let world = World::new().given("user.yaml", text.as_str());
        let found = world.judge().findings;
        let misplaced = found.iter().find(|finding| finding.code == Code::MisplacedSetting).expect(&text);
        assert_eq!(
            (misplaced.place.to_string(), &*misplaced.evidence),
            (format!("user.yaml:{place}"), evidence)
        );
        assert!(
            found.iter().all(|finding| [Code::MisplacedSetting, Code::TlsOff].contains(&finding.code)),
            "its consequences are not reported: {found:?}"
        );
    }
    let lost = "tls:\nserverPemPath: /a\nserverKeyPath: /b\ncommon: {security: {tlsMode: 1}}\nproxy: {http: {port: 8080}}\n";
    assert_eq!(findings("user.yaml", lost), ["user.yaml:2:1 misplaced-setting"]);
}

#[test]
fn what_is_called_alike_elsewhere_is_not_misplaced() {
    for more in [
        "  clusters: {far: {caPemPath: /far/ca.pem}}\n",
        "minio: {ssl: {tlsCACert: /minio/ca.pem}, port: 9000}\n",
        "etcd: {ssl: {enabled: true, tlsCACert: /etcd/ca.pem}}\n",
    ] {
        let text = if more.starts_with("  ") {
            MUTUAL.replace("  caPemPath", &format!("{more}  caPemPath"))
        } else {
            format!("{MUTUAL}{more}")
        };
        assert_eq!(findings("user.yaml", text), NOTHING, "{more}");
    }
    let both = format!("{MUTUAL}tlsMode: 1\n");
    assert_eq!(findings("user.yaml", both), NOTHING, "what is in its place counts");
    assert_eq!(
        findings_alone("user.yaml", "tlsMode: 0\ncommon: {}\nlog: {}\n"),
        NOTHING,
        "it switches nothing on"
    );
}

#[test]
fn the_switch_of_2022_switches_nothing_on() {
    let old = MUTUAL.replace("tlsMode: 2", "tlsEnabled: true");
    assert_eq!(findings("user.yaml", old.as_str()), ["user.yaml:10:17 tls-enabled-is-gone"]);
    assert_eq!(World::new().given("user.yaml", old).stopped(), [("tls-enabled-is-gone", true, true)]);
    for (value, more, found) in
        [("true", "tlsMode: 1", vec![]), ("false", "tlsMode: 0", vec!["user.yaml:11:14 tls-off"])]
    {
        let text = MUTUAL.replace("tlsMode: 2", &format!("tlsEnabled: {value}\n    {more}"));
        assert_eq!(findings("user.yaml", text), found, "{value}, {more}");
    }
}

#[test]
fn why_is_true_of_what_was_found() {
    let why = |text: &str| World::new().given("user.yaml", text).judge().findings[0].why;
    assert!(!why("common: {security: {tlsMode: 0}}\n").contains("named"));
    assert!(why(&MUTUAL.replace("Mode: 2", "Mode: 0")).contains("named"));
    let twice = MUTUAL.replace("    tlsMode: 2\n", "    tlsMode: 1\n    tlsMode: 2\n");
    assert!(why(&twice).starts_with("Milvus and Helm take the last"));
}

#[test]
fn milvus_reads_the_first_document_of_a_file_alone() {
    let found = findings("user.yaml", format!("log: {{level: warn}}\n---\n{MUTUAL}"));
    assert!(found.contains(&"user.yaml:3:1 config-not-recognised".to_owned()), "{found:?}");
    assert!(found.iter().any(|found| found.ends_with(" tls-off")), "{found:?}");
}
