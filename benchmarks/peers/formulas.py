"""What libraries with NumPy's operators compute by the same formulas."""


def adam(parameters, gradients, first, second, rate, step, options, sqrt):
    """New parameters and moments. Decay is of parameters with at least two dimensions."""
    beta1, beta2 = options["b1"], options["b2"]
    correction1, correction2 = 1 - beta1 ** step, 1 - beta2 ** step
    results = [], [], []
    for p, g, m, v in zip(parameters, gradients, first, second):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        direction = (m / correction1) / (sqrt(v / correction2) + options["eps"])
        if options["wd"] and p.ndim >= 2:
            direction = direction + options["wd"] * p
        for values, value in zip(results, (p - rate * direction, m, v)):
            values.append(value)
    return results


def additions(count):
    """chain_*: that many of them, one after the other."""
    def chain(y, a, b):
        for _ in range(count // 2):
            y = y + a
            y = y + b
        return y
    return chain


def twenty_steps(at_least, sqrt):
    """mem_chain20; at_least(x, number) is the larger one of each element and the number."""
    def chain(x):
        for _ in range(4):
            # One by one: an operand is let go of as soon as it is used.
            x = x * 1.01
            x = x + 0.3
            x = at_least(x, 0.1)
            x = sqrt(x)
            x = x - 0.05
        return x
    return chain
