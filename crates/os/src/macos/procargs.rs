//! What macOS tells about the arguments and the environment of a process (`KERN_PROCARGS2`). Pure.

/// Whether this variable, as `NAME=value`, is in the environment of a process.
///
/// The answer of the system has the number of arguments (as the machine writes an `int`), the path
/// of the program, zero bytes up to the first argument, the arguments, and the environment. Each
/// text ends with a zero byte. The environment ends with an empty text, and the system's own strings
/// follow; it is left out for programs that the system protects.
pub(super) fn environment_has(answer: &[u8], variable: &[u8]) -> bool {
    let Some((count, rest)) = answer.split_first_chunk::<4>() else { return false };
    let Ok(count) = usize::try_from(i32::from_ne_bytes(*count)) else { return false };
    let Some(end_of_path) = rest.iter().position(|byte| *byte == 0) else { return false };
    let rest = &rest[end_of_path..];
    let Some(first_argument) = rest.iter().position(|byte| *byte != 0) else { return false };
    rest[first_argument..]
        .split(|byte| *byte == 0)
        .skip(count)
        .take_while(|text| !text.is_empty())
        .any(|text| text == variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(count: i32, texts: &[u8]) -> Vec<u8> {
        [&count.to_ne_bytes()[..], texts].concat()
    }

    #[test]
    fn only_the_environment_counts() {
        let marked = answer(2, b"/bin/sh\0\0\0\0sh\0-c\0HOME=/x\0RUN=1-1-a\0\0ptr_munge=\0");
        assert!(environment_has(&marked, b"RUN=1-1-a"));
        assert!(environment_has(&marked, b"HOME=/x"));
        assert!(!environment_has(&marked, b"RUN=1-1-ab"));
        assert!(!environment_has(&marked, b"ptr_munge="), "the system's own strings");
        let argument = answer(2, b"/bin/sh\0\0sh\0RUN=1-1-a\0HOME=/x\0\0");
        assert!(!environment_has(&argument, b"RUN=1-1-a"), "an argument is no variable");
    }

    #[test]
    fn a_short_or_strange_answer_has_no_variable() {
        let whole = answer(1, b"/bin/sh\0\0sh\0RUN=1-1-a\0\0");
        for end in 0..whole.len() {
            let expected = end >= whole.len() - 2;
            assert_eq!(environment_has(&whole[..end], b"RUN=1-1-a"), expected, "{end}");
        }
        assert!(!environment_has(&answer(-1, b"/bin/sh\0\0sh\0RUN=1-1-a\0\0"), b"RUN=1-1-a"));
        assert!(!environment_has(&answer(9, b"/bin/sh\0\0sh\0RUN=1-1-a\0\0"), b"RUN=1-1-a"));
        assert!(!environment_has(&answer(1, b"\0\0\0\0"), b"RUN=1-1-a"));
    }
}
