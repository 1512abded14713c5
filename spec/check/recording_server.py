#!/usr/bin/env python3
"""The Python server, which notes each request that reaches it and whether it takes or refuses it: `recording_server.py FILE`.

A note is a line: `taken` or `refused`, and the request in hex.
"""

import pathlib
import sys

PEER = pathlib.Path(__file__).resolve().parents[2] / "conformance/peers/python"
sys.path[0] = str(PEER)  # not this folder: the peer has a `grammar` of its own

import server
import steps

read = steps.request
notes = open(sys.argv.pop(1), "a", buffering=1)


def noted(octets):
    taken = "refused"
    try:
        request = read(octets)
        taken = "taken"
        return request
    finally:
        notes.write(f"{taken} {octets.hex()}\n")


steps.request = noted
sys.exit(server.main())
