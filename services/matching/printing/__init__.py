"""What matching prints: its charts and maps, words, and the templates of its own pages (shared/printing makes the files)."""

from pathlib import Path

TEMPLATES = Path(__file__).parent
