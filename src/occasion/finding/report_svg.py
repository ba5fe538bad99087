"""From a Vega-Lite specification to an SVG element that can stand in the page: drawn here, asking nobody."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

SVG = "http://www.w3.org/2000/svg"
KEPT_OUT = ("role", "aria-roledescription", "aria-hidden", "aria-label", "class", "pointer-events", "style")


def drawn(spec: dict[str, Any], name: str, alternative: str) -> str:
    """The picture as SVG text: one image with a text alternative, scaled by the page, ids under `name`.

    The specification must carry its data: nothing is fetched. Raises ValueError if it names an address.
    """
    import vl_convert

    if _addresses(spec):
        raise ValueError(f"the picture {name!r} names an address; a report carries its data with it")
    text = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    ET.register_namespace("", SVG)
    root = ET.fromstring(text)
    _clean(root)
    _own_ids(root, name)
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.set("role", "img")
    root.set("aria-label", alternative)
    return ET.tostring(root, encoding="unicode").replace(f' xmlns="{SVG}"', "")  # a page knows what an svg is


def _addresses(part: object) -> bool:
    """Whether anything in the specification is to be fetched."""
    if isinstance(part, dict):
        return "url" in part or any(map(_addresses, part.values()))
    return isinstance(part, list) and any(map(_addresses, part))


def _clean(root: ET.Element) -> None:
    """Away with what only a program that can hover needs, and with fonts by name: the page sets its own."""
    for parent in root.iter():
        for child in list(parent):
            nothing = (child.tag == f"{{{SVG}}}path" and not child.get("d")) or child.get("display") == "none"
            box = child.get("class") in ("background", "foreground")
            if nothing or box:
                parent.remove(child)
    for element in root.iter():
        for attribute in (*KEPT_OUT, "font-family"):
            element.attrib.pop(attribute, None)


def _own_ids(root: ET.Element, name: str) -> None:
    for element in root.iter():
        if "id" in element.attrib:
            element.set("id", f"{name}-{element.get('id')}")
        for key, value in element.attrib.items():
            if "url(#" in value:
                element.set(key, value.replace("url(#", f"url(#{name}-"))
