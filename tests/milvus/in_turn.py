"""Uses Milvus with client.py as often as it is asked to: to import pymilvus takes longer than that.

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

# What gRPC writes of a failed handshake. pymilvus 2.3.7 would go on trying.
REFUSED = re.compile(r"[^\n]*(CERTIFICATE_VERIFY_FAILED|ALERT_[A-Z_]+)[^\n]*\n")


def answer(files: list[str]) -> str:
    """In a child, since gRPC keeps what it learned about a server for the life of a process."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        os._exit(status(files))
    os.close(writer)
    output = read(reader)
    refused = REFUSED.search(output)
    os.kill(child, signal.SIGKILL)
    _, ended = os.waitpid(child, 0)
    if refused:
        return refused.group().strip()
    return "works" if output.endswith(f"\n{WORKED}\n") else " ".join(output.split()) or f"ended with {ended}"


WORKED = "used to the end"


def status(files: list[str]) -> int:
    try:
        ended = client.main(files)
        if ended == 0:
            print(f"\n{WORKED}", flush=True)
        return ended
    except BaseException:  # whatever it is, the parent must hear of it
        traceback.print_exc()
        return 1


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
