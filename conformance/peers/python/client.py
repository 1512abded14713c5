#!/usr/bin/env python3
"""The client driver (spec/testee.md, section 3): commands on standard input, events on standard output.

What lives here: the grammar of commands and the table of sessions. The client itself is session.py.
"""
from __future__ import annotations

import asyncio
import os
import re
import sys
from ipaddress import IPv4Network
from typing import Any, Callable, Dict, List, Set, Tuple

import grammar
import process
from eop import Endpoint
from grammar import GrammarError
from policy import Allow
from session import Misuse, Session, Settings

SESSION = re.compile("(0|[1-9][0-9]{0,9})(?: (.*))?", re.DOTALL)


def either(true: str, false: str) -> Callable[[str], bool]:
    """A reader for a setting that has two words."""

    def read(text: str) -> bool:
        if text not in (true, false):
            raise GrammarError("bad-word")
        return text == true

    return read


def allow_list(text: str) -> List[Allow]:
    """`192.0.2.0/24:*`, `192.0.2.0/24:80`, `192.0.2.0/24:80-90`, commas between entries."""
    return [_allow(part) for part in text.split(",")]


def _allow(text: str) -> Allow:
    prefix, colon, ports = text.partition(":")
    address, slash, length = prefix.partition("/")
    if not colon or not slash:
        raise GrammarError("bad-allow")
    network = IPv4Network((grammar.address(address), grammar.number(length, 32)), strict=False)
    if ports == "*":
        return Allow(network, 0, 65535)
    low, dash, high = ports.partition("-")
    first = grammar.number(low, 65535)
    last = grammar.number(high, 65535) if dash else first
    if last < first:
        raise GrammarError("empty-range")
    return Allow(network, first, last)


def dial_map(text: str) -> Dict[Endpoint, Endpoint]:
    """`198.51.100.7:9000>127.0.0.1:4001`, commas between entries."""
    routes: Dict[Endpoint, Endpoint] = {}
    for part in text.split(","):
        believed, arrow, real = part.partition(">")
        if not arrow or grammar.endpoint(believed) in routes:
            raise GrammarError("bad-map")
        routes[grammar.endpoint(believed)] = grammar.endpoint(real)
    return routes


SETTINGS: Dict[str, Tuple[str, Callable[[str], Any]]] = {
    "discipline": ("paired", either("paired", "manual")),
    "greeting": ("greeting", grammar.number),
    "resend": ("automatic", either("automatic", "explicit")),
    "policy": ("secure", either("secure", "paper")),
    "allow": ("allow", allow_list),
    "fallback": ("fallback", either("home", "none")),
    "order": ("new_first", either("new-first", "old-first")),
    "limit": ("limit", grammar.number),
    "budget": ("budget", grammar.number),
    "max-redirects": ("max_redirects", grammar.number),
    "moves": ("moves", grammar.number),
    "deadline": ("deadline", grammar.number),
    "episode": ("episode", grammar.number),
    "stall": ("stall", grammar.number),
    "header": ("header", grammar.number),
    "dial": ("dial", dial_map),
}


def connect_words(words: List[str]) -> Tuple[Endpoint, Settings]:
    """Home and settings of a `connect`; settings that contradict each other are misuse."""
    if not words:
        raise GrammarError("no-home")
    home, settings = grammar.endpoint(words[0]), Settings()
    given: Set[str] = set()
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals or name not in SETTINGS:
            raise GrammarError("bad-setting")
        attribute, read = SETTINGS[name]
        setattr(settings, attribute, read(value))
        if name in given:
            raise Misuse("given-twice")
        given.add(name)
    if settings.moves == 0:
        raise Misuse("no-moves")
    if settings.automatic and not settings.paired:
        raise Misuse("automatic-manual")
    return home, settings


def one(words: List[str]) -> str:
    if len(words) != 1:
        raise GrammarError("one-word")
    return words[0]


def send_words(words: List[str]) -> tuple:
    if len(words) not in (1, 2) or words[1:] not in ([], ["never-resend"]):
        raise GrammarError("bad-send")
    return grammar.payload(words[0]), len(words) == 2


def no_words(words: List[str]) -> tuple:
    if words:
        raise GrammarError("too-many-words")
    return ()


COMMANDS: Dict[str, Tuple[Callable[[List[str]], tuple], Callable[..., None]]] = {
    "send": (send_words, Session.send),
    "retire": (lambda words: (grammar.number(one(words)),), Session.retire),
    "resend": (lambda words: (grammar.number(one(words)),), Session.resend),
    "drop": (lambda words: (grammar.number(one(words)),), Session.drop),
    "half-close": (no_words, Session.half_close),
    "close": (no_words, Session.close),
    "sync": (lambda words: (grammar.token(one(words)),), Session.sync),
}


class Driver:
    """All sessions, by number; none holds up another (EOP-DRV-3)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.sessions: Dict[int, Session] = {}
        self.ended: Set[int] = set()
        self._line: List[bytes] = []  # the parts of a line whose LF has not come

    def take(self, octets: bytes) -> None:
        """Cut standard input into lines and obey them."""
        *lines, rest = octets.split(b"\n")
        for line in lines:
            self.obey((b"".join(self._line) + line).decode("latin-1"))
            self._line = []
        self._line.append(rest)

    def obey(self, line: str) -> None:
        """One line: a command, or something to reject (EOP-DRV-12)."""
        match = SESSION.fullmatch(line)
        number = int(match.group(1)) if match else 0
        if not match or number > grammar.NUMBER_MAX:
            return self.tell(0, "rejected line no-session")
        if number in self.ended:
            return  # EOP-DRV-8, EOP-DRV-10
        verb, *words = (match.group(2) or "").split(" ")
        known = verb == "connect" or verb in COMMANDS
        try:
            if not known:
                raise GrammarError("no-verb")
            if verb == "connect":
                self._connect(number, words)
            else:
                self._command(number, verb, words)
        except (GrammarError, Misuse) as error:
            self.tell(number, f"rejected {verb if known else 'line'} {error}")

    def tell(self, number: int, report: str) -> None:
        """Print an event of a session and flush it (EOP-DRV-1)."""
        try:
            sys.stdout.write(f"{number} {report}\n")
            sys.stdout.flush()
        except OSError:  # nobody listens any more
            os._exit(1)

    def _connect(self, number: int, words: List[str]) -> None:
        home, settings = connect_words(words)
        if number in self.sessions:
            raise Misuse("connected-already")
        session = Session(self.loop, home, settings, lambda report: self._reported(number, report))
        self.sessions[number] = session
        session.start()

    def _reported(self, number: int, report: str) -> None:
        if report.startswith("ended "):
            del self.sessions[number]
            self.ended.add(number)
        self.tell(number, report)

    def _command(self, number: int, verb: str, words: List[str]) -> None:
        read, act = COMMANDS[verb]
        values = read(words)
        if number not in self.sessions:
            raise Misuse("no-session")
        act(self.sessions[number], *values)


def main() -> int:
    process.lift_file_limit()
    loop = asyncio.new_event_loop()
    driver = Driver(loop)
    print("hello eop-test 1 role=client", flush=True)
    process.follow_stdin(loop, driver.take)
    loop.run_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
