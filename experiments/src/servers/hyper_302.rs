//! A redirect by HTTP with hyper, over tokio on one thread.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;

use anyhow::Result;
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::{on_tokio, until_told};

/// Redirects to `location`.
pub(super) fn serve(location: &str) -> Result<()> {
    let location = location.to_owned();
    let address = on_tokio(|tell| redirect_all(location, tell))?;
    until_told(&[address], str::to_owned)
}

async fn redirect_all(location: String, tell: mpsc::Sender<SocketAddr>) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    tell.send(listener.local_addr()?)?;
    loop {
        let (socket, _) = listener.accept().await?;
        // One that is reset already is none of the others' business.
        let _ = socket.set_nodelay(true);
        let location = location.clone();
        let redirect = service_fn(move |_: Request<Incoming>| {
            let response = Response::builder()
                .status(StatusCode::FOUND)
                .header("Location", &location)
                .header("Connection", "close")
                .body(Empty::<Bytes>::new());
            async { Ok::<_, Infallible>(response.unwrap_or_default()) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), redirect));
    }
}
