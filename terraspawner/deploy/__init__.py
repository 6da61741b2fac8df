"""The set-up program behind the Makefile: ``python3 -m terraspawner.deploy up``.

Runs on a bare machine, before anything of ours is installed: standard library only, Python 3.10 or newer. It
imports nothing of ours but settings and errors.
"""
