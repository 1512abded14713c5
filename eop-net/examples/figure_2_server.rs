//! The server of the paper's Figure 2: it answers requests, unless it is told where to send its clients instead.
//!
//! `figure_2_server 127.0.0.1:0 [TARGET]`

use std::error::Error;
use std::net::SocketAddrV4;

use eop_net::Listener;
use eop_net::server::{Config, Connection};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("figure_2_server ADDRESS [TARGET]")?;
    let target = arguments.next().map(|target| target.parse()).transpose()?;
    let listener = Listener::bind(address.parse()?, Config::default())?;
    println!("{}", listener.local_addr()?);
    loop {
        if let Err(error) = serve(listener.accept()?, target) {
            eprintln!("{error}");
        }
    }
}

fn serve(mut connection: Connection, target: Option<SocketAddrV4>) -> Result<(), eop_net::Error> {
    if let Some(target) = target {
        connection.redirect(target)?; // redirect(NULL, target)
        return Ok(());
    }
    while let Some(request) = connection.receive()? {
        connection.respond(&request.to_ascii_uppercase())?;
    }
    Ok(())
}
