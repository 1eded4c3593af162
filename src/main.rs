//! `milvus-certs`: TLS certificates for Milvus that work the first time.

#![warn(clippy::unwrap_used)]

mod cli;
mod process;

use std::alloc::System;
use std::process::ExitCode;

use cli::{Cli, output, usage};
use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: of a private key the crates that read, test and write it leave copies behind.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// The exit statuses, as every `--help` lists them.
const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    process::protect();
    let status = run();
    milvus_certs::memory::wipe_stack();
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
            ExitCode::from(if error.is::<usage::Error>() { WRONG_USAGE } else { FAILED })
        }
    }
}
