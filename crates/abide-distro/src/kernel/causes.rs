//! Why checksums changed: for each symbol the nearest difference of types, and one difference for all symbols that it is
//! nearest to.
//!
//! A symbol's own signature explains its checksum best, then the type that is the fewest steps away. genksyms sees a type only
//! where the source file that exports the symbol has its definition: a difference that is as near to symbols which kept their
//! checksums is a poor explanation, and the next one is taken. Where nothing near is known, the difference is chosen that explains
//! most of what is left.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use abide_model::{Finding, Subject};
use bstr::{BStr, ByteSlice};
use rustc_hash::FxHashMap;

/// What a difference of types has to do with checksums.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Role<'a> {
    /// Changed checksums that it explains, sorted; none for a difference that others explain already.
    pub(crate) explains: Vec<&'a BStr>,
    /// Symbols with another checksum that reach it.
    pub(crate) changed: usize,
    /// Symbols that reach it and kept their checksum.
    pub(crate) unchanged: usize,
    /// Of those, the ones to which nothing is nearer.
    pub(crate) near_unchanged: usize,
}

/// For each symbol the differences nearest to it, with the steps to them; differences by their position.
pub(crate) type Near<'a> = BTreeMap<&'a BStr, Vec<(usize, u32)>>;

/// The roles of all differences, in their order, and the symbols that none explains, sorted.
pub(crate) struct Causes<'a> {
    pub(crate) roles: Vec<Role<'a>>,
    pub(crate) unexplained: Vec<&'a BStr>,
}

/// A difference with the symbols among those whose checksums are known.
struct Candidate<'f, 'a> {
    finding: &'f Finding,
    changed: Vec<&'a BStr>,
    unchanged: usize,
}

/// Explains the changed checksums by differences of types.
pub(crate) fn explain<'a>(
    differences: &[&Finding],
    near: &Near<'_>,
    changed: &BTreeSet<&'a BStr>,
    unchanged: &BTreeSet<&'a BStr>,
) -> Causes<'a> {
    let known: FxHashMap<&BStr, (&'a BStr, bool)> =
        changed.iter().map(|n| (*n, (*n, true))).chain(unchanged.iter().map(|n| (*n, (*n, false)))).collect();
    let candidates: Vec<_> = differences.iter().map(|f| candidate(f, &known)).collect();
    let of = |c: &Candidate<'_, 'a>| Role {
        explains: Vec::new(),
        changed: c.changed.len(),
        unchanged: c.unchanged,
        near_unchanged: 0,
    };
    let mut roles: Vec<Role<'a>> = candidates.iter().map(of).collect();
    let mut left: BTreeSet<&BStr> = changed.clone();
    for (role, candidate) in roles.iter_mut().zip(&candidates).filter(|(_, c)| is_own_signature(c.finding)) {
        role.explains = candidate.changed.iter().copied().filter(|n| left.remove(n)).collect();
    }
    nearest(near, changed, unchanged, &mut left, &mut roles);
    greedy(&candidates, &mut left, &mut roles);
    Causes { roles, unexplained: left.into_iter().collect() }
}

/// Whether a finding is about types: of the engine's, those that debug information tells.
pub(crate) fn is_about_types(finding: &Finding) -> bool {
    match finding.subject {
        Subject::Type(_) => true,
        Subject::Symbol(_) => finding.old.section.as_deref() == Some(".debug_info"),
        _ => false,
    }
}

/// A difference with what it reaches of the symbols that are known, and whether their checksums changed.
fn candidate<'f, 'a>(finding: &'f Finding, known: &FxHashMap<&BStr, (&'a BStr, bool)>) -> Candidate<'f, 'a> {
    let mut reached: Vec<(&'a BStr, bool)> =
        finding.symbols.iter().filter_map(|s| known.get(s.name.as_bstr()).copied()).collect();
    reached.sort_unstable();
    reached.dedup();
    let changed: Vec<_> = reached.iter().filter(|(_, changed)| *changed).map(|(name, _)| *name).collect();
    let unchanged = reached.len() - changed.len();
    Candidate { finding, changed, unchanged }
}

/// Whether something in a finding is more than the consequence of a difference elsewhere.
pub(super) fn is_root(finding: &Finding) -> bool {
    finding.details.iter().any(|d| !d.what.ends_with("(a consequence)"))
}

/// The signature of a function, the type of an object.
fn is_own_signature(finding: &Finding) -> bool {
    matches!(finding.subject, Subject::Symbol(_)) && is_root(finding)
}

/// Explains symbols by what is nearest to them.
fn nearest<'a>(
    near: &Near<'_>,
    changed: &BTreeSet<&'a BStr>,
    unchanged: &BTreeSet<&'a BStr>,
    left: &mut BTreeSet<&'a BStr>,
    roles: &mut [Role<'a>],
) {
    // How many symbols with another checksum, and with the same, each difference is nearest to.
    let mut counts: Vec<[usize; 2]> = vec![[0; 2]; roles.len()];
    for (name, found) in near {
        let side = if changed.contains(name) { 0 } else { 1 };
        if side == 1 && !unchanged.contains(name) {
            continue;
        }
        let first = found.first().map_or(0, |(_, steps)| *steps);
        found.iter().filter(|(_, steps)| *steps == first).for_each(|(at, _)| counts[*at][side] += 1);
    }
    for (role, count) in roles.iter_mut().zip(&counts) {
        role.near_unchanged = count[1];
    }
    for name in left.clone() {
        let Some(found) = near.get(name) else { continue };
        let is_credible = |at: usize| counts[at][0] >= counts[at][1];
        // Of equally near ones that which is nearest to most.
        let order = |(at, steps): &&(usize, u32)| (!is_credible(*at), *steps, Reverse(counts[*at][0]), *at);
        if let Some((best, _)) = found.iter().min_by_key(order) {
            roles[*best].explains.push(name);
            left.remove(name);
        }
    }
}

/// The differences one after the other, each time the one that explains most of what is left.
fn greedy<'a>(candidates: &[Candidate<'_, 'a>], left: &mut BTreeSet<&'a BStr>, roles: &mut [Role<'a>]) {
    // The order in which equal ones come: by the shortest path, then by name.
    let mut by_words: Vec<usize> = (0..candidates.len()).collect();
    let words = |f: &Finding| (f.path.len(), f.subject.clone(), f.summary.clone());
    by_words.sort_by_cached_key(|i| words(candidates[*i].finding));
    let mut rank = vec![0; candidates.len()];
    by_words.iter().enumerate().for_each(|(at, i)| rank[*i] = at);
    // Who reaches each symbol that is left, and how many of those each candidate reaches.
    let mut holders: BTreeMap<&BStr, Vec<usize>> = BTreeMap::new();
    let mut counts: Vec<usize> = vec![0; candidates.len()];
    for (index, candidate) in candidates.iter().enumerate() {
        for name in candidate.changed.iter().filter(|n| left.contains(*n)) {
            holders.entry(name).or_default().push(index);
            counts[index] += 1;
        }
    }
    // Counts only fall, so an entry of the heap is never too low: one that is out of date is put back.
    let score = |index: usize, count: usize| {
        let c = &candidates[index];
        (is_root(c.finding), count as i64 - c.unchanged as i64, count, Reverse(rank[index]))
    };
    let mut heap: BinaryHeap<_> =
        (0..candidates.len()).filter(|i| counts[*i] > 0).map(|i| (score(i, counts[i]), i)).collect();
    while let Some((stated, best)) = heap.pop() {
        if counts[best] == 0 {
            continue;
        }
        let now = score(best, counts[best]);
        if now != stated {
            heap.push((now, best));
            continue;
        }
        let symbols: Vec<&BStr> =
            candidates[best].changed.iter().copied().filter(|n| left.remove(n)).collect();
        for name in &symbols {
            holders.get(name).into_iter().flatten().for_each(|i| counts[*i] -= 1);
        }
        roles[best].explains.extend(symbols);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_model::{Detail, Evidence, Level, PathStep, SymbolName};

    /// A difference of a type that these symbols reach in so many steps.
    fn difference(name: &str, steps: usize, symbols: &[&str]) -> Finding {
        let evidence = || Evidence {
            value: String::new(),
            artifact: "vmlinux".into(),
            section: Some(".debug_info".to_owned()),
            offset: None,
            declaration: None,
        };
        let detail = Detail {
            what: "size".to_owned(),
            old: None,
            new: None,
            rule: "record-size-changed",
            level: Level::Break,
        };
        let symbols: Vec<SymbolName> =
            symbols.iter().map(|s| SymbolName { name: (*s).into(), version: None }).collect();
        Finding {
            rule: "record-size-changed",
            level: Level::Break,
            subject: Subject::Type(format!("struct {name}")),
            summary: name.to_owned(),
            why: String::new(),
            old: evidence(),
            new: evidence(),
            details: vec![detail],
            exposure: None,
            path: vec![PathStep { via: String::new(), ty: String::new() }; steps],
            symbols: symbols.into(),
            consumers: Vec::new(),
            suppressed: None,
        }
    }

    fn set<'a>(names: &[&'a str]) -> BTreeSet<&'a BStr> {
        names.iter().map(|n| BStr::new(*n)).collect()
    }

    /// What each difference explains.
    fn explained(differences: &[Finding], changed: &[&str], unchanged: &[&str]) -> (Vec<String>, String) {
        let findings: Vec<&Finding> = differences.iter().collect();
        let (changed, unchanged) = (set(changed), set(unchanged));
        let causes = explain(&findings, &Near::new(), &changed, &unchanged);
        let join = |names: &[&BStr]| names.iter().map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        (causes.roles.iter().map(|r| join(&r.explains)).collect(), join(&causes.unexplained))
    }

    #[test]
    fn one_cause_for_many_symbols() {
        let all = [difference("skb", 2, &["a", "b", "c"]), difference("sock", 1, &["c", "d"])];
        let (by, left) = explained(&all, &["a", "b", "c", "d", "e"], &[]);
        assert_eq!(by, ["a b c", "d"]);
        assert_eq!(left, "e");
    }

    #[test]
    fn what_unchanged_symbols_reach_explains_little() {
        let all =
            [difference("seen_by_all", 1, &["a", "b", "x", "y", "z"]), difference("own", 3, &["a", "b"])];
        let (by, left) = explained(&all, &["a", "b"], &["x", "y", "z"]);
        assert_eq!(by, ["", "a b"]);
        assert_eq!(left, "");
    }

    #[test]
    fn the_shortest_of_equal_explanations_comes_first() {
        let all = [difference("far", 4, &["a", "b"]), difference("near", 1, &["a", "b"])];
        assert_eq!(explained(&all, &["a", "b"], &[]).0, ["", "a b"]);
    }

    #[test]
    fn what_is_nearest_explains_unless_others_keep_their_checksums() {
        let names = ["a", "b", "c", "x", "y", "z"];
        let all =
            [difference("near", 1, &names), difference("opaque", 1, &names), difference("far", 2, &names)];
        let findings: Vec<&Finding> = all.iter().collect();
        let (changed, unchanged) = (set(&["a", "b", "c"]), set(&["x", "y", "z"]));
        let mut near = Near::new();
        near.insert(BStr::new("a"), vec![(0, 1), (2, 2)]);
        near.insert(BStr::new("b"), vec![(0, 1), (1, 1)]);
        near.insert(BStr::new("c"), vec![(1, 1), (2, 2)]);
        for name in ["x", "y", "z"] {
            near.insert(BStr::new(name), vec![(1, 1)]);
        }
        let causes = explain(&findings, &near, &changed, &unchanged);
        let explains =
            |at: usize| causes.roles[at].explains.iter().map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(
            (explains(0), explains(1), explains(2)),
            (vec!["a".into(), "b".into()], vec![], vec!["c".into()])
        );
        assert_eq!(causes.roles[1].near_unchanged, 3);
    }

    #[test]
    fn an_own_signature_explains_before_all_types() {
        let mut own = difference("a", 0, &["a"]);
        own.subject = Subject::Symbol(SymbolName { name: "a".into(), version: None });
        let all = [difference("skb", 1, &["a", "b"]), own];
        assert_eq!(explained(&all, &["a", "b"], &[]).0, ["b", "a"]);
    }
}
