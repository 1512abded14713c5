use std::hint::black_box;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    if a[1] == "list" {
        for c in eop_experiments::contenders::all() {
            println!("{} {}", c.id(), c.units);
        }
        return;
    }
    let c = eop_experiments::contenders::all()
        .into_iter()
        .find(|c| c.id() == a[2])
        .unwrap();
    let mut r = (c.prepare)();
    let t = std::time::Instant::now();
    let n: u64 = a[3].parse().unwrap();
    for _ in 0..n {
        black_box(r());
    }
    println!(
        "{:.2} ns",
        t.elapsed().as_nanos() as f64 / n as f64 / f64::from(c.units)
    );
}
