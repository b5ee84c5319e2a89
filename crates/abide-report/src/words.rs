//! Words and short phrases that several renderers use alike.

use crate::document::Compared;
use crate::view::{arch_of, grouped, name_of};

/// Joins the counts that are not zero; `none` when all are.
pub(crate) fn join(parts: &[(usize, &str)]) -> String {
    let shown = parts.iter().filter(|(count, _)| *count > 0);
    let shown: Vec<String> = shown.map(|(count, what)| format!("{} {what}", grouped(*count))).collect();
    if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
}

/// How far the comparison of an artifact went.
pub(crate) fn compared(compared: Compared) -> &'static str {
    match compared {
        Compared::Identical => "identical",
        Compared::Types => "compared with types",
        Compared::TypesPartly => "compared with some of its types",
        Compared::SymbolsOnly => "compared by symbols only",
        Compared::NoExports => "exports nothing that needs a type",
        Compared::Removed => "not found on the candidate",
        Compared::Added => "not found on the reference",
    }
}

/// `libfoo.x86_64`, of a NEVRA.
pub(crate) fn name_and_arch(nevra: &str) -> String {
    match (name_of(nevra), arch_of(nevra)) {
        (name, "") => name.to_owned(),
        (name, _) if name == nevra => name.to_owned(),
        (name, arch) => format!("{name}.{arch}"),
    }
}
