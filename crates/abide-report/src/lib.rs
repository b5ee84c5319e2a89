//! One findings document, many renderers.
//!
//! [`document()`] turns a check into a [`Document`], the only serialised form of findings; every renderer is a
//! function of a `&Document` and shows the same findings. What lives here: that document, its JSON form with the
//! schema, the text report. What does not: judging (engine, distro) and where the output goes (cli).

mod convert;
pub mod document;
pub mod json;
pub mod text;

pub use convert::document;
pub use document::Document;
