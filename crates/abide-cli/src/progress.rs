//! Progress bars with counts on standard error, only when that is a terminal.

use std::collections::BTreeMap;
use std::sync::Mutex;

use abide_model::{Progress, Stage};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// One bar for each stage that is under way.
pub(crate) struct Bars {
    all: MultiProgress,
    /// Bars under way; a stage that begins twice (one for each side) shares a bar, hence the count.
    bars: Mutex<BTreeMap<Stage, (ProgressBar, u32)>>,
}

impl Bars {
    /// Bars on standard error; indicatif hides them when that is no terminal.
    pub(crate) fn new() -> Self {
        Bars { all: MultiProgress::new(), bars: Mutex::new(BTreeMap::new()) }
    }

    fn with<T>(&self, f: impl FnOnce(&mut BTreeMap<Stage, (ProgressBar, u32)>) -> T) -> T {
        f(&mut self.bars.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// What a stage is called.
fn title(stage: Stage) -> &'static str {
    match stage {
        Stage::Fetch => "fetching",
        Stage::ReadPackages => "reading packages",
        Stage::ReadTypes => "reading types",
        Stage::Compare => "comparing",
    }
}

fn style(has_total: bool) -> ProgressStyle {
    let template = if has_total {
        "{prefix:>16} [{bar:24}] {pos}/{len} {wide_msg}"
    } else {
        "{prefix:>16} {spinner} {pos} {wide_msg}"
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

impl Progress for Bars {
    fn begin(&self, stage: Stage, total: Option<u64>) {
        self.with(|bars| {
            if let Some((bar, users)) = bars.get_mut(&stage) {
                *users += 1;
                bar.inc_length(total.unwrap_or(0));
                return;
            }
            let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            let bar = self.all.add(bar.with_style(style(total.is_some())).with_prefix(title(stage)));
            bars.insert(stage, (bar, 1));
        });
    }

    fn advance(&self, stage: Stage, count: u64, item: &str) {
        self.with(|bars| {
            if let Some((bar, _)) = bars.get(&stage) {
                bar.set_message(item.to_owned());
                bar.inc(count);
            }
        });
    }

    fn end(&self, stage: Stage) {
        self.with(|bars| {
            let Some((bar, users)) = bars.get_mut(&stage) else { return };
            *users -= 1;
            if *users == 0 {
                bar.finish_and_clear();
                bars.remove(&stage);
            }
        });
    }
}
