//! Metrics for the text file collector of Prometheus' node exporter: the text exposition format,
//! version 0.0.4, without timestamps, which that collector refuses.

use std::collections::BTreeMap;
use std::fmt::Write;

use milvus_certs::actions::CheckReport;
use milvus_certs::audit::Severity;

/// The findings, as metrics.
pub(crate) fn text(report: &CheckReport) -> String {
    let mut metrics = Metrics(String::new());
    metrics.family("milvus_certs_not_after_seconds", "When the certificate ends, in seconds since 1970.");
    for certificate in &report.certificates {
        let labels = [
            ("file", certificate.file.as_str()),
            ("role", certificate.role),
            ("serial", &certificate.serial),
            ("subject", &certificate.subject),
        ];
        metrics.sample("milvus_certs_not_after_seconds", &labels, certificate.not_after_seconds);
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
            let labels = [("client", outcome.client.name()), ("mode", verdict.tls_mode.name())];
            metrics.sample("milvus_certs_works", &labels, u8::from(outcome.works));
        }
    }
    metrics.0
}

struct Metrics(String);

impl Metrics {
    fn family(&mut self, name: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let _ = writeln!(self.0, "{name}{{{}}} {value}", labels.join(","));
    }
}

/// Backslash, quote and line feed are what the format escapes in a label.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_break_the_format() {
        let mut metrics = Metrics(String::new());
        metrics.sample("name", &[("label", "a\"b\\c\nd"), ("other", "")], 1);
        assert_eq!(metrics.0, "name{label=\"a\\\"b\\\\c\\nd\",other=\"\"} 1\n");
    }
}
