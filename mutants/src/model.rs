//! What a generated library is: types, functions, objects, classes and how it is linked.
//!
//! Everything has an id besides its name. Values and checksums go by id, so that a library whose members are renamed
//! or reordered still means the same, and a program sees a difference only when the binary interface differs.

/// A scalar type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// `_Bool`, `bool`.
    Bool,
    /// `signed char`.
    I8,
    /// `unsigned char`.
    U8,
    /// `short`.
    I16,
    /// `unsigned short`.
    U16,
    /// `int`.
    I32,
    /// `unsigned int`.
    U32,
    /// `long`.
    I64,
    /// `unsigned long`.
    U64,
    /// `long long`.
    Ill,
    /// `float`.
    F32,
    /// `double`.
    F64,
    /// `long double`.
    F80,
}

impl Scalar {
    /// Those that generated types use.
    pub const COMMON: [Scalar; 11] = [
        Scalar::I8,
        Scalar::U8,
        Scalar::I16,
        Scalar::U16,
        Scalar::I32,
        Scalar::I32,
        Scalar::U32,
        Scalar::I64,
        Scalar::U64,
        Scalar::F32,
        Scalar::F64,
    ];

    /// The spelling in both languages (C has `stdbool.h`).
    pub fn name(self) -> &'static str {
        match self {
            Scalar::Bool => "bool",
            Scalar::I8 => "signed char",
            Scalar::U8 => "unsigned char",
            Scalar::I16 => "short",
            Scalar::U16 => "unsigned short",
            Scalar::I32 => "int",
            Scalar::U32 => "unsigned int",
            Scalar::I64 => "long",
            Scalar::U64 => "unsigned long",
            Scalar::Ill => "long long",
            Scalar::F32 => "float",
            Scalar::F64 => "double",
            Scalar::F80 => "long double",
        }
    }

    /// Size, which is the alignment too (x86-64 psABI §3.1.2).
    pub fn size(self) -> u64 {
        match self {
            Scalar::Bool | Scalar::I8 | Scalar::U8 => 1,
            Scalar::I16 | Scalar::U16 => 2,
            Scalar::I32 | Scalar::U32 | Scalar::F32 => 4,
            Scalar::I64 | Scalar::U64 | Scalar::Ill | Scalar::F64 => 8,
            Scalar::F80 => 16,
        }
    }

    /// Whether it is a floating type.
    pub fn is_float(self) -> bool {
        matches!(self, Scalar::F32 | Scalar::F64 | Scalar::F80)
    }

    /// Whether it has negative values and is no floating type.
    pub fn is_signed(self) -> bool {
        matches!(self, Scalar::I8 | Scalar::I16 | Scalar::I32 | Scalar::I64 | Scalar::Ill)
    }
}

/// What a pointer points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointee {
    /// `void`; never followed.
    Void,
    /// Text.
    Char,
    /// A few scalars.
    Int(Scalar),
    /// A record, by index.
    Rec(usize),
}

/// A type; records, enums, signatures and typedefs by their index in the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ty {
    /// A scalar.
    Int(Scalar),
    /// An enum.
    Enum(usize),
    /// A struct or union by value.
    Rec(usize),
    /// An array with its dimensions.
    Arr(Box<Ty>, Vec<u64>),
    /// A flexible array, or the old way of writing one with `[1]`.
    Flex(Scalar, bool),
    /// A pointer, and whether the pointee is `const`.
    Ptr(Pointee, bool),
    /// A pointer to a function.
    Fn(usize),
    /// A typedef.
    Alias(usize),
}

/// A data member.
#[derive(Clone, Debug)]
pub struct Member {
    /// Identity across versions.
    pub id: usize,
    /// Name.
    pub name: String,
    /// Type.
    pub ty: Ty,
    /// Width of a bit-field.
    pub bits: Option<u32>,
    /// Bits that values of a bit-field have: a property of the meaning, not of the width.
    pub value_bits: u32,
    /// Values may be negative: as above.
    pub is_negative: bool,
    /// `aligned` attribute.
    pub align: Option<u32>,
    /// `volatile`, `const` and the like.
    pub qualifier: &'static str,
    /// Came with a mutation: written by the library, never part of a checksum.
    pub is_new: bool,
}

/// Where the definition of an opaque record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the public header.
    Public,
    /// In a header that is not installed.
    PrivateHeader,
    /// In the library's source.
    Source,
}

/// What C++ declares of a record besides its members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Special {
    /// A destructor that the library defines.
    pub destructor: bool,
    /// A copy constructor that the library defines.
    pub copy: bool,
}

/// Through which functions programs meet a record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uses {
    /// `sum(const R *)` and `fill(R *)`.
    pub pointer: bool,
    /// `make()` returns one by value.
    pub returned: bool,
    /// `eat(R, int)`.
    pub passed: bool,
    /// `total(const R *, n)`.
    pub array: bool,
    /// An exported object.
    pub object: bool,
    /// `each(callback)`.
    pub callback: bool,
    /// Thrown by `fail()`; C++ only.
    pub thrown: bool,
    /// Only ever inside of others.
    pub nested_only: bool,
}

/// A struct or union.
#[derive(Clone, Debug)]
pub struct Record {
    /// Tag, and prefix of its functions.
    pub tag: String,
    /// Prefix of its functions: the tag that the record was made with.
    pub prefix: String,
    /// Whether it is a union; then only the first member by id is ever used.
    pub is_union: bool,
    /// Members.
    pub members: Vec<Member>,
    /// `packed`.
    pub packed: bool,
    /// `aligned`.
    pub align: Option<u32>,
    /// Where it is defined: opaque when not public.
    pub place: Place,
    /// Members are wrapped in an unnamed struct.
    pub wrapped: bool,
    /// `class` with `public:` instead of `struct`.
    pub class_keyword: bool,
    /// C++ special members.
    pub special: Special,
    /// Functions.
    pub uses: Uses,
}

impl Record {
    /// Whether it ends in a flexible array.
    pub fn is_flexible(&self) -> bool {
        self.members.iter().any(|m| matches!(m.ty, Ty::Flex(..)))
    }
}

/// An enumerator.
#[derive(Clone, Debug)]
pub struct Enumerator {
    /// Identity across versions.
    pub id: usize,
    /// Name.
    pub name: String,
    /// Stated value; otherwise one more than the one before.
    pub value: Option<i64>,
}

/// An enum.
#[derive(Clone, Debug)]
pub struct Enum {
    /// Tag.
    pub name: String,
    /// Enumerators.
    pub items: Vec<Enumerator>,
    /// Ids of those that were there before any mutation: values are chosen among these.
    pub original: Vec<usize>,
    /// `enum class`.
    pub scoped: bool,
    /// Underlying type; in C only `packed` enums have another than `unsigned int`.
    pub underlying: Option<Scalar>,
    /// `packed` (C).
    pub packed: bool,
}

/// A typedef.
#[derive(Clone, Debug)]
pub struct Alias {
    /// Name.
    pub name: String,
    /// Type.
    pub target: Ty,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Identity across versions; its value follows from it.
    pub id: usize,
    /// Name.
    pub name: String,
    /// Type.
    pub ty: Ty,
    /// `const int x`: nobody's business but the function's.
    pub top_const: bool,
    /// The function writes to what it points to, whatever the declaration says.
    pub writes: bool,
}

/// Type of a callback.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Parameters; scalars only.
    pub params: Vec<Param>,
    /// Result.
    pub ret: Scalar,
}

/// How a symbol is linked.
#[derive(Clone, Debug, Default)]
pub struct Link {
    /// `hidden` visibility.
    pub hidden: bool,
    /// `protected` visibility.
    pub protected: bool,
    /// Weak.
    pub weak: bool,
    /// Index of its version.
    pub version: usize,
    /// Another name of it.
    pub alias: Option<String>,
    /// The alias is a function or object of its own.
    pub alias_split: bool,
}

/// The end of a parameter list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Varargs {
    /// Nothing more.
    None,
    /// A count, then as many pairs of an int and a double.
    Counted,
    /// The same as ordinary parameters: a count and two pairs.
    Fixed,
    /// An ellipsis that the function does not look at.
    Ignored,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Identity across versions.
    pub id: usize,
    /// Name.
    pub name: String,
    /// Result; `None`: void.
    pub ret: Option<Ty>,
    /// Had no result before any mutation: what it does is seen by another function.
    pub was_void: bool,
    /// Parameters.
    pub params: Vec<Param>,
    /// Further arguments.
    pub varargs: Varargs,
    /// Without C++ name mangling.
    pub extern_c: bool,
    /// Further attribute, like `ms_abi`.
    pub attribute: &'static str,
    /// Declared `noexcept` (C++).
    pub noexcept: bool,
    /// Linking.
    pub link: Link,
    /// A GNU indirect function.
    pub ifunc: bool,
    /// The body is written otherwise, with the same result.
    pub other_body: bool,
    /// An older version that the library keeps for old programs: its declaration as it was.
    pub compat: Option<Box<Function>>,
}

/// An exported object.
#[derive(Clone, Debug)]
pub struct Object {
    /// Identity.
    pub id: usize,
    /// Name.
    pub name: String,
    /// Type: a scalar, an enum, an array or a pointer to text.
    pub ty: Ty,
    /// Read-only.
    pub is_const: bool,
    /// Thread-local.
    pub tls: bool,
    /// `volatile`.
    pub volatile: bool,
    /// Linking.
    pub link: Link,
}

/// A virtual or plain member function: takes and returns a scalar.
#[derive(Clone, Debug)]
pub struct Method {
    /// Identity across versions.
    pub id: usize,
    /// Name.
    pub name: String,
    /// The name that it was made with; overrides share it.
    pub key: String,
    /// Virtual.
    pub is_virtual: bool,
    /// Pure.
    pub pure: bool,
    /// `const`.
    pub is_const: bool,
    /// `static`.
    pub is_static: bool,
    /// Defined in the class.
    pub inline: bool,
    /// `private:`.
    pub private: bool,
    /// `noexcept`.
    pub noexcept: bool,
    /// `override` or `final`, or nothing.
    pub suffix: &'static str,
    /// A default argument.
    pub default_argument: bool,
    /// Type of the parameter.
    pub param: Scalar,
    /// Type of the result.
    pub ret: Scalar,
    /// The library calls it on objects that programs made.
    pub driven: bool,
    /// Was pure before any mutation: what the library makes overrides it all the same.
    pub was_pure: bool,
    /// Does only what the function of this base does.
    pub delegates: Option<String>,
    /// Overrides the function of a base with this name.
    pub overrides: bool,
    /// Came with a mutation.
    pub is_new: bool,
}

/// A C++ class.
#[derive(Clone, Debug)]
pub struct Class {
    /// Name.
    pub name: String,
    /// Bases by index, and whether virtual.
    pub bases: Vec<(usize, bool)>,
    /// Member functions in order.
    pub methods: Vec<Method>,
    /// Data members; scalars and arrays of them.
    pub members: Vec<Member>,
    /// Static data members.
    pub statics: Vec<String>,
    /// A virtual destructor.
    pub virtual_destructor: bool,
    /// `struct` instead of `class`.
    pub struct_keyword: bool,
    /// `friend`, `using`, nested types and other things without a trace in the binary.
    pub noise: bool,
    /// Members of the implementation behind a pointer; `None`: no such pointer.
    pub pimpl: Option<usize>,
    /// Exists only on the side where a mutation made it: no functions of its own.
    pub is_new: bool,
}

/// A C++ class template with explicit instantiations.
#[derive(Clone, Debug)]
pub struct Template {
    /// Name.
    pub name: String,
    /// Members after the one of the template's type: name and type.
    pub members: Vec<Member>,
    /// Arguments of the explicit instantiations.
    pub instances: Vec<Scalar>,
    /// Argument in the signature of the function that uses it.
    pub used_with: Scalar,
    /// A member function more.
    pub more_methods: bool,
}

/// How the source is written, with no effect on the binary interface.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Comments and blank lines.
    pub comments: bool,
    /// Functions are defined in the reverse order.
    pub reversed: bool,
    /// A static helper, a static variable and a private struct.
    pub private_things: bool,
    /// Parameters have no names in the header.
    pub unnamed_parameters: bool,
    /// `nodiscard` and `deprecated` attributes.
    pub attributes: bool,
    /// Macros and inline functions in the header.
    pub macros: bool,
    /// `-O2` instead of `-O1`.
    pub optimise: bool,
    /// DWARF 4 instead of 5.
    pub dwarf4: bool,
    /// `-gz`.
    pub compressed: bool,
    /// Types are in type units.
    pub type_units: bool,
    /// Forward declarations of everything.
    pub forward: bool,
    /// An identity that changes the text of the library's data.
    pub build: u32,
}

/// The library.
#[derive(Clone, Debug)]
pub struct Library {
    /// C++ instead of C.
    pub cpp: bool,
    /// `DT_SONAME`.
    pub soname: String,
    /// Names of versions; empty: no version script.
    pub versions: Vec<String>,
    /// Namespace (C++).
    pub namespace: String,
    /// Inline namespace inside (C++).
    pub inline_namespace: Option<String>,
    /// ABI tag on this function (C++).
    pub abi_tag: Option<usize>,
    /// Callback types.
    pub signatures: Vec<Signature>,
    /// Typedefs.
    pub aliases: Vec<Alias>,
    /// Enums.
    pub enums: Vec<Enum>,
    /// Structs and unions; each uses only those before it by value.
    pub records: Vec<Record>,
    /// Functions.
    pub functions: Vec<Function>,
    /// Objects.
    pub objects: Vec<Object>,
    /// Classes; each derives only from those before it.
    pub classes: Vec<Class>,
    /// Templates.
    pub templates: Vec<Template>,
    /// Style.
    pub style: Style,
    /// The next free id.
    pub next_id: usize,
}

impl Library {
    /// An id that nothing has yet.
    pub fn fresh(&mut self) -> usize {
        self.next_id += 1;
        self.next_id
    }

    /// A member that a mutation adds.
    pub fn new_member(&mut self, ty: Ty) -> Member {
        let id = self.fresh();
        Member {
            id,
            name: format!("added{id}"),
            ty,
            bits: None,
            value_bits: 7,
            is_negative: false,
            align: None,
            qualifier: "",
            is_new: true,
        }
    }

    /// Whether the class or one of its bases satisfies `test`.
    pub fn class_any(&self, class: usize, test: &dyn Fn(&Class) -> bool) -> bool {
        let own = &self.classes[class];
        test(own) || own.bases.iter().any(|&(base, _)| self.class_any(base, test))
    }

    /// Whether the class has a virtual table pointer.
    pub fn is_polymorphic(&self, class: usize) -> bool {
        self.class_any(class, &|c| c.virtual_destructor || c.methods.iter().any(|m| m.is_virtual))
    }

    /// The virtual functions that can be called on a class: its own and those of bases, each name once.
    pub fn callable(&self, class: usize) -> Vec<Method> {
        let mut out: Vec<Method> = Vec::new();
        let own = &self.classes[class];
        out.extend(own.methods.iter().filter(|m| m.is_virtual && !m.private).cloned());
        for &(base, _) in &own.bases {
            for method in self.callable(base) {
                if !out.iter().any(|m| m.name == method.name) {
                    out.push(method);
                }
            }
        }
        out
    }

    /// The virtual functions that what the library makes of a class overrides.
    pub fn overridden(&self, class: usize) -> Vec<Method> {
        self.callable(class).into_iter().filter(|m| m.pure || m.was_pure).collect()
    }

    /// The pure virtual functions that a class leaves without a definition.
    pub fn pure(&self, class: usize) -> Vec<Method> {
        self.callable(class).into_iter().filter(|m| m.pure).collect()
    }
}
