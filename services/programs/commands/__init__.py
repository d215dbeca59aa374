"""Changes of a programs service: one function, one use case, in the transaction given."""
