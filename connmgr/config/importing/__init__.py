"""Take over what other programs say of their databases: a URL, a service file, a Rails database.yml.

Each importer is a function from a source's text to `Imported`. Nothing of a source is dropped in
silence, and no password gets from a source into a profile.
"""
