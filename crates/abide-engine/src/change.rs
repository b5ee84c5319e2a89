//! Changes: differences as values, before anybody judged them.
//!
//! A [`Change`] carries the [`Fact`] that a rule looks at and the words that a reader sees; it holds no level.

use abide_model::{Exposure, SymbolKind};

/// One difference at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// What rules look at.
    pub(crate) fact: Fact,
    /// How the place is reached from its owner (a symbol or a named type).
    pub(crate) reach: Reach,
    /// What differs (`size`, `offset of member 'x'`).
    pub(crate) what: String,
    /// Old value.
    pub(crate) old: Option<String>,
    /// New value.
    pub(crate) new: Option<String>,
    /// The change as a clause of a sentence (`member 'x' moved from byte 4 to byte 8`).
    pub(crate) clause: String,
    /// The change elsewhere that explains this one.
    pub(crate) because: Option<String>,
}

impl Change {
    /// A change at its owner itself.
    pub(crate) fn new(fact: Fact, what: impl Into<String>, clause: impl Into<String>) -> Self {
        let (what, clause) = (what.into(), clause.into());
        Change { fact, reach: Reach::Same, what, old: None, new: None, clause, because: None }
    }

    /// With both values.
    pub(crate) fn values(self, old: impl Into<String>, new: impl Into<String>) -> Self {
        Change { old: Some(old.into()), new: Some(new.into()), ..self }
    }

    /// With an old value only: something went away.
    pub(crate) fn gone(self, old: impl Into<String>) -> Self {
        Change { old: Some(old.into()), ..self }
    }

    /// With a new value only: something came.
    pub(crate) fn came(self, new: impl Into<String>) -> Self {
        Change { new: Some(new.into()), ..self }
    }
}

/// How a place is reached from where one stands; composes along a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// As part of it: a member, a base, an array element, or the thing itself.
    Same,
    /// Through at least one pointer or reference.
    Pointer,
    /// As a parameter or result of a function that is called through it.
    Call,
    /// As the object that an exported constructor sets up: its caller gives the memory, and so knows the layout.
    Construct,
}

impl Reach {
    /// First this way, then `next`.
    pub(crate) fn then(self, next: Reach) -> Reach {
        match next {
            Reach::Same => self,
            Reach::Pointer | Reach::Call | Reach::Construct => next,
        }
    }

    /// How consumers are exposed to a place that is reached this way from one to which they are exposed `from`.
    ///
    /// A function behind a pointer is called by value semantics again, unless nobody outside can see it.
    pub(crate) fn exposure(self, from: Exposure) -> Exposure {
        match (self, from) {
            (Reach::Same, e) => e,
            (_, Exposure::Opaque) => Exposure::Opaque,
            (Reach::Pointer, _) => Exposure::BehindPointer,
            (Reach::Call | Reach::Construct, _) => Exposure::ByValue,
        }
    }
}

/// Why a symbol that went away may matter less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RemovedClass {
    /// An ordinary public symbol.
    Public,
    /// It has a private version.
    Private,
    /// Linkers and compilers make it; no source names it.
    Toolchain,
    /// It makes complete objects of a class of which there are none.
    Abstract,
    /// An unversioned weak C++ symbol: an inline function or template instance that programs emit themselves.
    Vague,
    /// A program has it, for plug-ins that it loads.
    Program,
}

/// What consumers do with a data symbol's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SizeUse {
    /// Copy relocations: the executable reserves the old size.
    Copied,
    /// A C++ virtual table that only grew.
    VtableGrew,
    /// Thread-local: accessed in place.
    ThreadLocal,
    /// Relocatable files, kernel images and programs: no copies are made of their objects.
    InPlace,
    /// One side states no size.
    Unstated,
}

/// The kind of a change, with what its rule needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    // The artifact as a whole.
    /// `DT_SONAME`; whether the old side had one.
    Soname { had: bool },
    /// Class, byte order or machine.
    Architecture,
    /// `e_flags`; whether bits that choose the calling convention differ.
    ElfFlags { convention: bool },
    /// `EI_OSABI`; whether it only moved between System V and GNU.
    OsAbi { gnu: bool },
    /// Shared object, executable, …; whether it stopped being linkable.
    ArtifactKind { lost_library: bool },
    /// A `DT_NEEDED` entry went away; whether every program loads that library anyway.
    NeededRemoved { always_loaded: bool },
    /// A `DT_NEEDED` entry came.
    NeededAdded,
    /// `DT_RUNPATH` or `DT_RPATH`; whether it was only gained.
    Runpath { gained: bool },
    /// `PT_INTERP`.
    Interpreter,
    /// Executable stack.
    ExecutableStack { gained: bool },
    /// Text relocations.
    TextRelocations { gained: bool },
    /// Static TLS.
    StaticTls { gained: bool },
    /// `PT_GNU_RELRO`.
    Relro { lost: bool },
    /// Imports bound when the file is loaded.
    BindNow { lost: bool },
    /// An executable that can be loaded anywhere.
    Pie { lost: bool },
    /// Checks of the stack's guard.
    StackProtector { lost: bool },
    /// Checked variants of C library functions; whether it calls the unchecked ones instead.
    Fortify { lost: bool, unchecked: bool },
    /// IBT, shadow stack, BTI, PAC, GCS.
    BranchProtection { lost: bool },
    /// x86-64-v2, v3, v4.
    IsaBaseline { raised: bool },
    /// A later or earlier version of another library is required.
    RequiredVersion { raised: bool },
    /// A version definition went away.
    VersionDefinition(VersionLoss),
    /// A version definition came.
    VersionDefinitionAdded,

    // Symbols.
    /// Exported before, not exported now.
    SymbolRemoved(RemovedClass),
    /// The name is still exported, the version is not; whether old programs bind to the unversioned symbol.
    SymbolVersionRemoved { class: RemovedClass, binds_unversioned: bool },
    /// Had no version, has one.
    SymbolVersioned,
    /// Exported now.
    SymbolAdded,
    /// New links bind to another version, or to none.
    DefaultVersion { has_default: bool },
    /// `STT_*`.
    SymbolKind { old: SymbolKind, new: SymbolKind },
    /// `STB_*`.
    SymbolBinding,
    /// `STV_*`.
    SymbolVisibility { became_protected: bool, is_data: bool },
    /// `st_size` of data.
    ObjectSize(SizeUse),
    /// Two names of one object became two objects, or the reverse.
    AliasSplit { joined: bool },

    // Types, at any place that has a type.
    /// Another size or another class of value.
    TypeChanged(TypeTurn),
    /// Signed to unsigned or back, or boolean; whether it is a single byte behind a pointer.
    Signedness { byte_pointee: bool },
    /// Another spelling of the same base type.
    BaseTypeRenamed,
    /// Another typedef of an equal type.
    TypedefRenamed,
    /// Pointer, reference, rvalue reference.
    PointerKind,
    /// Another kind of thing is pointed to.
    Pointee(PointeeTurn),
    /// `const`, `volatile`, `restrict`, `_Atomic`.
    Qualifier(QualifierTurn),
    /// Number of array elements.
    ArrayLength(ArrayTurn),
    /// Same bytes, other dimensions.
    ArrayShape,
    /// One named type stands where another stood.
    TypeReplaced { incomplete: bool },
    /// The same layout has another name.
    TypeRenamed,
    /// Only declared before, defined now.
    BecameDefined,
    /// Defined before, only declared now.
    BecameOpaque,
    /// Too little is known on one side.
    NotComparable,

    // Functions.
    /// A parameter came.
    ParameterAdded,
    /// A parameter went away.
    ParameterRemoved,
    /// The names of parameters changed places, the types did not.
    ParameterOrder,
    /// `...`.
    Variadic,
    /// `noreturn`.
    NoReturn { gained: bool },
    /// `DW_AT_calling_convention`.
    CallingConvention,
    /// `int f()` to `int f(void)` or back.
    Prototype,
    /// By-value arguments travel in other registers or in memory.
    ArgumentClass,

    // Records.
    /// `sizeof`.
    RecordSize,
    /// `alignof`.
    Alignment,
    /// `struct` to `union` or back.
    RecordKeyword { matters: bool },
    /// A data member came; whether into the tail padding of a class that others may derive from.
    MemberAdded { tail_padding: bool },
    /// A data member went away.
    MemberRemoved,
    /// A data member is at another offset.
    MemberMoved,
    /// Same place and type, other name.
    MemberRenamed,
    /// A reserved or padding member gave room to others.
    ReservedUsed,
    /// Bit-field width, or bit-field to ordinary member.
    BitField,
    /// A base class came; whether it is empty and moves nothing.
    BaseAdded { empty: bool },
    /// A base class went away; whether it was empty and nothing moves.
    BaseRemoved { empty: bool },
    /// A base class is elsewhere, in another order, or became virtual.
    BaseMoved,
    /// Passed in registers or by address.
    Triviality,
    /// A virtual function came.
    VirtualAdded(VirtualPlace),
    /// A virtual function went away; whether it only overrode one of a base.
    VirtualRemoved { was_override: bool },
    /// A virtual function is in another slot.
    VirtualMoved,
    /// Pure or not.
    Purity { became_pure: bool },

    // Enums.
    /// An enumerator came.
    EnumeratorAdded,
    /// An enumerator went away.
    EnumeratorRemoved,
    /// Same value, other name.
    EnumeratorRenamed,
    /// Another value; whether it is the count at the end of the list.
    EnumeratorValue { is_count: bool },
    /// `sizeof`.
    EnumSize,
    /// Signedness of the underlying type; whether any value is affected.
    EnumUnderlying { matters: bool },
}

/// How a version definition went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionLoss {
    /// Private by its name.
    Private,
    /// With all others: the file defines no version any more.
    All,
    /// While others stay.
    One,
}

/// How the value of a place turned into another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TypeTurn {
    /// Another size, or integer against floating point and the like.
    Representation,
    /// Pointer against integer of its size.
    PointerInteger,
    /// `void` result to a scalar one.
    FromVoid,
    /// Same size, and both travel as integers or bytes.
    Nominal,
}

/// How what a pointer points to turned into another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PointeeTurn {
    /// To or from `void`.
    Void,
    /// To or from bytes (`char`, `unsigned char`).
    Bytes,
    /// Anything else.
    Other,
}

/// How a qualifier came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QualifierTurn {
    /// `const` came, or went where nothing depends on it.
    Harmless,
    /// `const` went from what a parameter points to.
    ConstLost,
    /// A variable became `const`, and so may be in memory that cannot be written.
    ReadOnly,
    /// A variable became `volatile`.
    Volatile,
    /// `restrict` came.
    RestrictGained,
    /// `_Atomic` came or went.
    Atomic,
}

/// How the number of elements changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArrayTurn {
    /// `[]`, `[0]`, or an unknown bound against a known one.
    Flexible,
    /// A last member that grew.
    LastGrew,
    /// Anything else.
    Other,
}

/// Where a virtual function was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VirtualPlace {
    /// After all others, with a body.
    End,
    /// After all others, pure.
    EndPure,
    /// Before others, or as the first of a class without.
    Elsewhere,
    /// In the slot of a base's function, which it overrides.
    Override,
}
