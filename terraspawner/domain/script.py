"""The startup script that a person gives when an environment is created: what may be stored and run.

It runs as root in that person's own container, so nothing in it is forbidden; what is checked is that it can be
stored, handed over and run as it was written.
"""

from __future__ import annotations

from terraspawner.errors_starts import ScriptRefused

MOST_BYTES = 64 * 1024


def wanted_script(value: object) -> str | None:
    """What a request asks for; None where it does not say. Raises `ScriptRefused`."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ScriptRefused("`startup_script` must be a text.")
    return startup_script(value)


def startup_script(text: str) -> str:
    """`text` with the line ends of Unix; empty where there is nothing to run. Raises `ScriptRefused`."""
    script = text.replace("\r\n", "\n").replace("\r", "\n")
    if not script.strip():
        return ""
    if "\0" in script:
        raise ScriptRefused("The startup script holds a NUL character, so it is no text. Give a shell script.")
    try:
        size = len(script.encode())
    except UnicodeEncodeError as error:
        raise ScriptRefused(
            f"The startup script is no valid text at character {error.start + 1}. Save it as UTF-8 and give it again."
        ) from error
    if size > MOST_BYTES:
        raise ScriptRefused(
            f"The startup script has {size} bytes; {MOST_BYTES} are allowed. Put what is long into a file in the"
            " workspace's bucket and call it from the script.",
            limit=MOST_BYTES,
            size=size,
        )
    return script if script.endswith("\n") else f"{script}\n"
