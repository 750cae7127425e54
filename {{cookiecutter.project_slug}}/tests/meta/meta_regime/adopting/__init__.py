"""What `adopt.py` changes in a project's own files: each module knows one kind of file, from its text to its new text.

Nothing of the regime is imported here, and nothing here is needed by it.
"""
