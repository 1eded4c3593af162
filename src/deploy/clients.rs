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
    /// Whether it can ask for another name of the server's certificate than the host's.
    pub names_server: bool,
    /// Whether it can give a user and a password.
    pub authenticates: bool,
    /// Whether it runs in another folder than the one where it is set up.
    pub is_elsewhere: bool,
    /// Whether it finds no addresses in a certificate, only names.
    pub asks_for_names: bool,
}

/// What the apps have in common.
pub(crate) const APP: &str = "app";

/// In the order in which the help lists them.
pub(crate) static CLIENTS: &[Client] = &[
    Client::program("python", &["pymilvus", "python3", "py"], template!("python.py")),
    Client::program("async-python", &["asyncio", "async-pymilvus"], template!("async-python.py")),
    Client::program("langchain", &["langchain-milvus"], template!("langchain-milvus.py")),
    Client::program("llamaindex", &["llama-index"], template!("llama-index.py")),
    Client::program("requests", &["python-requests"], template!("rest.py")),
    Client::program("curl", &["rest", "http"], template!("curl.sh")),
    Client::program("go", &["golang"], template!("main.go")),
    Client::program("java", &[], template!("ConnectMilvus.java")),
    Client::program("node", &["nodejs", "js", "javascript", "typescript"], template!("node.mjs")),
    Client::program("rust", &["rs"], template!("main.rs")),
    Client::program("cpp", &["c++"], template!("main.cpp")),
    Client::milvus_cli(),
    // The web interface.
    Client::tool("attu", &[], template!("attu.sh")),
    Client::tool("attu", &[], template!("attu-3.sh")).which("3"),
    Client::tool("attu", &[], template!("attu.yaml")).which("kubernetes"),
    Client::tool("backup", &["milvus-backup"], template!("backup.yaml")),
    // Its second form of settings.
    Client::tool("backup", &["milvus-backup"], template!("backup-v2.yaml")).which("v2"),
    // For programs that take no more than an address.
    Client::environment(template!("env.sh")),
    Client::environment(template!("env.compose.yaml")).which("compose"),
    Client::environment(template!("env.kubernetes.yaml")).which("kubernetes"),
    Client::environment(template!("env.systemd.conf")).which("systemd"),
    // For programs that cannot do TLS, or show no certificate.
    Client::sidecar(template!("sidecar.nginx.conf")).which("nginx"),
    Client::sidecar(template!("sidecar.haproxy.cfg")).which("haproxy"),
    Client::sidecar(template!("sidecar.envoy.yaml")).which("envoy"),
    // Others get by with `env`.
    Client::app(template!("app.dify.yaml")).which("dify"),
    Client { names_server: false, ..Client::app(template!("app.open-webui.yaml")).which("open-webui") },
    Client {
        authenticates: false,
        names_server: false,
        ..Client::app(template!("app.n8n.yaml")).which("n8n")
    },
    Client {
        authenticates: false,
        shows_certificate: true,
        ..Client::app(template!("app.flowise.yaml")).which("flowise")
    },
    Client { names_server: false, ..Client::app(template!("app.mem0.py")).which("mem0") },
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
            names_server: true,
            authenticates: true,
            is_elsewhere: false,
            asks_for_names: false,
        }
    }

    /// What asks people for user and password, or has them in settings of its own.
    const fn tool(name: &'static str, aliases: &'static [&'static str], template: Template) -> Self {
        Self { authenticates: false, ..Self::program(name, aliases, template) }
    }

    const fn milvus_cli() -> Self {
        Self {
            shows_certificate: false,
            names_server: false,
            ..Self::tool("milvus-cli", &["milvus_cli", "cli"], template!("milvus-cli.sh"))
        }
    }

    const fn environment(template: Template) -> Self {
        Self {
            shows_certificate: false,
            names_server: false,
            is_elsewhere: true,
            ..Self::tool("env", &["environment"], template)
        }
    }

    const fn which(self, which: &'static str) -> Self {
        Self { which: Some(which), ..self }
    }

    /// A proxy that does the TLS of a program beside it.
    const fn sidecar(template: Template) -> Self {
        Self { is_elsewhere: true, asks_for_names: true, ..Self::tool("sidecar", &["proxy"], template) }
    }

    /// A program that others wrote, by its own settings.
    const fn app(template: Template) -> Self {
        let program = Self::program(APP, &["application"], template);
        Self { shows_certificate: false, is_elsewhere: true, ..program }
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
            user_for_compose => user.as_deref().map(for_compose),
            uri => grpc.to_string(),
            host => grpc.host(),
            is_loopback => grpc.is_loopback(),
            host_without_brackets => grpc.host().trim_matches(['[', ']']),
            port => grpc.port(),
            address => grpc.address(),
            server_name => server_name.as_str(),
            rest_url => rest.to_string(),
            // curl has no option for the name alone: the URL has the name, and leads elsewhere.
            server_name_is_host => rest.host() == name_in_url,
            rest_named_url => format!("https://{name_in_url}:{}", rest.port()),
            rest_connect_to => format!("{name_in_url}:{}:{}", rest.port(), rest.address()),
            ca_pem => ca_pem.as_str(),
            ca_pem_for_compose => for_compose(ca_pem),
            client_pem_for_compose => for_compose(client_pem),
            client_key_for_compose => for_compose(client_key),
            // systemd takes a percent sign for the beginning of a variable.
            ca_pem_for_systemd => ca_pem.replace('%', "%%"),
            ca_pem_for_shell => verbatim(shell_quoted(ca_pem)),
            client_pem => client_pem.as_str(),
            client_pem_for_shell => verbatim(shell_quoted(client_pem)),
            // curl takes what follows a colon for a passphrase.
            client_pem_for_curl => client_pem.replace('\\', "\\\\").replace(':', "\\:"),
            client_key => client_key.as_str(),
            client_key_for_shell => verbatim(shell_quoted(client_key)),
            // HAProxy looks for the key beside the certificate.
            client_pem_key_for_shell => verbatim(shell_quoted(&format!("{client_pem}.key"))),
            // nginx takes a dollar for the beginning of a variable in these two, and the template has one for it.
            client_pem_with_variable => client_pem.replace('$', "${dollar}"),
            client_key_with_variable => client_key.replace('$', "${dollar}"),
        })
    }
}

/// Compose takes a dollar for the beginning of a variable.
fn for_compose(text: &str) -> String {
    text.replace('$', "$$")
}

/// As the command line has it.
impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.which.iter().try_for_each(|which| write!(f, " {which}"))
    }
}
