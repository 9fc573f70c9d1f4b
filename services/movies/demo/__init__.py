"""The demo world of the movie service."""
