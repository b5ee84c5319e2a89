//! One findings document, many renderers.
//!
//! [`document()`] turns a check into a [`Document`], the only serialised form of findings; every renderer is a
//! function of a `&Document` and shows the same findings; `docs/formats.md` specifies each. What does not live here:
//! judging (engine, distro) and where the output goes (cli).

pub mod app;
pub mod bug;
mod convert;
mod coverage;
pub mod document;
pub mod html;
mod identity;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod profile;
pub mod sarif;
pub mod source;
pub mod text;
mod view;
pub mod who;
mod words;

pub use convert::document;
pub use document::Document;
