//! ca.srl: serial numbers are read, counted and written as OpenSSL does it.

use std::thread;

use crate::x509::SerialCounter;

use crate::internal_tests::certificate::{certificate, new_key};
use crate::internal_tests::folder::{Folder, P256_KEY, openssl_is_there};

/// The forms that people and editors leave behind, between bars.
const ORDINARY: &str = "0F\n|0f\n|0F|FF\n|7F\n|00\n|0A\r\n|0A\r|0A\n\n|0A\nxyz\n|01\n02\n|aBcD\n|0000\n|\
    000000000F\n|00FF\n||\n|\r\n|0|1\n|000\n|ABC\n|xyz\n|0x12\n|\t0F\n| 0F\n|-0F\n|+0F\n|\u{feff}0F\n";
/// OpenSSL stops at the first character that is no hex digit, and joins lines at a backslash.
const MORE_THAN_DIGITS: &str = "0F \n|0F\t\n|0F\r\r\n|0F # last serial\n|0Fxyz\n|0F-\n|0F\0\n|0F\0xyz\n|ABC \n|\
    0 F\n| \n0F\n|0\n1|0A\\\n0B\n|0AB\\\n0C\n|0AB\\\n0CD\\\n0E\n|0AB\\\n|0AB\\|\\\n0A\n";

#[test]
fn every_ordinary_form_gives_the_serial_number_that_openssl_gives() {
    assert_read_as_openssl_reads(&split(ORDINARY));
}

#[test]
fn more_than_hex_digits_is_read_or_refused_as_by_openssl() {
    assert_read_as_openssl_reads(&split(MORE_THAN_DIGITS));
}

/// As far as RFC 5280 allows.
#[test]
fn a_number_of_any_length_is_read_as_by_openssl() {
    assert_read_as_openssl_reads(&long_numbers());
}

#[test]
fn random_text_is_read_or_refused_as_by_openssl() {
    assert_read_as_openssl_reads(&random_texts(200));
}

fn split(contents: &str) -> Vec<Vec<u8>> {
    contents.split('|').map(Vec::from).collect()
}

/// Compares the next serial number and the rewritten file; all differences are listed.
fn assert_read_as_openssl_reads(contents: &[Vec<u8>]) {
    if !openssl_is_there() {
        return;
    }
    let folder = &Folder::new();
    for name in ["ca", "other"] {
        new_key(folder, name, P256_KEY);
    }
    certificate("ca").self_sign(folder);
    folder.openssl("req -new -key other.key -subj /CN=other -out other.csr");
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let differences: Vec<_> = thread::scope(|scope| {
        let chunks = contents.chunks(contents.len().div_ceil(threads)).enumerate();
        let running: Vec<_> = chunks
            .map(|(thread, chunk)| scope.spawn(move || differences(folder, &format!("{thread}.srl"), chunk)))
            .collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

fn differences(folder: &Folder, file: &str, contents: &[Vec<u8>]) -> Vec<String> {
    let mut differences = Vec::new();
    for content in contents {
        folder.write(file, content);
        let (openssl, own) = (next_serial_of_openssl(folder, file), next_serial(content));
        if openssl != own {
            let start = String::from_utf8_lossy(&content[..content.len().min(40)]);
            differences.push(format!(
                "{start:?} ({} bytes): openssl {openssl:?}, milvus-certs {own:?}",
                content.len()
            ));
        }
    }
    differences
}

/// The next serial number, and the file that is written; `None` if the file is refused.
fn next_serial_of_openssl(folder: &Folder, file: &str) -> Option<(String, String)> {
    let request = "-in other.csr -CA ca.pem -CAkey ca.key";
    let printed =
        folder.try_openssl(&format!("x509 -req {request} -CAserial {file} -days 1 -noout -serial"))?;
    let serial = printed.trim().strip_prefix("serial=")?;
    is_allowed_by_rfc_5280(serial).then(|| (serial.to_owned(), folder.text(file)))
}

fn next_serial(content: &[u8]) -> Option<(String, String)> {
    let mut counter = SerialCounter::parse(content).ok()?;
    let serial = counter.advance().ok()?;
    Some((serial.to_string(), counter.to_string()))
}

/// RFC 5280 4.1.2.2: at most 20 octets, in DER, which puts a zero octet before a set top bit.
fn is_allowed_by_rfc_5280(serial: &str) -> bool {
    serial.len() < 40 || serial.len() == 40 && serial < "8"
}

/// Around the 20 octets of RFC 5280, and around the 1023 characters that OpenSSL reads at once.
fn long_numbers() -> Vec<Vec<u8>> {
    let lengths = [17, 18, 19, 20, 21, 22, 511, 512];
    let numbers = |octets| ["01", "7F", "80", "FF"].map(|octet| octet.repeat(octets).into_bytes());
    let zeros = |octets| format!("{}0F\n", "00".repeat(octets)).into_bytes();
    let tops = |octets| ["7F", "00FF"].map(|top| format!("{top}{}", "FF".repeat(octets)).into_bytes());
    let numbers = lengths.into_iter().flat_map(numbers);
    numbers.chain(lengths.map(zeros)).chain([18, 19].into_iter().flat_map(tops)).collect()
}

/// The same texts in every run, of up to eight characters.
fn random_texts(count: usize) -> Vec<Vec<u8>> {
    const ALPHABET: &[u8] = b"0123456789abcdefABCDEF0000xX \r\n-+\t\\g";
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = |below: usize| {
        // xorshift64, Marsaglia 2003.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    let mut text = || (0..random(9)).map(|_| ALPHABET[random(ALPHABET.len())]).collect();
    (0..count).map(|_| text()).collect()
}
