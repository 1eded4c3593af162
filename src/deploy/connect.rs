use std::path::PathBuf;

use serde::Serialize;
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::text::command;
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
        let sidecar = format!("connect sidecar nginx --tls-mode 2 --uri {}", request.uri);
        let sidecar = command(&sidecar, &request.directory);
        return Err(Error::new(format!(
            "{} cannot show a certificate, as --tls-mode 2 asks for",
            request.client
        ))
        .with_hint(format!(
            "`{sidecar}` has a proxy show it in the program's place; or let Milvus serve tlsMode 1"
        )));
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
    let can_ask_for =
        |name: &GeneralName| !request.client.asks_for_names || matches!(name, GeneralName::Dns(_));
    let name = match (&request.server_name, host.filter(can_ask_for), server) {
        (Some(name), _, _) => name.clone(),
        (None, Some(host), None) => host,
        (None, Some(host), Some(server)) if covers(server, &host) => host,
        _ => server_name(directory)?,
    };
    if can_ask_for(&name) {
        return Ok(name);
    }
    Err(Error::new(format!("{} asks servers for names, and {name} is an address", request.client)).with_hint(
        "name one that server.pem has, with --server-name; `milvus-certs renew server --san NAME` adds one"
            .to_owned(),
    ))
}
