use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use crate::check::bundle::{Bundle, CERTIFICATES};
use crate::check::clients::Stopped;
use crate::check::codes::Severity;
use crate::check::finding::Finding;
use crate::check::verdict::{Outcome, Verdict};
use crate::store::FileRole;
use crate::x509::{Certificate, EndEntityKind, SerialNumber, Subject, Validity, day_count};

/// What `check` found.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckReport {
    /// The certificate directory, if one was judged.
    pub directory: Option<String>,
    /// The configuration files that were judged.
    pub configs: Vec<String>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// What will work, in each mode that was judged; nothing where no directory was.
    pub verdicts: Vec<Verdict>,
    /// The certificates that were judged: the directory's own, then what else its CA has issued.
    pub certificates: Vec<CheckedCertificate>,
}

/// A certificate that was judged.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckedCertificate {
    /// The file that it is in.
    pub file: String,
    /// Whose it is; none for a CA.
    #[serde(rename = "role", serialize_with = "role")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub kind: Option<EndEntityKind>,
    pub subject: Subject,
    pub serial: SerialNumber,
    #[serde(flatten)]
    pub validity: Validity,
    /// Whole days until it ends; negative when it has.
    pub days_left: i64,
}

impl CheckReport {
    /// How many findings are this bad.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.code.severity() == severity).count()
    }

    /// Whether something is wrong for those who were asked about: a client that will not connect, or an error, or
    /// with `strict` a warning. What stops other clients alone is nothing to them.
    #[must_use]
    pub fn fails(&self, strict: bool) -> bool {
        let is_wrong = |finding: &Finding| match finding.code.severity() {
            Severity::Error => true,
            Severity::Warning => strict,
            Severity::Info => false,
        };
        let fails = |verdict: &Verdict| verdict.clients.iter().any(|outcome| !outcome.works);
        self.verdicts.iter().any(fails)
            || self.findings.iter().any(|finding| is_wrong(finding) && self.concerns(finding))
    }

    /// Whether a finding stops a client that was asked about, or nobody at all.
    fn concerns(&self, finding: &Finding) -> bool {
        let Some(verdict) = self.verdicts.first() else { return true };
        let Stopped { one_way, mutual } = finding.stopped();
        let stopped = one_way.and(mutual);
        let is_stopped =
            |outcome: &Outcome| stopped.stops(outcome.client) || !stopped.versions(outcome.client).is_empty();
        stopped.is_empty() || verdict.clients.iter().any(is_stopped)
    }
}

impl CheckedCertificate {
    pub(crate) fn of(
        file: &str,
        kind: Option<EndEntityKind>,
        certificate: &Certificate,
        now: OffsetDateTime,
    ) -> Self {
        let validity = certificate.validity();
        Self {
            file: file.to_owned(),
            kind,
            subject: certificate.subject().clone(),
            serial: certificate.serial().clone(),
            validity,
            days_left: day_count(now, validity.not_after),
        }
    }

    /// The CAs of ca.pem, and the certificates of server and client.
    pub(crate) fn all_of(bundle: &Bundle, now: OffsetDateTime) -> Vec<Self> {
        let of = |role: FileRole| {
            let certificates: Vec<_> = match role.kind() {
                None => bundle.certificates(role).iter().collect(),
                Some(_) => bundle.end_entity(role).into_iter().collect(),
            };
            let file = bundle.file(role).map(|file| file.place.path.clone()).unwrap_or_default();
            certificates.into_iter().map(move |certificate| Self::of(&file, role.kind(), certificate, now))
        };
        CERTIFICATES.into_iter().flat_map(of).collect()
    }

    /// `ca`, `server` or `client`.
    #[must_use]
    pub fn role(&self) -> &'static str {
        self.kind.map_or("ca", EndEntityKind::name)
    }
}

fn role<S: Serializer>(kind: &Option<EndEntityKind>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.map_or("ca", EndEntityKind::name))
}
