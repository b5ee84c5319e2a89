//! Every format is what it says it is, shows the same findings, and takes no harm from hostile names.

mod common;

use abide_report::junit::Review;
use abide_report::text::{TextOptions, render};
use abide_report::{Document, html, json, jsonl, junit, sarif};
use serde_json::{Value, json};

/// A name as a hostile file may have it: markup, control characters, text that runs backwards, no UTF-8.
const HOSTILE: &[u8] = b"<script>alert('x')</script>&]]>\x1b[31m\x08\xe2\x80\xae\xef\xbf\xbf\xff\"";

fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!({"text": text}),
        Err(_) => {
            use base64::Engine as _;
            json!({"bytes": base64::engine::general_purpose::STANDARD.encode(bytes)})
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn finding(number: usize, level: &str, place: Value, name: &[u8], suppressed: Option<&str>) -> Value {
    let evidence = |value: &str| {
        json!({"value": value, "artifact": text(name), "section": ".dynsym", "offset": 64,
               "declaration": format!("/src/{}.h:12", lossy(name))})
    };
    let symbol = json!({"name": text(name), "demangled": null, "version": text(name), "is_default": true});
    let subject = match number % 4 {
        0 => json!({"symbol": symbol}),
        1 => json!({"type": format!("struct {}", lossy(name))}),
        2 => json!("artifact"),
        _ => json!({"package": lossy(name)}),
    };
    json!({
        "id": format!("{number:016x}"), "rule": if number.is_multiple_of(2) { "symbol-removed" } else { "member-added" },
        "level": level, "place": place, "package": {"reference": "foo-1-1.x86_64", "candidate": "foo-2-1.x86_64"},
        "artifact": text(name), "subject": subject, "summary": format!("summary {number} of {}", lossy(name)),
        "why": format!("because of {}", lossy(name)),
        "reference": evidence("old"), "candidate": evidence("absent"),
        "details": [{"what": lossy(name), "old": null, "new": lossy(name), "rule": "member-added", "level": "safe"}],
        "exposure": "by-value", "path": [{"via": lossy(name), "type": "struct s"}], "symbols": 0,
        "consumers": [{"package": null, "artifact": text(name), "symbols": 0, "sides": ["reference"]}],
        "suppressed": suppressed,
    })
}

/// A document in which every text that comes from files is `name`.
fn document(name: &[u8]) -> Document {
    let own = json!({"package": 0, "artifact": null});
    let lib = json!({"package": 0, "artifact": 0});
    let file = json!({"path": text(name), "package": "foo-1-1.x86_64", "sha256": "00", "build_id": "01",
                      "debug_info": {"path": text(name), "package": null, "supplementary": text(name)}});
    let counts = json!({"breaks": 2, "reviews": 1, "safe": 1, "suppressed": 1, "gaps": 3});
    let gap = |place: Value| {
        json!({"kind": "no-debug-info", "side": "candidate", "place": place, "package": null, "artifact": null,
               "subject": text(name), "detail": lossy(name)})
    };
    let artifact = |compared: &str, verdict: &str| {
        json!({"name": text(name), "files": {"reference": file, "candidate": file}, "matched_by": "path",
               "compared": compared, "types_note": "a note", "verdict": verdict, "counts": counts})
    };
    let value = json!({
        "schema": "abide.check/1", "tool": {"name": "abide", "version": "0.1.0"},
        "verdict": "incompatible", "reason": lossy(name),
        "inputs": {
            "reference": {"label": lossy(name), "kind": "RPM", "packages": [
                {"nevra": null, "path": text(name), "sha256": null, "role": "subject"}]},
            "candidate": {"label": "new", "kind": "RPM", "packages": []}},
        "counts": counts,
        "coverage": {
            "packages": {"compared": 1, "removed": 0, "added": 0, "superseded": 0, "debug_reference": 0,
                         "debug_candidate": 0},
            "artifacts": {"identical": 0, "with_types": 1, "types_partly": 0, "symbols_only": 1, "no_exports": 0,
                          "removed": 0, "added": 0},
            "symbols": {"reference": 1, "candidate": 1, "need_types": 1, "typed": 1}},
        "packages": [{
            "nevra": {"reference": "foo-1-1.x86_64", "candidate": "foo-2-1.x86_64"}, "source": lossy(name),
            "matched_by": "name", "verdict": "incompatible",
            "artifacts": [artifact("types", "incompatible"), artifact("symbols-only", "undecided")]}],
        "findings": [
            finding(0, "break", Value::Null, name, None),
            finding(1, "review", own.clone(), name, None),
            finding(2, "break", lib.clone(), name, None),
            finding(3, "break", lib.clone(), name, Some(&lossy(name))),
            finding(4, "safe", lib.clone(), name, None),
        ],
        "gaps": [gap(Value::Null), gap(own), gap(lib)],
        "suppressions": [{"file": lossy(name), "line": 3, "state": "unused", "message": lossy(name)}],
        "symbol_sets": [[{"name": text(name), "demangled": null, "version": null, "is_default": null}]],
    });
    serde_json::from_value(value).expect("a document")
}

fn documents() -> [Document; 2] {
    [document(b"libfoo.so.1"), document(HOSTILE)]
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("written");
    String::from_utf8(out).expect("UTF-8")
}

fn schema(path: &str) -> Value {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).expect("a schema")).expect("JSON")
}

#[test]
fn sarif_keeps_to_the_schema_of_the_standard() {
    let schema = schema("tests/data/sarif-schema-2.1.0.json");
    for document in documents() {
        let log: Value = serde_json::from_str(&written(|out| sarif::write(&document, out))).expect("JSON");
        assert_eq!(common::validate(&schema, &log), Vec::<String>::new());
    }
    let wrong = json!({"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]});
    assert!(!common::validate(&schema, &wrong).is_empty(), "the validator finds what is wrong");
}

#[test]
fn sarif_says_what_the_document_says() {
    let document = document(b"libfoo.so.1");
    let log: Value = serde_json::from_str(&written(|out| sarif::write(&document, out))).expect("JSON");
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("results");
    let levels: Vec<&str> = results.iter().map(|result| result["level"].as_str().expect("a level")).collect();
    assert_eq!(levels, ["error", "warning", "error", "error", "note"]);
    for (result, finding) in results.iter().zip(&document.findings) {
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("an index") as usize];
        assert_eq!((&rule["id"], &result["ruleId"]), (&json!(finding.rule), &json!(finding.rule)));
        assert!(
            rule["help"]["text"].as_str().is_some_and(|text| text.contains("When it does no harm")),
            "{rule}"
        );
        assert_eq!(result["partialFingerprints"]["abideFinding/v1"], json!(finding.id));
        assert_eq!(result.get("suppressions").is_some(), finding.suppressed.is_some());
    }
    let place = &results[2]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(place, &json!({"uri": "libfoo.so.1", "uriBaseId": "CANDIDATE"}));
    let declared = &results[2]["relatedLocations"][0]["physicalLocation"];
    assert_eq!(declared["artifactLocation"]["uri"], json!("src/libfoo.so.1.h"));
    assert_eq!(declared["region"]["startLine"], json!(12));
    let notifications =
        run["invocations"][0]["toolExecutionNotifications"].as_array().expect("notifications");
    assert_eq!(notifications.len(), document.gaps.len() + document.suppressions.len());
    for notification in notifications {
        let index = notification["descriptor"]["index"].as_u64().expect("an index") as usize;
        assert_eq!(run["tool"]["driver"]["notifications"][index]["id"], notification["descriptor"]["id"]);
    }
}

#[test]
fn json_and_lines_keep_to_their_schemas() {
    let (whole, line) = (schema("schema/check-1.schema.json"), schema("schema/lines-1.schema.json"));
    for document in documents() {
        let value: Value = serde_json::from_str(&written(|out| json::write(&document, out))).expect("JSON");
        assert_eq!(common::validate(&whole, &value), Vec::<String>::new());
        for text in written(|out| jsonl::write(&document, out)).lines() {
            let value: Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(common::validate(&line, &value), Vec::<String>::new(), "{text}");
        }
    }
}

#[test]
fn lines_come_in_an_order_that_needs_no_look_ahead() {
    let document = document(HOSTILE);
    let lines = written(|out| jsonl::write(&document, out));
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |kind: &str| {
        lines.iter().filter(|line| line["type"] == kind).map(|line| &line["data"]).collect::<Vec<_>>()
    };
    assert_eq!((&lines[0]["type"], &lines[0]["data"]["schema"]), (&json!("begin"), &json!("abide.lines/1")));
    assert_eq!(lines.last().expect("a line")["type"], "end");
    assert_eq!(
        of("finding"),
        document.findings.iter().map(|f| json!(f)).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
    assert_eq!(of("gap").len(), document.gaps.len());
    assert_eq!((of("symbols").len(), of("suppression").len(), of("input").len()), (1, 1, 1));
    assert_eq!(of("finding")[0]["artifact"], text(HOSTILE), "bytes are kept");
    let at = |kind: &str| lines.iter().position(|line| line["type"] == kind).expect("a line");
    assert!(at("symbols") < at("finding"), "symbols come before the first finding that refers to them");
}

/// Elements of an XML text with their attributes, decoded.
fn elements(xml: &str) -> Vec<(String, Vec<(String, String)>)> {
    use quick_xml::events::Event;
    use quick_xml::events::attributes::Attribute;
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut found = Vec::new();
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Eof => return found,
            Event::Start(start) | Event::Empty(start) => {
                let attribute = |attribute: Attribute<'_>| {
                    let value = quick_xml::escape::unescape(&attribute.value).expect("escapes").into_owned();
                    (attribute.key.as_ref().to_owned(), value)
                };
                let attributes = start.attributes().map(|a| attribute(a.expect("an attribute"))).collect();
                found.push((start.name().as_ref().to_owned(), attributes));
            }
            _ => {}
        }
    }
}

#[test]
fn junit_has_a_case_for_everything_compared() {
    let document = document(b"libfoo.so.1");
    for (review, failures) in [(Review::Failure, 3), (Review::Output, 2)] {
        let found = elements(&written(|out| junit::write(&document, review, out)));
        let of = |name: &str| found.iter().filter(|(found, _)| found == name).collect::<Vec<_>>();
        // The whole, the package, and two artifacts.
        assert_eq!((of("testsuite").len(), of("testcase").len()), (2, 4));
        assert_eq!((of("failure").len(), of("skipped").len()), (failures, 1));
        let root = &of("testsuites")[0].1;
        for (name, value) in [("tests", 4), ("failures", failures), ("errors", 0)] {
            assert!(root.contains(&(name.to_owned(), value.to_string())), "{name}: {root:?}");
        }
        assert!(of("testsuite")[1].1.contains(&("skipped".to_owned(), "1".to_owned())), "the package's");
        let names: Vec<_> = of("testcase").iter().map(|case| case.1[0].1.clone()).collect();
        assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), 4, "{names:?}");
    }
}

#[test]
fn every_format_has_every_finding_and_gap() {
    for document in documents() {
        let verbose = TextOptions { all: true, verbose: true, coverage: true, ..TextOptions::default() };
        let formats = [
            ("text", render(&document, &verbose)),
            ("json", written(|out| json::write(&document, out))),
            ("jsonl", written(|out| jsonl::write(&document, out))),
            ("sarif", written(|out| sarif::write(&document, out))),
            ("junit", written(|out| junit::write(&document, Review::Failure, out))),
            ("html", written(|out| html::write(&document, out))),
        ];
        for (name, text) in formats {
            for finding in &document.findings {
                let needle =
                    if name == "html" { format!("id=\"f-{}\"", finding.id) } else { finding.id.clone() };
                assert_eq!(text.matches(&needle).count(), 1, "{name}: {}", finding.id);
            }
            let gaps = text.matches("no-debug-info").count();
            let more = if name == "sarif" { 1 } else { 0 };
            assert_eq!(gaps, document.gaps.len() + more, "{name}");
            let is_programs = matches!(name, "json" | "jsonl");
            assert!(is_programs || !text.contains('\u{1b}'), "{name}: nothing steers a terminal");
        }
    }
}

#[test]
fn hostile_names_do_no_harm_and_stay_visible() {
    let document = document(HOSTILE);
    let page = written(|out| html::write(&document, out));
    assert!(!page.contains("<script>alert"), "markup in names is escaped");
    assert_eq!(page.matches("<script>").count(), 1, "the page's own");
    let xml = written(|out| junit::write(&document, Review::Failure, out));
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(xml.chars().all(allowed), "XML 1.0 §2.2");
    for (name, text) in [("html", &page), ("junit", &xml)] {
        assert!(!text.contains('\u{202e}'), "{name}: nothing runs backwards");
        assert!(text.contains("\\u{8}") && text.contains("\\u{202e}") && text.contains("\\xff"), "{name}");
    }
    let cases: Vec<_> = elements(&xml).into_iter().filter(|(name, _)| name == "testcase").collect();
    assert!(cases.iter().any(|case| case.1[0].1.starts_with("<script>")), "{cases:?}");
}

#[test]
fn pages_of_a_site_link_to_each_other_and_to_nothing_else() {
    for document in documents() {
        let mut pages = std::collections::BTreeMap::new();
        html::site::write(&document, &mut |path, bytes| {
            let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
            assert!(pages.insert(path.to_owned(), text).is_none(), "{path} is written once");
            Ok(())
        })
        .expect("written");
        assert!(pages.contains_key("abide-site.json") && pages.contains_key("report.jsonl"));
        let mut linked = std::collections::BTreeSet::new();
        for (path, text) in pages.iter().filter(|(path, _)| path.ends_with(".html")) {
            assert!(!text.contains("<script>") && !text.contains("://"), "{path}");
            for attribute in ["href=\"", "src=\""] {
                for link in text.split(attribute).skip(1) {
                    let link = link.split('"').next().expect("an end");
                    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                    let target = match link.strip_prefix("../") {
                        Some(rest) => rest.to_owned(),
                        None if folder.is_empty() => link.to_owned(),
                        None => format!("{folder}/{link}"),
                    };
                    assert!(pages.contains_key(&target), "{path} links to {link}");
                    linked.insert(target);
                }
            }
        }
        let pages_only: Vec<_> = pages.keys().filter(|path| path.ends_with(".html")).collect();
        assert!(
            pages_only.iter().all(|path| linked.contains(*path)),
            "every page can be reached: {pages_only:?}"
        );
        for finding in document.findings.iter() {
            let shown =
                pages.values().filter(|page| page.starts_with("<!DOCTYPE") && page.contains(&finding.id));
            assert!(shown.count() >= 1, "{}", finding.id);
        }
    }
}

#[test]
fn anchors_of_a_page_are_unique() {
    let page = written(|out| html::write(&document(b"libfoo.so.1"), out));
    let ids: Vec<&str> =
        page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().expect("an end")).collect();
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len(), "anchors are unique");
}
