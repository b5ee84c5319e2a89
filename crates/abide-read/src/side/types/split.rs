//! Where the `.dwo` and `.dwp` files of a debug file may be: beside it, among the debug files that were named, and, when
//! this machine is looked at, where the compiler wrote them.

use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use crate::debuginfo::{DebugIndex, Place};
use crate::dwarf::SplitWanted;
use crate::source::FileBytes;

/// Hands the content of each file that may be the wanted one to `take`, until that returns true.
pub(super) fn offer(
    index: &DebugIndex,
    debug_file: &BStr,
    on_disk: Option<&Path>,
    wanted: &SplitWanted<'_>,
    take: &mut dyn FnMut(&[u8]) -> bool,
) {
    let mut seen = Vec::new();
    for path in places(index, debug_file, on_disk, wanted) {
        if seen.contains(&path) {
            continue;
        }
        if FileBytes::open(&path).is_ok_and(|bytes| take(&bytes)) {
            return;
        }
        seen.push(path);
    }
}

fn places(
    index: &DebugIndex,
    debug_file: &BStr,
    on_disk: Option<&Path>,
    wanted: &SplitWanted<'_>,
) -> Vec<PathBuf> {
    let folder = on_disk.and_then(Path::parent);
    let named = |name: &BStr| {
        let places = index.places_of_name(name).into_iter();
        places.filter_map(|place| match place {
            Place::File(path) => Some(path),
            Place::Package(..) => None,
        })
    };
    match wanted {
        SplitWanted::Package => {
            let beside = on_disk.map(|path| {
                let mut name = path.as_os_str().to_owned();
                name.push(".dwp");
                PathBuf::from(name)
            });
            let name = BString::from([last(debug_file).as_bytes(), b".dwp"].concat());
            beside.into_iter().chain(named(name.as_bstr())).collect()
        }
        SplitWanted::Unit(unit) => {
            let Ok(name) = unit.name.to_path() else { return Vec::new() };
            let base = last(unit.name.as_bstr());
            let mut found = Vec::new();
            if let Some(folder) = folder {
                found.extend(name.is_relative().then(|| folder.join(name)));
                found.extend(base.to_path().ok().map(|base| folder.join(base)));
            }
            found.extend(named(base));
            if let (true, Ok(compiled_in)) = (index.use_host, unit.folder.to_path()) {
                found.push(compiled_in.join(name));
            }
            found
        }
    }
}

fn last(path: &BStr) -> &BStr {
    path.rfind_byte(b'/').map_or(path, |at| path[at + 1..].as_bstr())
}
