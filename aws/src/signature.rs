//! SigV4: requests and keys in, "signed by this key" or the reason why not out. Reads no clock.
