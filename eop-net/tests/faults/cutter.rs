//! [`Cutter`]: stands in a connection's path, and resets both ends once so many octets went one way.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::sockopt::set_socket_linger;

use super::stage;

/// Which way octets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToServer,
    ToClient,
}

/// Where a connection is cut: behind so many octets that went this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) way: Way,
    pub(crate) octets: usize,
}

/// The path of one connection.
pub(crate) struct Cutter {
    pub(crate) address: SocketAddrV4,
    done: Arc<AtomicBool>,
    thread: JoinHandle<Carried>,
}

/// How many octets went each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) to_server: usize,
    pub(crate) to_client: usize,
    pub(crate) cut: bool,
}

impl Cutter {
    /// The path of one connection to `server`. It is cut there, if anywhere.
    pub(crate) fn before(server: SocketAddrV4, cut: Option<Cut>) -> Self {
        let (listener, address) = stage::listening();
        let done = Arc::new(AtomicBool::new(false));
        let is_done = Arc::clone(&done);
        let thread = thread::spawn(move || carry(&listener, server, cut, &is_done));
        Self {
            address,
            done,
            thread,
        }
    }

    /// The story is over: what it carried.
    pub(crate) fn join(self) -> Carried {
        self.done.store(true, Ordering::SeqCst);
        // If nobody came, somebody comes now.
        drop(TcpStream::connect(self.address));
        self.thread.join().expect("no panic")
    }
}

impl Carried {
    pub(crate) const fn way(&self, way: Way) -> usize {
        match way {
            Way::ToServer => self.to_server,
            Way::ToClient => self.to_client,
        }
    }
}

fn carry(
    listener: &TcpListener,
    server: SocketAddrV4,
    cut: Option<Cut>,
    done: &AtomicBool,
) -> Carried {
    let (client, _) = listener.accept().expect("a client");
    if done.load(Ordering::SeqCst) {
        return Carried::default();
    }
    let server = TcpStream::connect(server).expect("the server");
    let limit = |way| cut.filter(|cut| cut.way == way).map(|cut| cut.octets);
    let mut lanes = [
        Lane::new(&client, &server, limit(Way::ToServer)),
        Lane::new(&server, &client, limit(Way::ToClient)),
    ];
    let mut went = Went::On;
    while went == Went::On && lanes.iter().any(|lane| !lane.ended) {
        let waiting = lanes.each_ref().map(|lane| match lane.ended {
            false => PollFlags::IN,
            true => PollFlags::empty(),
        });
        let mut polled = [
            PollFd::new(&client, waiting[0]),
            PollFd::new(&server, waiting[1]),
        ];
        if !lanes.iter().any(Lane::is_full) {
            poll(&mut polled, None).expect("sockets can be waited for");
        }
        let ready = polled.map(|it| !it.revents().is_empty());
        for (lane, ready) in lanes.iter_mut().zip(ready) {
            if went == Went::On && (lane.is_full() || ready && !lane.ended) {
                went = lane.carry();
            }
        }
    }
    if went != Went::On {
        for socket in [&client, &server] {
            set_socket_linger(socket, Some(Duration::ZERO)).expect("a flag");
        }
    }
    let [there, back] = lanes;
    Carried {
        to_server: there.carried,
        to_client: back.carried,
        cut: went == Went::Cut,
    }
}

/// How a lane went on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Went {
    On,
    /// As many octets as it may have.
    Cut,
    /// One of the ends is gone.
    Lost,
}

/// One way of a connection.
struct Lane<'a> {
    from: &'a TcpStream,
    to: &'a TcpStream,
    limit: Option<usize>,
    carried: usize,
    ended: bool,
}

impl<'a> Lane<'a> {
    fn new(from: &'a TcpStream, to: &'a TcpStream, limit: Option<usize>) -> Self {
        from.set_nodelay(true).expect("a flag");
        Self {
            from,
            to,
            limit,
            carried: 0,
            ended: false,
        }
    }

    fn is_full(&self) -> bool {
        self.limit == Some(self.carried)
    }

    fn carry(&mut self) -> Went {
        if self.is_full() {
            return Went::Cut;
        }
        let mut octets = [0; 4096];
        let room = self.limit.map_or(4096, |limit| limit - self.carried);
        match self.from.read(&mut octets[..room.min(4096)]) {
            Ok(0) => {
                self.ended = true;
                let _ = self.to.shutdown(Shutdown::Write);
                Went::On
            }
            Ok(count) => {
                self.carried += count;
                match self.to.write_all(&octets[..count]) {
                    Ok(()) => Went::On,
                    Err(_) => Went::Lost,
                }
            }
            Err(_) => Went::Lost,
        }
    }
}
