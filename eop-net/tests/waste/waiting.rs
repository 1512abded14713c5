//! What a connection over tokio holds while it waits: a task, tokio's account of its socket, and no memory to read into.

use std::future::poll_fn;
use std::io::Write as _;
use std::net::{SocketAddrV4, TcpStream};
use std::pin::pin;
use std::task::Poll;

use allocation_counter::measure;
use eop_net::tokio::{Connection, Listener};
use tokio::runtime::Runtime;

use super::exchange::{listener, runtime};
use super::stage::normal;

/// Octets that a waiting client's task and its socket's account ask the allocator for, of which tokio rounds up each to a
/// multiple of 128. The budget of 1,024 is for these and for what the allocator loses on their alignment.
const WAITING: i64 = 640;
/// Octets of what a connection keeps once something has come, beside memory for the next payload.
const UNDER_WAY: i64 = 128;
/// Until the thread and the runtime have the memory that they need.
const BEFORE: usize = 10;

struct Server {
    runtime: Runtime,
    listener: Listener,
    home: SocketAddrV4,
    clients: Vec<TcpStream>,
}

impl Server {
    fn in_its_stride() -> Self {
        let runtime = runtime();
        let (listener, home) = runtime.block_on(async { listener() });
        let clients = Vec::with_capacity(BEFORE + 1);
        let mut server = Self {
            runtime,
            listener,
            home,
            clients,
        };
        for _ in 0..BEFORE {
            server.accept_one_more();
        }
        server
    }

    /// A task that waits for its client's request.
    fn accept_one_more(&mut self) {
        self.clients
            .push(TcpStream::connect(self.home).expect("the server"));
        self.runtime.block_on(async {
            let mut connection = self.listener.accept().await.expect("a client");
            tokio::spawn(async move { while let Ok(Some(_)) = connection.receive().await {} });
            tokio::task::yield_now().await; // it waits by now
        });
    }
}

/// Asks for a request that has not come.
async fn begin_to_wait(connection: &mut Connection) {
    let mut receiving = pin!(connection.receive());
    let pending = poll_fn(|cx| Poll::Ready(receiving.as_mut().poll(cx).is_pending()));
    assert!(pending.await, "nothing was asked");
}

#[test]
fn a_client_that_waits_takes_its_task_and_its_sockets_account() {
    let mut server = Server::in_its_stride();
    let one_more = measure(|| server.accept_one_more());
    assert!(one_more.bytes_current <= WAITING, "{one_more:?}");
}

#[test]
fn a_client_that_waits_again_keeps_no_memory_to_read_into() {
    let Server {
        runtime,
        listener,
        home,
        ..
    } = Server::in_its_stride();
    let mut client = TcpStream::connect(home).expect("the server");
    let mut connection = runtime.block_on(listener.accept()).expect("a client");
    let question = normal(b"question");
    let exchanged = measure(|| {
        runtime.block_on(async {
            client.write_all(&question).expect("it reads");
            let request = connection.receive().await.expect("no fault");
            let request = request.expect("a request");
            connection.respond(&request).await.expect("it is asked for");
            begin_to_wait(&mut connection).await;
        });
    });
    assert!(exchanged.bytes_current <= UNDER_WAY, "{exchanged:?}");
}
