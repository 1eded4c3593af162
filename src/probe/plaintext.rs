//! What is spoken on a port that does not speak TLS.

use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;

use crate::probe::budget::Budget;
use crate::probe::exchange::{self, Exchange, read_start};
use crate::probe::{Service, connect};

/// A protocol without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plaintext {
    /// HTTP/2, as gRPC uses it.
    Http2 {
        /// What Milvus says of its version.
        version: Option<String>,
    },
    /// HTTP/1, as REST uses it.
    Http1,
}

/// Recognises what is spoken, if it is something that Milvus speaks.
pub(super) async fn recognise(address: SocketAddr, budget: Budget) -> Option<Plaintext> {
    let host = exchange::host(address);
    let stream = connect(address, budget).await.ok()?;
    if let Exchange::Answered { version } = exchange::ask(Service::Grpc, address, stream, budget).await {
        return Some(Plaintext::Http2 { version });
    }
    let mut stream = connect(address, budget).await.ok()?;
    let answer = async {
        stream
            .write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())
            .await?;
        read_start(&mut stream).await
    };
    let start = budget.step(answer).await?.ok()?;
    start.starts_with(b"HTTP/1.").then_some(Plaintext::Http1)
}
