#!/bin/sh
# Renews what ends within 30 days, and restarts Milvus if it has not been restarted since. Says nothing
# if there was nothing to do. If anything fails, the exit status is not 0, and the next run tries again.
#
# MILVUS_CERTS_DIR is the certificate directory, MILVUS_COMPOSE the folder of docker-compose.yaml.
set -eu
certs=${MILVUS_CERTS_DIR:-/etc/milvus/certs}
compose=${MILVUS_COMPOSE:-/opt/milvus}

# The exit status comes first: a run that failed must not be taken for one that changed nothing.
report=$(milvus-certs renew -d "$certs" --if-due 30d --json) || exit
case $report in
*'"changed": true'*) echo "Renewed in $certs; restarting Milvus if it serves what was renewed." ;;
esac

# `changed` is true in one run only, and a crash or a failed restart would lose it. So what Milvus was
# last restarted with is written down, after the restart, and that is what decides.
cat "$certs/server.pem" "$certs/ca.pem" >"$certs/restarted-with.new"
if cmp -s "$certs/restarted-with.new" "$certs/restarted-with.pem"; then
    exit 0
fi

# This is for what `milvus-certs config compose` wrote. After `config standalone` the second line is
# (cd "$compose" && bash standalone_embed.sh restart); anything else needs other commands here.
milvus-certs config refresh --out "$compose" >/dev/null
(cd "$compose" && docker compose restart standalone)

mv "$certs/restarted-with.new" "$certs/restarted-with.pem"
