"""The blocks of testee.md, and its grammar as a parser. What lives here is read from the document; nothing is checked."""

import pathlib
import re
from typing import Iterator, NamedTuple

from abnf import GrammarError, ParseError, Rule

DOCUMENT = pathlib.Path(__file__).resolve().parents[1] / "testee.md"
BLOCK = re.compile(r"^```(\S+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block whose info string has a word: `abnf`, or `examples request`."""

    kind: str
    name: str
    at: int  # the line of its first line, counted from 1
    text: str

    def lines(self) -> Iterator[tuple[str, str]]:
        """Each line, behind its place in the document."""
        for number, line in enumerate(self.text.splitlines(), self.at):
            yield f"{DOCUMENT.name}:{number}", line


def blocks(kind: str) -> list[Block]:
    text = DOCUMENT.read_text("utf-8")
    return [
        Block(found[1], found[2] or "", text.count("\n", 0, found.start(3)) + 1, found[3])
        for found in BLOCK.finditer(text)
        if found[1] == kind
    ]


def lines(kind: str, name: str) -> list[str]:
    return [line for block in blocks(kind) if block.name == name for _, line in block.lines()]


def grammar_text() -> str:
    return "".join(block.text for block in blocks("abnf"))


class Contract(Rule):
    """The rules of testee.md."""


for rule in re.split(r"\n(?=[A-Za-z])", grammar_text().rstrip("\n")):
    try:
        Contract.load_grammar(rule.replace("\n", "\r\n") + "\r\n")
    except (ParseError, GrammarError) as error:
        raise SystemExit(f"{DOCUMENT.name}: no ABNF: `{rule}`: {error}") from None


def matches(rule: str, line: str) -> bool:
    """Whether the whole line is what the rule says."""
    try:
        Contract(rule).parse_all(line)
    except ParseError:
        return False
    return True
