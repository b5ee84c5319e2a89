//! The document `abide.app/1`: whether programs run on distributions, and its renderers.
//!
//! As with a check, every renderer is a function of the document and shows the same problems and gaps.

mod document;
mod html;
mod junit;
mod lines;
mod sarif;
mod text;

pub use document::{
    AppCounts, AppDocument, AppGap, AppNeed, AppProblem, AppProgram, AppResult, AppTool, SCHEMA_ID, document,
    json, schema,
};
pub use html::html;
pub use junit::junit;
pub use lines::{lines, lines_schema};
pub use sarif::sarif;
pub use text::{AppText, text};
