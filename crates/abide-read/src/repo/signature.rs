//! Signatures of metadata: `repomd.xml.asc`, `InRelease`, `Release.gpg`.
//!
//! OpenPGP is RFC 9580, by rPGP. A signature counts when one of the given keys, or a subkey of it that may sign and that the
//! key vouches for, made it with a hash of the SHA-2 family or better. Expiry is not looked at: there is no clock here.

use std::path::PathBuf;

use pgp::composed::{CleartextSignedMessage, Deserializable, DetachedSignature, SignedPublicKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::Signature;

use super::RepoError;

/// A file of keys has some KB.
const KEYS_MAX_BYTES: u64 = 16 << 20;

/// No metadata has more signatures.
const SIGNATURES_MAX: usize = 64;

const BLOCK: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// Public keys, one of which must have signed.
#[derive(Clone, Debug, Default)]
pub struct Keys(Vec<SignedPublicKey>);

impl Keys {
    /// Reads files with keys, armored or not; a file may have several.
    pub fn read(files: &[PathBuf]) -> Result<Self, RepoError> {
        let mut keys = Vec::new();
        for file in files {
            let path = file.display().to_string();
            let io = |source| RepoError::Io { path: path.clone(), source };
            if std::fs::metadata(file).map_err(io)?.len() > KEYS_MAX_BYTES {
                return Err(io(std::io::ErrorKind::FileTooLarge.into()));
            }
            let bytes = std::fs::read(file).map_err(io)?;
            let found = parse(&bytes).map_err(|detail| RepoError::Key { path: path.clone(), detail })?;
            if found.is_empty() {
                return Err(RepoError::Key { path, detail: "there is no public key in it".to_owned() });
            }
            keys.extend(found);
        }
        Ok(Keys(keys))
    }

    /// Whether no signature is asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks a signature that is in a file of its own, armored or not.
    pub fn check(&self, path: &str, content: &[u8], signature: &[u8]) -> Result<(), RepoError> {
        let fail = |detail: String| RepoError::Signature { path: path.to_owned(), detail };
        let found = detached(signature).map_err(fail)?;
        let is_good = found.iter().any(|signature| self.made(signature, content));
        if is_good { Ok(()) } else { Err(fail(self.refusal(&found))) }
    }

    /// The text of a document that is signed in itself; what is around the signed text is left out.
    pub fn signed_text(&self, path: &str, document: &[u8]) -> Result<Vec<u8>, RepoError> {
        let fail = |detail: String| RepoError::Signature { path: path.to_owned(), detail };
        let text = std::str::from_utf8(document).map_err(|_| fail("it is not UTF-8".to_owned()))?;
        let (message, _) = CleartextSignedMessage::from_string(text).map_err(|e| fail(e.to_string()))?;
        let content = message.signed_text();
        let found = message.signatures();
        if found.iter().take(SIGNATURES_MAX).any(|signature| self.made(signature, content.as_bytes())) {
            return Ok(content.replace("\r\n", "\n").into_bytes());
        }
        Err(fail(self.refusal(found)))
    }

    /// Whether one of the keys made a signature of `content`.
    fn made(&self, signature: &Signature, content: &[u8]) -> bool {
        let is_strong = signature.hash_alg().is_some_and(|hash| {
            !matches!(hash, HashAlgorithm::Md5 | HashAlgorithm::Sha1 | HashAlgorithm::Ripemd160)
        });
        is_strong && self.0.iter().any(|key| signs(key, signature, content))
    }

    fn refusal(&self, found: &[Signature]) -> String {
        let ids = found.iter().flat_map(|signature| signature.issuer_key_id()).map(|id| id.to_string());
        let mut ids: Vec<String> = ids.collect();
        ids.sort();
        ids.dedup();
        match ids.is_empty() {
            true => "none of the keys made its signature".to_owned(),
            false => format!("none of the keys made its signature, which names the key {}", ids.join(", ")),
        }
    }
}

/// Whether a key, or a subkey that it vouches for, made a signature.
fn signs(key: &SignedPublicKey, signature: &Signature, content: &[u8]) -> bool {
    let subkeys = key.public_subkeys.iter().filter(|subkey| {
        subkey.signatures.iter().any(|binding| binding.key_flags().sign())
            && subkey.verify_bindings(&key.primary_key).is_ok()
    });
    signature.verify(&key.primary_key, content).is_ok()
        || subkeys.into_iter().any(|subkey| signature.verify(&subkey.key, content).is_ok())
}

fn parse(bytes: &[u8]) -> Result<Vec<SignedPublicKey>, String> {
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.contains(BLOCK)) else {
        let keys = SignedPublicKey::from_bytes_many(bytes).map_err(|e| e.to_string())?;
        return keys.collect::<Result<_, _>>().map_err(|e| e.to_string());
    };
    let mut found = Vec::new();
    for block in text.split(BLOCK).skip(1) {
        let block = format!("{BLOCK}{block}");
        let (keys, _) = SignedPublicKey::from_armor_many(block.as_bytes()).map_err(|e| e.to_string())?;
        for key in keys {
            found.push(key.map_err(|e| e.to_string())?);
        }
    }
    Ok(found)
}

fn detached(bytes: &[u8]) -> Result<Vec<Signature>, String> {
    let all = |found: &mut dyn Iterator<Item = pgp::errors::Result<DetachedSignature>>| {
        // A signature of a kind that is not known says nothing; another one may.
        found.take(SIGNATURES_MAX).filter_map(|s| s.ok().map(|s| s.signature)).collect::<Vec<_>>()
    };
    let found = match bytes.starts_with(b"-----BEGIN") {
        true => {
            let (mut found, _) = DetachedSignature::from_armor_many(bytes).map_err(|e| e.to_string())?;
            all(&mut found)
        }
        false => all(&mut DetachedSignature::from_bytes_many(bytes).map_err(|e| e.to_string())?),
    };
    if found.is_empty() { Err("there is no signature in it".to_owned()) } else { Ok(found) }
}

/// Reads any bytes as everything that is read here, for the fuzzer.
pub fn read_any(bytes: &[u8]) {
    let keys = Keys(parse(bytes).unwrap_or_default());
    let _ = keys.check("any", bytes, bytes);
    let _ = keys.signed_text("any", bytes);
}
