//! What an import takes over: the files of a git commit, of a source package or of a folder, and where they came from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use abide_read::git::{self, Found, Repository, Wanted};
use abide_read::rpm::is_rpm;
use abide_read::rpm::sources::SourcePackage;
use abide_read::signature::Keys;
use abide_report::source::import::{Origin, OriginTag};
use abide_source::Files;
use abide_source::import::{Layout, is_plain, laid_out};
use abide_source::lookaside::Algorithm;
use abide_source::modify::date::Date;

use crate::error::CliError;
use crate::folder::Folder;
use crate::source_args::Import;

/// Files, and where they came from.
pub(crate) struct Taken {
    /// By their paths.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Those that can be run.
    pub(crate) executables: BTreeSet<String>,
    /// Entries that are no files: path and what it is.
    pub(crate) skipped: BTreeMap<String, String>,
    /// Where they came from.
    pub(crate) origin: Origin,
}

/// Takes what the command line names.
pub(crate) fn take(args: &Import, layout: Layout) -> Result<Taken, CliError> {
    let path = Path::new(&args.source);
    let wanted = match (&args.branch, &args.tag, &args.commit) {
        (Some(branch), ..) => Wanted::Branch(branch.clone()),
        (_, Some(tag), _) => Wanted::Tag(tag.clone()),
        (.., Some(commit)) => Wanted::Commit(commit.clone()),
        _ => Wanted::Head,
    };
    let keys = Keys::read(&args.keys).map_err(|e| CliError::input("failed to read the keys", &e))?;
    let taken = if git::is_address(&args.source) || git::is_repository(path) {
        of_git(&args.source, &wanted, &keys)
    } else if wanted != Wanted::Head {
        Err(CliError::usage(format!("{} is no git repository: it has no branches and tags", args.source)))
    } else if path.is_file() {
        of_file(path, layout, &keys)
    } else if !keys.is_empty() {
        Err(CliError::usage(format!("nothing was changed: {} is a folder, which nobody signs", args.source))
            .hint("leave --keys away, or import the git repository or the source package"))
    } else {
        of_folder(path)
    }?;
    match taken.files.keys().find(|path| !is_plain(path)) {
        Some(path) => Err(CliError::usage(format!("nothing was changed: {path:?} leads out of the folder"))),
        None => Ok(taken),
    }
}

fn of_git(location: &str, wanted: &Wanted, keys: &Keys) -> Result<Taken, CliError> {
    let failed = |e: git::GitError| {
        let message =
            CliError::input(&format!("nothing was changed: {}", git::without_password(location)), &e);
        match e {
            git::GitError::NotFound { .. } => message.hint("--branch, --tag or --commit says what is wanted"),
            _ => message,
        }
    };
    let (repository, _folder);
    if git::is_address(location) {
        let folder = tempfile::tempdir().map_err(|e| CliError::write(&std::env::temp_dir(), e))?;
        repository = Repository::fetch(location, wanted, folder.path()).map_err(failed)?;
        _folder = Some(folder);
    } else {
        repository = Repository::open(Path::new(location)).map_err(failed)?;
        _folder = None;
    }
    let Found { commit, tag } = repository.find(wanted).map_err(failed)?;
    let signed_by = match keys.is_empty() {
        true => None,
        false => {
            Some(signed_by(&repository, &commit.id, tag.as_ref(), keys).map_err(failed)?.map_err(refused)?)
        }
    };
    let tree = repository.files(&commit.id).map_err(failed)?;
    let origin = Origin::Git {
        location: git::without_password(location),
        branch: match wanted {
            Wanted::Branch(branch) => Some(branch.clone()),
            _ => None,
        },
        tag: tag.map(|tag| OriginTag { name: tag.name, object: tag.object, signed: tag.signed }),
        commit: commit.id,
        tree: commit.tree,
        date: Date::from_unix_seconds(u64::try_from(commit.seconds).unwrap_or_default()).to_string(),
        subject: commit.subject,
        signed: commit.signed,
        signed_by,
    };
    Ok(Taken { files: tree.files, executables: tree.executables, skipped: tree.skipped, origin })
}

/// The key that signed the tag or the commit; or why neither counts.
fn signed_by(
    repository: &Repository,
    commit: &str,
    tag: Option<&git::Tag>,
    keys: &Keys,
) -> Result<Result<String, String>, git::GitError> {
    let mut objections = Vec::new();
    let named = tag.and_then(|tag| Some((format!("tag {}", tag.name), tag.object.as_deref()?)));
    for (what, object) in named.into_iter().chain([(format!("commit {commit}"), commit)]) {
        match repository.signed_by(object, keys)? {
            Ok(key) => {
                return Ok(Ok(format!("{key}, {}", if object == commit { "the commit" } else { "the tag" })));
            }
            Err(why) => objections.push(format!("{what}: {why}")),
        }
    }
    Ok(Err(objections.join("; ")))
}

fn refused(why: String) -> CliError {
    CliError::usage(format!("nothing was changed: no given key vouches for it: {why}"))
        .hint("give the file with the signer's public key to --keys, if you trust it; without --keys signatures are noted")
}

fn of_file(path: &Path, layout: Layout, keys: &Keys) -> Result<Taken, CliError> {
    let shown = path.display().to_string();
    let mut head = [0; 4];
    let is_package =
        File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && is_rpm(&head);
    if !is_package {
        return Err(CliError::usage(format!("{shown} is no source package"))
            .hint("SOURCE is a git repository (address or path), a .src.rpm or a folder"));
    }
    let package =
        SourcePackage::open(path).map_err(|e| CliError::input(&format!("failed to read {shown}"), &e))?;
    let signed_by = match keys.is_empty() {
        true => None,
        false => {
            let found = package.signed_by(path, keys);
            let found = found.map_err(|e| CliError::input(&format!("failed to read {shown}"), &e))?;
            Some(found.map_err(|why| refused(format!("{shown}: {why}")))?)
        }
    };
    let origin = Origin::SourceRpm {
        location: shown.clone(),
        nevra: package.nevra.to_string(),
        sha256: package.sha256,
        signed: package.signed,
        signed_by,
    };
    let files = laid_out(package.files, layout)
        .map_err(|e| CliError::input(&format!("nothing was changed: {shown}"), &e))?;
    Ok(Taken { files, executables: BTreeSet::new(), skipped: BTreeMap::new(), origin })
}

fn of_folder(path: &Path) -> Result<Taken, CliError> {
    let folder = Folder::open(path).map_err(|e| CliError::input("failed to read the folder", &e))?;
    let mut files = BTreeMap::new();
    let mut digests = String::new();
    for name in folder.paths().into_iter().filter(|name| name != abide_report::source::import::RECORD) {
        let content = folder.read(&name).map_err(|e| CliError::input("nothing was changed", &e))?;
        let content = content.unwrap_or_default();
        digests.push_str(&format!("{}  {name}\n", Algorithm::Sha256.digest(&content)));
        files.insert(name, content);
    }
    let origin = Origin::Folder {
        location: path.display().to_string(),
        sha256: Algorithm::Sha256.digest(digests.as_bytes()),
    };
    Ok(Taken { executables: folder.executables(), files, skipped: folder.links(), origin })
}
