#!/usr/bin/env python3
"""Fuzzes one target for a while and says in one line of proof/fuzz.md how its coverage went: long.py TARGET [SECONDS].

The seconds are the target's own, of CPU: what else the machine does costs time and no evidence. The target has to be built:
cargo +stable fuzz build -s none. What is found to be worth keeping goes into fuzz/target/found/TARGET, from where
`keep.py` takes the smallest set that covers the same into the corpus.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
BINARIES = HERE / "target/x86_64-unknown-linux-gnu/release"
RUNS = HERE.parent / "proof" / "fuzz.md"
PROGRESS = re.compile(r"#\d+\s+\S+\s+cov: (\d+)")
EXECUTED = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
# How libFuzzer exits when it is interrupted.
INTERRUPTED = 72


def cpu(pid):
    """The seconds of CPU that a process has had, or None once it has ended."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    if fields[0] == "Z":
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def end_after(child, seconds, progress):
    """Interrupts a process once it has had so many seconds of CPU, and notes how many: it may have been silent for long."""
    while (had := cpu(child.pid)) is not None:
        if had >= seconds:
            progress.append((had, progress[-1][1]))
            child.send_signal(signal.SIGINT)
            return
        time.sleep(0.2)


def fuzz(target, seconds):
    """How many executions there were, and a list of (seconds of CPU, edges), from libFuzzer's report; the last is its end."""
    found, artifacts = (HERE / "target" / name / target for name in ("found", "artifacts"))
    for folder in (found, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    command = [BINARIES / target, found, HERE / "corpus" / target, "-print_final_stats=1"]
    command += [f"-artifact_prefix={artifacts}/", "-timeout=10", "-rss_limit_mb=2048"]
    own = HERE / "dictionaries" / f"{target}.dict"
    dictionary = own if own.exists() else HERE / "dictionaries" / "frames.dict"
    command += [f"-dict={dictionary}", "-max_len=1024"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as child:
        tail, had, progress, executions = [], 0.0, [], 0
        threading.Thread(target=end_after, args=(child, seconds, progress), daemon=True).start()
        for line in child.stderr:
            tail = [*tail[-30:], line]
            had = cpu(child.pid) or had
            if match := PROGRESS.match(line):
                progress.append((had, int(match[1])))
            elif match := EXECUTED.match(line):
                executions = int(match[1])
    if child.returncode != INTERRUPTED:
        sys.exit("".join(tail) + f"{target} found something, see {artifacts}")
    return executions, progress


def main():
    target, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 600
    start = time.monotonic()
    executions, progress = fuzz(target, seconds)
    inited = progress[0][0]
    took = progress[-1][0]

    def edges(until):
        return max(edges for at, edges in progress if at <= max(until, inited))

    row = [target, f"{time.monotonic() - start:.0f}", f"{took:.0f}", f"{executions:,}"]
    row += [edges(took * third / 3) for third in range(4)]
    if not RUNS.exists():
        sys.exit(f"{RUNS} is missing")
    with RUNS.open("a") as out:
        print(f"| {' | '.join(map(str, row))} |", file=out)
    print(*row)


if __name__ == "__main__":
    main()
