//! Applications: whether a program runs on a distribution, and if not, why and what to do.
//!
//! [`loader`] follows the dynamic loader step by step, over a [`System`] that the caller hands in; [`judge`] puts its
//! complaints, and what files say of themselves, into problems with a way out. What does not live here: reading
//! (`abide-read`), and comparing the interfaces of two distributions (`check`).

mod draft;
mod explain;
mod hosts;
mod interface;
mod judge;
pub mod loader;
mod own;
mod profile;
mod properties;
mod requirements;
mod result;
mod scripts;
mod side;
pub mod system;
mod types;

pub use explain::{TARGETS, machine_name};
pub use interface::{imports, interface};
pub use judge::{Known, judge, trace};
pub use loader::{Binding, Issue, Lost, Process};
pub use profile::{Profile, ProfileError, Source, target_named};
pub use requirements::add_requirements;
pub use result::{Answer, AppCheck, Cell, Counts, Need, Problem};
pub use side::{SideSystem, hwcaps};
pub use system::{Directories, Object, Opening, SymbolEvidence, System, Target, usual_interpreter};
pub use types::{Typed, Use, add_typed, compare_use, uses};
