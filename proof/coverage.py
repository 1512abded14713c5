#!/usr/bin/env python3
"""Measures which lines of the core its tests run, and writes coverage.md: each file, and each line that none runs.

Needs `rustup component add llvm-tools`. The exhaustive walk is left out: without it the figures say what the tests do that
tell one thing each, and the random ones.
"""

import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
PROFILES = ROOT / "target" / "coverage"
CORE = ("eop-wire/src", "eop-statemachine/src")
TESTS = {
    "eop-wire": ["boundaries", "cuts", "differential", "early_rejection", "latch", "needed", "roundtrip", "timeline", "vectors"],
    "eop-statemachine": ["connections", "policy", "sessions", "tables", "traces", "vectors", "words"],
    "eop-oracles": ["corpora", "histories"],
}


def run(*command, **options):
    return subprocess.run([*map(str, command)], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def binaries(environment):
    """Builds the tests; returns the executables."""
    found = []
    for package, names in TESTS.items():
        options = [word for name in names for word in ("--test", name)]
        lines = run("cargo", "test", "-p", package, *options, "--no-run", "--message-format=json", env=environment)
        messages = map(json.loads, lines.splitlines())
        found += [message["executable"] for message in messages if message.get("executable")]
    return found


def main():
    tools = next(pathlib.Path(run("rustc", "--print", "sysroot").strip()).glob("lib/rustlib/*/bin"))
    if not (tools / "llvm-cov").exists():
        sys.exit("llvm-cov is missing: rustup component add llvm-tools")
    for old in PROFILES.glob("*.profraw"):
        old.unlink()
    environment = {
        **os.environ,
        "RUSTC_WORKSPACE_WRAPPER": str(HERE / "instrumented"),
        "LLVM_PROFILE_FILE": str(PROFILES / "%p-%m.profraw"),
    }
    tests = binaries(environment)
    for test in tests:
        package = next(package for package, names in TESTS.items() if pathlib.Path(test).name.rsplit("-", 1)[0] in names)
        subprocess.run([test, "-q"], cwd=ROOT / package.replace("eop-oracles", "oracles"), env=environment, check=True, stdout=subprocess.DEVNULL)
    profile = PROFILES / "all.profdata"
    run(tools / "llvm-profdata", "merge", "--sparse", *PROFILES.glob("*.profraw"), "-o", profile)
    objects = [word for test in tests[1:] for word in ("--object", test)]
    data = json.loads(run(tools / "llvm-cov", "export", tests[0], *objects, f"--instr-profile={profile}", *(ROOT / part for part in CORE)))
    write(data["data"][0])


def uncovered(file):
    """The lines on which a region begins that is counted and never ran."""
    return sorted({line for line, _, count, counted, entry, _ in file["segments"] if counted and entry and count == 0})


def write(data):
    lines = ["# Lines of the core that its tests run", ""]
    lines += ["<!-- Written by proof/coverage.py. The exhaustive walk is left out. -->", ""]
    lines += ["| File | Lines | of them run | Regions | of them run |", "|---|---|---|---|---|"]
    files = sorted(data["files"], key=lambda file: file["filename"])
    for file in [*files, {"filename": "**all**", "summary": data["totals"]}]:
        name = file["filename"].removeprefix(f"{ROOT}/")
        summary = file["summary"]
        cells = [f"{summary[kind]['count']} | {summary[kind]['percent']:.1f} %" for kind in ("lines", "regions")]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "What no test runs, by the text of the line:", ""]
    for file in files:
        name = file["filename"].removeprefix(f"{ROOT}/")
        source = (ROOT / name).read_text().splitlines()
        lines += [f"- `{name}`: `{source[line - 1].strip()}`" for line in uncovered(file)]
    (HERE / "coverage.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
