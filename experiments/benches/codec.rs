//! Times of every contender by criterion. What it tells is absolute, and of this moment; ratios are `micro`'s, whose
//! contenders take turns.
//!
//! `cargo bench -p eop-experiments --bench codec -- decode`

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use eop_experiments::contenders;

fn codec(criterion: &mut Criterion) {
    for contender in contenders::all() {
        let mut group = criterion.benchmark_group(&contender.task);
        group.throughput(Throughput::Elements(u64::from(contender.units)));
        let mut round = (contender.prepare)();
        group.bench_function(contender.name, |bencher| bencher.iter(&mut round));
        group.finish();
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
