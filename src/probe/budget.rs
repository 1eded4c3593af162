use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use crate::probe::failure;

/// How long looking may take: as a whole, and each step of it, so that one server that says nothing does
/// not keep the probe from what else can be tried there.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    deadline: Instant,
    step: Duration,
}

impl Budget {
    pub(super) fn begin(total: Duration) -> Self {
        let now = Instant::now();
        // A time beyond what the clock can tell is as good as a day.
        let deadline = now.checked_add(total).unwrap_or(now + Duration::from_secs(24 * 60 * 60));
        Self { deadline, step: total / 3 }
    }

    /// What the next step may take.
    pub(super) fn left(self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).min(self.step)
    }

    /// Does a step; nothing comes of it where it takes too long.
    pub(super) async fn step<T>(self, step: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(self.left(), step).await.ok()
    }

    /// Makes a connection; or else says why there is none.
    pub(super) async fn connect(self, address: SocketAddr) -> Result<TcpStream, String> {
        match self.step(TcpStream::connect(address)).await {
            Some(result) => result.map_err(|error| failure::reason(&error)),
            None => Err("no answer".into()),
        }
    }
}
