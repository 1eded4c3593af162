"""Two clients: Python's ssl as requests and urllib use it, and gRPC's C core as pymilvus uses it.

Usage: client.py ssl|grpc PORT NAME CA_PEM [CLIENT_PEM CLIENT_KEY]

Prints `works`, or why not. Runs in Python 3.8 and newer; `grpc` needs grpcio.
"""

import socket
import ssl
import sys

ADDRESS = "127.0.0.1"
SECONDS = 10


def ask_with_ssl(port, name, ca, *own):
    """What `ssl.create_default_context` trusts and asks for differs from version to version."""
    context = ssl.create_default_context(cafile=ca)
    if own:
        context.load_cert_chain(*own)
    with socket.create_connection((ADDRESS, port), SECONDS) as plain:
        with context.wrap_socket(plain, server_hostname=name) as connection:
            # In TLS 1.3 the server judges the client's certificate only after the client's handshake.
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.recv(1) == b"H" or "the server says nothing"


def ask_with_grpc(port, name, ca, *own):
    """A server of HTTP/2 that knows no gRPC answers 404, which is UNIMPLEMENTED."""
    import grpc

    trusted, *own = [read(file) for file in (ca, *own)]
    certificate, key = own or (None, None)
    credentials = grpc.ssl_channel_credentials(trusted, key, certificate)
    options = [("grpc.ssl_target_name_override", name), ("grpc.enable_http_proxy", 0)]
    with grpc.secure_channel(f"{ADDRESS}:{port}", credentials, options) as channel:
        try:
            channel.unary_unary("/a/b")(b"", timeout=SECONDS)
        except grpc.RpcError as error:
            return error.code() == grpc.StatusCode.UNIMPLEMENTED or error.details()
    return "an answer"


def read(file):
    with open(file, "rb") as opened:
        return opened.read()


def main(client, port, *arguments):
    try:
        answer = {"ssl": ask_with_ssl, "grpc": ask_with_grpc}[client](int(port), *arguments)
    except ssl.SSLError as refusal:
        answer = getattr(refusal, "verify_message", "") or refusal.reason or str(refusal)
    except (OSError, ValueError) as failure:
        answer = str(failure)
    print("works" if answer is True else answer, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
