//! A small JSON Schema validator: what the schemas of this crate and of SARIF use, and a panic for anything else, so
//! that no keyword is passed over in silence.

use serde_json::{Map, Value};

/// Keywords that state nothing about an instance.
const NOTES: [&str; 8] =
    ["$schema", "$id", "$defs", "definitions", "title", "description", "default", "deprecated"];

/// What is wrong with `value`, by the whole schema `root`.
pub(crate) fn validate(root: &Value, value: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    Validator { root }.check(root, value, "", &mut errors);
    errors
}

struct Validator<'a> {
    root: &'a Value,
}

impl Validator<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
        let schema = match schema {
            Value::Bool(true) => return,
            Value::Bool(false) => return errors.push(format!("{at}: nothing is allowed here")),
            schema => schema.as_object().expect("a schema is an object"),
        };
        for (keyword, rule) in schema {
            if let Err(error) = self.keyword(keyword, rule, schema, value, at, errors) {
                errors.push(format!("{at}: {error}"));
            }
        }
    }

    fn keyword(
        &self,
        keyword: &str,
        rule: &Value,
        schema: &Map<String, Value>,
        value: &Value,
        at: &str,
        errors: &mut Vec<String>,
    ) -> Result<(), String> {
        let number = || rule.as_f64().expect("a number");
        match keyword {
            "$ref" => self.check(self.target(rule), value, at, errors),
            "type" => {
                let types = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                ensure(types.iter().any(|name| has_type(value, name)), || format!("{value} is no {rule}"))?;
            }
            "enum" => ensure(rule.as_array().is_some_and(|all| all.contains(value)), || {
                format!("{value} is none of {rule}")
            })?,
            "const" => ensure(rule == value, || format!("{value} is not {rule}"))?,
            "minimum" => ensure(value.as_f64().is_none_or(|found| found >= number()), || {
                format!("{value} is too small")
            })?,
            "maximum" => ensure(value.as_f64().is_none_or(|found| found <= number()), || {
                format!("{value} is too large")
            })?,
            "minItems" => {
                let enough = value.as_array().is_none_or(|items| items.len() as f64 >= number());
                ensure(enough, || "too few items".to_owned())?;
            }
            "uniqueItems" if rule == true => {
                let items = value.as_array().cloned().unwrap_or_default();
                let unique = items.iter().enumerate().all(|(at, item)| !items[..at].contains(item));
                ensure(unique, || "an item is there twice".to_owned())?;
            }
            "uniqueItems" => {}
            "required" => {
                let has = |name: &Value| value.get(name.as_str().expect("a name")).is_some();
                let missing = rule.as_array().expect("names").iter().find(|name| !has(name));
                ensure(!value.is_object() || missing.is_none(), || format!("{missing:?} is missing"))?;
            }
            "properties" => {
                for (name, rule) in rule.as_object().expect("properties") {
                    if let Some(member) = value.get(name) {
                        self.check(rule, member, &format!("{at}/{name}"), errors);
                    }
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                let members = value.as_object().into_iter().flatten();
                for (name, member) in
                    members.filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)))
                {
                    self.check(rule, member, &format!("{at}/{name}"), errors);
                }
            }
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(rule, item, &format!("{at}/{number}"), errors);
                }
            }
            "anyOf" | "oneOf" => {
                let fits = |rule: &&Value| {
                    let mut own = Vec::new();
                    self.check(rule, value, at, &mut own);
                    own.is_empty()
                };
                let fitting = rule.as_array().expect("schemas").iter().filter(fits).count();
                let right = if keyword == "oneOf" { fitting == 1 } else { fitting > 0 };
                ensure(right, || format!("{fitting} of the {keyword} fit {value}"))?;
            }
            "pattern" => {
                let pattern =
                    regex::Regex::new(rule.as_str().expect("a pattern")).expect("a regular expression");
                ensure(value.as_str().is_none_or(|text| pattern.is_match(text)), || {
                    format!("{value} is not like {rule}")
                })?;
            }
            "format" => ensure(value.as_str().is_none_or(|text| has_format(text, rule)), || {
                format!("{value} is no {rule}")
            })?,
            note if NOTES.contains(&note) => {}
            other => panic!("the keyword {other} is not known here"),
        }
        Ok(())
    }

    fn target(&self, rule: &Value) -> &Value {
        let path = rule.as_str().and_then(|rule| rule.strip_prefix('#')).expect("a reference in the schema");
        self.root.pointer(path).expect("the reference leads somewhere")
    }
}

fn ensure(right: bool, error: impl FnOnce() -> String) -> Result<(), String> {
    if right { Ok(()) } else { Err(error()) }
}

fn has_type(value: &Value, name: &Value) -> bool {
    match name.as_str().expect("a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the type {other} is not known here"),
    }
}

/// RFC 3986's characters for references; integers say nothing more than their range.
fn has_format(text: &str, format: &Value) -> bool {
    let is_uri = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    match format.as_str().expect("a format") {
        "uri" => text.contains(':') && text.chars().all(is_uri),
        "uri-reference" => {
            text.chars().all(is_uri) && !text.split('/').next().is_some_and(|first| first.contains(':'))
        }
        "uint" | "uint32" | "uint64" | "date-time" => true,
        other => panic!("the format {other} is not known here"),
    }
}
