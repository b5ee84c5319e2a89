//! Development tasks of abide; `cargo xtask` lists them.
//!
//! Nothing here is part of the program: users never need it, and `abide` never calls it.

mod arrows;
mod bench;
mod ci;
mod fuzz;
mod leaks;
mod licences;
mod loader;
mod mutants;
mod profiles;
mod setup;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
Development tasks of abide

Usage: cargo xtask <TASK>

  ci                 everything: format, lints, tests, docs, licences, leaks, example, a short fuzz run
  setup [--fixtures] install the optional tools that the tests (or the example repositories) need
  fixtures           build the example repositories anew
  fuzz [TARGET] [--seconds N]
                     fuzz one reader, or all in turn, with libFuzzer on the stable compiler
  mutants [--count N] [--seed S] [--jobs N] [--only KIND] [--keep FOLDER]
                     mutate generated libraries, run old programs with them, and hold it against abide
  bench [--runs N] [--memory-gib N] [--only WORD] [--fetch FOLDER | --debian FOLDER]
                     time abide beside the peers that are installed, against its targets; prints Markdown tables.
                     --fetch downloads the large inputs with apt-get first (3 GB), --debian uses them again
  bench [--runs N] [--memory-gib N] [--only WORD]
                     time abide beside the peers that are installed; prints a Markdown table
  bench distribution REFERENCE CANDIDATE [CHANGED]
                     time two folders of packages without a cache, with an empty one, and again
  loader FILE… [--root FOLDER] [--isa-level N]
                     lay abide's word on files and folders beside that of the real loader
  profiles --policy FILE --abilists FILE --libraries MACHINE=FOLDER…
                     make the built-in profiles of releases from public sources (see the file's head)
  licences           check every dependency's licence against deny.toml
  leaks              look for secrets and machine paths in the tracked files
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    let outcome = match arguments.first().map(String::as_str) {
        Some("ci") => ci::run(),
        Some("setup") => setup::run(rest),
        Some("fixtures") => workspace::run("bash", &["examples/build.sh"]),
        Some("fuzz") => fuzz::run(rest),
        Some("mutants") => mutants::run(rest),
        Some("bench") => bench::run(rest),
        Some("loader") => loader::run(rest),
        Some("profiles") => profiles::run(rest),
        Some("licences") => licences::check(),
        Some("leaks") => leaks::check(),
        // Called by `bench` on itself.
        Some("measure") => bench::measure(rest),
        Some("floor") => bench::floor(rest),
        None | Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            Ok(())
        }
        Some(other) => Err(format!("no task '{other}'\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
