//! The kernel's notation for a set of CPUs: `0-3,8,10-11`.

use std::collections::BTreeSet;

/// The numbers of logical CPUs, in order.
pub type CpuSet = BTreeSet<usize>;

/// One above the largest CPU number that is believed: `CONFIG_NR_CPUS` of the largest x86-64
/// configuration. It keeps a damaged list such as `0-4294967295` from filling the memory.
pub const MAX_CPUS: usize = 8192;

/// The set that `text` denotes; `None` if it is not such a list or names a CPU from [`MAX_CPUS`] on.
/// Blank text is the empty set.
pub fn parse(text: &str) -> Option<CpuSet> {
    let text = text.trim();
    if text.is_empty() {
        return Some(CpuSet::new());
    }
    let mut cpus = CpuSet::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return None;
        }
        cpus.extend(first..=last);
    }
    Some(cpus)
}

fn number(text: &str) -> Option<usize> {
    // `parse` would also take a sign.
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits {
        text.parse().ok()?
    } else {
        return None;
    };
    (number < MAX_CPUS).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(cpus: &CpuSet) -> String {
        let numbers: Vec<String> = cpus.iter().map(usize::to_string).collect();
        numbers.join(",")
    }

    #[test]
    fn ranges_and_numbers_are_understood() {
        let expected: CpuSet = [0, 1, 2, 3, 8, 10, 11].into();
        assert_eq!(parse("0-3,8,10-11\n"), Some(expected));
        assert_eq!(parse("\n"), Some(CpuSet::new()));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in [
            "0-",
            "-1",
            "3-1",
            "a",
            "0,,1",
            "0-4294967295",
            "8192",
            "+1",
            "0x1",
            "1 2",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_written_set_is_read_back(cpus in prop::collection::btree_set(0..MAX_CPUS, 0..64)) {
            prop_assert_eq!(parse(&written(&cpus)), Some(cpus));
        }

        #[test]
        fn a_range_is_all_of_its_numbers(first in 0..MAX_CPUS, length in 0_usize..100) {
            let last = (first + length).min(MAX_CPUS - 1);
            prop_assert_eq!(parse(&format!("{first}-{last}")), Some((first..=last).collect()));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn no_text_in_the_alphabet_of_lists_panics(text in "[0-9,\\- \n]{0,40}") {
            if let Some(cpus) = parse(&text) {
                prop_assert!(cpus.iter().all(|&cpu| cpu < MAX_CPUS));
            }
        }
    }
}
