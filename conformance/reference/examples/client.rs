//! The built-in client's driver as a program of its own: `cargo run --example client`.

fn main() -> std::process::ExitCode {
    eop_reference_peer::client()
}
