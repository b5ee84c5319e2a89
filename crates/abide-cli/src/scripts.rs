//! Scripts of modification files: run in the sandbox on copies of both folders, what they changed is read back.

use std::path::Path;
use std::time::Duration;

use abide_source::Overlay;
use abide_source::files::{Change, Files as _};
use abide_source::modify::config::Place;
use abide_source::modify::{ScriptChanges, Scripts};
use tempfile::TempDir;

use crate::folder::Folder;
use crate::sandbox::{self, Shared};

/// How long a script may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs scripts in the sandbox.
pub(crate) struct Sandboxed;

impl Scripts for Sandboxed {
    fn run(
        &self,
        script: &str,
        place: Place,
        package: &Overlay<'_>,
        beside: &Overlay<'_>,
    ) -> Result<ScriptChanges, String> {
        let copy =
            |overlay: &Overlay<'_>| copied(overlay).map_err(|e| format!("failed to copy the folders: {e}"));
        let (package_copy, beside_copy) = (copy(package)?, copy(beside)?);
        let shared = [
            Shared { outside: package_copy.path(), inside: "/package" },
            Shared { outside: beside_copy.path(), inside: "/modifications" },
        ];
        let folder = match place {
            Place::Package => "/package",
            Place::Modifications => "/modifications",
        };
        let path = format!("/modifications/{script}");
        sandbox::run(&shared, folder, &["bash", &path], LIMIT).map_err(|e| format!("{script}: {e}"))?;
        let read = |copy: &TempDir, overlay: &Overlay<'_>| {
            changes(copy.path(), overlay).map_err(|e| format!("{script}: {e}"))
        };
        Ok(ScriptChanges { package: read(&package_copy, package)?, beside: read(&beside_copy, beside)? })
    }
}

fn copied(overlay: &Overlay<'_>) -> Result<TempDir, Box<dyn std::error::Error>> {
    let copy = TempDir::new()?;
    for path in overlay.paths() {
        let to = copy.path().join(&path);
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(to, overlay.read(&path)?.unwrap_or_default())?;
    }
    Ok(copy)
}

fn changes(copy: &Path, overlay: &Overlay<'_>) -> Result<Vec<Change>, Box<dyn std::error::Error>> {
    let after = Folder::open(copy)?;
    let mut paths = after.paths();
    paths.extend(overlay.paths());
    paths.sort();
    paths.dedup();
    let mut changes = Vec::new();
    for path in paths {
        let (before, now) = (overlay.read(&path)?, after.read(&path)?);
        if before != now {
            changes.push(Change { path, before, after: now });
        }
    }
    Ok(changes)
}
