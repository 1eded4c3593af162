use crypto_bigint::{BoxedUint, Limb, NonZero, Reciprocal, Word};

use super::PUBLIC_EXPONENT;

/// Weeds out numbers that have a small factor, or that make no RSA key.
pub(crate) struct Sieve {
    /// How many odd numbers it looks at. Among as many as this a prime is missing once in 100,000 times.
    reach: usize,
    groups: Vec<Group>,
    public_exponent: Group,
}

/// Small primes whose product fits a machine word: one division of the large number serves them all.
struct Group {
    product: Reciprocal,
    primes: Vec<u32>,
}

impl Sieve {
    /// For numbers of so many bits.
    pub(crate) fn new(bits: u32) -> Self {
        // A prime p spares a test once in p times. A test takes time with the cube of the length, and
        // there are more of them; dividing by p takes time with the length.
        let limit = bits * bits / 4;
        let reach = 4 * bits as usize;
        let public_exponent = Group::new(vec![PUBLIC_EXPONENT]);
        Self { reach, groups: groups(&small_primes(limit)), public_exponent }
    }

    /// The distances from `start`, which is odd, to the numbers above it that are left.
    pub(crate) fn survivors(&self, start: &BoxedUint) -> impl Iterator<Item = u32> + use<> {
        let mut struck = vec![false; self.reach];
        for group in &self.groups {
            for (prime, remainder) in group.remainders(start) {
                strike(&mut struck, prime, remainder);
            }
        }
        // gcd(p - 1, e) = 1: e is prime, and p is not 1 more than a multiple of it.
        for (prime, remainder) in self.public_exponent.remainders(start) {
            strike(&mut struck, prime, (remainder + prime - 1) % prime);
        }
        (0..).step_by(2).zip(struck).filter_map(|(distance, struck)| (!struck).then_some(distance))
    }
}

impl Group {
    fn new(primes: Vec<u32>) -> Self {
        let product = primes.iter().map(|prime| Word::from(*prime)).product();
        let product = NonZero::new(Limb(product)).expect("primes are not zero");
        Self { product: Reciprocal::new(product), primes }
    }

    /// Each prime, with what is left of the number when it is divided by it.
    fn remainders(&self, number: &BoxedUint) -> impl Iterator<Item = (u32, u32)> {
        let Limb(remainder) = number.rem_limb_with_reciprocal(&self.product);
        self.primes.iter().map(move |prime| (*prime, (remainder % Word::from(*prime)) as u32))
    }
}

/// Strikes every number that the prime divides out of the odd numbers from one on that leaves this
/// remainder.
fn strike(struck: &mut [bool], prime: u32, remainder: u32) {
    let to_multiple = (prime - remainder) % prime;
    // Where the next multiple is even, the one after it is odd.
    let to_odd_multiple = if to_multiple.is_multiple_of(2) { to_multiple } else { to_multiple + prime };
    for number in struck.iter_mut().skip(to_odd_multiple as usize / 2).step_by(prime as usize) {
        *number = true;
    }
}

/// The odd primes below a limit.
fn small_primes(limit: u32) -> Vec<u32> {
    let mut composite = vec![false; limit as usize / 2];
    let mut primes = Vec::new();
    for half in 1..composite.len() {
        if !composite[half] {
            let prime = 2 * half + 1;
            primes.push(prime as u32);
            for multiple in composite.iter_mut().skip(prime * prime / 2).step_by(prime) {
                *multiple = true;
            }
        }
    }
    primes
}

fn groups(primes: &[u32]) -> Vec<Group> {
    let mut groups = Vec::new();
    let (mut group, mut product) = (Vec::new(), 1 as Word);
    for prime in primes {
        match product.checked_mul(Word::from(*prime)) {
            Some(larger) => product = larger,
            None => {
                groups.push(Group::new(std::mem::take(&mut group)));
                product = Word::from(*prime);
            }
        }
        group.push(*prime);
    }
    groups.push(Group::new(group));
    groups
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_has_a_small_factor_or_makes_no_key_is_struck_and_nothing_else() {
        let sieve = Sieve::new(256);
        // Any odd number does.
        let start = BoxedUint::from_be_slice(&[0xc7; 32], 256).unwrap();
        let survivors: BTreeSet<_> = sieve.survivors(&start).collect();
        let mut primes = small_primes(256 * 256 / 4);
        assert_eq!((primes[0], primes.len()), (3, 1899));
        primes.push(PUBLIC_EXPONENT);
        for distance in (0..2 * 4 * 256).step_by(2) {
            let number = start.wrapping_add(BoxedUint::from(distance));
            let remainder = |prime| number.rem_limb(NonZero::new(Limb::from(prime)).unwrap());
            let (e, small) = primes.split_last().unwrap();
            let struck =
                remainder(*e) == Limb::ONE || small.iter().any(|prime| remainder(*prime) == Limb::ZERO);
            assert_eq!(survivors.contains(&distance), !struck, "{distance}");
        }
    }

    #[test]
    fn numbers_that_make_no_key_are_struck() {
        let mut struck = vec![false; 8];
        // Of 1, 3, 5, ..., 15, those that leave 1 when divided by 5.
        strike(&mut struck, 5, (1 + 5 - 1) % 5);
        let left: Vec<_> = (1..).step_by(2).zip(struck).filter(|(_, struck)| *struck).collect();
        assert_eq!(left, [(1, true), (11, true)]);
    }

    #[test]
    fn each_group_fits_a_machine_word() {
        let primes = small_primes(1 << 17);
        let groups = groups(&primes);
        assert_eq!(groups.iter().flat_map(|group| group.primes.clone()).collect::<Vec<_>>(), primes);
        for group in groups {
            let product = group.primes.iter().map(|prime| Word::from(*prime)).try_fold(1, Word::checked_mul);
            assert!(product.is_some(), "{:?}", group.primes);
        }
    }
}
