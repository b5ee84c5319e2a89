//! Functions of the rules about an artifact as a whole.

use super::{DEFAULT, Situation};
use crate::change::{Fact, VersionLoss};

type Case = Option<&'static str>;

/// The named case when `milder`, else the rule's own.
fn case_if(milder: bool, case: &'static str) -> Case {
    Some(if milder { case } else { DEFAULT })
}

pub(super) fn architecture_changed(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::Architecture).then_some(DEFAULT)
}

pub(super) fn artifact_kind_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::ArtifactKind { lost_library } = fact else { return None };
    case_if(!lost_library, "not-a-library")
}

pub(super) fn bind_now_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::BindNow { lost } = fact else { return None };
    case_if(!lost, "gained")
}

pub(super) fn branch_protection_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::BranchProtection { lost } = fact else { return None };
    case_if(!lost, "gained")
}

pub(super) fn elf_flags_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::ElfFlags { convention } = fact else { return None };
    case_if(!convention, "other-flags")
}

pub(super) fn executable_stack_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::ExecutableStack { gained } = fact else { return None };
    case_if(!gained, "lost")
}

pub(super) fn fortify_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::Fortify { lost, unchecked } = fact else { return None };
    Some(match (lost, unchecked) {
        (false, _) => "gained",
        (true, false) => "nothing-to-check",
        (true, true) => DEFAULT,
    })
}

pub(super) fn interpreter_changed(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::Interpreter).then_some(DEFAULT)
}

pub(super) fn isa_baseline_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::IsaBaseline { raised } = fact else { return None };
    case_if(!raised, "lowered")
}

pub(super) fn needed_added(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::NeededAdded).then_some(DEFAULT)
}

pub(super) fn needed_removed(fact: &Fact, _: Situation) -> Case {
    let Fact::NeededRemoved { always_loaded } = fact else { return None };
    case_if(*always_loaded, "always-loaded")
}

pub(super) fn os_abi_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::OsAbi { gnu } = fact else { return None };
    case_if(*gnu, "gnu")
}

pub(super) fn pie_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::Pie { lost } = fact else { return None };
    case_if(!lost, "gained")
}

pub(super) fn relro_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::Relro { lost } = fact else { return None };
    case_if(!lost, "gained")
}

pub(super) fn required_version_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::RequiredVersion { raised } = fact else { return None };
    case_if(!raised, "lowered")
}

pub(super) fn runpath_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::Runpath { gained } = fact else { return None };
    case_if(*gained, "gained")
}

pub(super) fn soname_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::Soname { had } = fact else { return None };
    case_if(!had, "gained")
}

pub(super) fn stack_protector_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::StackProtector { lost } = fact else { return None };
    case_if(!lost, "gained")
}

pub(super) fn static_tls_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::StaticTls { gained } = fact else { return None };
    case_if(!gained, "lost")
}

pub(super) fn text_relocations_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::TextRelocations { gained } = fact else { return None };
    case_if(!gained, "lost")
}

pub(super) fn version_definition_removed(fact: &Fact, _: Situation) -> Case {
    let Fact::VersionDefinition(loss) = fact else { return None };
    Some(match loss {
        VersionLoss::One => DEFAULT,
        VersionLoss::Private => "private",
        VersionLoss::All => "all",
    })
}

pub(super) fn version_definition_added(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::VersionDefinitionAdded).then_some(DEFAULT)
}
