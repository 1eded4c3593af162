//! A certificate directory whose seven files hold anything. A part that is not PEM is taken for DER
//! and made PEM of, so that what lies below the Base64 is fuzzed too.

use crate::base::place::Place;
use crate::check::{Bundle, Expectations, Verdict, judge};
use crate::milvus::TlsMode;
use crate::store::{FileMode, FileRole};
use crate::x509::GeneralName;
use time::macros::datetime;

/// Between two files.
const NEXT_FILE: &[u8] = b"\n====\n";
/// Between two certificates of a file.
const NEXT_BLOCK: &[u8] = b"\n++++\n";

pub fn run(content: &[u8]) {
    let mut bundle = Bundle::new();
    for (role, part) in FileRole::AS_LISTED.into_iter().zip(split(content, NEXT_FILE)) {
        let place = Place::file(role.file_name());
        match part {
            b"" => {}
            b"!" => bundle.add(
                role,
                place,
                None,
                Err(std::io::Error::from(std::io::ErrorKind::PermissionDenied).into()),
            ),
            part => bundle.add(role, place, Some(FileMode::PUBLIC), Ok(&file(role, part))),
        }
    }
    if content.first() == Some(&b'!') {
        bundle.interruption = Some(crate::store::Interruption::Own);
    }
    let names = ["localhost", "127.0.0.1", "*.example.com", "::1"];
    for (directory, modes) in
        [(Some("certs".to_owned()), TlsMode::ALL.to_vec()), (None, vec![TlsMode::OneWay])]
    {
        let expectations = Expectations {
            directory,
            modes,
            server_names: names.iter().map(|name| name.parse::<GeneralName>().unwrap()).collect(),
            expires_in: std::time::Duration::from_secs(30 * 24 * 60 * 60),
            now: datetime!(2026-07-01 00:00 UTC),
        };
        let findings = judge(&bundle, &expectations);
        serde_json::to_string(&findings).unwrap();
        for mode in TlsMode::ALL {
            serde_json::to_string(&Verdict::of(mode, &crate::check::Client::ALL, &findings)).unwrap();
        }
    }
}

fn file(role: FileRole, part: &[u8]) -> Vec<u8> {
    if role == FileRole::CaSerial || part.starts_with(b"-----BEGIN ") {
        return part.to_vec();
    }
    let label = if role.is_key() { "PRIVATE KEY" } else { "CERTIFICATE" };
    let blocks = split(part, NEXT_BLOCK);
    blocks.map(|block| pem::encode(&pem::Pem::new(label, block))).collect::<String>().into_bytes()
}

fn split<'a>(content: &'a [u8], separator: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(content);
    std::iter::from_fn(move || {
        let part = rest?;
        let found = part.windows(separator.len()).position(|window| window == separator);
        rest = found.map(|start| &part[start + separator.len()..]);
        Some(found.map_or(part, |start| &part[..start]))
    })
}
