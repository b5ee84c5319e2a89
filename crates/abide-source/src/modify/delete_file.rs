//! `delete_files`: a file of the package, or the line of the lookaside metadata that stands for one.

use super::{Reason, Run, one_file};
use crate::lookaside::{is_metadata, names};
use crate::text::Lines;

impl Run<'_> {
    pub(super) fn delete_file(&mut self, name: &str) -> Result<(), Reason> {
        let paths = self.package.paths();
        if let Some(path) = one_file(&paths, name)? {
            self.package.remove(&path);
            self.note(format!("{path} removed"));
            let named = self.metadata_of(&paths, name)?;
            if let Some((metadata, _)) = named.first() {
                self.note(format!("{metadata} names {name} too and keeps it: it may come from there now"));
            }
            return Ok(());
        }
        let named = self.metadata_of(&paths, name)?;
        if named.is_empty() {
            return Err(self.no_file(name));
        }
        for (metadata, mut text) in named {
            text.lines.retain(|line| !names(line, name));
            self.write(&metadata, &text.text());
            self.note(format!("{metadata}: {name} removed"));
        }
        Ok(())
    }

    /// The metadata files that name a file.
    fn metadata_of(&self, paths: &[String], name: &str) -> Result<Vec<(String, Lines)>, Reason> {
        let mut found = Vec::new();
        for path in paths.iter().filter(|path| is_metadata(path)) {
            let text = Lines::new(&self.text(path)?);
            if text.lines.iter().any(|line| names(line, name)) {
                found.push((path.clone(), text));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn lines_of_metadata() {
        assert!(names("SHA512 (foo.tar.gz) = bb", "foo.tar.gz"));
        assert!(!names("SHA512 (fooXtar.gz) = aa", "foo.tar.gz"));
        assert!(names("00ff SOURCES/foo.tar.gz", "foo.tar.gz"));
        assert!(names("00ff  a b.tar.gz", "a b.tar.gz"));
        assert!(!names("", ""));
    }
}
