//! Ends of validity, and authorities that are out of date or whose key is another.

use libtest_mimic::Trial;

use crate::authorities::write_authority_config;
use crate::profile::date;
use crate::purposes::assert_purposes;
use crate::support::Folder;
use crate::{GEN, GEN_BELOW_CORP, P256_KEY, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let refused = |when: &str, start: &'static str, end: &'static str, error: &'static str| {
        trial(format!("an authority that {when} neither renews nor begins a directory"), move || {
            let folder = Folder::after(GEN);
            folder.join(&["ca.key"], "corp.key");
            dated_authority(&folder, "corp", start, end);
            folder.refusal(&format!("{GEN_BELOW_CORP} -d certs")).says("corp.pem").says(error);
            folder.join(&["corp.pem"], "ca.pem");
            folder.refusal("renew").says("ca.pem").says(error);
        })
    };
    vec![
        trial("no certificate outlives a new authority, and a note says so", || {
            let folder = Folder::new();
            let notes = folder.notes(&format!("{GEN} --ca-days 30 --days 31"));
            assert_eq!(notes, ["cut-to-authority".to_owned()].into());
            assert_ends_with(&folder, "ca");
            assert_eq!(folder.notes("renew --days 3650"), ["cut-to-authority".to_owned()].into());
            assert_ends_with(&folder, "ca");
            assert_purposes(&folder, "-x509_strict");
        }),
        trial("no certificate outlives an authority made elsewhere, and a note says so", || {
            let folder = Folder::new();
            folder.openssl(&format!("{P256_KEY} -out corp.key"));
            dated_authority(&folder, "corp", "20200101000000Z", "20991231235959Z");
            assert_eq!(
                folder.notes(&format!("{GEN_BELOW_CORP} --days 36500")),
                ["cut-to-authority".to_owned()].into()
            );
            assert_ends_with(&folder, "corp");
            assert_purposes(&folder, "-x509_strict");
        }),
        refused("has expired", "20200101000000Z", "20210101000000Z", "the CA expired on 2021-01-01"),
        refused("is not yet valid", "20980101000000Z", "20990101000000Z", "valid only from 2098-01-01"),
        trial("a key that is not the authority's neither renews nor begins a directory", || {
            let folder = Folder::after(GEN);
            folder.openssl(&format!("{P256_KEY} -out corp.key"));
            folder.join(&["ca.pem"], "corp.pem");
            folder.refusal(&format!("{GEN_BELOW_CORP} -d certs")).says("does not belong");
            folder.join(&["corp.key"], "ca.key");
            folder.refusal("renew").says("does not belong");
        }),
    ]
}

/// An authority with these dates, for a key that is there. `openssl ca` is the one command that
/// takes any dates in all versions.
pub(crate) fn dated_authority(folder: &Folder, name: &str, start: &str, end: &str) {
    write_authority_config(folder, "utf8only", "");
    folder.write("index.txt", "");
    folder.write(
        "dated.cnf",
        "[ca]\ndefault_ca = dated\n[dated]\ndatabase = index.txt\nnew_certs_dir = .\nrand_serial = yes\n\
         default_md = sha256\npolicy = policy\n[policy]\ncommonName = supplied\n",
    );
    folder.openssl(&format!("req -new -key {name}.key -subj '/CN=Corp CA' -out {name}.csr"));
    folder.openssl(&format!(
        "ca -batch -selfsign -config dated.cnf -in {name}.csr -keyfile {name}.key -startdate {start} \
         -enddate {end} -extfile ca.cnf -extensions authority -notext -out {name}.pem"
    ));
}

fn assert_ends_with(folder: &Folder, authority: &str) {
    let end = date(folder, authority, "notAfter");
    for role in ["server", "client"] {
        assert_eq!(date(folder, role, "notAfter"), end, "{role}");
    }
}
