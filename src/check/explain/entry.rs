//! What belongs together in a text: an error has more lines than one where a terminal or a mail has wrapped it, and in
//! most languages it has frames or causes below it.

use crate::base::place::Position;

/// A line with what belongs to it: the rest of a line that was wrapped, lines that are indented below it, the causes
/// of an exception, and the frames of a traceback, which Python prints before the exception and Java after it.
#[derive(Default)]
pub(super) struct Entry {
    /// The lines, without line break and without what a tool has put before each, and where they stand.
    lines: Vec<(Vec<u8>, Position)>,
    /// What the frames of a traceback say.
    frames: Vec<u8>,
    is_traceback: bool,
    /// Whether a traceback of what came of the exception follows.
    is_chained: bool,
    /// Whether a blank line has followed the exception.
    is_ended: bool,
    /// What a tool has put before each of the lines.
    prefix: Vec<u8>,
}

impl Entry {
    /// The least and the most characters of a line that has been wrapped.
    const WIDTHS: std::ops::RangeInclusive<usize> = 60..=250;
    /// Lines of words are wrapped before a word that is too long.
    const RAGGED: usize = 15;
    /// More lines and octets than an error needs.
    const MOST_LINES: usize = 16;
    const MOST_FRAMES: usize = 16 * 1024;

    pub(super) fn lines(&self) -> &[(Vec<u8>, Position)] {
        &self.lines
    }

    pub(super) fn frames(&self) -> &[u8] {
        &self.frames
    }

    /// The name of the container that says it, if the text has it.
    pub(super) fn container(&self) -> &[u8] {
        container(&self.prefix)
    }

    pub(super) fn joined(&self, separator: &[u8]) -> Vec<u8> {
        let lines: Vec<_> = self.lines.iter().map(|(line, _)| line.as_slice()).collect();
        lines.join(separator)
    }

    pub(super) fn goes_on_with(&self, line: &[u8]) -> bool {
        let Some((first, _)) = self.lines.first() else { return true };
        // Gradle and uv print causes so.
        let begins_cause = [&b"> "[..], "├".as_bytes(), "╰".as_bytes()];
        if indent(line) > 0 && begins_cause.iter().any(|start| line.trim_ascii_start().starts_with(start)) {
            return self.lines.len() < Self::MOST_LINES;
        }
        let (prefix, line) = line.split_at(prefix(line));
        if self.is_traceback && prefix == self.prefix && self.lines.len() < Self::MOST_LINES {
            let is_frame = line.starts_with(b" ") || begins_traceback(line);
            if line.trim_ascii().is_empty() || chains(line) || self.is_chained && is_frame {
                return true;
            }
            // What follows a blank line is something else.
            if self.is_ended {
                return false;
            }
        }
        // A terminal wraps what the tool prints, so that the rest has nothing before it.
        let is_rest = prefix.is_empty() && indent(line) == 0;
        if prefix != self.prefix && !is_rest || line.trim_ascii().is_empty() {
            return false;
        }
        if self.frames.len() < Self::MOST_FRAMES && is_java_frame(line) {
            return true;
        }
        // What a command says that was typed in the line before
        let is_output = first.starts_with(b"$ ") && self.lines.len() == 1;
        self.lines.len() < Self::MOST_LINES
            && (is_output
                || line.starts_with(b"Caused by: ")
                || self.is_exception_of(line)
                || indent(line) > indent(first) && !begins_entry(line.trim_ascii_start())
                || self.is_wrapped_before(line))
    }

    /// Whether a line is the exception that the line before reports, as loggers of Java print it.
    fn is_exception_of(&self, line: &[u8]) -> bool {
        matches!(self.lines.as_slice(), [(first, _)] if !begins_with_exception(first))
            && begins_with_exception(line)
    }

    /// Whether a terminal has cut the lines where they were full, and not a person between two words: then they are
    /// as long as each other, or as a terminal is wide.
    pub(super) fn is_cut_within_words(&self) -> bool {
        const TERMINALS: [usize; 6] = [80, 100, 120, 132, 160, 200];
        let [full @ .., _] = self.lines.as_slice() else { return false };
        let widths: Vec<_> = full.iter().map(width_of).collect();
        let is_even = widths.windows(2).all(|two| two[0] == two[1]);
        is_even && (widths.len() > 1 || widths.iter().any(|width| TERMINALS.contains(width)))
    }

    fn is_wrapped_before(&self, line: &[u8]) -> bool {
        let (Some(first), Some((last, _))) = (self.lines.first(), self.lines.last()) else { return true };
        let width = width_of(first);
        let is_full = |line: &(Vec<u8>, Position)| width_of(line).abs_diff(width) <= Self::RAGGED;
        // Go: current time 2026-11-25T04:34:08Z is after
        let is_cut_before_time = last.ends_with(b"current time") || last.ends_with(b"is before");
        let is_json = first.0.starts_with(b"{") && last.ends_with(b"}");
        (is_cut_before_time || !begins_entry(line))
            && !is_json
            && Self::WIDTHS.contains(&width)
            && self.lines.iter().all(is_full)
            && line.len() <= width + Self::RAGGED
            && first.0.get(..4) != line.get(..4)
    }

    pub(super) fn add(&mut self, line: &[u8], mut position: Position) {
        let (prefix, line) = line.split_at(prefix(line));
        if self.lines.is_empty() {
            self.prefix = prefix.to_vec();
        }
        let awaits_exception = self.lines.is_empty() || self.is_chained;
        let is_python_frame = self.is_traceback && awaits_exception && line.starts_with(b" ");
        let begins_traceback = awaits_exception && begins_traceback(line);
        self.is_traceback |= begins_traceback;
        if self.is_traceback && !self.lines.is_empty() && (line.trim_ascii().is_empty() || chains(line)) {
            self.is_chained |= chains(line);
            self.is_ended = !self.is_chained;
        } else if begins_traceback || is_python_frame || is_java_frame(line) && !self.lines.is_empty() {
            let room = Self::MOST_FRAMES.saturating_sub(self.frames.len());
            self.frames.extend_from_slice(&line[..line.len().min(room)]);
        } else {
            self.is_chained = false;
            position.column += characters(prefix);
            self.lines.push((line.trim_ascii_end().to_vec(), position));
        }
    }
}

/// With what the tool has put before it
fn width_of((line, position): &(Vec<u8>, Position)) -> usize {
    position.column - 1 + line.len()
}

fn indent(line: &[u8]) -> usize {
    line.len() - line.trim_ascii_start().len()
}

fn is_java_frame(line: &[u8]) -> bool {
    let frame = line.trim_ascii_start();
    frame.len() < line.len() && (frame.starts_with(b"at ") || frame.starts_with(b"... "))
}

/// `javax.net.ssl.SSLHandshakeException: `, the name of a class and its packages
fn begins_with_exception(line: &[u8]) -> bool {
    let end = line.iter().position(|octet| !octet.is_ascii_alphanumeric() && !b"._$".contains(octet));
    let name = &line[..end.unwrap_or(line.len())];
    name.contains(&b'.') && (name.ends_with(b"Exception") || name.ends_with(b"Error"))
}

/// Whether a line begins as what is whole does: with a time, in brackets, as JSON, with a level as glog writes it, as
/// an event of Kubernetes.
fn begins_entry(line: &[u8]) -> bool {
    let begins_with_digits =
        |line: &[u8]| line.get(..4).is_some_and(|four| four.iter().all(u8::is_ascii_digit));
    match line {
        [b'[' | b'{', ..] => !line.starts_with(b"[cause]"),
        [b'E' | b'I' | b'W', rest @ ..] if begins_with_digits(rest) => true,
        _ => {
            begins_with_digits(line)
                || [&b"time="[..], b"Normal  ", b"Warning  "].iter().any(|start| line.starts_with(start))
                || begins_traceback(line)
        }
    }
}

/// Whether a traceback of what came of an exception follows.
fn chains(line: &[u8]) -> bool {
    line.starts_with(b"The above exception was the direct cause")
        || line.starts_with(b"During handling of the above")
}

/// How long that is which a tool has put before a line: a mail `> `, Compose `milvus-standalone  | `, `kubectl logs`
/// `[pod/milvus-0/standalone] `.
fn prefix(line: &[u8]) -> usize {
    let quoted = line.iter().take_while(|octet| b"> ".contains(octet)).count();
    let quoted = if line.starts_with(b">") { quoted } else { 0 };
    let rest = &line[quoted..];
    let is_of_name = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_.".contains(octet);
    let name = rest.iter().take_while(|octet| is_of_name(octet)).count();
    let padded = name + rest[name..].iter().take_while(|octet| **octet == b' ').count();
    let is_compose = name > 0 && padded > name && rest[padded..].starts_with(b"|");
    let prefix = match is_compose {
        true => padded + 1 + usize::from(rest[padded + 1..].starts_with(b" ")),
        false if rest.starts_with(b"[pod/") => {
            rest.windows(2).position(|two| two == b"] ").map_or(0, |end| end + 2)
        }
        false => 0,
    };
    quoted + prefix
}

/// The container of `my-milvus-etcd-1  | `, of `[pod/my-release-etcd-0/etcd] `: `etcd`. The rest names the project.
fn container(prefix: &[u8]) -> &[u8] {
    let is_of_name = |octet: &u8| octet.is_ascii_alphabetic();
    let Some(end) = prefix.iter().rposition(is_of_name) else { return b"" };
    let start = prefix[..=end].iter().rposition(|octet| !is_of_name(octet)).map_or(0, |before| before + 1);
    &prefix[start..=end]
}

/// Whether the frames of a traceback follow; a whole one in a line of JSON is a line like others.
fn begins_traceback(line: &[u8]) -> bool {
    line.trim_ascii_end().ends_with(b"Traceback (most recent call last):")
}

/// How many characters there are in UTF-8.
pub(super) fn characters(text: &[u8]) -> usize {
    text.iter().filter(|octet| **octet & 0xC0 != 0x80).count()
}
