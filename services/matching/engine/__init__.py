"""The engine of matching: packed records, names, keys, scores and models, over any number of rows. No input but arrays and files."""
