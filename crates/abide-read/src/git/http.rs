//! git's protocol over HTTP (`Documentation/gitprotocol-http`), by the program's own client.
//!
//! gix says what to send and reads what comes; here it is sent. A request is made when its answer is asked for, by when
//! all of its body was written.

use std::any::Any;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use gix::protocol::transport::client::blocking_io::http::{
    Error, GetResponse, Http, PostBodyDataKind, PostResponse, Transport,
};
use ureq::http::header::{HeaderName, HeaderValue};
use ureq::http::{HeaderMap, Response};
use ureq::{Agent, Body, ResponseExt};

use super::GitError;
use crate::fetch::Fetcher;

/// No repository sends more than this for one request.
const BODY_LIMIT_BYTES: u64 = 8 << 30;

/// A connection to the remote's address.
pub(super) fn connect(remote: &gix::Remote<'_>) -> Result<Transport<Client>, GitError> {
    let (url, version) = remote
        .sanitized_url_and_version(gix::remote::Direction::Fetch)
        .map_err(|e| GitError::Fetch(e.to_string()))?;
    Ok(Transport::new_http(Client::default(), url, version, false))
}

/// The client as gix asks it.
#[derive(Default)]
pub(super) struct Client {
    fetcher: Fetcher,
    /// What a server said that an address is called now: from, to.
    moved: Option<(String, String)>,
}

impl Client {
    /// A request's address, after what the server said.
    fn address(&self, url: &str) -> String {
        match &self.moved {
            Some((from, to)) => {
                url.strip_prefix(from.as_str()).map_or(url.to_owned(), |tail| format!("{to}{tail}"))
            }
            None => url.to_owned(),
        }
    }

    /// Remembers where an answer came from when that is another address, and not a less safe one.
    fn follow(&mut self, url: &str, base: &str, came_from: &str) {
        let Some(tail) = url.strip_prefix(base) else { return };
        let is_safe = came_from.starts_with("https://") || !url.starts_with("https://");
        if let Some(to) = came_from.strip_suffix(tail).filter(|to| is_safe && *to != base) {
            self.moved = Some((base.to_owned(), to.to_owned()));
        }
    }
}

/// `Name: value` lines as a map; what is no header is left out.
fn headers(lines: impl IntoIterator<Item = impl AsRef<str>>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for line in lines {
        let Some((name, value)) = line.as_ref().split_once(':') else { continue };
        let name = HeaderName::from_bytes(name.trim().as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value.trim())) {
            map.append(name, value);
        }
    }
    map
}

/// The lines of an answer's headers, and its body.
type Answer = (Vec<u8>, Box<dyn BufRead + Send>);

fn answer(response: Response<Body>) -> io::Result<Answer> {
    let status = response.status().as_u16();
    match status {
        200 => {}
        401 | 403 => {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the server wants to know who asks"));
        }
        404 => return Err(io::Error::new(io::ErrorKind::NotFound, "the server has no such repository")),
        status => return Err(io::Error::other(format!("the server answered {status}"))),
    }
    let mut lines = Vec::new();
    for (name, value) in response.headers() {
        lines.extend_from_slice(name.as_str().as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(value.as_bytes());
        lines.push(b'\n');
    }
    let body = response.into_body().into_with_config().limit(BODY_LIMIT_BYTES).reader();
    Ok((lines, Box::new(BufReader::new(body))))
}

impl Http for Client {
    type Headers = Lines;
    type ResponseBody = Content;
    type PostBody = Upload;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        lines: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<GetResponse<Lines, Content>, Error> {
        let mut request = self.fetcher.agent().get(self.address(url));
        if let Some(map) = request.headers_mut() {
            map.extend(headers(lines));
        }
        let response = request.call().map_err(|e| failed(&io::Error::other(e)))?;
        self.follow(url, base_url, &response.get_uri().to_string());
        let (head, body) = answer(response).map_err(|e| failed(&e))?;
        Ok(GetResponse { headers: Lines::ready(head), body: Content::ready(body) })
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        lines: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> Result<PostResponse<Lines, Content, Upload>, Error> {
        let exchange = Exchange {
            agent: self.fetcher.agent().clone(),
            url: self.address(url),
            headers: headers(lines),
            body: Vec::new(),
            answer: None,
        };
        let exchange = Arc::new(Mutex::new(exchange));
        Ok(PostResponse {
            post_body: Upload(Arc::clone(&exchange)),
            headers: Lines { content: None, exchange: Some(Arc::clone(&exchange)) },
            body: Content { content: None, exchange: Some(exchange) },
        })
    }

    fn configure(
        &mut self,
        _config: &dyn Any,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync + 'static>> {
        Ok(())
    }
}

fn failed(error: &io::Error) -> Error {
    Error::Detail { description: error.to_string() }
}

/// A request whose body is being written, then its answer.
struct Exchange {
    agent: Agent,
    url: String,
    headers: HeaderMap,
    body: Vec<u8>,
    answer: Option<Parts>,
}

/// An answer whose parts are taken one by one.
struct Parts {
    head: Option<Vec<u8>>,
    body: Option<Box<dyn BufRead + Send>>,
}

type Shared = Arc<Mutex<Exchange>>;

impl Exchange {
    /// The parts of the answer that nobody took yet; sends the request first.
    fn answer(&mut self) -> io::Result<&mut Parts> {
        if self.answer.is_none() {
            let mut request = self.agent.post(&self.url);
            if let Some(map) = request.headers_mut() {
                map.extend(std::mem::take(&mut self.headers));
            }
            let body = std::mem::take(&mut self.body);
            let (head, body) = answer(request.send(&body[..]).map_err(io::Error::other)?)?;
            self.answer = Some(Parts { head: Some(head), body: Some(body) });
        }
        self.answer.as_mut().ok_or_else(|| io::Error::other("there is no answer"))
    }
}

fn locked(exchange: &Shared) -> std::sync::MutexGuard<'_, Exchange> {
    exchange.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The body of a request.
pub(super) struct Upload(Shared);

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        locked(&self.0).body.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The headers of an answer, line by line.
pub(super) struct Lines {
    content: Option<Cursor<Vec<u8>>>,
    exchange: Option<Shared>,
}

impl Lines {
    fn ready(lines: Vec<u8>) -> Self {
        Lines { content: Some(Cursor::new(lines)), exchange: None }
    }

    fn content(&mut self) -> io::Result<&mut Cursor<Vec<u8>>> {
        if let Some(exchange) = self.exchange.take() {
            self.content = Some(Cursor::new(locked(&exchange).answer()?.head.take().unwrap_or_default()));
        }
        Ok(self.content.get_or_insert_default())
    }
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content()?.read(buffer)
    }
}

impl BufRead for Lines {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.content()?.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Some(content) = &mut self.content {
            content.consume(amount);
        }
    }
}

/// The body of an answer.
pub(super) struct Content {
    content: Option<Box<dyn BufRead + Send>>,
    exchange: Option<Shared>,
}

impl Content {
    fn ready(content: Box<dyn BufRead + Send>) -> Self {
        Content { content: Some(content), exchange: None }
    }

    fn content(&mut self) -> io::Result<&mut Box<dyn BufRead + Send>> {
        if let Some(exchange) = self.exchange.take() {
            self.content = locked(&exchange).answer()?.body.take();
        }
        Ok(self.content.get_or_insert_with(|| Box::new(io::empty())))
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content()?.read(buffer)
    }
}

impl BufRead for Content {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.content()?.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Some(content) = &mut self.content {
            content.consume(amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_from_elsewhere_are_followed_when_that_is_safe() {
        let (base, url) = ("https://a.example/x", "https://a.example/x/info/refs?service=git-upload-pack");
        let follow = |came_from: &str| {
            let mut client = Client::default();
            client.follow(url, base, came_from);
            client.address("https://a.example/x/git-upload-pack")
        };
        let moved = "https://b.example/x.git/info/refs?service=git-upload-pack";
        assert_eq!(follow(moved), "https://b.example/x.git/git-upload-pack");
        assert_eq!(follow(url), "https://a.example/x/git-upload-pack");
        assert_eq!(follow(&moved.replace("https", "http")), "https://a.example/x/git-upload-pack");
        assert_eq!(follow("https://b.example/login"), "https://a.example/x/git-upload-pack");
    }

    #[test]
    fn lines_become_headers() {
        let map = headers(["Git-Protocol: version=2", "no header", "Bad\nName: x", "A: b"]);
        assert_eq!(map.len(), 2);
        assert_eq!(map["git-protocol"], "version=2");
    }
}
