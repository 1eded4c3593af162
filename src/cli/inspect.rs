use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::base::error::Error;
use crate::check::{
    CertificateDetails, INSPECT_LIMIT, InspectReport, InspectTarget, Inspected, InspectedFile, InspectedItem,
    inspect,
};
use crate::cli::args::path;
use crate::cli::output::Style;
use crate::cli::render::certificates::place;
use crate::cli::render::page::{Page, aligned};
use crate::cli::{Status, input, output};
use crate::store::{FileRole, INVENTORY};

const EXAMPLES: &str = "\
Examples:
  milvus-certs inspect certs
  milvus-certs inspect server.pem client.csr
  ssh milvus cat certs/server.pem | milvus-certs inspect -

Exit status:
  0  everything was read
  1  something could not be read
  2  wrong usage";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files or folders; `-` is standard input [default: the current folder]
    #[arg(value_name = "FILE|DIR|-", value_parser = path())]
    targets: Vec<PathBuf>,

    /// Report in JSON on standard output
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let targets = match self.targets.as_slice() {
            [] => vec![InspectTarget::Path(PathBuf::from("."))],
            targets => targets.iter().map(|path| target(path)).collect::<Result<_, _>>()?,
        };
        let report = inspect(&targets, now);
        output::saw("inspect", Style::new(self.json, false), &report, text)?;
        for target in report.targets.iter().filter(|target| target.is_directory) {
            output::interrupted_runs(target.path.as_ref());
        }
        for file in report.targets.iter().flat_map(|target| &target.files) {
            if let Some(error) = &file.error {
                output::two_lines(error, file.hint.as_deref());
            }
        }
        Ok(if report.is_complete() { Status::Done } else { Status::Failed })
    }
}

fn target(path: &Path) -> Result<InspectTarget, Error> {
    Ok(match input::is_stdin(path) {
        true => InspectTarget::Content(input::source(path, INSPECT_LIMIT)?),
        false => InspectTarget::Path(path.to_owned()),
    })
}

/// What was seen, for people: a table of a certificate directory, a paragraph for everything in a file.
fn text(report: &InspectReport) -> String {
    let parts = report.targets.iter().map(|target| match target.is_directory {
        true => directory(target),
        false => target.files.iter().flat_map(file).collect(),
    });
    let mut page = Page::default();
    for (index, lines) in parts.filter(|lines| !lines.is_empty()).enumerate() {
        if index > 0 {
            page.gap();
        }
        page.lines(lines);
    }
    page.into_text()
}

/// A row for each of the seven files, unless the folder has others, as a mounted Secret and what was issued do; and
/// for what else the CA has issued.
fn directory(target: &Inspected) -> Vec<String> {
    let mut rows = vec![["file", "mode", "what it is", "key", "until", "days left"].map(str::to_owned)];
    let seven = FileRole::AS_LISTED.map(FileRole::file_name);
    let files = target.files.iter().map(|file| (name_in(target, file), file));
    let (own, others): (Vec<_>, Vec<_>) = files.partition(|(name, _)| seven.contains(name));
    let has_others = others.iter().any(|(name, _)| !name.contains('/'));
    for name in seven {
        match own.iter().find(|(own, _)| *own == name) {
            Some((_, file)) => rows.extend(file_rows(name, file)),
            None if has_others => {}
            None => rows.push([name, "", "not there", "", "", ""].map(str::to_owned)),
        }
    }
    for (name, file) in others {
        rows.extend(file_rows(name, file));
    }
    let withdrawn = match target.withdrawn {
        0 => None,
        1 => Some("  1 more was signed and is not there any more".into()),
        more => Some(format!("  {more} more were signed and are not there any more")),
    };
    std::iter::once(format!("{}:", place(target.path.as_ref())))
        .chain(aligned(&rows))
        .chain(withdrawn)
        .collect()
}

/// A file's path from the directory.
fn name_in<'a>(target: &Inspected, file: &'a InspectedFile) -> &'a str {
    let relative = Path::new(&file.path).strip_prefix(&target.path).ok();
    relative.and_then(Path::to_str).unwrap_or(&file.path)
}

fn file_rows(name: &str, file: &InspectedFile) -> Vec<[String; 6]> {
    let mode = file.mode.map(|mode| mode.to_string()).unwrap_or_default();
    let mut rows: Vec<_> = file.items.iter().map(row).collect();
    if rows.is_empty() {
        rows.push(["cannot be read", "", "", ""].map(str::to_owned));
    }
    let first = |index: usize, text: &str| if index == 0 { text.to_owned() } else { String::new() };
    let rows = rows.into_iter().enumerate().map(|(index, [what, key, until, left])| {
        [first(index, name), first(index, &mode), what, key, until, left]
    });
    rows.collect()
}

fn row(item: &InspectedItem) -> [String; 4] {
    let (what, key) = match item {
        InspectedItem::Certificate(certificate) => {
            return [
                format!("{}: {}", certificate.role, covers(certificate)),
                certificate.key.clone(),
                certificate.validity.not_after.date().to_string(),
                certificate.days_left.to_string(),
            ];
        }
        InspectedItem::PrivateKey(key) => {
            let form = if key.encrypted { "encrypted private key" } else { "private key" };
            let owner = key.belongs_to.as_ref().map(|file| format!(" of {file}")).unwrap_or_default();
            (form.to_owned() + &owner, key.key.clone())
        }
        InspectedItem::CertificateRequest(request) => {
            (format!("signing request: {}", request.subject), Some(request.key.clone()))
        }
        InspectedItem::SerialNumber { last } => (format!("last serial number {last}"), None),
        InspectedItem::InventoryEntry(entry) => (entry.subject.clone(), None),
        InspectedItem::DamagedLine { line, error } => (format!("line {line} is damaged: {error}"), None),
        InspectedItem::CutOffLine { line } => (format!("line {line} is cut off"), None),
        InspectedItem::Other { label } => (format!("PEM block {label}"), None),
        InspectedItem::Damaged { label, error } => (format!("{label}: {error}"), None),
    };
    [what, key.unwrap_or_default(), String::new(), String::new()]
}

/// The SAN of a server or client certificate, or the name of a CA.
fn covers(certificate: &CertificateDetails) -> String {
    match certificate.names.as_slice() {
        [] => certificate.common_name.clone().unwrap_or_else(|| certificate.subject.to_string()),
        names => names.join(", "),
    }
}

/// A table of an inventory, or else a paragraph for each thing in a file.
fn file(file: &InspectedFile) -> Vec<String> {
    let is_read = file.error.is_none() || !file.items.is_empty();
    if is_read && Path::new(&file.path).file_name().is_some_and(|name| name == INVENTORY) {
        return inventory(file);
    }
    let count = file.items.len();
    let mut lines = Vec::new();
    for (index, item) in file.items.iter().enumerate() {
        let number = if count > 1 { format!(" ({} of {count})", index + 1) } else { String::new() };
        let (title, fields) = paragraph(item);
        if index > 0 {
            lines.push(String::new());
        }
        let name = if file.path == "-" { "standard input" } else { &file.path };
        lines.push(format!("{name}{number}: {title}"));
        let known = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
        lines.extend(known.map(|(name, value)| format!("  {name:<12}{value}")));
    }
    lines
}

/// A row for each line.
fn inventory(file: &InspectedFile) -> Vec<String> {
    let mut rows = vec![["line", "issued", "for", "serial", "until", "file", "names"].map(str::to_owned)];
    rows.extend(file.items.iter().map(line));
    std::iter::once(format!("{}: inventory", file.path)).chain(aligned(&rows)).collect()
}

fn line(item: &InspectedItem) -> [String; 7] {
    let said = |line: usize, text: String| {
        let [issued, role, serial, until, file] = <[String; 5]>::default();
        [line.to_string(), issued, role, serial, until, file, text]
    };
    match item {
        InspectedItem::InventoryEntry(entry) => [
            entry.line.to_string(),
            entry.issued_at.date().to_string(),
            entry.role.to_string(),
            entry.serial.to_string(),
            entry.validity.not_after.date().to_string(),
            entry.file.clone(),
            entry.names.join(", "),
        ],
        InspectedItem::DamagedLine { line, error } => said(*line, format!("damaged: {error}")),
        InspectedItem::CutOffLine { line } => said(*line, "cut off by a crash".into()),
        _ => Default::default(),
    }
}

type Fields = Vec<(&'static str, Option<String>)>;

/// What a thing is called, and what there is to say of it.
fn paragraph(item: &InspectedItem) -> (String, Fields) {
    match item {
        InspectedItem::Certificate(certificate) => {
            (format!("certificate, {}", certificate.role), certificate_fields(certificate))
        }
        InspectedItem::PrivateKey(key) => (
            "private key".into(),
            vec![
                ("form", Some(key.form.clone())),
                ("key", key.key.clone()),
                ("SPKI pin", key.spki_pin.clone()),
            ],
        ),
        InspectedItem::CertificateRequest(request) => (
            "certificate signing request".into(),
            vec![
                ("subject", Some(request.subject.clone())),
                ("names", joined(&request.names)),
                ("key usage", request.key_usage.as_ref().map(|usages| usages.join(", "))),
                ("purposes", request.extended_key_usage.as_ref().map(|purposes| purposes.join(", "))),
                ("key", Some(request.key.clone())),
                ("SPKI pin", Some(request.spki_pin.clone())),
            ],
        ),
        InspectedItem::SerialNumber { last } => {
            ("serial number".into(), vec![("last", Some(last.to_string()))])
        }
        InspectedItem::InventoryEntry(_)
        | InspectedItem::DamagedLine { .. }
        | InspectedItem::CutOffLine { .. } => ("line of an inventory".into(), Vec::new()),
        InspectedItem::Other { label } => (format!("PEM block {label}"), Vec::new()),
        InspectedItem::Damaged { label, error } => (format!("PEM block {label}, which {error}"), Vec::new()),
    }
}

fn certificate_fields(certificate: &CertificateDetails) -> Fields {
    let left = match certificate.days_left {
        days @ ..0 => format!("{} days ago", -days),
        days => format!("{days} days left"),
    };
    let (from, until) = (certificate.validity.not_before.date(), certificate.validity.not_after.date());
    vec![
        ("subject", Some(certificate.subject.to_string())),
        ("issuer", Some(certificate.issuer.to_string())),
        ("serial", Some(certificate.serial.to_string())),
        ("valid", Some(format!("{from} to {until}, {left}"))),
        ("names", joined(&certificate.names)),
        ("pathlen", certificate.path_length.map(|length| length.to_string())),
        ("key usage", certificate.key_usage.as_ref().map(|usages| usages.join(", "))),
        ("purposes", certificate.extended_key_usage.as_ref().map(|purposes| purposes.join(", "))),
        ("key", Some(certificate.key.clone())),
        ("signature", Some(certificate.signature.clone())),
        ("SKI", certificate.subject_key_identifier.clone()),
        ("AKI", certificate.authority_key_identifier.clone()),
        ("SHA-256", Some(certificate.sha256_fingerprint.clone())),
        ("SPKI pin", Some(certificate.spki_pin.clone())),
    ]
}

fn joined(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| names.join(", "))
}
