"""Computes with data that lead operators out of their tensors, for a parent that looks who lives.

For each case the valid data are computed by the backend and by OpenVINO itself, which must agree to
the bit, and then each of the hostile ones by the backend. One JSON line for each case says how the
computations ended. It must be started as a process of its own: what is tested is that it survives.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import openvino
from openvino import opset1, opset2, opset6, opset8, opset9, opset12, opset13, opset15, opset16
from openvino.utils.node_factory import NodeFactory

from tests.backends.openvino.running import configured, directly, tensor
from tests.backends.openvino.samples import serialized
from wasinn_nb.backends import catalog
from wasinn_nb.nn.backend import ModelFiles
from wasinn_nb.nn.errors import NNError
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

NAN, INF, FAR = float("nan"), float("inf"), 1e30
BIG, LOW = 10**9, -(10**9)
CASES = {}


def case(*inputs, hostile, shapes=None, **others):
    """A case: valid inputs, and for each hostile set of inputs the places that it changes.

    Args:
        inputs: arrays of valid data.
        hostile: pairs of the number of an input and an array to give instead.
        shapes: of the model's inputs; by default those of the arrays.
        others: more valid data, each for all inputs.
    """

    def register(build):
        CASES[build.__name__] = (build, inputs, hostile, shapes, list(others.values()))
        return build

    return register


def filled(array, *values):
    """The array, filled with each of some values, and with the last or the first one so."""
    for value in values:
        for place in (slice(None), slice(-1, None), slice(0, 1)):
            changed = array.copy()
            changed.reshape(-1)[place] = value
            yield changed


def of(index, arrays):
    return [(index, array) for array in arrays]


def ints(values, kind=np.int64):
    return np.array(values, kind)


def const(values, kind=None):
    return opset13.constant(np.array(values, kind))


def floats(*shape):
    return (np.arange(np.prod(shape)) % 7).astype(np.float32).reshape(shape)


WRONG = (BIG, LOW, 7, -7, 2**31 - 1, -(2**31))
TABLE, PLACES = floats(5, 4), ints([[1, 2], [4, 3], [-1, 0], [-5, -4]])


@case(PLACES, TABLE, hostile=of(0, filled(PLACES, *WRONG)))
def gather_nd(places, table):
    return opset8.gather_nd(table, places, 0)


@case(
    PLACES.astype(np.int32),
    TABLE,
    hostile=[*of(0, filled(PLACES.astype(np.int32), *WRONG)), (1, TABLE[:0]), (1, TABLE[:2])],
    shapes=([-1, 2], [-1, -1]),
    without=(np.zeros((0, 2), np.int32), TABLE[:0]),
)
def gather_nd_of_any_size(places, table):
    return opset8.gather_nd(table, places, 0)


@case(ints([[[1]], [[-2]]]), floats(2, 3, 4), hostile=of(0, filled(ints([[[1]], [[1]]]), *WRONG)))
def gather_nd_in_batches(places, table):
    return opset8.gather_nd(table, places, 1)


@case(floats(1, 5), TABLE, hostile=[(1, TABLE[:2]), (1, TABLE[:0])], shapes=([1, -1], [-1, 4]))
def gather_nd_by_second_output(scores, table):
    top = opset13.topk(scores, const(2), 1, "max", "value")
    places = opset13.reshape(top.output(1), const([2, 1]), special_zero=False)
    return opset8.gather_nd(table, places, 0)


@case(ints([[[1], [2]]] * 3), TABLE, hostile=of(0, filled(ints([[[1], [2]]] * 3), *WRONG)))
def gather_nd_in_a_loop(places, table):
    place, rows = opset13.parameter([1, 2, 1], np.int64), opset13.parameter([5, 4], np.float32)
    found = opset8.gather_nd(rows, place, 0)
    body = openvino.Model([found, const(values=True)], [place, rows], "body")
    loop = opset13.loop(const(3), const(values=True))
    loop.set_function(body)
    loop.set_sliced_input(place, places.output(0), 0, 1, 1, -1, 0)
    loop.set_invariant_input(rows, table.output(0))
    loop.set_special_body_ports([-1, 1])
    return loop.get_concatenated_slices(body.results[0].output(0), 0, 1, 1, -1, 0)


@case(PLACES, TABLE, hostile=of(0, filled(PLACES, *WRONG)))
def gather_nd_in_a_branch(places, table):
    given = [opset13.parameter([4, 2], np.int64) for _ in range(2)]
    rows = [opset13.parameter([5, 4], np.float32) for _ in range(2)]
    bodies = [
        openvino.Model([opset8.gather_nd(r, p, 0)], [p, r], "body")
        for p, r in zip(given, rows, strict=True)
    ]
    total = opset13.reduce_sum(table, const([0, 1]), keep_dims=False)
    branch = opset13.if_op(opset13.less(total, const(0.0, "f4")).output(0))
    branch.set_then_body(bodies[0])
    branch.set_else_body(bodies[1])
    branch.set_input(places.output(0), *given)
    branch.set_input(table.output(0), *rows)
    return branch.set_output(bodies[0].results[0], bodies[1].results[0])


@case(
    ints([[1, -5, 2, 0]]), floats(1, 4), TABLE, hostile=of(0, filled(ints([[1, 2, 3, 1]]), *WRONG))
)
def scatter_elements(places, updates, table):
    return opset12.scatter_elements_update(table, places, updates, const(0), "sum")


@case(
    floats(1, 18, 6, 6),
    floats(1, 2, 8, 8),
    hostile=of(0, filled(floats(1, 18, 6, 6), NAN, INF, -FAR)),
)
def deformable_convolution(offsets, image):
    kernel = const(floats(3, 2, 3, 3))
    return opset8.deformable_convolution(image, offsets, kernel, [1, 1], [0, 0], [0, 0], [1, 1])


ROIS = np.array([[0, 0, 0, 4, 4], [1, 1, 1, 5, 5]], np.float32)
BAD_ROIS = list(filled(ROIS, NAN, INF, -INF, FAR, -FAR, 3.4e38, 1e9, -5e4, 9.0))
for infinite in (-INF, INF):
    BAD_ROIS.append(ROIS.copy())
    BAD_ROIS[-1][0, 1] = infinite


@case(ROIS, floats(2, 4, 8, 8), hostile=of(0, BAD_ROIS))
def psroi_pooling(rois, image):
    return opset1.psroi_pooling(image, rois, 1, 2, 1.0, 1, 1, "average")


@case(
    ROIS,
    floats(2, 4, 8, 8),
    np.zeros((2, 2, 1, 1), np.float32),
    hostile=[*of(0, BAD_ROIS), *of(2, filled(np.zeros((2, 2, 1, 1), np.float32), NAN, INF, FAR))],
)
def deformable_psroi_pooling(rois, image, offsets):
    return NodeFactory("opset1").create(
        "DeformablePSROIPooling",
        [image.output(0), rois.output(0), offsets.output(0)],
        {
            "output_dim": 1,
            "spatial_scale": 1.0,
            "group_size": 2,
            "mode": "bilinear_deformable",
            "spatial_bins_x": 1,
            "spatial_bins_y": 1,
            "trans_std": 0.1,
            "part_size": 1,
        },
    )


@case(ROIS, floats(2, 16, 8, 8), hostile=of(0, BAD_ROIS))
def roi_pooling(rois, image):
    return opset2.roi_pooling(image, rois, [2, 2], 1.0, "bilinear")


@case(
    ROIS[:, 1:],
    floats(1, 3, 8, 8),
    floats(1, 3, 4, 4),
    hostile=of(0, (rois[:, 1:] for rois in BAD_ROIS)),
)
def roi_features(rois, *images):
    values = {"output_size": 2, "sampling_ratio": 2, "pyramid_scales": [1, 2], "aligned": False}
    inputs = [rois.output(0), *(image.output(0) for image in images)]
    return NodeFactory("opset6").create("ExperimentalDetectronROIFeatureExtractor", inputs, values)


@case(ints([0, 0, 2]), floats(3, 4), hostile=of(0, filled(ints([0, 0, 2]), LOW, -1, BIG)))
def segment_max(segments, values):
    return opset16.segment_max(values, segments, const(3), fill_mode="ZERO")


@case(
    ints([3, 4], np.int32),
    floats(2, 4, 5),
    hostile=of(0, filled(ints([3, 4], np.int32), *WRONG)),
)
def ctc_decoder(lengths, logits):
    return opset6.ctc_greedy_decoder_seq_len(logits, lengths)


@case(
    ints([1, 2, 3], np.int32),
    ints([0, 2], np.int32),
    hostile=of(1, filled(ints([0, 2], np.int32), *WRONG)),
)
def embedding_bags(places, offsets):
    return opset15.embedding_bag_offsets(const(TABLE), places, offsets, reduction="sum")


@case(
    floats(3),
    ints([4, 5]),
    ints([[0, 1], [1, 2], [3, 1]]),
    hostile=[
        *of(1, filled(ints([4, 5]), LOW, 0, 1)),
        *of(2, filled(ints([[0, 1]] * 3), *WRONG)),
    ],
)
def sparse_rows(values, shape, places):
    return opset16.sparse_fill_empty_rows(values, shape, places, const(7.0, "f4")).output(1)


BOXES = np.array([[[0, 0, 4, 4], [1, 1, 5, 5], [2, 2, 3, 3]]] * 2, np.float32)


@case(BOXES, floats(2, 3), ints([1, 2]), hostile=of(2, filled(ints([1, 2]), *WRONG)))
def multiclass_nms(boxes, scores, counts):
    return opset9.multiclass_nms(boxes, scores, counts, nms_top_k=5, keep_top_k=4).output(0)


@case(ints([2, 2]), ints([8, 8]), hostile=of(0, filled(ints([2, 2]), 0, LOW, -(2**31))))
def prior_boxes(sizes, image):
    values = {"min_size": [1.0], "aspect_ratio": [1.0], "offset": 0.5, "variance": [0.1]}
    return opset8.prior_box(sizes, image, values)


@case(ints([2, 2]), floats(2, 3), hostile=of(0, filled(ints([2, 2]), LOW, -1, -11)))
def tile(repeats, values):
    return opset13.tile(values, repeats)


@case(ints([1, 2]), floats(4, 4), hostile=of(0, filled(ints([1, 2]), 0, LOW, BIG)))
def strided_slice(strides, values):
    return opset13.strided_slice(values, const([0, 0]), const([4, 4]), strides, [0, 0], [0, 0])


@case(ints([1, 1, 2, 2]), floats(1, 1, 4, 4), hostile=of(0, filled(ints([1, 1, 2, 2]), 0, LOW, 7)))
def space_to_batch(block, values):
    return opset13.space_to_batch(values, block, const([0] * 4), const([0] * 4))


@case(ints([4]), floats(4, 8, 2), hostile=of(0, filled(ints([4]), 0, LOW)))
def fourier(size, values):
    return opset13.dft(values, const([1]), size)


@case(
    floats(1, 5, 9, 2),
    ints(20),
    hostile=[(0, floats(1, 5, 9, 1)), *of(1, filled(ints(20), 0, LOW))],
    shapes=([-1, -1, -1, -1], []),
)
def inverse_fourier(values, length):
    window = const(np.ones(4, np.float32))
    options = {"center": True, "normalized": False}
    return opset16.istft(values, window, const(8), const(2), signal_length=length, **options)


@case(
    floats(1, 4, 3, 3),
    floats(1, 8, 3, 3),
    hostile=[(0, floats(1, 4, 1, 3)), (0, floats(1, 4, 3, 1)), (1, floats(1, 8, 1, 1))],
    shapes=([-1] * 4, [-1] * 4),
)
def proposal(scores, deltas):
    counts = {"base_size": 4, "pre_nms_topn": 10, "post_nms_topn": 5, "feat_stride": 1}
    values = {name: np.uint32(count) for name, count in (counts | {"min_size": 1}).items()}
    values |= {"nms_thresh": 0.7, "ratio": [1.0], "scale": [1.0, 2.0]}
    return opset1.proposal(scores, deltas, const([8.0, 8.0, 1.0], "f4"), values)


@case(
    ints([2, 2]),
    floats(1, 3, 8, 8),
    hostile=[(0, ints([2] * 9)), (0, ints([2] * 4000)), (0, ints([]))],
    shapes=([-1], [1, 3, 8, 8]),
)
def adaptive_pooling(sizes, image):
    return opset8.adaptive_avg_pool(image, sizes)


def attempt(name):
    """How the computations of a case end."""
    build, inputs, hostile, shapes, others = CASES[name]
    shapes = shapes or [list(array.shape) for array in inputs]
    parameters = [
        opset13.parameter(shape, array.dtype) for shape, array in zip(shapes, inputs, strict=True)
    ]
    built = build(*parameters)
    parts = serialized(
        [built if isinstance(built, openvino.Output) else built.output(0)], parameters
    )
    files = ModelFiles(parts, name, GraphEncoding.OPENVINO)
    backend = catalog()["openvino"]
    config = configured(backend, threads=1)
    graph = backend.load(files, backend.inspect(files), config, target=ExecutionTarget.CPU)
    context = graph.create_context(config)
    ends = [compared(context, parts, valid) for valid in (inputs, *others)]
    for index, array in hostile:
        changed = [array if i == index else valid for i, valid in enumerate(inputs)]
        try:
            computed(context, changed)
        except NNError as error:
            ends.append(type(error).__name__)
        else:
            ends.append("computed")
    ends.append(compared(context, parts, inputs))
    graph.close()
    return ends


def compared(context, parts, arrays):
    """ "same" if the backend computes what OpenVINO computes with the model as it is."""
    expected = directly(parts, arrays, INFERENCE_NUM_THREADS=1)[0]
    output = computed(context, arrays)
    same = output.shape == expected.shape and output.tobytes() == expected.tobytes()
    return "same" if same else "other"


def computed(context, arrays):
    for index, array in enumerate(arrays):
        context.set_input(index, tensor(array))
    context.compute()
    return context.output_tensor(0).numpy().copy()


def main():
    for name in sys.argv[1:] or CASES:
        sys.stdout.write(json.dumps({"case": name, "ends": None}) + "\n")
        sys.stdout.flush()
        sys.stdout.write(json.dumps({"case": name, "ends": attempt(name)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
