//! A directory, the findings that it should have, and whether `check` has them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use milvus_certs::Code;
use serde_json::Value;

use crate::common::folder::Folder;
use crate::common::program::{GEN, Outcome};
use crate::table::assert_as_measured;

/// A directory that is made anew for every use.
pub(crate) struct Case {
    name: String,
    make: Box<dyn Fn(&Folder) + Send>,
    arguments: &'static str,
    findings: Vec<String>,
    nobody_works: bool,
}

/// A directory as `gen` makes it, with a defect. Each finding is a code and the file that it is about.
pub(crate) fn broken(
    name: impl Into<String>,
    findings: &[&str],
    damage: impl Fn(&Folder) + Send + 'static,
) -> Case {
    made(name, findings, move |folder| {
        folder.put_directory("");
        damage(folder);
    })
}

/// A directory that is made from nothing.
pub(crate) fn made(
    name: impl Into<String>,
    findings: &[&str],
    make: impl Fn(&Folder) + Send + 'static,
) -> Case {
    Case {
        name: name.into(),
        make: Box::new(make),
        arguments: "",
        findings: findings.iter().map(|finding| (*finding).to_owned()).collect(),
        nobody_works: false,
    }
}

/// The same files again, made by another run, in `work/again`.
pub(crate) fn gen_again(folder: &Folder, arguments: &str) {
    folder.milvus_certs(&format!("{GEN} -d work/again {arguments}"));
}

pub(crate) fn remove(folder: &Folder, files: &[&str]) {
    for file in files {
        folder.remove(file);
    }
}

impl Case {
    /// Further arguments of `check`.
    pub(crate) fn checked_with(mut self, arguments: &'static str) -> Self {
        self.arguments = arguments;
        self
    }

    /// With this directory no client works in any mode that is judged.
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

    /// What is needed on the way alone is in `work`, with the passphrase of keys that are encrypted.
    fn folder(&self) -> Folder {
        let folder = Folder::new();
        folder.create_folder("work");
        folder.write("work/pass", "correct horse\n");
        (self.make)(&folder);
        std::fs::remove_dir_all(folder.path("work")).unwrap();
        folder
    }

    /// A fix that begins with a command removes the finding when the whole line is pasted. Where there
    /// are several findings, one fix may have to wait for another.
    fn assert_fixed(&self, folder: &Folder, findings: &[Value]) {
        let fixes: BTreeMap<_, _> = findings
            .iter()
            .map(|finding| (finding["fix"].as_str().unwrap(), code_and_file(finding)))
            .filter(|(fix, _)| fixes_by_itself(fix) && !self.name.contains("PKCS#12"))
            .collect();
        if fixes.is_empty() {
            return;
        }
        let mut said = String::new();
        for fix in fixes.keys().cycle().take(if fixes.len() > 1 { 2 * fixes.len() } else { 1 }) {
            let pasted = folder.shell(fix);
            said += &format!("{fix}\n{}", pasted.stderr);
            assert!(pasted.status == 0 || fixes.len() > 1, "{said}");
        }
        let report = self.check(folder, "--json").json();
        let left: Vec<_> = report["findings"].as_array().unwrap().iter().map(code_and_file).collect();
        assert!(fixes.values().all(|finding| !left.contains(finding)), "{said}\nleaves {left:#?}");
    }

    fn assert_found(&self) {
        let folder = self.folder();
        let outcome = self.check(&folder, "--json");
        let report = outcome.json();
        let findings = report["findings"].as_array().unwrap();

        let mut found: Vec<_> = findings.iter().map(code_and_file).collect();
        found.sort_unstable();
        let mut expected = self.findings.clone();
        expected.sort_unstable();
        assert!(found == expected, "expected {expected:#?}\nfound {found:#?}\n{outcome}");

        findings.iter().for_each(assert_complete);
        assert_verdicts(&report);
        assert_as_measured(&self.slug(), &report);
        assert!(!self.nobody_works || !somebody_works(&report), "{outcome}");
        let has = |severity: &str| findings.iter().any(|finding| finding["severity"] == severity);
        let status = |is_wrong| if is_wrong { 3 } else { 0 };
        let is_wrong = has("error") || !everybody_works(&report);
        assert_eq!(outcome.status, status(is_wrong), "{outcome}");
        let strict = self.check(&folder, "--strict").status;
        assert_eq!(strict, status(is_wrong || has("warning")), "with --strict: {outcome}");
        self.assert_fixed(&folder, findings);
    }

    /// Runs `check` on a folder from within it.
    fn check(&self, folder: &Folder, options: &str) -> Outcome {
        folder.run(&format!("check -d . {options} {}", self.arguments))
    }
}

/// Whether a fix is a command after which nothing is left to do.
fn fixes_by_itself(fix: &str) -> bool {
    // A person has to fill in a name, another folder or more days.
    let is_unfinished =
        ["gen -d NEW", "--common-name NAME", "with --days"].iter().any(|part| fix.contains(part));
    // This command says what is next.
    let is_unfinished = is_unfinished || fix.starts_with("milvus-certs rotate-ca status");
    let commands = ["milvus-certs ", "cat ", "chmod ", "rm ", "openssl ", "sed ", "iconv ", "(umask "];
    commands.iter().any(|command| fix.starts_with(command)) && !is_unfinished
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
    outcomes(report).any(|outcome| outcome["works"] == true)
}

fn everybody_works(report: &Value) -> bool {
    outcomes(report).all(|outcome| outcome["works"] == true)
}

fn outcomes(report: &Value) -> impl Iterator<Item = &Value> {
    let verdicts = report["verdicts"].as_array().unwrap();
    verdicts.iter().flat_map(|verdict| verdict["clients"].as_array().unwrap())
}

/// Who does not work is told the reason, and it is one of the findings.
fn assert_verdicts(report: &Value) {
    let findings = report["findings"].as_array().unwrap();
    let mut clients = BTreeMap::new();
    for verdict in report["verdicts"].as_array().unwrap() {
        for outcome in verdict["clients"].as_array().unwrap() {
            let because = outcome["because"].as_array().unwrap();
            assert_eq!(outcome["works"].as_bool(), Some(because.is_empty()), "{outcome}");
            let exceptions = outcome["not_with"].as_array().unwrap();
            assert!(because.is_empty() || exceptions.is_empty(), "{outcome}");
            for code in because.iter().chain(exceptions.iter().map(|exception| &exception["because"])) {
                assert!(findings.iter().any(|finding| finding["code"] == *code), "{outcome}");
            }
            *clients.entry(outcome["client"].as_str().unwrap()).or_insert(0) += 1;
        }
    }
    assert_eq!(
        clients.keys().copied().collect::<Vec<_>>(),
        ["curl", "go", "java", "node", "pymilvus", "python"]
    );
}
