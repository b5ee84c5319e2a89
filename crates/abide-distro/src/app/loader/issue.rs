//! What the loader says against a program.

use std::sync::Arc;

use bstr::{BStr, BString};

use super::Process;
use crate::app::system::Object;

/// One complaint; objects are indices into [`Process::entries`].
#[derive(Clone, Debug)]
pub enum Issue {
    /// `PT_INTERP` is not there: the kernel refuses the program.
    InterpreterMissing {
        /// Its path.
        path: BString,
    },
    /// Whether the interpreter is there is not known.
    InterpreterUnknown {
        /// Its path.
        path: BString,
        /// Why not.
        why: String,
    },
    /// No file of this name in any place that the loader searches.
    LibraryMissing {
        /// Who needs it.
        user: usize,
        /// The name.
        name: BString,
        /// A file of the name that is for another machine and was passed over.
        other_target: Option<BString>,
        /// A file of the name in a place that the loader does not search.
        elsewhere: Option<Arc<Object>>,
    },
    /// The first file of this name is one that the loader gives up on.
    LibraryUnusable {
        /// Who needs it.
        user: usize,
        /// The name.
        name: BString,
        /// The file.
        path: BString,
        /// In the loader's words.
        why: String,
    },
    /// Whether there is a file of this name is not known.
    LibraryUnknown {
        /// Who needs it.
        user: usize,
        /// The name.
        name: BString,
        /// Why not.
        why: String,
    },
    /// `DT_FILTER` or `DT_AUXILIARY`, which is not followed.
    Filters {
        /// Who has it.
        user: usize,
        /// The files.
        names: Vec<BString>,
    },
    /// More objects than any program has.
    TooMany {
        /// The ceiling.
        limit: usize,
    },
    /// `version 'X' not found (required by Y)`.
    VersionMissing {
        /// Who requires it.
        user: usize,
        /// The library that does not define it.
        library: usize,
        /// The version.
        version: BString,
        /// Whether only weak references need it: then the loader goes on.
        is_weak: bool,
    },
    /// Whether a library defines a version is not known.
    VersionUnknown {
        /// Who requires it.
        user: usize,
        /// The library.
        library: usize,
        /// The version.
        version: BString,
    },
    /// `no version information available (required by Y)`, a warning.
    NoVersions {
        /// Who requires a version.
        user: usize,
        /// The library that defines none.
        library: usize,
    },
    /// A version is required of a file that is loaded under no such name: the loader's assertion fails.
    VersionOfNobody {
        /// Who requires it.
        user: usize,
        /// `vn_file`.
        file: BString,
    },
    /// `DT_RELR without GLIBC_ABI_DT_RELR dependency`.
    PackedRelocations {
        /// Who has it.
        user: usize,
    },
    /// A symbol that nothing provides.
    Symbol {
        /// Who imports it.
        user: usize,
        /// Its index in the user's facts.
        symbol: usize,
        /// How it was lost.
        lost: Lost,
    },
    /// A copied variable has another size in the library.
    CopySize {
        /// The program.
        user: usize,
        /// The symbol's index in its facts.
        symbol: usize,
        /// The library.
        library: usize,
        /// The size there.
        size_bytes: u64,
    },
}

/// What became of a symbol that was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// `undefined symbol`: no object has it.
    Undefined,
    /// `symbol X version Y not defined in file Z with link time reference`.
    NotInFile(usize),
    /// The file that should have the version has no versions at all: the loader's assertion fails.
    NoVersionTable(usize),
    /// No object that is known has it; one that is not known may.
    Unknown,
}

impl Process {
    /// The path of an object for messages.
    pub fn path(&self, entry: usize) -> &BStr {
        self.entries.get(entry).map_or(Default::default(), |e| e.object.path.as_ref())
    }
}
