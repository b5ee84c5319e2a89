//! Whether a key made the signature of a package (rpm's `lib/rpmvs.c`, `docs/manual/signatures_digests.md`).
//!
//! The signature header has signatures of the main header alone, whose digests describe the payload, and in older packages
//! of header and payload together.

use base64::Engine as _;

use super::header::{HeaderError, Headers, tag};
use crate::signature::Keys;

/// A signature that one of the keys made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBy {
    /// Id and owner of the key.
    pub key: String,
    /// Whether the payload was signed too; otherwise it is as good as the digests in the header.
    pub covers_payload: bool,
}

/// Which of `keys` signed the package in `bytes`, or why none did.
pub fn signed_by(bytes: &[u8], keys: &Keys) -> Result<Result<SignedBy, String>, HeaderError> {
    let headers = Headers::read(&mut &bytes[..])?;
    if let Some(mismatch) = headers.mismatch {
        return Err(mismatch);
    }
    let part = |from: u64, to: Option<u64>| {
        let (from, to) =
            (usize::try_from(from).ok()?, to.map_or(Some(bytes.len()), |to| usize::try_from(to).ok())?);
        bytes.get(from..to)
    };
    let header = part(headers.main_offset, Some(headers.payload_offset)).unwrap_or_default();
    let whole = part(headers.main_offset, None).unwrap_or_default();
    let mut objection = "it is not signed".to_owned();
    // What covers more comes first.
    for covers_payload in [true, false] {
        let of_kind =
            headers.signatures.iter().filter(|(tag, _)| tag::covers_payload(*tag) == covers_payload);
        for (tag, signature) in of_kind {
            let decoded = match *tag {
                tag::SIG_OPENPGP => base64::engine::general_purpose::STANDARD.decode(signature).ok(),
                _ => Some(signature.clone()),
            };
            let Some(signature) = decoded else {
                "its signature is no base64".clone_into(&mut objection);
                continue;
            };
            match keys.verify(if covers_payload { whole } else { header }, &signature) {
                Ok(key) => return Ok(Ok(SignedBy { key, covers_payload })),
                Err(why) => objection = why,
            }
        }
    }
    Ok(Err(objection))
}
