"""A reader and a writer of frames: what run.py tests, and what you put your own in place of. Standard library only."""

CORE = {1: "normal", 2: "redirect"}


class Fault(Exception):
    """The connection fails; the argument is the error's name."""


class Reader:
    """Reads a stream in any pieces: `items` are complete frames. After a redirect it leaves octets in `rest`."""

    def __init__(self, limit=None, first=True):
        self.limit, self.first = limit, first
        self.held, self.items, self.rest, self.over = b"", [], b"", False

    def feed(self, octets):
        self.held += octets
        while not self.over and self.step():
            pass
        if self.over:
            self.rest, self.held = self.rest + self.held, b""

    def step(self):
        """Takes one frame off what is held, if it is there."""
        if len(self.held) < 2:
            return False
        opcode = int.from_bytes(self.held[:2], "big")
        if opcode not in CORE:
            swapped = opcode in (0x0100, 0x0200)
            raise Fault("ByteOrderMismatch" if swapped else "NotEop" if self.first else "UnknownOpcode")
        if len(self.held) < 12:
            return False
        slen = int.from_bytes(self.held[8:12], "big")
        if self.limit is not None and slen > self.limit:
            raise Fault("MessageTooLarge")
        if len(self.held) < 12 + slen:
            return False
        target = ".".join(map(str, self.held[4:8])) + f":{int.from_bytes(self.held[2:4], 'big')}"
        self.items.append((CORE[opcode], target if opcode == 2 else None, self.held[12 : 12 + slen]))
        self.held, self.first, self.over = self.held[12 + slen :], False, opcode == 2
        return True


def encode(kind, target, payload):
    addr, port = target.split(":") if kind == "redirect" else ("0.0.0.0", "0")
    opcode = {"normal": 1, "redirect": 2}[kind]
    quad = bytes(int(part) for part in addr.split("."))
    return opcode.to_bytes(2, "big") + int(port).to_bytes(2, "big") + quad + len(payload).to_bytes(4, "big") + payload
