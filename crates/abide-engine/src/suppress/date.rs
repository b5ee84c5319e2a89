//! Calendar dates, which expire suppressions; what day it is the caller says.

use std::fmt;

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// Reads `YYYY-MM-DD`; `None` for anything else and for days that do not exist.
    ///
    /// ```
    /// # use abide_engine::suppress::Date;
    /// assert!(Date::parse("2024-02-29").unwrap() < Date::parse("2024-03-01").unwrap());
    /// assert_eq!(Date::parse("2023-02-29"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let shape = bytes.iter().enumerate().all(|(at, b)| match at {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        });
        if bytes.len() != 10 || !shape {
            return None;
        }
        let (year, month, day) = (text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?);
        ((1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day)).then_some(Date {
            year,
            month,
            day,
        })
    }

    /// The day that is `days` after 1970-01-01, which is how clocks count.
    ///
    /// ```
    /// # use abide_engine::suppress::Date;
    /// assert_eq!(Date::from_unix_days(0).unwrap().to_string(), "1970-01-01");
    /// assert_eq!(Date::from_unix_days(20_000).unwrap().to_string(), "2024-10-04");
    /// ```
    pub fn from_unix_days(days: u64) -> Option<Self> {
        let (mut year, mut left) = (1970u16, days);
        while year <= 9999 {
            let in_year = if is_leap(year) { 366 } else { 365 };
            if left < in_year {
                let mut month = 1;
                while left >= u64::from(days_in(year, month)) {
                    left -= u64::from(days_in(year, month));
                    month += 1;
                }
                return Some(Date { year, month, day: left as u8 + 1 });
            }
            left -= in_year;
            year += 1;
        }
        None
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
