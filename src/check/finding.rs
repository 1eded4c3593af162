use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use crate::base::place::Place;
use crate::base::text::shell_quoted;
use crate::check::codes::Clients;
use crate::check::{Bundle, Client, Code, Severity};
use crate::milvus::TlsMode;
use crate::store::FileRole;
use crate::x509::{EndEntityKind, GeneralName, check_may_issue};

/// Something that is wrong, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(from = "Fields<'static>", into = "Fields<'static>"))]
pub struct Finding {
    /// What kind of thing: the key to [`Code::severity`], [`Code::why`] and the fix.
    pub code: Code,
    /// Where.
    pub place: Place,
    /// What was found there, in a person's words.
    pub evidence: String,
    /// What helps: a command wherever there is one.
    pub fix: String,
    /// Whose certificate it is about, where that was said.
    kind: Option<EndEntityKind>,
    /// The clients that it stops in one-way and in mutual TLS.
    breaks: [Clients; 2],
}

/// What a fix's template can name; see [`Code`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Remedy<'a> {
    /// The certificate directory.
    pub(crate) directory: Option<&'a str>,
    /// Whose file it is about; none for the authority's, and for configuration.
    pub(crate) kind: Option<EndEntityKind>,
    /// A name that is asked for.
    pub(crate) name: Option<&'a str>,
    /// Whether it is about a private key.
    pub(crate) is_key: bool,
    /// Whether anything can be issued from the directory.
    pub(crate) authority: Authority,
    /// What it is about, where that is not of the directory itself.
    pub(crate) beside: Option<Beside<'a>>,
}

/// What lies in a folder of the certificate directory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Beside<'a> {
    /// Something that was issued.
    Issued {
        /// Its name.
        name: &'a str,
        /// The folder of what was issued, where it is not the directory's own.
        output: Option<&'a str>,
        /// The directory's ca.pem.
        ca: &'a str,
    },
    /// The authority that is to come.
    Next,
}

/// What there is to issue certificates with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Authority {
    /// A certificate that may issue, and its key.
    #[default]
    Fit,
    /// `ca.key` and `ca.pem`, from which nothing can be issued as they are.
    Unfit,
    /// `ca.key` is somewhere else.
    Elsewhere,
}

impl Bundle {
    /// Whether a renewal could issue from it.
    pub(crate) fn authority(&self, now: OffsetDateTime) -> Authority {
        if self.file(FileRole::CaKey).is_none() {
            return Authority::Elsewhere;
        }
        let Some(key) = self.key(FileRole::CaKey) else { return Authority::Unfit };
        let roles = [FileRole::CaCertificate, FileRole::ServerCertificate, FileRole::ClientCertificate];
        let mut certificates = roles.iter().flat_map(|role| self.certificates(*role));
        let may_issue = certificates.any(|certificate| {
            key.belongs_to(certificate) != Some(false) && check_may_issue(certificate, 0, now).is_ok()
        });
        if may_issue { Authority::Fit } else { Authority::Unfit }
    }
}

impl Finding {
    /// Something about a file or folder of a certificate directory, whatever it holds.
    #[must_use]
    pub fn in_directory(code: Code, path: String, evidence: impl Into<String>, directory: &str) -> Self {
        let remedy = Remedy { directory: Some(directory), ..Remedy::default() };
        Self::new(code, Place::file(path), evidence, &remedy)
    }

    /// A finding about configuration.
    pub(crate) fn new(code: Code, place: Place, evidence: impl Into<String>, remedy: &Remedy<'_>) -> Self {
        let template = remedy.template(code);
        // A certificate that has a line of its own is one in a Secret.
        let fix = match place.position.is_some() && code < Code::MalformedYaml {
            true => remedy.of_a_secret(template),
            false => remedy.of_a_file(template, &place.path),
        };
        Self::with_fix(code, place, evidence, fix, remedy.kind)
    }

    /// A finding about a running server, or about what one said. `kind` is whose certificate it is
    /// about, `directory` where that can be made anew, and `name` what it is asked for by.
    #[must_use]
    pub fn about_server(
        code: Code,
        place: Place,
        evidence: impl Into<String>,
        kind: Option<EndEntityKind>,
        directory: Option<&str>,
        name: Option<&str>,
    ) -> Self {
        let remedy = Remedy { directory, kind, name, ..Remedy::default() };
        let template = remedy.template(code);
        // What a server shows or a log tells of is a file that is somewhere else.
        let (key, certificate) = FileRole::pair_of(kind.unwrap_or(EndEntityKind::Server));
        let file = if place.position.is_some() { key } else { certificate }.file_name();
        let fix = remedy.of_a_file(template, file);
        Self::with_fix(code, place, evidence, fix, kind)
    }

    fn with_fix(
        code: Code,
        place: Place,
        evidence: impl Into<String>,
        fix: String,
        kind: Option<EndEntityKind>,
    ) -> Self {
        Self { code, place, evidence: evidence.into(), fix, kind, breaks: code.breaks().of(None) }
    }

    pub(crate) const fn kind(&self) -> Option<EndEntityKind> {
        self.kind
    }

    /// The same about a file with this role.
    pub(crate) fn about(mut self, role: FileRole) -> Self {
        self.breaks = self.code.breaks().of(Some(role));
        self
    }

    /// It stops these clients in one-way and in mutual TLS, instead of those that its code says.
    pub(crate) fn stops(&mut self, one_way: Clients, mutual: Clients) {
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

impl Remedy<'_> {
    /// The template of what helps.
    fn template(&self, code: Code) -> &'static str {
        match (self.beside, self.kind) {
            (None, Some(_)) => code.fix(),
            (None, None) => code.authority_fix(),
            (Some(Beside::Issued { .. }), Some(_)) => code.issued_fix(),
            (Some(_), None) if code == Code::UnreadableFile => code.fix(),
            // Whatever is wrong with it, the directory has the right one.
            (Some(Beside::Issued { .. }), None) => COPY_AUTHORITY,
            (Some(Beside::Next), _) if code == Code::KeyReadable => CLOSE_NEXT,
            (Some(Beside::Next), _) => Code::RotationBegun.fix(),
        }
    }

    /// What helps a file on this machine.
    fn of_a_file(&self, template: &str, path: &str) -> String {
        let fix = self.fill(template, path);
        let (command, more) = fix.split_once(COMMENT).unwrap_or((&fix, ""));
        let more = if more.is_empty() { String::new() } else { format!("; {more}") };
        match self.authority {
            Authority::Elsewhere if issues(command) => {
                format!("where ca.key is: `{command}`, then copy what it made here{more}")
            }
            Authority::Unfit
                if [RENEW, ISSUE].iter().any(|verb| command.contains(verb)) && issues(command) =>
            {
                format!(
                    "first mend ca.key and ca.pem, or put others here that belong together; then `{command}`{more}"
                )
            }
            Authority::Elsewhere => {
                fix.replace("`milvus-certs renew", "where ca.key is, `milvus-certs renew")
            }
            _ => fix,
        }
    }

    /// What helps a file in a Secret: it is made again, of the files of a certificate directory.
    fn of_a_secret(&self, template: &str) -> String {
        const AGAIN: &str = "milvus-certs config secret -d DIR | kubectl apply -f -";
        const AS_IT_WAS: &str =
            "makes the Secret again; --secret-name, --namespace and --type as it has them";
        let remedy = Self { authority: Authority::Elsewhere, ..self.clone() };
        let fix = remedy.fill(template, "");
        let command = fix.split(COMMENT).next().unwrap_or(&fix);
        match command {
            _ if command.starts_with("milvus-certs gen ") => {
                let again = AGAIN.replace("DIR", "NEW");
                format!("{NEW_AUTHORITY} && {again} # {AS_IT_WAS}; then give everybody the new ca.pem")
            }
            // What is damaged there need not be damaged in the directory.
            _ if issues(command) && !template.starts_with("{rm}") => {
                format!("{command} && {AGAIN} # {AS_IT_WAS}")
            }
            _ => format!("{AGAIN} # {AS_IT_WAS}"),
        }
    }

    /// Puts quoted values into a template of [`Code`].
    fn fill(&self, template: &str, path: &str) -> String {
        let is_elsewhere = self.authority == Authority::Elsewhere;
        let directory = match self.directory {
            _ if is_elsewhere && !template.starts_with("milvus-certs gen{dir}") => " -d DIR".to_owned(),
            None | Some(".") => String::new(),
            Some(directory) => format!(" -d {}", shell_quoted(directory)),
        };
        let file = shell_quoted(path);
        let remove = if is_elsewhere { String::new() } else { format!("rm {file} && ") };
        // The mode and the owner of the file stay, and the new one of a key is nobody else's.
        let (open, close) = if self.is_key { ("(umask 077; ", ")") } else { ("", "") };
        template
            .replace("{open}", open)
            .replace("{replace}", &format!("{close} && cat {{new}} > {{file}} && rm {{new}}"))
            .replace("{restore}", if is_elsewhere { COPY } else { RESTORE })
            .replace("{rm}", &remove)
            .replace("{openssl}", if self.is_key { "pkey" } else { "x509" })
            .replace("{new}", &shell_quoted(&format!("{path}.new")))
            .replace("{file}", &file)
            .replace("{dir}", &directory)
            .replace("{kind}", &self.whose().map(|whose| format!(" {whose}")).unwrap_or_default())
            .replace("{server}", &self.issued_name().unwrap_or_else(|| EndEntityKind::Server.to_string()))
            .replace("{client}", &self.issued_name().unwrap_or_else(|| EndEntityKind::Client.to_string()))
            .replace("{as}", &self.as_issued())
            .replace("{ca}", &self.authority_file())
            .replace(
                "{naming}",
                if self.usable_name().is_some() { "--san {name}" } else { "--common-name NAME" },
            )
            .replace("{name}", &shell_quoted(self.usable_name().unwrap_or("NAME")))
    }

    /// What `renew` calls it.
    fn whose(&self) -> Option<String> {
        self.issued_name().or_else(|| self.kind.map(|kind| kind.to_string()))
    }

    fn issued_name(&self) -> Option<String> {
        match self.beside {
            Some(Beside::Issued { name, .. }) => Some(shell_quoted(name)),
            Some(Beside::Next) | None => None,
        }
    }

    /// What `issue` calls it.
    fn as_issued(&self) -> String {
        let kind = self.kind.unwrap_or(EndEntityKind::Client);
        let name = self.issued_name().unwrap_or_else(|| "NAME".into());
        match self.beside {
            Some(Beside::Issued { output: Some(output), .. }) => {
                format!("{kind} {name} --out {}", shell_quoted(output))
            }
            _ => format!("{kind} {name}"),
        }
    }

    /// The directory's ca.pem.
    fn authority_file(&self) -> String {
        let path = match self.beside {
            Some(Beside::Issued { ca, .. }) => ca,
            Some(Beside::Next) | None => FileRole::CaCertificate.file_name(),
        };
        shell_quoted(path)
    }

    /// The name that is asked for, where it is one: what a subject or a configuration has can be anything.
    fn usable_name(&self) -> Option<&str> {
        self.name.filter(|name| !name.starts_with('-') && name.parse::<GeneralName>().is_ok())
    }
}

/// Stands before what a shell does not read.
const COMMENT: &str = " # ";
const RENEW: &str = "milvus-certs renew";
const ISSUE: &str = "milvus-certs issue";
const COPY_AUTHORITY: &str = "cat {ca} > {file} # then take it to where it is used; where another CA signed what is beside it, `milvus-certs renew{dir} --adopt{kind}`";
const CLOSE_NEXT: &str = "chmod 600 {file} # if others could have read it, begin with another one: `milvus-certs rotate-ca status{dir}` says how far this is";
const NEW_AUTHORITY: &str = "milvus-certs gen -d NEW";
const COPY: &str = "copy it here again from where the certificates were made";
const RESTORE: &str =
    "restore it from a backup; without one, `milvus-certs gen --force{dir}` starts a new authority";

/// Whether a command needs the authority's key.
fn issues(command: &str) -> bool {
    [RENEW, ISSUE, "milvus-certs rotate-ca begin", "milvus-certs gen --force", "rm "]
        .iter()
        .any(|start| command.starts_with(start))
        && command.contains("milvus-certs ")
}

/// A finding in JSON.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Finding"))]
struct Fields<'a> {
    /// The kind of finding, a stable name for scripts.
    code: &'a str,
    severity: Severity,
    /// The file or folder; `-` is standard input.
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    /// What was found there.
    evidence: &'a str,
    /// Why it matters to Milvus.
    why: &'a str,
    /// What helps.
    fix: &'a str,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = Fields {
            code: self.code.name(),
            severity: self.code.severity(),
            file: &self.place.path,
            line: self.place.position.map(|position| position.line),
            column: self.place.position.map(|position| position.column),
            evidence: &self.evidence,
            why: self.code.why(),
            fix: &self.fix,
        };
        fields.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use crate::base::place::Position;
    use std::collections::BTreeSet;
    use std::process::Command;

    use super::*;

    /// The words with which a command begins.
    const COMMANDS: [&str; 14] = [
        "milvus-certs ",
        "chmod ",
        "chown ",
        "setfacl ",
        "rm ",
        "openssl ",
        "sed ",
        "ls ",
        "cat ",
        "iconv ",
        "(umask ",
        "ss ",
        "curl ",
        "docker ",
    ];

    /// Every fix that can be printed, in every situation.
    fn fixes() -> Vec<(Code, String)> {
        let kinds = [None, Some(EndEntityKind::Server), Some(EndEntityKind::Client)];
        let authorities = [Authority::Fit, Authority::Unfit, Authority::Elsewhere];
        let names = [None, Some("db.example.com"), Some("--help"), Some(""), Some("my server")];
        let places =
            [Place::file("my certs/file"), Place::at("secret.yaml", Position { line: 1, column: 2 })];
        let issued = Beside::Issued { name: "search", output: Some("my folder"), ca: "my certs/ca.pem" };
        let mut fixes = Vec::new();
        for code in Code::ALL {
            for place in &places {
                // A Secret has nothing beside its files.
                let besides: &[_] = match place.position {
                    None => &[None, Some(issued), Some(Beside::Next)],
                    Some(_) => &[None],
                };
                for (kind, authority) in kinds.iter().flat_map(|kind| authorities.map(|one| (*kind, one))) {
                    for (name, beside) in
                        names.iter().flat_map(|name| besides.iter().map(|beside| (*name, *beside)))
                    {
                        let directory = place.position.is_none().then_some("my certs");
                        let is_key = name.is_some();
                        let remedy = Remedy { directory, kind, name, is_key, authority, beside };
                        fixes.push((*code, Finding::new(*code, place.clone(), "", &remedy).fix));
                    }
                }
            }
        }
        fixes
    }

    fn begins_with_a_command(fix: &str) -> bool {
        COMMANDS.iter().any(|command| fix.starts_with(command))
    }

    #[test]
    fn a_fix_is_a_command_with_a_comment_or_prose_with_commands_in_backticks() {
        for (code, fix) in fixes() {
            assert!(!fix.contains('\n') && !fix.contains(['{', '}']), "{code}: {fix}");
            let (prose, command) = match begins_with_a_command(&fix) {
                true => {
                    fix.split_once(COMMENT).map_or(("", fix.as_str()), |(command, prose)| (prose, command))
                }
                false => (fix.as_str(), ""),
            };
            assert!(!command.contains("; ") || command.starts_with("(umask 077; "), "{code}: {fix}");
            let outside: String = prose.split('`').step_by(2).collect();
            for word in ["milvus-certs", "openssl", "kubectl", "chmod", "umask", " rm "] {
                assert!(!outside.contains(word), "{code}: {fix}");
            }
            assert!(!prose.contains(COMMENT), "{code}: {fix}");
        }
    }

    #[test]
    fn a_shell_reads_every_fix_that_begins_with_a_command() {
        let commands = fixes().into_iter().map(|(_, fix)| fix).filter(|fix| begins_with_a_command(fix));
        let lines: Vec<_> = commands.collect::<BTreeSet<_>>().into_iter().collect();
        let output = Command::new("sh").args(["-n", "-c", &lines.join("\n")]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    #[test]
    fn what_is_wrong_in_a_secret_is_not_mended_in_the_manifest() {
        let secrets = fixes().into_iter().filter(|(code, _)| *code < Code::MalformedYaml);
        for (code, fix) in secrets.filter(|(_, fix)| fix.contains("kubectl")) {
            assert!(!fix.contains("secret.yaml") && !fix.contains("--force"), "{code}: {fix}");
        }
        let place = Place::at("secret.yaml", Position { line: 1, column: 2 });
        for code in Code::ALL.iter().filter(|code| **code < Code::MalformedYaml) {
            let fix = Finding::new(*code, place.clone(), "", &Remedy::default()).fix;
            assert!(fix.contains("milvus-certs config secret -d "), "{code}: {fix}");
        }
        let damaged = Finding::new(
            Code::DamagedFile,
            place,
            "",
            &Remedy { kind: Some(EndEntityKind::Server), ..Remedy::default() },
        );
        assert!(damaged.fix.starts_with("milvus-certs config secret -d DIR | kubectl apply -f - # "));
    }

    #[test]
    fn a_name_that_is_none_is_not_put_into_a_command() {
        for name in ["", "--help", "my server", "a;b"] {
            let remedy = Remedy { name: Some(name), ..Remedy::default() };
            let finding = Finding::new(Code::NoSubjectAltName, Place::file("server.pem"), "", &remedy);
            assert_eq!(finding.fix, "milvus-certs renew server --common-name NAME");
        }
    }

    #[test]
    fn a_fix_of_something_that_was_issued_names_it() {
        let fix_in = |output, code, kind, authority| {
            let beside = Some(Beside::Issued { name: "search", output, ca: "certs/ca.pem" });
            let remedy = Remedy { directory: Some("certs"), kind, authority, beside, ..Remedy::default() };
            Finding::new(code, Place::file("certs/issued/search/search.pem"), "", &remedy).fix
        };
        let fix = |code, kind, authority| fix_in(None, code, kind, authority);
        let client = Some(EndEntityKind::Client);
        for code in [Code::ClientWithoutClientAuth, Code::NoDigitalSignature] {
            assert_eq!(fix(code, client, Authority::Fit), "milvus-certs renew -d certs search");
        }
        // A file that was removed would count as withdrawn.
        let damaged = fix(Code::DamagedFile, client, Authority::Fit);
        assert!(damaged.starts_with("milvus-certs issue -d certs client search --force # "), "{damaged}");
        let in_other = fix_in(Some("/srv/keys"), Code::EmptyFile, client, Authority::Fit);
        let command = "milvus-certs issue -d certs client search --out /srv/keys --force # ";
        assert!(in_other.starts_with(command), "{in_other}");
        let elsewhere = fix(Code::DamagedFile, client, Authority::Elsewhere);
        let command = "where ca.key is: `milvus-certs issue -d DIR client search --force`, then copy";
        assert!(elsewhere.starts_with(command), "{elsewhere}");
        let trust = fix(Code::NotPem, None, Authority::Fit);
        assert!(trust.starts_with("cat certs/ca.pem > certs/issued/search/search.pem # "), "{trust}");
    }

    #[test]
    fn where_nothing_can_be_issued_the_fix_says_so() {
        let fix = |code, authority| {
            let kind = Some(EndEntityKind::Server);
            let remedy = Remedy { directory: Some("certs"), kind, authority, ..Remedy::default() };
            Finding::new(code, Place::file("certs/server.key"), "", &remedy).fix
        };
        assert_eq!(
            fix(Code::OtherCaSameName, Authority::Unfit),
            "first mend ca.key and ca.pem, or put others here that belong together; then \
             `milvus-certs renew -d certs --adopt server`; issues it from ca.pem, if all that it says is \
             meant; or restore the ca.pem that signed it"
        );
        assert_eq!(
            fix(Code::DamagedFile, Authority::Elsewhere).split(';').next().unwrap(),
            "where ca.key is: `milvus-certs renew -d DIR server`, then copy what it made here"
        );
        // What needs no authority is done here.
        assert_eq!(
            fix(Code::KeyReadable, Authority::Elsewhere),
            "chmod 600 certs/server.key # if others could have read it, where ca.key is, \
             `milvus-certs renew -d DIR server` makes a new one"
        );
    }
}
