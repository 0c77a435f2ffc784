//! Gives memory of this process back to the system.
//!
//! A large library is read nearly as a whole when it is loaded, for its tables of symbols and
//! relocations. The pages stay in the process although it does not read them again: those of
//! WebKit alone are 10 MB.

use std::ops::Range;
use std::sync::OnceLock;

/// The mappings of the program and of the libraries that it was linked with. They are never unloaded, so
/// nothing else can come to these addresses.
static AT_START: OnceLock<Vec<Range<usize>>> = OnceLock::new();

pub(crate) fn note_libraries() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    AT_START.get_or_init(|| maps.lines().filter_map(constant).collect());
}

pub(crate) fn release_unused() {
    // SAFETY: no pointer is passed; the allocator locks its own data.
    unsafe {
        libc::malloc_trim(0);
    }
    let at_start = AT_START.get().map(Vec::as_slice).unwrap_or_default();
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    for range in unchanged(&smaps).filter(|range| at_start.contains(range)) {
        // SAFETY: this is a read-only mapping of a library for the life of the process, and
        // of which no page differs from the file. Removing its pages changes nothing that the process
        // can see: the next access maps the same bytes.
        unsafe {
            let start = std::ptr::with_exposed_provenance_mut(range.start);
            libc::madvise(start, range.len(), libc::MADV_DONTNEED);
        }
    }
}

/// The range of a read-only mapping of a file, from its line in `maps`.
fn constant(line: &str) -> Option<Range<usize>> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let (rights, path) = (words.next()?, words.nth(3)?);
    let address = |text| usize::from_str_radix(text, 16).ok();
    let constant = rights.starts_with("r-") && rights.ends_with('p') && path.starts_with('/');
    if constant { Some(address(start)?..address(end)?) } else { None }
}

/// The constant mappings in `smaps` without a page of their own. The others have been changed by the
/// loader before they became constant.
fn unchanged(smaps: &str) -> impl Iterator<Item = Range<usize>> {
    let mut current = None;
    smaps.lines().filter_map(move |line| match line.strip_prefix("Anonymous:") {
        Some(size) => current.take().filter(|_| size.trim() == "0 kB"),
        None => {
            // The line of a mapping begins with its addresses, all others with a name and a colon.
            if line.split_whitespace().next().is_some_and(|word| word.contains('-')) {
                current = constant(line);
            }
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
7f00-7f10 r--p 00000000 fd:01 12 /usr/lib/libone.so.1
Size:               64 kB
Anonymous:             0 kB
7f10-7f20 r-xp 00010000 fd:01 12 /usr/lib/libone.so.1
Anonymous:             0 kB
7f20-7f30 r--p 00020000 fd:01 12 /usr/lib/libone.so.1
Anonymous:             4 kB
7f30-7f40 rw-p 00030000 fd:01 12 /usr/lib/libone.so.1
Anonymous:             0 kB
7f40-7f50 r--p 00000000 00:00 0 
Anonymous:             0 kB
7f50-7f60 r--s 00000000 fd:01 13 /var/cache/shared
Anonymous:             0 kB
";

    #[test]
    fn only_unchanged_parts_of_libraries_are_given_back() {
        let found: Vec<_> = unchanged(SMAPS).collect();
        assert_eq!(found, [0x7f00..0x7f10, 0x7f10..0x7f20]);
    }

    #[test]
    fn a_process_goes_on_with_less_memory() {
        note_libraries();
        let files = || -> u64 {
            let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
            let line = rollup.lines().find_map(|line| line.strip_prefix("Pss_File:")).unwrap();
            line.trim().trim_end_matches(" kB").parse().unwrap()
        };
        let before = files();
        release_unused();
        assert!(files() < before, "{before} kB before, {} kB afterwards", files());
    }
}
