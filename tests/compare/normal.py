"""Puts names in the place of what is random in every run: keys, serial numbers, fingerprints, dates, paths.

A value is named after the place where it appears first, so a value that two programs put into the same place has
the same name for both. Files come first, so most values of JSON and text are named after a file: what JSON calls
a serial number shows as that of `certs/server.pem`.
"""

import base64
import binascii
import datetime
import hashlib
import re

DAY = 86400

OIDS = {
    "2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU",
    "2.5.29.14": "subjectKeyIdentifier", "2.5.29.15": "keyUsage", "2.5.29.17": "subjectAltName",
    "2.5.29.19": "basicConstraints", "2.5.29.35": "authorityKeyIdentifier", "2.5.29.37": "extendedKeyUsage",
    "1.3.6.1.5.5.7.3.1": "serverAuth", "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.2.840.113549.1.1.1": "rsaEncryption", "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.10045.2.1": "ecPublicKey", "1.2.840.10045.3.1.7": "P-256", "1.3.132.0.34": "P-384",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256", "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
}

PEM = r"-----BEGIN (?P<label>[A-Z0-9 ]+)-----(?P<body>(?s:.+?))-----END (?P=label)-----"
TEXT = re.compile(
    PEM
    + r"|(?P<hidden>\.backup-\d{8}T\d{6}Z(?:-\d+)?)"
    r"|(?P<backup>\bbackup-\d{8}T\d{6}Z(?:-\d+)?)"
    r"|(?P<time>\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)"
    r"|(?P<date>\b\d{4}-\d\d-\d\d\b)"
    r"|(?P<fingerprint>\b(?:[0-9A-Fa-f]{2}:){15,}[0-9A-Fa-f]{2}\b)"
    r"|(?P<hex>\b[0-9A-Fa-f]{32,}\b)"
    r"|(?P<epoch>\b[1-9]\d{9}\b)"
    r"|(?P<pin>(?<=sha256//)[A-Za-z0-9+/]{43}=)"
    r"|(?P<base64>[A-Za-z0-9+/]{64,}={0,2})"
)


class Normal:
    """The names of one program's values in one scenario. `literals` are strings with their names."""

    def __init__(self, now, literals):
        self.now = now
        self.literals = literals
        self.numbers = {}
        self.backups = {}
        self.counts = {}
        self.place = ""

    def at(self, place):
        self.place = place
        return self

    def number(self, value):
        """Close to a known number, it is that number and a distance: serial numbers count upwards."""
        for bucket in (value >> 20, (value >> 20) - 1, (value >> 20) + 1):
            if bucket in self.numbers:
                known, name = self.numbers[bucket]
                return f"<{name}>" if known == value else f"<{name}{value - known:+}>"
        count = self.counts[self.place] = self.counts.get(self.place, 0) + 1
        name = f"{self.place} #{count}"
        self.numbers[value >> 20] = value, name
        return f"<{name}>"

    def octets(self, value):
        return f"{len(value)} octets {self.number(int.from_bytes(value))}" if value else "no octets"

    def time(self, seconds):
        return f"<{round((seconds - self.now) / DAY):+} days>"

    def text(self, text):
        for literal, name in self.literals:
            text = re.sub(rf"(?<!\w){re.escape(literal)}(?!\w)", name, text)
        return TEXT.sub(self._replace, text)

    def _replace(self, match):
        text, kind = match[0], match.lastgroup
        if match["label"]:
            return self._pem(match)
        if kind == "hidden":
            # The next run can make a backup in the same second, or in another.
            return ".backup-<hidden>"
        if kind == "backup":
            return self.backups.setdefault(text, f"backup-<{len(self.backups) + 1}>")
        if kind == "time":
            return self.time(datetime.datetime.fromisoformat(text).timestamp())
        if kind == "date":
            today = datetime.datetime.fromtimestamp(self.now, datetime.timezone.utc).date()
            try:
                return f"<{(datetime.date.fromisoformat(text) - today).days:+} days>"
            except ValueError:
                return text
        if kind == "epoch":
            return self.time(int(text))
        if kind in ("fingerprint", "hex"):
            return self.number(int(text.replace(":", ""), 16))
        decoded = base64_decoded(text)
        if decoded is None:
            return text
        if kind == "base64" and decoded.startswith(b"-----BEGIN "):
            return "base64 of " + self.text(decoded.decode("utf-8", "replace"))
        return self.number(int.from_bytes(decoded))

    def _pem(self, match):
        label, body = match["label"], match["body"]
        try:
            return f"[{label}]\n{self.der(base64_decoded(''.join(body.split())))}\n"
        except (TypeError, ValueError):
            # Damaged, or encrypted as it once was, below lines that say how.
            return f"[{label}] that is no DER {self.number(digest(body.encode()))}\n"

    def content(self, data):
        """Of a file."""
        try:
            return self.text(data.decode())
        except UnicodeDecodeError:
            pass
        try:
            return self.der(data)
        except ValueError:
            return f"{len(data)} octets {self.number(digest(data))}"

    def der(self, data):
        # The fingerprint of a certificate is named here, too.
        return "\n".join([f"DER {self.number(digest(data))}", *self._elements(data, " ")])

    def _elements(self, data, indent):
        lines = []
        for tag, content in elements(data):
            inner = nested(tag, content)
            if inner is not None:
                lines += [f"{indent}{tag:02x}", *self._elements(inner, indent + " ")]
            else:
                lines.append(f"{indent}{tag:02x} {self._primitive(tag, content)}")
        return lines

    def _primitive(self, tag, content):
        if tag == 0x02:
            value = int.from_bytes(content, signed=True)
            return str(value) if len(content) <= 4 else self.number(value)
        if tag == 0x03:
            return content.hex() if len(content) <= 4 else self.octets(content[1:])
        if tag == 0x04:
            return self.octets(content)
        if tag == 0x06:
            dotted = oid(content)
            return OIDS.get(dotted, dotted)
        if tag in (0x17, 0x18):
            return self.time(asn1_time(tag, content))
        if tag in (0x0C, 0x13, 0x16) or tag & 0xE0 == 0x80 and content.isascii() and content.decode().isprintable():
            return repr(content.decode("utf-8", "replace"))
        return content.hex() if len(content) <= 16 else self.octets(content)


def digest(data):
    return int.from_bytes(hashlib.sha256(data).digest())


def base64_decoded(text):
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def elements(data):
    """Tag and content of each, or ValueError where it is not DER."""
    found = []
    while data:
        if len(data) < 2 or data[0] & 0x1F == 0x1F:
            raise ValueError("no DER")
        tag, length, start = data[0], data[1], 2
        if length > 0x80:
            start += length - 0x80
            length = int.from_bytes(data[2:start])
        if len(data) < start + length:
            raise ValueError("cut off")
        found.append((tag, data[start : start + length]))
        data = data[start + length :]
    return found


def nested(tag, content):
    """The elements in an element. A key's octets must not be taken for some by chance: a sequence has to be
    one all through, and what is none must be as long as a keyUsage or a key identifier."""
    if tag & 0x20:
        return content
    if tag not in (0x03, 0x04):
        return None
    inner = content[1:] if tag == 0x03 else content
    is_usage_or_identifier = tag == 0x04 and (inner[:1] == b"\x03" and len(inner) <= 5 or inner[:2] == b"\x04\x14")
    return inner if (inner[:1] == b"\x30" or is_usage_or_identifier) and is_one_element(inner) else None


def is_one_element(data):
    try:
        return len(elements(data)) == 1 and is_der(data)
    except ValueError:
        return False


def is_der(data):
    return all(not tag & 0x20 or is_der(content) for tag, content in elements(data))


def oid(content):
    values, value = [], 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            values.append(value)
            value = 0
    first = min(values[0] // 40, 2)
    return ".".join(map(str, [first, values[0] - 40 * first, *values[1:]]))


def asn1_time(tag, content):
    text = content.decode()
    if tag == 0x17:
        text = ("19" if text[0] >= "5" else "20") + text
    return datetime.datetime.strptime(text + "+0000", "%Y%m%d%H%M%SZ%z").timestamp()
