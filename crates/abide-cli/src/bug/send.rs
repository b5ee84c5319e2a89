//! Sending a report: one documented call to the tracker, when it is asked for.

use std::time::Duration;

use abide_bug::tracker::Request;
use serde_json::Value;

use crate::error::CliError;

/// How long a tracker may take.
const LIMIT: Duration = Duration::from_secs(60);
/// How much of an answer is read.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Sends a report and gives what the tracker calls it.
pub(crate) fn send(address: &str, request: &Request, token: &str) -> Result<String, CliError> {
    let url = format!("{}{}", address.trim_end_matches('/'), request.path);
    let (header, before) = request.token_header;
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(LIMIT))
        .http_status_as_error(false)
        // The token must not go elsewhere.
        .max_redirects(0)
        .build();
    let agent = ureq::Agent::new_with_config(config);
    let body =
        serde_json::to_vec(&request.body).map_err(|e| CliError::input("failed to write the report", &e))?;
    let answer = agent
        .post(&url)
        .header("Content-Type", "application/json")
        .header("Accept", "application/json")
        .header("User-Agent", super::made_by())
        .header(header, format!("{before}{token}"))
        .send(&body[..]);
    let mut answer =
        answer.map_err(|e| CliError::input(&format!("failed to send the report to {url}"), &e))?;
    let status = answer.status();
    let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
    let text = text.map_err(|e| CliError::input(&format!("failed to read the answer of {url}"), &e))?;
    if !status.is_success() {
        let said: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
        let error = CliError::usage(format!("{url} refused the report (status {}): {said}", status.as_u16()));
        return Err(error.hint("look at the address, the token and the fields; nothing was made"));
    }
    let answer: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(match answer.pointer(request.answer) {
        Some(Value::String(name)) => name.clone(),
        Some(name) => name.to_string(),
        None => "a report whose name the answer does not say".to_owned(),
    })
}
