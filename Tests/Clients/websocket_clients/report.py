"""What the clients written in Python share: a line for each check, and what all of them send."""

SIZES = (0, 1, 125, 126, 65535, 65536)
MESSAGES = 1000
# Several of the relay's pings long: who answers none of them is closed before.
PATIENCE_SECONDS = 1.5
WAIT_SECONDS = 10
SUBPROTOCOLS = ["echo.v1", "echo.v2"]
CLOSE_REASON = "Time is up: é 漢字"


def equal(name, got, expected):
    shown = "" if got == expected else f": expected {expected!r:.200} got {got!r:.200}"
    print(f"{'PASS' if got == expected else 'FAIL'} {name}{shown}", flush=True)


def text_of(size):
    """A text of so many bytes, with characters of two bytes where there is room for them."""
    return "é" * (size // 4) + "x" * (size - size // 4 * 2)


def bytes_of(size):
    return bytes(number % 251 for number in range(size))


def pieces(whole, count=7):
    """Cut into so many parts, among them empty ones where it is short."""
    cuts = [len(whole) * number // count for number in range(count + 1)]
    return [whole[start:end] for start, end in zip(cuts, cuts[1:])]
