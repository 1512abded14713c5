"""The words that both roles of the test contract share (testee.md, section 1).

Every function takes text and returns its value, or raises GrammarError; nothing else is accepted, nothing guessed.
"""
from __future__ import annotations

import re
from typing import List

from eop import Endpoint, Payload

TOKEN = re.compile("[a-z0-9-]{1,32}")
NUMBER = re.compile("0|[1-9][0-9]{0,9}")
HEX = re.compile("[0-9a-f]+")
NUMBER_MAX = 0xFFFFFFFF


class GrammarError(Exception):
    """A text that the grammar does not know; the message is a token."""


def token(text: str) -> str:
    """1 to 32 of a to z, 0 to 9 and hyphen."""
    if not TOKEN.fullmatch(text):
        raise GrammarError("bad-token")
    return text


def number(text: str, most: int = NUMBER_MAX) -> int:
    """A number without sign or leading zero, at most `most`."""
    if not NUMBER.fullmatch(text) or int(text) > most:
        raise GrammarError("bad-number")
    return int(text)


def payload(text: str) -> Payload:
    """`-`, lower-case hex, or `@N` for N octets of the pattern."""
    if text == "-":
        return Payload()
    if text.startswith("@"):
        return Payload.pattern(number(text[1:]))
    if len(text) % 2 or not HEX.fullmatch(text):
        raise GrammarError("bad-payload")
    return Payload(bytes.fromhex(text))


def address(text: str) -> str:
    """Four decimal numbers up to 255."""
    parts = text.split(".")
    if len(parts) != 4:
        raise GrammarError("bad-address")
    for part in parts:
        number(part, 255)
    return text


def endpoint(text: str) -> Endpoint:
    """`192.0.2.10:9000`"""
    host, colon, port = text.partition(":")
    if not colon:
        raise GrammarError("bad-endpoint")
    return Endpoint(address(host), number(port, 65535))


def endpoints(text: str) -> List[Endpoint]:
    """Endpoints with commas between them."""
    return [endpoint(part) for part in text.split(",")]
