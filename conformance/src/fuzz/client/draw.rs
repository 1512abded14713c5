//! Draws sessions with a client, guided by the model: what is sent makes sense where the session stands, mostly.

use fastrand::Rng;

use super::model::Session;
use super::plan::{Burst, Command, LISTENING, Piece, Places, Plan, REFUSING, Settings, Step};
use crate::fuzz::{cut, pick};

/// Payloads as the contract writes them: empty, small, like a header, too long for a whole body.
const PAYLOADS: [&str; 9] = [
    "71",
    "-",
    "6f6b",
    "6e6577",
    "000100000000000000000001",
    "00022328c000020a00000000",
    "@300",
    "@5000",
    "@70000",
];
/// How many of them are small.
const SMALL: usize = 6;

/// Opcodes that are neither NORMAL nor REDIRECT.
const OPCODES: [u16; 12] = [
    0x0000, 0x0003, 0x0100, 0x0200, 0x0101, 0x1001, 0x1603, 0x4745, 0x8000, 0x8002, 0xff01, 0xffff,
];

/// Where a redirect may lead, the likely places more than once.
const TARGETS: [&str; 16] = [
    "a",
    "b",
    "c",
    "a",
    "b",
    "c",
    "a",
    "b",
    "c",
    "home",
    REFUSING,
    REFUSING,
    "127.0.0.1:0",
    "0.0.0.0:9000",
    "224.0.0.1:9000",
    "10.0.0.1:9000",
];

pub(super) fn draw(random: &mut Rng) -> Plan {
    let count = pick(random, [1, 1, 1, 2]);
    let sessions: Vec<_> = (0..count).map(|_| settings(random)).collect();
    let places = places();
    let mut models: Vec<_> = sessions
        .iter()
        .map(|settings| Session::begin(settings.clone(), places.clone()))
        .collect();
    for model in &mut models {
        drop(model.foretold());
    }
    let mut steps = Vec::new();
    for _ in 0..random.usize(2..=8).saturating_mul(count) {
        let session = random.usize(0..count);
        let (Some(model), Some(settings)) = (models.get_mut(session), sessions.get(session)) else {
            continue;
        };
        if model.ended {
            continue;
        }
        let burst = burst(random, model, settings, &places);
        drop(model.foretold());
        steps.push(Step { session, burst });
    }
    Plan { sessions, steps }
}

/// Places that stand for those of a play: only whether two are the same matters here.
fn places() -> Places {
    let names = LISTENING.into_iter().chain([REFUSING]).zip(4001..);
    let place = |(name, port): (&str, u16)| {
        (
            name.to_owned(),
            std::net::SocketAddrV4::new([127, 0, 0, 1].into(), port),
        )
    };
    names.map(place).collect()
}

fn settings(random: &mut Rng) -> Settings {
    let manual = random.u8(0..4) == 0;
    let mut one_in = |n: u8| random.u8(0..n) == 0;
    let settings = Settings {
        manual,
        automatic: one_in(2) && !manual,
        fallback: one_in(4) && !manual,
        new_first: one_in(5),
        ..Settings::default()
    };
    let (greeting, limit, budget, redirects, moves) =
        (one_in(4), one_in(5), one_in(5), one_in(4), one_in(8));
    Settings {
        greeting: greeting.then(|| random.u32(1..=2)),
        limit: limit.then(|| pick(random, [100, 1000, 65_536])),
        budget: budget.then(|| pick(random, [0, 1, 4, 300])),
        max_redirects: redirects.then(|| pick(random, [0, 1, 2, 3])),
        moves: moves.then(|| random.u32(1..=3)),
        ..settings
    }
}

fn burst(random: &mut Rng, model: &mut Session, settings: &Settings, places: &Places) -> Burst {
    let asks = model.outstanding() == 0 || model.awaited();
    match random.u8(0..20) {
        0 => {
            model.reset();
            Burst::Reset
        }
        1..9 if asks => say(random, model, settings),
        1..5 => say(random, model, settings),
        _ => serve(random, model, settings, places),
    }
}

fn say(random: &mut Rng, model: &mut Session, settings: &Settings) -> Burst {
    let mut commands = Vec::new();
    for _ in 0..random.usize(1..=4) {
        let command = command(random, model, settings);
        if model.is_settled(&command) {
            model.say(&command);
            commands.push(command);
        }
    }
    Burst::Say(commands)
}

fn command(random: &mut Rng, model: &Session, settings: &Settings) -> Command {
    if model.awaited() && random.u8(0..3) > 0 {
        let before = pick(random, [0, 0, 0, 0, 1]);
        return if random.u8(0..3) > 0 {
            Command::Resend(before)
        } else {
            Command::Drop(before)
        };
    }
    let retires = if settings.manual { 6 } else { 1 };
    match random.u8(0..24) {
        0..6 if retires > random.u8(0..6) => Command::Retire(random.u32(0..=2)),
        6 => Command::HalfClose,
        7 if random.bool() => Command::Close,
        8 if random.bool() => Command::Resend(random.u32(0..=1)),
        8 => Command::Drop(random.u32(0..=1)),
        9..12 => Command::SendOnce(body(random).to_owned()),
        _ => Command::Send(body(random).to_owned()),
    }
}

fn body(random: &mut Rng) -> &'static str {
    let most = if random.u8(0..6) == 0 {
        PAYLOADS.len()
    } else {
        SMALL
    };
    let place = random.usize(0..most);
    PAYLOADS.get(place).copied().unwrap_or("-")
}

fn serve(random: &mut Rng, model: &mut Session, settings: &Settings, places: &Places) -> Burst {
    let mut pieces = Vec::new();
    for _ in 0..random.usize(1..=4) {
        let piece = piece(random, model, settings);
        let moves = matches!(piece, Piece::Redirect { .. });
        let cut_off = matches!(piece, Piece::Cut { .. }) && random.u8(0..3) > 0;
        let goes_on = model.serve(&piece.octets(places, settings.limit()));
        pieces.push(piece);
        if goes_on && model.wrote() {
            return serving(random, pieces, places, settings, false);
        }
        if goes_on && cut_off {
            model.end_of_stream();
            return serving(random, pieces, places, settings, true);
        }
        if moves || !goes_on {
            // What stands behind it must not matter.
            for _ in 0..random.usize(0..=2) {
                pieces.push(anything(random));
            }
            return serving(random, pieces, places, settings, false);
        }
    }
    let fin = random.u8(0..16) == 0;
    if fin {
        model.end_of_stream();
    }
    serving(random, pieces, places, settings, fin)
}

fn serving(
    random: &mut Rng,
    pieces: Vec<Piece>,
    places: &Places,
    settings: &Settings,
    fin: bool,
) -> Burst {
    let limit = settings.limit();
    let octets = pieces
        .iter()
        .map(|piece| piece.octets(places, limit).len())
        .sum();
    let cuts = cut::draw(random, octets);
    Burst::Serve { pieces, cuts, fin }
}

fn piece(random: &mut Rng, model: &Session, settings: &Settings) -> Piece {
    let welcome = settings.manual || model.greetings() > 0 || model.answerable() > 0;
    match random.u8(0..32) {
        0 => broken(random),
        1..3 => Piece::Cut {
            of: Box::new(whole(random)),
            octets: random.usize(1..16),
        },
        3 => message(random, settings),
        4..11 => Piece::Redirect {
            to: pick(random, TARGETS).to_owned(),
            payload: if welcome && random.bool() || random.u8(0..24) == 0 {
                answer(random, settings)
            } else {
                "-".to_owned()
            },
        },
        _ if welcome => message(random, settings),
        _ => Piece::Redirect {
            to: pick(random, TARGETS).to_owned(),
            payload: "-".to_owned(),
        },
    }
}

fn message(random: &mut Rng, settings: &Settings) -> Piece {
    let payload = answer(random, settings);
    if random.u8(0..6) > 0 {
        return Piece::Message(payload);
    }
    Piece::Odd {
        payload,
        port: pick(random, [0, 1, 0x0002, 9000, 65_535]),
        addr: pick(random, [1, 0x0100_0000, 0x7f00_0001, u32::MAX]),
    }
}

/// A payload that a server sends; now and then as long as it may be.
fn answer(random: &mut Rng, settings: &Settings) -> String {
    match settings.limit {
        Some(limit) if random.u8(0..5) == 0 => format!("@{limit}"),
        Some(_) => pick(random, ["72", "-", "6f6b"]).to_owned(),
        None => body(random).to_owned(),
    }
}

fn anything(random: &mut Rng) -> Piece {
    if random.u8(0..4) == 0 {
        broken(random)
    } else {
        whole(random)
    }
}

fn whole(random: &mut Rng) -> Piece {
    match random.u8(0..3) {
        0 => Piece::Redirect {
            to: pick(random, TARGETS).to_owned(),
            payload: "6f6b".to_owned(),
        },
        _ => Piece::Message(pick(random, ["72", "-", "6f6b", "@300"]).to_owned()),
    }
}

fn broken(random: &mut Rng) -> Piece {
    match random.u8(0..4) {
        0 => Piece::Opcode(pick(random, OPCODES)),
        1 => Piece::TooLarge {
            more: pick(random, [1, 2, 65_536, u32::MAX]),
            redirect: random.bool(),
        },
        _ => Piece::Header {
            opcode: pick(random, OPCODES),
            slen: pick(random, [0, 1, 12, u32::MAX]),
        },
    }
}
