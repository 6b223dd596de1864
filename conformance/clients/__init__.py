"""Cases with other people's unmodified clients. Does not look inside packets."""
