//! `abide snapshot INPUT -o FILE`: saves the facts of one side.

use std::io;
use std::time::Instant;

use crate::args::Snapshot;
use crate::error::CliError;
use crate::output::write_file;
use crate::reading::{Reader, Request};

/// Reads the input and writes the snapshot.
pub(crate) fn run(args: &Snapshot) -> Result<u8, CliError> {
    let reader = Reader::new(&args.common)?;
    let headers = args.headers.clone();
    let (debuginfo, btf_base) = (args.debuginfo.clone(), args.btf_base.clone());
    let inputs = vec![args.input.clone().into()];
    let side = reader.read(&Request { inputs, debuginfo, btf_base, headers, ..Request::default() })?;
    let start = Instant::now();
    write_file(&args.output, |file| abide_read::snapshot::write(&side, file).map_err(io::Error::other))
        .map_err(|e| CliError::write(&args.output, e))?;
    reader.time("write", start);
    reader.report_cache();
    Ok(0)
}
