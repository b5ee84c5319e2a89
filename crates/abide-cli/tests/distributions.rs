//! `abide check` of whole distributions: several inputs a side, updates, distribution files, metadata alone.

#[allow(dead_code)]
mod common;

use common::{Run, Workplace};
use testkit::repository::{Release, write_repository};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/repos/reference");
const CANDIDATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/repos/candidate");

/// Labels as a user in the top folder would give them.
fn run(work: &Workplace, arguments: &[&str]) -> Run {
    let mut run = work.abide(arguments);
    for text in [&mut run.stdout, &mut run.stderr] {
        *text = text.replace(concat!(env!("CARGO_MANIFEST_DIR"), "/../../"), "");
    }
    run
}

#[test]
fn metadata_alone() {
    let work = Workplace::new();
    let run = run(&work, &["check", REFERENCE, CANDIDATE, "--metadata-only", "--all", "--coverage"]);
    insta::assert_snapshot!(run.golden());
}

#[test]
fn metadata_of_a_repository_against_itself_is_compatible() {
    let run = run(&Workplace::new(), &["check", REFERENCE, REFERENCE, "--metadata-only"]);
    assert_eq!(run.status, 0, "{}", run.stdout);
    assert!(run.stdout.contains("the same files on both sides"), "{}", run.stdout);
}

#[test]
fn a_snapshot_lists_what_its_repository_did() {
    let work = Workplace::new();
    assert_eq!(work.abide(&["snapshot", REFERENCE, "-o", "old"]).status, 0);
    let run = run(&work, &["check", "old", REFERENCE, "--metadata-only"]);
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
    let folder = work.write("folder/x", "no package");
    let nothing = work.abide(&["check", &folder.display().to_string(), REFERENCE, "--metadata-only"]);
    assert_eq!(nothing.status, 2);
}

#[test]
fn an_update_takes_the_place_of_builds() {
    let work = Workplace::new();
    let builds = [
        format!("{CANDIDATE}/libtide1-1.1-1.x86_64.rpm"),
        format!("{CANDIDATE}/tide-devel-1.1-1.x86_64.rpm"),
    ];
    let update = ["check", "--reference", REFERENCE, "--update", &builds[0], &builds[1]];
    let metadata = run(&work, &[&update[..], &["--metadata-only", "--all"]].concat());
    insta::assert_snapshot!(metadata.golden());
    let whole = run(&work, &[&update[..], &["--coverage"]].concat());
    insta::assert_snapshot!(whole.golden());
}

#[test]
fn an_update_with_the_same_builds_changes_nothing() {
    let work = Workplace::new();
    let same = format!("{REFERENCE}/libtide1-1.0-1.x86_64.rpm");
    let run = run(&work, &["check", REFERENCE, "--update", &same, "--all"]);
    assert_eq!(run.status, 0, "{}", run.stdout);
    assert!(run.stdout.contains("findings   none"), "{}", run.stdout);
}

#[test]
fn several_inputs_are_one_side() {
    let work = Workplace::new();
    // The reference in two folders is the reference.
    for (folder, packages) in
        [("base", &["libtide1-", "tide-"][..]), ("extra", &["harbor-", "libmoor2-", "moor-"])]
    {
        let files = std::fs::read_dir(REFERENCE).expect("examples").flatten();
        for file in files.filter(|f| packages.iter().any(|p| f.file_name().to_string_lossy().starts_with(p)))
        {
            work.write(
                &format!("{folder}/{}", file.file_name().to_string_lossy()),
                std::fs::read(file.path()).expect("a package"),
            );
        }
    }
    let both =
        run(&work, &["check", "--reference", "base", "extra", "--candidate", "extra", "base", "--all"]);
    assert_eq!(both.status, 0, "{}{}", both.stdout, both.stderr);
    let half =
        run(&work, &["check", "--reference", "base", "extra", "--candidate", "base", "--metadata-only"]);
    assert_eq!(half.status, 1, "{}", half.stdout);
    assert!(half.stdout.contains("package harbor-1.0-1.x86_64 is gone"), "{}", half.stdout);
}

#[test]
fn a_distribution_file_names_both_sides() {
    let work = Workplace::new();
    let text = |expires: &str| {
        format!(
            "[reference]\nrepositories = [\"old\"]\n[candidate]\nrepositories = [\"new\"]\n\
             [[waiver]]\npackage = \"*\"\nreason = \"an example\"\nowner = \"team\"\nexpires = \"{expires}\"\n"
        )
    };
    for (name, is_later) in [("d/old", false), ("d/new", true)] {
        write_repository(&work.path(name), Release { packages: 1000, is_later }).expect("a repository");
    }
    work.write("d/distribution.toml", text("2999-01-01"));
    let check = ["check", "--distribution", "d/distribution.toml", "--metadata-only"];
    let waived = run(&work, &check);
    assert_eq!(waived.status, 3, "{}{}", waived.stdout, waived.stderr);
    assert!(waived.stdout.contains("suppressed"), "{}", waived.stdout);
    work.write("d/distribution.toml", text("2020-01-01"));
    let expired = run(&work, &check);
    assert_eq!(expired.status, 1, "{}", expired.stdout);
    assert!(expired.stderr.contains("expired on 2020-01-01"), "{}", expired.stderr);
}

#[test]
fn mistakes_in_a_distribution_file() {
    let work = Workplace::new();
    work.write("one.toml", format!("[reference]\nrepositories = [\"{REFERENCE}\"]\n"));
    let alone = run(&work, &["check", "--distribution", "one.toml"]);
    assert_eq!(alone.status, 2);
    assert!(
        alone.stderr.contains("one.toml names no candidate") && alone.stderr.contains("hint: "),
        "{}",
        alone.stderr
    );
    work.write(
        "bad.toml",
        "[reference]\nrepositories = [\"x\"]\n[[waiver]]\nreason = \"r\"\npackage = \"x\"\n",
    );
    let bad = run(&work, &["check", "--distribution", "bad.toml", "--update", "x"]);
    assert!(bad.stderr.contains("bad.toml:3: the waiver has no owner"), "{}", bad.stderr);
    assert_eq!(run(&work, &["check", "--distribution", "absent.toml"]).status, 2);
    assert_eq!(run(&work, &["check", "--reference", "a"]).status, 2);
}

#[test]
fn made_repositories_lose_what_was_taken_from_them() {
    let work = Workplace::new();
    for (name, is_later) in [("old", false), ("new", true)] {
        write_repository(&work.path(name), Release { packages: 2500, is_later }).expect("a repository");
    }
    let same = run(&work, &["check", "old", "old", "--metadata-only"]);
    assert_eq!(same.status, 0, "{}", same.stdout);
    let run = run(&work, &["check", "old", "new", "--metadata-only", "-v"]);
    assert_eq!(run.status, 1);
    assert!(run.stdout.contains("package made-1999-1.1999-1.el9.x86_64 is gone"), "{}", run.stdout);
    assert!(run.stdout.contains("libmade990.so.1()(64bit) and 2 more capabilities"), "{}", run.stdout);
    // Any number of threads gives the same.
    for jobs in ["1", "7"] {
        let again =
            work.abide(&["check", "old", "new", "--metadata-only", "--format", "json", "--jobs", jobs]);
        assert_eq!(
            again.stdout,
            work.abide(&["check", "old", "new", "--metadata-only", "--format", "json"]).stdout
        );
    }
}

#[test]
fn damaged_metadata_is_named() {
    let work = Workplace::new();
    for name in ["old", "new"] {
        write_repository(&work.path(name), Release { packages: 50, is_later: false }).expect("a repository");
    }
    let cut = |file: &str| {
        let path = work.path(file);
        let bytes = std::fs::read(&path).expect("a file");
        std::fs::write(path, &bytes[..bytes.len() / 2]).expect("a file");
    };
    cut("new/repodata/filelists.xml.gz");
    let lists = run(&work, &["check", "old", "new", "--metadata-only"]);
    assert_eq!(lists.status, 3, "{}", lists.stdout);
    assert!(lists.stdout.contains("the files of the packages are not known"), "{}", lists.stdout);
    cut("new/repodata/primary.xml.gz");
    let primary = run(&work, &["check", "old", "new", "--metadata-only"]);
    assert_eq!(primary.status, 2);
    assert!(primary.stderr.contains("has not the checksum"), "{}", primary.stderr);
}

/// Runs a program that may not be installed.
fn tool(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Option<std::process::Output> {
    let mut command = std::process::Command::new(program);
    command.args(arguments).envs(environment.iter().copied()).stdin(std::process::Stdio::null());
    match command.output() {
        Ok(output) => Some(output),
        Err(_) => {
            eprintln!("{program} is not installed: nothing is compared with it");
            None
        }
    }
}

#[test]
fn what_cannot_be_installed_is_what_repoclosure_says() {
    let work = Workplace::new();
    for (name, is_later) in [("old", false), ("new", true)] {
        write_repository(&work.path(name), Release { packages: 3000, is_later }).expect("a repository");
    }
    let (root, new) = (work.path("root").display().to_string(), work.path("new").display().to_string());
    let repo = format!("made,file://{new}");
    let made = ["repoclosure", "--installroot", &root, "--releasever=9", "--forcearch=x86_64", "--repo=made"];
    let options = ["--setopt=reposdir=/nowhere", "--repofrompath", &repo, "--setopt=made.gpgcheck=0"];
    let Some(output) = tool("dnf", &[&made[..], &options].concat(), &[]) else { return };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let theirs: std::collections::BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("package: "))
        .filter_map(|line| line.split(' ').next())
        .collect();
    let ours = work.abide(&["check", "old", "new", "--metadata-only", "--format", "json"]).stdout;
    let document: serde_json::Value = serde_json::from_str(&ours).expect("JSON");
    let ours: std::collections::BTreeSet<&str> = document["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["rule"] == "requirement-broken")
        .filter_map(|finding| finding["package"]["candidate"].as_str())
        .collect();
    assert!(!ours.is_empty());
    assert_eq!(ours, theirs, "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn signatures_are_asked_for_when_keys_are_given() {
    let work = Workplace::new();
    write_repository(&work.path("old"), Release { packages: 20, is_later: false }).expect("a repository");
    std::fs::create_dir(work.path("gpg")).expect("a folder");
    let (home, old) = (work.path("gpg").display().to_string(), work.path("old").display().to_string());
    let gpg = |arguments: &[&str]| {
        let common = ["--batch", "--quiet", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""];
        tool("gpg", &[&common, arguments].concat(), &[("GNUPGHOME", &home)])
    };
    for name in ["ours@example.org", "theirs@example.org"] {
        if gpg(&["--quick-generate-key", name, "ed25519", "sign", "never"]).is_none() {
            return;
        }
        let file = work.path(&format!("{name}.asc")).display().to_string();
        assert!(gpg(&["--armor", "--output", &file, "--export", name]).expect("gpg").status.success());
    }
    let check = |keys: &str| {
        let text = format!(
            "keys = [\"{keys}\"]\n[reference]\nrepositories = [\"old\"]\n[candidate]\nrepositories = [\"old\"]\n"
        );
        work.write("d.toml", text);
        work.abide(&["check", "--distribution", "d.toml", "--metadata-only"])
    };
    let unsigned = check("ours@example.org.asc");
    assert_eq!(unsigned.status, 2);
    assert!(unsigned.stderr.contains("repodata/repomd.xml is not signed"), "{}", unsigned.stderr);
    let repomd = format!("{old}/repodata/repomd.xml");
    let sign =
        || gpg(&["--local-user", "ours@example.org", "--armor", "--detach-sign", &repomd]).expect("gpg");
    assert!(sign().status.success());
    assert_eq!(check("ours@example.org.asc").status, 0, "{}", check("ours@example.org.asc").stderr);
    let other = check("theirs@example.org.asc");
    assert_eq!(other.status, 2);
    assert!(other.stderr.contains("none of the keys made its signature"), "{}", other.stderr);
    // One byte more, and the signature is of something else.
    let text = std::fs::read_to_string(&repomd).expect("a file");
    std::fs::write(&repomd, format!("{text}\n")).expect("a file");
    assert_eq!(check("ours@example.org.asc").status, 2);
    assert_eq!(check("d.toml").status, 2);
}
