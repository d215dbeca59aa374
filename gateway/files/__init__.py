"""The second look at files: nothing of a file leaves before the gateway itself has read what is in it."""
