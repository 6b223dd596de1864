//! Two words in, whether one may be a slip for the other out.

/// Whether the words differ by a letter or two, or, when short, by one; equal ones are close too.
pub(super) fn close(found: &str, word: &str) -> bool {
    let lower = |text: &str| text.chars().map(|c| c.to_ascii_lowercase()).collect::<Vec<char>>();
    let (found, word) = (lower(found), lower(word));
    let allowed = if word.len() > 4 { 2 } else { 1 };
    found.len().abs_diff(word.len()) <= allowed && slips(&found, &word) <= allowed
}

/// How many letters have to be put in, left out, changed or swapped.
fn slips(one: &[char], two: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=two.len()).collect();
    let mut last = None;
    for (at, letter) in one.iter().enumerate() {
        let mut next = vec![at + 1];
        for (column, other) in two.iter().enumerate() {
            let cost = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let mut least = (cost(&row, column + 1) + 1).min(cost(&next, column) + 1);
            least = least.min(cost(&row, column) + usize::from(letter != other));
            let swapped = column > 0 && two.get(column - 1) == Some(letter) && last == Some(other);
            if swapped {
                least = least.min(cost(&before, column - 1) + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
        last = Some(letter);
    }
    row.last().copied().unwrap_or(one.len())
}

#[cfg(test)]
mod tests {
    use super::close;

    #[test]
    fn a_slip_or_two_is_close() {
        for (found, word) in
            [("SELEC", "select"), ("slect", "SELECT"), ("FORM", "FROM"), ("wher", "where"), ("fromm", "from")]
        {
            assert!(close(found, word), "{found} {word}");
        }
        for (found, word) in
            [("color", "from"), ("temp", "where"), ("", "as"), ("from", "where"), ("is", "from")]
        {
            assert!(!close(found, word), "{found} {word}");
        }
    }
}
