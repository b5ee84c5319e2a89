//! Every format shows the same findings and gaps, and no name from a file steers the terminal.

use abide_report::Document;
use abide_report::text::{TextOptions, render};
use serde_json::{Value, json};

/// A finding of `rule` at `place` about `subject`.
fn finding(rule: &str, level: &str, place: Value, subject: Value) -> Value {
    let evidence = |value: &str| {
        json!({"value": value, "artifact": {"text": "/usr/lib64/libfoo.so.1"}, "section": ".dynsym", "offset": 64,
               "declaration": "/src/foo.h:12"})
    };
    json!({
        "id": format!("id-of-{rule}"), "rule": rule, "level": level, "place": place,
        "package": {"reference": "foo-1-1.x86_64", "candidate": "foo-2-1.x86_64"},
        "artifact": {"text": "libfoo.so.1"}, "subject": subject,
        "summary": format!("what {rule} found is a change that is long enough to need a second line in a report"),
        "why": format!("because of {rule}"),
        "reference": evidence("old value"), "candidate": evidence("new value"),
        "details": [
            {"what": "size", "old": "8 bytes", "new": "16 bytes", "rule": rule, "level": level},
            {"what": "member 'x'", "old": null, "new": "int", "rule": rule, "level": "safe"},
        ],
        "exposure": "by-value",
        "path": [{"via": "function f", "type": "int (struct s)"}, {"via": "parameter 1", "type": "struct s"}],
        "symbols": 0,
        "consumers": [{"package": "app-1-1.x86_64", "artifact": {"text": "/usr/bin/app"}, "symbols": 0,
                       "sides": ["reference", "candidate"]}],
        "suppressed": null,
    })
}

fn gap(place: Value, subject: Value, detail: &str) -> Value {
    json!({"kind": "no-debug-info", "side": "candidate", "place": place, "package": null, "artifact": null,
           "subject": subject, "detail": detail})
}

fn document() -> Document {
    let own = json!({"package": 0, "artifact": null});
    let lib = json!({"package": 0, "artifact": 0});
    let symbol = json!({"symbol": {"name": {"text": "f\u{1b}[31m"}, "demangled": null, "version": {"text": "FOO_1"},
                                    "is_default": true}});
    let file = json!({"path": {"bytes": "L3Vzci9saWI2NC//bGli"}, "package": "foo-1-1.x86_64", "sha256": "00",
                      "build_id": "01", "debug_info": null});
    let counts = json!({"breaks": 1, "reviews": 1, "safe": 2, "suppressed": 0, "gaps": 3});
    let value = json!({
        "schema": "abide.check/1", "tool": {"name": "abide", "version": "0"},
        "verdict": "incompatible", "reason": "a test says so",
        "inputs": {"reference": {"label": "old", "kind": "RPM", "packages": []},
                   "candidate": {"label": "new", "kind": "RPM", "packages": []}},
        "counts": counts,
        "coverage": {
            "packages": {"compared": 1, "removed": 0, "added": 0, "superseded": 0, "debug_reference": 0,
                         "debug_candidate": 0},
            "artifacts": {"identical": 0, "with_types": 1, "types_partly": 0, "symbols_only": 0, "no_exports": 0,
                          "removed": 0, "added": 0},
            "symbols": {"reference": 1, "candidate": 1, "need_types": 1, "typed": 1},
            "imports": {"total": 1, "resolved": 1, "lost": 0, "unresolved_on_both": 0, "unknown": 0}},
        "packages": [{
            "nevra": {"reference": "foo-1-1.x86_64", "candidate": "foo-2-1.x86_64"}, "matched_by": "name",
            "verdict": "incompatible",
            "artifacts": [{"name": {"text": "libfoo.so.1"}, "files": {"reference": file, "candidate": file},
                           "matched_by": "path", "compared": "types", "types_note": null,
                           "verdict": "incompatible", "counts": counts}]}],
        "findings": [
            finding("rule-a", "review", own.clone(), json!({"package": "foo"})),
            finding("rule-b", "break", lib.clone(), json!({"type": "struct s"})),
            finding("rule-c", "safe", lib.clone(), symbol),
            finding("rule-d", "safe", lib.clone(), json!("artifact")),
        ],
        "gaps": [
            gap(Value::Null, json!({"text": "side"}), "the side has a gap"),
            gap(own, json!({"text": "package"}), "the package has a gap"),
            gap(lib, json!({"bytes": "/w=="}), "the artifact has a gap"),
        ],
        "symbol_sets": [[{"name": {"text": "f"}, "demangled": null, "version": null, "is_default": null}]],
    });
    serde_json::from_value(value).expect("a document")
}

fn text(options: TextOptions) -> String {
    render(&document(), &options)
}

/// Without the line breaks of the layout.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn text_and_json_show_the_same_findings_and_gaps() {
    let document = document();
    let mut json = Vec::new();
    abide_report::json::write(&document, &mut json).expect("written");
    let read: Document = serde_json::from_slice(&json).expect("a document");
    assert_eq!(read, document);
    for verbose in [false, true] {
        let text = flat(&text(TextOptions { all: true, verbose, ..TextOptions::default() }));
        for finding in &read.findings {
            assert_eq!(text.matches(&format!("[{}]", finding.rule)).count(), 1, "{text}");
            for part in [&finding.summary, &finding.why] {
                assert!(text.contains(part.as_str()), "{part}: {text}");
            }
        }
        for gap in &read.gaps {
            assert_eq!(text.matches(&gap.detail).count(), 1, "{text}");
        }
    }
}

#[test]
fn safe_findings_are_counted_where_they_are_not_listed() {
    let text = flat(&text(TextOptions::default()));
    assert!(!text.contains("[rule-c]") && !text.contains("[rule-d]"), "{text}");
    assert!(text.contains("1 break, 1 review, 2 safe (listed with --all)"), "{text}");
}

#[test]
fn lines_keep_to_the_width_and_lose_nothing_by_it() {
    let wide = text(TextOptions { all: true, width: 160, ..TextOptions::default() });
    let narrow = text(TextOptions { all: true, width: 60, ..TextOptions::default() });
    assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
    assert_eq!(flat(&wide), flat(&narrow));
}

#[test]
fn colour_adds_nothing_but_colour() {
    let plain = text(TextOptions { all: true, ..TextOptions::default() });
    let colour = text(TextOptions { all: true, colour: true, ..TextOptions::default() });
    assert!(!plain.contains('\u{1b}'), "names cannot steer the terminal: {plain:?}");
    assert!(plain.contains("f\\u{1b}[31m@@FOO_1"), "{plain}");
    let mut stripped = String::new();
    let mut rest = colour.as_str();
    while let Some(start) = rest.find("\u{1b}[") {
        stripped.push_str(&rest[..start]);
        let end = rest[start..].find('m').expect("a style ends");
        rest = &rest[start + end + 1..];
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain);
}
