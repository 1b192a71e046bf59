"""The options and arguments of all commands, each named once: its form, its range, its help."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from repro.commands import completions
from repro.commands.limits import (
    LONGEST,
    MOST,
    MOST_AT_ONCE,
    MOST_EPOCHS,
    MOST_JOINTS,
    MOST_THREADS,
)
from repro.commands.option_checks import finite, looked_at, screened

RECORDS, RESULTS = Path("records"), Path("RESULTS.md")

# what many commands share

Json = Annotated[bool, Option("--json", help="One JSON object on stdout, nothing else.")]
StoreDir = Annotated[Path, Option("--store", envvar="REPRO_STORE", help="Folder of the records.")]
DataDir = Annotated[
    Path | None,
    Option("--data", envvar="REPRO_DATA", help="Folder with coco, crowdpose, mpii, synth."),
]
Summary = Annotated[Path | None, Option(help="Append to a GitHub step summary.")]

# a paper of one's own

NewPaper = Annotated[str, Argument(help="Its name: a-z, 0-9 and -, as `paper5`.")]
TypedTables = Annotated[
    list[Path] | None,
    Option("--from", help="A table as CSV, as it is printed: headings, then a row a network."),
]
TablesFolder = Annotated[
    Path | None, Argument(help="A folder of papers, or one paper; else $REPRO_TABLES.")
]

# which printed numbers

Paper = Annotated[
    str,
    Argument(
        autocompletion=completions.papers, help="A paper's name or short name; see `repro list`."
    ),
]
PaperOrAll = Annotated[
    str, Argument(autocompletion=completions.papers_or_all, help="A paper, or all.")
]
ListedPaper = Annotated[
    str | None, Argument(autocompletion=completions.papers, help="One paper: its tables.")
]
ListModels = Annotated[bool, Option("--models", help="The models of the zoo.")]
Table = Annotated[str, Argument(autocompletion=completions.tables, help="table1, 1 or I.")]
TableOrAll = Annotated[
    str | None,
    Argument(autocompletion=completions.tables, help="One table; all of them by default."),
]
Row = Annotated[
    str, Argument(autocompletion=completions.rows, help="The row's label, or its beginning.")
]
Column = Annotated[
    str, Argument(autocompletion=completions.columns, help="The column's key, label or metric.")
]
RowPattern = Annotated[
    str | None,
    Option("--row", autocompletion=completions.rows, help="Only rows like `LPN*`."),
]
Metrics = Annotated[str, Option("--metric", help="Only these, as in `params,macs`.")]
ClaimKinds = Annotated[
    str, Option("--kind", help="Only these: result, cost, speed, recipe, unit, reference.")
]
ClaimWords = Annotated[str, Option("--about", help="Only sentences with these words.")]
ClaimNetworks = Annotated[
    bool, Option("--networks", help="Build what claims ask of networks, and write networks.json.")
]
FailOnClaim = Annotated[str, Option(help="Exit with 3 on these verdicts, as in `contradicted`.")]
AuditRules = Annotated[str, Option("--rule", help="Only these, as in `area,sums`.")]
Consistent = Annotated[bool, Option("--all", help="Also what is consistent.")]
FailOnFinding = Annotated[
    str, Option(help="Exit with 3 on these: contradiction, implausible, note.")
]

# a network, its weights, and what it runs on

CountedModels = Annotated[
    list[str],
    Argument(
        autocompletion=completions.models,
        help="Models, patterns such as `lpn_*`, or exported FILE.onnx.",
    ),
]
Model = Annotated[
    str,
    Argument(
        autocompletion=completions.models, help="A model of the zoo; see `repro list --models`."
    ),
]
ModelOrFile = Annotated[
    str,
    Argument(
        callback=looked_at,
        autocompletion=completions.models,
        help="A model, or an exported FILE.onnx, FILE.xml (OpenVINO) or FILE.tflite.",
    ),
]
ModelFileOrTruth = Annotated[
    str,
    Argument(
        callback=looked_at,
        autocompletion=completions.models,
        help="A model, an exported FILE.onnx, FILE.xml (OpenVINO) or FILE.tflite, or `truth` for a "
        "perfect one.",
    ),
]
ModelOptions = Annotated[
    list[str] | None, Option(help="An option of the model, as in `attention=se`.")
]
SizeOrUsual = Annotated[str | None, Option("--input", help="Height x width.")]
Weights = Annotated[Path | None, Option(callback=screened, help="A checkpoint of the model.")]
AllowPartial = Annotated[bool, Option("--allow-partial", help="Load what fits of a checkpoint.")]
Entry = Annotated[
    str | None,
    Option("--entry", help="Which of a checkpoint's sets of tensors, as in `state_dict_ema`."),
]
Device = Annotated[str, Option(help="cpu or cuda.")]
Crops = Annotated[int, Option(min=1, max=MOST_AT_ONCE, help="Crops at a time.")]
Threads = Annotated[int | None, Option(min=1, max=MOST_THREADS, help="Of the network.")]

# readings

SearchReadings = Annotated[bool, Option("--search", help="Try every reading of the grid.")]
FixedValues = Annotated[
    list[str] | None, Option("--fix", help="Search with this value alone, as in `order=first`.")
]
MostReadings = Annotated[
    int | None,
    Option("--limit", min=1, max=MOST, help="Try about so many, in whole parts of the grid."),
]

# plan and run

Train = Annotated[
    str | None,
    Option(help="Train the weights that are not there: smoke, paper or official recipe."),
]
Seeds = Annotated[
    int | None,
    Option(min=1, max=100, help="Trainings of each row; without --train of one ablation's, small."),
]
EpochsOfEach = Annotated[
    int | None, Option(min=1, max=MOST_EPOCHS, help="Of each training, not the recipe's.")
]
PicturesDir = Annotated[Path, Option(help="Folder of the pictures that are generated.")]
BudgetOfEach = Annotated[
    float,
    Option(
        min=1, max=LONGEST, callback=finite, help="Seconds for each set of networks that is timed."
    ),
]
Fresh = Annotated[bool, Option("--fresh", help="Measure again, keep both.")]
Estimate = Annotated[
    bool,
    Option("--estimate", help="What it would cost; measures the speed of each network here, once."),
]
OnDevices = Annotated[str, Option("--on", help="Of an estimate: `1xA100`, `8xH100`, or `here`.")]
ExecutorName = Annotated[
    str, Option("--executor", help="Who makes the runs: local, or ray for a cluster.")
]
SideBySide = Annotated[
    int | None,
    Option("--workers", min=1, max=1024, help="Runs at a time on this machine; ray: one a core."),
]
RayAddress = Annotated[
    str | None,
    Option("--address", help="Of a Ray cluster, whose nodes have the data at the same paths."),
]
ResultsFile = Annotated[Path, Option(help="The file to write.")]
NoWrite = Annotated[bool, Option("--no-write", help="Leave RESULTS.md alone.")]
FailOnVerdict = Annotated[
    str, Option(help="Exit 3 if a cell has one of these verdicts, as in `off,near`.")
]
Strict = Annotated[bool, Option("--strict", help="Exit 4 if a selected cell is missing.")]
Quiet = Annotated[bool, Option("--quiet", "-q", help="Only the totals.")]

# rehearse

Share = Annotated[
    float,
    Option(callback=finite, help="Of the official number of pictures, above 0 and at most 1."),
]
RehearsalDir = Annotated[
    Path, Option("--out", help="Folder of all that is made; gone on with if it is there.")
]
ShowRehearsal = Annotated[
    bool, Option("--plan", help="Make the pictures, tell what would be run, run nothing.")
]
RehearsedSteps = Annotated[
    int,
    Option(min=1, max=10_000, help="Steps of an epoch, of the two of a training that is made now."),
]

# count, parity and weights

Convention = Annotated[str, Option(help="A counting convention, or all.")]
Keypoints = Annotated[
    int | None, Option(min=1, max=MOST_JOINTS, help="17 COCO, 16 MPII, 14 CrowdPose.")
]
Depth = Annotated[int, Option(min=0, max=1000, help="Levels of the module tree.")]
GoldenModels = Annotated[list[str] | None, Argument(help="All with a golden by default.")]
GoldenDir = Annotated[Path, Option(help="Folder of goldens.")]
PublishedModel = Annotated[str | None, Argument(help="One model; all by default.")]
CheckedFile = Annotated[
    Path | None, Option("--check", callback=screened, help="Report how a checkpoint fits.")
]
WeightsDir = Annotated[
    Path | None, Option("--data", envvar="REPRO_DATA", help="Where files may be.")
]
CheckedKeypoints = Annotated[
    int | None, Option(min=1, max=MOST_JOINTS, help="17 COCO, 16 MPII, 14 CrowdPose.")
]

# the rules of an evaluation: eval and predict

Dataset = Annotated[
    str | None,
    Option(
        help="coco, crowdpose, mpii, synth, synth-crowdpose, or your own FILE.json or FILE.toml."
    ),
]
JointsOf = Annotated[
    str | None,
    Option(help="Whose joints: coco, crowdpose, mpii, or those of FILE.json or FILE.toml."),
]
Split = Annotated[str | None, Option(help="val2017, test, val ...")]
Protocol = Annotated[
    str | None,
    Option(
        autocompletion=completions.protocols,
        help="A protocol such as paper2/coco-val2017; else the model's. Several, as in A,B, or all "
        "combinations of rules that no option fixes: all.",
    ),
]
ProtocolOfPictures = Annotated[
    str | None,
    Option(autocompletion=completions.protocols, help="As in paper2/coco-val2017."),
]
Annotations = Annotated[Path | None, Option(help="An annotation file by name.")]
Images = Annotated[Path | None, Option(help="The folder of its images.")]
HeadBoxes = Annotated[Path | None, Option(help="MPII: mpii_gt_valid.mat.")]
Boxes = Annotated[str | None, Option(help="A detector's json file, or `gt` for ground truth.")]
Decode = Annotated[
    str | None, Option(help="argmax, argmax+quarter, DARK, beta-soft-argmax(160) ...")
]
DecodeOfPictures = Annotated[str | None, Option(help="argmax+quarter, DARK ...")]
Flip = Annotated[bool | None, Option("--flip/--no-flip", help="Flip test.")]
Shift = Annotated[bool | None, Option("--shift/--no-shift", help="Shift of the flipped maps.")]
Colour = Annotated[str | None, Option("--colour", "--colours", help="RGB or BGR.")]
Normalise = Annotated[
    str | None,
    Option(help="ImageNet, 128/256, 0..1, -1..1, 0..255; or means/deviations: 1,2,3/4,5,6."),
]
OutputName = Annotated[
    str | None,
    Option(help="Of an exported file the output that is read; several with commas: X,Y of simcc."),
]
HeadName = Annotated[
    str | None,
    Option(
        "--head",
        help="What an exported file gives: heatmaps, simcc, points (MoveNet), rows (YOLO-pose), "
        "fields, offsets, tags.",
    ),
]
Layout = Annotated[str | None, Option(help="Of an exported file's input: NCHW or NHWC.")]
Remember = Annotated[
    bool,
    Option("--remember", help="Write what is said of an exported file into FILE.toml beside it."),
]
Nms = Annotated[str | None, Option(help="OKS above which persons are one, or off.")]
Padding = Annotated[float | None, Option(callback=finite, help="Of the boxes, 1.25 as a rule.")]
Udp = Annotated[bool | None, Option("--udp/--no-udp", help="UDP geometry.")]
Geometry = Annotated[
    str | None,
    Option(help="plain, udp, or udp-in: cut as UDP does, plain back, as PaddleDetection."),
]
Rescoring = Annotated[
    str | None, Option(help="A person's score: joints (box x mean of the joints), or box.")
]
JointScore = Annotated[
    float | None,
    Option(callback=finite, help="What joints must score more than to count, 0.2 as a rule."),
]
LeastBoxScore = Annotated[
    float | None, Option("--box-score", callback=finite, help="The least of a detector's boxes.")
]
Evaluator = Annotated[
    str | None, Option(help="Who scores by OKS: pycocotools, faster-coco-eval ... as they can.")
]
Target = Annotated[str | None, Option(help="A printed figure, to find the settings nearest to it.")]
Exif = Annotated[
    str | None,
    Option(help="The turn that a picture's EXIF asks for: ignore, as HRNet does, or apply."),
]
Loaders = Annotated[int, Option(min=1, max=64, help="Threads that load images.")]
PosesFile = Annotated[Path | None, Option(help="Write the poses, COCO format.")]
FreshEvaluation = Annotated[
    bool, Option("--fresh", help="Evaluate again from the start, keep both.")
]
Pictures = Annotated[list[Path], Argument(help="Pictures, folders of them, or videos.")]
Recursive = Annotated[
    bool, Option("--recursive", "-r", help="Also the pictures of folders in the folders.")
]
EveryFrame = Annotated[
    int, Option("--every", min=1, max=MOST, help="Of a video look at every Nth frame.")
]
ExifOfPictures = Annotated[
    str, Option("--exif", help="The turn that a picture's EXIF asks for: apply, or ignore.")
]
DetectorFile = Annotated[
    Path | None,
    Option(
        "--detector",
        callback=looked_at,
        autocompletion=completions.models,
        help="An exported FILE.onnx that finds the persons, as YOLOX or YOLOv8.",
    ),
]
BoxScore = Annotated[
    float,
    Option(
        min=0,
        max=1,
        callback=finite,
        help="The least that a detector, or a network of rows, must give a box.",
    ),
]
BoxOverlap = Annotated[
    float,
    Option(min=0, max=1, callback=finite, help="IoU of a detector's boxes above which one goes."),
]
PersonClass = Annotated[
    int | None,
    Option(min=0, max=MOST, help="Number of the detector's class of persons, 0 as a rule."),
]
DetectorColour = Annotated[str | None, Option(help="What the detector takes: RGB or BGR.")]
DetectorNormalise = Annotated[
    str | None, Option(help="As --normalise, for the detector; else as its kind has it.")
]
PersonBoxes = Annotated[
    list[str] | None, Option(help="left,top,width,height of a person, for one picture.")
]
BoxesFile = Annotated[Path | None, Option(help="A json list of {file_name, bbox, score}.")]
PosesDir = Annotated[Path, Option(help="Folder of what is written.")]
LeastScore = Annotated[
    float, Option(min=0, max=MOST, callback=finite, help="Score below which a joint is not drawn.")
]

# boxes

BoxDetector = Annotated[
    Path,
    Argument(metavar="DETECTOR", callback=looked_at, help="An exported FILE of a detector."),
]
BoxedImages = Annotated[Path, Option("--images", help="The folder of the pictures.")]
BoxesTo = Annotated[Path, Option("--output", "-o", help="The file to write, NAME.json.")]
ImageList = Annotated[
    Path | None, Option("--annotations", help="A file whose images they are, with its ids.")
]
ExifOfBoxes = Annotated[
    str,
    Option("--exif", help="The turn that a picture's EXIF asks for: ignore, as eval, or apply."),
]

# schema

AnsweringCommand = Annotated[
    list[str] | None, Argument(help="One command, as in `data check`; all by default.")
]

# report

DryRun = Annotated[bool, Option("--dry-run", help="Only tell.")]
ReportFile = Annotated[
    Path | None, Option("--output", "-o", help="The file; its ending tells the format.")
]
ReportFormat = Annotated[
    str, Option("--format", help="html (the default), md, csv, latex, json, junit or svg.")
]
CheckReport = Annotated[
    bool, Option("--check", help="Write nothing; exit 3 if the file would change.")
]
