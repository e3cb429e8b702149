"""Every read. Returns frozen values; writes nothing."""
