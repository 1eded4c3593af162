//! What `inspect` says: a table for a certificate directory, a paragraph for everything in a file.

use std::path::Path;

use crate::base::text::printable;
use crate::check::{
    CertificateDetails, EntryDetails, InspectReport, Inspected, InspectedFile, InspectedItem, KeyDetails,
    RequestDetails,
};
use crate::store::{FileRole, INVENTORY};

use crate::cli::render::page::{Page, padded};

/// What was seen, for people.
pub(crate) fn text(report: &InspectReport) -> String {
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

/// A row for each of the seven files, unless the folder has those of a mounted Secret alone; and for what
/// else the authority has issued.
fn directory(target: &Inspected) -> Vec<String> {
    let mut rows = vec![["file", "mode", "what it is", "key", "until", "days left"].map(str::to_owned)];
    let seven = FileRole::AS_LISTED.map(FileRole::file_name);
    let files = target.files.iter().map(|file| (name_in(target, file), file));
    let (own, others): (Vec<_>, Vec<_>) = files.partition(|(name, _)| seven.contains(name));
    let is_mounted = others.iter().any(|(name, _)| !name.contains('/'));
    if !own.is_empty() || !is_mounted {
        for name in seven {
            let file = own.iter().find(|(own, _)| *own == name);
            rows.extend(file.map_or_else(
                || vec![[name, "", "not there", "", "", ""].map(str::to_owned)],
                |(_, file)| file_rows(name, file),
            ));
        }
    }
    for (name, file) in others {
        rows.extend(file_rows(name, file));
    }
    let name = if target.path == "." { "this folder" } else { &target.path };
    let withdrawn = match target.withdrawn {
        0 => None,
        1 => Some("  1 more was signed and is not there any more".into()),
        more => Some(format!("  {more} more were signed and are not there any more")),
    };
    std::iter::once(format!("{name}:")).chain(aligned(&rows)).chain(withdrawn).collect()
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
    let empty = String::new;
    match item {
        InspectedItem::Certificate(certificate) => [
            format!("{}: {}", certificate.role, covers(certificate)),
            certificate.key.clone(),
            certificate.validity.not_after.date().to_string(),
            certificate.days_left.to_string(),
        ],
        InspectedItem::PrivateKey(key) => {
            let form = if key.encrypted { "encrypted private key" } else { "private key" };
            let owner = match &key.belongs_to {
                Some(file) => format!("{form} of {file}"),
                None => form.to_owned(),
            };
            [owner, key.key.clone().unwrap_or_default(), empty(), empty()]
        }
        InspectedItem::CertificateRequest(request) => {
            [format!("signing request: {}", request.subject), request.key.clone(), empty(), empty()]
        }
        InspectedItem::SerialNumber { last } => {
            [format!("last serial number {last}"), empty(), empty(), empty()]
        }
        InspectedItem::InventoryEntry(entry) => [entry.subject.clone(), empty(), empty(), empty()],
        InspectedItem::DamagedLine { line, error } => {
            [format!("line {line} is damaged: {error}"), empty(), empty(), empty()]
        }
        InspectedItem::CutOffLine { line } => [format!("line {line} is cut off"), empty(), empty(), empty()],
        InspectedItem::Other { label } => [format!("PEM block {label}"), empty(), empty(), empty()],
        InspectedItem::Damaged { label, error } => [format!("{label}: {error}"), empty(), empty(), empty()],
    }
}

/// The names of an end entity, or the name of an authority.
fn covers(certificate: &CertificateDetails) -> String {
    match certificate.names.as_slice() {
        [] => certificate.common_name.clone().unwrap_or_else(|| certificate.subject.to_string()),
        names => names.join(", "),
    }
}

fn aligned<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let shown = |row: &[String; N]| row.each_ref().map(|cell| printable(cell).into_owned());
    let rows: Vec<_> = rows.iter().map(shown).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| padded(cell, width)).collect();
        format!("  {}", cells.join("  ")).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
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
        lines.extend(fields.into_iter().map(|(name, value)| format!("  {name:<12}{value}")));
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
        InspectedItem::InventoryEntry(entry) => entry_row(entry),
        InspectedItem::DamagedLine { line, error } => said(*line, format!("damaged: {error}")),
        InspectedItem::CutOffLine { line } => said(*line, "cut off by a crash".into()),
        _ => Default::default(),
    }
}

fn entry_row(entry: &EntryDetails) -> [String; 7] {
    [
        entry.line.to_string(),
        entry.issued_at.date().to_string(),
        entry.role.to_string(),
        entry.serial.to_string(),
        entry.validity.not_after.date().to_string(),
        entry.file.clone(),
        entry.names.join(", "),
    ]
}

type Fields = Vec<(&'static str, String)>;

fn paragraph(item: &InspectedItem) -> (String, Fields) {
    match item {
        InspectedItem::Certificate(certificate) => {
            (format!("certificate, {}", certificate.role), certificate_fields(certificate))
        }
        InspectedItem::PrivateKey(key) => ("private key".into(), key_fields(key)),
        InspectedItem::CertificateRequest(request) => {
            ("certificate signing request".into(), request_fields(request))
        }
        InspectedItem::SerialNumber { last } => ("serial number".into(), vec![("last", last.to_string())]),
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
    let optional = [
        ("names", Some(certificate.names.join(", ")).filter(|names| !names.is_empty())),
        ("pathlen", certificate.path_length.map(|length| length.to_string())),
        ("key usage", certificate.key_usage.as_ref().map(|usages| usages.join(", "))),
        ("purposes", certificate.extended_key_usage.as_ref().map(|purposes| purposes.join(", "))),
        ("key", Some(certificate.key.clone())),
        ("signature", Some(certificate.signature.clone())),
        ("SKI", certificate.subject_key_identifier.clone()),
        ("AKI", certificate.authority_key_identifier.clone()),
    ];
    let mut fields = vec![
        ("subject", certificate.subject.to_string()),
        ("issuer", certificate.issuer.to_string()),
        ("serial", certificate.serial.to_string()),
        ("valid", format!("{from} to {until}, {left}")),
    ];
    fields.extend(optional.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))));
    fields.push(("SHA-256", certificate.sha256_fingerprint.clone()));
    fields.push(("SPKI pin", certificate.spki_pin.clone()));
    fields
}

fn key_fields(key: &KeyDetails) -> Fields {
    let mut fields = vec![("form", key.form.clone())];
    fields.extend(key.key.clone().map(|kind| ("key", kind)));
    fields.extend(key.spki_pin.clone().map(|pin| ("SPKI pin", pin)));
    fields
}

fn request_fields(request: &RequestDetails) -> Fields {
    let mut fields = vec![("subject", request.subject.clone())];
    if !request.names.is_empty() {
        fields.push(("names", request.names.join(", ")));
    }
    fields.extend(request.key_usage.as_ref().map(|usages| ("key usage", usages.join(", "))));
    fields.extend(request.extended_key_usage.as_ref().map(|purposes| ("purposes", purposes.join(", "))));
    fields.push(("key", request.key.clone()));
    fields.push(("SPKI pin", request.spki_pin.clone()));
    fields
}
