#!/bin/bash -eu
# Builds every fuzz target into $OUT, each with its seeds and its dictionary. ClusterFuzzLite and OSS-Fuzz run it in their image;
# without it: SRC=$(dirname $PWD) OUT=$(mktemp -d) RUSTUP_TOOLCHAIN=nightly bash -eu .clusterfuzzlite/build.sh
cargo fuzz build -O --debug-assertions
for target in $(cargo fuzz list); do
  cp "fuzz/target/x86_64-unknown-linux-gnu/release/$target" "$OUT/"
  zip -jqr "$OUT/${target}_seed_corpus.zip" "fuzz/corpus/$target"
  dictionary=fuzz/dictionaries/$target.dict
  [ -f "$dictionary" ] || dictionary=fuzz/dictionaries/frames.dict
  cp "$dictionary" "$OUT/$target.dict"
  printf '[libfuzzer]\nmax_len = 1024\n' > "$OUT/$target.options"
done
