//! What kind of place a web address points to.

use super::Class;

/// Hosts of one distribution; a host matches when it is one of these or below one.
const HOSTS: &[(Class, &[&str])] = &[
    (Class::CentosStream, &["git.centos.org"]),
    (
        Class::Fedora,
        &[
            "src.fedoraproject.org",
            "pkgs.fedoraproject.org",
            "koji.fedoraproject.org",
            "pagure.io/fork",
            "bodhi.fedoraproject.org",
        ],
    ),
    (
        Class::OtherDistribution,
        &[
            "debian.org",
            "debian.net",
            "ubuntu.com",
            "opensuse.org",
            "suse.com",
            "archlinux.org",
            "gentoo.org",
            "altlinux.org",
            "alpinelinux.org",
            "almalinux.org",
            "rockylinux.org",
            "oracle.com/linux",
            "openeuler.org",
            "mageia.org",
            "nixos.org",
            "freebsd.org",
            "openbsd.org",
            "netbsd.org",
            "gitee.com/src-openeuler",
        ],
    ),
    (Class::Cve, &["cve.org", "cve.mitre.org", "nvd.nist.gov"]),
    (
        Class::MailingList,
        &[
            "lore.kernel.org",
            "marc.info",
            "mail-archive.com",
            "spinics.net",
            "seclists.org",
            "openwall.com/lists",
            "nntp.perl.org",
        ],
    ),
];

/// Starts of host names that say what answers there.
const PREFIXES: &[(Class, &[&str])] = &[
    (
        Class::MailingList,
        &["lists.", "list.", "mail.", "lore.", "patchwork.", "sourceware.org/ml", "public-inbox."],
    ),
    (Class::BugTracker, &["bugzilla.", "bugs.", "bug.", "issues.", "jira.", "tracker.", "trac."]),
    (Class::MergeRequest, &["review.", "reviews.", "gerrit.", "codereview.", "phabricator."]),
];

/// The kind of place of a link; `None` when it names only a host and so nothing in particular.
pub fn class_of_link(link: &str) -> Option<Class> {
    let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit('@').next().unwrap_or(host).split(':').next().unwrap_or(host).to_ascii_lowercase();
    let whole = format!("{host}/{path}");
    let lower = path.to_ascii_lowercase();
    if path.trim_matches('/').is_empty() {
        return None;
    }
    if lower.starts_with("redhat/centos-stream") {
        return Some(Class::CentosStream);
    }
    let named = |hosts: &[&str]| hosts.iter().any(|wanted| on_host(&whole, &host, wanted));
    // A bug of a distribution is a bug first.
    if is_bug(&host, &lower) {
        return Some(Class::BugTracker);
    }
    if let Some((class, _)) = HOSTS.iter().find(|(_, hosts)| named(hosts)) {
        return Some(*class);
    }
    if lower.contains("security/cve") || lower.contains("cve-20") && host.starts_with("access.redhat") {
        return Some(Class::Cve);
    }
    if is_commit(&lower) {
        return Some(Class::UpstreamCommit);
    }
    if ["/pull/", "/pulls/", "/merge_requests/", "/pull-request/", "/pull-requests/", "/+merge/", "/c/"]
        .iter()
        .any(|part| format!("/{lower}").contains(part))
    {
        return Some(Class::MergeRequest);
    }
    if ["pipermail/", "archives/list", "mailman", "/thread/", "ml/"].iter().any(|part| lower.contains(part)) {
        return Some(Class::MailingList);
    }
    let prefixed = PREFIXES.iter().find(|(_, prefixes)| prefixes.iter().any(|p| whole.starts_with(p)));
    Some(prefixed.map_or(Class::Web, |(class, _)| *class))
}

/// Whether a host is one of a name or below it; a name may go on into the path.
fn on_host(whole: &str, host: &str, wanted: &str) -> bool {
    if wanted.contains('/') {
        return whole.starts_with(wanted);
    }
    host == wanted || host.strip_suffix(wanted).is_some_and(|below| below.ends_with('.'))
}

fn is_bug(host: &str, path: &str) -> bool {
    let host_says =
        ["bugzilla.", "bugs.", "issues.", "jira.", "bugzilla-"].iter().any(|prefix| host.starts_with(prefix));
    // Short links, `bugzilla.redhat.com/123`, and all the ways of trackers.
    let path_says = path.contains("show_bug.cgi")
        || path.contains("bugreport.cgi")
        || path.contains("/issues/")
        || path.contains("/issue/")
        || path.starts_with("issue")
        || path.contains("/+bug/")
        || path.contains("/browse/")
        || path.contains("/ticket/")
        || path.starts_with("ticket/")
        || path.contains("/tickets/")
        || path.contains("/bugs/")
        || path.starts_with("bugs/")
        || path.contains("tracker/")
        || path.starts_with("report/");
    path_says || (host_says && path.contains(|c: char| c.is_ascii_digit()))
}

fn is_commit(path: &str) -> bool {
    let marked = [
        "commit/",
        "commits/",
        "commitdiff",
        "changeset/",
        "/rev/",
        "revision=",
        "/r/",
        "/info/",
        "patch/?id=",
        "commit?",
        "commit/?",
    ];
    let at_query = ["?id=", "&id=", "?h=", ";h=", "&h=", "?p="].iter().any(|mark| path.contains(mark));
    (marked.iter().any(|mark| path.contains(mark)) || at_query) && has_hash_or_number(path)
}

/// A run of at least seven hexadecimal digits, or a revision number after `rev`.
fn has_hash_or_number(path: &str) -> bool {
    path.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        (word.len() >= 7 && word.len() <= 64 && word.bytes().all(|b| b.is_ascii_hexdigit()))
            || (word.starts_with('r') && word.len() > 3 && word[1..].bytes().all(|b| b.is_ascii_digit()))
    }) || path.contains("revision=")
        || path.contains("rev=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_addresses() {
        for (link, class) in [
            ("https://github.com/a/b/commit/0123456789abcdef", Some(Class::UpstreamCommit)),
            ("https://github.com/a/b/pull/12", Some(Class::MergeRequest)),
            ("https://github.com/a/b/pull/12/commits/0123456789abcdef", Some(Class::UpstreamCommit)),
            ("https://gitlab.gnome.org/GNOME/glib/-/merge_requests/1134.patch", Some(Class::MergeRequest)),
            ("https://gitlab.com/redhat/centos-stream/rpms/x/-/merge_requests/3", Some(Class::CentosStream)),
            ("https://src.fedoraproject.org/rpms/x/c/abcdef1", Some(Class::Fedora)),
            ("https://salsa.debian.org/x/y/-/commit/0123456789", Some(Class::OtherDistribution)),
            ("https://bugs.debian.org/cgi-bin/bugreport.cgi?bug=1", Some(Class::BugTracker)),
            ("https://bugzilla.redhat.com/show_bug.cgi?id=2125184", Some(Class::BugTracker)),
            ("https://bugzilla.redhat.com/2125184", Some(Class::BugTracker)),
            ("https://issues.redhat.com/browse/RHEL-1", Some(Class::BugTracker)),
            ("https://github.com/a/b/issues/12", Some(Class::BugTracker)),
            ("https://nvd.nist.gov/vuln/detail/CVE-2020-1", Some(Class::Cve)),
            ("https://lists.gnu.org/archive/html/x/2020-01/msg1.html", Some(Class::MailingList)),
            ("https://lore.kernel.org/r/abc@def", Some(Class::MailingList)),
            ("http://git.kernel.org/cgit/x.git/commit/?id=0123456789abcdef", Some(Class::UpstreamCommit)),
            (
                "http://git.savannah.gnu.org/gitweb/?p=x.git;a=commitdiff;h=0123456789abcdef",
                Some(Class::UpstreamCommit),
            ),
            ("https://www.sqlite.org/src/info/a67cf5b7d37d5b14", Some(Class::UpstreamCommit)),
            ("https://hg.mozilla.org/x/rev/0123456789ab", Some(Class::UpstreamCommit)),
            ("https://www.sqlite.org/", None),
            ("https://example.org/page.html", Some(Class::Web)),
        ] {
            assert_eq!(class_of_link(link), class, "{link}");
        }
    }
}
