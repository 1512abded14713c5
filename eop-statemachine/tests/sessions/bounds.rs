//! How far a session may be moved: episodes, pace, deadlines, verdicts.

use eop_statemachine::Service;
use eop_statemachine::policy::{Home, Policy, Refusal, Rule, Scope};
use eop_statemachine::session::{
    Bounds, Cause, Config, ConfigError, End, Judged, MAX_MOVES, MAX_REDIRECTS, Place, Resending,
    Session, State, Want,
};
use eop_wire::Frame;

use crate::{
    HOME, Subject, at, bounded, connected, dialing, manual, moved, n, r, read, redirect, send,
    served, write,
};

/// Shows EOP-EPI-1.
#[test]
fn an_episode_has_five_redirects() {
    let mut session = connected(Config::default());
    for port in 4001..=4005 {
        moved(&mut session, &r(port, ""), 0);
    }
    assert_eq!(redirect(&mut session, &r(4006, ""), 0), Judged::NotFollowed);
    assert_eq!(
        session.end(),
        Some(End::TooManyRedirects { target: at(4006) })
    );
}

#[test]
fn an_episode_can_have_sixteen_redirects_and_no_more() {
    let bounds = Bounds {
        redirects: MAX_REDIRECTS,
        ..Bounds::default()
    };
    let mut session = connected(bounded(bounds));
    for port in 4001..=4016 {
        moved(&mut session, &r(port, ""), 0);
    }
    assert_eq!(session.clone().hop(), 16);
    let _ = redirect(&mut session.clone(), &r(4017, ""), 0);
    let _ = redirect(&mut session, &r(4015, ""), 0);
    assert_eq!(
        session.end(),
        Some(End::RedirectLoop { target: at(4015) }),
        "all of them are remembered"
    );
}

/// Shows EOP-EPI-2.
#[test]
fn no_endpoint_is_visited_twice_in_an_episode() {
    for (chain, again) in [
        (vec![], HOME),
        (vec![4001], HOME),
        (vec![4001, 4002], 4001),
        (vec![4001], 4001),
    ] {
        let mut session = connected(Config::default());
        for port in chain {
            moved(&mut session, &r(port, ""), 0);
        }
        let _ = redirect(&mut session, &r(again, ""), 0);
        assert_eq!(session.end(), Some(End::RedirectLoop { target: at(again) }));
    }
}

/// Shows EOP-EPI-3.
#[test]
fn a_redirector_that_answered_may_be_visited_again() {
    let mut session = connected(Config::default());
    send(&mut session, 0);
    write(&mut session);
    moved(&mut session, &r(HOME, "answer"), 0);
    assert_eq!(session.place(), Place::Target(at(HOME)));
}

#[test]
fn an_answer_anywhere_on_the_connection_counts() {
    let mut session = connected(Config::default());
    send(&mut session, 0);
    write(&mut session);
    read(&mut session, &n("answer"), 0).unwrap();
    moved(&mut session, &r(4001, ""), 0);
    moved(&mut session, &r(HOME, ""), 0);
    assert_eq!(session.hop(), 2);
}

/// Shows EOP-EPI-11.
#[test]
fn a_quiet_episode_ends_after_its_time_and_not_before() {
    for (quiet, follows) in [(9_999, false), (10_000, true)] {
        let mut session = connected(Config::default());
        moved(&mut session, &r(4001, ""), 0);
        let judged = redirect(&mut session, &r(HOME, ""), quiet);
        assert_eq!(
            matches!(judged, Judged::Followed(_)),
            follows,
            "after {quiet} ms"
        );
    }
}

/// Shows EOP-EPI-11.
#[test]
fn quiet_is_broken_by_a_message() {
    let mut session = connected(Config::default());
    moved(&mut session, &r(4001, ""), 0);
    send(&mut session, 6_000);
    write(&mut session);
    let _ = redirect(&mut session, &r(HOME, ""), 12_000);
    assert_eq!(session.end(), Some(End::RedirectLoop { target: at(HOME) }));
}

#[test]
fn an_episode_that_ended_while_quiet_stays_ended_when_a_message_follows() {
    let mut session = connected(Config::default());
    moved(&mut session, &r(4001, ""), 0);
    send(&mut session, 10_000);
    write(&mut session);
    assert!(matches!(
        redirect(&mut session, &r(HOME, ""), 10_001),
        Judged::Followed(_)
    ));
}

/// Shows EOP-EPI-11.
#[test]
fn waiting_for_greetings_is_not_quiet() {
    let mut session = connected(served(Service {
        greetings: 1,
        ..Service::default()
    }));
    moved(&mut session, &r(4001, ""), 0);
    let _ = redirect(&mut session, &r(HOME, ""), 20_000);
    assert_eq!(session.end(), Some(End::RedirectLoop { target: at(HOME) }));
}

/// Shows EOP-EPI-7.
#[test]
fn moves_are_bounded_over_episodes() {
    let bounds = Bounds {
        moves: 3,
        moves_window: 1_000,
        quiet: 100,
        ..Bounds::default()
    };
    let mut session = connected(bounded(bounds));
    for (index, now) in [(1, 100), (2, 300), (3, 500)] {
        moved(&mut session, &r(4000 + index, ""), now);
    }
    let mut too_soon = session.clone();
    let _ = redirect(&mut too_soon, &r(HOME, ""), 1_099);
    assert_eq!(
        too_soon.end(),
        Some(End::TooManyRedirects { target: at(HOME) })
    );
    moved(&mut session, &r(HOME, ""), 1_100);
}

#[test]
fn the_widest_pace_counts_every_move() {
    let bounds = Bounds {
        moves: MAX_MOVES,
        moves_window: 1_000_000,
        quiet: 1,
        ..Bounds::default()
    };
    let mut session = connected(bounded(bounds));
    for index in 1..=u64::from(MAX_MOVES) {
        let port = 4000 + u16::try_from(index % 2).unwrap();
        moved(&mut session, &r(port, ""), index * 10);
    }
    let mut too_soon = session.clone();
    let _ = redirect(&mut too_soon, &r(4001, ""), 1_000_009);
    assert_eq!(
        too_soon.end(),
        Some(End::TooManyRedirects { target: at(4001) })
    );
    moved(&mut session, &r(4001, ""), 1_000_010);
    moved(&mut session, &r(4000, ""), 1_000_020);
}

/// Shows EOP-EPI-5.
#[test]
fn the_episodes_deadline_runs_while_it_connects_and_waits_for_greetings() {
    let mut session = connected(served(Service {
        greetings: 1,
        ..Service::default()
    }));
    let _ = redirect(&mut session, &r(4001, ""), 1_000);
    assert_eq!(session.deadline(), Some(31_000));
    session.connected(11_000).unwrap();
    assert_eq!(session.deadline(), Some(31_000));
    read(&mut session, &n("greeting"), 21_000).unwrap();
    assert_eq!(session.deadline(), None);
    let _ = redirect(&mut session, &r(4002, ""), 24_000);
    assert_eq!(
        session.deadline(),
        Some(31_000),
        "nothing was on its way meanwhile"
    );
    session.expire(30_999);
    assert_eq!(session.state(), State::Moving);
    session.expire(31_000);
    assert_eq!(
        session.end(),
        Some(End::RedirectDeadline { target: at(4002) })
    );
}

/// Shows EOP-EPI-6.
#[test]
fn the_deadline_stands_still_while_a_message_awaits_its_answer() {
    let mut session = connected(Config::default());
    send(&mut session, 1_000);
    write(&mut session);
    let _ = redirect(&mut session, &r(4001, ""), 1_000);
    session.connected(6_000).unwrap();
    session.resend(1, 11_000).unwrap();
    write(&mut session);
    session.expire(1_000_000);
    let _ = redirect(&mut session, &r(4002, ""), 1_000_000);
    assert_eq!(
        session.deadline(),
        Some(1_020_000),
        "ten of thirty seconds were used"
    );
}

#[test]
fn the_deadline_passes_while_the_application_thinks_and_shows_at_the_next_redirect() {
    let mut session = connected(Config::default());
    send(&mut session, 0);
    write(&mut session);
    moved(&mut session, &r(4001, ""), 0);
    assert_eq!(session.deadline(), None, "thinking is not cut short");
    session.expire(30_000);
    assert_eq!(session.want(), Want::Decide { hop: 1 });
    let _ = redirect(&mut session, &r(4002, ""), 30_000);
    assert_eq!(
        session.end(),
        Some(End::RedirectDeadline { target: at(4002) })
    );
}

#[test]
fn a_deadline_that_passed_shows_at_the_next_redirect() {
    let bounds = Bounds {
        deadline: 100,
        ..Bounds::default()
    };
    let mut session = connected(bounded(bounds));
    let _ = redirect(&mut session, &r(4001, ""), 0);
    session.connected(150).unwrap(); // the caller did not look at the clock
    let _ = redirect(&mut session, &r(4002, ""), 160);
    assert_eq!(
        session.end(),
        Some(End::RedirectDeadline { target: at(4002) })
    );
}

/// Shows EOP-EPI-11.
#[test]
fn an_answer_ends_the_episode_and_its_deadline() {
    let mut session = connected(Config::default());
    let _ = redirect(&mut session, &r(4001, ""), 0);
    session.connected(29_000).unwrap();
    send(&mut session, 29_000);
    write(&mut session);
    read(&mut session, &n("answer"), 29_500).unwrap();
    let _ = redirect(&mut session, &r(4002, ""), 29_600);
    assert_eq!(session.deadline(), Some(59_600));
}

/// Shows EOP-EPI-9.
#[test]
fn home_has_a_deadline_of_its_own() {
    let config = served(Service {
        greetings: 1,
        ..Service::default()
    });
    let mut connecting = dialing(config);
    assert_eq!(connecting.deadline(), Some(30_000));
    connecting.expire(30_000);
    assert_eq!(connecting.end(), Some(End::Failed(Cause::ConnectFailed)));

    let mut waiting = connected(config);
    waiting.expire(30_000);
    assert_eq!(waiting.end(), Some(End::Failed(Cause::Timeout)));

    let mut greeted = connected(config);
    read(&mut greeted, &n("greeting"), 10).unwrap();
    assert_eq!(greeted.deadline(), None);
}

/// Shows EOP-EPI-8.
#[test]
fn with_no_redirects_allowed_one_is_surfaced() {
    let config = bounded(Bounds {
        redirects: 0,
        ..Bounds::default()
    });
    let mut session = connected(config);
    assert_eq!(redirect(&mut session, &r(4001, ""), 0), Judged::NotFollowed);
    assert_eq!(session.end(), Some(End::NotFollowed { target: at(4001) }));
}

/// Shows EOP-POL-9.
#[test]
fn the_policy_is_asked_first() {
    let config = bounded(Bounds {
        redirects: 0,
        ..Bounds::default()
    });
    let mut session = connected(config);
    read(&mut session, &r(4001, ""), 0).unwrap();
    let _ = session.judged(Err(Refusal::Denied), 0).unwrap();
    let refused = End::RedirectRefused {
        target: at(4001),
        reason: Refusal::Denied,
    };
    assert_eq!(session.end(), Some(refused));
}

/// Shows EOP-POL-1.
#[test]
fn no_verdict_lifts_what_is_forbidden() {
    let mut session = connected(Config::default());
    let target = "224.0.0.1:9000".parse().unwrap();
    let forbidden = Frame::redirect(target, b"")
        .unwrap()
        .encode()
        .chunks()
        .concat();
    assert_eq!(redirect(&mut session, &forbidden, 0), Judged::NotFollowed);
    let refused = End::RedirectRefused {
        target,
        reason: Refusal::Multicast,
    };
    assert_eq!(session.end(), Some(refused));
}

#[test]
fn a_proposal_names_home_the_redirector_and_the_target() {
    let mut session = connected(Config::default());
    moved(&mut session, &r(4001, ""), 0);
    read(&mut session, &r(4002, ""), 0).unwrap();
    let Want::Judge(proposal) = session.want() else {
        panic!("a target is to be judged")
    };
    assert_eq!(
        (
            proposal.home,
            proposal.current,
            proposal.target,
            proposal.hop,
            proposal.secured
        ),
        (Home::v4(at(HOME)), Some(at(4001)), at(4002), 2, false)
    );
    assert_eq!(
        Policy {
            rule: Rule::Paper,
            allow: &[]
        }
        .judge(&proposal),
        Ok(())
    );
}

#[test]
fn a_home_that_is_not_ipv4_cannot_be_visited_again_by_number() {
    let home = Home::other(Scope::Loopback, HOME);
    let mut session: Subject = Session::new(home, Config::default(), 0).unwrap();
    session.connected(0).unwrap();
    assert_eq!(session.endpoint(), None);
    moved(&mut session, &r(HOME, ""), 0);
    assert_eq!(session.endpoint(), Some(at(HOME)));
}

/// Shows EOP-EPI-1.
#[test]
fn no_configuration_is_without_bounds() {
    let refused = |bounds| Subject::new(Home::v4(at(HOME)), bounded(bounds), 0).unwrap_err();
    let bounds = Bounds::default();
    assert_eq!(
        refused(Bounds {
            redirects: 17,
            ..bounds
        }),
        ConfigError::Redirects(17)
    );
    assert_eq!(
        refused(Bounds {
            redirects: u32::MAX,
            ..bounds
        }),
        ConfigError::Redirects(u32::MAX)
    );
    assert_eq!(
        refused(Bounds {
            moves: 33,
            ..bounds
        }),
        ConfigError::Moves(33)
    );
    assert_eq!(
        refused(Bounds { moves: 0, ..bounds }),
        ConfigError::Moves(0)
    );
    let contradiction = Config {
        resending: Resending::Automatic { budget: 1 },
        ..manual()
    };
    let error = Subject::new(Home::v4(at(HOME)), contradiction, 0).unwrap_err();
    assert_eq!(error, ConfigError::AutomaticManual);
}

#[test]
fn an_answer_retired_late_begins_the_deadline_with_the_redirect_behind_it() {
    let mut session = connected(manual());
    send(&mut session, 0);
    send(&mut session, 0);
    write(&mut session);
    let _ = redirect(&mut session, &r(4001, ""), 1_000);
    session.retire(1, 5_000).unwrap();
    assert_eq!(session.deadline(), Some(31_000));
}

#[test]
fn the_deadline_does_not_wait_for_the_decision_of_a_half_closed_session() {
    let mut session = connected(manual());
    send(&mut session, 0);
    write(&mut session);
    session.half_close(0).unwrap();
    let _ = redirect(&mut session, &r(4001, ""), 1_000);
    assert_eq!(
        (session.state(), session.deadline()),
        (State::Holding, None)
    );
    session.resend(1, 40_000).unwrap();
    assert_eq!(session.deadline(), Some(31_000));
}
