//! The primes of RSA keys: searched for on all cores at once, and confirmed as FIPS 186-5 asks.
//!
//! FIPS 186-5 A.1.3 draws every candidate anew. Here, as in OpenSSL and most others, a candidate is
//! drawn and the odd numbers above it are tried in turn, because a sieve can weed those out together.
//! A prime is then chosen with a likelihood that grows with its distance from the prime before it, which
//! costs less than a bit of the entropy of about a thousand (Brandt and Damgård, "On Generation of
//! Probable Primes by Incremental Search", CRYPTO '92), and helps nobody to guess or to factor.
//!
//! Every search begins with random numbers of its own from the operating system and yields one prime at
//! most, so no prime says anything about another, whichever worker found it. The first that are found
//! are taken. A search that is soon over began a short way below its prime, and a short way below every
//! prime there are as many numbers to begin with as below any other: that those win, rather than the
//! ones that had a wide gap to cross, takes from the bias of the search and adds none.
//!
//! How long a number is tested does not depend on which number it is. Which memory the sieve touches does,
//! as it does in OpenSSL and `crypto-primes`: once for each prime, and beside it for many that are not used.

mod base_two;
mod sieve;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crypto_bigint::{BitOps, BoxedUint, CheckedAdd, NonZero, Odd, RandomBits, RandomBitsError, RandomMod};
use crypto_primes::hazmat::MillerRabin;
use getrandom::{Error, SysRng};
use rayon::prelude::*;
use zeroize::Zeroizing;

use sieve::Sieve;

/// The public exponent of every key that is made.
pub const PUBLIC_EXPONENT: u32 = 65537;

/// A prime that no memory keeps. What the libraries copy while they test it is beyond reach.
pub type Prime = Zeroizing<BoxedUint>;

/// Finds primes of so many bits, all different, whose two top bits are set: so the product of two has
/// exactly twice as many bits, and each is above √2·2^(bits-1) (FIPS 186-5 A.1.3, 4.4).
///
/// All threads of the pool look for them, each for any of them.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn find(bits: u32, count: usize) -> Result<Vec<Prime>, Error> {
    let mut primes = search(bits, count)?;
    // After the search, so that this work too is shared equally.
    let rounds = rounds(bits);
    let witnessed: Vec<bool> = (0..primes.len() * rounds)
        .into_par_iter()
        .map(|test| passes_random_base(&primes[test / rounds]))
        .collect::<Result<_, _>>()?;
    let mut confirmed = witnessed.chunks(rounds).map(|passed| passed.iter().all(|passed| *passed));
    primes.retain(|_| confirmed.next().unwrap_or(false));
    match count - primes.len() {
        0 => Ok(primes),
        missing => {
            primes.extend(find(bits, missing)?);
            Ok(primes)
        }
    }
}

/// FIPS 186-5 table B.1: so many rounds of Miller-Rabin leave a probability of error of 2^-112 for the
/// primes of RSA-2048, of 2^-128 and 2^-144 for those of RSA-3072 and RSA-4096.
const fn rounds(bits: u32) -> usize {
    if bits < 1536 { 5 } else { 4 }
}

/// A round of Miller-Rabin with a random base from 2 to the candidate less 2 (FIPS 186-5 B.3.1).
fn passes_random_base(candidate: &BoxedUint) -> Result<bool, Error> {
    let odd = Odd::new(candidate.clone()).into_option();
    let range = NonZero::new(candidate.wrapping_sub(BoxedUint::from(3u8))).into_option();
    let (Some(odd), Some(range)) = (odd, range) else { return Ok(false) };
    let base = BoxedUint::try_random_mod_vartime(&mut SysRng, &range)?;
    Ok(MillerRabin::new(odd).test(&base.wrapping_add(BoxedUint::from(2u8))).is_probably_prime())
}

/// Finds what passes for prime to the base two.
fn search(bits: u32, count: usize) -> Result<Vec<Prime>, Error> {
    let sieve = Sieve::new(bits);
    let found = Mutex::new(Vec::with_capacity(count));
    let enough = AtomicBool::new(count == 0);
    let workers = rayon::broadcast(|_| {
        while !enough.load(Ordering::Relaxed) {
            let Some(prime) = search_from(start(bits)?, &sieve, &enough) else { continue };
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            if found.len() < count && !found.contains(&prime) {
                found.push(prime);
            }
            enough.store(found.len() == count, Ordering::Relaxed);
        }
        Ok(())
    });
    workers.into_iter().collect::<Result<(), Error>>()?;
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// A random odd number whose two top bits are set.
fn start(bits: u32) -> Result<Zeroizing<BoxedUint>, Error> {
    let start = BoxedUint::try_random_bits(&mut SysRng, bits).map_err(|error| match error {
        RandomBitsError::RandCore(error) => error,
        error => unreachable!("as many bits are drawn as there are: {error}"),
    });
    let mut start = Zeroizing::new(start?);
    for bit in [0, bits - 2, bits - 1] {
        start.set_bit_vartime(bit, true);
    }
    Ok(start)
}

/// The first number from `start` on that passes for prime, if there is one within the reach of the sieve
/// and nobody says before that there are enough.
fn search_from(start: Zeroizing<BoxedUint>, sieve: &Sieve, enough: &AtomicBool) -> Option<Prime> {
    for distance in sieve.survivors(&start) {
        if enough.load(Ordering::Relaxed) {
            return None;
        }
        // None beyond the largest number of so many bits.
        let candidate = Zeroizing::new(start.checked_add(&BoxedUint::from(distance)).into_option()?);
        if base_two::passes(&candidate) {
            return Some(candidate);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crypto_bigint::{ConcatenatingMul, Limb};
    use crypto_primes::hazmat::minimum_mr_iterations;
    use crypto_primes::{Flavor, is_prime};

    use super::*;

    #[test]
    fn primes_are_prime_and_as_long_as_asked_and_none_comes_twice() {
        for (bits, count) in [(1024, 7), (1536, 2), (2048, 2)] {
            let primes = find(bits, count).unwrap();
            assert_eq!(primes.len(), count);
            for prime in &primes {
                assert_eq!(prime.bit_width(), bits);
                assert!(prime.bit_vartime(bits - 2), "the second bit is set");
                assert!(is_prime(Flavor::Any, &**prime), "the library finds it prime by another test");
                let e = NonZero::new(Limb::from(PUBLIC_EXPONENT)).unwrap();
                assert_ne!(prime.rem_limb(e), Limb::ONE, "p - 1 is coprime to e");
            }
            let different: BTreeSet<_> = primes.iter().map(|prime| prime.to_be_bytes()).collect();
            assert_eq!(different.len(), count);
        }
    }

    #[test]
    fn none_is_found_where_none_is_asked_for() {
        assert!(find(1024, 0).unwrap().is_empty());
    }

    #[test]
    fn as_many_rounds_are_made_as_fips_186_5_asks() {
        for (bits, error) in [(1024, 112), (1536, 128), (2048, 144)] {
            assert_eq!(minimum_mr_iterations(bits, error), Some(rounds(bits)), "{bits}");
        }
    }

    #[test]
    fn a_composite_number_is_not_confirmed() {
        let primes = find(1024, 2).unwrap();
        let product = primes[0].concatenating_mul(&*primes[1]);
        let rounds = (0..5).map(|_| passes_random_base(&product).unwrap());
        assert_eq!(rounds.filter(|passed| *passed).count(), 0);
    }

    #[test]
    fn a_search_stops_when_there_are_enough() {
        let enough = AtomicBool::new(true);
        assert!(search_from(start(1024).unwrap(), &Sieve::new(1024), &enough).is_none());
    }

    #[test]
    fn a_search_does_not_go_beyond_the_largest_number_of_its_length() {
        let largest = Zeroizing::new(BoxedUint::max(1024));
        assert!(search_from(largest, &Sieve::new(1024), &AtomicBool::new(false)).is_none());
    }
}
