//! The least that fetching costs: every page over raw sockets, read to its end and thrown away. It knows beforehand how
//! many pages there are, and looks at nothing but the length of an answer.

use std::{
    cell::{Cell, RefCell},
    io,
};

use futures_util::future::join_all;
use serde::Deserialize;
use tokio::net::TcpStream;

use super::{
    order::{Order, TOKEN_PATH, sign_in},
    page::{ENTITIES_PATH, PAGE_SIZE, hours, query_of_page},
};

#[derive(Deserialize)]
struct Grant {
    token: String,
}

/// Fetches all of `order`, so many requests in flight.
pub(crate) fn fetch(order: &Order) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let lines = join_all((0..order.in_flight).map(|_| Line::open(&order.host))).await;
        let mut lines: Vec<Line> = lines.into_iter().collect::<Result<_, _>>().expect("connections");
        let tokens = sign_in_all(&mut lines, order).await;
        fetch_all(&mut lines, order, &tokens).await;
    });
}

/// The tokens of all streams, in order.
async fn sign_in_all(lines: &mut [Line], order: &Order) -> Vec<String> {
    let client_ids = order.client_ids();
    let tokens = RefCell::new(vec![String::new(); client_ids.len()]);
    let request = |index: usize| {
        let body = sign_in(client_ids.get(index)?);
        let (host, length) = (&order.host, body.len());
        Some(format!(
            "POST {TOKEN_PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ))
    };
    let keep = |index: usize, body: &[u8]| {
        let Grant { token } = serde_json::from_slice(body).expect("a token");
        tokens.borrow_mut()[index] = token;
    };
    ask_all(lines, request, keep).await;
    tokens.into_inner()
}

async fn fetch_all(lines: &mut [Line], order: &Order, tokens: &[String]) {
    let pages = |window| (1..=hours(window).div_ceil(PAGE_SIZE)).map(move |page| query_of_page(window, page));
    let queries: Vec<String> = order.windows().into_iter().flat_map(pages).collect();
    let request = |index: usize| {
        let (token, query) = (tokens.get(index / queries.len())?, &queries[index % queries.len()]);
        let host = &order.host;
        Some(format!(
            "GET {ENTITIES_PATH}?{query} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n"
        ))
    };
    ask_all(lines, request, |_, _| ()).await;
}

/// Makes requests 0, 1, … until there are no more, the next one on whichever connection is free.
async fn ask_all(lines: &mut [Line], request: impl Fn(usize) -> Option<String>, took: impl Fn(usize, &[u8])) {
    let next = Cell::new(0);
    join_all(lines.iter_mut().map(|line| ask_in_turn(line, &next, &request, &took))).await;
}

async fn ask_in_turn(
    line: &mut Line,
    next: &Cell<usize>,
    request: impl Fn(usize) -> Option<String>,
    took: impl Fn(usize, &[u8]),
) {
    loop {
        let index = next.replace(next.get() + 1);
        let Some(request) = request(index) else { return };
        took(index, line.exchange(request.as_bytes()).await.expect("an answer"));
    }
}

/// A connection that is kept, and what was last read from it.
struct Line {
    connection: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    async fn open(host: &str) -> io::Result<Self> {
        let connection = TcpStream::connect(host).await?;
        connection.set_nodelay(true)?;
        Ok(Self { connection, buffer: vec![0; 1 << 16] })
    }

    /// Sends a request and reads the body of its answer.
    async fn exchange(&mut self, request: &[u8]) -> io::Result<&[u8]> {
        self.send(request).await?;
        let mut filled = self.read(0).await?;
        let (start, end) = loop {
            if let Some(body) = body(&self.buffer[..filled])? {
                break body;
            }
            filled += self.read(filled).await?;
        };
        while filled < end {
            filled += self.read(filled).await?;
        }
        Ok(&self.buffer[start..end])
    }

    async fn send(&self, mut rest: &[u8]) -> io::Result<()> {
        while !rest.is_empty() {
            self.connection.writable().await?;
            match self.connection.try_write(rest) {
                Ok(sent) => rest = &rest[sent..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what is there, but at least one byte, behind the first `filled` bytes.
    async fn read(&mut self, filled: usize) -> io::Result<usize> {
        if filled == self.buffer.len() {
            self.buffer.resize(filled * 2, 0);
        }
        loop {
            self.connection.readable().await?;
            match self.connection.try_read(&mut self.buffer[filled..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return outcome,
            }
        }
    }
}

/// Where the body lies of an answer of which this is the beginning; `None` while its head is not whole.
fn body(answer: &[u8]) -> io::Result<Option<(usize, usize)>> {
    let Some(head) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
    let text = String::from_utf8_lossy(&answer[..head]);
    let mut lines = text.lines();
    let is_good = lines.next().is_some_and(|status| status.starts_with("HTTP/1.1 200"));
    let named = |line: &str| {
        line.split_once(':')
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))?
            .1
            .trim()
            .parse()
            .ok()
    };
    let length: Option<usize> = lines.find_map(named);
    match length {
        Some(length) if is_good => Ok(Some((head + 4, head + 4 + length))),
        _ => Err(io::Error::other(format!("an odd answer: {text}"))),
    }
}
