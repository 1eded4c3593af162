//! The certificate profile: extensions, string types, validity and serial numbers.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use libtest_mimic::Trial;

use crate::common::folder::Folder;
use crate::common::program::GEN;
use crate::{after, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("the CA signs certificates and revocation lists, and has pathlen 0", || {
            let folder = after(GEN);
            assert_extension(&folder, "ca", "basicConstraints", Critical, "CA:TRUE, pathlen:0");
            assert_extension(&folder, "ca", "keyUsage", Critical, "Certificate Sign, CRL Sign");
        }),
        trial("an RSA certificate has the documentation's keyUsage", || {
            let folder = after("gen --key-type rsa2048");
            for role in ["server", "client"] {
                let usage = "Digital Signature, Non Repudiation, Key Encipherment";
                assert_extension(&folder, role, "keyUsage", Critical, usage);
            }
        }),
        trial("an elliptic-curve certificate has only digitalSignature", || {
            let folder = after(GEN);
            for role in ["server", "client"] {
                assert_extension(&folder, role, "keyUsage", Critical, "Digital Signature");
            }
        }),
        trial("server and client have CA:FALSE and the extendedKeyUsage of their purpose", || {
            let folder = after(GEN);
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
        trial("every certificate names its own key and that of its CA", || {
            let folder = after(GEN);
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
            let folder = after(GEN);
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
            "validity begins five minutes ago and ends after 3650 days, that of the CA after 36500",
            || {
                let before = SystemTime::now();
                let folder = after(GEN);
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
            let folder = after(GEN);
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
pub(crate) fn string_types(folder: &Folder, file: &str) -> Vec<(String, String)> {
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

pub(crate) fn date(folder: &Folder, role: &str, field: &str) -> SystemTime {
    let printed = folder.openssl(&format!("x509 -in {role}.pem -noout -dates -dateopt iso_8601"));
    let dates = printed.lines().filter_map(|line| line.split_once('='));
    let value = dates.filter(|(name, _)| *name == field).map(|(_, value)| value).next();
    humantime::parse_rfc3339_weak(value.expect(&printed)).unwrap()
}

pub(crate) fn serial_of(folder: &Folder, file: &str) -> String {
    let printed = folder.openssl(&format!("x509 -in {file} -noout -serial"));
    printed.trim().strip_prefix("serial=").expect(&printed).to_owned()
}

/// The next number in hex, with as many digits.
pub(crate) fn successor(number: &str) -> String {
    let kept = number.trim_end_matches('F');
    let (last, start) = (kept.chars().last().unwrap(), &kept[..kept.len() - 1]);
    let digit = last.to_digit(16).unwrap() + 1;
    format!("{start}{digit:X}{}", "0".repeat(number.len() - kept.len()))
}
