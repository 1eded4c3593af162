//! The program in a folder, and what it answers.

use std::collections::BTreeSet;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::folder::{Folder, clean_command};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_milvus-certs");

/// A new certificate directory with keys that are made fast.
pub(crate) const GEN: &str = "gen --key-type p256";

/// The files of a certificate directory.
pub(crate) const FILES: [&str; 7] =
    ["ca.key", "ca.pem", "ca.srl", "server.key", "server.pem", "client.key", "client.pem"];

/// The files that [`GEN`] makes, made once in each process.
static MADE: LazyLock<Vec<(String, u32, Vec<u8>)>> = LazyLock::new(|| {
    let folder = Folder::after(GEN);
    let snapshot = folder.snapshot();
    snapshot.into_iter().map(|(name, (mode, _, content))| (name, mode, content)).collect()
});

impl Folder {
    /// A folder in which a command of this program was run.
    #[track_caller]
    pub(crate) fn after(arguments: &str) -> Self {
        let folder = Self::new();
        folder.milvus_certs(arguments);
        folder
    }

    /// A folder with a certificate directory, which has the same CA and keys as all others that this
    /// function gives.
    pub(crate) fn with_directory(name: &str) -> Self {
        let folder = Self::new();
        folder.put_directory(name);
        folder
    }

    pub(crate) fn put_directory(&self, name: &str) {
        std::fs::create_dir_all(self.path(name)).unwrap();
        for (file, mode, content) in MADE.iter() {
            let file = format!("{name}/{file}");
            let file = file.trim_start_matches('/');
            self.write(file, content);
            self.set_mode(file, *mode);
        }
    }

    /// The program, without what the environment says to it.
    pub(crate) fn command(&self) -> Command {
        clean_command(PROGRAM, &self.path(""))
    }

    /// Runs the program, whatever it ends with. The arguments are split as a shell splits them. What it advises can be
    /// pasted.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &str) -> Outcome {
        let arguments = shlex::split(arguments).unwrap();
        let outcome = Outcome::of(self.command().args(&arguments));
        let names_directory = arguments.windows(2).any(|two| two[0] == "-d" && two[1] != ".");
        for advised in outcome.advised_commands() {
            assert_can_be_pasted(&advised, names_directory, &outcome);
        }
        outcome
    }

    /// Runs the program, which succeeds; returns what it printed.
    #[track_caller]
    pub(crate) fn milvus_certs(&self, arguments: &str) -> String {
        self.run(arguments).ends_with(0).stdout
    }

    /// Runs the program, which succeeds; returns what it printed with `--json`.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &str) -> Value {
        self.run(&format!("{arguments} --json")).ends_with(0).json()
    }

    /// The codes of the notes of a run that succeeds, each once and in the order of the alphabet.
    #[track_caller]
    pub(crate) fn notes(&self, arguments: &str) -> Vec<String> {
        let report = self.json(arguments);
        let notes = report["notes"].as_array().unwrap();
        let codes: BTreeSet<_> = notes.iter().map(|note| note["code"].as_str().unwrap().to_owned()).collect();
        codes.into_iter().collect()
    }

    /// Runs the program, which fails and changes nothing in the folder.
    #[track_caller]
    pub(crate) fn refusal(&self, arguments: &str) -> Refusal {
        let before = self.snapshot();
        let refusal = self.run(arguments).refusal(1);
        assert!(self.snapshot() == before, "milvus-certs {arguments} has changed the folder");
        refusal
    }

    /// Runs a script of a shell in the folder, where `milvus-certs` is the program.
    pub(crate) fn shell(&self, script: &str) -> Outcome {
        Outcome::of(&mut self.shell_command(script))
    }

    pub(crate) fn shell_command(&self, script: &str) -> Command {
        let program = Path::new(PROGRAM).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let mut command = clean_command("bash", &self.path(""));
        command.args(["-c", script]).env("PATH", path);
        command
    }
}

/// Holds if the program takes a command that it has advised, and knows the directory that the run was about.
#[track_caller]
fn assert_can_be_pasted(command: &str, names_directory: bool, said: &Outcome) {
    /// Those that have been tried: the same are advised again and again.
    static TRIED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    const TAKE_A_DIRECTORY: [&str; 7] = ["gen", "renew", "issue", "rotate-ca", "check", "config", "connect"];
    let command = command.split(" | ").next().unwrap_or(command);
    let words = shlex::split(command).unwrap_or_else(|| panic!("no shell reads {command}: {said}"));
    // The files know from which directory they were written.
    let is_refresh = words.starts_with(&["config".to_owned(), "refresh".to_owned()]);
    if names_directory && !is_refresh && TAKE_A_DIRECTORY.contains(&words[0].as_str()) {
        assert!(words.iter().any(|word| word == "-d"), "{command} is about another directory: {said}");
    }
    if TRIED.lock().unwrap().insert(command.to_owned()) {
        // Help is given where everything before it can be read.
        let tried = Outcome::of(Folder::new().command().args(&words).arg("--help"));
        assert_eq!(tried.status, 0, "{command}: {tried}\nadvised by {said}");
    }
}

/// How a run ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit status, or as a shell has it: 128 and the signal.
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Runs a command, which gets two minutes.
    pub(crate) fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdout, stderr) = (collected(child.stdout.take()), collected(child.stderr.take()));
        let deadline = Instant::now() + Duration::from_secs(120);
        // Both pipes end when the program does.
        while !(stdout.is_finished() && stderr.is_finished()) {
            if Instant::now() > deadline {
                child.kill().unwrap();
                panic!("{command:?} does not end");
            }
            thread::sleep(Duration::from_millis(1));
        }
        let status = child.wait().unwrap();
        Self::from(Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() })
    }

    /// The commands of this program in hints, notes, next steps and fixes, without its name.
    fn advised_commands(&self) -> Vec<String> {
        let mut commands = Vec::new();
        for line in self.stdout.lines().chain(self.stderr.lines()) {
            if let Some(fix) = line.strip_prefix("  fix: milvus-certs ") {
                commands.push(fix.split(" # ").next().unwrap_or(fix).to_owned());
            }
            if ["hint: ", "note: ", "next: ", "  fix: "].iter().any(|start| line.starts_with(start)) {
                let quoted = line.split('`').skip(1).step_by(2);
                let own = quoted.filter_map(|quoted| quoted.strip_prefix("milvus-certs "));
                commands.extend(own.map(str::to_owned));
            }
        }
        commands
    }

    #[track_caller]
    pub(crate) fn ends_with(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// Holds if it failed, with nothing on standard output and two lines on standard error.
    #[track_caller]
    pub(crate) fn refusal(&self, status: i32) -> Refusal {
        assert_eq!(self.status, status, "{self}");
        assert!(self.stdout.is_empty(), "{self}");
        let lines: Vec<_> = self.stderr.lines().collect();
        let [error, hint] = lines[..] else { panic!("not two lines: {self}") };
        let after =
            |line: &str, start| line.strip_prefix(start).unwrap_or_else(|| panic!("{self}")).to_owned();
        Refusal { error: after(error, "error: "), hint: after(hint, "hint: ") }
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let status = output.status.code().or_else(|| output.status.signal().map(|signal| 128 + signal));
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { status: status.unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "status {}\n{}{}", self.status, self.stdout, self.stderr)
    }
}

fn collected(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    let mut pipe = pipe.unwrap();
    thread::spawn(move || {
        let mut content = Vec::new();
        pipe.read_to_end(&mut content).unwrap();
        content
    })
}

/// What the program says when it does not do its work.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: String,
    pub(crate) hint: String,
}

impl Refusal {
    /// Holds if the error says this.
    #[track_caller]
    pub(crate) fn says(self, expected: &str) -> Self {
        assert!(self.error.contains(expected), "{:?} does not say {expected:?}", self.error);
        self
    }

    /// Holds if the hint says this.
    #[track_caller]
    pub(crate) fn hints(self, expected: &str) -> Self {
        assert!(self.hint.contains(expected), "{:?} does not say {expected:?}", self.hint);
        self
    }

    /// The arguments of the first `openssl` command that the hint names.
    #[track_caller]
    pub(crate) fn openssl_command(&self) -> String {
        self.openssl_commands().next().unwrap_or_else(|| panic!("no openssl command in {:?}", self.hint))
    }

    /// The arguments of all of them.
    pub(crate) fn openssl_commands(&self) -> impl Iterator<Item = String> {
        self.commands("openssl ")
    }

    /// The arguments of the command of this program that the hint names.
    #[track_caller]
    pub(crate) fn command(&self) -> String {
        self.commands("milvus-certs ").next().unwrap_or_else(|| panic!("no command in {:?}", self.hint))
    }

    fn commands(&self, program: &'static str) -> impl Iterator<Item = String> {
        let commands = self.hint.split('`').skip(1).step_by(2);
        commands.filter_map(move |command| command.strip_prefix(program)).map(str::to_owned)
    }
}
