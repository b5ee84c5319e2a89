//! Type graphs of a snapshot: every type, string and symbol that is referred to must exist.

use abide_model::{
    Base, BaseSpec, DeclLocation, EnumType, Enumerator, FunctionType, Member, Origin, Parameter, RecordType,
    Root, RootKind, StrId, StringTable, TypeGraph, TypeId, TypeKind, TypeNode, VirtualMethod,
};

use super::decode::{Strings, out_of_range};
use super::error::SnapshotError;
use super::mirror::{self, GraphText, Node};

type Result<T> = std::result::Result<T, SnapshotError>;

/// The graph of an artifact with so many symbols.
pub(super) fn decode(graph: mirror::Graph, all: &Strings<'_>, symbols: usize) -> Result<TypeGraph> {
    let mirror::Graph { strings, nodes, roots } = graph;
    let limits = Limits { strings: strings.len(), nodes: nodes.len(), symbols };
    Ok(TypeGraph {
        strings: table(strings, all)?,
        nodes: nodes.into_iter().map(|n| limits.type_node(n)).collect::<Result<_>>()?,
        roots: roots.into_iter().map(|r| limits.root(&r)).collect::<Result<_>>()?,
    })
}

/// Ids of a graph's strings are positions, so the table must not shrink by a repetition.
fn table(strings: Vec<mirror::Text>, all: &Strings<'_>) -> Result<StringTable> {
    let texts = strings.into_iter().map(|t| all.bytes(t)).collect::<Result<Vec<_>>>()?;
    let size = texts.iter().map(|t| t.len()).sum();
    let mut table = StringTable::with_capacity(texts.len(), size);
    for (index, text) in texts.into_iter().enumerate() {
        if table.intern(text).0 as usize != index {
            return Err(SnapshotError::RepeatedString(index));
        }
    }
    Ok(table)
}

/// What ids of one graph may refer to.
struct Limits {
    strings: usize,
    nodes: usize,
    symbols: usize,
}

impl Limits {
    fn node(&self, node: Node) -> Result<TypeId> {
        match (node as usize) < self.nodes {
            true => Ok(TypeId(node)),
            false => Err(out_of_range("type", node.into(), self.nodes)),
        }
    }

    fn text(&self, text: GraphText) -> Result<StrId> {
        match (text as usize) < self.strings {
            true => Ok(StrId(text)),
            false => Err(out_of_range("string of a type graph", text.into(), self.strings)),
        }
    }

    fn optional(&self, text: Option<GraphText>) -> Result<Option<StrId>> {
        text.map(|t| self.text(t)).transpose()
    }

    fn decl(&self, decl: Option<mirror::Decl>) -> Result<Option<DeclLocation>> {
        decl.map(|d| Ok(DeclLocation { file: self.text(d.file)?, line: d.line })).transpose()
    }

    fn root(&self, root: &mirror::Root) -> Result<Root> {
        if root.symbol as usize >= self.symbols {
            return Err(out_of_range("symbol", root.symbol.into(), self.symbols));
        }
        Ok(Root {
            symbol: root.symbol,
            kind: if root.is_function { RootKind::Function } else { RootKind::Variable },
            ty: self.node(root.ty)?,
            source_name: self.optional(root.source_name)?,
            decl: self.decl(root.decl)?,
            origin: root.origin.map(origin),
        })
    }

    fn type_node(&self, node: mirror::TypeNode) -> Result<TypeNode> {
        Ok(TypeNode {
            kind: self.kind(node.kind)?,
            decl: self.decl(node.decl)?,
            origin: node.origin.map(origin),
        })
    }

    fn kind(&self, kind: mirror::TypeKind) -> Result<TypeKind> {
        use mirror::TypeKind as From;
        Ok(match kind {
            From::Void => TypeKind::Void,
            From::Base { name, size_bytes, encoding } => {
                TypeKind::Base(BaseSpec { name: self.text(name)?, size_bytes, encoding: encoding.into() })
            }
            From::Pointer { kind, target, size_bytes } => {
                TypeKind::Pointer { kind: kind.into(), target: self.node(target)?, size_bytes }
            }
            From::MemberPointer { class, target } => {
                TypeKind::MemberPointer { class: self.node(class)?, target: self.node(target)? }
            }
            From::Qualified { qualifier, target } => {
                TypeKind::Qualified { qualifier: qualifier.into(), target: self.node(target)? }
            }
            From::Typedef { name, target } => {
                TypeKind::Typedef { name: self.text(name)?, target: self.node(target)? }
            }
            From::Array { element, dimensions, is_vector } => {
                TypeKind::Array { element: self.node(element)?, dimensions, is_vector }
            }
            From::Function(function) => TypeKind::Function(self.function(function)?),
            From::Record(record) => TypeKind::Record(self.record(record)?),
            From::Enum(enumeration) => TypeKind::Enum(self.enumeration(enumeration)?),
            From::Declaration { keyword, name } => {
                TypeKind::Declaration { keyword: keyword.map(Into::into), name: self.text(name)? }
            }
            From::Ambiguous { name, candidates } => TypeKind::Ambiguous {
                name: self.text(name)?,
                candidates: candidates.into_iter().map(|c| self.node(c)).collect::<Result<_>>()?,
            },
            From::Unspecified { name } => TypeKind::Unspecified { name: self.text(name)? },
            From::Opaque { tag, name, size_bytes } => {
                TypeKind::Opaque { tag, name: self.text(name)?, size_bytes }
            }
            From::Broken => TypeKind::Broken,
        })
    }

    fn function(&self, function: mirror::Function) -> Result<FunctionType> {
        let parameter = |p: mirror::Parameter| -> Result<Parameter> {
            Ok(Parameter {
                name: self.optional(p.name)?,
                ty: self.node(p.ty)?,
                is_artificial: p.is_artificial,
            })
        };
        Ok(FunctionType {
            return_type: self.node(function.return_type)?,
            parameters: function.parameters.into_iter().map(parameter).collect::<Result<_>>()?,
            is_variadic: function.is_variadic,
            is_prototyped: function.is_prototyped,
            is_noreturn: function.is_noreturn,
            virtual_slot: function.virtual_slot,
            calling_convention: function.calling_convention,
        })
    }

    fn record(&self, record: mirror::Record) -> Result<RecordType> {
        let base = |b: mirror::Base| -> Result<Base> {
            Ok(Base { ty: self.node(b.ty)?, offset_bytes: b.offset_bytes, is_virtual: b.is_virtual })
        };
        Ok(RecordType {
            keyword: record.keyword.into(),
            name: self.optional(record.name)?,
            size_bytes: record.size_bytes,
            alignment_bytes: record.alignment_bytes,
            pass_by: record.pass_by.map(Into::into),
            bases: record.bases.into_iter().map(base).collect::<Result<_>>()?,
            members: record.members.into_iter().map(|m| self.member(&m)).collect::<Result<_>>()?,
            virtual_methods: record
                .virtual_methods
                .into_iter()
                .map(|m| self.virtual_method(&m))
                .collect::<Result<_>>()?,
        })
    }

    fn member(&self, member: &mirror::Member) -> Result<Member> {
        Ok(Member {
            name: self.optional(member.name)?,
            ty: self.node(member.ty)?,
            offset_bits: member.offset_bits,
            bit_size: member.bit_size,
            is_artificial: member.is_artificial,
            decl_line: member.decl_line,
        })
    }

    fn virtual_method(&self, method: &mirror::VirtualMethod) -> Result<VirtualMethod> {
        Ok(VirtualMethod {
            name: self.text(method.name)?,
            linkage_name: self.optional(method.linkage_name)?,
            slot: method.slot,
            ty: self.node(method.ty)?,
            is_pure: method.is_pure,
            decl_line: method.decl_line,
        })
    }

    fn enumeration(&self, enumeration: mirror::Enum) -> Result<EnumType> {
        let enumerator = |(name, value): (GraphText, i128)| -> Result<Enumerator> {
            Ok(Enumerator { name: self.text(name)?, value })
        };
        Ok(EnumType {
            name: self.optional(enumeration.name)?,
            size_bytes: enumeration.size_bytes,
            underlying: enumeration.underlying.map(|u| self.node(u)).transpose()?,
            is_scoped: enumeration.is_scoped,
            enumerators: enumeration.enumerators.into_iter().map(enumerator).collect::<Result<_>>()?,
        })
    }
}

fn origin(origin: mirror::Origin) -> Origin {
    Origin { offset: origin.offset, in_supplementary: origin.in_supplementary }
}
