//! Functions and objects: declarations, definitions, and how their symbols are made.

use super::View;
use super::types::constant;
use crate::model::{Function, Link, Member, Object, Param, Pointee, Ty, Varargs};

impl View<'_> {
    /// `int call5(int p6, ...)`; parameters without names when the style says so.
    pub(super) fn signature(&self, f: &Function, name: &str, names: bool) -> String {
        let ret = f.ret.clone();
        let mut params: Vec<String> = f.params.iter().map(|p| self.param(p, names)).collect();
        match f.varargs {
            Varargs::None => {}
            Varargs::Counted => params.extend(["int n".into(), "...".into()]),
            Varargs::Fixed => params.push("int n, int a0, double b0, int a1, double b1".into()),
            Varargs::Ignored => params.push("...".into()),
        }
        if params.is_empty() {
            params.push("void".into());
        }
        let call = format!("{}{name}({})", attribute(f.attribute), params.join(", "));
        let noexcept = if self.lib.cpp && f.noexcept { " noexcept" } else { "" };
        match ret {
            None => format!("void {call}{noexcept}"),
            Some(ty) => format!("{}{noexcept}", self.declare(&ty, &call)),
        }
    }

    fn param(&self, p: &Param, names: bool) -> String {
        let name = if names { p.name.as_str() } else { "" };
        match (&p.ty, p.top_const) {
            (Ty::Ptr(..) | Ty::Fn(_), true) => self.declare(&p.ty, &format!("const {name}")),
            (_, true) => format!("const {}", self.declare(&p.ty, name)),
            _ => self.declare(&p.ty, name),
        }
    }

    fn linkage(&self, f: &Function) -> &'static str {
        if self.lib.cpp && f.extern_c { "extern \"C\" " } else { "" }
    }

    pub(super) fn function_declaration(&self, f: &Function) -> String {
        let names = !self.lib.style.unnamed_parameters;
        let linkage = self.linkage(f);
        let mut attributes = link_attributes(&f.link);
        if self.lib.abi_tag == Some(f.id) {
            attributes += " __attribute__((abi_tag(\"v2\")))";
        }
        if self.lib.style.attributes && f.ret.is_some() {
            attributes += " __attribute__((warn_unused_result))";
        }
        let mut out = format!("{linkage}{}{attributes};\n", self.signature(f, &f.name, names));
        if let Some(alias) = &f.link.alias {
            out += &format!("{linkage}{};\n", self.signature(f, alias, names));
        }
        out
    }

    /// The function, its aliases and its older version.
    pub(super) fn function_definition(&self, f: &Function) -> String {
        let linkage = self.linkage(f);
        let mut out = String::new();
        if let Some(old) = &f.compat {
            let versions = &self.lib.versions;
            let (now, before) = (&versions[f.link.version], &versions[old.link.version]);
            let symver = |name: &str, at: &str| format!("__attribute__((symver(\"{}{at}{name}\"))) ", f.name);
            out +=
                &format!("{}{};\n", symver(now, "@@"), self.signature(f, &format!("{}_now", f.name), true));
            out += &self.body(f, &format!("{}_now", f.name), "");
            out += &format!(
                "{}{};\n",
                symver(before, "@"),
                self.signature(old, &format!("{}_before", f.name), true)
            );
            out += &self.body(old, &format!("{}_before", f.name), "");
        } else if f.ifunc {
            let name = &f.name;
            out += &self.body(f, &format!("{name}_impl"), "static ");
            out += &format!("static void *{name}_resolve(void) {{ return (void *){name}_impl; }}\n");
            out +=
                &format!("{} __attribute__((ifunc(\"{name}_resolve\")));\n", self.signature(f, name, true));
        } else {
            out += &self.body(f, &f.name, linkage);
        }
        if let Some(alias) = &f.link.alias {
            out += &match f.link.alias_split || f.ifunc || f.compat.is_some() {
                true => self.body(f, alias, linkage),
                false => format!(
                    "{linkage}{} __attribute__((alias(\"{}\")));\n",
                    self.signature(f, alias, true),
                    f.name
                ),
            };
        }
        out
    }

    fn body(&self, f: &Function, name: &str, prefix: &str) -> String {
        let mut out = format!("{prefix}{} {{\n  sub_word h = {};\n", self.signature(f, name, true), f.id);
        let mut sorted: Vec<&Param> = f.params.iter().collect();
        sorted.sort_by_key(|p| p.id);
        for p in &sorted {
            out += &format!("  {}\n", self.mix_param(p));
        }
        match f.varargs {
            Varargs::Counted => {
                out += "  va_list ap; va_start(ap, n);\n  for (int i = 0; i < n && i < 4; i++) {\n    h = sub_mix(h, \
                        (sub_word)va_arg(ap, int));\n    h = sub_mix(h, (sub_word)(va_arg(ap, double) * 4));\n  }\n  \
                        va_end(ap);\n";
            }
            Varargs::Fixed => {
                out += "  if (n > 0) h = sub_mix(sub_mix(h, (sub_word)a0), (sub_word)(b0 * 4));\n  if (n > 1) h = \
                        sub_mix(sub_mix(h, (sub_word)a1), (sub_word)(b1 * 4));\n";
            }
            Varargs::None | Varargs::Ignored => {}
        }
        for p in &sorted {
            out += &self.write_back(p);
        }
        if f.other_body {
            out += "  for (volatile int turn = 0; turn < 3; turn++) { if (turn == 7) h = 0; }\n";
        }
        if f.was_void {
            out += "  sub_result = h;\n";
        }
        out + &format!("  {}\n}}\n", self.return_statement(f.ret.as_ref()))
    }

    fn return_statement(&self, ret: Option<&Ty>) -> String {
        match ret {
            None => "sub_result = h;".into(),
            Some(Ty::Enum(e)) => format!("return some_{}(h % 64);", self.lib.enums[*e].name),
            Some(Ty::Ptr(Pointee::Char, _)) => "return (char *)sub_name(h);".into(),
            Some(Ty::Rec(r)) => {
                let p = &self.lib.records[*r].prefix;
                format!(
                    "{} v; memset((void *)&v, 0, sizeof v); fx_{p}(&v, h % 50); return v;",
                    self.record_name(*r)
                )
            }
            Some(Ty::Int(crate::model::Scalar::Bool)) => "return (h & 1) != 0;".into(),
            Some(ty) => format!("return ({})(h % 97);", self.declare(ty, "")),
        }
    }

    fn mix_param(&self, p: &Param) -> String {
        let name = &p.name;
        match &p.ty {
            Ty::Ptr(Pointee::Int(scalar), _) => {
                format!(
                    "for (int j = 0; j < 3; j++) {{ {} }}",
                    self.mix(&Ty::Int(*scalar), &format!("{name}[j]"), 1)
                )
            }
            Ty::Ptr(Pointee::Rec(r), _) => format!("h = mx_{}({name}, h);", self.lib.records[*r].prefix),
            ty => self.mix(ty, name, 0),
        }
    }

    /// What a function does with memory that it writes to.
    fn write_back(&self, p: &Param) -> String {
        let name = &p.name;
        match &p.ty {
            Ty::Ptr(Pointee::Int(scalar), _) if p.writes => {
                let scalar = scalar.name();
                format!("  for (int j = 0; j < 3; j++) (({scalar} *){name})[j] = ({scalar})(j + 1);\n")
            }
            Ty::Ptr(Pointee::Rec(r), _) if p.writes => {
                format!("  fx_{}(({} *){name}, 9);\n", self.lib.records[*r].prefix, self.record_name(*r))
            }
            _ => String::new(),
        }
    }

    pub(super) fn object_declaration(&self, o: &Object) -> String {
        let prefix = object_prefix(o);
        let linkage = if self.lib.cpp { "extern \"C\" " } else { "extern " };
        let attributes = link_attributes(&o.link);
        let mut out = String::new();
        for name in std::iter::once(&o.name).chain(&o.link.alias) {
            let attributes = if *name == o.name { attributes.as_str() } else { "" };
            let text = format!("{linkage}{prefix}{}{attributes};\n", self.declare(&o.ty, name));
            out += &text;
        }
        let linkage = if self.lib.cpp { "extern \"C\" " } else { "" };
        out += &format!("{linkage}sub_word {}_get(void);\n", o.name);
        if !o.is_const {
            out += &format!("{linkage}void {}_set(sub_word s);\n", o.name);
        }
        out
    }

    pub(super) fn object_definition(&self, o: &Object) -> String {
        let prefix = object_prefix(o);
        let linkage = if self.lib.cpp { "extern \"C\" " } else { "" };
        // With an initialiser, `extern "C"` on one declaration is a definition in GCC, with a warning at most.
        let init = self.initial(&o.ty, o.id);
        let mut out = format!("{linkage}{prefix}{} = {init};\n", self.declare(&o.ty, &o.name));
        if let Some(alias) = &o.link.alias {
            let text = self.declare(&o.ty, alias);
            out += &match o.link.alias_split {
                true => format!("{linkage}{prefix}{text} = {init};\n"),
                false if self.lib.cpp => {
                    format!("extern \"C\" {prefix}{text} __attribute__((alias(\"{}\")));\n", o.name)
                }
                false => format!("extern {prefix}{text} __attribute__((alias(\"{}\")));\n", o.name),
            };
        }
        let name = &o.name;
        let mixed = self.mix(&o.ty, name, 0);
        out += &format!("{linkage}sub_word {name}_get(void) {{ sub_word h = 2; {mixed} return h; }}\n");
        if !o.is_const {
            let filled = self.fill(&o.ty, name, &o.id.to_string(), &plain_member(o), 0);
            out += &format!("{linkage}void {name}_set(sub_word s) {{ {filled} }}\n");
        }
        out
    }

    fn initial(&self, ty: &Ty, id: usize) -> String {
        match ty {
            Ty::Arr(_, dimensions) => {
                let count = dimensions.iter().product::<u64>().max(1);
                let values: Vec<String> =
                    (0..count).map(|i| ((id as u64 + i) % 90 + 1).to_string()).collect();
                format!("{{ {} }}", values.join(", "))
            }
            Ty::Enum(e) => {
                let e = &self.lib.enums[*e];
                let first = e.items.iter().position(|i| Some(&i.id) == e.original.first());
                self.enumerator(e, first.unwrap_or(0))
            }
            Ty::Rec(_) => "{}".into(),
            ty => constant(ty, id),
        }
    }
}

/// A member that stands for an object's value.
pub(super) fn plain_member(o: &Object) -> Member {
    Member {
        id: o.id,
        name: o.name.clone(),
        ty: o.ty.clone(),
        bits: None,
        value_bits: 7,
        is_negative: false,
        align: None,
        qualifier: "",
        is_new: false,
    }
}

fn object_prefix(o: &Object) -> String {
    let word = |yes: bool, text: &str| if yes { format!("{text} ") } else { String::new() };
    format!("{}{}{}", word(o.tls, "__thread"), word(o.is_const, "const"), word(o.volatile, "volatile"))
}

fn attribute(word: &str) -> String {
    if word.is_empty() { String::new() } else { format!("__attribute__(({word})) ") }
}

fn link_attributes(link: &Link) -> String {
    let mut out = String::new();
    for (yes, word) in [
        (link.hidden, "visibility(\"hidden\")"),
        (link.protected, "visibility(\"protected\")"),
        (link.weak, "weak"),
    ] {
        if yes {
            out += &format!(" __attribute__(({word}))");
        }
    }
    out
}
