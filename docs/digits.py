"""
The networks of the drawing pad: the weights that lessons 29 and 38 saved, in one file.

``_static/network.js`` reads it: the length of a description in JSON, the description,
weights as 16-bit numbers with a factor for each tensor, and ten test digits.
"""

import ast
import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import torch
from torch import nn

import utils

ROOT = Path(__file__).resolve().parent.parent
# Each network's lesson, the function there that makes it, and the file that holds it.
NETS = {
    "mlp": ("lesson29_mnist", "mlp", "checkpoint.pt"),
    "cnn": ("lesson38_cnn", "cnn", "cnn.pt"),
}


def network(name: str, outputs: Path) -> nn.Sequential:
    """The network as its lesson defines and saved it."""
    lesson, function, file = NETS[name]
    source = (ROOT / "lessons" / f"{lesson}.py").read_text(encoding="utf-8")
    made = [n for n in ast.parse(source).body if getattr(n, "name", "") == function]
    names = {"nn": nn, "opt": Namespace(device="cpu")}
    exec(compile(ast.Module(made, []), lesson, "exec"), names)
    net = names[function]()
    state = torch.load(outputs / lesson / file, map_location="cpu", weights_only=True)
    net.load_state_dict(state.get("net", state))
    return net.eval()


def write(outputs: Path, path: Path) -> None:
    """Write both networks and the first test image of each digit to ``path``."""
    content = bytearray()

    def tensor(values: torch.Tensor) -> dict:
        values = values.detach().numpy().ravel()
        factor = float(np.abs(values).max()) / 32767 or 1.0
        start = len(content)
        content.extend(np.round(values / factor).astype("<i2").tobytes())
        return {"start": start, "size": values.size, "factor": factor}

    def layer(part: nn.Module) -> dict:
        if isinstance(part, (nn.ReLU, nn.LeakyReLU)):
            return {"type": "relu", "slope": getattr(part, "negative_slope", 0)}
        weights = {"weight": tensor(part.weight), "bias": tensor(part.bias)}
        if isinstance(part, nn.Linear):
            return {"type": "linear", **weights}
        sizes = {"kernel": part.kernel_size[0], "stride": part.stride[0]}
        return {"type": "conv", "padding": part.padding[0], **sizes, **weights}

    skipped = (nn.Flatten, nn.Dropout)
    nets = {}
    for name in NETS:
        parts = network(name, outputs)
        nets[name] = [layer(part) for part in parts if not isinstance(part, skipped)]

    images, labels = utils.mnist(ROOT / "data", "cpu")[1].tensors
    digits = []
    for digit in range(10):
        image = images[labels == digit][0] * utils.MNIST_STD + utils.MNIST_MEAN
        digits.append(len(content))
        content.extend(image.mul(255).round().byte().numpy().tobytes())

    about = json.dumps({"nets": nets, "digits": digits}).encode()
    about += b" " * (len(about) % 2)  # 16-bit numbers start at an even place
    path.write_bytes(len(about).to_bytes(4, "little") + about + content)
