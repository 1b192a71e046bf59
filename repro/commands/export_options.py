"""The options of `export`, each named once; see `options` for what commands share."""

from pathlib import Path
from typing import Annotated

from typer import Option

ExportedTo = Annotated[Path, Option("--output", "-o", help="The file to write, NAME.onnx.")]
ExportedBatch = Annotated[str, Option("--batch", help="1, or dynamic for any number of images.")]
ExportedPrecision = Annotated[str, Option("--precision", help="fp32, or fp16 inside.")]
DynamicSize = Annotated[
    bool | None,
    Option(
        "--dynamic-size/--fixed-size",
        help="Whether the file takes inputs of any size; bottom-up networks by default.",
    ),
]
Overwrite = Annotated[bool, Option("--force", help="Write over a file of that name.")]
