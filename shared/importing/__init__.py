"""Imports: a partner's file becomes rows of ours, in chunks that survive a death at any moment.

The file is stored first, in the database, so that an accepted upload cannot be lost. A worker applies it chunk by
chunk: the rows, their event and the place reached are one transaction. A bad row is reported and stops nothing.
"""
