//! Ages as people say them: two billion has nine zeros that nobody wants to count.

const MILLION: u64 = 1_000_000;
const BILLION: u64 = 1_000 * MILLION;

/// Says an age given in years, such as `2 billion years` or `2,709 years`.
pub fn in_words(years: u64) -> String {
    match years {
        1 => "1 year".to_owned(),
        _ if years >= BILLION && years.is_multiple_of(BILLION / 10) => {
            format!("{} billion years", tenths(years, BILLION))
        }
        _ if years >= MILLION && years.is_multiple_of(MILLION / 10) => {
            format!("{} million years", tenths(years, MILLION))
        }
        _ => format!("{} years", grouped(years)),
    }
}

/// How many units there are, with one decimal where it is not zero.
fn tenths(years: u64, unit: u64) -> String {
    let (whole, tenth) = (grouped(years / unit), years % unit / (unit / 10));
    if tenth == 0 { whole } else { format!("{whole}.{tenth}") }
}

/// A number with a comma before each group of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        let digits_left = digits.len() - place;
        if place > 0 && digits_left.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_reads_well() {
        fn check(years: u64, expected: &str) {
            assert_eq!(in_words(years), expected);
        }
        check(0, "0 years");
        check(1, "1 year");
        check(2, "2 years");
        check(501, "501 years");
        check(2_709, "2,709 years");
        check(100_000, "100,000 years");
        check(999_999, "999,999 years");
        check(1_000_000, "1 million years");
        check(1_234_567, "1,234,567 years");
        check(75_000_000, "75 million years");
        check(1_999_950_000, "1,999,950,000 years");
        check(2_000_000_000, "2 billion years");
        check(4_500_000_000, "4.5 billion years");
        check(u64::MAX, "18,446,744,073,709,551,615 years");
    }
}
