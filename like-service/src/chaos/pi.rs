//! Digits of pi, one after the other, as CPU work that a profiler can name.
//!
//! Gibbons' unbounded spigot: each digit costs more than the one before, and no precision has to be chosen up front.

use dashu_int::IBig;

/// An endless iterator over the decimal digits of pi: 3, 1, 4, 1, 5, …
pub(super) struct Digits {
    q: IBig,
    r: IBig,
    t: IBig,
    k: u64,
    digit: IBig,
    odd: u64,
}

impl Digits {
    /// Starts before the leading 3.
    pub(super) fn new() -> Self {
        Self { q: IBig::ONE, r: IBig::ZERO, t: IBig::ONE, k: 1, digit: IBig::from(3), odd: 3 }
    }

    /// Whether the next term of the series can no longer change the digit at hand.
    fn digit_is_certain(&self) -> bool {
        &self.q * 4 + &self.r - &self.t < &self.digit * &self.t
    }

    fn produce(&mut self) -> u8 {
        let digit = u8::try_from(&self.digit).unwrap_or_default();
        let rest = (&self.r - &self.digit * &self.t) * 10;
        self.digit = (&self.q * 3 + &self.r) * 10 / &self.t - &self.digit * 10;
        self.q *= 10;
        self.r = rest;
        digit
    }

    fn consume_one_term(&mut self) {
        let sum = (&self.q * 2 + &self.r) * self.odd;
        self.digit = (&self.q * (7 * self.k) + 2 + &self.r * self.odd) / (&self.t * self.odd);
        self.q *= self.k;
        self.t *= self.odd;
        self.r = sum;
        self.k += 1;
        self.odd += 2;
    }
}

impl Iterator for Digits {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        while !self.digit_is_certain() {
            self.consume_one_term();
        }
        Some(self.produce())
    }
}

#[cfg(test)]
mod tests {
    use super::Digits;

    #[test]
    fn the_digits_are_those_of_pi() {
        let digits: String = Digits::new().take(60).map(|digit| digit.to_string()).collect();
        assert_eq!(digits, "314159265358979323846264338327950288419716939937510582097494");
    }

    #[test]
    fn the_six_nines_stand_at_place_762() {
        assert_eq!(Digits::new().skip(762).take(6).collect::<Vec<_>>(), [9; 6]);
    }
}
