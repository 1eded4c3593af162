use minijinja::{Value, context};

use crate::base::error::Error;
use crate::check::FitDirectory;
use crate::deploy::helm_values::HelmValues;
use crate::deploy::kubernetes::{Cluster, without_secret};
use crate::deploy::secret::{SecretKind, with_data};
use crate::deploy::settings::TlsSettings;
use crate::deploy::template::{Document, Template, template};
use crate::store::FileRole;
use crate::x509::{
    Ca, Certificate, EndEntityKind, GeneralName, KeyType, add_names, certificates_to_pem, key_to_pem,
};

const CA_SECRET: Template = template!("ca-secret.yaml");
const ISSUER: Template = template!("issuer.yaml");
const CERTIFICATES: Template = template!("certificates.yaml");

/// The files for a cluster in which cert-manager signs with the CA of a directory: it issues what the directory
/// has, with the names that the cluster gives Milvus.
pub(crate) fn cert_manager(
    cluster: &Cluster,
    settings: &TlsSettings,
    theirs: &HelmValues,
    directory: &FitDirectory,
    ca: &Ca,
) -> Result<Vec<Document>, Error> {
    let kind = SecretKind::Tls;
    let chain = certificates_to_pem(ca.intermediates().iter().chain([ca.root()]));
    // Not encrypted: cert-manager cannot be given a passphrase.
    let key = key_to_pem(ca.key())?;
    let data = [
        (kind.key_of(FileRole::ServerCertificate), chain.as_bytes()),
        (kind.key_of(FileRole::ServerKey), key.as_bytes()),
    ];
    let mut certificates = Vec::new();
    for kind in EndEntityKind::ALL {
        let (_, role) = FileRole::pair_of(kind);
        if let Some(certificate) = directory.end_entity(role) {
            certificates.push(requested(kind, certificate, cluster)?);
        }
    }
    let values = context! {
        ca_secret_name => format!("{}-ca", cluster.secret_name),
        namespace => cluster.release.namespace.as_str(),
        certificates,
    };
    let mut documents = vec![
        with_data(CA_SECRET, values.clone(), &data),
        ISSUER.document(values.clone()),
        CERTIFICATES.document(values),
    ];
    documents.extend(without_secret(cluster, settings, theirs, kind, None));
    Ok(documents)
}

/// What `certificates.yaml` says of one certificate.
fn requested(kind: EndEntityKind, certificate: &Certificate, cluster: &Cluster) -> Result<Value, Error> {
    let mut names = certificate.names().to_vec();
    let mut secret_name = cluster.secret_name.to_string();
    match kind {
        EndEntityKind::Server => add_names(&mut names, &cluster.release.server_names()),
        EndEntityKind::Client => secret_name.push_str("-client"),
    }
    let (key_algorithm, key_size) =
        match certificate.public_key()?.algorithm().key_type().unwrap_or(KeyType::Rsa2048) {
            KeyType::Rsa2048 => ("RSA", 2048),
            KeyType::Rsa3072 => ("RSA", 3072),
            KeyType::Rsa4096 => ("RSA", 4096),
            KeyType::P256 => ("ECDSA", 256),
            KeyType::P384 => ("ECDSA", 384),
        };
    let such = |is_such: fn(&GeneralName) -> bool| -> Vec<_> {
        names.iter().filter(|name| is_such(name)).map(GeneralName::to_string).collect()
    };
    Ok(context! {
        server => kind == EndEntityKind::Server,
        secret_name,
        common_name => certificate.subject().common_name().unwrap_or_default(),
        dns_names => such(|name| matches!(name, GeneralName::Dns(_))),
        ip_addresses => such(|name| matches!(name, GeneralName::Ip(_))),
        key_algorithm,
        key_size,
    })
}
