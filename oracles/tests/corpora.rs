//! The committed corpora, run through the targets' bodies: what once was interesting stays sound.

use std::path::Path;

fn run(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(target);
    let mut inputs = 0;
    for entry in std::fs::read_dir(&folder).expect("a committed corpus") {
        let path = entry.expect("readable").path();
        let data = std::fs::read(&path).expect("readable");
        if std::panic::catch_unwind(|| check(&data)).is_err() {
            panic!("{} fails: see above", path.display());
        }
        inputs += 1;
    }
    assert!(inputs > 15, "{inputs} inputs in {}", folder.display());
}

macro_rules! corpora {
    ($($target:ident),+) => { $(
        #[test]
        fn $target() {
            run(stringify!($target), eop_oracles::$target::check);
        }
    )+ };
}

corpora!(
    decode, cuts, roundtrip, connection, client_ops, server_ops, pair, session, vectors, driver
);
