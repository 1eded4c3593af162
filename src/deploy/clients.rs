//! How each client of Milvus is told to use TLS, as a program or file that is complete.

use minijinja::context;

use crate::base::text::shell_quoted;
use crate::deploy::endpoint::Endpoint;
use crate::deploy::template::{Template, template, verbatim};
use crate::milvus::TlsMode;

/// A client that can be told how to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientKind {
    /// pymilvus.
    Python,
    /// pymilvus with asyncio.
    AsyncPython,
    /// REST.
    Curl,
    Go,
    Java,
    Node,
    /// The web interface.
    Attu,
    /// milvus-backup.
    Backup,
    /// Programs that take no more than an address: environment variables, in a shell.
    Env,
    EnvCompose,
    EnvKubernetes,
    EnvSystemd,
}

/// Where Milvus is, and what a client needs to trust it and to be trusted.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub grpc: Endpoint,
    pub rest: Endpoint,
    /// The name of the server's certificate that is asked for.
    pub server_name: String,
    /// Whether clients show a certificate.
    pub mode: TlsMode,
    /// As whom they authenticate; the password is asked for by the program itself, or in MILVUS_PASSWORD.
    pub user: Option<String>,
    /// Paths, as are the next two.
    pub ca_pem: String,
    pub client_pem: String,
    pub client_key: String,
}

impl ClientKind {
    pub(crate) const ALL: [Self; 12] = [
        Self::Python,
        Self::AsyncPython,
        Self::Curl,
        Self::Go,
        Self::Java,
        Self::Node,
        Self::Attu,
        Self::Backup,
        Self::Env,
        Self::EnvCompose,
        Self::EnvKubernetes,
        Self::EnvSystemd,
    ];

    /// What people call it, too.
    #[must_use]
    pub(crate) const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["pymilvus", "python3", "py"],
            Self::AsyncPython => &["asyncio", "async-pymilvus"],
            Self::Curl => &["rest", "http"],
            Self::Go => &["golang"],
            Self::Node => &["nodejs", "js", "javascript", "typescript"],
            Self::Backup => &["milvus-backup"],
            Self::Env => &["environment", "app"],
            Self::EnvKubernetes => &["env-k8s"],
            _ => &[],
        }
    }

    /// Whether it is a program that can give a user and a password.
    #[must_use]
    pub(crate) const fn authenticates(self) -> bool {
        !matches!(self, Self::Attu | Self::Backup) && self.can_show_certificate()
    }

    /// Whether it can show a certificate of its own.
    #[must_use]
    pub(crate) const fn can_show_certificate(self) -> bool {
        !matches!(self, Self::Env | Self::EnvCompose | Self::EnvKubernetes | Self::EnvSystemd)
    }

    /// What the command line calls it.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        self.name_and_template().0
    }

    #[must_use]
    pub(crate) const fn file_name(self) -> &'static str {
        self.name_and_template().1.name
    }

    const fn name_and_template(self) -> (&'static str, Template) {
        match self {
            Self::Python => ("python", template!("python.py")),
            Self::AsyncPython => ("async-python", template!("async-python.py")),
            Self::Curl => ("curl", template!("curl.sh")),
            Self::Go => ("go", template!("main.go")),
            Self::Java => ("java", template!("ConnectMilvus.java")),
            Self::Node => ("node", template!("node.mjs")),
            Self::Attu => ("attu", template!("attu.sh")),
            Self::Backup => ("backup", template!("backup.yaml")),
            Self::Env => ("env", template!("env.sh")),
            Self::EnvCompose => ("env-compose", template!("env.compose.yaml")),
            Self::EnvKubernetes => ("env-kubernetes", template!("env.kubernetes.yaml")),
            Self::EnvSystemd => ("env-systemd", template!("env.systemd.conf")),
        }
    }

    /// The program or file for a connection.
    #[must_use]
    pub(crate) fn snippet(self, connection: &Connection) -> String {
        let Connection { grpc, rest, server_name, mode, user, ca_pem, client_pem, client_key } = connection;
        let name_in_url = match server_name.contains(':') {
            true => format!("[{server_name}]"),
            false => server_name.clone(),
        };
        self.name_and_template().1.render(context! {
            mutual => *mode == TlsMode::Mutual,
            user => user.as_deref(),
            uri => grpc.to_string(),
            host => grpc.host(),
            port => grpc.port(),
            address => grpc.address(),
            server_name => server_name.as_str(),
            // curl has no option for the name alone: the URL has the name, and leads elsewhere.
            server_name_is_host => rest.host() == name_in_url,
            rest_named_url => format!("https://{name_in_url}:{}", rest.port()),
            rest_connect_to => format!("{name_in_url}:{}:{}", rest.port(), rest.address()),
            ca_pem => ca_pem.as_str(),
            // Compose takes a dollar for the beginning of a variable, systemd a percent sign.
            ca_pem_for_compose => ca_pem.replace('$', "$$"),
            ca_pem_for_systemd => ca_pem.replace('%', "%%"),
            ca_pem_for_shell => verbatim(shell_quoted(ca_pem)),
            client_pem => client_pem.as_str(),
            // curl takes what follows a colon for a passphrase.
            client_pem_for_curl => client_pem.replace('\\', "\\\\").replace(':', "\\:"),
            client_key => client_key.as_str(),
        })
    }
}
