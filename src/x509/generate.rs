use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crypto_bigint::{BitOps, BoxedUint, RandomBits, RandomBitsError};
use crypto_primes::hazmat::SmallFactorsSieve;
use crypto_primes::{Flavor, is_prime};
use getrandom::SysRng;
use rayon::prelude::*;
use rsa::Generate;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use zeroize::Zeroizing;

use crate::base::workers::share;
use crate::x509::algorithm::KeyType;
use crate::x509::error::Error;
use crate::x509::private_key::PrivateKey;

/// Makes new keys of these types from the operating system's random numbers, on all cores: the search
/// for the primes of RSA keys is nearly all of the work of a run.
///
/// # Errors
/// If the operating system has no random numbers.
pub(crate) fn generate_keys(key_types: &[KeyType]) -> Result<Vec<PrivateKey>, Error> {
    let mut counts = HashMap::new();
    for key_type in key_types {
        *counts.entry(*key_type).or_insert(0) += 1;
    }
    let made = counts.into_iter().map(|(key_type, count)| Ok((key_type, alike(key_type, count)?)));
    let mut made = made.collect::<Result<HashMap<_, _>, Error>>()?;
    let keys = key_types.iter().filter_map(|key_type| made.get_mut(key_type)?.pop());
    Ok(keys.collect())
}

impl PrivateKey {
    /// # Errors
    /// If the operating system has no random numbers.
    pub(crate) fn generate(key_type: KeyType) -> Result<Self, Error> {
        let mut keys = alike(key_type, 1)?;
        Ok(keys.pop().unwrap_or_else(|| unreachable!("one key was asked for")))
    }
}

fn alike(key_type: KeyType, count: usize) -> Result<Vec<PrivateKey>, Error> {
    match key_type {
        KeyType::Rsa2048 => share(|| rsa_keys(2048, count)),
        KeyType::Rsa3072 => share(|| rsa_keys(3072, count)),
        KeyType::Rsa4096 => share(|| rsa_keys(4096, count)),
        KeyType::P256 => of_curve::<p256::ecdsa::SigningKey>(count),
        KeyType::P384 => of_curve::<p384::ecdsa::SigningKey>(count),
    }
}

fn of_curve<K: Generate + Into<PrivateKey>>(count: usize) -> Result<Vec<PrivateKey>, Error> {
    /// Fewer are made before the threads have started.
    const WORTH_SHARING: usize = 8;
    let make = |_| Ok(K::try_generate()?.into());
    match count < WORTH_SHARING {
        true => (0..count).map(make).collect(),
        false => share(|| (0..count).into_par_iter().map(make).collect()),
    }
}

fn rsa_keys(bits: u32, count: usize) -> Result<Vec<PrivateKey>, Error> {
    let mut keys = Vec::new();
    while keys.len() < count {
        let primes = primes(bits / 2, 2 * (count - keys.len()))?;
        keys.par_extend(primes.par_chunks(2).filter_map(|pair| rsa_key(bits, &pair[0], &pair[1])));
    }
    Ok(keys)
}

/// The key of two primes, if they make one as FIPS 186-5 A.1.1 asks: of 2^96 pairs about one does not.
fn rsa_key(bits: u32, p: &BoxedUint, q: &BoxedUint) -> Option<PrivateKey> {
    if !far_apart(bits, p, q) {
        return None;
    }
    // That e is coprime to p - 1 and q - 1 the library checks too.
    let key = rsa::PrivateKey::from_p_q(p.clone(), q.clone(), BoxedUint::from(65_537_u32)).ok()?;
    // 2^(bits/2) < d.
    (key.n().bit_width() == bits && key.d().bit_width() > bits / 2).then(|| key.into())
}

/// |p - q| > 2^(bits/2 - 100) (FIPS 186-5 A.1.3, 5.4).
fn far_apart(bits: u32, p: &BoxedUint, q: &BoxedUint) -> bool {
    let difference = Zeroizing::new(if p > q { p.wrapping_sub(q) } else { q.wrapping_sub(p) });
    difference.bit_width() > bits / 2 - 99
}

/// Primes of so many bits whose two top bits are set, so the product of two has exactly twice as many.
///
/// Every thread looks for any of them: with a task for each, all but one would wait for the last.
fn primes(bits: u32, count: usize) -> Result<Vec<Zeroizing<BoxedUint>>, getrandom::Error> {
    let found = Mutex::new(Vec::with_capacity(count));
    let is_enough = AtomicBool::new(false);
    let threads = rayon::broadcast(|_| {
        while !is_enough.load(Ordering::Relaxed) {
            let prime = candidates(bits)?
                .take_while(|_| !is_enough.load(Ordering::Relaxed))
                .find(|candidate| is_prime(Flavor::Any, candidate));
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            if found.len() < count {
                found.extend(prime.map(Zeroizing::new));
            }
            is_enough.store(found.len() == count, Ordering::Relaxed);
        }
        Ok(())
    });
    threads.into_iter().collect::<Result<(), getrandom::Error>>()?;
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The numbers from a random one on that have no small factor.
fn candidates(bits: u32) -> Result<SmallFactorsSieve<BoxedUint>, getrandom::Error> {
    let mut start = BoxedUint::try_random_bits(&mut SysRng, bits).map_err(|error| match error {
        RandomBitsError::RandCore(error) => error,
        error => unreachable!("as many bits are drawn as there are: {error}"),
    })?;
    for bit in [bits - 2, bits - 1] {
        start.set_bit_vartime(bit, true);
    }
    let bits = NonZeroU32::new(bits).unwrap_or_else(|| unreachable!("a prime has bits"));
    Ok(SmallFactorsSieve::new(start, bits, false)
        .unwrap_or_else(|error| unreachable!("the first number is not longer than the others: {error}")))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_come_in_the_order_that_they_were_asked_for_in() {
        use KeyType::{P256, P384, Rsa2048, Rsa3072};
        let asked = [Rsa2048, P256, Rsa3072, Rsa2048, P384];
        let keys = generate_keys(&asked).unwrap();
        let public: Vec<_> = keys.iter().map(|key| key.public_key().unwrap()).collect();
        let made: Vec<_> = public.iter().filter_map(|key| key.algorithm().key_type()).collect();
        assert_eq!(made, asked);
        let different: HashSet<_> = public.iter().map(|key| key.bits()).collect();
        assert_eq!(different.len(), asked.len());
    }

    #[test]
    fn many_keys_of_a_curve_are_as_many_as_were_asked_for() {
        assert_eq!(generate_keys(&[KeyType::P256; 20]).unwrap().len(), 20);
    }

    #[test]
    fn primes_are_as_long_as_asked_and_none_comes_twice() {
        let primes = primes(1024, 7).unwrap();
        for prime in &primes {
            assert!(prime.bit_width() == 1024 && prime.bit_vartime(1022), "the two top bits are set");
        }
        let different: HashSet<_> = primes.iter().map(|prime| prime.to_be_bytes()).collect();
        assert_eq!(different.len(), 7);
    }

    #[test]
    fn primes_that_are_close_to_each_other_make_no_key() {
        let p = BoxedUint::max(1024);
        let below = |exponent| p.wrapping_sub(BoxedUint::one_with_precision(1024).shl(exponent));
        assert!(!far_apart(2048, &p, &p));
        assert!(!far_apart(2048, &p, &below(923)));
        assert!(!far_apart(2048, &below(923), &p));
        assert!(far_apart(2048, &p, &below(925)));
        assert!(far_apart(2048, &below(925), &p));
    }

    #[test]
    fn numbers_that_do_not_make_a_whole_modulus_make_no_key() {
        let primes = primes(1024, 2).unwrap();
        let (p, q) = (&*primes[0], &*primes[1]);
        assert!(rsa_key(2048, p, q).is_some());
        assert!(rsa_key(2049, p, q).is_none());
        assert!(rsa_key(2048, p, p).is_none());
    }
}
