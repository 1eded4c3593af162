use super::super::settings::{Setting, Value, atoi, mode_of, parse_bool};
use super::*;

impl Judge<'_> {
    /// Values that Milvus cannot take for what they should be.
    pub(super) fn types(&mut self) {
        let settings = &self.deployment.settings;
        let mut wrong: Vec<_> = Key::all()
            .filter_map(|key| settings.get(key).and_then(|setting| wrong_value(key, setting)))
            .collect();
        let sections = settings.wrong_sections().map(|(section, place, described)| {
            (Code::WrongType, place.clone(), format!("{section} is {described}, not a block of settings"))
        });
        wrong.extend(sections);
        for (code, place, evidence) in wrong {
            self.report(code, place, evidence);
        }
    }
}

/// What is wrong with a value, if something is.
fn wrong_value(key: Key, setting: &Setting) -> Option<(Code, Place, String)> {
    let place = setting.place.clone();
    let wrong = |code, what: String| Some((code, place, format!("{} is {what}", key.name())));
    let text = match &setting.value {
        Value::Unknown => return None,
        Value::Collection(described) => {
            return wrong(Code::WrongType, format!("{described}, where a single value belongs"));
        }
        Value::Text(text) => text,
    };
    let shown = shortened(text);
    match key {
        Key::TlsMode if mode_of(text) == Mode::Invalid => wrong(Code::TlsModeInvalid, mode_described(text)),
        Key::InternalTlsEnabled | Key::HttpEnabled if !text.is_empty() && parse_bool(text).is_none() => {
            wrong(Code::WrongType, format!("{shown}, neither true nor false"))
        }
        // Without a port of its own REST shares gRPC's: that is no matter of types.
        Key::HttpPort if text.is_empty() => None,
        Key::GrpcPort | Key::HttpPort if port(text).is_none() => {
            wrong(Code::WrongType, format!("{shown}, not a number from 1 to 65535"))
        }
        Key::Path(..) if text.contains("-----BEGIN") => {
            wrong(Code::WrongType, "PEM itself, where a path belongs".into())
        }
        _ => None,
    }
}

/// What Milvus makes of a mode that is none: it reads a number, or else takes 0. Any number but 0, 1
/// and 2 is refused while REST is on.
fn mode_described(text: &str) -> String {
    match atoi(text) {
        Some(number) => format!("{number}; only 0, 1 and 2 exist"),
        None => format!("{}, which Milvus takes for 0", shortened(text)),
    }
}
