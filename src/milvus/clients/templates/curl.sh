#!/bin/sh
# Lists the collections of a Milvus that serves TLS, over REST.
#
# Fits Milvus 2.4 and later, and curl 7.76 and later.
# Milvus 2.3 has another address for it: leave out the lines --header and --data, and write
# /v1/vector/collections instead of /v2/vectordb/collections/list.
# The REST port is proxy.http.port in milvus.yaml. With TLS it cannot be the gRPC port.
# Run: sh curl.sh, in the folder that the paths below start from.

curl --silent --show-error --fail-with-body \
    --cacert {{ ca_pem }} \
    #% if mutual
    --cert {{ client_pem }} \
    --key {{ client_key }} \
    #% endif
    --header 'Content-Type: application/json' \
    --data '{}' \
    #% if server_name_is_host
    {{ rest_url }}/v2/vectordb/collections/list
    #% else
    --connect-to {{ rest_connect_to }} \
    {{ rest_named_url }}/v2/vectordb/collections/list
    #% endif
