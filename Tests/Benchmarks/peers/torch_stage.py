"""`torch_stage.py STAGE TYPE`: a stage in PyTorch, as diffusers and transformers run it."""

import sys

import torch

import models
from contender import THREADS, serve

stage, kind = sys.argv[1:]
torch.set_num_threads(THREADS)
model, inputs = models.typed(*models.STAGES[stage](), kind)
with torch.inference_mode():
    serve(lambda: model(*inputs))
