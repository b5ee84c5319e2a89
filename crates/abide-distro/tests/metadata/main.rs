//! Two distributions by their metadata, written as text: every rule fires on a pair of its own, and equal sides say
//! nothing.

mod listing;
mod properties;

use abide_distro::{Check, CheckOptions, check_metadata};
use abide_model::{Finding, Gap, GapKind, Level, PackageFormat, Verdict};
use listing::listing;

fn check_of(format: PackageFormat, old: &str, new: &str) -> Check {
    check_metadata(&listing(format, old), &listing(format, new), &CheckOptions::default()).0
}

fn check(old: &str, new: &str) -> Check {
    check_of(PackageFormat::Rpm, old, new)
}

/// `level rule: summary`, all of them.
fn lines(check: &Check) -> Vec<String> {
    let line = |finding: &Finding| format!("{} {}: {}", finding.level, finding.rule, finding.summary);
    let mut lines: Vec<String> = check.all_findings().map(line).collect();
    lines.sort();
    lines
}

const BASE: &str = "
app-1-1.x86_64
  requires libfoo.so.1()(64bit)
  requires libfoo.so.1(FOO_1)(64bit)
libfoo-1.0-1.x86_64
  provides libfoo.so.1()(64bit)
  provides libfoo.so.1(FOO_1)(64bit)
  provides pkgconfig(foo) = 1.0
  provides bundled(zlib) = 1.2
  file /usr/bin/foo
";

#[test]
fn a_side_against_itself_says_nothing() {
    let check = check(BASE, BASE);
    assert_eq!(lines(&check), Vec::<String>::new());
    // The listing has no checksums, so that the content of the packages is unknown.
    assert_eq!(check.verdict, Verdict::Undecided);
    assert_eq!(check.reason, "nothing seen that breaks, but only metadata was compared");
    assert_eq!(check.coverage.metadata.unwrap().requirements, 2);
}

#[test]
fn the_same_files_are_compatible() {
    let both = BASE.replace("libfoo-1.0", "  checksum sha256 aa\nlibfoo-1.0") + "  checksum sha256 bb\n";
    let check = check(&both, &both);
    assert_eq!(
        (check.verdict, check.reason.as_str()),
        (Verdict::Compatible, "2 packages, the same files on both sides")
    );
}

#[test]
fn a_library_that_is_replaced_breaks_who_needs_it() {
    let new = BASE
        .replace("provides libfoo.so.1(FOO_1)(64bit)", "provides libfoo.so.2(FOO_2)(64bit)")
        .replace("provides libfoo.so.1()(64bit)", "provides libfoo.so.2()(64bit)")
        .replace("libfoo-1.0-1", "libfoo-2.0-1");
    let check = check(BASE, &new);
    assert_eq!(
        lines(&check),
        [
            "break provide-lost: libfoo.so.1()(64bit) and 1 more capability of libfoo.so.1 are provided by nothing on the candidate",
            "break requirement-broken: app requires libfoo.so.1()(64bit) and 1 more, which nothing on the candidate provides",
        ]
    );
    let lost = check.all_findings().find(|finding| finding.rule == "provide-lost").unwrap();
    let users: Vec<_> = lost.consumers.iter().map(|c| (c.package.clone().unwrap(), c.on_candidate)).collect();
    assert_eq!(users, [("app-1-1.x86_64".to_owned(), true)]);
    let coverage = check.coverage.metadata.unwrap();
    assert_eq!((coverage.requirements_broken, coverage.capabilities_lost), (2, 2));
}

#[test]
fn a_package_that_could_not_be_read_is_not_gone() {
    let without = &BASE[..BASE.find("libfoo-1.0").unwrap()];
    for (format, file) in
        [(PackageFormat::Rpm, "libfoo-1.1-1.x86_64.rpm"), (PackageFormat::Deb, "libfoo_1%3a1.1-1_x86_64.deb")]
    {
        let (old, mut new) = (listing(format, BASE), listing(format, without));
        let told = check_metadata(&old, &new, &CheckOptions::default()).0;
        assert_eq!(told.verdict, Verdict::Incompatible);
        let detail = "the archive is cut short".to_owned();
        new.gaps.push(Gap { kind: GapKind::Unreadable, subject: file.into(), detail });
        for (old, new) in [(&old, &new), (&new, &old)] {
            let check = check_metadata(old, new, &CheckOptions::default()).0;
            assert_eq!(lines(&check), Vec::<String>::new());
            assert_eq!(check.verdict, Verdict::Undecided);
            assert!(check.gaps.iter().any(|gap| gap.gap.subject == file));
        }
    }
}

#[test]
fn what_neither_side_provides_is_told_apart() {
    let both = BASE.to_owned() + "odd-1-1.noarch\n  requires nowhere\n";
    let check_of_both = check(&both, &both);
    assert_eq!(lines(&check_of_both), Vec::<String>::new());
    let unmet = &check_of_both.unmet_on_both[0];
    assert_eq!(
        (unmet.package.as_str(), &unmet.requirements[..]),
        ("odd-1-1.noarch", &["nowhere".to_owned()][..])
    );
    // A package that asks for it only now is another thing.
    let without = BASE.to_owned() + "odd-1-1.noarch\n";
    assert_eq!(
        lines(&check(&without, &both)),
        ["break requirement-broken: odd requires nowhere, which nothing on the candidate provides"]
    );
    assert_eq!(
        lines(&check(BASE, &both)),
        [
            "review requirement-broken: odd requires nowhere, which nothing on the candidate provides",
            "safe package-added: package odd-1-1.noarch is new",
        ]
    );
}

#[test]
fn versions_decide_whether_a_requirement_is_met() {
    let old = "a-1-1.noarch\n  requires b >= 2\nb-2-1.noarch\n";
    let new = old.replace("b-2-1", "b-1-1");
    assert_eq!(
        lines(&check(old, &new)),
        [
            "break requirement-broken: a requires b >= 2, which nothing on the candidate provides (there is b = 1-1)",
            "review package-older: b is older than on the reference: 2-1 → 1-1",
        ]
    );
}

#[test]
fn packages_that_are_gone_name_who_needs_them() {
    let new = BASE.split("libfoo").next().unwrap();
    let new = &format!("{new}so.1()(64bit)\n").replace("requires so.1()(64bit)\n", "");
    let check = check(BASE, new);
    let gone = check.all_findings().find(|finding| finding.rule == "package-removed").unwrap();
    assert_eq!((gone.level, gone.summary.as_str()), (Level::Break, "package libfoo-1.0-1.x86_64 is gone"));
    assert_eq!(gone.details.len(), 5, "{:?}", gone.details);
    assert_eq!(gone.consumers.len(), 1);
}

#[test]
fn a_package_that_takes_over_another_is_for_review() {
    let old = "a-1-1.noarch\n  provides x\n";
    let new = "b-1-1.noarch\n  provides a = 1-1\n  provides x\n  obsoletes a < 2\n";
    assert_eq!(lines(&check(old, new)), ["safe package-renamed: package a is now called b"]);
    let old = format!("{old}b-1-1.noarch\n");
    assert_eq!(
        lines(&check(&old, new)),
        ["review package-removed: package a-1-1.noarch is gone; b-1-1.noarch has its name"]
    );
}

#[test]
fn architectures_and_their_packages() {
    let old = "a-1-1.x86_64\na-1-1.i686\nb-1-1.x86_64\nb-1-1.i686\n";
    assert_eq!(
        lines(&check(old, "a-1-1.x86_64\na-1-1.i686\nb-1-1.x86_64\n")),
        ["break multilib-lost: b is there no more for i686, while other architectures keep it"]
    );
    let lost = check(old, "a-1-1.x86_64\nb-1-1.x86_64\n");
    assert_eq!(
        lines(&lost),
        ["break architecture-lost: the candidate has no package for i686; the reference has 2"]
    );
    assert_eq!(lost.packages.iter().filter(|p| p.verdict == Verdict::Incompatible).count(), 2);
    assert_eq!(lost.reason, "the distribution as a whole breaks programs built for the reference");
}

#[test]
fn kernel_symbols_carry_checksums() {
    let old = "kernel-5-1.x86_64\n  provides kernel(printk) = 0x1\n  provides kernel(kfree) = 0x2\n\
        kmod-1-1.x86_64\n  requires kernel(printk) = 0x1\n";
    let new = old.replace("kernel(printk) = 0x1\n  provides", "kernel(printk) = 0x9\n  provides");
    assert_eq!(
        lines(&check(old, &new)),
        [
            "break provide-lost: kernel(printk) = 0x1 has another checksum: it is 0x9 now",
            "break requirement-broken: kmod requires kernel(printk) = 0x1, which nothing on the candidate provides (there is kernel(printk) = 0x9)",
        ]
    );
}

#[test]
fn rich_dependencies() {
    let base = "a-1-1.noarch\n  requires REQ\nb-1-1.noarch\nc-1-1.noarch\n";
    let without_b = |req: &str| {
        let old = base.replace("REQ", req);
        let check = check(&old, &old.replace("b-1-1.noarch\n", ""));
        let about_a = check.all_findings().filter(|f| f.rule.starts_with("requirement"));
        about_a.map(|f| f.level.id()).collect::<Vec<_>>().join(" ")
    };
    for (req, expected) in [
        ("(b or c)", ""),
        ("(b and c)", "break"),
        ("(b if c)", "review"),
        ("(b if d)", ""),
        ("(c if b)", ""),
        ("(b if c else c)", "review"),
        ("(b unless c)", ""),
        ("(b unless d)", "break"),
        ("(b with c)", ""),
        ("(c without b)", ""),
    ] {
        // `(b with c)` is met by nothing on either side, which is no change.
        assert_eq!(without_b(req), expected, "{req}");
    }
}

#[test]
fn requirements_that_cannot_be_read_are_gaps() {
    let both = "a-1-1.noarch\n  requires (b or\n  requires /opt/x\n";
    let check = check(both, both);
    assert_eq!(lines(&check), Vec::<String>::new());
    assert_eq!(check.verdict, Verdict::Undecided);
    assert_eq!(check.coverage.metadata.unwrap().requirements_undecided, 2);
    assert_eq!(check.gaps.iter().filter(|gap| gap.gap.subject == "a-1-1.noarch").count(), 2);
}

#[test]
fn files_meet_requirements() {
    let base = "a-1-1.noarch\n  requires /usr/bin/x\nb-1-1.noarch\n  file /usr/bin/x\n  files\n";
    assert_eq!(lines(&check(base, base)), Vec::<String>::new());
    assert_eq!(
        lines(&check(base, &base.replace("  file /usr/bin/x\n", ""))),
        [
            "break requirement-broken: a requires /usr/bin/x, which nothing on the candidate provides",
            "review provide-lost: /usr/bin/x is provided by nothing on the candidate",
        ]
    );
}

#[test]
fn weak_dependencies_are_passed_over() {
    let old = "a-1-1.noarch\n  recommends b\n  suggests c\nb-1-1.noarch\n";
    let new = "a-1-1.noarch\n  recommends b\n  suggests c\n";
    let check = check(old, new);
    let weak: Vec<String> = lines(&check).into_iter().filter(|line| line.contains("requirement")).collect();
    assert_eq!(weak, ["safe requirement-broken: a recommends b, which nothing on the candidate provides"]);
}

#[test]
fn streams_of_modules() {
    let base = "lang-3-1.noarch\ntool-1-1.noarch\n  requires lang\n\
        module lang 3 default\n  artifact lang-0:3-1.noarch\n";
    assert_eq!(lines(&check(base, base)), Vec::<String>::new());
    assert_eq!(
        lines(&check(base, &base.replace(" default", ""))),
        [
            "review module-default-changed: lang:3 is no default any more; none is",
            "review requirement-broken: tool requires lang, which only a module's stream provides that is not the default",
        ]
    );
    let gone = base.split("module").next().unwrap();
    assert!(
        lines(&check(base, gone)).contains(&"break module-stream-lost: the stream lang:3 is gone".to_owned())
    );
}

#[test]
fn obsoletes_in_a_circle() {
    let old = "a-1-1.noarch\nb-1-1.noarch\n";
    let one = "a-1-1.noarch\n  obsoletes b < 2\nb-1-1.noarch\n";
    assert_eq!(
        lines(&check(old, one)),
        ["review package-obsoleted: b-1-1.noarch is obsoleted by a-1-1.noarch, which is there as well"]
    );
    let both = format!("{one}  obsoletes a\n");
    assert_eq!(lines(&check(old, &both)).len(), 2);
    assert!(lines(&check(old, &both))[0].starts_with("break package-obsoleted: "));
    assert_eq!(lines(&check(&both, &both)), Vec::<String>::new());
}

#[test]
fn files_of_two_packages() {
    let old = "a-1-1.noarch\n  path /usr/share/x\nb-1-1.noarch\n  path /usr/share/y\n";
    let new = old.replace("/y", "/x");
    assert_eq!(lines(&check(old, &new)), ["review file-conflict: a and b both have /usr/share/x"]);
    assert_eq!(lines(&check(&new, &new)), Vec::<String>::new());
    let apart = new.replace("b-1-1.noarch\n", "b-1-1.noarch\n  conflicts a\n");
    assert_eq!(lines(&check(old, &apart)), Vec::<String>::new());
    assert_eq!(check(old, &new).coverage.metadata.unwrap().files, Some(2));
}

#[test]
fn debian_packages_serve_their_own_architecture() {
    let base = "a-1-1.amd64\n  requires b\nb-1-1.amd64\n";
    let other = base.replace("b-1-1.amd64", "b-1-1.i386");
    let deb = |old: &str, new: &str| lines(&check_of(PackageFormat::Deb, old, new));
    assert_eq!(deb(base, base), Vec::<String>::new());
    assert!(deb(base, &other).iter().any(|line| line.starts_with("break requirement-broken: a requires b")));
    let foreign = other.replace("b-1-1.i386\n", "b-1-1.i386\n  foreign\n");
    assert!(!deb(base, &foreign).iter().any(|line| line.contains("requirement-broken")));
}

#[test]
fn older_builds_of_one_side_are_left_aside() {
    let old = "a-1-1.noarch\na-2-1.noarch\n";
    let check = check(old, "a-2-1.noarch\na-1-1.noarch\n  requires nowhere\n");
    assert_eq!(lines(&check), Vec::<String>::new());
    assert_eq!((check.coverage.packages_compared, check.coverage.packages_superseded), (1, 2));
}

#[test]
fn packages_that_exclude_what_they_need_cannot_be_installed() {
    let old = "app-1-1.noarch\n  requires cap\n  requires y\nx-1-1.noarch\n  provides cap\ny-1-1.noarch\n";
    let new = old.replace("app-1", "app-2").replace("y-1-1.noarch", "y-1-1.noarch\n  conflicts x");
    assert_eq!(
        lines(&check(old, &new)),
        ["break not-installable: app-2-1.noarch cannot be installed from the candidate: \
            x-1-1.noarch and y-1-1.noarch exclude one another, and it needs both"]
    );
    // Another provider saves it, though it is not the first choice.
    let saved = format!("{new}z-1-1.noarch\n  provides cap\n");
    assert!(!lines(&check(old, &saved)).iter().any(|line| line.contains("not-installable")));
    // What was so before is told apart.
    let both = old.replace("y-1-1.noarch", "y-1-1.noarch\n  conflicts x");
    let again = lines(&check(&both, &new));
    assert_eq!(again, Vec::<String>::new());
}

#[test]
fn packages_fall_with_what_they_need() {
    let old = "a-1-1.noarch\n  requires b\nb-1-1.noarch\n  requires c\nc-1-1.noarch\n";
    let new = old.replace("a-1", "a-2").replace("c-1-1.noarch\n", "");
    let check = check(old, &new);
    assert_eq!(
        lines(&check).iter().filter(|line| line.starts_with("break requirement-broken: b")).count(),
        1
    );
    assert!(!lines(&check).iter().any(|line| line.contains("not-installable")));
    assert_eq!(check.coverage.metadata.unwrap().not_installable, 1);
    let verdicts: Vec<Verdict> = check.packages.iter().map(|package| package.verdict).collect();
    assert_eq!(verdicts, [Verdict::Incompatible; 3]);
    let broken = check.all_findings().find(|finding| finding.rule == "requirement-broken").unwrap();
    assert_eq!(broken.consumers[0].package.as_deref(), Some("a-2-1.noarch"));
}

#[test]
fn conditional_needs_count_when_their_condition_holds() {
    let old = "app-1-1.noarch\n  requires (x if y)\n  requires y\nx-1-1.noarch\ny-1-1.noarch\n";
    let new = old.replace("app-1", "app-2").replace("x-1-1.noarch\n", "");
    let found = lines(&check(old, &new));
    assert!(found.iter().any(|line| line.starts_with("break not-installable: app-2-1.noarch")), "{found:?}");
}

#[test]
fn nothing_on_either_side_is_no_verdict() {
    let check = check("", "");
    assert_eq!(check.verdict, Verdict::Undecided);
}

/// Versions and releases of the shapes that occur, made of few parts so that many are close to one another.
fn versions() -> Vec<String> {
    let parts =
        ["1", "01", "2", "10", "a", "b", "rc1", "~", "^", ".", "_", "el9", "el9_4", "alma", "20240101", "0"];
    let mut state = 7u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let version = |_| (0..1 + next(5)).map(|_| parts[next(parts.len())]).collect::<String>();
    (0..1200).map(version).collect()
}

#[test]
fn builds_are_ordered_as_rpm_does() {
    let versions = versions();
    let pairs: Vec<(&String, &String)> = versions.iter().zip(versions.iter().skip(1)).collect();
    let compared = pairs.iter().map(|(a, b)| format!("print(rpm.vercmp('{a}', '{b}') .. ' ') "));
    let script = format!("%{{lua: {}}}", compared.collect::<String>());
    let Ok(output) = std::process::Command::new("rpm").args(["--eval", &script]).output() else {
        eprintln!("rpm is not installed: its order of versions is not compared");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let rpm: Vec<i32> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
    assert_eq!(rpm.len(), pairs.len(), "{}", String::from_utf8_lossy(&output.stderr));
    let listing = |side: fn(&(&String, &String)) -> String| {
        let lines = pairs.iter().enumerate().map(|(n, pair)| format!("p{n}-{}-1.noarch\n", side(pair)));
        lines.collect::<String>()
    };
    let check = check(&listing(|pair| pair.0.clone()), &listing(|pair| pair.1.clone()));
    let older: Vec<&str> = check
        .all_findings()
        .filter(|finding| finding.rule == "package-older")
        .map(|finding| finding.summary.split(' ').next().unwrap())
        .collect();
    for (n, order) in rpm.iter().enumerate() {
        let is_older = older.contains(&format!("p{n}").as_str());
        assert_eq!(is_older, *order > 0, "{:?}: rpm says {order}", pairs[n]);
    }
}
