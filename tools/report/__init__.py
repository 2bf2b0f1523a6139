"""make report: what a system call, an image and a boot cost, as a page to be shown around."""
