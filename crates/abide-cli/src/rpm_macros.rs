//! Asking rpm for what a spec's macros come to, in the sandbox.

use std::time::Duration;

use abide_source::spec::evr::{DIST, Evr};
use tempfile::TempDir;

use crate::sandbox::{self, Shared};

/// How long rpmspec may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Stands for the distribution's mark where rpm checks the characters of a release.
const MARK: &str = "abide_dist_mark";

/// The EVR of a spec's source package.
pub(crate) fn evr(spec: &str, el_version: Option<&str>) -> Result<Evr, String> {
    let folder = TempDir::new().map_err(|e| e.to_string())?;
    let bytes = abide_source::text::encode(spec);
    std::fs::write(folder.path().join("package.spec"), bytes).map_err(|e| e.to_string())?;
    let dist = format!("dist {MARK}");
    let rhel = el_version.map(|version| format!("rhel {version}"));
    let mut command = vec!["rpmspec", "-q", "--srpm", "--define", "_sourcedir /spec", "--define", &dist];
    if let Some(rhel) = &rhel {
        command.extend(["--define", rhel]);
    }
    command.extend(["--qf", "%|EPOCH?{%{EPOCH}}|\\n%{VERSION}\\n%{RELEASE}\\n", "/spec/package.spec"]);
    let shared = [Shared { outside: folder.path(), inside: "/spec" }];
    let output = sandbox::run(&shared, "/spec", &command, LIMIT).map_err(|e| format!("rpmspec: {e}"))?;
    let text = String::from_utf8_lossy(&output);
    let [epoch, version, release] = text.lines().collect::<Vec<_>>()[..] else {
        return Err(format!("rpmspec gave {text:?}"));
    };
    Ok(Evr {
        epoch: (!epoch.is_empty()).then(|| epoch.to_owned()),
        version: version.to_owned(),
        release: release.replace(MARK, &DIST.to_string()),
    })
}
