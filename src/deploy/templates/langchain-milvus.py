# Lists the collections of a Milvus that serves TLS, through LangChain.
#
# Fits langchain-milvus 0.4 (read and run in 0.4.0), which gives connection_args to pymilvus.
# Install: pip install langchain-milvus
# Run:     python langchain-milvus.py, in the folder that the paths below start from.

#% if user
import os
from getpass import getpass

#% endif
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_milvus import Milvus

#% if user
password = os.environ.get("MILVUS_PASSWORD") or getpass("Password: ")
#% endif
store = Milvus(
    # Your own takes its place.
    embedding_function=DeterministicFakeEmbedding(size=4),
    connection_args={
        "uri": "{{ uri }}",
        "secure": True,
        #% if user
        "token": "{{ user }}:" + password,
        #% endif
        # A name in the server's certificate.
        "server_name": "{{ server_name }}",
        #% if mutual
        # All three are needed. Do not add server_pem_path: it wins over them, and the client's
        # certificate is then left out without a word.
        "client_pem_path": "{{ client_pem }}",
        "client_key_path": "{{ client_key }}",
        "ca_pem_path": "{{ ca_pem }}",
        #% else
        # This is ca.pem, whatever the parameter is called. server.pem changes with every renewal.
        "server_pem_path": "{{ ca_pem }}",
        #% endif
    },
)
print(store.client.list_collections())
