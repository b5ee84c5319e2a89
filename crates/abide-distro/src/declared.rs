//! What a file's debug information declares of what it imports, held against what defines it.
//!
//! A compiler describes the functions and variables of others that a file uses as its headers declare them: this is the
//! interface that the file was built for. It takes the place of a reference in a comparison of the symbols that the file
//! binds to. A declaration says less than a definition: what headers leave open is open here as well.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use abide_engine::{CompareOptions, compare};
use abide_model::{ArtifactFacts, ElfFacts, Finding, Gap, GapKind, Level, Root, TypeEvidence, TypeKind};
use bstr::{BStr, BString};

/// One file and one definer, by what is bound between them.
pub(crate) struct Bond<'a> {
    /// What people call the file.
    pub(crate) file: &'a BStr,
    /// What people call what defines the symbols.
    pub(crate) definer: &'a BStr,
    /// Index of each import among the file's symbols, and of the definition among the definer's; sorted.
    pub(crate) bound: &'a [(u32, u32)],
    /// Whether a symbol that the file does not declare is what compilers use of their own accord.
    pub(crate) is_of_compiler: fn(&BStr) -> bool,
    /// Whether the file's own assembler calls functions in assembler, without any declaration.
    pub(crate) calls_assembler: bool,
}

/// What a comparison along one bond says.
#[derive(Default)]
pub(crate) struct Held {
    /// `review` and `break`.
    pub(crate) findings: Vec<Finding>,
    pub(crate) gaps: Vec<Gap>,
    /// Functions and variables whose types were compared.
    pub(crate) compared: usize,
    /// Names of everything that is bound.
    pub(crate) names: BTreeSet<BString>,
}

impl Bond<'_> {
    /// Compares what the file declares with what the definer has.
    ///
    /// `expected` is the file with the types of its imports, whose symbols are those of [`ElfFacts::expected`]; `definer` has
    /// the types of its exports, and the symbols that the bond was made with. Both are afterwards as they were before.
    pub(crate) fn hold(&self, expected: &mut ArtifactFacts, definer: &mut ArtifactFacts) -> Held {
        let TypeEvidence::Read { graph, .. } = &mut expected.types else {
            return Held { gaps: absent(expected, self.file), ..Held::default() };
        };
        let declared: BTreeMap<u32, &Root> = graph.roots.iter().map(|root| (root.symbol, root)).collect();
        let (mut described, mut assembler) = (BTreeMap::new(), BTreeSet::new());
        if let Some(graph) = definer.types.graph() {
            for root in &graph.roots {
                // A function in assembler has an entry and no type.
                match graph.node(root.ty).kind {
                    TypeKind::Unspecified { .. } => drop(assembler.insert(root.symbol)),
                    _ => drop(described.insert(root.symbol, root)),
                }
            }
        }
        // BTF has functions in assembler as such without parameters and result.
        let bare = definer.types.graph().filter(|defined| defined.is_compact() && !graph.is_compact());
        let is_bare = |definition: &u32| {
            bare.zip(described.get(definition)).is_some_and(|(defined, root)| defined.is_void_function(root))
        };
        let name_of = |(_, definition): &(u32, u32)| definer.elf.symbols[*definition as usize].name.clone();
        // Nobody declares what only assembler calls.
        let counts = |pair: &(u32, u32)| {
            let is_of_assembler = || is_bare(&pair.1) || assembler.contains(&pair.1);
            declared.contains_key(&pair.0)
                || !((self.is_of_compiler)(name_of(pair).as_ref())
                    || self.calls_assembler && is_of_assembler())
        };
        let bound: Vec<(u32, u32)> = self.bound.iter().copied().filter(counts).collect();
        let is_known = |(import, definition): &(u32, u32)| {
            let is_void = declared.get(import).is_some_and(|root| graph.is_void_function(root));
            described.contains_key(definition) && (is_void || !is_bare(definition))
        };
        if bound.is_empty() {
            return Held::default();
        }
        let lists: [Vec<BString>; 2] = [
            bound.iter().filter(|(import, _)| !declared.contains_key(import)).map(name_of).collect(),
            bound.iter().filter(|pair| !is_known(pair)).map(name_of).collect(),
        ];
        let root = |&(import, definition): &(u32, u32)| {
            declared.get(&import).map(|root| Root { symbol: definition, ..(*root).clone() })
        };
        let mut roots: Vec<Root> = bound.iter().filter_map(root).collect();
        roots.sort_by_key(|root| root.symbol);
        roots.dedup_by_key(|root| root.symbol);
        let wanted: BTreeSet<u32> = bound.iter().map(|(_, definition)| *definition).collect();
        let only = only(&definer.elf, &wanted);
        if definer.types.graph().is_none() && only.exports().next().is_some() {
            return Held { gaps: absent(definer, definer.path.as_ref()), ..Held::default() };
        }

        let roots = mem::replace(&mut graph.roots, roots);
        let own = mem::replace(&mut expected.elf, only.clone());
        let whole = mem::replace(&mut definer.elf, only);
        let options = CompareOptions { old_is_consumer: true, ..CompareOptions::default() };
        let comparison = compare(expected, definer, &options);
        if let TypeEvidence::Read { graph, .. } = &mut expected.types {
            graph.roots = roots;
        }
        (expected.elf, definer.elf) = (own, whole);

        let mut gaps = comparison.gaps;
        gaps.retain(|gap| gap.kind != GapKind::UntypedSymbols);
        gaps.extend(self.untyped(&lists));
        if comparison.has_enough_evidence {
            gaps.clear();
        }
        // What a declaration leaves open and a definition does not is no news to anybody.
        // Nor that a function does not return, which its own source need not say.
        let counts = |finding: &Finding| finding.level > Level::Safe && finding.rule != "noreturn-changed";
        let standing = comparison.findings.into_iter().filter(counts);
        let (unseen, findings): (Vec<Finding>, Vec<Finding>) =
            standing.partition(|finding| finding.rule == "type-not-comparable");
        // A class whose virtual table is elsewhere is only declared where it is used.
        gaps.extend(unseen.iter().map(|finding| {
            let summary = finding.summary.replace("the reference's", "its own");
            let summary = summary.replace("the candidate's", "the library's");
            self.gap(format!("{}: {summary}", self.definer))
        }));
        let names = wanted.iter().map(|at| definer.elf.symbols[*at as usize].name.clone()).collect();
        Held { findings, gaps, compared: comparison.coverage.typed_on_both, names }
    }

    /// What one of the two says nothing of.
    fn untyped(&self, [undeclared, undescribed]: &[Vec<BString>; 2]) -> Vec<Gap> {
        let gap = |names: &[BString], why: &str| {
            (!names.is_empty()).then(|| self.gap(format!("{why}: {}", first_of(names))))
        };
        let ours = format!(
            "its debug information does not declare what it uses of {}, as some compilers leave it",
            self.definer
        );
        let theirs = format!("the debug information of {} does not describe", self.definer);
        gap(undeclared, &ours).into_iter().chain(gap(undescribed, &theirs)).collect()
    }

    fn gap(&self, detail: String) -> Gap {
        Gap { kind: GapKind::UntypedSymbols, subject: self.file.into(), detail }
    }
}

/// The definer with these exports and no others.
fn only(elf: &ElfFacts, wanted: &BTreeSet<u32>) -> ElfFacts {
    let mut elf = elf.clone();
    for (index, symbol) in elf.symbols.iter_mut().enumerate() {
        symbol.is_export &= wanted.contains(&(index as u32));
    }
    elf
}

/// Names that are told before the rest is counted.
const NAMED: usize = 4;

/// The first names, and how many there are besides.
pub(crate) fn first_of(names: &[BString]) -> String {
    let mut list: Vec<String> = names.iter().take(NAMED).map(|name| name.to_string()).collect();
    if names.len() > NAMED {
        list.push(format!("and {} more", names.len() - NAMED));
    }
    list.join(", ")
}

/// Why an artifact's types are not known.
fn absent(facts: &ArtifactFacts, subject: &BStr) -> Vec<Gap> {
    let said = facts.gaps.iter().filter(|gap| gap.kind == GapKind::NoDebugInfo);
    let said: Vec<Gap> = said.map(|gap| Gap { subject: subject.into(), ..gap.clone() }).collect();
    if !said.is_empty() {
        return said;
    }
    let detail = "it has no debug information, so that types are not compared".to_owned();
    vec![Gap { kind: GapKind::NoDebugInfo, subject: subject.into(), detail }]
}

/// Functions that compilers call of their own accord for copies, constants and printing, where no source declares
/// them (GCC's manual, "Standards"; LLVM's `SimplifyLibCalls`). Their types are those of the C standard.
const LIBRARY_CALLS: [&str; 22] = [
    "abort", "bcmp", "calloc", "fputc", "fputs", "fwrite", "memchr", "memcmp", "memcpy", "memmove",
    "mempcpy", "memset", "putchar", "puts", "sincos", "sincosf", "stpcpy", "strchr", "strcmp", "strcpy",
    "strlen", "strncmp",
];

/// Whether a name is one of these.
pub(crate) fn is_library_call(name: &BStr) -> bool {
    LIBRARY_CALLS.iter().any(|call| name == call.as_bytes())
}
