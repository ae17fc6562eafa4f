r"""Training steps of an experiment's network in PyTorch, on request.

The benchmark against_peers runs it. By hand, with 2 threads, 20 steps of the compiled network with the channels last:

    (tr -d "\n" < experiment.json; echo; echo channels_last compiled 20) | python3 pytorch_baseline.py 2

The first line of standard input is an experiment as JSON. The answer is PyTorch's version and how many parameters the
network has. Each further line is a memory layout ("default" or "channels_last"), "compiled" or "eager", and a number of
steps; the answer is the milliseconds of one step, or "error:" and why there are none. A step is forward, backward and
update on one fixed batch of random images.
"""
import functools
import json
import sys
import time

import torch
from torch import nn


def modules(layer, dropout):
    """The modules that compute a layer."""
    operation = layer["operation"]
    if operation == "convolution":
        yield nn.Conv2d(layer["in_channels"], layer["out_channels"], layer["kernel"], layer["stride"], layer["padding"],
                        groups=layer.get("groups", 1), bias=layer.get("bias", False))
        if layer["batch_norm"]:
            yield nn.BatchNorm2d(layer["out_channels"])
        if layer["relu"]:
            yield nn.ReLU()
            if dropout > 0:
                yield nn.Dropout(dropout)
    elif operation == "max_pool":
        yield nn.MaxPool2d(layer["kernel"], layer["stride"])
    elif operation == "global_average_pool":
        yield nn.AdaptiveAvgPool2d(1)
    elif operation == "fully_connected":
        yield nn.Flatten()
        yield nn.Linear(layer["in_features"], layer["out_features"])
    else:
        raise ValueError(f"no layer is called {operation}")


def network_of(experiment):
    recipe = experiment["recipe"]
    layers = experiment["architecture"]["layers"]
    with_relu = [place for place, layer in enumerate(layers) if layer.get("relu")]
    if recipe.get("dropout_after") == "last_relu":
        with_relu = with_relu[-1:]
    dropout = [recipe["dropout"] if place in with_relu else 0 for place in range(len(layers))]
    return nn.Sequential(*(module for layer in zip(layers, dropout) for module in modules(*layer)), nn.Flatten())


def optimizer_of(recipe, parameters):
    settings = dict(recipe["optimizer"])
    name = settings.pop("name")
    if name == "sgd":
        # PyTorch's names are the same.
        return torch.optim.SGD(parameters, recipe["learning_rate"], **settings)
    if name == "adam_w":
        betas = settings["beta_1"], settings["beta_2"]
        return torch.optim.AdamW(parameters, recipe["learning_rate"], betas, weight_decay=settings["weight_decay"])
    raise ValueError(f"no optimizer is called {name}")


@functools.cache
def training(text, layout, compiled):
    """The training step of the experiment in this layout, made once."""
    torch.manual_seed(0)
    experiment = json.loads(text)
    architecture, recipe = experiment["architecture"], experiment["recipe"]
    memory_format = {"default": torch.contiguous_format, "channels_last": torch.channels_last}[layout]
    network = network_of(experiment).to(memory_format=memory_format)
    size = architecture["input_size"]
    images = torch.randn(recipe["batch_size"], architecture["input_channels"], size, size)
    images = images.to(memory_format=memory_format)
    labels = torch.arange(recipe["batch_size"]) % 10
    loss = nn.CrossEntropyLoss(label_smoothing=recipe.get("label_smoothing", 0.0))
    optimizer = optimizer_of(recipe, network.parameters())
    forward = torch.compile(network) if compiled else network

    def step():
        optimizer.zero_grad()
        loss(forward(images), labels).backward()
        optimizer.step()

    return step


def milliseconds_per_step(step, steps):
    step()  # Others have had the caches.
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps * 1e3


def answer(text, request):
    layout, mode, steps = request.split()
    try:
        return milliseconds_per_step(training(text, layout, mode == "compiled"), int(steps))
    except Exception as error:  # Compiling fails in many ways, and none is worth more than a line.
        reason = str(error).strip().splitlines() or [type(error).__name__]
        return f"error: {reason[0]}"


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    experiment = sys.stdin.readline()
    parameters = sum(parameter.numel() for parameter in network_of(json.loads(experiment)).parameters())
    print(torch.__version__, parameters, flush=True)
    for request in sys.stdin:
        print(answer(experiment, request), flush=True)
