//! Cases that every engine must pass. Knows engines only by their trait.

mod cases;
mod model;

use store::Store;

/// A place where a store lives across reopening.
pub(crate) trait Home {
    fn store(&mut self) -> &mut dyn Store;

    /// Closes the store cleanly and opens it again.
    fn reopen(&mut self);
}

/// Runs every case in a fresh home, and as many random histories.
pub(crate) fn conformance<H: Home>(make: impl Fn() -> H, histories: u32) {
    for (name, case) in cases::ALL {
        eprintln!("case: {name}");
        let mut home = make();
        case(&mut home);
    }
    model::random_histories(&make, histories);
}
