#!/bin/sh
# Starts Attu 3, the web interface for Milvus, for a Milvus that serves TLS.
#
# Fits Attu 3.0 (read in the documentation of 3.0.0-beta.5, not run), which is for Milvus 2.5 and
# later. Attu 2 has other names for these settings: milvus-certs connect attu
# Run:  sh attu-3.sh, in the folder that the paths below start from.
# Then: open http://localhost:3000. Attu itself does not serve TLS.
#
# With "--network host" localhost means this computer, and not the container. That needs Linux.
# With Docker Desktop write "--publish 3000:3000" instead, and host.docker.internal in place of
# localhost in MILVUS_ADDRESS.
#% if mutual
#
# Attu 3 runs as user 1000, who has to be allowed to read the client's key. Where `id -u` says another
# number, and the key is yours, add: --user "$(id -u)" --env ATTU_DB_PATH=/tmp/attu.db
#% endif
#
# Attu takes these settings only into a database that is new, as it is here. With a volume for /data
# it keeps those of the first start: change them in the web interface.

# docker reads --mount as a line of CSV: quotes protect what is special there.
mount_of() {
    printf 'type=bind,readonly,target=%s,"source=%s"' "$2" "$(realpath -- "$1" | sed 's/"/""/g')"
}

docker run --rm --network host \
    --mount "$(mount_of {{ ca_pem }} /etc/attu/certs/ca.pem)" \
    --env MILVUS_TLS_ROOT_CERT_PATH=/etc/attu/certs/ca.pem \
    #% if mutual
    --mount "$(mount_of {{ client_pem }} /etc/attu/certs/client.pem)" \
    --env MILVUS_TLS_CERT_CHAIN_PATH=/etc/attu/certs/client.pem \
    --mount "$(mount_of {{ client_key }} /etc/attu/certs/client.key)" \
    --env MILVUS_TLS_PRIVATE_KEY_PATH=/etc/attu/certs/client.key \
    #% endif
    --env MILVUS_TLS_SERVER_NAME={{ server_name }} \
    --env MILVUS_SSL=true \
    --env MILVUS_ADDRESS={{ address }} \
    zilliz/attu:v3.0.0-beta.5
