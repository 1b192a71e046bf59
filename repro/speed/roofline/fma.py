"""The multiply-add peak of a processor: a loop that does nothing else, built here and now.

The loop keeps enough independent chains of vector multiply-adds in registers to fill two pipelines
of four cycles. It is compiled for this processor with the system's compiler and knows nothing of
any library, so a library's figures can be held against it.
"""

import ctypes
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

COMPILERS = ("cc", "gcc", "clang")
TARGETS = ("-march=native", "-mcpu=native", "-O2")
"""the first that the compiler takes"""

SOURCE = """
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define DOZEN(DO) DO(a) DO(b) DO(c) DO(d) DO(e) DO(f) DO(g) DO(h) DO(i) DO(j) DO(k) DO(l)
#define MORE(DO) DO(m) DO(n) DO(o) DO(p) DO(q) DO(r) DO(s) DO(t) DO(u) DO(v) DO(w) DO(x)
#if defined(__AVX512F__) || defined(__aarch64__) /* 32 vector registers, else 16 */
#define CHAINS 24
#define ALL(DO) DOZEN(DO) MORE(DO)
#else
#define CHAINS 12
#define ALL(DO) DOZEN(DO)
#endif
#define START(chain) lanes chain = plus + (float)seed++;
#define STEP(chain) chain = chain * times + plus;
#define ADD(chain) all += chain;
typedef float lanes __attribute__((vector_size(BYTES)));
int bytes(void) { return BYTES; }
int width(void) { return CHAINS * BYTES / sizeof(float); }
float spin(long rounds, float factor, float term) {
  lanes all = {0}, times = all + factor, plus = all + term;
  int seed = 0;
  ALL(START)
  while (rounds--) { ALL(STEP) }
  ALL(ADD)
  return all[0];
}
"""


@dataclass(frozen=True)
class Loop:
    """The compiled loop."""

    spin: Callable[[int], object]
    """run so many rounds; the interpreter is free meanwhile"""
    width: int
    """multiply-adds of float32 a round"""
    source: str


def build() -> Loop | None:
    """The loop for this processor; None where nothing can compile or load it."""
    compiler = next((found for name in COMPILERS if (found := shutil.which(name))), None)
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory(prefix="repro-") as folder:
        source, library = Path(folder, "loop.c"), Path(folder, "loop.so")
        source.write_text(SOURCE, encoding="utf-8")
        if not any(_compiled(compiler, target, source, library) for target in TARGETS):
            return None
        try:
            loop = ctypes.CDLL(str(library))
        except OSError:
            return None
    loop.spin.argtypes = [ctypes.c_long, ctypes.c_float, ctypes.c_float]
    loop.spin.restype = ctypes.c_float
    bits, name = 8 * loop.bytes(), Path(compiler).name
    return Loop(
        spin=lambda rounds: loop.spin(rounds, 0.999, 0.001),  # neither grows nor becomes denormal
        width=loop.width(),
        source=f"a C loop of {bits}-bit multiply-adds in registers, compiled with {name}",
    )


def _compiled(compiler: str, target: str, source: Path, library: Path) -> bool:
    options = ["-O2", "-ffp-contract=fast", "-shared", "-fPIC", target]
    command = [compiler, *options, str(source), "-o", str(library)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


@dataclass(frozen=True)
class ExpectedRate:
    """What a core should do by its instruction set and clock."""

    rate: float
    """multiply-adds of float32 a second; 0 where unknown"""
    source: str


def estimate() -> ExpectedRate:
    """A core's multiply-adds a second without measuring; rough, since clocks boost.

    Lanes a cycle are those of two pipelines of the widest vectors. AMD's before Zen 5 (families
    under 26) run AVX-512 in halves, so it gains nothing over AVX2 there.
    """
    import psutil

    clock = psutil.cpu_freq() if hasattr(psutil, "cpu_freq") else None
    megahertz = max(clock.current, clock.max) if clock else 0.0
    lanes, why = lanes_a_cycle(platform.machine(), _processor())
    if not (lanes and megahertz):
        return ExpectedRate(0.0, "no estimate: neither the instruction set nor the clock is known")
    source = f"estimate: {lanes} lanes a cycle ({why}) x {megahertz:.0f} MHz (psutil)"
    return ExpectedRate(lanes * megahertz * 1e6, source)


def lanes_a_cycle(machine: str, processor: str) -> tuple[int, str]:
    """Multiply-adds of float32 that a core starts each cycle, and by what; 0 where unknown.

    `processor` is the text of /proc/cpuinfo.
    """
    words = set(processor.split())
    if machine in ("aarch64", "arm64"):
        return 8, "NEON, two pipelines"
    if "avx512f" in words and not ("AuthenticAMD" in words and _family(processor) < 26):
        return 32, "AVX-512, two pipelines"
    if words >= {"avx2", "fma"}:
        return 16, "AVX2, two pipelines"
    return 0, ""


def _processor() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""


def _family(processor: str) -> int:
    for line in processor.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "cpu family" and value.strip().isdigit():
            return int(value)
    return 0
