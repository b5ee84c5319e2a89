//! What the caller may ask of a comparison.

use bstr::BString;

use crate::policy::Policy;
use crate::suppress::Suppressions;

/// Options of one comparison.
#[derive(Clone, Debug, Default)]
pub struct CompareOptions<'a> {
    /// Installed paths of the reference's public headers; `None`: not known, so every header counts as public.
    pub old_headers: Option<&'a [BString]>,
    /// Whether the reference is what a consumer's own debug information says: it sees whatever it has a definition of.
    pub old_is_consumer: bool,
    /// Installed paths of the candidate's public headers.
    pub new_headers: Option<&'a [BString]>,
    /// Written exceptions.
    pub suppressions: Option<&'a Suppressions>,
    /// Names of the two packages, which suppressions may ask for.
    pub packages: [Option<&'a str>; 2],
    /// How much evidence is enough, other levels than the rules' own, what packages promise.
    pub policy: Policy,
}
