//! A script for a socket taken back from hyper: bytes, pauses, and its end.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// The end of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// An orderly end (FIN).
    Close,
    /// A reset (RST), once the peer has had the time to read what was sent.
    Reset,
}

/// Writes in order, each followed by its pause, then the end.
#[derive(Debug)]
pub(crate) struct Script {
    pub writes: Vec<(Bytes, Duration)>,
    pub end: End,
}

impl Script {
    /// Plays it; a peer that has left ends it early.
    pub(crate) async fn play(self, mut stream: TcpStream) {
        for (bytes, pause) in self.writes {
            if stream.write_all(&bytes).await.is_err() {
                return;
            }
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        match self.end {
            End::Close => drop(stream.shutdown().await),
            End::Reset => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let _ = stream.set_zero_linger();
            }
        }
    }
}
