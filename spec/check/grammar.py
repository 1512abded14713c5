#!/usr/bin/env python3
"""Checks testee.md against itself: every rule of its grammar is defined once and used, every example matches its rule,
no counter-example does, and the examples use every word that the grammar has. Needs what requirements.txt names."""

import re
import sys
from collections import Counter

import contract
from contract import Contract, blocks, matches

CORE = {"SP", "DIGIT", "VCHAR"}
DEFINED = re.compile(r"^([A-Za-z][A-Za-z0-9-]*) *=", re.MULTILINE)
NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
QUOTED = re.compile(r'(%s)?"([^"]*)"')
# What is no name of a rule: comments, strings, octets by their value.
OTHER = re.compile(r';.*|(?:%s)?"[^"]*"|%x[0-9A-F-]+')
# Each kind of block, and whether its lines match the rule.
MATCH = {"examples": True, "misuse": True, "counterexamples": False}


def rules_in_order(text, exemplified):
    """Whether every rule is defined once, and leads somewhere."""
    defined = DEFINED.findall(text)
    used = Counter(NAME.findall(OTHER.sub("", text)))
    for rule, count in Counter(defined).items():
        if count > 1:
            yield f"the rule `{rule}` is defined {count} times"
        if used[rule] == count and rule not in exemplified:
            yield f"the rule `{rule}` is used by no other and has no examples"
    for name in used:
        if name not in CORE and name not in defined:
            yield f"`{name}` is not defined"
    for sensitive, words in QUOTED.findall(text):
        if NAME.search(words) and not sensitive:
            yield f'"{words}" does not say that its case matters: %s"{words}"'


def examples_in_order():
    for kind, match in MATCH.items():
        for block in blocks(kind):
            for place, line in block.lines():
                if matches(block.name, line) != match:
                    yield f"{place}: `{line}` {'does not match' if match else 'matches'} `{block.name}`"


def every_word_used(text):
    """Whether each word of the grammar stands in an example."""
    shown = [line for block in blocks("examples") for _, line in block.lines()]
    for _, word in QUOTED.findall(text):
        if not any(word in line for line in shown):
            yield f'no example has "{word}"'


def whole_lines():
    """Whether what is a line of its own has examples of both kinds."""
    for rule in ("ready", "options", "request", "answer", "driver-hello", "command", "event"):
        for kind in ("examples", "counterexamples"):
            if not any(block.name == rule for block in blocks(kind)):
                yield f"there are no {kind} of `{rule}`"


def session_in_order():
    """Whether the example of a session is made of lines."""
    for block in blocks("session"):
        for place, line in block.lines():
            who, said = line[0], line[2:]
            rules = {">": ["command"], "<": ["event", "driver-hello"], "|": []}[who]
            if rules and not any(matches(rule, said) for rule in rules):
                yield f"{place}: `{said}` is no {' or '.join(rules)}"


def main():
    text = contract.grammar_text()
    exemplified = {block.name for block in blocks("examples")}
    faults = list(rules_in_order(text, exemplified))
    if not faults:
        faults = [*examples_in_order(), *every_word_used(text), *whole_lines(), *session_in_order()]
    for fault in faults:
        print(fault)
    shown = sum(len(block.text.splitlines()) for kind in MATCH for block in blocks(kind))
    print(f"testee.md: {len(Contract.rules())} rules, {shown} examples and counter-examples")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
