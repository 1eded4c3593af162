use std::path::PathBuf;

use crate::base::error::Error;
use crate::deploy::{ClientKind, ConnectRequest, Endpoint, connect};
use crate::milvus::TlsMode;
use crate::milvus::container::{GRPC_PORT, REST_PORT};
use crate::x509::GeneralName;
use clap::builder::{BoolishValueParser, PossibleValuesParser, TypedValueParser, ValueParser};
use time::OffsetDateTime;

use crate::cli::args::{path, tls_mode};
use crate::cli::{EXIT_STATUS, Status, output};

const EXAMPLES: &str = "\
Examples:
  milvus-certs connect python -d certs > connect.py
  milvus-certs connect curl -d certs --tls-mode 2 | sh
  milvus-certs connect java -d certs --uri https://milvus.example.com:19530";

#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// The client
    #[arg(value_name = "CLIENT", value_parser = client())]
    client: ClientKind,

    /// The certificate directory; a client's needs no server.pem
    #[arg(short, long = "dir", value_name = "DIR", env = "MILVUS_CERTS_DIR", default_value = ".", hide_env_values = true, value_parser = path())]
    dir: PathBuf,

    /// Where Milvus is
    #[arg(long, value_name = "URL", env = "MILVUS_CERTS_URI", hide_env_values = true, default_value = "https://localhost:19530", value_parser = grpc)]
    uri: Endpoint,

    /// Where its REST is [default: port 8080 of the same host]
    #[arg(long, value_name = "URL", env = "MILVUS_CERTS_REST_URL", hide_env_values = true, value_parser = rest)]
    rest_url: Option<Endpoint>,

    /// 1 is one-way; 2 is mutual: the client shows a certificate too
    #[arg(long, value_name = "1|2", env = "MILVUS_CERTS_TLS_MODE", hide_env_values = true, value_parser = tls_mode, default_value = "1")]
    tls_mode: TlsMode,

    /// The name of the server's certificate to ask for [default: the host, or a name of server.pem]
    #[arg(long, value_name = "NAME-OR-IP", env = "MILVUS_CERTS_SERVER_NAME", hide_env_values = true)]
    server_name: Option<GeneralName>,

    /// Report in JSON on standard output
    #[arg(long, env = "MILVUS_CERTS_JSON", hide_env_values = true, value_parser = BoolishValueParser::new())]
    json: bool,
}

impl Args {
    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let request = ConnectRequest {
            directory: self.dir,
            client: self.client,
            uri: self.uri,
            rest_url: self.rest_url,
            tls_mode: self.tls_mode,
            server_name: self.server_name,
        };
        output::connected(&connect(&request, now)?, self.json)?;
        Ok(Status::Done)
    }
}

fn grpc(value: &str) -> Result<Endpoint, Error> {
    Endpoint::parse(value, GRPC_PORT)
}

fn rest(value: &str) -> Result<Endpoint, Error> {
    Endpoint::parse(value, REST_PORT)
}

/// Reads the name of a client, and lists them in the help.
fn client() -> ValueParser {
    let names = PossibleValuesParser::new(ClientKind::ALL.map(ClientKind::name));
    ValueParser::from(names.map(|name| {
        let is_named = |client: &ClientKind| client.name() == name;
        ClientKind::ALL
            .into_iter()
            .find(is_named)
            .unwrap_or_else(|| unreachable!("only names are let through"))
    }))
}
