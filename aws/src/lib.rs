//! HTTP requests in, typed calls of AWS's services out, and their replies and errors back; checks and makes
//! signatures. Holds no socket, no clock and no state.

pub mod credential;
pub mod signature;
