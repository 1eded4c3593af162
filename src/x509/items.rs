use crate::base::text::printable;
use crate::x509::encoding::{CERTIFICATE, blocks};
use crate::x509::pem_block::Block;
use crate::x509::request::is_request;
use crate::x509::{Certificate, CertificateRequest, Error, KeyMaterial};

/// Something that a file holds.
#[derive(Clone, Debug)]
pub enum Item {
    /// A certificate.
    Certificate(Box<Certificate>),
    /// A private key, without its secret.
    PrivateKey(KeyMaterial),
    /// A certificate signing request.
    Request(Box<CertificateRequest>),
    /// A PEM block of another kind, by its label.
    Other(String),
    /// A PEM block that does not hold what its label says.
    Damaged {
        /// The label.
        label: String,
        /// What is wrong with it.
        error: String,
    },
}

/// Reads everything in a file: PEM, whatever stands between its blocks, or DER.
///
/// # Errors
/// If nothing in it is known.
pub fn items(content: &[u8]) -> Result<Vec<Item>, Error> {
    let blocks = match blocks(content) {
        Err(Error::Der { .. }) => return Ok(vec![from_der(content)?]),
        blocks => blocks?,
    };
    match blocks.is_empty() {
        true => Err(Error::PemMissing { wanted: "certificate or key", found: Vec::new() }),
        false => Ok(blocks.iter().map(from_block).collect()),
    }
}

fn from_block(block: &Block<'_>) -> Item {
    let read = match block.label() {
        CERTIFICATE => Certificate::from_der(block.contents()).map(certificate),
        label if is_request(label) => CertificateRequest::from_der(block.contents()).map(request),
        _ => match KeyMaterial::from_block(block) {
            Ok(key) => key.map(Item::PrivateKey),
            Err(label) => return Item::Other(printable(&label).into_owned()),
        },
    };
    read.unwrap_or_else(|error| Item::Damaged {
        label: printable(block.label()).into_owned(),
        error: error.to_string(),
    })
}

fn from_der(content: &[u8]) -> Result<Item, Error> {
    let certificate = Certificate::from_der(content).map(certificate);
    let request = || CertificateRequest::from_der(content).map(request);
    let key = || KeyMaterial::from_der(content).map(Item::PrivateKey);
    certificate.or_else(|error| {
        let other = request().or_else(|_| key());
        other.map_err(|_| error)
    })
}

fn certificate(certificate: Certificate) -> Item {
    Item::Certificate(Box::new(certificate))
}

fn request(request: CertificateRequest) -> Item {
    Item::Request(Box::new(request))
}
