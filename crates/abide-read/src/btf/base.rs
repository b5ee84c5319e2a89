//! What the types of a module's `.BTF.base` are in the kernel at hand.
//!
//! The extract holds, of the kernel's types that the module refers to, whole integers and the like, but of records and
//! enums only names and sizes (Linux 6.11, `btf_distill_base`), so that a module survives another kernel build. A name
//! that one type of the kernel has means that type; any other stays a declaration.

use abide_model::RecordKeyword;
use rustc_hash::FxHashMap;

use super::blob::{Head, kind};
use super::table::{BtfTable, keyword};
use crate::numbered::Ref;

/// Other references for those of an extract.
#[derive(Default)]
pub(super) struct Relocation(FxHashMap<Ref, Ref>);

/// Index of the extract and of the kernel among the parts.
const EXTRACT: usize = 0;
const KERNEL: usize = 2;

impl Relocation {
    /// What `id` stands for.
    pub(super) fn of(&self, id: Ref) -> Ref {
        self.0.get(&id).copied().unwrap_or(id)
    }

    /// Finds the extract's types in the kernel's, when that is among the parts.
    pub(super) fn new(table: &BtfTable<'_>) -> Self {
        if table.parts.len() <= KERNEL {
            return Self::default();
        }
        // By name, and by name and size; `None`: several types of the kernel have it.
        let mut by_name: FxHashMap<Key<'_>, Option<Ref>> = FxHashMap::default();
        let mut by_size: FxHashMap<(Key<'_>, u32), Option<Ref>> = FxHashMap::default();
        for (id, head, name) in table.heads(KERNEL).filter(|(_, head, _)| is_whole(head)) {
            let key = key(&head, name);
            by_name.entry(key).and_modify(|known| *known = None).or_insert(Some(id));
            by_size.entry((key, head.size_or_type)).and_modify(|known| *known = None).or_insert(Some(id));
        }
        let cut = table.heads(EXTRACT).filter(|(_, head, name)| is_cut(head) && !name.is_empty());
        let found = cut.filter_map(|(id, head, name)| {
            let key = key(&head, name);
            // Without a size, the module only points to it.
            let found = match head.kind == kind::FWD || head.size_or_type == 0 {
                true => by_name.get(&key),
                false => by_size.get(&(key, head.size_or_type)),
            };
            Some((id, (*found?)?))
        });
        Relocation(found.collect())
    }
}

/// Struct, union or enum, and the name.
type Key<'d> = (Option<RecordKeyword>, &'d [u8]);

fn key<'d>(head: &Head, name: &'d [u8]) -> Key<'d> {
    (keyword(head), name)
}

fn is_tagged(head: &Head) -> bool {
    matches!(head.kind, kind::STRUCT | kind::UNION | kind::ENUM | kind::ENUM64)
}

fn is_cut(head: &Head) -> bool {
    head.kind == kind::FWD || (is_tagged(head) && head.count == 0)
}

fn is_whole(head: &Head) -> bool {
    is_tagged(head) && head.count > 0
}
