//! The one table of what can be wrong: code, severity, which clients it stops, why it matters to
//! Milvus, and what helps.

use std::fmt;

use serde::Serialize;

use crate::base::text::serialize_as_displayed;
use crate::check::clients::{
    ALL, Breaks, CURL, Clients, GO, GO_1_23, GO_1_24, JAVA, NODE, OPENSSL, OPENSSL_AND_GO, PYMILVUS, PYTHON,
    PYTHON_3_13, PYTHON_OLD, Stopped,
};
use crate::check::fix::Command::*;
use crate::check::fix::Part::{File, RestoreCaFile, Run, Say};
use crate::check::fix::{Advice, Part};

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

/// What a new certificate of the directory's CA does about a finding on a server's or client's files, with
/// subject, names and type of key as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It is what helps.
    Helps,
    /// It would be refused just the same.
    Fails,
    /// It is beside the point.
    DoesNotMatter,
}

/// What the table says of a code.
pub(crate) struct Row {
    name: &'static str,
    severity: Severity,
    /// Whom it stops, unless the finding says otherwise.
    pub(crate) breaks: Breaks,
    renewal: Renewal,
    why: &'static str,
    /// What helps a server or a client.
    pub(crate) fix: Advice,
    /// What helps where neither a server's nor a client's file is concerned.
    pub(crate) ca: Advice,
    /// What helps what was issued beside server.pem and client.pem.
    pub(crate) issued: Advice,
}

/// `ca` and `issued` are the `fix` unless they are said, and a new certificate is beside the point.
macro_rules! codes {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident = $name:literal, $severity:ident, breaks $breaks:expr $(, renewal $renewal:ident)?;
        why $why:literal;
        fix $fix:expr;
        $(ca $ca:expr;)?
        $(issued $issued:expr;)?
    )+) => {
        /// A kind of finding. Its name is stable, for scripts and searches.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $( $(#[doc = $doc])+ $variant, )+
        }

        const TABLE: &[Row] = &[$(Row {
            name: $name,
            severity: Severity::$severity,
            breaks: $breaks,
            renewal: [$(Renewal::$renewal,)? Renewal::DoesNotMatter][0],
            why: $why,
            fix: $fix,
            ca: [$($ca,)? $fix as Advice][0],
            issued: [$($issued,)? $fix as Advice][0],
        }),+];

        impl Code {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
        }
    };
}

impl Code {
    pub(crate) const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The stable name, in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    #[must_use]
    pub const fn severity(self) -> Severity {
        self.row().severity
    }

    /// Why it matters to Milvus.
    #[must_use]
    pub const fn why(self) -> &'static str {
        self.row().why
    }

    #[must_use]
    pub const fn renewal(self) -> Renewal {
        self.row().renewal
    }
}

const EVERYBODY: Breaks = Breaks::EVERYBODY;
const NOBODY: Breaks = Breaks::NOBODY;
const GO_SINCE_1_23: Clients = GO_1_23.and(GO_1_24);
/// What `VERIFY_X509_STRICT` asks for, which Python sets from 3.13 on.
const STRICT: Breaks = Breaks { server: PYTHON_3_13, ca: Stopped::both(PYTHON_3_13), ..NOBODY };

const GEN: Part = Run(Gen);
const GEN_FORCE: Part = Run(GenForce);
/// Without an outage, which a CA that is made anew in its place would be.
const ROTATE_CA: Part = Run(Milvus("rotate-ca begin", ""));
const GEN_NEW: Part = Run(GenNew);
const RENEW: Part = Run(Renew(""));
const RENEW_RSA: Part = Run(Renew("--key-type rsa2048"));
const RENEW_COVERING: Part = Run(RenewCovering);
const RECOVER: Part = Run(Renew("--if-due 0s"));
const ADOPT: Part = Run(Adopt);
const ISSUE: Part = Run(Issue);
const SIGN_CA_ANEW: Part = Run(SignCaAnew);
const ROTATION_STATUS: Part = Run(Milvus("rotate-ca status", ""));
const PROBE: Part = Run(Milvus("probe", ""));

const RESTORE_CA_FILE: Advice = &[RestoreCaFile];
pub(crate) const NEW_CA: Advice = &[GEN_NEW, Say("then give everybody the new ca.pem")];
/// Whatever is wrong with the ca.pem beside something that was issued, the directory has the right one.
pub(crate) const COPY_CA: Advice = &[
    Run(CopyCa),
    Say("then take it to where it is used; where another CA signed what is beside it, "),
    ADOPT,
];
pub(crate) const CLOSE_NEXT: Advice = &[
    Run(OnFile("chmod 600")),
    Say("if others could have read it, begin with another one: "),
    ROTATION_STATUS,
    Say(" says how far this is"),
];

codes! {
    // Files

    /// A folder has no certificates.
    NothingThere = "nothing-there", Error, breaks EVERYBODY;
    why "Milvus and its clients need the files of a certificate directory";
    fix &[GEN, Say("makes them; or name the right folder with -d")];

    /// A file is missing.
    MissingFile = "missing-file", Error, breaks EVERYBODY, renewal Helps;
    why "Milvus stops at once, or the client cannot begin: `no such file or directory`";
    fix &[RENEW, Say("where clients have no certificates, check with --tls-mode 1 alone")];
    ca RESTORE_CA_FILE;
    issued &[RENEW];

    /// A file cannot be read.
    UnreadableFile = "unreadable-file", Error, breaks EVERYBODY, renewal Fails;
    why "whoever has to read it will fail as well";
    fix &[Run(OnFile("ls -ld")), Say("what has to stand there is a regular file of at most 1 MiB, and whoever checks must be allowed to read it")];

    /// Whoever checks may not read a file.
    NotJudged = "not-judged", Info, breaks NOBODY;
    why "what is in it is not known to this user, and may be right or wrong: private keys are their owner's alone";
    fix &[Say("check as the user who owns the files, if keys have to be judged too")];

    /// A file is empty.
    EmptyFile = "empty-file", Error, breaks EVERYBODY, renewal Helps;
    why "Milvus stops at once: `tls: failed to find any PEM data`; the documentation's renew.sh leaves such files when it fails";
    fix &[Run(RemoveAndRenew), Say("or restore it from a backup: what is made anew has the names of the inventory or the documentation, unless you name others")];
    ca RESTORE_CA_FILE;
    issued &[ISSUE, Say("or restore it from a backup; with --san it has more names than its own")];

    /// A file is not PEM.
    NotPem = "not-pem", Error, breaks EVERYBODY, renewal Helps;
    why "Milvus and its clients read PEM only: `tls: failed to find any PEM data in certificate input`";
    fix &[Run(FromDer), Say("of PKCS#12 "), Run(OnFile("openssl pkcs12 -nodes -in")), Say(" shows what is in it")];

    /// A file is UTF-16 text.
    Utf16 = "utf-16", Error, breaks EVERYBODY, renewal Helps;
    why "Milvus and its clients find no PEM in it: `tls: failed to find any PEM data in certificate input`; Windows PowerShell's `>` writes such files";
    fix &[Run(FromUtf16)];

    /// A file begins with a byte order mark.
    ByteOrderMark = "byte-order-mark", Error, breaks Breaks { client: PYMILVUS.and(GO), ca: Stopped { one_way: PYMILVUS.and(GO), mutual: ALL }, ..EVERYBODY }, renewal Helps;
    why "Milvus does not find the PEM header behind it: `tls: failed to find any PEM data in certificate input`";
    fix &[Run(OnFile("sed -i '1s/^\\xEF\\xBB\\xBF//'"))];

    /// The line breaks of a PEM file became spaces, or its lines are indented.
    FoldedPem = "folded-pem", Error, breaks EVERYBODY, renewal Helps;
    why "PEM needs its lines: `tls: failed to find any PEM data in certificate input`; YAML's `>` and plain scalars fold them, `|` keeps them";
    fix &[Say("copy the file here again as it was made; YAML keeps its lines under `|` alone")];

    /// A file is damaged, or holds something else.
    DamagedFile = "damaged-file", Error, breaks EVERYBODY, renewal Helps;
    why "nobody can read it";
    fix &[Run(RemoveAndRenew), Say("or restore it from a backup: what is made anew has the names of the inventory or the documentation, unless you name others")];
    ca RESTORE_CA_FILE;
    issued &[ISSUE, Say("or restore it from a backup; with --san it has more names than its own")];

    /// A private key is encrypted.
    EncryptedKey = "encrypted-key", Error, breaks EVERYBODY, renewal Helps;
    why "Milvus has no way to be given a passphrase: `tls: failed to parse private key`";
    fix &[RENEW, Say("makes a new one; "), Run(OnFile("openssl pkey -in")), Say(" decrypts the old one")];

    /// An earlier run was interrupted.
    InterruptedRun = "interrupted-run", Warning, breaks NOBODY;
    why "the files are those from before it or those from after it; the next run completes or undoes it";
    fix &[RECOVER];

    /// What an interrupted run left is not this user's.
    ForeignJournal = "foreign-journal", Error, breaks NOBODY;
    why "nothing is issued or renewed beside it: who left it, or copied it here, decides what it would put into place";
    fix &[Run(OnFile("rm -r")), Say("leaves the files beside it as they are; or let whoever left it run "), RECOVER];

    // Who may change what

    /// Others can change the directory.
    DirectoryWritable = "directory-writable-by-others", Error, breaks NOBODY;
    why "whoever can change it decides what is signed and served, so nothing is issued or renewed in it";
    fix &[Run(OnFile("chmod go-w")), Say("if nobody has changed it yet; where its owner is another, `chown` it to yourself")];

    /// Others can put another directory in the place of this one.
    ParentWritable = "parent-writable-by-others", Warning, breaks NOBODY;
    why "whoever can change the folder above can put another directory in the place of this one";
    fix &[Run(OnFile("chmod go-w")), Say("or keep the certificates in a folder that is yours alone")];

    /// The file system keeps no modes.
    NoFileModes = "file-system-without-modes", Warning, breaks NOBODY;
    why "everybody on this machine can read the private keys, and `chmod` changes nothing: so it is on WSL's /mnt, CIFS and vfat";
    fix &[Say("keep the certificates on another file system, such as that of your home folder")];

    /// An access control list lets others read or change a private key.
    KeyReadableByList = "key-readable-by-acl", Warning, breaks NOBODY;
    why "whoever reads it can pass for its owner";
    fix &[Run(OnFile("setfacl -b")), Say("if it is not meant so; a renewal keeps the list")];

    /// The key of a server or client belongs to somebody else.
    KeyOfAnotherUser = "key-of-another-user", Info, breaks NOBODY;
    why "that user can read and change it; a renewal gives them the new one";
    fix &[Run(OnFile("chown $(id -u)")), Say("if it is not meant so, as for a container that runs as that user")];

    /// The CA's key belongs to another user than the directory.
    CaKeyOfAnotherUser = "ca-key-of-another-user", Warning, breaks NOBODY;
    why "that user can sign certificates that everybody trusts";
    fix &[Run(OnFile("chown $(id -u)")), Say("if it is not meant so")];

    // Private keys

    /// A private key does not belong to its certificate.
    KeyMismatch = "key-mismatch", Error, breaks EVERYBODY, renewal Helps;
    why "Milvus stops at once: `tls: private key does not match public key`";
    fix &[RENEW, Say("makes both anew; or restore the key from a backup")];

    /// The CA's private key does not belong to its certificate.
    CaKeyMismatch = "ca-key-mismatch", Error, breaks NOBODY;
    why "nothing can be issued or renewed with them; Milvus itself never reads ca.key";
    fix &[Say("put the ca.key and ca.pem together that belong together; without them, "), GEN_FORCE, Say(" starts a new CA")];

    /// A private key is readable by others.
    KeyReadable = "key-readable-by-others", Warning, breaks NOBODY;
    why "whoever reads it can pass for its owner";
    fix &[Run(OnFile("chmod 600")), Say("if others could have read it, "), RENEW, Say(" makes a new one")];
    ca &[Run(OnFile("chmod 600")), Say("if others could have read it, "), ROTATE_CA, Say(" replaces the CA")];

    /// A private key is in ca.pem.
    KeyInCaPem = "key-in-ca-pem", Error, breaks NOBODY;
    why "every client is given ca.pem: with the CA's key in it, each of them can sign certificates that everybody trusts";
    fix &[Run(DropKey), Say("if others could have read it, "), ROTATE_CA, Say(" replaces the CA")];

    /// The private key is public.
    PublicPrivateKey = "public-private-key", Error, breaks NOBODY, renewal Helps;
    why "everybody has it: it comes with Milvus' sources and images, so anybody can pass for this server, or sign clients that tlsMode 2 lets in";
    fix &[GEN_NEW, Say("then put those files in the place of these")];
    issued &[RENEW, Say("makes a new key; then take both to where they are used")];

    /// A key is too short.
    WeakKey = "weak-key", Error, breaks Breaks { server: PYTHON.and(CURL), client: PYTHON.and(CURL), ca: Stopped::both(PYTHON.and(CURL)) }, renewal Helps;
    why "RSA below 2048 bits can be broken, and current OpenSSL refuses it: `ee key too small`, `ca key too small`";
    fix &[RENEW_RSA];
    ca NEW_CA;

    /// A key is of a kind that Milvus cannot load.
    UnsupportedKey = "unsupported-key", Error, breaks EVERYBODY, renewal Helps;
    why "Go's TLS, which Milvus uses, cannot read it: `tls: failed to parse private key`";
    fix &[RENEW_RSA];
    ca NEW_CA;

    /// A server's key is of a kind that pymilvus cannot talk to.
    KeyNotForPymilvus = "key-not-for-pymilvus", Error, breaks Breaks { server: PYMILVUS, ..NOBODY };
    why "gRPC's C core, which pymilvus uses, has no signature for it in common with the server: `SSLV3_ALERT_HANDSHAKE_FAILURE`";
    fix &[RENEW_RSA];

    /// A client's key is not PKCS#8.
    KeyNotPkcs8 = "key-not-pkcs8", Warning, breaks Breaks { client: JAVA, ..NOBODY };
    why "the Java SDK reads PKCS#8 alone, which begins `BEGIN PRIVATE KEY`";
    fix &[Run(ToPkcs8), Say("or "), RENEW];

    // CAs

    /// ca.pem is no CA certificate.
    CaNotAuthority = "ca-not-authority", Error, breaks Breaks { ca: Stopped { one_way: ALL.without(PYMILVUS), mutual: ALL }, ..EVERYBODY }, renewal Fails;
    why "what it signed does not verify: `x509: certificate is not authorized to sign other certificates`";
    fix &[Say("put the CA's certificate into "), File, Say(", not the server's; without one, "), GEN_NEW, Say(" makes another CA")];

    /// The CA may not sign certificates.
    CaCannotSign = "ca-cannot-sign", Error, breaks EVERYBODY, renewal Fails;
    why "its keyUsage has no keyCertSign, so what it signed does not verify";
    fix NEW_CA;

    /// The CA has no keyUsage.
    CaWithoutKeyUsage = "ca-without-key-usage", Warning, breaks STRICT;
    why "Python 3.13's default context and `openssl verify -x509_strict` refuse it: `CA cert does not include key usage extension`; pymilvus' gRPC and Go do not mind";
    fix &[SIGN_CA_ANEW, Say("then give the new ca.pem to the clients that refuse this one; all else goes on working")];

    /// The CA's basicConstraints are not critical.
    CaConstraintsNotCritical = "ca-constraints-not-critical", Warning, breaks STRICT;
    why "Python 3.13's default context and `openssl verify -x509_strict` refuse it: `Basic Constraints of CA cert not marked critical`; pymilvus' gRPC and Go do not mind";
    fix &[SIGN_CA_ANEW, Say("then give the new ca.pem to the clients that refuse this one; all else goes on working")];

    /// The CA has no subjectKeyIdentifier.
    CaWithoutKeyId = "ca-without-key-id", Warning, breaks STRICT;
    why "Python 3.13's default context and `openssl verify -x509_strict` refuse it: `Missing Subject Key Identifier`; pymilvus' gRPC and Go do not mind";
    fix &[SIGN_CA_ANEW, Say("then give the new ca.pem to the clients that refuse this one; all else goes on working")];

    /// The CA has no subject.
    EmptyCaSubject = "empty-ca-subject", Error, breaks Breaks { ca: Stopped::both(PYTHON_3_13.and(JAVA).and(CURL)), ..NOBODY }, renewal Fails;
    why "RFC 5280 4.1.2.4 asks for one in every issuer: Java says `Empty issuer DN not allowed in X509Certificates`, curl `couldn't get X509-issuer name`, Python 3.13 `Issuer name empty`";
    fix NEW_CA;

    /// A serial number is negative.
    NegativeSerial = "negative-serial", Warning, breaks Breaks {
        server: GO_SINCE_1_23.and(GO_SINCE_1_23.of_milvus()),
        client: GO_SINCE_1_23.of_milvus(),
        ca: Stopped { one_way: GO_SINCE_1_23, mutual: GO_SINCE_1_23.and(GO_SINCE_1_23.of_milvus()) },
    }, renewal Helps;
    why "RFC 5280 4.1.2.2 forbids it, and programs built with Go 1.23 and newer, as newer Milvus is, do not read it: `x509: negative serial number`";
    fix &[RENEW];
    ca &[SIGN_CA_ANEW, Say("then give everybody the new ca.pem")];

    /// ca.pem lacks the root.
    RootMissing = "root-missing", Warning, breaks Breaks { ca: Stopped::both(NODE.and(PYTHON_OLD)), ..NOBODY };
    why "ca.pem has an intermediate CA alone: Node and Python before 3.13 ask for the root, and say `unable to get issuer certificate`";
    fix &[Say("append the root's certificate to ca.pem, and give it to these clients")];

    /// Of two certificates of one CA in ca.pem, the first has expired.
    ExpiredCaFirst = "expired-ca-first", Error, breaks Breaks { ca: Stopped::both(PYMILVUS), ..NOBODY }, renewal Fails;
    why "of two certificates with one name and key gRPC's C core, and so pymilvus, takes the first: `certificate has expired`; all others find the valid one";
    fix &[Say("take the expired certificate out of "), File, Say(", or put it last, and give this ca.pem to the clients")];

    /// ca.pem holds a certificate that signed nothing here, and could not.
    CaPemLeftover = "ca-pem-leftover", Warning, breaks NOBODY;
    why "no client fails because of it: each finds the CA that signed the server's certificate beside it";
    fix &[Say("take that certificate out of "), File, Say(", unless something else that reads this file needs it")];

    /// A CA stands below one whose pathlen does not allow it.
    CaPathLength = "ca-path-length", Error, breaks EVERYBODY, renewal Fails;
    why "verifiers refuse the chain: `x509: too many intermediates for path length constraint`";
    fix &[Say("issue server and client by the CA itself, or make one without that limit")];

    /// The CA is restricted so that it cannot serve Milvus.
    CaRestricted = "ca-restricted", Error, breaks Breaks { server: OPENSSL_AND_GO, ..EVERYBODY }, renewal Fails;
    why "verifiers apply the CA's restrictions to all that it signs";
    fix NEW_CA;

    /// The CA's nameConstraints do not permit a certificate's names.
    NameConstraints = "name-constraints", Error, breaks Breaks { server: ALL.without(JAVA), ..EVERYBODY }, renewal Fails;
    why "verifiers hold what the CA signs to them: `x509: a root or intermediate certificate is not authorized to sign for this name`";
    fix &[Say("use another CA, or only names that this one permits, with "), Run(Renew("--common-name NAME"))];

    /// ca.key is not here.
    NoAuthorityKey = "no-authority-key", Info, breaks NOBODY;
    why "this folder cannot renew its certificates; that is as it should be where Milvus runs";
    fix &[Say("renew where ca.key is, and copy the new files here")];

    // Certificates

    /// A certificate was not signed by ca.pem.
    NotIssuedByCa = "not-issued-by-ca", Error, breaks EVERYBODY, renewal Helps;
    why "who trusts ca.pem refuses it: `x509: certificate signed by unknown authority`, `unable to get local issuer certificate`";
    fix &[ADOPT, Say("issues it from ca.pem, if all that it says is meant; or put the ca.pem there that signed it")];
    ca &[Say("put the ca.pem there that signed it")];
    issued &[ISSUE, Say("makes it anew; with --san it has more names than its own; or, if all that it says is meant, "), ADOPT];

    /// A certificate was signed by another CA with the same name.
    OtherCaSameName = "other-ca-same-name", Error, breaks EVERYBODY, renewal Helps;
    why "ca.pem was made anew, as gen.sh does when it is run twice: `certificate signature failure`";
    fix &[ADOPT, Say("issues it from ca.pem, if all that it says is meant; or restore the ca.pem that signed it")];
    ca &[Say("restore the ca.pem that signed it")];
    issued &[ISSUE, Say("makes it anew; with --san it has more names than its own; or, if all that it says is meant, "), ADOPT];

    /// A certificate has expired.
    Expired = "expired", Error, breaks Breaks { ca: Stopped { one_way: ALL.without(JAVA), mutual: ALL }, ..EVERYBODY }, renewal Helps;
    why "Milvus starts with it without a word, and every client refuses it: `certificate has expired`";
    fix &[RENEW, Say("then restart Milvus")];
    ca &[GEN_FORCE, Say("then restart Milvus and give everybody the new ca.pem")];
    issued &[RENEW, Say("then take the new files to where they are used")];

    /// A certificate is not valid yet.
    NotYetValid = "not-yet-valid", Error, breaks Breaks { ca: Stopped { one_way: ALL.without(JAVA), mutual: ALL }, ..EVERYBODY }, renewal Helps;
    why "clients refuse it: `certificate is not yet valid`; often a clock is wrong";
    fix &[Say("check the clocks with `date -u`; if they are right, "), RENEW, Say(" makes one that is valid now")];
    ca &[Say("check the clocks with `date -u`; if they are right, "), GEN_NEW, Say(" makes a CA that is valid now")];

    /// A certificate expires soon.
    Expiring = "expiring", Warning, breaks NOBODY;
    why "Milvus does not warn, and does not reload: it has to be renewed and Milvus restarted before that day";
    fix &[RENEW, Say("then restart Milvus; with --days it lives longer than the old one")];
    ca &[SIGN_CA_ANEW, Say("and before that day give everybody the new ca.pem")];
    issued &[RENEW, Say("then take the new files to where they are used; with --days it lives longer than the old one")];

    /// A certificate outlives its CA.
    OutlivesCa = "outlives-ca", Warning, breaks NOBODY;
    why "it stops working on the CA's last day, not on its own";
    fix &[RENEW, Say("cuts it to the CA's end")];

    /// A client certificate cannot be used by clients.
    ClientWithoutClientAuth = "client-without-client-auth", Error, breaks EVERYBODY, renewal Helps;
    why "tlsMode 2 refuses it: `tls: failed to verify certificate: x509: certificate specifies an incompatible key usage`; pymilvus says only `server unavailable`";
    fix &[RENEW];

    /// A server certificate cannot be used by servers.
    ServerWithoutServerAuth = "server-without-server-auth", Error, breaks EVERYBODY, renewal Helps;
    why "clients refuse it: `x509: certificate specifies an incompatible key usage`, `unsupported certificate purpose`";
    fix &[RENEW];

    /// A certificate has no authorityKeyIdentifier.
    NoAuthorityKeyId = "no-authority-key-id", Warning, breaks STRICT, renewal Helps;
    why "Python 3.13's default context and `openssl verify -x509_strict` refuse it: `Missing Authority Key Identifier`; pymilvus' gRPC and Go do not mind";
    fix &[RENEW];

    /// A certificate's keyUsage has no digitalSignature.
    NoDigitalSignature = "no-digital-signature", Error, breaks Breaks { server: PYMILVUS.and(JAVA), client: PYMILVUS, ..NOBODY }, renewal Helps;
    why "TLS 1.3 signs with the key, and gRPC's C core and Java refuse a certificate that does not allow it: `KEY_USAGE_BIT_INCORRECT`";
    fix &[RENEW];

    /// A server certificate has no subjectAltName.
    NoSubjectAltName = "no-subject-alt-name", Error, breaks Breaks { server: GO, ..NOBODY }, renewal Helps;
    why "Go and browsers compare nothing else: `x509: certificate relies on legacy Common Name field, use SANs instead`";
    fix &[Run(RenewNamed)];

    /// A server certificate does not cover a name that clients ask for.
    NameNotCovered = "name-not-covered", Error, breaks EVERYBODY;
    why "clients refuse it: `x509: certificate is valid for ..., not ...`, `Peer name ... is not in peer certificate`";
    fix &[RENEW_COVERING];

    /// An IP address stands in a DNS name.
    IpInDnsName = "ip-in-dns-name", Error, breaks NOBODY, renewal Helps;
    why "Go, Java and curl do not look for an address among DNS names: `x509: cannot validate certificate for ... because it doesn't contain any IP SANs`";
    fix &[RENEW, Say("writes it as an IP address")];

    /// A certificate has its CA's name, and no key identifiers.
    SameNameAsCa = "same-name-as-ca", Error, breaks Breaks { server: OPENSSL, client: CURL, ..NOBODY }, renewal Helps;
    why "verifiers that find issuers by name take it for self-signed: `error 18 self signed certificate`, curl's exit status 60";
    fix &[RENEW, Say("adds the identifiers")];

    /// A certificate is signed by an algorithm that is broken.
    WeakSignature = "weak-signature", Error, breaks Breaks { server: OPENSSL_AND_GO, ..EVERYBODY }, renewal Helps;
    why "SHA-1 and MD5 signatures can be forged, and Go refuses them: `x509: cannot verify signature: insecure algorithm`";
    fix &[ADOPT, Say("signs it again, if all that it says is meant: nothing proves who signed it")];
    ca &[RENEW];

    /// A certificate is signed by an algorithm that Milvus does not know.
    UnsupportedSignature = "unsupported-signature", Error, breaks Breaks { server: GO, ..EVERYBODY }, renewal Helps;
    why "Go has no SHA-224 in certificates: `x509: cannot verify signature: algorithm unimplemented`";
    fix &[ADOPT, Say("signs it again, if all that it says is meant: nothing proves who signed it")];
    ca &[RENEW];

    /// A CA certificate stands before the server's own.
    CaBeforeLeaf = "ca-before-leaf", Error, breaks EVERYBODY, renewal Helps;
    why "the first certificate is the one that is used: `tls: private key does not match public key`";
    fix &[RENEW, Say("writes them in order; or move the first certificate of "), File, Say(" to its end")];

    /// A server or client certificate is itself a CA.
    LeafIsAuthority = "leaf-is-authority", Warning, breaks NOBODY;
    why "whoever has its key can sign certificates that are trusted like it; rustls and others refuse it";
    fix &[RENEW];

    /// A certificate has an extension that is critical and that nobody knows.
    UnknownCriticalExtension = "unknown-critical-extension", Error, breaks Breaks { ca: Stopped { one_way: OPENSSL_AND_GO, mutual: ALL }, ..EVERYBODY }, renewal Helps;
    why "verifiers must refuse what they do not understand (RFC 5280 4.2): `x509: unhandled critical extension`";
    fix &[RENEW];
    ca NEW_CA;

    /// A certificate does not verify, for a reason of its own.
    DoesNotVerify = "does-not-verify", Error, breaks EVERYBODY, renewal Helps;
    why "who trusts ca.pem refuses it";
    fix &[RENEW];

    // Serial numbers

    /// ca.srl is missing.
    SerialFileMissing = "serial-file-missing", Warning, breaks NOBODY;
    why "nobody knows which serial numbers are taken; OpenSSL and this program start from a new random one";
    fix &[Say("restore it from a backup, or let "), RENEW, Say(" start it anew")];

    /// ca.srl holds no serial number.
    SerialFileMalformed = "serial-file-malformed", Error, breaks NOBODY;
    why "neither OpenSSL nor this program can issue from it";
    fix &[Run(OnFile("rm")), Say("the next "), RENEW, Say(" starts from a new random serial number")];

    /// ca.srl is behind a serial number that is in use.
    SerialFileBehind = "serial-file-behind", Warning, breaks NOBODY;
    why "the next certificates would get numbers that others have; this program skips those that it sees, OpenSSL does not";
    fix &[Run(OnFile("rm")), Say("the next "), RENEW, Say(" starts from a new random serial number; or restore ca.srl from a backup")];

    /// ca.srl has come to the end of the serial numbers.
    SerialFileExhausted = "serial-file-exhausted", Error, breaks NOBODY;
    why "RFC 5280 4.1.2.2 allows 20 octets, and the next number would need more: nothing can be issued or renewed";
    fix &[Run(OnFile("rm")), Say("the next "), RENEW, Say(" starts from a new random serial number")];

    /// Two certificates have one serial number and one issuer.
    DuplicateSerial = "duplicate-serial", Error, breaks NOBODY, renewal Helps;
    why "RFC 5280 4.1.2.2 forbids it; browsers and NSS refuse the second one: `SEC_ERROR_REUSED_ISSUER_AND_SERIAL`";
    fix &[RENEW];

    // What was issued beside server.pem and client.pem

    /// The ca.pem beside something that was issued is not the directory's.
    IssuedTrustDiffers = "issued-trust-differs", Warning, breaks NOBODY;
    why "whoever is handed it does not trust what the others trust, and a certificate of the other CA is refused";
    fix &[Say("put the directory's ca.pem there")];

    /// A line of the inventory is no entry.
    InventoryDamaged = "inventory-damaged", Error, breaks NOBODY;
    why "nothing can be issued or renewed: nobody knows which serial numbers are taken";
    fix &[Say("restore it from a backup; or take the lines out that "), Run(OnFile("milvus-certs inspect")), Say(" calls damaged: nothing knows then that their serial numbers are in use")];

    /// A certificate is not in the inventory.
    NotInInventory = "not-in-inventory", Warning, breaks NOBODY;
    why "its serial number is not known to be in use, and what the inventory does not have is left out when everything is renewed";
    fix &[RENEW, Say("enters the new one")];
    issued &[ISSUE, Say("makes it anew and enters it")];

    // The next CA

    /// A CA is being replaced.
    RotationBegun = "rotation-begun", Info, breaks NOBODY;
    why "ca.pem has to have both CAs everywhere before the new one signs anything";
    fix &[ROTATION_STATUS, Say("says what is next")];

    /// A CA that signs nothing any more is still trusted.
    RotationUnfinished = "rotation-unfinished", Info, breaks NOBODY;
    why "everybody goes on trusting a CA that nothing here needs";
    fix &[Run(Milvus("rotate-ca finish", "")), Say("once all that the new CA signed is in use; then give everybody the new ca.pem")];

    // Configuration

    /// A configuration file is not YAML.
    MalformedYaml = "malformed-yaml", Error, breaks EVERYBODY;
    why "whoever reads it stops here, or worse, takes it for something else";
    fix &[Say("correct the line, then check again")];

    /// A file says nothing that belongs to Milvus.
    ConfigNotRecognised = "config-not-recognised", Warning, breaks NOBODY;
    why "nothing in it was judged";
    fix &[Say("give milvus.yaml, user.yaml, docker-compose.yaml, a Milvus resource, Helm's values.yaml or a Secret")];

    /// A configuration file is empty.
    ConfigEmpty = "config-empty", Error, breaks NOBODY;
    why "nothing was judged; with such a file Milvus runs with its defaults, and TLS is off";
    fix &[Say("check what should have written it, such as the command before a pipe, then check again")];

    /// The settings do not reach Milvus.
    SettingsNotMounted = "settings-not-mounted", Error, breaks EVERYBODY;
    why "Milvus never reads them and runs with its defaults: TLS is off, and what names no files of its own gets the public certificates of the image";
    fix &[Say("mount the file at /milvus/configs/user.yaml: `volumes: [./user.yaml:/milvus/configs/user.yaml:ro]`")];

    /// tlsMode is not the mode that is asked for.
    TlsModeDiffers = "tls-mode-differs", Error, breaks EVERYBODY;
    why "clients that are set up for the mode that was asked for do not get in, or anybody does";
    fix &[Say("set common.security.tlsMode to the mode that is meant, or check with that --tls-mode")];

    /// tlsMode is not 0, 1 or 2.
    TlsModeInvalid = "tls-mode-invalid", Error, breaks EVERYBODY;
    why "Milvus takes what is no whole number for 0, without a word, and the ports are open in plaintext; of any other number it says `tls mode must be 0` and exits";
    fix &[Say("set common.security.tlsMode to 1 (one-way) or 2 (mutual)")];

    /// A value is of the wrong type.
    WrongType = "wrong-type", Error, breaks EVERYBODY;
    why "Milvus falls back to its default without a word";
    fix &[Say("give a single value of the type that is named")];

    /// TLS is configured, but tlsMode is 0.
    TlsOff = "tls-off", Warning, breaks EVERYBODY;
    why "the ports are in plaintext: clients that use TLS say `WRONG_VERSION_NUMBER`";
    fix &[Say("set common.security.tlsMode to 1 or 2")];

    /// TLS is switched on by a key that Milvus does not know any more.
    TlsEnabledIsGone = "tls-enabled-is-gone", Error, breaks EVERYBODY;
    why "the documentation of 2022 switches TLS on so; Milvus knows tlsMode alone, and the ports are in plaintext without a word";
    fix &[Say("set common.security.tlsMode in its place: 1 where the server alone has a certificate, 2 where clients have one too")];

    /// A setting stands where Milvus does not look for it.
    MisplacedSetting = "misplaced-setting", Error, breaks EVERYBODY;
    why "Milvus does not look for it there, and takes its default without a word";
    fix &[Say("put it where Milvus looks for it")];

    /// TLS is on without a REST port of its own.
    RestPortMissing = "rest-port-missing", Error, breaks EVERYBODY;
    why "current Milvus exits: `proxy server(http) and external grpc server share the same port, tls mode must be 0`; older ones serve no REST";
    fix &[Say("set proxy.http.port to another port than proxy.port, such as 8080")];

    /// `tls:` or `internaltls:` stands under `common:`.
    TlsUnderCommon = "tls-under-common", Error, breaks EVERYBODY;
    why "Milvus ignores it there and serves the certificates of its image, whose private keys are public";
    fix &[Say("move the block to the top level, beside common:")];

    /// A path that TLS needs is not set.
    TlsPathNotSet = "tls-path-not-set", Error, breaks EVERYBODY;
    why "Milvus then takes the certificates of its image, whose private keys are public";
    fix &[Say("set serverPemPath and serverKeyPath, and caPemPath for tlsMode 2, to the mounted files")];

    /// A path leads to the certificates of Milvus' image.
    PublicCertificatePath = "public-certificate-path", Error, breaks EVERYBODY;
    why "their private keys are public: anybody can pass for this server";
    fix &[Say("name files that `milvus-certs gen` made, and mount them")];

    /// Mutual TLS without caPemPath.
    MutualWithoutCa = "mutual-without-ca", Error, breaks EVERYBODY;
    why "Milvus then trusts the CA of its image, whose private key is public: anybody gets in, and your own clients do not";
    fix &[Say("set tls.caPemPath to the mounted ca.pem")];

    /// A path is not mounted.
    TlsPathNotMounted = "tls-path-not-mounted", Error, breaks EVERYBODY;
    why "Milvus stops at once: `open ...: no such file or directory`";
    fix &[Say("mount the folder of the certificates where the paths say")];

    /// A mounted file is not there.
    TlsFileNotThere = "tls-file-not-there", Error, breaks EVERYBODY;
    why "Milvus stops at once: `open ...: no such file or directory`";
    fix &[Say("put the file there, or correct the path")];

    /// Milvus may not read a file that is mounted.
    UnreadableInContainer = "unreadable-in-container", Error, breaks EVERYBODY;
    why "Milvus stops at once: `open ...: permission denied`; in its image 3.0 and newer run as uid 999";
    fix &[Say("`milvus-certs config refresh` in the folder of the Compose file lets Milvus read what `config compose` put there; else `chown` the file to that uid")];

    /// The REST port is not published.
    RestPortNotPublished = "rest-port-not-published", Warning, breaks NOBODY;
    why "REST moves to proxy.http.port when TLS is on, and nobody outside can reach it there";
    fix &[Say("publish the port: `ports` in Compose, `serviceRestfulPort` in the operator's resource, a Service of its own with Helm")];

    /// An Ingress speaks plaintext to a Milvus that serves TLS.
    IngressInPlaintext = "ingress-in-plaintext", Error, breaks EVERYBODY;
    why "the Ingress ends its clients' TLS and speaks plaintext to a port that takes TLS alone: who comes by way of it gets HTTP 502, of which pymilvus says only `server unavailable`";
    fix &[Say("set the annotation nginx.ingress.kubernetes.io/backend-protocol to \"GRPCS\"; or leave TLS to the Ingress, with tlsMode 0 behind it")];

    /// An Ingress speaks TLS to a Milvus in plaintext.
    IngressToPlaintext = "ingress-to-plaintext", Error, breaks EVERYBODY;
    why "the Ingress speaks TLS to a port in plaintext: who comes by way of it gets HTTP 502";
    fix &[Say("set the annotation nginx.ingress.kubernetes.io/backend-protocol to \"GRPC\"; or serve TLS: set common.security.tlsMode to 1")];

    /// An Ingress has no certificate for a Milvus with mutual TLS.
    IngressWithoutCertificate = "ingress-without-certificate", Error, breaks EVERYBODY;
    why "the Ingress ends its clients' TLS, so that their certificates do not reach Milvus, and has none of its own to show, nor TLS 1.3 to offer where it is older: Milvus refuses it, and who comes by way of it gets HTTP 502";
    fix &[Say("let clients reach Milvus' own TLS: the annotation nginx.ingress.kubernetes.io/ssl-passthrough: \"true\", where the controller runs with --enable-ssl-passthrough; or set common.security.tlsMode to 1 behind the Ingress")];

    /// A values file takes what an earlier one says for its own.
    ValuesReplaced = "values-replaced", Warning, breaks NOBODY;
    why "of several values files Helm merges maps alone: a string or a list takes the place of the earlier one as a whole";
    fix &[Say("write what is lost into the later file too")];

    /// Compose ignores an override.
    ComposeOverrideIgnored = "compose-override-ignored", Error, breaks NOBODY;
    why "Compose reads one override by itself, and ignores the others with a warning: what this one says counts for nothing";
    fix &[Say("put both into one file; or name all of them: `docker compose -f FILE -f FILE -f FILE up -d`")];

    /// customConfigMap stands beside extraConfigFiles.
    CustomConfigMap = "custom-config-map", Error, breaks EVERYBODY;
    why "the chart then ignores extraConfigFiles: what they say of TLS counts for nothing";
    fix &[Say("put the settings into the ConfigMap that customConfigMap names, or leave it out")];

    /// milvus.yaml is replaced as a whole.
    MilvusYamlReplaced = "milvus-yaml-replaced", Warning, breaks NOBODY;
    why "it hides the image's own settings, and breaks when the image is upgraded";
    fix &[Say("mount a small user.yaml with the TLS settings at /milvus/configs/user.yaml instead")];

    /// A single file is mounted.
    SingleFileMount = "single-file-mount", Warning, breaks NOBODY;
    why "a renewal puts a new file in the place of the old one, and the running container keeps the old one";
    fix &[Say("mount the folder with server.pem, server.key and ca.pem, not its files; or make the container anew after a renewal")];

    /// ca.key is mounted.
    CaKeyMounted = "ca-key-mounted", Error, breaks NOBODY;
    why "whoever gets into Milvus' container can then sign certificates that everybody trusts";
    fix &[Say("mount a folder with server.pem, server.key and ca.pem alone")];

    /// A Secret holds the CA's key.
    CaKeyInSecret = "ca-key-in-secret", Error, breaks NOBODY;
    why "whoever reads the Secret can sign certificates that everybody trusts";
    fix &[Run(Shell("milvus-certs config secret -d DIR | kubectl replace -f -")), Say("makes it of server.pem, server.key and ca.pem alone; if others could have read it, a new CA has to follow")];

    /// What is deployed is not what is in the certificate directory.
    NotTheDirectorys = "not-the-directorys", Warning, breaks NOBODY;
    why "a renewal has not reached it, or it belongs to another CA";
    fix &[Say("copy the directory's files there again, and restart Milvus; for a Secret, `milvus-certs config secret -d DIR | kubectl apply -f -`")];

    /// Internal TLS without a server name.
    InternalTlsWithoutSni = "internal-tls-without-sni", Error, breaks EVERYBODY;
    why "every component dials the others by IP: `cannot validate certificate for ... because it doesn't contain any IP SANs`";
    fix &[Say("set internaltls.sni to a name of the server certificate")];

    /// internaltls.sni is no name of the server certificate.
    SniNotCovered = "sni-not-covered", Error, breaks EVERYBODY;
    why "the components refuse each other: `x509: certificate is valid for ..., not ...`";
    fix &[Say("set internaltls.sni to a name of the server certificate, or "), RENEW_COVERING];

    // A running server

    /// A port does not speak TLS.
    Plaintext = "plaintext", Error, breaks EVERYBODY;
    why "clients that use TLS fail: `WRONG_VERSION_NUMBER`, `first record does not look like a TLS handshake`; whoever listens reads everything";
    fix &[Say("set common.security.tlsMode to 1 or 2 where Milvus runs, and restart it; `milvus-certs config` prints the settings")];

    /// A client without TLS talks to a server with TLS.
    ClientWithoutTls = "client-without-tls", Error, breaks EVERYBODY;
    why "Milvus takes nothing but TLS on this port, and the client speaks plaintext";
    fix &[Say("begin the client's URI with https:// and set secure=True; `milvus-certs connect python` prints a client that works")];

    /// Nobody answers on a port.
    PortClosed = "port-closed", Error, breaks EVERYBODY;
    why "no TLS is involved yet: nothing listens there, or something in between drops it. A URL without a port means 443, not Milvus' 19530";
    fix &[Run(Shell("ss -ltn")), Say("where Milvus runs: if it lists the port, look at firewalls and published ports")];

    /// pymilvus did not get a connection, and does not say why.
    ServerUnavailable = "server-unavailable", Error, breaks EVERYBODY;
    why "pymilvus says this of every failed connection, whatever the cause: the wrong CA, the wrong name, a refused client certificate, a closed port";
    fix &[PROBE];

    /// A server does not complete a TLS handshake.
    HandshakeRefused = "handshake-refused", Error, breaks EVERYBODY;
    why "client and server have no version, cipher or signature in common, or the server refuses the client";
    fix &[Run(Milvus("check", "")), Say("a server's key should be RSA, P-256 or P-384")];

    /// Client and server have no TLS version in common.
    TlsVersion = "tls-version", Error, breaks EVERYBODY;
    why "with tlsMode 2 Milvus takes TLS 1.3 alone, else 1.2 and 1.3; old clients have neither";
    fix &[Say("update the client, or its TLS library")];

    /// A server with TLS gives no answer.
    NoAnswer = "no-answer", Error, breaks EVERYBODY;
    why "the handshake works, and what is asked then is not answered: Milvus may still be starting, or something else listens there";
    fix &[Run(Shell("curl http://localhost:9091/healthz")), Say("where Milvus runs: it says OK once it is ready")];

    /// What listens on a port is no Milvus.
    NotMilvus = "not-milvus", Error, breaks EVERYBODY;
    why "it speaks neither TLS nor HTTP as Milvus does";
    fix &[Run(Shell("ss -ltnp")), Say("where Milvus runs: says whose port it is")];

    /// Milvus refuses the client certificate.
    ClientRefused = "client-refused", Error, breaks EVERYBODY;
    why "tlsMode 2 lets in who has a certificate for clientAuth that the CA of Milvus' caPemPath signed; pymilvus says only `server unavailable`";
    fix &[Run(Milvus("check", "--tls-mode 2"))];

    /// A client refuses the server's certificate, and does not say why.
    ServerRefused = "server-refused", Error, breaks EVERYBODY;
    why "the client does not trust its CA, asks for another name, or it has expired; where the client logs more, that says which";
    fix &[PROBE];

    /// Milvus asks for a client certificate, and there is none.
    ClientCertificateMissing = "client-certificate-missing", Error, breaks EVERYBODY;
    why "tlsMode 2 lets nobody in without one; pymilvus leaves it out without a word where server_pem_path is given too";
    fix &[Run(Milvus("connect python", "--tls-mode 2"))];

    /// A certificate was renewed, and Milvus not restarted.
    RenewedNotRestarted = "renewed-not-restarted", Warning, breaks NOBODY;
    why "Milvus reads its certificates only when it starts: the old one is served until it expires, and then every client fails at once";
    fix &[Run(Shell("docker compose restart standalone")), Say("or apply what `milvus-certs config` prints again")];

    /// REST and gRPC do not serve the same.
    RestAndGrpcDiffer = "rest-and-grpc-differ", Error, breaks NOBODY;
    why "both read the same settings when Milvus starts, so one of the two ports is not this Milvus'";
    fix &[Run(Shell("ss -ltnp")), Say("where Milvus runs: says whose port it is")];

    /// The REST port cannot be reached.
    RestNotReached = "rest-not-reached", Warning, breaks NOBODY;
    why "with TLS, REST has a port of its own, proxy.http.port, which has to be published too";
    fix &[Run(Milvus("check", "--config docker-compose.yaml")), Say("says where the port has to be published")];

    /// The gRPC port does not agree on HTTP/2.
    NoAlpn = "no-alpn", Warning, breaks NOBODY;
    why "newer gRPC clients refuse a server that does not negotiate `h2` (ALPN): `missing selected ALPN property`; often a proxy stands in between";
    fix &[Say("connect to Milvus' own port, or let the proxy pass TLS through")];

    /// A component of Milvus speaks plaintext to the others.
    InternalTlsOff = "internal-tls-off", Error, breaks NOBODY;
    why "the log line `Internal TLS Enabled` is printed before the files are loaded, and a failure to load them is only a warning, followed by plaintext";
    fix &[Run(Milvus("check", "--config user.yaml")), Say("then restart Milvus")];

    /// The documentation's gen.sh or renew.sh does not run.
    ScriptDoesNotRun = "script-does-not-run", Error, breaks NOBODY;
    why "`openssl genpkey -quiet -algorithm rsa:2048` is no command of OpenSSL 3.0, 3.5 or 1.1.1, and the scripts go on without the key";
    fix &[GEN, Say("makes the same seven files; `milvus-certs renew` takes the place of renew.sh")];

    // What programs say of it

    /// A connection of Milvus to a service that it needs.
    OtherService = "other-service", Error, breaks NOBODY;
    why "it is a connection of Milvus itself to another service, or to the operator's webhook: server.pem, ca.pem and tlsMode change nothing there";
    fix &[Say("look at the settings of that service")];

    /// A server shows a certificate that is its own issuer.
    SelfSigned = "self-signed", Error, breaks EVERYBODY;
    why "the server's certificate is of no CA, as `openssl req -x509` makes it, or it has the name of its CA, as the documentation's gen.sh made it with one name for both";
    fix &[PROBE, Say("shows the certificate; "), RENEW, Say(" makes one of the directory's CA, which clients trust by ca.pem; as it is, only a client that trusts this very certificate takes it")];

    /// A connection ended in the handshake.
    ConnectionClosed = "connection-closed", Error, breaks EVERYBODY;
    why "the other side ended the connection in the handshake, and the reason is not in the text: a server in plaintext does so, a proxy whose server is down, a load balancer that asks whether the port is open";
    fix &[PROBE, Say("looks at the port itself; the log of the other side has the reason")];

    /// A port gave no reply.
    EmptyReply = "empty-reply", Error, breaks EVERYBODY;
    why "a port that serves TLS ends a request in plaintext so; so does a server that stops in between";
    fix &[Say("ask with https:// and `--cacert ca.pem`; "), PROBE, Say(" says what the port serves")];

    /// A name has no address.
    NameNotResolved = "name-not-resolved", Error, breaks EVERYBODY;
    why "no TLS is involved yet: whoever asks does not know the host's address";
    fix &[Say("check the name where the client runs: the name of a Compose service is known in its network alone, that of a Kubernetes Service in its cluster")];

    /// What answered does not speak gRPC.
    NotGrpc = "not-grpc", Error, breaks EVERYBODY;
    why "what answered does not speak gRPC: a web server, a proxy that did not reach Milvus, an Ingress without backend-protocol GRPC or GRPCS, REST's port, or port 443, which a URI without a port means";
    fix &[Say("let the client's URI name Milvus' gRPC port, such as https://HOST:19530; "), PROBE, Say(" says what a port serves")];

    /// REST was asked at the gRPC port.
    RestAtGrpcPort = "rest-at-grpc-port", Error, breaks EVERYBODY;
    why "HTTP/1.1 was asked at the gRPC port, which does not answer it where Milvus serves TLS: REST has its own port, proxy.http.port";
    fix &[Say("set proxy.http.port, such as 8080, publish it, and ask REST there; a program that asks REST at the address of gRPC has no way to be told otherwise")];

    /// The paths of certificate and key are swapped.
    PathsSwapped = "paths-swapped", Error, breaks EVERYBODY;
    why "the path of the certificate leads to a key, or that of the key to a certificate";
    fix &[Say("swap the two: serverPemPath names the certificate and serverKeyPath the key")];

    /// A folder stands where a file is read.
    DirectoryInsteadOfFile = "directory-instead-of-file", Error, breaks EVERYBODY;
    why "a folder stands where a certificate or key is read: Docker makes one where the source of a bind mount is missing";
    fix &[Say("remove the empty folder on the host, put the file there, and make the container anew; better, mount the folder of the certificates")];

    /// A client is given no path at all.
    PathIsNone = "path-is-none", Error, breaks EVERYBODY;
    why "pymilvus is given None as the path of a certificate or key, as of a variable that is not set";
    fix &[Say("leave the argument out, or give it the path of the file; "), Run(Milvus("connect python", "")), Say(" prints a client that works")];

    /// A proxy speaks TLS to a Milvus in plaintext.
    ProxyToPlaintext = "proxy-to-plaintext", Error, breaks EVERYBODY;
    why "the proxy speaks TLS to Milvus, which serves plaintext: it is the proxy that fails, whatever the client does";
    fix &[Say("let the proxy speak plaintext to Milvus; or serve TLS: set common.security.tlsMode of Milvus to 1")];

    /// A proxy speaks plaintext to a Milvus with TLS.
    ProxyInPlaintext = "proxy-in-plaintext", Error, breaks EVERYBODY;
    why "the proxy reached Milvus, which ended the connection: so it does where the proxy speaks plaintext to a port that serves TLS, or where Milvus stops in between";
    fix &[Say("let the proxy speak TLS to Milvus")];

    /// A proxy has no answer of Milvus.
    ProxyFailed = "proxy-failed", Error, breaks EVERYBODY;
    why "a proxy between client and Milvus answered: it speaks plaintext to TLS, or refuses the server's certificate, or Milvus is down";
    fix &[Say("its own log says which: `milvus-certs explain < proxy.log`; "), PROBE, Say(" looks at Milvus itself")];

    /// Milvus was reached, and asks who it is.
    NotAuthenticated = "not-authenticated", Error, breaks NOBODY;
    why "nothing is wrong with TLS: Milvus was reached, and asks for a user and a password, since common.security.authorizationEnabled is true";
    fix &[Say("give the client token=\"user:password\", and for REST the header `Authorization: Bearer user:password`")];

    /// Windows could not ask whether a certificate is revoked.
    RevocationNotChecked = "revocation-not-checked", Error, breaks NOBODY;
    why "Windows asks whether a certificate is revoked, and a private CA says nothing of that";
    fix &[Say("`curl --ssl-revoke-best-effort` asks where it can")];
}

/// Its name.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

serialize_as_displayed!(Code);

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
            assert!(code.row().breaks == NOBODY || code.severity() != Severity::Info, "{code}");
        }
    }

    #[test]
    fn texts_are_single_lines_that_do_not_begin_with_a_capital() {
        for code in Code::ALL {
            let text = code.why();
            assert!(!text.is_empty() && !text.contains('\n') && !text.ends_with('.'), "{code}: {text}");
        }
    }
}
