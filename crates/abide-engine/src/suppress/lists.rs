//! Symbol lists without sections: what is in no list is suppressed.
//!
//! Lists with sections are among the sections of suppression files (`build`).

use std::collections::BTreeSet;
use std::sync::Arc;

use bstr::BString;

use super::error::SuppressError;
use super::ini::{error, shorten};
use super::spec::{Rule, Spec};

/// The lines of RHEL's `Module.kabi_ARCH` (`0xCRC symbol module export`) as a list.
pub(super) fn kabi_table(file: &Arc<str>, text: &str) -> Option<Rule> {
    let mut names = BTreeSet::new();
    let mut first = None;
    for (number, line) in lines(text) {
        let mut words = line.split_whitespace();
        let crc = words.next().and_then(|w| w.strip_prefix("0x"))?;
        u64::from_str_radix(crc, 16).ok()?;
        names.insert(BString::from(words.next()?));
        first.get_or_insert(number);
    }
    Some(rule(file, first?, "the kABI list", names))
}

/// One symbol a line.
pub(super) fn plain(file: &Arc<str>, text: &str) -> Result<Rule, SuppressError> {
    let hint = "write one symbol a line, below a section such as [my_symbol_list] or without one";
    let mut names = BTreeSet::new();
    for (number, line) in lines(text) {
        if line.contains(|c: char| c.is_whitespace() || "=[]{}".contains(c)) {
            return Err(error(file, number, format!("{:?} is no symbol", shorten(line)), hint));
        }
        names.insert(BString::from(line));
    }
    match names.is_empty() {
        true => Err(error(file, 1, "the list has no symbol".to_string(), hint)),
        false => Ok(rule(file, 1, "the symbol list", names)),
    }
}

/// The lines that say something, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    let lines = (1u32..).zip(text.lines().map(str::trim));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with(['#', ';']))
}

fn rule(file: &Arc<str>, line: u32, what: &str, names: BTreeSet<BString>) -> Rule {
    Rule {
        reason: format!("not in {what} ({file})"),
        file: file.clone(),
        line,
        what: what.to_string(),
        disabled: None,
        only_for: None,
        spec: Spec::List(names),
    }
}
