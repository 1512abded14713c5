"""EOP frames: octets in, frames out, and the other way round.

What lives here: the header, the opcodes, their errors, payloads. What never comes in: sockets, clocks, policy.

    >>> decoder = Decoder(limit=1048576)
    >>> decoder.feed(b"".join(normal(Payload(b"hi"))))
    >>> decoder.next()
    Frame(payload=b'hi', target=None)
    >>> decoder.next() is None
    True
"""
from __future__ import annotations

import socket
import struct
from typing import List, NamedTuple, Optional

NORMAL = 0x0001
REDIRECT = 0x0002
SWAPPED = (0x0100, 0x0200)
HEADER = struct.Struct("!HH4sI")  # opcode, port, addr, slen (EOP-FRM-1)
SLEN_MAX = 0xFFFFFFFF
DEFAULT_LIMIT = 1048576  # octets of payload (EOP-LIM-2)

PERIOD = 251
BLOCK = memoryview(bytes(range(PERIOD)) * 4178)  # about 1 MiB, a whole number of periods


class ProtocolError(Exception):
    """The peer broke the protocol; `kind` is the stable name of section 9."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind


class Endpoint(NamedTuple):
    """An IPv4 address in dotted decimal, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def forbidden(self) -> bool:
        """Whether no REDIRECT may name it: port 0, 0/8, 224/4 or 240/4 (EOP-RED-14, EOP-POL-1)."""
        first = int(self.host.split(".", 1)[0])
        return self.port == 0 or first == 0 or first >= 224


class Payload:
    """Octets to send, as buffers; the test pattern of 4 GiB costs no more than one block of it."""

    __slots__ = ("chunks", "size")

    def __init__(self, octets: bytes = b"") -> None:
        self.chunks: List[memoryview] = [memoryview(octets)] if octets else []
        self.size = len(octets)

    @classmethod
    def pattern(cls, size: int) -> "Payload":
        """`size` octets, of which octet i is i mod 251."""
        whole, rest = divmod(size, len(BLOCK))
        payload = cls()
        payload.chunks = [BLOCK] * whole + ([BLOCK[:rest]] if rest else [])
        payload.size = size
        return payload


class Frame(NamedTuple):
    """A complete frame as received: NORMAL if `target` is None, else a REDIRECT there."""

    payload: bytes
    target: Optional[Endpoint]


def normal(payload: Payload) -> List[memoryview]:
    """The octets of a NORMAL frame, port and addr zero (EOP-FRM-6)."""
    return _frame(NORMAL, Endpoint("0.0.0.0", 0), payload)


def redirect(target: Endpoint, payload: Payload) -> List[memoryview]:
    """The octets of a REDIRECT to `target`; an empty `payload` means no response (EOP-RED-3)."""
    return _frame(REDIRECT, target, payload)


def _frame(opcode: int, endpoint: Endpoint, payload: Payload) -> List[memoryview]:
    if payload.size > SLEN_MAX:  # EOP-LIM-5
        raise ValueError(f"a payload of {payload.size} octets does not fit slen")
    header = HEADER.pack(opcode, endpoint.port, socket.inet_aton(endpoint.host), payload.size)
    return [memoryview(header), *payload.chunks]


class Decoder:
    """Delimits frames by slen alone, however the stream is cut into reads (EOP-FRM-2).

    It holds what was received and nothing in advance of it (EOP-LIM-4), and looks at nothing behind an error
    (EOP-FRM-9). With `redirects=False`, the server's side, a REDIRECT header is an error (EOP-RED-2).
    """

    def __init__(self, limit: int, redirects: bool = True) -> None:
        self.limit = limit
        self.redirects = redirects
        self.headers = 0  # complete headers so far: names the header that a clock runs for
        self._octets = bytearray()
        self._head: Optional[Frame] = None  # the header of the frame whose payload is awaited
        self._slen = 0
        self._opcode_known = False

    def feed(self, octets) -> None:
        """Take octets as they came."""
        self._octets += octets

    def next(self) -> Optional[Frame]:
        """The next complete frame, None if there is none yet; ProtocolError if there never will be."""
        if self._head is None and not self._read_header():
            return None
        if len(self._octets) < self._slen:
            return None
        with memoryview(self._octets) as view:
            frame = self._head._replace(payload=bytes(view[:self._slen]))
        del self._octets[:self._slen]
        self._head = None
        return frame

    def in_header(self) -> bool:
        """Whether the first octet of a header came and its last did not (EOP-TIM-1)."""
        return self._head is None and len(self._octets) > 0

    def finish(self) -> None:
        """The stream ended: an error inside a frame, fine between two (EOP-FRM-5)."""
        if self._head is not None:
            raise ProtocolError("TruncatedFrame", f"{len(self._octets)} of {self._slen} octets of payload")
        if self._octets:
            raise ProtocolError("TruncatedFrame", f"{len(self._octets)} of {HEADER.size} octets of header")

    def _read_header(self) -> bool:
        if not self._opcode_known and len(self._octets) >= 2:
            self._check_opcode(int.from_bytes(self._octets[:2], "big"))
        if len(self._octets) < HEADER.size:
            return False
        opcode, port, addr, slen = HEADER.unpack_from(self._octets)
        if opcode == REDIRECT and not self.redirects:
            raise ProtocolError("UnexpectedRedirect", "a client sent a REDIRECT")
        if slen > self.limit:  # EOP-LIM-3
            raise ProtocolError("MessageTooLarge", f"slen {slen}, limit {self.limit}")
        target = Endpoint(socket.inet_ntoa(addr), port) if opcode == REDIRECT else None  # EOP-FRM-7
        self._head, self._slen = Frame(b"", target), slen
        self._opcode_known = False
        self.headers += 1
        del self._octets[:HEADER.size]
        return True

    def _check_opcode(self, opcode: int) -> None:
        """EOP-OPC-2 to EOP-OPC-6, as soon as two octets are there."""
        if opcode in SWAPPED:
            raise ProtocolError("ByteOrderMismatch", f"opcode 0x{opcode:04x}")
        if opcode not in (NORMAL, REDIRECT):
            raise ProtocolError("UnknownOpcode" if self.headers else "NotEop", f"opcode 0x{opcode:04x}")
        self._opcode_known = True
