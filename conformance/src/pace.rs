//! Whether the testee's application has taken what was sent: the receive queue of its socket, asked of the kernel.
//!
//! Linux tells it for any socket of this host (sock_diag, one request a question). Elsewhere, and for testees on other
//! hosts, the answer is "cannot tell".

use std::net::SocketAddrV4;

use crate::sock_diag;

/// What the kernel knows of the testee's end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// This many octets wait for the application.
    Holds(u32),
    /// The testee's end is not on this host, is closed, or the system does not tell.
    Unknown,
}

/// The receive queue of the socket at `testee` that is connected to `runner`.
#[must_use]
pub fn queue(testee: SocketAddrV4, runner: SocketAddrV4) -> Queue {
    sock_diag::receive_queue(testee, runner).map_or(Queue::Unknown, Queue::Holds)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::*;

    fn v4(address: SocketAddr) -> SocketAddrV4 {
        crate::link::v4(Ok(address)).unwrap_or(SocketAddrV4::new([0, 0, 0, 0].into(), 0))
    }

    #[test]
    fn the_queue_shrinks_when_the_application_reads() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut runner = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut testee, _) = listener.accept().unwrap();
        let (there, here) = (
            v4(testee.local_addr().unwrap()),
            v4(runner.local_addr().unwrap()),
        );
        runner.write_all(b"hello").unwrap();
        while queue(there, here) == Queue::Holds(0) {}
        let before = queue(there, here);
        testee.read_exact(&mut [0; 3]).unwrap();
        assert_eq!(
            (before, queue(there, here)),
            (Queue::Holds(5), Queue::Holds(2))
        );
    }

    #[test]
    fn a_connection_that_is_not_there_is_unknown() {
        let nowhere = SocketAddrV4::new([127, 0, 0, 1].into(), 1);
        assert_eq!(queue(nowhere, nowhere), Queue::Unknown);
    }
}
