//! What is wrong with DER that a parser did not understand.

pub(crate) fn damage(der: &[u8]) -> &'static str {
    match is_cut_off(der) {
        true => "its DER structure is cut off",
        false => "its DER structure is damaged, or that of something else",
    }
}

/// Whether a SEQUENCE is longer than what is there (X.690 8.1.3).
pub(crate) fn is_cut_off(der: &[u8]) -> bool {
    match der {
        [0x30, length @ 0..=0x7F, rest @ ..] => rest.len() < usize::from(*length),
        [0x30, count @ 0x81..=0x84, rest @ ..] => {
            let count = usize::from(*count - 0x80);
            let octets = rest.iter().take(count);
            let length = octets.fold(0_usize, |length, octet| length << 8 | usize::from(*octet));
            rest.len() < count || rest.len() - count < length
        }
        _ => matches!(der, [] | [0x30]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_that_ends_too_early_is_told_from_der_that_is_wrong() {
        for cut in [&[][..], b"\x30", b"\x30\x03\x02\x01", b"\x30\x82\x03", b"\x30\x82\x03\x00\x02"] {
            assert!(is_cut_off(cut), "{cut:?}");
        }
        for whole in [&b"\x30\x03\x02\x01\x00"[..], b"\x30\x81\x01\x00", b"ab", b"\x30\x80\x00\x00"] {
            assert!(!is_cut_off(whole), "{whole:?}");
        }
    }
}
