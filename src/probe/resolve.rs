//! The addresses of names.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use crate::probe::budget::Budget;
use crate::probe::failure;
use crate::probe::target::Target;

type Addresses = Result<Vec<SocketAddr>, String>;

/// Asks for the addresses of all targets at once. A name server that does not answer is not waited for.
pub(super) fn all(targets: &[Target], budget: Budget) -> Vec<Addresses> {
    let asked: Vec<_> = targets.iter().map(|target| ask(target.host.clone(), target.port)).collect();
    asked
        .into_iter()
        .map(|answer| match answer.recv_timeout(budget.left()) {
            Ok(addresses) => addresses,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                Err("the name server does not answer".into())
            }
        })
        .collect()
}

/// Asks on a thread, which is left behind where it takes too long; on this one where no thread can be
/// started.
fn ask(host: String, port: u16) -> Receiver<Addresses> {
    let (sender, receiver) = channel();
    // Nobody listens any more where it took too long.
    let lookup = move || drop(sender.send(addresses(&host, port)));
    if thread::Builder::new().spawn(lookup.clone()).is_err() {
        lookup();
    }
    receiver
}

/// Each address once; at least one.
fn addresses(host: &str, port: u16) -> Addresses {
    let mut found: Vec<SocketAddr> = Vec::new();
    for address in (host, port).to_socket_addrs().map_err(|error| failure::reason(&error))? {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    if found.is_empty() { Err("it has no address".into()) } else { Ok(found) }
}
