#!/usr/bin/env python3
"""Certificates that change under connected peers, pairs that do not fit, and what is said of wrong files."""

import contextlib
import datetime
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from godot_peer import JOIN, JSON
from raw_socket import TEXT, frame
from relay import BINARY, ROOT, Checks, Relay, run_scenarios, wait_until
from tls_support import TLS12, TLS13, Certificate, TLSSocket, openssl, probe

PATIENT = {"join_timeout": 60}
PEERS = 50


def serial(relay):
    """The number of the certificate that a newcomer sees."""
    with contextlib.suppress(OSError, ssl.SSLError):
        pem = ssl.get_server_certificate(("127.0.0.1", relay.port), timeout=5)
        return int(openssl("x509", "-noout", "-serial", text=pem)[1].partition("=")[2], 16)
    return None


def put(certificate, file, key=None):
    """Renews as a program does that writes another file and renames it."""
    for source, target in ((certificate.file, file), (certificate.key, key)):
        if target:
            shutil.copy(source, target + ".new")
            os.rename(target + ".new", target)


def swapped(checks):
    with tempfile.TemporaryDirectory() as folder:
        old, new, third = (Certificate(folder, f"each{number}", serial=number) for number in (101, 102, 103))
        file, key = os.path.join(folder, "live.pem"), os.path.join(folder, "live.key")
        put(old, file, key)
        sessions = {version: os.path.join(folder, f"session{version}") for version in (TLS12, TLS13)}
        with Relay(listen="tls://127.0.0.1:0", settings=PATIENT, certificates=[f"{file},{key}"], admin="127.0.0.1:0",
                   errors=True) as relay:
            peers = [TLSSocket(relay, old.trusting()).open() for _ in range(PEERS)]
            for version, path in sessions.items():
                probe(relay, version, "-sess_out", path)
            checks.equal("the first is served", serial(relay), 101)

            put(new, file, key)
            checks.true("newcomers see the second by themselves", wait_until(lambda: serial(relay) == 102, 5))
            # 30 days less however long ago it was made.
            told = "the certificate for localhost is served now, good for "
            checks.true("the log says so", wait_until(lambda: relay.logged(told), 5), told, relay.log())
            for version, path in sessions.items():
                checks.true(f"{version}: tickets of before are good", "Reused, TLS" in probe(relay, version, "-sess_in",
                                                                                              path))
            answered = 0
            for peer in peers:
                peer.send(frame(TEXT, JSON.write(JOIN, 0, "").encode()))
                answered += JSON.read(peer.receive_text())[1] == 1
            checks.equal("nobody was dropped", answered, PEERS)

            put(third, file)
            checks.true("a half-renewed pair is told", wait_until(lambda: relay.logged("does not belong"), 5))
            checks.equal("and the second is served", serial(relay), 102)
            status, outcomes = relay.ask("POST", "/reload")
            checks.equal("POST /reload refuses it", status, 422)
            checks.true("with the reason", any("does not belong to the certificate" in each.get("error", "")
                                               for each in outcomes), "a reason", outcomes)
            put(third, third.file, key)
            checks.true("its key makes it whole", wait_until(lambda: serial(relay) == 103, 5))

            with open(file, "w", encoding="utf-8"):
                pass
            checks.true("an empty file is told", wait_until(lambda: relay.logged("live.pem is empty"), 5))
            os.remove(file)
            checks.true("one that is gone too", wait_until(lambda: relay.logged("cannot read"), 5))
            checks.equal("and the third is served", serial(relay), 103)
            put(old, file, key)
            checks.true("back to the first", wait_until(lambda: serial(relay) == 101, 5))
            status, outcomes = relay.ask("POST", "/reload")
            checks.equal("nothing new is no news", [status, [each for each in outcomes if "changes" in each]], [200, []])
            put(new, new.file, key)
            put(new, file)
            relay.process.send_signal(signal.SIGHUP)
            checks.true("SIGHUP takes it up", wait_until(lambda: serial(relay) == 102, 5))
            for peer in peers:
                peer.close()


def by_link(checks):
    """As certbot does it: live/ holds links into archive/, which are led elsewhere."""
    with tempfile.TemporaryDirectory() as folder:
        names = [Certificate(folder, f"archive{number}", serial=number) for number in (7, 8)]
        links = {kind: os.path.join(folder, f"live-{kind}") for kind in ("file", "key")}

        def lead(certificate):
            for kind, link in links.items():
                os.symlink(getattr(certificate, kind), link + ".new")
                os.rename(link + ".new", link)

        lead(names[0])
        with Relay(listen="tls://127.0.0.1:0", certificates=[",".join(links.values())], errors=True) as relay:
            checks.equal("what the link leads to is served", serial(relay), 7)
            lead(names[1])
            checks.true("and so when it leads elsewhere", wait_until(lambda: serial(relay) == 8, 5))


def configured(checks):
    """A saved configuration brings other certificates, and makes a listener an encrypted one."""
    with tempfile.TemporaryDirectory() as folder:
        for number in (11, 12):
            Certificate(folder, f"c{number}", serial=number)
        path = os.path.join(folder, "lobbyist.lua")

        def save(text):
            with open(path + ".new", "w", encoding="utf-8") as file:
                file.write(text + '\nmount "/" { script = "scripts/godot.lua" }\n')
            os.rename(path + ".new", path)

        def certificate(number):
            return f'certificate {{ file = "c{number}.pem", key = "c{number}.key" }}'

        save(f'listen "tls://127.0.0.1:0"\n{certificate(11)}')
        with Relay(config=path, errors=True) as relay:
            port = relay.port
            checks.equal("the first is served", serial(relay), 11)
            save(f'listen "tls://127.0.0.1:0"\n{certificate(12)}')
            checks.true("then the second", wait_until(lambda: relay.logged("is served now"), 5) and serial(relay) == 12)
            save('listen "tls://127.0.0.1:0"')
            checks.true("none is refused", wait_until(lambda: relay.logged("there is no certificate"), 5))
            checks.true("with its place", relay.logged("lobbyist.lua:1: 'tls://127.0.0.1:0' is encrypted"))
            save(f'listen "tls://127.0.0.1:0"\n{certificate(13)}')
            checks.true("a file that is lacking too", wait_until(lambda: relay.logged("lobbyist.lua:2: cannot read"), 5))
            checks.equal("and the second goes on", [serial(relay), relay.port], [12, port])
        save(f'listen "127.0.0.1:{port}"\n{certificate(11)}')
        with Relay(config=path) as relay:
            checks.equal("it is plain", relay.url.split(":")[0], "ws")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                checks.equal("plain answers", answer.status, 200)
            save(f'listen "tls://127.0.0.1:{port}"\n{certificate(11)}')
            checks.true("then it is encrypted", wait_until(lambda: serial(relay) == 11, 5))
            checks.true("the log says so", relay.logged(f"listening on wss://127.0.0.1:{port}"))


def complaint(*arguments):
    """What a relay says that does not start, and its exit code."""
    done = subprocess.run([BINARY, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)
    return done.returncode, done.stderr.strip()


def wrong_files(checks):
    with tempfile.TemporaryDirectory() as folder:
        good, other = Certificate(folder, "good"), Certificate(folder, "other")
        weak = Certificate(folder, "weak", kind="weak")
        made = {name: os.path.join(folder, name) for name in ("empty", "text", "broken", "cut", "locked", "both")}
        with open(good.file, encoding="utf-8") as file:
            pem = file.read()
        with open(good.key, encoding="utf-8") as file:
            secret = file.read()
        texts = {"empty": "", "text": "hello\n", "broken": pem[:40] + "AAAA" + pem[44:],
                 "cut": pem[:len(pem) // 2], "both": secret + pem}
        for name, text in texts.items():
            with open(made[name], "w", encoding="utf-8") as file:
                file.write(text)
        openssl("pkey", "-in", good.key, "-aes256", "-passout", "pass:secret", "-out", made["locked"])
        table = {
            "no such file": (f"{folder}/none.pem", r"cannot read \S+/none\.pem: No such file or directory"),
            "a folder": (folder, r"cannot read \S+: it is a folder"),
            "an empty file": (f"{made['empty']},{good.key}", r"\S+/empty is empty"),
            "no PEM": (f"{made['text']},{good.key}", r"\S+/text holds no certificate: .*"),
            "a broken one": (f"{made['broken']},{good.key}", r"\S+/broken holds a certificate that is broken: .*"),
            "half of one": (f"{made['cut']},{good.key}", r"\S+/cut holds a certificate that is broken: .*"),
            "no key": (good.file, r"\S+/good\.pem holds no private key: name the file that does"),
            "a key file without": (f"{good.file},{made['text']}", r"\S+/text holds no private key"),
            "an empty key": (f"{good.file},{made['empty']}", r"\S+/empty is empty"),
            "another's key": (f"{good.file},{other.key}", r"the key in \S+/other\.key does not belong to the certificate"
                              r" in \S+/good\.pem: .*"),
            "a passphrase": (f"{good.file},{made['locked']}", r"the key in \S+/locked wants a passphrase: .*"),
            "a weak key": (weak.both, r"\S+/weak\.pem cannot be used: ee key too small"),
        }
        for name, (option, expected) in table.items():
            code, said = complaint("serve", "--listen", "tls://127.0.0.1:0", "--certificate", option)
            checks.matches(f"{name}: is told", said, "lobbyist: " + expected)
            checks.equal(f"{name}: exit code", code, 1)
            path = os.path.join(folder, "lobbyist.lua")
            file, _, key = option.partition(",")
            with open(path, "w", encoding="utf-8") as script:
                script.write('listen "tls://127.0.0.1:0"\nmount "/" { script = "scripts/godot.lua" }\n'
                             f'certificate {{ file = "{file}"' + (f', key = "{key}" }}' if key else " }"))
            for command in (["serve", "--config", path], ["check", path]):
                _, said = complaint(*command)
                checks.matches(f"{name}: {command[0]} names the place", said, r"(?s).*lobbyist\.lua:3\b.*" + expected)
        with Relay(listen="tls://127.0.0.1:0", certificates=[made["both"]]) as relay:
            checks.true("a key in the same file", serial(relay) is not None)
        code, said = complaint("serve", "--listen", "tls://127.0.0.1:0")
        checks.matches("no certificate", said, "(?s)lobbyist: 'tls://127.0.0.1:0' is encrypted and there is no .*")
        checks.equal("no certificate: exit code", code, 2)
        for option in ("", "a,b,c", "a,"):
            checks.equal(f"--certificate '{option}'", complaint("serve", "--certificate", option)[0], 2)


def expired(checks):
    with tempfile.TemporaryDirectory() as folder:
        own = Certificate(folder, "own")
        past = os.path.join(folder, "past.pem")
        with open(own.key, "rb") as file:
            key = serialization.load_pem_private_key(file.read(), None)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "past")])
        now = datetime.datetime.now(datetime.timezone.utc)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        made = made.serial_number(5).not_valid_before(now - datetime.timedelta(3)).not_valid_after(
            now - datetime.timedelta(1)).sign(key, hashes.SHA256())
        with open(past, "wb") as file:
            file.write(made.public_bytes(serialization.Encoding.PEM))
        with Relay(listen="tls://127.0.0.1:0", certificates=[f"{past},{own.key}"]) as relay:
            checks.true("is told", wait_until(lambda: relay.logged("has expired"), 5))
            checks.true("and served", serial(relay) is not None)


if __name__ == "__main__":
    run_scenarios(Checks(), [(swapped,), (by_link,), (configured,), (wrong_files,), (expired,)])
