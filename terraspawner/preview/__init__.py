"""Previews of notebooks: HTML without scripts, made by nbconvert's parts in processes of their own.

A notebook is anybody's file. So it is taken apart in a child process that can open no file and no connection, with
bounded memory and time (`worker`); what it says passes an allow list, fragment by fragment (`clean`); and the
document that shows it forbids scripts and every request by its policy (`page`). Each of the three would do alone.

nbconvert's Markdown and ANSI parts are used, its templates are not: they trust metadata and mark whole outputs as
safe, and their page needs scripts from elsewhere. Here every value is escaped by `markupsafe` unless a function of
this package made it.
"""
