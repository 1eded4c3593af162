"""Prints what an application has of a connection that failed: pymilvus' exception, and its cause.

Usage: exception.py CA_PEM [CLIENT_PEM CLIENT_KEY]

What gRPC itself writes goes to standard error. Exit status 3, as of client.py; 0 if it connected.
"""

import sys

import client
from pymilvus.exceptions import MilvusException

# pymilvus 2.3 keeps trying until this time is up.
client.CONNECT_SECONDS = 2


def main(files: list[str]) -> int:
    try:
        client.connect(*files)
    except MilvusException as error:
        print(error)
        # pymilvus 2.3.7 says `raise ex from ex`: the cause is the exception itself.
        if error.__cause__ is not None and error.__cause__ is not error:
            print(error.__cause__)
        return client.REFUSED
    print("connected")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
