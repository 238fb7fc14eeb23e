//! Health checks on the development gateway.

use std::time::Duration;

use reqwest::blocking::Client;

use crate::failure::Failure;

/// Deadline of one attempt.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks a gateway on this machine.
#[derive(Debug)]
pub(super) struct Health {
    client: Client,
    url: String,
}

impl Health {
    /// Prepares to ask the gateway at this port of 127.0.0.1.
    pub(super) fn of(port: u16) -> Result<Self, Failure> {
        // Another provider may be installed already; either does.
        let _earlier = rustls::crypto::ring::default_provider().install_default();
        // No connection is kept: the next attempt may be answered by another process.
        let client = Client::builder().timeout(TIMEOUT).pool_max_idle_per_host(0).no_proxy().build();
        let client = client.map_err(|fault| Failure::new(format!("no HTTP: {fault}")))?;
        Ok(Self { client, url: format!("http://127.0.0.1:{port}/health/live") })
    }

    /// Returns true if it answers with 200.
    pub(super) fn is_live(&self) -> bool {
        self.client.get(&self.url).send().is_ok_and(|answer| answer.status() == 200)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    fn answering(answer: &'static str) -> (u16, std::thread::JoinHandle<()>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        #[expect(clippy::disallowed_methods, reason = "a server for one request, in a native test")]
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 20];
            stream.read_exact(&mut request).unwrap();
            assert_eq!(&request, b"GET /health/live HTT");
            stream.write_all(answer.as_bytes()).unwrap();
        });
        (port, server)
    }

    #[test]
    fn only_an_answer_of_200_counts() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", true),
            ("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", false),
            ("", false),
        ] {
            let (port, server) = answering(answer);
            let health = Health::of(port).unwrap();
            assert_eq!(health.is_live(), expected, "{answer:?}");
            server.join().unwrap();
            assert!(!health.is_live(), "nobody listens any more");
        }
    }
}
