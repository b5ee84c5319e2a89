//! Updates between two points: several builds of one package, or whole sets of packages.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use abide_distro::compare_versions;
use abide_model::{PackageFormat, PackageMeta};
use abide_read::deb::Deb;
use abide_read::rpm::Package;

use crate::error::CliError;

/// A package file.
#[derive(Clone, Debug)]
pub(crate) struct PackageFile {
    pub(crate) path: PathBuf,
    pub(crate) meta: PackageMeta,
}

/// Packages that are installed together: what one source package was built into.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    /// Source package and version.
    pub(crate) name: String,
    pub(crate) files: Vec<PackageFile>,
}

/// A state to begin with and the updates that follow.
#[derive(Debug)]
pub(crate) struct Updates {
    /// What is installed before any update.
    pub(crate) base: Vec<PackageFile>,
    pub(crate) updates: Vec<Update>,
    pub(crate) format: PackageFormat,
}

impl Updates {
    /// What is installed with the first `count` updates; a later build of a package takes an earlier one's place.
    pub(crate) fn state(&self, count: usize) -> Vec<&PackageFile> {
        let mut state: BTreeMap<(&str, &str), &PackageFile> = BTreeMap::new();
        for file in self.base.iter().chain(self.updates.iter().take(count).flat_map(|update| &update.files)) {
            state.insert((&file.meta.nevra.name, &file.meta.nevra.arch), file);
        }
        state.into_values().collect()
    }

    /// The builds that an update takes the place of.
    pub(crate) fn before(&self, update: usize) -> Vec<&PackageFile> {
        let of_update = |file: &&PackageFile| {
            let files = self.updates.get(update).map_or(&[][..], |update| &update.files);
            files.iter().any(|own| own.meta.nevra.name == file.meta.nevra.name)
        };
        self.state(update).into_iter().filter(of_update).collect()
    }
}

/// Reads folders: one holds several builds, which are updates in the order of their versions; of several, each is a
/// set that follows the one before.
pub(crate) fn read(folders: &[PathBuf]) -> Result<Updates, CliError> {
    let sets = folders.iter().map(|folder| files(folder)).collect::<Result<Vec<_>, _>>()?;
    let format = one_format(&sets)?;
    let updates = match &sets[..] {
        [one] => builds(one, format),
        sets => between(sets, format),
    };
    if updates.updates.is_empty() {
        let places: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
        return Err(CliError::usage(format!("there is no update in {}", places.join(", "))).hint(
            "give one folder with several builds of a package, or several folders, the oldest set first",
        ));
    }
    Ok(updates)
}

fn one_format(sets: &[Vec<PackageFile>]) -> Result<PackageFormat, CliError> {
    let mut formats: Vec<PackageFormat> = sets.iter().flatten().map(|file| file.meta.format).collect();
    formats.sort();
    formats.dedup();
    match formats[..] {
        [one] => Ok(one),
        [] => Err(CliError::usage("the folders hold no package")
            .hint("packages are files that end in .rpm or .deb")),
        _ => {
            Err(CliError::usage("there are RPM and Debian packages among the updates").hint("give one kind"))
        }
    }
}

/// Reads the packages in a folder.
pub(crate) fn files(folder: &Path) -> Result<Vec<PackageFile>, CliError> {
    let entries = std::fs::read_dir(folder)
        .map_err(|e| CliError::input(&format!("failed to read {}", folder.display()), &e))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let is_package = |path: &PathBuf| path.extension().is_some_and(|end| end == "rpm" || end == "deb");
    paths.into_iter().filter(is_package).map(|path| file(&path)).collect()
}

/// Reads one package.
pub(crate) fn file(path: &Path) -> Result<PackageFile, CliError> {
    let what = format!("failed to read {}", path.display());
    let opened = File::open(path).map_err(|e| CliError::input(&what, &e))?;
    let mut input = BufReader::new(opened);
    let meta = if path.extension().is_some_and(|end| end == "deb") {
        Deb::read(&mut input).map_err(|e| CliError::input(&what, &e))?.meta
    } else {
        Package::read(&mut input).map_err(|e| CliError::input(&what, &e))?.meta
    };
    // The package manager is started elsewhere.
    let path = std::fs::canonicalize(path).map_err(|e| CliError::input(&what, &e))?;
    Ok(PackageFile { path, meta })
}

/// Name and version of the source package.
fn source(meta: &PackageMeta) -> String {
    let nevra = &meta.nevra;
    let mut version = match nevra.release.as_str() {
        "" => nevra.version.clone(),
        release => format!("{}-{release}", nevra.version),
    };
    if nevra.epoch != 0 {
        version = format!("{}:{version}", nevra.epoch);
    }
    format!("{} {version}", source_name(meta))
}

fn source_name(meta: &PackageMeta) -> String {
    let Some(source) = &meta.source_package else { return meta.nevra.name.clone() };
    match meta.format {
        // `name-version-release.src.rpm`
        PackageFormat::Rpm => source.rsplitn(3, '-').nth(2).unwrap_or(source).to_owned(),
        PackageFormat::Deb => source.split(['_', ' ']).next().unwrap_or(source).to_owned(),
    }
}

/// Groups packages by the build that they are from, oldest first.
fn grouped(files: &[PackageFile]) -> Vec<Update> {
    let mut groups: BTreeMap<String, Vec<PackageFile>> = BTreeMap::new();
    for file in files {
        groups.entry(source(&file.meta)).or_default().push(file.clone());
    }
    let mut updates: Vec<Update> = groups.into_iter().map(|(name, files)| Update { name, files }).collect();
    updates.sort_by(|a, b| match (a.files.first(), b.files.first()) {
        (Some(a), Some(b)) => {
            compare_versions(&a.meta, &b.meta).then_with(|| source(&a.meta).cmp(&source(&b.meta)))
        }
        _ => a.name.cmp(&b.name),
    });
    updates
}

/// Several builds of one package: the oldest is what there is before any update.
fn builds(files: &[PackageFile], format: PackageFormat) -> Updates {
    let mut updates = grouped(files);
    let base = if updates.is_empty() { Vec::new() } else { updates.remove(0).files };
    Updates { base, updates, format }
}

/// Sets that follow each other: an update is a source package whose build differs from the set before.
fn between(sets: &[Vec<PackageFile>], format: PackageFormat) -> Updates {
    let base = sets.first().cloned().unwrap_or_default();
    let mut updates = Vec::new();
    let mut current: BTreeMap<(String, String), String> = BTreeMap::new();
    let id = |file: &PackageFile| (file.meta.nevra.name.clone(), file.meta.nevra.arch.clone());
    for (number, set) in sets.iter().enumerate() {
        let changed: Vec<PackageFile> = set
            .iter()
            .filter(|file| current.insert(id(file), source(&file.meta)).as_ref() != Some(&source(&file.meta)))
            .cloned()
            .collect();
        if number > 0 {
            let mut group = grouped(&changed);
            group.sort_by(|a, b| a.name.cmp(&b.name));
            updates.extend(group);
        }
    }
    Updates { base, updates, format }
}
