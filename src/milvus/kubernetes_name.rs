use std::fmt;

/// A name that Kubernetes takes: lower-case letters, digits and hyphens (RFC 1123), so that it can
/// stand in YAML, in a command line and in DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesName(String);

/// What is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// A release of the Helm chart, or a Milvus resource of the operator. Helm allows 53 characters,
    /// and the Services that are named after it have to begin with a letter.
    Release,
    /// A namespace: 63 characters.
    Namespace,
    /// A Secret. Others are named after it, and a label has 63 characters.
    Secret,
}

/// A name that Kubernetes does not take.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{value:?} is no name of a {}: {reason}", kind.name())]
pub struct KubernetesNameInvalid {
    value: String,
    kind: NameKind,
    reason: String,
}

impl NameKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Namespace => "namespace",
            Self::Secret => "Secret",
        }
    }

    const fn max_length(self) -> usize {
        match self {
            Self::Release | Self::Secret => 53,
            Self::Namespace => 63,
        }
    }
}

impl KubernetesName {
    /// Takes a name.
    ///
    /// # Errors
    /// If Kubernetes, Helm or the operator would refuse it.
    pub fn new(kind: NameKind, value: &str) -> Result<Self, KubernetesNameInvalid> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let reason = match value.as_bytes() {
            [] => "it is empty".into(),
            bytes if bytes.len() > kind.max_length() => {
                format!("it is longer than {} characters", kind.max_length())
            }
            bytes if !bytes.iter().copied().all(allowed) => {
                "only lower-case letters, digits and hyphens can stand in it".into()
            }
            [b'-', ..] | [.., b'-'] => "it begins or ends with a hyphen".into(),
            [first, ..] if kind == NameKind::Release && !first.is_ascii_lowercase() => {
                "it does not begin with a letter".into()
            }
            _ => return Ok(Self(value.to_owned())),
        };
        Err(KubernetesNameInvalid { value: value.to_owned(), kind, reason })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
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
