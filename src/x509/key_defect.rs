//! What is wrong with public keys for which no certificate should be made.

use crypto_bigint::{BoxedUint, Resize};
use der::Decode;
use der::asn1::UintRef;
use rsa::pkcs1::RsaPublicKeyRef;

use crate::x509::algorithm::{KeyAlgorithm, MAX_RSA_BITS, MIN_RSA_BITS, bit_length};

/// Why no certificate is made for somebody else's public key, and why it signs none. Displayed, it stands
/// after `asks for a certificate of`, and after `has`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyDefect {
    /// It can be factored (NIST SP 800-131A).
    #[error("an RSA key of {bits} bits, and at least {MIN_RSA_BITS} are needed")]
    TooShort { bits: u32 },
    /// It takes seconds for every handshake, too.
    #[error("an RSA key of {bits} bits, and Go reads at most {MAX_RSA_BITS}")]
    TooLong { bits: u32 },
    #[error("an RSA key with the public exponent {exponent}, and at least {MIN_EXPONENT} is needed")]
    ExponentTooSmall { exponent: u64 },
    #[error("an RSA key whose public exponent has more than {MAX_EXPONENT_BITS} bits, and Go refuses it")]
    ExponentTooLarge,
    /// It has no private one (FIPS 186-5 A.1.1).
    #[error("an RSA key whose public exponent is even, which no real key's is")]
    ExponentEven,
    /// With its smallest prime factor.
    #[error("an RSA key whose modulus is {}, so that everybody can compute the private key", divisible(*factor))]
    SmallFactor { factor: u32 },
    /// CVE-2022-26320; CA/Browser Forum Baseline Requirements 6.1.1.3.
    #[error(
        "an RSA key whose two primes are close to each other, so that everybody can compute the private key"
    )]
    ClosePrimes,
    #[error(
        "an RSA key of a smartcard or TPM of Infineon whose private key can be computed (ROCA, CVE-2017-15361)"
    )]
    Roca,
    #[error("a key whose private half everybody can read: it is in {place}")]
    Published { place: String },
    /// A kind of key, by name.
    #[error("a key that cannot be used with Milvus: {0}")]
    Unsupported(String),
}

fn divisible(factor: u32) -> String {
    if factor == 2 { "even".into() } else { format!("divisible by {factor}") }
}

/// CA/Browser Forum Baseline Requirements 6.1.6: no factors smaller than 752.
const SMALL_FACTORS: std::ops::Range<u32> = 2..752;

/// FIPS 186-5 A.1.1.
const MIN_EXPONENT: u64 = 65_537;

/// Go's crypto/rsa works with at most 2^31 - 1.
const MAX_EXPONENT_BITS: u32 = 31;

impl KeyDefect {
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::TooShort { .. } | Self::TooLong { .. } => {
                "make a key of 3072 bits: `openssl req -new -newkey rsa:3072 -keyout my.key -out my.csr`"
            }
            Self::ExponentTooSmall { .. } | Self::ExponentTooLarge | Self::ExponentEven => {
                "make a key with the exponent 65537, as `openssl genrsa -out my.key 3072` does"
            }
            Self::SmallFactor { .. } | Self::ClosePrimes | Self::Roca => {
                "find out what made the key, and make another: `openssl genrsa -out my.key 3072`"
            }
            Self::Published { .. } => "make a key of your own: `openssl genrsa -out my.key 3072`",
            Self::Unsupported(_) => {
                "make a key that is known: `openssl ecparam -name prime256v1 -genkey -noout -out my.key`"
            }
        }
    }
}

/// What is wrong with an RSA key; `bits` is the content of its subjectPublicKey.
pub(crate) fn check_rsa(bits: &[u8]) -> Result<(), KeyDefect> {
    match RsaPublicKeyRef::from_der(bits) {
        Ok(key) => check_numbers(&key).and_then(|()| check_modulus(key.modulus)),
        Err(_) => Err(KeyDefect::Unsupported(KeyAlgorithm::UNREADABLE_RSA.into())),
    }
}

fn check_numbers(key: &RsaPublicKeyRef<'_>) -> Result<(), KeyDefect> {
    match bit_length(key.modulus) {
        bits @ ..MIN_RSA_BITS => return Err(KeyDefect::TooShort { bits }),
        MIN_RSA_BITS..=MAX_RSA_BITS => {}
        bits => return Err(KeyDefect::TooLong { bits }),
    }
    if bit_length(key.public_exponent) > MAX_EXPONENT_BITS {
        return Err(KeyDefect::ExponentTooLarge);
    }
    let octets = key.public_exponent.as_bytes();
    match octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)) {
        exponent @ ..MIN_EXPONENT => Err(KeyDefect::ExponentTooSmall { exponent }),
        exponent if exponent % 2 == 0 => Err(KeyDefect::ExponentEven),
        _ => Ok(()),
    }
}

/// Whether everybody can factor the modulus. Debian's weak keys of 2008 (CVE-2008-0166) are known by
/// lists alone, which are larger than this program.
fn check_modulus(modulus: UintRef<'_>) -> Result<(), KeyDefect> {
    match SMALL_FACTORS.into_iter().find(|factor| remainder(modulus, *factor) == 0) {
        Some(factor) => Err(KeyDefect::SmallFactor { factor }),
        None if is_roca(modulus) => Err(KeyDefect::Roca),
        None if has_close_primes(modulus) => Err(KeyDefect::ClosePrimes),
        None => Ok(()),
    }
}

/// Both primes of such a modulus are a power of 65537 modulo the product of many small primes, so the
/// modulus is one as well, modulo each of them (Nemec et al., The Return of Coppersmith's Attack, 2017).
/// Of 130 million other moduli one looks so.
fn is_roca(modulus: UintRef<'_>) -> bool {
    /// The first 39 primes, from which the shortest of these keys are made, but for 2.
    const PRIMES: [u32; 38] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101,
        103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ];
    let is_power = |prime: &u32| {
        let wanted = remainder(modulus, *prime);
        let powers = std::iter::successors(Some(1), |power| Some(power * (65_537 % prime) % prime));
        powers.take(*prime as usize).any(|power| power == wanted)
    };
    PRIMES.iter().all(is_power)
}

/// Fermat's factorisation: n = a² - b² = (a + b)(a - b), with b small where the primes are close.
fn has_close_primes(modulus: UintRef<'_>) -> bool {
    /// The Baseline Requirements ask for 100.
    const ROUNDS: usize = 1000;
    let n = BoxedUint::from_be_slice_vartime(modulus.as_bytes());
    // Room for a², which is more than n.
    let precision = n.bits_precision() + 64;
    let n = n.resize(precision);
    let one = BoxedUint::one_with_precision(precision);
    let root = n.floor_sqrt_vartime();
    let mut a = if root.wrapping_mul(&root) == n { root } else { root.wrapping_add(&one) };
    let mut b_squared = a.wrapping_mul(&a).wrapping_sub(&n);
    for _ in 0..ROUNDS {
        if is_square(&b_squared) {
            return true;
        }
        // (a + 1)² = a² + 2a + 1
        b_squared = b_squared.wrapping_add(&a).wrapping_add(&a).wrapping_add(&one);
        a = a.wrapping_add(&one);
    }
    false
}

fn is_square(number: &BoxedUint) -> bool {
    // Of 64 residues 12 are squares: the root is computed of the others alone.
    let low = number.as_words().first().copied().unwrap_or_default() % 64;
    if !(0..64).any(|root| root * root % 64 == low) {
        return false;
    }
    let root = number.floor_sqrt_vartime();
    root.wrapping_mul(&root) == *number
}

fn remainder(number: UintRef<'_>, divisor: u32) -> u32 {
    number.as_bytes().iter().fold(0, |rest, octet| (rest << 8 | u32::from(*octet)) % divisor)
}

#[cfg(test)]
mod tests {
    use crypto_bigint::ConcatenatingMul;
    use der::Encode;

    use super::*;

    /// A modulus of some bits: the top bit and the last octet are given, 1 stands between them.
    fn number(bits: usize, last: u8) -> Vec<u8> {
        let mut octets = vec![0; bits / 8];
        octets[0] = 0x80;
        octets[bits / 8 - 1] = last;
        octets
    }

    fn check(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyDefect> {
        let modulus = UintRef::new(modulus).unwrap();
        let key = RsaPublicKeyRef { modulus, public_exponent: UintRef::new(exponent).unwrap() };
        check_rsa(&key.to_der().unwrap())
    }

    /// The first odd number of so many bits that no small prime divides.
    fn without_small_factors(bits: usize) -> Vec<u8> {
        let candidates = (1..=u8::MAX).map(|last| number(bits, last));
        let has_none = |octets: &Vec<u8>| {
            SMALL_FACTORS.into_iter().all(|factor| remainder(UintRef::new(octets).unwrap(), factor) != 0)
        };
        candidates.into_iter().find(has_none).unwrap()
    }

    #[test]
    fn an_rsa_key_is_refused_for_what_is_wrong_with_it() {
        let (short, good, long) = (number(2040, 1), without_small_factors(2048), number(8200, 1));
        let f4: &[u8] = &[1, 0, 1];
        assert_eq!(check(&good, f4), Ok(()));
        assert_eq!(check(&without_small_factors(8192), f4), Ok(()));
        assert_eq!(check(&short, f4), Err(KeyDefect::TooShort { bits: 2040 }));
        assert_eq!(check(&long, f4), Err(KeyDefect::TooLong { bits: 8200 }));
        assert_eq!(check(&good, &[3]), Err(KeyDefect::ExponentTooSmall { exponent: 3 }));
        assert_eq!(check(&good, &[1, 0, 0]), Err(KeyDefect::ExponentTooSmall { exponent: 65_536 }));
        assert_eq!(check(&good, &[1, 0, 2]), Err(KeyDefect::ExponentEven));
        assert_eq!(check(&good, &[0x7F, 0xFF, 0xFF, 0xFF]), Ok(()));
        assert_eq!(check(&good, &[0x80, 0, 0, 1]), Err(KeyDefect::ExponentTooLarge));
        assert_eq!(check(&number(2048, 2), f4), Err(KeyDefect::SmallFactor { factor: 2 }));
    }

    #[test]
    fn the_smallest_prime_factor_is_found_and_those_above_the_limit_are_not_looked_for() {
        let good = without_small_factors(2048);
        for (factor, expected) in [(3, Some(3)), (751, Some(751)), (757, None), (9, Some(3))] {
            let product = times(&good, factor);
            let expected = expected.map_or(Ok(()), |factor| Err(KeyDefect::SmallFactor { factor }));
            assert_eq!(check(&product, &[1, 0, 1]), expected, "{factor}");
        }
    }

    #[test]
    fn a_power_of_65537_looks_like_a_modulus_of_roca_and_others_do_not() {
        let power = (0..128).fold(vec![1], |power, _| times(&power, 65_537));
        assert_eq!(check(&power, &[1, 0, 1]), Err(KeyDefect::Roca));
        // 2 is no power of 65537 modulo 11, for one.
        assert!(!is_roca(UintRef::new(&times(&power, 2)).unwrap()));
        assert!(!is_roca(UintRef::new(&without_small_factors(2048)).unwrap()));
    }

    #[test]
    fn factors_are_found_where_they_are_close_and_not_where_they_are_far_apart() {
        let is_close = |p: &BoxedUint, q: &BoxedUint| {
            let octets = p.concatenating_mul(q).to_be_bytes();
            has_close_primes(UintRef::new(&octets).unwrap())
        };
        let p = BoxedUint::from_be_slice_vartime(&without_small_factors(1024));
        let above = |exponent: u32| p.wrapping_add(BoxedUint::one_with_precision(1024).shl(exponent));
        assert!(is_close(&p, &p));
        for near in [1, 100, 500, 512] {
            assert!(is_close(&p, &above(near)) && is_close(&above(near), &p), "{near}");
        }
        for far in [525, 700, 1000] {
            assert!(!is_close(&p, &above(far)), "{far}");
        }
    }

    fn times(number: &[u8], factor: u32) -> Vec<u8> {
        let mut carry = 0;
        let mut octets: Vec<u8> = number
            .iter()
            .rev()
            .map(|octet| {
                carry += u32::from(*octet) * factor;
                let low = u8::try_from(carry & 0xFF).unwrap();
                carry >>= 8;
                low
            })
            .collect();
        while carry > 0 {
            octets.push(u8::try_from(carry & 0xFF).unwrap());
            carry >>= 8;
        }
        octets.reverse();
        octets
    }
}
