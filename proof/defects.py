#!/usr/bin/env python3
"""Puts each defect of defects/ into a copy of the core and asks every layer of the tests; writes what caught it to defects.md.

    python3 proof/defects.py                  every defect, every layer
    python3 proof/defects.py NAME... --layers stories,walk

A defect has to be caught by at least two layers; exit code 1 if one is not. What is tested is what is committed. The first
line of a defect says what is wrong, the rest is a patch.
"""

import argparse
import io
import os
import pathlib
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
TREE = ROOT / "target" / "defects"
# Of its own: cargo would take what it built here for what it built there.
TARGET = ROOT / "target" / "defects-target"
TABLE = HERE / "defects.md"


def tests(package, *names):
    return ["cargo", "test", "-q", "-p", package] + [word for name in names for word in ("--test", name)]


# Layers are independent: each would be there without the others.
LAYERS = {
    "stories": [
        tests("eop-wire", "boundaries", "early_rejection", "latch", "timeline", "examples"),
        tests("eop-statemachine", "connections", "sessions", "policy", "traces", "words"),
    ],
    "properties": [tests("eop-wire", "cuts", "roundtrip", "differential", "needed")],
    "tables": [tests("eop-statemachine", "tables")],
    "vectors": [tests("eop-wire", "vectors"), tests("eop-statemachine", "vectors")],
    "models": [tests("eop-oracles", "histories")],
    "corpora": [tests("eop-oracles", "corpora")],
    "walk": [tests("eop-statemachine", "walk")],
    "suite": [["cargo", "run", "-q", "-p", "eop-conformance", "--", "--patience", "4"]],
}
# The suite's peers are real processes with real clocks: on a busy machine a case may be late, once.
CHANCES = {"suite": 2}
# What each layer is, for the table's reader.
MEANING = {
    "stories": "unit tests that tell one thing each",
    "properties": "proptest of the codec",
    "tables": "every cell of the transition tables, and the tables as printed",
    "vectors": "the golden vectors",
    "models": "random histories against the naive models",
    "corpora": "the fuzz corpora against the oracles",
    "walk": "the exhaustive walk, in brief",
    "suite": "the conformance suite against the built-in peer, both roles",
}
NOT_ASKED, CAUGHT, MISSED = "", "caught", "-"


def copy():
    """What is committed, without touching files that are the same, so that little is built again."""
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar.getmembers():
            path = TREE / member.name
            if member.isfile():
                octets = tar.extractfile(member).read()
                if not path.exists() or path.read_bytes() != octets:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(octets)
                    path.chmod(member.mode)


def patch(defect, *options):
    command = ["patch", "-p1", "-s", *options, "-i", HERE / "defects" / f"{defect}.patch"]
    subprocess.run(command, cwd=TREE, check=True)


def passes(layer):
    environment = {**os.environ, "CARGO_TARGET_DIR": str(TARGET), "RUST_BACKTRACE": "0"}
    for command in LAYERS[layer]:
        build = [*command, "--no-run"] if command[1] == "test" else ["cargo", "build", *command[2 : command.index("--")]]
        built = subprocess.run(build, cwd=TREE, env=environment, capture_output=True, text=True)
        if built.returncode != 0:
            sys.exit(f"it does not compile, which is no defect:\n{built.stderr}")
        if not any(runs(command, environment) for _ in range(CHANCES.get(layer, 1))):
            return False
    return True


def runs(command, environment):
    try:
        return subprocess.run(command, cwd=TREE, env=environment, capture_output=True, timeout=900).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def read_table():
    """The cells of the table as it stands: {defect: {layer: cell}}."""
    rows = [line.strip("| \n").split(" | ") for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    header, *rows = rows or [[]]
    return {row[0].strip("`"): dict(zip(header[2:], row[2:])) for row in rows}


def write_table(cells):
    names = sorted(path.stem for path in (HERE / "defects").glob("*.patch"))
    lines = ["# Which layer catches which defect", ""]
    lines += ["<!-- Written by proof/defects.py, which puts each defect into the core and runs each layer. -->", ""]
    lines += [f"- *{layer}*: {MEANING[layer]}" for layer in LAYERS] + ["", "A layer whose cell is `-` did not catch the defect; one whose cell is empty was not asked.", ""]
    lines += ["| Defect | What is wrong | " + " | ".join(LAYERS) + " |", "|---" * (2 + len(LAYERS)) + "|"]
    for name in names:
        what = (HERE / "defects" / f"{name}.patch").read_text().splitlines()[0]
        row = [cells.get(name, {}).get(layer, NOT_ASKED) for layer in LAYERS]
        lines.append(f"| `{name}` | {what} | " + " | ".join(row) + " |")
    TABLE.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("defects", nargs="*", default=sorted(path.stem for path in (HERE / "defects").glob("*.patch")))
    parser.add_argument("--layers", default=",".join(LAYERS))
    arguments = parser.parse_args()
    cells = read_table() if TABLE.exists() else {}
    copy()
    layers = arguments.layers.split(",")
    for layer in layers:
        if not passes(layer):
            sys.exit(f"{layer} fails without any defect")
    for defect in arguments.defects:
        patch(defect)
        try:
            for layer in layers:
                cells.setdefault(defect, {})[layer] = MISSED if passes(layer) else CAUGHT
        finally:
            patch(defect, "-R")
        write_table(cells)
        print(defect, *(f"{layer}: {cells[defect][layer]}" for layer in layers), sep="\n  ", flush=True)
    few = [defect for defect in arguments.defects if list(cells[defect].values()).count(CAUGHT) < 2]
    sys.exit(f"caught by fewer than two layers: {', '.join(few)}" if few else 0)


if __name__ == "__main__":
    main()
