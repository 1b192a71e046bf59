"""What the papers' light layers cost against those they replace, as their equations are printed."""


def light_deconvolution(kernel: float, inputs: float, outputs: float | None = None) -> float:
    """A depthwise deconvolution and a 1x1 convolution against a standard deconvolution.

    (K K C + C D) / (K K C D), with as many outputs as inputs where there is one number: paper1,
    equation 4, in parameters or computation; paper4, equation 7, in computation.
    """
    after = inputs if outputs is None else outputs
    return (kernel**2 * inputs + inputs * after) / (kernel**2 * inputs * after)


def light_bottleneck(width: float) -> float:
    """Parameters of the light bottleneck against the standard one: (2 M M + 3 3 M) / 17 M M.

    paper2, equation 4; it takes this for 2/17.
    """
    return (2 * width**2 + 9 * width) / (17 * width**2)
