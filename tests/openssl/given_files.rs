//! Files that `gen --ca-cert --ca-key` refuses, and the commands of the hints that convert them.

use libtest_mimic::Trial;

use crate::common::certificate::{bare, certificate, new_key};
use crate::common::folder::{Folder, P256_KEY};
use crate::common::program::{GEN, Refusal};
use crate::{GEN_BELOW_CORP, after, dated_ca, folder, trial};

pub(crate) fn trials() -> Vec<Trial> {
    [cas(), keys(), forms(), limits()].into_iter().flatten().collect()
}

/// CAs whose certificates some clients or webpki refuse.
fn cas() -> Vec<Trial> {
    let refused = |what: &str, extensions, subject: &'static str, options, error| {
        trial(format!("gen refuses a CA {what}, and says why"), move || {
            let folder = with_key();
            certificate("corp").subject(subject).with(extensions).options(options).self_sign(&folder);
            let refusal = given(&folder).says("corp.pem: ").says(error);
            assert!(refusal.hint.contains("`milvus-certs gen -d NEW`"), "{}", refusal.hint);
        })
    };
    vec![
        refused("for any purpose", "extendedKeyUsage = anyExtendedKeyUsage", "/CN=CA", "", "OpenSSL"),
        refused("with an empty subject", "", "/", "", "its subject is empty"),
        refused(
            "with a negative serial number",
            "",
            "/CN=CA",
            "-set_serial -123456789",
            "its serial number is negative, -075BCD15",
        ),
        refused(
            "with nameConstraints of directory names",
            "nameConstraints = critical, permitted;dirName:permitted\n[permitted]\nC = DE",
            "/CN=CA",
            "",
            "which Go, and so Milvus, does not know",
        ),
        trial("inspect shows the sign of a serial number, as OpenSSL does", || {
            let folder = with_key();
            certificate("corp").options("-set_serial -123456789").self_sign(&folder);
            assert_eq!(folder.openssl("x509 -in corp.pem -noout -serial"), "serial=-075BCD15\n");
            for option in ["", "--json"] {
                let shown = folder.milvus_certs(&format!("inspect corp.pem {option}"));
                assert!(shown.contains("-075BCD15"), "{shown}");
            }
        }),
        trial("for an expired CA made elsewhere, the hint sends to whoever made it", || {
            let folder = with_key();
            dated_ca(&folder, "corp", "20200101000000Z", "20210101000000Z");
            let refusal = given(&folder).says("corp.pem: ");
            assert!(refusal.hint.contains("renewed by whoever made it"), "{}", refusal.hint);
            assert!(!refusal.hint.contains("--force"), "{}", refusal.hint);
        }),
        trial("for an expired CA of a directory, the hint's command replaces it, with its -d", || {
            let folder = after("gen --key-type p256 -d 'my certs'");
            folder.join(&["my certs/ca.key"], "corp.key");
            dated_ca(&folder, "corp", "20200101000000Z", "20210101000000Z");
            folder.join(&["corp.pem"], "my certs/ca.pem");
            let refusal = folder.refusal("renew -d 'my certs'");
            folder.milvus_certs(&format!("{} --key-type p256", refusal.command()));
            folder.milvus_certs("renew -d 'my certs'");
        }),
        trial("of two certificates of the same CA key, renew takes the valid one", || {
            let folder = with_key();
            dated_ca(&folder, "corp", "20200101000000Z", "20210101000000Z");
            folder.join(&["corp.pem"], "old.pem");
            dated_ca(&folder, "corp", "20200101000000Z", "20991231235959Z");
            folder.join(&["old.pem", "corp.pem"], "both.pem");
            folder
                .refusal("gen -d certs --ca-cert both.pem --ca-key corp.key")
                .says("not part of the CA's chain");
            folder.milvus_certs(GEN_BELOW_CORP);
            for order in [["old.pem", "corp.pem"], ["corp.pem", "old.pem"]] {
                folder.join(&order, "ca.pem");
                folder.milvus_certs("renew");
                folder.openssl("verify -x509_strict -CAfile corp.pem server.pem client.pem");
            }
        }),
        trial("gen refuses an intermediate CA with a critical policy extension, and names it", || {
            for (extension, name) in [
                ("policyConstraints = critical, requireExplicitPolicy:3", "policyConstraints"),
                ("inhibitAnyPolicy = critical, 2", "inhibitAnyPolicy"),
                ("certificatePolicies = critical, 1.2.3.4", "certificatePolicies"),
            ] {
                let folder = below_a_root(extension);
                let refusal = given(&folder);
                let refusal = refusal.says("corp.pem: ").says("CN=Team").says(&format!("extension {name}"));
                assert!(!refusal.hint.contains("names"), "{}", refusal.hint);
            }
        }),
        trial("an error of renew names the critical extension of the CA that is the cause", || {
            let folder = below_a_root("");
            folder.milvus_certs(GEN_BELOW_CORP);
            let leaf = folder.text("server.pem");
            let leaf = leaf.split_inclusive("-----END CERTIFICATE-----\n").next().unwrap();
            issue_below_a_root(&folder, "policyConstraints = critical, requireExplicitPolicy:3");
            for file in ["server.pem", "client.pem"] {
                folder.write(file, format!("{leaf}{}", folder.text("team.pem")));
            }
            folder.join(&["root.pem"], "ca.pem");
            folder.refusal("renew").says("extension policyConstraints of CN=Team");
        }),
        trial("a CA below a root whose key everybody can compute is refused", || {
            let folder = with_key();
            folder.write("root.key", CLOSE_PRIMES);
            issue_below_a_root(&folder, "");
            given(&folder).says("CN=Corp Root").says("its key is an RSA key");
        }),
        trial("gen takes an intermediate CA with policies that are not critical", || {
            below_a_root("certificatePolicies = 1.2.3.4").milvus_certs(GEN_BELOW_CORP);
        }),
    ]
}

/// Keys that cannot be read, or that everybody can compute.
fn keys() -> Vec<Trial> {
    let weak = |what: &str, key: &'static str, error: &'static str| {
        trial(format!("a CA key {what} is refused"), move || {
            let folder = folder();
            folder.write("corp.key", key);
            certificate("corp").subject("/CN=Corp CA").self_sign(&folder);
            given(&folder).says("corp.pem: ").says("its key is an RSA key").says(error);
        })
    };
    let explicit = |what: &str, option: &'static str| {
        trial(format!("an error names the explicit curve parameters of a CA key {what}"), move || {
            let folder = folder();
            folder.openssl("ecparam -name prime256v1 -genkey -noout -param_enc explicit -out sec1.key");
            folder.openssl(&format!("{option} -in sec1.key -out corp.key"));
            certificate("corp").subject("/CN=Corp CA").self_sign(&folder);
            given(&folder).says("corp.key: ").says("an elliptic curve with explicit parameters");
            let shown = folder.milvus_certs("inspect corp.key");
            assert!(shown.contains("an elliptic curve with explicit parameters"), "{shown}");
        })
    };
    vec![
        weak("with close primes", CLOSE_PRIMES, "whose two primes are close"),
        weak("of ROCA", ROCA, "ROCA"),
        explicit("in SEC 1", "ec -param_enc explicit"),
        explicit("in PKCS#8", "pkey -ec_param_enc explicit"),
        trial("an error names a certificate key that cannot be read, and no mismatch", || {
            let folder = with_key();
            folder.openssl("ec -in corp.key -param_enc explicit -out explicit.key");
            folder.join(&["corp.key"], "named.key");
            folder.join(&["explicit.key"], "corp.key");
            certificate("corp").subject("/CN=Corp CA").self_sign(&folder);
            folder.join(&["named.key"], "corp.key");
            given(&folder).says("corp.pem: ").says("an elliptic curve with explicit parameters");
        }),
        trial("--reuse-key refuses a server key with close primes", || {
            let folder = after(GEN);
            folder.write("server.key", CLOSE_PRIMES);
            certificate("server").issue(&folder);
            let refusal = folder.refusal("renew server --reuse-key");
            assert!(refusal.says("server.key: ").says("are close").hint.contains("--reuse-key"));
        }),
    ]
}

/// Files of another form than PEM.
fn forms() -> Vec<Trial> {
    const PKCS12: &str = "pkcs12 -export -in corp.pem -inkey corp.key -passout file:pass -out corp.p12";
    vec![
        trial("for PKCS#12, the hint's commands extract what gen takes", || {
            let folder = with_ca();
            folder.openssl(PKCS12);
            let refusal = folder.refusal("gen -d certs --ca-cert corp.p12 --ca-key corp.key");
            let refusal = refusal.says("corp.p12: is PKCS#12");
            let command = refusal.openssl_commands().find(|command| command.contains("-nokeys"));
            folder.openssl(&format!("{} -passin file:pass", command.unwrap()));
            folder.openssl("pkcs12 -nocerts -in corp.p12 -out FILE.key -passin file:pass -passout pass:new");
            folder.refusal("gen -d certs --ca-cert FILE.pem --ca-key corp.p12").says("corp.p12: is PKCS#12");
            folder.write("new", "new\n");
            folder.milvus_certs(
                "gen --key-type p256 --ca-cert FILE.pem --ca-key FILE.key --ca-passphrase-file new",
            );
        }),
        trial("for PKCS#7, the hint's command converts it", || {
            for form in ["PEM", "DER"] {
                let folder = with_ca();
                folder.openssl(&format!("crl2pkcs7 -nocrl -certfile corp.pem -outform {form} -out corp.p7b"));
                let refusal = folder.refusal("gen -d certs --ca-cert corp.p7b --ca-key corp.key");
                folder.openssl(&refusal.says("PKCS").openssl_command());
                folder.milvus_certs("gen --key-type p256 --ca-cert FILE.pem --ca-key corp.key");
            }
        }),
        trial("for OpenSSL's TRUSTED CERTIFICATE, the hint's command converts it", || {
            let folder = with_ca();
            folder.openssl("x509 -in corp.pem -trustout -out trusted.pem");
            let refusal = folder.refusal("gen -d certs --ca-cert trusted.pem --ca-key corp.key");
            folder.openssl(&refusal.says("TRUSTED CERTIFICATE").openssl_command());
            folder.milvus_certs("gen --key-type p256 --ca-cert FILE.pem --ca-key corp.key");
        }),
        trial("for DER that is neither a certificate nor a key, the hint does not convert it", || {
            let folder = with_ca();
            folder.openssl("req -new -key corp.key -subj /CN=CA -outform DER -out corp.der");
            let refusal = folder.refusal("gen -d certs --ca-cert corp.der --ca-key corp.key");
            let shown = folder.milvus_certs(&refusal.says("is DER").command());
            assert!(shown.contains("certificate signing request"), "{shown}");
        }),
        trial("for a key of OpenSSH, the hint's commands convert it", || {
            let folder = with_ca();
            folder.write("corp.ssh", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n");
            let refusal = folder.refusal("gen -d certs --ca-cert corp.pem --ca-key corp.ssh");
            let hint = refusal.says("but OPENSSH PRIVATE KEY").hint;
            assert!(
                hint.contains("`install -m 600 corp.ssh FILE.key && ssh-keygen -p -m PKCS8 -f FILE.key`"),
                "{hint}"
            );
        }),
        trial("an error names a Java keystore", || {
            let folder = with_ca();
            folder.write("corp.jks", [0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2, 0, 0, 0, 0]);
            let refusal = folder.refusal("gen -d certs --ca-cert corp.jks --ca-key corp.key");
            assert!(refusal.says("is a Java keystore").hint.contains("`keytool -importkeystore"));
        }),
        trial("for a CA key in DER, the hint's command converts it, and it stays encrypted", || {
            let folder = with_ca();
            folder.openssl("pkey -in corp.key -outform DER -out plain.der");
            let refusal = folder.refusal("gen -d certs --ca-cert corp.pem --ca-key plain.der");
            folder.openssl(&refusal.says("is DER").openssl_command());
            folder.milvus_certs("gen -d plain --key-type p256 --ca-cert corp.pem --ca-key FILE.key");

            folder.openssl("pkcs8 -topk8 -in corp.key -outform DER -passout file:pass -out secret.der");
            let refusal = folder.refusal("gen -d certs --ca-cert corp.pem --ca-key secret.der");
            let command = refusal.says("is DER").openssl_command();
            folder.write("new-pass", "battery staple\n");
            folder.openssl(&format!("{command} -passin file:pass -passout file:new-pass"));
            assert!(folder.text("FILE.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
            folder.milvus_certs(
                "gen -d secret --key-type p256 --ca-cert corp.pem --ca-key FILE.key \
                 --ca-passphrase-file new-pass",
            );
        }),
    ]
}

/// Names and lengths.
fn limits() -> Vec<Trial> {
    vec![
        trial("gen refuses too many names with the file and the limit", || {
            let folder = folder();
            let names: Vec<_> = (1..=5000).map(|number| format!("host{number}.example.com")).collect();
            let refusal = folder.refusal(&format!("gen --key-type p256 -d certs --san {}", names.join(",")));
            let refusal = refusal.says("server.pem: ").says("OpenSSL takes at most 102400");
            assert!(refusal.hint.contains("fewer names"), "{}", refusal.hint);
        }),
        trial("dns: makes a DNS name of what looks like an address", || {
            let folder = after("gen --key-type p256 --san dns:10.0.0.1");
            let names = folder.openssl("x509 -in server.pem -noout -ext subjectAltName");
            assert!(names.contains("DNS:10.0.0.1"), "{names}");
        }),
        trial("renew refuses an e-mail address in the subject that nameConstraints forbid", || {
            let folder = with_key();
            let only_example_com = "nameConstraints = critical, permitted;email:example.com";
            certificate("corp").subject("/CN=Corp CA").with(only_example_com).self_sign(&folder);
            folder.milvus_certs(GEN_BELOW_CORP);
            let reissue = |address: &str| {
                bare("server")
                    .subject(format!("/CN=localhost/emailAddress={address}"))
                    .with("subjectAltName = DNS:localhost\nextendedKeyUsage = serverAuth")
                    .issue(&folder);
            };
            reissue("a@other.org");
            assert_eq!(folder.try_openssl("verify -CAfile ca.pem server.pem"), None);
            folder.refusal("renew server").says("nameConstraints").says("a@other.org");
            reissue("a@example.com");
            folder.openssl("verify -CAfile ca.pem server.pem");
            folder.milvus_certs("renew server");
        }),
    ]
}

pub(crate) const CLOSE_PRIMES: &str = include_str!("weak-keys/close-primes.key");
pub(crate) const ROCA: &str = include_str!("weak-keys/roca.key");

fn with_key() -> Folder {
    let folder = folder();
    new_key(&folder, "corp", P256_KEY);
    folder
}

fn with_ca() -> Folder {
    let folder = with_key();
    certificate("corp").subject("/CN=Corp CA").self_sign(&folder);
    folder
}

/// corp.pem is of an intermediate CA with such an extension, and its root follows it.
fn below_a_root(extension: &str) -> Folder {
    let folder = with_key();
    new_key(&folder, "root", P256_KEY);
    issue_below_a_root(&folder, extension);
    folder
}

fn issue_below_a_root(folder: &Folder, extension: &str) {
    certificate("root").subject("/CN=Corp Root").self_sign(folder);
    folder.join(&["corp.key"], "team.key");
    certificate("team").subject("/CN=Team").by("root").with(extension).issue(folder);
    folder.join(&["team.pem", "root.pem"], "corp.pem");
}

fn given(folder: &Folder) -> Refusal {
    folder.refusal(&format!("{GEN_BELOW_CORP} -d certs"))
}
