//! Runs at another time than now, through the library.

use std::path::Path;

use milvus_certs::{
    Days, EndEntityKind, GenerateRequest, IssueRequest, KeyType, Protection, Recipient, Recipients,
    RenewRequest, generate, issue, renew,
};
use time::{Duration, OffsetDateTime};

fn days_from_now(days: i64) -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::days(days)
}

pub(crate) fn days(count: u32) -> Days {
    Days::new(count).unwrap()
}

/// Makes a certificate directory so many days ago, with keys that are made fast.
pub(crate) fn generate_days_ago(days: i64, directory: &Path, change: impl FnOnce(&mut GenerateRequest)) {
    let mut request = GenerateRequest::new(directory);
    request.key_type = KeyType::P256;
    change(&mut request);
    generate(&request, days_from_now(-days)).unwrap();
}

/// Renews server and client in so many days from now.
pub(crate) fn renew_in_days(days: i64, directory: &Path) {
    renew(&RenewRequest::new(directory), days_from_now(days)).unwrap();
}

/// Issues a certificate so many days ago.
pub(crate) fn issue_days_ago(days: i64, directory: &Path, kind: EndEntityKind, name: &str, lifetime: Days) {
    let request = IssueRequest {
        directory: directory.to_owned(),
        output: None,
        to: Recipients::Named(vec![Recipient {
            days: Some(lifetime),
            key_type: Some(KeyType::P256),
            ..Recipient::new(kind, name.parse().unwrap())
        }]),
        passphrase: None,
        replace: false,
        dry_run: false,
        protection: Protection::Required,
    };
    issue(&request, days_from_now(-days)).unwrap();
}
