"""One end of a link, by a browser: a page of this folder in Chromium (playwright) or Firefox (WebDriver BiDi).

All that a page reports (errors in its console, exceptions that nobody caught) is kept in `complaints`.
"""

import asyncio
import contextlib
import functools
import http.server
import json
import os
import re
import shutil
import tempfile
import threading
import urllib.parse

from playwright.async_api import async_playwright
from websockets.asyncio.client import connect

FOLDER = os.path.dirname(os.path.abspath(__file__))
CHROMIUM, FIREFOX = shutil.which("chromium"), shutil.which("firefox") or shutil.which("firefox-esr")
CHROMIUM_FLAGS = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    # So that an end that knows no mDNS can reach the page.
    "--disable-features=WebRtcHideLocalIpsWithMdns"]
FIREFOX_PREFERENCES = {
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
}
BIDI = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
START_SECONDS = 60
STOP_SECONDS = 5


class Pages(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(folder=FOLDER):
    """A folder over HTTP; the value is its URL, without a slash at its end."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Pages, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Chromium:
    """`async with Chromium() as browser: page = await browser.open(url)`"""
    name = "Chromium"

    def __init__(self):
        self.complaints = []

    async def __aenter__(self):
        self.playwright = await async_playwright().start()
        self.browser = await self.playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_FLAGS, chromium_sandbox=False)
        return self

    async def __aexit__(self, *_):
        await self.browser.close()
        await self.playwright.stop()

    async def open(self, url):
        page = await self.browser.new_page()
        page.on("console", lambda line: line.type in ("error", "warning") and self.complaints.append(line.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(url)
        return page

    @staticmethod
    async def evaluate(page, expression):
        return await page.evaluate(expression)

    @staticmethod
    async def close(page):
        await page.close()


class Firefox:
    """The same, without a driver: Firefox itself speaks WebDriver BiDi (https://w3c.github.io/webdriver-bidi/)."""
    name = "Firefox"

    def __init__(self):
        self.complaints, self.answers, self.last_id = [], {}, 0

    async def __aenter__(self):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        with open(os.path.join(self.folder.name, "user.js"), "w") as preferences:
            for name, value in FIREFOX_PREFERENCES.items():
                preferences.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")
        self.process = await asyncio.create_subprocess_exec(
            FIREFOX, "--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", self.folder.name,
            env={**os.environ, "HOME": self.folder.name},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        url = await asyncio.wait_for(self.address(), START_SECONDS)
        self.output = asyncio.create_task(self.process.stdout.read())
        self.socket = await connect(f"{url}/session", max_size=None)
        self.reader = asyncio.create_task(self.read())
        await self.command("session.new", capabilities={})
        await self.command("session.subscribe", events=["log.entryAdded"])
        return self

    async def __aexit__(self, *_):
        await self.socket.close()
        await self.reader
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        except asyncio.TimeoutError:
            self.process.kill()
            await self.process.wait()
        await self.output
        self.folder.cleanup()

    async def address(self):
        async for line in self.process.stdout:
            match = BIDI.search(line.decode(errors="replace"))
            if match:
                return match.group(1)
        raise RuntimeError("Firefox ended before it could be spoken to")

    async def read(self):
        async for text in self.socket:
            message = json.loads(text)
            if "id" in message:
                self.answers.pop(message["id"]).set_result(message)
            elif message["method"] == "log.entryAdded" and message["params"]["level"] in ("error", "warn"):
                self.complaints.append(message["params"]["text"])

    async def command(self, method, **params):
        self.last_id += 1
        answer = self.answers[self.last_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({"id": self.last_id, "method": method, "params": params}))
        message = await answer
        if message["type"] == "error":
            raise RuntimeError(f"{method}: {message['message']}")
        return message["result"]

    async def open(self, url):
        page = (await self.command("browsingContext.create", type="tab"))["context"]
        await self.command("browsingContext.navigate", context=page, url=url, wait="complete")
        return page

    async def evaluate(self, page, expression):
        result = await self.command(
            "script.evaluate", expression=f"Promise.resolve({expression}).then(JSON.stringify)",
            target={"context": page}, awaitPromise=True)
        if result["type"] == "exception":
            raise RuntimeError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])

    async def close(self, page):
        await self.command("browsingContext.close", context=page)


class PageEnd:
    """One page, as an end of a link: what `AiortcEnd` is, by a browser."""

    def __init__(self, browser, pages, protocol, relay, size, room="", ice="", channel=None):
        query = {"protocol": protocol, "relay": relay, "bytes": size, "room": room, "ice": ice}
        if channel is not None:
            query["channel"] = channel
        self.browser, self.url = browser, f"{pages}/index.html?{urllib.parse.urlencode(query)}"

    async def __aenter__(self):
        self.page = await self.browser.open(self.url)
        return self

    async def __aexit__(self, *_):
        await self.browser.close(self.page)

    @property
    def entered(self):
        return self.browser.evaluate(self.page, "link.entered")

    @property
    def gathered(self):
        return self.browser.evaluate(self.page, "link.gathered")

    @property
    def done(self):
        return self.browser.evaluate(self.page, "link.done")
