//! The days on which certificates begin and end.

use crate::P256_KEY;
use crate::draft::{below, draft, issue_both, new_key};
use crate::exhibit::{Exhibit, made};

const PAST: (&str, &str) = ("20200101000000Z", "20210101000000Z");
const FUTURE: (&str, &str) = ("20980101000000Z", "20990101000000Z");

pub(crate) fn exhibits() -> Vec<Exhibit> {
    let dated = |role: &'static str, what: &str, code: &str, (start, end): (&'static str, &'static str)| {
        made(format!("a {role}.pem that {what}"), &[&format!("{code} {role}.pem")], move |folder| {
            below(folder, &draft("ca"));
            draft(role).issue_dated(folder, start, end);
        })
    };
    let ends_soon = |role: &'static str, findings: &[&str]| {
        made(format!("a {role}.pem that ends in five days"), findings, move |folder| {
            below(folder, &draft("ca"));
            draft(role).options("-days 5").issue(folder);
        })
    };
    let dated_authority = |what: &str, findings: &[&str], (start, end): (&'static str, &'static str)| {
        made(format!("an authority that {what}"), findings, move |folder| {
            below(folder, &draft("ca"));
            draft("ca").self_sign_dated(folder, start, end);
            issue_both(folder);
        })
    };
    let ending_authority = |what: &str, findings: &[&str], days: [&'static str; 2]| {
        made(what, findings, move |folder| {
            below(folder, &draft("ca").options(days[0]));
            for role in ["server", "client"] {
                draft(role).options(days[1]).issue(folder);
            }
        })
    };
    vec![
        dated("server", "has expired", "expired", PAST),
        dated("client", "has expired", "expired", PAST),
        made("an expired client.pem where one-way TLS is checked", &[], |folder| {
            below(folder, &draft("ca"));
            draft("client").issue_dated(folder, PAST.0, PAST.1);
        })
        .checked_with("--tls-mode 1"),
        dated("server", "is not yet valid", "not-yet-valid", FUTURE),
        dated("client", "is not yet valid", "not-yet-valid", FUTURE),
        ends_soon("server", &["expiring server.pem"]),
        ends_soon("client", &["expiring client.pem"]),
        made("a server.pem that ends in five days, where four are enough", &[], |folder| {
            below(folder, &draft("ca"));
            draft("server").options("-days 5").issue(folder);
        })
        .checked_with("--expires-in 4d"),
        // What it signed is in date, and yet worthless.
        dated_authority("has expired", &["expired ca.pem"], PAST),
        dated_authority("is not yet valid", &["not-yet-valid ca.pem"], FUTURE),
        // Whatever ends after the authority's last day is of no use from then on.
        ending_authority(
            "an authority that ends in five days, before what it signed",
            &["expiring ca.pem", "outlives-ca client.pem", "outlives-ca server.pem"],
            ["-days 5", "-days 3650"],
        ),
        ending_authority(
            "an authority that ends in five days, after what it signed",
            &["expiring ca.pem", "expiring client.pem", "expiring server.pem"],
            ["-days 5", "-days 4"],
        ),
        ending_authority(
            "certificates that end after their authority",
            &["outlives-ca client.pem", "outlives-ca server.pem"],
            ["-days 365", "-days 367"],
        ),
        made("an expired intermediate authority", &["expired server.pem"], |folder| {
            below(folder, &draft("ca"));
            new_key(folder, "middle", P256_KEY);
            draft("middle").subject("/O=Zoo/CN=Middle CA").issue_dated(folder, PAST.0, PAST.1);
            draft("server").by("middle").issue(folder);
            folder.join(&["server.pem", "middle.pem"], "server.pem");
        }),
    ]
}
