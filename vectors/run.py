#!/usr/bin/env python3
"""Runs frames.json, rejects.json and streams.json against the small parser below; exit code 1 on a mismatch.

It shows how the vectors are meant to be run, in as little code as they need: to run them against another parser, replace
`Reader` and `encode`. Standard library only. Sessions need a state machine, which is not here: see README.md.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
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


# --- The notation of the vectors ---


def octets(notation):
    """Groups of hex and `@N` patterns, `-` for nothing."""
    if notation == "-":
        return b""
    return b"".join(
        bytes(i % 251 for i in range(int(group[1:]))) if group[0] == "@" else bytes.fromhex(group)
        for group in notation.split(" ")
    )


def meaning(item):
    return item["type"], item.get("target"), octets(item["payload"])


def pieces(whole, cuts):
    if cuts == "octets":
        cuts = range(1, len(whole))
    ends = [0, *cuts, len(whole)]
    return [whole[start:end] for start, end in zip(ends, ends[1:])]


# --- The three files ---


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r:.200}, expected {wanted!r:.200}")


def run_frame(vector):
    whole, wanted = octets(vector["octets"]), meaning(vector["meaning"])
    reader = Reader()
    reader.feed(whole)
    expect("what it means", reader.items, [wanted])
    expect("octets left", reader.held + reader.rest, b"")
    if vector["canonical"]:
        expect("encoded", encode(*wanted), whole)


def fails_after(whole, limit, first):
    """How many octets, one by one, until a fault, and its name."""
    reader = Reader(limit, first)
    for count, octet in enumerate(whole, 1):
        try:
            reader.feed(bytes([octet]))
        except Fault as fault:
            return count, str(fault)
    return None, None


def run_reject(vector):
    whole = octets(vector["octets"])
    for position in ("first", "later"):
        count, name = fails_after(whole, vector["limit"], position == "first")
        expect(f"error as {position}", name, vector["error"][position])
        expect("soon enough", vector["possible"] <= count <= vector["suffice"], True)
    reader = Reader(vector["limit"])
    reader.feed(octets(vector["twin"]))
    expect("the twin's frames", len(reader.items) >= 1, True)


def run_stream(vector):
    whole = octets(vector["octets"])
    for cuts in vector["cuts"]:
        reader, error = Reader(vector["limit"]), None
        try:
            for piece in pieces(whole, cuts):
                reader.feed(piece)
        except Fault as fault:
            error = str(fault)
        expect(f"items, cut at {cuts}", reader.items, [meaning(item) for item in vector["items"]])
        expect(f"error, cut at {cuts}", error, vector["error"])
        expect(f"rest, cut at {cuts}", reader.rest, octets(vector["rest"]))
        if error is None:
            expect(f"end, cut at {cuts}", "inside" if reader.held else "boundary", vector["end"])


def main():
    failed = 0
    for name, run in (("frames", run_frame), ("rejects", run_reject), ("streams", run_stream)):
        vectors = json.loads((HERE / f"{name}.json").read_text())["vectors"]
        for vector in vectors:
            try:
                run(vector)
            except (AssertionError, Fault) as wrong:
                failed += 1
                print(f"{name}/{vector['id']} ({vector['note']}): {wrong or type(wrong).__name__}")
        print(f"{name}: {len(vectors)} vectors")
    if failed:
        sys.exit(f"{failed} failed")


if __name__ == "__main__":
    main()
