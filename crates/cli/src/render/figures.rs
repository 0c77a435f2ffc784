//! Numbers as people read them.

use claude_worker_api::Usage;

/// A running clock: `0:07`, `4:12`, `1:04:12`.
#[must_use]
pub fn clock(millis: u64) -> String {
    let seconds = millis / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// How long something took that is over: `0.4s`, then like [`clock`].
#[must_use]
pub fn took(millis: u64) -> String {
    if millis < 10_000 {
        format!("{}.{}s", millis / 1000, millis % 1000 / 100)
    } else {
        clock(millis)
    }
}

/// A length of time in one or two letters: `45s`, `14m`, `3h`, `2d`.
#[must_use]
pub fn short(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// How long ago: `just now`, `14m ago`.
#[must_use]
pub fn ago(millis: u64) -> String {
    if millis < 5_000 { "just now".to_owned() } else { format!("{} ago", short(millis)) }
}

/// Dollars: `$0.84`; a little is `<$0.01`.
#[must_use]
pub fn dollars(usd: f64) -> String {
    if usd > 0.0 && usd < 0.005 { "<$0.01".to_owned() } else { format!("${usd:.2}") }
}

/// Bytes: `512 B`, `4.2 kB`, `1.3 GB`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.1} GB", count as f64 / 1e9),
    }
}

/// A count: `840`, `12.3k`, `4.1M`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn count(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => format!("{:.1}k", number as f64 / 1e3),
        _ => format!("{:.1}M", number as f64 / 1e6),
    }
}

/// A number with its noun: `1 task`, `3 tasks`.
#[must_use]
pub fn plural(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// What was used, in one line: `$0.84 · 12 turns · 20.1k tokens in, 3.0k out`. Empty when
/// nothing was reported.
#[must_use]
pub fn usage(usage: &Usage) -> String {
    let mut parts = Vec::new();
    if let Some(cost) = usage.cost_usd {
        parts.push(dollars(cost));
    }
    if let Some(turns) = usage.turns {
        parts.push(plural(u64::from(turns), "turn"));
    }
    let input = [usage.input_tokens, usage.cache_read_tokens, usage.cache_creation_tokens];
    if input.iter().any(Option::is_some) || usage.output_tokens.is_some() {
        let input: u64 = input.into_iter().flatten().fold(0, u64::saturating_add);
        let output = usage.output_tokens.unwrap_or(0);
        parts.push(format!("{} tokens in, {} out", count(input), count(output)));
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_as_people_read_them() {
        assert_eq!(clock(7_900), "0:07");
        assert_eq!(clock(252_000), "4:12");
        assert_eq!(clock(3_852_000), "1:04:12");
        assert_eq!(took(450), "0.4s");
        assert_eq!(took(9_999), "9.9s");
        assert_eq!(took(10_000), "0:10");
        assert_eq!(ago(4_999), "just now");
        assert_eq!(ago(45_000), "45s ago");
        assert_eq!(ago(14 * 60_000), "14m ago");
        assert_eq!(ago(7_200_000), "2h ago");
        assert_eq!(ago(200_000_000), "2d ago");
        assert_eq!(dollars(0.0), "$0.00");
        assert_eq!(dollars(0.001), "<$0.01");
        assert_eq!(dollars(0.844), "$0.84");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(4_200), "4.2 kB");
        assert_eq!(bytes(1_300_000_000), "1.3 GB");
        assert_eq!(plural(1, "task"), "1 task");
        assert_eq!(plural(0, "task"), "0 tasks");
    }

    #[test]
    fn usage_says_what_was_reported() {
        assert_eq!(usage(&Usage::default()), "");
        let some = Usage { cost_usd: Some(0.84), turns: Some(12), ..Usage::default() };
        assert_eq!(usage(&some), "$0.84 · 12 turns");
        let tokens = Usage {
            input_tokens: Some(100),
            cache_read_tokens: Some(20_000),
            output_tokens: Some(3_000),
            ..Usage::default()
        };
        assert_eq!(usage(&tokens), "20.1k tokens in, 3.0k out");
    }
}
