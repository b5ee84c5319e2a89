//! What a scan survives: a truncated package among others, files that cannot be read, a disk that is full, an
//! interruption. Nothing is lost, and everything is counted.

#[allow(dead_code)]
mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Run, Workplace};

fn example(side: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/repos").join(side)
}

fn rpms(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(dir) = ahead.pop() {
        for entry in std::fs::read_dir(dir).expect("a folder").flatten() {
            match entry.path() {
                path if path.is_dir() => ahead.push(path),
                path if path.extension().is_some_and(|end| end == "rpm") => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// Copies the packages of an example side, without its metadata, to a folder of the workplace.
fn copies(place: &Workplace, side: &str) -> PathBuf {
    let folder = place.path(side);
    std::fs::create_dir_all(&folder).expect("a folder");
    for rpm in rpms(&example(side)) {
        std::fs::copy(&rpm, folder.join(rpm.file_name().expect("a name"))).expect("a copy");
    }
    folder
}

fn one(folder: &Path, start: &str) -> PathBuf {
    let is_it =
        |path: &&PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start));
    rpms(folder).iter().find(is_it).expect("the package").clone()
}

fn json(run: &Run) -> serde_json::Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}: {}", run.stderr))
}

/// Findings but for those about packages whose name begins so, and about who is affected in them.
fn findings_without(json: &serde_json::Value, start: &str) -> Vec<String> {
    let all = json["findings"].as_array().expect("a list").iter();
    let is_other = |finding: &&serde_json::Value| {
        !finding["package"]["reference"].as_str().is_some_and(|nevra| nevra.starts_with(start))
    };
    all.filter(is_other).map(|f| format!("{} {} {}", f["rule"], f["summary"], f["level"])).collect()
}

#[test]
fn a_truncated_package_among_others_is_a_gap_and_the_others_are_compared() {
    let place = Workplace::new();
    let (old, new) = (copies(&place, "reference"), copies(&place, "candidate"));
    let check = || place.abide(&["check", old.to_str().unwrap(), new.to_str().unwrap(), "--format", "json"]);
    let whole = json(&check());
    let package = one(&new, "libgauge3-1");
    let bytes = std::fs::read(&package).unwrap();
    // In the payload, in the header, in the lead.
    for keep in [bytes.len() - 100, 500, 10] {
        std::fs::write(&package, &bytes[..keep]).unwrap();
        let run = check();
        let cut = json(&run);
        assert_eq!(run.status, 1, "{}", run.stderr);
        assert_eq!(
            findings_without(&cut, "libgauge3"),
            findings_without(&whole, "libgauge3"),
            "{keep} bytes"
        );
        let lost = [
            "artifact-removed",
            "package-removed",
            "path-lost",
            "needed-library-missing",
            "import-unresolved",
        ];
        let findings = cut["findings"].as_array().unwrap();
        let wrong = findings.iter().find(|f| {
            lost.contains(&f["rule"].as_str().unwrap()) && f["summary"].to_string().contains("gauge")
        });
        assert!(wrong.is_none(), "{keep} bytes: {wrong:?}");
        let gaps = cut["gaps"].as_array().unwrap();
        let named = gaps.iter().filter(|gap| gap["subject"].to_string().contains("libgauge3"));
        assert!(named.count() >= 1, "{keep} bytes: {gaps:?}");
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let place = Workplace::new();
    let (old, new) = (copies(&place, "reference"), copies(&place, "candidate"));
    // A link to a package is a package; one that leads to nothing, and a folder, are none.
    let (away, there) = (place.path("elsewhere.rpm"), one(&new, "libgauge3-1"));
    std::fs::rename(&there, &away).unwrap();
    std::os::unix::fs::symlink(&away, &there).unwrap();
    std::os::unix::fs::symlink("nowhere.rpm", new.join("libnone-1.0-1.x86_64.rpm")).unwrap();
    std::fs::create_dir(new.join("folder.rpm")).unwrap();
    let run = place.abide(&["check", old.to_str().unwrap(), new.to_str().unwrap(), "--format", "json"]);
    let document = json(&run);
    let gaps: Vec<String> = document["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|gap| gap["kind"] == "unreadable")
        .map(|gap| gap["subject"]["text"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(gaps, ["libnone-1.0-1.x86_64.rpm"]);
    let packages = document["packages"].as_array().unwrap();
    let is_paired = |p: &&serde_json::Value| p["nevra"]["candidate"].to_string().contains("libgauge3-1");
    assert!(packages.iter().any(|p| is_paired(&p)), "{packages:?}");
}

#[test]
fn a_disk_that_is_full_in_the_middle_is_a_warning() {
    let place = Workplace::new();
    let (old, new) = (example("reference"), example("candidate"));
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    let plain = place.abide(&["check", old, new, "--no-cache"]);
    let cache = place.path("cache");
    // No file may grow beyond 2 KiB: the first entries fit, the next do not. The signal that comes with it is ignored,
    // so that writing fails as it does on a full disk.
    let script = "trap '' XFSZ; ulimit -f 2; exec \"$@\"";
    let output = Command::new("bash")
        .args(["-c", script, "bash", env!("CARGO_BIN_EXE_abide"), "check", old, new, "--cache"])
        .arg(&cache)
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stdout).as_ref()),
        (Some(plain.status), plain.stdout.as_str())
    );
    let warnings: Vec<&str> = stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert_eq!(warnings.len(), 1, "{stderr}");
    assert!(warnings[0].contains("cannot be written"), "{stderr}");
    // Nothing half is left behind, and the next run with room makes the rest.
    let with = ["--cache", cache.to_str().unwrap()];
    let next = place.abide(&[&["check", old, new], &with[..]].concat());
    assert_eq!((next.status, &next.stdout, next.stderr.as_str()), (plain.status, &plain.stdout, ""));
    let rest: Vec<_> =
        walk(&cache).into_iter().filter(|path| path.components().any(|p| p.as_os_str() == "new")).collect();
    assert!(rest.is_empty(), "{rest:?}");
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(walk(&path)),
            path => found.push(path),
        }
    }
    found
}

/// Serves a folder over HTTP; while `stalls` is set, one file never comes.
struct Server {
    url: String,
    stalls: Arc<AtomicBool>,
}

impl Server {
    fn start(root: PathBuf, stalling: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let stalls = Arc::new(AtomicBool::new(true));
        let flag = Arc::clone(&stalls);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (root, flag) = (root.clone(), Arc::clone(&flag));
                std::thread::spawn(move || {
                    serve(stream, &root, &|path| path.contains(stalling) && flag.load(Ordering::Relaxed))
                });
            }
        });
        Server { url, stalls }
    }
}

/// The path that a client asks for.
fn asked(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    let mut byte = [0; 1];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return None,
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    Some(request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned())
}

fn serve(mut stream: TcpStream, root: &Path, stalls: &dyn Fn(&str) -> bool) {
    let Some(path) = asked(&mut stream) else { return };
    while stalls(&path) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let answer = match std::fs::read(root.join(&path)) {
        Ok(content) => {
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", content.len());
            [head.into_bytes(), content].concat()
        }
        Err(_) => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
    };
    // The client may be gone: that is the test.
    let _ = stream.write_all(&answer);
}

#[test]
fn an_interrupted_run_goes_on_where_it_was() {
    let place = Workplace::new();
    let server = Server::start(example("reference"), "harbor-1");
    let candidate = example("candidate");
    let candidate = candidate.to_str().unwrap();
    let cache = place.path("cache");
    let arguments =
        ["check", &server.url, candidate, "-v", "--jobs", "2", "--cache", cache.to_str().unwrap()];
    let mut run =
        place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("abide runs");
    let packages =
        || walk(&cache).into_iter().filter(|p| p.components().any(|c| c.as_os_str() == "packages")).count();
    let start = Instant::now();
    // All other packages are read and kept while one does not come.
    let is_settled = |seen: usize| {
        std::thread::sleep(Duration::from_millis(400));
        seen > 3 && packages() == seen
    };
    while !is_settled(packages()) {
        assert!(start.elapsed() < Duration::from_secs(60), "{} entries", packages());
    }
    let kept = packages();
    let killed = Command::new("kill").args(["-INT", &run.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    let mut said = String::new();
    run.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    let status = run.wait().unwrap();
    assert_eq!((status.signal().or(status.code().map(|code| code - 128)), said.as_str()), (Some(2), ""));
    server.stalls.store(false, Ordering::Relaxed);
    let second = place.abide(&arguments);
    let plain = place.abide(&["check", &server.url, candidate, "-v", "--no-cache"]);
    assert_eq!((second.status, &second.stdout), (plain.status, &plain.stdout));
    let line = second.stderr.lines().find(|line| line.starts_with("cache: ")).expect("a line");
    assert!(line.starts_with(&format!("cache: {kept} packages found, ")), "{kept}: {line}");
}

/// Serves a folder over HTTP until it has sent so many packages; then each answer breaks off in its middle.
fn mirror(root: PathBuf, packages: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let left = Arc::new(AtomicUsize::new(packages));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (root, left) = (root.clone(), Arc::clone(&left));
            std::thread::spawn(move || send(stream, &root, &left));
        }
    });
    url
}

fn send(mut stream: TcpStream, root: &Path, left: &AtomicUsize) {
    let Some(path) = asked(&mut stream) else { return };
    let Ok(content) = std::fs::read(root.join(&path)) else {
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
    };
    let one_less = |left: usize| left.checked_sub(1);
    let is_alive = match path.ends_with(".rpm") {
        true => left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok(),
        false => left.load(Ordering::Relaxed) > 0,
    };
    let sent = if is_alive { content.len() } else { content.len() / 2 };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", content.len());
    let _ = stream.write_all(&[head.as_bytes(), &content[..sent]].concat());
}

#[test]
fn a_mirror_that_dies_midway_is_left_for_the_next() {
    let place = Workplace::new();
    let candidate = example("candidate");
    let candidate = candidate.to_str().unwrap();
    let plain =
        json(&place.abide(&["check", example("reference").to_str().unwrap(), candidate, "--format", "json"]));
    let list = |urls: &[String]| place.write("mirrors", urls.join("\n"));
    let check =
        || json(&place.abide(&["check", "mirrorlist=mirrors", candidate, "--format", "json", "--no-cache"]));
    list(&[mirror(example("reference"), 3), mirror(example("reference"), usize::MAX)]);
    let with_two = check();
    for part in ["verdict", "findings", "gaps", "counts", "coverage"] {
        assert_eq!(with_two[part], plain[part], "{part}");
    }
    // Without another place the packages that did not come are gaps, and nothing reads as removed or added.
    list(&[mirror(example("reference"), 3)]);
    let with_one = check();
    let rules = |json: &serde_json::Value, rule: &str| {
        json["findings"].as_array().expect("a list").iter().filter(|f| f["rule"] == rule).count()
    };
    for rule in ["package-removed", "package-added", "artifact-removed", "artifact-added", "provide-lost"] {
        assert!(rules(&with_one, rule) <= rules(&plain, rule), "{rule}");
    }
    assert_ne!(with_one["verdict"], "compatible");
    let gaps = with_one["gaps"].as_array().expect("a list");
    let unread = gaps.iter().filter(|gap| gap["kind"] == "missing-package").count();
    // Ten have no debug information in them, and three came.
    assert_eq!(unread, 7, "{gaps:?}");
}
