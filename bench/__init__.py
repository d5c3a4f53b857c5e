"""Measurements, one module for each budget; `make bench` prints them as tables."""
