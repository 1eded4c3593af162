//! ca.srl, in turn with OpenSSL.

use libtest_mimic::Trial;

use crate::common::certificate::{bare, new_key};
use crate::common::folder::P256_KEY;
use crate::common::program::GEN;
use crate::profile::{serial_of, successor};
use crate::{after, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("OpenSSL and this program continue each other's serial numbers", || {
            let folder = after(GEN);
            new_key(&folder, "other", P256_KEY);
            let mut serials = vec![serial_of(&folder, "server.pem"), serial_of(&folder, "client.pem")];
            for _ in 0..2 {
                bare("other").issue(&folder);
                serials.push(serial_of(&folder, "other.pem"));
                folder.milvus_certs("renew");
                serials.extend(["server.pem", "client.pem"].map(|file| serial_of(&folder, file)));
            }
            for pair in serials.windows(2) {
                assert_eq!(pair[1], successor(&pair[0]), "{serials:?}");
            }
        }),
        trial(
            "without ca.srl renew starts from a new random serial number, and OpenSSL continues it",
            || {
                let folder = after(GEN);
                let before = serial_of(&folder, "client.pem");
                new_key(&folder, "other", P256_KEY);
                folder.remove("ca.srl");
                assert_eq!(folder.notes("renew"), ["serial-started"]);
                let started = serial_of(&folder, "client.pem");
                assert_ne!(started[..20], before[..20]);
                bare("other").issue(&folder);
                assert_eq!(serial_of(&folder, "other.pem"), successor(&started));
            },
        ),
    ]
}
