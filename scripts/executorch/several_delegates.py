"""Programs of several delegates: a grouped transposed convolution, which the NPU does not take, between two NPU parts.

None of ExecuTorch's own tests; made with its pipelines. Its programs are several_delegates_* of tests/data/program.zip:
  NPUSCOPE_REFERENCE_LOG=FILE NPUSCOPE_CAPTURE=DIR \\
    scripts/executorch-suite -- $PWD/scripts/executorch/several_delegates.py -p reference_in_place
The stand-in refuses them: Arm's test runners do not link dequantize_per_channel. `npuscope run` runs them.
"""

import pytest
import torch
from executorch.backends.arm.test.tester.test_pipeline import (
    EthosU55PipelineINT,
    EthosU65PipelineINT,
    EthosU85PipelineINT,
)


class SeveralDelegates(torch.nn.Module):
    """Two inputs and two outputs; both inputs of the second delegate come from elsewhere: the CPU and the caller."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.first = torch.nn.Conv2d(4, 4, 3, padding=1)
        self.middle = torch.nn.ConvTranspose2d(4, 4, 2, groups=2)
        self.last = torch.nn.Conv2d(4, 3, 2)

    def forward(self, x, y):
        first = torch.relu(self.first(x) + y)
        return self.last(self.middle(first)) * y[:, :3], torch.exp(first)


def inputs():
    torch.manual_seed(6)
    return torch.rand(1, 4, 6, 5) - 0.5, torch.rand(1, 4, 6, 5) - 0.5


@pytest.mark.parametrize(
    "pipeline, a16w8",
    [
        pytest.param(EthosU55PipelineINT, True, id="u55_a16w8"),
        pytest.param(EthosU65PipelineINT, False, id="u65_int8"),
        pytest.param(EthosU85PipelineINT, True, id="u85_a16w8"),
        pytest.param(EthosU85PipelineINT, False, id="u85_int8"),
    ],
)
def test_several_delegates(pipeline, a16w8):
    run = pipeline(SeveralDelegates(), inputs(), [], [], a16w8_quantization=a16w8, qtol=8)
    run.change_args("check_count.exir", {"torch.ops.higher_order.executorch_call_delegate": 2})
    run.run()
