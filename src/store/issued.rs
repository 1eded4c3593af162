use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::base::text::shell_quoted;
use crate::store::layout::{FileRole, RelativePath};
use crate::x509::{EndEntityKind, GeneralName};

/// The folder of a certificate directory for what its CA has issued beside `server.pem` and `client.pem`.
pub(crate) const ISSUED_FOLDER: &str = "issued";

/// The inventory in that folder.
pub(crate) const INVENTORY: &str = "index.jsonl";

/// The folder of a certificate directory for the new CA, while the old one is being replaced.
pub(crate) const NEXT_FOLDER: &str = "next";

/// The name of something that was issued: of its folder and its files, and its CommonName.
///
/// Names that differ only in case are one, as they are on the disks of macOS.
#[derive(Clone, Debug, Eq)]
pub struct IssuedName(String);

/// Whose a folder is that holds what was issued to one server or client: key and certificate have its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IssuedFolder {
    pub(crate) name: IssuedName,
    pub(crate) kind: EndEntityKind,
}

impl IssuedFolder {
    /// What a file is called in it.
    pub(crate) fn name_of(&self, role: FileRole) -> Cow<'static, str> {
        match role.kind() {
            None => role.file_name().into(),
            Some(_) if role.is_key() => self.name.key_file().into(),
            Some(_) => self.name.certificate_file().into(),
        }
    }
}

/// A name that cannot be that of a folder and of files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} cannot be the name of files: {reason}")]
pub struct NameUnsafe {
    name: String,
    reason: &'static str,
}

impl NameUnsafe {
    /// The next step: what cannot be the name of files can often stand in a certificate.
    pub fn hint(&self) -> String {
        match self.name.parse::<GeneralName>() {
            Ok(_) => {
                let name = shell_quoted(&self.name);
                format!("choose another NAME, such as milvus-2, and give this one with --san {name}")
            }
            Err(_) => "choose a NAME of letters, digits, `.`, `_` and `-`".into(),
        }
    }
}

impl IssuedName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn key_file(&self) -> String {
        format!("{self}.key")
    }

    pub(crate) fn certificate_file(&self) -> String {
        format!("{self}.pem")
    }
}

impl FromStr for IssuedName {
    type Err = NameUnsafe;

    fn from_str(name: &str) -> Result<Self, NameUnsafe> {
        // The dot at the end of a fully qualified name.
        let name = name.strip_suffix('.').unwrap_or(name);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        // X.520 allows a CommonName 64 characters.
        let reason = match name {
            "" => "it is empty",
            _ if name.len() > 64 => "it is longer than 64 characters",
            _ if !name.bytes().all(allowed) => "only letters, digits, `.`, `_` and `-` can stand in it",
            _ if name.starts_with(['.', '-']) => "it begins with a dot or a hyphen",
            _ if name.ends_with('.') => "it ends with a dot",
            _ if is_taken(name) => "the directory's own files are called so",
            _ => return Ok(Self(name.to_owned())),
        };
        Err(NameUnsafe { name: name.to_owned(), reason })
    }
}

/// `ca/ca.pem` would be both a certificate and the CA beside it; `server` and `client` are the directory's own.
fn is_taken(name: &str) -> bool {
    ["ca", "server", "client", INVENTORY].iter().any(|taken| name.eq_ignore_ascii_case(taken))
}

impl PartialEq for IssuedName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl std::hash::Hash for IssuedName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}

impl fmt::Display for IssuedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where key and certificate of a server or client are, with the `ca.pem` that they are used with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndEntityFiles {
    pub key: RelativePath,
    pub certificate: RelativePath,
    /// `ca.pem`: what it trusts, and what trusts it.
    pub ca: RelativePath,
}

impl EndEntityFiles {
    /// The directory's own.
    pub(crate) fn of_directory(kind: EndEntityKind) -> Self {
        let (key, certificate) = FileRole::pair_of(kind);
        Self { key: key.into(), certificate: certificate.into(), ca: FileRole::CaCertificate.into() }
    }

    /// Those of something that was issued, in the folder of all that is: `NAME/NAME.pem`.
    pub(crate) fn issued(name: &IssuedName) -> Self {
        let in_folder = |file: String| RelativePath::in_folder(name.as_str(), file);
        Self {
            key: in_folder(name.key_file()),
            certificate: in_folder(name.certificate_file()),
            ca: in_folder(FileRole::CaCertificate.file_name().to_owned()),
        }
    }

    /// The name under which it was issued; none for the directory's own.
    #[must_use]
    pub(crate) fn issued_as(&self) -> Option<IssuedName> {
        self.certificate.folder().and_then(|name| name.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_safe_as_that_of_a_file_on_any_disk_or_refused() {
        for name in ["search", "milvus-2.example.com", "a", "A_b.c-9", "10.0.0.5", &"x".repeat(64)] {
            assert_eq!(name.parse::<IssuedName>().unwrap().as_str(), name);
        }
        assert_eq!("a.b.".parse::<IssuedName>().unwrap().as_str(), "a.b");
        let refused =
            ["", ".", "..", "a..", "../x", "a/b", "-d", ".hidden", "a b", "ä", "a\n", "*.example.com"];
        let taken = ["ca", "CA", "server", "Client", "index.jsonl"];
        for name in refused.into_iter().chain(taken).chain([&*"x".repeat(65)]) {
            name.parse::<IssuedName>().unwrap_err();
        }
    }

    #[test]
    fn names_that_differ_only_in_case_are_one() {
        let name = |name: &str| name.parse::<IssuedName>().unwrap();
        assert_eq!(name("Search"), name("search"));
        assert_eq!(name("a.b."), name("a.b"));
        assert_ne!(name("search"), name("search2"));
    }

    #[test]
    fn what_a_certificate_can_say_is_hinted_to_be_a_san() {
        let long = "my-long-release-name-milvus.my-very-long-namespace-name.svc.cluster.local";
        let hint = |name: &str| name.parse::<IssuedName>().unwrap_err().hint();
        for (name, san) in [(long, long), ("*.example.com", "'*.example.com'"), ("::1", "::1")] {
            assert!(hint(name).ends_with(&format!("--san {san}")), "{}", hint(name));
        }
        assert!(!hint("../search").contains("--san"));
    }
}
