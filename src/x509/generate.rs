use std::collections::HashMap;

use crypto_bigint::BoxedUint;
use milvus_certs_primes::{self as primes, PUBLIC_EXPONENT};
use rayon::prelude::*;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use zeroize::Zeroizing;

use crate::base::workers::share;
use crate::x509::key::Parameters;
use crate::x509::{Error, KeyType, PrivateKey};

/// Makes new keys of these types from the operating system's random numbers, on all cores: the search
/// for the primes of RSA keys is nearly all of the work of a run.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn generate_keys(key_types: &[KeyType]) -> Result<Vec<PrivateKey>, Error> {
    let mut counts = HashMap::new();
    for key_type in key_types {
        *counts.entry(*key_type).or_insert(0) += 1;
    }
    let made = counts.into_iter().map(|(key_type, count)| Ok((key_type, alike(key_type, count)?)));
    let mut made = made.collect::<Result<HashMap<_, _>, Error>>()?;
    let keys = key_types.iter().filter_map(|key_type| made.get_mut(key_type)?.pop());
    Ok(keys.collect())
}

fn alike(key_type: KeyType, count: usize) -> Result<Vec<PrivateKey>, Error> {
    /// Fewer are made before the threads have started.
    const WORTH_SHARING: usize = 8;
    let curve = match key_type.parameters() {
        Parameters::Rsa { bits } => return share(|| rsa_keys(bits, count)),
        Parameters::Curve(curve) => curve,
    };
    match count < WORTH_SHARING {
        true => (0..count).map(|_| PrivateKey::of_curve(curve)).collect(),
        false => share(|| (0..count).into_par_iter().map(|_| PrivateKey::of_curve(curve)).collect()),
    }
}

fn rsa_keys(bits: u32, count: usize) -> Result<Vec<PrivateKey>, Error> {
    let mut keys = Vec::new();
    while keys.len() < count {
        let primes = primes::find(bits / 2, 2 * (count - keys.len()))?;
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
    let key = rsa::PrivateKey::from_p_q(p.clone(), q.clone(), BoxedUint::from(PUBLIC_EXPONENT)).ok()?;
    // 2^(bits/2) < d.
    (key.n().bit_width() == bits && key.d().bit_width() > bits / 2).then(|| PrivateKey::from_rsa(key))
}

/// |p - q| > 2^(bits/2 - 100) (FIPS 186-5 A.1.3, 5.4).
fn far_apart(bits: u32, p: &BoxedUint, q: &BoxedUint) -> bool {
    let difference = Zeroizing::new(if p > q { p.wrapping_sub(q) } else { q.wrapping_sub(p) });
    difference.bit_width() > bits / 2 - 99
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_the_order_that_they_were_asked_for_in() {
        use KeyType::{P256, P384, Rsa2048, Rsa3072};
        let asked = [Rsa2048, P256, Rsa3072, Rsa2048, P384];
        let keys = generate_keys(&asked).unwrap();
        let made: Vec<_> = keys.iter().map(|key| key.public_key().unwrap().nearest_key_type()).collect();
        assert_eq!(made, asked);
        let different: std::collections::HashSet<_> =
            keys.iter().map(|key| key.public_key().unwrap().bits().to_vec()).collect();
        assert_eq!(different.len(), asked.len());
    }

    #[test]
    fn many_keys_of_a_curve_are_as_many_as_were_asked_for() {
        assert_eq!(generate_keys(&[KeyType::P256; 20]).unwrap().len(), 20);
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
        let primes = primes::find(1024, 2).unwrap();
        let (p, q) = (&*primes[0], &*primes[1]);
        assert!(rsa_key(2048, p, q).is_some());
        assert!(rsa_key(2049, p, q).is_none());
        assert!(rsa_key(2048, p, p).is_none());
    }
}
