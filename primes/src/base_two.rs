use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams, FixedMontyForm, FixedMontyParams};
use crypto_bigint::{
    BoxedUint, CtAssign, CtEq, CtSelect, Limb, MontyForm, MontyMultiplier, Odd, U1024, Uint, Word,
};

/// Whether 2^((n-1)/2) is 1 or -1 modulo n, which is an odd number, as Euler's criterion asks. All primes
/// pass, and hardly anything else that is as long as this and drawn at random; whether it is a prime is
/// decided afterwards.
///
/// `MillerRabin` asks the same and more, for any base: with this one there is nothing to multiply by, one
/// doubles. The time that it takes does not depend on the number.
pub(crate) fn passes(number: &BoxedUint) -> bool {
    let Some(odd) = Odd::new(number.clone()).into_option() else { return false };
    match <&[Word; U1024::LIMBS]>::try_from(number.as_words()) {
        Ok(words) => Odd::new(U1024::from_words(*words)).into_option().is_some_and(|odd| passes_1024(&odd)),
        Err(_) => passes_any(&odd),
    }
}

fn passes_any(number: &Odd<BoxedUint>) -> bool {
    let params = BoxedMontyParams::new(number.clone());
    let mut multiplier = <BoxedMontyForm as MontyForm>::Multiplier::from(&params);
    let one = BoxedMontyForm::one(&params);
    let mut power = one.clone();
    for bit in (1..number.bits_precision()).rev() {
        multiplier.square_assign(&mut power);
        let doubled = power.as_montgomery().double_mod(number.as_nz_ref());
        power.as_montgomery_mut().ct_assign(&doubled, number.bit(bit));
    }
    power == one || power == -one
}

/// The same in three quarters of the time.
fn passes_1024(number: &Odd<U1024>) -> bool {
    let params = FixedMontyParams::new(*number);
    let modulus = number.as_nz_ref();
    let mut power = *params.one();
    for bit in (1..U1024::BITS).rev() {
        power = square(&power, &params);
        let doubled = power.double_mod(modulus);
        power = power.ct_select(&doubled, number.as_ref().bit(bit));
    }
    power == *params.one() || power == params.one().neg_mod(modulus)
}

/// A square in Montgomery form. `FixedMontyForm::square` is a multiplication; squaring first saves
/// products, and half of what is left to reduce needs only an addition.
fn square<const LIMBS: usize>(number: &Uint<LIMBS>, params: &FixedMontyParams<LIMBS>) -> Uint<LIMBS> {
    let modulus = params.modulus().as_nz_ref();
    let (low, high) = number.widening_square();
    // Below the modulus in one step: its top bit is set.
    let (less, borrow) = low.borrowing_sub(modulus, Limb::ZERO);
    let low = less.ct_select(&low, borrow.ct_ne(&Limb::ZERO));
    FixedMontyForm::from_montgomery(low, params).retrieve().add_mod(&high, modulus)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2^1024 - 105, the largest prime of its length.
    fn largest_prime() -> U1024 {
        U1024::MAX.wrapping_sub(&U1024::from(104_u8))
    }

    #[test]
    fn of_the_largest_numbers_of_1024_bits_only_the_prime_passes() {
        for below in (0..160_u8).step_by(2) {
            let number = U1024::MAX.wrapping_sub(&U1024::from(below));
            let is_prime = number == largest_prime();
            let (odd, number) = (Odd::new(number).unwrap(), BoxedUint::from(number));
            assert_eq!(passes_1024(&odd), is_prime, "{below}");
            assert_eq!(passes_any(&Odd::new(number.clone()).unwrap()), is_prime, "{below}");
            assert_eq!(passes(&number), is_prime, "{below}");
        }
    }

    #[test]
    fn an_even_number_does_not_pass() {
        assert!(!passes(&BoxedUint::from(U1024::MAX).wrapping_sub(BoxedUint::one())));
        assert!(!passes(&BoxedUint::max(1536).wrapping_sub(BoxedUint::one())));
    }

    #[test]
    fn a_square_is_what_the_library_makes_it() {
        let params = FixedMontyParams::new_vartime(Odd::new(largest_prime()).unwrap());
        let one_less = largest_prime().wrapping_sub(&U1024::ONE);
        let mut number = U1024::from_be_hex(&"3b".repeat(128));
        for _ in 0..200 {
            let form = FixedMontyForm::new(&number, &params);
            number = square(form.as_montgomery(), &params);
            assert_eq!(number, form.square().to_montgomery());
        }
        for number in [U1024::ZERO, U1024::ONE, one_less] {
            let form = FixedMontyForm::from_montgomery(number, &params);
            assert_eq!(square(&number, &params), form.square().to_montgomery());
        }
    }
}
