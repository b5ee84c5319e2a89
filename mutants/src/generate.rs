//! Random libraries: the old side of every mutant.

use crate::model::{
    Alias, Class, Enum, Enumerator, Function, Library, Link, Member, Method, Object, Param, Place, Pointee,
    Record, Scalar, Signature, Special, Style, Template, Ty, Uses, Varargs,
};
use crate::rng::Rng;

/// Makes a library; the same generator state gives the same library.
pub fn library(rng: &mut Rng) -> Library {
    let cpp = rng.one_in(2);
    let mut lib = Library {
        cpp,
        soname: "libsubject.so.1".into(),
        versions: Vec::new(),
        namespace: "sub".into(),
        inline_namespace: None,
        abi_tag: None,
        signatures: Vec::new(),
        aliases: Vec::new(),
        enums: Vec::new(),
        records: Vec::new(),
        functions: Vec::new(),
        objects: Vec::new(),
        classes: Vec::new(),
        templates: Vec::new(),
        style: style(rng),
        next_id: 0,
    };
    if !cpp && rng.one_in(2) {
        lib.versions = vec!["SUB_1".into(), "SUB_2".into()];
    }
    for index in 0..2 {
        let params = (0..rng.range(1, 3)).map(|_| scalar_param(&mut lib, rng)).collect();
        let ret = rng.pick(&Scalar::COMMON).unwrap_or(Scalar::I32);
        lib.signatures.push(Signature { params, ret });
        add_enum(&mut lib, rng, index);
    }
    for name in ["count_t", "amount_t"] {
        let target = Ty::Int(rng.pick(&Scalar::COMMON).unwrap_or(Scalar::I32));
        lib.aliases.push(Alias { name: name.into(), target });
    }
    add_records(&mut lib, rng);
    (0..rng.range(4, 7)).for_each(|_| add_function(&mut lib, rng));
    (0..rng.range(2, 4)).for_each(|_| add_object(&mut lib, rng));
    if cpp {
        add_classes(&mut lib, rng);
        add_template(&mut lib, rng);
    }
    lib
}

fn style(rng: &mut Rng) -> Style {
    Style {
        optimise: rng.one_in(3),
        dwarf4: rng.one_in(6),
        compressed: rng.one_in(8),
        type_units: rng.one_in(8),
        build: 1,
        ..Style::default()
    }
}

fn scalar_param(lib: &mut Library, rng: &mut Rng) -> Param {
    let ty = Ty::Int(rng.pick(&Scalar::COMMON).unwrap_or(Scalar::I32));
    param(lib, ty)
}

/// A parameter of a type.
pub fn param(lib: &mut Library, ty: Ty) -> Param {
    let id = lib.fresh();
    let writes = matches!(ty, Ty::Ptr(_, false));
    Param { id, name: format!("p{id}"), ty, top_const: false, writes }
}

fn add_enum(lib: &mut Library, rng: &mut Rng, index: usize) {
    let count = rng.range(2, 5);
    let items: Vec<Enumerator> = (0..count)
        .map(|i| {
            let value = rng.one_in(3).then(|| i as i64 * 4 + 1);
            Enumerator { id: lib.fresh(), name: format!("E{index}_ITEM{i}"), value }
        })
        .collect();
    let scoped = lib.cpp && rng.one_in(2);
    let underlying = if scoped { rng.pick(&[Scalar::I32, Scalar::U8, Scalar::U16]) } else { None };
    let name = format!("mode{index}");
    let original = items.iter().map(|i| i.id).collect();
    lib.enums.push(Enum { name, items, original, scoped, underlying, packed: false });
}

fn member(lib: &mut Library, rng: &mut Rng, ty: Ty) -> Member {
    let signed = matches!(&ty, Ty::Int(s) if s.is_signed());
    Member {
        is_negative: signed && rng.one_in(2),
        is_new: false,
        name: format!("m{}", lib.next_id + 1),
        ..lib.new_member(ty)
    }
}

fn add_records(lib: &mut Library, rng: &mut Rng) {
    let count = rng.range(5, 7);
    for index in 0..count {
        let is_union = index == 1;
        let tag = if is_union { format!("variant{index}") } else { format!("thing{index}") };
        let mut record = Record {
            prefix: tag.clone(),
            tag,
            is_union,
            members: Vec::new(),
            packed: rng.one_in(12),
            align: if rng.one_in(14) { Some(16) } else { None },
            place: Place::Public,
            wrapped: false,
            class_keyword: lib.cpp && rng.one_in(4),
            special: Special::default(),
            uses: uses(rng, lib.cpp, index),
        };
        if index == 2 {
            record.place = if rng.one_in(2) { Place::Source } else { Place::PrivateHeader };
            record.uses = Uses::default();
        }
        if is_union {
            record.packed = false;
        }
        let most = if rng.one_in(3) { 8 } else { 4 };
        for _ in 0..rng.range(2, most) {
            let ty = member_type(lib, rng, index, is_union);
            let new = member(lib, rng, ty);
            record.members.push(new);
        }
        if !is_union && rng.one_in(3) {
            add_bit_fields(lib, rng, &mut record);
        }
        if index == 3 && rng.one_in(2) {
            let ty = Ty::Flex(rng.pick(&[Scalar::U8, Scalar::I32, Scalar::U16]).unwrap_or(Scalar::U8), false);
            let new = member(lib, rng, ty);
            record.members.push(new);
            record.uses = Uses { pointer: true, ..Uses::default() };
        }
        if lib.cpp && index > 3 && rng.one_in(5) {
            record.special.destructor = true;
        }
        lib.records.push(record);
    }
}

fn uses(rng: &mut Rng, cpp: bool, index: usize) -> Uses {
    let mut uses = Uses {
        pointer: rng.below(4) > 0,
        returned: rng.one_in(3),
        passed: rng.one_in(3),
        array: rng.one_in(4),
        object: rng.one_in(4),
        callback: rng.one_in(4),
        thrown: cpp && rng.one_in(5),
        nested_only: false,
    };
    if index < 2 && rng.one_in(2) {
        uses = Uses { nested_only: true, ..Uses::default() };
    }
    uses
}

fn member_type(lib: &Library, rng: &mut Rng, index: usize, plain: bool) -> Ty {
    let scalar = rng.pick(&Scalar::COMMON).unwrap_or(Scalar::I32);
    let whole: Vec<usize> = (0..index)
        .filter(|&r| {
            let record = &lib.records[r];
            record.place == Place::Public && !record.is_flexible() && !record.special.destructor
        })
        .collect();
    match rng.below(if plain { 8 } else { 16 }) {
        0..=4 => Ty::Int(scalar),
        5 => Ty::Arr(Box::new(Ty::Int(scalar)), vec![rng.range(2, 6) as u64]),
        6 => Ty::Arr(Box::new(Ty::Int(Scalar::U8)), vec![2, rng.range(2, 4) as u64]),
        7 => Ty::Int(Scalar::Bool),
        8 => Ty::Enum(rng.below(lib.enums.len())),
        9 => Ty::Alias(rng.below(lib.aliases.len())),
        10 if rng.one_in(2) => Ty::Ptr(Pointee::Rec(rng.below(index + 1)), rng.one_in(3)),
        10 => Ty::Ptr(Pointee::Void, false),
        11 => Ty::Ptr(Pointee::Char, rng.one_in(2)),
        12 => Ty::Fn(rng.below(lib.signatures.len())),
        13 => match rng.pick(&whole) {
            Some(r) => Ty::Arr(Box::new(Ty::Rec(r)), vec![2]),
            None => Ty::Int(scalar),
        },
        _ => rng.pick(&whole).map_or(Ty::Int(scalar), Ty::Rec),
    }
}

fn add_bit_fields(lib: &mut Library, rng: &mut Rng, record: &mut Record) {
    let at = rng.below(record.members.len() + 1);
    for step in 0..rng.range(1, 4) {
        let ty = Ty::Int(
            rng.pick(&[Scalar::U32, Scalar::U32, Scalar::I32, Scalar::U8, Scalar::U64])
                .unwrap_or(Scalar::U32),
        );
        let mut new = member(lib, rng, ty);
        let bits = rng.range(3, 7) as u32;
        new.bits = Some(bits);
        new.value_bits = bits - 1;
        new.is_negative = false;
        record.members.insert(at + step, new);
    }
}

/// A type that can be passed.
pub fn passable(lib: &Library, rng: &mut Rng) -> Ty {
    let scalar = rng.pick(&Scalar::COMMON).unwrap_or(Scalar::I32);
    let public: Vec<usize> = (0..lib.records.len())
        .filter(|&r| lib.records[r].place == Place::Public && !lib.records[r].is_flexible())
        .collect();
    match rng.below(14) {
        0..=5 => Ty::Int(scalar),
        6 => Ty::Enum(rng.below(lib.enums.len())),
        7 => Ty::Alias(rng.below(lib.aliases.len())),
        8 => Ty::Ptr(Pointee::Int(scalar), rng.one_in(2)),
        9 => Ty::Ptr(Pointee::Char, true),
        10 => Ty::Fn(rng.below(lib.signatures.len())),
        11 => rng.pick(&public).map_or(Ty::Int(scalar), |r| Ty::Ptr(Pointee::Rec(r), rng.one_in(2))),
        12 => Ty::Ptr(Pointee::Void, false),
        _ => rng.pick(&public).map_or(Ty::Int(scalar), Ty::Rec),
    }
}

fn add_function(lib: &mut Library, rng: &mut Rng) {
    let id = lib.fresh();
    let varargs = if rng.one_in(6) { Varargs::Counted } else { Varargs::None };
    let params = (0..rng.range(1, 5))
        .map(|_| {
            let ty = passable(lib, rng);
            param(lib, ty)
        })
        .collect();
    let ret = match rng.below(8) {
        0 => None,
        1 => Some(Ty::Enum(rng.below(lib.enums.len()))),
        2 => Some(Ty::Alias(rng.below(lib.aliases.len()))),
        3 => Some(Ty::Ptr(Pointee::Char, true)),
        _ => Some(Ty::Int(rng.pick(&Scalar::COMMON).unwrap_or(Scalar::I32))),
    };
    let link = link(lib, rng, &format!("call{id}"));
    let extern_c = !lib.cpp || rng.one_in(2);
    lib.functions.push(Function {
        id,
        name: format!("call{id}"),
        was_void: ret.is_none(),
        ret,
        params,
        varargs,
        extern_c,
        attribute: "",
        noexcept: false,
        link: if extern_c { link } else { Link::default() },
        ifunc: false,
        other_body: false,
        compat: None,
    });
}

fn link(lib: &Library, rng: &mut Rng, name: &str) -> Link {
    Link {
        version: rng.below(lib.versions.len()),
        alias: rng.one_in(4).then(|| format!("{name}_alias")),
        ..Link::default()
    }
}

fn add_object(lib: &mut Library, rng: &mut Rng) {
    let id = lib.fresh();
    let scalar = rng.pick(&Scalar::COMMON).unwrap_or(Scalar::I32);
    let ty = match rng.below(5) {
        0 | 1 => Ty::Int(scalar),
        2 | 3 => Ty::Arr(Box::new(Ty::Int(scalar)), vec![rng.range(2, 6) as u64]),
        _ => Ty::Enum(rng.below(lib.enums.len())),
    };
    let name = format!("value{id}");
    let link = link(lib, rng, &name);
    let tls = rng.one_in(8);
    let is_const = !tls && rng.one_in(5);
    lib.objects.push(Object {
        id,
        name,
        ty,
        is_const,
        tls,
        volatile: false,
        link: Link { alias: link.alias.filter(|_| !tls && !is_const), ..link },
    });
}

/// A method that does nothing special.
pub fn method(lib: &mut Library, rng: &mut Rng, stem: &str) -> Method {
    let id = lib.fresh();
    Method {
        id,
        name: format!("{stem}{id}"),
        key: format!("{stem}{id}"),
        is_virtual: false,
        pure: false,
        is_const: rng.one_in(2),
        is_static: false,
        inline: false,
        private: false,
        noexcept: false,
        suffix: "",
        default_argument: false,
        param: rng.pick(&[Scalar::I32, Scalar::I64, Scalar::F64, Scalar::U16]).unwrap_or(Scalar::I32),
        ret: rng.pick(&[Scalar::I32, Scalar::U64, Scalar::F64]).unwrap_or(Scalar::I32),
        driven: true,
        was_pure: false,
        delegates: None,
        overrides: false,
        is_new: false,
    }
}

fn add_classes(lib: &mut Library, rng: &mut Rng) {
    // Two roots, two that derive, and one that joins them.
    let virtual_base = rng.one_in(3);
    let shape: [&[(usize, bool)]; 5] = match rng.below(3) {
        0 => [&[], &[], &[(0, false)], &[(1, false)], &[(2, false), (3, false)]],
        1 => [&[], &[], &[(0, false)], &[(0, false), (1, false)], &[(3, false)]],
        _ => [&[], &[], &[(0, true)], &[(0, true)], &[(2, false), (3, false)]],
    };
    let count = rng.range(3, 5);
    for (index, bases) in shape.iter().enumerate().take(count) {
        let mut bases = bases.to_vec();
        if virtual_base && bases.len() == 1 {
            bases[0].1 = true;
        }
        let joins = index == 4;
        let polymorphic = index != 1 || rng.one_in(2);
        let mut class = Class {
            name: format!("Shape{index}"),
            bases: bases.clone(),
            methods: Vec::new(),
            members: Vec::new(),
            statics: if rng.one_in(3) { vec![format!("total{index}")] } else { Vec::new() },
            virtual_destructor: polymorphic && rng.one_in(2),
            struct_keyword: rng.one_in(3),
            noise: false,
            pimpl: rng.one_in(5).then_some(2),
            is_new: false,
        };
        for _ in 0..if polymorphic { rng.range(1, 3) } else { 0 } {
            let mut new = method(lib, rng, "work");
            new.is_virtual = true;
            new.pure = index < 2 && rng.one_in(4);
            new.was_pure = new.pure;
            class.methods.push(new);
        }
        for _ in 0..rng.range(1, 2) {
            let mut new = method(lib, rng, "plain");
            new.inline = rng.one_in(4);
            new.is_static = !new.inline && rng.one_in(5);
            new.is_const &= !new.is_static;
            class.methods.push(new);
        }
        // Only the first to derive overrides: two overriders of one virtual base would need a third.
        if let (Some(&(base, _)), true) = (bases.first(), index == 2) {
            let inherited = lib.callable(base);
            let all_pure = inherited.iter().filter(|m| m.pure).cloned();
            let some = inherited.iter().filter(|m| !m.pure).take(1).cloned();
            for mut method in all_pure.chain(some) {
                method.id = lib.fresh();
                (method.pure, method.was_pure) = (false, false);
                method.overrides = true;
                class.methods.push(method);
            }
        }
        for _ in 0..rng.range(usize::from(!joins), 4) {
            let scalar = rng.pick(&Scalar::COMMON).unwrap_or(Scalar::I32);
            let ty =
                if rng.one_in(5) { Ty::Arr(Box::new(Ty::Int(scalar)), vec![3]) } else { Ty::Int(scalar) };
            let new = member(lib, rng, ty);
            class.members.push(new);
        }
        lib.classes.push(class);
    }
}

fn add_template(lib: &mut Library, rng: &mut Rng) {
    let members = (0..rng.range(1, 3))
        .map(|_| {
            let ty = Ty::Int(rng.pick(&Scalar::COMMON).unwrap_or(Scalar::I32));
            member(lib, rng, ty)
        })
        .collect();
    lib.templates.push(Template {
        name: "Holder".into(),
        members,
        instances: vec![Scalar::I32, Scalar::F64],
        used_with: Scalar::I32,
        more_methods: false,
    });
}
