//! `cargo xtask bench`: abide beside the peers that are installed, on real inputs, as Markdown tables.
//!
//! Every program runs as a user runs it, in a process of its own with a ceiling on its memory; the runs of one case
//! are interleaved, so that a noisy moment hits all alike, and medians are shown. The floor is what merely
//! decompressing (and, for packages and files, hashing) the same input takes. What is compared, beside what, and what
//! is to be reached, is in `cases` and `debian`.

mod cases;
mod debian;
mod distribution;
mod floor;
mod measure;
mod metadata;

use std::path::PathBuf;

use crate::workspace::{self, Outcome};
use cases::{Case, Reference, Target};
pub(crate) use floor::run as floor;
use measure::Sample;
pub(crate) use measure::run as measure;

/// What the command line asks for.
struct Options {
    runs: usize,
    memory_gib: u64,
    only: Option<String>,
    data: PathBuf,
    debian: Option<PathBuf>,
    program: PathBuf,
}

/// `cargo xtask bench [--runs N] [--memory-gib N] [--only WORD] [--data FOLDER] [--fetch FOLDER] [--debian FOLDER]
/// [--program FILE]`, or `cargo xtask bench distribution`, or `cargo xtask bench metadata`.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    if let [word, rest @ ..] = arguments
        && word == "distribution"
    {
        return distribution::run(rest);
    }
    if let [word, rest @ ..] = arguments
        && word == "metadata"
    {
        return metadata::run(rest);
    }
    let options = parse(arguments)?;
    if options.program.starts_with(workspace::root()) {
        workspace::succeed(workspace::cargo().args(["build", "--release", "--locked", "--bin", "abide"]))?;
    }
    let mut cases = match &options.debian {
        Some(folder) => debian::cases(folder)?,
        None => Vec::new(),
    };
    cases.extend(cases::shared(&options.data));
    cases.retain(|case| {
        options.only.as_deref().is_none_or(|word| case.name.contains(word)) || case.is_yardstick
    });
    if cases.is_empty() {
        return Err(format!("no inputs; they are looked for in {}", options.data.display()));
    }
    println!("{} runs, medians; every program may use {} GiB\n", options.runs, options.memory_gib);
    println!("| case | program | s | cpu s | MB | exit |");
    println!("| --- | --- | ---: | ---: | ---: | ---: |");
    let mut bench = Bench { options, yardstick: None, verdicts: Vec::new() };
    for case in &cases {
        bench.compare(case)?;
    }
    println!("\nWall-clock and cpu time or peak memory against the target\n");
    println!("| case | target | reached | by cpu time | |");
    println!("| --- | --- | ---: | ---: | --- |");
    bench.verdicts.iter().for_each(|line| println!("{line}"));
    Ok(())
}

fn parse(arguments: &[String]) -> Outcome<Options> {
    let root = workspace::root();
    let mut options = Options {
        runs: 5,
        memory_gib: 16,
        only: None,
        data: root.join("../shared/data"),
        debian: None,
        program: root.join("target/release/abide"),
    };
    let mut arguments = arguments.iter();
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} wants a value"))?;
        let number = || value.parse::<usize>().map_err(|_| format!("{name} wants a number, not '{value}'"));
        match name.as_str() {
            "--runs" => options.runs = number()?.max(1),
            "--memory-gib" => options.memory_gib = number()? as u64,
            "--only" => options.only = Some(value.clone()),
            "--data" => options.data = PathBuf::from(value),
            "--program" => options.program = PathBuf::from(value),
            "--debian" | "--fetch" => {
                let folder = std::path::absolute(value).map_err(|e| format!("{value}: {e}"))?;
                if name == "--fetch" {
                    debian::fetch(&folder)?;
                }
                options.debian = Some(folder);
            }
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

struct Bench {
    options: Options,
    /// What the yardstick's peer took.
    yardstick: Option<Sample>,
    /// Lines of the second table.
    verdicts: Vec<String>,
}

impl Bench {
    fn compare(&mut self, case: &Case) -> Outcome {
        let mut runners = self.runners(case)?;
        for _ in 0..self.options.runs {
            for runner in &mut runners {
                runner.samples.push(measure::sample(&runner.command, self.options.memory_gib)?);
            }
        }
        for runner in &runners {
            let Sample { wall, cpu, peak_mb, exit } = runner.median();
            println!("| {} | {} | {wall:.3} | {cpu:.3} | {peak_mb:.0} | {exit} |", case.name, runner.name);
        }
        let Some((ours, others)) = runners.split_first() else { return Ok(()) };
        if case.is_yardstick {
            self.yardstick = others.first().map(Runner::median);
        }
        for target in &case.targets {
            let line = self.judge(target, &ours.median(), others);
            self.verdicts.push(format!("| {} | {line} |", case.name));
        }
        Ok(())
    }

    fn judge(&self, target: &Target, ours: &Sample, others: &[Runner]) -> String {
        let (what, unit) = if target.is_memory { ("memory", "MB") } else { ("time", "s") };
        let (reference, stated) = match target.of {
            Reference::Fixed => {
                (Some(Sample { wall: 1.0, cpu: 1.0, peak_mb: 1.0, exit: 0 }), unit.to_owned())
            }
            Reference::Runner(name) => {
                let found = others.iter().find(|runner| runner.name == name);
                (found.map(Runner::median), format!("× {name}"))
            }
            Reference::Yardstick(name) => {
                let copy = self.yardstick.as_ref();
                let sample =
                    copy.map(|s| Sample { wall: s.wall, cpu: s.cpu, peak_mb: s.peak_mb, exit: s.exit });
                (sample, format!("× pahole -J of one kernel ({name})"))
            }
        };
        let target_text = format!("{what} ≤ {:.3} {stated}", target.at_most);
        let Some(reference) = reference else { return format!("{target_text} | – | – | not measured") };
        let (reached, by_cpu) = match target.is_memory {
            true => (ours.peak_mb / reference.peak_mb, None),
            false => (ours.wall / reference.wall, Some(ours.cpu / reference.cpu)),
        };
        let by_cpu = by_cpu.map_or("–".to_owned(), |ratio| format!("{ratio:.3}"));
        let met = if reached <= target.at_most { "met" } else { "**not met**" };
        format!("{target_text} | {reached:.3} | {by_cpu} | {met}")
    }

    /// abide first, then the floor and the peers that are installed.
    fn runners(&self, case: &Case) -> Outcome<Vec<Runner>> {
        let abide = self.options.program.display().to_string();
        for arguments in &case.prepare {
            workspace::succeed(std::process::Command::new(&abide).args(arguments))?;
        }
        let mut ours = vec![abide, "check".into(), "--quiet".into(), "--no-cache".into()];
        ours.extend(case.arguments.iter().cloned());
        let mut runners = vec![Runner::new("abide", ours)];
        let this = std::env::current_exe().map_err(|e| format!("failed to find this program: {e}"))?;
        for (name, arguments) in &case.others {
            let first = match *name {
                "floor" => vec![this.display().to_string(), "floor".into()],
                program if workspace::has_program(program) => vec![program.to_owned()],
                program => {
                    eprintln!("{program} is not installed");
                    continue;
                }
            };
            runners.push(Runner::new(name, [first, arguments.clone()].concat()));
        }
        Ok(runners)
    }
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
