"""Random numbers: tensors of them, samples from given probabilities, and what sets elements at random."""

TEXTS: dict[str, str] = {
    "rand": """
Numbers drawn evenly from [0, 1).

Args:
    size: the sizes of the dimensions, as a tuple or one after another.
    generator: the source of randomness; the default one by default.
    dtype, layout, device, pin_memory, requires_grad: as for :func:`zeros`.

Types: floating-point and complex, whose two parts are drawn each.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.rand(2)
tensor([0.4963, 0.7682])
""",
    "rand_like": """
Numbers drawn evenly from [0, 1), with the shape, dtype and device of another tensor, unless given.

Args:
    generator, dtype, layout, device, pin_memory, requires_grad, memory_format: as for :func:`rand`.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.rand_like(kajo.zeros(2))
tensor([0.4963, 0.7682])
""",
    "randn": """
Numbers of the standard normal distribution.

Args:
    size: the sizes of the dimensions, as a tuple or one after another.
    generator: the source of randomness; the default one by default.
    dtype, layout, device, pin_memory, requires_grad: as for :func:`zeros`.

Types: floating-point; and complex, whose parts have variance 1/2 each.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.randn(2)
tensor([ 1.5410, -0.2934])
""",
    "randn_like": """
Numbers of the standard normal distribution, with the shape, dtype and device of another tensor.

Args:
    generator, dtype, layout, device, pin_memory, requires_grad, memory_format: as for :func:`randn`.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.randn_like(kajo.zeros(2))
tensor([ 1.5410, -0.2934])
""",
    "randint": """
Integers drawn evenly from low, ..., high - 1.

Args:
    low: the smallest, 0 by default.
    high: one more than the largest.
    size: the sizes of the dimensions, as a tuple.
    generator: the source of randomness; the default one by default.
    dtype: int64 by default.
    layout, device, pin_memory, requires_grad: as for :func:`zeros`.

Raises:
    RuntimeError: if low is not below high.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.randint(1, 7, (3,))
tensor([3, 4, 6])
""",
    "randint_like": """
Integers drawn evenly from low, ..., high - 1, with the shape, dtype and device of another tensor.

Args:
    low, high: as for :func:`randint`.
    generator, dtype, layout, device, pin_memory, requires_grad, memory_format: as for :func:`rand`.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.randint_like(kajo.zeros(3), 10)
tensor([4., 9., 3.])
""",
    "randperm": """
The numbers 0, ..., n - 1 in random order.

Args:
    n: how many.
    generator: the source of randomness; the default one by default.
    dtype: int64 by default.
    layout, device, pin_memory, requires_grad: as for :func:`zeros`.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.randperm(5)
tensor([4, 0, 1, 3, 2])
""",
    "normal": """
Numbers of normal distributions, one for each mean and deviation.

Args:
    mean, std: tensors that broadcast, or numbers.
    size: the sizes of the dimensions, where both are numbers.
    generator: the source of randomness; the default one by default.

Types: floating-point and complex. Gradient: 0 by mean and std.

Raises:
    RuntimeError: for a negative deviation.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.normal(kajo.tensor([0.0, 10.0]), kajo.tensor([1.0, 0.1]))
tensor([1.5410, 9.9707])
>>> kajo.normal(2.0, 0.5, (2,))
tensor([0.9106, 2.2842])
""",
    "bernoulli": """
Zeros and ones: 1 with the probability that the element says, or with probability p.

Args:
    p: one probability for all elements; the input then says only shape and dtype.
    generator: the source of randomness; the default one by default.

Types: floating-point, with p all. Gradient: 0 by self.

Raises:
    RuntimeError: for a probability outside of [0, 1].

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.bernoulli(kajo.tensor([0.1, 0.5, 0.9]))
tensor([0., 0., 1.])
""",
    "binomial": """
How often something of probability `prob` happens in `count` trials.

Args:
    count: how many trials.
    prob: the probability, which broadcasts with the count.
    generator: the source of randomness; the default one by default.

Types: floating-point. Gradient: 0.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.binomial(kajo.tensor([10.0, 10.0]), kajo.tensor([0.0, 1.0]))
tensor([ 0., 10.])
""",
    "poisson": """
Numbers of Poisson distributions, with the elements as rates.

Args:
    generator: the source of randomness; the default one by default.

Types: floating-point. Gradient: 0 by self.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.poisson(kajo.tensor([0.0, 4.0])).shape
kajo.Size([2])
""",
    "multinomial": """
Indices drawn with the probabilities that a row of weights gives.

Args:
    self: weights, not negative, (n) or (rows, n); they need not sum to 1.
    num_samples: how many indices for each row.
    replacement: whether an index may be drawn again.
    generator: the source of randomness; the default one by default.

Types: floating-point; the result is int64. No gradient.

Raises:
    RuntimeError: for weights that are negative, infinite or NaN or sum to 0, or if more are to be drawn
        than there are.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.multinomial(kajo.tensor([0.0, 3.0, 1.0]), 2)
tensor([1, 2])
""",
    "dropout": """
In training, elements set to 0 with probability p and the others divided by 1 - p.

Args:
    p: the probability.
    train: whether to do anything at all.

Types: floating-point and complex. Gradient: by input.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.dropout(kajo.ones(4), 0.5, True)
tensor([0., 0., 2., 0.])
""",
    "native_dropout": """
In training, as :func:`dropout`, with the mask of the elements that stay: a pair (result, mask).

Args:
    p: the probability of an element to become 0.
    train: whether to do anything at all; None for yes.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.native_dropout(kajo.ones(4), 0.5, False)
(tensor([1., 1., 1., 1.]), tensor([True, True, True, True]))
""",
    "alpha_dropout": """
In training, elements set to the lower limit of SELU with probability p, then all scaled and shifted so
that mean 0 and variance 1 stay.

Args:
    p: the probability.
    train: whether to do anything at all.

Types: floating-point. Gradient: by input.

>>> import kajo
>>> kajo.alpha_dropout(kajo.ones(2), 0.5, False)
tensor([1., 1.])
""",
    "feature_dropout": """
In training, whole channels set to 0 with probability p and the others divided by 1 - p.

Args:
    input: (batch, channels, ...).
    p: the probability.
    train: whether to do anything at all.

Types: floating-point and complex. Gradient: by input.

>>> import kajo
>>> kajo.feature_dropout(kajo.ones(1, 2, 2), 0.5, False)
tensor([[[1., 1.],
         [1., 1.]]])
""",
    "feature_alpha_dropout": """
In training, whole channels replaced as :func:`alpha_dropout` replaces elements.

Args:
    input: (batch, channels, ...).
    p: the probability.
    train: whether to do anything at all.

Types: floating-point. Gradient: by input.

>>> import kajo
>>> kajo.feature_alpha_dropout(kajo.ones(1, 2, 2), 0.5, False)
tensor([[[1., 1.],
         [1., 1.]]])
""",
    "rrelu": """
x where it is positive, else a * x with a slope a drawn evenly from [lower, upper] for each element.

Args:
    lower, upper: the range of slopes.
    training: whether to draw; else a is the middle of the range.
    generator: the source of randomness; the default one by default.

Types: floating-point. Gradient: by self.

>>> import kajo
>>> kajo.rrelu(kajo.tensor([-1.0, 2.0]), 0.1, 0.3)
tensor([-0.2000,  2.0000])
""",
    "normal_": """
Set the elements to numbers of the normal distribution.

Args:
    mean, std: its mean and its deviation, which is not negative.
    generator: the source of randomness; the default one by default.

Types: floating-point and complex.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.empty(2).normal_(mean=5.0)
tensor([6.5410, 4.7066])
""",
    "uniform_": """
Set the elements to numbers drawn evenly from [from, to).

Args:
    from, to: the range.
    generator: the source of randomness; the default one by default.

Types: floating-point.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.empty(2).uniform_(-1, 1)
tensor([-0.0075,  0.5364])
""",
    "random_": """
Set the elements to integers drawn evenly from [from, to - 1].

Args:
    from, to: the range; without it from 0 to the largest number of the dtype, for floating-point types up
        to 2 to the number of bits of the fraction.
    generator: the source of randomness; the default one by default.

Types: all but complex.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.empty(3, dtype=kajo.int64).random_(10)
tensor([4, 9, 3])
""",
    "bernoulli_": """
Set the elements to 1 with probability p, else to 0.

Args:
    p: a number, or a tensor of probabilities that broadcasts to this one.
    generator: the source of randomness; the default one by default.

Types: all but complex.

>>> import kajo
>>> kajo.empty(2).bernoulli_(kajo.tensor([0.0, 1.0]))
tensor([0., 1.])
""",
    "cauchy_": """
Set the elements to numbers of the Cauchy distribution, with density sigma / (pi * (sigma^2 + (x - median)^2)).

Args:
    median, sigma: its middle and its width.
    generator: the source of randomness; the default one by default.

Types: floating-point.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.empty(2).cauchy_()
tensor([10.5977,  0.7648])
""",
    "exponential_": """
Set the elements to numbers of the exponential distribution, with density lambd * exp(-lambd * x).

Args:
    lambd: the rate, above 0.
    generator: the source of randomness; the default one by default.

Types: floating-point.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.empty(2).exponential_(2.0)
tensor([1.7542, 0.6152])
""",
    "geometric_": """
Set the elements to the number of trials until something of probability p happens: 1, 2, ...

Args:
    p: the probability, above 0 and below 1.
    generator: the source of randomness; the default one by default.

Types: all but bool and complex.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.empty(3).geometric_(0.5)
tensor([1., 1., 2.])
""",
    "log_normal_": """
Set the elements to exponentials of numbers of the normal distribution.

Args:
    mean, std: mean and deviation of the logarithm.
    generator: the source of randomness; the default one by default.

Types: floating-point.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.empty(2).log_normal_()
tensor([59.2634,  1.5116])
""",
    "dropout_": """
In-place form of :func:`dropout`: in training, elements of the tensor are set to 0 with probability p.

>>> import kajo
>>> kajo.dropout_(kajo.ones(2), 0.5, False)
tensor([1., 1.])
""",
    "alpha_dropout_": """
In-place form of :func:`alpha_dropout`.

>>> import kajo
>>> kajo.alpha_dropout_(kajo.ones(2), 0.5, False)
tensor([1., 1.])
""",
    "feature_dropout_": """
In-place form of :func:`feature_dropout`.

>>> import kajo
>>> kajo.feature_dropout_(kajo.ones(1, 2, 2), 0.5, False)
tensor([[[1., 1.],
         [1., 1.]]])
""",
    "feature_alpha_dropout_": """
In-place form of :func:`feature_alpha_dropout`.

>>> import kajo
>>> kajo.feature_alpha_dropout_(kajo.ones(1, 2, 2), 0.5, False)
tensor([[[1., 1.],
         [1., 1.]]])
""",
    "rrelu_": """
In-place form of :func:`rrelu`.

>>> import kajo
>>> kajo.rrelu_(kajo.tensor([-1.0, 2.0]), 0.1, 0.3)
tensor([-0.2000,  2.0000])
""",
}
