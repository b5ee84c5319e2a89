//! Licences that the kernel takes for compatible with the GPL (Linux `include/linux/license.h`).

use bstr::BStr;

/// Whether a module of this licence is given the symbols of `EXPORT_SYMBOL_GPL`.
pub(super) fn is_gpl_compatible(license: &BStr) -> bool {
    ["GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"]
        .iter()
        .any(|known| license == *known)
}
