"""Writes of the registry: one function, one use case, in the transaction given."""
