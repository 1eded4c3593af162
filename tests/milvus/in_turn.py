"""Lists the collections with pymilvus as often as it is asked to: to import it takes longer than that.

Reads requests and answers them as clients/Connect.java does. PORT and NAME are those of client.py.
"""

import os
import re
import select
import signal
import sys
import time
import traceback

import client

SECONDS = 20

LISTED = "\nlisted the collections\n"

# What gRPC writes of a failed handshake. pymilvus 2.3.7 would go on trying.
REFUSED = re.compile(r"[^\n]*(CERTIFICATE_VERIFY_FAILED|ALERT_[A-Z_]+)[^\n]*\n")


def answer(files: list[str]) -> str:
    """In a child, since gRPC keeps what it learned about a server for the life of a process."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        list_collections(files)
        os._exit(0)
    os.close(writer)
    output = read(reader)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    refused = REFUSED.search(output)
    if refused:
        return refused.group().strip()
    return "works" if output.endswith(LISTED) else " ".join(output.split())


def list_collections(files: list[str]) -> None:
    try:
        client.connect(*files).list_collections(timeout=SECONDS)
        print(LISTED, end="", flush=True)
    except BaseException:  # whatever it is, the parent must hear of it
        traceback.print_exc()


def read(reader: int) -> str:
    """What the child writes, until it is enough."""
    output = ""
    deadline = time.monotonic() + SECONDS
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        while select.select([pipe], [], [], max(0, deadline - time.monotonic()))[0]:
            block = pipe.read(65536)
            output += block.decode(errors="replace")
            if not block or REFUSED.search(output):
                return output
    return f"{output}\nhung for {SECONDS} s"


if __name__ == "__main__":
    for line in sys.stdin:
        _, _, *request = line.rstrip("\n").split("\t")
        print(answer(request), flush=True)
