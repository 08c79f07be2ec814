"""torch (eager) and torch_compile (inductor, default mode). NCHW."""
import numpy as np
import cases as C
import formulas


class Peer:
    def __init__(self, compiled):
        self.compiled = compiled

    def start(self, threads):
        import torch
        self.torch = torch
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        self.version = torch.__version__

    def warm_library(self):
        """A trivial first call, so that a case's cold time is not the library's own start."""
        torch = self.torch
        x = torch.ones(64)
        if self.compiled:
            self.compile(lambda a: (a * 2 + 1).sum())(x)
        else:
            l = x.clone().requires_grad_()
            torch.autograd.grad((l * 2 + 1).sum(), l)

    def compile(self, f):
        return self.torch.compile(f)

    def sync(self, out):
        pass  # CPU torch is synchronous

    def allocated_at_most(self, function, arguments):
        """Bytes that a call has allocated and not yet freed, at its worst."""
        from torch.profiler import ProfilerActivity, profile
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
            function(*arguments)
        events = [event for event in profiled.profiler.kineto_results.events() if event.name() == "[memory]"]
        now = most = 0
        for event in sorted(events, key=lambda event: event.start_ns()):
            now += event.nbytes()
            most = max(most, now)
        return most

    def to_numpy(self, out):
        return [o.detach().numpy() for o in flat(out)]

    def canon(self, case, arrs):
        return arrs

    def build(self, case, I, variant):
        torch = self.torch
        conv = lambda o: [conv(p) for p in o] if isinstance(o, list) else torch.from_numpy(o)
        T = {k: conv(v) for k, v in I.items()}
        for k in ("y",):
            if k in T and T[k].dtype == torch.int32:
                T[k] = T[k].long()
        if "x" in T and T["x"].dtype == torch.int32:
            T["x"] = T["x"].long()
        if variant == "channels_last":
            T = {name: channels_last(torch, value) for name, value in T.items()}
        fn, args, rebuild = make(self, case, T, variant)
        if self.compiled and not rebuild:
            fn = self.compile(fn)
        return fn, args


def flat(o):
    if isinstance(o, (list, tuple)):
        return [y for x in o for y in flat(x)]
    return [o]


def channels_last(torch, value):
    """Images, and weights of convolutions, with the channels innermost in memory."""
    if isinstance(value, list):
        return [channels_last(torch, part) for part in value]
    return value.contiguous(memory_format=torch.channels_last) if value.ndim == 4 else value


def make(peer, case, T, variant):
    torch, comp = peer.torch, peer.compiled
    F = torch.nn.functional

    def vjp(f, ins, cot):
        """grads of f at ins: autograd in eager, torch.func under compile (one graph)."""
        if comp:
            _, pull = torch.func.vjp(f, *ins)
            return pull(cot)
        ins = [i.detach().requires_grad_() for i in ins]
        return torch.autograd.grad(f(*ins), ins, cot)

    def vag(loss, ps):
        """(loss, grads) for a list of parameters."""
        if comp:
            g, l = torch.func.grad_and_value(loss)(ps)
            return l, list(g)
        ps = [p.detach().requires_grad_() for p in ps]
        l = loss(ps)
        return l.detach(), list(torch.autograd.grad(l, ps))

    def ret(fn, *names):
        return fn, [T[n] for n in names], False

    n = case
    # elementwise
    if n == "ew_chain":
        return ret(lambda x: F.gelu(x * C.A_SCALE + C.B_SHIFT, approximate="tanh"), "x")
    if n in ("ew_add", "ew_small"):
        return ret(lambda x, y: x + y, "x", "y")
    if n == "ew_bcast":
        return ret(lambda x, b: torch.relu(x + b) * 2, "x", "b")
    # reductions
    if n == "sum_all":
        return ret(lambda x: x.sum(), "x")
    if n == "sum_axis0":
        return ret(lambda x: x.sum(0), "x")
    if n == "sum_axis1":
        return ret(lambda x: x.sum(1), "x")
    if n == "meanvar_axis1":
        def f(x):
            v, m = torch.var_mean(x, dim=1, correction=0)
            return m, v
        return ret(f, "x")
    if n == "argmax_axis1":
        return ret(lambda x: x.argmax(1), "x")
    # normalisation
    if n == "softmax":
        return ret(lambda x: torch.softmax(x, -1), "x")
    if n == "softmax_bwd":
        return ret(lambda x, g: vjp(lambda x: torch.softmax(x, -1), [x], g), "x", "g")
    if n == "layernorm":
        return ret(lambda x, ga, be: F.layer_norm(x, (1024,), ga, be, 1e-5), "x", "gamma", "beta")
    if n == "layernorm_bwd":
        return ret(lambda x, ga, be, g: vjp(lambda x, ga, be: F.layer_norm(x, (1024,), ga, be, 1e-5), [x, ga, be], g),
                   "x", "gamma", "beta", "g")
    if n == "nll_loss_fb":
        def f(x, y):
            l, g = vag(lambda p: F.cross_entropy(p[0], y), [x])
            return l, g[0]
        return ret(f, "x", "y")
    # gemm
    if n in ("gemm_tn",):
        return ret(lambda a, b: a.t() @ b, "a", "b")
    if n in ("gemm_nt",):
        return ret(lambda a, b: a @ b.t(), "a", "b")
    if n == "gemv":
        return ret(lambda a, x: a @ x, "a", "x")
    if n == "gemm_bias_gelu":
        return ret(lambda a, b, c: F.gelu(torch.addmm(c, a, b), approximate="tanh"), "a", "b", "c")
    if n.startswith("gemm_"):
        return ret(lambda a, b: a @ b, "a", "b")
    # conv
    if n == "conv3x3":
        return ret(lambda x, w: F.conv2d(x, w, padding=1), "x", "w")
    if n == "conv1x1":
        return ret(lambda x, w: F.conv2d(x, w), "x", "w")
    if n == "conv7x7s2":
        return ret(lambda x, w: F.conv2d(x, w, stride=2, padding=3), "x", "w")
    if n == "dwconv3x3":
        return ret(lambda x, w: F.conv2d(x, w, padding=1, groups=128), "x", "w")
    backward = {"conv3x3_bwd": (1, 1, 1), "conv1x1_bwd": (1, 0, 1), "conv7x7s2_bwd": (2, 3, 1), "dwconv3x3_bwd": (1, 1, 128)}
    if n in backward:
        stride, pad, groups = backward[n]

        def f(x, w, g):  # the backward operator itself: eager autograd would add a forward
            dx, dw, _ = torch.ops.aten.convolution_backward(g, x, w, None, [stride] * 2, [pad] * 2, [1, 1], False, [0, 0],
                                                            groups, [True, True, False])
            return dx, dw
        return ret(f, "x", "w", "g")
    if n == "maxpool2x2_fb":
        def f(x, g):
            if comp:
                y, pull = torch.func.vjp(lambda x: F.max_pool2d(x, 2), x)
                return y, pull(g)[0]
            x = x.detach().requires_grad_()
            y = F.max_pool2d(x, 2)
            return y.detach(), torch.autograd.grad(y, x, g)[0]
        return ret(f, "x", "g")

    # models
    def mlp(p, x):
        h = torch.relu(torch.addmm(p[1], x, p[0]))
        h = torch.relu(torch.addmm(p[3], h, p[2]))
        return torch.addmm(p[5], h, p[4])

    def cnn(p, x):
        h = F.max_pool2d(torch.relu(F.conv2d(x, p[0], p[1], padding=2)), 2)
        h = F.max_pool2d(torch.relu(F.conv2d(h, p[2], p[3])), 2)
        h = h.flatten(1)
        h = torch.relu(torch.addmm(p[5], h, p[4]))
        h = torch.relu(torch.addmm(p[7], h, p[6]))
        return torch.addmm(p[9], h, p[8])

    def gpt(p, x):
        it = iter(p)
        B, Tn = x.shape
        wte, wpe = next(it), next(it)
        h = F.embedding(x, wte) + wpe
        for _ in range(C.GL):
            ln1g, ln1b, wqkv, bqkv, wo, bo, ln2g, ln2b, w1, b1, w2, b2 = (next(it) for _ in range(12))
            u = F.layer_norm(h, (C.GD,), ln1g, ln1b, 1e-5)
            q, k, v = (u @ wqkv + bqkv).split(C.GD, dim=-1)
            sh = lambda t: t.view(B, Tn, C.GH, C.GD // C.GH).transpose(1, 2)
            o = F.scaled_dot_product_attention(sh(q), sh(k), sh(v), is_causal=True)
            h = h + (o.transpose(1, 2).reshape(B, Tn, C.GD) @ wo + bo)
            u = F.layer_norm(h, (C.GD,), ln2g, ln2b, 1e-5)
            h = h + (F.gelu(u @ w1 + b1, approximate="tanh") @ w2 + b2)
        lnfg, lnfb, wlm = next(it), next(it), next(it)
        return (F.layer_norm(h, (C.GD,), lnfg, lnfb, 1e-5) @ wlm).view(B * Tn, C.GV)

    def sgd(ps, gs, lr):
        if comp:
            return [p - lr * g for p, g in zip(ps, gs)]
        return list(torch._foreach_add(ps, gs, alpha=-lr))

    def adam(ps, gs, ms, vs, lr, t, o):
        b1, b2, eps, wd = o["b1"], o["b2"], o["eps"], o["wd"]
        if comp:
            return formulas.adam(ps, gs, ms, vs, lr, t, o, torch.sqrt)
        fe = torch
        nm = list(fe._foreach_lerp(ms, gs, 1 - b1))
        nv = list(fe._foreach_mul(vs, b2))
        fe._foreach_addcmul_(nv, gs, gs, 1 - b2)
        c1, c2 = 1 - b1 ** t, 1 - b2 ** t
        den = list(fe._foreach_sqrt(fe._foreach_div(nv, c2)))
        fe._foreach_add_(den, eps)
        if wd:
            base = [p * (1 - lr * wd) if p.ndim >= 2 else p.clone() for p in ps]
        else:
            base = [p.clone() for p in ps]
        fe._foreach_addcdiv_(base, nm, den, -lr / c1)
        return base, nm, nv

    if n in ("mlp_train", "convnet_train"):
        net = mlp if n == "mlp_train" else cnn
        if variant in ("optim", "channels_last"):  # in place, as a torch user would write it
            ps = [p.clone().requires_grad_() for p in T["params"]]
            opt = torch.optim.SGD(ps, lr=C.LR, fused=True)

            def f(x, y):
                opt.zero_grad(set_to_none=True)
                l = F.cross_entropy(net(ps, x), y)
                l.backward()
                opt.step()
                return l, ps
            return ret(f, "x", "y")

        def f(ps, x, y, lr):
            l, gs = vag(lambda p: F.cross_entropy(net(p, x), y), ps)
            return l, sgd(ps, gs, lr)
        lr = torch.tensor(C.LR) if comp else C.LR
        return f, [T["params"], T["x"], T["y"], lr], False
    if n in ("mlp_adam", "gpt_nano_train"):
        o = C.ADAM if n == "mlp_adam" else C.ADAMW
        if n == "mlp_adam":
            loss = lambda p, x, y: F.cross_entropy(mlp(p, x), y)
        else:
            loss = lambda p, x, y: F.cross_entropy(gpt(p, x), y.reshape(-1))
        if variant == "optim":
            ps = [p.clone().requires_grad_() for p in T["params"]]
            dec = [p for p in ps if p.ndim >= 2]
            nod = [p for p in ps if p.ndim < 2]
            opt = torch.optim.AdamW([dict(params=dec, weight_decay=o["wd"]), dict(params=nod, weight_decay=0.0)],
                                    lr=o["lr"], betas=(o["b1"], o["b2"]), eps=o["eps"], fused=True)
            for p, m, v in zip(ps, T["m"], T["v"]):
                opt.state[p] = dict(step=torch.tensor(float(o["t"] - 1)), exp_avg=m.clone(), exp_avg_sq=v.clone())

            def f(x, y):
                opt.zero_grad(set_to_none=True)
                l = loss(ps, x, y)
                l.backward()
                opt.step()
                return l, ps, [opt.state[p]["exp_avg"] for p in ps], [opt.state[p]["exp_avg_sq"] for p in ps]
            return ret(f, "x", "y")

        def f(ps, m, v, x, y, lr, t):
            l, gs = vag(lambda p: loss(p, x, y), ps)
            return (l,) + tuple(adam(ps, gs, m, v, lr, t, o))
        lr, t = (torch.tensor(o["lr"]), torch.tensor(float(o["t"]))) if comp else (o["lr"], float(o["t"]))
        return f, [T["params"], T["m"], T["v"], T["x"], T["y"], lr, t], False
    if n == "resblock_fwd":
        def f(x, w1, g1, b1, mu1, var1, w2, g2, b2, mu2, var2):
            h = torch.relu(F.batch_norm(F.conv2d(x, w1, padding=1), mu1, var1, g1, b1, False, 0.1, 1e-5))
            h = F.batch_norm(F.conv2d(h, w2, padding=1), mu2, var2, g2, b2, False, 0.1, 1e-5)
            return torch.relu(h + x)
        return ret(f, "x", "w1", "g1", "b1", "mu1", "var1", "w2", "g2", "b2", "mu2", "var2")
    if n == "attention":
        return ret(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), "q", "k", "v")
    if n == "attention_full":
        return ret(F.scaled_dot_product_attention, "q", "k", "v")
    if n == "attention_bwd":
        return ret(lambda q, k, v, g: vjp(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
                                          [q, k, v], g), "q", "k", "v", "g")

    # overhead / memory
    if n.startswith("chain_"):
        chain = formulas.additions(C.CASES[n].ops)
        if not comp:
            return chain, [T["y"], T["a"], T["b"]], True

        def f(y, a, b):  # rebuilt: forget the traces, trace and compile again
            torch._dynamo.reset()
            g = torch.compile(lambda y, a, b: chain(y, a, b))
            return g(y, a, b)
        return f, [T["y"], T["a"], T["b"]], True
    if n == "mem_chain20":
        return ret(formulas.twenty_steps(torch.clamp_min, torch.sqrt), "x")
    raise NotImplementedError(n)
