"""How fast and how large the platform is, beside named peers. `tekamoul bench` runs it; results are in README.md."""
