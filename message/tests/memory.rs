//! What a filter costs: a tree of 100,000 filters in, bytes per filter out; alone in its process, so that nothing else is counted.
#![expect(unsafe_code, reason = "an allocator that counts can be written in no other way")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use message::{Dialect, Tree};

struct Counting;

static LIVE_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Allocators hand out multiples of 16 bytes.
fn rounded(layout: Layout) -> usize {
    layout.size().next_multiple_of(16)
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE_BYTES.fetch_add(rounded(layout), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE_BYTES.fetch_sub(rounded(layout), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_filter_costs_at_most_250_bytes_and_a_removed_one_nothing() {
    let filters: Vec<String> = (0..100_000)
        .map(|number| {
            let (site, line, device) = (number % 100, number / 100 % 10, number / 3);
            match number % 3 {
                0 => format!("f/site{site}/+/dev{device}/t"),
                1 => format!("f/site{site}/line{line}/dev{device}/#"),
                _ => format!("f/site{site}/line{line}{device}/+/t"),
            }
        })
        .collect();
    let mut tree: Tree<[u64; 2]> = Tree::new(Dialect::Aws);
    let before = LIVE_BYTES.load(Ordering::Relaxed);
    for (key, filter) in (0..).zip(&filters) {
        tree.insert(filter, key % 1000, [key; 2]);
    }
    assert_eq!(tree.len(), filters.len());
    let per_filter = (LIVE_BYTES.load(Ordering::Relaxed) - before) / filters.len();
    println!("{per_filter} bytes per filter");
    assert!(per_filter <= 250, "{per_filter} bytes per filter");
    for (key, filter) in (0..).zip(&filters) {
        tree.remove(filter, key % 1000);
    }
    let left = LIVE_BYTES.load(Ordering::Relaxed).saturating_sub(before);
    assert!(left < 1000, "{left} bytes are left after all filters are gone");
}
