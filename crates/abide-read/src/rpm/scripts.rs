//! What a package runs: scriptlets, triggers, file triggers.
//!
//! Tags follow rpm's `include/rpm/rpmtag.h`, events its `build/parseScript.c`; the texts are kept as they are.

use std::collections::BTreeMap;

use abide_model::Script;
use bstr::{BString, ByteSlice};

use super::header::{Header, HeaderError};

/// Event, tag of the text, tag of the program.
const SCRIPTLETS: [(&str, u32, u32); 9] = [
    ("%pre", 1023, 1085),
    ("%post", 1024, 1086),
    ("%preun", 1025, 1087),
    ("%postun", 1026, 1088),
    ("%verifyscript", 1079, 1091),
    ("%pretrans", 1151, 1153),
    ("%posttrans", 1152, 1154),
    ("%preuntrans", 5103, 5105),
    ("%postuntrans", 5104, 5106),
];

/// Tags of one kind of trigger.
struct Triggers {
    prefix: &'static str,
    texts: u32,
    programs: u32,
    names: u32,
    indexes: u32,
    flags: u32,
}

/// `RPMTAG_TRIGGER*`, `RPMTAG_FILETRIGGER*`, `RPMTAG_TRANSFILETRIGGER*`.
const TRIGGERS: [Triggers; 3] = [
    Triggers { prefix: "", texts: 1065, programs: 1092, names: 1066, indexes: 1069, flags: 1068 },
    Triggers { prefix: "file", texts: 5066, programs: 5067, names: 5069, indexes: 5070, flags: 5072 },
    Triggers { prefix: "transfile", texts: 5076, programs: 5077, names: 5079, indexes: 5080, flags: 5082 },
];

/// `RPMSENSE_TRIGGERIN` and its kin, with the word for each.
const SENSES: [(u64, &str); 4] =
    [(1 << 16, "triggerin"), (1 << 17, "triggerun"), (1 << 18, "triggerpostun"), (1 << 25, "triggerprein")];

/// Everything that the package runs, sorted.
///
/// # Errors
/// When a tag has another type than it should, or lies outside of the header.
pub(super) fn read(header: &Header) -> Result<Vec<Script>, HeaderError> {
    let mut scripts = Vec::new();
    for (event, text, program) in SCRIPTLETS {
        if header.has(text) || header.has(program) {
            let program = bstr::join(" ", header.strings(program)?).into();
            let text = header.string(text)?.unwrap_or_default().into();
            scripts.push(Script { event: event.to_owned(), program, text });
        }
    }
    for triggers in &TRIGGERS {
        read_triggers(header, triggers, &mut scripts)?;
    }
    scripts.sort();
    Ok(scripts)
}

fn read_triggers(header: &Header, tags: &Triggers, out: &mut Vec<Script>) -> Result<(), HeaderError> {
    let (texts, programs) = (header.strings(tags.texts)?, header.strings(tags.programs)?);
    let (names, indexes) = (header.strings(tags.names)?, header.numbers(tags.indexes)?);
    let flags = header.numbers(tags.flags)?;
    let mut by_text: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (at, text) in indexes.iter().enumerate().take(names.len()) {
        by_text.entry(*text).or_default().push(at);
    }
    for (number, text) in texts.into_iter().enumerate() {
        let conditions = by_text.remove(&(number as u64)).unwrap_or_default();
        let sense = conditions.first().and_then(|at| flags.get(*at)).copied().unwrap_or(0);
        let word = SENSES.iter().find(|(bit, _)| sense & bit != 0).map_or("trigger", |(_, word)| word);
        let names: Vec<&[u8]> = conditions.iter().map(|at| names[*at]).collect();
        let names = BString::from(bstr::join(", ", names));
        out.push(Script {
            event: format!("%{}{word} on {}", tags.prefix, names.to_str_lossy()),
            program: programs.get(number).copied().unwrap_or_default().into(),
            text: text.into(),
        });
    }
    Ok(())
}
