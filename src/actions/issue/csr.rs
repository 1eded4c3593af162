//! What a certificate signing request gets of what it asks for.

use super::wish::{Drafter, Wish};
use crate::actions::issuance::{KeyPlan, Plan};
use crate::actions::{Action, Error, Note};
use crate::audit::config::Source;
use crate::pki::{
    CertificateRequest, Days, EndEntityKind, GeneralName, NamePattern, PublicKey, has_usage, request_from,
};
use crate::store::IssuedName;

/// A certificate signing request, and what its sender may have.
#[derive(Debug)]
pub struct SigningRequest {
    /// PEM or DER (RFC 2986).
    pub content: Source,
    /// What the certificate is for. Without it a client; that a request asks for a server's certificate
    /// does not give it one.
    pub kind: Option<EndEntityKind>,
    /// The CommonName, instead of that of the request.
    pub common_name: Option<IssuedName>,
    /// Which of the names that it asks for it may have; of a server also its CommonName.
    pub allowed: Vec<NamePattern>,
    /// Names that it gets whether it asks for them or not.
    pub more_names: Vec<GeneralName>,
    /// How long the certificate lives; as on the documentation page where it is not said.
    pub days: Option<Days>,
}

impl SigningRequest {
    /// Verifies the request, and plans the certificate that it gets.
    pub(super) fn plan(
        &self,
        drafter: &Drafter<'_>,
        replace: bool,
        notes: &mut Vec<Note>,
    ) -> Result<Plan, Error> {
        let in_file = || Error::in_file(self.content.shown());
        let request = request_from(&self.content.content).map_err(in_file())?;
        let key = request.verify().map_err(in_file())?;
        let kind = self.kind(&request)?;
        key.check_for(kind).map_err(in_file())?;
        let name = self.name(&request, kind)?;
        let (mut names, dropped) = self.names(&request);
        names.extend_from_slice(&self.more_names);
        drafter.refuse_what_is_there(std::slice::from_ref(&name), replace)?;
        drafter.refuse_key(&name)?;

        let wish = Wish { kind, name: &name, more_names: &names, days: self.days, key_type: None };
        let plan = drafter.plan(&wish, Action::Created, notes)?;
        let given: Vec<_> = plan.names.iter().map(GeneralName::to_string).collect();
        let mut not_given = self.beside_names(&request, &key, kind);
        not_given.extend(dropped.into_iter().filter(|name| !given.contains(name)));
        if !not_given.is_empty() {
            notes.push(Note::RequestCut { dropped: not_given });
        }
        Ok(Plan { key: KeyPlan::Elsewhere(key), ..plan })
    }

    /// A server's certificate lets its owner pass for Milvus: nobody gets one for the asking.
    fn kind(&self, request: &CertificateRequest) -> Result<EndEntityKind, Error> {
        let asks_for = |kind| request.asks_for(kind);
        let is_for_server = asks_for(EndEntityKind::Server) && !asks_for(EndEntityKind::Client);
        match self.kind {
            None if is_for_server => Err(Error::KindNotGiven { path: self.content.shown().into() }),
            kind => Ok(kind.unwrap_or(EndEntityKind::Client)),
        }
    }

    /// The CommonName: a server's is a name that clients ask for, so it has to be allowed as those are.
    fn name(&self, request: &CertificateRequest, kind: EndEntityKind) -> Result<IssuedName, Error> {
        if let Some(name) = &self.common_name {
            return Ok(name.clone());
        }
        let path = || self.content.shown().into();
        let asked_for = request.subject().common_name().unwrap_or_default();
        let name: IssuedName = asked_for
            .parse()
            .map_err(|source| Error::RequestedName { path: path(), reason: format!("{source}") })?;
        match kind == EndEntityKind::Client || self.allows(&name.as_str().parse()?) {
            true => Ok(name),
            false => Err(Error::NameNotAllowed { path: path(), name: asked_for }),
        }
    }

    fn allows(&self, name: &GeneralName) -> bool {
        self.allowed.iter().any(|pattern| pattern.allows(name))
    }

    /// The names that it may have, and the others as text.
    fn names(&self, request: &CertificateRequest) -> (Vec<GeneralName>, Vec<String>) {
        let repaired = request.names().iter().map(|name| name.repaired().unwrap_or_else(|| name.clone()));
        let (allowed, others): (Vec<_>, Vec<_>) = repaired.partition(|name| self.allows(name));
        let others = others.iter().map(GeneralName::to_string);
        (allowed, others.chain(request.unusable_names().iter().cloned()).collect())
    }

    /// What else it asks for that the certificate does not have.
    fn beside_names(
        &self,
        request: &CertificateRequest,
        key: &PublicKey,
        kind: EndEntityKind,
    ) -> Vec<String> {
        let attributes = request.subject().beside_common_name();
        let subject = (!attributes.is_empty()).then(|| format!("the subject {attributes}"));
        let asked_for = request.subject().common_name().filter(|_| self.common_name.is_some());
        let name =
            asked_for.filter(|name| Some(name.as_str()) != self.common_name.as_ref().map(IssuedName::as_str));
        let usages = request.key_usage().unwrap_or_default().iter();
        let usages: Vec<_> = usages.filter(|usage| !has_usage(key, usage)).copied().collect();
        let purposes = request.extended_key_usage().unwrap_or_default().iter();
        let purposes: Vec<_> =
            purposes.filter(|purpose| *purpose != kind.purpose()).map(String::as_str).collect();
        let listed = |extension: &str, values: &[&str]| {
            (!values.is_empty()).then(|| format!("{extension} {}", values.join(", ")))
        };
        subject
            .into_iter()
            .chain(name.map(|name| format!("the CommonName {name}")))
            .chain(listed("keyUsage", &usages))
            .chain(listed("extendedKeyUsage", &purposes))
            .chain(request.other_extensions().iter().chain(request.other_attributes()).cloned())
            .collect()
    }
}
