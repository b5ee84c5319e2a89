//! Finding an artifact's debug information: which files may hold it, in which order, and whether one is the right one.
//!
//! The order follows GDB ("Debugging Information in Separate Files"): the file itself, then its build-id, then
//! `.gnu_debuglink`; first in the packages and paths that belong to the side, then on this machine. Reading the
//! packages is the affair of `side`, reading the types that of `dwarf`.

mod debuginfod;
mod index;
mod paths;
mod probe;

pub use debuginfod::Debuginfod;
pub use index::{Candidate, DebugIndex, DebugPackage, Place, Reason};
pub use paths::{build_id_of_path, build_id_path, build_id_text, join, normalize, parent};
pub use probe::{Probe, crc32, probe};

use abide_model::ElfFacts;

/// Whether `debug` belongs to the artifact with these facts, or why not.
///
/// Equal build-ids decide. A debug file found by its link name alone must have the CRC that the link states.
pub fn belongs(elf: &ElfFacts, debug: &[u8], reason: Reason) -> Result<(), String> {
    let found = probe(debug);
    match (&elf.build_id, &found.build_id) {
        (Some(own), Some(other)) if own == other => return Ok(()),
        (Some(own), Some(other)) => {
            let (own, other) = (build_id_text(own), build_id_text(other));
            return Err(format!("its build-id is {other}, the artifact's is {own}"));
        }
        _ => {}
    }
    match (&elf.debug_link, reason) {
        (Some((_, stated)), Reason::DebugLink) => match crc32(debug) {
            crc if crc == *stated => Ok(()),
            crc => Err(format!("its CRC is {crc:08x}, .gnu_debuglink states {stated:08x}")),
        },
        _ => Err("it has no build-id".to_owned()),
    }
}
