"""The culler: freezes, pauses or destroys what is idle, too long busy or too old, and says why.

`decision`, from `facts` and `policy`, is pure, and the service's too.
"""
