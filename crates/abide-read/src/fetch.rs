//! Fetching over HTTP(S), with timeouts, few retries and a ceiling; and what a URL is.
//!
//! The only place of the program that opens a socket, and only when an input is a URL; gix opens its own for addresses
//! of git repositories that are not HTTP's.

use std::io::Read;
use std::time::Duration;

use ureq::Agent;

use crate::compress::{LimitExceeded, Limited};

/// No package or metadata file is fetched beyond this.
const BODY_LIMIT_BYTES: u64 = 8 << 30;

/// Attempts in all.
const ATTEMPTS: u32 = 3;

/// Pause after the first failed attempt; each further one is four times as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Why a URL could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server answered with an error.
    #[error("{url}: the server answered {status} after {attempts} attempt(s)")]
    Status {
        /// What was asked for.
        url: String,
        /// HTTP status.
        status: u16,
        /// Attempts made.
        attempts: u32,
    },
    /// No answer, or one that broke off.
    #[error("{url}: {detail} (after {attempts} attempt(s))")]
    Transport {
        /// What was asked for.
        url: String,
        /// What went wrong.
        detail: String,
        /// Attempts made.
        attempts: u32,
    },
    /// The body is larger than stated or allowed.
    #[error("{url}: {limit}")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The ceiling.
        limit: LimitExceeded,
    },
}

/// Whether the input is an `http` or `https` URL.
pub fn is_url(text: &str) -> bool {
    ["http://", "https://"].iter().any(|s| text.get(..s.len()).is_some_and(|p| p.eq_ignore_ascii_case(s)))
}

/// A client that keeps its connections.
#[derive(Clone, Debug)]
pub struct Fetcher {
    agent: Agent,
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::with_timeouts(Duration::from_secs(60), Duration::from_secs(1800))
    }
}

impl Fetcher {
    /// A client that waits so long for an answer, and for all of a file.
    pub fn with_timeouts(response: Duration, body: Duration) -> Self {
        let config = Agent::config_builder()
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(response))
            .timeout_recv_body(Some(body))
            .user_agent(concat!("abide/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .build();
        Self { agent: config.into() }
    }
}

impl Fetcher {
    /// The client itself, for a protocol of its own.
    pub(crate) fn agent(&self) -> &Agent {
        &self.agent
    }
}

enum Failure {
    Final(FetchError),
    Passing(FetchError),
}

impl Fetcher {
    /// The body behind `url`, which may not be larger than `size_bytes` when that is known.
    pub fn get(&self, url: &str, size_bytes: Option<u64>) -> Result<Vec<u8>, FetchError> {
        let limit = size_bytes.unwrap_or(BODY_LIMIT_BYTES).min(BODY_LIMIT_BYTES);
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            match self.attempt(url, limit, attempt) {
                Ok(body) => return Ok(body),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(error)) if attempt >= ATTEMPTS => return Err(error),
                Err(Failure::Passing(_)) => {}
            }
            std::thread::sleep(pause);
            pause *= 4;
            attempt += 1;
        }
    }

    fn attempt(&self, url: &str, limit_bytes: u64, attempts: u32) -> Result<Vec<u8>, Failure> {
        let transport = |detail: String| {
            Failure::Passing(FetchError::Transport { url: url.to_owned(), detail, attempts })
        };
        let response = self.agent.get(url).call();
        let mut response = response.map_err(|error| match error {
            ureq::Error::BadUri(detail) => {
                Failure::Final(FetchError::Transport { url: url.to_owned(), detail, attempts })
            }
            error => transport(error.to_string()),
        })?;
        let status = response.status().as_u16();
        if status != 200 {
            let error = FetchError::Status { url: url.to_owned(), status, attempts };
            let is_passing = status >= 500 || status == 429 || status == 408;
            return Err(if is_passing { Failure::Passing(error) } else { Failure::Final(error) });
        }
        let mut body = Vec::new();
        let reader = response.body_mut().with_config().limit(u64::MAX).reader();
        let read = Limited::new(reader, limit_bytes, "the file at this URL").read_to_end(&mut body);
        read.map_err(|error| match LimitExceeded::of(&error) {
            Some(limit) => Failure::Final(FetchError::TooLarge { url: url.to_owned(), limit }),
            None => transport(error.to_string()),
        })?;
        Ok(body)
    }
}
