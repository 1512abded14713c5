//! The client of the paper's Figure 2: it asks, and asks again where it is sent, because nobody has acted on the question.
//!
//! `figure_2_client HOME QUESTION`

use std::error::Error;

use eop_net::client::Config;
use eop_net::{Client, Event};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().ok_or("figure_2_client HOME QUESTION");
    let mut client = Client::connect(argument()?, Config::default())?;
    client.send(argument()?.as_bytes())?;
    loop {
        match client.receive() {
            Event::Message(answer) => {
                println!("{}", String::from_utf8_lossy(&answer.payload));
                return Ok(());
            }
            Event::Redirected(redo) if redo.decide => client.resend(redo.hop)?, // EREDO
            Event::Redirected(_) | Event::Connected(_) | Event::Settling => {}
            Event::Ended(ended) => return Err(ended.into()),
        }
    }
}
