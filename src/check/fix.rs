//! What helps against a finding: a value that knows its command, directory, file and name, and is written once.

use std::fmt;

use crate::base::text::{serialize_as_displayed, shell_quoted};
use crate::store::FileRole;
use crate::x509::{EndEntityKind, GeneralName};

/// What the table of codes advises: a command to be pasted as it stands, and what else there is to say; or words,
/// with commands among them.
pub(crate) type Advice = &'static [Part];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Say(&'static str),
    Run(Command),
    /// The name of the file that the finding is about.
    File,
    /// How to get a file of the CA back.
    RestoreCaFile,
}

/// A command; what it has to name is known from the finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// `gen`, here even where ca.key is elsewhere.
    Gen,
    /// A new CA in the place of the old one.
    GenForce,
    /// A new CA in another directory.
    GenNew,
    /// `renew`, of what the finding is about, with these options.
    Renew(&'static str),
    /// `renew`, of what another CA signed.
    Adopt,
    /// `renew`, with the name that stands in the subject alone.
    RenewNamed,
    /// `renew`, with the name that clients ask for.
    RenewCovering,
    /// `renew`, after what hinders it is removed.
    RemoveAndRenew,
    /// `issue`, in the place of what is there.
    Issue,
    /// `rotate-ca begin` with the key of the CA.
    SignCaAnew,
    /// Any other of this program, with these options.
    Milvus(&'static str, &'static str),
    /// One whose last argument is the file.
    OnFile(&'static str),
    /// PEM of DER.
    FromDer,
    /// Octets of UTF-16.
    FromUtf16,
    ToPkcs8,
    /// The certificate without the key beside it.
    DropKey,
    /// The directory's ca.pem in the place of the file.
    CopyCa,
    /// One that is the same for every finding.
    Shell(&'static str),
}

/// What a fix depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Context {
    /// The certificate directory.
    pub(crate) directory: Option<String>,
    /// The file that the finding is about; none for configuration and for a directory as a whole.
    pub(crate) role: Option<FileRole>,
    /// A name that is asked for.
    pub(crate) name: Option<GeneralName>,
    pub(crate) ca_key: CaKey,
    pub(crate) location: Location,
}

/// Whether anything can be issued from a directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CaKey {
    /// There is a CA certificate that may issue, and its key.
    #[default]
    Usable,
    /// Nothing can be issued from ca.key and ca.pem as they are.
    Unusable,
    /// ca.key is somewhere else.
    Elsewhere,
}

/// Where the file lies that a finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Location {
    /// In the directory itself, or it is configuration.
    #[default]
    Directory,
    /// Where the directory's CA issued it to.
    Issued {
        /// What commands call it.
        name: String,
        /// The folder of what was issued, where it is not the directory's own.
        output: Option<String>,
        /// The directory's ca.pem.
        ca: String,
    },
    /// In the folder of the next CA.
    Next,
    /// In a Kubernetes Secret, which is made again of the files of a certificate directory.
    Secret,
    /// Where a server runs, or the program that wrote a log.
    Host,
}

/// What helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    advice: Advice,
    file: String,
    context: Context,
}

impl Command {
    /// Whether it needs the CA's key.
    const fn needs_ca_key(self) -> bool {
        self.issues() || matches!(self, Self::SignCaAnew | Self::GenForce)
    }

    /// Whether it issues from the CA as it is.
    const fn issues(self) -> bool {
        self.renews() || matches!(self, Self::RemoveAndRenew | Self::Issue)
    }

    const fn renews(self) -> bool {
        matches!(self, Self::Renew(_) | Self::Adopt | Self::RenewNamed | Self::RenewCovering)
    }
}

impl Fix {
    pub(crate) fn new(advice: Advice, path: &str, context: Context) -> Self {
        let file = match (&context.location, context.role) {
            (Location::Host, role) => role.unwrap_or(FileRole::ServerCertificate).file_name().to_owned(),
            _ => path.to_owned(),
        };
        Self { advice, file, context }
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    #[cfg(feature = "probe")]
    pub(crate) const fn advice(&self) -> Advice {
        self.advice
    }

    pub(crate) fn advise(&mut self, advice: Advice) {
        self.advice = advice;
    }

    fn of_a_file(&self) -> String {
        let [Part::Run(command), more @ ..] = self.advice else { return self.words(self.advice) };
        let shown = self.command(*command);
        let with = |lead: &str, more: String| if more.is_empty() { more } else { format!("{lead}{more}") };
        // Where the CA is, is said once.
        let there = || with("; ", more.iter().map(|part| self.part(*part)).collect());
        match self.context.ca_key {
            CaKey::Elsewhere if command.needs_ca_key() => {
                format!("where ca.key is: `{shown}`, then copy what it made here{}", there())
            }
            CaKey::Unusable if command.issues() => format!(
                "first correct ca.key and ca.pem, or put others here that belong together; then `{shown}`{}",
                there()
            ),
            _ => shown + &with(" # ", self.words(more)),
        }
    }

    fn of_a_secret(&self) -> String {
        const AS_IT_WAS: &str =
            "makes the Secret again; --secret-name, --namespace and --type as it has them";
        let again = |directory| format!("milvus-certs config secret -d {directory} | kubectl apply -f -");
        match self.advice.first() {
            Some(Part::Run(Command::Gen | Command::GenForce | Command::GenNew)) => {
                let new = self.command(Command::GenNew);
                format!("{new} && {} # {AS_IT_WAS}; then give everybody the new ca.pem", again("NEW"))
            }
            // What is damaged there need not be damaged in the directory.
            Some(Part::Run(command)) if command.needs_ca_key() && *command != Command::RemoveAndRenew => {
                format!("{} && {} # {AS_IT_WAS}", self.command(*command), again("DIR"))
            }
            _ => format!("{} # {AS_IT_WAS}", again("DIR")),
        }
    }

    fn words(&self, parts: &[Part]) -> String {
        let is_elsewhere = self.context.ca_key == CaKey::Elsewhere;
        let part = |part: &Part| match part {
            Part::Run(command) if is_elsewhere && command.renews() => {
                format!("{} (where ca.key is)", self.part(*part))
            }
            part => self.part(*part),
        };
        parts.iter().map(part).collect()
    }

    fn part(&self, part: Part) -> String {
        match part {
            Part::Say(words) => words.to_owned(),
            Part::Run(command) => format!("`{}`", self.command(command)),
            Part::File => shell_quoted(&self.file),
            Part::RestoreCaFile if self.context.ca_key == CaKey::Elsewhere => {
                "copy it here again from where the certificates were made".to_owned()
            }
            Part::RestoreCaFile => format!(
                "restore it from a backup; without one, `{}` starts a new CA",
                self.command(Command::GenForce)
            ),
        }
    }

    fn command(&self, command: Command) -> String {
        let own = |verb: &str, rest: &[&str]| self.own(verb, &self.directory(), rest);
        let renew = |rest: &[&str]| own("renew", &[&[&*self.whose()], rest].concat());
        let name = || self.name().unwrap_or_else(|| "NAME".to_owned());
        let file = shell_quoted(&self.file);
        match command {
            Command::Gen => self.own("gen", &self.named_directory(), &[]),
            Command::GenForce => own("gen --force", &[]),
            Command::GenNew => "milvus-certs gen -d NEW".to_owned(),
            Command::Renew(options) => renew(&[options]),
            Command::Adopt => own("renew", &["--adopt", &self.whose()]),
            Command::RenewNamed => match self.name() {
                Some(name) => renew(&["--san", &name]),
                None => renew(&["--common-name NAME"]),
            },
            Command::RenewCovering => renew(&["--san", &name()]),
            Command::RemoveAndRenew if self.context.ca_key == CaKey::Elsewhere => renew(&[]),
            Command::RemoveAndRenew => format!("rm {file} && {}", renew(&[])),
            Command::Issue => own("issue", &[&self.as_issued(), "--force"]),
            Command::SignCaAnew => own("rotate-ca begin --same-key", &[]),
            Command::Milvus(verb, options) => own(verb, &[options]),
            Command::OnFile(start) => format!("{start} {file}"),
            Command::FromDer => {
                let reader = if self.is_key() { "pkey" } else { "x509" };
                self.replaced(|new| format!("openssl {reader} -inform DER -in {file} -out {new}"))
            }
            Command::FromUtf16 => self.replaced(|new| format!("iconv -f UTF-16 -t ASCII {file} > {new}")),
            Command::ToPkcs8 => {
                self.replaced(|new| format!("openssl pkcs8 -topk8 -nocrypt -in {file} -out {new}"))
            }
            Command::DropKey => format!("openssl x509 -in {file} -out NEW && mv NEW {file}"),
            Command::CopyCa => format!("cat {} > {file}", self.ca()),
            Command::Shell(command) => command.to_owned(),
        }
    }

    fn own(&self, verb: &str, directory: &str, rest: &[&str]) -> String {
        let words = ["milvus-certs", verb, directory].into_iter().chain(rest.iter().copied());
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// A command that writes a new file, whose content then replaces that of the file: its mode and owner stay,
    /// and the new file of a key is nobody else's.
    fn replaced(&self, write: impl Fn(&str) -> String) -> String {
        let (file, new) = (shell_quoted(&self.file), shell_quoted(&format!("{}.new", self.file)));
        let (open, close) = if self.is_key() { ("(umask 077; ", ")") } else { ("", "") };
        format!("{open}{}{close} && cat {new} > {file} && rm {new}", write(&new))
    }

    fn is_key(&self) -> bool {
        self.context.role.is_some_and(FileRole::is_key)
    }

    fn directory(&self) -> String {
        match (self.context.ca_key, &self.context.location) {
            (CaKey::Elsewhere, _) | (_, Location::Secret) => "-d DIR".to_owned(),
            _ => self.named_directory(),
        }
    }

    fn named_directory(&self) -> String {
        match self.context.directory.as_deref() {
            None | Some(".") => String::new(),
            Some(directory) => format!("-d {}", shell_quoted(directory)),
        }
    }

    /// What `renew` calls it; everything where that is not one certificate.
    fn whose(&self) -> String {
        match &self.context.location {
            Location::Issued { name, .. } => shell_quoted(name),
            _ => self
                .context
                .role
                .and_then(FileRole::kind)
                .map(EndEntityKind::name)
                .unwrap_or_default()
                .to_owned(),
        }
    }

    /// What `issue` calls it.
    fn as_issued(&self) -> String {
        let kind = self.context.role.and_then(FileRole::kind).unwrap_or(EndEntityKind::Client);
        match &self.context.location {
            Location::Issued { name, output: Some(output), .. } => {
                format!("{kind} {} --out {}", shell_quoted(name), shell_quoted(output))
            }
            Location::Issued { name, .. } => format!("{kind} {}", shell_quoted(name)),
            _ => format!("{kind} NAME"),
        }
    }

    /// The directory's ca.pem.
    fn ca(&self) -> String {
        match &self.context.location {
            Location::Issued { ca, .. } => shell_quoted(ca),
            _ => FileRole::CaCertificate.to_string(),
        }
    }

    /// The name that is asked for, where it cannot be taken for an option.
    fn name(&self) -> Option<String> {
        let name = self.context.name.as_ref()?.to_string();
        (!name.starts_with('-')).then(|| shell_quoted(&name))
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self.context.location {
            Location::Secret => self.of_a_secret(),
            _ => self.of_a_file(),
        })
    }
}

serialize_as_displayed!(Fix);
