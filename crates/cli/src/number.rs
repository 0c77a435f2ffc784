//! Whole numbers on the command line.

use std::fmt::Display;
use std::ops::RangeInclusive;

/// Parses a number of this range.
pub(crate) fn number<T>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: Copy + Display + TryFrom<i128> + PartialOrd + Send + Sync + 'static,
{
    move |text| {
        let number: i128 =
            text.trim().parse().map_err(|_| "it is not a whole number, like 20".to_owned())?;
        let number = T::try_from(number).ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("{text} is not in {}..={}", range.start(), range.end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_of_the_range_is_told_in_words() {
        let limit = number(1..=1000_u32);
        assert_eq!(limit("20"), Ok(20));
        assert_eq!(limit("x"), Err("it is not a whole number, like 20".to_owned()));
        for text in ["0", "1001", "-1", "99999999999999999999"] {
            assert_eq!(limit(text), Err(format!("{text} is not in 1..=1000")));
        }
    }
}
