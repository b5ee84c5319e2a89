//! `abide source annotate DIRECTORY…`: the missing comments above patches, from what was found elsewhere.

use std::fmt::Write as _;

use abide_source::annotate::annotated;
use abide_source::diff;

use super::counted;
use crate::error::CliError;
use crate::output::Destination;
use crate::packages;
use crate::source_args::Annotate;

/// Writes the comments, or shows them.
pub(crate) fn run(args: &Annotate) -> Result<u8, CliError> {
    let packages = packages::read(&args.directories, args.el_version.as_deref());
    let mut text = String::new();
    let mut patches = 0;
    for found in &packages.found {
        let (changes, annotations) =
            annotated(&found.folder, &found.package).map_err(|e| CliError::input(&found.path, &e))?;
        patches += annotations.len();
        if args.dry_run {
            text.push_str(&diff::unified(&changes));
        } else {
            found.folder.write(&changes).map_err(|e| CliError::input("nothing was changed", &e))?;
            for annotation in &annotations {
                let comment = annotation.comment.join(" ");
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "{}/{}:{}: {}: {comment}",
                    found.path, annotation.file, annotation.line, annotation.patch
                );
            }
        }
    }
    for (folder, reason) in &packages.gaps {
        let _ = writeln!(text, "{folder}: not read: {reason}");
    }
    let would = if args.dry_run { "would annotate" } else { "annotated" };
    let _ = writeln!(
        text,
        "{would} {} of {}",
        counted(patches, "patch"),
        counted(packages.found.len(), "package")
    );
    Destination::new(None).deliver(text.as_bytes())?;
    Ok(if packages.gaps.is_empty() { 0 } else { 2 })
}
