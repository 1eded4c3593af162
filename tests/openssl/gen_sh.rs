//! Directories that the documentation's gen.sh made.

use libtest_mimic::Trial;

use crate::common::gen_sh::{GenSh, Identifiers, PAGE, PAGE_P256};
use crate::purposes::{assert_purposes, verify};
use crate::{certificates, subject_and_issuer, trial};

pub(crate) fn trials() -> Vec<Trial> {
    const REPAIRED: &[&str] =
        &["authority-without-key-usage", "extended-key-usage-mended", "server-pem-was-trusted"];
    const LOCALHOST: &str = "-verify_hostname localhost";
    const ADDRESS: &str = "-verify_ip 1.2.3.4";
    let address = GenSh { common_name: "1.2.3.4", ..PAGE_P256 };
    let renewed = |of: &str, made: GenSh, name: &'static str, more_notes: &'static [&str]| {
        trial(format!("renew repairs a directory of gen.sh {of}, and keeps its CA"), move || {
            let folder = made.run();
            let kept = ["ca.key", "ca.pem"].map(|file| folder.read(file));
            let subject = |file| subject_and_issuer(&certificates(&folder, file)[0]).0;
            let subjects = ["server.pem", "client.pem"].map(subject);

            let mut notes = [REPAIRED, more_notes].concat();
            notes.sort_unstable();
            assert_eq!(folder.notes("renew"), notes);
            assert!(["ca.key", "ca.pem"].map(|file| folder.read(file)) == kept, "the CA has changed");
            assert_eq!(["server.pem", "client.pem"].map(subject), subjects);
            assert_purposes(&folder, "");
            folder.openssl(&verify(&folder, "server", name));
            assert_eq!(folder.notes("renew"), ["authority-without-key-usage"]);
        })
    };
    vec![
        renewed("from OpenSSL 3", PAGE, LOCALHOST, &[]),
        renewed(
            "from OpenSSL 1.1.1",
            GenSh { identifiers: Identifiers::OfOpenSsl111, ..PAGE },
            LOCALHOST,
            &[],
        ),
        renewed(
            "without any key identifiers",
            GenSh { identifiers: Identifiers::Nowhere, ..PAGE_P256 },
            LOCALHOST,
            &[],
        ),
        renewed("for an IP address", address, ADDRESS, &["ip-in-dns-name-mended"]),
        renewed(
            "without subjectAltName",
            GenSh { has_names: false, ..PAGE_P256 },
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
