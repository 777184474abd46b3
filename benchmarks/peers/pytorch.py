"""PyTorch as a peer, on one thread: reads workloads from standard input, a JSON object a line, and times them.

    {"prepare": {"op": "matmul", "shapes": [[512, 512], [512, 512]]}}  ->  {"ok": true}, or false for what is not here
    {"sample": 40}  ->  {"samples": [0.9, 0.91]}: milliseconds per run, of as many runs as the milliseconds given hold
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(0)


class Block(nn.Module):
    def __init__(self, inside, outside, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.shortcut = nn.Identity() if stride == 1 else nn.Conv2d(inside, outside, 1, stride, bias=False)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class Mean(nn.Module):
    def __init__(self, *dims):
        super().__init__()
        self.dims = dims

    def forward(self, x):
        return x.mean(self.dims)


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10),
    )


def mlp():
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))


def resnet20():
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    before = 16
    for width in (16, 32, 64):
        for _ in range(3):
            layers.append(Block(before, width, 1 if before == width else 2))
            before = width
    return nn.Sequential(*layers, Mean(2, 3), nn.Linear(64, 10))


def conv1dnet():
    layers = []
    for inside, outside in ((2, 16), (16, 32), (32, 64)):
        layers += [nn.Conv1d(inside, outside, 9, 2, 4), nn.ReLU()]
    return nn.Sequential(*layers, Mean(2), nn.Linear(64, 10))


class LstmNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(64, 128, batch_first=True)
        self.fc = nn.Linear(128, 10)

    def forward(self, x):
        return self.fc(self.lstm(x)[1][0][-1])


NETS = {'lenet': lenet, 'mlp': mlp, 'resnet20': resnet20, 'conv1dnet': conv1dnet, 'lstmnet': LstmNet}


def training(op, shape):
    if op == 'encoder':
        net = nn.TransformerEncoderLayer(shape[2], 4, 4 * shape[2], dropout=0.0, batch_first=True)
        target = torch.randn(shape)
        loss = lambda y: F.mse_loss(y, target)
    else:
        net = NETS[op]()
        labels = torch.randint(10, (shape[0],))
        loss = lambda y: F.cross_entropy(y, labels)
    kind = torch.optim.Adam if op == 'mlp' else torch.optim.SGD
    optimizer = kind(net.parameters(), lr=1e-3 if op == 'mlp' else 0.01)
    x = torch.randn(shape)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(net(x)).backward()
        optimizer.step()

    return step


def convolution(work):
    (x, w), conv = [torch.rand(shape) for shape in work['shapes']], work['conv']
    args = [conv[name] for name in ('stride', 'padding', 'dilation')]
    forward = F.conv1d if x.dim() == 3 else F.conv2d
    which = work.get('pass', 'forward')
    if which == 'forward':
        return lambda: forward(x, w, None, *args, conv['groups'])
    grad = torch.rand_like(forward(x, w, None, *args, conv['groups']))
    wanted = [which == 'input', which == 'weight', False]
    zeros = [0] * (x.dim() - 2)
    backward = torch.ops.aten.convolution_backward
    return lambda: backward(grad, x, w, None, *args, False, zeros, conv['groups'], wanted)


def optimizer(op, shape):
    param = torch.rand(shape).requires_grad_()
    param.grad = torch.rand(shape)
    kinds = {
        'sgd': lambda: torch.optim.SGD([param], lr=1e-3),
        'sgdMomentum': lambda: torch.optim.SGD([param], lr=1e-3, momentum=0.9),
        'adam': lambda: torch.optim.Adam([param], lr=1e-3),
        'adamw': lambda: torch.optim.AdamW([param], lr=1e-3, weight_decay=0.01),
        'rmsprop': lambda: torch.optim.RMSprop([param]),
    }
    return kinds[op]().step


def with_gradient(f, inputs, both, shape=None):
    """f of the inputs; with its gradient to all of them."""
    if not both:
        return lambda: f(*inputs)
    grad = torch.rand(shape) if shape else None
    leaves = [x.requires_grad_() for x in inputs]
    return lambda: torch.autograd.grad(f(*leaves), leaves, grad)


def normaliser(work):
    op, shape, dim = work['op'], work['shapes'][0], work.get('dim')
    both = work.get('pass') == 'both'
    x = torch.rand(shape)
    if op in ('softmax', 'logSoftmax'):
        f = F.softmax if op == 'softmax' else F.log_softmax
        return with_gradient(lambda x: f(x, dim), [x], both, shape)
    if op == 'crossEntropy':
        labels = torch.randint(shape[1], (shape[0],))
        return with_gradient(lambda x: F.cross_entropy(x, labels), [x], both)
    if op == 'layerNorm':
        weights = [torch.rand(shape[-1]), torch.rand(shape[-1])]
        return with_gradient(lambda x, w, b: F.layer_norm(x, shape[-1:], w, b), [x, *weights], both, shape)
    channels = shape[1]
    mean, variance = torch.zeros(channels), torch.ones(channels)
    batch_norm = lambda x, w, b: F.batch_norm(x, mean, variance, w, b, True)
    return with_gradient(batch_norm, [x, torch.rand(channels), torch.rand(channels)], both, shape)


def lesson():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = x - 2
    (y * y * 3).mean().backward()


def moving(op, shape):
    x = torch.rand(shape)
    rows = torch.randint(1024, (1024,))
    table, ids = torch.rand(10000, 128), torch.randint(10000, (4096,))
    grad = torch.rand(4096, 128)
    places = torch.randint(1024, (1024, 1024))
    return {
        'transpose': lambda: x.transpose(0, 1).contiguous(),
        'permute': lambda: x.permute(0, 3, 1, 2).contiguous(),
        'cat': lambda parts=[torch.rand(shape) for _ in range(4)]: torch.cat(parts, 1),
        'gather': lambda: torch.gather(x, 1, places),
        'indexSelect': lambda: torch.index_select(x, 0, rows),
        'embedding': lambda: F.embedding(ids, table),
        'embeddingGrad': lambda: torch.autograd.grad(F.embedding(ids, table.requires_grad_()), table, grad),
        'topk': lambda: torch.topk(x, 10),
        'sort': lambda: torch.sort(x),
        'cumsum': lambda: torch.cumsum(x, 1),
        'scatter': lambda: torch.scatter(x, 1, places, x),
        'scatterAdd': lambda: torch.scatter_add(x, 1, places, x),
        'indexAdd': lambda: torch.index_add(x, 0, rows, x),
        'maskedSelect': lambda mask=x > 0.5: torch.masked_select(x, mask),
        'nonzero': lambda: torch.nonzero(x),
        'cumsumColumns': lambda: torch.cumsum(x, 0),
        'cumprod': lambda: torch.cumprod(x, 1),
        'sortColumns': lambda: torch.sort(x, 0),
        'flip': lambda: torch.flip(x, [1]),
        'roll': lambda: torch.roll(x, [3, 5], [0, 1]),
        'tril': lambda: torch.tril(x),
        'repeat': lambda: x.repeat(2, 2),
        'zeros': lambda: torch.zeros(shape),
        'ones': lambda: torch.ones(shape),
        'arange': lambda: torch.arange(x.numel(), dtype=torch.float32),
        'rand': lambda: torch.rand(shape),
        'randn': lambda: torch.randn(shape),
        'randint': lambda: torch.randint(1000, shape),
        'randperm': lambda: torch.randperm(x.numel()),
        'bernoulli_': lambda: x.bernoulli_(0.5),
    }.get(op)


def casting(name, shape):
    source, target = [getattr(torch, part) for part in name.split('_')[1:]]
    x = (torch.rand(shape) * 2).to(source)
    return lambda: x.to(target)


def padding(mode, shape):
    x = torch.rand(shape)
    return lambda: F.pad(x, [1, 1, 1, 1], mode)


def resampling(work):
    op, shape = work['op'], work['shapes'][0]
    f = {
        'unfold': lambda x: F.unfold(x, 3, padding=1),
        'fold': lambda x: F.fold(x, (56, 56), 3, padding=1),
        'pixelShuffle': lambda x: F.pixel_shuffle(x, 2),
    }.get(op, lambda x: F.interpolate(x, scale_factor=2, mode=op.split('_')[1]))
    x = torch.rand(shape)
    return with_gradient(f, [x], work.get('pass') == 'both', f(x).shape)


MOVING = (
    *('transpose', 'permute', 'cat', 'gather', 'indexSelect', 'embedding', 'embeddingGrad', 'topk', 'sort', 'cumsum'),
    *('scatter', 'scatterAdd', 'indexAdd', 'maskedSelect', 'nonzero', 'cumsumColumns', 'cumprod', 'sortColumns', 'flip'),
    *('roll', 'tril', 'repeat', 'zeros', 'ones', 'arange', 'rand', 'randn', 'randint', 'randperm', 'bernoulli_'),
)
FUNCTIONAL = ('gelu', 'silu', 'mish', 'hardswish', 'hardsigmoid', 'logSigmoid')
BINARY = ('add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'remainder', 'fmod', 'xlogy', 'atan2', 'prelu')
COMPARISONS = ('eq', 'ne', 'lt', 'le', 'gt', 'ge')
SPELLED = {'logSigmoid': 'logsigmoid', 'logicalNot': 'logical_not'}


def prepare(work):
    """A function that does the work once, or None for what is not here."""
    op, shapes, dim = work['op'], work['shapes'], work.get('dim')
    if op in NETS and work.get('pass') == 'forward':
        return lambda net=NETS[op](), x=torch.randn(shapes[0]): net(x)
    if op in NETS or op == 'encoder':
        return training(op, shapes[0])
    if op == 'conv':
        return convolution(work)
    if op in ('sgd', 'sgdMomentum', 'adam', 'adamw', 'rmsprop'):
        return optimizer(op, shapes[0])
    if op in ('softmax', 'logSoftmax', 'crossEntropy', 'layerNorm', 'batchNorm'):
        return normaliser(work)
    if op == 'lesson':
        return lesson
    if op.startswith('cast_'):
        return casting(op, shapes[0])
    if op.startswith('pad_'):
        return padding(op[4:], shapes[0])
    if op.startswith('interpolate_') or op in ('unfold', 'fold', 'pixelShuffle'):
        return resampling(work)
    if op in MOVING:
        return moving(op, shapes[0])
    operands = [torch.rand(shape) for shape in shapes]
    if op == 'matmul':
        flips = work.get('transposed') or [False, False]
        a, b = [x.transpose(-1, -2).contiguous().transpose(-1, -2) if flip else x for x, flip in zip(operands, flips)]
        return lambda: a @ b
    if op == 'smallAdd':
        return lambda a=operands[0]: a + a
    if op in BINARY + COMPARISONS:
        return lambda f=getattr(torch, op): f(*operands)
    if op == 'where':
        condition = operands[0] > 0.5
        return lambda: torch.where(condition, operands[1], operands[2])
    if op in ('sum', 'mean', 'max', 'argmax', 'var'):
        f = getattr(torch, op)
        return (lambda: f(operands[0])) if dim is None else (lambda: f(operands[0], dim))
    module = F if op in FUNCTIONAL else torch
    f = getattr(module, SPELLED.get(op, op), None) or getattr(torch.special, op, None)
    x = operands[0] + 1 if op == 'acosh' else operands[0]
    return None if f is None else lambda: f(x)


def sample(run, budget_ms):
    """Milliseconds per run; what is too quick for the clock runs many times over."""
    repeats = 1
    while True:
        start = time.perf_counter()
        for _ in range(repeats):
            run()
        if time.perf_counter() - start >= 5e-5:
            break
        repeats *= 2
    samples = []
    end = time.perf_counter() + budget_ms / 1000
    while not samples or time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(repeats):
            run()
        samples.append((time.perf_counter() - start) * 1000 / repeats)
    return samples


def gemm_gflops():
    """What its matrix product reaches: some builds come with a reference BLAS, which no ratio should hide."""
    x = torch.rand(256, 256)
    return 2 * 256**3 / min(sample(lambda: x @ x, 30)) / 1e6


def main():
    print(json.dumps({'version': f'{torch.__version__} (its BLAS: {gemm_gflops():.0f} GFLOP/s)'}), flush=True)
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if 'prepare' in request:
                run = None
                work = request['prepare']
                run = prepare(work)
                trains = work['op'] in NETS or work['op'] in ('encoder', 'lesson', 'embeddingGrad')
                torch.set_grad_enabled(work.get('pass') == 'both' or (trains and 'pass' not in work))
                answer = {'ok': run is not None}
            else:
                answer = {'samples': sample(run, request['sample'])}
        except Exception as error:  # the benchmarks report it and go on
            answer = {'error': str(error)}
        print(json.dumps(answer), flush=True)


main()
