#!/bin/sh
# For programs that take no more of Milvus than an address, and perhaps a token: environment variables by which they trust
# ca.pem. Give them the address https://localhost:19530.
#
# Fits Milvus in tlsMode 1: no variable makes a program show a certificate of its own, as tlsMode 2 asks for.
# Run, in the shell that starts the program: . ./env.sh

# pymilvus, and all that is built on gRPC's C core. It takes the place of the roots that are built into gRPC; the system's
# are not read. Node takes it too.
export GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=/opt/milvus/certs/ca.pem
# Node, beside the roots that are built in.
export NODE_EXTRA_CA_CERTS=/opt/milvus/certs/ca.pem

# These take the place of the system's roots, for all that the program asks over HTTPS. If it asks others than Milvus, give
# it both: cat /etc/ssl/certs/ca-certificates.crt /opt/milvus/certs/ca.pem >both.pem
#
# Go, Milvus' Rust SDK, Python's httpx, OpenSSL:
#export SSL_CERT_FILE=/opt/milvus/certs/ca.pem
# Python's requests:
#export REQUESTS_CA_BUNDLE=/opt/milvus/certs/ca.pem
# curl:
#export CURL_CA_BUNDLE=/opt/milvus/certs/ca.pem
# Java, which reads a trust store:
#keytool -importcert -noprompt -alias milvus -file /opt/milvus/certs/ca.pem \
#    -keystore milvus.p12 -storetype PKCS12 -storepass changeit
#export JAVA_TOOL_OPTIONS="-Djavax.net.ssl.trustStore=$PWD/milvus.p12 -Djavax.net.ssl.trustStorePassword=changeit"
