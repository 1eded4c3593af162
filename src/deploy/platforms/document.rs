use std::fmt;

use zeroize::Zeroizing;

/// A file that was rendered.
#[derive(Clone)]
pub struct Document {
    /// Its name, by which its own comments and the other files call it.
    pub file_name: &'static str,
    /// Its text; it begins with a comment that says where it goes and how it is applied.
    pub content: Zeroizing<String>,
    /// Whether a private key is in it.
    pub holds_key: bool,
}

impl Document {
    pub(crate) fn new(file_name: &'static str, content: String) -> Self {
        Self { file_name, content: Zeroizing::new(content), holds_key: false }
    }
}

/// Without the content: it can hold private keys.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file_name, content, holds_key } = self;
        write!(f, "Document({file_name:?}, {} octets, holds_key: {holds_key})", content.len())
    }
}
