"""Says whether the core, built for wasm, asks nothing of whoever runs it: the module's import section is absent or empty."""

import pathlib
import sys

MODULE = pathlib.Path("target/wasm32-unknown-unknown/debug/examples/in_memory.wasm")
IMPORTS = 2


def leb128(octets, at):
    value = shift = 0
    while True:
        octet = octets[at]
        value |= (octet & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if octet < 0x80:
            return value, at


def imports(octets):
    if octets[:8] != b"\0asm\1\0\0\0":
        sys.exit(f"{MODULE} is no wasm module")
    at, sections = 8, 0
    while at < len(octets):
        kind = octets[at]
        size, at = leb128(octets, at + 1)
        if kind == IMPORTS:
            return leb128(octets, at)[0]
        at, sections = at + size, sections + 1
    if sections == 0:
        sys.exit(f"{MODULE} is empty")
    return 0


count = imports(MODULE.read_bytes())
print(f"{MODULE.name}: {count} import(s)")
sys.exit(count != 0)
