//! Identities of findings: the same change has the same id in the reports of other builds.
//!
//! An id is made of what names the change: rule, package, artifact, subject. Versions, offsets and lines are not in
//! it, since they move from build to build.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use crate::document::{Finding, Subject, Text};
use crate::view::{arch_of, name_of};

/// Gives every finding its id; of several that go by the same names, the later ones are numbered in their order.
pub(crate) fn number(findings: &mut [Finding]) {
    let mut seen: HashMap<[u8; 32], u32> = HashMap::new();
    for finding in findings {
        let mut hash = names(finding);
        let times = seen.entry(hash.clone().finalize().into()).or_insert(0);
        *times += 1;
        if *times > 1 {
            hash.update(times.to_le_bytes());
        }
        finding.id = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    }
}

/// What names the change.
fn names(finding: &Finding) -> Sha256 {
    let nevra = finding.package.reference.as_deref().or(finding.package.candidate.as_deref());
    let mut hash = Sha256::new();
    let mut part = |kind: &str, bytes: &[u8]| {
        hash.update(kind);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part("rule", finding.rule.as_bytes());
    part("package", nevra.map_or("", name_of).as_bytes());
    part("arch", nevra.map_or("", arch_of).as_bytes());
    part("artifact", stored(finding.artifact.as_ref()));
    match &finding.subject {
        Subject::Symbol(symbol) => {
            part("symbol", stored(Some(&symbol.name)));
            part("version", stored(symbol.version.as_ref()));
        }
        Subject::Type(name) => part("type", name.as_bytes()),
        Subject::Artifact => part("file", b""),
        Subject::Package(name) => part("of", name.as_bytes()),
        Subject::Capability(name) => part("capability", name.as_bytes()),
    }
    hash
}

fn stored(text: Option<&Text>) -> &[u8] {
    match text {
        Some(Text::Text(text) | Text::Bytes(text)) => text.as_bytes(),
        None => b"",
    }
}
