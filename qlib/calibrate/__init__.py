"""Ranges from histograms; nothing here knows a network."""
