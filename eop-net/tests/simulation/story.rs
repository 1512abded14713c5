//! [`Story`]: what happened in a world, line by line: the same for the same seed, and what a replay shows.

use std::sync::{Arc, Mutex};

use eop_net::Event;
use tokio::time::Instant;

/// What the clients were told, and when.
#[derive(Clone)]
pub(crate) struct Story {
    began: Instant,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Story {
    pub(crate) fn begin() -> Self {
        Self {
            began: Instant::now(),
            lines: Arc::default(),
        }
    }

    /// A client was told something.
    pub(crate) fn tell(&self, client: usize, event: &Event) {
        let at = self.began.elapsed().as_millis();
        let event = match event {
            Event::Message(message) => {
                let text = String::from_utf8_lossy(&message.payload);
                format!(
                    "{} ({} left)",
                    text.trim_end_matches('+'),
                    message.outstanding
                )
            }
            Event::Connected(_) | Event::Redirected(_) | Event::Settling | Event::Ended(_) => {
                format!("{event:?}")
            }
        };
        let mut lines = self.lines.lock().expect("no panic");
        lines.push(format!("{at:>7} ms  client {client}: {event}"));
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("no panic").clone()
    }
}
