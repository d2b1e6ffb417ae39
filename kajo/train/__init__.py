"""The trainer behind ``kajo train``: a loop that can be stopped and resumed, and its run folder.

``digits`` and ``mnist`` say what is trained (data, network, settings), ``loop`` trains it,
``run_folder`` keeps what is written, ``progress`` shows it, ``report`` draws it.

Example:
    >>> from kajo.train.loop import Settings
    >>> Settings(epochs=3, batch_size=32, learning_rate=0.01).seed
    0
"""
