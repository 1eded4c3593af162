//! Metrics for the text file collector of Prometheus' node exporter: the text exposition format,
//! version 0.0.4, without timestamps, which that collector refuses.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use crate::base::text::printable;
use crate::check::Severity;
use crate::check::{CheckReport, CheckedCertificate};

/// The findings, as metrics.
pub(crate) fn text(report: &CheckReport) -> String {
    let mut metrics = Metrics(String::new());
    metrics.success(true);
    metrics.family("milvus_certs_not_after_seconds", "When the certificate ends, in seconds since 1970.");
    for (labels, end) in ends(&report.certificates) {
        metrics.sample("milvus_certs_not_after_seconds", &labels, end);
    }

    metrics.family("milvus_certs_findings", "What `milvus-certs check` found, by code.");
    let mut codes = BTreeMap::new();
    for finding in &report.findings {
        *codes.entry(finding.code).or_insert(0) += 1;
    }
    for (code, count) in codes {
        let labels = [("code", code.name()), ("severity", code.severity().name())];
        metrics.sample("milvus_certs_findings", &labels, count);
    }

    metrics.family("milvus_certs_problems", "How many findings are this bad; 0 where all is well.");
    for severity in [Severity::Error, Severity::Warning] {
        let count = report.count(severity);
        metrics.sample("milvus_certs_problems", &[("severity", severity.name())], count);
    }

    metrics.family("milvus_certs_works", "Whether a client can connect in a TLS mode.");
    for verdict in &report.verdicts {
        for outcome in &verdict.clients {
            let client = outcome.client.name().to_ascii_lowercase();
            let labels = [("client", client.as_str()), ("mode", verdict.tls_mode.name())];
            metrics.sample("milvus_certs_works", &labels, u8::from(outcome.works));
        }
    }
    metrics.0
}

/// What stands in the place of the findings where it was not possible to look.
pub(crate) fn failure() -> String {
    let mut metrics = Metrics(String::new());
    metrics.success(false);
    metrics.0
}

type Labels = [(&'static str, String); 4];

/// When each certificate ends. A series must not occur twice: of certificates that cannot be told apart
/// the first end counts.
fn ends(certificates: &[CheckedCertificate]) -> Vec<(Labels, i64)> {
    let mut ends: Vec<(Labels, i64)> = Vec::new();
    let mut known: HashMap<Labels, usize> = HashMap::new();
    for certificate in certificates {
        let labels = [
            ("file", certificate.file.clone()),
            ("role", certificate.role().to_owned()),
            ("serial", certificate.serial.to_string()),
            ("subject", certificate.subject.to_string()),
        ];
        let seconds = certificate.validity.not_after.unix_timestamp();
        let index = *known.entry(labels.clone()).or_insert(ends.len());
        match ends.get_mut(index) {
            Some((_, end)) => *end = seconds.min(*end),
            None => ends.push((labels, seconds)),
        }
    }
    ends
}

struct Metrics(String);

impl Metrics {
    fn success(&mut self, success: bool) {
        let name = "milvus_certs_check_success";
        self.family(name, "Whether `milvus-certs check` could look; findings do not matter here.");
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{name} {}", u8::from(success));
    }

    fn family(&mut self, name: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, impl AsRef<str>)], value: impl std::fmt::Display) {
        let labels: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value.as_ref()))).collect();
        let _ = writeln!(self.0, "{name}{{{}}} {value}", labels.join(","));
    }
}

/// Backslash, quote and line feed are what the format escapes in a label, and it knows no other escapes:
/// what must not be shown is written as in a text.
fn escaped(value: &str) -> String {
    let lines: Vec<_> = value.split('\n').map(printable).collect();
    lines.join("\n").replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::x509::{Subject, Validity};

    #[test]
    fn labels_cannot_break_the_format() {
        let mut metrics = Metrics(String::new());
        metrics.sample("name", &[("label", "a\"b\\c\nd"), ("other", "")], 1);
        assert_eq!(metrics.0, "name{label=\"a\\\"b\\\\c\\nd\",other=\"\"} 1\n");
    }

    #[test]
    fn a_label_has_only_the_escapes_that_the_format_knows() {
        let mut metrics = Metrics(String::new());
        metrics.sample("name", &[("label", "a\tb\rc\u{1b}d\u{9b}e\nf")], 1);
        assert_eq!(metrics.0, "name{label=\"a\\\\tb\\\\rc\\\\u{1b}d\\\\u{9b}e\\nf\"} 1\n");
    }

    #[test]
    fn of_certificates_with_the_same_labels_the_first_end_is_the_series() {
        let certificate = |serial: &str, end| CheckedCertificate {
            file: "ca.pem".into(),
            kind: None,
            subject: Subject::new([]).unwrap(),
            serial: serial.parse().unwrap(),
            validity: Validity {
                not_before: OffsetDateTime::UNIX_EPOCH,
                not_after: OffsetDateTime::from_unix_timestamp(end).unwrap(),
            },
            days_left: 0,
        };
        let certificates = [certificate("01", 7), certificate("01", 5), certificate("02", 9)];
        let ends: Vec<_> =
            ends(&certificates).into_iter().map(|(labels, end)| (labels[2].1.clone(), end)).collect();
        assert_eq!(ends, [("01".to_owned(), 5), ("02".to_owned(), 9)]);
    }
}
