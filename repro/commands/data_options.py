"""The options of data sets and of what is fetched, each named once; see `options`."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from repro.commands.limits import MOST_PICTURES
from repro.env import OUTSIDE, allow_outside

FetchedThings = Annotated[
    list[str] | None,
    Argument(help="`coco val2017`, `weights lpn_*`, `paper1 table1`; see --list."),
]
ListDownloads = Annotated[bool, Option("--list", help="List every file that is known.")]
Mirrors = Annotated[
    list[str] | None,
    Option("--from", help="An address or a folder with the same file names, tried first."),
]
Offline = Annotated[
    bool,
    Option("--offline", envvar="REPRO_OFFLINE", help="Make no connection; fetch from folders."),
]
Yes = Annotated[bool, Option("--yes", "-y", help="Do not ask before a large download.")]
KeepArchives = Annotated[
    bool, Option("--keep-archives", help="Keep what was unpacked, beside its folder.")
]
FetchFirst = Annotated[
    bool, Option("--fetch", help="First fetch what evaluations lack and is public; see `fetch`.")
]

CheckedFolder = Annotated[
    Path, Argument(envvar="REPRO_DATA", help="Folder with coco, crowdpose, mpii.")
]
ImagesOfFile = Annotated[
    Path | None, Option(help="Of an annotation file: the folder of its images.")
]
JointsOfFile = Annotated[
    str | None, Option(help="Of an annotation file: whose joints; a FILE.toml, or coco, crowdpose.")
]
AnnotatedSheet = Annotated[
    Path, Option(help="Of an annotation file: a PNG of a few annotated persons.")
]
AllowOutside = Annotated[
    bool,
    Option(
        "--allow-outside",
        envvar=OUTSIDE,
        callback=allow_outside,
        help="Pictures may lie outside of their folder, by their name or through a link.",
    ),
]
SynthFolder = Annotated[Path, Argument(help="It gets a folder `synth`.")]
TrainPictures = Annotated[int, Option(min=1, max=MOST_PICTURES, help="Pictures to train on.")]
ValPictures = Annotated[int, Option(min=1, max=MOST_PICTURES, help="Pictures to evaluate on.")]
PictureSeed = Annotated[int, Option(min=0, max=2**32, help="Another seed, other pictures.")]
