"""The culler: freezes, pauses or destroys what is idle, too long busy or too old, and says why.

`decision`, from `facts` and `policy`, is pure, and the service's too. It is all there is yet: nothing acts by it, and
until something does nothing is stopped for being idle. The stock idle culler is no stand-in: it stops silent busy cells
(FEATURES.md G2, G4).
"""
