"""How many inputs the operators of ONNX need, in which version of the operator set.

OpenVINO's converters of convolution, pooling and others take an input without looking whether it
is there, which ends the process. The numbers are the least of all versions of the operator's
schema, but where attributes became inputs.
"""

from __future__ import annotations

_BY_COUNT = {
    1: """
        Abs Acos Acosh ArgMax ArgMin Asin Asinh Atan Atanh AveragePool Bernoulli BitCast
        BitwiseNot BlackmanWindow Cast Ceil Celu Clip Concat ConcatFromSequence
        ConstantOfShape Cos Cosh DFT DepthToSpace Det Dropout DynamicQuantizeLinear Einsum Elu
        Erf Exp EyeLike Flatten Floor Gelu GlobalAveragePool GlobalLpPool GlobalMaxPool
        HammingWindow HannWindow HardSigmoid HardSwish Hardmax Identity If ImageDecoder IsInf
        IsNaN LRN LeakyRelu Log LogSoftmax LpNormalization LpPool Max MaxPool Mean
        MeanVarianceNormalization Min Mish Multinomial Neg NonZero Not OptionalGetElement Pad
        RandomNormalLike RandomUniformLike Reciprocal ReduceL1 ReduceL2 ReduceLogSum
        ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare
        RegexFullMatch Relu Reshape Resize Round Selu SequenceConstruct SequenceErase
        SequenceLength SequenceMap Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax
        Softplus Softsign SpaceToDepth Split SplitToSequence Sqrt Squeeze StringNormalizer
        StringSplit Sum Swish Tan Tanh TfIdfVectorizer ThresholdedRelu TopK Transpose Trilu
        Unique Unsqueeze Upsample
    """,
    2: """
        Add AffineGrid And BitShift BitwiseAnd BitwiseOr BitwiseXor CastLike
        CausalConvWithState CenterCropPad Compress Conv ConvInteger ConvTranspose CumProd
        CumSum DequantizeLinear Div Equal Expand Gather GatherElements GatherND Gemm Greater
        GreaterOrEqual GridSample LayerNormalization Less LessOrEqual MatMul MatMulInteger
        MaxRoiPool MaxUnpool Mod Mul NegativeLogLikelihoodLoss NonMaxSuppression Or PRelu Pow
        QuantizeLinear RMSNormalization ReverseSequence STFT SequenceAt SequenceInsert
        SoftmaxCrossEntropyLoss StringConcat Sub SwiGLU TensorScatter Tile Xor
    """,
    3: """
        Attention Col2Im DeformConv GRU GroupNormalization InstanceNormalization LSTM
        LinearAttention OneHot RNN Range RoiAlign RotaryEmbedding Scatter ScatterElements
        ScatterND Where
    """,
    5: """
        BatchNormalization MelWeightMatrix
    """,
    8: """
        QLinearConv QLinearMatMul
    """,
}
_REQUIRED = {name: count for count, names in _BY_COUNT.items() for name in names.split()}


_SINCE = {
    "Pad": (11, 2),
    "Reshape": (5, 2),
    "Slice": (10, 3),
    "TopK": (10, 2),
    "Unsqueeze": (13, 2),
    "Upsample": (9, 2),
}
"""Operators whose attributes became inputs: since which version, and how many inputs then."""


def required_inputs(operator: str, version: int) -> int:
    """The first inputs that an operator of the default domain must have; 0 for unknown ones.

    Args:
        version: of the operator set.
    """
    since, count = _SINCE.get(operator, (0, 0))
    return count if since and version >= since else _REQUIRED.get(operator, 0)
