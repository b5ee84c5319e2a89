//! The ledger document `abide.ledger/1`: as JSON, a Markdown table, an HTML page and an Atom feed.
//!
//! Every form shows the same divergences, with the same anchors. What is shown comes from spec files and patches, so
//! each form escapes all of it; links are links only when they are `http` or `https`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use abide_source::ledger::{Entry, Milestone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Identifier of this format.
pub const SCHEMA_ID: &str = "abide.ledger/1";

/// Digits of a commit's hash that people are shown.
const SHOWN_DIGITS: usize = 10;

/// All divergences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LedgerDocument {
    /// [`SCHEMA_ID`].
    pub schema: String,
    /// What the list is called.
    pub title: String,
    /// Divergences that are, then those that were, of each package.
    pub divergences: Vec<Divergence>,
    /// Folders that could not be read: folder and reason.
    pub gaps: BTreeMap<String, String>,
}

/// One divergence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Divergence {
    /// What links to it.
    pub anchor: String,
    /// The package.
    pub package: String,
    /// The line of the distribution; empty when there is one only.
    pub line: String,
    /// The patch's file.
    pub file: String,
    /// branding, architecture, hardware, security, bug, feature or build.
    pub kind: String,
    /// Whether the spec says the kind; otherwise it is guessed from words.
    pub kind_declared: bool,
    /// Why it is there.
    pub why: String,
    /// Where it comes from, as a link or identifier.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<String>,
    /// What kind of place that is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin_class: Option<String>,
    /// How well it can be followed.
    pub grade: String,
    /// CVEs it is for.
    pub cves: Vec<String>,
    /// Bugs it is for.
    pub bugs: Vec<String>,
    /// Bug files that name it as what fixed the bug.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fixes: Vec<Fixed>,
    /// How it stands with upstream.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub upstream: Option<String>,
    /// Who decided.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub approved_by: Option<String>,
    /// The day on which it is to be looked at again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires: Option<String>,
    /// Branches that have it, or had it.
    pub branches: Vec<String>,
    /// Version that has it first, among what was read.
    pub since: Point,
    /// Whether it may be older than what was read.
    pub since_or_before: bool,
    /// How it ended; absent while it lasts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended: Option<Ended>,
}

/// A bug that a divergence ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Fixed {
    /// The bug's title.
    pub title: String,
    /// The bug's file.
    pub file: String,
    /// Where it was reported, the first of its links.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub link: Option<String>,
}

/// A version and its day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Point {
    /// Version and release.
    pub version: String,
    /// Day of the commit, otherwise of the changelog entry.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub date: Option<String>,
    /// The commit in the package's repository, when it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub commit: Option<String>,
}

/// How a divergence ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Ended {
    /// With which version.
    pub at: Point,
    /// Why.
    pub why: String,
}

/// Makes the document.
pub fn document(title: &str, entries: &[Entry], gaps: BTreeMap<String, String>) -> LedgerDocument {
    LedgerDocument {
        schema: SCHEMA_ID.to_owned(),
        title: title.to_owned(),
        divergences: entries.iter().map(divergence).collect(),
        gaps,
    }
}

fn divergence(entry: &Entry) -> Divergence {
    Divergence {
        anchor: entry.anchor.clone(),
        package: entry.package.clone(),
        line: entry.line.clone(),
        file: entry.file.clone(),
        kind: entry.kind.to_owned(),
        kind_declared: entry.kind_is_declared,
        why: clean(&entry.why),
        origin: entry.origin.as_ref().map(|origin| clean(&origin.text)),
        origin_class: entry.origin.as_ref().map(|origin| origin.class.id().to_owned()),
        grade: entry.grade.id().to_owned(),
        cves: entry.cves.clone(),
        bugs: entry.bugs.clone(),
        fixes: Vec::new(),
        upstream: entry.upstream.as_deref().map(clean),
        approved_by: entry.approved_by.as_deref().map(clean),
        expires: entry.expires.map(|day| day.to_string()),
        branches: entry.branches.clone(),
        since: point(&entry.since),
        since_or_before: entry.since_or_before,
        ended: entry.end.as_ref().map(|end| Ended { at: point(&end.at), why: clean(&end.why) }),
    }
}

impl LedgerDocument {
    /// Links a bug to every divergence that it names as what fixed it: by anchor, by package and file, or by the file
    /// alone where the package is the bug's.
    pub fn link(&mut self, package: &str, fixed_by: &[String], fixed: &Fixed) -> bool {
        let mut is_linked = false;
        for divergence in &mut self.divergences {
            let Divergence { anchor, package: own, file, .. } = &*divergence;
            let is_named = |name: &String| {
                name == anchor
                    || name.split_once([':', '/']).is_some_and(|(p, f)| p == own && f == file)
                    || name == file && package == own
            };
            if fixed_by.iter().any(is_named) {
                let title = clean(&fixed.title);
                divergence.fixes.push(Fixed { title, ..fixed.clone() });
                is_linked = true;
            }
        }
        is_linked
    }
}

fn point(milestone: &Milestone) -> Point {
    Point {
        version: clean(&milestone.version),
        date: milestone.date.map(|day| day.to_string()),
        commit: milestone.commit.clone(),
    }
}

/// Text of files may hold anything; what is no character or steers a terminal shows as such.
fn clean(text: &str) -> String {
    abide_source::text::shown(text).chars().filter(|c| !c.is_control()).collect()
}

impl LedgerDocument {
    /// The document as JSON, with a final newline.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    fn current(&self) -> impl Iterator<Item = &Divergence> {
        self.divergences.iter().filter(|d| d.ended.is_none())
    }

    fn ended(&self) -> impl Iterator<Item = &Divergence> {
        self.divergences.iter().filter(|d| d.ended.is_some())
    }

    /// A Markdown page with a table of what is and one of what was.
    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n\n{}\n\n", md(&self.title), self.counts());
        text.push_str(
            "| package | divergence | kind | why | origin | since | upstream | decision | branches |\n",
        );
        text.push_str("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
        for d in self.current() {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{} | {} | {} | {} | {} | {} | {} | {} |",
                md_names(d),
                kind(d),
                md_why(d),
                md_origin(d),
                md(&since(d)),
                md(d.upstream.as_deref().unwrap_or_default()),
                md(&decision(d)),
                md(&d.branches.join(", "))
            );
        }
        if self.ended().next().is_some() {
            text.push_str(
                "\n## Ended\n\n| package | divergence | kind | why | since | ended with | because |\n",
            );
            text.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
        }
        for (d, end) in self.ended().filter_map(|d| Some((d, d.ended.as_ref()?))) {
            let _ = writeln!(
                text,
                "{} | {} | {} | {} | {} | {} |",
                md_names(d),
                kind(d),
                md_why(d),
                md(&since(d)),
                md(&dated(&end.at)),
                md(&end.why)
            );
        }
        for (folder, reason) in &self.gaps {
            let _ = write!(text, "\n{}: not read: {}\n", md(&clean(folder)), md(&clean(reason)));
        }
        text
    }

    fn counts(&self) -> String {
        let packages: BTreeSet<&str> = self.current().map(|d| d.package.as_str()).collect();
        let now = self.current().count();
        let linked = self.current().filter(|d| d.grade == "link").count();
        let none = self.current().filter(|d| matches!(d.grade.as_str(), "none" | "weak")).count();
        format!(
            "{now} {} in {} {}. With a link to their origin: {linked}; with none that can be followed: {none}. Ended: {}.",
            if now == 1 { "divergence" } else { "divergences" },
            packages.len(),
            if packages.len() == 1 { "package" } else { "packages" },
            self.ended().count()
        )
    }

    /// A page that needs nothing else: no scripts from elsewhere, no fonts, no images.
    pub fn html(&self) -> String {
        let mut text = String::new();
        let title = html(&self.title);
        let _ = write!(
            text,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
             <style>\n{}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n<p>{}</p>\n",
            include_str!("ledger.css"),
            html(&self.counts())
        );
        text.push_str("<p><label>Show only rows with <input type=\"search\" id=\"filter\" autocomplete=\"off\"></label> <output id=\"shown\"></output></p>\n");
        let mut packages: BTreeMap<&str, Vec<&Divergence>> = BTreeMap::new();
        for d in &self.divergences {
            packages.entry(&d.package).or_default().push(d);
        }
        text.push_str("<p class=\"note\">A kind in <i>italics</i> is guessed from words.</p>\n");
        if packages.len() > 1 {
            text.push_str("<nav>");
            for package in packages.keys() {
                let _ = write!(text, "<a href=\"#package-{0}\">{0}</a> ", html(package));
            }
            text.push_str("</nav>\n");
        }
        text.push_str("</header>\n<main>\n");
        for (package, divergences) in packages {
            section(&mut text, package, &divergences);
        }
        for (folder, reason) in &self.gaps {
            let _ = writeln!(text, "<p class=\"gap\">{}: not read: {}</p>", html(folder), html(reason));
        }
        let _ = write!(text, "</main>\n<script>\n{}</script>\n</body>\n</html>\n", include_str!("ledger.js"));
        text
    }

    /// An Atom feed, newest first. `address` is where the HTML page is.
    pub fn atom(&self, address: Option<&str>) -> String {
        let mut items: Vec<(&str, &Divergence)> = self.divergences.iter().map(|d| (updated(d), d)).collect();
        items.sort_by(|a, b| b.0.cmp(a.0).then_with(|| a.1.anchor.cmp(&b.1.anchor)));
        let newest = items.first().map_or("1970-01-01", |(day, _)| day);
        let base = address.map_or_else(|| "urn:abide:ledger".to_owned(), str::to_owned);
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n  <title>{}</title>\n  \
             <id>{}</id>\n  <updated>{newest}T00:00:00Z</updated>\n  <author><name>{}</name></author>\n",
            html(&self.title),
            html(&base),
            html(&self.title)
        );
        if let Some(address) = address {
            let _ = writeln!(text, "  <link href=\"{}\"/>", html(address));
        }
        for (day, d) in items {
            item(&mut text, d, day, &base, address);
        }
        for (folder, reason) in &self.gaps {
            // What could not be read has no day of its own.
            let _ = write!(
                text,
                "  <entry>\n    <title>{0}: not read</title>\n    <id>{1}#unread:{0}</id>\n    <updated>{newest}T00:00:00Z</updated>\n    \
                 <category term=\"gap\"/>\n    <content type=\"text\">{0}: not read: {2}</content>\n  </entry>\n",
                html(&clean(folder)),
                html(&base),
                html(&clean(reason))
            );
        }
        text.push_str("</feed>\n");
        text
    }
}

/// The JSON Schema (draft 2020-12) of the document.
pub fn schema() -> String {
    serde_json::to_string_pretty(&schemars::schema_for!(LedgerDocument)).unwrap_or_default() + "\n"
}

fn updated(d: &Divergence) -> &str {
    let ended = d.ended.as_ref().and_then(|end| end.at.date.as_deref());
    ended.or(d.since.date.as_deref()).unwrap_or("1970-01-01")
}

fn item(text: &mut String, d: &Divergence, day: &str, base: &str, address: Option<&str>) {
    let what = if d.ended.is_some() { "ended" } else { "diverges" };
    let mut words = vec![format!("{} {}: {}", d.package, d.line, d.file)];
    words.extend((!d.why.is_empty()).then(|| d.why.clone()));
    words.extend(d.origin.clone());
    words.extend(d.ended.as_ref().map(|end| format!("Ended with {}: {}", dated(&end.at), end.why)));
    let _ = write!(
        text,
        "  <entry>\n    <title>{} {what}: {}</title>\n    <id>{}#{}</id>\n    <updated>{day}T00:00:00Z</updated>\n",
        html(&d.package),
        html(if d.why.is_empty() { &d.file } else { &d.why }),
        html(base),
        d.anchor
    );
    if let Some(address) = address {
        let _ = writeln!(text, "    <link href=\"{}#{}\"/>", html(address), d.anchor);
    }
    let _ = write!(
        text,
        "    <category term=\"{}\"/>\n    <content type=\"text\">{}</content>\n  </entry>\n",
        d.kind,
        html(&words.join("\n"))
    );
}

fn section(text: &mut String, package: &str, divergences: &[&Divergence]) {
    let now = divergences.iter().filter(|d| d.ended.is_none()).count();
    let _ = write!(
        text,
        "<section>\n<h2 id=\"package-{0}\">{0} <small>{now} now, {1} ended</small></h2>\n",
        html(package),
        divergences.len() - now
    );
    if now > 0 {
        text.push_str("<table>\n<thead><tr><th>Line</th><th>Divergence</th><th>Kind</th><th>Origin</th><th>Since</th><th>Branches</th></tr></thead>\n<tbody>\n");
        divergences.iter().filter(|d| d.ended.is_none()).for_each(|d| row(text, d));
        text.push_str("</tbody>\n</table>\n");
    }
    if now < divergences.len() {
        let _ = writeln!(text, "<details>\n<summary>{} ended</summary>", divergences.len() - now);
        text.push_str("<table>\n<thead><tr><th>Line</th><th>Divergence</th><th>Kind</th><th>Origin</th><th>Since</th><th>Ended</th></tr></thead>\n<tbody>\n");
        divergences.iter().filter(|d| d.ended.is_some()).for_each(|d| row(text, d));
        text.push_str("</tbody>\n</table>\n</details>\n");
    }
    text.push_str("</section>\n");
}

fn row(text: &mut String, d: &Divergence) {
    let declared = if d.kind_declared { "" } else { " title=\"guessed from words\" class=\"guessed\"" };
    let why = if d.why.is_empty() { String::new() } else { format!("<div>{}</div>", html(&d.why)) };
    let mut notes = String::new();
    let named = [
        ("Upstream", d.upstream.clone()),
        ("Approved by", d.approved_by.clone()),
        ("Look again by", d.expires.clone()),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            let _ = write!(notes, "<div class=\"note\">{name}: {}</div>", html_link(&value));
        }
    }
    let last_label = if d.ended.is_some() { "Ended" } else { "Branches" };
    let last = match &d.ended {
        Some(end) => {
            let branches = d.branches.join(", ");
            format!(
                "{}<div>{}</div><div class=\"note\">{}</div>",
                html_point(&end.at, false),
                html(&end.why),
                html(&branches)
            )
        }
        None => html(&d.branches.join(", ")),
    };
    let _ = writeln!(
        text,
        "<tr id=\"{}\"><td data-label=\"Line\">{}</td><td><a class=\"anchor\" href=\"#{}\">{}</a>{why}{notes}</td>\
         <td data-label=\"Kind\"><span{declared}>{}</span></td><td>{}</td><td data-label=\"Since\">{}</td>\
         <td data-label=\"{last_label}\">{last}</td></tr>",
        d.anchor,
        html(&d.line),
        d.anchor,
        html(&d.file),
        html(&d.kind),
        html_origin(d),
        html_point(&d.since, d.since_or_before)
    );
}

/// A version, and below it the day and commit.
fn html_point(point: &Point, or_before: bool) -> String {
    let before = if or_before { " or before" } else { "" };
    let day = point.date.as_ref().map(|day| format!("<span class=\"day\">{}</span>{before}", html(day)));
    let commit = point.commit.as_ref().map(|id| format!("<code>{}</code>", html(short(id))));
    let parts: Vec<String> = day.into_iter().chain(commit).collect();
    let version = html(&point.version);
    if parts.is_empty() {
        return format!("{version}{before}");
    }
    format!("{version}<div class=\"note\">{}</div>", parts.join(" "))
}

fn short(id: &str) -> &str {
    id.get(..SHOWN_DIGITS).unwrap_or(id)
}

fn html_origin(d: &Divergence) -> String {
    let mut parts = Vec::new();
    if let (Some(origin), Some(class)) = (&d.origin, &d.origin_class) {
        parts.push(format!("<span class=\"class\">{}</span> {}", html(class), html_link(origin)));
    }
    for fixed in &d.fixes {
        let title = html(&fixed.title);
        let title = match fixed.link.as_deref().filter(|link| is_link(link)) {
            Some(link) => format!("<a href=\"{}\" rel=\"noreferrer\">{title}</a>", html(link)),
            None => title,
        };
        parts.push(format!("<div class=\"note\">fixes {title}</div>"));
    }
    let others = d.cves.iter().chain(d.bugs.iter()).filter(|text| d.origin.as_ref() != Some(text)).take(6);
    let others: Vec<String> = others.map(|text| html(text)).collect();
    if !others.is_empty() {
        parts.push(format!("<div class=\"note\">{}</div>", others.join(", ")));
    }
    if parts.is_empty() {
        parts.push("<span class=\"none\">nothing says</span>".into());
    }
    parts.concat()
}

/// A text, as a link or a hash when it is one.
fn html_link(text: &str) -> String {
    let shown = html(text);
    let is_hash = text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hash {
        return format!("<code>{shown}</code>");
    }
    if is_link(text) { format!("<a href=\"{shown}\" rel=\"noreferrer\">{shown}</a>") } else { shown }
}

fn is_link(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

fn since(d: &Divergence) -> String {
    let before = if d.since_or_before { " or before" } else { "" };
    format!("{}{before}", dated(&d.since))
}

fn dated(point: &Point) -> String {
    let commit = point.commit.as_ref().map(|id| short(id).to_owned());
    let parts: Vec<String> = point.date.clone().into_iter().chain(commit).collect();
    if parts.is_empty() { point.version.clone() } else { format!("{} ({})", point.version, parts.join(", ")) }
}

fn decision(d: &Divergence) -> String {
    let expires = d.expires.as_ref().map(|day| format!("until {day}"));
    d.approved_by.clone().into_iter().chain(expires).collect::<Vec<_>>().join(", ")
}

fn kind(d: &Divergence) -> String {
    if d.kind_declared { md(&d.kind) } else { format!("{} (guessed)", md(&d.kind)) }
}

fn md_origin(d: &Divergence) -> String {
    match &d.origin {
        Some(origin) if is_link(origin) => format!("<{}>", origin.replace(['<', '>', '|', ' '], "")),
        Some(origin) => md(origin),
        None => "none".into(),
    }
}

/// Why it is there, and the bugs that it ended.
fn md_why(d: &Divergence) -> String {
    let fixed = |fixed: &Fixed| match fixed.link.as_deref().filter(|link| is_link(link)) {
        Some(link) => format!("; fixes {} <{}>", md(&fixed.title), link.replace(['<', '>', '|', ' '], "")),
        None => format!("; fixes {}", md(&fixed.title)),
    };
    d.fixes.iter().fold(md(&d.why), |text, one| text + &fixed(one))
}

/// The first two columns of a row, with the anchor of the divergence.
fn md_names(d: &Divergence) -> String {
    format!("| {} {} | <a id=\"{}\"></a>{}", md(&d.package), md(&d.line), d.anchor, md(&d.file))
}

/// Text within a Markdown table.
fn md(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' => escaped.extend(['\\', c]),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text within HTML or XML, also within quotes.
fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() && c != '\n' => {}
            c => escaped.push(c),
        }
    }
    escaped
}
