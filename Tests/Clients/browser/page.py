"""The demo's page in Chromium, as persons would have it open: a browser, its persons, and ways to disturb them."""

import functools
import http.server
import os
import re
import select
import socket
import sys
import threading
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from relay import ROOT, Relay, wait_until  # noqa: E402

FOLDER = os.path.join(ROOT, "examples", "browser")
CONFIGURATION = os.path.join(FOLDER, "lobbyist.lua")
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         # So that pages of one machine reach each other also where only loopback is there.
         "--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns"]
WAIT_MS = 8000

# What stands out too little from what is behind it (WCAG 2.2, 1.4.3).
CONTRAST = """
() => {
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!says || !element.getClientRects().length) continue;
    const [one, other] = [light(getComputedStyle(element).color), light(behind(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) poor.push(`${element.tagName}#${element.id} ${ratio.toFixed(2)} ${element.textContent.trim()}`);
  }
  return poor;
}
"""

# Fields and buttons that a screen reader has no name for.
NAMELESS = """
() => [...document.querySelectorAll("input, select, button, canvas")].filter((one) => one.checkVisibility()
  && !(one.labels?.length || one.textContent.trim() || one.getAttribute("aria-label"))).map(({ id }) => id)
"""


class DemoRelay(Relay):
    """`lobbyist serve --demo`, or with a configuration like the demo's, and the page that it serves."""

    def __init__(self, config=None, listen="127.0.0.1:0"):
        super().__init__(config=config, demo=config is None, listen=listen)
        if config:
            self.command += ["--listen", listen]

    @property
    def page(self):
        return f"http://127.0.0.1:{self.port}/"

    def get(self, path, **headers):
        """Status, headers and body of what the relay answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Files:
    """The demo's folder over HTTP, on a port of its own: it is there also while the relay is not."""

    def __init__(self):
        handler = functools.partial(QuietHandler, directory=FOLDER)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Cable:
    """A way to the relay that can be cut: what goes through it breaks off, and for a while nothing new gets through."""

    def __init__(self, port):
        self.target = port
        self.is_cut = False
        self.pairs = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if self.is_cut:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.target))
            self.pairs.append((near, far))
            threading.Thread(target=self._pump, args=(near, far), daemon=True).start()

    def _pump(self, near, far):
        other = {near: far, far: near}
        try:
            while True:
                for one in select.select([near, far], [], [], 1)[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    other[one].sendall(data)
        except (OSError, ValueError):
            return
        finally:
            near.close()
            far.close()

    def cut(self):
        self.is_cut = True
        for pair in self.pairs:
            for one in pair:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self.pairs = []

    def mend(self):
        self.is_cut = False

    def stop(self):
        self.listener.close()
        self.cut()


class Reader:
    """Somebody who looks at `page`."""

    def text(self, selector):
        return re.sub(r"\s+", " ", self.page.inner_text(selector)).strip()

    def sees(self, selector, text, seconds=WAIT_MS / 1000):
        """Whether the element comes to contain this text, in whatever case. `text` may be a pattern."""
        locator = self.page.locator(selector).filter(has_text=text)
        try:
            locator.first.wait_for(state="visible", timeout=seconds * 1000)
            return True
        except Exception as error:  # noqa: BLE001 - playwright raises one class for all
            if "Timeout" not in str(error):
                raise
            return False


class Person(Reader):
    """Somebody at a browser of their own: what they do, what they see, and what the console said."""

    def __init__(self, browser, name, width=1280, height=800, scheme="light", motion="no-preference", script=None,
                 touch=False, beside=None):
        """`beside`: another person, whose browser this one uses in a second tab."""
        self.name = name
        self.context = beside.context if beside else browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion=motion,
            device_scale_factor=1, has_touch=touch)
        # Without them Chromium hides loopback addresses from WebRTC.
        self.context.grant_permissions(["microphone", "camera"])
        self.page = self.context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        if script:
            self.page.add_init_script(script)
        self.console, self.sockets, self.closed_sockets = [], 0, 0
        self.page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.console.append(f"error: {error}"))
        self.page.on("websocket", self._count)

    def _count(self, websocket):
        self.sockets += 1
        websocket.on("close", self._count_close)

    def _count_close(self, _):
        self.closed_sockets += 1

    def looks_at(self, url):
        self.page.goto(url)
        return self

    def opens(self, url):
        # Also when it is only the part behind # that changes.
        self.page.goto("about:blank")
        self.looks_at(url)
        self.page.fill("#name", self.name)
        return self

    def starts(self):
        """Opens a lobby; answers its code."""
        self.page.click("#enter")
        self.page.wait_for_selector("#play", state="visible")
        return self.code()

    def follows(self, link):
        self.opens(link)
        self.page.click("#enter")
        return self

    def leaves(self):
        self.context.close()

    def code(self):
        return self.page.text_content("#code")

    def link(self):
        return self.page.input_value("#link")

    def says(self, text):
        self.page.fill("#say", text)
        self.page.press("#say", "Enter")

    def open_channels(self, count):
        """Waits for so many others whose way is known: their channels are open. Answers how many there are."""
        rows = self.page.locator("#people li").filter(has_text="there and back")
        wait_until(lambda: self.page.wait_for_timeout(50) or rows.count() == count, WAIT_MS / 1000)
        return rows.count()

    def others(self):
        return self.page.locator("#people .name").all_inner_texts()[1:]

    def opened_ms(self):
        """From the beginning of the page's load to the first open channel."""
        return self.page.evaluate("performance.getEntriesByName('channel open')[0].startTime")

    def overflows(self):
        """How many pixels wider than the screen the page is."""
        return self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
