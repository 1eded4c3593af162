//! What programs say when TLS fails, and what it means: the words of Go (Milvus itself), gRPC's C core
//! with BoringSSL (pymilvus, C++), OpenSSL (curl, Python), rustls, Java and Node.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::LazyLock;

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Input, PatternID};
use serde::Serialize;

use crate::base::error::Error;
use crate::base::place::{Place, Position};
use crate::base::text::printable;
use crate::check::codes::Code;
use crate::check::finding::Finding;
use crate::store::{FileRole, unreadable};
use crate::x509::EndEntityKind;

/// Words, and what they mean.
struct Saying {
    /// All of these, in lower case, stand in the line.
    words: &'static [&'static str],
    /// Who says it.
    speaker: &'static str,
    code: Code,
    /// Whose certificate it is about.
    kind: Option<EndEntityKind>,
}

const SERVER: Option<EndEntityKind> = Some(EndEntityKind::Server);
const CLIENT: Option<EndEntityKind> = Some(EndEntityKind::Client);

macro_rules! sayings {
    ($($code:ident, $kind:expr, $speaker:literal: $([$($word:literal),+])+;)+) => {
        /// From the most to the least specific: the first that fits is meant.
        const SAYINGS: &[Saying] = &[
            $($(Saying { words: &[$($word),+], speaker: $speaker, code: Code::$code, kind: $kind },)+)+
        ];
    };
}

sayings! {
    // A client certificate, as the server sees it
    // Since Go 1.20 servers and clients say the same: these are clients
    ServerWithoutServerAuth, SERVER, "Go":
        ["authentication handshake failed", "failed to verify certificate", "incompatible key usage"]
        ["get \"https://", "failed to verify certificate", "incompatible key usage"]
        ["post \"https://", "failed to verify certificate", "incompatible key usage"];
    ClientWithoutClientAuth, CLIENT, "Go":
        ["failed to verify client certificate", "incompatible key usage"]
        ["failed to verify certificate", "incompatible key usage"];
    ClientCertificateMissing, CLIENT, "Go":
        ["client didn't provide a certificate"];
    ClientCertificateMissing, CLIENT, "rustls":
        ["peer sent no certificates"];
    ClientCertificateMissing, CLIENT, "any":
        ["certificaterequired"]
        ["certificate_required"]
        ["tlsv13 alert certificate required"]
        ["tlsv1 alert certificate required"]
        ["remote error: tls: certificate required"]
        ["alert number 116"];
    NotIssuedByCa, CLIENT, "Go":
        ["failed to verify client certificate", "unknown authority"];
    Expired, CLIENT, "Go":
        ["failed to verify client certificate", "expired"];
    KeyMismatch, CLIENT, "Go":
        ["invalid signature by the client certificate"];
    // Since Go 1.20 servers and clients say the same: who says it shows before
    NotIssuedByCa, CLIENT, "Go":
        ["tls handshake error from", "failed to verify certificate", "unknown authority"]
        ["security handshake from", "failed to verify certificate", "unknown authority"];
    Expired, CLIENT, "Go":
        ["tls handshake error from", "failed to verify certificate", "expired"]
        ["security handshake from", "failed to verify certificate", "expired"];
    ClientRefused, CLIENT, "Go":
        ["failed to verify client certificate"];
    // A server certificate, as the server hears of it
    NotIssuedByCa, SERVER, "Go":
        ["tls handshake error from", "remote error: tls: unknown certificate authority"]
        ["security handshake from", "remote error: tls: unknown certificate authority"];
    ServerRefused, SERVER, "Go":
        ["tls handshake error from", "remote error: tls: bad certificate"]
        ["tls handshake error from", "remote error: tls: unknown certificate"]
        ["tls handshake error from", "remote error: tls: expired certificate"]
        ["security handshake from", "remote error: tls: bad certificate"]
        ["security handshake from", "remote error: tls: unknown certificate"]
        ["security handshake from", "remote error: tls: expired certificate"]
        ["local error: tls: bad record mac"];
    // A client certificate, as the client hears of it
    NotIssuedByCa, CLIENT, "Go":
        ["remote error: tls: unknown certificate authority"];
    ServerRefused, SERVER, "Go":
        ["remote error: tls: unknown certificate"];
    NotIssuedByCa, CLIENT, "OpenSSL":
        ["alert unknown ca"]
        ["alert number 48"];
    NotIssuedByCa, CLIENT, "gRPC":
        ["alert_unknown_ca"];
    NotIssuedByCa, CLIENT, "rustls":
        ["received fatal alert: unknownca"];
    NotIssuedByCa, CLIENT, "Java":
        ["received fatal alert: unknown_ca"];
    Expired, CLIENT, "Go":
        ["remote error: tls: expired certificate"];
    Expired, CLIENT, "OpenSSL":
        ["alert certificate expired"]
        ["alert number 45"];
    Expired, CLIENT, "gRPC":
        ["alert_certificate_expired"];
    Expired, CLIENT, "rustls":
        ["received fatal alert: certificateexpired"];
    Expired, CLIENT, "Java":
        ["received fatal alert: certificate_expired"];
    KeyMismatch, CLIENT, "Go":
        ["remote error: tls: error decrypting message"];
    KeyMismatch, CLIENT, "OpenSSL":
        ["alert decrypt error"]
        ["alert number 51"];
    KeyMismatch, CLIENT, "gRPC":
        ["alert_decrypt_error"];
    KeyMismatch, CLIENT, "Java":
        ["received fatal alert: decrypt_error"];
    ClientRefused, CLIENT, "OpenSSL":
        ["alert bad certificate"]
        ["alert unsupported certificate"]
        ["alert number 42"]
        ["alert number 43"];
    ClientRefused, CLIENT, "Go":
        ["remote error: tls: bad certificate"]
        ["remote error: tls: unsupported certificate"];
    ClientRefused, CLIENT, "gRPC":
        ["alert_bad_certificate"]
        ["alert_unsupported_certificate"];
    ClientRefused, CLIENT, "curl":
        ["getpeername() failed with errno 107"];
    ClientRefused, CLIENT, "Java":
        ["received fatal alert: certificate_unknown"]
        ["received fatal alert: bad_certificate"]
        ["received fatal alert: unsupported_certificate"];
    ClientRefused, CLIENT, "rustls":
        ["received fatal alert: badcertificate"]
        ["received fatal alert: unsupportedcertificate"];

    // Files that Milvus cannot load
    KeyMismatch, SERVER, "Go":
        ["private key does not match public key"]
        ["private key type does not match public key type"];
    KeyMismatch, SERVER, "OpenSSL":
        ["key values mismatch"];
    KeyMismatch, CLIENT, "curl":
        ["unable to set private key file"];
    KeyMismatch, SERVER, "rustls":
        ["keymismatch"];
    EncryptedKey, SERVER, "Go":
        ["failed to parse private key"];
    FoldedPem, SERVER, "Go":
        ["failed to find any pem data"]
        ["failed to find certificate pem data"];
    FoldedPem, SERVER, "gRPC":
        ["invalid cert chain file"]
        ["invalid private key"]
        ["could not get pem block"]
        ["could not load any root certificate"];
    FoldedPem, SERVER, "OpenSSL":
        ["pem routines", "no start line"]
        ["pem routines", "bad end line"]
        ["pem lib"];
    FoldedPem, SERVER, "OpenSSL":
        ["no certificate or crl found"]
        ["no_certificate_or_crl_found"];
    FoldedPem, SERVER, "Java":
        ["could not parse certificate"]
        ["file does not contain valid certificates"]
        ["found no certificates in input stream"]
        ["found no private key in input stream"];
    KeyNotPkcs8, CLIENT, "Java":
        ["file does not contain valid private key"]
        ["algid parse error, not a sequence"]
        ["invalidkeyspecexception"];
    RestPortMissing, None, "Milvus":
        ["share the same port", "tls mode must be 0"]
        ["tls mode must be 0"];
    MissingFile, SERVER, "Go":
        ["open ", ".pem: no such file or directory"]
        ["open ", ".key: no such file or directory"];
    MissingFile, CLIENT, "curl":
        ["error setting certificate file"]
        ["error setting certificate verify locations"]
        ["error adding trust anchors from file"];
    MissingFile, CLIENT, "OpenSSL":
        ["no such file or directory", "calling fopen("];
    MissingFile, CLIENT, "Java":
        [".pem (no such file or directory)"]
        [".key (no such file or directory)"];
    MissingFile, CLIENT, "Node":
        ["enoent", ".pem"]
        ["enoent", ".key"];

    // Names
    InternalTlsWithoutSni, None, "Go":
        ["cannot validate certificate for", "doesn't contain any ip sans"];
    NoSubjectAltName, SERVER, "Go":
        ["relies on legacy common name field"]
        ["not valid for any names"];
    NameNotCovered, SERVER, "Go":
        ["certificate is valid for", ", not "];
    NameNotCovered, SERVER, "gRPC":
        ["hostname verification check failed"]
        ["peer name", "is not in peer certificate"];
    NameNotCovered, SERVER, "curl":
        ["no alternative certificate subject name matches"]
        ["subject name", "does not match target host name"];
    NameNotCovered, SERVER, "OpenSSL":
        ["hostname mismatch"]
        ["ip address mismatch"];
    NameNotCovered, SERVER, "rustls":
        ["certificate not valid for name"]
        ["notvalidforname"];
    NameNotCovered, SERVER, "Java":
        ["no subject alternative names matching ip address"]
        ["no subject alternative dns name matching"]
        ["no name matching", "found"]
        ["no subject alternative names present"];
    NameNotCovered, SERVER, "Node":
        ["err_tls_cert_altname_invalid"]
        ["hostname/ip does not match certificate's altnames"];

    // Purposes
    ServerWithoutServerAuth, SERVER, "Go":
        ["certificate specifies an incompatible key usage"];
    ServerWithoutServerAuth, SERVER, "OpenSSL":
        ["unsupported certificate purpose"]
        ["unsuitable certificate purpose"];
    ServerWithoutServerAuth, SERVER, "rustls":
        ["certificate does not allow extended key usage"]
        ["invalidpurpose"];
    ServerWithoutServerAuth, SERVER, "Java":
        ["extended key usage does not permit use for tls server authentication"];
    ClientWithoutClientAuth, CLIENT, "Java":
        ["extended key usage does not permit use for tls client authentication"];
    NoDigitalSignature, SERVER, "gRPC":
        ["key_usage_bit_incorrect"];
    NoDigitalSignature, SERVER, "Java":
        ["keyusage does not allow digital signatures"];
    CaWithoutKeyUsage, SERVER, "Python":
        ["ca cert does not include key usage extension"];
    CaNotAuthority, SERVER, "Go":
        ["certificate is not authorized to sign other certificates"];
    CaNotAuthority, SERVER, "rustls":
        ["causedasendentity"]
        ["ca used as end entity"]
        ["endentityusedasca"];
    CaNotAuthority, SERVER, "OpenSSL":
        ["invalid ca certificate"];
    CaPathLength, SERVER, "Go":
        ["too many intermediates for path length constraint"];
    CaPathLength, SERVER, "OpenSSL":
        ["path length constraint exceeded"];
    NameConstraints, SERVER, "Go":
        ["is not authorized to sign for this name"];
    NameConstraints, SERVER, "OpenSSL":
        ["permitted subtree violation"]
        ["excluded subtree violation"];

    // Time
    NotYetValid, SERVER, "Go":
        ["certificate has expired or is not yet valid", "is before"];
    Expired, SERVER, "Go":
        ["certificate has expired or is not yet valid"];
    NotYetValid, SERVER, "any":
        ["certificate is not yet valid"]
        ["certificate not valid yet"]
        ["notvalidyet"];
    NotYetValid, SERVER, "Java":
        ["certificatenotyetvalidexception"]
        ["notbefore:"];
    Expired, SERVER, "any":
        ["certificate has expired"]
        ["certificate_expired"]
        ["certificate expired"]
        ["cert_has_expired"]
        ["invalid peer certificate: expired"]
        ["certexpired"];
    Expired, SERVER, "Java":
        ["certificateexpiredexception"]
        ["validity check failed"]
        ["notafter:"];

    // Trust
    NotIssuedByCa, SERVER, "OpenSSL":
        ["self-signed certificate in certificate chain"]
        ["self signed certificate in certificate chain"];
    NotIssuedByCa, SERVER, "Node":
        ["self_signed_cert_in_chain"];
    SameNameAsCa, SERVER, "OpenSSL":
        ["error 18"]
        ["self signed certificate", "depth lookup"]
        ["self-signed certificate"]
        ["self signed certificate"];
    SameNameAsCa, SERVER, "Node":
        ["depth_zero_self_signed_cert"];
    OtherCaSameName, SERVER, "OpenSSL":
        ["certificate signature failure"];
    OtherCaSameName, SERVER, "Go":
        ["possibly because of", "while trying to verify candidate authority certificate"];
    OtherCaSameName, SERVER, "Java":
        ["signature check failed"];
    OtherCaSameName, SERVER, "rustls":
        ["invalid peer certificate: badsignature"];
    NotIssuedByCa, SERVER, "Go":
        ["certificate signed by unknown authority"];
    NotIssuedByCa, SERVER, "OpenSSL":
        ["unable to get local issuer certificate"]
        ["unable to get issuer certificate"]
        ["unable to verify the first certificate"];
    NotIssuedByCa, SERVER, "rustls":
        ["invalid peer certificate: unknownissuer"];
    NotIssuedByCa, SERVER, "Java":
        ["pkix path building failed"]
        ["unable to find valid certification path"]
        ["path does not chain with any of the trust anchors"];
    NotIssuedByCa, SERVER, "Node":
        ["unable_to_get_issuer_cert"]
        ["unable_to_verify_leaf_signature"];
    WeakSignature, SERVER, "Go":
        ["insecure algorithm"];
    WeakSignature, SERVER, "OpenSSL":
        ["ca md too weak"];
    WeakKey, SERVER, "OpenSSL":
        ["ee key too small"]
        ["ca key too small"]
        ["ee_key_too_small"]
        ["certificate key too weak"];
    UnsupportedSignature, SERVER, "Go":
        ["cannot verify signature: algorithm unimplemented"];
    UnknownCriticalExtension, SERVER, "any":
        ["unhandled critical extension"]
        ["unsupportedcriticalextension"];

    // No reason
    ServerRefused, SERVER, "OpenSSL":
        ["certificate verify failed"];
    ServerRefused, SERVER, "curl":
        ["ssl certificate problem"];
    ServerRefused, SERVER, "gRPC":
        ["certificate_verify_failed"];

    // Plaintext on one side
    Plaintext, None, "Go":
        ["authentication handshake failed", "first record does not look like a tls handshake"]
        ["get \"https://", "first record does not look like a tls handshake"]
        ["post \"https://", "first record does not look like a tls handshake"];
    ClientWithoutTls, None, "Go":
        ["first record does not look like a tls handshake"]
        ["client sent an http request to an https server"];
    ClientWithoutTls, None, "curl":
        ["empty reply from server"];
    NoAnswer, None, "any":
        ["tls handshake timeout"]
        ["ssl connection timeout"];
    Plaintext, None, "OpenSSL":
        ["wrong version number"]
        ["packet length too long"]
        ["record layer failure"];
    Plaintext, None, "gRPC":
        ["wrong_version_number"];
    Plaintext, None, "Go":
        ["server gave http response to https client"];
    Plaintext, None, "rustls":
        ["received corrupt message of type invalidcontenttype"]
        ["corrupt message"];
    Plaintext, None, "Java":
        ["unsupported or unrecognized ssl message"]
        ["notsslrecordexception"]
        ["not an ssl/tls record"];
    Plaintext, None, "Node":
        ["eproto", "packet length"];
    ClientWithoutTls, None, "gRPC":
        ["error reading server preface"]
        ["trying to connect an http1.x server"]
        ["first received frame was not settings"];
    ClientWithoutTls, None, "Java":
        ["http/2 client preface string missing or corrupt"];
    ClientWithoutTls, None, "curl":
        ["received http/0.9 when not allowed"];

    // Handshakes
    NoAlpn, None, "gRPC":
        ["missing selected alpn property"]
        ["cannot check peer: missing"];
    TlsVersion, None, "any":
        ["protocol version not supported"]
        ["alert protocol version"]
        ["protocol_version"]
        ["unsupported protocol"]
        ["unsupported_protocol"]
        ["protocolversion"]
        ["alert number 70"]
        ["client offered only unsupported versions"];
    KeyNotForPymilvus, SERVER, "gRPC":
        ["sslv3_alert_handshake_failure"];
    HandshakeRefused, SERVER, "any":
        ["alert handshake failure"]
        ["remote error: tls: handshake failure"]
        ["received fatal alert: handshake_failure"]
        ["received fatal alert: handshakefailure"]
        ["no shared cipher"]
        ["no cipher suite supported by both"]
        ["peer doesn't support any of the certificate's signature algorithms"];

    // The documentation's scripts
    ScriptDoesNotRun, None, "OpenSSL":
        ["algorithm rsa:2048 cannot be found"]
        ["error initializing rsa:2048 context"]
        ["unrecognized flag quiet"];

    // No TLS at all
    // gRPC begins so whatever the reason: the reason comes after it
    ClientRefused, CLIENT, "gRPC":
        ["tsi_data_corrupted"];
    PortClosed, None, "any":
        ["connection refused"]
        ["econnrefused"]
        ["failed to connect to all addresses"]
        ["failed to connect to", "port"]
        ["connection timed out"]
        ["etimedout"]
        ["no route to host"];
    PortClosed, None, "any":
        ["name or service not known"]
        ["could not resolve host"]
        ["enotfound"]
        ["no such host"]
        ["dns resolution failed"]
        ["unknownhostexception"];
    ServerUnavailable, None, "pymilvus":
        ["illegal connection params or server unavailable"]
        ["fail connecting to server"]
        ["server unavailable"];
    ServerUnavailable, None, "any":
        ["deadline exceeded", "connect"]
        ["rpc error: code = unavailable"]
        ["statuscode.unavailable"];
}

/// What a text says of TLS.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ExplainReport {
    /// What the text is called.
    pub source: String,
    /// Each distinct cause once, where it is first said.
    pub findings: Vec<Finding>,
}

/// Recognises what programs say when TLS fails: in an error, or in a whole log.
///
/// # Errors
/// If the text cannot be read.
pub(crate) fn explain(name: &str, text: impl Read) -> Result<ExplainReport, Error> {
    let findings = findings_in(name, text).map_err(|source| {
        let path = if name == "-" { "standard input" } else { name };
        unreadable(path.as_ref())(source)
    })?;
    Ok(ExplainReport { source: name.to_owned(), findings })
}

/// The most of a line that is shown, in characters.
const SHOWN: usize = 200;
/// The most that is looked at as one, in octets: a longer line is looked at in pieces.
const PIECE: u64 = 64 * 1024;

/// What a text says of TLS, each distinct cause once, where it is first said. `name` is what the text is
/// called.
///
/// # Errors
/// If the text cannot be read.
fn findings_in(name: &str, text: impl Read) -> io::Result<Vec<Finding>> {
    let mut text = BufReader::new(text);
    let mut findings: Vec<Finding> = Vec::new();
    let (mut piece, mut position) = (Vec::new(), Position { line: 1, column: 1 });
    while text.by_ref().take(PIECE).read_until(b'\n', &mut piece)? > 0 {
        if let Some(said) = Said::in_piece(&piece) {
            let is_known =
                |found: &Finding| found.code == said.saying.code && found.kind() == said.saying.kind;
            if !findings.iter().any(is_known) {
                findings.push(said.at(name, position));
            }
        }
        match piece.last() {
            Some(b'\n') => position = Position { line: position.line + 1, column: 1 },
            _ => position.column += characters(&piece),
        }
        piece.clear();
    }
    Ok(without_the_vague(findings))
}

/// Words that say nothing of the cause, where others do.
fn without_the_vague(mut findings: Vec<Finding>) -> Vec<Finding> {
    if findings.iter().any(|finding| finding.code != Code::ServerRefused && finding.kind() == SERVER) {
        findings.retain(|finding| finding.code != Code::ServerRefused);
    }
    if findings.iter().any(|finding| finding.code != Code::ServerUnavailable) {
        findings.retain(|finding| finding.code != Code::ServerUnavailable);
    }
    findings
}

/// Something that is known, and the piece of a line that says it.
struct Said<'a> {
    saying: &'static Saying,
    /// Where it begins, in octets.
    start: usize,
    piece: &'a [u8],
}

impl<'a> Said<'a> {
    /// The first saying that fits.
    fn in_piece(piece: &'a [u8]) -> Option<Self> {
        let known = &*KNOWN;
        // Most lines of a log say nothing.
        let mut found: Option<Vec<Option<usize>>> = None;
        for word in known.automaton.try_find_overlapping_iter(Input::new(piece)).into_iter().flatten() {
            let found = found.get_or_insert_with(|| vec![None; known.automaton.patterns_len()]);
            found[word.pattern()].get_or_insert(word.start());
        }
        let found = found?;
        known.sayings.iter().find_map(|(saying, words)| {
            let starts: Option<Vec<_>> = words.iter().map(|word| found[*word]).collect();
            Some(Self { saying, start: starts?.into_iter().min()?, piece })
        })
    }

    fn at(&self, name: &str, piece: Position) -> Finding {
        let column = characters(&self.piece[..self.start]);
        let place = Place::at(name, Position { column: piece.column + column, ..piece });
        let shown = shown(&String::from_utf8_lossy(self.piece), column);
        let evidence = match self.saying.speaker {
            "any" => shown,
            speaker => format!("{speaker} says: {shown}"),
        };
        // What cannot be loaded is most often a key.
        let role = self.saying.kind.map(|kind| FileRole::pair_of(kind).0);
        Finding::about_server(self.saying.code, place, evidence, role, None, None)
    }
}

/// The sayings, and all their words to be found in one go, whatever their case.
struct Known {
    automaton: NFA,
    /// With the numbers of their words.
    sayings: Vec<(&'static Saying, Vec<PatternID>)>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut words: Vec<&str> = SAYINGS.iter().flat_map(|saying| saying.words).copied().collect();
    words.sort_unstable();
    words.dedup();
    let number = |word: &&'static str| {
        let index = words.binary_search(word).unwrap_or_else(|_| unreachable!("{word} is one of them"));
        PatternID::must(index)
    };
    let sayings = SAYINGS.iter().map(|saying| (saying, saying.words.iter().map(number).collect())).collect();
    let automaton = NFA::builder().ascii_case_insensitive(true).build(&words);
    Known { automaton: automaton.unwrap_or_else(|error| unreachable!("the words are few: {error}")), sayings }
});

/// How many characters there are in UTF-8.
fn characters(text: &[u8]) -> usize {
    text.iter().filter(|octet| **octet & 0xC0 != 0x80).count()
}

/// The part of a line that matters; `start` is where it begins, in characters.
fn shown(line: &str, start: usize) -> String {
    let part: String = line.chars().skip(start.saturating_sub(SHOWN / 4)).take(SHOWN).collect();
    printable(part.trim()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_saying_hides_behind_one_that_comes_before_it() {
        for saying in SAYINGS {
            let line = saying.words.join(" ");
            let found = Said::in_piece(line.as_bytes()).unwrap().saying;
            assert!(found.code == saying.code && found.kind == saying.kind, "{line}: {}", found.code);
        }
    }

    #[test]
    fn words_are_in_lower_case_and_none_stands_twice() {
        let mut seen = HashSet::new();
        for saying in SAYINGS {
            assert!(seen.insert(saying.words), "{:?}", saying.words);
            for word in saying.words {
                assert_eq!(*word, word.to_ascii_lowercase());
            }
        }
    }
}
