//! The first sentence of a report: why the verdict is what it is.

use abide_model::{Finding, GapKind, Level, Verdict};

use crate::result::{Check, Outcome, PackageResult, verdict_of};

/// One sentence, without a full stop.
pub(crate) fn reason(check: &Check, nothing_compared: bool) -> String {
    match check.verdict {
        Verdict::Incompatible => incompatible(check),
        Verdict::Review => review(check),
        Verdict::Undecided if nothing_compared => nothing(check),
        Verdict::Undecided => undecided(check),
        Verdict::Compatible => compatible(check),
    }
}

/// `1 library`, `2 libraries`.
fn count(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Artifacts whose own verdict is `verdict`, and packages with a finding of that weight about themselves.
fn with_verdict(check: &Check, verdict: Verdict) -> (usize, usize) {
    let artifacts = check.packages.iter().flat_map(|package| &package.artifacts);
    let level = if verdict == Verdict::Incompatible { Level::Break } else { Level::Review };
    let has_own = |package: &&PackageResult| {
        package.findings.iter().any(|f| f.level == level && f.suppressed.is_none())
    };
    (
        artifacts.filter(|artifact| artifact.verdict == verdict).count(),
        check.packages.iter().filter(has_own).count(),
    )
}

fn parts(check: &Check, verdict: Verdict) -> String {
    let (artifacts, packages) = with_verdict(check, verdict);
    let mut parts = Vec::new();
    if artifacts > 0 {
        let all = check.coverage.compared() + check.coverage.artifacts_removed;
        parts.push(format!("{artifacts} of {all} artifacts"));
    }
    if packages > 0 {
        parts.push(count(packages, "package", "packages"));
    }
    if of_all(check, verdict) > 0 {
        parts.push("the distribution as a whole".to_owned());
    }
    let exports = of_exports(check, verdict);
    if exports > 0 {
        parts.push(count(
            exports,
            "finding about the kernel's exports",
            "findings about the kernel's exports",
        ));
    }
    match parts.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        parts => parts.join(""),
    }
}

/// Findings of that weight about exports of the kernel.
fn of_exports(check: &Check, verdict: Verdict) -> usize {
    let standing = check.findings.iter().filter(|f| f.suppressed.is_none() && is_of_kernel(f));
    standing.filter(|finding| verdict_of(finding.level) == verdict).count()
}

fn is_of_kernel(finding: &Finding) -> bool {
    finding.rule.starts_with("kernel-")
}

/// Findings of that weight about the distribution as a whole.
fn of_all(check: &Check, verdict: Verdict) -> usize {
    let standing = check.findings.iter().filter(|f| f.suppressed.is_none() && !is_of_kernel(f));
    standing.filter(|finding| verdict_of(finding.level) == verdict).count()
}

fn incompatible(check: &Check) -> String {
    let (artifacts, packages) = with_verdict(check, Verdict::Incompatible);
    let verdict = Verdict::Incompatible;
    let count = artifacts + packages + of_all(check, verdict).min(1) + of_exports(check, verdict);
    let verb = if count == 1 { "breaks" } else { "break" };
    let what = match (check.kernels.is_empty(), check.coverage.compared()) {
        (true, _) => "programs",
        (false, compared) if compared <= check.kernels.len() => "modules",
        _ => "programs or modules",
    };
    format!("{} {verb} {what} built for the reference", parts(check, verdict))
}

fn review(check: &Check) -> String {
    let (artifacts, packages) = with_verdict(check, Verdict::Review);
    let exports = of_exports(check, Verdict::Review);
    if exports > 0 && artifacts + packages + of_all(check, Verdict::Review) == 0 {
        let what = count(exports, "change of the kernel's exports", "changes of the kernel's exports");
        return format!("nothing is known to break, but a person must look at {what}");
    }
    let verb = if artifacts + packages + of_all(check, Verdict::Review).min(1) + exports == 1 {
        "has a change"
    } else {
        "have changes"
    };
    let open = if open_artifacts(check) > 0 || is_unread(check) {
        ", and not everything could be compared"
    } else {
        ""
    };
    format!(
        "nothing is known to break, but {} {verb} that a person must look at{open}",
        parts(check, Verdict::Review)
    )
}

/// Artifacts without enough evidence.
fn open_artifacts(check: &Check) -> usize {
    let artifacts = check.packages.iter().flat_map(|package| &package.artifacts);
    artifacts.filter(|artifact| artifact.verdict == Verdict::Undecided).count()
}

fn undecided(check: &Check) -> String {
    let open = open_artifacts(check);
    if open > 0 {
        let all = check.coverage.compared() + check.coverage.artifacts_removed;
        return format!(
            "nothing seen that breaks, but there is too little evidence for {open} of {all} artifacts"
        );
    }
    match is_unread(check) {
        true => "nothing seen that breaks, but only metadata was compared".to_owned(),
        false => "nothing seen that breaks, but not everything could be read".to_owned(),
    }
}

/// Whether the caller left out the content of packages.
fn is_unread(check: &Check) -> bool {
    check.gaps.iter().any(|gap| gap.gap.kind == GapKind::NotRead)
}

fn nothing(check: &Check) -> String {
    let artifacts = check.packages.iter().flat_map(|package| &package.artifacts);
    let (mut old, mut new) = (0, 0);
    artifacts.for_each(|artifact| match artifact.outcome {
        Outcome::Removed => old += 1,
        Outcome::Added => new += 1,
        _ => {}
    });
    match (old, new) {
        (0, 0) => {
            "nothing was compared: neither side has packages or files with a binary interface".to_owned()
        }
        _ => format!(
            "nothing was compared: none of the reference's {} has a partner among the candidate's {new}",
            count(old, "artifact", "artifacts")
        ),
    }
}

fn compatible(check: &Check) -> String {
    let compared = check.coverage.compared();
    if let (0, [kernel, ..]) = (compared, check.kernels.as_slice()) {
        let what = if kernel.is_list { "listed symbols" } else { "exports of the kernel" };
        return format!("{} {what} compared; modules built for the reference keep loading", kernel.matched);
    }
    if compared == 0 && check.coverage.packages_compared == 0 {
        return "files compared, none of which has a binary interface".to_owned();
    }
    if compared == 0 {
        let same = check.coverage.metadata.map_or(0, |metadata| metadata.same_files);
        if same > 0 && same == check.coverage.packages_compared {
            return format!("{}, the same files on both sides", count(same, "package", "packages"));
        }
        let packages = count(check.coverage.packages_compared, "package", "packages");
        return format!("{packages} compared, without any file that has a binary interface");
    }
    let identical = if check.coverage.identical == compared { ", identical on both sides" } else { "" };
    format!(
        "{} compared{identical}; programs built for the reference keep working",
        count(compared, "artifact", "artifacts")
    )
}
