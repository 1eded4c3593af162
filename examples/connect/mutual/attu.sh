#!/bin/sh
# Starts Attu, the web interface for Milvus, for a Milvus that serves TLS.
#
# Fits Attu 2.3.6 to 2.6. The image should be that of your Milvus: v2.5 for 2.5, v2.4 for 2.4.
# (Attu 3 has other names for these settings: MILVUS_ADDRESS and MILVUS_TLS_...)
# Run:  sh attu.sh, in the folder that the paths below start from.
# Then: open http://localhost:3000 and press "Connect". Attu itself does not serve TLS.
#
# With "--network host" localhost means this computer, and not the container. That needs Linux.
# With Docker Desktop write "--publish 3000:3000" instead, and host.docker.internal in place of
# localhost in MILVUS_URL.

# docker reads --mount as a line of CSV: quotes protect what is special there.
mount_of() {
    printf 'type=bind,readonly,target=%s,"source=%s"' "$2" "$(realpath -- "$1" | sed 's/"/""/g')"
}

docker run --rm --network host \
    --mount "$(mount_of certs/ca.pem /certs/ca.pem)" \
    --env ROOT_CERT_PATH=/certs/ca.pem \
    --mount "$(mount_of certs/client.pem /certs/client.pem)" \
    --env CERT_CHAIN_PATH=/certs/client.pem \
    --mount "$(mount_of certs/client.key /certs/client.key)" \
    --env PRIVATE_KEY_PATH=/certs/client.key \
    --env SERVER_NAME=localhost \
    --env MILVUS_URL=localhost:19530 \
    zilliz/attu:v2.6
