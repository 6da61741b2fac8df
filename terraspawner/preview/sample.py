"""A notebook that uses every part once, so that the worker has loaded what it will need (`worker`)."""

from __future__ import annotations

import json
from typing import Any


def _code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, "execution_count": 1, "outputs": list(outputs)}


def _data(**kinds: Any) -> dict[str, Any]:
    named = {name.replace("__", "/").replace("_", "+"): value for name, value in kinds.items()}
    return {"output_type": "display_data", "metadata": {}, "data": named}


_WORDS = """# Title
Text with $x^2$, **bold**, ~~struck~~, [a link](https://example.org "title"), <b>HTML</b> and ![](attachment:a.png)

$$\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}$$

| a | b |
|---|---|
| 1 | 2 |

> quoted

1. one
   - two

```python
import os
```
"""
_PRESENT = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"language_info": {"name": "python"}},
        "cells": [
            {
                "cell_type": "markdown",
                "metadata": {},
                "source": _WORDS,
                "attachments": {"a.png": {"image/png": "AA=="}},
            },
            _code(
                "%matplotlib inline\nprint('hello')  # said",
                {"output_type": "stream", "name": "stdout", "text": "1%\r2%\n\x1b[1;38;5;9mred\x1b[0m"},
                {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[0;31mE\x1b[0m"]},
                _data(text__html="<style>#T_a td {color: rgb(1, 2, 3)}</style><table id=T_a><tr><td>1</table>"),
                _data(image__svg_xml="<svg/>", text__plain="picture"),
                _data(text__latex="$\\frac{1}{2}$"),
                _data(application__json={"a": [1, "ü"]}),
            ),
            _code("%%R\nx <- c(1, 2)"),
        ],
    }
).encode()
_OLD = json.dumps(
    {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 1, "metadata": {}, "source": "Title"},
                    {
                        "cell_type": "code",
                        "collapsed": False,
                        "input": "1",
                        "language": "python",
                        "metadata": {},
                        "outputs": [{"output_type": "pyout", "prompt_number": 1, "text": "1", "metadata": {}}],
                        "prompt_number": 1,
                    },
                ],
                "metadata": {},
            }
        ],
    }
).encode()
SAMPLES = (_PRESENT, _OLD)
