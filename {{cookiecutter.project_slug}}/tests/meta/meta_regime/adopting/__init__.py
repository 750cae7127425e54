"""What `adopt.py` changes in a project's own files: each module knows one kind of file, from its text to its new text.

Of the regime only the rule is taken by which it finds packages, and nothing here is needed by it.
"""
