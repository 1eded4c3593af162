use std::fmt;

use serde::Serialize;

use crate::base::error::Error;

/// A name that Kubernetes takes: lower-case letters, digits and hyphens (RFC 1123), so that it can
/// stand in YAML, in a command line and in DNS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct KubernetesName(String);

/// What is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameKind {
    /// A release of the Helm chart, or a Milvus resource of the operator. Helm allows 53 characters,
    /// and the Services that are named after it have to begin with a letter.
    Release,
    /// 63 characters.
    Namespace,
    /// Others are named after a Secret, and a label has 63 characters.
    Secret,
}

impl KubernetesName {
    pub(crate) fn new(kind: NameKind, value: &str) -> Result<Self, Error> {
        let (what, max_length) = match kind {
            NameKind::Release => ("release", 53),
            NameKind::Namespace => ("namespace", 63),
            NameKind::Secret => ("Secret", 53),
        };
        let allowed = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
        let reason = match value.as_bytes() {
            [] => "it is empty",
            bytes if bytes.len() > max_length => &format!("it is longer than {max_length} characters"),
            bytes if !bytes.iter().all(allowed) => {
                "only lower-case letters, digits and hyphens can stand in it"
            }
            [b'-', ..] | [.., b'-'] => "it begins or ends with a hyphen",
            [first, ..] if kind == NameKind::Release && !first.is_ascii_lowercase() => {
                "it does not begin with a letter"
            }
            _ => return Ok(Self(value.to_owned())),
        };
        Err(Error::new(format!("{value:?} is no name of a {what}: {reason}")))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KubernetesName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_kubernetes_takes_are_taken() {
        for name in ["my-release", "a", "milvus2", &"a".repeat(53)] {
            assert!(KubernetesName::new(NameKind::Release, name).is_ok(), "{name}");
        }
        assert!(KubernetesName::new(NameKind::Namespace, "2nd").is_ok());
    }

    #[test]
    fn names_that_would_break_yaml_a_shell_or_dns_are_refused() {
        let long = "a".repeat(54);
        for name in
            ["", "-a", "a-", "A", "a b", "a\nb", "a\"b", "a:b", "{{a}}", "ä", "a.b", "2a", "$(id)", &long]
        {
            assert!(KubernetesName::new(NameKind::Release, name).is_err(), "{name}");
        }
    }
}
