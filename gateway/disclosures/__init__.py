"""The disclosure log: what was told to whom, under which agreement, and why; nobody can deny or alter it unseen."""
