#!/usr/bin/env python3
"""A lobby of Godot peers through Debian's nginx, Caddy and HAProxy, configured as examples/deploy shows."""

import asyncio
import contextlib
import functools
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile

from websockets.exceptions import InvalidStatus

from godot_peer import ANSWER, JOIN, OFFER, SEAL, Peer
from relay import PING_LIMIT, ROOT, Checks, Relay, free_port, run_scenarios, wait_until
from tls_support import Certificate

NAME = "relay.example.org"
SCENARIO_SECONDS = 60
START_SECONDS = 10
# The examples' time-outs of a minute become this, and the relay pings more often than that.
PROXY_SECONDS = 2
PING_MILLISECONDS = 500


def scenario(function):
    @functools.wraps(function)
    def run(checks, *arguments):
        asyncio.run(asyncio.wait_for(function(checks, *arguments), SCENARIO_SECONDS))
    return run


def certificate(folder):
    made = Certificate(folder, "made", dns=(NAME,))
    shutil.copy(made.file, os.path.join(folder, "fullchain.pem"))
    shutil.copy(made.key, os.path.join(folder, "privkey.pem"))
    with open(os.path.join(folder, f"{NAME}.pem"), "w", encoding="utf-8") as both:
        for part in (made.file, made.key):
            with open(part, encoding="utf-8") as file:
                both.write(file.read())
    # Workers of a proxy that gives up being root look into it as well.
    os.chmod(folder, 0o755)


class Proxy:
    """A proxy that was started by hand with its example, its ports, files and times replaced by those of the test."""
    times_out = True
    reload = None

    def __init__(self, folder, relay):
        self.folder, self.relay = folder, relay
        self.port, self.plain_port = free_port(), free_port()
        self.url = f"wss://{NAME}:{self.port}"
        self.trust = ssl.create_default_context(cafile=os.path.join(folder, "fullchain.pem"))

    def example(self, name, replacements):
        with open(os.path.join(ROOT, "examples", "deploy", name), encoding="utf-8") as file:
            text = file.read()
        for old, new in replacements.items():
            if old not in text:
                raise ValueError(f"examples/deploy/{name} has no '{old}'")
            text = text.replace(old, new)
        return text

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def __enter__(self):
        command = self.command()
        self.log = open(os.path.join(self.folder, "log"), "w+b")  # noqa: SIM115 - closed with the proxy
        self.process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT, env=self.environment())
        if not wait_until(self.listens, START_SECONDS):
            self.__exit__()
            raise RuntimeError(f"{' '.join(command)} does not listen:\n{self.said()}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def environment(self):
        return {**os.environ, "HOME": self.folder, "XDG_DATA_HOME": self.folder, "XDG_CONFIG_HOME": self.folder}

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def peer(self, **options):
        return Peer(self, ssl=self.trust, host="127.0.0.1", port=self.port, **options)

    def get(self, path="/"):
        """Status and body of a request by HTTPS."""
        plain = socket.create_connection(("127.0.0.1", self.port), START_SECONDS)
        connection = http.client.HTTPConnection(NAME, self.port, timeout=START_SECONDS)
        connection.sock = self.trust.wrap_socket(plain, server_hostname=NAME)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    def plain(self):
        """Status and place of what a request without TLS is answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.plain_port, timeout=START_SECONDS)
        connection.request("GET", "/", headers={"Host": NAME})
        answer = connection.getresponse()
        place = answer.getheader("Location")
        connection.close()
        return answer.status, place


class Nginx(Proxy):
    name = "nginx"

    def command(self):
        self.write("lobbyist.conf", self.example("nginx.conf", {
            "/etc/letsencrypt/live/relay.example.org": self.folder, "127.0.0.1:9080": f"127.0.0.1:{self.relay.port}",
            "listen 80;": f"listen {self.plain_port};", "listen [::]:80;": "",
            "listen 443 ssl;": f"listen {self.port} ssl;", "listen [::]:443 ssl;": "", " 60s;": f" {PROXY_SECONDS}s;"}))
        kinds = "\n".join(f"{kind}_temp_path {self.folder}/{kind};"
                          for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        path = self.write("main.conf", f"""
            pid {self.folder}/pid; error_log stderr; worker_processes 1; daemon off;
            events {{ worker_connections 1024; }}
            http {{ access_log off; {kinds} include {self.folder}/lobbyist.conf; }}""")
        return ["nginx", "-p", self.folder, "-c", path, "-e", "stderr"]

    def reload(self):
        subprocess.run(["nginx", "-p", self.folder, "-c", os.path.join(self.folder, "main.conf"), "-e", "stderr",
                        "-s", "reload"], check=True, capture_output=True)


class Caddy(Proxy):
    """Has no time-outs; version 2.6 ends its WebSockets when it is reloaded (`stream_close_delay` came with 2.7)."""
    name = "caddy"
    times_out = False

    def command(self):
        site = self.example("Caddyfile", {
            "127.0.0.1:9080": f"127.0.0.1:{self.relay.port}",
            f"\n{NAME} {{": f"\n{NAME} {{\n\ttls {self.folder}/fullchain.pem {self.folder}/privkey.pem"})
        options = f"{{\n\tadmin off\n\n\thttps_port {self.port}\n\thttp_port {self.plain_port}\n}}\n"
        return ["caddy", "run", "--adapter", "caddyfile", "--config", self.write("Caddyfile", options + site)]


class HAProxy(Proxy):
    name = "haproxy"

    def command(self):
        path = self.write("haproxy.cfg", self.example("haproxy.cfg", {
            "/etc/haproxy/relay.example.org.pem": f"{self.folder}/{NAME}.pem",
            "127.0.0.1:9080": f"127.0.0.1:{self.relay.port}", "bind :80": f"bind 127.0.0.1:{self.plain_port}",
            "bind :443": f"bind 127.0.0.1:{self.port}", " 60s": f" {PROXY_SECONDS}s",
            "maxconn 60000": "maxconn 200"}))
        # As a master, whose worker is started anew by SIGUSR2.
        return ["haproxy", "-W", "-q", "-f", path]

    def reload(self):
        self.process.send_signal(signal.SIGUSR2)


PROXIES = {kind.name: kind for kind in (Nginx, Caddy, HAProxy)}


@contextlib.contextmanager
def behind(name, **options):
    """A relay and the proxy of this name in front of it."""
    with tempfile.TemporaryDirectory() as folder:
        certificate(folder)
        relay = Relay(**{"settings": {"join_timeout": 20}, **options})
        relay.command += ["--proxy", "127.0.0.1"]
        with relay, PROXIES[name](folder, relay) as proxy:
            yield proxy


async def meet(checks, tag, ana, bob):
    """Bob is told of Ana and she of him, and a session description goes each way."""
    await bob.join(ana.lobby, others=1)
    checks.equal(f"{tag}: the newcomer is announced", (await ana.hear())[1], bob.id)
    description = "v=0\r\n" + "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n" * 400
    await bob.send(OFFER, ana.id, description)
    checks.equal(f"{tag}: an offer of 17 KB arrives", await ana.hear(), (OFFER, bob.id, description))
    await ana.send(ANSWER, bob.id, "answer")
    checks.equal(f"{tag}: the answer arrives", await bob.hear(), (ANSWER, ana.id, "answer"))


@scenario
async def lobby(checks, name):
    """What players do, pages and redirects; and a player who says nothing for longer than the proxy waits."""
    with behind(name, limits={PING_LIMIT: PING_MILLISECONDS}) as proxy:
        async with proxy.peer() as ana, proxy.peer() as bob, proxy.peer() as late:
            await ana.create()
            await meet(checks, name, ana, bob)
            await asyncio.sleep(2 * PROXY_SECONDS)
            await ana.send(SEAL)
            checks.equal(f"{name}: the connection holds while nobody speaks", (await bob.hear())[0], SEAL)
            await late.send(JOIN, 0, ana.lobby)
            checks.equal(f"{name}: close codes and reasons pass", await late.closed(), (4000, "Lobby is sealed"))
        status, body = proxy.get()
        checks.true(f"{name}: a plain request is answered by the relay", status == 200 and b"obbyist" in body,
                    "200 by the relay", (status, body))
        status, place = proxy.plain()
        checks.true(f"{name}: without TLS the client is sent to https", status in (301, 302, 308)
                    and place.startswith(f"https://{NAME}"), "a redirect", (status, place))


@scenario
async def silence(checks, name):
    """The same without pings: the proxy's time-out ends the connection. So it is the pings that hold it."""
    with behind(name, limits={PING_LIMIT: 0}) as proxy:
        async with proxy.peer() as ana:
            await ana.create()
            code, _ = await ana.closed(4 * PROXY_SECONDS)
            checks.equal(f"{name}: without pings the time-out ends a silent connection", code, 1006)


@scenario
async def reload(checks, name):
    with behind(name) as proxy:
        async with proxy.peer() as ana:
            await ana.create()
            for time in ("first", "second"):
                proxy.reload()
                await asyncio.sleep(0.5)
                async with proxy.peer() as bob:
                    await meet(checks, f"{name}, after the {time} reload", ana, bob)
                await ana.hear()


@scenario
async def relay_gone(checks, name):
    """What clients are told while the relay is away."""
    with behind(name) as proxy:
        proxy.relay.stop()
        try:
            async with proxy.peer():
                checks.true(f"{name}: nobody is connected to a relay that is gone", False)
        except InvalidStatus as refusal:
            checks.true(f"{name}: a relay that is gone is a 502 or 503",
                        refusal.response.status_code in (502, 503), "502 or 503", refusal.response.status_code)


@scenario
async def addresses(checks, name):
    """The limit counts the players' addresses, which the proxy tells, and not what players claim."""
    with behind(name, limits={"connections_per_address": 2}) as proxy:
        near, far = ({"local_addr": (address, 0)} for address in ("127.0.0.2", "127.0.0.3"))
        async with proxy.peer(**near), proxy.peer(**near), proxy.peer(**far):
            try:
                claims = {"X-Forwarded-For": "203.0.113.7"}
                async with proxy.peer(**near, additional_headers=claims):
                    checks.true(f"{name}: a third connection of an address is refused", False)
            except InvalidStatus as refusal:
                checks.equal(f"{name}: a third connection of an address is refused",
                             refusal.response.status_code, 429)


def scenarios():
    for name, kind in PROXIES.items():
        if not shutil.which(name):
            print(f"left out: {name} (not installed)")
            continue
        yield from ((each, name) for each in (lobby, relay_gone, addresses))
        if kind.times_out:
            yield silence, name
        if kind.reload:
            yield reload, name


if __name__ == "__main__":
    # Where Debian puts servers, which is not on the path of everybody.
    os.environ["PATH"] += ":/usr/sbin"
    run_scenarios(Checks(), list(scenarios()))
