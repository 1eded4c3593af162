use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::check::server::request::ProbeRequest;
use crate::probe::Identity;
use crate::store::{FileRole, Survey, read_file};
use crate::x509::{Certificate, EndEntityKind, certificates_from_pem, verify_chain};

/// What is known of the server that is looked at.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) directory: Option<String>,
    /// The CAs to trust, and the file that they are in.
    pub(crate) ca: Option<(PathBuf, Vec<u8>)>,
    /// The server's certificate in the directory.
    pub(crate) server: Option<Certificate>,
    pub(crate) client: Option<KnownClient>,
}

/// A client's certificate and key.
pub(crate) struct KnownClient {
    /// The file of the certificate.
    pub(crate) path: PathBuf,
    certificate: Zeroizing<Vec<u8>>,
    key: Zeroizing<Vec<u8>>,
}

impl Known {
    pub(crate) fn read(request: &ProbeRequest) -> Result<Self, Error> {
        let mut known = match survey(request)? {
            Some(survey) => Self::of(&survey),
            None => Self::default(),
        };
        if let Some(path) = &request.ca {
            let content = read_file(path)?;
            certificates_from_pem(&content).map_err(Error::in_file(path))?;
            known.ca = Some((path.clone(), content.to_vec()));
        }
        if let Some((certificate, key)) = &request.client {
            known.client = Some(KnownClient {
                path: certificate.clone(),
                certificate: read_file(certificate)?,
                key: read_file(key)?,
            });
        }
        Ok(known)
    }

    fn of(survey: &Survey) -> Self {
        let content = |role| Some(survey.file(role)?.content.as_ref().ok()?.clone());
        let path = |role| survey.path_of(role);
        let ca = content(FileRole::CaCertificate);
        let server = content(FileRole::ServerCertificate);
        let client = content(FileRole::ClientCertificate).zip(content(FileRole::ClientKey));
        Self {
            directory: Some(survey.path.display().to_string()),
            ca: ca.map(|content| (path(FileRole::CaCertificate), content.to_vec())),
            server: server
                .and_then(|content| certificates_from_pem(&content).ok())
                .and_then(|certificates| certificates.into_iter().next()),
            client: client.map(|(certificate, key)| KnownClient {
                path: path(FileRole::ClientCertificate),
                certificate,
                key,
            }),
        }
    }

    /// What is shown to a server that asks.
    pub(crate) fn identity(&self) -> Result<Option<Identity>, Error> {
        let Some(KnownClient { path, certificate, key }) = &self.client else { return Ok(None) };
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
    let verifies = |shown: &[_]| verify_chain(EndEntityKind::Server, shown, cas, &[], now).is_ok();
    shown.is_ok_and(|shown| !shown.is_empty() && verifies(&shown))
}

/// The directory that was named, or the current folder, if it is one.
fn survey(request: &ProbeRequest) -> Result<Option<Survey>, Error> {
    match &request.directory {
        Some(directory) => Ok(Some(Survey::of(directory)?)),
        None => Ok(Some(Survey::of(Path::new("."))?).filter(|here| !here.files.is_empty())),
    }
}
