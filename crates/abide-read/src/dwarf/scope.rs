//! Which namespaces, classes and functions enclose an entry.
//!
//! Entries do not name their parent, so the enclosing ones are found by searching the unit from the top. Only the
//! lists of children on the way are read, and each is read once.

use super::abbrev::slot;
use super::build::Builder;
use super::die::{Die, after_subtree, decode};
use super::tag;
use super::unit::UnitContext;

/// An entry with children.
pub(super) struct Scope {
    start: usize,
    end: usize,
    /// Where its children begin.
    children_at: usize,
    /// Name as a scope; 0 for one that adds nothing to a name (a lexical block).
    name: u32,
    children: Option<Vec<Scope>>,
}

/// The scopes of a unit as far as they were needed.
#[derive(Default)]
pub(super) struct ScopeTree {
    top: Option<Vec<Scope>>,
}

/// Deeper nesting than any compiler makes; stops a crafted file.
const MAX_DEPTH: usize = 256;

impl Builder<'_, '_> {
    /// The qualified name of the scope around the entry at `offset`, or `None` at the top of the unit.
    pub(super) fn scope_name(
        &mut self,
        context: &UnitContext,
        tree: &mut ScopeTree,
        offset: usize,
    ) -> Option<u32> {
        if tree.top.is_none() {
            let mut root = Die::new();
            decode(self.sources, context, context.first_die, &mut root)?;
            tree.top = Some(self.list_scopes(context, root.next));
        }
        let mut level = tree.top.as_mut()?;
        let mut name: Option<u32> = None;
        for _ in 0..MAX_DEPTH {
            let index = level.partition_point(|s| s.start < offset).checked_sub(1);
            let Some(scope) = index.and_then(|i| level.get_mut(i)).filter(|s| offset < s.end) else { break };
            if scope.name != 0 {
                name = Some(match name {
                    Some(outer) => self.names.join(outer, scope.name - 1),
                    None => scope.name - 1,
                });
            }
            if scope.children.is_none() {
                scope.children = Some(self.list_scopes(context, scope.children_at));
            }
            level = scope.children.as_mut()?;
        }
        name
    }

    /// The entries with children in the list that begins at `position`.
    fn list_scopes(&mut self, context: &UnitContext, mut position: usize) -> Vec<Scope> {
        let (mut scopes, mut die) = (Vec::new(), Die::new());
        while position < context.end {
            if decode(self.sources, context, position, &mut die).is_none() || die.tag == 0 {
                break;
            }
            let Some(end) = after_subtree(self.sources, context, &die) else { break };
            if die.has_children {
                let name = self.scope_part(context, &die).map_or(0, |n| n + 1);
                scopes.push(Scope { start: position, end, children_at: die.next, name, children: None });
            }
            position = end;
        }
        scopes
    }

    /// What an entry adds to the names of what it encloses.
    fn scope_part(&mut self, context: &UnitContext, die: &Die) -> Option<u32> {
        let unnamed: &[u8] = match die.tag {
            tag::NAMESPACE => b"(anonymous namespace)",
            tag::STRUCTURE | tag::CLASS | tag::UNION | tag::ENUMERATION | tag::INTERFACE => b"(unnamed)",
            tag::SUBPROGRAM | tag::MODULE => b"(function)",
            _ => return None,
        };
        let own = die.string(slot::NAME).and_then(|place| self.names.at(self.sources, place));
        match own.or_else(|| self.inherited_name(context, die)) {
            Some(name) => Some(name),
            None => Some(self.names.add(unnamed)),
        }
    }

    /// The name of the declaration that an entry completes.
    fn inherited_name(&mut self, context: &UnitContext, die: &Die) -> Option<u32> {
        let target = die.reference(slot::SPECIFICATION).or_else(|| die.reference(slot::ABSTRACT_ORIGIN))?;
        if target.source() != context.source
            || target.offset() < context.offset
            || target.offset() >= context.end
        {
            return None;
        }
        let mut declaration = Die::new();
        decode(self.sources, context, target.offset(), &mut declaration)?;
        let place = declaration.string(slot::NAME)?;
        self.names.at(self.sources, place)
    }
}
