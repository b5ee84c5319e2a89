//! Types as C and C++ write them.

use abide_model::{FunctionType, PointerKind, Qualifier, RecordKeyword, StrId, TypeGraph, TypeId, TypeKind};

use crate::layout;

/// Nesting beyond which a type is cut short.
const DEEPEST: usize = 24;

/// Characters beyond which a type is cut short: a template's name may be longer than a page.
const LONGEST: usize = 2000;

/// The type as it would be written in a declaration without a name: `const char *`, `struct foo *(*)(int)`.
///
/// ```
/// # use abide_engine::{fixture, spell};
/// let facts = fixture::artifact("a", "fn f((fn(const char *) -> int) *)").unwrap();
/// let graph = facts.types.graph().unwrap();
/// assert_eq!(spell(graph, graph.roots[0].ty), "void (int (*)(const char *))");
/// ```
pub fn spell(graph: &TypeGraph, ty: TypeId) -> String {
    declare(graph, ty, "")
}

/// A declaration of `name` with the type: `int (*name)(int)`.
pub(crate) fn declare(graph: &TypeGraph, ty: TypeId, name: &str) -> String {
    let text = Speller { graph, budget: MOST.into() }.declare(ty, name.to_string(), 0);
    if text.len() <= LONGEST {
        return text;
    }
    let mut cut = text;
    let end = (0..=LONGEST).rev().find(|&i| cut.is_char_boundary(i)).unwrap_or(0);
    cut.truncate(end);
    cut + "…"
}

/// The type with its size: `long (8 bytes)`.
pub(crate) fn with_size(graph: &TypeGraph, ty: TypeId) -> String {
    let is_flexible =
        matches!(graph.kind(ty), TypeKind::Array { dimensions, .. } if dimensions.contains(&None));
    match layout::size_of(graph, ty) {
        Some(size) if !is_flexible => format!("{} ({})", spell(graph, ty), crate::symbols::bytes(size)),
        _ => spell(graph, ty),
    }
}

/// The keyword and name of a tagged type; C++ names speak for themselves.
pub(crate) fn tagged(graph: &TypeGraph, keyword: &str, name: Option<StrId>) -> String {
    match name.map(|n| graph.str(n).to_string()) {
        Some(name) if name.contains("::") || name.contains('<') => name,
        Some(name) => format!("{keyword} {name}"),
        None => format!("unnamed {keyword}"),
    }
}

pub(crate) fn keyword(keyword: RecordKeyword) -> &'static str {
    match keyword {
        RecordKeyword::Struct => "struct",
        RecordKeyword::Class => "class",
        RecordKeyword::Union => "union",
    }
}

pub(crate) fn qualifier(qualifier: Qualifier) -> &'static str {
    match qualifier {
        Qualifier::Const => "const",
        Qualifier::Volatile => "volatile",
        Qualifier::Restrict => "restrict",
        Qualifier::Atomic => "_Atomic",
    }
}

/// Types that one spelling may visit.
const MOST: u32 = 500;

struct Speller<'a> {
    graph: &'a TypeGraph,
    /// Types that may still be written: function types that share parts would grow exponentially.
    budget: std::cell::Cell<u32>,
}

impl Speller<'_> {
    fn name(&self, id: StrId) -> String {
        self.graph.str(id).to_string()
    }

    /// The type around what stands where the name would: C's declarators read inside out.
    fn declare(&self, ty: TypeId, inner: String, depth: usize) -> String {
        if depth > DEEPEST || self.budget.get() == 0 {
            return join("…", &inner);
        }
        self.budget.set(self.budget.get() - 1);
        let specifier = match self.graph.kind(ty) {
            TypeKind::Pointer { kind, target, .. } => {
                let mark = match kind {
                    PointerKind::Pointer => "*",
                    PointerKind::LvalueReference => "&",
                    PointerKind::RvalueReference => "&&",
                };
                return self.declare(*target, self.pointer(*target, mark, &inner), depth + 1);
            }
            TypeKind::MemberPointer { class, target } => {
                let class = self.declare(*class, String::new(), depth + 1);
                let class = class.trim_start_matches("struct ").trim_start_matches("class ");
                let mark = format!("{class}::*");
                return self.declare(*target, self.pointer(*target, &mark, &inner), depth + 1);
            }
            TypeKind::Array { element, dimensions, is_vector } => {
                let text = |d: &Option<u64>| d.map_or("[]".to_string(), |n| format!("[{n}]"));
                let dimensions: String = dimensions.iter().map(text).collect();
                let vector = if *is_vector { "vector " } else { "" };
                return vector.to_string()
                    + &self.declare(*element, format!("{inner}{dimensions}"), depth + 1);
            }
            TypeKind::Function(function) => return self.function(function, inner, depth),
            TypeKind::Qualified { qualifier: q, target } => return self.qualified(*q, *target, inner, depth),
            TypeKind::Void => "void".to_string(),
            TypeKind::Base(base) => self.name(base.name),
            TypeKind::Typedef { name, .. } | TypeKind::Ambiguous { name, .. } => self.name(*name),
            TypeKind::Unspecified { name } => self.name(*name),
            TypeKind::Record(record) => tagged(self.graph, keyword(record.keyword), record.name),
            TypeKind::Enum(e) => tagged(self.graph, "enum", e.name),
            TypeKind::Declaration { keyword: k, name } => {
                tagged(self.graph, k.map_or("enum", keyword), Some(*name))
            }
            TypeKind::Opaque { tag, name, .. } if self.graph.str(*name).is_empty() => {
                format!("<type of tag {tag:#x}>")
            }
            TypeKind::Opaque { name, .. } => self.name(*name),
            TypeKind::Broken => "<unreadable type>".to_string(),
        };
        join(&specifier, &inner)
    }

    fn pointer(&self, target: TypeId, mark: &str, inner: &str) -> String {
        // Qualifiers of the pointer were put in front of the name already: `* const p`.
        let blank = if inner.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') { " " } else { "" };
        let text = format!("{mark}{}{inner}", if mark == "*" && blank == " " { "" } else { blank });
        match self.graph.kind(target) {
            TypeKind::Array { .. } | TypeKind::Function(_) => format!("({text})"),
            _ => text,
        }
    }

    fn qualified(&self, q: Qualifier, target: TypeId, inner: String, depth: usize) -> String {
        let word = qualifier(q);
        let is_pointer =
            |k: &TypeKind| matches!(k, TypeKind::Pointer { .. } | TypeKind::MemberPointer { .. });
        // Look through further qualifiers to see what is qualified in the end.
        let mut end = target;
        for _ in 0..4 {
            let TypeKind::Qualified { target, .. } = self.graph.kind(end) else { break };
            end = *target;
        }
        if is_pointer(self.graph.kind(end)) {
            self.declare(target, join(&format!(" {word}"), &inner), depth + 1)
        } else {
            format!("{word} {}", self.declare(target, inner, depth + 1))
        }
    }

    fn function(&self, function: &FunctionType, inner: String, depth: usize) -> String {
        let mut parameters: Vec<String> =
            function.parameters.iter().map(|p| self.declare(p.ty, String::new(), depth + 1)).collect();
        if function.is_variadic {
            parameters.push("...".to_string());
        }
        if parameters.is_empty() && function.is_prototyped {
            parameters.push("void".to_string());
        }
        // A function type on its own has a blank where its name would be: `int (void)`.
        let blank = if inner.is_empty() { " " } else { "" };
        let declarator = format!("{inner}{blank}({})", parameters.join(", "));
        let declarator = declarator.trim_start().to_string();
        self.declare(function.return_type, declarator, depth + 1)
    }
}

/// `specifier declarator`, without a blank where nothing follows or an array's brackets do.
fn join(specifier: &str, inner: &str) -> String {
    match inner.chars().next() {
        None => specifier.to_string(),
        Some('[' | ' ') => format!("{specifier}{inner}"),
        Some(_) => format!("{specifier} {inner}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    /// The C form of the fixture form of a type.
    fn c(text: &str) -> String {
        let text =
            format!("struct foo\ntypedef foo_t = struct foo *\nclass \"ns::V<int>\" {{ }}\nvar v: {text}");
        let facts = fixture::artifact("a", &text).unwrap();
        let graph = facts.types.graph().unwrap();
        spell(graph, graph.roots[0].ty)
    }

    #[test]
    fn spelled_as_in_c() {
        for (fixture, expected) in [
            ("int", "int"),
            ("const char *", "const char *"),
            ("char * const", "char * const"),
            ("const char * const *", "const char * const *"),
            ("struct foo **", "struct foo **"),
            ("foo_t", "foo_t"),
            ("int[3][4]", "int[3][4]"),
            ("int * [3]", "int *[3]"),
            ("(int[3]) *", "int (*)[3]"),
            ("(fn(int, ...) -> struct foo *) *", "struct foo *(*)(int, ...)"),
            ("(fn() -> void) *[2]", "void (*[2])(void)"),
            ("(fn((fn(int) -> int) *) -> (fn(void *) -> int) *) *", "int (*(*)(int (*)(int)))(void *)"),
            ("\"ns::V<int>\" &", "ns::V<int> &"),
            ("\"ns::V<int>\" const &", "const ns::V<int> &"),
            ("member(\"ns::V<int>\", int)", "int ns::V<int>::*"),
            ("volatile const int", "volatile const int"),
            ("broken *", "<unreadable type> *"),
            ("struct { x: int } *", "unnamed struct *"),
        ] {
            assert_eq!(c(fixture), expected, "{fixture}");
        }
    }

    #[test]
    fn cycles_end() {
        let mut graph = TypeGraph::default();
        let target = TypeId(0);
        graph.push(TypeKind::Pointer { kind: PointerKind::Pointer, target, size_bytes: 8 });
        assert!(spell(&graph, target).contains('…'));
    }
}
