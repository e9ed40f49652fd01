"""What is wrong with a lowered model, found without npuscope: by running PyTorch's quantised graph with each stage made ideal."""
import math

import numpy as np
import torch

import emulate
import lowering

CAUSES = ("saturation", "step", "table")
# Weights and clipped inputs are at fault where they alone bring the result below this (one clipped element of forty may cost nothing).
POOR = 40  # dB


def db(energy):
    return 999.0 if energy <= 0 else round(-10 * math.log10(energy), 2)


class Stage:
    def __init__(self, name, kind, table, quantiser):
        self.name, self.kind, self.table, self.quantisers, self.constants = name, kind, table, [quantiser], []


class Truth:
    """`outputs`: the TOSA graph's as real values; `float_outputs`, `eager_outputs`: PyTorch's before and after quantisation."""

    def __init__(self, quantised, inputs, path, values, outputs, float_outputs, eager_outputs):
        self.emulator = e = emulate.Emulator(quantised.open, inputs)
        self.tosa = [torch.as_tensor(o) for o in outputs]
        self.float = [o.double() for o in float_outputs]
        self.eager = emulate.error([o.double() for o in eager_outputs], self.float)
        e.run()
        self.codes = {q: e.values[q].clone() for q in e.quantisers + e.constants + e.biases()}
        self.names = lowering.Names(path, values)
        self.stages, self.dropped = {}, set()
        for q in e.quantisers:
            if q not in e.aliases:
                self.place(q)
        self.keep_nearer()
        placed = {q for stage in self.stages.values() for q in stage.quantisers}
        for stage in self.stages.values():
            stage.constants = [c for c in e.constants + e.biases() if any(self.feeds(c, q, placed) for q in stage.quantisers)]
        self.actual = emulate.error(self.tosa, self.float)
        self.ideal = e.run(all_ideal=True)
        self.limit = emulate.error(self.ideal, self.float)
        self.base = self.against()

    def place(self, q):
        found = self.names.stage_of(self.codes[q].numpy())
        if found is None:
            if q.args[0].op != "placeholder":
                self.dropped.add(q)
            return
        name = found[0]
        if name in self.stages:
            self.stages[name].quantisers.append(q)
        else:
            self.stages[name] = Stage(name, *self.names.kind(name), q)

    def keep_nearer(self):
        """Quantisers that no tensor of the TOSA graph shows were fused away, unless the result says otherwise."""
        e = self.emulator
        without = emulate.error(e.run(ideal=self.dropped), self.tosa)
        if emulate.error(e.run(), self.tosa) < without:
            self.dropped = set()
        self.agreement = emulate.error(e.run(ideal=self.dropped), self.tosa)

    def feeds(self, constant, q, placed):
        """Whether the constant enters the computation between q and the stored tensors before it."""
        pending, seen = [q.args[0]], set()
        while pending:
            node = pending.pop()
            if node is constant:
                return True
            if node in seen or node in placed:
                continue
            seen.add(node)
            pending += node.all_input_nodes
        return False

    def is_mean(self, constant):
        value = float(self.codes_exact(constant))  # of one element
        return 0 < value < 0.51 and abs(1 / value - round(1 / value)) < 1e-4 / value**0.5

    def codes_exact(self, constant):
        e = self.emulator
        e.run(all_ideal=True, float_weights=True)
        value = e.values[constant.args[0]]
        return value.ravel()[0] if value.numel() == 1 else -1.0

    def against(self, stages=(), reference=None, constants=()):
        ideal = set(self.dropped).union(*(s.quantisers for s in stages))
        free = set(constants).union(*(s.means for s in stages)) if stages else set(constants)
        return emulate.error(self.emulator.run(ideal=ideal, ideal_constants=free), reference or self.float)

    def alone(self, stage, mode="real"):
        modes = {q: mode for q in stage.quantisers}
        return emulate.error(self.emulator.run(all_ideal=True, modes=modes, ideal_constants=self.all_means), self.ideal_means)

    def clipping(self):
        """What the clipping of the inputs alone costs."""
        modes = {q: "saturation" for q in self.emulator.quantisers if q.args[0].op == "placeholder"}
        return emulate.error(self.emulator.run(all_ideal=True, modes=modes, ideal_constants=self.all_means), self.ideal_means)

    def judge(self):
        means = {c for c in self.emulator.constants if self.is_mean(c)}
        self.all_means = means
        for stage in self.stages.values():
            stage.means = [c for c in stage.constants if c in means]
        self.ideal_means = self.emulator.run(all_ideal=True, ideal_constants=means)
        self.reach = emulate.error(self.ideal_means, self.float)
        ranked = sorted(self.stages.values(), key=lambda s: self.measure(s))
        return ranked

    def measure(self, stage):
        stage.without = self.against([stage])
        stage.gain = db(stage.without) - db(self.base)
        stage.damage = self.alone(stage)
        return stage.without

    def cause(self, stage):
        """The largest damage of the stage's own, and every other within 3 dB of it."""
        parts = {mode: self.alone(stage, mode) for mode in CAUSES if mode != "table" or stage.table}
        if stage.means:
            e = self.emulator
            parts["constant"] = emulate.error(e.run(all_ideal=True, ideal_constants=self.all_means - set(stage.means)), self.ideal_means)
        worst = max(parts, key=parts.get)
        close = [c for c in parts if parts[c] > 0 and parts[c] >= parts[worst] / 2]
        return worst, close, {c: db(v) for c, v in parts.items()}

    def local(self, stage):
        """The stage's own error on the integers it gets."""
        e = self.emulator
        q = stage.quantisers[0]
        e.run(ideal=set(self.dropped) | set(stage.quantisers), ideal_constants=stage.means)
        exact, codes = e.values[q], self.codes[q]
        difference = codes - exact
        return {"local_max_steps": round(float(difference.abs().max()), 1),
                "local_sqnr_db": db(float((difference**2).sum() / (exact**2).sum().clamp_min(1e-30))),
                "clipped_elements": int((exact.abs() > 32767.5).sum()), "elements": codes.numel(), "max_code": float(codes.abs().max())}

    def together(self, first, ranked):
        """Which stages to mend together: each adds 1 dB or more to the ones before it."""
        if not first:
            return []
        chosen, now = list(first), db(self.against(first))
        steps = [{"operators": [s.name for s in chosen], "sqnr_db": now}]
        candidates = sorted((s for s in ranked if s not in chosen), key=lambda s: -s.damage)[:8]
        while candidates and len(chosen) < 6:
            best = min(candidates, key=lambda s: self.against(chosen + [s]))
            then = db(self.against(chosen + [best]))
            if then - now < 1.0:
                break
            chosen.append(best)
            candidates.remove(best)
            steps.append({"operators": [best.name], "sqnr_db": then})
            now = then
        return steps

    def tells_nothing(self, stage):
        """A table that is bent at a few knots and straight between them: its function cannot be told from it."""
        q = stage.quantisers[0]
        if not self.emulator.table(q):
            return False
        self.emulator.run(ideal=self.dropped)
        knots = self.emulator.look_up(q, (torch.arange(513, dtype=torch.float64) - 256) * 128)
        bends = (knots[2:] - 2 * knots[1:-1] + knots[:-2]).abs()
        return bool(bends.max() > 256) and int((bends > 2).sum()) < 6

    def describe(self, stage):
        q = stage.quantisers[0]
        node = q.args[0]
        modules = [path for path, _ in (node.meta.get("nn_module_stack") or {}).values()]
        return {"operator": stage.name, "kind": stage.kind, "aten": f"aten.{emulate.base_name(node)}", "module": modules[-1:],
                "eager_node": node.name, "scale": q.args[1]}

    def tables(self):
        found = []
        for stage in self.stages.values():
            table = self.emulator.table(stage.quantisers[0])
            if table and stage.table:
                node, scale = table
                exponent = node.args[1] if emulate.base_name(node) == "pow" else None
                found.append({"const": stage.table, "target": str(node.target), "expo": exponent, "s_in": scale,
                              "s_out": stage.quantisers[0].args[1], "operator": stage.name})
        return found


def report(truth, inputs):
    """truth.json without what only the recorder knows (name, planting, scales). `inputs`: in codes, before they are rounded and
    clipped."""
    ranked = truth.judge()
    best = ranked[0]
    result = {"verdict": "healthy", "at_fault": None, "sqnr_db": {
        "tosa_vs_fp32": db(truth.actual), "eager_vs_fp32": db(truth.eager), "tosa_vs_ideal": db(truth.against(reference=truth.ideal_means)),
        "ideal_vs_fp32": db(truth.reach), "emulation_vs_tosa": db(truth.agreement), "emulation_vs_fp32": db(truth.base)}}
    guilty = [s for s in ranked if s.gain >= 1.0]
    joint = [] if guilty else series(truth, ranked)
    rails = max(float(np.mean(np.abs(x) > 32768)) for x in inputs)
    clipped = rails >= 0.01 and db(truth.clipping()) < POOR
    constants = [] if guilty or joint else lost_constants(truth) or lost_means(truth)
    if guilty or joint:
        at_fault(truth, result, guilty or joint, joint)
    elif constants:
        result |= {"verdict": "operator", "cause": "constant", "constants": constants,
                   "at_fault": {"operator": constants[0]["operator"], "kind": constants[0]["kind"]},
                   "acceptable_operators": [c["operator"] for c in constants], "acceptable_causes": ["constant"]}
    elif db(truth.reach) < POOR and not clipped:
        result |= {"verdict": "weights", "limit": "weights"}
    if clipped:
        result |= {"verdict": "input", "at_fault_behind_input": result["at_fault"], "at_fault": None}
    result["input_at_rails"] = round(rails, 5)
    knocked = truth.against(joint) if joint else best.without
    ideal = truth.against(joint or [best], reference=truth.ideal_means)
    result["sqnr_db"] |= {"knockout_vs_fp32": db(knocked), "knockout_vs_ideal": db(ideal)}
    result["together"] = truth.together(joint or guilty[:1], ranked)
    result["gain_vs_fp32_db"] = round(db(knocked) - db(truth.base), 2)
    second = ranked[1] if len(ranked) > 1 else None
    if second:
        result["rank2"] = truth.describe(second) | {"knockout_vs_fp32": db(second.without), "gain_db": round(second.gain, 2)}
    result["borderline"] = 0.6 <= max(best.gain, result["gain_vs_fp32_db"]) < 1.6 or (
        result["verdict"] in ("weights", "healthy") and 37 <= db(truth.reach) < 43)
    result["tables_that_tell_nothing"] = [s.name for s in truth.stages.values() if truth.tells_nothing(s)]
    suspect = result["verdict"] == "operator" and result["tables_that_tell_nothing"]
    result["acceptable_verdicts"] = [result["verdict"]] + (["suspect"] if suspect else [])
    result["stages"] = [{"operator": s.name, "kind": s.kind, "eager_node": s.quantisers[0].args[0].name, "gain_db": round(s.gain, 2),
                         "alone_db": db(s.damage)} for s in ranked[:6]]
    result["tables"] = truth.tables()
    return result, ranked


def at_fault(truth, result, guilty, joint):
    first = max(joint, key=lambda s: s.damage) if joint else guilty[0]
    near = joint or [s for s in guilty if s.gain >= first.gain - 1.0]
    cause, close, parts = truth.cause(first)
    causes = sorted(set(close).union(*(truth.cause(s)[1] for s in near)))
    result |= {"verdict": "operator", "at_fault": truth.describe(first), "cause": cause, "acceptable_causes": causes,
               "acceptable_operators": [s.name for s in near], "joint": [s.name for s in joint], "alone_db": parts}
    result |= truth.local(first)
    result["used_of_range"] = round(result["max_code"] / 32767, 4)


def series(truth, ranked):
    """Faults behind each other: none gains before all of them are gone."""
    total = truth.against(reference=truth.ideal_means)
    large = [s for s in sorted(ranked, key=lambda s: -s.damage) if s.damage > 0.1 * total][:8]
    if len(large) < 2 or db(truth.against(large)) - db(truth.base) < 1.0:
        return []
    for stage in reversed(large):  # the fewest that still reach it
        less = [s for s in large if s is not stage]
        if len(less) > 1 and db(truth.against(large)) - db(truth.against(less)) < 0.5:
            large = less
    return large


def lost_means(truth):
    """Constants 1/N whose rounding costs 1 dB or more only where all of them are exact: their errors cancel in part."""
    if not truth.all_means or db(truth.against(constants=truth.all_means)) - db(truth.base) < 1.0:
        return []
    stages = sorted((s for s in truth.stages.values() if s.means), key=lambda s: -s.damage)
    return [{"operator": s.name, "kind": s.kind, "codes": truth.codes[s.means[0]].ravel()[:4].tolist()} for s in stages]


def lost_constants(truth):
    """Constants that are no 1/N, and biases, whose rounding or clipping costs 1 dB or more: the TOSA graph hardly shows it."""
    found = []
    for stage in truth.stages.values():
        for constant in stage.constants:
            if constant not in truth.all_means:
                gain = db(truth.against(constants=[constant])) - db(truth.base)
                if gain >= 1.0:
                    found.append({"operator": stage.name, "kind": stage.kind, "gain_db": round(gain, 2),
                                  "codes": truth.codes[constant].ravel()[:4].tolist()})
    return sorted(found, key=lambda f: -f["gain_db"])
