//! The one table of what can be wrong: code, severity, which clients it stops, why it matters to
//! Milvus, and what helps.

use std::fmt;

use serde::Serialize;

use crate::check::Client;
use crate::store::FileRole;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work, or is open to others.
    Error,
    /// It works, and will surprise.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// `error`, `warning` or `info`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whom a finding stops, by the file that it is about. Measured with Milvus 2.3.5, pymilvus 3.0.2, curl
/// with OpenSSL 3.0, Go 1.19 and Java 17 (tests/milvus).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Breaks {
    /// In both modes, where it is about a server's file or about configuration.
    server: Clients,
    /// In mutual TLS, where it is about a client's file.
    client: Clients,
    /// In one-way and in mutual TLS, where it is about ca.pem: Milvus reads it for mutual TLS alone.
    authority: [Clients; 2],
}

pub(crate) type Clients = &'static [Client];

pub(crate) const ALL: Clients = &Client::ALL;
const P: Client = Client::Pymilvus;
const C: Client = Client::Curl;
const J: Client = Client::Java;
const G: Client = Client::Go;

const EVERYBODY: Breaks = Breaks { server: ALL, client: ALL, authority: [ALL, ALL] };
const NOBODY: Breaks = Breaks { server: &[], client: &[], authority: [&[], &[]] };

impl Breaks {
    /// The clients that it stops in one-way and in mutual TLS.
    pub(crate) const fn of(self, role: Option<FileRole>) -> [Clients; 2] {
        match role {
            Some(FileRole::CaKey | FileRole::CaSerial) => [&[], &[]],
            Some(FileRole::CaCertificate) => self.authority,
            Some(FileRole::ClientKey | FileRole::ClientCertificate) => [&[], self.client],
            Some(FileRole::ServerKey | FileRole::ServerCertificate) | None => [self.server, self.server],
        }
    }
}

/// What a new certificate of the directory's CA does about a finding on a server's or client's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It is what helps.
    Helps,
    /// It would be refused just the same.
    Fails,
    /// It is beside the point.
    DoesNotMatter,
}

impl Code {
    /// Whether a new certificate helps, with subject, names and type of key as they were.
    #[must_use]
    pub const fn renewal(self) -> Renewal {
        match self {
            Self::MissingFile
            | Self::EmptyFile
            | Self::NotPem
            | Self::Utf16
            | Self::ByteOrderMark
            | Self::FoldedPem
            | Self::DamagedFile
            | Self::EncryptedKey
            | Self::KeyMismatch
            | Self::PublicPrivateKey
            | Self::WeakKey
            | Self::UnsupportedKey
            | Self::NotIssuedByCa
            | Self::OtherCaSameName
            | Self::Expired
            | Self::NotYetValid
            | Self::ClientWithoutClientAuth
            | Self::ServerWithoutServerAuth
            | Self::NoDigitalSignature
            | Self::NoSubjectAltName
            | Self::IpInDnsName
            | Self::SameNameAsCa
            | Self::WeakSignature
            | Self::UnsupportedSignature
            | Self::CaBeforeLeaf
            | Self::UnknownCriticalExtension
            | Self::DoesNotVerify
            | Self::DuplicateSerial => Renewal::Helps,
            Self::UnreadableFile
            | Self::CaNotAuthority
            | Self::CaCannotSign
            | Self::CaPathLength
            | Self::CaRestricted
            | Self::NameConstraints => Renewal::Fails,
            _ => Renewal::DoesNotMatter,
        }
    }
}

/// A `fix` is a command, to be pasted as it stands, and after ` # ` what else there is to say; or it is
/// prose, with its commands in backticks. In it stand for
///
/// - `{file}` the file, and `{dir}` ` -d` and the certificate directory
/// - `{kind}` ` server`, ` client` or the name of something that was issued, and `{server}` and `{client}` the
///   same where only one of the two can be meant
/// - `{as}` the same for `issue`: `client NAME`
/// - `{name}` a name that is asked for, and `{naming}` the option for the name that a subject has
/// - `{openssl}` OpenSSL's command for such a file
/// - `{open}` and `{replace}` what surrounds a command that writes `{new}`, whose content then replaces
///   that of the file
/// - `{rm}` the removal of what hinders a renewal
/// - `{restore}` how to get a file of the authority back
///
/// `authority` is the fix where neither a server's nor a client's file is concerned, `issued` where it is the
/// file of something that was issued beside server.pem and client.pem.
macro_rules! codes {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident = $name:literal, $severity:ident, breaks $breaks:expr;
        why $why:literal;
        fix $fix:literal;
        $(authority $authority:literal;)?
        $(issued $issued:literal;)?
    )+) => {
        /// A kind of finding. Its name is stable, for scripts and searches.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $( $(#[doc = $doc])+ $variant, )+
        }

        impl Code {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stable name, in kebab-case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What kind of thing it is, in a sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim()),+ }
            }

            /// How bad it is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// Why it matters to Milvus.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self { $(Self::$variant => $why),+ }
            }

            /// What helps a server or a client, as a template.
            pub(crate) const fn fix(self) -> &'static str {
                match self { $(Self::$variant => $fix),+ }
            }

            /// What helps an authority, as a template.
            pub(crate) const fn authority_fix(self) -> &'static str {
                match self { $(Self::$variant => [$($authority,)? $fix][0]),+ }
            }

            /// What helps what was issued beside server.pem and client.pem, as a template.
            pub(crate) const fn issued_fix(self) -> &'static str {
                match self { $(Self::$variant => [$($issued,)? $fix][0]),+ }
            }

            /// Whom it stops, unless the finding says otherwise.
            pub(crate) const fn breaks(self) -> Breaks {
                match self { $(Self::$variant => $breaks),+ }
            }
        }
    };
}

codes! {
    // Files

    /// A folder has no certificates.
    NothingThere = "nothing-there", Error, breaks EVERYBODY;
    why "Milvus and its clients need the files of a certificate directory";
    fix "milvus-certs gen{dir} # makes them; or name the right folder with -d";

    /// A file is missing.
    MissingFile = "missing-file", Error, breaks EVERYBODY;
    why "Milvus stops at once, or the client cannot begin: `no such file or directory`";
    fix "milvus-certs renew{dir}{kind} # where clients have no certificates, check with --tls-mode 1 alone";
    authority "{restore}";

    /// A file cannot be read.
    UnreadableFile = "unreadable-file", Error, breaks EVERYBODY;
    why "whoever has to read it will fail as well";
    fix "ls -ld {file} # what has to stand there is a regular file of at most 1 MiB, and whoever checks must be allowed to read it";

    /// A file is empty.
    EmptyFile = "empty-file", Error, breaks EVERYBODY;
    why "Milvus stops at once: `tls: failed to find any PEM data`; the documentation's renew.sh leaves such files when it fails";
    fix "{rm}milvus-certs renew{dir}{kind} # or restore it from a backup: what is made anew has the names of the inventory or the documentation, unless you name others";
    authority "{restore}";
    issued "milvus-certs issue{dir} {as} --force # or restore it from a backup; with --san it has more names than its own";

    /// A file is not PEM.
    NotPem = "not-pem", Error, breaks EVERYBODY;
    why "Milvus and its clients read PEM only: `tls: failed to find any PEM data in certificate input`";
    fix "{open}openssl {openssl} -inform DER -in {file} -out {new}{replace} # of PKCS#12 `openssl pkcs12 -nodes -in {file}` shows what is in it";

    /// A file is UTF-16 text.
    Utf16 = "utf-16", Error, breaks EVERYBODY;
    why "Milvus and its clients find no PEM in it: `tls: failed to find any PEM data in certificate input`; Windows PowerShell's `>` writes such files";
    fix "{open}iconv -f UTF-16 -t ASCII {file} > {new}{replace}";

    /// A file begins with a byte order mark.
    ByteOrderMark = "byte-order-mark", Error, breaks Breaks { client: &[P, G], authority: [&[P, G], ALL], ..EVERYBODY };
    why "Milvus does not find the PEM header behind it: `tls: failed to find any PEM data in certificate input`";
    fix "sed -i '1s/^\\xEF\\xBB\\xBF//' {file}";

    /// The line breaks of a PEM file became spaces, or its lines are indented.
    FoldedPem = "folded-pem", Error, breaks EVERYBODY;
    why "PEM needs its lines: `tls: failed to find any PEM data in certificate input`; YAML's `>` and plain scalars fold them, `|` keeps them";
    fix "copy the file here again as it was made; YAML keeps its lines under `|` alone";

    /// A file is damaged, or holds something else.
    DamagedFile = "damaged-file", Error, breaks EVERYBODY;
    why "nobody can read it";
    fix "{rm}milvus-certs renew{dir}{kind} # or restore it from a backup: what is made anew has the names of the inventory or the documentation, unless you name others";
    authority "{restore}";
    issued "milvus-certs issue{dir} {as} --force # or restore it from a backup; with --san it has more names than its own";

    /// A private key is encrypted.
    EncryptedKey = "encrypted-key", Error, breaks EVERYBODY;
    why "Milvus has no way to be given a passphrase: `tls: failed to parse private key`";
    fix "milvus-certs renew{dir}{kind} # makes a new one; `openssl pkey -in {file}` decrypts the old one";

    /// An earlier run was interrupted.
    InterruptedRun = "interrupted-run", Warning, breaks NOBODY;
    why "the files are those from before it or those from after it; the next run completes or undoes it";
    fix "milvus-certs renew{dir} --if-due 0s";

    /// What an interrupted run left is not this user's.
    ForeignJournal = "foreign-journal", Error, breaks NOBODY;
    why "nothing is issued or renewed beside it: who left it, or copied it here, decides what it would put into place";
    fix "rm -r {file} # leaves the files beside it as they are; or let whoever left it run `milvus-certs renew{dir} --if-due 0s`";

    // Who may change what

    /// Others can change the directory.
    DirectoryWritable = "directory-writable-by-others", Error, breaks NOBODY;
    why "whoever can change it decides what is signed and served, so nothing is issued or renewed in it";
    fix "chmod go-w {file} # if nobody has changed it yet; where its owner is another, `chown` it to yourself";

    /// Others can put another directory in the place of this one.
    ParentWritable = "parent-writable-by-others", Warning, breaks NOBODY;
    why "whoever can change the folder above can put another directory in the place of this one";
    fix "chmod go-w {file} # or keep the certificates in a folder that is yours alone";

    /// The file system keeps no modes.
    NoFileModes = "file-system-without-modes", Warning, breaks NOBODY;
    why "everybody on this machine can read the private keys, and `chmod` changes nothing: so it is on WSL's /mnt, CIFS and vfat";
    fix "keep the certificates on another file system, such as that of your home folder";

    /// An access control list lets others read or change a private key.
    KeyReadableByList = "key-readable-by-acl", Warning, breaks NOBODY;
    why "whoever reads it can pass for its owner";
    fix "setfacl -b {file} # if it is not meant so; a renewal keeps the list";

    /// The key of a server or client belongs to somebody else.
    KeyOfAnotherUser = "key-of-another-user", Info, breaks NOBODY;
    why "that user can read and change it; a renewal gives them the new one";
    fix "chown $(id -u) {file} # if it is not meant so, as for a container that runs as that user";

    /// The CA's key belongs to another user than the directory.
    CaKeyOfAnotherUser = "ca-key-of-another-user", Warning, breaks NOBODY;
    why "that user can sign certificates that everybody trusts";
    fix "chown $(id -u) {file} # if it is not meant so";
    authority "chown $(id -u) {file} # if it is not meant so";

    // Private keys

    /// A private key does not belong to its certificate.
    KeyMismatch = "key-mismatch", Error, breaks EVERYBODY;
    why "Milvus stops at once: `tls: private key does not match public key`";
    fix "milvus-certs renew{dir}{kind} # makes both anew; or restore the key from a backup";

    /// The authority's private key does not belong to its certificate.
    CaKeyMismatch = "ca-key-mismatch", Error, breaks NOBODY;
    why "nothing can be issued or renewed with them; Milvus itself never reads ca.key";
    fix "put the ca.key and ca.pem together that belong together; without them, `milvus-certs gen --force{dir}` starts a new authority";

    /// A private key is readable by others.
    KeyReadable = "key-readable-by-others", Warning, breaks NOBODY;
    why "whoever reads it can pass for its owner";
    fix "chmod 600 {file} # if others could have read it, `milvus-certs renew{dir}{kind}` makes a new one";
    authority "chmod 600 {file} # if others could have read it, `milvus-certs gen --force{dir}` starts a new authority";

    /// A private key is in ca.pem.
    KeyInCaPem = "key-in-ca-pem", Error, breaks NOBODY;
    why "every client is given ca.pem: with the authority's key in it, each of them can sign certificates that everybody trusts";
    fix "openssl x509 -in {file} -out NEW && mv NEW {file} # if others could have read it, `milvus-certs gen --force{dir}` starts a new authority";

    /// The private key is public.
    PublicPrivateKey = "public-private-key", Error, breaks NOBODY;
    why "everybody has it: it comes with Milvus' sources and images, so anybody can pass for this server, or sign clients that tlsMode 2 lets in";
    fix "milvus-certs gen -d NEW # then put those files in the place of these";
    issued "milvus-certs renew{dir}{kind} # makes a new key; then take both to where they are used";

    /// A key is too short.
    WeakKey = "weak-key", Error, breaks Breaks { server: &[C], client: &[C], authority: [&[C], &[C]] };
    why "RSA below 2048 bits can be broken, and current OpenSSL refuses it: `ee key too small`, `ca key too small`";
    fix "milvus-certs renew{dir}{kind} --key-type rsa2048";
    authority "milvus-certs gen -d NEW # then give everybody the new ca.pem";

    /// A key is of a kind that Milvus cannot load.
    UnsupportedKey = "unsupported-key", Error, breaks EVERYBODY;
    why "Go's TLS, which Milvus uses, cannot read it: `tls: failed to parse private key`";
    fix "milvus-certs renew{dir}{kind} --key-type rsa2048";
    authority "milvus-certs gen -d NEW # then give everybody the new ca.pem";

    /// A server's key is of a kind that pymilvus cannot talk to.
    KeyNotForPymilvus = "key-not-for-pymilvus", Error, breaks Breaks { server: &[P], ..NOBODY };
    why "gRPC's C core, which pymilvus uses, has no signature for it in common with the server: `SSLV3_ALERT_HANDSHAKE_FAILURE`";
    fix "milvus-certs renew{dir} {server} --key-type rsa2048";

    /// A client's key is not PKCS#8.
    KeyNotPkcs8 = "key-not-pkcs8", Warning, breaks Breaks { client: &[J], ..NOBODY };
    why "the Java SDK reads PKCS#8 alone, which begins `BEGIN PRIVATE KEY`";
    fix "{open}openssl pkcs8 -topk8 -nocrypt -in {file} -out {new}{replace} # or `milvus-certs renew{dir}{kind}`";

    // Authorities

    /// ca.pem is no certificate authority.
    CaNotAuthority = "ca-not-authority", Error, breaks Breaks { authority: [&[C, J, G], ALL], ..EVERYBODY };
    why "what it signed does not verify: `x509: certificate is not authorized to sign other certificates`";
    fix "put the authority's certificate into {file}, not the server's; without one, `milvus-certs gen -d NEW` makes another authority";

    /// The authority may not sign certificates.
    CaCannotSign = "ca-cannot-sign", Error, breaks EVERYBODY;
    why "its keyUsage has no keyCertSign, so what it signed does not verify";
    fix "milvus-certs gen -d NEW # then give everybody the new ca.pem";

    /// The authority has no keyUsage.
    CaWithoutKeyUsage = "ca-without-key-usage", Warning, breaks NOBODY;
    why "Python 3.13's default context and `openssl verify -x509_strict` refuse it: `CA cert does not include key usage extension`; pymilvus' gRPC and Go do not mind";
    fix "milvus-certs rotate-ca begin --same-key{dir} # then give the new ca.pem to the clients that refuse this one; all else goes on working";

    /// An authority stands below one whose pathlen does not allow it.
    CaPathLength = "ca-path-length", Error, breaks EVERYBODY;
    why "verifiers refuse the chain: `x509: too many intermediates for path length constraint`";
    fix "issue server and client by the authority itself, or make one without that limit";

    /// The authority is restricted so that it cannot serve Milvus.
    CaRestricted = "ca-restricted", Error, breaks Breaks { server: &[C, G], ..EVERYBODY };
    why "verifiers apply the authority's restrictions to all that it signs";
    fix "milvus-certs gen -d NEW # then give everybody the new ca.pem";

    /// The authority's nameConstraints do not permit a certificate's names.
    NameConstraints = "name-constraints", Error, breaks Breaks { server: &[P, C, G], ..EVERYBODY };
    why "verifiers hold what the authority signs to them: `x509: a root or intermediate certificate is not authorized to sign for this name`";
    fix "use another authority, or only names that this one permits, with `milvus-certs renew{dir}{kind} --common-name` and such a name";

    /// ca.key is not here.
    NoAuthorityKey = "no-authority-key", Info, breaks NOBODY;
    why "this folder cannot renew its certificates; that is as it should be where Milvus runs";
    fix "renew where ca.key is, and copy the new files here";

    // Certificates

    /// A certificate was not signed by ca.pem.
    NotIssuedByCa = "not-issued-by-ca", Error, breaks EVERYBODY;
    why "who trusts ca.pem refuses it: `x509: certificate signed by unknown authority`, `unable to get local issuer certificate`";
    fix "milvus-certs renew{dir} --adopt{kind} # issues it from ca.pem, if all that it says is meant; or put the ca.pem there that signed it";
    authority "put the ca.pem there that signed it";
    issued "milvus-certs issue{dir} {as} --force # makes it anew; with --san it has more names than its own; or, if all that it says is meant, `milvus-certs renew{dir} --adopt{kind}`";

    /// A certificate was signed by another authority with the same name.
    OtherCaSameName = "other-ca-same-name", Error, breaks EVERYBODY;
    why "ca.pem was made anew, as gen.sh does when it is run twice: `certificate signature failure`";
    fix "milvus-certs renew{dir} --adopt{kind} # issues it from ca.pem, if all that it says is meant; or restore the ca.pem that signed it";
    authority "restore the ca.pem that signed it";
    issued "milvus-certs issue{dir} {as} --force # makes it anew; with --san it has more names than its own; or, if all that it says is meant, `milvus-certs renew{dir} --adopt{kind}`";

    /// A certificate has expired.
    Expired = "expired", Error, breaks Breaks { authority: [&[P, C, G], ALL], ..EVERYBODY };
    why "Milvus starts with it without a word, and every client refuses it: `certificate has expired`";
    fix "milvus-certs renew{dir}{kind} # then restart Milvus";
    authority "milvus-certs gen --force{dir} # then restart Milvus and give everybody the new ca.pem";
    issued "milvus-certs renew{dir}{kind} # then take the new files to where they are used";

    /// A certificate is not valid yet.
    NotYetValid = "not-yet-valid", Error, breaks Breaks { authority: [&[P, C, G], ALL], ..EVERYBODY };
    why "clients refuse it: `certificate is not yet valid`; often a clock is wrong";
    fix "check the clocks with `date -u`; if they are right, `milvus-certs renew{dir}{kind}` makes one that is valid now";
    authority "check the clocks with `date -u`; if they are right, `milvus-certs gen -d NEW` makes an authority that is valid now";

    /// A certificate expires soon.
    Expiring = "expiring", Warning, breaks NOBODY;
    why "Milvus does not warn, and does not reload: it has to be renewed and Milvus restarted before that day";
    fix "milvus-certs renew{dir}{kind} # then restart Milvus; with --days it lives longer than the old one";
    authority "milvus-certs rotate-ca begin --same-key{dir} # and before that day give everybody the new ca.pem";
    issued "milvus-certs renew{dir}{kind} # then take the new files to where they are used; with --days it lives longer than the old one";

    /// A certificate outlives its authority.
    OutlivesCa = "outlives-ca", Warning, breaks NOBODY;
    why "it stops working on the authority's last day, not on its own";
    fix "milvus-certs renew{dir}{kind} # cuts it to the authority's end";

    /// A client certificate cannot be used by clients.
    ClientWithoutClientAuth = "client-without-client-auth", Error, breaks EVERYBODY;
    why "tlsMode 2 refuses it: `tls: failed to verify certificate: x509: certificate specifies an incompatible key usage`; pymilvus says only `server unavailable`";
    fix "milvus-certs renew{dir} {client}";

    /// A server certificate cannot be used by servers.
    ServerWithoutServerAuth = "server-without-server-auth", Error, breaks EVERYBODY;
    why "clients refuse it: `x509: certificate specifies an incompatible key usage`, `unsupported certificate purpose`";
    fix "milvus-certs renew{dir} {server}";

    /// A certificate's keyUsage has no digitalSignature.
    NoDigitalSignature = "no-digital-signature", Error, breaks Breaks { server: &[P, J], client: &[P], ..NOBODY };
    why "TLS 1.3 signs with the key, and gRPC's C core and Java refuse a certificate that does not allow it: `KEY_USAGE_BIT_INCORRECT`";
    fix "milvus-certs renew{dir}{kind}";

    /// A server certificate has no subjectAltName.
    NoSubjectAltName = "no-subject-alt-name", Error, breaks Breaks { server: &[G], ..NOBODY };
    why "Go and browsers compare nothing else: `x509: certificate relies on legacy Common Name field, use SANs instead`";
    fix "milvus-certs renew{dir} {server} {naming}";

    /// A server certificate does not cover a name that clients ask for.
    NameNotCovered = "name-not-covered", Error, breaks EVERYBODY;
    why "clients refuse it: `x509: certificate is valid for ..., not ...`, `Peer name ... is not in peer certificate`";
    fix "milvus-certs renew{dir} server --san {name}";

    /// An IP address stands in a DNS name.
    IpInDnsName = "ip-in-dns-name", Error, breaks NOBODY;
    why "Go, Java and curl do not look for an address among DNS names: `x509: cannot validate certificate for ... because it doesn't contain any IP SANs`";
    fix "milvus-certs renew{dir}{kind} # writes it as an IP address";

    /// A certificate has its authority's name, and no key identifiers.
    SameNameAsCa = "same-name-as-ca", Error, breaks Breaks { server: &[C], client: &[C], ..NOBODY };
    why "verifiers that find issuers by name take it for self-signed: `error 18 self signed certificate`, curl's exit status 60";
    fix "milvus-certs renew{dir}{kind} # adds the identifiers";

    /// A certificate is signed by an algorithm that is broken.
    WeakSignature = "weak-signature", Error, breaks Breaks { server: &[C, G], ..EVERYBODY };
    why "SHA-1 and MD5 signatures can be forged, and Go refuses them: `x509: cannot verify signature: insecure algorithm`";
    fix "milvus-certs renew{dir} --adopt{kind} # signs it again, if all that it says is meant: nothing proves who signed it";
    authority "milvus-certs renew{dir}";

    /// A certificate is signed by an algorithm that Milvus does not know.
    UnsupportedSignature = "unsupported-signature", Error, breaks Breaks { server: &[G], ..EVERYBODY };
    why "Go has no SHA-224 in certificates: `x509: cannot verify signature: algorithm unimplemented`";
    fix "milvus-certs renew{dir} --adopt{kind} # signs it again, if all that it says is meant: nothing proves who signed it";
    authority "milvus-certs renew{dir}";

    /// A certificate authority's certificate stands before the server's own.
    CaBeforeLeaf = "ca-before-leaf", Error, breaks EVERYBODY;
    why "the first certificate is the one that is used: `tls: private key does not match public key`";
    fix "milvus-certs renew{dir}{kind} # writes them in order; or move the first certificate of {file} to its end";

    /// A server or client certificate is itself an authority.
    LeafIsAuthority = "leaf-is-authority", Warning, breaks NOBODY;
    why "whoever has its key can sign certificates that are trusted like it; rustls and others refuse it";
    fix "milvus-certs renew{dir}{kind}";

    /// A certificate has an extension that is critical and that nobody knows.
    UnknownCriticalExtension = "unknown-critical-extension", Error, breaks Breaks { authority: [&[C, G], ALL], ..EVERYBODY };
    why "verifiers must refuse what they do not understand (RFC 5280 4.2): `x509: unhandled critical extension`";
    fix "milvus-certs renew{dir}{kind}";
    authority "milvus-certs gen -d NEW # then give everybody the new ca.pem";

    /// A certificate does not verify, for a reason of its own.
    DoesNotVerify = "does-not-verify", Error, breaks EVERYBODY;
    why "who trusts ca.pem refuses it";
    fix "milvus-certs renew{dir}{kind}";

    // Serial numbers

    /// ca.srl is missing.
    SerialFileMissing = "serial-file-missing", Warning, breaks NOBODY;
    why "nobody knows which serial numbers are taken; OpenSSL and this program start from a new random one";
    fix "restore it from a backup, or let `milvus-certs renew{dir}` start it anew";

    /// ca.srl holds no serial number.
    SerialFileMalformed = "serial-file-malformed", Error, breaks NOBODY;
    why "neither OpenSSL nor this program can issue from it";
    fix "rm {file} # the next `milvus-certs renew{dir}` starts from a new random serial number";

    /// ca.srl is behind a serial number that is in use.
    SerialFileBehind = "serial-file-behind", Warning, breaks NOBODY;
    why "the next certificates would get numbers that others have; this program skips those that it sees, OpenSSL does not";
    fix "rm {file} # the next `milvus-certs renew{dir}` starts from a new random serial number; or restore ca.srl from a backup";

    /// ca.srl has come to the end of the serial numbers.
    SerialFileExhausted = "serial-file-exhausted", Error, breaks NOBODY;
    why "RFC 5280 4.1.2.2 allows 20 octets, and the next number would need more: nothing can be issued or renewed";
    fix "rm {file} # the next `milvus-certs renew{dir}` starts from a new random serial number";

    /// Two certificates have one serial number and one issuer.
    DuplicateSerial = "duplicate-serial", Error, breaks NOBODY;
    why "RFC 5280 4.1.2.2 forbids it; browsers and NSS refuse the second one: `SEC_ERROR_REUSED_ISSUER_AND_SERIAL`";
    fix "milvus-certs renew{dir}{kind}";
    authority "milvus-certs renew{dir}";

    // What was issued beside server.pem and client.pem

    /// The ca.pem beside something that was issued is not the directory's.
    IssuedTrustDiffers = "issued-trust-differs", Warning, breaks NOBODY;
    why "whoever is handed it does not trust what the others trust, and a certificate of the other authority is refused";
    fix "put the directory's ca.pem there";

    /// A line of the inventory is no entry.
    InventoryDamaged = "inventory-damaged", Error, breaks NOBODY;
    why "nothing can be issued or renewed: nobody knows which serial numbers are taken";
    fix "restore it from a backup; or take the lines out that `milvus-certs inspect {file}` calls damaged: nothing knows then that their serial numbers are in use";

    /// A certificate is not in the inventory.
    NotInInventory = "not-in-inventory", Warning, breaks NOBODY;
    why "its serial number is not known to be in use, and what the inventory does not have is left out when everything is renewed";
    fix "milvus-certs renew{dir}{kind} # enters the new one";
    issued "milvus-certs issue{dir} {as} --force # makes it anew and enters it";

    // The next authority

    /// An authority is being replaced.
    RotationBegun = "rotation-begun", Info, breaks NOBODY;
    why "ca.pem has to have both authorities everywhere before the new one signs anything";
    fix "milvus-certs rotate-ca status{dir} # says what is next";

    /// An authority that signs nothing any more is still trusted.
    RotationUnfinished = "rotation-unfinished", Info, breaks NOBODY;
    why "everybody goes on trusting an authority that nothing here needs";
    fix "milvus-certs rotate-ca finish{dir} # once all that the new authority signed is in use; then give everybody the new ca.pem";

    // Configuration

    /// A configuration file is not YAML.
    MalformedYaml = "malformed-yaml", Error, breaks EVERYBODY;
    why "whoever reads it stops here, or worse, takes it for something else";
    fix "mend the line, then check again";

    /// A file says nothing that belongs to Milvus.
    ConfigNotRecognised = "config-not-recognised", Warning, breaks NOBODY;
    why "nothing in it was judged";
    fix "give milvus.yaml, user.yaml, docker-compose.yaml, a Milvus resource, Helm's values.yaml or a Secret";

    /// A configuration file is empty.
    ConfigEmpty = "config-empty", Error, breaks NOBODY;
    why "nothing was judged; with such a file Milvus runs with its defaults, and TLS is off";
    fix "check what should have written it, such as the command before a pipe, then check again";

    /// The settings do not reach Milvus.
    SettingsNotMounted = "settings-not-mounted", Error, breaks EVERYBODY;
    why "Milvus never reads them and runs with its defaults: TLS is off, and what names no files of its own gets the public certificates of the image";
    fix "mount the file at /milvus/configs/user.yaml: `volumes: [./user.yaml:/milvus/configs/user.yaml:ro]`";

    /// tlsMode is not the mode that is asked for.
    TlsModeDiffers = "tls-mode-differs", Error, breaks EVERYBODY;
    why "clients that are set up for the mode that was asked for do not get in, or anybody does";
    fix "set common.security.tlsMode to the mode that is meant, or check with that --tls-mode";

    /// tlsMode is not 0, 1 or 2.
    TlsModeInvalid = "tls-mode-invalid", Error, breaks EVERYBODY;
    why "Milvus takes what is no whole number for 0, without a word, and the ports are open in plaintext; of any other number it says `tls mode must be 0` and exits";
    fix "set common.security.tlsMode to 1 (one-way) or 2 (mutual)";

    /// A value is of the wrong type.
    WrongType = "wrong-type", Error, breaks EVERYBODY;
    why "Milvus falls back to its default without a word";
    fix "give a single value of the type that is named";

    /// TLS is configured, but tlsMode is 0.
    TlsOff = "tls-off", Warning, breaks EVERYBODY;
    why "certificates are named, yet the ports stay in plaintext: clients that use TLS say `WRONG_VERSION_NUMBER`";
    fix "set common.security.tlsMode to 1 or 2";

    /// TLS is on without a REST port of its own.
    RestPortMissing = "rest-port-missing", Error, breaks EVERYBODY;
    why "current Milvus exits: `proxy server(http) and external grpc server share the same port, tls mode must be 0`; older ones serve no REST";
    fix "set proxy.http.port to another port than proxy.port, such as 8080";

    /// `tls:` or `internaltls:` stands under `common:`.
    TlsUnderCommon = "tls-under-common", Error, breaks EVERYBODY;
    why "Milvus ignores it there and serves the certificates of its image, whose private keys are public";
    fix "move the block to the top level, beside common:";

    /// A path that TLS needs is not set.
    TlsPathNotSet = "tls-path-not-set", Error, breaks EVERYBODY;
    why "Milvus then takes the certificates of its image, whose private keys are public";
    fix "set serverPemPath and serverKeyPath, and caPemPath for tlsMode 2, to the mounted files";

    /// A path leads to the certificates of Milvus' image.
    PublicCertificatePath = "public-certificate-path", Error, breaks EVERYBODY;
    why "their private keys are public: anybody can pass for this server";
    fix "name files that `milvus-certs gen` made, and mount them";

    /// Mutual TLS without caPemPath.
    MutualWithoutCa = "mutual-without-ca", Error, breaks EVERYBODY;
    why "Milvus then trusts the authority of its image, whose private key is public: anybody gets in, and your own clients do not";
    fix "set tls.caPemPath to the mounted ca.pem";

    /// A path is not mounted.
    TlsPathNotMounted = "tls-path-not-mounted", Error, breaks EVERYBODY;
    why "Milvus stops at once: `open ...: no such file or directory`";
    fix "mount the folder of the certificates where the paths say";

    /// A mounted file is not there.
    TlsFileNotThere = "tls-file-not-there", Error, breaks EVERYBODY;
    why "Milvus stops at once: `open ...: no such file or directory`";
    fix "put the file there, or mend the path";

    /// The REST port is not published.
    RestPortNotPublished = "rest-port-not-published", Warning, breaks NOBODY;
    why "REST moves to proxy.http.port when TLS is on, and nobody outside can reach it there";
    fix "publish the port: `ports` in Compose, `serviceRestfulPort` in the operator's resource, a Service of its own with Helm";

    /// customConfigMap stands beside extraConfigFiles.
    CustomConfigMap = "custom-config-map", Error, breaks EVERYBODY;
    why "the chart then ignores extraConfigFiles, and TLS stays off";
    fix "put the settings into the ConfigMap that customConfigMap names, or leave it out";

    /// milvus.yaml is replaced as a whole.
    MilvusYamlReplaced = "milvus-yaml-replaced", Warning, breaks NOBODY;
    why "it hides the image's own settings, and breaks when the image is upgraded; the Helm chart gives it to no pod at all";
    fix "mount a small user.yaml with the TLS settings at /milvus/configs/user.yaml instead";

    /// A single file is mounted.
    SingleFileMount = "single-file-mount", Warning, breaks NOBODY;
    why "a renewal puts a new file in the place of the old one, and the running container keeps the old one";
    fix "mount the folder with server.pem, server.key and ca.pem, not its files; or make the container anew after a renewal";

    /// ca.key is mounted.
    CaKeyMounted = "ca-key-mounted", Error, breaks NOBODY;
    why "whoever gets into Milvus' container can then sign certificates that everybody trusts";
    fix "mount a folder with server.pem, server.key and ca.pem alone";

    /// A Secret holds the authority's key.
    CaKeyInSecret = "ca-key-in-secret", Error, breaks NOBODY;
    why "whoever reads the Secret can sign certificates that everybody trusts";
    fix "milvus-certs config secret -d DIR | kubectl replace -f - # makes it of server.pem, server.key and ca.pem alone; if others could have read it, a new authority has to follow";

    /// What is deployed is not what is in the certificate directory.
    NotTheDirectorys = "not-the-directorys", Warning, breaks NOBODY;
    why "a renewal has not reached it, or it belongs to another authority";
    fix "copy the directory's files there again, and restart Milvus; for a Secret, `milvus-certs config secret -d DIR | kubectl apply -f -`";

    /// Internal TLS without a server name.
    InternalTlsWithoutSni = "internal-tls-without-sni", Error, breaks EVERYBODY;
    why "every component dials the others by IP: `cannot validate certificate for ... because it doesn't contain any IP SANs`";
    fix "set internaltls.sni to a name of the server certificate";

    /// internaltls.sni is no name of the server certificate.
    SniNotCovered = "sni-not-covered", Error, breaks EVERYBODY;
    why "the components refuse each other: `x509: certificate is valid for ..., not ...`";
    fix "set internaltls.sni to a name of the server certificate, or `milvus-certs renew{dir} server --san {name}`";

    // A running server

    /// A port does not speak TLS.
    Plaintext = "plaintext", Error, breaks EVERYBODY;
    why "clients that use TLS fail: `WRONG_VERSION_NUMBER`, `first record does not look like a TLS handshake`; whoever listens reads everything";
    fix "set common.security.tlsMode to 1 or 2 where Milvus runs, and restart it; `milvus-certs config` prints the settings";

    /// A client without TLS talks to a server with TLS.
    ClientWithoutTls = "client-without-tls", Error, breaks EVERYBODY;
    why "Milvus takes nothing but TLS on this port, and the client speaks plaintext";
    fix "begin the client's URI with https:// and set secure=True; `milvus-certs connect python` prints a client that works";

    /// Nobody answers on a port.
    PortClosed = "port-closed", Error, breaks EVERYBODY;
    why "no TLS is involved yet: nothing listens there, or something in between drops it. A URL without a port means 443, not Milvus' 19530";
    fix "ss -ltn | grep 19530 # where Milvus runs: if something listens there, look at firewalls and published ports";

    /// pymilvus did not get a connection, and does not say why.
    ServerUnavailable = "server-unavailable", Error, breaks EVERYBODY;
    why "pymilvus says this of every failed connection, whatever the cause: the wrong authority, the wrong name, a refused client certificate, a closed port";
    fix "milvus-certs probe{dir}";

    /// A server does not complete a TLS handshake.
    HandshakeRefused = "handshake-refused", Error, breaks EVERYBODY;
    why "client and server have no version, cipher or signature in common, or the server refuses the client";
    fix "milvus-certs check{dir} # a server's key should be RSA, P-256 or P-384";

    /// Client and server have no TLS version in common.
    TlsVersion = "tls-version", Error, breaks EVERYBODY;
    why "with tlsMode 2 Milvus takes TLS 1.3 alone, else 1.2 and 1.3; old clients have neither";
    fix "update the client, or its TLS library";

    /// A server with TLS gives no answer.
    NoAnswer = "no-answer", Error, breaks EVERYBODY;
    why "the handshake works, and what is asked then is not answered: Milvus may still be starting, or something else listens there";
    fix "curl http://localhost:9091/healthz # where Milvus runs: it says OK once it is ready";

    /// What listens on a port is no Milvus.
    NotMilvus = "not-milvus", Error, breaks EVERYBODY;
    why "it speaks neither TLS nor HTTP as Milvus does";
    fix "ss -ltnp # where Milvus runs: says whose port it is";

    /// Milvus refuses the client certificate.
    ClientRefused = "client-refused", Error, breaks EVERYBODY;
    why "tlsMode 2 lets in who has a certificate for clientAuth that the authority of Milvus' caPemPath signed; pymilvus says only `server unavailable`";
    fix "milvus-certs check{dir} --tls-mode 2";

    /// A client refuses the server's certificate, and does not say why.
    ServerRefused = "server-refused", Error, breaks EVERYBODY;
    why "the client does not trust its authority, asks for another name, or it has expired; where the client logs more, that says which";
    fix "milvus-certs probe{dir}";

    /// Milvus asks for a client certificate, and there is none.
    ClientCertificateMissing = "client-certificate-missing", Error, breaks EVERYBODY;
    why "tlsMode 2 lets nobody in without one; pymilvus leaves it out without a word where server_pem_path is given too";
    fix "milvus-certs connect python{dir} --tls-mode 2";

    /// A certificate was renewed, and Milvus not restarted.
    RenewedNotRestarted = "renewed-not-restarted", Warning, breaks NOBODY;
    why "Milvus reads its certificates only when it starts: the old one is served until it expires, and then every client fails at once";
    fix "docker compose restart standalone # or apply what `milvus-certs config` prints again";

    /// REST and gRPC do not serve the same.
    RestAndGrpcDiffer = "rest-and-grpc-differ", Error, breaks NOBODY;
    why "both read the same settings when Milvus starts, so one of the two ports is not this Milvus'";
    fix "ss -ltnp # where Milvus runs: says whose port it is";

    /// The REST port cannot be reached.
    RestNotReached = "rest-not-reached", Warning, breaks NOBODY;
    why "with TLS, REST has a port of its own, proxy.http.port, which has to be published too";
    fix "milvus-certs check{dir} --config docker-compose.yaml # says where the port has to be published";

    /// The gRPC port does not agree on HTTP/2.
    NoAlpn = "no-alpn", Warning, breaks NOBODY;
    why "newer gRPC clients refuse a server that does not negotiate `h2` (ALPN): `missing selected ALPN property`; often a proxy stands in between";
    fix "connect to Milvus' own port, or let the proxy pass TLS through";

    /// A component of Milvus speaks plaintext to the others.
    InternalTlsOff = "internal-tls-off", Error, breaks NOBODY;
    why "the log line `Internal TLS Enabled` is printed before the files are loaded, and a failure to load them is only a warning, followed by plaintext";
    fix "milvus-certs check{dir} --config user.yaml # then restart Milvus";

    /// The documentation's gen.sh or renew.sh does not run.
    ScriptDoesNotRun = "script-does-not-run", Error, breaks NOBODY;
    why "`openssl genpkey -quiet -algorithm rsa:2048` is no command of OpenSSL 3.0, 3.5 or 1.1.1, and the scripts go on without the key";
    fix "milvus-certs gen{dir} # makes the same seven files; `milvus-certs renew` takes the place of renew.sh";
}

/// Its name.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_has_a_name_of_its_own_in_kebab_case() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for name in names {
            assert!(
                name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
                "{name}"
            );
        }
    }

    #[test]
    fn every_finding_that_stops_a_client_is_an_error_or_at_least_a_warning() {
        for code in Code::ALL {
            assert!(code.breaks() == NOBODY || code.severity() != Severity::Info, "{code}");
        }
    }

    #[test]
    fn texts_are_single_lines_that_do_not_begin_with_a_capital() {
        for code in Code::ALL {
            for text in [code.why(), code.fix()] {
                assert!(!text.is_empty() && !text.contains('\n') && !text.ends_with('.'), "{code}: {text}");
            }
        }
    }
}
