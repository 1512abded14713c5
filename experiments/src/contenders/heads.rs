//! The heads of other protocols that say what a header of EOP says: how long the payload is, or where to go.

use std::hint::black_box;
use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use super::Contender;

/// Heads in a round.
const HEADS: u32 = 256;

/// What a browser asks at least.
const GET: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: experiment\r\nAccept: */*\r\n\r\n";

/// nginx's answer to it, where it redirects.
const FOUND: &[u8] = b"HTTP/1.1 302 Moved Temporarily\r\nServer: nginx/1.22.1\r\nDate: Wed, 25 Nov 2026 20:00:00 GMT\r\n\
    Content-Type: text/html\r\nContent-Length: 145\r\nConnection: close\r\nLocation: http://192.0.2.7:8080/index.html\r\n\r\n";

pub(super) fn contenders() -> Vec<Contender> {
    let heads = |task, name, parse: fn() -> u64| {
        Contender::new(task, name, (HEADS, "head"), move || {
            Box::new(move || (0..HEADS).map(|_| parse()).sum())
        })
    };
    vec![
        heads("decode", "tungstenite (WebSocket)", || {
            let mut octets = Cursor::new(black_box(&[0x82, 0x7e, 0x10, 0x00][..]));
            match FrameHeader::parse(&mut octets) {
                Ok(Some((_, len))) => len,
                Ok(None) | Err(_) => 0,
            }
        }),
        heads("decode", "httparse, a GET of 87 octets", || {
            let mut headers = [httparse::EMPTY_HEADER; 16];
            let mut request = httparse::Request::new(&mut headers);
            let _ = black_box(request.parse(black_box(GET)));
            request.headers.len() as u64
        }),
        heads("decode", "httparse, nginx's 302", || {
            let mut headers = [httparse::EMPTY_HEADER; 16];
            let mut response = httparse::Response::new(&mut headers);
            let _ = black_box(response.parse(black_box(FOUND)));
            response.headers.len() as u64
        }),
        Contender::new("encode", "tungstenite (WebSocket)", (HEADS, "head"), || {
            let mut out = Vec::with_capacity(16);
            Box::new(move || {
                for _ in 0..HEADS {
                    out.clear();
                    let header = FrameHeader {
                        opcode: OpCode::Data(Data::Binary),
                        ..FrameHeader::default()
                    };
                    let _ = header.format(black_box(4096), &mut out);
                    black_box(&out);
                }
                u64::from(HEADS)
            })
        }),
    ]
}
