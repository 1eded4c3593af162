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
        # All three are needed. Do not add server_pem_path: it wins over them, and the client's
        # certificate is then left out without a word.
        "client_pem_path": "certs/client.pem",
        "client_key_path": "certs/client.key",
        "ca_pem_path": "certs/ca.pem",
    },
)
print(store.client.list_collections())
