"""ONNX Runtime as an oracle: one thread, optimizations on or off."""

import onnxruntime as ort


def run_onnx(model, x, optimized=True, int8_allowed=True):
    """The codes that ONNX Runtime gives for the codes x.

    int8_allowed  QDQ of int8 activations may be fused to integers: on x86
                  that is off by default, and they are computed in float32
    """
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry(
        "session.qdqisint8allowed", str(int(int8_allowed))
    )
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    if not optimized:
        options.graph_optimization_level = (
            ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        )
    session = ort.InferenceSession(
        model, options, providers=["CPUExecutionProvider"]
    )
    (name,) = (i.name for i in session.get_inputs())
    return session.run(None, {name: x})[0]
