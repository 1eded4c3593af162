use std::path::PathBuf;
use std::time::Duration;

use rustls::pki_types::ServerName;

use crate::base::error::Error;
use crate::check::server::known::Known;
use crate::milvus::container::{GRPC_PORT, INTERNAL_PORTS};
use crate::probe::{Service, Target};
use crate::store::FileRole;
use crate::x509::{self, GeneralName, name_to_ask_for};

/// What `probe` looks at, and what it is held to.
#[derive(Debug)]
pub(crate) struct ProbeRequest {
    /// Hosts, and ports where only one of a host is meant.
    pub hosts: Vec<(String, Option<u16>)>,
    /// The certificate directory; without one the current folder, if it is one.
    pub directory: Option<PathBuf>,
    /// The name that clients ask for; without one, the host.
    pub server_name: Option<GeneralName>,
    /// The CAs to trust instead of the directory's ca.pem.
    pub ca: Option<PathBuf>,
    /// Certificate and key to show instead of the directory's client.pem and client.key, to whatever
    /// server asks; the directory's are shown only to a server that the CAs vouch for.
    pub client: Option<(PathBuf, PathBuf)>,
    pub rest_port: u16,
    /// Whether Milvus' components are meant, by the ports at which they serve each other.
    pub internal: bool,
    /// The longest that looking may take, at all addresses.
    pub timeout: Duration,
}

impl ProbeRequest {
    /// The ports to look at: both of a host, or the one that was named.
    pub(crate) fn targets(&self, known: &Known) -> Result<Vec<Target>, Error> {
        let mut targets = Vec::new();
        for (host, port) in &self.hosts {
            let name = self.name_of(host, known)?.to_string();
            // Only names that can be asked for are hosts.
            let server_name = ServerName::try_from(name.clone())
                .map_err(|_| x509::Error::name_invalid(&name, "nobody can ask a server for it"))?;
            let ports = match port {
                _ if self.internal => INTERNAL_PORTS.map(|(_, port)| (port, Service::Grpc)).to_vec(),
                Some(port) if *port == self.rest_port => vec![(*port, Service::Rest)],
                Some(port) => vec![(*port, Service::Grpc)],
                None => vec![(GRPC_PORT, Service::Grpc), (self.rest_port, Service::Rest)],
            };
            targets.extend(ports.into_iter().map(|(port, service)| Target {
                host: host.clone(),
                port,
                service,
                server_name: server_name.clone(),
            }));
        }
        Ok(targets)
    }

    /// The name that clients ask for: Milvus' components a name of their certificate, others the host.
    pub(crate) fn name_of(&self, host: &str, known: &Known) -> Result<GeneralName, Error> {
        if let Some(name) = &self.server_name {
            return Ok(name.clone());
        }
        let server = known.certificates(FileRole::ServerCertificate);
        let server = server.first().filter(|_| self.internal);
        match server.and_then(|server| name_to_ask_for(server.names())) {
            Some(sni) => Ok(sni.clone()),
            None => Ok(host.parse()?),
        }
    }
}
