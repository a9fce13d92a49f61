"""Widgets: one small Python class and one ES module each, side by side.

Python holds the truth and computes with qlib, JavaScript draws.
"""
