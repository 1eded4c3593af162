//! Addresses that a text says were dialled.

use std::iter;

/// Where a connection went, in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address<'t> {
    /// A name or an IP address, IPv6 without brackets.
    pub(super) host: &'t str,
    pub(super) port: Option<u16>,
    /// What follows in a URL: empty elsewhere.
    pub(super) path: &'t str,
    /// Whether HTTP asks there, as neither a client of Milvus nor Milvus at its services does, but for REST.
    pub(super) is_http: bool,
}

/// What clients print before the address that they dial.
const BEFORE: &[(&str, bool)] = &[
    // urllib3, requests: HTTPSConnectionPool(host='localhost', port=8080)
    ("connectionpool(host='", true),
    // Go: dial tcp 10.0.0.1:19530: connect: connection refused; dial tcp: lookup milvus on 10.96.0.10:53: no such host
    ("dial tcp ", false),
    ("dial unix ", false),
    ("lookup ", false),
    // curl, ssh, aiohttp, libpq, Node
    ("connect to host ", true),
    ("connect to ", false),
    ("in connection to ", false),
    ("connection to server at \"", false),
    ("running on host \"", false),
    ("could not resolve host: ", false),
    ("enotfound ", false),
    ("eai_again ", false),
    ("econnrefused ", false),
    // gRPC
    ("ipv4:", false),
    ("ipv6:", false),
];

/// The addresses that a text in lower case says were dialled: of each way to say it all, URLs first.
pub(super) fn dialled(text: &str) -> impl Iterator<Item = Address<'_>> {
    let named = BEFORE.iter().flat_map(move |(before, is_http)| {
        text.match_indices(before).filter_map(|(at, _)| {
            let stands_alone = !text[..at].ends_with(|last: char| last.is_ascii_alphanumeric())
                || before.starts_with("connectionpool");
            let (host, port, _) = authority(&text[at + before.len()..])?;
            // `connect to the server` has no address.
            let is_address = port.is_some() || host.contains('.') || !before.ends_with("to ");
            (stands_alone && is_address).then_some(Address { host, port, path: "", is_http: *is_http })
        })
    });
    urls(text).chain(named)
}

fn urls(text: &str) -> impl Iterator<Item = Address<'_>> {
    let mut at = 0;
    iter::from_fn(move || {
        let colon = at + text[at..].find("://")?;
        at = colon + 3;
        Some((&text[..colon], &text[at..]))
    })
    .filter(|(before, _)| !is_documentation(before))
    .filter_map(|(before, after)| {
        // amqps://user:password@host
        let after = match after.find(['@', '/', ' ', '"']) {
            Some(end) if after[end..].starts_with('@') => &after[end + 1..],
            _ => after,
        };
        let (host, port, path) = authority(after)?;
        Some(Address { host, port, path, is_http: before.ends_with("http") || before.ends_with("https") })
    })
}

/// curl: `More details here: https://curl.se/docs/sslcerts.html`
fn is_documentation(before: &str) -> bool {
    let words = before.rsplit([';', '.', '\n']).next().unwrap_or_default();
    ["see ", "details", "here: ", "visit ", "documentation", "more information"]
        .iter()
        .any(|word| words.contains(word))
}

/// `HOST:PORT`, `[::1]:PORT`, `HOST', port=PORT`, `HOST port PORT`, and what follows.
fn authority(text: &str) -> Option<(&str, Option<u16>, &str)> {
    // gRPC writes the brackets of IPv6 as a URI does.
    let (host, rest) = match text.strip_prefix('[').or_else(|| text.strip_prefix("%5b")) {
        Some(text) => text.split_once(']').or_else(|| text.split_once("%5d"))?,
        None => {
            let is_end = |end: char| !end.is_ascii_alphanumeric() && !"-._/".contains(end);
            let end = text.find(is_end).unwrap_or(text.len());
            let end = text[..end].find('/').filter(|start| *start > 0).unwrap_or(end);
            text.split_at(end)
        }
    };
    const BEFORE_PORT: [&str; 6] = [":", "', port=", ", port=", " port ", "\", port ", "' port "];
    let port = BEFORE_PORT.iter().find_map(|before| rest.strip_prefix(before)).and_then(|rest| {
        let end = rest.find(|end: char| !end.is_ascii_digit()).unwrap_or(rest.len());
        Some((rest[..end].parse().ok()?, &rest[end..]))
    });
    let (port, path) = port.map_or((None, rest), |(port, path)| (Some(port), path));
    (!host.is_empty()).then_some((host, port, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(&str, Option<u16>)> {
        dialled(text).map(|address| (address.host, address.port)).collect()
    }

    #[test]
    fn clients_say_in_their_ways_what_they_dial() {
        for (text, host, port) in [
            (r#"get "https://localhost:8080/v2/vectordb": eof"#, "localhost", Some(8080)),
            (r#"\"error\":\"get \\\"https://minio:9000/b/\\\": eof"#, "minio", Some(9000)),
            ("request to https://api.example.com/a failed", "api.example.com", None),
            ("amqps://guest:**@mq:5671//: eof", "mq", Some(5671)),
            ("httpsconnectionpool(host='localhost', port=8080): max", "localhost", Some(8080)),
            ("dial tcp 10.0.0.1:6334: connect", "10.0.0.1", Some(6334)),
            ("dial tcp [::1]:19530: connect", "::1", Some(19530)),
            ("dial unix /run/a.sock: connect", "/run/a.sock", None),
            ("lookup milvus on 10.96.0.10:53: no such host", "milvus", None),
            ("failed to connect to milvus.example port 8080 after", "milvus.example", Some(8080)),
            ("connect to host 10.0.0.1 port 22: refused", "10.0.0.1", Some(22)),
            ("ssl_error_syscall in connection to a.example:443 ", "a.example", Some(443)),
            (r#"connection to server at "db", port 5432 failed"#, "db", Some(5432)),
            ("connect econnrefused 127.0.0.1:8085", "127.0.0.1", Some(8085)),
            ("last error: unknown: ipv4:10.0.0.5:19530: failed", "10.0.0.5", Some(19530)),
            ("unknown: ipv6:%5b::1%5d:19530: failed", "::1", Some(19530)),
        ] {
            assert_eq!(of(text)[0], (host, port), "{text}");
        }
    }

    #[test]
    fn what_was_not_dialled_is_none() {
        for text in [
            "more details here: https://curl.se/docs/sslcerts.html",
            "failed to connect to all addresses",
            "unable to connect to the server: eof",
            "12:00:00 ssl_transport_security.cc:1654] handshake failed",
        ] {
            assert_eq!(of(text), [], "{text}");
        }
    }
}
