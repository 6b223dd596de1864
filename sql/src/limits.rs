//! How large a statement, a payload and an evaluation may be, each beside AWS's quota where it names one; checks nothing itself.

/// "Maximum size of a rule": 256 KB, the whole rule. The statement alone is held to it here.
pub const STATEMENT_BYTES: usize = 256 * 1024;
/// How deep parentheses, brackets, calls and nested SELECTs nest. AWS names no number; it bounds the parser's stack.
pub const NESTING: u16 = 64;
/// How many expressions lie within each other, those of a chain like `a + b + c` counted. AWS names no number; it
/// bounds the stack of whatever walks the tree.
pub const HEIGHT: u16 = 128;
/// How deep objects and arrays of a payload nest. AWS names no number; serde_json stops here too.
pub const JSON_DEPTH: usize = 128;
/// "Maximum publish size", and so the largest payload that a rule hands to its actions.
pub const OUTPUT_BYTES: usize = 128 * 1024;
/// What one statement or one template may cost: a step for every expression, and one for every
/// [`BYTES_PER_STEP`] of text that it reads or makes. AWS names no number.
pub const STEPS: u64 = 1_000_000;
pub const BYTES_PER_STEP: usize = 32;
/// "SET": how many variables one statement sets.
pub const VARIABLES: usize = 10;
/// "SET": the longest name of a variable, without its `@`.
pub const VARIABLE_NAME_BYTES: usize = 64;
/// "SET": the largest variable, and all of them together, as JSON.
pub const VARIABLE_BYTES: usize = 128 * 1024;
/// "34 digits maximum": those of an Int, and the significant ones of a Decimal.
pub const DIGITS: u32 = 34;
/// "1E-999" and "9.999…E999": the smallest and the largest exponent of a Decimal.
pub const MAGNITUDE: i32 = 999;

/// How much of a long line an error's picture shows.
pub(crate) const PICTURE_BYTES: usize = 100;

/// How many remarks one evaluation keeps.
pub(crate) const REMARKS: usize = 20;
/// The longest name that a suggestion is looked for.
pub(crate) const NAME_BYTES: usize = 64;
/// The most spaces that `lpad` and `rpad` put in. AWS: 1000.
pub(crate) const PAD: i128 = 1000;
/// The longest regular expression, and the memory that a compiled one may take. AWS names no number.
pub(crate) const PATTERN_BYTES: usize = 4 * 1024;
pub(crate) const COMPILED_BYTES: usize = 1024 * 1024;
/// What is tried first: an expression counts as the first of 16 KiB, 32 KiB and so on that it fits into.
pub(crate) const SMALL_COMPILED_BYTES: usize = 16 * 1024;
/// How many regular expressions a statement, and a rule with its templates, keeps compiled, and the memory of them all.
pub(crate) const PATTERNS: usize = 64;
pub(crate) const PATTERNS_BYTES: usize = 4 * 1024 * 1024;
/// An expression that a message brings is compiled while it is evaluated: one step for so many bytes.
pub(crate) const COMPILED_BYTES_PER_STEP: usize = 8;
/// The longest pattern of a time, and the longest text of one.
pub(crate) const TIME_BYTES: usize = 1024;
/// How deep its optional parts nest.
pub(crate) const TIME_DEPTH: usize = 16;
