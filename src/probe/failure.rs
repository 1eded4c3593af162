//! Why a connection fails, from the errors of the operating system and of rustls.

use std::io::{self, ErrorKind};

use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// How a connection ended.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Ended {
    #[error("alert {0}")]
    Alert(String),
    #[error("what it answers is no TLS")]
    NotTls,
    #[error("it closes the connection")]
    Closed,
    #[error("it says nothing")]
    TimedOut,
    #[error("{0}")]
    Other(String),
}

impl Ended {
    pub(super) fn of(error: &io::Error) -> Self {
        if let Some(error) = rustls_error(error) {
            return match error {
                Error::AlertReceived(alert) => Self::Alert(alert_name(*alert)),
                Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => {
                    Self::Other("neither TLS 1.2 nor TLS 1.3".into())
                }
                Error::PeerIncompatible(what) => Self::Other(format!("{what:?}")),
                Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => Self::NotTls,
                Error::InvalidCertificate(CertificateError::BadSignature) => {
                    Self::Other("it has another key than that of the certificate that it shows first".into())
                }
                other => Self::Other(other.to_string()),
            };
        }
        match error.kind() {
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Other(reason(error)),
        }
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::of(&error)
    }
}

impl From<h2::Error> for Ended {
    fn from(error: h2::Error) -> Self {
        match error.get_io() {
            Some(error) => Self::of(error),
            None => Self::Other("what it answers is no HTTP/2".into()),
        }
    }
}

/// The error of rustls inside of the operating system's, however deep.
fn rustls_error(error: &io::Error) -> Option<&Error> {
    let mut inner = error.get_ref()? as &(dyn std::error::Error + 'static);
    loop {
        if let Some(error) = inner.downcast_ref::<Error>() {
            return Some(error);
        }
        inner = match inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(deeper) => deeper,
            None => inner.source()?,
        };
    }
}

/// As the standards spell it: `bad_certificate` (RFC 8446 6).
fn alert_name(alert: AlertDescription) -> String {
    let camel = format!("{alert:?}");
    let mut name = String::with_capacity(camel.len() + 4);
    let mut previous_is_lower = false;
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() && previous_is_lower {
            name.push('_');
        }
        previous_is_lower = letter.is_ascii_lowercase();
        name.push(letter.to_ascii_lowercase());
    }
    match name.as_str() {
        "unrecognised_name" => "unrecognized_name".into(),
        _ => name,
    }
}

/// In a person's words, without the number of the operating system.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "the connection is refused".into(),
        ErrorKind::ConnectionReset => "the connection is reset".into(),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            "there is no way to this address".into()
        }
        ErrorKind::TimedOut => "no answer".into(),
        ErrorKind::PermissionDenied => "a firewall of this machine forbids it".into(),
        _ => error.to_string().split(" (os error").next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_spelt_as_the_standards_spell_them() {
        for (alert, name) in [
            (AlertDescription::BadCertificate, "bad_certificate"),
            (AlertDescription::UnknownCA, "unknown_ca"),
            (AlertDescription::CertificateRequired, "certificate_required"),
            (AlertDescription::ProtocolVersion, "protocol_version"),
            (AlertDescription::NoApplicationProtocol, "no_application_protocol"),
            (AlertDescription::UnrecognisedName, "unrecognized_name"),
        ] {
            assert_eq!(alert_name(alert), name);
        }
    }
}
