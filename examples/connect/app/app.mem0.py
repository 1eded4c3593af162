# Gives mem0 a Milvus that serves TLS.
#
# mem0 takes an address and a token, and gives pymilvus no more. So gRPC gets ca.pem by its own variable.
# Fits mem0 2 and Milvus in tlsMode 1: no variable makes mem0 show a certificate of its own.
# Install: pip install mem0ai "pymilvus<2.6"
# Run:     python app.mem0.py, with the settings of your language model and embedder beside "vector_store".

import os

# In the place of the roots that are built into gRPC. It has to be there before pymilvus is.
os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = "/opt/milvus/certs/ca.pem"

from mem0 import Memory

memory = Memory.from_config(
    {
        "vector_store": {
            "provider": "milvus",
            "config": {
                "url": "https://localhost:19530",
                "token": "",
            },
        },
    }
)
print(memory.vector_store.list_cols())
