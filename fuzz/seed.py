#!/usr/bin/env python3
"""Writes the seeds of the corpora from the golden vectors: corpus/TARGET/seed-*. Standard library only.

Each target's file in ../oracles/src says what its input looks like.
"""

import itertools
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "vectors"))
from notation import octets  # noqa: E402


def vectors(name):
    return json.loads((HERE.parent / "vectors" / f"{name}.json").read_text())["vectors"]


def write(target, name, data):
    if len(data) > 4096:
        return
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(bytes(data))


def frame_ends(stream):
    """Where its frames end; the last one may be cut short."""
    ends, at = [], 0
    while at < len(stream):
        at += 12 + int.from_bytes(stream[at + 8 : at + 12], "big")
        ends.append(min(at, len(stream)))
    return ends


def decode():
    for name in ("frames", "rejects", "streams"):
        for vector in vectors(name):
            write("decode", f"{name}-{vector['id']}", octets(vector["octets"]))


def cuts():
    for vector in vectors("streams"):
        stream = octets(vector["octets"])
        for number, cut in enumerate(vector["cuts"]):
            ends = range(1, len(stream) + 1) if cut == "octets" else [*cut, len(stream)]
            lengths = [end - start for start, end in itertools.pairwise([0, *ends])]
            if len(lengths) < 256 and max(lengths, default=0) < 256:
                limit = min(vector["limit"], 65535).to_bytes(2, "big")
                write("cuts", f"{vector['id']}-{number}", limit + bytes([len(lengths), *lengths]) + stream)


def roundtrip():
    for vector in vectors("frames"):
        whole, fields = octets(vector["octets"]), vector["fields"]
        if fields["slen"] < 256:
            target = [] if fields["opcode"] == 1 else [*whole[4:8], *whole[2:4]]
            write("roundtrip", vector["id"], bytes([fields["opcode"] - 1, *target, fields["slen"]]) + whole[12:] + b"\x05")


def client_steps(vector):
    yield (vector["discipline"] == "manual") | (vector["resend"] == "automatic") << 1 | vector["greetings"] % 2 << 2
    for step in vector["steps"]:
        match step:
            case {"app": "send", "payload": payload}:
                yield from (0, len(octets(payload)) % 20, step.get("never_resend", False))
            case {"app": "retire", "count": count}:
                yield from (1, count)
            case {"app": ("resend" | "drop") as act}:
                yield from (2 if act == "resend" else 3, step.get("refused", False))
            case {"app": ("half-close" | "close" | "settle") as act}:
                yield from {"half-close": (4,), "close": (5, 0), "settle": (6,)}[act]
            case {"out": out}:
                ends = frame_ends(octets(out))
                for start, end in itertools.pairwise([0, *ends]):
                    yield from (9, end - start)
                if step.get("fin"):
                    yield 17
            case {"in": arriving}:
                stream = octets(arriving)
                for start in range(0, len(stream), 255):
                    piece = stream[start : start + 255]
                    yield from (13, len(piece), *piece)
                yield 19
            case {"net": net}:
                yield {"connected": 7, "refused": 8, "fin": 14, "reset": 15, "write-error": 16}[net]


def session_steps(vector):
    """The operations of `session`, whose terms leave every bound at its default."""
    fallback, automatic = vector.get("fallback") == "home", vector["resend"] == "automatic"
    yield (vector["discipline"] == "manual") | automatic << 1 | (vector["greetings"] % 2) << 2 | fallback << 3
    yield from (0b10, 0, 0)  # the policy `paper`
    for step in vector["steps"]:
        match step:
            case {"app": "send", "payload": payload}:
                yield from (0, len(octets(payload)) % 20, not step.get("never_resend", False))
            case {"app": "retire", "count": count}:
                yield from (2, count)
            case {"app": ("resend" | "drop") as act}:
                yield from (3 if act == "resend" else 4, 3 if step.get("refused", False) else 0)
            case {"app": ("half-close" | "close" | "settle") as act}:
                yield from {"half-close": (5,), "close": (7, 0), "settle": (6,)}[act]
            case {"out": out}:
                for _ in frame_ends(octets(out)):
                    yield from (11, 255)
                if step.get("fin"):
                    yield 15
            case {"in": arriving}:
                stream = octets(arriving)
                for start in range(0, len(stream), 255):
                    piece = stream[start : start + 255]
                    yield from (23, len(piece), *piece)
            case {"net": net}:
                yield from {"connected": (8,), "refused": (10, 0), "fin": (16,), "reset": (17, 0), "write-error": (14,)}[net]


def connection_steps(vector):
    """The operations of `connection`: what a session's vector does up to its first redirect."""
    yield (vector["discipline"] == "manual") | (vector["greetings"] % 3) << 1
    for step in vector["steps"]:
        match step:
            case {"app": "send", "payload": payload}:
                yield from (0, len(octets(payload)) % 20)
            case {"app": "retire", "count": count}:
                yield from (7, count)
            case {"app": "half-close"}:
                yield 5
            case {"out": out}:
                ends = frame_ends(octets(out))
                for start, end in itertools.pairwise([0, *ends]):
                    yield from (1, min(end - start, 255))
                if step.get("fin"):
                    yield 6
            case {"in": arriving}:
                stream = octets(arriving)
                for start in range(0, len(stream), 79):
                    piece = stream[start : start + 79]
                    yield from (12, len(piece), *piece)
            case {"net": net}:
                yield from {"fin": (10, 0), "reset": (9, 0), "write-error": (4,)}.get(net, ())


def server_steps(vector):
    targets = ["10.0.0.2:4000", "10.0.0.2:0", "0.0.0.0:4000", "224.0.0.1:4000"]
    yield (vector["discipline"] == "manual") | vector["greetings"] << 1
    for step in vector["steps"]:
        match step:
            case {"app": ("greet" | "answer") as act, "payload": payload}:
                yield from (6 if act == "greet" else 7, len(octets(payload)) % 3)
            case {"app": "redirect", "target": target}:
                index = targets.index(target) if target in targets else 0
                late = "payload" in step
                yield from (9, index, len(octets(step["payload"])) % 3) if late else (8, index)
            case {"app": ("half-close" | "close") as act}:
                yield 10 if act == "half-close" else 5
            case {"in": arriving}:
                stream = octets(arriving)
                for start in range(0, len(stream), 255):
                    piece = stream[start : start + 255]
                    yield from (1, len(piece), *piece)
            case {"net": net}:
                yield {"fin": 3, "reset": 4}[net]


def sessions():
    for vector in vectors("sessions"):
        target, steps = {"client": ("client_ops", client_steps), "server": ("server_ops", server_steps)}[vector["role"]]
        write(target, vector["id"], [int(octet) for octet in steps(vector)])
        if vector["role"] == "client":
            for target, steps in (("session", session_steps), ("connection", connection_steps)):
                write(target, vector["id"], [int(octet) for octet in steps(vector)])


def notation():
    for name in ("frames", "rejects", "streams"):
        for vector in vectors(name):
            write("vectors", f"{name}-{vector['id']}", vector["octets"].encode())


def driver():
    lines = """connected 192.0.2.10:9000 local=127.0.0.1:4000 hop=0
message 6869 outstanding=1 greeting=0
message - outstanding=0 greeting=1
message @5000 crc32=0badcafe outstanding=0 greeting=0
redirected 192.0.2.20:9001 owed=1 late=0 hop=1 resend=explicit
dial 192.0.2.20:9001
rejected resend nothing-owed
synced t-1
ended eof
ended RedirectFailed target=192.0.2.20:9001 cause=Uncertain owed=1 unsent=2 uncertain=3
ended eof now
synced
connected 127.0.0.1:1 hop=0
ended eof owed=1 owed=1
message 6869 outstanding=1 greeting=0 late
hello"""
    for number, line in enumerate(lines.splitlines()):
        write("driver", f"{number:02}", line.encode())


def pair():
    connect, send, write_all, read = (9, 1), (0,), (1, 255), (7, 255)
    ask = (*send, *write_all, 2, 0, 255)

    def at(link, *ops):
        return [octet if octet is not None else link for octet in ops]

    stories = {
        "echo": [*connect, *ask, 4, 0, *read],
        "early": [*connect, *ask, 5, 0, 1, *read, *connect, 8, 0, *write_all, *at(1, 2, None, 255, 4, None), *read],
        "late": [*connect, *ask, 6, 0, 1, *read, *connect],
        "idle": [*connect, 5, 0, 1, *read, *connect, *send, *write_all, 2, 1, 255, 4, 1, *read],
        "crossing": [*connect, *send, 5, 0, 1, *write_all, *read, 2, 0, 255, *connect, 8, 0],
        "pipeline": [*connect, *send, *send, *send, *write_all, *write_all, *write_all, 2, 0, 255, 4, 0, 5, 0, 2, *read, *connect, 8, 0],
        "cut": [*connect, *send, 1, 5, 2, 0, 3, 5, 0, 1, 7, 7, 7, 255, *connect, 8, 0],
        "chain": [*connect, *ask, 5, 0, 1, *read, *connect, 8, 0, *write_all, 2, 1, 255, 5, 1, 2, *read, *connect, 8, 0],
        "lost": [*connect, *ask, 5, 0, 1, *read, *connect, 8, 0, *write_all, 10, 0],
        "half-close": [*connect, *ask, 11, 0, *write_all, 6, 0, 1, *read],
    }
    for (name, story), terms in itertools.product(stories.items(), range(4)):
        write("pair", f"{name}-{terms}", [terms, *story])


if __name__ == "__main__":
    for target in (decode, cuts, roundtrip, sessions, pair, notation, driver):
        target()
    for folder in sorted((HERE / "corpus").iterdir()):
        print(folder.name, len(list(folder.glob("seed-*"))))
