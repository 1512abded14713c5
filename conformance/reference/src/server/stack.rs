//! [`Stack`]: the sockets that the test service runs over, blocking or tokio's. What the service does over them is
//! `serve.rs`'s.

use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use eop_net::server::ListenerOver;
use eop_net::{Error, tokio as async_net};

use super::request::Steps;
use super::serve;
use super::service::Service;

/// How long to wait when the system has no more sockets or threads to give.
const SHORTAGE: Duration = Duration::from_millis(20);
/// Enough for a connection's thread, and for hundreds of them.
const STACK: usize = 256 * 1024;

/// A connection of the service.
pub(super) trait Stack: Send + Sized + 'static {
    /// Listens, and serves every client by itself (EOP-TST-4). `steps` are done first on each connection. Where it listens.
    fn serve(
        address: SocketAddrV4,
        service: Arc<Service>,
        steps: Option<Arc<Steps>>,
    ) -> io::Result<SocketAddr>;

    fn local_addr(&self) -> io::Result<SocketAddr>;
    /// Waits until the client is secured, if it has to be.
    fn secured(&mut self) -> impl Future<Output = Result<(), Error>> + Send;
    fn receive(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, Error>> + Send;
    fn respond(&mut self, payload: &[u8]) -> impl Future<Output = Result<(), Error>> + Send;
    fn greet(&mut self, payload: &[u8]) -> impl Future<Output = Result<(), Error>> + Send;

    // The linger list sees off who is redirected or closed.
    fn redirect(self, to: SocketAddrV4) -> Result<(), Error>;
    fn redirect_with(self, response: &[u8], to: SocketAddrV4) -> Result<(), Error>;
    fn greet_and_redirect(self, greeting: &[u8], to: SocketAddrV4) -> Result<(), Error>;
    fn close(self);
    fn reset(self);

    /// Octets that the client has not acknowledged; `None` where the system does not tell.
    fn unacknowledged(&self) -> Option<u32>;
    fn pause(time: Duration) -> impl Future<Output = ()> + Send;

    /// Waits for the token; `false` if nobody signalled it in time.
    fn wait_for(service: Arc<Service>, token: String) -> impl Future<Output = bool> + Send;
}

/// What both have by the same names.
macro_rules! leaving {
    () => {
        fn local_addr(&self) -> io::Result<SocketAddr> {
            self.local_addr()
        }

        fn redirect(self, to: SocketAddrV4) -> Result<(), Error> {
            self.redirect(to)?;
            Ok(())
        }

        fn redirect_with(self, response: &[u8], to: SocketAddrV4) -> Result<(), Error> {
            self.redirect_with(response, to)?;
            Ok(())
        }

        fn greet_and_redirect(self, greeting: &[u8], to: SocketAddrV4) -> Result<(), Error> {
            self.greet_and_redirect(greeting, to)?;
            Ok(())
        }

        fn close(self) {
            drop(self.close());
        }

        fn reset(self) {
            self.reset();
        }

        fn unacknowledged(&self) -> Option<u32> {
            self.unacknowledged()
        }
    };
}

/// A thread a connection. These futures are ready when they are made.
impl Stack for eop_net::Connection {
    fn serve(
        address: SocketAddrV4,
        service: Arc<Service>,
        steps: Option<Arc<Steps>>,
    ) -> io::Result<SocketAddr> {
        let listener = eop_net::Listener::bind(address.into(), service.config)?;
        let listener = secured(listener, &service);
        let address = listener.local_addr()?;
        spawn(move || {
            loop {
                let accepted = listener.accept_stream().and_then(|socket| {
                    let terms = serve::terms(&service, steps.as_deref(), socket.local_addr()?);
                    let connection = listener.connection(socket, terms)?;
                    let (service, steps) = (Arc::clone(&service), steps.clone());
                    spawn(move || at_once(serve::connection(connection, service, steps)))
                });
                if accepted.is_err() {
                    thread::sleep(SHORTAGE);
                }
            }
        })?;
        Ok(address)
    }

    async fn secured(&mut self) -> Result<(), Error> {
        self.secured()
    }

    async fn receive(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.receive()
    }

    async fn respond(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.respond(payload)
    }

    async fn greet(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.greet(payload)
    }

    async fn wait_for(service: Arc<Service>, token: String) -> bool {
        service.wait_for(&token)
    }

    async fn pause(time: Duration) {
        thread::sleep(time);
    }

    leaving!();
}

/// A task a connection.
impl Stack for async_net::Connection {
    fn serve(
        address: SocketAddrV4,
        service: Arc<Service>,
        steps: Option<Arc<Steps>>,
    ) -> io::Result<SocketAddr> {
        let listener = async_net::Listener::bind(address.into(), service.config)?;
        let listener = secured(listener, &service);
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            loop {
                let accepted = listener.accept_stream().await.and_then(|socket| {
                    let terms = serve::terms(&service, steps.as_deref(), socket.local_addr()?);
                    listener.connection(socket, terms)
                });
                match accepted {
                    Ok(connection) => {
                        let (service, steps) = (Arc::clone(&service), steps.clone());
                        drop(tokio::spawn(serve::connection(connection, service, steps)));
                    }
                    Err(_) => tokio::time::sleep(SHORTAGE).await,
                }
            }
        });
        Ok(address)
    }

    async fn secured(&mut self) -> Result<(), Error> {
        self.secured().await
    }

    async fn receive(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.receive().await
    }

    async fn respond(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.respond(payload).await
    }

    async fn greet(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.greet(payload).await
    }

    async fn wait_for(service: Arc<Service>, token: String) -> bool {
        let waiting = tokio::task::spawn_blocking(move || service.wait_for(&token));
        waiting.await.unwrap_or(false)
    }

    async fn pause(time: Duration) {
        tokio::time::sleep(time).await;
    }

    leaving!();
}

/// A listener whose clients are secured as the service has it.
fn secured<L>(listener: ListenerOver<L>, service: &Service) -> ListenerOver<L> {
    match &service.tls {
        Some(tls) => listener.secured_by(tls),
        None => listener,
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .stack_size(STACK)
        .spawn(work)
        .map(drop)
}

/// What a future comes to that is ready when it is asked.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        match future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::yield_now(),
        }
    }
}
