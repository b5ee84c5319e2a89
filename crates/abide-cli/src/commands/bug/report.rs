//! `abide bug report BUG --tracker TRACKER`: the report for a tracker, to paste or to send.

use std::path::Path;

use abide_bug::route::{Route, Routed};
use abide_bug::seen::exit;
use abide_bug::tracker::{Environment, Evidence, Request, Tracker, body, request, summary};
use abide_report::bug::{EnvironmentEntry, MatrixDocument};
use serde_json::json;

use super::{no_matrix, store};
use crate::bug::load::Loaded;
use crate::bug::{load, made_by, matrix, send};
use crate::bug_args::{Report, TrackerName};
use crate::error::CliError;
use crate::output::Destination;

/// Writes the report, and sends it when that is asked for.
pub(crate) fn run(args: &Report) -> Result<u8, CliError> {
    let loaded = load::load(&args.bug)?;
    let store = store(&args.records);
    let newest = store.as_ref().and_then(|store| matrix::newest(store, &loaded.digest));
    let document = newest.ok_or_else(|| no_matrix(&loaded))?;
    let tracker = tracker(args.tracker);
    let text = text(&loaded, &document, tracker);
    let call = request(tracker, &loaded.bug, &summary(&loaded.bug), &text);
    if let Some(folder) = &args.folder {
        write_folder(folder, &loaded, &document, &text, &call)?;
    }
    if args.send {
        return deliver(args, &loaded, tracker, &call);
    }
    let shown = match (args.fields, &args.folder) {
        (true, _) => abide_report::bug::json(&fields(&call)).map_err(|e| CliError::stdout(e.into()))?,
        (false, Some(folder)) => format!("the report is in {}; nothing was sent\n", folder.display()),
        (false, None) => format!("# {}\n\n{text}", summary(&loaded.bug)),
    };
    Destination::new(None).deliver(shown.as_bytes())?;
    Ok(0)
}

fn tracker(name: TrackerName) -> Tracker {
    match name {
        TrackerName::Jira => Tracker::Jira,
        TrackerName::Bugzilla => Tracker::Bugzilla,
        TrackerName::Mantis => Tracker::Mantis,
        TrackerName::Github => Tracker::Github,
        TrackerName::Gitlab => Tracker::Gitlab,
    }
}

fn text(loaded: &Loaded, document: &MatrixDocument, tracker: Tracker) -> String {
    let route = &document.route;
    let routed = Routed {
        route: [Route::Upstream, Route::FixedInStream, Route::Ours, Route::Coming, Route::NotReproduced]
            .into_iter()
            .find(|known| known.id() == route.route)
            .unwrap_or(Route::Undecided),
        reasons: route.reasons.clone(),
        missing: route.missing.clone(),
        possible: Vec::new(),
    };
    let environments: Vec<Environment> = document.environments.iter().map(environment).collect();
    let (script, made_by) = (loaded.script(), made_by());
    let evidence = Evidence {
        bug: &loaded.bug,
        script: &script,
        routed: &routed,
        environments: &environments,
        made_by: &made_by,
    };
    body(&evidence, tracker)
}

fn environment(entry: &EnvironmentEntry) -> Environment {
    let ends = entry.runs.iter().map(|run| match (&run.limit, run.status) {
        (Some(limit), _) => format!("limit of {limit}"),
        (None, Some(status)) => exit(status),
        (None, None) => "no status".to_owned(),
    });
    let mut ends: Vec<String> = ends.collect();
    ends.sort();
    ends.dedup();
    let shown = entry.runs.iter().find(|run| run.sight == "seen").or(entry.runs.first());
    Environment {
        role: entry.role.clone(),
        name: entry.name.clone(),
        finding: entry.words.clone(),
        package: entry.package.join(", "),
        packages_digest: entry.packages_digest.clone(),
        kernel: entry.kernel.clone(),
        runs: format!("{}: {}", entry.runs.len(), ends.join(", ")),
        output: shown.map(|run| run.output.clone()).unwrap_or_default(),
    }
}

/// The call as it would be made, without a token.
fn fields(call: &Request) -> serde_json::Value {
    json!({ "method": "POST", "path": call.path, "token-header": call.token_header.0, "body": call.body })
}

fn write_folder(
    folder: &Path,
    loaded: &Loaded,
    document: &MatrixDocument,
    text: &str,
    call: &Request,
) -> Result<(), CliError> {
    let is_free = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if !is_free {
        return Err(CliError::usage(format!("{} holds something already", folder.display()))
            .hint("name a new or an empty folder"));
    }
    let write = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))
            .and_then(|()| std::fs::write(&path, content))
            .map_err(|e| CliError::write(&path, e))
    };
    let json = |value: Result<String, serde_json::Error>| value.map_err(|e| CliError::stdout(e.into()));
    write("report.txt", text.as_bytes())?;
    write("fields.json", json(abide_report::bug::json(&fields(call)))?.as_bytes())?;
    write("attachments/matrix.json", json(abide_report::bug::json(document))?.as_bytes())?;
    for entry in &document.environments {
        if let Some(packages) = &entry.packages {
            let name = entry.name.replace(['/', ' '], "_");
            write(
                &format!("attachments/packages-{}-{name}.txt", entry.role),
                (packages.join("\n") + "\n").as_bytes(),
            )?;
        }
    }
    let file = loaded.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let content = std::fs::read(&loaded.path)
        .map_err(|e| CliError::input(&format!("failed to read {}", loaded.path.display()), &e))?;
    write(&format!("attachments/{file}"), &content)?;
    loaded.files.iter().try_for_each(|(name, content)| write(&format!("attachments/files/{name}"), content))
}

fn deliver(args: &Report, loaded: &Loaded, tracker: Tracker, call: &Request) -> Result<u8, CliError> {
    if !call.missing.is_empty() {
        let message = format!("the report cannot be sent: {} is not known", call.missing.join(", "));
        let hint = format!("write it into [tracker.{}] of {}", tracker.id(), loaded.path.display());
        return Err(CliError::usage(message).hint(hint));
    }
    let token = std::env::var(&args.token_variable).ok().filter(|token| !token.is_empty()).ok_or_else(|| {
        CliError::usage(format!("there is no token in {}", args.token_variable))
            .hint("put the tracker's token into this environment variable, or name another with --token-variable")
    })?;
    let address = args.address.as_deref().unwrap_or_default();
    let name = send::send(address, call, &token)?;
    Destination::new(None).deliver(format!("sent: {name}\n").as_bytes())?;
    Ok(0)
}
