use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use x509_parser::extensions::GeneralName as ParsedName;

use crate::base::text::printable;
use crate::x509::error::Error;

/// A DNS name as certificates hold it: A-labels, lower case, perhaps with `*` as its first label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DnsName(String);

impl DnsName {
    /// RFC 1035 2.3.4, without the final dot.
    const MAX_LENGTH: usize = 253;
    /// RFC 1035 2.3.4.
    const MAX_LABEL: usize = 63;

    /// The name as it stands in the certificate.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the first label is `*`.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }
}

impl FromStr for DnsName {
    type Err = Error;

    /// Reads a host name, `*.name` or an internationalised name.
    ///
    /// Underscores are allowed: Compose's containers are often called so, and OpenSSL, Go and
    /// rustls compare them as any other character.
    fn from_str(value: &str) -> Result<Self, Error> {
        let invalid = |reason: &str| Error::name_invalid(value, reason);
        let name = value.strip_suffix('.').unwrap_or(value);
        let name = if name.is_ascii() {
            name.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii(name).map_err(|_| invalid("it is not a valid internationalised name"))?
        };
        let host = name.strip_prefix("*.").unwrap_or(&name);
        match host {
            "" => return Err(invalid("it is empty")),
            _ if name.len() > Self::MAX_LENGTH => return Err(invalid("it is longer than 253 characters")),
            _ if host.contains('*') => {
                return Err(invalid("a wildcard must be the whole first label, as in *.example.com"));
            }
            _ => {}
        }
        for label in host.split('.') {
            check_label(label).map_err(invalid)?;
        }
        Ok(Self(name))
    }
}

fn check_label(label: &str) -> Result<(), &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    match label {
        "" => Err("a label between two dots is empty"),
        _ if label.len() > DnsName::MAX_LABEL => Err("a label is longer than 63 characters"),
        _ if !label.bytes().all(allowed) => {
            Err("only letters, digits, hyphens, underscores and dots can stand in it")
        }
        _ if label.starts_with('-') || label.ends_with('-') => Err("a label begins or ends with a hyphen"),
        _ => Ok(()),
    }
}

impl Error {
    pub(crate) fn name_invalid(value: &str, reason: &str) -> Self {
        Self::new(format!("{value:?} is neither a DNS name nor an IP address: {reason}"))
            .with_hint("give a name such as milvus.example.com, *.example.com, 10.0.0.5 or ::1")
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An entry of subjectAltName (RFC 5280 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GeneralName {
    /// dNSName.
    Dns(DnsName),
    /// iPAddress.
    Ip(IpAddr),
    /// uniformResourceIdentifier; only taken over from a certificate that is renewed.
    Uri(String),
    /// rfc822Name; only taken over from a certificate that is renewed.
    Email(String),
}

impl GeneralName {
    /// An entry of a certificate's subjectAltName; `None` for the kinds that are not kept, a dNSName that is no
    /// host name, and an iPAddress that is not 4 or 16 octets long.
    ///
    /// A dNSName that holds an IP address stays a dNSName here, though no client matches it:
    /// [`GeneralName::repaired`] makes an iPAddress of it.
    pub(crate) fn from_parsed(name: &ParsedName<'_>) -> Option<Self> {
        Some(match name {
            ParsedName::DNSName(name) => Self::Dns(name.parse().ok()?),
            ParsedName::IPAddress(octets) => Self::Ip(ip_from_octets(octets)?),
            ParsedName::URI(uri) => Self::Uri((*uri).to_owned()),
            ParsedName::RFC822Name(address) => Self::Email((*address).to_owned()),
            _ => return None,
        })
    }

    /// An IP address that was written as a dNSName, as an iPAddress; `None` where nothing is wrong.
    pub fn repaired(&self) -> Option<Self> {
        match self {
            Self::Dns(name) => name.as_str().parse().ok().map(Self::Ip),
            _ => None,
        }
    }
}

/// A name that can be asked for as it stands: a DNS name rather than an address; no wildcard.
pub(crate) fn name_to_ask_for(names: &[GeneralName]) -> Option<&GeneralName> {
    let is_plain = |name: &&GeneralName| matches!(name, GeneralName::Dns(name) if !name.is_wildcard());
    let is_address = |name: &&GeneralName| matches!(name, GeneralName::Ip(_));
    names.iter().find(is_plain).or_else(|| names.iter().find(is_address))
}

/// Adds names that are not there yet.
pub(crate) fn add_names(names: &mut Vec<GeneralName>, more: &[GeneralName]) {
    for name in more {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
}

pub(crate) fn texts(names: &[GeneralName]) -> Vec<String> {
    names.iter().map(GeneralName::to_string).collect()
}

impl FromStr for GeneralName {
    type Err = Error;

    /// Reads a DNS name or an IP address; `dns:` and `ip:` force the kind.
    fn from_str(value: &str) -> Result<Self, Error> {
        let invalid = |reason: &str| Error::name_invalid(value, reason);
        let lower = value.to_ascii_lowercase();
        if lower.starts_with("dns:") {
            return value["dns:".len()..].parse().map(Self::Dns);
        }
        if lower.starts_with("ip:") {
            let address = parse_ip(&value["ip:".len()..]);
            return address.map(Self::Ip).ok_or_else(|| invalid("it is not an IPv4 or IPv6 address"));
        }
        if let Some(address) = parse_ip(value) {
            return Ok(Self::Ip(address));
        }
        // RFC 1123 2.1: a name's last label is not all digits, so 256.1.1.1 is a mistyped address.
        let last = value.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
        if !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid("it looks like an IP address, but is none"));
        }
        value.parse().map(Self::Dns)
    }
}

/// Also reads the brackets that URLs put around IPv6 addresses.
fn parse_ip(value: &str) -> Option<IpAddr> {
    let inner = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(value).parse().ok()
}

fn ip_from_octets(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

impl fmt::Display for GeneralName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => name.fmt(f),
            Self::Ip(address) => address.fmt(f),
            Self::Uri(text) | Self::Email(text) => f.write_str(&printable(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(value: &str) -> Option<String> {
        value.parse::<GeneralName>().ok().map(|name| format!("{name:?}"))
    }

    fn dns(name: &str) -> Option<String> {
        Some(format!("{:?}", GeneralName::Dns(DnsName(name.into()))))
    }

    fn ip(address: &str) -> Option<String> {
        Some(format!("{:?}", GeneralName::Ip(address.parse().unwrap())))
    }

    #[test]
    fn names_and_addresses_are_told_apart() {
        assert_eq!(parse("localhost"), dns("localhost"));
        assert_eq!(parse("Milvus.Example.COM."), dns("milvus.example.com"));
        assert_eq!(parse("milvus_standalone"), dns("milvus_standalone"));
        assert_eq!(parse("*.example.com"), dns("*.example.com"));
        assert_eq!(parse("bücher.example"), dns("xn--bcher-kva.example"));
        assert_eq!(parse("10.0.0.5"), ip("10.0.0.5"));
        assert_eq!(parse("::1"), ip("::1"));
        assert_eq!(parse("[fe80::1]"), ip("fe80::1"));
        assert_eq!(parse("ip:10.0.0.5"), ip("10.0.0.5"));
        assert_eq!(parse("DNS:10.0.0.5"), dns("10.0.0.5"));
    }

    #[test]
    fn what_is_neither_is_refused() {
        let long_label = "a".repeat(64);
        let long_name = ["a".repeat(63).as_str(); 4].join(".");
        for value in [
            "",
            ".",
            "a b",
            "a..b",
            "-a",
            "a-",
            "*",
            "*.",
            "*.*.a",
            "a*.b",
            "a.*.b",
            "256.1.1.1",
            "1.2.3",
            "fe80::1%eth0",
            "ip:localhost",
            "dns:",
            "ip:",
            "a/b",
            "https://a",
            "a:19530",
            "a\n",
            "a\0b",
            &long_label,
            &long_name,
        ] {
            assert_eq!(parse(value), None, "{value:?}");
        }
    }

    #[test]
    fn an_address_in_a_dns_entry_is_repaired() {
        let wrong = GeneralName::Dns("1.2.3.4".parse().unwrap());
        assert_eq!(wrong.repaired(), Some(GeneralName::Ip([1, 2, 3, 4].into())));
        assert_eq!(GeneralName::Dns("localhost".parse().unwrap()).repaired(), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_what_is_read_reads_the_same_again(value in "\\PC{0,80}") {
            if let Ok(name) = value.parse::<GeneralName>() {
                let forced = match &name {
                    GeneralName::Dns(name) => format!("dns:{name}"),
                    other => format!("ip:{other}"),
                };
                prop_assert_eq!(forced.parse::<GeneralName>().unwrap(), name);
            }
        }
    }
}
