#!/bin/sh
# Lists the collections of a Milvus that serves TLS, over REST.
#
# Fits Milvus 2.3 and later, and every curl of the last ten years.
# The REST port is proxy.http.port in milvus.yaml. With TLS it cannot be the gRPC port.
# Run: sh curl.sh, in the folder that the paths below start from.

request() {
    curl --silent --show-error --fail \
        --cacert certs/ca.pem \
        --cert certs/client.pem \
        --key certs/client.key \
        "$@"
}

request --header 'Content-Type: application/json' --data '{}' \
    https://localhost:8080/v2/vectordb/collections/list && exit
status=$?
# 22: TLS worked, and the server does not answer this. Milvus 2.3 has another path; a wrong password fails there too.
[ $status -eq 22 ] || exit $status
request https://localhost:8080/v1/vector/collections
