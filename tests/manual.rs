//! Completion scripts and manual pages say what the help says: they are made from the same definitions.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

fn milvus_certs(arguments: &[&str]) -> Output {
    let output =
        Command::new(env!("CARGO_BIN_EXE_milvus-certs")).args(arguments).env_clear().output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output
}

fn printed(arguments: &[&str]) -> String {
    String::from_utf8(milvus_certs(arguments).stdout).unwrap()
}

/// The commands that the help lists below `heading`.
fn commands(arguments: &[&str], heading: &str) -> BTreeSet<String> {
    let help = printed(arguments);
    let (_, list) = help.split_once(heading).unwrap();
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let entries = list.lines().skip(1).take_while(|line| !line.is_empty());
    let entries = entries.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    entries.filter_map(first).filter(|name| name != "help").collect()
}

#[test]
fn every_shell_completes_every_command_and_what_stands_below_it() {
    let mut names = commands(&["--help"], "Commands:");
    names.extend(commands(&["config", "--help"], "Targets:"));
    names.extend(commands(&["rotate-ca", "--help"], "Steps:"));
    assert!(names.contains("probe") && names.contains("cert-manager"), "{names:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = printed(&["completions", shell]);
        for name in &names {
            assert!(script.contains(name.as_str()), "{shell} does not complete {name}");
        }
        assert!(script.contains("--rest-port") || script.contains("-l rest-port"), "{shell}");
    }
}

#[test]
fn bash_reads_its_completion_script() {
    let script = printed(&["completions", "bash"]);
    let output = Command::new("bash").args(["-n", "-c", &script]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn bash_completes_the_options_and_what_stands_below_a_command() {
    let script = printed(&["completions", "bash"]);
    for (words, expected) in [
        ("milvus-certs re", "renew"),
        ("milvus-certs renew --if", "--if-due"),
        ("milvus-certs rotate-ca beg", "begin"),
        ("milvus-certs rotate-ca begin --same", "--same-key"),
        ("milvus-certs config oper", "operator"),
    ] {
        let words: Vec<_> = words.split(' ').collect();
        let (last, previous) = (words[words.len() - 1], words[words.len() - 2]);
        let ask = format!(
            "COMP_WORDS=({}); COMP_CWORD={}; _milvus__certs milvus-certs '{last}' '{previous}'; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words.len() - 1
        );
        let output = Command::new("bash").args(["-c", &format!("{script}\n{ask}")]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.lines().any(|line| line == expected), "{words:?}: {output:?}");
    }
}

#[test]
fn every_command_has_a_manual_page_with_its_options() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let said = printed(&["man", "--out", out]);
    let mut pages = BTreeSet::from(["milvus-certs.1".to_owned()]);
    pages.extend(commands(&["--help"], "Commands:").iter().map(|name| format!("milvus-certs-{name}.1")));
    for (command, heading) in [("config", "Targets:"), ("rotate-ca", "Steps:")] {
        let below = commands(&[command, "--help"], heading);
        pages.extend(below.iter().map(|name| format!("milvus-certs-{command}-{name}.1")));
    }
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let written: BTreeSet<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(written, pages);
    assert_eq!(said, format!("Wrote {} manual pages to {out}.\n", pages.len()));

    let page = read(folder.path(), "milvus-certs-probe.1");
    for option in printed(&["probe", "--help"]).split_whitespace().filter(|word| word.starts_with("--")) {
        let name = option.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
        assert!(page.contains(&name.replace('-', "\\-")), "the page lacks {option}");
    }
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}
