//! Directory names in nameConstraints (RFC 5280 4.2.1.10), which OpenSSL and gRPC's C core hold against the
//! subject, Go does not know, and webpki permits to nobody.

use x509_parser::extensions::{GeneralName, GeneralSubtree, NameConstraints};
use x509_parser::x509::X509Name;

/// What nameConstraints say of directory names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DirectoryConstraints {
    /// Where there are some, a subject has to begin with one of them.
    permitted: Vec<Name>,
    excluded: Vec<Name>,
}

/// The attributes of a name, each with its type and its value as it is compared (RFC 5280 7.1): case and
/// spaces do not matter.
type Name = Vec<Vec<(String, String)>>;

impl DirectoryConstraints {
    pub(crate) fn of(constraints: &NameConstraints<'_>) -> Self {
        let names = |subtrees: &Option<Vec<GeneralSubtree<'_>>>| {
            let bases = subtrees.iter().flatten().map(|subtree| &subtree.base);
            let name = |base: &GeneralName<'_>| match base {
                GeneralName::DirectoryName(name) => Some(to_compare(name)),
                _ => None,
            };
            bases.filter_map(name).collect()
        };
        Self {
            permitted: names(&constraints.permitted_subtrees),
            excluded: names(&constraints.excluded_subtrees),
        }
    }

    /// Whether a subject is permitted; an empty one always is.
    pub(crate) fn allow(&self, subject: &X509Name<'_>) -> bool {
        let subject = to_compare(subject);
        let matches = |constraint: &Name| subject.starts_with(constraint);
        subject.is_empty()
            || (self.permitted.is_empty() || self.permitted.iter().any(matches))
                && !self.excluded.iter().any(matches)
    }
}

fn to_compare(name: &X509Name<'_>) -> Name {
    let value = |octets: &[u8]| {
        let text = String::from_utf8_lossy(octets).to_lowercase();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let sets = name.iter_rdn().map(|set| {
        set.iter().map(|one| (one.attr_type().to_id_string(), value(one.attr_value().data))).collect()
    });
    sets.collect()
}
