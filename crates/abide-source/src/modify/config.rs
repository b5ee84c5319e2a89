//! The modification file: what it may say, and the errors that name the line where it says something else.

use super::origin::Origin;
use super::yaml::{self, Data, Node};

/// A modification file.
#[derive(Clone, Debug, Default)]
pub struct Modifications {
    /// What holds for the whole file.
    pub parameters: Parameters,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

/// What holds for the whole file.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// Whether added patches and sources are marked by a comment.
    pub insert_marker: bool,
    /// Whose name the marks carry.
    pub vendor: String,
    /// The version is taken as written for the changelog.
    pub ignore_version_macros: bool,
    /// The release is taken as written for the changelog.
    pub ignore_release_macros: bool,
    /// What tags that count builds start with.
    pub tag_prefix: String,
    /// The release of Enterprise Linux that macros are expanded for.
    pub el_version: Option<String>,
}

impl Default for Parameters {
    fn default() -> Self {
        Parameters {
            insert_marker: true,
            vendor: "AlmaLinux".into(),
            ignore_version_macros: false,
            ignore_release_macros: false,
            tag_prefix: String::new(),
            el_version: None,
        }
    }
}

/// One entry of one action.
#[derive(Clone, Debug)]
pub struct Step {
    /// Line of the entry in the modification file, from 1.
    pub line: usize,
    /// What is done.
    pub action: Action,
    /// Where it comes from and why.
    pub origin: Option<Origin>,
}

/// What is done.
#[derive(Clone, Debug)]
pub enum Action {
    /// Replaces text.
    Replace(Replace),
    /// Deletes whole lines.
    DeleteLine {
        /// In which file.
        target: String,
        /// Lines or blocks, each with its line in the modification file.
        blocks: Vec<(usize, String)>,
    },
    /// Adds a suffix to the release.
    ModifyRelease {
        /// The suffix.
        suffix: String,
        /// Whether it is done.
        enabled: bool,
        /// Whether the suffix counts on from existing tags.
        auto_increment: bool,
    },
    /// Adds an entry to the changelog.
    ChangelogEntry {
        /// Who.
        name: String,
        /// Whose address.
        email: String,
        /// What.
        lines: Vec<String>,
    },
    /// Adds a patch or a source.
    AddFile(AddFile),
    /// Deletes a file.
    DeleteFile(String),
    /// Runs a script.
    RunScript {
        /// Its name under `scripts/`.
        script: String,
        /// Where it runs.
        place: Place,
    },
    /// Adds lines to a section.
    AddLine(AddLine),
}

impl Action {
    /// The action's name in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Action::Replace(_) => "replace",
            Action::DeleteLine { .. } => "delete_line",
            Action::ModifyRelease { .. } => "modify_release",
            Action::ChangelogEntry { .. } => "changelog_entry",
            Action::AddFile(_) => "add_files",
            Action::DeleteFile(_) => "delete_files",
            Action::RunScript { .. } => "run_script",
            Action::AddLine(_) => "add_line",
        }
    }
}

/// Replaces text.
#[derive(Clone, Debug)]
pub struct Replace {
    /// In which file, or files when it is a pattern.
    pub target: String,
    /// What is looked for.
    pub find: Find,
    /// What takes its place.
    pub replace: String,
    /// How often at most in each file; `None` for every time.
    pub count: Option<usize>,
}

/// What is looked for.
#[derive(Clone, Debug)]
pub enum Find {
    /// This text.
    Text(String),
    /// What a regular expression matches.
    Pattern(String),
}

/// Adds a patch or a source.
#[derive(Clone, Debug)]
pub struct AddFile {
    /// Which of the two.
    pub kind: crate::spec::sources::Kind,
    /// Its file, under `files/` beside the modification file.
    pub name: String,
    /// Its number; `None` for the next one.
    pub number: Option<u32>,
    /// Whether the spec names it.
    pub modify_spec: bool,
    /// Whether it is marked; `None` as the parameters say.
    pub insert_marker: Option<bool>,
    /// Whether the patch is applied without keeping what it changes.
    pub no_backup: bool,
}

/// Where a script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the package.
    Package,
    /// Beside the modification file.
    Modifications,
}

/// Adds lines to a section.
#[derive(Clone, Debug)]
pub struct AddLine {
    /// The section's name.
    pub section: String,
    /// Of which subpackage.
    pub subpackage: Option<String>,
    /// At its end rather than its start.
    pub bottom: bool,
    /// What is added.
    pub content: String,
}

/// What is wrong with a modification file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ConfigError {
    /// Where, from 1.
    pub line: usize,
    /// What.
    pub message: String,
}

impl From<yaml::YamlError> for ConfigError {
    fn from(error: yaml::YamlError) -> Self {
        ConfigError { line: error.line, message: error.message }
    }
}

type Result<T> = std::result::Result<T, ConfigError>;

fn wrong<T>(node: &Node, message: impl Into<String>) -> Result<T> {
    Err(ConfigError { line: node.line, message: message.into() })
}

/// Reads a modification file.
pub fn read(text: &str) -> Result<Modifications> {
    let Some(root) = yaml::read(text)? else {
        return Err(ConfigError { line: 1, message: "the file is empty".into() });
    };
    let top = Fields::new(&root, "the file", &["parameters", "actions"])?;
    let parameters = match top.get("parameters") {
        Some(node) if !node.is_null() => parameters(node)?,
        _ => Parameters::default(),
    };
    let mut steps = Vec::new();
    for action in list(top.need("actions")?, "actions")? {
        read_action(action, &mut steps)?;
    }
    Ok(Modifications { parameters, steps })
}

fn parameters(node: &Node) -> Result<Parameters> {
    const KEYS: &[&str] = &[
        "insert_almalinux_line",
        "custom_target_branch",
        "pre_clean",
        "ignore_version_macros",
        "ignore_release_macros",
        "tag_prefix",
        "el_version",
        "vendor",
    ];
    let fields = Fields::new(node, "parameters", KEYS)?;
    let default = Parameters::default();
    // Of interest to what commits and pushes; checked here, used there.
    fields.text("custom_target_branch")?;
    fields.truth("pre_clean")?;
    Ok(Parameters {
        insert_marker: fields.truth("insert_almalinux_line")?.unwrap_or(default.insert_marker),
        vendor: fields.text("vendor")?.unwrap_or(default.vendor),
        ignore_version_macros: fields.truth("ignore_version_macros")?.unwrap_or(false),
        ignore_release_macros: fields.truth("ignore_release_macros")?.unwrap_or(false),
        tag_prefix: fields.text("tag_prefix")?.unwrap_or_default(),
        el_version: fields.text("el_version")?,
    })
}

fn read_action(node: &Node, steps: &mut Vec<Step>) -> Result<()> {
    let Data::Map(entries) = &node.data else {
        return wrong(node, format!("an action is a mapping with one key, its name; found {}", node.kind()));
    };
    let [(key, value)] = entries.as_slice() else {
        return wrong(node, "an action is a mapping with one key, its name");
    };
    let name = key.text().unwrap_or_default();
    let Some((name, keys)) = ACTIONS.iter().find(|(known, _)| *known == name) else {
        let near = ACTIONS.iter().map(|(known, _)| *known);
        return wrong(key, format!("there is no action {name:?}{}", did_you_mean(name, near)));
    };
    for entry in list(value, name)? {
        let mut known = keys.to_vec();
        known.push("origin");
        let fields = Fields::new(entry, name, &known)?;
        let origin = match fields.get("origin") {
            Some(node) if !node.is_null() => Some(super::origin::read(node)?),
            _ => None,
        };
        let action = entry_of(name, &fields)?;
        steps.push(Step { line: entry.line, action, origin });
    }
    Ok(())
}

/// The actions and the keys of their entries.
const ACTIONS: &[(&str, &[&str])] = &[
    ("replace", &["target", "find", "rfind", "replace", "count"]),
    ("delete_line", &["target", "lines"]),
    ("modify_release", &["suffix", "enabled", "auto_increment"]),
    ("changelog_entry", &["name", "email", "line"]),
    ("add_files", &["type", "name", "number", "modify_spec", "insert_almalinux_line", "no_backup"]),
    ("delete_files", &["file_name"]),
    ("run_script", &["script", "cwd"]),
    ("add_line", &["target", "section", "location", "content", "subpackage"]),
];

fn entry_of(action: &str, fields: &Fields<'_>) -> Result<Action> {
    match action {
        "replace" => replace(fields),
        "delete_line" => delete_line(fields),
        "modify_release" => modify_release(fields),
        "changelog_entry" => Ok(Action::ChangelogEntry {
            name: fields.need_text("name")?,
            email: fields.need_text("email")?,
            lines: texts(fields.need("line")?, "line")?.into_iter().map(|(_, text)| text).collect(),
        }),
        "add_files" => add_file(fields),
        "delete_files" => Ok(Action::DeleteFile(file_name(fields, "file_name")?)),
        "run_script" => Ok(Action::RunScript {
            script: file_name(fields, "script")?,
            place: match fields.text("cwd")?.as_deref() {
                None | Some("rpms") => Place::Package,
                Some("autopatch") => Place::Modifications,
                Some(other) => {
                    return wrong(fields.need("cwd")?, format!("cwd is rpms or autopatch, not {other:?}"));
                }
            },
        }),
        _ => add_line(fields),
    }
}

fn replace(fields: &Fields<'_>) -> Result<Action> {
    let find = match (fields.text("find")?, fields.text("rfind")?) {
        (Some(_), Some(_)) => return wrong(fields.need("rfind")?, "only one of find and rfind can be given"),
        (Some(text), None) => Find::Text(text),
        (None, Some(pattern)) => Find::Pattern(pattern),
        (None, None) => return wrong(fields.node, "replace needs find or rfind"),
    };
    if matches!(&find, Find::Text(text) | Find::Pattern(text) if text.trim().is_empty()) {
        return wrong(fields.node, "what is looked for is empty");
    }
    let count = match fields.whole("count")? {
        None | Some(-1) => None,
        Some(count) => match usize::try_from(count) {
            Ok(count) if count > 0 => Some(count),
            _ => return wrong(fields.need("count")?, "count is a number from 1 on, or -1 for all"),
        },
    };
    let replace = match fields.get("replace") {
        Some(node) if node.is_null() => String::new(),
        _ => fields.need_text("replace")?,
    };
    Ok(Action::Replace(Replace { target: target(fields)?, find, replace, count }))
}

fn delete_line(fields: &Fields<'_>) -> Result<Action> {
    let blocks = texts(fields.need("lines")?, "lines")?;
    if blocks.iter().any(|(_, text)| text.trim().is_empty()) {
        return wrong(fields.need("lines")?, "a line to delete is empty");
    }
    Ok(Action::DeleteLine { target: target(fields)?, blocks })
}

fn modify_release(fields: &Fields<'_>) -> Result<Action> {
    let suffix = fields.need_text("suffix")?;
    let auto_increment = fields.truth("auto_increment")?.unwrap_or(false);
    if suffix.trim().is_empty() || suffix.contains(char::is_whitespace) {
        return wrong(fields.need("suffix")?, "a suffix is neither empty nor holds white space");
    }
    if auto_increment && !suffix.ends_with(|c: char| c.is_ascii_digit()) {
        return wrong(fields.need("suffix")?, "with auto_increment the suffix ends with a number");
    }
    Ok(Action::ModifyRelease { suffix, enabled: fields.truth("enabled")?.unwrap_or(true), auto_increment })
}

fn add_file(fields: &Fields<'_>) -> Result<Action> {
    use crate::spec::sources::Kind;
    let kind = match fields.need_text("type")?.as_str() {
        "patch" => Kind::Patch,
        "source" => Kind::Source,
        other => return wrong(fields.need("type")?, format!("type is patch or source, not {other:?}")),
    };
    Ok(Action::AddFile(AddFile {
        kind,
        name: file_name(fields, "name")?,
        number: number(fields)?,
        modify_spec: fields.truth("modify_spec")?.unwrap_or(true),
        insert_marker: fields.truth("insert_almalinux_line")?,
        no_backup: fields.truth("no_backup")?.unwrap_or(false),
    }))
}

/// A number of a patch or source. `010` is eight for YAML 1.1 and ten for YAML 1.2: it is refused.
fn number(fields: &Fields<'_>) -> Result<Option<u32>> {
    let Some(node) = fields.get("number") else { return Ok(None) };
    let text = node.text().unwrap_or_default().trim();
    if text.eq_ignore_ascii_case("latest") {
        return Ok(None);
    }
    let Some(number) = crate::spec::sources::number(text).filter(|_| !text.is_empty()) else {
        return wrong(node, format!("number is a whole number or \"Latest\", not {text:?}"));
    };
    if number == 0 {
        return wrong(node, "number must be greater than 0");
    }
    let octal = u32::from_str_radix(text, 8).ok();
    if text.starts_with('0') && octal.is_some_and(|octal| octal != number) {
        return wrong(
            node,
            format!(
                "{text} is {} for some readers and {number} for others; leave the zeros out",
                octal.unwrap_or_default()
            ),
        );
    }
    Ok(Some(number))
}

fn add_line(fields: &Fields<'_>) -> Result<Action> {
    let target = target(fields)?;
    if target != "spec" {
        return wrong(fields.need("target")?, format!("add_line works on the spec only, not on {target:?}"));
    }
    let bottom = match fields.need_text("location")?.as_str() {
        "top" => false,
        "bottom" => true,
        other => return wrong(fields.need("location")?, format!("location is top or bottom, not {other:?}")),
    };
    Ok(Action::AddLine(AddLine {
        section: fields.need_text("section")?.trim_start_matches('%').to_ascii_lowercase(),
        subpackage: fields.text("subpackage")?,
        bottom,
        content: fields.need_text("content")?,
    }))
}

/// A path inside the package.
fn target(fields: &Fields<'_>) -> Result<String> {
    let target = fields.need_text("target")?;
    let odd = target.is_empty() || target.starts_with('/') || target.split('/').any(|part| part == "..");
    if odd {
        return wrong(fields.need("target")?, format!("{target:?} is not a file inside the package"));
    }
    Ok(target.trim_start_matches("./").to_owned())
}

/// A name without folders.
fn file_name(fields: &Fields<'_>, key: &str) -> Result<String> {
    let name = fields.need_text(key)?;
    if name.is_empty() || name.contains(['/', '\0', '\n']) || name == "." || name == ".." {
        return wrong(fields.need(key)?, format!("{name:?} is not the name of a file"));
    }
    Ok(name)
}

fn list<'a>(node: &'a Node, what: &str) -> Result<&'a [Node]> {
    match &node.data {
        Data::List(items) => Ok(items),
        _ => wrong(node, format!("{what} is a list; found {}", node.kind())),
    }
}

fn texts(node: &Node, what: &str) -> Result<Vec<(usize, String)>> {
    let items = list(node, what)?;
    if items.is_empty() {
        return wrong(node, format!("{what} is empty"));
    }
    items
        .iter()
        .map(|item| match item.text() {
            Some(text) if !item.is_null() => Ok((item.line, text.to_owned())),
            _ => wrong(item, format!("{what} holds {} where a text is expected", item.kind())),
        })
        .collect()
}

/// A mapping whose keys are known.
pub(crate) struct Fields<'a> {
    node: &'a Node,
    entries: &'a [(Node, Node)],
    what: &'a str,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(node: &'a Node, what: &'a str, known: &[&str]) -> Result<Self> {
        let Data::Map(entries) = &node.data else {
            return wrong(node, format!("an entry of {what} is a mapping; found {}", node.kind()));
        };
        let mut seen = std::collections::BTreeSet::new();
        for (key, _) in entries {
            let name = key.text().unwrap_or_default();
            if !known.contains(&name) {
                let near = did_you_mean(name, known.iter().copied());
                return wrong(
                    key,
                    format!("{what} has no key {name:?}{near}; it knows {}", known.join(", ")),
                );
            }
            if !seen.insert(name) {
                return wrong(key, format!("the key {name:?} is given twice"));
            }
        }
        Ok(Fields { node, entries, what })
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|(k, _)| k.text() == Some(key)).map(|(_, value)| value)
    }

    fn need(&self, key: &str) -> Result<&'a Node> {
        match self.get(key) {
            Some(node) => Ok(node),
            None => wrong(self.node, format!("{} needs {key}", self.what)),
        }
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<String>> {
        match self.get(key) {
            None => Ok(None),
            Some(node) if node.is_null() => Ok(None),
            Some(node) => match node.text() {
                Some(text) => Ok(Some(text.to_owned())),
                None => wrong(node, format!("{key} is a text; found {}", node.kind())),
            },
        }
    }

    fn need_text(&self, key: &str) -> Result<String> {
        let node = self.need(key)?;
        match self.text(key)? {
            Some(text) => Ok(text),
            None => wrong(node, format!("{key} is empty")),
        }
    }

    fn truth(&self, key: &str) -> Result<Option<bool>> {
        let Some(node) = self.get(key) else { return Ok(None) };
        match node.text().map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "yes" | "on") => Ok(Some(true)),
            Some("false" | "no" | "off") => Ok(Some(false)),
            _ => wrong(node, format!("{key} is true or false")),
        }
    }

    fn whole(&self, key: &str) -> Result<Option<i64>> {
        let Some(node) = self.get(key) else { return Ok(None) };
        match node.text().and_then(|text| text.trim().parse().ok()) {
            Some(number) => Ok(Some(number)),
            None => wrong(node, format!("{key} is a whole number")),
        }
    }
}

/// A hint at a known name that is near.
fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(String::new(), |(_, near)| format!(" (did you mean {near:?}?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_line() {
        for (text, line, words) in [
            ("", 1, "empty"),
            ("actions:\n  - frobnicate:\n    - x: 1\n", 2, "no action \"frobnicate\""),
            ("actions:\n  - replaces:\n    - x: 1\n", 2, "did you mean \"replace\""),
            (
                "actions:\n  - replace:\n    - target: spec\n      find: a\n      replace: b\n      foo: 1\n",
                6,
                "no key \"foo\"",
            ),
            (
                "actions:\n  - replace:\n    - target: spec\n      find: a\n      rfind: b\n      replace: b\n",
                5,
                "only one",
            ),
            (
                "actions:\n  - replace:\n    - target: ../x\n      find: a\n      replace: b\n",
                3,
                "inside the package",
            ),
            (
                "actions:\n  - replace:\n    - target: spec\n      find: a\n      replace: b\n      count: 0\n",
                6,
                "from 1 on",
            ),
            (
                "actions:\n  - add_files:\n    - type: patch\n      name: a\n      number: 0\n",
                5,
                "greater than 0",
            ),
            (
                "actions:\n  - add_files:\n    - type: patch\n      name: a\n      number: 0010\n",
                5,
                "leave the zeros out",
            ),
            ("actions:\n  - add_files:\n    - type: patch\n      name: ../a\n", 4, "not the name of a file"),
            ("actions:\n  - delete_files: x\n", 2, "is a list"),
            (
                "actions:\n  - modify_release:\n    - suffix: .alma\n      auto_increment: true\n",
                3,
                "ends with a number",
            ),
            ("actions: [\n", 2, ""),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error}");
            assert!(error.message.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn numbers_with_zeros_that_mean_the_same() {
        let text = "actions:\n  - add_files:\n    - type: patch\n      name: a\n      number: 0003\n";
        let steps = read(text).unwrap().steps;
        assert!(matches!(&steps[0].action, Action::AddFile(AddFile { number: Some(3), .. })));
    }
}
