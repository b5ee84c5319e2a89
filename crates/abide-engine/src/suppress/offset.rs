//! Offsets in a record as suppression files write them: `64`, `end`, `offset_after(member)`.

use super::layout::Field;
use super::regexp::Regexp;

/// A place in the old record.
#[derive(Clone, Debug)]
pub(super) enum Offset {
    /// Bits from the start.
    Bits(u64),
    /// The end of the record.
    End,
    /// Where the member begins.
    Of(String),
    /// Right behind the member.
    After(String),
    /// Where the first member with a matching name begins.
    First(Regexp),
    /// Where the last member with a matching name begins.
    Last(Regexp),
    /// Where the flexible array at the end begins.
    FlexibleArray,
}

/// Inclusive bounds.
#[derive(Clone, Debug)]
pub(super) struct Range {
    pub(super) from: Offset,
    pub(super) to: Offset,
}

impl Offset {
    /// Reads one expression; the error is one sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(bits) = text.parse::<u64>() {
            return Ok(Offset::Bits(bits));
        }
        match text {
            "end" => return Ok(Offset::End),
            "offset_of_flexible_array_data_member" => return Ok(Offset::FlexibleArray),
            _ => {}
        }
        let call = text.strip_suffix(')').and_then(|t| t.split_once('('));
        let (function, argument) = call.ok_or_else(|| format!("{text:?} is no offset"))?;
        let argument = argument.trim();
        let regexp = || Regexp::posix(argument).map_err(|e| format!("in {text:?}: {e}"));
        match function.trim() {
            "offset_of" => Ok(Offset::Of(argument.to_string())),
            "offset_after" => Ok(Offset::After(argument.to_string())),
            "offset_of_first_data_member_regexp" => Ok(Offset::First(regexp()?)),
            "offset_of_last_data_member_regexp" => Ok(Offset::Last(regexp()?)),
            other => Err(format!("{other:?} is no function of offsets")),
        }
    }

    /// Bits from the start of the old record; `None` when it has no such member.
    fn bits(&self, old: &[Field<'_>]) -> Option<u64> {
        let named = |name: &str| old.iter().find(|f| f.name.is_some_and(|n| *n == *name.as_bytes()));
        let matching = |r: &Regexp, f: &&Field<'_>| f.name.is_some_and(|n| r.is_match(n));
        match self {
            Offset::Bits(bits) => Some(*bits),
            Offset::End => Some(u64::MAX),
            Offset::Of(name) => Some(named(name)?.offset),
            Offset::After(name) => Some(named(name)?.end()),
            Offset::First(r) => old.iter().find(|f| matching(r, f)).map(|f| f.offset),
            Offset::Last(r) => old.iter().rev().find(|f| matching(r, f)).map(|f| f.offset),
            Offset::FlexibleArray => old.last().filter(|f| f.is_flexible).map(|f| f.offset),
        }
    }
}

impl Range {
    /// `has_data_member_inserted_at`: libabigail reads it as "at this offset or behind it", and `end` as "behind the
    /// last member".
    pub(super) fn at(offset: Offset) -> Self {
        Range { from: offset, to: Offset::End }
    }

    /// Whether a member that was inserted at `offset` lies in the range, measured in the old record.
    pub(super) fn contains(&self, old: &[Field<'_>], offset: u64) -> bool {
        if let Offset::End = self.from {
            return old.iter().map(|f| f.offset).max().is_none_or(|last| offset > last);
        }
        match (self.from.bits(old), self.to.bits(old)) {
            (Some(from), Some(to)) => (from..=to).contains(&offset),
            _ => false,
        }
    }
}
