//! Random bytes for ids and secrets. The one place where the shell draws them.

use rustls::crypto::aws_lc_rs::default_provider;

/// Fills the slice.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), String> {
    let drawn = default_provider().secure_random.fill(bytes);
    drawn.map_err(|_| "the system gives no random numbers: check /dev/urandom".to_owned())
}
