//! What `inspect` says: a table for a certificate directory, a paragraph for everything in a file.

use milvus_certs::actions::{
    CertificateDetails, InspectReport, Inspected, InspectedFile, InspectedItem, KeyDetails, RequestDetails,
};
use milvus_certs::pki::printable;
use milvus_certs::store::FileRole;

use super::page::Page;

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

/// A row for each of the seven files, unless the folder has those of a mounted Secret alone.
fn directory(target: &Inspected) -> Vec<String> {
    let mut rows = vec![["file", "mode", "what it is", "key", "until", "days left"].map(str::to_owned)];
    let seven = FileRole::AS_LISTED.map(FileRole::file_name);
    let (own, others): (Vec<_>, Vec<_>) =
        target.files.iter().partition(|file| seven.iter().any(|name| file.path.ends_with(name)));
    if !own.is_empty() || others.is_empty() {
        for name in seven {
            let file = own.iter().find(|file| file.path.ends_with(name));
            rows.extend(file.map_or_else(
                || vec![[name, "", "not there", "", "", ""].map(str::to_owned)],
                |file| file_rows(name, file),
            ));
        }
    }
    for file in others {
        rows.extend(file_rows(file.path.rsplit('/').next().unwrap_or(&file.path), file));
    }
    let name = if target.path == "." { "this folder" } else { &target.path };
    std::iter::once(format!("{name}:")).chain(aligned(&rows)).collect()
}

fn file_rows(name: &str, file: &InspectedFile) -> Vec<[String; 6]> {
    let mode = file.mode.clone().unwrap_or_default();
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
            day(&certificate.not_after).to_owned(),
            certificate.days_left.to_string(),
        ],
        InspectedItem::PrivateKey(key) => {
            let form = if key.encrypted { "encrypted private key" } else { "private key" };
            let owner = match key.belongs_to {
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
        InspectedItem::Other { label } => [format!("PEM block {label}"), empty(), empty(), empty()],
        InspectedItem::Damaged { label, error } => [format!("{label}: {error}"), empty(), empty(), empty()],
    }
}

/// The names of an end entity, or the name of an authority.
fn covers(certificate: &CertificateDetails) -> String {
    match certificate.names.as_slice() {
        [] => certificate.common_name.clone().unwrap_or_else(|| certificate.subject.clone()),
        names => names.join(", "),
    }
}

fn aligned(rows: &[[String; 6]]) -> Vec<String> {
    let shown = |row: &[String; 6]| row.each_ref().map(|cell| printable(cell).into_owned());
    let rows: Vec<_> = rows.iter().map(shown).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 6] = std::array::from_fn(width);
    let line = |row: &[String; 6]| {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("  {}", cells.join("  ")).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A paragraph for each thing in a file.
fn file(file: &InspectedFile) -> Vec<String> {
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
        InspectedItem::SerialNumber { last } => ("serial number".into(), vec![("last", last.clone())]),
        InspectedItem::Other { label } => (format!("PEM block {label}"), Vec::new()),
        InspectedItem::Damaged { label, error } => (format!("PEM block {label}, which {error}"), Vec::new()),
    }
}

fn certificate_fields(certificate: &CertificateDetails) -> Fields {
    let left = match certificate.days_left {
        days @ ..0 => format!("{} days ago", -days),
        days => format!("{days} days left"),
    };
    let (from, until) = (day(&certificate.not_before), day(&certificate.not_after));
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
        ("subject", certificate.subject.clone()),
        ("issuer", certificate.issuer.clone()),
        ("serial", certificate.serial.clone()),
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

fn day(timestamp: &str) -> &str {
    timestamp.split('T').next().unwrap_or(timestamp)
}
