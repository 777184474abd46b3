import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Label, Operand } from './assembler.ts';
import { Assembler } from './assembler.ts';
import { signed, unsigned } from './assembler-encoding.ts';
import type { Namespace } from './assembler-opcodes.ts';
import { mnemonicsOf, OPCODES } from './assembler-opcodes.ts';
import { features } from './features.ts';

type Exports = Record<string, (...args: (number | bigint)[]) => number | bigint>;

/** Emits, compiles and instantiates a module over one page of memory. */
function run(emit: (code: Assembler) => void): { exports: Exports; memory: WebAssembly.Memory } {
  const code = new Assembler({ shared: false });
  emit(code);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code.finish()), { env: { memory } });
  return { exports: exports as Exports, memory };
}

/** What the body of a function leads to when it is emitted. */
function emitBody(body: (code: Assembler) => void): () => void {
  return () => {
    const code = new Assembler({ shared: false });
    code.func('f', {}, [], () => body(code));
  };
}

test('unsigned LEB128 holds seven bits a byte, lowest first', () => {
  assert.equal(unsigned(0), [0]);
  assert.equal(unsigned(127), [0x7f]);
  assert.equal(unsigned(128), [0x80, 1]);
  assert.equal(unsigned(624485), [0xe5, 0x8e, 0x26]);
  assert.equal(unsigned(0xffffffff), [0xff, 0xff, 0xff, 0xff, 0x0f]);
});

test('signed LEB128 ends where only the sign is left', () => {
  assert.equal(signed(0n), [0]);
  assert.equal(signed(63n), [63]);
  assert.equal(signed(64n), [0xc0, 0]);
  assert.equal(signed(-1n), [0x7f]);
  assert.equal(signed(-64n), [0x40]);
  assert.equal(signed(-65n), [0xbf, 0x7f]);
  assert.equal(signed(-123456n), [0xc0, 0xbb, 0x78]);
});

test('a module has the bytes of the specification', () => {
  const code = new Assembler({ shared: false });
  code.export('f', { a: 'i32' }, ['i32'], ({ a }) => {
    code.i32.add(a, -1);
  });
  const bytes = [...code.finish()];
  assert.equal(bytes.slice(0, 8), [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  assert.equal(bytes.slice(8, 16), [1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f]);
  const body = [0x00, 0x20, 0x00, 0x41, 0x7f, 0x6a, 0x0b];
  assert.ok(bytes.join().includes([10, 9, 1, 7, ...body].join()));
});

test('every instruction validates with the types that the table gives it', () => {
  let count = 0;
  for (const namespace of Object.keys(OPCODES) as Namespace[]) {
    for (const { instruction } of mnemonicsOf(namespace)) {
      const { mnemonic, kind, takes, gives } = instruction();
      if (mnemonic.startsWith('relaxed') && !features().relaxedSimd) continue;
      const code = new Assembler({ shared: false });
      const params = Object.fromEntries(takes.map((type, i) => [`p${i}`, type]));
      code.func('f', params, gives === null ? [] : [gives], (locals) => {
        const methods = code[namespace] as unknown as Record<string, (...args: unknown[]) => void>;
        const lane = kind === 'lane' || kind === 'laneAccess' ? [1] : [];
        methods[mnemonic](...lane, ...Object.values(locals));
      });
      assert.ok(WebAssembly.validate(code.finish()), `${namespace}.${mnemonic}`);
      count++;
    }
  }
  assert.ok(count > 380);
});

test('a type that does not fit is an error that names the instruction, what it expected and what it found', () => {
  assert.throws(
    emitBody((code) => code.i32.add(code.i32.const(1), code.f32.const(1) as unknown as Operand<'i32'>)),
    'i32.add: expected i32 i32 on the stack, found i32 f32',
  );
  assert.throws(
    emitBody((code) => code.f32x4.add()),
    'f32x4.add: expected v128 v128 on the stack, found nothing',
  );
  assert.throws(
    emitBody((code) => code.i32.add(code.local('f64') as never, 1)),
    'i32.add: expected i32 as an operand, found f64',
  );
  assert.throws(
    emitBody((code) => code.drop()),
    'drop: expected a value on the stack, found nothing',
  );
});

test('what a body leaves on the stack is checked', () => {
  assert.throws(
    emitBody((code) => code.i32.const(1)),
    'end of f: expected nothing on the stack, found i32',
  );
  assert.throws(
    emitBody((code) => code.drop(code.blockOf('f32', () => code.i32.const(1)))),
    'end of block: expected f32 on the stack, found i32',
  );
  assert.throws(
    emitBody((code) => {
      code.i32.const(1);
      code.block(() => code.drop());
    }),
    'drop: expected a value on the stack, found nothing in this block',
  );
});

test('operands that cannot be encoded are errors', () => {
  assert.throws(
    emitBody((code) => code.i32.const(1.5)),
    'expected an integer, got 1.5',
  );
  assert.throws(
    emitBody((code) => code.v128.and(code.f32x4.const(1), 1)),
    'a number says nothing about lanes here',
  );
  assert.throws(
    emitBody((code) => code.f32x4.extract_lane(4, code.f32x4.const(0))),
    'lane 4 is not one of 0…3',
  );
  assert.throws(
    emitBody((code) => code.i32.load(0, -4)),
    'the offset must be an unsigned 32-bit integer, got -4',
  );
  assert.throws(
    emitBody((code) => code.i32.load(0, 0, 8)),
    'the alignment must be a power of two up to 4, got 8',
  );
  assert.throws(
    emitBody((code) => code.f32x4.const(1, 2)),
    'takes 1 or 4 numbers, got 2',
  );
});

test('a label can only be branched to from inside', () => {
  assert.throws(
    emitBody((code) => {
      let escaped: Label | undefined;
      code.block((end) => {
        escaped = end;
      });
      code.br(escaped!);
    }),
    'br: the label is not of a block that is open here',
  );
});

test('operands run from left to right wherever they are written', () => {
  const { exports } = run((code) => {
    code.export('f', { x: 'i32', y: 'i32', z: 'i32' }, ['i32'], ({ x, y, z }) => {
      code.i32.sub(x, code.i32.sub(100, code.i32.mul(y, z)));
    });
    code.export('g', { x: 'i32' }, ['i32'], ({ x }) => {
      code.i32.sub(code.i32.add(x, 1), code.i32.sub(7, code.i32.sub(code.i32.mul(x, x), 3)));
    });
  });
  assert.is(exports.f(1, 2, 3), 1 - (100 - 6));
  assert.is(exports.g(5), 6 - (7 - 22));
});

test('a value is used once, and where it lies', () => {
  assert.throws(
    emitBody((code) => {
      const value = code.i32.const(1);
      code.i32.add(value, value);
    }),
    'an operand is not where it should be on the stack',
  );
  assert.throws(
    emitBody((code) => {
      const a = code.i32.const(1);
      code.i32.sub(code.i32.const(2), a);
    }),
    'an operand is not where it should be on the stack',
  );
  assert.throws(
    emitBody((code) => {
      const x = code.local('i32');
      code.drop(code.i32.sub(x, x.tee(3)));
    }),
    'read it with get() at its place',
  );
});

test('control: loops, branches, results of blocks', () => {
  const { exports } = run((code) => {
    const { i32 } = code;
    code.export('sum', { n: 'i32' }, ['i32'], ({ n }) => {
      const i = code.local('i32');
      const sum = code.local('i32');
      code.forRange(i, 0, n, 1, () => code.increase(sum, i));
      sum.get();
    });
    code.export('early', { x: 'i32' }, ['i32'], ({ x }) => {
      code.if(i32.lt_s(x, 0), () => code.return(-1));
      code.blockOf('i32', (end) => {
        code.if(i32.eq(x, 7), () => {
          i32.const(70);
          code.br(end);
        });
        i32.mul(x, 2);
      });
    });
    code.export('pick', { x: 'i32' }, ['f64'], ({ x }) => {
      code.ifOf(
        'f64',
        x,
        () => code.f64.const(1.5),
        () => code.f64.const(-2.5),
      );
    });
    code.export('table', { x: 'i32' }, ['i32'], ({ x }) => {
      code.block((otherwise) => {
        code.block((one) => {
          code.block((zero) => code.br_table([zero, one, otherwise], x));
          code.return(100);
        });
        code.return(101);
      });
      i32.const(102);
    });
    const twice = code.func('twice', { x: 'i32' }, ['i32'], ({ x }) => {
      i32.shl(x, 1);
    });
    code.export('quadruple', { x: 'i32' }, ['i32'], ({ x }) => {
      code.call(twice, code.call(twice, x));
    });
    code.export('least', { a: 'i32', b: 'i32' }, ['i32'], ({ a, b }) => {
      code.least(a, b);
    });
  });
  assert.is(exports.sum(0), 0);
  assert.is(exports.sum(10), 45);
  assert.equal(
    [-5, 7, 8].map((x) => exports.early(x)),
    [-1, 70, 16],
  );
  assert.equal(
    [0, 1].map((x) => exports.pick(x)),
    [-2.5, 1.5],
  );
  assert.equal(
    [0, 1, 2, 9].map((x) => exports.table(x)),
    [100, 101, 102, 102],
  );
  assert.is(exports.quadruple(5), 20);
  assert.equal([exports.least(3, 4), exports.least(-1, 4)], [3, 4]);
});

test('constants of every type arrive as they were written', () => {
  const { exports, memory } = run((code) => {
    code.export('i64', {}, ['i64'], () => {
      code.i64.const(-0x123456789abcdefn);
    });
    code.export('f32', {}, ['f32'], () => {
      code.f32.const(0.1);
    });
    code.export('f64', {}, ['f64'], () => {
      code.f64.const(-0);
    });
    code.export('vectors', {}, [], () => {
      code.v128.store(0, code.i8x16.const(...Array.from({ length: 16 }, (_, i) => i - 8)));
      code.v128.store(16, code.i16x8.const(-2));
      code.v128.store(32, code.i64x2.const(1n, -1n));
      code.v128.store(48, code.f64x2.const(0.5, Number.NaN));
    });
  });
  assert.is(exports.i64(), -0x123456789abcdefn);
  assert.is(exports.f32(), Math.fround(0.1));
  assert.ok(Object.is(exports.f64(), -0));
  exports.vectors();
  assert.equal([...new Int8Array(memory.buffer, 0, 3)], [-8, -7, -6]);
  assert.equal([...new Int16Array(memory.buffer, 16, 8)], Array(8).fill(-2));
  assert.equal([...new BigInt64Array(memory.buffer, 32, 2)], [1n, -1n]);
  assert.equal([...new Float64Array(memory.buffer, 48, 2)], [0.5, Number.NaN]);
});

test('vectors: splats of numbers, lanes, shuffles, selection', () => {
  const { exports, memory } = run((code) => {
    const { f32x4, i32x4, i64x2, v128 } = code;
    code.export('f', {}, [], () => {
      const x = code.local('v128', v128.load(0));
      v128.store(64, f32x4.mul(x, f32x4.add(x, 0.5)));
      v128.store(80, i32x4.shuffle([3, 2, 1, 4], x, f32x4.const(9)));
      v128.store(96, i64x2.shuffle([1, 2], x, f32x4.const(9)));
      v128.store(112, f32x4.replace_lane(2, x, f32x4.extract_lane(0, x)));
      v128.store(128, v128.bitselect(x, f32x4.const(0), f32x4.gt(x, 2)));
      v128.store(144, v128.load32_lane(1, 12, x));
      v128.store64_lane(1, 160, x);
    });
  });
  const floats = new Float32Array(memory.buffer);
  floats.set([1, 2, 3, 4]);
  exports.f();
  const at = (byte: number, count = 4) => [...floats.subarray(byte / 4, byte / 4 + count)];
  assert.equal(at(64), [1.5, 5, 10.5, 18]);
  assert.equal(at(80), [4, 3, 2, 9]);
  assert.equal(at(96), [3, 4, 9, 9]);
  assert.equal(at(112), [1, 2, 1, 4]);
  assert.equal(at(128), [0, 0, 3, 4]);
  assert.equal(at(144), [1, 4, 3, 4]);
  assert.equal(at(160, 2), [3, 4]);
});

test('constants are set before the first instruction, once each, and anew in every function', () => {
  const { exports, memory } = run((code) => {
    for (const name of ['f', 'g']) {
      code.export(name, { i: 'i32' }, [], ({ i }) => {
        code.forRange(i, 0, 3, 1, () => {
          const sum = code.f32x4.add(code.f32x4.splat(code.f32.convert_i32_u(i)), code.constant('f32x4', 0.5));
          code.v128.store(
            0,
            code.f32x4.add(code.f32x4.add(sum, code.constant('f32x4', -0)), code.constant('f32x4', 0.5)),
          );
        });
        assert.is(code.constant('f32x4', 0.5), code.constant('f32x4', 0.5));
        assert.is.not(code.constant('f32x4', 0), code.constant('f32x4', -0));
      });
    }
  });
  for (const f of [exports.f, exports.g]) {
    new Float32Array(memory.buffer).fill(0, 0, 4);
    f(0);
    assert.equal([...new Float32Array(memory.buffer, 0, 4)], [3, 3, 3, 3]);
  }
});

test('bulk memory and integer conversions run', () => {
  const { exports, memory } = run((code) => {
    code.export('f', { x: 'f64' }, ['i32'], ({ x }) => {
      code.memory.fill(8, 0xab, 5);
      code.memory.copy(32, 8, 8);
      code.i32.wrap_i64(code.i64.shr_u(code.i64.reinterpret_f64(x), 52));
    });
  });
  assert.is(exports.f(1), 1023);
  assert.equal([...new Uint8Array(memory.buffer, 32, 8)], [0xab, 0xab, 0xab, 0xab, 0xab, 0, 0, 0]);
});

test('a module for shared memory takes no other, and the reverse', () => {
  if (!features().sharedMemory) return;
  const shared = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
  const link = (isShared: boolean, memory: WebAssembly.Memory) => {
    const code = new Assembler({ shared: isShared });
    code.export('f', {}, [], () => code.nop());
    return new WebAssembly.Instance(new WebAssembly.Module(code.finish()), { env: { memory } });
  };
  assert.ok(link(true, shared));
  assert.throws(() => link(false, shared));
  assert.throws(() => link(true, new WebAssembly.Memory({ initial: 1, maximum: 2 })));
});

test.run();
