"""Floods, one connection at a time: what is sent, and the answer that the documentation names."""

import os
import zlib

from raw_socket import BINARY, CONTINUATION, PING, TEXT, RawSocket, frame, upgrade_request

MESSAGE_BYTES, HEAD_BYTES, HEAD_FIELDS = 65536, 8192, 100
MESSAGES_A_SECOND, BYTES_A_SECOND, LOBBIES = 40, 300_000, 50
LIMITS = {"messages_per_second": MESSAGES_A_SECOND, "bytes_per_second": BYTES_A_SECOND, "lobbies": LOBBIES}
CREATE = frame(TEXT, b'{"type":0,"id":0,"data":""}')
FLOODS = {}


def flood(*expected):
    """Notes a flood with the answers that are right: close codes, HTTP statuses."""
    def note(function):
        FLOODS[function.__name__.replace("_", " ")] = function, expected
        return function
    return note


def opened(relay, extra=()):
    raw = RawSocket(relay)
    raw.upgrade("/", extra)
    return raw


def code_after(relay, *parts, extra=()):
    """The close code that comes for these frames, however many of them are still taken."""
    with opened(relay, extra) as raw:
        try:
            for part in parts:
                raw.send(part)
        except OSError:
            pass  # It is closed already; the answer is there to be read, or a reset has overtaken it.
        try:
            return raw.close_code()
        except OSError as error:
            return type(error).__name__


def status_of(relay, request):
    with RawSocket(relay) as raw:
        try:
            raw.send(request)
        except OSError:
            pass
        return raw.status()


@flood(1008)
def messages(relay):
    """Sealing a lobby over and over: all of it is right, but for the number."""
    return code_after(relay, CREATE + frame(TEXT, b'{"type":7,"id":0,"data":""}') * (2 * MESSAGES_A_SECOND))


@flood(1008)
def bytes_of_messages(relay):
    return code_after(relay, CREATE, *[frame(TEXT, b'{"type":7,"id":0,"data":"' + b"x" * 60_000 + b'"}')] * 10)


@flood(4000)
def joins(relay):
    return code_after(relay, CREATE * 10)


@flood(1009)
def one_large_message(relay):
    return code_after(relay, frame(BINARY, b"x" * (MESSAGE_BYTES + 1)))


@flood(1009)
def a_terabyte_announced(relay):
    return code_after(relay, b"\x82\xff" + (1 << 40).to_bytes(8, "big") + b"mask")


@flood(1009)
def fragments_without_end(relay):
    return code_after(relay, frame(BINARY, b"x", final=False),
                      *[frame(CONTINUATION, b"x" * 1000, final=False)] * 100)


@flood(1007)
def invalid_utf8(relay):
    return code_after(relay, frame(TEXT, b"\xed\xa0\x80" * 1000))


@flood(1007)
def invalid_utf8_in_fragments(relay):
    return code_after(relay, frame(TEXT, b"\xe2", final=False), frame(CONTINUATION, b"\x82", final=False),
                      frame(CONTINUATION, b"x"))


@flood(1002)
def unmasked(relay):
    return code_after(relay, frame(TEXT, b"x" * 100, masked=False) * 50)


@flood(1002)
def reserved_bits(relay):
    return code_after(relay, *[frame(TEXT, b"x", reserved=bits) for bits in (1, 2, 3, 5, 6, 7)])


@flood(1002)
def reserved_opcodes(relay):
    return code_after(relay, *[frame(opcode, b"x") for opcode in (3, 7, 11, 15)])


@flood(1002)
def long_pings(relay):
    return code_after(relay, frame(PING, b"x" * 126))


@flood(1002, 1009, 1007, 1005, 1000)
def garbage_behind_the_handshake(relay):
    """Whatever it happens to say; the first byte is one that nothing begins with."""
    with RawSocket(relay) as raw:
        raw.send(upgrade_request(raw.host) + b"\xff" + os.urandom(3000))
        if raw.status() != 101:
            return "refused"
        return raw.close_code()


@flood(431)
def large_heads(relay):
    return status_of(relay, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 2 * HEAD_BYTES)


@flood(431)
def many_fields(relay):
    return status_of(relay, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * (HEAD_FIELDS + 5) + b"\r\n")


@flood(400)
def heads_of_garbage(relay):
    return status_of(relay, bytes(range(128, 256)) * 4 + b"\r\n\r\n")


@flood(400)
def smuggling(relay):
    return status_of(relay, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0")


@flood("one answer")
def requests_in_a_row(relay):
    """Each connection is for one request: the others are not looked at."""
    with RawSocket(relay) as raw:
        raw.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
        if raw.status() not in (200, 426):
            return "refused"
        raw.ended()
        return "one answer" if raw.pending.count(b"HTTP/1.1 ") == 0 else raw.pending


@flood(1009)
def compression_bombs(relay):
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    squeezed = (bomb.compress(bytes(16 << 20)) + bomb.flush(zlib.Z_SYNC_FLUSH))[:-4]
    return code_after(relay, frame(BINARY, squeezed, reserved=4),
                      extra=("Sec-WebSocket-Extensions: permessage-deflate",))


@flood(1007)
def broken_compression(relay):
    return code_after(relay, frame(BINARY, b"\xff" * 100, reserved=4),
                      extra=("Sec-WebSocket-Extensions: permessage-deflate",))


@flood(1008)
def too_many_pings(relay):
    return code_after(relay, frame(PING, b"") * 2000)


@flood(1008)
def empty_fragments(relay):
    return code_after(relay, frame(TEXT, b"", final=False), *[frame(CONTINUATION, b"", final=False) * 1000] * 50)
