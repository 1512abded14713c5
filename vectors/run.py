#!/usr/bin/env python3
"""Runs frames.json, rejects.json and streams.json against reader.py; exit code 1 on a mismatch. README.md says why so."""

import json
import pathlib
import sys

from notation import octets
from reader import Fault, Reader, encode


def meaning(item):
    return item["type"], item.get("target"), octets(item["payload"])


def read(whole, cuts, limit=None, first=True):
    """A reader that was given the octets, cut; the error's name, if any; how many octets it was given until then."""
    reader, ends = Reader(limit, first), [*cuts, len(whole)]
    for start, end in zip([0, *ends], ends):
        try:
            reader.feed(whole[start:end])
        except Fault as fault:
            return reader, str(fault), end
    return reader, None, len(whole)


def frame(vector):
    whole, wanted = octets(vector["octets"]), meaning(vector["meaning"])
    reader, error, _ = read(whole, [])
    yield "decoded", (reader.items, error, reader.held + reader.rest), ([wanted], None, b"")
    if vector["canonical"]:
        yield "encoded", encode(*wanted), whole


def reject(vector):
    whole = octets(vector["octets"])
    for position, name in vector["error"].items():
        _, error, count = read(whole, range(1, len(whole)), vector["limit"], position == "first")
        yield f"error as {position}", error, name
        yield f"octets until then, as {position}", vector["possible"] <= count <= vector["suffice"], True
    twin, error, _ = read(octets(vector["twin"]), [], vector["limit"])
    yield "twin", (error, len(twin.items) > 0), (None, True)


def stream(vector):
    whole, items = octets(vector["octets"]), [meaning(item) for item in vector["items"]]
    for cuts in vector["cuts"]:
        reader, error, _ = read(whole, range(1, len(whole)) if cuts == "octets" else cuts, vector["limit"])
        end = "error" if error else "inside" if reader.held else "boundary"
        wanted = items, vector["error"], vector["end"], octets(vector["rest"])
        yield f"cut at {cuts}", (reader.items, error, end, reader.rest), wanted


failed = 0
for check in (frame, reject, stream):
    file = pathlib.Path(__file__).with_name(f"{check.__name__}s.json")
    vectors = json.loads(file.read_text())["vectors"]
    for vector in vectors:
        for what, got, wanted in check(vector):
            if got != wanted:
                failed += 1
                print(f"{file.name} {vector['id']} ({vector['note']}): {what}: {got!r:.200}, expected {wanted!r:.200}")
    print(f"{file.name}: {len(vectors)} vectors")
sys.exit(f"{failed} failed" if failed else 0)
