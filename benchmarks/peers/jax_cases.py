"""jax: jax.jit of the whole case, NCHW."""
import numpy as np
import cases as C
import formulas


class Peer:
    def start(self, threads):
        import jax
        self.jax = jax
        jax.config.update("jax_platforms", "cpu")
        self.version = jax.__version__

    def warm_library(self):
        jax = self.jax
        jax.block_until_ready(jax.jit(lambda a: (a * 2 + 1).sum())(np.ones(64, np.float32)))

    def sync(self, out):
        self.jax.block_until_ready(out)

    def allocated_at_most(self, function, arguments):
        """Bytes of results and of what lies between them, as the compiler planned."""
        memory = function.lower(*arguments).compile().memory_analysis()
        return memory.output_size_in_bytes + memory.temp_size_in_bytes - memory.alias_size_in_bytes

    def to_numpy(self, out):
        return [np.asarray(o) for o in self.jax.tree_util.tree_leaves(out)]

    def canon(self, case, arrs):
        return arrs

    def build(self, case, I, variant):
        jax = self.jax
        T = jax.tree_util.tree_map(jax.device_put, I)
        jax.block_until_ready(T)
        fn, args, rebuild = make(self, case, T, variant)
        return (fn if rebuild else jax.jit(fn)), args


def make(peer, case, T, variant):
    jax = peer.jax
    import jax.numpy as jnp
    from jax import lax

    def ret(fn, *names):
        return fn, [T[n] for n in names], False

    def vjp(f, ins, cot):
        return jax.vjp(f, *ins)[1](cot)

    def ln(x, g, b):
        mu = jnp.mean(x, -1, keepdims=True)
        xc = x - mu
        var = jnp.mean(xc * xc, -1, keepdims=True)
        return xc * lax.rsqrt(var + 1e-5) * g + b

    def ce(logits, y):
        lp = jax.nn.log_softmax(logits, -1)
        return -jnp.mean(jnp.take_along_axis(lp, y[:, None], 1))

    def conv(x, w, pad=0, stride=1, groups=1):
        return lax.conv_general_dilated(x, w, (stride, stride), [(pad, pad)] * 2,
                                        dimension_numbers=("NCHW", "OIHW", "NCHW"), feature_group_count=groups)

    def maxpool(x):
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def sdpa(q, k, v, causal=True):
        s = jnp.einsum("bhqd,bhkd->bhqk", q, k) * (1.0 / np.sqrt(q.shape[-1]))
        t = q.shape[2]
        mask = jnp.tril(jnp.ones((t, t), bool))
        p = jax.nn.softmax(jnp.where(mask, s, -jnp.inf) if causal else s, -1)
        return jnp.einsum("bhqk,bhkd->bhqd", p, v)

    gelu = lambda x: jax.nn.gelu(x, approximate=True)
    n = case
    if n == "ew_chain":
        return ret(lambda x: gelu(x * C.A_SCALE + C.B_SHIFT), "x")
    if n in ("ew_add", "ew_small"):
        return ret(lambda x, y: x + y, "x", "y")
    if n == "ew_bcast":
        return ret(lambda x, b: jax.nn.relu(x + b) * 2, "x", "b")
    if n == "sum_all":
        return ret(lambda x: jnp.sum(x), "x")
    if n == "sum_axis0":
        return ret(lambda x: jnp.sum(x, 0), "x")
    if n == "sum_axis1":
        return ret(lambda x: jnp.sum(x, 1), "x")
    if n == "meanvar_axis1":
        return ret(lambda x: (jnp.mean(x, 1), jnp.var(x, 1)), "x")
    if n == "argmax_axis1":
        return ret(lambda x: jnp.argmax(x, 1), "x")
    if n == "softmax":
        return ret(lambda x: jax.nn.softmax(x, -1), "x")
    if n == "softmax_bwd":
        return ret(lambda x, g: vjp(lambda x: jax.nn.softmax(x, -1), [x], g), "x", "g")
    if n == "layernorm":
        return ret(ln, "x", "gamma", "beta")
    if n == "layernorm_bwd":
        return ret(lambda x, ga, be, g: vjp(ln, [x, ga, be], g), "x", "gamma", "beta", "g")
    if n == "nll_loss_fb":
        return ret(lambda x, y: jax.value_and_grad(ce)(x, y), "x", "y")
    if n == "gemm_tn":
        return ret(lambda a, b: a.T @ b, "a", "b")
    if n == "gemm_nt":
        return ret(lambda a, b: a @ b.T, "a", "b")
    if n == "gemv":
        return ret(lambda a, x: a @ x, "a", "x")
    if n == "gemm_bias_gelu":
        return ret(lambda a, b, c: gelu(a @ b + c), "a", "b", "c")
    if n.startswith("gemm_"):
        return ret(lambda a, b: a @ b, "a", "b")
    if n == "conv3x3":
        return ret(lambda x, w: conv(x, w, 1), "x", "w")
    if n == "conv1x1":
        return ret(lambda x, w: conv(x, w), "x", "w")
    if n == "conv7x7s2":
        return ret(lambda x, w: conv(x, w, 3, 2), "x", "w")
    if n == "dwconv3x3":
        return ret(lambda x, w: conv(x, w, 1, 1, 128), "x", "w")
    backward = {"conv3x3_bwd": (1, 1, 1), "conv1x1_bwd": (0, 1, 1), "conv7x7s2_bwd": (3, 2, 1), "dwconv3x3_bwd": (1, 1, 128)}
    if n in backward:
        return ret(lambda x, w, g: vjp(lambda x, w: conv(x, w, *backward[n]), [x, w], g), "x", "w", "g")
    if n == "maxpool2x2_fb":
        def f(x, g):
            y, pull = jax.vjp(maxpool, x)
            return y, pull(g)[0]
        return ret(f, "x", "g")

    def mlp(p, x):
        h = jax.nn.relu(x @ p[0] + p[1])
        h = jax.nn.relu(h @ p[2] + p[3])
        return h @ p[4] + p[5]

    def cnn(p, x):
        h = maxpool(jax.nn.relu(conv(x, p[0], 2) + p[1][:, None, None]))
        h = maxpool(jax.nn.relu(conv(h, p[2]) + p[3][:, None, None]))
        h = h.reshape(h.shape[0], -1)
        h = jax.nn.relu(h @ p[4] + p[5])
        h = jax.nn.relu(h @ p[6] + p[7])
        return h @ p[8] + p[9]

    def gpt(p, x):
        it = iter(p)
        B, Tn = x.shape
        wte, wpe = next(it), next(it)
        h = wte[x] + wpe
        for _ in range(C.GL):
            ln1g, ln1b, wqkv, bqkv, wo, bo, ln2g, ln2b, w1, b1, w2, b2 = (next(it) for _ in range(12))
            u = ln(h, ln1g, ln1b)
            q, k, v = jnp.split(u @ wqkv + bqkv, 3, -1)
            sh = lambda t: t.reshape(B, Tn, C.GH, C.GD // C.GH).transpose(0, 2, 1, 3)
            o = sdpa(sh(q), sh(k), sh(v))
            h = h + (o.transpose(0, 2, 1, 3).reshape(B, Tn, C.GD) @ wo + bo)
            u = ln(h, ln2g, ln2b)
            h = h + (gelu(u @ w1 + b1) @ w2 + b2)
        lnfg, lnfb, wlm = next(it), next(it), next(it)
        return (ln(h, lnfg, lnfb) @ wlm).reshape(B * Tn, C.GV)

    if n in ("mlp_train", "convnet_train"):
        net = mlp if n == "mlp_train" else cnn

        def f(ps, x, y, lr):
            l, gs = jax.value_and_grad(lambda p: ce(net(p, x), y))(ps)
            return l, [p - lr * g for p, g in zip(ps, gs)]
        return f, [T["params"], T["x"], T["y"], C.LR], False
    if n in ("mlp_adam", "gpt_nano_train"):
        o, net = (C.ADAM, mlp) if n == "mlp_adam" else (C.ADAMW, gpt)

        def f(ps, m, v, x, y, lr, t):
            l, gs = jax.value_and_grad(lambda p: ce(net(p, x), y.reshape(-1)))(ps)
            return (l,) + formulas.adam(ps, gs, m, v, lr, t, o, jnp.sqrt)
        return f, [T["params"], T["m"], T["v"], T["x"], T["y"], o["lr"], float(o["t"])], False
    if n == "resblock_fwd":
        def bn(x, g, b, mu, var):
            e = lambda t: t[:, None, None]
            return (x - e(mu)) * lax.rsqrt(e(var) + 1e-5) * e(g) + e(b)

        def f(x, w1, g1, b1, mu1, var1, w2, g2, b2, mu2, var2):
            h = jax.nn.relu(bn(conv(x, w1, 1), g1, b1, mu1, var1))
            return jax.nn.relu(bn(conv(h, w2, 1), g2, b2, mu2, var2) + x)
        return ret(f, "x", "w1", "g1", "b1", "mu1", "var1", "w2", "g2", "b2", "mu2", "var2")
    if n == "attention":
        return ret(sdpa, "q", "k", "v")
    if n == "attention_full":
        return ret(lambda q, k, v: sdpa(q, k, v, causal=False), "q", "k", "v")
    if n == "attention_bwd":
        return ret(lambda q, k, v, g: vjp(sdpa, [q, k, v], g), "q", "k", "v", "g")
    if n.startswith("chain_"):
        chain = formulas.additions(C.CASES[n].ops)
        if variant == "eager":  # op-by-op dispatch, no jit of the whole
            return chain, [T["y"], T["a"], T["b"]], True

        def f(y, a, b):  # a fresh function: trace, compile, run
            return jax.jit(lambda y, a, b: chain(y, a, b))(y, a, b)
        return f, [T["y"], T["a"], T["b"]], True
    if n == "mem_chain20":
        return ret(formulas.twenty_steps(jnp.maximum, jnp.sqrt), "x")
    raise NotImplementedError(n)
