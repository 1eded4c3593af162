//! Which certificates are reissued: those that this directory's CA signed, and of the issued ones those
//! in the inventory.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};

use libtest_mimic::Trial;

use crate::common::certificate::{new_key, new_leaf};
use crate::common::folder::{Folder, P256_KEY};
use crate::common::gen_sh::PAGE_P256;
use crate::common::program::GEN;
use crate::profile::{serial_of, successor};
use crate::{after, trial};

const INVENTORY: &str = "issued/index.jsonl";
const SEARCH: &str = "issued/search/search.pem";
const ADMIN: &str = "issued/admin/admin.pem";

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("renew does not reissue a certificate for admin in the folder of search", || {
            let plants: [fn(&Folder); 4] = [
                |folder| {
                    new_key(folder, "own", P256_KEY);
                    folder.openssl(&format!(
                        "req -x509 -new -key own.key -subj /CN=admin -days 30 -out {SEARCH}"
                    ));
                },
                |folder| folder.join(&[ADMIN], SEARCH),
                // Of a CA with the same name, and with the real one beside it.
                |folder| {
                    folder.milvus_certs(&format!("{GEN} -d other --client-name admin -q"));
                    folder.join(&["other/client.pem", "ca.pem"], SEARCH);
                },
                // Signed by this CA, but not for anybody here.
                |folder| {
                    signed_by_the_ca(folder, "/CN=admin");
                    folder.join(&["leaf.pem"], SEARCH);
                },
            ];
            for plant in plants {
                let folder = with_two_clients();
                plant(&folder);
                let planted = folder.read(SEARCH);
                let notes = folder.notes("renew --all");
                assert_eq!(notes, ["not-reissued"]);
                assert!(folder.read(SEARCH) == planted, "it was reissued");
                folder.refusal("renew search").says("search.pem: is not reissued");
                folder.write("fleet.yaml", "key-type: p256\nclients: [search]\n");
                folder.refusal("issue --from fleet.yaml").says("search.pem: is not reissued");
                let renewed = folder.openssl(&format!("x509 -in {ADMIN} -noout -dates"));
                assert!(renewed.contains("notAfter"), "{renewed}");
                let check = folder.run("check --strict").to_string();
                let codes = ["[not-in-inventory]", "[not-issued-by-ca]", "[other-ca-same-name]"];
                assert!(codes.iter().any(|code| check.contains(code)), "{check}");
            }
        }),
        trial("renew reissues a certificate without a line in the inventory only with --adopt", || {
            let folder = with_two_clients();
            signed_by_the_ca(&folder, "/CN=planted");
            folder.create_folder("issued/planted");
            folder.join(&["leaf.pem"], "issued/planted/planted.pem");
            folder.join(&["leaf.key"], "issued/planted/planted.key");
            let planted = folder.read("issued/planted/planted.pem");
            assert_eq!(folder.notes("renew --all"), ["not-reissued"]);
            folder.refusal("renew planted").says("issued/index.jsonl has no line for it");
            assert!(folder.read("issued/planted/planted.pem") == planted);
            let check = folder.run("check --strict").to_string();
            assert!(check.contains("[not-in-inventory]"), "{check}");

            // Its key was for everybody to read.
            assert_eq!(folder.notes("renew --adopt planted"), ["key-mode-tightened"]);
            assert!(folder.text(INVENTORY).contains("issued/planted/planted.pem"));
            folder.openssl("verify -purpose sslclient -CAfile ca.pem issued/planted/planted.pem");
            assert_eq!(folder.notes("renew planted"), [""; 0]);
        }),
        trial("renew keeps the names of an old certificate that was put back, or refuses it", || {
            let folder = after(GEN);
            folder.milvus_certs("issue client search --key-type p256 --san a.example.com -q");
            let first = folder.read(SEARCH);
            folder.milvus_certs("renew search --san b.example.com -q");
            folder.write(SEARCH, &first);
            folder.milvus_certs("renew search -q");
            assert_eq!(names(&folder, SEARCH), "DNS:search, DNS:a.example.com");

            folder.milvus_certs("issue client search --key-type p256 --force -q");
            folder.write(SEARCH, &first);
            folder.refusal("renew search").says("has a later certificate for this file");
            let check = folder.run("check --strict").to_string();
            assert!(check.contains("[not-in-inventory]"), "{check}");
        }),
        trial("renew refuses a server.pem of another CA, and renews client.pem", || {
            let folder = foreign_server();
            let said = folder.run("renew").ends_with(1).stderr;
            assert!(said.contains("server.pem: is not reissued"), "{said}");
            assert!(said.contains("client.pem was made before, and stays"), "{said}");
            folder.milvus_certs("renew --adopt server -q");
            assert_eq!(names(&folder, "server.pem"), "DNS:other.example.com");
            folder.openssl("verify -CAfile ca.pem server.pem client.pem");
        }),
        trial("renew --if-due refuses a certificate of another CA", || {
            let folder = foreign_server();
            folder.refusal("renew --if-due 30d").says("the CA of this directory did not sign it");
            folder.refusal("renew server").says("the CA of this directory did not sign it");
            let keeps = folder.openssl("x509 -in server.pem -noout -issuer");
            assert!(keeps.contains("Another"), "{keeps}");

            folder.milvus_certs("renew server --common-name new.example.com -q");
            assert_eq!(names(&folder, "server.pem"), "DNS:new.example.com");
        }),
    ];
    trials.extend(old_certificates());
    trials.extend(serials_and_modes());
    trials
}

/// What the old certificate says.
fn old_certificates() -> Vec<Trial> {
    vec![
        trial("renew takes the names of an empty server.pem from the inventory, or refuses it", || {
            let folder = after("gen --key-type p256 --cn milvus.example.com --san 10.0.0.9");
            for damage in ["", "\n\n", "garbage\n"] {
                folder.write("server.pem", damage);
                folder.refusal("renew --if-due 30d").says("server.pem");
                folder.refusal("renew server").says("server.pem");
            }
            folder.milvus_certs("renew server --common-name milvus.example.com --san 10.0.0.9 -q");
            folder.milvus_certs("issue client a --key-type p256 -q");
            folder.milvus_certs("renew -q");
            for damage in ["", "garbage\n"] {
                folder.write("server.pem", damage);
                assert_eq!(folder.notes("renew --if-due 30d"), ["from-inventory"]);
                assert_eq!(names(&folder, "server.pem"), "DNS:milvus.example.com, IP Address:10.0.0.9");
            }
            folder.remove("server.pem");
            assert_eq!(folder.notes("renew"), ["from-inventory"]);
            let subject = folder.openssl("x509 -in server.pem -noout -subject");
            assert!(subject.contains("O = zilliz") && subject.contains("milvus.example.com"), "{subject}");
        }),
        trial("a note names what the new certificate does not have of the old one", || {
            let folder = after(GEN);
            new_leaf(
                &folder,
                "server",
                "/CN=localhost",
                "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n\
                 crlDistributionPoints=URI:http://crl\ncertificatePolicies=1.2.3.4",
            );
            let said = folder.run("renew server").ends_with(0).stderr;
            let lost = "extendedKeyUsage clientAuth, crlDistributionPoints and certificatePolicies";
            assert!(said.contains(lost), "{said}");
            assert_eq!(folder.notes("renew server"), [""; 0]);
        }),
        trial("a client whose CommonName is a person or an e-mail address has no subjectAltName", || {
            for person in ["Alice Smith", "alice@example.com"] {
                let folder = after(&format!("{GEN} --client-name '{person}'"));
                folder.milvus_certs("check --strict");
                folder.milvus_certs("renew");
                let client = folder.openssl("x509 -in client.pem -noout -subject -ext subjectAltName");
                assert!(client.contains(person) && !client.contains("DNS:"), "{client}");
                folder.milvus_certs("renew client --client-name 'Bob Jones'");
                folder.openssl("verify -purpose sslclient -CAfile ca.pem client.pem");
            }
        }),
        trial("a note thinks once of clients that trust gen.sh's server.pem", || {
            let folder = PAGE_P256.run();
            let said = folder.run("renew").ends_with(0).stderr;
            assert!(said.contains("give them ca.pem first") && said.contains("error 20"), "{said}");
            let again = folder.run("renew").ends_with(0).stderr;
            assert!(!again.contains("give them ca.pem first"), "{again}");
        }),
    ]
}

fn serials_and_modes() -> Vec<Trial> {
    vec![
        trial("renew with a restored ca.srl repeats no serial number that the directory knows", || {
            let folder = after(GEN);
            let before = folder.read("ca.srl");
            folder.milvus_certs("renew -q");
            folder.milvus_certs("renew -q");
            for old in [before.as_slice(), b"00\n"] {
                let highest = serial_of(&folder, "client.pem").max(serial_of(&folder, "server.pem"));
                folder.write("ca.srl", old);
                assert_eq!(folder.notes("renew client"), ["serial-skipped"]);
                assert_eq!(serial_of(&folder, "client.pem"), successor(&highest));
            }
            // What others put there with a number of this CA's choice does not count.
            let number = serial_of(&folder, "client.pem");
            fs::create_dir_all(folder.path("issued/planted")).unwrap();
            new_key(&folder, "own", P256_KEY);
            folder.openssl(
                "req -x509 -new -key own.key -subj /CN=x -set_serial 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF0 -out issued/planted/planted.pem",
            );
            folder.milvus_certs("renew client -q");
            assert_eq!(serial_of(&folder, "client.pem"), successor(&number));
        }),
        trial("the hint about an exhausted ca.srl names the file", || {
            let folder = after(GEN);
            folder.write("ca.srl", "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\n");
            let refusal = folder.refusal("renew").says("ca.srl: the next serial number");
            assert!(
                refusal.hint.contains("rm ca.srl") || refusal.hint.contains("rm ./ca.srl"),
                "{}",
                refusal.hint
            );
            folder.remove("ca.srl");
            assert_eq!(folder.notes("renew"), ["serial-started"]);
        }),
        trial("renew and gen --force keep modes and owners", || {
            let folder = after(&format!("{GEN} --key-mode 0640"));
            folder.set_mode("server.pem", 0o600);
            folder.set_mode("ca.srl", 0o640);
            let may_give_away = chown(folder.path("server.key"), Some(1000), Some(1000)).is_ok()
                && chown(folder.path("server.pem"), Some(1000), Some(1000)).is_ok();
            for command in ["renew -q", "gen --force --key-type p256 -q"] {
                folder.milvus_certs(command);
                let state = |file: &str| fs::metadata(folder.path(file)).unwrap();
                let modes =
                    ["server.key", "server.pem", "client.key", "ca.srl"].map(|file| folder.mode(file));
                assert_eq!(modes, [0o640, 0o600, 0o640, 0o640], "{command}");
                if may_give_away {
                    assert_eq!((state("server.key").uid(), state("server.pem").uid()), (1000, 1000));
                }
            }
            folder.milvus_certs("gen --force --key-type p256 --key-mode 0600 -q");
            assert_eq!(folder.mode("server.key"), 0o600);
        }),
    ]
}

fn with_two_clients() -> Folder {
    let folder = after(GEN);
    folder.milvus_certs("issue client search admin --key-type p256 -q");
    folder
}

/// A directory whose server.pem and server.key are of another CA.
fn foreign_server() -> Folder {
    let folder = after(GEN);
    let other = "--key-type p256 --organization Another --common-name other.example.com -d other -q";
    folder.milvus_certs(&format!("gen {other}"));
    folder.join(&["other/server.pem"], "server.pem");
    folder.join(&["other/server.key"], "server.key");
    folder
}

/// leaf.pem and leaf.key, signed by the directory's CA without this program.
fn signed_by_the_ca(folder: &Folder, subject: &str) {
    new_leaf(folder, "leaf", subject, "extendedKeyUsage=clientAuth\nsubjectAltName=DNS:x.example.com");
}

/// subjectAltName without the loopback's addresses.
pub(crate) fn names(folder: &Folder, file: &str) -> String {
    let text = folder.openssl(&format!("x509 -in {file} -noout -ext subjectAltName"));
    text.lines().last().unwrap_or_default().trim().to_owned()
}
