//! ca.srl, and serial numbers that two certificates share.

use crate::case::{Case, broken, made};
use crate::common::certificate::{certificate, directory_of};

pub(crate) fn cases() -> Vec<Case> {
    let written = |what: &str, content: &'static str| {
        broken(format!("a ca.srl {what}"), &["serial-file-malformed ca.srl"], move |folder| {
            folder.write("ca.srl", content);
        })
    };
    let exhausted = |content: &'static str| {
        broken(format!("a ca.srl of {content}"), &["serial-file-exhausted ca.srl"], move |folder| {
            folder.write("ca.srl", content);
        })
    };
    let rewritten = |how: &str, rewrite: fn(&str) -> String| {
        broken(format!("a ca.srl {how}"), &[], move |folder| {
            folder.write("ca.srl", rewrite(&folder.text("ca.srl")));
        })
    };
    vec![
        written("with an odd number of digits", "ABC\n"),
        written("with one digit", "1\n"),
        written("of other letters", "xyz\n"),
        written("with a prefix", "0x12\n"),
        written("that is empty", ""),
        written("of 21 octets", "7F0102030405060708090A0B0C0D0E0F1011121314\n"),
        exhausted("7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"),
        exhausted("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"),
        rewritten("in lower case", str::to_lowercase),
        rewritten("whose line ends with CR LF", |text| text.replace('\n', "\r\n")),
        rewritten("without a newline", |text| text.trim_end().to_owned()),
        rewritten("from another CA", |_| "7F0102030405060708090A0B0C0D0E0F10111213\n".into()),
        broken("a ca.srl from before a renewal", &["serial-file-behind ca.srl"], |folder| {
            let before = folder.read("ca.srl");
            folder.milvus_certs("renew");
            folder.write("ca.srl", before);
        }),
        broken("a ca.srl from before the client was renewed", &["serial-file-behind ca.srl"], |folder| {
            let before = folder.read("ca.srl");
            folder.milvus_certs("renew client");
            folder.write("ca.srl", before);
        }),
        made(
            "a server and a client with the same serial number",
            &["duplicate-serial client.pem"],
            |folder| {
                directory_of(folder, &certificate("ca"));
                for role in ["server", "client"] {
                    certificate(role).options("-days 3650 -set_serial 0x1234").issue(folder);
                }
            },
        ),
        made("a server with its CA's serial number", &["duplicate-serial server.pem"], |folder| {
            directory_of(folder, &certificate("ca").options("-days 36500 -set_serial 0x1234"));
            certificate("server").options("-days 3650 -set_serial 0x1234").issue(folder);
        }),
    ]
}
