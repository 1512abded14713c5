#!/usr/bin/env python3
"""Makes a target's corpus the smallest set that covers what it and the finds of long.py cover: keep.py TARGET...

The target has to be built: cargo +stable fuzz build -s none. Files with a name of their own, which are seeds and
regressions, stay; those named by their hash are chosen anew.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BINARIES = HERE / "target/x86_64-unknown-linux-gnu/release"
HASH = re.compile(r"[0-9a-f]{40}")


def keep(target):
    corpus, found = HERE / "corpus" / target, HERE / "target/found" / target
    named = [path for path in corpus.iterdir() if not HASH.fullmatch(path.name)]
    with tempfile.TemporaryDirectory() as folder:
        kept = pathlib.Path(folder)
        for path in named:
            shutil.copy(path, kept)
        sources = [source for source in (corpus, found) if source.is_dir()]
        command = [BINARIES / target, "-set_cover_merge=1", "-max_len=1024", kept, *sources]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        chosen = [path for path in kept.iterdir() if HASH.fullmatch(path.name)]
        for path in corpus.iterdir():
            if HASH.fullmatch(path.name):
                path.unlink()
        for path in chosen:
            shutil.copy(path, corpus)
    sizes = [path.stat().st_size for path in corpus.iterdir()]
    print(f"{target}: {len(named)} named and {len(chosen)} found, {sum(sizes)} octets")


if __name__ == "__main__":
    for target in sys.argv[1:]:
        keep(target)
