//! Runs the program as a user would, on inputs that the tests compile from sources in the tree.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder of a test's own.
pub(crate) struct Workplace {
    folder: TempDir,
    cache: TempDir,
}

impl Workplace {
    pub(crate) fn new() -> Self {
        let folder = || TempDir::new().expect("a temporary folder");
        Workplace { folder: folder(), cache: folder() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("inside the folder")).expect("folders");
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// Compiles C to a shared object with debug information, `NAME` being its path in the workplace.
    pub(crate) fn library(&self, name: &str, source: &str, options: &[&str]) -> PathBuf {
        let output = self.path(name);
        std::fs::create_dir_all(output.parent().expect("inside the folder")).expect("folders");
        let soname = format!("-Wl,-soname,{}", output.file_name().expect("a name").to_string_lossy());
        let common = ["-shared", "-fPIC", "-g", "-nostdlib", "-Wl,--build-id", &soname];
        self.compile(source, &output, &[&common, options].concat());
        output
    }

    /// Compiles C to an executable that is linked with `libraries`.
    pub(crate) fn program(&self, name: &str, source: &str, libraries: &[&Path]) -> PathBuf {
        let output = self.path(name);
        std::fs::create_dir_all(output.parent().expect("inside the folder")).expect("folders");
        let libraries: Vec<&str> = libraries.iter().map(|path| path.to_str().expect("UTF-8")).collect();
        let common = ["-nostartfiles", "-Wl,--unresolved-symbols=ignore-all", "-Wl,--no-as-needed"];
        self.compile(source, &output, &[&common, libraries.as_slice()].concat());
        output
    }

    fn compile(&self, source: &str, output: &Path, options: &[&str]) {
        // The source has the same name on both sides, as it has in two releases of one project.
        let folder = TempDir::new_in(self.folder.path()).expect("a folder");
        std::fs::write(folder.path().join("foo.c"), source).expect("a source");
        let status = Command::new("cc")
            .current_dir(folder.path())
            .arg(format!("-fdebug-prefix-map={}=/src", folder.path().display()))
            .arg("foo.c")
            .arg("-o")
            .arg(output)
            .args(options)
            .status()
            .expect("cc is installed");
        assert!(status.success(), "cc failed");
    }

    /// Runs `abide` here, without the environment's say in colours and widths.
    pub(crate) fn abide(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments), self.folder.path())
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_abide"));
        command.current_dir(self.folder.path()).args(arguments).stdin(Stdio::null());
        // Each test has a cache of its own, where it cannot meet its inputs.
        command.env("ABIDE_CACHE", self.cache.path());
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "TERM"] {
            command.env_remove(variable);
        }
        command
    }
}

/// What a run gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    fn of(command: &mut Command, folder: &Path) -> Self {
        let Output { status, stdout, stderr } = command.output().expect("abide runs");
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes).expect("UTF-8").replace(&folder.display().to_string(), "TMP")
        };
        // Killed by a signal, which is never right.
        let status = status.code().expect("abide ended by itself");
        Run { status, stdout: text(stdout), stderr: text(stderr) }
    }

    /// Everything, for a golden file; what depends on the compiler's version is left out.
    pub(crate) fn golden(&self) -> String {
        let text = format!("exit: {}\n--- stdout\n{}--- stderr\n{}", self.status, self.stdout, self.stderr);
        let words = text.split_inclusive([' ', '\n', ',']);
        let mut golden = String::new();
        for word in words {
            let bare = word.trim_end_matches([' ', '\n', ',', ':']);
            let is_build_id = bare.len() == 40 && bare.bytes().all(|b| b.is_ascii_hexdigit());
            let is_code_size = golden.ends_with("FUNC GLOBAL, ") && bare.bytes().all(|b| b.is_ascii_digit());
            match (is_build_id, is_code_size) {
                (true, _) => golden.push_str(&word.replace(bare, "BUILD-ID")),
                (_, true) => golden.push_str(&word.replace(bare, "N")),
                _ => golden.push_str(word),
            }
        }
        golden
    }
}
