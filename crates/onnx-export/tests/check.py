"""Checks ONNX files with the reference checker and onnxruntime: `check.py FOLDER`.

The folder holds `images`, 28 * 28 bytes each; and for each NAME.onnx what is expected of each image: ten 32-bit floats in
NAME.probabilities, and a byte in NAME.digits. Needs onnx and onnxruntime (see requirements.txt).
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

# How far a probability may be from the expected one.
TOLERANCE = 1e-5

# Images that are also asked about one at a time.
ALONE = 20


def check(path, images):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def ask(pixels):
        (probabilities,) = session.run(["probabilities"], {"pixels": pixels})
        return probabilities

    probabilities = ask(images)
    expected = np.fromfile(path.with_suffix(".probabilities"), np.float32).reshape(-1, 10)
    digits = np.fromfile(path.with_suffix(".digits"), np.uint8)
    assert probabilities.shape == expected.shape, (path, probabilities.shape, expected.shape)
    error = np.abs(probabilities - expected).max()
    assert error <= TOLERANCE, f"{path}: a probability is off by {error}"
    wrong = np.flatnonzero(probabilities.argmax(1) != digits)
    assert wrong.size == 0, f"{path}: another digit for images {wrong}"
    print(f"{path.stem}: {len(images)} images, probabilities within {error:.1e}")
    for index in range(ALONE):
        alone = np.abs(ask(images[index : index + 1])[0] - expected[index]).max()
        assert alone <= TOLERANCE, f"{path}: alone, image {index} is off by {alone}"


def main():
    folder = Path(sys.argv[1])
    images = np.fromfile(folder / "images", np.uint8).reshape(-1, 1, 28, 28)
    paths = sorted(folder.glob("*.onnx"))
    assert paths, f"{folder} has no ONNX files"
    for path in paths:
        check(path, images)


main()
