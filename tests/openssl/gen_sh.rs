//! Directories that the documentation's gen.sh made.

use libtest_mimic::Trial;

use crate::purposes::{assert_purposes, verify};
use crate::support::{Folder, subject_and_issuer};
use crate::{P256_KEY, RSA_KEY, trial};

pub(crate) fn trials() -> Vec<Trial> {
    const MENDED: &[&str] =
        &["extended-key-usage-mended", "authority-without-key-usage", "server-pem-was-trusted"];
    const LOCALHOST: &str = "-verify_hostname localhost";
    const ADDRESS: &str = "-verify_ip 1.2.3.4";
    let localhost = GenSh { key: P256_KEY, ..PAGE };
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
        renewed("from OpenSSL 3", PAGE, LOCALHOST, &[]),
        renewed(
            "from OpenSSL 1.1.1",
            GenSh { identifiers: Identifiers::OfOpenSsl111, ..PAGE },
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
pub(crate) struct GenSh {
    pub(crate) common_name: &'static str,
    pub(crate) key: &'static str,
    pub(crate) has_names: bool,
    pub(crate) identifiers: Identifiers,
}

/// As the page has it.
pub(crate) const PAGE: GenSh =
    GenSh { common_name: "localhost", key: RSA_KEY, has_names: true, identifiers: Identifiers::OfOpenSsl3 };

/// Which certificates have subjectKeyIdentifier and authorityKeyIdentifier.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Identifiers {
    OfOpenSsl3,
    /// `x509 -req` did not add them to server and client.
    OfOpenSsl111,
    Nowhere,
}

impl GenSh {
    pub(crate) fn run(self) -> Folder {
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
