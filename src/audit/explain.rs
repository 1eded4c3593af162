//! What programs say when TLS fails, and what it means: the words of Go (Milvus itself), gRPC's C core
//! with BoringSSL (pymilvus, C++), OpenSSL (curl, Python), rustls, Java and Node.

use crate::audit::{Code, Finding, Place, Position};
use crate::pki::{EndEntityKind, printable};

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
        ["alert number 116"];
    NotIssuedByCa, CLIENT, "Go":
        ["failed to verify client certificate", "unknown authority"];
    Expired, CLIENT, "Go":
        ["failed to verify client certificate", "expired"];
    ClientRefused, CLIENT, "Go":
        ["failed to verify client certificate"];
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
    ClientRefused, CLIENT, "Java":
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
    FoldedPem, SERVER, "Java":
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
        ["notafter:"];

    // Trust
    SameNameAsCa, SERVER, "OpenSSL":
        ["error 18"]
        ["self signed certificate", "depth lookup"]
        ["self-signed certificate"]
        ["self signed certificate"];
    SameNameAsCa, SERVER, "Node":
        ["depth_zero_self_signed_cert"]
        ["self_signed_cert_in_chain"];
    OtherCaSameName, SERVER, "OpenSSL":
        ["certificate signature failure"];
    OtherCaSameName, SERVER, "Go":
        ["possibly because of", "while trying to verify candidate authority certificate"];
    OtherCaSameName, SERVER, "rustls":
        ["invalid peer certificate: badsignature"];
    NotIssuedByCa, SERVER, "Go":
        ["certificate signed by unknown authority"]
        ["remote error: tls: unknown certificate authority"];
    NotIssuedByCa, SERVER, "OpenSSL":
        ["unable to get local issuer certificate"]
        ["unable to get issuer certificate"]
        ["unable to verify the first certificate"]
        ["alert unknown ca"]
        ["alert number 48"]
        ["certificate verify failed"];
    NotIssuedByCa, SERVER, "curl":
        ["ssl certificate problem"];
    NotIssuedByCa, SERVER, "gRPC":
        ["certificate_verify_failed"]
        ["alert_unknown_ca"];
    NotIssuedByCa, SERVER, "rustls":
        ["invalid peer certificate: unknownissuer"]
        ["received fatal alert: unknownca"];
    NotIssuedByCa, SERVER, "Java":
        ["pkix path building failed"]
        ["unable to find valid certification path"]
        ["path does not chain with any of the trust anchors"]
        ["received fatal alert: unknown_ca"]
        ["received fatal alert: certificate_unknown"];
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
        ["ee_key_too_small"];
    UnsupportedSignature, SERVER, "Go":
        ["cannot verify signature: algorithm unimplemented"];
    UnknownCriticalExtension, SERVER, "any":
        ["unhandled critical extension"]
        ["unsupportedcriticalextension"];

    // Plaintext on one side
    ClientWithoutTls, None, "Go":
        ["first record does not look like a tls handshake"]
        ["client sent an http request to an https server"];
    Plaintext, None, "gRPC":
        ["wrong_version_number"];
    Plaintext, None, "OpenSSL":
        ["wrong version number"]
        ["packet length too long"]
        ["record layer failure"];
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

    // No TLS at all
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

/// The most of a line that is shown, in characters.
const SHOWN: usize = 200;

/// What a text says of TLS, each distinct cause once, where it is first said. `name` is what the text is
/// called.
#[must_use]
pub fn explain(name: &str, text: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some((saying, column)) = meant(line) else { continue };
        let is_known = |found: &Finding| found.code == saying.code && found.kind() == saying.kind;
        if findings.iter().any(is_known) {
            continue;
        }
        let place = Place::at(name, Position { line: index + 1, column });
        let evidence = match saying.speaker {
            "any" => shown(line, column),
            speaker => format!("{speaker} says: {}", shown(line, column)),
        };
        findings.push(Finding::about_server(saying.code, place, evidence, saying.kind, None, None));
    }
    // pymilvus' own words say nothing where something else says why.
    if findings.iter().any(|finding| finding.code != Code::ServerUnavailable) {
        findings.retain(|finding| finding.code != Code::ServerUnavailable);
    }
    findings
}

/// The first saying that fits a line, and where it begins, in characters from one.
fn meant(line: &str) -> Option<(&'static Saying, usize)> {
    let lower = line.to_ascii_lowercase();
    SAYINGS.iter().find_map(|saying| {
        let positions: Option<Vec<_>> = saying.words.iter().map(|word| lower.find(word)).collect();
        let start = positions?.into_iter().min()?;
        Some((saying, lower[..start].chars().count() + 1))
    })
}

/// The part of a line that matters.
fn shown(line: &str, column: usize) -> String {
    let start = column.saturating_sub(SHOWN / 4);
    let part: String = line.chars().skip(start.saturating_sub(1)).take(SHOWN).collect();
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
            let (found, _) = meant(&line).unwrap();
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

    #[test]
    fn a_cause_is_said_once_however_often_it_is_logged() {
        let line = "rpc error: tls: failed to verify certificate: x509: certificate has expired\n";
        let findings = explain("-", &line.repeat(1000));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].place.position.unwrap().line, 1);
    }
}
