"""Unit tests of parts of the kernel that run on the host, under its compiler's sanitizers."""
