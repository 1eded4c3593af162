use crate::base::shown::shortened;
use crate::check::clients::{ALL, NOBODY, REST, Stopped};
use crate::check::codes::Code;
use crate::check::config::deployed::DeploymentJudge;
use crate::check::config::settings::{Mode, Setting, Value, atoi, mode_of, parse_bool, port};
use crate::milvus::keys::{Block, Key, PathKey};

impl DeploymentJudge<'_> {
    /// Values that Milvus cannot take for what they should be.
    pub(super) fn types(&mut self) {
        let settings = &self.deployment.settings;
        for key in Key::all() {
            let Some(Setting { value, place }) = settings.get(key) else { continue };
            if let Some((code, what)) = wrong_value(key, value) {
                let evidence = format!("{} is {what}", key.name());
                self.findings.stopping(code, place.clone(), evidence, self.stopped_without(key));
            }
        }
        for (section, (place, described)) in &settings.wrong_sections {
            let evidence = format!("{section} is {described}, not a block of settings");
            let between_components = *section == Block::InternalTls.name();
            let key = if between_components { Key::Sni } else { Key::TlsMode };
            self.findings.stopping(Code::WrongType, place.clone(), evidence, self.stopped_without(key));
        }
    }

    /// Keys about TLS that stand twice.
    pub(super) fn repeated(&mut self) {
        for (place, key) in &self.deployment.settings.repeated {
            self.findings.repeated(place.clone(), key);
        }
    }

    /// Whom it stops that Milvus takes a setting for its default.
    pub(super) fn stopped_without(&self, key: Key) -> Stopped {
        let is_internal = || self.deployment.settings.is_true(Key::InternalTlsEnabled) == Some(true);
        match key {
            Key::Path(Block::InternalTls, _) | Key::Sni if !is_internal() => Stopped::both(NOBODY),
            Key::InternalTlsEnabled => Stopped::both(NOBODY),
            Key::HttpEnabled => Stopped::both(REST),
            Key::Path(Block::Tls, PathKey::CaPem) => Stopped { one_way: NOBODY, mutual: ALL },
            _ => Stopped::both(ALL),
        }
    }
}

/// What is wrong with a value, if something is.
fn wrong_value(key: Key, value: &Value) -> Option<(Code, String)> {
    let text = match value {
        Value::Unknown => return None,
        Value::Collection(described) => {
            return Some((Code::WrongType, format!("{described}, where a single value belongs")));
        }
        Value::Text(text) => text,
    };
    let what = match key {
        Key::TlsMode if mode_of(text) == Mode::Invalid => {
            return Some((Code::TlsModeInvalid, mode_described(text)));
        }
        Key::InternalTlsEnabled | Key::HttpEnabled if !text.is_empty() && parse_bool(text).is_none() => {
            format!("{}, neither true nor false", shortened(text))
        }
        // Without a port of its own REST shares gRPC's: that is no matter of types.
        Key::HttpPort if text.is_empty() => return None,
        Key::GrpcPort | Key::HttpPort if port(text).is_none() => {
            format!("{}, not a number from 1 to 65535", shortened(text))
        }
        Key::Path(..) if text.contains("-----BEGIN") => "PEM itself, where a path belongs".into(),
        _ => return None,
    };
    Some((Code::WrongType, what))
}

/// What Milvus makes of a mode that is none: it reads a number, or else takes 0. Any number but 0, 1
/// and 2 is refused while REST is on.
fn mode_described(text: &str) -> String {
    match atoi(text) {
        Some(number) => format!("{number}; only 0, 1 and 2 exist"),
        None => format!("{}, which Milvus takes for 0", shortened(text)),
    }
}
