#!/usr/bin/env python3
"""PyPI `websockets`. usage: python_websockets.py URL deflate|none (whether compression is offered)"""

import asyncio
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from report import (
    CLOSE_REASON, MESSAGES, PATIENCE_SECONDS, SIZES, SUBPROTOCOLS, WAIT_SECONDS, bytes_of, equal, pieces, text_of)


async def closed(socket):
    """The close frame that comes: code and reason, as (code, reason)."""
    try:
        while True:
            await asyncio.wait_for(socket.recv(), WAIT_SECONDS)
    except ConnectionClosed as end:
        return (end.rcvd.code, end.rcvd.reason) if end.rcvd else None


async def main(url, compression):
    options = {"compression": None if compression == "none" else compression, "max_size": None}

    async def answer(socket, *messages):
        for message in messages:
            await socket.send(message)
        return await asyncio.wait_for(socket.recv(), WAIT_SECONDS)

    async with connect(url, subprotocols=SUBPROTOCOLS, **options) as socket:
        equal("a subprotocol is chosen", socket.subprotocol, "echo.v2")
        equal("no extension is", socket.protocol.extensions, [])
        for size in SIZES:
            equal(f"text of {size} bytes", await answer(socket, text_of(size)), text_of(size))
            equal(f"binary of {size} bytes", await answer(socket, bytes_of(size)), bytes_of(size))
        for name, whole in {"text": text_of(60000), "binary": bytes_of(60000), "an empty text": ""}.items():
            equal(f"{name} in fragments", await answer(socket, pieces(whole)), whole)
        for number in range(MESSAGES):
            await socket.send(str(number))
        heard = [await asyncio.wait_for(socket.recv(), WAIT_SECONDS) for _ in range(MESSAGES)]
        equal(f"{MESSAGES} messages in order", heard == [str(number) for number in range(MESSAGES)], True)
        await asyncio.wait_for(await socket.ping(b"x" * 125), WAIT_SECONDS)
        equal("a ping of 125 bytes is answered", True, True)
        await asyncio.sleep(PATIENCE_SECONDS)
        equal("pings are answered", await answer(socket, "still here"), "still here")
        await socket.send("close 4001")
        equal("closed with code and reason", await closed(socket), (4001, CLOSE_REASON))

    async with connect(url, **options) as socket:
        equal("no subprotocol is chosen unasked", socket.subprotocol, None)
        equal("the relay has heard that close answered", await answer(socket, "ended"), f"4001 {CLOSE_REASON}")
        await socket.send("close")
        equal("closed without a code", await closed(socket), (1005, ""))

    async with connect(url, **options) as socket:
        await socket.close(4002, "bye é")
        equal("closing is answered", (socket.close_code, socket.close_reason), (4002, ""))
    async with connect(url, **options) as socket:
        equal("the relay hears code and reason", await answer(socket, "ended"), "4002 bye é")
        await socket.send(text_of(65537))
        equal("a byte too many", (await closed(socket))[0], 1009)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
