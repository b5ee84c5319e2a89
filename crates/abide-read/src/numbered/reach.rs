//! The types that the roots reach, and the definitions among them that declarations may mean.
//!
//! Nothing is built here and nothing recurses, so the depth of a chain does not matter.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Ref, Shape, Table};

/// What was found on the way.
pub(super) struct Reached<'t> {
    /// Reached definitions of each name that is also declared somewhere, in the order of the table.
    pub(super) definitions: FxHashMap<&'t [u8], Vec<Ref>>,
    /// Number of reached types.
    pub(super) count: usize,
}

/// Walks from `roots`.
pub(super) fn reach<T: Table>(table: &T, roots: impl Iterator<Item = Ref>) -> Reached<'_> {
    let mut walk = Walk { seen: vec![false; table.len()], stack: Vec::new() };
    roots.for_each(|root| walk.add(root));
    let (mut defined, mut declared) = (Vec::new(), FxHashSet::default());
    let mut count = 0;
    while let Some(id) = walk.stack.pop() {
        count += 1;
        match table.shape(id) {
            Shape::Pointer(target)
            | Shape::Qualified(_, target)
            | Shape::Typedef { target, .. }
            | Shape::Same(target)
            | Shape::Array { element: target, .. } => walk.add(target),
            Shape::Function { returned, .. } => {
                walk.add(returned);
                table.parameters(id).for_each(|(_, ty)| walk.add(ty));
            }
            Shape::Record { name, .. } => {
                table.members(id).for_each(|member| walk.add(member.ty));
                defined.extend((!name.is_empty()).then_some((name, id)));
            }
            Shape::Enum { name, .. } => defined.extend((!name.is_empty()).then_some((name, id))),
            Shape::Declaration { name, .. } => {
                declared.insert(name);
                table.definitions_behind(id).iter().for_each(|&definition| walk.add(definition));
            }
            Shape::Void | Shape::Base { .. } | Shape::Inexpressible | Shape::Broken => {}
        }
    }
    let mut definitions: FxHashMap<&[u8], Vec<Ref>> = FxHashMap::default();
    for (name, id) in defined {
        if declared.contains(name) {
            definitions.entry(name).or_default().push(id);
        }
    }
    definitions.values_mut().for_each(|list| list.sort_unstable());
    Reached { definitions, count }
}

struct Walk {
    seen: Vec<bool>,
    stack: Vec<Ref>,
}

impl Walk {
    fn add(&mut self, id: Ref) {
        if let Some(seen @ false) = self.seen.get_mut(id.0 as usize) {
            *seen = true;
            self.stack.push(id);
        }
    }
}
