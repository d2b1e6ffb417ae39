"""A graph network sorts scientific papers by field: python examples/cora.py FOLDER

FOLDER has the files ind.cora.* of the Planetoid split, which hold matrices of SciPy. The field of 140
of the 2,708 papers is known; the network reads the words of each and of those that it cites.
"""

import pickle
import sys
from pathlib import Path

import numpy

import kajo
import kajo.nn.functional as F
from kajo import nn, optim


def load(folder):
    def read(name):  # a pickle can run any code: only for files that you trust
        return pickle.loads((folder / f"ind.cora.{name}").read_bytes(), encoding="latin1")

    order = numpy.loadtxt(folder / "ind.cora.test.index", dtype=numpy.int64)
    words = numpy.vstack([read("allx").toarray(), read("tx").toarray()])
    fields = numpy.vstack([read("ally"), read("ty")]).argmax(1)
    # The papers of the test part are listed in another order than their numbers.
    words[order], fields[order] = words[numpy.sort(order)], fields[numpy.sort(order)]
    pairs = {(a, b) for a, others in read("graph").items() for b in others if a != b}
    pairs |= {(b, a) for a, b in pairs} | {(a, a) for a in range(len(fields))}
    words = words / numpy.maximum(words.sum(1, keepdims=True), 1)
    words, edges = kajo.tensor(words, dtype=kajo.float32), kajo.tensor(sorted(pairs)).t()
    return words, kajo.tensor(fields), edges, kajo.tensor(numpy.sort(order))


def averaging(edges, count):
    """The sparse matrix that mixes each paper with its neighbours: D^-1/2 A D^-1/2."""
    neighbours = kajo.sparse_coo_tensor(edges, kajo.ones(edges.shape[1]), (count, count))
    scale = kajo.sparse.sum(neighbours, 1).to_dense().rsqrt()
    return kajo.sparse_coo_tensor(edges, scale[edges].prod(0), (count, count)).coalesce()


class GraphNetwork(nn.Module):
    def __init__(self, inputs, outputs, hidden=32, hops=4):
        super().__init__()
        self.read, self.decide = nn.Linear(inputs, hidden), nn.Linear(hidden, outputs)
        self.hops = hops

    def forward(self, x, mix):
        x = F.dropout(x, 0.5, self.training)
        first = x = self.decide(F.dropout(F.relu(self.read(x)), 0.5, self.training))
        for _ in range(self.hops):
            x = 0.9 * kajo.sparse.mm(mix, x) + 0.1 * first
        return x


def train(folder, epochs=200, seed=0):
    kajo.manual_seed(seed)
    words, fields, edges, test = load(Path(folder))
    mix = averaging(edges, len(fields))
    model = GraphNetwork(words.shape[1], int(fields.max()) + 1)
    optimizer = optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
    known, held_out, best = kajo.arange(140), kajo.arange(140, 640), (0.0, 0.0)
    for epoch in range(epochs):
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(words, mix)[known], fields[known])
        loss.backward()
        optimizer.step()
        model.eval()
        with kajo.no_grad():
            right = (model(words, mix).argmax(1) == fields).float()
        scores = right[held_out].mean().item(), right[test].mean().item()
        best = max(best, scores, key=lambda pair: pair[0])  # the first of equals
        if epoch % 20 == 19:
            print(f"{epoch + 1}: loss {loss.item():.3f}, held out {scores[0]:.3f}")
    return best[1]  # at the epoch that was best on the held-out papers


if __name__ == "__main__":
    print(f"accuracy on the test papers: {train(sys.argv[1]):.3f}")
