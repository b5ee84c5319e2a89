//! `abide profile DISTRIBUTION -o FILE`: writes down what `abide app` has to know of a distribution.

use abide_distro::app::{SideSystem, System};
use abide_report::profile::{About, profile};

use crate::app_args::Profile;
use crate::error::CliError;
use crate::output::Destination;
use crate::reading::{Reader, Request};
use crate::systems::{RootSystem, root_of};

/// Reads the distribution and writes its profile.
pub(crate) fn run(args: &Profile) -> Result<u8, CliError> {
    let reader = Reader::new(&args.common)?;
    let about = About {
        name: args.name.clone(),
        title: args.title.clone().unwrap_or_else(|| args.name.clone()),
        from: args.from.clone().unwrap_or_else(|| args.distribution.clone()),
        date: args.date.clone(),
        kernel: args.kernel.as_deref().map(kernel).transpose()?,
        isa_level: args.isa_level,
    };
    let side;
    let system: Box<dyn System + '_> = match root_of(&args.distribution) {
        Some(root) => Box::new(RootSystem::new(&args.distribution, &root, args.isa_level)),
        None => {
            let label = &args.distribution;
            side =
                reader.read_facts(&Request { inputs: vec![label.as_str().into()], ..Request::default() })?;
            Box::new(SideSystem::new(&side, args.isa_level))
        }
    };
    let text = profile(system.as_ref(), &about).ok_or_else(|| {
        CliError::usage(format!("{}: there is no dynamic loader in it", args.distribution))
            .hint("a profile is made of a whole distribution: give the root directory, or the repository with glibc")
    })?;
    Destination::new(Some(&args.output)).deliver(text.as_bytes())?;
    reader.report_cache();
    Ok(0)
}

/// `5.14` or `5.14.0`.
fn kernel(text: &str) -> Result<[u32; 3], CliError> {
    let wrong = || CliError::usage(format!("--kernel {text}: up to three numbers with dots are expected"));
    let mut kernel = [0; 3];
    let numbers: Vec<&str> = text.split('.').collect();
    if numbers.len() > kernel.len() {
        return Err(wrong());
    }
    for (place, number) in kernel.iter_mut().zip(numbers) {
        *place = number.parse().map_err(|_| wrong())?;
    }
    Ok(kernel)
}
