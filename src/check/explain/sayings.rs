//! The words of programs, and what they mean: those of Go (Milvus itself), of gRPC's C core with BoringSSL (pymilvus,
//! C++), OpenSSL (curl, Python), rustls, Java, Node, .NET, Windows' Schannel, NSS and GnuTLS, and of the proxies that
//! stand in front of Milvus.

use std::fmt;

use crate::check::codes::Code;
use crate::x509::EndEntityKind;

/// Words, and what they mean.
pub(super) struct Saying {
    /// In lower case. The first stands in the text, the others there or in its traceback.
    pub(super) words: &'static [&'static str],
    pub(super) speaker: Speaker,
    pub(super) code: Code,
    /// Whose certificate it is about.
    pub(super) kind: Option<EndEntityKind>,
}

/// Who says it. Which library a program uses decides how it is told to trust a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    Any,
    Backup,
    Browser,
    Curl,
    Docker,
    DotNet,
    Envoy,
    GnuTls,
    Go,
    Grpc,
    HaProxy,
    Java,
    Milvus,
    Nginx,
    Node,
    Nss,
    OpenSsl,
    Pymilvus,
    Python,
    Requests,
    Rustls,
    Schannel,
    Traefik,
}

impl Speaker {
    /// Whether Milvus says it, as far as the words tell.
    pub(super) const fn may_be_milvus(self) -> bool {
        matches!(self, Self::Any | Self::Backup | Self::Curl | Self::Go | Self::Milvus | Self::OpenSsl)
    }

    /// Whether it is a proxy between clients and Milvus, which is itself the client here.
    pub(super) const fn is_proxy(self) -> bool {
        matches!(self, Self::Envoy | Self::HaProxy | Self::Nginx | Self::Traefik)
    }
}

impl fmt::Display for Speaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "the text",
            Self::Backup => "milvus-backup",
            Self::Browser => "the browser",
            Self::Curl => "curl",
            Self::Docker => "Docker",
            Self::DotNet => ".NET",
            Self::Envoy => "Envoy",
            Self::GnuTls => "GnuTLS",
            Self::Go => "Go",
            Self::Grpc => "gRPC",
            Self::HaProxy => "HAProxy",
            Self::Java => "Java",
            Self::Milvus => "Milvus",
            Self::Nginx => "nginx",
            Self::Node => "Node",
            Self::Nss => "NSS",
            Self::OpenSsl => "OpenSSL",
            Self::Pymilvus => "pymilvus",
            Self::Python => "Python",
            Self::Requests => "requests",
            Self::Rustls => "rustls",
            Self::Schannel => "Windows",
            Self::Traefik => "Traefik",
        })
    }
}

/// What shows who speaks, whatever the words: a proxy of its own connection to Milvus, or a program that passes on what
/// OpenSSL says.
pub(super) const SPEAKERS: &[(Speaker, &[&str])] = &[
    (Speaker::Nginx, &["to upstream", "from upstream", "upstream ssl certificate", "nginx: [emerg]"]),
    (
        Speaker::Envoy,
        &[
            "source/common/tls/",
            "source/extensions/transport_sockets/tls/",
            "tls_error:",
            "transport failure reason:",
        ],
    ),
    (
        Speaker::Traefik,
        &[
            "traefik",
            "httputil/proxy.go",
            "'500 internal server error' caused by:",
            "'502 bad gateway' caused by:",
        ],
    ),
    (
        Speaker::HaProxy,
        &["haproxy", "layer6 invalid response", "backend_server", "server presented an ssl certificate"],
    ),
    (Speaker::Python, &["_ssl.c:"]),
    (Speaker::Node, &["node:internal", "node:_tls_wrap", "tlssocket.onconnectsecure", "axioserror"]),
];

/// How Go's servers begin what they say of a connection: the first stands for all in the table.
pub(super) const SERVER_SAYS: [&str; 3] =
    ["tls handshake error from", "security handshake from", "serverhandshake("];

const SERVER: Option<EndEntityKind> = Some(EndEntityKind::Server);
const CLIENT: Option<EndEntityKind> = Some(EndEntityKind::Client);

macro_rules! sayings {
    ($($code:ident, $kind:expr, $speaker:ident: $([$($word:literal),+])+;)+) => {
        /// From the most to the least specific: the first that fits is meant.
        pub(super) const SAYINGS: &[Saying] = &[
            $($(Saying { words: &[$($word),+], speaker: Speaker::$speaker, code: Code::$code, kind: $kind },)+)+
        ];
    };
}

sayings! {
    // A client certificate, as the server sees it
    // Since Go 1.20 servers and clients say the same: these are clients
    ServerWithoutServerAuth, SERVER, Go:
        ["authentication handshake failed", "failed to verify certificate", "incompatible key usage"]
        ["get \"https://", "failed to verify certificate", "incompatible key usage"]
        ["post \"https://", "failed to verify certificate", "incompatible key usage"];
    ClientWithoutClientAuth, CLIENT, Go:
        ["failed to verify client certificate", "incompatible key usage"]
        ["failed to verify certificate", "incompatible key usage"];
    ClientCertificateMissing, CLIENT, Go:
        ["client didn't provide a certificate"]
        ["remote error: tls: certificate required"];
    ClientCertificateMissing, CLIENT, Rustls:
        ["peer sent no certificates"]
        ["received fatal alert: certificaterequired"]
        ["alertreceived(certificaterequired)"];
    ClientCertificateMissing, CLIENT, OpenSsl:
        ["tlsv13 alert certificate required"]
        ["tlsv1 alert certificate required"]
        ["alert number 116"];
    ClientCertificateMissing, CLIENT, Grpc:
        ["tlsv1_alert_certificate_required"]
        ["tlsv1_certificate_required"];
    ClientCertificateMissing, CLIENT, Python:
        ["tlsv13_alert_certificate_required"];
    ClientCertificateMissing, CLIENT, Java:
        ["received fatal alert: certificate_required"];
    NotIssuedByCa, CLIENT, Go:
        ["failed to verify client certificate", "unknown authority"];
    Expired, CLIENT, Go:
        ["failed to verify client certificate", "expired"];
    KeyMismatch, CLIENT, Go:
        ["invalid signature by the client certificate"];
    // Since Go 1.20 servers and clients say the same: who says it shows before, see [`SERVER_SAYS`].
    NotIssuedByCa, CLIENT, Go:
        ["tls handshake error from", "certificate signed by unknown authority"];
    NotYetValid, CLIENT, Go:
        ["tls handshake error from", "certificate has expired or is not yet valid", "is before"];
    Expired, CLIENT, Go:
        ["tls handshake error from", "certificate has expired or is not yet valid"];
    ClientRefused, CLIENT, Go:
        ["failed to verify client certificate"];
    // A server certificate, as the server hears of it from a client whose language it does not know
    NotIssuedByCa, SERVER, Any:
        ["tls handshake error from", "remote error: tls: unknown certificate authority"];
    Expired, SERVER, Any:
        ["tls handshake error from", "remote error: tls: expired certificate"];
    ServerRefused, SERVER, Go:
        ["tls handshake error from", "remote error: tls: bad certificate"]
        ["tls handshake error from", "remote error: tls: unknown certificate"]
        ["local error: tls: bad record mac"];
    // A client certificate, as the client hears of it
    NotIssuedByCa, CLIENT, Go:
        ["remote error: tls: unknown certificate authority"];
    ServerRefused, SERVER, Go:
        ["remote error: tls: unknown certificate"];
    NotIssuedByCa, CLIENT, OpenSsl:
        ["alert unknown ca"]
        ["alert number 48"];
    NotIssuedByCa, CLIENT, Grpc:
        ["tlsv1_alert_unknown_ca"];
    NotIssuedByCa, CLIENT, Rustls:
        ["received fatal alert: unknownca"]
        ["alertreceived(unknownca)"];
    NotIssuedByCa, CLIENT, Java:
        ["received fatal alert: unknown_ca"];
    NotIssuedByCa, CLIENT, Nss:
        ["ssl_error_unknown_ca_alert"];
    Expired, CLIENT, Go:
        ["remote error: tls: expired certificate"];
    Expired, CLIENT, OpenSsl:
        ["alert certificate expired"]
        ["alert number 45"];
    Expired, CLIENT, Grpc:
        ["sslv3_alert_certificate_expired"];
    Expired, CLIENT, Rustls:
        ["received fatal alert: certificateexpired"]
        ["alertreceived(certificateexpired)"];
    Expired, CLIENT, Java:
        ["received fatal alert: certificate_expired"];
    Expired, CLIENT, Nss:
        ["ssl_error_expired_cert_alert"];
    KeyMismatch, CLIENT, Go:
        ["remote error: tls: error decrypting message"];
    KeyMismatch, CLIENT, OpenSsl:
        ["alert decrypt error"]
        ["alert number 51"];
    KeyMismatch, CLIENT, Grpc:
        ["tlsv1_alert_decrypt_error"];
    KeyMismatch, CLIENT, Java:
        ["received fatal alert: decrypt_error"];
    ClientRefused, CLIENT, OpenSsl:
        ["alert bad certificate"]
        ["alert unsupported certificate"]
        ["alert certificate unknown"]
        ["alert number 42"]
        ["alert number 43"]
        ["alert number 46"];
    ClientRefused, CLIENT, Go:
        ["remote error: tls: bad certificate"]
        ["remote error: tls: unsupported certificate"];
    ClientRefused, CLIENT, Grpc:
        ["sslv3_alert_bad_certificate"]
        ["sslv3_alert_unsupported_certificate"]
        ["sslv3_alert_certificate_unknown"]
        ["tlsv1_alert_access_denied"];
    ClientRefused, CLIENT, Curl:
        ["getpeername() failed with errno 107"];
    ClientRefused, CLIENT, Java:
        ["received fatal alert: certificate_unknown"]
        ["received fatal alert: bad_certificate"]
        ["received fatal alert: unsupported_certificate"];
    ClientRefused, CLIENT, Rustls:
        ["received fatal alert: badcertificate"]
        ["received fatal alert: unsupportedcertificate"]
        ["alertreceived(badcertificate)"]
        ["alertreceived(unsupportedcertificate)"];
    ClientRefused, CLIENT, Nss:
        ["ssl_error_bad_cert_alert"];

    // Files that cannot be loaded
    PathsSwapped, None, Go:
        ["failed to find certificate pem data in certificate input, but did find a private key"]
        ["found a certificate rather than a key in the pem for the private key"];
    KeyMismatch, SERVER, Go:
        ["private key does not match public key"]
        ["private key type does not match public key type"];
    // Milvus is written in Go: who says this in another language loads its own pair.
    KeyMismatch, CLIENT, OpenSsl:
        ["key values mismatch"];
    KeyMismatch, CLIENT, Python:
        ["key_values_mismatch"];
    KeyMismatch, CLIENT, Rustls:
        ["inconsistentkeys(keymismatch)"]
        ["keys may not be consistent: keymismatch"];
    EncryptedKey, SERVER, Go:
        ["tls: failed to parse private key"];
    FoldedPem, SERVER, Go:
        ["failed to find any pem data"]
        ["failed to find certificate pem data"]
        ["failed to append ca certs"]
        ["fail to append ca to cert"]
        ["credentials: failed to append certificates"];
    FoldedPem, SERVER, Grpc:
        ["invalid cert chain file"]
        ["could not get pem block"]
        ["could not load any root certificate"];
    FoldedPem, SERVER, OpenSsl:
        ["pem routines", "no start line"]
        ["pem routines", "bad end line"]
        ["[ssl] pem lib"]
        ["pem lib (_ssl.c"]
        ["no certificate or crl found"]
        ["no_certificate_or_crl_found"];
    FoldedPem, SERVER, Java:
        ["could not parse certificate"]
        ["file does not contain valid certificates"]
        ["found no certificates in input stream"]
        ["found no private key in input stream"];
    KeyNotPkcs8, CLIENT, Java:
        ["file does not contain valid private key"]
        ["algid parse error, not a sequence"];
    RestPortMissing, None, Milvus:
        ["share the same port", "tls mode must be 0"]
        ["tls mode must be 0"];
    DirectoryInsteadOfFile, None, Go:
        [".pem: is a directory"]
        [".key: is a directory"]
        [".crt: is a directory"]
        [".cert: is a directory"]
        [".cer: is a directory"];
    DirectoryInsteadOfFile, None, Docker:
        ["are you trying to mount a directory onto a file"];
    DirectoryInsteadOfFile, None, Python:
        ["isadirectoryerror", ".pem'"]
        ["isadirectoryerror", ".key'"]
        ["isadirectoryerror", ".crt'"]
        ["isadirectoryerror", ".cert'"];
    DirectoryInsteadOfFile, None, Node:
        ["eisdir", "certpath"]
        ["eisdir", ".pem"]
        ["eisdir", ".key"]
        ["eisdir", ".crt"];
    UnreadableFile, SERVER, Go:
        [".pem: permission denied"]
        [".key: permission denied"]
        [".crt: permission denied"]
        [".cert: permission denied"]
        [".cer: permission denied"];
    UnreadableFile, CLIENT, Python:
        ["permissionerror", ".pem'"]
        ["permissionerror", ".key'"]
        ["permissionerror", ".crt'"]
        ["permissionerror", ".cert'"];
    UnreadableFile, CLIENT, Node:
        ["eacces", ".pem"]
        ["eacces", ".key"]
        ["eacces", ".crt"];
    UnreadableFile, CLIENT, Java:
        [".pem (permission denied)"]
        [".key (permission denied)"]
        [".crt (permission denied)"];
    MissingFile, SERVER, Go:
        ["open ", ".pem: no such file or directory"]
        ["open ", ".key: no such file or directory"]
        ["open ", ".crt: no such file or directory"]
        ["open ", ".cert: no such file or directory"]
        ["open ", ".cer: no such file or directory"]
        ["open ", ".pem: the system cannot find the file specified"]
        ["open ", ".key: the system cannot find the file specified"];
    MissingFile, CLIENT, Pymilvus:
        ["certificate file not found"];
    MissingFile, CLIENT, Curl:
        ["could not load pem client certificate", "no such file or directory"]
        ["error setting certificate file"]
        ["error setting certificate verify locations"]
        ["error adding trust anchors from file"];
    MissingFile, CLIENT, Requests:
        ["could not find a suitable tls ca certificate bundle"]
        ["could not find the tls certificate file"]
        ["could not find the tls key file"];
    MissingFile, CLIENT, OpenSsl:
        ["no such file or directory", "calling fopen("];
    MissingFile, CLIENT, Java:
        [".pem (no such file or directory)"]
        [".key (no such file or directory)"]
        [".crt (no such file or directory)"]
        [".jks (no such file or directory)"]
        [".p12 (no such file or directory)"];
    MissingFile, CLIENT, Node:
        ["enoent", ".pem"]
        ["enoent", ".key"]
        ["enoent", ".crt"]
        ["enoent", ".cert"];
    MissingFile, CLIENT, Python:
        ["filenotfounderror", ".pem'"]
        ["filenotfounderror", ".key'"]
        ["filenotfounderror", ".crt'"]
        ["filenotfounderror", ".cert'"]
        ["filenotfounderror", "load_verify_locations"]
        ["filenotfounderror", "load_cert_chain"];
    PathIsNone, None, Python:
        ["nonetype", "server_pem_path"]
        ["nonetype", "ca_pem_path"]
        ["nonetype", "client_pem_path"]
        ["nonetype", "client_key_path"];

    // A proxy between client and Milvus
    ProxyToPlaintext, None, Nginx:
        ["wrong version number", "ssl handshaking to upstream"]
        ["packet length too long", "ssl handshaking to upstream"];
    ProxyInPlaintext, None, Nginx:
        ["upstream prematurely closed connection", "grpc://"]
        ["upstream sent too large http2 frame", "grpc://"]
        ["upstream sent invalid http/2 frame", "grpc://"]
        ["upstream rejected request with error", "grpc://"];
    ProxyInPlaintext, None, Envoy:
        ["reset reason: connection termination"]
        ["reset reason: protocol error"];
    NameNotCovered, SERVER, Nginx:
        ["upstream ssl certificate does not match"];
    ProxyFailed, None, Nginx:
        ["ssl_write() failed", "broken pipe", "to upstream"]
        ["ssl_write() failed", "connection reset by peer", "to upstream"];
    NameNotCovered, SERVER, Envoy:
        ["verify cert failed: san matcher"]
        ["verify cert failed: verify san list"]
        ["verify subject alt name list"]
        // Its access log has no spaces in the reason.
        ["verify_cert_failed:_san_matcher"];
    NotIssuedByCa, SERVER, Envoy:
        ["certificate_verify_failed", "unable_to_get_local_issuer_certificate"];
    NameNotCovered, SERVER, HaProxy:
        ["server presented an ssl certificate different from the expected one"];
    ProxyFailed, None, Grpc:
        ["received http2 header with status: 502"]
        ["received http2 header with status: 503"]
        ["received http2 header with status: 504"];
    ProxyFailed, None, Go:
        ["unexpected http status code received from server: 502"]
        ["unexpected http status code received from server: 503"]
        ["unexpected http status code received from server: 504"];
    ProxyFailed, None, Node:
        ["received http status code 502"]
        ["received http status code 503"]
        ["received http status code 504"];
    ProxyFailed, None, Java:
        ["http status code 502", "invalid content-type"]
        ["http status code 503", "invalid content-type"]
        ["http status code 504", "invalid content-type"];

    // Something else than gRPC
    RestAtGrpcPort, None, Milvus:
        ["invalid grpc request content-type"]
        ["application/grpc expected"];
    RestAtGrpcPort, None, Curl:
        ["received http/0.9 when not allowed"];
    RestAtGrpcPort, None, Node:
        ["parse error: expected http/"];
    RestAtGrpcPort, None, Python:
        ["badstatusline", "\\x00\\x00"];
    NotGrpc, None, Pymilvus:
        ["received unimplemented from server"]
        ["incorrect port or sdk is incompatible with server"];
    NotGrpc, None, Grpc:
        ["error parsing 'content-type' metadata"]
        ["received http2 header with status: 404"]
        ["received http2 header with status: 415"]
        ["received http2 header with status: 400"]
        ["received http2 header with status: 403"]
        ["received http2 header with status: 405"]
        ["trying to connect an http1.x server"];
    NotGrpc, None, Go:
        ["unexpected http status code received from server"]
        ["received unexpected content-type"]
        ["malformed header: missing http content-type"];
    NotGrpc, None, Node:
        ["received http status code 404"]
        ["received http status code 415"];
    NotGrpc, None, Java:
        ["http status code", "invalid content-type"];
    NoAlpn, None, Grpc:
        ["missing selected alpn property"]
        ["cannot check peer: missing"]
        ["tlsv1_alert_no_application_protocol"];
    NoAlpn, None, Go:
        ["remote error: tls: no application protocol"]
        ["client requested unsupported application protocols"];
    NoAlpn, None, OpenSsl:
        ["alert no application protocol"]
        ["alert number 120"];
    NoAlpn, None, Java:
        ["received fatal alert: no_application_protocol"]
        ["failed alpn negotiation"];
    NoAlpn, None, Rustls:
        ["received fatal alert: noapplicationprotocol"]
        ["alertreceived(noapplicationprotocol)"];

    // Names
    NoSubjectAltName, SERVER, Go:
        ["relies on legacy common name field"]
        ["not valid for any names"];
    NameNotCovered, SERVER, Go:
        ["cannot validate certificate for", "doesn't contain any ip sans"]
        ["certificate is valid for", ", not "];
    NameNotCovered, SERVER, Grpc:
        ["hostname verification check failed"]
        ["peer name", "is not in peer certificate"];
    NameNotCovered, SERVER, Curl:
        ["no alternative certificate subject name matches"]
        ["certificate subject name", "does not match target host name"]
        ["ssl: certificate subject name", "does not match target"];
    NameNotCovered, SERVER, GnuTls:
        ["no certificate subject alternative name matches"];
    NameNotCovered, SERVER, OpenSsl:
        ["hostname mismatch", "certificate"]
        ["ip address mismatch", "certificate"]
        ["hostname mismatch", "verify error"]
        ["ip address mismatch", "verify error"]
        ["hostname mismatch", "depth lookup"]
        ["ip address mismatch", "depth lookup"];
    NameNotCovered, SERVER, Python:
        ["certificateerror", "doesn't match"];
    NameNotCovered, SERVER, Rustls:
        ["certificate not valid for name"]
        ["invalid peer certificate: notvalidforname"]
        ["invalidcertificate(notvalidforname"]
        ["certnotvalidforname"]
        ["invaliddnsnameerror"];
    NameNotCovered, SERVER, Java:
        ["no subject alternative names matching ip address"]
        ["no subject alternative dns name matching"]
        ["no name matching", "found"]
        ["no subject alternative names present"]
        ["sslpeerunverifiedexception", "not verified"]
        ["sslpeerunverifiedexception", "doesn't match"];
    NameNotCovered, SERVER, Node:
        ["err_tls_cert_altname_invalid"]
        ["hostname/ip does not match certificate's altnames"];
    NameNotCovered, SERVER, DotNet:
        ["remotecertificatenamemismatch"];
    NameNotCovered, SERVER, Schannel:
        ["sec_e_wrong_principal"]
        ["the target principal name is incorrect"];
    NameNotCovered, SERVER, Nss:
        ["ssl_error_bad_cert_domain"];
    NameNotCovered, SERVER, Browser:
        ["err_cert_common_name_invalid"];
    NameNotCovered, SERVER, GnuTls:
        ["the name in the certificate does not match the expected"];

    // Purposes
    ServerWithoutServerAuth, SERVER, Go:
        ["certificate specifies an incompatible key usage"];
    ServerWithoutServerAuth, SERVER, OpenSsl:
        ["unsupported certificate purpose"]
        ["unsuitable certificate purpose"];
    ServerWithoutServerAuth, SERVER, Rustls:
        ["certificate does not allow extended key usage"]
        ["invalid peer certificate: invalidpurpose"]
        ["invalidcertificate(invalidpurpose"];
    ServerWithoutServerAuth, SERVER, Java:
        ["extended key usage does not permit use for tls server authentication"];
    ServerWithoutServerAuth, SERVER, Nss:
        ["sec_error_inadequate_cert_type"];
    ClientWithoutClientAuth, CLIENT, Java:
        ["extended key usage does not permit use for tls client authentication"];
    NoDigitalSignature, SERVER, Grpc:
        ["key_usage_bit_incorrect"];
    NoDigitalSignature, SERVER, Java:
        ["keyusage does not allow digital signatures"];
    CaWithoutKeyUsage, SERVER, Python:
        ["ca cert does not include key usage extension"];
    CaConstraintsNotCritical, SERVER, Python:
        ["basic constraints of ca cert not marked critical"];
    NoAuthorityKeyId, SERVER, Python:
        ["missing authority key identifier"];
    CaWithoutKeyId, SERVER, Python:
        ["missing subject key identifier"];
    EmptyCaSubject, SERVER, Python:
        ["issuer name empty"]
        ["issuer name is empty"];
    NegativeSerial, SERVER, Go:
        ["x509: negative serial number"];
    CaNotAuthority, SERVER, Go:
        ["certificate is not authorized to sign other certificates"];
    LeafIsAuthority, SERVER, Rustls:
        ["causedasendentity"]
        ["ca used as end entity"];
    CaNotAuthority, SERVER, Rustls:
        ["endentityusedasca"];
    CaNotAuthority, SERVER, OpenSsl:
        ["invalid ca certificate"];
    CaNotAuthority, SERVER, Java:
        ["this is not a ca certificate"]
        ["end user tried to act as a ca"];
    CaNotAuthority, SERVER, Nss:
        ["sec_error_ca_cert_invalid"];
    CaPathLength, SERVER, Go:
        ["too many intermediates for path length constraint"];
    CaPathLength, SERVER, OpenSsl:
        ["path length constraint exceeded"];
    NameConstraints, SERVER, Go:
        ["is not authorized to sign for this name"];
    NameConstraints, SERVER, OpenSsl:
        ["permitted subtree violation"]
        ["excluded subtree violation"];
    DuplicateSerial, SERVER, Nss:
        ["sec_error_reused_issuer_and_serial"];

    // Time
    NotYetValid, SERVER, Go:
        ["certificate has expired or is not yet valid", "is before"];
    Expired, SERVER, Go:
        ["certificate has expired or is not yet valid"];
    NotYetValid, SERVER, OpenSsl:
        ["certificate is not yet valid"]
        ["certificate not valid yet"];
    NotYetValid, SERVER, Rustls:
        ["invalid peer certificate: notvalidyet"]
        ["invalidcertificate(notvalidyet"]
        ["certnotvalidyet"];
    NotYetValid, SERVER, Java:
        ["certificatenotyetvalidexception"];
    NotYetValid, SERVER, GnuTls:
        ["the certificate chain uses not yet valid certificate"];
    Expired, SERVER, OpenSsl:
        ["certificate has expired"]
        ["cert_has_expired"];
    Expired, SERVER, Rustls:
        ["invalid peer certificate: certificate expired"]
        ["invalid peer certificate: expired"]
        ["invalidcertificate(expired"]
        ["certexpired"];
    Expired, SERVER, Java:
        ["certificateexpiredexception"]
        ["certpathvalidatorexception", "validity check failed"];
    Expired, SERVER, DotNet:
        ["remotecertificatechainerrors", "nottimevalid"]
        ["certificate chain", "nottimevalid"];
    Expired, SERVER, Schannel:
        ["sec_e_cert_expired"];
    Expired, SERVER, Nss:
        ["sec_error_expired_certificate"];
    Expired, SERVER, Browser:
        ["err_cert_date_invalid"];
    Expired, SERVER, GnuTls:
        ["the certificate chain uses expired certificate"];

    // Trust
    NotIssuedByCa, SERVER, Backup:
        ["restful", "certificate signed by unknown authority"]
        ["segments/describe", "certificate signed by unknown authority"];
    NotIssuedByCa, SERVER, Grpc:
        ["openssl_internal:certificate_verify_failed: self signed certificate in certificate chain"]
        ["openssl_internal:certificate_verify_failed: self-signed certificate in certificate chain"];
    NotIssuedByCa, SERVER, Python:
        ["certificate_verify_failed", "self-signed certificate in certificate chain"]
        ["certificate_verify_failed", "self signed certificate in certificate chain"];
    NotIssuedByCa, SERVER, Node:
        ["last error: self-signed certificate in certificate chain"]
        ["last error: self signed certificate in certificate chain"]
        ["last error: unable to verify the first certificate"]
        ["last error: unable to get local issuer certificate"];
    NotIssuedByCa, SERVER, OpenSsl:
        ["self-signed certificate in certificate chain"]
        ["self signed certificate in certificate chain"];
    NotIssuedByCa, SERVER, Node:
        ["self_signed_cert_in_chain"];
    SelfSigned, SERVER, Node:
        ["depth_zero_self_signed_cert"];
    SelfSigned, SERVER, Python:
        ["[ssl: certificate_verify_failed]", "self-signed certificate"]
        ["[ssl: certificate_verify_failed]", "self signed certificate"];
    // Servers say when they start that they make one.
    SelfSigned, SERVER, OpenSsl:
        ["self-signed certificate", "certificate verify failed"]
        ["self-signed certificate", "certificate_verify_failed"]
        ["self-signed certificate", "certificate problem"]
        ["self-signed certificate", "verify error"]
        ["self-signed certificate", "depth lookup"]
        ["self-signed certificate", "last error"]
        ["self signed certificate", "certificate verify failed"]
        ["self signed certificate", "certificate_verify_failed"]
        ["self signed certificate", "certificate problem"]
        ["self signed certificate", "verify error"]
        ["self signed certificate", "depth lookup"]
        ["self signed certificate", "last error"];
    SelfSigned, SERVER, Nss:
        ["mozilla_pkix_error_self_signed_cert"];
    OtherCaSameName, SERVER, OpenSsl:
        ["certificate signature failure"];
    OtherCaSameName, SERVER, Go:
        ["possibly because of", "while trying to verify candidate authority certificate"];
    OtherCaSameName, SERVER, Java:
        ["certpathvalidatorexception", "signature check failed"];
    OtherCaSameName, SERVER, Rustls:
        ["invalid peer certificate: badsignature"]
        ["invalidcertificate(badsignature"];
    NotIssuedByCa, SERVER, Go:
        ["certificate signed by unknown authority"];
    NotIssuedByCa, SERVER, Node:
        ["unable_to_get_issuer_cert_locally"];
    RootMissing, SERVER, OpenSsl:
        ["unable to get issuer certificate"];
    RootMissing, SERVER, Node:
        ["unable_to_get_issuer_cert"];
    NotIssuedByCa, SERVER, Node:
        ["unable_to_verify_leaf_signature"]
        ["unavailable", "last error: error: unable to verify the first certificate"]
        ["unavailable", "last error: error: unable to get local issuer certificate"];
    NotIssuedByCa, SERVER, Grpc:
        ["openssl_internal:certificate_verify_failed: unable to get local issuer certificate"];
    NotIssuedByCa, SERVER, Python:
        ["certificate_verify_failed", "unable to get local issuer certificate"];
    NotIssuedByCa, SERVER, OpenSsl:
        ["unable to get local issuer certificate"]
        ["unable to verify the first certificate"];
    NotIssuedByCa, SERVER, Rustls:
        ["invalid peer certificate: unknownissuer"]
        ["invalidcertificate(unknownissuer"]
        ["webpkierror(unknownissuer"];
    NotIssuedByCa, SERVER, Java:
        ["pkix path building failed"]
        ["unable to find valid certification path"]
        ["path does not chain with any of the trust anchors"]
        ["trust anchor for certification path not found"]
        ["the trustanchors parameter must be non-empty"];
    NotIssuedByCa, SERVER, DotNet:
        ["remotecertificatechainerrors", "untrustedroot"]
        ["remotecertificatechainerrors", "partialchain"]
        ["certificate chain", "untrustedroot"]
        ["certificate chain", "partialchain"];
    NotIssuedByCa, SERVER, Schannel:
        ["sec_e_untrusted_root"]
        ["cert_trust_is_untrusted_root"]
        ["certificate chain was issued by an authority that is not trusted"];
    RevocationNotChecked, SERVER, Schannel:
        ["crypt_e_no_revocation_check"]
        ["unable to check revocation for the certificate"];
    NotIssuedByCa, SERVER, Nss:
        ["sec_error_unknown_issuer"]
        ["sec_error_untrusted_issuer"]
        ["peer's certificate issuer is not recognized"];
    NotIssuedByCa, SERVER, GnuTls:
        ["the certificate issuer is unknown"]
        ["certificate signer not trusted"]
        ["unable to locally verify the issuer's authority"];
    // wolfSSL
    NotIssuedByCa, SERVER, Curl:
        ["asn no signer error to confirm failure"];
    NotIssuedByCa, SERVER, Browser:
        ["err_cert_authority_invalid"];
    WeakSignature, SERVER, Go:
        ["cannot verify signature: insecure algorithm"];
    WeakSignature, SERVER, OpenSsl:
        ["ca md too weak"];
    WeakSignature, SERVER, Java:
        ["constraints check failed on signature algorithm"];
    WeakKey, SERVER, OpenSsl:
        ["ee key too small"]
        ["ca key too small"]
        ["ee_key_too_small"]
        ["certificate key too weak"];
    UnsupportedSignature, SERVER, Go:
        ["cannot verify signature: algorithm unimplemented"];
    UnknownCriticalExtension, SERVER, Any:
        ["unhandled critical extension"]
        ["unsupportedcriticalextension"];

    // No reason
    ServerRefused, SERVER, OpenSsl:
        ["certificate verify failed"];
    ServerRefused, SERVER, Curl:
        ["ssl certificate problem"];
    ServerRefused, SERVER, Grpc:
        ["certificate_verify_failed"];
    ServerRefused, SERVER, DotNet:
        ["the remote certificate is invalid"]
        ["the remote certificate was rejected"]
        ["could not establish trust relationship"];
    ServerRefused, SERVER, GnuTls:
        ["the certificate is not trusted"]
        ["server certificate verification failed"];
    // mbedTLS
    ServerRefused, SERVER, Curl:
        ["x509 - certificate verification failed"];

    // Plaintext on one side
    // A server in plaintext quotes the first octets of a TLS client
    Plaintext, None, Milvus:
        ["bogus greeting \"\\x16\\x03"]
        ["bogus greeting \\\"\\\\x16\\\\x03"];
    RestAtGrpcPort, None, Milvus:
        ["bogus greeting"];
    ClientWithoutTls, None, Go:
        ["tls handshake error from", "first record does not look like a tls handshake"]
        // The log of Milvus
        ["[error=\"tls: first record does not look like a tls handshake"]
        ["client sent an http request to an https server"]
        ["malformed http response \"\\x15\\x03"]
        ["malformed http response \\\"\\\\x15\\\\x03"];
    ClientWithoutTls, None, Nginx:
        ["the plain http request was sent to https port"];
    ClientWithoutTls, None, Node:
        ["received rst_stream with code 2", "triggered by internal client error: protocol error"];
    EmptyReply, None, Curl:
        ["empty reply from server"];
    NoAnswer, None, Any:
        ["net/http: tls handshake timeout"]
        ["ssl connection timeout"];
    Plaintext, None, OpenSsl:
        ["ssl routines", "wrong version number"]
        ["[ssl: wrong_version_number]"]
        ["ssl", "packet length too long"]
        ["ssl", "record layer failure"];
    Plaintext, None, Grpc:
        ["openssl_internal:wrong_version_number"];
    Plaintext, None, Node:
        ["err_ssl_wrong_version_number"]
        ["eproto", "packet length"];
    Plaintext, None, Go:
        ["first record does not look like a tls handshake"]
        ["server gave http response to https client"];
    Plaintext, None, Rustls:
        ["received corrupt message"]
        ["invalidmessage(invalidcontenttype"];
    Plaintext, None, Java:
        ["unsupported or unrecognized ssl message"]
        ["unrecognized ssl message, plaintext connection"]
        ["notsslrecordexception"]
        ["not an ssl/tls record"];
    Plaintext, None, DotNet:
        ["cannot determine the frame size or a corrupted frame was received"];
    Plaintext, None, Schannel:
        ["sec_e_invalid_token"];
    Plaintext, None, Nss:
        ["ssl_error_rx_record_too_long"];
    Plaintext, None, GnuTls:
        ["an unexpected tls packet was received"];
    ClientWithoutTls, None, Grpc:
        ["error reading server preface"]
        ["first received frame was not settings"];
    ClientWithoutTls, None, Java:
        ["http/2 client preface string missing or corrupt"];

    // Handshakes
    TlsVersion, None, Go:
        ["remote error: tls: protocol version not supported"]
        ["client offered only unsupported versions"]
        ["server selected unsupported protocol version"];
    TlsVersion, None, OpenSsl:
        ["alert protocol version"]
        ["alert number 70"]
        ["ssl routines", "unsupported protocol"]
        ["[ssl: unsupported_protocol]"];
    TlsVersion, None, Grpc:
        ["tlsv1_alert_protocol_version"]
        ["openssl_internal:unsupported_protocol"];
    TlsVersion, None, Java:
        ["received fatal alert: protocol_version"];
    TlsVersion, None, Rustls:
        ["received fatal alert: protocolversion"]
        ["alertreceived(protocolversion)"];
    TlsVersion, None, Nss:
        ["ssl_error_protocol_version_alert"]
        ["ssl_error_unsupported_version"];
    HandshakeRefused, SERVER, Python:
        ["sslv3_alert_handshake_failure", "_ssl.c"];
    KeyNotForPymilvus, SERVER, Grpc:
        ["sslv3_alert_handshake_failure"];
    HandshakeRefused, SERVER, Any:
        ["alert handshake failure"]
        ["remote error: tls: handshake failure"]
        ["received fatal alert: handshake_failure"]
        ["received fatal alert: handshakefailure"]
        ["no shared cipher"]
        ["no cipher suite supported by both"]
        ["peer doesn't support any of the certificate's signature algorithms"];
    ConnectionClosed, None, Go:
        ["authentication handshake failed: eof"]
        ["authentication handshake failed: unexpected eof"]
        ["authentication handshake failed: context deadline exceeded"]
        ["tls handshake error from", "eof"]
        ["tls handshake error from", "connection reset by peer"];
    ConnectionClosed, None, OpenSsl:
        ["unexpected eof while reading"]
        ["unexpected_eof_while_reading"]
        ["ssl_error_syscall"]
        ["eof occurred in violation of protocol"];
    ConnectionClosed, None, DotNet:
        ["received an unexpected eof or 0 bytes from the transport stream"];
    ConnectionClosed, None, GnuTls:
        ["gnutls_handshake() failed: the tls connection was non-properly terminated"];
    ConnectionClosed, None, Schannel:
        ["schannel: failed to receive handshake"];
    ConnectionClosed, None, Nss:
        ["pr_end_of_file_error"];
    ConnectionClosed, None, Nginx:
        ["peer closed connection in ssl handshake"];
    ConnectionClosed, None, Java:
        ["remote host terminated the handshake"]
        ["network closed for unknown reason"]
        ["channel pipeline: [sslhandler#0"];
    ConnectionClosed, None, Node:
        ["client network socket disconnected before secure tls connection was established"];
    ConnectionClosed, None, Grpc:
        ["ssl handshake failed", "socket closed"];

    // The reason comes after these words, where there is one.
    ProxyFailed, None, Envoy:
        ["reset reason: remote connection failure"]
        ["reset reason: connection failure"]
        ["no healthy upstream"];
    ProxyFailed, None, HaProxy:
        ["layer6 invalid response"]
        ["ssl handshake failure", "haproxy"];

    NotAuthenticated, None, Milvus:
        ["auth check failure"]
        ["missing authorization in header"];

    // The documentation's scripts
    ScriptDoesNotRun, None, OpenSsl:
        ["algorithm rsa:2048 cannot be found"]
        ["error initializing rsa:2048 context"]
        ["unrecognized flag quiet"];

    // No TLS at all
    // gRPC begins so whatever the reason: the reason comes after it
    ClientRefused, CLIENT, Grpc:
        ["tsi_data_corrupted"];
    PortClosed, None, Any:
        ["connection refused"]
        ["connectionrefused"]
        ["econnrefused"]
        ["failed to connect to", "couldn't connect to server"]
        ["actively refused"]
        ["connection timed out"]
        ["etimedout"]
        ["no route to host"];
    NameNotResolved, None, Any:
        ["name or service not known"]
        ["temporary failure in name resolution"]
        ["nodename nor servname provided"]
        ["could not resolve host"]
        ["getaddrinfo enotfound"]
        ["getaddrinfo eai_again"]
        ["no such host"]
        ["dns resolution failed"]
        ["name resolution failure"]
        ["unknownhostexception"];
    ServerUnavailable, None, Pymilvus:
        ["illegal connection params or server unavailable"]
        ["fail connecting to server"];
    ServerUnavailable, None, Node:
        ["unavailable: no connection established"];
    ServerUnavailable, None, Grpc:
        ["failed to connect to all addresses"]
        ["statuscode.unavailable"];
    ServerUnavailable, None, Java:
        ["unavailable: io exception"]
        ["general opensslengine problem"];
    ServerUnavailable, None, DotNet:
        ["the ssl connection could not be established"]
        ["could not create ssl/tls secure channel"]
        ["the server did not complete the http/2 handshake"];
    ServerUnavailable, None, Browser:
        ["err_ssl_protocol_error"];
    ServerUnavailable, None, Go:
        ["rpc error: code = unavailable", "connection error"];
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn words_are_in_lower_case_and_none_stands_twice() {
        let mut seen = HashSet::new();
        for saying in SAYINGS {
            assert!(seen.insert(saying.words), "{:?}", saying.words);
            for word in saying.words {
                assert_eq!(*word, word.to_ascii_lowercase());
            }
        }
    }
}
