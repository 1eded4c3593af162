//! Text that somebody else wrote, where people read it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

/// Whether a character moves the cursor, changes the order of what is shown, or shows nothing: with
/// it a foreign name could forge a line, or hide a part of itself.
pub(crate) fn is_deceptive(character: char) -> bool {
    match character {
        // Zero width, and marks of direction.
        '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{FEFF}' => true,
        // Separators of lines and paragraphs, and what overrides the direction.
        '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => true,
        // Tags, which say the same as ASCII and are not shown.
        '\u{E0000}'..='\u{E007F}' => true,
        _ => character.is_control(),
    }
}

/// The text with such characters escaped: `\n`, `\u{202e}`.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_deceptive) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match is_deceptive(character) {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown.into()
}

/// As between double quotes. What cannot stand in YAML (1.2.2, 5.1) or in Go, or breaks a line in
/// some language, is written as a number.
pub(crate) fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' | '\\' => result.extend(['\\', letter]),
            '\n' => result.push_str("\\n"),
            '\r' => result.push_str("\\r"),
            '\t' => result.push_str("\\t"),
            '\u{2028}'
            | '\u{2029}'
            | '\u{FEFF}'
            | '\u{FFFE}'
            | '\u{FFFF}'
            | '\0'..='\u{1F}'
            | '\u{7F}'..='\u{9F}' => {
                let _ = write!(result, "\\u{:04X}", u32::from(letter));
            }
            letter => result.push(letter),
        }
    }
    result
}

/// Octets in lower-case hexadecimal.
pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A list as people write it: `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(items: &[impl AsRef<str>]) -> String {
    let items: Vec<_> = items.iter().map(AsRef::as_ref).collect();
    match items.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => items.concat(),
    }
}

/// `1 certificate`, `2 certificates`.
#[must_use]
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A value as it can be pasted into a shell; what cannot be shown is written in `$'…'`.
pub(crate) fn shell_quoted(value: &str) -> String {
    if value.contains(is_deceptive) {
        return ansi_c_quoted(value);
    }
    shlex::try_quote(value).map_or_else(|_| value.to_owned(), |quoted| quoted.into_owned())
}

/// `$'…'` (POSIX.1-2024 2.2.4), with octets in octal: three digits end by themselves.
fn ansi_c_quoted(value: &str) -> String {
    let mut quoted = String::from("$'");
    for character in value.chars() {
        match character {
            '\'' | '\\' => quoted.extend(['\\', character]),
            _ if is_deceptive(character) => {
                let octets = character.to_string().into_bytes();
                quoted.extend(octets.into_iter().map(|octet| format!("\\{octet:03o}")));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('\'');
    quoted
}

/// A command of this program for a certificate directory, which can be pasted into a shell.
pub(crate) fn command(verb: &str, directory: &Path) -> String {
    match directory.display().to_string().as_str() {
        "." => format!("milvus-certs {verb}"),
        path => format!("milvus-certs {verb} -d {}", shell_quoted(path)),
    }
}

/// Serialises types as they are displayed.
macro_rules! serialize_as_displayed {
    ($($displayed:ty),+) => {
        $(impl serde::Serialize for $displayed {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(test)]
        impl schemars::JsonSchema for $displayed {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                <str as schemars::JsonSchema>::schema_name()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                <str as schemars::JsonSchema>::json_schema(generator)
            }
        })+
    };
}
pub(crate) use serialize_as_displayed;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_forge_a_line_or_hide_is_escaped_and_nothing_else() {
        for (text, shown) in [
            ("plain, ünïcode, 日本, \\ and \"", "plain, ünïcode, 日本, \\ and \""),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[2J\u{7f}\u{9b}", "\\u{1b}[2J\\u{7f}\\u{9b}"),
            ("\u{202e}\u{2066}\u{2028}\u{200b}\u{feff}", "\\u{202e}\\u{2066}\\u{2028}\\u{200b}\\u{feff}"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }

    #[test]
    fn a_value_for_a_shell_has_no_character_that_cannot_be_shown() {
        for (value, quoted) in [
            ("certs", "certs"),
            ("my certs", "'my certs'"),
            ("d\u{7f}'\\", "$'d\\177\\'\\\\'"),
            ("a\n1\u{202e}", "$'a\\0121\\342\\200\\256'"),
        ] {
            assert_eq!(shell_quoted(value), quoted);
        }
    }
}
