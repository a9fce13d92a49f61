"""Ask torch's own fbgemm::ChooseQuantizationParams: fbgemm_qparams.json.

Small ranges, whose scale is raised, and ranges whose zero point is next to a
tie, where the last bit of float32 decides.  It imports no qlib.

Run: python tests/vectors/make_fbgemm_qparams.py
"""

import json
from pathlib import Path

import numpy as np
import torch

GRIDS = [(-128, 127), (0, 255), (-127, 127), (-8, 7)]
SIZES = [2.0**-128, 2.0**-127.5, 2.0**-100, 1e-9, 1e-6, 3e-5, 1e-3, 1.0, 1e9]
RATIOS = [-1.0, -0.5, -2.0, -0.25, 0.0, -3.0]


def choose(rmin, rmax, qmin, qmax):
    """torch passes the running range on when its observer is off."""
    scale, zero_point = torch.zeros(1), torch.zeros(1, dtype=torch.int32)
    torch.fused_moving_avg_obs_fake_quant(
        torch.zeros(1),
        torch.tensor([0]),
        torch.tensor([1]),
        torch.tensor([rmin]),
        torch.tensor([rmax]),
        scale,
        zero_point,
        0.01,
        qmin,
        qmax,
        0,
        False,
        False,
    )
    return scale.item(), zero_point.item()


def main():
    rng = np.random.default_rng(2024)
    rows = []
    for qmin, qmax in GRIDS:
        for size in SIZES:
            for ratio in RATIOS:
                a = np.float32(size * (qmax - qmin) * rng.uniform(0.3, 0.6))
                b = np.float32(a * ratio)
                rmin, rmax = float(min(a, b)), float(max(a, b))
                for ends in sorted({(rmin, rmax), (-rmax, -rmin)}):
                    answer = choose(*ends, qmin, qmax)
                    rows.append([*ends, qmin, qmax, *answer])
    vectors = {
        "source": "fbgemm::ChooseQuantizationParams, through "
        f"torch.fused_moving_avg_obs_fake_quant of torch {torch.__version__}",
        "columns": ["rmin", "rmax", "qmin", "qmax", "scale", "zero_point"],
    }
    body = ",\n  ".join(json.dumps(row) for row in rows)
    head = json.dumps(vectors, indent=1)[:-2]
    path = Path(__file__).with_name("fbgemm_qparams.json")
    path.write_text(f'{head},\n "rows": [\n  {body}\n ]\n}}\n')


if __name__ == "__main__":
    main()
