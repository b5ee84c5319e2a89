//! A day of the calendar: what a changelog entry starts with, and whether a patch is past its day.

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Date {
    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Date> {
        let mut parts = text.trim().split('-');
        let mut part = |length: usize| {
            parts.next().filter(|p| p.len() == length && p.bytes().all(|b| b.is_ascii_digit()))
        };
        let (year, month, day) = (part(4)?, part(2)?, part(2)?);
        let date = Date { year: year.parse().ok()?, month: month.parse().ok()?, day: day.parse().ok()? };
        (parts.next().is_none() && date.year > 0 && (1..=date.days()).contains(&date.day)).then_some(date)
    }

    /// Reads year, month (`Jan`) and day, as a changelog has them.
    pub fn from_words(year: &str, month: &str, day: &str) -> Option<Date> {
        let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? + 1;
        Date::parse(&format!("{year}-{month:02}-{day:0>2}"))
    }

    /// The day that a number of seconds after the start of 1970 falls into, in UTC.
    pub fn from_unix_seconds(seconds: u64) -> Date {
        // Days in eras of 400 years from 0000-03-01 ("chrono-compatible low-level date algorithms", H. Hinnant).
        let days = seconds / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        Date {
            year: u16::try_from(year).unwrap_or(u16::MAX),
            month: u8::try_from(month).unwrap_or(12),
            day: u8::try_from(day_of_year - (153 * shifted + 2) / 5 + 1).unwrap_or(31),
        }
    }

    fn days(self) -> u8 {
        let leap =
            self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match self.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 0,
        }
    }

    /// As a changelog has it: `Tue Jan 14 2025`.
    pub fn changelog(self) -> String {
        // Sakamoto's method; 0 is Sunday.
        const OFFSETS: [u32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
        const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
        let year = u32::from(self.year) - u32::from(self.month < 3);
        let month = usize::from(self.month - 1);
        let weekday = (year + year / 4 - year / 100 + year / 400 + OFFSETS[month] + u32::from(self.day)) % 7;
        format!("{} {} {:02} {}", DAYS[weekday as usize], MONTHS[month], self.day, self.year)
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::Date;

    #[test]
    fn days() {
        for (text, seconds, shown) in [
            ("1970-01-01", 0, "Thu Jan 01 1970"),
            ("2000-02-29", 951_782_400, "Tue Feb 29 2000"),
            ("2025-01-14", 1_736_812_800, "Tue Jan 14 2025"),
            ("2025-12-31", 1_767_225_599, "Wed Dec 31 2025"),
        ] {
            let date = Date::parse(text).unwrap();
            assert_eq!(date, Date::from_unix_seconds(seconds), "{text}");
            assert_eq!(date.changelog(), shown);
            assert_eq!(date.to_string(), text);
        }
        for text in
            ["2025-02-29", "2025-1-14", "2025-13-01", "2025-01-00", "25-01-14", "2025-01-14-1", "0000-01-01"]
        {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }
}
