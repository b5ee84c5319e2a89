//! Git repositories: their references, commits and files, on disk or fetched.
//!
//! By gix, which never runs a repository's hooks or filters; its configuration and the user's are left aside. Nothing is
//! checked out: files come into memory, with ceilings. Signatures are
//! checked where keys are given (`signed`), and noted otherwise.

mod address;
mod http;
mod remote;
mod signed;
mod tree;

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;

pub use address::{is_address, without_password};
pub use tree::{Changed, Entry, Listing, Tree};

/// Commits of one branch that are walked.
const MOST_COMMITS: usize = 500_000;
/// Shorter abbreviations of a hash name nothing.
const LEAST_HASH_DIGITS: usize = 7;

/// Why a repository could not be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is none.
    #[error("there is no git repository in {}", .path.display())]
    NoRepository {
        /// Where.
        path: PathBuf,
    },
    /// It has no such branch, tag or commit.
    #[error("it has no {what} {name:?}")]
    NotFound {
        /// Branch, tag, commit or HEAD.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// An object or reference is damaged or missing.
    #[error("{what} cannot be read: {reason}")]
    Damaged {
        /// Which.
        what: String,
        /// What gix says.
        reason: String,
    },
    /// A file's name that no folder can have.
    #[error("a file of commit {commit} is named {name:?}")]
    Name {
        /// In which commit.
        commit: String,
        /// The name.
        name: String,
    },
    /// More than a package's repository has.
    #[error("{what} has more than {most} {unit}")]
    TooMuch {
        /// Of what.
        what: String,
        /// How much there may be.
        most: u64,
        /// Bytes, files or levels of folders.
        unit: &'static str,
    },
    /// An address that cannot be fetched from.
    #[error(
        "{0:?} is no address of a git repository that can be fetched: https, http, git, ssh and file can"
    )]
    Address(String),
    /// The other side could not be reached or did not send what was asked.
    #[error("it could not be fetched: {0}")]
    Fetch(String),
}

/// Makes an error of what gix says of something.
fn damaged(what: impl Into<String>, error: impl std::fmt::Display) -> GitError {
    GitError::Damaged { what: what.into(), reason: error.to_string() }
}

/// What is wanted of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// What its HEAD names.
    Head,
    /// A branch, by its name.
    Branch(String),
    /// A tag, by its name.
    Tag(String),
    /// A commit, by its hash or the start of it.
    Commit(String),
}

impl Wanted {
    fn not_found(&self) -> GitError {
        let (what, name) = match self {
            Wanted::Head => ("commit at", "HEAD"),
            Wanted::Branch(name) => ("branch", name.as_str()),
            Wanted::Tag(name) => ("tag", name.as_str()),
            Wanted::Commit(name) => ("commit", name.as_str()),
        };
        GitError::NotFound { what, name: name.to_owned() }
    }
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub id: String,
    /// Hash of its tree.
    pub tree: String,
    /// Hashes of its parents.
    pub parents: Vec<String>,
    /// When it was committed, in seconds since 1970, UTC.
    pub seconds: i64,
    /// The first line of its message.
    pub subject: String,
    /// Whether it carries a signature.
    pub signed: bool,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Hash of its object; none when it is only a name for a commit.
    pub object: Option<String>,
    /// Whether it carries a signature.
    pub signed: bool,
}

/// What was found for what was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The commit.
    pub commit: Commit,
    /// The tag, when one was wanted.
    pub tag: Option<Tag>,
}

/// A branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Its name; those that a clone only tracks are named without their remote.
    pub name: String,
    /// Hash of its newest commit.
    pub commit: String,
}

/// A repository.
pub struct Repository {
    inner: gix::Repository,
    /// The reference that stands for the other side's HEAD, in a repository that was fetched.
    head: Option<&'static str>,
}

/// Whether a folder is a repository: bare, or a work tree's.
pub fn is_repository(path: &Path) -> bool {
    let is_bare = path.join("HEAD").is_file() && path.join("objects").is_dir() && path.join("refs").is_dir();
    path.join(".git").exists() || is_bare
}

impl Repository {
    /// Opens the repository in a folder.
    pub fn open(path: &Path) -> Result<Self, GitError> {
        if !is_repository(path) {
            return Err(GitError::NoRepository { path: path.to_owned() });
        }
        let options = gix::open::Options::isolated();
        let inner = gix::open_opts(path, options).map_err(|e| damaged("the repository", e))?;
        Ok(Repository { inner: cached(inner), head: None })
    }

    /// Finds a branch, tag or commit.
    pub fn find(&self, wanted: &Wanted) -> Result<Found, GitError> {
        let (id, tag) = match wanted {
            Wanted::Head => (self.head_commit()?, None),
            Wanted::Branch(name) => (self.branch(name)?, None),
            Wanted::Tag(name) => {
                let (id, tag) = self.tag(name)?;
                (id, Some(tag))
            }
            Wanted::Commit(hash) => {
                let id = self.lookup(&hash.to_ascii_lowercase()).ok_or_else(|| wanted.not_found())?;
                (parsed(&id)?, None)
            }
        };
        Ok(Found { commit: self.commit_of(id)?, tag })
    }

    fn head_commit(&self) -> Result<gix::ObjectId, GitError> {
        if let Some(name) = self.head {
            return self.reference(name)?.ok_or_else(|| Wanted::Head.not_found());
        }
        self.inner.head_id().map(gix::Id::detach).map_err(|_| Wanted::Head.not_found())
    }

    fn branch(&self, name: &str) -> Result<gix::ObjectId, GitError> {
        if let Some(id) = self.reference(&format!("refs/heads/{name}"))? {
            return Ok(id);
        }
        // A clone knows the other branches of its origin by longer names.
        let tracked = self.reference(&format!("refs/remotes/origin/{name}"))?;
        let tracked =
            tracked.map_or_else(|| self.reference(&format!("refs/remotes/{name}")), |id| Ok(Some(id)));
        tracked?.ok_or_else(|| Wanted::Branch(name.to_owned()).not_found())
    }

    /// The commit that a reference leads to.
    fn reference(&self, name: &str) -> Result<Option<gix::ObjectId>, GitError> {
        // What is no name of a reference names none.
        let Ok(found) = self.inner.try_find_reference(name) else { return Ok(None) };
        let Some(mut found) = found else { return Ok(None) };
        found.peel_to_id().map(|id| Some(id.detach())).map_err(|e| damaged(name, e))
    }

    fn tag(&self, name: &str) -> Result<(gix::ObjectId, Tag), GitError> {
        let not_found = || Wanted::Tag(name.to_owned()).not_found();
        let full = format!("refs/tags/{name}");
        let Ok(Some(reference)) = self.inner.try_find_reference(full.as_str()) else {
            return Err(not_found());
        };
        let id = self.reference(&full)?.ok_or_else(not_found)?;
        let object = reference.target().try_id().map(gix::ObjectId::from);
        let object = object.filter(|object| *object != id);
        let signed = match object {
            Some(object) => self.is_signed(object)?,
            None => false,
        };
        let object = object.map(|object| object.to_string());
        Ok((id, Tag { name: name.to_owned(), object, signed }))
    }

    fn is_signed(&self, tag: gix::ObjectId) -> Result<bool, GitError> {
        let what = || format!("tag {tag}");
        let object = self.inner.find_object(tag).map_err(|e| damaged(what(), e))?;
        let object = object.try_into_tag().map_err(|e| damaged(what(), e))?;
        let decoded = object.decode().map_err(|e| damaged(what(), e))?;
        Ok(decoded.signature.is_some())
    }

    /// A commit by its hash.
    pub fn commit(&self, id: &str) -> Result<Commit, GitError> {
        self.commit_of(parsed(id)?)
    }

    fn commit_of(&self, id: gix::ObjectId) -> Result<Commit, GitError> {
        let what = || format!("commit {id}");
        let object = self.inner.find_object(id).map_err(|e| damaged(what(), e))?;
        let commit = object.try_into_commit().map_err(|e| damaged(what(), e))?;
        let decoded = commit.decode().map_err(|e| damaged(what(), e))?;
        let seconds = commit.time().map_err(|e| damaged(what(), e))?.seconds;
        Ok(Commit {
            id: id.to_string(),
            tree: decoded.tree().to_string(),
            parents: decoded.parents().map(|parent| parent.to_string()).collect(),
            seconds,
            subject: decoded.message.lines().next().unwrap_or_default().to_str_lossy().into_owned(),
            signed: decoded.extra_headers().find("gpgsig").is_some(),
        })
    }

    /// The hash of a commit that begins with these digits; none when there is none, or several.
    pub fn lookup(&self, digits: &str) -> Option<String> {
        if digits.len() < LEAST_HASH_DIGITS {
            return None;
        }
        let id = match gix::ObjectId::from_hex(digits.as_bytes()) {
            Ok(id) => id,
            Err(_) => {
                let prefix = gix::hash::Prefix::from_hex(digits).ok()?;
                self.inner.objects.lookup_prefix(prefix, None).ok()??.ok()?
            }
        };
        let header = self.inner.find_header(id).ok()?;
        (header.kind() == gix::object::Kind::Commit).then(|| id.to_string())
    }

    /// All branches by name: a clone's own, and those it tracks that it has no own ones for.
    pub fn branches(&self) -> Result<Vec<Branch>, GitError> {
        let mut branches: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
        let references = self.inner.references().map_err(|e| damaged("the references", e))?;
        for (prefix, is_own) in [("refs/heads/", true), ("refs/remotes/", false)] {
            let found = references.prefixed(prefix).map_err(|e| damaged("the references", e))?;
            for reference in found {
                let mut reference = reference.map_err(|e| damaged("a reference", e))?;
                let full = reference.name().as_bstr().to_str_lossy().into_owned();
                let name = full.strip_prefix(prefix).unwrap_or(&full);
                let name = if is_own { name } else { name.split_once('/').map_or(name, |(_, name)| name) };
                if name == "HEAD" {
                    continue;
                }
                let id = reference.peel_to_id().map_err(|e| damaged(full.as_str(), e))?;
                branches.entry(name.to_owned()).or_insert_with(|| id.to_string());
            }
        }
        Ok(branches.into_iter().map(|(name, commit)| Branch { name, commit }).collect())
    }

    /// The commits of a branch, the newest first, by first parents. A shallow clone ends where its history does.
    pub fn first_parents(&self, tip: &str) -> Result<Vec<Commit>, GitError> {
        let mut commits = Vec::new();
        let mut next = Some(self.commit(tip)?);
        while let Some(commit) = next {
            if commits.len() == MOST_COMMITS {
                let most = MOST_COMMITS as u64;
                return Err(GitError::TooMuch { what: "a branch".into(), most, unit: "commits" });
            }
            let parent = commit.parents.first().cloned();
            commits.push(commit);
            next = match parent {
                Some(parent) if self.inner.has_object(parsed(&parent)?) => Some(self.commit(&parent)?),
                _ => None,
            };
        }
        Ok(commits)
    }
}

fn parsed(id: &str) -> Result<gix::ObjectId, GitError> {
    gix::ObjectId::from_hex(id.as_bytes()).map_err(|e| damaged(format!("the hash {id:?}"), e))
}

/// Trees of one history are much alike: keep what deltas were made of.
fn cached(mut inner: gix::Repository) -> gix::Repository {
    inner.object_cache_size_if_unset(16 << 20);
    inner
}
