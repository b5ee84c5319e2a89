//! The versions that objects require of one another, checked before any symbol is bound (`_dl_check_map_versions`).

use abide_model::{ElfFacts, VersionNeed};
use bstr::{BStr, ByteSlice};

use super::{Issue, Process};
use crate::app::system::SymbolEvidence;

/// The version that a file with packed relocations has to require of the C library.
const RELR_VERSION: &[u8] = b"GLIBC_ABI_DT_RELR";

impl Process {
    /// Checks every object in the order of the list.
    pub(super) fn check_versions(&mut self) {
        for place in 0..self.scope.len() {
            let user = self.scope[place];
            let elf = std::sync::Arc::clone(&self.entries[user].object.elf);
            let mut without = Vec::new();
            for need in &elf.versions_needed {
                if let Some(issue) = self.check_version(user, need) {
                    match issue {
                        // The loader warns once for each version, people want to know it once.
                        Issue::NoVersions { library, .. } if without.contains(&library) => continue,
                        Issue::NoVersions { library, .. } => without.push(library),
                        Issue::VersionUnknown { .. } => self.is_partial = true,
                        _ => {}
                    }
                    self.issues.push(issue);
                }
            }
            if lacks_relr_version(&elf) {
                self.issues.push(Issue::PackedRelocations { user });
            }
        }
    }

    fn check_version(&self, user: usize, need: &VersionNeed) -> Option<Issue> {
        let Some(library) = self.named(need.file.as_bstr()) else {
            let is_explained = self.is_missing(need.file.as_bstr());
            return (!is_explained).then(|| Issue::VersionOfNobody { user, file: need.file.clone() });
        };
        let elf = self.entries[library].elf();
        if self.entries[library].object.evidence == SymbolEvidence::Nothing {
            return Some(Issue::VersionUnknown { user, library, version: need.version.clone() });
        }
        if !elf.loading.has_version_definitions {
            return Some(Issue::NoVersions { user, library });
        }
        if defines(elf, need.version.as_bstr()) {
            return None;
        }
        let is_weak = need.is_weak;
        Some(Issue::VersionMissing { user, library, version: need.version.clone(), is_weak })
    }
}

/// `match_symbol` compares with every definition, that of the file itself included.
pub(crate) fn defines(elf: &ElfFacts, version: &BStr) -> bool {
    elf.versions_defined.iter().any(|defined| defined == version)
        || elf.loading.base_version.as_ref().is_some_and(|base| base == version)
}

/// `DT_RELR` of a file that requires versions of the C library and not this one; the C library's own files, which
/// define `GLIBC_PRIVATE`, are free to.
fn lacks_relr_version(elf: &ElfFacts) -> bool {
    let of_libc = |need: &&VersionNeed| need.file.starts_with(b"libc.so.");
    elf.loading.has_packed_relocations
        && elf.versions_needed.iter().any(|need| of_libc(&need))
        && !elf.versions_needed.iter().any(|need| need.version == RELR_VERSION)
        && !elf.versions_defined.iter().any(|version| version == "GLIBC_PRIVATE")
}
