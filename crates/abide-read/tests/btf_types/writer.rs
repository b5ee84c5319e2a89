//! Writes BTF entry by entry, as the test says.

/// A table that is being written.
pub(crate) struct Writer {
    is_big: bool,
    types: Vec<u8>,
    pub(crate) strings: Vec<u8>,
    /// Offset that the first string of its own has: the length of the base's strings.
    string_base: u32,
    next: u32,
}

/// `info` of an entry.
fn info(kind: u32, count: usize, flag: bool) -> u32 {
    kind << 24 | count as u32 | u32::from(flag) << 31
}

impl Writer {
    pub(crate) fn new(is_big: bool) -> Self {
        Writer { is_big, types: Vec::new(), strings: vec![0], string_base: 0, next: 1 }
    }

    /// A table that continues `base`.
    pub(crate) fn continuing(base: &Writer) -> Self {
        let string_base = base.strings.len() as u32;
        Writer { is_big: base.is_big, types: Vec::new(), strings: Vec::new(), string_base, next: base.next }
    }

    pub(crate) fn name(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let at = self.strings.len() as u32 + self.string_base;
        self.strings.extend_from_slice(text.as_bytes());
        self.strings.push(0);
        at
    }

    fn word(&mut self, word: u32) {
        self.types.extend(if self.is_big { word.to_be_bytes() } else { word.to_le_bytes() });
    }

    /// Any entry; returns its number.
    pub(crate) fn raw(&mut self, name: u32, info: u32, size_or_type: u32, tail: &[u32]) -> u32 {
        [name, info, size_or_type].into_iter().chain(tail.iter().copied()).for_each(|w| self.word(w));
        self.next += 1;
        self.next - 1
    }

    pub(crate) fn int(&mut self, name: &str, size: u32, flags: u32, bits: u32) -> u32 {
        let name = self.name(name);
        self.raw(name, info(1, 0, false), size, &[flags << 24 | bits])
    }

    /// Kinds that refer to one type: 2 pointer, 8 typedef, 9 volatile, 10 const, 11 restrict, 18 type tag.
    pub(crate) fn reference(&mut self, kind: u32, name: &str, target: u32) -> u32 {
        let name = self.name(name);
        self.raw(name, info(kind, 0, false), target, &[])
    }

    pub(crate) fn array(&mut self, element: u32, count: u32) -> u32 {
        self.raw(0, info(3, 0, false), 0, &[element, element, count])
    }

    /// A struct (4) or union (5) of members: name, type, offset; `flag` is `kind_flag`.
    pub(crate) fn record(
        &mut self,
        kind: u32,
        name: &str,
        size: u32,
        members: &[(&str, u32, u32)],
        flag: bool,
    ) -> u32 {
        let name = self.name(name);
        let tail: Vec<u32> = members.iter().flat_map(|(n, ty, at)| [self.name(n), *ty, *at]).collect();
        self.raw(name, info(kind, members.len(), flag), size, &tail)
    }

    pub(crate) fn enumeration(&mut self, name: &str, values: &[(&str, u32)], is_signed: bool) -> u32 {
        let name = self.name(name);
        let tail: Vec<u32> = values.iter().flat_map(|(n, value)| [self.name(n), *value]).collect();
        self.raw(name, info(6, values.len(), is_signed), 4, &tail)
    }

    pub(crate) fn enumeration64(&mut self, name: &str, values: &[(&str, u64)], is_signed: bool) -> u32 {
        let name = self.name(name);
        let split = |v: u64| [v as u32, (v >> 32) as u32];
        let tail: Vec<u32> =
            values.iter().flat_map(|(n, value)| [self.name(n), split(*value)[0], split(*value)[1]]).collect();
        self.raw(name, info(19, values.len(), is_signed), 8, &tail)
    }

    pub(crate) fn forward(&mut self, name: &str, is_union: bool) -> u32 {
        let name = self.name(name);
        self.raw(name, info(7, 0, is_union), 0, &[])
    }

    pub(crate) fn prototype(&mut self, returned: u32, parameters: &[(&str, u32)]) -> u32 {
        let tail: Vec<u32> = parameters.iter().flat_map(|(n, ty)| [self.name(n), *ty]).collect();
        self.raw(0, info(13, parameters.len(), false), returned, &tail)
    }

    /// A function of a prototype; linkage 0 static, 1 global, 2 extern.
    pub(crate) fn function(&mut self, name: &str, prototype: u32, linkage: usize) -> u32 {
        let name = self.name(name);
        self.raw(name, info(12, linkage, false), prototype, &[])
    }

    pub(crate) fn variable(&mut self, name: &str, ty: u32) -> u32 {
        let name = self.name(name);
        self.raw(name, info(14, 0, false), ty, &[1])
    }

    /// A number that no entry has.
    pub(crate) fn nowhere(&self) -> u32 {
        self.next + 1000
    }

    /// The table with its header.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut head = Writer::new(self.is_big);
        let (types, strings) = (self.types.len() as u32, self.strings.len() as u32);
        let magic = if self.is_big { 0xeb9f_0100 } else { 0x0001_eb9f };
        [magic, 24, 0, types, types, strings].into_iter().for_each(|w| head.word(w));
        [head.types, self.types.clone(), self.strings.clone()].concat()
    }
}
