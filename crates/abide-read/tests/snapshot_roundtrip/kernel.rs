//! Any facts about kernels.

use abide_model::{
    ExportKind, KernelContent, KernelExport, KernelFile, KernelList, KernelObject, ListedExport,
    ListedSymbol, ModuleFacts, Severity, SeverityTarget,
};
use bstr::BString;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn bytes() -> BoxedStrategy<BString> {
    vec(any::<u8>(), 0..6).prop_map(BString::from).boxed()
}

fn kind() -> BoxedStrategy<ExportKind> {
    prop::sample::select(vec![
        ExportKind::Plain,
        ExportKind::Gpl,
        ExportKind::GplFuture,
        ExportKind::Unused,
        ExportKind::UnusedGpl,
    ])
    .boxed()
}

fn export() -> BoxedStrategy<KernelExport> {
    (bytes(), option::of(any::<u32>()), kind(), option::of(bytes()), bytes())
        .prop_map(|(name, crc, kind, namespace, owner)| KernelExport { name, crc, kind, namespace, owner })
        .boxed()
}

fn module() -> BoxedStrategy<ModuleFacts> {
    let texts = (option::of(bytes()), option::of(bytes()), option::of(bytes()), option::of(bytes()));
    let lists = (vec(bytes(), 0..3), vec(bytes(), 0..3), option::of(vec((bytes(), any::<u32>()), 0..3)));
    (texts, lists, any::<[bool; 3]>(), option::of(any::<u64>()))
        .prop_map(|(texts, lists, [is_in_tree, has_retpoline, is_signed], this_module_bytes)| {
            let (name, vermagic, license, version) = texts;
            let (depends, namespaces, versions) = lists;
            ModuleFacts {
                name,
                vermagic,
                license,
                version,
                depends,
                namespaces,
                is_in_tree,
                has_retpoline,
                versions,
                this_module_bytes,
                is_signed,
            }
        })
        .boxed()
}

/// What a kernel image or module says.
pub(crate) fn object() -> BoxedStrategy<Option<Box<KernelObject>>> {
    let object = (option::of(bytes()), vec(export(), 0..3), option::of(module()))
        .prop_map(|(release, exports, module)| Box::new(KernelObject { release, exports, module }));
    option::of(object).boxed()
}

fn list() -> BoxedStrategy<KernelList> {
    let export =
        (any::<u32>(), bytes(), kind()).prop_map(|(crc, owner, kind)| ListedExport { crc, owner, kind });
    let symbol = (bytes(), option::of(export)).prop_map(|(name, export)| ListedSymbol { name, export });
    let release = option::of((any::<u32>(), option::of(any::<u32>())));
    (option::of(".{0,4}"), release, vec(symbol, 0..3))
        .prop_map(|(arch, release, symbols)| KernelList { arch, release, symbols })
        .boxed()
}

fn severity() -> BoxedStrategy<Severity> {
    let targets = vec![SeverityTarget::Symbol, SeverityTarget::Owner, SeverityTarget::Namespace];
    (bytes(), prop::sample::select(targets), any::<bool>(), any::<u32>())
        .prop_map(|(pattern, target, passes, line)| Severity { pattern, target, passes, line })
        .boxed()
}

/// Files that describe a kernel.
pub(crate) fn files() -> BoxedStrategy<Vec<KernelFile>> {
    let content = prop_oneof![
        vec(export(), 0..3).prop_map(KernelContent::Symvers),
        list().prop_map(KernelContent::List),
        vec(severity(), 0..3).prop_map(KernelContent::Severities),
    ];
    let file = (bytes(), content).prop_map(|(path, content)| KernelFile { path, content });
    vec(file, 0..2).boxed()
}
