//! `mutants`: runs a campaign and prints its table.

use std::path::PathBuf;
use std::process::ExitCode;

use mutants::campaign::{self, Agreement, Options};
use mutants::{build, report};

const USAGE: &str = "\
Usage: mutants [--count N] [--seed S] [--jobs N] [--only KIND] [--keep FOLDER [--keep-all]]

Builds N mutants of generated libraries, runs old programs with them, asks abide, and prints a table.
Fails when abide called a mutant compatible that broke its program, or a neutral one incompatible.
";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("mutants: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, String> {
    let options = options()?;
    if !build::has_compilers() {
        return Err("cc and c++ are needed".into());
    }
    std::fs::create_dir_all(&options.work).map_err(|e| format!("failed to make the work folder: {e}"))?;
    let mutants = campaign::run(&options)?;
    print!("{}", report::table(&mutants));
    Ok(mutants.iter().all(|m| m.agreement < Agreement::FalseAlarm))
}

fn options() -> Result<Options, String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    // Below the folder of the build: the same for everybody, and ignored by version control.
    let work = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/mutants");
    let mut options = Options { count: 200, seed: 1, threads, keep: None, work, only: None, keep_all: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--keep-all" {
            options.keep_all = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| USAGE.to_string())?;
        let number = || value.parse::<usize>().map_err(|e| format!("{argument} {value}: {e}"));
        match argument.as_str() {
            "--count" => options.count = number()?,
            "--seed" => options.seed = number()? as u64,
            "--jobs" => options.threads = number()?,
            "--only" => options.only = Some(value),
            "--keep" => options.keep = Some(PathBuf::from(value)),
            _ => return Err(USAGE.into()),
        }
    }
    Ok(options)
}
