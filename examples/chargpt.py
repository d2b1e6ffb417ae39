"""A small GPT learns to write Shakespeare: python examples/chargpt.py TEXT_FILE"""

import sys
from pathlib import Path

import kajo
import kajo.nn.functional as F
from kajo import nn, optim

BLOCK, WIDTH, HEADS, LAYERS, BATCH, STEPS = 64, 128, 4, 4, 16, 2000


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.grow, self.shrink = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        b, t, _ = x.shape
        parts = self.qkv(self.norm1(x)).split(WIDTH, dim=2)
        q, k, v = (part.view(b, t, HEADS, -1).transpose(1, 2) for part in parts)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, WIDTH))
        return x + self.shrink(F.gelu(self.grow(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.token, self.place = nn.Embedding(vocabulary, WIDTH), nn.Embedding(BLOCK, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)), nn.LayerNorm(WIDTH))
        self.head = nn.Linear(WIDTH, vocabulary)

    def forward(self, index):
        x = self.token(index) + self.place(kajo.arange(index.shape[1]))
        return self.head(self.blocks(x))


def loss_of(model, index):
    return F.cross_entropy(model(index[:, :-1]).flatten(0, 1), index[:, 1:].flatten())


@kajo.no_grad()
def validate(model, data):
    windows = data[: len(data) // (BLOCK + 1) * (BLOCK + 1)].view(-1, BLOCK + 1)
    losses = [loss_of(model, part).item() * len(part) for part in windows.split(100)]
    return sum(losses) / len(windows)


@kajo.no_grad()
def sample(model, index, count):
    for _ in range(count):
        odds = model(index[:, -BLOCK:])[:, -1].softmax(dim=1)
        index = kajo.cat([index, kajo.multinomial(odds, 1)], dim=1)
    return index[0].tolist()


kajo.manual_seed(0)
text = Path(sys.argv[1]).read_text()
letters = sorted(set(text))
data = kajo.tensor([letters.index(c) for c in text])
train, held_out = data[: len(data) * 9 // 10], data[len(data) * 9 // 10 :]
model = GPT(len(letters))
optimizer = optim.AdamW(model.parameters(), lr=3e-3)
schedule = optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=STEPS, pct_start=0.1)
for step in range(1, STEPS + 1):
    starts = kajo.randint(0, len(train) - BLOCK, (BATCH, 1))
    loss = loss_of(model, train[starts + kajo.arange(BLOCK + 1)])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    if step % 250 == 0:
        print(f"step {step}  validation loss {validate(model, held_out):.3f}", flush=True)
print("".join(letters[i] for i in sample(model, kajo.zeros(1, 1, dtype=kajo.int64), 500)))
