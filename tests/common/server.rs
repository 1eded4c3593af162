//! Servers on loopback.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::{self, JoinHandle};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server that ends when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// On 127.0.0.1, at a port that is free. `serve` gets every connection.
    pub(crate) fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::on(StdListener::bind("127.0.0.1:0").unwrap(), serve)
    }

    pub(crate) fn on<F>(listener: StdListener, serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let ends = Arc::new(AtomicBool::new(false));
        let seen_by_thread = ends.clone();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    if seen_by_thread.load(Ordering::Relaxed) {
                        break;
                    }
                    tokio::spawn(serve(stream));
                }
            });
            // With the runtime end the connections that are still open.
        });
        Self { address, ends, thread: Some(thread) }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn target(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn port(&self) -> String {
        self.address.port().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        // Wakes it; where it is gone already, there is nobody to wake.
        drop(StdStream::connect(self.address));
        let result = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || matches!(result, Some(Ok(()))), "the server panicked");
    }
}

/// A port of 127.0.0.1 at which nobody listens.
pub(crate) fn closed_port() -> u16 {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A loopback address that no other trial has, and hardly another run of these trials.
pub(crate) fn own_address() -> Ipv4Addr {
    static TAKEN: AtomicU8 = AtomicU8::new(0);
    let number = TAKEN.fetch_add(1, Ordering::Relaxed) + 1;
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 | high & 0x3F, low, number)
}

/// What Milvus says of its version.
pub(crate) const VERSION: &str = "v2.6.11";

/// Answers every call in HTTP/2 as Milvus answers `GetVersion`.
pub(crate) async fn speak_http2(stream: impl AsyncRead + AsyncWrite + Unpin) {
    answer_http2(stream, Bytes::from(message(VERSION))).await;
}

/// Answers every call in HTTP/2 with this content.
pub(crate) async fn answer_http2(stream: impl AsyncRead + AsyncWrite + Unpin, content: Bytes) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        let response = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
        let Ok(mut body) = respond.send_response(response, false) else { continue };
        let _ = body.send_data(content.clone(), false);
        let _ = body.send_trailers(HeaderMap::from_iter([(
            http::HeaderName::from_static("grpc-status"),
            HeaderValue::from_static("0"),
        )]));
    }
}

/// A gRPC message with the string that is its field 2.
fn message(version: &str) -> Vec<u8> {
    let length = u8::try_from(version.len()).unwrap();
    let mut message = BytesMut::new();
    message.put_slice(&[0, 0, 0, 0, length + 2, 0x12, length]);
    message.put_slice(version.as_bytes());
    message.to_vec()
}

/// Answers one request in HTTP/1, whatever it is.
pub(crate) async fn speak_http1(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut question = [0; 1024];
    let _ = stream.read(&mut question).await;
    let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
    let _ = stream.shutdown().await;
}
