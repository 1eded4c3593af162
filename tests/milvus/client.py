"""Uses Milvus over TLS as an application does: create a collection, insert, search, drop.

Usage: client.py CA_PEM [CLIENT_PEM CLIENT_KEY]

Exit status: 0 all of it worked; 3 the server could not be connected to; 1, with a traceback,
anything else. The same code runs with every version of pymilvus under test.
"""

import os
import sys

from pymilvus import MilvusClient
from pymilvus.exceptions import MilvusException

REFUSED = 3

# A refused client of pymilvus 2.3 keeps trying until this time is up.
CONNECT_SECONDS = 5


def connect(ca_pem: str, client_pem: str = "", client_key: str = "") -> MilvusClient:
    if client_pem:
        # No server_pem_path here: it would win, and the client certificate would not be sent.
        files = {"ca_pem_path": ca_pem, "client_pem_path": client_pem, "client_key_path": client_key}
    else:
        files = {"server_pem_path": ca_pem}
    return MilvusClient(
        uri="https://localhost:19530",
        secure=True,
        server_name="localhost",
        timeout=CONNECT_SECONDS,
        **files,
    )


def use(client: MilvusClient) -> None:
    name = f"proof_{os.getpid()}"
    client.create_collection(name, dimension=2, consistency_level="Strong")
    client.insert(name, [{"id": 1, "vector": [1.0, 0.0]}, {"id": 2, "vector": [0.0, 1.0]}])
    nearest = client.search(name, [[0.1, 0.9]], limit=1)[0]
    assert [hit["id"] for hit in nearest] == [2], f"the search found {nearest}"
    client.drop_collection(name)
    assert name not in client.list_collections(), "the collection was not dropped"


def main(files: list[str]) -> int:
    try:
        client = connect(*files)
    except MilvusException as error:
        if "Fail connecting to server" not in str(error):
            raise
        print(error)
        return REFUSED
    use(client)
    print("created, inserted, searched, dropped")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
