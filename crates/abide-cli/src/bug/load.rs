//! Bugs on disk: a file, or a folder with `bug.toml` or `bug.md` and the files that the reproducer needs.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use abide_bug::Bug;
use abide_bug::bug::Reproducer;
use abide_bug::packages::PackageSet;
use abide_report::bug::BugEntry;
use tempfile::TempDir;

use crate::error::CliError;

/// Names of a bug's file in its folder.
const NAMES: [&str; 2] = ["bug.toml", "bug.md"];
/// Bug files are small.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// What a folder may hold.
const FILES_MAX: usize = 1000;
const FILES_BYTES_MAX: u64 = 256 << 20;
/// The name that an inline script gets.
const INLINE: &str = "reproducer";

/// A bug with its files.
pub(crate) struct Loaded {
    /// The bug's file.
    pub(crate) path: PathBuf,
    pub(crate) bug: Bug,
    /// The files beside it, by their paths below the folder; none for a bug that is one file.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Digest of all that runs depend on.
    pub(crate) digest: String,
}

/// Reads a bug.
pub(crate) fn load(path: &Path) -> Result<Loaded, CliError> {
    let failed = |path: &Path, error: std::io::Error| {
        CliError::input(&format!("failed to read the bug {}", path.display()), &error)
    };
    let is_folder = std::fs::metadata(path).map_err(|e| failed(path, e))?.is_dir();
    let file = if is_folder { in_folder(path)? } else { path.to_owned() };
    let bytes = limited(&file).map_err(|e| failed(&file, e))?;
    let bug = abide_bug::parse::parse(&file.display().to_string(), &bytes)
        .map_err(|e| CliError::input("failed to read the bug", &e).hint(&e.hint))?;
    let mut files = BTreeMap::new();
    if is_folder {
        collect(path, "", &mut files).map_err(|e| failed(path, e))?;
        NAMES.iter().for_each(|name| drop(files.remove(*name)));
    } else {
        // A file alone has only those that it names.
        let parent = file.parent().unwrap_or(Path::new(""));
        let named = match &bug.reproducer {
            Reproducer::File(name) => Some(name),
            Reproducer::Inline(_) => None,
        };
        for name in named.into_iter().chain(&bug.reported_packages) {
            let beside = parent.join(name);
            files.insert(name.clone(), limited(&beside).map_err(|e| failed(&beside, e))?);
        }
    }
    check_files(&file, &bug, &files)?;
    let digest = bug.digest(&files);
    Ok(Loaded { path: file, bug, files, digest })
}

fn in_folder(folder: &Path) -> Result<PathBuf, CliError> {
    let found: Vec<PathBuf> =
        NAMES.iter().map(|name| folder.join(name)).filter(|path| path.is_file()).collect();
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => Err(CliError::usage(format!("{} has neither bug.toml nor bug.md", folder.display()))
            .hint("`abide bug new` makes a bug file")),
        _ => {
            Err(CliError::usage(format!("{} has both bug.toml and bug.md", folder.display()))
                .hint("keep one"))
        }
    }
}

fn limited(path: &Path) -> std::io::Result<Vec<u8>> {
    let size = std::fs::metadata(path)?.len();
    if size > FILE_BYTES_MAX {
        return Err(std::io::Error::other(format!("it has {size} bytes, more than {FILE_BYTES_MAX}")));
    }
    std::fs::read(path)
}

/// Regular files only: links are not followed.
fn collect(folder: &Path, below: &str, files: &mut BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else if kind.is_file() {
            let held: u64 = files.values().map(|content| content.len() as u64).sum();
            if files.len() >= FILES_MAX || held + entry.metadata()?.len() > FILES_BYTES_MAX {
                return Err(std::io::Error::other("the folder holds too much for a bug"));
            }
            files.insert(name, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}

fn check_files(file: &Path, bug: &Bug, files: &BTreeMap<String, Vec<u8>>) -> Result<(), CliError> {
    let named = match &bug.reproducer {
        Reproducer::File(name) => Some(name),
        Reproducer::Inline(_) => None,
    };
    match named.into_iter().chain(&bug.reported_packages).find(|name| !files.contains_key(*name)) {
        None => Ok(()),
        Some(name) => {
            let message = format!("{}: there is no file {name:?} beside it", file.display());
            Err(CliError::usage(message).hint("put the file into the bug's folder"))
        }
    }
}

impl Loaded {
    /// What documents say of the bug.
    pub(crate) fn entry(&self) -> BugEntry {
        BugEntry {
            file: self.path.display().to_string(),
            title: self.bug.title.clone(),
            package: self.bug.package.clone(),
            digest: self.digest.clone(),
        }
    }

    /// The reproducer's text.
    pub(crate) fn script(&self) -> String {
        match &self.bug.reproducer {
            Reproducer::Inline(script) => script.clone(),
            Reproducer::File(name) => {
                String::from_utf8_lossy(self.files.get(name).map_or(&[][..], Vec::as_slice)).into_owned()
            }
        }
    }

    /// The name of the script in the folder that runs see.
    fn script_name(&self) -> &str {
        match &self.bug.reproducer {
            Reproducer::Inline(_) => INLINE,
            Reproducer::File(name) => name,
        }
    }

    /// The reporter's packages, and how many lines of the list are none.
    pub(crate) fn reported(&self) -> Option<(PackageSet, usize)> {
        let list = self.files.get(self.bug.reported_packages.as_ref()?)?;
        Some(PackageSet::of_lines(&String::from_utf8_lossy(list)))
    }

    /// Writes what a run sees at `/bug` to a folder that anybody may read; gives the script's path in it.
    pub(crate) fn unpack(&self) -> Result<(TempDir, String), CliError> {
        let write = || -> std::io::Result<TempDir> {
            let folder = tempfile::Builder::new()
                .prefix("abide-bug-")
                .permissions(std::fs::Permissions::from_mode(0o755))
                .tempdir()?;
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
            for (name, content) in &self.files {
                write_readable(&folder.path().join(name), content, folder.path())?;
            }
            if let Reproducer::Inline(script) = &self.bug.reproducer {
                write_readable(&folder.path().join(INLINE), script.as_bytes(), folder.path())?;
            }
            Ok(folder)
        };
        let folder = write().map_err(|e| CliError::input("failed to make a folder for runs", &e))?;
        Ok((folder, self.script_name().to_owned()))
    }
}

fn write_readable(path: &Path, content: &[u8], top: &Path) -> std::io::Result<()> {
    let parent = path.parent().unwrap_or(top);
    std::fs::create_dir_all(parent)?;
    for folder in parent.ancestors().take_while(|folder| folder.starts_with(top)) {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    }
    std::fs::write(path, content)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}
