//! `explain`: whatever a text has, a cause is said once, at a place that is there, and nothing reaches a terminal that
//! it would obey.

use crate::check::explain;

pub fn run(content: &[u8]) {
    let findings = explain("-", content).unwrap().findings;
    // UTF-16 has line breaks within characters.
    let lines = 1 + content.iter().filter(|octet| **octet == b'\n').count();
    for (index, finding) in findings.iter().enumerate() {
        let is_the_same = |other: &crate::check::Finding| {
            (other.code, other.kind(), &other.fix) == (finding.code, finding.kind(), &finding.fix)
        };
        assert!(!findings[..index].iter().any(is_the_same), "{finding:?}");
        assert!(!finding.evidence.contains(char::is_control), "{:?}", finding.evidence);
        let position = finding.place.position.unwrap();
        assert!((1..=lines).contains(&position.line) && position.column >= 1, "{position:?}");
    }
}
