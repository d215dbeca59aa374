"""Programs of the peers' own environment (`make bench-linkage`): each reads the same files as the platform, writes pairs
with a probability, and prints one JSON line. They import nothing of the project, and nothing of it imports them.
"""
