//! Servers of `eop-net` that move their clients, and those to which they are moved.

use std::mem::take;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, Result, bail};
use eop_net::server::{Config, Redirector};
use eop_net::{Connection, Listener};

use super::{drain, on_tokio, until_told};
use crate::framed::Framed;
use crate::plain::Plain;

/// Moves everybody to `target`, without reading.
pub(super) fn redirector(target: SocketAddrV4) -> Result<()> {
    let listener = listen()?;
    let address = listener.local_addr()?;
    let _redirector = Redirector::start([listener], target)?;
    until_told(&[address], str::to_owned)
}

/// The same over tokio, on one thread.
pub(super) fn redirector_tokio(target: SocketAddrV4) -> Result<()> {
    let address = on_tokio(move |tell| redirect_all(target, tell))?;
    until_told(&[address], str::to_owned)
}

async fn redirect_all(target: SocketAddrV4, tell: mpsc::Sender<SocketAddr>) -> Result<()> {
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    let listener = eop_net::tokio::Listener::bind(address, Config::default())?;
    tell.send(listener.local_addr()?)?;
    loop {
        // One that is lost meanwhile is none of the others' business.
        drop(listener.accept().await?.redirect(target));
    }
}

/// Answers each request, which is a number, with as many octets.
pub(super) fn files() -> Result<()> {
    let listener = listen()?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        while let Ok(connection) = listener.accept() {
            thread::spawn(move || {
                answer_by(connection, |request| {
                    let length = String::from_utf8_lossy(request).parse().unwrap_or(0);
                    vec![7; length]
                })
            });
        }
    });
    until_told(&[address], str::to_owned)
}

/// How two servers answer with what they were asked, of which, but for the first kind, the first moves its client to the second
/// with its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Over TCP alone, which has to be told the length.
    Tcp,
    /// With the codec.
    Codec,
    /// With `eop-net`.
    Net,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Tcp, Self::Codec, Self::Net];

    /// Its name, by which `serve` is told of it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Codec => "codec",
            Self::Net => "net",
        }
    }
}

/// The servers of a transaction, of `kinds`, which are separated by commas. What they are told is the length of the messages.
pub(super) fn transaction(kinds: &str) -> Result<()> {
    let kinds: Vec<Kind> = kinds
        .split(',')
        .map(|name| {
            let mut all = Kind::ALL.into_iter();
            all.find(|kind| kind.name() == name)
                .with_context(|| format!("no kind of server: {name}"))
        })
        .collect::<Result<_>>()?;
    let length = Arc::new(AtomicUsize::new(0));
    let addresses = begin_transaction(Ipv4Addr::LOCALHOST, &kinds, &length)?;
    until_told(&addresses.concat(), |line| {
        length.store(line.trim().parse().unwrap_or(0), Ordering::SeqCst);
        line.to_owned()
    })
}

/// Two servers of each of `kinds`: where they are. Each serves one client after the other.
///
/// # Errors
/// They cannot listen.
pub fn begin_transaction(
    at: Ipv4Addr,
    kinds: &[Kind],
    length: &Arc<AtomicUsize>,
) -> Result<Vec<[SocketAddr; 2]>> {
    let begin = |kind: &Kind| match kind {
        Kind::Tcp => Ok([begin_over_tcp(at, length)?, begin_over_tcp(at, length)?]),
        Kind::Codec => begin_with_the_codec(at),
        Kind::Net => begin_with_eop_net(at),
    };
    kinds.iter().map(begin).collect()
}

fn begin_over_tcp(at: Ipv4Addr, length: &Arc<AtomicUsize>) -> Result<SocketAddr> {
    let length = Arc::clone(length);
    let mut buffer = Vec::new();
    serve_each(at, move |socket| {
        answer_over_tcp(&mut buffer, socket, length.load(Ordering::SeqCst))
    })
}

fn begin_with_the_codec(at: Ipv4Addr) -> Result<[SocketAddr; 2]> {
    let mut buffer = Vec::new();
    let target = serve_each(at, move |socket| answer_with_the_codec(&mut buffer, socket))?;
    let SocketAddr::V4(to) = target else {
        bail!("not of IPv4")
    };
    let mut buffer = Vec::new();
    let home = serve_each(at, move |socket| {
        move_with_the_codec(&mut buffer, socket, to)
    })?;
    Ok([home, target])
}

fn begin_with_eop_net(at: Ipv4Addr) -> Result<[SocketAddr; 2]> {
    let [home, target] = [(), ()].map(|()| Listener::bind((at, 0).into(), Config::default()));
    let (home, target) = (home?, target?);
    let addresses = [home.local_addr()?, target.local_addr()?];
    let SocketAddr::V4(to) = target.local_addr()? else {
        bail!("not of IPv4")
    };
    thread::spawn(move || {
        while let Ok(connection) = home.accept() {
            let _ = answer_and_move(connection, to);
        }
    });
    thread::spawn(move || {
        while let Ok(connection) = target.accept() {
            let _ = answer_by(connection, <[u8]>::to_vec);
        }
    });
    Ok(addresses)
}

/// Listens, and serves one client after the other on a thread.
fn serve_each(
    at: Ipv4Addr,
    mut serve: impl FnMut(TcpStream) -> Result<()> + Send + 'static,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind((at, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            // A client that is gone is none of the next one's business.
            let _ = serve(socket);
        }
    });
    Ok(address)
}

/// Answers each request with what it was. The `buffer` is kept for the next client.
pub(super) fn answer_with_the_codec(buffer: &mut Vec<u8>, socket: TcpStream) -> Result<()> {
    socket.set_nodelay(true)?;
    let mut framed = Framed::reusing(take(buffer), socket);
    while framed.receive()?.is_some() {
        framed.send_back()?;
    }
    *buffer = framed.close();
    Ok(())
}

fn move_with_the_codec(buffer: &mut Vec<u8>, socket: TcpStream, to: SocketAddrV4) -> Result<()> {
    socket.set_nodelay(true)?;
    let mut framed = Framed::reusing(take(buffer), socket);
    if framed.receive()?.is_some() {
        framed.send_back_and_redirect(to)?;
    }
    let (mut socket, kept) = framed.into_parts();
    *buffer = kept;
    drain(&mut socket);
    Ok(())
}

fn listen() -> Result<Listener> {
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    Ok(Listener::bind(address, Config::default())?)
}

fn answer_over_tcp(buffer: &mut Vec<u8>, socket: TcpStream, length: usize) -> Result<()> {
    socket.set_nodelay(true)?;
    let mut plain = Plain::reusing(take(buffer), socket);
    plain.receive(length)?;
    plain.send_back()?;
    let (mut socket, kept) = plain.into_parts();
    *buffer = kept;
    drain(&mut socket);
    Ok(())
}

fn answer_and_move(mut connection: Connection, to: SocketAddrV4) -> Result<(), eop_net::Error> {
    if let Some(request) = connection.receive()? {
        connection.redirect_with(&request, to)?;
    }
    Ok(())
}

fn answer_by(
    mut connection: Connection,
    answer: impl Fn(&[u8]) -> Vec<u8>,
) -> Result<(), eop_net::Error> {
    while let Some(request) = connection.receive()? {
        connection.respond(&answer(&request))?;
    }
    Ok(())
}
