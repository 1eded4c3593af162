"""Servers for `probe`, with the certificates of the directory in which a scenario begins."""

import socket
import ssl
import threading


class Servers:
    """Each is started once; its port goes where a scenario says {KIND}."""

    def __init__(self):
        self.ports = {}

    def port(self, start, kind, ports):
        key = (start, kind)
        if key not in self.ports:
            listener = socket.create_server(("localhost", 0), backlog=64)
            self.ports[key] = listener.getsockname()[1]
            if kind == "closed":
                listener.close()
            else:
                context = None if kind == "plain" else tls(start / "certs", kind)
                threading.Thread(target=accept, args=(listener, context), daemon=True).start()
        ports[kind] = self.ports[key]
        return self.ports[key]


def tls(certificates, kind):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.set_alpn_protocols(["h2", "http/1.1"])
    if kind == "mutual":
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates / "ca.pem")
    elif kind == "tls-one-two":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    elif kind != "one-way":
        raise ValueError(f"no such server: {kind}")
    return context


def accept(listener, context):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, context), daemon=True).start()


def serve(connection, context):
    """Shakes hands, hears what the client has to say, and hangs up."""
    try:
        connection.settimeout(0.5)
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        while connection.recv(4096):
            pass
    except OSError:
        pass
    finally:
        connection.close()
