//! TLS handshakes with a running server: what it serves, to whom, and what it says when it refuses.
//!
//! Everything is looked at, nothing is trusted: whether what is served is right is for `check` to
//! say. No file is read or written here. All of it is bounded in time, each answer in size.

mod budget;
mod exchange;
mod failure;
mod listening;
mod observer;
mod resolve;
mod seen;
mod target;
mod tls;

use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::sync::Arc;

use budget::Budget;

pub(crate) use seen::{Exchange, Plaintext, Seen, ServedTls, State, version_name};
pub(crate) use target::{Identity, Options, Service, Target};

/// So many addresses of a port are looked at together. No Milvus has more.
const TOGETHER: usize = 32;

/// Looks at ports, all at once, and at every address of each.
///
/// # Errors
/// If the operating system denies what a runtime needs.
pub(crate) fn look(targets: &[Target], options: Options) -> std::io::Result<Vec<Seen>> {
    let budget = Budget::begin(options.timeout);
    let resolved = resolve::all(targets, budget);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let options = Arc::new(options);
    let ports = targets.iter().zip(resolved);
    let looks =
        ports.map(|(target, addresses)| look_at_all(target.clone(), addresses, options.clone(), budget));
    Ok(runtime.block_on(together(looks)).into_iter().flatten().collect())
}

/// Does all of it at once. The results are in the order of what was given.
async fn together<F>(futures: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let tasks: Vec<_> = futures.map(tokio::spawn).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap_or_else(|error| resume_unwind(error.into_panic())));
    }
    results
}

async fn look_at_all(
    target: Target,
    addresses: Result<Vec<SocketAddr>, String>,
    options: Arc<Options>,
    budget: Budget,
) -> Vec<Seen> {
    let addresses = match addresses {
        Ok(addresses) => addresses,
        Err(reason) => return vec![Seen { target, address: None, state: State::Unresolved(reason) }],
    };
    let mut seen = Vec::new();
    for some in addresses.chunks(TOGETHER) {
        let looks = some.iter().map(|address| look_at(*address, target.clone(), options.clone(), budget));
        seen.extend(together(looks).await);
    }
    seen
}

async fn look_at(address: SocketAddr, target: Target, options: Arc<Options>, budget: Budget) -> Seen {
    let state = match tls::look(address, &target, &options, budget).await {
        Ok(served) => State::Tls(Box::new(served)),
        Err(State::Strange(what)) => {
            exchange::plaintext(address, budget).await.map_or(State::Strange(what), State::Plaintext)
        }
        Err(state) => state,
    };
    Seen { target, address: Some(address), state }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::time::{Duration, Instant};

    use rustls::pki_types::ServerName;

    use super::*;

    /// Linux has all of 127.0.0.0/8.
    #[cfg(target_os = "linux")]
    #[test]
    fn many_addresses_that_say_nothing_take_no_longer_than_a_few() {
        // The operating system takes their connections, and nobody answers.
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let addresses: Vec<_> =
            (1..=80).map(|number| SocketAddr::from((Ipv4Addr::new(127, 0, 1, number), port))).collect();
        let server_name = ServerName::try_from("localhost").unwrap();
        let target = Target { host: "localhost".into(), port, service: Service::Grpc, server_name };
        let total = Duration::from_millis(900);
        let options = Options { identity: None, trusts: Arc::new(|_| false), timeout: total };

        let start = Instant::now();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let budget = Budget::begin(total);
        let seen = runtime.block_on(look_at_all(target, Ok(addresses.clone()), Arc::new(options), budget));
        assert!(start.elapsed() < 2 * total, "{:?}", start.elapsed());
        let looked_at: Vec<_> = seen.iter().filter_map(|seen| seen.address).collect();
        assert_eq!(looked_at, addresses, "each is reported, in its order");
        assert!(seen.iter().all(|seen| matches!(seen.state, State::Silent | State::Unreachable(_))));
    }
}
