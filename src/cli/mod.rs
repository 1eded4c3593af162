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
mod output;
#[cfg(feature = "probe")]
mod probe;
mod process;
mod progress;
mod render;
mod renew;
mod rotate_ca;
mod terminal;
mod usage;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::base::memory::wipe_stack;
use crate::engine::check_clock;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use time::OffsetDateTime;

/// Runs the program: reads the command line, does what it asks for, prints, and returns the exit status.
#[must_use]
pub fn main() -> ExitCode {
    process::protect();
    let status = run();
    wipe_stack();
    status
}

// Never inlined: what it leaves on the stack would then be in the frame of `main`, which is not wiped.
#[inline(never)]
fn run() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let outcome = match Cli::read(&arguments) {
        Ok(cli) => cli.run(),
        Err(error) if usage::is_help(&error) => {
            let status = if error.use_stderr() { WRONG_USAGE } else { 0 };
            return output::help(&error, status);
        }
        Err(error) => Err(usage::Error::of(&error, &arguments).into()),
    };
    match outcome {
        Ok(status) => ExitCode::from(status as u8),
        Err(error) => {
            output::error(&error);
            ExitCode::from(if error.is::<usage::Error>() { WRONG_USAGE } else { Status::Failed as u8 })
        }
    }
}

/// The exit status of a command line that makes no sense.
const WRONG_USAGE: u8 = 2;

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

// What each takes is asked for only when it is the one, or its help is to be shown.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    /// Make a private authority, and a server and a client certificate
    ///
    /// Writes the seven files of Milvus' documentation: ca.key, ca.pem, ca.srl, server.key, server.pem,
    /// client.key and client.pem.
    Gen(generate::Args),
    /// Renew the server's and the client's certificates, or what was issued beside them
    ///
    /// Needs ca.key and ca.pem, and never changes them: clients go on trusting ca.pem.
    Renew(renew::Args),
    /// Issue certificates to more servers and clients, from the authority that is there
    ///
    /// Each gets a folder in DIR/issued with NAME.pem, NAME.key and ca.pem. What was issued is in
    /// DIR/issued/index.jsonl, and `renew --all` renews it.
    Issue(issue::Args),
    /// Replace the authority by a new one, step by step, without an outage
    RotateCa(rotate_ca::Args),
    /// Show what is in certificates, keys, signing requests, or a certificate directory
    ///
    /// PEM or DER; keys in PKCS#8, PKCS#1 or SEC 1, encrypted or not. Shows no secrets.
    Inspect(inspect::Args),
    /// Find what is wrong with certificates and with Milvus' TLS configuration
    ///
    /// Says for each finding what was found, why it matters to Milvus and what helps; then with which
    /// clients one-way and mutual TLS will work. Changes nothing.
    Check(check::Args),
    /// Print or write what a deployment of Milvus needs to serve TLS
    ///
    /// Takes a certificate directory that `check` finds no error in. Each file begins with a comment that
    /// says where it goes and how it is applied. ca.key is in no file but cert-manager's Secret.
    Config(config::Args),
    /// Show how a client connects to a Milvus that serves TLS
    ///
    /// Prints a complete program or file, which says which versions it fits and how it is run.
    Connect(connect::Args),
    /// Look at a running Milvus: what it serves, to whom, and whether it is what is on disk
    ///
    /// Makes handshakes as clients do, with and without a client certificate, and asks Milvus for its
    /// version. Changes nothing.
    #[cfg(feature = "probe")]
    Probe(probe::Args),
    /// Explain an error of Milvus, an SDK, curl or a log: cause and fix
    ///
    /// Knows the words of Go, gRPC, OpenSSL, rustls, Java, Node and curl. Each cause is said once.
    Explain(explain::Args),
    /// Print a shell's completion script
    Completions(completions::Args),
    /// Write the manual pages of all commands
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
        if matches!(
            self.command,
            Command::Gen(_) | Command::Renew(_) | Command::Issue(_) | Command::RotateCa(_)
        ) {
            check_clock(now)?;
        }
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
