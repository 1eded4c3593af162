//! Ends of validity, and CAs that are out of date or whose key is another.

use libtest_mimic::Trial;

use crate::common::certificate::new_key;
use crate::common::folder::{Folder, P256_KEY};
use crate::common::program::GEN;
use crate::profile::date;
use crate::purposes::assert_purposes;
use crate::{GEN_BELOW_CORP, after, dated_ca, folder, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let refused = |when: &str, start: &'static str, end: &'static str, error: &'static str| {
        trial(format!("gen and renew refuse a CA that {when}"), move || {
            let folder = after(GEN);
            folder.join(&["ca.key"], "corp.key");
            dated_ca(&folder, "corp", start, end);
            folder.refusal(&format!("{GEN_BELOW_CORP} -d certs")).says("corp.pem").says(error);
            folder.join(&["corp.pem"], "ca.pem");
            folder.refusal("renew").says("ca.pem").says(error);
        })
    };
    vec![
        trial("no certificate outlives a new CA, and a note says so", || {
            let folder = folder();
            let notes = folder.notes(&format!("{GEN} --ca-days 30 --days 31"));
            assert_eq!(notes, ["cut-to-authority"]);
            assert_ends_with(&folder, "ca");
            assert_eq!(folder.notes("renew --days 3650"), ["cut-to-authority"]);
            assert_ends_with(&folder, "ca");
            assert_purposes(&folder, "-x509_strict");
        }),
        trial("no certificate outlives a CA made elsewhere, and a note says so", || {
            let folder = folder();
            new_key(&folder, "corp", P256_KEY);
            dated_ca(&folder, "corp", "20200101000000Z", "20991231235959Z");
            assert_eq!(folder.notes(&format!("{GEN_BELOW_CORP} --days 36500")), ["cut-to-authority"]);
            assert_ends_with(&folder, "corp");
            assert_purposes(&folder, "-x509_strict");
        }),
        refused("has expired", "20200101000000Z", "20210101000000Z", "the CA expired on 2021-01-01"),
        refused("is not yet valid", "20980101000000Z", "20990101000000Z", "valid only from 2098-01-01"),
        trial("gen and renew refuse a key that is not the CA's", || {
            let folder = after(GEN);
            new_key(&folder, "corp", P256_KEY);
            folder.join(&["ca.pem"], "corp.pem");
            folder.refusal(&format!("{GEN_BELOW_CORP} -d certs")).says("does not belong");
            folder.join(&["corp.key"], "ca.key");
            folder.refusal("renew").says("does not belong");
        }),
    ]
}

fn assert_ends_with(folder: &Folder, ca: &str) {
    let end = date(folder, ca, "notAfter");
    for role in ["server", "client"] {
        assert_eq!(date(folder, role, "notAfter"), end, "{role}");
    }
}
