//! Fetching from a repository elsewhere: only what is wanted, into a bare repository in a folder.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use gix::bstr::BStr;
use gix::protocol::transport::client::blocking_io::Transport;
use gix::remote::Direction;
use gix::remote::fetch::{Shallow, Tags};

use super::address::{file_path, scheme};
use super::http::connect;
use super::{GitError, Repository, Wanted, cached};

/// Where the other side's HEAD is kept.
const HEAD: &str = "refs/abide/head";

impl Repository {
    /// Fetches what is wanted from an address into an empty folder. A repository of this machine is read where it is.
    /// Nobody is asked for a password.
    pub fn fetch(address: &str, wanted: &Wanted, folder: &Path) -> Result<Self, GitError> {
        if let Some(path) = file_path(address) {
            return Self::open(&path);
        }
        let is_http = match scheme(address).map(str::to_ascii_lowercase).as_deref() {
            Some("http" | "https") => true,
            Some("git" | "ssh") | None => false,
            Some(_) => return Err(GitError::Address(address.to_owned())),
        };
        let inner = gix::ThreadSafeRepository::init_opts(
            folder,
            gix::create::Kind::Bare,
            gix::create::Options::default(),
            gix::open::Options::isolated(),
        );
        let inner = inner.map_err(failed)?.to_thread_local();
        let address = BStr::new(address);
        let remote = inner.remote_at(address).map_err(failed)?;
        let specs = specs(wanted);
        let specs = specs.iter().map(BStr::new);
        let remote =
            remote.with_refspecs(specs, Direction::Fetch).map_err(failed)?.with_fetch_tags(Tags::None);
        if is_http {
            receive(remote.to_connection_with_transport(connect(&remote)?), wanted)?;
        } else {
            receive(remote.connect(Direction::Fetch).map_err(failed)?, wanted)?;
        }
        drop(remote);
        // What was received is seen by a repository that is opened anew.
        let inner = gix::open_opts(folder, gix::open::Options::isolated()).map_err(failed)?;
        Ok(Repository { inner: cached(inner), head: Some(HEAD) })
    }
}

fn failed(error: impl std::error::Error) -> GitError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    GitError::Fetch(text)
}

fn specs(wanted: &Wanted) -> Vec<String> {
    match wanted {
        Wanted::Head => vec![format!("+HEAD:{HEAD}")],
        Wanted::Branch(name) => vec![format!("+refs/heads/{name}:refs/heads/{name}")],
        Wanted::Tag(name) => vec![format!("+refs/tags/{name}:refs/tags/{name}")],
        // Most servers give a commit only with what leads to it.
        Wanted::Commit(_) => vec!["+refs/heads/*:refs/heads/*".into(), "+refs/tags/*:refs/tags/*".into()],
    }
}

/// The error of a credential helper is gix's own type; here it never is made.
#[allow(clippy::result_large_err)]
fn receive<T: Transport>(
    connection: gix::remote::Connection<'_, '_, '_, T>,
    wanted: &Wanted,
) -> Result<(), GitError> {
    let connection = connection.with_credentials(|_| Ok(None));
    let options = gix::remote::ref_map::Options::default();
    let prepared = connection.prepare_fetch(gix::progress::Discard, options).map_err(failed)?;
    if prepared.ref_map().mappings.is_empty() {
        return Err(wanted.not_found());
    }
    let depth = match wanted {
        Wanted::Commit(_) => Shallow::NoChange,
        _ => Shallow::DepthAtRemote(NonZeroU32::MIN),
    };
    let never = AtomicBool::new(false);
    prepared.with_shallow(depth).receive(gix::progress::Discard, &never).map_err(failed)?;
    Ok(())
}
