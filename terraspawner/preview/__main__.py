"""``python -m terraspawner.preview``: see `worker`."""

from __future__ import annotations

import sys

# jsonschema, which nbformat brings, would compile a grammar for a second; nobody checks that format
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from terraspawner.preview.worker import main  # noqa: E402 - after that

sys.exit(main())
