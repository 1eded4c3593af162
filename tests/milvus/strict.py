"""Lists the collections over REST as Python does by itself, which verifies strictly from 3.13 on.

Reads requests and answers them as clients/Connect.java does.
"""

import http.client
import ssl
import sys

SECONDS = 10


def answer(port: str, name: str, ca: str, *client: str) -> str:
    try:
        context = ssl.create_default_context(cafile=ca)
        context.load_cert_chain(*client)
        connection = http.client.HTTPSConnection(name, int(port), timeout=SECONDS, context=context)
        connection.request("GET", "/v1/vector/collections")
        text = connection.getresponse().read().decode()
        return "works" if text.startswith('{"code":200,') else text
    except (OSError, http.client.HTTPException) as error:
        return repr(error)


if __name__ == "__main__":
    for line in sys.stdin:
        print(answer(*line.rstrip("\n").split("\t")).replace("\n", " "), flush=True)
