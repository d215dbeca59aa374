"""Linkage measured beside named peers: the data by seed, the peers in their own environment, accuracy, time and memory."""
