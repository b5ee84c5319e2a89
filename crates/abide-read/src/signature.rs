//! OpenPGP signatures (RFC 9580, by rPGP): of metadata (`repomd.xml.asc`, `InRelease`, `Release.gpg`), of tags and commits
//! of git, of RPM headers.
//!
//! A signature counts when one of the given keys, or a subkey of it that may sign and that the key vouches for, made it
//! with a hash of the SHA-2 family or better, while the key was neither expired nor revoked, and when the signature
//! itself has not expired. That a key has expired since says nothing about what it signed before; that its owner lost
//! it does.

use std::path::PathBuf;

use pgp::composed::{CleartextSignedMessage, Deserializable, DetachedSignature, SignedPublicKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{RevocationCode, Signature, SignatureType};
use pgp::types::{KeyDetails, Tag, Timestamp};

use crate::repo::RepoError;

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
        self.verify(content, signature).map(drop).map_err(fail)
    }

    /// The key that made a signature of `content`, which is armored or not: its id and owner; or why no key counts.
    pub fn verify(&self, content: &[u8], signature: &[u8]) -> Result<String, String> {
        self.first_good(&detached(signature)?, content)
    }

    /// The text of a document that is signed in itself; what is around the signed text is left out.
    pub fn signed_text(&self, path: &str, document: &[u8]) -> Result<Vec<u8>, RepoError> {
        let fail = |detail: String| RepoError::Signature { path: path.to_owned(), detail };
        let text = std::str::from_utf8(document).map_err(|_| fail("it is not UTF-8".to_owned()))?;
        let (message, _) = CleartextSignedMessage::from_string(text).map_err(|e| fail(e.to_string()))?;
        let content = message.signed_text();
        let found = message.signatures();
        let found: Vec<Signature> = found.iter().take(SIGNATURES_MAX).cloned().collect();
        self.first_good(&found, content.as_bytes()).map_err(fail)?;
        Ok(content.replace("\r\n", "\n").into_bytes())
    }

    fn first_good(&self, found: &[Signature], content: &[u8]) -> Result<String, String> {
        let mut objection = None;
        for signature in found.iter().filter(|signature| is_strong(signature)) {
            for key in &self.0 {
                match signer(key, signature, content) {
                    Some(Ok(name)) => return Ok(name),
                    Some(Err(why)) => objection = Some(why),
                    None => {}
                }
            }
        }
        Err(objection.unwrap_or_else(|| refusal(found)))
    }
}

fn is_strong(signature: &Signature) -> bool {
    signature.hash_alg().is_some_and(|hash| {
        !matches!(hash, HashAlgorithm::Md5 | HashAlgorithm::Sha1 | HashAlgorithm::Ripemd160)
    })
}

fn refusal(found: &[Signature]) -> String {
    let ids = found.iter().flat_map(|signature| signature.issuer_key_id()).map(|id| id.to_string());
    let mut ids: Vec<String> = ids.collect();
    ids.sort();
    ids.dedup();
    match ids.is_empty() {
        true => "none of the keys made its signature".to_owned(),
        false => format!("none of the keys made its signature, which names the key {}", ids.join(", ")),
    }
}

/// The key, when it or a subkey that it vouches for made a signature, or why its word does not count.
fn signer(key: &SignedPublicKey, signature: &Signature, content: &[u8]) -> Option<Result<String, String>> {
    let name = || {
        let owner = key.details.users.first().map(|user| String::from_utf8_lossy(user.id.id()).into_owned());
        let id = key.primary_key.legacy_key_id();
        owner.map_or_else(|| id.to_string(), |owner| format!("{id} ({owner})"))
    };
    let made_by_subkey = || {
        key.public_subkeys.iter().find(|subkey| {
            subkey.signatures.iter().any(|binding| binding.key_flags().sign())
                && subkey.verify_bindings(&key.primary_key).is_ok()
                && signature.verify(&subkey.key, content).is_ok()
        })
    };
    let subkey = match signature.verify(&key.primary_key, content).is_ok() {
        true => None,
        false => Some(made_by_subkey()?),
    };
    let at = signature.created().unwrap_or(Timestamp::from_secs(0));
    let objection = if signature.signature_expiration_time().is_some_and(|time| ends(at, time) <= now()) {
        Some("the signature has expired".to_owned())
    } else {
        primary_objection(key, at)
            .or_else(|| subkey.and_then(|subkey| subkey_objection(key, subkey, at)))
            .map(|why| format!("it is by the key {}, which {why}", name()))
    };
    Some(objection.map_or_else(|| Ok(name()), Err))
}

/// Seconds since 1970.
fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// When a time that begins at `from` is over, in seconds since 1970.
fn ends(from: Timestamp, time: pgp::types::Duration) -> u64 {
    u64::from(from.as_secs()) + u64::from(time.as_secs())
}

/// Why the word of a key at that time does not count.
fn primary_objection(key: &SignedPublicKey, at: Timestamp) -> Option<String> {
    let primary = &key.primary_key;
    let own = key.details.revocation_signatures.iter().filter(|r| r.verify_key(primary).is_ok());
    if own.into_iter().any(|revocation| is_revoked(revocation, at)) {
        return Some("is revoked".to_owned());
    }
    let direct = key.details.direct_signatures.iter().filter(|s| s.verify_key(primary).is_ok());
    let users = key.details.users.iter().flat_map(|user| {
        user.signatures.iter().filter(|s| s.verify_certification(primary, Tag::UserId, &user.id).is_ok())
    });
    let newest = direct.chain(users).max_by_key(|s| s.created().map(Timestamp::as_secs))?;
    expired(primary.created_at(), newest, at)
}

fn subkey_objection(
    key: &SignedPublicKey,
    subkey: &pgp::composed::SignedPublicSubKey,
    at: Timestamp,
) -> Option<String> {
    let good = |s: &&Signature| s.verify_subkey_binding(&key.primary_key, &subkey.key).is_ok();
    let is_revocation = |s: &&Signature| s.typ() == Some(SignatureType::SubkeyRevocation);
    if subkey.signatures.iter().filter(is_revocation).filter(good).any(|r| is_revoked(r, at)) {
        return Some("revoked the subkey that made it".to_owned());
    }
    let bindings = subkey.signatures.iter().filter(|s| !is_revocation(s)).filter(good);
    let newest = bindings.max_by_key(|s| s.created().map(Timestamp::as_secs))?;
    expired(subkey.key.created_at(), newest, at).map(|why| format!("has a subkey that {why}"))
}

/// Whether a revocation counts at that time: a key that was given up for another was good before; one that was lost, or
/// of which nothing is said, is not.
fn is_revoked(revocation: &Signature, at: Timestamp) -> bool {
    let is_soft = matches!(
        revocation.revocation_reason_code(),
        Some(RevocationCode::KeySuperseded | RevocationCode::KeyRetired)
    );
    !is_soft || revocation.created().is_none_or(|since| since.as_secs() <= at.as_secs())
}

fn expired(created: Timestamp, own: &Signature, at: Timestamp) -> Option<String> {
    let time = own.key_expiration_time().filter(|time| time.as_secs() > 0)?;
    (ends(created, time) <= u64::from(at.as_secs())).then(|| "had expired when it signed".to_owned())
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
