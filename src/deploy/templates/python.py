# Lists the collections of a Milvus that serves TLS.
#
# Fits pymilvus 2.3 to 3.0.
# Install: pip install pymilvus
# (pymilvus 2.3 also needs: pip install "setuptools<81" "marshmallow<4")
# Run:     python python.py, in the folder that the paths below start from.

#% if user
import os
from getpass import getpass

#% endif
from pymilvus import MilvusClient

#% if user
password = os.environ.get("MILVUS_PASSWORD") or getpass("Password: ")
#% endif
client = MilvusClient(
    uri="{{ uri }}",
    secure=True,
    #% if user
    token="{{ user }}:" + password,
    #% endif
    # A name in the server's certificate. pymilvus 2.3 ignores the files below without it.
    server_name="{{ server_name }}",
    #% if mutual
    # All three are needed. Do not add server_pem_path: it wins over them, and the client's
    # certificate is then left out without a word.
    client_pem_path="{{ client_pem }}",
    client_key_path="{{ client_key }}",
    ca_pem_path="{{ ca_pem }}",
    #% else
    # This is ca.pem, whatever the parameter is called. server.pem changes with every renewal, and
    # then this client would no longer connect. Node and others do not accept it at all.
    server_pem_path="{{ ca_pem }}",
    #% endif
)
print(client.list_collections())
client.close()
