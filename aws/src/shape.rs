//! What an operation and its members look like, as data. Reads and writes no request.

/// One operation: how it is asked for and answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Descriptor {
    pub name: &'static str,
    pub method: &'static str,
    /// The path with labels in braces, as in AWS's model.
    pub path: &'static str,
    /// The HTTP status of a success.
    pub status: u16,
    pub input: &'static [Member],
    pub output: &'static [Member],
    /// The errors that AWS names for it, in full.
    pub errors: &'static [&'static str],
}

/// One member of an input, an output or a nested structure.
#[derive(Debug, PartialEq, Eq)]
pub struct Member {
    pub location: Location,
    /// Its name as sent: the label, the query parameter, the header or the JSON key.
    pub wire: &'static str,
    /// Of an input: a call without it is refused. Of an output: always present.
    pub required: bool,
    pub range: Option<Range>,
    pub shape: Shape,
}

/// The least and the greatest integer that a member may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub least: i64,
    pub most: i64,
}

impl Range {
    #[must_use]
    pub const fn new(least: i64, most: i64) -> Self {
        Self { least, most }
    }

    #[must_use]
    pub const fn holds(self, number: i64) -> bool {
        self.least <= number && number <= self.most
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// A part of the path.
    Label,
    Query,
    Header,
    /// A member of the JSON object in the body.
    Body,
    /// The whole body, as bytes.
    Payload,
    /// The whole body, as one JSON value.
    Document,
    /// A member of the reply's JSON object that AWS sends but does not name in its model.
    Unmodelled,
}

impl Location {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Query => "query",
            Self::Header => "header",
            Self::Body => "body",
            Self::Payload | Self::Document => "payload",
            Self::Unmodelled => "unmodelled",
        }
    }
}

/// What a member may hold.
#[derive(Debug, PartialEq, Eq)]
pub enum Shape {
    String,
    Boolean,
    /// AWS's `integer` and `long`: one kind of number in JSON.
    Integer,
    /// Seconds since 1970, as a number.
    Timestamp,
    /// Bytes: base64 in JSON, as they are in a payload.
    Blob,
    /// A string of a closed set.
    Enumeration {
        name: &'static str,
        values: &'static [&'static str],
    },
    List(&'static Shape),
    Map(&'static Shape, &'static Shape),
    Structure {
        name: &'static str,
        members: &'static [Member],
    },
}
