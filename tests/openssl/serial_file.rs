//! ca.srl: serial numbers are read, counted and written as OpenSSL does it.

use std::thread;

use libtest_mimic::Trial;
use milvus_certs::x509::SerialCounter;

use crate::profile::{serial_of, successor};
use crate::support::Folder;
use crate::{GEN, P256_KEY, trial};

pub(crate) fn trials() -> Vec<Trial> {
    // The forms that people and editors leave behind, between bars.
    const ORDINARY: &str = "0F\n|0f\n|0F|FF\n|7F\n|00\n|0A\r\n|0A\r|0A\n\n|0A\nxyz\n|01\n02\n|aBcD\n|0000\n|\
        000000000F\n|00FF\n||\n|\r\n|0|1\n|000\n|ABC\n|xyz\n|0x12\n|\t0F\n| 0F\n|-0F\n|+0F\n|\u{feff}0F\n";
    // OpenSSL stops at the first character that is no hex digit, and joins lines at a backslash.
    const MORE_THAN_DIGITS: &str = "0F \n|0F\t\n|0F\r\r\n|0F # last serial\n|0Fxyz\n|0F-\n|0F\0\n|0F\0xyz\n|ABC \n|\
        0 F\n| \n0F\n|0\n1|0A\\\n0B\n|0AB\\\n0C\n|0AB\\\n0CD\\\n0E\n|0AB\\\n|0AB\\|\\\n0A\n";
    let same =
        |sentence, contents: Vec<Vec<u8>>| trial(sentence, move || assert_read_as_openssl_reads(&contents));
    let split = |contents: &str| contents.split('|').map(Vec::from).collect();
    vec![
        same("ca.srl in every ordinary form gives the serial number that OpenSSL gives", split(ORDINARY)),
        same("ca.srl with more than hex digits is read or refused as by OpenSSL", split(MORE_THAN_DIGITS)),
        same("ca.srl of any length is read as by OpenSSL, as far as RFC 5280 allows", long_numbers()),
        same("ca.srl of random text is read or refused as by OpenSSL", random_texts(200)),
        trial("OpenSSL and this program go on with each other's serial numbers", || {
            let folder = Folder::after(GEN);
            certificate_request(&folder, "other");
            let mut serials = vec![serial_of(&folder, "server.pem"), serial_of(&folder, "client.pem")];
            for _ in 0..2 {
                folder.openssl(
                    "x509 -req -in other.csr -CA ca.pem -CAkey ca.key -CAserial ca.srl -days 1 -out other.pem",
                );
                serials.push(serial_of(&folder, "other.pem"));
                folder.milvus_certs("renew");
                serials.extend(["server.pem", "client.pem"].map(|file| serial_of(&folder, file)));
            }
            for pair in serials.windows(2) {
                assert_eq!(pair[1], successor(&pair[0]), "{serials:?}");
            }
        }),
        trial("without ca.srl a new random serial number begins, and OpenSSL goes on with it", || {
            let folder = Folder::after(GEN);
            let before = serial_of(&folder, "client.pem");
            certificate_request(&folder, "other");
            folder.remove("ca.srl");
            assert_eq!(folder.notes("renew"), ["serial-started".to_owned()].into());
            let started = serial_of(&folder, "client.pem");
            assert_ne!(started[..20], before[..20]);
            folder.openssl("x509 -req -in other.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out other.pem");
            assert_eq!(serial_of(&folder, "other.pem"), successor(&started));
        }),
    ]
}

/// A certificate request with a key of its own.
fn certificate_request(folder: &Folder, name: &str) {
    folder.openssl(&format!("{P256_KEY} -out {name}.key"));
    folder.openssl(&format!("req -new -key {name}.key -subj /CN={name} -out {name}.csr"));
}

/// Compares the next serial number and the rewritten file; all differences are listed.
fn assert_read_as_openssl_reads(contents: &[Vec<u8>]) {
    let folder = &Folder::after(GEN);
    certificate_request(folder, "other");
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
