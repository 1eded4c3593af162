use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::text::{listed, shell_quoted};
use crate::cli::args::{path, plain_word, tls_mode};
use crate::cli::output::Style;
use crate::cli::{EXIT_STATUS, Status, output};
use crate::deploy::{APP, CLIENTS, Client, ClientFiles, ConnectRequest, Endpoint, connect};
use crate::milvus::TlsMode;
use crate::milvus::container::{GRPC_PORT, REST_PORT};
use crate::x509::GeneralName;

const EXAMPLES: &str = "\
Examples:
  milvus-certs connect python -d certs > connect.py
  milvus-certs connect curl -d certs --tls-mode 2 | sh
  milvus-certs connect env -d certs > env.sh
  milvus-certs connect app dify -d certs > app.dify.yaml
  milvus-certs connect sidecar nginx -d certs --tls-mode 2 > sidecar.nginx.conf
  milvus-certs connect java -d certs --uri https://milvus.example.com:19530
  milvus-certs connect attu kubernetes -d certs --uri https://my-release-milvus:19530
  milvus-certs connect python --ca ca.pem --cert alice.pem --key alice.key";

#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// The client
    #[arg(value_name = "CLIENT", value_parser = client())]
    client: String,

    /// Which one, where there are several
    #[arg(value_name = "WHICH", value_parser = Which)]
    which: Option<String>,

    /// The certificate directory; a client's needs no server.pem
    #[arg(short, long = "dir", value_name = "DIR", default_value = ".", value_parser = path())]
    dir: PathBuf,

    /// A CA certificate, in the place of a certificate directory
    #[arg(long, value_name = "FILE", value_parser = path())]
    ca: Option<PathBuf>,

    /// Beside --ca: a client's certificate
    #[arg(long, value_name = "FILE", value_parser = path(), requires_all = ["ca", "key"])]
    cert: Option<PathBuf>,

    /// Its key
    #[arg(long, value_name = "FILE", value_parser = path(), requires = "cert")]
    key: Option<PathBuf>,

    /// Where Milvus is
    #[arg(long, value_name = "URL", default_value = "https://localhost:19530", value_parser = grpc)]
    uri: Endpoint,

    /// Where its REST is [default: port 8080 of the same host]
    #[arg(long, value_name = "URL", value_parser = rest)]
    rest_url: Option<Endpoint>,

    /// 1 is one-way; 2 is mutual: the client shows a certificate too [default: 1, with --cert 2]
    #[arg(long, value_name = "1|2", value_parser = tls_mode)]
    tls_mode: Option<TlsMode>,

    /// As whom, where Milvus asks for a user: the program takes the password from MILVUS_PASSWORD; some ask for it
    #[arg(long, value_name = "NAME", value_parser = user)]
    user: Option<String>,

    /// The name of the server's certificate to ask for [default: the host, or a name of server.pem]
    #[arg(long, value_name = "NAME-OR-IP")]
    server_name: Option<GeneralName>,

    /// Report in JSON on standard output
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn check_usage(&self) -> Result<(), Error> {
        named(&self.client, self.which.as_deref()).map(drop)
    }

    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let pair = self.cert.zip(self.key);
        let implied = if pair.is_some() { TlsMode::Mutual } else { TlsMode::OneWay };
        let request = ConnectRequest {
            directory: self.dir,
            files: self.ca.map(|ca| ClientFiles { ca, pair }),
            client: named(&self.client, self.which.as_deref())?,
            uri: self.uri,
            rest_url: self.rest_url,
            tls_mode: self.tls_mode.unwrap_or(implied),
            user: self.user,
            server_name: self.server_name,
        };
        let report = connect(&request, now)?;
        report.directory.iter().for_each(|directory| output::interrupted_runs(directory.as_ref()));
        output::saw("connect", Style::new(self.json, false), &report, |report| report.content.clone())?;
        Ok(Status::Done)
    }
}

/// By its name, or as people call it.
fn client() -> PossibleValuesParser {
    let mut names: Vec<&Client> = CLIENTS.iter().collect();
    names.dedup_by_key(|client| client.name);
    let value = |client: &Client| PossibleValue::new(client.name).aliases(client.aliases);
    names.into_iter().map(value).collect::<Vec<_>>().into()
}

/// Which of those that have one name. What is none of them is an error of [`named`], which knows the name.
#[derive(Clone)]
struct Which;

impl TypedValueParser for Which {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let words: BTreeSet<_> = CLIENTS.iter().filter_map(|client| client.which).collect();
        Some(Box::new(words.into_iter().map(PossibleValue::new)))
    }
}

fn named(name: &str, which: Option<&str>) -> Result<&'static Client, Error> {
    Client::find(name, which).ok_or_else(|| {
        let called: Vec<_> = CLIENTS.iter().filter(|client| client.is_called(name)).collect();
        let given = [name].into_iter().chain(which).collect::<Vec<_>>().join(" ");
        let commands: Vec<_> =
            called.iter().map(|client| format!("`milvus-certs connect {client}`")).collect();
        let hint = match which {
            Some(word) if CLIENTS.iter().any(|client| client.is_called(word)) => {
                format!("one at a time: run it again with {word}")
            }
            Some(word)
                if CLIENTS.iter().all(|client| client.which != Some(word))
                    && called.iter().all(|client| client.which.is_none()) =>
            {
                format!("a folder is named with -d: `-d {}`", shell_quoted(word))
            }
            _ if called.iter().all(|client| client.name == APP) => {
                format!(
                    "there is {}; for any other app there is `milvus-certs connect env`",
                    listed(&commands)
                )
            }
            _ => format!("there is {}", listed(&commands)),
        };
        Error::new(format!("there is no client {given}")).with_hint(hint)
    })
}

/// A colon ends it where it is given together with the password.
fn user(value: &str) -> Result<String, String> {
    match value.contains(':') {
        true => Err(format!("{value:?} is no user: it has a colon")),
        false => plain_word(value),
    }
}

fn grpc(value: &str) -> Result<Endpoint, Error> {
    Endpoint::parse(value, GRPC_PORT)
}

fn rest(value: &str) -> Result<Endpoint, Error> {
    Endpoint::parse(value, REST_PORT)
}
