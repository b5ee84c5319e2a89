//! Building a written pair, asking abide, running its program.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use mutants::{build, judge};

use crate::case::{Case, Half, Language};

/// Name of every library.
const LIBRARY: &str = "libpair.so";

/// What became of a pair that is not wrong.
pub(crate) enum Outcome {
    Right,
    /// A tool is not there.
    Skipped(String),
}

/// Builds and judges; `Err` says what is wrong.
pub(crate) fn run(case: &Case, work: &Path) -> Result<Outcome, String> {
    let (old, new) = (work.join(&case.name).join("old"), work.join(&case.name).join("new"));
    let needs_clang = case.old.clang || case.new.clang;
    if needs_clang && !has_clang() {
        return Ok(Outcome::Skipped("no clang and ld.lld".into()));
    }
    if case.language == Language::Fortran && !has_fortran() {
        return Ok(Outcome::Skipped("no gfortran".into()));
    }
    library(case, &case.old, &old)?;
    library(case, &case.new, &new)?;
    if case.breaks.is_some() {
        program(case, &old)?;
        let (before, after) = (build::run(&old, &old)?, build::run(&old, &new)?);
        if !before.status.contains("exit status: 0") {
            return Err(format!(
                "the program fails with the old library: {}\n{}",
                before.status, before.error
            ));
        }
        let broke = !before.same(&after);
        if Some(broke) != case.breaks {
            let text = |run: &build::Run| format!("{} {}", run.status, String::from_utf8_lossy(&run.output));
            return Err(format!(
                "the program broke: {broke}; {} / {} {}",
                text(&before),
                text(&after),
                after.error
            ));
        }
    }
    let answer = judge::ask(&old.join(LIBRARY), &new.join(LIBRARY), false);
    let verdict = answer.verdict.map_or("none".to_string(), |v| v.to_string());
    let missing: Vec<&String> = case.findings.iter().filter(|f| !answer.text.contains(*f)).collect();
    let unwanted: Vec<&String> = case.absent.iter().filter(|f| answer.text.contains(*f)).collect();
    if verdict == case.verdict && missing.is_empty() && unwanted.is_empty() {
        return Ok(Outcome::Right);
    }
    let wanted = &case.verdict;
    Err(format!("{verdict}, not {wanted}; missing {missing:?}, unwanted {unwanted:?}\n{}", answer.text))
}

fn library(case: &Case, half: &Half, folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    let name = match case.language {
        Language::C => "pair.c",
        Language::Cpp => "pair.cpp",
        Language::Rust => return rust(half, folder),
        Language::Fortran => return fortran(half, folder),
    };
    // As if a public header had everything: what stands in the source of a library nobody else can see.
    let line = if case.in_source { "" } else { "#line 1 \"pair.h\"\n" };
    write(folder, name, &format!("{line}{}", half.source))?;
    let mut command = compiler(case.language == Language::Cpp, half.clang);
    command.current_dir(folder).args(["-g", "-w", "-fPIC", "-shared", "-Wl,-soname,libpair.so"]);
    if let Some(target) = &case.target {
        command.args(["-target", target, "-nostdlib", "-fuse-ld=lld", "-ffreestanding"]);
    }
    if !half.map.is_empty() {
        write(folder, "pair.map", &half.map)?;
        command.arg("-Wl,--version-script=pair.map");
    }
    succeed(command.args(["-o", LIBRARY, name]).args(&half.flags))
}

fn rust(half: &Half, folder: &Path) -> Result<(), String> {
    write(folder, "pair.rs", &half.source)?;
    let mut command = Command::new("rustc");
    command.current_dir(folder).args(["--edition", "2024", "--crate-type", "cdylib", "-g", "-A", "warnings"]);
    succeed(
        command.args(["-C", "link-arg=-Wl,-soname,libpair.so", "-o", LIBRARY, "pair.rs"]).args(&half.flags),
    )
}

fn fortran(half: &Half, folder: &Path) -> Result<(), String> {
    write(folder, "pair.f90", &half.source)?;
    let mut command = Command::new("gfortran");
    command.current_dir(folder).args(["-g", "-w", "-fPIC", "-shared", "-Wl,-soname,libpair.so"]);
    succeed(command.args(["-o", LIBRARY, "pair.f90"]).args(&half.flags))
}

fn program(case: &Case, folder: &Path) -> Result<(), String> {
    let is_cpp = case.language == Language::Cpp;
    let name = if is_cpp { "program.cpp" } else { "program.c" };
    write(folder, name, &case.program)?;
    let mut command = compiler(is_cpp, false);
    command.current_dir(folder).args(["-w", "-O1", "-o", "program", name, "-L.", "-l:libpair.so"]);
    succeed(&mut command)
}

fn compiler(cpp: bool, clang: bool) -> Command {
    let name = match (cpp, clang) {
        (false, false) => "cc",
        (true, false) => "c++",
        (false, true) => "clang",
        (true, true) => "clang++",
    };
    let mut command = Command::new(name);
    command.arg(if cpp { "-std=gnu++17" } else { "-std=gnu11" });
    command
}

fn has_clang() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| {
        ["clang", "clang++", "ld.lld"]
            .iter()
            .all(|name| Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success()))
    })
}

fn has_fortran() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| Command::new("gfortran").arg("--version").output().is_ok_and(|o| o.status.success()))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    std::fs::write(folder.join(name), text).map_err(|e| format!("failed to write {name}: {e}"))
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|e| format!("failed to start a compiler: {e}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
