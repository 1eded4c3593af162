//! A folder of its own for every trial, in which `openssl` and `milvus-certs` run by turns.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Whether there is an `openssl` command that knows what these trials ask of it: LibreSSL and
/// OpenSSL 1.1.1 do not.
pub(crate) fn openssl_is_there() -> bool {
    let output = Command::new("openssl").arg("version").output();
    let version = output.map(|output| text(&output.stdout)).unwrap_or_default();
    let major = version.strip_prefix("OpenSSL ").and_then(|version| version.split('.').next());
    major.and_then(|major| major.parse().ok()).is_some_and(|major: u32| major >= 3)
}

/// A temporary folder, with a file `pass` that holds a passphrase.
pub(crate) struct Folder(TempDir);

/// What is known of a file: its permissions and its content.
type Snapshot = BTreeMap<PathBuf, (u32, Vec<u8>)>;

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("pass", "correct horse\nsecond line\n");
        folder
    }

    /// A folder in which a command of this program was run.
    pub(crate) fn after(command: &str) -> Self {
        let folder = Self::new();
        folder.milvus_certs(command);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        text(&self.read(name))
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Writes one file after the other into a third.
    pub(crate) fn join(&self, names: &[&str], joined: &str) {
        let contents: Vec<_> = names.iter().map(|name| self.read(name)).collect();
        self.write(joined, contents.concat());
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// Runs an `openssl` command that succeeds; returns what it printed.
    pub(crate) fn openssl(&self, command: &str) -> String {
        let output = self.run("openssl", command);
        assert!(output.status.success(), "openssl {command}\n{}", describe(&output));
        text(&output.stdout)
    }

    /// What an `openssl` command printed, if it succeeded.
    pub(crate) fn try_openssl(&self, command: &str) -> Option<String> {
        let output = self.run("openssl", command);
        output.status.success().then(|| text(&output.stdout))
    }

    /// All that an `openssl` command printed, whether or not it succeeded.
    pub(crate) fn openssl_says(&self, command: &str) -> String {
        describe(&self.run("openssl", command))
    }

    /// Runs a command of this program that succeeds; returns what it printed.
    pub(crate) fn milvus_certs(&self, command: &str) -> String {
        let output = self.run(env!("CARGO_BIN_EXE_milvus-certs"), command);
        assert!(output.status.success(), "milvus-certs {command}\n{}", describe(&output));
        text(&output.stdout)
    }

    /// The same; returns what it said on standard error.
    pub(crate) fn stderr(&self, command: &str) -> String {
        let output = self.run(env!("CARGO_BIN_EXE_milvus-certs"), command);
        assert!(output.status.success(), "milvus-certs {command}\n{}", describe(&output));
        text(&output.stderr)
    }

    /// Runs a command of this program, whatever it ends with; returns all that it printed.
    pub(crate) fn says(&self, command: &str) -> String {
        describe(&self.run(env!("CARGO_BIN_EXE_milvus-certs"), command))
    }

    /// Runs a command of this program that fails having done a part; returns what it said.
    pub(crate) fn failure(&self, command: &str) -> String {
        let output = self.run(env!("CARGO_BIN_EXE_milvus-certs"), command);
        assert_eq!(output.status.code(), Some(1), "milvus-certs {command}\n{}", describe(&output));
        text(&output.stderr)
    }

    /// The codes of the notes that a command of this program leaves.
    pub(crate) fn notes(&self, command: &str) -> BTreeSet<String> {
        let json = self.milvus_certs(&format!("{command} --json"));
        let report: serde_json::Value = serde_json::from_str(&json).unwrap();
        let notes = report["notes"].as_array().unwrap();
        notes.iter().map(|note| note["code"].as_str().unwrap().to_owned()).collect()
    }

    /// Runs a command of this program that fails: with status 1, nothing on standard output, two
    /// lines on standard error, and without a trace in the folder.
    pub(crate) fn refusal(&self, command: &str) -> Refusal {
        let before = self.snapshot();
        let output = self.run(env!("CARGO_BIN_EXE_milvus-certs"), command);
        let context = format!("milvus-certs {command}\n{}", describe(&output));
        assert_eq!(output.status.code(), Some(1), "{context}");
        assert!(output.stdout.is_empty(), "{context}");
        assert!(self.snapshot() == before, "the folder has changed: {context}");
        let stderr = text(&output.stderr);
        let lines: Vec<_> = stderr.lines().collect();
        let [error, hint] = lines[..] else { panic!("not two lines: {context}") };
        let after = |line: &str, start| line.strip_prefix(start).expect(&context).to_owned();
        Refusal { error: after(error, "error: "), hint: after(hint, "hint: ") }
    }

    /// The certificates of a PEM file, as DER.
    pub(crate) fn certificates(&self, name: &str) -> Vec<Vec<u8>> {
        let content = self.read(name);
        Pem::iter_from_buffer(&content).map(|block| block.unwrap().contents).collect()
    }

    /// Arguments are split as a shell splits them, and paths are relative to the folder. What the
    /// environment says to `milvus-certs` is left out.
    fn run(&self, program: &str, arguments: &str) -> Output {
        let mut command = Command::new(program);
        command.args(shlex::split(arguments).unwrap()).current_dir(self.0.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MILVUS_CERTS_") {
                command.env_remove(name);
            }
        }
        command.output().unwrap()
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::new();
        add_to_snapshot(self.0.path(), &mut snapshot);
        snapshot
    }
}

/// What the program says when it does not do its work.
pub(crate) struct Refusal {
    pub(crate) error: String,
    pub(crate) hint: String,
}

impl Refusal {
    /// Holds if the error says this.
    pub(crate) fn says(self, expected: &str) -> Self {
        assert!(self.error.contains(expected), "{:?} does not say {expected:?}", self.error);
        self
    }

    /// The arguments of the first `openssl` command that the hint names.
    pub(crate) fn openssl_command(&self) -> String {
        let mut commands = self.openssl_commands();
        assert!(!commands.is_empty(), "no openssl command in {:?}", self.hint);
        commands.remove(0)
    }

    /// The arguments of all of them.
    pub(crate) fn openssl_commands(&self) -> Vec<String> {
        self.commands("openssl ")
    }

    /// The arguments of the command of this program that the hint names.
    pub(crate) fn command(&self) -> String {
        let mut commands = self.commands("milvus-certs ");
        assert!(!commands.is_empty(), "no command in {:?}", self.hint);
        commands.remove(0)
    }

    fn commands(&self, program: &str) -> Vec<String> {
        let commands = self.hint.split('`').skip(1).step_by(2);
        commands.filter_map(|command| command.strip_prefix(program)).map(str::to_owned).collect()
    }
}

/// Subject and issuer of a certificate, each as the bytes of its DER.
pub(crate) fn subject_and_issuer(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (_, certificate) = X509Certificate::from_der(der).unwrap();
    (certificate.subject().as_raw().to_vec(), certificate.issuer().as_raw().to_vec())
}

fn add_to_snapshot(folder: &Path, snapshot: &mut Snapshot) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        let content = if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        if metadata.is_dir() {
            add_to_snapshot(&path, snapshot);
        }
        snapshot.insert(path, (metadata.permissions().mode(), content));
    }
}

fn describe(output: &Output) -> String {
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
