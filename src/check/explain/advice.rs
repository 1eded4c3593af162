//! What the words mean where they were said: which side has to change, and how the program that said them is told.

use crate::check::codes::Code;
use crate::check::explain::marks::Peer;
use crate::check::explain::sayings::{Saying, Speaker};
use crate::check::fix::Command::*;
use crate::check::fix::Part::{Run, Say};
use crate::check::fix::{Advice, Part};
use crate::x509::EndEntityKind;

/// What is wrong, with what the table of codes says of it or better words.
pub(super) struct Cause {
    pub(super) code: Code,
    pub(super) why: Option<&'static str>,
    pub(super) fix: Option<Advice>,
}

const PROBE: Part = Run(Milvus("probe", ""));

/// None where it is not about TLS, or not about Milvus.
///
/// `kind` says whose certificate it is about.
pub(super) fn cause(
    saying: &Saying,
    kind: Option<EndEntityKind>,
    speaker: Speaker,
    peer: Peer,
) -> Option<Cause> {
    match peer {
        Peer::Elsewhere => None,
        Peer::Milvus => Some(of_milvus(saying, kind, speaker)),
        // Milvus is written in Go, its library for object storage and librdkafka in C++: in other words an app speaks
        // of a connection of its own.
        _ if !speaker.may_be_milvus() => None,
        Peer::Component => of_component(saying),
        Peer::Etcd => of_service(saying.code, ETCD),
        Peer::ObjectStorage => of_service(saying.code, OBJECT_STORAGE),
        Peer::Kafka => of_service(saying.code, KAFKA),
        Peer::Pulsar => of_service(saying.code, PULSAR),
        Peer::Webhook => of_service(saying.code, WEBHOOK),
    }
}

// ---- Milvus' own connections ----

/// Settings: Milvus' `configs/milvus.yaml` of 2.3 to 2.6.
const ETCD: Advice = &[Say(
    "look at etcd.ssl in Milvus' settings: enabled, tlsCACert, tlsCert, tlsKey, and tlsMinVersion, which is 1.3 unless it is set; and at the certificate of etcd",
)];
const OBJECT_STORAGE: Advice = &[Say(
    "look at minio.useSSL in Milvus' settings, which has to be false where MinIO serves plaintext, and at minio.ssl.tlsCACert, the CA of MinIO's certificate; minio.address has to be a name that this certificate has",
)];
const KAFKA: Advice = &[Say(
    "look at kafka.ssl in Milvus' settings: enabled, tlsCaCert, tlsCert, tlsKey, and kafka.securityProtocol; and at the certificate of Kafka",
)];
const PULSAR: Advice =
    &[Say("look at pulsar.address and pulsar.port in Milvus' settings, and at the certificate of Pulsar")];
const WEBHOOK: Advice = &[Say(
    "look at the Certificate of the operator's webhook: its dnsNames have to have the name of the webhook's Service, and the webhook's caBundle has to be its CA",
)];

fn of_service(code: Code, fix: Advice) -> Option<Cause> {
    says_tls(code).then_some(Cause { code: Code::OtherService, why: None, fix: Some(fix) })
}

/// Whether it is about TLS at all, and not only about a service that has not started yet.
const fn says_tls(code: Code) -> bool {
    !matches!(
        code,
        Code::PortClosed
            | Code::NameNotResolved
            | Code::ServerUnavailable
            | Code::NoAnswer
            | Code::ConnectionClosed
            | Code::EmptyReply
            | Code::ProxyFailed
            | Code::NotGrpc
    )
}

fn of_component(saying: &Saying) -> Option<Cause> {
    let internal = |code, why, fix| Some(Cause { code, why: Some(why), fix: Some(fix) });
    match saying.code {
        Code::NameNotCovered if saying.words.contains(&"doesn't contain any ip sans") => {
            Some(Cause { code: Code::InternalTlsWithoutSni, why: None, fix: None })
        }
        Code::NameNotCovered | Code::NoSubjectAltName => {
            Some(Cause { code: Code::SniNotCovered, why: None, fix: None })
        }
        Code::NotIssuedByCa | Code::OtherCaSameName | Code::SelfSigned | Code::RootMissing => internal(
            Code::NotIssuedByCa,
            "a component of Milvus does not trust the certificate of another one",
            &[Say(
                "internaltls.caPemPath has to name the ca.pem that signed the certificate of internaltls.serverPemPath, in every component",
            )],
        ),
        Code::Plaintext | Code::ClientWithoutTls => internal(
            Code::InternalTlsOff,
            "one component of Milvus speaks TLS and another one plaintext",
            &[Say(
                "set common.security.internaltlsEnabled to the same in every component; look for `failed to load` in the log of the one that speaks plaintext",
            )],
        ),
        code if says_tls(code) => Some(Cause { code, why: None, fix: None }),
        _ => None,
    }
}

// ---- A client of Milvus, or a proxy that is one ----

fn of_milvus(saying: &Saying, kind: Option<EndEntityKind>, speaker: Speaker) -> Cause {
    let code = saying.code;
    let is_server = kind == Some(EndEntityKind::Server);
    let (why, fix): (_, Option<Advice>) = match code {
        Code::NotIssuedByCa if is_server => (
            Some("the client has no ca.pem, or not the one of the CA that signed the server's certificate"),
            Some(trust(speaker)),
        ),
        Code::NotIssuedByCa => (
            Some("Milvus does not trust the CA that signed the client's certificate"),
            Some(&[
                Run(Milvus("check", "--tls-mode 2")),
                Say(
                    "where the certificates are; tls.caPemPath of Milvus has to name the ca.pem that signed the client's certificate",
                ),
            ]),
        ),
        // Whoever has an older ca.pem hears the same.
        Code::OtherCaSameName => (
            Some(
                "the server's certificate is of another CA than the client's ca.pem, and both have one name",
            ),
            Some(trust(speaker)),
        ),
        Code::NotYetValid if !is_server => (
            Some("Milvus finds that the client's certificate is not valid yet; often a clock is wrong"),
            Some(&[
                Say("check the clocks with `date -u`; if they are right, "),
                Run(Milvus("renew client", "")),
                Say(" makes one that is valid now"),
            ]),
        ),
        Code::ServerRefused if speaker == Speaker::Go => (
            Some(
                "the client does not trust the server's certificate, and tells the server no reason; the client's own log has it",
            ),
            None,
        ),
        Code::Plaintext if speaker.is_proxy() => return proxy_to_plaintext(speaker),
        Code::ProxyToPlaintext => return proxy_to_plaintext(speaker),
        // In TLS 1.3 a client certificate is refused after the handshake, and Envoy says no more than that.
        Code::ProxyInPlaintext if speaker == Speaker::Envoy => (
            Some(
                "the proxy reached Milvus, which ended the connection: so it does where the proxy speaks plaintext to a port that serves TLS, where tlsMode 2 refuses the proxy's client certificate, or where Milvus stops in between",
            ),
            Some(in_plaintext(speaker)),
        ),
        Code::ProxyInPlaintext => (None, Some(in_plaintext(speaker))),
        // The alert that says why came too late to be read.
        Code::ProxyFailed if speaker == Speaker::Nginx => (
            Some(
                "the proxy spoke TLS with Milvus, which ended the connection: so it does where tlsMode 2 refuses the proxy's client certificate, or where Milvus stops in between",
            ),
            Some(&[
                Say(
                    "`grpc_ssl_certificate client.pem;` and `grpc_ssl_certificate_key client.key;` in nginx; ",
                ),
                Run(Milvus("check", "--tls-mode 2")),
                Say(" judges these; if Milvus should be down, "),
                PROBE,
                Say(" says so"),
            ]),
        ),
        Code::ServerRefused if speaker == Speaker::HaProxy => (
            Some("HAProxy does not trust the CA of the server's certificate, or that has expired"),
            Some(trust(speaker)),
        ),
        Code::Plaintext => (
            Some("the client speaks TLS, and what it asks answers in plaintext"),
            Some(&[Say(
                "serve TLS: set common.security.tlsMode to 1 or 2 and restart Milvus; or let the client speak plaintext: http:// and no secure=True",
            )]),
        ),
        Code::ClientWithoutTls => (
            Some("the client speaks plaintext to a port that serves TLS"),
            Some(&[
                Say("let the client speak TLS: https:// or secure=True, and ca.pem; "),
                Run(Milvus("connect python", "")),
                Say(" prints one that does; or serve plaintext: set common.security.tlsMode to 0"),
            ]),
        ),
        Code::KeyMismatch if !is_server || speaker.is_proxy() => (
            Some("the certificate that the program loads was not made with the key that it loads"),
            Some(&[
                Say("give it a certificate and a key that belong together; "),
                Run(Milvus("check", "")),
                Say(" says which do"),
            ]),
        ),
        Code::ClientCertificateMissing if speaker.is_proxy() => (
            Some("tlsMode 2 lets nobody in without a client certificate, and the proxy is the client here"),
            Some(identity(speaker)),
        ),
        Code::ClientCertificateMissing => match speaker {
            Speaker::Java => (None, Some(&[Run(Milvus("connect java", "--tls-mode 2"))])),
            Speaker::Node => (None, Some(&[Run(Milvus("connect node", "--tls-mode 2"))])),
            Speaker::OpenSsl | Speaker::Curl => (None, Some(&[Run(Milvus("connect curl", "--tls-mode 2"))])),
            _ => (None, None),
        },
        Code::TlsVersion if speaker.is_proxy() => (
            Some("the proxy offers TLS 1.2 at most, and Milvus takes 1.3 alone in tlsMode 2"),
            Some(version(speaker)),
        ),
        Code::NameNotCovered if speaker.is_proxy() => (
            Some("the proxy asks Milvus for a name that its certificate does not have"),
            Some(named(speaker)),
        ),
        Code::NameNotCovered => (
            Some("the client asks for a name or an address that the server's certificate does not have"),
            Some(&[
                Run(RenewCovering),
                Say(
                    "then restart Milvus; or let the client ask for a name that the certificate has, in pymilvus by server_name; where a component of Milvus says it, internaltls.sni has to be such a name",
                ),
            ]),
        ),
        Code::FoldedPem => (
            Some(
                "the file has no PEM block that can be read: it is empty, is another file, or has lost its line breaks, as YAML's `>` folds them",
            ),
            Some(&[
                Say("`-----BEGIN` has to begin a line of the file; "),
                Run(Milvus("check", "")),
                Say(" says what is wrong with one"),
            ]),
        ),
        Code::MissingFile if !is_server => (
            Some(
                "the client does not find a file that it is told to read: ca.pem, or its own certificate or key",
            ),
            Some(&[Say(
                "give the client the whole path of the file, as it is where the client runs: a container has only what is mounted",
            )]),
        ),
        Code::MissingFile => (
            None,
            Some(&[Say(
                "look at the path, and in a container at what is mounted there; Kubernetes calls the files tls.crt, tls.key and ca.crt; where the file itself is lost, `milvus-certs renew server` makes one",
            )]),
        ),
        Code::UnreadableFile if is_server => (
            Some(
                "the user that Milvus runs as may not read the file: Milvus 3.0's image runs as uid 999, and a key belongs to whoever made it",
            ),
            Some(&[
                Say(
                    "give the key to that user: with Docker Compose `milvus-certs config refresh` in the folder of its files does so, elsewhere `chown 999 server.key`, in Kubernetes fsGroup and ",
                ),
                Run(Milvus("renew server", "--key-mode 0640")),
            ]),
        ),
        Code::UnreadableFile => (
            Some("the user that the client runs as may not read the file"),
            Some(&[Say("let that user read the file, and for a key nobody else")]),
        ),
        // Java says so of both ends, and of the CA's certificate, too.
        Code::Expired if saying.words.contains(&"validity check failed") => (
            Some("a certificate has expired or is not valid yet, and which is not in these words"),
            Some(&[
                Say("check the clocks with `date -u`; "),
                Run(Milvus("check", "")),
                Say(" says which it is"),
            ]),
        ),
        Code::Expired if !is_server => (
            Some("Milvus refuses the client's certificate, which has expired"),
            Some(&[
                Run(Milvus("renew client", "")),
                Say("then give the client the new client.pem and client.key; Milvus needs no restart"),
            ]),
        ),
        Code::ServerUnavailable if speaker != Speaker::Pymilvus => {
            (Some("the connection failed, and why is not in these words"), None)
        }
        _ => (None, None),
    };
    Cause { code, why, fix }
}

fn proxy_to_plaintext(speaker: Speaker) -> Cause {
    let fix: Advice = match speaker {
        Speaker::Nginx => &[Say(
            "`grpc_pass grpc://…` in nginx, and backend-protocol GRPC in an Ingress; or serve TLS: set common.security.tlsMode of Milvus to 1",
        )],
        Speaker::Traefik => {
            &[Say("`h2c://` in the service's url; or serve TLS: set common.security.tlsMode of Milvus to 1")]
        }
        Speaker::HaProxy => &[Say(
            "leave `ssl` out of HAProxy's server line; or serve TLS: set common.security.tlsMode of Milvus to 1",
        )],
        _ => &[Say(
            "leave transport_socket out of the cluster; or serve TLS: set common.security.tlsMode of Milvus to 1",
        )],
    };
    Cause { code: Code::ProxyToPlaintext, why: None, fix: Some(fix) }
}

fn in_plaintext(speaker: Speaker) -> Advice {
    match speaker {
        Speaker::Nginx => &[
            Say(
                "`grpc_pass grpcs://…` in nginx, and backend-protocol GRPCS in an Ingress; if Milvus should be down, ",
            ),
            PROBE,
            Say(" says so"),
        ],
        _ => &[
            Say(
                "give the cluster of Milvus a transport_socket with TLS, in Istio a DestinationRule, and for tlsMode 2 tls_certificates with client.pem and client.key; if Milvus should be down, ",
            ),
            PROBE,
            Say(" says so"),
        ],
    }
}

fn version(speaker: Speaker) -> Advice {
    match speaker {
        Speaker::Nginx => &[Say("`grpc_ssl_protocols TLSv1.3;` in nginx")],
        Speaker::Envoy => &[Say("`tls_maximum_protocol_version: TLSv1_3` in the cluster's tls_params")],
        Speaker::HaProxy => {
            &[Say("`ssl-max-ver TLSv1.3` in HAProxy's server line, and OpenSSL 1.1.1 or newer")]
        }
        _ => &[Say("let the proxy offer TLS 1.3")],
    }
}

fn identity(speaker: Speaker) -> Advice {
    match speaker {
        Speaker::Nginx => {
            &[Say("`grpc_ssl_certificate client.pem;` and `grpc_ssl_certificate_key client.key;` in nginx")]
        }
        Speaker::Envoy => {
            &[Say("tls_certificates in the cluster's common_tls_context, with client.pem and client.key")]
        }
        Speaker::Traefik => {
            &[Say("`certificates` in the serversTransport of the service, with client.pem and client.key")]
        }
        _ => &[Say("`crt client.pem` in HAProxy's server line, with client.key as client.pem.key beside it")],
    }
}

fn named(speaker: Speaker) -> Advice {
    match speaker {
        Speaker::Nginx => &[
            Say(
                "`grpc_ssl_name NAME;` and `grpc_ssl_server_name on;` with a name that the certificate has; or ",
            ),
            Run(RenewCovering),
        ],
        Speaker::Envoy => &[
            Say("ask for a name that the certificate has, in sni and in match_typed_subject_alt_names; or "),
            Run(RenewCovering),
        ],
        // It dials the addresses of pods, which change.
        Speaker::Traefik => {
            &[Say("`serverName` of the serversTransport, with a name that the certificate has")]
        }
        _ => &[
            Say("`sni str(NAME)` in HAProxy's server line, with a name that the certificate has; or "),
            Run(RenewCovering),
        ],
    }
}

macro_rules! given {
    ($text:literal $(, $command:expr)?) => {
        &[
            $($command,)?
            Say(concat!($text, "; a client that has it already: ")),
            PROBE,
            Say(" says whether the server's certificate is of that CA"),
        ]
    };
}

/// How a client is given ca.pem, and how to tell whether that is enough.
fn trust(speaker: Speaker) -> Advice {
    match speaker {
        Speaker::Grpc | Speaker::Pymilvus => given!(
            "prints a client that is given ca.pem by server_pem_path; a program that takes only a URI reads it from GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=ca.pem (`milvus-certs connect env`, or `connect app` for Dify and others), and never from the system",
            Run(Milvus("connect python", ""))
        ),
        Speaker::Go => given!(
            "prints a client that is given ca.pem by RootCAs; a program that nobody can change reads it from SSL_CERT_FILE=ca.pem",
            Run(Milvus("connect go", ""))
        ),
        Speaker::Java => given!(
            "prints a client that is given ca.pem by serverPemPath; a program that nobody can change takes a trust store with it: JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStore=…",
            Run(Milvus("connect java", ""))
        ),
        Speaker::Node => given!(
            "prints a client that is given ca.pem by tls.rootCertPath; a program that takes only an address reads it from NODE_EXTRA_CA_CERTS=ca.pem (`milvus-certs connect env`, or `connect app` for n8n and others)",
            Run(Milvus("connect node", ""))
        ),
        Speaker::OpenSsl | Speaker::Curl => given!(
            "prints a command that is given ca.pem: `--cacert ca.pem`, or CURL_CA_BUNDLE=ca.pem",
            Run(Milvus("connect curl", ""))
        ),
        Speaker::Python | Speaker::Requests => given!(
            "give this client ca.pem: `verify=\"ca.pem\"` in requests, or REQUESTS_CA_BUNDLE=ca.pem, `cafile=\"ca.pem\"` in ssl.create_default_context"
        ),
        Speaker::Backup => &[Say(
            "milvus-backup asks REST at the gRPC port and loads no ca.pem for it: start it with SSL_CERT_FILE=ca.pem; nothing is wrong with the server's certificate because of this",
        )],
        Speaker::Nginx => {
            &[Say("`grpc_ssl_trusted_certificate ca.pem;` in nginx: ca.pem itself, not server.pem")]
        }
        Speaker::Envoy => &[Say(
            "`trusted_ca: {filename: ca.pem}` in the cluster's validation_context: ca.pem itself, not server.pem",
        )],
        Speaker::Traefik => &[Say(
            "`rootCAs: [ca.pem]` in the serversTransport of the service: ca.pem itself, not server.pem",
        )],
        Speaker::HaProxy => {
            &[Say("`ca-file ca.pem` in HAProxy's server line: ca.pem itself, not server.pem")]
        }
        Speaker::DotNet => given!(
            "give this client ca.pem: a chain policy with CustomRootTrust in .NET, or SSL_CERT_FILE=ca.pem on Linux, or the machine's trust store"
        ),
        Speaker::Schannel => given!(
            "give this client ca.pem: `curl --cacert ca.pem`, or `certutil -user -addstore Root ca.pem`"
        ),
        Speaker::Browser => given!(
            "give this browser ca.pem: in its settings, or in the machine's trust store as a CA for web sites"
        ),
        Speaker::Rustls => given!("give this client ca.pem: ClientTlsConfig::ca_certificate in tonic"),
        _ => given!("give this client ca.pem as the CA that it trusts"),
    }
}
