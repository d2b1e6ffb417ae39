"""The ratios to PyTorch's time that the project aims for on a machine with AVX-512."""

from __future__ import annotations

GROUPS: dict[float, str] = {
    0.15: "dataloader_tensors_20k",
    0.2: "tiny_backward train_xor_sgd train_xor_adam",
    0.3: "tiny_add tiny_add_grad tiny_view tiny_index maxpool_56",
    0.35: "add_16m add_bcast_16m transpose_copy_16m exp_1m tanh_1m erf_1m sin_1m",
    0.4: "conv1x1_64_256 conv7x7_s2_rgb conv3x3_mnist",
    0.5: "train_mlp train_cnn train_gpt train_gpt_medium sort_1m cumsum_4m mask_select_1m randn_1m",
    0.55: "matmul_256 matmul_1024 matmul_2048 conv3x3_64_56 conv3x3_128_28 attention_causal",
    0.6: "train_lstm lstm_cell_fwd conv3x3_64_56_grad",
    0.65: "matmul_64 bmm_96x128x64",
    0.75: "train_resnet18 infer_resnet18 sigmoid_1m gelu_4m softmax_4m layer_norm_4m batch_norm_56 "
    "cat_4m topk_1m gather_rows_64k embedding_grad",
    0.8: "tiny_item",
    1.0: "matmul_bf16_1024 add_1m sum_16m sum_dim0_16m sum_dim1_16m max_dim1_4m conv3x3_512_7",
    1.2: "cholesky_512 svd_256",
    1.5: "fft_1m",
}
TARGETS: dict[str, float] = {
    name: ratio for ratio, names in GROUPS.items() for name in names.split()
}
MEAN_TARGET = 0.42
