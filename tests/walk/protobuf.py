"""Reads a Secret as Kubernetes' clients in Go write it. Helm keeps its releases so, and has no other way to."""

import base64

MAGIC = b"k8s\0"


def secret(body):
    """The resource. The numbers of the fields are those of `runtime.Unknown`, `Secret` and `ObjectMeta`."""
    written = fields(fields(body.removeprefix(MAGIC))[2][0])
    metadata = fields(written[1][0])
    labels = {key.decode(): value.decode() for key, value in map(entry, metadata.get(11, []))}
    data = {key.decode(): base64.b64encode(value).decode() for key, value in map(entry, written[2])}
    return {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": metadata[1][0].decode(), "labels": labels},
        "data": data, "type": written[3][0].decode(),
    }


def entry(message):
    found = fields(message)
    return found[1][0], found[2][0]


def fields(message):
    """What has a length, by the number of the field; the rest are numbers that nobody asks for."""
    found, place = {}, 0
    while place < len(message):
        key, place = varint(message, place)
        value, place = varint(message, place)
        if key & 7 == 2:
            found.setdefault(key >> 3, []).append(message[place : place + value])
            place += value
    return found


def varint(message, place):
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 127) << shift
        shift, place = shift + 7, place + 1
        if byte < 128:
            return value, place
