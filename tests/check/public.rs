//! The certificates in `configs/cert` of Milvus' sources. Their private keys are public, and are not
//! copied here.

use crate::case::{Case, broken, made};
use crate::common::folder::Folder;

const CA: &str = include_str!("public/ca.pem");
const SERVER: &str = include_str!("public/server.pem");
const CLIENT: &str = include_str!("public/client.pem");

/// They end on 2032-04-28.
pub(crate) fn cases() -> Vec<Case> {
    let without_keys = |folder: &Folder| {
        folder.write("ca.pem", CA);
        folder.write("server.pem", SERVER);
        folder.write("client.pem", CLIENT);
    };
    vec![
        made(
            "the certificates of Milvus' sources",
            &[
                // gen.sh made that CA as well.
                "ca-without-key-usage ca.pem",
                "missing-file client.key",
                "missing-file server.key",
                "no-authority-key ca.key",
                "no-authority-key-id server.pem",
                "public-private-key ca.pem",
                "public-private-key client.pem",
                "public-private-key server.pem",
            ],
            without_keys,
        ),
        // With tlsMode 2, everybody with the key of that CA is let in.
        broken(
            "the CA of Milvus' sources beside the directory's own",
            &["public-private-key ca.pem"],
            |folder| folder.write("ca.pem", format!("{}{CA}", folder.text("ca.pem"))),
        ),
    ]
}
