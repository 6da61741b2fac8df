"""The deeds: load, ask the rule, save, return. Synchronous, short, one transaction each."""
