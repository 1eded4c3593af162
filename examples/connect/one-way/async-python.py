# Lists the collections of a Milvus that serves TLS, with asyncio.
#
# Fits pymilvus 2.6 and 3.0. (2.5 has AsyncMilvusClient too, but it cannot list collections.)
# Install: pip install "pymilvus>=2.6"
# Run:     python async-python.py, in the folder that the paths below start from.

import asyncio

from pymilvus import AsyncMilvusClient


async def main():
    client = AsyncMilvusClient(
        uri="https://localhost:19530",
        secure=True,
        # A name in the server's certificate.
        server_name="localhost",
        # This is ca.pem, whatever the parameter is called. server.pem changes with every renewal,
        # and then this client would no longer connect. Node and others do not accept it at all.
        server_pem_path="certs/ca.pem",
    )
    try:
        print(await client.list_collections())
    finally:
        await client.close()


asyncio.run(main())
