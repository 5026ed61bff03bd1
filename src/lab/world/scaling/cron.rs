//! Recurrence of scheduled actions: cron's five fields.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// How far ahead a time is looked for: the 29th of February may be eight years away.
const DAYS_AHEAD: usize = 366 * 8 + 3;

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Which minutes, hours, days, months and weekdays. Bit n is the value n.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// With both restricted, either is enough; else both must fit.
    either_day: bool,
}

impl Cron {
    /// Nothing when the text is not a recurrence.
    pub fn parse(text: &str) -> Option<Self> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            text => text,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            return None;
        };
        let mut on = field(weekdays, 0, 7, &WEEKDAYS, 0)?;
        // Sunday is both 0 and 7.
        if on & (1 << 7) != 0 {
            on |= 1;
        }
        Some(Self {
            minutes: field(minutes, 0, 59, &[], 0)?,
            hours: field(hours, 0, 23, &[], 0)?,
            days: field(days, 1, 31, &[], 0)?,
            months: field(months, 1, 12, &MONTHS, 1)?,
            weekdays: on,
            either_day: !days.starts_with('*') && !weekdays.starts_with('*'),
        })
    }

    /// The first time after `after`.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let first = after.to_zoned(zone.clone()).date();
        let dates = first.series(1.day()).take(DAYS_AHEAD);
        dates.filter(|date| self.has_day(*date)).find_map(|date| {
            values(self.hours, 23)
                .flat_map(|hour| values(self.minutes, 59).map(move |minute| (hour, minute)))
                .filter_map(|(hour, minute)| zone.to_timestamp(date.at(hour, minute, 0, 0)).ok())
                .find(|time| *time > after)
        })
    }

    fn has_day(&self, date: Date) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        has(self.months, date.month())
            && if self.either_day {
                day || weekday
            } else {
                day && weekday
            }
    }
}

fn has(set: u64, value: i8) -> bool {
    set & (1 << value) != 0
}

fn values(set: u64, most: i8) -> impl Iterator<Item = i8> {
    (0..=most).filter(move |value| has(set, *value))
}

/// One field: a list of values, ranges and steps.
fn field(text: &str, least: u32, most: u32, names: &[&str], first_name: u32) -> Option<u64> {
    let value = |text: &str| {
        let named = names
            .iter()
            .zip(first_name..)
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        let value = named.map_or_else(|| text.parse().ok(), |(_, value)| Some(value))?;
        (least..=most).contains(&value).then_some(value)
    };
    let mut set = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (value(from)?, value(to)?),
            None if step.is_some() => (value(range)?, most),
            None => (value(range)?, value(range)?),
        };
        if from > to {
            return None;
        }
        for value in (from..=to).step_by(step.unwrap_or(1)) {
            set |= 1 << value;
        }
    }
    Some(set)
}
