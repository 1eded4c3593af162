//! What go-yaml v2, which reads Milvus' configuration, makes of a scalar without quotes, and what
//! `cast.ToString` of that is: YAML 1.1, so `yes` is `true` and `0x1` is `1`.

use std::borrow::Cow;

/// `null` in go-yaml's resolve table.
pub(crate) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// The text that Milvus sees.
pub(crate) fn as_go_string(text: &str) -> Cow<'_, str> {
    match text {
        _ if is_null(text) => "".into(),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => "true".into(),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            "false".into()
        }
        _ => number(text).map_or(text.into(), Cow::Owned),
    }
}

fn number(text: &str) -> Option<String> {
    let begins = |byte: &u8| byte.is_ascii_digit() || b"+-.".contains(byte);
    text.as_bytes().first().filter(|byte| begins(byte))?;
    let plain = text.replace('_', "");
    integer(&plain).map(|value| value.to_string()).or_else(|| float(&plain).map(|value| value.to_string()))
}

/// Go's `strconv.ParseInt` with base 0.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_str() {
        hex if hex.starts_with("0x") => (16, &hex[2..]),
        octal if octal.starts_with("0o") => (8, &octal[2..]),
        binary if binary.starts_with("0b") => (2, &binary[2..]),
        octal if octal.len() > 1 && octal.starts_with('0') => (8, &octal[1..]),
        decimal => (10, decimal),
    };
    let is_digit = |letter: char| letter.is_digit(radix);
    digits.chars().all(is_digit).then(|| i64::from_str_radix(&format!("{sign}{digits}"), radix).ok())?
}

/// go-yaml's `yamlStyleFloat`; Rust prints the result as Go's `'f', -1` does.
fn float(text: &str) -> Option<f64> {
    let allowed = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    text.bytes().all(allowed).then(|| text.parse::<f64>().ok())?.filter(|value| value.is_finite())
}
