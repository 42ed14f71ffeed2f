"""`openvino_stage.py STAGE TYPE FOLDER`: a stage in OpenVINO, from the folder's model.

`openvino_stage.py --convert STAGE FOLDER` makes that model, from the one of PyTorch.
"""

import os
import sys

import openvino as ov

from contender import THREADS, serve


def path(folder, stage):
    return os.path.join(folder, f"{stage}.xml")


def convert(stage, folder):
    """Weights are stored as f16, OpenVINO's own choice; they are widened when a model is compiled."""
    import torch

    import models

    model, inputs = models.STAGES[stage]()
    with torch.inference_mode():
        converted = ov.convert_model(model, example_input=inputs)
    converted.reshape({i: list(x.shape) for i, x in enumerate(inputs)})
    ov.save_model(converted, path(folder, stage), compress_to_fp16=True)


def run(stage, kind, folder):
    import numpy

    compiled = ov.Core().compile_model(path(folder, stage), "CPU", {
        "INFERENCE_PRECISION_HINT": kind, "INFERENCE_NUM_THREADS": THREADS,
        "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    random = numpy.random.default_rng(1)
    inputs = []
    for port in compiled.inputs:
        shape = list(port.shape)
        inputs.append(
            numpy.full(shape, 500, dtype=port.element_type.to_dtype()) if len(shape) == 1
            else random.standard_normal(shape).astype(port.element_type.to_dtype()))
    serve(lambda: request.infer(inputs))


if sys.argv[1] == "--convert":
    convert(*sys.argv[2:])
else:
    run(*sys.argv[1:])
