//! `abide app MODULE… --types --on KERNEL`: what modules declare, held against the kernel's types.

use std::collections::{BTreeMap, BTreeSet};

use abide_distro::app::Cell;
use abide_distro::kernel::Kernel;
use abide_distro::kernel::load::{Definer, Module, Typed, Use, add_typed, compare_use, places, uses};
use abide_model::ArtifactFacts;
use abide_read::side::Opened;

use crate::app_args::App;
use crate::error::CliError;
use crate::reading::{Reader, Request, refused};

use super::types::with_types;

/// Modules whose types are in memory at one time.
const AT_ONCE: usize = 64;

/// A set of modules that is asked for what it imports, and for what it exports.
pub(super) struct Set {
    expecting: Opened,
    defining: Opened,
    /// Of each module its place on the side.
    places: Vec<(usize, usize)>,
}

impl Set {
    /// Opens an input again, whose modules are `modules` of its side.
    pub(super) fn open(args: &App, reader: &Reader, label: &str) -> Result<Self, CliError> {
        let request =
            Request { inputs: vec![label.into()], debuginfo: args.debuginfo.clone(), ..Request::default() };
        let open = || reader.open(&request).map_err(refused);
        let (expecting, defining) = (open()?.expecting(), open()?);
        let places = places(defining.facts());
        Ok(Set { expecting, defining, places })
    }

    /// Adds to the cell what the modules' types say of a kernel's.
    pub(super) fn judge(
        &self,
        reader: &Reader,
        set: &[Module<'_>],
        (side, kernel): (&Opened, &Kernel<'_>),
        cell: &mut Cell,
    ) {
        let uses = uses(set, side.facts(), kernel);
        let mut by_module: BTreeMap<usize, Vec<&Use>> = BTreeMap::new();
        for used in &uses.all {
            by_module.entry(used.module).or_default().push(used);
        }
        let numbers: Vec<usize> = by_module.keys().copied().collect();
        let mut definers: BTreeMap<Definer, ArtifactFacts> = BTreeMap::new();
        let mut typed = Vec::new();
        for numbers in numbers.chunks(AT_ONCE) {
            let wanted: BTreeSet<Definer> =
                numbers.iter().flat_map(|number| &by_module[number]).map(|used| used.definer).collect();
            // The image is what every module uses; others are kept as long as a batch needs them.
            definers.retain(|definer, _| wanted.contains(definer));
            self.load(reader, side, &wanted, &mut definers);
            let places: Vec<(usize, usize)> = numbers.iter().map(|number| self.places[*number]).collect();
            let own = with_types(&self.expecting, &places, reader);
            for (number, mut expected) in numbers.iter().zip(own) {
                typed.extend(compare(&by_module[number], set, kernel, &mut expected, &mut definers));
            }
        }
        add_typed(cell, set, &uses, typed);
    }

    /// Reads the types of those definers that are wanted and not known.
    fn load(
        &self,
        reader: &Reader,
        side: &Opened,
        wanted: &BTreeSet<Definer>,
        known: &mut BTreeMap<Definer, ArtifactFacts>,
    ) {
        let wanted: Vec<Definer> = wanted.iter().copied().filter(|d| !known.contains_key(d)).collect();
        let of_kernel = |definer: &Definer| match definer {
            Definer::Kernel(package, artifact) => Some((*package, *artifact)),
            Definer::Own(_) => None,
        };
        let of_set = |definer: &Definer| match definer {
            Definer::Own(number) => Some(self.places[*number]),
            Definer::Kernel(..) => None,
        };
        let mut add = |place: &dyn Fn(&Definer) -> Option<(usize, usize)>, opened: &Opened| {
            let found: Vec<(Definer, (usize, usize))> =
                wanted.iter().filter_map(|definer| Some((*definer, place(definer)?))).collect();
            let places: Vec<(usize, usize)> = found.iter().map(|(_, at)| *at).collect();
            let loaded = with_types(opened, &places, reader);
            known.extend(found.into_iter().map(|(definer, _)| definer).zip(loaded));
        };
        add(&of_kernel, side);
        add(&of_set, &self.defining);
    }
}

fn compare(
    used: &[&Use],
    set: &[Module<'_>],
    kernel: &Kernel<'_>,
    expected: &mut ArtifactFacts,
    definers: &mut BTreeMap<Definer, ArtifactFacts>,
) -> Vec<Typed> {
    let one = |used: &&Use| {
        let definer = definers.get_mut(&used.definer)?;
        Some(compare_use(used, set, kernel, expected, definer))
    };
    used.iter().filter_map(one).collect()
}
