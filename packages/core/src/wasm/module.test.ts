import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { features, setStrict } from './features.ts';
import type { Emitter } from './module.ts';
import { exportTasks, instantiate, kernel, kernelModule, runInline } from './module.ts';

function newMemory(): WebAssembly.Memory {
  return features().sharedMemory
    ? new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
    : new WebAssembly.Memory({ initial: 1 });
}

test('a kernel is emitted once for each memory and set of features', () => {
  let emitted = 0;
  const emit: Emitter = (code, target) => {
    emitted++;
    code.export('isStrict', {}, ['i32'], () => {
      code.i32.const(target.strict ? 1 : 0);
    });
  };
  const memory = newMemory();
  const { isStrict } = kernel('module_test_a', emit, memory);
  assert.is(isStrict(), 0);
  assert.is(kernel('module_test_a', emit, memory).isStrict, isStrict);
  assert.is(emitted, 1);
  const { isStrict: elsewhere } = kernel('module_test_a', emit, newMemory());
  assert.is.not(elsewhere, isStrict);
  assert.is(emitted, 1, 'the module is compiled once, whatever the memory');
  setStrict(true);
  const inStrict = kernel('module_test_a', emit, memory);
  setStrict(false);
  assert.is(inStrict.isStrict(), 1);
  assert.is(kernel('module_test_a', emit, memory).isStrict, isStrict);
});

test('a launch runs every task with the scratch memory and the arguments', () => {
  const memory = newMemory();
  const emit: Emitter = (code) => {
    exportTasks(code, 'mark', { task: 'i32', scratch: 'i32', out: 'i32' }, ({ task, scratch, out }) => {
      code.i32.store(code.index(out, task, 4), code.i32.add(scratch, task));
    });
  };
  const launch = { name: 'module_test_b', emit, entry: 'mark', args: [256], tasks: 3, ns: 0, scratchBytes: 0 };
  runInline(launch, memory, 1000);
  assert.equal([...new Int32Array(memory.buffer, 256, 4)], [1000, 1001, 1002, 0]);
});

test('the bytes of a module can be instantiated elsewhere', () => {
  const emit: Emitter = (code) => {
    code.export('answer', {}, ['i32'], () => {
      code.i32.const(42);
    });
  };
  const memory = newMemory();
  const { bytes, name } = kernelModule('module_test_c', emit, features().sharedMemory);
  assert.is(name, 'module_test_c');
  assert.is(instantiate(bytes, memory).answer(), 42);
});

test.run();
