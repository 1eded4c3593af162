use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ArgMatches;
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::text::{counted, listed};
use crate::cli::args::{
    CommonArgs, PassphraseArgs, duration, is_typed, key_type, one_of, path, with_passphrase,
};
use crate::cli::progress::Meter;
use crate::cli::render::certificates::{next_steps, rows};
use crate::cli::render::page::Page;
use crate::cli::{EXIT_STATUS_OF_MANY, Status, input, output};
use crate::engine::{
    Action, CertificateReport, Fleet, IssueRequest, Recipient, Recipients, Report, SigningRequest,
    issue_with_progress,
};
use crate::store::IssuedName;
use crate::x509::{Days, EndEntityKind, GeneralName, KeyType, NamePattern};

const EXAMPLES: &str = "\
Examples:
  milvus-certs issue client search ingest -d certs
  milvus-certs issue server milvus-2.example.com -d certs --san 10.0.0.7
  milvus-certs issue client search -d certs --csr search.csr
  milvus-certs issue server milvus-3.example.com -d certs --csr milvus-3.csr --allow-san 10.0.0.8
  milvus-certs issue -d certs --from fleet.yaml

A request gives the key, and you say whose it is: NAME is the CommonName, whatever the request asks
for. Of the names that it asks for it gets those that --allow-san lists. What it does not get is said.

fleet.yaml lists everything that the CA is to have issued:

  days: 365            # for all that do not say otherwise
  key-type: p256
  clients:
    - search
    - name: ingest
      san: [ingest.internal]
  servers:
    - name: milvus-2.example.com
      san: [10.0.0.7]
      days: 90

What is missing is made; what ends soon, is not as the file says, or is of a former CA is made
anew; the rest is left. Interrupted, it goes on from there when it is run again.";

/// The most that is read of a list or a request, in bytes.
const LIMIT: u64 = 1024 * 1024;

#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS_OF_MANY}"))]
#[command(group = clap::ArgGroup::new("what").args(["kind", "from"]).required(true))]
pub(crate) struct Args {
    /// What they are for
    #[arg(value_name = "server|client", value_parser = one_of(&EndEntityKind::ALL, EndEntityKind::name), hide_possible_values = true, requires = "names")]
    kind: Option<EndEntityKind>,

    /// What they are called: CommonName, subjectAltName, and the name of folder and files
    #[arg(value_name = "NAME", requires = "kind")]
    names: Vec<IssuedName>,

    /// Sign this request instead of making a key, PEM or DER; `-` is standard input
    #[arg(long, value_name = "FILE", value_parser = path(), requires = "kind", conflicts_with = "from")]
    csr: Option<PathBuf>,

    /// A list of everything that is to be issued, in YAML; `-` is standard input
    #[arg(long, value_name = "FILE", value_parser = path(), conflicts_with_all = ["kind", "names"])]
    from: Option<PathBuf>,

    /// A name that the request may have if it asks for it: a DNS name, an IP address, *.example.com
    ///
    /// Can be repeated, or list names with commas.
    #[arg(long, value_name = "NAME-OR-IP", value_delimiter = ',', help_heading = "Signing request")]
    allow_san: Vec<NamePattern>,

    #[command(flatten)]
    common: CommonArgs,

    /// Another folder than DIR/issued
    #[arg(long, value_name = "FOLDER", value_parser = path())]
    out: Option<PathBuf>,

    /// Replace what is there under these names; a backup is kept
    #[arg(long)]
    force: bool,

    /// With --from: renew what ends within this time, or in the last third of a shorter life
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30d")]
    if_due: Duration,

    /// One more name of each, DNS or IP
    ///
    /// Can be repeated, or list names with commas.
    #[arg(long, value_name = "NAME-OR-IP", value_delimiter = ',')]
    san: Vec<GeneralName>,

    /// How long the certificates live [default: 3650]
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true, help_heading = "Validity and keys")]
    days: Option<Days>,

    /// The type of the keys [default: rsa2048]
    #[arg(long, value_name = "TYPE", value_parser = key_type(), help_heading = "Validity and keys")]
    key_type: Option<KeyType>,

    #[command(flatten, next_help_heading = "Validity and keys")]
    passphrase: PassphraseArgs,
}

/// The three ways to say what is issued.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Names,
    Request,
    Fleet,
}

/// Options that are for some ways alone.
const FOR_SOME: [(&str, &[Way]); 6] = [
    ("force", &[Way::Names, Way::Request]),
    ("san", &[Way::Names, Way::Request]),
    ("days", &[Way::Names, Way::Request]),
    ("key_type", &[Way::Names]),
    ("allow_san", &[Way::Request]),
    ("if_due", &[Way::Fleet]),
];

impl Args {
    /// Refuses what was typed and would do nothing. A variable of the environment may be meant for other commands.
    pub(super) fn check_usage(&self, given: &ArgMatches) -> Result<(), Error> {
        let way = match (&self.csr, &self.from) {
            (Some(_), _) => Way::Request,
            (None, Some(_)) => Way::Fleet,
            (None, None) => Way::Names,
        };
        if way == Way::Request && self.names.len() > 1 {
            let message = format!("--csr is for one NAME, and {} are given", self.names.len());
            return Err(Error::new(message).with_hint("sign one request at a time".to_owned()));
        }
        let idle = FOR_SOME.iter().find(|(id, ways)| is_typed(given, id) && !ways.contains(&way));
        let Some((id, _)) = idle else { return Ok(()) };
        let option = format!("--{}", id.replace('_', "-"));
        let why = match way {
            Way::Names if *id == "allow_san" => "without --csr",
            Way::Names => "where names are given",
            Way::Request => "with --csr",
            Way::Fleet => "with --from",
        };
        Err(Error::new(format!("{option} has no effect {why}")).with_hint(format!("leave {option} out")))
    }

    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let (style, is_quiet) = (self.common.style(), self.common.quiet);
        let passphrase = self.passphrase.read()?;
        let mut request = self.into_request()?;
        let report = with_passphrase(passphrase, |passphrase| {
            let meter = Meter::new(is_quiet);
            request.passphrase = passphrase;
            issue_with_progress(&request, now, &|done, total| meter.show(done, total))
        })?;
        let outcome = (report.changed, &*report.notes);
        output::did("issue", style, &report, outcome, next_steps(&report), text)?;
        Ok(Status::Done)
    }

    fn into_request(self) -> Result<IssueRequest, Error> {
        let kind = self.kind.unwrap_or(EndEntityKind::Client);
        let recipient = |name| Recipient {
            kind,
            name,
            names: self.san.clone(),
            days: self.days,
            key_type: self.key_type,
        };
        let recipients: Vec<_> = self.names.into_iter().map(recipient).collect();
        Ok(IssueRequest {
            to: match (&self.csr, recipients.first(), &self.from) {
                (_, _, Some(from)) => Recipients::Fleet {
                    fleet: Fleet::read(&input::source(from, LIMIT)?)?,
                    if_due: self.if_due,
                },
                (Some(csr), Some(recipient), None) => Recipients::Request(SigningRequest {
                    content: input::source(csr, LIMIT)?,
                    recipient: recipient.clone(),
                    allowed: self.allow_san,
                }),
                _ => Recipients::Named(recipients),
            },
            directory: self.common.dir,
            output: self.out,
            passphrase: None,
            replace: self.force,
            dry_run: self.common.dry_run,
            protection: self.common.protection.protection(),
        })
    }
}

fn text(report: &Report, next_steps: &[String]) -> String {
    let mut page = Page::default();
    page.line(headline(report));
    rows(&mut page, &report.certificates);
    page.close(report.backup.as_deref(), next_steps)
}

fn headline(report: &Report) -> String {
    let count = |action| report.certificates.iter().filter(|found| found.action == action).count();
    let counts = [Action::Created, Action::Renewed, Action::Kept].map(count);
    let folder = report.certificates.first().and_then(folder).unwrap_or(&report.directory).display();
    let total = counts.iter().sum::<usize>();
    if let [0, 0, _] = counts {
        let verb = if total == 1 { "is" } else { "are" };
        let certificates = counted(total, "certificate");
        return format!("Nothing to do in {folder}: {certificates} {verb} as asked for.");
    }
    let noun = if total == 1 { "certificate" } else { "certificates" };
    let verbs = match report.dry_run {
        false => ["issued", "renewed", "left"],
        true => ["issue", "renew", "leave"],
    };
    let parts = verbs.iter().zip(counts).filter(|(_, count)| *count > 0);
    let parts: Vec<_> = parts.map(|(verb, count)| format!("{verb} {count}")).collect();
    let text = format!("{}{}", if report.dry_run { "would " } else { "" }, listed(&parts));
    format!("{}{} {noun} in {folder}:", text[..1].to_uppercase(), &text[1..])
}

/// `certs/issued` of `certs/issued/search/search.pem`.
fn folder(certificate: &CertificateReport) -> Option<&Path> {
    certificate.path.parent()?.parent()
}
