//! What a rule of a suppression file says, in values.

use std::collections::BTreeSet;
use std::sync::Arc;

use bstr::BString;

use super::offset::Range;
use super::regexp::Regexp;

/// One rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) file: Arc<str>,
    pub(super) line: u32,
    /// What a suppressed finding carries.
    pub(super) reason: String,
    /// The rule in a few words (`[suppress_type] name = S`).
    pub(super) what: String,
    /// Why it is not used, when it is not (it expired).
    pub(super) disabled: Option<String>,
    /// The packages that it is about: those of the build that ships it. Empty: files that are in no package.
    pub(super) only_for: Option<Arc<BTreeSet<String>>>,
    pub(super) spec: Spec,
}

#[derive(Clone, Debug)]
pub(super) enum Spec {
    /// `[suppress_type]`, `[allow_type]`
    Type(Box<TypeSpec>),
    /// `[suppress_function]`, `[suppress_variable]` and their negations
    Symbol(Box<SymbolSpec>),
    /// `[suppress_file]`
    File { files: FileSpec, is_negated: bool },
    /// The symbols of a list: everything that is in no list is suppressed.
    List(BTreeSet<BString>),
    /// Our own form.
    Own(Box<OwnSpec>),
}

/// Which binaries a rule is about; both must hold for one of the two sides.
#[derive(Clone, Debug, Default)]
pub(super) struct FileSpec {
    pub(super) name: Option<Regexp>,
    pub(super) name_not: Option<Regexp>,
    pub(super) soname: Option<Regexp>,
    pub(super) soname_not: Option<Regexp>,
}

impl FileSpec {
    pub(super) fn is_empty(&self) -> bool {
        self.name.is_none() && self.name_not.is_none() && self.soname.is_none() && self.soname_not.is_none()
    }
}

/// `name`, `name_regexp`, `name_not_regexp` of whatever has a name.
#[derive(Clone, Debug, Default)]
pub(super) struct NameSpec {
    pub(super) name: Option<String>,
    pub(super) regexp: Option<Regexp>,
    pub(super) not_regexp: Option<Regexp>,
}

impl NameSpec {
    pub(super) fn is_empty(&self) -> bool {
        self.name.is_none() && self.regexp.is_none() && self.not_regexp.is_none()
    }
}

/// `type_kind`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KindSpec {
    Class,
    Struct,
    Union,
    Enum,
    Array,
    Typedef,
    Builtin,
}

/// `accessed_through`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Direct,
    Pointer,
    Reference,
    ReferenceOrPointer,
}

#[derive(Clone, Debug, Default)]
pub(super) struct TypeSpec {
    pub(super) is_negated: bool,
    /// `drop`: the type is no part of the interface, and so its member functions are none.
    pub(super) drops: bool,
    pub(super) files: FileSpec,
    pub(super) name: NameSpec,
    pub(super) kind: Option<KindSpec>,
    pub(super) location_not_in: Vec<String>,
    pub(super) location_not_regexp: Option<Regexp>,
    pub(super) data_members: Vec<String>,
    pub(super) data_members_regexp: Option<Regexp>,
    pub(super) access: Option<Access>,
    /// Every inserted member must be in one of them.
    pub(super) inserted: Vec<Range>,
    pub(super) has_size_change: bool,
    pub(super) flexible_array_conversion: bool,
    pub(super) enumerators: Vec<String>,
    pub(super) enumerators_regexp: Vec<Regexp>,
}

impl TypeSpec {
    /// Whether it says *what* changed, and so covers some changes of a type and not the type.
    pub(super) fn is_conditional(&self) -> bool {
        !self.inserted.is_empty() || self.flexible_array_conversion || self.has_enumerators()
    }

    pub(super) fn has_enumerators(&self) -> bool {
        !self.enumerators.is_empty() || !self.enumerators_regexp.is_empty()
    }

    /// Whether it asks for more than a name and a kind.
    pub(super) fn looks_inside(&self) -> bool {
        !self.location_not_in.is_empty()
            || self.location_not_regexp.is_some()
            || !self.data_members.is_empty()
            || self.data_members_regexp.is_some()
    }
}

/// `change_kind`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangeKind {
    Changed,
    Added,
    Deleted,
    All,
}

/// `parameter`: index without the implicit object, and its type.
#[derive(Clone, Debug)]
pub(super) struct ParameterSpec {
    pub(super) index: usize,
    pub(super) ty: TextSpec,
}

/// A text or an expression.
#[derive(Clone, Debug)]
pub(super) enum TextSpec {
    Text(String),
    Regexp(Regexp),
}

#[derive(Clone, Debug)]
pub(super) struct SymbolSpec {
    /// `[suppress_variable]` rather than `[suppress_function]`
    pub(super) is_variable: bool,
    pub(super) is_negated: bool,
    pub(super) files: FileSpec,
    pub(super) name: NameSpec,
    pub(super) change: ChangeKind,
    pub(super) symbol: NameSpec,
    pub(super) version: NameSpec,
    pub(super) parameters: Vec<ParameterSpec>,
    /// The result of a function or the type of a variable.
    pub(super) types: Vec<TextSpec>,
    pub(super) allow_other_aliases: bool,
}

/// A rule of our own form; what is absent matches everything.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnSpec {
    /// Rule ids.
    pub(super) rules: Vec<String>,
    pub(super) subject: Option<Regexp>,
    pub(super) symbol: Option<Regexp>,
    pub(super) ty: Option<Regexp>,
    pub(super) artifact: Option<Regexp>,
    pub(super) soname: Option<Regexp>,
    pub(super) package: Option<Regexp>,
}
