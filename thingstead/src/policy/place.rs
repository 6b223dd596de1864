//! JSON and a path into it such as `Statement[1].Resource[0]` in, line and column of what is there out. Checks nothing.

/// Both count from 1; the column in characters. What is not found is at the beginning.
pub(super) fn place(json: &str, path: &str) -> (usize, usize) {
    let mut reader = Reader { text: json, at: 0 };
    let at = reader.find(path).unwrap_or(0);
    let before = json.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    /// Where the value of the path begins.
    fn find(&mut self, path: &str) -> Option<usize> {
        for part in path.split('.') {
            let (name, rest) = part.split_once('[').unwrap_or((part, ""));
            self.member(name)?;
            let index: usize = rest.trim_end_matches(']').parse().unwrap_or(0);
            // A single value may stand where a list is meant.
            if !rest.is_empty() && self.peek()? == b'[' {
                self.element(index)?;
            }
        }
        self.peek()?;
        Some(self.at)
    }

    fn member(&mut self, name: &str) -> Option<()> {
        self.take(b'{')?;
        loop {
            self.peek()?;
            let start = self.at;
            self.skip()?;
            let found = self.text.get(start..self.at)?.trim_matches('"') == name;
            self.take(b':')?;
            if found {
                return Some(());
            }
            self.skip()?;
            self.take(b',')?;
        }
    }

    fn element(&mut self, index: usize) -> Option<()> {
        self.take(b'[')?;
        for _ in 0..index {
            self.skip()?;
            self.take(b',')?;
        }
        Some(())
    }

    /// Past one value.
    fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.skip_string(),
            b'{' | b'[' => {
                let mut depth = 0_usize;
                loop {
                    match self.peek()? {
                        b'"' => {
                            self.skip_string()?;
                            continue;
                        }
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    self.at += 1;
                    if depth == 0 {
                        return Some(());
                    }
                }
            }
            _ => {
                let rest = self.text.as_bytes().get(self.at..)?;
                self.at += rest.iter().position(|byte| b",]} \t\r\n".contains(byte)).unwrap_or(rest.len());
                Some(())
            }
        }
    }

    fn skip_string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.text.as_bytes().get(self.at)? {
                b'\\' => self.at += 2,
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                _ => self.at += 1,
            }
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_its_value() {
        const JSON: &str = "{ \"a\": \"x,\\\"]\", \"Statement\":\n [{\"é\": 1}, {\"Action\": \"ä\", \"Resource\":\n[true,\n  \"b\"] } ] }";
        for (path, found) in [
            ("a", (1, 8)),
            ("Statement", (2, 2)),
            ("Statement[0]", (2, 3)),
            ("Statement[1].Action", (2, 24)),
            ("Statement[1].Action[0]", (2, 24)),
            ("Statement[1].Resource[1]", (4, 3)),
            ("Statement[2]", (1, 1)),
            ("nowhere", (1, 1)),
        ] {
            assert_eq!(place(JSON, path), found, "{path}");
        }
    }
}
