//! What packages run when they are installed, and what runs their scripts.

use std::collections::BTreeMap;

use abide_model::{FileKind, Script};
use bstr::{BStr, BString, ByteSlice};

use super::Compared;
use super::contents::Contents;
use super::items::Item;
use crate::check::Context;

/// Scripts of a package that changed, went or came.
pub(super) fn items(compared: &Compared<'_>) -> Vec<Item> {
    let (old, new) = (by_event(compared.old), by_event(compared.new));
    let mut items = Vec::new();
    for (event, script) in &old {
        match new.get(event) {
            None if does_nothing(compared.old, script) => {}
            None => items.push(item(Some("lost"), event, Some(script), None)),
            Some(other) if same(compared, script, other) => {}
            Some(other) => items.push(item(None, event, Some(script), Some(other))),
        }
    }
    for (event, script) in new.iter().filter(|(event, _)| !old.contains_key(*event)) {
        if !does_nothing(compared.new, script) {
            items.push(item(Some("added"), event, None, Some(script)));
        }
    }
    items
}

fn by_event(contents: Contents<'_>) -> BTreeMap<&str, &Script> {
    contents.scripts.iter().map(|script| (script.event.as_str(), script)).collect()
}

fn item(case: Option<&'static str>, event: &str, old: Option<&Script>, new: Option<&Script>) -> Item {
    let describe = |script: &Script| match script.text.lines().count() {
        0 => script.program.to_string(),
        1 => format!("{}, 1 line", script.program),
        lines => format!("{}, {lines} lines", script.program),
    };
    Item {
        rule: "script-changed",
        case,
        name: event.to_owned(),
        what: format!("script {event}"),
        old: old.map(describe),
        new: new.map(describe),
        asked_as: Vec::new(),
    }
}

/// Lines that do something, without the package's own version.
fn lines(contents: Contents<'_>, script: &Script) -> Vec<BString> {
    let own = |line: &[u8]| -> BString {
        contents.versions().fold(line.to_vec(), |line, version| line.replace(version, "#")).into()
    };
    let wanted =
        script.text.lines().map(<[u8]>::trim).filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    wanted.map(own).collect()
}

fn same(compared: &Compared<'_>, old: &Script, new: &Script) -> bool {
    let program = |script: &Script| BString::from(crate::pairing::usr_merged(script.program.as_bstr()));
    program(old) == program(new) && lines(compared.old, old) == lines(compared.new, new)
}

/// The frame that debhelper puts around nothing, and `ldconfig`, which file triggers of the C library run as well.
fn does_nothing(contents: Contents<'_>, script: &Script) -> bool {
    let is_idle = |line: &BString| {
        let words: Vec<&[u8]> = line.fields().collect();
        matches!(words[..], [b"set", b"-e" | b"-eu"] | [b"exit", b"0"] | [b":"] | [b"true"])
            || matches!(words[..], [program, ..] if program.ends_with(b"ldconfig"))
            || matches!(words[..], [b"activate-noawait" | b"activate", b"ldconfig"])
    };
    let is_ldconfig = script.program.ends_with(b"/ldconfig");
    let lines = lines(contents, script);
    if lines.is_empty() { script.program.ends_with(b"sh") || is_ldconfig } else { lines.iter().all(is_idle) }
}

/// Scripts of a candidate's package whose interpreter the reference has and the candidate does not.
pub(super) fn interpreters(context: &Context<'_>, new: usize) -> Vec<Item> {
    let trees = &context.trees;
    let Some(contents) = Contents::of(&context.new.packages[new]) else { return Vec::new() };
    let files = contents.files.iter().filter(|file| file.kind == FileKind::Regular);
    let files = files.filter(|file| !super::class::is_noise(crate::pairing::usr_merged(file.path.as_bstr())));
    let of_files = files.filter_map(|file| Some((file.path.clone(), file.interpreter.as_deref()?.as_bstr())));
    let of_scripts = contents.scripts.iter().filter_map(|script| {
        let program = script.program.fields().next()?.as_bstr();
        program.starts_with(b"/").then(|| (BString::from(script.event.as_str()), program))
    });
    let missing = of_files
        .chain(of_scripts)
        .filter(|(_, program)| !is_there(&trees.new, program) && is_there(&trees.old, program));
    let item = |(name, program): (BString, &BStr)| Item {
        rule: "interpreter-missing",
        case: None,
        name: name.to_string(),
        what: format!("interpreter of {name}"),
        old: Some(program.to_string()),
        new: None,
        asked_as: Vec::new(),
    };
    missing.map(item).collect()
}

fn is_there(tree: &super::tree::Tree<'_>, program: &BStr) -> bool {
    match program.contains(&b'/') {
        true => tree.find(program).is_some(),
        false => tree.command(program).is_some(),
    }
}
