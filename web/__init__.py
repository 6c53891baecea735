"""The local page: search with hits drawn on the photos, words to correct, and a REST API for programs."""
