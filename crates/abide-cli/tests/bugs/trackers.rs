//! Reports for trackers: nothing is sent unless it is asked for, and then what the manuals say.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::common::Workplace;

const BUG: &str = "title = \"wrong | answer\"\npackage = \"bash\"\nactual = \"It is wrong.\"\n\
    links = [\"https://example.org/1\"]\n[reproducer]\nscript = \"echo wrong; exit 3\"\n\
    [tracker.github]\nrepository = \"a/b\"\n[tracker.jira]\nproject = \"RHEL\"\n";

fn replicated() -> Workplace {
    let place = Workplace::new();
    place.write("b.toml", BUG);
    let run =
        place.abide(&["bug", "replicate", "b.toml", "-q", "-n1", "-ecandidate:here=command:sh {script}"]);
    assert_eq!(run.status, 3, "{}{}", run.stdout, run.stderr);
    place
}

/// Answers one request, and gives what was asked.
fn server(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a request");
        let mut asked = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let length = stream.read(&mut buffer).expect("bytes");
            asked.extend_from_slice(&buffer[..length]);
            let text = String::from_utf8_lossy(&asked).into_owned();
            let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
            if length == 0
                || body.is_some_and(|b| {
                    b.trim_end().ends_with('}') && serde_json::from_str::<serde_json::Value>(b).is_ok()
                })
            {
                break;
            }
        }
        let reply = format!("{answer}\r\nConnection: close\r\n\r\n");
        let (head, body) = reply.split_once("||").map_or((reply.as_str(), ""), |(h, b)| (h, b));
        let body = body.split("\r\n").next().unwrap_or_default();
        write!(stream, "{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
            .expect("an answer");
        String::from_utf8_lossy(&asked).into_owned()
    });
    (address, thread)
}

#[test]
fn a_report_can_be_pasted() {
    let place = replicated();
    let text = place.abide(&["bug", "report", "b.toml", "--tracker", "github"]);
    assert_eq!(text.status, 0, "{}", text.stderr);
    for part in [
        "# bash: wrong | answer",
        "## Reproducer\n\n```\necho wrong; exit 3\n```",
        "| candidate | here | seen |",
    ] {
        assert!(text.stdout.contains(part), "{part} in {}", text.stdout);
    }
    let fields = place.abide(&["bug", "report", "b.toml", "--tracker", "jira", "--fields"]);
    let fields: serde_json::Value = serde_json::from_str(&fields.stdout).expect("JSON");
    assert_eq!(fields["body"]["fields"]["project"]["key"], "RHEL");
    let folder = place.abide(&["bug", "report", "b.toml", "--tracker", "mantis", "--folder", "out"]);
    assert_eq!(folder.stdout, "the report is in out; nothing was sent\n");
    for name in ["report.txt", "fields.json", "attachments/matrix.json", "attachments/b.toml"] {
        assert!(place.path("out").join(name).is_file(), "{name}");
    }
}

#[test]
fn a_report_is_sent_when_it_is_asked_for() {
    let place = replicated();
    let (address, asked) =
        server("HTTP/1.1 201 Created||{\"html_url\":\"https://example.org/a/b/issues/7\"}");
    let arguments = ["bug", "report", "b.toml", "--tracker", "github", "--address", &address, "--send"];
    let without = place.abide(&arguments);
    assert_eq!(without.status, 2);
    assert!(without.stderr.contains("there is no token in ABIDE_TRACKER_TOKEN"), "{}", without.stderr);
    let sent = place.command(&arguments).env("ABIDE_TRACKER_TOKEN", "s3cret").output().expect("abide runs");
    assert_eq!(String::from_utf8_lossy(&sent.stdout), "sent: https://example.org/a/b/issues/7\n");
    let asked = asked.join().expect("a request");
    assert!(asked.starts_with("POST /repos/a/b/issues HTTP/1.1"), "{asked}");
    assert!(asked.to_ascii_lowercase().contains("authorization: bearer s3cret"), "{asked}");
    assert!(asked.contains("\"title\":\"bash: wrong | answer\""), "{asked}");
}

#[test]
fn a_refused_report_is_told() {
    let place = replicated();
    let (address, asked) = server("HTTP/1.1 401 Unauthorized||{\"message\":\"Bad credentials\"}");
    let arguments = ["bug", "report", "b.toml", "--tracker", "github", "--address", &address, "--send"];
    let sent = place.command(&arguments).env("ABIDE_TRACKER_TOKEN", "x").output().expect("abide runs");
    asked.join().expect("a request");
    let said = String::from_utf8_lossy(&sent.stderr).into_owned();
    assert!(said.contains("refused the report (status 401)") && said.contains("Bad credentials"), "{said}");
    let missing = place
        .command(&["bug", "report", "b.toml", "--tracker", "gitlab", "--address", &address, "--send"])
        .env("ABIDE_TRACKER_TOKEN", "x")
        .output()
        .expect("abide runs");
    assert!(String::from_utf8_lossy(&missing.stderr).contains("project is not known"));
}
