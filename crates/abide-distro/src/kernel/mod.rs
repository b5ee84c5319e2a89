//! The kernel's interface for modules: what a side's kernels export, how two of them differ, why a checksum is another one,
//! and whether a module loads into a kernel.
//!
//! Pure, as everything in this crate. What lives here: kernels put together from images, modules, `Module.symvers` and
//! lists; their comparison with the findings about it; the loader's rules. What does not: reading any of it (`abide-read`),
//! comparing types (`abide-engine`).

mod causes;
mod compare;
mod findings;
mod hidden;
mod interface;
pub mod load;
mod names;
mod promise;
mod rejudge;
mod result;
mod words;

pub use compare::{ExportChange, KernelDiff, compare_kernels};
pub use interface::{Export, Kernel, Lists, kernels};
pub use promise::{Release, Standing, release_of};
pub use result::{KernelResult, Options};

pub(crate) use findings::{Judged, judge_kernels};
pub(crate) use names::without_release;
