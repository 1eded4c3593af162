mod judge;
mod known;
mod report;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use time::OffsetDateTime;

pub use report::{ClientOutcome, ProbeReport, ProbedPort};

use crate::base::error::Error;
use crate::milvus::container::{GRPC_PORT, INTERNAL_PORTS, REST_PORT};
use crate::probe::{Options, Service, Target, look};
use crate::x509::name_to_ask_for;
use crate::x509::{self, GeneralName, certificates_from_pem};
use known::Known;

/// What `probe` looks at, and what it is held to.
#[derive(Debug)]
pub struct ProbeRequest {
    /// Hosts, and ports where only one of a host is meant.
    pub hosts: Vec<(String, Option<u16>)>,
    /// The certificate directory; without one the current folder, if it is one.
    pub directory: Option<PathBuf>,
    /// The name that clients ask for; without one, the host.
    pub server_name: Option<GeneralName>,
    /// The authorities to trust instead of the directory's ca.pem.
    pub ca: Option<PathBuf>,
    /// Certificate and key to show instead of the directory's client.pem and client.key, to whatever
    /// server asks; the directory's are shown only to a server that the authorities vouch for.
    pub client: Option<(PathBuf, PathBuf)>,
    /// The port of REST.
    pub rest_port: u16,
    /// Whether Milvus' components are meant, by the ports at which they serve each other.
    pub internal: bool,
    /// The longest that looking may take, at all addresses.
    pub timeout: Duration,
}

impl ProbeRequest {
    /// Of Milvus on this machine.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hosts: vec![("localhost".into(), None)],
            directory: None,
            server_name: None,
            ca: None,
            client: None,
            rest_port: REST_PORT,
            internal: false,
            timeout: Duration::from_secs(15),
        }
    }

    /// The ports to look at: both of a host, or the one that was named.
    fn targets(&self, known: &Known) -> Result<Vec<Target>, Error> {
        let mut targets = Vec::new();
        for (host, port) in &self.hosts {
            let server_name = self.server_name_of(host, known)?;
            let target = |port, service| Target {
                host: host.clone(),
                port,
                service,
                server_name: server_name.clone(),
            };
            match port {
                _ if self.internal => {
                    targets.extend(INTERNAL_PORTS.map(|(_, port)| target(port, Service::Grpc)));
                }
                Some(port) if *port == self.rest_port => targets.push(target(*port, Service::Rest)),
                Some(port) => targets.push(target(*port, Service::Grpc)),
                None => {
                    targets.push(target(GRPC_PORT, Service::Grpc));
                    targets.push(target(self.rest_port, Service::Rest));
                }
            }
        }
        Ok(targets)
    }

    fn server_name_of(&self, host: &str, known: &Known) -> Result<ServerName<'static>, Error> {
        let name = self.name_of(host, known)?;
        // Only names that can be asked for are hosts.
        ServerName::try_from(name.to_string()).map_err(|_| {
            x509::Error::name_invalid(&name.to_string(), "nobody can ask a server for it").into()
        })
    }

    /// The name that clients ask for: Milvus' components a name of their certificate, others the host.
    fn name_of(&self, host: &str, known: &Known) -> Result<GeneralName, Error> {
        if let Some(name) = &self.server_name {
            return Ok(name.clone());
        }
        match known
            .server
            .as_ref()
            .filter(|_| self.internal)
            .and_then(|server| name_to_ask_for(server.names()))
        {
            Some(sni) => Ok(sni.clone()),
            None => Ok(host.parse()?),
        }
    }
}

impl Default for ProbeRequest {
    fn default() -> Self {
        Self::new()
    }
}

/// Looks at running servers, and holds what they serve to a certificate directory.
///
/// # Errors
/// If the directory or a file that was named cannot be read.
pub fn probe(request: &ProbeRequest, now: OffsetDateTime) -> Result<ProbeReport, Error> {
    let known = Known::read(request)?;
    let authorities = known.ca.as_ref().and_then(|(_, content)| certificates_from_pem(content).ok());
    let authorities = authorities.unwrap_or_default();
    // Whoever names a client certificate means it for the server that they name.
    let is_named = request.client.is_some();
    let options = Options {
        identity: known.identity()?,
        trusts: Arc::new(move |shown| is_named || known::verifies(&authorities, shown, now)),
        timeout: request.timeout,
    };
    let seen = look(&request.targets(&known)?, options).map_err(|source| {
        Error::new(format!("cannot make network connections: {source}"))
            .with_hint("raise the limit of open files (`ulimit -n`), then run this again".to_owned())
    })?;
    let (ports, findings) = judge::judge(request, &known, &seen, now);
    Ok(ProbeReport::new(known.directory, ports, findings))
}
