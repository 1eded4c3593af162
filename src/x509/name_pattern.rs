use std::fmt;
use std::str::FromStr;

use crate::x509::error::Error;
use crate::x509::name::GeneralName;

/// Which names somebody else may have in a certificate: one name or address, or with `*` as first
/// label every name that has one label in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern(GeneralName);

impl NamePattern {
    /// Whether the name is this one, or one that the wildcard stands for, itself among them. An
    /// address that was written as a dNSName is that address.
    pub fn allows(&self, name: &GeneralName) -> bool {
        let repaired = name.repaired();
        let name = repaired.as_ref().unwrap_or(name);
        match (&self.0, name) {
            (GeneralName::Dns(pattern), GeneralName::Dns(name)) if pattern.is_wildcard() => {
                domain(pattern.as_str()) == domain(name.as_str())
            }
            (pattern, name) => pattern == name,
        }
    }
}

/// What follows the first label.
fn domain(name: &str) -> Option<&str> {
    name.split_once('.').map(|(_, domain)| domain)
}

impl FromStr for NamePattern {
    type Err = Error;

    /// Reads what a [`GeneralName`] is read from.
    fn from_str(value: &str) -> Result<Self, Error> {
        let name: GeneralName = value.parse()?;
        Ok(Self(name.repaired().unwrap_or(name)))
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allows(pattern: &str, name: &str) -> bool {
        pattern.parse::<NamePattern>().unwrap().allows(&name.parse().unwrap())
    }

    #[test]
    fn a_name_allows_itself_alone() {
        assert!(allows("search.example.com", "search.example.com"));
        assert!(allows("Search.Example.com.", "search.example.COM"));
        assert!(allows("bücher.example", "xn--bcher-kva.example"));
        for other in ["example.com", "a.search.example.com", "*.example.com", "search.example.co"] {
            assert!(!allows("search.example.com", other), "{other}");
        }
    }

    #[test]
    fn a_wildcard_allows_itself_and_one_label_in_its_place() {
        for name in ["*.example.com", "a.example.com", "A_b-1.Example.com", "ü.example.com"] {
            assert!(allows("*.example.com", name), "{name}");
        }
        for name in
            ["example.com", "a.b.example.com", "*.b.example.com", "aexample.com", "a.example.com.evil", "com"]
        {
            assert!(!allows("*.example.com", name), "{name}");
        }
        assert!(!allows("*.com", "localhost"));
    }

    #[test]
    fn an_address_is_allowed_exactly_however_it_is_written() {
        assert!(allows("10.0.0.7", "10.0.0.7") && allows("[::1]", "0:0:0:0:0:0:0:1"));
        assert!(allows("10.0.0.7", "dns:10.0.0.7") && allows("dns:10.0.0.7", "10.0.0.7"));
        assert!(!allows("10.0.0.7", "10.0.0.8") && !allows("10.0.0.7", "::ffff:10.0.0.7"));
        assert!(!allows("dns:*.0.0.7", "10.0.0.7") && !allows("dns:*.0.0.7", "dns:10.0.0.7"));
    }

    #[test]
    fn what_no_client_asks_for_is_never_allowed() {
        let pattern: NamePattern = "*.example.com".parse().unwrap();
        assert!(!pattern.allows(&GeneralName::Uri("a.example.com".into())));
        assert!(!pattern.allows(&GeneralName::Email("a.example.com".into())));
    }

    #[test]
    fn what_is_no_name_is_refused_with_what_is_wrong() {
        for (value, reason) in [
            ("*", "a wildcard must be"),
            ("*.*.example.com", "a wildcard must be"),
            ("a*.example.com", "a wildcard must be"),
            ("10.0.0.0/8", "only letters"),
            ("*.0.0.7", "looks like an IP address"),
            ("", "it is empty"),
        ] {
            let error = value.parse::<NamePattern>().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_what_is_read_allows_itself(value in "\\PC{0,80}") {
            if let (Ok(pattern), Ok(name)) = (value.parse::<NamePattern>(), value.parse::<GeneralName>()) {
                prop_assert!(pattern.allows(&name));
            }
        }

        #[test]
        fn a_wildcard_allows_what_has_one_label_more_than_its_domain(
            domain in "[a-z][a-z0-9]{0,9}(\\.[a-z][a-z0-9]{0,9}){0,3}", labels in "[a-z]{1,9}(\\.[a-z]{1,9}){0,3}"
        ) {
            let is_one_label = !labels.contains('.');
            let pattern = format!("*.{domain}");
            prop_assert_eq!(allows(&pattern, &format!("{labels}.{domain}")), is_one_label);
            prop_assert!(!allows(&pattern, &domain));
        }
    }
}
