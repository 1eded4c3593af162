use std::io::IsTerminal;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use crate::engine::{Adopted, Issued, RenewRequest, renew_with_progress};
use crate::store::{FileMode, IssuedName, NameUnsafe};
use crate::x509::{Days, EndEntityKind, KeyType};
use clap::ArgMatches;
use clap::builder::BoolishValueParser;
use clap::error::ErrorKind;
use time::OffsetDateTime;

use crate::cli::args::{
    CommonArgs, Mistake, NameArgs, PassphraseArgs, PlatformArgs, SubjectArgs, duration, is_typed, key_mode,
    key_type, with_passphrase,
};
use crate::cli::progress::Meter;
use crate::cli::{EXIT_STATUS_OF_MANY, Status, output, usage};

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
    #[arg(long, env = "MILVUS_CERTS_ALL", hide_env_values = true, value_parser = BoolishValueParser::new())]
    all: bool,

    #[command(flatten)]
    common: CommonArgs,

    /// Renew only what is due: ends within this time, such as 30d, is broken, or not as asked for
    ///
    /// What lives shorter than three times that is due in the last third of its life.
    #[arg(long, value_name = "TIME", env = "MILVUS_CERTS_IF_DUE", hide_env_values = true, value_parser = duration)]
    if_due: Option<Duration>,

    /// Reissue a certificate as it lies there, whoever signed it: server, client, or a name in issued
    ///
    /// For one that you have looked at: all that it says is signed. Can be repeated, or list names with commas.
    #[arg(
        long,
        value_name = "server|client|NAME",
        env = "MILVUS_CERTS_ADOPT",
        hide_env_values = true,
        value_delimiter = ','
    )]
    adopt: Vec<Target>,

    /// Keep the private keys
    #[arg(long, env = "MILVUS_CERTS_REUSE_KEY", hide_env_values = true, value_parser = BoolishValueParser::new(), conflicts_with_all = ["key_type", "key_mode"])]
    reuse_key: bool,

    #[command(flatten)]
    subject: SubjectArgs,

    #[command(flatten)]
    names: NameArgs,

    #[command(flatten, next_help_heading = "Names")]
    platform: PlatformArgs,

    /// How long the certificates live
    #[arg(
        long,
        value_name = "DAYS",
        env = "MILVUS_CERTS_DAYS",
        hide_env_values = true,
        allow_negative_numbers = true,
        help_heading = "Validity and keys"
    )]
    days: Option<Days>,

    /// The type of the keys
    #[arg(long, value_name = "TYPE", value_parser = key_type(), env = "MILVUS_CERTS_KEY_TYPE", hide_env_values = true, help_heading = "Validity and keys")]
    key_type: Option<KeyType>,

    /// The mode of server.key and client.key, such as 0640 for a container's group
    #[arg(long, value_name = "MODE", env = "MILVUS_CERTS_KEY_MODE", hide_env_values = true, value_parser = key_mode, help_heading = "Validity and keys")]
    key_mode: Option<FileMode>,

    #[command(flatten, next_help_heading = "Authority")]
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
    /// Who names what is to be renewed does not want all of it; a variable may be meant for other runs.
    pub(super) fn check_effect(&self, given: &ArgMatches) -> Result<(), Mistake> {
        match is_typed(given, "all") && !self.targets.is_empty() {
            true => Err((ErrorKind::ArgumentConflict, "--all has no effect where something is named".into())),
            false => self.platform.check_effect(given),
        }
    }

    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let (style, quiet) = (output::Style::of(&self.common), self.common.quiet);
        let meter = Meter::new(quiet);
        let mut request = self.into_request()?;
        // Whoever sits there can still interrupt it.
        if matches!(style, output::Style::Text) && std::io::stderr().is_terminal() {
            request.before_writing = Some(output::note);
        }
        let report = with_passphrase(
            &mut request,
            |request| Some(&mut request.passphrase),
            |request| renew_with_progress(request, now, &|done, total| meter.show(done, total)),
        );
        drop(meter);
        output::report("renew", &report?, style)?;
        Ok(Status::Done)
    }

    fn into_request(self) -> anyhow::Result<RenewRequest> {
        let adopted = Adopted {
            kinds: self.adopt.iter().filter_map(Target::kind).collect(),
            names: self.adopt.iter().filter_map(Target::name).collect(),
        };
        // What is adopted is named with it.
        let named: Vec<_> = match self.all && self.targets.is_empty() {
            true => Vec::new(),
            false => self.targets.iter().chain(&self.adopt).collect(),
        };
        let kinds: Vec<_> = match named.as_slice() {
            [] => EndEntityKind::ALL.to_vec(),
            named => {
                let is_named = |kind: &EndEntityKind| named.iter().any(|target| target.kind() == Some(*kind));
                EndEntityKind::ALL.into_iter().filter(is_named).collect()
            }
        };
        let issued: Vec<_> = named.iter().filter_map(|target| target.name()).collect();
        let is_folder =
            |name: &&IssuedName| std::fs::metadata(name.as_str()).is_ok_and(|found| found.is_dir());
        if let (Some(folder), true) = (issued.iter().find(is_folder), self.common.dir == Path::new(".")) {
            return Err(usage::Error::folder_for_a_name("renew", folder.as_str()).into());
        }
        // An option that would do nothing is a mistake, not a wish.
        for (given, option, kind) in [
            (!self.names.san.is_empty(), "--san", EndEntityKind::Server),
            (self.platform.platform.is_some(), "--for", EndEntityKind::Server),
            (self.names.client_name.is_some(), "--client-name", EndEntityKind::Client),
        ] {
            let is_for_names = kind == EndEntityKind::Server && !issued.is_empty();
            if given && !kinds.contains(&kind) && !is_for_names {
                return Err(usage::Error::without_effect(option, kind.name()).into());
            }
        }
        let subject = self.subject.into_attributes();
        if kinds.is_empty() && !subject.is_empty() {
            return Err(usage::Error::subject_stays().into());
        }
        let issued = match issued.is_empty() {
            false => Issued::Named(issued),
            true if self.all && self.targets.is_empty() => Issued::All,
            true => Issued::None,
        };
        let mut names = self.names.san;
        names.extend(self.platform.names());
        Ok(RenewRequest {
            directory: self.common.dir,
            kinds,
            issued,
            subject,
            names,
            client_name: self.names.client_name,
            days: self.days,
            key_type: self.key_type,
            key_mode: self.key_mode,
            passphrase: self.passphrase.read()?,
            if_due: self.if_due,
            adopted,
            reuse_key: self.reuse_key,
            dry_run: self.common.dry_run,
            protection: self.common.protection.protection(),
            before_writing: None,
        })
    }
}
