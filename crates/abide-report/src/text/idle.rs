//! Written exceptions that cover nothing.

use super::page::{Mark, Page};
use crate::document::Document;

/// Lists them, when there are any.
pub(super) fn section(page: &mut Page, document: &Document) {
    if document.suppressions.is_empty() {
        return;
    }
    page.gap();
    let heading = page.mark(Mark::Heading, "Suppressions without effect");
    page.paragraph(0, &heading);
    for idle in &document.suppressions {
        let text = page.mark(Mark::Plain, &format!("{}:{}: {}", idle.file, idle.line, idle.message));
        page.wrapped("  ", 4, &text);
    }
}
