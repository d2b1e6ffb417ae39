"""The plain image classification program of every introduction, for any framework with its API."""


def losses(framework, pixels, labels, *, steps, convolutional, dropout=False):
    """The losses of the first ``steps`` batches of 64.

    ``framework`` is the module; ``pixels`` a NumPy array (count, height, width) in 0 to 1 and
    ``labels`` one of int64.
    """
    nn, F = framework.nn, framework.nn.functional
    data = framework.utils.data

    class Perceptron(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(pixels[0].size, 128)
            self.fc2 = nn.Linear(128, 10)

        def forward(self, x):
            x = F.relu(self.fc1(framework.flatten(x, 1)))
            return F.log_softmax(self.fc2(x), dim=1)

    class Convolutional(nn.Module):
        def __init__(self):
            super().__init__()
            side = (pixels.shape[1] - 4) // 2
            self.conv1 = nn.Conv2d(1, 32, 3, 1)
            self.conv2 = nn.Conv2d(32, 64, 3, 1)
            self.dropout1 = nn.Dropout(0.25 if dropout else 0.0)
            self.dropout2 = nn.Dropout(0.5 if dropout else 0.0)
            self.fc1 = nn.Linear(64 * side * side, 128)
            self.fc2 = nn.Linear(128, 10)

        def forward(self, x):
            x = F.relu(self.conv1(x))
            x = F.relu(self.conv2(x))
            x = self.dropout1(F.max_pool2d(x, 2))
            x = F.relu(self.fc1(framework.flatten(x, 1)))
            return F.log_softmax(self.fc2(self.dropout2(x)), dim=1)

    framework.manual_seed(1)
    dataset = data.TensorDataset(
        framework.from_numpy(pixels).unsqueeze(1), framework.from_numpy(labels)
    )
    loader = data.DataLoader(dataset, batch_size=64, shuffle=True)
    model = Convolutional() if convolutional else Perceptron()
    optimizer = framework.optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
    found = []
    while True:
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = F.nll_loss(model(inputs), targets)
            loss.backward()
            optimizer.step()
            found.append(loss.item())
            if len(found) == steps:
                return found
