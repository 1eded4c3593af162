//! What a server answers: whatever is written to a client that speaks TLS, HTTP/2 and HTTP/1 to it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::check::{ProbeRequest, probe};
use crate::x509::GeneralName;
use time::macros::datetime;

/// A server at every address of loopback, which says this to everybody.
static SERVER: LazyLock<(u16, Arc<Mutex<Vec<u8>>>)> = LazyLock::new(|| {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(Mutex::new(Vec::new()));
    let said = answer.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
            thread::spawn(move || say(stream, &answer));
        }
    });
    (port, answer)
});

/// Each input has an address of its own: so many connections to one would use up its ports.
static ADDRESS: AtomicU32 = AtomicU32::new(1);

pub fn run(content: &[u8]) {
    let (port, answer) = &*SERVER;
    content.clone_into(&mut answer.lock().unwrap());
    let [_, a, b, c] = ADDRESS.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let mut request = ProbeRequest::new();
    request.hosts = vec![(Ipv4Addr::new(127, a, b, c).to_string(), Some(*port))];
    request.server_name = Some("localhost".parse::<GeneralName>().unwrap());
    request.timeout = Duration::from_secs(3);
    // An odd length is for REST.
    if content.len() % 2 == 1 {
        request.rest_port = *port;
    }
    let start = Instant::now();
    let report = probe(&request, datetime!(2026-07-01 00:00 UTC)).unwrap();
    assert!(start.elapsed() < Duration::from_secs(6), "it keeps to its time");
    serde_json::to_string(&report).unwrap();
}

/// Says everything, and listens until the client has gone, so that none of it is lost.
fn say(mut stream: TcpStream, answer: &[u8]) {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
    if stream.write_all(answer).is_ok() && stream.shutdown(Shutdown::Write).is_ok() {
        let mut heard = [0; 4096];
        while stream.read(&mut heard).is_ok_and(|count| count > 0) {}
    }
}
