//! What a certificate signing request gets of what it asks for.

use crate::base::error::Error;
use crate::base::text::printable;
use crate::check::config::Source;
use crate::engine::ca::has_usage;
use crate::engine::issue::recipient::{Recipient, SpecMaker};
use crate::engine::leaf::{KeySource, LeafSpec};
use crate::engine::notes;
use crate::milvus::public_keys::refuse_published;
use crate::x509::{self, CertificateRequest, GeneralName, NamePattern, PublicKey, request_from};

/// A certificate signing request, and what its sender may have. Whoever signs says whose certificate it is;
/// the request gives the key.
#[derive(Debug)]
pub struct SigningRequest {
    /// PEM or DER (RFC 2986).
    pub content: Source,
    /// Whose certificate it is and what it is for, whatever the request asks for. Its names are those that it
    /// gets whether the request asks for them or not; the type of its key does not matter.
    pub recipient: Recipient,
    /// Which of the names that the request asks for it may have.
    pub allowed: Vec<NamePattern>,
}

impl SigningRequest {
    /// Verifies the request, and makes the spec of the certificate that it gets.
    pub(crate) fn spec(&self, maker: &SpecMaker<'_>, replace: bool) -> Result<LeafSpec, Error> {
        let (request, key) = self.verified().map_err(Error::in_file(self.content.shown()))?;
        let (mut names, dropped) = self.names(&request);
        names.extend_from_slice(&self.recipient.names);
        maker.refuse_what_is_there(&[&self.recipient.name], replace)?;
        maker.refuse_key(&self.recipient.name)?;

        let recipient = Recipient { names, ..self.recipient.clone() };
        let mut spec = maker.spec(&recipient, Some(KeySource::Elsewhere(key.clone())))?;
        let given: Vec<_> = spec.leaf.names.iter().map(GeneralName::to_string).collect();
        let names: Vec<_> = dropped.into_iter().filter(|name| !given.contains(name)).collect();
        let has_names = !names.is_empty();
        let dropped: Vec<_> = self.beside_names(&request, &key).into_iter().chain(names).collect();
        if !dropped.is_empty() {
            spec.notes.push(notes::request_cut(&dropped, has_names));
        }
        Ok(spec)
    }

    /// The request, and its key if a certificate may be made for it.
    fn verified(&self) -> Result<(CertificateRequest, PublicKey), x509::Error> {
        let request = request_from(&self.content.content)?;
        let key = request.verify()?;
        refuse_published(&key).map_err(x509::Error::key_refused)?;
        key.check_for(self.recipient.kind)?;
        Ok((request, key))
    }

    fn allows(&self, name: &GeneralName) -> bool {
        self.allowed.iter().any(|pattern| pattern.allows(name))
    }

    /// The names that it may have, and the others as text.
    fn names(&self, request: &CertificateRequest) -> (Vec<GeneralName>, Vec<String>) {
        let repaired =
            request.extensions.names.iter().map(|name| name.repaired().unwrap_or_else(|| name.clone()));
        let (allowed, others): (Vec<_>, Vec<_>) = repaired.partition(|name| self.allows(name));
        let others = others.iter().map(GeneralName::to_string);
        (allowed, others.chain(request.extensions.unusable_names.iter().cloned()).collect())
    }

    /// What else it asks for that the certificate does not have.
    fn beside_names(&self, request: &CertificateRequest, key: &PublicKey) -> Vec<String> {
        let attributes = request.subject.beside_common_name();
        let subject = (!attributes.is_empty()).then(|| format!("the subject {attributes}"));
        let name = request.subject.common_name().filter(|name| name != self.recipient.name.as_str());
        let usages = request.extensions.key_usage.as_deref().unwrap_or_default().iter();
        let usages: Vec<_> = usages.filter(|usage| !has_usage(key, usage)).copied().collect();
        let purposes = request.extensions.extended_key_usage.as_deref().unwrap_or_default().iter();
        let purposes: Vec<_> = purposes
            .filter(|purpose| *purpose != self.recipient.kind.purpose())
            .map(String::as_str)
            .collect();
        let listed = |extension: &str, values: &[&str]| {
            (!values.is_empty()).then(|| format!("{extension} {}", values.join(", ")))
        };
        subject
            .into_iter()
            .chain(name.map(|name| format!("the CommonName {}", printable(&name))))
            .chain(listed("keyUsage", &usages))
            .chain(listed("extendedKeyUsage", &purposes))
            .chain(request.extensions.others.iter().chain(&request.other_attributes).cloned())
            .collect()
    }
}
