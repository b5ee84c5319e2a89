//! The program: uses everything that the old public header offers, and prints what it sees.

use super::View;
use super::class::method_argument;
use super::function::plain_member;
use super::types::constant;
use crate::model::{Function, Library, Method, Object, Place, Pointee, Ty, Varargs};

/// Writes the program for a library.
pub fn program(library: &Library) -> String {
    View { lib: library }.program()
}

/// Memory around an object that nobody may write to.
const PRELUDE: &str = r#"#include "subject.h"
#include <stdio.h>
static void out(const char *what, sub_word v) { printf("%s %016llx\n", what, (unsigned long long)v); }
#define BOX(type, name, extra) \
  static unsigned char name##_box[64 + sizeof(type) + extra + 256] __attribute__((aligned(64))); \
  memset(name##_box, 0xA5, sizeof name##_box); \
  type *name = (type *)(name##_box + 64)
static sub_word guard(const unsigned char *box, size_t all, size_t used) {
  for (size_t i = 0; i < all; i++)
    if ((i < 64 || i >= 64 + used) && box[i] != 0xA5) return 0xBAD;
  return 0;
}
#define GUARD(type, name, extra) out(#name " guard", guard(name##_box, sizeof name##_box, sizeof(type) + extra))
"#;

impl View<'_> {
    fn program(&self) -> String {
        let lib = self.lib;
        let mut out = String::from(PRELUDE);
        if lib.cpp {
            out += &format!("#include <new>\nusing namespace {};\n", lib.namespace);
            out += "template <class T> __attribute__((noinline)) T *hide(T *p) { asm volatile(\"\" : \"+r\"(p)); return p; }\n";
        }
        out += &self.helpers();
        let public: Vec<usize> =
            (0..lib.records.len()).filter(|&r| lib.records[r].place == Place::Public).collect();
        out += &public.iter().map(|&r| self.record_helpers(r)).collect::<String>();
        let mut calls = String::new();
        let mut add = |name: &str, (before, body): (String, String)| {
            out += &format!("{before}static void test_{name}(void) {{\n{body}}}\n");
            calls += &format!("  test_{name}();\n");
        };
        for (index, record) in lib.records.iter().enumerate() {
            let body = match record.place {
                Place::Public => self.try_record(index),
                _ => (String::new(), try_opaque(&record.prefix, &self.record_name(index))),
            };
            add(&record.prefix, body);
        }
        for f in &lib.functions {
            add(&f.name, (String::new(), self.try_function(f)));
        }
        for o in &lib.objects {
            add(&o.name, (String::new(), self.try_object(o)));
        }
        for t in &lib.templates {
            add(&t.name, (String::new(), self.try_template(&t.name, t.used_with.name())));
        }
        for (index, c) in lib.classes.iter().enumerate() {
            add(&c.name, self.try_class(index));
        }
        out + &format!(
            "int main(void) {{\n  setvbuf(stdout, 0, _IOLBF, 4096);\n{calls}  puts(\"done\");\n  return 0;\n}}\n"
        )
    }

    /// The callback that the test passes, and the test's body.
    fn try_record(&self, index: usize) -> (String, String) {
        let record = &self.lib.records[index];
        let (p, r, u) = (&record.prefix, self.record_name(index), record.uses);
        let flexible = record.members.iter().find_map(|m| match m.ty {
            Ty::Flex(scalar, _) => Some(4 * scalar.size()),
            _ => None,
        });
        let extra = flexible.unwrap_or(0);
        let mut out = String::new();
        let mut when = |yes: bool, text: String| {
            if yes {
                out += &text;
            }
        };
        let guard = format!("  GUARD({r}, b, {extra});\n");
        when(true, format!("  BOX({r}, b, {extra}); fx_{p}(b, 5);\n"));
        when(
            u.pointer,
            format!(
                "  out(\"{p}_sum\", {p}_sum(b)); {p}_fill(b, 6); out(\"{p}_fill\", mx_{p}(b, 0));\n{guard}"
            ),
        );
        when(
            u.returned,
            format!(
                "  {{ {r} v = {p}_make(8); out(\"{p}_make\", mx_{p}(&v, 0)); memcpy((void *)b, (void *)&v, sizeof v); }}\n"
            ),
        );
        when(u.passed, format!("  out(\"{p}_eat\", {p}_eat(*b, 77));\n"));
        when(
            u.array,
            format!(
                "  {{ {r} all[3]; for (int i = 0; i < 3; i++) fx_{p}(&all[i], i); out(\"{p}_total\", {p}_total(all, 3)); }}\n"
            ),
        );
        when(
            u.object,
            format!("  {p}_touch(4); out(\"{p}_object\", mx_{p}(&{p}_object, 0)); fx_{p}(&{p}_object, 3);\n"),
        );
        when(
            u.callback,
            format!(
                "  {{ sub_word c = 9; out(\"{p}_each\", {p}_each(cb_{p}, &c, 3)); out(\"{p}_ctx\", c); }}\n"
            ),
        );
        when(
            u.thrown,
            format!(
                "  try {{ {p}_fail(12); }} catch (const {r} &e) {{ out(\"{p}_fail\", mx_{p}(&e, 0)); }} catch (...) {{ out(\"{p}_fail\", 1); }}\n"
            ),
        );
        let before = match u.callback {
            true => format!(
                "static sub_word cb_{p}({r} *item, void *ctx) {{ *(sub_word *)ctx += 1; return mx_{p}(item, 2); }}\n"
            ),
            false => String::new(),
        };
        (before, out)
    }

    fn try_function(&self, f: &Function) -> String {
        let (mut before, mut after) = (String::new(), String::new());
        let mut args = Vec::new();
        for p in &f.params {
            let (id, name) = (p.id, format!("v{}", p.id));
            args.push(match &p.ty {
                Ty::Int(_) => constant(&p.ty, id),
                Ty::Alias(index) => {
                    format!("({}){}", self.lib.aliases[*index].name, constant(&self.lib.aliases[*index].target, id))
                }
                Ty::Enum(e) => format!("some_{}({id})", self.lib.enums[*e].name),
                Ty::Ptr(Pointee::Void, _) => format!("(void *)(uintptr_t){}", id % 90 + 1),
                Ty::Ptr(Pointee::Char, _) => format!("\"text{id}\""),
                Ty::Fn(index) => format!("&fn{index}"),
                Ty::Ptr(Pointee::Int(scalar), _) => {
                    let s = scalar.name();
                    before += &format!("  {s} {name}[8]; for (int i = 0; i < 8; i++) {name}[i] = ({s})(i + {});\n", id % 40);
                    let mixed = self.mix(&Ty::Int(*scalar), &format!("{name}[i]"), 1);
                    after += &format!("  {{ sub_word h = 0; for (int i = 0; i < 8; i++) {{ {mixed} }} out(\"{} {name}\", h); }}\n", f.name);
                    name
                }
                Ty::Ptr(Pointee::Rec(r), _) | Ty::Rec(r) => {
                    let (prefix, ty) = (&self.lib.records[*r].prefix, self.record_name(*r));
                    before += &format!("  BOX({ty}, {name}, 0); fx_{prefix}({name}, {});\n", id % 20);
                    after += &format!("  out(\"{} {name}\", mx_{prefix}({name}, 0)); GUARD({ty}, {name}, 0);\n", f.name);
                    if matches!(p.ty, Ty::Rec(_)) { format!("*{name}") } else { name }
                }
                Ty::Arr(..) | Ty::Flex(..) => constant(&p.ty, id),
            });
        }
        if f.varargs == Varargs::Counted {
            args.push("2, 11, 2.5, 12, 3.5".into());
        }
        let args = args.join(", ");
        let mut out = before;
        for name in std::iter::once(&f.name).chain(&f.link.alias) {
            out += &match &f.ret {
                None => format!("  {name}({args}); out(\"{name}\", sub_last());\n"),
                Some(ty) => {
                    let value = self.declare(ty, "r");
                    let mixed = self.mix(ty, "r", 0);
                    format!("  {{ {value} = {name}({args}); sub_word h = 0; {mixed} out(\"{name}\", h); }}\n")
                }
            };
        }
        out + &after
    }

    fn try_object(&self, o: &Object) -> String {
        let name = &o.name;
        let look = |what: &str, name: &str| {
            format!("  {{ sub_word h = 0; {} out(\"{name} {what}\", h); }}\n", self.mix(&o.ty, name, 0))
        };
        let mut out = look("first", name);
        out += &format!("  out(\"{name} get\", {name}_get());\n");
        if !o.is_const {
            let filled = self.fill(&o.ty, name, &o.id.to_string(), &plain_member(o), 0);
            out += &format!(
                "  {{ sub_word s = 9; {filled} }}\n  out(\"{name} get\", {name}_get());\n  {name}_set(11);\n"
            );
            out += &look("set", name);
        }
        if let Some(alias) = &o.link.alias {
            out += &look("alias", alias);
        }
        out
    }

    fn try_template(&self, name: &str, with: &str) -> String {
        let t = format!("{name}<{with}>");
        format!(
            "  typedef {t} H; BOX(H, b, 0); new (b) H(3); GUARD(H, b, 0);\n  out(\"get\", b->get()); out(\"use\", \
             use_{name}(b)); out(\"first\", (sub_word)b->first);\n  {{ H v = make_{name}(6); out(\"made\", v.get()); \
             out(\"made\", (sub_word)v.first); }}\n"
        )
    }

    /// A derived class, and the body of the test.
    fn try_class(&self, index: usize) -> (String, String) {
        let lib = self.lib;
        let c = &lib.classes[index];
        let name = &c.name;
        let callable = lib.callable(index);
        let mut before = format!(
            "struct My{name} : {name} {{ sub_word extra; My{name}() : {name}(3), extra(0x123456789abcdefull) {{}}\n"
        );
        let own: Vec<&Method> =
            callable.iter().filter(|m| m.pure).chain(callable.iter().find(|m| !m.pure)).collect();
        for m in own {
            before += &format!(
                "  {} {{ return ({})(x + extra % 7); }}\n",
                self.method_head(m, &m.name, ""),
                m.ret.name()
            );
        }
        before += "};\n";
        let mut out = format!("  {name} *m = hide(make_{name}(4));\n{}", self.look_at(index, "m"));
        if lib.pure(index).is_empty() {
            out += &format!(
                "  {{ BOX({name}, b, 0); {name} *o = hide(new (b) {name}(5));\n{}  GUARD({name}, b, 0); }}\n",
                self.look_at(index, "o")
            );
        }
        out += &format!(
            "  {{ BOX(My{name}, b, 0); My{name} *o = hide(new (b) My{name}()); out(\"drive\", drive_{name}(o)); \
             out(\"extra\", o->extra);\n{}  GUARD(My{name}, b, 0); }}\n",
            self.look_at(index, "o")
        );
        out += &format!("  out(\"drive\", drive_{name}(m));\n");
        for (at, &(base, _)) in c.bases.iter().enumerate() {
            let base_name = &lib.classes[base].name;
            out += &format!(
                "  {base_name} *b{at} = hide(static_cast<{base_name} *>(m));\n{}",
                self.look_at(base, &format!("b{at}"))
            );
            if lib.is_polymorphic(base) {
                out += &format!("  out(\"cast\", dynamic_cast<{name} *>(b{at}) == m);\n");
            }
        }
        for s in &c.statics {
            out += &format!("  out(\"{s}\", (sub_word){name}::{s});\n");
        }
        if c.virtual_destructor {
            out += "  delete m;\n";
        }
        (before, out)
    }

    /// Calls every function and reads every member of an object of a class.
    fn look_at(&self, index: usize, object: &str) -> String {
        let c = &self.lib.classes[index];
        let mut out = String::new();
        let plain = c.methods.iter().filter(|m| !m.is_virtual && !m.private).cloned();
        for m in self.lib.callable(index).into_iter().chain(plain) {
            out += &format!(
                "  out(\"{}.{}\", (sub_word)(int64_t)({object}->{}({}) * 4));\n",
                c.name,
                m.name,
                m.name,
                method_argument(&m)
            );
        }
        out += "  { sub_word h = 0;\n";
        for m in &c.members {
            out += &format!("    {}\n", self.mix(&m.ty, &format!("{object}->{}", m.name), 0));
        }
        out + &format!("    out(\"{} members\", h); }}\n", c.name)
    }
}

fn try_opaque(p: &str, r: &str) -> String {
    format!(
        "  {r} *p = {p}_open(3); out(\"{p}_get\", {p}_get(p)); {p}_step(p, 2); out(\"{p}_get\", {p}_get(p)); \
         {p}_close(p);\n"
    )
}
