"""Connections to institutions' own systems: a folder watched, or rows pulled from their database.

Each makes files of what it finds and gives them to the same imports as everybody else's. To connect an institution is a
table in a TOML file and a mapping; docs/connections.md shows both. A further way in is a class with `rows_after` beside
`SqlSource`, or one more kind of `rules.connections.Connection`.
"""
