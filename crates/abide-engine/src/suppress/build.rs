//! Sections of a suppression file → rules.
//!
//! Properties by libabigail's manual ("Suppression specifications") and its later releases. What is unknown is a
//! warning, for files are shared between versions of tools; what is known and wrong is an error.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use bstr::BString;

use super::error::{Notice, SuppressError};
use super::ini::{Property, Section, Value, error, shorten};
use super::offset::{Offset, Range};
use super::regexp::Regexp;
use super::spec::{
    Access, ChangeKind, FileSpec, KindSpec, NameSpec, ParameterSpec, Rule, Spec, SymbolSpec, TextSpec,
    TypeSpec,
};

/// Regular expressions and ranges of one file: each takes memory, and the file may come from a package.
pub(super) const MOST_EXPRESSIONS: usize = 5000;

/// A section at work.
struct Reader<'a> {
    file: &'a Arc<str>,
    section: &'a Section,
    /// By property: whether somebody asked for it.
    read: Vec<bool>,
    /// How many the file has up to here.
    expressions: &'a Cell<usize>,
    warnings: &'a mut Vec<Notice>,
}

/// Turns a section into a rule; `None` with a warning when it has no effect.
pub(super) fn rule(
    file: &Arc<str>,
    section: &Section,
    expressions: &Cell<usize>,
    warnings: &mut Vec<Notice>,
) -> Result<Option<Rule>, SuppressError> {
    let read = vec![false; section.properties.len()];
    let mut reader = Reader { file, section, read, expressions, warnings };
    let (verb, noun) = section.name.split_once('_').unwrap_or((&section.name, ""));
    let is_negated = match verb {
        "suppress" => false,
        "allow" => true,
        _ => return Ok(list(&mut reader)),
    };
    let spec = match noun {
        "type" => reader.type_spec(is_negated)?,
        "function" => reader.symbol_spec(false, is_negated)?,
        "variable" => reader.symbol_spec(true, is_negated)?,
        "file" => reader.file_spec(is_negated)?,
        _ => return Ok(list(&mut reader)),
    };
    let label = reader.text("label")?;
    reader.report_unknown();
    Ok(spec.map(|spec| made(file, section, label, spec)))
}

fn made(file: &Arc<str>, section: &Section, label: Option<String>, spec: Spec) -> Rule {
    let what = describe(section);
    let (file, line) = (file.clone(), section.line);
    let text = label.filter(|l| !l.is_empty()).unwrap_or_else(|| what.clone());
    Rule { reason: format!("{text} ({file}:{line})"), file, line, what, disabled: None, only_for: None, spec }
}

/// `[suppress_type] name = S, type_kind = struct`
fn describe(section: &Section) -> String {
    let shown = |p: &Property| match &p.value {
        Some(value) => format!("{} = {}", p.name, value.text().unwrap_or_else(|| "{…}".to_string())),
        None => p.name.clone(),
    };
    let parts: Vec<String> = section.properties.iter().take(3).map(shown).collect();
    let more = if section.properties.len() > 3 { ", …" } else { "" };
    format!("[{}] {}{more}", section.name, parts.join(", ")).trim_end().to_string()
}

/// A section that is a symbol list: those of libabigail's `--kmi-whitelist`, of Android's and of RHEL's lists, by
/// the end of their names.
fn list(reader: &mut Reader<'_>) -> Option<Rule> {
    const ENDS: [&str; 4] = ["whitelist", "stablelist", "symbol_list", "kabi_list"];
    let section = reader.section;
    if !ENDS.iter().any(|end| section.name.ends_with(end)) {
        reader.warn(section.line, format!("the section [{}] is unknown and was ignored", section.name));
        return None;
    }
    let names = section.properties.iter().filter(|p| p.value.is_none());
    let names = names.map(|p| BString::from(p.name.as_str())).collect();
    let spec = Spec::List(names);
    Some(Rule { what: format!("[{}]", section.name), ..made(reader.file, section, None, spec) })
}

impl Reader<'_> {
    fn warn(&mut self, line: u32, message: String) {
        self.warnings.push(Notice { file: self.file.to_string(), line, message });
    }

    fn report_unknown(&mut self) {
        let section = self.section;
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for (property, read) in section.properties.iter().zip(std::mem::take(&mut self.read)) {
            let name = &property.name;
            let is_new = seen.insert(name);
            if read {
                continue;
            } else if KNOWN.contains(&name.as_str()) && !is_new {
                self.warn(property.line, format!("{name} is given twice; the first counts"));
            } else {
                let text = format!("the property {name:?} is unknown in [{}] and was ignored", section.name);
                self.warn(property.line, text);
            }
        }
    }

    fn ignored(&mut self, needs: &str) {
        let section = self.section;
        self.warn(section.line, format!("[{}] has no effect: {needs}", section.name));
    }

    /// The first property of this name.
    fn find(&mut self, name: &str) -> Option<&Property> {
        let section = self.section;
        let at = section.properties.iter().position(|p| p.name == name)?;
        self.read[at] = true;
        Some(&section.properties[at])
    }

    fn fail(&self, line: u32, message: String, hint: &str) -> SuppressError {
        error(self.file, line, message, hint)
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, SuppressError> {
        let Some(Property { line, value, .. }) = self.find(name).cloned() else { return Ok(None) };
        match value.as_ref().and_then(Value::text) {
            Some(text) => Ok(Some(text)),
            None => {
                Err(self.fail(line, format!("{name} needs a value"), &format!("write it as {name} = VALUE")))
            }
        }
    }

    fn line_of(&self, name: &str) -> u32 {
        let found = self.section.properties.iter().find(|p| p.name == name);
        found.map_or(self.section.line, |p| p.line)
    }

    fn compile(&self, name: &str, text: &str) -> Result<Regexp, SuppressError> {
        self.count(name)?;
        Regexp::posix(text).map_err(|e| {
            let message = format!("{name}: the regular expression {:?} cannot be read: {e}", shorten(text));
            self.fail(
                self.line_of(name),
                message,
                "it must be a POSIX extended expression; write \\\\ for a backslash",
            )
        })
    }

    /// Counts what may hold a regular expression, of which a file may have only so many.
    fn count(&self, name: &str) -> Result<(), SuppressError> {
        self.expressions.set(self.expressions.get().saturating_add(1));
        if self.expressions.get() > MOST_EXPRESSIONS {
            let message =
                format!("the file has more than {MOST_EXPRESSIONS} regular expressions and offsets");
            return Err(self.fail(self.line_of(name), message, "join some of them with |"));
        }
        Ok(())
    }

    fn regexp(&mut self, name: &str) -> Result<Option<Regexp>, SuppressError> {
        let text = self.text(name)?;
        text.map(|text| self.compile(name, &text)).transpose()
    }

    fn list(&mut self, name: &str) -> Vec<String> {
        let value = self.find(name).and_then(|p| p.value.clone());
        value.map_or(Vec::new(), |v| v.list())
    }

    fn flag(&mut self, name: &str) -> Result<bool, SuppressError> {
        match self.text(name)?.as_deref() {
            None | Some("no" | "false") => Ok(false),
            Some("yes" | "true") => Ok(true),
            Some(other) => Err(self.fail(
                self.line_of(name),
                format!("{name} is {:?}", shorten(other)),
                "write yes or no",
            )),
        }
    }

    /// One of some words; an unknown one is an error, for ignoring it would suppress more.
    fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, SuppressError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        match found {
            Some(value) => Ok(Some(value)),
            None => {
                let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                let message = format!("{name} is {:?}", shorten(&text));
                Err(self.fail(self.line_of(name), message, &format!("write one of {}", all.join(", "))))
            }
        }
    }

    fn files(&mut self) -> Result<FileSpec, SuppressError> {
        Ok(FileSpec {
            name: self.regexp("file_name_regexp")?,
            name_not: self.regexp("file_name_not_regexp")?,
            soname: self.regexp("soname_regexp")?,
            soname_not: self.regexp("soname_not_regexp")?,
        })
    }

    fn name(&mut self, prefix: &str) -> Result<NameSpec, SuppressError> {
        Ok(NameSpec {
            name: self.text(prefix)?,
            regexp: self.regexp(&format!("{prefix}_regexp"))?,
            not_regexp: self.regexp(&format!("{prefix}_not_regexp"))?,
        })
    }

    fn file_spec(&mut self, is_negated: bool) -> Result<Option<Spec>, SuppressError> {
        let files = self.files()?;
        if files.is_empty() {
            self.ignored(
                "it needs file_name_regexp, file_name_not_regexp, soname_regexp or soname_not_regexp",
            );
            return Ok(None);
        }
        Ok(Some(Spec::File { files, is_negated }))
    }

    fn type_spec(&mut self, is_negated: bool) -> Result<Option<Spec>, SuppressError> {
        let drops = self.flag("drop")? | self.flag("drop_artifact")?;
        let spec = TypeSpec {
            drops,
            is_negated,
            files: self.files()?,
            name: self.name("name")?,
            kind: self.word("type_kind", &KINDS)?,
            location_not_in: self.list("source_location_not_in"),
            location_not_regexp: self.regexp("source_location_not_regexp")?,
            data_members: self.list("has_data_member"),
            data_members_regexp: self.regexp("has_data_member_regexp")?,
            access: self.word("accessed_through", &ACCESS)?,
            inserted: self.ranges()?,
            has_size_change: self.flag("has_size_change")?,
            flexible_array_conversion: self.flag("has_strict_flexible_array_data_member_conversion")?,
            enumerators: self.list("changed_enumerators"),
            enumerators_regexp: self.regexps("changed_enumerators_regexp")?,
        };
        if spec.has_enumerators() && spec.kind != Some(KindSpec::Enum) {
            self.ignored("changed_enumerators needs type_kind = enum");
            return Ok(None);
        }
        let enough = spec.looks_inside() || !spec.name.is_empty();
        if is_negated && !enough {
            self.ignored(
                "it needs a property that tells what to allow, such as name or has_data_member_regexp",
            );
            return Ok(None);
        }
        if !enough && spec.files.is_empty() && spec.kind.is_none() {
            self.ignored("it needs a name, type_kind, source location, file name or soname");
            return Ok(None);
        }
        Ok(Some(Spec::Type(Box::new(spec))))
    }

    fn regexps(&mut self, name: &str) -> Result<Vec<Regexp>, SuppressError> {
        self.list(name).iter().map(|text| self.compile(name, text)).collect()
    }

    fn ranges(&mut self) -> Result<Vec<Range>, SuppressError> {
        let mut out = Vec::new();
        let section = self.section;
        for (at, property) in section.properties.iter().enumerate() {
            let bad = |message: String| {
                let hint = "offsets are bits, end, offset_of(member), offset_after(member)";
                error(self.file, property.line, format!("{}: {message}", property.name), hint)
            };
            let value = property.value.as_ref();
            match property.name.as_str() {
                "has_data_member_inserted_at" => {
                    let text =
                        value.and_then(Value::text).ok_or_else(|| bad("needs one offset".to_string()))?;
                    out.push(Range::at(Offset::parse(&text).map_err(bad)?));
                }
                "has_data_member_inserted_between" => out.push(range(value).map_err(bad)?),
                "has_data_members_inserted_between" => {
                    let Some(Value::Tuple(items)) = value else {
                        return Err(bad("needs a list of ranges, {{a, b}, {c, d}}".to_string()));
                    };
                    for item in items {
                        self.count(&property.name)?;
                        out.push(range(Some(item)).map_err(bad)?);
                    }
                }
                _ => continue,
            }
            self.read[at] = true;
        }
        Ok(out)
    }

    fn symbol_spec(&mut self, is_variable: bool, is_negated: bool) -> Result<Option<Spec>, SuppressError> {
        // Early suppression saves libabigail memory; what is suppressed is the same.
        self.flag("drop")?;
        self.flag("drop_artifact")?;
        let text = if is_variable { "type_name" } else { "return_type_name" };
        let regexp = if is_variable { "type_name_regexp" } else { "return_type_regexp" };
        let mut types: Vec<TextSpec> = self.text(text)?.map(TextSpec::Text).into_iter().collect();
        types.extend(self.regexp(regexp)?.map(TextSpec::Regexp));
        let spec = SymbolSpec {
            is_variable,
            is_negated,
            files: self.files()?,
            name: self.name("name")?,
            change: self.word("change_kind", &CHANGES)?.unwrap_or(ChangeKind::All),
            symbol: self.name("symbol_name")?,
            version: self.name("symbol_version")?,
            parameters: if is_variable { Vec::new() } else { self.parameters()? },
            types,
            allow_other_aliases: self.flag("allow_other_aliases")?,
        };
        let names = [&spec.name, &spec.symbol, &spec.version];
        let enough =
            names.iter().any(|n| !n.is_empty()) || !spec.parameters.is_empty() || !spec.types.is_empty();
        // A label alone stands for all functions (or variables), by the manual.
        let labelled = !is_negated && self.section.properties.iter().any(|p| p.name == "label");
        if !enough && !labelled && (is_negated || spec.files.is_empty()) {
            self.ignored("it needs a name, symbol, version, type, file name or soname");
            return Ok(None);
        }
        Ok(Some(Spec::Symbol(Box::new(spec))))
    }

    fn parameters(&mut self) -> Result<Vec<ParameterSpec>, SuppressError> {
        let section = self.section;
        let mut out = Vec::new();
        for (at, property) in section.properties.iter().enumerate().filter(|(_, p)| p.name == "parameter") {
            self.read[at] = true;
            let text = property.value.as_ref().and_then(Value::text).unwrap_or_default();
            let parsed = text.strip_prefix('\'').and_then(|t| t.trim_start().split_once(char::is_whitespace));
            let index = parsed.and_then(|(index, _)| index.parse::<usize>().ok());
            let (Some((_, ty)), Some(index)) = (parsed, index) else {
                let message = format!("parameter is {:?}", shorten(&text));
                return Err(self.fail(
                    property.line,
                    message,
                    "write it as parameter = '0 int or '0 /regexp/",
                ));
            };
            let ty = ty.trim();
            let regexp = ty.strip_prefix('/').and_then(|t| t.strip_suffix('/'));
            let ty = match regexp {
                Some(regexp) => TextSpec::Regexp(self.compile("parameter", regexp)?),
                None => TextSpec::Text(ty.to_string()),
            };
            out.push(ParameterSpec { index, ty });
        }
        Ok(out)
    }
}

fn range(value: Option<&Value>) -> Result<Range, String> {
    match value {
        Some(Value::Tuple(items)) if items.len() == 2 => {
            let offset = |item: &Value| item.text().ok_or("an offset is a tuple".to_string());
            Ok(Range { from: Offset::parse(&offset(&items[0])?)?, to: Offset::parse(&offset(&items[1])?)? })
        }
        _ => Err("needs a range, {first, last}".to_string()),
    }
}

const KINDS: [(&str, KindSpec); 7] = [
    ("class", KindSpec::Class),
    ("struct", KindSpec::Struct),
    ("union", KindSpec::Union),
    ("enum", KindSpec::Enum),
    ("array", KindSpec::Array),
    ("typedef", KindSpec::Typedef),
    ("builtin", KindSpec::Builtin),
];

const ACCESS: [(&str, Access); 4] = [
    ("direct", Access::Direct),
    ("pointer", Access::Pointer),
    ("reference", Access::Reference),
    ("reference-or-pointer", Access::ReferenceOrPointer),
];

/// The manual has the words of functions for variables too.
const CHANGES: [(&str, ChangeKind); 7] = [
    ("function-subtype-change", ChangeKind::Changed),
    ("added-function", ChangeKind::Added),
    ("deleted-function", ChangeKind::Deleted),
    ("variable-subtype-change", ChangeKind::Changed),
    ("added-variable", ChangeKind::Added),
    ("deleted-variable", ChangeKind::Deleted),
    ("all", ChangeKind::All),
];

/// Properties that some section knows.
const KNOWN: [&str; 20] = [
    "accessed_through",
    "allow_other_aliases",
    "change_kind",
    "changed_enumerators",
    "changed_enumerators_regexp",
    "drop",
    "drop_artifact",
    "file_name_not_regexp",
    "file_name_regexp",
    "has_data_member",
    "has_data_member_regexp",
    "has_size_change",
    "label",
    "name",
    "name_not_regexp",
    "name_regexp",
    "soname_not_regexp",
    "soname_regexp",
    "symbol_name",
    "type_kind",
];
