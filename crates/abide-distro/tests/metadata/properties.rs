//! The closure against an oracle that looks at every pair of requirement and capability, for distributions made at random.

use abide_distro::{Check, CheckOptions, check_metadata};
use abide_model::{Level, PackageFormat};
use proptest::collection::vec;
use proptest::prelude::*;
use std::fmt::Write as _;

use crate::listing::listing;

/// A capability by number, with a version.
type Provided = (u8, u8);

/// A capability that is wanted: any version, or one that is `<`, `=` or `>=` this.
type Wanted = (u8, Option<(Sign, u8)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Less,
    Equal,
    AtLeast,
}

#[derive(Clone, Debug)]
struct Package {
    provides: Vec<Provided>,
    requires: Vec<Wanted>,
}

fn package() -> impl Strategy<Value = Package> {
    let sign = prop_oneof![Just(Sign::Less), Just(Sign::Equal), Just(Sign::AtLeast)];
    let wanted = (0..8u8, proptest::option::of((sign, 1..4u8)));
    (vec((0..8u8, 1..4u8), 0..4), vec(wanted, 0..4)).prop_map(|(mut provides, mut requires)| {
        provides.sort_unstable();
        provides.dedup();
        requires.dedup();
        requires.sort_by_key(|(name, range)| (*name, range.map(|(sign, version)| (sign as u8, version))));
        requires.dedup();
        Package { provides, requires }
    })
}

fn text(packages: &[(usize, Package)]) -> String {
    let mut text = String::from("\n");
    for (number, package) in packages {
        let _ = writeln!(text, "p{number}-1-1.x86_64");
        for (name, version) in &package.provides {
            let _ = writeln!(text, "  provides c{name} = {version}");
        }
        for (name, range) in &package.requires {
            let _ = match range {
                None => writeln!(text, "  requires c{name}"),
                Some((Sign::Less, version)) => writeln!(text, "  requires c{name} < {version}"),
                Some((Sign::Equal, version)) => writeln!(text, "  requires c{name} = {version}"),
                Some((Sign::AtLeast, version)) => writeln!(text, "  requires c{name} >= {version}"),
            };
        }
    }
    text
}

fn is_met(side: &[(usize, Package)], (name, range): &Wanted) -> bool {
    side.iter().flat_map(|(_, package)| &package.provides).any(|(provided, version)| {
        let fits = match range {
            None => true,
            Some((Sign::Less, wanted)) => version < wanted,
            Some((Sign::Equal, wanted)) => version == wanted,
            Some((Sign::AtLeast, wanted)) => version >= wanted,
        };
        provided == name && fits
    })
}

fn check(old: &[(usize, Package)], new: &[(usize, Package)]) -> Check {
    let side = |packages| listing(PackageFormat::Rpm, &text(packages));
    check_metadata(&side(old), &side(new), &CheckOptions::default()).0
}

fn numbered(packages: Vec<Package>) -> Vec<(usize, Package)> {
    packages.into_iter().enumerate().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_side_against_itself_says_nothing(packages in vec(package(), 1..8).prop_map(numbered)) {
        let check = check(&packages, &packages);
        prop_assert_eq!(check.all_findings().filter(|f| f.level > Level::Safe).count(), 0);
    }

    #[test]
    fn broken_is_what_nothing_meets_any_more(
        packages in vec(package(), 1..8).prop_map(numbered),
        dropped in vec(any::<bool>(), 8),
        lost in vec((0..8usize, 0..4usize), 0..4),
    ) {
        let mut new = packages.clone();
        for (package, provided) in lost {
            if let Some((_, package)) = new.get_mut(package) && provided < package.provides.len() {
                package.provides.remove(provided);
            }
        }
        new.retain(|(number, _)| !(dropped[*number] && number % 3 == 0));
        if new.is_empty() {
            return Ok(());
        }
        let wanted = |side: &[(usize, Package)]| -> Vec<Wanted> {
            side.iter().flat_map(|(_, package)| package.requires.clone()).collect()
        };
        let broken: Vec<Wanted> =
            wanted(&new).into_iter().filter(|w| is_met(&packages, w) && !is_met(&new, w)).collect();
        let check = check(&packages, &new);
        let findings: Vec<_> = check.all_findings().filter(|f| f.rule == "requirement-broken").collect();
        prop_assert_eq!(
            check.coverage.metadata.as_ref().map_or(0, |m| m.requirements_broken), broken.len(),
            "{}\n{}\n{:?}", text(&packages), text(&new), findings
        );
        prop_assert_eq!(findings.is_empty(), broken.is_empty());
        let removed = check.all_findings().filter(|f| f.rule == "package-removed").count();
        prop_assert_eq!(removed, packages.len() - new.len());
    }

    #[test]
    fn the_order_of_packages_is_no_matter(
        packages in vec(package(), 1..8).prop_map(numbered), other in vec(package(), 1..8).prop_map(numbered),
    ) {
        let lines = |check: &Check| -> Vec<String> {
            let mut lines: Vec<String> =
                check.all_findings().map(|f| format!("{} {}: {}", f.level, f.rule, f.summary)).collect();
            lines.sort();
            lines
        };
        let turned = |packages: &[(usize, Package)]| packages.iter().rev().cloned().collect::<Vec<_>>();
        let (first, second) = (check(&packages, &other), check(&turned(&packages), &turned(&other)));
        prop_assert_eq!(lines(&first), lines(&second));
        prop_assert_eq!(first.verdict, second.verdict);
    }
}
