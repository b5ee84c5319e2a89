//! Functions of the rules about definitions of records and enums.

use abide_model::Exposure;

use super::{DEFAULT, Situation};
use crate::change::{Fact, VirtualPlace};

type Case = Option<&'static str>;

pub(super) fn record_size_changed(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::RecordSize).then(|| at.case())
}

pub(super) fn alignment_changed(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::Alignment).then(|| at.case())
}

pub(super) fn record_keyword_changed(fact: &Fact, at: Situation) -> Case {
    let Fact::RecordKeyword { matters } = fact else { return None };
    Some(if *matters { at.unless_opaque() } else { "one-member" })
}

pub(super) fn member_added(fact: &Fact, at: Situation) -> Case {
    let Fact::MemberAdded { tail_padding } = fact else { return None };
    Some(if *tail_padding && !at.is_opaque() { "tail-padding" } else { DEFAULT })
}

pub(super) fn member_removed(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::MemberRemoved).then(|| at.unless_opaque())
}

pub(super) fn member_moved(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::MemberMoved).then(|| at.unless_opaque())
}

pub(super) fn member_renamed(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::MemberRenamed).then_some(DEFAULT)
}

pub(super) fn reserved_member_used(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::ReservedUsed).then(|| at.unless_opaque())
}

pub(super) fn bit_field_changed(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::BitField).then(|| at.unless_opaque())
}

fn base_case(empty: bool, at: Situation) -> &'static str {
    match empty {
        _ if at.is_opaque() => "opaque",
        true => "empty",
        false => DEFAULT,
    }
}

pub(super) fn base_added(fact: &Fact, at: Situation) -> Case {
    let Fact::BaseAdded { empty } = fact else { return None };
    Some(base_case(*empty, at))
}

pub(super) fn base_removed(fact: &Fact, at: Situation) -> Case {
    let Fact::BaseRemoved { empty } = fact else { return None };
    Some(base_case(*empty, at))
}

pub(super) fn base_moved(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::BaseMoved).then(|| at.unless_opaque())
}

/// How a value is passed matters where one is.
fn passed_case(at: Situation) -> &'static str {
    let passed = at.is_passed && at.exposure == Some(Exposure::ByValue);
    if passed { DEFAULT } else { "not-passed" }
}

pub(super) fn triviality_changed(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::Triviality).then(|| passed_case(at))
}

pub(super) fn argument_class_changed(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::ArgumentClass).then(|| passed_case(at))
}

pub(super) fn virtual_function_added(fact: &Fact, at: Situation) -> Case {
    let Fact::VirtualAdded(place) = fact else { return None };
    Some(match place {
        _ if at.is_opaque() => "opaque",
        VirtualPlace::End => "end",
        VirtualPlace::EndPure => "pure",
        VirtualPlace::Override => "override",
        VirtualPlace::Elsewhere => DEFAULT,
    })
}

pub(super) fn virtual_function_removed(fact: &Fact, at: Situation) -> Case {
    let Fact::VirtualRemoved { was_override } = fact else { return None };
    Some(match was_override {
        _ if at.is_opaque() => "opaque",
        true => "override",
        false => DEFAULT,
    })
}

pub(super) fn virtual_function_moved(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::VirtualMoved).then(|| at.unless_opaque())
}

pub(super) fn purity_changed(fact: &Fact, at: Situation) -> Case {
    let Fact::Purity { became_pure } = fact else { return None };
    Some(match became_pure {
        _ if at.is_opaque() => "opaque",
        true => DEFAULT,
        false => "concrete",
    })
}

pub(super) fn enumerator_added(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::EnumeratorAdded).then_some(DEFAULT)
}

pub(super) fn enumerator_removed(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::EnumeratorRemoved).then(|| at.unless_opaque())
}

pub(super) fn enumerator_renamed(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::EnumeratorRenamed).then_some(DEFAULT)
}

pub(super) fn enumerator_value_changed(fact: &Fact, at: Situation) -> Case {
    let Fact::EnumeratorValue { is_count } = fact else { return None };
    Some(match is_count {
        _ if at.is_opaque() => "opaque",
        true => "count",
        false => DEFAULT,
    })
}

pub(super) fn enum_size_changed(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::EnumSize).then(|| at.unless_opaque())
}

pub(super) fn enum_underlying_changed(fact: &Fact, at: Situation) -> Case {
    let Fact::EnumUnderlying { matters } = fact else { return None };
    Some(if *matters { at.unless_opaque() } else { "no-value-affected" })
}
