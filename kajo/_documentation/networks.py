"""Activations, normalisations, losses and attention of networks."""

TEXTS: dict[str, str] = {
    "softmax special.softmax": """
Exponentials along a dimension divided by their sum: exp(x) / sum(exp(x)).

Args:
    dim: the dimension.
    dtype: convert first.

Types: floating-point. Gradient: by self.

>>> import kajo
>>> kajo.softmax(kajo.tensor([0.0, 0.0, 0.0, 0.0]), dim=0)
tensor([0.2500, 0.2500, 0.2500, 0.2500])
""",
    "log_softmax special.log_softmax": """
The logarithm of :func:`softmax` along a dimension, without overflow: x - log(sum(exp(x))).

Args:
    dim: the dimension.
    dtype: convert first.

Types: floating-point. Gradient: by self.

>>> import kajo
>>> kajo.log_softmax(kajo.tensor([0.0, 0.0]), dim=0)
tensor([-0.6931, -0.6931])
""",
    "gelu": """
The Gaussian error linear unit, x * Phi(x), where Phi is the normal distribution's cumulative function.

Args:
    approximate: "none", or "tanh" for 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))).

Types: floating-point. Gradient: by self.

>>> import kajo
>>> from kajo.nn import functional as F
>>> F.gelu(kajo.tensor([-1.0, 0.0, 1.0]))
tensor([-0.1587,  0.0000,  0.8413])
""",
    "softplus": """
A smooth form of relu, log(1 + exp(beta * x)) / beta; x itself where beta * x exceeds the threshold.

Args:
    beta, threshold: the two numbers.

Types: floating-point. Gradient: by self.

>>> import kajo
>>> from kajo.nn import functional as F
>>> F.softplus(kajo.tensor([0.0, 30.0]))
tensor([ 0.6931, 30.0000])
""",
    "softshrink": """
Numbers drawn towards 0 by lambd: x - lambd above lambd, x + lambd below -lambd, else 0.

Args:
    lambd: the number, not negative.

Types: floating-point. Gradient: by self.

>>> import kajo
>>> from kajo.nn import functional as F
>>> F.softshrink(kajo.tensor([-1.0, 0.2, 1.0]))
tensor([-0.5000,  0.0000,  0.5000])
""",
    "log_sigmoid": """
The logarithm of the logistic function, -log(1 + exp(-x)), without overflow.

Types: floating-point. Gradient: by self.

>>> import kajo
>>> from kajo.nn import functional as F
>>> F.logsigmoid(kajo.tensor([0.0, -100.0]))
tensor([  -0.6931, -100.0000])
""",
    "elu_": """
In-place form of :func:`kajo.nn.functional.elu`: scale * (x above 0, else alpha * (exp(input_scale * x) - 1)).

Args:
    alpha, scale, input_scale: the three numbers.

>>> import kajo
>>> from kajo.nn import functional as F
>>> F.elu_(kajo.tensor([-1.0, 1.0]))
tensor([-0.6321,  1.0000])
""",
    "hardtanh_": """
In-place form of :func:`kajo.nn.functional.hardtanh`: the elements cut to [min_val, max_val].

Args:
    min_val, max_val: the limits.

>>> import kajo
>>> from kajo.nn import functional as F
>>> F.hardtanh_(kajo.tensor([-2.0, 0.5]))
tensor([-1.0000,  0.5000])
""",
    "leaky_relu_": """
In-place form of :func:`kajo.nn.functional.leaky_relu`: negative elements times a slope.

Args:
    negative_slope: the slope.

>>> import kajo
>>> from kajo.nn import functional as F
>>> F.leaky_relu_(kajo.tensor([-2.0, 0.5]), 0.1)
tensor([-0.2000,  0.5000])
""",
    "batch_norm": """
Each channel shifted and scaled to mean 0 and variance 1, then times weight plus bias.

Args:
    input: (batch, channels, ...).
    weight, bias: (channels), or None.
    running_mean, running_var: (channels), or None; used as mean and variance, and brought up to date if
        training.
    training: take mean and variance from the input, over all but the channels.
    momentum: how much of the running values is replaced.
    eps: added to the variance.
    cudnn_enabled: accepted; means nothing on the CPU.

Types: floating-point. Gradient: by input, weight and bias.

>>> import kajo
>>> x = kajo.tensor([[1.0], [3.0]])
>>> kajo.batch_norm(x, None, None, None, None, True, 0.1, 0.0)
tensor([[-1.],
        [ 1.]])
""",
    "group_norm": """
Each group of channels of each sample shifted and scaled to mean 0 and variance 1, then times weight plus
bias.

Args:
    input: (batch, channels, ...).
    num_groups: how many groups; divides the number of channels.
    weight, bias: (channels), or None.
    eps: added to the variance.
    cudnn_enabled: accepted; means nothing on the CPU.

Types: floating-point. Gradient: by input, weight and bias.

>>> import kajo
>>> kajo.group_norm(kajo.tensor([[1.0, 3.0, 5.0, 9.0]]), 2, eps=0.0)
tensor([[-1.,  1., -1.,  1.]])
""",
    "layer_norm": """
The last dimensions shifted and scaled to mean 0 and variance 1, then times weight plus bias.

Args:
    input: (..., *normalized_shape).
    normalized_shape: the sizes of those dimensions.
    weight, bias: of that shape, or None.
    eps: added to the variance.
    cudnn_enable: accepted; means nothing on the CPU.

Types: floating-point. Gradient: by input, weight and bias.

>>> import kajo
>>> kajo.layer_norm(kajo.tensor([[1.0, 3.0], [5.0, 9.0]]), [2], eps=0.0)
tensor([[-1.,  1.],
        [-1.,  1.]])
""",
    "binary_cross_entropy_with_logits": """
The cross entropy of logits with probabilities: -(pos_weight * t * log(s) + (1 - t) * log(1 - s)) with
s = sigmoid(x).

Args:
    self: the logits x.
    target: the probabilities t, of the same shape.
    weight: factors of the elements, which broadcast, or None.
    pos_weight: factors of the positive part, which broadcast, or None.
    reduction: 0 for all losses, the default, 1 for their mean, 2 for their sum.

Types: floating-point. Gradient: by self and target.

>>> import kajo
>>> kajo.binary_cross_entropy_with_logits(kajo.tensor([0.0, 1.0]), kajo.tensor([1.0, 1.0]))
tensor([0.6931, 0.3133])
""",
    "hinge_embedding_loss": """
x where the target is 1, and max(0, margin - x) where it is -1.

Args:
    self: x, distances as a rule.
    target: 1 or -1 for each element.
    margin: how far apart what differs should be.
    reduction: 0 for all losses, the default, 1 for their mean, 2 for their sum.

Types: floating-point. Gradient: by self and target.

>>> import kajo
>>> kajo.hinge_embedding_loss(kajo.tensor([0.5, 0.2]), kajo.tensor([1.0, -1.0]), reduction=0)
tensor([0.5000, 0.8000])
""",
    "kl_div": """
The divergence of Kullback and Leibler, t * (log(t) - x), of log-probabilities x from probabilities t.

Args:
    self: x.
    target: t, or its logarithm if `log_target`.
    reduction: 0 for all terms, the default, 1 for their mean, 2 for their sum.

Types: floating-point. Gradient: by self and target.

>>> import kajo
>>> kajo.kl_div(kajo.tensor([0.25, 0.75]).log(), kajo.tensor([0.5, 0.5]), reduction=2)
tensor(0.1438)
""",
    "ctc_loss": """
The connectionist temporal classification loss: the negative logarithm of the probability that a sequence
of predictions, with repetitions and blanks taken out, is the target.

Args:
    log_probs: (time, batch, classes), or without the batch: logarithms of probabilities.
    targets: (batch, length), or all targets one after another: classes, none of them blank.
    input_lengths, target_lengths: for each sample.
    blank: the number of the blank class.
    reduction: 0 for all losses, the default, 1 for the mean of losses divided by the targets' lengths, 2 for their sum.
    zero_infinity: count targets that cannot be reached, whose loss is infinite, as 0.

Types: float32 and float64. Gradient: by log_probs.

>>> import kajo
>>> x = kajo.zeros(4, 1, 3).log_softmax(2)
>>> kajo.ctc_loss(x, kajo.tensor([[1, 2]]), [4], [2])
tensor([1.6864])
""",
    "scaled_dot_product_attention": """
Attention: softmax(query @ key.T * scale + mask) @ value.

Args:
    query: (..., heads, length, width).
    key, value: (..., heads, source, width) and (..., heads, source, value_width).
    attn_mask: bool, False where a query may not look, or a number that is added; broadcasts.
    dropout_p: the probability with which weights are dropped.
    is_causal: let query i look at keys 0 to i only; then there is no mask.
    scale: the factor; 1 / sqrt(width) by default.
    enable_gqa: let key and value have fewer heads, each serving several of the query.

Types: floating-point. Gradient: by query, key, value and mask.

>>> import kajo
>>> from kajo.nn import functional as F
>>> q = kajo.ones(1, 2, 2)
>>> F.scaled_dot_product_attention(q, q, kajo.tensor([[[1.0], [3.0]]]), is_causal=True)
tensor([[[1.],
         [2.]]])
""",
}
