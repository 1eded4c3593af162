//! Options from environment variables: a typed option wins, and an error names the variable.

use serde_json::json;

use crate::common::folder::Folder;
use crate::common::program::Outcome;

fn run(folder: &Folder, variables: &[(&str, &str)], arguments: &str) -> Outcome {
    let arguments = shlex::split(arguments).unwrap();
    Outcome::of(folder.command().args(arguments).envs(variables.iter().copied()))
}

#[test]
fn a_variable_is_an_option_and_a_typed_option_wins() {
    let folder = Folder::new();
    let server = |arguments: &str| {
        let variables = [
            ("MILVUS_CERTS_DIR", "from-env"),
            ("MILVUS_CERTS_KEY_TYPE", "p256"),
            ("MILVUS_CERTS_COMMON_NAME", "env.example.com"),
            ("MILVUS_CERTS_STATE", ""),
            ("MILVUS_CERTS_SAN", "a.example.com,10.0.0.5"),
            ("MILVUS_CERTS_JSON", "yes"),
        ];
        run(&folder, &variables, &format!("gen {arguments}")).ends_with(0).json()["certificates"][1].clone()
    };
    let from_variables = server("");
    assert_eq!(from_variables["names"], json!(["env.example.com", "a.example.com", "10.0.0.5"]));
    assert_eq!(from_variables["subject"], "C=US, L=Redwood City, O=zilliz, OU=devops, CN=env.example.com");
    assert!(folder.path("from-env/server.pem").exists());
    let typed = server("--common-name flag.example.com -d flag");
    assert_eq!(typed["common_name"], "flag.example.com");
    assert!(folder.path("flag/server.pem").exists());
}

#[test]
fn a_typed_format_wins_over_a_format_from_the_environment() {
    const FORMAT: &str = "MILVUS_CERTS_FORMAT";
    const JSON: &str = "MILVUS_CERTS_JSON";
    let folder = Folder::with_directory("certs");
    for (variables, arguments, begins) in [
        (&[(FORMAT, "text")][..], "--json", "{"),
        (&[(FORMAT, "prometheus")], "--json", "{"),
        (&[(JSON, "1")], "--format prometheus", "# HELP"),
        (&[(JSON, "1")], "--format text", "    "),
        (&[(JSON, "0"), (FORMAT, "prometheus")], "", "# HELP"),
        (&[(JSON, "1")], "", "{"),
        (&[(JSON, "1"), (FORMAT, "json")], "", "{"),
        (&[], "--json --format json", "{"),
    ] {
        let outcome = run(&folder, variables, &format!("check -d certs {arguments}")).ends_with(0);
        assert!(outcome.stdout.starts_with(begins), "{variables:?} {arguments:?}: {outcome}");
    }
    run(&folder, &[(JSON, "1"), (FORMAT, "text")], "check -d certs").ends_with(2);
}

#[test]
fn an_error_about_a_wrong_value_names_the_variable() {
    let folder = Folder::new();
    for (variable, value, command, option) in [
        ("JSON", "maybe", "check", "json"),
        ("GEN_FORCE", "maybe", "gen", "force"),
        ("EXPIRES_IN", "30", "check", "expires-in"),
        ("CHECK_FORMAT", "xml", "check", "format"),
        ("KEY_TYPE", "dsa", "renew", "key-type"),
    ] {
        let variable = format!("MILVUS_CERTS_{variable}");
        let outcome = run(&folder, &[(&variable, value)], command).ends_with(2);
        assert!(
            outcome.stderr.starts_with(&format!("error: invalid value '{value}' for '--{option}")),
            "{outcome}"
        );
        assert!(
            outcome
                .stderr
                .ends_with(&format!("\nhint: the variable {variable} of the environment sets --{option}\n")),
            "{outcome}"
        );
    }
    // The value was typed: the variable has no part in it.
    let outcome = run(&folder, &[("MILVUS_CERTS_EXPIRES_IN", "30d")], "check --expires-in=30");
    assert!(outcome.stderr.starts_with("error: invalid value '30' for '--expires-in"), "{outcome}");
    assert!(!outcome.stderr.contains("MILVUS_CERTS_EXPIRES_IN"), "{outcome}");
}

#[test]
fn a_variable_for_another_command_is_ignored() {
    let folder = Folder::with_directory("certs");
    folder.write("fleet.yaml", "key-type: p256\nclients: [search]\n");
    let of_gen = [
        ("MILVUS_CERTS_SAN", "milvus.example.com"),
        ("MILVUS_CERTS_DAYS", "90"),
        ("MILVUS_CERTS_COMMON_NAME", "milvus.example.com"),
        ("MILVUS_CERTS_NAMESPACE", "milvus"),
        ("MILVUS_CERTS_ALL", "1"),
    ];
    for arguments in [
        "issue -d certs --from fleet.yaml",
        "issue -d certs client ingest --key-type p256",
        "renew -d certs server --key-type p256",
    ] {
        run(&folder, &of_gen, arguments).ends_with(0);
    }
    // As a typed option it is a mistake.
    for arguments in [
        "issue -d certs --from fleet.yaml --san milvus.example.com",
        "issue -d certs client backup --common-name backup",
        "renew -d certs --namespace milvus",
        "renew -d certs server --all",
    ] {
        folder.run(arguments).ends_with(2);
    }
}
