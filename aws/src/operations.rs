//! The macros that declare operations, structures and enumerations, with their traits. Declares no operation.

use crate::fault::Fault;
use crate::parts::Parts;
use crate::reply::Draft;
use crate::shape::Descriptor;

/// What an operation is asked with.
pub trait Operation: Sized {
    type Output: Output;
    const DESCRIPTOR: &'static Descriptor;

    /// # Errors
    /// A member is missing, of another kind, or out of its range.
    fn read(parts: &mut Parts<'_>) -> Result<Self, Fault>;
}

/// What an operation answers.
pub trait Output {
    const DESCRIPTOR: &'static Descriptor;

    fn write(&self, draft: &mut Draft);
}

/// Declares the operations of one family:
///
/// ```text
/// CreateThing: POST "/things/{thingName}" {
///     thing_name: String = label "thingName",
///     max_results: Option<u16> = query "maxResults" in 1..=250,
/// } -> CreateThingOutput {
///     thing_arn: String = body "thingArn",
/// } or InvalidRequest Throttling;
/// ```
///
/// The input takes the operation's name. `Option` is what may be left out. The word before a wire name is a
/// `Location`. The errors are AWS's names without their `Exception`.
macro_rules! operations {
    ($(
        $(#[$note:meta])*
        $name:ident: $method:ident $path:literal {
            $($field:ident: $type:ty = $place:ident $wire:literal $(in $least:literal..=$most:literal)?,)*
        } -> $output:ident {
            $($answer:ident: $answer_type:ty = $answer_place:ident $answer_wire:literal,)*
        } or $($error:ident)*;
    )*) => {$(
        $(#[$note])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $(pub $field: $type,)*
        }

        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $output {
            $(pub $answer: $answer_type,)*
        }

        impl $crate::operations::Operation for $name {
            type Output = $output;
            const DESCRIPTOR: &'static $crate::shape::Descriptor = &$crate::shape::Descriptor {
                name: stringify!($name),
                method: stringify!($method),
                path: $path,
                status: 200,
                input: &[$($crate::operations::member!(
                    $type, $place, $wire, $crate::operations::range!($($least, $most)?)
                )),*],
                output: &[$($crate::operations::member!($answer_type, $answer_place, $answer_wire, None)),*],
                errors: &[$(concat!(stringify!($error), "Exception")),*],
            };

            fn read(parts: &mut $crate::parts::Parts<'_>) -> Result<Self, $crate::fault::Fault> {
                let _ = &parts;
                Ok(Self {
                    $($field: parts.$place($wire, $crate::operations::range!($($least, $most)?))?,)*
                })
            }
        }

        impl $crate::operations::Output for $output {
            const DESCRIPTOR: &'static $crate::shape::Descriptor =
                <$name as $crate::operations::Operation>::DESCRIPTOR;

            fn write(&self, draft: &mut $crate::reply::Draft) {
                let _ = &draft;
                $(draft.$answer_place($answer_wire, &self.$answer);)*
            }
        }
    )*};
}

/// Declares one service's calls: the enum of its served operations, and their table.
macro_rules! calls {
    ($($family:ident: $($name:ident)*;)*) => {
        /// One served operation with its input.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Call {
            $($($name($family::$name),)*)*
        }

        impl Call {
            /// The operation's name, as AWS spells it.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $($(Self::$name(_) => stringify!($name),)*)*
                }
            }
        }

        /// How one operation reads its input.
        pub(crate) type Reader = fn(&mut $crate::parts::Parts<'_>) -> Result<Call, $crate::fault::Fault>;

        /// Every served operation.
        pub(crate) static SERVED: &[(&$crate::shape::Descriptor, Reader)] = &[$($((
            <$family::$name as $crate::operations::Operation>::DESCRIPTOR,
            |parts| <$family::$name as $crate::operations::Operation>::read(parts).map(Call::$name),
        ),)*)*];
    };
}

/// Declares the structures that members are made of.
macro_rules! structures {
    ($(
        $(#[$note:meta])*
        $name:ident {
            $($field:ident: $type:ty = $wire:literal $(in $least:literal..=$most:literal)?,)*
        }
    )*) => {$(
        $(#[$note])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $name {
            $(pub $field: $type,)*
        }

        impl $crate::value::Value for $name {
            const SHAPE: $crate::shape::Shape = $crate::shape::Shape::Structure {
                name: stringify!($name),
                members: &[$($crate::operations::member!(
                    $type, body, $wire, $crate::operations::range!($($least, $most)?)
                )),*],
            };

            fn read(json: serde_json::Value) -> Result<Self, $crate::value::Mismatch> {
                let mut members = $crate::value::Members::of(json)?;
                Ok(Self {
                    $($field: members.take($wire, $crate::operations::range!($($least, $most)?))?,)*
                })
            }

            fn write(&self) -> serde_json::Value {
                let mut draft = $crate::reply::Draft::default();
                $(draft.body($wire, &self.$field);)*
                draft.into_json()
            }
        }
    )*};
}

/// Declares structures of which exactly one member is given, named by its key. AWS's models know them as structures whose
/// members may all be left out.
macro_rules! unions {
    ($(
        $(#[$note:meta])*
        $name:ident { $($variant:ident($type:ty) = $wire:literal,)* }
    )*) => {$(
        $(#[$note])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $($variant(Box<$type>),)*
        }

        impl $name {
            /// The key, as AWS spells it.
            #[must_use]
            pub const fn key(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $wire,)*
                }
            }
        }

        impl $crate::value::Value for $name {
            const SHAPE: $crate::shape::Shape = $crate::shape::Shape::Structure {
                name: stringify!($name),
                members: &[$($crate::operations::member!(Option<$type>, body, $wire, None)),*],
            };

            fn read(json: serde_json::Value) -> Result<Self, $crate::value::Mismatch> {
                let (key, json) = $crate::value::only_member(json, &[$($wire),*])?;
                let read = match key.as_str() {
                    $($wire => <$type as $crate::value::Value>::read(json).map(|read| Self::$variant(Box::new(read))),)*
                    other => return Err($crate::value::Mismatch::outside(&[$($wire),*], other)),
                };
                read.map_err(|mismatch| mismatch.under(&format!(".{key}")))
            }

            fn write(&self) -> serde_json::Value {
                let mut draft = $crate::reply::Draft::default();
                match self {
                    $(Self::$variant(one) => draft.body($wire, &**one),)*
                }
                draft.into_json()
            }
        }
    )*};
}

/// Declares closed sets of strings.
macro_rules! enumerations {
    ($(
        $(#[$note:meta])*
        $name:ident { $($(#[$mark:meta])* $variant:ident = $wire:literal,)* }
    )*) => {$(
        $(#[$note])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$mark])* $variant,)*
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $wire,)*
                }
            }
        }

        impl $crate::value::Value for $name {
            const SHAPE: $crate::shape::Shape =
                $crate::shape::Shape::Enumeration { name: stringify!($name), values: &[$($wire),*] };

            fn read(json: serde_json::Value) -> Result<Self, $crate::value::Mismatch> {
                <Self as $crate::value::Text>::parse(&<String as $crate::value::Value>::read(json)?)
            }

            fn write(&self) -> serde_json::Value {
                serde_json::Value::from(self.as_str())
            }
        }

        impl $crate::value::Text for $name {
            fn parse(text: &str) -> Result<Self, $crate::value::Mismatch> {
                match text {
                    $($wire => Ok(Self::$variant),)*
                    other => Err($crate::value::Mismatch::outside(&[$($wire),*], other)),
                }
            }
        }
    )*};
}

/// A member's description.
macro_rules! member {
    ($type:ty, $place:ident, $wire:literal, $range:expr) => {
        $crate::shape::Member {
            location: $crate::operations::location!($place),
            wire: $wire,
            required: <$type as $crate::value::Optional>::REQUIRED,
            range: $range,
            shape: <<$type as $crate::value::Optional>::Value as $crate::value::Value>::SHAPE,
        }
    };
}

macro_rules! location {
    (label) => {
        $crate::shape::Location::Label
    };
    (query) => {
        $crate::shape::Location::Query
    };
    (header) => {
        $crate::shape::Location::Header
    };
    (body) => {
        $crate::shape::Location::Body
    };
    (payload) => {
        $crate::shape::Location::Payload
    };
    (document) => {
        $crate::shape::Location::Document
    };
    (unmodelled) => {
        $crate::shape::Location::Unmodelled
    };
}

macro_rules! range {
    () => {
        None
    };
    ($least:literal, $most:literal) => {
        Some($crate::shape::Range::new($least, $most))
    };
}

pub(crate) use {calls, enumerations, location, member, operations, range, structures, unions};
