# Lists the collections of a Milvus that serves TLS, with asyncio.
#
# Fits pymilvus 2.6 and 3.0. (2.5 has AsyncMilvusClient too, but it cannot list collections.)
# Install: pip install "pymilvus>=2.6"
# Run:     python async-python.py, in the folder that the paths below start from.

import asyncio
#% if user
import os
from getpass import getpass
#% endif

from pymilvus import AsyncMilvusClient


async def main():
    #% if user
    password = os.environ.get("MILVUS_PASSWORD") or getpass("Password: ")
    #% endif
    client = AsyncMilvusClient(
        uri="{{ uri }}",
        secure=True,
        #% if user
        token="{{ user }}:" + password,
        #% endif
        # A name in the server's certificate.
        server_name="{{ server_name }}",
        #% if mutual
        # All three are needed. Do not add server_pem_path: it wins over them, and the client's
        # certificate is then left out without a word.
        client_pem_path="{{ client_pem }}",
        client_key_path="{{ client_key }}",
        ca_pem_path="{{ ca_pem }}",
        #% else
        # This is ca.pem, whatever the parameter is called. server.pem changes with every renewal,
        # and then this client would no longer connect. Node and others do not accept it at all.
        server_pem_path="{{ ca_pem }}",
        #% endif
    )
    try:
        print(await client.list_collections())
    finally:
        await client.close()


asyncio.run(main())
