//! The house's arrows: which crate may depend on which, and what the pure crates may not touch.
//!
//! Tests only: `cargo test -p xtask` asserts the table of ARCHITECTURE.md.

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use crate::workspace;

    /// Crate and what it may depend on among ours, for the program. A new crate must be entered here.
    const ARROWS: &[(&str, &[&str])] = &[
        ("abide-model", &[]),
        ("abide-read", &["abide-model"]),
        ("abide-engine", &["abide-model"]),
        ("abide-distro", &["abide-engine", "abide-model"]),
        ("abide-source", &["abide-model"]),
        ("abide-bug", &["abide-model"]),
        ("abide-report", &["abide-bug", "abide-distro", "abide-engine", "abide-model", "abide-source"]),
        (
            "abide-cli",
            &[
                "abide-bug",
                "abide-distro",
                "abide-engine",
                "abide-model",
                "abide-read",
                "abide-report",
                "abide-source",
            ],
        ),
        ("mutants", &["abide-distro", "abide-model", "abide-read"]),
        ("testkit", &["abide-bug", "abide-model", "abide-read", "abide-source"]),
        ("xtask", &["abide-read", "testkit"]),
    ];

    /// Crates that open no file and no socket and read no environment and no clock.
    const PURE: &[&str] = &["abide-model", "abide-engine", "abide-distro", "abide-source", "abide-bug"];

    /// What would break that.
    const IMPURE: &[&str] = &[
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::io::stdin",
        "SystemTime",
        "Instant::now",
        "File::open",
    ];

    /// Our crates with our crates among their dependencies that are not for tests only.
    fn actual() -> BTreeMap<String, BTreeSet<String>> {
        let metadata = workspace::metadata().unwrap();
        let members: BTreeSet<&str> =
            metadata["workspace_members"].as_array().unwrap().iter().filter_map(|m| m.as_str()).collect();
        let ours: Vec<_> = workspace::packages(&metadata)
            .iter()
            .filter(|p| members.contains(p["id"].as_str().unwrap()))
            .collect();
        let names: BTreeSet<&str> = ours.iter().filter_map(|p| p["name"].as_str()).collect();
        ours.iter()
            .map(|package| {
                let needs = package["dependencies"].as_array().unwrap().iter();
                let needs = needs.filter(|d| d["kind"].as_str() != Some("dev"));
                let needs = needs.filter_map(|d| d["name"].as_str()).filter(|name| names.contains(name));
                (package["name"].as_str().unwrap().to_owned(), needs.map(str::to_owned).collect())
            })
            .collect()
    }

    #[test]
    fn crates_depend_only_along_the_arrows() {
        let actual = actual();
        let allowed: BTreeMap<&str, BTreeSet<&str>> =
            ARROWS.iter().map(|(name, needs)| (*name, needs.iter().copied().collect())).collect();
        let mut wrong = Vec::new();
        for (name, needs) in &actual {
            match allowed.get(name.as_str()) {
                None => wrong.push(format!("{name} has no entry in ARROWS")),
                Some(may) => wrong.extend(
                    needs.iter().filter(|n| !may.contains(n.as_str())).map(|n| format!("{name} -> {n}")),
                ),
            }
        }
        assert!(actual.contains_key("abide-model"), "no crates found");
        assert!(wrong.is_empty(), "arrows against the table: {wrong:?}");
    }

    #[test]
    fn pure_crates_touch_nothing_outside() {
        let mut wrong = Vec::new();
        let mut seen = 0;
        for name in PURE {
            visit(&workspace::root().join("crates").join(name).join("src"), &mut |path, text| {
                seen += 1;
                // What follows is for tests only.
                let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
                for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                    wrong.extend(
                        IMPURE
                            .iter()
                            .filter(|word| line.contains(**word))
                            .map(|word| format!("{}: {word}", path.display())),
                    );
                }
            });
        }
        assert!(seen > 5, "only {seen} files looked at");
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    fn visit(folder: &Path, look: &mut impl FnMut(&Path, &str)) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().is_some_and(|name| name == "tests.rs" || name == "tests") {
                continue;
            }
            if path.is_dir() {
                visit(&path, look);
            } else if path.extension().is_some_and(|e| e == "rs") {
                look(&path, &std::fs::read_to_string(&path).unwrap());
            }
        }
    }
}
