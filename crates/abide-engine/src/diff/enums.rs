//! Two definitions of an enum.

use abide_model::{BaseEncoding, EnumType, TypeId, TypeKind};
use bstr::BStr;
use rustc_hash::FxHashMap;

use super::{Differ, Inside, Side};
use crate::change::{Change, Fact};
use crate::symbols::bytes;

impl<'a> Differ<'a> {
    /// Compares the two enums of the node at hand.
    pub(super) fn enums(
        &mut self,
        inside: &mut Inside,
        ids: (TypeId, TypeId),
        a: &'a EnumType,
        b: &'a EnumType,
    ) {
        if a.size_bytes != b.size_bytes {
            let (was, is) = (bytes(a.size_bytes), bytes(b.size_bytes));
            let clause = format!("the size changed from {was} to {is}");
            inside.change(Change::new(Fact::EnumSize, "size", clause).values(was, is));
        }
        self.underlying(inside, a, b);
        self.enumerators(inside, a, b);
        self.name_change(inside, ids.0, ids.1);
    }

    fn underlying(&self, inside: &mut Inside, a: &EnumType, b: &EnumType) {
        let sign = |side: &Side<'_>, e: &EnumType| signed(side, e.underlying?);
        let (Some(was), Some(is)) = (sign(self.old, a), sign(self.new, b)) else { return };
        if was == is {
            return;
        }
        let negative = a.enumerators.iter().chain(&b.enumerators).any(|e| e.value < 0);
        let matters = negative || a.size_bytes < 4;
        let text = |signed: bool| if signed { "signed" } else { "unsigned" };
        let clause = format!("the underlying type was {} and is {}", text(was), text(is));
        let change = Change::new(Fact::EnumUnderlying { matters }, "underlying type", clause);
        inside.change(change.values(text(was), text(is)));
    }

    fn enumerators(&self, inside: &mut Inside, a: &EnumType, b: &EnumType) {
        let new: FxHashMap<&BStr, i128> =
            b.enumerators.iter().map(|e| (self.new.str(e.name), e.value)).collect();
        let old: FxHashMap<&BStr, i128> =
            a.enumerators.iter().map(|e| (self.old.str(e.name), e.value)).collect();
        // Values that only came under new names: where an old name went away, it was renamed.
        let mut heirs: FxHashMap<i128, Vec<&BStr>> = FxHashMap::default();
        for e in b.enumerators.iter().rev().filter(|e| !old.contains_key(self.new.str(e.name))) {
            heirs.entry(e.value).or_default().push(self.new.str(e.name));
        }
        let mut renamed: Vec<&BStr> = Vec::new();
        for e in &a.enumerators {
            let name = self.old.str(e.name);
            match new.get(name) {
                Some(&value) if value == e.value => {}
                Some(&value) => {
                    let is_count = is_count(name, e.value, value, &old, &new);
                    let clause = format!("the value of {name} changed from {} to {value}", e.value);
                    let change =
                        Change::new(Fact::EnumeratorValue { is_count }, format!("value of {name}"), clause);
                    inside.change(change.values(e.value.to_string(), value.to_string()));
                }
                None => match heirs.get_mut(&e.value).and_then(Vec::pop) {
                    Some(heir) => {
                        renamed.push(heir);
                        let clause = format!("{name} is called {heir} now");
                        let change = Change::new(
                            Fact::EnumeratorRenamed,
                            format!("name of value {}", e.value),
                            clause,
                        );
                        inside.change(change.values(name.to_string(), heir.to_string()));
                    }
                    None => {
                        let clause = format!("{name} = {} was removed", e.value);
                        let change =
                            Change::new(Fact::EnumeratorRemoved, format!("enumerator {name}"), clause);
                        inside.change(change.gone(e.value.to_string()));
                    }
                },
            }
        }
        for e in &b.enumerators {
            let name = self.new.str(e.name);
            if !old.contains_key(name) && !renamed.contains(&name) {
                let clause = format!("{name} = {} was added", e.value);
                let change = Change::new(Fact::EnumeratorAdded, format!("enumerator {name}"), clause);
                inside.change(change.came(e.value.to_string()));
            }
        }
    }
}

/// Whether the type's values have a sign.
fn signed(side: &Side<'_>, mut ty: TypeId) -> Option<bool> {
    for _ in 0..32 {
        match side.kind(ty) {
            TypeKind::Typedef { target, .. } | TypeKind::Qualified { target, .. } => ty = *target,
            TypeKind::Base(base) => {
                return match base.encoding {
                    BaseEncoding::Signed | BaseEncoding::SignedChar => Some(true),
                    BaseEncoding::Unsigned | BaseEncoding::UnsignedChar => Some(false),
                    _ => None,
                };
            }
            _ => return None,
        }
    }
    None
}

/// Whether an enumerator stands for the number of others: named so, and no smaller than any of them on both sides.
fn is_count(
    name: &BStr,
    was: i128,
    is: i128,
    old: &FxHashMap<&BStr, i128>,
    new: &FxHashMap<&BStr, i128>,
) -> bool {
    let largest = |value: i128, all: &FxHashMap<&BStr, i128>| {
        all.iter().all(|(other, &v)| v <= value || is_count_name(other))
    };
    is > was && is_count_name(name) && largest(was, old) && largest(is, new)
}

/// `ZFS_NUM_PROPS`, `__NLA_TYPE_MAX`, `FOO_LAST`, `N_COLORS`.
fn is_count_name(name: &BStr) -> bool {
    const WORDS: [&[u8]; 10] =
        [b"NUM", b"NUMBER", b"MAX", b"LAST", b"COUNT", b"END", b"NR", b"N", b"SENTINEL", b"TOTAL"];
    let upper = name.to_ascii_uppercase();
    upper.split(|b| !b.is_ascii_alphanumeric()).any(|word| WORDS.contains(&word))
        || [&b"MAX"[..], b"COUNT", b"LAST"].iter().any(|suffix| upper.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_counts() {
        for name in ["ZFS_NUM_PROPS", "__NLA_TYPE_MAX", "FOO_LAST", "N_COLORS", "FooCount"] {
            assert!(is_count_name(name.into()), "{name}");
        }
        for name in ["RED", "BLEND", "ENUMERATE", "NONE", "CLIMAXES"] {
            assert!(!is_count_name(name.into()), "{name}");
        }
    }
}
