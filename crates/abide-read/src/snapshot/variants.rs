//! Enums that are the same in the domain and in the mirror, both ways. Neither side can gain a variant unnoticed.

use super::mirror;

macro_rules! same_variants {
    ($name:ident { $($unit:ident),+ $(; $tuple:ident)? }) => {
        impl From<abide_model::$name> for mirror::$name {
            fn from(value: abide_model::$name) -> Self {
                match value {
                    $(abide_model::$name::$unit => Self::$unit,)+
                    $(abide_model::$name::$tuple(n) => Self::$tuple(n),)?
                }
            }
        }

        impl From<mirror::$name> for abide_model::$name {
            fn from(value: mirror::$name) -> Self {
                match value {
                    $(mirror::$name::$unit => Self::$unit,)+
                    $(mirror::$name::$tuple(n) => Self::$tuple(n),)?
                }
            }
        }
    };
}

same_variants!(FileKind { Regular, Directory, Symlink, Special });
same_variants!(ElfKind { Relocatable, Executable, SharedObject, KernelModule, Vmlinux; Other });
same_variants!(SymbolKind { NoType, Object, Func, Common, Tls, Ifunc; Other });
same_variants!(Binding { Local, Global, Weak, Unique; Other });
same_variants!(Visibility { Default, Internal, Hidden, Protected });
same_variants!(SymbolSection { Undefined, Absolute, Common; Index });
same_variants!(BaseEncoding {
    Boolean, Signed, Unsigned, SignedChar, UnsignedChar, Utf, Float, ComplexFloat; Other
});
same_variants!(PointerKind { Pointer, LvalueReference, RvalueReference });
same_variants!(Qualifier { Const, Volatile, Restrict, Atomic });
same_variants!(RecordKeyword { Struct, Class, Union });
same_variants!(PassBy { Value, Reference });
