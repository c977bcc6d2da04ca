#!/usr/bin/env python3
"""TLS as other people's programs see it: versions, ciphers, ALPN, SNI, tickets, plain HTTP, clients over wss://."""

import asyncio
import contextlib
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from godot_peer import JOIN, JSON, OFFER, PEER_CONNECT
from raw_socket import TEXT, frame, upgrade_request
from relay import BINARY, ROOT, Checks, Relay, run_scenarios, wait_until
from tls_support import (GOOD_CIPHERS, HANDSHAKE, HANDSHAKE_FAILURE, NO_APPLICATION_PROTOCOL, PROTOCOL_VERSION, TLS12,
                         TLS13, Certificate, TLSSocket, answered, client_hello, extension, field, openssl, probe,
                         record, reply)
from websockets.asyncio.client import connect

PATIENT = {"join_timeout": 30}
# What must not be spoken, by its number: https://www.iana.org/assignments/tls-parameters
WEAK_CIPHERS = {
    "NULL, RSA": 0x0002, "NULL, SHA-256": 0x003B, "NULL, ECDHE-ECDSA": 0xC006, "NULL, ECDHE-RSA": 0xC010,
    "EXPORT, RC4-40": 0x0003, "EXPORT, RC2-40": 0x0006, "EXPORT, DES-40": 0x0008, "EXPORT, DHE": 0x0014,
    "anonymous DH": 0x0034, "anonymous ECDH": 0xC018, "DES": 0x0009,
    "RC4, MD5": 0x0004, "RC4, SHA": 0x0005, "RC4, ECDHE-ECDSA": 0xC007, "RC4, ECDHE-RSA": 0xC011,
    "3DES, RSA": 0x000A, "3DES, ECDHE-ECDSA": 0xC008, "3DES, ECDHE-RSA": 0xC012, "3DES, DHE": 0x0016,
    "CBC, AES-128, RSA": 0x002F, "CBC, AES-128, ECDHE-ECDSA": 0xC009, "CBC, AES-256, ECDHE-RSA": 0xC014,
    "CBC, SHA-256, ECDHE-ECDSA": 0xC023, "CBC, SHA-384, ECDHE-RSA": 0xC028, "CBC, CAMELLIA": 0x0041,
    "static RSA, AES-128-GCM": 0x009C, "static RSA, AES-256-GCM": 0x009D, "static RSA, CCM": 0xC09C,
    "DHE, AES-128-GCM": 0x009E, "PSK, AES-128-GCM": 0x00A8, "static ECDH": 0xC02D, "SEED": 0x0096, "IDEA": 0x0007,
}
WEAK_GROUPS = {"sect163k1": 1, "secp160r1": 16, "secp192r1": 19, "secp256k1": 22, "ffdhe2048": 256}


@contextlib.contextmanager
def encrypted(*certificates, **others):
    """A relay with these certificates, or one for localhost: the relay and its first certificate."""
    with tempfile.TemporaryDirectory() as folder:
        used = [make(folder) for make in certificates] or [Certificate(folder, "own")]
        with Relay(listen="tls://127.0.0.1:0", settings=PATIENT, certificates=[each.both for each in used],
                   **others) as relay:
            yield relay, used


def versions(checks):
    with encrypted() as (relay, (own,)):
        checks.matches("the address is told as wss", relay.url, r"wss://127\.0\.0\.1:\d+")
        for version, name in ((TLS12, "TLSv1.2"), (TLS13, "TLSv1.3")):
            output = probe(relay, version, "-CAfile", own.file)
            checks.true(f"{name} answers", answered(output), "200", output)
            checks.true(f"{name} is what was asked for", f"New, {name}, Cipher is" in output, name, output)
            checks.true(f"{name}: the certificate verifies", "Verify return code: 0 (ok)" in output)
        for name, version in (("SSL 3.0", 0x0300), ("TLS 1.0", 0x0301), ("TLS 1.1", 0x0302)):
            hello = record(HANDSHAKE, client_hello(GOOD_CIPHERS, version), version)
            answer = reply(relay, hello)
            checks.true(f"{name} is refused", answer in (("alert", PROTOCOL_VERSION), ("alert", HANDSHAKE_FAILURE)),
                        "an alert", answer)
        for version in ("-tls1", "-tls1_1"):
            output = probe(relay, version, "-cipher", "ALL:@SECLEVEL=0")
            checks.true(f"s_client {version} gets no session", "Cipher is (NONE)" in output, "none", output)
        old = bytes([0x80, 0x1F, 1, 0, 2]) + bytes(28)
        checks.equal("SSL 2.0 is refused", reply(relay, old), ("nothing",))
        good = reply(relay, record(HANDSHAKE, client_hello(GOOD_CIPHERS)))
        checks.equal("TLS 1.2 by hand is answered", good[:2], ("hello", 0x0303))
        checks.true("with one of the ciphers offered", good[2] in GOOD_CIPHERS)


def ciphers(checks):
    with encrypted() as (relay, (own,)), tempfile.TemporaryDirectory() as folder:
        rsa = Certificate(folder, "rsa", kind="rsa")
        with Relay(listen="tls://127.0.0.1:0", settings=PATIENT, certificates=[rsa.both]) as other:
            for kind, each in (("ECDSA", relay), ("RSA", other)):
                for name, cipher in WEAK_CIPHERS.items():
                    answer = reply(each, record(HANDSHAKE, client_hello([cipher])))
                    checks.equal(f"{kind}: {name} is refused", answer, ("alert", HANDSHAKE_FAILURE))
            checks.true("RSA answers", answered(probe(other, TLS12, "-CAfile", rsa.file)))
        for name, group in WEAK_GROUPS.items():
            groups = extension(10, struct.pack("!HH", 2, group)) + extension(13, struct.pack("!HH", 2, 0x0403))
            answer = reply(relay, record(HANDSHAKE, client_hello(GOOD_CIPHERS, extensions=groups)))
            checks.equal(f"group {name} is refused", answer, ("alert", HANDSHAKE_FAILURE))
        answer = reply(relay, record(HANDSHAKE, client_hello(GOOD_CIPHERS, compression=b"\1\0")))
        checks.equal("compression is not taken", [answer[0], answer[-1]], ["hello", 0])
        answer = reply(relay, record(HANDSHAKE, client_hello([0x5600, *GOOD_CIPHERS], 0x0302)))
        checks.equal("a downgrade is refused (RFC 7507)", answer[0], "alert")
        for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"):
            checks.true(f"{suite} answers", answered(probe(relay, TLS13, "-ciphersuites", suite, "-CAfile", own.file)))
        for curve in ("X25519", "P-256", "P-384"):
            checks.true(f"group {curve} answers", answered(probe(relay, TLS13, "-groups", curve, "-CAfile", own.file)))


def renegotiation(checks):
    """RFC 5746 §4.5, and TLS 1.3 keys that are changed in the middle."""
    with encrypted() as (relay, (own,)):
        address = ["s_client", "-connect", f"127.0.0.1:{relay.port}", "-CAfile", own.file]
        _, output = openssl(*address, TLS12, text="R\n")
        checks.true("renegotiation is refused", "no renegotiation" in output, "no renegotiation", output)
        process = subprocess.Popen(["openssl", *address, TLS13], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        for line in ("K\n", "k\n", "K\n", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            # A line of its own is a command only when it is read alone.
            time.sleep(0.3)
            process.stdin.write(line)
            process.stdin.flush()
        output = ""
        for line in process.stdout:
            output += line
            if "HTTP/1.1" in line:
                break
        process.kill()
        process.wait()
        checks.true("changed keys go on", answered(output) and output.count("KEYUPDATE") == 3, "200", output)


def protocols(checks):
    with encrypted() as (relay, (own,)):
        for offer in ("http/1.1", "h2,http/1.1", "h3,http/1.1,spdy/3"):
            output = probe(relay, "-alpn", offer, "-CAfile", own.file)
            checks.equal(f"{offer}: http/1.1", field(output, "ALPN protocol"), "http/1.1")
        for offer in ("h2", "h2,h3", "HTTP/1.1", "http/1.0"):
            output = probe(relay, "-alpn", offer)
            checks.true(f"{offer} alone is refused", f"SSL alert number {NO_APPLICATION_PROTOCOL}" in output, "alert",
                        output)
        checks.true("none is fine", answered(probe(relay, "-CAfile", own.file)))


def names(checks):
    makers = [lambda folder: Certificate(folder, "first", ["localhost"]),
              lambda folder: Certificate(folder, "second", ["play.example.org", "*.play.example.org"], "rsa"),
              lambda folder: Certificate(folder, "third", ["*.example.org", "example.org", "Chat.Example.Net"])]
    asked = {"localhost": "first", "play.example.org": "second", "eu.play.example.org": "second",
             "a.eu.play.example.org": "first", "PLAY.example.ORG": "second", "example.org": "third",
             "www.example.org": "third", "a.b.example.org": "first", "chat.example.net": "third",
             "nowhere.test": "first", ".example.org": "first", "xexample.org": "first"}
    with encrypted(*makers) as (relay, _):
        for version in (TLS12, TLS13):
            for name, expected in asked.items():
                output = probe(relay, version, "-servername", name)
                checks.equal(f"{version} {name}", (re.search(r"subject=CN = (\w+)", output) or [None, output])[1],
                             expected)
            output = probe(relay, version, "-noservername")
            checks.equal(f"{version} no name", re.search(r"subject=CN = (\w+)", output)[1], "first")


def kinds_of_keys(checks):
    """A name with a certificate of each kind of key: who knows one kind only gets that one."""
    makers = [lambda folder: Certificate(folder, "ecdsa", ["play.example.org", "localhost"]),
              lambda folder: Certificate(folder, "rsa", ["play.example.org", "*.example.org"], "rsa"),
              lambda folder: Certificate(folder, "later", ["play.example.org"], "rsa"),
              lambda folder: Certificate(folder, "alone", ["chat.example.net"])]
    ecdsa = {TLS12: ["-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], TLS13: ["-sigalgs", "ECDSA+SHA256"]}
    rsa = {TLS12: ["-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], TLS13: ["-sigalgs", "RSA-PSS+SHA256"]}
    asked = {"play.example.org": ("ecdsa", "rsa"), "nowhere.test": ("ecdsa", "rsa"), None: ("ecdsa", "rsa"),
             "localhost": ("ecdsa", None), "www.example.org": (None, "rsa"), "chat.example.net": ("alone", None)}
    with encrypted(*makers) as (relay, _):
        for version in (TLS12, TLS13):
            for name, expected in asked.items():
                named = ["-servername", name] if name else ["-noservername"]
                outputs = [probe(relay, version, *kind[version], *named) for kind in (ecdsa, rsa)]
                got = tuple((re.search(r"subject=CN = (\w+)", output) or [None, None])[1] for output in outputs)
                checks.equal(f"{version} {name or 'no name'}: to who knows ECDSA, and RSA, only", got, expected)


def tickets(checks):
    with encrypted() as (relay, (own,)), tempfile.TemporaryDirectory() as folder:
        for version in (TLS12, TLS13):
            file = os.path.join(folder, f"session{version}")
            first = probe(relay, version, "-sess_out", file, "-CAfile", own.file)
            checks.true(f"{version}: the first is new", "New, TLS" in first)
            second = probe(relay, version, "-sess_in", file, "-CAfile", own.file)
            checks.true(f"{version}: the second is resumed", "Reused, TLS" in second, "Reused", second)
            checks.true(f"{version}: and answers", answered(second))
        early = os.path.join(folder, "early")
        with open(early, "w", encoding="utf-8") as file:
            file.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        output = probe(relay, TLS13, "-sess_in", os.path.join(folder, f"session{TLS13}"), "-early_data", early)
        checks.true("early data is not taken", "Early data was accepted" not in output, "none", output)


def plain_text(checks):
    with encrypted() as (relay, _):
        for method in ("GET", "POST", "OPTIONS", "CONNECT", "PROPFIND"):
            with socket.create_connection(("127.0.0.1", relay.port), 5) as stream:
                stream.sendall(f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                answer = b""
                while chunk := stream.recv(65536):
                    answer += chunk
            checks.true(f"plain {method} is told", answer.startswith(b"HTTP/1.1 400 ") and b"wss://" in answer, "400",
                        answer)
        with socket.create_connection(("127.0.0.1", relay.port), 5) as stream:
            for byte in upgrade_request("localhost"):
                with contextlib.suppress(OSError):
                    stream.sendall(bytes([byte]))
            with contextlib.suppress(ConnectionResetError):
                checks.true("byte by byte too", stream.recv(65536).startswith(b"HTTP/1.1 400 "))
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{relay.port}/", timeout=5)
            checks.true("urllib is refused", False)
        except urllib.error.HTTPError as error:
            checks.true("urllib gets it", error.code == 400 and b"wss://" in error.read())


def websockets_client(checks):
    async def play(url, context):
        async with connect(url, ssl=context, max_size=None) as ana, connect(url, ssl=context, max_size=None) as bob:
            await ana.send(JSON.write(JOIN, 0, ""))
            await ana.recv()
            _, _, lobby = JSON.read(await ana.recv())
            await bob.send(JSON.write(JOIN, 0, lobby))
            _, id, _ = JSON.read(await bob.recv())
            await bob.recv()
            await bob.recv()
            await ana.recv()
            text = "é" * 15_000 + "x" * 30_000
            await ana.send(JSON.write(OFFER, id, text))
            checks.equal("websockets: 60 KB to Bob", JSON.read(await bob.recv())[2], text)
            await bob.send(JSON.write(OFFER, 1, text))
            checks.equal("websockets: 60 KB to Ana", JSON.read(await ana.recv())[2], text)
            for number in range(200):
                await ana.send(JSON.write(OFFER, id, str(number)))
            heard = [JSON.read(await bob.recv())[2] for _ in range(200)]
            checks.equal("websockets: 200 messages in order", heard, [str(number) for number in range(200)])

    with encrypted() as (relay, (own,)):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            asyncio.run(asyncio.wait_for(play(relay.url, own.trusting(version)), 20))


def node_client(checks):
    with encrypted() as (relay, (own,)):
        environment = os.environ | {"NODE_PATH": "/usr/share/nodejs", "NODE_EXTRA_CA_CERTS": own.file}
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tls_ws.js")
        done = subprocess.run(["node", program, f"wss://localhost:{relay.port}"], env=environment, capture_output=True,
                              text=True, timeout=30, check=False)
        checks.adopt(done.stdout.splitlines())
        checks.equal("node-ws ends well", done.returncode, 0)


class Pair:
    """Two peers of one lobby whose records are made by hand."""

    def __init__(self, relay, context):
        self.ana, self.bob = (TLSSocket(relay, context).open() for _ in range(2))
        self.ana.send(frame(TEXT, JSON.write(JOIN, 0, "").encode()))
        self.hear(self.ana)
        lobby = self.hear(self.ana)["data"]
        self.bob.send(frame(TEXT, JSON.write(JOIN, 0, lobby).encode()))
        self.id = self.hear(self.bob)["id"]
        for peer in (self.bob, self.bob, self.ana):
            self.hear(peer)

    @staticmethod
    def hear(peer):
        return json.loads(peer.receive_text())

    def offer(self, text):
        return frame(TEXT, JSON.write(OFFER, self.id, text).encode())


def records(checks):
    """However messages are laid into records, and records into writes, each arrives without a further word."""
    with encrypted() as (relay, (own,)):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            pair = Pair(relay, own.trusting(version))
            name = version.name

            def arrive(what, data, texts, pair=pair, name=name):
                pair.ana.socket.sendall(data)
                checks.equal(f"{name}: {what}", [pair.hear(pair.bob)["data"] for _ in texts], texts)

            texts = [str(number) for number in range(200)]
            arrive("200 messages in one write", pair.ana.sealed(b"".join(map(pair.offer, texts))), texts)
            arrive("200 records in one write", b"".join(pair.ana.sealed(pair.offer(each)) for each in texts), texts)
            bytewise = b"".join(pair.ana.sealed(bytes([byte])) for byte in pair.offer("bytewise"))
            arrive("a record for each byte", bytewise, ["bytewise"])
            for size in (16_000, 16_384, 16_385, 32_768, 60_000):
                text = "y" * (size - len(pair.offer("")) + 2)
                arrive(f"one of {size} bytes", pair.ana.sealed(pair.offer(text)), [text])
            large = [chr(97 + number) * 40_000 for number in range(16)]
            arrive("640 KB in one write", b"".join(pair.ana.sealed(pair.offer(each)) for each in large), large)
            sealed = pair.ana.sealed(pair.offer("slow"))
            for byte in sealed:
                pair.ana.socket.sendall(bytes([byte]))
            checks.equal(f"{name}: a record byte by byte", pair.hear(pair.bob)["data"], "slow")
            checks.true(f"{name}: a small record does not wait for the next", relay.alive())
            pair.ana.close()
            pair.bob.close()


def long_messages(checks):
    """A message that is longer than the relay reads at once arrives, wherever the writes cut its records."""
    with encrypted(limits={"message_bytes": 1 << 20, "queued_bytes": 4 << 20}) as (relay, (own,)):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            pair = Pair(relay, own.trusting(version))
            text = "long" * 150_000
            sealed = pair.ana.sealed(pair.offer(text))
            for start in range(0, len(sealed), 10_007):
                pair.ana.socket.sendall(sealed[start:start + 10_007])
                time.sleep(0.002)
            checks.true(f"{version.name}: 600 KB whose records come in parts", pair.hear(pair.bob)["data"] == text)
            pair.ana.close()
            pair.bob.close()


def goodbyes(checks):
    """The relay says close_notify before the end of the stream, and takes it from a client that keeps the socket."""
    with encrypted() as (relay, (own,)):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with socket.create_connection(("127.0.0.1", relay.port), 5) as stream:
                context = own.trusting(version)
                # Without close_notify the client's library would make an error of it.
                context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
                with context.wrap_socket(stream, server_hostname="localhost", suppress_ragged_eofs=False) as wrapped:
                    wrapped.sendall(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    data = b""
                    while chunk := wrapped.recv(65536):
                        data += chunk
            checks.true(f"{version.name}: the answer ends with close_notify", data.startswith(b"HTTP/1.1 404"))
            client = TLSSocket(relay, own.trusting(version)).open()
            data = client.sealed(frame(TEXT, JSON.write(JOIN, 0, "").encode()))
            with contextlib.suppress(ssl.SSLWantReadError):
                client.tls.unwrap()
            client.socket.sendall(data + client.outgoing.read())
            client.socket.settimeout(5)
            ended = False
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                while client.socket.recv(65536):
                    pass
                ended = True
            checks.true(f"{version.name}: who says close_notify is let go", ended)
            client.close()
            checks.true(f"{version.name}: nothing is left",
                        wait_until(lambda: relay.descriptors() == relay.descriptors_at_start, 5))


def beside(checks):
    """One listener plain and another encrypted, for one lobby; and the admin listener over TLS."""
    with tempfile.TemporaryDirectory() as folder:
        own = Certificate(folder, "own")
        path = os.path.join(folder, "lobbyist.lua")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'''listen("127.0.0.1:0", "tls://127.0.0.1:0")
certificate {{ file = "own.pem", key = "own.key" }}
admin "tls://127.0.0.1:0"
mount "/" {{ script = "scripts/godot.lua" }}
mount "/own" {{ script = "scripts/unity.lua", listen = "tls://127.0.0.1:0" }}
''')
        with Relay(config=path) as relay:
            wait_until(lambda: any(line.startswith("point a client") for line in relay.lines), 5)
            found = re.findall(r"(?:listening|admin) on (\w+)://127\.0\.0\.1:(\d+)", "".join(relay.lines))
            checks.equal("listeners are told", [scheme for scheme, _ in found], ["ws", "wss", "wss", "https"])
            ports = [int(port) for _, port in found]

            async def play():
                async with (connect(f"ws://127.0.0.1:{ports[0]}") as ana,
                            connect(f"wss://localhost:{ports[1]}", ssl=own.trusting()) as bob):
                    await ana.send(JSON.write(JOIN, 0, ""))
                    await ana.recv()
                    _, _, lobby = JSON.read(await ana.recv())
                    await bob.send(JSON.write(JOIN, 0, lobby))
                    await bob.recv()
                    return JSON.read(await bob.recv())

            checks.equal("plain and encrypted meet", asyncio.run(play())[0], PEER_CONNECT)
            with urllib.request.urlopen(f"https://127.0.0.1:{ports[3]}/status", context=own.trusting()) as answer:
                status = json.loads(answer.read())
            checks.equal("the operator asks over TLS", status["relay"]["tls_failures"], 0)
            reply(relay, record(HANDSHAKE, b"nonsense"), port=ports[1])
            with urllib.request.urlopen(f"https://127.0.0.1:{ports[3]}/metrics", context=own.trusting()) as answer:
                checks.true("and for what came to nothing", b'lobbyist_refusals_total{reason="tls"} 1\n' in answer.read())


def behind_proxy(checks):
    """The PROXY header comes before the hello, however both are cut; no answer to either is in plain text."""
    header = b"PROXY TCP4 203.0.113.9 127.0.0.1 5555 443\r\n"
    with encrypted(options=["--proxy-protocol", "127.0.0.1"], limits={"connections_per_address": 2}) as (relay, (own,)):
        for name, size in (("at once", 10_000), ("in pieces of 7 bytes", 7), ("byte by byte", 1)):
            client = TLSSocket(relay, own.trusting())
            data = header + client.hello()
            for at in range(0, len(data), size):
                client.socket.sendall(data[at:at + size])
            client.feed()
            client.open()
            checks.true(f"header and hello {name}", relay.alive())
            client.close()
        checks.true("they are let go", wait_until(lambda: relay.descriptors() == relay.descriptors_at_start, 5))
        kept = []
        for _ in range(2):
            client = TLSSocket(relay, own.trusting())
            client.socket.sendall(header)
            kept.append(client.open())
        checks.equal("one too many is dropped without a word", reply(relay, header), ("nothing",))
        for client in kept:
            client.close()


def talk(checks):
    """The relay's own client, which checks certificates as others do."""
    with encrypted() as (relay, (own,)), tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "page.talk")
        with open(path, "w", encoding="utf-8") as file:
            file.write('policy scripts/godot.lua\nAna connects\nAna >> {"type":0,"id":0,"data":""}\n'
                       'Ana << {"type":1,"id":1,"data":"true"}\n... and more\n')
        other = Certificate(folder, "other")
        address = f"wss://localhost:{relay.port}"

        def play(*arguments):
            done = subprocess.run([BINARY, "talk", *arguments, path], cwd=ROOT, capture_output=True, text=True,
                                  timeout=20, check=False)
            return done.returncode, done.stdout + done.stderr

        for arguments in (["--ca", own.file, address], ["--ca", own.file, f"wss://127.0.0.1:{relay.port}"],
                          ["--insecure", address]):
            code, said = play(*arguments)
            checks.true(f"talk {arguments[0]} plays", code == 0 and "1 passed, 0 failed" in said, "1 passed", said)
        for arguments in ([address], ["--ca", other.file, address]):
            code, said = play(*arguments)
            checks.true("talk refuses a stranger's certificate", code == 1 and "certificate verify failed" in said,
                        "verify failed", said)
        code, said = play("--ca", f"{folder}/none", address)
        checks.true("talk tells of a file that is lacking", code == 2 and "none cannot be used" in said, "2", said)
        with Relay() as plain:
            code, said = play("--insecure", f"wss://localhost:{plain.port}")
            checks.true("talk tells of a plain port", code == 1 and "no TLS with localhost" in said, "1", said)


if __name__ == "__main__":
    run_scenarios(Checks(), [(versions,), (ciphers,), (renegotiation,), (protocols,), (names,), (kinds_of_keys,),
                             (tickets,), (plain_text,), (websockets_client,), (node_client,), (records,), (long_messages,), (goodbyes,), (beside,),
                             (behind_proxy,), (talk,)])
