//! What the program asks of the operating system for itself.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::{Resource, Rlimit, setrlimit};
use signal_hook::consts::SIGXFSZ;

/// Keeps memory from everybody else, and lets a limit on the size of files be an ordinary error.
///
/// Where the system denies one of these, the program works as well as without it.
pub(crate) fn protect() {
    // No other process of this user can look into this one, and no core is left of it. Linux alone has this;
    // the limit holds everywhere.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // By default this signal ends the program in the midst of a change. With a handler, the write fails.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
}
