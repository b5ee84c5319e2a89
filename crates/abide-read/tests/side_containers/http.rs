//! Repositories over HTTP: a small server on the loopback address, sound and unsound.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use abide_model::{GapKind, NoProgress, Side};
use abide_read::side::{self, OpenOptions};

use crate::support::{artifact, artifacts, copy_all, example, open, options};

/// What the server does with the nth request for a path.
pub(crate) type Behaviour = fn(&str, usize) -> Answer;

pub(crate) enum Answer {
    File,
    Status(u16),
    /// Breaks the connection in the middle of the body.
    Cut,
    /// Goes on behind the stated size.
    Endless,
}

pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start(root: PathBuf, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/repo/", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (root, seen) = (root.clone(), Arc::clone(&seen));
                std::thread::spawn(move || serve(stream, &root, &seen, behaviour));
            }
        });
        Self { url, asked }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, root: &std::path::Path, seen: &Mutex<Vec<String>>, behaviour: Behaviour) {
    let mut request = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let first = request.next().unwrap_or_default();
    request.take_while(|line| !line.is_empty()).for_each(drop);
    let path = first.split(' ').nth(1).unwrap_or_default().trim_start_matches("/repo/").to_owned();
    let count = {
        let mut seen = seen.lock().unwrap();
        seen.push(path.clone());
        seen.iter().filter(|p| **p == path).count()
    };
    let (status, body) = match (behaviour(&path, count), std::fs::read(root.join(&path))) {
        (Answer::Status(status), _) => (status, Vec::new()),
        (_, Err(_)) => (404, Vec::new()),
        (Answer::Endless, Ok(body)) => (200, [body, vec![0; 1 << 20]].concat()),
        (_, Ok(body)) => (200, body),
    };
    let length = body.len();
    let body = match behaviour(&path, count) {
        Answer::Cut => &body[..body.len() / 2],
        _ => &body[..],
    };
    let _ = write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(body);
}

fn get(url: &str) -> Result<Side, side::OpenError> {
    side::open(url, &options(), &NoProgress)
}

#[test]
fn a_url_reads_as_its_folder_does() {
    let server = Server::start(example("candidate"), |_, _| Answer::File);
    let remote = get(&server.url).unwrap();
    let local = open(example("candidate"));
    assert_eq!(remote.input_kind, "repository");
    assert!(remote.packages == local.packages);
    assert!(remote.public_headers == local.public_headers && remote.gaps == local.gaps);
}

#[test]
fn only_what_is_needed_is_fetched() {
    let server = Server::start(example("candidate"), |_, _| Answer::File);
    let opened = side::Opened::open(&server.url, &options(), &NoProgress).unwrap();
    assert!(server.asked().iter().all(|p| !p.contains("-debuginfo-")), "{:?}", server.asked());
    // Everything is skipped but one library: its debug package alone is fetched.
    let keep = artifact(opened.facts(), "/usr/lib64/libtide.so.1.0.0").digest;
    let skip = artifacts(opened.facts()).map(|a| a.digest).filter(|d| *d != keep).flatten().collect();
    let side = opened.read_types(&skip, &NoProgress);
    let debug: Vec<String> = server.asked().into_iter().filter(|p| p.contains("-debuginfo-")).collect();
    assert!(debug.iter().any(|p| p.starts_with("libtide1-debuginfo")), "{debug:?}");
    assert!(debug.iter().all(|p| !p.starts_with("libgauge") && !p.starts_with("libmoor")), "{debug:?}");
    assert!(artifact(&side, "/usr/lib64/libtide.so.1.0.0").types.graph().is_some());
}

#[test]
fn debug_packages_of_another_url() {
    let (software, debug) =
        (tempfile::tempdir().unwrap(), Server::start(example("candidate"), |_, _| Answer::File));
    copy_all(&example("candidate"), software.path());
    for rpm in crate::support::rpms_below(software.path()) {
        if rpm.to_string_lossy().contains("debuginfo") {
            std::fs::remove_file(rpm).unwrap();
        }
    }
    std::fs::remove_dir_all(software.path().join("repodata")).unwrap();
    let options = OpenOptions { debuginfo: vec![debug.url.clone().into()], ..options() };
    let side = side::open(&software.path().to_string_lossy(), &options, &NoProgress).unwrap();
    assert!(artifact(&side, "/usr/lib64/libtide.so.1.0.0").types.graph().is_some());
}

#[test]
fn passing_failures_are_tried_again() {
    let server = Server::start(example("candidate"), |path, count| match (path.contains("primary"), count) {
        (true, 1) => Answer::Status(503),
        (true, 2) => Answer::Cut,
        _ => Answer::File,
    });
    assert!(get(&server.url).is_ok());
    assert_eq!(server.asked().iter().filter(|p| p.contains("primary")).count(), 3);
}

#[test]
fn lasting_failures_are_clear_errors() {
    let fails = |behaviour: Behaviour, expected: &str| {
        let server = Server::start(example("candidate"), behaviour);
        let error = get(&server.url).err().unwrap().to_string();
        assert!(error.contains(expected) && error.contains(&server.url), "{error}");
    };
    fails(|_, _| Answer::Status(404), "the server answered 404 after 1 attempt");
    fails(|_, _| Answer::Status(500), "the server answered 500 after 3 attempt");
    fails(|path, _| if path.contains("primary") { Answer::Cut } else { Answer::File }, "after 3 attempt");
    fails(
        |path, _| if path.contains("primary") { Answer::Endless } else { Answer::File },
        "larger than the limit",
    );
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = get(&format!("http://{closed}/repo")).err().unwrap().to_string();
    assert!(error.contains("after 3 attempt"), "{error}");
}

#[test]
fn a_package_that_cannot_be_fetched_is_a_gap() {
    let server = Server::start(example("candidate"), |path, _| match path.starts_with("libmoor2-1.1") {
        true => Answer::Status(404),
        false => Answer::File,
    });
    let side = get(&server.url).unwrap();
    assert_eq!(side.gaps.len(), 1);
    assert_eq!(
        (side.gaps[0].kind, side.gaps[0].subject.to_string()),
        (GapKind::MissingPackage, "libmoor2-1.1-1.x86_64".into())
    );
}

/// The example repository at several places, of which the first behaves as it is told to.
fn mirrored(behaviour: Behaviour) -> (Result<Side, side::OpenError>, Server, Server) {
    let folder = tempfile::tempdir().unwrap().keep();
    copy_all(&example("reference"), &folder);
    let (bad, good) = (Server::start(folder.clone(), behaviour), Server::start(folder, |_, _| Answer::File));
    let named = side::Named {
        label: bad.url.trim_end_matches('/').to_owned(),
        mirrors: vec![good.url.trim_end_matches('/').to_owned()],
        keys: Vec::new(),
    };
    let opened = side::Opened::open_all(&[named], &options(), &NoProgress);
    (opened.map(|opened| opened.facts().clone()), bad, good)
}

#[test]
fn a_mirror_that_dies_midway_is_no_loss() {
    let whole = open(example("reference"));
    let is_whole = |side: Result<Side, side::OpenError>| {
        let side = side.unwrap();
        assert!(side.gaps.is_empty(), "{:?}", side.gaps);
        assert_eq!(side.packages.len(), whole.packages.len());
        assert_eq!(artifacts(&side).count(), artifacts(&whole).count());
    };
    // Dead for good after the metadata; dead from the start; every file cut; another file than stated.
    let (side, bad, good) =
        mirrored(|path, _| if path.starts_with("repodata") { Answer::File } else { Answer::Status(503) });
    is_whole(side);
    assert!(!good.asked().is_empty());
    // After its first failures the place is asked last, so that not every file waits for it.
    let asked = bad.asked().iter().filter(|path| path.ends_with(".rpm")).count();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    assert!(asked <= 3 * threads.max(2), "{asked}");
    is_whole(mirrored(|_, _| Answer::Status(500)).0);
    is_whole(mirrored(|path, _| if path.ends_with(".rpm") { Answer::Cut } else { Answer::File }).0);
    is_whole(mirrored(|path, _| if path.ends_with(".gz") { Answer::Endless } else { Answer::File }).0);
}

#[test]
fn lists_of_mirrors_name_repositories() {
    let folder = tempfile::tempdir().unwrap().keep();
    copy_all(&example("reference"), &folder);
    let server = Server::start(folder.clone(), |_, _| Answer::File);
    let url = server.url.trim_end_matches('/');
    let repomd = std::fs::read(folder.join("repodata/repomd.xml")).unwrap();
    let open_list = |kind: &str, text: String| {
        let list = folder.join(kind);
        std::fs::write(&list, text).unwrap();
        side::open(&format!("{kind}={}", list.display()), &options(), &NoProgress)
    };
    let plain = open_list("mirrorlist", format!("# two\nhttp://127.0.0.1:1/dead\n{url}\n")).unwrap();
    assert!(plain.gaps.is_empty() && !plain.packages.is_empty());
    let metalink = |hash: &str| {
        format!(
            "<metalink><files><file name=\"repomd.xml\"><verification><hash type=\"sha256\">{hash}</hash></verification>\
             <resources><url>{url}/repodata/repomd.xml</url></resources></file></files></metalink>"
        )
    };
    let good = abide_read::repo::hex(&abide_read::source::sha256(&repomd).0);
    assert!(!open_list("metalink", metalink(&good)).unwrap().packages.is_empty());
    let error = open_list("metalink", metalink("00")).unwrap_err().to_string();
    assert!(error.contains("repodata/repomd.xml has not the checksum"), "{error}");
    assert!(open_list("mirrorlist", "nothing\n".to_owned()).is_err());
}
