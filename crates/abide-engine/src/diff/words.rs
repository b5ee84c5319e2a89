//! Places and layouts in words.

use abide_model::{TypeGraph, TypeId, TypeKind};

use super::{Step, Via};
use crate::spell;
use crate::symbols::bytes;

/// The place at the end of `steps`, as a noun: `what parameter 1 'path' points to`.
pub(crate) fn words(graph: &TypeGraph, steps: &[Step]) -> String {
    words_from(graph, steps, String::new())
}

/// The same, beginning at something with a name: `what callback_t points to`.
pub(crate) fn words_from(graph: &TypeGraph, steps: &[Step], name: String) -> String {
    // Nobody reads further back than this.
    let (mut text, mut at) = (name, steps.len().saturating_sub(8));
    while let Some(step) = steps.get(at) {
        let pointers = steps[at..].iter().take_while(|s| s.via == Via::Pointee).count();
        text = noun(graph, step, text);
        if pointers > 1 {
            text += &format!(" through {pointers} pointers");
        }
        at += pointers.max(1);
    }
    text
}

/// The name of a class without its keyword.
pub(super) fn class_name(graph: &TypeGraph, ty: TypeId) -> String {
    let text = spell::spell(graph, ty);
    let bare = ["class ", "struct "].iter().find_map(|keyword| text.strip_prefix(keyword));
    bare.map_or(text.clone(), str::to_string)
}

fn noun(graph: &TypeGraph, step: &Step, outer: String) -> String {
    let of = |text: String| if outer.is_empty() { text } else { format!("{text} of {outer}") };
    match step.via {
        Via::Parameter { index, name } => {
            let name = name.map_or(String::new(), |n| format!(" '{}'", graph.str(n)));
            of(format!("parameter {}{name}", index + 1))
        }
        Via::Result => of("the result".to_string()),
        Via::Variable | Via::Target if outer.is_empty() => "the type".to_string(),
        Via::Variable | Via::Target | Via::Candidate => outer,
        Via::Pointee => match outer.as_str() {
            "" => "what it points to".to_string(),
            "the type" => "what it points to".to_string(),
            _ => format!("what {outer} points to"),
        },
        Via::Referent => match outer.as_str() {
            "" | "the type" => "what it refers to".to_string(),
            _ => format!("what {outer} refers to"),
        },
        Via::Element => match outer.as_str() {
            "" | "the type" => "its elements".to_string(),
            _ => format!("the elements of {outer}"),
        },
        Via::Member { name, .. } => {
            let name = name.map_or("an unnamed member".to_string(), |n| format!("member '{}'", graph.str(n)));
            of(name)
        }
        Via::Base => of(format!("base class {}", class_name(graph, step.old))),
        Via::Virtual { name } => of(format!("virtual function '{}'", graph.str(name))),
        Via::MemberClass => of("the class".to_string()),
        Via::MemberTarget => of("the member type".to_string()),
    }
}

/// One step of a path, as a reader follows it.
pub(crate) fn step_words(graph: &TypeGraph, step: &Step) -> String {
    match step.via {
        Via::Pointee => "points to".to_string(),
        Via::Referent => "refers to".to_string(),
        Via::Element => "element".to_string(),
        Via::Variable => "type".to_string(),
        Via::Target => "is".to_string(),
        Via::Candidate => "one of".to_string(),
        Via::Result => "result".to_string(),
        Via::Base => "base class".to_string(),
        Via::MemberClass => "class".to_string(),
        Via::MemberTarget => "member type".to_string(),
        Via::Member { offset_bits, .. } => {
            format!("{} at {}", noun(graph, step, String::new()), position(offset_bits))
        }
        Via::Parameter { .. } | Via::Virtual { .. } => noun(graph, step, String::new()),
    }
}

/// `byte 8`, `byte 8 bit 3`.
pub(crate) fn position(offset_bits: u64) -> String {
    match offset_bits % 8 {
        0 => format!("byte {}", offset_bits / 8),
        bit => format!("byte {} bit {bit}", offset_bits / 8),
    }
}

/// A definition in a few words: `struct foo, 16 bytes, 3 members`.
pub(crate) fn layout(graph: &TypeGraph, ty: TypeId) -> String {
    let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    let name = spell::spell(graph, ty);
    match graph.kind(ty) {
        TypeKind::Record(record) => {
            let mut text = format!("{name}, {}", bytes(record.size_bytes));
            if let Some(align) = record.alignment_bytes {
                text += &format!(", aligned to {align}");
            }
            if !record.bases.is_empty() {
                text += &format!(", {}", count(record.bases.len(), "base"));
            }
            text += &format!(", {}", count(record.members.len(), "member"));
            if !record.virtual_methods.is_empty() {
                text += &format!(", {}", count(record.virtual_methods.len(), "virtual function"));
            }
            text
        }
        TypeKind::Enum(e) => {
            format!("{name}, {}, {}", bytes(e.size_bytes), count(e.enumerators.len(), "enumerator"))
        }
        TypeKind::Declaration { .. } => format!("{name}, declared only"),
        TypeKind::Typedef { target, .. } => format!("{name} = {}", spell::with_size(graph, *target)),
        _ => spell::with_size(graph, ty),
    }
}
