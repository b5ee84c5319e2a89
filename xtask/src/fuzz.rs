//! libFuzzer on the stable compiler: builds fuzz/ with coverage instrumentation and runs its targets.
//!
//! The same targets run under `cargo fuzz` where that and a nightly compiler are installed. What a target calls, and
//! its seeds, are in testkit.

use std::path::PathBuf;

use crate::ci::Ended;
use crate::workspace::{self, Outcome};

/// The instrumentation that cargo-fuzz asks for, without the sanitizers that need a nightly compiler.
const RUSTFLAGS: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Seconds for each target of the run in CI.
const SMOKE_SECONDS: u32 = 8;

/// `cargo xtask fuzz [TARGET] [--seconds N]`.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let mut seconds = 60;
    let mut only = None;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            let value = arguments.next().and_then(|v| v.parse().ok());
            seconds = value.ok_or("--seconds wants a number")?;
        } else {
            only = Some(argument.as_str());
        }
    }
    if only.is_some_and(|name| testkit::targets().iter().all(|t| t.name != name)) {
        let names: Vec<_> = testkit::targets().iter().map(|t| t.name).collect();
        return Err(format!("no such target; there are: {}", names.join(", ")));
    }
    let programs = build(only)?;
    for target in testkit::targets().iter().filter(|t| only.is_none_or(|name| name == t.name)) {
        fuzz(target, &programs, seconds)?;
    }
    Ok(())
}

/// A few seconds of each target, for `cargo xtask ci`.
pub(crate) fn smoke() -> Ended {
    if !["c++", "g++", "clang++"].into_iter().any(workspace::has_program) {
        return Ended::Skipped("no C++ compiler, which libFuzzer is built with".into());
    }
    if cfg!(not(target_os = "linux")) {
        return Ended::Skipped("libFuzzer is built on Linux only".into());
    }
    run(&["--seconds".into(), SMOKE_SECONDS.to_string()]).into()
}

/// Builds one target or all; returns the folder of the programs.
fn build(only: Option<&str>) -> Outcome<PathBuf> {
    let host = host()?;
    let folder = workspace::root().join("target/fuzz");
    let mut command = workspace::cargo();
    command.env("RUSTFLAGS", RUSTFLAGS).env_remove("CARGO_TARGET_DIR");
    // A named target keeps the flags away from build scripts and procedural macros.
    command.args(["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", &host]);
    command.arg("--target-dir").arg(&folder);
    if let Some(name) = only {
        command.args(["--bin", name]);
    }
    workspace::succeed(&mut command)?;
    Ok(folder.join(host).join("release"))
}

/// The compiler's own target triple.
fn host() -> Outcome<String> {
    let version = workspace::output(workspace::rustc().arg("-vV"))?;
    let version = String::from_utf8_lossy(&version);
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc -vV names no host".into())
}

/// Runs one target on its seeds and what it found before (fuzz/corpus, untracked).
fn fuzz(target: &testkit::Target, programs: &std::path::Path, seconds: u32) -> Outcome {
    let root = workspace::root();
    let corpus = root.join("fuzz/corpus").join(target.name);
    let seeds = root.join("target/fuzz/seeds").join(target.name);
    let artifacts = root.join("fuzz/artifacts").join(target.name);
    for folder in [&corpus, &seeds, &artifacts] {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    for (number, seed) in (target.seeds)().iter().enumerate() {
        let path = seeds.join(number.to_string());
        std::fs::write(&path, seed).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    println!("-- {}: {seconds} s", target.name);
    let log = root.join("target/fuzz").join(format!("{}.log", target.name));
    let output = std::fs::File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
    let mut command = std::process::Command::new(programs.join(target.name));
    command.args(["-timeout=20", "-rss_limit_mb=2048", "-max_len=65536", "-print_final_stats=1"]);
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/", artifacts.display())).args([&corpus, &seeds]);
    let status =
        command.stderr(output).status().map_err(|e| format!("failed to start {}: {e}", target.name))?;
    let text = std::fs::read(&log).map_err(|e| format!("{}: {e}", log.display()))?;
    let text = String::from_utf8_lossy(&text);
    let tail: Vec<&str> = text.lines().rev().take(40).collect();
    if !status.success() {
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        return Err(format!("{}: {status}\n{}", target.name, tail.join("\n")));
    }
    for line in
        tail.iter().rev().filter(|l| l.starts_with("stat::number_of_exec") || l.starts_with("stat::peak"))
    {
        println!("   {line}");
    }
    Ok(())
}
