"""Signing in with an identity provider, by oauthenticator: one class of the Hub's for each kind of provider.

What oauthenticator leaves to others is here: an ID token is verified (signature, issuer, audience, time, nonce), who
comes is bound to an account by the provider's own number, and the provider is asked again while somebody is signed in.
"""
