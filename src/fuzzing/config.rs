//! What a person wrote for Milvus, or as a list of what is to be issued: any files, and whatever they
//! name on this machine.

use std::path::Path;

use crate::Fleet;
use crate::base::place::Place;
use crate::check::config::source::AtPath;
use crate::check::config::{Source, judge};
use crate::check::{Bundle, Expectations};
use crate::milvus::TlsMode;
use crate::store::FileRole;
use time::macros::datetime;
use zeroize::Zeroizing;

/// Between two files.
const NEXT_FILE: &str = "\n====\n";
const NAMES: [&str; 4] = ["docker-compose.yaml", "user.yaml", "configs/milvus.yaml", "-"];
const CERTIFICATE: &[u8] = include_bytes!("../../tests/check/public/ca.pem");

pub fn run(content: &[u8]) {
    let mut bundle = Bundle::new();
    bundle.add(FileRole::CaCertificate, Place::file("certs/ca.pem"), None, Ok(CERTIFICATE));
    let sources = sources(content);
    sources.iter().for_each(|source| drop(Fleet::read(source)));
    let judgement = judge(&sources, &bundle, &|path| look(path, content));

    for finding in &judgement.findings {
        if let Some(position) = finding.place.position {
            assert!(position.line > 0 && position.column > 0, "{}", finding.place);
        }
    }
    serde_json::to_string(&judgement.findings).unwrap();
    let expectations = Expectations {
        directory: None,
        modes: TlsMode::ALL.to_vec(),
        server_names: Vec::new(),
        expires_in: std::time::Duration::ZERO,
        now: datetime!(2026-07-01 00:00 UTC),
    };
    for bundle in &judgement.bundles {
        let _ = crate::check::judge(bundle, &expectations);
    }
}

/// One file, or several where the bytes are text that says so.
fn sources(content: &[u8]) -> Vec<Source> {
    let source =
        |name: &str, content: &[u8]| Source { name: name.into(), content: Zeroizing::new(content.to_vec()) };
    match std::str::from_utf8(content) {
        Ok(text) => {
            let parts = text.split(NEXT_FILE).zip(NAMES);
            parts.map(|(part, name)| source(name, part.as_bytes())).collect()
        }
        Err(_) => vec![source("milvus.yaml", content)],
    }
}

/// A machine that has everything, told by the names.
fn look(path: &Path, content: &[u8]) -> AtPath {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("pem") => AtPath::File(Zeroizing::new(CERTIFICATE.to_vec()), None),
        Some("yaml" | "env" | "key") => AtPath::File(Zeroizing::new(content.to_vec()), None),
        Some(_) => AtPath::Nothing,
        None if path.ends_with("unknown") => AtPath::Unknown,
        None => AtPath::Folder(["ca.pem", "ca.key", "user.yaml"].map(str::to_owned).to_vec()),
    }
}
