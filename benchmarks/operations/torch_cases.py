"""The cases of Latent's operations, as one writes them in PyTorch. Where it has no such function, there is NONE."""

import torch
import torch.nn.functional as F

NONE = None


def reduced(function, **arguments):
    """The variants along which reductions are measured."""
    return {
        "all": lambda x: function(x, **arguments),
        "rows": lambda x: function(x, dim=1, **arguments),
        "columns": lambda x: function(x, dim=0, **arguments),
        "rows of 4": lambda x: function(x, dim=1, **arguments),
        "middle axis": lambda x: function(x, dim=1, **arguments),
    }


def variants(operation, names, functions):
    return {f"{operation}/{name}": functions[name] for name in names}


def normed(function):
    return {"rows": lambda x: function(x, 1), "columns": lambda x: function(x, 0), "rows of 10": lambda x: function(x, 1)}


def copied(view):
    """A view, which PyTorch makes for nothing, as elements in row-major order."""
    return lambda x: view(x).contiguous()


def padded(mode):
    return lambda x: F.pad(x[None], (8, 8, 8, 8), mode)[0]


def einsum(subscripts):
    return lambda *operands: torch.einsum(subscripts, *operands).contiguous()


def to(dtype):
    return lambda x: x.to(dtype)


ELEMENTWISE = {
    **{name: getattr(torch, name) for name in (
        "neg", "abs", "sign", "square", "sqrt", "rsqrt", "reciprocal", "exp", "exp2", "expm1", "log", "log2", "log10",
        "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf",
        "erfc", "erfinv", "lgamma", "floor", "ceil", "round", "trunc", "isnan", "isinf", "isfinite", "logical_not",
        "bitwise_not", "sigmoid")},
    "exp/f64": torch.exp, "log/f64": torch.log, "sin/f64": torch.sin, "tanh/f64": torch.tanh,
    "cast/f32 to i32": to(torch.int32), "cast/f32 to f64": to(torch.float64), "cast/f64 to f32": to(torch.float32),
    "cast/f32 to bool": to(torch.bool), "cast/bool to f32": to(torch.float32), "cast/i32 to f32": to(torch.float32),
    "cast/i64 to f32": to(torch.float32), "cast/f32 to bf16": to(torch.bfloat16), "cast/f32 to f16": to(torch.float16),
    **{name: getattr(F, name) for name in (
        "relu", "silu", "softplus", "elu", "selu", "mish", "hardswish", "leaky_relu")},
    "log_sigmoid": F.logsigmoid, "gelu/erf": F.gelu, "gelu/tanh": lambda x: F.gelu(x, approximate="tanh"),
    "clip": lambda x: torch.clamp(x, -0.7, 0.9),
    "pow/2": lambda x: x ** 2, "pow/3": lambda x: x ** 3, "pow/0.5": lambda x: x ** 0.5, "pow/-1.3": lambda x: x ** -1.3,
}

BINARY = {
    **{name: getattr(torch, name) for name in (
        "add", "sub", "mul", "div", "minimum", "maximum", "atan2", "hypot", "logaddexp", "floor_divide", "remainder",
        "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or",
        "bitwise_xor", "where")},
    "add/row": torch.add, "add/column": torch.add, "add/number": lambda x: x + 1.5,
    "add/transposed": lambda x, y: x + y.t(), "add/i64": torch.add, "add/bf16": torch.add, "mul/i64": torch.mul,
    "pow/tensors": torch.pow, "floor_divide/i64": torch.floor_divide, "remainder/i64": torch.remainder,
}

FIVE = ("all", "rows", "columns", "rows of 4", "middle axis")
THREE = FIVE[:3]

REDUCTIONS = {
    **variants("sum", FIVE, reduced(torch.sum)), **variants("max", FIVE, reduced(torch.amax)),
    **variants("var", FIVE, reduced(torch.var)), **variants("mean", THREE, reduced(torch.mean)),
    **variants("min", THREE, reduced(torch.amin)), **variants("std", THREE, reduced(torch.std)),
    **variants("norm", THREE, reduced(torch.linalg.vector_norm)), **variants("prod", THREE, reduced(torch.prod)),
    **variants("any", THREE, reduced(torch.any)), **variants("all", THREE, reduced(torch.all)),
    "logsumexp/all": lambda x: torch.logsumexp(x, 0), "logsumexp/rows": lambda x: torch.logsumexp(x, 1),
    "logsumexp/columns": lambda x: torch.logsumexp(x, 0),
    "norm/rows, order 1": lambda x: torch.linalg.vector_norm(x, 1, dim=1),
    "sum/rows, f64": lambda x: x.sum(1), "sum/rows, i64": lambda x: x.sum(1),
    "count_nonzero/all": torch.count_nonzero,
    **variants("softmax", ("rows", "columns", "rows of 10"), normed(torch.softmax)),
    **variants("log_softmax", ("rows", "columns", "rows of 10"), normed(torch.log_softmax)),
    "cumsum/all": lambda x: torch.cumsum(x, 0), "cumsum/rows": lambda x: torch.cumsum(x, 1),
    "cumsum/columns": lambda x: torch.cumsum(x, 0), "cumprod/rows": lambda x: torch.cumprod(x, 1),
    "cumprod/columns": lambda x: torch.cumprod(x, 0), "logcumsumexp/rows": lambda x: torch.logcumsumexp(x, 1),
    "cummax/rows": lambda x: torch.cummax(x, 1), "cummax/columns": lambda x: torch.cummax(x, 0),
}

ORDER = {
    "argmax/all": torch.argmax, "argmax/rows": lambda x: torch.argmax(x, 1),
    "argmax/columns": lambda x: torch.argmax(x, 0), "argmax/rows of 16": lambda x: torch.argmax(x, 1),
    "argmin/rows": lambda x: torch.argmin(x, 1),
    "sort/all": lambda x: torch.sort(x, stable=True).values, "sort/rows": lambda x: torch.sort(x, dim=1, stable=True).values,
    "sort/columns": lambda x: torch.sort(x, dim=0, stable=True).values,
    "sort/rows of 16": lambda x: torch.sort(x, dim=1, stable=True).values,
    "sort/i64": lambda x: torch.sort(x, stable=True).values,
    "argsort/all": lambda x: torch.argsort(x, stable=True), "argsort/rows": lambda x: torch.argsort(x, dim=1, stable=True),
    "topk/10 of all": lambda x: torch.topk(x, 10), "topk/5 of rows": lambda x: torch.topk(x, 5),
    "median/rows": lambda x: torch.median(x, 1).values, "quantile/rows": lambda x: torch.quantile(x, 0.3, 1),
    "searchsorted": torch.searchsorted,
}

ARRANGEMENT = {
    "reshape": lambda x: x.reshape(1024, 1024),
    "permute/transposed": copied(lambda x: x.t()), "permute/transposed bool": copied(lambda x: x.t()),
    "permute/channels last": copied(lambda x: x.permute(0, 2, 3, 1)),
    "swapaxes/outer two": copied(lambda x: x.swapaxes(0, 1)),
    "swapaxes/first and last": copied(lambda x: x.swapaxes(0, 2)),
    "broadcast_to/rows": copied(lambda x: x.broadcast_to(1024, 1024)),
    "broadcast_to/columns": copied(lambda x: x.broadcast_to(1024, 1024)),
    "expand_dims": lambda x: x[:, None], "squeeze": lambda x: x.squeeze(1),
    "flip/rows": lambda x: torch.flip(x, [0]), "flip/columns": lambda x: torch.flip(x, [1]),
    "roll/rows": lambda x: torch.roll(x, 100, 0), "roll/columns": lambda x: torch.roll(x, 100, 1),
    "concat/rows": lambda a, b: torch.cat([a, b], 0), "concat/columns": lambda a, b: torch.cat([a, b], 1),
    "stack/first axis": lambda a, b: torch.stack([a, b], 0), "stack/last axis": lambda a, b: torch.stack([a, b], 2),
    "split/columns": lambda x: [part.contiguous() for part in torch.split(x, 256, 1)],
    "slice/block": copied(lambda x: x[100:1124, 100:1124]), "slice/every second column": copied(lambda x: x[:, ::2]),
    "pad/constant": lambda x: F.pad(x, (8, 8, 8, 8), value=1.5), "pad/reflect": padded("reflect"),
    "pad/edge": padded("replicate"), "tile": lambda x: torch.tile(x, (2, 2)),
    "repeat/rows": lambda x: torch.repeat_interleave(x, 4, 0),
    "repeat/columns": lambda x: torch.repeat_interleave(x, 4, 1),
    "tril": torch.tril, "triu": torch.triu, "diagonal": copied(torch.diagonal),
}

INDEXING = {
    "take/elements": torch.take, "take/rows": lambda x, i: torch.index_select(x, 0, i),
    "take/columns": lambda x, i: torch.index_select(x, 1, i),
    "take_along_axis/rows": lambda x, i: torch.gather(x, 1, i),
    "take_along_axis/columns": lambda x, i: torch.gather(x, 0, i),
    "scatter_add/elements": lambda x, i, updates: torch.scatter_add(x, 0, i, updates),
    "scatter_add/rows": lambda x, i, updates: torch.scatter_add(x, 1, i, updates),
    "scatter_add/columns": lambda x, i, updates: torch.scatter_add(x, 0, i, updates),
    "index_add/rows": lambda x, i, updates: torch.index_add(x, 0, i, updates),
    "index_add/columns": lambda x, i, updates: torch.index_add(x, 1, i, updates),
    "embedding": lambda table, i: F.embedding(i, table),
    "one_hot": lambda labels: F.one_hot(labels, 128).to(torch.float32),
    "bincount": lambda labels: torch.bincount(labels, minlength=1024),
}

CREATION = {
    "zeros": lambda: torch.zeros(1 << 20), "full": lambda: torch.full((1 << 20,), 1.5), "eye": lambda: torch.eye(1024),
    "arange/i64": lambda: torch.arange(1 << 20), "arange/f32": lambda: torch.arange(0.0, 1 << 20),
    "linspace": lambda: torch.linspace(-1, 1, 1 << 20), "uniform": lambda: torch.rand(1 << 20),
    "normal": lambda: torch.randn(1 << 20), "randint": lambda: torch.randint(0, 1000, (1 << 20,)),
    "bernoulli": lambda: torch.empty(1 << 20, dtype=torch.bool).bernoulli_(0.3),
    "permutation": lambda: torch.randperm(1 << 20), "dropout": lambda x: F.dropout(x, 0.3),
    "categorical": lambda logits: torch.distributions.Categorical(logits=logits, validate_args=False).sample(),
}

PRODUCTS = {
    **{f"matmul/{name}": torch.matmul for name in
       ("512", "f64", "vector", "vector on the left", "batch of 64", "batch of 4x4", "tall", "one column", "one term",
        "batch of one row")},
    **{f"einsum/{subscripts}": einsum(subscripts) for subscripts in
       ("ij->ji", "ii->i", "ij->", "ab,ab->a", "bij,bkj->bik", "bhid,bhjd->bhij", "bhij,bjhd->bihd",
        "ij,jk,kl->il")},
    "outer": torch.outer, "tensordot": lambda a, b: torch.tensordot(a, b, 2),
    "conv1d": lambda x, w: F.conv1d(x, w, padding=2), "conv2d/3x3": lambda x, w: F.conv2d(x, w, padding=1),
    "conv2d/1x1": F.conv2d, "conv2d/7x7 stride 2": lambda x, w: F.conv2d(x, w, stride=2, padding=3),
    "conv1d/1 channel": lambda x, w: F.conv1d(x, w, padding=4),
    "conv2d/3 channels": lambda x, w: F.conv2d(x, w, padding=1),
    "conv2d/1 channel": lambda x, w: F.conv2d(x, w, padding=2),
    "conv2d/3x3 stride 2": lambda x, w: F.conv2d(x, w, stride=2, padding=1),
    "conv2d/1x1 stride 2": lambda x, w: F.conv2d(x, w, stride=2),
    "conv2d/dilated": lambda x, w: F.conv2d(x, w, padding=2, dilation=2),
    "conv2d/4 groups": lambda x, w: F.conv2d(x, w, padding=1, groups=4),
    "conv2d/one image": lambda x, w: F.conv2d(x, w, padding=1),
    "conv2d/small images": lambda x, w: F.conv2d(x, w, padding=1),
    "conv2d/patches": lambda x, w: F.conv2d(x, w, stride=16),
    "conv2d/depthwise": lambda x, w: F.conv2d(x, w, padding=1, groups=64),
    "conv3d": lambda x, w: F.conv3d(x, w, padding=1),
    "conv_transpose2d": lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1),
    "max_pool2d/2x2": lambda x: F.max_pool2d(x, 2), "max_pool2d/3x3 stride 2": lambda x: F.max_pool2d(x, 3, 2, 1),
    "avg_pool2d/2x2": lambda x: F.avg_pool2d(x, 2), "avg_pool2d/3x3 stride 2": lambda x: F.avg_pool2d(x, 3, 2, 1),
    "scaled_dot_product_attention/full": F.scaled_dot_product_attention,
    "scaled_dot_product_attention/causal": lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
}

NETWORKS = {
    "layer_norm": lambda x, gamma, beta: F.layer_norm(x, (1024,), gamma, beta),
    "rms_norm": lambda x, gamma: F.rms_norm(x, (1024,), gamma, 1e-5),
    "batch_norm": lambda x, mean, variance, gamma, beta: F.batch_norm(x, mean, variance, gamma, beta),
    "batch_norm/training":
        lambda x, mean, variance, gamma, beta: F.batch_norm(x, mean, variance, gamma, beta, training=True),
    "group_norm": lambda x, gamma, beta: F.group_norm(x, 8, gamma, beta),
    "cross_entropy": F.cross_entropy, "cross_entropy/10 classes": F.cross_entropy,
    "mse_loss": F.mse_loss, "l1_loss": F.l1_loss, "huber_loss": lambda a, b: F.huber_loss(a, b, delta=0.8),
    "binary_cross_entropy_with_logits": F.binary_cross_entropy_with_logits,
}

CASES = {**ELEMENTWISE, **BINARY, **REDUCTIONS, **ORDER, **ARRANGEMENT, **INDEXING, **CREATION, **PRODUCTS, **NETWORKS}
