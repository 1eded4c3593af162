use rustls::pki_types::ServerName;

use crate::base::error::Error;
use crate::check::server::known::Known;
use crate::check::server::request::ProbeRequest;
use crate::milvus::container::{GRPC_PORT, INTERNAL_PORTS};
use crate::probe::{Service, Target};
use crate::x509::{self, GeneralName, name_to_ask_for};

impl ProbeRequest {
    /// The ports to look at: both of a host, or the one that was named.
    pub(crate) fn targets(&self, known: &Known) -> Result<Vec<Target>, Error> {
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
    pub(crate) fn name_of(&self, host: &str, known: &Known) -> Result<GeneralName, Error> {
        if let Some(name) = &self.server_name {
            return Ok(name.clone());
        }
        let server = known.server.as_ref().filter(|_| self.internal);
        match server.and_then(|server| name_to_ask_for(server.names())) {
            Some(sni) => Ok(sni.clone()),
            None => Ok(host.parse()?),
        }
    }
}
