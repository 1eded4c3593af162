//! How each client of Milvus is told to use TLS, as a program or file that is complete.

use std::fmt;

use minijinja::context;

use crate::base::text::shell_quoted;
use crate::deploy::endpoint::Endpoint;
use crate::deploy::template::{Template, template, verbatim};
use crate::milvus::TlsMode;

/// A client that can be told how to connect.
#[derive(Debug)]
pub(crate) struct Client {
    /// What the command line calls it.
    pub name: &'static str,
    /// Which of those that have this name.
    pub which: Option<&'static str>,
    /// What people call it, too.
    pub aliases: &'static [&'static str],
    template: Template,
    /// Whether it can show a certificate of its own.
    pub shows_certificate: bool,
    /// Whether it can give a user and a password.
    pub authenticates: bool,
    /// Whether it runs in another folder than the one where it is set up.
    pub is_elsewhere: bool,
}

/// In the order in which the help lists them.
pub(crate) static CLIENTS: [Client; 12] = [
    Client::program("python", &["pymilvus", "python3", "py"], template!("python.py")),
    Client::program("async-python", &["asyncio", "async-pymilvus"], template!("async-python.py")),
    Client::program("curl", &["rest", "http"], template!("curl.sh")),
    Client::program("go", &["golang"], template!("main.go")),
    Client::program("java", &[], template!("ConnectMilvus.java")),
    Client::program("node", &["nodejs", "js", "javascript", "typescript"], template!("node.mjs")),
    // The web interface.
    Client::tool("attu", &[], template!("attu.sh")),
    Client::tool("backup", &["milvus-backup"], template!("backup.yaml")),
    // For programs that take no more than an address.
    Client::environment(None, template!("env.sh")),
    Client::environment(Some("compose"), template!("env.compose.yaml")),
    Client::environment(Some("kubernetes"), template!("env.kubernetes.yaml")),
    Client::environment(Some("systemd"), template!("env.systemd.conf")),
];

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

impl Client {
    const fn program(name: &'static str, aliases: &'static [&'static str], template: Template) -> Self {
        Self {
            name,
            which: None,
            aliases,
            template,
            shows_certificate: true,
            authenticates: true,
            is_elsewhere: false,
        }
    }

    /// What asks people for user and password, or has them in settings of its own.
    const fn tool(name: &'static str, aliases: &'static [&'static str], template: Template) -> Self {
        Self { authenticates: false, ..Self::program(name, aliases, template) }
    }

    /// Variables, which make no program show a certificate.
    const fn environment(which: Option<&'static str>, template: Template) -> Self {
        let tool = Self::tool("env", &["environment"], template);
        Self { which, shows_certificate: false, is_elsewhere: true, ..tool }
    }

    /// The one that is called so.
    #[must_use]
    pub(crate) fn find(name: &str, which: Option<&str>) -> Option<&'static Self> {
        CLIENTS.iter().find(|client| client.is_called(name) && client.which == which)
    }

    #[must_use]
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }

    #[must_use]
    pub(crate) const fn file_name(&self) -> &'static str {
        self.template.name
    }

    /// The program or file for a connection.
    #[must_use]
    pub(crate) fn snippet(&self, connection: &Connection) -> String {
        let Connection { grpc, rest, server_name, mode, user, ca_pem, client_pem, client_key } = connection;
        let name_in_url = match server_name.contains(':') {
            true => format!("[{server_name}]"),
            false => server_name.clone(),
        };
        self.template.render(context! {
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

/// As the command line has it.
impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.which.iter().try_for_each(|which| write!(f, " {which}"))
    }
}
