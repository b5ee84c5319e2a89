//! Files, functions and cases match; texts are whole.

use std::collections::BTreeSet;

use super::*;

#[test]
fn files_and_functions_match_one_to_one() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().trim_end_matches(".toml").to_string())
        .collect();
    let table: BTreeSet<String> = TABLE.iter().map(|(id, ..)| id.to_string()).collect();
    assert_eq!(files, table);
    assert!(TABLE.is_sorted_by_key(|(id, ..)| *id));
    assert_eq!(table.len(), TABLE.len());
}

#[test]
fn rules_are_found_by_id_and_have_all_texts() {
    for rule in all() {
        assert_eq!(find(rule.id).map(|r| r.id), Some(rule.id));
        for text in [&rule.title, &rule.why, &rule.when_safe, &rule.reference] {
            assert!(text.len() > 10 && !text.contains("  ") && !text.contains('\n'), "{}: {text:?}", rule.id);
        }
        assert!(rule.why.ends_with('.') && rule.when_safe.ends_with('.'), "{}", rule.id);
        assert!(rule.cases.values().all(|c| c.why.ends_with('.')), "{}", rule.id);
    }
    assert!(find("no-such-rule").is_none());
}

/// One fact of each kind and turn, as far as rules tell them apart.
fn facts() -> Vec<Fact> {
    use crate::change::*;
    let mut out = vec![
        Fact::Architecture,
        Fact::NeededAdded,
        Fact::Interpreter,
        Fact::VersionDefinitionAdded,
        Fact::SymbolVersioned,
        Fact::SymbolAdded,
        Fact::SymbolBinding,
        Fact::BaseTypeRenamed,
        Fact::TypedefRenamed,
        Fact::PointerKind,
        Fact::ArrayShape,
        Fact::TypeRenamed,
        Fact::BecameDefined,
        Fact::BecameOpaque,
        Fact::NotComparable,
        Fact::ParameterAdded,
        Fact::ParameterRemoved,
        Fact::ParameterOrder,
        Fact::Variadic,
        Fact::CallingConvention,
        Fact::Prototype,
        Fact::ArgumentClass,
        Fact::RecordSize,
        Fact::Alignment,
        Fact::MemberRemoved,
        Fact::MemberMoved,
        Fact::MemberRenamed,
        Fact::ReservedUsed,
        Fact::BitField,
        Fact::BaseMoved,
        Fact::Triviality,
        Fact::VirtualMoved,
        Fact::EnumeratorAdded,
        Fact::EnumeratorRemoved,
        Fact::EnumeratorRenamed,
        Fact::EnumSize,
    ];
    for on in [false, true] {
        out.extend([
            Fact::Soname { had: on },
            Fact::ElfFlags { convention: on },
            Fact::OsAbi { gnu: on },
            Fact::ArtifactKind { lost_library: on },
            Fact::Runpath { gained: on },
            Fact::ExecutableStack { gained: on },
            Fact::TextRelocations { gained: on },
            Fact::StaticTls { gained: on },
            Fact::BranchProtection { lost: on },
            Fact::Relro { lost: on },
            Fact::BindNow { lost: on },
            Fact::Pie { lost: on },
            Fact::StackProtector { lost: on },
            Fact::Fortify { lost: on, unchecked: true },
            Fact::Fortify { lost: on, unchecked: false },
            Fact::IsaBaseline { raised: on },
            Fact::RequiredVersion { raised: on },
            Fact::NeededRemoved { always_loaded: on },
            Fact::DefaultVersion { has_default: on },
            Fact::SymbolVisibility { became_protected: on, is_data: on },
            Fact::SymbolVisibility { became_protected: true, is_data: on },
            Fact::Signedness { byte_pointee: on },
            Fact::AliasSplit { joined: on },
            Fact::TypeReplaced { incomplete: on },
            Fact::NoReturn { gained: on },
            Fact::RecordKeyword { matters: on },
            Fact::MemberAdded { tail_padding: on },
            Fact::BaseAdded { empty: on },
            Fact::BaseRemoved { empty: on },
            Fact::VirtualRemoved { was_override: on },
            Fact::Purity { became_pure: on },
            Fact::EnumeratorValue { is_count: on },
            Fact::EnumUnderlying { matters: on },
        ]);
        use RemovedClass as R;
        for class in [R::Public, R::Private, R::Toolchain, R::Abstract, R::Vague, R::Program] {
            out.push(Fact::SymbolRemoved(class));
            out.push(Fact::SymbolVersionRemoved { class, binds_unversioned: on });
        }
    }
    out.extend([VersionLoss::One, VersionLoss::All, VersionLoss::Private].map(Fact::VersionDefinition));
    use SizeUse as S;
    out.extend([S::Copied, S::VtableGrew, S::ThreadLocal, S::InPlace, S::Unstated].map(Fact::ObjectSize));
    use TypeTurn as T;
    out.extend([T::Representation, T::PointerInteger, T::FromVoid, T::Nominal].map(Fact::TypeChanged));
    out.extend([PointeeTurn::Void, PointeeTurn::Bytes, PointeeTurn::Other].map(Fact::Pointee));
    use QualifierTurn as Q;
    out.extend(
        [Q::Harmless, Q::ConstLost, Q::ReadOnly, Q::Volatile, Q::RestrictGained, Q::Atomic]
            .map(Fact::Qualifier),
    );
    out.extend([ArrayTurn::Flexible, ArrayTurn::LastGrew, ArrayTurn::Other].map(Fact::ArrayLength));
    use VirtualPlace as V;
    out.extend([V::End, V::EndPure, V::Elsewhere, V::Override].map(Fact::VirtualAdded));
    use abide_model::SymbolKind as K;
    let kinds = [K::Func, K::Object, K::Tls, K::Ifunc, K::NoType, K::Common, K::Other(9)];
    for old in kinds {
        out.extend(kinds.iter().map(|&new| Fact::SymbolKind { old, new }));
    }
    out
}

fn situations() -> Vec<Situation> {
    let exposures = [None, Some(Exposure::Opaque), Some(Exposure::BehindPointer), Some(Exposure::ByValue)];
    let with = |exposure| [false, true].map(|is_passed| Situation { exposure, is_passed });
    exposures.into_iter().flat_map(with).collect()
}

#[test]
fn each_fact_has_exactly_one_rule_and_its_case_exists() {
    for fact in facts() {
        for at in situations() {
            let claims = claims(&fact, at);
            let [(rule, case)] = claims[..] else { panic!("{fact:?} {at:?}: {} rules", claims.len()) };
            assert!(case == DEFAULT || rule.cases.contains_key(case), "{}: no case {case:?}", rule.id);
        }
    }
}

#[test]
fn each_case_occurs() {
    let mut seen = BTreeSet::new();
    for fact in facts() {
        for at in situations() {
            seen.extend(claims(&fact, at).into_iter().map(|(rule, case)| (rule.id, case)));
        }
    }
    for rule in all() {
        assert!(rule.cases.keys().all(|case| seen.contains(&(rule.id, case.as_str()))), "{}", rule.id);
        assert!(seen.contains(&(rule.id, DEFAULT)), "{}", rule.id);
    }
}

#[test]
fn nothing_that_consumers_cannot_see_is_more_than_safe() {
    let at = Situation { exposure: Some(Exposure::Opaque), is_passed: false };
    for rule in all().iter().filter(|r| r.cases.contains_key("opaque")) {
        assert_eq!(rule.cases["opaque"].level, Level::Safe, "{}", rule.id);
    }
    let policy = Policy::default();
    assert_eq!(judge(&Fact::MemberMoved, at, &policy).level, Level::Safe);
}

#[test]
fn policy_replaces_levels_by_rule_and_by_case() {
    let mut policy = Policy::default();
    policy.levels.insert("record-size-changed".to_string(), Level::Review);
    policy.levels.insert("record-size-changed/behind-pointer".to_string(), Level::Safe);
    let level = |exposure, policy: &Policy| {
        judge(&Fact::RecordSize, Situation { exposure: Some(exposure), is_passed: false }, policy).level
    };
    assert_eq!(level(Exposure::ByValue, &Policy::default()), Level::Break);
    assert_eq!(level(Exposure::ByValue, &policy), Level::Review);
    assert_eq!(level(Exposure::BehindPointer, &Policy::default()), Level::Review);
    assert_eq!(level(Exposure::BehindPointer, &policy), Level::Safe);
    assert_eq!(level(Exposure::Opaque, &policy), Level::Safe);
}
