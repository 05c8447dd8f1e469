"""Silero VAD for 16 kHz as an OpenVINO model, written out.

The same arithmetic as the branch for 16 kHz of Silero's general model (MIT,
https://github.com/snakers4/silero-vad), which OpenVINO cannot read because its rank is dynamic:
short-time Fourier magnitudes, four convolutions, one LSTM cell, one output unit. The shapes are
fixed, so every device can compile it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from voicestand.vad import runtime
from voicestand.vad.weights import Weights
from voicestand.vad.windows import HOP

if TYPE_CHECKING:
    import openvino

CONTEXT = 64
"""Samples of the previous window that the network sees again."""
WINDOW = CONTEXT + HOP
STATE = 128
"""Units of the LSTM; the state is float32[2, 128]: its output and its cell."""

_FRAME = 256  # of the Fourier transform
_FRAME_HOP = 128
_REFLECTED = 64  # samples mirrored at the end of the window, so that four frames fit
_FRAMES = (WINDOW + _REFLECTED - _FRAME) // _FRAME_HOP + 1
_STRIDES = (1, 2, 2, 1)  # of the four convolutions: 4, 2, 1, 1 frames are left


def build(weights: Weights, windows: int) -> openvino.Model:
    """The network for ``windows`` successive windows in one call.

    Inputs: audio float32[windows, 576] (each row: 64 samples of context, 512 new ones), state
    float32[2, 128]. Outputs: probabilities float32[windows, 1], the state after the last window.
    """
    model, op = runtime.openvino().Model, runtime.openvino().opset13
    audio = op.parameter([windows, WINDOW], np.float32, name="audio")
    state = op.parameter([2, STATE], np.float32, name="state")
    features = _encoder(op, weights, _spectrum(op, weights, audio, windows), windows)
    recurrence = _lstm_step if windows == 1 else _lstm_sequence
    hidden, last_state = recurrence(op, weights, features, state, windows)
    logit = _dense(
        op,
        op.relu(hidden),
        weights["decoder.decoder.2.weight"][:, :, 0],
        weights["decoder.decoder.2.bias"],
    )
    return model(
        [op.result(op.sigmoid(logit)), op.result(last_state)], [audio, state], "silero-vad"
    )


def _spectrum(op: Any, weights: Weights, audio: Any, windows: int) -> Any:
    """Magnitudes [windows, 129 bins, 4 frames] of the Fourier transform of each window.

    A frame is twice its hop, so the frames are each block of 128 samples beside the next one, and
    the transform is one product with the windowed Fourier basis.
    """
    padded = op.pad(audio, _ints(op, 0, 0), _ints(op, 0, _REFLECTED), "reflect")
    blocks = op.reshape(padded, _ints(op, windows, _FRAMES + 1, _FRAME_HOP), False)
    first = op.slice(blocks, _ints(op, 0), _ints(op, _FRAMES), _ints(op, 1), _ints(op, 1))
    second = op.slice(blocks, _ints(op, 1), _ints(op, _FRAMES + 1), _ints(op, 1), _ints(op, 1))
    frames = op.reshape(op.concat([first, second], 2), _ints(op, windows * _FRAMES, _FRAME), False)
    basis = _constant(op, weights["stft.forward_basis_buffer"][:, 0])
    spectrum = op.matmul(frames, basis, False, True)
    real, imaginary = op.split(spectrum, op.constant(1), 2).outputs()
    magnitude = op.sqrt(op.add(op.multiply(real, real), op.multiply(imaginary, imaginary)))
    by_frame = op.reshape(magnitude, _ints(op, windows, _FRAMES, _FRAME // 2 + 1), False)
    return op.transpose(by_frame, _ints(op, 0, 2, 1))


def _encoder(op: Any, weights: Weights, spectrum: Any, windows: int) -> Any:
    """Four convolutions over time that leave one frame: features [windows, 128]."""
    x = spectrum
    for layer, stride in enumerate(_STRIDES):
        kernel = _constant(op, weights[f"encoder.{layer}.reparam_conv.weight"])
        bias = _constant(op, weights[f"encoder.{layer}.reparam_conv.bias"].reshape(1, -1, 1))
        x = op.relu(op.add(op.convolution(x, kernel, [stride], [1], [1], [1]), bias))
    return op.reshape(x, _ints(op, windows, STATE), False)


def _lstm_step(op: Any, weights: Weights, features: Any, state: Any, _: int) -> tuple[Any, Any]:
    """One step of the LSTM from its definition, all gates in one product.

    NB: 7 µs faster for a single row than OpenVINO's own LSTMCell, which has no optimized kernel
    for it on the CPU.
    """
    before, cell = op.split(state, op.constant(0), 2).outputs()
    gates = _dense(
        op,
        op.concat([features, before], 1),
        np.hstack([weights["decoder.rnn.weight_ih"], weights["decoder.rnn.weight_hh"]]),
        weights["decoder.rnn.bias_ih"] + weights["decoder.rnn.bias_hh"],
    )
    update, forget, candidate, output = op.split(gates, op.constant(1), 4).outputs()
    cell = op.add(
        op.multiply(op.sigmoid(forget), cell),
        op.multiply(op.sigmoid(update), op.tanh(candidate)),
    )
    hidden = op.multiply(op.sigmoid(output), op.tanh(cell))
    return hidden, op.concat([hidden, cell], 0)


def _lstm_sequence(
    op: Any, weights: Weights, features: Any, state: Any, windows: int
) -> tuple[Any, Any]:
    """The LSTM over all windows as one sequence of a batch of one."""

    def gates(name: str) -> Any:
        """OpenVINO wants the gates in the order f i g o, with an axis for the direction."""
        i, f, g, o = np.split(weights[name], 4)
        return np.concatenate([f, i, g, o])[np.newaxis]

    before, cell = op.split(op.unsqueeze(state, op.constant(1)), op.constant(0), 2).outputs()
    sequence = op.lstm_sequence(
        op.unsqueeze(features, op.constant(0)),
        before,
        cell,
        _ints(op, windows),
        _constant(op, gates("decoder.rnn.weight_ih")),
        _constant(op, gates("decoder.rnn.weight_hh")),
        _constant(op, gates("decoder.rnn.bias_ih") + gates("decoder.rnn.bias_hh")),
        STATE,
        "forward",
    )
    hidden = op.reshape(sequence.output(0), _ints(op, windows, STATE), False)
    last = op.concat([sequence.output(1), sequence.output(2)], 0)
    return hidden, op.reshape(last, _ints(op, 2, STATE), False)


def _dense(op: Any, x: Any, weight: Any, bias: Any) -> Any:
    product = op.matmul(x, _constant(op, weight), False, True)
    return op.add(product, _constant(op, bias[np.newaxis]))


def _ints(op: Any, *values: int) -> Any:
    return op.constant(np.array(values, np.int64))


def _constant(op: Any, array: Any) -> Any:
    return op.constant(np.ascontiguousarray(array))
