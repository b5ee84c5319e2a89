//! Data members of two records: which belong together, what moved, and why.

use abide_model::{RecordKeyword, RecordType, StrId, TypeId, TypeKind};
use bstr::{BStr, ByteSlice};
use rustc_hash::FxHashMap;

use super::place::Role;
use super::record::Records;
use super::words::{class_name, position};
use super::{Differ, Inside, Side, Via};
use crate::change::{Change, Fact, Reach};
use crate::symbols::bytes;
use crate::{layout, names, spell};

/// Nesting of unnamed members that is looked through.
const DEEPEST: usize = 16;

/// Members of one record that are looked at, unnamed ones' included; more do not occur.
const MOST_MEMBERS: usize = 1 << 16;

/// From how many members on that move alike, they are one line.
const RUN: usize = 4;

/// A member with unnamed structs and unions looked through: C reaches their members as the record's own.
#[derive(Clone, Copy, Debug)]
struct Flat {
    name: Option<StrId>,
    ty: TypeId,
    offset: u64,
    bits: Option<u64>,
    /// Compiler-made: the pointer to the virtual table, of which the virtual functions tell.
    artificial: bool,
}

/// What became of the members of two records.
struct Matched {
    old: Vec<Flat>,
    new: Vec<Flat>,
    /// Pairs of indices, in the old order.
    pairs: Vec<(usize, usize)>,
    removed: Vec<usize>,
    added: Vec<usize>,
}

/// What changed the layout of a record, in order to say why something moved.
#[derive(Default)]
struct Causes(Vec<Cause>);

struct Cause {
    /// Old bit offset from which on it has an effect; of added members only the new one is known.
    old: Option<u64>,
    new: Option<u64>,
    text: String,
}

impl Causes {
    /// The causes before what was at `old` and is at `new`: the nearest, and what else there is.
    fn of(&self, old: u64, new: u64) -> Option<String> {
        let before = |c: &&Cause| c.old.is_some_and(|at| at <= old) || c.new.is_some_and(|at| at <= new);
        in_words(self.0.iter().filter(before).collect())
    }

    /// The causes of another size.
    fn all(&self) -> Option<String> {
        in_words(self.0.iter().collect())
    }

    fn add(&mut self, old: Option<u64>, new: Option<u64>, text: String) {
        self.0.push(Cause { old, new, text });
    }
}

/// One cause, two, or the last of several and how many there are.
fn in_words(mut causes: Vec<&Cause>) -> Option<String> {
    causes.sort_by_key(|c| c.old.max(c.new));
    match &causes[..] {
        [] => None,
        [one] => Some(one.text.clone()),
        [one, two] => Some(format!("{} and {}", one.text, two.text)),
        [.., last] => Some(format!("{}, the last of {} such changes", last.text, causes.len())),
    }
}

/// Members that follow each other and moved alike.
struct Run {
    /// By how many bits.
    delta: i128,
    because: Option<String>,
    pairs: Vec<(usize, usize)>,
}

impl<'a> Differ<'a> {
    /// Compares all data members; the result is the reason for another size when there is one.
    pub(super) fn members(&mut self, inside: &mut Inside, pair: Records<'a>) -> Option<String> {
        let old = flatten(self.old, pair.a);
        let new = flatten(self.new, pair.b);
        let mut matched = Matched { old, new, pairs: Vec::new(), removed: Vec::new(), added: Vec::new() };
        self.match_by_name(&mut matched);
        if self.is_still(&matched) {
            self.compare_pairs(inside, &matched, &[]);
            return None;
        }
        self.match_by_place(&mut matched);
        let reserved = self.reserved(inside, &mut matched, pair);
        let causes = self.causes(&matched, pair);
        self.moved(inside, &matched, &causes);
        self.compare_pairs(inside, &matched, &reserved);
        self.removed(inside, &matched);
        self.added(inside, &matched, pair);
        causes.all()
    }

    /// Whether every member is where it was and as large.
    fn is_still(&self, m: &Matched) -> bool {
        let same = |&(i, j): &(usize, usize)| {
            let (a, b) = (&m.old[i], &m.new[j]);
            let same_type = self.old.hash(a.ty) == self.new.hash(b.ty);
            (a.offset, a.bits) == (b.offset, b.bits)
                && (same_type || width(self.old, a) == width(self.new, b))
        };
        m.removed.is_empty() && m.added.is_empty() && m.pairs.iter().all(same)
    }

    fn match_by_name(&self, m: &mut Matched) {
        let same = |(a, b): (&Flat, &Flat)| match (a.name, b.name) {
            (Some(x), Some(y)) => self.old.str(x) == self.new.str(y),
            _ => false,
        };
        // Most records that are looked at have the members that they had.
        if m.old.len() == m.new.len() && m.old.iter().zip(&m.new).all(same) {
            m.pairs = (0..m.old.len()).map(|i| (i, i)).collect();
            return;
        }
        let mut by_name: FxHashMap<&BStr, Vec<usize>> = FxHashMap::default();
        for (j, flat) in m.new.iter().enumerate().rev() {
            if let Some(name) = flat.name {
                by_name.entry(self.new.str(name)).or_default().push(j);
            }
        }
        let mut taken = vec![false; m.new.len()];
        for (i, flat) in m.old.iter().enumerate() {
            // Names that occur twice pair up in their order.
            let partner = flat.name.and_then(|n| by_name.get_mut(self.old.str(n))?.pop());
            match partner {
                Some(j) => {
                    taken[j] = true;
                    m.pairs.push((i, j));
                }
                None => m.removed.push(i),
            }
        }
        m.added = (0..m.new.len()).filter(|&j| !taken[j]).collect();
    }

    /// What is left pairs up by place: a member of the same size at the same offset, which got another name.
    fn match_by_place(&self, m: &mut Matched) {
        let size = |side: &Side<'_>, flat: &Flat| flat.bits.or_else(|| layout::size_of(side.graph, flat.ty));
        let mut by_place: FxHashMap<(u64, bool, Option<u64>), Vec<usize>> = FxHashMap::default();
        for &j in m.added.iter().rev() {
            let flat = &m.new[j];
            by_place.entry((flat.offset, flat.bits.is_some(), size(self.new, flat))).or_default().push(j);
        }
        let mut pairs = Vec::new();
        m.removed.retain(|&i| {
            let flat = &m.old[i];
            let key = (flat.offset, flat.bits.is_some(), size(self.old, flat));
            let Some(candidates) = by_place.get_mut(&key) else { return true };
            // In a union several begin at one place: an equal type is the better partner.
            let equal =
                candidates.iter().rposition(|&j| self.new.hash(m.new[j].ty) == self.old.hash(flat.ty));
            let at = equal.or_else(|| candidates.len().checked_sub(1));
            let Some(at) = at else { return true };
            pairs.push((i, candidates.remove(at)));
            false
        });
        m.added.retain(|j| !pairs.iter().any(|p| p.1 == *j));
        m.pairs.extend(pairs);
        m.pairs.sort_unstable();
    }

    /// Members that were kept for later use and now are used; returns those of `pairs` that it has dealt with.
    fn reserved(&self, inside: &mut Inside, m: &mut Matched, pair: Records<'a>) -> Vec<(usize, usize)> {
        let same_size = pair.a.size_bytes == pair.b.size_bytes;
        let is_reserved = |flat: &Flat| flat.name.is_some_and(|n| is_reserved_name(self.old.str(n)));
        let range = |side: &Side<'_>, f: &Flat| (f.offset, f.offset.saturating_add(width(side, f)));
        let mut done = Vec::new();
        for &(i, j) in &m.pairs {
            let (a, b) = (&m.old[i], &m.new[j]);
            let ((start, end), (start_b, end_b)) = (range(self.old, a), range(self.new, b));
            let shrank = start <= start_b && end_b <= end && end_b - start_b < end - start;
            let renamed = a.name.map(|n| self.old.str(n)) != b.name.map(|n| self.new.str(n));
            if (shrank || (renamed && start == start_b && end == end_b)) && is_reserved(a) {
                self.reserved_used(inside, a, Some(b));
                done.push((i, j));
            }
        }
        // Members that lie over one that is still there share a union with it (`KABI_USE` of gendwarfksyms).
        let kept: Vec<(usize, usize)> = m.pairs.iter().copied().filter(|p| !done.contains(p)).collect();
        for (i, j) in kept.into_iter().filter(|&(i, _)| is_reserved(&m.old[i])) {
            let (a, place) = (&m.old[i], range(self.new, &m.new[j]));
            let is_over = |k: &usize| {
                let (start, end) = range(self.new, &m.new[*k]);
                place.0 <= start && end <= place.1 && start < end
            };
            if range(self.old, a) != place {
                continue;
            }
            if let Some(first) = m.added.iter().find(|k| is_over(k)) {
                self.reserved_used(inside, a, Some(&m.new[*first]));
                m.added.retain(|k| !is_over(k));
            }
        }
        let gone: Vec<usize> =
            m.removed.iter().copied().filter(|&i| same_size && is_reserved(&m.old[i])).collect();
        gone.iter().for_each(|&i| self.reserved_used(inside, &m.old[i], None));
        m.removed.retain(|i| !gone.contains(i));
        m.pairs.retain(|p| !done.contains(p));
        done
    }

    fn reserved_used(&self, inside: &mut Inside, a: &Flat, b: Option<&Flat>) {
        let name = label(self.old, a);
        let was = format!("{} at {}", spell::spell(self.old.graph, a.ty), position(a.offset));
        let is = b.map(|b| {
            format!("{} {} at {}", spell::spell(self.new.graph, b.ty), label(self.new, b), position(b.offset))
        });
        let clause = format!("reserved {name} gave room to other members");
        let change = Change::new(Fact::ReservedUsed, format!("reserved {name}"), clause).gone(was);
        inside.change(Change { new: is, ..change });
    }

    fn causes(&self, m: &Matched, pair: Records<'a>) -> Causes {
        let mut causes = Causes::default();
        for base in &pair.a.bases {
            let name = class_name(self.old.graph, base.ty);
            let partner = pair.b.bases.iter().find(|other| name == class_name(self.new.graph, other.ty));
            let text = match partner {
                Some(other) => self.growth(base.ty, other.ty, "a base class"),
                None => Some(format!("base class {name} was removed")),
            };
            let at = base.offset_bytes.unwrap_or(0).saturating_mul(8);
            text.into_iter().for_each(|text| causes.add(Some(at), None, text));
        }
        for base in &pair.b.bases {
            let name = class_name(self.new.graph, base.ty);
            if pair.a.bases.iter().all(|other| name != class_name(self.old.graph, other.ty)) {
                let at = base.offset_bytes.unwrap_or(0).saturating_mul(8);
                causes.add(None, Some(at), format!("base class {name} was added"));
            }
        }
        for &(i, j) in &m.pairs {
            let (a, b) = (&m.old[i], &m.new[j]);
            let (was, is) = (width(self.old, a), width(self.new, b));
            if was != is {
                let own = || format!("{} {} from {}", label(self.old, a), grew(was, is), sizes(was, is));
                let text = self.growth(a.ty, b.ty, &label(self.old, a)).unwrap_or_else(own);
                causes.add(Some(a.offset), None, text);
            }
        }
        let removed = m.removed.iter().map(|&i| &m.old[i]);
        removed
            .for_each(|f| causes.add(Some(f.offset), None, format!("{} was removed", name_of(self.old, f))));
        let added = m.added.iter().map(|&j| &m.new[j]);
        added.for_each(|f| causes.add(None, Some(f.offset), format!("{} was added", name_of(self.new, f))));
        causes
    }

    /// `struct a (member 'x') grew from 8 to 16 bytes`, for types of one name whose sizes differ: they have their own
    /// finding.
    fn growth(&self, old: TypeId, new: TypeId, part: &str) -> Option<String> {
        let (core_a, name_a) = named_core(self.old, old)?;
        let (core_b, name_b) = named_core(self.new, new)?;
        let (was, is) = (layout::size_of(self.old.graph, core_a)?, layout::size_of(self.new.graph, core_b)?);
        if was == is || !names::same(name_a.as_bytes().as_bstr(), name_b.as_bytes().as_bstr()) {
            return None;
        }
        Some(format!("{name_a} ({part}) {} from {was} to {}", grew(was, is), bytes(is)))
    }

    fn moved(&self, inside: &mut Inside, m: &Matched, causes: &Causes) {
        let mut runs: Vec<Run> = Vec::new();
        for &(i, j) in &m.pairs {
            let (from, to) = (m.old[i].offset, m.new[j].offset);
            if from == to {
                continue;
            }
            let (delta, because) = (i128::from(to) - i128::from(from), causes.of(from, to));
            match runs.last_mut() {
                Some(run) if run.delta == delta && run.because == because => run.pairs.push((i, j)),
                _ => runs.push(Run { delta, because, pairs: vec![(i, j)] }),
            }
        }
        for Run { delta, because, pairs } in runs {
            if pairs.len() >= RUN {
                let change = self.run_moved(m, delta, &pairs);
                inside.change(Change { because, ..change });
                continue;
            }
            for (i, j) in pairs {
                let (a, b) = (&m.old[i], &m.new[j]);
                let (was, is) = (position(a.offset), position(b.offset));
                let name = label(self.old, a);
                let clause = format!("{name} moved from {was} to {is}");
                let change =
                    Change::new(Fact::MemberMoved, format!("offset of {name}"), clause).values(was, is);
                inside.change(Change { because: because.clone(), ..change });
            }
        }
    }

    fn run_moved(&self, m: &Matched, delta: i128, run: &[(usize, usize)]) -> Change {
        let (first, last) = (run[0], run[run.len() - 1]);
        let bare = |flat: &Flat| label(self.old, flat).trim_start_matches("member ").to_string();
        let (from, to) = (bare(&m.old[first.0]), bare(&m.old[last.0]));
        let by = match delta.unsigned_abs() {
            bits if bits.is_multiple_of(8) => bytes((bits / 8) as u64),
            bits => format!("{bits} bits"),
        };
        let way = if delta > 0 { "up" } else { "down" };
        let clause = format!("{} members from {from} to {to} moved {way} by {by}", run.len());
        let was = format!("from {}", position(m.old[first.0].offset));
        let is = format!("from {}", position(m.new[first.1].offset));
        Change::new(Fact::MemberMoved, format!("offsets of {} members, {from} to {to}", run.len()), clause)
            .values(was, is)
    }

    fn compare_pairs(&mut self, inside: &mut Inside, m: &Matched, reserved: &[(usize, usize)]) {
        let last = |flats: &[Flat]| flats.iter().map(|f| f.offset).max();
        let (last_a, last_b) = (last(&m.old), last(&m.new));
        let all = m.pairs.iter().filter(|p| !reserved.contains(p));
        for &(i, j) in all {
            let (a, b) = (m.old[i], m.new[j]);
            // `_vptr.A` of gcc, `_vptr$A` of Clang, of different made-up types: the virtual functions tell.
            if a.artificial && b.artificial && self.is_table(self.old, &a) && self.is_table(self.new, &b) {
                continue;
            }
            self.member_name(inside, &a, &b);
            let is_last = Some(a.offset) == last_a && Some(b.offset) == last_b;
            let role = match (a.bits, b.bits) {
                (None, None) => Role::Member { is_last },
                (Some(x), Some(y)) if x == y => Role::BitField,
                (x, y) => {
                    self.bit_field(inside, &a, x, y);
                    continue;
                }
            };
            let via = Via::Member { name: a.name, offset_bits: a.offset };
            inside.step(via, a.ty, Reach::Same, |inside| self.place(inside, a.ty, b.ty, role));
        }
    }

    fn is_table(&self, side: &Side<'_>, flat: &Flat) -> bool {
        flat.name.is_some_and(|n| side.str(n).starts_with(b"_vptr"))
    }

    fn member_name(&self, inside: &mut Inside, a: &Flat, b: &Flat) {
        if a.name.map(|n| self.old.str(n)) != b.name.map(|n| self.new.str(n)) {
            let (was, is) = (label(self.old, a), label(self.new, b));
            let clause = format!("{was} is called {} now", is.trim_start_matches("member "));
            let what = format!("name of the member at {}", position(a.offset));
            inside.change(Change::new(Fact::MemberRenamed, what, clause).values(was, is));
        }
    }

    fn bit_field(&self, inside: &mut Inside, a: &Flat, was: Option<u64>, is: Option<u64>) {
        let text = |bits: Option<u64>| bits.map_or("no bit-field".to_string(), |b| format!("{b} bits"));
        let name = label(self.old, a);
        let clause = format!("the width of {name} changed from {} to {}", text(was), text(is));
        let change = Change::new(Fact::BitField, format!("bit-field width of {name}"), clause);
        inside.change(change.values(text(was), text(is)));
    }

    fn removed(&self, inside: &mut Inside, m: &Matched) {
        for flat in m.removed.iter().map(|&i| &m.old[i]).filter(|f| !f.artificial) {
            let (name, text) = (label(self.old, flat), self.describe(self.old, flat));
            let clause = format!("{name} ({text}) was removed");
            inside.change(Change::new(Fact::MemberRemoved, name, clause).gone(text));
        }
    }

    fn added(&self, inside: &mut Inside, m: &Matched, pair: Records<'a>) {
        let old_end = layout::end_bits(self.old.graph, pair.a);
        for flat in m.added.iter().map(|&j| &m.new[j]).filter(|f| !f.artificial) {
            let (name, text) = (label(self.new, flat), self.describe(self.new, flat));
            let tail_padding =
                is_dynamic_class(pair.a) && pair.a.size_bytes == pair.b.size_bytes && flat.offset >= old_end;
            let clause = format!("{name} ({text}) was added");
            inside.change(Change::new(Fact::MemberAdded { tail_padding }, name, clause).came(text));
        }
    }

    fn describe(&self, side: &Side<'_>, flat: &Flat) -> String {
        let bits = flat.bits.map_or(String::new(), |b| format!(":{b}"));
        let size = layout::size_of(side.graph, flat.ty).filter(|_| flat.bits.is_none());
        let size = size.map_or(String::new(), |s| format!(", {}", bytes(s)));
        format!("{}{bits}{size}, at {}", spell::spell(side.graph, flat.ty), position(flat.offset))
    }
}

/// Whether a derived class may lay its members into this class's tail padding: it is no POD for the purpose of
/// layout (Itanium C++ ABI §2.2), which virtual functions, bases and a non-trivial copy show, and members that are
/// private, as those of a `class` are unless it says otherwise.
fn is_dynamic_class(record: &RecordType) -> bool {
    record.keyword != RecordKeyword::Union
        && (record.keyword == RecordKeyword::Class
            || !record.virtual_methods.is_empty()
            || !record.bases.is_empty()
            || record.pass_by == Some(abide_model::PassBy::Reference))
}

/// `member 'x'`.
fn label(side: &Side<'_>, flat: &Flat) -> String {
    flat.name.map_or("an unnamed member".to_string(), |n| format!("member '{}'", side.str(n)))
}

/// A member in a reason; the pointer to the virtual table has no name of its own in sources.
fn name_of(side: &Side<'_>, flat: &Flat) -> String {
    if flat.artificial { "the pointer to a virtual table".to_string() } else { label(side, flat) }
}

fn grew(was: u64, is: u64) -> &'static str {
    if is > was { "grew" } else { "shrank" }
}

/// `4 to 8 bytes`, `3 to 5 bits`.
fn sizes(was: u64, is: u64) -> String {
    match (was % 8, is % 8) {
        (0, 0) => format!("{} to {}", was / 8, bytes(is / 8)),
        _ => format!("{was} to {is} bits"),
    }
}

/// Width in bits.
fn width(side: &Side<'_>, flat: &Flat) -> u64 {
    flat.bits.unwrap_or_else(|| layout::size_of(side.graph, flat.ty).unwrap_or(0).saturating_mul(8))
}

/// The type by value behind qualifiers and arrays, with the name under which it is reported.
fn named_core(side: &Side<'_>, mut ty: TypeId) -> Option<(TypeId, String)> {
    for _ in 0..64 {
        match side.kind(ty) {
            TypeKind::Qualified { target, .. } => ty = *target,
            TypeKind::Array { element, .. } => ty = *element,
            TypeKind::Typedef { target, .. } => match side.kind(*target) {
                TypeKind::Record(r) if r.name.is_some() => ty = *target,
                _ => return Some((ty, spell::spell(side.graph, ty))),
            },
            TypeKind::Record(r) if r.name.is_some() => return Some((ty, spell::spell(side.graph, ty))),
            TypeKind::Enum(e) if e.name.is_some() => return Some((ty, spell::spell(side.graph, ty))),
            TypeKind::Record(r) => return Some((ty, format!("the unnamed {}", spell::keyword(r.keyword)))),
            _ => return None,
        }
    }
    None
}

/// Names that say "do not use": `reserved`, `__pad1`, `_unused`, `spare`, `dummy`, `rh_kabi_reserved1`.
fn is_reserved_name(name: &BStr) -> bool {
    let name = name.to_ascii_lowercase();
    let bare: Vec<u8> = name.iter().copied().filter(|b| b.is_ascii_alphabetic()).collect();
    ["reserv", "unused", "spare", "dummy", "padding", "filler", "rsvd"].iter().any(|w| name.contains_str(w))
        || [&b"pad"[..], b"fill", b"hole", b"gap"].contains(&bare.as_slice())
}

fn flatten(side: &Side<'_>, record: &RecordType) -> Vec<Flat> {
    let (mut out, mut budget) = (Vec::new(), MOST_MEMBERS);
    flatten_into(side, record, 0, 0, &mut out, &mut budget);
    out
}

fn flatten_into(
    side: &Side<'_>,
    record: &RecordType,
    at: u64,
    depth: usize,
    out: &mut Vec<Flat>,
    budget: &mut usize,
) {
    for member in &record.members {
        let Some(left) = budget.checked_sub(1) else { return };
        *budget = left;
        let offset = at.saturating_add(member.offset_bits);
        let inner = if member.bit_size.is_none() && depth < DEEPEST {
            transparent(side, member.name, member.ty)
        } else {
            None
        };
        match inner {
            Some(inner) => flatten_into(side, inner, offset, depth + 1, out, budget),
            // An unnamed bit-field is padding.
            None if member.name.is_none() && member.bit_size.is_some() => {}
            None => out.push(Flat {
                name: member.name,
                ty: member.ty,
                offset,
                bits: member.bit_size,
                artificial: member.is_artificial,
            }),
        }
    }
}

/// The record that a member only wraps: an unnamed member, or what RHEL's `RH_KABI_REPLACE` hides the old
/// member in, so that it is still found (`include/linux/rh_kabi.h`).
fn transparent<'a>(side: &Side<'a>, name: Option<StrId>, ty: TypeId) -> Option<&'a RecordType> {
    let wraps = match name {
        None => true,
        Some(name) => side.str(name).starts_with(b"__UNIQUE_ID_rh_kabi_hide"),
    };
    let mut ty = ty;
    for _ in 0..16 {
        match side.kind(ty) {
            TypeKind::Record(record) if wraps && record.virtual_methods.is_empty() => return Some(record),
            TypeKind::Typedef { target, .. } | TypeKind::Qualified { target, .. } => ty = *target,
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names() {
        for name in
            ["reserved", "__pad1", "_unused2", "spare", "rh_kabi_reserved1", "__glibc_reserved", "PADDING"]
        {
            assert!(is_reserved_name(name.into()), "{name}");
        }
        for name in ["paddr", "filled", "padlock", "width", "gapless"] {
            assert!(!is_reserved_name(name.into()), "{name}");
        }
    }
}
