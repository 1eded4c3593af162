//! How each client of Milvus is told to use TLS, as a program or file that is complete.

mod endpoint;

use minijinja::context;

pub use endpoint::{Endpoint, EndpointInvalid};

use crate::deploy::template::{Template, template};
use crate::milvus::TlsMode;

/// A client that can be told how to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// pymilvus.
    Python,
    /// pymilvus with asyncio.
    AsyncPython,
    /// REST.
    Curl,
    /// The Go SDK.
    Go,
    /// The Java SDK.
    Java,
    /// The Node.js SDK.
    Node,
    /// Attu, the web interface.
    Attu,
    /// milvus-backup.
    Backup,
}

/// Where Milvus is, and what a client needs to trust it and to be trusted.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The gRPC port.
    pub grpc: Endpoint,
    /// The REST port.
    pub rest: Endpoint,
    /// The name of the server's certificate that is asked for.
    pub server_name: String,
    /// Whether clients show a certificate.
    pub mode: TlsMode,
    /// The path of ca.pem.
    pub ca_pem: String,
    /// The path of client.pem.
    pub client_pem: String,
    /// The path of client.key.
    pub client_key: String,
}

impl ClientKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Python,
        Self::AsyncPython,
        Self::Curl,
        Self::Go,
        Self::Java,
        Self::Node,
        Self::Attu,
        Self::Backup,
    ];

    /// What the command line calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::AsyncPython => "async-python",
            Self::Curl => "curl",
            Self::Go => "go",
            Self::Java => "java",
            Self::Node => "node",
            Self::Attu => "attu",
            Self::Backup => "backup",
        }
    }

    /// What its file is called.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        self.template().name
    }

    const fn template(self) -> Template {
        match self {
            Self::Python => template!("python.py"),
            Self::AsyncPython => template!("async-python.py"),
            Self::Curl => template!("curl.sh"),
            Self::Go => template!("main.go"),
            Self::Java => template!("ConnectMilvus.java"),
            Self::Node => template!("node.mjs"),
            Self::Attu => template!("attu.sh"),
            Self::Backup => template!("backup.yaml"),
        }
    }

    /// The program or file for a connection.
    #[must_use]
    pub fn snippet(self, connection: &Connection) -> String {
        let Connection { grpc, rest, server_name, mode, ca_pem, client_pem, client_key } = connection;
        let server_name = server_name.as_str();
        let named = |host: &str| if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        self.template().render(context! {
            mutual => *mode == TlsMode::Mutual,
            uri => grpc.to_string(),
            host => grpc.host(),
            port => grpc.port(),
            address => grpc.address(),
            server_name,
            // curl has no option for the name alone: the URL has the name, and leads elsewhere.
            server_name_is_host => rest.host() == named(server_name),
            rest_named_url => format!("https://{}:{}", named(server_name), rest.port()),
            rest_connect_to => format!("{}:{}:{}", named(server_name), rest.port(), rest.address()),
            ca_pem => ca_pem.as_str(),
            client_pem => client_pem.as_str(),
            // curl takes what follows a colon for a passphrase.
            client_pem_for_curl => client_pem.replace('\\', "\\\\").replace(':', "\\:"),
            client_key => client_key.as_str(),
        })
    }
}
