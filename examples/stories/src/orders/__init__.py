"""Takes orders, with the waits that services have in production."""
