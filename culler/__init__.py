"""The custom culler: applies the inactivity rules over our REST API and the Hub's.

Nothing runs here yet. The stock idle culler is no stand-in: it stops silent busy cells
(FEATURES.md G2, G4), so until the rules are here nothing is stopped for being idle.
"""
