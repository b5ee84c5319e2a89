//! The policy file: read, and its errors in words.

use std::path::Path;

use abide_engine::Policy;

use crate::error::CliError;

/// Reads a policy file.
pub(crate) fn read(path: &Path) -> Result<Policy, CliError> {
    let name = path.display().to_string();
    let bytes =
        std::fs::read(path).map_err(|e| CliError::input(&format!("failed to read the policy {name}"), &e))?;
    abide_distro::read_policy(&name, &bytes)
        .map_err(|e| CliError::input("failed to read the policy", &e).hint(&e.hint))
}
