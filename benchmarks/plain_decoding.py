"""Plain readings of the official decoding procedures, to measure and to check against.

They do what the official code does, in its order and by its means: the maximum over a batch in
numpy, then one person and one joint after the other, cv2.GaussianBlur for DARK, torch for
soft-argmax, the mapping back into the image point by point. Sources: deep-high-resolution-net
(maximum, quarter offset, mapping), MMPose 1.x (DARK, DARK-UDP), lpn-pytorch (soft-argmax).
Maps are (N, K, 64, 48) float32; DARK is that of sigma 2.
"""

import math

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

HEIGHT, WIDTH = 64, 48

Array = NDArray[np.float32 | np.float64]
Result = tuple[Array, Array]


def plain_maximum(maps: Array) -> Result:
    """Largest pixel (N, K, 2) and value (N, K)."""
    flat = maps.reshape(*maps.shape[:2], -1)
    best, values = np.argmax(flat, 2), np.amax(flat, 2)
    points = np.stack((best % WIDTH, np.floor(best / WIDTH)), axis=2).astype(np.float32)
    points *= np.greater(values, 0)[:, :, None]
    return points, values


def plain_quarter(points: Array, maps: Array) -> None:
    """Move each point by a quarter pixel, one after the other."""
    for n in range(points.shape[0]):
        for k in range(points.shape[1]):
            one = maps[n][k]
            x = math.floor(points[n][k][0] + 0.5)
            y = math.floor(points[n][k][1] + 0.5)
            if 1 < x < WIDTH - 1 and 1 < y < HEIGHT - 1:
                slope = np.array([one[y][x + 1] - one[y][x - 1], one[y + 1][x] - one[y - 1][x]])
                points[n][k] += np.sign(slope) * 0.25


def plain_blur(maps: Array, kernel: int) -> Array:
    """One person's maps, blurred one by one and brought back to their maxima."""
    border = (kernel - 1) // 2
    for k in range(len(maps)):
        peak = np.max(maps[k])
        wide = np.zeros((HEIGHT + 2 * border, WIDTH + 2 * border), dtype=np.float32)
        wide[border:-border, border:-border] = maps[k]
        blurred = cv2.GaussianBlur(wide, (kernel, kernel), 0)
        maps[k] = blurred[border:-border, border:-border]
        maps[k] *= peak / np.max(maps[k])
    return maps


def plain_dark(points: Array, maps: Array) -> None:
    """One Newton step a joint, differences over two pixels."""
    for n in range(len(points)):
        logs = np.log(np.maximum(plain_blur(maps[n].copy(), 11), 1e-10))
        for k in range(points.shape[1]):
            x, y = points[n, k].astype(int)
            if 1 < x < WIDTH - 2 and 1 < y < HEIGHT - 2:
                h = logs[k]
                dx, dy = 0.5 * (h[y, x + 1] - h[y, x - 1]), 0.5 * (h[y + 1, x] - h[y - 1, x])
                dxx = 0.25 * (h[y, x + 2] - 2 * h[y, x] + h[y, x - 2])
                dyy = 0.25 * (h[y + 2, x] - 2 * h[y, x] + h[y - 2, x])
                dxy = h[y + 1, x + 1] - h[y - 1, x + 1] - h[y + 1, x - 1] + h[y - 1, x - 1]
                dxy *= 0.25
                if dxx * dyy - dxy**2 != 0:
                    hessian = np.array([[dxx, dxy], [dxy, dyy]])
                    points[n, k] -= np.linalg.inv(hessian) @ np.array([dx, dy])


def plain_dark_udp(points: Array, maps: Array) -> None:
    """One Newton step a joint, differences over one pixel; vectorised over a person's joints."""
    for n in range(len(points)):
        logs = np.log(np.clip(plain_blur(maps[n].copy(), 11), 1e-3, 50))
        h = np.pad(logs, ((0, 0), (1, 1), (1, 1)), mode="edge").ravel()
        row = WIDTH + 2
        at = (points[n, :, 0] + 1 + (points[n, :, 1] + 1) * row).astype(int)
        at += np.arange(len(at)) * row * (HEIGHT + 2)
        right, left, below, above = h[at + 1], h[at - 1], h[at + row], h[at - row]
        slope = np.stack((0.5 * (right - left), 0.5 * (below - above)), axis=1)
        dxx, dyy = right - 2 * h[at] + left, below - 2 * h[at] + above
        corners = h[at + row + 1] + h[at - row - 1]
        dxy = 0.5 * (corners - right - below - left - above + 2 * h[at])
        hessian = np.stack((dxx, dxy, dxy, dyy), axis=1).reshape(-1, 2, 2)
        inverse = np.linalg.inv(hessian + np.finfo(np.float32).eps * np.eye(2))
        points[n] -= np.einsum("kij,kj->ki", inverse, slope)


def plain_soft_argmax(maps: Array, beta: float = 160.0) -> Result:
    """Mean place under the softmax, and the values at the nearest pixels one by one."""
    heat = torch.from_numpy(maps)
    shares = torch.softmax(heat.view(*heat.shape[:2], -1) * beta, dim=-1).view_as(heat)
    rows, columns = torch.meshgrid(
        torch.arange(HEIGHT).float(), torch.arange(WIDTH).float(), indexing="ij"
    )
    across = torch.sum(shares * columns, dim=(2, 3))
    down = torch.sum(shares * rows, dim=(2, 3))
    points = torch.stack((across, down), dim=-1).numpy()
    nearest = np.round(points).astype(np.int32)
    values = np.zeros(points.shape[:2])
    for n in range(points.shape[0]):
        for k in range(points.shape[1]):
            values[n, k] = maps[n, k, nearest[n, k, 1], nearest[n, k, 0]]
    return points, values


def plain_third(a: Array, b: Array) -> Array:
    """The corner of a right angle's other leg."""
    leg = a - b
    return b + np.array([-leg[1], leg[0]], dtype=np.float32)


def plain_to_image(points: Array, centres: Array, extents: Array) -> Array:
    """Person by person a matrix from three point pairs, then point by point."""
    found = np.zeros(points.shape)
    for n in range(len(points)):
        centre, wide = centres[n].astype(np.float32), np.float32(extents[n][0])
        there, here = np.zeros((3, 2), dtype=np.float32), np.zeros((3, 2), dtype=np.float32)
        there[0] = centre
        there[1] = centre + np.array([0, -wide / 2], dtype=np.float32)
        there[2] = plain_third(there[0], there[1])
        here[0] = (WIDTH / 2, HEIGHT / 2)
        here[1] = (WIDTH / 2, HEIGHT / 2 - WIDTH / 2)
        here[2] = plain_third(here[0], here[1])
        turn = cv2.getAffineTransform(here, there)
        for k in range(points.shape[1]):
            x, y = points[n, k]
            found[n, k] = np.dot(turn, np.array([x, y, 1.0]).T)[:2]
    return found


def plain(how: str, maps: Array) -> Result:
    """What the official procedure finds, in heatmap pixels."""
    if how.startswith("soft-argmax"):
        points, values = plain_soft_argmax(maps)
    else:
        points, values = plain_maximum(maps)
    if how.endswith("quarter"):
        plain_quarter(points, maps)
    elif how == "dark":
        plain_dark(points, maps)
    elif how == "dark-udp":
        plain_dark_udp(points, maps)
    return points, values
