use crate::actions::Error;
use crate::pki::{Certificate, EndEntityKind, certificates_from_pem};
use crate::store::{Directory, EndEntityFiles};

/// The certificate of a server or client that is to be renewed, or that is missing.
pub(crate) struct Old {
    pub(crate) kind: EndEntityKind,
    pub(crate) files: EndEntityFiles,
    pub(crate) certificate: Option<Certificate>,
}

impl Old {
    /// Reads it.
    pub(crate) fn read(
        directory: &Directory,
        kind: EndEntityKind,
        files: EndEntityFiles,
    ) -> Result<Self, Error> {
        let certificate = leaf(directory, &files)?;
        Ok(Self { kind, files, certificate })
    }

    /// Of the directory itself. What is not to be renewed may also be unreadable.
    pub(crate) fn of_directory(
        directory: &Directory,
        kind: EndEntityKind,
        is_renewed: bool,
    ) -> Result<Self, Error> {
        let files = EndEntityFiles::of_directory(kind);
        match leaf(directory, &files) {
            Err(_) if !is_renewed => Ok(Self { kind, files, certificate: None }),
            certificate => Ok(Self { kind, certificate: certificate?, files }),
        }
    }

    /// The certificate's file, for notes.
    pub(crate) fn file(&self) -> String {
        self.files.certificate.to_string()
    }

    pub(crate) fn common_name(&self) -> Option<String> {
        self.certificate.as_ref().and_then(|certificate| certificate.subject().common_name())
    }
}

fn leaf(directory: &Directory, files: &EndEntityFiles) -> Result<Option<Certificate>, Error> {
    let Some(content) = directory.read(&files.certificate)? else { return Ok(None) };
    // renew.sh leaves an empty server.pem behind when it fails.
    if content.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let unreadable = |source| Error::OldCertificate { path: directory.path_of(&files.certificate), source };
    let certificates = certificates_from_pem(&content).map_err(unreadable)?;
    // Some put the authority first; a leaf is what is no authority.
    let leaf = certificates.iter().find(|certificate| !certificate.is_ca());
    Ok(leaf.or(certificates.first()).cloned())
}
