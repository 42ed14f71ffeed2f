"""`llama_cpp_stage.py prefill|decode FILE`: LLaMA-7B in llama.cpp, from a file of make_gguf.py.

The environment variable LLAMA_CPP_LIB_PATH names the folder of libllama.so, PYTHONPATH the source of
llama-cpp-python: see contest.py. Both stages have 128 positions: `prefill` takes them in, `decode` goes
on after them.
"""

import ctypes
import sys

import llama_cpp.llama_cpp as llama

from contender import THREADS, serve

POSITIONS = 128

stage, path = sys.argv[1:]
# Kept for as long as llama.cpp may call it.
silence = llama.llama_log_callback(lambda *_: None)
llama.llama_log_set(silence, ctypes.c_void_p(0))
llama.llama_backend_init()
model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
if not model:
    sys.exit(f"llama.cpp does not load {path}")
parameters = llama.llama_context_default_params()
parameters.n_ctx = 512
parameters.n_threads = parameters.n_threads_batch = THREADS
context = llama.llama_init_from_model(model, parameters)
memory = llama.llama_get_memory(context)


def decode(ids):
    tokens = (llama.llama_token * len(ids))(*ids)
    if llama.llama_decode(context, llama.llama_batch_get_one(tokens, len(ids))):
        sys.exit("llama.cpp fails")
    llama.llama_get_logits(context)


prompt = [3 + i * 7919 % 31990 for i in range(POSITIONS)]


def prefill():
    llama.llama_memory_clear(memory, True)
    decode(prompt)


def step():
    decode([5])
    llama.llama_memory_seq_rm(memory, 0, POSITIONS, -1)


prefill()
serve({"prefill": prefill, "decode": step}[stage])
