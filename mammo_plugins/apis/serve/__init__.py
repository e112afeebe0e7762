"""``mammo serve``: a resident service beside an archive that loses nothing.

Nothing is imported here: the example of settings needs none of what the service needs.
"""
