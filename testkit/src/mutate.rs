//! Mutations of valid input: what corruption, truncation and malice do to a file. Same seed, same mutants.

/// Makes mutants with a generator of its own (xorshift64*), so that a test repeats exactly.
#[derive(Debug)]
pub struct Mutator {
    state: u64,
}

/// Values at which length and offset arithmetic breaks.
const EDGES: [u64; 10] = [
    0,
    1,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff,
];

impl Mutator {
    /// A generator; any seed will do.
    pub fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit` (0 for a limit of 0).
    fn below(&mut self, limit: usize) -> usize {
        if limit == 0 { 0 } else { (self.next() % limit as u64) as usize }
    }

    /// One to four mutations of `input`.
    pub fn mutant(&mut self, input: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(4) {
            self.mutate(&mut bytes);
        }
        bytes
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            bytes.push(0);
        }
        let at = self.place(bytes.len());
        match self.below(8) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << self.below(8),
            2 => bytes[at] = self.next() as u8,
            3 | 4 => self.inflate(bytes, at),
            5 => self.nudge(bytes, at),
            6 => self.copy(bytes, at),
            _ => {
                let end = at + self.below(64).min(bytes.len() - at);
                bytes.drain(at..end);
            }
        }
    }

    /// A place to change: the head and the tail, where formats keep their tables, as often as all the rest.
    fn place(&mut self, len: usize) -> usize {
        let edge = len.min(512);
        match self.below(4) {
            0 => self.below(edge),
            1 => len - edge + self.below(edge),
            _ => self.below(len),
        }
    }

    /// Writes an edge value of 1, 2, 4 or 8 bytes in either order.
    fn inflate(&mut self, bytes: &mut [u8], at: usize) {
        let value = EDGES[self.below(EDGES.len())];
        let width = 1 << self.below(4);
        let encoded = if self.below(2) == 0 { value.to_le_bytes() } else { value.to_be_bytes() };
        let encoded = if encoded[0] == value as u8 { &encoded[..width] } else { &encoded[8 - width..] };
        for (to, from) in bytes[at..].iter_mut().zip(encoded) {
            *to = *from;
        }
    }

    /// Adds or takes a little from a 32-bit value.
    fn nudge(&mut self, bytes: &mut [u8], at: usize) {
        let Some(field) = bytes[at..].first_chunk_mut::<4>() else { return };
        let by = self.below(9) as u32;
        let value = u32::from_le_bytes(*field).wrapping_add(by).wrapping_sub(4);
        *field = value.to_le_bytes();
    }

    /// Copies a piece from elsewhere over this place, or inserts it.
    fn copy(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let from = self.below(bytes.len());
        let piece = bytes[from..].iter().take(1 + self.below(64)).copied().collect::<Vec<_>>();
        let until = if self.below(2) == 0 { at } else { bytes.len().min(at + piece.len()) };
        bytes.splice(at..until, piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_mutants() {
        let input: Vec<u8> = (0..=255).collect();
        let make = |seed| {
            let mut mutator = Mutator::new(seed);
            (0..100).map(|_| mutator.mutant(&input)).collect::<Vec<_>>()
        };
        assert_eq!(make(7), make(7));
        assert_ne!(make(7), make(8));
        assert!(make(7).iter().filter(|m| **m != input).count() > 90);
    }
}
