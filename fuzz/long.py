#!/usr/bin/env python3
"""Fuzzes one target for a while and says in one line of proof/fuzz.md how its coverage went: long.py TARGET [SECONDS].

The target has to be built: cargo +stable fuzz build -s none. What is found to be worth keeping goes into
fuzz/target/found/TARGET, from where `keep.py` takes the smallest set that covers the same into the corpus.
"""

import pathlib
import re
import resource
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
BINARIES = HERE / "target/x86_64-unknown-linux-gnu/release"
RUNS = HERE.parent / "proof" / "fuzz.md"
PROGRESS = re.compile(r"#(\d+)\s+\S+\s+cov: (\d+) ft: (\d+)")


def fuzz(target, seconds):
    """Yields (seconds since the start, executions, edges, features), line by line of libFuzzer's report."""
    found, artifacts = (HERE / "target" / name / target for name in ("found", "artifacts"))
    for folder in (found, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    command = [BINARIES / target, found, HERE / "corpus" / target, f"-max_total_time={seconds}"]
    command += [f"-artifact_prefix={artifacts}/", "-timeout=10", "-rss_limit_mb=2048"]
    own = HERE / "dictionaries" / f"{target}.dict"
    dictionary = own if own.exists() else HERE / "dictionaries" / "frames.dict"
    command += [f"-dict={dictionary}", "-max_len=1024"]
    start = time.monotonic()
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as child:
        tail = []
        for line in child.stderr:
            tail = [*tail[-30:], line]
            if match := PROGRESS.match(line):
                yield (time.monotonic() - start, *map(int, match.groups()))
    if child.returncode != 0:
        sys.exit("".join(tail) + f"{target} found something, see {artifacts}")


def main():
    target, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 600
    progress = list(fuzz(target, seconds))
    inited = progress[0]
    took = progress[-1][0]

    def edges(until):
        return max(edges for at, _, edges, _ in progress if at <= max(until, inited[0]))

    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    row = [target, f"{took:.0f}", f"{cpu.ru_utime + cpu.ru_stime:.0f}", f"{progress[-1][1]:,}"]
    row += [edges(took * third / 3) for third in range(4)]
    if not RUNS.exists():
        sys.exit(f"{RUNS} is missing")
    with RUNS.open("a") as out:
        print(f"| {' | '.join(map(str, row))} |", file=out)
    print(*row)


if __name__ == "__main__":
    main()
