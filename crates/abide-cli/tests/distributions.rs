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
    cut("new/repodata/filelists.xml.zst");
    let lists = run(&work, &["check", "old", "new", "--metadata-only"]);
    assert_eq!(lists.status, 3, "{}", lists.stdout);
    assert!(lists.stdout.contains("the files of the packages are not known"), "{}", lists.stdout);
    cut("new/repodata/primary.xml.zst");
    let primary = run(&work, &["check", "old", "new", "--metadata-only"]);
    assert_eq!(primary.status, 2);
    assert!(primary.stderr.contains("has not the checksum"), "{}", primary.stderr);
}
