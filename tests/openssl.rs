//! `openssl` as the judge of what this program writes, and as the author of what it reads: the
//! documentation page's scripts are OpenSSL commands, and so are most private authorities.
//!
//! Without an `openssl` command of version 3 or later every trial is reported as ignored.

#![allow(clippy::disallowed_methods, reason = "the trials write files and read the clock themselves")]
#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "this is a test without libtest's harness")]

mod support;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, SystemTime};

use libtest_mimic::{Arguments, Trial};
use milvus_certs::pki::{KeyType, SerialCounter};
use support::{Folder, openssl_is_there, subject_and_issuer};

fn main() -> ExitCode {
    let ignored = !openssl_is_there();
    if ignored {
        eprintln!("every trial is ignored: they need the `openssl` command, version 3 or later");
    }
    let trials = [
        purposes_and_names(),
        profile(),
        serial_file(),
        directories_of_gen_sh(),
        authorities_made_elsewhere(),
        intermediate_authorities(),
        encrypted_keys(),
        ends_of_validity(),
        unusable_authorities(),
    ];
    let trials = trials.into_iter().flatten().map(|trial| trial.with_ignored_flag(ignored)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(sentence: impl Into<String>, body: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(sentence, || {
        body();
        Ok(())
    })
}

/// Elliptic-curve keys are made fast.
const GEN: &str = "gen --key-type p256";
const GEN_BELOW_CORP: &str = "gen --key-type p256 --ca-cert corp.pem --ca-key corp.key";

const P256_KEY: &str = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256";
const RSA_KEY: &str = "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048";

// Purposes and names

fn purposes_and_names() -> Vec<Trial> {
    let of_key_type = |key_type: KeyType| {
        trial(
            format!("{key_type} certificates serve their purpose and their names, and no other"),
            move || {
                let folder = Folder::after(&format!("gen --key-type {key_type}"));
                assert_purposes(&folder, "-x509_strict");
                for name in ["-verify_hostname localhost", "-verify_ip 127.0.0.1", "-verify_ip ::1"] {
                    folder.openssl(&verify(&folder, "server", name));
                }
                for name in ["-verify_hostname example.com", "-verify_ip 127.0.0.2", "-verify_ip ::2"] {
                    assert_eq!(folder.try_openssl(&verify(&folder, "server", name)), None, "{name}");
                }
                for role in ["ca", "server", "client"] {
                    assert_key_belongs(&folder, role);
                }
            },
        )
    };
    KeyType::ALL.map(of_key_type).into()
}

/// Server and client verify for their own purpose, and not for each other's.
fn assert_purposes(folder: &Folder, options: &str) {
    for (role, own, other) in [("server", "sslserver", "sslclient"), ("client", "sslclient", "sslserver")] {
        folder.openssl(&verify(folder, role, &format!("{options} -purpose {own}")));
        let as_other = folder.try_openssl(&verify(folder, role, &format!("{options} -purpose {other}")));
        assert_eq!(as_other, None, "{role}.pem is accepted as {other}");
    }
}

/// The command that verifies a certificate as a peer does, which trusts ca.pem and is sent the file.
fn verify(folder: &Folder, role: &str, options: &str) -> String {
    let has_issuers = folder.certificates(&format!("{role}.pem")).len() > 1;
    let issuers = if has_issuers { format!("-untrusted {role}.pem") } else { String::new() };
    format!("verify -CAfile ca.pem {issuers} {options} {role}.pem")
}

fn assert_key_belongs(folder: &Folder, role: &str) {
    assert!(folder.text(&format!("{role}.key")).starts_with("-----BEGIN PRIVATE KEY-----\n"), "{role}.key");
    folder.openssl(&format!("pkey -check -noout -in {role}.key"));
    let of_key = folder.openssl(&format!("pkey -pubout -in {role}.key"));
    let of_certificate = folder.openssl(&format!("x509 -pubkey -noout -in {role}.pem"));
    assert_eq!(of_key, of_certificate, "{role}");
}

// The certificate profile

fn profile() -> Vec<Trial> {
    vec![
        trial(
            "an authority signs certificates and revocation lists, and stands above no other authority",
            || {
                let folder = Folder::after(GEN);
                assert_extension(&folder, "ca", "basicConstraints", Critical, "CA:TRUE, pathlen:0");
                assert_extension(&folder, "ca", "keyUsage", Critical, "Certificate Sign, CRL Sign");
            },
        ),
        trial("an RSA certificate has the documentation's keyUsage", || {
            let folder = Folder::after("gen --key-type rsa2048");
            for role in ["server", "client"] {
                let usage = "Digital Signature, Non Repudiation, Key Encipherment";
                assert_extension(&folder, role, "keyUsage", Critical, usage);
            }
        }),
        trial("an elliptic-curve certificate has digitalSignature alone", || {
            let folder = Folder::after(GEN);
            for role in ["server", "client"] {
                assert_extension(&folder, role, "keyUsage", Critical, "Digital Signature");
            }
        }),
        trial("server and client are no authorities, and have the extendedKeyUsage of their purpose", || {
            let folder = Folder::after(GEN);
            for role in ["server", "client"] {
                assert_eq!(extension(&folder, role, "basicConstraints").1, "CA:FALSE", "{role}");
            }
            assert_extension(
                &folder,
                "server",
                "extendedKeyUsage",
                NotCritical,
                "TLS Web Server Authentication",
            );
            assert_extension(
                &folder,
                "client",
                "extendedKeyUsage",
                NotCritical,
                "TLS Web Client Authentication",
            );
        }),
        trial("every certificate names its own key and its authority's", || {
            let folder = Folder::after(GEN);
            let identifier = |role, name| {
                let (critical, value) = extension(&folder, role, name);
                assert_eq!(critical, NotCritical, "{role} {name}");
                value.trim_start_matches("keyid:").to_owned()
            };
            let roles = ["ca", "server", "client"];
            let own = roles.map(|role| identifier(role, "subjectKeyIdentifier"));
            assert_eq!(BTreeSet::from(own.clone()).len(), roles.len(), "{own:?}");
            for role in roles {
                assert_eq!(identifier(role, "authorityKeyIdentifier"), own[0], "{role}");
            }
        }),
        trial("country is a PrintableString, and every other attribute a UTF8String", || {
            let folder = Folder::after(GEN);
            for role in ["ca", "server", "client"] {
                let types = string_types(&folder, &format!("{role}.pem"));
                // Subject and issuer.
                assert_eq!(types.len(), 2 * 6, "{types:?}");
                for (attribute, string_type) in types {
                    let country = attribute == "countryName";
                    let expected = if country { "PRINTABLESTRING" } else { "UTF8STRING" };
                    assert_eq!(string_type, expected, "{role}.pem: {attribute}");
                }
            }
        }),
        trial(
            "validity begins five minutes back and ends after 3650 days, the authority's after 36500",
            || {
                let before = SystemTime::now();
                let folder = Folder::after(GEN);
                let after = SystemTime::now();
                for (role, days) in [("ca", 36500), ("server", 3650), ("client", 3650)] {
                    let made = date(&folder, role, "notBefore") + Duration::from_secs(5 * 60);
                    // Certificates know whole seconds.
                    assert!(made + Duration::from_secs(1) > before && made <= after, "{role}");
                    let end = date(&folder, role, "notAfter");
                    assert_eq!(end, made + Duration::from_secs(days * 24 * 60 * 60), "{role}");
                }
            },
        ),
        trial("ca.srl holds the client's serial number, which follows the server's", || {
            let folder = Folder::after(GEN);
            let content = folder.text("ca.srl");
            let serial = content.strip_suffix('\n').unwrap();
            let is_upper_hex = |digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F');
            assert!(serial.len() == 40 && serial.bytes().all(is_upper_hex), "{content:?}");
            assert_eq!(serial_of(&folder, "client.pem"), serial);
            assert_eq!(successor(&serial_of(&folder, "server.pem")), serial);
        }),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Criticality {
    Critical,
    NotCritical,
}
use Criticality::{Critical, NotCritical};

#[track_caller]
fn assert_extension(folder: &Folder, role: &str, name: &str, critical: Criticality, value: &str) {
    assert_eq!(extension(folder, role, name), (critical, value.to_owned()), "{role}.pem: {name}");
}

/// An extension as `openssl x509` prints it: a line with its name, and indented lines.
fn extension(folder: &Folder, role: &str, name: &str) -> (Criticality, String) {
    let printed = folder.openssl(&format!("x509 -in {role}.pem -noout -ext {name}"));
    let (title, value) = printed.split_once('\n').unwrap_or_default();
    let critical = if title.trim_end().ends_with(": critical") { Critical } else { NotCritical };
    (critical, value.trim().to_owned())
}

/// The attributes of subject and issuer, and the ASN.1 types of their values.
fn string_types(folder: &Folder, file: &str) -> Vec<(String, String)> {
    let printed = folder.openssl(&format!("asn1parse -in {file}"));
    let fields: Vec<_> = printed
        .lines()
        .filter_map(|line| {
            let (_, field) = line.split_once("prim:")?;
            let (kind, value) = field.split_once(':').unwrap_or((field, ""));
            Some((kind.trim(), value))
        })
        .collect();
    let is_attribute =
        |kind, value: &str| kind == "OBJECT" && value.ends_with("Name") && !value.contains(' ');
    fields
        .windows(2)
        .filter(|pair| is_attribute(pair[0].0, pair[0].1))
        .map(|pair| (pair[0].1.to_owned(), pair[1].0.to_owned()))
        .collect()
}

fn date(folder: &Folder, role: &str, field: &str) -> SystemTime {
    let printed = folder.openssl(&format!("x509 -in {role}.pem -noout -dates -dateopt iso_8601"));
    let dates = printed.lines().filter_map(|line| line.split_once('='));
    let value = dates.filter(|(name, _)| *name == field).map(|(_, value)| value).next();
    humantime::parse_rfc3339_weak(value.expect(&printed)).unwrap()
}

fn serial_of(folder: &Folder, file: &str) -> String {
    let printed = folder.openssl(&format!("x509 -in {file} -noout -serial"));
    printed.trim().strip_prefix("serial=").expect(&printed).to_owned()
}

/// The next number in hex, with as many digits.
fn successor(number: &str) -> String {
    let kept = number.trim_end_matches('F');
    let (last, start) = (kept.chars().last().unwrap(), &kept[..kept.len() - 1]);
    let digit = last.to_digit(16).unwrap() + 1;
    format!("{start}{digit:X}{}", "0".repeat(number.len() - kept.len()))
}

// ca.srl

fn serial_file() -> Vec<Trial> {
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

// Directories that the documentation's gen.sh made

fn directories_of_gen_sh() -> Vec<Trial> {
    const MENDED: &[&str] = &["extended-key-usage-mended", "authority-without-key-usage"];
    const LOCALHOST: &str = "-verify_hostname localhost";
    const ADDRESS: &str = "-verify_ip 1.2.3.4";
    let page = GenSh {
        common_name: "localhost",
        key: RSA_KEY,
        has_names: true,
        identifiers: Identifiers::OfOpenSsl3,
    };
    let localhost = GenSh { key: P256_KEY, ..page };
    let address = GenSh { common_name: "1.2.3.4", ..localhost };
    let renewed = |of: &str, made: GenSh, name: &'static str, more_notes: &'static [&str]| {
        trial(format!("renew mends a directory of gen.sh {of}, and keeps its authority"), move || {
            let folder = made.run();
            let kept = ["ca.key", "ca.pem"].map(|file| folder.read(file));
            let subject = |file| subject_and_issuer(&folder.certificates(file)[0]).0;
            let subjects = ["server.pem", "client.pem"].map(subject);

            let notes = MENDED.iter().chain(more_notes).map(|code| (*code).to_owned());
            assert_eq!(folder.notes("renew"), notes.collect());
            assert!(["ca.key", "ca.pem"].map(|file| folder.read(file)) == kept, "the authority has changed");
            assert_eq!(["server.pem", "client.pem"].map(subject), subjects);
            assert_purposes(&folder, "");
            folder.openssl(&verify(&folder, "server", name));
            assert_eq!(folder.notes("renew"), ["authority-without-key-usage".to_owned()].into());
        })
    };
    vec![
        renewed("from OpenSSL 3", page, LOCALHOST, &[]),
        renewed(
            "from OpenSSL 1.1.1",
            GenSh { identifiers: Identifiers::OfOpenSsl111, ..page },
            LOCALHOST,
            &[],
        ),
        renewed(
            "without any key identifiers",
            GenSh { identifiers: Identifiers::Nowhere, ..localhost },
            LOCALHOST,
            &[],
        ),
        renewed("for an IP address", address, ADDRESS, &["ip-in-dns-name-mended"]),
        renewed(
            "without subjectAltName",
            GenSh { has_names: false, ..localhost },
            LOCALHOST,
            &["names-from-common-name"],
        ),
        renewed(
            "for an IP address without subjectAltName",
            GenSh { has_names: false, ..address },
            ADDRESS,
            &["names-from-common-name"],
        ),
    ]
}

/// gen.sh of the documentation page, with a `genpkey` that OpenSSL understands.
#[derive(Clone, Copy)]
struct GenSh {
    common_name: &'static str,
    key: &'static str,
    has_names: bool,
    identifiers: Identifiers,
}

/// Which certificates have subjectKeyIdentifier and authorityKeyIdentifier.
#[derive(Clone, Copy, PartialEq)]
enum Identifiers {
    OfOpenSsl3,
    /// `x509 -req` did not add them to server and client.
    OfOpenSsl111,
    Nowhere,
}

impl GenSh {
    fn run(self) -> Folder {
        const EXTENSIONS: &str = "basicConstraints = CA:FALSE\n\
            keyUsage = nonRepudiation, digitalSignature, keyEncipherment\n\
            extendedKeyUsage = serverAuth\n";
        const NO_IDENTIFIERS: &str = "subjectKeyIdentifier = none\nauthorityKeyIdentifier = none\n";
        let Self { common_name, key, has_names, identifiers } = self;
        let folder = Folder::new();
        let names = if has_names { format!("subjectAltName = DNS:{common_name}\n") } else { String::new() };
        let none = if identifiers == Identifiers::OfOpenSsl3 { "" } else { NO_IDENTIFIERS };
        folder.write("openssl.cnf", format!("[v3_req]\n{EXTENSIONS}{names}{none}"));
        folder.write(
            "bare.cnf",
            format!(
                "[req]\ndistinguished_name = dn\n[dn]\n[v3_ca]\nbasicConstraints = critical, CA:TRUE\n{none}"
            ),
        );
        let bare =
            if identifiers == Identifiers::Nowhere { "-config bare.cnf -extensions v3_ca" } else { "" };
        let subject = format!("-subj '/C=US/ST=CA/L=Redwood City/O=zilliz/OU=devops/CN={common_name}'");

        for role in ["ca", "server", "client"] {
            folder.openssl(&format!("{key} -out {role}.key"));
        }
        folder.openssl(&format!(
            "req -x509 -new -nodes -key ca.key -sha256 -days 36500 -out ca.pem {subject} {bare}"
        ));
        for role in ["server", "client"] {
            folder.openssl(&format!("req -new -key {role}.key {subject} -out {role}.csr"));
            folder.openssl(&format!(
                "x509 -req -in {role}.csr -days 3650 -out {role}.pem -CA ca.pem -CAkey ca.key -CAcreateserial \
                 -extfile openssl.cnf -extensions v3_req"
            ));
        }
        self.assert_identifiers(&folder);
        folder
    }

    fn assert_identifiers(self, folder: &Folder) {
        let has_identifiers =
            |role| folder.openssl(&format!("x509 -in {role}.pem -noout -text")).contains("Key Identifier");
        let expected = match self.identifiers {
            Identifiers::OfOpenSsl3 => [true, true],
            Identifiers::OfOpenSsl111 => [true, false],
            Identifiers::Nowhere => [false, false],
        };
        assert_eq!(["ca", "server"].map(has_identifiers), expected);
    }
}

// Authorities that were made elsewhere

fn authorities_made_elsewhere() -> Vec<Trial> {
    let with_key = |kind: &str, label: &'static str, commands: &[&str]| {
        let commands: Vec<_> = commands.iter().map(|command| (*command).to_owned()).collect();
        trial(
            format!("an authority with {kind} issues certificates that verify, and renews them"),
            move || {
                let folder = Folder::new();
                for command in commands {
                    folder.openssl(&command);
                }
                assert!(
                    folder.text("corp.key").starts_with(&format!("-----BEGIN {label}-----\n")),
                    "{label}"
                );
                self_sign(&folder, "corp", "/O=Corp/CN=Corp CA");
                let is_encrypted = label.starts_with("ENCRYPTED");
                assert_issues(&folder, if is_encrypted { "--ca-passphrase-file pass" } else { "" });
            },
        )
    };
    let with_subject = |kind: &str, mask: &'static str, string_type: &'static str, subject: &'static str| {
        trial(format!("an authority with {kind} is named in its certificates byte for byte"), move || {
            let folder = Folder::new();
            folder.openssl(&format!("{P256_KEY} -out corp.key"));
            write_authority_config(&folder, mask, "");
            self_sign_as_configured(&folder, "corp", subject);
            let is_there = |(_, found): &(String, String)| found == string_type;
            assert!(string_types(&folder, "corp.pem").iter().any(is_there), "there is no {string_type}");
            assert_issues(&folder, "");
        })
    };
    let restricted = |how: &str, extensions: &'static str| {
        trial(format!("an authority {how} is refused, since its certificates would not verify"), move || {
            let folder = Folder::new();
            folder.openssl(&format!("{P256_KEY} -out corp.key"));
            write_authority_config(&folder, "utf8only", extensions);
            self_sign_as_configured(&folder, "corp", "/CN=Corp CA");
            folder.refusal(&format!("{GEN_BELOW_CORP} -d certs"));
        })
    };
    const PLAIN: &str = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.key";
    let encrypted = |how: &str, command: &str| {
        let command = format!("{command} -in plain.key -passout file:pass -out corp.key");
        with_key(&format!("a key encrypted with {how}"), "ENCRYPTED PRIVATE KEY", &[PLAIN, &command])
    };
    vec![
        with_key("an RSA key in PKCS#8", "PRIVATE KEY", &[&format!("{RSA_KEY} -out corp.key")]),
        with_key(
            "an RSA key in PKCS#1",
            "RSA PRIVATE KEY",
            &[&format!("{RSA_KEY} -out plain.key"), "rsa -traditional -in plain.key -out corp.key"],
        ),
        with_key("a P-256 key in PKCS#8", "PRIVATE KEY", &[&format!("{P256_KEY} -out corp.key")]),
        with_key(
            "a P-384 key in PKCS#8",
            "PRIVATE KEY",
            &["genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out corp.key"],
        ),
        with_key(
            "a P-256 key in SEC 1 after its parameters",
            "EC PARAMETERS",
            &["ecparam -name prime256v1 -genkey -out corp.key"],
        ),
        with_key(
            "a P-384 key in SEC 1 after its parameters",
            "EC PARAMETERS",
            &["ecparam -name secp384r1 -genkey -out corp.key"],
        ),
        with_key(
            "a P-256 key in SEC 1 alone",
            "EC PRIVATE KEY",
            &["ecparam -name prime256v1 -genkey -noout -out corp.key"],
        ),
        with_key("an Ed25519 key", "PRIVATE KEY", &["genpkey -algorithm ED25519 -out corp.key"]),
        encrypted("OpenSSL's default", "pkcs8 -topk8"),
        encrypted("AES-256 and HMAC-SHA1", "pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA1"),
        encrypted("AES-128 and HMAC-SHA512", "pkcs8 -topk8 -v2 aes-128-cbc -v2prf hmacWithSHA512"),
        encrypted("triple DES", "pkcs8 -topk8 -v2 des3"),
        encrypted("scrypt", "pkcs8 -topk8 -scrypt"),
        with_subject(
            "three DCs and two OUs, as in Active Directory",
            "utf8only",
            "UTF8STRING",
            "/DC=com/DC=example/DC=corp/OU=IT/OU=PKI/CN=Corp CA",
        ),
        with_subject(
            "two values in one RDN",
            "utf8only",
            "UTF8STRING",
            "/O=Corp/OU=PKI+serialNumber=7/OU=A+OU=B/CN=Corp CA",
        ),
        with_subject("a PrintableString", "MASK:0x2", "PRINTABLESTRING", "/C=DE/O=Corp/CN=Corp CA"),
        with_subject("a TeletexString", "MASK:0x4", "T61STRING", "/C=DE/O=Übermut AG/CN=Ägir CA"),
        with_subject("a BMPString", "MASK:0x800", "BMPSTRING", "/C=CN/O=密尔沃斯/CN=Ägir CA"),
        with_subject("characters outside of ASCII", "utf8only", "UTF8STRING", "/C=CN/O=密尔沃斯/CN=根 CA"),
        with_subject("no CommonName", "utf8only", "UTF8STRING", "/O=Corp/OU=PKI"),
        restricted("for other names", "nameConstraints = critical, permitted;DNS:example.com"),
        restricted("for servers only", "extendedKeyUsage = serverAuth"),
        restricted("with a critical extension that nobody knows", "1.2.3.4 = critical, ASN1:NULL"),
    ]
}

/// Makes the certificate of an authority, whose key is there.
fn self_sign(folder: &Folder, name: &str, subject: &str) {
    write_authority_config(folder, "utf8only", "");
    self_sign_as_configured(folder, name, subject);
}

fn self_sign_as_configured(folder: &Folder, name: &str, subject: &str) {
    folder.openssl(&format!(
        "req -x509 -new -utf8 -config ca.cnf -key {name}.key -passin file:pass -subj '{subject}' -days 3650 \
         -out {name}.pem"
    ));
}

/// `mask` chooses the string types that a subject may have (`ASN1_STRING_set_default_mask_asc`);
/// an extension that is given again replaces the one before.
fn write_authority_config(folder: &Folder, mask: &str, extensions: &str) {
    folder.write(
        "ca.cnf",
        format!(
            "[req]\nstring_mask = {mask}\ndistinguished_name = dn\nx509_extensions = authority\n[dn]\n\
             [authority]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n\
             subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid:always\n{extensions}\n"
        ),
    );
}

/// Both commands, with the authority of corp.pem and corp.key, which they leave alone.
fn assert_issues(folder: &Folder, passphrase: &str) {
    let files = ["corp.pem", "corp.key"].map(|file| folder.read(file));
    for command in [GEN_BELOW_CORP, "renew"] {
        folder.milvus_certs(&format!("{command} {passphrase} --common-name localhost"));
        assert_issued_by(folder, "corp.pem", &[], "corp.pem");
        assert!(["corp.pem", "corp.key"].map(|file| folder.read(file)) == files, "the authority has changed");
        assert!(folder.read("ca.key") == files[1], "ca.key is not corp.key");
    }
}

/// Server and client verify, name their issuer byte for byte, and bring the intermediate ones along.
fn assert_issued_by(folder: &Folder, issuer: &str, intermediates: &[&str], root: &str) {
    let certificate = |file: &&str| folder.certificates(file).remove(0);
    let subject_of_issuer = subject_and_issuer(&certificate(&issuer)).0;
    let intermediates: Vec<_> = intermediates.iter().map(certificate).collect();
    for file in ["server.pem", "client.pem"] {
        let chain = folder.certificates(file);
        assert!(subject_and_issuer(&chain[0]).1 == subject_of_issuer, "{file} has another issuer");
        assert!(chain[1..] == intermediates, "{file} has another chain");
    }
    assert!(folder.certificates("ca.pem") == [certificate(&root)], "ca.pem is not {root}");
    assert_purposes(folder, "-x509_strict");
}

// Intermediate authorities

fn intermediate_authorities() -> Vec<Trial> {
    const GEN_BELOW: &str = "gen --key-type p256 --ca-cert bundle.pem --ca-key corp.key";
    let issues = |sentence: &str, chain: &'static [&'static str], bundle: &'static [&'static str]| {
        trial(sentence, move || {
            let folder = chain_of_authorities(chain);
            folder.join(bundle, "bundle.pem");
            let [root, .., issuer] = chain else { unreachable!("{chain:?}") };
            let intermediates: Vec<_> = chain[1..].iter().rev().map(|name| format!("{name}.pem")).collect();
            let intermediates: Vec<_> = intermediates.iter().map(String::as_str).collect();
            for command in [GEN_BELOW, "renew", "renew server", "renew client"] {
                folder.milvus_certs(command);
                assert_issued_by(&folder, &format!("{issuer}.pem"), &intermediates, &format!("{root}.pem"));
            }
        })
    };
    let refused = |sentence: &str, bundle: &'static [&'static str], error: &'static str| {
        trial(sentence, move || {
            let folder = chain_of_authorities(&["root", "middle", "corp"]);
            folder.openssl(&format!("{P256_KEY} -out other.key"));
            self_sign(&folder, "other", "/CN=Other CA");
            folder.join(bundle, "bundle.pem");
            folder.refusal(&format!("{GEN_BELOW} -d certs")).says("bundle.pem").says(error);
        })
    };
    vec![
        issues(
            "an intermediate authority's certificates bring it along, and its root is ca.pem",
            &["root", "corp"],
            &["corp.pem", "root.pem"],
        ),
        issues(
            "an intermediate authority may come after its root",
            &["root", "corp"],
            &["root.pem", "corp.pem"],
        ),
        issues(
            "two intermediate authorities are brought along in the order of issue",
            &["root", "middle", "corp"],
            &["middle.pem", "root.pem", "corp.pem"],
        ),
        refused(
            "an intermediate authority without its root is refused",
            &["corp.pem", "middle.pem"],
            "CN=root",
        ),
        refused("a chain with a gap is refused", &["corp.pem", "root.pem"], "CN=middle"),
        refused(
            "a chain without the certificate of the key is refused",
            &["middle.pem", "root.pem"],
            "does not belong",
        ),
        refused(
            "a certificate that is not part of the chain is refused",
            &["corp.pem", "middle.pem", "root.pem", "other.pem"],
            "Other CA",
        ),
        trial("an intermediate authority is refused below a root whose pathlen permits none", || {
            let folder = chain_of_authorities(&["root", "corp"]);
            write_authority_config(&folder, "utf8only", "basicConstraints = critical, CA:TRUE, pathlen:0");
            self_sign_as_configured(&folder, "root", "/O=Corp/CN=root");
            folder.join(&["corp.pem", "root.pem"], "bundle.pem");
            folder.refusal(&format!("{GEN_BELOW} -d certs"));
        }),
    ]
}

/// A root, and authorities each of which was issued by the one before.
fn chain_of_authorities(names: &[&str]) -> Folder {
    let folder = Folder::new();
    for name in names {
        folder.openssl(&format!("{P256_KEY} -out {name}.key"));
    }
    self_sign(&folder, names[0], &format!("/O=Corp/CN={}", names[0]));
    for pair in names.windows(2) {
        let (issuer, name) = (pair[0], pair[1]);
        folder.openssl(&format!("req -new -key {name}.key -subj /O=Corp/CN={name} -out {name}.csr"));
        folder.openssl(&format!(
            "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial -days 3650 \
             -extfile ca.cnf -extensions authority -out {name}.pem"
        ));
    }
    folder
}

// Encrypted keys

fn encrypted_keys() -> Vec<Trial> {
    const WITH_PASSPHRASE: &str = "--ca-passphrase-file pass";
    let converted = |sentence: &str, key_type: &'static str, encrypt: &'static str, error: &'static str| {
        trial(sentence, move || {
            let folder = Folder::after(&format!("gen --key-type {key_type}"));
            folder.openssl(&format!("{encrypt} -in ca.key -passout file:pass -out encrypted.key"));
            folder.join(&["encrypted.key"], "ca.key");
            let refusal = folder.refusal(&format!("renew {WITH_PASSPHRASE}")).says("ca.key").says(error);
            let command = refusal.openssl_command();
            assert!(command.starts_with("pkcs8 "), "{command}");
            // One file for both would be asked for its second line.
            folder.write("new-pass", "battery staple\n");
            folder.openssl(&format!("{command} -passin file:pass -passout file:new-pass"));
            folder.join(&["ca-pkcs8.key"], "ca.key");
            folder.milvus_certs("renew --ca-passphrase-file new-pass");
            assert_purposes(&folder, "-x509_strict");
        })
    };
    vec![
        trial("a new authority's key is encrypted with the passphrase, and OpenSSL opens it", || {
            let folder = Folder::after(&format!("{GEN} {WITH_PASSPHRASE}"));
            assert!(folder.text("ca.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
            let of_key = folder.openssl("pkey -in ca.key -passin file:pass -pubout");
            assert_eq!(of_key, folder.openssl("x509 -in ca.pem -noout -pubkey"));
            assert_eq!(folder.try_openssl("pkey -in ca.key -passin pass:wrong -noout"), None);
            for role in ["server", "client"] {
                assert_key_belongs(&folder, role);
            }
            folder.milvus_certs(&format!("renew {WITH_PASSPHRASE}"));
            assert_purposes(&folder, "-x509_strict");
        }),
        trial("an authority made elsewhere is encrypted with the passphrase if it was not", || {
            let folder = Folder::new();
            folder.openssl(&format!("{P256_KEY} -out corp.key"));
            self_sign(&folder, "corp", "/CN=Corp CA");
            folder.milvus_certs(&format!("{GEN_BELOW_CORP} {WITH_PASSPHRASE}"));
            assert!(folder.text("ca.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
            let of_key = folder.openssl("pkey -in ca.key -passin file:pass -pubout");
            assert_eq!(of_key, folder.openssl("pkey -in corp.key -pubout"));
        }),
        trial("a passphrase file with CR LF means the same to OpenSSL and to this program", || {
            let folder = Folder::new();
            folder.write("pass", "correct horse\r\n");
            folder.openssl(&format!("{P256_KEY} -aes-256-cbc -pass file:pass -out corp.key"));
            self_sign(&folder, "corp", "/CN=Corp CA");
            assert_issues(&folder, WITH_PASSPHRASE);
        }),
        trial("an encrypted ca.key is refused without its passphrase, and with another", || {
            let folder = Folder::after(&format!("{GEN} {WITH_PASSPHRASE}"));
            folder.write("wrong", "incorrect horse\n");
            folder.refusal("renew").says("ca.key: is encrypted");
            folder.refusal("renew --ca-passphrase-file wrong").says("ca.key: cannot be decrypted");
        }),
        converted(
            "a legacy encrypted RSA key is refused, and the hint's command converts it",
            "rsa2048",
            "rsa -traditional -aes128",
            "legacy format",
        ),
        converted(
            "a legacy encrypted elliptic-curve key is refused, and the hint's command converts it",
            "p256",
            "ec -aes128",
            "legacy format",
        ),
        converted(
            "a key encrypted with PBES1 is refused, and the hint's command converts it",
            "p256",
            "pkcs8 -topk8 -v1 PBE-SHA1-3DES",
            "not supported",
        ),
    ]
}

// Ends of validity

fn ends_of_validity() -> Vec<Trial> {
    let refused = |when: &str, start: &'static str, end: &'static str, error: &'static str| {
        trial(format!("an authority that {when} neither renews nor begins a directory"), move || {
            let folder = Folder::after(GEN);
            folder.join(&["ca.key"], "corp.key");
            dated_authority(&folder, "corp", start, end);
            folder.refusal(&format!("{GEN_BELOW_CORP} -d certs")).says("corp.pem").says(error);
            folder.join(&["corp.pem"], "ca.pem");
            folder.refusal("renew").says("ca.pem").says(error);
        })
    };
    vec![
        trial("no certificate outlives a new authority, and a note says so", || {
            let folder = Folder::new();
            let notes = folder.notes(&format!("{GEN} --ca-days 30 --days 31"));
            assert_eq!(notes, ["cut-to-authority".to_owned()].into());
            assert_ends_with(&folder, "ca");
            assert_eq!(folder.notes("renew --days 3650"), ["cut-to-authority".to_owned()].into());
            assert_ends_with(&folder, "ca");
            assert_purposes(&folder, "-x509_strict");
        }),
        trial("no certificate outlives an authority made elsewhere, and a note says so", || {
            let folder = Folder::new();
            folder.openssl(&format!("{P256_KEY} -out corp.key"));
            dated_authority(&folder, "corp", "20200101000000Z", "20991231235959Z");
            assert_eq!(
                folder.notes(&format!("{GEN_BELOW_CORP} --days 36500")),
                ["cut-to-authority".to_owned()].into()
            );
            assert_ends_with(&folder, "corp");
            assert_purposes(&folder, "-x509_strict");
        }),
        refused("has expired", "20200101000000Z", "20210101000000Z", "ended on 2021-01-01"),
        refused("is not yet valid", "20980101000000Z", "20990101000000Z", "valid only from 2098-01-01"),
        trial("a key that is not the authority's neither renews nor begins a directory", || {
            let folder = Folder::after(GEN);
            folder.openssl(&format!("{P256_KEY} -out corp.key"));
            folder.join(&["ca.pem"], "corp.pem");
            folder.refusal(&format!("{GEN_BELOW_CORP} -d certs")).says("does not belong");
            folder.join(&["corp.key"], "ca.key");
            folder.refusal("renew").says("does not belong");
        }),
    ]
}

/// An authority with these dates, for a key that is there. `openssl ca` is the one command that
/// takes any dates in all versions.
fn dated_authority(folder: &Folder, name: &str, start: &str, end: &str) {
    write_authority_config(folder, "utf8only", "");
    folder.write("index.txt", "");
    folder.write(
        "dated.cnf",
        "[ca]\ndefault_ca = dated\n[dated]\ndatabase = index.txt\nnew_certs_dir = .\nrand_serial = yes\n\
         default_md = sha256\npolicy = policy\n[policy]\ncommonName = supplied\n",
    );
    folder.openssl(&format!("req -new -key {name}.key -subj '/CN=Corp CA' -out {name}.csr"));
    folder.openssl(&format!(
        "ca -batch -selfsign -config dated.cnf -in {name}.csr -keyfile {name}.key -startdate {start} \
         -enddate {end} -extfile ca.cnf -extensions authority -notext -out {name}.pem"
    ));
}

fn assert_ends_with(folder: &Folder, authority: &str) {
    let end = date(folder, authority, "notAfter");
    for role in ["server", "client"] {
        assert_eq!(date(folder, role, "notAfter"), end, "{role}");
    }
}

// Authorities that cannot be used

fn unusable_authorities() -> Vec<Trial> {
    let refused = |what: &str, file: &'static str, error: &'static str, damage: fn(&Folder)| {
        trial(format!("{file} that {what} is refused, and nothing changes"), move || {
            let folder = Folder::after(GEN);
            damage(&folder);
            folder.refusal("renew").says(file).says(error);
        })
    };
    vec![
        trial("ca.pem in DER is refused, and the hint's command converts it", || {
            let folder = Folder::after(GEN);
            let pem = folder.read("ca.pem");
            folder.openssl("x509 -in ca.pem -outform DER -out ca.der");
            folder.join(&["ca.der"], "ca.pem");
            let refusal = folder.refusal("renew").says("ca.pem: is DER");
            folder.openssl(&refusal.openssl_command());
            assert!(folder.read("FILE.pem") == pem);
        }),
        refused("begins with a byte order mark", "ca.pem", "byte order mark", |folder| {
            folder.write("bom", "\u{feff}");
            folder.join(&["bom", "ca.pem"], "ca.pem");
        }),
        refused("is UTF-16", "ca.pem", "UTF-16", |folder| {
            let text = format!("\u{feff}{}", folder.text("ca.pem"));
            folder.write("ca.pem", text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
        }),
        refused("is empty", "ca.pem", "is empty", |folder| folder.write("ca.pem", "")),
        refused("is text", "ca.pem", "has no certificate", |folder| {
            folder.write("ca.pem", "not a certificate\n")
        }),
        refused("is cut off", "ca.pem", "PEM", |folder| cut_off(folder, "ca.pem")),
        refused("holds a key", "ca.pem", "has no certificate", |folder| folder.join(&["ca.key"], "ca.pem")),
        refused("holds a server's certificate", "ca.pem", "is not a certificate authority", |folder| {
            folder.join(&["server.pem"], "ca.pem");
        }),
        refused("holds two certificates", "ca.pem", "holds 2 certificates", |folder| {
            folder.openssl(&format!("{P256_KEY} -out other.key"));
            self_sign(folder, "other", "/CN=Other CA");
            folder.join(&["ca.pem", "other.pem"], "ca.pem");
        }),
        refused("may not sign certificates", "ca.pem", "may not sign", |folder| {
            folder.openssl("req -x509 -new -key ca.key -subj /CN=CA -addext keyUsage=cRLSign -out ca.pem");
        }),
        refused("has 1024 bits", "ca.key", "1024 bits", |folder| {
            folder.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out ca.key");
            self_sign(folder, "ca", "/CN=CA");
        }),
        refused("is of the curve P-521", "ca.key", "P-521", |folder| {
            folder.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out ca.key");
            self_sign(folder, "ca", "/CN=CA");
        }),
        refused("is of the curve secp256k1 in SEC 1", "ca.key", "elliptic curve", |folder| {
            folder.openssl("ecparam -name secp256k1 -genkey -out ca.key");
            self_sign(folder, "ca", "/CN=CA");
        }),
        refused("is in DER", "ca.key", "is DER", |folder| {
            folder.openssl("pkey -in ca.key -outform DER -out ca.der");
            folder.join(&["ca.der"], "ca.key");
        }),
        refused("is empty", "ca.key", "is empty", |folder| folder.write("ca.key", "")),
        refused("is cut off", "ca.key", "PEM", |folder| cut_off(folder, "ca.key")),
        refused("holds a public key", "ca.key", "has no private key", |folder| {
            folder.openssl("pkey -in ca.key -pubout -out public.pem");
            folder.join(&["public.pem"], "ca.key");
        }),
        refused("holds a certificate", "ca.key", "has no private key", |folder| {
            folder.join(&["ca.pem"], "ca.key");
        }),
    ]
}

fn cut_off(folder: &Folder, file: &str) {
    let content = folder.read(file);
    folder.write(file, &content[..content.len() / 2]);
}
