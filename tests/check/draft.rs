//! Certificates as `openssl` issues them: good ones, but for what is said about them.

use crate::support::Folder;
use crate::{GEN, P256_KEY};

/// A certificate for the key in `ROLE.key`, to be written to `ROLE.pem`.
#[derive(Clone)]
pub(crate) struct Draft<'a> {
    role: &'a str,
    subject: &'a str,
    issuer: &'a str,
    changes: &'a str,
    options: &'a str,
}

pub(crate) const SERVER: &str = "basicConstraints = CA:FALSE
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

const AUTHORITY: &str = "basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid";

/// `server` and `client` are those; any other role is an authority.
pub(crate) fn draft(role: &str) -> Draft<'_> {
    // An authority outlives what it signs.
    let (subject, options) = match role {
        "server" | "client" => ("/O=Zoo/CN=localhost", "-days 3650"),
        _ => ("/O=Zoo/CN=Zoo CA", "-days 36500"),
    };
    Draft { role, subject, issuer: "ca", changes: "", options }
}

impl<'a> Draft<'a> {
    pub(crate) fn subject(mut self, subject: &'a str) -> Self {
        self.subject = subject;
        self
    }

    /// The authority that signs it instead of `ca`.
    pub(crate) fn by(mut self, issuer: &'a str) -> Self {
        self.issuer = issuer;
        self
    }

    /// Lines of extensions (x509v3_config(5)) that replace those of the same name or come after the
    /// others. One without a value takes that extension away.
    pub(crate) fn with(mut self, changes: &'a str) -> Self {
        self.changes = changes;
        self
    }

    /// What `openssl x509 -req` is told besides.
    pub(crate) fn options(mut self, options: &'a str) -> Self {
        self.options = options;
        self
    }

    pub(crate) fn issue(&self, folder: &Folder) {
        let Self { role, issuer, options, .. } = self;
        let serial_file = if *issuer == "ca" { "ca.srl".into() } else { format!("work/{issuer}.srl") };
        let serial = match options.contains("-set_serial") {
            true => String::new(),
            false => format!("-CAserial {serial_file} -CAcreateserial"),
        };
        self.request(folder);
        folder.openssl(&format!(
            "x509 -req -in work/{role}.csr -CA {issuer}.pem -CAkey {issuer}.key {serial} {options} \
             -extfile work/{role}.cnf -extensions extensions -out {role}.pem"
        ));
    }

    pub(crate) fn self_sign(&self, folder: &Folder) {
        let Self { role, options, .. } = self;
        self.request(folder);
        folder.openssl(&format!(
            "x509 -req -in work/{role}.csr -key {role}.key {options} -extfile work/{role}.cnf \
             -extensions extensions -out {role}.pem"
        ));
    }

    /// Of X.509 version 1, which has no extensions.
    pub(crate) fn issue_version_1(&self, folder: &Folder) {
        let Self { role, issuer, options, .. } = self;
        self.request(folder);
        folder.openssl(&format!(
            "x509 -req -in work/{role}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAserial {issuer}.srl \
             {options} -out {role}.pem"
        ));
    }

    /// With these dates, `20200101000000Z`. `openssl ca` is the one command that takes any dates in
    /// all versions.
    pub(crate) fn issue_dated(&self, folder: &Folder, start: &str, end: &str) {
        let issuer = self.issuer;
        self.request(folder);
        self.sign_dated(folder, &format!("-cert {issuer}.pem -keyfile {issuer}.key"), start, end);
    }

    pub(crate) fn self_sign_dated(&self, folder: &Folder, start: &str, end: &str) {
        self.request(folder);
        self.sign_dated(folder, &format!("-selfsign -keyfile {}.key", self.role), start, end);
    }

    fn sign_dated(&self, folder: &Folder, signer: &str, start: &str, end: &str) {
        let role = self.role;
        folder.write("work/index.txt", "");
        folder.write(
            "work/dated.cnf",
            "[ca]\ndefault_ca = dated\n[dated]\ndatabase = work/index.txt\nnew_certs_dir = work\n\
             rand_serial = yes\ndefault_md = sha256\npolicy = policy\n[policy]\n\
             organizationName = optional\ncommonName = optional\n",
        );
        folder.openssl(&format!(
            "ca -batch -config work/dated.cnf -in work/{role}.csr {signer} -startdate {start} -enddate {end} \
             -extfile work/{role}.cnf -extensions extensions -notext -preserveDN -out {role}.pem"
        ));
    }

    fn request(&self, folder: &Folder) {
        let Self { role, subject, .. } = self;
        folder.write(&format!("work/{role}.cnf"), self.extensions());
        folder.openssl(&format!("req -new -key {role}.key -subj '{subject}' -out work/{role}.csr"));
    }

    fn extensions(&self) -> String {
        let usual = match self.role {
            "server" => SERVER,
            "client" => CLIENT,
            _ => AUTHORITY,
        };
        let name = |line: &str| line.split('=').next().unwrap_or_default().trim().to_owned();
        let changed: Vec<_> = self.changes.lines().map(name).collect();
        let kept = usual.lines().filter(|line| !changed.contains(&name(line)));
        let has_value = |line: &&str| !line.ends_with('=');
        let lines: Vec<_> = kept.chain(self.changes.lines().filter(has_value)).collect();
        format!("[extensions]\n{}\n", lines.join("\n"))
    }
}

/// Server and client certificates from the authority that is there, for the keys that are there.
pub(crate) fn issue_both(folder: &Folder) {
    draft("server").issue(folder);
    draft("client").issue(folder);
}

/// A whole directory whose authority is like this; its key is there, or made.
pub(crate) fn below(folder: &Folder, authority: &Draft<'_>) {
    for role in ["ca", "server", "client"] {
        if !folder.path(&format!("{role}.key")).exists() {
            new_key(folder, role, P256_KEY);
        }
    }
    authority.self_sign(folder);
    issue_both(folder);
}

/// Puts a new key there, from an `openssl` command.
pub(crate) fn new_key(folder: &Folder, role: &str, command: &str) {
    folder.openssl(&format!("{command} -out {role}.key"));
}

/// The same files again, made by another run, in `work/again`.
pub(crate) fn gen_again(folder: &Folder, arguments: &str) {
    folder.milvus_certs(&format!("{GEN} -d work/again {arguments}"));
}
