//! Certificates that `openssl` issues: good ones, except for what a test changes.

use super::folder::{Folder, P256_KEY};

/// A certificate for the key in `NAME.key`, to be written to `NAME.pem`. What is needed on the way is
/// in the folder `work`.
#[derive(Clone)]
pub(crate) struct Certificate<'a> {
    name: &'a str,
    subject: String,
    string_mask: &'a str,
    issuer: &'a str,
    extensions: &'a str,
    changes: &'a str,
    options: &'a str,
}

const SERVER: &str = "basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid";

const CLIENT: &str = "basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid";

const CA: &str = "basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always";

/// `server` and `client` are certificates for these; any other name is that of a CA.
pub(crate) fn certificate(name: &str) -> Certificate<'_> {
    // A CA outlives what it signs.
    let (subject, extensions, options) = match name {
        "server" => ("/O=Test/CN=localhost", SERVER, "-days 3650"),
        "client" => ("/O=Test/CN=localhost", CLIENT, "-days 3650"),
        _ => ("/O=Test/CN=Test CA", CA, "-days 36500"),
    };
    Certificate { extensions, options, ..bare(name) }.subject(subject)
}

/// A certificate with no extensions except those that `with` adds.
pub(crate) fn bare(name: &str) -> Certificate<'_> {
    Certificate {
        name,
        subject: format!("/CN={name}"),
        string_mask: "utf8only",
        issuer: "ca",
        extensions: "",
        changes: "",
        options: "-days 3650",
    }
}

impl<'a> Certificate<'a> {
    pub(crate) fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// The string types that the subject may have (`ASN1_STRING_set_default_mask_asc`).
    pub(crate) fn string_mask(mut self, mask: &'a str) -> Self {
        self.string_mask = mask;
        self
    }

    /// The CA that signs it instead of `ca`.
    pub(crate) fn by(mut self, issuer: &'a str) -> Self {
        self.issuer = issuer;
        self
    }

    /// Lines of extensions (x509v3_config(5)) that replace those of the same name or come after the
    /// others. A line without a value removes that extension.
    pub(crate) fn with(mut self, changes: &'a str) -> Self {
        self.changes = changes;
        self
    }

    /// Further options of `openssl x509 -req`, in place of `-days`.
    pub(crate) fn options(mut self, options: &'a str) -> Self {
        self.options = options;
        self
    }

    pub(crate) fn issue(&self, folder: &Folder) {
        let Self { name, issuer, options, .. } = self;
        let serial_file = if *issuer == "ca" { "ca.srl".into() } else { format!("work/{issuer}.srl") };
        let serial = match options.contains("-set_serial") {
            true => String::new(),
            false => format!("-CAserial {serial_file} -CAcreateserial"),
        };
        self.request(folder);
        folder.openssl(&format!(
            "x509 -req -in work/{name}.csr -CA {issuer}.pem -CAkey {issuer}.key {serial} {options} \
             -extfile work/{name}.cnf -extensions extensions -out {name}.pem"
        ));
    }

    pub(crate) fn self_sign(&self, folder: &Folder) {
        let Self { name, options, .. } = self;
        let passphrase = passphrase(folder, name);
        self.request(folder);
        folder.openssl(&format!(
            "x509 -req -in work/{name}.csr -key {name}.key {passphrase} {options} -extfile work/{name}.cnf \
             -extensions extensions -out {name}.pem"
        ));
    }

    /// Of X.509 version 1, which has no extensions.
    pub(crate) fn issue_version_1(&self, folder: &Folder) {
        let Self { name, issuer, options, .. } = self;
        self.request(folder);
        folder.openssl(&format!(
            "x509 -req -in work/{name}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAserial {issuer}.srl \
             {options} -out {name}.pem"
        ));
    }

    /// With these dates, such as `20200101000000Z`. `openssl ca` is the one command that takes any dates
    /// in all versions.
    pub(crate) fn issue_dated(&self, folder: &Folder, start: &str, end: &str) {
        let issuer = self.issuer;
        self.request(folder);
        self.sign_dated(folder, &format!("-cert {issuer}.pem -keyfile {issuer}.key"), start, end);
    }

    pub(crate) fn self_sign_dated(&self, folder: &Folder, start: &str, end: &str) {
        self.request(folder);
        self.sign_dated(folder, &format!("-selfsign -keyfile {}.key", self.name), start, end);
    }

    fn sign_dated(&self, folder: &Folder, signer: &str, start: &str, end: &str) {
        let name = self.name;
        folder.write("work/index.txt", "");
        folder.write(
            "work/dated.cnf",
            "[ca]\ndefault_ca = dated\n[dated]\ndatabase = work/index.txt\nnew_certs_dir = work\n\
             rand_serial = yes\ndefault_md = sha256\npolicy = policy\n[policy]\n\
             organizationName = optional\ncommonName = optional\n",
        );
        folder.openssl(&format!(
            "ca -batch -config work/dated.cnf -in work/{name}.csr {signer} -startdate {start} -enddate {end} \
             -extfile work/{name}.cnf -extensions extensions -notext -preserveDN -out {name}.pem"
        ));
    }

    fn request(&self, folder: &Folder) {
        let Self { name, subject, string_mask, .. } = self;
        std::fs::create_dir_all(folder.path("work")).unwrap();
        let request = format!("[req]\nstring_mask = {string_mask}\ndistinguished_name = dn\n[dn]\n");
        folder.write(&format!("work/{name}.cnf"), request + &self.extensions());
        let passphrase = passphrase(folder, name);
        folder.openssl(&format!(
            "req -new -utf8 -config work/{name}.cnf -key {name}.key {passphrase} -subj '{subject}' \
             -out work/{name}.csr"
        ));
    }

    fn extensions(&self) -> String {
        let name = |line: &str| line.split('=').next().unwrap_or_default().trim().to_owned();
        let changed: Vec<_> = self.changes.lines().map(name).collect();
        let kept = self.extensions.lines().filter(|line| !changed.contains(&name(line)));
        let has_value = |line: &&str| !line.ends_with('=');
        let lines: Vec<_> = kept.chain(self.changes.lines().filter(has_value)).collect();
        format!("[extensions]\n{}\n", lines.join("\n"))
    }
}

/// Where the key is encrypted, the file `pass` has the passphrase.
fn passphrase(folder: &Folder, name: &str) -> &'static str {
    if folder.text(&format!("{name}.key")).contains("ENCRYPTED") { "-passin file:pass" } else { "" }
}

/// Server and client certificates from the CA that is there, for the keys that are there.
pub(crate) fn issue_both(folder: &Folder) {
    certificate("server").issue(folder);
    certificate("client").issue(folder);
}

/// A whole directory with this CA; each key is the one that is there, or a new one.
pub(crate) fn directory_of(folder: &Folder, ca: &Certificate<'_>) {
    for role in ["ca", "server", "client"] {
        if !folder.path(&format!("{role}.key")).exists() {
            new_key(folder, role, P256_KEY);
        }
    }
    ca.self_sign(folder);
    issue_both(folder);
}

/// Makes `NAME.key` with an `openssl` command.
pub(crate) fn new_key(folder: &Folder, name: &str, command: &str) {
    folder.openssl(&format!("{command} -out {name}.key"));
}

/// A key and a certificate that the directory's CA signs.
pub(crate) fn new_leaf(folder: &Folder, name: &str, subject: &str, extensions: &str) {
    new_key(folder, name, P256_KEY);
    bare(name).subject(subject).with(extensions).issue(folder);
}
