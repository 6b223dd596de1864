//! Time in, shadows deleted long ago and changes that are too old gone from the disk out: a walk over all shadows, a few
//! at a time.

use shadow::Stored;

use crate::Link;
use crate::plan::Plan;
use crate::world::Hub;

/// Shadows looked at in one go: a page of the largest is read in a few milliseconds.
const PAGE: usize = 128;
/// Pages of one look; one that held nothing to forget is the last.
const PAGES: usize = 32;

/// Where the walk goes on.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    scope: usize,
    after: Option<Vec<u8>>,
}

impl<L: Link> Hub<L> {
    pub(crate) fn forget_shadows(&mut self, plan: &mut Plan<L>) {
        for _ in 0..PAGES {
            if self.is_disk_full() || !self.forget_page(plan) {
                return;
            }
        }
    }

    /// Whether the page held something to forget. What cannot be read is left for the next walk.
    fn forget_page(&mut self, plan: &mut Plan<L>) -> bool {
        let Some(scope) = self.scopes.get(self.walk.scope) else { return false };
        let (keys, prefix) = (scope.key.clone(), scope.key.all_shadows());
        let Ok(page) = self.reader.scan(&prefix, self.walk.after.as_deref(), PAGE) else { return false };
        self.walk = match page.last() {
            Some((last, _)) if page.len() == PAGE => {
                Walk { scope: self.walk.scope, after: Some(last.clone()) }
            }
            _ => Walk { scope: (self.walk.scope + 1) % self.scopes.len(), after: None },
        };
        let mut forgot = false;
        for (key, document) in page {
            // One that was just made again is not the one that the store has.
            let is_fresh = self.shadows.fresh.get(&key).is_some();
            let stored = Stored::from_bytes(&document.value);
            let which = key.strip_prefix(prefix.as_slice()).unwrap_or_default();
            if is_fresh {
                continue;
            } else if stored.is_ok_and(|stored| stored.is_forgotten(self.now_ms)) {
                plan.drop_log(keys.history_of_shadow(which));
                plan.delete(key);
                forgot = true;
            } else {
                forgot |= self.age_history(&keys, which, plan);
            }
        }
        forgot
    }
}
