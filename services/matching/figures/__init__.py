"""Figures of interlinkage, computed over a country held in columns; no input but frames, no database, no clock."""
