# Lists the collections of a Milvus that serves TLS.
#
# Fits pymilvus 2.3 to 3.0.
# Install: pip install pymilvus
# (pymilvus 2.3 also needs: pip install "setuptools<81" "marshmallow<4")
# Run:     python python.py, in the folder that the paths below start from.

from pymilvus import MilvusClient

client = MilvusClient(
    uri="https://localhost:19530",
    secure=True,
    # A name in the server's certificate. pymilvus 2.3 ignores the files below without it.
    server_name="localhost",
    # This is ca.pem, whatever the parameter is called. server.pem changes with every renewal, and
    # then this client would no longer connect. Node and others do not accept it at all.
    server_pem_path="certs/ca.pem",
)
print(client.list_collections())
client.close()
