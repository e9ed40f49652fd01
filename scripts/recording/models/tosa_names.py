"""Which tensor of the TOSA graph holds what a quantiser of the PyTorch graph gave: told by the values, for names are not kept."""
import numpy as np
from tosa import Op, TosaGraph

NAMES = {value: name for name, value in vars(Op.Op).items() if isinstance(value, int)}
MOVES = {"RESHAPE", "TRANSPOSE", "SLICE", "CONCAT", "PAD", "TILE", "IDENTITY", "REVERSE", "GATHER", "REDUCE_MAX", "REDUCE_MIN", "MAX_POOL2D",
         "CLAMP"}
NOT_KINDS = MOVES | {"RESCALE", "CONST", "CONST_SHAPE"}


class Names:
    """`values`: lowering.intermediates()."""

    def __init__(self, path, values):
        block = TosaGraph.TosaGraph.GetRootAs(path.read_bytes(), 0).Regions(0).Blocks(0)
        self.values, self.producer, self.order, constant = values, {}, [], set()
        for k in range(block.OperatorsLength()):
            op = block.Operators(k)
            inputs = [op.Inputs(i).decode() for i in range(op.InputsLength())]
            kind = NAMES[op.Op()]
            for i in range(op.OutputsLength()):
                name = op.Outputs(i).decode()
                self.producer[name] = kind, inputs
                self.order.append(name)
                if all(n in constant for n in inputs):
                    constant.add(name)
        self.codes = {n: np.sort(values[n][1].ravel()) for n in self.order
                      if n not in constant and n in values and values[n][0] == "INT16"}
        self.constant = constant

    def stage_of(self, codes):
        """(stored tensor, distance in steps) of the stage whose values are nearest to `codes`, or None if none is near."""
        wanted = np.sort(np.asarray(codes, np.float64).ravel())
        size = np.sqrt(np.mean(wanted**2))
        found = []
        for name in self.order:
            have = self.codes.get(name)
            if have is not None and have.size == wanted.size:
                distance = np.mean(np.abs(have - wanted))
                if distance <= max(2.0, 0.03 * size):
                    found.append((distance, name))
        if not found:
            return None
        least = min(found)[0]
        name = next(n for d, n in found if d <= 1.05 * least + 0.02)
        stored = self.stored(name)
        return (stored, least) if stored else None

    def stored(self, name):
        """Back over data movement to the RESCALE (or pooling) that stores the values."""
        while name in self.producer:
            kind, inputs = self.producer[name]
            if kind not in MOVES:
                return name
            live = [n for n in inputs if n not in self.constant]
            if kind == "CONCAT" or len(live) != 1:
                return None
            name = live[0]
        return None

    def kind(self, name):
        """The last operator of the stage that computes, and the table's constant if it is one."""
        pending, first = [name], True
        moved = None
        while pending:
            kind, inputs = self.producer.get(name := pending.pop(0), (None, []))
            if kind is None or name in self.constant:
                continue
            if kind not in NOT_KINDS:
                return kind, inputs[1] if kind == "TABLE" else None
            if not first and name in self.codes and kind == "RESCALE":
                continue
            if kind in ("REDUCE_MAX", "REDUCE_MIN", "MAX_POOL2D"):
                moved = moved or kind
            first = False
            pending += inputs[:2] if kind == "CONCAT" else inputs[:1]
        return moved or "RESCALE", None
