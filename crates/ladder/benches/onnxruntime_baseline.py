r"""Predictions of a network with ONNX Runtime, on request. The benchmark latency runs it: onnxruntime_baseline.py THREADS

The first line of standard input is a JSON object: "architecture" as in an experiment, "classes", how a pixel becomes a
value ("scale" and "shift"), and three files: "weights", 32-bit floats, those of each layer followed by its biases, batch
normalisation folded in; "images", bytes; and "probabilities", 32-bit floats, which are to be found as well.

The answer is ONNX Runtime's version and how many images it computes at once at its fastest. Each further line is
"one COUNT" or "all"; the answer is the milliseconds of one image by itself, the median of so many, or all images a
second. Images are floats when their time begins. Every answer may be "error:" and why there is none.
"""
import json
import statistics
import sys
import time

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

BATCHES = [8, 16, 32, 64, 128, 256, 1000]


class Model:
    """The nodes and weights of a network in the making; every node takes what the one before yields."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes = []
        self.initializers = []
        self.last = "images"

    def take(self, *shape):
        """The name of a tensor of this shape, whose values are the next weights."""
        count = int(numpy.prod(shape))
        values, self.weights = self.weights[:count], self.weights[count:]
        name = f"weights_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(values.reshape(shape), name))
        return name

    def add(self, operation, *weights, **attributes):
        output = f"{operation}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, [self.last, *weights], [output], **attributes))
        self.last = output

    def add_layer(self, layer):
        operation = layer["operation"]
        if operation == "convolution":
            kernel, groups = layer["kernel"], layer.get("groups", 1)
            weights = self.take(layer["out_channels"], layer["in_channels"] // groups, kernel, kernel)
            self.add("Conv", weights, self.take(layer["out_channels"]), kernel_shape=[kernel] * 2, group=groups,
                     strides=[layer["stride"]] * 2, pads=[layer["padding"]] * 4)
            if layer["relu"]:
                self.add("Relu")
        elif operation == "max_pool":
            self.add("MaxPool", kernel_shape=[layer["kernel"]] * 2, strides=[layer["stride"]] * 2)
        elif operation == "global_average_pool":
            self.add("GlobalAveragePool")
        elif operation == "fully_connected":
            self.add("Flatten")
            weights = self.take(layer["out_features"], layer["in_features"])
            self.add("Gemm", weights, self.take(layer["out_features"]), transB=1)
        else:
            raise ValueError(f"no layer is called {operation}")

    def serialized(self, image, classes):
        if self.weights.size > 0:
            raise ValueError(f"{self.weights.size} weights too many")
        self.add("Flatten")
        self.add("Softmax", axis=1)
        inputs = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["count", *image])
        outputs = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, ["count", classes])
        graph = helper.make_graph(self.nodes, "network", [inputs], [outputs], self.initializers)
        # The versions that the operations above are of; ONNX Runtime reads older ones than it writes.
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        model.ir_version = 8
        return model.SerializeToString()


class Predictions:
    """A session, images and room for their probabilities, bound without a copy."""

    def __init__(self, request, threads):
        architecture = request["architecture"]
        image = [architecture["input_channels"]] + [architecture["input_size"]] * 2
        model = Model(numpy.fromfile(request["weights"], numpy.float32))
        for layer in architecture["layers"]:
            model.add_layer(layer)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        serialized = model.serialized(image, request["classes"])
        self.session = onnxruntime.InferenceSession(serialized, options, providers=["CPUExecutionProvider"])
        self.output = model.last
        pixels = numpy.fromfile(request["images"], numpy.uint8).astype(numpy.float32)
        self.images = (pixels * numpy.float32(request["scale"]) + numpy.float32(request["shift"])).reshape(-1, *image)
        self.probabilities = numpy.zeros((len(self.images), request["classes"]), numpy.float32)

    def binding(self, first, count):
        """What makes the probabilities of these images."""
        binding = self.session.io_binding()
        images, probabilities = self.images[first:first + count], self.probabilities[first:first + count]
        binding.bind_input("images", "cpu", 0, numpy.float32, images.shape, images.ctypes.data)
        binding.bind_output(self.output, "cpu", 0, numpy.float32, probabilities.shape, probabilities.ctypes.data)
        return binding

    def seconds(self, bindings):
        """How long each takes, without the making of the binding."""
        for binding in bindings:
            start = time.perf_counter()
            self.session.run_with_iobinding(binding)
            yield time.perf_counter() - start

    def bindings(self, batch, images):
        return [self.binding(first, min(batch, images - first)) for first in range(0, images, batch)]

    def check(self, expected):
        """Whether the probabilities are these."""
        sum(self.seconds(self.bindings(1000, len(self.images))))
        expected = expected.reshape(self.probabilities.shape)
        difference = numpy.abs(self.probabilities - expected).max()
        # Two digits of about the same probability are a matter of rounding.
        highest = numpy.sort(expected, axis=1)
        clear = highest[:, -1] - highest[:, -2] > 1e-4
        other = (self.probabilities.argmax(axis=1) != expected.argmax(axis=1)) & clear
        if not difference <= 1e-4 or other.any():
            raise ValueError(f"{other.sum()} other digits, probabilities that differ by up to {difference}")

    def fastest_batch(self):
        """How many images at once take the least time each."""
        images = min(2000, len(self.images))
        of_batch = {}
        for batch in BATCHES:
            bindings = self.bindings(batch, images)
            of_batch[batch] = min(sum(self.seconds(bindings)) for _ in range(3))
        return min(of_batch, key=of_batch.get)


def answer(predictions, batch, request):
    sum(predictions.seconds(predictions.bindings(1, 100)))  # Others have had the caches.
    if request == "all":
        images = len(predictions.images)
        return images / sum(predictions.seconds(predictions.bindings(batch, images)))
    count = int(request.removeprefix("one "))
    return statistics.median(predictions.seconds(predictions.bindings(1, count))) * 1e3


def main(threads):
    request = json.loads(sys.stdin.readline())
    predictions = Predictions(request, threads)
    predictions.check(numpy.fromfile(request["probabilities"], numpy.float32))
    batch = predictions.fastest_batch()
    print(onnxruntime.__version__, batch, flush=True)
    for request in sys.stdin:
        print(answer(predictions, batch, request.strip()), flush=True)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except Exception as error:  # The benchmark says in one line what went wrong, whatever it was.
        print("error:", *(str(error).splitlines() or [type(error).__name__])[:1], flush=True)
