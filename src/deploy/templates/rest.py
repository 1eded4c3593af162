# Lists the collections of a Milvus that serves TLS, over REST, with Python's requests.
#
# Fits Milvus 2.3 and later, and requests 2.25 and later.
# The REST port is proxy.http.port in milvus.yaml. With TLS it cannot be the gRPC port.
# Install: pip install requests
# Run:     python rest.py, in the folder that the paths below start from.

#% if user
import os
from getpass import getpass

#% endif
import requests
#% if not server_name_is_host
from requests.adapters import HTTPAdapter


class NamedServer(HTTPAdapter):
    """requests asks for the name in the URL. This asks for another name in the server's certificate."""

    def init_poolmanager(self, *args, **options):
        super().init_poolmanager(*args, server_hostname="{{ server_name }}", **options)

#% endif

url = "{{ rest_url }}"
session = requests.Session()
#% if not server_name_is_host
session.mount(url, NamedServer())
#% endif
#% if user
password = os.environ.get("MILVUS_PASSWORD") or getpass("Password: ")
session.headers["Authorization"] = "Bearer {{ user }}:" + password
#% endif
# With each request: REQUESTS_CA_BUNDLE wins over what the session has.
tls = {
    # ca.pem, not server.pem, which changes with every renewal.
    "verify": "{{ ca_pem }}",
    #% if mutual
    "cert": ("{{ client_pem }}", "{{ client_key }}"),
    #% endif
}

answer = session.post(url + "/v2/vectordb/collections/list", json={}, **tls)
if answer.status_code == 404:
    # TLS worked, and the server does not know this path. Milvus 2.3 has another one.
    answer = session.get(url + "/v1/vector/collections", **tls)
answer.raise_for_status()
print(answer.json())
