//! A directory, what is wrong with it, and whether `check` says so.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use libtest_mimic::Trial;
use milvus_certs::check::Code;
use serde_json::Value;

use crate::GEN;
use crate::support::Folder;

/// A directory that is made anew for every use.
pub(crate) struct Exhibit {
    name: String,
    make: Box<dyn Fn(&Folder) + Send>,
    arguments: &'static str,
    findings: Vec<String>,
    nobody_works: bool,
}

/// A directory that was as `gen` makes it, before something happened to it. Each finding is a code
/// and the file that it is about.
pub(crate) fn broken(
    name: impl Into<String>,
    findings: &[&str],
    damage: impl Fn(&Folder) + Send + 'static,
) -> Exhibit {
    made(name, findings, move |folder| {
        folder.milvus_certs(GEN);
        damage(folder);
    })
}

/// A directory that is made from nothing.
pub(crate) fn made(
    name: impl Into<String>,
    findings: &[&str],
    make: impl Fn(&Folder) + Send + 'static,
) -> Exhibit {
    Exhibit {
        name: name.into(),
        make: Box::new(make),
        arguments: "",
        findings: findings.iter().map(|finding| (*finding).to_owned()).collect(),
        nobody_works: false,
    }
}

impl Exhibit {
    /// What `check` is told besides.
    pub(crate) fn checked_with(mut self, arguments: &'static str) -> Self {
        self.arguments = arguments;
        self
    }

    /// With it no client works in any mode that is judged.
    pub(crate) fn where_nobody_works(mut self) -> Self {
        self.nobody_works = true;
        self
    }

    /// The name of its folder.
    pub(crate) fn slug(&self) -> String {
        let letters = self.name.to_lowercase();
        let words = letters.split(|letter: char| !letter.is_ascii_alphanumeric());
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
    }

    pub(crate) fn codes(&self) -> impl Iterator<Item = &str> {
        self.findings.iter().filter_map(|finding| finding.split(' ').next())
    }

    pub(crate) fn into_trial(self) -> Trial {
        let mut codes: Vec<_> = self.codes().collect();
        codes.dedup();
        let found = if codes.is_empty() { "no finding".into() } else { codes.join(" and ") };
        Trial::test(format!("{} gives {found}", self.name), move || {
            self.assert_found();
            Ok(())
        })
    }

    /// Writes its files into a folder of its name, with their modes and links, and its arguments
    /// beside it.
    pub(crate) fn write_into(&self, zoo: &Path) {
        let folder = self.folder();
        let target = zoo.join(self.slug());
        std::fs::create_dir_all(zoo).unwrap();
        let copied = Command::new("cp").arg("-a").args([&folder.path(""), &target]).status().unwrap();
        assert!(copied.success(), "cp -a: {copied}");
        let arguments: String =
            self.arguments.split_whitespace().map(|argument| format!("{argument}\n")).collect();
        std::fs::write(zoo.join(format!("{}.args", self.slug())), arguments).unwrap();
    }

    /// `work` is for what is needed on the way alone.
    fn folder(&self) -> Folder {
        let folder = Folder::new();
        std::fs::create_dir(folder.path("work")).unwrap();
        (self.make)(&folder);
        std::fs::remove_dir_all(folder.path("work")).unwrap();
        folder.remove("pass");
        folder
    }

    /// Fixes that begin with a command do away with what was found when the whole lines are pasted. Where
    /// several things are wrong, one fix may have to wait for another.
    fn assert_mended(&self, findings: &[Value]) {
        let fixes: BTreeMap<_, _> = findings
            .iter()
            .map(|finding| (finding["fix"].as_str().unwrap(), code_and_file(finding)))
            .filter(|(fix, _)| mends(fix) && !self.name.contains("PKCS#12"))
            .collect();
        if fixes.is_empty() {
            return;
        }
        let folder = self.folder();
        let mut said = String::new();
        for fix in fixes.keys().cycle().take(if fixes.len() > 1 { 2 * fixes.len() } else { 1 }) {
            let pasted = paste(&folder, fix);
            said += &format!("{fix}\n{}", String::from_utf8_lossy(&pasted.stderr));
            assert!(pasted.status.success() || fixes.len() > 1, "{said}");
        }
        let output = check(&folder, &format!("--format json {}", self.arguments));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let left: Vec<_> = report["findings"].as_array().unwrap().iter().map(code_and_file).collect();
        assert!(fixes.values().all(|finding| !left.contains(finding)), "{said}\nleaves {left:#?}");
    }

    fn assert_found(&self) {
        let folder = self.folder();
        let output = check(&folder, &format!("--format json {}", self.arguments));
        let context = format!(
            "{}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let report: Value = serde_json::from_slice(&output.stdout).expect(&context);
        let findings = report["findings"].as_array().expect(&context);

        let mut found: Vec<_> = findings.iter().map(code_and_file).collect();
        found.sort_unstable();
        let mut expected = self.findings.clone();
        expected.sort_unstable();
        assert!(found == expected, "expected {expected:#?}\nfound {found:#?}\n{context}");

        findings.iter().for_each(assert_complete);
        self.assert_mended(findings);
        assert_verdicts(&report);
        assert!(!self.nobody_works || !somebody_works(&report), "{context}");
        let has = |severity: &str| findings.iter().any(|finding| finding["severity"] == severity);
        let status = |is_wrong| Some(if is_wrong { 3 } else { 0 });
        assert_eq!(output.status.code(), status(has("error")), "{context}");
        let strict = check(&folder, &format!("--strict {}", self.arguments)).status.code();
        assert_eq!(strict, status(has("error") || has("warning")), "with --strict: {context}");
    }
}

/// Whether a fix is a command that ends the matter by itself.
fn mends(fix: &str) -> bool {
    // What asks a person for a name, another folder or more days does not.
    let is_unfinished =
        ["gen -d NEW", "--common-name NAME", "with --days"].iter().any(|part| fix.contains(part));
    // Nor what says what is next.
    let is_unfinished = is_unfinished || fix.starts_with("milvus-certs rotate-ca status");
    let commands = ["milvus-certs ", "cat ", "chmod ", "rm ", "openssl ", "sed ", "iconv ", "(umask "];
    commands.iter().any(|command| fix.starts_with(command)) && !is_unfinished
}

/// Runs a fix as somebody does who pastes the line.
fn paste(folder: &Folder, fix: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_milvus-certs")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    Command::new("bash").args(["-c", fix]).env("PATH", path).current_dir(folder.path("")).output().unwrap()
}

/// Runs `check` on a folder from within it.
fn check(folder: &Folder, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_milvus-certs"));
    command.args(["check", "-d", "."]).args(shlex::split(arguments).unwrap());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MILVUS_CERTS_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder.path("")).output().unwrap()
}

/// The folder itself is `.`.
fn code_and_file(finding: &Value) -> String {
    let path = Path::new(finding["file"].as_str().unwrap());
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    format!("{} {file}", finding["code"].as_str().unwrap())
}

/// Every finding says what, how bad, why, and what helps.
fn assert_complete(finding: &Value) {
    let code = Code::ALL.iter().find(|code| finding["code"] == code.name());
    let severity = code.map(|code| code.severity().name());
    assert_eq!(finding["severity"].as_str(), severity, "{finding}");
    for text in ["evidence", "why", "fix"] {
        assert!(!finding[text].as_str().unwrap().is_empty(), "{finding}");
    }
}

fn somebody_works(report: &Value) -> bool {
    let verdicts = report["verdicts"].as_array().unwrap();
    let mut clients = verdicts.iter().flat_map(|verdict| verdict["clients"].as_array().unwrap());
    clients.any(|outcome| outcome["works"] == true)
}

/// Who does not work is told the reason, and it is one of the findings.
fn assert_verdicts(report: &Value) {
    let findings = report["findings"].as_array().unwrap();
    let mut clients = BTreeMap::new();
    for verdict in report["verdicts"].as_array().unwrap() {
        for outcome in verdict["clients"].as_array().unwrap() {
            let because = outcome["because"].as_array().unwrap();
            assert_eq!(outcome["works"].as_bool(), Some(because.is_empty()), "{outcome}");
            for code in because {
                assert!(findings.iter().any(|finding| finding["code"] == *code), "{outcome}");
            }
            *clients.entry(outcome["client"].as_str().unwrap()).or_insert(0) += 1;
        }
    }
    assert_eq!(clients.keys().copied().collect::<Vec<_>>(), ["curl", "go", "java", "pymilvus"]);
}
