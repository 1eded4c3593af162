//! What a directory's CA has issued beside server.pem and client.pem. Nothing of it changes what will work with the
//! directory's own files.

use crate::base::place::Place;
use crate::base::text::listed;
use crate::check::bundle::{Bundle, leaf_first};
use crate::check::certificates::{BundleJudge, Expectations};
use crate::check::clients::{NOBODY, Stopped};
use crate::check::codes::Code;
use crate::check::finding::Finding;
use crate::check::fix::{CaKey, Context, Location};
use crate::store::FileRole;
use crate::x509::{Certificate, EndEntityKind, judge_chain};

/// Something that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issued {
    pub kind: EndEntityKind,
    /// What commands call it; none of the directory's own.
    pub name: Option<String>,
    /// The folder of what was issued, where it is not the directory's own.
    pub output: Option<String>,
    /// The file with its certificate.
    pub path: String,
}

/// Judges what was issued by what the certificate directory has.
#[derive(Debug)]
pub(crate) struct IssuedJudge<'a> {
    directory: &'a Bundle,
    expectations: Expectations,
    ca_key: CaKey,
    /// The path of the directory's ca.pem.
    ca: String,
}

impl<'a> IssuedJudge<'a> {
    /// Of a directory, with what its own certificates are held to; names are the server's alone.
    #[must_use]
    pub(crate) fn new(directory: &'a Bundle, expectations: &Expectations) -> Self {
        let file = directory.file(FileRole::CaCertificate);
        let ca = file.map_or_else(|| FileRole::CaCertificate.to_string(), |file| file.place.path.clone());
        let ca_key = directory.ca_key(expectations.now);
        let expectations = Expectations { server_names: Vec::new(), ..expectations.clone() };
        Self { directory, expectations, ca_key, ca }
    }

    /// Finds what is wrong with a certificate, the key beside it if there is one, and what it is used with.
    /// In the bundle is no ca.pem that the directory has too.
    #[must_use]
    pub(crate) fn judge(&self, issued: &Issued, bundle: &Bundle) -> Vec<Finding> {
        if issued.name.is_none() || !self.is_judged(issued) {
            return Vec::new();
        }
        let mut judge = BundleJudge::beside(bundle, &self.expectations, self.location(issued), self.ca_key);
        if judge.anchors.is_empty() {
            judge.anchors = self.directory.certificates(FileRole::CaCertificate);
        }
        judge.contents();
        judge.ca();
        judge.end_entity(issued.kind);
        judge.keys();
        judge.trust(self.directory, issued.kind, &self.ca);
        judge.into_findings_that_stop_nobody()
    }

    /// Client certificates do not matter where only one-way TLS is judged.
    pub(crate) fn is_judged(&self, issued: &Issued) -> bool {
        self.expectations.kinds().contains(&issued.kind)
    }

    /// Whether a certificate says that a CA of the directory signed it: by its name, and by its key where it says
    /// that.
    pub(crate) fn names_own_ca(&self, certificate: &Certificate) -> bool {
        self.directory.certificates(FileRole::CaCertificate).iter().any(|ca| {
            let keys = (certificate.authority_key_identifier(), ca.subject_key_identifier());
            let is_its_key = !matches!(keys, (Some(issuer), Some(key)) if issuer != key);
            certificate.issuer() == ca.subject() && is_its_key
        })
    }

    pub(crate) fn finding(&self, code: Code, issued: &Issued, evidence: impl Into<String>) -> Finding {
        let (_, role) = FileRole::pair_of(issued.kind);
        self.about(code, &issued.path, evidence, Some(role), self.location(issued))
    }

    /// A finding about the inventory as a whole.
    pub(crate) fn about_inventory(&self, code: Code, path: &str, evidence: impl Into<String>) -> Finding {
        self.about(code, path, evidence, None, Location::Directory)
    }

    fn about(
        &self,
        code: Code,
        path: &str,
        evidence: impl Into<String>,
        role: Option<FileRole>,
        location: Location,
    ) -> Finding {
        let directory = self.expectations.directory.clone();
        let context = Context { directory, role, name: None, ca_key: self.ca_key, location };
        let mut finding = Finding::new(code, Place::file(path), evidence, context);
        finding.stops(Stopped::both(NOBODY));
        finding
    }

    fn location(&self, issued: &Issued) -> Location {
        match issued.name.clone() {
            Some(name) => Location::Issued { name, output: issued.output.clone(), ca: self.ca.clone() },
            None => Location::Directory,
        }
    }
}

impl BundleJudge<'_> {
    pub(super) fn into_findings_that_stop_nobody(mut self) -> Vec<Finding> {
        self.findings.iter_mut().for_each(|finding| finding.stops(Stopped::both(NOBODY)));
        self.findings
    }

    /// Whether the ca.pem beside it trusts what the directory's does, and both trust the certificate.
    fn trust(&mut self, directory: &Bundle, kind: EndEntityKind, ca: &str) {
        let role = FileRole::CaCertificate;
        let (own, others) = (self.bundle.certificates(role), directory.certificates(role));
        if own.is_empty() || others.is_empty() {
            return;
        }
        let missing = subjects(others.iter().filter(|other| !own.contains(other)));
        let more = subjects(own.iter().filter(|one| !others.contains(one)));
        let evidence = match (missing.is_empty(), more.is_empty()) {
            (true, true) => return,
            (false, _) => format!("lacks {missing} of {ca}"),
            (true, false) => format!("also has {more}, unlike {ca}"),
        };
        self.report(Code::IssuedTrustDiffers, role, evidence);
        let (_, role) = FileRole::pair_of(kind);
        let Some(leaf) = self.bundle.end_entity(role) else { return };
        let presented = leaf_first(leaf, self.bundle.certificates(role));
        let is_known =
            |finding: &Finding| matches!(finding.code, Code::NotIssuedByCa | Code::OtherCaSameName);
        if !self.findings.iter().any(is_known) && judge_chain(kind, &presented, others).is_err() {
            let evidence = format!("{ca} does not have its issuer: {}", leaf.issuer());
            self.report(Code::NotIssuedByCa, role, evidence);
        }
    }
}

fn subjects<'a>(certificates: impl Iterator<Item = &'a Certificate>) -> String {
    listed(&certificates.map(|certificate| certificate.subject().to_string()).collect::<Vec<_>>())
}
