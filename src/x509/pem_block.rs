//! The blocks of a PEM file (RFC 7468), which may hold private keys: what is read of them is in no buffer that
//! is not wiped.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::x509::error::Error;

pub(crate) const BEGIN: &[u8] = b"-----BEGIN ";
pub(crate) const END: &[u8] = b"-----END ";
pub(crate) const DASHES: &[u8] = b"-----";

pub(crate) fn damaged(reason: impl std::fmt::Display) -> Error {
    Error::new(format!("is not valid PEM: {reason}")).with_hint("restore the file from a backup")
}

/// A block of a PEM file.
pub(crate) struct Block<'f> {
    /// What its first and its last line say that it is.
    pub(crate) label: &'f str,
    headers: &'f str,
    /// What it holds, decoded.
    pub(crate) contents: Zeroizing<Vec<u8>>,
}

impl<'f> Block<'f> {
    /// Reads all of a file, whatever stands between them; says what is wrong with the first that is damaged.
    pub(crate) fn all(mut file: &'f [u8]) -> Result<Vec<Self>, Error> {
        let mut blocks = Vec::new();
        while let Some(parts) = next(&mut file) {
            blocks.push(Self::of(parts)?);
        }
        Ok(blocks)
    }

    fn of([begin, headers, data, end]: [&'f [u8]; 4]) -> Result<Self, Error> {
        let text = |octets: &'f [u8]| {
            let text = std::str::from_utf8(octets);
            text.map_err(|_| damaged("what is between a BEGIN line and its END line is not text"))
        };
        let (label, end) = (text(begin)?, text(end)?);
        if label.is_empty() {
            return Err(damaged("a BEGIN or END line is damaged"));
        }
        if label != end {
            return Err(damaged(format_args!("a BEGIN line says {label}, its END line {end}")));
        }
        let headers = text(headers)?;
        if let Some(header) = headers.lines().find(|line| !line.contains(':')) {
            return Err(damaged(format_args!("a header is damaged: {header}")));
        }
        Ok(Self { label, headers, contents: decoded(data)? })
    }

    /// The last value of a header (RFC 1421).
    pub(crate) fn header(&self, name: &str) -> Option<&'f str> {
        let headers = self.headers.lines().rev().filter_map(|line| line.split_once(':'));
        headers
            .map(|(key, value)| (key.trim(), value.trim()))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// Whether it is encrypted in PEM's own way (RFC 1421).
    pub(crate) fn is_encrypted(&self) -> bool {
        self.header("Proc-Type").is_some_and(|value| value.contains("ENCRYPTED"))
    }
}

/// Takes the next whole block from a file: what its BEGIN line says, its headers, its data, what its END line says.
fn next<'f>(file: &mut &'f [u8]) -> Option<[&'f [u8]; 4]> {
    let (_, rest) = split(file, BEGIN)?;
    let (begin, rest) = split(rest, DASHES)?;
    let (payload, rest) = split(rest.trim_ascii_start(), END)?;
    let (end, rest) = split(rest, DASHES)?;
    *file = rest;
    // An empty line ends the headers.
    let headers = split(payload, b"\n\n").or_else(|| split(payload, b"\r\n\r\n"));
    let (headers, data) = headers.unwrap_or((b"", payload));
    Some([begin, headers, data, end])
}

/// What stands before a mark, and after it.
fn split<'f>(text: &'f [u8], mark: &[u8]) -> Option<(&'f [u8], &'f [u8])> {
    let start = text.windows(mark.len()).position(|window| window == mark)?;
    Some((&text[..start], &text[start + mark.len()..]))
}

/// Decodes base64. Neither buffer grows, which would leave a copy behind.
fn decoded(data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut text = Zeroizing::new(Vec::with_capacity(data.len()));
    text.extend(data.iter().filter(|octet| !octet.is_ascii_whitespace()));
    let mut contents = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = STANDARD.decode_slice(&*text, &mut contents);
    let length =
        length.map_err(|_| damaged("what is between a BEGIN line and its END line is not base64"))?;
    contents.truncate(length);
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &[u8]) -> Result<Vec<Block<'_>>, Error> {
        Block::all(file)
    }

    #[test]
    fn blocks_are_read_in_their_order_whatever_stands_between_them() {
        let file = b"text\n-----BEGIN A-----\nAA\nEC\n-----END A-----\nmore\n-----BEGIN B C-----\r\n/w==\r\n-----END B C-----";
        let blocks = read(file).unwrap();
        let found: Vec<_> = blocks.iter().map(|block| (block.label, block.contents.as_slice())).collect();
        assert_eq!(found, [("A", &[0, 1, 2][..]), ("B C", &[0xFF])]);
    }

    #[test]
    fn headers_are_read_and_are_no_base64() {
        let file = b"-----BEGIN K-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,00\n\nAAEC\n-----END K-----\n";
        let blocks = read(file).unwrap();
        assert!(blocks[0].is_encrypted());
        assert_eq!(blocks[0].header("DEK-Info"), Some("DES-EDE3-CBC,00"));
        assert_eq!(blocks[0].header("Other"), None);
        assert_eq!(*blocks[0].contents, [0, 1, 2]);
    }

    #[test]
    fn what_is_wrong_with_a_block_is_said() {
        for (file, reason) in [
            (&b"-----BEGIN A-----\n!\n-----END A-----\n"[..], "is not base64"),
            (b"-----BEGIN A-----\nAAE\n-----END A-----\n", "is not base64"),
            (b"-----BEGIN A-----\nAAEC\n-----END B-----\n", "says A, its END line B"),
            (b"-----BEGIN -----\nAAEC\n-----END -----\n", "a BEGIN or END line is damaged"),
            (b"-----BEGIN A-----\nno header\n\nAAEC\n-----END A-----\n", "a header is damaged: no header"),
            (b"-----BEGIN \xFF-----\nAAEC\n-----END \xFF-----\n", "is not text"),
        ] {
            let error = read(file).err().unwrap().to_string();
            assert!(error.contains(reason), "{error}");
        }
        assert!(read(b"-----BEGIN A-----\nAAEC\n").unwrap().is_empty(), "a block that is cut off is none");
        assert!(read(b"").unwrap().is_empty());
    }
}
