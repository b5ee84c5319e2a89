//! Declarators, and code that mixes or makes values of a type.

use super::View;
use crate::model::{Enum, Member, Pointee, Scalar, Ty};

impl View<'_> {
    /// `struct thing0`, or `thing0` in C++.
    pub(super) fn record_name(&self, index: usize) -> String {
        let record = &self.lib.records[index];
        match (self.lib.cpp, record.is_union) {
            (true, _) => record.tag.clone(),
            (false, true) => format!("union {}", record.tag),
            (false, false) => format!("struct {}", record.tag),
        }
    }

    pub(super) fn enum_name(&self, index: usize) -> String {
        let name = &self.lib.enums[index].name;
        if self.lib.cpp { name.clone() } else { format!("enum {name}") }
    }

    pub(super) fn enumerator(&self, e: &Enum, at: usize) -> String {
        if e.scoped { format!("{}::{}", e.name, e.items[at].name) } else { e.items[at].name.clone() }
    }

    /// The declaration of `name` with a type; an empty name gives the type itself.
    pub(super) fn declare(&self, ty: &Ty, name: &str) -> String {
        let text = match ty {
            Ty::Int(scalar) => format!("{} {name}", scalar.name()),
            Ty::Enum(index) => format!("{} {name}", self.enum_name(*index)),
            Ty::Rec(index) => format!("{} {name}", self.record_name(*index)),
            Ty::Alias(index) => format!("{} {name}", self.lib.aliases[*index].name),
            Ty::Arr(element, dimensions) => {
                let suffix: String = dimensions.iter().map(|d| format!("[{d}]")).collect();
                self.declare(element, &format!("{name}{suffix}"))
            }
            Ty::Flex(scalar, is_one) => {
                format!("{} {name}[{}]", scalar.name(), if *is_one { "1" } else { "" })
            }
            Ty::Ptr(pointee, is_const) => {
                let target = match pointee {
                    Pointee::Void => "void".to_string(),
                    Pointee::Char => "char".to_string(),
                    Pointee::Int(scalar) => scalar.name().to_string(),
                    Pointee::Rec(index) => self.record_name(*index),
                };
                format!("{}{target} *{name}", if *is_const { "const " } else { "" })
            }
            Ty::Fn(index) => {
                let signature = &self.lib.signatures[*index];
                let params: Vec<String> = signature.params.iter().map(|p| self.declare(&p.ty, "")).collect();
                format!("{} (*{name})({})", signature.ret.name(), params.join(", "))
            }
        };
        text.trim_end().to_string()
    }

    /// A member as it stands in a definition.
    pub(super) fn member(&self, member: &Member) -> String {
        let bits = member.bits.map_or(String::new(), |b| format!(" : {b}"));
        let align = member.align.map_or(String::new(), |a| format!(" __attribute__((aligned({a})))"));
        let qualifier = member.qualifier;
        // A qualifier before a pointer would belong to what it points to.
        let text = match &member.ty {
            Ty::Ptr(..) | Ty::Fn(..) if !qualifier.is_empty() => {
                self.declare(&member.ty, &format!("{qualifier} {}", member.name))
            }
            _ => format!("{qualifier} {}", self.declare(&member.ty, &member.name)),
        };
        format!("{}{bits}{align};", text.trim_start())
    }

    /// Statements that mix a value into `h`; `inside` says that pointers are members, which are not followed.
    pub(super) fn mix(&self, ty: &Ty, value: &str, depth: usize) -> String {
        match ty {
            Ty::Int(scalar) => mix_scalar(*scalar, value),
            Ty::Alias(index) => self.mix(&self.lib.aliases[*index].target, value, depth),
            Ty::Enum(index) => {
                format!("h = sub_mix(h, code_{}((int){value}));", self.lib.enums[*index].name)
            }
            Ty::Rec(index) => format!("h = mx_{}(&{value}, h);", self.lib.records[*index].prefix),
            Ty::Ptr(Pointee::Char, _) => format!("h = sub_text(h, {value});"),
            Ty::Ptr(..) => format!("h = sub_mix(h, (sub_word)(uintptr_t){value});"),
            Ty::Fn(index) => format!("if ({value}) h = sub_mix(h, use_fn{index}({value}));"),
            Ty::Flex(scalar, _) => {
                let body = mix_scalar(*scalar, &format!("{value}[i{depth}]"));
                format!("for (int i{depth} = 0; i{depth} < 4; i{depth}++) {{ {body} }}")
            }
            Ty::Arr(element, dimensions) => {
                let (loops, place, inner) = loops(dimensions, value, depth);
                format!("{loops}{{ {} }}", self.mix(element, &place, inner))
            }
        }
    }

    /// Statements that give `place` the value that follows from the seed `s` and `salt`.
    pub(super) fn fill(&self, ty: &Ty, place: &str, salt: &str, member: &Member, depth: usize) -> String {
        match ty {
            Ty::Int(scalar) => format!("{place} = {};", scalar_value(*scalar, salt, member)),
            Ty::Alias(index) => self.fill(&self.lib.aliases[*index].target, place, salt, member, depth),
            Ty::Enum(index) => {
                format!("{place} = some_{}(sub_val(s, {salt}));", self.lib.enums[*index].name)
            }
            Ty::Rec(index) => {
                format!("fx_{}(&{place}, s + {salt});", self.lib.records[*index].prefix)
            }
            Ty::Ptr(Pointee::Char, _) => format!("{place} = (char *)sub_name(sub_val(s, {salt}));"),
            Ty::Ptr(..) => {
                format!("{place} = ({})(uintptr_t)sub_val(s, {salt});", self.declare(ty, ""))
            }
            Ty::Fn(index) => format!("{place} = &fn{index};"),
            Ty::Flex(scalar, _) => {
                let salt = format!("{salt} + i{depth} * 131");
                let value = scalar_value(*scalar, &salt, member);
                format!("for (int i{depth} = 0; i{depth} < 4; i{depth}++) {{ {place}[i{depth}] = {value}; }}")
            }
            Ty::Arr(element, dimensions) => {
                let (loops, place, inner) = loops(dimensions, place, depth);
                let index = flat_index(dimensions, depth);
                let salt = format!("{salt} + ({index}) * 131");
                format!("{loops}{{ {} }}", self.fill(element, &place, &salt, member, inner))
            }
        }
    }

    /// `code_E` and `some_E` for every enum, `fnN` and `use_fnN` for every callback type: static on both sides.
    pub(super) fn helpers(&self) -> String {
        let mut out = String::new();
        for (index, e) in self.lib.enums.iter().enumerate() {
            let (name, ty) = (&e.name, self.enum_name(index));
            out += &format!("static sub_word code_{name}(int v) {{\n");
            for at in 0..e.items.len() {
                out += &format!(
                    "  if (v == (int){}) return {};\n",
                    self.enumerator(e, at),
                    1000 + e.items[at].id
                );
            }
            out += &format!("  return 7;\n}}\nstatic {ty} some_{name}(sub_word k) {{\n");
            for (at, id) in e.original.iter().enumerate() {
                let found = e.items.iter().position(|i| i.id == *id).unwrap_or(0);
                let count = e.original.len();
                out += &format!("  if (k % {count} == {at}) return {};\n", self.enumerator(e, found));
            }
            out += &format!("  return ({ty})0;\n}}\n");
        }
        for (index, signature) in self.lib.signatures.iter().enumerate() {
            let mut sorted: Vec<_> = signature.params.iter().collect();
            sorted.sort_by_key(|p| p.id);
            let params: Vec<String> = signature.params.iter().map(|p| self.declare(&p.ty, &p.name)).collect();
            let mixed: String = sorted.iter().map(|p| self.mix(&p.ty, &p.name, 0)).collect();
            let ret = signature.ret.name();
            out += &format!(
                "static {ret} fn{index}({}) {{ sub_word h = {index}; {mixed} return ({ret})(h % 97); }}\n",
                params.join(", ")
            );
            let args: Vec<String> = signature.params.iter().map(|p| constant(&p.ty, p.id)).collect();
            out += &format!(
                "static sub_word use_fn{index}({}) {{ return (sub_word)(int64_t)(f({}) * 4); }}\n",
                self.declare(&Ty::Fn(index), "f"),
                args.join(", ")
            );
        }
        out
    }
}

/// A constant of a scalar type that follows from an id.
pub(super) fn constant(ty: &Ty, id: usize) -> String {
    let number = (id * 7 % 90 + 1) as i64;
    match ty {
        Ty::Int(Scalar::Bool) => "true".into(),
        Ty::Int(scalar) if scalar.is_float() => format!("({})({number} + 0.5)", scalar.name()),
        Ty::Int(scalar) if scalar.is_signed() && id.is_multiple_of(3) => {
            format!("({})(-{number})", scalar.name())
        }
        Ty::Int(scalar) => format!("({}){number}", scalar.name()),
        _ => number.to_string(),
    }
}

fn mix_scalar(scalar: Scalar, value: &str) -> String {
    if scalar.is_float() {
        format!("h = sub_mix(h, (sub_word)(int64_t)({value} * 4));")
    } else {
        format!("h = sub_mix(h, (sub_word)(int64_t){value});")
    }
}

fn scalar_value(scalar: Scalar, salt: &str, member: &Member) -> String {
    if scalar == Scalar::Bool {
        return format!("(sub_val(s, {salt}) & 1) != 0");
    }
    if member.bits.is_some() {
        let mask = (1u64 << member.value_bits) - 1;
        return format!("sub_val(s, {salt}) & {mask}");
    }
    let minus = if member.is_negative { " - 60" } else { "" };
    format!("({})((int64_t)sub_val(s, {salt}){minus})", scalar.name())
}

/// The heads of nested loops over an array, the element's place, and the next depth.
fn loops(dimensions: &[u64], place: &str, depth: usize) -> (String, String, usize) {
    let (mut heads, mut place) = (String::new(), place.to_string());
    for (at, count) in dimensions.iter().enumerate() {
        let i = format!("i{}", depth + at);
        heads += &format!("for (int {i} = 0; {i} < {count}; {i}++) ");
        place += &format!("[{i}]");
    }
    (heads, place, depth + dimensions.len())
}

/// The number of an element counted through all dimensions, so that another shape has the same values.
fn flat_index(dimensions: &[u64], depth: usize) -> String {
    let mut text = "0".to_string();
    for (at, count) in dimensions.iter().enumerate() {
        text = format!("({text}) * {count} + i{}", depth + at);
    }
    text
}
