//! `cargo xtask bench metadata [PACKAGES [RUNS]]`: two releases of a made distribution, compared by their metadata alone;
//! beside `mergerepo_c`, which reads the metadata of both and writes it anew, and `dnf repoclosure` of one release, where
//! these are installed.

use std::fs;
use std::process::Command;

use testkit::repository::{Release, write_repository};

use super::measure::{self, Sample};
use crate::workspace::{self, Outcome};

/// GiB of address space that a run may take.
const MEMORY_GIB: u64 = 16;

/// Seconds in which 10,000 packages a side are to be compared.
const WANTED_SECONDS: f64 = 3.0;

/// Makes the repositories, runs the programs in turn and prints medians.
pub(super) fn run(arguments: &[String]) -> Outcome {
    let number = |at: usize, default: usize| match arguments.get(at) {
        None => Ok(default),
        Some(text) => text.parse::<usize>().map_err(|_| format!("a number is expected, not '{text}'")),
    };
    let (packages, runs) = (number(0, 10_000)?, number(1, 5)?.max(1));
    workspace::succeed(workspace::cargo().args(["build", "--release", "--locked", "--bin", "abide"]))?;
    let folder = workspace::root().join("target/bench-metadata");
    let [old, new] = [("reference", false), ("candidate", true)].map(|(name, is_later)| {
        let path = folder.join(name);
        write_repository(&path, Release { packages, is_later }).map(|()| path.display().to_string())
    });
    let fail = |e: std::io::Error| format!("failed to make the repositories: {e}");
    let (old, new) = (old.map_err(fail)?, new.map_err(fail)?);
    println!("{packages} packages a side, {runs} runs, medians\n");
    println!("| program | s | cpu s | MB | exit |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    let mut ours = None;
    for (name, command) in commands(&folder, &old, &new) {
        let mut samples: Vec<Sample> = Vec::new();
        for _ in 0..runs {
            samples.push(measure::sample(&command, MEMORY_GIB)?);
        }
        samples.sort_by(|a, b| a.wall.total_cmp(&b.wall));
        let Sample { wall, cpu, peak_mb, exit } = &samples[samples.len() / 2];
        println!("| {name} | {wall:.3} | {cpu:.3} | {peak_mb:.0} | {exit} |");
        ours.get_or_insert(*wall);
    }
    let reached = ours.is_some_and(|wall| wall <= WANTED_SECONDS);
    println!(
        "\nwanted: {WANTED_SECONDS} s for 10,000 packages a side: {}",
        if reached { "reached" } else { "not met" }
    );
    Ok(())
}

fn commands(folder: &std::path::Path, old: &str, new: &str) -> Vec<(&'static str, Vec<String>)> {
    let abide = workspace::root().join("target/release/abide").display().to_string();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let report = folder.join("report.json").display().to_string();
    let mut all = vec![
        ("abide check --metadata-only", words(&[&abide, "check", old, new, "--metadata-only", "-q"])),
        (
            "the same, as JSON",
            words(&[&abide, "check", old, new, "--metadata-only", "-q", "--format", "json", "-o", &report]),
        ),
    ];
    let merged = folder.join("merged");
    if is_installed("mergerepo_c") {
        let _ = fs::remove_dir_all(&merged);
        let merged = merged.display().to_string();
        all.push((
            "mergerepo_c of both",
            words(&["mergerepo_c", "-r", old, "-r", new, "-o", &merged, "--all"]),
        ));
    }
    if is_installed("dnf") {
        let root = folder.join("dnf").display().to_string();
        let repo = format!("made,file://{new}");
        all.push((
            "dnf repoclosure of the candidate",
            words(&[
                "dnf",
                "repoclosure",
                "--installroot",
                &root,
                "--releasever=9",
                "--forcearch=x86_64",
                "--setopt=reposdir=/dev/null",
                "--repofrompath",
                &repo,
                "--repo=made",
                "--refresh",
            ]),
        ));
    }
    all
}

fn is_installed(program: &str) -> bool {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("command -v {program}")]).stdout(std::process::Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
