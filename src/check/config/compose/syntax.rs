//! The short forms of Compose: `volumes`, `ports`, and variables in any value.

use std::borrow::Cow;
use std::path::Path;

use crate::check::config::host::cleaned;
use crate::check::config::mounts::Volume;

/// A value with its variables replaced, as Compose does it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Interpolated<'t> {
    pub(crate) text: Cow<'t, str>,
    /// A variable without a default is in it: it cannot be told what it is.
    pub(crate) is_unknown: bool,
}

/// Replaces `${NAME:-default}` by the default, which is what Compose does where nobody sets the
/// variable; a variable without a default is marked by `UNKNOWN`.
pub(crate) fn interpolated(text: &str) -> Interpolated<'_> {
    if !text.contains('$') {
        return Interpolated { text: text.into(), is_unknown: false };
    }
    let mut result = Interpolated { text: Cow::Owned(String::new()), is_unknown: false };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        result.text.to_mut().push_str(before);
        rest = result.variable(after);
    }
    result.text.to_mut().push_str(rest);
    result
}

impl Interpolated<'_> {
    /// Replaces one variable, and returns what follows it.
    fn variable<'t>(&mut self, after: &'t str) -> &'t str {
        if let Some(rest) = after.strip_prefix('$') {
            self.text.to_mut().push('$');
            return rest;
        }
        if let Some((inside, rest)) = after.strip_prefix('{').and_then(split_at_closing_brace) {
            let default =
                inside.split_once(":-").or_else(|| inside.split_once('-')).map(|(_, default)| default);
            match default.filter(|default| !default.contains('$')) {
                Some(default) => self.text.to_mut().push_str(default),
                None => self.unknown(),
            }
            return rest;
        }
        let name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let rest = after.trim_start_matches(name);
        self.unknown();
        rest
    }

    fn unknown(&mut self) {
        self.is_unknown = true;
        self.text.to_mut().push_str("UNKNOWN");
    }
}

fn split_at_closing_brace(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1;
    let end = text.char_indices().find(|(_, letter)| {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    Some((&text[..end.0], &text[end.0 + 1..]))
}

/// A volume in its short form: source, target, and mode.
pub(crate) struct ShortVolume {
    pub(crate) volume: Volume,
    /// None where it cannot be told.
    pub(crate) target: Option<String>,
}

/// Splits a volume before its variables are replaced: a default can have a colon.
pub(crate) fn short_volume(text: &str, folder: &Path) -> ShortVolume {
    let mut parts = split_outside_of_braces(text);
    let has_drive = has_drive(&parts);
    if has_drive {
        parts.remove(0);
    }
    let (source, target) = match parts.as_slice() {
        [] => (None, ""),
        [target] => (None, *target),
        [source, target, ..] => (Some(*source), *target),
    };
    let target = interpolated(target);
    ShortVolume {
        volume: source.filter(|_| !has_drive).map_or(Volume::Other, |source| host_volume(source, folder)),
        target: (!target.is_unknown).then(|| target.text.into_owned()),
    }
}

/// Whether a volume begins with a drive of Windows, `C:\\certs:/milvus/tls`; a volume can be called by one
/// letter too.
fn has_drive(parts: &[&str]) -> bool {
    let is_letter = |part: &str| part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    match parts {
        [drive, path, target, ..] if is_letter(drive) => {
            path.starts_with('\\') || path.starts_with('/') && target.starts_with('/')
        }
        _ => false,
    }
}

/// What is before the colon: a path of this machine, or the name of a volume.
pub(crate) fn host_volume(source: &str, folder: &Path) -> Volume {
    let source = interpolated(source);
    match source.text.as_bytes().first() {
        // Relative paths begin at the project's folder.
        Some(b'.' | b'/') if !source.is_unknown => Volume::Host(cleaned(&folder.join(&*source.text))),
        // Another user's home is not known here, nor what is in a volume.
        _ => Volume::Other,
    }
}

fn split_outside_of_braces(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (index, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The ports in the container that a short form publishes, first and last: `8080`,
/// `127.0.0.1:8080:8080/tcp`, `8000-8100:8000-8100`. None where they cannot be told.
pub(crate) fn short_port(text: &str) -> Option<(u16, u16)> {
    let container = split_outside_of_braces(text).pop()?;
    let container = interpolated(container);
    let range = container.text.split('/').next().filter(|_| !container.is_unknown)?;
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str) -> (String, bool) {
        let Interpolated { text, is_unknown } = interpolated(text);
        (text.into_owned(), is_unknown)
    }

    #[test]
    fn variables_are_replaced_by_their_defaults() {
        for (text, expected) in [
            ("./tls", ("./tls", false)),
            ("${DOCKER_VOLUME_DIRECTORY:-.}/tls", ("./tls", false)),
            ("${A-x}${B:-}", ("x", false)),
            ("a$$b", ("a$b", false)),
            ("${A}/tls", ("UNKNOWN/tls", true)),
            ("$A/tls", ("UNKNOWN/tls", true)),
            ("${A:?say it}", ("UNKNOWN", true)),
            ("${A:-${B:-x}}", ("UNKNOWN", true)),
            ("${A", ("UNKNOWN{A", true)),
            ("$", ("UNKNOWN", true)),
        ] {
            let (text_found, is_unknown) = replaced(text);
            assert_eq!((text_found.as_str(), is_unknown), expected, "{text}");
        }
    }

    #[test]
    fn short_volumes_have_a_source_and_a_target() {
        let host = |path: &str| Volume::Host(path.into());
        for (text, volume, target) in [
            ("./certs:/milvus/tls:ro", host("project/certs"), Some("/milvus/tls")),
            ("/certs:/milvus/tls", host("/certs"), Some("/milvus/tls")),
            ("${DOCKER_VOLUME_DIRECTORY:-.}/tls:/milvus/tls", host("project/tls"), Some("/milvus/tls")),
            ("${TLS}:/milvus/tls", Volume::Other, Some("/milvus/tls")),
            ("~/certs:/milvus/tls", Volume::Other, Some("/milvus/tls")),
            ("certs:/milvus/tls", Volume::Other, Some("/milvus/tls")),
            ("/milvus/tls", Volume::Other, Some("/milvus/tls")),
            ("C:\\certs\\tls:/milvus/tls:ro", Volume::Other, Some("/milvus/tls")),
            ("c:/certs/tls:/milvus/tls", Volume::Other, Some("/milvus/tls")),
            ("c:/milvus/tls:ro", Volume::Other, Some("/milvus/tls")),
            ("./certs:${TARGET}", host("project/certs"), None),
        ] {
            let found = short_volume(text, Path::new("project"));
            assert!(found.volume == volume, "{text}");
            assert_eq!(found.target.as_deref(), target, "{text}");
        }
    }

    #[test]
    fn short_ports_end_with_the_port_in_the_container() {
        for (text, expected) in [
            ("8080", Some((8080, 8080))),
            ("80:8080", Some((8080, 8080))),
            ("127.0.0.1:80:8080/tcp", Some((8080, 8080))),
            ("[::1]:80:8080", Some((8080, 8080))),
            ("8000-8100:8000-8100", Some((8000, 8100))),
            ("${REST:-80}:8080", Some((8080, 8080))),
            ("80:${REST:-8080}", Some((8080, 8080))),
            ("80:${REST}", None),
            ("http", None),
            ("", None),
        ] {
            assert_eq!(short_port(text), expected, "{text}");
        }
    }
}
