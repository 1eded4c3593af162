use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::text::{command, shell_quoted};
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
    /// In its place a CA certificate, and a client's certificate and key, by paths of their own.
    pub files: Option<ClientFiles>,
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

/// What somebody has who was handed files.
#[derive(Debug)]
pub(crate) struct ClientFiles {
    pub ca: PathBuf,
    /// Certificate and key.
    pub pair: Option<(PathBuf, PathBuf)>,
}

/// How a client connects.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ConnectReport {
    /// The certificate directory; none where files were named.
    pub directory: Option<String>,
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
    let directory = judged(request, now)?;
    refuse_ca(&directory)?;
    request.refuse_what_has_no_effect()?;
    let path = |role| {
        let path = directory.path_of(role);
        let path =
            if request.client.is_elsewhere { std::path::absolute(&path).unwrap_or(path) } else { path };
        path.display().to_string()
    };
    let name = name_to_ask_for(request, &directory)?;
    let connection = Connection {
        grpc: request.uri.clone(),
        rest: request.rest_url.clone().unwrap_or_else(|| request.uri.with_port(REST_PORT)),
        server_name: name.to_string(),
        mode: request.tls_mode,
        user: request.user.clone(),
        ca_pem: path(FileRole::CaCertificate),
        client_pem: path(FileRole::ClientCertificate),
        client_key: path(FileRole::ClientKey),
    };
    Ok(ConnectReport {
        directory: request.files.is_none().then(|| request.directory.display().to_string()),
        client: request.client.to_string(),
        tls_mode: request.tls_mode,
        content: request.client.snippet(&connection),
        server_name: connection.server_name,
        file_name: request.client.file_name(),
    })
}

/// The files, if they would work.
fn judged(request: &ConnectRequest, now: OffsetDateTime) -> Result<FitDirectory, Error> {
    let is_mutual = request.tls_mode == TlsMode::Mutual;
    let purpose = Purpose {
        mode: request.tls_mode,
        server_names: request.server_name.as_slice(),
        not_needed: &[FileRole::ServerCertificate, FileRole::ServerKey],
        needs: is_mutual.then_some(EndEntityKind::Client),
    };
    let Some(ClientFiles { ca, pair }) = &request.files else {
        return FitDirectory::judge(&request.directory, &purpose, now);
    };
    if is_mutual && pair.is_none() {
        let hint = "give --cert and --key beside --ca, or the certificate directory instead".to_owned();
        return Err(Error::new("--tls-mode 2 asks for a client's certificate and key").with_hint(hint));
    }
    let mut files = vec![(FileRole::CaCertificate, ca.clone())];
    if let Some((certificate, key)) = pair {
        files.push((FileRole::ClientCertificate, certificate.clone()));
        files.push((FileRole::ClientKey, key.clone()));
    }
    FitDirectory::judge_files(files, &purpose, now)
}

/// That what is to be shown is the CA's: whoever has its key can be anybody.
fn refuse_ca(directory: &FitDirectory) -> Result<(), Error> {
    let ca = directory.certificates(FileRole::CaCertificate);
    match directory.end_entity(FileRole::ClientCertificate) {
        Some(client) if ca.iter().any(|ca| ca.as_der() == client.as_der()) => {
            let path = directory.path_of(FileRole::ClientCertificate);
            Err(Error::new(format!("{}: is the CA's own certificate, and no client's", path.display()))
                .with_hint(
                    "`milvus-certs issue client NAME` makes one where ca.key is, which stays there"
                        .to_owned(),
                ))
        }
        _ => Ok(()),
    }
}

impl ConnectRequest {
    fn refuse_what_has_no_effect(&self) -> Result<(), Error> {
        let client = self.client;
        if self.tls_mode == TlsMode::Mutual && !client.shows_certificate {
            let message = format!("{client} cannot show a certificate, as --tls-mode 2 asks for");
            let sidecar = self.command(&format!("connect sidecar nginx --tls-mode 2 --uri {}", self.uri));
            return Err(Error::new(message).with_hint(format!(
                "`{sidecar}` has a proxy show it in the program's place; or let Milvus serve tlsMode 1"
            )));
        }
        if self.user.is_some() && !client.authenticates {
            return Err(Error::new(format!("--user means nothing for {client}")).with_hint(
                "leave it out: whoever uses it is asked for user and password, or has them in its own settings"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// What adds a name to server.pem, where the certificates are.
    fn renewal(&self, name: &str) -> String {
        let words = format!("renew server --san {name}");
        match self.files {
            None => command(&words, &self.directory),
            Some(_) => format!("milvus-certs {words}"),
        }
    }

    /// Another command on the same files.
    fn command(&self, words: &str) -> String {
        let quoted = |path: &Path| shell_quoted(&path.display().to_string());
        match &self.files {
            None => command(words, &self.directory),
            Some(ClientFiles { ca, pair }) => {
                let pair = pair.iter().map(|(certificate, key)| {
                    format!(" --cert {} --key {}", quoted(certificate), quoted(key))
                });
                format!("milvus-certs {words} --ca {}{}", quoted(ca), pair.collect::<String>())
            }
        }
    }
}

fn name_to_ask_for(request: &ConnectRequest, directory: &FitDirectory) -> Result<GeneralName, Error> {
    let (client, host) = (request.client, request.uri.name());
    let server = directory.end_entity(FileRole::ServerCertificate);
    let can_ask_for = |name: &GeneralName| !client.asks_for_names || matches!(name, GeneralName::Dns(_));
    let name = match (&request.server_name, host.clone().filter(can_ask_for), server) {
        (Some(name), _, _) => name.clone(),
        (None, Some(host), None) => host,
        (None, Some(host), Some(server)) if covers(server, &host) => host,
        (None, _, Some(_)) => server_name(directory)?,
        (None, None, None) => {
            let message = format!("{client} asks servers for names, and {} is none", request.uri.host());
            return Err(Error::new(message)
                .with_hint("--server-name says a name that Milvus' certificate has".to_owned()));
        }
    };
    if !can_ask_for(&name) {
        let message = format!("{client} asks servers for names, and {name} is an address");
        let renew = request.renewal("NAME");
        return Err(Error::new(message)
            .with_hint(format!("name one that server.pem has, with --server-name; `{renew}` adds one")));
    }
    if !client.names_server && host.as_ref() != Some(&name) {
        let message =
            format!("{client} asks for the host, {}, and cannot ask for {name}", request.uri.host());
        let renew = request.renewal(&request.uri.host());
        return Err(Error::new(message)
            .with_hint(format!("let --uri say a host that server.pem covers; `{renew}` adds this one")));
    }
    Ok(name)
}
