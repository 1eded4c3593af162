use std::io::IsTerminal;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use clap::ArgMatches;
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::text::{counted, listed, shell_quoted};
use crate::cli::args::{
    CommonArgs, NameArgs, PassphraseArgs, SubjectArgs, duration, is_typed, key_type, with_passphrase,
};
use crate::cli::output::Style;
use crate::cli::progress::Meter;
use crate::cli::render::certificates::{self, OF_AN_INTERRUPTED_RUN, nothing_to_do, place};
use crate::cli::{EXIT_STATUS_OF_MANY, Status, output};
use crate::engine::{Action, Adopted, Issued, RenewRequest, Report, renew_with_progress};
use crate::store::{Audience, FileMode, FileRole, IssuedName, NameUnsafe};
use crate::x509::{Days, EndEntityKind, KeyType};

const EXAMPLES: &str = "\
Examples:
  milvus-certs renew -d certs
  milvus-certs renew -d certs server --san milvus.example.com
  milvus-certs renew -d certs --if-due 30d --json

Subject, names, key type and length of validity are taken over from the old certificate, unless an
option says otherwise. --common-name also replaces the names; --san adds to them.
Only what the CA of this directory signed is taken over; in issued, only what its inventory has.";

#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS_OF_MANY}"))]
pub(crate) struct Args {
    /// What to renew: the directory's own, or what was issued under a name [default: server and client]
    #[arg(value_name = "server|client|NAME")]
    targets: Vec<Target>,

    /// Renew everything: server, client, and all that was issued and is still there
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    common: CommonArgs,

    /// Renew only what is due: ends within this time, such as 30d, is broken, or not as asked for
    ///
    /// What lives shorter than three times that is due in the last third of its life.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    if_due: Option<Duration>,

    /// Reissue a certificate as it lies there, whoever signed it: server, client, or a name in issued
    ///
    /// For one that you have looked at: all that it says is signed. Can be repeated, or list names with commas.
    #[arg(long, value_name = "server|client|NAME", value_delimiter = ',')]
    adopt: Vec<Target>,

    /// Keep the private keys
    #[arg(long, conflicts_with_all = ["key_type", "key_mode"])]
    reuse_key: bool,

    #[command(flatten)]
    subject: SubjectArgs,

    #[command(flatten)]
    names: NameArgs,

    /// How long the certificates live
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true, help_heading = "Validity and keys")]
    days: Option<Days>,

    /// The type of the keys
    #[arg(long, value_name = "TYPE", value_parser = key_type(), help_heading = "Validity and keys")]
    key_type: Option<KeyType>,

    /// The mode of server.key and client.key, such as 0640 for a container's group
    #[arg(long, value_name = "MODE", help_heading = "Validity and keys")]
    key_mode: Option<FileMode>,

    #[command(flatten, next_help_heading = "CA")]
    passphrase: PassphraseArgs,
}

/// What can be renewed.
#[derive(Clone, Debug)]
enum Target {
    Own(EndEntityKind),
    Issued(IssuedName),
}

impl FromStr for Target {
    type Err = NameUnsafe;

    fn from_str(name: &str) -> Result<Self, NameUnsafe> {
        match EndEntityKind::ALL.into_iter().find(|kind| kind.name() == name) {
            Some(kind) => Ok(Self::Own(kind)),
            None => name.parse().map(Self::Issued),
        }
    }
}

impl Target {
    fn kind(&self) -> Option<EndEntityKind> {
        match self {
            Self::Own(kind) => Some(*kind),
            Self::Issued(_) => None,
        }
    }

    fn name(&self) -> Option<IssuedName> {
        match self {
            Self::Own(_) => None,
            Self::Issued(name) => Some(name.clone()),
        }
    }
}

impl Args {
    /// Refuses what would do nothing. A variable of the environment may be meant for other runs.
    pub(super) fn check_usage(&self, given: &ArgMatches) -> Result<(), Error> {
        if is_typed(given, "all") && !self.targets.is_empty() {
            return Err(Error::new("--all has no effect where something is named")
                .with_hint("leave --all out, or name nothing".to_owned()));
        }
        let is_folder =
            |name: &IssuedName| std::fs::metadata(name.as_str()).is_ok_and(|found| found.is_dir());
        let folder = self.issued().into_iter().find(is_folder);
        if let Some(folder) = folder.filter(|_| self.common.dir == Path::new(".")) {
            let quoted = shell_quoted(folder.as_str());
            return Err(Error::new(format!("{} is a folder", folder.as_str()))
                .with_hint(format!("a folder is named with -d: `milvus-certs renew -d {quoted}`")));
        }
        let is_issued = !self.issued().is_empty();
        for (is_given, option, kind, is_for_issued) in [
            (!self.names.san.is_empty(), "--san", EndEntityKind::Server, is_issued),
            (self.names.platform.platform.is_some(), "--for", EndEntityKind::Server, is_issued),
            (self.names.client_name.is_some(), "--client-name", EndEntityKind::Client, false),
        ] {
            if is_given && !self.kinds().contains(&kind) && !is_for_issued {
                let message = format!("{option} is for the {kind}'s certificate, which is not to be renewed");
                return Err(Error::new(message).with_hint(format!("leave {option} out, or name {kind} too")));
            }
        }
        if self.kinds().is_empty() && !self.subject.attributes().is_empty() {
            return Err(Error::new("the subject can be changed of server and client alone")
                .with_hint("`milvus-certs issue` issues under another name".to_owned()));
        }
        self.names.platform.check_usage(given)
    }

    /// What is named. What is adopted is named with it.
    fn named(&self) -> impl Iterator<Item = &Target> {
        let adopted = self.adopt.iter().filter(|_| !self.is_for_all());
        self.targets.iter().chain(adopted)
    }

    fn is_for_all(&self) -> bool {
        self.all && self.targets.is_empty()
    }

    fn kinds(&self) -> Vec<EndEntityKind> {
        let named: Vec<_> = self.named().collect();
        let is_named = |kind: &EndEntityKind| named.iter().any(|target| target.kind() == Some(*kind));
        EndEntityKind::ALL.into_iter().filter(|kind| named.is_empty() || is_named(kind)).collect()
    }

    fn issued(&self) -> Vec<IssuedName> {
        self.named().filter_map(Target::name).collect()
    }

    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let style = self.common.style();
        let is_quiet = self.common.quiet;
        let passphrase = self.passphrase.read()?;
        let mut request = self.into_request();
        // Whoever sits there can still interrupt it.
        if matches!(style, Style::Text) && std::io::stderr().is_terminal() {
            request.before_writing = Some(output::note);
        }
        let report = with_passphrase(passphrase, |passphrase| {
            let meter = Meter::new(is_quiet);
            request.passphrase = passphrase;
            renew_with_progress(&request, now, &|done, total| meter.show(done, total))
        })?;
        let outcome = (report.changed, &*report.notes);
        output::did("renew", style, &report, outcome, next_steps(&report), text)?;
        Ok(Status::Done)
    }

    fn into_request(self) -> RenewRequest {
        RenewRequest {
            kinds: self.kinds(),
            issued: match self.issued() {
                _ if self.is_for_all() => Issued::All,
                names if names.is_empty() => Issued::None,
                names => Issued::Named(names),
            },
            subject: self.subject.attributes(),
            names: self.names.server_names(),
            adopted: Adopted {
                kinds: self.adopt.iter().filter_map(Target::kind).collect(),
                names: self.adopt.iter().filter_map(Target::name).collect(),
            },
            directory: self.common.dir,
            client_name: self.names.client_name,
            days: self.days,
            key_type: self.key_type,
            key_mode: self.key_mode,
            passphrase: None,
            if_due: self.if_due,
            reuse_key: self.reuse_key,
            dry_run: self.common.dry_run,
            protection: self.common.protection.protection(),
            before_writing: None,
        }
    }
}

fn text(report: &Report, next_steps: &[String]) -> String {
    certificates::text(headline(report), report, next_steps)
}

fn headline(report: &Report) -> String {
    let new = report.certificates.iter().filter(|found| found.action != Action::Kept);
    let (own, issued): (Vec<_>, Vec<_>) = new.partition(|found| found.issued_as.is_none());
    let mut renewed: Vec<_> = own.iter().map(|found| format!("{}.pem", found.role)).collect();
    if !issued.is_empty() {
        renewed.push(counted(issued.len(), "issued certificate"));
    }
    let verb = if report.dry_run { "Would renew" } else { "Renewed" };
    match renewed.is_empty() {
        true => nothing_to_do(report),
        false => format!("{verb} {} in {}:", listed(&renewed), place(&report.directory)),
    }
}

/// Who gets what was written.
fn next_steps(report: &Report) -> Vec<String> {
    match (report.changed, report.files.is_empty()) {
        (false, _) => return Vec::new(),
        (true, true) => return vec![OF_AN_INTERRUPTED_RUN.into()],
        (true, false) => {}
    }
    let written = |audience| {
        let is_written = |role: &FileRole| report.files.iter().any(|file| file.is_own && file.role == *role);
        let roles = FileRole::AS_LISTED.into_iter().filter(|role| role.audience() == audience);
        let names: Vec<_> = roles.filter(is_written).map(FileRole::file_name).collect();
        (!names.is_empty()).then(|| names.join(" and "))
    };
    let copy = written(Audience::Server).map(|names| {
        format!("copy {names} to where Milvus reads them, and restart it: it does not reload certificates")
    });
    let give = written(Audience::Client)
        .map(|names| format!("with tlsMode 2, give clients {names}; what trusts ca.pem goes on working"));
    copy.into_iter().chain(give).chain(certificates::next_steps(report)).collect()
}
