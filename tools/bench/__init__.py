"""Benchmarks in guest instructions, and where the instructions go.

    benchmarks.py   what is measured, how, and the bar for each
    __main__.py     make bench: the table and build/bench.json
    profile.py      make profile W=fork: the functions behind one number
"""
