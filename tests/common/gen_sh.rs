//! Directories as gen.sh of Milvus' documentation makes them.

use super::folder::{Folder, P256_KEY, RSA_KEY};

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
/// The same with elliptic-curve keys, which are made fast.
pub(crate) const PAGE_P256: GenSh = GenSh { key: P256_KEY, ..PAGE };

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
        let folder = Folder::new();
        self.run_in(&folder);
        folder
    }

    pub(crate) fn run_in(self, folder: &Folder) {
        const EXTENSIONS: &str = "basicConstraints = CA:FALSE\n\
            keyUsage = nonRepudiation, digitalSignature, keyEncipherment\n\
            extendedKeyUsage = serverAuth\n";
        const NO_IDENTIFIERS: &str = "subjectKeyIdentifier = none\nauthorityKeyIdentifier = none\n";
        let Self { common_name, key, has_names, identifiers } = self;
        std::fs::create_dir_all(folder.path("work")).unwrap();
        let names = if has_names { format!("subjectAltName = DNS:{common_name}\n") } else { String::new() };
        let none = if identifiers == Identifiers::OfOpenSsl3 { "" } else { NO_IDENTIFIERS };
        folder.write("openssl.cnf", format!("[v3_req]\n{EXTENSIONS}{names}{none}"));
        folder.write(
            "work/bare.cnf",
            format!(
                "[req]\ndistinguished_name = dn\n[dn]\n[v3_ca]\nbasicConstraints = critical, CA:TRUE\n{none}"
            ),
        );
        let bare =
            if identifiers == Identifiers::Nowhere { "-config work/bare.cnf -extensions v3_ca" } else { "" };
        let subject = format!("-subj '/C=US/ST=CA/L=Redwood City/O=zilliz/OU=devops/CN={common_name}'");

        for role in ["ca", "server", "client"] {
            folder.openssl(&format!("{key} -out {role}.key"));
        }
        folder.openssl(&format!(
            "req -x509 -new -nodes -key ca.key -sha256 -days 36500 -out ca.pem {subject} {bare}"
        ));
        for role in ["server", "client"] {
            folder.openssl(&format!("req -new -key {role}.key {subject} -out work/{role}.csr"));
            folder.openssl(&format!(
                "x509 -req -in work/{role}.csr -days 3650 -out {role}.pem -CA ca.pem -CAkey ca.key \
                 -CAcreateserial -extfile openssl.cnf -extensions v3_req"
            ));
        }
        self.assert_identifiers(folder);
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
