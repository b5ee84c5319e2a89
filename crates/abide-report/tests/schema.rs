//! The schemas that are checked in are the ones that the code states.

/// To renew them after a change: `ABIDE_UPDATE_SCHEMA=1 cargo test --release -p abide-report`.
fn is_current(name: &str, current: &str) {
    let path = format!("{}/schema/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("ABIDE_UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, current).expect("the schema is written");
    }
    let in_tree = std::fs::read_to_string(&path).expect("the schema is in the tree");
    assert_eq!(in_tree, current, "renew it with ABIDE_UPDATE_SCHEMA=1");
}

#[test]
fn the_schema_of_the_document_is_current() {
    is_current("check-1.schema.json", &abide_report::json::schema());
}

#[test]
fn the_schema_of_lines_is_current() {
    is_current("lines-1.schema.json", &abide_report::jsonl::schema());
}

#[test]
fn the_schema_of_the_lint_of_sources_is_current() {
    is_current("source-lint-1.schema.json", &abide_report::source::lint::schema());
}

#[test]
fn the_schema_of_the_ledger_is_current() {
    is_current("ledger-1.schema.json", &abide_report::source::ledger::schema());
}

#[test]
fn the_schema_of_who_is_current() {
    is_current("who-1.schema.json", &abide_report::who::schema());
}

#[test]
fn the_schema_of_the_record_of_imports_is_current() {
    is_current("source-import-1.schema.json", &abide_report::source::import::schema());
}

#[test]
fn the_schema_of_programs_is_current() {
    is_current("app-1.schema.json", &abide_report::app::schema());
    is_current("app-lines-1.schema.json", &abide_report::app::lines_schema());
}

#[test]
fn the_schemas_of_bugs_are_current() {
    is_current("bug-matrix-1.schema.json", &abide_report::bug::matrix_schema());
    is_current("bug-bisect-1.schema.json", &abide_report::bug::bisect_schema());
    is_current("bug-list-1.schema.json", &abide_report::bug::list_schema());
}
