//! `ca.srl`: what can be read is written back as the same number, and counting on from it works.

use crate::x509::SerialCounter;

pub fn run(content: &[u8]) {
    let Ok(mut counter) = SerialCounter::parse(content) else { return };
    let written = counter.to_string();
    assert_eq!(SerialCounter::parse(written.as_bytes()).ok(), Some(counter.clone()), "{written:?}");

    let last = counter.last().clone();
    assert!(last.octets().len() <= 20);
    assert!(!counter.will_reach(&last));
    // Another number, from the same bytes.
    if let Ok(other) = SerialCounter::parse(content.get(1..).unwrap_or_default()) {
        assert!(!(counter.will_reach(other.last()) && other.will_reach(&last)));
    }
    if let Ok(next) = counter.clone().advance() {
        assert!(counter.will_reach(&next));
        counter.advance().unwrap();
        assert_eq!(SerialCounter::parse(counter.to_string().as_bytes()).unwrap().last(), &next);
    }
}
