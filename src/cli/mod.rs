//! The command line: arguments become a request, what was done becomes text or JSON.

mod args;
mod check;
mod completions;
mod config;
mod connect;
mod explain;
mod generate;
mod input;
mod inspect;
mod issue;
mod man;
pub(crate) mod output;
#[cfg(feature = "probe")]
mod probe;
mod progress;
mod render;
mod renew;
mod rotate_ca;
pub(crate) mod usage;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use time::OffsetDateTime;

/// What every command's help ends with.
const EXIT_STATUS: &str = "\
Exit status:
  0  done, or nothing to do
  1  failed, and nothing changed
  2  wrong usage

Every option can also be given by an environment variable, named in its description.";

/// The same for commands that make many certificates.
const EXIT_STATUS_OF_MANY: &str = "\
Exit status:
  0  done, or nothing to do
  1  failed, and nothing changed but what the error says
  2  wrong usage

Every option can also be given by an environment variable, named in its description.";

const ALL_EXIT_STATUSES: &str = "\
Exit status:
  0  done, or nothing to do
  1  failed, and nothing changed but what the error says
  2  wrong usage
  3  something is wrong (check, probe)

Every option can also be given by an environment variable, named in its description.";

/// TLS certificates for Milvus that work the first time.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = ALL_EXIT_STATUSES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Gen(generate::Args),
    Renew(renew::Args),
    Issue(issue::Args),
    RotateCa(rotate_ca::Args),
    Inspect(inspect::Args),
    Check(check::Args),
    Config(config::Args),
    Connect(connect::Args),
    #[cfg(feature = "probe")]
    Probe(probe::Args),
    Explain(explain::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// How a command that did its work ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Done, or nothing to do.
    Done = 0,
    /// Something could not be read; what it was has been said.
    Failed = 1,
    /// It looked, and something is wrong.
    Found = 3,
}

impl Cli {
    /// Reads a command line, of which the first word is the program.
    pub(crate) fn read(arguments: &[OsString]) -> Result<Self, clap::Error> {
        let mut command = Self::command();
        let matches = command.try_get_matches_from_mut(arguments)?;
        let mut cli = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        if let Some((_, given)) = matches.subcommand() {
            let settled = match &mut cli.command {
                Command::Check(args) => args.settle_format(given),
                Command::Gen(args) => args.check_effect(given),
                Command::Issue(args) => args.check_effect(given),
                Command::Renew(args) => args.check_effect(given),
                _ => Ok(()),
            };
            settled.map_err(|(kind, message)| command.error(kind, message))?;
        }
        Ok(cli)
    }

    /// Does what the command line asks for, and prints what was done.
    pub(crate) fn run(self) -> anyhow::Result<Status> {
        #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
        let now = OffsetDateTime::now_utc();
        match self.command {
            Command::Gen(args) => args.run(now),
            Command::Renew(args) => args.run(now),
            Command::Issue(args) => args.run(now),
            Command::RotateCa(args) => args.run(now),
            Command::Inspect(args) => args.run(now),
            Command::Check(args) => args.run(now),
            Command::Config(args) => args.run(now),
            Command::Connect(args) => args.run(now),
            #[cfg(feature = "probe")]
            Command::Probe(args) => args.run(now),
            Command::Explain(args) => args.run(),
            Command::Completions(args) => args.run(),
            Command::Man(args) => args.run(),
        }
    }
}
