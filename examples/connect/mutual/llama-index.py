# Lists the collections of a Milvus that serves TLS, through LlamaIndex.
#
# Fits llama-index-vector-stores-milvus 1.2 (read and run in 1.2.0), which gives all arguments that
# it does not know to pymilvus.
# Install: pip install llama-index-vector-stores-milvus
# Run:     python llama-index.py, in the folder that the paths below start from.

from uuid import uuid4

from llama_index.vector_stores.milvus import MilvusVectorStore

# The store makes its collection at once, so this one gets a name that no other has.
store = MilvusVectorStore(
    uri="https://localhost:19530",
    collection_name="connect_" + uuid4().hex,
    dim=4,
    secure=True,
    # A name in the server's certificate.
    server_name="localhost",
    # All three are needed. Do not add server_pem_path: it wins over them, and the client's
    # certificate is then left out without a word.
    client_pem_path="certs/client.pem",
    client_key_path="certs/client.key",
    ca_pem_path="certs/ca.pem",
)
store.client.drop_collection(store.collection_name)
print(store.client.list_collections())
