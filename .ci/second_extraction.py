"""Says whether duvet, which knows nothing of our identifiers, finds the same requirements in the specification as the ledger.

    python3 .ci/second_extraction.py path/to/duvet
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

SPEC = pathlib.Path("spec")
NUMBERED = re.compile(r"- \*\*(EOP-[A-Z]{3}-\d+)\*\* \((client|server|both)\) (.*)")
# How the draft has its key words rendered: no sentence.
ABBREVIATIONS = re.compile(r"(\*\[[A-Z ]+\]: <bcp14>\s*)+")


def extracted(duvet, document, folder):
    """Every sentence with a key word: its level, and its text on one line."""
    command = [duvet, "extract", "--format", "markdown", "--out", folder, SPEC / document]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    for path in pathlib.Path(folder).rglob("*.toml"):
        for quoted in tomllib.loads(path.read_text()).get("spec", []):
            yield quoted["level"].lower(), " ".join(quoted["quote"].split())


def compare(duvet):
    rows = json.loads((SPEC / "ledger.json").read_text())["requirements"]
    ledger = {row["id"]: (row["level"], row["role"], row["sentence"]) for row in rows}
    found, wrong = {}, []
    for document in ("eop.md", "testee.md"):
        with tempfile.TemporaryDirectory() as folder:
            for level, quote in extracted(duvet, document, folder):
                numbered = NUMBERED.fullmatch(quote)
                if numbered:
                    found[numbered[1]] = (level, numbered[2], numbered[3])
                elif not ABBREVIATIONS.fullmatch(quote):
                    wrong.append(f"{document}: demands something and has no number: {quote}")
    for id in sorted(ledger.keys() | found.keys()):
        if ledger.get(id) != found.get(id):
            wrong.append(f"{id}: the ledger has {ledger.get(id)}, duvet {found.get(id)}")
    return len(found), wrong


count, wrong = compare(sys.argv[1])
print("\n".join(wrong) if wrong else f"duvet finds the ledger's {count} requirements and no other")
sys.exit(bool(wrong))
