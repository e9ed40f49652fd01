"""npuscope: which operator breaks a quantised model on an Arm Ethos-U NPU, at which stage, why, and what mends it.

    import npuscope

    model = npuscope.load("model.tosa")          # or a Vela .npz or .tflite, or a .pte program
    result = model.run(x, tap=True)              # numpy in, numpy out
    print(model.diagnose(x)["precision"]["verdict"])
    npuscope.compare(result[0], expected).sqnr_db

The command `npuscope` comes with the package.
"""
from .library import Error, lib, text
from .model import Model, Result, Tap, Tensor, load
from .suite import Comparison, compare, suite

__version__ = text(lib.ns_version())
__all__ = ["Comparison", "Error", "Model", "Result", "Tap", "Tensor", "compare", "load", "suite"]
