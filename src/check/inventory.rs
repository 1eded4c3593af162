//! Files that the inventory names, as those find them who only look.

use crate::store::{INVENTORY, ISSUED_FOLDER, SeenFile, View};

/// From the directory.
pub(crate) fn inventory_path() -> String {
    format!("{ISSUED_FOLDER}/{INVENTORY}")
}

/// How many lines are damaged beside the first.
pub(crate) fn more_damaged(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "; 1 more line is damaged".into(),
        more => format!("; {more} more lines are damaged"),
    }
}

/// A certificate that was issued, with its key and the path of that; there is none of a signing request, and where
/// it was handed over.
pub(crate) struct IssuedFiles {
    pub(crate) certificate: SeenFile,
    pub(crate) key: Option<(String, SeenFile)>,
}

impl IssuedFiles {
    /// Nothing where the certificate is not there any more.
    pub(crate) fn look(view: &View, file: &str) -> Option<Self> {
        let certificate = view.look(file)?;
        let key = file.strip_suffix(".pem").map(|stem| format!("{stem}.key"));
        let key = key.and_then(|path| view.look(&path).map(|key| (path, key)));
        Some(Self { certificate, key })
    }
}
