#!/bin/sh
# Lists the collections of a Milvus that serves TLS, over REST.
#
# Fits Milvus 2.3 and later, and every curl of the last ten years.
# The REST port is proxy.http.port in milvus.yaml. With TLS it cannot be the gRPC port.
# Run: sh curl.sh, in the folder that the paths below start from.

#% if user
if [ -z "${MILVUS_PASSWORD-}" ]; then
    printf 'Password: ' >&2
    trap 'stty echo </dev/tty' EXIT INT TERM
    stty -echo </dev/tty
    IFS= read -r MILVUS_PASSWORD </dev/tty
    stty echo </dev/tty
    echo >&2
fi

# For curl's standard input: what stands in a command line can be read by all.
authorization() {
    printf 'Authorization: Bearer %s:%s\n' {{ user }} "$MILVUS_PASSWORD"
}

#% endif
request() {
    #% if user
    authorization | curl --header @- --silent --show-error --fail \
    #% else
    curl --silent --show-error --fail \
    #% endif
        --cacert {{ ca_pem }} \
        #% if mutual
        --cert {{ client_pem_for_curl }} \
        --key {{ client_key }} \
        #% endif
        #% if not server_name_is_host
        --connect-to {{ rest_connect_to }} \
        #% endif
        "$@"
}

request --header 'Content-Type: application/json' --data '{}' \
    {{ rest_named_url }}/v2/vectordb/collections/list && exit
status=$?
# 22: TLS worked, and the server does not answer this. Milvus 2.3 has another path; a wrong password fails there too.
[ $status -eq 22 ] || exit $status
request {{ rest_named_url }}/v1/vector/collections
