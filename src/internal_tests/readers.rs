//! Bytes that somebody else wrote: every reader of PEM, DER, `ca.srl` and YAML reads or refuses them, and
//! never panics.

use std::sync::LazyLock;
use std::time::Duration;

use crate::base::place::Place;
use crate::check::config::Source;
use crate::check::config::source::AtPath;
use crate::check::{self, Bundle, Expectations, InspectTarget, Verdict, inspect};
use crate::milvus::TlsMode;
use crate::store::{FileMode, FileRole};
use crate::x509::{
    Item, KeyMaterial, KeyType, SerialCounter, certificates_from_pem, certificates_to_pem, is_encrypted_key,
    items, key_from_pem,
};
use crate::{GenerateRequest, generate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// The seven files as this program makes them, with keys of two kinds.
static REAL: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut files = Vec::new();
    for key_type in [KeyType::P256, KeyType::Rsa2048] {
        let folder = tempfile::tempdir().unwrap();
        let mut request = GenerateRequest::new(folder.path());
        request.key_type = key_type;
        generate(&request, OffsetDateTime::now_utc()).unwrap();
        files.extend(
            FileRole::AS_LISTED.map(|role| std::fs::read(folder.path().join(role.file_name())).unwrap()),
        );
    }
    files
});

/// The certificates and keys among them, below the PEM.
static REAL_DER: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let blocks = REAL.iter().filter_map(|file| pem::parse(file).ok());
    blocks.map(pem::Pem::into_contents).collect()
});

/// Gives bytes to every reader of PEM and DER.
fn read_everywhere(content: &[u8]) {
    let read = items(content);
    let _ = KeyMaterial::from_pem(content);
    let _ = key_from_pem(content, None);
    let _ = is_encrypted_key(content);
    if let Ok(certificates) = certificates_from_pem(content) {
        let written = certificates_to_pem(&certificates);
        assert_eq!(certificates_from_pem(written.as_bytes()).unwrap(), certificates);
    }
    let source = Source { name: "-".into(), content: Zeroizing::new(content.to_vec()) };
    let report = inspect(&[InspectTarget::Content(source)], OffsetDateTime::UNIX_EPOCH);
    let is_whole = |item: &Item| !matches!(item, Item::Damaged { .. });
    assert_eq!(report.is_complete(), read.is_ok_and(|items| items.iter().all(is_whole)));
    serde_json::to_string(&report).unwrap();
}

/// Gives a certificate directory to the judge.
fn judge_directory(files: &[Vec<u8>]) {
    let mut bundle = Bundle::new();
    for (role, content) in FileRole::AS_LISTED.into_iter().zip(files) {
        bundle.add(role, Place::file(role.file_name()), Some(FileMode::PRIVATE), Ok(content));
    }
    let expectations = Expectations {
        directory: Some("certs".into()),
        modes: TlsMode::ALL.to_vec(),
        server_names: vec!["localhost".parse().unwrap()],
        expires_in: Duration::from_secs(1),
        now: OffsetDateTime::now_utc(),
    };
    let findings = check::judge(&bundle, &expectations);
    for mode in TlsMode::ALL {
        let _ = Verdict::of(mode, &crate::check::Client::ALL, &findings);
    }
}

/// What happens to a file on its way.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Cut(Index),
    Lose(Index, usize),
    Repeat(Index, Index),
    Splice(Index, Index),
    Insert(Index, Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, 1 << bit)),
        1 => index().prop_map(Damage::Cut),
        2 => (index(), 1..40_usize).prop_map(|(at, count)| Damage::Lose(at, count)),
        1 => (index(), index()).prop_map(|(from, to)| Damage::Repeat(from, to)),
        2 => (index(), index()).prop_map(|(at, from)| Damage::Splice(at, from)),
        2 => (index(), vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
    ]
}

impl Damage {
    fn apply(&self, content: &mut Vec<u8>, other: &[u8]) {
        let place = |index: &Index, content: &[u8]| index.index(content.len() + 1);
        match self {
            Self::Flip(at, bit) => {
                if !content.is_empty() {
                    let at = at.index(content.len());
                    content[at] ^= bit;
                }
            }
            Self::Cut(at) => content.truncate(place(at, content)),
            Self::Lose(at, count) => {
                let start = place(at, content);
                content.drain(start..content.len().min(start + count));
            }
            Self::Repeat(from, to) => {
                let (from, to) = (place(from, content), place(to, content));
                let part = content[from.min(to)..from.max(to)].to_vec();
                content.splice(to..to, part);
            }
            Self::Splice(at, from) => {
                content.truncate(place(at, content));
                content.extend_from_slice(&other[place(from, other)..]);
            }
            Self::Insert(at, bytes) => {
                let at = place(at, content);
                content.splice(at..at, bytes.iter().copied());
            }
        }
    }
}

/// One of these, with a few kinds of damage.
fn damaged(real: &'static LazyLock<Vec<Vec<u8>>>) -> impl Strategy<Value = Vec<u8>> {
    (any::<Index>(), any::<Index>(), vec(damage(), 0..5)).prop_map(|(one, other, damages)| {
        let (mut content, other) = (one.get(real.as_slice()).clone(), other.get(real.as_slice()));
        damages.iter().for_each(|damage| damage.apply(&mut content, other));
        content
    })
}

/// A PEM label, known or not, or no label at all.
fn label() -> impl Strategy<Value = String> {
    let known = [
        "CERTIFICATE",
        "X509 CERTIFICATE",
        "CERTIFICATE REQUEST",
        "PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "EC PARAMETERS",
    ];
    prop_oneof![4 => select(known.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,12}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(content in vec(any::<u8>(), 0..600)) {
        read_everywhere(&content);
    }

    #[test]
    fn any_text_is_read_or_refused(content in "(\\PC|[-\n\r\t\u{0} ]|-----(BEGIN|END) (CERTIFICATE|PRIVATE KEY)-----){0,60}") {
        read_everywhere(content.as_bytes());
    }

    #[test]
    fn damaged_files_are_read_or_refused(content in damaged(&REAL)) {
        read_everywhere(&content);
    }

    #[test]
    fn damaged_der_is_read_or_refused_bare_and_under_any_label(content in damaged(&REAL_DER), label in label()) {
        read_everywhere(&content);
        read_everywhere(pem::encode(&pem::Pem::new(label, content)).as_bytes());
    }

    #[test]
    fn pem_with_any_headers_is_read_or_refused(
        label in label(),
        end in label(),
        same in any::<bool>(),
        headers in vec("(Proc-Type|DEK-Info|\\PC{0,8}):? ?(4,ENCRYPTED|AES-256-CBC,|\\PC{0,12})\r?", 0..4),
        content in any::<Index>(),
        gap in "[\n\r ]{0,3}",
    ) {
        let body = pem::encode(&pem::Pem::new("X", content.get(REAL_DER.as_slice()).as_slice()));
        let body: Vec<_> = body.lines().filter(|line| !line.starts_with('-')).collect();
        let end = if same { &label } else { &end };
        let headers = headers.join("\n");
        let text = format!("-----BEGIN {label}-----\n{headers}\n{gap}{}\n-----END {end}-----\n", body.join("\n"));
        read_everywhere(text.as_bytes());
    }

    #[test]
    fn a_directory_of_damaged_files_is_judged(files in vec(damaged(&REAL), 7), der in vec(damaged(&REAL_DER), 7)) {
        judge_directory(&files);
        let is_key = |index: usize| FileRole::AS_LISTED[index].is_key();
        let label = |index| if is_key(index) { "PRIVATE KEY" } else { "CERTIFICATE" };
        let pem = |(index, der): (usize, Vec<u8>)| pem::encode(&pem::Pem::new(label(index), der)).into_bytes();
        judge_directory(&der.into_iter().enumerate().map(pem).collect::<Vec<_>>());
    }

    #[test]
    fn any_ca_srl_that_is_read_is_written_as_the_same_number(
        content in prop_oneof![
            vec(any::<u8>(), 0..60),
            "[0-9A-Fa-f]{0,44}(\\\\?\r?\n[0-9A-Fa-f]{0,6}){0,3}".prop_map(String::into_bytes),
        ],
        other in "([0-9A-F]{2}){1,20}",
    ) {
        let Ok(counter) = SerialCounter::parse(&content) else { return Ok(()) };
        let written = counter.to_string();
        prop_assert_eq!(SerialCounter::parse(written.as_bytes()).unwrap(), counter.clone());
        prop_assert!(counter.last().octets().len() <= 20);
        let other = SerialCounter::parse(other.as_bytes()).unwrap();
        prop_assert!(!(counter.will_reach(other.last()) && other.will_reach(counter.last())));
        prop_assert!(!counter.will_reach(counter.last()));
        if let Ok(next) = counter.clone().advance() {
            prop_assert!(counter.will_reach(&next), "{} after {}", next, counter.last());
        }
    }

    #[test]
    fn any_configuration_is_judged(text in "([a-z]{1,3}|[-:{}\\[\\]&*<>|!%#?,'\" \n]|- |: |services|tls|common|kind: (Secret|Milvus)|\\PC){0,80}") {
        let source = |name: &str, content: &[u8]| Source { name: name.into(), content: Zeroizing::new(content.to_vec()) };
        let sources = [source("user.yaml", text.as_bytes()), source("-", &[text.as_bytes(), b"\xff"].concat())];
        let judgement = check::config::judge(&sources, &Bundle::new(), &|_| AtPath::Unknown);
        // The second is not UTF-8.
        prop_assert!(judgement.findings.iter().any(|finding| finding.place.path == "-"));
    }
}

#[test]
fn a_serial_number_is_reached_where_many_digits_carry() {
    for octets in 1..=20 {
        let mut counter = SerialCounter::parse(format!("00{}", "FF".repeat(octets - 1)).as_bytes()).unwrap();
        let before = counter.clone();
        let next = counter.advance().unwrap();
        assert!(before.will_reach(&next), "{} after {}", next, before.last());
    }
}
