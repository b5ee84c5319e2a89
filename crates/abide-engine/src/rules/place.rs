//! Functions of the rules about types at a place: parameters, members, what pointers point to.

use abide_model::Exposure;

use super::{DEFAULT, Situation};
use crate::change::{ArrayTurn, Fact, PointeeTurn, QualifierTurn, TypeTurn};

type Case = Option<&'static str>;

pub(super) fn type_changed(fact: &Fact, at: Situation) -> Case {
    let Fact::TypeChanged(turn) = fact else { return None };
    Some(match turn {
        _ if at.is_opaque() => "opaque",
        TypeTurn::Representation => DEFAULT,
        TypeTurn::PointerInteger => "pointer-integer",
        TypeTurn::FromVoid => "from-void",
        TypeTurn::Nominal => "nominal",
    })
}

pub(super) fn signedness_changed(fact: &Fact, at: Situation) -> Case {
    let Fact::Signedness { byte_pointee } = fact else { return None };
    Some(if *byte_pointee { "bytes" } else { at.unless_opaque() })
}

pub(super) fn base_type_renamed(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::BaseTypeRenamed).then_some(DEFAULT)
}

pub(super) fn typedef_renamed(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::TypedefRenamed).then_some(DEFAULT)
}

pub(super) fn pointer_kind_changed(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::PointerKind).then_some(DEFAULT)
}

pub(super) fn pointee_changed(fact: &Fact, at: Situation) -> Case {
    let Fact::Pointee(turn) = fact else { return None };
    Some(match turn {
        PointeeTurn::Void => "void",
        _ if at.is_opaque() => "opaque",
        PointeeTurn::Bytes => "bytes",
        PointeeTurn::Other => DEFAULT,
    })
}

pub(super) fn qualifier_changed(fact: &Fact, at: Situation) -> Case {
    let Fact::Qualifier(turn) = fact else { return None };
    Some(match turn {
        _ if at.is_opaque() => DEFAULT,
        QualifierTurn::Harmless => DEFAULT,
        QualifierTurn::ConstLost => "const-lost",
        QualifierTurn::ReadOnly => "read-only",
        QualifierTurn::Volatile => "volatile",
        QualifierTurn::RestrictGained => "restrict-gained",
        QualifierTurn::Atomic => "atomic",
    })
}

pub(super) fn array_length_changed(fact: &Fact, at: Situation) -> Case {
    let Fact::ArrayLength(turn) = fact else { return None };
    Some(match turn {
        ArrayTurn::Flexible => "flexible",
        _ if at.is_opaque() => "opaque",
        ArrayTurn::LastGrew if at.exposure == Some(Exposure::BehindPointer) => "last-member",
        ArrayTurn::LastGrew | ArrayTurn::Other => DEFAULT,
    })
}

pub(super) fn array_shape_changed(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::ArrayShape).then(|| at.unless_opaque())
}

pub(super) fn type_replaced(fact: &Fact, at: Situation) -> Case {
    let Fact::TypeReplaced { incomplete } = fact else { return None };
    Some(if *incomplete { "incomplete" } else { at.unless_opaque() })
}

pub(super) fn type_renamed(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::TypeRenamed).then_some(DEFAULT)
}

/// By value a definition was needed on both sides: then evidence is missing on one.
fn definition_case(at: Situation) -> &'static str {
    if at.exposure == Some(Exposure::ByValue) { "by-value" } else { DEFAULT }
}

pub(super) fn type_became_defined(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::BecameDefined).then(|| definition_case(at))
}

pub(super) fn type_became_opaque(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::BecameOpaque).then(|| definition_case(at))
}

pub(super) fn type_not_comparable(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::NotComparable).then(|| at.unless_opaque())
}
