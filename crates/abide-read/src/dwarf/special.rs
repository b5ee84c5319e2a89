//! Whether a C++ class is trivial for the purposes of calls, as its declared member functions tell.
//!
//! GCC does not state `DW_AT_calling_convention` of classes (seen up to GCC 12), so what DWARF 5 §5.7.1 would say is
//! worked out from the Itanium C++ ABI §3.1.1: a class with a destructor or a copy or move constructor that is
//! neither implicit nor defaulted in the class, or whose copy and move constructors are all deleted, is passed by
//! address. What bases and members add to it is not looked at here: whoever compares types sees them too.

use super::abbrev::slot;
use super::build::Builder;
use super::die::{Die, DieRef};
use super::tag;

/// What was seen of the special member functions of one class.
#[derive(Debug, Default)]
pub(super) struct Special {
    /// One that the class's author wrote.
    provided: bool,
    /// A copy or move constructor that is deleted.
    deleted: bool,
    /// A copy or move constructor that is not.
    usable: bool,
}

impl Special {
    /// Whether objects are passed by the address of a temporary.
    pub(super) fn is_nontrivial(&self) -> bool {
        self.provided || self.deleted && !self.usable
    }

    /// Looks at a member function of the class entry `die`, which is at `class`.
    pub(super) fn look(&mut self, builder: &mut Builder<'_, '_>, class: DieRef, die: &Die, child: &Die) {
        if self.provided || child.flag(slot::ARTIFICIAL) {
            return;
        }
        let Some(name) = child.string(slot::NAME).and_then(|name| builder.text(name)) else { return };
        let is_destructor = name.first() == Some(&b'~');
        if !is_destructor {
            let Some(own) = die.string(slot::NAME).and_then(|name| builder.text(name)) else { return };
            // Constructors of `box<int>` are called `box`.
            let own = own.split(|&b| b == b'<').next().unwrap_or(own);
            if name != own || !takes_itself(builder, class, child) {
                return;
            }
        }
        let is_deleted = child.flag(slot::DELETED);
        // DW_DEFAULTED_in_class = 1 (DWARF 5 §7.32): such a function is as trivial as the implicit one.
        let is_defaulted = child.uint(slot::DEFAULTED) == Some(1);
        self.provided |= !is_deleted && !is_defaulted;
        if !is_destructor {
            self.deleted |= is_deleted;
            self.usable |= !is_deleted;
        }
    }
}

/// Whether a constructor's only parameter is a reference to its class.
fn takes_itself(builder: &mut Builder<'_, '_>, class: DieRef, constructor: &Die) -> bool {
    let (mut count, mut first) = (0, None);
    builder.for_each_child_of(class, constructor, |_, child| {
        if child.tag == tag::FORMAL_PARAMETER && !child.flag(slot::ARTIFICIAL) {
            count += 1;
            first = child.reference(slot::TYPE);
        }
    });
    let (1, Some(mut at)) = (count, first) else { return false };
    let mut is_reference = false;
    // A reference, at most two qualifiers, the class.
    for _ in 0..4 {
        if is_reference && at == class {
            return true;
        }
        let mut entry = Die::new();
        if builder.entry(at, &mut entry).is_none() {
            return false;
        }
        match entry.tag {
            tag::REFERENCE | tag::RVALUE_REFERENCE if !is_reference => is_reference = true,
            tag::CONST | tag::VOLATILE if is_reference => {}
            _ => return false,
        }
        let Some(next) = entry.reference(slot::TYPE) else { return false };
        at = next;
    }
    false
}
