//! JSON text in, where its parts stand or its values out, and values to compact JSON; it knows nothing of statements.

mod names;
mod number;
mod read;
mod rewrite;
mod scan;
mod text;
mod walk;
mod write;

pub(crate) use number::number;
use number::number_span;
pub use read::read;
pub use scan::Document;
pub(crate) use scan::{Raw, Shape};
pub(crate) use walk::elements;
pub use write::write;
pub(crate) use write::{write_into, write_text};
