//! The words that name tasks: numbers, ranges, `last` and `all`.

use std::str::FromStr;

use claude_worker_api::TaskId;

/// A word that names one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OneTask {
    /// The task of this number.
    Number(TaskId),
    /// The newest task.
    Last,
}

impl OneTask {
    fn read(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "last" | "latest" | "newest" | "@" => Some(Self::Last),
            _ => word.parse().ok().map(Self::Number),
        }
    }
}

impl FromStr for OneTask {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = text.trim();
        Self::read(word).ok_or_else(|| match word.parse::<Choices>() {
            Ok(_) => format!("{text:?} can be several tasks: name one, like 12, or last"),
            Err(_) => format!("{text:?} is not a task id: name a task like 12, or last"),
        })
    }
}

/// A word that names one task or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// This task.
    One(OneTask),
    /// The tasks of these numbers.
    Range {
        /// The lowest number.
        first: TaskId,
        /// The highest number.
        last: TaskId,
    },
    /// Every task that the command can change.
    All,
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        if word.eq_ignore_ascii_case("all") {
            return Ok(Self::All);
        }
        if let Some((first, last)) = word.split_once("..").or_else(|| word.split_once('-'))
            && let (Ok(first), Ok(last)) = (first.parse::<TaskId>(), last.parse::<TaskId>())
        {
            return if first <= last {
                Ok(Self::Range { first, last })
            } else {
                Err(format!("{word:?} is a range backwards: write {last}-{first}"))
            };
        }
        OneTask::read(word).map(Self::One).ok_or_else(|| not_a_task(word))
    }
}

/// An argument that names tasks: words with commas or white space between them, so that
/// `wait "$(claude-worker list -q)"` works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices(pub Vec<Choice>);

impl FromStr for Choices {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words = text.split(|c: char| c == ',' || c.is_whitespace());
        let words = words.filter(|word| !word.is_empty());
        let choices = words.map(str::parse).collect::<Result<Vec<_>, _>>()?;
        if choices.is_empty() { Err(not_a_task(text)) } else { Ok(Self(choices)) }
    }
}

fn not_a_task(word: &str) -> String {
    format!("{word:?} is not a task id: name a task like 12, a range like 3-7, last or all")
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn number(id: i64) -> OneTask {
        OneTask::Number(TaskId(id))
    }

    const fn one(id: i64) -> Choice {
        Choice::One(number(id))
    }

    const fn range(first: i64, last: i64) -> Choice {
        Choice::Range { first: TaskId(first), last: TaskId(last) }
    }

    #[test]
    fn words_name_tasks_as_people_type_them() {
        for (argument, expected) in [
            ("12", vec![one(12)]),
            ("#12", vec![one(12)]),
            (" 12", vec![one(12)]),
            ("3-7", vec![range(3, 7)]),
            ("3..7", vec![range(3, 7)]),
            ("#3-#7", vec![range(3, 7)]),
            ("7-7", vec![range(7, 7)]),
            ("all", vec![Choice::All]),
            ("ALL", vec![Choice::All]),
            ("last", vec![Choice::One(OneTask::Last)]),
            ("@", vec![Choice::One(OneTask::Last)]),
            ("3-7,9", vec![range(3, 7), one(9)]),
            ("3, 9,", vec![one(3), one(9)]),
            ("12\n9\r\n3-4\n", vec![one(12), one(9), range(3, 4)]),
        ] {
            assert_eq!(argument.parse(), Ok(Choices(expected)), "{argument:?}");
        }
        for argument in [
            "", "\n", ",", "0", "-1", "0-3", "3-", "-7", "3-x", "3..", "twelve", "3-5-7", "1.5",
            "3 - 7",
        ] {
            let error = argument.parse::<Choices>().unwrap_err();
            assert!(error.contains("is not a task id"), "{error}");
        }
        let error = "9 7-3".parse::<Choices>().unwrap_err();
        assert_eq!(error, "\"7-3\" is a range backwards: write 3-7");
    }

    #[test]
    fn a_command_for_one_task_takes_no_words_for_several() {
        for (word, expected) in [
            ("12", number(12)),
            ("#12", number(12)),
            (" 12\n", number(12)),
            ("last", OneTask::Last),
            ("Newest", OneTask::Last),
            ("@", OneTask::Last),
        ] {
            assert_eq!(word.parse(), Ok(expected), "{word:?}");
        }
        for word in ["all", "3-7", "3,4", "3 4"] {
            let error = word.parse::<OneTask>().unwrap_err();
            assert!(error.ends_with("can be several tasks: name one, like 12, or last"), "{error}");
        }
        for word in ["", "0", "twelve", "7-3"] {
            let error = word.parse::<OneTask>().unwrap_err();
            assert!(error.ends_with("is not a task id: name a task like 12, or last"), "{error}");
        }
    }
}
