//! From the command line to a client's session: how far it may be moved, and where to.

use eop_net::client::Config;
use eop_net::{Bounds, Service};

use crate::arguments::Session;
use crate::failure::Failure;
use crate::secure;

/// How a session that begins at `home` goes, on the terms of `service`.
pub(crate) fn config(options: &Session, home: &str, service: Service) -> Result<Config, Failure> {
    Ok(Config {
        service,
        bounds: Bounds {
            redirects: options.max_redirects,
            ..Bounds::default()
        },
        rule: options.policy.rule(),
        allow: options.allow.clone(),
        stall: options.stall,
        tls: secure::client(options, home)?,
        ..Config::default()
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use eop_net::policy::Rule;

    use super::*;
    use crate::arguments::{Arguments, Command};

    /// How the session of `eop send` goes, if this is said.
    fn said(options: &[&str]) -> Config {
        let arguments = [&["eop", "send", "service.example:9000"], options].concat();
        match Arguments::parse_from(arguments).command {
            Command::Send(send) => {
                config(&send.session, &send.home, Service::default()).expect("it is usable")
            }
            other @ (Command::Listen(_) | Command::Redirector(_) | Command::Gateway(_)) => {
                panic!("{other:?}")
            }
        }
    }

    #[test]
    fn what_is_not_said_is_as_the_specification_has_it() {
        assert_eq!(said(&[]), Config::default());
    }

    #[test]
    fn how_many_redirects_are_followed_can_be_said() {
        assert_eq!(said(&["--max-redirects", "0"]).bounds.redirects, 0);
    }

    #[test]
    fn where_redirects_may_lead_can_be_said() {
        let config = said(&["--policy", "paper", "--allow", "203.0.113.7:9000"]);
        let target = "203.0.113.7:9000".parse().expect("an endpoint");
        assert_eq!(config.rule, Rule::Paper);
        assert!(config.allow.iter().all(|it| it.covers(target)) && !config.allow.is_empty());
    }
}
