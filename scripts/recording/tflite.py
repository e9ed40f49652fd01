"""Builds small .tflite models of one operator or several, with the schema classes of ai-edge-litert."""
import flatbuffers
import numpy
from ai_edge_litert import schema_py_generated as schema

TYPES = {"float32": 0, "int32": 2, "uint8": 3, "int64": 4, "bool": 6, "int16": 7, "int8": 9, "resource": 13}


class Model:
    """Tensors and operators of the first subgraph, and of further ones (`subgraph`)."""

    def __init__(self):
        self.model = schema.ModelT()
        self.model.version, self.model.description = 3, b"npuscope"
        self.model.buffers, self.model.operatorCodes, self.model.subgraphs = [schema.BufferT()], [], []
        self.subgraph()

    def subgraph(self):
        graph = schema.SubGraphT()
        graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []
        self.model.subgraphs.append(graph)
        self.graph = graph

    def tensor(self, dtype, shape, scale=None, zero=0, data=None, variable=False, axis=0):
        """A tensor's number. `scale` may be a list, one for each channel of `axis`."""
        tensor = schema.TensorT()
        tensor.type, tensor.shape, tensor.name = TYPES[dtype], list(shape), f"t{len(self.graph.tensors)}".encode()
        tensor.isVariable, tensor.buffer = variable, 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = numpy.frombuffer(numpy.ascontiguousarray(data, dtype=dtype).tobytes(), dtype=numpy.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        if scale is not None:
            scales = list(scale) if numpy.ndim(scale) else [scale]
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = [float(numpy.float32(s)) for s in scales]
            tensor.quantization.zeroPoint = [zero] * len(scales)
            tensor.quantization.quantizedDimension = axis
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, name, inputs, outputs, options=None, **values):
        """`options`: the schema's options table; `values` its fields by their Python names."""
        code = getattr(schema.BuiltinOperator, name)
        entry = schema.OperatorCodeT()
        entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, min(code, 127), 1
        self.model.operatorCodes.append(entry)
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = len(self.model.operatorCodes) - 1, inputs, outputs
        if options:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, options + "T")()
            for field, value in values.items():
                setattr(operator.builtinOptions, field, value)
        self.graph.operators.append(operator)

    def ends(self, inputs, outputs):
        self.graph.inputs, self.graph.outputs = inputs, outputs

    def bytes(self):
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
