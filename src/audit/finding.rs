use serde::{Serialize, Serializer};

use super::rules::Clients;
use super::{Client, Code};
use crate::milvus::TlsMode;
use crate::pki::{EndEntityKind, shell_quoted};
use crate::store::FileRole;

/// Something that is wrong, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing: the key to [`Code::severity`], [`Code::why`] and the fix.
    pub code: Code,
    /// Where.
    pub place: Place,
    /// What was found there, in a person's words.
    pub evidence: String,
    /// What helps: a command wherever there is one.
    pub fix: String,
    /// The clients that it stops in one-way and in mutual TLS.
    breaks: [Clients; 2],
}

/// A file, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file or folder, as it was named.
    pub path: String,
    /// Where in a text file.
    pub position: Option<Position>,
}

/// A position in a text file, both counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// What a fix's template can name; see [`Code`].
#[derive(Clone, Debug, Default)]
pub(super) struct Remedy<'a> {
    /// The certificate directory.
    pub(super) directory: Option<&'a str>,
    /// Whose file it is about; none for the authority's, and for configuration.
    pub(super) kind: Option<EndEntityKind>,
    /// A name that is asked for.
    pub(super) name: Option<&'a str>,
    /// Whether it is about a private key.
    pub(super) is_key: bool,
    /// Whether `ca.key` is somewhere else: nothing can be renewed without it.
    pub(super) is_authority_elsewhere: bool,
}

impl Finding {
    /// A finding about configuration.
    pub(super) fn new(code: Code, place: Place, evidence: impl Into<String>, remedy: &Remedy<'_>) -> Self {
        let template = if remedy.kind.is_some() { code.fix() } else { code.authority_fix() };
        let fix = remedy.fill(template, &place.path);
        Self { code, place, evidence: evidence.into(), fix, breaks: code.breaks().of(None) }
    }

    /// The same about a file with this role.
    pub(super) fn about(mut self, role: FileRole) -> Self {
        self.breaks = self.code.breaks().of(Some(role));
        self
    }

    /// It stops these clients in one-way and in mutual TLS, instead of those that its code says.
    pub(super) fn stops(&mut self, one_way: Clients, mutual: Clients) {
        self.breaks = [one_way, mutual];
    }

    /// Whether a client cannot work in a mode because of it.
    #[must_use]
    pub fn breaks(&self, mode: TlsMode, client: Client) -> bool {
        let [one_way, mutual] = self.breaks;
        match mode {
            TlsMode::OneWay => one_way.contains(&client),
            TlsMode::Mutual => mutual.contains(&client),
        }
    }
}

impl Place {
    /// A file or folder as a whole.
    #[must_use]
    pub fn file(path: impl Into<String>) -> Self {
        Self { path: path.into(), position: None }
    }

    /// A place in a text file.
    #[must_use]
    pub fn at(path: impl Into<String>, position: Position) -> Self {
        Self { path: path.into(), position: Some(position) }
    }
}

/// `path`, or `path:line:column`.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.position {
            None => f.write_str(&self.path),
            Some(Position { line, column }) => write!(f, "{}:{line}:{column}", self.path),
        }
    }
}

impl Remedy<'_> {
    /// Puts quoted values into a template of [`Code`].
    fn fill(&self, template: &str, path: &str) -> String {
        let directory = match self.directory {
            None | Some(".") => String::new(),
            Some(directory) => format!(" -d {}", shell_quoted(directory)),
        };
        let place = match template.contains("milvus-certs renew") && self.is_authority_elsewhere {
            true => "where ca.key is: ",
            false => "",
        };
        let command = template
            .replace("{openssl}", if self.is_key { "pkey" } else { "x509" })
            .replace("{file}", &shell_quoted(path))
            .replace("{dir}", &directory)
            .replace("{kind}", &self.kind.map(|kind| format!(" {kind}")).unwrap_or_default())
            .replace("{name}", &shell_quoted(self.name.unwrap_or("NAME")));
        format!("{place}{command}")
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut finding = serializer.serialize_struct("Finding", 8)?;
        finding.serialize_field("code", self.code.name())?;
        finding.serialize_field("severity", &self.code.severity())?;
        finding.serialize_field("file", &self.place.path)?;
        finding.serialize_field("line", &self.place.position.map(|position| position.line))?;
        finding.serialize_field("column", &self.place.position.map(|position| position.column))?;
        finding.serialize_field("evidence", &self.evidence)?;
        finding.serialize_field("why", self.code.why())?;
        finding.serialize_field("fix", &self.fix)?;
        finding.end()
    }
}
