use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::check::config::tests::*;

/// Keys that mean something somewhere.
const KEYS: &str = "\
    common security tls tlsMode internaltls sni proxy http port serverPemPath services image command \
    volumes ports environment secrets configs source target apiVersion kind spec config components \
    standalone volumeMounts mountPath secret secretName items key path name metadata data stringData \
    tls.crt extraConfigFiles user.yaml customConfigMap <<";
const VALUES: [&str; 23] = [
    "",
    "",
    "",
    "1",
    "''",
    "null",
    "Milvus",
    "Secret",
    "List",
    "v1",
    "milvus.io/v1beta1",
    "milvusdb/milvus",
    "[milvus, run, proxy]",
    "./a:/milvus/configs",
    "['./a:/b:ro', '${x', ':', '$']",
    "[{name: a, mountPath: //, subPath: ..}]",
    "/",
    "..",
    "\"\\0\"",
    "'common: {security: {tlsMode: 1}}'",
    "[a=b, =, '']",
    "'tls: &a [*a]'",
    "{<<: [{tls: 1}]}",
];

/// Any document that is made of them.
fn document() -> impl Strategy<Value = String> {
    let value = prop::sample::select(&VALUES).prop_map(str::to_owned);
    value.prop_recursive(6, 60, 6, |inner| {
        let keys: Vec<_> = KEYS.split(' ').collect();
        let pair = (prop::sample::select(keys), inner.clone());
        let pairs = prop::collection::vec(pair, 0..6);
        prop_oneof![
            3 => pairs.prop_map(|pairs| {
                let pairs: Vec<_> = pairs.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", pairs.join(", "))
            }),
            1 => prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_arrangement_of_known_keys_is_judged(text in document(), other in document()) {
        World::without_directory().given("a.yaml", text).given("b/c.yaml", other).file("a", "tls: 1").judge();
    }

    #[test]
    fn a_configuration_with_anything_changed_is_judged(
        at in 0_usize..400,
        cut in 0_usize..20,
        new in "\\PC{0,5}|[\\[\\]{}&*:,|> \n]{0,5}",
    ) {
        let text = format!("\
{MUTUAL}---
services:
  m:
    image: milvusdb/milvus
    volumes: ['./t:/milvus/tls']
---
kind: Secret
data:
  server.pem: aGk=
");
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        World::without_directory().given("a.yaml", format!("{}{new}{}", &text[..at], &text[end..])).judge();
    }
}

#[test]
fn large_files_are_judged_in_bounded_time() {
    let services: String = (0..5_000)
        .map(|number| format!("  s{number}: {{image: milvusdb/milvus, volumes: ['./t:/t{number}']}}\n"))
        .collect();
    let secrets: String = (0..99)
        .map(|number| {
            format!("kind: Secret\nmetadata: {{name: s{number}}}\ndata: {{server.pem: eA==}}\n---\n")
        })
        .collect();
    let merged: String = "x: &x {image: milvusdb/milvus}\nservices:\n".to_owned()
        + &"  a:\n    <<: [*x, *x, *x, *x]\n".repeat(5_000);
    let spread: String = (0..9_000)
        .map(|number| {
            format!("{}: {{security: {{tlsMode: {number}}}}}\n", "_".repeat(number % 50) + "common")
        })
        .collect();
    let volumes: String = (0..60_000).map(|number| format!("- ./t:/t{number}\n")).collect();
    let volumes = format!("services:\n m:\n  image: milvusdb/milvus\n  volumes:\n{}", indented(&volumes, 2));
    let keys: String = (0..45_000).map(|number| format!(" k{number}: eA==\n")).collect();
    let mounts: String =
        (0..15_000).map(|number| format!("- {{name: n{number}, mountPath: /m{number}}}\n")).collect();
    let mounts = format!("volumes:\n{}volumeMounts:\n{mounts}", mounts.replace("mountPath", "x"));
    for text in [
        volumes,
        format!("kind: Secret\ndata:\n{keys}"),
        mounts,
        format!("services:\n{services}"),
        secrets,
        merged,
        spread,
    ] {
        let began = Instant::now();
        World::without_directory().given("a.yaml", text.as_str()).judge();
        assert!(began.elapsed() < Duration::from_secs(20), "{:.20} {:?}", text, began.elapsed());
    }
}

#[test]
fn a_bomb_in_any_place_is_one_finding() {
    let mut bomb = String::from("a0: &a0 {common: 1}\n");
    for level in 1..40 {
        let aliases: Vec<_> =
            (0..9).map(|number| format!("{}: *a{}", "_".repeat(number), level - 1)).collect();
        bomb.push_str(&format!("a{level}: &a{level} {{{}}}\n", aliases.join(", ")));
    }
    let found = findings("a.yaml", bomb.as_str());
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("malformed-yaml"));
    let values = format!("extraConfigFiles:\n  user.yaml: |\n{}", indented(&bomb, 4));
    let found = findings("values.yaml", values);
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("malformed-yaml"));
}
