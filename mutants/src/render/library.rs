//! The files of a library, put together.

use super::{COMMON, View};
use crate::model::Place;

impl View<'_> {
    pub(super) fn header(&self) -> String {
        let lib = self.lib;
        let mut out = format!("#pragma once\n{COMMON}");
        if lib.style.macros {
            out += "#define SUB_LIMIT 12\nstatic inline int sub_twice(int x) { return 2 * x; }\n";
        }
        out += &self.open_namespace();
        out += &(0..lib.records.len()).map(|r| format!("{};\n", self.tag(r))).collect::<String>();
        if lib.style.forward {
            out += &lib.classes.iter().map(|c| format!("class {};\n", c.name)).collect::<String>();
        }
        for alias in &lib.aliases {
            out += &format!("typedef {};\n", self.declare(&alias.target, &alias.name));
        }
        out += &(0..lib.enums.len()).map(|e| self.enum_definition(e)).collect::<String>();
        for (index, record) in lib.records.iter().enumerate() {
            out += &self.comment(&format!("The {} type.", record.prefix));
            if record.place == Place::Public {
                out += &self.record_definition(index);
            }
            out += &self.record_declarations(index);
        }
        for f in &lib.functions {
            out += &self.comment(&format!("Calls {}.", f.id));
            out += &self.function_declaration(f);
        }
        out += &lib.objects.iter().map(|o| self.object_declaration(o)).collect::<String>();
        for index in 0..lib.classes.len() {
            out += &self.class_definition(index);
            out += &self.class_declarations(index);
        }
        out += &lib.templates.iter().map(|t| self.template_definition(t)).collect::<String>();
        out += "sub_word sub_last(void);\n";
        out + &self.close_namespace()
    }

    fn tag(&self, index: usize) -> String {
        let record = &self.lib.records[index];
        let keyword = match (record.is_union, record.class_keyword) {
            (true, _) => "union",
            (false, true) => "class",
            (false, false) => "struct",
        };
        format!("{keyword} {}", record.tag)
    }

    fn comment(&self, text: &str) -> String {
        if self.lib.style.comments {
            format!("\n/* {text}\n *\n * Second paragraph. */\n")
        } else {
            String::new()
        }
    }

    pub(super) fn open_namespace(&self) -> String {
        if !self.lib.cpp {
            return String::new();
        }
        let inline = self.lib.inline_namespace.as_ref();
        let inline = inline.map_or(String::new(), |name| format!("inline namespace {name} {{\n"));
        format!("namespace {} {{\n{inline}", self.lib.namespace)
    }

    pub(super) fn close_namespace(&self) -> String {
        match (self.lib.cpp, &self.lib.inline_namespace) {
            (false, _) => String::new(),
            (true, None) => "}\n".into(),
            (true, Some(_)) => "}\n}\n".into(),
        }
    }

    pub(super) fn private_header(&self) -> String {
        let mut out = format!("#pragma once\n{}", self.open_namespace());
        for (index, record) in self.lib.records.iter().enumerate() {
            if record.place == Place::PrivateHeader {
                out += &self.record_definition(index);
            }
        }
        out + &self.close_namespace()
    }

    pub(super) fn source(&self) -> String {
        let lib = self.lib;
        let mut out = String::from("#include \"subject.h\"\n#include \"private.h\"\n");
        out += &self.open_namespace();
        out += "static volatile sub_word sub_sink;\nstatic sub_word sub_result;\n";
        for (index, record) in lib.records.iter().enumerate() {
            if record.place == Place::Source {
                out += &self.record_definition(index);
            }
        }
        out += &self.helpers();
        out += &(0..lib.records.len()).map(|r| self.record_helpers(r)).collect::<String>();
        if lib.style.private_things {
            out += "struct sub_private { int a; double b; };\nstatic struct sub_private sub_state;\n\
                    static int sub_helper(int x) { sub_state.a += x; return sub_state.a; }\n";
        }
        let mut pieces: Vec<String> = Vec::new();
        for index in 0..lib.records.len() {
            pieces.extend(self.record_functions(index));
        }
        pieces.extend(lib.functions.iter().map(|f| self.function_definition(f)));
        pieces.extend(lib.objects.iter().map(|o| self.object_definition(o)));
        for index in 0..lib.classes.len() {
            pieces.extend(self.class_functions(index));
        }
        pieces.extend(lib.templates.iter().map(|t| self.template_functions(t)));
        if lib.style.reversed {
            pieces.reverse();
        }
        for piece in pieces {
            out += &self.comment("Does what the header says.");
            out += &piece;
        }
        let last = if lib.style.private_things { "sub_sink = sub_helper(1); " } else { "" };
        out += &format!("sub_word sub_last(void) {{ {last}return sub_result; }}\n");
        out += &self.close_namespace();
        if !lib.versions.is_empty() {
            out += "void sub_mark(void) {}\n";
        }
        out + &format!("extern const int sub_build;\nconst int sub_build = {};\n", lib.style.build)
            .replace("extern const", if lib.cpp { "extern \"C\" const" } else { "extern const" })
    }

    /// The version script: everything belongs to the first version but for what is named in another.
    pub(super) fn script(&self) -> Option<String> {
        let lib = self.lib;
        let (first, rest) = lib.versions.split_first()?;
        let mut out = format!("{first} {{ global: *; }};\n");
        let mut before = first;
        for (index, version) in (1..).zip(rest) {
            let functions = lib.functions.iter().filter(|f| f.link.version == index && f.compat.is_none());
            let mut names: Vec<&String> =
                functions.flat_map(|f| std::iter::once(&f.name).chain(&f.link.alias)).collect();
            let objects = lib.objects.iter().filter(|o| o.link.version == index);
            names.extend(objects.flat_map(|o| std::iter::once(&o.name).chain(&o.link.alias)));
            let names: String = names.iter().map(|n| format!(" {n};")).collect();
            let mark = if index == 1 { " sub_mark;" } else { "" };
            let global = if names.is_empty() && mark.is_empty() { "" } else { "global:" };
            out += &format!("{version} {{ {global}{mark}{names} }} {before};\n");
            before = version;
        }
        Some(out)
    }
}
