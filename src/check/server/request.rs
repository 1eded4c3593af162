use std::path::PathBuf;
use std::time::Duration;

use crate::milvus::container::REST_PORT;
use crate::x509::GeneralName;

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
    /// Of Milvus on this machine.
    #[must_use]
    pub(crate) fn new() -> Self {
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
}

impl Default for ProbeRequest {
    fn default() -> Self {
        Self::new()
    }
}
