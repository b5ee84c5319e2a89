//! What differs in a path that is still there: kind, mode, owner, capabilities, flags, the target of a link.

use abide_model::{FileEntry, FileKind, PackageFormat};
use bstr::{BStr, BString, ByteSlice};

use super::Compared;
use super::class::{Class, class, unversioned};
use super::items::Item;
use super::tree::{describe, is_command, target_of};
use crate::pairing::usr_merged;

/// Set-user-ID and set-group-ID.
const SET_ID: u16 = 0o6000;
/// Restricted deletion.
const STICKY: u16 = 0o1000;
/// Permission to execute, for anybody.
const EXECUTE: u16 = 0o111;
/// What group and others may read, and which directories they may enter.
const SHARED: u16 = 0o055;

/// Differences of every path that both sides have.
pub(super) fn items(compared: &Compared<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    for old in compared.old.files {
        let new = compared.trees.new.find(old.path.as_bstr()).and_then(|found| found.entry);
        let Some(new) = new.filter(|new| !new.flags.is_ghost || old.flags.is_ghost) else { continue };
        let class = class(old, &compared.names);
        if matches!(class, Class::Noise | Class::LibraryLink) {
            continue;
        }
        if old.kind != new.kind {
            items.extend(kind(compared, old, new));
            continue;
        }
        if old.kind == FileKind::Symlink {
            items.extend(link(compared, old, new));
            continue;
        }
        items.extend(mode(compared, old, new, &class));
        items.extend(owner(old, new));
        items.extend(capabilities(old, new));
        items.extend(config(old, new));
    }
    items
}

fn kind(compared: &Compared<'_>, old: &FileEntry, new: &FileEntry) -> Option<Item> {
    let leads = |entry: &FileEntry| match &entry.link_target {
        Some(target) => format!("symbolic link to {target}"),
        None => describe(entry.kind).to_owned(),
    };
    let behind = compared.trees.new.follow(new.path.as_bstr()).and_then(|found| found.entry);
    let case = match (old.kind, new.kind) {
        // rpm cannot put a link in the place of a directory (packaging guidelines, "Replacing a symlink to a
        // directory or a directory to any type file"), and dpkg leaves the directory.
        (FileKind::Directory, _) => Some("directory"),
        (_, FileKind::Symlink) if behind.is_some_and(|found| found.kind == old.kind) => Some("link"),
        (FileKind::Symlink, FileKind::Regular) => Some("file"),
        _ => None,
    };
    Some(Item::changed("path-kind-changed", case, &old.path, "kind", leads(old), leads(new)))
}

fn link(compared: &Compared<'_>, old: &FileEntry, new: &FileEntry) -> Option<Item> {
    let (from, to) = (old.link_target.as_ref()?, new.link_target.as_ref()?);
    let absolute = |entry: &FileEntry, target: &BString| target_of(entry.path.as_bstr(), target.as_bstr());
    let (was, is) = (absolute(old, from), absolute(new, to));
    if usr_merged(was.as_bstr()) == usr_merged(is.as_bstr()) {
        return None;
    }
    let had = compared.trees.old.follow(was.as_bstr()).is_some();
    let has = compared.trees.new.follow(is.as_bstr()).is_some();
    let bare = |path: &BString, contents| unversioned(path.as_bstr(), contents);
    let case = match () {
        () if had && !has => Some("dangling"),
        () if bare(&was, compared.old) == bare(&is, compared.new) => Some("version"),
        () if has && still_there(compared, was.as_bstr(), is.as_bstr()) => Some("same-file"),
        () => None,
    };
    Some(Item::changed("link-target-changed", case, &old.path, "target", from.to_string(), to.to_string()))
}

/// Whether both targets are one file of the candidate in the end.
fn still_there(compared: &Compared<'_>, was: &BStr, is: &BStr) -> bool {
    let end = |path: &BStr| compared.trees.new.follow(path).and_then(|found| Some(&found.entry?.path));
    end(was).is_some() && end(was) == end(is)
}

fn mode(compared: &Compared<'_>, old: &FileEntry, new: &FileEntry, class: &Class) -> Option<Item> {
    if old.mode == new.mode || !is_stated(compared, old, new) {
        return None;
    }
    let (lost, gained) = (old.mode & !new.mode, new.mode & !old.mode);
    let case = mode_case(old, new, lost, gained, class);
    let octal = |mode: u16| format!("{mode:04o}");
    Some(Item::changed("mode-changed", case, &old.path, "mode", octal(old.mode), octal(new.mode)))
}

/// dpkg's list of checksums has no modes; a file of mode 0 is one of rpm's.
fn is_stated(compared: &Compared<'_>, old: &FileEntry, new: &FileEntry) -> bool {
    let is_rpm = |format| format == PackageFormat::Rpm;
    (old.mode != 0 || is_rpm(compared.old.format)) && (new.mode != 0 || is_rpm(compared.new.format))
}

/// The worst that the change means; the order is that of the weight.
fn mode_case(
    old: &FileEntry,
    new: &FileEntry,
    lost: u16,
    gained: u16,
    class: &Class,
) -> Option<&'static str> {
    let is_directory = old.kind == FileKind::Directory;
    let is_program = is_command(old.path.as_bstr()) || old.path.contains_str("/libexec/");
    let is_open = |entry: &FileEntry| entry.mode & 0o002 != 0 && !(is_directory && entry.mode & STICKY != 0);
    let set_id = if is_directory { 0 } else { SET_ID };
    match () {
        () if lost & set_id != 0 => Some("set-id-lost"),
        () if is_program && !is_directory && old.mode & EXECUTE != 0 && new.mode & EXECUTE == 0 => {
            Some("not-executable")
        }
        () if gained & set_id != 0 => Some("set-id-gained"),
        () if is_open(new) && !is_open(old) => Some("world-writable"),
        () if lost & SHARED != 0 && (is_directory || is_program || lost & 0o044 != 0) => Some("narrowed"),
        // What only some could read holds secrets.
        () if gained & 0o004 != 0 && old.mode & 0o004 == 0 => Some("exposed"),
        () if *class == Class::Config && gained & 0o022 != 0 => None,
        () => Some("harmless"),
    }
}

fn owner(old: &FileEntry, new: &FileEntry) -> Option<Item> {
    let of = |entry: &FileEntry| Some(format!("{}:{}", entry.owner.as_ref()?, entry.group.as_ref()?));
    let (from, to) = (of(old)?, of(new)?);
    if from == to {
        return None;
    }
    let case = (old.mode & SET_ID != 0 && old.kind == FileKind::Regular).then_some("set-id");
    Some(Item::changed("owner-changed", case, &old.path, "owner", from, to))
}

fn capabilities(old: &FileEntry, new: &FileEntry) -> Option<Item> {
    let text = |entry: &FileEntry| entry.capabilities.as_deref().cloned().unwrap_or_default();
    let (from, to) = (text(old), text(new));
    let (had, has) = (normal(&from), normal(&to));
    if had == has {
        return None;
    }
    let case = had.is_empty().then_some("gained");
    let show = |text: &BString| if text.is_empty() { "none".to_owned() } else { text.to_string() };
    let (from, to) = (show(&from), show(&to));
    Some(Item::changed("capabilities-changed", case, &old.path, "capabilities", from, to))
}

/// libcap writes `cap_net_raw=ep`, older releases `= cap_net_raw+ep` (cap_to_text(3)).
fn normal(text: &BString) -> BString {
    let text = text.trim().strip_prefix(b"=").unwrap_or(text.trim()).trim();
    text.replace("+", "=").into()
}

fn config(old: &FileEntry, new: &FileEntry) -> Option<Item> {
    let of = |entry: &FileEntry| match (entry.flags.is_config, entry.flags.is_noreplace) {
        (true, true) => "configuration, noreplace",
        (true, false) => "configuration",
        (false, _) => "no configuration",
    };
    let case = match () {
        () if old.flags.is_config && !new.flags.is_config => None,
        () if old.flags.is_noreplace && !new.flags.is_noreplace => Some("noreplace"),
        () => return None,
    };
    Some(Item::changed("config-flag-lost", case, &old.path, "flags", of(old), of(new)))
}
