//! The schema that is checked in is the one that the code states.

/// To renew it after a change of the document: `ABIDE_UPDATE_SCHEMA=1 cargo test --release -p abide-report`.
#[test]
fn the_schema_in_the_tree_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/check-1.schema.json");
    let current = abide_report::json::schema();
    if std::env::var_os("ABIDE_UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &current).expect("the schema is written");
    }
    let in_tree = std::fs::read_to_string(path).expect("the schema is in the tree");
    assert_eq!(in_tree, current, "renew it with ABIDE_UPDATE_SCHEMA=1");
}
