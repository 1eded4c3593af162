//! A text as people have it: of a log, a terminal, a chat, a file of PowerShell.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

/// Reads UTF-16 that begins with a byte order mark, as Windows PowerShell's `>` writes it, as UTF-8; all else as
/// it is.
///
/// # Errors
/// If the text cannot be read.
pub(super) fn decoded<'a>(mut text: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let unit = match text.fill_buf()? {
        [0xFF, 0xFE, ..] => u16::from_le_bytes,
        [0xFE, 0xFF, ..] => u16::from_be_bytes,
        _ => return Ok(Box::new(text)),
    };
    text.consume(2);
    Ok(Box::new(io::BufReader::new(Utf16 { text, unit, high: None })))
}

struct Utf16<R> {
    text: R,
    unit: fn([u8; 2]) -> u16,
    /// The first half of a character whose second half has not been read yet.
    high: Option<u16>,
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A unit has two octets, and no more than three in UTF-8.
        let mut octets = Vec::new();
        let most = (buffer.len() / 3).saturating_sub(1).max(1) * 2;
        self.text.by_ref().take(most as u64).read_to_end(&mut octets)?;
        let units = octets.chunks_exact(2).map(|pair| (self.unit)([pair[0], pair[1]]));
        let mut units: Vec<u16> = self.high.take().into_iter().chain(units).collect();
        let is_high = |unit: &u16| (0xD800..0xDC00).contains(unit);
        if octets.len() == most {
            self.high = units.pop_if(|unit| is_high(unit));
        }
        let decoded: String =
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        buffer[..decoded.len()].copy_from_slice(decoded.as_bytes());
        Ok(decoded.len())
    }
}

/// The same characters in number, with those that chats, word processors and terminals put in the place of plain
/// ones made plain again.
pub(super) fn plain(text: &[u8]) -> Cow<'_, [u8]> {
    const ESCAPE: u8 = 0x1B;
    if text.is_ascii() && !text.contains(&ESCAPE) {
        return Cow::Borrowed(text);
    }
    let mut in_escape = false;
    let text = String::from_utf8_lossy(text);
    let plain = text.chars().map(|character| match character {
        // Colours: ESC [ 31 m
        '\u{1B}' => {
            in_escape = true;
            ' '
        }
        _ if in_escape => {
            in_escape = !character.is_ascii_alphabetic();
            ' '
        }
        '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{2032}' | '\u{B4}' => '\'',
        '\u{201C}' | '\u{201D}' | '\u{201F}' | '\u{2033}' => '"',
        '\u{2010}' | '\u{2011}' | '\u{2012}' | '\u{2013}' => '-',
        _ if character.is_whitespace() && character != '\n' => ' ',
        _ => character,
    });
    Cow::Owned(plain.collect::<String>().into_bytes())
}
