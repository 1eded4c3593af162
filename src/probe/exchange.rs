//! What is said once a connection stands. In TLS 1.3 the client's handshake is over before the server
//! has judged its certificate (RFC 8446 4.4.2): only an answer says that the client was let in.

use std::net::SocketAddr;

use bytes::{Buf, Bytes};
use http::{Method, Request};
use prost::Message;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::probe::budget::Budget;
use crate::probe::failure::Ended;
use crate::probe::listening::Listening;
use crate::probe::seen::{Exchange, Plaintext};
use crate::probe::target::Service;

/// The most that is read of an answer, in octets.
const MAX_ANSWER: usize = 64 * 1024;
/// The call with which SDKs ask for the version (milvus-proto's milvus.proto).
const GET_VERSION: &str = "/milvus.proto.milvus.MilvusService/GetVersion";

/// `GetVersionResponse`, as far as it matters.
#[derive(Clone, PartialEq, Message)]
struct GetVersionResponse {
    #[prost(string, tag = "2")]
    version: String,
}

/// Recognises what is spoken without TLS, if it is something that Milvus speaks.
pub(super) async fn plaintext(address: SocketAddr, budget: Budget) -> Option<Plaintext> {
    for service in [Service::Grpc, Service::Rest] {
        let stream = budget.connect(address).await.ok()?;
        if let Ok(version) = ask(service, address, stream, budget).await {
            return Some(match service {
                Service::Grpc => Plaintext::Http2 { version },
                Service::Rest => Plaintext::Http1,
            });
        }
    }
    None
}

/// Asks what the service is for, within the time.
pub(super) async fn ask<S>(service: Service, address: SocketAddr, stream: S, budget: Budget) -> Exchange
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (stream, heard) = Listening::new(stream);
    let host = host(address);
    let answer = async {
        match service {
            Service::Grpc => ask_grpc(&host, stream).await,
            Service::Rest => ask_rest(&host, stream).await.map(|()| None),
        }
    };
    let answer = budget.step(answer).await;
    match (answer, heard.alert()) {
        (Some(Ok(version)), _) => Ok(version),
        (_, Some(alert)) => Err(Ended::Alert(alert)),
        (Some(Err(ended)), None) => Err(ended),
        (None, None) => Err(Ended::TimedOut),
    }
}

/// An address as a request names it: without the interface that it is reached by (RFC 9110 4.2).
fn host(address: SocketAddr) -> String {
    SocketAddr::new(address.ip(), address.port()).to_string()
}

/// Asks Milvus for its version, as an SDK does; without one where something else answers in HTTP/2.
async fn ask_grpc<S>(host: &str, stream: S) -> Exchange
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (client, connection) = h2::client::Builder::new()
        .max_header_list_size(MAX_ANSWER as u32)
        .initial_window_size(MAX_ANSWER as u32)
        .handshake::<_, Bytes>(stream)
        .await?;
    // The connection knows best why it ended; what waits for an answer only knows that it did.
    let connection = tokio::spawn(connection);
    let answer = call(client, host).await;
    match answer {
        Ok(version) => {
            connection.abort();
            Ok(version)
        }
        Err(error) => Err(match connection.await {
            Ok(Err(own)) => own.into(),
            _ => error.into(),
        }),
    }
}

async fn call(client: h2::client::SendRequest<Bytes>, host: &str) -> Result<Option<String>, h2::Error> {
    let mut client = client.ready().await?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("https://{host}{GET_VERSION}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap_or_else(|error| unreachable!("a host that was connected to is valid: {error}"));
    let (response, mut body) = client.send_request(request, false)?;
    // A message that is empty: not compressed, no octets (gRPC over HTTP/2).
    body.send_data(Bytes::from_static(&[0; 5]), true)?;
    let mut body = response.await?.into_body();
    let mut content = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        content.extend_from_slice(&data);
        if content.len() > MAX_ANSWER {
            break;
        }
    }
    Ok(version(&content))
}

/// The version in a gRPC message: a flag, four octets of length, the message.
fn version(mut content: &[u8]) -> Option<String> {
    if content.len() < 5 || content.get_u8() != 0 {
        return None;
    }
    let length = content.get_u32() as usize;
    let response = GetVersionResponse::decode(content.get(..length)?).ok()?;
    Some(response.version).filter(|version| !version.is_empty())
}

/// Whether something answers in HTTP/1.
async fn ask_rest<S>(host: &str, mut stream: S) -> Result<(), Ended>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut start = Vec::new();
    stream.take(16).read_to_end(&mut start).await?;
    match start.as_slice() {
        [] => Err(Ended::Closed),
        start if start.starts_with(b"HTTP/1.") => Ok(()),
        _ => Err(Ended::Other("what it answers is no HTTP/1".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_no_interface() {
        let address = std::net::SocketAddrV6::new(std::net::Ipv6Addr::LOCALHOST, 19530, 0, 2);
        assert_eq!(address.to_string(), "[::1%2]:19530");
        assert_eq!(host(address.into()), "[::1]:19530");
    }

    #[test]
    fn the_version_is_read_from_a_grpc_message() {
        let message = GetVersionResponse { version: "v2.3.5".into() }.encode_to_vec();
        let framed = [&[0, 0, 0, 0, message.len() as u8][..], &message].concat();
        assert_eq!(version(&framed).as_deref(), Some("v2.3.5"));
    }

    #[test]
    fn what_is_no_grpc_message_has_no_version() {
        for content in [
            &b""[..],
            b"\0\0\0",
            b"\x01\0\0\0\0",
            b"\0\xFF\xFF\xFF\xFF",
            b"\0\0\0\0\x02\x12\x09",
            b"HTTP/1.1",
        ] {
            assert_eq!(version(content), None, "{content:?}");
        }
    }
}
