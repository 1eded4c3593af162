//! The days on which certificates begin and end.

use crate::case::{Case, made};
use crate::common::certificate::{certificate, directory_of, issue_both, new_key};
use crate::common::folder::P256_KEY;

const PAST: (&str, &str) = ("20200101000000Z", "20210101000000Z");
const FUTURE: (&str, &str) = ("20980101000000Z", "20990101000000Z");

pub(crate) fn cases() -> Vec<Case> {
    let dated = |role: &'static str, what: &str, code: &str, (start, end): (&'static str, &'static str)| {
        made(format!("a {role}.pem that {what}"), &[&format!("{code} {role}.pem")], move |folder| {
            directory_of(folder, &certificate("ca"));
            certificate(role).issue_dated(folder, start, end);
        })
    };
    let ends_soon = |role: &'static str, findings: &[&str]| {
        made(format!("a {role}.pem that ends in five days"), findings, move |folder| {
            directory_of(folder, &certificate("ca"));
            certificate(role).options("-days 5").issue(folder);
        })
    };
    let dated_ca = |what: &str, findings: &[&str], (start, end): (&'static str, &'static str)| {
        made(format!("a CA that {what}"), findings, move |folder| {
            directory_of(folder, &certificate("ca"));
            certificate("ca").self_sign_dated(folder, start, end);
            issue_both(folder);
        })
    };
    let ending_ca = |what: &str, findings: &[&str], days: [&'static str; 2]| {
        made(what, findings, move |folder| {
            directory_of(folder, &certificate("ca").options(days[0]));
            for role in ["server", "client"] {
                certificate(role).options(days[1]).issue(folder);
            }
        })
    };
    vec![
        dated("server", "has expired", "expired", PAST),
        dated("client", "has expired", "expired", PAST),
        made("an expired client.pem where one-way TLS is checked", &[], |folder| {
            directory_of(folder, &certificate("ca"));
            certificate("client").issue_dated(folder, PAST.0, PAST.1);
        })
        .checked_with("--tls-mode 1"),
        dated("server", "is not yet valid", "not-yet-valid", FUTURE),
        dated("client", "is not yet valid", "not-yet-valid", FUTURE),
        ends_soon("server", &["expiring server.pem"]),
        ends_soon("client", &["expiring client.pem"]),
        made("a server.pem that ends in five days, where four are enough", &[], |folder| {
            directory_of(folder, &certificate("ca"));
            certificate("server").options("-days 5").issue(folder);
        })
        .checked_with("--expires-in 4d"),
        // What it signed has valid dates, and does not verify.
        dated_ca("has expired", &["expired ca.pem"], PAST),
        dated_ca("is not yet valid", &["not-yet-valid ca.pem"], FUTURE),
        // A certificate that ends after its CA is of no use from then on.
        ending_ca(
            "a CA that ends in five days, before what it signed",
            &["expiring ca.pem", "outlives-ca client.pem", "outlives-ca server.pem"],
            ["-days 5", "-days 3650"],
        ),
        ending_ca(
            "a CA that ends in five days, after what it signed",
            &["expiring ca.pem", "expiring client.pem", "expiring server.pem"],
            ["-days 5", "-days 4"],
        ),
        ending_ca(
            "certificates that end after their CA",
            &["outlives-ca client.pem", "outlives-ca server.pem"],
            ["-days 365", "-days 367"],
        ),
        made("an expired intermediate CA", &["expired server.pem"], |folder| {
            directory_of(folder, &certificate("ca"));
            new_key(folder, "middle", P256_KEY);
            certificate("middle").subject("/O=Test/CN=Middle CA").issue_dated(folder, PAST.0, PAST.1);
            certificate("server").by("middle").issue(folder);
            folder.join(&["server.pem", "middle.pem"], "server.pem");
        }),
    ]
}
