//! The hub as whoever runs it sees it: events in, a commit and notices out.

mod destinations;
mod forgotten_shadows;
mod groups_under_way;
mod logs;
mod long_keys;
mod rule_bounds;
mod shadow_calls;
mod shadow_history;
mod stage;
mod standing;
mod unread_work;
