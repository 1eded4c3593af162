//! What the program says.

use std::collections::BTreeSet;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// What `probe --json` says of ports.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) status: i32,
    pub(crate) json: Value,
}

/// Looks with `probe --json`.
pub(crate) fn probe(arguments: &[&str]) -> Report {
    let (status, text) = run(&[&["probe", "--json"], arguments].concat());
    let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{text}"));
    Report { status, json }
}

/// Looks with `probe`, as people do.
pub(crate) fn text(arguments: &[&str]) -> String {
    run(&[&["probe"], arguments].concat()).1
}

/// Runs the program in a folder where there is nothing, and ends it if it does not end itself.
fn run(arguments: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_milvus-certs"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MILVUS_CERTS_") {
            command.env_remove(name);
        }
    }
    let command = command.args(arguments).current_dir(folder.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let reader = thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        text
    });
    let deadline = Instant::now() + Duration::from_secs(120);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{arguments:?} does not end");
        }
        thread::sleep(Duration::from_millis(5));
    };
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(said, "", "{arguments:?}");
    (status.code().unwrap(), reader.join().unwrap())
}

impl Report {
    pub(crate) fn codes(&self) -> BTreeSet<&str> {
        let findings = self.json["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect()
    }

    /// Holds if it ends with this status and finds this, and nothing else.
    pub(crate) fn finds(self, status: i32, codes: &[&str]) -> Self {
        assert_eq!(self.codes(), codes.iter().copied().collect(), "{:#}", self.json);
        assert_eq!(self.status, status, "{:#}", self.json);
        self
    }

    /// Holds if a field of the only port is this.
    pub(crate) fn has(self, field: &str, value: impl Into<Value>) -> Self {
        assert_eq!(self.ports().len(), 1, "{:#}", self.json);
        self.port_has(0, field, value)
    }

    /// Holds if a field of a port is this; `/` leads into it.
    pub(crate) fn port_has(self, index: usize, field: &str, value: impl Into<Value>) -> Self {
        let found = self.ports()[index].pointer(&format!("/{field}")).unwrap();
        assert_eq!(*found, value.into(), "{field}: {:#}", self.json);
        self
    }

    pub(crate) fn ports(&self) -> &[Value] {
        self.json["ports"].as_array().unwrap()
    }

    /// What is said of a finding.
    pub(crate) fn evidence(&self, code: &str) -> &str {
        let findings = self.json["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["code"] == code);
        finding.unwrap_or_else(|| panic!("no {code}: {:#}", self.json))["evidence"].as_str().unwrap()
    }
}
