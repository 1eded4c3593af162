use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::check::server::request::ProbeRequest;
use crate::probe::Identity;
use crate::store::{FileRole, Survey, path_of, read_file};
use crate::x509::{Certificate, EndEntityKind, certificates_from_pem, verify_chain};

/// What is known of the server that is looked at.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) directory: Option<String>,
    /// The CAs to trust, the server's certificate, and the certificate and key of a client, with their paths.
    files: HashMap<FileRole, (PathBuf, Zeroizing<Vec<u8>>)>,
}

impl Known {
    /// The files of the directory that was named, or of the current folder if it is one, and what is given
    /// instead of them.
    pub(crate) fn read(request: &ProbeRequest) -> Result<Self, Error> {
        let survey = Survey::of(request.directory.as_deref().unwrap_or(Path::new(".")))?;
        let mut known = Self::default();
        if request.directory.is_some() || !survey.files.is_empty() {
            known.directory = Some(survey.path.display().to_string());
        }
        for file in survey.files {
            let is_other_key = file.role.is_key() && file.role != FileRole::ClientKey;
            if let (false, Ok(content)) = (is_other_key, file.content) {
                known.files.insert(file.role, (path_of(&survey.path, file.role), content));
            }
        }
        if let Some(path) = &request.ca {
            let content = read_file(path)?;
            certificates_from_pem(&content).map_err(Error::in_file(path))?;
            known.files.insert(FileRole::CaCertificate, (path.clone(), content));
        }
        if let Some((certificate, key)) = &request.client {
            let certificate = (certificate.clone(), read_file(certificate)?);
            known.files.insert(FileRole::ClientCertificate, certificate);
            known.files.insert(FileRole::ClientKey, (key.clone(), read_file(key)?));
        }
        Ok(known)
    }

    pub(crate) fn file(&self, role: FileRole) -> Option<&(PathBuf, Zeroizing<Vec<u8>>)> {
        self.files.get(&role)
    }

    /// The certificates of a file; none where it cannot be read.
    pub(crate) fn certificates(&self, role: FileRole) -> Vec<Certificate> {
        let certificates = self.file(role).and_then(|(_, content)| certificates_from_pem(content).ok());
        certificates.unwrap_or_default()
    }

    /// Whether there is a certificate and a key to be shown to a server that asks.
    pub(crate) fn has_client(&self) -> bool {
        self.file(FileRole::ClientCertificate).is_some() && self.file(FileRole::ClientKey).is_some()
    }

    /// What is shown to a server that asks.
    pub(crate) fn identity(&self) -> Result<Option<Identity>, Error> {
        let pair = self.file(FileRole::ClientCertificate).zip(self.file(FileRole::ClientKey));
        let Some(((path, certificate), (_, key))) = pair else { return Ok(None) };
        let chain = certificates_from_pem(certificate).map_err(Error::in_file(path))?;
        // A server that may see the certificate gets no more than a signature by the key.
        let Ok(key) = PrivateKeyDer::from_pem_slice(key) else { return Ok(None) };
        let chain = chain.iter().map(|certificate| CertificateDer::from(certificate.as_der().to_vec()));
        Ok(Some(Identity { chain: chain.collect(), key }))
    }
}

/// Whether a server that shows these certificates is one of those that these CAs vouch for. Whether
/// it has the right name does not matter: each of them may see the clients of all.
pub(crate) fn verifies(cas: &[Certificate], shown: &[Vec<u8>], now: OffsetDateTime) -> bool {
    let shown: Result<Vec<_>, _> = shown.iter().map(|der| Certificate::from_der(der)).collect();
    shown.is_ok_and(|shown| {
        !shown.is_empty() && verify_chain(EndEntityKind::Server, &shown, cas, &[], now).is_ok()
    })
}
