//! Java's regular expressions and replacements in, those of the `regex` crate out. It compiles nothing.

use regex::Regex;

/// A piece of a replacement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Text(String),
    Group(usize),
}

/// The same expression in the `regex` crate's words, or why there is none.
pub(super) fn translate(java: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(java.len() + 16);
    let mut letters = java.chars().peekable();
    // How many classes are open, and whether a quantifier stands just before.
    let (mut classes, mut quantified) = (0usize, false);
    while let Some(letter) = letters.next() {
        let quantifier = classes == 0 && matches!(letter, '*' | '+' | '?' | '}');
        match letter {
            '\\' => escape(&mut letters, &mut out)?,
            '(' if classes == 0 => {
                out.push('(');
                let rest: String = letters.clone().take(3).collect();
                group(&rest)?;
            }
            '+' if quantified && classes == 0 => return Err("a possessive quantifier is not served"),
            '[' => {
                classes += 1;
                out.push('[');
            }
            ']' => {
                classes = classes.saturating_sub(1);
                out.push(']');
            }
            // Set operators of the crate that Java takes for letters.
            '-' | '~' if classes > 0 && letters.peek() == Some(&letter) => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
        // `a+?` is lazy; what follows it is no quantifier of a quantifier.
        quantified = quantifier && !(quantified && letter == '?');
    }
    Ok(out)
}

fn group(rest: &str) -> Result<(), &'static str> {
    if rest.starts_with("?=") || rest.starts_with("?!") || rest.starts_with("?<=") || rest.starts_with("?<!")
    {
        Err("look-around is not served")
    } else if rest.starts_with("?>") {
        Err("an atomic group is not served")
    } else {
        Ok(())
    }
}

/// What stands behind a backslash.
fn escape(
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) -> Result<(), &'static str> {
    let Some(letter) = letters.next() else { return Err("it ends with a backslash") };
    match letter {
        // Java's classes are those of ASCII.
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str(r"[ \t\n\x0B\f\r]"),
        'S' => out.push_str(r"[^ \t\n\x0B\f\r]"),
        'h' => out.push_str(r"[ \t\u{A0}\u{1680}\u{180E}\u{2000}-\u{200A}\u{202F}\u{205F}\u{3000}]"),
        'e' => out.push_str(r"\x1B"),
        'Q' => quote(letters, out),
        'p' | 'P' => property(letter == 'P', letters, out),
        '1'..='9' | 'k' => return Err("a back-reference is not served"),
        'G' | 'Z' | 'R' | 'X' | 'N' | 'c' | '0' => return Err("an escape in it is not served"),
        letter if letter.is_alphanumeric() => {
            out.push('\\');
            out.push(letter);
        }
        letter => out.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4]))),
    }
    Ok(())
}

/// Up to `\E`, letters stand for themselves.
fn quote(letters: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    while let Some(letter) = letters.next() {
        if letter == '\\' && letters.next_if_eq(&'E').is_some() {
            break;
        }
        out.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
    }
}

/// Java's POSIX names are ASCII; the others are Unicode's in both.
fn property(not: bool, letters: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    let start = if not { r"\P" } else { r"\p" };
    if letters.next_if_eq(&'{').is_none() {
        out.push_str(start);
        return;
    }
    let name: String = letters.by_ref().take_while(|letter| *letter != '}').collect();
    let posix = match name.as_str() {
        "Lower" => "lower",
        "Upper" => "upper",
        "ASCII" => "ascii",
        "Alpha" => "alpha",
        "Digit" => "digit",
        "Alnum" => "alnum",
        "Punct" => "punct",
        "Graph" => "graph",
        "Print" => "print",
        "Blank" => "blank",
        "Cntrl" => "cntrl",
        "XDigit" => "xdigit",
        "Space" => "space",
        _ => {
            out.push_str(&format!("{start}{{{name}}}"));
            return;
        }
    };
    out.push_str(&format!("[[:{}{posix}:]]", if not { "^" } else { "" }));
}

/// `$1`, `${name}` and `\x` of a replacement; None is none that Java takes.
pub(super) fn replacement(text: &str, regex: &Regex) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => plain.push(letters.next()?),
            '$' => {
                let group = match letters.next()? {
                    '{' => {
                        let name: String = letters.by_ref().take_while(|letter| *letter != '}').collect();
                        regex.capture_names().position(|known| known == Some(name.as_str()))?
                    }
                    first => numbered(first, &mut letters, regex)?,
                };
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Group(group));
            }
            letter => plain.push(letter),
        }
    }
    parts.push(Part::Text(plain));
    Some(parts)
}

/// As many digits as still name a group.
fn numbered(
    first: char,
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    regex: &Regex,
) -> Option<usize> {
    let known = |group: &usize| *group < regex.captures_len();
    let mut group = first.to_digit(10).map(|digit| digit as usize).filter(known)?;
    while let Some(digit) = letters.peek().and_then(|letter| letter.to_digit(10)) {
        match Some(group * 10 + digit as usize).filter(known) {
            Some(longer) => group = longer,
            None => break,
        }
        letters.next();
    }
    Some(group)
}
