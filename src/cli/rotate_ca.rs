use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;

use crate::base::text::{command, counted};
use crate::cli::args::{CommonArgs, PassphraseArgs, key_type, path, with_passphrase};
use crate::cli::output::Style;
use crate::cli::progress::Meter;
use crate::cli::render::certificates::{self, place, rows};
use crate::cli::render::page::{Page, aligned};
use crate::cli::{EXIT_STATUS_OF_MANY, Status, output};
use crate::engine::{
    CertificateRole, RotatedCa, RotationReport, RotationRequest, RotationState, RotationStatus, RotationStep,
    rotate, rotation_status,
};
use crate::milvus::defaults;
use crate::x509::{Days, KeyType};

const EXAMPLES: &str = "\
Examples:
  milvus-certs rotate-ca begin -d certs    # then give everybody ca.pem, which trusts both
  milvus-certs rotate-ca issue -d certs    # then give everybody their new certificates
  milvus-certs rotate-ca finish -d certs   # then give everybody ca.pem, which trusts the new one
  milvus-certs rotate-ca status -d certs

Between the steps, everything old works with everything new: take as long as you need. A step
that was interrupted goes on when it is run again. The old CA is kept in DIR/backup-<time>.

`begin --same-key` is for a CA whose certificate is refused or ends soon, such as that of
gen.sh, which has no keyUsage. It signs ca.pem anew with the same key and name: one step is all.";

#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS_OF_MANY}"))]
pub(crate) struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, clap::Subcommand)]
#[command(subcommand_value_name = "STEP", subcommand_help_heading = "Steps", disable_help_subcommand = true)]
enum Step {
    /// Make a new CA, and a ca.pem that trusts both, the old one first
    Begin(BeginArgs),
    /// Let the new CA issue, and issue server, client and everything in the inventory again
    Issue(StepArgs),
    /// Let ca.pem trust the new CA alone
    Finish(StepArgs),
    /// Say how far it is, by what the certificates say, and what to do next
    Status(StatusArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS_OF_MANY)]
struct BeginArgs {
    #[command(flatten)]
    step: StepArgs,

    /// Sign ca.pem anew with the same key and name, instead of making another CA
    #[arg(long, conflicts_with = "key_type")]
    same_key: bool,

    /// How long the CA lives
    #[arg(long, value_name = "DAYS", default_value_t = defaults::CA_DAYS, allow_negative_numbers = true)]
    ca_days: Days,

    /// The type of its key [default: that of the old one]
    #[arg(long, value_name = "TYPE", value_parser = key_type())]
    key_type: Option<KeyType>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS_OF_MANY)]
struct StepArgs {
    #[command(flatten)]
    common: CommonArgs,

    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS_OF_MANY)]
struct StatusArgs {
    /// The certificate directory
    #[arg(short, long = "dir", value_name = "DIR", default_value = ".", value_parser = path())]
    dir: PathBuf,

    /// Report in JSON on standard output
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        match self.step {
            Step::Status(args) => args.run(now),
            Step::Begin(BeginArgs { step, same_key: true, ca_days: days, .. }) => {
                step.run(RotationStep::SameKey { days }, now)
            }
            Step::Begin(BeginArgs { step, ca_days: days, key_type, .. }) => {
                step.run(RotationStep::Begin { key_type, days }, now)
            }
            Step::Issue(step) => step.run(RotationStep::Issue, now),
            Step::Finish(step) => step.run(RotationStep::Finish, now),
        }
    }
}

impl StatusArgs {
    fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let status = rotation_status(&self.dir, now)?;
        output::interrupted_runs(&self.dir);
        let next_steps = next_steps(&self.dir, &status);
        let report = StatusReport { directory: self.dir, status, next_steps };
        output::saw("rotate-ca", Style::new(self.json, false), &report, status_text)?;
        Ok(Status::Done)
    }
}

impl StepArgs {
    fn run(self, step: RotationStep, now: OffsetDateTime) -> anyhow::Result<Status> {
        let style = self.common.style();
        let mut request = RotationRequest {
            directory: self.common.dir,
            step,
            passphrase: None,
            dry_run: self.common.dry_run,
            protection: self.common.protection.protection(),
        };
        let rotated = with_passphrase(self.passphrase.read()?, |passphrase| {
            let meter = Meter::new(self.common.quiet);
            request.passphrase = passphrase;
            rotate(&request, now, &|done, total| meter.show(done, total))
        })?;
        let outcome = (rotated.report.changed, &*rotated.report.notes);
        let next_steps = next_steps_after(&request.step, &rotated);
        output::did("rotate-ca", style, &rotated, outcome, next_steps, |rotated, next_steps| {
            text(&request.step, rotated, next_steps)
        })?;
        Ok(Status::Done)
    }
}

/// How far the replacement is.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct StatusReport {
    directory: PathBuf,
    #[serde(flatten)]
    status: RotationStatus,
    next_steps: Vec<String>,
}

fn status_text(report: &StatusReport) -> String {
    let StatusReport { directory, status, next_steps } = report;
    let mut page = Page::default();
    page.line(format!("{}: {}", place(directory), state(status.state)));
    page.gap();
    page.lines(cas(status));
    if !status.unsettled.is_empty() {
        page.gap();
        page.line(
            "These may be of the old CA and are not issued again; until they are settled, `finish` keeps it:",
        );
        page.lines(status.unsettled.iter().map(|one| format!("  {one}")));
    }
    page.close(None, next_steps)
}

fn text(step: &RotationStep, rotated: &RotationReport, next_steps: &[String]) -> String {
    let RotationReport { report, status } = rotated;
    let mut page = Page::default();
    page.line(headline(step, rotated));
    page.gap();
    page.lines(cas(status));
    rows(&mut page, report.certificates.iter().filter(|found| found.role != CertificateRole::Ca));
    if let Some(backup) = report.backup.as_deref().map(Path::display) {
        page.gap();
        page.line(match step {
            RotationStep::SameKey { .. } => format!("The old ca.pem is in {backup}."),
            _ => format!("The old CA is in {backup}, with what it had issued to server and client."),
        });
    }
    page.close(None, next_steps)
}

fn state(state: RotationState) -> &'static str {
    match state {
        RotationState::None => "no CA is being replaced.",
        RotationState::Begun => "a new CA is made, ca.pem trusts both, and the old one still issues.",
        RotationState::Issuing => "the new CA issues, and has not issued everything again yet.",
        RotationState::Issued => "the new CA has issued everything again, and ca.pem trusts both.",
    }
}

fn headline(step: &RotationStep, rotated: &RotationReport) -> String {
    let RotationReport { report, status } = rotated;
    let place = place(&report.directory);
    let ca = report.certificates.iter().find(|found| found.role == CertificateRole::Ca);
    let ca = ca.map(|found| found.common_name.as_str()).unwrap_or_default();
    if !report.changed && !report.dry_run {
        return format!("Nothing to do in {place}: {}", state(status.state));
    }
    match (step, report.dry_run) {
        (RotationStep::Begin { .. }, _) if ca.is_empty() => {
            format!("The new ca.pem lies beside everything that was issued in {place}:")
        }
        (RotationStep::Begin { .. }, false) => {
            format!("Made a new CA in {place}, {ca}; ca.pem trusts both:")
        }
        (RotationStep::Begin { .. }, true) => format!("Would make a new CA in {place}, {ca}:"),
        (RotationStep::SameKey { .. }, false) => {
            format!("Signed ca.pem in {place} anew, with the same key and name:")
        }
        (RotationStep::SameKey { .. }, true) => {
            format!("Would sign ca.pem in {place} anew, with the same key and name:")
        }
        (RotationStep::Issue, false) => {
            format!("{ca} issues in {place} now, and has issued again what there was:")
        }
        (RotationStep::Issue, true) => {
            format!("Would let {ca} issue in {place}, and issue again what there is:")
        }
        (RotationStep::Finish, false) => format!("ca.pem in {place} trusts the new CA alone:"),
        (RotationStep::Finish, true) => format!("Would let ca.pem in {place} trust {ca} alone:"),
    }
}

/// A row for each CA that ca.pem trusts.
fn cas(status: &RotationStatus) -> Vec<String> {
    let row = |found: &RotatedCa| {
        let issued = match found.issued {
            0 => "has issued nothing that is here".to_owned(),
            issued => format!("has issued {}", counted(issued, "certificate")),
        };
        [found.common_name.clone(), format!("until {}", found.not_after.date()), issued]
    };
    aligned(&status.authorities.iter().map(row).collect::<Vec<_>>())
}

/// What to do after a step.
fn next_steps_after(step: &RotationStep, rotated: &RotationReport) -> Vec<String> {
    let RotationReport { report, status } = rotated;
    match (step, report.changed) {
        (_, false) if report.dry_run => Vec::new(),
        (RotationStep::SameKey { .. }, true) => vec![
            "give ca.pem to the clients that refused the old one, and to all before that ends; until then it goes on working"
                .into(),
        ],
        (RotationStep::Finish, true) => vec![
            "give ca.pem to Milvus and to every client, and restart Milvus; it lies in each folder of issued, too; what trusts both goes on working"
                .into(),
        ],
        _ => {
            let mut steps = next_steps(&report.directory, status);
            // After what to do with the directory's own, and before the next step.
            let place = steps.len().min(1);
            steps.splice(place..place, certificates::next_steps(report));
            steps
        }
    }
}

/// What to do in a state.
fn next_steps(directory: &Path, status: &RotationStatus) -> Vec<String> {
    let command = |step: &str| format!("`{}`", command(&format!("rotate-ca {step}"), directory));
    if status.behind > 0 {
        let goes_on = match status.state {
            RotationState::None => command("finish"),
            RotationState::Begun => command("begin"),
            RotationState::Issuing | RotationState::Issued => command("issue"),
        };
        let others = counted(status.behind, "issued certificate");
        return vec![format!("{goes_on} goes on with it: beside {others} lies another ca.pem, or none")];
    }
    match status.state {
        RotationState::None => Vec::new(),
        RotationState::Begun => vec![
            "give ca.pem to Milvus and to every client, and restart them; it lies in each folder of issued, too".into(),
            format!("when all of them have it: {}", command("issue")),
        ],
        RotationState::Issuing => vec![format!("{} goes on with it", command("issue"))],
        RotationState::Issued => vec![
            "copy server.key and server.pem to where Milvus reads them, and restart it; give clients, and who has a folder of issued, their new certificates; in any order".into(),
            format!("when all of them have theirs: {}", command("finish")),
        ],
    }
}
