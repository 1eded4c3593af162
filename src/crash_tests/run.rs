//! The commands that are interrupted.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::check::config::Source;
use crate::crash_tests::NOW;
use crate::engine::{
    Fleet, GenerateRequest, IfPresent, IssueRequest, Issued, Recipient, Recipients, RenewRequest, Report,
    RotationRequest, RotationStep, SigningRequest, generate, issue, renew, rotate,
};
use crate::milvus::defaults;
use crate::store::fault::{self, Fault};
use crate::store::{IssuedName, Protection};
use crate::x509::{EndEntityKind, KeyType};

/// What is issued; the last to a signing request.
pub(crate) const NAMES: [&str; 5] = ["search", "ingest", "milvus-2.example.com", "query", "asker"];

const FLEET: &str =
    "key-type: p256\nclients: [search, ingest, query]\nservers: [milvus-2.example.com, milvus-3]\n";

/// Made by `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=asker`.
const REQUEST: &str = "\
-----BEGIN CERTIFICATE REQUEST-----\n\
MIHJMHICAQAwEDEOMAwGA1UEAwwFYXNrZXIwWTATBgcqhkjOPQIBBggqhkjOPQMB\n\
BwNCAARyuWPy8FwyWYgkRhLm2JpQdCucHS29J6FpRNzXuJ1cnBxb4kE7cAlds4We\n\
HO3yVDaQBN1cQ0shxq+XaPnaQSAwoAAwCgYIKoZIzj0EAwIDRwAwRAIgLU33futQ\n\
aAHYNUGxjgdKzF4vBa/w0zlp0Wc1szs+AJoCIF3rpHbnmolK66g69KEVcZg8p8u0\n\
UQK1E2BvlURVT0iO\n\
-----END CERTIFICATE REQUEST-----\n";

/// A command with what it is given; names by their number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Run {
    Gen,
    GenForce,
    /// So many names from this one on; the third is that of a server.
    Issue {
        first: usize,
        count: usize,
        force: bool,
    },
    Fleet,
    Csr {
        force: bool,
    },
    Renew,
    RenewAll,
    RenewName(usize),
    Begin,
    SameKey,
    RotateIssue,
    Finish,
}

/// What happens to a run, after how many changes to the file system.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Accident {
    Failure(usize, io::ErrorKind),
    /// None is made any more; cheaper than a process that is killed.
    Halt(usize),
    /// One fails, and so many later none is made any more.
    FailureThenHalt(usize, usize),
    Kill(usize),
}

/// How a run ended.
pub(crate) enum Outcome {
    /// By itself; whether the accident happened.
    Ended { result: Result<Report, Error>, struck: bool },
    /// By SIGKILL, or as good as.
    Killed,
}

impl Run {
    pub(crate) fn on(self, directory: &Path, now: OffsetDateTime) -> Result<Report, Error> {
        match self {
            Self::Gen | Self::GenForce => {
                let request = GenerateRequest::new(directory);
                let if_present = if self == Self::Gen { IfPresent::Refuse } else { IfPresent::Replace };
                generate(&GenerateRequest { key_type: KeyType::P256, if_present, ..request }, now)
            }
            Self::Issue { first, count, force } => {
                let kind = if first == 2 { EndEntityKind::Server } else { EndEntityKind::Client };
                let recipient =
                    |name| Recipient { key_type: Some(KeyType::P256), ..Recipient::new(kind, name) };
                let recipients = (first..first + count).map(name).map(recipient).collect();
                issue(&request(directory, Recipients::Named(recipients), force), now)
            }
            Self::Fleet => {
                let fleet = Fleet::read(&source("fleet.yaml", FLEET))?;
                let recipients = Recipients::Fleet { fleet, if_due: std::time::Duration::ZERO };
                issue(&request(directory, recipients, false), now)
            }
            Self::Csr { force } => {
                let csr = SigningRequest {
                    content: source("asker.csr", REQUEST),
                    recipient: Recipient::new(EndEntityKind::Client, name(4)),
                    allowed: Vec::new(),
                };
                issue(&request(directory, Recipients::Request(csr), force), now)
            }
            Self::Renew => renew(&RenewRequest::new(directory), now),
            Self::RenewAll => {
                renew(&RenewRequest { issued: Issued::All, ..RenewRequest::new(directory) }, now)
            }
            Self::RenewName(number) => {
                let issued = Issued::Named(vec![name(number)]);
                renew(&RenewRequest { issued, kinds: Vec::new(), ..RenewRequest::new(directory) }, now)
            }
            Self::Begin => {
                rotation(directory, now, RotationStep::Begin { key_type: None, days: defaults::CA_DAYS })
            }
            Self::SameKey => rotation(directory, now, RotationStep::SameKey { days: defaults::CA_DAYS }),
            Self::RotateIssue => rotation(directory, now, RotationStep::Issue),
            Self::Finish => rotation(directory, now, RotationStep::Finish),
        }
    }

    /// Runs it here, or where it is to be killed in a process of its own.
    pub(crate) fn with(self, accident: Option<Accident>, directory: &Path, now: OffsetDateTime) -> Outcome {
        match accident {
            None => Outcome::Ended { result: self.on(directory, now), struck: false },
            Some(Accident::Failure(steps, kind)) => {
                fault::after(steps, Fault::Fail(kind));
                let result = self.on(directory, now);
                Outcome::Ended { result, struck: fault::call_off() }
            }
            Some(accident @ (Accident::Halt(steps) | Accident::FailureThenHalt(steps, _))) => {
                let fault = match accident {
                    Accident::FailureThenHalt(_, later) => {
                        Fault::FailThenHalt(io::ErrorKind::StorageFull, later)
                    }
                    _ => Fault::Halt,
                };
                fault::after(steps, fault);
                let result = self.on(directory, now);
                match fault::call_off() {
                    true => Outcome::Killed,
                    false => Outcome::Ended { result, struck: false },
                }
            }
            Some(Accident::Kill(steps)) => match self.is_killed(steps, directory, now) {
                true => Outcome::Killed,
                // It ended before; what it said is not known here.
                false => Outcome::Ended { result: Ok(nothing(directory)), struck: false },
            },
        }
    }

    fn is_killed(self, steps: usize, directory: &Path, now: OffsetDateTime) -> bool {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash_tests::run::a_run_that_is_killed_has_its_own_process"])
            .env("KILL_AFTER", steps.to_string())
            .env("KILL_RUN", serde_json::to_string(&self).unwrap())
            .env("KILL_DIRECTORY", directory)
            .env("KILL_SECONDS", (now - NOW).whole_seconds().to_string())
            .output()
            .unwrap();
        let killed = output.status.signal() == Some(9);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(killed || said.contains("1 passed"), "{self:?} after {steps}: {said}");
        killed
    }
}

#[test]
fn a_run_that_is_killed_has_its_own_process() {
    let Ok(steps) = std::env::var("KILL_AFTER") else { return };
    let value = |name: &str| std::env::var(name).unwrap();
    let run: Run = serde_json::from_str(&value("KILL_RUN")).unwrap();
    let now = NOW + time::Duration::seconds(value("KILL_SECONDS").parse().unwrap());
    fault::after(steps.parse().unwrap(), Fault::Kill);
    // Whether it may refuse is for the world to say, in which the same run is tried without a kill.
    let _ = run.on(Path::new(&value("KILL_DIRECTORY")), now);
}

pub(crate) fn name(number: usize) -> IssuedName {
    NAMES[number].parse().unwrap()
}

fn request(directory: &Path, to: Recipients, replace: bool) -> IssueRequest {
    IssueRequest {
        directory: directory.into(),
        output: None,
        to,
        passphrase: None,
        replace,
        dry_run: false,
        protection: Protection::Required,
    }
}

fn rotation(directory: &Path, now: OffsetDateTime, step: RotationStep) -> Result<Report, Error> {
    let request = RotationRequest {
        directory: directory.into(),
        step,
        passphrase: None,
        dry_run: false,
        protection: Protection::Required,
    };
    rotate(&request, now, &|_, _| {}).map(|rotated| rotated.report)
}

fn source(name: &str, content: &str) -> Source {
    Source { name: name.into(), content: content.as_bytes().to_vec().into() }
}

fn nothing(directory: &Path) -> Report {
    Report::new(directory, false)
}
