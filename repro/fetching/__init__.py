"""Fetching the official files, when a user asks for it and never otherwise."""
