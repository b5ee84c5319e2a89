//! The index over all debug files of a side: those in packages by path, loose ones by build-id and file name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use abide_model::ElfFacts;
use bstr::{BStr, BString, ByteSlice, ByteVec};
use rustc_hash::{FxHashMap, FxHashSet};

use super::debuginfod::Debuginfod;
use super::paths::{DEBUG_ROOT, build_id_path, build_id_text, file_name, join, parent, usr_merge_twin};
use super::probe::Probe;
use crate::side::PackageFile;

/// A package with files below `/usr/lib/debug`.
#[derive(Clone, Debug)]
pub struct DebugPackage {
    /// NEVRA.
    pub nevra: String,
    /// Name.
    pub name: String,
    /// Source package and architecture: the debug packages of one build share their supplementary file.
    pub build: String,
    /// The package file.
    pub file: Arc<PackageFile>,
}

/// Where a debug file is.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a package of the index, at this path, which may be a symbolic link.
    Package(usize, BString),
    /// On disk.
    File(PathBuf),
}

/// Why a file is taken for the right one before it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its name or its note has the artifact's build-id.
    BuildId,
    /// `.gnu_debuglink` names it.
    DebugLink,
}

/// A file that may hold an artifact's debug information.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Where it is.
    pub place: Place,
    /// Why it is one.
    pub reason: Reason,
}

/// All debug files of one side.
#[derive(Clone, Debug, Default)]
pub struct DebugIndex {
    /// Packages, in the order in which they were added.
    pub packages: Vec<DebugPackage>,
    /// Whether `/usr/lib/debug` of this machine is looked at.
    pub use_host: bool,
    /// Servers that are asked for what is found nowhere else.
    pub debuginfod: Option<Arc<Debuginfod>>,
    by_path: FxHashMap<BString, Vec<usize>>,
    names: FxHashSet<String>,
    /// Files on disk, and files in archives that stand for directories.
    loose_by_id: FxHashMap<Vec<u8>, Vec<Place>>,
    loose_by_name: FxHashMap<BString, Vec<Place>>,
    loose_count: usize,
    dwz: FxHashMap<usize, Vec<BString>>,
}

impl DebugIndex {
    /// Adds a package with the paths that it has below `/usr/lib/debug`.
    pub fn add_package(&mut self, package: DebugPackage, paths: impl IntoIterator<Item = BString>) {
        let id = self.packages.len();
        self.names.insert(package.name.clone());
        self.packages.push(package);
        for path in paths {
            if path.starts_with(b"/usr/lib/debug/.dwz/") {
                self.dwz.entry(id).or_default().push(path.clone());
            }
            self.by_path.entry(path).or_default().push(id);
        }
    }

    /// Adds all files of another index.
    pub fn join(&mut self, other: DebugIndex) {
        let before = self.packages.len();
        let moved = |place: Place| match place {
            Place::Package(id, path) => Place::Package(id + before, path),
            place => place,
        };
        self.packages.extend(other.packages);
        self.names.extend(other.names);
        for (path, ids) in other.by_path {
            self.by_path.entry(path).or_default().extend(ids.into_iter().map(|id| id + before));
        }
        for (id, places) in other.loose_by_id {
            self.loose_by_id.entry(id).or_default().extend(places.into_iter().map(moved));
        }
        for (name, places) in other.loose_by_name {
            self.loose_by_name.entry(name).or_default().extend(places.into_iter().map(moved));
        }
        self.loose_count += other.loose_count;
        self.dwz.extend(other.dwz.into_iter().map(|(id, files)| (id + before, files)));
    }

    /// Number of packages and files.
    pub fn len(&self) -> usize {
        self.packages.len() + self.loose_count
    }

    /// Whether there is neither a package nor a file.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a debug file on disk.
    pub fn add_file(&mut self, path: PathBuf, probe: &Probe) {
        let name = path.file_name().map(|n| BString::from(Vec::from_os_string(n.into()).unwrap_or_default()));
        self.add_place(Place::File(path), name.unwrap_or_default(), probe);
    }

    /// Adds an archive that stands for a directory, with its debug files.
    pub fn add_archive(&mut self, archive: DebugPackage, files: Vec<(BString, Probe)>) {
        let id = self.packages.len();
        self.add_package(archive, []);
        for (path, probe) in files {
            let name = file_name(path.as_bstr()).into();
            self.add_place(Place::Package(id, path), name, &probe);
        }
    }

    fn add_place(&mut self, place: Place, name: BString, probe: &Probe) {
        self.loose_count += 1;
        if let Some(id) = &probe.build_id {
            let files = self.loose_by_id.entry(id.clone()).or_default();
            // A file with the information comes before a stripped copy with the same build-id.
            match probe.has_debug_info {
                true => files.insert(0, place.clone()),
                false => files.push(place.clone()),
            }
        }
        self.loose_by_name.entry(name).or_default().push(place);
    }

    /// Supplementary files that a package has in `/usr/lib/debug/.dwz`.
    pub fn dwz_files(&self, package: usize) -> &[BString] {
        self.dwz.get(&package).map_or(&[], Vec::as_slice)
    }

    /// The packages of a build that have supplementary files.
    pub fn dwz_packages<'a>(&'a self, build: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.dwz.keys().copied().filter(move |id| self.packages[*id].build == build)
    }

    /// Candidates for an artifact at `path` (absolute, or relative to a directory input), best first.
    ///
    /// `folder` is where the artifact lies on disk, when it does.
    pub fn candidates(&self, path: &BStr, folder: Option<&Path>, elf: &ElfFacts) -> Vec<Candidate> {
        let mut found = Vec::new();
        if let Some(id) = &elf.build_id {
            found.extend(self.places_of_id(id).into_iter().map(|p| (p, Reason::BuildId)));
        }
        if let Some((link, _)) = &elf.debug_link {
            found.extend(
                self.places_of_link(path, folder, link.as_bstr()).into_iter().map(|p| (p, Reason::DebugLink)),
            );
        }
        if let Some(id) = elf.build_id.as_ref().filter(|_| self.use_host) {
            found.extend(host_file(build_id_path(DEBUG_ROOT, id).as_bstr()).map(|p| (p, Reason::BuildId)));
        }
        found.into_iter().map(|(place, reason)| Candidate { place, reason }).collect()
    }

    /// Places of the file with this build-id, debug file or supplementary file.
    pub fn places_of_id(&self, id: &[u8]) -> Vec<Place> {
        let mut places = self.places_at(build_id_path(DEBUG_ROOT, id).as_bstr());
        places.extend(self.loose_by_id.get(id).into_iter().flatten().cloned());
        places
    }

    /// Loose files with this name.
    pub fn places_of_name(&self, name: &BStr) -> Vec<Place> {
        self.loose_by_name.get(name).cloned().unwrap_or_default()
    }

    /// Packages that have this path.
    pub fn places_at(&self, path: &BStr) -> Vec<Place> {
        let ids = self.by_path.get(path).into_iter().flatten();
        ids.map(|&id| Place::Package(id, path.into())).collect()
    }

    fn places_of_link(&self, path: &BStr, folder: Option<&Path>, link: &BStr) -> Vec<Place> {
        // A link is a bare file name; one with a directory would lead anywhere.
        if link.is_empty() || link.contains(&b'/') {
            return Vec::new();
        }
        let mut places = Vec::new();
        let installed = [Some(path.into()), usr_merge_twin(path)];
        for dir in installed.iter().flatten().map(|p: &BString| parent(p.as_bstr())) {
            let below_root = [DEBUG_ROOT.as_bytes(), dir, b"/", link].concat();
            places.extend(self.places_at(below_root.as_bstr()));
            if self.use_host && path.starts_with(b"/") {
                places.extend(host_file(below_root.as_bstr()));
            }
        }
        places.extend(self.loose_by_name.get(link).into_iter().flatten().cloned());
        let Ok(link) = link.to_os_str() else { return places };
        for near in folder.into_iter().flat_map(|f| [f.join(link), f.join(".debug").join(link)]) {
            places.extend(near.is_file().then_some(Place::File(near)));
        }
        places
    }

    /// Places of the supplementary file that the debug file at `debug_path` names, best first.
    ///
    /// The name is relative to the debug file's installed place, which need not be where the file is now: the
    /// customary folder and the build-id are tried as well.
    pub fn supplementary(&self, debug_path: &BStr, link: &BStr, id: &[u8]) -> Vec<Place> {
        let base = parent(debug_path);
        let mut places = self.places_at(join(base, link).as_bstr());
        places
            .extend(self.places_at([b"/usr/lib/debug/.dwz/", file_name(link).as_bytes()].concat().as_bstr()));
        places.extend(self.places_of_id(id));
        places.extend(self.loose_by_name.get(file_name(link)).into_iter().flatten().cloned());
        if self.use_host {
            places.extend(host_file(build_id_path(DEBUG_ROOT, id).as_bstr()));
            places
                .extend(host_file([b"/usr/lib/debug/.dwz/", file_name(link).as_bytes()].concat().as_bstr()));
        }
        places
    }

    /// One sentence on where an artifact's debug information was looked for.
    ///
    /// `expected` are the names that its debug package can have.
    pub fn searched(&self, elf: &ElfFacts, expected: &[String]) -> String {
        let id = elf.build_id.as_ref().map(|id| format!("build-id {}", build_id_text(id)));
        let link = elf.debug_link.as_ref().map(|(link, _)| format!("debug link {link}"));
        let wanted = match (id, link) {
            (Some(id), Some(link)) => format!(" for {id}, {link}"),
            (Some(one), None) | (None, Some(one)) => format!(" for {one}"),
            (None, None) => ", and the file names none by build-id or debug link".to_owned(),
        };
        let mut places = vec!["the file itself".to_owned()];
        places.push(match self.packages.len() {
            0 => "no debug package".to_owned(),
            1 => "1 debug package".to_owned(),
            n => format!("{n} debug packages"),
        });
        if self.loose_count > 0 {
            places.push(format!("{} debug file(s)", self.loose_count));
        }
        if self.use_host {
            places.push("/usr/lib/debug of this machine".to_owned());
        }
        if self.debuginfod.is_some() {
            places.push("debuginfod".to_owned());
        }
        let mut text = format!("no debug information{wanted}: looked in {}", places.join(", "));
        if let Some(name) = expected.first()
            && !expected.iter().any(|name| self.names.contains(name))
        {
            text.push_str(&format!("; there is no package {name}"));
        }
        text
    }
}

fn host_file(path: &BStr) -> Option<Place> {
    let path = path.to_path().ok()?;
    path.is_file().then(|| Place::File(path.to_owned()))
}
