//! `cargo xtask bench`: abide beside the peers that are installed, on real inputs, as a Markdown table.
//!
//! Every program runs as a user runs it, in a process of its own; the runs of one case are interleaved, so that a
//! noisy moment hits all alike, and medians are shown. The floor is what merely decompressing (if the input is a
//! package) and hashing the same files takes. What is compared, and with which peer, is in `cases`.

mod cases;
mod distribution;
mod floor;
mod measure;

use std::path::{Path, PathBuf};

use crate::workspace::{self, Outcome};
use cases::{Case, Kind};
pub(crate) use floor::run as floor;
use measure::Sample;
pub(crate) use measure::run as measure;

/// What the command line asks for.
struct Options {
    runs: usize,
    memory_gib: u64,
    only: Option<String>,
    data: PathBuf,
}

/// `cargo xtask bench [--runs N] [--memory-gib N] [--only WORD] [--data FOLDER]`, or `cargo xtask bench distribution`.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    if let [word, rest @ ..] = arguments
        && word == "distribution"
    {
        return distribution::run(rest);
    }
    let options = parse(arguments)?;
    workspace::succeed(workspace::cargo().args(["build", "--release", "--locked", "--bin", "abide"]))?;
    let cases: Vec<Case> = cases::all(&options.data)
        .into_iter()
        .filter(|case| options.only.as_deref().is_none_or(|word| case.name.contains(word)))
        .collect();
    let (here, absent): (Vec<_>, Vec<_>) = cases.into_iter().partition(Case::is_there);
    for case in &absent {
        eprintln!("{}: input is not in {}", case.name, options.data.display());
    }
    if here.is_empty() {
        return Err(format!("no inputs; they are looked for in {}", options.data.display()));
    }
    println!("{} runs, medians; peers may use {} GiB\n", options.runs, options.memory_gib);
    println!(
        "| case | abide s | cpu s | MB | exit | peer | peer s | cpu s | MB | exit | times faster | of the floor |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for case in &here {
        compare(case, &options)?;
    }
    Ok(())
}

fn parse(arguments: &[String]) -> Outcome<Options> {
    let data = workspace::root().join("../shared/data");
    let mut options = Options { runs: 5, memory_gib: 16, only: None, data };
    let mut arguments = arguments.iter();
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} wants a value"))?;
        let number = || value.parse::<usize>().map_err(|_| format!("{name} wants a number, not '{value}'"));
        match name.as_str() {
            "--runs" => options.runs = number()?.max(1),
            "--memory-gib" => options.memory_gib = number()? as u64,
            "--only" => options.only = Some(value.clone()),
            "--data" => options.data = PathBuf::from(value),
            _ => return Err(format!("no option '{name}'")),
        }
    }
    Ok(options)
}

/// One program of one case.
struct Runner {
    name: &'static str,
    command: Vec<String>,
    samples: Vec<Sample>,
}

fn compare(case: &Case, options: &Options) -> Outcome {
    let mut runners = runners(case)?;
    for _ in 0..options.runs {
        for runner in &mut runners {
            runner.samples.push(measure::sample(&runner.command, options.memory_gib)?);
        }
    }
    let row = |runner: &Runner| {
        let Sample { wall, cpu, peak_mb, exit } = runner.median();
        format!("{wall:.3} | {cpu:.3} | {peak_mb:.0} | {exit}")
    };
    let [ours, floor, peer @ ..] = runners.as_slice() else { return Err("no program to run".into()) };
    let wall = ours.median().wall;
    let (peer, faster) = match peer.first() {
        Some(peer) => (format!("{} | {}", peer.name, row(peer)), format!("{:.1}", peer.median().wall / wall)),
        None => ("– | – | – | – | –".into(), "–".into()),
    };
    println!("| {} | {} | {peer} | {faster} | {:.2} |", case.name, row(ours), wall / floor.median().wall);
    Ok(())
}

impl Runner {
    fn new(name: &'static str, command: Vec<String>) -> Self {
        Self { name, command, samples: Vec::new() }
    }

    fn median(&self) -> Sample {
        let of = |value: fn(&Sample) -> f64| {
            let mut values: Vec<f64> = self.samples.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or_default()
        };
        let exit = self.samples.last().map_or(-1, |s| s.exit);
        Sample { wall: of(|s| s.wall), cpu: of(|s| s.cpu), peak_mb: of(|s| s.peak_mb), exit }
    }
}

/// abide first, then the floor, then the peers that are installed.
fn runners(case: &Case) -> Outcome<Vec<Runner>> {
    let text = |path: &Path| path.display().to_string();
    let abide = text(&workspace::root().join("target/release/abide"));
    let mut ours =
        vec![abide, "check".into(), "--quiet".into(), "--no-cache".into(), text(&case.old), text(&case.new)];
    for (flag, debugs) in [("--debuginfo-old", &case.old_debug), ("--debuginfo-new", &case.new_debug)] {
        for debug in debugs {
            ours.extend([flag.to_owned(), text(debug)]);
        }
    }
    let this = std::env::current_exe().map_err(|e| format!("failed to find this program: {e}"))?;
    let files = case.files().map(text);
    let floor = [text(&this), "floor".into()].into_iter().chain(files).collect();
    let mut runners = vec![Runner::new("abide", ours), Runner::new("floor", floor)];
    let peer = case.kind.peer();
    if !workspace::has_program(peer) {
        eprintln!("{peer} is not installed");
        return Ok(runners);
    }
    let mut theirs = vec![peer.to_owned()];
    if case.kind == Kind::Packages {
        theirs.push("--no-default-suppression".into());
    }
    for (flag, debugs) in [("--d1", &case.old_debug), ("--d2", &case.new_debug)] {
        for debug in debugs {
            theirs.extend([flag.to_owned(), text(debug)]);
        }
    }
    theirs.extend([text(&case.old), text(&case.new)]);
    runners.push(Runner::new(peer, theirs));
    Ok(runners)
}
