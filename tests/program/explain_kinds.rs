//! What is easily taken for something else: words within other words, connections of Milvus itself, the side that
//! has to change, stacks of many languages, files, and the shapes that a text has when people have copied it.

use crate::common::folder::Folder;
use crate::explain::{assert_each_means, assert_means_nothing, findings, meaning};

/// What the first fix of a text begins with, or has.
fn assert_fix_has(text: &str, words: &[&str]) {
    let findings = findings(text);
    let fix = findings[0]["fix"].as_str().unwrap();
    for words in words {
        assert!(fix.contains(words), "{text}: {fix}");
    }
}

// ---- Words within other words ----

#[test]
fn words_within_other_words_mean_nothing() {
    assert_means_nothing(&[
        "java.io.FileNotFoundException: /data/insert_log/447/1.parquet",
        "ImportError: cannot import name 'ConnectionRefusedByPeer' from 'app.errors'",
        "ERROR 1045 (28000): Access denied for user 'root'@'localhost'",
        "error 206: the file name is too long",
        "job failed with error 181818",
        "received alert number 4800 from the pager",
        "level=INFO msg=\"the certexpiredexporter has started\"",
        "parse \"milvus:19530\": unsupported protocol scheme \"milvus\"",
        "MissingSchema: Invalid URL 'localhost:19530': No scheme supplied",
        "SyntaxError: unterminated string literal (detected at line 3)",
    ]);
}

#[test]
fn dates_of_a_healthy_certificate_mean_nothing() {
    assert_means_nothing(&[
        "notBefore=Nov 25 04:34:08 2026 GMT\nnotAfter=Nov 22 04:34:08 2036 GMT",
        "   v:NotBefore: Nov 25 04:34:08 2026 GMT; NotAfter: Nov 22 04:34:08 2036 GMT\n   Verify return code: 0 (ok)",
        "*  start date: Nov 25 04:34:08 2026 GMT\n*  expire date: Nov 22 04:34:08 2036 GMT\n*  SSL certificate verify ok.",
        "Not Before: 2026-11-25T04:34:08Z\nNot After:  2036-11-22T04:34:08Z\nMessage: Certificate is up to date and has not expired",
    ]);
}

// ---- Whose connection it is ----

#[test]
fn a_service_of_milvus_that_has_not_started_yet_means_nothing() {
    assert_means_nothing(&[
        r#"{"level":"warn","logger":"etcd-client","caller":"v3@v3.5.5/retry_interceptor.go:62","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0xc000/etcd:2379","error":"rpc error: code = Unavailable desc = connection error: dial tcp 172.18.0.2:2379: connect: connection refused"}"#,
        r#"[WARN] [storage/minio_object_storage.go:85] ["failed to check blob bucket exist"] [error="Get \"http://minio:9000/a-bucket/\": dial tcp: lookup minio: no such host"]"#,
        "%3|1700000000.1|FAIL|rdkafka#producer-1| [thrd:kafka:9092/bootstrap]: kafka:9092/bootstrap: Connect to ipv4#10.0.0.3:9092 failed: Connection refused",
        r#"level=error msg="Failed to connect to broker." error="dial tcp 10.0.0.4:6650: connect: connection refused" remote_addr="pulsar://pulsar:6650""#,
        r#"[WARN] [querynode/client.go:110] ["RPC failed"] [error="dial tcp 172.18.0.6:21123: connect: connection refused"]"#,
        "Readiness probe failed: Get \"http://10.0.0.7:9091/healthz\": dial tcp 10.0.0.7:9091: connect: connection refused",
        "panic: failed to create etcd client: context deadline exceeded",
    ]);
}

#[test]
fn tls_between_milvus_and_its_services_is_theirs() {
    for (text, setting) in [
        (
            r#"[WARN] [storage/minio_object_storage.go:85] [error="Get \"https://minio:9000/milvus/?location=\": tls: failed to verify certificate: x509: certificate signed by unknown authority"]"#,
            "minio.ssl.tlsCACert",
        ),
        (
            r#"["failed to check blob bucket exist"] [error="Get \"https://s3.eu-west-1.amazonaws.com/b/\": x509: certificate has expired or is not yet valid"]"#,
            "minio.useSSL",
        ),
        (
            r#"{"level":"warn","logger":"etcd-client","error":"connection error: desc = \"transport: authentication handshake failed: x509: certificate is valid for etcd-0, not etcd\""}"#,
            "etcd.ssl",
        ),
        (
            "%3|1700000000.1|FAIL|rdkafka#consumer-2| [thrd:ssl://kafka:9093/bootstrap]: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified",
            "kafka.ssl",
        ),
        (
            r#"level=error error="x509: certificate signed by unknown authority" remote_addr="pulsar+ssl://pulsar:6651""#,
            "pulsar.address",
        ),
        (
            r#"Internal error occurred: failed calling webhook "mmilvus.kb.io": x509: certificate signed by unknown authority"#,
            "caBundle",
        ),
    ] {
        assert_each_means("other-service", &[text]);
        assert_fix_has(text, &[setting]);
    }
}

#[test]
fn tls_of_something_else_means_nothing() {
    assert_means_nothing(&[
        "Error response from daemon: Get \"https://registry-1.docker.io/v2/\": x509: certificate signed by unknown authority; docker.io",
        "fatal: unable to access 'https://git.example.com/a.git/': SSL certificate problem: self-signed certificate",
        "psycopg2.OperationalError: connection to server at \"db\", port 5432 failed: SSL error: certificate verify failed",
        "Unable to connect to the server: x509: certificate signed by unknown authority",
        "requests.exceptions.SSLError: HTTPSConnectionPool(host='huggingface.co', port=443): certificate verify failed: unable to get local issuer certificate",
        "requests.exceptions.SSLError: HTTPSConnectionPool(host='api.example.com', port=443): certificate verify failed: Basic Constraints of CA cert not marked critical (_ssl.c:1028)",
        "Get \"https://192.0.2.20:5000/v2/\": http: server gave HTTP response to HTTPS client",
        "Head \"https://harbor.example.com/v2/library/a/manifests/1\": x509: certificate signed by unknown authority",
        "Internal error occurred: failed calling webhook \"webhook.cert-manager.io\": x509: certificate signed by unknown authority",
        "[error] 7#7: *1 SSL_do_handshake() failed (SSL: error:0A000412:SSL routines::sslv3 alert bad certificate:SSL alert number 42) while SSL handshaking, client: 10.0.0.9, server: 0.0.0.0:443",
        "[INFO] webhook: using self-signed certificate generated at startup",
        "13 INTERNAL: Received RST_STREAM with code 2 (Internal server error)",
        "redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.",
        // What is dialled counts, not what is named on the way
        "failed to pull and unpack image \"hub.example.com/milvusdb/milvus:v2.6.0\": failed to do request: Head \"https://hub.example.com/v2/milvusdb/milvus/manifests/v2.6.0\": x509: certificate signed by unknown authority",
        "Error: looks like \"https://zilliztech.github.io/milvus-helm/\" is not a valid chart repository or cannot be reached: Get \"https://zilliztech.github.io/milvus-helm/index.yaml\": net/http: TLS handshake timeout",
        "MilvusException: (code=65535, message=embedding failed: Post \"https://models.example.com/v1/embed\": x509: certificate signed by unknown authority)",
        "ssh: connect to host 10.0.0.1 port 22: Connection refused",
        "ipv4:127.0.0.1:6334: Failed to connect to remote host: connect: Connection refused (111)",
        "desc = \"transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused\"",
        "curl: (7) Failed to connect to raw.githubusercontent.com port 443 after 21 ms: Connection refused",
        "aiohttp.client_exceptions.ClientConnectorCertificateError: Cannot connect to host api.example.com:443 ssl:True [SSLCertVerificationError: (1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)')]",
        // Causes belong to what they are causes of
        "org.springframework.mail.MailSendException: Mail server connection failed\nCaused by: javax.net.ssl.SSLHandshakeException: PKIX path building failed\n\tat sun.security.ssl.Alert.createSSLException(Alert.java:131)\n",
        "ldap_start_tls: Connect error (-11)\n\tadditional info: error:0A000086:SSL routines::certificate verify failed (self-signed certificate in certificate chain)\n",
        "Could not GET 'https://plugins.gradle.org/m2/a.pom'.\n   > PKIX path building failed: unable to find valid certification path to requested target\n",
        "  × Failed to fetch: `https://pypi.org/simple/pymilvus/`\n  ├─▶ Request failed after 3 retries\n  ╰─▶ invalid peer certificate: UnknownIssuer\n",
        // Keys of others
        "java.security.spec.InvalidKeySpecException: java.security.InvalidKeyException: algid parse error, not a sequence\n\tat com.example.jwt.Tokens.load(Tokens.java:44)\n",
        "FileNotFoundError: [Errno 2] No such file or directory: '/app/secrets/jwt_private.pem'",
        "open /home/me/.ssh/ec2.pem: permission denied",
        // A proxy, of the clients that dial it
        "[C12] remote address:10.0.0.9:50444,TLS_error:|268436502:SSL routines:OPENSSL_internal:SSLV3_ALERT_CERTIFICATE_UNKNOWN:TLS_error_end",
        "fe_milvus/1: SSL handshake failure (error:0A000418:SSL routines::tlsv1 alert unknown ca)",
        "outbound|8443||orders.shop.svc.cluster.local TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end",
        // Quoted, and not said
        "SELECT host FROM logs WHERE message LIKE '%certificate has expired%'",
        "if (e.getMessage().contains(\"PKIX path building failed\")) {",
        // Databases and others, of their clients
        "LOG:  could not accept SSL connection: tlsv1 alert unknown ca",
        "VERIFY ERROR: depth=0, error=certificate has expired: CN=server",
        // An exception is the cause of another
        "Traceback (most recent call last):\n  File \"/lib/httpcore/a.py\", line 3, in f\n    g()\nhttpcore.ConnectError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"/lib/site-packages/openai/b.py\", line 3, in f\n    h()\nopenai.APIConnectionError: Connection error.\n",
        // Its certificates are of a public CA
        "ipv4:192.0.2.1:443: Ssl handshake failed: OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate uri=https://in03-a.cloud.zilliz.com",
    ]);
}

#[test]
fn what_is_dialled_says_whose_connection_it_is() {
    let log = r#"{"milvus":"milvus:19530","error":"Get \"https://minio:9000/a-bucket/\": x509: certificate signed by unknown authority"}"#;
    assert_each_means("other-service", &[log]);
    let rest = |host: &str| {
        format!(
            "requests.exceptions.SSLError: HTTPSConnectionPool(host='{host}', port=8080): certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)"
        )
    };
    assert_each_means("not-issued-by-ca", &[&rest("milvus.minio.svc"), &rest("milvus-pulsar-test.example")]);
    assert_each_means(
        "not-issued-by-ca",
        &[
            "Get \"https://vectors.example.com/v2/vectordb/collections/list\": x509: certificate signed by unknown authority",
        ],
    );
}

#[test]
fn times_and_numbers_of_lines_are_no_ports() {
    assert_each_means(
        "plaintext",
        &[
            "E0529 13:46:22 ssl_transport_security.cc:1433] Handshake failed: error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER.",
            "ssl.SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:3306)",
        ],
    );
}

#[test]
fn an_app_that_asks_a_service_is_not_milvus() {
    assert_means_nothing(&[
        "botocore.exceptions.SSLError: SSL validation failed for https://minio:9000/ [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate",
        "org.apache.kafka.common.errors.SslAuthenticationException: SSL handshake failed\nCaused by: javax.net.ssl.SSLHandshakeException: PKIX path building failed\n",
        "requests.exceptions.SSLError: HTTPSConnectionPool(host='minio', port=9000): certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)",
    ]);
}

#[test]
fn an_app_that_uses_others_too_fails_at_milvus() {
    let text = "Traceback (most recent call last):\n  File \"/app/redis/queue.py\", line 3, in <module>\n    c = MilvusClient(uri)\npymilvus.exceptions.MilvusException: <MilvusException: (code=2, message=Fail connecting to server on milvus:19530, illegal connection params or server unavailable)>\n";
    assert_each_means("server-unavailable", &[text]);
    let text = "ERROR [task-0] DescribeCollectionRequest RPC failed! (io.milvus.client.AbstractMilvusGrpcClient:3159)\nio.grpc.StatusRuntimeException: UNAVAILABLE: io exception\n\tat io.milvus.client.MilvusServiceClient.describeCollection(MilvusServiceClient.java:343)\n\tat org.apache.kafka.connect.runtime.WorkerSinkTask.start(WorkerSinkTask.java:329)\nCaused by: io.netty.handler.ssl.NotSslRecordException: not an SSL/TLS record: 00001204000000\n\t... 27 more\n";
    assert_each_means("plaintext", &[text]);
    let text = "Traceback (most recent call last):\n  File \"/home/me/ollama-rag/app.py\", line 3, in <module>\n    requests.post(url)\nssl.SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)\n";
    assert_each_means("plaintext", &[text]);
    let text = "ollama-rag-app-1  | ssl_transport_security.cc:1654] Handshake failed: OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: self signed certificate in certificate chain";
    assert_each_means("not-issued-by-ca", &[text]);
}

#[test]
fn what_a_server_says_of_its_client_is_known_however_it_begins() {
    for (code, words, way) in [
        (
            "not-issued-by-ca",
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "tls.caPemPath",
        ),
        (
            "not-issued-by-ca",
            "x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" while trying to verify candidate authority certificate \"Milvus CA\")",
            "tls.caPemPath",
        ),
        (
            "expired",
            "x509: certificate has expired or is not yet valid: current time 2026-11-25T04:34:08Z is after 2026-11-24T04:34:08Z",
            "renew client",
        ),
        (
            "not-yet-valid",
            "x509: certificate has expired or is not yet valid: current time 2026-11-25T04:34:08Z is before 2026-11-26T04:34:08Z",
            "renew client",
        ),
        ("expired", "remote error: tls: expired certificate", "renew server"),
        ("not-issued-by-ca", "remote error: tls: unknown certificate authority", "give this client ca.pem"),
        ("server-refused", "remote error: tls: bad certificate", "probe"),
        (
            "client-without-tls",
            "tls: first record does not look like a TLS handshake",
            "let the client speak TLS",
        ),
        ("connection-closed", "EOF", "probe"),
    ] {
        for text in [
            format!("http: TLS handshake error from 10.0.0.9:40112: {words}"),
            format!(
                "grpc: Server.Serve failed to complete security handshake from \"10.0.0.9:40112\": {words}"
            ),
            format!("desc = \"ServerHandshake(\\\"10.0.0.9:40112\\\") failed: {words}\""),
        ] {
            assert_each_means(code, &[&text]);
            assert_fix_has(&text, &[way]);
        }
    }
}

#[test]
fn components_of_milvus_talk_of_internal_tls() {
    assert_each_means(
        "sni-not-covered",
        &[
            r#"[WARN] [grpcclient/client.go:410] [error="transport: authentication handshake failed: x509: certificate is valid for localhost, not milvus-proxy"]"#,
        ],
    );
    assert_each_means(
        "internal-tls-off",
        &[
            r#"[WARN] [grpcclient/client.go:410] [error="transport: authentication handshake failed: tls: first record does not look like a TLS handshake"]"#,
        ],
    );
    let trust = r#"[WARN] [grpcclient/client.go:410] [error="transport: authentication handshake failed: x509: certificate signed by unknown authority"]"#;
    assert_each_means("not-issued-by-ca", &[trust]);
    assert_fix_has(trust, &["internaltls.caPemPath"]);
}

// ---- Which side has to change ----

#[test]
fn a_client_that_does_not_trust_is_given_ca_pem_first() {
    for (text, way) in [
        (
            "transport: authentication handshake failed: x509: certificate signed by unknown authority",
            "RootCAs",
        ),
        (
            "SSL_ERROR_SSL: error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate",
            "server_pem_path",
        ),
        (
            "requests.exceptions.SSLError: HTTPSConnectionPool(host='localhost', port=8080): [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)",
            "REQUESTS_CA_BUNDLE=ca.pem",
        ),
        (
            "curl: (60) SSL certificate problem: unable to get local issuer certificate\nMore details here: https://curl.se/docs/sslcerts.html\n",
            "--cacert ca.pem",
        ),
        ("Error: self-signed certificate in certificate chain SELF_SIGNED_CERT_IN_CHAIN", "ca.pem"),
        (
            "PKIX path building failed: unable to find valid certification path to requested target",
            "serverPemPath",
        ),
        ("invalid peer certificate: UnknownIssuer", "ClientTlsConfig::ca_certificate"),
        (
            "The remote certificate is invalid because of errors in the certificate chain: PartialChain",
            "CustomRootTrust",
        ),
        (
            "http: TLS handshake error from 10.0.0.9:40112: remote error: tls: unknown certificate authority",
            "give this client ca.pem",
        ),
    ] {
        assert_each_means("not-issued-by-ca", &[text]);
        assert_fix_has(text, &[way]);
        let fix = findings(text)[0]["fix"].as_str().unwrap().to_owned();
        assert!(!fix.contains("renew") && !fix.contains("gen"), "{text}: {fix}");
    }
}

#[test]
fn a_root_that_is_missing_is_appended() {
    let text = "Error: unable to get issuer certificate UNABLE_TO_GET_ISSUER_CERT";
    assert_each_means("root-missing", &[text, "error 2 at 1 depth lookup: unable to get issuer certificate"]);
    assert_fix_has(text, &["append the root"]);
}

#[test]
fn a_client_that_knows_another_ca_of_the_same_name_is_given_ca_pem_first() {
    let text = "transport: authentication handshake failed: x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" while trying to verify candidate authority certificate \"Milvus CA\")";
    assert_each_means("other-ca-same-name", &[text]);
    assert_fix_has(text, &["connect go", "RootCAs"]);
}

#[test]
fn an_address_that_a_client_dials_is_added_or_named() {
    let text = "transport: authentication handshake failed: x509: cannot validate certificate for 192.0.2.7 because it doesn't contain any IP SANs";
    assert_each_means("name-not-covered", &[text]);
    assert_fix_has(text, &["renew server --san 192.0.2.7", "server_name"]);
}

#[test]
fn plaintext_has_two_ways_out() {
    for text in [
        "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)",
        "Error: write EPROTO: packet length too long",
        "io.netty.handler.ssl.NotSslRecordException: not an SSL/TLS record",
    ] {
        assert_each_means("plaintext", &[text]);
        assert_fix_has(text, &["tlsMode", "secure=True"]);
    }
}

#[test]
fn a_proxy_in_between_is_the_client() {
    for (code, text, way) in [
        (
            "proxy-to-plaintext",
            "[error] 7#7: *1 SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream, upstream: \"grpcs://10.0.0.3:19530\"",
            "grpc://",
        ),
        (
            "proxy-in-plaintext",
            "[error] 7#7: *1 upstream prematurely closed connection while reading response header from upstream, upstream: \"grpc://10.0.0.3:19530\"",
            "grpcs://",
        ),
        (
            "not-issued-by-ca",
            "[error] 7#7: *1 upstream SSL certificate verify error: (20:unable to get local issuer certificate) while SSL handshaking to upstream",
            "grpc_ssl_trusted_certificate ca.pem",
        ),
        (
            "name-not-covered",
            "upstream connect error, transport failure reason: TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify cert failed: SAN matcher",
            "match_typed_subject_alt_names",
        ),
        (
            "tls-version",
            "*1 SSL_do_handshake() failed (SSL: error:0A00042E:SSL routines::tlsv1 alert protocol version:SSL alert number 70) while SSL handshaking to upstream",
            "grpc_ssl_protocols TLSv1.3",
        ),
        (
            "client-certificate-missing",
            "*1 SSL_read() failed (SSL: error:0A00045C:SSL routines::tlsv13 alert certificate required:SSL alert number 116) while reading response header from upstream, upstream: \"grpcs://10.0.0.7:19530\"",
            "grpc_ssl_certificate client.pem",
        ),
        (
            "proxy-to-plaintext",
            "reset reason: connection failure, transport failure reason: TLS error: 268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER",
            "transport_socket",
        ),
        (
            "name-not-covered",
            "level=debug msg=\"'500 Internal Server Error' caused by: tls: failed to verify certificate: x509: cannot validate certificate for 10.42.0.5 because it doesn't contain any IP SANs\"",
            "serverName",
        ),
        (
            "name-not-covered",
            "[2026-11-29T15:57:09.054Z] UF [::1]:19530 TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_SAN_matcher,_certificate_SANs_are_[localhost,_127.0.0.1,_::1]:TLS_error_end /milvus.proto.milvus.MilvusService/Connect",
            "match_typed_subject_alt_names",
        ),
        (
            "not-issued-by-ca",
            "[2026-11-29T15:57:07.875Z] UF [::1]:19530 TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_X509_verify_cert:_certificate_verification_error_at_depth_0:_unable_to_get_local_issuer_certificate:TLS_error_end /milvus.proto.milvus.MilvusService/Connect",
            "trusted_ca",
        ),
        (
            "name-not-covered",
            "haproxy 127.0.0.1:44392 [29/Nov/2026:15:57:05.317] milvus 503 SC-- 0 3 Server presented an SSL certificate different from the expected one error:0A000086:SSL routines::certificate verify failed \"POST http://127.0.0.1:19532/milvus.proto.milvus.MilvusService/Connect HTTP/2.0\"",
            "sni str(NAME)",
        ),
        (
            "server-refused",
            "haproxy 127.0.0.1:44380 [29/Nov/2026:15:57:01.249] milvus 503 SC-- 0 3 SSL handshake failure error:0A000086:SSL routines::certificate verify failed \"POST http://127.0.0.1:19532/milvus.proto.milvus.MilvusService/Connect HTTP/2.0\"",
            "ca-file ca.pem",
        ),
        (
            "proxy-failed",
            "2026/11/29 16:21:04 [error] 308#308: *1 SSL_write() failed (32: Broken pipe) while sending request to upstream, client: 127.0.0.1, server: , request: \"POST /milvus.proto.milvus.MilvusService/Connect HTTP/2.0\", upstream: \"grpcs://127.0.0.1:19530\", host: \"127.0.0.1:19532\"",
            "grpc_ssl_certificate client.pem",
        ),
        // Said of a client certificate that tlsMode 2 refuses, and of plaintext.
        (
            "proxy-in-plaintext",
            "details = \"upstream connect error or disconnect/reset before headers. reset reason: connection termination\"",
            "tls_certificates",
        ),
    ] {
        assert_each_means(code, &[text]);
        assert_fix_has(text, &[way]);
    }
    assert_each_means(
        "proxy-failed",
        &[
            "details = \"Received http2 header with status: 503\"",
            "rpc error: code = Unavailable desc = unexpected HTTP status code received from server: 502 (Bad Gateway)",
            "Error: 14 UNAVAILABLE: Received HTTP status code 504",
        ],
    );
}

#[test]
fn what_does_not_speak_grpc_is_not_milvus_port() {
    assert_each_means(
        "not-grpc",
        &[
            "<MilvusException: (code=2, message=Incorrect port or sdk is incompatible with server)>",
            // pymilvus 2.3.7, of a proxy's 502
            "E1129 15:52:23.685837054     492 hpack_parser.cc:999]                  Error parsing 'content-type' metadata: invalid value",
            "rpc error: code = Unknown desc = unexpected HTTP status code received from server: 404 (Not Found)",
            "io.grpc.StatusRuntimeException: UNIMPLEMENTED: HTTP status code 404 invalid content-type: text/html",
        ],
    );
    assert_each_means(
        "rest-at-grpc-port",
        &[
            "curl: (1) Received HTTP/0.9 when not allowed",
            "http.client.BadStatusLine: \\x00\\x00\\x18\\x04",
            "Parse Error: Expected HTTP/",
            "415 Unsupported Media Type: application/grpc expected",
        ],
    );
    assert_each_means(
        "no-alpn",
        &[
            "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: tlsv1 alert no application protocol:SSL alert number 120",
        ],
    );
}

// ---- Stacks of many languages ----

#[test]
fn other_stacks_say_the_same_in_their_words() {
    for (code, texts) in [
        (
            "name-not-covered",
            &[
                "AuthenticationException: The remote certificate is invalid according to the validation procedure: RemoteCertificateNameMismatch",
                "curl: (60) schannel: SNI or certificate check failed: SEC_E_WRONG_PRINCIPAL (0x80090322)",
                "SSL_ERROR_BAD_CERT_DOMAIN",
                "Error { kind: InvalidCertificate(NotValidForName) }",
                "javax.net.ssl.SSLPeerUnverifiedException: Hostname milvus.example not verified:\n    certificate: sha256/a=\n",
                "ERROR: no certificate subject alternative name matches\n\trequested host name \u{2018}milvus.example\u{2019}.\n",
                "net::ERR_CERT_COMMON_NAME_INVALID",
                "upstream SSL certificate does not match \"milvus\" while SSL handshaking to upstream",
            ][..],
        ),
        (
            "not-issued-by-ca",
            &[
                "schannel: CertGetCertificateChain trust error CERT_TRUST_IS_UNTRUSTED_ROOT",
                "Peer's Certificate issuer is not recognized. SEC_ERROR_UNKNOWN_ISSUER",
                "- Status: The certificate is NOT trusted. The certificate issuer is unknown.",
                "java.security.cert.CertPathValidatorException: Trust anchor for certification path not found.",
                "the trustAnchors parameter must be non-empty",
                "curl: (60) SSL certificate problem: self-signed certificate in certificate chain\nMore details here: https://curl.se/docs/sslcerts.html\n",
                "curl: (60) SSL_connect failed with error -188: ASN no signer error to confirm failure",
                "ERROR: cannot verify milvus.example's certificate, issued by 'CN=a CA':\n  Unable to locally verify the issuer's authority.\n",
                "net::ERR_CERT_AUTHORITY_INVALID",
                "ConnectError(Custom { kind: InvalidData, error: InvalidCertificate(UnknownIssuer) })",
            ],
        ),
        (
            "expired",
            &[
                "InvalidCertificate(Expired)",
                "schannel: next InitializeSecurityContext failed: SEC_E_CERT_EXPIRED (0x80090328)",
                "- Status: The certificate is NOT trusted. The certificate chain uses expired certificate.",
            ],
        ),
        (
            "plaintext",
            &[
                "InvalidMessage(InvalidContentType)",
                "Cannot determine the frame size or a corrupted frame was received.",
                "SSL_ERROR_RX_RECORD_TOO_LONG",
                "javax.net.ssl.SSLException: Unrecognized SSL message, plaintext connection?",
            ],
        ),
        (
            "client-certificate-missing",
            &[
                "error:1000045c:SSL routines:OPENSSL_internal:TLSV1_ALERT_CERTIFICATE_REQUIRED",
                "AlertReceived(CertificateRequired)",
            ],
        ),
        (
            "ca-constraints-not-critical",
            &["certificate verify failed: Basic Constraints of CA cert not marked critical (_ssl.c:1032)"],
        ),
        (
            "no-authority-key-id",
            &["certificate verify failed: Missing Authority Key Identifier (_ssl.c:1032)"],
        ),
        ("ca-without-key-id", &["certificate verify failed: Missing Subject Key Identifier (_ssl.c:1032)"]),
        ("ca-not-authority", &["sun.security.validator.ValidatorException: End user tried to act as a CA"]),
        ("weak-signature", &["Algorithm constraints check failed on signature algorithm: SHA1withRSA"]),
        ("revocation-not-checked", &["curl: (35) schannel: CRYPT_E_NO_REVOCATION_CHECK (0x80092012)"]),
    ] {
        assert_each_means(code, texts);
    }
}

#[test]
fn a_client_that_gives_no_password_has_reached_milvus() {
    let text = "<MilvusException: (code=65535, message=auth check failure, please check api key is correct)>";
    assert_each_means("not-authenticated", &[text, "message=missing authorization in header"]);
    assert_fix_has(text, &["token=", "Authorization: Bearer"]);
}

#[test]
fn a_silent_stack_is_told_how_to_find_the_reason() {
    for text in [
        "Error: 14 UNAVAILABLE: No connection established",
        "transport: authentication handshake failed: EOF",
        "HttpRequestException: The SSL connection could not be established, see inner exception.",
        "curl: (35) schannel: failed to receive handshake, SSL/TLS connection failed",
        "Channel Pipeline: [SslHandler#0, ProtocolNegotiators$ClientTlsHandler#0, DefaultChannelPipeline$TailContext#0]",
    ] {
        assert_fix_has(text, &["milvus-certs probe"]);
    }
}

// ---- Files ----

#[test]
fn files_that_cannot_be_read() {
    assert_each_means(
        "unreadable-file",
        &[
            "panic: open /certs/tls.key: permission denied",
            "PermissionError: [Errno 13] Permission denied: 'certs/client.key'",
            "Error: EACCES: permission denied, open '/certs/client.key'",
        ],
    );
    assert_each_means(
        "directory-instead-of-file",
        &[
            "panic: read /certs/server.pem: is a directory",
            "IsADirectoryError: [Errno 21] Is a directory: 'certs/ca.pem'",
            "Error: EISDIR: illegal operation on a directory, read /certs/ca.pem",
        ],
    );
    assert_each_means(
        "missing-file",
        &[
            "panic: open /certs/tls.crt: no such file or directory",
            "panic: open /etc/tls/ca.crt: no such file or directory",
            "Error: ENOENT: no such file or directory, open 'certs/ca.pem'",
            "java.io.FileNotFoundException: /certs/client.pem (No such file or directory)",
        ],
    );
    assert_each_means(
        "paths-swapped",
        &["tls: found a certificate rather than a key in the PEM for the private key"],
    );
    assert_each_means(
        "directory-instead-of-file",
        &[
            "error mounting \"/root/tls/server.pem\" to rootfs: not a directory: Are you trying to mount a directory onto a file (or vice-versa)?",
        ],
    );
    assert_each_means(
        "folded-pem",
        &["[error=\"fail to append ca to cert\"]", "panic: credentials: failed to append certificates"],
    );
    assert_each_means(
        "path-is-none",
        &[
            "Traceback (most recent call last):\n  File \"a.py\", line 4, in <module>\n    c = MilvusClient(uri, server_pem_path=None)\nTypeError: expected str, bytes or os.PathLike object, not NoneType\n",
        ],
    );
    assert_means_nothing(&[
        "panic: open /var/lib/milvus/data/1/insert_log: permission denied",
        "open /milvus/configs/user.yaml: no such file or directory",
        "read /var/lib/milvus: is a directory",
    ]);
}

#[test]
fn a_pair_that_does_not_belong_together_is_of_who_loads_it() {
    for (text, is_milvus) in [
        ("ssl.SSLError: [X509: KEY_VALUES_MISMATCH] key values mismatch (_ssl.c:4157)", false),
        ("tls: private key does not match public key (mtlsCertPath=/certs/client.pem)", false),
        ("panic: tls: private key does not match public key", true),
    ] {
        assert_each_means("key-mismatch", &[text]);
        let why = findings(text)[0]["why"].as_str().unwrap().to_owned();
        assert_eq!(why.contains("Milvus stops at once"), is_milvus, "{text}: {why}");
    }
}

#[test]
fn a_name_is_read_however_it_is_said() {
    for text in [
        "Hostname/IP does not match certificate's altnames: Host: milvus.example. is not in the cert's altnames: DNS:localhost",
        "curl: (60) SSL: no alternative certificate subject name matches target hostname 'milvus.example'",
        "x509: certificate is not valid for any names, but wanted to match milvus.example",
        "Hostname/IP does not match certificate's altnames: IP: 192.0.2.5 is not in the cert's list: 127.0.0.1 (milvus.example)",
        "\"error\": \"invalid peer certificate: certificate not valid for name \\\"milvus.example\\\"; certificate is only valid for localhost\"",
        "SSLError(CertificateError(\"hostname 'milvus.example' doesn't match either of 'localhost', 'milvus'\"))",
        "x509: certificate is valid for localhost, milvus, not milvus.example\nexit status 1\n",
        "x509: certificate is valid for localhost, milvus, not milvus.openai.example\n",
        "SSLPeerUnverifiedException: Certificate for <milvus.example> doesn't match any of the subject alternative names: [localhost]",
    ] {
        let findings = findings(text);
        let fix = findings[0]["fix"].as_str().unwrap();
        let names = [
            "--san milvus.example",
            "--san milvus.openai.example",
            "--san 192.0.2.5",
            "--common-name milvus.example",
        ];
        assert!(names.iter().any(|name| fix.split(" #").next().unwrap().ends_with(name)), "{text}: {fix}");
    }
}

// ---- Shapes of text ----

#[test]
fn a_text_of_windows_is_read() {
    let said = "curl: (60) SSL certificate problem: certificate has expired \u{1F512}\r\n";
    for (mark, octets) in [
        ([0xFF, 0xFE], u16::to_le_bytes as fn(u16) -> [u8; 2]),
        ([0xFE, 0xFF], u16::to_be_bytes as fn(u16) -> [u8; 2]),
    ] {
        let text: Vec<u8> =
            mark.into_iter().chain(said.repeat(3000).encode_utf16().flat_map(octets)).collect();
        let folder = Folder::new();
        folder.write("err.txt", &text);
        let json = folder.run("explain err.txt --json").json();
        assert_eq!(json["findings"][0]["code"], "expired");
        assert_eq!(
            (&json["findings"][0]["line"], json["findings"].as_array().unwrap().len()),
            (&1.into(), 1)
        );
    }
}

#[test]
fn characters_of_chats_and_terminals_are_plain_ones() {
    assert_each_means(
        "name-not-covered",
        &[
            "x509: cannot validate certificate for 10.0.0.5 because it doesn\u{2019}t contain any IP SANs",
            "Hostname/IP does not match certificate\u{2019}s altnames",
            "x509: certificate\u{A0}is valid for\u{A0}localhost, not\u{A0}milvus",
            "\u{1B}[31mx509: certificate is valid for \u{1B}[1mlocalhost\u{1B}[0m, not milvus",
        ],
    );
}

#[test]
fn lines_that_are_wrapped_are_one() {
    assert_each_means(
        "not-issued-by-ca",
        &[
            "pymilvus.exceptions: connection error: desc = transport: authentication handsh\nake failed: tls: failed to verify certificate: x509: certificate signed by unkn\nown authority\n",
            "connection error: authentication handshake failed: x509: certificate signed\nby unknown authority\n",
            "> connection error: authentication handshake failed: x509: certificate signed\n> by unknown authority\n",
            "app-1  | connection error: authentication handshake failed: x509: certificate sig\nned by unknown authority\n",
        ],
    );
}

#[test]
fn lines_of_several_pods_are_each_their_own() {
    let log = "[pod/proxy-0/proxy] x509: certificate has expired or is not yet valid: current time 2026-11-25T04:34:08Z is after 2021\n\
        [pod/etcd-0/etcd] {\"level\":\"warn\",\"msg\":\"rejected connection\",\"error\":\"tls: first record does not look like a TLS handshake\"}\n";
    assert_eq!(meaning(log), ["expired", "other-service"]);
}

#[test]
fn lines_of_several_containers_are_each_their_own() {
    let log = "etcd-1        | ready to serve client requests, listening for clients on 0.0.0.0:2379 now\n\
        standalone-1  | http: TLS handshake error from 10.0.0.9:401: remote error: tls: bad certificate\n\
        redis-1       | Ready to accept connections tcp, the server is now ready on port 6379 as usual\n\
        app-1         | SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: certificate has expired\n";
    assert_eq!(meaning(log), ["expired"]);
    let first = log.lines().take(2).collect::<Vec<_>>().join("\n");
    assert_eq!(meaning(&first), ["server-refused"]);
}

#[test]
fn a_date_that_is_wrapped_belongs_to_what_it_is_said_of() {
    assert_each_means(
        "not-yet-valid",
        &[
            "x509: certificate has expired or is not yet valid: current time\n2026-11-25T04:34:08Z is before 2026-11-25T05:00:00Z\n",
        ],
    );
}

#[test]
fn a_traceback_within_a_line_of_json_is_read() {
    let line = r#"{"level":"error","exc_info":"Traceback (most recent call last):\n  File \"a.py\", line 3, in <module>\nMilvusException: x509: certificate signed by unknown authority"}"#;
    assert_each_means("not-issued-by-ca", &[line]);
}

#[test]
fn a_file_is_read_by_its_name() {
    let folder = Folder::new();
    folder.write("app.log", b"started\ntls: private key does not match public key\n");
    let outcome = folder.run("explain app.log").ends_with(0);
    assert!(outcome.stdout.starts_with("error[key-mismatch]: app.log:2:6: Go says: "), "{outcome}");
    folder.run("explain other.log").refusal(3).hints("there is no file called other.log");
}
