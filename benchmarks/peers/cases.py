"""Case registry: names, groups, work counts and the numpy inputs (canonical layouts).

Canonical layouts: NCHW activations, OIHW conv weights, (in, out) linear weights.
All floats are float32 and all labels/tokens int32, from a fixed seed. SPEC.md has the maths.
"""
import numpy as np

SEED = 20240
F32 = np.float32


class Gen:
    def __init__(self):
        self.r = np.random.default_rng(SEED)

    def n(self, *shape, s=1.0):
        a = self.r.standard_normal(shape, dtype=F32)
        if s != 1.0:
            a *= F32(s)
        return a

    def u(self, *shape, lo=0.0, hi=1.0):
        return (self.r.random(shape, dtype=F32) * F32(hi - lo) + F32(lo)).astype(F32)

    def i(self, hi, *shape):
        return self.r.integers(0, hi, size=shape, dtype=np.int32)


class Case:
    def __init__(self, name, group, make, flops=None, bytes_=None, ops=None, tol=2e-3, note=""):
        self.name, self.group, self.make = name, group, make
        self.flops, self.bytes, self.ops, self.tol, self.note = flops, bytes_, ops, tol, note


CASES = {}


def add(name, group, make, **kw):
    CASES[name] = Case(name, group, make, **kw)


N24 = 1 << 24

# ---------------------------------------------------------------- elementwise
A_SCALE, B_SHIFT = 1.1, 0.1  # the scalars a, b of ew_chain
add("ew_chain", "elementwise", lambda g: dict(x=g.n(N24)), bytes_=2 * 4 * N24, note="gelu_tanh(x*a+b)")
add("ew_add", "elementwise", lambda g: dict(x=g.n(N24), y=g.n(N24)), bytes_=3 * 4 * N24)
add("ew_bcast", "elementwise", lambda g: dict(x=g.n(5000, 1000), b=g.n(1000)), bytes_=2 * 4 * 5000 * 1000,
    note="relu(x+b)*2")
add("ew_small", "elementwise", lambda g: dict(x=g.n(1024), y=g.n(1024)), bytes_=3 * 4 * 1024)

# ---------------------------------------------------------------- reductions
add("sum_all", "reductions", lambda g: dict(x=g.n(N24)), bytes_=4 * N24)
add("sum_axis0", "reductions", lambda g: dict(x=g.n(4096, 4096)), bytes_=4 * 4096 * 4096)
add("sum_axis1", "reductions", lambda g: dict(x=g.n(4096, 4096)), bytes_=4 * 4096 * 4096)
add("meanvar_axis1", "reductions", lambda g: dict(x=g.n(4096, 1024)), bytes_=4 * 4096 * 1024,
    note="mean and population variance")
add("argmax_axis1", "reductions", lambda g: dict(x=g.n(4096, 1024)), bytes_=4 * 4096 * 1024)

# ---------------------------------------------------------------- normalisation
NM = 4096 * 1024
add("softmax", "normalisation", lambda g: dict(x=g.n(4096, 1024)), bytes_=2 * 4 * NM)
add("softmax_bwd", "normalisation", lambda g: dict(x=g.n(4096, 1024), g=g.n(4096, 1024)), bytes_=3 * 4 * NM,
    note="forward + vjp")
add("layernorm", "normalisation", lambda g: dict(x=g.n(4096, 1024), gamma=g.n(1024), beta=g.n(1024)),
    bytes_=2 * 4 * NM)
add("layernorm_bwd", "normalisation",
    lambda g: dict(x=g.n(4096, 1024), gamma=g.n(1024), beta=g.n(1024), g=g.n(4096, 1024)), bytes_=3 * 4 * NM,
    note="forward + vjp to x, gamma, beta")
add("nll_loss_fb", "normalisation", lambda g: dict(x=g.n(4096, 1000), y=g.i(1000, 4096)),
    bytes_=2 * 4 * 4096 * 1000, note="log_softmax + mean nll, forward + dx")

# ---------------------------------------------------------------- gemm
for _n in (64, 128, 256, 512, 1000, 1024, 2048):
    add(f"gemm_{_n}", "gemm", lambda g, _n=_n: dict(a=g.n(_n, _n), b=g.n(_n, _n)), flops=2 * _n**3)
add("gemm_tn", "gemm", lambda g: dict(a=g.n(1024, 1024), b=g.n(1024, 1024)), flops=2 * 1024**3, note="A^T B")
add("gemm_nt", "gemm", lambda g: dict(a=g.n(1024, 1024), b=g.n(1024, 1024)), flops=2 * 1024**3, note="A B^T")
add("gemv", "gemm", lambda g: dict(a=g.n(4096, 4096), x=g.n(4096)), flops=2 * 4096**2, bytes_=4 * 4096**2)
add("gemm_ragged", "gemm", lambda g: dict(a=g.n(1009, 515), b=g.n(515, 769)), flops=2 * 1009 * 515 * 769,
    note="1009x515 @ 515x769")
for _name, _rows in (("gemm_1row", 1), ("gemm_8rows", 8)):
    add(_name, "gemm", lambda g, _rows=_rows: dict(a=g.n(_rows, 4096), b=g.n(4096, 4096)),
        flops=2 * _rows * 4096 * 4096, bytes_=4 * 4096**2, note=f"{_rows}x4096 @ 4096x4096")
add("gemm_skinny", "gemm", lambda g: dict(a=g.n(32, 4096), b=g.n(4096, 4096)), flops=2 * 32 * 4096 * 4096,
    note="32x4096 @ 4096x4096")
add("gemm_batched", "gemm", lambda g: dict(a=g.n(64, 128, 128), b=g.n(64, 128, 128)), flops=64 * 2 * 128**3)
add("gemm_bias_gelu", "gemm", lambda g: dict(a=g.n(512, 1024), b=g.n(1024, 4096, s=1 / 32), c=g.n(4096)),
    flops=2 * 512 * 1024 * 4096)


# ---------------------------------------------------------------- conv
def conv_flops(n, c, k, r, ho, wo, groups=1):
    return 2 * n * k * (c // groups) * r * r * ho * wo


add("conv3x3", "conv", lambda g: dict(x=g.n(8, 64, 56, 56), w=g.n(64, 64, 3, 3, s=0.05)),
    flops=conv_flops(8, 64, 64, 3, 56, 56))
add("conv1x1", "conv", lambda g: dict(x=g.n(8, 256, 28, 28), w=g.n(256, 256, 1, 1, s=0.05)),
    flops=conv_flops(8, 256, 256, 1, 28, 28))
add("conv7x7s2", "conv", lambda g: dict(x=g.n(8, 3, 224, 224), w=g.n(64, 3, 7, 7, s=0.05)),
    flops=conv_flops(8, 3, 64, 7, 112, 112), note="pad 3")
add("dwconv3x3", "conv", lambda g: dict(x=g.n(8, 128, 56, 56), w=g.n(128, 1, 3, 3, s=0.3)),
    flops=conv_flops(8, 128, 128, 3, 56, 56, 128), bytes_=2 * 4 * 8 * 128 * 56 * 56)
add("conv3x3_bwd", "conv",
    lambda g: dict(x=g.n(8, 64, 56, 56), w=g.n(64, 64, 3, 3, s=0.05), g=g.n(8, 64, 56, 56)),
    flops=2 * conv_flops(8, 64, 64, 3, 56, 56), note="dx and dw only, no forward needed")
add("conv1x1_bwd", "conv",
    lambda g: dict(x=g.n(8, 256, 28, 28), w=g.n(256, 256, 1, 1, s=0.05), g=g.n(8, 256, 28, 28)),
    flops=2 * conv_flops(8, 256, 256, 1, 28, 28), note="dx and dw only")
add("conv7x7s2_bwd", "conv",
    lambda g: dict(x=g.n(8, 3, 224, 224), w=g.n(64, 3, 7, 7, s=0.05), g=g.n(8, 64, 112, 112)),
    flops=2 * conv_flops(8, 3, 64, 7, 112, 112), note="dx and dw only")
add("dwconv3x3_bwd", "conv",
    lambda g: dict(x=g.n(8, 128, 56, 56), w=g.n(128, 1, 3, 3, s=0.3), g=g.n(8, 128, 56, 56)),
    flops=2 * conv_flops(8, 128, 128, 3, 56, 56, 128), bytes_=3 * 4 * 8 * 128 * 56 * 56, note="dx and dw only")
add("maxpool2x2_fb", "conv", lambda g: dict(x=g.n(8, 64, 112, 112), g=g.n(8, 64, 56, 56)),
    bytes_=4 * 8 * 64 * (2 * 112 * 112 + 2 * 56 * 56), note="forward + backward: y and dx")

# ---------------------------------------------------------------- models
LR = 0.01
ADAM = dict(lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, t=10)
ADAMW = dict(lr=3e-4, b1=0.9, b2=0.95, eps=1e-8, wd=0.1, t=10)  # wd only on arrays with ndim >= 2

MLP_NAMES = ["w1", "b1", "w2", "b2", "w3", "b3"]
MLP_FLOPS = 2 * 128 * (2 * 784 * 512 + 3 * 512 * 512 + 3 * 512 * 10)


def adam_state(g, params):
    m = [g.n(*p.shape, s=0.01) for p in params]
    v = [g.u(*p.shape, lo=1e-4, hi=1e-3) for p in params]
    return m, v


def mlp_params(g):
    return [g.n(784, 512, s=(2 / 784) ** .5), g.n(512, s=0.01), g.n(512, 512, s=(2 / 512) ** .5), g.n(512, s=0.01),
            g.n(512, 10, s=(2 / 512) ** .5), g.n(10, s=0.01)]


def make_mlp(g):
    return dict(params=mlp_params(g), x=g.n(128, 784), y=g.i(10, 128))


def make_mlp_adam(g):
    d = make_mlp(g)
    d["m"], d["v"] = adam_state(g, d["params"])
    return d


add("mlp_train", "models", make_mlp, flops=MLP_FLOPS, note="784-512-512-10, batch 128, SGD")
add("mlp_adam", "models", make_mlp_adam, flops=MLP_FLOPS, note="same with Adam")

CNN_NAMES = ["c1w", "c1b", "c2w", "c2b", "f1w", "f1b", "f2w", "f2b", "f3w", "f3b"]


def make_convnet(g):
    p = [g.n(6, 1, 5, 5, s=0.2), g.n(6, s=0.1), g.n(16, 6, 5, 5, s=0.1), g.n(16, s=0.1),
         g.n(400, 120, s=0.07), g.n(120, s=0.1), g.n(120, 84, s=0.12), g.n(84, s=0.1), g.n(84, 10, s=0.15),
         g.n(10, s=0.1)]
    return dict(params=p, x=g.n(64, 1, 28, 28), y=g.i(10, 64))


_c1, _c2 = conv_flops(64, 1, 6, 5, 28, 28), conv_flops(64, 6, 16, 5, 10, 10)
_fc = 2 * 64 * (400 * 120 + 120 * 84 + 84 * 10)
add("convnet_train", "models", make_convnet, flops=2 * _c1 + 3 * _c2 + 3 * _fc, note="LeNet-5-like, batch 64, SGD")


def make_resblock(g):
    d = dict(x=g.n(8, 64, 56, 56))
    for i in (1, 2):
        d[f"w{i}"] = g.n(64, 64, 3, 3, s=0.05)
        d[f"g{i}"] = g.u(64, lo=0.5, hi=1.5)
        d[f"b{i}"] = g.n(64, s=0.1)
        d[f"mu{i}"] = g.n(64, s=0.1)
        d[f"var{i}"] = g.u(64, lo=0.5, hi=1.5)
    return d


add("resblock_fwd", "models", make_resblock, flops=2 * conv_flops(8, 64, 64, 3, 56, 56))

AB, AH, AT, AD = 4, 8, 256, 64
_att = 2 * AB * AH * AT * AT * AD
add("attention", "models", lambda g: dict(q=g.n(AB, AH, AT, AD), k=g.n(AB, AH, AT, AD), v=g.n(AB, AH, AT, AD)),
    flops=2 * _att, note="causal; flops counted for the full square")
add("attention_full", "models", lambda g: dict(q=g.n(AB, AH, AT, AD), k=g.n(AB, AH, AT, AD), v=g.n(AB, AH, AT, AD)),
    flops=2 * _att, note="not causal")
add("attention_bwd", "models",
    lambda g: dict(q=g.n(AB, AH, AT, AD), k=g.n(AB, AH, AT, AD), v=g.n(AB, AH, AT, AD), g=g.n(AB, AH, AT, AD)),
    flops=6 * _att, note="forward + vjp; 6 matmuls counted")

# gpt nano
GL, GD, GH, GT, GV, GB = 2, 128, 4, 128, 256, 8
GPT_NAMES = ["wte", "wpe"] + [f"l{l}.{n}" for l in range(GL) for n in
                              ("ln1g", "ln1b", "wqkv", "bqkv", "wo", "bo", "ln2g", "ln2b", "w1", "b1", "w2", "b2")] + \
            ["lnfg", "lnfb", "wlm"]


def make_gpt(g):
    p = []
    for nm in GPT_NAMES:
        k = nm.split(".")[-1]
        shape = dict(wte=(GV, GD), wpe=(GT, GD), ln1g=(GD,), ln1b=(GD,), wqkv=(GD, 3 * GD), bqkv=(3 * GD,), wo=(GD, GD),
                     bo=(GD,), ln2g=(GD,), ln2b=(GD,), w1=(GD, 4 * GD), b1=(4 * GD,), w2=(4 * GD, GD), b2=(GD,),
                     lnfg=(GD,), lnfb=(GD,), wlm=(GD, GV))[k]
        if k.endswith("g") and k.startswith("ln"):
            p.append(g.u(*shape, lo=0.9, hi=1.1))
        else:
            p.append(g.n(*shape, s=0.08 if len(shape) == 2 else 0.02))
    d = dict(params=p, x=g.i(GV, GB, GT), y=g.i(GV, GB, GT))
    d["m"], d["v"] = adam_state(g, p)
    return d


_tok = GB * GT
_mm = GL * (GD * 3 * GD + GD * GD + 8 * GD * GD) + GD * GV
add("gpt_nano_train", "models", make_gpt,
    flops=3 * 2 * _tok * _mm + GL * 3 * 4 * GB * GT * GT * GD, note="2 layers, d 128, 4 heads, T 128, batch 8, AdamW")

# ---------------------------------------------------------------- overhead / memory
add("chain_1000", "overhead", lambda g: dict(y=g.n(16), a=g.n(16, s=1e-3), b=g.n(16, s=1e-3)), ops=1000,
    note="graph rebuilt and evaluated on each iteration")
add("chain_100k", "overhead", lambda g: dict(y=g.n(16), a=g.n(16, s=1e-3), b=g.n(16, s=1e-3)), ops=100000,
    note="graph rebuilt and evaluated on each iteration", tol=2e-2)
add("mem_chain20", "memory", lambda g: dict(x=g.u(N24, lo=0.5, hi=1.5)), bytes_=2 * 4 * N24, ops=20,
    note="20 elementwise ops, one evaluation; peak RSS growth")

GROUPS = {}
for _c in CASES.values():
    GROUPS.setdefault(_c.group, []).append(_c.name)


def select(spec):
    """'all', group names, case names, globs, comma separated; a leading '-' removes."""
    import fnmatch
    out = []
    for s in spec.split(","):
        s = s.strip()
        if not s:
            continue
        neg, s = (True, s[1:]) if s.startswith("-") else (False, s)
        if s == "all":
            hit = list(CASES)
        elif s in GROUPS:
            hit = GROUPS[s]
        else:
            hit = [c for c in CASES if fnmatch.fnmatch(c, s)]
        if not hit:
            raise SystemExit(f"no case matches {s!r}; cases: {', '.join(CASES)}")
        if neg:
            out = [c for c in (out or list(CASES)) if c not in hit]
        else:
            out += [c for c in hit if c not in out]
    return out
