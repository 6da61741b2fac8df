"""The culler: freezes, pauses or destroys what is idle, too long busy or too old, and says why.

`decision`, from `facts` and `policy`, is pure, and the service's too: what people are told is what is done. The process
(`sweep`, `client`) asks the service's REST API for what is due, and has no other power. The stock idle culler is no
stand-in: it stops silent busy cells (FEATURES.md G2, G4).
"""
