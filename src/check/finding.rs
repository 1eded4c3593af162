use serde::{Serialize, Serializer};

use crate::base::place::Place;
use crate::check::clients::{Client, Stopped};
use crate::check::codes::{CLOSE_NEXT, COPY_CA, Code, Severity};
use crate::check::fix::{Advice, Context, Fix, Location};
use crate::milvus::TlsMode;
use crate::store::FileRole;
use crate::x509::{EndEntityKind, GeneralName};

/// Something that is wrong, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(from = "Fields<'static>", into = "Fields<'static>"))]
pub struct Finding {
    pub code: Code,
    pub place: Place,
    /// What was found there, in a person's words.
    pub evidence: String,
    /// What helps: a command wherever there is one.
    pub fix: Fix,
    /// Why it matters to Milvus.
    pub why: &'static str,
    stopped: Stopped,
}

impl Finding {
    pub(crate) fn new(code: Code, place: Place, evidence: impl Into<String>, context: Context) -> Self {
        let stopped = code.row().breaks.of(context.role);
        let fix = Fix::new(advice(code, &context), &place.path, context);
        Self { code, place, evidence: evidence.into(), fix, why: code.why(), stopped }
    }

    /// Something about a file or folder of a certificate directory, whatever it holds.
    #[must_use]
    pub fn in_directory(code: Code, path: String, evidence: impl Into<String>, directory: &str) -> Self {
        let context = Context { directory: Some(directory.to_owned()), ..Context::default() };
        Self::new(code, Place::file(path), evidence, context)
    }

    /// A finding about a running server, or about what one said. `role` is the file of which that is, `directory`
    /// where it can be made anew, and `name` what the server is asked for by.
    pub(crate) fn about_server(
        code: Code,
        place: Place,
        evidence: impl Into<String>,
        role: Option<FileRole>,
        directory: Option<&str>,
        name: Option<GeneralName>,
    ) -> Self {
        let directory = directory.map(str::to_owned);
        let context = Context { directory, role, name, location: Location::Host, ..Context::default() };
        Self::new(code, place, evidence, context)
    }

    /// The same about what a running server shows, which is to be asked for a name.
    #[cfg(feature = "probe")]
    pub(crate) fn shown_by_server(self, directory: Option<&str>, name: Option<GeneralName>) -> Self {
        let role = self.fix.context().role;
        let mut shown = Self::about_server(self.code, self.place, self.evidence, role, directory, name);
        shown.because(self.why);
        shown.advise(self.fix.advice());
        shown
    }

    /// Whose certificate it is about, where that was said.
    pub(crate) fn kind(&self) -> Option<EndEntityKind> {
        self.fix.context().role?.kind()
    }

    /// It stops these clients instead of those that its code says.
    pub(crate) fn stops(&mut self, stopped: Stopped) {
        self.stopped = stopped;
    }

    /// It matters for this reason instead of that of its code.
    pub(crate) fn because(&mut self, why: &'static str) {
        self.why = why;
    }

    /// What else helps than its code says.
    pub(crate) fn advise(&mut self, advice: Advice) {
        self.fix.advise(advice);
    }

    /// Whether no version of a client can work in a mode because of it.
    #[must_use]
    pub fn breaks(&self, mode: TlsMode, client: Client) -> bool {
        self.stopped.of(mode).stops(client)
    }

    pub(crate) fn stopped(&self) -> Stopped {
        self.stopped
    }
}

fn advice(code: Code, Context { location, role, .. }: &Context) -> Advice {
    let row = code.row();
    match (location, role.and_then(FileRole::kind)) {
        (Location::Issued { .. }, Some(_)) => row.issued,
        (Location::Issued { .. } | Location::Next, None)
            if matches!(code, Code::UnreadableFile | Code::NotJudged) =>
        {
            row.fix
        }
        (Location::Issued { .. }, None) => COPY_CA,
        (Location::Next, _) if code == Code::KeyReadable => CLOSE_NEXT,
        (Location::Next, _) => Code::RotationBegun.row().fix,
        (_, Some(_)) => row.fix,
        (_, None) => row.ca,
    }
}

/// A finding in JSON.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Finding"))]
struct Fields<'a> {
    /// The kind of finding, a stable name for scripts.
    code: Code,
    severity: Severity,
    /// The file or folder; `-` is standard input.
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    /// What was found there.
    evidence: &'a str,
    /// Why it matters to Milvus.
    why: &'static str,
    /// What helps.
    fix: &'a Fix,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = Fields {
            code: self.code,
            severity: self.code.severity(),
            file: &self.place.path,
            line: self.place.position.map(|position| position.line),
            column: self.place.position.map(|position| position.column),
            evidence: &self.evidence,
            why: self.why,
            fix: &self.fix,
        };
        fields.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;

    use super::*;
    use crate::check::fix::CaKey;

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

    fn issued(output: Option<&str>) -> Location {
        Location::Issued {
            name: "search".into(),
            output: output.map(str::to_owned),
            ca: "my certs/ca.pem".into(),
        }
    }

    fn fix(code: Code, path: &str, context: Context) -> String {
        Finding::new(code, Place::file(path), "", context).fix.to_string()
    }

    fn in_certs(role: FileRole, ca_key: CaKey) -> Context {
        Context { directory: Some("certs".into()), role: Some(role), ca_key, ..Context::default() }
    }

    /// Every fix that can be printed, in every situation.
    fn fixes() -> Vec<(Code, Location, String)> {
        let ca_keys = [CaKey::Usable, CaKey::Unusable, CaKey::Elsewhere];
        let names = [None, "db.example.com".parse().ok()];
        let locations = [
            Location::Directory,
            issued(None),
            issued(Some("my folder")),
            Location::Next,
            Location::Secret,
            Location::Host,
        ];
        let roles = || std::iter::once(None).chain(FileRole::ALL.map(Some));
        let mut fixes = Vec::new();
        for code in Code::ALL {
            for (role, ca_key) in roles().flat_map(|role| ca_keys.map(|ca_key| (role, ca_key))) {
                for (name, location) in
                    names.iter().flat_map(|name| locations.iter().map(move |location| (name, location)))
                {
                    let (name, location) = (name.clone(), location.clone());
                    let directory = Some("my certs".to_owned());
                    let context = Context { directory, role, name, ca_key, location: location.clone() };
                    fixes.push((*code, location, fix(*code, "my certs/file", context)));
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
        for (code, _, fix) in fixes() {
            assert!(!fix.is_empty() && !fix.contains('\n') && !fix.ends_with('.'), "{code}: {fix}");
            let (prose, command) = match begins_with_a_command(&fix) {
                true => fix.split_once(" # ").map_or(("", fix.as_str()), |(command, prose)| (prose, command)),
                false => (fix.as_str(), ""),
            };
            assert!(!command.contains("; ") || command.starts_with("(umask 077; "), "{code}: {fix}");
            let outside: String = prose.split('`').step_by(2).collect();
            for word in ["milvus-certs", "openssl", "kubectl", "chmod", "umask", " rm "] {
                assert!(!outside.contains(word), "{code}: {fix}");
            }
            assert!(!prose.contains(" # "), "{code}: {fix}");
        }
    }

    #[test]
    fn a_shell_reads_every_fix_that_begins_with_a_command() {
        let commands = fixes().into_iter().map(|(.., fix)| fix).filter(|fix| begins_with_a_command(fix));
        let lines: Vec<_> = commands.collect::<BTreeSet<_>>().into_iter().collect();
        let output = Command::new("sh").args(["-n", "-c", &lines.join("\n")]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    #[test]
    fn what_is_wrong_in_a_secret_is_not_corrected_in_the_manifest() {
        for (code, _, fix) in fixes().iter().filter(|(_, location, _)| *location == Location::Secret) {
            assert!(!fix.contains("my certs") && !fix.contains("--force"), "{code}: {fix}");
            assert!(fix.contains("milvus-certs config secret -d "), "{code}: {fix}");
        }
        let role = Some(FileRole::ServerCertificate);
        let context = Context { role, location: Location::Secret, ..Context::default() };
        let damaged = fix(Code::DamagedFile, "secret.yaml", context);
        assert!(damaged.starts_with("milvus-certs config secret -d DIR | kubectl apply -f - # "));
    }

    #[test]
    fn a_name_that_could_be_an_option_is_not_put_into_a_command() {
        for name in ["", "--help", "my server", "a;b"] {
            let role = Some(FileRole::ServerCertificate);
            let context = Context { role, name: name.parse().ok(), ..Context::default() };
            let fix = fix(Code::NoSubjectAltName, "server.pem", context);
            assert_eq!(fix, "milvus-certs renew server --common-name NAME");
        }
    }

    #[test]
    fn a_fix_of_something_that_was_issued_names_it() {
        let fix_in = |output, code, role, ca_key| {
            let context = Context { location: issued(output), ..in_certs(role, ca_key) };
            fix(code, "certs/issued/search/search.pem", context)
        };
        let fix = |code, role, ca_key| fix_in(None, code, role, ca_key);
        let client = FileRole::ClientCertificate;
        for code in [Code::ClientWithoutClientAuth, Code::NoDigitalSignature] {
            assert_eq!(fix(code, client, CaKey::Usable), "milvus-certs renew -d certs search");
        }
        // A file that was removed would count as withdrawn.
        let damaged = fix(Code::DamagedFile, client, CaKey::Usable);
        assert!(damaged.starts_with("milvus-certs issue -d certs client search --force # "), "{damaged}");
        let in_other = fix_in(Some("/srv/keys"), Code::EmptyFile, client, CaKey::Usable);
        let command = "milvus-certs issue -d certs client search --out /srv/keys --force # ";
        assert!(in_other.starts_with(command), "{in_other}");
        let elsewhere = fix(Code::DamagedFile, client, CaKey::Elsewhere);
        let command = "where ca.key is: `milvus-certs issue -d DIR client search --force`, then copy";
        assert!(elsewhere.starts_with(command), "{elsewhere}");
        let trust = fix(Code::NotPem, FileRole::CaCertificate, CaKey::Usable);
        assert!(trust.starts_with("cat 'my certs/ca.pem' > certs/issued/search/search.pem # "), "{trust}");
    }

    #[test]
    fn where_nothing_can_be_issued_the_fix_says_so() {
        let fix = |code, ca_key| fix(code, "certs/server.key", in_certs(FileRole::ServerKey, ca_key));
        assert_eq!(
            fix(Code::OtherCaSameName, CaKey::Unusable),
            "first correct ca.key and ca.pem, or put others here that belong together; then \
             `milvus-certs renew -d certs --adopt server`; issues it from ca.pem, if all that it says is \
             meant; or restore the ca.pem that signed it"
        );
        assert_eq!(
            fix(Code::DamagedFile, CaKey::Elsewhere).split(';').next().unwrap(),
            "where ca.key is: `milvus-certs renew -d DIR server`, then copy what it made here"
        );
        // What needs no CA key is done here.
        assert_eq!(
            fix(Code::KeyReadable, CaKey::Elsewhere),
            "chmod 600 certs/server.key # if others could have read it, `milvus-certs renew -d DIR server` \
             (where ca.key is) makes a new one"
        );
    }
}
