"""The quantised PyTorch graph in float64, quantiser by quantiser: as the TOSA graph computes it, or with any of them made ideal.

This is the independent judge of `npuscope diagnose`: it reads what PyTorch quantised (true functions, true scales, float weights)
and never a TOSA graph. What it adds to PyTorch's own quantised model is the table of 513 knots, by the rule of ExecuTorch's
insert_table_ops.py; how near that comes to tosa_reference_model stands in truth.json as emulation_vs_tosa."""
import operator

import torch

RAIL = 32767
TABLES = {
    "ceil", "erf", "exp", "expm1", "erfinv", "floor", "log", "log1p", "log10", "reciprocal", "rsqrt", "sigmoid", "cos", "sin", "tanh",
    "atan", "atanh", "hardsigmoid", "hardswish", "sinh", "acosh", "asin", "asinh", "cosh", "acos", "tan", "silu", "round", "pow", "gelu",
    "elu", "leaky_relu", "remainder",
}
MOVES = {
    "reshape", "view", "permute", "transpose", "t", "slice", "cat", "unsqueeze", "squeeze", "expand", "clone", "chunk", "split", "select",
    "amax", "amin", "relu", "hardtanh", "clamp", "max_pool2d", "flatten", "repeat", "split_with_sizes", "alias", "detach", "contiguous",
    "relu_", "pad", "constant_pad_nd", "getitem", "view_copy", "dropout", "to", "lift_fresh_copy", "detach_",
}


def base_name(node):
    if node.target is operator.getitem:
        return "getitem"
    return str(node.target).split(".")[1] if node.op == "call_function" and "." in str(node.target) else ""


class Emulator:
    def __init__(self, graph_module, inputs):
        self.module = graph_module
        self.nodes = list(graph_module.graph.nodes)
        self.inputs = [x.double() for x in inputs]
        self.live, self.quantisers, self.constants, self.weights = set(), [], [], []
        for node in self.nodes:
            self.classify(node)
        self.ratios = {q: ratio for q in self.quantisers if (ratio := self.multiplier_error(q)) is not None}
        self.aliases = {q for q in self.quantisers if self.is_alias(q)}
        self.exact = self.run(all_ideal=True, float_weights=True)

    def classify(self, node):
        if node.op == "placeholder" or any(n in self.live for n in node.all_input_nodes):
            self.live.add(node)
        name = base_name(node)
        if name == "quantize_per_channel" or (name == "quantize_per_tensor" and node.args[5] == torch.int8 and node not in self.live):
            self.weights.append(node)
        elif name == "quantize_per_tensor":
            (self.quantisers if node in self.live else self.constants).append(node)

    def biases(self):
        return [node for node in self.weights if base_name(node) == "quantize_per_channel" and node.args[6] == torch.int32]

    def is_alias(self, q):
        """Only moved since the last quantiser, with the same scale: no rounding happens here."""
        pending, seen, scales = [q.args[0]], set(), set()
        while pending:
            node = pending.pop()
            if node in seen or node not in self.live:
                continue
            seen.add(node)
            name = base_name(node)
            if name == "dequantize_per_tensor":
                scales.add(node.args[1])
            elif name in MOVES:
                pending += node.all_input_nodes
            else:
                return False
        return scales == {q.args[1]}

    def multiplier_error(self, q):
        """What the 16-bit multiplier of an int48 accumulator's RESCALE (convolution, linear) is to the exact ratio of scales, for each
        channel, shaped to be multiplied with the values. It belongs to the TOSA graph's own idea of itself."""
        node = q.args[0]
        while base_name(node) in ("relu", "relu_", "hardtanh", "clamp"):
            node = node.args[0]
        name = base_name(node)
        if not (name == "linear" or name.startswith("conv")):
            return None
        before, weight = node.args[0], node.args[1]
        if base_name(before) != "dequantize_per_tensor" or not base_name(weight).startswith("dequantize"):
            return None
        scale = weight.args[1]
        if isinstance(scale, torch.fx.Node):
            scale = operator.attrgetter(scale.target)(self.module) if scale.op == "get_attr" else None
        if scale is None:
            return None
        exact = before.args[1] * torch.as_tensor(scale, dtype=torch.float64).reshape(-1) / q.args[1]
        mantissa, exponent = torch.frexp(exact)
        ratio = torch.round(mantissa * 2**15) / 2**15 / mantissa
        if ratio.numel() == 1:
            return ratio.reshape(())
        return ratio if name == "linear" else ratio.reshape(-1, *[1] * (node.meta["val"].dim() - 2))

    def table(self, q):
        """(operator's node, input scale) if this quantiser stores what a table gave."""
        node = q.args[0]
        if node.op != "call_function" or base_name(node) not in TABLES:
            return None
        before = [n for n in node.all_input_nodes if n in self.live]
        if len(before) != 1 or base_name(before[0]) != "dequantize_per_tensor" or before[0].args[5] != torch.int16:
            return None
        return node, before[0].args[1]

    def look_up(self, q, codes):
        """What TOSA's TABLE gives for real-valued codes, in output codes before the last rounding."""
        node, scale_in = self.table(q)
        scale_out = q.args[1]
        function = lambda c: self.call(node, {a: (c * scale_in) for a in node.all_input_nodes}) / scale_out
        knots = (torch.arange(513, dtype=torch.float64) - 256) * 128
        values = torch.round(function(knots.float().double()))
        values = torch.nan_to_num(values, nan=0.0, posinf=RAIL, neginf=-RAIL).clamp(-RAIL, RAIL)
        index = torch.floor(codes / 128).clamp(-256, 255)
        fraction = (codes - 128 * index).clamp(0, 128) / 128
        index = (index + 256).long()
        out = values[index] + (values[index + 1] - values[index]) * fraction
        far = codes.abs() > 32768
        return torch.where(far, torch.nan_to_num(function(codes)), out) if far.any() else out

    def quantise(self, q, value, mode):
        scale = q.args[1]
        exact = value * self.ratios[q] / scale if q in self.ratios and not self.exact_multipliers else value / scale
        if mode == "ideal":
            return exact
        table = self.table(q) if q in self.live else None
        if table is not None and mode in ("real", "table"):
            exact = self.look_up(q, self.codes_before(q))
        if mode == "table":
            return exact
        if mode in ("real", "step"):
            exact = torch.round(exact)
        if mode in ("real", "saturation"):
            exact = exact.clamp(q.args[3], q.args[4])
        return exact

    def codes_before(self, q):
        node = self.table(q)[0]
        dequantise = next(n for n in node.all_input_nodes if n in self.live)
        return self.values[dequantise.args[0]]

    def call(self, node, replace=None):
        fetch = lambda n: replace[n] if replace is not None and n in replace else self.values[n]
        args = torch.fx.node.map_arg(node.args, fetch)
        kwargs = torch.fx.node.map_arg(node.kwargs, fetch)
        return node.target(*args, **kwargs)

    def run(self, ideal=(), modes=None, all_ideal=False, float_weights=False, ideal_constants=()):
        """Outputs in real values. `ideal`: quantisers left out; `modes`: {quantiser: step|saturation|table}, the others ideal if
        `all_ideal`."""
        modes = modes or {}
        self.values = values = {}
        self.exact_multipliers = all_ideal and float_weights
        inputs = iter(self.inputs)
        with torch.no_grad():
            for node in self.nodes:
                name = base_name(node)
                if node.op == "placeholder":
                    values[node] = next(inputs)
                elif node.op == "get_attr":
                    value = operator.attrgetter(node.target)(self.module)
                    values[node] = value.double() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
                elif node.op == "output":
                    return [v for v in torch.fx.node.map_arg(node.args[0], lambda n: values[n])]
                elif name == "quantize_per_tensor":
                    values[node] = self.run_quantiser(node, modes, ideal, all_ideal, float_weights, ideal_constants)
                elif name == "dequantize_per_tensor":
                    values[node] = (values[node.args[0]] - node.args[2]) * node.args[1]
                elif name in ("quantize_per_channel", "dequantize_per_channel"):
                    values[node] = self.run_channels(node, name, float_weights or node in ideal_constants)
                else:
                    values[node] = self.finite(node, self.call(node))

    def finite(self, node, value):
        """log, rsqrt and the like of codes <= 0 have no value: what the table gives stands."""
        if not isinstance(value, torch.Tensor) or not value.is_floating_point() or bool(torch.isfinite(value).all()):
            return value
        q = next((user for user in node.users if user in self.quantisers and self.table(user)), None)
        if q is None:
            return value
        return torch.where(torch.isfinite(value), value, self.look_up(q, self.codes_before(q)) * q.args[1])

    def run_quantiser(self, node, modes, ideal, all_ideal, float_weights, ideal_constants):
        value = self.values[node.args[0]]
        if node in self.weights:
            return value / node.args[1] if float_weights else self.quantise(node, value, "real")
        if node in self.constants:
            free = node in ideal_constants or (float_weights and all_ideal)
            return self.quantise(node, value, "ideal" if free else "real")
        if node in modes:
            return self.quantise(node, value, modes[node])
        return self.quantise(node, value, "ideal" if all_ideal or node in ideal or node in self.aliases else "real")

    def run_channels(self, node, name, float_weights):
        value, scale, axis = self.values[node.args[0]], self.values[node.args[1]].double(), node.args[3]
        scale = scale.reshape([-1 if k == axis else 1 for k in range(value.dim())])
        if name == "dequantize_per_channel":
            return value * scale
        return value / scale if float_weights else torch.round(value / scale).clamp(node.args[4], node.args[5])


def error(outputs, reference):
    """Energy of the error relative to the reference's, mean over the outputs."""
    parts = [((o - r) ** 2).sum() / (r**2).sum().clamp_min(1e-30) for o, r in zip(outputs, reference)]
    return float(sum(parts) / len(parts))
