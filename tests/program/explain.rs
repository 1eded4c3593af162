//! What programs say when TLS fails: every message here was said by a program, or is quoted by Milvus'
//! issues and documentation. What each means is known from what was wrong when it was said.

use std::io::{self, Read};
use std::process::Stdio;
use std::thread;

use serde_json::{Value, json};

use crate::common::folder::Folder;
use crate::common::program::Outcome;

/// The findings of `explain` about a text.
pub(crate) fn findings(text: &str) -> Vec<Value> {
    let report = explained(&["--json", "-"], io::Cursor::new(text.to_owned())).json();
    report["findings"].as_array().unwrap().clone()
}

pub(crate) fn meaning(text: &str) -> Vec<String> {
    findings(text).iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

/// Runs `explain` with something on standard input.
fn explained(arguments: &[&str], mut input: impl Read + Send + 'static) -> Outcome {
    let folder = Folder::new();
    let mut command = folder.command();
    command.arg("explain").args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The program may end before it has read everything.
    let writer = thread::spawn(move || io::copy(&mut input, &mut stdin));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    Outcome::from(output)
}

pub(crate) fn assert_each_means(code: &str, messages: &[&str]) {
    for message in messages {
        assert_eq!(meaning(message), [code], "{message}");
    }
}

pub(crate) fn assert_means_nothing(messages: &[&str]) {
    for message in messages {
        assert_eq!(meaning(message), [""; 0], "{message}");
    }
}

// ---- Each message by itself ----

#[test]
fn a_client_certificate_for_servers() {
    assert_each_means(
        "client-without-client-auth",
        &[
            "tls: failed to verify client certificate: x509: certificate specifies an incompatible key usage",
            r#"[WARN] [grpclog] [core] grpc: Server.Serve failed to complete security handshake from "127.0.0.1:51846": tls: failed to verify client certificate: x509: certificate specifies an incompatible key usage"#,
            "javax.net.ssl.SSLHandshakeException: Extended key usage does not permit use for TLS client authentication",
        ],
    );
}

#[test]
fn no_client_certificate() {
    assert_each_means(
        "client-certificate-missing",
        &[
            "tls: client didn't provide a certificate",
            "http: TLS handshake error from 127.0.0.1:51846: tls: client didn't provide a certificate",
            "peer sent no certificates",
            "received fatal alert: CertificateRequired",
            "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required (_ssl.c:2580)",
            "curl: (56) OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0",
            "E1125 log.cc:72] error:1000045c:SSL routines:OPENSSL_internal:TLSV1_ALERT_CERTIFICATE_REQUIRED",
        ],
    );
}

#[test]
fn a_client_certificate_that_is_refused() {
    assert_each_means(
        "client-refused",
        &[
            "curl: (56) OpenSSL SSL_read: OpenSSL/3.0.19: error:0A000412:SSL routines::sslv3 alert bad certificate, errno 0",
            "curl: (56) OpenSSL SSL_read: error:14094412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate, errno 0",
            "curl: (55) getpeername() failed with errno 107: Transport endpoint is not connected",
            "40573E716C7F0000:error:0A000412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate:../ssl/record/rec_layer_s3.c:1601:SSL alert number 42",
            "ssl.SSLError: [SSL: SSLV3_ALERT_BAD_CERTIFICATE] sslv3 alert bad certificate (_ssl.c:2580)",
            "Error: 809C89637C7F0000:error:0A000412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1601:SSL alert number 42 ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
            "javax.net.ssl.SSLHandshakeException: Received fatal alert: bad_certificate",
            "javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_unknown",
            "remote error: tls: bad certificate",
            "E1125 04:34:42.689539   25059 ssl_transport_security_utils.cc:72] error:10000412:SSL routines:OPENSSL_internal:SSLV3_ALERT_BAD_CERTIFICATE",
            "received fatal alert: UnsupportedCertificate",
            "tls: failed to verify client certificate: x509: a reason that nobody has seen yet",
        ],
    );
}

#[test]
fn a_client_certificate_of_another_ca() {
    assert_each_means(
        "not-issued-by-ca",
        &[
            "tls: failed to verify client certificate: x509: certificate signed by unknown authority",
            r#"tls: failed to verify client certificate: x509: certificate signed by unknown authority (possibly because of "x509: ECDSA verification failure" while trying to verify candidate authority certificate "localhost CA")"#,
            r#"http: TLS handshake error from 10.0.0.9:40112: tls: failed to verify certificate: x509: certificate signed by unknown authority"#,
            "remote error: tls: unknown certificate authority",
            "curl: (56) OpenSSL SSL_read: error:0A000418:SSL routines::tlsv1 alert unknown ca, errno 0",
            "javax.net.ssl.SSLHandshakeException: Received fatal alert: unknown_ca",
            "received fatal alert: UnknownCA",
        ],
    );
}

#[test]
fn a_client_certificate_that_has_expired() {
    assert_each_means(
        "expired",
        &[
            "tls: failed to verify client certificate: x509: certificate has expired or is not yet valid: current time 2026-11-25T04:34:51Z is after 2021-01-01T00:00:00Z",
            "remote error: tls: expired certificate",
            "ssl.SSLError: [SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired (_ssl.c:2580)",
            "received fatal alert: CertificateExpired",
        ],
    );
}

#[test]
fn a_server_certificate_that_has_expired() {
    assert_each_means(
        "expired",
        &[
            "curl: (60) SSL certificate problem: certificate has expired",
            "verify error:num=10:certificate has expired",
            "error 10 at 0 depth lookup: certificate has expired",
            "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)",
            "Error: certificate has expired CERT_HAS_EXPIRED",
            "javax.net.ssl.SSLHandshakeException: PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed",
            "x509: certificate has expired or is not yet valid: current time 2026-11-25T04:34:08Z is after 2021-01-01T00:00:00Z",
            "I1125 04:34:09.585958   23078 ssl_transport_security.cc:2563] Handshake failed with error SSL_ERROR_SSL: error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: certificate has expired",
            "invalid peer certificate: certificate expired: verification time 1795580000 (UNIX), but certificate is not valid after 1609459200 (185120800 seconds ago)",
            "invalid peer certificate: Expired",
        ],
    );
}

#[test]
fn a_certificate_that_is_not_valid_yet() {
    assert_each_means(
        "not-yet-valid",
        &[
            "curl: (60) SSL certificate problem: certificate is not yet valid",
            "verify error:num=9:certificate is not yet valid",
            "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate is not yet valid (_ssl.c:1020)",
            "Error: certificate is not yet valid CERT_NOT_YET_VALID",
            "x509: certificate has expired or is not yet valid: current time 2026-11-25T04:34:12Z is before 2040-01-01T00:00:00Z",
            "Caused by: java.security.cert.CertificateNotYetValidException: NotBefore: Sun Jan 01 00:00:00 UTC 2040",
            "SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: certificate is not yet valid",
            "invalid peer certificate: NotValidYet",
        ],
    );
}

#[test]
fn a_name_that_is_not_covered() {
    assert_each_means(
        "name-not-covered",
        &[
            "curl: (60) SSL: no alternative certificate subject name matches target host name 'localhost'",
            "curl: (60) SSL: certificate subject name 'localhost' does not match target host name 'milvus'",
            "verify error:num=62:hostname mismatch",
            "error 64 at 0 depth lookup: IP address mismatch",
            "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for 'localhost'. (_ssl.c:1006)",
            "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: IP address mismatch, certificate is not valid for '127.0.0.1'. (_ssl.c:1006)",
            "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: localhost. is not in the cert's altnames: DNS:milvus.example.com, IP Address:10.0.0.5 ERR_TLS_CERT_ALTNAME_INVALID",
            "javax.net.ssl.SSLHandshakeException: No subject alternative DNS name matching localhost found.",
            "javax.net.ssl.SSLHandshakeException: No subject alternative names matching IP address 127.0.0.1 found",
            "java.security.cert.CertificateException: No name matching localhost found",
            "x509: certificate is valid for milvus.example.com, not localhost",
            "x509: cannot validate certificate for 172.18.0.4 because it doesn't contain any IP SANs",
            "tls: failed to verify certificate: x509: certificate is valid for 10.0.0.5, not 127.0.0.1",
            "E0000 ssl_utils.cc:471] Hostname Verification Check failed.",
            "Peer name localhost is not in peer certificate",
            r#"invalid peer certificate: certificate not valid for name "localhost"; certificate is only valid for DnsName("milvus.example.com")"#,
            "invalid peer certificate: NotValidForName",
        ],
    );
}

#[test]
fn a_certificate_without_names() {
    assert_each_means(
        "no-subject-alt-name",
        &[
            "x509: certificate relies on legacy Common Name field, use SANs instead",
            "x509: certificate is not valid for any names, but wanted to match localhost",
        ],
    );
}

#[test]
fn internal_tls_without_a_server_name() {
    assert_each_means(
        "internal-tls-without-sni",
        &[
            r#"[WARN] [grpcclient/client.go:410] ["fail to get session"] [error="transport: authentication handshake failed: tls: failed to verify certificate: x509: cannot validate certificate for 10.0.0.5 because it doesn't contain any IP SANs"]"#,
        ],
    );
}

#[test]
fn a_ca_that_is_not_trusted() {
    assert_each_means(
        "not-issued-by-ca",
        &[
            "curl: (60) SSL certificate problem: unable to get local issuer certificate",
            "verify error:num=20:unable to get local issuer certificate",
            "error 20 at 0 depth lookup: unable to get local issuer certificate",
            "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)",
            "Error: unable to verify the first certificate UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            "javax.net.ssl.SSLHandshakeException: PKIX path validation failed: java.security.cert.CertPathValidatorException: Path does not chain with any of the trust anchors",
            "javax.net.ssl.SSLHandshakeException: PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target",
            "x509: certificate signed by unknown authority",
            "I1125 04:33:51.697344   22025 ssl_transport_security.cc:2563] Handshake failed with error SSL_ERROR_SSL: error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate",
            "invalid peer certificate: UnknownIssuer",
            "curl: (60) SSL certificate problem: self-signed certificate in certificate chain",
            "Error: self-signed certificate in certificate chain SELF_SIGNED_CERT_IN_CHAIN",
        ],
    );
}

#[test]
fn a_ca_that_was_made_anew() {
    assert_each_means(
        "other-ca-same-name",
        &[
            r#"x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify candidate authority certificate "localhost")"#,
            "error 7 at 0 depth lookup: certificate signature failure",
            "curl: (60) SSL certificate problem: certificate signature failure",
            "invalid peer certificate: BadSignature",
            "sun.security.validator.ValidatorException: PKIX path validation failed: java.security.cert.CertPathValidatorException: signature check failed",
        ],
    );
}

#[test]
fn a_certificate_that_no_ca_signed() {
    assert_each_means(
        "self-signed",
        &[
            "error 18 at 0 depth lookup: self signed certificate",
            "curl: (60) SSL certificate problem: self-signed certificate",
            "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)",
            "Error: self-signed certificate DEPTH_ZERO_SELF_SIGNED_CERT",
            "SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: self signed certificate",
        ],
    );
}

#[test]
fn purposes_and_key_usages() {
    assert_each_means(
        "server-without-server-auth",
        &[
            "curl: (60) SSL certificate problem: unsuitable certificate purpose",
            "verify error:num=26:unsuitable certificate purpose",
            "error 26 at 0 depth lookup: unsupported certificate purpose",
            "Error: unsuitable certificate purpose INVALID_PURPOSE",
            "javax.net.ssl.SSLHandshakeException: Extended key usage does not permit use for TLS server authentication",
            "x509: certificate specifies an incompatible key usage",
            "SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: unsupported certificate purpose",
        ],
    );
    assert_each_means(
        "no-digital-signature",
        &[
            "javax.net.ssl.SSLHandshakeException: KeyUsage does not allow digital signatures",
            "Handshake failed with error SSL_ERROR_SSL: error:1000012e:SSL routines:OPENSSL_internal:KEY_USAGE_BIT_INCORRECT: Invalid certificate verification context",
        ],
    );
    assert_each_means(
        "ca-without-key-usage",
        &[
            "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: CA cert does not include key usage extension (_ssl.c:1020)",
            "error 92 at 1 depth lookup: CA cert does not include key usage extension",
        ],
    );
    assert_each_means(
        "ca-not-authority",
        &[
            "x509: certificate is not authorized to sign other certificates",
            "error 79 at 1 depth lookup: invalid CA certificate",
        ],
    );
    assert_each_means(
        "leaf-is-authority",
        &["invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))"],
    );
}

#[test]
fn keys() {
    assert_each_means(
        "key-mismatch",
        &[
            "tls: private key does not match public key",
            "tls: private key type does not match public key type",
            "4097D81AED7F0000:error:05800074:x509 certificate routines:X509_check_private_key:key values mismatch:../crypto/x509/x509_cmp.c:403:",
            "ssl.SSLError: [X509: KEY_VALUES_MISMATCH] key values mismatch (_ssl.c:3926)",
            "javax.net.ssl.SSLHandshakeException: Received fatal alert: decrypt_error",
            "tls: invalid signature by the client certificate: ECDSA verification failure",
        ],
    );
    assert_each_means("encrypted-key", &["tls: failed to parse private key"]);
    assert_each_means(
        "key-not-pkcs8",
        &[
            "java.security.spec.InvalidKeySpecException: java.security.InvalidKeyException: IOException : algid parse error, not a sequence",
            "java.lang.IllegalArgumentException: File does not contain valid private key: client.key",
        ],
    );
    assert_each_means(
        "weak-key",
        &[
            "curl: (60) SSL certificate problem: EE certificate key too weak",
            "error 66 at 0 depth lookup: EE certificate key too weak",
            "SSL routines::ee key too small",
            "ssl.SSLError: [SSL: CA_KEY_TOO_SMALL] ca key too small (_ssl.c:4062)",
        ],
    );
    assert_each_means(
        "key-not-for-pymilvus",
        &[
            "I1125 04:34:34.200082   24782 ssl_transport_security.cc:2563] Handshake failed with error SSL_ERROR_SSL: error:10000410:SSL routines:OPENSSL_internal:SSLV3_ALERT_HANDSHAKE_FAILURE: Invalid certificate verification context",
        ],
    );
    assert_each_means(
        "handshake-refused",
        &[
            "tls: peer doesn't support any of the certificate's signature algorithms",
            "remote error: tls: handshake failure",
            "javax.net.ssl.SSLHandshakeException: Received fatal alert: handshake_failure",
        ],
    );
}

#[test]
fn files() {
    assert_each_means(
        "folded-pem",
        &[
            "tls: failed to find any PEM data in certificate input",
            "tls: failed to find any PEM data in key input",
            "ssl.SSLError: [X509: NO_CERTIFICATE_OR_CRL_FOUND] no certificate or crl found (_ssl.c:4154)",
            "409733E9C57F0000:error:05800088:x509 certificate routines:X509_load_cert_crl_file_ex:no certificate or crl found:../crypto/x509/by_file.c:252:",
            "java.security.cert.CertificateException: Could not parse certificate: java.io.IOException: Empty input",
            "E0000 ssl_transport_security.cc:900] Invalid cert chain file.",
            "error:0909006C:PEM routines:get_name:no start line",
        ],
    );
    assert_each_means(
        "missing-file",
        &[
            "open ca.pem: no such file or directory",
            "open /milvus/tls/server.key: no such file or directory",
            "curl: (77) error setting certificate file: nowhere.pem",
            "40E7A4C65D7F0000:error:80000002:system library:BIO_new_file:No such file or directory:../crypto/bio/bss_file.c:67:calling fopen(root.pem, r)",
            "java.io.FileNotFoundException: my-ca.pem (No such file or directory)",
            "Error: ENOENT: no such file or directory, open 'client-cert.pem'",
        ],
    );
}

#[test]
fn plaintext_on_one_side() {
    assert_each_means(
        "plaintext",
        &[
            "curl: (35) OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number",
            "4067DBB0EA7F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record/ssl3_record.c:350:",
            "ssl.SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)",
            "Ssl handshake failed: SSL_ERROR_SSL: error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER",
            "Error: 806C8439387F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/openssl/ssl/record/ssl3_record.c:350: ERR_SSL_WRONG_VERSION_NUMBER",
            "javax.net.ssl.SSLException: Unsupported or unrecognized SSL message",
            "io.netty.handler.ssl.NotSslRecordException: not an SSL/TLS record: 00000604000000000000040010",
            r#"Get "https://localhost:8080/": http: server gave HTTP response to HTTPS client"#,
            "received corrupt message of type InvalidContentType",
        ],
    );
    assert_each_means(
        "client-without-tls",
        &[
            "Client sent an HTTP request to an HTTPS server.",
            "http: TLS handshake error from 127.0.0.1:60412: tls: first record does not look like a TLS handshake",
            "connection error: desc = \"error reading server preface: EOF\"",
        ],
    );
}

/// Go says the same as a client of a server in plaintext, and as a server of a client in plaintext; a server says more
/// before.
#[test]
fn a_first_record_that_is_no_handshake() {
    assert_each_means(
        "plaintext",
        &[
            "Failed to dial target host \"localhost:19530\": tls: first record does not look like a TLS handshake",
        ],
    );
}

#[test]
fn versions_and_protocols() {
    assert_each_means(
        "tls-version",
        &[
            "40278EA24D7F0000:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:../ssl/record/rec_layer_s3.c:1601:SSL alert number 70",
            "curl: (35) OpenSSL/3.0.19: error:0A00042E:SSL routines::tlsv1 alert protocol version",
            "ssl.SSLError: [SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version (_ssl.c:1006)",
            "javax.net.ssl.SSLHandshakeException: Received fatal alert: protocol_version",
            "40E73452957F0000:error:0A000102:SSL routines:tls_early_post_process_client_hello:unsupported protocol:../ssl/statem/statem_srvr.c:1664:",
            "remote error: tls: protocol version not supported",
            "tls: client offered only unsupported versions: [303 302 301]",
            "received fatal alert: ProtocolVersion",
        ],
    );
    assert_each_means(
        "no-alpn",
        &[
            "Cannot check peer: missing selected ALPN property.",
            r#"connection error: desc = "transport: authentication handshake failed: credentials: cannot check peer: missing selected ALPN property""#,
        ],
    );
}

#[test]
fn rest_without_a_port_of_its_own() {
    assert_each_means(
        "rest-port-missing",
        &["panic: proxy server(http) and external grpc server share the same port, tls mode must be 0"],
    );
}

#[test]
fn a_script_of_the_documentation_that_does_not_run() {
    assert_each_means(
        "script-does-not-run",
        &[
            "Error initializing rsa:2048 context",
            "error:0308010D:digital envelope routines:inner_evp_generic_fetch:fetch failed:../crypto/evp/evp_fetch.c:362:Algorithm rsa:2048 cannot be found",
            "genpkey: Unrecognized flag quiet",
        ],
    );
}

#[test]
fn no_connection() {
    assert_each_means(
        "port-closed",
        &[
            "curl: (7) Failed to connect to localhost port 24901 after 5 ms: Couldn't connect to server",
            "4027A0970C7F0000:error:8000006F:system library:BIO_connect:Connection refused:../crypto/bio/bio_sock2.c:117:calling connect()",
            "ConnectionRefusedError: [Errno 111] Connection refused",
            "Error: connect ECONNREFUSED 127.0.0.1:24901 ECONNREFUSED",
            "java.net.ConnectException: Connection refused",
            "dial tcp 127.0.0.1:24901: connect: connection refused",
        ],
    );
    assert_each_means(
        "name-not-resolved",
        &[
            "curl: (6) Could not resolve host: name.invalid",
            "socket.gaierror: [Errno -2] Name or service not known",
            "dial tcp: lookup milvus on 127.0.0.11:53: no such host",
            "Error: getaddrinfo ENOTFOUND name.invalid",
        ],
    );
}

#[test]
fn messages_that_do_not_name_the_cause() {
    assert_each_means(
        "server-unavailable",
        &[
            "pymilvus.exceptions.MilvusException: <MilvusException: (code=2, message=Fail connecting to server on localhost:19530, illegal connection params or server unavailable)>",
        ],
    );
    assert_each_means(
        "server-refused",
        &[
            "http: TLS handshake error from 127.0.0.1:60412: remote error: tls: bad certificate",
            r#"[core] grpc: Server.Serve failed to complete security handshake from "10.0.0.9:40112": remote error: tls: unknown certificate"#,
            "local error: tls: bad record MAC",
            "400781BA807F0000:error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:../ssl/statem/statem_clnt.c:1889:",
            "E1125 log.cc:72] error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED",
        ],
    );
}

#[test]
fn a_text_without_a_tls_error_means_nothing() {
    assert_means_nothing(&[
        "",
        "\n\n\n",
        "hello",
        "[INFO] [server/server.go:12] [\"Internal TLS Enabled\"] [value=true]",
        "verify return:1",
        "SSL certificate verify ok.",
        "curl: (22) The requested URL returned error: 404",
        "collection not found[database=default][collection=book]",
        "HTTP/2 200",
    ]);
}

// ---- Whole logs ----

#[test]
fn the_log_of_openssl_about_a_wrong_name_has_one_cause() {
    let log = "depth=0 CN = localhost\n\
        verify error:num=62:hostname mismatch\n\
        40D78365407F0000:error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:../ssl/statem/statem_clnt.c:1889:\n";
    assert_eq!(meaning(log), ["name-not-covered"]);
}

#[test]
fn a_stack_trace_of_java_has_one_cause() {
    let log = "Exception in thread \"main\" javax.net.ssl.SSLHandshakeException: PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target\n\
        \tat java.base/sun.security.ssl.Alert.createSSLException(Alert.java:131)\n\
        Caused by: sun.security.validator.ValidatorException: PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target\n\
        \t... 12 more\n";
    assert_eq!(meaning(log), ["not-issued-by-ca"]);
}

#[test]
fn the_cause_is_what_grpc_says_and_not_what_pymilvus_says() {
    let log = "I1125 04:34:09.585958   23078 ssl_transport_security.cc:2563] Handshake failed with error SSL_ERROR_SSL: error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: certificate has expired\n\
        Traceback (most recent call last):\n\
        pymilvus.exceptions.MilvusException: <MilvusException: (code=2, message=Fail connecting to server on localhost:19530, illegal connection params or server unavailable)>\n";
    assert_eq!(meaning(log), ["expired"]);
}

#[test]
fn a_log_of_milvus_has_each_cause_once_at_its_first_place() {
    let log = "[2026/11/25 04:34:08.100 +00:00] [INFO] [roles/roles.go:300] [\"starting running Milvus components\"]\n\
        [2026/11/25 04:34:09.100 +00:00] [WARN] [proxy] [error=\"tls: client didn't provide a certificate\"]\n\
        [2026/11/25 04:34:09.200 +00:00] [WARN] [proxy] [error=\"tls: first record does not look like a TLS handshake\"]\n\
        [2026/11/25 04:34:10.100 +00:00] [WARN] [proxy] [error=\"tls: client didn't provide a certificate\"]\n\
        2026/11/25 04:34:11 http: TLS handshake error from 10.0.0.9:40112: remote error: tls: unknown certificate\n";
    let places: Vec<_> = findings(log)
        .iter()
        .map(|finding| format!("{}:{} {}", finding["line"], finding["column"], finding["code"]))
        .collect();
    let expected =
        ["2:62 \"client-certificate-missing\"", "3:49 \"client-without-tls\"", "5:27 \"server-refused\""];
    assert_eq!(places, expected);
}

#[test]
fn a_server_and_a_client_certificate_of_other_cas_are_two_causes() {
    let log = "x509: certificate signed by unknown authority\n\
        tls: failed to verify client certificate: x509: certificate signed by unknown authority\n";
    let findings = findings(log);
    let fixes: Vec<_> = findings.iter().map(|finding| finding["fix"].as_str().unwrap()).collect();
    let commands: Vec<_> = fixes.iter().map(|fix| fix.split('#').next().unwrap()).collect();
    assert_eq!(commands, ["milvus-certs connect go ", "milvus-certs check --tls-mode 2 "]);
}

#[test]
fn the_evidence_is_a_short_part_of_a_long_line() {
    let line = format!(
        "{}é x509: certificate has expired or is not yet valid {}",
        "a".repeat(5000),
        "b".repeat(5000)
    );
    let finding = &findings(&line)[0];
    assert_eq!(finding["column"], 5009);
    let evidence = finding["evidence"].as_str().unwrap();
    assert!(evidence.contains("certificate has expired or is not yet valid"), "{evidence}");
    assert!(evidence.chars().count() < 250, "{evidence}");
}

// ---- What the program prints ----

fn assert_nothing_is_known(outcome: &Outcome) {
    outcome.refusal(3).hints("`milvus-certs probe` ");
}

#[test]
fn a_text_is_explained_from_arguments_and_from_standard_input() {
    let text = "tls: private key does not match public key";
    for (arguments, input, place) in [
        (&[text][..], "", "text:1:6"),
        (&["tls:", "private", "key", "does", "not", "match", "public", "key"], "", "text:1:6"),
        (&["-"], text, "-:1:6"),
        (&[], text, "-:1:6"),
    ] {
        let outcome = explained(arguments, input.as_bytes()).ends_with(0);
        let first = format!("error[key-mismatch]: {place}: Go says: {text}\n  why: ");
        assert!(outcome.stdout.starts_with(&first), "{outcome}");
        assert!(outcome.stdout.contains("\n  fix: milvus-certs renew server # "), "{outcome}");
    }
}

#[test]
fn json_has_the_findings_and_no_other_words() {
    let input = &b"x\ncurl: (60) SSL certificate problem: certificate has expired"[..];
    let json = explained(&["--json"], input).json();
    assert_eq!(json["source"], "-");
    assert_eq!(json["findings"][0]["code"], "expired");
    assert_eq!(json["findings"][0]["line"], 2);
    let json = explained(&["hello", "--json"], io::empty()).ends_with(3).json();
    assert_eq!(json["findings"], json!([]));
}

#[test]
fn the_status_says_where_nothing_is_known() {
    assert_nothing_is_known(&explained(&["-"], io::empty()));
    assert_nothing_is_known(&explained(&[], &b"\n\n"[..]));
}

#[test]
fn binary_garbage_means_nothing_and_reaches_no_terminal() {
    let garbage: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    assert_nothing_is_known(&explained(&[], io::Cursor::new(garbage)));
    let input = &b"\xFF\xFA\0\x1B[2Jtls: failed to parse private key\x1B[0m\r\n"[..];
    let outcome = explained(&[], input).ends_with(0);
    assert!(!outcome.stdout.contains('\x1B'), "{outcome:?}");
}

/// In many lines and in one, of which only a piece is kept.
#[test]
fn an_error_is_found_after_twenty_megabytes_of_noise() {
    let error = "tls: failed to parse private key";
    let line =
        "[2026/11/25 04:34:08.123 +00:00] [INFO] [proxy/impl.go:5012] [\"certificate, tls and key\"]\n";
    for noise in [line, line.trim_end()] {
        let log = noise.repeat(20 * 1024 * 1024 / noise.len()) + error;
        let outcome = explained(&[], io::Cursor::new(log)).ends_with(0);
        assert!(outcome.stdout.starts_with("error[encrypted-key]: "), "{outcome}");
    }
}
