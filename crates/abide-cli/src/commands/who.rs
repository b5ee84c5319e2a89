//! `abide who LIBRARY[:SYMBOL] --in INPUT…`: who uses it.

use abide_distro::Question;
use abide_model::Side;
use abide_report::who;

use crate::args::{Who, WhoFormat};
use crate::error::CliError;
use crate::output::Destination;
use crate::reading::{Reader, Request};

/// Reads the inputs and answers.
pub(crate) fn run(args: &Who) -> Result<u8, CliError> {
    let question = Question::read(args.what.as_bytes());
    let reader = Reader::new(&args.common)?;
    let mut side = Side {
        label: args.inputs.join(" "),
        input_kind: "inputs".to_owned(),
        packages: Vec::new(),
        public_headers: None,
        gaps: Vec::new(),
        metadata: None,
    };
    for input in &args.inputs {
        let request = Request { inputs: vec![input.as_str().into()], ..Request::default() };
        let one = reader.read_facts(&request)?;
        side.packages.extend(one.packages);
        side.gaps.extend(one.gaps);
    }
    let Some(answer) = abide_distro::who(&side, &question) else {
        let error = CliError::usage(format!(
            "no file in {} is, or needs, a library {}",
            side.label, question.library
        ));
        return Err(error.hint("name it by its soname (libfoo.so.1), its file name or its path"));
    };
    let document = who::document(&question, &answer, &args.inputs);
    reader.report_cache();
    let out = Destination::new(args.output.as_deref());
    match args.format {
        WhoFormat::Text => out.deliver(who::text(&document, args.common.verbose, out.width()).as_bytes())?,
        WhoFormat::Json => out.deliver_with(|out| who::write_json(&document, out))?,
    }
    Ok(0)
}
