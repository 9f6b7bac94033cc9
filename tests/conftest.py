"""Drawn examples take as long as they take: a busy machine must not fail a test."""

from hypothesis import settings

settings.register_profile("fireline", deadline=None)
settings.load_profile("fireline")
