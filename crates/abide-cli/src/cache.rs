//! Where the cache of facts lies, and sizes and ages as people write them.

use std::path::PathBuf;
use std::time::Duration;

use crate::args::{CacheFolder, CacheUse};

/// The cache's folder; none when it is not wanted, or when there is no place for it.
pub(crate) fn folder(wanted: &CacheUse) -> Option<PathBuf> {
    if wanted.no_cache { None } else { default_folder(&wanted.folder) }
}

/// The named folder, or the user's.
pub(crate) fn default_folder(named: &CacheFolder) -> Option<PathBuf> {
    named.cache.clone().or_else(of_user)
}

/// The user's folder for what can be made anew (XDG Base Directory Specification: a relative path is ignored).
pub(crate) fn of_user() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("abide"))
}

/// `12h`, `30d`, `2w`.
pub(crate) fn age(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text)?;
    let hours = match unit {
        "h" => 1,
        "d" => 24,
        "w" => 24 * 7,
        _ => return Err("a number with h, d or w is expected".to_owned()),
    };
    let seconds = number.checked_mul(hours * 3600).ok_or("the number is too large")?;
    Ok(Duration::from_secs(seconds))
}

/// `500M`, `2G`; without a unit: bytes.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text)?;
    let shift = match unit {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err("a number with K, M, G or T is expected".to_owned()),
    };
    number.checked_mul(1 << shift).ok_or_else(|| "the number is too large".to_owned())
}

fn split(text: &str) -> Result<(u64, &str), String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..end].parse().map_err(|_| "a number is expected")?;
    Ok((number, &text[end..]))
}

/// A size for people.
pub(crate) fn human(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if size < 1024.0 {
            return if unit == "bytes" { format!("{bytes} bytes") } else { format!("{size:.1} {unit}") };
        }
        size /= 1024.0;
    }
    format!("{size:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_sizes() {
        assert_eq!(age("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert_eq!(age("2w"), age("14d"));
        assert_eq!(size("2G"), Ok(2 << 30));
        assert_eq!(size("77"), Ok(77));
        for bad in ["", "d", "30", "30x", "-1d", "99999999999999999999d", "18446744073709551615w"] {
            assert!(age(bad).is_err(), "{bad}");
        }
        for bad in ["", "G", "1.5G", "2g", "18446744073709551615T"] {
            assert!(size(bad).is_err(), "{bad}");
        }
        assert_eq!([human(0), human(1536), human(3 << 30)], ["0 bytes", "1.5 KiB", "3.0 GiB"]);
    }
}
