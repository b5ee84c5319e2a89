//! What programs rely on besides binary interfaces: paths, their modes and owners, configuration, commands, units,
//! modules of languages, scripts and what runs them.
//!
//! Package by package, and across the whole side where it matters: a path that another package has is not lost. What a
//! package requires and provides is looked at elsewhere (`packages`), and so are files with a binary interface (`whole`).

mod alternatives;
mod attributes;
mod brands;
mod class;
mod contents;
mod items;
mod lost;
mod modules;
mod scripts;
mod tree;
mod users;

use abide_model::{Finding, PackageFacts, Side};
use bstr::{BStr, BString};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::check::Context;
use crate::gaps;
use crate::pairing::{PackagePair, PackagePairs, provides, usr_merged};
use brands::Brands;
use contents::Contents;
use items::{Item, Place, findings};
use modules::{Language, Module};
use tree::Tree;
pub(crate) use tree::is_command;
use users::Users;

/// The installed trees of both sides, and what else every package's comparison needs.
pub(crate) struct Trees<'a> {
    old: Tree<'a>,
    new: Tree<'a>,
    /// Modules that the candidate has, for any version of their interpreter.
    modules: FxHashSet<(Language, BString)>,
    brands: Brands,
    users: Users<'a>,
}

impl<'a> Trees<'a> {
    /// What a path of the reference leads to on the candidate, links among its directories and in its end followed.
    pub(crate) fn path_on_candidate(&self, path: &BStr) -> Option<&'a BString> {
        self.new.follow(path).and_then(|found| Some(&found.entry?.path))
    }

    /// Indexes both sides.
    pub(crate) fn new(old: &'a Side, new: &'a Side, pairs: &PackagePairs) -> Self {
        let (old_tree, new_tree) =
            rayon::join(|| Tree::new(old, &pairs.superseded_old), || Tree::new(new, &pairs.superseded_new));
        Trees {
            old: old_tree,
            new: new_tree,
            modules: all_modules(new),
            brands: Brands::of(old, new),
            users: Users::new(old, new),
        }
    }
}

fn all_modules(side: &Side) -> FxHashSet<(Language, BString)> {
    let contents = side.packages.iter().filter_map(Contents::of);
    let files = contents.flat_map(|contents| contents.files);
    let found = files.filter_map(|file| modules::of(usr_merged(file.path.as_ref())));
    let code = found.filter(|module| module.version.is_none());
    code.map(|Module { language, name, .. }| (language, name)).collect()
}

/// Findings about the files of each pair of packages, in the order of the pairs.
pub(crate) fn of_pairs(context: &Context<'_>, pairs: &[PackagePair]) -> Vec<Vec<Finding>> {
    pairs.par_iter().map(|pair| of_pair(context, *pair)).collect()
}

/// Two packages that are compared file by file.
struct Compared<'a> {
    context: &'a Context<'a>,
    trees: &'a Trees<'a>,
    old: Contents<'a>,
    new: Contents<'a>,
    old_index: usize,
    /// Names of the package and its source.
    names: Vec<&'a str>,
}

fn of_pair(context: &Context<'_>, pair: PackagePair) -> Vec<Finding> {
    let (old, new) = (&context.old.packages[pair.old], &context.new.packages[pair.new]);
    let (Some(old_contents), Some(new_contents)) = (Contents::of(old), Contents::of(new)) else {
        return Vec::new();
    };
    // A list that was not read to its end would read as the loss of the rest; that is a gap already.
    if gaps::is_incomplete(old) || gaps::is_incomplete(new) {
        return Vec::new();
    }
    let compared = Compared {
        context,
        trees: &context.trees,
        old: old_contents,
        new: new_contents,
        old_index: pair.old,
        names: old_contents.names(),
    };
    let mut items = lost::items(&compared);
    items.extend(attributes::items(&compared));
    items.extend(scripts::items(&compared));
    items.extend(scripts::interpreters(context, pair.new));
    items.extend(brands::items(&compared));
    findings(context, &context.trees.users, Place { old: Some(pair.old), new: Some(pair.new) }, items)
}

/// Findings about a reference package whose name another package of the candidate has taken over.
pub(crate) fn of_replaced(context: &Context<'_>, old: usize) -> Vec<Finding> {
    let facts = &context.old.packages[old];
    let Some(meta) = &facts.meta else { return Vec::new() };
    let is_heir = |other: &&PackageFacts| other.meta.is_some() && provides(other, &meta.nevra.name);
    let Some(heir) = context.new.packages.iter().find(is_heir) else { return Vec::new() };
    let (Some(old_contents), Some(heir_contents)) = (Contents::of(facts), Contents::of(heir)) else {
        return Vec::new();
    };
    if gaps::is_incomplete(facts) || gaps::is_incomplete(heir) {
        return Vec::new();
    }
    let compared = Compared {
        context,
        trees: &context.trees,
        old: old_contents,
        new: heir_contents,
        old_index: old,
        names: old_contents.names(),
    };
    let items = lost::items(&compared);
    findings(context, &context.trees.users, Place { old: Some(old), new: None }, items)
}

/// Findings about a package that the reference does not have: what runs its scripts must be there.
pub(crate) fn of_added(context: &Context<'_>, new: usize) -> Vec<Finding> {
    let items: Vec<Item> = scripts::interpreters(context, new);
    findings(context, &context.trees.users, Place { old: None, new: Some(new) }, items)
}
