"""A .tflite file: tensors and nodes in, bytes out.

The same input gives the same bytes.  Arrays lie on multiples of 16 bytes,
as the schema asks.

Source: tensorflow/lite/schema/schema.fbs, as ai-edge-litert ships it.
Chapter: requantization
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qlib.net.fields import Shape
from qlib.qparams import QParams

try:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema
except ImportError as error:
    raise ImportError(
        "qlib.export.tflite needs ai-edge-litert: pip install ai-edge-litert"
    ) from error

__all__ = ["Node", "Tensor", "constant", "pack", "schema"]

TYPES = {
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.int32): schema.TensorType.INT32,
}


@dataclass(frozen=True, eq=False)
class Tensor:
    """One array of the file; two are one only if they are the same object.

    data   of constants
    qp     of codes; None for sizes and shapes
    """

    name: str
    shape: Shape
    dtype: npt.DTypeLike = np.int8
    qp: QParams | None = None
    data: npt.NDArray[Any] | None = None


@dataclass(frozen=True, eq=False)
class Node:
    """One operator: xs -> y.

    operator  its name in the schema, such as "CONV_2D"
    version   of the operator, the lowest that says what is meant
    options   of the schema's object API
    """

    operator: str
    version: int
    options: Any
    xs: tuple[Tensor, ...]
    y: Tensor


def constant(
    name: str, data: npt.NDArray[Any], qp: QParams | None = None
) -> Tensor:
    """A tensor whose numbers stand in the file.

    >>> constant("pad", np.zeros((4, 2), np.int32)).shape
    (4, 2)
    """
    return Tensor(name, data.shape, data.dtype, qp, data)


def pack(nodes: list[Node], x: Tensor, y: Tensor) -> bytes:
    """The file of a graph that reads x and makes y.

    >>> x, y = Tensor("x", (1,)), Tensor("y", (1,))
    >>> node = Node("RELU", 1, None, (x,), y)
    >>> pack([node], x, y)[4:8]
    b'TFL3'
    """
    used = [x, *(t for node in nodes for t in (*node.xs, node.y))]
    at = {tensor: i for i, tensor in enumerate(dict.fromkeys(used))}
    codes = list(dict.fromkeys((n.operator, n.version) for n in nodes))
    graph = schema.SubGraphT(
        tensors=[_tensor(tensor, i + 1) for tensor, i in at.items()],
        inputs=[at[x]],
        outputs=[at[y]],
        operators=[_operator(n, at, codes) for n in nodes],
    )
    model = schema.ModelT(
        version=3,
        operatorCodes=[_code(*code) for code in codes],
        subgraphs=[graph],
        buffers=[schema.BufferT(), *map(_buffer, at)],
    )
    builder = _Aligned(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


class _Aligned(flatbuffers.Builder):  # type: ignore[misc]
    """A builder that puts bytes on multiples of 16."""

    def StartVector(self, size: int, count: int, alignment: int) -> int:
        """Begin a vector; only those of bytes are arrays of tensors."""
        wide = 16 if size == 1 else alignment
        offset: int = super().StartVector(size, count, wide)
        return offset


def _operator(
    node: Node, at: dict[Tensor, int], codes: list[tuple[str, int]]
) -> Any:
    """A node; Conv2DOptionsT of the object API is Conv2DOptions there."""
    options = type(node.options).__name__.removesuffix("T")
    return schema.OperatorT(
        opcodeIndex=codes.index((node.operator, node.version)),
        inputs=[at[x] for x in node.xs],
        outputs=[at[node.y]],
        builtinOptionsType=getattr(schema.BuiltinOptions, options, 0),
        builtinOptions=node.options,
    )


def _code(operator: str, version: int) -> Any:
    """An operator's number, twice: readers before 2020 know the first."""
    number = getattr(schema.BuiltinOperator, operator)
    return schema.OperatorCodeT(
        deprecatedBuiltinCode=min(number, 127),
        builtinCode=number,
        version=version,
    )


def _tensor(tensor: Tensor, buffer: int) -> Any:
    """One entry of the table of tensors."""
    qp, quantization = tensor.qp, None
    if qp is not None:
        quantization = schema.QuantizationParametersT(
            scale=np.atleast_1d(qp.scale).astype(np.float32),
            zeroPoint=np.atleast_1d(qp.zero_point).astype(np.int64),
            quantizedDimension=qp.axis or 0,
        )
    return schema.TensorT(
        shape=list(tensor.shape),
        type=TYPES[np.dtype(tensor.dtype)],
        buffer=buffer,
        name=tensor.name,
        quantization=quantization,
    )


def _buffer(tensor: Tensor) -> Any:
    """The bytes of a constant, little-endian; none for other tensors."""
    if tensor.data is None:
        return schema.BufferT()
    little = tensor.data.astype(tensor.data.dtype.newbyteorder("<"))
    return schema.BufferT(data=np.frombuffer(little.tobytes(), np.uint8))
