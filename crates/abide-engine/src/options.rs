//! What the caller may ask of a comparison.

use std::collections::BTreeMap;

use abide_model::Level;
use bstr::BString;

use crate::suppress::Suppressions;

/// Options of one comparison.
#[derive(Clone, Debug, Default)]
pub struct CompareOptions<'a> {
    /// Installed paths of the reference's public headers; `None`: not known, so every header counts as public.
    pub old_headers: Option<&'a [BString]>,
    /// Installed paths of the candidate's public headers.
    pub new_headers: Option<&'a [BString]>,
    /// Written exceptions.
    pub suppressions: Option<&'a Suppressions>,
    /// Names of the two packages, which suppressions may ask for.
    pub packages: [Option<&'a str>; 2],
    /// How much evidence is enough, and other levels than the rules' own.
    pub policy: Policy,
}

/// A distribution's own decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Of the matched exported functions and objects, the share in percent that must have types on both sides:
    /// below it the verdict is `undecided`.
    ///
    /// Default 95: real libraries have a few assembler entry points that no debug information describes, and a
    /// gap names them in any case.
    pub typed_percent_floor: u8,
    /// Levels by rule id (`member-renamed`) or rule and case (`record-size-changed/behind-pointer`).
    ///
    /// A bare rule id replaces the rule's own level and leaves its milder cases alone. Default: none.
    pub levels: BTreeMap<String, Level>,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { typed_percent_floor: 95, levels: BTreeMap::new() }
    }
}
