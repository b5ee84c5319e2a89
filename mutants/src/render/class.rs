//! C++ classes and templates.

use super::View;
use super::types::constant;
use crate::model::{Class, Member, Method, Template, Ty};

impl View<'_> {
    pub(super) fn class_definition(&self, index: usize) -> String {
        let c = &self.lib.classes[index];
        let bases: Vec<String> = c
            .bases
            .iter()
            .map(|&(b, v)| format!("public {}{}", if v { "virtual " } else { "" }, self.lib.classes[b].name))
            .collect();
        let bases = if bases.is_empty() { String::new() } else { format!(" : {}", bases.join(", ")) };
        let keyword = if c.struct_keyword { "struct" } else { "class" };
        let name = &c.name;
        let mut out = format!("{keyword} {name}{bases} {{\n public:\n  {name}(int seed = 1);\n");
        if c.virtual_destructor {
            out += &format!("  virtual ~{name}();\n");
        }
        if c.noise {
            out += &format!(
                "  friend class Nobody{name};\n  using self = {name};\n  struct Inner {{ int unused; }};\n  enum \
                 {{ kLimit = 9 }};\n"
            );
        }
        for method in &c.methods {
            out += &self.method_declaration(c, method);
        }
        for member in &c.members {
            out += &format!("  {}\n", self.member(member));
        }
        for name in &c.statics {
            out += &format!("  static int {name};\n");
        }
        if c.pimpl.is_some() {
            out += "  struct Hidden;\n  Hidden *hidden;\n";
        }
        out + "};\n"
    }

    fn method_declaration(&self, c: &Class, m: &Method) -> String {
        let word = |yes: bool, text: &'static str| if yes { text } else { "" };
        let default = if m.default_argument { " = 3" } else { "" };
        let head = format!(
            "{}{}{}",
            word(m.is_static, "static "),
            word(m.is_virtual && m.suffix.is_empty(), "virtual "),
            self.method_head(m, &m.name, default)
        );
        let end = match (m.pure, m.inline) {
            (true, _) => " = 0;\n".to_string(),
            (_, true) => format!(" {{ {} }}\n", self.method_body(c, m)),
            _ => ";\n".to_string(),
        };
        let suffix = if m.suffix.is_empty() { String::new() } else { format!(" {}", m.suffix) };
        let text = format!("  {head}{suffix}{end}");
        if m.private { format!(" private:\n{text} public:\n") } else { text }
    }

    /// `int work5(int x) const`.
    pub(super) fn method_head(&self, m: &Method, name: &str, default: &str) -> String {
        format!(
            "{} {name}({} x{default}){}{}",
            m.ret.name(),
            m.param.name(),
            if m.is_const { " const" } else { "" },
            if m.noexcept { " noexcept" } else { "" }
        )
    }

    fn method_body(&self, c: &Class, m: &Method) -> String {
        if let Some(base) = &m.delegates {
            return format!("return {base}::{}(x);", m.name);
        }
        let mut out = format!("sub_word h = {}; {}", m.id, self.mix(&Ty::Int(m.param), "x", 0));
        if !m.is_static {
            let mut members: Vec<&Member> = c.members.iter().filter(|m| !m.is_new).collect();
            members.sort_by_key(|m| m.id);
            out += &members.iter().map(|m| self.mix(&m.ty, &m.name, 0)).collect::<String>();
        }
        format!("{out} return ({})(h % 97);", m.ret.name())
    }

    pub(super) fn class_declarations(&self, index: usize) -> String {
        let name = &self.lib.classes[index].name;
        if self.lib.classes[index].is_new {
            return String::new();
        }
        format!("{name} *make_{name}(int seed);\nsub_word drive_{name}({name} *p);\n")
    }

    pub(super) fn class_functions(&self, index: usize) -> Vec<String> {
        let c = &self.lib.classes[index];
        let name = &c.name;
        let mut out = Vec::new();
        if let Some(count) = c.pimpl {
            out.push(format!("struct {name}::Hidden {{ int slots[{count}]; }};\n"));
        }
        let mut members: Vec<&Member> = c.members.iter().collect();
        members.sort_by_key(|m| m.id);
        let fills: String = members
            .iter()
            .map(|m| format!("  {}\n", self.fill(&m.ty, &m.name, &m.id.to_string(), m, 0)))
            .collect();
        let hidden = if c.pimpl.is_some() { "  hidden = new Hidden();\n" } else { "" };
        let mut all =
            format!("{name}::{name}(int seed) {{\n  sub_word s = seed; (void)s;\n{fills}{hidden}}}\n");
        if c.virtual_destructor {
            all += &format!("{name}::~{name}() {{ sub_sink = 1; }}\n");
        }
        for m in c.methods.iter().filter(|m| !m.pure && !m.inline) {
            let head = self.method_head(m, &format!("{name}::{}", m.name), "");
            all += &format!("{head} {{ {} }}\n", self.method_body(c, m));
        }
        for (at, s) in c.statics.iter().enumerate() {
            all += &format!("int {name}::{s} = {};\n", at + 4);
        }
        if !c.is_new {
            all += &self.maker(index);
        }
        out.push(all);
        // The hidden struct is used by the constructor: one piece.
        vec![out.concat()]
    }

    /// `make_` and `drive_`.
    fn maker(&self, index: usize) -> String {
        let name = &self.lib.classes[index].name;
        let mut out =
            format!("namespace {{ struct Made{name} : {name} {{ Made{name}(int s) : {name}(s) {{}}\n");
        for m in self.lib.overridden(index) {
            let value = format!("return ({})(x + 5);", m.ret.name());
            out += &format!("  {} {{ {value} }}\n", self.method_head(&m, &m.name, ""));
        }
        out += &format!("}}; }}\n{name} *make_{name}(int seed) {{ return new Made{name}(seed); }}\n");
        out += &format!("sub_word drive_{name}({name} *p) {{\n  sub_word h = 6;\n");
        let mut methods = self.lib.callable(index);
        methods.sort_by(|a, b| a.key.cmp(&b.key));
        for m in methods.iter().filter(|m| m.driven) {
            let call = format!("p->{}(7)", m.name);
            out += &match m.is_new {
                true => format!("  sub_sink = (sub_word){call};\n"),
                false => format!("  h = sub_mix(h, (sub_word)(int64_t)({call} * 4));\n"),
            };
        }
        out + "  return h;\n}\n"
    }

    pub(super) fn template_definition(&self, t: &Template) -> String {
        let name = &t.name;
        let mut out = format!("template <class T> struct {name} {{\n  T first;\n");
        for member in &t.members {
            out += &format!("  {}\n", self.member(member));
        }
        out += &format!("  {name}(int seed);\n  sub_word get() const;\n");
        if t.more_methods {
            out += "  sub_word more() const { return 3; }\n";
        }
        out += "};\n";
        let mut sorted: Vec<&Member> = t.members.iter().collect();
        sorted.sort_by_key(|m| m.id);
        let fills: String =
            sorted.iter().map(|m| self.fill(&m.ty, &m.name, &m.id.to_string(), m, 0)).collect();
        let mixed: String =
            sorted.iter().filter(|m| !m.is_new).map(|m| self.mix(&m.ty, &m.name, 0)).collect();
        let attribute = "__attribute__((noinline))";
        out += &format!(
            "template <class T> {attribute} {name}<T>::{name}(int seed) {{ sub_word s = seed; first = (T)seed; {fills} }}\n\
             template <class T> {attribute} sub_word {name}<T>::get() const {{ sub_word h = sub_mix(4, \
             (sub_word)(first * 4)); {mixed} return h; }}\n"
        );
        for instance in &t.instances {
            out += &format!("extern template struct {name}<{}>;\n", instance.name());
        }
        let with = t.used_with.name();
        out + &format!(
            "sub_word use_{name}(const {name}<{with}> *p);\n{name}<{with}> make_{name}(int seed);\n"
        )
    }

    pub(super) fn template_functions(&self, t: &Template) -> String {
        let (name, with) = (&t.name, t.used_with.name());
        let mut out = String::new();
        for instance in &t.instances {
            out += &format!("template struct {name}<{}>;\n", instance.name());
        }
        out += &format!("sub_word use_{name}(const {name}<{with}> *p) {{ return p->get(); }}\n");
        out + &format!("{name}<{with}> make_{name}(int seed) {{ return {name}<{with}>(seed); }}\n")
    }
}

/// An argument for a method.
pub(super) fn method_argument(m: &Method) -> String {
    constant(&Ty::Int(m.param), m.key.len() * 5 + 1)
}
