use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crypto_bigint::{CheckedSub, U256};

use crate::x509::error::Error;

/// RFC 5280 4.1.2.2: at most 20 octets.
const MAX_OCTETS: usize = 20;

/// What a message shows of a line that is no serial number.
const CUT: usize = 12;

/// The serial number of a certificate: positive, at most 20 octets as DER writes it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SerialNumber {
    /// Some programs made negative ones, which RFC 5280 4.1.2.2 forbids.
    is_negative: bool,
    /// Its magnitude, big-endian, without leading zeros; at most 159 bits.
    octets: Vec<u8>,
}

impl SerialNumber {
    /// A new random serial number of 20 octets, the top bit clear and the first octet not zero.
    ///
    /// # Errors
    /// If the operating system has no random numbers.
    pub fn random() -> Result<Self, Error> {
        let mut octets = [0; MAX_OCTETS];
        loop {
            getrandom::fill(&mut octets)?;
            octets[0] &= 0x7F;
            if octets[0] != 0 {
                return Ok(Self::positive(&octets));
            }
        }
    }

    /// A serial number as it stands in a certificate, whatever its sign or length: to be compared
    /// and shown.
    pub(crate) fn from_certificate(octets: &[u8]) -> Self {
        if octets.first().is_none_or(|first| first & 0x80 == 0) {
            return Self::positive(octets);
        }
        // Two's complement (X.690 8.3.3).
        let mut magnitude: Vec<u8> = octets.iter().map(|octet| !octet).collect();
        increment(&mut magnitude);
        Self { is_negative: true, ..Self::positive(&magnitude) }
    }

    fn positive(octets: &[u8]) -> Self {
        Self { is_negative: false, octets: without_leading_zeros(octets).to_vec() }
    }

    /// Whether it is below zero, which Go since 1.23 refuses.
    pub fn is_negative(&self) -> bool {
        self.is_negative
    }

    /// Its magnitude, big-endian, without leading zeros.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }
}

impl Ord for SerialNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitude = |number: &Self| (number.octets.len(), number.octets.clone());
        match (self.is_negative, other.is_negative) {
            (false, false) => magnitude(self).cmp(&magnitude(other)),
            (true, true) => magnitude(other).cmp(&magnitude(self)),
            (own, others) => others.cmp(&own),
        }
    }
}

impl PartialOrd for SerialNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Reads what is displayed.
impl FromStr for SerialNumber {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_hex = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !is_hex || digits.len() % 2 == 1 {
            return Err(malformed(text.as_bytes(), "is not a number in hex"));
        }
        let octets: Vec<u8> = pairs(digits.as_bytes()).collect();
        Ok(Self { is_negative: digits.len() < text.len(), ..Self::positive(&octets) })
    }
}

/// Upper-case hex with an even number of digits, as OpenSSL prints it.
impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.octets.is_empty() {
            return f.write_str("00");
        }
        if self.is_negative {
            f.write_str("-")?;
        }
        self.octets.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

/// What OpenSSL would not read either.
fn malformed(content: &[u8], reason: &str) -> Error {
    Error::new(format!("{reason}: {:?}", first_line(content))).with_hint_on_file(|file| {
        format!(
            "it must hold the last serial number in hex, as OpenSSL writes it; `rm {file}` starts from a new random one"
        )
    })
}

/// The content of `ca.srl`: the last serial number that the CA used.
///
/// OpenSSL's `x509 -req -CAserial` reads and writes the same file, so both agree on every form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SerialCounter {
    last: SerialNumber,
}

impl SerialCounter {
    /// A counter that starts at a random place.
    pub(crate) fn random() -> Result<Self, Error> {
        SerialNumber::random().map(|last| Self { last })
    }

    /// A counter that gave out this number last.
    pub(crate) fn at(last: SerialNumber) -> Self {
        Self { last }
    }

    /// Reads `ca.srl` as OpenSSL's `a2i_ASN1_INTEGER` does: the hex digits that the first line begins
    /// with, in either case and of an even number; what follows them is ignored. A line that ends
    /// in a backslash loses its last digit and goes on in the next. Whatever OpenSSL refuses is an error,
    /// and so is a number of more than 20 octets.
    pub(crate) fn parse(content: &[u8]) -> Result<Self, Error> {
        let malformed = |reason| malformed(content, reason);
        let mut digits = Vec::new();
        let mut rest = content;
        loop {
            let (line, after) = next_line(rest);
            let hex = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
            let continues = line.ends_with(b"\\");
            let taken = if continues { hex.saturating_sub(1) } else { hex };
            match hex {
                0 if line.is_empty() => return Err(malformed("holds no serial number")),
                0 | 1 => return Err(malformed("is not a number in hex")),
                _ if taken % 2 == 1 => return Err(malformed("has an odd number of hex digits")),
                _ => digits.extend_from_slice(&line[..taken]),
            }
            if !continues {
                break;
            }
            rest = after;
        }
        let octets: Vec<u8> = pairs(&digits).collect();
        let octets = without_leading_zeros(&octets);
        if octets.len() > MAX_OCTETS {
            return Err(malformed("is longer than the 20 octets of RFC 5280"));
        }
        Ok(Self { last: SerialNumber::positive(octets) })
    }

    pub(crate) fn last(&self) -> &SerialNumber {
        &self.last
    }

    /// Whether the counter will come to this number within the next four billion: more certificates than any
    /// CA issues, and fewer than what two random starts are apart.
    pub(crate) fn will_reach(&self, serial: &SerialNumber) -> bool {
        let wide = |serial: &SerialNumber| {
            let mut octets = [0; U256::BYTES];
            let start = octets.len().checked_sub(serial.octets.len())?;
            octets[start..].copy_from_slice(&serial.octets);
            Some(U256::from_be_slice(&octets))
        };
        let distance = || wide(serial)?.checked_sub(&wide(&self.last)?).into_option();
        !serial.is_negative && distance().is_some_and(|distance| matches!(distance.bit_width(), 1..=32))
    }

    /// Whether there is no next serial number.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.clone().advance().is_err()
    }

    /// Takes the next serial number, unless that would not fit into 20 octets.
    pub(crate) fn advance(&mut self) -> Result<SerialNumber, Error> {
        let mut octets = self.last.octets.clone();
        if increment(&mut octets) {
            octets.insert(0, 1);
        }
        // DER puts a zero octet before a number whose top bit is set.
        let encoded = octets.len() + usize::from(octets[0] & 0x80 != 0);
        if encoded > MAX_OCTETS {
            return Err(Error::new("the next serial number would be longer than the 20 octets of RFC 5280")
                .with_hint_on_file(|file| format!("`rm {file}` starts from a new random serial number")));
        }
        self.last = SerialNumber::positive(&octets);
        Ok(self.last.clone())
    }
}

/// The file's content: hex and one newline.
impl fmt::Display for SerialCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.last)
    }
}

/// The next line as OpenSSL sees it, without its end, and what follows. It reads into a buffer of
/// 1,024 characters, and a NUL ends its string.
fn next_line(content: &[u8]) -> (&[u8], &[u8]) {
    const BUFFER: usize = 1023;
    let end = content.iter().take(BUFFER).position(|byte| *byte == b'\n').map(|newline| newline + 1);
    let (line, rest) = content.split_at(end.unwrap_or(content.len().min(BUFFER)));
    let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

/// For messages. What is longer than any serial number is cut: it could be a key, put there by mistake.
fn first_line(content: &[u8]) -> String {
    const LONGEST: usize = 2 * (MAX_OCTETS + 1);
    let (line, _) = next_line(content);
    let is_number = line.len() <= LONGEST && line.iter().all(u8::is_ascii_hexdigit);
    match line.get(..CUT).filter(|_| !is_number) {
        Some(start) => format!("{}…", String::from_utf8_lossy(start)),
        None => String::from_utf8_lossy(line).into_owned(),
    }
}

/// Adds one; whether that is one octet more than there is room for.
fn increment(octets: &mut [u8]) -> bool {
    octets.iter_mut().rev().all(|octet| {
        *octet = octet.wrapping_add(1);
        *octet == 0
    })
}

fn without_leading_zeros(octets: &[u8]) -> &[u8] {
    let start = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len());
    &octets[start..]
}

/// The octets of which these are the digits.
fn pairs(digits: &[u8]) -> impl Iterator<Item = u8> {
    let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or_default() as u8;
    digits.chunks_exact(2).map(move |pair| (value(pair[0]) << 4) | value(pair[1]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn next(content: &[u8]) -> Option<String> {
        SerialCounter::parse(content).ok()?.advance().ok().map(|serial| serial.to_string())
    }

    #[test]
    fn the_next_serial_is_the_content_plus_one_in_every_form_that_openssl_reads() {
        for (content, expected) in [
            ("0F\n", "10"),
            ("0f\n", "10"),
            ("0F", "10"),
            ("FF\n", "0100"),
            ("7F\n", "80"),
            ("00\n", "01"),
            ("0A\r\n", "0B"),
            ("0A\r", "0B"),
            ("0A\nxyz\n", "0B"),
            ("000000000F\n", "10"),
            ("0F # the last one\n", "10"),
            ("0F\0", "10"),
            ("0AB\\\n0C\n", "0A0D"),
        ] {
            assert_eq!(next(content.as_bytes()).as_deref(), Some(expected), "{content:?}");
        }
    }

    #[test]
    fn what_openssl_refuses_is_refused() {
        let refused = ["", "\n", "1\n", "xyz\n", "0x12\n", "ABC\n", " 0F\n", "-0F\n", "\u{feff}0F\n"];
        for content in refused.into_iter().chain(["0AB\\", "0AB\\\n"]) {
            assert_eq!(next(content.as_bytes()), None, "{content:?}");
        }
    }

    #[test]
    fn a_serial_never_exceeds_twenty_octets() {
        assert_eq!(next("FF".repeat(20).as_bytes()), None);
        assert_eq!(next("FF".repeat(21).as_bytes()), None);
        assert_eq!(next(format!("7F{}", "FF".repeat(19)).as_bytes()), None);
        assert!(next(format!("7F{}FE", "FF".repeat(18)).as_bytes()).is_some());
        let is_exhausted = |content: &str| SerialCounter::parse(content.as_bytes()).unwrap().is_exhausted();
        assert!(is_exhausted(&format!("7F{}", "FF".repeat(19))) && is_exhausted(&"FF".repeat(20)));
        assert!(!is_exhausted(&format!("7F{}FE", "FF".repeat(18))) && !is_exhausted("00"));
    }

    #[test]
    fn a_message_shows_no_more_than_the_beginning_of_what_is_no_serial_number() {
        let shown = |content: &str| SerialCounter::parse(content.as_bytes()).unwrap_err().to_string();
        assert!(shown("0x12").contains("0x12"));
        assert!(shown(&"F".repeat(42)).contains(&"F".repeat(42)));
        let key = "MHcCAQEEIPpQzWXLgzw7T0Y2mF1s5mO6";
        assert!(shown(key).contains("MHcCAQEEIPpQ…") && !shown(key).contains("MHcCAQEEIPpQz"));
    }

    #[test]
    fn a_serial_number_of_a_certificate_is_displayed_with_its_sign_and_read_back() {
        for (octets, shown) in [
            (&[0xF8, 0xA4, 0x32, 0xEB][..], "-075BCD15"),
            (&[0x80], "-80"),
            (&[0xFF], "-01"),
            (&[0xFF, 0x00], "-0100"),
            (&[0x00, 0x80], "80"),
            (&[0x7F], "7F"),
            (&[0x00], "00"),
            (&[], "00"),
            (&[0x11; 30], &"11".repeat(30)),
        ] {
            let serial = SerialNumber::from_certificate(octets);
            assert_eq!(serial.to_string(), shown);
            assert_eq!(serial.is_negative(), shown.starts_with('-'));
            assert_eq!(shown.parse::<SerialNumber>().unwrap(), serial);
        }
        for wrong in ["", "-", "1", "-1", "0x12", "xy", "--01", "+01", "01 "] {
            wrong.parse::<SerialNumber>().unwrap_err();
        }
        let counter = SerialCounter::parse(b"00").unwrap();
        assert!(!counter.will_reach(&"-01".parse().unwrap()) && counter.will_reach(&"01".parse().unwrap()));
    }

    #[test]
    fn a_counter_reaches_what_lies_a_little_ahead_and_nothing_else() {
        let counter = |digits: &str| SerialCounter::parse(digits.as_bytes()).unwrap();
        let reaches = |from: &str, to: &str| counter(from).will_reach(counter(to).last());
        assert!(reaches("01", "02"));
        assert!(reaches("FF", "0100"));
        assert!(reaches("00", "FFFFFFFF"));
        assert!(reaches(&"7F".repeat(19), &("7F".repeat(18) + "80")));
        assert!(!reaches("02", "02"));
        assert!(!reaches("03", "02"));
        assert!(!reaches("00", "0100000000"));
        assert!(!reaches(&"10".repeat(20), &"20".repeat(20)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(content in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = SerialCounter::parse(&content);
        }

        #[test]
        fn the_written_file_reads_back_and_goes_up_by_one(start in 0_u128..u128::MAX) {
            let mut counter = SerialCounter::parse(format!("{start:032X}\n").as_bytes()).unwrap();
            let serial = counter.advance().unwrap();
            prop_assert_eq!(u128::from_str_radix(&serial.to_string(), 16).unwrap(), start + 1);
            let written = counter.to_string();
            prop_assert_eq!(written.trim_end().len() % 2, 0);
            prop_assert_eq!(SerialCounter::parse(written.as_bytes()).unwrap(), counter);
        }
    }
}
