//! What abide says of two libraries: the same steps as `abide check`.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use abide_distro::{CheckOptions, Types};
use abide_model::{NoProgress, Verdict};
use abide_read::side::{OpenOptions, Opened};

/// abide's answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The verdict; `None`: it failed or panicked, which the text tells.
    pub verdict: Option<Verdict>,
    /// Findings, one a line, worst first.
    pub text: String,
}

/// Asks about two libraries, with the folders' public headers or without.
pub fn ask(old: &Path, new: &Path, with_headers: bool) -> Answer {
    let answer = catch_unwind(AssertUnwindSafe(|| check(old, new, with_headers)));
    match answer {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Answer { verdict: None, text: error },
        Err(_) => Answer { verdict: None, text: "abide panicked".into() },
    }
}

fn check(old: &Path, new: &Path, with_headers: bool) -> Result<Answer, String> {
    let open = |path: &Path| {
        let header = path.parent().map(|folder| folder.join("subject.h"));
        let options = OpenOptions {
            headers: header.filter(|_| with_headers).into_iter().collect(),
            use_host_debug: false,
            ..OpenOptions::default()
        };
        Opened::open(&path.to_string_lossy(), &options, &NoProgress).map_err(|e| e.to_string())
    };
    let (old, new) = (open(old)?, open(new)?);
    let types = Types { old: &old, new: &new };
    let options = CheckOptions::default();
    let check = abide_distro::check_with(old.facts(), new.facts(), &types, &options, &NoProgress);
    let mut text = format!("{}: {}\n", check.verdict, check.reason);
    for finding in check.packages.iter().flat_map(|p| p.all_findings()) {
        let _ = writeln!(text, "{} [{}] {}", finding.level, finding.rule, finding.summary);
        for detail in &finding.details {
            let (old, new) = (detail.old.as_deref(), detail.new.as_deref());
            let _ = writeln!(
                text,
                "    {} [{}] {}: {} -> {}",
                detail.level,
                detail.rule,
                detail.what,
                old.unwrap_or("absent"),
                new.unwrap_or("absent")
            );
        }
    }
    for gap in check.packages.iter().flat_map(|p| &p.artifacts).flat_map(|a| &a.gaps) {
        let _ = writeln!(text, "gap: {}", gap.gap.detail);
    }
    Ok(Answer { verdict: Some(check.verdict), text })
}
