//! The short forms of Compose: `volumes`, `ports`, and variables in any value.

use std::path::Path;

use crate::check::config::host::cleaned;
use crate::check::config::mounts::Volume;

/// What Compose makes of a value, if that can be told: not where a variable without a default is in it.
pub(crate) fn known(text: &str) -> Option<String> {
    let (text, is_known) = interpolated(text);
    is_known.then_some(text)
}

/// Replaces `${NAME:-default}` by the default, which is what Compose does where nobody sets the
/// variable; a variable without a default is marked by `UNKNOWN`, and makes the second false.
pub(crate) fn interpolated(text: &str) -> (String, bool) {
    let (mut result, mut is_known) = (String::new(), true);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        let (value, after) = variable(after);
        result.extend([before, value.unwrap_or("UNKNOWN")]);
        is_known &= value.is_some();
        rest = after;
    }
    result.push_str(rest);
    (result, is_known)
}

/// What stands for a variable after its `$`, if that can be told, and what follows it.
fn variable(after: &str) -> (Option<&str>, &str) {
    if let Some(rest) = after.strip_prefix('$') {
        return (Some("$"), rest);
    }
    let Some((inside, rest)) = after.strip_prefix('{').and_then(split_at_closing_brace) else {
        let name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        return (None, after.trim_start_matches(name));
    };
    let default = inside.split_once(":-").or_else(|| inside.split_once('-')).map(|(_, default)| default);
    (default.filter(|default| !default.contains('$')), rest)
}

fn split_at_closing_brace(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1;
    let (end, _) = text.char_indices().find(|(_, letter)| {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    Some((&text[..end], &text[end + 1..]))
}

/// The volume and the target of a short form; no target where it cannot be told. It is split before its
/// variables are replaced: a default can have a colon.
pub(crate) fn short_volume(text: &str, folder: &Path) -> (Volume, Option<String>) {
    match split_outside_of_braces(text).as_slice() {
        parts @ [_, _, target, ..] if has_drive(parts) => (Volume::Other, known(target)),
        [source, target, ..] => (host_volume(source, folder), known(target)),
        [target] => (Volume::Other, known(target)),
        [] => (Volume::Other, None),
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
    match known(source) {
        // Relative paths begin at the project's folder.
        Some(path) if path.starts_with(['.', '/']) => Volume::Host(cleaned(&folder.join(path))),
        // Another user's home is not known here, nor what is in a volume.
        _ => Volume::Other,
    }
}

fn split_outside_of_braces(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let is_separator = |letter| {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ':' && depth == 0
    };
    text.split(is_separator).collect()
}

/// The ports in the container that a short form publishes, first and last: `8080`,
/// `127.0.0.1:8080:8080/tcp`, `8000-8100:8000-8100`. None where they cannot be told.
pub(crate) fn short_port(text: &str) -> Option<(u16, u16)> {
    let container = known(split_outside_of_braces(text).pop()?)?;
    let range = container.split('/').next()?;
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_by_their_defaults() {
        for (text, expected) in [
            ("./tls", ("./tls", true)),
            ("${DOCKER_VOLUME_DIRECTORY:-.}/tls", ("./tls", true)),
            ("${A-x}${B:-}", ("x", true)),
            ("a$$b", ("a$b", true)),
            ("${A}/tls", ("UNKNOWN/tls", false)),
            ("$A/tls", ("UNKNOWN/tls", false)),
            ("${A:?say it}", ("UNKNOWN", false)),
            ("${A:-${B:-x}}", ("UNKNOWN", false)),
            ("${A", ("UNKNOWN{A", false)),
            ("$", ("UNKNOWN", false)),
        ] {
            let (found, is_known) = interpolated(text);
            assert_eq!((found.as_str(), is_known), expected, "{text}");
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
            let (found, found_target) = short_volume(text, Path::new("project"));
            assert!(found == volume, "{text}");
            assert_eq!(found_target.as_deref(), target, "{text}");
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
