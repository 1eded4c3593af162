//! Files that are not PEM, or damaged PEM, or PEM of something else; and forms of PEM that are valid.

use crate::case::{Case, broken};
use crate::common::folder::Folder;

pub(crate) fn cases() -> Vec<Case> {
    [not_pem(), byte_order_marks(), folded(), damaged(), fine()].into_iter().flatten().collect()
}

fn not_pem() -> Vec<Case> {
    let in_der = |file: &'static str, command: &'static str| {
        broken(format!("a {file} in DER"), &[&format!("not-pem {file}")], move |folder| {
            folder.openssl(&format!("{command} -in {file} -outform DER -out work/der"));
            folder.join(&["work/der"], file);
        })
    };
    let in_utf_16 = |order: &str, octets: fn(u16) -> [u8; 2]| {
        broken(
            format!("a server.pem in UTF-16, {order} octet first"),
            &["utf-16 server.pem"],
            move |folder| {
                let text = format!("\u{feff}{}", folder.text("server.pem"));
                folder.write("server.pem", text.encode_utf16().flat_map(octets).collect::<Vec<_>>());
            },
        )
    };
    vec![
        in_der("server.pem", "x509"),
        in_der("ca.pem", "x509"),
        in_der("client.pem", "x509"),
        in_der("server.key", "pkey"),
        in_der("client.key", "pkey"),
        in_der("ca.key", "pkey"),
        in_utf_16("lower", u16::to_le_bytes),
        in_utf_16("higher", u16::to_be_bytes),
        broken("a server.pem that is PKCS#12", &["not-pem server.pem"], |folder| {
            folder.openssl(
                "pkcs12 -export -in server.pem -inkey server.key -passout file:work/pass -out work/server.p12",
            );
            folder.join(&["work/server.p12"], "server.pem");
        }),
    ]
}

fn byte_order_marks() -> Vec<Case> {
    let marked = |file: &'static str| {
        broken(
            format!("a {file} that begins with a byte order mark"),
            &[&format!("byte-order-mark {file}")],
            move |folder| folder.write(file, format!("\u{feff}{}", folder.text(file))),
        )
    };
    vec![
        marked("server.pem"),
        marked("server.key"),
        marked("ca.pem"),
        // The mark hides the first line, which is not the PEM header.
        broken("a byte order mark before the text of `openssl x509 -text`", &[], |folder| {
            let text = folder.openssl("x509 -in server.pem -text");
            folder.write("server.pem", format!("\u{feff}{text}"));
        }),
    ]
}

fn folded() -> Vec<Case> {
    let rewritten = |how: &str, file: &'static str, rewrite: fn(&str) -> String| {
        broken(format!("a {file} {how}"), &[&format!("folded-pem {file}")], move |folder| {
            folder.write(file, rewrite(&folder.text(file)));
        })
    };
    let spaces = |text: &str| text.trim_end().replace('\n', " ") + "\n";
    let escapes = |text: &str| text.replace('\n', "\\n");
    let indent = |text: &str| text.lines().map(|line| format!("    {line}\n")).collect();
    let indent_rest = |text: &str| text.trim_end().replace('\n', "\n    ") + "\n";
    vec![
        rewritten("whose lines are joined by spaces", "server.pem", spaces),
        rewritten("whose lines are joined by spaces", "server.key", spaces),
        rewritten("whose lines are joined by spaces", "ca.pem", spaces),
        rewritten("whose lines are joined by spaces", "client.key", spaces),
        rewritten("with a backslash and an n for every line end", "server.pem", escapes),
        rewritten("with a backslash and an n for every line end", "server.key", escapes),
        rewritten("whose lines are joined by nothing", "server.pem", |text| text.replace('\n', "")),
        rewritten("with indented lines", "server.pem", indent),
        rewritten("with indented lines", "server.key", indent),
        rewritten("whose lines are indented from the second on", "server.pem", indent_rest),
    ]
}

fn damaged() -> Vec<Case> {
    let written = |what: &str, file: &'static str, content: fn(&Folder) -> Vec<u8>| {
        broken(format!("a {file} {what}"), &[&format!("damaged-file {file}")], move |folder| {
            folder.write(file, content(folder));
        })
    };
    let relabelled = |label: &'static str| {
        broken(format!("a server.pem with the label {label}"), &["damaged-file server.pem"], move |folder| {
            let text = folder.text("server.pem");
            folder.write("server.pem", text.replace(" CERTIFICATE-", &format!(" {label}-")));
        })
    };
    vec![
        written("that is cut off", "server.pem", |folder| half(folder, "server.pem")),
        written("that is cut off", "server.key", |folder| half(folder, "server.key")),
        written("that is cut off", "ca.pem", |folder| half(folder, "ca.pem")),
        written("that is cut off", "client.pem", |folder| half(folder, "client.pem")),
        written("of noise", "server.pem", |_| (0..600_u32).map(|n| (n * n % 251) as u8 | 1).collect()),
        written("of words", "server.pem", |_| b"ask Bob for the certificate\n".to_vec()),
        written("of words", "server.key", |_| b"ask Bob for the key\n".to_vec()),
        written("of words", "ca.key", |_| b"ask Bob for the key\n".to_vec()),
        written("with a changed letter", "server.pem", |folder| {
            // In the length of the outermost SEQUENCE.
            folder.text("server.pem").replacen("\nMII", "\nMIJ", 1).into_bytes()
        }),
        written("that is a public key", "server.key", |folder| {
            folder.openssl("pkey -in server.key -pubout").into_bytes()
        }),
        written("that is a request", "server.pem", |folder| {
            folder.openssl("req -new -key server.key -subj /CN=localhost").into_bytes()
        }),
        // crypto/tls takes the label CERTIFICATE alone, OpenSSL these as well.
        relabelled("X509 CERTIFICATE"),
        relabelled("TRUSTED CERTIFICATE"),
        broken(
            "server.key and server.pem with each other's content",
            // Everybody may read server.pem, where the key now is.
            &["damaged-file server.key", "damaged-file server.pem", "key-readable-by-others server.pem"],
            |folder| {
                let (key, certificate) = (folder.read("server.key"), folder.read("server.pem"));
                folder.write("server.key", certificate);
                folder.write("server.pem", key);
            },
        ),
        broken("a server.key that holds the certificate", &["damaged-file server.key"], |folder| {
            folder.join(&["server.pem"], "server.key");
        }),
    ]
}

fn fine() -> Vec<Case> {
    let rewritten = |how: &str, rewrite: fn(&str) -> String| {
        broken(format!("files {how}"), &[], move |folder| {
            for file in ["ca.pem", "server.pem", "server.key", "client.pem", "client.key"] {
                folder.write(file, rewrite(&folder.text(file)));
            }
        })
    };
    vec![
        rewritten("whose lines end with CR LF", |text| text.replace('\n', "\r\n")),
        rewritten("without a newline at their end", |text| text.trim_end().to_owned()),
        rewritten("with text around the PEM", |text| format!("Bag Attributes\n  none\n\n{text}\nThe end.\n")),
        rewritten("whose Base64 is one long line", |text| {
            let lines: Vec<_> = text.lines().collect();
            let [first, body @ .., last] = &lines[..] else { unreachable!("{text}") };
            format!("{first}\n{}\n{last}\n", body.concat())
        }),
        broken("a server.pem with the text of `openssl x509 -text`", &[], |folder| {
            folder.write("server.pem", folder.openssl("x509 -in server.pem -text"));
        }),
        broken("a server.key with the certificate before the key", &[], |folder| {
            folder.join(&["server.pem", "server.key"], "work/both");
            folder.join(&["work/both"], "server.key");
        }),
    ]
}

fn half(folder: &Folder, file: &str) -> Vec<u8> {
    let content = folder.read(file);
    content[..content.len() / 2].to_vec()
}
