//! Who asks for a path or a module by its name: requirements of packages, and scripts that it runs.

use std::collections::BTreeMap;

use abide_model::{Consumer, PackageMeta, Side};
use bstr::{BStr, BString, ByteSlice};
use rustc_hash::FxHashMap;

use crate::pairing::usr_merged;

/// A package that asks, on the reference or the candidate, and the script of it that does.
#[derive(Clone, Copy)]
struct User<'a> {
    meta: &'a PackageMeta,
    on_reference: bool,
    index: usize,
    script: Option<&'a BString>,
}

/// Everybody who asks for something by a name that is a path or a module's.
#[derive(Default)]
pub(super) struct Users<'a> {
    by_name: FxHashMap<&'a BStr, Vec<User<'a>>>,
}

impl<'a> Users<'a> {
    /// Indexes the packages of both sides.
    pub(super) fn new(old: &'a Side, new: &'a Side) -> Self {
        let mut users = Users::default();
        for (side, on_reference) in [(old, true), (new, false)] {
            for (index, package) in side.packages.iter().enumerate() {
                if let Some(meta) = package.meta.as_ref().filter(|meta| !meta.is_debug()) {
                    users.add(User { meta, on_reference, index, script: None });
                }
            }
        }
        users
    }

    fn add(&mut self, user: User<'a>) {
        for required in &user.meta.requires {
            let name = required.name.as_bytes().as_bstr();
            // A rich requirement (`(/a or /b)`) counts when any of its words does.
            match name.starts_with(b"(") {
                true => {
                    name.split(|b| b" ()".contains(b)).for_each(|word| self.add_name(word.as_bstr(), user))
                }
                false => self.add_name(name, user),
            }
        }
        for file in &user.meta.files {
            if let Some(interpreter) = file.interpreter.as_deref().filter(|path| path.starts_with(b"/")) {
                self.add_name(interpreter.as_bstr(), User { script: Some(&file.path), ..user });
            }
        }
    }

    fn add_name(&mut self, name: &'a BStr, user: User<'a>) {
        let is_module = || name.ends_with(b")") && name.contains(&b'(') && !name.starts_with(b"lib");
        if name.starts_with(b"/") || is_module() {
            self.by_name.entry(usr_merged(name)).or_default().push(user);
        }
    }

    /// Those who ask for one of `names`, but for the package itself, by its index on either side; sorted.
    pub(super) fn of(&self, own: [Option<usize>; 2], names: &[BString]) -> Vec<Consumer> {
        let mut found: BTreeMap<(&str, &str, Option<&BString>), Consumer> = BTreeMap::new();
        let users = names.iter().filter_map(|name| self.by_name.get(usr_merged(name.as_bstr())));
        for user in users.flatten() {
            let own = if user.on_reference { own[0] } else { own[1] };
            if Some(user.index) == own {
                continue;
            }
            let nevra = &user.meta.nevra;
            let consumer = found.entry((&nevra.name, &nevra.arch, user.script)).or_insert_with(|| {
                Consumer::new(Some(nevra.to_string()), user.script.cloned().unwrap_or_default())
            });
            consumer.on_reference |= user.on_reference;
            consumer.on_candidate |= !user.on_reference;
        }
        let mut consumers: Vec<Consumer> = found.into_values().collect();
        consumers.sort();
        consumers
    }
}
