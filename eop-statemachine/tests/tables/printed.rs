//! The tables in `spec/states/`. `EOP_BLESS=1` writes them anew.

use std::fmt::Display;
use std::path::Path;

use eop_statemachine::table::Markdown;
use eop_statemachine::{client, server, session};

fn assert_printed(file: &str, title: &str, about: &str, table: &dyn Display) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../spec/states")
        .join(file);
    let text = format!(
        "# {title}\n\n{about}\n\nPrinted from `eop-statemachine` by a test, which fails when this file has drifted;\n\
         `EOP_BLESS=1` writes it anew. A cell names the state that follows. *refuse*: the caller's mistake, nothing\n\
         moved. **blame**: the peer's fault, for good. skip: a legal race, dropped; nothing moved.\n\n{table}"
    );
    if std::env::var_os("EOP_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "spec/states/{file} has drifted; EOP_BLESS=1 writes it anew"
    );
}

#[test]
fn the_client_connection_is_as_printed() {
    let about = "The client's side of one connection (sections 3 to 6 of `eop.md`).";
    let table = Markdown(&client::TABLE);
    assert_printed("client-connection.md", "Client connection", about, &table);
}

#[test]
fn the_server_connection_is_as_printed() {
    let about = "The server's side of one connection (sections 3 to 6 of `eop.md`).";
    let table = Markdown(&server::TABLE);
    assert_printed("server-connection.md", "Server connection", about, &table);
}

#[test]
fn the_client_session_is_as_printed() {
    let about = "A client's session over any number of connections (sections 5 to 8 of `eop.md`).";
    let table = Markdown(&session::TABLE);
    assert_printed("client-session.md", "Client session", about, &table);
}
