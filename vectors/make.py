#!/usr/bin/env python3
"""Writes the golden vectors: frames.json, rejects.json, streams.json, sessions.json.

What is expected stands here by hand; only octets are put together, with `struct`. Nothing of an implementation may
come in. `make.py --check` writes nothing and fails if a file differs from what this would write, or if README.md and
schema.json know different fields.
"""

import json
import pathlib
import re
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent

# --- Octets -----------------------------------------------------------------------------------------------------------
# Written in groups, one a header field, so that a reader sees the fields: "0001 0000 00000000 00000002 6869".


def text(octets):
    """A payload in the notation of the vectors: hex, `@N` for a pattern, `-` for nothing."""
    if isinstance(octets, int):
        return f"@{octets}"
    return octets.hex() or "-"


def length(payload):
    return payload if isinstance(payload, int) else len(payload)


def raw(opcode, port, addr, slen, payload=b""):
    quad = bytes(int(part) for part in addr.split("."))
    groups = [struct.pack(">H", opcode), struct.pack(">H", port), quad, struct.pack(">I", slen)]
    shown = " ".join(group.hex() for group in groups)
    return shown if payload == b"" else f"{shown} {text(payload)}"


def N(payload=b""):
    return raw(1, 0, "0.0.0.0", length(payload), payload)


def R(target, payload=b""):
    addr, port = target.split(":")
    return raw(2, int(port), addr, length(payload), payload)


def seq(*parts):
    return " ".join(part for part in parts if part != "-") or "-"


def first(octets, count):
    """The first `count` octets of some (without patterns)."""
    return bytes.fromhex(octets.replace(" ", ""))[:count].hex(" ", 4) or "-"


# --- What frames mean -------------------------------------------------------------------------------------------------


def normal(payload):
    return {"type": "normal", "payload": text(payload)}


def redirect(target, payload=b""):
    return {"type": "redirect", "target": target, "payload": text(payload)}


class Vectors:
    """One file: its vectors, in the order in which they stand here."""

    def __init__(self, name, about):
        self.name = name
        self.document = {"$schema": "schema.json", "file": name, "version": 1, "about": about, "vectors": []}

    def add(self, id, note, requirements, **body):
        ids = ["EOP-" + requirement for requirement in requirements.split()]
        self.document["vectors"].append({"id": id, "note": note, "requirements": ids, **body})

    def render(self):
        """JSON with one line for each field, and for each element of a list of objects."""
        head = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in self.document.items() if key != "vectors"]
        vectors = ",\n".join(self.vector(vector) for vector in self.document["vectors"])
        return "{\n" + ",\n".join([*head, f' "vectors": [\n{vectors}\n ]']) + "\n}\n"

    @staticmethod
    def vector(vector):
        fields = []
        for key, value in vector.items():
            if isinstance(value, list) and any(isinstance(element, dict) for element in value):
                elements = ",\n".join("    " + json.dumps(element) for element in value)
                fields.append(f"   {json.dumps(key)}: [\n{elements}\n   ]")
            else:
                fields.append(f"   {json.dumps(key)}: {json.dumps(value)}")
        return "  {\n" + ",\n".join(fields) + "\n  }"


# --- frames.json ------------------------------------------------------------------------------------------------------

frames = Vectors("frames", "Whole frames: octets, the fields of the header, and what they mean.")


def frame(id, note, requirements, opcode, port, addr, slen, payload=b""):
    meaning = normal(payload) if opcode == 1 else redirect(f"{addr}:{port}", payload)
    frames.add(
        id,
        note,
        requirements,
        octets=raw(opcode, port, addr, slen, payload),
        fields={"opcode": opcode, "port": port, "addr": addr, "slen": slen},
        meaning=meaning,
        canonical=opcode == 2 or (port == 0 and addr == "0.0.0.0"),
    )


frame("normal-hi", "an example of the specification", "FRM-1 OPC-1 FRM-6", 1, 0, "0.0.0.0", 2, b"hi")
frame("normal-empty", "an empty message is a message", "FRM-8", 1, 0, "0.0.0.0", 0)
frame("normal-one-octet", "the shortest payload", "FRM-1", 1, 0, "0.0.0.0", 1, b"\x00")
frame("normal-zeros", "a payload of zeros as long as a header", "FRM-1", 1, 0, "0.0.0.0", 12, bytes(12))
frame("normal-ones", "a payload of 0xff", "FRM-1", 1, 0, "0.0.0.0", 4, b"\xff" * 4)
frame("normal-text", "a payload that is another protocol is opaque", "FRM-9", 1, 0, "0.0.0.0", 18, b"GET / HTTP/1.1\r\n\r\n")
frame("normal-inner-frame", "a payload that is a REDIRECT frame is opaque", "FRM-9", 1, 0, "0.0.0.0", 12,
      bytes.fromhex("00022328c000020a00000000"))
frame("normal-inner-normal", "a payload that is a NORMAL frame is opaque", "FRM-9", 1, 0, "0.0.0.0", 14,
      bytes.fromhex("000100000000000000000002") + b"hi")
frame("normal-255", "slen in its last octet only", "FRM-1", 1, 0, "0.0.0.0", 255, 255)
frame("normal-256", "slen in its third octet: tells byte orders apart", "FRM-1", 1, 0, "0.0.0.0", 256, 256)
frame("normal-257", "slen in two octets, alike in both", "FRM-1", 1, 0, "0.0.0.0", 257, 257)
frame("normal-1448", "a segment's payload and a header more", "FRM-1", 1, 0, "0.0.0.0", 1448, 1448)
frame("normal-65535", "the longest 16-bit length", "LIM-1", 1, 0, "0.0.0.0", 65535, 65535)
frame("normal-65536", "the payload that every receiver accepts; slen in its second octet", "LIM-1", 1, 0, "0.0.0.0", 65536, 65536)
frame("normal-65537", "slen in the second and the last octet", "FRM-1", 1, 0, "0.0.0.0", 65537, 65537)
frame("normal-port-set", "port is ignored on receipt", "FRM-7", 1, 0xE0B1, "0.0.0.0", 2, b"hi")
frame("normal-addr-set", "addr is ignored on receipt", "FRM-7", 1, 0, "16.0.0.1", 2, b"hi")
frame("normal-all-set", "port and addr of all ones are ignored", "FRM-7", 1, 65535, "255.255.255.255", 0)
frame("normal-like-redirect", "a NORMAL with the fields of a REDIRECT stays a message", "FRM-7 OPC-1", 1, 9000, "192.0.2.10", 2, b"ok")
frame("redirect-early", "an example of the specification", "FRM-1 OPC-1", 2, 9000, "192.0.2.10", 0)
frame("redirect-late", "an example of the specification", "FRM-1 RED-3", 2, 9000, "192.0.2.10", 2, b"ok")
frame("redirect-octet-order", "each octet of port, addr and slen is another one", "FRM-1", 2, 0x0102, "3.4.5.6", 7, b"\x08\x09\x0a\x0b\x0c\x0d\x0e")
frame("redirect-quad-order", "the first octet of the dotted quad comes first", "FRM-1", 2, 4000, "10.0.0.1", 0)
frame("redirect-low-port", "port 1", "FRM-1", 2, 1, "10.0.0.2", 0)
frame("redirect-port-256", "port 256: tells byte orders apart", "FRM-1", 2, 256, "10.0.0.2", 0)
frame("redirect-high-port", "port 65535", "FRM-1", 2, 65535, "10.0.0.2", 0)
frame("redirect-long-response", "a response of 65,536 octets in a redirect", "LIM-1 RED-3", 2, 4000, "10.0.0.2", 65536, 65536)
frame("redirect-empty-looking", "a response of one zero octet is a response", "RED-3", 2, 4000, "10.0.0.2", 1, b"\x00")
frame("redirect-port-0", "a forbidden port is policy's to refuse, not the codec's", "POL-1 RED-10", 2, 0, "10.0.0.2", 2, b"ok")
frame("redirect-unspecified", "a forbidden address is policy's to refuse, not the codec's", "POL-1 RED-10", 2, 4000, "0.0.0.0", 2, b"ok")
frame("redirect-broadcast", "all ones in port and addr are a well-formed frame", "POL-1 FRM-1", 2, 65535, "255.255.255.255", 0)

# --- rejects.json -----------------------------------------------------------------------------------------------------

rejects = Vectors("rejects", "Octets that fail a connection, how soon, and the twin that does not.")


def reject(id, note, requirements, octets, first_error, later_error, suffice, possible, twin, limit=None):
    rejects.add(id, note, requirements, octets=octets, limit=limit,
                error={"first": first_error, "later": later_error},
                suffice=suffice, possible=possible, twin=twin)


def bad_opcode(id, note, opcode, requirements="OPC-2 OPC-3 OPC-5", swapped=False, rest=None):
    rest = rest or "0000 00000000 00000002 6869"
    octets = f"{opcode:04x} {rest}"
    errors = ("ByteOrderMismatch", "ByteOrderMismatch") if swapped else ("NotEop", "UnknownOpcode")
    reject(id, note, requirements, octets, *errors, 2, 1 if opcode > 0x00FF else 2, f"0001 {rest}")


bad_opcode("zeros", "0x0000 is never assigned", 0x0000)
bad_opcode("ones", "0xffff is never assigned", 0xFFFF)
bad_opcode("next-version", "0x0003 belongs to a future version", 0x0003)
bad_opcode("version-last", "0x00ff belongs to a future version", 0x00FF)
bad_opcode("normal-swapped", "NORMAL in the wrong byte order", 0x0100, "OPC-6 OPC-3", swapped=True)
bad_opcode("redirect-swapped", "REDIRECT in the wrong byte order", 0x0200, "OPC-6 OPC-3", swapped=True)
bad_opcode("first-octet-one", "0x0101 is neither swapped nor known", 0x0101)
bad_opcode("first-octet-two", "0x0201 is neither swapped nor known", 0x0201)
bad_opcode("both-opcodes", "0x0102 is not NORMAL and REDIRECT at once", 0x0102)
bad_opcode("extension", "0x1001 is an extension that nobody acknowledged", 0x1001, "OPC-2 OPC-3 EXT-1")
bad_opcode("extension-last", "0x13ff is an extension that nobody acknowledged", 0x13FF, "OPC-2 OPC-3 EXT-1")
bad_opcode("private", "0x8000 is private agreement, and there is none", 0x8000)
bad_opcode("private-last", "0xfeff is private agreement, and there is none", 0xFEFF)
bad_opcode("bit-14", "NORMAL with one bit flipped", 0x4001)
bad_opcode("bit-3", "REDIRECT with one bit flipped", 0x000A)
bad_opcode("high-octet-set", "the low octet alone is not the opcode", 0x8001)
for octet, name in ((0x14, "change-cipher-spec"), (0x15, "alert"), (0x16, "handshake"), (0x17, "application-data")):
    bad_opcode(f"tls-{name}", "a TLS record", octet << 8 | 3, rest="0100 c8010000 00000002 0303")
for name, start in (
    ("http-get", b"GET / HTTP/1.1\r\n"),
    ("http-post", b"POST / HTTP/1.1\r\n"),
    ("http-response", b"HTTP/1.1 302 Found\r\n"),
    ("http2-preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("ssh", b"SSH-2.0-OpenSSH_9.6\r\n"),
    ("smtp", b"220 mail.example ESMTP\r\n"),
    ("ftp", b"230 Login successful.\r\n"),
    ("redis", b"*1\r\n$4\r\nPING\r\n"),
):
    as_hex = start.hex()
    octets = " ".join([as_hex[:4], as_hex[4:8], as_hex[8:16], as_hex[16:24], as_hex[24:]])
    # The twin keeps all but the opcode, and a length that can be met.
    twin = f"0001 {as_hex[4:8]} {as_hex[8:16]} 00000002 6869"
    reject(name, "another protocol's first octets", "OPC-2 OPC-3 OPC-5", octets, "NotEop", "UnknownOpcode", 2, 1, twin)
reject("spaces", "two spaces are text", "OPC-2 OPC-3 OPC-5", "2020 0000 00000000 00000000", "NotEop", "UnknownOpcode", 2, 1,
       "0001 0000 00000000 00000000")
reject("one-octet", "one octet that no opcode begins with need not be judged, its second must be", "OPC-2 OPC-3 OPC-5", "47 45",
       "NotEop", "UnknownOpcode", 2, 1, N(b"hi"))
reject("opcode-only", "two octets are enough: the header is not waited for", "OPC-3", "0003", "NotEop", "UnknownOpcode", 2, 2, N(b"hi"))
reject("unknown-and-too-large", "the opcode is judged before the length", "OPC-3 LIM-2", "0003 0000 00000000 ffffffff",
       "NotEop", "UnknownOpcode", 2, 2, "0001 0000 00000000 00000040 @64", limit=64)
reject("unknown-then-valid", "an unknown frame is not skipped, a valid one after it not found", "OPC-4 FRM-9",
       seq("0003 0000 00000000 00000002 6869", N(b"hi")), "NotEop", "UnknownOpcode", 2, 2,
       seq("0001 0000 00000000 00000002 6869", N(b"hi")))
reject("too-large-by-one", "one octet over the limit, known from the header", "LIM-2 LIM-3", "0001 0000 00000000 00000041",
       "MessageTooLarge", "MessageTooLarge", 12, 12, "0001 0000 00000000 00000040 @64", limit=64)
reject("too-large-redirect", "the limit holds for the payload of a redirect", "LIM-2 LIM-3", "0002 0fa0 0a000002 00000041",
       "MessageTooLarge", "MessageTooLarge", 12, 12, "0002 0fa0 0a000002 00000040 @64", limit=64)
reject("too-large-longest", "the longest slen there is", "LIM-2 LIM-3 LIM-4", "0001 0000 00000000 ffffffff",
       "MessageTooLarge", "MessageTooLarge", 12, 12, "0001 0000 00000000 00000040 @64", limit=64)
reject("too-large-sign", "slen is unsigned: the highest bit is not a sign", "LIM-2 FRM-1", "0001 0000 00000000 80000000",
       "MessageTooLarge", "MessageTooLarge", 12, 12, "0001 0000 00000000 00000040 @64", limit=64)
reject("too-large-wrapping", "12 + slen does not wrap", "LIM-2 LIM-3", "0001 0000 00000000 fffffff4",
       "MessageTooLarge", "MessageTooLarge", 12, 12, "0001 0000 00000000 00000040 @64", limit=64)
reject("too-large-default", "one octet over the default limit", "LIM-2", "0001 0000 00000000 00100001",
       "MessageTooLarge", "MessageTooLarge", 12, 12, "0001 0000 00000000 00100000 @1048576", limit=1048576)
reject("too-large-after-zero-limit", "with a limit of 0 only empty messages pass", "LIM-2", "0001 0000 00000000 00000001 41",
       "MessageTooLarge", "MessageTooLarge", 12, 12, N(), limit=0)

# --- streams.json -----------------------------------------------------------------------------------------------------

streams = Vectors("streams", "What a client reads of a server's stream, however it is cut.")
C, D = "10.0.0.2:4000", "10.0.0.3:4000"


def stream(id, note, requirements, octets, items, cuts, limit=65536, error=None, end="boundary", partial=None, rest="-"):
    streams.add(id, note, requirements, octets=octets, limit=limit, items=items, partial=partial, error=error, end=end,
                rest=rest, cuts=cuts)


def partial(kind, announced, received, target=None):
    shape = {"type": kind, "announced": announced, "received": text(received)}
    return shape if target is None else {**shape, "target": target}


BYTEWISE = "octets"  # every octet apart
stream("nothing", "an empty stream ends at a boundary", "FRM-5", "-", [], [[], BYTEWISE])
stream("one-message", "one message", "FRM-1 FRM-2", N(b"hi"), [normal(b"hi")],
       [[], [1], [2], [4], [8], [11], [12], [13], [1, 12], [2, 13], BYTEWISE])
stream("empty-message", "an empty message is delivered", "FRM-8 FRM-2", N(), [normal(b"")], [[], [1], [11], [12], BYTEWISE])
stream("three-messages", "coalesced messages stay apart", "FRM-2 FRM-3", seq(N(b"one"), N(b"two"), N(b"three")),
       [normal(b"one"), normal(b"two"), normal(b"three")], [[], [15, 30], [14, 16], [7, 22, 37], [27], BYTEWISE])
stream("empty-among-others", "empty messages between others are counted", "FRM-8", seq(N(), N(b"a"), N(), N()),
       [normal(b""), normal(b"a"), normal(b""), normal(b"")], [[], [12], [24], [25], [37], BYTEWISE])
stream("a-hundred-empty", "a hundred empty messages in one read", "FRM-8 FRM-2", seq(*[N()] * 100), [normal(b"")] * 100,
       [[], [1], [599], [600], [601], BYTEWISE])
stream("long-message", "a message over several segments", "FRM-2 LIM-1", N(65536), [normal(65536)],
       [[], [12], [1448, 2896, 4344], [65547], [1, 2, 3]])
stream("at-the-limit", "a payload of exactly the limit", "LIM-2", N(64), [normal(64)], [[], [12], [75], BYTEWISE], limit=64)
stream("early-redirect", "nothing but a redirect", "RED-11", R(C), [redirect(C)], [[], [2], [11], [12], BYTEWISE])
stream("late-redirect", "the response travels in the redirect", "RED-3 RED-5", R(C, b"answer"), [redirect(C, b"answer")],
       [[], [12], [13], [17], BYTEWISE])
stream("message-then-redirect", "the message comes first", "RED-5 FRM-2", seq(N(b"a"), R(C)), [normal(b"a"), redirect(C)],
       [[], [13], [12, 14], [24], BYTEWISE])
stream("empty-answer-then-redirect", "an empty response before a redirect is a message of its own", "RED-4", seq(N(), R(C)),
       [normal(b""), redirect(C)], [[], [12], [11, 13], BYTEWISE])
stream("octets-after-redirect", "octets after a redirect are not looked at", "RED-9", seq(R(C), N(b"late")),
       [redirect(C)], [[], [12], [13], [24], BYTEWISE], rest=N(b"late"))
stream("garbage-after-redirect", "not even an invalid opcode after a redirect is an error", "RED-9", seq(R(C, b"ok"), "ffff ffff"),
       [redirect(C, b"ok")], [[], [14], [15], BYTEWISE], rest="ffff ffff")
stream("redirect-after-redirect", "a second redirect is not looked at", "RED-8 RED-9", seq(R(C), R(D)),
       [redirect(C)], [[], [12], [23], BYTEWISE], rest=R(D))
stream("header-cut-short", "the stream ends inside a header", "FRM-5 RED-6", seq(N(b"a"), first(R(C), 11)),
       [normal(b"a")], [[], [13], [14], [23], BYTEWISE], end="inside")
stream("one-octet-short-opcode", "the stream ends inside an opcode", "FRM-5", "00", [], [[], BYTEWISE], end="inside")
stream("payload-cut-short", "an incomplete payload is not a message", "FRM-5", "0001 0000 00000000 00000003 6162",
       [], [[], [12], [13], BYTEWISE], end="inside", partial=partial("normal", 3, b"ab"))
stream("redirect-cut-short", "an incomplete redirect is not acted on", "RED-6 FRM-5", "0002 0fa0 0a000002 00000003 6162",
       [], [[], [12], [13], BYTEWISE], end="inside", partial=partial("redirect", 3, b"ab", C))
stream("header-only", "a header whose payload never comes", "FRM-5 LIM-4", "0001 0000 00000000 00010000",
       [], [[], [6], BYTEWISE], end="inside", partial=partial("normal", 65536, b""))
stream("unknown-after-message", "a message before an unknown opcode is delivered", "OPC-2 OPC-4", seq(N(b"a"), "0003 0000"),
       [normal(b"a")], [[], [13], [14], [15], BYTEWISE], error="UnknownOpcode", end="error")
stream("text-after-message", "nothing is found in the octets after an error", "FRM-9 OPC-4", seq(N(b"a"), "48545450", N(b"b")),
       [normal(b"a")], [[], [13], [14], [15], [17], BYTEWISE], error="UnknownOpcode", end="error")
stream("swapped-after-message", "the byte order of a later frame", "OPC-6", seq(N(b"a"), "0100 0000 00000000 01000000 62"),
       [normal(b"a")], [[], [13], [14], [15], BYTEWISE], error="ByteOrderMismatch", end="error")
stream("not-eop", "a stream that never was EOP", "OPC-5", "485454502f312e3120", [], [[], [1], [2], BYTEWISE], error="NotEop",
       end="error")
stream("too-large-after-message", "the limit holds for each frame", "LIM-2", seq(N(64), "0001 0000 00000000 00000041 @65"),
       [normal(64)], [[], [76], [87], [88], BYTEWISE], limit=64, error="MessageTooLarge", end="error")
stream("payload-like-frames", "a payload that holds frames is one message", "FRM-9",
       N(bytes.fromhex("00020fa00a00000300000000000100000000000000000001")),
       [normal(bytes.fromhex("00020fa00a00000300000000000100000000000000000001"))], [[], [12], [24], BYTEWISE])

# --- sessions.json ----------------------------------------------------------------------------------------------------

sessions = Vectors("sessions", "One side of a session, step by step: what its application does, its transport, its peer.")
HOME = "10.0.0.1:4000"


def session(role, id, note, requirements, *steps, discipline="paired", greetings=0, limit=65536, budget=None, trace=None):
    body = {"role": role, "discipline": discipline, "greetings": greetings, "limit": limit}
    if role == "client":
        body["home"] = HOME
        body["resend"] = "explicit" if budget is None else "automatic"
    if budget is not None:
        body["budget"] = budget
    body["steps"] = list(steps)
    if trace is not None:
        body["trace"] = trace
    sessions.add(f"{role}-{id}", note, requirements, **body)


def client(*args, **options):
    session("client", *args, **options)


def server(*args, **options):
    session("server", *args, **options)


# Steps: what the application does.


def app(act, payload=None, *, refused=False, **fields):
    step = {"app": act}
    if payload is not None:
        step["payload"] = text(payload)
    step.update(fields)
    if refused:
        step["refused"] = True
    return step


def send(payload, **options):
    return app("send", payload, **options)


# Steps: what goes out, and what the network does.


def out(*octets, fin=False):
    step = {"out": seq(*octets) if octets else "-"}
    if fin:
        step["fin"] = True
    return step


SILENT = out()  # nothing is to be sent now


def into(octets, *events):
    return {"in": octets, "events": list(events)}


def net(what, *events):
    return {"net": what, "events": list(events)}


def account(**counts):
    return {"account": counts}


# Events.


def answer(payload):
    return {"message": text(payload), "kind": "answer"}


def greeting(payload):
    return {"message": text(payload), "kind": "greeting"}


def plain(payload):
    return {"message": text(payload), "kind": "plain"}


def request(payload):
    return {"message": text(payload), "kind": "request"}


def moved(target, owed, late=False):
    return {"redirected": target, "late": late, "owed": owed}


def ended(kind, owed=0, unsent=0, uncertain=0, **more):
    return {"ended": kind, **more, "owed": owed, "unsent": unsent, "uncertain": uncertain}


def gone(kind):
    """The end of a server's connection: a server has no account to report."""
    return {"ended": kind}


CONNECTED = net("connected")

# --- Clients: the ordinary ways ---

client("echo", "a request and its answer", "ACC-1 HCL-4",
       CONNECTED, send(b"q"), out(N(b"q")), account(outstanding=1), into(N(b"a"), answer(b"a")), account(outstanding=0),
       net("fin", ended("eof")))
client("early", "an early redirect: the request goes to the target", "RSD-3 RSD-11 RSD-5 RED-7",
       CONNECTED, send(b"q"), out(N(b"q")), into(R(C), moved(C, 1)), account(outstanding=1), CONNECTED, SILENT,
       app("resend", hop=1), out(N(b"q")), into(N(b"a"), answer(b"a")), account(outstanding=0), net("fin", ended("eof")))
client("late", "a late redirect: the answer is delivered, nothing is owed", "RED-5 ACC-1 RSD-4",
       CONNECTED, send(b"q"), out(N(b"q")), into(R(C, b"a"), answer(b"a"), moved(C, 0, late=True)), CONNECTED, SILENT,
       send(b"r"), out(N(b"r")), into(N(b"b"), answer(b"b")), net("fin", ended("eof")))
client("idle", "a redirect with nothing outstanding", "RED-7 RED-11",
       CONNECTED, into(R(C), moved(C, 0)), CONNECTED, SILENT, send(b"q"), out(N(b"q")), into(N(b"a"), answer(b"a")),
       net("fin", ended("eof")))
client("chain-early", "two early redirects: the request stays owed", "RED-16 RSD-6 RSD-5",
       CONNECTED, send(b"q"), out(N(b"q")), into(R(C), moved(C, 1)), CONNECTED, app("resend", hop=1), out(N(b"q")),
       into(R(D), moved(D, 1)), CONNECTED, SILENT, app("resend", hop=2), out(N(b"q")), into(N(b"a"), answer(b"a")),
       account(outstanding=0), net("fin", ended("eof")))
client("chain-early-late", "early, then late: answered once, nothing resent", "RED-16 RSD-4",
       CONNECTED, send(b"q"), out(N(b"q")), into(R(C), moved(C, 1)), CONNECTED, app("resend", hop=1), out(N(b"q")),
       into(R(D, b"a"), answer(b"a"), moved(D, 0, late=True)), CONNECTED, SILENT, net("fin", ended("eof")))
client("chain-before-decision", "moved on before the decision: a stale decision does not count", "RSD-6 RSD-12 RSD-11",
       CONNECTED, send(b"q"), out(N(b"q")), into(R(C), moved(C, 1)), CONNECTED, into(R(D), moved(D, 1)), CONNECTED,
       app("resend", hop=1, refused=True), SILENT, app("resend", hop=2), out(N(b"q")), into(N(b"a"), answer(b"a")),
       net("fin", ended("eof")), trace=19)
client("drop", "owed and dropped: never sent again", "RSD-17 RSD-13",
       CONNECTED, send(b"q"), out(N(b"q")), into(R(C), moved(C, 1)), CONNECTED, send(b"r", refused=True),
       app("drop", hop=1), account(outstanding=0), SILENT, send(b"r"), out(N(b"r")), into(N(b"b"), answer(b"b")),
       net("fin", ended("eof")))
client("decide-nothing", "a decision where nothing is owed is refused", "RSD-12",
       CONNECTED, app("resend", hop=0, refused=True), into(R(C), moved(C, 0)), CONNECTED,
       app("drop", hop=1, refused=True), SILENT, net("fin", ended("eof")))
client("close", "the application closes", "FAI-2",
       CONNECTED, send(b"q"), out(N(b"q")), app("close", events=[ended("closed", uncertain=1)]))
client("send-before-connect", "a message accepted before there is a connection", "ACC-1",
       send(b"q"), account(outstanding=1), CONNECTED, out(N(b"q")), into(N(b"a"), answer(b"a")), net("fin", ended("eof")))
client("empty-request-and-answer", "empty messages are messages, both ways", "FRM-8 ACC-1",
       CONNECTED, send(b""), out(N()), into(N(), answer(b"")), account(outstanding=0), net("fin", ended("eof")))
client("ignored-fields", "port and addr of an answer mean nothing", "FRM-7",
       CONNECTED, send(b"q"), out(N(b"q")), into(raw(1, 9000, "192.0.2.10", 1, b"a"), answer(b"a")),
       net("fin", ended("eof")))
client("long-answer", "an answer of 65,536 octets", "LIM-1 FRM-2",
       CONNECTED, send(b"q"), out(N(b"q")), into(N(65536), answer(65536)), net("fin", ended("eof")))

# --- Clients: pipelining ---

client("pipeline", "answers go to the oldest message", "ACC-1",
       CONNECTED, send(b"1"), send(b"2"), send(b"3"), out(N(b"1"), N(b"2"), N(b"3")), into(N(b"a"), answer(b"a")),
       account(outstanding=2), into(seq(N(b"b"), N(b"c")), answer(b"b"), answer(b"c")), account(outstanding=0),
       net("fin", ended("eof")))
client("pipeline-early", "the unanswered ones are owed, and resent in order", "RSD-3 RSD-4 RSD-5",
       CONNECTED, send(b"1"), send(b"2"), send(b"3"), out(N(b"1"), N(b"2"), N(b"3")), into(N(b"a"), answer(b"a")),
       into(R(C), moved(C, 2)), CONNECTED, app("resend", hop=1), out(N(b"2"), N(b"3")),
       into(seq(N(b"b"), N(b"c")), answer(b"b"), answer(b"c")), net("fin", ended("eof")))
client("pipeline-late", "the payload answers the oldest, the others are owed", "RED-5 RSD-3 RSD-5",
       CONNECTED, send(b"1"), send(b"2"), out(N(b"1"), N(b"2")), into(R(C, b"a"), answer(b"a"), moved(C, 1, late=True)),
       CONNECTED, app("resend", hop=1), out(N(b"2")), into(N(b"b"), answer(b"b")), net("fin", ended("eof")))
client("pipeline-newer-behind-owed", "a newer message goes behind the owed ones", "RSD-5 RSD-13",
       CONNECTED, send(b"1"), out(N(b"1")), into(R(C), moved(C, 1)), send(b"2", refused=True), CONNECTED,
       app("resend", hop=1), send(b"2"), out(N(b"1"), N(b"2")), into(seq(N(b"a"), N(b"b")), answer(b"a"), answer(b"b")),
       net("fin", ended("eof")))
client("partly-sent-resent-whole", "a message cut by a redirect is resent whole", "RSD-5 RED-13",
       CONNECTED, send(b"1"), send(b"second"), out(N(b"1"), first(N(b"second"), 14)), into(R(C), moved(C, 2)), SILENT,
       CONNECTED, app("resend", hop=1), out(N(b"1"), N(b"second")), net("reset", ended("RedirectFailed", target=C, cause="Uncertain", uncertain=2)))
client("unsent-is-owed-too", "a message of which nothing went out is owed after a redirect", "RSD-3 RSD-8",
       CONNECTED, send(b"1"), send(b"2"), out(N(b"1")), into(R(C), moved(C, 2)), CONNECTED, app("resend", hop=1),
       out(N(b"1"), N(b"2")), into(seq(N(b"a"), N(b"b")), answer(b"a"), answer(b"b")), net("fin", ended("eof")))

# --- Clients: greetings ---

client("greeting", "nothing goes out before the greeting, which answers nothing", "ACC-4 ACC-5 ACC-6",
       CONNECTED, send(b"q"), SILENT, into(N(b"hello"), greeting(b"hello")), account(outstanding=1), out(N(b"q")),
       into(N(b"a"), answer(b"a")), account(outstanding=0), net("fin", ended("eof")), greetings=1)
client("greetings-two", "both greetings are waited for", "ACC-5 ACC-6",
       CONNECTED, send(b"q"), into(N(b"one"), greeting(b"one")), SILENT, into(N(b"two"), greeting(b"two")), out(N(b"q")),
       into(N(b"a"), answer(b"a")), net("fin", ended("eof")), greetings=2)
client("greeting-at-target", "resent only after the target's greeting, which does not answer it", "ACC-5 ACC-6 RSD-3",
       CONNECTED, into(N(b"hello B"), greeting(b"hello B")), send(b"q"), out(N(b"q")), into(R(C), moved(C, 1)), CONNECTED,
       app("resend", hop=1), SILENT, into(N(b"hello C"), greeting(b"hello C")), account(outstanding=1), out(N(b"q")),
       into(N(b"a"), answer(b"a")), account(outstanding=0), net("fin", ended("eof")), greetings=1, trace=3)
client("redirect-in-place-of-greeting", "a redirect without payload stands in for the greeting", "ACC-7",
       CONNECTED, send(b"q"), into(R(C), moved(C, 1)), CONNECTED, app("resend", hop=1), SILENT,
       into(N(b"hello"), greeting(b"hello")), out(N(b"q")), into(N(b"a"), answer(b"a")), net("fin", ended("eof")), greetings=1)
client("redirect-as-greeting", "a redirect with payload is a greeting, not an answer", "ACC-8 ACC-6",
       CONNECTED, send(b"q"), into(R(C, b"moved"), greeting(b"moved"), moved(C, 1, late=True)), account(outstanding=1), CONNECTED,
       app("resend", hop=1), into(N(b"hello"), greeting(b"hello")), out(N(b"q")), into(N(b"a"), answer(b"a")),
       net("fin", ended("eof")), greetings=1)
client("second-greeting-unsolicited", "one message more than the greetings answers nothing", "ACC-9 ACC-10",
       CONNECTED, into(seq(N(b"hello"), N(b"again")), greeting(b"hello"), ended("Unsolicited")), greetings=1)

# --- Clients: half-close ---

client("half-close", "half-closed after the last message; answers still come", "HCL-4",
       CONNECTED, send(b"q"), app("half-close"), out(N(b"q"), fin=True), send(b"r", refused=True),
       into(N(b"a"), answer(b"a")), net("fin", ended("eof")))
client("half-close-moves", "the half-close is reproduced at the target", "HCL-2 RSD-5",
       CONNECTED, send(b"q"), app("half-close"), out(N(b"q"), fin=True), into(R(C), moved(C, 1)), CONNECTED, SILENT,
       app("resend", hop=1), out(N(b"q"), fin=True), into(N(b"a"), answer(b"a")), net("fin", ended("eof")))
client("half-close-then-late", "half-closed, and answered with a redirect: a clean end without a connection", "HCL-3 RED-5",
       CONNECTED, send(b"q"), app("half-close"), out(N(b"q"), fin=True),
       into(R(C, b"a"), answer(b"a"), ended("eof")), trace=16)
client("half-close-dropped", "half-closed and everything dropped: the half-close is still reproduced", "HCL-2 RSD-17",
       CONNECTED, send(b"q"), app("half-close"), out(N(b"q"), fin=True), into(R(C), moved(C, 1)), CONNECTED,
       app("drop", hop=1), out(fin=True), net("fin", ended("eof")))

# --- Clients: what a server may not do ---

client("unsolicited", "a message that answers nothing is not delivered", "ACC-9 ACC-10",
       CONNECTED, into(N(b"news"), ended("Unsolicited")))
client("answer-too-early", "no message may answer one that was not completely sent", "ACC-9 ACC-10 RSD-8",
       CONNECTED, send(b"question"), out(first(N(b"question"), 15)), into(N(b"a"), ended("Unsolicited", uncertain=1)))
client("answer-too-many", "two answers to one message", "ACC-9 ACC-1",
       CONNECTED, send(b"q"), out(N(b"q")), into(seq(N(b"a"), N(b"b")), answer(b"a"), ended("Unsolicited")))
client("late-answers-nothing", "a redirect whose payload answers nothing moves nobody", "ACC-9 ACC-10",
       CONNECTED, into(R(C, b"news"), ended("Unsolicited")))
client("late-too-early", "a redirect whose payload would answer half a message moves nobody", "ACC-9 ACC-10 RSD-8",
       CONNECTED, send(b"1"), send(b"question"), out(N(b"1"), first(N(b"question"), 15)), into(N(b"a"), answer(b"a")),
       into(R(C, b"b"), ended("Unsolicited", uncertain=1)))
client("empty-answer-then-redirect", "the empty answer counts as the answer", "RED-4 RSD-3 FRM-8",
       CONNECTED, send(b"q"), out(N(b"q")), into(seq(N(), R(C)), answer(b""), moved(C, 0)), CONNECTED, SILENT,
       net("fin", ended("eof")), trace=12)
client("octets-after-redirect", "octets after a redirect reach nobody", "RED-9 RED-7",
       CONNECTED, send(b"q"), out(N(b"q")), into(seq(R(C), N(b"stray")), moved(C, 1)), CONNECTED, app("resend", hop=1),
       out(N(b"q")), into(N(b"a"), answer(b"a")), net("fin", ended("eof")))
client("not-eop", "a web server", "OPC-5 ERR-1 RSD-8",
       CONNECTED, send(b"q"), out(N(b"q")), into("485454502f312e3120343030", ended("NotEop", uncertain=1)))
client("unknown-later", "an unknown opcode after a valid frame", "OPC-2 OPC-4 RSD-8",
       CONNECTED, send(b"1"), send(b"2"), out(N(b"1"), N(b"2")),
       into(seq(N(b"a"), "0003 0000 00000000 00000000"), answer(b"a"), ended("UnknownOpcode", uncertain=1)))
client("byte-order", "a server with the other byte order", "OPC-6",
       CONNECTED, into("0100 0000 00000000 02000000 6869", ended("ByteOrderMismatch")))
client("too-large", "an answer over the limit fails on its header", "LIM-2 LIM-3 RSD-8",
       CONNECTED, send(b"q"), out(N(b"q")), into("0001 0000 00000000 00000041", ended("MessageTooLarge", uncertain=1)), limit=64)
client("too-large-redirect", "a redirect over the limit moves nobody", "LIM-2 RED-6",
       CONNECTED, send(b"q"), out(N(b"q")), into("0002 0fa0 0a000002 00000041", ended("MessageTooLarge", uncertain=1)), limit=64)
client("redirect-cut-short", "an incomplete redirect is not acted on", "RED-6 FRM-5 RSD-8",
       CONNECTED, send(b"q"), out(N(b"q")), into(first(R(C), 11)), net("fin", ended("TruncatedFrame", uncertain=1)))
client("answer-cut-short", "an incomplete answer is not delivered, and answers nothing", "FRM-5 RSD-8",
       CONNECTED, send(b"q"), out(N(b"q")), into("0001 0000 00000000 00000003 6162"), net("fin", ended("TruncatedFrame", uncertain=1)))

# --- Clients: connections that are lost ---

client("fin-unanswered", "the server leaves: the sent one is uncertain, the other unsent", "RSD-8 RSD-9 FAI-2",
       CONNECTED, send(b"1"), send(b"2"), out(N(b"1")), net("fin", ended("Uncertain", unsent=1, uncertain=1)))
client("reset-part-sent", "one octet is enough to make a message uncertain", "RSD-8",
       CONNECTED, send(b"1"), send(b"2"), out(first(N(b"1"), 1)), net("reset", ended("Uncertain", unsent=1, uncertain=1)))
client("reset-before-report", "offered is sent: no report of the write is waited for", "RSD-8 ACC-9",
       CONNECTED, send(b"q"), out(N(b"q")), net("reset", ended("Uncertain", uncertain=1)), trace=17)
client("write-error-then-redirect", "a write fails, and a redirect was there to be read", "CLS-10 RSD-3",
       CONNECTED, send(b"q"), out(first(N(b"q"), 5)), net("write-error"), into(R(C), moved(C, 1)), CONNECTED,
       app("resend", hop=1), out(N(b"q")), into(N(b"a"), answer(b"a")), net("fin", ended("eof")), trace=10)
client("write-error-then-reset", "a write fails, and nothing was there", "CLS-10 RSD-8",
       CONNECTED, send(b"q"), out(N(b"q")), net("write-error"), net("reset", ended("Uncertain", uncertain=1)))
client("home-refuses", "home cannot be reached", "FAI-2", send(b"q"), net("refused", ended("ConnectFailed", unsent=1)))
client("target-refuses", "the target cannot be reached: the owed message is known not to have run", "FAI-1 FAI-2 RSD-16",
       CONNECTED, send(b"q"), out(N(b"q")), into(R(C), moved(C, 1)),
       net("refused", ended("RedirectFailed", target=C, cause="ConnectFailed", owed=1)))
client("target-dies-with-it", "resent and lost: uncertain, and not sent again", "FAI-1 RSD-7 RSD-8 RSD-9",
       CONNECTED, send(b"q"), out(N(b"q")), into(R(C), moved(C, 1)), CONNECTED, app("resend", hop=1), out(N(b"q")),
       net("reset", ended("RedirectFailed", target=C, cause="Uncertain", uncertain=1)), trace=1)
client("target-dies-with-one-of-two", "the one that went out is uncertain, the other still owed", "FAI-1 RSD-7 RSD-8",
       CONNECTED, send(b"1"), send(b"2"), out(N(b"1"), N(b"2")), into(R(C), moved(C, 2)), CONNECTED, app("resend", hop=1),
       out(N(b"1")), net("reset", ended("RedirectFailed", target=C, cause="Uncertain", owed=1, uncertain=1)), trace=13)
client("target-dies-undecided", "lost before the decision: everything is still owed", "FAI-1 RSD-8 RSD-11",
       CONNECTED, send(b"q"), out(N(b"q")), into(R(C), moved(C, 1)), CONNECTED, SILENT,
       net("reset", ended("RedirectFailed", target=C, cause="Uncertain", owed=1)))
client("target-leaves-idle", "a clean end at a target is no failure", "FAI-6 HCL-4",
       CONNECTED, into(R(C), moved(C, 0)), CONNECTED, net("fin", ended("eof")))
client("target-is-not-eop", "what stands at the target is no EOP", "FAI-1 OPC-5",
       CONNECTED, into(R(C), moved(C, 0)), CONNECTED,
       into("5353482d322e302d", ended("RedirectFailed", target=C, cause="NotEop")))
client("lost-after-answer-at-target", "once the target answered, its loss is not the redirect's failure", "FAI-1 RSD-8",
       CONNECTED, send(b"1"), out(N(b"1")), into(R(C), moved(C, 1)), CONNECTED, app("resend", hop=1), out(N(b"1")),
       into(N(b"a"), answer(b"a")), send(b"2"), out(N(b"2")), net("reset", ended("Uncertain", uncertain=1)))

# --- Clients: manual ---

client("manual-unsolicited", "an unsolicited message retires nothing: the request is owed", "ACC-13 ACC-11 RSD-3",
       CONNECTED, send(b"q"), out(N(b"q")), into(N(b"news"), plain(b"news")), account(outstanding=1),
       into(R(C), moved(C, 1)), CONNECTED, app("resend", hop=1), out(N(b"q")), into(N(b"a"), plain(b"a")),
       app("retire", count=1), account(outstanding=0), net("fin", ended("eof")), discipline="manual", trace=2)
client("manual-retire-after-redirect", "the answer and the redirect in one read: retired after both, nothing is owed", "ACC-14 ACC-11 RSD-4",
       CONNECTED, send(b"q"), out(N(b"q")), into(seq(N(b"a"), R(C)), plain(b"a"), moved(C, 1)), app("retire", count=1),
       account(outstanding=0), CONNECTED, SILENT, net("fin", ended("eof")), discipline="manual", trace=4)
client("manual-retire-too-early", "a message that is not completely sent cannot be retired", "ACC-12",
       CONNECTED, send(b"question"), out(first(N(b"question"), 15)), app("retire", count=1, refused=True),
       account(outstanding=1), net("reset"), app("settle", events=[ended("Uncertain", uncertain=1)]), discipline="manual")
client("manual-retire-too-many", "more than there are cannot be retired", "ACC-11 ACC-12",
       CONNECTED, send(b"q"), out(N(b"q")), app("retire", count=2, refused=True), account(outstanding=1),
       app("retire", count=1), account(outstanding=0), net("fin", ended("eof")), discipline="manual")
client("manual-late-unasked", "a redirect with an unsolicited payload delivers and moves", "ACC-13 RED-5",
       CONNECTED, into(R(C, b"news"), plain(b"news"), moved(C, 0, late=True)), CONNECTED, SILENT, net("fin", ended("eof")),
       discipline="manual")
client("manual-greeting", "a greeting is a greeting in manual too", "ACC-4 ACC-5",
       CONNECTED, send(b"q"), SILENT, into(N(b"hello"), greeting(b"hello")), out(N(b"q")), into(N(b"a"), plain(b"a")),
       app("retire", count=1), net("fin", ended("eof")), discipline="manual", greetings=1)
client("manual-retire-after-reset", "what was delivered before a reset may still be retired", "ACC-14 RSD-8",
       CONNECTED, send(b"q"), out(N(b"q")), into(N(b"a"), plain(b"a")), net("reset"), app("retire", count=1),
       app("settle", events=[ended("Uncertain")]), discipline="manual", trace=18)
client("manual-uncertain", "what was not retired is uncertain", "ACC-14 RSD-8",
       CONNECTED, send(b"1"), send(b"2"), out(N(b"1"), N(b"2")), into(N(b"a"), plain(b"a")), net("reset"),
       app("retire", count=1), app("settle", events=[ended("Uncertain", uncertain=1)]), discipline="manual")
client("paired-retire", "in paired the application cannot retire", "ACC-1",
       CONNECTED, send(b"q"), out(N(b"q")), app("retire", count=1, refused=True), account(outstanding=1),
       into(N(b"a"), answer(b"a")), net("fin", ended("eof")))

# --- Clients: automatic resending ---

client("automatic", "owed messages are resent without the application's help", "RSD-14 RSD-5",
       CONNECTED, send(b"1"), send(b"2"), out(N(b"1"), N(b"2")), into(R(C), moved(C, 2)), CONNECTED, out(N(b"1"), N(b"2")),
       into(seq(N(b"a"), N(b"b")), answer(b"a"), answer(b"b")), net("fin", ended("eof")), budget=1000)
client("automatic-newer-behind", "a new message queues behind the owed ones", "RSD-14 RSD-5",
       CONNECTED, send(b"1"), out(N(b"1")), into(R(C), moved(C, 1)), send(b"2"), CONNECTED, out(N(b"1"), N(b"2")),
       into(seq(N(b"a"), N(b"b")), answer(b"a"), answer(b"b")), net("fin", ended("eof")), budget=1000)
client("automatic-never-resend", "the marked message, and those behind it, wait for the application", "RSD-15 RSD-11",
       CONNECTED, send(b"1"), send(b"2", never_resend=True), send(b"3"), out(N(b"1"), N(b"2"), N(b"3")),
       into(R(C), moved(C, 3)), CONNECTED, out(N(b"1")), SILENT, into(N(b"a"), answer(b"a")), SILENT,
       app("resend", hop=1), out(N(b"2"), N(b"3")), into(seq(N(b"b"), N(b"c")), answer(b"b"), answer(b"c")),
       net("fin", ended("eof")), budget=1000)
client("automatic-over-budget", "the message that passes the budget waits for the application", "RSD-15",
       CONNECTED, send(b"12345"), send(b"67890"), out(N(b"12345"), N(b"67890")), into(R(C), moved(C, 2)), CONNECTED,
       out(N(b"12345")), SILENT, app("drop", hop=1), into(N(b"a"), answer(b"a")), net("fin", ended("eof")), budget=9)
client("automatic-at-budget", "exactly the budget is within it", "RSD-15 RSD-14",
       CONNECTED, send(b"12345"), send(b"67890"), out(N(b"12345"), N(b"67890")), into(R(C), moved(C, 2)), CONNECTED,
       out(N(b"12345"), N(b"67890")), net("reset", ended("RedirectFailed", target=C, cause="Uncertain", uncertain=2)), budget=10)

# --- Clients: targets that are not followed ---

client("refused-target", "a forbidden target is refused after its payload was delivered", "RED-10 POL-1 POL-5",
       CONNECTED, send(b"q"), out(N(b"q")),
       into(R("10.0.0.2:0", b"a"), answer(b"a"), ended("RedirectRefused", target="10.0.0.2:0", reason="forbidden")))
client("refused-target-early", "a refused target leaves the message owed", "POL-1 POL-5 RSD-3",
       CONNECTED, send(b"q"), out(N(b"q")),
       into(R("0.0.0.0:4000"), ended("RedirectRefused", target="0.0.0.0:4000", reason="forbidden", owed=1)))
client("refused-scope", "a private server may not point its client at the client's own host", "POL-2 POL-5",
       CONNECTED, into(R("127.0.0.1:4000"), ended("RedirectRefused", target="127.0.0.1:4000", reason="scope")))
client("refused-in-a-chain", "every target of a chain is checked", "POL-8 POL-5",
       CONNECTED, send(b"q"), out(N(b"q")), into(R(C), moved(C, 1)), CONNECTED, app("resend", hop=1), out(N(b"q")),
       into(R("224.0.0.1:4000"), ended("RedirectRefused", target="224.0.0.1:4000", reason="forbidden", owed=1)))
client("loop", "no endpoint twice in an episode", "EPI-2 RSD-3",
       CONNECTED, send(b"q"), out(N(b"q")), into(R(C), moved(C, 1)), CONNECTED, app("resend", hop=1), out(N(b"q")),
       into(R(D), moved(D, 1)), CONNECTED, app("resend", hop=2), out(N(b"q")), into(R(C), ended("RedirectLoop", target=C, owed=1)))
client("loop-to-itself", "the redirector counts as visited", "EPI-3 EPI-2",
       CONNECTED, send(b"q"), out(N(b"q")), into(R(HOME), ended("RedirectLoop", target=HOME, owed=1)))
client("back-after-answer", "an answer ended the episode: back to home is legal", "EPI-2 EPI-3",
       CONNECTED, into(R(C), moved(C, 0)), CONNECTED, send(b"q"), out(N(b"q")), into(N(b"a"), answer(b"a")),
       into(R(HOME), moved(HOME, 0)), CONNECTED, net("fin", ended("eof")), trace=14)
client("late-to-itself", "a redirector that answered may name itself", "EPI-3",
       CONNECTED, send(b"q"), out(N(b"q")), into(R(HOME, b"a"), answer(b"a"), moved(HOME, 0, late=True)), CONNECTED,
       net("fin", ended("eof")))
client("manual-payload-is-no-progress", "a payload that answers nothing ends no episode", "EPI-4 EPI-2 ACC-13",
       CONNECTED, into(R(C, b"x"), plain(b"x"), moved(C, 0, late=True)), CONNECTED,
       into(R(HOME, b"y"), plain(b"y"), ended("RedirectLoop", target=HOME)), discipline="manual", trace=15)
client("greeting-is-no-progress", "a greeting ends no episode", "EPI-4 EPI-2",
       CONNECTED, into(R(C, b"x"), greeting(b"x"), moved(C, 0, late=True)), CONNECTED,
       into(R(HOME, b"y"), greeting(b"y"), ended("RedirectLoop", target=HOME)), greetings=1, trace=7)
client("too-many", "five redirects are followed, the sixth is not", "EPI-1",
       CONNECTED, *[step for host in range(2, 7) for step in (into(R(f"10.0.0.{host}:4000"), moved(f"10.0.0.{host}:4000", 0)), CONNECTED)],
       into(R("10.0.0.7:4000"), ended("TooManyRedirects", target="10.0.0.7:4000")))

# --- Servers ---


def redirects(target, payload=None, sent=None, **options):
    step = app("redirect", target=target, **options)
    if payload is not None:
        step["payload"] = text(payload)
    return [step] if options.get("refused") else [step, out(*(sent or [R(target, payload or b"")]))]


server("echo", "a request and its answer", "ACC-2",
       into(N(b"q"), request(b"q")), account(waiting=1), app("answer", b"a"), out(N(b"a")), account(waiting=0),
       net("fin", gone("eof")))
server("redirect-at-accept", "redirected before an octet is read", "RED-11 CLS-1 CLS-2",
       *redirects(C), into(N(b"q")), net("fin", gone("eof")))
server("early", "redirected with the request unanswered", "RSD-1 CLS-1",
       into(N(b"q"), request(b"q")), *redirects(C), net("fin", gone("eof")))
server("late", "the response travels in the redirect", "RED-3 RSD-2",
       into(N(b"q"), request(b"q")), *redirects(C, b"a"), account(waiting=0), net("fin", gone("eof")))
server("late-empty", "an empty response is a message of its own", "RED-4",
       into(N(b"q"), request(b"q")), *redirects(C, b"", sent=[N(), R(C)]), account(waiting=0), net("fin", gone("eof")))
server("idle", "redirected after the answer", "RED-11",
       into(N(b"q"), request(b"q")), app("answer", b"a"), out(N(b"a")), *redirects(C), net("fin", gone("eof")))
server("early-part-read", "redirected in the middle of a request, whose rest is discarded", "RED-11 RSD-10 CLS-2",
       into(first(N(b"question"), 15)), *redirects(C), into("6573"), net("fin", gone("eof")))
server("late-pipelined", "one answered in the redirect, the other left", "RSD-1 RED-3",
       into(seq(N(b"1"), N(b"2")), request(b"1"), request(b"2")), account(waiting=2), *redirects(C, b"a"), account(waiting=1),
       net("fin", gone("eof")))
server("pipeline", "answers in the order of the requests", "ACC-3",
       into(seq(N(b"1"), N(b"2"), N(b"3")), request(b"1"), request(b"2"), request(b"3")), app("answer", b"a"), out(N(b"a")),
       app("answer", b"b"), out(N(b"b")), account(waiting=1), app("answer", b"c"), out(N(b"c")), account(waiting=0),
       net("fin", gone("eof")))
server("garbage-while-draining", "nothing is blamed after a redirect", "CLS-1 CLS-2",
       into(N(b"q"), request(b"q")), *redirects(C), into("ffff ffff 00000000"), into(R(D)), net("fin", gone("eof")), trace=11)
server("cut-while-draining", "a frame that ends early after a redirect is no error", "CLS-2",
       *redirects(C), into(first(N(b"question"), 15)), net("fin", gone("eof")))
server("reset-while-draining", "a client may reset after a redirect", "CLS-1",
       *redirects(C), net("reset", gone("lost")))
server("half-close-after-redirect", "a server may half-close after a redirect, and still reads", "CLS-6 CLS-1",
       *redirects(C), app("half-close"), out(fin=True), into(N(b"q")), net("fin", gone("eof")))
server("nothing-after-redirect", "a redirect is the last frame", "RED-8",
       into(seq(N(b"1"), N(b"2")), request(b"1"), request(b"2")), *redirects(C), app("answer", b"a", refused=True),
       *redirects(D, refused=True), *redirects(D, b"a", refused=True), SILENT, net("fin", gone("eof")))
server("client-redirects", "a redirect from a client fails the connection", "RED-1 RED-2 ERR-1",
       into(N(b"q"), request(b"q")), into(R(D), gone("UnexpectedRedirect")), app("answer", b"a", refused=True), SILENT)
server("client-redirects-header", "the header alone is enough", "RED-2",
       into("0002 0fa0 0a000003 00000005", gone("UnexpectedRedirect")))
server("unasked", "in paired there is no answer without a request", "ACC-2",
       app("answer", b"a", refused=True), SILENT, into(N(b"q"), request(b"q")), app("answer", b"a"), out(N(b"a")),
       app("answer", b"b", refused=True), SILENT, net("fin", gone("eof")))
server("unasked-late", "in paired a redirect carries no payload without a request", "ACC-2",
       *redirects(C, b"a", refused=True), SILENT, net("fin", gone("eof")))
server("half-received", "a request that is not complete is not there", "ACC-2 RSD-10",
       into(first(N(b"question"), 19)), account(waiting=0), app("answer", b"a", refused=True), into("6e", request(b"question")),
       app("answer", b"a"), out(N(b"a")), net("fin", gone("eof")))
server("greeting", "a greeting before the first answer", "ACC-4 ACC-2",
       app("greet", b"hello"), out(N(b"hello")), app("greet", b"again", refused=True), into(N(b"q"), request(b"q")),
       app("answer", b"a"), out(N(b"a")), net("fin", gone("eof")), greetings=1)
server("answer-before-greeting", "no answer overtakes a greeting", "ACC-4",
       into(N(b"q"), request(b"q")), app("answer", b"a", refused=True), app("greet", b"hello"), out(N(b"hello")),
       app("answer", b"a"), out(N(b"a")), net("fin", gone("eof")), greetings=1)
server("redirect-in-place-of-greeting", "a redirect without payload stands in for the greeting", "ACC-7 RED-11",
       *redirects(C), net("fin", gone("eof")), greetings=1)
server("forbidden-target", "a target that no client may follow is refused", "RED-14",
       *redirects("10.0.0.2:0", refused=True), *redirects("0.0.0.0:4000", refused=True), *redirects("224.0.0.1:4000", refused=True),
       *redirects("255.255.255.255:4000", refused=True), SILENT, *redirects(C), net("fin", gone("eof")))
server("client-half-closes", "after the client's end its requests are still answered", "HCL-1",
       into(seq(N(b"1"), N(b"2")), request(b"1"), request(b"2")), net("fin"), app("answer", b"a"), out(N(b"a")),
       app("answer", b"b", events=[gone("eof")]), out(N(b"b")))
server("client-half-closes-redirected", "after the client's end its requests may still be redirected", "HCL-1",
       into(N(b"q"), request(b"q")), net("fin"), *redirects(C))
server("request-cut-short", "an incomplete request is not delivered", "FRM-5 RSD-10",
       into(first(N(b"question"), 15)), net("fin", gone("TruncatedFrame")))
server("header-cut-short", "an incomplete header is no request", "FRM-5",
       into(N(b"q"), request(b"q")), into("0001"), net("fin", gone("TruncatedFrame")))
server("not-eop", "a web browser", "OPC-5 ERR-1 ERR-2",
       into("474554202f20485454502f31", gone("NotEop")), app("answer", b"a", refused=True), SILENT)
server("unknown-later", "an unknown opcode after a valid request", "OPC-2 OPC-4",
       into(seq(N(b"q"), "0003 0000 00000000 00000000"), request(b"q"), gone("UnknownOpcode")))
server("byte-order", "a client with the other byte order", "OPC-6",
       into("0100 0000 00000000 01000000 71", gone("ByteOrderMismatch")))
server("too-large", "a request over the limit fails on its header", "LIM-2 LIM-3",
       into("0001 0000 00000000 00000041", gone("MessageTooLarge")), limit=64)
server("at-the-limit", "a request of exactly the limit", "LIM-2",
       into(N(64), request(64)), app("answer", b"a"), out(N(b"a")), net("fin", gone("eof")), limit=64)
server("empty-request", "an empty request is one", "FRM-8",
       into(N(), request(b"")), app("answer", b""), out(N()), net("fin", gone("eof")))
server("ignored-fields", "port and addr of a request mean nothing", "FRM-7",
       into(raw(1, 9000, "192.0.2.10", 1, b"q"), request(b"q")), app("answer", b"a"), out(N(b"a")), net("fin", gone("eof")))
server("manual-unasked", "in manual a server may speak first", "ACC-13",
       app("answer", b"news"), out(N(b"news")), into(N(b"q"), request(b"q")), app("answer", b"a"), out(N(b"a")),
       app("answer", b"more"), out(N(b"more")), *redirects(C, b"bye"), net("fin", gone("eof")), discipline="manual")


# --- The guide ---


def fields(schema, path=""):
    """The fields of objects of this schema: those of each of its alternatives, `outer.inner` where one is in another."""
    for alternative in schema.get("oneOf", []):
        yield from fields(alternative, path)
    for name, inner in schema.get("properties", {}).items():
        yield path + name
        yield from fields(inner, f"{path}{name}.")


def words(schema):
    """The words that the schema knows as values."""
    if isinstance(schema, dict):
        allowed = [*schema.get("enum", []), schema.get("const")]
        yield from (word for word in allowed if isinstance(word, str))
        schema = list(schema.values())
    if isinstance(schema, list):
        for inner in schema:
            yield from words(inner)


def gaps_of_the_guide():
    """Where README.md and schema.json differ. A table whose first column is headed `frame` has the fields of a frame."""
    schema, guide = json.loads((HERE / "schema.json").read_text()), (HERE / "README.md").read_text()
    objects = {name: set(fields(inner)) for name, inner in schema["$defs"].items()}
    common = {"id", "note", "requirements"}
    wanted = {name: names - common for name, names in objects.items() if names}
    wanted |= {"document": set(fields({"properties": {name: {} for name in schema["properties"]}})), "vector": common}
    told = {}
    for table in re.findall(r"(?:^\|.*\n)+", guide, re.MULTILINE):
        head, *rows = re.findall(r"^\| `?([^|`]*)`? *\|", table, re.MULTILINE)
        told.setdefault(head, set()).update(rows)
    for name in wanted:
        for field in sorted(wanted[name] ^ told.get(name, set())):
            yield f"`{field}` of `{name}` is {'not told' if field in wanted[name] else 'no field'}"
    for word in sorted(set(words(schema))):
        if f"`{word}`" not in guide:
            yield f"the word `{word}` is not told"


def main():
    check = sys.argv[1:] == ["--check"]
    drifted = []
    for vectors in (frames, rejects, streams, sessions):
        ids = [vector["id"] for vector in vectors.document["vectors"]]
        assert len(set(ids)) == len(ids), f"{vectors.name}: an id stands twice"
        path = HERE / f"{vectors.name}.json"
        if not check:
            path.write_text(vectors.render())
            print(f"{path.name}: {len(ids)} vectors")
        elif not path.exists() or path.read_text() != vectors.render():
            drifted.append(path.name)
    gaps = list(gaps_of_the_guide())
    for gap in gaps:
        print(f"README.md: {gap}")
    if drifted:
        sys.exit(f"not what make.py writes: {', '.join(drifted)}")
    sys.exit(bool(gaps))


if __name__ == "__main__":
    main()
