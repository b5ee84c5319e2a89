//! `abide app MODULE… --from KERNEL --on KERNEL`: what changes for modules between two kernels.

use abide_distro::app::Cell;
use abide_distro::kernel::load::{Module, add_changes, imports};
use abide_distro::kernel::{Kernel, Lists, Options, kernels};
use abide_distro::{CheckOptions, Types, check_with};
use abide_read::side::Opened;

use crate::app_args::App;
use crate::error::CliError;
use crate::reading::{Reader, Request, refused};

use super::from::suppressions_of;
use super::targets::{Side, Target};

/// The kernel that modules were built for.
pub(super) struct Reference {
    opened: Opened,
}

impl Reference {
    /// Opens what `--from` names.
    pub(super) fn open(args: &App, reader: &Reader, name: &str, lists: &Lists) -> Result<Self, CliError> {
        let request = Target::of(name, Side::Reference)?.request_for_kernels();
        let opened = open(args, reader, request)?;
        one(&kernels(opened.facts(), lists), name)?;
        Ok(Reference { opened })
    }

    /// Adds to the cell what changed for the modules between this kernel and another.
    pub(super) fn judge(
        &self,
        args: &App,
        reader: &Reader,
        (label, set): (&str, &[Module<'_>]),
        (new, kernel): (&Opened, &Kernel<'_>),
        lists: &Lists,
        cell: &mut Cell,
    ) -> Result<(), CliError> {
        let options = CheckOptions {
            suppressions: suppressions_of(args, label, &imports(set))?,
            kernel: Options { lists: lists.clone() },
            ..CheckOptions::default()
        };
        let types = Types { old: &self.opened, new };
        let check = check_with(self.opened.facts(), new.facts(), &types, &options, reader.progress());
        let earlier = kernels(self.opened.facts(), lists);
        let Some(earlier) = earlier.first() else { return Ok(()) };
        add_changes(cell, set, &check, (self.opened.facts(), earlier), kernel);
        Ok(())
    }
}

/// Opens kernels whose types will be asked for.
pub(super) fn open(args: &App, reader: &Reader, mut request: Request) -> Result<Opened, CliError> {
    request.debuginfo.extend(args.debuginfo.iter().cloned());
    reader.open(&request).map_err(refused)
}

/// A comparison has one kernel on each side.
pub(super) fn one(found: &[Kernel<'_>], label: &str) -> Result<(), CliError> {
    match found.len() {
        1 => Ok(()),
        0 => Err(CliError::usage(format!("there is no kernel in {label}"))
            .hint("give a vmlinuz or vmlinux, kernel packages, or a folder with these")),
        n => Err(CliError::usage(format!("--from compares two kernels, and there are {n} in {label}"))
            .hint("give one of them")),
    }
}
