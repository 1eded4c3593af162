//! Servers that are not Milvus, or are hostile: `probe` ends and says what they are.

use std::io::Cursor;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use libtest_mimic::Trial;
use rustls::ServerConnection;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::folder::Folder;
use crate::common::server::{Server, answer_http2, closed_port};
use crate::common::tls::Tls;
use crate::report::{probe, text};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("probe reports a closed port", closed),
        trial("a server that says nothing is silent", silence),
        trial("a server that closes at once is not Milvus", immediate_close),
        trial("a server that closes after the ClientHello is not Milvus", close_after_hello),
        trial("a server that sends garbage is not Milvus", garbage),
        trial("an SSH server is not Milvus", ssh),
        trial("probe ends in time where a record never ends", slow_record),
        trial("probe ends in time where garbage comes byte by byte", slow_garbage),
        trial("a server that sends half a ServerHello is not Milvus", half_a_handshake),
        trial("probe ends in time where a ServerHello comes byte by byte", slow_hello),
        trial("probe ends where an answer without TLS is endless", endless_bytes),
        trial("probe ends where a handshake is endless", endless_handshake),
        trial("probe ends where an answer in HTTP/2 is endless", endless_http2),
        trial("endless bytes in TLS are neither HTTP/2 nor HTTP/1", endless_in_tls),
        trial("a server that says nothing after the handshake is a finding", silence_in_tls),
        trial("a server that closes after the handshake is a finding", close_in_tls),
        trial("an answer that is not Milvus' gives no version", strange_answers),
        trial("control characters of a server reach no terminal", control_characters),
    ]
}

/// The limit for servers with which each step, a third of it, takes as long as it may.
const SHORT: [&str; 2] = ["--timeout", "900ms"];

fn assert_is(server: &Server, state: &str, code: &str) {
    for rest_port in ["8080", &server.port()] {
        let report = probe(&[&[server.target().as_str(), "--rest-port", rest_port], &SHORT[..]].concat());
        report.finds(3, &[code]).has("state", state).has("tls_mode", json!(null));
    }
}

fn closed() {
    let target = format!("127.0.0.1:{}", closed_port());
    let report = probe(&[&target]).finds(1, &[]).has("state", "closed");
    report.has("detail", "the connection is refused");
}

async fn wait(_stream: impl AsyncRead) {
    std::future::pending().await
}

fn silence() {
    assert_is(&Server::start(wait), "silent", "no-answer");
}

fn immediate_close() {
    assert_is(&Server::start(async |stream| drop(stream)), "strange", "not-milvus");
}

async fn read_some(stream: &mut (impl AsyncRead + Unpin)) {
    let _ = stream.read(&mut [0; 4096]).await;
}

/// Reads, answers, and closes.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, content: &[u8]) {
    read_some(&mut stream).await;
    let _ = stream.write_all(content).await;
    let _ = stream.shutdown().await;
}

fn close_after_hello() {
    assert_is(&Server::start(async |stream| answer(stream, b"").await), "strange", "not-milvus");
}

fn garbage() {
    for content in [&[0xA7; 3][..], &[0xFF; 5000], &[0; 5000], b"\x16\x03\x03\x00\x04garb", b"\n\r\n"] {
        let content = content.to_vec();
        let server = Server::start(move |stream| {
            let content = content.clone();
            async move { answer(stream, &content).await }
        });
        assert_is(&server, "strange", "not-milvus");
    }
}

fn ssh() {
    let server = Server::start(async |mut stream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n").await;
        wait(stream).await;
    });
    assert_is(&server, "strange", "not-milvus");
}

/// Sends byte by byte until nobody listens.
async fn drip(mut stream: TcpStream, content: impl Iterator<Item = u8>) {
    for byte in content {
        if stream.write_all(&[byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The header of a record of 16 KiB, and its content for five minutes.
fn slow_record() {
    let server = Server::start(|stream| drip(stream, [0x16, 3, 3, 0x40, 0, 2].into_iter().chain([0; 16384])));
    assert_is(&server, "silent", "no-answer");
}

fn slow_garbage() {
    let server = Server::start(|stream| drip(stream, std::iter::repeat(0xA7)));
    assert_is(&server, "strange", "not-milvus");
}

/// What a server says first.
async fn first_flight(stream: &mut TcpStream, directory: &Folder) -> Vec<u8> {
    let config = Tls::one_way(&directory.path("")).config();
    let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
    let mut hello = vec![0; 4096];
    let length = stream.read(&mut hello).await.unwrap_or_default();
    let mut flight = Vec::new();
    if connection.read_tls(&mut Cursor::new(&hello[..length])).is_ok()
        && connection.process_new_packets().is_ok()
    {
        while connection.wants_write() {
            connection.write_tls(&mut flight).unwrap();
        }
    }
    flight
}

fn half_a_handshake() {
    let directory = Arc::new(Folder::with_directory(""));
    for length in [1, 5, 60, 200] {
        let directory = directory.clone();
        let server = Server::start(move |mut stream| {
            let directory = directory.clone();
            async move {
                let flight = first_flight(&mut stream, &directory).await;
                let _ = stream.write_all(&flight[..length.min(flight.len())]).await;
                let _ = stream.shutdown().await;
            }
        });
        assert_is(&server, "strange", "not-milvus");
    }
}

fn slow_hello() {
    let directory = Arc::new(Folder::with_directory(""));
    let server = Server::start(move |mut stream| {
        let directory = directory.clone();
        async move {
            let flight = first_flight(&mut stream, &directory).await;
            drip(stream, flight.into_iter()).await;
        }
    });
    assert_is(&server, "silent", "no-answer");
}

/// Sends the same again and again until nobody listens.
async fn flood(mut stream: impl AsyncWrite + Unpin, content: Vec<u8>) {
    while stream.write_all(&content).await.is_ok() {}
}

fn endless_bytes() {
    for byte in [0, b'x', 0xFF] {
        let server = Server::start(move |stream| flood(stream, vec![byte; 65536]));
        assert_is(&server, "strange", "not-milvus");
    }
}

/// Records that belong to no handshake, and a handshake's message of 16 MiB.
fn endless_handshake() {
    let ignored = b"\x14\x03\x03\0\x01\x01".repeat(1000);
    let server = Server::start(move |stream| flood(stream, ignored.clone()));
    let report = probe(&[&[server.target().as_str()], &SHORT[..]].concat());
    assert_eq!(report.status, 3, "{report:#?}");

    let message = [b"\x16\x03\x03\x40\x00\x02\xFF\xFF\xFF".to_vec(), vec![3; 16380]].concat();
    let server = Server::start(move |stream| flood(stream, message.clone()));
    let report = probe(&[&[server.target().as_str()], &SHORT[..]].concat());
    assert_eq!(report.status, 3, "{report:#?}");
}

fn endless_http2() {
    let directory = Folder::with_directory("");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Tls::one_way(&directory.path(""))
        .start_with(listener, |stream| answer_http2(stream, Bytes::from_static(&[0; 1 << 20])));
    let report = probe(&[&server.target(), "-d", &directory.argument("")]).finds(0, &[]);
    report.has("milvus_version", json!(null));
}

fn endless_in_tls() {
    let directory = Folder::with_directory("");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server =
        Tls::one_way(&directory.path("")).start_with(listener, |stream| flood(stream, vec![b'x'; 65536]));
    let folder = directory.argument("");
    let report = probe(&[&server.target(), "-d", &folder]).finds(3, &["no-answer"]);
    report.has("without_client_certificate/reason", "what it answers is no HTTP/2").has("tls_mode", 1);
    let report = probe(&[&server.target(), "-d", &folder, "--rest-port", &server.port()]);
    let report = report.finds(3, &["no-answer"]);
    report.has("without_client_certificate/reason", "what it answers is no HTTP/1");
}

fn silence_in_tls() {
    let directory = Folder::with_directory("");
    let server =
        Tls::one_way(&directory.path("")).start_with(TcpListener::bind("127.0.0.1:0").unwrap(), wait);
    let report = probe(&[&[server.target().as_str(), "-d", &directory.argument("")], &SHORT[..]].concat());
    report.finds(3, &["no-answer"]).has("without_client_certificate/reason", "it says nothing");
}

fn close_in_tls() {
    let directory = Folder::with_directory("");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server =
        Tls::one_way(&directory.path("")).start_with(listener, async |stream| answer(stream, b"").await);
    let report = probe(&[&server.target(), "-d", &directory.argument("")]).finds(3, &["no-answer"]);
    report.has("without_client_certificate/reason", "it closes the connection");
}

fn strange_answers() {
    let directory = Folder::with_directory("");
    for content in
        [&b""[..], b"\0", b"\0\xFF\xFF\xFF\xFF", b"\0\0\0\0\x02\x12\x7F", b"\x01\0\0\0\0", b"<html>"]
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Tls::one_way(&directory.path(""))
            .start_with(listener, move |stream| answer_http2(stream, Bytes::from_static(content)));
        let report = probe(&[&server.target(), "-d", &directory.argument("")]).finds(0, &[]);
        report.has("milvus_version", json!(null));
    }
}

/// A version that moves the cursor and colours what follows.
fn control_characters() {
    let directory = Folder::with_directory("");
    let server = Tls::one_way(&directory.path(""))
        .start_with(TcpListener::bind("127.0.0.1:0").unwrap(), |stream| {
            answer_http2(stream, Bytes::from_static(b"\0\0\0\0\x0A\x12\x08v1\x1B[2J\r\n"))
        });
    let said = text(&[&server.target(), "-d", &directory.argument("")]);
    assert!(said.contains("\n  Milvus      v1") && !said.contains(['\x1B', '\r']), "{said:?}");
    let report = probe(&[&server.target(), "-d", &directory.argument("")]);
    report.has("milvus_version", "v1\x1B[2J\r\n");
}
