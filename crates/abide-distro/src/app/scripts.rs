//! Interpreted parts: interpreters, modules of Python and Perl, class files of Java, against what the distribution has.

use std::collections::BTreeSet;

use abide_model::{Gap, GapKind, Import, Language, Program, ProgramContent, ProgramFile};
use bstr::{BStr, BString, ByteSlice};

use super::draft::{Key, New};
use super::explain::Said;
use super::judge::need;
use super::system::System;

/// Where `env` looks (`PATH` of a login on the distributions that are judged).
const PATH: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Modules of Python's library that are written in C: builds compile some of them into the interpreter, so that they have
/// no file (`sys.builtin_module_names`).
const PYTHON_BUILT_IN: [&str; 59] = [
    "__main__",
    "_abc",
    "_ast",
    "_codecs",
    "_collections",
    "_functools",
    "_imp",
    "_io",
    "_locale",
    "_operator",
    "_signal",
    "_sre",
    "_stat",
    "_string",
    "_symtable",
    "_thread",
    "_tracemalloc",
    "_typing",
    "_warnings",
    "_weakref",
    "array",
    "atexit",
    "builtins",
    "errno",
    "faulthandler",
    "gc",
    "itertools",
    "marshal",
    "math",
    "posix",
    "pwd",
    "sys",
    "time",
    "binascii",
    "cmath",
    "fcntl",
    "grp",
    "mmap",
    "pyexpat",
    "readline",
    "resource",
    "select",
    "syslog",
    "termios",
    "unicodedata",
    "zlib",
    "_bisect",
    "_csv",
    "_datetime",
    "_heapq",
    "_json",
    "_pickle",
    "_posixsubprocess",
    "_random",
    "_socket",
    "_ssl",
    "_struct",
    "audioop",
    "spwd",
];

/// What is said of a file that is no ELF file.
pub(super) fn judge(program: &Program, file: &ProgramFile, system: &dyn System) -> Vec<Said> {
    match &file.content {
        ProgramContent::Elf { .. } => Vec::new(),
        ProgramContent::Script { interpreter, argument, imports } => {
            let mut said: Vec<Said> =
                self::interpreter(file, interpreter, argument.as_ref(), system).into_iter().collect();
            // Where the interpreter is not, neither are its modules.
            if said.is_empty() {
                let words = [Some(interpreter), argument.as_ref()];
                let is = |name: &str| words.iter().flatten().any(|word| word.contains_str(name));
                if is("python") {
                    said.extend(modules(program, file, Language::Python, imports, system));
                } else if is("perl") {
                    said.extend(modules(program, file, Language::Perl, imports, system));
                }
            }
            said
        }
        ProgramContent::Module { language, imports } => modules(program, file, *language, imports, system),
        ProgramContent::Java { class_version: (version, class), .. } => {
            java(file, *version, class, system).into_iter().collect()
        }
    }
}

fn problem(file: &ProgramFile, key: Key, summary: String, way_out: String, symbols: Vec<String>) -> Said {
    let mut need = need(file.shown.clone(), None, None);
    need.symbols = symbols;
    Said::Problem(Box::new(New { key, summary, first_in: None, way_out: vec![way_out], need }))
}

fn gap(file: &ProgramFile, detail: String) -> Said {
    Said::Gap(Gap { kind: GapKind::Unsupported, subject: file.shown.clone(), detail })
}

/// The interpreter of the first line; with `env`, the program that it is asked for.
fn interpreter(
    file: &ProgramFile,
    path: &BString,
    argument: Option<&BString>,
    system: &dyn System,
) -> Option<Said> {
    let by_env = path.ends_with(b"/env").then(|| program_of_env(argument?.as_bstr())).flatten();
    let places: Vec<BString> = match by_env {
        Some(name) => PATH.iter().map(|dir| [dir.as_bytes(), b"/", name].concat().into()).collect(),
        None => vec![path.clone()],
    };
    let found: Vec<Option<bool>> = places.iter().map(|place| system.has_path(place.as_bstr())).collect();
    if found.contains(&Some(true)) {
        return None;
    }
    let name: BString = by_env.map_or_else(|| path.clone(), BString::from);
    if found.contains(&None) {
        return Some(gap(file, format!("whether its interpreter {name} is there is not known")));
    }
    let key = Key {
        rule: "app-script-interpreter-missing",
        case: None,
        library: Some(name.clone()),
        version: None,
    };
    let wanted = if by_env.is_some() { format!("/usr/bin/{name}") } else { name.to_string() };
    let way_out = format!("install what provides it (dnf install {wanted}), or name one that is there");
    Some(problem(file, key, format!("its interpreter {name} is not there"), way_out, Vec::new()))
}

/// `env -S python3 -u`, `env NAME=value python3`: the first word that is no option and no assignment.
fn program_of_env(argument: &BStr) -> Option<&[u8]> {
    let mut words = argument.split(|b| b.is_ascii_whitespace()).filter(|word| !word.is_empty());
    words.find(|word| !word.starts_with(b"-") && !word.contains(&b'='))
}

fn modules(
    program: &Program,
    file: &ProgramFile,
    language: Language,
    imports: &[Import],
    system: &dyn System,
) -> Vec<Said> {
    let needed: Vec<&Import> = imports.iter().filter(|import| !import.is_optional).collect();
    if needed.is_empty() {
        return Vec::new();
    }
    let Some(directories) = directories(language, system) else {
        // What a module wants does not decide, so that not to know it does not either.
        if matches!(file.content, ProgramContent::Module { .. }) {
            return Vec::new();
        }
        return vec![gap(
            file,
            format!("the modules of {} that the distribution has are not known", language.name()),
        )];
    };
    let mut seen = BTreeSet::new();
    let missing: Vec<String> = needed
        .iter()
        .filter(|import| !is_there(program, language, import, &directories, system))
        .filter(|import| seen.insert(import.name.as_bstr()))
        .map(|import| format!("{} (line {})", import.name, import.line))
        .collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let name = language.name();
    let summary = format!("{name} modules that it imports are not there");
    // A module is loaded by somebody, who may do without it.
    let case = matches!(file.content, ProgramContent::Module { .. }).then_some("module");
    let key = Key { rule: "app-module-missing", case, library: Some(name.into()), version: None };
    let way_out = match language {
        Language::Python => "install them: dnf install 'python3dist(NAME)', or with pip".to_owned(),
        Language::Perl => "install them: dnf install 'perl(NAME)'".to_owned(),
    };
    vec![problem(file, key, summary, way_out, missing)]
}

/// Directories with modules; `None` where it is not known which there are.
fn directories(language: Language, system: &dyn System) -> Option<Vec<BString>> {
    let join = |dir: &str, name: &BString| -> BString { [dir.as_bytes(), b"/", name].concat().into() };
    let mut found: Vec<BString> = Vec::new();
    match language {
        Language::Python => {
            for base in ["/usr/lib64", "/usr/lib", "/usr/local/lib", "/usr/local/lib64"] {
                let names = system.entries(base.into())?;
                for name in names.iter().filter(|name| name.starts_with(b"python3")) {
                    let dir = join(base, name);
                    for below in ["", "/lib-dynload", "/site-packages", "/dist-packages"] {
                        found.push([&dir[..], below.as_bytes()].concat().into());
                    }
                }
            }
        }
        Language::Perl => {
            let fixed = [
                "/usr/share/perl5",
                "/usr/share/perl5/vendor_perl",
                "/usr/lib64/perl5",
                "/usr/lib64/perl5/vendor_perl",
                "/usr/local/share/perl5",
                "/etc/perl",
            ];
            found.extend(fixed.iter().map(|dir| BString::from(*dir)));
            found.extend(
                system.entries("/usr/share/perl".into())?.iter().map(|name| join("/usr/share/perl", name)),
            );
            for name in
                system.entries("/usr/lib".into())?.iter().filter(|name| name.contains_str("-linux-gnu"))
            {
                let base = join("/usr/lib", name).to_string();
                found.push(format!("{base}/perl-base").into());
                for below in ["perl", "perl5"] {
                    let dir = format!("{base}/{below}");
                    found.extend(system.entries(dir.as_str().into())?.iter().map(|name| join(&dir, name)));
                    found.push(dir.into());
                }
            }
        }
    }
    Some(found)
}

fn is_there(
    program: &Program,
    language: Language,
    import: &Import,
    directories: &[BString],
    system: &dyn System,
) -> bool {
    let name = &import.name;
    let relative: Vec<BString> = match language {
        Language::Python if PYTHON_BUILT_IN.iter().any(|known| name == known) => return true,
        Language::Python => {
            vec![[name, b".py".as_slice()].concat().into(), [name, b"/".as_slice()].concat().into()]
        }
        Language::Perl => vec![[name.replace("::", "/").as_slice(), b".pm"].concat().into()],
    };
    let is_own = |path: &BString| {
        relative.iter().any(|relative| match relative.strip_suffix(b"/") {
            Some(package) => path.split(|&b| b == b'/').rev().skip(1).any(|part| part == package),
            None => path.ends_with(relative) && !path[..path.len() - relative.len()].ends_with(b"_"),
        })
    };
    if program.paths.iter().any(is_own) {
        return true;
    }
    let has = |directory: &BString| {
        let plain = relative.iter().any(|relative| {
            let path = [&directory[..], b"/", relative.trim_end_with(|c| c == '/')].concat();
            system.has_path(path.as_bstr()) == Some(true)
        });
        plain || language == Language::Python && has_extension(system, directory, name)
    };
    directories.iter().any(has)
}

/// `NAME.so`, `NAME.cpython-39-x86_64-linux-gnu.so`, `NAME.abi3.so`.
fn has_extension(system: &dyn System, directory: &BString, name: &BString) -> bool {
    let start: BString = [&name[..], b"."].concat().into();
    let entries = system.entries(directory.as_bstr()).unwrap_or_default();
    entries.iter().any(|entry| entry.starts_with(&start) && entry.ends_with(b".so"))
}

/// The release of Java that a class file needs against the newest that is there (JVMS §4.1: 45 is Java 1.1, 52 is Java 8).
fn java(file: &ProgramFile, version: u16, class: &BString, system: &dyn System) -> Option<Said> {
    let needed = u32::from(version.saturating_sub(44));
    let key = |case| Key {
        rule: "app-class-version",
        case,
        library: Some("Java".into()),
        version: Some(needed.to_string()),
    };
    let Some(entries) = system.entries("/usr/lib/jvm".into()) else {
        return Some(gap(
            file,
            format!("it needs Java {needed}, and which releases of Java there are is not known"),
        ));
    };
    let newest = entries.iter().filter_map(|name| java_release(name.as_bstr())).max();
    let install = format!("install Java {needed} or later (dnf install java-{needed}-openjdk-headless)");
    match newest {
        Some(newest) if newest >= needed => None,
        Some(newest) => {
            let summary = format!("it needs Java {needed}; the newest there is {newest}");
            Some(problem(file, key(None), summary, install, vec![class.to_string()]))
        }
        None => Some(problem(
            file,
            key(Some("none")),
            format!("it needs Java {needed}, and there is none"),
            install,
            vec![class.to_string()],
        )),
    }
}

/// `java-17-openjdk-17.0.1`, `jre-11`, `java-1.8.0-openjdk`: the release.
fn java_release(name: &BStr) -> Option<u32> {
    let rest = ["java-", "jre-", "jdk-"].iter().find_map(|start| name.strip_prefix(start.as_bytes()))?;
    let mut numbers = rest.split(|b| !b.is_ascii_digit()).map(|n| n.to_str().ok()?.parse::<u32>().ok());
    match numbers.next()?? {
        1 => numbers.next()?,
        release => Some(release),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_java() {
        let release = |name: &str| java_release(name.into());
        assert_eq!(release("java-17-openjdk-amd64"), Some(17));
        assert_eq!(release("java-1.8.0-openjdk"), Some(8));
        assert_eq!(release("default-java"), None);
    }

    #[test]
    fn what_env_is_asked_for() {
        assert_eq!(program_of_env("python3 -u".into()), Some(b"python3".as_slice()));
        assert_eq!(program_of_env("-S X=1 perl -w".into()), Some(b"perl".as_slice()));
        assert_eq!(program_of_env("-i".into()), None);
    }
}
