use std::fmt;

use url::{Host, Url};

use crate::base::error::Error;
use crate::x509::GeneralName;

/// Where a port of Milvus is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    host: Host,
    port: u16,
}

impl Endpoint {
    /// Reads `https://host:port`, `https://host`, `host:port` or `host`. Without a port it is
    /// `default_port`: SDKs take 443 for a URL without one, where Milvus does not listen.
    ///
    /// # Errors
    /// If it is no URL, or has more than a host and a port, or says `http`.
    pub(crate) fn parse(value: &str, default_port: u16) -> Result<Self, Error> {
        let invalid =
            |reason: &str| Error::new(format!("{value:?} is no address of a Milvus with TLS: {reason}"));
        let with_scheme = if value.contains("://") { value.to_owned() } else { format!("https://{value}") };
        let url = Url::parse(&with_scheme).map_err(|error| invalid(&error.to_string()))?;
        match url.scheme() {
            "https" => {}
            "http" | "tcp" => return Err(invalid("with TLS it begins with https://")),
            _ => return Err(invalid("it begins with https://")),
        }
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.path() == "/";
        if !is_bare {
            return Err(invalid("only a host and a port can stand in it"));
        }
        let host = url.host().ok_or_else(|| invalid("it has no host"))?.to_owned();
        // The parser drops 443, since it is what https stands for.
        let says_443 = with_scheme.trim_end_matches('/').ends_with(":443");
        let port = url.port().unwrap_or(if says_443 { 443 } else { default_port });
        Ok(Self { host, port })
    }

    #[must_use]
    pub(crate) fn with_port(&self, port: u16) -> Self {
        Self { host: self.host.clone(), port }
    }

    /// The host, as certificates name it; `None` where certificates cannot name it.
    #[must_use]
    pub(crate) fn name(&self) -> Option<GeneralName> {
        match &self.host {
            Host::Domain(name) => name.parse().ok().map(GeneralName::Dns),
            Host::Ipv4(address) => Some(GeneralName::Ip((*address).into())),
            Host::Ipv6(address) => Some(GeneralName::Ip((*address).into())),
        }
    }

    /// As a URL has it: an IPv6 address is in brackets.
    pub(crate) fn host(&self) -> String {
        self.host.to_string()
    }

    /// Whether it is the computer of whoever asks.
    pub(crate) fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// As a URL.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> Option<String> {
        Endpoint::parse(value, 19530).ok().map(|endpoint| endpoint.to_string())
    }

    #[test]
    fn a_missing_port_is_milvus_port_and_not_that_of_the_web() {
        for value in ["https://db.example.com", "db.example.com", "https://db.example.com/", "DB.example.com"]
        {
            assert_eq!(parse(value).as_deref(), Some("https://db.example.com:19530"), "{value}");
        }
        assert_eq!(parse("https://db.example.com:443").as_deref(), Some("https://db.example.com:443"));
    }

    #[test]
    fn addresses_are_hosts_too() {
        assert_eq!(parse("10.0.0.5:19530").as_deref(), Some("https://10.0.0.5:19530"));
        assert_eq!(parse("https://[::1]:1").as_deref(), Some("https://[::1]:1"));
    }

    #[test]
    fn what_is_more_than_host_and_port_is_refused() {
        for value in [
            "",
            "http://localhost:19530",
            "tcp://localhost:19530",
            "https://",
            "https://u:p@h",
            "https://h/path",
            "h?q",
            "https://h#f",
            "a b",
            "h:99999",
            "unix:///run/milvus.sock",
        ] {
            assert_eq!(parse(value), None, "{value}");
        }
    }
}
