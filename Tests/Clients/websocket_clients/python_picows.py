#!/usr/bin/env python3
"""PyPI `picows`, which works with frames. usage: python_picows.py URL"""

import asyncio
import sys

from picows import WSCloseCode, WSListener, WSMsgType, ws_connect

from report import (
    CLOSE_REASON, MESSAGES, PATIENCE_SECONDS, SIZES, SUBPROTOCOLS, WAIT_SECONDS, bytes_of, equal, pieces, text_of)

TYPES = {str: WSMsgType.TEXT, bytes: WSMsgType.BINARY}


class Listener(WSListener):
    def __init__(self):
        self.frames = asyncio.Queue()

    def on_ws_frame(self, transport, frame):
        kind = frame.msg_type
        if kind == WSMsgType.TEXT:
            self.frames.put_nowait(frame.get_payload_as_utf8_text())
        elif kind == WSMsgType.CLOSE:
            reason = (frame.get_close_message() or b"").decode()
            self.frames.put_nowait((int(frame.get_close_code()), reason))
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        else:
            self.frames.put_nowait((kind, frame.get_payload_as_bytes()))


class Client:
    """One connection whose frames are waited for one by one."""

    async def __aenter__(self):
        self.transport, self.listener = await ws_connect(Listener, self.url, extra_headers=self.headers)
        return self

    async def __aexit__(self, *_):
        self.transport.disconnect()
        await self.transport.wait_disconnected()

    def __init__(self, url, headers=None):
        self.url, self.headers = url, headers

    def send(self, *parts):
        """One message, in as many frames as there are parts."""
        for number, part in enumerate(parts):
            kind = TYPES[type(part)] if number == 0 else WSMsgType.CONTINUATION
            data = part.encode() if isinstance(part, str) else part
            self.transport.send(kind, data, fin=number == len(parts) - 1)

    async def hear(self):
        return await asyncio.wait_for(self.listener.frames.get(), WAIT_SECONDS)

    async def answer(self, *parts):
        self.send(*parts)
        return await self.hear()


async def main(url):
    async with Client(url, {"Sec-WebSocket-Protocol": ", ".join(SUBPROTOCOLS)}) as client:
        chosen = client.transport.response.headers.get("Sec-WebSocket-Protocol")
        equal("a subprotocol is chosen", chosen, "echo.v2")
        for size in SIZES:
            equal(f"text of {size} bytes", await client.answer(text_of(size)), text_of(size))
            equal(f"binary of {size} bytes", await client.answer(bytes_of(size)), (WSMsgType.BINARY, bytes_of(size)))
        equal("text in fragments", await client.answer(*pieces(text_of(60000))), text_of(60000))
        equal("binary in fragments", await client.answer(*pieces(bytes_of(60000))),
              (WSMsgType.BINARY, bytes_of(60000)))
        for number in range(MESSAGES):
            client.send(str(number))
        heard = [await client.hear() for _ in range(MESSAGES)]
        equal(f"{MESSAGES} messages in order", heard == [str(number) for number in range(MESSAGES)], True)
        client.transport.send_ping(b"x" * 125)
        equal("a ping of 125 bytes is answered", await client.hear(), (WSMsgType.PONG, b"x" * 125))
        await asyncio.sleep(PATIENCE_SECONDS)
        equal("pings are answered", await client.answer("still here"), "still here")
        equal("closed with code and reason", await client.answer("close 4001"), (4001, CLOSE_REASON))
    async with Client(url) as client:
        equal("the relay has heard that close answered", await client.answer("ended"), f"4001 {CLOSE_REASON}")
        equal("closed without a code", (await client.answer("close"))[0], int(WSCloseCode.NO_INFO))
    async with Client(url) as client:
        client.transport.send_close(4002, "bye é".encode())
        equal("closing is answered", (await client.hear())[0], 4002)
    async with Client(url) as client:
        equal("the relay hears code and reason", await client.answer("ended"), "4002 bye é")
        equal("a byte too many", (await client.answer(text_of(65537)))[0], 1009)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
