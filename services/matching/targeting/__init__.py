"""Targeting lists: asked for under an agreement, counted before any name, approved by another person, released, returned."""
