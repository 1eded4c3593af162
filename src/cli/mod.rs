//! The command line: arguments become a request, what was done becomes text or JSON.

mod args;
mod check;
mod completions;
mod config;
mod connect;
mod environment;
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
mod prometheus;
mod render;
mod renew;
mod rotate_ca;
#[cfg(test)]
mod schemas;
mod terminal;
mod usage;

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::memory::wipe_stack;
use crate::engine::check_clock;

/// Runs the program: reads the command line, does what it asks for, prints, and returns the exit status.
#[must_use]
pub fn main() -> ExitCode {
    process::protect();
    let status = run();
    wipe_stack();
    ExitCode::from(status as u8)
}

// Never inlined: what it leaves on the stack would then be in the frame of `main`, which is not wiped.
#[inline(never)]
fn run() -> Status {
    let arguments: Vec<_> = std::env::args_os().collect();
    let mut program = program();
    let parsed = program.try_get_matches_from_mut(&arguments);
    let parsed = parsed.and_then(|given| Ok((Cli::from_arg_matches(&given)?.command, given)));
    let (mut command, given) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            let hint = usage::hint(&error, &program, &arguments);
            return output::clap(&usage::with_what_is_meant(error, &program), hint);
        }
    };
    if let Err(error) = command.check_usage(&given) {
        output::error(&error.into());
        return Status::WrongUsage;
    }
    command.run().unwrap_or_else(|error| {
        output::error(&error);
        Status::Failed
    })
}

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Done, or nothing to do.
    Done = 0,
    /// Something failed, or could not be read; what it was has been said.
    Failed = 1,
    WrongUsage = 2,
    /// It looked, and something is wrong.
    Found = 3,
}

/// What every command's help ends with.
const EXIT_STATUS: &str = "\
Exit status:
  0  done, or nothing to do
  1  failed, and nothing changed
  2  wrong usage";

/// The same for commands that make many certificates.
const EXIT_STATUS_OF_MANY: &str = "\
Exit status:
  0  done, or nothing to do
  1  failed, and nothing changed but what the error says
  2  wrong usage";

const ALL_EXIT_STATUSES: &str = "\
Exit status:
  0  done, or nothing to do
  1  failed, and nothing changed but what the error says
  2  wrong usage
  3  something is wrong (check, probe)

Every option can also be given by an environment variable: see the help of each command.";

/// TLS certificates for Milvus that work the first time.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = ALL_EXIT_STATUSES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The program as clap knows it.
fn program() -> clap::Command {
    environment::with_variables(Cli::command())
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a private CA, and a server and a client certificate
    ///
    /// Writes the seven files of Milvus' documentation: ca.key, ca.pem, ca.srl, server.key, server.pem,
    /// client.key and client.pem.
    Gen(generate::Args),
    /// Renew the server's and the client's certificates, or what was issued beside them
    ///
    /// Needs ca.key and ca.pem, and never changes them: clients go on trusting ca.pem.
    Renew(renew::Args),
    /// Issue certificates to more servers and clients, from the CA that is there
    ///
    /// Each gets a folder in DIR/issued with NAME.pem, NAME.key and ca.pem. What was issued is in
    /// DIR/issued/index.jsonl, and `renew --all` renews it.
    Issue(issue::Args),
    /// Replace the CA by a new one, step by step, without an outage
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
    /// says where it goes and how it is applied. Only cert-manager's Secret contains ca.key.
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
    /// Knows the words of Go, gRPC, OpenSSL, rustls, Java, Node, .NET, Windows, curl and of proxies. Each cause is said once.
    Explain(explain::Args),
    /// Print a shell's completion script
    Completions(completions::Args),
    /// Write the manual pages of all commands
    Man(man::Args),
}

impl Command {
    /// Refuses options that do not go together, in ways that clap does not know.
    fn check_usage(&mut self, given: &ArgMatches) -> Result<(), Error> {
        let Some((_, given)) = given.subcommand() else { return Ok(()) };
        match self {
            Self::Gen(args) => args.check_usage(given),
            Self::Renew(args) => args.check_usage(given),
            Self::Issue(args) => args.check_usage(given),
            Self::Check(args) => args.check_usage(given),
            Self::Explain(args) => args.check_usage(),
            Self::Connect(args) => args.check_usage(),
            _ => Ok(()),
        }
    }

    /// Does what the command line asks for, and prints what was done.
    fn run(self) -> anyhow::Result<Status> {
        #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
        let now = OffsetDateTime::now_utc();
        if matches!(self, Self::Gen(_) | Self::Renew(_) | Self::Issue(_) | Self::RotateCa(_)) {
            check_clock(now)?;
        }
        match self {
            Self::Gen(args) => args.run(now),
            Self::Renew(args) => args.run(now),
            Self::Issue(args) => args.run(now),
            Self::RotateCa(args) => args.run(now),
            Self::Inspect(args) => args.run(now),
            Self::Check(args) => args.run(now),
            Self::Config(args) => args.run(now),
            Self::Connect(args) => args.run(now),
            #[cfg(feature = "probe")]
            Self::Probe(args) => args.run(now),
            Self::Explain(args) => args.run(),
            Self::Completions(args) => args.run(),
            Self::Man(args) => args.run(),
        }
    }
}
