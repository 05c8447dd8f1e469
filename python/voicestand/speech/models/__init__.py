"""The models of the recognizers that can be installed: which there are, fetching and keeping them.

How it works::

    manifest.toml ──► manifest ──► pull ──► download (HTTP, resumed) ─┐
                                    │       local (a folder)          ├──► archive ──► store
                                    └────── lock, space, sha256 ──────┘

A model is a folder below :func:`voicestand.speech.models.store.folder`. It appears whole, by one
rename of a folder whose files are on the disk, or not at all; until then its parts lie in a folder
beside it, where the next pull finds them.
"""
