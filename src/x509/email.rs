//! E-mail addresses in nameConstraints (RFC 5280 4.2.1.10), which OpenSSL and BoringSSL hold against the
//! subject too, and webpki does not.

use x509_parser::extensions::{GeneralName as ParsedName, GeneralSubtree, NameConstraints};

/// What nameConstraints say of e-mail addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EmailConstraints {
    /// Where there are some, an address has to be one of them.
    permitted: Vec<String>,
    excluded: Vec<String>,
}

impl EmailConstraints {
    pub(crate) fn of(constraints: &NameConstraints<'_>) -> Self {
        let addresses = |subtrees: &Option<Vec<GeneralSubtree<'_>>>| {
            let bases = subtrees.iter().flatten().map(|subtree| &subtree.base);
            let address = |base: &ParsedName<'_>| match base {
                ParsedName::RFC822Name(address) => Some((*address).to_owned()),
                _ => None,
            };
            bases.filter_map(address).collect()
        };
        Self {
            permitted: addresses(&constraints.permitted_subtrees),
            excluded: addresses(&constraints.excluded_subtrees),
        }
    }

    pub(crate) fn allow(&self, address: &str) -> bool {
        let matches = |constraint: &String| is_within(address, constraint);
        (self.permitted.is_empty() || self.permitted.iter().any(matches))
            && !self.excluded.iter().any(matches)
    }
}

/// A mailbox (`a@example.com`), all mailboxes of a host (`example.com`), or of the hosts in a domain
/// (`.example.com`).
fn is_within(address: &str, constraint: &str) -> bool {
    let Some((local, host)) = address.rsplit_once('@') else { return false };
    match constraint.rsplit_once('@') {
        // RFC 5280 7.5: the local part is compared exactly.
        Some((own, own_host)) => (own.is_empty() || own == local) && host.eq_ignore_ascii_case(own_host),
        None if constraint.starts_with('.') => {
            let start = host.len().checked_sub(constraint.len());
            let end = start.filter(|start| *start > 0).and_then(|start| host.get(start..));
            end.is_some_and(|end| end.eq_ignore_ascii_case(constraint))
        }
        None => host.eq_ignore_ascii_case(constraint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_within_a_mailbox_a_host_or_a_domain() {
        for (constraint, within, beyond) in [
            (
                "a@example.com",
                &["a@example.com", "a@Example.COM"][..],
                &["A@example.com", "b@example.com"][..],
            ),
            ("example.com", &["a@example.com", "b@EXAMPLE.com"], &["a@mail.example.com", "a@anexample.com"]),
            (".example.com", &["a@mail.example.com"], &["a@example.com", "a@.example.com", "a@b"]),
            ("example.com", &[], &["no address", "", "@"]),
            (".ü.example", &[], &["a@ü", "a@é.example"]),
        ] {
            for address in within {
                assert!(is_within(address, constraint), "{address} {constraint}");
            }
            for address in beyond {
                assert!(!is_within(address, constraint), "{address} {constraint}");
            }
        }
    }

    #[test]
    fn what_is_excluded_is_so_even_where_it_is_permitted() {
        let constraints = |permitted: &[&str], excluded: &[&str]| {
            let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
            EmailConstraints { permitted: owned(permitted), excluded: owned(excluded) }
        };
        assert!(constraints(&[], &[]).allow("a@example.com"));
        assert!(constraints(&["example.com"], &[]).allow("a@example.com"));
        assert!(!constraints(&["example.com"], &[]).allow("a@other.org"));
        assert!(!constraints(&["example.com"], &["a@example.com"]).allow("a@example.com"));
        assert!(constraints(&[], &["a@example.com"]).allow("b@example.com"));
    }
}
