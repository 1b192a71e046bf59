"""What each command answers with --json: types, and the JSON Schema made of them.

Keys that are `NotRequired` are left out where there is nothing to say. A later version may add keys
and takes none away.
"""
