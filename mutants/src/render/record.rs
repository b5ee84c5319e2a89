//! Enums, typedefs and records: definitions, and the functions through which programs meet a record.

use super::View;
use crate::model::{Member, Place, Record, Scalar};

impl View<'_> {
    pub(super) fn enum_definition(&self, index: usize) -> String {
        let e = &self.lib.enums[index];
        let items: Vec<String> =
            e.items.iter().map(|i| i.value.map_or(i.name.clone(), |v| format!("{} = {v}", i.name))).collect();
        let scoped = if e.scoped { "class " } else { "" };
        let packed = if e.packed { " __attribute__((packed))" } else { "" };
        let underlying: String = e
            .underlying
            .filter(|_| self.lib.cpp)
            .map_or(String::new(), |u: Scalar| format!(" : {}", u.name()));
        format!("enum {scoped}{}{underlying} {{ {} }}{packed};\n", e.name, items.join(", "))
    }

    /// The definition of a record.
    pub(super) fn record_definition(&self, index: usize) -> String {
        let record = &self.lib.records[index];
        let keyword = match (record.is_union, record.class_keyword) {
            (true, _) => "union",
            (false, true) => "class",
            (false, false) => "struct",
        };
        let mut attributes = Vec::new();
        if record.packed {
            attributes.push("packed".to_string());
        }
        attributes.extend(record.align.map(|a| format!("aligned({a})")));
        let attributes = match attributes.is_empty() {
            true => String::new(),
            false => format!(" __attribute__(({}))", attributes.join(", ")),
        };
        let mut out = format!("{keyword}{attributes} {} {{\n", record.tag);
        if record.class_keyword && !record.is_union {
            out += " public:\n";
        }
        if record.wrapped {
            out += "  struct {\n";
        }
        for member in &record.members {
            out += &format!("  {}\n", self.member(member));
        }
        if record.wrapped {
            out += "  };\n";
        }
        if self.lib.cpp {
            let tag = &record.tag;
            if record.special.destructor {
                out += &format!("  ~{tag}();\n");
            }
            if record.special.copy {
                out += &format!("  {tag}() {{}}\n  {tag}(const {tag} &);\n");
            }
        }
        out + "};\n"
    }

    /// Declarations of a record's functions.
    pub(super) fn record_declarations(&self, index: usize) -> String {
        let record = &self.lib.records[index];
        let (p, r, u) = (&record.prefix, self.record_name(index), record.uses);
        let mut out = String::new();
        if record.place != Place::Public {
            return format!(
                "{r} *{p}_open(sub_word s);\nsub_word {p}_get(const {r} *p);\nvoid {p}_step({r} *p, int by);\n\
                 void {p}_close({r} *p);\n"
            );
        }
        let mut when = |yes: bool, text: String| {
            if yes {
                out += &text;
            }
        };
        when(u.pointer, format!("sub_word {p}_sum(const {r} *p);\nvoid {p}_fill({r} *p, sub_word s);\n"));
        when(u.returned, format!("{r} {p}_make(sub_word s);\n"));
        when(u.passed, format!("sub_word {p}_eat({r} v, int x);\n"));
        when(u.array, format!("sub_word {p}_total(const {r} *p, int n);\n"));
        when(u.object, format!("extern {r} {p}_object;\nvoid {p}_touch(sub_word s);\n"));
        when(
            u.callback,
            format!("sub_word {p}_each(sub_word (*cb)({r} *item, void *ctx), void *ctx, int n);\n"),
        );
        when(u.thrown, format!("void {p}_fail(sub_word s);\n"));
        out
    }

    /// `mx_R` and `fx_R`: checksum and values of a record, static on both sides.
    pub(super) fn record_helpers(&self, index: usize) -> String {
        let record = &self.lib.records[index];
        let (p, r) = (&record.prefix, self.record_name(index));
        let mut sorted: Vec<&Member> = record.members.iter().collect();
        sorted.sort_by_key(|m| m.id);
        let mut mixed: Vec<&Member> = sorted.iter().copied().filter(|m| !m.is_new).collect();
        if record.is_union {
            // The active member is the oldest; it is written last.
            mixed.truncate(1);
            sorted.reverse();
        }
        let mut out = format!("static sub_word mx_{p}(const {r} *p, sub_word h) {{\n");
        for m in mixed {
            out += &format!("  {}\n", self.mix(&m.ty, &format!("p->{}", m.name), 0));
        }
        out += &format!("  return h;\n}}\nstatic void fx_{p}({r} *p, sub_word s) {{\n");
        for m in sorted {
            let place = format!("p->{}", m.name);
            out += &format!("  {}\n", self.fill(&m.ty, &place, &m.id.to_string(), m, 0));
        }
        out + "}\n"
    }

    /// Definitions of a record's functions.
    pub(super) fn record_functions(&self, index: usize) -> Vec<String> {
        let record = &self.lib.records[index];
        let (p, r, u) = (&record.prefix, self.record_name(index), record.uses);
        if record.place != Place::Public {
            return opaque_functions(p, &r);
        }
        let mut out = Vec::new();
        let mut when = |yes: bool, text: String| {
            if yes {
                out.push(text);
            }
        };
        let local = format!("{r} v; memset((void *)&v, 0, sizeof v); fx_{p}(&v, s);");
        when(u.pointer, format!("sub_word {p}_sum(const {r} *p) {{ return mx_{p}(p, 1); }}\n"));
        when(u.pointer, format!("void {p}_fill({r} *p, sub_word s) {{ fx_{p}(p, s); }}\n"));
        when(u.returned, format!("{r} {p}_make(sub_word s) {{ {local} return v; }}\n"));
        when(u.passed, format!("sub_word {p}_eat({r} v, int x) {{ return mx_{p}(&v, x); }}\n"));
        when(
            u.array,
            format!(
                "sub_word {p}_total(const {r} *p, int n) {{ sub_word h = 3; for (int i = 0; i < n; i++) h = \
                 mx_{p}(p + i, h); return h; }}\n"
            ),
        );
        when(
            u.object,
            format!("{r} {p}_object;\nvoid {p}_touch(sub_word s) {{ fx_{p}(&{p}_object, s); }}\n"),
        );
        when(
            u.callback,
            format!(
                "sub_word {p}_each(sub_word (*cb)({r} *item, void *ctx), void *ctx, int n) {{\n  {r} all[4]; \
                 sub_word h = 0;\n  for (int i = 0; i < n && i < 4; i++) fx_{p}(&all[i], i);\n  for (int i = 0; i < n \
                 && i < 4; i++) h = sub_mix(h, cb(&all[i], ctx));\n  return h;\n}}\n"
            ),
        );
        when(u.thrown, format!("void {p}_fail(sub_word s) {{ {local} throw v; }}\n"));
        when(special(record, false), format!("{t}::~{t}() {{}}\n", t = record.tag));
        when(
            special(record, true),
            format!(
                "{t}::{t}(const {t} &o) {{ memcpy((void *)this, (const void *)&o, sizeof *this); }}\n",
                t = record.tag
            ),
        );
        out
    }
}

fn special(record: &Record, copy: bool) -> bool {
    if copy { record.special.copy } else { record.special.destructor }
}

/// An opaque record's members are used, but never decide a result.
fn opaque_functions(p: &str, r: &str) -> Vec<String> {
    vec![
        format!(
            "{r} *{p}_open(sub_word s) {{ {r} *p = ({r} *)calloc(1, sizeof *p); fx_{p}(p, s); return p; }}\n"
        ),
        format!("sub_word {p}_get(const {r} *p) {{ sub_sink = mx_{p}(p, 5); return 42; }}\n"),
        format!("void {p}_step({r} *p, int by) {{ fx_{p}(p, (sub_word)by); }}\n"),
        format!("void {p}_close({r} *p) {{ free((void *)p); }}\n"),
    ]
}
