"""Takes connections here and makes them to a container's ports, as Docker and kubectl do.

Usage: forward.py PID PORT:CONTAINER_PORT...

PID is a process in the container's network. The sockets that listen are made before that network is entered, and stay
where they were made.
"""

import os
import socket
import sys
from contextlib import suppress
from threading import Thread


def listen(pid, pairs):
    """Prints a line when connections are taken."""
    words = []
    for port, target in pairs:
        listener = socket.create_server(("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True)
        listener.set_inheritable(True)
        words.append(f"{listener.detach()}:{target}")
    print("listening", flush=True)
    os.execvp("nsenter", ["nsenter", f"--net=/proc/{pid}/ns/net", sys.executable, __file__, "--inside", *words])


def accept(listener, port):
    while True:
        here, _ = listener.accept()
        there = socket.socket()
        if there.connect_ex(("127.0.0.1", port)):
            here.close()
            continue
        Thread(target=copy, args=(here, there), daemon=True).start()
        Thread(target=copy, args=(there, here), daemon=True).start()


def copy(source, target):
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RD if end is source else socket.SHUT_WR)


def main(first, *words):
    pairs = [word.split(":") for word in words]
    if first != "--inside":
        listen(first, pairs)
    threads = [Thread(target=accept, args=(socket.socket(fileno=int(fd)), int(port))) for fd, port in pairs]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
