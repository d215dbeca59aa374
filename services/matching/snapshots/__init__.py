"""Snapshots: the country frozen under one id, with every figure of interlinkage computed from it."""
