//! What `abide_read::elf` reads: libraries compiled here, ELF files made by hand for other architectures, damaged
//! files, and `readelf` as a second opinion.

mod compiled;
mod damaged;
mod made;
mod readelf;
mod support;
