//! `abide source import --keys`: what is imported when somebody has to vouch for it, and what is refused.

#[allow(dead_code)]
mod common;
#[allow(dead_code)]
#[path = "common/dist_git.rs"]
mod dist_git;

use std::process::{Command, Stdio};

use common::{Run, Workplace};
use dist_git::{commit, git, git_is_there, git_with, source_package, spec};

const DAY: &str = "2025-01-14";
/// When everything is signed, for gpg.
const SIGNED: &str = "20250114T120000!";

/// GnuPG with a home of its own; its keys are in `OWNER.asc`.
struct Gpg<'w> {
    work: &'w Workplace,
    home: String,
}

impl<'w> Gpg<'w> {
    /// None when there is no gpg.
    fn new(work: &'w Workplace) -> Option<Self> {
        if Command::new("gpg").arg("--version").output().is_err() {
            println!("skipped: gpg is not installed");
            return None;
        }
        std::fs::create_dir(work.path("gpg")).unwrap();
        let gpg = Gpg { work, home: work.path("gpg").display().to_string() };
        for owner in ["ours", "theirs"] {
            gpg.run("20240101T120000", &["--quick-generate-key", owner, "ed25519", "sign", "never"]);
            gpg.export(owner, owner);
        }
        Some(gpg)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("GNUPGHOME", &self.home).stdin(Stdio::null());
        command
    }

    fn run(&self, day: &str, arguments: &[&str]) -> Vec<u8> {
        let mut command = self.command("gpg");
        command.args(["--batch", "--quiet", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""]);
        let output = command.args(["--faked-system-time", day]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn export(&self, owner: &str, name: &str) {
        let key = self.run(SIGNED, &["--armor", "--export", owner]);
        self.work.write(&format!("{name}.asc"), key);
    }

    fn fingerprint(&self, owner: &str) -> String {
        let listed = self.run(SIGNED, &["--with-colons", "--list-keys", owner]);
        let listed = String::from_utf8(listed).unwrap();
        let line = listed.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap();
        line.trim_matches(':').to_owned()
    }
}

impl Drop for Gpg<'_> {
    fn drop(&mut self) {
        // Its agent would stay behind.
        let _ = self.command("gpgconf").args(["--kill", "all"]).output();
    }
}

/// A commit with a signature by `owner`, as `git commit -S` makes one.
fn signed_commit(gpg: &Gpg<'_>, owner: &str) -> String {
    let work = gpg.work;
    let plain = git(work, "up", DAY, &["cat-file", "commit", "HEAD"]) + "\n";
    work.write("plain", &plain);
    let plain_path = work.path("plain").display().to_string();
    let signature =
        gpg.run(SIGNED, &["--local-user", owner, "--armor", "--detach-sign", "--output", "-", &plain_path]);
    let signature = String::from_utf8(signature).unwrap();
    let header = format!("gpgsig {}", signature.trim_end().replace('\n', "\n "));
    let (head, message) = plain.split_once("\n\n").unwrap();
    object(work, "commit", &format!("{head}\n{header}\n\n{message}"))
}

fn object(work: &Workplace, kind: &str, content: &str) -> String {
    git_with(work, "up", DAY, &["hash-object", "-t", kind, "-w", "--stdin"], content.as_bytes())
}

fn upstream() -> Workplace {
    let work = Workplace::new();
    work.write("up/foo.spec", spec("1.0", "Tue Jan 14 2025", "", "x"));
    commit(&work, "up", DAY, "import foo-1.0-1");
    work
}

/// Imports with keys, into a folder of its own.
fn import(work: &Workplace, what: &[&str], keys: &str) -> Run {
    let _ = std::fs::remove_dir_all(work.path("foo"));
    let keys = format!("{keys}.asc");
    work.abide(&[&["source", "import"], what, &["foo", "--keys", &keys]].concat())
}

fn refused(work: &Workplace, run: &Run, why: &str) {
    assert_eq!(run.status, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.replace('\n', " ").contains(why), "{why}: {}", run.stderr);
    assert!(!work.path("foo").exists(), "nothing is to be imported");
}

#[test]
fn commits_that_a_given_key_signed() {
    let work = upstream();
    let Some(gpg) = Gpg::new(&work).filter(|_| git_is_there()) else { return };
    let head = git(&work, "up", DAY, &["rev-parse", "HEAD"]);
    refused(&work, &import(&work, &["up", "--commit", &head], "ours"), "it is not signed");
    let signed = signed_commit(&gpg, "ours");
    let run = import(&work, &["up", "--commit", &signed], "ours");
    assert!(run.status < 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("(ours), the commit"), "{}", run.stdout);
    let record = std::fs::read_to_string(work.path("foo/.abide-import.json")).unwrap();
    assert!(record.contains("\"signed-by\""), "{record}");
    let why = "none of the keys made its signature, which names the key";
    refused(&work, &import(&work, &["up", "--commit", &signed], "theirs"), why);
    // Another subject under the same signature.
    let content = git(&work, "up", DAY, &["cat-file", "commit", &signed]) + "\n";
    let forged = object(&work, "commit", &content.replace("import foo", "import bar"));
    refused(&work, &import(&work, &["up", "--commit", &forged], "ours"), "none of the keys");
    // Without keys the signature is noted.
    let noted = work.abide(&["source", "import", "up", "noted", "--commit", &signed]);
    assert!(noted.stdout.contains("signed, not checked"), "{}", noted.stdout);
    let other = content.replace("-----BEGIN PGP SIGNATURE-----", "-----BEGIN SSH SIGNATURE-----");
    let other = object(&work, "commit", &other);
    refused(
        &work,
        &import(&work, &["up", "--commit", &other], "ours"),
        "another kind than OpenPGP (ssh signature)",
    );
    assert_eq!(work.abide(&["source", "import", "up", "foo", "--keys", "up/foo.spec"]).status, 2);
    refused(&work, &import(&work, &["gpg"], "ours"), "is a folder, which nobody signs");
}

#[test]
fn tags_that_a_given_key_signed() {
    let work = upstream();
    let Some(gpg) = Gpg::new(&work).filter(|_| git_is_there()) else { return };
    let head = git(&work, "up", DAY, &["rev-parse", "HEAD"]);
    let plain =
        format!("object {head}\ntype commit\ntag v1\ntagger A <a@example.org> 1736856000 +0000\n\nfoo 1\n");
    work.write("plain", &plain);
    let path = work.path("plain").display().to_string();
    let signature =
        gpg.run(SIGNED, &["--local-user", "ours", "--armor", "--detach-sign", "--output", "-", &path]);
    let tag = object(&work, "tag", &(plain + &String::from_utf8(signature).unwrap()));
    git(&work, "up", DAY, &["update-ref", "refs/tags/v1", &tag]);
    let run = import(&work, &["up", "--tag", "v1"], "ours");
    assert!(run.status < 2 && run.stdout.contains("(ours), the tag"), "{}{}", run.stdout, run.stderr);
    let both = import(&work, &["up", "--tag", "v1"], "theirs");
    refused(&work, &both, "tag v1: none of the keys");
    refused(&work, &both, "it is not signed");
}

#[test]
fn keys_that_no_longer_count() {
    let work = upstream();
    let Some(gpg) = Gpg::new(&work).filter(|_| git_is_there()) else { return };
    let signed = signed_commit(&gpg, "ours");
    let own = gpg.fingerprint("ours");
    // What a key signed before it expired stays signed.
    gpg.run("20240101T130000", &["--quick-set-expire", &own, "2025-06-01"]);
    gpg.export("ours", "later");
    let run = import(&work, &["up", "--commit", &signed], "later");
    assert!(run.status < 2, "{}{}", run.stdout, run.stderr);
    gpg.run("20240101T140000", &["--quick-set-expire", &own, "2024-06-01"]);
    gpg.export("ours", "earlier");
    let expired = import(&work, &["up", "--commit", &signed], "earlier");
    refused(&work, &expired, "which had expired when it signed");
    // The revocation that gpg keeps beside every key says nothing of why: the key counts for nothing any more.
    let file = format!("gpg/openpgp-revocs.d/{own}.rev");
    let revocation = std::fs::read_to_string(work.path(&file)).unwrap();
    work.write("revoked", revocation.replace(":-----BEGIN", "-----BEGIN"));
    gpg.run(SIGNED, &["--import", &work.path("revoked").display().to_string()]);
    gpg.export("ours", "revoked");
    let revoked = import(&work, &["up", "--commit", &signed], "revoked");
    refused(&work, &revoked, "which is revoked");
}

#[test]
fn source_packages_that_a_given_key_signed() {
    let work = Workplace::new();
    let Some(gpg) = Gpg::new(&work).filter(|_| source_package(&work)) else { return };
    refused(&work, &import(&work, &["foo.src.rpm"], "ours"), "foo.src.rpm: it is not signed");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let program =
        std::env::split_paths(&path).map(|folder| folder.join("gpg")).find(|gpg| gpg.is_file()).unwrap();
    let signed = gpg
        .command("rpmsign")
        .args([
            "--define",
            "_gpg_name ours",
            "--define",
            &format!("__gpg {}", program.display()),
            "--addsign",
        ])
        .arg(work.path("foo.src.rpm"))
        .output()
        .unwrap();
    assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    let run = import(&work, &["foo.src.rpm"], "ours");
    assert!(run.status < 2 && run.stdout.contains("(ours)"), "{}{}", run.stdout, run.stderr);
    refused(&work, &import(&work, &["foo.src.rpm"], "theirs"), "none of the keys made its signature");
}
