"""Writes the tables of the README and of pages in docs/: ``python docs/write_tables.py``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from dask_animate import Animator
from dask_animate.cli.commands import program
from dask_animate.encoding.encoders import ENCODERS, GPU_ENCODERS, Encoder
from dask_animate.encoding.formats import CODECS, CONTAINERS
from dask_animate.xarray import DataArrayAnimator
from dask_animate.xarray.kinds import KINDS
from dask_animate.xarray.words import CHANNELS, WORDS

ROOT = Path(__file__).parents[1]
#: Between these two comments stands the text that is generated.
BEGIN, END = "<!-- written by docs/write_tables.py -->\n", "<!-- until here -->"


def documented(function: Any) -> dict[str, tuple[str, str]]:
    """Return the type and the description of each parameter of a numpydoc docstring."""
    section = inspect.getdoc(function).split("Parameters\n----------\n")[1].split("\n\nReturns\n")[0]
    entries = re.findall(r"^(\w+) : (.+)\n((?:    .*\n?|\n)+)", section, re.MULTILINE)
    return {name: (kind, " ".join(text.split())) for name, kind, text in entries}


def first_sentence(text: str) -> str:
    """Return it as Markdown."""
    sentence = re.match(r"(?:``.*?``|.)*?\.(?= |$)", text)[0]
    return sentence.replace("``", "`").replace("|", r"\|")


def argument_rows(function: Any) -> Iterator[tuple[str, ...]]:
    """Yield a row for each parameter of a function: its name, its default, what it means."""
    texts = documented(function)
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "self":
            continue
        kind, text = texts[name]
        is_required = parameter.default is parameter.empty
        default = "" if is_required else f"`{parameter.default!r}`".replace("'", '"')
        meaning = first_sentence(text)
        choices = re.findall(r'"\w+"', kind) if kind.startswith("{") else []
        if not all(choice in meaning for choice in choices):
            meaning += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
        yield f"`{name}`", default, meaning


def word_rows() -> Iterator[tuple[str, ...]]:
    """Yield a row for each word of xarray's plots: its name, the plots that take it, what it means."""
    texts = documented(DataArrayAnimator)
    kinds = {kind: kind for kind in KINDS} | {CHANNELS: "RGB images"}
    for name, word in WORDS.items():
        others = [text for kind, text in kinds.items() if kind not in word.kinds]
        listed = [text for kind, text in kinds.items() if kind in word.kinds]
        plots = ", ".join(listed) if len(listed) <= len(others) else f"all but {', '.join(others)}"
        yield f"`{name}`", plots if others else "all", first_sentence(texts[name][1])


def codec_rows() -> Iterator[tuple[str, ...]]:
    """Yield a row for each codec: where it goes, and what can be chosen."""
    for name, codec in CODECS.items():
        fitting = {suffix: kind for suffix, kind in CONTAINERS.items() if name in kind.codecs}
        encoders = [ENCODERS[name], *filter(None, [GPU_ENCODERS.get(name)])]
        translucent = fitting.items() if codec.alpha_format else ()
        yield (
            f"`{name}`",
            _codes(fitting),
            "<br>".join(encoder.name for encoder in encoders),
            ", ".join(codec.pixel_formats),
            "<br>".join(filter(None, map(_presets, encoders))),
            "<br>".join(filter(None, map(_quality, encoders))),
            _codes(suffix for suffix, kind in translucent if kind.has_alpha),
        )


def commands() -> str:
    """Return a section for each command of the command line, with a table of its options."""
    sections = []
    for name, command in sorted(program.commands.items()):
        arguments = [str(one.metavar) for one in command.params if isinstance(one, click.Argument)]
        usage = " ".join(["dask-animate", name, *arguments])
        summary = " ".join((command.help or "").split("\n\n")[0].split())
        rows = table(("option", "meaning"), option_rows(command))
        sections.append(f"### {name}\n\n`{usage}`\n\n{summary}\n\n{rows}")
    return "\n" + "\n".join(sections) + "\n"


def option_rows(command: click.Command) -> Iterator[tuple[str, ...]]:
    """Yield a row for each option of a command: how it is given, what it does."""
    for option in command.params:
        if isinstance(option, click.Option):
            names = ", ".join(f"`{name}`" for name in option.opts)
            value = f" `{option.metavar}`" if option.metavar else ""
            default = f" By default {option.default}." if isinstance(option.default, str) else ""
            yield f"{names}{value}".replace("|", "\\|"), f"{option.help}{default}".replace("|", "\\|")


def _codes(names: Any) -> str:
    return " ".join(f"`{name}`" for name in names)


def _presets(encoder: Encoder) -> str:
    if not encoder.presets:
        return ""
    return f"{encoder.presets[0]} … {encoder.presets[-1]} ({encoder.default_preset})"


def _quality(encoder: Encoder) -> str:
    if encoder.quality_option is None:
        return ""
    return f"{encoder.quality_option} {', '.join(str(encoder.quality(n)) for n in (0, 20, 51))}"


def table(header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = (header, ("---",) * len(header), *rows)
    return "".join(
        "|" + "".join(f" {cell} |" if cell else " |" for cell in line) + "\n" for line in lines
    )


def tables() -> dict[Path, str]:
    """Return the tables, by the page where each stands."""
    codecs = (
        *("codec", "files", "encoder", "`pixel_format`, the first by default"),
        *("presets (default)", "the encoder's numbers for quality 0, 20, 51", "transparent in"),
    )
    arguments = ("argument", "default", "meaning")
    return {
        ROOT / "README.md": table(arguments, argument_rows(Animator.make_video)),
        ROOT / "docs" / "formats.md": table(codecs, codec_rows()),
        ROOT / "docs" / "command-line.md": commands(),
        ROOT / "docs" / "xarray.md": table(("argument", "plots", "meaning"), word_rows()),
    }


def written(text: str, new: str) -> str:
    """Return the text of a page with its table replaced."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}{new}{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    for page, new in tables().items():
        page.write_text(written(page.read_text(), new))
