//! Which connections a driver really makes: to mapped endpoints, or, without a map, to loopback alone.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, SocketAddrV4, TcpStream};

use eop_net::client::{Dial, begin_to_connect};
use eop_net::tokio as async_net;

use super::output::Output;

/// The dialling of one session.
#[derive(Debug)]
pub(super) struct Dialling {
    pub(super) session: u32,
    /// Believed endpoints and real ones; `None` without `dial=`.
    pub(super) map: Option<HashMap<SocketAddrV4, SocketAddrV4>>,
}

impl Dialling {
    /// Where a connection to `endpoint` really leads.
    fn real(&self, endpoint: SocketAddr) -> io::Result<SocketAddr> {
        let SocketAddr::V4(believed) = endpoint else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let real = match &self.map {
            Some(map) => map.get(&believed).copied(),
            None => Some(believed).filter(|believed| believed.ip().is_loopback()),
        };
        match real {
            Some(real) => Ok(real.into()),
            None => {
                Output::default().print(format_args!("{} dial {believed}", self.session))?;
                Err(io::ErrorKind::ConnectionRefused.into())
            }
        }
    }
}

impl Dial for Dialling {
    fn dial(&mut self, endpoint: SocketAddr) -> io::Result<TcpStream> {
        begin_to_connect(self.real(endpoint)?)
    }
}

impl async_net::Dial for Dialling {
    type Stream = tokio::net::TcpStream;

    fn dial(&mut self, endpoint: SocketAddr) -> async_net::Dialing<Self::Stream> {
        let real = self.real(endpoint);
        Box::pin(async { async_net::Dial::dial(&mut async_net::Direct, real?).await })
    }
}
