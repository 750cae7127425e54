"""What a project can do without: each module here may be deleted."""
