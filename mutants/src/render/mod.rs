//! Text of a library (public header, private header, source, version script) and of the program that uses it.
//!
//! The library is written from the side's own model, the program always from the old one.

mod class;
mod function;
mod library;
mod program;
mod record;
mod types;

use crate::model::Library;

pub use program::program;

/// The files of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// `subject.h`.
    pub header: String,
    /// `private.h`.
    pub private_header: String,
    /// `subject.c` or `subject.cpp`.
    pub source: String,
    /// Version script.
    pub script: Option<String>,
}

/// Writes a library.
pub fn library(library: &Library) -> Sources {
    let view = View { lib: library };
    Sources {
        header: view.header(),
        private_header: view.private_header(),
        source: view.source(),
        script: view.script(),
    }
}

/// A model that is being written down.
struct View<'a> {
    lib: &'a Library,
}

/// What both sides share: mixing of values into a checksum, and values that follow from a seed.
const COMMON: &str = r#"#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
typedef uint64_t sub_word;
static inline sub_word sub_mix(sub_word h, sub_word v) {
  h ^= v + 0x9e3779b97f4a7c15ull + (h << 6);
  h *= 0xff51afd7ed558ccdull;
  return h ^ (h >> 32);
}
static inline sub_word sub_text(sub_word h, const char *t) {
  for (int i = 0; t && t[i] && i < 64; i++) h = sub_mix(h, (unsigned char)t[i]);
  return h;
}
static inline sub_word sub_val(sub_word s, unsigned id) { return sub_mix(s, id) % 100; }
static inline const char *sub_name(sub_word v) {
  static const char *const names[] = {"ant", "bee", "cat", "dog", "eel"};
  return names[v % 5];
}
"#;
