# Lists the collections of a Milvus that serves TLS, over REST, with Python's requests.
#
# Fits Milvus 2.3 and later, and requests 2.25 and later.
# The REST port is proxy.http.port in milvus.yaml. With TLS it cannot be the gRPC port.
# Install: pip install requests
# Run:     python rest.py, in the folder that the paths below start from.

import requests

url = "https://localhost:8080"
session = requests.Session()
# With each request: REQUESTS_CA_BUNDLE wins over what the session has.
tls = {
    # ca.pem, not server.pem, which changes with every renewal.
    "verify": "certs/ca.pem",
}

answer = session.post(url + "/v2/vectordb/collections/list", json={}, **tls)
if answer.status_code == 404:
    # TLS worked, and the server does not know this path. Milvus 2.3 has another one.
    answer = session.get(url + "/v1/vector/collections", **tls)
answer.raise_for_status()
print(answer.json())
