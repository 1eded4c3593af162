//! The certificates that Milvus' sources carry under `configs/cert`. Their private keys are public,
//! and not wanted here.

use crate::exhibit::{Exhibit, broken, made};
use crate::support::Folder;

const CA: &str = include_str!("public/ca.pem");
const SERVER: &str = include_str!("public/server.pem");
const CLIENT: &str = include_str!("public/client.pem");

/// They end on 2032-04-28.
pub(crate) fn exhibits() -> Vec<Exhibit> {
    let keys_of_nobody = |folder: &Folder| {
        folder.write("ca.pem", CA);
        folder.write("server.pem", SERVER);
        folder.write("client.pem", CLIENT);
    };
    vec![
        made(
            "the certificates of Milvus' sources",
            &[
                // gen.sh made that authority as well.
                "ca-without-key-usage ca.pem",
                "missing-file client.key",
                "missing-file server.key",
                "no-authority-key ca.key",
                "public-private-key ca.pem",
                "public-private-key client.pem",
                "public-private-key server.pem",
            ],
            keys_of_nobody,
        ),
        // With tlsMode 2, whoever has that authority's key gets in.
        broken(
            "the authority of Milvus' sources beside the own one",
            &["ca-without-key-usage ca.pem", "public-private-key ca.pem"],
            |folder| folder.write("ca.pem", format!("{}{CA}", folder.text("ca.pem"))),
        ),
    ]
}
