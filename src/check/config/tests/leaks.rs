//! A private key that somebody pasted into the wrong place is not printed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::check::config::tests::*;

/// The forms in which a key can be pasted: SEC 1 as base64, as hex, and PEM that lost its lines.
fn pasted() -> [String; 3] {
    // PKCS#8 has SEC 1 inside.
    let body: String = OWN.get("server.key").lines().filter(|line| !line.starts_with('-')).collect();
    let sec1 = STANDARD.decode(body).unwrap()[29..].to_vec();
    let base64 = STANDARD.encode(&sec1);
    assert!(base64.starts_with("MGsCAQEE"));
    let hex = sec1.iter().map(|byte| format!("{byte:02x}")).collect();
    let folded = format!("-----BEGIN EC PRIVATE KEY----- {base64} -----END EC PRIVATE KEY-----");
    [base64, hex, folded]
}

/// A text with the key in the place of one value, or of one key, after the other.
fn with_key_everywhere(text: &str, key: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut from = 0;
    let boundaries = |letter: char| " \n,:[]{}='\"".contains(letter);
    for word in text.split(boundaries) {
        let start = from;
        from += word.len() + 1;
        if !word.is_empty() && !["-", "|", "|+"].contains(&word) {
            texts.push(format!("{}{key}{}", &text[..start], &text[start + word.len()..]));
        }
    }
    texts
}

/// All that is said of a text.
fn said(text: &str) -> String {
    let world = World::new().given("x.yaml", text).file("user.yaml", MUTUAL).tls_in("tls");
    let judgement = world.judge();
    let findings = in_bundles(&judgement).into_iter().chain(judgement.findings);
    findings.map(|found| format!("{} {} {}\n", found.place, found.evidence, found.fix)).collect()
}

#[test]
fn no_piece_of_a_pasted_key_is_shown() {
    let secret = "\
apiVersion: v1
kind: Secret
metadata: {name: certs, namespace: milvus}
stringData: {server.pem: x, server.key: x, ca.pem: x, ca.srl: x, tls.crt: x}
data: {client.pem: eA==}
";
    let values = helm::values();
    for text in [MUTUAL, INTERNAL, compose::STOCK, operator::RESOURCE, &values, secret, "a: 1\n", "text"] {
        for key in pasted() {
            // The first and the last piece of folded PEM are its labels.
            let pieces = key.as_bytes().windows(16).map(|piece| std::str::from_utf8(piece).unwrap());
            let pieces: Vec<_> =
                pieces.filter(|piece| !piece.contains("---") && !piece.contains("PRIVATE")).collect();
            for changed in with_key_everywhere(text, &key) {
                let said = said(&changed);
                let shown = pieces.iter().find(|piece| said.contains(**piece));
                assert_eq!(shown, None, "{changed}\n{said}");
            }
        }
    }
}
