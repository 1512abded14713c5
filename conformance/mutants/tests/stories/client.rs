//! Stories of the client.

use crate::harness::{Service, Stage, driver, normal, redirect};

#[test]
fn an_early_redirect_is_resent_when_the_application_says_so() {
    let (home, target, client) = (Stage::new(), Stage::new(), driver("none"));
    client.connect(home.address, "");
    client.tell("1 send 71");
    let mut old = home.accept();
    old.expect(&normal(b"q"));
    old.send(&redirect(target.address, b""));
    old.ends_cleanly();
    client.expect(&format!(
        "1 redirected {} owed=1 late=0 hop=1 resend=explicit",
        target.address
    ));
    client.connected(target.address, 1);
    client.tell("1 resend 1");
    let mut new = target.accept();
    new.expect(&normal(b"q"));
    new.send(&normal(b"r"));
    client.expect("1 message 72 outstanding=0 greeting=0");
    client.tell("1 close");
    client.expect("1 ended closed owed=0 unsent=0 uncertain=0");
}

#[test]
fn a_chain_is_followed_with_the_driver_against_the_server() {
    let (service, client) = (Service::start("none", ""), driver("none"));
    let (first, last) = (service.listen("mark x"), service.listen("mark x"));
    client.connect(service.address, "resend=automatic");
    let request = format!("do redirect {first},{last}");
    let hex: String = request
        .bytes()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    client.tell(&format!("1 send {hex}"));
    client.expect(&format!(
        "1 redirected {first} owed=1 late=0 hop=1 resend=automatic"
    ));
    client.connected(first, 1);
    client.expect(&format!(
        "1 redirected {last} owed=1 late=0 hop=2 resend=automatic"
    ));
    client.connected(last, 2);
    client.expect("1 message 68657265 outstanding=0 greeting=0");
}
