//! Compiling libraries and programs, and running a program with a library.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::model::Library;
use crate::render::Sources;

/// Name of the program's file.
const PROGRAM: &str = "program";
/// Seconds after which a program counts as hung.
const SECONDS: &str = "5";

/// What a run of the program showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Standard output.
    pub output: Vec<u8>,
    /// Exit status in words.
    pub status: String,
    /// Standard error, for people.
    pub error: String,
}

impl Run {
    /// Whether a program saw the same: warnings of the dynamic linker do not count.
    pub fn same(&self, other: &Run) -> bool {
        self.output == other.output && self.status == other.status
    }
}

/// Writes a library's files and compiles it in `folder`.
pub fn library(folder: &Path, library: &Library, sources: &Sources) -> Result<(), String> {
    let name = if library.cpp { "subject.cpp" } else { "subject.c" };
    write(folder, "subject.h", &sources.header)?;
    write(folder, "private.h", &sources.private_header)?;
    write(folder, name, &sources.source)?;
    let mut command = compiler(library.cpp, folder);
    let style = &library.style;
    command.args([if style.optimise { "-O2" } else { "-O1" }, "-g", "-fPIC", "-shared"]);
    for (yes, option) in
        [(style.dwarf4, "-gdwarf-4"), (style.compressed, "-gz"), (style.type_units, "-fdebug-types-section")]
    {
        command.args(yes.then_some(option));
    }
    command.arg(format!("-Wl,-soname,{}", library.soname));
    if let Some(script) = &sources.script {
        write(folder, "subject.map", script)?;
        command.arg("-Wl,--version-script=subject.map");
    }
    succeed(command.args(["-o", &library.soname, name]))
}

/// Compiles the program against the library in `folder`.
pub fn program(folder: &Path, library: &Library, text: &str) -> Result<(), String> {
    let name = if library.cpp { "program.cpp" } else { "program.c" };
    write(folder, name, text)?;
    let mut command = compiler(library.cpp, folder);
    command.args(["-O1", "-o", PROGRAM, name, "-L."]);
    succeed(command.arg(format!("-l:{}", library.soname)))
}

/// Runs the program of one folder with the library of another.
pub fn run(program: &Path, library: &Path) -> Result<Run, String> {
    // Core dumps of broken programs would cost more than everything else.
    let script = format!("ulimit -c 0; exec timeout -s KILL {SECONDS} ./{PROGRAM}");
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(program)
        .env("LD_LIBRARY_PATH", library)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("failed to run the program: {e}"))?;
    Ok(Run {
        output: output.stdout,
        status: output.status.to_string(),
        error: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Whether both compilers are there.
pub fn has_compilers() -> bool {
    ["cc", "c++"].iter().all(|name| {
        let status = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|s| s.success())
    })
}

fn compiler(cpp: bool, folder: &Path) -> Command {
    let mut command = Command::new(if cpp { "c++" } else { "cc" });
    command.current_dir(folder).args([
        if cpp { "-std=gnu++17" } else { "-std=gnu11" },
        "-w",
        "-fno-strict-aliasing",
    ]);
    if cpp {
        // Objects live in memory that was filled before, which is looked at afterwards.
        command.arg("-fno-lifetime-dse");
    }
    command
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    std::fs::write(folder.join(name), text).map_err(|e| format!("failed to write {name}: {e}"))
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|e| format!("failed to start a compiler: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}
