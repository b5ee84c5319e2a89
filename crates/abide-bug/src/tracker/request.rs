//! The call that makes a report: address, headers and body as each tracker's manual has them.

use serde_json::{Map, Value, json};

use super::Tracker;
use crate::bug::Bug;

/// A call, complete but for the token.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Where it goes, below the tracker's address.
    pub path: String,
    /// The header that carries the token, and what stands before it.
    pub token_header: (&'static str, &'static str),
    /// The body.
    pub body: Value,
    /// Where the answer names the report: a JSON pointer.
    pub answer: &'static str,
    /// Fields that must be given and were not.
    pub missing: Vec<&'static str>,
}

/// Makes the call for a bug. Fields that the bug's file names for the tracker win.
pub fn request(tracker: Tracker, bug: &Bug, summary: &str, text: &str) -> Request {
    let own = bug.fields.get(tracker.id());
    let field = |name: &str| own.and_then(|fields| fields.get(name)).cloned();
    let mut missing = Vec::new();
    let mut needed = |name: &'static str| {
        field(name).unwrap_or_else(|| {
            missing.push(name);
            String::new()
        })
    };
    let component = field("component").unwrap_or_else(|| bug.package.clone());
    let (path, token_header, body, answer) = match tracker {
        // Jira REST API v2, "Create issue"; the description is in its own markup.
        Tracker::Jira => {
            let mut fields = json!({
                "project": { "key": needed("project") },
                "summary": summary,
                "description": text,
                "issuetype": { "name": field("issuetype").unwrap_or_else(|| "Bug".to_owned()) },
                "components": [{ "name": component }],
            });
            if let (Some(version), Some(map)) = (field("version"), fields.as_object_mut()) {
                map.insert("versions".to_owned(), json!([{ "name": version }]));
            }
            (
                "/rest/api/2/issue".to_owned(),
                ("Authorization", "Bearer "),
                json!({ "fields": fields }),
                "/key",
            )
        }
        // Bugzilla's REST API, "Create Bug".
        Tracker::Bugzilla => {
            let body = json!({
                "product": needed("product"),
                "component": component,
                "version": needed("version"),
                "summary": summary,
                "description": text,
                "op_sys": field("op_sys").unwrap_or_else(|| "Linux".to_owned()),
                "rep_platform": field("rep_platform").unwrap_or_else(|| "All".to_owned()),
                "is_markdown": true,
            });
            ("/rest/bug".to_owned(), ("X-BUGZILLA-API-KEY", ""), body, "/id")
        }
        // MantisBT's REST API, "Create an issue".
        Tracker::Mantis => {
            let body = json!({
                "project": { "name": needed("project") },
                "category": { "name": field("category").unwrap_or(component) },
                "summary": summary,
                "description": text,
            });
            ("/api/rest/issues".to_owned(), ("Authorization", ""), body, "/issue/id")
        }
        // GitHub's REST API, "Create an issue".
        Tracker::Github => {
            let mut body = json!({ "title": summary, "body": text });
            labels(&mut body, field("labels"), |labels| json!(labels));
            (
                format!("/repos/{}/issues", needed("repository")),
                ("Authorization", "Bearer "),
                body,
                "/html_url",
            )
        }
        // GitLab's REST API, "New issue"; a project is named by its escaped path.
        Tracker::Gitlab => {
            let mut body = json!({ "title": summary, "description": text });
            labels(&mut body, field("labels"), |labels| json!(labels.join(",")));
            let project = needed("project").replace('/', "%2F");
            (format!("/api/v4/projects/{project}/issues"), ("PRIVATE-TOKEN", ""), body, "/web_url")
        }
    };
    Request { path, token_header, body, answer, missing }
}

/// Enters labels, which the bug's file has with commas between them.
fn labels(body: &mut Value, labels: Option<String>, form: impl Fn(Vec<&str>) -> Value) {
    let Some(labels) = labels else { return };
    let labels = labels.split(',').map(str::trim).filter(|label| !label.is_empty()).collect();
    let empty = &mut Map::new();
    body.as_object_mut().unwrap_or(empty).insert("labels".to_owned(), form(labels));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Cell, Finding, Role};
    use crate::parse::parse;
    use crate::route::route;
    use crate::tracker::{Environment, Evidence, body};

    fn bug(head: &str) -> Bug {
        let text = format!(
            "title = \"ends | early\"\npackage = \"foo\"\n[reproducer]\nscript = \"a\\n```\\nb\"\n{head}"
        );
        parse("b.toml", text.as_bytes()).unwrap()
    }

    #[test]
    fn fields_that_must_be_given_are_named() {
        for (tracker, missing) in [
            (Tracker::Jira, &["project"][..]),
            (Tracker::Bugzilla, &["product", "version"]),
            (Tracker::Mantis, &["project"]),
            (Tracker::Github, &["repository"]),
            (Tracker::Gitlab, &["project"]),
        ] {
            assert_eq!(request(tracker, &bug(""), "s", "t").missing, missing);
        }
    }

    #[test]
    fn calls_are_as_the_manuals_have_them() {
        let with = bug(
            "[tracker.jira]\nproject = \"RHEL\"\nversion = \"CentOS Stream 9\"\n[tracker.gitlab]\nproject = \"a/b\"\nlabels = \"x, y\"\n",
        );
        let jira = request(Tracker::Jira, &with, "s", "t");
        assert_eq!((jira.path.as_str(), jira.missing.len()), ("/rest/api/2/issue", 0));
        assert_eq!(jira.body["fields"]["versions"][0]["name"], "CentOS Stream 9");
        assert_eq!(jira.body["fields"]["components"][0]["name"], "foo");
        let gitlab = request(Tracker::Gitlab, &with, "s", "t");
        assert_eq!(gitlab.path, "/api/v4/projects/a%2Fb/issues");
        assert_eq!(gitlab.body["labels"], "x,y");
    }

    #[test]
    fn texts_escape_what_they_show() {
        let bug = bug("");
        let cells = [Cell { role: Role::Candidate, name: "9".to_owned(), finding: Finding::Seen }];
        let environments = [Environment {
            role: "candidate".to_owned(),
            name: "a|b".to_owned(),
            finding: "seen".to_owned(),
            package: "foo 1".to_owned(),
            packages_digest: None,
            kernel: None,
            runs: "1 of 1".to_owned(),
            output: "{noformat} ````".to_owned(),
        }];
        let routed = route(&cells);
        let evidence = Evidence {
            bug: &bug,
            script: "a\n```\nb",
            routed: &routed,
            environments: &environments,
            made_by: "abide",
        };
        let markdown = body(&evidence, Tracker::Github);
        assert!(markdown.contains("````\na\n```\nb\n````\n"), "{markdown}");
        assert!(markdown.contains("`````\n{noformat} ````\n`````\n"), "{markdown}");
        assert!(markdown.contains("| candidate | a\\|b | seen |"), "{markdown}");
        let jira = body(&evidence, Tracker::Jira);
        assert!(
            jira.contains("h3. Reproducer") && jira.contains("{noformat}\n{ noformat } ````\n{noformat}")
        );
        assert!(body(&evidence, Tracker::Mantis).contains("    ```\n"));
    }
}
