"""The pure decisions of matching: how names compare, whom to compare, what it weighs, what follows."""
