//! What a list finds in, one page with the way to the next out. Knows no list.

use ::aws::Fault;
use registry::{CertificateId, Order};

use crate::aws::token;

/// Items of a page where the call does not say.
const PAGE: u16 = 25;

/// How far a list was read, and how many items to read now.
pub(super) struct Page {
    pub(super) after: Option<String>,
    most: usize,
}

impl Page {
    pub(super) fn new(token: Option<&str>, size: Option<u16>) -> Result<Self, Fault> {
        let after = token::read(token.filter(|token| !token.is_empty()))?;
        Ok(Self { after, most: usize::from(size.unwrap_or(PAGE)) })
    }

    /// The place of a list that goes by the time of creation.
    pub(super) fn after_time(&self) -> Result<Option<(u64, &str)>, Fault> {
        let Some(after) = self.after.as_deref() else { return Ok(None) };
        let place = after.split_once(' ').and_then(|(ms, name)| Some((ms.parse().ok()?, name)));
        place.map(Some).ok_or_else(foreign)
    }

    /// The same for certificates.
    pub(super) fn after_certificate(&self) -> Result<Option<(u64, CertificateId)>, Fault> {
        let Some((ms, id)) = self.after_time()? else { return Ok(None) };
        CertificateId::parse(id).map(|id| Some((ms, id))).map_err(|_| foreign())
    }

    /// Cuts the page from what comes after `self.after`; each item stands with its place in the list.
    pub(super) fn cut<T>(&self, found: impl Iterator<Item = (String, T)>) -> (Vec<T>, Option<String>) {
        let mut items: Vec<(String, T)> = found.take(self.most + 1).collect();
        let next = token::next(&mut items, self.most, |(place, _)| place);
        (items.into_iter().map(|(_, item)| item).collect(), next)
    }

    /// The same from a list that is read from its beginning, in the order of its places.
    pub(super) fn cut_whole<T>(&self, all: impl Iterator<Item = (String, T)>) -> (Vec<T>, Option<String>) {
        self.cut(all.filter(|(place, _)| self.after.as_ref().is_none_or(|after| place > after)))
    }

    /// The same from a list in an order of its own: after the item at the place of the token, which may be gone.
    pub(super) fn cut_counted<T>(&self, all: Vec<T>) -> Result<(Vec<T>, Option<String>), Fault> {
        let seen = match &self.after {
            Some(after) => after.parse().map_err(|_| foreign())?,
            None => 0_usize,
        };
        let numbered = all.into_iter().enumerate().skip(seen);
        Ok(self.cut(numbered.map(|(at, item)| ((at + 1).to_string(), item))))
    }
}

/// A place in a list that goes by the time of creation.
pub(super) fn place(created_ms: u64, name: &dyn std::fmt::Display) -> String {
    format!("{created_ms} {name}")
}

/// Lists that go by the time of creation begin with the newest unless asked otherwise.
pub(super) fn order(ascending: Option<bool>) -> Order {
    match ascending {
        Some(true) => Order::OldestFirst,
        _ => Order::NewestFirst,
    }
}

fn foreign() -> Fault {
    Fault::invalid_request("the page token belongs to another list: pass on the one of the page before")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_to_its_end_page_by_page() {
        let all: Vec<String> = (0..7).map(|number| format!("n{number}")).collect();
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let page = Page::new(token.as_deref(), Some(3)).expect("a page");
            let (items, next) = page.cut_whole(all.iter().map(|name| (name.clone(), name.clone())));
            assert!(items.len() <= 3);
            seen.extend(items);
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn a_token_of_another_list_is_refused() {
        let items = (0..3).map(|number| (format!("pump-{number}"), ()));
        let (_, token) = Page::new(None, Some(1)).expect("a page").cut(items);
        let page = Page::new(token.as_deref(), None).expect("a name");
        assert!(page.after_time().is_err());
        assert!(page.after_certificate().is_err());
        assert!(page.cut_counted(vec![1]).is_err());
        assert!(Page::new(Some(""), None).expect("the first page").after.is_none());
    }
}
