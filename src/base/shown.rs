//! What a finding shows of values that other people wrote: enough to find them again, and nothing of a
//! private key that stands where it does not belong.

use std::borrow::Cow;
use std::path::Path;

use crate::base::text::listed;

/// How much of a value is shown.
const LONGEST_VALUE: usize = 40;
/// How much of a path is shown: the whole of nearly every one.
const LONGEST_PATH: usize = 160;
/// How much is shown of what could be a key.
const BEGINNING: usize = 8;

/// Letters and digits in a row that are no word: base64 or hex.
const MATERIAL: usize = 24;
/// They are fewer where they change between small letters, capitals and digits as no words do.
const MIXED_MATERIAL: usize = 12;
const CHANGES: usize = 6;

/// A value as evidence, quoted.
pub(crate) fn shortened(text: &str) -> String {
    match redacted(text) {
        Some(redacted) => redacted,
        None => format!("{:?}", cut(text, LONGEST_VALUE)),
    }
}

/// A path, or a name that is short by nature, as evidence.
pub(crate) fn shown(path: &str) -> Cow<'_, str> {
    redacted(path).map_or_else(|| cut(path, LONGEST_PATH), Cow::Owned)
}

/// A path of this machine.
pub(crate) fn shown_path(path: &Path) -> String {
    shown(&path.display().to_string()).into_owned()
}

/// `a is`, `a and b are`.
pub(crate) fn list_are(names: &[impl AsRef<str>]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", listed(names))
}

fn cut(text: &str, longest: usize) -> Cow<'_, str> {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// What stands for a value that could be a key.
fn redacted(text: &str) -> Option<String> {
    if text.contains("-----BEGIN") {
        return Some("PEM".into());
    }
    let in_material = |byte: char| byte.is_ascii_alphanumeric() || matches!(byte, '+' | '=');
    let has_material = text.split(|letter| !in_material(letter)).any(is_material);
    has_material.then(|| {
        let count = text.chars().count();
        let beginning: String = text.chars().take(BEGINNING).collect();
        format!("{:?} ({count} characters)", format!("{beginning}…"))
    })
}

fn is_material(run: &str) -> bool {
    let class = |byte: u8| (byte.is_ascii_lowercase(), byte.is_ascii_uppercase());
    let changes = || run.as_bytes().windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count();
    run.len() >= MATERIAL || run.len() >= MIXED_MATERIAL && changes() >= CHANGES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_and_cut() {
        assert_eq!(shortened("2"), "\"2\"");
        assert_eq!(shortened("a\nb"), "\"a\\nb\"");
        let long = "a long sentence about nothing at all, and then some";
        assert_eq!(shortened(long), "\"a long sentence about nothing at all, an…\"");
    }

    #[test]
    fn names_and_paths_are_shown() {
        for path in [
            "/milvus/tls/server.pem",
            "/opt/certificates/serverCertificate.pem",
            "MILVUS_CONF_PROXY_HTTP_PORT",
            "registry.example:5000/milvusdb/milvus-gpu",
            "my-release-milvus.default.svc.cluster.local",
            "2001:db8:85a3:8d3:1319:8a2e:370:7348",
        ] {
            assert_eq!(shown(path), path);
        }
    }

    #[test]
    fn of_what_could_be_a_key_the_beginning_is_shown() {
        for key in [
            "MHcCAQEEIPpQzWXLgzw7T0Y2mF1s5mO6",
            "0123456789abcdef01234567",
            "MHcCAQEEIPpQ/zWXLgzw7T0Y2+F1s5mO6",
            "MHcCAQEE is the beginning of MHcC7QeEIPpQ5WX",
        ] {
            let beginning = &key[..8];
            assert_eq!(shortened(key), format!("\"{beginning}…\" ({} characters)", key.len()));
            assert_eq!(shown(key), shortened(key));
        }
        assert_eq!(shortened("x -----BEGIN PRIVATE KEY-----"), "PEM");
    }
}
