//! Functions of the rules about signatures.

use super::{DEFAULT, Situation};
use crate::change::Fact;

type Case = Option<&'static str>;

pub(super) fn parameter_added(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::ParameterAdded).then(|| at.unless_opaque())
}

pub(super) fn parameter_removed(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::ParameterRemoved).then(|| at.unless_opaque())
}

pub(super) fn parameter_order_changed(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::ParameterOrder).then(|| at.unless_opaque())
}

pub(super) fn variadic_changed(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::Variadic).then(|| at.unless_opaque())
}

pub(super) fn noreturn_changed(fact: &Fact, at: Situation) -> Case {
    let Fact::NoReturn { gained } = fact else { return None };
    Some(match gained {
        _ if at.is_opaque() => "opaque",
        true => "gained",
        false => DEFAULT,
    })
}

pub(super) fn calling_convention_changed(fact: &Fact, at: Situation) -> Case {
    matches!(fact, Fact::CallingConvention).then(|| at.unless_opaque())
}

pub(super) fn prototype_changed(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::Prototype).then_some(DEFAULT)
}
