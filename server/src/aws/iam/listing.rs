//! A whole list in, one page of it with the way to the next out. Knows no list.

use ::aws::Fault;
use ::aws::iam::faults;

use crate::aws::token;

/// Items of a page where the call does not say.
const PAGE: u16 = 100;

/// One page.
pub(super) struct Listing<T> {
    pub(super) items: Vec<T>,
    /// Where the next page begins.
    pub(super) marker: Option<String>,
}

/// Cuts the page after `marker` from a list in the order of its places; each item stands with its own.
pub(super) fn page<T>(
    all: impl Iterator<Item = (String, T)>,
    marker: Option<&str>,
    most: Option<u16>,
) -> Result<Listing<T>, Fault> {
    let after = token::read(marker.filter(|marker| !marker.is_empty()))
        .map_err(|fault| faults::validation(fault.message))?;
    let most = usize::from(most.unwrap_or(PAGE));
    let rest = all.filter(|(place, _)| after.as_ref().is_none_or(|after| place > after));
    let mut items: Vec<(String, T)> = rest.take(most + 1).collect();
    let marker = token::next(&mut items, most, |(place, _)| place);
    Ok(Listing { items: items.into_iter().map(|(_, item)| item).collect(), marker })
}

impl<T> Listing<T> {
    pub(super) fn is_truncated(&self) -> Option<bool> {
        Some(self.marker.is_some())
    }
}

/// Whether a path begins as a call asks for; IAM's own word for "everywhere" is a slash.
pub(super) fn is_below(path: &str, prefix: Option<&str>) -> bool {
    prefix.is_none_or(|prefix| path.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_to_its_end_page_by_page() {
        let all: Vec<String> = (0..7).map(|number| format!("role-{number}")).collect();
        let (mut seen, mut marker) = (Vec::new(), None);
        loop {
            let items = all.iter().map(|name| (name.clone(), name.clone()));
            let found = page(items, marker.as_deref(), Some(3)).expect("our own marker");
            assert_eq!(found.is_truncated(), Some(found.marker.is_some()));
            seen.extend(found.items);
            marker = found.marker;
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn a_foreign_marker_is_refused_as_iam_does() {
        let found = page(std::iter::empty::<(String, ())>(), Some("ä"), None);
        assert_eq!(
            found.map(|_| ()).map_err(|fault| (fault.status, fault.code)),
            Err((400, "ValidationError".into()))
        );
    }
}
