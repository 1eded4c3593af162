use std::path::PathBuf;
use std::time::Duration;

use crate::check::{ProbeRequest, probe};
use crate::milvus::container::REST_PORT;
use crate::x509::GeneralName;
use clap::builder::BoolishValueParser;
use time::OffsetDateTime;

use crate::cli::args::{duration, path};
use crate::cli::{Status, output};

const EXAMPLES: &str = "\
Examples:
  milvus-certs probe -d certs
  milvus-certs probe milvus.example.com -d certs --server-name milvus.example.com
  milvus-certs probe 10.0.0.5:19530 --ca ca.pem --cert client.pem --key client.key
  milvus-certs probe --internal -d certs

Exit status:
  0  everything is as the directory promises
  1  nothing could be reached
  2  wrong usage
  3  something is wrong

Every option can also be given by an environment variable, named in its description.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where Milvus is; without a port its gRPC and its REST port [default: localhost]
    #[arg(value_name = "HOST[:PORT]", value_parser = host)]
    hosts: Vec<(String, Option<u16>)>,

    /// The certificate directory [default: the current folder, if it is one]
    #[arg(short, long = "dir", value_name = "DIR", env = "MILVUS_CERTS_DIR", hide_env_values = true, value_parser = path())]
    dir: Option<PathBuf>,

    /// The name that clients ask for [default: the host]
    #[arg(long, value_name = "NAME-OR-IP", env = "MILVUS_CERTS_SERVER_NAME", hide_env_values = true)]
    server_name: Option<GeneralName>,

    /// The authorities to trust [default: the directory's ca.pem]
    #[arg(long, value_name = "FILE", env = "MILVUS_CERTS_CA", hide_env_values = true, value_parser = path())]
    ca: Option<PathBuf>,

    /// The client certificate to show, whatever the server is [default: the directory's client.pem, to a
    /// server that verifies against --ca]
    #[arg(long, value_name = "FILE", env = "MILVUS_CERTS_CERT", hide_env_values = true, value_parser = path(), requires = "key")]
    cert: Option<PathBuf>,

    /// Its key [default: the directory's client.key]
    #[arg(long, value_name = "FILE", env = "MILVUS_CERTS_KEY", hide_env_values = true, value_parser = path(), requires = "cert")]
    key: Option<PathBuf>,

    /// The port of REST
    #[arg(long, value_name = "PORT", env = "MILVUS_CERTS_REST_PORT", hide_env_values = true, default_value_t = REST_PORT)]
    rest_port: u16,

    /// Look at the ports by which Milvus' components reach each other, instead of those for clients
    #[arg(long, env = "MILVUS_CERTS_INTERNAL", hide_env_values = true, value_parser = BoolishValueParser::new())]
    internal: bool,

    /// The longest that looking may take, at all addresses, such as 15s
    #[arg(long, value_name = "TIME", env = "MILVUS_CERTS_TIMEOUT", hide_env_values = true, value_parser = duration, default_value = "15s")]
    timeout: Duration,

    /// Report in JSON on standard output
    #[arg(long, env = "MILVUS_CERTS_JSON", hide_env_values = true, value_parser = BoolishValueParser::new())]
    json: bool,
}

impl Args {
    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let json = self.json;
        let report = probe(&self.into_request(), now)?;
        output::probed(&report, json)?;
        Ok(match (report.is_reached(), report.findings.is_empty()) {
            (false, _) => Status::Failed,
            (true, true) => Status::Done,
            (true, false) => Status::Found,
        })
    }

    fn into_request(self) -> ProbeRequest {
        let mut request = ProbeRequest::new();
        if !self.hosts.is_empty() {
            request.hosts = self.hosts;
        }
        request.directory = self.dir;
        request.server_name = self.server_name;
        request.ca = self.ca;
        request.client = self.cert.zip(self.key);
        request.rest_port = self.rest_port;
        request.internal = self.internal;
        request.timeout = self.timeout;
        request
    }
}

/// Reads `host`, `host:port`, `[address]:port`, or an address without a port; a URL as well, since that
/// is what clients are given.
fn host(value: &str) -> Result<(String, Option<u16>), String> {
    let text =
        ["https://", "http://"].into_iter().find_map(|scheme| value.strip_prefix(scheme)).unwrap_or(value);
    let text = text.strip_suffix('/').unwrap_or(text);
    let invalid = || format!("{value:?} is no host, or host:port");
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or_else(invalid)?)),
        // An IPv6 address without brackets has no port.
        None if text.matches(':').count() > 1 => (text, None),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    host.parse::<GeneralName>().map_err(|error| error.to_string())?;
    let port =
        port.map(|port| port.parse().ok().filter(|port| *port != 0).ok_or_else(invalid)).transpose()?;
    Ok((host.to_owned(), port))
}
