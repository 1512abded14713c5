"""The requests of the test service and their steps, from octets to values (testee.md, section 2.2).

Nothing here acts on a request; a request that breaks a rule raises GrammarError and has had no effect (EOP-TST-5).
"""
from __future__ import annotations

from typing import List, NamedTuple, Optional

import grammar
from eop import Endpoint, Payload
from grammar import GrammarError

LAST = ("redirect", "fin", "reset")  # the steps after which a connection serves no more
TOKEN_VERBS = ("mark", "marked", "signal")


class Step(NamedTuple):
    """One step; what its verb does not take is empty."""

    verb: str
    payload: Optional[Payload] = None
    targets: List[Endpoint] = []
    token: str = ""


class Request(NamedTuple):
    """One request: `hello`, `do` and `listen` with steps, or one of TOKEN_VERBS with a token."""

    verb: str
    steps: List[Step] = []
    token: str = ""


def request(octets: bytes) -> Request:
    """Read a request, or raise GrammarError."""
    verb, space, rest = _ascii(octets).partition(" ")
    if verb == "hello" and not space:
        return Request("hello")
    if verb in TOKEN_VERBS:
        return Request(verb, token=grammar.token(rest))
    if verb in ("do", "listen"):
        steps = [_step(text) for text in rest.split(";")]
        _check(verb, [step.verb for step in steps], steps)
        return Request(verb, steps)
    raise GrammarError("no-request")


def _ascii(octets: bytes) -> str:
    try:
        return octets.decode("ascii")
    except UnicodeDecodeError:
        raise GrammarError("not-ascii") from None


def _step(text: str) -> Step:
    verb, *words = text.split(" ")
    if verb == "answer" and len(words) == 1:
        return Step(verb, payload=grammar.payload(words[0]))
    if verb == "redirect" and len(words) in (1, 2):
        payload = grammar.payload(words[1]) if len(words) == 2 else None
        return Step(verb, payload=payload, targets=grammar.endpoints(words[0]))
    if verb in ("await", "mark") and len(words) == 1:
        return Step(verb, token=grammar.token(words[0]))
    if verb in ("fin", "reset") and not words:
        return Step(verb)
    raise GrammarError("no-step")


def _check(request_verb: str, verbs: List[str], steps: List[Step]) -> None:
    """EOP-TST-6 for `do`, EOP-TST-7 for `listen`, EOP-TST-8."""
    if any(verb in LAST for verb in verbs[:-1]):
        raise GrammarError("not-last")
    if request_verb == "listen":
        return
    if verbs.count("answer") > 1:
        raise GrammarError("two-answers")
    if "answer" not in verbs and verbs[-1] not in LAST:
        raise GrammarError("no-answer")
    if "answer" in verbs and verbs[-1] == "redirect" and steps[-1].payload is not None:
        raise GrammarError("two-answers")
