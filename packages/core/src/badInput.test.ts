/** What cannot be done throws an error that says why, changes nothing, and does not stand in the way of the next call. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refuses } from './fixtures/check.ts';
import type { Tensor } from './index.ts';
import * as torsor from './index.ts';
import { heap } from './wasm/heap.ts';
import type { Emitter } from './wasm/module.ts';
import { kernel } from './wasm/module.ts';

const { allocate, arange, cat, conv2d, matmul, memory, ones, randn, setMemoryLimits, tensor, zeros } = torsor;

/** A product that goes through the packed kernels is still right. */
function stillWorks(): void {
  assert.is(matmul(ones(40, 50), ones(50, 60)).sum().item(), 40 * 50 * 60);
  assert.is(ones(5000).add(1).sum().item(), 10000);
}

// ------------------------------------------------------------------------------------------------------------ sizes

const tooLarge: Readonly<Record<string, () => unknown>> = {
  'zeros of 2³² bytes and some': () => zeros(2 ** 15, 2 ** 15 + 1),
  'zeros of 2³¹ elements of one byte': () => zeros(2 ** 31, { dtype: 'bool' }),
  'zeros of 2⁴⁰ elements': () => zeros(2 ** 20, 2 ** 20),
  'random numbers': () => randn(2 ** 17, 2 ** 17),
  'a range': () => arange(1e12),
  'an outer product by broadcasting': () => ones(2 ** 17, 1).mul(ones(1, 2 ** 17)),
  'a matrix product': () => matmul(ones(2 ** 17, 1), ones(1, 2 ** 17)),
  'a copy of an expanded view': () =>
    ones(1)
      .expand(2 ** 31, 4)
      .contiguous(),
  'a cast of an expanded view': () =>
    ones(1)
      .expand(2 ** 31, 4)
      .to('float64'),
  'cat of expanded views': () => cat([ones(1).expand(2 ** 31), ones(1).expand(2 ** 31)]),
  'a convolution': () => conv2d(ones(1, 1, 1, 1).expand(1, 1, 40_000, 40_000), ones(64, 1, 1, 1)),
  padding: () => torsor.pad(ones(1, 1), [2 ** 20, 2 ** 20, 2 ** 20, 2 ** 20]),
  repetition: () => ones(4).repeat(2 ** 32),
};

for (const [name, make] of Object.entries(tooLarge)) {
  test(`${name}: more than one tensor can hold is refused at once`, () => {
    const { usedBytes } = memory();
    refuses(make, 'ShapeError', /2³¹ elements, and 4 GiB at most/, name);
    // the operands may have taken some; the result has not
    assert.ok(memory().usedBytes <= usedBytes + 2 ** 22);
    stillWorks();
  });
}

test('a view may have more elements than a tensor can hold', () => {
  const view = ones(1).expand(2 ** 20, 2 ** 20);
  assert.is(view.numel(), 2 ** 40);
  assert.is(view.at(5, 7).item(), 1);
});

// ------------------------------------------------------------------------------------------------------- allocation

/** Takes the heap's room away while it runs. */
function withFullHeap(run: () => void): void {
  const before = setMemoryLimits({ heapLimitBytes: memory().usedBytes, softLimitBytes: 0 });
  try {
    run();
  } finally {
    setMemoryLimits(before);
  }
}

test('tensors that the heap has no room for live elsewhere, and compute the same', () => {
  const x = arange(3000, { dtype: 'float32' });
  const expected = x.mul(2).add(1).toArray();
  withFullHeap(() => {
    const y = x.mul(2).add(1);
    assert.is(y.storage.inHeap, false);
    assert.equal(y.toArray(), expected);
  });
  stillWorks();
});

test('no room for scratch space: the op throws, its operands and output stay, and the next call works', () => {
  const [a, b] = [ones(700, 700), ones(700, 700)];
  const out = ones(700, 700);
  // takes back what scratch space there is
  const scratch = heap().scratch(1);
  assert.ok(scratch > 0);
  withFullHeap(() => {
    assert.throws(
      () => heap().scratch(2 ** 30),
      (error: Error) => /out of memory: \d+ bytes of scratch space/.test(error.message),
    );
    try {
      out.copy_(matmul(a, b));
      assert.is(out.at(3, 4).item(), 700);
    } catch (error) {
      assert.match((error as Error).message, /out of memory/);
      assert.is(out.sum().item(), 490_000);
    }
  });
  assert.is(matmul(a, b).at(699, 699).item(), 700);
  assert.is(a.sum().item(), 490_000);
  stillWorks();
});

test('memory that the runtime refuses is an error with the size in it', () => {
  const real = globalThis.ArrayBuffer;
  const refuse = new Proxy(real, {
    construct(target, args) {
      if (typeof args[0] === 'number' && args[0] > 10_000) throw new RangeError('Array buffer allocation failed');
      return Reflect.construct(target, args) as ArrayBuffer;
    },
  });
  const x = ones(20_000);
  withFullHeap(() => {
    Reflect.set(globalThis, 'ArrayBuffer', refuse);
    try {
      refuses(() => x.add(1), 'TorsorError', /out of memory: 80000 bytes/, 'add');
      refuses(() => zeros(20_000), 'TorsorError', /out of memory: 80000 bytes/, 'zeros');
    } finally {
      Reflect.set(globalThis, 'ArrayBuffer', real);
    }
  });
  assert.is(x.add(1).sum().item(), 40_000);
  stillWorks();
});

// A runtime may be unwilling to give the heap so much, and a gap below may do for a small tensor: then nothing is shown.
test('kernels reach what lies above 2 GiB', () => {
  const before = setMemoryLimits({ softLimitBytes: 2 ** 32 });
  // never written to, and so no memory of the machine's
  const ballast = allocate([550_000_000], 'float32');
  try {
    const x = ones(100, 120);
    const y = matmul(x, x.transpose(0, 1))
      .add(x.narrow(1, 0, 100))
      .relu();
    assert.is(y.sum().item(), 100 * 100 * 121);
    assert.is(torsor.softmax(x, 1).sum(1).at(7).item().toFixed(5), '1.00000');
    assert.is(x.transpose(0, 1).contiguous().sum(0).at(3).item(), 120);
    const image = ones(1, 8, 20, 20);
    assert.is(
      conv2d(image, ones(8, 8, 3, 3))
        .at(0, 0, 5, 5)
        .item()
        .toFixed(3),
      '72.000',
    );
  } finally {
    ballast.storage.release('the end of a test');
    setMemoryLimits(before);
  }
});

// ------------------------------------------------------------------------------------------------------ compilation

test('an emitter that leaves the stack in disorder is named, and nothing of it is kept', () => {
  let broken = true;
  const emit: Emitter = (code) => {
    code.export('seven', {}, ['i32'], () => {
      if (!broken) code.i32.const(7);
    });
  };
  refuses(() => kernel('broken_a', emit, heap().memory), 'TorsorError', /^kernel: broken_a does not compile/, 'stack');
  broken = false;
  assert.is(kernel('broken_a', emit, heap().memory).seven(), 7);
});

test('a module that the runtime does not take is named, with the reason as cause', () => {
  // more local variables than any runtime allows
  const emit: Emitter = (code) => {
    code.export('run', {}, [], () => {
      code.locals('i32', 60_000);
    });
  };
  try {
    kernel('broken_b', emit, heap().memory);
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /^kernel: broken_b does not compile for /);
    assert.ok((error as Error).cause instanceof WebAssembly.CompileError);
  }
});

test('an op whose kernel does not compile throws, leaves its operands alone, and works once it does', () => {
  const real = WebAssembly.Module;
  // kernels that nothing has compiled yet: float64 has its own
  const calls: readonly ((x: Tensor) => Tensor)[] = [
    (x) => x.mul_(2),
    (x) => x.transpose(0, 1).contiguous(),
    (x) => x.sum(0),
    (x) => matmul(x, x.transpose(0, 1)),
    (x) => x.lt(0.5),
  ];
  for (const call of calls) {
    const x = ones(64, 65, { dtype: 'float64' });
    Reflect.set(WebAssembly, 'Module', function refuse() {
      throw new WebAssembly.CompileError('out of executable memory');
    });
    try {
      refuses(() => call(x), 'TorsorError', /does not compile .*out of executable memory/, String(call));
    } finally {
      Reflect.set(WebAssembly, 'Module', real);
    }
    assert.is(x.sum().item(), 64 * 65, 'unchanged');
    assert.ok(call(x).numel() > 0);
    stillWorks();
  }
  assert.equal(tensor([1, 2]).add(1).toArray(), [2, 3]);
});

test('what should be a list, and is not, is named', () => {
  const x = ones(2, 3);
  const bad = (value: unknown): never => value as never;
  const cases: Readonly<Record<string, () => unknown>> = {
    'reshape: expects shape as a list, but got 6': () => torsor.reshape(x, bad(6)),
    'view: expects shape as a list, but got null': () => x.view(bad(null)),
    'expand: expects shape as a list, but got { size }': () => x.expand(bad({ size: [2] })),
    'permute: expects dims as a list, but got 1': () => torsor.permute(x, bad(1)),
    'unflatten: expects sizes as a list, but got 3': () => x.unflatten(1, bad(3)),
    'asStrided: expects size as a list, but got 2': () => x.asStrided(bad(2), [1]),
    'asStrided: expects stride as a list, but got 1': () => x.asStrided([2], bad(1)),
    'repeat: expects repeats as a list, but got { n }': () => x.repeat(bad({ n: 2 })),
    'tile: expects dims as a list, but got null': () => torsor.tile(x, bad(null)),
    'einsum: expects an equation first, but got a float32 tensor of shape [2, 3]': () => torsor.einsum(bad(x), x),
    'einsum: an operand must be a tensor, but got number': () => torsor.einsum('i->', bad(2)),
  };
  for (const [message, call] of Object.entries(cases)) {
    assert.throws(call, (error: Error) => error instanceof torsor.TorsorError && error.message === message, message);
  }
});

test.run();
