//! The document as JUnit XML: a suite for each distribution, a case for each program.
//!
//! What will not run is a `failure`, and so is *runs if*, as the exit status says it; *undecided* is `skipped`.

use std::io::{self, Write as _};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::document::{AppDocument, AppProblem, AppResult};
use super::text::{needed, words};
use crate::document::printable;

/// The document, with a final newline.
pub fn junit(document: &AppDocument) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all: Vec<&AppResult> = document.results.iter().collect();
    let root = BytesStart::new("testsuites").with_attributes([("name", "abide app")]);
    xml.write_event(Event::Start(counted(root, &all, false)))?;
    for (index, distribution) in document.distributions.iter().enumerate() {
        let cases: Vec<&AppResult> = all.iter().copied().filter(|r| r.distribution == index).collect();
        let suite =
            BytesStart::new("testsuite").with_attributes([("name", printable(distribution).as_str())]);
        xml.write_event(Event::Start(counted(suite, &cases, true)))?;
        for case in cases {
            write_case(&mut xml, document, case)?;
        }
        xml.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    let mut out = xml.into_inner();
    out.write_all(b"\n")?;
    Ok(out)
}

fn counted<'a>(start: BytesStart<'a>, cases: &[&AppResult], with_skipped: bool) -> BytesStart<'a> {
    let count =
        |answers: &[&str]| cases.iter().filter(|c| answers.contains(&c.answer.as_str())).count().to_string();
    let numbers = [
        ("tests", cases.len().to_string()),
        ("failures", count(&["will-not-run", "runs-if"])),
        ("errors", "0".to_owned()),
        ("skipped", count(&["undecided"])),
        ("time", "0".to_owned()),
    ];
    let stated = numbers.iter().filter(|(name, _)| with_skipped || *name != "skipped");
    start.with_attributes(stated.map(|(name, value)| (*name, value.as_str())))
}

fn write_case(xml: &mut Writer<Vec<u8>>, document: &AppDocument, case: &AppResult) -> io::Result<()> {
    let name = printable(&document.programs[case.program].label);
    let class = printable(&document.distributions[case.distribution]);
    let start = BytesStart::new("testcase").with_attributes([
        ("name", name.as_str()),
        ("classname", class.as_str()),
        ("time", "0"),
    ]);
    xml.write_event(Event::Start(start))?;
    let counts =
        |level: &str| -> Vec<&AppProblem> { case.problems.iter().filter(|p| p.level == level).collect() };
    for (level, problems) in [("break", counts("break")), ("review", counts("review"))] {
        if problems.is_empty() {
            continue;
        }
        let message = format!("{}: {}", words(&case.answer), problems[0].summary);
        let text: Vec<String> = problems.iter().map(|problem| block(problem)).collect();
        // A program that will not run fails once; what depends is said beside it.
        let is_failure = level == "break" || case.answer == "runs-if";
        element(
            xml,
            if is_failure { "failure" } else { "system-out" },
            is_failure.then_some((level, &message)),
            &text.join("\n"),
        )?;
    }
    if case.answer == "undecided" {
        let text: Vec<String> =
            case.gaps.iter().map(|gap| format!("{}: {}", gap.subject.display(), gap.detail)).collect();
        xml.write_event(Event::Start(
            BytesStart::new("skipped").with_attributes([("message", printable(&text.join("; ")).as_str())]),
        ))?;
        xml.write_event(Event::End(BytesEnd::new("skipped")))?;
    }
    let safe: Vec<String> = counts("safe").iter().map(|problem| block(problem)).collect();
    let gaps = case.gaps.iter().map(|gap| format!("gap: {}: {}", gap.subject.display(), gap.detail));
    let output: Vec<String> = safe.into_iter().chain(gaps).collect();
    if !output.is_empty() {
        element(xml, "system-out", None, &output.join("\n"))?;
    }
    xml.write_event(Event::End(BytesEnd::new("testcase")))
}

fn element(
    xml: &mut Writer<Vec<u8>>,
    name: &str,
    about: Option<(&str, &String)>,
    text: &str,
) -> io::Result<()> {
    let mut start = BytesStart::new(name);
    if let Some((kind, message)) = about {
        start.push_attribute(("type", kind));
        start.push_attribute(("message", printable(message).as_str()));
    }
    xml.write_event(Event::Start(start))?;
    let text: Vec<String> = text.lines().map(printable).collect();
    xml.write_event(Event::Text(BytesText::new(&text.join("\n"))))?;
    xml.write_event(Event::End(BytesEnd::new(name)))
}

fn block(problem: &AppProblem) -> String {
    let first = problem.first_in.as_ref().map(|first| format!("; first in {first}")).unwrap_or_default();
    let mut lines = vec![format!("{} {} [{}]{first}", problem.level, problem.summary, problem.rule)];
    lines.extend(problem.needed_by.iter().map(|need| format!("  {}", needed(need, usize::MAX))));
    lines.extend(problem.way_out.iter().map(|way| format!("  → {way}")));
    lines.join("\n")
}
