//! What goes over the wire: requests in, scripted behaviour out.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use tokio::{net::TcpStream, sync::Semaphore};

/// A head larger than this is none of ours.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// An endless body ends here, and so does the patience with a client that reads all of it.
const ENDLESS_BYTES: u64 = 2 << 30;

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// As it stands in the request line.
    pub(crate) target: String,
    /// As they were sent, line by line.
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// `GET /target`
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// The value of the header `name`, exactly as it follows `name: `.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .headers
            .iter()
            .filter_map(|line| line.split_once(": "))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// The value of a parameter in the target, still encoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|pair| pair.1)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in the body of {self:?}"))
    }

    /// Reads one request; `None` where the client opened a connection and sent nothing.
    pub(super) async fn read(stream: &TcpStream) -> Result<Option<Self>, String> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            let read = read_some(stream, &mut bytes).await.unwrap_or(0);
            match bytes.len() {
                0 if read == 0 => return Ok(None),
                length if read == 0 || length > MAX_HEAD_BYTES => {
                    return Err(format!("no request: {}", String::from_utf8_lossy(&bytes)));
                }
                _ => {}
            }
        };
        let mut request = Self::parse_head(&bytes[..end])?;
        request.body = bytes.split_off(end + 4);
        let length = request.header("content-length").map_or(Ok(0), str::parse);
        let length: usize = length.map_err(|_| format!("bad content-length: {request:?}"))?;
        while request.body.len() < length {
            if read_some(stream, &mut request.body).await.unwrap_or(0) == 0 {
                return Err(format!("body cut short: {request:?}"));
            }
        }
        let is_plain = request.body.len() == length && request.header("transfer-encoding").is_none();
        if is_plain { Ok(Some(request)) } else { Err(format!("odd framing: {request:?}")) }
    }

    fn parse_head(head: &[u8]) -> Result<Self, String> {
        let head = std::str::from_utf8(head).map_err(|error| format!("head is no text: {error}"))?;
        let mut lines = head.split("\r\n");
        let first: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let [method, target, "HTTP/1.1"] = first[..] else { return Err(format!("bad head: {head}")) };
        let (method, target) = (method.to_owned(), target.to_owned());
        Ok(Self { method, target, headers: lines.map(str::to_owned).collect(), body: Vec::new() })
    }
}

/// One whole answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type", content_type.to_owned())], body: body.into() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub(crate) fn html(status: u16) -> Self {
        Self::new(status, "text/html", "<html><body>Something went wrong</body></html>")
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same answer, compressed.
    pub(crate) fn gzipped(self) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&self.body).unwrap();
        let body = encoder.finish().unwrap();
        Self { body, ..self }.with("Content-Encoding", "gzip")
    }

    /// The same answer without the last half of its body, which nothing on the way gives away.
    pub(crate) fn halved(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self
    }

    /// Some KiB that become `size_bytes` of spaces.
    pub(crate) fn gzip_bomb(size_bytes: usize) -> Self {
        Self::new(200, "application/json", vec![b' '; size_bytes]).gzipped()
    }

    fn head(&self, length: Option<u64>) -> String {
        let mut head = format!("HTTP/1.1 {} Scripted\r\nConnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if let Some(length) = length {
            let _ = write!(head, "Content-Length: {length}\r\n");
        }
        head + "\r\n"
    }

    async fn send(&self, stream: &TcpStream, length: Option<u64>) -> io::Result<()> {
        write_all(stream, self.head(length).as_bytes()).await?;
        write_all(stream, &self.body).await
    }
}

/// Opened by the test, once for every answer that waits at it.
#[derive(Debug, Clone)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Gate {
    pub(crate) fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    pub(crate) fn open(&self) {
        self.0.add_permits(1);
    }
}

/// What to do about one request.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    /// This answer.
    Answer(Answer),
    /// This answer, once the gate is open.
    Held(Gate, Answer),
    /// Not a word, until the client gives up.
    Stall,
    /// The connection ends without an answer.
    Close,
    /// The connection is reset.
    Reset,
    /// The head promises more than comes before the connection ends.
    Truncated(Answer),
    /// The body over and over, until the client hangs up; its head promises this length.
    Endless(Answer, Option<u64>),
}

impl From<Answer> for Behaviour {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

impl Behaviour {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Answer::json(status, body).into()
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Answer::new(status, "text/plain", body).into()
    }

    pub(crate) fn html(status: u16) -> Self {
        Answer::html(status).into()
    }

    /// Does it. What the client cannot be expected to do is an error; that it went away is none.
    pub(super) async fn perform(self, stream: &TcpStream, endless_bytes: &AtomicU64) -> Result<(), String> {
        match self {
            Self::Answer(answer) => {
                let _ = answer.send(stream, Some(answer.body.len() as u64)).await;
            }
            Self::Held(gate, answer) => {
                let permit = tokio::select! {
                    permit = gate.0.acquire() => permit,
                    () = gone(stream) => return Ok(()),
                };
                permit.map_err(|error| error.to_string())?.forget();
                let _ = answer.send(stream, Some(answer.body.len() as u64)).await;
            }
            Self::Stall => gone(stream).await,
            Self::Close => {}
            Self::Reset => stream.set_zero_linger().map_err(|error| error.to_string())?,
            Self::Truncated(answer) => {
                let _ = answer.send(stream, Some(answer.body.len() as u64 + 1)).await;
            }
            Self::Endless(answer, length) => return endless(&answer, length, stream, endless_bytes).await,
        }
        Ok(())
    }
}

async fn endless(
    answer: &Answer,
    length: Option<u64>,
    stream: &TcpStream,
    sent: &AtomicU64,
) -> Result<(), String> {
    let mut gone = answer.send(stream, length).await.is_err();
    while !gone {
        gone = write_all(stream, &answer.body).await.is_err();
        let bytes = answer.body.len() as u64;
        if sent.fetch_add(bytes, Ordering::Relaxed) > ENDLESS_BYTES {
            return Err("the client read an endless body to its end".to_owned());
        }
    }
    Ok(())
}

/// Waits until the client hangs up.
async fn gone(stream: &TcpStream) {
    let mut ignored = Vec::new();
    while read_some(stream, &mut ignored).await.is_ok_and(|read| read > 0) {}
}

async fn read_some(stream: &TcpStream, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0; 8 << 10];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut buffer) {
            Ok(read) => {
                bytes.extend_from_slice(&buffer[..read]);
                return Ok(read);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
