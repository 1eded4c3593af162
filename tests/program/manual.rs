//! The help, and what completion scripts and manual pages say of the same.

use std::collections::BTreeSet;

use crate::common::folder::Folder;

/// The commands that the help lists below `heading`.
fn commands(arguments: &str, heading: &str) -> BTreeSet<String> {
    let help = Folder::new().milvus_certs(arguments);
    let (_, list) = help.split_once(heading).unwrap();
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let entries = list.lines().skip(1).take_while(|line| !line.is_empty());
    let entries = entries.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    entries.filter_map(first).filter(|name| name != "help").collect()
}

#[test]
fn the_examples_of_the_help_fit_a_terminal() {
    for command in ["inspect", "check", "gen", "renew"] {
        let help = Folder::new().milvus_certs(&format!("{command} --help"));
        let examples = help.split("Examples:\n").nth(1).unwrap().split("\n\n").next().unwrap();
        for line in examples.lines() {
            assert!(line.starts_with("  ") && line.len() <= 80, "{line}");
        }
    }
}

#[test]
fn every_shell_completes_every_command_and_subcommand() {
    let mut names = commands("--help", "Commands:");
    names.extend(commands("config --help", "Targets:"));
    names.extend(commands("rotate-ca --help", "Steps:"));
    assert!(names.contains("probe") && names.contains("cert-manager"), "{names:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = Folder::new().milvus_certs(&format!("completions {shell}"));
        for name in &names {
            assert!(script.contains(name.as_str()), "{shell} does not complete {name}");
        }
        assert!(script.contains("--rest-port") || script.contains("-l rest-port"), "{shell}");
    }
}

#[test]
fn bash_completes_options_and_subcommands() {
    let folder = Folder::new();
    folder.write("script", folder.milvus_certs("completions bash"));
    for (words, expected) in [
        ("milvus-certs re", "renew"),
        ("milvus-certs renew --if", "--if-due"),
        ("milvus-certs rotate-ca beg", "begin"),
        ("milvus-certs rotate-ca begin --same", "--same-key"),
        ("milvus-certs config oper", "operator"),
    ] {
        let words: Vec<_> = words.split(' ').collect();
        let (last, previous) = (words[words.len() - 1], words[words.len() - 2]);
        let outcome = folder.shell(&format!(
            ". ./script; COMP_WORDS=({}); COMP_CWORD={}; _milvus__certs milvus-certs '{last}' '{previous}'; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words.len() - 1
        ));
        assert!(outcome.stderr.is_empty(), "{words:?}: {outcome}");
        assert!(outcome.stdout.lines().any(|line| line == expected), "{words:?}: {outcome}");
    }
}

#[test]
fn every_command_has_a_manual_page_with_its_options() {
    let folder = Folder::new();
    let said = folder.milvus_certs("man --out pages");
    let mut pages = BTreeSet::from(["milvus-certs.1".to_owned()]);
    pages.extend(commands("--help", "Commands:").iter().map(|name| format!("milvus-certs-{name}.1")));
    for (command, heading) in [("config", "Targets:"), ("rotate-ca", "Steps:")] {
        let below = commands(&format!("{command} --help"), heading);
        pages.extend(below.iter().map(|name| format!("milvus-certs-{command}-{name}.1")));
    }
    let written: BTreeSet<_> = folder.snapshot_of("pages").into_keys().collect();
    assert_eq!(written, pages);
    assert_eq!(said, format!("Wrote {} manual pages to pages.\n", pages.len()));

    let page = folder.text("pages/milvus-certs-probe.1");
    let help = folder.milvus_certs("probe --help");
    for option in help.split_whitespace().filter(|word| word.starts_with("--")) {
        let name = option.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
        assert!(page.contains(&name.replace('-', "\\-")), "the page lacks {option}");
    }
}
