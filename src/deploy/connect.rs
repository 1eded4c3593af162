use std::path::PathBuf;

use serde::Serialize;
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::check::{FitDirectory, Purpose};
use crate::deploy::clients::{Client, Connection};
use crate::deploy::deployment::server_name;
use crate::deploy::endpoint::Endpoint;
use crate::milvus::TlsMode;
use crate::milvus::container::REST_PORT;
use crate::store::FileRole;
use crate::x509::{EndEntityKind, GeneralName, covers};

/// What `connect` is to show.
#[derive(Debug)]
pub(crate) struct ConnectRequest {
    /// The certificate directory; a client's needs no server.pem.
    pub directory: PathBuf,
    pub client: &'static Client,
    /// Where gRPC is.
    pub uri: Endpoint,
    /// Where REST is; without one, 8080 on the same host.
    pub rest_url: Option<Endpoint>,
    pub tls_mode: TlsMode,
    /// As whom the client authenticates, where Milvus asks for that.
    pub user: Option<String>,
    /// The name of the server's certificate to ask for; without one, the host if server.pem covers it,
    /// or else a name of server.pem.
    pub server_name: Option<GeneralName>,
}

/// How a client connects.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ConnectReport {
    /// The certificate directory.
    pub directory: String,
    pub client: String,
    pub tls_mode: TlsMode,
    /// The name of the server's certificate that is asked for.
    pub server_name: String,
    pub file_name: &'static str,
    /// The program or file.
    pub content: String,
}

/// Shows how a client connects, with the files of a certificate directory that `check` finds no error in.
///
/// # Errors
/// If the directory would not work, with the findings.
pub(crate) fn connect(request: &ConnectRequest, now: OffsetDateTime) -> Result<ConnectReport, Error> {
    let purpose = Purpose {
        mode: request.tls_mode,
        server_names: request.server_name.as_slice(),
        not_needed: &[FileRole::ServerCertificate, FileRole::ServerKey],
        needs: (request.tls_mode == TlsMode::Mutual).then_some(EndEntityKind::Client),
    };
    let directory = FitDirectory::judge(&request.directory, &purpose, now)?;
    if request.tls_mode == TlsMode::Mutual && !request.client.shows_certificate {
        return Err(Error::new(
            "environment variables make no program show a certificate, as --tls-mode 2 asks for",
        )
        .with_hint(
            "let Milvus serve tlsMode 1, or use what the program itself has for client.pem and client.key"
                .to_owned(),
        ));
    }
    if request.user.is_some() && !request.client.authenticates {
        return Err(Error::new(format!("--user means nothing for {}", request.client)).with_hint(
            "leave it out: whoever uses it is asked for user and password, or has them in its own settings"
                .to_owned(),
        ));
    }
    let path = |role| {
        let path = directory.path_of(role);
        let path =
            if request.client.is_elsewhere { std::path::absolute(&path).unwrap_or(path) } else { path };
        path.display().to_string()
    };
    let connection = Connection {
        grpc: request.uri.clone(),
        rest: request.rest_url.clone().unwrap_or_else(|| request.uri.with_port(REST_PORT)),
        server_name: name_to_ask_for(request, &directory)?.to_string(),
        mode: request.tls_mode,
        user: request.user.clone(),
        ca_pem: path(FileRole::CaCertificate),
        client_pem: path(FileRole::ClientCertificate),
        client_key: path(FileRole::ClientKey),
    };
    Ok(ConnectReport {
        directory: request.directory.display().to_string(),
        client: request.client.to_string(),
        tls_mode: request.tls_mode,
        content: request.client.snippet(&connection),
        server_name: connection.server_name,
        file_name: request.client.file_name(),
    })
}

fn name_to_ask_for(request: &ConnectRequest, directory: &FitDirectory) -> Result<GeneralName, Error> {
    let host = request.uri.name();
    let server = directory.end_entity(FileRole::ServerCertificate);
    match (&request.server_name, host, server) {
        (Some(name), _, _) => Ok(name.clone()),
        (None, Some(host), None) => Ok(host),
        (None, Some(host), Some(server)) if covers(server, &host) => Ok(host),
        _ => server_name(directory),
    }
}
