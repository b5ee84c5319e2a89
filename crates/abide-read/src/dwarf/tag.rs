//! `DW_TAG_*` and `DW_LANG_*` values that the reader tells apart (DWARF 5 §7.5.1, §7.12).

macro_rules! values {
    ($($name:ident = $value:expr;)*) => { $(pub(super) const $name: u16 = $value;)* };
}

values! {
    ARRAY = 0x01; CLASS = 0x02; ENUMERATION = 0x04; FORMAL_PARAMETER = 0x05; MEMBER = 0x0d; POINTER = 0x0f;
    REFERENCE = 0x10; STRUCTURE = 0x13; SUBROUTINE = 0x15; TYPEDEF = 0x16; UNION = 0x17;
    UNSPECIFIED_PARAMETERS = 0x18; VARIANT = 0x19; INHERITANCE = 0x1c; MODULE = 0x1e; PTR_TO_MEMBER = 0x1f;
    SUBRANGE = 0x21; BASE = 0x24; CONST = 0x26; ENUMERATOR = 0x28; PACKED = 0x2d; SUBPROGRAM = 0x2e;
    VARIANT_PART = 0x33; VARIABLE = 0x34; VOLATILE = 0x35; RESTRICT = 0x37; INTERFACE = 0x38; NAMESPACE = 0x39;
    UNSPECIFIED = 0x3b; SHARED = 0x40; RVALUE_REFERENCE = 0x42; TEMPLATE_ALIAS = 0x43;
    GENERIC_SUBRANGE = 0x45; ATOMIC = 0x47; IMMUTABLE = 0x4b; PARAMETER_PACK = 0x4108;
}

/// Whether entries with this tag are in functions' bodies and nothing of theirs is ever asked for: labels, blocks, inlined
/// calls, calls and their parameters, in their standard and their GNU form.
pub(super) fn is_inside_bodies(tag: u16) -> bool {
    matches!(tag, 0x0a | 0x0b | 0x1d | 0x25 | 0x32 | 0x48 | 0x49 | 0x4109 | 0x410a)
}

/// Whether an entry with this tag is the first of a unit: compile, partial, type, skeleton.
pub(super) fn is_unit(tag: u16) -> bool {
    matches!(tag, 0x11 | 0x3c | 0x41 | 0x4a)
}

/// Whether an entry with this tag is a class, struct, union or enum.
pub(super) fn is_class(tag: u16) -> bool {
    matches!(tag, CLASS | STRUCTURE | UNION | ENUMERATION | INTERFACE)
}

/// Whether an entry with this tag can be a symbol's, or holds such entries.
pub(super) fn may_hold_symbols(tag: u16) -> bool {
    matches!(tag, 0 | NAMESPACE | MODULE | SUBPROGRAM | VARIABLE | MEMBER)
}

/// Whether an entry with this tag is a function or a variable.
pub(super) fn is_symbol(tag: u16) -> bool {
    matches!(tag, SUBPROGRAM | VARIABLE)
}

/// `DW_LANG_Mips_Assembler`.
pub(super) const LANGUAGE_ASSEMBLER: u64 = 0x8001;

/// Whether types of this language can be declared inside namespaces, classes or functions whose names count.
/// The C family (C89, C, C99, C11, C17, C23, Objective-C, assembler) has one flat name space of tags.
/// A unit without a language (a partial unit of dwz) may hold anything.
pub(super) fn has_scopes(language: u64) -> bool {
    !matches!(language, 0x01 | 0x02 | 0x0c | 0x10 | 0x1d | 0x2c | 0x3e | 0x31 | 0x8001)
}

/// Lower bound of an array when `DW_AT_lower_bound` is absent (DWARF 5 table 7.17).
pub(super) fn default_lower_bound(language: u64) -> i128 {
    match language {
        // Ada 83/95/2005/2012, COBOL, Fortran, Modula-2/3, Pascal, PL/I, Julia.
        0x03 | 0x0d | 0x2e | 0x2f | 0x05 | 0x06 | 0x07 | 0x08 | 0x0e | 0x22 | 0x23 | 0x2d | 0x0a | 0x17
        | 0x09 | 0x0f | 0x1f => 1,
        _ => 0,
    }
}
