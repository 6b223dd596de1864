//! Requests that other clients signed in, accepted or refused out.
