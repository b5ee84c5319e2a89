//! Whether a key made the signature of a tag or commit.

use std::borrow::Cow;

use gix::bstr::{BStr, ByteSlice};

use super::{GitError, Repository, damaged, parsed};
use crate::signature::Keys;

impl Repository {
    /// Which of `keys` signed the tag or commit with this hash, or why none did.
    ///
    /// Only OpenPGP's signatures are checked; others are said to be what they are.
    pub fn signed_by(&self, id: &str, keys: &Keys) -> Result<Result<String, String>, GitError> {
        let what = || format!("object {id}");
        let object = self.inner.find_object(parsed(id)?).map_err(|e| damaged(what(), e))?;
        let is_tag = object.kind == gix::objs::Kind::Tag;
        let found: Option<(Cow<'_, BStr>, _)> = if is_tag {
            gix::objs::TagRefIter::signature(&object.data)
                .map(|(signature, data)| (signature.data.into(), data))
        } else {
            let kind = self.inner.object_hash();
            gix::objs::CommitRefIter::signature(&object.data, kind).map_err(|e| damaged(what(), e))?
        };
        let Some((signature, content)) = found else { return Ok(Err("it is not signed".to_owned())) };
        let signature = signature.trim_start();
        if !signature.starts_with(b"-----BEGIN PGP") {
            let kind = signature.lines().next().unwrap_or_default().to_str_lossy();
            let kind = kind.trim_matches('-').trim_start_matches("BEGIN ").to_ascii_lowercase();
            return Ok(Err(format!("it has a signature of another kind than OpenPGP ({kind})")));
        }
        Ok(keys.verify(&content.to_bstring(), signature))
    }
}
