"""Training steps of the reference network in PyTorch, on request: echo "default 20" | python3 pytorch_baseline.py 2 128

Takes the number of threads and the batch size. Says PyTorch's version, then answers each line of standard input, a
memory layout ("default" or "channels_last") and a number of steps, with the milliseconds of one step. A step is
forward, backward and update on one fixed batch.
"""
import functools
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


def block(channels_in, channels_out, kernel, padding=0):
    convolution = nn.Conv2d(channels_in, channels_out, kernel, padding=padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels_out), nn.ReLU())


def reference_network():
    return nn.Sequential(
        block(1, 8, 3), block(8, 16, 3), nn.MaxPool2d(2), block(16, 8, 1), block(8, 10, 3), block(10, 16, 3),
        block(16, 16, 3), block(16, 16, 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


@functools.cache
def training(layout, batch):
    """The training step in this layout, made once."""
    torch.manual_seed(0)
    memory_format = {"default": torch.contiguous_format, "channels_last": torch.channels_last}[layout]
    network = reference_network().to(memory_format=memory_format)
    images = torch.randn(batch, 1, 28, 28).to(memory_format=memory_format)
    labels = torch.arange(batch) % 10
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimizer.step()

    return step


def milliseconds_per_step(step, steps):
    step()  # Others have had the caches.
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps * 1e3


if __name__ == "__main__":
    threads, batch = map(int, sys.argv[1:])
    torch.set_num_threads(threads)
    print(torch.__version__, flush=True)
    for line in sys.stdin:
        layout, steps = line.split()
        print(milliseconds_per_step(training(layout, batch), int(steps)), flush=True)
