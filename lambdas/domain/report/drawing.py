"""How the report's pictures are drawn as SVG: self-contained, named for screen readers, in the page's own colours.

pygal draws them. Colours are the page's CSS variables (`--text`, `--line`, `--accent`, `--second`), so that one picture
serves the light and the dark scheme. pygal escapes all texts; its links to scripts and its comments are left out. A
picture of the same figures is the same text.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element

from pygal.style import Style

# Drawn at about this size on a phone and twice as large on a screen, so that the letters can be read on both.
WIDTH, HEIGHT = 420, 280
LEGEND_ROW = 20
LONGEST_LABEL = 24
_FONTS = {
    f"{name}_font_size": 13
    for name in ("label", "major_label", "legend", "title", "value", "value_label", "no_data", "tooltip")
}


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10 and their multiples by powers of ten that is not below `least`; 1 for nothing."""
    if least <= 0:
        return 1
    power = 10.0 ** math.floor(math.log10(least))
    return next((step * power for step in (1, 2, 5) if step * power >= least), 10 * power)


def ticks(low: float, high: float) -> list[float]:
    """About five round numbers that enclose a range."""
    step = round_step((high - low) / 5)
    return [round(float(place * step), 6) for place in range(math.floor(low / step), math.ceil(high / step) + 1)]


def new_chart(kind: type[Any], title: str, **settings: Any) -> Any:
    """A chart of one of pygal's kinds in the report's size; `settings` are pygal's."""
    return kind(
        **{
            "title": title,
            "width": WIDTH,
            "height": HEIGHT,
            "margin": 6,
            "js": [],
            "legend_at_bottom": True,
            "legend_box_size": 12,
            "truncate_label": LONGEST_LABEL,
            "truncate_legend": -1,
            "y_labels_major_count": 0,
            "stroke_style": {"width": 2},
            "disable_xml_declaration": True,
            "no_data_text": "no figures",
            **settings,
        }
    )


def svg_of(chart: Any, colours: Sequence[str] = ("var(--second)", "var(--accent)")) -> str:
    """The chart as an SVG element to be put into a page as it is: pygal has escaped its texts."""
    chart.config.style = Style(
        background="transparent",
        plot_background="transparent",
        value_background="transparent",
        foreground="var(--text)",
        foreground_strong="var(--text)",
        foreground_subtle="var(--text)",
        guide_stroke_color="var(--line)",
        major_guide_stroke_color="var(--line)",
        guide_stroke_dasharray="none",
        major_guide_stroke_dasharray="none",
        opacity=".6",
        opacity_hover=".6",
        stroke_opacity="1",
        stroke_width="2",
        transition="none",
        font_family="system-ui, sans-serif",
        colors=tuple(colours),
        value_colors=("var(--text)",) * len(colours),
        ci_colors=("var(--text)",) * len(colours),
        **_FONTS,
    )
    # The id that its style is bound to: the same for the same figures, another for each picture of a page.
    figures = repr((chart.config.title, chart.raw_series))
    chart.uuid = hashlib.sha256(figures.encode()).hexdigest()[:12]
    chart.add_xml_filter(_self_contained)
    svg: str = chart.render(is_unicode=True)
    return svg


def _self_contained(root: Element) -> Element:
    """A picture for screen readers, without scripts and comments; its title is the first thing in it."""
    root.set("role", "img")
    root.set("aria-label", root.findtext("title") or "")
    for parent in list(root.iter()):
        for child in list(parent):
            # A comment's tag is the function that makes comments.
            if not isinstance(child.tag, str) or child.tag == "script":
                parent.remove(child)
    return root
