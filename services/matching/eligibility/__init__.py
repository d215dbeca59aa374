"""Who is meant by which program, and why: of one household with reasons, of the country in numbers, and who is missed."""
