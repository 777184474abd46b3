"""Bytes of a training step of ResNet-20, batch 32, in PyTorch: what autograd saves, by storage, and parameters, gradients, state.

    /usr/bin/python3 benchmarks/memory/peak.py
"""

import json

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, fan_in, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(fan_in, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Conv2d(fan_in, width, 1, stride, bias=False) if stride != 1 else None

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu_(self.bn1(self.conv1(x)))))
        y += x if self.shortcut is None else self.shortcut(x)
        return F.relu_(y)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(16)
        blocks = []
        for stage, width in enumerate([16, 32, 64]):
            for i in range(3):
                first = i == 0 and stage > 0
                blocks.append(Block(width // 2 if first else width, width, 2 if first else 1))
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        return self.fc(self.blocks(F.relu_(self.bn(self.conv(x)))).mean([2, 3]))


net = ResNet20()
x, labels = torch.randn(32, 3, 32, 32), torch.randint(10, (32,))
parameters = {p.data_ptr() for p in net.parameters()}
saved = {}


def pack(tensor):
    storage = tensor.storage()
    if storage.data_ptr() not in parameters:
        saved[storage.data_ptr()] = storage.nbytes()
    return tensor


optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
    loss = F.cross_entropy(net(x), labels)
size = sum(p.numel() * 4 for p in net.parameters())
print(json.dumps({"saved": sum(saved.values()), "parameters": size, "gradients": size, "state": size}))
