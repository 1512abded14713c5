//! The built-in server as a program of its own: `EOP_LISTEN=127.0.0.1:0 cargo run --example server`.

fn main() -> std::process::ExitCode {
    eop_reference_peer::server()
}
