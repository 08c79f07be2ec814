"""The cases of Latent's operations, as one writes them in NumPy. Where NumPy has no such function, and
nothing close to it in a line or two, there is NONE."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

NONE = None
RANDOM = np.random.default_rng(0)


def shifted_exp(x, axis):
    return np.exp(x - x.max(axis, keepdims=True))


def softmax(axis):
    def compute(x):
        e = shifted_exp(x, axis)
        e /= e.sum(axis, keepdims=True)
        return e
    return compute


def log_softmax(axis):
    def compute(x):
        shifted = x - x.max(axis, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))
    return compute


def logsumexp(axis):
    def compute(x):
        largest = x.max(axis, keepdims=True)
        return np.log(np.exp(x - largest).sum(axis)) + largest.squeeze(axis)
    return compute


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.logaddexp(x, np.float32(0))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


def reduced(function, **arguments):
    """The variants along which reductions are measured."""
    return {
        "all": lambda x: function(x, axis=None, **arguments),
        "rows": lambda x: function(x, axis=1, **arguments),
        "columns": lambda x: function(x, axis=0, **arguments),
        "rows of 4": lambda x: function(x, axis=1, **arguments),
        "middle axis": lambda x: function(x, axis=1, **arguments),
    }


def variants(operation, names, functions):
    return {f"{operation}/{name}": functions[name] for name in names}


def norm_rows(function):
    return {"rows": function(1), "columns": function(0), "rows of 10": function(1)}


def scatter_add(axis):
    def compute(x, positions, updates):
        result = x.copy()
        other = np.arange(x.shape[1 - axis])
        index = (positions, other[None, :]) if axis == 0 else (other[:, None], positions)
        np.add.at(result, index, updates)
        return result
    return compute


def scatter_elements(x, positions, updates):
    result = x.copy()
    np.add.at(result, positions, updates)
    return result


def index_add_columns(x, positions, updates):
    result = x.copy()
    np.add.at(result, (slice(None), positions), updates)
    return result


def topk(k):
    def compute(x):
        largest = np.argpartition(x, -k, axis=-1)[..., -k:]
        values = np.take_along_axis(x, largest, -1)
        order = np.argsort(-values, axis=-1)
        return np.take_along_axis(values, order, -1), np.take_along_axis(largest, order, -1)
    return compute


def one_hot(labels):
    result = np.zeros((labels.size, 128), np.float32)
    result[np.arange(labels.size), labels] = 1
    return result


def layer_norm(x, gamma, beta):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(-1, keepdims=True) + 1e-5) * gamma + beta


def rms_norm(x, gamma):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * gamma


def per_channel(x):
    return x[:, None, None]


def batch_norm(x, mean, variance, gamma, beta):
    scale = gamma / np.sqrt(variance + 1e-5)
    return x * per_channel(scale) + per_channel(beta - mean * scale)


def batch_norm_training(x, mean, variance, gamma, beta):
    axes = (0, 2, 3)
    return batch_norm(x, x.mean(axes), x.var(axes), gamma, beta)


def group_norm(x, gamma, beta):
    groups = x.reshape(x.shape[0], 8, -1)
    centred = groups - groups.mean(-1, keepdims=True)
    normal = centred / np.sqrt((centred * centred).mean(-1, keepdims=True) + 1e-5)
    return normal.reshape(x.shape) * per_channel(gamma) + per_channel(beta)


def cross_entropy(logits, labels):
    return (logsumexp(1)(logits) - logits[np.arange(labels.size), labels]).mean()


def huber_loss(a, b):
    distance = np.abs(a - b)
    return np.where(distance <= 0.8, 0.5 * distance * distance, 0.8 * (distance - 0.4)).mean()


def binary_cross_entropy(x, target):
    return (np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))).mean()


def pooled(reduce):
    return lambda x: reduce(x.reshape(*x.shape[:2], x.shape[2] // 2, 2, x.shape[3] // 2, 2), (3, 5))


def overlapping(reduce, outside):
    def compute(x):
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=outside)
        return reduce(sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::2, ::2], (4, 5))
    return compute


def attention(causal):
    def compute(query, key, value):
        scores = query @ key.swapaxes(-1, -2)
        scores *= np.float32(1 / math.sqrt(query.shape[-1]))
        if causal:
            scores += np.triu(np.full(scores.shape[-2:], -np.inf, np.float32), 1)
        return softmax(-1)(scores) @ value
    return compute


def einsum(subscripts):
    return lambda *operands: np.ascontiguousarray(np.einsum(subscripts, *operands, optimize=True))


def copied(view):
    """A view, which NumPy makes for nothing, as elements in row-major order."""
    return lambda x: np.ascontiguousarray(view(x))


def dropout(x):
    return np.where(RANDOM.random(x.shape, np.float32) < 0.7, x, 0) * np.float32(1 / 0.7)


def categorical(logits):
    return (logits + RANDOM.gumbel(size=logits.shape)).argmax(-1)


ELEMENTWISE = {
    "neg": np.negative, "abs": np.abs, "sign": np.sign, "square": np.square, "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x), "reciprocal": np.reciprocal, "exp": np.exp, "exp/f64": np.exp,
    "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log/f64": np.log, "log2": np.log2, "log10": np.log10,
    "log1p": np.log1p, "sin": np.sin, "sin/f64": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin,
    "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "tanh/f64": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "erf": NONE, "erfc": NONE, "erfinv": NONE, "lgamma": NONE,
    "floor": np.floor, "ceil": np.ceil, "round": np.rint, "trunc": np.trunc,
    "isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite,
    "logical_not": np.logical_not, "bitwise_not": np.invert,
    "cast/f32 to i32": lambda x: x.astype(np.int32), "cast/f32 to f64": lambda x: x.astype(np.float64),
    "cast/f64 to f32": lambda x: x.astype(np.float32), "cast/f32 to bool": lambda x: x.astype(np.bool_),
    "cast/bool to f32": lambda x: x.astype(np.float32), "cast/i32 to f32": lambda x: x.astype(np.float32),
    "cast/i64 to f32": lambda x: x.astype(np.float32), "cast/f32 to bf16": NONE,
    "cast/f32 to f16": lambda x: x.astype(np.float16),
    "sigmoid": sigmoid, "relu": lambda x: np.maximum(x, 0), "silu": lambda x: x / (1 + np.exp(-x)),
    "softplus": softplus, "log_sigmoid": lambda x: -softplus(-x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "hardswish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "leaky_relu": lambda x: np.where(x > 0, x, np.float32(0.01) * x),
    "gelu/erf": NONE, "gelu/tanh": gelu_tanh, "clip": lambda x: np.clip(x, -0.7, 0.9),
    "pow/2": lambda x: x ** 2, "pow/3": lambda x: x ** 3, "pow/0.5": lambda x: x ** 0.5,
    "pow/-1.3": lambda x: x ** -1.3,
}

BINARY = {
    "add": np.add, "add/row": np.add, "add/column": np.add, "add/number": lambda x: x + 1.5,
    "add/transposed": lambda x, y: x + y.T, "add/i64": np.add, "add/bf16": NONE,
    "sub": np.subtract, "mul": np.multiply, "mul/i64": np.multiply, "div": np.divide,
    "minimum": np.minimum, "maximum": np.maximum, "atan2": np.arctan2, "hypot": np.hypot,
    "logaddexp": np.logaddexp, "pow/tensors": np.power,
    "floor_divide": np.floor_divide, "floor_divide/i64": np.floor_divide,
    "remainder": np.remainder, "remainder/i64": np.remainder,
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal, "logical_and": np.logical_and, "logical_or": np.logical_or,
    "logical_xor": np.logical_xor, "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor, "where": np.where,
}

FIVE = ("all", "rows", "columns", "rows of 4", "middle axis")
THREE = FIVE[:3]

REDUCTIONS = {
    **variants("sum", FIVE, reduced(np.sum)), **variants("max", FIVE, reduced(np.max)),
    **variants("var", FIVE, reduced(np.var, ddof=1)), **variants("mean", THREE, reduced(np.mean)),
    **variants("min", THREE, reduced(np.min)), **variants("std", THREE, reduced(np.std, ddof=1)),
    **variants("norm", THREE, reduced(np.linalg.norm)), **variants("prod", THREE, reduced(np.prod)),
    **variants("any", THREE, reduced(np.any)), **variants("all", THREE, reduced(np.all)),
    "logsumexp/all": logsumexp(0), "logsumexp/rows": logsumexp(1), "logsumexp/columns": logsumexp(0),
    "norm/rows, order 1": lambda x: np.linalg.norm(x, 1, axis=1),
    "sum/rows, f64": lambda x: x.sum(1), "sum/rows, i64": lambda x: x.sum(1),
    "count_nonzero/all": np.count_nonzero,
    **variants("softmax", ("rows", "columns", "rows of 10"), norm_rows(softmax)),
    **variants("log_softmax", ("rows", "columns", "rows of 10"), norm_rows(log_softmax)),
    "cumsum/all": np.cumsum, "cumsum/rows": lambda x: np.cumsum(x, 1), "cumsum/columns": lambda x: np.cumsum(x, 0),
    "cumprod/rows": lambda x: np.cumprod(x, 1), "cumprod/columns": lambda x: np.cumprod(x, 0),
    "logcumsumexp/rows": lambda x: np.logaddexp.accumulate(x, 1),
    "cummax/rows": NONE, "cummax/columns": NONE,  # It has the values alone, without positions.
}

ORDER = {
    "argmax/all": np.argmax, "argmax/rows": lambda x: np.argmax(x, 1), "argmax/columns": lambda x: np.argmax(x, 0),
    "argmax/rows of 16": lambda x: np.argmax(x, 1), "argmin/rows": lambda x: np.argmin(x, 1),
    "sort/all": np.sort, "sort/rows": lambda x: np.sort(x, 1), "sort/columns": lambda x: np.sort(x, 0),
    "sort/rows of 16": lambda x: np.sort(x, 1), "sort/i64": np.sort,
    "argsort/all": lambda x: np.argsort(x, stable=True), "argsort/rows": lambda x: np.argsort(x, 1, stable=True),
    "topk/10 of all": topk(10), "topk/5 of rows": topk(5),
    "median/rows": lambda x: np.median(x, 1), "quantile/rows": lambda x: np.quantile(x, 0.3, 1),
    "searchsorted": np.searchsorted,
}

ARRANGEMENT = {
    "reshape": lambda x: x.reshape(1024, 1024),
    "permute/transposed": copied(lambda x: x.T), "permute/transposed bool": copied(lambda x: x.T),
    "permute/channels last": copied(lambda x: x.transpose(0, 2, 3, 1)),
    "swapaxes/outer two": copied(lambda x: x.swapaxes(0, 1)),
    "swapaxes/first and last": copied(lambda x: x.swapaxes(0, 2)),
    "broadcast_to/rows": copied(lambda x: np.broadcast_to(x, (1024, 1024))),
    "broadcast_to/columns": copied(lambda x: np.broadcast_to(x, (1024, 1024))),
    "expand_dims": lambda x: x[:, None], "squeeze": lambda x: x.squeeze(1),
    "flip/rows": copied(np.flipud), "flip/columns": copied(np.fliplr),
    "roll/rows": lambda x: np.roll(x, 100, 0), "roll/columns": lambda x: np.roll(x, 100, 1),
    "concat/rows": lambda a, b: np.concatenate([a, b], 0), "concat/columns": lambda a, b: np.concatenate([a, b], 1),
    "stack/first axis": lambda a, b: np.stack([a, b], 0), "stack/last axis": lambda a, b: np.stack([a, b], 2),
    "split/columns": lambda x: [np.ascontiguousarray(part) for part in np.split(x, 4, 1)],
    "slice/block": copied(lambda x: x[100:1124, 100:1124]), "slice/every second column": copied(lambda x: x[:, ::2]),
    "pad/constant": lambda x: np.pad(x, 8, constant_values=1.5), "pad/reflect": lambda x: np.pad(x, 8, "reflect"),
    "pad/edge": lambda x: np.pad(x, 8, "edge"), "tile": lambda x: np.tile(x, (2, 2)),
    "repeat/rows": lambda x: np.repeat(x, 4, 0), "repeat/columns": lambda x: np.repeat(x, 4, 1),
    "tril": np.tril, "triu": np.triu, "diagonal": copied(np.diagonal),
}

INDEXING = {
    "take/elements": np.take, "take/rows": lambda x, i: np.take(x, i, 0), "take/columns": lambda x, i: np.take(x, i, 1),
    "take_along_axis/rows": lambda x, i: np.take_along_axis(x, i, 1),
    "take_along_axis/columns": lambda x, i: np.take_along_axis(x, i, 0),
    "scatter_add/elements": scatter_elements, "scatter_add/rows": scatter_add(1), "scatter_add/columns": scatter_add(0),
    "index_add/rows": scatter_elements, "index_add/columns": index_add_columns,
    "embedding": lambda table, i: table[i], "one_hot": one_hot,
    "bincount": lambda labels: np.bincount(labels, minlength=1024),
}

CREATION = {
    "zeros": lambda: np.zeros(1 << 20, np.float32), "full": lambda: np.full(1 << 20, 1.5, np.float32),
    "eye": lambda: np.eye(1024, dtype=np.float32), "arange/i64": lambda: np.arange(1 << 20),
    "arange/f32": lambda: np.arange(0, 1 << 20, dtype=np.float32),
    "linspace": lambda: np.linspace(-1, 1, 1 << 20, dtype=np.float32),
    "uniform": lambda: RANDOM.random(1 << 20, np.float32),
    "normal": lambda: RANDOM.standard_normal(1 << 20, np.float32),
    "randint": lambda: RANDOM.integers(0, 1000, 1 << 20), "bernoulli": lambda: RANDOM.random(1 << 20, np.float32) < 0.3,
    "permutation": lambda: RANDOM.permutation(1 << 20), "dropout": dropout, "categorical": categorical,
}

PRODUCTS = {
    **{f"matmul/{name}": np.matmul for name in
       ("512", "f64", "vector", "vector on the left", "batch of 64", "batch of 4x4", "tall", "one column", "one term",
        "batch of one row")},
    **{f"einsum/{subscripts}": einsum(subscripts) for subscripts in
       ("ij->ji", "ii->i", "ij->", "ab,ab->a", "bij,bkj->bik", "bhid,bhjd->bhij", "bhij,bjhd->bihd",
        "ij,jk,kl->il")},
    "outer": np.outer, "tensordot": np.tensordot,
    "conv1d": NONE, "conv1d/1 channel": NONE, "conv2d/3 channels": NONE, "conv2d/1 channel": NONE,
    "conv2d/3x3 stride 2": NONE, "conv2d/1x1 stride 2": NONE, "conv2d/dilated": NONE, "conv2d/4 groups": NONE, "conv2d/one image": NONE,
    "conv2d/small images": NONE, "conv2d/patches": NONE, "conv2d/3x3": NONE, "conv2d/1x1": NONE, "conv2d/7x7 stride 2": NONE, "conv2d/depthwise": NONE,
    "conv3d": NONE, "conv_transpose2d": NONE,
    "max_pool2d/2x2": pooled(np.max), "avg_pool2d/2x2": pooled(np.mean),
    "max_pool2d/3x3 stride 2": overlapping(np.max, -np.inf), "avg_pool2d/3x3 stride 2": overlapping(np.mean, 0),
    "scaled_dot_product_attention/full": attention(False), "scaled_dot_product_attention/causal": attention(True),
}

NETWORKS = {
    "layer_norm": layer_norm, "rms_norm": rms_norm, "batch_norm": batch_norm,
    "batch_norm/training": batch_norm_training, "group_norm": group_norm,
    "cross_entropy": cross_entropy, "cross_entropy/10 classes": cross_entropy,
    "mse_loss": lambda a, b: np.square(a - b).mean(), "l1_loss": lambda a, b: np.abs(a - b).mean(),
    "huber_loss": huber_loss, "binary_cross_entropy_with_logits": binary_cross_entropy,
}

CASES = {**ELEMENTWISE, **BINARY, **REDUCTIONS, **ORDER, **ARRANGEMENT, **INDEXING, **CREATION, **PRODUCTS, **NETWORKS}
