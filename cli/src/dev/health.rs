//! Whether the gateway answers.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Bound on each step of one attempt.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Whether `GET /health/live` on this port of 127.0.0.1 is answered with 200.
pub(super) fn is_live(port: u16) -> bool {
    status(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_some_and(|line| line.starts_with("HTTP/1.1 200"))
}

/// The first bytes of the answer.
fn status(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).ok()?;
    stream.set_read_timeout(Some(TIMEOUT)).ok()?;
    let request = format!("GET /health/live HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut line = [0; 12];
    stream.read_exact(&mut line).ok()?;
    Some(String::from_utf8_lossy(&line).into_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

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
        for (answer, expected) in [("HTTP/1.1 200 OK\r\n\r\n", true), ("HTTP/1.1 503 No\r\n\r\n", false), ("", false)] {
            let (port, server) = answering(answer);
            assert_eq!(is_live(port), expected, "{answer:?}");
            server.join().unwrap();
            assert!(!is_live(port), "nobody listens any more");
        }
    }
}
