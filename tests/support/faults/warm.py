"""Everything that commands import, imported once in the process that others are forked from."""

import contextlib
import functools
import gc
import importlib
import os
import pkgutil
import resource
import sys
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["COLUMNS"] = "80"
LIBRARIES = (
    *(
        "cv2",
        "faster_coco_eval",
        "fvcore.nn",
        "hotcoco",
        "hypothesis",
        "jinja2",
        "lightning_fabric",
    ),
    *("numpy", "onnx", "onnxruntime", "orjson", "pandas", "pooch", "pycocotools.coco", "requests"),
    *("pycocotools.cocoeval", "rich.console", "rich.table", "rich.progress", "safetensors.torch"),
    *("scipy.io", "scipy.optimize", "timm", "torch", "torchvision", "pandas.core.reshape.reshape"),
    *("psutil", "torch.utils.serialization", "torch.utils.tensorboard", "zoo.weights"),
)
KEPT = ("repro.records.fingerprint", "repro.records.outside_code", "repro.schema", "repro.env")
"""modules whose caches depend on no file of a case"""
TABLES = ("repro.papers", "repro.verdicts", "repro.estimates")
"""rooms whose caches hold what the papers' tables say"""


def _import_all() -> None:
    import repro

    for name in LIBRARIES:
        importlib.import_module(name)
    for one in pkgutil.walk_packages(repro.__path__, "repro."):
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(one.name)


def _read_papers() -> None:
    from repro.papers import study

    for paper in study.study_names():
        for table in study.table_names(paper):
            study.load_table(paper, table)


@functools.cache
def _caches() -> "list[functools._lru_cache_wrapper[object]]":
    """The caches of functions that read what a user may change."""
    return [
        one
        for one in gc.get_objects()
        if isinstance(one, functools._lru_cache_wrapper)
        and one.__module__.startswith("repro.")
        and one.__module__ not in KEPT
    ]


def forget(tables: bool) -> None:
    """As if no command had run in this process; the papers are known still, unless asked for."""
    from repro.models import registry

    for cache in _caches():
        if tables or not cache.__module__.startswith(TABLES):
            cache.cache_clear()
    registry.forget()


def limit(more: int) -> None:
    """No more than so many bytes of addresses may come to those that the process has."""
    if sys.platform != "linux":
        return
    with open("/proc/self/statm") as file:  # noqa: PTH123
        pages = int(file.read().split()[0])
    most = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    _import_all()
    _caches()
    _read_papers()
gc.collect()
gc.freeze()  # what is here stays shared with the processes that are forked
