#!/bin/sh
# Lists the collections of a Milvus that serves TLS, with milvus_cli.
#
# Fits milvus_cli 1.2 (read and run in 1.2.1). It has one-way TLS alone, and no option for the
# server's name: it asks for the host in the address.
# Install: pip install milvus-cli
# Run:     sh milvus-cli.sh, in the folder that the paths below start from.
# To go on, start milvus_cli there and type the line that begins with "connect". For a user add
# -t NAME:PASSWORD to it; milvus_cli writes that into ~/.milvus_cli_connections.json.

# After -cert stands ca.pem, whatever the option is called: server.pem changes with every renewal.
milvus_cli <<'END'
connect -uri {{ uri }} -tls 1 -cert {{ ca_pem }}
list collections
END
