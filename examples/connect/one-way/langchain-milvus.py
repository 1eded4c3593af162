# Lists the collections of a Milvus that serves TLS, through LangChain.
#
# Fits langchain-milvus 0.4 (read and run in 0.4.0), which gives connection_args to pymilvus.
# Install: pip install langchain-milvus
# Run:     python langchain-milvus.py, in the folder that the paths below start from.

from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_milvus import Milvus

store = Milvus(
    # Your own takes its place.
    embedding_function=DeterministicFakeEmbedding(size=4),
    connection_args={
        "uri": "https://localhost:19530",
        "secure": True,
        # A name in the server's certificate.
        "server_name": "localhost",
        # This is ca.pem, whatever the parameter is called. server.pem changes with every renewal.
        "server_pem_path": "certs/ca.pem",
    },
)
print(store.client.list_collections())
