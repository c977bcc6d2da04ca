"""Certificates made by `openssl`, probes with `openssl s_client`, and TLS down to its records."""

import os
import socket
import ssl
import struct
import subprocess

from raw_socket import WAIT_SECONDS, RawSocket, upgrade_request

OPENSSL_SECONDS = 10
TLS12, TLS13 = "-tls1_2", "-tls1_3"
ALERT, HANDSHAKE = 21, 22
HANDSHAKE_FAILURE, PROTOCOL_VERSION, NO_APPLICATION_PROTOCOL = 40, 70, 120
# TLS 1.2 ciphers that are served to an ECDSA certificate, and what every modern client offers besides.
GOOD_CIPHERS = (0xC02B, 0xC02C, 0xCCA9)


def openssl(*arguments, text=""):
    done = subprocess.run(["openssl", *arguments], input=text, capture_output=True, text=True, errors="replace",
                          timeout=OPENSSL_SECONDS, check=False)
    return done.returncode, done.stdout + done.stderr


class Certificate:
    """A self-signed certificate in a folder, which every user may read: `file`, `key`, and `both` as the command line
    wants them."""

    def __init__(self, folder, name, dns=("localhost",), kind="ec", days=30, serial=None):
        self.file, self.key = os.path.join(folder, f"{name}.pem"), os.path.join(folder, f"{name}.key")
        keys = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
                "rsa": ["-newkey", "rsa:2048"], "weak": ["-newkey", "rsa:1024"]}[kind]
        names = ",".join([f"DNS:{each}" for each in dns] + ["IP:127.0.0.1"])
        arguments = ["req", "-x509", *keys, "-nodes", "-keyout", self.key, "-out", self.file, "-subj", f"/CN={name}",
                     "-addext", f"subjectAltName={names}", "-days", str(days)]
        if serial:
            arguments += ["-set_serial", str(serial)]
        code, said = openssl(*arguments)
        if code:
            raise RuntimeError(said)
        for path in (self.file, self.key):
            os.chmod(path, 0o644)

    @property
    def both(self):
        return f"{self.file},{self.key}"

    def trusting(self, version=None):
        """A client's context that trusts this certificate alone."""
        context = ssl.create_default_context(cafile=self.file)
        if version:
            context.minimum_version = context.maximum_version = version
        return context


def probe(relay, *arguments, text="GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
    """What `openssl s_client` prints when it sends this and waits for the answer."""
    return openssl("s_client", "-connect", f"127.0.0.1:{relay.port}", "-ign_eof", *arguments, text=text)[1]


def answered(output):
    return "HTTP/1.1 200 OK" in output


def field(output, name):
    """A line of what s_client says, as `Protocol: TLSv1.3`."""
    for line in output.splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip() == name:
            return value.strip()
    return None


# --- records by hand


def record(kind, body, version=0x0301):
    return struct.pack("!BHH", kind, version, len(body)) + body


def extension(kind, body):
    return struct.pack("!HH", kind, len(body)) + body


def client_hello(ciphers, version=0x0303, compression=b"\0", extensions=None):
    """A ClientHello without its record (RFC 5246 §7.4.1.2). By default with the groups and signatures of today."""
    if extensions is None:
        extensions = (extension(10, struct.pack("!HHH", 4, 29, 23)) + extension(11, b"\1\0")
                      + extension(13, struct.pack("!HHHHH", 8, 0x0403, 0x0804, 0x0401, 0x0203)))
    body = struct.pack("!H", version) + os.urandom(32) + b"\0"
    body += struct.pack("!H", 2 * len(ciphers)) + b"".join(struct.pack("!H", each) for each in ciphers)
    body += bytes([len(compression)]) + compression
    if extensions:
        body += struct.pack("!H", len(extensions)) + extensions
    return b"\1" + len(body).to_bytes(3, "big") + body


def receive_all(stream, seconds=WAIT_SECONDS):
    """What comes until the other side ends."""
    stream.settimeout(seconds)
    data = b""
    try:
        while chunk := stream.recv(65536):
            data += chunk
    except ConnectionResetError:
        pass
    return data


def reply(relay, data, is_whole=False, port=None):
    """What the relay answers first: ("alert", description), ("hello", version, cipher, compression) or other text."""
    with socket.create_connection(("127.0.0.1", port or relay.port), WAIT_SECONDS) as stream:
        stream.sendall(data)
        if is_whole:
            stream.shutdown(socket.SHUT_WR)
        answer = b""
        while len(answer) < 5 or len(answer) < 5 + int.from_bytes(answer[3:5], "big"):
            try:
                chunk = stream.recv(65536)
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                break
            answer += chunk
    if not answer:
        return ("nothing",)
    if answer[0] == ALERT:
        return ("alert", answer[6])
    if answer[0] != HANDSHAKE or answer[5] != 2:
        return ("other", answer[:40])
    at = 43 + 1 + answer[43]
    return ("hello", int.from_bytes(answer[9:11], "big"), int.from_bytes(answer[at:at + 2], "big"), answer[at + 2])


class TLSSocket(RawSocket):
    """A WebSocket client over TLS that decides itself which records go out in which write."""

    def __init__(self, relay, context, name="localhost", port=None):
        super().__init__(relay, port=port)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)

    def hello(self):
        """The first records of the handshake, not sent yet."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()

    def handshake(self):
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.socket.sendall(self.outgoing.read())
                self.feed()
        self.socket.sendall(self.outgoing.read())
        return self

    def feed(self):
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionResetError("ended in the handshake")
        self.incoming.write(chunk)

    def open(self, path="/"):
        """Handshake and upgrade."""
        self.handshake()
        self.send(upgrade_request(self.host, path))
        head = self.reply_head()
        if not head.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(f"refused: {head!r}")
        return self

    def sealed(self, data):
        """The records that data becomes, not sent yet."""
        self.tls.write(data)
        return self.outgoing.read()

    def send(self, data):
        self.socket.sendall(self.sealed(data))

    def receive_some(self, seconds=WAIT_SECONDS):
        while True:
            try:
                self.pending += self.tls.read(65536)
                return
            except ssl.SSLWantReadError:
                super_pending, self.pending = self.pending, b""
                super().receive_some(seconds)
                self.incoming.write(self.pending)
                self.pending = super_pending
