var __defProp = Object.defineProperty;
var __export = (target, all2) => {
  for (var name2 in all2) __defProp(target, name2, { get: all2[name2], enumerable: true });
};

// packages/core/src/errors.ts
var TorsorError = class extends Error {
  name = 'TorsorError';
  op;
  operands;
  constructor(message, details = {}) {
    super(
      details.op === void 0 ? message : `${details.op}: ${message}`,
      details.cause === void 0 ? void 0 : { cause: details.cause },
    );
    this.op = details.op;
    this.operands = details.operands ?? {};
  }
};
var ShapeError = class extends TorsorError {
  name = 'ShapeError';
};
var DTypeError = class extends TorsorError {
  name = 'DTypeError';
};
var IndexError = class extends TorsorError {
  name = 'IndexError';
};
var ValueError = class extends TorsorError {
  name = 'ValueError';
};
var AutogradError = class extends TorsorError {
  name = 'AutogradError';
};
var NotImplementedError = class extends TorsorError {
  name = 'NotImplementedError';
};
var FormatError = class extends TorsorError {
  name = 'FormatError';
};
function show(value) {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `a function`;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const { dtype, shape } = value;
    if (typeof dtype === 'string' && Array.isArray(shape)) return `a ${dtype} tensor of shape ${show(shape)}`;
    return `{ ${Object.keys(value).join(', ')} }`;
  }
  return value === void 0 ? 'nothing' : String(value);
}

// packages/core/src/layout.ts
function sizeOf(shape) {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i];
  return size;
}
function contiguousStrides(shape) {
  const strides = new Array(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= Math.max(shape[i], 1);
  }
  return strides;
}
function isContiguous(shape, strides) {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const n = shape[i];
    if (n !== 1) {
      if (strides[i] !== step) return shape.includes(0);
      step *= n;
    }
  }
  return true;
}
function sameShape(a, b) {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
function formatShape(shape) {
  return `[${shape.join(', ')}]`;
}
function wrapDim(op2, dim, ndim) {
  const range3 = Math.max(ndim, 1);
  if (!Number.isInteger(dim) || dim < -range3 || dim >= range3) {
    throw new IndexError(`dimension out of range, expected to be in [${-range3}, ${range3 - 1}], but got ${dim}`, {
      op: op2,
      operands: { dim, ndim },
    });
  }
  return dim < 0 ? dim + range3 : dim;
}
function wrapDims(op2, dims, ndim) {
  if (dims === null || dims === void 0) return Array.from({ length: ndim }, (_, i) => i);
  if (typeof dims === 'number') {
    const dim = wrapDim(op2, dims, ndim);
    return ndim === 0 ? [] : [dim];
  }
  if (dims.length === 0) return Array.from({ length: ndim }, (_, i) => i);
  const wrapped = dims.map((dim) => wrapDim(op2, dim, ndim)).sort((a, b) => a - b);
  for (let i = 1; i < wrapped.length; i++) {
    if (wrapped[i] === wrapped[i - 1]) {
      throw new ShapeError(`dim ${wrapped[i]} appears multiple times in the list of dims [${dims.join(', ')}]`, {
        op: op2,
        operands: { dims, ndim },
      });
    }
  }
  return ndim === 0 ? [] : wrapped;
}
function broadcastShapes(op2, a, b) {
  if (sameShape(a, b)) return a;
  const ndim = Math.max(a.length, b.length);
  const out = new Array(ndim);
  for (let i = 0; i < ndim; i++) {
    const da = a.length - 1 - i;
    const db = b.length - 1 - i;
    const na = da >= 0 ? a[da] : 1;
    const nb = db >= 0 ? b[db] : 1;
    if (na !== nb && na !== 1 && nb !== 1) {
      throw new ShapeError(
        `the size of tensor a (${na}) must match the size of tensor b (${nb}) at non-singleton dimension ${ndim - 1 - i}, shapes ${formatShape(a)} and ${formatShape(b)}`,
        { op: op2, operands: { a, b } },
      );
    }
    out[ndim - 1 - i] = na === 1 ? nb : na;
  }
  return out;
}
function broadcastStrides(shape, strides, target) {
  const lead = target.length - shape.length;
  const out = new Array(target.length);
  for (let i = 0; i < target.length; i++) {
    const j = i - lead;
    out[i] = j < 0 || (shape[j] === 1 && target[i] !== 1) ? 0 : strides[j];
  }
  return out;
}
function memoryOrder(shape, strides) {
  const inner = Array.from({ length: shape.length }, (_, i) => shape.length - 1 - i);
  const compare2 = (a, b) => {
    if (strides[a] === 0 || strides[b] === 0) return 0;
    if (strides[a] !== strides[b]) return strides[a] - strides[b];
    return shape[a] > shape[b] ? 1 : 0;
  };
  for (let i = 1; i < inner.length; i++) {
    let at3 = i;
    for (let before = i - 1; before >= 0; before--) {
      const order = compare2(inner[before], inner[at3]);
      if (order > 0) {
        [inner[before], inner[at3]] = [inner[at3], inner[before]];
        at3 = before;
      } else if (order < 0) break;
    }
  }
  return inner.reverse();
}
function reducedShape(shape, dims, keepdim) {
  const out = [];
  for (let i = 0; i < shape.length; i++) {
    if (!dims.includes(i)) out.push(shape[i]);
    else if (keepdim) out.push(1);
  }
  return out;
}
function viewStrides(shape, strides, target) {
  if (sizeOf(shape) === 0) return sameShape(shape, target) ? [...strides] : contiguousStrides(target);
  const out = new Array(target.length);
  let t2 = target.length - 1;
  let chunkStride = strides.length > 0 ? strides[strides.length - 1] : 1;
  let oldSize = 1;
  let newSize = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    oldSize *= shape[d];
    if (d === 0 || (shape[d - 1] !== 1 && strides[d - 1] !== oldSize * chunkStride)) {
      while (t2 >= 0 && (newSize < oldSize || target[t2] === 1)) {
        out[t2] = newSize * chunkStride;
        newSize *= target[t2];
        t2--;
      }
      if (newSize !== oldSize) return null;
      if (d > 0) {
        chunkStride = strides[d - 1];
        oldSize = 1;
        newSize = 1;
      }
    }
  }
  for (; t2 >= 0; t2--) out[t2] = newSize * chunkStride;
  return out;
}
function* offsets(shape, strides, offset) {
  const ndim = shape.length;
  if (sizeOf(shape) === 0) return;
  const index2 = new Array(ndim).fill(0);
  let at3 = offset;
  for (;;) {
    yield at3;
    let d = ndim - 1;
    for (; d >= 0; d--) {
      at3 += strides[d];
      if (++index2[d] < shape[d]) break;
      at3 -= strides[d] * shape[d];
      index2[d] = 0;
    }
    if (d < 0) return;
  }
}
function collapse(shape, operands) {
  const outShape = [];
  const outStrides = operands.map(() => []);
  for (let d = 0; d < shape.length; d++) {
    const n = shape[d];
    if (n === 1) continue;
    const last = outShape.length - 1;
    const merges = last >= 0 && operands.every((s, k) => outStrides[k][last] === s[d] * n);
    if (merges) {
      outShape[last] = outShape[last] * n;
      operands.forEach((s, k) => {
        outStrides[k][last] = s[d];
      });
    } else {
      outShape.push(n);
      operands.forEach((s, k) => {
        outStrides[k].push(s[d]);
      });
    }
  }
  return { shape: outShape, strides: outStrides };
}

// packages/core/src/dtype.ts
var DTYPES = ['bool', 'uint8', 'int32', 'int64', 'float32', 'float64'];
var BYTES = { float32: 4, float64: 8, int32: 4, int64: 8, uint8: 1, bool: 1 };
function itemBytes(dtype) {
  return BYTES[dtype];
}
function isFloating(dtype) {
  return dtype === 'float32' || dtype === 'float64';
}
function checkDType(op2, dtype) {
  if (typeof dtype === 'string' && Object.hasOwn(BYTES, dtype)) return dtype;
  throw new DTypeError(`unknown dtype ${show(dtype)}; known are ${DTYPES.join(', ')}`, {
    op: op2,
    operands: { dtype },
  });
}
function newArray(dtype, length) {
  switch (dtype) {
    case 'float32':
      return new Float32Array(length);
    case 'float64':
      return new Float64Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'int64':
      return new BigInt64Array(length);
    default:
      return new Uint8Array(length);
  }
}
function viewArray(dtype, buffer, byteOffset, length) {
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, byteOffset, length);
    case 'float64':
      return new Float64Array(buffer, byteOffset, length);
    case 'int32':
      return new Int32Array(buffer, byteOffset, length);
    case 'int64':
      return new BigInt64Array(buffer, byteOffset, length);
    default:
      return new Uint8Array(buffer, byteOffset, length);
  }
}
function dtypeOfArray(array) {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Float64Array) return 'float64';
  if (array instanceof Int32Array) return 'int32';
  if (array instanceof BigInt64Array) return 'int64';
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return 'uint8';
  return null;
}
function category(dtype) {
  if (dtype === 'bool') return 0;
  return isFloating(dtype) ? 2 : 1;
}
var RANK = { bool: 0, uint8: 1, int32: 2, int64: 3, float32: 4, float64: 5 };
function promoteTypes(a, b) {
  return RANK[a] >= RANK[b] ? a : b;
}
function numberDType(value) {
  if (typeof value === 'boolean') return 'bool';
  return Number.isInteger(value) ? 'int32' : 'float32';
}
function resultType(...operands) {
  const level = [null, null, null];
  for (const operand3 of operands) {
    const isPlain2 = typeof operand3 !== 'object';
    const dtype = isPlain2 ? numberDType(operand3) : operand3.dtype;
    const at3 = isPlain2 ? 2 : operand3.ndim === 0 ? 1 : 0;
    const seen = level[at3];
    level[at3] = seen === null || seen === void 0 ? dtype : promoteTypes(seen, dtype);
  }
  let result = null;
  for (const dtype of level) {
    if (dtype === null) continue;
    if (result === null) result = dtype;
    else if (category(dtype) > category(result)) {
      result = promoteTypes(result, dtype);
    }
  }
  return result ?? 'float32';
}
function canCast(from, to2) {
  return category(from) <= category(to2);
}

// packages/core/src/collector.ts
var collector;
var isTried = false;
function getModule() {
  return globalThis.process?.getBuiltinModule ?? null;
}
function findCollector() {
  const get = getModule();
  try {
    const vm = get?.('node:vm');
    const v8 = get?.('node:v8');
    if (vm === void 0 || v8 === void 0) return null;
    v8.setFlagsFromString('--expose-gc');
    const gc = new vm.Script('globalThis.gc').runInContext(vm.createContext({}));
    v8.setFlagsFromString('--no-expose-gc');
    if (typeof gc !== 'function') return null;
    const context = vm.createContext({}, { microtaskMode: 'afterEvaluate' });
    const nothing = new vm.Script('0');
    return {
      checkpoint() {
        nothing.runInContext(context);
      },
      gc,
    };
  } catch {
    return null;
  }
}
function watch(owner) {
  if (collector === void 0 && getModule() === null) collector = null;
  return collector === null ? null : new WeakRef(owner);
}
function collect() {
  if (collector === void 0) collector = findCollector();
  if (collector === null) return false;
  const canary = isTried ? null : makeCanary();
  collector.checkpoint();
  collector.gc();
  if (canary !== null && !isDead(canary)) {
    collector = null;
    return false;
  }
  isTried = true;
  return true;
}
function forget() {
  collector?.checkpoint();
}
function isDead(reference) {
  return reference.deref() === void 0;
}
function makeCanary() {
  return new WeakRef({});
}
function reserve(bytes) {
  try {
    return new ArrayBuffer(bytes, {
      maxByteLength: bytes,
    });
  } catch {
    return null;
  }
}

// packages/core/src/wasm/assembler-encoding.ts
var TYPE_BYTE = { i32: 127, i64: 126, f32: 125, f64: 124, v128: 123 };
var LANES = { i8x16: 16, i16x8: 8, i32x4: 4, i64x2: 2, f32x4: 4, f64x2: 2 };
function fail(op2, message) {
  throw new TorsorError(message, { op: op2 });
}
function checkLane(op2, lane2, lanes) {
  if (!Number.isInteger(lane2) || lane2 < 0 || lane2 >= lanes)
    fail(op2, `lane ${lane2} is not one of 0\u2026${lanes - 1}`);
}
function memoryImmediates(op2, width, offset = 0, align2 = width) {
  if (typeof offset !== 'number' || !Number.isInteger(offset) || offset < 0 || offset > 4294967295) {
    fail(op2, `the offset must be an unsigned 32-bit integer, got ${String(offset)}`);
  }
  const exponent = [1, 2, 4, 8, 16].indexOf(align2);
  if (exponent < 0 || align2 > width) {
    fail(op2, `the alignment must be a power of two up to ${width}, got ${String(align2)}`);
  }
  return [exponent, ...unsigned(offset)];
}
var scratch = new DataView(new ArrayBuffer(16));
function constantBytes(op2, type, shape, values) {
  if (type === 'v128') {
    if (shape === null) fail(op2, 'a number says nothing about lanes here; give a vector, such as i32x4.const(\u2026)');
    const count2 = LANES[shape];
    if (values.length !== 1 && values.length !== count2)
      fail(op2, `takes 1 or ${count2} numbers, got ${values.length}`);
    for (let lane2 = 0; lane2 < count2; lane2++) writeLane(op2, shape, lane2, values[values.length === 1 ? 0 : lane2]);
    return [253, 12, ...new Uint8Array(scratch.buffer, 0, 16)];
  }
  if (values.length !== 1) fail(op2, `takes 1 number, got ${values.length}`);
  const value = values[0];
  switch (type) {
    case 'i32':
      return [65, ...signed(BigInt.asIntN(32, integer(op2, value)))];
    case 'i64':
      return [66, ...signed(BigInt.asIntN(64, integer(op2, value)))];
    case 'f32':
      scratch.setFloat32(0, Number(value), true);
      return [67, ...new Uint8Array(scratch.buffer, 0, 4)];
    case 'f64':
      scratch.setFloat64(0, Number(value), true);
      return [68, ...new Uint8Array(scratch.buffer, 0, 8)];
  }
}
function writeLane(op2, shape, lane2, value) {
  if (shape === 'i8x16') scratch.setInt8(lane2, Number(integer(op2, value)));
  else if (shape === 'i16x8') scratch.setInt16(2 * lane2, Number(integer(op2, value)), true);
  else if (shape === 'i32x4') scratch.setInt32(4 * lane2, Number(integer(op2, value)), true);
  else if (shape === 'i64x2') scratch.setBigInt64(8 * lane2, integer(op2, value), true);
  else if (shape === 'f32x4') scratch.setFloat32(4 * lane2, Number(value), true);
  else scratch.setFloat64(8 * lane2, Number(value), true);
}
function integer(op2, value) {
  if (typeof value === 'number' && !Number.isInteger(value)) fail(op2, `expected an integer, got ${value}`);
  return BigInt(value);
}
function unsigned(value) {
  const bytes = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest & 127) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}
function signed(value) {
  const bytes = [];
  let rest = value;
  for (;;) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    if (rest === ((byte & 64) === 0 ? 0n : -1n)) return [...bytes, byte];
    bytes.push(byte | 128);
  }
}
function text(string) {
  return sized([...new TextEncoder().encode(string)]);
}
function list(entries) {
  return unsigned(entries.length).concat(...entries);
}
function sized(bytes) {
  return unsigned(bytes.length).concat(bytes);
}
function section(id, bytes) {
  return [id].concat(sized(bytes));
}
function localGroups(types) {
  const runs = [];
  for (const type of types) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  return list(runs.map(({ type, count: count2 }) => [...unsigned(count2), TYPE_BYTE[type]]));
}

// packages/core/src/wasm/assembler-opcodes.ts
var MISC = 252;
var SIMD = 253;
function prefixed(prefix5, opcode) {
  return opcode < 128 ? [prefix5, opcode] : [prefix5, (opcode & 127) | 128, opcode >>> 7];
}
function op(opcode, takes3, gives) {
  return { kind: 'plain', bytes: [opcode], takes: takes3, gives };
}
function misc(opcode, takes3, gives) {
  return { kind: 'plain', bytes: prefixed(MISC, opcode), takes: takes3, gives };
}
function simd(opcode, takes3, gives) {
  return { kind: 'plain', bytes: prefixed(SIMD, opcode), takes: takes3, gives };
}
function load(opcode, width, gives) {
  return { kind: 'access', bytes: [opcode], takes: ['i32'], gives, width };
}
function store(opcode, width, value) {
  return { kind: 'access', bytes: [opcode], takes: ['i32', value], gives: null, width };
}
function simdLoad(opcode, width) {
  return { kind: 'access', bytes: prefixed(SIMD, opcode), takes: ['i32'], gives: 'v128', width };
}
function simdStore(opcode, width) {
  return { kind: 'access', bytes: prefixed(SIMD, opcode), takes: ['i32', 'v128'], gives: null, width };
}
function lane(opcode, lanes, takes3, gives) {
  return { kind: 'lane', bytes: prefixed(SIMD, opcode), takes: takes3, gives, lanes };
}
function loadLane(opcode, width) {
  return { kind: 'laneAccess', bytes: prefixed(SIMD, opcode), takes: ['i32', 'v128'], gives: 'v128', width };
}
function storeLane(opcode, width) {
  return { kind: 'laneAccess', bytes: prefixed(SIMD, opcode), takes: ['i32', 'v128'], gives: null, width };
}
function memory(bytes, takes3, gives) {
  return { kind: 'plain', bytes, takes: takes3, gives };
}
var OPCODES = {
  i32: {
    load: load(40, 4, 'i32'),
    load8_s: load(44, 1, 'i32'),
    load8_u: load(45, 1, 'i32'),
    load16_s: load(46, 2, 'i32'),
    load16_u: load(47, 2, 'i32'),
    store: store(54, 4, 'i32'),
    store8: store(58, 1, 'i32'),
    store16: store(59, 2, 'i32'),
    eqz: op(69, ['i32'], 'i32'),
    eq: op(70, ['i32', 'i32'], 'i32'),
    ne: op(71, ['i32', 'i32'], 'i32'),
    lt_s: op(72, ['i32', 'i32'], 'i32'),
    lt_u: op(73, ['i32', 'i32'], 'i32'),
    gt_s: op(74, ['i32', 'i32'], 'i32'),
    gt_u: op(75, ['i32', 'i32'], 'i32'),
    le_s: op(76, ['i32', 'i32'], 'i32'),
    le_u: op(77, ['i32', 'i32'], 'i32'),
    ge_s: op(78, ['i32', 'i32'], 'i32'),
    ge_u: op(79, ['i32', 'i32'], 'i32'),
    clz: op(103, ['i32'], 'i32'),
    ctz: op(104, ['i32'], 'i32'),
    popcnt: op(105, ['i32'], 'i32'),
    add: op(106, ['i32', 'i32'], 'i32'),
    sub: op(107, ['i32', 'i32'], 'i32'),
    mul: op(108, ['i32', 'i32'], 'i32'),
    div_s: op(109, ['i32', 'i32'], 'i32'),
    div_u: op(110, ['i32', 'i32'], 'i32'),
    rem_s: op(111, ['i32', 'i32'], 'i32'),
    rem_u: op(112, ['i32', 'i32'], 'i32'),
    and: op(113, ['i32', 'i32'], 'i32'),
    or: op(114, ['i32', 'i32'], 'i32'),
    xor: op(115, ['i32', 'i32'], 'i32'),
    shl: op(116, ['i32', 'i32'], 'i32'),
    shr_s: op(117, ['i32', 'i32'], 'i32'),
    shr_u: op(118, ['i32', 'i32'], 'i32'),
    rotl: op(119, ['i32', 'i32'], 'i32'),
    rotr: op(120, ['i32', 'i32'], 'i32'),
    wrap_i64: op(167, ['i64'], 'i32'),
    trunc_f32_s: op(168, ['f32'], 'i32'),
    trunc_f32_u: op(169, ['f32'], 'i32'),
    trunc_f64_s: op(170, ['f64'], 'i32'),
    trunc_f64_u: op(171, ['f64'], 'i32'),
    trunc_sat_f32_s: misc(0, ['f32'], 'i32'),
    trunc_sat_f32_u: misc(1, ['f32'], 'i32'),
    trunc_sat_f64_s: misc(2, ['f64'], 'i32'),
    trunc_sat_f64_u: misc(3, ['f64'], 'i32'),
    reinterpret_f32: op(188, ['f32'], 'i32'),
    extend8_s: op(192, ['i32'], 'i32'),
    extend16_s: op(193, ['i32'], 'i32'),
  },
  i64: {
    load: load(41, 8, 'i64'),
    load8_s: load(48, 1, 'i64'),
    load8_u: load(49, 1, 'i64'),
    load16_s: load(50, 2, 'i64'),
    load16_u: load(51, 2, 'i64'),
    load32_s: load(52, 4, 'i64'),
    load32_u: load(53, 4, 'i64'),
    store: store(55, 8, 'i64'),
    store8: store(60, 1, 'i64'),
    store16: store(61, 2, 'i64'),
    store32: store(62, 4, 'i64'),
    eqz: op(80, ['i64'], 'i32'),
    eq: op(81, ['i64', 'i64'], 'i32'),
    ne: op(82, ['i64', 'i64'], 'i32'),
    lt_s: op(83, ['i64', 'i64'], 'i32'),
    lt_u: op(84, ['i64', 'i64'], 'i32'),
    gt_s: op(85, ['i64', 'i64'], 'i32'),
    gt_u: op(86, ['i64', 'i64'], 'i32'),
    le_s: op(87, ['i64', 'i64'], 'i32'),
    le_u: op(88, ['i64', 'i64'], 'i32'),
    ge_s: op(89, ['i64', 'i64'], 'i32'),
    ge_u: op(90, ['i64', 'i64'], 'i32'),
    clz: op(121, ['i64'], 'i64'),
    ctz: op(122, ['i64'], 'i64'),
    popcnt: op(123, ['i64'], 'i64'),
    add: op(124, ['i64', 'i64'], 'i64'),
    sub: op(125, ['i64', 'i64'], 'i64'),
    mul: op(126, ['i64', 'i64'], 'i64'),
    div_s: op(127, ['i64', 'i64'], 'i64'),
    div_u: op(128, ['i64', 'i64'], 'i64'),
    rem_s: op(129, ['i64', 'i64'], 'i64'),
    rem_u: op(130, ['i64', 'i64'], 'i64'),
    and: op(131, ['i64', 'i64'], 'i64'),
    or: op(132, ['i64', 'i64'], 'i64'),
    xor: op(133, ['i64', 'i64'], 'i64'),
    shl: op(134, ['i64', 'i64'], 'i64'),
    shr_s: op(135, ['i64', 'i64'], 'i64'),
    shr_u: op(136, ['i64', 'i64'], 'i64'),
    rotl: op(137, ['i64', 'i64'], 'i64'),
    rotr: op(138, ['i64', 'i64'], 'i64'),
    extend_i32_s: op(172, ['i32'], 'i64'),
    extend_i32_u: op(173, ['i32'], 'i64'),
    trunc_f32_s: op(174, ['f32'], 'i64'),
    trunc_f32_u: op(175, ['f32'], 'i64'),
    trunc_f64_s: op(176, ['f64'], 'i64'),
    trunc_f64_u: op(177, ['f64'], 'i64'),
    trunc_sat_f32_s: misc(4, ['f32'], 'i64'),
    trunc_sat_f32_u: misc(5, ['f32'], 'i64'),
    trunc_sat_f64_s: misc(6, ['f64'], 'i64'),
    trunc_sat_f64_u: misc(7, ['f64'], 'i64'),
    reinterpret_f64: op(189, ['f64'], 'i64'),
    extend8_s: op(194, ['i64'], 'i64'),
    extend16_s: op(195, ['i64'], 'i64'),
    extend32_s: op(196, ['i64'], 'i64'),
  },
  f32: {
    load: load(42, 4, 'f32'),
    store: store(56, 4, 'f32'),
    eq: op(91, ['f32', 'f32'], 'i32'),
    ne: op(92, ['f32', 'f32'], 'i32'),
    lt: op(93, ['f32', 'f32'], 'i32'),
    gt: op(94, ['f32', 'f32'], 'i32'),
    le: op(95, ['f32', 'f32'], 'i32'),
    ge: op(96, ['f32', 'f32'], 'i32'),
    abs: op(139, ['f32'], 'f32'),
    neg: op(140, ['f32'], 'f32'),
    ceil: op(141, ['f32'], 'f32'),
    floor: op(142, ['f32'], 'f32'),
    trunc: op(143, ['f32'], 'f32'),
    nearest: op(144, ['f32'], 'f32'),
    sqrt: op(145, ['f32'], 'f32'),
    add: op(146, ['f32', 'f32'], 'f32'),
    sub: op(147, ['f32', 'f32'], 'f32'),
    mul: op(148, ['f32', 'f32'], 'f32'),
    div: op(149, ['f32', 'f32'], 'f32'),
    min: op(150, ['f32', 'f32'], 'f32'),
    max: op(151, ['f32', 'f32'], 'f32'),
    copysign: op(152, ['f32', 'f32'], 'f32'),
    convert_i32_s: op(178, ['i32'], 'f32'),
    convert_i32_u: op(179, ['i32'], 'f32'),
    convert_i64_s: op(180, ['i64'], 'f32'),
    convert_i64_u: op(181, ['i64'], 'f32'),
    demote_f64: op(182, ['f64'], 'f32'),
    reinterpret_i32: op(190, ['i32'], 'f32'),
  },
  f64: {
    load: load(43, 8, 'f64'),
    store: store(57, 8, 'f64'),
    eq: op(97, ['f64', 'f64'], 'i32'),
    ne: op(98, ['f64', 'f64'], 'i32'),
    lt: op(99, ['f64', 'f64'], 'i32'),
    gt: op(100, ['f64', 'f64'], 'i32'),
    le: op(101, ['f64', 'f64'], 'i32'),
    ge: op(102, ['f64', 'f64'], 'i32'),
    abs: op(153, ['f64'], 'f64'),
    neg: op(154, ['f64'], 'f64'),
    ceil: op(155, ['f64'], 'f64'),
    floor: op(156, ['f64'], 'f64'),
    trunc: op(157, ['f64'], 'f64'),
    nearest: op(158, ['f64'], 'f64'),
    sqrt: op(159, ['f64'], 'f64'),
    add: op(160, ['f64', 'f64'], 'f64'),
    sub: op(161, ['f64', 'f64'], 'f64'),
    mul: op(162, ['f64', 'f64'], 'f64'),
    div: op(163, ['f64', 'f64'], 'f64'),
    min: op(164, ['f64', 'f64'], 'f64'),
    max: op(165, ['f64', 'f64'], 'f64'),
    copysign: op(166, ['f64', 'f64'], 'f64'),
    convert_i32_s: op(183, ['i32'], 'f64'),
    convert_i32_u: op(184, ['i32'], 'f64'),
    convert_i64_s: op(185, ['i64'], 'f64'),
    convert_i64_u: op(186, ['i64'], 'f64'),
    promote_f32: op(187, ['f32'], 'f64'),
    reinterpret_i64: op(191, ['i64'], 'f64'),
  },
  v128: {
    load: simdLoad(0, 16),
    load8x8_s: simdLoad(1, 8),
    load8x8_u: simdLoad(2, 8),
    load16x4_s: simdLoad(3, 8),
    load16x4_u: simdLoad(4, 8),
    load32x2_s: simdLoad(5, 8),
    load32x2_u: simdLoad(6, 8),
    load8_splat: simdLoad(7, 1),
    load16_splat: simdLoad(8, 2),
    load32_splat: simdLoad(9, 4),
    load64_splat: simdLoad(10, 8),
    load32_zero: simdLoad(92, 4),
    load64_zero: simdLoad(93, 8),
    store: simdStore(11, 16),
    load8_lane: loadLane(84, 1),
    load16_lane: loadLane(85, 2),
    load32_lane: loadLane(86, 4),
    load64_lane: loadLane(87, 8),
    store8_lane: storeLane(88, 1),
    store16_lane: storeLane(89, 2),
    store32_lane: storeLane(90, 4),
    store64_lane: storeLane(91, 8),
    not: simd(77, ['v128'], 'v128'),
    and: simd(78, ['v128', 'v128'], 'v128'),
    andnot: simd(79, ['v128', 'v128'], 'v128'),
    or: simd(80, ['v128', 'v128'], 'v128'),
    xor: simd(81, ['v128', 'v128'], 'v128'),
    bitselect: simd(82, ['v128', 'v128', 'v128'], 'v128'),
    any_true: simd(83, ['v128'], 'i32'),
  },
  i8x16: {
    swizzle: simd(14, ['v128', 'v128'], 'v128'),
    splat: simd(15, ['i32'], 'v128'),
    extract_lane_s: lane(21, 16, ['v128'], 'i32'),
    extract_lane_u: lane(22, 16, ['v128'], 'i32'),
    replace_lane: lane(23, 16, ['v128', 'i32'], 'v128'),
    eq: simd(35, ['v128', 'v128'], 'v128'),
    ne: simd(36, ['v128', 'v128'], 'v128'),
    lt_s: simd(37, ['v128', 'v128'], 'v128'),
    lt_u: simd(38, ['v128', 'v128'], 'v128'),
    gt_s: simd(39, ['v128', 'v128'], 'v128'),
    gt_u: simd(40, ['v128', 'v128'], 'v128'),
    le_s: simd(41, ['v128', 'v128'], 'v128'),
    le_u: simd(42, ['v128', 'v128'], 'v128'),
    ge_s: simd(43, ['v128', 'v128'], 'v128'),
    ge_u: simd(44, ['v128', 'v128'], 'v128'),
    abs: simd(96, ['v128'], 'v128'),
    neg: simd(97, ['v128'], 'v128'),
    popcnt: simd(98, ['v128'], 'v128'),
    all_true: simd(99, ['v128'], 'i32'),
    bitmask: simd(100, ['v128'], 'i32'),
    narrow_i16x8_s: simd(101, ['v128', 'v128'], 'v128'),
    narrow_i16x8_u: simd(102, ['v128', 'v128'], 'v128'),
    shl: simd(107, ['v128', 'i32'], 'v128'),
    shr_s: simd(108, ['v128', 'i32'], 'v128'),
    shr_u: simd(109, ['v128', 'i32'], 'v128'),
    add: simd(110, ['v128', 'v128'], 'v128'),
    add_sat_s: simd(111, ['v128', 'v128'], 'v128'),
    add_sat_u: simd(112, ['v128', 'v128'], 'v128'),
    sub: simd(113, ['v128', 'v128'], 'v128'),
    sub_sat_s: simd(114, ['v128', 'v128'], 'v128'),
    sub_sat_u: simd(115, ['v128', 'v128'], 'v128'),
    min_s: simd(118, ['v128', 'v128'], 'v128'),
    min_u: simd(119, ['v128', 'v128'], 'v128'),
    max_s: simd(120, ['v128', 'v128'], 'v128'),
    max_u: simd(121, ['v128', 'v128'], 'v128'),
    avgr_u: simd(123, ['v128', 'v128'], 'v128'),
    relaxed_swizzle: simd(256, ['v128', 'v128'], 'v128'),
    relaxed_laneselect: simd(265, ['v128', 'v128', 'v128'], 'v128'),
  },
  i16x8: {
    splat: simd(16, ['i32'], 'v128'),
    extract_lane_s: lane(24, 8, ['v128'], 'i32'),
    extract_lane_u: lane(25, 8, ['v128'], 'i32'),
    replace_lane: lane(26, 8, ['v128', 'i32'], 'v128'),
    eq: simd(45, ['v128', 'v128'], 'v128'),
    ne: simd(46, ['v128', 'v128'], 'v128'),
    lt_s: simd(47, ['v128', 'v128'], 'v128'),
    lt_u: simd(48, ['v128', 'v128'], 'v128'),
    gt_s: simd(49, ['v128', 'v128'], 'v128'),
    gt_u: simd(50, ['v128', 'v128'], 'v128'),
    le_s: simd(51, ['v128', 'v128'], 'v128'),
    le_u: simd(52, ['v128', 'v128'], 'v128'),
    ge_s: simd(53, ['v128', 'v128'], 'v128'),
    ge_u: simd(54, ['v128', 'v128'], 'v128'),
    extadd_pairwise_i8x16_s: simd(124, ['v128'], 'v128'),
    extadd_pairwise_i8x16_u: simd(125, ['v128'], 'v128'),
    abs: simd(128, ['v128'], 'v128'),
    neg: simd(129, ['v128'], 'v128'),
    q15mulr_sat_s: simd(130, ['v128', 'v128'], 'v128'),
    all_true: simd(131, ['v128'], 'i32'),
    bitmask: simd(132, ['v128'], 'i32'),
    narrow_i32x4_s: simd(133, ['v128', 'v128'], 'v128'),
    narrow_i32x4_u: simd(134, ['v128', 'v128'], 'v128'),
    extend_low_i8x16_s: simd(135, ['v128'], 'v128'),
    extend_high_i8x16_s: simd(136, ['v128'], 'v128'),
    extend_low_i8x16_u: simd(137, ['v128'], 'v128'),
    extend_high_i8x16_u: simd(138, ['v128'], 'v128'),
    shl: simd(139, ['v128', 'i32'], 'v128'),
    shr_s: simd(140, ['v128', 'i32'], 'v128'),
    shr_u: simd(141, ['v128', 'i32'], 'v128'),
    add: simd(142, ['v128', 'v128'], 'v128'),
    add_sat_s: simd(143, ['v128', 'v128'], 'v128'),
    add_sat_u: simd(144, ['v128', 'v128'], 'v128'),
    sub: simd(145, ['v128', 'v128'], 'v128'),
    sub_sat_s: simd(146, ['v128', 'v128'], 'v128'),
    sub_sat_u: simd(147, ['v128', 'v128'], 'v128'),
    mul: simd(149, ['v128', 'v128'], 'v128'),
    min_s: simd(150, ['v128', 'v128'], 'v128'),
    min_u: simd(151, ['v128', 'v128'], 'v128'),
    max_s: simd(152, ['v128', 'v128'], 'v128'),
    max_u: simd(153, ['v128', 'v128'], 'v128'),
    avgr_u: simd(155, ['v128', 'v128'], 'v128'),
    extmul_low_i8x16_s: simd(156, ['v128', 'v128'], 'v128'),
    extmul_high_i8x16_s: simd(157, ['v128', 'v128'], 'v128'),
    extmul_low_i8x16_u: simd(158, ['v128', 'v128'], 'v128'),
    extmul_high_i8x16_u: simd(159, ['v128', 'v128'], 'v128'),
    relaxed_laneselect: simd(266, ['v128', 'v128', 'v128'], 'v128'),
  },
  i32x4: {
    splat: simd(17, ['i32'], 'v128'),
    extract_lane: lane(27, 4, ['v128'], 'i32'),
    replace_lane: lane(28, 4, ['v128', 'i32'], 'v128'),
    eq: simd(55, ['v128', 'v128'], 'v128'),
    ne: simd(56, ['v128', 'v128'], 'v128'),
    lt_s: simd(57, ['v128', 'v128'], 'v128'),
    lt_u: simd(58, ['v128', 'v128'], 'v128'),
    gt_s: simd(59, ['v128', 'v128'], 'v128'),
    gt_u: simd(60, ['v128', 'v128'], 'v128'),
    le_s: simd(61, ['v128', 'v128'], 'v128'),
    le_u: simd(62, ['v128', 'v128'], 'v128'),
    ge_s: simd(63, ['v128', 'v128'], 'v128'),
    ge_u: simd(64, ['v128', 'v128'], 'v128'),
    extadd_pairwise_i16x8_s: simd(126, ['v128'], 'v128'),
    extadd_pairwise_i16x8_u: simd(127, ['v128'], 'v128'),
    abs: simd(160, ['v128'], 'v128'),
    neg: simd(161, ['v128'], 'v128'),
    all_true: simd(163, ['v128'], 'i32'),
    bitmask: simd(164, ['v128'], 'i32'),
    extend_low_i16x8_s: simd(167, ['v128'], 'v128'),
    extend_high_i16x8_s: simd(168, ['v128'], 'v128'),
    extend_low_i16x8_u: simd(169, ['v128'], 'v128'),
    extend_high_i16x8_u: simd(170, ['v128'], 'v128'),
    shl: simd(171, ['v128', 'i32'], 'v128'),
    shr_s: simd(172, ['v128', 'i32'], 'v128'),
    shr_u: simd(173, ['v128', 'i32'], 'v128'),
    add: simd(174, ['v128', 'v128'], 'v128'),
    sub: simd(177, ['v128', 'v128'], 'v128'),
    mul: simd(181, ['v128', 'v128'], 'v128'),
    min_s: simd(182, ['v128', 'v128'], 'v128'),
    min_u: simd(183, ['v128', 'v128'], 'v128'),
    max_s: simd(184, ['v128', 'v128'], 'v128'),
    max_u: simd(185, ['v128', 'v128'], 'v128'),
    dot_i16x8_s: simd(186, ['v128', 'v128'], 'v128'),
    extmul_low_i16x8_s: simd(188, ['v128', 'v128'], 'v128'),
    extmul_high_i16x8_s: simd(189, ['v128', 'v128'], 'v128'),
    extmul_low_i16x8_u: simd(190, ['v128', 'v128'], 'v128'),
    extmul_high_i16x8_u: simd(191, ['v128', 'v128'], 'v128'),
    trunc_sat_f32x4_s: simd(248, ['v128'], 'v128'),
    trunc_sat_f32x4_u: simd(249, ['v128'], 'v128'),
    trunc_sat_f64x2_s_zero: simd(252, ['v128'], 'v128'),
    trunc_sat_f64x2_u_zero: simd(253, ['v128'], 'v128'),
    relaxed_trunc_f32x4_s: simd(257, ['v128'], 'v128'),
    relaxed_trunc_f32x4_u: simd(258, ['v128'], 'v128'),
    relaxed_trunc_f64x2_s_zero: simd(259, ['v128'], 'v128'),
    relaxed_trunc_f64x2_u_zero: simd(260, ['v128'], 'v128'),
    relaxed_laneselect: simd(267, ['v128', 'v128', 'v128'], 'v128'),
  },
  i64x2: {
    splat: simd(18, ['i64'], 'v128'),
    extract_lane: lane(29, 2, ['v128'], 'i64'),
    replace_lane: lane(30, 2, ['v128', 'i64'], 'v128'),
    eq: simd(214, ['v128', 'v128'], 'v128'),
    ne: simd(215, ['v128', 'v128'], 'v128'),
    lt_s: simd(216, ['v128', 'v128'], 'v128'),
    gt_s: simd(217, ['v128', 'v128'], 'v128'),
    le_s: simd(218, ['v128', 'v128'], 'v128'),
    ge_s: simd(219, ['v128', 'v128'], 'v128'),
    abs: simd(192, ['v128'], 'v128'),
    neg: simd(193, ['v128'], 'v128'),
    all_true: simd(195, ['v128'], 'i32'),
    bitmask: simd(196, ['v128'], 'i32'),
    extend_low_i32x4_s: simd(199, ['v128'], 'v128'),
    extend_high_i32x4_s: simd(200, ['v128'], 'v128'),
    extend_low_i32x4_u: simd(201, ['v128'], 'v128'),
    extend_high_i32x4_u: simd(202, ['v128'], 'v128'),
    shl: simd(203, ['v128', 'i32'], 'v128'),
    shr_s: simd(204, ['v128', 'i32'], 'v128'),
    shr_u: simd(205, ['v128', 'i32'], 'v128'),
    add: simd(206, ['v128', 'v128'], 'v128'),
    sub: simd(209, ['v128', 'v128'], 'v128'),
    mul: simd(213, ['v128', 'v128'], 'v128'),
    extmul_low_i32x4_s: simd(220, ['v128', 'v128'], 'v128'),
    extmul_high_i32x4_s: simd(221, ['v128', 'v128'], 'v128'),
    extmul_low_i32x4_u: simd(222, ['v128', 'v128'], 'v128'),
    extmul_high_i32x4_u: simd(223, ['v128', 'v128'], 'v128'),
    relaxed_laneselect: simd(268, ['v128', 'v128', 'v128'], 'v128'),
  },
  f32x4: {
    splat: simd(19, ['f32'], 'v128'),
    extract_lane: lane(31, 4, ['v128'], 'f32'),
    replace_lane: lane(32, 4, ['v128', 'f32'], 'v128'),
    eq: simd(65, ['v128', 'v128'], 'v128'),
    ne: simd(66, ['v128', 'v128'], 'v128'),
    lt: simd(67, ['v128', 'v128'], 'v128'),
    gt: simd(68, ['v128', 'v128'], 'v128'),
    le: simd(69, ['v128', 'v128'], 'v128'),
    ge: simd(70, ['v128', 'v128'], 'v128'),
    abs: simd(224, ['v128'], 'v128'),
    neg: simd(225, ['v128'], 'v128'),
    sqrt: simd(227, ['v128'], 'v128'),
    ceil: simd(103, ['v128'], 'v128'),
    floor: simd(104, ['v128'], 'v128'),
    trunc: simd(105, ['v128'], 'v128'),
    nearest: simd(106, ['v128'], 'v128'),
    add: simd(228, ['v128', 'v128'], 'v128'),
    sub: simd(229, ['v128', 'v128'], 'v128'),
    mul: simd(230, ['v128', 'v128'], 'v128'),
    div: simd(231, ['v128', 'v128'], 'v128'),
    min: simd(232, ['v128', 'v128'], 'v128'),
    max: simd(233, ['v128', 'v128'], 'v128'),
    pmin: simd(234, ['v128', 'v128'], 'v128'),
    pmax: simd(235, ['v128', 'v128'], 'v128'),
    convert_i32x4_s: simd(250, ['v128'], 'v128'),
    convert_i32x4_u: simd(251, ['v128'], 'v128'),
    demote_f64x2_zero: simd(94, ['v128'], 'v128'),
    relaxed_madd: simd(261, ['v128', 'v128', 'v128'], 'v128'),
    relaxed_nmadd: simd(262, ['v128', 'v128', 'v128'], 'v128'),
    relaxed_min: simd(269, ['v128', 'v128'], 'v128'),
    relaxed_max: simd(270, ['v128', 'v128'], 'v128'),
  },
  f64x2: {
    splat: simd(20, ['f64'], 'v128'),
    extract_lane: lane(33, 2, ['v128'], 'f64'),
    replace_lane: lane(34, 2, ['v128', 'f64'], 'v128'),
    eq: simd(71, ['v128', 'v128'], 'v128'),
    ne: simd(72, ['v128', 'v128'], 'v128'),
    lt: simd(73, ['v128', 'v128'], 'v128'),
    gt: simd(74, ['v128', 'v128'], 'v128'),
    le: simd(75, ['v128', 'v128'], 'v128'),
    ge: simd(76, ['v128', 'v128'], 'v128'),
    abs: simd(236, ['v128'], 'v128'),
    neg: simd(237, ['v128'], 'v128'),
    sqrt: simd(239, ['v128'], 'v128'),
    ceil: simd(116, ['v128'], 'v128'),
    floor: simd(117, ['v128'], 'v128'),
    trunc: simd(122, ['v128'], 'v128'),
    nearest: simd(148, ['v128'], 'v128'),
    add: simd(240, ['v128', 'v128'], 'v128'),
    sub: simd(241, ['v128', 'v128'], 'v128'),
    mul: simd(242, ['v128', 'v128'], 'v128'),
    div: simd(243, ['v128', 'v128'], 'v128'),
    min: simd(244, ['v128', 'v128'], 'v128'),
    max: simd(245, ['v128', 'v128'], 'v128'),
    pmin: simd(246, ['v128', 'v128'], 'v128'),
    pmax: simd(247, ['v128', 'v128'], 'v128'),
    convert_low_i32x4_s: simd(254, ['v128'], 'v128'),
    convert_low_i32x4_u: simd(255, ['v128'], 'v128'),
    promote_low_f32x4: simd(95, ['v128'], 'v128'),
    relaxed_madd: simd(263, ['v128', 'v128', 'v128'], 'v128'),
    relaxed_nmadd: simd(264, ['v128', 'v128', 'v128'], 'v128'),
    relaxed_min: simd(271, ['v128', 'v128'], 'v128'),
    relaxed_max: simd(272, ['v128', 'v128'], 'v128'),
  },
  memory: {
    size: memory([63, 0], [], 'i32'),
    grow: memory([64, 0], ['i32'], 'i32'),
    copy: memory([MISC, 10, 0, 0], ['i32', 'i32', 'i32'], null),
    fill: memory([MISC, 11, 0], ['i32', 'i32', 'i32'], null),
  },
};

// packages/core/src/wasm/assembler.ts
var VOID = 64;
var FUNCTION = 96;
var END = 11;
var Value = class {
  type;
  /** Where its code begins; -1 when nothing can be inserted before it. */
  start;
  /** How many writes to locals had been emitted when its code began. */
  writes;
  constructor(type, start, writes) {
    this.type = type;
    this.start = start;
    this.writes = writes;
  }
};
var Local = class {
  type;
  index;
  /** The number of the last write to it; see `Value.writes`. */
  lastWrite = 0;
  code;
  constructor(code, type, index2) {
    this.code = code;
    this.type = type;
    this.index = index2;
  }
  /** local.get */
  get() {
    return this.code.localGet(this);
  }
  /** local.set; with no operand, of the value on top of the stack */
  set(value) {
    this.code.localSet(this, value);
  }
  /** local.tee: sets it and leaves the value on the stack */
  tee(value) {
    return this.code.localTee(this, value);
  }
};
var MAX_PAGES = 65536;
var Assembler = class {
  i32;
  i64;
  f32;
  f64;
  v128;
  i8x16;
  i16x8;
  i32x4;
  i64x2;
  f32x4;
  f64x2;
  memory;
  shared;
  functions = [];
  signatures = [];
  signatureBytes = [];
  // The function that is being emitted.
  bytes = [];
  stack = [];
  frames = [];
  localTypes = [];
  paramCount = 0;
  writes = 0;
  constructor(options) {
    this.shared = options.shared;
    this.i32 = { ...this.methods('i32', OPCODES.i32), ...this.scalarConstant('i32') };
    this.i64 = { ...this.methods('i64', OPCODES.i64), ...this.scalarConstant('i64') };
    this.f32 = { ...this.methods('f32', OPCODES.f32), ...this.scalarConstant('f32') };
    this.f64 = { ...this.methods('f64', OPCODES.f64), ...this.scalarConstant('f64') };
    this.v128 = this.methods('v128', OPCODES.v128);
    this.i8x16 = { ...this.methods('i8x16', OPCODES.i8x16), ...this.vectorConstant('i8x16') };
    this.i16x8 = { ...this.methods('i16x8', OPCODES.i16x8), ...this.vectorConstant('i16x8') };
    this.i32x4 = { ...this.methods('i32x4', OPCODES.i32x4), ...this.vectorConstant('i32x4') };
    this.i64x2 = { ...this.methods('i64x2', OPCODES.i64x2), ...this.vectorConstant('i64x2') };
    this.f32x4 = { ...this.methods('f32x4', OPCODES.f32x4), ...this.vectorConstant('f32x4') };
    this.f64x2 = { ...this.methods('f64x2', OPCODES.f64x2), ...this.vectorConstant('f64x2') };
    this.memory = this.methods('memory', OPCODES.memory);
  }
  // ------------------------------------------------------------------------------------------------ functions
  /** Defines a function for use inside the module; `body` emits it now. */
  func(name2, params, results, body) {
    return this.define(name2, false, params, results, body);
  }
  /** Defines a function and exports it under its name. */
  export(name2, params, results, body) {
    return this.define(name2, true, params, results, body);
  }
  /** Calls a function that has been defined before; gives its first result, if it has one (others lie on the stack). */
  call(func, ...operands) {
    const op2 = `call ${func.name}`;
    if (operands.length > 0 || func.params.length === 0) this.operands(op2, operands, func.params, null);
    this.emit(16, ...unsigned(func.index));
    return this.apply(op2, func.params, func.results);
  }
  /** A new local, zero at the start of the function, or `value` from here on. */
  local(type, value) {
    if (this.frames.length === 0) fail('local', 'a local belongs to a function; none is being defined');
    const local = new Local(this, type, this.paramCount + this.localTypes.length);
    this.localTypes.push(type);
    if (value !== void 0) local.set(value);
    return local;
  }
  /** Several new locals of one type. */
  locals(type, count2) {
    return Array.from({ length: count2 }, () => this.local(type));
  }
  localGet(local) {
    const start = this.bytes.length;
    this.emit(32, ...unsigned(local.index));
    return this.push(local.type, start);
  }
  localSet(local, value) {
    const operands = value === void 0 ? [] : [value];
    this.instruction('local.set', [33, ...unsigned(local.index)], [local.type], null, operands, null);
    local.lastWrite = ++this.writes;
  }
  localTee(local, value) {
    const operands = value === void 0 ? [] : [value];
    const bytes = [34, ...unsigned(local.index)];
    const result = this.instruction('local.tee', bytes, [local.type], local.type, operands, null);
    local.lastWrite = ++this.writes;
    return result;
  }
  // -------------------------------------------------------------------------------------------------- control
  /** block … end: a branch to the label leaves it. */
  block(body) {
    this.frame('block', 2, [], body);
  }
  /** block (result type) … end: the body leaves a value, as does every branch to the label. */
  blockOf(type, body) {
    return this.frame('block', 2, [type], body);
  }
  /** loop … end: a branch to the label starts over; without one the loop ends. */
  loop(body) {
    this.frame('loop', 3, [], body);
  }
  /** if … else … end; the condition is an i32 */
  if(condition, then, otherwise) {
    this.ifFrame([], condition, then, otherwise);
  }
  /** if (result type) … else … end: both arms leave a value. */
  ifOf(type, condition, then, otherwise) {
    return this.ifFrame([type], condition, then, otherwise);
  }
  br(label) {
    const depth = this.depth('br', label);
    this.popAll('br', branchTypes(label));
    this.emit(12, ...unsigned(depth));
    this.setUnreachable();
  }
  br_if(label, condition) {
    if (condition !== void 0) this.operands('br_if', [condition], ['i32'], null);
    this.pop('br_if', 'i32');
    const types = branchTypes(label);
    const start = this.popAll('br_if', types);
    this.emit(13, ...unsigned(this.depth('br_if', label)));
    for (const type of types) this.push(type, start);
  }
  /** Branches to `labels[index]`, or to the last label. */
  br_table(labels, index2) {
    if (index2 !== void 0) this.operands('br_table', [index2], ['i32'], null);
    this.pop('br_table', 'i32');
    const last = labels.at(-1) ?? fail('br_table', 'needs at least one label');
    this.popAll('br_table', branchTypes(last));
    const depths = labels.flatMap((label) => unsigned(this.depth('br_table', label)));
    this.emit(14, ...unsigned(labels.length - 1), ...depths);
    this.setUnreachable();
  }
  /** Leaves the function with its results, which are on the stack or given. */
  return(...operands) {
    const { results } = this.frames[0] ?? fail('return', 'no function is being defined');
    if (operands.length > 0) this.operands('return', operands, results, null);
    this.popAll('return', results);
    this.emit(15);
    this.setUnreachable();
  }
  unreachable() {
    this.emit(0);
    this.setUnreachable();
  }
  nop() {
    this.emit(1);
  }
  drop(value) {
    if (value !== void 0) this.operands('drop', [value], [value.type], null);
    this.pop('drop', null);
    this.emit(26);
  }
  /** condition ? a : b, both evaluated */
  select(a, b, condition) {
    const takes3 = [a.type, b.type, 'i32'];
    if (a.type !== b.type) fail('select', `chooses between two of one type, got ${a.type} and ${b.type}`);
    return this.instruction('select', [27], takes3, a.type, [a, b, condition], null);
  }
  // -------------------------------------------------------------------------------------- conveniences (not opcodes)
  /** if (condition()) do body() while (condition()): one branch a turn; the condition is emitted twice. */
  while(condition, body) {
    this.if(condition(), () => {
      this.loop((again) => {
        body();
        this.br_if(again, condition());
      });
    });
  }
  /** while (i < to) body(), unsigned, where the body increases `i` */
  whileLess(i, to2, body) {
    this.while(() => this.i32.lt_u(i, to2), body);
  }
  /**
   * for (i = from; i < to; i += step) body(), unsigned. A vector loop takes `to` rounded down to its step (`n & -4`)
   * and leaves `i` there for the rest.
   */
  forRange(i, from, to2, step, body) {
    i.set(from);
    this.whileLess(i, to2, () => {
      body();
      this.increase(i, step);
    });
  }
  /** local += by */
  increase(local, by) {
    local.set(this.i32.add(local, by));
  }
  /** local -= by */
  decrease(local, by) {
    local.set(this.i32.sub(local, by));
  }
  /** base + index * bytes: the address of an element. */
  index(base, index2, bytes) {
    return this.i32.add(base, this.scale(index2, bytes));
  }
  /** index * bytes, by a shift where it can. */
  scale(index2, bytes) {
    const shift = 31 - Math.clz32(bytes);
    return bytes === 1 << shift ? this.i32.shl(index2, shift) : this.i32.mul(index2, bytes);
  }
  /** The lesser of two, unsigned. */
  least(a, b) {
    return this.select(this.reuse(a), this.reuse(b), this.i32.lt_u(a, b));
  }
  reuse(operand3) {
    return typeof operand3 === 'number' ? this.i32.const(operand3) : operand3.get();
  }
  // --------------------------------------------------------------------------------------------------- module
  /** The bytes of the module. */
  finish() {
    if (this.frames.length > 0) fail('finish', 'a function is still being defined');
    const { functions } = this;
    const memory3 = this.shared ? [3, 0, ...unsigned(MAX_PAGES)] : [0, 0];
    const exported = functions.filter(({ exported: exported2 }) => exported2).map(({ func }) => func);
    const names = list(functions.map(({ func }) => [...unsigned(func.index), ...text(func.name)]));
    return new Uint8Array(
      [0, 97, 115, 109, 1, 0, 0, 0].concat(
        section(1, list(this.signatureBytes)),
        section(2, list([[...text('env'), ...text('memory'), 2, ...memory3]])),
        section(3, list(functions.map(({ func }) => unsigned(this.signature(func))))),
        section(7, list(exported.map(({ name: name2, index: index2 }) => [...text(name2), 0, ...unsigned(index2)]))),
        section(10, list(functions.map(({ body }) => sized(body)))),
        section(0, text('name').concat(section(1, names))),
      ),
    );
  }
  define(name2, exported, params, results, body) {
    if (this.frames.length > 0) fail(name2, 'functions do not nest; end the one being defined first');
    const types = Object.values(params);
    const func = { name: name2, index: this.functions.length, params: types, results };
    this.bytes = [];
    this.stack = [];
    this.localTypes = [];
    this.paramCount = types.length;
    this.writes = 0;
    const locals = {};
    for (const [index2, key] of Object.keys(params).entries()) locals[key] = new Local(this, types[index2], index2);
    this.signature(func);
    try {
      this.frames = [{ kind: 'function', results, height: 0, unreachable: false }];
      body(locals);
      this.closeFrame(`end of ${name2}`);
    } finally {
      this.frames = [];
    }
    this.functions.push({ func, exported, body: localGroups(this.localTypes).concat(this.bytes, END) });
    return func;
  }
  /** The index of the function's type among the types of the module. */
  signature(func) {
    const key = `${func.params.join(' ')} \u2192 ${func.results.join(' ')}`;
    const known = this.signatures.indexOf(key);
    if (known >= 0) return known;
    const typeList = (types) => [...unsigned(types.length), ...types.map((t2) => TYPE_BYTE[t2])];
    this.signatureBytes.push([FUNCTION, ...typeList(func.params), ...typeList(func.results)]);
    return this.signatures.push(key) - 1;
  }
  // ------------------------------------------------------------------------------------------ stack and encoding
  emit(...bytes) {
    if (this.frames.length === 0) fail('emit', 'an instruction belongs to a function; none is being defined');
    for (const byte of bytes) this.bytes.push(byte);
  }
  push(type, start, writes = this.writes) {
    const value = new Value(type, start, writes);
    this.stack.push(value);
    return value;
  }
  /** Takes one value off the stack; null takes any. In code that cannot be reached there is always one. */
  pop(op2, type) {
    const frame = this.frames.at(-1) ?? fail(op2, 'an instruction belongs to a function; none is being defined');
    if (this.stack.length === frame.height) {
      if (frame.unreachable) return null;
      fail(op2, `expected ${type ?? 'a value'} on the stack, found nothing${frame.height > 0 ? ' in this block' : ''}`);
    }
    const value = this.stack.pop();
    if (type !== null && value.type !== type) fail(op2, `expected ${type} on the stack, found ${value.type}`);
    return value;
  }
  /** Takes values of these types off the stack; gives where the code of the first begins. */
  popAll(op2, types) {
    return this.popFirst(op2, types)?.start ?? this.bytes.length;
  }
  popFirst(op2, types) {
    const frame = this.frames.at(-1) ?? fail(op2, 'an instruction belongs to a function; none is being defined');
    const { stack: stack3 } = this;
    const base = stack3.length - types.length;
    const from = Math.max(base, frame.height);
    let matches = from === base || frame.unreachable;
    for (let i = from; matches && i < stack3.length; i++) matches = stack3[i].type === types[i - base];
    if (!matches) {
      const found = stack3.slice(from).map(({ type }) => type);
      fail(op2, `expected ${types.join(' ')} on the stack, found ${found.join(' ') || 'nothing'}`);
    }
    const first = stack3[from] ?? null;
    stack3.length = from;
    return first;
  }
  /** Takes and gives what an instruction does that has just been emitted. */
  apply(op2, takes3, gives, before) {
    const first = this.popFirst(op2, takes3);
    const start = first?.start ?? before ?? this.bytes.length;
    const writes = first?.writes ?? this.writes;
    let result;
    for (const type of gives) {
      const value = this.push(type, result === void 0 ? start : -1, writes);
      result ??= value;
    }
    return result;
  }
  instruction(op2, bytes, takes3, gives, operands, shape, encoding = bytes) {
    if (operands.length > 0) this.operands(op2, operands, takes3, shape);
    const before = this.bytes.length;
    const result = this.apply(op2, takes3, gives === null ? [] : [gives], before);
    this.emit(...encoding);
    return result;
  }
  /**
   * Brings operands onto the stack, in order. Values are there already; what is written before one is inserted before
   * its code. (Nothing in WebAssembly code depends on its position, so insertion is safe.)
   */
  operands(op2, operands, takes3, shape) {
    if (operands.length !== takes3.length) {
      fail(op2, `takes ${takes3.length} operands (${takes3.join(' ')}), got ${operands.length}`);
    }
    const { stack: stack3 } = this;
    let values = 0;
    for (let i = 0; i < operands.length; i++) if (operands[i] instanceof Value) values++;
    const base = stack3.length - values;
    for (let i = 0, slot2 = base; i < operands.length; i++) {
      const operand3 = operands[i];
      if (operand3 instanceof Value && stack3[slot2++] !== operand3) {
        fail(op2, 'an operand is not where it should be on the stack: it was used before, or others came in between');
      }
    }
    for (let i = 0; i < operands.length; i++) {
      const operand3 = operands[i];
      if (!(operand3 instanceof Value)) this.insert(op2, base + i, operand3, takes3[i], shape);
    }
  }
  /** Reads a local or a constant so that it comes to lie at `slot` of the stack. */
  insert(op2, slot2, operand3, type, shape) {
    const found = operand3 instanceof Local ? operand3.type : type;
    if (found !== type) fail(op2, `expected ${type} as an operand, found ${found}`);
    const code =
      operand3 instanceof Local ? [32, ...unsigned(operand3.index)] : constantBytes(op2, type, shape, [operand3]);
    const above = this.stack[slot2];
    if (above === void 0) {
      const start = this.bytes.length;
      this.emit(...code);
      this.push(type, start);
      return;
    }
    if (above.start < 0 || (operand3 instanceof Local && operand3.lastWrite > above.writes)) {
      fail(op2, 'an operand would be read before code that sets it; read it with get() at its place');
    }
    this.bytes.splice(above.start, 0, ...code);
    this.stack.splice(slot2, 0, new Value(type, above.start, above.writes));
    for (const value of this.stack.slice(slot2 + 1)) if (value.start >= 0) value.start += code.length;
  }
  frame(kind, opcode, results, body) {
    const start = this.bytes.length;
    const { writes } = this;
    this.openFrame(kind, opcode, results, body);
    return this.endFrame(kind, results, start, writes);
  }
  ifFrame(results, condition, then, otherwise) {
    this.operands('if', [condition], ['i32'], null);
    const value = this.pop('if', 'i32');
    const start = value?.start ?? this.bytes.length;
    const writes = value?.writes ?? this.writes;
    this.openFrame('if', 4, results, then);
    if (otherwise !== void 0) {
      this.closeFrame('else');
      this.emit(5);
      const frame = this.frames.at(-1);
      frame.unreachable = false;
      otherwise(frame);
    } else if (results.length > 0) fail('if', `without else cannot leave ${results.join(' ')}`);
    return this.endFrame('if', results, start, writes);
  }
  openFrame(kind, opcode, results, body) {
    this.emit(opcode, results.length === 0 ? VOID : TYPE_BYTE[results[0]]);
    const frame = { kind, results, height: this.stack.length, unreachable: false };
    this.frames.push(frame);
    body(frame);
  }
  endFrame(kind, results, start, writes) {
    this.closeFrame(`end of ${kind}`);
    this.frames.pop();
    this.emit(END);
    return results.length === 0 ? void 0 : this.push(results[0], start, writes);
  }
  /** Checks that the stack holds the results of the innermost frame, no more, and takes them. */
  closeFrame(op2) {
    const frame = this.frames.at(-1);
    this.popAll(op2, frame.results);
    if (this.stack.length !== frame.height) {
      const left = this.stack.slice(frame.height).map((value) => value.type);
      const due = frame.results.length === 0 ? 'nothing' : frame.results.join(' ');
      fail(op2, `expected ${due} on the stack, found ${[...left, ...frame.results].join(' ')}`);
    }
  }
  setUnreachable() {
    const frame = this.frames.at(-1);
    this.stack.length = frame.height;
    frame.unreachable = true;
  }
  depth(op2, label) {
    const at3 = this.frames.lastIndexOf(label);
    if (at3 < 0) fail(op2, 'the label is not of a block that is open here');
    return this.frames.length - 1 - at3;
  }
  // ---------------------------------------------------------------------------------------- tables into methods
  methods(namespace, table) {
    const methods = {};
    for (const [mnemonic, entry2] of Object.entries(table)) {
      methods[mnemonic] = this.method(`${namespace}.${mnemonic}`, entry2, SHAPES.get(namespace) ?? null);
    }
    return methods;
  }
  method(op2, entry2, shape) {
    const { kind, bytes, takes: takes3, gives } = entry2;
    switch (kind) {
      case 'plain':
        return (...operands) => this.instruction(op2, bytes, takes3, gives, operands, shape);
      case 'lane':
        return (lane2, ...operands) => {
          checkLane(op2, lane2, entry2.lanes);
          return this.instruction(op2, bytes, takes3, gives, operands, shape, [...bytes, lane2]);
        };
      case 'access':
        return (...rest) => {
          const operands = rest.slice(0, takes3.length);
          const immediates = memoryImmediates(op2, entry2.width, rest[takes3.length], rest[takes3.length + 1]);
          return this.instruction(op2, bytes, takes3, gives, operands, shape, [...bytes, ...immediates]);
        };
      case 'laneAccess':
        return (lane2, ...rest) => {
          checkLane(op2, lane2, 16 / entry2.width);
          const operands = rest.slice(0, 2);
          const immediates = memoryImmediates(op2, entry2.width, rest[2], rest[3]);
          return this.instruction(op2, bytes, takes3, gives, operands, shape, [...bytes, ...immediates, lane2]);
        };
    }
  }
  scalarConstant(type) {
    return {
      const: (...values) =>
        this.instruction(`${type}.const`, constantBytes(`${type}.const`, type, null, values), [], type, [], null),
    };
  }
  vectorConstant(shape) {
    return {
      const: (...values) => {
        const bytes = constantBytes('v128.const', 'v128', shape, values);
        return this.instruction('v128.const', bytes, [], 'v128', [], shape);
      },
      shuffle: (lanes, ...operands) => {
        const op2 = `${shape}.shuffle`;
        const count2 = LANES[shape];
        if (lanes.length !== count2) fail(op2, `chooses ${count2} lanes, got ${lanes.length}`);
        const width = 16 / count2;
        const bytes = lanes.flatMap((lane2) => {
          checkLane(op2, lane2, 2 * count2);
          return Array.from({ length: width }, (_, byte) => lane2 * width + byte);
        });
        const encoding = [253, 13, ...bytes];
        return this.instruction(op2, encoding, ['v128', 'v128'], 'v128', operands, shape);
      },
    };
  }
};
var SHAPES = new Map(Object.keys(LANES).map((shape) => [shape, shape]));
function branchTypes(label) {
  return label.kind === 'loop' ? [] : label.results;
}

// packages/core/src/wasm/features.ts
var relaxed = null;
var strict = null;
var strictMode = false;
function features() {
  if (relaxed === null || strict === null) {
    const simd2 = validates((code) => code.drop(code.i32x4.add(code.i32x4.const(1), code.i32x4.const(2))));
    const relaxedSimd =
      simd2 && validates((code) => code.drop(code.f32x4.relaxed_madd(zero(code), zero(code), zero(code))));
    const sharedMemory = probeSharedMemory();
    relaxed = describe(simd2, relaxedSimd, relaxedSimd && probeFma(), sharedMemory, false);
    strict = describe(simd2, false, false, sharedMemory, true);
  }
  return strictMode ? strict : relaxed;
}
function describe(simd2, relaxedSimd, fma, sharedMemory, isStrictSet) {
  const best = fma ? 'fma' : relaxedSimd ? 'relaxed' : simd2 ? 'simd' : 'scalar';
  const key = isStrictSet ? `${best} strict` : best;
  return Object.freeze({ simd: simd2, relaxedSimd, fma, sharedMemory, strict: isStrictSet, key });
}
function zero(code) {
  return code.f32x4.const(0);
}
function validates(body) {
  const code = new Assembler({ shared: false });
  code.func('probe', {}, [], () => body(code));
  return WebAssembly.validate(code.finish());
}
function probeFma() {
  const code = new Assembler({ shared: false });
  code.export('f32', { a: 'f32', c: 'f32' }, ['f32'], ({ a, c }) => {
    const x = code.local('v128', code.f32x4.splat(a));
    code.f32x4.extract_lane(0, code.f32x4.relaxed_madd(x, x, code.f32x4.splat(c)));
  });
  code.export('f64', { a: 'f64', c: 'f64' }, ['f64'], ({ a, c }) => {
    const x = code.local('v128', code.f64x2.splat(a));
    code.f64x2.extract_lane(0, code.f64x2.relaxed_madd(x, x, code.f64x2.splat(c)));
  });
  const memory3 = new WebAssembly.Memory({ initial: 0 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code.finish()), { env: { memory: memory3 } });
  const { f32, f64 } = exports;
  return f32(1 + 2 ** -12, -(1 + 2 ** -11)) === 2 ** -24 && f64(1 + 2 ** -27, -(1 + 2 ** -26)) === 2 ** -54;
}
function probeSharedMemory() {
  if (typeof SharedArrayBuffer === 'undefined') return false;
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer instanceof SharedArrayBuffer;
  } catch {
    return false;
  }
}

// packages/core/src/wasm/heap.ts
var ALIGN = 64;
var PAGE_BYTES = 65536;
var MIN_GROWTH_BYTES = 16 * 1024 * 1024;
var MAX_PAGES2 = 65536;
var MAX_HEAP_BYTES = MAX_PAGES2 * PAGE_BYTES;
var GUARD_BYTES = 64;
var GUARD = 165;
var POISON = 255;
var BINS = 32 * 4;
function binOf(bytes) {
  const units = bytes / ALIGN;
  const octave = 31 - Math.clz32(units);
  const quarter = octave >= 2 ? (units >>> (octave - 2)) & 3 : 0;
  return octave * 4 + quarter;
}
function roundUp(bytes, to2) {
  return Math.ceil(bytes / to2) * to2;
}
var Heap = class {
  memory;
  /** Changes whenever the buffer of the memory does; typed-array views made under an older epoch are stale. */
  epoch = 1;
  sizes = /* @__PURE__ */ new Map();
  freeByStart = /* @__PURE__ */ new Map();
  freeByEnd = /* @__PURE__ */ new Map();
  bins = Array.from({ length: BINS }, () => /* @__PURE__ */ new Set());
  used = 0;
  highWater = 0;
  /** Blocks and growth beyond this are refused; lowering it takes nothing back. */
  limitBytes;
  /** Blocks made in debug mode, with the bytes asked for: those after them, up to the end of the block, must stay as they are. */
  guarded = /* @__PURE__ */ new Map();
  debug = false;
  /** Asked to release what it can when blocks of so many bytes do not fit within the limit. */
  onFull = null;
  scratchPtr = 0;
  scratchBytes = 0;
  constructor(limitBytes = MAX_HEAP_BYTES) {
    this.memory = createMemory();
    this.limitBytes = limitBytes;
    this.addFree(ALIGN, this.memory.buffer.byteLength - ALIGN);
  }
  get stats() {
    let free = 0;
    let largest = 0;
    for (const length of this.freeByStart.values()) {
      free += length;
      if (length > largest) largest = length;
    }
    return {
      fragmentation: free === 0 ? 0 : 1 - largest / free,
      usedBytes: this.used,
      highWaterBytes: this.highWater,
      totalBytes: this.memory.buffer.byteLength,
      blocks: this.sizes.size,
      limitBytes: this.limitBytes,
    };
  }
  get usedBytes() {
    return this.used;
  }
  /** A block of at least `bytes`, aligned to 64, its content unspecified; 0 when the limit does not allow it. */
  allocate(bytes) {
    const size = roundUp(Math.max(bytes, 1) + (this.debug ? GUARD_BYTES : 0), ALIGN);
    let start = this.find(size);
    if (start === 0) {
      this.onFull?.(size);
      start = this.find(size);
      if (start === 0) return 0;
    }
    this.sizes.set(start, size);
    if (this.debug) {
      this.guarded.set(start, bytes);
      this.bytesAt(start, size).fill(GUARD);
    }
    this.used += size;
    if (this.used > this.highWater) this.highWater = this.used;
    return start;
  }
  /** Gives a block back. */
  release(start) {
    const size = this.sizes.get(start);
    if (size === void 0) {
      throw new TorsorError(`no block starts at ${start}`, { op: 'Heap.release', operands: { start } });
    }
    const asked = this.guarded.get(start);
    const isIntact = asked === void 0 || this.check(start, asked, size);
    this.sizes.delete(start);
    this.used -= size;
    let from = start;
    let to2 = start + size;
    const before = this.freeByEnd.get(from);
    if (before !== void 0) {
      this.removeFree(before, from - before);
      from = before;
    }
    const after = this.freeByStart.get(to2);
    if (after !== void 0) {
      this.removeFree(to2, after);
      to2 += after;
    }
    this.addFree(from, to2 - from);
    if (!isIntact) {
      throw new TorsorError(`something wrote past the end of the block of ${asked} bytes at ${start}`, {
        op: 'Heap.release',
        operands: { start, bytes: asked },
      });
    }
  }
  /** Whether the guard of a block is as it was; poisons the block. */
  check(start, asked, size) {
    const bytes = this.bytesAt(start, size);
    const isIntact = bytes.subarray(asked).every((byte) => byte === GUARD);
    this.guarded.delete(start);
    bytes.fill(POISON);
    return isIntact;
  }
  bytesAt(start, length) {
    return new Uint8Array(this.memory.buffer, start, length);
  }
  /**
   * The scratch block, at least `bytes` long. Its content is lost at the next call: one kernel launch asks once, for all that
   * it needs, and keeps nothing.
   *
   * @throws TorsorError when the heap cannot hold it
   */
  scratch(bytes) {
    if (bytes <= this.scratchBytes) return this.scratchPtr;
    if (this.scratchPtr !== 0) this.release(this.scratchPtr);
    this.scratchPtr = 0;
    this.scratchBytes = 0;
    const want = roundUp(Math.max(bytes, 1 << 20), 1 << 16);
    const start = this.allocate(want);
    if (start === 0) {
      throw new TorsorError(`out of memory: ${want} bytes of scratch space beside ${this.used} bytes in use`, {
        op: 'Heap.scratch',
        operands: { bytes },
      });
    }
    this.scratchPtr = start;
    this.scratchBytes = want;
    return start;
  }
  find(size) {
    if (this.used + size > this.limitBytes) return 0;
    const start = this.takeFit(size);
    return start !== 0 || !this.grow(size) ? start : this.takeFit(size);
  }
  takeFit(size) {
    const first = binOf(size);
    for (let bin = first; bin < BINS; bin++) {
      for (const start of this.bins[bin]) {
        const length = this.freeByStart.get(start);
        if (length < size) continue;
        this.removeFree(start, length);
        if (length > size) this.addFree(start + size, length - size);
        return start;
      }
    }
    return 0;
  }
  grow(bytes) {
    const old = this.memory.buffer.byteLength;
    const last = this.freeByEnd.get(old);
    const missing = last === void 0 ? bytes : bytes - (old - last);
    const wanted = roundUp(Math.max(missing, MIN_GROWTH_BYTES, old / 4), PAGE_BYTES) / PAGE_BYTES;
    const needed = roundUp(missing, PAGE_BYTES) / PAGE_BYTES;
    const room2 = Math.floor(this.limitBytes / PAGE_BYTES) - old / PAGE_BYTES;
    for (const pages of [Math.min(wanted, room2), needed]) {
      if (pages < needed || pages > room2) continue;
      try {
        this.memory.grow(pages);
      } catch {
        continue;
      }
      this.epoch++;
      if (last !== void 0) this.removeFree(last, old - last);
      const from = last ?? old;
      this.addFree(from, this.memory.buffer.byteLength - from);
      return true;
    }
    return false;
  }
  addFree(start, length) {
    this.freeByStart.set(start, length);
    this.freeByEnd.set(start + length, start);
    this.bins[binOf(length)].add(start);
  }
  removeFree(start, length) {
    this.freeByStart.delete(start);
    this.freeByEnd.delete(start + length);
    this.bins[binOf(length)].delete(start);
  }
};
function createMemory() {
  const initial = MIN_GROWTH_BYTES / PAGE_BYTES;
  const shared2 = features().sharedMemory;
  for (let maximum2 = MAX_PAGES2; ; maximum2 /= 2) {
    try {
      return new WebAssembly.Memory({ initial, maximum: maximum2, shared: shared2 });
    } catch (error) {
      if (maximum2 / 2 < initial) throw error;
    }
  }
}
var shared = null;
function heap() {
  shared ??= new Heap();
  return shared;
}
function heapIfAny() {
  return shared;
}

// packages/core/src/pager.ts
var Block = class {
  bytes;
  /** Byte address in the heap; 0 while the block is outside. */
  pointer = 0;
  outside = null;
  /** When a kernel or a reader last asked where the block is; in settlements, see `clock`. */
  lastUse = 0;
  /** Counts changes of place, so that views of the old one are noticed. */
  moves = 0;
  /** Index among the residents; -1 outside. */
  place = -1;
  /** Tells in a synchronous loop whether the storage is dead; null where the runtime cannot, and outside the heap. */
  owner = null;
  constructor(bytes) {
    this.bytes = bytes;
  }
};
var MiB = 2 ** 20;
var FIRST_SOFT_LIMIT_BYTES = 128 * MiB;
var MOST_OF_HEAP = 0.75;
var KEPT = 0.75;
var PROTECTED = 16;
var THRASHING = 0.25;
var BALLAST_BYTES = 16 * MiB;
var COLLECT_BYTES = 32 * MiB;
var residents = [];
var clock = PROTECTED + 1;
var softLimit = FIRST_SOFT_LIMIT_BYTES;
var isSoftLimitSet = false;
var pagedOutBytes = 0;
var pagedInBytes = 0;
var outAtLastPaging = 0;
var inAtLastPaging = 0;
var unseenBytes = 0;
var enteredBytes = 0;
var pressure = { notify: null };
var finaliser = new FinalizationRegistry(leave);
function settle(block, owner) {
  const home = heap();
  const { bytes } = block;
  clock++;
  if (home.usedBytes + bytes > softLimit) makeRoom(bytes);
  if (home.usedBytes + bytes > softLimit) return false;
  home.onFull ??= makeRoom;
  const pointer = home.allocate(bytes);
  if (pointer === 0) return false;
  block.pointer = pointer;
  block.lastUse = clock;
  block.moves++;
  block.place = residents.length;
  residents.push(block);
  finaliser.register(owner, block, block);
  block.owner = watch(owner);
  enteredBytes += bytes;
  if (block.outside !== null) {
    new Uint8Array(home.memory.buffer, pointer, bytes).set(new Uint8Array(block.outside, 0, bytes));
    block.outside = null;
    pagedInBytes += bytes;
  }
  return true;
}
function touch(block) {
  block.lastUse = clock;
}
function release(block) {
  block.outside = null;
  if (block.pointer === 0) return;
  finaliser.unregister(block);
  leave(block);
  unseenBytes -= block.bytes;
}
function ballast(block) {
  if (block.owner !== null) return null;
  unseenBytes += block.bytes;
  if (unseenBytes < BALLAST_BYTES) return null;
  unseenBytes -= BALLAST_BYTES;
  return reserve(BALLAST_BYTES);
}
function leave(block) {
  const { pointer, place: place3 } = block;
  block.pointer = 0;
  block.moves++;
  block.place = -1;
  block.owner = null;
  const last = residents.pop();
  if (last !== block) {
    residents[place3] = last;
    last.place = place3;
  }
  heap().release(pointer);
}
function sweep() {
  if (enteredBytes < COLLECT_BYTES || !collect()) return;
  enteredBytes = 0;
  for (let i = residents.length - 1; i >= 0; i--) {
    const block = residents[i];
    if (block.owner !== null && isDead(block.owner)) {
      finaliser.unregister(block);
      leave(block);
    }
  }
  forget();
}
function pageOut(block) {
  const outside = new ArrayBuffer(block.bytes);
  new Uint8Array(outside).set(new Uint8Array(heap().memory.buffer, block.pointer, block.bytes));
  finaliser.unregister(block);
  leave(block);
  block.outside = outside;
  pagedOutBytes += block.bytes;
}
function makeRoom(bytes) {
  const home = heap();
  adapt(bytes);
  sweep();
  const limit2 = Math.min(softLimit, home.limitBytes);
  if (bytes <= limit2) {
    const goal = Math.max(0, Math.min(limit2 * KEPT, limit2 - bytes));
    const old = residents.filter((block) => block.lastUse < clock - PROTECTED);
    old.sort((a, b) => a.lastUse - b.lastUse);
    for (const block of old) {
      if (home.usedBytes <= goal) break;
      pageOut(block);
    }
  }
  const out = pagedOutBytes - outAtLastPaging;
  outAtLastPaging = pagedOutBytes;
  inAtLastPaging = pagedInBytes;
  pressure.notify?.({ neededBytes: bytes, usedBytes: home.usedBytes, pagedOutBytes: out, softLimitBytes: limit2 });
}
function adapt(bytes) {
  if (isSoftLimitSet) return;
  const most = heap().limitBytes * MOST_OF_HEAP;
  const cameBack = pagedInBytes - inAtLastPaging;
  if (cameBack > softLimit * (1 - KEPT) * THRASHING) softLimit = Math.min(most, softLimit * 2);
  if (bytes > softLimit / 4) softLimit = Math.max(softLimit, Math.min(most, 4 * bytes));
}
function limits() {
  return {
    heapLimitBytes: heapIfAny()?.limitBytes ?? MAX_HEAP_BYTES,
    softLimitBytes: isSoftLimitSet ? softLimit : null,
  };
}
function setLimits(hard, soft) {
  if (hard !== void 0) heap().limitBytes = hard;
  if (soft === void 0) return;
  isSoftLimitSet = soft !== null;
  softLimit = soft ?? FIRST_SOFT_LIMIT_BYTES;
}
function pagerStats() {
  return { residents: residents.length, pagedOutBytes, pagedInBytes, softLimitBytes: softLimit };
}

// packages/core/src/storage.ts
var SMALL_BYTES = 4096;
var tracker = null;
function setStorageTracker(track2) {
  const before = tracker;
  tracker = track2;
  return before;
}
var observer = null;
var Storage = class _Storage {
  dtype;
  /** Elements. */
  length;
  /** Counts in-place writes, so that the tape notices damage to what it saved. Views share it; `.data` does not. */
  version = 0;
  /** The bytes of a large storage; null for one over a typed array. */
  block;
  view;
  /** Of the heap and of the block, when `view` was made. */
  epoch = 0;
  moves = -1;
  /** The storage that this one is an alias of, with a version of its own (`x.data`). */
  owner;
  releasedBy = null;
  /** Held so that the garbage collector sees the weight of the heap. */
  weight = null;
  constructor(dtype, length, block, view3, owner) {
    this.dtype = dtype;
    this.length = length;
    this.block = block;
    this.view = view3;
    this.owner = owner;
  }
  /** `length` elements; all zero when `zeroed`, else unspecified. */
  static allocate(dtype, length, zeroed) {
    const bytes = length * itemBytes(dtype);
    if (bytes <= SMALL_BYTES) return _Storage.track(new _Storage(dtype, length, null, newArray(dtype, length), null));
    const block = new Block(bytes);
    const storage = new _Storage(dtype, length, block, null, null);
    if (settle(block, storage)) {
      storage.weight = ballast(block);
      if (zeroed) storage.array.fill(dtype === 'int64' ? 0n : 0);
    } else block.outside = allocateOutside(dtype, length);
    return _Storage.track(storage);
  }
  /** A storage over a typed array of the user's, without a copy. */
  static wrap(dtype, array) {
    return _Storage.track(new _Storage(dtype, array.length, null, array, null));
  }
  static track(storage) {
    if (tracker !== null) tracker(storage);
    if (observer !== null) observer(storage);
    return storage;
  }
  /** The same elements under a version counter of their own. */
  alias() {
    return new _Storage(this.dtype, this.length, null, null, this.root);
  }
  /** The storage that owns the memory: equal for all that share it. */
  get root() {
    return this.owner ?? this;
  }
  /** True while the elements are in the heap. They may be paged out whenever a storage is allocated or enters. */
  get inHeap() {
    const { block } = this.root;
    return block !== null && block.pointer !== 0;
  }
  /** True after `release`. */
  get isReleased() {
    return this.root.releasedBy !== null;
  }
  /**
   * Brings the elements into the heap, where kernels reach them, if they are outside and there is room; true when they are there.
   * They stay at least until a kernel launched next has returned.
   */
  enterHeap() {
    const root = this.root;
    const { block } = root;
    if (block === null) return false;
    if (block.pointer !== 0) {
      touch(block);
      return true;
    }
    return root.releasedBy === null && settle(block, root);
  }
  /** Byte address in the heap; 0 when the elements live outside. */
  get pointer() {
    const { block } = this.root;
    if (block === null) return 0;
    touch(block);
    return block.pointer;
  }
  /** The elements, as they are now. Never keep it across an allocation: growth of the heap and paging make it stale. */
  get array() {
    if (this.owner !== null) return this.owner.array;
    const { block, view: view3 } = this;
    if (view3 !== null) {
      if (block === null) return view3;
      if (this.moves === block.moves && this.epoch === heap().epoch) {
        touch(block);
        return view3;
      }
    }
    return this.refresh();
  }
  /**
   * Gives the memory back now. Reading it afterwards throws.
   *
   * @param where what released it, for the message of that error
   */
  release(where2) {
    const root = this.root;
    if (root.releasedBy !== null) return;
    root.releasedBy = where2;
    root.view = null;
    root.weight = null;
    if (root.block !== null) release(root.block);
  }
  refresh() {
    const { block } = this;
    if (this.releasedBy !== null || block === null) {
      throw new TorsorError(`this tensor was released by ${this.releasedBy}; keep what leaves a scope with keep()`, {
        op: 'Storage',
      });
    }
    const home = heap();
    const isOutside = block.pointer === 0;
    const buffer = isOutside ? block.outside : home.memory.buffer;
    this.view = viewArray(this.dtype, buffer, block.pointer, this.length);
    this.epoch = home.epoch;
    this.moves = block.moves;
    touch(block);
    return this.view;
  }
};
function allocateOutside(dtype, length) {
  const bytes = length * itemBytes(dtype);
  try {
    return new ArrayBuffer(bytes);
  } catch (cause) {
    throw new TorsorError(`out of memory: ${bytes} bytes for ${length} elements of ${dtype}`, {
      op: 'Storage.allocate',
      operands: { dtype, length },
      cause,
    });
  }
}
function sameStorage(a, b) {
  return a.root === b.root;
}

// packages/core/src/base.ts
var modes = {
  /** Whether dispatch hands ops on tensors with an autograd slot to the recorder. */
  grad: true,
  /** Whether new tensors are marked as made in inference mode. */
  inference: false,
};
var TensorBase = class {
  storage;
  shape;
  strides;
  offset;
  dtype;
  /** The slot of `@torsor/autograd`. Core never looks inside; null until that package puts something here. */
  autograd = null;
  /** The tensor that this one is a view of (never itself a view); null when it is none. */
  base;
  /** Made in `inferenceMode` (and no view of a tensor that was not): never recorded, never saved for a backward pass. */
  isInference;
  constructor(storage, shape, strides, offset, dtype, base) {
    this.storage = storage;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.dtype = dtype;
    this.base = base;
    this.isInference = base === null ? modes.inference : base.isInference;
  }
  /** The raw elements of the storage. Walk them with `shape`, `strides` and `offset`; never keep the array. */
  get array() {
    return this.storage.array;
  }
};
var TensorConstructor;
function setTensorClass(tensorClass) {
  TensorConstructor = tensorClass;
}
function construct(storage, shape, strides, offset, dtype, base = null) {
  return new TensorConstructor(storage, shape, strides, offset, dtype, base);
}
function rowMajor(shape) {
  const ndim = shape.length;
  const strides = new Array(ndim);
  let step = 1;
  for (let i = ndim - 1; i >= 0; i--) {
    strides[i] = step;
    const n = shape[i];
    if (n > 1) step *= n;
  }
  return strides;
}
function allocate(shape, dtype) {
  return construct(Storage.allocate(dtype, sizeOf(shape), false), shape, rowMajor(shape), 0, dtype);
}
function allocateZeros(shape, dtype) {
  return construct(Storage.allocate(dtype, sizeOf(shape), true), shape, rowMajor(shape), 0, dtype);
}
function fromArray(array, shape, dtype) {
  return construct(Storage.wrap(dtype, array), shape, rowMajor(shape), 0, dtype);
}
function makeView(self, shape, strides, offset) {
  return construct(self.storage, shape, strides, offset, self.dtype, self.base ?? self);
}
function isTensor(value) {
  return value instanceof TensorBase;
}

// packages/core/src/dispatch.ts
var recorder = null;
function setRecorder(value) {
  recorder = value;
}
function requireRecorder(op2) {
  if (recorder === null) {
    throw new AutogradError("needs automatic differentiation; import '@torsor/autograd' (or 'torsor') first", {
      op: op2,
    });
  }
  return recorder;
}
function recorderIfAny() {
  return recorder;
}
function carriesSlot(args) {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg instanceof TensorBase) {
      if (arg.autograd !== null || (arg.base !== null && arg.base.autograd !== null)) return true;
    } else if (Array.isArray(arg)) {
      for (let j = 0; j < arg.length; j++) {
        const entry2 = arg[j];
        if (typeof entry2 === 'number') break;
        if (!(entry2 instanceof TensorBase)) continue;
        if (entry2.autograd !== null || (entry2.base !== null && entry2.base.autograd !== null)) return true;
      }
    }
  }
  return false;
}
function dispatch(op2, forward, args) {
  const run2 = forward;
  if (recorder === null || !carriesSlot(args)) return run2(...args);
  if (modes.grad) return recorder.record(op2, forward, args);
  const result = run2(...args);
  recorder.noteUnrecorded(result);
  return result;
}
function dispatchInPlace(op2, args, self, write3) {
  if (self.isInference && !modes.inference) {
    throw new AutogradError(
      'inplace update to inference tensor outside inferenceMode is not allowed; you can make a clone to get a normal tensor',
      { op: op2 },
    );
  }
  if (recorder !== null && modes.grad && carriesSlot(args)) recorder.recordInPlace(op2, args, self, write3);
  else {
    write3();
    self.storage.version++;
  }
  return self;
}

// packages/core/src/options.ts
function isOptions(value) {
  if (typeof value !== 'object' || value === null) return false;
  const proto = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
}
function named(op2, names, args) {
  let count2 = args.length;
  while (count2 > 0 && args[count2 - 1] === void 0) count2--;
  const last = count2 > 0 ? args[count2 - 1] : void 0;
  const options = isOptions(last) ? last : null;
  const positional = options === null ? count2 : count2 - 1;
  if (positional > names.length) {
    throw new ValueError(`takes at most ${names.length} arguments (${names.join(', ')}), but got ${positional}`, {
      op: op2,
    });
  }
  const values = new Array(names.length);
  for (let i = 0; i < positional; i++) {
    if (isOptions(args[i])) {
      throw new ValueError(`options must come last, but argument ${i + 1} is an options object followed by others`, {
        op: op2,
        operands: { options: args[i] },
      });
    }
    values[i] = args[i];
  }
  if (options !== null) {
    for (const key of Object.keys(options)) {
      const at3 = names.indexOf(key);
      if (at3 < 0) {
        throw new ValueError(`unknown option '${key}'; known options are ${names.join(', ')}`, {
          op: op2,
          operands: { options },
        });
      }
      if (values[at3] !== void 0) {
        throw new ValueError(`argument '${key}' was given both by position and by name`, {
          op: op2,
          operands: { options },
        });
      }
      values[at3] = options[key];
    }
  }
  return values;
}
function listArgument(args) {
  const first = args[0];
  if (args.length === 1 && typeof first === 'object') return first;
  return args;
}
function tuple(op2, name2, value, length, least = 0) {
  const list2 = typeof value === 'number' ? [value] : value;
  if (!Array.isArray(list2) || (list2.length !== length && list2.length !== 1)) {
    throw new ValueError(`${name2} must be a number or a list of ${length}, but got ${show(value)}`, {
      op: op2,
      operands: { [name2]: value },
    });
  }
  for (const entry2 of list2) {
    if (!Number.isInteger(entry2) || entry2 < least) {
      throw new ValueError(`${name2} must be integers of at least ${least}, but got ${show(value)}`, {
        op: op2,
        operands: { [name2]: value },
      });
    }
  }
  return list2.length === length ? list2 : new Array(length).fill(list2[0]);
}

// packages/core/src/memory.ts
function setMemoryLimits(wanted) {
  const op2 = 'setMemoryLimits';
  const before = limits();
  const [hard, soft] = named(op2, ['heapLimitBytes', 'softLimitBytes'], [wanted]);
  check('heapLimitBytes', hard, MAX_HEAP_BYTES);
  if (soft !== null) check('softLimitBytes', soft, Number.MAX_SAFE_INTEGER);
  setLimits(hard, soft);
  return before;
}
function check(name2, value, most) {
  if (value === void 0 || (Number.isInteger(value) && value >= 0 && value <= most)) return;
  throw new ValueError(`${name2} must be a whole number of bytes from 0 to ${most}, but got ${String(value)}`, {
    op: 'setMemoryLimits',
    operands: { [name2]: value },
  });
}
function memory2() {
  const stats = heapIfAny()?.stats;
  const { residents: residents2, ...paging } = pagerStats();
  return {
    liveStorages: residents2,
    usedBytes: stats?.usedBytes ?? 0,
    highWaterBytes: stats?.highWaterBytes ?? 0,
    heapBytes: stats?.totalBytes ?? 0,
    ...paging,
    fragmentation: stats?.fragmentation ?? 0,
  };
}

// packages/core/src/reference/elementwise.ts
function readElement(array, at3) {
  return Number(array[at3]);
}
function writeElement(array, dtype, at3, value) {
  if (dtype === 'int64') array[at3] = toBigInt(value);
  else if (dtype === 'bool') array[at3] = value !== 0 ? 1 : 0;
  else array[at3] = value;
}
function toBigInt(value) {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}
function plain(dtype) {
  return dtype !== 'int64' && dtype !== 'bool';
}
function unary(fn, a, out) {
  const size = sizeOf(out.shape);
  if (size === 0) return;
  const src = a.array;
  const dst = out.array;
  if (a.dtype !== 'int64' && plain(out.dtype) && flat(a, out.shape) && isContiguous(out.shape, out.strides)) {
    const x = src;
    const y = dst;
    const xo = a.offset;
    const yo = out.offset;
    for (let i = 0; i < size; i++) y[yo + i] = fn(x[xo + i]);
    return;
  }
  walk2(a, out, (ai, oi) => writeElement(dst, out.dtype, oi, fn(readElement(src, ai))));
}
function binary(fn, a, b, out) {
  const size = sizeOf(out.shape);
  if (size === 0) return;
  const x = a.array;
  const y = b.array;
  const dst = out.array;
  if (
    a.dtype !== 'int64' &&
    b.dtype !== 'int64' &&
    plain(out.dtype) &&
    flat(a, out.shape) &&
    flat(b, out.shape) &&
    isContiguous(out.shape, out.strides)
  ) {
    const xs = x;
    const ys = y;
    const zs = dst;
    const xo = a.offset;
    const yo = b.offset;
    const zo = out.offset;
    for (let i = 0; i < size; i++) zs[zo + i] = fn(xs[xo + i], ys[yo + i]);
    return;
  }
  walk3(a, b, out, (ai, bi, oi) => writeElement(dst, out.dtype, oi, fn(readElement(x, ai), readElement(y, bi))));
}
function binaryNumber(fn, a, value, out) {
  const size = sizeOf(out.shape);
  if (size === 0) return;
  const src = a.array;
  const dst = out.array;
  if (a.dtype !== 'int64' && plain(out.dtype) && flat(a, out.shape) && isContiguous(out.shape, out.strides)) {
    const xs = src;
    const zs = dst;
    const xo = a.offset;
    const zo = out.offset;
    for (let i = 0; i < size; i++) zs[zo + i] = fn(xs[xo + i], value);
    return;
  }
  walk2(a, out, (ai, oi) => writeElement(dst, out.dtype, oi, fn(readElement(src, ai), value)));
}
function numberBinary(fn, value, a, out) {
  unary((x) => fn(value, x), a, out);
}
function ternary(fn, a, b, c, out) {
  if (sizeOf(out.shape) === 0) return;
  const x = a.array;
  const y = b.array;
  const z = c.array;
  const dst = out.array;
  const sa = broadcastStrides(a.shape, a.strides, out.shape);
  const sb = broadcastStrides(b.shape, b.strides, out.shape);
  const sc = broadcastStrides(c.shape, c.strides, out.shape);
  const walk4 = collapse(out.shape, [sa, sb, sc, out.strides]);
  walkN(walk4.shape, walk4.strides, [a.offset, b.offset, c.offset, out.offset], (at3) =>
    writeElement(dst, out.dtype, at3[3], fn(readElement(x, at3[0]), readElement(y, at3[1]), readElement(z, at3[2]))),
  );
}
function copy(a, out) {
  const size = sizeOf(out.shape);
  if (size === 0) return;
  const src = a.array;
  const dst = out.array;
  if (a.dtype === out.dtype) {
    if (flat(a, out.shape) && isContiguous(out.shape, out.strides)) {
      dst.set(src.subarray(a.offset, a.offset + size), out.offset);
      return;
    }
    if (a.dtype === 'int64') {
      const x = src;
      const y = dst;
      walk2(a, out, (ai, oi) => {
        y[oi] = x[ai];
      });
    } else {
      const x = src;
      const y = dst;
      walk2(a, out, (ai, oi) => {
        y[oi] = x[ai];
      });
    }
    return;
  }
  if (a.dtype !== 'int64' && plain(out.dtype) && flat(a, out.shape) && isContiguous(out.shape, out.strides)) {
    dst.set(src.subarray(a.offset, a.offset + size), out.offset);
    return;
  }
  walk2(a, out, (ai, oi) => writeElement(dst, out.dtype, oi, readElement(src, ai)));
}
function fill(out, value) {
  const size = sizeOf(out.shape);
  if (size === 0) return;
  const dst = out.array;
  if (isContiguous(out.shape, out.strides)) {
    const element2 = out.dtype === 'int64' ? toBigInt(value) : out.dtype === 'bool' ? Number(value !== 0) : value;
    dst.fill(element2, out.offset, out.offset + size);
    return;
  }
  walk2(out, out, (_, oi) => writeElement(dst, out.dtype, oi, value));
}
function flat(a, shape) {
  const own = a.shape;
  if (own.length !== shape.length) return false;
  for (let i = 0; i < shape.length; i++) if (own[i] !== shape[i]) return false;
  return isContiguous(own, a.strides);
}
function walk2(a, out, visit) {
  const { shape, strides } = collapse(out.shape, [broadcastStrides(a.shape, a.strides, out.shape), out.strides]);
  const inner = shape.length - 1;
  if (inner < 0) {
    visit(a.offset, out.offset);
    return;
  }
  const [sa, so] = strides;
  const n = shape[inner];
  const da = sa[inner];
  const dz = so[inner];
  walkOuter(shape, strides, [a.offset, out.offset], (at3) => {
    let [p, q] = at3;
    for (let i = 0; i < n; i++, p += da, q += dz) visit(p, q);
  });
}
function walk3(a, b, out, visit) {
  const { shape, strides } = collapse(out.shape, [
    broadcastStrides(a.shape, a.strides, out.shape),
    broadcastStrides(b.shape, b.strides, out.shape),
    out.strides,
  ]);
  const inner = shape.length - 1;
  if (inner < 0) {
    visit(a.offset, b.offset, out.offset);
    return;
  }
  const [sa, sb, so] = strides;
  const n = shape[inner];
  const da = sa[inner];
  const db = sb[inner];
  const dz = so[inner];
  walkOuter(shape, strides, [a.offset, b.offset, out.offset], (at3) => {
    let [p, q, r] = at3;
    for (let i = 0; i < n; i++, p += da, q += db, r += dz) visit(p, q, r);
  });
}
function walkN(shape, strides, offsets2, visit) {
  const inner = shape.length - 1;
  if (inner < 0) {
    visit(offsets2);
    return;
  }
  const n = shape[inner];
  const at3 = offsets2.slice();
  walkOuter(shape, strides, offsets2, (start) => {
    for (let k = 0; k < at3.length; k++) at3[k] = start[k];
    for (let i = 0; i < n; i++) {
      visit(at3);
      for (let k = 0; k < at3.length; k++) at3[k] += strides[k][inner];
    }
  });
}
function walkOuter(shape, strides, offsets2, visit) {
  const at3 = offsets2.slice();
  const outer2 = shape.length - 1;
  if (outer2 === 0) {
    visit(at3);
    return;
  }
  const index2 = new Array(outer2).fill(0);
  for (;;) {
    visit(at3);
    let d = outer2 - 1;
    for (; d >= 0; d--) {
      for (let k = 0; k < at3.length; k++) at3[k] += strides[k][d];
      if (++index2[d] < shape[d]) break;
      for (let k = 0; k < at3.length; k++) at3[k] -= strides[k][d] * shape[d];
      index2[d] = 0;
    }
    if (d < 0) return;
  }
}

// packages/core/src/reference/dense.ts
function dense(a) {
  if (a.dtype !== 'int64' && isContiguous(a.shape, a.strides)) return { array: a.array, offset: a.offset };
  if (a.dtype !== 'float32') return { array: doubles(a), offset: 0 };
  const array = new Float32Array(sizeOf(a.shape));
  gatherInto(a, array);
  return { array, offset: 0 };
}
function doubles(a) {
  const size = sizeOf(a.shape);
  const flat2 = isContiguous(a.shape, a.strides);
  if (flat2 && a.dtype === 'float64') return a.array.subarray(a.offset, a.offset + size);
  const out = new Float64Array(size);
  if (flat2 && a.dtype !== 'int64') {
    const source2 = a.array;
    const offset = a.offset;
    for (let i = 0; i < size; i++) out[i] = source2[offset + i];
  } else gatherInto(a, out);
  return out;
}
function gatherInto(a, out) {
  if (out.length === 0) return;
  const array = a.array;
  const target = { array: out, shape: a.shape, strides: rowMajor2(a.shape), offset: 0, dtype: 'float64' };
  walk2(a, target, (from, to2) => {
    out[to2] = readElement(array, from);
  });
}
function rowMajor2(shape) {
  const strides = new Array(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}
function denseOutput(out) {
  if (out.dtype !== 'int64') return { array: out.array, offset: out.offset };
  return { array: new Float64Array(sizeOf(out.shape)), offset: 0 };
}
function finish(written, out) {
  if (out.dtype !== 'int64') return;
  const target = out.array;
  for (let i = 0; i < written.array.length; i++) target[out.offset + i] = toBigInt(written.array[i]);
}

// packages/core/src/reference/conv.ts
function convOutputSize(size, kernel2, stride, padding, dilation) {
  return Math.floor((size + 2 * padding - dilation * (kernel2 - 1) - 1) / stride) + 1;
}
function convGeometry(inputShape, weightShape, params) {
  const last = inputShape.length - 1;
  const flat2 = last === 2;
  const { stride, padding, dilation, groups } = params;
  const w = flat2 ? 0 : 1;
  const inHeight = flat2 ? 1 : inputShape[2];
  const kernelHeight = flat2 ? 1 : weightShape[2];
  const strideHeight = flat2 ? 1 : stride[0];
  const padHeight = flat2 ? 0 : padding[0];
  const dilationHeight = flat2 ? 1 : dilation[0];
  return {
    batch: inputShape[0],
    groups,
    groupIn: weightShape[1],
    groupOut: weightShape[0] / groups,
    inHeight,
    inWidth: inputShape[last],
    outHeight: convOutputSize(inHeight, kernelHeight, strideHeight, padHeight, dilationHeight),
    outWidth: convOutputSize(inputShape[last], weightShape[last], stride[w], padding[w], dilation[w]),
    kernelHeight,
    kernelWidth: weightShape[last],
    strideHeight,
    strideWidth: stride[w],
    padHeight,
    padWidth: padding[w],
    dilationHeight,
    dilationWidth: dilation[w],
  };
}
function taps(kernel2, input, output, stride, padding, dilation) {
  const low = new Int32Array(kernel2);
  const high = new Int32Array(kernel2);
  const shift = new Int32Array(kernel2);
  for (let k = 0; k < kernel2; k++) {
    const s = k * dilation - padding;
    shift[k] = s;
    low[k] = Math.max(0, Math.ceil(-s / stride));
    high[k] = Math.max(low[k], Math.min(output, Math.floor((input - 1 - s) / stride) + 1));
  }
  return { low, high, shift };
}
function rowTaps(g) {
  return taps(g.kernelHeight, g.inHeight, g.outHeight, g.strideHeight, g.padHeight, g.dilationHeight);
}
function columnTaps(g) {
  return taps(g.kernelWidth, g.inWidth, g.outWidth, g.strideWidth, g.padWidth, g.dilationWidth);
}
function convForward(input, weight, bias, out, params) {
  if (sizeOf(out.shape) === 0) return;
  const g = convGeometry(input.shape, weight.shape, params);
  const x = doubles(input);
  const w = doubles(weight);
  const b = bias === null ? null : doubles(bias);
  const target = denseOutput(out);
  const y = target.array;
  const plane = g.outHeight * g.outWidth;
  const acc = new Float64Array(plane);
  const rows2 = rowTaps(g);
  const columns = columnTaps(g);
  const outChannels = g.groups * g.groupOut;
  for (let n = 0; n < g.batch; n++) {
    for (let o = 0; o < outChannels; o++) {
      const group = Math.floor(o / g.groupOut);
      const inputAt = (n * g.groups + group) * g.groupIn * g.inHeight * g.inWidth;
      const weightAt = o * g.groupIn * g.kernelHeight * g.kernelWidth;
      acc.fill(b === null ? 0 : b[o]);
      forwardPlane(g, rows2, columns, x, inputAt, w, weightAt, acc);
      const at3 = target.offset + (n * outChannels + o) * plane;
      for (let i = 0; i < plane; i++) y[at3 + i] = acc[i];
    }
  }
  finish(target, out);
}
function forwardPlane(g, rows2, columns, x, inputAt, w, weightAt, acc) {
  const { groupIn, inHeight, inWidth, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth } = g;
  let wi = weightAt;
  for (let i = 0; i < groupIn; i++) {
    const plane = inputAt + i * inHeight * inWidth;
    for (let kh = 0; kh < kernelHeight; kh++) {
      const lastRow = rows2.high[kh];
      for (let kw = 0; kw < kernelWidth; kw++, wi++) {
        const value = w[wi];
        const first = columns.low[kw];
        const count2 = columns.high[kw] - first;
        for (let oh = rows2.low[kh]; oh < lastRow; oh++) {
          const at3 = oh * outWidth + first;
          let xi = plane + (oh * strideHeight + rows2.shift[kh]) * inWidth + first * strideWidth + columns.shift[kw];
          for (let ow = 0; ow < count2; ow++, xi += strideWidth) acc[at3 + ow] += value * x[xi];
        }
      }
    }
  }
}
function convBackwardInput(grad, weight, bias, out, params) {
  if (sizeOf(out.shape) === 0) return;
  const g = convGeometry(out.shape, weight.shape, params);
  const dy = doubles(grad);
  const w = doubles(weight);
  const b = bias === null ? null : doubles(bias);
  const target = denseOutput(out);
  const dx = target.array;
  const plane = g.inHeight * g.inWidth;
  const acc = new Float64Array(plane);
  const rows2 = rowTaps(g);
  const columns = columnTaps(g);
  const inChannels = g.groups * g.groupIn;
  const kernel2 = g.kernelHeight * g.kernelWidth;
  for (let n = 0; n < g.batch; n++) {
    for (let c = 0; c < inChannels; c++) {
      const group = Math.floor(c / g.groupIn);
      const gradAt = (n * g.groups + group) * g.groupOut * g.outHeight * g.outWidth;
      const weightAt = (group * g.groupOut * g.groupIn + (c % g.groupIn)) * kernel2;
      acc.fill(b === null ? 0 : b[c]);
      backwardPlane(g, rows2, columns, dy, gradAt, w, weightAt, acc);
      const at3 = target.offset + (n * inChannels + c) * plane;
      for (let i = 0; i < plane; i++) dx[at3 + i] = acc[i];
    }
  }
  finish(target, out);
}
function backwardPlane(g, rows2, columns, dy, gradAt, w, weightAt, acc) {
  const { groupIn, groupOut, inWidth, outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth } = g;
  for (let o = 0; o < groupOut; o++) {
    const plane = gradAt + o * outHeight * outWidth;
    let wi = weightAt + o * groupIn * kernelHeight * kernelWidth;
    for (let kh = 0; kh < kernelHeight; kh++) {
      const lastRow = rows2.high[kh];
      for (let kw = 0; kw < kernelWidth; kw++, wi++) {
        const value = w[wi];
        const first = columns.low[kw];
        const count2 = columns.high[kw] - first;
        for (let oh = rows2.low[kh]; oh < lastRow; oh++) {
          const at3 = plane + oh * outWidth + first;
          let xi = (oh * strideHeight + rows2.shift[kh]) * inWidth + first * strideWidth + columns.shift[kw];
          for (let ow = 0; ow < count2; ow++, xi += strideWidth) acc[xi] += value * dy[at3 + ow];
        }
      }
    }
  }
}
function convBackwardWeight(grad, input, out, params) {
  const size = sizeOf(out.shape);
  if (size === 0) return;
  const g = convGeometry(input.shape, out.shape, params);
  const dy = doubles(grad);
  const x = doubles(input);
  const acc = new Float64Array(size);
  const rows2 = rowTaps(g);
  const columns = columnTaps(g);
  const outChannels = g.groups * g.groupOut;
  for (let n = 0; n < g.batch; n++) {
    for (let o = 0; o < outChannels; o++) {
      const group = Math.floor(o / g.groupOut);
      const inputAt = (n * g.groups + group) * g.groupIn * g.inHeight * g.inWidth;
      const gradAt = (n * outChannels + o) * g.outHeight * g.outWidth;
      const weightAt = o * g.groupIn * g.kernelHeight * g.kernelWidth;
      backwardKernel(g, rows2, columns, dy, gradAt, x, inputAt, acc, weightAt);
    }
  }
  const target = denseOutput(out);
  for (let i = 0; i < size; i++) target.array[target.offset + i] = acc[i];
  finish(target, out);
}
function backwardKernel(g, rows2, columns, dy, gradAt, x, inputAt, acc, weightAt) {
  const { groupIn, inHeight, inWidth, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth } = g;
  let wi = weightAt;
  for (let i = 0; i < groupIn; i++) {
    const plane = inputAt + i * inHeight * inWidth;
    for (let kh = 0; kh < kernelHeight; kh++) {
      const lastRow = rows2.high[kh];
      for (let kw = 0; kw < kernelWidth; kw++, wi++) {
        const first = columns.low[kw];
        const count2 = columns.high[kw] - first;
        let total = 0;
        for (let oh = rows2.low[kh]; oh < lastRow; oh++) {
          const at3 = gradAt + oh * outWidth + first;
          let xi = plane + (oh * strideHeight + rows2.shift[kh]) * inWidth + first * strideWidth + columns.shift[kw];
          let sum3 = 0;
          for (let ow = 0; ow < count2; ow++, xi += strideWidth) sum3 += dy[at3 + ow] * x[xi];
          total += sum3;
        }
        acc[wi] += total;
      }
    }
  }
}

// packages/core/src/wasm/module.ts
function bind(module, memory3) {
  return new WebAssembly.Instance(module, { env: { memory: memory3 } }).exports;
}
function isShared(memory3) {
  return typeof SharedArrayBuffer !== 'undefined' && memory3.buffer instanceof SharedArrayBuffer;
}
var modules = /* @__PURE__ */ new Map();
function kernelModule(name2, emit2, shared2) {
  const target = features();
  const key = `${name2} ${target.key}${shared2 ? ' shared' : ''}`;
  let known = modules.get(key);
  if (known === void 0) {
    const code = new Assembler({ shared: shared2 });
    emit2(code, target);
    const bytes = code.finish();
    known = { name: name2, bytes, module: new WebAssembly.Module(bytes) };
    modules.set(key, known);
  }
  return known;
}
var bound = /* @__PURE__ */ new WeakMap();
var latest = null;
function kernel(name2, emit2, memory3) {
  const target = features();
  if (latest === null || latest.memory !== memory3 || latest.features !== target) latest = boundTo(memory3, target);
  let exports = latest.kernels.get(name2);
  if (exports === void 0) {
    exports = bind(kernelModule(name2, emit2, isShared(memory3)).module, memory3);
    latest.kernels.set(name2, exports);
  }
  return exports;
}
function boundTo(memory3, target) {
  const all2 = bound.get(memory3) ?? [];
  let found = all2.find((entry2) => entry2.features === target);
  if (found === void 0) {
    found = { features: target, memory: memory3, kernels: /* @__PURE__ */ new Map() };
    all2.push(found);
    bound.set(memory3, all2);
  }
  return found;
}
function runInline(launch3, memory3, scratchPtr) {
  const run2 = kernel(launch3.name, launch3.emit, memory3)[launch3.entry];
  for (let task = 0; task < launch3.tasks; task++) run2(task, scratchPtr, ...launch3.args);
}

// packages/core/src/wasm/kernels/gemm-micro.ts
var ELEMENTS = {
  float32: { dtype: 'float32', type: 'f32', bytes: 4, lanes: 4 },
  float64: { dtype: 'float64', type: 'f64', bytes: 8, lanes: 2 },
};
function elementOf(dtype) {
  return ELEMENTS[dtype];
}
function tilesFor(dtype, features2) {
  const element2 = elementOf(dtype);
  const { fma } = features2;
  const heights = fma ? [6, 4] : [4];
  const vectors = fma ? [2, 1] : [3, 2, 1];
  const widths = vectors.map((count2) => count2 * element2.lanes);
  return {
    element: element2,
    heights,
    widths,
    fma,
    name: `${element2.type}_gemm_${heights[0]}x${widths[0]}__${fma ? 'fma' : 'simd'}`,
  };
}
function scalarOf(code, element2) {
  return code[element2.type];
}
function loadSplat(code, element2, address, offset = 0) {
  return element2.bytes === 4 ? code.v128.load32_splat(address, offset) : code.v128.load64_splat(address, offset);
}
function loadFirst(code, element2, address) {
  return element2.bytes === 4 ? code.v128.load32_zero(address) : code.v128.load64_zero(address);
}
function sumLanes(code, element2, a, b) {
  const { f32, f64, f32x4, f64x2 } = code;
  if (element2.bytes === 4) {
    a.set(f32x4.add(a, b));
    const lane2 = (i) => f32x4.extract_lane(i, a);
    return f32.add(f32.add(lane2(0), lane2(1)), f32.add(lane2(2), lane2(3)));
  }
  a.set(f64x2.add(a, b));
  return f64.add(f64x2.extract_lane(0, a), f64x2.extract_lane(1, a));
}
function multiplyAdd(code, element2, fma, acc, a, b) {
  const shape = element2.bytes === 4 ? code.f32x4 : code.f64x2;
  acc.set(fma ? shape.relaxed_madd(a, b, acc) : shape.add(acc, shape.mul(a, b)));
}
function repeat(code, count2, body) {
  code.loop((again) => {
    body();
    code.br_if(again, count2.tee(code.i32.sub(count2, 1)));
  });
}
var UNROLL_FMA = 4;
var MICRO = {
  k: 'i32',
  a: 'i32',
  b: 'i32',
  bRow: 'i32',
  c: 'i32',
  cRow: 'i32',
  init: 'i32',
  initRow: 'i32',
};
function emitMicro(code, element2, fma, height, width) {
  const { bytes, lanes } = element2;
  const { i32, v128 } = code;
  const vectors = width / lanes;
  return code.func(`micro_${height}x${width}`, MICRO, [], ({ k, a, b, bRow, c, cRow, init, initRow }) => {
    const acc = Array.from({ length: height }, () => code.locals('v128', vectors));
    const bv = code.locals('v128', vectors);
    const av = code.local('v128');
    const count2 = code.local('i32');
    for (const [i, row] of acc.entries()) {
      if (i > 0) code.increase(init, initRow);
      for (const [j, sum3] of row.entries()) sum3.set(v128.load(init, 16 * j));
    }
    const steps2 = (times) => {
      for (let p = 0; p < times; p++) {
        for (const [j, v] of bv.entries()) v.set(v128.load(b, j * 16));
        code.increase(b, bRow);
        for (const [i, row] of acc.entries()) {
          av.set(loadSplat(code, element2, a, (p * height + i) * bytes));
          for (const [j, sum3] of row.entries()) multiplyAdd(code, element2, fma, sum3, av, bv[j]);
        }
      }
      code.increase(a, times * height * bytes);
    };
    if (fma) {
      code.if(count2.tee(i32.shr_u(k, Math.log2(UNROLL_FMA))), () => repeat(code, count2, () => steps2(UNROLL_FMA)));
    }
    code.if(count2.tee(fma ? i32.and(k, UNROLL_FMA - 1) : k), () => repeat(code, count2, () => steps2(1)));
    for (const [i, row] of acc.entries()) {
      if (i > 0) code.increase(c, cRow);
      for (const [j, sum3] of row.entries()) v128.store(c, sum3, 16 * j);
    }
  });
}

// packages/core/src/wasm/kernels/gemm-plan.ts
function evenBlock(size, most, multiple) {
  const blocks = Math.ceil(size / most);
  return blocks === 0 ? multiple : Math.ceil(size / blocks / multiple) * multiple;
}
function align(bytes) {
  return Math.ceil(bytes / 64) * 64;
}
function taskArgs(params, args) {
  const byName = args;
  return Object.keys(params)
    .slice(2)
    .map((name2) => byName[name2]);
}

// packages/core/src/wasm/kernels/im2col.ts
var GEOMETRY = [
  'h',
  'w',
  'planeBytes',
  'ow',
  'kh',
  'kw',
  'strideH',
  'strideW',
  'padTop',
  'padLeft',
  'dilationH',
  'dilationW',
  /** The tensor that holds the images: vectors are read across borders where that stays inside it. */
  'tensor',
  'tensorBytes',
];
var GEOMETRY_BYTES = 64;
function loadField(code, base, field) {
  return code.i32.load(base, 4 * GEOMETRY.indexOf(field));
}
function storeGeometry(code, base, fields) {
  for (const [i, field] of GEOMETRY.entries()) code.i32.store(base, fields[field], 4 * i);
}
function emitPackPatches(code, tiles) {
  const { i32 } = code;
  const { element: element2, widths } = tiles;
  const [width] = widths;
  const panels = widths.map((narrow3) => emitPackPatch(code, element2, narrow3));
  const params = { geometry: 'i32', position: 'i32', count: 'i32', channels: 'i32', x: 'i32', out: 'i32' };
  return code.func('packPatches', params, [], ({ geometry, position, count: count2, channels, x, out }) => {
    const taps2 = i32.mul(loadField(code, geometry, 'kh'), loadField(code, geometry, 'kw'));
    const panelBytes = code.local('i32', i32.mul(i32.mul(taps2, channels), width * element2.bytes));
    code.while(
      () => i32.ge_u(count2, width),
      () => {
        code.call(panels[0], geometry, position, channels, x, out);
        code.increase(position, width);
        code.increase(out, panelBytes);
        code.decrease(count2, width);
      },
    );
    for (const [i, panel] of panels.entries()) {
      code.if(i32.gt_u(count2, widths[i + 1] ?? 0), () => {
        code.call(panel, geometry, position, channels, x, out);
        code.return();
      });
    }
  });
}
function emitPackPatch(code, element2, width) {
  const { i32, i32x4, v128 } = code;
  const { bytes, lanes } = element2;
  const quads = Math.ceil(width / 4);
  const vectors = width / lanes;
  const params = { geometry: 'i32', position: 'i32', channels: 'i32', x: 'i32', out: 'i32' };
  return code.func(`packPatch_${width}`, params, [], ({ geometry, position, channels, x, out }) => {
    const field = (name2) => code.local('i32', loadField(code, geometry, name2));
    const w = field('w');
    const plane = field('planeBytes');
    const kw = field('kw');
    const dilationH = field('dilationH');
    const dilationW = field('dilationW');
    const xs = code.locals('v128', quads);
    const ys = code.locals('v128', quads);
    const offsets2 = code.locals('v128', quads);
    emitPositions(code, geometry, position, xs, ys);
    for (const [q, offset] of offsets2.entries()) {
      offset.set(i32x4.shl(i32x4.add(i32x4.mul(ys[q], i32x4.splat(w)), xs[q]), Math.log2(bytes)));
    }
    const first = code.local('i32', i32x4.extract_lane(0, offsets2[0]));
    const isRun = code.local('i32', isProgression(code, offsets2, first, bytes));
    const isRun2 = code.local('i32', isProgression(code, offsets2, first, 2 * bytes));
    const height = code.local('v128', i32x4.splat(loadField(code, geometry, 'h')));
    const breadth = code.local('v128', i32x4.splat(w));
    const step = code.local('i32', code.scale(i32.mul(loadField(code, geometry, 'kh'), kw), width * bytes));
    const planes2 = code.local('i32', i32.mul(i32.sub(channels, 1), plane));
    const tensor2 = field('tensor');
    const tensorBytes = field('tensorBytes');
    const [ky, kx, dy, dx, tap, from, to2, left, relative] = code.locals('i32', 9);
    const insideY = code.locals('v128', quads);
    const inside = code.locals('v128', quads);
    const masks = code.locals('v128', 2 * quads);
    const value = code.local('v128');
    const lanesAt = code.locals('i32', width);
    ky.set(loadField(code, geometry, 'kh'));
    repeat(code, ky, () => {
      for (const [q, y] of ys.entries()) insideY[q].set(i32x4.lt_u(i32x4.add(y, i32x4.splat(dy)), height));
      dx.set(0);
      kx.set(kw);
      repeat(code, kx, () => {
        tap.set(code.scale(i32.add(i32.mul(dy, w), dx), bytes));
        for (const [q, ix] of xs.entries()) {
          inside[q].set(v128.and(insideY[q], i32x4.lt_u(i32x4.add(ix, i32x4.splat(dx)), breadth)));
        }
        const mask = laneMasks(code, element2, inside, masks);
        from.set(i32.add(x, i32.add(first, tap)));
        relative.set(i32.sub(from, tensor2));
        to2.set(out);
        left.set(channels);
        const isInTensor = (span) =>
          i32.and(i32.lt_u(relative, tensorBytes), i32.le_u(i32.add(i32.add(relative, planes2), span), tensorBytes));
        const copyVectors = (load3) => {
          repeat(code, left, () => {
            for (let v = 0; v < vectors; v++) v128.store(to2, v128.and(load3(v), mask[v]), 16 * v);
            code.increase(from, plane);
            code.increase(to2, step);
          });
        };
        code.block((done) => {
          code.if(i32.and(isRun, isInTensor(width * bytes)), () => {
            copyVectors((v) => v128.load(from, 16 * v));
            code.br(done);
          });
          code.if(i32.and(isRun2, isInTensor((2 * width - 1) * bytes)), () => {
            copyVectors((v) => loadEverySecond(code, element2, from, 32 * v));
            code.br(done);
          });
          for (const [q, offset] of offsets2.entries()) {
            value.set(v128.and(inside[q], i32x4.add(offset, i32x4.splat(tap))));
            for (let i = 0; i < Math.min(4, width - 4 * q); i++) {
              lanesAt[4 * q + i].set(i32.add(x, i32x4.extract_lane(i, value)));
            }
          }
          repeat(code, left, () => {
            for (let v = 0; v < vectors; v++) {
              loadLanes(code, element2, value, lanesAt.slice(v * lanes, (v + 1) * lanes));
              v128.store(to2, v128.and(value, mask[v]), 16 * v);
            }
            for (const at3 of lanesAt) code.increase(at3, plane);
            code.increase(to2, step);
          });
        });
        code.increase(out, width * bytes);
        code.increase(dx, dilationW);
      });
      code.increase(dy, dilationH);
    });
  });
}
function isProgression(code, offsets2, first, step) {
  const { i32, i32x4 } = code;
  const test = (offset, q) => {
    const lane2 = [0, 1, 2, 3].map((i) => (4 * q + i) * step);
    return i32x4.all_true(i32x4.eq(offset, i32x4.add(i32x4.splat(first), i32x4.const(...lane2))));
  };
  let all2 = test(offsets2[0], 0);
  for (let q = 1; q < offsets2.length; q++) all2 = i32.and(all2, test(offsets2[q], q));
  return all2;
}
function loadEverySecond(code, element2, address, offset) {
  const { v128, i32x4, i64x2 } = code;
  const low = v128.load(address, offset);
  const high = v128.load(address, offset + 16 - element2.bytes);
  return element2.bytes === 4 ? i32x4.shuffle([0, 2, 5, 7], low, high) : i64x2.shuffle([0, 3], low, high);
}
function emitPositions(code, geometry, position, xs, ys) {
  const { i32, i32x4 } = code;
  const field = (name2) => code.local('i32', loadField(code, geometry, name2));
  const ow = field('ow');
  const strideH = field('strideH');
  const strideW = field('strideW');
  const start = code.local('i32', i32.sub(0, loadField(code, geometry, 'padLeft')));
  const column = code.local('i32', i32.rem_u(position, ow));
  const ix = code.local('i32', i32.add(i32.mul(column, strideW), start));
  const iy = code.local('i32', i32.sub(i32.mul(i32.div_u(position, ow), strideH), loadField(code, geometry, 'padTop')));
  for (let i = 0; i < 4 * xs.length; i++) {
    if (i > 0) {
      code.increase(column, 1);
      code.increase(ix, strideW);
      code.if(i32.eq(column, ow), () => {
        column.set(0);
        ix.set(start);
        code.increase(iy, strideH);
      });
    }
    const q = i >> 2;
    xs[q].set(i % 4 === 0 ? i32x4.splat(ix) : i32x4.replace_lane(i % 4, xs[q], ix));
    ys[q].set(i % 4 === 0 ? i32x4.splat(iy) : i32x4.replace_lane(i % 4, ys[q], iy));
  }
}
function laneMasks(code, element2, quads, masks) {
  if (element2.bytes === 4) return quads;
  for (const [q, quad] of quads.entries()) {
    masks[2 * q].set(code.i64x2.extend_low_i32x4_s(quad));
    masks[2 * q + 1].set(code.i64x2.extend_high_i32x4_s(quad));
  }
  return masks;
}
function loadLanes(code, element2, value, at3) {
  const { v128 } = code;
  for (const [lane2, address] of at3.entries()) {
    if (lane2 === 0) value.set(element2.bytes === 4 ? v128.load32_splat(address) : v128.load64_splat(address));
    else {
      value.set(
        element2.bytes === 4 ? v128.load32_lane(lane2, address, value) : v128.load64_lane(lane2, address, value),
      );
    }
  }
}
function emitCopyPadded(code, element2) {
  const { i32, v128 } = code;
  const { bytes } = element2;
  const scalar = scalarOf(code, element2);
  const params = {
    channels: 'i32',
    lines: 'i32',
    columns: 'i32',
    from: 'i32',
    plane: 'i32',
    y: 'i32',
    x: 'i32',
    h: 'i32',
    w: 'i32',
    to: 'i32',
    toPlane: 'i32',
  };
  return code.func('copyPadded', params, [], (all2) => {
    const { channels, lines, columns, from, plane, y, x, h, w, to: to2, toPlane } = all2;
    const [left, line2, at3, source2, low, high, end] = code.locals('i32', 7);
    const zero2 = code.local('i32', 0);
    const none = code.local(element2.type);
    low.set(i32.sub(0, x));
    low.set(code.select(low, zero2, i32.gt_s(low, 0)));
    low.set(code.least(low, columns));
    high.set(i32.sub(w, x));
    high.set(code.select(high, columns, i32.lt_s(high, columns)));
    high.set(code.select(high, low, i32.gt_s(high, low)));
    repeat(code, channels, () => {
      at3.set(to2);
      line2.set(y);
      left.set(lines);
      repeat(code, left, () => {
        const zeroUntil = (stop) => {
          end.set(stop);
          code.whileLess(at3, end, () => {
            scalar.store(at3, none);
            code.increase(at3, bytes);
          });
        };
        const start = code.local('i32', at3);
        code.if(i32.lt_u(line2, h), () => {
          zeroUntil(code.index(start, low, bytes));
          source2.set(code.index(from, i32.add(i32.mul(line2, w), i32.add(x, low)), bytes));
          end.set(code.index(at3, i32.and(i32.sub(high, low), -element2.lanes), bytes));
          code.whileLess(at3, end, () => {
            v128.store(at3, v128.load(source2));
            code.increase(at3, 16);
            code.increase(source2, 16);
          });
          end.set(code.index(start, high, bytes));
          code.whileLess(at3, end, () => {
            scalar.store(at3, scalar.load(source2));
            code.increase(at3, bytes);
            code.increase(source2, bytes);
          });
        });
        zeroUntil(code.index(start, columns, bytes));
        code.increase(line2, 1);
      });
      code.increase(from, plane);
      code.increase(to2, toPlane);
    });
  });
}
function emitPackTaps(code, tiles, { packs }) {
  const { i32 } = code;
  const { element: element2, widths } = tiles;
  const [width] = widths;
  const panels = widths.map((narrow3) => emitPackTapPanel(code, element2, narrow3, packs.get(narrow3).packRows));
  const params = {
    taps: 'i32',
    lines: 'i32',
    k: 'i32',
    table: 'i32',
    base: 'i32',
    lineStep: 'i32',
    kStep: 'i32',
    out: 'i32',
    room: 'i32',
    done: 'i32',
  };
  return code.func(
    'packTaps',
    params,
    [],
    ({ taps: taps2, lines, k, table, base, lineStep, kStep, out, room: room2, done }) => {
      const to2 = (narrow3) => i32.add(out, i32.mul(done, narrow3 * element2.bytes));
      code.while(
        () => i32.ge_u(taps2, width),
        () => {
          code.call(panels[0], table, lines, k, base, lineStep, kStep, to2(width));
          code.increase(table, 4 * width);
          code.increase(out, i32.mul(room2, width * element2.bytes));
          code.decrease(taps2, width);
        },
      );
      for (const [i, panel] of panels.entries()) {
        code.if(i32.gt_u(taps2, widths[i + 1] ?? 0), () => {
          code.call(panel, table, lines, k, base, lineStep, kStep, to2(widths[i]));
          code.return();
        });
      }
    },
  );
}
function emitPackTapPanel(code, element2, width, packRows) {
  const { i32 } = code;
  const params = {
    table: 'i32',
    lines: 'i32',
    k: 'i32',
    base: 'i32',
    lineStep: 'i32',
    kStep: 'i32',
    out: 'i32',
  };
  return code.func(`packTapPanel_${width}`, params, [], ({ table, lines, k, base, lineStep, kStep, out }) => {
    const rows2 = Array.from({ length: width }, (_, i) => code.local('i32', i32.add(base, i32.load(table, 4 * i))));
    const lineBytes = code.local('i32', i32.mul(k, width * element2.bytes));
    repeat(code, lines, () => {
      code.call(packRows, k, kStep, out, ...rows2);
      for (const row of rows2) code.increase(row, lineStep);
      code.increase(out, lineBytes);
    });
  });
}

// packages/core/src/wasm/kernels/conv-direct.ts
var BLOCK_BYTES = 16384;
var CHANNELS = [2, 1];
var VECTORS = [4, 2, 1];
function directPlan(c) {
  const tiles = tilesFor(c.dtype, features());
  const { bytes, lanes } = tiles.element;
  const padColumns = (c.ow - 1) * c.strideW + (c.kw - 1) * c.dilationW + 1;
  const lineBytes = (c.cin / c.groups) * padColumns * bytes;
  const reach = (c.kh - 1) * c.dilationH + 1;
  const most = Math.max(1, Math.floor((BLOCK_BYTES / lineBytes - reach) / c.strideH) + 1);
  const lineBlock = evenBlock(c.oh, most, 1);
  const padLines = (lineBlock - 1) * c.strideH + reach;
  const padAt = 64;
  const slack = VECTORS[0] * lanes * c.strideW * bytes;
  const scratchBytes = align(padAt + lineBytes * padLines + slack);
  return { tiles, lineBlock, padLines, padColumns, padAt, scratchBytes };
}
function directCycles(c) {
  const rows2 = c.cout / c.groups;
  const channels = c.cin / c.groups;
  const k = channels * c.kh * c.kw;
  const { tiles, lineBlock, padLines, padColumns } = directPlan(c);
  const { lanes } = tiles.element;
  const wide = Math.floor(c.ow / (4 * lanes));
  const rest = c.ow - wide * 4 * lanes;
  const runs = wide + Math.floor(rest / (2 * lanes)) + Math.ceil((rest % (2 * lanes)) / lanes);
  const stride = c.strideW === 1 ? 1 : c.strideW === 2 ? 1.3 : 3;
  const pair = k * stride * (5 * wide + 4 * (runs - wide)) + 8 * runs;
  const single2 = k * stride * 4 * runs + 8 * runs;
  const copied = channels * Math.ceil(c.oh / lineBlock) * padLines * (15 + 0.4 * padColumns);
  return c.oh * (Math.floor(rows2 / 2) * pair + (rows2 % 2) * single2) + copied;
}
function productCycles(c) {
  const { lanes } = tilesFor(c.dtype, features()).element;
  const rows2 = Math.max(4, c.cout / c.groups);
  const k = (c.cin / c.groups) * c.kh * c.kw;
  return (4 / lanes) * c.oh * c.ow * (k * (rows2 / 8 + 0.75) + 12 + rows2);
}
function prefersDirect(c) {
  return c.kh * c.kw * c.cin * c.oh * c.ow > 0 && directCycles(c) < productCycles(c);
}
function directLaunch(c, pointers) {
  const plan = directPlan(c);
  const { tiles } = plan;
  const lineTasks = Math.ceil(c.oh / plan.lineBlock);
  const stride = c.strideW <= 2 ? c.strideW : 0;
  const args = {
    ...pointers,
    groups: c.groups,
    rows: c.cout / c.groups,
    channels: c.cin / c.groups,
    lineTasks,
    lineBlock: plan.lineBlock,
    h: c.h,
    w: c.w,
    oh: c.oh,
    ow: c.ow,
    kh: c.kh,
    kw: c.kw,
    strideH: c.strideH,
    strideW: c.strideW,
    padTop: c.padTop,
    padLeft: c.padLeft,
    dilationH: c.dilationH,
    dilationW: c.dilationW,
    padLines: plan.padLines,
    padColumns: plan.padColumns,
    padAt: plan.padAt,
  };
  return {
    name: `${tiles.element.type}_conv_direct_s${stride === 0 ? 'n' : stride}__${tiles.fma ? 'fma' : 'simd'}`,
    emit: EMITTERS[tiles.element.dtype][stride],
    entry: 'convDirect',
    args: taskArgs(DIRECT, args),
    tasks: c.n * c.groups * lineTasks,
    scratchBytes: plan.scratchBytes,
  };
}
var emittersFor = (dtype) =>
  [0, 1, 2].map((stride) => (code, target) => emitConvDirect(code, tilesFor(dtype, target), stride));
var EMITTERS = { float32: emittersFor('float32'), float64: emittersFor('float64') };
var LINES = {
  lines: 'i32',
  columns: 'i32',
  image: 'i32',
  imagePlane: 'i32',
  channels: 'i32',
  kh: 'i32',
  kw: 'i32',
  dilationLine: 'i32',
  dilationStep: 'i32',
  strideLine: 'i32',
  strideStep: 'i32',
  weights: 'i32',
  bias: 'i32',
  out: 'i32',
  outPlane: 'i32',
  tile: 'i32',
};
function emitDirect(code, tiles, stride, rows2) {
  const { i32 } = code;
  const { bytes, lanes } = tiles.element;
  return code.func(`direct_${rows2}`, LINES, [], (params) => {
    const { lines, columns, image, strideLine, strideStep, out } = params;
    const [left, from] = code.locals('i32', 2);
    const state = tileLocals(code, rows2);
    repeat(code, lines, () => {
      left.set(columns);
      from.set(image);
      for (const vectors of VECTORS) {
        code.while(
          () => (vectors === 1 ? i32.gt_s(left, 0) : i32.ge_s(left, vectors * lanes)),
          () => {
            emitTile(code, tiles, stride, rows2, vectors, params, state, from, left);
            code.increase(from, i32.mul(strideStep, vectors * lanes));
            code.increase(out, vectors * lanes * bytes);
            code.decrease(left, vectors * lanes);
          },
        );
      }
      code.increase(out, code.scale(left, bytes));
      code.increase(image, strideLine);
    });
  });
}
function tileLocals(code, rows2) {
  return {
    acc: Array.from({ length: rows2 }, () => code.locals('v128', VECTORS[0])),
    pixels: code.locals('v128', VECTORS[0]),
    weight: code.local('v128'),
    i32s: code.locals('i32', 16),
  };
}
function emitTile(code, tiles, stride, rows2, vectors, params, state, from, left) {
  const { i32, v128 } = code;
  const { element: element2, fma } = tiles;
  const { bytes, lanes } = element2;
  const { imagePlane, channels, kh, kw, dilationLine, dilationStep, strideStep } = params;
  const { weights, bias, out, outPlane, tile: tile2 } = params;
  const { pixels, weight } = state;
  const [c, ky, kx, plane, line2, pixel, at3, w0, w1, ...addresses] = state.i32s;
  const taps2 = [w0, w1].slice(0, rows2);
  const acc = state.acc.map((row) => row.slice(0, vectors));
  for (const [r, row] of acc.entries()) {
    for (const sum3 of row) sum3.set(bytes === 4 ? code.f32x4.const(0) : code.f64x2.const(0));
    code.if(bias, () => {
      for (const sum3 of row) sum3.set(loadSplat(code, element2, bias, r * bytes));
    });
  }
  w0.set(weights);
  if (rows2 === 2) w1.set(i32.add(weights, weightBytes(code, params, bytes)));
  plane.set(from);
  c.set(channels);
  repeat(code, c, () => {
    line2.set(plane);
    ky.set(kh);
    repeat(code, ky, () => {
      pixel.set(line2);
      kx.set(kw);
      repeat(code, kx, () => {
        for (let v = 0; v < vectors; v++) {
          if (stride === 1) pixels[v].set(v128.load(pixel, 16 * v));
          else if (stride === 2) pixels[v].set(loadEverySecond(code, element2, pixel, 32 * v));
          else {
            const own = addresses.slice(0, lanes);
            if (v === 0) at3.set(pixel);
            for (const address of own) {
              address.set(at3);
              code.increase(at3, strideStep);
            }
            loadLanes(code, element2, pixels[v], own);
          }
        }
        for (const [r, row] of acc.entries()) {
          weight.set(loadSplat(code, element2, taps2[r]));
          for (const [v, sum3] of row.entries()) multiplyAdd(code, element2, fma, sum3, weight, pixels[v]);
          code.increase(taps2[r], bytes);
        }
        code.increase(pixel, dilationStep);
      });
      code.increase(line2, dilationLine);
    });
    code.increase(plane, imagePlane);
  });
  const store4 = () => {
    at3.set(out);
    for (const [r, row] of acc.entries()) {
      if (r > 0) code.increase(at3, outPlane);
      for (const [v, sum3] of row.entries()) v128.store(at3, sum3, 16 * v);
    }
  };
  if (vectors > 1) store4();
  else {
    code.if(i32.ge_s(left, lanes), store4, () => {
      const scalar = scalarOf(code, element2);
      at3.set(out);
      for (const [r, row] of acc.entries()) {
        if (r > 0) code.increase(at3, outPlane);
        v128.store(tile2, row[0]);
        for (let i = 0; i < lanes - 1; i++) {
          code.if(i32.gt_s(left, i), () => scalar.store(at3, scalar.load(tile2, i * bytes), i * bytes));
        }
      }
    });
  }
}
function weightBytes(code, { channels, kh, kw }, bytes) {
  return code.scale(code.i32.mul(code.i32.mul(channels, kh), kw), bytes);
}
var DIRECT = {
  task: 'i32',
  scratch: 'i32',
  x: 'i32',
  weights: 'i32',
  bias: 'i32',
  out: 'i32',
  groups: 'i32',
  rows: 'i32',
  channels: 'i32',
  lineTasks: 'i32',
  lineBlock: 'i32',
  h: 'i32',
  w: 'i32',
  oh: 'i32',
  ow: 'i32',
  kh: 'i32',
  kw: 'i32',
  strideH: 'i32',
  strideW: 'i32',
  padTop: 'i32',
  padLeft: 'i32',
  dilationH: 'i32',
  dilationW: 'i32',
  padLines: 'i32',
  padColumns: 'i32',
  padAt: 'i32',
};
function emitConvDirect(code, tiles, stride) {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const copyPadded = emitCopyPadded(code, tiles.element);
  const directs = CHANNELS.map((rows2) => emitDirect(code, tiles, stride, rows2));
  code.export('convDirect', DIRECT, [], (params) => {
    const {
      task,
      scratch: scratch3,
      x,
      weights,
      bias,
      out,
      groups,
      rows: rows2,
      channels,
      lineTasks,
      lineBlock,
      h,
      w,
      oh,
      ow,
    } = params;
    const { kh, kw, strideH, strideW, padTop, padLeft, dilationH, dilationW, padLines, padColumns, padAt } = params;
    const line2 = code.local('i32', i32.mul(i32.rem_u(task, lineTasks), lineBlock));
    task.set(i32.div_u(task, lineTasks));
    const group = code.local('i32', i32.rem_u(task, groups));
    const lines = code.local('i32', i32.sub(oh, line2));
    lines.set(code.least(lines, lineBlock));
    const pad2 = code.local('i32', i32.add(scratch3, padAt));
    const plane = code.local('i32', code.scale(i32.mul(h, w), bytes));
    const padLine = code.local('i32', code.scale(padColumns, bytes));
    const padPlane = code.local('i32', i32.mul(padLine, padLines));
    const source2 = code.local('i32', i32.add(x, i32.mul(i32.mul(task, channels), plane)));
    const needed = code.local('i32', i32.mul(i32.sub(lines, 1), strideH));
    code.increase(needed, i32.add(i32.mul(i32.sub(kh, 1), dilationH), 1));
    const top = code.local('i32', i32.sub(i32.mul(line2, strideH), padTop));
    const left = code.local('i32', i32.sub(0, padLeft));
    code.call(copyPadded, channels, needed, padColumns, source2, plane, top, left, h, w, pad2, padPlane);
    const outPlane = code.local('i32', code.scale(i32.mul(oh, ow), bytes));
    const target = code.local('i32', i32.add(out, i32.mul(i32.mul(task, rows2), outPlane)));
    code.increase(target, code.scale(i32.mul(line2, ow), bytes));
    const size = code.local('i32', code.scale(i32.mul(i32.mul(channels, kh), kw), bytes));
    const taps2 = code.local('i32', i32.add(weights, i32.mul(i32.mul(group, rows2), size)));
    code.if(bias, () => code.increase(bias, code.scale(i32.mul(group, rows2), bytes)));
    const dilationLine = code.local('i32', i32.mul(dilationH, padLine));
    const dilationStep = code.local('i32', code.scale(dilationW, bytes));
    const strideLine = code.local('i32', i32.mul(strideH, padLine));
    const strideStep = code.local('i32', code.scale(strideW, bytes));
    for (const [i, direct] of directs.entries()) {
      code.while(
        () => i32.ge_s(rows2, CHANNELS[i]),
        () => {
          const image = [pad2, padPlane, channels, kh, kw, dilationLine, dilationStep, strideLine, strideStep];
          code.call(direct, lines, ow, ...image, taps2, bias, target, outPlane, scratch3);
          code.increase(target, i32.mul(outPlane, CHANNELS[i]));
          code.increase(taps2, i32.mul(size, CHANNELS[i]));
          code.if(bias, () => code.increase(bias, CHANNELS[i] * bytes));
          code.decrease(rows2, CHANNELS[i]);
        },
      );
    }
  });
}

// packages/core/src/wasm/kernels/gemm-pack.ts
function emitPack(code, element2, width) {
  const packRows = emitPackRows(code, element2, width);
  return { packRows, pack: emitPackPanel(code, element2, width, packRows) };
}
function emitPackRows(code, element2, width) {
  const { i32 } = code;
  const { bytes, lanes } = element2;
  const names = Array.from({ length: width }, (_, i) => `p${i}`);
  const params = { k: 'i32', kStep: 'i32', out: 'i32' };
  for (const name2 of names) params[name2] = 'i32';
  return code.func(`packRows_${width}`, params, [], (all2) => {
    const { k, kStep, out } = all2;
    const rows2 = names.map((name2) => all2[name2]);
    const scalar = scalarOf(code, element2);
    const count2 = code.local('i32');
    const left = code.local('i32', k);
    const advance = (by, groups) => {
      for (const row of rows2) code.increase(row, by);
      code.increase(out, groups * width * bytes);
    };
    code.if(i32.eq(kStep, bytes), () => {
      code.if(count2.tee(i32.shr_u(k, Math.log2(lanes))), () => {
        const vectors = code.locals('v128', 4);
        repeat(code, count2, () => {
          for (let first = 0; first < width; first += lanes) {
            transpose(code, element2, rows2.slice(first, first + lanes), vectors, out, width, first);
          }
          advance(16, lanes);
        });
      });
      left.set(i32.and(k, lanes - 1));
    });
    code.if(left, () => {
      repeat(code, left, () => {
        for (const [i, row] of rows2.entries()) scalar.store(out, scalar.load(row), i * bytes);
        advance(kStep, 1);
      });
    });
  });
}
function transpose(code, element2, rows2, v, out, width, first) {
  const { v128, i32x4, i64x2 } = code;
  const { bytes } = element2;
  const at3 = (p) => (p * width + first) * bytes;
  const [v0, v1, v2, v3] = v;
  for (const [i, row] of rows2.entries()) v[i].set(v128.load(row));
  if (element2.lanes === 2) {
    v128.store(out, i64x2.shuffle([0, 2], v0, v1), at3(0));
    v128.store(out, i64x2.shuffle([1, 3], v0, v1), at3(1));
    return;
  }
  const low = [0, 4, 1, 5];
  const high = [2, 6, 3, 7];
  if (rows2.length === 2) {
    v2.set(i32x4.shuffle(low, v0, v1));
    v3.set(i32x4.shuffle(high, v0, v1));
    for (let p = 0; p < 4; p++) v128.store64_lane(p & 1, out, p < 2 ? v2 : v3, at3(p));
    return;
  }
  const high01 = i32x4.shuffle(high, v0, v1);
  v0.set(i32x4.shuffle(low, v0, v1));
  v1.set(high01);
  const high23 = i32x4.shuffle(high, v2, v3);
  v2.set(i32x4.shuffle(low, v2, v3));
  v3.set(high23);
  v128.store(out, i64x2.shuffle([0, 2], v0, v2), at3(0));
  v128.store(out, i64x2.shuffle([1, 3], v0, v2), at3(1));
  v128.store(out, i64x2.shuffle([0, 2], v1, v3), at3(2));
  v128.store(out, i64x2.shuffle([1, 3], v1, v3), at3(3));
}
function emitPackPanel(code, element2, width, packRows) {
  const { i32, v128 } = code;
  const { bytes } = element2;
  const params = { k: 'i32', count: 'i32', from: 'i32', step: 'i32', kStep: 'i32', out: 'i32' };
  return code.func(`pack_${width}`, params, [], ({ k, count: count2, from, step, kStep, out }) => {
    const contiguous2 = i32.and(i32.eq(step, bytes), i32.eq(count2, width));
    code.if(
      i32.and(contiguous2, i32.ne(k, 0)),
      () => {
        repeat(code, k, () => {
          for (let at3 = 0; at3 < width * bytes; at3 += 16) {
            if (width * bytes - at3 >= 16) v128.store(out, v128.load(from, at3), at3);
            else v128.store64_lane(0, out, v128.load64_zero(from, at3), at3);
          }
          code.increase(from, kStep);
          code.increase(out, width * bytes);
        });
      },
      () => {
        const last = code.local('i32', i32.sub(count2, 1));
        const rows2 = Array.from({ length: width }, (_, i) => {
          if (i === 0) return from;
          return code.local('i32', i32.add(from, i32.mul(code.least(i, last), step)));
        });
        code.call(packRows, k, kStep, out, ...rows2);
      },
    );
  });
}

// packages/core/src/wasm/kernels/gemm-macro.ts
function tallPanels(tiles, rows2) {
  const [main, small2] = tiles.heights;
  if (small2 === void 0) return Math.ceil(rows2 / main);
  const panels = Math.floor(rows2 / main);
  const rest = rows2 % main;
  if (rest === 0) return panels;
  if (rest > small2) return panels + 1;
  return rest <= 2 * small2 - main && panels > 0 ? panels - 1 : panels;
}
function paddedRows(tiles, rows2) {
  const [main, small2] = tiles.heights;
  const panels = tallPanels(tiles, rows2);
  const rest = Math.max(0, rows2 - panels * main);
  return panels * main + (small2 === void 0 ? 0 : Math.ceil(rest / small2) * small2);
}
function emitMacro(code, tiles) {
  const { element: element2, heights, widths, fma } = tiles;
  const packs = /* @__PURE__ */ new Map();
  for (const width of /* @__PURE__ */ new Set([...heights, ...widths]))
    packs.set(width, emitPack(code, element2, width));
  const tall = emitTall(code, tiles);
  const copyTile = emitCopyTile(code, tiles);
  const sweeps = widths.map((width) => {
    const micros = heights.map((height) => emitMicro(code, element2, fma, height, width));
    return emitSweepWidth(code, tiles, width, micros, copyTile, tall);
  });
  return { packs, tall, copyTile, packA: emitPackA(code, tiles, packs, tall), sweep: emitSweep(code, tiles, sweeps) };
}
function emitTall(code, tiles) {
  const { i32 } = code;
  const [main, small2] = tiles.heights;
  return code.func('tall', { rows: 'i32' }, ['i32'], ({ rows: rows2 }) => {
    if (small2 === void 0) {
      i32.div_u(i32.add(rows2, main - 1), main);
      return;
    }
    const panels = code.local('i32', i32.div_u(rows2, main));
    const rest = code.local('i32', i32.rem_u(rows2, main));
    code.if(i32.gt_u(rest, small2), () => code.increase(panels, 1));
    const spare = i32.and(i32.le_u(i32.sub(rest, 1), 2 * small2 - main - 1), i32.ne(panels, 0));
    code.if(spare, () => code.decrease(panels, 1));
    panels.get();
  });
}
function forPanels(code, tiles, tall, rows2, body) {
  const { i32 } = code;
  const [main, small2] = tiles.heights;
  const panels = code.local('i32');
  code.if(panels.tee(code.call(tall, rows2)), () => {
    repeat(code, panels, () => {
      body(main);
      code.decrease(rows2, main);
    });
  });
  if (small2 === void 0) return;
  code.while(
    () => i32.gt_s(rows2, 0),
    () => {
      body(small2);
      code.decrease(rows2, small2);
    },
  );
}
function emitPackA(code, tiles, packs, tall) {
  const { i32 } = code;
  const params = {
    rows: 'i32',
    k: 'i32',
    a: 'i32',
    aRow: 'i32',
    aCol: 'i32',
    out: 'i32',
    room: 'i32',
    done: 'i32',
  };
  return code.func('packA', params, [], ({ rows: rows2, k, a, aRow, aCol, out, room: room2, done }) => {
    forPanels(code, tiles, tall, rows2, (height) => {
      const part = code.least(rows2, height);
      const to2 = i32.add(out, i32.mul(done, height * tiles.element.bytes));
      code.call(packs.get(height).pack, k, part, a, aRow, aCol, to2);
      code.increase(a, i32.mul(aRow, height));
      code.increase(out, i32.mul(room2, height * tiles.element.bytes));
    });
  });
}
function emitCopyTile(code, tiles) {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const scalar = scalarOf(code, tiles.element);
  const params = { rows: 'i32', columns: 'i32', from: 'i32', fromStride: 'i32', to: 'i32', toStride: 'i32' };
  return code.func('copyTile', params, [], ({ rows: rows2, columns, from, fromStride, to: to2, toStride }) => {
    const at3 = code.local('i32');
    const end = code.local('i32', code.scale(columns, bytes));
    repeat(code, rows2, () => {
      code.forRange(at3, 0, end, bytes, () => scalar.store(i32.add(to2, at3), scalar.load(i32.add(from, at3))));
      code.increase(from, fromStride);
      code.increase(to2, toStride);
    });
  });
}
var SWEEP = {
  columns: 'i32',
  rows: 'i32',
  k: 'i32',
  a: 'i32',
  b: 'i32',
  bRow: 'i32',
  c: 'i32',
  cRow: 'i32',
  init: 'i32',
  initRow: 'i32',
  initIsC: 'i32',
  tile: 'i32',
};
function emitSweepWidth(code, tiles, width, micros, copy2, tall) {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const tileRow = width * bytes;
  return code.func(`sweep_${width}`, SWEEP, [], (params) => {
    const { columns, rows: rows2, k, a, b, bRow, c, cRow, init, initRow, initIsC, tile: tile2 } = params;
    const part = code.local('i32');
    forPanels(code, tiles, tall, rows2, (height) => {
      const micro = micros[tiles.heights.indexOf(height)];
      code.if(
        i32.and(i32.eq(columns, width), i32.ge_u(rows2, height)),
        () => code.call(micro, k, a, b, bRow, c, cRow, init, initRow),
        () => {
          part.set(code.least(rows2, height));
          code.if(
            initIsC,
            () => {
              code.call(copy2, part, columns, c, cRow, tile2, tileRow);
              code.call(micro, k, a, b, bRow, tile2, tileRow, tile2, tileRow);
            },
            () => code.call(micro, k, a, b, bRow, tile2, tileRow, init, initRow),
          );
          code.call(copy2, part, columns, tile2, tileRow, c, cRow);
        },
      );
      code.increase(a, i32.mul(k, height * bytes));
      code.increase(c, i32.mul(cRow, height));
      code.increase(init, i32.mul(initRow, height));
    });
  });
}
function emitSweep(code, tiles, sweeps) {
  return code.func('sweep', SWEEP, [], (params) => {
    const all2 = Object.values(params);
    for (const [i, sweep2] of sweeps.entries()) {
      if (i === sweeps.length - 1) code.call(sweep2, ...all2);
      else {
        code.if(code.i32.gt_u(params.columns, tiles.widths[i + 1]), () => {
          code.call(sweep2, ...all2);
          code.return();
        });
      }
    }
  });
}
var FROM_ZERO = 0;
var FROM_C = 1;
var FROM_COLUMN_BIAS = 2;
var FROM_ROW_BIAS = 3;
var COLUMNS = {
  columns: 'i32',
  rows: 'i32',
  k: 'i32',
  a: 'i32',
  b: 'i32',
  bRow: 'i32',
  bStep: 'i32',
  c: 'i32',
  cRow: 'i32',
  from: 'i32',
  init: 'i32',
  tile: 'i32',
};
function emitColumns(code, tiles, { sweep: sweep2 }) {
  const { i32 } = code;
  const { bytes, lanes } = tiles.element;
  const [width] = tiles.widths;
  return code.func('columns', COLUMNS, [], (params) => {
    const { columns, rows: rows2, k, a, b, bRow, bStep, c, cRow, from, init, tile: tile2 } = params;
    const zero2 = code.local('i32', 0);
    const wide = code.local('i32', width * bytes);
    const initRow = code.local('i32', code.select(wide, zero2, i32.eq(from, FROM_ROW_BIAS)));
    const initStep = code.local('i32', code.select(wide, zero2, i32.eq(from, FROM_COLUMN_BIAS)));
    const part = code.local('i32');
    const packedRow = code.local('i32');
    const bRowNow = code.local('i32');
    code.while(
      () => i32.gt_s(columns, 0),
      () => {
        part.set(code.least(columns, width));
        packedRow.set(code.scale(i32.and(i32.add(part, lanes - 1), -lanes), bytes));
        bRowNow.set(code.select(bRow, packedRow, bRow));
        code.if(
          i32.eq(from, FROM_C),
          () => code.call(sweep2, part, rows2, k, a, b, bRowNow, c, cRow, c, cRow, 1, tile2),
          () => code.call(sweep2, part, rows2, k, a, b, bRowNow, c, cRow, init, initRow, 0, tile2),
        );
        code.increase(b, bStep);
        code.increase(c, wide);
        code.increase(init, initStep);
        code.decrease(columns, width);
      },
    );
  });
}
function emitPackB(code, tiles, { packs }) {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const [width] = tiles.widths;
  const params = { columns: 'i32', k: 'i32', b: 'i32', bRow: 'i32', bColumn: 'i32', out: 'i32' };
  return code.func('packB', params, [], ({ columns, k, b, bRow, bColumn, out }) => {
    code.while(
      () => i32.ge_u(columns, width),
      () => {
        code.call(packs.get(width).pack, k, width, b, bColumn, bRow, out);
        code.increase(b, i32.mul(bColumn, width));
        code.increase(out, i32.mul(k, width * bytes));
        code.decrease(columns, width);
      },
    );
    for (const [i, narrow3] of tiles.widths.entries()) {
      code.if(i32.gt_u(columns, tiles.widths[i + 1] ?? 0), () => {
        code.call(packs.get(narrow3).pack, k, columns, b, bColumn, bRow, out);
        code.return();
      });
    }
  });
}
function emitExpand(code, tiles) {
  const { v128 } = code;
  const { bytes, lanes } = tiles.element;
  const vectors = tiles.widths[0] / lanes;
  return code.func('expand', { count: 'i32', from: 'i32', out: 'i32' }, [], ({ count: count2, from, out }) => {
    const value = code.local('v128');
    repeat(code, count2, () => {
      value.set(loadSplat(code, tiles.element, from));
      for (let j = 0; j < vectors; j++) v128.store(out, value, 16 * j);
      code.increase(from, bytes);
      code.increase(out, 16 * vectors);
    });
  });
}

// packages/core/src/wasm/kernels/winograd-transforms.ts
var TILE = 4;
var REACH = TILE + 2;
var POINTS = REACH * REACH;
var A = Math.SQRT1_2;
var B = Math.SQRT2;
function products(code, fma) {
  const { f32x4 } = code;
  return {
    plus: (a, x, y) => (fma ? f32x4.relaxed_madd(a, x, y) : f32x4.add(y, f32x4.mul(a, x))),
    minus: (a, x, y) => (fma ? f32x4.relaxed_nmadd(a, x, y) : f32x4.sub(y, f32x4.mul(a, x))),
  };
}
function constants(code, values) {
  const entries = Object.entries(values).map(([name2, value]) => [name2, code.local('v128', code.f32x4.const(value))]);
  return Object.fromEntries(entries);
}
var into = (locals) => (i, value) => locals[i].set(value);
function inputTransform(code, fma) {
  const { f32x4 } = code;
  const { plus, minus } = products(code, fma);
  const k = constants(code, { half: 0.5, two: 2, fiveHalves: 2.5, a: A, b: B });
  const even = code.local('v128');
  const odd = code.local('v128');
  return (d, sink) => {
    const pair = (square2, root, i) => {
      even.set(minus(square2, d[2], d[4]));
      odd.set(minus(square2, d[1], d[3]));
      sink(i, plus(root, odd, even));
      sink(i + 1, minus(root, odd, even));
    };
    sink(0, minus(k.fiveHalves, d[2], f32x4.add(d[0], d[4])));
    pair(k.two, k.a, 1);
    pair(k.half, k.b, 3);
    sink(5, minus(k.fiveHalves, d[3], f32x4.add(d[1], d[5])));
  };
}
function weightTransform(code, fma) {
  const { f32x4 } = code;
  const { plus, minus } = products(code, fma);
  const k = constants(code, { half: 0.5, two: 2, outer: -2 / 3, inner: 1 / 6, a: (-2 / 3) * A, b: (1 / 6) * B });
  const even = code.local('v128');
  return (g, sink) => {
    const pair = (square2, scale2, root, i) => {
      even.set(f32x4.mul(scale2, plus(square2, g[2], g[0])));
      sink(i, plus(root, g[1], even));
      sink(i + 1, minus(root, g[1], even));
    };
    sink(0, g[0].get());
    pair(k.half, k.outer, k.a, 1);
    pair(k.two, k.inner, k.b, 3);
    sink(5, g[2].get());
  };
}
function outputTransform(code, fma) {
  const { f32x4 } = code;
  const { plus } = products(code, fma);
  const k = constants(code, { half: 0.5, two: 2, a: A, b: B, aCubed: A / 2, bCubed: 2 * B });
  const [sumA, sumB, differenceA, differenceB] = code.locals('v128', 4);
  return (m, sink) => {
    sumA.set(f32x4.add(m[1], m[2]));
    sumB.set(f32x4.add(m[3], m[4]));
    differenceA.set(f32x4.sub(m[1], m[2]));
    differenceB.set(f32x4.sub(m[3], m[4]));
    sink(0, f32x4.add(m[0], f32x4.add(sumA, sumB)));
    sink(1, plus(k.a, differenceA, f32x4.mul(k.b, differenceB)));
    sink(2, plus(k.half, sumA, f32x4.mul(k.two, sumB)));
    sink(3, plus(k.aCubed, differenceA, plus(k.bCubed, differenceB, m[5])));
  };
}
function transpose2(code, v, sink) {
  const { i32x4, i64x2 } = code;
  const [low01, low23, high01, high23] = code.locals('v128', 4);
  low01.set(i32x4.shuffle([0, 4, 1, 5], v[0], v[1]));
  low23.set(i32x4.shuffle([0, 4, 1, 5], v[2], v[3]));
  high01.set(i32x4.shuffle([2, 6, 3, 7], v[0], v[1]));
  high23.set(i32x4.shuffle([2, 6, 3, 7], v[2], v[3]));
  sink(0, i64x2.shuffle([0, 2], low01, low23));
  sink(1, i64x2.shuffle([1, 3], low01, low23));
  sink(2, i64x2.shuffle([0, 2], high01, high23));
  sink(3, i64x2.shuffle([1, 3], high01, high23));
}
function grid(code, columns, rows2) {
  return Array.from({ length: columns }, () => code.locals('v128', rows2));
}
var storing = (code, out, step) => (_, value) => {
  code.v128.store(out, value);
  code.increase(out, step);
};
function emitInputTiles(code, fma) {
  const { v128, i32x4, i64x2 } = code;
  const params = { p0: 'i32', p1: 'i32', p2: 'i32', p3: 'i32', row: 'i32', out: 'i32', step: 'i32' };
  return code.func('inputTiles', params, [], ({ p0, p1, p2, p3, row, out, step }) => {
    const transform = inputTransform(code, fma);
    const columns = grid(code, REACH, REACH);
    const line2 = code.locals('v128', REACH);
    const loaded = code.locals('v128', 4);
    const pointers = [p0, p1, p2, p3];
    for (let y = 0; y < REACH; y++) {
      for (const [i, p] of pointers.entries()) loaded[i].set(v128.load(p));
      transpose2(code, loaded, into(line2));
      for (const [i, p] of pointers.entries()) loaded[i].set(v128.load(p, 8));
      loaded[0].set(i32x4.shuffle([2, 6, 3, 7], loaded[0], loaded[1]));
      loaded[2].set(i32x4.shuffle([2, 6, 3, 7], loaded[2], loaded[3]));
      line2[4].set(i64x2.shuffle([0, 2], loaded[0], loaded[2]));
      line2[5].set(i64x2.shuffle([1, 3], loaded[0], loaded[2]));
      transform(line2, (i, value) => columns[i][y].set(value));
      if (y < REACH - 1) for (const p of pointers) code.increase(p, row);
    }
    for (const column of columns) transform(column, storing(code, out, step));
  });
}
function emitWeightTiles(code, fma) {
  const { v128 } = code;
  const params = { p0: 'i32', p1: 'i32', p2: 'i32', p3: 'i32', flip: 'i32', out: 'i32', step: 'i32' };
  return code.func('weightTiles', params, [], ({ p0, p1, p2, p3, flip: flip3, out, step }) => {
    const transform = weightTransform(code, fma);
    const pointers = [p0, p1, p2, p3];
    const taps2 = code.locals('v128', 9);
    const loaded = code.locals('v128', 4);
    for (const first of [0, 4]) {
      for (const [i, p] of pointers.entries()) loaded[i].set(v128.load(p, 4 * first));
      transpose2(code, loaded, into(taps2.slice(first)));
    }
    taps2[8].set(v128.load32_zero(p0, 32));
    for (const lane2 of [1, 2, 3]) taps2[8].set(v128.load32_lane(lane2, pointers[lane2], taps2[8], 32));
    code.if(flip3, () => {
      const [kept] = loaded;
      for (let i = 0; i < 4; i++) {
        kept.set(taps2[i]);
        taps2[i].set(taps2[8 - i]);
        taps2[8 - i].set(kept);
      }
    });
    const columns = grid(code, REACH, 3);
    for (let y = 0; y < 3; y++) transform(taps2.slice(3 * y, 3 * y + 3), (i, value) => columns[i][y].set(value));
    for (const column of columns) transform(column, storing(code, out, step));
  });
}
function emitOutputTiles(code, fma) {
  const { v128, f32x4 } = code;
  const params = {
    from: 'i32',
    step: 'i32',
    bias: 'f32',
    p0: 'i32',
    p1: 'i32',
    p2: 'i32',
    p3: 'i32',
    r0: 'i32',
    r1: 'i32',
    r2: 'i32',
    r3: 'i32',
  };
  return code.func('outputTiles', params, [], ({ from, step, bias, p0, p1, p2, p3, r0, r1, r2, r3 }) => {
    const transform = outputTransform(code, fma);
    const addend2 = code.local('v128', f32x4.splat(bias));
    const column = code.locals('v128', REACH);
    const lines = grid(code, TILE, REACH);
    const line2 = code.locals('v128', TILE);
    for (let i = 0; i < REACH; i++) {
      for (const value of column) {
        value.set(v128.load(from));
        code.increase(from, step);
      }
      transform(column, (y, value) => lines[y][i].set(value));
    }
    const pointers = [p0, p1, p2, p3];
    const steps2 = [r0, r1, r2, r3];
    for (let y = 0; y < TILE; y++) {
      transform(lines[y], (i, value) => line2[i].set(f32x4.add(value, addend2)));
      transpose2(code, line2, (t2, value) => {
        v128.store(pointers[t2], value);
        if (y < TILE - 1) code.increase(pointers[t2], steps2[t2]);
      });
    }
  });
}

// packages/core/src/wasm/kernels/winograd.ts
var INPUT_BYTES = 1 << 20;
var WEIGHT_BYTES = 1 << 20;
var PRODUCT_BYTES = 1 << 19;
var BLOCK_TILES = 96;
var WEIGHT_ROWS = 12;
function tileAt({ heights, widths }) {
  return align((heights[0] + 1) * widths[0] * 4);
}
function pointStep(bytes) {
  const lines = Math.ceil(bytes / 64);
  return (lines + 1 - (lines % 2)) * 64;
}
function takesWinograd(c) {
  const isPlain2 = c.strideH === 1 && c.strideW === 1 && c.dilationH === 1 && c.dilationW === 1;
  const isEmpty = c.n === 0 || c.cout === 0 || c.cin === 0 || c.oh === 0 || c.ow === 0 || c.h === 0 || c.w === 0;
  return c.dtype === 'float32' && c.kh === 3 && c.kw === 3 && isPlain2 && !isEmpty;
}
function winogradPlan(c) {
  const tiles = tilesFor('float32', features());
  const [width] = tiles.widths;
  const rows2 = c.cout / c.groups;
  const channels = c.cin / c.groups;
  const tilesY = Math.ceil(c.oh / TILE);
  const tilesX = Math.ceil(c.ow / TILE);
  const inputBytes = Math.max(INPUT_BYTES, (rows2 * channels * POINTS * 4) / 8);
  const most = Math.min(BLOCK_TILES, Math.max(width, Math.floor(inputBytes / (POINTS * channels * 4))));
  const blockX = tilesX <= most ? tilesX : evenBlock(tilesX, most, 4);
  const blockY = evenBlock(tilesY, Math.max(1, Math.floor(most / tilesX)), 1);
  const isWhole = blockX >= tilesX && blockY >= tilesY;
  const imageBlock = isWhole ? evenBlock(c.n, Math.max(1, Math.floor(most / (tilesX * tilesY))), 1) : 1;
  const blocks = Math.ceil(c.n / imageBlock) * Math.ceil(tilesY / blockY) * Math.ceil(tilesX / blockX);
  const count2 = Math.ceil((imageBlock * blockY * blockX) / 4) * 4;
  const isFused = blocks === 1;
  const mostRows = Math.max(
    WEIGHT_ROWS,
    Math.min(
      Math.floor(PRODUCT_BYTES / (POINTS * count2 * 4)),
      isFused ? Math.floor(WEIGHT_BYTES / (POINTS * channels * 4)) : rows2,
    ),
  );
  const rowTasks = blocks * c.groups < 4 && rows2 >= 4 * WEIGHT_ROWS ? 2 : 1;
  const rowBlock = evenBlock(Math.ceil(rows2 / rowTasks), mostRows, WEIGHT_ROWS);
  const rowBlocks = Math.ceil(rows2 / rowBlock);
  const taskRows = rowBlock * Math.ceil(rowBlocks / rowTasks);
  const packedRows = (isFused ? Math.min(rowBlock, rows2) : rows2) + 2 * tiles.heights[0];
  const weightStep = pointStep(packedRows * channels * 4);
  const inputStep = pointStep(channels * count2 * 4);
  const productStep = pointStep(rowBlock * count2 * 4);
  const tableAt = tileAt(tiles) + 4 * TILE * TILE * 4;
  const padAt = align(tableAt + count2 * TABLE_BYTES);
  const inputAt = align(padAt + imageBlock * (TILE * blockY + 2) * (TILE * blockX + 2) * 4);
  const productAt = align(inputAt + POINTS * inputStep);
  const weightAt = align(productAt + POINTS * productStep);
  return {
    tiles,
    groups: c.groups,
    rows: rows2,
    channels,
    taskRows,
    rowBlock,
    rowTasks: Math.ceil(rows2 / taskRows),
    tilesY,
    tilesX,
    imageBlock,
    blockY,
    blockX,
    blocks,
    weightStep,
    inputStep,
    productStep,
    isFused,
    packedBytes: isFused ? 0 : c.groups * POINTS * weightStep,
    tableAt,
    padAt,
    inputAt,
    productAt,
    weightAt,
    scratchBytes: isFused ? align(weightAt + POINTS * weightStep) : weightAt,
  };
}
var MIN_CHANNELS = 8;
var MAX_CHANNELS = 1024;
var MARGIN = 0.85;
function winogradCycles(c) {
  const {
    tiles,
    rows: rows2,
    channels,
    groups,
    rowTasks,
    imageBlock,
    blockY,
    blockX,
    blocks,
    packedBytes: packedBytes2,
  } = winogradPlan(c);
  const quads = Math.ceil((imageBlock * blockY * blockX) / 4);
  const multiplied = Math.ceil(quads / 2) * 8;
  const block =
    (POINTS / 8) * multiplied * paddedRows(tiles, rows2) * (channels + 4) +
    quads * (140 * channels * rowTasks + 120 * rows2);
  const weights = ((rows2 * channels) / 4) * (packedBytes2 > 1 << 24 ? 1e3 : 120);
  return groups * (blocks * (block + 6e3) + weights);
}
function orderCycles(c) {
  return (5 * 9 * c.cin * c.cout) / c.groups;
}
function prefersWinograd(c, otherCycles) {
  if (!takesWinograd(c) || Math.min(c.cin, c.cout) < MIN_CHANNELS * c.groups) return false;
  if (c.cin > MAX_CHANNELS * c.groups) return false;
  return winogradCycles(c) < MARGIN * otherCycles;
}
function winogradLaunches(c, source2, target) {
  const plan = winogradPlan(c);
  const { tiles, groups, rows: rows2, channels, rowBlock, taskRows, rowTasks, blocks } = plan;
  const module = { name: tiles.name.replace('gemm', 'winograd'), emit };
  const lastBlock = Math.floor((rows2 - 1) / rowBlock) * rowBlock;
  const chunks = lastBlock / WEIGHT_ROWS + Math.max(1, Math.floor((rows2 - lastBlock) / WEIGHT_ROWS));
  const weights = {
    weights: source2.weights,
    rowStep: source2.rowStride * 4,
    channelStep: source2.channelStride * 4,
    flip: source2.flip ? 1 : 0,
  };
  const weightArgs = {
    ...weights,
    packed: target.packed,
    chunks,
    rows: rows2,
    channels,
    weightStep: plan.weightStep,
  };
  const args = {
    ...target,
    ...weights,
    groups,
    rows: rows2,
    channels,
    rowBlock,
    taskRows,
    rowTasks,
    n: c.n,
    h: c.h,
    w: c.w,
    oh: c.oh,
    ow: c.ow,
    padTop: c.padTop,
    padLeft: c.padLeft,
    tilesY: plan.tilesY,
    tilesX: plan.tilesX,
    imageBlock: plan.imageBlock,
    blockY: plan.blockY,
    blockX: plan.blockX,
    weightStep: plan.weightStep,
    inputStep: plan.inputStep,
    productStep: plan.productStep,
    tableAt: plan.tableAt,
    padAt: plan.padAt,
    inputAt: plan.inputAt,
    productAt: plan.productAt,
    weightAt: plan.isFused ? plan.weightAt : 0,
  };
  const { scratchBytes } = plan;
  const tasks = groups * rowTasks * blocks;
  const main = { ...module, entry: 'winograd', args: taskArgs(MAIN, args), tasks, scratchBytes };
  if (plan.isFused) return [main];
  const first = { entry: 'winogradWeights', args: taskArgs(WEIGHTS, weightArgs), tasks: groups * chunks };
  return [{ ...module, ...first, scratchBytes }, main];
}
var emit = (code, target) => {
  const tiles = tilesFor('float32', target);
  const macro = emitMacro(code, tiles);
  const weightRows = emitWeightRows(code, tiles, macro);
  emitWeights(code, weightRows);
  emitMain(code, tiles, macro, weightRows);
};
var WEIGHTS = {
  task: 'i32',
  scratch: 'i32',
  weights: 'i32',
  packed: 'i32',
  chunks: 'i32',
  rows: 'i32',
  channels: 'i32',
  rowStep: 'i32',
  channelStep: 'i32',
  flip: 'i32',
  weightStep: 'i32',
};
function emitWeights(code, weightRows) {
  const { i32 } = code;
  code.export('winogradWeights', WEIGHTS, [], (params) => {
    const {
      task,
      scratch: scratch3,
      weights,
      packed: packed2,
      chunks,
      rows: rows2,
      channels,
      rowStep,
      channelStep,
      flip: flip3,
      weightStep,
    } = params;
    const group = code.local('i32', i32.div_u(task, chunks));
    const row = code.local('i32', i32.mul(i32.rem_u(task, chunks), WEIGHT_ROWS));
    const left = code.local('i32', i32.sub(rows2, row));
    const chunk2 = code.local('i32', WEIGHT_ROWS);
    left.set(code.select(left, chunk2, i32.eq(i32.rem_u(task, chunks), i32.sub(chunks, 1))));
    code.increase(weights, firstWeight(code, group, rows2, channels));
    code.increase(weights, i32.mul(row, rowStep));
    code.increase(packed2, i32.mul(group, i32.mul(weightStep, POINTS)));
    code.increase(packed2, code.scale(i32.mul(row, channels), 4));
    code.call(weightRows, left, channels, weights, rowStep, channelStep, flip3, packed2, weightStep, scratch3);
  });
}
function firstWeight(code, group, rows2, channels) {
  return code.scale(code.i32.mul(code.i32.mul(group, rows2), channels), 9 * 4);
}
function emitWeightRows(code, tiles, { tall }) {
  const { i32 } = code;
  const weightTiles = emitWeightTiles(code, tiles.fma);
  const [tallPanel, smallPanel = tallPanel] = tiles.heights.map((height) => emitWeightPanel(code, height, weightTiles));
  const [main, small2 = main] = tiles.heights;
  return code.func('weightRows', WEIGHT_PANEL, [], (params) => {
    const { count: count2, channels, from, rowStep, channelStep, flip: flip3, out, step, scratch: scratch3 } = params;
    const panels = code.local('i32', code.call(tall, count2));
    code.while(
      () => i32.gt_s(count2, 0),
      () => {
        const panel = (func, height) => {
          const part = code.least(count2, height);
          code.call(func, part, channels, from, rowStep, channelStep, flip3, out, step, scratch3);
          code.increase(from, i32.mul(rowStep, height));
          code.increase(out, code.scale(channels, 4 * height));
          code.decrease(count2, height);
        };
        code.if(
          i32.gt_s(panels, 0),
          () => panel(tallPanel, main),
          () => panel(smallPanel, small2),
        );
        code.decrease(panels, 1);
      },
    );
  });
}
var WEIGHT_PANEL = {
  count: 'i32',
  channels: 'i32',
  from: 'i32',
  rowStep: 'i32',
  channelStep: 'i32',
  flip: 'i32',
  out: 'i32',
  step: 'i32',
  scratch: 'i32',
};
function emitWeightPanel(code, height, weightTiles) {
  const { i32, v128 } = code;
  return code.func(`weightPanel_${height}`, WEIGHT_PANEL, [], (all2) => {
    const { count: count2, channels, from, rowStep, channelStep, flip: flip3, out, step, scratch: scratch3 } = all2;
    const last = code.local('i32', i32.sub(count2, 1));
    const rows2 = Array.from({ length: height }, (_, i) =>
      code.local('i32', i32.add(from, i32.mul(code.least(last, i), rowStep))),
    );
    const four = (from2) => {
      code.call(weightTiles, ...from2, flip3, out, step);
      code.increase(out, 16);
    };
    const advance = () => {
      for (const row of rows2) code.increase(row, channelStep);
    };
    if (height === 4) {
      repeat(code, channels, () => {
        four(rows2);
        advance();
      });
      return;
    }
    const pairs = code.local('i32');
    const firsts = rows2.slice(4);
    code.if(pairs.tee(i32.shr_u(channels, 1)), () =>
      repeat(code, pairs, () => {
        four(rows2.slice(0, 4));
        const kept = firsts.map((row) => code.local('i32', row));
        advance();
        four([...kept, ...rows2.slice(0, 2)]);
        four(rows2.slice(2));
        advance();
      }),
    );
    code.if(i32.and(channels, 1), () => {
      four(rows2.slice(0, 4));
      code.call(weightTiles, ...firsts, ...firsts, flip3, scratch3, 16);
      for (let point = 0; point < POINTS; point++) {
        v128.store64_lane(0, out, v128.load64_zero(scratch3, 16 * point));
        code.increase(out, step);
      }
    });
  });
}
var MAIN = {
  task: 'i32',
  scratch: 'i32',
  packed: 'i32',
  x: 'i32',
  out: 'i32',
  bias: 'i32',
  groups: 'i32',
  rows: 'i32',
  channels: 'i32',
  rowBlock: 'i32',
  taskRows: 'i32',
  rowTasks: 'i32',
  n: 'i32',
  h: 'i32',
  w: 'i32',
  oh: 'i32',
  ow: 'i32',
  padTop: 'i32',
  padLeft: 'i32',
  tilesY: 'i32',
  tilesX: 'i32',
  imageBlock: 'i32',
  blockY: 'i32',
  blockX: 'i32',
  weightStep: 'i32',
  inputStep: 'i32',
  productStep: 'i32',
  tableAt: 'i32',
  padAt: 'i32',
  inputAt: 'i32',
  productAt: 'i32',
  weights: 'i32',
  rowStep: 'i32',
  channelStep: 'i32',
  flip: 'i32',
  weightAt: 'i32',
};
var INPUT = 0;
var OUTPUT = 4;
var LINES2 = 8;
var COLUMNS2 = 12;
var TABLE_BYTES = 16;
function emitMain(code, tiles, macro, weightRows) {
  const { i32, f32 } = code;
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const tabulate = emitTabulate(code);
  const fillInputs = emitFillInputs(code, tiles);
  const takeOutputs = emitTakeOutputs(code, tiles, macro.copyTile);
  const columns = emitColumns(code, tiles, macro);
  code.export('winograd', MAIN, [], (params) => {
    const {
      task,
      scratch: scratch3,
      packed: packed2,
      x,
      out,
      bias,
      groups,
      rows: rows2,
      channels,
      rowBlock,
      taskRows,
      rowTasks,
    } = params;
    const { n, h, w, oh, ow, padTop, padLeft, tilesY, tilesX, imageBlock, blockY, blockX } = params;
    const { weightStep, inputStep, productStep, tableAt, padAt, inputAt, productAt } = params;
    const { weights, rowStep, channelStep, flip: flip3, weightAt } = params;
    const local = () => code.local('i32');
    const part = (size, block) => {
      const blocks = code.local('i32', i32.div_u(i32.add(size, i32.sub(block, 1)), block));
      const start = code.local('i32', i32.mul(i32.rem_u(task, blocks), block));
      const count3 = code.local('i32', i32.sub(size, start));
      count3.set(code.least(count3, block));
      task.set(i32.div_u(task, blocks));
      return [start, count3];
    };
    const group = code.local('i32', i32.rem_u(task, groups));
    task.set(i32.div_u(task, groups));
    const rowStart = code.local('i32', i32.mul(i32.rem_u(task, rowTasks), taskRows));
    const rowEnd = code.local('i32', i32.add(rowStart, taskRows));
    rowEnd.set(code.least(rowEnd, rows2));
    task.set(i32.div_u(task, rowTasks));
    const [tileX, countX] = part(tilesX, blockX);
    const [tileY, countY] = part(tilesY, blockY);
    const [image, images] = part(n, imageBlock);
    const table = code.local('i32', i32.add(scratch3, tableAt));
    const pad2 = code.local('i32', i32.add(scratch3, padAt));
    const inputs = code.local('i32', i32.add(scratch3, inputAt));
    const products2 = code.local('i32', i32.add(scratch3, productAt));
    const zeros2 = code.local('i32', i32.add(scratch3, height * width * 4));
    code.memory.fill(zeros2, 0, width * 4);
    const outImage = code.local('i32', i32.mul(i32.mul(i32.mul(groups, rows2), oh), code.scale(ow, 4)));
    const count2 = code.local('i32', i32.and(i32.add(i32.mul(i32.mul(images, countY), countX), 3), -4));
    code.call(tabulate, table, count2, images, countY, countX, image, tileY, tileX, outImage, oh, ow);
    const planeBytes = code.local('i32', code.scale(i32.mul(h, w), 4));
    const imageBytes = code.local('i32', i32.mul(i32.mul(groups, channels), planeBytes));
    const firstY = code.local('i32', i32.sub(code.scale(tileY, TILE), padTop));
    const firstX = code.local('i32', i32.sub(code.scale(tileX, TILE), padLeft));
    code.increase(x, i32.add(i32.mul(image, imageBytes), i32.mul(i32.mul(group, channels), planeBytes)));
    code.call(
      fillInputs,
      ...[x, channels, images, imageBytes, h, w, firstY, firstX, countY, countX],
      ...[table, count2, pad2, inputs, inputStep],
    );
    const [row, rowsNow, point, a, b, c] = Array.from({ length: 6 }, local);
    const value = code.local('f32');
    const outPlane = code.local('i32', i32.mul(oh, code.scale(ow, 4)));
    const bStep = code.local('i32', code.scale(channels, width * 4));
    const rowBytes = code.local('i32', code.scale(count2, 4));
    code.increase(packed2, i32.mul(group, i32.mul(weightStep, POINTS)));
    code.increase(weights, firstWeight(code, group, rows2, channels));
    code.forRange(row, rowStart, rowEnd, rowBlock, () => {
      rowsNow.set(i32.sub(rowEnd, row));
      rowsNow.set(code.least(rowsNow, rowBlock));
      a.set(i32.add(packed2, code.scale(i32.mul(row, channels), 4)));
      code.if(weightAt, () => {
        a.set(i32.add(scratch3, weightAt));
        b.set(i32.add(weights, i32.mul(row, rowStep)));
        code.call(weightRows, rowsNow, channels, b, rowStep, channelStep, flip3, a, weightStep, products2);
      });
      b.set(inputs);
      c.set(products2);
      code.forRange(point, 0, POINTS, 1, () => {
        code.call(columns, count2, rowsNow, channels, a, b, 0, bStep, c, rowBytes, FROM_ZERO, zeros2, scratch3);
        code.increase(a, weightStep);
        code.increase(b, inputStep);
        code.increase(c, productStep);
      });
      a.set(i32.add(i32.mul(group, rows2), row));
      b.set(i32.add(out, i32.mul(a, outPlane)));
      c.set(products2);
      repeat(code, rowsNow, () => {
        code.if(bias, () => value.set(f32.load(code.index(bias, a, 4))));
        code.call(takeOutputs, c, productStep, value, table, count2, b, ow, scratch3);
        code.increase(a, 1);
        code.increase(b, outPlane);
        code.increase(c, rowBytes);
      });
    });
  });
}
function emitTabulate(code) {
  const { i32 } = code;
  const params = {
    table: 'i32',
    count: 'i32',
    images: 'i32',
    countY: 'i32',
    countX: 'i32',
    image: 'i32',
    tileY: 'i32',
    tileX: 'i32',
    outImage: 'i32',
    oh: 'i32',
    ow: 'i32',
  };
  return code.func('tabulate', params, [], (all2) => {
    const { table, count: count2, images, countY, countX, image, tileY, tileX, outImage, oh, ow } = all2;
    const [i, y, x, left] = code.locals('i32', 4);
    const padRow = code.local('i32', i32.add(code.scale(countX, TILE), 2));
    const padLines = code.local('i32', i32.add(code.scale(countY, TILE), 2));
    const store4 = (field, size, start) => {
      left.set(i32.sub(size, start));
      left.set(code.least(left, TILE));
      i32.store(table, left, field);
    };
    code.forRange(i, 0, images, 1, () => {
      code.forRange(y, 0, countY, 1, () => {
        code.forRange(x, 0, countX, 1, () => {
          const line2 = i32.add(i32.mul(i, padLines), code.scale(y, TILE));
          i32.store(table, code.scale(i32.add(i32.mul(line2, padRow), code.scale(x, TILE)), 4), INPUT);
          const outY = code.local('i32', code.scale(i32.add(tileY, y), TILE));
          const outX = code.local('i32', code.scale(i32.add(tileX, x), TILE));
          const first = i32.mul(i32.add(image, i), outImage);
          i32.store(table, i32.add(first, code.scale(i32.add(i32.mul(outY, ow), outX), 4)), OUTPUT);
          store4(LINES2, oh, outY);
          store4(COLUMNS2, ow, outX);
          code.increase(table, TABLE_BYTES);
          code.decrease(count2, 1);
        });
      });
    });
    code.memory.fill(table, 0, code.scale(count2, TABLE_BYTES));
  });
}
function emitFillInputs(code, tiles) {
  const { i32 } = code;
  const [width] = tiles.widths;
  const inputTiles = emitInputTiles(code, tiles.fma);
  const copyLines = emitCopyLines(code);
  const params = {
    x: 'i32',
    channels: 'i32',
    images: 'i32',
    imageBytes: 'i32',
    h: 'i32',
    w: 'i32',
    firstY: 'i32',
    firstX: 'i32',
    countY: 'i32',
    countX: 'i32',
    table: 'i32',
    count: 'i32',
    pad: 'i32',
    inputs: 'i32',
    step: 'i32',
  };
  return code.func('fillInputs', params, [], (all2) => {
    const { x, channels, images, imageBytes, h, w, firstY, firstX, countY, countX } = all2;
    const { table, count: count2, pad: pad2, inputs, step } = all2;
    const side = (tilesHere, first2, size) => {
      const padded = code.local('i32', i32.add(code.scale(tilesHere, TILE), 2));
      const start = code.local('i32', i32.sub(0, first2));
      start.set(i32.mul(start, i32.gt_s(start, 0)));
      const end = code.local('i32', i32.sub(size, first2));
      end.set(code.select(end, padded, i32.lt_s(end, padded)));
      return [padded, start, code.local('i32', i32.sub(end, start))];
    };
    const [padLines, startY, lines] = side(countY, firstY, h);
    const [padColumns, startX, columns] = side(countX, firstX, w);
    const wBytes = code.local('i32', code.scale(w, 4));
    const padRow = code.local('i32', code.scale(padColumns, 4));
    const padImage = code.local('i32', i32.mul(padLines, padRow));
    const planeBytes = code.local('i32', i32.mul(h, wBytes));
    const [image, channel, from, to2, entry2, left, part, panel] = code.locals('i32', 8);
    const isInside = code.local('i32', i32.and(i32.gt_s(lines, 0), i32.gt_s(columns, 0)));
    const first = code.local('i32', i32.add(i32.mul(startY, padRow), code.scale(startX, 4)));
    code.increase(first, pad2);
    code.increase(x, i32.add(i32.mul(i32.add(firstY, startY), wBytes), code.scale(i32.add(firstX, startX), 4)));
    code.memory.fill(pad2, 0, i32.mul(images, padImage));
    const input = (t2) => i32.add(pad2, i32.load(entry2, t2 * TABLE_BYTES + INPUT));
    code.forRange(channel, 0, channels, 1, () => {
      code.if(isInside, () => {
        from.set(x);
        to2.set(first);
        image.set(images);
        repeat(code, image, () => {
          code.call(copyLines, lines, columns, from, wBytes, to2, padRow);
          code.increase(from, imageBytes);
          code.increase(to2, padImage);
        });
      });
      entry2.set(table);
      panel.set(inputs);
      left.set(count2);
      code.while(
        () => i32.gt_s(left, 0),
        () => {
          part.set(code.least(left, width));
          to2.set(i32.add(panel, i32.mul(channel, code.scale(part, 4))));
          part.set(i32.shr_u(part, 2));
          repeat(code, part, () => {
            code.call(inputTiles, input(0), input(1), input(2), input(3), padRow, to2, step);
            code.increase(to2, 16);
            code.increase(entry2, 4 * TABLE_BYTES);
          });
          code.increase(panel, code.scale(channels, width * 4));
          code.decrease(left, width);
        },
      );
      code.increase(x, planeBytes);
    });
  });
}
function emitCopyLines(code) {
  const { i32, f32, v128 } = code;
  const params = { lines: 'i32', columns: 'i32', from: 'i32', fromStep: 'i32', to: 'i32', toStep: 'i32' };
  return code.func('copyLines', params, [], ({ lines, columns, from, fromStep, to: to2, toStep }) => {
    const at3 = code.local('i32');
    const bytes = code.local('i32', code.scale(columns, 4));
    const last = code.local('i32', i32.sub(bytes, 16));
    repeat(code, lines, () => {
      code.if(
        i32.ge_s(last, 0),
        () => {
          code.forRange(at3, 0, last, 16, () => v128.store(i32.add(to2, at3), v128.load(i32.add(from, at3))));
          v128.store(i32.add(to2, last), v128.load(i32.add(from, last)));
        },
        () => code.forRange(at3, 0, bytes, 4, () => f32.store(i32.add(to2, at3), f32.load(i32.add(from, at3)))),
      );
      code.increase(from, fromStep);
      code.increase(to2, toStep);
    });
  });
}
function emitTakeOutputs(code, tiles, copyTile) {
  const { i32 } = code;
  const outputTiles = emitOutputTiles(code, tiles.fma);
  const params = {
    from: 'i32',
    step: 'i32',
    bias: 'f32',
    table: 'i32',
    count: 'i32',
    plane: 'i32',
    ow: 'i32',
    scratch: 'i32',
  };
  return code.func(
    'takeOutputs',
    params,
    [],
    ({ from, step, bias, table, count: count2, plane, ow, scratch: scratch3 }) => {
      const outRow = code.local('i32', code.scale(ow, 4));
      const tileRow = code.local('i32', TILE * 4);
      const places = code.locals('i32', 4);
      const steps2 = code.locals('i32', 4);
      const isWhole = code.locals('i32', 4);
      code.increase(scratch3, tileAt(tiles));
      count2.set(i32.shr_u(count2, 2));
      repeat(code, count2, () => {
        const field = (t2, at3) => i32.load(table, t2 * TABLE_BYTES + at3);
        const inScratch = (t2) => i32.add(scratch3, t2 * TILE * TILE * 4);
        for (let t2 = 0; t2 < 4; t2++) {
          isWhole[t2].set(i32.and(i32.and(field(t2, LINES2), field(t2, COLUMNS2)), TILE));
          places[t2].set(code.select(i32.add(plane, field(t2, OUTPUT)), inScratch(t2), isWhole[t2]));
          steps2[t2].set(code.select(outRow, tileRow, isWhole[t2]));
        }
        code.call(outputTiles, from, step, bias, ...places, ...steps2);
        for (let t2 = 0; t2 < 4; t2++) {
          code.if(i32.and(i32.eqz(isWhole[t2]), i32.ne(field(t2, LINES2), 0)), () => {
            places[t2].set(i32.add(plane, field(t2, OUTPUT)));
            code.call(copyTile, field(t2, LINES2), field(t2, COLUMNS2), inScratch(t2), TILE * 4, places[t2], outRow);
          });
        }
        code.increase(from, 16);
        code.increase(table, 4 * TABLE_BYTES);
      });
    },
  );
}

// packages/core/src/wasm/kernels/conv.ts
var BLOCK_K_BYTES = 384 * 4;
var BLOCK_POSITIONS = 240;
var BLOCK_ROWS = 120;
function convPlan(shape) {
  const { groups } = shape;
  const tiles = tilesFor(shape.dtype, features());
  const { bytes } = tiles.element;
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const rows2 = shape.cout / groups;
  const channels = shape.cin / groups;
  const taps2 = shape.kh * shape.kw;
  const channelBlock = evenBlock(channels, Math.max(1, Math.floor(BLOCK_K_BYTES / bytes / Math.max(taps2, 1))), 1);
  const kBlock = channelBlock * taps2;
  const positions2 = shape.oh * shape.ow;
  const columnBlock = evenBlock(positions2, BLOCK_POSITIONS, width);
  const units = shape.n * Math.ceil(positions2 / columnBlock);
  const unitsPerTask = Math.max(1, Math.min(units, Math.floor(BLOCK_POSITIONS / Math.max(positions2, 1))));
  const fewTasks = groups * Math.ceil(units / unitsPerTask) < 8;
  const rowBlock = evenBlock(rows2, fewTasks ? BLOCK_ROWS / 2 : BLOCK_ROWS, 12);
  const rowBlocks = Math.ceil(rows2 / rowBlock);
  const lastRows = rows2 - (rowBlocks - 1) * rowBlock;
  const packedRows = (rowBlocks - 1) * rowBlock + paddedRows(tiles, lastRows);
  const initAt = align(height * width * bytes + width * bytes + GEOMETRY_BYTES);
  const bAt = align(initAt + packedRows * width * bytes);
  return {
    tiles,
    groups,
    rows: rows2,
    channels,
    k: channels * taps2,
    channelBlock,
    kBlock,
    rowBlock,
    rowTasks: fewTasks ? rowBlocks : 1,
    packedRows,
    columnBlock,
    unitsPerTask,
    packedBytes: align(groups * packedRows * channels * taps2 * bytes),
    initAt,
    bAt,
    scratchBytes: align(bAt + columnBlock * kBlock * bytes),
  };
}
function convWay(shape) {
  const times = shape.n * shape.groups;
  const product = productCycles(shape) * times + orderCycles(shape);
  if (prefersWinograd(shape, Math.min(directCycles(shape) * times, product))) return 'winograd';
  return prefersDirect(shape) ? 'direct' : 'product';
}
function memoryOf(shape) {
  const way = convWay(shape);
  if (way === 'direct') return { packedBytes: 0, scratchBytes: directPlan(shape).scratchBytes };
  return way === 'winograd' ? winogradPlan(shape) : convPlan(shape);
}
function convForwardScratchBytes(shape) {
  const { packedBytes: packedBytes2, scratchBytes } = memoryOf(shape);
  return packedBytes2 + scratchBytes;
}
function convForwardSharedBytes(shape) {
  return memoryOf(shape).packedBytes;
}
function convForward2(kernels, options) {
  const own = options.scratchPtr + convForwardSharedBytes(options);
  for (const launch3 of convForwardLaunches(options, options.scratchPtr)) runInline(launch3, kernels.memory, own);
}
function convForwardLaunches(c, sharedPtr) {
  if (c.n === 0 || c.cout === 0 || c.oh === 0 || c.ow === 0) return [];
  const way = convWay(c);
  if (way === 'direct') {
    return [directLaunch(c, { x: c.xPtr, weights: c.wPtr, bias: c.biasPtr ?? 0, out: c.outPtr })];
  }
  const target = { out: c.outPtr, bias: c.biasPtr ?? 0, x: c.xPtr, packed: sharedPtr };
  if (way === 'winograd') {
    const rowStride = (c.cin / c.groups) * 9;
    return winogradLaunches(c, { weights: c.wPtr, rowStride, channelStride: 9, flip: false }, target);
  }
  const plan = convPlan(c);
  return [packWeightsLaunch(plan, c.wPtr, sharedPtr), convLaunch(plan, c, target)];
}
function packWeightsLaunch(plan, weights, packed2) {
  const kBlocks = plan.k === 0 ? 0 : Math.ceil(plan.k / plan.kBlock);
  const { rows: rows2, k, kBlock, rowBlock, packedRows } = plan;
  const args = { weights, packed: packed2, kBlocks, rows: rows2, k, kBlock, rowBlock, packedRows };
  return {
    ...convModule(plan),
    entry: 'packWeights',
    args: taskArgs(PACK_WEIGHTS, args),
    tasks: plan.groups * kBlocks,
    scratchBytes: 0,
  };
}
function convLaunch(plan, c, target) {
  const bytes = itemBytes(c.dtype);
  const positions2 = c.oh * c.ow;
  const columnBlocks = Math.ceil(positions2 / plan.columnBlock);
  const units = c.n * columnBlocks;
  const args = {
    ...target,
    groups: plan.groups,
    rows: plan.rows,
    channels: plan.channels,
    positions: positions2,
    columnBlocks,
    columnBlock: plan.columnBlock,
    channelBlock: plan.channelBlock,
    rowBlock: plan.rowBlock,
    taskRows: plan.rowTasks === 1 ? plan.rows : plan.rowBlock,
    rowTasks: plan.rowTasks,
    packedRows: plan.packedRows,
    units,
    unitsPerTask: plan.unitsPerTask,
    initAt: plan.initAt,
    bAt: plan.bAt,
    h: c.h,
    w: c.w,
    planeBytes: c.h * c.w * bytes,
    ow: c.ow,
    kh: c.kh,
    kw: c.kw,
    strideH: c.strideH,
    strideW: c.strideW,
    padTop: c.padTop,
    padLeft: c.padLeft,
    dilationH: c.dilationH,
    dilationW: c.dilationW,
    tensor: target.x,
    tensorBytes: c.n * c.cin * c.h * c.w * bytes,
  };
  return {
    ...convModule(plan),
    entry: 'conv',
    args: taskArgs(CONV, args),
    tasks: plan.groups * plan.rowTasks * Math.ceil(units / plan.unitsPerTask),
    scratchBytes: plan.scratchBytes,
  };
}
function convModule({ tiles }) {
  return { name: tiles.name.replace('gemm', 'conv'), emit: EMITTERS2[tiles.element.dtype] };
}
var emitFor = (dtype) => (code, target) => {
  const tiles = tilesFor(dtype, target);
  const macro = emitMacro(code, tiles);
  emitPackWeights(code, tiles, macro);
  emitConv(code, tiles, emitColumns(code, tiles, macro));
};
var EMITTERS2 = { float32: emitFor('float32'), float64: emitFor('float64') };
var PACK_WEIGHTS = {
  task: 'i32',
  scratch: 'i32',
  weights: 'i32',
  packed: 'i32',
  kBlocks: 'i32',
  rows: 'i32',
  k: 'i32',
  kBlock: 'i32',
  rowBlock: 'i32',
  packedRows: 'i32',
};
function emitPackWeights(code, tiles, { packA }) {
  const { i32 } = code;
  const { bytes } = tiles.element;
  code.export('packWeights', PACK_WEIGHTS, [], (params) => {
    const { task, weights, packed: packed2, kBlocks, rows: rows2, k, kBlock, rowBlock, packedRows } = params;
    const group = code.local('i32', i32.div_u(task, kBlocks));
    const p = code.local('i32', i32.mul(i32.rem_u(task, kBlocks), kBlock));
    const steps2 = code.local('i32', i32.sub(k, p));
    steps2.set(code.least(steps2, kBlock));
    const part = code.local('i32');
    const row = code.local('i32');
    const kRow = code.local('i32', code.scale(k, bytes));
    code.increase(weights, code.scale(i32.add(i32.mul(i32.mul(group, rows2), k), p), bytes));
    code.increase(packed2, code.scale(i32.mul(i32.add(i32.mul(group, k), p), packedRows), bytes));
    code.forRange(row, 0, rows2, rowBlock, () => {
      part.set(i32.sub(rows2, row));
      part.set(code.least(part, rowBlock));
      code.call(packA, part, steps2, weights, kRow, bytes, packed2, steps2, 0);
      code.increase(weights, i32.mul(kRow, rowBlock));
      code.increase(packed2, code.scale(i32.mul(steps2, rowBlock), bytes));
    });
  });
}
var CONV_OWN = {
  task: 'i32',
  scratch: 'i32',
  packed: 'i32',
  x: 'i32',
  out: 'i32',
  bias: 'i32',
  groups: 'i32',
  rows: 'i32',
  channels: 'i32',
  positions: 'i32',
  columnBlocks: 'i32',
  columnBlock: 'i32',
  channelBlock: 'i32',
  rowBlock: 'i32',
  taskRows: 'i32',
  rowTasks: 'i32',
  packedRows: 'i32',
  units: 'i32',
  unitsPerTask: 'i32',
  initAt: 'i32',
  bAt: 'i32',
};
var CONV = {
  ...CONV_OWN,
  ...Object.fromEntries(GEOMETRY.map((field) => [field, 'i32'])),
};
function emitConv(code, tiles, columnsFunc) {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const [width] = tiles.widths;
  const expand2 = emitExpand(code, tiles);
  const packPatches = emitPackPatches(code, tiles);
  code.export('conv', CONV, [], (params) => {
    const {
      task,
      scratch: scratch3,
      packed: packed2,
      x,
      out,
      bias,
      groups,
      rows: rows2,
      channels,
      positions: positions2,
      columnBlocks,
      columnBlock,
    } = params;
    const { channelBlock, rowBlock, taskRows, rowTasks, packedRows, units, unitsPerTask, initAt, bAt } = params;
    const local = () => code.local('i32');
    const [group, rowStart, rowEnd, unitStart, unitEnd, unit, channel, part] = Array.from({ length: 8 }, local);
    const [steps2, image, column, columns, row, rowsNow, from, init, weights, target] = Array.from(
      { length: 10 },
      local,
    );
    group.set(i32.rem_u(task, groups));
    task.set(i32.div_u(task, groups));
    rowStart.set(i32.mul(i32.rem_u(task, rowTasks), taskRows));
    rowEnd.set(i32.add(rowStart, taskRows));
    rowEnd.set(code.least(rowEnd, rows2));
    unitStart.set(i32.mul(i32.div_u(task, rowTasks), unitsPerTask));
    unitEnd.set(i32.add(unitStart, unitsPerTask));
    unitEnd.set(code.least(unitEnd, units));
    const taps2 = code.local('i32', i32.mul(params.kh, params.kw));
    const cRow = code.local('i32', code.scale(positions2, bytes));
    const packedB = code.local('i32', i32.add(scratch3, bAt));
    const zeros2 = code.local('i32', i32.add(scratch3, tiles.heights[0] * width * bytes));
    const geometry = code.local('i32', i32.add(zeros2, width * bytes));
    const biases = code.local('i32', i32.add(scratch3, initAt));
    const panelRow = width * bytes;
    storeGeometry(code, geometry, params);
    code.memory.fill(zeros2, 0, width * bytes);
    from.set(FROM_ZERO);
    code.if(bias, () => {
      from.set(FROM_ROW_BIAS);
      rowsNow.set(i32.sub(rowEnd, rowStart));
      const first = i32.add(i32.mul(group, rows2), rowStart);
      code.call(expand2, rowsNow, code.index(bias, first, bytes), biases);
    });
    code.increase(x, i32.mul(i32.mul(group, channels), params.planeBytes));
    code.increase(packed2, code.scale(i32.mul(i32.mul(i32.mul(group, channels), taps2), packedRows), bytes));
    code.loop((again) => {
      part.set(i32.sub(channels, channel));
      part.set(code.least(part, channelBlock));
      steps2.set(i32.mul(part, taps2));
      code.forRange(unit, unitStart, unitEnd, 1, () => {
        image.set(i32.div_u(unit, columnBlocks));
        column.set(i32.mul(i32.rem_u(unit, columnBlocks), columnBlock));
        columns.set(i32.sub(positions2, column));
        columns.set(code.least(columns, columnBlock));
        const plane = i32.add(i32.mul(i32.mul(image, groups), channels), channel);
        const source2 = i32.add(x, i32.mul(plane, params.planeBytes));
        target.set(source2);
        code.if(steps2, () => code.call(packPatches, geometry, column, columns, part, target, packedB));
        init.set(code.select(biases, zeros2, i32.eq(from, FROM_ROW_BIAS)));
        code.forRange(row, rowStart, rowEnd, rowBlock, () => {
          rowsNow.set(i32.sub(rowEnd, row));
          rowsNow.set(code.least(rowsNow, rowBlock));
          weights.set(i32.add(packed2, code.scale(i32.mul(row, steps2), bytes)));
          const outRow = i32.add(i32.mul(i32.add(i32.mul(image, groups), group), rows2), row);
          target.set(code.index(out, i32.add(i32.mul(outRow, positions2), column), bytes));
          const step = i32.mul(steps2, panelRow);
          code.call(
            columnsFunc,
            columns,
            rowsNow,
            steps2,
            weights,
            packedB,
            0,
            step,
            target,
            cRow,
            from,
            init,
            scratch3,
          );
          code.if(i32.eq(from, FROM_ROW_BIAS), () => code.increase(init, code.scale(rowsNow, panelRow)));
        });
      });
      from.set(FROM_C);
      code.increase(packed2, code.scale(i32.mul(steps2, packedRows), bytes));
      code.increase(channel, channelBlock);
      code.br_if(again, i32.lt_u(channel, channels));
    });
  });
}

// packages/core/src/wasm/kernels/conv-scatter.ts
var BLOCK_K_BYTES2 = 384 * 4;
var TASK_ROWS = 192;
var BLOCK_POSITIONS2 = 240;
function scatterPlan(c) {
  const tiles = tilesFor(c.dtype, features());
  const { bytes } = tiles.element;
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const outChannels = c.cout / c.groups;
  const channels = c.cin / c.groups;
  const taps2 = c.kh * c.kw;
  const channelBlock = evenBlock(channels, Math.max(1, Math.floor(TASK_ROWS / taps2)), 1);
  const kBlock = evenBlock(outChannels, BLOCK_K_BYTES2 / bytes, 4);
  const columnBlock = c.ow > BLOCK_POSITIONS2 ? evenBlock(c.ow, BLOCK_POSITIONS2, width) : c.ow;
  const lineBlock =
    c.ow > BLOCK_POSITIONS2 ? 1 : evenBlock(c.oh, Math.max(1, Math.floor(BLOCK_POSITIONS2 / Math.max(c.ow, 1))), 1);
  const positions2 = Math.ceil((lineBlock * columnBlock) / width) * width;
  const packedStep = align((channelBlock * taps2 + height) * outChannels * bytes);
  const bufferAt = align(height * width * bytes + width * bytes);
  const aAt = align(bufferAt + channelBlock * taps2 * positions2 * bytes);
  return {
    tiles,
    outChannels,
    channels,
    channelBlock,
    kBlock,
    lineBlock,
    columnBlock,
    packedStep,
    sharedBytes: packedStep * c.groups * Math.ceil(channels / channelBlock),
    bufferAt,
    bufferRow: positions2 * bytes,
    aAt,
    scratchBytes: align(aAt + positions2 * kBlock * bytes),
  };
}
function scatterCycles(c) {
  const { lanes } = tilesFor(c.dtype, features()).element;
  const k = c.cout / c.groups;
  const rows2 = (c.cin / c.groups) * c.kh * c.kw;
  const add3 = c.strideW === 1 ? 1.3 : 1.8;
  return (4 / lanes) * c.oh * c.ow * (k * (Math.max(4, rows2) / 8 + 0.3) + rows2 * add3);
}
function scatterLaunches(c, pointers, sharedPtr) {
  const plan = scatterPlan(c);
  const { tiles } = plan;
  const module = { name: tiles.name.replace('gemm', 'convScatter'), emit: EMITTERS3[tiles.element.dtype] };
  const channelBlocks = Math.ceil(plan.channels / plan.channelBlock);
  const shared2 = {
    packed: sharedPtr,
    packedStep: plan.packedStep,
    channels: plan.channels,
    channelBlock: plan.channelBlock,
    channelBlocks,
    outChannels: plan.outChannels,
    taps: c.kh * c.kw,
    kBlock: plan.kBlock,
  };
  const packArgs = { ...shared2, weights: pointers.weights };
  const mainArgs = {
    ...shared2,
    grad: pointers.grad,
    bias: pointers.bias,
    out: pointers.out,
    groups: c.groups,
    lineBlock: plan.lineBlock,
    columnBlock: plan.columnBlock,
    h: c.h,
    w: c.w,
    oh: c.oh,
    ow: c.ow,
    kh: c.kh,
    kw: c.kw,
    strideH: c.strideH,
    strideW: c.strideW,
    padTop: c.padTop,
    padLeft: c.padLeft,
    dilationH: c.dilationH,
    dilationW: c.dilationW,
    bufferAt: plan.bufferAt,
    bufferRow: plan.bufferRow,
    aAt: plan.aAt,
  };
  const tasks = c.groups * channelBlocks;
  return [
    { ...module, entry: 'packTapRows', args: taskArgs(PACK_TAPS, packArgs), tasks, scratchBytes: 0 },
    {
      ...module,
      entry: 'convScatter',
      args: taskArgs(CONV_SCATTER, mainArgs),
      tasks: tasks * c.n,
      scratchBytes: plan.scratchBytes,
    },
  ];
}
var emitFor2 = (dtype) => (code, target) => {
  const tiles = tilesFor(dtype, target);
  const macro = emitMacro(code, tiles);
  emitPackTapRows(code, tiles, macro);
  emitConvScatter(code, tiles, macro);
};
var EMITTERS3 = { float32: emitFor2('float32'), float64: emitFor2('float64') };
var PACK_TAPS = {
  task: 'i32',
  scratch: 'i32',
  weights: 'i32',
  packed: 'i32',
  packedStep: 'i32',
  channels: 'i32',
  channelBlock: 'i32',
  channelBlocks: 'i32',
  outChannels: 'i32',
  taps: 'i32',
  kBlock: 'i32',
};
function emitPackTapRows(code, tiles, { packA }) {
  const { i32 } = code;
  const { bytes } = tiles.element;
  code.export('packTapRows', PACK_TAPS, [], (params) => {
    const {
      task,
      weights,
      packed: packed2,
      packedStep,
      channels,
      channelBlock,
      channelBlocks,
      outChannels,
      taps: taps2,
      kBlock,
    } = params;
    const group = code.local('i32', i32.div_u(task, channelBlocks));
    const channel = code.local('i32', i32.mul(i32.rem_u(task, channelBlocks), channelBlock));
    const count2 = code.local('i32', i32.sub(channels, channel));
    count2.set(code.least(count2, channelBlock));
    const rows2 = code.local('i32', i32.mul(count2, taps2));
    const step = code.local('i32', code.scale(i32.mul(channels, taps2), bytes));
    const from = code.local('i32', i32.add(weights, i32.mul(i32.mul(group, outChannels), step)));
    code.increase(from, code.scale(i32.mul(channel, taps2), bytes));
    const to2 = code.local('i32', i32.add(packed2, i32.mul(task, packedStep)));
    const [p, steps2] = code.locals('i32', 2);
    code.forRange(p, 0, outChannels, kBlock, () => {
      steps2.set(i32.sub(outChannels, p));
      steps2.set(code.least(steps2, kBlock));
      code.call(packA, rows2, steps2, from, bytes, step, to2, steps2, 0);
      code.increase(from, i32.mul(step, steps2));
      code.increase(to2, code.scale(i32.mul(i32.add(rows2, tiles.heights[0]), steps2), bytes));
    });
  });
}
var SCATTER = {
  channels: 'i32',
  from: 'i32',
  fromRow: 'i32',
  lines: 'i32',
  columns: 'i32',
  y: 'i32',
  x: 'i32',
  out: 'i32',
  h: 'i32',
  w: 'i32',
  kh: 'i32',
  kw: 'i32',
  strideH: 'i32',
  strideW: 'i32',
  dilationH: 'i32',
  dilationW: 'i32',
};
function emitScatterTaps(code, element2) {
  const { i32, v128 } = code;
  const { bytes, lanes } = element2;
  const scalar = scalarOf(code, element2);
  const vector = bytes === 4 ? code.f32x4 : code.f64x2;
  return code.func('scatterTaps', SCATTER, [], (params) => {
    const { channels, from, fromRow, lines, columns, y, x, out, h, w, kh, kw } = params;
    const { strideH, strideW, dilationH, dilationW } = params;
    const [ky, kx, iy, ix, first, last, left, count2, source2, target, step, at3] = code.locals('i32', 12);
    const lineStep = code.local('i32', code.scale(columns, bytes));
    const targetStep = code.local('i32', code.scale(strideW, bytes));
    const addLine = () => {
      target.set(code.index(out, i32.add(i32.add(i32.mul(iy, w), ix), i32.mul(first, strideW)), bytes));
      source2.set(code.index(at3, first, bytes));
      left.set(i32.sub(last, first));
      code.if(i32.eq(strideW, 1), () => {
        code.if(step.tee(i32.shr_u(left, Math.log2(lanes))), () => {
          repeat(code, step, () => {
            v128.store(target, vector.add(v128.load(target), v128.load(source2)));
            code.increase(target, 16);
            code.increase(source2, 16);
          });
        });
        left.set(i32.and(left, lanes - 1));
      });
      code.if(left, () => {
        repeat(code, left, () => {
          scalar.store(target, scalar.add(scalar.load(target), scalar.load(source2)));
          code.increase(target, targetStep);
          code.increase(source2, bytes);
        });
      });
    };
    const zero2 = code.local('i32');
    const plane = code.local('i32', code.scale(i32.mul(h, w), bytes));
    repeat(code, channels, () => {
      ky.set(0);
      repeatUpTo(code, ky, kh, () => {
        kx.set(0);
        repeatUpTo(code, kx, kw, () => {
          ix.set(i32.add(x, i32.mul(kx, dilationW)));
          first.set(i32.sub(0, ix));
          first.set(code.select(first, zero2, i32.gt_s(first, 0)));
          first.set(i32.div_u(i32.add(first, i32.sub(strideW, 1)), strideW));
          last.set(i32.sub(w, ix));
          last.set(code.select(last, zero2, i32.gt_s(last, 0)));
          last.set(i32.div_u(i32.add(last, i32.sub(strideW, 1)), strideW));
          last.set(code.least(last, columns));
          at3.set(from);
          iy.set(i32.add(y, i32.mul(ky, dilationH)));
          count2.set(lines);
          code.if(i32.lt_u(first, last), () => {
            repeat(code, count2, () => {
              code.if(i32.lt_u(iy, h), addLine);
              code.increase(iy, strideH);
              code.increase(at3, lineStep);
            });
          });
          code.increase(from, fromRow);
        });
      });
      code.increase(out, plane);
    });
  });
}
function repeatUpTo(code, i, count2, body) {
  code.loop((again) => {
    body();
    code.br_if(again, code.i32.lt_u(i.tee(code.i32.add(i, 1)), count2));
  });
}
function emitFillPlanes(code, element2) {
  const { i32, v128 } = code;
  const scalar = scalarOf(code, element2);
  const { bytes, lanes } = element2;
  const shape = bytes === 4 ? code.f32x4 : code.f64x2;
  const params = { channels: 'i32', planeBytes: 'i32', bias: 'i32', out: 'i32' };
  return code.func('fillPlanes', params, [], ({ channels, planeBytes, bias, out }) => {
    const value = code.local('v128');
    const [end, vectorEnd] = code.locals('i32', 2);
    const first = code.local(element2.type);
    code.if(
      bias,
      () =>
        repeat(code, channels, () => {
          value.set(loadSplat(code, element2, bias));
          first.set(shape.extract_lane(0, value));
          end.set(i32.add(out, planeBytes));
          vectorEnd.set(i32.add(out, i32.and(planeBytes, -(lanes * bytes))));
          code.whileLess(out, vectorEnd, () => {
            v128.store(out, value);
            code.increase(out, 16);
          });
          code.whileLess(out, end, () => {
            scalar.store(out, first);
            code.increase(out, bytes);
          });
          code.increase(bias, bytes);
        }),
      () => code.memory.fill(out, 0, i32.mul(channels, planeBytes)),
    );
  });
}
var CONV_SCATTER = {
  task: 'i32',
  scratch: 'i32',
  grad: 'i32',
  packed: 'i32',
  packedStep: 'i32',
  bias: 'i32',
  out: 'i32',
  groups: 'i32',
  channels: 'i32',
  channelBlock: 'i32',
  channelBlocks: 'i32',
  outChannels: 'i32',
  taps: 'i32',
  kBlock: 'i32',
  lineBlock: 'i32',
  columnBlock: 'i32',
  h: 'i32',
  w: 'i32',
  oh: 'i32',
  ow: 'i32',
  kh: 'i32',
  kw: 'i32',
  strideH: 'i32',
  strideW: 'i32',
  padTop: 'i32',
  padLeft: 'i32',
  dilationH: 'i32',
  dilationW: 'i32',
  bufferAt: 'i32',
  bufferRow: 'i32',
  aAt: 'i32',
};
function emitConvScatter(code, tiles, macro) {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const [width] = tiles.widths;
  const packB = emitPackB(code, tiles, macro);
  const columnsFunc = emitColumns(code, tiles, macro);
  const scatterTaps = emitScatterTaps(code, tiles.element);
  const fillPlanes = emitFillPlanes(code, tiles.element);
  code.export('convScatter', CONV_SCATTER, [], (params) => {
    const {
      task,
      scratch: scratch3,
      grad,
      packed: packed2,
      packedStep,
      bias,
      out,
      groups,
      channels,
      channelBlock,
      channelBlocks,
    } = params;
    const { outChannels, taps: taps2, kBlock, lineBlock, columnBlock, h, w, oh, ow, kh, kw, strideH, strideW } = params;
    const { padTop, padLeft, dilationH, dilationW, bufferAt, bufferRow, aAt } = params;
    const local = () => code.local('i32');
    const [channel, count2, rows2, positions2, y, x, lines, columns, size] = Array.from({ length: 9 }, local);
    const [p, steps2, weights, source2, from, iy, ix] = Array.from({ length: 7 }, local);
    const part = code.local('i32', i32.rem_u(task, i32.mul(groups, channelBlocks)));
    const image = code.local('i32', i32.div_u(task, i32.mul(groups, channelBlocks)));
    const group = code.local('i32', i32.div_u(part, channelBlocks));
    channel.set(i32.mul(i32.rem_u(part, channelBlocks), channelBlock));
    count2.set(i32.sub(channels, channel));
    count2.set(code.least(count2, channelBlock));
    rows2.set(i32.mul(count2, taps2));
    const buffer = code.local('i32', i32.add(scratch3, bufferAt));
    const packedB = code.local('i32', i32.add(scratch3, aAt));
    const zeros2 = code.local('i32', i32.add(scratch3, tiles.heights[0] * width * bytes));
    code.memory.fill(zeros2, 0, width * bytes);
    positions2.set(i32.mul(oh, ow));
    const planeBytes = code.local('i32', code.scale(i32.mul(h, w), bytes));
    const gradRow = code.local('i32', code.scale(positions2, bytes));
    const own = code.local('i32', i32.add(i32.mul(group, channels), channel));
    code.increase(out, i32.mul(i32.add(i32.mul(image, i32.mul(groups, channels)), own), planeBytes));
    code.if(bias, () => code.increase(bias, code.scale(own, bytes)));
    code.call(fillPlanes, count2, planeBytes, bias, out);
    code.increase(grad, i32.mul(i32.mul(i32.add(i32.mul(image, groups), group), outChannels), gradRow));
    code.increase(packed2, i32.mul(part, packedStep));
    code.forRange(y, 0, oh, lineBlock, () => {
      lines.set(i32.sub(oh, y));
      lines.set(code.least(lines, lineBlock));
      code.forRange(x, 0, ow, columnBlock, () => {
        columns.set(i32.sub(ow, x));
        columns.set(code.least(columns, columnBlock));
        size.set(i32.mul(lines, columns));
        weights.set(packed2);
        from.set(FROM_ZERO);
        code.forRange(p, 0, outChannels, kBlock, () => {
          steps2.set(i32.sub(outChannels, p));
          steps2.set(code.least(steps2, kBlock));
          const place3 = i32.add(i32.mul(p, positions2), i32.add(i32.mul(y, ow), x));
          source2.set(code.index(grad, place3, bytes));
          code.call(packB, size, steps2, source2, gradRow, bytes, packedB);
          const step = i32.mul(steps2, width * bytes);
          code.call(
            columnsFunc,
            size,
            rows2,
            steps2,
            weights,
            packedB,
            0,
            step,
            buffer,
            bufferRow,
            from,
            zeros2,
            scratch3,
          );
          from.set(FROM_C);
          code.increase(weights, code.scale(i32.mul(i32.add(rows2, tiles.heights[0]), steps2), bytes));
        });
        iy.set(i32.sub(i32.mul(y, strideH), padTop));
        ix.set(i32.sub(i32.mul(x, strideW), padLeft));
        const geometry = [h, w, kh, kw, strideH, strideW, dilationH, dilationW];
        code.call(scatterTaps, count2, buffer, bufferRow, lines, columns, iy, ix, out, ...geometry);
      });
    });
  });
}

// packages/core/src/wasm/kernels/conv-input.ts
var BUFFER_BYTES = 4 << 20;
function gcd(a, b) {
  return b === 0 ? a : gcd(b, a % b);
}
function phaseSide(size, kernel2, stride, pad2, dilation, r) {
  const first = (((r - pad2) % stride) + stride) % stride;
  const count2 = Math.max(0, Math.ceil((size - first) / stride));
  const g = gcd(dilation, stride);
  const tapStep = stride / g;
  let tap = 0;
  while (tap < tapStep && (tap * dilation) % stride !== r) tap++;
  const taps2 = tap < tapStep ? Math.max(0, Math.ceil((kernel2 - tap) / tapStep)) : 0;
  const step = dilation / g;
  const padding = taps2 === 0 ? 0 : (taps2 - 1) * step - (first + pad2 - tap * dilation) / stride;
  return { first, count: count2, tap, tapStep, taps: taps2, padding, dilation: step };
}
function phasesOf(c) {
  const bytes = itemBytes(c.dtype);
  const phases = [];
  const isEmpty = c.oh === 0 || c.ow === 0 || c.cout === 0;
  for (let ry = 0; ry < c.strideH; ry++) {
    for (let rx = 0; rx < c.strideW; rx++) {
      const y = phaseSide(c.h, c.kh, c.strideH, c.padTop, c.dilationH, ry);
      const x = phaseSide(c.w, c.kw, c.strideW, c.padLeft, c.dilationW, rx);
      if (y.count === 0 || x.count === 0) continue;
      const shape = {
        dtype: c.dtype,
        n: Math.min(c.n, imagesAtATime(c)),
        cin: c.cout,
        h: c.oh,
        w: c.ow,
        cout: c.cin,
        kh: isEmpty ? 0 : y.taps,
        kw: isEmpty ? 0 : x.taps,
        oh: y.count,
        ow: x.count,
        strideH: 1,
        strideW: 1,
        padTop: y.padding,
        padLeft: x.padding,
        dilationH: y.dilation,
        dilationW: x.dilation,
        groups: c.groups,
      };
      const weightBytes2 = align(((c.cout * c.cin) / c.groups) * shape.kh * shape.kw * bytes);
      phases.push({ y, x, shape, plan: convPlan(shape), isDirect: prefersDirect(shape), weightBytes: weightBytes2 });
    }
  }
  return phases;
}
function isBuffered(c) {
  return c.strideH > 1 || c.strideW > 1;
}
function phaseBytes(c) {
  return Math.ceil(c.h / c.strideH) * Math.ceil(c.w / c.strideW) * c.cin * itemBytes(c.dtype);
}
function imagesAtATime(c) {
  return isBuffered(c) ? Math.max(1, Math.floor(BUFFER_BYTES / Math.max(phaseBytes(c), 1))) : c.n;
}
function wayOf(c) {
  let cycles = 0;
  for (const { shape, isDirect } of phasesOf(c)) cycles += isDirect ? directCycles(shape) : productCycles(shape);
  const scatter2 = scatterCycles(c);
  const others = Math.min(cycles, scatter2) * c.n * c.groups + orderCycles(c);
  if (!isBuffered(c) && c.h > 0 && c.w > 0 && prefersWinograd(transposed(c), others)) return 'winograd';
  return scatter2 < cycles ? 'scatter' : 'phases';
}
function transposed(c) {
  return phasesOf(c)[0].shape;
}
function packedBytes({ isDirect, plan }) {
  return isDirect ? 0 : plan.packedBytes;
}
function convBackwardInputSharedBytes(c) {
  const way = wayOf(c);
  if (way === 'scatter') return scatterPlan(c).sharedBytes;
  if (way === 'winograd') return winogradPlan(transposed(c)).packedBytes;
  const weights = phasesOf(c).reduce((sum3, phase) => sum3 + phase.weightBytes + packedBytes(phase), 0);
  return weights + (isBuffered(c) ? align(phaseBytes(c) * Math.min(c.n, imagesAtATime(c))) : 0);
}
function convBackwardInputScratchBytes(c) {
  const way = wayOf(c);
  if (way === 'scatter') return scatterPlan(c).sharedBytes + scatterPlan(c).scratchBytes;
  if (way === 'winograd') return winogradPlan(transposed(c)).packedBytes + winogradPlan(transposed(c)).scratchBytes;
  const own = phasesOf(c).map(({ shape, plan, isDirect }) => (isDirect ? directPlan(shape) : plan).scratchBytes);
  return convBackwardInputSharedBytes(c) + Math.max(0, ...own);
}
function convBackwardInput2(kernels, options) {
  const own = options.scratchPtr + convBackwardInputSharedBytes(options);
  for (const launch3 of convBackwardInputLaunches(options, options.scratchPtr)) runInline(launch3, kernels.memory, own);
}
function convBackwardInputLaunches(c, sharedPtr) {
  if (c.n === 0 || c.cin === 0 || c.h === 0 || c.w === 0) return [];
  const way = wayOf(c);
  if (way === 'winograd') {
    const source2 = { weights: c.wPtr, rowStride: 9, channelStride: (c.cin / c.groups) * 9, flip: true };
    const target = { x: c.gradPtr, bias: c.biasPtr ?? 0, out: c.outPtr, packed: sharedPtr };
    return winogradLaunches(transposed(c), source2, target);
  }
  if (way === 'scatter') {
    const pointers = { grad: c.gradPtr, weights: c.wPtr, bias: c.biasPtr ?? 0, out: c.outPtr };
    return scatterLaunches(c, pointers, sharedPtr);
  }
  const bytes = itemBytes(c.dtype);
  const launches = [];
  const weights = [];
  const phases = phasesOf(c);
  let at3 = sharedPtr;
  for (const phase of phases) {
    weights.push(at3);
    launches.push(takeWeightsLaunch(c, phase, at3));
    if (!phase.isDirect) launches.push(packWeightsLaunch(phase.plan, at3, at3 + phase.weightBytes));
    at3 += phase.weightBytes + packedBytes(phase);
  }
  const images = imagesAtATime(c);
  for (let image = 0; image < c.n; image += images) {
    const x = c.gradPtr + image * c.cout * c.oh * c.ow * bytes;
    const out = c.outPtr + image * c.cin * c.h * c.w * bytes;
    for (const [i, phase] of phases.entries()) {
      const shape = { ...phase.shape, n: Math.min(images, c.n - image) };
      const target = { out: isBuffered(c) ? at3 : out, bias: c.biasPtr ?? 0, x };
      launches.push(
        phase.isDirect
          ? directLaunch(shape, { ...target, weights: weights[i] })
          : convLaunch(phase.plan, shape, { ...target, packed: weights[i] + phase.weightBytes }),
      );
      if (isBuffered(c)) launches.push(spreadLaunch(c, phase, shape.n, at3, out));
    }
  }
  return launches;
}
function takeWeightsLaunch(c, { x, y, shape }, out) {
  const args = {
    weights: c.wPtr,
    out,
    rows: c.cout / c.groups,
    channels: c.cin / c.groups,
    kh: c.kh,
    kw: c.kw,
    tapY: y.tap,
    stepY: y.tapStep,
    tapsY: shape.kh,
    tapX: x.tap,
    stepX: x.tapStep,
    tapsX: shape.kw,
  };
  const tasks = shape.kh * shape.kw === 0 ? 0 : c.cin;
  return { ...moduleFor(c.dtype), entry: 'takeWeights', args: taskArgs(TAKE_WEIGHTS, args), tasks, scratchBytes: 0 };
}
function spreadLaunch(c, { x, y }, images, from, out) {
  const bytes = itemBytes(c.dtype);
  const args = {
    from,
    out: out + (y.first * c.w + x.first) * bytes,
    rows: y.count,
    columns: x.count,
    outPlane: c.h * c.w * bytes,
    outRow: c.strideH * c.w * bytes,
    outStep: c.strideW * bytes,
  };
  return {
    ...moduleFor(c.dtype),
    entry: 'spread',
    args: taskArgs(SPREAD, args),
    tasks: images * c.cin,
    scratchBytes: 0,
  };
}
function moduleFor(dtype) {
  return { name: `${elementOf(dtype).type}_conv_input`, emit: EMITTERS4[dtype] };
}
var emitFor3 = (dtype) => (code) => {
  emitTakeWeights(code, elementOf(dtype));
  emitSpread(code, elementOf(dtype));
};
var EMITTERS4 = { float32: emitFor3('float32'), float64: emitFor3('float64') };
var TAKE_WEIGHTS = {
  task: 'i32',
  scratch: 'i32',
  weights: 'i32',
  out: 'i32',
  rows: 'i32',
  channels: 'i32',
  kh: 'i32',
  kw: 'i32',
  tapY: 'i32',
  stepY: 'i32',
  tapsY: 'i32',
  tapX: 'i32',
  stepX: 'i32',
  tapsX: 'i32',
};
function emitTakeWeights(code, element2) {
  const { i32 } = code;
  const { bytes } = element2;
  const scalar = scalarOf(code, element2);
  code.export('takeWeights', TAKE_WEIGHTS, [], (params) => {
    const { task, weights, out, rows: rows2, channels, kh, kw, tapY, stepY, tapsY, tapX, stepX, tapsX } = params;
    const area = code.local('i32', i32.mul(kh, kw));
    const first = i32.add(i32.mul(i32.mul(i32.div_u(task, channels), rows2), channels), i32.rem_u(task, channels));
    const from = code.local('i32', code.index(weights, i32.mul(first, area), bytes));
    const lastY = code.local('i32', i32.add(tapY, i32.mul(i32.sub(tapsY, 1), stepY)));
    const lastX = code.local('i32', i32.add(tapX, i32.mul(i32.sub(tapsX, 1), stepX)));
    from.set(code.index(from, i32.add(i32.mul(lastY, kw), lastX), bytes));
    const to2 = code.local('i32', code.index(out, i32.mul(i32.mul(i32.mul(task, rows2), tapsY), tapsX), bytes));
    const rowStep = code.local('i32', code.scale(i32.mul(channels, area), bytes));
    const yStep = code.local('i32', code.scale(i32.mul(stepY, kw), bytes));
    const xStep = code.local('i32', code.scale(stepX, bytes));
    const [y, x, atY, at3] = code.locals('i32', 4);
    repeat(code, rows2, () => {
      atY.set(from);
      y.set(tapsY);
      repeat(code, y, () => {
        at3.set(atY);
        x.set(tapsX);
        repeat(code, x, () => {
          scalar.store(to2, scalar.load(at3));
          code.increase(to2, bytes);
          code.decrease(at3, xStep);
        });
        code.decrease(atY, yStep);
      });
      code.increase(from, rowStep);
    });
  });
}
var SPREAD = {
  task: 'i32',
  scratch: 'i32',
  from: 'i32',
  out: 'i32',
  rows: 'i32',
  columns: 'i32',
  outPlane: 'i32',
  outRow: 'i32',
  outStep: 'i32',
};
function emitSpread(code, element2) {
  const { i32 } = code;
  const scalar = scalarOf(code, element2);
  code.export('spread', SPREAD, [], ({ task, from, out, rows: rows2, columns, outPlane, outRow, outStep }) => {
    const [x, to2] = code.locals('i32', 2);
    code.increase(from, code.scale(i32.mul(i32.mul(task, rows2), columns), element2.bytes));
    code.increase(out, i32.mul(task, outPlane));
    repeat(code, rows2, () => {
      to2.set(out);
      x.set(columns);
      repeat(code, x, () => {
        scalar.store(to2, scalar.load(from));
        code.increase(from, element2.bytes);
        code.increase(to2, outStep);
      });
      code.increase(out, outRow);
    });
  });
}

// packages/core/src/wasm/kernels/conv-weight-direct.ts
var TAPS = [4, 3, 2, 1];
var VECTORS2 = 2;
function weightDirectPlan(c) {
  const tiles = tilesFor(c.dtype, features());
  const padLines = (c.oh - 1) * c.strideH + (c.kh - 1) * c.dilationH + 1;
  const padColumns = (c.ow - 1) * c.strideW + (c.kw - 1) * c.dilationW + 1;
  const scratchBytes = align((c.cin / c.groups) * padLines * padColumns * tiles.element.bytes);
  return { tiles, padLines, padColumns, scratchBytes };
}
function prefersWeightDirect(c) {
  if (c.n * c.oh * c.ow * c.kh * c.kw === 0) return false;
  const rows2 = c.cout / c.groups;
  const lines = (c.cin / c.groups) * c.kh;
  const stride = c.strideW === 1 ? 1 : c.strideW === 2 ? 1.3 : 3;
  const direct = rows2 * lines * (20 * Math.ceil(c.kw / 4) + 0.3 * stride * c.kw * c.ow);
  const product = c.ow * (lines * c.kw * (Math.max(4, rows2) / 8 + 0.8) + rows2 * 0.8);
  return direct < product;
}
function weightDirectLaunch(c, pointers) {
  const { tiles, padLines, padColumns, scratchBytes } = weightDirectPlan(c);
  const stride = c.strideW <= 2 ? c.strideW : 0;
  const args = {
    ...pointers,
    images: c.n,
    groups: c.groups,
    rows: c.cout / c.groups,
    channels: c.cin / c.groups,
    h: c.h,
    w: c.w,
    oh: c.oh,
    ow: c.ow,
    kh: c.kh,
    kw: c.kw,
    strideH: c.strideH,
    strideW: c.strideW,
    padTop: c.padTop,
    padLeft: c.padLeft,
    dilationH: c.dilationH,
    dilationW: c.dilationW,
    padLines,
    padColumns,
  };
  return {
    name: `${tiles.element.type}_conv_weight_direct_s${stride === 0 ? 'n' : stride}__${tiles.fma ? 'fma' : 'simd'}`,
    emit: EMITTERS5[tiles.element.dtype][stride],
    entry: 'weightDirect',
    args: taskArgs(WEIGHT_DIRECT, args),
    tasks: c.groups,
    scratchBytes,
  };
}
var emittersFor2 = (dtype) =>
  [0, 1, 2].map((stride) => (code, target) => emitWeightDirect(code, tilesFor(dtype, target), stride));
var EMITTERS5 = { float32: emittersFor2('float32'), float64: emittersFor2('float64') };
var DOTS = {
  lines: 'i32',
  columns: 'i32',
  grad: 'i32',
  image: 'i32',
  imageLine: 'i32',
  /** From one tap to the next, and from one position to the next, in bytes. */
  tapStep: 'i32',
  step: 'i32',
  out: 'i32',
};
function emitDots(code, tiles, stride, taps2) {
  const { i32, v128 } = code;
  const { element: element2, fma } = tiles;
  const { bytes, lanes } = element2;
  const scalar = scalarOf(code, element2);
  return code.func(`dots_${taps2}`, DOTS, [], ({ lines, columns, grad, image, imageLine, tapStep, step, out }) => {
    const acc = Array.from({ length: taps2 }, () => code.locals('v128', VECTORS2));
    const slopes = code.locals('v128', VECTORS2);
    const pixel = code.local('v128');
    const [left, from, at3] = code.locals('i32', 3);
    const laneAt = code.locals('i32', lanes);
    const vectorStep = code.local('i32', code.scale(step, lanes));
    const load3 = (offset) => {
      if (stride === 1) return v128.load(at3, 16 * offset);
      if (stride === 2) return loadEverySecond(code, element2, at3, 32 * offset);
      for (const [i, address] of laneAt.entries()) {
        if (i > 0) address.set(i32.add(laneAt[i - 1], step));
        else address.set(offset === 0 ? at3.get() : i32.add(at3, vectorStep));
      }
      loadLanes(code, element2, pixel, laneAt);
      return pixel.get();
    };
    const advance = (vectors) => {
      code.increase(grad, 16 * vectors);
      code.increase(from, i32.mul(vectorStep, vectors));
      code.decrease(left, vectors * lanes);
    };
    repeat(code, lines, () => {
      left.set(columns);
      from.set(image);
      for (const vectors of [VECTORS2, 1]) {
        code.while(
          () => i32.ge_s(left, vectors * lanes),
          () => {
            for (let v = 0; v < vectors; v++) slopes[v].set(v128.load(grad, 16 * v));
            at3.set(from);
            for (const [tap, sums] of acc.entries()) {
              if (tap > 0) code.increase(at3, tapStep);
              for (let v = 0; v < vectors; v++) {
                pixel.set(load3(v));
                multiplyAdd(code, element2, fma, sums[v], slopes[v], pixel);
              }
            }
            advance(vectors);
          },
        );
      }
      code.if(left, () => {
        repeat(code, left, () => {
          slopes[0].set(loadFirst(code, element2, grad));
          at3.set(from);
          for (const [tap, sums] of acc.entries()) {
            if (tap > 0) code.increase(at3, tapStep);
            pixel.set(loadFirst(code, element2, at3));
            multiplyAdd(code, element2, fma, sums[0], slopes[0], pixel);
          }
          code.increase(grad, bytes);
          code.increase(from, step);
        });
      });
      code.increase(image, imageLine);
    });
    for (const [tap, [low, high]] of acc.entries()) {
      const before = scalar.load(out, tap * bytes);
      scalar.store(out, scalar.add(before, sumLanes(code, element2, low, high)), tap * bytes);
    }
  });
}
var WEIGHT_DIRECT = {
  task: 'i32',
  scratch: 'i32',
  x: 'i32',
  grad: 'i32',
  out: 'i32',
  images: 'i32',
  groups: 'i32',
  rows: 'i32',
  channels: 'i32',
  h: 'i32',
  w: 'i32',
  oh: 'i32',
  ow: 'i32',
  kh: 'i32',
  kw: 'i32',
  strideH: 'i32',
  strideW: 'i32',
  padTop: 'i32',
  padLeft: 'i32',
  dilationH: 'i32',
  dilationW: 'i32',
  padLines: 'i32',
  padColumns: 'i32',
};
function emitWeightDirect(code, tiles, stride) {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const copyPadded = emitCopyPadded(code, tiles.element);
  const dots = TAPS.map((taps2) => emitDots(code, tiles, stride, taps2));
  code.export('weightDirect', WEIGHT_DIRECT, [], (params) => {
    const {
      task,
      scratch: scratch3,
      x,
      grad,
      out,
      images,
      groups,
      rows: rows2,
      channels,
      h,
      w,
      oh,
      ow,
      kh,
      kw,
    } = params;
    const { strideH, strideW, padTop, padLeft, dilationH, dilationW, padLines, padColumns } = params;
    const plane = code.local('i32', code.scale(i32.mul(h, w), bytes));
    const gradPlane = code.local('i32', code.scale(i32.mul(oh, ow), bytes));
    const padLine = code.local('i32', code.scale(padColumns, bytes));
    const padPlane = code.local('i32', i32.mul(padLine, padLines));
    const size = code.local('i32', code.scale(i32.mul(i32.mul(rows2, channels), i32.mul(kh, kw)), bytes));
    code.increase(out, i32.mul(task, size));
    code.memory.fill(out, 0, size);
    const [row, channel, ky, left, to2, from, line2] = code.locals('i32', 7);
    const top = code.local('i32', i32.sub(0, padTop));
    const start = code.local('i32', i32.sub(0, padLeft));
    const imageLine = code.local('i32', i32.mul(strideH, padLine));
    const dilationLine = code.local('i32', i32.mul(dilationH, padLine));
    const tapStep = code.local('i32', code.scale(dilationW, bytes));
    const step = code.local('i32', code.scale(strideW, bytes));
    code.increase(x, i32.mul(i32.mul(task, channels), plane));
    code.increase(grad, i32.mul(i32.mul(task, rows2), gradPlane));
    repeat(code, images, () => {
      code.call(copyPadded, channels, padLines, padColumns, x, plane, top, start, h, w, scratch3, padPlane);
      to2.set(out);
      code.forRange(row, 0, rows2, 1, () => {
        const slope = i32.add(grad, i32.mul(row, gradPlane));
        from.set(slope);
        code.forRange(channel, 0, channels, 1, () => {
          line2.set(i32.add(scratch3, i32.mul(channel, padPlane)));
          code.forRange(ky, 0, kh, 1, () => {
            emitRuns(code, dots, { kw, left, to: to2, bytes }, (dot2, at3) =>
              code.call(dot2, oh, ow, from, i32.add(line2, i32.mul(at3, tapStep)), imageLine, tapStep, step, to2),
            );
            code.increase(line2, dilationLine);
          });
        });
      });
      code.increase(x, i32.mul(i32.mul(groups, channels), plane));
      code.increase(grad, i32.mul(i32.mul(groups, rows2), gradPlane));
    });
  });
}
function emitRuns(code, dots, run2, call) {
  const { i32 } = code;
  const { kw, left, to: to2, bytes } = run2;
  const at3 = code.local('i32');
  left.set(kw);
  at3.set(0);
  for (const [i, dot2] of dots.entries()) {
    code.while(
      () => i32.ge_u(left, TAPS[i]),
      () => {
        call(dot2, at3);
        code.increase(at3, TAPS[i]);
        code.increase(to2, TAPS[i] * bytes);
        code.decrease(left, TAPS[i]);
      },
    );
  }
}

// packages/core/src/wasm/kernels/conv-weight.ts
var BLOCK_POSITION_BYTES = 384 * 4;
var TASK_ROWS2 = 240;
var TASK_TAPS = 240;
var FEW_TASKS = 8;
var CHUNK_PRODUCTS = 1 << 21;
function weightPlan(c) {
  const tiles = tilesFor(c.dtype, features());
  const { bytes } = tiles.element;
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const rows2 = c.cout / c.groups;
  const channels = c.cin / c.groups;
  const taps2 = c.kh * c.kw;
  const k = channels * taps2;
  const taskRows = evenBlock(rows2, TASK_ROWS2, 12);
  const taskTaps = evenBlock(k, TASK_TAPS, width);
  const rowTasks = Math.ceil(rows2 / taskRows);
  const tapTasks = Math.ceil(k / taskTaps);
  const most = BLOCK_POSITION_BYTES / bytes;
  const lines = c.n * c.oh;
  const columnBlock = c.ow > most ? evenBlock(c.ow, most, 4) : c.ow;
  const lineBlock = c.ow > most ? 1 : evenBlock(lines, Math.max(1, Math.floor(most / Math.max(c.ow, 1))), 1);
  const blocks = columnBlock === 0 ? 0 : Math.ceil(lines / lineBlock) * Math.ceil(c.ow / columnBlock);
  const tasks = c.groups * rowTasks * tapTasks;
  const chunkProducts = Math.max(1, Math.ceil(CHUNK_PRODUCTS / Math.max(rows2 * k * lineBlock * columnBlock, 1)));
  const wantedChunks = tasks >= FEW_TASKS ? 1 : Math.min(FEW_TASKS, Math.ceil(blocks / chunkProducts));
  const blocksPerChunk = Math.max(1, Math.ceil(blocks / Math.max(wantedChunks, 1)));
  const chunks = Math.ceil(blocks / blocksPerChunk);
  const fits = (size, out, kernel2, stride, pad2, dilation) =>
    pad2 === 0 && (out - 1) * stride + (kernel2 - 1) * dilation < size;
  const isInside =
    fits(c.h, c.oh, c.kh, c.strideH, c.padTop, c.dilationH) && fits(c.w, c.ow, c.kw, c.strideW, c.padLeft, c.dilationW);
  const padLines = isInside ? 0 : (Math.min(lineBlock, c.oh) - 1) * c.strideH + (c.kh - 1) * c.dilationH + 1;
  const padColumns = isInside ? 0 : (columnBlock - 1) * c.strideW + (c.kw - 1) * c.dilationW + 1;
  const touched = Math.min(channels, Math.floor((taskTaps - 2) / taps2) + 2);
  const steps2 = lineBlock * columnBlock;
  const tableAt = align(height * width * bytes + width * bytes);
  const padAt = align(tableAt + taskTaps * 4);
  const aAt = align(padAt + touched * padLines * padColumns * bytes);
  const bAt = align(
    aAt + Math.max(paddedRows(tiles, taskRows), paddedRows(tiles, Math.min(rows2, taskRows))) * steps2 * bytes,
  );
  return {
    tiles,
    rows: rows2,
    channels,
    k,
    taskRows,
    taskTaps,
    rowTasks,
    tapTasks,
    lineBlock,
    columnBlock,
    blocks,
    chunks,
    blocksPerChunk,
    padLines,
    padColumns,
    sharedBytes: chunks > 1 ? align(chunks * c.cout * k * bytes) : 0,
    tableAt,
    padAt,
    aAt,
    bAt,
    scratchBytes: align(bAt + taskTaps * steps2 * bytes),
  };
}
function convBackwardWeightSharedBytes(shape) {
  return prefersWeightDirect(shape) ? 0 : weightPlan(shape).sharedBytes;
}
function convBackwardWeightScratchBytes(shape) {
  if (prefersWeightDirect(shape)) return weightDirectPlan(shape).scratchBytes;
  const plan = weightPlan(shape);
  return plan.sharedBytes + plan.scratchBytes;
}
function convBackwardWeight2(kernels, options) {
  const own = options.scratchPtr + convBackwardWeightSharedBytes(options);
  for (const launch3 of convBackwardWeightLaunches(options, options.scratchPtr))
    runInline(launch3, kernels.memory, own);
}
function convBackwardWeightLaunches(c, sharedPtr) {
  if (prefersWeightDirect(c)) return [weightDirectLaunch(c, { x: c.xPtr, grad: c.gradPtr, out: c.outPtr })];
  const plan = weightPlan(c);
  const { tiles, chunks } = plan;
  const { bytes } = tiles.element;
  const count2 = c.cout * plan.k;
  if (count2 === 0) return [];
  const module = { name: tiles.name.replace('gemm', 'convWeight'), emit: EMITTERS6[tiles.element.dtype] };
  const isPadded = plan.padLines > 0;
  const args = {
    x: c.xPtr,
    grad: c.gradPtr,
    out: chunks > 1 ? sharedPtr : c.outPtr,
    outChunk: count2 * bytes,
    groups: c.groups,
    rows: plan.rows,
    channels: plan.channels,
    taskRows: plan.taskRows,
    taskTaps: plan.taskTaps,
    rowTasks: plan.rowTasks,
    tapTasks: plan.tapTasks,
    lineBlock: plan.lineBlock,
    columnBlock: plan.columnBlock,
    columnBlocks: Math.ceil(c.ow / Math.max(plan.columnBlock, 1)),
    blocks: plan.blocks,
    blocksPerChunk: plan.blocksPerChunk,
    lines: c.n * c.oh,
    h: c.h,
    w: c.w,
    oh: c.oh,
    ow: c.ow,
    kh: c.kh,
    kw: c.kw,
    strideH: c.strideH,
    strideW: c.strideW,
    padTop: c.padTop,
    padLeft: c.padLeft,
    dilationH: c.dilationH,
    dilationW: c.dilationW,
    isPadded: isPadded ? 1 : 0,
    lineBytes: (isPadded ? plan.padColumns : c.w) * bytes,
    planeBytes: (isPadded ? plan.padLines * plan.padColumns : c.h * c.w) * bytes,
    tableAt: plan.tableAt,
    padAt: plan.padAt,
    aAt: plan.aAt,
    bAt: plan.bAt,
  };
  const main = {
    ...module,
    entry: 'convWeight',
    args: taskArgs(CONV_WEIGHT, args),
    tasks: c.groups * plan.rowTasks * plan.tapTasks * chunks,
    scratchBytes: plan.scratchBytes,
  };
  if (chunks === 1) return [main];
  const taskCount = evenBlock(count2, 1 << 14, 4);
  const sum3 = {
    ...module,
    entry: 'sumChunks',
    args: taskArgs(SUM_CHUNKS, { parts: sharedPtr, out: c.outPtr, chunks, count: count2, taskCount }),
    tasks: Math.ceil(count2 / taskCount),
    scratchBytes: 0,
  };
  return [main, sum3];
}
var emitFor4 = (dtype) => (code, target) => {
  const tiles = tilesFor(dtype, target);
  const macro = emitMacro(code, tiles);
  emitConvWeight(code, tiles, macro);
  emitSumChunks(code, tiles.element);
};
var EMITTERS6 = { float32: emitFor4('float32'), float64: emitFor4('float64') };
var SUM_CHUNKS = {
  task: 'i32',
  scratch: 'i32',
  parts: 'i32',
  out: 'i32',
  chunks: 'i32',
  count: 'i32',
  taskCount: 'i32',
};
function emitSumChunks(code, element2) {
  const { i32 } = code;
  const { bytes } = element2;
  const scalar = scalarOf(code, element2);
  const vector = bytes === 4 ? code.f32x4 : code.f64x2;
  code.export('sumChunks', SUM_CHUNKS, [], ({ task, parts, out, chunks, count: count2, taskCount }) => {
    const i = code.local('i32', i32.mul(task, taskCount));
    const end = code.local('i32', i32.add(i, taskCount));
    end.set(code.least(end, count2));
    const [at3, left] = code.locals('i32', 2);
    const sum3 = code.local('v128');
    const step = code.local('i32', code.scale(count2, bytes));
    code.whileLess(i, end, () => {
      at3.set(code.index(parts, i, bytes));
      sum3.set(bytes === 4 ? code.f32x4.const(0) : code.f64x2.const(0));
      code.if(left.tee(chunks), () => {
        repeat(code, left, () => {
          sum3.set(vector.add(sum3, loadSplat(code, element2, at3)));
          code.increase(at3, step);
        });
      });
      scalar.store(code.index(out, i, bytes), vector.extract_lane(0, sum3));
      code.increase(i, 1);
    });
  });
}
var CONV_WEIGHT = {
  task: 'i32',
  scratch: 'i32',
  x: 'i32',
  grad: 'i32',
  out: 'i32',
  outChunk: 'i32',
  groups: 'i32',
  rows: 'i32',
  channels: 'i32',
  taskRows: 'i32',
  taskTaps: 'i32',
  rowTasks: 'i32',
  tapTasks: 'i32',
  lineBlock: 'i32',
  columnBlock: 'i32',
  columnBlocks: 'i32',
  blocks: 'i32',
  blocksPerChunk: 'i32',
  lines: 'i32',
  h: 'i32',
  w: 'i32',
  oh: 'i32',
  ow: 'i32',
  kh: 'i32',
  kw: 'i32',
  strideH: 'i32',
  strideW: 'i32',
  padTop: 'i32',
  padLeft: 'i32',
  dilationH: 'i32',
  dilationW: 'i32',
  isPadded: 'i32',
  lineBytes: 'i32',
  planeBytes: 'i32',
  tableAt: 'i32',
  padAt: 'i32',
  aAt: 'i32',
  bAt: 'i32',
};
function emitTapTable(code, tiles, params, table, first, count2) {
  const { i32 } = code;
  const { kh, kw, planeBytes, lineBytes, dilationH, dilationW } = params;
  const area = code.local('i32', i32.mul(kh, kw));
  const channel = code.local('i32', i32.div_u(first, area));
  const [i, tap, place3] = code.locals('i32', 3);
  const last = code.local('i32', i32.sub(i32.add(first, count2), 1));
  const padded = code.local('i32', i32.and(i32.add(count2, tiles.widths[0] - 1), -tiles.element.lanes));
  code.forRange(i, 0, padded, 1, () => {
    tap.set(i32.add(first, i));
    tap.set(code.least(tap, last));
    place3.set(i32.mul(i32.sub(i32.div_u(tap, area), channel), planeBytes));
    tap.set(i32.rem_u(tap, area));
    code.increase(place3, i32.mul(i32.mul(i32.div_u(tap, kw), dilationH), lineBytes));
    code.increase(place3, code.scale(i32.mul(i32.rem_u(tap, kw), dilationW), tiles.element.bytes));
    i32.store(code.index(table, i, 4), place3);
  });
  return channel;
}
function emitConvWeight(code, tiles, macro) {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const [width] = tiles.widths;
  const columnsFunc = emitColumns(code, tiles, macro);
  const funcs = {
    copyPadded: emitCopyPadded(code, tiles.element),
    packTaps: emitPackTaps(code, tiles, macro),
  };
  code.export('convWeight', CONV_WEIGHT, [], (params) => {
    const {
      task,
      scratch: scratch3,
      x,
      grad,
      out,
      outChunk,
      groups,
      rows: rows2,
      channels,
      taskRows,
      taskTaps,
      rowTasks,
    } = params;
    const { tapTasks, lineBlock, columnBlock, columnBlocks, blocks, blocksPerChunk, lines, oh, ow } = params;
    const local = () => code.local('i32');
    const [rowStart, tapStart, rowCount, tapCount, group, block, blockEnd] = Array.from({ length: 7 }, local);
    const [line2, lineEnd, column, columnCount, steps2, done, part, from, image, y] = Array.from({ length: 10 }, local);
    const k = code.local('i32', i32.mul(i32.mul(channels, params.kh), params.kw));
    const next = (count2) => {
      const index2 = code.local('i32', i32.rem_u(task, count2));
      task.set(i32.div_u(task, count2));
      return index2;
    };
    tapStart.set(i32.mul(next(tapTasks), taskTaps));
    tapCount.set(i32.sub(k, tapStart));
    tapCount.set(code.least(tapCount, taskTaps));
    rowStart.set(i32.mul(next(rowTasks), taskRows));
    rowCount.set(i32.sub(rows2, rowStart));
    rowCount.set(code.least(rowCount, taskRows));
    group.set(next(groups));
    block.set(i32.mul(task, blocksPerChunk));
    blockEnd.set(i32.add(block, blocksPerChunk));
    blockEnd.set(code.least(blockEnd, blocks));
    const at3 = (offset) => code.local('i32', i32.add(scratch3, offset));
    const table = at3(params.tableAt);
    const packedA = at3(params.aAt);
    const packedB = at3(params.bAt);
    const zeros2 = code.local('i32', i32.add(scratch3, tiles.heights[0] * width * bytes));
    code.memory.fill(zeros2, 0, width * bytes);
    const channel = emitTapTable(code, tiles, params, table, tapStart, tapCount);
    const cRow = code.local('i32', code.scale(k, bytes));
    const c = code.local('i32', i32.add(out, i32.mul(task, outChunk)));
    const outRow = i32.add(i32.mul(group, rows2), rowStart);
    code.increase(c, code.scale(i32.add(i32.mul(outRow, k), tapStart), bytes));
    const positions2 = code.local('i32', i32.mul(oh, ow));
    from.set(FROM_ZERO);
    code.whileLess(block, blockEnd, () => {
      line2.set(i32.mul(i32.div_u(block, columnBlocks), lineBlock));
      lineEnd.set(i32.add(line2, lineBlock));
      lineEnd.set(code.least(lineEnd, lines));
      column.set(i32.mul(i32.rem_u(block, columnBlocks), columnBlock));
      columnCount.set(i32.sub(ow, column));
      columnCount.set(code.least(columnCount, columnBlock));
      steps2.set(i32.mul(i32.sub(lineEnd, line2), columnCount));
      done.set(0);
      code.whileLess(line2, lineEnd, () => {
        image.set(i32.div_u(line2, oh));
        y.set(i32.rem_u(line2, oh));
        part.set(i32.sub(oh, y));
        const rest = code.local('i32', i32.sub(lineEnd, line2));
        part.set(code.least(part, rest));
        const plane = code.local('i32', i32.add(i32.mul(i32.add(i32.mul(image, groups), group), channels), channel));
        emitPackPart(code, tiles, params, funcs, {
          plane,
          y,
          part,
          column,
          columnCount,
          tapStart,
          tapCount,
          channel,
          x,
          table,
          packedB,
          steps: steps2,
          done,
        });
        const gradRow = i32.add(i32.mul(i32.add(i32.mul(image, groups), group), rows2), rowStart);
        const place3 = i32.add(i32.mul(gradRow, positions2), i32.add(i32.mul(y, ow), column));
        const a = code.local('i32', code.index(grad, place3, bytes));
        const size = code.local('i32', i32.mul(part, columnCount));
        code.call(macro.packA, rowCount, size, a, code.scale(positions2, bytes), bytes, packedA, steps2, done);
        code.increase(done, size);
        code.increase(line2, part);
      });
      const step = i32.mul(steps2, width * bytes);
      code.call(columnsFunc, tapCount, rowCount, steps2, packedA, packedB, 0, step, c, cRow, from, zeros2, scratch3);
      from.set(FROM_C);
      code.increase(block, 1);
    });
  });
}
function emitPackPart(code, tiles, params, { copyPadded, packTaps }, p) {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const { scratch: scratch3, h, w, kh, kw, strideH, strideW, padTop, padLeft, dilationH } = params;
  const { isPadded, lineBytes, planeBytes, padAt } = params;
  const base = code.local('i32');
  const source2 = code.local('i32', i32.add(p.x, code.scale(i32.mul(p.plane, i32.mul(h, w)), bytes)));
  const top = code.local('i32', i32.sub(i32.mul(p.y, strideH), padTop));
  const left = code.local('i32', i32.sub(i32.mul(p.column, strideW), padLeft));
  code.if(
    isPadded,
    () => {
      base.set(i32.add(scratch3, padAt));
      const area = code.local('i32', i32.mul(kh, kw));
      const last = i32.div_u(i32.sub(i32.add(p.tapStart, p.tapCount), 1), area);
      const touched = code.local('i32', i32.add(i32.sub(last, p.channel), 1));
      const reach = (count2, stride, kernel2, dilation) =>
        i32.add(i32.add(i32.mul(i32.sub(count2, 1), stride), i32.mul(i32.sub(kernel2, 1), dilation)), 1);
      const lines = code.local('i32', reach(p.part, strideH, kh, dilationH));
      const columns = code.local('i32', i32.div_u(lineBytes, bytes));
      const plane = code.local('i32', code.scale(i32.mul(h, w), bytes));
      code.call(copyPadded, touched, lines, columns, source2, plane, top, left, h, w, base, planeBytes);
    },
    () => base.set(code.index(source2, i32.add(i32.mul(top, w), left), bytes)),
  );
  const lineStep = code.local('i32', i32.mul(strideH, lineBytes));
  const kStep = code.local('i32', code.scale(strideW, bytes));
  const { tapCount, part, columnCount, table, packedB, steps: steps2, done } = p;
  code.call(packTaps, tapCount, part, columnCount, table, base, lineStep, kStep, packedB, steps2, done);
}

// packages/core/src/wasm/kernels/gemm-vector.ts
var DOT_ROWS = 4;
var AXPY_COLUMNS = 8;
var AXPY_BLOCK_BYTES = 4096;
var GEMV = {
  task: 'i32',
  scratch: 'i32',
  taskRows: 'i32',
  rows: 'i32',
  k: 'i32',
  matrix: 'i32',
  rowStep: 'i32',
  kStep: 'i32',
  x: 'i32',
  xStep: 'i32',
  add: 'i32',
  addStep: 'i32',
  out: 'i32',
  outStep: 'i32',
};
function gemvScratchBytes(element2, k) {
  return AXPY_BLOCK_BYTES + k * element2.bytes;
}
function emitGemv(code, { element: element2, fma }) {
  const { i32 } = code;
  const { bytes } = element2;
  const gather2 = emitGather(code, element2);
  const dots = emitDots2(code, element2, fma);
  const axpys = emitAxpy(code, element2, fma, AXPY_COLUMNS);
  const axpy = emitAxpy(code, element2, fma, 1);
  const finish5 = emitFinish(code, element2);
  const columns = emitColumns2(code, element2, axpys, axpy);
  code.export('gemv', GEMV, [], (params) => {
    const {
      task,
      scratch: scratch3,
      taskRows,
      rows: rows2,
      k,
      matrix: matrix2,
      rowStep,
      kStep,
      x,
      xStep,
      add: add3,
      addStep,
      out,
      outStep,
    } = params;
    const row = code.local('i32', i32.mul(task, taskRows));
    const end = code.local('i32', i32.add(row, taskRows));
    end.set(code.least(end, rows2));
    const count2 = code.local('i32');
    const from = code.local('i32');
    const isRows = code.local('i32', i32.eq(kStep, bytes));
    code.if(i32.and(isRows, i32.ne(xStep, bytes)), () => {
      code.call(gather2, k, x, xStep, i32.add(scratch3, AXPY_BLOCK_BYTES));
      x.set(i32.add(scratch3, AXPY_BLOCK_BYTES));
    });
    code.whileLess(row, end, () => {
      count2.set(i32.sub(end, row));
      count2.set(code.least(count2, AXPY_BLOCK_BYTES / bytes));
      from.set(i32.add(matrix2, i32.mul(row, rowStep)));
      code.if(
        isRows,
        () => code.call(dots, count2, k, from, rowStep, x, scratch3),
        () => code.call(columns, count2, k, from, kStep, x, xStep, scratch3),
      );
      const addAt = i32.add(add3, i32.mul(row, addStep));
      code.call(finish5, count2, scratch3, add3, addAt, addStep, i32.add(out, i32.mul(row, outStep)), outStep);
      code.increase(row, count2);
    });
  });
}
function emitGather(code, element2) {
  const scalar = scalarOf(code, element2);
  const params = { count: 'i32', from: 'i32', step: 'i32', out: 'i32' };
  return code.func('gather', params, [], ({ count: count2, from, step, out }) => {
    code.if(count2, () => {
      repeat(code, count2, () => {
        scalar.store(out, scalar.load(from));
        code.increase(from, step);
        code.increase(out, element2.bytes);
      });
    });
  });
}
function emitFinish(code, element2) {
  const scalar = scalarOf(code, element2);
  const params = {
    count: 'i32',
    sums: 'i32',
    add: 'i32',
    addAt: 'i32',
    addStep: 'i32',
    out: 'i32',
    outStep: 'i32',
  };
  return code.func('finish', params, [], ({ count: count2, sums, add: add3, addAt, addStep, out, outStep }) => {
    repeat(code, count2, () => {
      code.if(
        add3,
        () => scalar.store(out, scalar.add(scalar.load(sums), scalar.load(addAt))),
        () => scalar.store(out, scalar.load(sums)),
      );
      code.increase(sums, element2.bytes);
      code.increase(addAt, addStep);
      code.increase(out, outStep);
    });
  });
}
function emitDots2(code, element2, fma) {
  const { i32 } = code;
  const dot2 = emitDotRows(code, element2, fma);
  const params = { count: 'i32', k: 'i32', from: 'i32', rowStep: 'i32', x: 'i32', sums: 'i32' };
  return code.func('dots', params, [], ({ count: count2, k, from, rowStep, x, sums }) => {
    const last = code.local('i32');
    const pointers = code.locals('i32', DOT_ROWS);
    code.while(
      () => i32.gt_s(count2, 0),
      () => {
        last.set(i32.sub(count2, 1));
        for (const [i, pointer] of pointers.entries()) {
          pointer.set(i32.add(from, i32.mul(code.least(i, last), rowStep)));
        }
        code.call(dot2, k, x, sums, ...pointers);
        code.increase(from, i32.mul(rowStep, DOT_ROWS));
        code.increase(sums, DOT_ROWS * element2.bytes);
        code.decrease(count2, DOT_ROWS);
      },
    );
  });
}
function emitDotRows(code, element2, fma) {
  const { i32, v128 } = code;
  const { bytes, lanes } = element2;
  const scalar = scalarOf(code, element2);
  const params = { k: 'i32', x: 'i32', sums: 'i32', p0: 'i32', p1: 'i32', p2: 'i32', p3: 'i32' };
  return code.func('dotRows', params, [], ({ k, x, sums, ...pointers }) => {
    const rows2 = Object.values(pointers);
    const acc = rows2.map(() => code.locals('v128', 2));
    const [x0, x1, row] = code.locals('v128', 3);
    const count2 = code.local('i32');
    const advance = (by) => {
      for (const pointer of [x, ...rows2]) code.increase(pointer, by);
    };
    code.if(count2.tee(i32.shr_u(k, Math.log2(2 * lanes))), () => {
      repeat(code, count2, () => {
        x0.set(v128.load(x));
        x1.set(v128.load(x, 16));
        for (const [i, pointer] of rows2.entries()) {
          row.set(v128.load(pointer));
          multiplyAdd(code, element2, fma, acc[i][0], row, x0);
          row.set(v128.load(pointer, 16));
          multiplyAdd(code, element2, fma, acc[i][1], row, x1);
        }
        advance(32);
      });
    });
    code.if(count2.tee(i32.and(k, 2 * lanes - 1)), () => {
      repeat(code, count2, () => {
        x0.set(loadFirst(code, element2, x));
        for (const [i, pointer] of rows2.entries()) {
          row.set(loadFirst(code, element2, pointer));
          multiplyAdd(code, element2, fma, acc[i][0], row, x0);
        }
        advance(bytes);
      });
    });
    for (const [i, [low, high]] of acc.entries()) scalar.store(sums, sumLanes(code, element2, low, high), i * bytes);
  });
}
function emitColumns2(code, element2, axpys, axpy) {
  const { i32 } = code;
  const params = { count: 'i32', k: 'i32', from: 'i32', kStep: 'i32', x: 'i32', xStep: 'i32', sums: 'i32' };
  return code.func('columns', params, [], ({ count: count2, k, from, kStep, x, xStep, sums }) => {
    code.memory.fill(sums, 0, code.scale(count2, element2.bytes));
    for (const [func, step] of [
      [axpys, AXPY_COLUMNS],
      [axpy, 1],
    ]) {
      code.while(
        () => i32.ge_u(k, step),
        () => {
          code.call(func, count2, from, kStep, x, xStep, sums);
          code.increase(from, i32.mul(kStep, step));
          code.increase(x, i32.mul(xStep, step));
          code.decrease(k, step);
        },
      );
    }
  });
}
function emitAxpy(code, element2, fma, columns) {
  const { i32, v128 } = code;
  const { bytes, lanes } = element2;
  const params = { count: 'i32', from: 'i32', kStep: 'i32', x: 'i32', xStep: 'i32', sums: 'i32' };
  return code.func(`axpy_${columns}`, params, [], ({ count: count2, from, kStep, x, xStep, sums }) => {
    const factors = code.locals('v128', columns);
    const pointers = code.locals('i32', columns);
    const [sum3, value] = code.locals('v128', 2);
    const left = code.local('i32');
    for (let p = 0; p < columns; p++) {
      factors[p].set(loadSplat(code, element2, x));
      pointers[p].set(from);
      code.increase(x, xStep);
      code.increase(from, kStep);
    }
    const step = (load3, store4, by) => {
      sum3.set(load3(sums));
      for (let p = 0; p < columns; p++) {
        value.set(load3(pointers[p]));
        multiplyAdd(code, element2, fma, sum3, value, factors[p]);
      }
      store4();
      for (const pointer of [sums, ...pointers]) code.increase(pointer, by);
    };
    code.if(left.tee(i32.shr_u(count2, Math.log2(lanes))), () => {
      repeat(code, left, () =>
        step(
          (address) => v128.load(address),
          () => v128.store(sums, sum3),
          16,
        ),
      );
    });
    code.if(left.tee(i32.and(count2, lanes - 1)), () => {
      const store4 = () => (bytes === 4 ? v128.store32_lane(0, sums, sum3) : v128.store64_lane(0, sums, sum3));
      repeat(code, left, () => step((address) => loadFirst(code, element2, address), store4, bytes));
    });
  });
}

// packages/core/src/wasm/kernels/gemm.ts
var DIRECT_ROWS = 12;
var BLOCK_K_BYTES3 = 384 * 4;
var BLOCK_ROWS2 = 120;
var BLOCK_COLUMNS = 480;
var GEMV_TASK_PRODUCTS = 1 << 18;
var TASK_PRODUCTS = 1 << 20;
var MOST_TASKS = 48;
function blocksFor(tiles, m, n, k) {
  const { bytes } = tiles.element;
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const kBlock = evenBlock(k, BLOCK_K_BYTES3 / bytes, 4);
  const rowBlock = evenBlock(m, BLOCK_ROWS2, 12);
  const columnBlock = evenBlock(n, BLOCK_COLUMNS, width);
  const initAt = align(height * width * bytes + width * bytes);
  const rows2 = Math.max(paddedRows(tiles, rowBlock), paddedRows(tiles, Math.min(m, rowBlock)));
  const aAt = align(initAt + Math.max(columnBlock, rows2 * width) * bytes);
  const bAt = align(aAt + rows2 * kBlock * bytes);
  return { kBlock, rowBlock, columnBlock, initAt, aAt, bAt, scratchBytes: align(bAt + columnBlock * kBlock * bytes) };
}
function gemmScratchBytes(dtype, m, n, k) {
  const tiles = tilesFor(dtype, features());
  const packed2 = blocksFor(tiles, m, n, k).scratchBytes;
  return m === 1 || n === 1 ? Math.max(packed2, gemvScratchBytes(tiles.element, k)) : packed2;
}
function gemm(kernels, options) {
  runInline(gemmLaunch(options, 'one'), kernels.memory, options.scratchPtr);
}
function gemmLaunch(g, cut = 'many') {
  const tiles = tilesFor(g.dtype, features());
  const { bytes } = tiles.element;
  const { m, n, k } = g;
  const start = startOf(g);
  if (n === 1 && (g.aColStride === 1 || g.aRowStride === 1)) {
    return gemvLaunch(tiles, cut, {
      rows: m,
      k,
      matrix: g.aPtr,
      rowStep: g.aRowStride * bytes,
      kStep: g.aColStride * bytes,
      x: g.bPtr,
      xStep: g.bRowStride * bytes,
      ...addend(g, start, g.ldc, g.bias?.along === 'row'),
    });
  }
  if (m === 1 && (g.bRowStride === 1 || g.bColStride === 1)) {
    return gemvLaunch(tiles, cut, {
      rows: n,
      k,
      matrix: g.bPtr,
      rowStep: g.bColStride * bytes,
      kStep: g.bRowStride * bytes,
      x: g.aPtr,
      xStep: g.aColStride * bytes,
      ...addend(g, start, 1, g.bias?.along === 'column'),
    });
  }
  const [taskRows, taskColumns] = cut === 'one' ? [m, n] : taskSize(tiles, m, n, k);
  const blocks = blocksFor(tiles, taskRows, taskColumns, k);
  const rowTasks = Math.ceil(m / taskRows);
  const columnTasks = Math.ceil(n / taskColumns);
  const args = {
    taskRows,
    taskColumns,
    rowTasks,
    m,
    n,
    k,
    a: g.aPtr,
    aRow: g.aRowStride * bytes,
    aColumn: g.aColStride * bytes,
    b: g.bPtr,
    bRow: g.bRowStride * bytes,
    bColumn: g.bColStride * bytes,
    c: g.cPtr,
    cRow: g.ldc * bytes,
    from: start,
    bias: g.bias?.ptr ?? 0,
    kBlock: blocks.kBlock,
    rowBlock: blocks.rowBlock,
    columnBlock: blocks.columnBlock,
    initAt: blocks.initAt,
    aAt: blocks.aAt,
    bAt: blocks.bAt,
  };
  return {
    name: tiles.name,
    emit: EMITTERS7[g.dtype],
    entry: 'gemm',
    args: taskArgs(TASK, args),
    tasks: m === 0 || n === 0 ? 0 : rowTasks * columnTasks,
    scratchBytes: blocks.scratchBytes,
  };
}
function startOf(g) {
  if (g.bias && g.accumulate === true) {
    throw new ValueError('starts from C or from a bias, not from both; add the bias to C first', { op: 'gemm' });
  }
  if (g.bias) return g.bias.along === 'row' ? FROM_ROW_BIAS : FROM_COLUMN_BIAS;
  return g.accumulate === true ? FROM_C : FROM_ZERO;
}
function addend(g, start, step, biasVaries) {
  const bytes = itemBytes(g.dtype);
  const out = { out: g.cPtr, outStep: step * bytes };
  if (start === FROM_C) return { add: g.cPtr, addStep: step * bytes, ...out };
  return { add: g.bias?.ptr ?? 0, addStep: biasVaries ? bytes : 0, ...out };
}
function gemvLaunch(tiles, cut, args) {
  const { element: element2 } = tiles;
  const { rows: rows2, k } = args;
  const most = cut === 'one' ? rows2 : Math.max(32, Math.ceil(GEMV_TASK_PRODUCTS / Math.max(k, 1)));
  const taskRows = evenBlock(rows2, Math.max(1, Math.min(most, rows2)), 32);
  return {
    name: `${element2.type}_gemv__${tiles.fma ? 'fma' : 'simd'}`,
    emit: GEMV_EMITTERS[element2.dtype],
    entry: 'gemv',
    args: taskArgs(GEMV, { ...args, taskRows }),
    tasks: Math.ceil(rows2 / taskRows),
    scratchBytes: align(gemvScratchBytes(element2, k)),
  };
}
function taskSize(tiles, m, n, k) {
  const [width] = tiles.widths;
  let rows2 = m;
  let columns = n;
  const products2 = Math.max(TASK_PRODUCTS, (m * n * k) / MOST_TASKS);
  while (rows2 * columns * k >= 2 * products2) {
    if (rows2 >= columns && rows2 > 24) rows2 = evenBlock(rows2, Math.ceil(rows2 / 2), 12);
    else if (columns > 2 * width) columns = evenBlock(columns, Math.ceil(columns / 2), width);
    else break;
  }
  return [rows2, columns];
}
var TASK = {
  task: 'i32',
  scratch: 'i32',
  taskRows: 'i32',
  taskColumns: 'i32',
  rowTasks: 'i32',
  m: 'i32',
  n: 'i32',
  k: 'i32',
  a: 'i32',
  aRow: 'i32',
  aColumn: 'i32',
  b: 'i32',
  bRow: 'i32',
  bColumn: 'i32',
  c: 'i32',
  cRow: 'i32',
  from: 'i32',
  bias: 'i32',
  kBlock: 'i32',
  rowBlock: 'i32',
  columnBlock: 'i32',
  initAt: 'i32',
  aAt: 'i32',
  bAt: 'i32',
};
var emitFor5 = (dtype) => (code, target) => {
  const tiles = tilesFor(dtype, target);
  const macro = emitMacro(code, tiles);
  emitTask(code, tiles, macro, emitColumns(code, tiles, macro));
};
var emitGemvFor = (dtype) => (code, target) => emitGemv(code, tilesFor(dtype, target));
var EMITTERS7 = { float32: emitFor5('float32'), float64: emitFor5('float64') };
var GEMV_EMITTERS = { float32: emitGemvFor('float32'), float64: emitGemvFor('float64') };
function emitTask(code, tiles, macro, columnsFunc) {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const [width] = tiles.widths;
  const packB = emitPackB(code, tiles, macro);
  const expand2 = emitExpand(code, tiles);
  code.export('gemm', TASK, [], (params) => {
    const { task, scratch: scratch3, taskRows, taskColumns, rowTasks, m, n, k, a, aRow, aColumn } = params;
    const { b, bRow, bColumn, c, cRow, from, bias, kBlock, rowBlock, columnBlock, initAt, aAt, bAt } = params;
    const bound2 = (index2, size, most) => {
      const start = code.local('i32', i32.mul(index2, size));
      const end = code.local('i32', i32.add(start, size));
      end.set(code.least(end, most));
      return [start, end];
    };
    const [rowStart, rowEnd] = bound2(i32.rem_u(task, rowTasks), taskRows, m);
    const [columnStart, columnEnd] = bound2(i32.div_u(task, rowTasks), taskColumns, n);
    const local = () => code.local('i32');
    const [row, column, p, rows2, columns, steps2, whole, source2, target, init, now] = Array.from(
      { length: 11 },
      local,
    );
    const packedA = code.local('i32', i32.add(scratch3, aAt));
    const packedB = code.local('i32', i32.add(scratch3, bAt));
    const zeros2 = code.local('i32', i32.add(scratch3, tiles.heights[0] * width * bytes));
    const biases = code.local('i32', i32.add(scratch3, initAt));
    code.memory.fill(zeros2, 0, width * bytes);
    code.forRange(column, columnStart, columnEnd, columnBlock, () => {
      columns.set(i32.sub(columnEnd, column));
      columns.set(code.least(columns, columnBlock));
      whole.set(i32.sub(columns, i32.rem_u(columns, width)));
      const direct = i32.and(i32.eq(bColumn, bytes), i32.le_u(i32.sub(rowEnd, rowStart), DIRECT_ROWS));
      whole.set(i32.mul(whole, direct));
      init.set(code.select(zeros2, biases, i32.eq(from, FROM_ZERO)));
      code.if(i32.eq(from, FROM_COLUMN_BIAS), () =>
        code.memory.copy(biases, code.index(bias, column, bytes), code.scale(columns, bytes)),
      );
      now.set(from);
      p.set(0);
      code.loop((again) => {
        steps2.set(i32.sub(k, p));
        steps2.set(code.least(steps2, kBlock));
        source2.set(at(code, b, p, bRow, column, bColumn));
        code.call(packB, i32.sub(columns, whole), steps2, code.index(source2, whole, bytes), bRow, bColumn, packedB);
        code.forRange(row, rowStart, rowEnd, rowBlock, () => {
          rows2.set(i32.sub(rowEnd, row));
          rows2.set(code.least(rows2, rowBlock));
          code.call(macro.packA, rows2, steps2, at(code, a, row, aRow, p, aColumn), aRow, aColumn, packedA, steps2, 0);
          code.if(i32.eq(now, FROM_ROW_BIAS), () => {
            code.call(expand2, rows2, code.index(bias, row, bytes), biases);
          });
          target.set(i32.add(i32.add(c, i32.mul(row, cRow)), code.scale(column, bytes)));
          code.if(whole, () => {
            const step2 = width * bytes;
            code.call(
              columnsFunc,
              whole,
              rows2,
              steps2,
              packedA,
              source2,
              bRow,
              step2,
              target,
              cRow,
              now,
              init,
              scratch3,
            );
          });
          const rest = i32.sub(columns, whole);
          const step = i32.mul(steps2, width * bytes);
          const to2 = code.index(target, whole, bytes);
          const start = i32.add(init, i32.mul(i32.eq(now, FROM_COLUMN_BIAS), code.scale(whole, bytes)));
          code.call(columnsFunc, rest, rows2, steps2, packedA, packedB, 0, step, to2, cRow, now, start, scratch3);
        });
        now.set(FROM_C);
        code.increase(p, kBlock);
        code.br_if(again, i32.lt_u(p, k));
      });
    });
  });
}
function at(code, base, i, iStride, j, jStride) {
  const { i32 } = code;
  return i32.add(i32.add(base, i32.mul(i, iStride)), i32.mul(j, jStride));
}

// packages/core/src/wasm/kernels/copy.ts
function hasTranspose(bytes) {
  return bytes === 4 || bytes === 8;
}
var copyName = (bytes, form) => `b${bytes}_copy_${form}`;
var LONG_ROW_BYTES = 512;
var BLOCK_ROW_BYTES = 64;
var BLOCK_COLUMNS2 = 4;
function emitCopy(bytes, form) {
  return (code) => {
    code.export(
      'run',
      {
        rows: 'i32',
        columns: 'i32',
        from: 'i32',
        out: 'i32',
        fromRow: 'i32',
        fromColumn: 'i32',
        outRow: 'i32',
        outColumn: 'i32',
      },
      [],
      ({ rows: rows2, columns, from, out, fromRow, fromColumn, outRow, outColumn }) => {
        if (form === 'transposed') transposed2(code, bytes, rows2, columns, from, out, fromColumn, outRow);
        else if (form === 'strided') {
          strided(code, bytes, rows2, columns, from, out, fromRow, fromColumn, outRow, outColumn);
        } else {
          const row = form === 'rows' ? copyRow : repeatRow;
          const r = code.local('i32');
          const rowBytes = code.local('i32', code.scale(columns, bytes));
          code.forRange(r, 0, rows2, 1, () => {
            row(code, bytes, rowBytes, from, out);
            code.increase(from, fromRow);
            code.increase(out, outRow);
          });
        }
      },
    );
  };
}
function load2(code, bytes, pointer) {
  if (bytes === 8) return code.i64.load(pointer);
  return bytes === 4 ? code.i32.load(pointer) : code.i32.load8_u(pointer);
}
function store2(code, bytes, pointer, value) {
  if (bytes === 8) code.i64.store(pointer, value);
  else if (bytes === 4) code.i32.store(pointer, value);
  else code.i32.store8(pointer, value);
}
function copyRow(code, bytes, rowBytes, from, out) {
  const { i32, v128 } = code;
  code.if(
    i32.ge_u(rowBytes, LONG_ROW_BYTES),
    () => code.memory.copy(out, from, rowBytes),
    () => {
      overVectors(
        code,
        bytes,
        rowBytes,
        (at3) => v128.store(i32.add(out, at3), v128.load(i32.add(from, at3))),
        (at3) => store2(code, bytes, i32.add(out, at3), load2(code, bytes, i32.add(from, at3))),
      );
    },
  );
}
function repeatRow(code, bytes, rowBytes, from, out) {
  const { i32, v128 } = code;
  const splat = code.local('v128');
  if (bytes === 8) splat.set(v128.load64_splat(from));
  else if (bytes === 4) splat.set(v128.load32_splat(from));
  else splat.set(v128.load8_splat(from));
  overVectors(
    code,
    bytes,
    rowBytes,
    (at3) => v128.store(i32.add(out, at3), splat),
    (at3) => store2(code, bytes, i32.add(out, at3), load2(code, bytes, from)),
  );
}
function overVectors(code, bytes, rowBytes, vector, element2) {
  const at3 = code.local('i32');
  const whole = code.local('i32', code.i32.and(rowBytes, -16));
  code.forRange(at3, 0, whole, 16, () => vector(at3));
  code.whileLess(at3, rowBytes, () => {
    element2(at3);
    code.increase(at3, bytes);
  });
}
function strided(code, bytes, rows2, columns, from, out, fromRow, fromColumn, outRow, outColumn) {
  const r = code.local('i32');
  const c = code.local('i32');
  const [x, y, rowX, rowY] = code.locals('i32', 4);
  rowX.set(from);
  rowY.set(out);
  code.forRange(r, 0, rows2, 1, () => {
    x.set(rowX);
    y.set(rowY);
    code.forRange(c, 0, columns, 1, () => {
      store2(code, bytes, y, load2(code, bytes, x));
      code.increase(x, fromColumn);
      code.increase(y, outColumn);
    });
    code.increase(rowX, fromRow);
    code.increase(rowY, outRow);
  });
}
function transposed2(code, bytes, rows2, columns, from, out, fromColumn, outRow) {
  const { i32, v128 } = code;
  const lanes = 16 / bytes;
  const blockRows = BLOCK_ROW_BYTES / bytes;
  const r = code.local('i32');
  const c = code.local('i32');
  const wholeRows = code.local('i32', i32.and(rows2, -blockRows));
  const wholeColumns = code.local('i32', i32.and(columns, -BLOCK_COLUMNS2));
  const [x, y, source2, target] = code.locals('i32', 4);
  const vectors = code.locals('v128', lanes);
  code.forRange(r, 0, wholeRows, blockRows, () => {
    x.set(code.index(from, r, bytes));
    y.set(i32.add(out, i32.mul(r, outRow)));
    code.forRange(c, 0, wholeColumns, BLOCK_COLUMNS2, () => {
      for (let column = 0; column < BLOCK_COLUMNS2; column += lanes) {
        for (let row = 0; row < blockRows; row += lanes) {
          source2.set(x);
          for (const vector of vectors) {
            vector.set(v128.load(source2, row * bytes));
            code.increase(source2, fromColumn);
          }
          if (row === 0) target.set(y);
          for (const line2 of transposeSquare(code, bytes, vectors)) {
            v128.store(target, line2(), column * bytes);
            code.increase(target, outRow);
          }
        }
        x.set(source2);
      }
      code.increase(y, BLOCK_COLUMNS2 * bytes);
    });
  });
  const rest = code.local('i32');
  rest.set(i32.sub(columns, wholeColumns));
  x.set(i32.add(from, i32.mul(wholeColumns, fromColumn)));
  y.set(code.index(out, wholeColumns, bytes));
  strided(code, bytes, wholeRows, rest, x, y, bytes, fromColumn, outRow, bytes);
  rest.set(i32.sub(rows2, wholeRows));
  x.set(code.index(from, wholeRows, bytes));
  y.set(i32.add(out, i32.mul(wholeRows, outRow)));
  strided(code, bytes, rest, columns, x, y, bytes, fromColumn, outRow, bytes);
}
function transposeSquare(code, bytes, columns) {
  const { i32x4, i64x2 } = code;
  if (bytes === 8) {
    const [a2, b2] = columns;
    return [() => i64x2.shuffle([0, 2], a2, b2), () => i64x2.shuffle([1, 3], a2, b2)];
  }
  const [a, b, c, d] = columns;
  const low = code.local('v128', i32x4.shuffle([0, 4, 1, 5], a, b));
  const high = code.local('v128', i32x4.shuffle([2, 6, 3, 7], a, b));
  const low2 = code.local('v128', i32x4.shuffle([0, 4, 1, 5], c, d));
  const high2 = code.local('v128', i32x4.shuffle([2, 6, 3, 7], c, d));
  return [
    () => i64x2.shuffle([0, 2], low, low2),
    () => i64x2.shuffle([1, 3], low, low2),
    () => i64x2.shuffle([0, 2], high, high2),
    () => i64x2.shuffle([1, 3], high, high2),
  ];
}

// packages/core/src/wasm/staging.ts
var ALIGN2 = 64;
var aligned = (bytes) => Math.ceil(bytes / ALIGN2) * ALIGN2;
var Staging = class {
  parts = [];
  bytes = 0;
  base = 0;
  /** Sets aside `bytes`; returns where they will be, relative to the start. */
  reserve(bytes) {
    const at3 = this.bytes;
    this.bytes += aligned(bytes);
    return at3;
  }
  /** Sets aside room for elements `first` to `first + count - 1` of a storage, unless they are in the heap or can enter it. */
  add(storage, first, count2) {
    const at3 = storage.enterHeap() ? null : this.reserve(count2 * itemBytes(storage.dtype));
    const part = { storage, first, count: count2, at: at3 };
    this.parts.push(part);
    return part;
  }
  /** The same for all that a tensor reaches, from its first element to its last. */
  addTensor({ storage, shape, strides, offset }) {
    let last = 0;
    for (let d = 0; d < shape.length; d++) last += (shape[d] - 1) * strides[d];
    return this.add(storage, offset, sizeOf(shape) === 0 ? 0 : last + 1);
  }
  /** Bytes that `open` will take. */
  get size() {
    return this.bytes;
  }
  /** Takes the room and copies in all parts but the one that is only written. */
  open(written) {
    for (const part of this.parts) {
      if (part.at === null && part.storage.pointer === 0) {
        part.at = this.reserve(part.count * itemBytes(part.storage.dtype));
      }
    }
    this.base = this.bytes > 0 ? heap().scratch(this.bytes) : 0;
    for (const part of this.parts) if (part !== written && part.at !== null) this.copyOf(part).set(elements(part));
  }
  /** The byte address of what `reserve` set aside. */
  at(offset) {
    return this.base + offset;
  }
  /** The byte address of a part's first element. */
  pointer({ storage, first, at: at3 }) {
    return at3 === null ? storage.pointer + first * itemBytes(storage.dtype) : this.base + at3;
  }
  /** Copies the result back, if the part does not lie in the heap itself. */
  write(part) {
    if (part.at !== null) elements(part).set(this.copyOf(part));
  }
  copyOf({ storage, count: count2, at: at3 }) {
    return new Uint8Array(heap().memory.buffer, this.base + at3, count2 * itemBytes(storage.dtype));
  }
};
function elements({ storage, first, count: count2 }) {
  const bytes = itemBytes(storage.dtype);
  const { buffer, byteOffset } = storage.array;
  return new Uint8Array(buffer, byteOffset + first * bytes, count2 * bytes);
}

// packages/core/src/wasm/launchCopy.ts
var MIN_SIZE = 256;
var MIN_PLANE = 16;
var MAX_STAGED_BYTES = 16 * 2 ** 20;
function launchCopy(a, out) {
  if (!out.storage.enterHeap() || a.dtype !== out.dtype || !features().simd) return false;
  if (sizeOf(out.shape) < MIN_SIZE) return false;
  const own = broadcastStrides(a.shape, a.strides, out.shape);
  const { shape, strides } = planes(out.shape, own, out.strides);
  const inner = shape.length - 1;
  if (inner < 0) return false;
  if (inner === 0) {
    shape.unshift(1);
    for (const s of strides) s.unshift(0);
  }
  const last = shape.length - 1;
  const rows2 = shape[last - 1];
  const columns = shape[last];
  if (rows2 * columns < MIN_PLANE) return false;
  const bytes = itemBytes(out.dtype);
  const [fromRow, outRow] = strides.map((s) => s[last - 1] * bytes);
  const [fromColumn, outColumn] = strides.map((s) => s[last] * bytes);
  const form = formOf(bytes, fromRow, fromColumn, outColumn);
  const staging = new Staging();
  const part = staging.addTensor(a);
  if (staging.size > MAX_STAGED_BYTES) return false;
  staging.open(null);
  const { run: run2 } = kernel(copyName(bytes, form), emitCopy(bytes, form), heap().memory);
  const source2 = staging.pointer(part);
  const target = out.storage.pointer + out.offset * bytes;
  const outer2 = [...shape.slice(0, last - 1), 1];
  walkOuter(outer2, strides, [0, 0], ([from, to2]) => {
    run2(rows2, columns, source2 + from * bytes, target + to2 * bytes, fromRow, fromColumn, outRow, outColumn);
  });
  return true;
}
function planes(shape, from, to2) {
  const order = shape.map((_, d) => d).sort((a, b) => to2[b] - to2[a]);
  const pick = (list2) => order.map((d) => list2[d]);
  const merged = collapse(pick(shape), [pick(from), pick(to2)]);
  const last = merged.shape.length - 1;
  const run2 = merged.strides[0].lastIndexOf(1);
  if (run2 >= 0 && run2 < last - 1) {
    for (const list2 of [merged.shape, ...merged.strides]) list2.splice(last - 1, 0, ...list2.splice(run2, 1));
  }
  return merged;
}
function formOf(bytes, fromRow, fromColumn, outColumn) {
  if (outColumn !== bytes) return 'strided';
  if (fromColumn === bytes) return 'rows';
  if (fromColumn === 0) return 'repeated';
  return fromRow === bytes && hasTranspose(bytes) ? 'transposed' : 'strided';
}

// packages/core/src/wasm/rowMajor.ts
function rowMajor3(self) {
  if (isContiguous(self.shape, self.strides)) return self;
  const out = allocate(self.shape, self.dtype);
  if (!launchCopy(self, out)) copy(self, out);
  return out;
}

// packages/core/src/wasm/select.ts
var MIN_GEMM_PRODUCTS = 4096;
function extent(rows2, columns, view3) {
  return (rows2 - 1) * view3.rowStride + (columns - 1) * view3.columnStride + 1;
}
function hasKernels(dtype) {
  return (dtype === 'float32' || dtype === 'float64') && features().simd;
}
function fastGemm(m, n, k, a, av, b, bv, out, ov, alpha, beta) {
  const { dtype } = out;
  if (m * n * k < MIN_GEMM_PRODUCTS || !hasKernels(dtype) || (n > 1 && ov.columnStride !== 1)) return false;
  const bytes = itemBytes(dtype);
  const isPlain2 = alpha === 1 && (beta === 0 || beta === 1);
  const staging = new Staging();
  const scratch3 = staging.reserve(gemmScratchBytes(dtype, m, n, k));
  const product = isPlain2 ? 0 : staging.reserve(m * n * bytes);
  const lhs = staging.add(a, av.offset, extent(m, k, av));
  const rhs = staging.add(b, bv.offset, extent(k, n, bv));
  const result = isPlain2 ? staging.add(out, ov.offset, extent(m, n, ov)) : null;
  staging.open(beta === 0 && result?.count === m * n ? result : null);
  const target = result !== null ? staging.pointer(result) : staging.at(product);
  const ldc = isPlain2 ? ov.rowStride : n;
  gemm(
    { memory: heap().memory },
    {
      dtype,
      m,
      n,
      k,
      aPtr: staging.pointer(lhs),
      aRowStride: av.rowStride,
      aColStride: av.columnStride,
      bPtr: staging.pointer(rhs),
      bRowStride: bv.rowStride,
      bColStride: bv.columnStride,
      cPtr: target,
      ldc,
      accumulate: isPlain2 && beta === 1,
      scratchPtr: staging.at(scratch3),
    },
  );
  if (result !== null) staging.write(result);
  else combine(m, n, target, out, ov, alpha, beta);
  return true;
}
function combine(m, n, product, out, ov, alpha, beta) {
  const { buffer } = heap().memory;
  const source2 =
    out.dtype === 'float32' ? new Float32Array(buffer, product, m * n) : new Float64Array(buffer, product, m * n);
  const target = out.array;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const at3 = ov.offset + i * ov.rowStride + j * ov.columnStride;
      target[at3] = alpha * source2[i * n + j] + (beta === 0 ? 0 : beta * target[at3]);
    }
  }
}
var MIN_CONV_PRODUCTS = 4096;
function convShape(input, weight, out, params, dtype) {
  if (!hasKernels(dtype)) return null;
  const flat2 = input.length === 3;
  const [h, w] = flat2 ? [1, input[2]] : [input[2], input[3]];
  const [kh, kw] = flat2 ? [1, weight[2]] : [weight[2], weight[3]];
  const [oh, ow] = flat2 ? [1, out[2]] : [out[2], out[3]];
  const both2 = (list2, neutral) => (flat2 ? [neutral, list2[0]] : list2);
  const [strideH, strideW] = both2(params.stride, 1);
  const [padTop, padLeft] = both2(params.padding, 0);
  const [dilationH, dilationW] = both2(params.dilation, 1);
  const { groups } = params;
  if (out[0] * out[1] * oh * ow * weight[1] * kh * kw < MIN_CONV_PRODUCTS) return null;
  return {
    dtype,
    n: input[0],
    cin: input[1],
    h,
    w,
    cout: out[1],
    kh,
    kw,
    oh,
    ow,
    strideH,
    strideW,
    padTop,
    padLeft,
    dilationH,
    dilationW,
    groups,
  };
}
function withOperands(operands, out, scratchBytes, run2) {
  const staging = new Staging();
  const scratch3 = staging.reserve(scratchBytes);
  const parts = operands.map((x) => (x === null ? null : staging.addTensor(rowMajor3(x))));
  const result = staging.addTensor(out);
  staging.open(result);
  run2(
    parts.map((x) => (x === null ? 0 : staging.pointer(x))),
    staging.pointer(result),
    staging.at(scratch3),
  );
  staging.write(result);
}
function fastConvForward(input, weight, bias, out, params) {
  const shape = convShape(input.shape, weight.shape, out.shape, params, out.dtype);
  if (shape === null) return false;
  withOperands(
    [input, weight, bias],
    out,
    convForwardScratchBytes(shape),
    ([xPtr, wPtr, biasPtr], outPtr, scratchPtr) =>
      convForward2({ memory: heap().memory }, { ...shape, xPtr, wPtr, biasPtr, outPtr, scratchPtr }),
  );
  return true;
}
function fastConvBackwardInput(gradOutput, weight, bias, out, params) {
  const shape = convShape(out.shape, weight.shape, gradOutput.shape, params, out.dtype);
  if (shape === null) return false;
  withOperands(
    [gradOutput, weight, bias],
    out,
    convBackwardInputScratchBytes(shape),
    ([gradPtr, wPtr, biasPtr], outPtr, scratchPtr) =>
      convBackwardInput2({ memory: heap().memory }, { ...shape, gradPtr, wPtr, biasPtr, outPtr, scratchPtr }),
  );
  return true;
}
function fastConvBackwardWeight(gradOutput, input, out, params) {
  const shape = convShape(input.shape, out.shape, gradOutput.shape, params, out.dtype);
  if (shape === null) return false;
  withOperands([gradOutput, input], out, convBackwardWeightScratchBytes(shape), ([gradPtr, xPtr], outPtr, scratchPtr) =>
    convBackwardWeight2({ memory: heap().memory }, { ...shape, gradPtr, xPtr, outPtr, scratchPtr }),
  );
  return true;
}

// packages/core/src/reference/pad.ts
function sourceOf(y, size, before, after, mode2) {
  const x = y - before;
  switch (mode2) {
    case 'constant':
      return x < 0 || x >= size ? -1 : x;
    case 'replicate':
      return Math.min(Math.max(x, 0), size - 1);
    case 'reflect':
      return x < 0 ? -x : x >= size ? 2 * (size - 1) - x : x;
    default: {
      const crop = Math.max(-before, 0);
      const length = size - crop - Math.max(-after, 0);
      const at3 = (y - Math.max(before, 0)) % length;
      return crop + (at3 < 0 ? at3 + length : at3);
    }
  }
}
function padsOf(pads, ndim) {
  return Array.from({ length: ndim }, (_, d) => {
    const at3 = 2 * (ndim - 1 - d);
    return [pads[at3] ?? 0, pads[at3 + 1] ?? 0];
  });
}
function tables(shape, pads, mode2) {
  return padsOf(pads, shape.length).map(([before, after], d) => {
    const table = new Int32Array(shape[d] + before + after);
    for (let y = 0; y < table.length; y++) table[y] = sourceOf(y, shape[d], before, after, mode2);
    return table;
  });
}
function eachRow(lookup, strides, offset, visit) {
  const outer2 = lookup.length - 1;
  const index2 = new Array(outer2).fill(0);
  for (let row = 0; ; row++) {
    let from = offset;
    for (let d2 = 0; d2 < outer2; d2++) {
      const at3 = lookup[d2][index2[d2]];
      if (at3 < 0) {
        from = -1;
        break;
      }
      from += at3 * strides[d2];
    }
    visit(from, row);
    let d = outer2 - 1;
    for (; d >= 0; d--) {
      if (++index2[d] < lookup[d].length) break;
      index2[d] = 0;
    }
    if (d < 0) return;
  }
}
function innerRun(pads, ndim, length) {
  const [before, after] = padsOf(pads, ndim)[ndim - 1];
  return [Math.max(before, 0), length - Math.max(after, 0)];
}
function padForward(a, out, pads, mode2, value) {
  if (sizeOf(out.shape) === 0) return;
  const source2 = a.array;
  const target = out.array;
  const ndim = a.shape.length;
  if (ndim === 0) {
    target[out.offset] = source2[a.offset];
    return;
  }
  const constant3 = a.dtype === 'int64' ? toBigInt(value) : a.dtype === 'bool' ? Number(value !== 0) : value;
  const lookup = tables(a.shape, pads, mode2);
  const table = lookup[ndim - 1];
  const step = a.strides[ndim - 1];
  const [first, last] = innerRun(pads, ndim, table.length);
  eachRow(lookup, a.strides, a.offset, (from, row) => {
    const at3 = out.offset + row * table.length;
    if (from < 0) target.fill(constant3, at3, at3 + table.length);
    else {
      const x = source2;
      const y = target;
      gatherEdge(x, from, step, table, 0, Math.min(first, table.length), y, at3, constant3);
      copyRun(x, from + (first < last ? table[first] : 0) * step, step, y, at3 + first, last - first);
      gatherEdge(x, from, step, table, Math.max(first, last), table.length, y, at3, constant3);
    }
  });
}
function gatherEdge(source2, from, step, table, first, last, target, at3, constant3) {
  for (let i = first; i < last; i++) {
    const x = table[i];
    target[at3 + i] = x < 0 ? constant3 : source2[from + x * step];
  }
}
function copyRun(source2, from, step, target, at3, n) {
  for (let i = 0, x = from; i < n; i++, x += step) target[at3 + i] = source2[x];
}
function padBackward(grad, out, pads, mode2) {
  const target = denseOutput(out);
  const size = sizeOf(out.shape);
  const sums = new Float64Array(size);
  const source2 = doubles(grad);
  if (out.shape.length === 0) sums[0] = source2[0];
  else if (source2.length > 0) {
    const lookup = tables(out.shape, pads, mode2);
    const table = lookup[lookup.length - 1];
    eachRow(lookup, contiguousStrides(out.shape), 0, (to2, row) => {
      if (to2 >= 0) scatterRow(source2, row * table.length, table, sums, to2);
    });
  }
  for (let i = 0; i < size; i++) target.array[target.offset + i] = sums[i];
  finish(target, out);
}
function scatterRow(source2, at3, table, sums, to2) {
  for (let i = 0; i < table.length; i++) {
    const x = table[i];
    if (x >= 0) sums[to2 + x] += source2[at3 + i];
  }
}

// packages/core/src/ops/spatial.ts
function refuse(op2, rule, operands) {
  throw new ValueError(rule, { op: op2, operands });
}
function checkTensor(op2, name2, value) {
  if (isTensor(value)) return value;
  const kind = Array.isArray(value)
    ? 'an array; make a tensor of it with tensor()'
    : value === null
      ? 'null'
      : typeof value;
  throw new DTypeError(`${name2} must be a tensor, but got ${kind}`, { op: op2, operands: { [name2]: value } });
}
function tensorOrNull(op2, name2, value) {
  return value === void 0 || value === null ? null : checkTensor(op2, name2, value);
}
function perDimension(op2, name2, value, spatial, rule) {
  const list2 = typeof value === 'number' ? [value] : value;
  const fits =
    Array.isArray(list2) && (list2.length === 1 || list2.length === spatial) && list2.every(Number.isInteger);
  if (!fits) refuse(op2, `${rule}, but got ${name2}=${show(value)}`, { [name2]: value });
  return list2.length === spatial ? list2 : new Array(spatial).fill(list2[0]);
}

// packages/core/src/ops/pad.ts
var padForward2 = (self, pads, mode2, value) => {
  const out = allocate(paddedShape(self.shape, pads), self.dtype);
  padForward(self, out, pads, mode2, value);
  return out;
};
var padBackwardForward = (grad, inputShape, pads, mode2) => {
  const out = allocate(inputShape, grad.dtype);
  padBackward(grad, out, pads, mode2);
  return out;
};
function paddedShape(shape, pads) {
  return padsOf(pads, shape.length).map(([before, after], d) => shape[d] + before + after);
}
var MODES = ['constant', 'reflect', 'replicate', 'circular'];
function checkPads(op2, shape, pads, mode2) {
  const operands = { input: shape, pad: pads, mode: mode2 };
  if (!Array.isArray(pads) || !pads.every(Number.isInteger)) {
    throw new ValueError(`pad must be a list of integers, but got ${show(pads)}`, { op: op2, operands });
  }
  if (!MODES.includes(mode2)) {
    throw new NotImplementedError(`Unrecognised padding mode ${String(mode2)}; known are ${MODES.join(', ')}`, {
      op: op2,
      operands,
    });
  }
  if (pads.length % 2 !== 0) {
    throw new ValueError(`Padding length must be divisible by 2, but got ${pads.length} entries`, {
      op: op2,
      operands,
    });
  }
  const count2 = pads.length / 2;
  if (count2 > shape.length) {
    throw new ShapeError(
      `Padding length should be less than or equal to two times the input dimension but got padding length ${pads.length} and input of dimension ${shape.length}`,
      { op: op2, operands },
    );
  }
  if (mode2 !== 'constant') checkModeDims(op2, shape, pads, count2, mode2);
  padsOf(pads, shape.length).forEach(([before, after], d) => {
    if (before !== 0 || after !== 0) checkDim(op2, shape, d, before, after, mode2);
  });
  return pads;
}
function checkModeDims(op2, shape, pads, count2, mode2) {
  const operands = { input: shape, pad: pads, mode: mode2 };
  const left = shape.length - count2;
  if (count2 < 1 || count2 > 3 || left < 1 || left > 2) {
    throw new NotImplementedError(
      `Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now, with one or two dimensions that are not padded, but got padding of length ${pads.length} for input of shape ${formatShape(shape)}`,
      { op: op2, operands },
    );
  }
  for (let d = left === 2 ? 1 : 0; d < shape.length; d++) {
    if (shape[d] !== 0) continue;
    throw new ShapeError(
      `Expected ${count2 + 1}D or ${count2 + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: ${formatShape(shape)}`,
      { op: op2, operands },
    );
  }
}
function checkDim(op2, shape, d, before, after, mode2) {
  const size = shape[d];
  const operands = { input: shape, padding: [before, after], dim: d, mode: mode2 };
  if (mode2 === 'reflect' && (before >= size || after >= size)) {
    throw new ShapeError(
      `Padding size should be less than the corresponding input dimension, but got: padding (${before}, ${after}) at dimension ${d} of input ${formatShape(shape)}`,
      { op: op2, operands },
    );
  }
  if (mode2 === 'circular' && (before > size || after > size)) {
    throw new ShapeError(
      `Padding value causes wrapping around more than once: padding (${before}, ${after}) at dimension ${d} of input ` +
        formatShape(shape),
      { op: op2, operands },
    );
  }
  const result = size + before + after;
  if (mode2 === 'constant' ? result < 0 : result < 1) {
    throw new ShapeError(
      `The input size ${size}, plus negative padding ${before} and ${after} resulted in a ${result < 0 ? 'negative output size' : 'too small output size of 0'}, which is invalid. Check dimension ${d} of your input`,
      { op: op2, operands },
    );
  }
  if (mode2 !== 'constant' && size - Math.max(-before, 0) - Math.max(-after, 0) < 1) {
    throw new ShapeError(
      `Negative padding value is resulting in an empty dimension: padding (${before}, ${after}) at dimension ${d} of input ` +
        formatShape(shape),
      { op: op2, operands },
    );
  }
}
function pad(input, pad2, mode2, value) {
  const [pads, m = 'constant', v = null] = named('pad', ['pad', 'mode', 'value'], [pad2, mode2, value]);
  checkTensor('pad', 'input', input);
  const checked = checkPads('pad', input.shape, pads, m);
  if (m !== 'constant' && v !== null && v !== 0) {
    throw new ValueError(`Padding mode "${m}" doesn't take in value argument, but got ${v}`, {
      op: 'pad',
      operands: { value: v },
    });
  }
  const constant3 = castConstant(input, v ?? 0);
  return dispatch('pad', padForward2, [input, checked, m, constant3]);
}
function castConstant(input, value) {
  return input.dtype === 'float32' || input.dtype === 'float64' || input.dtype === 'bool' ? value : Math.trunc(value);
}
function padBackward2(grad, inputShape, pads, mode2) {
  const checked = checkPads('padBackward', inputShape, pads, mode2);
  const expected = paddedShape(inputShape, checked);
  if (!sameShape(grad.shape, expected)) {
    throw new ShapeError(`expected a gradient of shape ${formatShape(expected)}, but got ${formatShape(grad.shape)}`, {
      op: 'padBackward',
      operands: { grad: grad.shape, inputShape, pads },
    });
  }
  return dispatch('padBackward', padBackwardForward, [grad, inputShape, checked, mode2]);
}

// packages/core/src/reference/int64.ts
var UNARY = {
  neg: (x) => -x,
  abs: (x) => (x < 0n ? -x : x),
  relu: (x) => (x < 0n ? 0n : x),
  bitwiseNot: (x) => ~x,
  floor: (x) => x,
  ceil: (x) => x,
  round: (x) => x,
  trunc: (x) => x,
};
var truth = (x) => (x ? 1n : 0n);
var BINARY = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  divTrunc: (x, y) => x / y,
  divFloor: (x, y) => (x - remainder(x, y)) / y,
  remainder,
  fmod: (x, y) => x % y,
  pow: power,
  maximum: (x, y) => (x > y ? x : y),
  minimum: (x, y) => (x < y ? x : y),
  bitwiseAnd: (x, y) => x & y,
  bitwiseOr: (x, y) => x | y,
  bitwiseXor: (x, y) => x ^ y,
  eq: (x, y) => truth(x === y),
  ne: (x, y) => truth(x !== y),
  lt: (x, y) => truth(x < y),
  le: (x, y) => truth(x <= y),
  gt: (x, y) => truth(x > y),
  ge: (x, y) => truth(x >= y),
};
function remainder(x, y) {
  const r = x % y;
  return r !== 0n && r < 0n !== y < 0n ? r + y : r;
}
function power(x, y) {
  if (y < 0n) return x === 1n ? 1n : x === -1n ? (y % 2n === 0n ? 1n : -1n) : 0n;
  let result = 1n;
  for (let base = x, e = y; e > 0n; e >>= 1n) {
    if (e & 1n) result = BigInt.asIntN(64, result * base);
    base = BigInt.asIntN(64, base * base);
  }
  return result;
}
function read(array, at3) {
  const x = array[at3];
  return typeof x === 'bigint' ? x : BigInt(x);
}
function write(out, array, at3, x) {
  if (out.dtype === 'int64') array[at3] = x;
  else array[at3] = Number(x);
}
function operand(x) {
  if (typeof x !== 'number') return x;
  return { array: BigInt64Array.of(BigInt(Math.trunc(x))), shape: [], strides: [], offset: 0, dtype: 'int64' };
}
function unaryInt64(name2, a, out) {
  const fn = Object.hasOwn(UNARY, name2) ? UNARY[name2] : void 0;
  if (fn === void 0 || a.dtype !== 'int64' || out.dtype !== 'int64') return false;
  if (sizeOf(out.shape) === 0) return true;
  const src = a.array;
  const dst = out.array;
  walk2(a, out, (ai, oi) => write(out, dst, oi, fn(read(src, ai))));
  return true;
}
function binaryInt64(name2, a, b, out) {
  const fn = Object.hasOwn(BINARY, name2) ? BINARY[name2] : void 0;
  if (fn === void 0) return false;
  runBig(fn, a, b, out);
  return true;
}
function addScaledInt64(a, b, alpha, out) {
  const factor = BigInt(alpha);
  runBig((x, y) => x + factor * y, a, b, out);
}
function runBig(fn, a, b, out) {
  if (sizeOf(out.shape) === 0) return;
  const x = operand(a);
  const y = operand(b);
  const xs = x.array;
  const ys = y.array;
  const dst = out.array;
  walk3(x, y, out, (xi, yi, oi) => write(out, dst, oi, fn(read(xs, xi), read(ys, yi))));
}

// packages/core/src/reference/special.ts
var { abs, exp, floor, log, sqrt } = Math;
function polynomial(c, x) {
  let sum3 = c[c.length - 1];
  for (let i = c.length - 2; i >= 0; i--) sum3 = sum3 * x + c[i];
  return sum3;
}
var coefficients = (...c) => Float64Array.from(c);
var EFX = 0.1283791670955126;
var ERX = 0.8450629115104675;
var PP = coefficients(
  0.12837916709551256,
  -0.3250421072470015,
  -0.02848174957559851,
  -0.005770270296489442,
  -23763016656650163e-21,
);
var QQ = coefficients(
  1,
  0.39791722395915535,
  0.0650222499887673,
  0.005081306281875766,
  13249473800432164e-20,
  -3960228278775368e-21,
);
var PA = coefficients(
  -0.0023621185607526594,
  0.41485611868374833,
  -0.3722078760357013,
  0.31834661990116175,
  -0.11089469428239668,
  0.035478304325618236,
  -0.002166375594868791,
);
var QA = coefficients(
  1,
  0.10642088040084423,
  0.540397917702171,
  0.07182865441419627,
  0.12617121980876164,
  0.01363708391202905,
  0.011984499846799107,
);
var RA = coefficients(
  -0.009864944034847148,
  -0.6938585727071818,
  -10.558626225323291,
  -62.375332450326006,
  -162.39666946257347,
  -184.60509290671104,
  -81.2874355063066,
  -9.814329344169145,
);
var SA = coefficients(
  1,
  19.651271667439257,
  137.65775414351904,
  434.56587747522923,
  645.3872717332679,
  429.00814002756783,
  108.63500554177944,
  6.570249770319282,
  -0.0604244152148581,
);
var RB = coefficients(
  -0.0098649429247001,
  -0.799283237680523,
  -17.757954917754752,
  -160.63638485582192,
  -637.5664433683896,
  -1025.0951316110772,
  -483.5191916086514,
);
var SB = coefficients(
  1,
  30.33806074348246,
  325.7925129965739,
  1536.729586084437,
  3199.8582195085955,
  2553.0504064331644,
  474.52854120695537,
  -22.44095244658582,
);
function erfcTail(a) {
  if (a > 28) return 0;
  const s = 1 / (a * a);
  const ratio = a < 1 / 0.35 ? polynomial(RA, s) / polynomial(SA, s) : polynomial(RB, s) / polynomial(SB, s);
  const z = Math.fround(a);
  return (exp(-z * z - 0.5625) * exp((z - a) * (z + a) + ratio)) / a;
}
function erf(x) {
  const a = abs(x);
  if (a < 0.84375) {
    const z = x * x;
    return a < 37252902984e-19 ? x + EFX * x : x + x * (polynomial(PP, z) / polynomial(QQ, z));
  }
  if (a < 1.25) {
    const y2 = ERX + polynomial(PA, a - 1) / polynomial(QA, a - 1);
    return x < 0 ? -y2 : y2;
  }
  if (Number.isNaN(x)) return x;
  const y = a >= 6 ? 1 : 1 - erfcTail(a);
  return x < 0 ? -y : y;
}
function erfc(x) {
  const a = abs(x);
  if (a < 0.84375) {
    const z = x * x;
    const y = polynomial(PP, z) / polynomial(QQ, z);
    return x < 0.25 ? 1 - (x + x * y) : 0.5 - (x - 0.5 + x * y);
  }
  if (a < 1.25) {
    const y = polynomial(PA, a - 1) / polynomial(QA, a - 1);
    return x < 0 ? 1 + (ERX + y) : 1 - ERX - y;
  }
  if (Number.isNaN(x)) return x;
  if (x <= -6) return 2;
  return x < 0 ? 2 - erfcTail(a) : erfcTail(a);
}
var CENTRAL_P = coefficients(0.886226899, -1.645349621, 0.914624893, -0.140543331);
var CENTRAL_Q = coefficients(1, -2.118377725, 1.442710462, -0.329097515, 0.012229801);
var TAIL_P = coefficients(-1.970840454, -1.624906493, 3.429567803, 1.641345311);
var TAIL_Q = coefficients(1, 3.5438892, 1.6370678);
var HALF_SQRT_PI = 0.886226925452758;
function erfinv(y) {
  const a = abs(y);
  if (!(a < 1)) return a === 1 ? y * Infinity : Number.NaN;
  if (a < 1e-9) return y * HALF_SQRT_PI;
  let x;
  if (a <= 0.7) {
    const z = a * a;
    x = (a * polynomial(CENTRAL_P, z)) / polynomial(CENTRAL_Q, z);
  } else {
    const z = sqrt(-log((1 - a) / 2));
    x = polynomial(TAIL_P, z) / polynomial(TAIL_Q, z);
  }
  for (let step = 0; step < 2; step++) {
    const miss = a <= 0.5 ? erf(x) - a : 1 - a - erfc(x);
    const u = miss * HALF_SQRT_PI * exp(x * x);
    x -= u / (1 + x * u);
  }
  return y < 0 ? -x : x;
}
var LA = coefficients(
  0.07721566490153287,
  0.3224670334241136,
  0.06735230105312927,
  0.020580808432516733,
  0.007385550860814029,
  0.0028905138367341563,
  0.0011927076318336207,
  5100697921535113e-19,
  22086279071390839e-20,
  10801156724758394e-20,
  25214456545125733e-21,
  44864094961891516e-21,
);
var TC = 1.4616321449683622;
var TF = -0.12148629053584961;
var TT = -3638676997039505e-33;
var LT = coefficients(
  0.48383612272381005,
  -0.1475877229945939,
  0.06462494023913339,
  -0.032788541075985965,
  0.01797067508118204,
  -0.010314224129834144,
  0.006100538702462913,
  -0.0036845201678113826,
  0.0022596478090061247,
  -0.0014034646998923284,
  881081882437654e-18,
  -5385953053567405e-19,
  31563207090362595e-20,
  -31275416837512086e-20,
  3355291926355191e-19,
);
var LU = coefficients(
  -0.07721566490153287,
  0.6328270640250934,
  1.4549225013723477,
  0.9777175279633727,
  0.22896372806469245,
  0.013381091853678766,
);
var LV = coefficients(
  1,
  2.4559779371304113,
  2.128489763798934,
  0.7692851504566728,
  0.10422264559336913,
  0.003217092422824239,
);
var LS = coefficients(
  -0.07721566490153287,
  0.21498241596060885,
  0.325778796408931,
  0.14635047265246445,
  0.02664227030336386,
  0.0018402845140733772,
  3194753265841009e-20,
);
var LR = coefficients(
  1,
  1.3920053346762105,
  0.7219355475671381,
  0.17193386563280308,
  0.01864591917156529,
  7779424963818936e-19,
  7326684307446256e-21,
);
var LW_0 = 0.4189385332046727;
var LW = coefficients(
  0.08333333333333297,
  -0.0027777777772877554,
  7936505586430196e-19,
  -59518755745034e-17,
  8363399189962821e-19,
  -0.0016309293409657527,
);
function sinPi(x) {
  const y = abs(x) % 2;
  const quarter = floor(y * 4);
  let s;
  if (quarter === 0) s = Math.sin(Math.PI * y);
  else if (quarter <= 2) s = Math.cos(Math.PI * (0.5 - y));
  else if (quarter <= 4) s = Math.sin(Math.PI * (1 - y));
  else if (quarter <= 6) s = -Math.cos(Math.PI * (y - 1.5));
  else s = Math.sin(Math.PI * (y - 2));
  return x < 0 ? -s : s;
}
function lgamma(x) {
  if (Number.isNaN(x)) return x;
  const a = abs(x);
  if (a === Infinity) return Infinity;
  if (a < 2 ** -70) return -log(a);
  if (x > 0) return lgammaPositive(x);
  if (floor(x) === x) return Infinity;
  return log(Math.PI / abs(sinPi(x) * x)) - lgammaPositive(a);
}
function lgammaPositive(x) {
  if (x < 2) return x === 1 ? 0 : lgammaBelow2(x);
  if (x < 8) {
    const i = floor(x);
    const y2 = x - i;
    const r = y2 * (polynomial(LS, y2) / polynomial(LR, y2)) + 0.5 * y2;
    let z2 = 1;
    for (let k = 2; k < i; k++) z2 *= y2 + k;
    return z2 === 1 ? r : r + log(z2);
  }
  const t2 = log(x);
  if (x >= 2 ** 58) return x * (t2 - 1);
  const z = 1 / x;
  const y = z * z;
  const w = LW_0 + z * polynomial(LW, y);
  return (x - 0.5) * (t2 - 1) + w;
}
function lgammaBelow2(x) {
  let r = 0;
  let at3;
  let y;
  if (x <= 0.9) {
    r = -log(x);
    if (x >= 0.7316) [y, at3] = [1 - x, 0];
    else if (x >= 0.23164) [y, at3] = [x - (TC - 1), 1];
    else [y, at3] = [x, 2];
  } else if (x >= 1.7316) [y, at3] = [2 - x, 0];
  else if (x >= 1.23) [y, at3] = [x - TC, 1];
  else [y, at3] = [x - 1, 2];
  if (at3 === 0) return r + (y * polynomial(LA, y) - 0.5 * y);
  if (at3 === 1) return r + (TF + (y * y * polynomial(LT, y) - TT));
  return r + (-0.5 * y + (y * polynomial(LU, y)) / polynomial(LV, y));
}
var ROOT_1 = 1569415565 / 1073741824;
var ROOT_2 = 381566830 / 1073741824 / 1073741824;
var ROOT_3 = 9016312093258695e-35;
var DIGAMMA_Y = 0.9955816268920898;
var DIGAMMA_P = coefficients(
  0.25479851061131553,
  -0.3255503118680449,
  -0.6503185377089651,
  -0.28919126444774784,
  -0.04525132144873906,
  -0.002071332116774595,
);
var DIGAMMA_Q = coefficients(
  1,
  2.076711702373047,
  1.4606242909763516,
  0.43593529692665967,
  0.054151797245674226,
  0.0021284987017821146,
  -5578984132167551e-22,
);
var DIGAMMA_SERIES = coefficients(1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12);
function digamma(x) {
  if (x === 0) return Object.is(x, -0) ? Infinity : -Infinity;
  if (x < 0) {
    if (floor(x) === x) return Number.NaN;
    const fraction = x - Math.round(x);
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * fraction);
  }
  if (x < 1) return digammaOn12(x + 1) - 1 / x;
  if (x <= 2) return digammaOn12(x);
  if (x <= 3) return digammaOn12(x - 1) + 1 / (x - 1);
  let below = 0;
  let y = x;
  while (y < 10) {
    below += 1 / y;
    y += 1;
  }
  const z = 1 / (y * y);
  const tail = y < 1e17 ? z * polynomial(DIGAMMA_SERIES, z) : 0;
  return log(y) - 0.5 / y - tail - below;
}
function digammaOn12(x) {
  const g = x - ROOT_1 - ROOT_2 - ROOT_3;
  const t2 = x - 1;
  return g * DIGAMMA_Y + g * (polynomial(DIGAMMA_P, t2) / polynomial(DIGAMMA_Q, t2));
}

// packages/core/src/reference/scalars.ts
function roundHalfEven(x) {
  const r = Math.round(x);
  if (Math.abs(x - Math.trunc(x)) !== 0.5) return r === 0 && (x < 0 || Object.is(x, -0)) ? -0 : r;
  const even = 2 * Math.round(x / 2);
  return even === 0 && x < 0 ? -0 : even;
}
function sigmoid(x) {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}
function softplus1(x) {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}
var SQRT1_2 = Math.SQRT1_2;
var unaryScalars = {
  neg: (x) => -x,
  abs: Math.abs,
  // NaN has no sign; PyTorch gives 0 for it, and +0 for both zeros.
  sign: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  sigmoid,
  logSigmoid: (x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x))),
  // A NaN and a -0 come through.
  relu: (x) => (x < 0 ? 0 : x),
  silu: (x) => x * sigmoid(x),
  mish: (x) => x * Math.tanh(softplus1(x)),
  hardswish: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
  hardsigmoid: (x) => Math.min(Math.max(x + 3, 0), 6) / 6,
  erf,
  erfc,
  erfinv,
  lgamma,
  digamma,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  trunc: Math.trunc,
  logicalNot: (x) => (x === 0 ? 1 : 0),
  isnan: (x) => (Number.isNaN(x) ? 1 : 0),
  isinf: (x) => (x === Infinity || x === -Infinity ? 1 : 0),
  isfinite: (x) => (Number.isFinite(x) ? 1 : 0),
};
var parametricScalars = {
  gelu: (tanhForm) =>
    tanhForm !== 0
      ? (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))
      : (x) => 0.5 * x * erfc(-x * SQRT1_2),
  elu: (alpha, scale2, inputScale) => (x) => (x <= 0 ? scale2 * alpha * Math.expm1(x * inputScale) : scale2 * x),
  leakyRelu: (slope) => (x) => (x > 0 ? x : x * slope),
  softplus: (beta, threshold3) => (x) => (x * beta > threshold3 ? x : Math.log1p(Math.exp(x * beta)) / beta),
  hardtanh: (min2, max2) => (x) => (x < min2 ? min2 : x > max2 ? max2 : x),
  hardshrink: (lambd) => (x) => (x >= -lambd && x <= lambd ? 0 : x),
  softshrink: (lambd) => (x) => (x > lambd ? x - lambd : x < -lambd ? x + lambd : x * 0),
  threshold: (threshold3, value) => (x) => (x <= threshold3 ? value : x),
  // A NaN bound makes all NaN; a NaN element stays NaN; where the bounds cross, the upper one wins.
  clamp: (min2, max2) => (x) => (Number.isNaN(x) ? x : Math.min(Math.max(x, min2), max2)),
  nanToNum: (nan, posinf, neginf) => (x) =>
    Number.isNaN(x) ? nan : x === Infinity ? posinf : x === -Infinity ? neginf : x,
};
var binaryScalars = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  divTrunc: (x, y) => Math.trunc(x / y),
  divFloor: floorDivide,
  pow: power2,
  // NaN in either operand comes through, as in PyTorch's maximum and minimum.
  maximum: (x, y) => (Number.isNaN(x) || Number.isNaN(y) ? Number.NaN : x > y ? x : y),
  minimum: (x, y) => (Number.isNaN(x) || Number.isNaN(y) ? Number.NaN : x < y ? x : y),
  atan2: Math.atan2,
  remainder: (x, y) => {
    const r = x % y;
    return r !== 0 && r < 0 !== y < 0 ? r + y : r;
  },
  fmod: (x, y) => x % y,
  xlogy: (x, y) => (Number.isNaN(y) ? y : x === 0 ? 0 : x * Math.log(y)),
  eq: (x, y) => (x === y ? 1 : 0),
  ne: (x, y) => (x !== y ? 1 : 0),
  lt: (x, y) => (x < y ? 1 : 0),
  le: (x, y) => (x <= y ? 1 : 0),
  gt: (x, y) => (x > y ? 1 : 0),
  ge: (x, y) => (x >= y ? 1 : 0),
  logicalAnd: (x, y) => (x !== 0 && y !== 0 ? 1 : 0),
  logicalOr: (x, y) => (x !== 0 || y !== 0 ? 1 : 0),
  logicalXor: (x, y) => ((x !== 0) !== (y !== 0) ? 1 : 0),
};
function power2(x, y) {
  if (x === 1) return 1;
  if (x === -1 && (y === Infinity || y === -Infinity)) return 1;
  return x ** y;
}
function integerPower(x, y) {
  if (y < 0) return x === 1 ? 1 : x === -1 ? (y % 2 === 0 ? 1 : -1) : 0;
  let result = 1;
  for (let base = x, e = y; e > 0; e >>>= 1) {
    if (e & 1) result = Math.imul(result, base);
    base = Math.imul(base, base);
  }
  return result;
}
function floorDivide(x, y) {
  if (y === 0) return x / y;
  const mod = x % y;
  let div2 = (x - mod) / y;
  if (mod !== 0 && y < 0 !== mod < 0) div2 -= 1;
  if (div2 !== 0) {
    const floor3 = Math.floor(div2);
    return div2 - floor3 > 0.5 ? floor3 + 1 : floor3;
  }
  return Object.is(x / y, -0) || x / y < 0 ? -0 : 0;
}

// packages/core/src/wasm/kernels/doubleMath.ts
function polynomial2(code, k, x, coefficients2) {
  const { f64x2 } = code;
  const sum3 = code.local('v128', k(coefficients2[0]));
  for (const c of coefficients2.slice(1)) sum3.set(f64x2.add(f64x2.mul(sum3, x), k(c)));
  return sum3;
}
function choose(code, test, a, b) {
  const mask = code.local('v128', test);
  return code.v128.bitselect(typeof a === 'number' ? code.f64x2.const(a) : a, b, mask);
}
var EXP = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((n) => {
  let factorial = 1;
  for (let k = 2; k <= n; k++) factorial *= k;
  return 1 / factorial;
});
var LN2_HIGH = 0.6931471803691238;
var LN2_LOW = 19082149292705877e-26;
var EXP_BOUND = 150;
var EXPONENT_MAGIC = 2 ** 52 + 2 ** 51 + 1023;
function exp2(code, k, x) {
  const { f64x2, i64x2 } = code;
  const bounded = code.local('v128', f64x2.min(f64x2.max(x, k(-EXP_BOUND)), k(EXP_BOUND)));
  const n = code.local('v128', f64x2.nearest(f64x2.mul(bounded, k(Math.LOG2E))));
  const r = code.local('v128', f64x2.sub(f64x2.sub(bounded, f64x2.mul(n, k(LN2_HIGH))), f64x2.mul(n, k(LN2_LOW))));
  const p = polynomial2(code, k, r, EXP);
  const power3 = code.local('v128', i64x2.shl(f64x2.add(n, k(EXPONENT_MAGIC)), 52));
  p.set(f64x2.mul(p, power3));
  p.set(choose(code, f64x2.lt(x, k(-EXP_BOUND)), 0, p));
  return choose(code, f64x2.gt(x, k(EXP_BOUND)), Number.POSITIVE_INFINITY, p);
}
function expm1(code, k, x) {
  const { f64x2 } = code;
  const far = code.local('v128', exp2(code, k, x));
  far.set(f64x2.sub(far, k(1)));
  const near2 = polynomial2(code, k, x, [1 / 6, 1 / 2, 1]);
  near2.set(f64x2.mul(near2, x));
  return choose(code, f64x2.lt(f64x2.abs(x), k(1e-4)), near2, far);
}
var ATANH = [8, 7, 6, 5, 4, 3, 2, 1, 0].map((k) => 2 / (2 * k + 1));
function log1p(code, k, x) {
  const { f64x2, i64x2, v128 } = code;
  const u = code.local('v128', f64x2.add(x, k(1)));
  const e = code.local('v128', v128.or(i64x2.shr_u(u, 52), k(2 ** 52)));
  e.set(f64x2.sub(e, k(2 ** 52 + 1023)));
  const m = code.local('v128', v128.or(v128.and(u, i64x2.const(0x000fffffffffffffn)), k(1)));
  const high = code.local('v128', f64x2.gt(m, k(Math.SQRT2)));
  m.set(v128.bitselect(f64x2.mul(m, k(0.5)), m, high));
  e.set(f64x2.add(e, v128.and(high, k(1))));
  const s = code.local('v128', f64x2.div(f64x2.sub(m, k(1)), f64x2.add(m, k(1))));
  const z = code.local('v128', f64x2.mul(s, s));
  const sum3 = polynomial2(code, k, z, ATANH);
  const log4 = code.local('v128', f64x2.add(f64x2.mul(sum3, s), f64x2.mul(e, k(Math.LN2))));
  log4.set(f64x2.div(f64x2.mul(log4, x), f64x2.sub(u, k(1))));
  log4.set(choose(code, f64x2.eq(u, k(1)), x, log4));
  return choose(code, f64x2.lt(x, Number.POSITIVE_INFINITY), log4, x);
}
var ERFC = [
  0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
  -1.26551223,
];
function erfc2(code, k, x) {
  const { f64x2 } = code;
  const z = code.local('v128', f64x2.abs(x));
  const t2 = code.local('v128', f64x2.div(k(1), f64x2.add(f64x2.mul(z, k(0.5)), k(1))));
  const power3 = polynomial2(code, k, t2, ERFC);
  power3.set(f64x2.sub(power3, f64x2.mul(z, z)));
  const tail = code.local('v128', exp2(code, k, power3));
  tail.set(f64x2.mul(tail, t2));
  const other = code.local('v128', f64x2.sub(k(2), tail));
  return choose(code, f64x2.lt(x, 0), other, tail);
}
var ERF = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((k) => {
  let factorial = 1;
  for (let i = 2; i <= k; i++) factorial *= i;
  return ((2 / Math.sqrt(Math.PI)) * (k % 2 === 0 ? 1 : -1)) / (factorial * (2 * k + 1));
});
function erf2(code, k, x) {
  const { f64x2 } = code;
  const z = code.local('v128', f64x2.mul(x, x));
  const near2 = polynomial2(code, k, z, ERF);
  near2.set(f64x2.mul(near2, x));
  const far = code.local('v128', erfc2(code, k, x));
  far.set(f64x2.sub(k(1), far));
  return choose(code, f64x2.lt(f64x2.abs(x), k(0.75)), near2, far);
}

// packages/core/src/wasm/kernels/doubles.ts
var TURN = 8;
function splats(code, scalars) {
  const entries = Object.entries(scalars);
  return Object.fromEntries(entries.map(([key, x]) => [key, code.local('v128', code.f64x2.splat(x))]));
}
function loadRepeated(code, dtype, pointer) {
  const { f64, f64x2, f32 } = code;
  return f64x2.splat(dtype === 'float32' ? f64.promote_f32(f32.load(pointer)) : f64.load(pointer));
}
function overPairs(code, dtype, n, runs, body) {
  const { f32x4, f64x2, i32, v128 } = code;
  const isSingle = dtype === 'float32';
  const bytes = isSingle ? 4 : 8;
  const pair = (at3) => ({
    load: (pointer) =>
      isSingle ? f64x2.promote_low_f32x4(v128.load64_zero(pointer, at3 * bytes)) : v128.load(pointer, at3 * bytes),
    store: (pointer, value) => {
      if (isSingle) v128.store64_lane(0, pointer, f32x4.demote_f64x2_zero(value), at3 * bytes);
      else v128.store(pointer, value, at3 * bytes);
    },
  });
  const single2 = {
    load: (pointer) => (isSingle ? f64x2.promote_low_f32x4(v128.load32_zero(pointer)) : v128.load64_zero(pointer)),
    store: (pointer, value) => {
      if (isSingle) v128.store32_lane(0, pointer, f32x4.demote_f64x2_zero(value));
      else v128.store64_lane(0, pointer, value);
    },
  };
  const i = code.local('i32');
  const whole = code.local('i32', i32.and(n, -TURN));
  code.forRange(i, 0, whole, TURN, () => {
    for (let at3 = 0; at3 < TURN; at3 += 2) body(pair(at3));
    for (const run2 of runs) code.increase(run2, TURN * bytes);
  });
  code.whileLess(i, n, () => {
    body(single2);
    for (const run2 of runs) code.increase(run2, bytes);
    code.increase(i, 1);
  });
}

// packages/core/src/wasm/kernels/wide.ts
function choose2(code, test, a, b) {
  const mask = code.local('v128', test);
  return code.v128.bitselect(a, b, mask);
}
var SINGLE = {
  erf: { operands: 1, body: (code, [x], _, k) => erf2(code, k, x) },
  /** a Φ(a) */
  gelu: {
    operands: 1,
    body: (code, [x], _, k) => {
      const { f64x2 } = code;
      const y = code.local('v128', f64x2.mul(x, k(-Math.SQRT1_2)));
      y.set(erfc2(code, k, y));
      return f64x2.mul(f64x2.mul(x, k(0.5)), y);
    },
  },
  /** the same approximately: a / (1 + e^-2u) with u = √(2/π) (a + 0.044715 a³), which is a (1 + tanh u) / 2 */
  geluTanh: {
    operands: 1,
    body: (code, [x], _, k) => {
      const { f64x2 } = code;
      const cube = f64x2.mul(f64x2.mul(f64x2.mul(x, x), x), k(0.044715));
      const u = code.local('v128', f64x2.mul(f64x2.add(x, cube), k(-2 * Math.sqrt(2 / Math.PI))));
      u.set(exp2(code, k, u));
      return f64x2.div(x, f64x2.add(u, k(1)));
    },
  },
  /** a ≤ 0 ? p1 p0 (e^(a p2) - 1) : p1 a */
  elu: {
    operands: 1,
    body: (code, [x], [alpha, scale2, inputScale], k) => {
      const { f64x2 } = code;
      const t2 = code.local('v128', f64x2.mul(x, inputScale));
      t2.set(expm1(code, k, t2));
      t2.set(f64x2.mul(f64x2.mul(scale2, alpha), t2));
      const linear2 = code.local('v128', f64x2.mul(scale2, x));
      return choose2(code, f64x2.le(x, k(0)), t2, linear2);
    },
  },
  /** log(1 + e^(p0 a)) / p0, and a itself where p0 a > p1 */
  softplus: {
    operands: 1,
    body: (code, [x], [beta, threshold3], k) => {
      const { f64x2 } = code;
      const scaled3 = code.local('v128', f64x2.mul(x, beta));
      const t2 = code.local('v128', exp2(code, k, scaled3));
      t2.set(log1p(code, k, t2));
      t2.set(f64x2.div(t2, beta));
      return choose2(code, f64x2.gt(scaled3, threshold3), x, t2);
    },
  },
};
var EXACT = {
  /** a + p0 b */
  addScaled: { operands: 2, body: ({ f64x2 }, [a, b], [alpha]) => f64x2.add(a, f64x2.mul(alpha, b)) },
  /** a + p0 b c */
  addcmul: { operands: 3, body: ({ f64x2 }, [a, b, c], [p]) => f64x2.add(a, f64x2.mul(f64x2.mul(p, b), c)) },
  /** a + p0 b / c */
  addcdiv: { operands: 3, body: ({ f64x2 }, [a, b, c], [p]) => f64x2.add(a, f64x2.div(f64x2.mul(p, b), c)) },
  /** from a to b by the share c, exact at both ends */
  lerp: {
    operands: 3,
    body: (code, [a, b, t2]) => {
      const { f64x2 } = code;
      const difference = code.local('v128', f64x2.sub(b, a));
      const far = code.local('v128', f64x2.sub(b, f64x2.mul(difference, f64x2.sub(f64x2.const(1), t2))));
      const near2 = code.local('v128', f64x2.add(a, f64x2.mul(t2, difference)));
      return choose2(code, f64x2.lt(f64x2.abs(t2), 0.5), near2, far);
    },
  },
  /** a > 0 ? a : a p0 */
  leakyRelu: {
    operands: 1,
    body: (code, [x], [slope]) => choose2(code, code.f64x2.gt(x, 0), x, code.local('v128', code.f64x2.mul(x, slope))),
  },
  /** a clipped to [p0, p1]; NaN and what is on a bound stay as they are */
  hardtanh: {
    operands: 1,
    body: (code, [x], [min2, max2]) => {
      const { f64x2 } = code;
      const low = code.local('v128', choose2(code, f64x2.gt(x, max2), max2, x));
      return choose2(code, f64x2.lt(x, min2), min2, low);
    },
  },
  /** min(max(a, p0), p1), a NaN bound making all NaN, a NaN element staying */
  clamp: {
    operands: 1,
    body: (code, [x], [min2, max2]) => {
      const { f64x2 } = code;
      const bounded = code.local('v128', f64x2.min(f64x2.max(x, min2), max2));
      return choose2(code, f64x2.ne(x, x), x, bounded);
    },
  },
  /** a ≤ p0 ? p1 : a */
  threshold: { operands: 1, body: (code, [x], [at3, value]) => choose2(code, code.f64x2.le(x, at3), value, x) },
  /** b ≤ p0 ? 0 : a */
  thresholdBackward: {
    operands: 2,
    body: ({ f64x2, v128 }, [grad, x], [at3]) => v128.andnot(grad, f64x2.le(x, at3)),
  },
  /** a³ */
  cube: { operands: 1, body: ({ f64x2 }, [x]) => f64x2.mul(f64x2.mul(x, x), x) },
  /** 0 where |a| ≤ p0 */
  hardshrink: {
    operands: 1,
    body: ({ f64x2, v128 }, [x], [lambd]) => v128.andnot(x, f64x2.le(f64x2.abs(x), lambd)),
  },
};
var WIDE = { ...EXACT, ...SINGLE };
var exactKernels = Object.keys(EXACT);
function hasWide(name2, dtype) {
  return dtype === 'float32' ? Object.hasOwn(WIDE, name2) : dtype === 'float64' && Object.hasOwn(EXACT, name2);
}
function wideName(name2, dtype, modes2) {
  return `${dtype === 'float32' ? 'f32' : 'f64'}_${name2}_${modes2}`;
}
function emitWide(name2, dtype, modes2) {
  return (code) => {
    const { body } = WIDE[name2];
    code.export(
      'run',
      { n: 'i32', a: 'i32', b: 'i32', c: 'i32', out: 'i32', p0: 'f64', p1: 'f64', p2: 'f64' },
      [],
      ({ n, a, b, c, out, ...scalars }) => {
        const { p0, p1, p2 } = splats(code, scalars);
        const pointers = [a, b, c].slice(0, modes2.length);
        const values = code.locals('v128', modes2.length);
        pointers.forEach((pointer, i) => {
          if (modes2[i] === 's') values[i].set(loadRepeated(code, dtype, pointer));
        });
        const runs = pointers.filter((_, i) => modes2[i] === 'v');
        const constants2 = /* @__PURE__ */ new Map();
        for (const value of constantsOf(body)) constants2.set(value, code.local('v128', code.f64x2.const(value)));
        const result = code.local('v128');
        overPairs(code, dtype, n, [...runs, out], ({ load: load3, store: store4 }) => {
          pointers.forEach((pointer, i) => {
            if (modes2[i] === 'v') values[i].set(load3(pointer));
          });
          result.set(body(code, values, [p0, p1, p2], (value) => constants2.get(value)));
          store4(out, result);
        });
      },
    );
  };
}
function constantsOf(body) {
  const found = /* @__PURE__ */ new Set();
  const code = new Assembler({ shared: false });
  code.func('dry', {}, [], () => {
    const [vector] = code.locals('v128', 1);
    const constants2 = (value) => {
      found.add(value);
      return vector;
    };
    code.drop(body(code, [vector, vector, vector], [vector, vector, vector], constants2));
  });
  return found;
}

// packages/core/src/wasm/kernels/vectorMath.ts
function madd(code, features2, a, b, c) {
  return features2.fma ? code.f32x4.relaxed_madd(a, b, c) : code.f32x4.add(code.f32x4.mul(a, b), c);
}
function polynomial3(code, features2, x, coefficients2) {
  const sum3 = code.local('v128', code.f32x4.const(coefficients2[0]));
  for (const c of coefficients2.slice(1)) sum3.set(madd(code, features2, sum3, x, c));
  return sum3;
}
var EXP2 = [198756915e-12, 0.0013981999507, 0.0083334519073, 0.041665795894, 0.16666665459, 0.50000001201];
var LN2_HIGH2 = 0.693359375;
var LN2_LOW2 = -21219444e-11;
function powerOfTwo(code, n) {
  return code.i32x4.shl(code.i32x4.add(n, 127), 23);
}
function exp3(code, features2, x) {
  const { f32x4, i32x4 } = code;
  const bounded = code.local('v128', f32x4.min(f32x4.max(x, -105), 90));
  const n = code.local('v128', f32x4.nearest(f32x4.mul(bounded, Math.LOG2E)));
  const r = code.local('v128', madd(code, features2, n, -LN2_HIGH2, bounded));
  r.set(madd(code, features2, n, -LN2_LOW2, r));
  const p = polynomial3(code, features2, r, EXP2);
  const square2 = code.local('v128', f32x4.mul(r, r));
  p.set(f32x4.add(madd(code, features2, p, square2, r), 1));
  const whole = code.local('v128', i32x4.trunc_sat_f32x4_s(n));
  const half = code.local('v128', i32x4.shr_s(whole, 1));
  const rest = code.local('v128', i32x4.sub(whole, half));
  return f32x4.mul(f32x4.mul(p, powerOfTwo(code, half)), powerOfTwo(code, rest));
}
var LOG = [
  0.070376836292, -0.1151461031, 0.1167699874, -0.12420140846, 0.14249322787, -0.16668057665, 0.20000714765,
  -0.24999993993, 0.33333331174,
];
function log2(code, _features, x) {
  const { f32x4, i32x4, v128 } = code;
  const small2 = code.local('v128', f32x4.lt(x, 11754943508222875e-54));
  const scaled3 = code.local('v128', v128.bitselect(f32x4.mul(x, 8388608), x, small2));
  const e = code.local('v128', i32x4.sub(i32x4.shr_s(scaled3, 23), 126));
  e.set(i32x4.sub(e, v128.and(small2, i32x4.const(23))));
  const m = code.local('v128', v128.or(v128.and(scaled3, i32x4.const(8388607)), i32x4.const(1056964608)));
  const low = code.local('v128', f32x4.lt(m, Math.SQRT1_2));
  e.set(i32x4.add(e, low));
  const t2 = code.local('v128', f32x4.sub(f32x4.add(m, v128.and(m, low)), 1));
  const z = code.local('v128', f32x4.mul(t2, t2));
  const p = code.local('v128', f32x4.const(LOG[0]));
  for (const c of LOG.slice(1)) p.set(f32x4.add(f32x4.mul(p, t2), c));
  p.set(f32x4.mul(f32x4.mul(p, t2), z));
  const power3 = code.local('v128', f32x4.convert_i32x4_s(e));
  p.set(f32x4.add(p, f32x4.mul(power3, LN2_LOW2)));
  p.set(f32x4.sub(p, f32x4.mul(z, 0.5)));
  const result = code.local('v128', f32x4.add(f32x4.add(t2, p), f32x4.mul(power3, LN2_HIGH2)));
  result.set(v128.bitselect(x, result, f32x4.eq(x, Number.POSITIVE_INFINITY)));
  result.set(v128.bitselect(f32x4.const(Number.NEGATIVE_INFINITY), result, f32x4.eq(x, 0)));
  return v128.or(v128.or(result, f32x4.lt(x, 0)), f32x4.ne(x, x));
}
var TANH = [-0.00570498872745, 0.0206390887954, -0.0537397155531, 0.133314422036, -0.333332819422];
function tanh(code, features2, x) {
  const { f32x4, v128 } = code;
  const z = code.local('v128', f32x4.mul(x, x));
  const near2 = polynomial3(code, features2, z, TANH);
  near2.set(madd(code, features2, f32x4.mul(near2, z), x, x));
  const size = code.local('v128', f32x4.abs(x));
  const twice = code.local('v128', f32x4.add(size, size));
  const far = code.local('v128', exp3(code, features2, twice));
  far.set(f32x4.sub(f32x4.const(1), f32x4.div(f32x4.const(2), f32x4.add(far, 1))));
  far.set(v128.or(far, v128.and(x, code.i32x4.const(-2147483648))));
  return v128.bitselect(far, near2, f32x4.gt(size, 0.625));
}
function sigmoid2(code, features2, x) {
  const { f32x4, v128 } = code;
  const size = code.local('v128', f32x4.neg(f32x4.abs(x)));
  const e = code.local('v128', exp3(code, features2, size));
  const top = code.local('v128', v128.bitselect(e, f32x4.const(1), f32x4.lt(x, 0)));
  return f32x4.div(top, f32x4.add(e, 1));
}

// packages/core/src/wasm/kernels/elementwise.ts
var UNARY2 = {
  neg: ({ lanes }, x) => lanes.neg(x),
  abs: ({ lanes }, x) => lanes.abs(x),
  sqrt: ({ lanes }, x) => lanes.sqrt(x),
  rsqrt: ({ lanes }, x) => lanes.div(lanes.const(1), lanes.sqrt(x)),
  reciprocal: ({ lanes }, x) => lanes.div(lanes.const(1), x),
  // -0 and NaN stay as they are, as in PyTorch
  relu: ({ code, lanes }, x) => code.v128.andnot(x, lanes.lt(x, lanes.const(0))),
  floor: ({ lanes }, x) => lanes.floor(x),
  ceil: ({ lanes }, x) => lanes.ceil(x),
  trunc: ({ lanes }, x) => lanes.trunc(x),
  round: ({ lanes }, x) => lanes.nearest(x),
};
var UNARY_F32 = {
  exp: ({ code, features: features2 }, x) => exp3(code, features2, x),
  log: ({ code, features: features2 }, x) => log2(code, features2, x),
  tanh: ({ code, features: features2 }, x) => tanh(code, features2, x),
  sigmoid: ({ code, features: features2 }, x) => sigmoid2(code, features2, x),
  silu: ({ code, features: features2, lanes }, x) => lanes.mul(x, sigmoid2(code, features2, x)),
};
var BINARY2 = {
  add: ({ lanes }, x, y) => lanes.add(x, y),
  sub: ({ lanes }, x, y) => lanes.sub(x, y),
  mul: ({ lanes }, x, y) => lanes.mul(x, y),
  div: ({ lanes }, x, y) => lanes.div(x, y),
  maximum: ({ lanes }, x, y) => lanes.max(x, y),
  minimum: ({ lanes }, x, y) => lanes.min(x, y),
  // grad where the other operand is above 0; a NaN there lets the gradient through, as in PyTorch
  reluBackward: ({ code, lanes }, grad, x) => code.v128.andnot(grad, lanes.le(x, lanes.const(0))),
};
function hasUnary(name2, dtype) {
  return Object.hasOwn(UNARY2, name2) || (dtype === 'float32' && Object.hasOwn(UNARY_F32, name2));
}
function hasBinary(name2) {
  return Object.hasOwn(BINARY2, name2);
}
var elementwiseKernels = [
  ...Object.keys(UNARY2).flatMap((name2) => both(name2, 1)),
  ...Object.keys(UNARY_F32).map((name2) => ({ name: name2, dtype: 'float32', operands: 1 })),
  ...Object.keys(BINARY2).flatMap((name2) => both(name2, 2)),
];
function both(name2, operands) {
  return [
    { name: name2, dtype: 'float32', operands },
    { name: name2, dtype: 'float64', operands },
  ];
}
var prefix = (dtype) => (dtype === 'float32' ? 'f32' : 'f64');
function unaryName(name2, dtype) {
  return `${prefix(dtype)}_${name2}_v`;
}
function binaryName(name2, dtype, mode2) {
  return `${prefix(dtype)}_${name2}_${mode2}`;
}
function bodyOf(code, features2, dtype) {
  return { code, features: features2, lanes: dtype === 'float32' ? code.f32x4 : code.f64x2 };
}
function emitUnary(name2, dtype) {
  return (code, features2) => {
    const body = bodyOf(code, features2, dtype);
    const f = UNARY2[name2] ?? UNARY_F32[name2];
    code.export('run', { n: 'i32', a: 'i32', out: 'i32' }, [], ({ n, a, out }) => {
      const x = code.local('v128');
      overRuns(code, dtype, n, [a], out, ([load3]) => {
        x.set(load3());
        return f(body, x);
      });
    });
  };
}
function emitBinary(name2, dtype, mode2) {
  return (code, features2) => {
    const body = bodyOf(code, features2, dtype);
    const f = BINARY2[name2];
    const scalar = dtype === 'float32' ? 'f32' : 'f64';
    code.export('run', { n: 'i32', a: 'i32', b: 'i32', out: 'i32', value: scalar }, [], ({ n, a, b, out, value }) => {
      const x = code.local('v128');
      const y = code.local('v128');
      const runs = mode2 === 'vv' ? [a, b] : mode2 === 'vs' ? [a] : [b];
      const splat = body.lanes.splat(value);
      if (mode2 === 'vs') y.set(splat);
      else if (mode2 === 'sv') x.set(splat);
      else code.drop(splat);
      overRuns(code, dtype, n, runs, out, (loads) => {
        if (mode2 !== 'sv') x.set(loads[0]());
        if (mode2 !== 'vs') y.set(loads[loads.length - 1]());
        return f(body, x, y);
      });
    });
  };
}
function overRuns(code, dtype, n, runs, out, f) {
  const { i32, v128 } = code;
  const lanes = dtype === 'float32' ? 4 : 2;
  const itemBytes2 = 16 / lanes;
  const i = code.local('i32');
  const whole = code.local('i32', i32.and(n, -lanes));
  const result = code.local('v128');
  code.forRange(i, 0, whole, lanes, () => {
    result.set(f(runs.map((run2) => () => v128.load(run2))));
    v128.store(out, result);
    for (const run2 of runs) code.increase(run2, 16);
    code.increase(out, 16);
  });
  code.whileLess(i, n, () => {
    result.set(f(runs.map((run2) => () => (dtype === 'float32' ? v128.load32_zero(run2) : v128.load64_zero(run2)))));
    if (dtype === 'float32') v128.store32_lane(0, out, result);
    else v128.store64_lane(0, out, result);
    for (const run2 of runs) code.increase(run2, itemBytes2);
    code.increase(out, itemBytes2);
    code.increase(i, 1);
  });
}

// packages/core/src/wasm/kernels/masks.ts
var compareNames = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];
function hasCompare(name2, dtype) {
  return compareNames.includes(name2) && Object.hasOwn(PREFIX, dtype);
}
var PREFIX = { float32: 'f32', float64: 'f64', int32: 'i32' };
var compareName = (name2, dtype, modes2) => `${PREFIX[dtype]}_${name2}_${modes2}`;
function emitCompare(name2, dtype, modes2) {
  return (code) => {
    const { i32, v128 } = code;
    const bytes = dtype === 'float64' ? 8 : 4;
    const lanes = 16 / bytes;
    const compare2 = comparator(code, name2, dtype);
    code.export('run', { n: 'i32', a: 'i32', b: 'i32', out: 'i32' }, [], ({ n, a, b, out }) => {
      const repeated = [a, b].map((pointer, i2) =>
        modes2[i2] === 's'
          ? code.local('v128', bytes === 8 ? v128.load64_splat(pointer) : v128.load32_splat(pointer))
          : null,
      );
      const runs = [a, b].filter((_, i2) => modes2[i2] === 'v');
      const operand3 = (i2, load3) => repeated[i2]?.get() ?? load3(i2 === 0 ? a : b);
      const i = code.local('i32');
      const whole = code.local('i32', i32.and(n, -16));
      const masks = code.locals('v128', 16 / lanes);
      code.forRange(i, 0, whole, 16, () => {
        masks.forEach((mask, k) => {
          const load3 = (pointer) => v128.load(pointer, k * 16);
          mask.set(compare2(operand3(0, load3), operand3(1, load3)));
        });
        v128.store(out, v128.and(narrow(code, masks), code.i8x16.const(1)));
        for (const run2 of runs) code.increase(run2, 16 * bytes);
        code.increase(out, 16);
      });
      code.whileLess(i, n, () => {
        const load3 = (pointer) => (bytes === 8 ? v128.load64_zero(pointer) : v128.load32_zero(pointer));
        masks[0].set(compare2(operand3(0, load3), operand3(1, load3)));
        i32.store8(out, i32.and(code.i32x4.extract_lane(0, masks[0]), 1));
        for (const run2 of runs) code.increase(run2, bytes);
        code.increase(out, 1);
        code.increase(i, 1);
      });
    });
  };
}
function comparator(code, name2, dtype) {
  if (dtype === 'float32') return (a, b) => code.f32x4[name2](a, b);
  if (dtype === 'float64') return (a, b) => code.f64x2[name2](a, b);
  const whole = name2 === 'eq' || name2 === 'ne' ? name2 : `${name2}_s`;
  return (a, b) => code.i32x4[whole](a, b);
}
function narrow({ i16x8, i32x4, i8x16 }, masks) {
  const four = (k) =>
    masks.length === 4 ? masks[k].get() : i32x4.shuffle([0, 2, 4, 6], masks[2 * k], masks[2 * k + 1]);
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(four(0), four(1)), i16x8.narrow_i32x4_s(four(2), four(3)));
}
var whereName = (bytes, modes2) => `b${bytes}_where_${modes2}`;
function emitWhere(bytes, modes2) {
  return (code) => {
    const { i32, v128 } = code;
    const lanes = 16 / bytes;
    code.export('run', { n: 'i32', mask: 'i32', a: 'i32', b: 'i32', out: 'i32' }, [], ({ n, mask, a, b, out }) => {
      const splat = (pointer) =>
        bytes === 8 ? v128.load64_splat(pointer) : bytes === 4 ? v128.load32_splat(pointer) : v128.load8_splat(pointer);
      const test = code.local('v128');
      const values = [a, b].map((pointer, k) => {
        const local = code.local('v128');
        if (modes2[k + 1] === 's') local.set(splat(pointer));
        return local;
      });
      if (modes2[0] === 's') test.set(code.i8x16.ne(v128.load8_splat(mask), code.i8x16.const(0)));
      const i = code.local('i32');
      const whole = code.local('i32', i32.and(n, -lanes));
      const result = code.local('v128');
      const isRun = (k) => modes2[k] === 'v';
      const advance = (elements2) => {
        if (isRun(0)) code.increase(mask, elements2);
        if (isRun(1)) code.increase(a, elements2 * bytes);
        if (isRun(2)) code.increase(b, elements2 * bytes);
        code.increase(out, elements2 * bytes);
      };
      code.forRange(i, 0, whole, lanes, () => {
        if (isRun(0)) test.set(laneMask(code, bytes, mask));
        if (isRun(1)) values[0].set(v128.load(a));
        if (isRun(2)) values[1].set(v128.load(b));
        result.set(v128.bitselect(values[0], values[1], test));
        v128.store(out, result);
        advance(lanes);
      });
      code.whileLess(i, n, () => {
        test.set(code.i8x16.ne(v128.load8_splat(mask), code.i8x16.const(0)));
        if (isRun(1)) values[0].set(splat(a));
        if (isRun(2)) values[1].set(splat(b));
        result.set(v128.bitselect(values[0], values[1], test));
        if (bytes === 8) v128.store64_lane(0, out, result);
        else if (bytes === 4) v128.store32_lane(0, out, result);
        else v128.store8_lane(0, out, result);
        advance(1);
        code.increase(i, 1);
      });
    });
  };
}
function laneMask(code, bytes, mask) {
  const { i8x16, i16x8, i32x4, i64x2, v128 } = code;
  if (bytes === 1) return i8x16.ne(v128.load(mask), i8x16.const(0));
  if (bytes === 4) {
    const wide2 = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(mask)));
    return i32x4.ne(wide2, i32x4.const(0));
  }
  const wide = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load16_splat(mask)));
  return i64x2.ne(i64x2.extend_low_i32x4_u(wide), i64x2.const(0));
}

// packages/core/src/wasm/launchRuns.ts
var MIN_SIZE2 = 256;
var MIN_RUN = 16;
var MAX_STAGED_BYTES2 = 16 * 2 ** 20;
function launch(operands, out, choice, parameters, count2) {
  if (!out.storage.enterHeap() || !features().simd || sizeOf(out.shape) < MIN_SIZE2) return false;
  const walkOf = (list2) =>
    inMemoryOrder(
      out,
      list2.map((x) => broadcastStrides(x.shape, x.strides, out.shape)),
    );
  const made = [];
  try {
    let list2 = operands;
    let { shape, strides } = walkOf(list2);
    const isRun = (k) => strides[k][shape.length - 1] <= 1;
    if (!list2.every((_, k) => isRun(k)) || shape[shape.length - 1] < MIN_RUN) {
      if (!isContiguous(out.shape, out.strides)) return false;
      const dense3 = denseOperands(list2, out, made);
      if (dense3 === null) return false;
      list2 = dense3;
      ({ shape, strides } = walkOf(list2));
    }
    const inner = shape.length - 1;
    if (strides[list2.length][inner] !== 1 || shape[inner] < MIN_RUN || !list2.every((_, k) => isRun(k))) return false;
    const staging = new Staging();
    const parts = list2.map((x) => staging.addTensor(x));
    if (staging.size > MAX_STAGED_BYTES2) return false;
    staging.open(null);
    const { name: name2, emit: emit2 } = choice(list2.map((_, k) => (strides[k][inner] === 1 ? 'v' : 's')).join(''));
    const { run: run2 } = kernel(name2, emit2, heap().memory);
    const bytes = [...list2, out].map((x) => itemBytes(x.dtype));
    const bases = [
      ...parts.map((part) => staging.pointer(part)),
      out.storage.pointer + out.offset * itemBytes(out.dtype),
    ];
    const args = new Array(1 + count2 + 1 + parameters.length).fill(0);
    args[0] = shape[inner];
    for (let k = 0; k < parameters.length; k++) args[count2 + 2 + k] = parameters[k];
    walkOuter(shape, strides, new Array(bases.length).fill(0), (at3) => {
      for (let k = 0; k < list2.length; k++) args[1 + k] = bases[k] + at3[k] * bytes[k];
      args[1 + count2] = bases[list2.length] + at3[list2.length] * bytes[list2.length];
      run2(...args);
    });
    return true;
  } finally {
    for (const x of made) x.storage.release('the end of a kernel launch');
  }
}
function inMemoryOrder(out, operands) {
  if (isContiguous(out.shape, out.strides)) return collapse(out.shape, [...operands, out.strides]);
  const order = out.strides.map((_, d) => d).sort((a, b) => out.strides[b] - out.strides[a]);
  const pick = (list2) => order.map((d) => list2[d]);
  return collapse(pick(out.shape), [...operands.map(pick), pick(out.strides)]);
}
function withDense(operands, out, run2) {
  if (sizeOf(out.shape) < MIN_SIZE2 || !isContiguous(out.shape, out.strides)) return false;
  const made = [];
  try {
    const dense3 = denseOperands(operands, out, made);
    return dense3 !== null && made.length > 0 && run2(dense3);
  } finally {
    for (const x of made) x.storage.release('the end of a kernel launch');
  }
}
function denseOperands(operands, out, made) {
  const list2 = [];
  for (const x of operands) {
    if (typeof x === 'number') {
      list2.push(x);
      continue;
    }
    const isWhole = sizeOf(x.shape) === sizeOf(out.shape) && isContiguous(x.shape, x.strides);
    if (isWhole || sizeOf(x.shape) === 1) {
      list2.push(x);
      continue;
    }
    const copy2 = allocate(out.shape, x.dtype);
    made.push(copy2);
    if (!launchCopy(x, copy2)) return null;
    list2.push(copy2);
  }
  return list2;
}
function launchWide(name2, operands, out, parameters) {
  const { dtype } = out;
  if (dtype !== 'float32' && dtype !== 'float64') return false;
  if (!hasWide(name2, dtype) || operands.some((x) => x.dtype !== dtype)) return false;
  const [p0 = 0, p1 = 0, p2 = 0] = parameters;
  const choice = (modes2) => ({ name: wideName(name2, dtype, modes2), emit: emitWide(name2, dtype, modes2) });
  return launch(operands, out, choice, [p0, p1, p2], 3);
}
function launchCompare(name2, a, b, out) {
  const { dtype } = a;
  if (b.dtype !== dtype || out.dtype !== 'bool' || !hasCompare(name2, dtype)) return false;
  const of = dtype;
  const choice = (modes2) => ({ name: compareName(name2, of, modes2), emit: emitCompare(name2, of, modes2) });
  return launch([a, b], out, choice, [], 2);
}
function launchWhere(mask, a, b, out) {
  if (a.dtype !== out.dtype || b.dtype !== out.dtype || itemBytes(mask.dtype) !== 1) return false;
  const bytes = itemBytes(out.dtype);
  const choice = (modes2) => ({ name: whereName(bytes, modes2), emit: emitWhere(bytes, modes2) });
  return launch([mask, a, b], out, choice, [], 3);
}

// packages/core/src/wasm/launch.ts
var MIN_RUN2 = 16;
function ready(out) {
  return out.storage.enterHeap() && (out.dtype === 'float32' || out.dtype === 'float64') && features().simd;
}
var MAX_STAGED_BYTES3 = 16 * 2 ** 20;
function readable(x, out) {
  return typeof x === 'number' || x.dtype === out.dtype;
}
function launchUnary(name2, a, out) {
  if (!ready(out) || !readable(a, out) || !hasUnary(name2, out.dtype) || sizeOf(out.shape) === 0) return false;
  const { shape, strides } = inMemoryOrder(out, [broadcastStrides(a.shape, a.strides, out.shape)]);
  const inner = shape.length - 1;
  if (inner < 0) return false;
  if (strides[0][inner] !== 1 || strides[1][inner] !== 1 || shape[inner] < MIN_RUN2) {
    const isApart = a.storage.root !== out.storage.root && isContiguous(out.shape, out.strides);
    return isApart && launchCopy(a, out) && launchUnary(name2, out, out);
  }
  const staging = new Staging();
  const part = staging.addTensor(a);
  if (staging.size > MAX_STAGED_BYTES3) return false;
  staging.open(null);
  const { run: run2 } = kernel(unaryName(name2, out.dtype), emitUnary(name2, out.dtype), heap().memory);
  const bytes = itemBytes(out.dtype);
  const n = shape[inner];
  const source2 = staging.pointer(part);
  const target = out.storage.pointer + out.offset * bytes;
  walkOuter(shape, strides, [0, 0], (at3) => {
    run2(n, source2 + at3[0] * bytes, target + at3[1] * bytes);
  });
  return true;
}
function launchBinary(name2, a, b, out) {
  if (!hasBinary(name2) || !ready(out) || !readable(a, out) || !readable(b, out) || sizeOf(out.shape) === 0)
    return false;
  const stridesOf = (x2) =>
    typeof x2 === 'number' ? out.shape.map(() => 0) : broadcastStrides(x2.shape, x2.strides, out.shape);
  const { shape, strides } = inMemoryOrder(out, [stridesOf(a), stridesOf(b)]);
  const inner = shape.length - 1;
  if (inner < 0) return false;
  const mode2 = strides[2][inner] === 1 ? modeOf(strides[0][inner], strides[1][inner]) : null;
  if (mode2 === null || shape[inner] < MIN_RUN2) {
    return withDense([a, b], out, ([x2, y2]) => launchBinary(name2, x2, y2, out));
  }
  const staging = new Staging();
  const partA = mode2 === 'sv' || typeof a === 'number' ? null : staging.addTensor(a);
  const partB = mode2 === 'vs' || typeof b === 'number' ? null : staging.addTensor(b);
  if (staging.size > MAX_STAGED_BYTES3) return false;
  staging.open(null);
  const { run: run2 } = kernel(binaryName(name2, out.dtype, mode2), emitBinary(name2, out.dtype, mode2), heap().memory);
  const bytes = itemBytes(out.dtype);
  const n = shape[inner];
  const x = partA === null ? 0 : staging.pointer(partA);
  const y = partB === null ? 0 : staging.pointer(partB);
  const target = out.storage.pointer + out.offset * bytes;
  const single2 = mode2 === 'vs' ? b : mode2 === 'sv' ? a : 0;
  const at3 = mode2 === 'vs' ? 1 : 0;
  const values = typeof single2 === 'number' ? null : single2.array;
  const first = typeof single2 === 'number' ? 0 : single2.offset;
  walkOuter(shape, strides, [0, 0, 0], (offsets2) => {
    const value = values === null ? single2 : values[first + offsets2[at3]];
    run2(n, x + offsets2[0] * bytes, y + offsets2[1] * bytes, target + offsets2[2] * bytes, value);
  });
  return true;
}
function modeOf(a, b) {
  if (a === 1) return b === 1 ? 'vv' : b === 0 ? 'vs' : null;
  return a === 0 && b === 1 ? 'sv' : null;
}

// packages/core/src/kernels.ts
function castNumber(value, dtype) {
  if (dtype === 'float32') return Math.fround(value);
  if (dtype === 'float64') return value;
  if (dtype === 'bool') return value === 0 ? 0 : 1;
  return dtype === 'uint8' ? Math.trunc(value) & 255 : Math.trunc(value);
}
function runCopy(a, out) {
  if (out.storage.enterHeap() && launchCopy(a, out)) return;
  copy(a, out);
}
function runFill(out, value) {
  if (out.storage.enterHeap() && !isContiguous(out.shape, out.strides)) {
    const element2 = allocate([], out.dtype);
    fill(element2, value);
    runCopy(element2, out);
  } else fill(out, value);
}
function runUnary(name2, self, out) {
  if (self.dtype === 'int64' && unaryInt64(name2, self, out)) return;
  if (out.storage.enterHeap()) {
    if (launchUnary(name2, self, out)) return;
    if (name2 === 'erf' && launchWide('erf', [self], out, [])) return;
    if (name2 === 'isnan' && isFloating(self.dtype) && launchCompare('ne', self, self, out)) return;
    if (name2 === 'logicalNot' && launchCompare('eq', self, element(0, self.dtype), out)) return;
  }
  unary(unaryScalars[name2], self, out);
}
function runParametric(name2, self, out, ...parameters) {
  const kernel2 = name2 === 'gelu' && parameters[0] !== 0 ? 'geluTanh' : name2;
  if (out.storage.enterHeap() && hasWide(kernel2, out.dtype) && launchWide(kernel2, [self], out, parameters)) return;
  const make = parametricScalars[name2];
  unary(make(...parameters), self, out);
}
function runBinary(name2, a, b, out, dtype) {
  if (out.storage.enterHeap()) {
    if (launchBinary(name2, a, b, out)) return;
    if (out.dtype === 'bool' && launchCompare(name2, element(a, dtype), element(b, dtype), out)) return;
  }
  if (dtype === 'int64' && binaryInt64(name2, a, b, out)) return;
  runScalar2(scalarFor(name2, dtype), a, b, out, dtype);
}
function runAddScaled(a, b, alpha, out, dtype) {
  if (out.storage.enterHeap() && launchWide('addScaled', [element(a, dtype), element(b, dtype)], out, [alpha])) return;
  if (dtype === 'int64') addScaledInt64(a, b, alpha, out);
  else if (dtype === 'int32') runScalar2((x, y) => x + Math.imul(alpha, y), a, b, out, dtype);
  else runScalar2((x, y) => x + alpha * y, a, b, out, dtype);
}
function runScalar2(fn, a, b, out, dtype) {
  if (dtype === 'float32' && (isWider(a) || isWider(b))) {
    const exact = fn;
    fn = (x, y) => exact(Math.fround(x), Math.fround(y));
  }
  if (typeof b === 'number') {
    if (typeof a === 'number') unary(() => fn(a, b), out, out);
    else binaryNumber(fn, a, castNumber(b, dtype), out);
  } else if (typeof a === 'number') numberBinary(fn, castNumber(a, dtype), b, out);
  else binary(fn, a, b, out);
}
function runReluBackward(grad, self, out) {
  if (out.storage.enterHeap() && launchBinary('reluBackward', grad, self, out)) return;
  binary((g, x) => (x <= 0 ? 0 : g), grad, self, out);
}
function runThresholdBackward(grad, self, threshold3, out) {
  if (out.storage.enterHeap() && launchWide('thresholdBackward', [grad, self], out, [threshold3])) return;
  runScalar2((g, x) => (x <= threshold3 ? 0 : g), grad, self, out, grad.dtype);
}
function runCube(self, out) {
  if (out.storage.enterHeap() && launchWide('cube', [self], out, [])) return;
  unary((x) => x * x * x, self, out);
}
function runTernary(name2, fn, operands, parameter, out) {
  if (out.storage.enterHeap() && launchWide(name2, operands, out, [parameter])) return;
  ternary(fn, ...operands, out);
}
function runWhere(condition, a, b, out) {
  if (out.storage.enterHeap() && launchWhere(condition, a, b, out)) return;
  ternary((c, x, y) => (c !== 0 ? x : y), condition, a, b, out);
}
function element(value, dtype) {
  if (typeof value !== 'number') return value;
  const out = allocate([], dtype);
  fill(out, castNumber(value, dtype));
  return out;
}
function isWider(operand3) {
  return typeof operand3 !== 'number' && (operand3.dtype === 'float64' || operand3.dtype === 'int32');
}
function scalarFor(name2, dtype) {
  if (name2 === 'mul' && dtype === 'int32') return Math.imul;
  if (name2 === 'pow' && !isFloating(dtype)) return integerPower;
  if (name2 === 'divTrunc' && dtype === 'float32') return (x, y) => Math.trunc(Math.fround(x / y));
  return binaryScalars[name2];
}

// packages/core/src/ops/create.ts
function scalarTensor(value, dtype) {
  const out = allocate([], dtype);
  writeElement(out.array, dtype, 0, value);
  return out;
}
function finish2(op2, out, requiresGrad) {
  if (requiresGrad) requireRecorder(op2).setRequiresGrad(out, true);
  return out;
}
function checkShape(op2, shape) {
  let size = 1;
  for (const n of shape) {
    if (!Number.isInteger(n) || n < 0) {
      throw new ShapeError(`sizes must be integers of at least 0, but got ${formatShape(shape)}`, {
        op: op2,
        operands: { shape },
      });
    }
    size *= n;
  }
  if (!Number.isSafeInteger(size)) {
    throw new ShapeError(`${formatShape(shape)} has more elements than can be counted`, {
      op: op2,
      operands: { shape },
    });
  }
  return shape;
}
function shapeAndOptions(op2, args) {
  let count2 = args.length;
  while (count2 > 0 && args[count2 - 1] === void 0) count2--;
  const last = count2 > 0 ? args[count2 - 1] : void 0;
  const options = isOptions(last) ? last : void 0;
  const sizes3 = args.slice(0, options === void 0 ? count2 : count2 - 1);
  const first = sizes3[0];
  const shape = sizes3.length === 1 && Array.isArray(first) ? first : sizes3;
  return [[...checkShape(op2, shape)], createOptions(op2, options)];
}
function createOptions(op2, options) {
  if (options === void 0 || options === null) return {};
  const [dtype, requiresGrad] = named(op2, ['dtype', 'requiresGrad'], [options]);
  if (dtype !== void 0 && dtype !== null) checkDType(op2, dtype);
  return { dtype: dtype ?? null, requiresGrad: requiresGrad ?? false };
}
function tensor(data, options) {
  const { dtype, requiresGrad } = createOptions('tensor', options);
  return finish2('tensor', fromData('tensor', data, dtype ?? null), requiresGrad);
}
function fromData(op2, data, dtype) {
  if (isTensor(data)) {
    const out2 = allocate(data.shape, dtype ?? data.dtype);
    copy(data, out2);
    return out2;
  }
  const arrayDType = dtypeOfArray(data);
  if (arrayDType !== null) {
    const source2 = data;
    const target2 = dtype ?? arrayDType;
    const out2 = allocate([source2.length], target2);
    copy({ array: source2, shape: out2.shape, strides: [1], offset: 0, dtype: arrayDType }, out2);
    return out2;
  }
  if (ArrayBuffer.isView(data)) {
    throw new DTypeError(`cannot take a ${data.constructor.name}; known dtypes have no such element`, {
      op: op2,
    });
  }
  const nested = data;
  const shape = nestedShape(nested);
  const flat2 = [];
  flatten(op2, nested, shape, 0, flat2);
  const target = dtype ?? inferDType(op2, flat2);
  const out = allocate(shape, target);
  const array = out.array;
  if (target === 'float32' || target === 'float64') {
    for (let i = 0; i < flat2.length; i++) array[i] = Number(flat2[i]);
  } else {
    for (const value of flat2) checkHolds(op2, target, value);
    for (let i = 0; i < flat2.length; i++) {
      const value = flat2[i];
      if (target === 'int64' && typeof value === 'bigint') array[i] = value;
      else writeElement(array, target, i, Number(value));
    }
  }
  return out;
}
var INTEGER_RANGE = {
  uint8: [-255, 255],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
};
function checkHolds(op2, dtype, value) {
  const range3 = INTEGER_RANGE[dtype];
  if (range3 === void 0 || typeof value === 'boolean') return;
  const least = dtype === 'uint8' && !Number.isInteger(value) && typeof value === 'number' ? 0 : range3[0];
  if (value >= least && value <= range3[1]) return;
  throw new ValueError(`value ${value} cannot be converted to ${dtype} without overflow`, {
    op: op2,
    operands: { value, dtype },
  });
}
function nestedShape(data) {
  const shape = [];
  let level = data;
  while (Array.isArray(level)) {
    shape.push(level.length);
    level = level[0];
  }
  return shape;
}
function flatten(op2, data, shape, depth, out) {
  if (depth === shape.length) {
    if (typeof data === 'number' || typeof data === 'boolean' || typeof data === 'bigint') {
      out.push(data);
      return;
    }
    if (Array.isArray(data)) ragged(op2, shape, depth, `a list of length ${data.length}`);
    throw new DTypeError(
      `entries must be numbers, booleans or BigInts, but got ${data === null ? 'null' : typeof data}`,
      {
        op: op2,
      },
    );
  }
  if (!Array.isArray(data)) ragged(op2, shape, depth, 'a single value');
  const list2 = data;
  if (list2.length !== shape[depth]) ragged(op2, shape, depth, `a list of length ${list2.length}`);
  for (let i = 0; i < list2.length; i++) flatten(op2, list2[i], shape, depth + 1, out);
}
function ragged(op2, shape, depth, got) {
  const expected = depth < shape.length ? `a list of length ${shape[depth]}` : 'a single value';
  throw new ShapeError(`nested lists are ragged: expected ${expected} at depth ${depth}, but got ${got}`, {
    op: op2,
    operands: { depth, expected: shape[depth] },
  });
}
function inferDType(op2, flat2) {
  if (flat2.length === 0) return 'float32';
  let numbers2 = 0;
  let bigints = 0;
  for (const value of flat2) {
    if (typeof value === 'number') numbers2++;
    else if (typeof value === 'bigint') bigints++;
  }
  if (numbers2 > 0 && bigints > 0) {
    throw new DTypeError('numbers and BigInts cannot be mixed; state a dtype', { op: op2 });
  }
  return numbers2 > 0 ? 'float32' : bigints > 0 ? 'int64' : 'bool';
}
function fromTypedArray(array, shape) {
  const dtype = dtypeOfArray(array);
  if (dtype === null) throw new DTypeError('needs a typed array of a known dtype', { op: 'fromTypedArray' });
  if (array instanceof Uint8ClampedArray) array = new Uint8Array(array.buffer, array.byteOffset, array.length);
  const target = shape === void 0 ? [array.length] : [...checkShape('fromTypedArray', shape)];
  if (sizeOf(target) !== array.length) {
    throw new ShapeError(
      `shape ${formatShape(target)} needs ${sizeOf(target)} elements, but the array has ${array.length}`,
      {
        op: 'fromTypedArray',
        operands: { shape: target, length: array.length },
      },
    );
  }
  return fromArray(array, target, dtype);
}
function zeros(...args) {
  const [shape, { dtype, requiresGrad }] = shapeAndOptions('zeros', args);
  return finish2('zeros', allocateZeros(shape, dtype ?? 'float32'), requiresGrad);
}
function ones(...args) {
  const [shape, { dtype, requiresGrad }] = shapeAndOptions('ones', args);
  const out = allocate(shape, dtype ?? 'float32');
  fill(out, 1);
  return finish2('ones', out, requiresGrad);
}
function empty(...args) {
  const [shape, { dtype, requiresGrad }] = shapeAndOptions('empty', args);
  return finish2('empty', allocate(shape, dtype ?? 'float32'), requiresGrad);
}
function checkScalar(op2, value) {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return value;
  throw new DTypeError(
    `fillValue must be a number, a boolean or a BigInt, but got ${value === null ? 'null' : typeof value}`,
    {
      op: op2,
      operands: { fillValue: value },
    },
  );
}
function filled(op2, shape, dtype, value) {
  checkHolds(op2, dtype, checkScalar(op2, value));
  const out = allocate(shape, dtype);
  if (typeof value === 'bigint' && dtype === 'int64') out.array.fill(value, 0, sizeOf(shape));
  else fill(out, Number(value));
  return out;
}
function full(shape, fillValue, options) {
  const { dtype, requiresGrad } = createOptions('full', options);
  const sizes3 = [...checkShape('full', typeof shape === 'number' ? [shape] : shape)];
  const target = dtype ?? inferDType('full', [checkScalar('full', fillValue)]);
  return finish2('full', filled('full', sizes3, target, fillValue), requiresGrad);
}
function like(op2, self, options, value) {
  const { dtype, requiresGrad } = createOptions(op2, options);
  const target = dtype ?? self.dtype;
  const out =
    value === null
      ? allocate(self.shape, target)
      : Object.is(value, 0)
        ? allocateZeros(self.shape, target)
        : filled(op2, self.shape, target, value);
  return finish2(op2, out, requiresGrad);
}
function zerosLike(self, options) {
  return like('zerosLike', self, options, 0);
}
function onesLike(self, options) {
  return like('onesLike', self, options, 1);
}
function emptyLike(self, options) {
  return like('emptyLike', self, options, null);
}
function fullLike(self, fillValue, options) {
  return like('fullLike', self, options, checkScalar('fullLike', fillValue));
}

// packages/core/src/ops/pointwise.ts
var toFloat = (_, dtype) => (isFloating(dtype) ? dtype : 'float32');
var same = (_, dtype) => dtype;
var toBool = () => 'bool';
var notBool = (op2, dtype) => {
  if (dtype !== 'bool') return dtype;
  throw new DTypeError('is not defined for bool tensors; use logicalNot, or cast with .to() first', {
    op: op2,
    operands: { dtype },
  });
};
var onlyFloat = (op2, dtype) => {
  if (isFloating(dtype)) return dtype;
  throw new DTypeError(`is not defined for ${dtype} tensors; cast with .to('float32') first`, {
    op: op2,
    operands: { dtype },
  });
};
function checkOverlap(op2, self) {
  for (let d = 0; d < self.shape.length; d++) {
    if (self.strides[d] === 0 && self.shape[d] > 1) {
      throw new ValueError(
        'more than one element of the written-to tensor refers to a single memory location; clone() it first',
        { op: `${op2}_`, operands: { shape: self.shape, strides: self.strides } },
      );
    }
  }
}
function checkInPlace(op2, result, self) {
  checkOverlap(op2, self);
  if (!canCast(result, self.dtype)) {
    throw new DTypeError(`result type ${result} can't be cast to the desired output type ${self.dtype}`, {
      op: `${op2}_`,
      operands: { result, self: self.dtype },
    });
  }
}
function checkInPlaceShape(op2, shape, self) {
  if (!sameShape(shape, self.shape)) {
    throw new ShapeError(
      `output with shape ${formatShape(self.shape)} doesn't match the broadcast shape ${formatShape(shape)}`,
      { op: `${op2}_`, operands: { self: self.shape, shape } },
    );
  }
}
function readable2(input, self) {
  if (typeof input === 'number' || input === self || input.storage.root !== self.storage.root) return input;
  const aligned2 = input.offset === self.offset && sameShape(input.strides, self.strides);
  return aligned2 && sameShape(input.shape, self.shape) ? input : cloneForward(input);
}
function operand2(op2, name2, value) {
  if (isTensor(value)) return value;
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return scalarTensor(Number(value), 'bool');
  if (typeof value === 'bigint') return Number(value);
  throw new DTypeError(`${name2} must be a tensor or a number, but got ${describe2(value)}`, {
    op: op2,
    operands: { [name2]: value },
  });
}
function describe2(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array; make a tensor of it with tensor()';
  return typeof value;
}
function commonDType(a, b) {
  if (typeof a === 'number') return typeof b === 'number' ? resultType(a, b) : withNumber(b, a);
  if (typeof b === 'number') return withNumber(a, b);
  return a.dtype === b.dtype ? a.dtype : resultType(a, b);
}
function withNumber(a, value) {
  return isFloating(a.dtype) ? a.dtype : resultType(a, value);
}
function commonShape(op2, a, b) {
  if (typeof a === 'number') return typeof b === 'number' ? [] : b.shape;
  if (typeof b === 'number') return a.shape;
  return broadcastShapes(op2, a.shape, b.shape);
}
function unaryOp(op2, rule) {
  const forward = (self) => {
    const out = allocate(self.shape, rule(op2, self.dtype));
    runUnary(op2, self, out);
    return out;
  };
  const run2 = (self) => dispatch(op2, forward, [self]);
  const inPlace = (self) => {
    checkInPlace(op2, rule(op2, self.dtype), self);
    return dispatchInPlace(op2, [self], self, () => runUnary(op2, self, self));
  };
  return Object.assign(run2, { inPlace });
}
function writeBack(op2, self, compute) {
  return () => {
    const result = compute();
    checkInPlace(op2, result.dtype, self);
    checkInPlaceShape(op2, result.shape, self);
    runCopy(result, self);
  };
}
var arithmetic = (_, a, b) => {
  const dtype = commonDType(a, b);
  return { compute: dtype, out: dtype };
};
var trueDivision = (op2, a, b) => {
  const dtype = toFloat(op2, commonDType(a, b));
  return { compute: dtype, out: dtype };
};
var comparison = (_, a, b) => ({ compute: commonDType(a, b), out: 'bool' });
function binaryOp(op2, rule) {
  const forward = (a, b) => {
    const dtypes = rule(op2, a, b);
    const out = allocate(commonShape(op2, a, b), dtypes.out);
    runBinary(op2, a, b, out, dtypes.compute);
    return out;
  };
  const run2 = (self, other) => dispatch(op2, forward, [operand2(op2, 'self', self), operand2(op2, 'other', other)]);
  const inPlace = (self, other) => {
    const b = operand2(op2, 'other', other);
    const dtypes = rule(op2, self, b);
    checkInPlace(op2, dtypes.out, self);
    checkInPlaceShape(op2, commonShape(op2, self, b), self);
    return dispatchInPlace(op2, [self, b], self, () => runBinary(op2, self, readable2(b, self), self, dtypes.compute));
  };
  return Object.assign(run2, { inPlace });
}
function cloneForward(self) {
  const out = allocate(self.shape, self.dtype);
  runCopy(self, out);
  return out;
}
function asTensor(value, dtype) {
  return typeof value === 'number' ? scalarTensor(castNumber(value, dtype), dtype) : value;
}
function operandShape(value) {
  return typeof value === 'number' ? [] : value.shape;
}
function checkIntegral(op2, dtype) {
  if (isFloating(dtype)) {
    throw new DTypeError(`is only defined for integers and bools, but got ${dtype}`, { op: op2, operands: { dtype } });
  }
}

// packages/core/src/ops/binary.ts
var addForward = (a, b, alpha) => {
  const dtype = commonDType(a, b);
  const out = allocate(commonShape('add', a, b), dtype);
  writeAdd('add', a, b, alpha, out, dtype);
  return out;
};
var subForward = (a, b, alpha) => {
  const dtype = subDType(a, b);
  const out = allocate(commonShape('sub', a, b), dtype);
  writeAdd('sub', a, b, alpha, out, dtype);
  return out;
};
function subDType(a, b) {
  for (const value of [a, b]) {
    if (typeof value !== 'number' && value.dtype === 'bool') {
      throw new DTypeError('is not defined with a bool tensor; use logicalXor, or logicalNot to invert a mask', {
        op: 'sub',
      });
    }
  }
  return commonDType(a, b);
}
function writeAdd(op2, a, b, alpha, out, dtype) {
  if (alpha === 1) runBinary(op2, a, b, out, dtype);
  else runAddScaled(a, b, op2 === 'add' ? alpha : -alpha, out, dtype);
}
function checkAlpha(op2, alpha, dtype) {
  if (alpha === void 0) return 1;
  const [value = 1] = named(op2, ['alpha'], [alpha]);
  if (typeof value !== 'number' || (!isFloating(dtype) && !Number.isInteger(value))) {
    throw new DTypeError(`alpha must be a number, and an integer for ${dtype} results, but got ${String(value)}`, {
      op: op2,
      operands: { alpha: value },
    });
  }
  return value;
}
function add(self, other, options) {
  const a = operand2('add', 'self', self);
  const b = operand2('add', 'other', other);
  return dispatch('add', addForward, [a, b, options === void 0 ? 1 : checkAlpha('add', options, commonDType(a, b))]);
}
function add_(self, other, options) {
  return addInPlace('add', self, other, options);
}
function sub(self, other, options) {
  const a = operand2('sub', 'self', self);
  const b = operand2('sub', 'other', other);
  return dispatch('sub', subForward, [a, b, options === void 0 ? 1 : checkAlpha('sub', options, commonDType(a, b))]);
}
function sub_(self, other, options) {
  return addInPlace('sub', self, other, options);
}
function addInPlace(op2, self, other, options) {
  const b = operand2(op2, 'other', other);
  const dtype = op2 === 'sub' ? subDType(self, b) : commonDType(self, b);
  const alpha = checkAlpha(op2, options, dtype);
  checkInPlace(op2, dtype, self);
  checkInPlaceShape(op2, commonShape(op2, self, b), self);
  return dispatchInPlace(op2, [self, b, alpha], self, () =>
    writeAdd(op2, self, readable2(b, self), alpha, self, dtype),
  );
}
function rsub(self, other, options) {
  return sub(other, self, options);
}
var mul = binaryOp('mul', arithmetic);
var divOp = binaryOp('div', trueDivision);
var divRoundedForward = (a, b, mode2) => {
  const dtype = notBool('div', commonDType(a, b));
  checkIntegerDivisor('div', b, dtype);
  const out = allocate(commonShape('div', a, b), dtype);
  runBinary(mode2 === 'trunc' ? 'divTrunc' : 'divFloor', a, b, out, dtype);
  return out;
};
function checkIntegerDivisor(op2, divisor, dtype) {
  if (isFloating(dtype)) return;
  const zero2 = typeof divisor === 'number' ? divisor === 0 : hasZero(divisor);
  if (zero2) throw new ValueError('integer division by zero', { op: op2, operands: { dtype } });
}
function hasZero(divisor) {
  let found = false;
  unary(
    (x) => {
      if (x === 0) found = true;
      return 0;
    },
    divisor,
    allocate(divisor.shape, 'bool'),
  );
  return found;
}
function div(self, other, options) {
  const mode2 = roundingMode(options);
  if (mode2 === null) return divOp(self, other);
  return dispatch('divRounded', divRoundedForward, [
    operand2('div', 'self', self),
    operand2('div', 'other', other),
    mode2,
  ]);
}
function roundingMode(options) {
  if (options === void 0) return null;
  const [mode2 = null] = named('div', ['roundingMode'], [options]);
  if (mode2 !== null && mode2 !== 'trunc' && mode2 !== 'floor') {
    throw new ValueError(`roundingMode must be null, 'trunc' or 'floor', but got ${show(mode2)}`, {
      op: 'div',
    });
  }
  return mode2;
}
function div_(self, other, options) {
  const mode2 = roundingMode(options);
  if (mode2 === null) return divOp.inPlace(self, other);
  const b = operand2('div', 'other', other);
  return dispatchInPlace(
    'divRounded',
    [self, b, mode2],
    self,
    writeBack('div', self, () => divRoundedForward(self, b, mode2)),
  );
}
function floorDivide2(self, other) {
  return div(self, other, { roundingMode: 'floor' });
}
var powForward = (a, b) => {
  const dtype = notBool('pow', commonDType(a, b));
  if (!isFloating(dtype) && typeof b === 'number' && b < 0) {
    throw new ValueError(`integers to negative integer powers are not allowed, but got exponent ${b}`, { op: 'pow' });
  }
  const out = allocate(commonShape('pow', a, b), dtype);
  writePow(a, b, out, dtype);
  return out;
};
function writePow(a, b, out, dtype) {
  if (b === 2) runBinary('mul', a, a, out, dtype);
  else if (b === 3 && isFloating(dtype) && typeof a !== 'number') runCube(a, out);
  else if (b === -1 && isFloating(dtype) && typeof a !== 'number') runUnary('reciprocal', a, out);
  else if (b === 0.5 && isFloating(dtype) && typeof a !== 'number') runUnary('sqrt', a, out);
  else if (b === -0.5 && isFloating(dtype) && typeof a !== 'number') runUnary('rsqrt', a, out);
  else runBinary('pow', a, b, out, dtype);
}
function pow(self, exponent) {
  return dispatch('pow', powForward, [operand2('pow', 'self', self), operand2('pow', 'exponent', exponent)]);
}
function pow_(self, exponent) {
  const b = operand2('pow', 'exponent', exponent);
  return dispatchInPlace(
    'pow',
    [self, b],
    self,
    writeBack('pow', self, () => powForward(self, b)),
  );
}
var maximum = binaryOp('maximum', arithmetic);
var minimum = binaryOp('minimum', arithmetic);
var atan2 = binaryOp('atan2', trueDivision);
var xlogy = binaryOp('xlogy', trueDivision);
var remainderOp = binaryOp('remainder', arithmetic);
var fmodOp = binaryOp('fmod', arithmetic);
function remainder2(self, other) {
  const divisor = operand2('remainder', 'other', other);
  checkIntegerDivisor('remainder', divisor, notBool('remainder', commonDType(self, divisor)));
  return remainderOp(self, divisor);
}
function fmod(self, other) {
  const divisor = operand2('fmod', 'other', other);
  checkIntegerDivisor('fmod', divisor, notBool('fmod', commonDType(self, divisor)));
  return fmodOp(self, divisor);
}
var eq = binaryOp('eq', comparison);
var ne = binaryOp('ne', comparison);
var lt = binaryOp('lt', comparison);
var le = binaryOp('le', comparison);
var gt = binaryOp('gt', comparison);
var ge = binaryOp('ge', comparison);
var logicalAnd = binaryOp('logicalAnd', comparison);
var logicalOr = binaryOp('logicalOr', comparison);
var logicalXor = binaryOp('logicalXor', comparison);
var BITS = {
  bitwiseAnd: (x, y) => x & y,
  bitwiseOr: (x, y) => x | y,
  bitwiseXor: (x, y) => x ^ y,
};
function bitwiseForward(op2) {
  return (a, b) => {
    const dtype = commonDType(a, b);
    checkIntegral(op2, dtype);
    const out = allocate(commonShape(op2, a, b), dtype);
    if (dtype !== 'int64' || !binaryInt64(op2, a, b, out)) runScalar2(BITS[op2], a, b, out, dtype);
    return out;
  };
}
var bitwiseAndForward = bitwiseForward('bitwiseAnd');
var bitwiseOrForward = bitwiseForward('bitwiseOr');
var bitwiseXorForward = bitwiseForward('bitwiseXor');
function bitwise(op2, forward, self, other) {
  return dispatch(op2, forward, [operand2(op2, 'self', self), operand2(op2, 'other', other)]);
}
function bitwiseAnd(self, other) {
  return bitwise('bitwiseAnd', bitwiseAndForward, self, other);
}
function bitwiseOr(self, other) {
  return bitwise('bitwiseOr', bitwiseOrForward, self, other);
}
function bitwiseXor(self, other) {
  return bitwise('bitwiseXor', bitwiseXorForward, self, other);
}
var thresholdBackwardForward = (grad, self, threshold3) => {
  const out = allocate(broadcastShapes('thresholdBackward', grad.shape, self.shape), grad.dtype);
  if (threshold3 === 0) runReluBackward(grad, self, out);
  else runThresholdBackward(grad, self, threshold3, out);
  return out;
};
function thresholdBackward(grad, self, threshold3) {
  return dispatch('thresholdBackward', thresholdBackwardForward, [grad, self, threshold3]);
}

// packages/core/src/ops/copies.ts
function clone(self) {
  return dispatch('clone', cloneForward, [self]);
}
function contiguous(self) {
  return self.isContiguous() ? self : clone(self);
}
var toForward = (self, dtype) => {
  const out = allocate(self.shape, dtype);
  runCopy(self, out);
  return out;
};
function to(self, dtype, options) {
  const [target = self.dtype, copy2 = false] = named('to', ['dtype', 'copy'], [dtype, options]);
  checkDType('to', target);
  if (target === self.dtype) return copy2 ? clone(self) : self;
  return dispatch('to', toForward, [self, target]);
}
function copy_(self, src) {
  if (self === src) return self;
  checkOverlap('copy', self);
  checkInPlaceShape('copy', broadcastShapes('copy_', self.shape, src.shape), self);
  return dispatchInPlace('copy', [self, src], self, () => runCopy(readable2(src, self), self));
}
function fill_(self, value) {
  const v = operand2('fill_', 'value', value);
  if (typeof v !== 'number' && v.ndim > 0) {
    throw new ShapeError(`only takes a value of 0 dimensions, but got one of shape ${formatShape(v.shape)}`, {
      op: 'fill_',
      operands: { value: v.shape },
    });
  }
  return dispatchInPlace('fill', [self, v], self, () =>
    typeof v === 'number' ? runFill(self, v) : runCopy(readable2(v, self), self),
  );
}
function zero_(self) {
  return fill_(self, 0);
}

// packages/core/src/ops/ternary.ts
var whereForward = (condition, a, b) => {
  const dtype = commonDType(a, b);
  const shape = broadcastShapes('where', condition.shape, commonShape('where', a, b));
  const out = allocate(shape, dtype);
  runWhere(condition, asTensor(a, dtype), asTensor(b, dtype), out);
  return out;
};
function where(condition, self, other) {
  if (condition.dtype !== 'bool') {
    throw new DTypeError(`expected condition to be a bool tensor, but got ${condition.dtype}`, {
      op: 'where',
      operands: { condition: condition.dtype },
    });
  }
  return dispatch('where', whereForward, [
    condition,
    operand2('where', 'self', self),
    operand2('where', 'other', other),
  ]);
}
var lerpForward = (self, end, weight) => {
  const shape = broadcastShapes('lerp', broadcastShapes('lerp', self.shape, end.shape), operandShape(weight));
  const out = allocate(shape, self.dtype);
  const w = asTensor(weight, self.dtype);
  const fn = (x, y, t2) => (Math.abs(t2) < 0.5 ? x + t2 * (y - x) : y - (y - x) * (1 - t2));
  runTernary('lerp', fn, [self, end, w], 0, out);
  return out;
};
function lerp(self, end, weight) {
  checkSameDType('lerp', self, end);
  onlyFloat('lerp', self.dtype);
  return dispatch('lerp', lerpForward, [self, end, operand2('lerp', 'weight', weight)]);
}
function lerp_(self, end, weight) {
  checkSameDType('lerp', self, end);
  onlyFloat('lerp', self.dtype);
  const w = operand2('lerp', 'weight', weight);
  return dispatchInPlace(
    'lerp',
    [self, end, w],
    self,
    writeBack('lerp', self, () => lerpForward(self, end, w)),
  );
}
function checkSameDType(op2, a, b) {
  if (a.dtype !== b.dtype) {
    throw new DTypeError(`expected the same dtype for both, but got ${a.dtype} and ${b.dtype}`, {
      op: op2,
      operands: { self: a.dtype, other: b.dtype },
    });
  }
}
function addc(op2, self, tensor1, tensor2, value, fn) {
  const shape = broadcastShapes(op2, self.shape, broadcastShapes(op2, tensor1.shape, tensor2.shape));
  const out = allocate(shape, resultType(self, tensor1, tensor2));
  runTernary(op2, fn, [self, tensor1, tensor2], value, out);
  return out;
}
var addcmulForward = (self, t1, t2, value) => addc('addcmul', self, t1, t2, value, (x, y, z) => x + value * y * z);
var addcdivForward = (self, t1, t2, value) => {
  onlyFloat('addcdiv', resultType(self, t1, t2));
  return addc('addcdiv', self, t1, t2, value, (x, y, z) => x + (value * y) / z);
};
function valueOption(op2, options) {
  const [value = 1] = named(op2, ['value'], [options]);
  return value;
}
function addcmul(self, tensor1, tensor2, options) {
  return dispatch('addcmul', addcmulForward, [self, tensor1, tensor2, valueOption('addcmul', options)]);
}
function addcmul_(self, tensor1, tensor2, options) {
  const value = valueOption('addcmul', options);
  return dispatchInPlace(
    'addcmul',
    [self, tensor1, tensor2, value],
    self,
    writeBack('addcmul', self, () => addcmulForward(self, tensor1, tensor2, value)),
  );
}
function addcdiv(self, tensor1, tensor2, options) {
  return dispatch('addcdiv', addcdivForward, [self, tensor1, tensor2, valueOption('addcdiv', options)]);
}
function addcdiv_(self, tensor1, tensor2, options) {
  const value = valueOption('addcdiv', options);
  return dispatchInPlace(
    'addcdiv',
    [self, tensor1, tensor2, value],
    self,
    writeBack('addcdiv', self, () => addcdivForward(self, tensor1, tensor2, value)),
  );
}
var maskedFillForward = (self, mask, value) => {
  const out = allocate(broadcastShapes('maskedFill', self.shape, mask.shape), self.dtype);
  runWhere(mask, asTensor(value, self.dtype), self, out);
  return out;
};
function checkMask(op2, mask, value) {
  if (mask.dtype !== 'bool') {
    throw new DTypeError(`expected the mask to be a bool tensor, but got ${mask.dtype}`, {
      op: op2,
      operands: { mask: mask.dtype },
    });
  }
  if (typeof value !== 'number' && value.ndim > 0) {
    throw new ShapeError(`only takes a value of 0 dimensions, but got one of shape ${formatShape(value.shape)}`, {
      op: op2,
      operands: { value: value.shape },
    });
  }
}
function maskedFill(self, mask, value) {
  const v = operand2('maskedFill', 'value', value);
  checkMask('maskedFill', mask, v);
  return dispatch('maskedFill', maskedFillForward, [self, mask, v]);
}
function maskedFill_(self, mask, value) {
  const v = operand2('maskedFill', 'value', value);
  checkMask('maskedFill', mask, v);
  checkOverlap('maskedFill', self);
  checkInPlaceShape('maskedFill', broadcastShapes('maskedFill', self.shape, mask.shape), self);
  return dispatchInPlace('maskedFill', [self, mask, v], self, () => {
    const value2 = readable2(asTensor(v, self.dtype), self);
    runWhere(readable2(mask, self), value2, self, self);
  });
}

// packages/core/src/ops/unary.ts
var neg = unaryOp('neg', notBool);
var abs2 = unaryOp('abs', notBool);
var sign = unaryOp('sign', same);
var exp4 = unaryOp('exp', toFloat);
var exp22 = unaryOp('exp2', toFloat);
var expm12 = unaryOp('expm1', toFloat);
var log3 = unaryOp('log', toFloat);
var log22 = unaryOp('log2', toFloat);
var log10 = unaryOp('log10', toFloat);
var log1p2 = unaryOp('log1p', toFloat);
var sqrt2 = unaryOp('sqrt', toFloat);
var rsqrt = unaryOp('rsqrt', toFloat);
var reciprocal = unaryOp('reciprocal', toFloat);
var sin = unaryOp('sin', toFloat);
var cos = unaryOp('cos', toFloat);
var tan = unaryOp('tan', toFloat);
var asin = unaryOp('asin', toFloat);
var acos = unaryOp('acos', toFloat);
var atan = unaryOp('atan', toFloat);
var sinh = unaryOp('sinh', toFloat);
var cosh = unaryOp('cosh', toFloat);
var tanh2 = unaryOp('tanh', toFloat);
var asinh = unaryOp('asinh', toFloat);
var acosh = unaryOp('acosh', toFloat);
var atanh = unaryOp('atanh', toFloat);
var sigmoid3 = unaryOp('sigmoid', toFloat);
var logSigmoid = unaryOp('logSigmoid', onlyFloat);
var relu = unaryOp('relu', notBool);
var silu = unaryOp('silu', onlyFloat);
var mish = unaryOp('mish', onlyFloat);
var hardswish = unaryOp('hardswish', onlyFloat);
var hardsigmoid = unaryOp('hardsigmoid', onlyFloat);
var erf3 = unaryOp('erf', toFloat);
var erfc3 = unaryOp('erfc', toFloat);
var erfinv2 = unaryOp('erfinv', toFloat);
var lgamma2 = unaryOp('lgamma', toFloat);
var digamma2 = unaryOp('digamma', toFloat);
var floor2 = unaryOp('floor', notBool);
var ceil = unaryOp('ceil', notBool);
var round = unaryOp('round', notBool);
var trunc = unaryOp('trunc', notBool);
var logicalNot = unaryOp('logicalNot', toBool);
var isnan = unaryOp('isnan', toBool);
var isinf = unaryOp('isinf', toBool);
var isfinite = unaryOp('isfinite', toBool);
function bitwiseNot(self) {
  return dispatch('bitwiseNot', bitwiseNotForward, [self]);
}
function bitwiseNotForward(self) {
  checkIntegral('bitwiseNot', self.dtype);
  const out = allocate(self.shape, self.dtype);
  if (self.dtype === 'bool') runUnary('logicalNot', self, out);
  else if (!unaryInt64('bitwiseNot', self, out)) unary((x) => ~x, self, out);
  return out;
}
function square(self) {
  return pow(self, 2);
}
function frac(self) {
  onlyFloat('frac', self.dtype);
  return sub(self, trunc(self));
}
function deg2rad(self) {
  return mul(self, Math.PI / 180);
}
function rad2deg(self) {
  return mul(self, 180 / Math.PI);
}

// packages/core/src/ops/activation.ts
function parametric(op2, self, rule, parameters) {
  const out = allocate(self.shape, rule(op2, self.dtype));
  runParametric(op2, self, out, ...parameters);
  return out;
}
var geluForward = (self, approximate) => parametric('gelu', self, onlyFloat, [approximate === 'tanh' ? 1 : 0]);
var eluForward = (self, ...p) => parametric('elu', self, onlyFloat, p);
var leakyReluForward = (self, slope) => parametric('leakyRelu', self, onlyFloat, [slope]);
var softplusForward = (self, ...p) => parametric('softplus', self, onlyFloat, p);
var hardtanhForward = (self, min2, max2) => {
  if (self.dtype === 'uint8' && (min2 < 0 || max2 < 0)) {
    throw new DTypeError(`cannot clip uint8 to negative limits, but got [${min2}, ${max2}]`, { op: 'hardtanh' });
  }
  return parametric('hardtanh', self, notBool, [min2, max2]);
};
var hardshrinkForward = (self, lambd) => parametric('hardshrink', self, onlyFloat, [lambd]);
var softshrinkForward = (self, lambd) => parametric('softshrink', self, onlyFloat, [lambd]);
var thresholdForward = (self, ...p) => parametric('threshold', self, notBool, p);
var clampForward = (self, min2, max2) => {
  const dtype = clampDType(self.dtype, min2, max2);
  return parametric('clamp', self, () => dtype, [
    min2 === null ? -Infinity : castNumber(min2, dtype),
    max2 === null ? Infinity : castNumber(max2, dtype),
  ]);
};
var nanToNumForward = (self, nan, posinf, neginf) => {
  const largest = self.dtype === 'float64' ? Number.MAX_VALUE : 34028234663852886e22;
  return parametric('nanToNum', self, same, [nan, posinf ?? largest, neginf ?? -largest]);
};
function clampDType(dtype, min2, max2) {
  for (const bound2 of [min2, max2]) if (bound2 !== null) dtype = resultType({ dtype, ndim: 1 }, bound2);
  return dtype;
}
function gelu(self, approximate) {
  const [form = 'none'] = named('gelu', ['approximate'], [approximate]);
  if (form !== 'none' && form !== 'tanh') {
    throw new ValueError(`approximate must be 'none' or 'tanh', but got ${show(form)}`, { op: 'gelu' });
  }
  return dispatch('gelu', geluForward, [self, form]);
}
function elu(self, alpha = 1) {
  const [a = 1] = named('elu', ['alpha'], [alpha]);
  return dispatch('elu', eluForward, [self, a, 1, 1]);
}
function celu(self, alpha = 1) {
  const [a = 1] = named('celu', ['alpha'], [alpha]);
  if (a === 0) throw new ValueError('alpha cannot be 0', { op: 'celu' });
  return dispatch('elu', eluForward, [self, a, 1, 1 / a]);
}
var SELU_ALPHA = 1.6732632423543772;
var SELU_SCALE = 1.0507009873554805;
function selu(self) {
  return dispatch('elu', eluForward, [self, SELU_ALPHA, SELU_SCALE, 1]);
}
function leakyRelu(self, negativeSlope = 0.01) {
  const [slope = 0.01] = named('leakyRelu', ['negativeSlope'], [negativeSlope]);
  return dispatch('leakyRelu', leakyReluForward, [self, slope]);
}
function softplus(self, beta, threshold3) {
  const [b = 1, t2 = 20] = named('softplus', ['beta', 'threshold'], [beta, threshold3]);
  return dispatch('softplus', softplusForward, [self, b, t2]);
}
function hardtanh(self, minVal, maxVal) {
  const [min2 = -1, max2 = 1] = named('hardtanh', ['minVal', 'maxVal'], [minVal, maxVal]);
  return dispatch('hardtanh', hardtanhForward, [self, min2, max2]);
}
function relu6(self) {
  return dispatch('hardtanh', hardtanhForward, [self, 0, 6]);
}
function hardshrink(self, lambd = 0.5) {
  const [l = 0.5] = named('hardshrink', ['lambd'], [lambd]);
  return dispatch('hardshrink', hardshrinkForward, [self, l]);
}
function softshrink(self, lambd = 0.5) {
  const [l = 0.5] = named('softshrink', ['lambd'], [lambd]);
  if (!(l >= 0)) throw new ValueError(`lambd must be at least 0, but got ${l}`, { op: 'softshrink' });
  return dispatch('softshrink', softshrinkForward, [self, l]);
}
function threshold(self, threshold3, value) {
  const [t2 = 0, v = 0] = named('threshold', ['threshold', 'value'], [threshold3, value]);
  return dispatch('threshold', thresholdForward, [self, t2, v]);
}
function tanhshrink(self) {
  return sub(self, tanh2(self));
}
function softsign(self) {
  return div(self, add(abs2(self), 1));
}
function clamp(self, min2, max2) {
  const [low, high] = clampBounds('clamp', min2, max2);
  if (isTensor(low) || isTensor(high)) {
    let result = self;
    if (low !== null) result = within(ge(result, low), result, low);
    if (high !== null) result = within(le(result, high), result, high);
    return result;
  }
  return dispatch('clamp', clampForward, [self, low, high]);
}
function within(keeps, self, bound2) {
  return where(logicalOr(keeps, isnan(self)), self, bound2);
}
function clamp_(self, min2, max2) {
  const [low, high] = clampBounds('clamp_', min2, max2);
  if (isTensor(low) || isTensor(high)) return copy_(self, clamp(self, low, high));
  return dispatchInPlace(
    'clamp',
    [self, low, high],
    self,
    writeBack('clamp', self, () => clampForward(self, low, high)),
  );
}
function clampBounds(op2, min2, max2) {
  const [low = null, high = null] = named(op2, ['min', 'max'], [min2, max2]);
  if (low === null && high === null) throw new ValueError('at least one of min and max must be given', { op: op2 });
  return [low === null ? null : operand2(op2, 'min', low), high === null ? null : operand2(op2, 'max', high)];
}
function nanToNum(self, nan, posinf, neginf) {
  const [n, p, m] = named('nanToNum', ['nan', 'posinf', 'neginf'], [nan, posinf, neginf]);
  return dispatch('nanToNum', nanToNumForward, [self, n ?? 0, p ?? null, m ?? null]);
}

// packages/core/src/ops/view.ts
var viewForward = (self, shape) => {
  const strides = viewStrides(self.shape, self.strides, shape);
  if (strides === null) {
    throw new ShapeError(
      `size ${formatShape(shape)} is not compatible with input tensor's size ${formatShape(self.shape)} and stride ${formatShape(self.strides)} (at least one dimension spans across two contiguous subspaces); use reshape() instead`,
      { op: 'view', operands: { self: self.shape, strides: self.strides, shape } },
    );
  }
  return makeView(self, shape, strides, self.offset);
};
function inferShape(op2, self, shape) {
  const size = sizeOf(self.shape);
  let unknown = -1;
  let known = 1;
  for (let i = 0; i < shape.length; i++) {
    const n = shape[i];
    if (n === -1) {
      if (unknown >= 0) throw new ShapeError('only one dimension can be inferred', { op: op2, operands: { shape } });
      unknown = i;
    } else if (!Number.isInteger(n) || n < 0) {
      throw new ShapeError(`invalid shape dimension ${n} in ${formatShape(shape)}`, { op: op2, operands: { shape } });
    } else known *= n;
  }
  const out = [...shape];
  if (unknown >= 0) {
    if (known === 0 && size === 0) {
      throw new ShapeError(
        `cannot reshape a tensor of 0 elements into shape ${formatShape(shape)}, because the unspecified dimension size -1 can be any value and is ambiguous`,
        { op: op2, operands: { shape } },
      );
    }
    out[unknown] = size / known;
    known *= out[unknown];
  }
  if (known !== size || (unknown >= 0 && !Number.isInteger(out[unknown]))) {
    throw new ShapeError(`shape ${formatShape(shape)} is invalid for input of size ${size}`, {
      op: op2,
      operands: { self: self.shape, shape },
    });
  }
  return out;
}
function view(self, shape) {
  return dispatch('view', viewForward, [self, inferShape('view', self, shape)]);
}
function reshape(self, shape) {
  const target = inferShape('reshape', self, shape);
  if (viewStrides(self.shape, self.strides, target) !== null) return dispatch('view', viewForward, [self, target]);
  return dispatch('unsafeView', viewForward, [clone(self), target]);
}
function unsafeView(self, shape) {
  return dispatch('unsafeView', viewForward, [self, inferShape('unsafeView', self, shape)]);
}
function reshapeAs(self, other) {
  return reshape(self, other.shape);
}
function ravel(self) {
  return view(contiguous(self), [-1]);
}
function viewAs(self, other) {
  return view(self, other.shape);
}
function flatten2(self, startDim, endDim) {
  const [from = 0, to2 = -1] = named('flatten', ['startDim', 'endDim'], [startDim, endDim]);
  const start = wrapDim('flatten', from, self.ndim);
  const end = wrapDim('flatten', to2, self.ndim);
  if (start > end) {
    throw new ValueError(`startDim must not come after endDim, but got ${from} and ${to2}`, { op: 'flatten' });
  }
  if (self.ndim === 0) return reshape(self, [1]);
  if (start === end) return self;
  const middle = sizeOf(self.shape.slice(start, end + 1));
  return reshape(self, [...self.shape.slice(0, start), middle, ...self.shape.slice(end + 1)]);
}
function unflatten(self, dim, sizes3) {
  needDims('unflatten', self);
  const at3 = wrapDim('unflatten', dim, self.ndim);
  if (sizes3.length === 0)
    throw new ShapeError('sizes must not be empty', { op: 'unflatten', operands: { sizes: sizes3 } });
  const known = sizes3.reduce((product, n) => (n === -1 ? product : product * n), 1);
  const filled2 = sizes3.map((n) => (n === -1 ? self.shape[at3] / known : n));
  if (!filled2.every((n) => Number.isInteger(n) && n >= 0) || sizeOf(filled2) !== self.shape[at3]) {
    throw new ShapeError(
      `sizes ${formatShape(sizes3)} don't multiply up to ${self.shape[at3]}, the size of dim ${dim}`,
      {
        op: 'unflatten',
        operands: { self: self.shape, dim, sizes: sizes3 },
      },
    );
  }
  return view(self, [...self.shape.slice(0, at3), ...filled2, ...self.shape.slice(at3 + 1)]);
}
var transposeForward = (self, a, b) => {
  const shape = [...self.shape];
  const strides = [...self.strides];
  [shape[a], shape[b]] = [shape[b], shape[a]];
  [strides[a], strides[b]] = [strides[b], strides[a]];
  return makeView(self, shape, strides, self.offset);
};
function transpose3(self, dim0, dim1) {
  const a = wrapDim('transpose', dim0, self.ndim);
  const b = wrapDim('transpose', dim1, self.ndim);
  if (self.ndim === 0) return alias(self);
  return dispatch('transpose', transposeForward, [self, a, b]);
}
var tForward = (self) => (self.ndim < 2 ? aliasForward(self) : transposeForward(self, 0, 1));
function t(self) {
  if (self.ndim > 2) {
    throw new ShapeError(`expects a tensor with at most 2 dimensions, but self is ${self.ndim}D`, {
      op: 't',
      operands: { self: self.shape },
    });
  }
  return dispatch('t', tForward, [self]);
}
var permuteForward = (self, dims) =>
  makeView(
    self,
    dims.map((d) => self.shape[d]),
    dims.map((d) => self.strides[d]),
    self.offset,
  );
function permute(self, dims) {
  if (dims.length !== self.ndim) {
    throw new ShapeError(`number of dims ${dims.length} does not match the ${self.ndim} of the tensor`, {
      op: 'permute',
      operands: { self: self.shape, dims },
    });
  }
  const wrapped = dims.map((d) => wrapDim('permute', d, self.ndim));
  if (new Set(wrapped).size !== wrapped.length) {
    throw new ShapeError(`repeated dim in ${formatShape(dims)}`, { op: 'permute', operands: { dims } });
  }
  return dispatch('permute', permuteForward, [self, wrapped]);
}
function movedim(self, source2, destination) {
  const from = [source2].flat().map((d) => wrapDim('movedim', d, self.ndim));
  const to2 = [destination].flat().map((d) => wrapDim('movedim', d, self.ndim));
  if (from.length !== to2.length || new Set(from).size !== from.length || new Set(to2).size !== to2.length) {
    throw new ShapeError(
      `source [${from.join(', ')}] and destination [${to2.join(', ')}] must be as many, each named once`,
      {
        op: 'movedim',
      },
    );
  }
  const order = new Array(self.ndim).fill(-1);
  from.forEach((d, i) => {
    order[to2[i]] = d;
  });
  const rest = Array.from({ length: self.ndim }, (_, i) => i).filter((d) => !from.includes(d));
  return permute(
    self,
    order.map((d) => (d >= 0 ? d : rest.shift())),
  );
}
function needDims(op2, self) {
  if (self.ndim === 0) {
    throw new IndexError('cannot be applied to a 0-dim tensor, which has no dimension to take parts of', {
      op: op2,
      operands: { self: self.shape },
    });
  }
}
var selectForward = (self, dim, index2) => {
  const shape = [...self.shape];
  const strides = [...self.strides];
  const offset = self.offset + index2 * strides[dim];
  shape.splice(dim, 1);
  strides.splice(dim, 1);
  return makeView(self, shape, strides, offset);
};
function select(self, dim, index2) {
  needDims('select', self);
  const d = wrapDim('select', dim, self.ndim);
  const size = self.shape[d];
  if (!Number.isInteger(index2) || index2 < -size || index2 >= size) {
    throw new IndexError(`index ${index2} is out of bounds for dimension ${d} with size ${size}`, {
      op: 'select',
      operands: { index: index2, dim: d, size },
    });
  }
  return dispatch('select', selectForward, [self, d, index2 < 0 ? index2 + size : index2]);
}
var sliceForward = (self, dim, start, end, step) => {
  const shape = [...self.shape];
  const strides = [...self.strides];
  shape[dim] = Math.max(Math.ceil((end - start) / step), 0);
  strides[dim] *= step;
  return makeView(self, shape, strides, self.offset + start * self.strides[dim]);
};
function sliceDim(self, dim, start = null, end = null, step = 1) {
  needDims('slice', self);
  const d = wrapDim('slice', dim, self.ndim);
  if (!Number.isInteger(step) || step < 1) {
    throw new ValueError(`step must be an integer greater than zero, but got ${step}`, { op: 'slice' });
  }
  for (const bound2 of [start, end]) {
    if (bound2 !== null && (Number.isNaN(bound2) || (Number.isFinite(bound2) && !Number.isInteger(bound2)))) {
      throw new IndexError(`bounds must be integers or null, but got ${bound2}`, {
        op: 'slice',
        operands: { start, end },
      });
    }
  }
  const size = self.shape[d];
  const clampBound = (bound2) => Math.min(Math.max(bound2 < 0 ? bound2 + size : bound2, 0), size);
  const from = clampBound(start ?? 0);
  const to2 = Math.max(clampBound(end ?? size), from);
  return dispatch('slice', sliceForward, [self, d, from, to2, step]);
}
function narrow2(self, dim, start, length) {
  needDims('narrow', self);
  const d = wrapDim('narrow', dim, self.ndim);
  const size = self.shape[d];
  const from = start < 0 ? start + size : start;
  if (!Number.isInteger(start) || !Number.isInteger(length) || length < 0 || from < 0 || from + length > size) {
    throw new IndexError(`start (${start}) + length (${length}) exceeds dimension size (${size})`, {
      op: 'narrow',
      operands: { dim: d, start, length, size },
    });
  }
  return dispatch('slice', sliceForward, [self, d, from, from + length, 1]);
}
var diagonalForward = (self, offset, dim1, dim2) => {
  const rows2 = self.shape[dim1];
  const columns = self.shape[dim2];
  const length = Math.max(offset >= 0 ? Math.min(rows2, columns - offset) : Math.min(rows2 + offset, columns), 0);
  let start = self.offset;
  if (length > 0) start += offset >= 0 ? offset * self.strides[dim2] : -offset * self.strides[dim1];
  const keep2 = (_, d) => d !== dim1 && d !== dim2;
  return makeView(
    self,
    [...self.shape.filter(keep2), length],
    [...self.strides.filter(keep2), self.strides[dim1] + self.strides[dim2]],
    start,
  );
};
function diagonal(self, offset, dim1, dim2) {
  const [o = 0, a = 0, b = 1] = named('diagonal', ['offset', 'dim1', 'dim2'], [offset, dim1, dim2]);
  const d1 = wrapDim('diagonal', a, self.ndim);
  const d2 = wrapDim('diagonal', b, self.ndim);
  if (d1 === d2) throw new ValueError(`dimensions cannot be identical, but got ${a} and ${b}`, { op: 'diagonal' });
  if (!Number.isInteger(o)) throw new ValueError(`offset must be an integer, but got ${o}`, { op: 'diagonal' });
  return dispatch('diagonal', diagonalForward, [self, o, d1, d2]);
}
var unfoldForward = (self, dim, size, step) => {
  if (self.ndim === 0) return makeView(self, [size], [1], self.offset);
  const shape = [...self.shape];
  const strides = [...self.strides];
  shape[dim] = Math.floor((shape[dim] - size) / step) + 1;
  shape.push(size);
  strides.push(strides[dim]);
  strides[dim] *= step;
  return makeView(self, shape, strides, self.offset);
};
function unfold(self, dim, size, step) {
  const d = wrapDim('unfold', dim, self.ndim);
  const length = self.ndim === 0 ? 1 : self.shape[d];
  if (!Number.isInteger(size) || size < 0 || size > length) {
    throw new ShapeError(`maximum size for tensor at dimension ${d} is ${length} but size is ${size}`, {
      op: 'unfold',
      operands: { dim: d, size, length },
    });
  }
  if (!Number.isInteger(step) || step < 1) throw new ValueError(`step is ${step} but must be > 0`, { op: 'unfold' });
  return dispatch('unfold', unfoldForward, [self, d, size, step]);
}
var squeezeForward = (self, dims) => {
  const keep2 = (_, d) => !dims.includes(d);
  return makeView(self, self.shape.filter(keep2), self.strides.filter(keep2), self.offset);
};
function squeeze(self, dim) {
  const [named_] = named('squeeze', ['dim'], [dim]);
  const all2 = named_ === void 0 || named_ === null;
  const candidates = all2 ? self.shape.map((_, d) => d) : [named_].flat().map((d) => wrapDim('squeeze', d, self.ndim));
  const twice = candidates.find((d, i) => candidates.indexOf(d) !== i);
  if (twice !== void 0) {
    throw new ShapeError(`dim ${twice} appears multiple times in the list of dims ${formatShape([named_].flat())}`, {
      op: 'squeeze',
      operands: { dim: named_ },
    });
  }
  return dispatch('squeeze', squeezeForward, [self, candidates.filter((d) => self.shape[d] === 1), all2]);
}
var unsqueezeForward = (self, dim) => {
  const shape = [...self.shape];
  const strides = [...self.strides];
  strides.splice(dim, 0, dim < shape.length ? shape[dim] * strides[dim] : 1);
  shape.splice(dim, 0, 1);
  return makeView(self, shape, strides, self.offset);
};
function unsqueeze(self, dim) {
  return dispatch('unsqueeze', unsqueezeForward, [self, wrapDim('unsqueeze', dim, self.ndim + 1)]);
}
var expandForward = (self, shape) => {
  const lead = shape.length - self.ndim;
  const strides = new Array(shape.length);
  for (let i = shape.length - 1; i >= 0; i--) {
    const d = i - lead;
    if (d >= 0) strides[i] = self.shape[d] === 1 && shape[i] !== 1 ? 0 : self.strides[d];
    else strides[i] = shape[i] !== 1 || self.ndim === 0 ? 0 : shape[i + 1] * strides[i + 1];
  }
  return makeView(self, shape, strides, self.offset);
};
function expand(self, shape) {
  const lead = shape.length - self.ndim;
  if (lead < 0) {
    throw new ShapeError(
      `the number of sizes provided (${shape.length}) must be greater or equal to the number of dimensions (${self.ndim})`,
      { op: 'expand', operands: { self: self.shape, shape } },
    );
  }
  const target = shape.map((n, i) => {
    const own = i < lead ? null : self.shape[i - lead];
    if (n === -1 && own !== null) return own;
    if (!Number.isInteger(n) || n < 0 || (own !== null && own !== 1 && own !== n)) {
      throw new ShapeError(
        `the expanded size of the tensor (${n}) must match the existing size (${own ?? 'none'}) at dimension ${i}; target sizes ${formatShape(shape)}, tensor sizes ${formatShape(self.shape)}`,
        { op: 'expand', operands: { self: self.shape, shape } },
      );
    }
    return n;
  });
  return dispatch('expand', expandForward, [self, target]);
}
function expandAs(self, other) {
  return expand(self, other.shape);
}
var asStridedForward = (self, shape, strides, offset) => makeView(self, shape, strides, offset);
function asStrided(self, size, stride, storageOffset) {
  const [given] = named('asStrided', ['storageOffset'], [storageOffset]);
  const offset = given ?? self.offset;
  const valid = (n) => Number.isInteger(n) && n >= 0;
  if (size.length !== stride.length || !size.every(valid) || !stride.every(valid) || !valid(offset)) {
    throw new ShapeError(
      `size ${formatShape(size)} and stride ${formatShape(stride)} must be as many, and they and the offset ${offset} not negative`,
      { op: 'asStrided', operands: { size, stride, offset } },
    );
  }
  const last = size.reduce((at3, n, i) => at3 + (n - 1) * stride[i], offset);
  if (sizeOf(size) > 0 && last >= self.storage.length) {
    throw new ShapeError(
      `size ${formatShape(size)}, stride ${formatShape(stride)} and offset ${offset} reach element ${last} of a storage of ${self.storage.length}`,
      { op: 'asStrided', operands: { size, stride, offset, length: self.storage.length } },
    );
  }
  return dispatch('asStrided', asStridedForward, [self, [...size], [...stride], offset]);
}
var aliasForward = (self) => makeView(self, self.shape, self.strides, self.offset);
function alias(self) {
  return dispatch('alias', aliasForward, [self]);
}
var splitForward = (self, sizes3, dim) => {
  let start = 0;
  return sizes3.map((size) => {
    const part = sliceForward(self, dim, start, start + size, 1);
    start += size;
    return part;
  });
};
function split(self, splitSize, dim = 0) {
  const [d = 0] = named('split', ['dim'], [dim]);
  needDims('split', self);
  const at3 = wrapDim('split', d, self.ndim);
  const size = self.shape[at3];
  let sizes3;
  if (typeof splitSize === 'number') {
    if (!Number.isInteger(splitSize) || splitSize < 0 || (splitSize === 0 && size !== 0)) {
      throw new ValueError(`expects splitSize to be a positive integer, but got ${splitSize}`, { op: 'split' });
    }
    sizes3 = [];
    for (let rest = size; rest > 0 || sizes3.length === 0; rest -= splitSize)
      sizes3.push(Math.min(splitSize, Math.max(rest, 0)));
  } else {
    sizes3 = [...splitSize];
    if (sizes3.some((n) => !Number.isInteger(n) || n < 0) || sizes3.reduce((a, b) => a + b, 0) !== size) {
      throw new ShapeError(
        `expects sizes to sum exactly to ${size} (the size of dim ${at3}), but got ${formatShape(sizes3)}`,
        {
          op: 'split',
          operands: { sizes: sizes3, size },
        },
      );
    }
  }
  return dispatch('split', splitForward, [self, sizes3, at3]);
}
function chunk(self, chunks, dim = 0) {
  const [d = 0] = named('chunk', ['dim'], [dim]);
  if (!Number.isInteger(chunks) || chunks < 1) {
    throw new ValueError(`expects chunks to be greater than 0, but got ${chunks}`, { op: 'chunk' });
  }
  needDims('chunk', self);
  const size = self.shape[wrapDim('chunk', d, self.ndim)];
  if (size === 0) return split(self, new Array(chunks).fill(0), d);
  return split(self, Math.ceil(size / chunks), d);
}
var unbindForward = (self, dim) => Array.from({ length: self.shape[dim] }, (_, i) => selectForward(self, dim, i));
function unbind(self, dim = 0) {
  const [d = 0] = named('unbind', ['dim'], [dim]);
  needDims('unbind', self);
  return dispatch('unbind', unbindForward, [self, wrapDim('unbind', d, self.ndim)]);
}
function scatterInto(grad, shape, part) {
  const out = allocateZeros(shape, grad.dtype);
  runCopy(grad, part(out));
  return out;
}
function accumulateInto(grad, shape, part) {
  const out = allocateZeros(shape, grad.dtype);
  const target = part(out);
  const src = grad.array;
  const dst = out.array;
  const to2 = offsets(target.shape, target.strides, target.offset);
  for (const from of offsets(grad.shape, grad.strides, grad.offset)) {
    const at3 = to2.next().value;
    writeElement(dst, out.dtype, at3, readElement(dst, at3) + readElement(src, from));
  }
  return out;
}
var selectBackwardForward = (grad, shape, dim, index2) =>
  scatterInto(grad, shape, (out) => selectForward(out, dim, index2));
function selectBackward(grad, shape, dim, index2) {
  return dispatch('selectBackward', selectBackwardForward, [grad, shape, dim, index2]);
}
var sliceBackwardForward = (grad, shape, dim, start, end, step) =>
  scatterInto(grad, shape, (out) => sliceForward(out, dim, start, end, step));
function sliceBackward(grad, shape, dim, start, end, step) {
  return dispatch('sliceBackward', sliceBackwardForward, [grad, shape, dim, start, end, step]);
}
var unfoldBackwardForward = (grad, shape, dim, size, step) =>
  accumulateInto(grad, shape, (out) => unfoldForward(out, dim, size, step));
function unfoldBackward(grad, shape, dim, size, step) {
  return dispatch('unfoldBackward', unfoldBackwardForward, [grad, shape, dim, size, step]);
}
var diagonalBackwardForward = (grad, shape, offset, dim1, dim2) =>
  scatterInto(grad, shape, (out) => diagonalForward(out, offset, dim1, dim2));
function diagonalBackward(grad, shape, offset, dim1, dim2) {
  return dispatch('diagonalBackward', diagonalBackwardForward, [grad, shape, offset, dim1, dim2]);
}
var asStridedBackwardForward = (grad, shape, strides, offset) =>
  accumulateInto(grad, shape, (out) => asStridedForward(out, grad.shape, strides, offset));
function asStridedBackward(grad, shape, strides, offset) {
  return dispatch('asStridedBackward', asStridedBackwardForward, [grad, shape, strides, offset]);
}

// packages/core/src/ops/conv.ts
function runConvForward(input, weight, bias, out, params) {
  if (!fastConvForward(input, weight, bias, out, params)) convForward(input, weight, bias, out, params);
}
function runConvBackwardInput(gradOutput, weight, bias, out, params) {
  if (!fastConvBackwardInput(gradOutput, weight, bias, out, params)) {
    convBackwardInput(gradOutput, weight, bias, out, params);
  }
}
function runConvBackwardWeight(gradOutput, input, out, params) {
  if (!fastConvBackwardWeight(gradOutput, input, out, params)) convBackwardWeight(gradOutput, input, out, params);
}
var convolutionForward = (input, weight, bias, params, transposed3, outputPadding) => {
  if (transposed3) {
    const out2 = allocate(transposedOutputShape(input.shape, weight.shape, params, outputPadding), input.dtype);
    runConvBackwardInput(input, weight, bias, out2, params);
    return out2;
  }
  const out = allocate(outputShape(input.shape, weight.shape, params), input.dtype);
  runConvForward(input, weight, bias, out, params);
  return out;
};
var convBackwardInputForward = (gradOutput, weight, inputShape, params) => {
  const out = allocate(inputShape, gradOutput.dtype);
  runConvBackwardInput(gradOutput, weight, null, out, params);
  return out;
};
var convBackwardWeightForward = (gradOutput, input, weightShape, params) => {
  const out = allocate(weightShape, gradOutput.dtype);
  runConvBackwardWeight(gradOutput, input, out, params);
  return out;
};
function outputShape(input, weight, params) {
  const out = [input[0], weight[0]];
  for (let d = 2; d < input.length; d++) {
    const i = d - 2;
    out.push(convOutputSize(input[d], weight[d], params.stride[i], params.padding[i], params.dilation[i]));
  }
  return out;
}
function transposedOutputShape(input, weight, params, outputPadding) {
  const out = [input[0], weight[1] * params.groups];
  for (let d = 2; d < input.length; d++) {
    const i = d - 2;
    const reach = params.dilation[i] * (weight[d] - 1);
    out.push((input[d] - 1) * params.stride[i] - 2 * params.padding[i] + reach + outputPadding[i] + 1);
  }
  return out;
}
function perChannel(sizes3) {
  return `(${(sizes3.length === 1 ? [1, sizes3[0]] : sizes3).join(' x ')})`;
}
function perDimension2(op2, name2, value, spatial) {
  const rule = `expected ${name2} to be a single integer value or a list of ${spatial} values to match the convolution dimensions`;
  return perDimension(op2, name2, value, spatial, rule);
}
function checkParams(op2, params, outputPadding) {
  const { stride, padding, dilation, groups } = params;
  if (padding.some((p) => p < 0))
    refuse(op2, `negative padding is not supported, but got ${formatShape(padding)}`, { padding });
  if (outputPadding.some((p) => p < 0)) {
    refuse(op2, `negative outputPadding is not supported, but got ${formatShape(outputPadding)}`, { outputPadding });
  }
  if (stride.some((s) => s <= 0))
    refuse(op2, `non-positive stride is not supported, but got ${formatShape(stride)}`, { stride });
  if (dilation.some((d) => d <= 0)) {
    refuse(op2, `dilation should be greater than zero, but got ${formatShape(dilation)}`, { dilation });
  }
  if (!Number.isInteger(groups) || groups <= 0) {
    refuse(op2, `non-positive groups is not supported, but got ${String(groups)}`, { groups });
  }
  if (outputPadding.some((p, i) => p >= stride[i] && p >= dilation[i])) {
    refuse(
      op2,
      `output padding must be smaller than either stride or dilation, but got outputPadding ${formatShape(outputPadding)}, stride ${formatShape(stride)} and dilation ${formatShape(dilation)}`,
      { outputPadding, stride, dilation },
    );
  }
}
function checkDTypes(op2, input, weight, bias) {
  const name2 = input.dtype !== weight.dtype ? 'weight' : 'bias';
  const other = name2 === 'weight' ? weight : bias;
  if (other !== null && other.dtype !== input.dtype) {
    throw new DTypeError(
      `Input type (${input.dtype}) and ${name2} type (${other.dtype}) should be the same; cast one with .to()`,
      { op: op2, operands: { input: input.dtype, [name2]: other.dtype } },
    );
  }
  if (input.dtype === 'bool') throw new DTypeError('is not implemented for bool; cast with .to() first', { op: op2 });
}
function checkWeight(op2, input, weight, groups, transposed3) {
  const fail4 = (rule) => {
    throw new ShapeError(rule, { op: op2, operands: { input, weight, groups } });
  };
  const shown = formatShape(weight);
  if (weight.length !== input.length) {
    fail4(
      `Expected ${weight.length}-dimensional input for ${weight.length}-dimensional weight ${shown}, but got ${input.length}-dimensional input of size ${formatShape(input)} instead`,
    );
  }
  for (let d = 2; d < weight.length; d++) {
    if (weight[d] === 0) fail4(`kernel size should be greater than zero, but got weight of size ${shown}`);
  }
  if (weight[0] < groups) {
    fail4(
      `Given groups=${groups}, expected weight to be at least ${groups} at dimension 0, but got weight of size ${shown} instead`,
    );
  }
  if (weight[0] % groups !== 0) {
    fail4(
      `Given groups=${groups}, expected weight to be divisible by ${groups} at dimension 0, but got weight of size ${shown} instead`,
    );
  }
  const channels = transposed3 ? weight[0] : weight[1] * groups;
  if (input[1] !== channels) {
    fail4(
      `Given ${transposed3 ? 'transposed=1' : `groups=${groups}`}, weight of size ${shown}, expected input${formatShape(input)} to have ${channels} channels, but got ${input[1]} channels instead`,
    );
  }
}
function checkBias(op2, bias, weight, elements2, transposed3) {
  if (bias === null || (bias.ndim === 1 && bias.shape[0] === elements2)) return;
  throw new ShapeError(
    `Given ${transposed3 ? 'transposed=1, ' : ''}weight of size ${formatShape(weight)}, expected bias to be 1-dimensional with ${elements2} elements, but got bias of size ${formatShape(bias.shape)} instead`,
    { op: op2, operands: { bias: bias.shape, weight } },
  );
}
function checkKernelFits(op2, input, weight, params) {
  const padded = [];
  const reach = [];
  for (let d = 2; d < input.length; d++) {
    padded.push(input[d] + 2 * params.padding[d - 2]);
    reach.push(params.dilation[d - 2] * (weight[d] - 1) + 1);
  }
  if (padded.some((size, i) => size < reach[i])) {
    throw new ShapeError(
      `Calculated padded input size per channel: ${perChannel(padded)}. Kernel size: ${perChannel(reach)}. Kernel size can't be greater than actual input size`,
      { op: op2, operands: { input, weight, ...params } },
    );
  }
  checkSpatialSizes(op2, input);
}
function checkSpatialSizes(op2, input) {
  for (let d = 2; d < input.length; d++) {
    if (input[d] > 0) continue;
    throw new ShapeError(
      `Only zero batch or zero channel inputs are supported, but got input shape: ${formatShape(input)}`,
      {
        op: op2,
        operands: { input },
      },
    );
  }
}
function checkTransposedSizes(op2, input, out) {
  checkSpatialSizes(op2, input);
  if (out.slice(2).every((size) => size > 0)) return;
  throw new ShapeError(
    `Given input size per channel: ${perChannel(input.slice(2))}. Calculated output size per channel: ${perChannel(out.slice(2))}. Output size is too small`,
    { op: op2, operands: { input, out } },
  );
}
function checkConvolution(op2, input, weight, bias, params, transposed3, outputPadding) {
  checkParams(op2, params, outputPadding);
  checkWeight(op2, input.shape, weight.shape, params.groups, transposed3);
  const outChannels = transposed3 ? weight.shape[1] * params.groups : weight.shape[0];
  checkBias(op2, bias, weight.shape, outChannels, transposed3);
  checkDTypes(op2, input, weight, bias);
  if (!transposed3) checkKernelFits(op2, input.shape, weight.shape, params);
  else {
    checkTransposedSizes(op2, input.shape, transposedOutputShape(input.shape, weight.shape, params, outputPadding));
  }
}
function convolution(input, weight, bias, params, transposed3, outputPadding) {
  const op2 = 'convolution';
  if (input.ndim !== 3 && input.ndim !== 4) {
    throw new ShapeError(`Expected 3D or 4D (batched) input, but got input of size: ${formatShape(input.shape)}`, {
      op: op2,
      operands: { input: input.shape },
    });
  }
  const spatial = input.ndim - 2;
  const complete = {
    stride: perDimension2(op2, 'stride', params.stride, spatial),
    padding: perDimension2(op2, 'padding', params.padding, spatial),
    dilation: perDimension2(op2, 'dilation', params.dilation, spatial),
    groups: params.groups,
  };
  const extra = transposed3 ? perDimension2(op2, 'outputPadding', outputPadding, spatial) : new Array(spatial).fill(0);
  checkConvolution(op2, input, weight, bias, complete, transposed3, extra);
  if (transposed3) return transpose4(input, weight, bias, complete, extra);
  return dispatch('convolution', convolutionForward, [input, weight, bias, complete, false, extra]);
}
function transpose4(input, weight, bias, params, outputPadding) {
  const { stride } = params;
  const rows2 = outputPadding.map((extra, i) => Math.floor(extra / stride[i]));
  const padded = rows2.every((n) => n === 0)
    ? input
    : pad(
        input,
        [...rows2].reverse().flatMap((n) => [0, n]),
      );
  const rest = outputPadding.map((extra, i) => extra % stride[i]);
  return dispatch('convolution', convolutionForward, [padded, weight, bias, params, true, rest]);
}
function checkGradShape(op2, gradOutput, other, input, weight, params) {
  checkParams(op2, params, []);
  checkWeight(op2, input, weight, params.groups, false);
  const expected = outputShape(input, weight, params);
  if (!sameShape(gradOutput.shape, expected)) {
    throw new ShapeError(
      `expected gradOutput of shape ${formatShape(expected)} for input ${formatShape(input)} and weight ${formatShape(weight)}, but got ${formatShape(gradOutput.shape)}`,
      { op: op2, operands: { gradOutput: gradOutput.shape, input, weight } },
    );
  }
  checkDTypes(op2, gradOutput, other, null);
}
function convBackwardInput3(gradOutput, weight, inputShape, params) {
  checkGradShape('convBackwardInput', gradOutput, weight, inputShape, weight.shape, params);
  return dispatch('convBackwardInput', convBackwardInputForward, [gradOutput, weight, inputShape, params]);
}
function convBackwardWeight3(gradOutput, input, weightShape, params) {
  checkGradShape('convBackwardWeight', gradOutput, input, input.shape, weightShape, params);
  return dispatch('convBackwardWeight', convBackwardWeightForward, [gradOutput, input, weightShape, params]);
}
var CONV_NAMES = ['weight', 'bias', 'stride', 'padding', 'dilation', 'groups'];
var CONV_TRANSPOSE_NAMES = ['weight', 'bias', 'stride', 'padding', 'outputPadding', 'groups', 'dilation'];
function isUnbatched(op2, input, spatial) {
  if (input.ndim === spatial + 2) return false;
  if (input.ndim === spatial + 1) return true;
  throw new ShapeError(
    `Expected ${spatial + 1}D (unbatched) or ${spatial + 2}D (batched) input to ${op2}, but got input of size: ` +
      formatShape(input.shape),
    { op: op2, operands: { input: input.shape } },
  );
}
function convNd(op2, spatial, input, args) {
  const [w, b = null, s = 1, p = 0, d = 1, groups = 1] = named(op2, CONV_NAMES, args);
  checkTensor(op2, 'input', input);
  const weight = checkTensor(op2, 'weight', w);
  const bias = tensorOrNull(op2, 'bias', b);
  const unbatched = isUnbatched(op2, input, spatial);
  let batched = unbatched ? unsqueeze(input, 0) : input;
  const stride = perDimension2(op2, 'stride', s, spatial);
  const dilation = perDimension2(op2, 'dilation', d, spatial);
  let padding;
  if (p === 'same') {
    const same2 = samePadding(op2, batched, weight, stride, dilation, groups);
    padding = same2.padding;
    checkConvolution(op2, batched, weight, bias, { stride, padding, dilation, groups }, false, []);
    if (same2.extra.some((n) => n > 0)) batched = pad(batched, same2.extra);
  } else {
    if (typeof p === 'string' && p !== 'valid') {
      refuse(op2, `Invalid padding string: '${p}'; known are 'same' and 'valid'`, { padding: p });
    }
    padding = perDimension2(op2, 'padding', p === 'valid' ? 0 : p, spatial);
    checkConvolution(op2, batched, weight, bias, { stride, padding, dilation, groups }, false, []);
  }
  const params = { stride, padding, dilation, groups };
  const none = new Array(spatial).fill(0);
  const out = dispatch('convolution', convolutionForward, [batched, weight, bias, params, false, none]);
  return unbatched ? squeeze(out, 0) : out;
}
function samePadding(op2, input, weight, stride, dilation, groups) {
  if (stride.some((s) => s !== 1)) {
    refuse(op2, `padding='same' is not supported for strided convolutions, but got stride ${formatShape(stride)}`, {
      stride,
    });
  }
  checkParams(op2, { stride, padding: [], dilation, groups }, []);
  checkWeight(op2, input.shape, weight.shape, groups, false);
  const padding = [];
  const extra = [];
  for (let i = 0; i < dilation.length; i++) {
    const total = dilation[i] * (weight.shape[2 + i] - 1);
    padding.push(Math.floor(total / 2));
    extra.unshift(0, total % 2);
  }
  return { padding, extra };
}
function convTransposeNd(op2, spatial, input, args) {
  const [w, b = null, s = 1, p = 0, e = 0, groups = 1, d = 1] = named(op2, CONV_TRANSPOSE_NAMES, args);
  checkTensor(op2, 'input', input);
  const weight = checkTensor(op2, 'weight', w);
  const bias = tensorOrNull(op2, 'bias', b);
  const unbatched = isUnbatched(op2, input, spatial);
  const batched = unbatched ? unsqueeze(input, 0) : input;
  const params = {
    stride: perDimension2(op2, 'stride', s, spatial),
    padding: perDimension2(op2, 'padding', p, spatial),
    dilation: perDimension2(op2, 'dilation', d, spatial),
    groups,
  };
  const extra = perDimension2(op2, 'outputPadding', e, spatial);
  checkConvolution(op2, batched, weight, bias, params, true, extra);
  const out = transpose4(batched, weight, bias, params, extra);
  return unbatched ? squeeze(out, 0) : out;
}
function conv1d(input, weight, bias, stride, padding, dilation, groups) {
  return convNd('conv1d', 1, input, [weight, bias, stride, padding, dilation, groups]);
}
function conv2d(input, weight, bias, stride, padding, dilation, groups) {
  return convNd('conv2d', 2, input, [weight, bias, stride, padding, dilation, groups]);
}
function convTranspose1d(input, weight, bias, stride, padding, outputPadding, groups, dilation) {
  const args = [weight, bias, stride, padding, outputPadding, groups, dilation];
  return convTransposeNd('convTranspose1d', 1, input, args);
}
function convTranspose2d(input, weight, bias, stride, padding, outputPadding, groups, dilation) {
  const args = [weight, bias, stride, padding, outputPadding, groups, dilation];
  return convTransposeNd('convTranspose2d', 2, input, args);
}

// packages/core/src/namedTuple.ts
function namedTuple(names, tensors) {
  for (let i = 0; i < names.length; i++) Object.defineProperty(tensors, names[i], { value: tensors[i] });
  return tensors;
}

// packages/core/src/ops/counting.ts
function numbers(self) {
  const flat2 = self.toTypedArray();
  return flat2 instanceof BigInt64Array ? Float64Array.from(flat2, Number) : flat2;
}
function largestClass(op2, self, classes) {
  if (self.dtype !== 'int32' && self.dtype !== 'int64' && self.dtype !== 'uint8') {
    throw new DTypeError(`expected integers, but got ${self.dtype}; cast with .to('int32') first`, {
      op: op2,
      operands: { self: self.dtype },
    });
  }
  let most = -1;
  for (let i = 0; i < classes.length; i++) {
    if (classes[i] < 0) throw new ValueError(`expected values of at least 0, but got ${classes[i]}`, { op: op2 });
    if (classes[i] > most) most = classes[i];
  }
  return most;
}
function refuseGrad(op2, self) {
  if (!modes.grad || !self.requiresGrad) return;
  throw new NotImplementedError('has no derivative; pass x.detach()', { op: op2 });
}
function oneHot(self, numClasses) {
  const [given = -1] = named('oneHot', ['numClasses'], [numClasses]);
  const classes = numbers(self);
  const most = largestClass('oneHot', self, classes);
  if (!Number.isInteger(given) || given < -1 || (given <= 0 && classes.length === 0)) {
    throw new ValueError(`cannot infer the number of classes of ${classes.length} indices from numClasses ${given}`, {
      op: 'oneHot',
      operands: { numClasses: given, self: self.shape },
    });
  }
  const count2 = given === -1 ? most + 1 : given;
  if (most >= count2) {
    throw new ValueError(`class values must be smaller than numClasses (${count2}), but got ${most}`, {
      op: 'oneHot',
      operands: { numClasses: count2 },
    });
  }
  const out = allocateZeros([...self.shape, count2], 'int32');
  const array = out.array;
  for (let i = 0; i < classes.length; i++) array[i * count2 + classes[i]] = 1;
  return out;
}
function bincount(self, weights, minlength) {
  const op2 = 'bincount';
  const [w, least = 0] = named(op2, ['weights', 'minlength'], [weights, minlength]);
  if (self.ndim !== 1) {
    throw new ShapeError(`only supports vectors, but got shape ${formatShape(self.shape)}`, {
      op: op2,
      operands: { self: self.shape },
    });
  }
  if (!Number.isInteger(least) || least < 0)
    throw new ValueError(`minlength should be >= 0, but got ${least}`, { op: op2 });
  const values = numbers(self);
  const size = Math.max(largestClass(op2, self, values) + 1, least);
  if (w === void 0 || w === null) {
    const counts = allocateZeros([size], 'int32');
    const array = counts.array;
    for (let i = 0; i < values.length; i++) array[values[i]]++;
    return counts;
  }
  if (w.ndim !== 1 || w.shape[0] !== values.length) {
    throw new ShapeError(
      `weights should be a vector of the length of self (${values.length}), but have shape ${formatShape(w.shape)}`,
      { op: op2, operands: { self: self.shape, weights: w.shape } },
    );
  }
  refuseGrad(op2, w);
  const terms = numbers(w);
  const sums = new Float64Array(size);
  for (let i = 0; i < values.length; i++) sums[values[i]] += terms[i];
  const out = allocate([size], w.dtype === 'float32' ? 'float32' : 'float64');
  out.array.set(sums);
  return out;
}

// packages/core/src/reference/move.ts
var BLOCK = 32;
function planesOf(shape, operands) {
  const merged = collapse(shape, operands);
  const n = merged.shape.length;
  const last = (strides, back) => (n >= back ? strides[n - back] : 0);
  return {
    outer: merged.shape.slice(0, Math.max(n - 2, 0)),
    strides: merged.strides,
    rows: n >= 2 ? merged.shape[n - 2] : 1,
    columns: n >= 1 ? merged.shape[n - 1] : 1,
    rowStrides: merged.strides.map((s) => last(s, 2)),
    columnStrides: merged.strides.map((s) => last(s, 1)),
  };
}
function eachPlane(planes2, offsets2, visit) {
  const { outer: outer2, strides } = planes2;
  const at3 = offsets2.slice();
  const index2 = new Array(outer2.length).fill(0);
  for (;;) {
    visit(at3);
    let d = outer2.length - 1;
    for (; d >= 0; d--) {
      for (let k = 0; k < at3.length; k++) at3[k] += strides[k][d];
      if (++index2[d] < outer2[d]) break;
      for (let k = 0; k < at3.length; k++) at3[k] -= strides[k][d] * outer2[d];
      index2[d] = 0;
    }
    if (d < 0) return;
  }
}
function move(shape, from, to2) {
  if (shape.includes(0)) return;
  const planes2 = planesOf(shape, [from.strides, to2.strides]);
  const { rows: rows2, columns } = planes2;
  const [xr, yr] = planes2.rowStrides;
  const [xc, yc] = planes2.columnStrides;
  const x = from.array;
  const y = to2.array;
  const offsets2 = [from.offset, to2.offset];
  if (xc === 1 && yc === 1 && columns >= BLOCK) {
    eachPlane(planes2, offsets2, ([p, q]) => {
      for (let r = 0; r < rows2; r++, p += xr, q += yr) y.set(x.subarray(p, p + columns), q);
    });
  } else if (x instanceof Float32Array && y instanceof Float32Array) {
    eachPlane(planes2, offsets2, (at3) => moveFloats(planes2, at3, x, y));
  } else {
    eachPlane(planes2, offsets2, (at3) => movePlane(planes2, at3, x, y));
  }
}
function moveFloats(planes2, at3, x, y) {
  const { rows: rows2, columns, rowStrides, columnStrides } = planes2;
  const [xr, yr] = rowStrides;
  const [xc, yc] = columnStrides;
  for (let r = 0; r < rows2; r++) {
    let p = at3[0] + r * xr;
    let q = at3[1] + r * yr;
    for (let c = 0; c < columns; c++, p += xc, q += yc) y[q] = x[p];
  }
}
function movePlane(planes2, at3, x, y) {
  const { rows: rows2, columns, rowStrides, columnStrides } = planes2;
  const [xr, yr] = rowStrides;
  const [xc, yc] = columnStrides;
  for (let r = 0; r < rows2; r++) {
    let p = at3[0] + r * xr;
    let q = at3[1] + r * yr;
    for (let c = 0; c < columns; c++, p += xc, q += yc) y[q] = x[p];
  }
}

// packages/core/src/reference/index.ts
function readIndices(op2, index2, size, dim, negative) {
  if (sizeOf(index2.shape) === 0) return { array: new Int32Array(0), strides: index2.shape.map(() => 0), offset: 0 };
  const shape = index2.shape.map((n, d) => (index2.strides[d] === 0 ? 1 : n));
  const own = contiguousStrides(shape).map((s, d) => (shape[d] === 1 ? 0 : s));
  const direct = index2.dtype === 'int32';
  const read2 = direct
    ? { array: index2.array, strides: index2.strides, offset: index2.offset }
    : { array: toInt32(index2, shape), strides: own, offset: 0 };
  const planes2 = planesOf(shape, [read2.strides]);
  const least = negative ? -size : 0;
  let signs = 0;
  let fits = true;
  eachPlane(planes2, [read2.offset], ([p]) => {
    const seen = fits ? signsWithin(planes2, p, read2.array, least, size) : null;
    if (seen === null) fits = false;
    else signs |= seen;
  });
  if (!fits) refuse2(op2, read2, shape, size, dim, least);
  if (signs >= 0) return read2;
  const wrapped = new Int32Array(sizeOf(shape));
  const both2 = planesOf(shape, [read2.strides, own]);
  eachPlane(both2, [read2.offset, 0], (at3) => wrapPlane(both2, at3, read2.array, size, wrapped));
  return { array: wrapped, strides: own, offset: 0 };
}
function toInt32(index2, shape) {
  const out = new Int32Array(sizeOf(shape));
  const planes2 = planesOf(shape, [index2.strides, contiguousStrides(shape)]);
  const { rows: rows2, columns, rowStrides, columnStrides } = planes2;
  eachPlane(planes2, [index2.offset, 0], ([p, q]) => {
    for (let r = 0; r < rows2; r++) {
      for (let c = 0; c < columns; c++) {
        const value = Number(index2.array[p + r * rowStrides[0] + c * columnStrides[0]]);
        out[q + r * rowStrides[1] + c * columnStrides[1]] = Math.min(Math.max(value, -2147483648), 2147483647);
      }
    }
  });
  return out;
}
function signsWithin(planes2, from, array, least, size) {
  const { rows: rows2, columns } = planes2;
  const [pr] = planes2.rowStrides;
  const [pc] = planes2.columnStrides;
  const values = array;
  let signs = 0;
  for (let r = 0; r < rows2; r++) {
    let p = from + r * pr;
    for (let c = 0; c < columns; c++, p += pc) {
      const value = values[p];
      if (value < least || value >= size) return null;
      signs |= value;
    }
  }
  return signs;
}
function wrapPlane(planes2, at3, from, size, to2) {
  const { rows: rows2, columns, rowStrides, columnStrides } = planes2;
  for (let r = 0; r < rows2; r++) {
    let p = at3[0] + r * rowStrides[0];
    let q = at3[1] + r * rowStrides[1];
    for (let c = 0; c < columns; c++, p += columnStrides[0], q += columnStrides[1]) {
      const value = from[p];
      to2[q] = value < 0 ? value + size : value;
    }
  }
}
function refuse2(op2, read2, shape, size, dim, least) {
  const planes2 = planesOf(shape, [read2.strides]);
  const { rows: rows2, columns, rowStrides, columnStrides } = planes2;
  eachPlane(planes2, [read2.offset], ([from]) => {
    for (let r = 0; r < rows2; r++) {
      for (let c = 0; c < columns; c++) {
        const index2 = read2.array[from + r * rowStrides[0] + c * columnStrides[0]];
        if (index2 < least || index2 >= size) {
          throw new IndexError(`index ${index2} is out of bounds for dimension ${dim} with size ${size}`, {
            op: op2,
            operands: { index: index2, dim, size },
          });
        }
      }
    }
  });
}
function combineIndices(parts, shape) {
  const size = sizeOf(shape);
  const farthest = parts.reduce((sum3, part) => sum3 + part.scale * (part.size - 1), 0);
  const array = farthest < 2147483647 ? new Int32Array(size) : new Float64Array(size);
  const strides = contiguousStrides(shape);
  if (size > 0) {
    for (const part of parts) {
      const planes2 = planesOf(shape, [part.strides, strides]);
      const { rows: rows2, columns, rowStrides, columnStrides } = planes2;
      const { array: values, scale: scale2 } = part;
      eachPlane(planes2, [part.offset, 0], ([from, to2]) => {
        for (let r = 0; r < rows2; r++) {
          let p = from + r * rowStrides[0];
          let q = to2 + r * rowStrides[1];
          for (let c = 0; c < columns; c++, p += columnStrides[0], q += columnStrides[1])
            array[q] += values[p] * scale2;
        }
      });
    }
  }
  return { array, strides, offset: 0 };
}
function take(self, places, out) {
  if (sizeOf(places.shape) === 0) return;
  const { index: index2, scale: scale2 } = places;
  const planes2 = planesOf(places.shape, [places.strides, index2.strides, contiguousStrides(places.shape)]);
  const offsets2 = [self.offset, index2.offset, out.offset];
  const x = self.array;
  const y = out.array;
  const [xc, ic, yc] = planes2.columnStrides;
  if (ic === 0 && xc === 1 && yc === 1 && planes2.columns >= BLOCK) {
    eachPlane(planes2, offsets2, (at3) => takeRows(planes2, at3, x, index2.array, scale2, y));
  } else if (x instanceof Float32Array && y instanceof Float32Array) {
    eachPlane(planes2, offsets2, (at3) => takeFloats(planes2, at3, x, index2.array, scale2, y));
  } else {
    eachPlane(planes2, offsets2, (at3) => takePlane(planes2, at3, x, index2.array, scale2, y));
  }
}
function takeRows(planes2, at3, x, index2, scale2, y) {
  const { rows: rows2, columns } = planes2;
  const [xr, ir, yr] = planes2.rowStrides;
  let [p, i, q] = at3;
  for (let r = 0; r < rows2; r++, p += xr, i += ir, q += yr) {
    const from = p + scale2 * index2[i];
    y.set(x.subarray(from, from + columns), q);
  }
}
function takeFloats(planes2, at3, x, index2, scale2, y) {
  const { rows: rows2, columns } = planes2;
  const [xr, ir, yr] = planes2.rowStrides;
  const [xc, ic, yc] = planes2.columnStrides;
  for (let r = 0; r < rows2; r++) {
    let p = at3[0] + r * xr;
    let i = at3[1] + r * ir;
    let q = at3[2] + r * yr;
    for (let c = 0; c < columns; c++, p += xc, i += ic, q += yc) y[q] = x[p + scale2 * index2[i]];
  }
}
function takePlane(planes2, at3, x, index2, scale2, y) {
  const { rows: rows2, columns } = planes2;
  const [xr, ir, yr] = planes2.rowStrides;
  const [xc, ic, yc] = planes2.columnStrides;
  for (let r = 0; r < rows2; r++) {
    let p = at3[0] + r * xr;
    let i = at3[1] + r * ir;
    let q = at3[2] + r * yr;
    for (let c = 0; c < columns; c++, p += xc, i += ic, q += yc) y[q] = x[p + scale2 * index2[i]];
  }
}
function put(self, places, src) {
  if (sizeOf(places.shape) === 0) return;
  const { index: index2, scale: scale2 } = places;
  const planes2 = planesOf(places.shape, [places.strides, index2.strides, src.strides]);
  const offsets2 = [self.offset, index2.offset, src.offset];
  const x = self.array;
  const y = src.array;
  const [xc, ic, yc] = planes2.columnStrides;
  if (ic === 0 && xc === 1 && yc === 1 && planes2.columns >= BLOCK) {
    eachPlane(planes2, offsets2, (at3) => putRows(planes2, at3, x, index2.array, scale2, y));
  } else {
    eachPlane(planes2, offsets2, (at3) => putPlane(planes2, at3, x, index2.array, scale2, y));
  }
}
function putRows(planes2, at3, x, index2, scale2, y) {
  const { rows: rows2, columns } = planes2;
  const [xr, ir, yr] = planes2.rowStrides;
  let [p, i, q] = at3;
  for (let r = 0; r < rows2; r++, p += xr, i += ir, q += yr) {
    x.set(y.subarray(q, q + columns), p + scale2 * index2[i]);
  }
}
function putPlane(planes2, at3, x, index2, scale2, y) {
  const { rows: rows2, columns } = planes2;
  const [xr, ir, yr] = planes2.rowStrides;
  const [xc, ic, yc] = planes2.columnStrides;
  for (let r = 0; r < rows2; r++) {
    let p = at3[0] + r * xr;
    let i = at3[1] + r * ir;
    let q = at3[2] + r * yr;
    for (let c = 0; c < columns; c++, p += xc, i += ic, q += yc) x[p + scale2 * index2[i]] = y[q];
  }
}
function add2(self, places, src, alpha) {
  const count2 = sizeOf(places.shape);
  if (count2 === 0) return;
  const size = sizeOf(self.shape);
  if (self.dtype === 'float32' && count2 >= size && isContiguous(self.shape, self.strides)) {
    const { shape, strides, offset } = self;
    const values = self.array.subarray(offset, offset + size);
    const sums = { array: Float64Array.from(values), shape, strides, offset: 0, dtype: 'float64' };
    addTo(sums, 'float64', places, src, alpha);
    values.set(sums.array);
  } else addTo(self, self.dtype, places, src, alpha);
}
function addTo(self, dtype, places, src, alpha) {
  const { index: index2, scale: scale2 } = places;
  const planes2 = planesOf(places.shape, [places.strides, index2.strides, src.strides]);
  const offsets2 = [self.offset, index2.offset, src.offset];
  const x = self.array;
  const y = src.array;
  if (x instanceof Float32Array && y instanceof Float32Array) {
    eachPlane(planes2, offsets2, (at3) => addFloats(planes2, at3, x, index2.array, scale2, y, alpha));
  } else if (x instanceof BigInt64Array) {
    const [ys, factor] = [y, BigInt(alpha)];
    eachElement(planes2, offsets2, index2.array, scale2, (p, q) => {
      x[p] += factor * ys[q];
    });
  } else if (dtype === 'bool') {
    eachElement(planes2, offsets2, index2.array, scale2, (p, q) => {
      if (y[q] !== 0 && alpha !== 0) x[p] = 1;
    });
  } else {
    eachPlane(planes2, offsets2, (at3) => addPlane(planes2, at3, x, index2.array, scale2, y, alpha));
  }
}
function addFloats(planes2, at3, x, index2, scale2, y, alpha) {
  const { rows: rows2, columns } = planes2;
  const [xr, ir, yr] = planes2.rowStrides;
  const [xc, ic, yc] = planes2.columnStrides;
  for (let r = 0; r < rows2; r++) {
    let p = at3[0] + r * xr;
    let i = at3[1] + r * ir;
    let q = at3[2] + r * yr;
    for (let c = 0; c < columns; c++, p += xc, i += ic, q += yc) x[p + scale2 * index2[i]] += alpha * y[q];
  }
}
function addPlane(planes2, at3, x, index2, scale2, y, alpha) {
  const { rows: rows2, columns } = planes2;
  const [xr, ir, yr] = planes2.rowStrides;
  const [xc, ic, yc] = planes2.columnStrides;
  for (let r = 0; r < rows2; r++) {
    let p = at3[0] + r * xr;
    let i = at3[1] + r * ir;
    let q = at3[2] + r * yr;
    for (let c = 0; c < columns; c++, p += xc, i += ic, q += yc) x[p + scale2 * index2[i]] += alpha * y[q];
  }
}
function eachElement(planes2, offsets2, index2, scale2, visit) {
  const { rows: rows2, columns } = planes2;
  const [xr, ir, yr] = planes2.rowStrides;
  const [xc, ic, yc] = planes2.columnStrides;
  eachPlane(planes2, offsets2, ([p, i, q]) => {
    for (let r = 0; r < rows2; r++) {
      for (let c = 0; c < columns; c++) {
        visit(p + r * xr + c * xc + scale2 * index2[i + r * ir + c * ic], q + r * yr + c * yc);
      }
    }
  });
}
function countNonzero(a) {
  if (sizeOf(a.shape) === 0) return 0;
  const planes2 = planesOf(a.shape, [a.strides]);
  const x = a.array;
  let count2 = 0;
  eachPlane(planes2, [a.offset], ([p]) => {
    count2 += x instanceof Uint8Array ? countBytes(planes2, p, x) : countOthers(planes2, p, x, zeroOf(a));
  });
  return count2;
}
function countBytes(planes2, from, x) {
  const { rows: rows2, columns } = planes2;
  const [xr] = planes2.rowStrides;
  const [xc] = planes2.columnStrides;
  let count2 = 0;
  for (let r = 0; r < rows2; r++) {
    let p = from + r * xr;
    for (let c = 0; c < columns; c++, p += xc) count2 += (x[p] + 255) >> 8;
  }
  return count2;
}
function countOthers(planes2, from, x, zero2) {
  const { rows: rows2, columns } = planes2;
  const [xr] = planes2.rowStrides;
  const [xc] = planes2.columnStrides;
  let count2 = 0;
  for (let r = 0; r < rows2; r++) {
    let p = from + r * xr;
    for (let c = 0; c < columns; c++, p += xc) if (x[p] !== zero2) count2++;
  }
  return count2;
}
function zeroOf(a) {
  return a.dtype === 'int64' ? 0n : 0;
}
function nonzero(a, count2, coordinates2) {
  const last = a.shape.length - 1;
  if (last < 0 || count2 === 0) return;
  const x = a.array;
  const zero2 = zeroOf(a);
  const index2 = new Array(last).fill(0);
  let found = 0;
  let p = a.offset;
  for (;;) {
    const before = found;
    const [n, step, tail] = [a.shape[last], a.strides[last], coordinates2[last]];
    found =
      x instanceof Uint8Array
        ? scanBytes(x, p, step, n, tail, before, count2)
        : scanOthers(x, p, step, n, tail, before, zero2);
    for (let d = 0; d < last; d++) {
      const { array, offset, step: by } = coordinates2[d];
      for (let k = before, q = offset + before * by; k < found; k++, q += by) array[q] = index2[d];
    }
    if (found === count2) return;
    for (let d = last - 1; d >= 0; d--) {
      p += a.strides[d];
      if (++index2[d] < a.shape[d]) break;
      p -= a.strides[d] * a.shape[d];
      index2[d] = 0;
    }
  }
}
function scanBytes(x, from, step, n, { array, offset, step: by }, k, end) {
  for (let c = 0, p = from; c < n; c++, p += step) {
    array[offset + k * by] = c;
    k += (x[p] + 255) >> 8;
    if (k === end) break;
  }
  return k;
}
function scanOthers(x, from, step, n, { array, offset, step: by }, k, zero2) {
  for (let c = 0, p = from; c < n; c++, p += step) if (x[p] !== zero2) array[offset + k++ * by] = c;
  return k;
}
function maskedSelect(a, mask, shape, out) {
  const end = out.offset + sizeOf(out.shape);
  let k = out.offset;
  if (k === end) return;
  const planes2 = planesOf(shape, [
    broadcastStrides(a.shape, a.strides, shape),
    broadcastStrides(mask.shape, mask.strides, shape),
  ]);
  const x = a.array;
  const y = out.array;
  const m = mask.array;
  eachPlane(planes2, [a.offset, mask.offset], (at3) => {
    if (k === end) return;
    k =
      x instanceof Float32Array && y instanceof Float32Array
        ? selectFloats(planes2, at3, x, m, y, k, end)
        : selectPlane(planes2, at3, x, m, y, k, end);
  });
}
function selectFloats(planes2, at3, x, m, y, k, end) {
  const { rows: rows2, columns } = planes2;
  const [xr, mr] = planes2.rowStrides;
  const [xc, mc] = planes2.columnStrides;
  for (let r = 0; r < rows2; r++) {
    let p = at3[0] + r * xr;
    let q = at3[1] + r * mr;
    for (let c = 0; c < columns; c++, p += xc, q += mc) {
      y[k] = x[p];
      k += (m[q] + 255) >> 8;
      if (k === end) return k;
    }
  }
  return k;
}
function selectPlane(planes2, at3, x, m, y, k, end) {
  const { rows: rows2, columns } = planes2;
  const [xr, mr] = planes2.rowStrides;
  const [xc, mc] = planes2.columnStrides;
  for (let r = 0; r < rows2; r++) {
    let p = at3[0] + r * xr;
    let q = at3[1] + r * mr;
    for (let c = 0; c < columns; c++, p += xc, q += mc) {
      y[k] = x[p];
      k += (m[q] + 255) >> 8;
      if (k === end) return k;
    }
  }
  return k;
}

// packages/core/src/ops/places.ts
function checkIndex(op2, index2) {
  if (isTensor(index2) && (index2.dtype === 'int32' || index2.dtype === 'int64')) return;
  const got = isTensor(index2) ? index2.dtype : show(index2);
  throw new DTypeError(`expected an int32 or int64 tensor for index, but got ${got}`, {
    op: op2,
    operands: { index: got },
  });
}
function checkSameDType2(op2, name2, self, other) {
  if (self.dtype === other.dtype) return;
  throw new DTypeError(
    `expected self and ${name2} to have the same dtype, but got ${self.dtype} and ${other.dtype}; cast with .to('${self.dtype}') first`,
    { op: op2, operands: { self: self.dtype, [name2]: other.dtype } },
  );
}
function checkNoOverlap(op2, self) {
  for (let d = 0; d < self.shape.length; d++) {
    if (self.shape[d] > 1 && self.strides[d] === 0) {
      throw new ValueError(
        'more than one element of the written-to tensor refers to a single memory location; clone() the tensor first',
        { op: op2, operands: { self: self.shape, strides: self.strides } },
      );
    }
  }
}
function checkAlongDim(op2, self, dim, index2, src) {
  checkIndex(op2, index2);
  if (sizeOf(index2.shape) === 0) return;
  const own = lift(self).shape;
  const at3 = lift(index2).shape;
  const from = src === null ? null : lift(src).shape;
  const operands = { self: self.shape, index: index2.shape, src: src?.shape, dim };
  if (at3.length !== own.length || (from !== null && from.length !== own.length)) {
    throw new ShapeError(
      `index must have the same number of dimensions as self${from === null ? '' : ' and src'}, but got ${at3.length} and ${own.length}${from === null ? '' : ` and ${from.length}`}`,
      { op: op2, operands },
    );
  }
  for (let d = 0; d < own.length; d++) {
    if ((d === dim || at3[d] <= own[d]) && (from === null || at3[d] <= from[d])) continue;
    throw new ShapeError(
      `expected index ${formatShape(at3)} to be no larger than self ${formatShape(own)} apart from dimension ${dim}` +
        (from === null ? '' : ` and no larger than src ${formatShape(from)}`),
      { op: op2, operands },
    );
  }
}
function checkVector(op2, index2) {
  checkIndex(op2, index2);
  if (index2.shape.length > 1) {
    throw new ShapeError(`index is supposed to be a vector, but has shape ${formatShape(index2.shape)}`, {
      op: op2,
      operands: { index: index2.shape },
    });
  }
}
function checkSlices(op2, self, dim, index2, source2) {
  checkVector(op2, index2);
  const own = lift(self).shape;
  const from = lift(source2).shape;
  const count2 = sizeOf(index2.shape);
  const operands = { self: self.shape, source: source2.shape, index: index2.shape, dim };
  if (from.length !== own.length || from.some((n, d) => d !== dim && n !== own[d])) {
    throw new ShapeError(
      `source of shape ${formatShape(source2.shape)} must match self of shape ${formatShape(self.shape)} apart from dimension ${dim}`,
      { op: op2, operands },
    );
  }
  if (from[dim] !== count2) {
    throw new ShapeError(
      `number of indices (${count2}) should be equal to the size of source (${from[dim]}) along dimension ${dim}`,
      { op: op2, operands },
    );
  }
}
function lift(t2) {
  if (t2.shape.length > 0) return t2;
  return { array: t2.array, shape: [1], strides: [1], offset: t2.offset, dtype: t2.dtype };
}
function copyOf(t2) {
  const out = allocate(t2.shape, t2.dtype);
  copy(t2, out);
  return out;
}
function separate(input, self) {
  return sameStorage(input.storage, self.storage) ? copyOf(input) : input;
}
function alongPlaces(op2, self, dim, index2) {
  const own = lift(self);
  const at3 = lift(index2);
  const empty2 = sizeOf(at3.shape) === 0;
  return {
    shape: at3.shape,
    strides: empty2 ? at3.shape : own.strides.map((s, d) => (d === dim ? 0 : s)),
    index: readIndices(op2, at3, own.shape[dim], dim, false),
    scale: own.strides[dim],
  };
}
function selectedShape(self, dim, count2) {
  return lift(self).shape.map((n, d) => (d === dim ? count2 : n));
}
function slicePlaces(op2, self, dim, index2) {
  const own = lift(self);
  const read2 = readIndices(op2, lift(index2), own.shape[dim], dim, false);
  return {
    shape: selectedShape(self, dim, sizeOf(index2.shape)),
    strides: own.strides.map((s, d) => (d === dim ? 0 : s)),
    index: { ...read2, strides: own.strides.map((_, d) => (d === dim ? read2.strides[0] : 0)) },
    scale: own.strides[dim],
  };
}
function indexLayout(op2, self, indices) {
  const tensors = indices.filter((index2) => index2 !== null);
  const common = [];
  for (const { shape } of tensors) {
    for (let back = 1; back <= shape.length; back++) {
      const n = shape[shape.length - back];
      if (back > common.length) common.unshift(n);
      else if (common[common.length - back] === 1) common[common.length - back] = n;
      else if (n !== 1 && n !== common[common.length - back]) {
        const shapes = tensors.map((t2) => formatShape(t2.shape)).join(', ');
        throw new IndexError(`shape mismatch: indexing tensors could not be broadcast together with shapes ${shapes}`, {
          op: op2,
          operands: { indices: tensors.map((t2) => t2.shape) },
        });
      }
    }
  }
  const indexed = indices.flatMap((index2, d) => (index2 === null ? [] : [d]));
  const free = indices.flatMap((index2, d) => (index2 === null ? [d] : []));
  const first = indexed[0] ?? 0;
  const adjacent = indexed.every((d, i) => d === first + i);
  const before = adjacent ? free.filter((d) => d < first) : [];
  const after = adjacent ? free.filter((d) => d >= first) : free;
  const sizes3 = (dims) => dims.map((d) => self.shape[d]);
  return { shape: [...sizes3(before), ...common, ...sizes3(after)], common, lead: before.length, before, after };
}
function indexPlaces(op2, self, indices, layout) {
  const { shape, common, lead, before, after } = layout;
  const parts = indices.flatMap((index3, d) => {
    if (index3 === null) return [];
    const read2 = readIndices(op2, index3, self.shape[d], d, true);
    return [
      {
        ...read2,
        strides: broadcastStrides(index3.shape, read2.strides, common),
        scale: self.strides[d],
        size: self.shape[d],
      },
    ];
  });
  const index2 = parts.length === 1 ? parts[0] : combineIndices(parts, common);
  const strides = new Array(shape.length).fill(0);
  before.forEach((d, i) => {
    strides[i] = self.strides[d];
  });
  after.forEach((d, i) => {
    strides[lead + common.length + i] = self.strides[d];
  });
  const indexStrides = new Array(shape.length).fill(0);
  index2.strides.forEach((s, i) => {
    indexStrides[lead + i] = s;
  });
  return {
    shape,
    strides,
    index: { array: index2.array, strides: indexStrides, offset: index2.offset },
    scale: parts.length === 1 ? parts[0].scale : 1,
  };
}

// packages/core/src/ops/index.ts
var gatherForward = (self, dim, index2) => {
  const out = allocate(index2.shape, self.dtype);
  take(self, alongPlaces('gather', self, dim, index2), out);
  return out;
};
function gather(self, dim, index2) {
  const d = wrapDim('gather', dim, self.ndim);
  checkAlongDim('gather', self, d, index2, null);
  return dispatch('gather', gatherForward, [self, d, index2]);
}
function takeAlongDim(self, indices, dim) {
  checkIndex('takeAlongDim', indices);
  const [given] = named('takeAlongDim', ['dim'], [dim]);
  if (given === void 0 || given === null) return gather(reshape(self, [-1]), 0, reshape(indices, [-1]));
  if (self.ndim !== indices.ndim) {
    throw new ShapeError(
      `self and indices should have the same number of dimensions, but got ${self.ndim} and ${indices.ndim}`,
      { op: 'takeAlongDim', operands: { self: self.shape, indices: indices.shape } },
    );
  }
  const d = wrapDim('takeAlongDim', given, self.ndim);
  const without = (shape) => shape.map((n, i) => (i === d ? 1 : n));
  const common = broadcastShapes('takeAlongDim', without(self.shape), without(indices.shape));
  const along = (t2) => {
    const shape = common.map((n, i) => (i === d ? t2.shape[d] : n));
    return t2.ndim === 0 ? t2 : expand(t2, shape);
  };
  return gather(along(self), d, along(indices));
}
function constant(value, self, places) {
  const array = newArray(self.dtype, 1);
  writeElement(array, self.dtype, 0, value);
  return { array, strides: places.shape.map(() => 0), offset: 0 };
}
function scatterInto2(op2, target, dim, index2, src) {
  const places = alongPlaces(op2, target, dim, index2);
  put(target, places, typeof src === 'number' ? constant(src, target, places) : lift(src));
}
var scatterForward = (self, dim, index2, src) => {
  const out = copyOf(self);
  scatterInto2('scatter', out, dim, index2, src);
  return out;
};
function scatterArguments(op2, self, dim, index2, src, options) {
  const [given, value, reduce2] = named(op2, ['src', 'value', 'reduce'], [src, void 0, options]);
  if (reduce2 !== void 0 && reduce2 !== null) {
    throw new NotImplementedError(`reduce '${reduce2}' is not offered; use scatterAdd, or gather and scatter`, {
      op: op2,
    });
  }
  const d = wrapDim(op2, dim, self.ndim);
  const from = operand2(op2, 'src', given ?? value);
  checkAlongDim(op2, self, d, index2, typeof from === 'number' ? null : from);
  if (typeof from !== 'number') checkSameDType2(op2, 'src', self, from);
  return [d, from];
}
function scatter(self, dim, index2, src, options) {
  const [d, from] = scatterArguments('scatter', self, dim, index2, src, options);
  return dispatch('scatter', scatterForward, [self, d, index2, from]);
}
function scatter_(self, dim, index2, src, options) {
  const [d, from] = scatterArguments('scatter_', self, dim, index2, src, options);
  checkNoOverlap('scatter_', self);
  return dispatchInPlace('scatter', [self, d, index2, from], self, () => {
    const at3 = separate(index2, self);
    scatterInto2('scatter_', self, d, at3, typeof from === 'number' ? from : separate(from, self));
  });
}
var scatterAddForward = (self, dim, index2, src) => {
  const out = copyOf(self);
  add2(out, alongPlaces('scatterAdd', out, dim, index2), lift(src), 1);
  return out;
};
function checkScatterAdd(op2, self, dim, index2, src) {
  const d = wrapDim(op2, dim, self.ndim);
  checkAlongDim(op2, self, d, index2, src);
  checkSameDType2(op2, 'src', self, src);
  return d;
}
function scatterAdd(self, dim, index2, src) {
  const d = checkScatterAdd('scatterAdd', self, dim, index2, src);
  return dispatch('scatterAdd', scatterAddForward, [self, d, index2, src]);
}
function scatterAdd_(self, dim, index2, src) {
  const d = checkScatterAdd('scatterAdd_', self, dim, index2, src);
  checkNoOverlap('scatterAdd_', self);
  return dispatchInPlace('scatterAdd', [self, d, index2, src], self, () => {
    const at3 = separate(index2, self);
    const from = separate(src, self);
    add2(self, alongPlaces('scatterAdd_', self, d, at3), lift(from), 1);
  });
}
function selectSlices(op2) {
  return (self, dim, index2) => {
    const count2 = sizeOf(index2.shape);
    if (self.shape.length === 0 && count2 !== 1) {
      throw new IndexError(`index to a 0-d tensor can have only 1 value, but got ${count2}`, {
        op: op2,
        operands: { index: index2.shape },
      });
    }
    const out = allocate(self.shape.length === 0 ? [] : selectedShape(self, dim, count2), self.dtype);
    take(self, slicePlaces(op2, self, dim, index2), out);
    return out;
  };
}
var indexSelectForward = selectSlices('indexSelect');
var embeddingForward = selectSlices('embedding');
function indexSelect(self, dim, index2) {
  const d = wrapDim('indexSelect', dim, self.ndim);
  checkVector('indexSelect', index2);
  return dispatch('indexSelect', indexSelectForward, [self, d, index2]);
}
function embedding(weight, indices, paddingIdx) {
  const [given] = named('embedding', ['paddingIdx'], [paddingIdx]);
  checkIndex('embedding', indices);
  if (weight.ndim !== 2) {
    throw new ShapeError(`weight must be 2-d, but has shape ${formatShape(weight.shape)}`, {
      op: 'embedding',
      operands: { weight: weight.shape },
    });
  }
  const rows2 = dispatch('indexSelect', embeddingForward, [weight, 0, reshape(indices, [-1])]);
  const out = view(rows2, [...indices.shape, weight.shape[1]]);
  if (given === void 0 || given === null) return out;
  const count2 = weight.shape[0];
  if (!Number.isInteger(given) || given < -count2 || given >= count2) {
    throw new IndexError(`paddingIdx must be within the ${count2} rows of weight, but got ${given}`, {
      op: 'embedding',
      operands: { paddingIdx: given, weight: weight.shape },
    });
  }
  if (!modes.grad || !weight.requiresGrad) return out;
  const padding = eq(indices, given < 0 ? given + count2 : given);
  return countNonzero(padding) === 0 ? out : where(unsqueeze(padding, -1), out.detach(), out);
}
var indexAddForward = (self, dim, index2, source2, alpha) => {
  const out = copyOf(self);
  add2(out, slicePlaces('indexAdd', out, dim, index2), lift(source2), alpha);
  return out;
};
function indexAddArguments(op2, self, dim, index2, source2, options) {
  const [alpha = 1] = named(op2, ['alpha'], [options]);
  const d = wrapDim(op2, dim, self.ndim);
  checkSlices(op2, self, d, index2, source2);
  checkSameDType2(op2, 'source', self, source2);
  if (!isFloating(self.dtype) && !Number.isInteger(alpha)) {
    throw new DTypeError(`for ${self.dtype} tensors alpha must be an integer, but got ${alpha}`, {
      op: op2,
      operands: { alpha },
    });
  }
  return [d, alpha];
}
function indexAdd(self, dim, index2, source2, options) {
  const [d, alpha] = indexAddArguments('indexAdd', self, dim, index2, source2, options);
  return dispatch('indexAdd', indexAddForward, [self, d, index2, source2, alpha]);
}
function indexAdd_(self, dim, index2, source2, options) {
  const [d, alpha] = indexAddArguments('indexAdd_', self, dim, index2, source2, options);
  checkNoOverlap('indexAdd_', self);
  return dispatchInPlace('indexAdd', [self, d, index2, source2, alpha], self, () => {
    const at3 = separate(index2, self);
    const from = separate(source2, self);
    add2(self, slicePlaces('indexAdd_', self, d, at3), lift(from), alpha);
  });
}
function expandIndex(op2, self, dim, index2, shape, negative) {
  const read2 = readIndices(op2, lift(index2), lift(self).shape[dim], dim, negative);
  const count2 = sizeOf(index2.shape);
  let checked = index2;
  if (read2.array !== index2.array) {
    checked = allocate([count2], 'int32');
    copy({ array: read2.array, shape: [count2], strides: read2.strides, offset: 0, dtype: 'int32' }, checked);
  }
  const column = shape.map((_, d) => (d === dim ? count2 : 1));
  return expand(view(checked, column), shape);
}
function indexCopy(self, dim, index2, source2) {
  return scatter(self, dim, copyIndex('indexCopy', self, dim, index2, source2), source2);
}
function indexCopy_(self, dim, index2, source2) {
  return scatter_(self, dim, copyIndex('indexCopy_', self, dim, index2, source2), source2);
}
function copyIndex(op2, self, dim, index2, source2) {
  const d = wrapDim(op2, dim, self.ndim);
  checkSlices(op2, self, d, index2, source2);
  checkSameDType2(op2, 'source', self, source2);
  return expandIndex(op2, self, d, index2, lift(source2).shape, false);
}
function indexFill(self, dim, index2, value) {
  const [at3, from] = fillArguments('indexFill', self, dim, index2, value);
  return scatter(self, dim, at3, from);
}
function indexFill_(self, dim, index2, value) {
  const [at3, from] = fillArguments('indexFill_', self, dim, index2, value);
  return scatter_(self, dim, at3, from);
}
function fillArguments(op2, self, dim, index2, value) {
  const d = wrapDim(op2, dim, self.ndim);
  checkVector(op2, index2);
  const from = operand2(op2, 'value', value);
  const shape = selectedShape(self, d, sizeOf(index2.shape));
  const at3 = expandIndex(op2, self, d, index2, shape, true);
  if (typeof from === 'number') return [at3, from];
  if (from.ndim > 0) {
    throw new ShapeError(`only takes a value of 0 dimensions, but got one of shape ${formatShape(from.shape)}`, {
      op: op2,
      operands: { value: from.shape },
    });
  }
  return [at3, expand(to(from, self.dtype), shape)];
}
function takeCoordinates(op2) {
  return (self, indices) => {
    const layout = indexLayout(op2, self, indices);
    const out = allocate(layout.shape, self.dtype);
    take(self, indexPlaces(op2, self, indices, layout), out);
    return out;
  };
}
var indexForward = takeCoordinates('index');
var takeForward = takeCoordinates('take');
function perDimension3(op2, self, indices) {
  const out = [];
  for (const index2 of indices) {
    if (index2 === null || index2 === void 0) out.push(null);
    else if (!isTensor(index2) || isFloating(index2.dtype) || index2.dtype === 'uint8') {
      throw new DTypeError(
        `tensors used as indices must be int32, int64 or bool, but got ${isTensor(index2) ? index2.dtype : typeof index2}`,
        { op: op2, operands: { index: index2 } },
      );
    } else if (index2.dtype === 'bool') {
      if (index2.ndim === 0) throw new IndexError('a mask must have dimensions; use at() for a 0-d one', { op: op2 });
      checkMaskShape(op2, self, index2, out.length);
      out.push(...coordinates(index2));
    } else out.push(index2);
  }
  if (out.length > self.ndim) {
    throw new IndexError(`too many indices for tensor of dimension ${self.ndim} (got ${out.length})`, {
      op: op2,
      operands: { self: self.shape, indices: out.length },
    });
  }
  while (out.length < self.ndim) out.push(null);
  return out;
}
function checkMaskShape(op2, self, mask, dim) {
  if (dim + mask.ndim > self.ndim) {
    throw new IndexError(`too many indices for tensor of dimension ${self.ndim} (got ${dim + mask.ndim})`, {
      op: op2,
      operands: { self: self.shape, mask: mask.shape, dim },
    });
  }
  for (let d = 0; d < mask.ndim; d++) {
    if (mask.shape[d] !== self.shape[dim + d]) {
      throw new IndexError(
        `the shape of the mask ${formatShape(mask.shape)} at index ${d} does not match the shape of the indexed tensor ${formatShape(self.shape)} at index ${dim + d}`,
        { op: op2, operands: { self: self.shape, mask: mask.shape, dim } },
      );
    }
  }
}
function index(self, indices) {
  return dispatch('index', indexForward, [self, perDimension3('index', self, indices)]);
}
function take2(self, index2) {
  checkIndex('take', index2);
  return dispatch('index', takeForward, [reshape(self, [-1]), [index2]]);
}
function putCoordinates(op2, target, indices, values, accumulate2) {
  const layout = indexLayout(op2, target, indices);
  const places = indexPlaces(op2, target, indices, layout);
  const strides = broadcastStrides(values.shape, values.strides, layout.shape);
  const from = { array: values.array, strides, offset: values.offset };
  if (accumulate2) add2(target, places, from, 1);
  else put(target, places, from);
}
var indexPutForward = (self, indices, values, accumulate2) => {
  const out = copyOf(self);
  putCoordinates('indexPut', out, indices, values, accumulate2);
  return out;
};
function indexPutArguments(op2, self, indices, values, accumulate2) {
  const [sum3 = false] = named(op2, ['accumulate'], [accumulate2]);
  const at3 = perDimension3(op2, self, indices);
  const v = operand2(op2, 'values', values);
  const from = typeof v === 'number' ? scalarTensor(v, self.dtype) : v;
  checkSameDType2(op2, 'values', self, from);
  const { shape } = indexLayout(op2, self, at3);
  const lead = shape.length - from.ndim;
  if (lead < 0 || from.shape.some((n, d) => n !== 1 && n !== shape[lead + d])) {
    throw new ShapeError(
      `shape mismatch: value tensor of shape ${formatShape(from.shape)} cannot be broadcast to indexing result of shape ` +
        formatShape(shape),
      { op: op2, operands: { values: from.shape, result: shape } },
    );
  }
  return [at3, from, sum3];
}
function indexPut(self, indices, values, accumulate2) {
  const [at3, from, sum3] = indexPutArguments('indexPut', self, indices, values, accumulate2);
  return dispatch('indexPut', indexPutForward, [self, at3, from, sum3]);
}
function indexPut_(self, indices, values, accumulate2) {
  const [at3, from, sum3] = indexPutArguments('indexPut_', self, indices, values, accumulate2);
  return dispatchInPlace('indexPut', [self, at3, from, sum3], self, () => {
    const apart = at3.map((entry2) => (entry2 === null ? null : separate(entry2, self)));
    putCoordinates('indexPut_', self, apart, separate(from, self), sum3);
  });
}
var maskedSelectForward = (self, mask) => {
  const shape = broadcastShapes('maskedSelect', self.shape, mask.shape);
  const size = sizeOf(shape);
  const count2 = size === 0 ? 0 : countNonzero(mask) * (size / sizeOf(mask.shape));
  const out = allocate([count2], self.dtype);
  maskedSelect(self, mask, shape, out);
  return out;
};
function maskedSelect2(self, mask) {
  if (mask.dtype !== 'bool') {
    throw new DTypeError(`expected the mask to be a bool tensor, but got ${mask.dtype}`, {
      op: 'maskedSelect',
      operands: { mask: mask.dtype },
    });
  }
  broadcastShapes('maskedSelect', self.shape, mask.shape);
  return dispatch('maskedSelect', maskedSelectForward, [self, mask]);
}
var nonzeroForward = (self) => {
  const ndim = self.shape.length;
  const count2 = countNonzero(self);
  const out = allocate([count2, ndim], 'int32');
  const array = out.array;
  const columns = self.shape.map((_, d) => ({ array, offset: d, step: ndim }));
  nonzero(self, count2, columns);
  return out;
};
function coordinates(self) {
  const count2 = countNonzero(self);
  const out = self.shape.map(() => allocate([count2], 'int32'));
  const columns = out.map((column) => ({ array: column.array, offset: 0, step: 1 }));
  nonzero(self, count2, columns);
  return out;
}
function nonzero2(self, options) {
  const [asTuple = false] = named('nonzero', ['asTuple'], [options]);
  if (asTuple) return coordinates(self.ndim === 0 ? unsqueeze(self, 0) : self);
  return dispatch('nonzero', nonzeroForward, [self]);
}

// packages/core/src/reference/join.ts
function cat(inputs, dim, out) {
  const step = out.strides[dim];
  let offset = out.offset;
  for (const input of inputs) {
    place(input, input.shape, out, out.strides, offset);
    offset += input.shape[dim] * step;
  }
}
function stack(inputs, dim, out) {
  const strides = out.strides.filter((_, d) => d !== dim);
  inputs.forEach((input, i) => {
    place(input, input.shape, out, strides, out.offset + i * out.strides[dim]);
  });
}
function place(input, shape, out, strides, offset) {
  if (input.dtype === out.dtype) move(shape, input, { array: out.array, strides, offset });
  else copy(input, { array: out.array, dtype: out.dtype, shape, strides, offset });
}
function flip(a, dims, out) {
  let offset = a.offset;
  const strides = a.strides.map((s, d) => {
    if (!dims.includes(d)) return s;
    offset += (a.shape[d] - 1) * s;
    return -s;
  });
  move(a.shape, { array: a.array, strides, offset }, out);
}
function roll(a, shifts, out) {
  rollParts(a, shifts, out, 0, a.shape, a.offset, out.offset);
}
function rollParts(a, shifts, out, d, shape, from, to2) {
  if (d === shape.length) {
    move(
      shape,
      { array: a.array, strides: a.strides, offset: from },
      { array: out.array, strides: out.strides, offset: to2 },
    );
    return;
  }
  const shift = shifts[d];
  const rest = shape[d] - shift;
  const part = (size) => shape.map((n, i) => (i === d ? size : n));
  rollParts(a, shifts, out, d + 1, part(rest), from, to2 + shift * out.strides[d]);
  if (shift > 0) rollParts(a, shifts, out, d + 1, part(shift), from + rest * a.strides[d], to2);
}
function repeat2(a, repeats, out) {
  const shape = [];
  const strides = [];
  const lead = repeats.length - a.shape.length;
  repeats.forEach((times, i) => {
    const d = i - lead;
    shape.push(times, d < 0 ? 1 : a.shape[d]);
    strides.push(0, d < 0 ? 0 : a.strides[d]);
  });
  const target = { array: out.array, strides: contiguousStrides(shape), offset: out.offset };
  move(shape, { array: a.array, strides, offset: a.offset }, target);
}
function triangle(a, diagonal2, lower, out) {
  const row = a.shape.length - 2;
  const batch = a.shape.slice(0, row);
  const columns = a.shape[row + 1];
  const zero2 = { array: newArray(out.dtype, 1), strides: new Array(row + 1).fill(0), offset: 0 };
  for (let r = 0; r < a.shape[row]; r++) {
    const edge = Math.min(Math.max(r + diagonal2 + (lower ? 1 : 0), 0), columns);
    const part = (t2, from) => ({
      array: t2.array,
      strides: [...t2.strides.slice(0, row), t2.strides[row + 1]],
      offset: t2.offset + r * t2.strides[row] + from * t2.strides[row + 1],
    });
    const keep2 = lower ? 0 : edge;
    const drop2 = lower ? edge : 0;
    const kept = lower ? edge : columns - edge;
    if (a !== out) move([...batch, kept], part(a, keep2), part(out, keep2));
    move([...batch, columns - kept], zero2, part(out, drop2));
  }
}

// packages/core/src/ops/join.ts
function checkTensors(op2, tensors) {
  if (!Array.isArray(tensors) || tensors.length === 0) {
    throw new ValueError('expects a non-empty list of tensors', { op: op2, operands: { tensors } });
  }
  tensors.forEach((t2, i) => {
    if (!isTensor(t2)) {
      throw new DTypeError(`expected tensors, but entry ${i} is ${t2 === null ? 'null' : typeof t2}`, { op: op2 });
    }
  });
}
function commonDType2(tensors) {
  const { dtype } = tensors[0];
  return tensors.every((t2) => t2.dtype === dtype) ? dtype : resultType(...tensors);
}
var catForward = (tensors, dim) => {
  const shape = [...tensors[0].shape];
  for (let i = 1; i < tensors.length; i++) shape[dim] += tensors[i].shape[dim];
  const out = allocate(shape, commonDType2(tensors));
  cat(tensors, dim, out);
  return out;
};
function cat2(tensors, dim) {
  return join('cat', tensors, dim);
}
function join(op2, tensors, dim) {
  const [given = 0] = named(op2, ['dim'], [dim]);
  checkTensors(op2, tensors);
  tensors.forEach((t2, i) => {
    if (t2.ndim === 0) {
      throw new ShapeError(`zero-dimensional tensor (at position ${i}) cannot be concatenated; use stack`, { op: op2 });
    }
  });
  const isLegacy = (t2) => t2.ndim === 1 && t2.shape[0] === 0;
  const first = tensors.find((t2) => !isLegacy(t2));
  if (first === void 0) return dispatch('cat', catForward, [tensors, 0]);
  const d = wrapDim(op2, given, first.ndim);
  const kept = first.ndim === 1 ? tensors : tensors.filter((t2) => !isLegacy(t2));
  for (const { shape } of kept) {
    if (shape.length === first.ndim && shape.every((n, k) => k === d || n === first.shape[k])) continue;
    const at3 = tensors.findIndex((t2) => t2.shape === shape);
    throw new ShapeError(
      `tensors must have the same number of dimensions and the same sizes except in dimension ${d}, but got ${formatShape(first.shape)} and ${formatShape(shape)} (tensor number ${at3} in the list)`,
      { op: op2, operands: { shapes: tensors.map((t2) => t2.shape), dim: d } },
    );
  }
  if (kept.length < tensors.length) {
    const dtype = commonDType2(tensors);
    if (commonDType2(kept) !== dtype) return dispatch('cat', catForward, [kept.map((t2) => to(t2, dtype)), d]);
  }
  return dispatch('cat', catForward, [kept, d]);
}
var stackForward = (tensors, dim) => {
  const shape = [...tensors[0].shape];
  shape.splice(dim, 0, tensors.length);
  const out = allocate(shape, commonDType2(tensors));
  stack(tensors, dim, out);
  return out;
};
function stack2(tensors, dim) {
  const [given = 0] = named('stack', ['dim'], [dim]);
  checkTensors('stack', tensors);
  const { shape } = tensors[0];
  const d = wrapDim('stack', given, shape.length + 1);
  tensors.forEach((t2, i) => {
    if (!sameShape(t2.shape, shape)) {
      throw new ShapeError(
        `expects each tensor to be equal size, but got ${formatShape(shape)} at entry 0 and ${formatShape(t2.shape)} at entry ${i}`,
        { op: 'stack', operands: { shapes: tensors.map((x) => x.shape) } },
      );
    }
  });
  return dispatch('stack', stackForward, [tensors, d]);
}
var flipForward = (self, dims) => {
  const out = allocate(self.shape, self.dtype);
  flip(self, dims, out);
  return out;
};
function flip2(self, ...dims) {
  const wrapped = dimsArgument('flip', dims).map((d) => wrapDim('flip', d, self.ndim));
  wrapped.forEach((d, i) => {
    if (wrapped.indexOf(d) !== i) {
      throw new ShapeError(`dim ${d} appears multiple times in the list of dims`, { op: 'flip', operands: { dims } });
    }
  });
  return dispatch('flip', flipForward, [self, self.ndim === 0 ? [] : wrapped]);
}
function dimsArgument(op2, args) {
  const [first] = args;
  if (args.length === 1 && typeof first === 'object' && !Array.isArray(first)) {
    return named(op2, ['dims'], [first])[0] ?? [];
  }
  return listArgument(args);
}
function fliplr(self) {
  if (self.ndim < 2)
    throw new ShapeError(`input must be >= 2-d, but has shape ${formatShape(self.shape)}`, { op: 'fliplr' });
  return flip2(self, 1);
}
function flipud(self) {
  if (self.ndim < 1) throw new ShapeError('input must be >= 1-d, but has shape []', { op: 'flipud' });
  return flip2(self, 0);
}
var rollForward = (self, shifts, dims) => {
  const total = new Array(self.ndim).fill(0);
  dims.forEach((d, i) => {
    const n = Math.max(self.shape[d], 1);
    total[d] = (((total[d] + shifts[i]) % n) + n) % n;
  });
  const out = allocate(self.shape, self.dtype);
  roll(self, total, out);
  return out;
};
function roll2(self, shifts, dims) {
  const [given] = named('roll', ['dims'], [dims]);
  const steps2 = typeof shifts === 'number' ? [shifts] : [...shifts];
  const along = given === void 0 || given === null ? [] : typeof given === 'number' ? [given] : [...given];
  if (steps2.length === 0 || steps2.some((n) => !Number.isInteger(n))) {
    throw new ValueError(`shifts must be integers, at least one, but got ${show(shifts)}`, { op: 'roll' });
  }
  if (along.length === 0 && steps2.length === 1) {
    return view(dispatch('roll', rollForward, [reshape(self, [-1]), steps2, [0]]), self.shape);
  }
  if (along.length !== steps2.length) {
    throw new ValueError(`shifts and dimensions must align, but got ${steps2.length} shifts and ${along.length} dims`, {
      op: 'roll',
      operands: { shifts, dims: given },
    });
  }
  if (self.ndim === 0) throw new IndexError('dimension specified but tensor has no dimensions', { op: 'roll' });
  const wrapped = along.map((d) => wrapDim('roll', d, self.ndim));
  return dispatch('roll', rollForward, [self, steps2, wrapped]);
}
var repeatForward = (self, repeats) => {
  const lead = repeats.length - self.ndim;
  const out = allocate(
    repeats.map((times, d) => times * (d < lead ? 1 : self.shape[d - lead])),
    self.dtype,
  );
  repeat2(self, repeats, out);
  return out;
};
function repeat3(self, ...repeats) {
  return repeatBy('repeat', self, listArgument(repeats));
}
function repeatBy(op2, self, repeats) {
  if (repeats.length < self.ndim || repeats.some((n) => !Number.isInteger(n) || n < 0)) {
    throw new ShapeError(
      `needs a number of at least 0 for each of the ${self.ndim} dimensions, but got ${formatShape(repeats)}`,
      { op: op2, operands: { self: self.shape, repeats } },
    );
  }
  return dispatch('repeat', repeatForward, [self, repeats]);
}
function tile(self, ...dims) {
  const list2 = listArgument(dims);
  const lead = new Array(Math.max(self.ndim - list2.length, 0)).fill(1);
  return repeatBy('tile', self, [...lead, ...list2]);
}
function repeatInterleave(self, repeats, dim, options) {
  const op2 = 'repeatInterleave';
  const [times, given, outputSize] = named(op2, ['repeats', 'dim', 'outputSize'], [repeats, dim, options]);
  if (times === void 0) return positions(op2, self, outputSize);
  const flat2 = given === void 0 || given === null || self.ndim === 0;
  const x = flat2 ? reshape(self, [-1]) : self;
  const d = flat2 ? 0 : wrapDim(op2, given, self.ndim);
  if (typeof times !== 'number') {
    const counts = sizeOf(times.shape) === 1 ? expand(reshape(times, [1]), [x.shape[d]]) : times;
    if (counts.ndim !== 1 || counts.shape[0] !== x.shape[d]) {
      throw new ShapeError(
        `repeats must have the same size as input along dim ${d}, but got ${formatShape(times.shape)} and ` +
          formatShape(x.shape),
        { op: op2, operands: { self: x.shape, repeats: times.shape, dim: d } },
      );
    }
    return indexSelect(x, d, positions(op2, counts, outputSize));
  }
  if (!Number.isInteger(times) || times < 0) {
    throw new ValueError(`repeats must be an integer of at least 0, but got ${times}`, { op: op2 });
  }
  checkOutputSize(op2, times * x.shape[d], outputSize);
  const stretched = expand(unsqueeze(x, d + 1), [...x.shape.slice(0, d + 1), times, ...x.shape.slice(d + 1)]);
  return flatten2(clone(stretched), d, d + 1);
}
function checkOutputSize(op2, size, outputSize) {
  if (outputSize === void 0 || outputSize === null || outputSize === size) return;
  throw new ValueError(`outputSize is ${outputSize}, but the result has size ${size}`, { op: op2 });
}
function positions(op2, repeats, outputSize) {
  if ((repeats.dtype !== 'int32' && repeats.dtype !== 'int64') || repeats.ndim !== 1) {
    throw new DTypeError(
      `repeats must be a vector of int32 or int64, but got ${repeats.dtype} of ${formatShape(repeats.shape)}`,
      {
        op: op2,
        operands: { repeats: repeats.shape, dtype: repeats.dtype },
      },
    );
  }
  const counts = Array.from(repeats.toTypedArray(), Number);
  const negative = counts.find((n) => n < 0);
  if (negative !== void 0) throw new ValueError(`repeats can not be negative, but got ${negative}`, { op: op2 });
  const size = counts.reduce((a, b) => a + b, 0);
  checkOutputSize(op2, size, outputSize);
  const out = allocate([size], 'int32');
  const array = out.array;
  let at3 = 0;
  counts.forEach((n, i) => {
    array.fill(i, at3, at3 + n);
    at3 += n;
  });
  return out;
}
var trilForward = (self, diagonal2) => triangle2(self, diagonal2, true);
var triuForward = (self, diagonal2) => triangle2(self, diagonal2, false);
function triangle2(self, diagonal2, lower) {
  const out = allocate(self.shape, self.dtype);
  triangle(self, diagonal2, lower, out);
  return out;
}
function diagonalArgument(op2, self, given) {
  const [k = 0] = named(op2, ['diagonal'], [given]);
  if (self.ndim < 2) {
    throw new ShapeError(`expects at least 2 dimensions, but got shape ${formatShape(self.shape)}`, {
      op: op2,
      operands: { self: self.shape },
    });
  }
  checkInteger(op2, 'diagonal', k);
  return k;
}
function checkInteger(op2, name2, value) {
  if (!Number.isInteger(value))
    throw new ValueError(`${name2} must be an integer, but got ${String(value)}`, { op: op2 });
}
function tril(self, diagonal2) {
  return dispatch('tril', trilForward, [self, diagonalArgument('tril', self, diagonal2)]);
}
function triu(self, diagonal2) {
  return dispatch('triu', triuForward, [self, diagonalArgument('triu', self, diagonal2)]);
}
function tril_(self, diagonal2) {
  const k = diagonalArgument('tril_', self, diagonal2);
  checkNoOverlap('tril_', self);
  return dispatchInPlace('tril', [self, k], self, () => triangle(self, k, true, self));
}
function triu_(self, diagonal2) {
  const k = diagonalArgument('triu_', self, diagonal2);
  checkNoOverlap('triu_', self);
  return dispatchInPlace('triu', [self, k], self, () => triangle(self, k, false, self));
}
function diag(self, given) {
  const [k = 0] = named('diag', ['diagonal'], [given]);
  checkInteger('diag', 'diagonal', k);
  if (self.ndim === 1) return diagEmbed(self, k);
  if (self.ndim === 2) return clone(diagonal(self, k));
  throw new ShapeError(`expects a matrix or a vector, but got shape ${formatShape(self.shape)}`, {
    op: 'diag',
    operands: { self: self.shape },
  });
}
function diagEmbed(self, offset, dim1, dim2) {
  const [k = 0, a = -2, b = -1] = named('diagEmbed', ['offset', 'dim1', 'dim2'], [offset, dim1, dim2]);
  checkInteger('diagEmbed', 'offset', k);
  if (self.ndim === 0) throw new ShapeError('expects at least one dimension, but got shape []', { op: 'diagEmbed' });
  const d1 = wrapDim('diagEmbed', a, self.ndim + 1);
  const d2 = wrapDim('diagEmbed', b, self.ndim + 1);
  if (d1 === d2)
    throw new ValueError(`diagonal dimensions cannot be identical, but got ${a} and ${b}`, { op: 'diagEmbed' });
  const n = self.shape[self.ndim - 1] + Math.abs(k);
  const shape = self.shape.slice(0, -1);
  shape.splice(Math.min(d1, d2), 0, n);
  shape.splice(Math.max(d1, d2), 0, n);
  return diagonalBackward(self, shape, k, d1, d2);
}

// packages/core/src/reference/loss.ts
function sizes(shape) {
  return [shape[0], shape[1], sizeOf(shape.slice(2))];
}
function strayTarget(target, classes, ignoreIndex) {
  const { array, offset } = dense(target);
  const end = offset + sizeOf(target.shape);
  for (let i = offset; i < end; i++) {
    const t2 = array[i];
    if ((t2 < 0 || t2 >= classes) && t2 !== ignoreIndex) return t2;
  }
  return null;
}
function nll(input, target, weight, reduction, ignoreIndex, loss, totalWeight) {
  const [batch, classes, positions2] = sizes(input.shape);
  const x = dense(input);
  const t2 = dense(target);
  const w = weight === null ? null : doubles(weight);
  const out = loss.array;
  let total = 0;
  let counted = 0;
  let lost = 0;
  for (let n = 0, i = 0; n < batch; n++) {
    const image = x.offset + n * classes * positions2;
    for (let s = 0; s < positions2; s++, i++) {
      const at3 = t2.array[t2.offset + i];
      let term = 0;
      if (at3 !== ignoreIndex) {
        const scale2 = w === null ? 1 : w[at3];
        term = -scale2 * x.array[image + at3 * positions2 + s];
        counted += scale2;
        const next = total + term;
        if (Number.isFinite(next))
          lost += Math.abs(total) >= Math.abs(term) ? total - next + term : term - next + total;
        total = next;
      }
      if (reduction === 'none') out[loss.offset + i] = term;
    }
  }
  const sum3 = total + lost;
  if (reduction !== 'none') out[loss.offset] = reduction === 'mean' ? sum3 / counted : sum3;
  totalWeight.array[totalWeight.offset] = reduction === 'none' ? 0 : counted;
}
function nllBackward(grad, target, weight, reduction, ignoreIndex, totalWeight, out) {
  const [batch, classes, positions2] = sizes(out.shape);
  const g = doubles(grad);
  const t2 = dense(target);
  const w = weight === null ? null : doubles(weight);
  const dx = out.array;
  dx.fill(0, out.offset, out.offset + batch * classes * positions2);
  const divisor = reduction === 'mean' ? totalWeight : 1;
  for (let n = 0, i = 0; n < batch; n++) {
    const image = out.offset + n * classes * positions2;
    for (let s = 0; s < positions2; s++, i++) {
      const at3 = t2.array[t2.offset + i];
      if (at3 === ignoreIndex) continue;
      const scale2 = w === null ? 1 : w[at3];
      dx[image + at3 * positions2 + s] = (-scale2 * (reduction === 'none' ? g[i] : g[0])) / divisor;
    }
  }
}
function mse(input, target, reduction, out) {
  const size = sizeOf(input.shape);
  const x = dense(input);
  const y = dense(target);
  const written = denseOutput(out);
  if (reduction === 'none') {
    for (let i = 0; i < size; i++) {
      const d = x.array[x.offset + i] - y.array[y.offset + i];
      written.array[written.offset + i] = d * d;
    }
  } else {
    const sum3 = sumSquares(x.array, x.offset, y.array, y.offset, size);
    written.array[written.offset] = reduction === 'mean' ? sum3 / size : sum3;
  }
  finish(written, out);
}
function sumSquares(x, xo, y, yo, n) {
  if (n > 256) {
    const half = n >> 1;
    return sumSquares(x, xo, y, yo, half) + sumSquares(x, xo + half, y, yo + half, n - half);
  }
  let sum3 = 0;
  for (let i = 0; i < n; i++) {
    const d = x[xo + i] - y[yo + i];
    sum3 += d * d;
  }
  return sum3;
}
function range(a) {
  const { array, offset } = dense(a);
  const end = offset + sizeOf(a.shape);
  let min2 = Infinity;
  let max2 = -Infinity;
  for (let i = offset; i < end; i++) {
    const value = array[i];
    if (Number.isNaN(value)) return [NaN, NaN];
    if (value < min2) min2 = value;
    if (value > max2) max2 = value;
  }
  return [min2, max2];
}

// packages/core/src/ops/arguments.ts
function flag(op2, name2, value) {
  if (value === void 0 || value === null) return false;
  if (typeof value === 'boolean') return value;
  const hint = typeof value === 'number' ? '; give several dims as a list' : '';
  throw new ValueError(`${name2} must be a boolean, but got ${show(value)}${hint}`, {
    op: op2,
    operands: { [name2]: value },
  });
}
function dimsOf(op2, self, dim) {
  if (dim !== void 0 && dim !== null && typeof dim !== 'number' && !Array.isArray(dim)) {
    throw new ValueError(`dim must be a number, a list of numbers or null, but got ${show(dim)}`, {
      op: op2,
      operands: { dim },
    });
  }
  return wrapDims(op2, dim, self.shape.length);
}
function oneDim(op2, self, dim) {
  if (typeof dim !== 'number') {
    throw new ValueError(`dim must be a number, but got ${show(dim)}`, {
      op: op2,
      operands: { dim },
    });
  }
  return wrapDim(op2, dim, self.shape.length);
}
function reduceArguments(op2, self, dim, keepdim) {
  if (dim === void 0 && keepdim === void 0) return [dimsOf(op2, self, null), false];
  const [d, k] = named(op2, ['dim', 'keepdim'], [dim, keepdim]);
  return [dimsOf(op2, self, d), flag(op2, 'keepdim', k)];
}
function requireFloat(op2, dtype) {
  if (isFloating(dtype)) return;
  throw new DTypeError(`is only defined for floating dtypes, but got ${dtype}; cast with .to('float32') first`, {
    op: op2,
    operands: { dtype },
  });
}
function refuseBool(op2, dtype) {
  if (dtype !== 'bool') return;
  throw new DTypeError("is not defined for bool tensors; cast with .to('uint8') first", {
    op: op2,
    operands: { dtype },
  });
}
function requireElements(op2, self, dims) {
  if (sizeOf(self.shape) > 0) return;
  if (dims.length === self.shape.length) {
    throw new IndexError(
      `expected reduction dim to be specified for an empty tensor of shape ${formatShape(self.shape)}; the operation does not have an identity`,
      { op: op2, operands: { self: self.shape } },
    );
  }
  for (const dim of dims) {
    if (self.shape[dim] === 0) {
      throw new IndexError(
        `expected reduction dim ${dim} to have non-zero size, but got shape ${formatShape(self.shape)}; the operation does not have an identity`,
        { op: op2, operands: { self: self.shape, dim } },
      );
    }
  }
}
function sumDType(dtype) {
  return isFloating(dtype) || dtype === 'int64' ? dtype : 'int32';
}
function cast(op2, self, dtype) {
  if (dtype === void 0 || dtype === null) return self;
  return to(self, checkDType(op2, dtype));
}
function lineArguments(op2, self, dim, options) {
  const [d, dtype] = named(op2, ['dim', 'dtype'], [dim, options]);
  return [oneDim(op2, self, d), dtype];
}
function lengthOf(self, dim) {
  return self.shape.length === 0 ? 1 : self.shape[dim];
}

// packages/core/src/reference/reduce.ts
function planOf(a, dims) {
  const { shape, strides } = a;
  if (dims.length === shape.length && isContiguous(shape, strides)) {
    const count2 = sizeOf(shape);
    return { kept: [], keptStrides: [], reduced: [count2], reducedStrides: [1], count: count2 };
  }
  const kept = [];
  for (let d = 0; d < shape.length; d++) if (!dims.includes(d)) kept.push(d);
  const reduced3 = [...dims].sort((i, j) => strides[j] - strides[i]);
  const pick = (from, which) => which.map((d) => from[d]);
  const outside = collapse(pick(shape, kept), [pick(strides, kept)]);
  const inside = collapse(pick(shape, reduced3), [pick(strides, reduced3)]);
  return {
    kept: outside.shape,
    keptStrides: outside.strides[0],
    reduced: inside.shape,
    reducedStrides: inside.strides[0],
    count: sizeOf(inside.shape),
  };
}
function widened(a) {
  if (isFloating(a.dtype)) return a;
  const { shape } = a;
  const array = new Float64Array(sizeOf(shape));
  const wide = { array, shape, strides: contiguousStrides(shape), offset: 0, dtype: 'float64' };
  copy(a, wide);
  return wide;
}
function packed(a) {
  if (isContiguous(a.shape, a.strides)) return a;
  const array = new a.array.constructor(sizeOf(a.shape));
  const dense3 = { array, shape: a.shape, strides: contiguousStrides(a.shape), offset: 0, dtype: a.dtype };
  copy(a, dense3);
  return dense3;
}
function eachOutput(plan, offset, visit) {
  const inner = plan.kept.length - 1;
  if (inner < 0) {
    visit(offset, 0);
    return;
  }
  const n = plan.kept[inner];
  const step = plan.keptStrides[inner];
  let output = 0;
  walkOuter(plan.kept, [plan.keptStrides], [offset], (start) => {
    let at3 = start[0];
    for (let i = 0; i < n; i++, at3 += step) visit(at3, output++);
  });
}
function foldOutput(plan, x, at3, fold, start) {
  const inner = plan.reduced.length - 1;
  if (inner < 0) return fold(start, x, at3, 1, 0);
  const n = plan.reduced[inner];
  const step = plan.reducedStrides[inner];
  if (inner === 0) return fold(start, x, at3, n, step);
  let acc = start;
  walkOuter(plan.reduced, [plan.reducedStrides], [at3], (run2) => {
    acc = fold(acc, x, run2[0], n, step);
  });
  return acc;
}
function reduceEach(a, dims, out, empty2, compute) {
  if (sizeOf(out.shape) === 0) return;
  const plan = planOf(a, dims);
  if (plan.count === 0) {
    fill(out, empty2);
    return;
  }
  const x = a.array;
  const dst = out.array;
  eachOutput(plan, a.offset, (at3, o) => writeElement(dst, out.dtype, out.offset + o, compute(plan, x, at3)));
}
var BLOCK2 = 256;
function sumRun(x, at3, n, step) {
  if (n > BLOCK2) {
    const half = (n >>> 1) & ~3;
    return sumRun(x, at3, half, step) + sumRun(x, at3 + half * step, n - half, step);
  }
  let s0 = 0;
  let i = 0;
  if (n >= 8) {
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    const step4 = 4 * step;
    for (; i <= n - 4; i += 4, at3 += step4) {
      s0 += x[at3];
      s1 += x[at3 + step];
      s2 += x[at3 + 2 * step];
      s3 += x[at3 + 3 * step];
    }
    s0 += s1 + (s2 + s3);
  }
  for (; i < n; i++, at3 += step) s0 += x[at3];
  return s0;
}
function sumOutput(plan, x, at3) {
  const inner = plan.reduced.length - 1;
  if (inner < 0) return x[at3] + 0;
  const n = plan.reduced[inner];
  const step = plan.reducedStrides[inner];
  if (inner === 0) return sumRun(x, at3, n, step);
  let sum3 = 0;
  let lost = 0;
  walkOuter(plan.reduced, [plan.reducedStrides], [at3], (run2) => {
    const term = sumRun(x, run2[0], n, step);
    const next = sum3 + term;
    lost += Math.abs(sum3) >= Math.abs(term) ? sum3 - next + term : term - next + sum3;
    sum3 = next;
  });
  return Number.isFinite(sum3) ? sum3 + lost : sum3;
}
var COLUMNS3 = 1024;
function sumColumns(x, at3, n, step, m, acc) {
  if (n > BLOCK2) {
    const half = n >>> 1;
    const other = new Float64Array(m);
    sumColumns(x, at3, half, step, m, acc);
    sumColumns(x, at3 + half * step, n - half, step, m, other);
    for (let j = 0; j < m; j++) acc[j] += other[j];
    return;
  }
  for (let j = 0; j < m; j++) acc[j] = 0;
  for (let i = 0; i < n; i++, at3 += step) for (let j = 0; j < m; j++) acc[j] += x[at3 + j];
}
function isColumnwise(plan) {
  const inner = plan.kept.length - 1;
  return inner >= 0 && plan.reduced.length === 1 && plan.keptStrides[inner] === 1 && plan.kept[inner] >= 4;
}
function sumColumnwise(plan, x, offset, out, divisor) {
  const [n] = plan.reduced;
  const [step] = plan.reducedStrides;
  const width = plan.kept[plan.kept.length - 1];
  const acc = new Float64Array(Math.min(width, COLUMNS3));
  const dst = out.array;
  let to2 = out.offset;
  walkOuter(plan.kept, [plan.keptStrides], [offset], (start) => {
    for (let j = 0; j < width; j += COLUMNS3) {
      const m = Math.min(COLUMNS3, width - j);
      sumColumns(x, start[0] + j, n, step, m, acc);
      for (let k = 0; k < m; k++) writeElement(dst, out.dtype, to2++, divisor === 1 ? acc[k] : acc[k] / divisor);
    }
  });
}
function sum(a, dims, out, mean2 = false) {
  if (sizeOf(out.shape) === 0) return;
  if (a.dtype === 'int64' && out.dtype === 'int64') {
    reduceBig(a, dims, out, 0n, (x2, y) => x2 + y);
    return;
  }
  const wide = widened(a);
  const plan = planOf(wide, dims);
  if (plan.count === 0) {
    fill(out, mean2 ? Number.NaN : 0);
    return;
  }
  const x = wide.array;
  const divisor = mean2 ? plan.count : 1;
  if (isColumnwise(plan)) {
    sumColumnwise(plan, x, wide.offset, out, divisor);
    return;
  }
  const dst = out.array;
  eachOutput(plan, wide.offset, (at3, o) =>
    writeElement(dst, out.dtype, out.offset + o, sumOutput(plan, x, at3) / divisor),
  );
}
function squaresRun(x, at3, n, step, center) {
  if (n > BLOCK2) {
    const half = n >>> 1;
    return squaresRun(x, at3, half, step, center) + squaresRun(x, at3 + half * step, n - half, step, center);
  }
  let s0 = 0;
  let s1 = 0;
  let i = 0;
  for (; i <= n - 2; i += 2, at3 += 2 * step) {
    const d0 = x[at3] - center;
    const d1 = x[at3 + step] - center;
    s0 += d0 * d0;
    s1 += d1 * d1;
  }
  if (i < n) {
    const d = x[at3] - center;
    s0 += d * d;
  }
  return s0 + s1;
}
function variance(a, dims, correction, root, out) {
  reduceEach(a, dims, out, Number.NaN, (plan, x, at3) => {
    const mean2 = sumOutput(plan, x, at3) / plan.count;
    const squares = foldOutput(plan, x, at3, (acc, xs, p, n, step) => acc + squaresRun(xs, p, n, step, mean2), 0);
    const value = squares / Math.max(0, plan.count - correction);
    return root ? Math.sqrt(value) : value;
  });
}
function prod(a, dims, out) {
  if (a.dtype === 'int64') {
    reduceBig(a, dims, out, 1n, (x, y) => x * y);
    return;
  }
  const fold = isFloating(a.dtype) ? prodRun : prodInteger;
  reduceEach(widened(a), dims, out, 1, (plan, x, at3) => foldOutput(plan, x, at3, fold, 1));
}
var prodRun = (acc, x, at3, n, step) => {
  for (let i = 0; i < n; i++, at3 += step) acc *= x[at3];
  return acc;
};
var prodInteger = (acc, x, at3, n, step) => {
  for (let i = 0; i < n; i++, at3 += step) acc = Math.imul(acc, x[at3]);
  return acc;
};
function reduceBig(a, dims, out, start, fn) {
  const dst = out.array;
  if (sizeOf(a.shape) === 0) {
    dst.fill(start, out.offset, out.offset + sizeOf(out.shape));
    return;
  }
  const plan = planOf(a, dims);
  const x = a.array;
  eachOutput(plan, a.offset, (at3, o) => {
    let acc = start;
    const fold = (_, __, p, n, step) => {
      for (let i = 0; i < n; i++, p += step) acc = BigInt.asIntN(64, fn(acc, x[p]));
      return 0;
    };
    foldOutput(plan, x, at3, fold, 0);
    dst[out.offset + o] = acc;
  });
}
var absRun = (acc, x, at3, n, step) => {
  for (let i = 0; i < n; i++, at3 += step) acc += Math.abs(x[at3]);
  return acc;
};
var nonzeroRun = (acc, x, at3, n, step) => {
  for (let i = 0; i < n; i++, at3 += step) if (x[at3] !== 0) acc++;
  return acc;
};
var maxAbsRun = (acc, x, at3, n, step) => {
  for (let i = 0; i < n; i++, at3 += step) acc = Math.max(acc, Math.abs(x[at3]));
  return acc;
};
var minAbsRun = (acc, x, at3, n, step) => {
  for (let i = 0; i < n; i++, at3 += step) acc = Math.min(acc, Math.abs(x[at3]));
  return acc;
};
var squaresFold = (acc, x, at3, n, step) => acc + squaresRun(x, at3, n, step, 0);
function powerRun(p) {
  return (acc, x, at3, n, step) => {
    for (let i = 0; i < n; i++, at3 += step) acc += Math.abs(x[at3]) ** p;
    return acc;
  };
}
function norm(a, p, dims, out) {
  const [start, fold, root] = normParts(p);
  reduceEach(a, dims, out, 0, (plan, x, at3) => root(foldOutput(plan, x, at3, fold, start)));
}
function normParts(p) {
  const same2 = (x) => x;
  if (p === 2) return [0, squaresFold, Math.sqrt];
  if (p === 1) return [0, absRun, same2];
  if (p === 0) return [0, nonzeroRun, same2];
  if (p === Infinity) return [0, maxAbsRun, same2];
  if (p === -Infinity) return [Infinity, minAbsRun, same2];
  return [0, powerRun(p), (x) => x ** (1 / p)];
}
var maxRun = (acc, x, at3, n, step) => {
  if (Number.isNaN(acc)) return acc;
  for (let i = 0; i < n; i++, at3 += step) {
    const v = x[at3];
    if (v > acc) acc = v;
    else if (Number.isNaN(v)) return v;
  }
  return acc;
};
var minRun = (acc, x, at3, n, step) => {
  if (Number.isNaN(acc)) return acc;
  for (let i = 0; i < n; i++, at3 += step) {
    const v = x[at3];
    if (v < acc) acc = v;
    else if (Number.isNaN(v)) return v;
  }
  return acc;
};
function extreme(a, dims, largest, out) {
  if (a.dtype === 'int64') {
    const better = largest ? (x, y) => (y > x ? y : x) : (x, y) => (y < x ? y : x);
    reduceBig(a, dims, out, largest ? -(2n ** 63n) : 2n ** 63n - 1n, better);
    return;
  }
  const fold = largest ? maxRun : minRun;
  const start = largest ? -Infinity : Infinity;
  reduceEach(widened(a), dims, out, start, (plan, x, at3) => foldOutput(plan, x, at3, fold, start));
}
function logsumexp(a, dims, out) {
  reduceEach(widened(a), dims, out, -Infinity, (plan, x, at3) => {
    const max2 = foldOutput(plan, x, at3, maxRun, -Infinity);
    if (!Number.isFinite(max2)) return max2;
    const sum3 = foldOutput(
      plan,
      x,
      at3,
      (acc, xs, p, n, step) => {
        for (let i = 0; i < n; i++, p += step) acc += Math.exp(xs[p] - max2);
        return acc;
      },
      0,
    );
    return max2 + Math.log(sum3);
  });
}
var anyRun = (acc, x, at3, n, step) => {
  for (let i = 0; acc === 0 && i < n; i++, at3 += step) if (x[at3] !== 0) return 1;
  return acc;
};
var allRun = (acc, x, at3, n, step) => {
  for (let i = 0; acc === 1 && i < n; i++, at3 += step) if (x[at3] === 0) return 0;
  return acc;
};
function logical(a, dims, all2, out) {
  const fold = all2 ? allRun : anyRun;
  const start = all2 ? 1 : 0;
  reduceEach(widened(a), dims, out, start, (plan, x, at3) => foldOutput(plan, x, at3, fold, start));
}

// packages/core/src/reference/scan.ts
function eachLine(a, dim, others, otherOffset, visit) {
  if (sizeOf(a.shape) === 0) return;
  const rest = (list2) => list2.filter((_, d) => d !== dim);
  const { shape, strides } = collapse(rest(a.shape), [rest(a.strides), rest(others)]);
  const inner = shape.length - 1;
  if (inner < 0) {
    visit(a.offset, otherOffset);
    return;
  }
  const n = shape[inner];
  const [sa, so] = strides;
  walkOuter(shape, strides, [a.offset, otherOffset], (start) => {
    let [at3, to2] = start;
    for (let i = 0; i < n; i++, at3 += sa[inner], to2 += so[inner]) visit(at3, to2);
  });
}
function line(a, dim) {
  return a.shape.length === 0 ? [1, 1] : [a.shape[dim], a.strides[dim]];
}
function cumsum(a, dim, out) {
  if (a.dtype === 'int64') {
    runningBig(a, dim, out, 0n, (x2, y2) => x2 + y2);
    return;
  }
  const wide = widened(a);
  const x = wide.array;
  const y = out.array;
  const [n, step] = line(wide, dim);
  const [, outStep] = line(out, dim);
  eachLine(wide, dim, out.strides, out.offset, (at3, to2) => {
    let sum3 = 0;
    for (let i = 0; i < n; i++, at3 += step, to2 += outStep) {
      sum3 += x[at3];
      y[to2] = sum3;
    }
  });
}
function cumprod(a, dim, out) {
  if (a.dtype === 'int64') {
    runningBig(a, dim, out, 1n, (x2, y2) => x2 * y2);
    return;
  }
  const floating = isFloating(a.dtype);
  const wide = widened(a);
  const x = wide.array;
  const y = out.array;
  const [n, step] = line(wide, dim);
  const [, outStep] = line(out, dim);
  eachLine(wide, dim, out.strides, out.offset, (at3, to2) => {
    let product = 1;
    for (let i = 0; i < n; i++, at3 += step, to2 += outStep) {
      product = floating ? product * x[at3] : Math.imul(product, x[at3]);
      y[to2] = product;
    }
  });
}
function runningBig(a, dim, out, start, fn) {
  const x = a.array;
  const y = out.array;
  const [n, step] = line(a, dim);
  const [, outStep] = line(out, dim);
  eachLine(a, dim, out.strides, out.offset, (at3, to2) => {
    let acc = start;
    for (let i = 0; i < n; i++, at3 += step, to2 += outStep) {
      acc = BigInt.asIntN(64, fn(acc, x[at3]));
      y[to2] = acc;
    }
  });
}
function argmaxLine(x, at3, n, step) {
  let best = x[at3];
  if (Number.isNaN(best)) return 0;
  let where2 = 0;
  for (let i = 1, p = at3 + step; i < n; i++, p += step) {
    const v = x[p];
    if (v > best) {
      best = v;
      where2 = i;
    } else if (Number.isNaN(v)) return i;
  }
  return where2;
}
function argminLine(x, at3, n, step) {
  let best = x[at3];
  if (Number.isNaN(best)) return 0;
  let where2 = 0;
  for (let i = 1, p = at3 + step; i < n; i++, p += step) {
    const v = x[p];
    if (v < best) {
      best = v;
      where2 = i;
    } else if (Number.isNaN(v)) return i;
  }
  return where2;
}
function argBig(x, at3, n, step, largest) {
  let where2 = 0;
  for (let i = 1; i < n; i++) {
    const v = x[at3 + i * step];
    const best = x[at3 + where2 * step];
    if (largest ? v > best : v < best) where2 = i;
  }
  return where2;
}
function argExtreme(a, dim, largest, indices, values) {
  const wide = a.dtype === 'int64' ? a : widened(a);
  const x = wide.array;
  const [n, step] = line(wide, dim);
  const find = largest ? argmaxLine : argminLine;
  const big = a.dtype === 'int64';
  const to2 = indices.array;
  const dst = values === null ? null : values.array;
  let o = 0;
  eachLine(wide, dim, wide.strides, 0, (at3) => {
    const where2 = big ? argBig(x, at3, n, step, largest) : find(x, at3, n, step);
    to2[indices.offset + o] = where2;
    if (dst !== null) dst[values.offset + o] = x[at3 + where2 * step];
    o++;
  });
}
function argExtremeOfAll(a, largest) {
  const dense3 = packed(a);
  const n = sizeOf(dense3.shape);
  const index2 = new Int32Array(1);
  const flat2 = { array: dense3.array, shape: [n], strides: [1], offset: dense3.offset, dtype: dense3.dtype };
  argExtreme(flat2, 0, largest, { array: index2, offset: 0 }, null);
  return index2[0];
}

// packages/core/src/wasm/kernels/reduce.ts
var prefix2 = (dtype) => (dtype === 'float32' ? 'f32' : 'f64');
function reduceName(fold, dtype, along) {
  return `${prefix2(dtype)}_${fold}_${along}`;
}
function argName(largest, dtype) {
  return `${prefix2(dtype)}_${largest ? 'argmax' : 'argmin'}_rows`;
}
function kitOf(code, dtype) {
  const single2 = dtype === 'float32';
  return {
    code,
    single: single2,
    bytes: single2 ? 4 : 8,
    lanes: single2 ? 4 : 2,
    scalar: single2 ? code.f32 : code.f64,
    vector: single2 ? code.f32x4 : code.f64x2,
  };
}
function loadDouble({ code, single: single2 }, p) {
  return single2 ? code.f64.promote_f32(code.f32.load(p)) : code.f64.load(p);
}
function doublesOf({ code, single: single2 }, v) {
  const { f64x2, i32x4 } = code;
  if (!single2) return [() => v.get()];
  return [() => f64x2.promote_low_f32x4(v), () => f64x2.promote_low_f32x4(i32x4.shuffle([2, 3, 2, 3], v, v))];
}
var UNROLL = 4;
function sumFold(kit, center) {
  const { code, single: single2 } = kit;
  const { f64, f64x2 } = code;
  const halves = single2 ? 2 : 1;
  const chains = code.locals('v128', UNROLL * halves);
  const rest = code.local('f64');
  const distance = code.local('v128');
  const d = code.local('f64');
  const centers = code.local('v128');
  return {
    begin() {
      for (const chain of chains) chain.set(f64x2.const(0));
      rest.set(0);
      if (center !== null) centers.set(f64x2.splat(center));
    },
    vector(u, v) {
      doublesOf(kit, v).forEach((half, i) => {
        const chain = chains[u * halves + i];
        if (center === null) chain.set(f64x2.add(chain, half()));
        else {
          distance.set(f64x2.sub(half(), centers));
          chain.set(f64x2.add(chain, f64x2.mul(distance, distance)));
        }
      });
    },
    one(p) {
      if (center === null) rest.set(f64.add(rest, loadDouble(kit, p)));
      else {
        d.set(f64.sub(loadDouble(kit, p), center));
        rest.set(f64.add(rest, f64.mul(d, d)));
      }
    },
    end() {
      for (let n = chains.length / 2; n >= 1; n /= 2) {
        for (let i = 0; i < n; i++) chains[i].set(f64x2.add(chains[i], chains[i + n]));
      }
      const [total] = chains;
      return f64.add(f64.add(f64x2.extract_lane(0, total), f64x2.extract_lane(1, total)), rest);
    },
  };
}
function extremeFold(kit, largest) {
  const { code, single: single2, lanes, scalar, vector } = kit;
  const { v128 } = code;
  const chains = code.locals('v128', UNROLL);
  const nan = code.local('v128');
  const rest = code.local(single2 ? 'f32' : 'f64');
  const identity = largest ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const better = (a, b) => (largest ? vector.pmax(a, b) : vector.pmin(a, b));
  const choose3 = (value) => rest.set(largest ? scalar.max(rest, value) : scalar.min(rest, value));
  return {
    begin() {
      for (const chain of chains) chain.set(vector.const(identity));
      nan.set(code.i32x4.const(0));
      rest.set(scalar.const(identity));
    },
    vector(u, v) {
      chains[u].set(better(chains[u], v));
      nan.set(v128.or(nan, vector.ne(v, v)));
    },
    one(p) {
      choose3(scalar.load(p));
    },
    end() {
      for (let u = 1; u < UNROLL; u++) chains[0].set(better(chains[0], chains[u]));
      chains[0].set(v128.or(chains[0], nan));
      for (let lane2 = 0; lane2 < lanes; lane2++) choose3(vector.extract_lane(lane2, chains[0]));
      return single2 ? code.f64.promote_f32(rest) : rest.get();
    },
  };
}
function emitReduceRows(fold, dtype) {
  return (code) => {
    const kit = kitOf(code, dtype);
    const { i32, f64, v128 } = code;
    const params = { rows: 'i32', n: 'i32', chunk: 'i32', x: 'i32', out: 'i32', centers: 'i32' };
    code.export('run', params, [], ({ rows: rows2, n, chunk: chunk2, x, out, centers }) => {
      const { bytes } = kit;
      const [row, rowEnd, end, wholeEnd, vectorEnd] = code.locals('i32', 5);
      const center = code.local('f64');
      const v = code.local('v128');
      const chunkBytes = code.local('i32', code.scale(chunk2, bytes));
      const body =
        fold === 'sum' || fold === 'squares'
          ? sumFold(kit, fold === 'squares' ? center : null)
          : extremeFold(kit, fold === 'max');
      code.forRange(row, 0, rows2, 1, () => {
        if (fold === 'squares') center.set(f64.load(code.index(centers, row, 8)));
        rowEnd.set(code.index(x, n, bytes));
        code.whileLess(x, rowEnd, () => {
          end.set(i32.add(x, chunkBytes));
          end.set(code.least(end, rowEnd));
          wholeEnd.set(i32.add(x, i32.and(i32.sub(end, x), -16 * UNROLL)));
          vectorEnd.set(i32.add(x, i32.and(i32.sub(end, x), -16)));
          body.begin();
          code.whileLess(x, wholeEnd, () => {
            for (let u = 0; u < UNROLL; u++) {
              v.set(v128.load(x, 16 * u));
              body.vector(u, v);
            }
            code.increase(x, 16 * UNROLL);
          });
          code.whileLess(x, vectorEnd, () => {
            v.set(v128.load(x));
            body.vector(0, v);
            code.increase(x, 16);
          });
          code.whileLess(x, end, () => {
            body.one(x);
            code.increase(x, bytes);
          });
          f64.store(out, body.end());
          code.increase(out, 8);
        });
      });
    });
  };
}
function emitReduceColumns(fold, dtype) {
  return (code) => {
    const kit = kitOf(code, dtype);
    const { i32, f64, f64x2, v128 } = code;
    const { bytes, vector, single: single2 } = kit;
    const halves = single2 ? 2 : 1;
    const identity = fold === 'max' ? Number.NEGATIVE_INFINITY : fold === 'min' ? Number.POSITIVE_INFINITY : 0;
    const params = { outer: 'i32', n: 'i32', m: 'i32', chunk: 'i32', x: 'i32', out: 'i32', centers: 'i32' };
    code.export('run', params, [], ({ outer: outer2, n, m, chunk: chunk2, x, out, centers }) => {
      const [block, i, chunkEnd, fourEnd, o, c, q, end, vectorEnd] = code.locals('i32', 9);
      const pointers = code.locals('i32', 4);
      const v = code.local('v128');
      const [t2, d] = code.locals('v128', 2);
      const [acc, distance] = code.locals('f64', 2);
      const sums = code.locals('v128', halves);
      const step = code.local('i32', code.scale(m, bytes));
      const outBytes = code.local('i32', i32.shl(m, 3));
      const take3 = (count2) => {
        const rows2 = pointers.slice(0, count2);
        rows2.forEach((p, r) => {
          p.set(r === 0 ? x : i32.add(rows2[r - 1], step));
        });
        o.set(out);
        c.set(centers);
        end.set(i32.add(x, step));
        vectorEnd.set(i32.add(x, i32.and(step, -16)));
        const advance = (elements2) => {
          for (const p of rows2) code.increase(p, elements2 * bytes);
          code.increase(o, elements2 * 8);
          if (fold === 'squares') code.increase(c, elements2 * 8);
        };
        const [first] = rows2;
        code.whileLess(first, vectorEnd, () => {
          sums.forEach((sum3, h) => {
            sum3.set(v128.load(o, 16 * h));
          });
          if (fold === 'max' || fold === 'min') {
            t2.set(v128.load(first));
            for (const p of rows2.slice(1)) {
              v.set(v128.load(p));
              t2.set(fold === 'max' ? vector.max(t2, v) : vector.min(t2, v));
            }
            doublesOf(kit, t2).forEach((half, h) => {
              sums[h].set(fold === 'max' ? f64x2.max(sums[h], half()) : f64x2.min(sums[h], half()));
            });
          } else {
            for (const p of rows2) {
              v.set(v128.load(p));
              doublesOf(kit, v).forEach((half, h) => {
                if (fold === 'sum') sums[h].set(f64x2.add(sums[h], half()));
                else {
                  d.set(f64x2.sub(half(), v128.load(c, 16 * h)));
                  sums[h].set(f64x2.add(sums[h], f64x2.mul(d, d)));
                }
              });
            }
          }
          sums.forEach((sum3, h) => {
            v128.store(o, sum3, 16 * h);
          });
          advance(kit.lanes);
        });
        code.whileLess(first, end, () => {
          acc.set(f64.load(o));
          for (const p of rows2) {
            if (fold === 'sum') acc.set(f64.add(acc, loadDouble(kit, p)));
            else if (fold === 'squares') {
              distance.set(f64.sub(loadDouble(kit, p), f64.load(c)));
              acc.set(f64.add(acc, f64.mul(distance, distance)));
            } else acc.set(fold === 'max' ? f64.max(acc, loadDouble(kit, p)) : f64.min(acc, loadDouble(kit, p)));
          }
          f64.store(o, acc);
          advance(1);
        });
      };
      code.forRange(block, 0, outer2, 1, () => {
        i.set(0);
        code.whileLess(i, n, () => {
          chunkEnd.set(i32.add(i, chunk2));
          chunkEnd.set(code.least(chunkEnd, n));
          fourEnd.set(i32.add(i, i32.and(i32.sub(chunkEnd, i), -4)));
          q.set(i32.add(out, outBytes));
          o.set(out);
          code.whileLess(o, q, () => {
            f64.store(o, f64.const(identity));
            code.increase(o, 8);
          });
          code.whileLess(i, fourEnd, () => {
            take3(4);
            code.increase(x, i32.shl(step, 2));
            code.increase(i, 4);
          });
          code.whileLess(i, chunkEnd, () => {
            take3(1);
            code.increase(x, step);
            code.increase(i, 1);
          });
          code.increase(out, outBytes);
        });
        if (fold === 'squares') code.increase(centers, outBytes);
      });
    });
  };
}
function emitArgRows(largest, dtype) {
  return (code) => {
    const { single: single2, bytes, lanes, scalar, vector } = kitOf(code, dtype);
    const { i32, i32x4, v128 } = code;
    const params = { rows: 'i32', n: 'i32', x: 'i32', indices: 'i32', values: 'i32' };
    code.export('run', params, [], ({ rows: rows2, n, x, indices, values }) => {
      const [row, i, at3, candidate] = code.locals('i32', 4);
      const [bests, ats, index2, v, mask] = code.locals('v128', 5);
      const best = code.local(single2 ? 'f32' : 'f64');
      const value = code.local(single2 ? 'f32' : 'f64');
      const whole = code.local('i32', i32.and(n, -lanes));
      const step = code.local('v128', i32x4.const(lanes));
      const beyond = () => (largest ? scalar.gt(value, best) : scalar.lt(value, best));
      code.forRange(row, 0, rows2, 1, () => {
        best.set(scalar.load(x));
        bests.set(vector.splat(best));
        ats.set(i32x4.const(0));
        index2.set(i32x4.const(0, 1, 2, 3));
        code.forRange(i, 0, whole, lanes, () => {
          v.set(v128.load(x));
          mask.set(v128.and(vector.ne(v, v), vector.eq(bests, bests)));
          mask.set(v128.or(mask, largest ? vector.gt(v, bests) : vector.lt(v, bests)));
          bests.set(v128.bitselect(v, bests, mask));
          if (lanes === 2) mask.set(i32x4.shuffle([0, 2, 0, 2], mask, mask));
          ats.set(v128.bitselect(index2, ats, mask));
          index2.set(i32x4.add(index2, step));
          code.increase(x, 16);
        });
        best.set(vector.extract_lane(0, bests));
        at3.set(i32x4.extract_lane(0, ats));
        for (let lane2 = 1; lane2 < lanes; lane2++) {
          value.set(vector.extract_lane(lane2, bests));
          candidate.set(i32x4.extract_lane(lane2, ats));
          code.if(
            i32.and(scalar.ne(value, value), scalar.ne(best, best)),
            () => at3.set(code.least(at3, candidate)),
            () => {
              const equal2 = i32.and(scalar.eq(value, best), i32.lt_u(candidate, at3));
              const nan = i32.and(scalar.ne(value, value), scalar.eq(best, best));
              code.if(i32.or(i32.or(equal2, nan), beyond()), () => {
                best.set(value);
                at3.set(candidate);
              });
            },
          );
        }
        code.whileLess(i, n, () => {
          value.set(scalar.load(x));
          const nan = i32.and(scalar.ne(value, value), scalar.eq(best, best));
          code.if(i32.or(nan, beyond()), () => {
            best.set(value);
            at3.set(i);
          });
          code.increase(x, bytes);
          code.increase(i, 1);
        });
        i32.store(indices, at3);
        scalar.store(values, best);
        code.increase(indices, 4);
        code.increase(values, bytes);
      });
    });
  };
}

// packages/core/src/wasm/launchReduce.ts
var MIN_SIZE3 = 1024;
var ROW_CHUNK = { float32: 1024, float64: 256 };
var COLUMN_CHUNK = { float32: 256, float64: 64 };
function takes(a) {
  return (a.dtype === 'float32' || a.dtype === 'float64') && sizeOf(a.shape) >= MIN_SIZE3 && features().simd;
}
function denseOrder({ shape, strides }) {
  const order = memoryOrder(shape, strides);
  const pick = (list2) => order.map((d) => list2[d]);
  return isContiguous(pick(shape), pick(strides)) ? order : null;
}
function planOf2(a, dims) {
  let source2 = a;
  let order = denseOrder(a);
  if (order === null) {
    source2 = rowMajor3(a);
    order = a.shape.map((_, d) => d);
  }
  const { shape } = a;
  let at3 = order.length - 1;
  let inner = 1;
  for (; at3 >= 0 && (shape[order[at3]] === 1 || !dims.includes(order[at3])); at3--) inner *= shape[order[at3]];
  const last = at3;
  let n = 1;
  for (; at3 >= 0 && (shape[order[at3]] === 1 || dims.includes(order[at3])); at3--) n *= shape[order[at3]];
  if (n === 1) return null;
  const chunk2 = (inner === 1 ? ROW_CHUNK : COLUMN_CHUNK)[a.dtype];
  const layout = (count2) => {
    const sizes3 = order.map((d, i) => (i > at3 && i < last ? 1 : i === last ? count2 : shape[d]));
    const steps2 = contiguousStrides(sizes3);
    const own = (list2) => shape.map((_, d) => list2[order.indexOf(d)]);
    return { shape: own(sizes3), strides: own(steps2) };
  };
  return {
    source: source2,
    outer: sizeOf(shape) / (n * inner),
    n,
    inner,
    chunk: chunk2,
    partial: layout(Math.ceil(n / chunk2)),
    lines: layout(1),
  };
}
function launch2(fold, plan, x, out, centers) {
  const { outer: outer2, n, inner, chunk: chunk2 } = plan;
  const { dtype } = plan.source;
  if (inner === 1) {
    const { run: run2 } = kernel(reduceName(fold, dtype, 'rows'), emitReduceRows(fold, dtype), heap().memory);
    run2(outer2, n, chunk2, x, out, centers);
  } else {
    const { run: run2 } = kernel(reduceName(fold, dtype, 'columns'), emitReduceColumns(fold, dtype), heap().memory);
    run2(outer2, n, inner, chunk2, x, out, centers);
  }
}
function doublesAt(pointer, layout) {
  const array = new Float64Array(heap().memory.buffer, pointer, sizeOf(layout.shape));
  return { ...layout, array, offset: 0, dtype: 'float64' };
}
function finish3(partial, dims, outputs, fold) {
  const array = partial.array;
  if (array.length === outputs && isContiguous(partial.shape, partial.strides)) return array;
  const shape = partial.shape.filter((_, d) => !dims.includes(d));
  const out = new Float64Array(outputs);
  fold(partial, dims, { array: out, shape, strides: contiguousStrides(shape), offset: 0, dtype: 'float64' });
  return out;
}
function put2(results, out) {
  out.array.set(results, out.offset);
}
function scale(values, divisor) {
  for (let i = 0; i < values.length; i++) values[i] /= divisor;
  return values;
}
function open({ source: source2, partial, lines }, withCenters) {
  const staging = new Staging();
  const results = staging.reserve(sizeOf(partial.shape) * 8);
  const centers = withCenters ? staging.reserve(sizeOf(lines.shape) * 8) : 0;
  const operand3 = staging.addTensor(source2);
  staging.open(null);
  return { x: staging.pointer(operand3), partial: staging.at(results), centers: staging.at(centers) };
}
function launchSum(a, dims, out, mean2 = false) {
  if (!takes(a) || (out.dtype !== 'float32' && out.dtype !== 'float64')) return false;
  const plan = planOf2(a, dims);
  if (plan === null) return false;
  const outputs = sizeOf(out.shape);
  const { x, partial } = open(plan, false);
  launch2('sum', plan, x, partial, 0);
  const sums = finish3(doublesAt(partial, plan.partial), dims, outputs, sum);
  put2(mean2 ? scale(sums, sizeOf(a.shape) / outputs) : sums, out);
  return true;
}
function launchExtreme(a, dims, largest, out) {
  if (!takes(a)) return false;
  const plan = planOf2(a, dims);
  if (plan === null) return false;
  const { x, partial } = open(plan, false);
  launch2(largest ? 'max' : 'min', plan, x, partial, 0);
  const fold = (from, over, to2) => extreme(from, over, largest, to2);
  put2(finish3(doublesAt(partial, plan.partial), dims, sizeOf(out.shape), fold), out);
  return true;
}
function launchMoments(a, dims) {
  if (!takes(a)) return null;
  const plan = planOf2(a, dims);
  if (plan === null) return null;
  const kept = a.shape.map((size, d) => (dims.includes(d) ? 1 : size));
  const outputs = sizeOf(kept);
  const count2 = sizeOf(a.shape) / outputs;
  const { x, partial, centers } = open(plan, true);
  launch2('sum', plan, x, partial, 0);
  const means = scale(finish3(doublesAt(partial, plan.partial), dims, outputs, sum).slice(), count2);
  const strides = contiguousStrides(kept).map((step, d) => (dims.includes(d) ? 0 : step));
  const spread = { array: means, shape: plan.lines.shape, strides, offset: 0, dtype: 'float64' };
  copy(spread, doublesAt(centers, plan.lines));
  launch2('squares', plan, x, partial, centers);
  const squares = finish3(doublesAt(partial, plan.partial), dims, outputs, sum).slice();
  return { means, squares, count: count2 };
}
function launchVariance(a, dims, correction, root, out) {
  const moments = launchMoments(a, dims);
  if (moments === null) return false;
  const values = scale(moments.squares, Math.max(0, moments.count - correction));
  put2(root ? values.map(Math.sqrt) : values, out);
  return true;
}
function launchArg(a, dim, largest, indices, values) {
  if (!takes(a)) return false;
  const { dtype, shape } = a;
  if (dim !== null && sizeOf(shape.slice(dim + 1)) !== 1) return false;
  const n = dim === null ? sizeOf(shape) : shape[dim];
  const rows2 = sizeOf(shape) / n;
  const staging = new Staging();
  const source2 = staging.addTensor(rowMajor3(a));
  const places = staging.addTensor(indices);
  const extremes = values === null ? null : staging.addTensor(values);
  const unused = values === null ? staging.reserve(rows2 * itemBytes(dtype)) : 0;
  staging.open(places);
  const { run: run2 } = kernel(argName(largest, dtype), emitArgRows(largest, dtype), heap().memory);
  const valuesPtr = extremes === null ? staging.at(unused) : staging.pointer(extremes);
  run2(rows2, n, staging.pointer(source2), staging.pointer(places), valuesPtr);
  staging.write(places);
  if (extremes !== null) staging.write(extremes);
  return true;
}

// packages/core/src/ops/compare.ts
function isclose(self, other, rtol, atol, equalNan) {
  return closeness('isclose', self, other, [rtol, atol, equalNan]);
}
function closeness(op2, self, other, options) {
  const [rtol, atol, nan] = named(op2, ['rtol', 'atol', 'equalNan'], options);
  const relative = tolerance(op2, 'rtol', rtol ?? 1e-5);
  const absolute = tolerance(op2, 'atol', atol ?? 1e-8);
  const equalNan = flag(op2, 'equalNan', nan);
  if (self.dtype !== other.dtype) {
    throw new DTypeError(`${self.dtype} did not match ${other.dtype}; cast one with .to()`, {
      op: op2,
      operands: { self: self.dtype, other: other.dtype },
    });
  }
  const out = allocate(broadcastShapes(op2, self.shape, other.shape), 'bool');
  binary((x, y) => Number(near(x, y, relative, absolute, equalNan)), self, other, out);
  return out;
}
function near(x, y, rtol, atol, equalNan) {
  if (x === y) return true;
  if (Number.isNaN(x) || Number.isNaN(y)) return equalNan && Number.isNaN(x) && Number.isNaN(y);
  const distance = Math.abs(x - y);
  return distance < Infinity && distance <= atol + Math.abs(rtol * y);
}
function tolerance(op2, name2, value) {
  if (value >= 0) return value;
  throw new ValueError(`${name2} must be at least 0, but got ${value}`, { op: op2, operands: { [name2]: value } });
}
function allclose(self, other, rtol, atol, equalNan) {
  return everyTrue(closeness('allclose', self, other, [rtol, atol, equalNan]));
}
function everyTrue(self) {
  const array = self.array;
  const end = self.offset + sizeOf(self.shape);
  for (let i = self.offset; i < end; i++) if (array[i] === 0) return false;
  return true;
}
function equal(self, other) {
  for (const [name2, value] of Object.entries({ self, other })) {
    if (!isTensor(value)) throw new DTypeError(`${name2} must be a tensor, but got ${typeof value}`, { op: 'equal' });
  }
  if (!sameShape(self.shape, other.shape)) return false;
  const out = allocate(self.shape, 'bool');
  binary((x, y) => Number(x === y), self, other, out);
  return everyTrue(out);
}

// packages/core/src/reference/softmax.ts
function exponentials(x, at3, step, n, e) {
  let max2 = -Infinity;
  for (let i = 0, p = at3; i < n; i++, p += step) {
    const v = x[p];
    if (v > max2) max2 = v;
  }
  let sum3 = 0;
  for (let i = 0, p = at3; i < n; i++, p += step) {
    const v = Math.exp(x[p] - max2);
    e[i] = v;
    sum3 += v;
  }
  e[n] = max2;
  return sum3;
}
function softmax(a, dim, out) {
  const x = a.array;
  const y = out.array;
  const [n, step] = line(a, dim);
  const [, outStep] = line(out, dim);
  const e = new Float64Array(n + 1);
  eachLine(a, dim, out.strides, out.offset, (at3, to2) => {
    const scale2 = 1 / exponentials(x, at3, step, n, e);
    for (let i = 0; i < n; i++, to2 += outStep) y[to2] = e[i] * scale2;
  });
}
function logSoftmax(a, dim, out) {
  const x = a.array;
  const y = out.array;
  const [n, step] = line(a, dim);
  const [, outStep] = line(out, dim);
  const e = new Float64Array(n + 1);
  eachLine(a, dim, out.strides, out.offset, (at3, to2) => {
    const log4 = Math.log(exponentials(x, at3, step, n, e));
    const max2 = e[n];
    for (let i = 0, p = at3; i < n; i++, p += step, to2 += outStep) y[to2] = x[p] - max2 - log4;
  });
}

// packages/core/src/wasm/kernels/softmax.ts
var SOFTMAX_LANES = 4;
function softmaxName(form, along) {
  return `f32_${form}_${along}`;
}
function addTo2({ f64x2, i32x4 }, { low, high }, e) {
  low.set(f64x2.add(low, f64x2.promote_low_f32x4(e)));
  high.set(f64x2.add(high, f64x2.promote_low_f32x4(i32x4.shuffle([2, 3, 2, 3], e, e))));
}
function rounded({ f32x4, i32x4 }, { low, high }) {
  return i32x4.shuffle([0, 1, 4, 5], f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high));
}
function finish4(code, features2, form, sums) {
  const { f32x4, f64x2, i32x4 } = code;
  if (form === 'softmax') {
    const { low, high } = sums;
    low.set(f64x2.div(f64x2.const(1), low));
    high.set(f64x2.div(f64x2.const(1), high));
    return code.local('v128', rounded(code, sums));
  }
  const s = code.local('v128', rounded(code, sums));
  const upper = code.local('v128', i32x4.shuffle([2, 3, 2, 3], s, s));
  for (const [sum3, part] of [
    [sums.low, s],
    [sums.high, upper],
  ]) {
    const near2 = code.local('v128', f64x2.promote_low_f32x4(part));
    sum3.set(f64x2.div(f64x2.sub(sum3, near2), near2));
  }
  const correction = code.local('v128', rounded(code, sums));
  return code.local('v128', f32x4.add(log2(code, features2, s), correction));
}
function emitSoftmaxRows(form) {
  return (code, features2) => {
    const { i32, f32x4, f64x2, i32x4, v128 } = code;
    code.export('run', { rows: 'i32', n: 'i32', x: 'i32', out: 'i32' }, [], ({ rows: rows2, n, x, out }) => {
      const [row, p, q] = code.locals('i32', 3);
      const [max2, v, e] = code.locals('v128', 3);
      const [low, high] = code.locals('v128', 2);
      const rowBytes = code.local('i32', i32.shl(n, 2));
      const wholeBytes = code.local('i32', i32.and(rowBytes, -16));
      const fresh = code.local('v128', i32x4.ge_s(i32x4.const(0, 1, 2, 3), i32x4.splat(i32.sub(4, i32.and(n, 3)))));
      const [whole, end] = code.locals('i32', 2);
      const hasRest = code.local('i32', i32.ne(wholeBytes, rowBytes));
      const exponential = () => {
        v.set(f32x4.sub(v128.load(p), max2));
        e.set(exp3(code, features2, v));
        if (form === 'softmax') v128.store(q, e);
      };
      code.forRange(row, 0, rows2, 1, () => {
        whole.set(i32.add(x, wholeBytes));
        end.set(i32.add(x, rowBytes));
        max2.set(v128.load(i32.sub(end, 16)));
        max2.set(f32x4.pmax(f32x4.const(Number.NEGATIVE_INFINITY), max2));
        p.set(x);
        code.whileLess(p, whole, () => {
          max2.set(f32x4.pmax(max2, v128.load(p)));
          code.increase(p, 16);
        });
        max2.set(f32x4.pmax(max2, i32x4.shuffle([2, 3, 0, 1], max2, max2)));
        max2.set(f32x4.pmax(max2, i32x4.shuffle([1, 0, 3, 2], max2, max2)));
        low.set(f64x2.const(0));
        high.set(f64x2.const(0));
        p.set(x);
        q.set(out);
        code.whileLess(p, whole, () => {
          exponential();
          addTo2(code, { low, high }, e);
          code.increase(p, 16);
          code.increase(q, 16);
        });
        code.if(hasRest, () => {
          p.set(i32.sub(end, 16));
          q.set(i32.sub(i32.add(out, rowBytes), 16));
          exponential();
          e.set(v128.and(e, fresh));
          addTo2(code, { low, high }, e);
        });
        low.set(f64x2.add(low, high));
        low.set(f64x2.add(low, code.i64x2.shuffle([1, 0], low, low)));
        high.set(low);
        const value = finish4(code, features2, form, { low, high });
        if (form === 'softmax') {
          q.set(out);
          whole.set(i32.add(out, wholeBytes));
          end.set(i32.add(out, rowBytes));
          code.whileLess(q, whole, () => {
            v128.store(q, f32x4.mul(v128.load(q), value));
            code.increase(q, 16);
          });
          code.whileLess(q, end, () => {
            v.set(f32x4.mul(v128.load32_zero(q), value));
            v128.store32_lane(0, q, v);
            code.increase(q, 4);
          });
        } else {
          const result = (from) => f32x4.sub(f32x4.sub(v128.load(from), max2), value);
          p.set(x);
          q.set(out);
          code.whileLess(p, whole, () => {
            v128.store(q, result(p));
            code.increase(p, 16);
            code.increase(q, 16);
          });
          code.if(hasRest, () => {
            p.set(i32.sub(end, 16));
            v128.store(i32.sub(i32.add(out, rowBytes), 16), result(p));
          });
        }
        code.increase(x, rowBytes);
        code.increase(out, rowBytes);
      });
    });
  };
}
function emitSoftmaxColumns(form) {
  return (code, features2) => {
    const { i32, f32x4, f64x2, v128 } = code;
    const params = { outer: 'i32', n: 'i32', inner: 'i32', x: 'i32', out: 'i32' };
    code.export('run', params, [], ({ outer: outer2, n, inner, x, out }) => {
      const [block, i, j, p, q] = code.locals('i32', 5);
      const [max2, v, e, low, high] = code.locals('v128', 5);
      const step = code.local('i32', i32.shl(inner, 2));
      const blockBytes = code.local('i32', i32.mul(step, n));
      const last = code.local('i32', i32.sub(inner, 4));
      const down = (body) => {
        p.set(code.index(x, j, 4));
        q.set(code.index(out, j, 4));
        code.forRange(i, 0, n, 1, () => {
          body();
          code.increase(p, step);
          code.increase(q, step);
        });
      };
      code.forRange(block, 0, outer2, 1, () => {
        j.set(0);
        code.whileLess(j, inner, () => {
          j.set(code.least(j, last));
          max2.set(f32x4.const(Number.NEGATIVE_INFINITY));
          down(() => max2.set(f32x4.pmax(max2, v128.load(p))));
          low.set(f64x2.const(0));
          high.set(f64x2.const(0));
          down(() => {
            v.set(f32x4.sub(v128.load(p), max2));
            e.set(exp3(code, features2, v));
            if (form === 'softmax') v128.store(q, e);
            addTo2(code, { low, high }, e);
          });
          const value = finish4(code, features2, form, { low, high });
          down(() => {
            if (form === 'softmax') v128.store(q, f32x4.mul(v128.load(q), value));
            else v128.store(q, f32x4.sub(f32x4.sub(v128.load(p), max2), value));
          });
          code.increase(j, 4);
        });
        code.increase(x, blockBytes);
        code.increase(out, blockBytes);
      });
    });
  };
}

// packages/core/src/wasm/launchSoftmax.ts
var MIN_SIZE4 = 1024;
function launchSoftmax(form, a, dim, out) {
  const { shape } = a;
  if (a.dtype !== 'float32' || sizeOf(shape) < MIN_SIZE4 || !features().simd) return false;
  const n = shape[dim];
  const outer2 = sizeOf(shape.slice(0, dim));
  const inner = sizeOf(shape.slice(dim + 1));
  if (inner === 1 ? n < SOFTMAX_LANES : inner < SOFTMAX_LANES) return false;
  const staging = new Staging();
  const source2 = staging.addTensor(rowMajor3(a));
  const result = staging.addTensor(out);
  staging.open(result);
  const pointers = [staging.pointer(source2), staging.pointer(result)];
  if (inner === 1) {
    const { run: run2 } = kernel(softmaxName(form, 'rows'), emitSoftmaxRows(form), heap().memory);
    run2(outer2, n, ...pointers);
  } else {
    const { run: run2 } = kernel(softmaxName(form, 'columns'), emitSoftmaxColumns(form), heap().memory);
    run2(outer2, n, inner, ...pointers);
  }
  staging.write(result);
  return true;
}

// packages/core/src/ops/softmax.ts
var softmaxForward = (self, dim) => {
  const out = allocate(self.shape, self.dtype);
  if (!launchSoftmax('softmax', self, dim, out)) softmax(self, dim, out);
  return out;
};
var logSoftmaxForward = (self, dim) => {
  const out = allocate(self.shape, self.dtype);
  if (!launchSoftmax('logSoftmax', self, dim, out)) logSoftmax(self, dim, out);
  return out;
};
function softmaxInput(op2, self, dim, options) {
  const [wrapped, dtype] = lineArguments(op2, self, dim, options);
  const input = cast(op2, self, dtype);
  requireFloat(op2, input.dtype);
  return [input, wrapped];
}
function softmax2(self, dim, options) {
  return dispatch('softmax', softmaxForward, softmaxInput('softmax', self, dim, options));
}
function logSoftmax2(self, dim, options) {
  return dispatch('logSoftmax', logSoftmaxForward, softmaxInput('logSoftmax', self, dim, options));
}
function softmin(self, dim, options) {
  const [input, wrapped] = softmaxInput('softmin', self, dim, options);
  return softmax2(neg(input), wrapped);
}

// packages/core/src/reference/sort.ts
var RUN = 12;
function sortKeys(keys, index2, n, keys2, index22) {
  for (let start = 0; start < n; start += RUN) insertionSort(keys, index2, start, Math.min(start + RUN, n));
  let [k, i, k2, i2] = [keys, index2, keys2, index22];
  for (let width = RUN; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      merge(k, i, start, Math.min(start + width, n), Math.min(start + 2 * width, n), k2, i2);
    }
    [k, i, k2, i2] = [k2, i2, k, i];
  }
  if (k !== keys) {
    keys.set(k.subarray(0, n));
    index2.set(i.subarray(0, n));
  }
}
function insertionSort(keys, index2, start, end) {
  for (let i = start + 1; i < end; i++) {
    const key = keys[i];
    const at3 = index2[i];
    let j = i - 1;
    for (; j >= start && keys[j] > key; j--) {
      keys[j + 1] = keys[j];
      index2[j + 1] = index2[j];
    }
    keys[j + 1] = key;
    index2[j + 1] = at3;
  }
}
function merge(keys, index2, start, middle, end, toKeys, toIndex) {
  let a = start;
  let b = middle;
  for (let o = start; o < end; o++) {
    if (a < middle && (b >= end || keys[a] <= keys[b])) {
      toKeys[o] = keys[a];
      toIndex[o] = index2[a++];
    } else {
      toKeys[o] = keys[b];
      toIndex[o] = index2[b++];
    }
  }
}
var LineSorter = class {
  /** Positions in sorted order, after `sort`. */
  order;
  n;
  descending;
  keys;
  keys2;
  index;
  index2;
  constructor(n, descending) {
    this.n = n;
    this.descending = descending;
    this.order = new Int32Array(n);
    this.keys = new Float64Array(n);
    this.keys2 = new Float64Array(n);
    this.index = new Int32Array(n);
    this.index2 = new Int32Array(n);
  }
  sort(x, at3, step) {
    const { n, descending, keys, index: index2, order } = this;
    const sign2 = descending ? -1 : 1;
    const nans = [];
    let m = 0;
    for (let i = 0, p = at3; i < n; i++, p += step) {
      const v = x[p];
      if (Number.isNaN(v)) nans.push(i);
      else {
        keys[m] = sign2 * v;
        index2[m++] = i;
      }
    }
    sortKeys(keys, index2, m, this.keys2, this.index2);
    order.set(index2.subarray(0, m), descending ? nans.length : 0);
    order.set(nans, descending ? 0 : m);
  }
  sortBig(x, at3, step) {
    const { n, descending } = this;
    const by = Array.from({ length: n }, (_, i) => i).sort((i, j) => {
      const a = x[at3 + i * step];
      const b = x[at3 + j * step];
      if (a === b) return i - j;
      return a < b !== descending ? -1 : 1;
    });
    this.order.set(by);
  }
};
function sort(a, dim, descending, k, values, indices) {
  const wide = a.dtype === 'int64' ? a : widened(a);
  const x = wide.array;
  const [n, step] = line(wide, dim);
  const [, outStep] = line(values, dim);
  const toValues = values.array;
  const toIndices = indices.array;
  const shift = indices.offset - values.offset;
  const sorter = new LineSorter(n, descending);
  const few = k * 8 <= n && k <= 64 && a.dtype !== 'int64' ? new Float64Array(k) : null;
  eachLine(wide, dim, values.strides, values.offset, (at3, to2) => {
    if (a.dtype === 'int64') sorter.sortBig(x, at3, step);
    else if (few === null || !selectFew(x, at3, step, n, descending, few, sorter.order)) sorter.sort(x, at3, step);
    const { order } = sorter;
    for (let i = 0, o = to2; i < k; i++, o += outStep) {
      toValues[o] = x[at3 + order[i] * step];
      toIndices[o + shift] = order[i];
    }
  });
}
function selectFew(x, at3, step, n, descending, keys, order) {
  const k = keys.length;
  const sign2 = descending ? -1 : 1;
  let held = 0;
  for (let i = 0, p = at3; i < n; i++, p += step) {
    const v = x[p];
    if (Number.isNaN(v)) return false;
    const key = sign2 * v;
    if (held === k && (k === 0 || key >= keys[k - 1])) continue;
    let j = held < k ? held++ : k - 1;
    for (; j > 0 && keys[j - 1] > key; j--) {
      keys[j] = keys[j - 1];
      order[j] = order[j - 1];
    }
    keys[j] = key;
    order[j] = i;
  }
  return true;
}

// packages/core/src/ops/sort.ts
function firstSorted(self, dim, descending, k) {
  const shape = self.shape.map((n, d) => (d === dim ? k : n));
  const values = allocate(shape, self.dtype);
  const indices = allocate(shape, 'int32');
  sort(self, dim, descending, self.shape.length === 0 ? 1 : k, values, indices);
  return [values, indices];
}
var sortForward = (self, dim, descending) => firstSorted(self, dim, descending, lengthOf(self, dim));
function sort2(self, dim, descending, stable) {
  const [d = -1, down, keep2] = named('sort', ['dim', 'descending', 'stable'], [dim, descending, stable]);
  const wrapped = oneDim('sort', self, d);
  return namedTuple(
    ['values', 'indices'],
    dispatch('sort', sortForward, [self, wrapped, flag('sort', 'descending', down), flag('sort', 'stable', keep2)]),
  );
}
function argsort(self, dim, descending, stable) {
  return sort2(self, dim, descending, stable).indices;
}
var topkForward = (self, k, dim, largest) => firstSorted(self, dim, largest, k);
function topk(self, k, dim, largest, sorted) {
  const [count2, d = -1, most = true, inOrder = true] = named(
    'topk',
    ['k', 'dim', 'largest', 'sorted'],
    [k, dim, largest, sorted],
  );
  refuseBool('topk', self.dtype);
  const wrapped = oneDim('topk', self, d);
  const n = lengthOf(self, wrapped);
  if (count2 === void 0 || !Number.isInteger(count2) || count2 < 0 || count2 > n) {
    throw new IndexError(`selected index k out of range, expected an integer in [0, ${n}], but got ${String(count2)}`, {
      op: 'topk',
      operands: { k: count2, dim: wrapped, self: self.shape },
    });
  }
  return namedTuple(
    ['values', 'indices'],
    dispatch('topk', topkForward, [
      self,
      count2,
      wrapped,
      flag('topk', 'largest', most),
      flag('topk', 'sorted', inOrder),
    ]),
  );
}

// packages/core/src/ops/reduce.ts
var toFloat2 = (dtype) => (isFloating(dtype) ? dtype : 'float32');
function reduced(self, dims, keepdim, dtype) {
  return allocate(reducedShape(self.shape, dims, keepdim), dtype);
}
var sumForward = (self, dims, keepdim, dtype) => {
  const out = reduced(self, dims, keepdim, dtype ?? sumDType(self.dtype));
  const lossy = dtype === 'bool' || (dtype !== null && !isFloating(dtype) && isFloating(self.dtype));
  if (lossy) sum(castForward(self, dtype), dims, out);
  else if (!launchSum(self, dims, out)) sum(self, dims, out);
  return out;
};
function castForward(self, dtype) {
  const out = allocate(self.shape, dtype);
  copy(self, out);
  return out;
}
var meanForward = (self, dims, keepdim, dtype) => {
  const out = reduced(self, dims, keepdim, dtype ?? self.dtype);
  if (!launchSum(self, dims, out, true)) sum(self, dims, out, true);
  return out;
};
function sum2(self, dim, keepdim, options) {
  const [dims, keep2, dtype] = sumArguments('sum', self, dim, keepdim, options);
  return dispatch('sum', sumForward, [self, dims, keep2, dtype]);
}
function mean(self, dim, keepdim, options) {
  const [dims, keep2, dtype] = sumArguments('mean', self, dim, keepdim, options);
  const computed = dtype ?? self.dtype;
  if (!isFloating(computed)) {
    throw new DTypeError(
      `could not infer output dtype, it must be floating, but got ${computed}; name one by { dtype: 'float32' }`,
      { op: 'mean', operands: { self: self.dtype, dtype } },
    );
  }
  return dispatch('mean', meanForward, [self, dims, keep2, dtype]);
}
function sumArguments(op2, self, ...args) {
  if (args[0] === void 0 && args[1] === void 0 && args[2] === void 0) {
    return [dimsOf(op2, self, null), false, null];
  }
  const [dim, keepdim, dtype] = named(op2, ['dim', 'keepdim', 'dtype'], args);
  const checked = dtype === void 0 || dtype === null ? null : checkDType(op2, dtype);
  return [dimsOf(op2, self, dim), flag(op2, 'keepdim', keepdim), checked];
}
var prodForward = (self, dim, keepdim) => {
  const dims = dim === null ? wrapDims('prod', null, self.shape.length) : wrapDims('prod', dim, self.shape.length);
  const out = reduced(self, dims, keepdim, sumDType(self.dtype));
  prod(self, dims, out);
  return out;
};
function prod2(self, dim, keepdim, options) {
  const [d, k, dtype] = named('prod', ['dim', 'keepdim', 'dtype'], [dim, keepdim, options]);
  const wrapped = d === void 0 || d === null ? null : oneDim('prod', self, d);
  const product = dispatch('prod', prodForward, [cast('prod', self, dtype), wrapped, flag('prod', 'keepdim', k)]);
  return cast('prod', product, dtype);
}
function extremeForward(largest) {
  return (self, dims, keepdim) => {
    const out = reduced(self, dims, keepdim, self.dtype);
    if (!launchExtreme(self, dims, largest, out)) extreme(self, dims, largest, out);
    return out;
  };
}
var amaxForward = extremeForward(true);
var aminForward = extremeForward(false);
function amax(self, dim, keepdim) {
  const [dims, keep2] = reduceArguments('amax', self, dim, keepdim);
  requireElements('amax', self, dims);
  return dispatch('amax', amaxForward, [self, dims, keep2]);
}
function amin(self, dim, keepdim) {
  const [dims, keep2] = reduceArguments('amin', self, dim, keepdim);
  requireElements('amin', self, dims);
  return dispatch('amin', aminForward, [self, dims, keep2]);
}
function extremeOfAll(largest) {
  const forward = largest ? amaxForward : aminForward;
  return (self) => forward(self, wrapDims(largest ? 'max' : 'min', null, self.shape.length), false);
}
var maxForward = extremeOfAll(true);
var minForward = extremeOfAll(false);
function extremeAlongDim(largest) {
  return (self, dim, keepdim) => {
    const dims = wrapDims('max', dim, self.shape.length);
    const values = reduced(self, dims, keepdim, self.dtype);
    const indices = reduced(self, dims, keepdim, 'int32');
    if (!launchArg(self, dim, largest, indices, values)) argExtreme(self, dim, largest, indices, values);
    return [values, indices];
  };
}
var maxDimForward = extremeAlongDim(true);
var minDimForward = extremeAlongDim(false);
function extremeOf(op2, self, dim, keepdim) {
  if (isTensor(dim)) return op2 === 'max' ? maximum(self, dim) : minimum(self, dim);
  if (dim === void 0) {
    requireElements(op2, self, wrapDims(op2, null, self.shape.length));
    return op2 === 'max' ? dispatch('max', maxForward, [self]) : dispatch('min', minForward, [self]);
  }
  const [d, k] = named(op2, ['dim', 'keepdim'], [dim, keepdim]);
  const wrapped = oneDim(op2, self, d);
  requireElements(op2, self, wrapDims(op2, wrapped, self.shape.length));
  const keep2 = flag(op2, 'keepdim', k);
  const results =
    op2 === 'max'
      ? dispatch('maxDim', maxDimForward, [self, wrapped, keep2])
      : dispatch('minDim', minDimForward, [self, wrapped, keep2]);
  return namedTuple(['values', 'indices'], results);
}
function max(self, dim, keepdim) {
  return extremeOf('max', self, dim, keepdim);
}
function min(self, dim, keepdim) {
  return extremeOf('min', self, dim, keepdim);
}
function argForward(largest) {
  return (self, dim, keepdim) => {
    const out = reduced(self, wrapDims('argmax', dim, self.shape.length), keepdim, 'int32');
    if (launchArg(self, dim, largest, out, null)) return out;
    if (dim !== null) argExtreme(self, dim, largest, out, null);
    else out.array[out.offset] = argExtremeOfAll(self, largest);
    return out;
  };
}
var argmaxForward = argForward(true);
var argminForward = argForward(false);
function argArguments(op2, self, dim, keepdim) {
  refuseBool(op2, self.dtype);
  const [d, k] = named(op2, ['dim', 'keepdim'], [dim, keepdim]);
  const wrapped = d === void 0 || d === null ? null : oneDim(op2, self, d);
  requireElements(op2, self, wrapDims(op2, wrapped, self.shape.length));
  return [wrapped, flag(op2, 'keepdim', k)];
}
function argmax(self, dim, keepdim) {
  return dispatch('argmax', argmaxForward, [self, ...argArguments('argmax', self, dim, keepdim)]);
}
function argmin(self, dim, keepdim) {
  return dispatch('argmin', argminForward, [self, ...argArguments('argmin', self, dim, keepdim)]);
}
var varForward = (self, dims, correction, keepdim) => {
  const out = reduced(self, dims, keepdim, self.dtype);
  if (!launchVariance(self, dims, correction, false, out)) variance(self, dims, correction, false, out);
  return out;
};
var stdForward = (self, dims, correction, keepdim) => {
  const out = reduced(self, dims, keepdim, self.dtype);
  if (!launchVariance(self, dims, correction, true, out)) variance(self, dims, correction, true, out);
  return out;
};
function varArguments(op2, self, args) {
  requireFloat(op2, self.dtype);
  const given = typeof args[0] === 'boolean' ? [null, ...args] : args;
  const [dim, unbiased, keepdim, correction] = named(op2, ['dim', 'unbiased', 'keepdim', 'correction'], given);
  if (unbiased !== void 0 && unbiased !== null && correction !== void 0 && correction !== null) {
    throw new ValueError('takes unbiased or correction, but got both', { op: op2, operands: { unbiased, correction } });
  }
  const by = correction ?? (flag(op2, 'unbiased', unbiased ?? true) ? 1 : 0);
  if (typeof by !== 'number') {
    throw new ValueError(`correction must be a number, but got ${show(by)}`, {
      op: op2,
      operands: { correction },
    });
  }
  return [dimsOf(op2, self, dim), by, flag(op2, 'keepdim', keepdim)];
}
function variance2(self, dim, unbiased, keepdim) {
  return dispatch('var', varForward, [self, ...varArguments('var', self, [dim, unbiased, keepdim])]);
}
function std(self, dim, unbiased, keepdim) {
  return dispatch('std', stdForward, [self, ...varArguments('std', self, [dim, unbiased, keepdim])]);
}
var normForward = (self, p, dims, keepdim) => {
  const out = reduced(self, dims, keepdim, self.dtype);
  norm(self, p, dims, out);
  return out;
};
function norm2(self, p, dim, keepdim, options) {
  const [order, d, k, dtype] = named('norm', ['p', 'dim', 'keepdim', 'dtype'], [p, dim, keepdim, options]);
  const exponent = normOrder(order);
  const input = cast('norm', self, dtype);
  requireFloat('norm', input.dtype);
  const dims = dimsOf('norm', self, d);
  if (exponent < 0 || exponent === Infinity) requireElements('norm', self, dims);
  return dispatch('norm', normForward, [input, exponent, dims, flag('norm', 'keepdim', k)]);
}
function normOrder(p) {
  if (p === void 0 || p === null || p === 'fro') return 2;
  if (p === 'nuc') {
    throw new NotImplementedError('the nuclear norm is not offered; there is no singular value decomposition', {
      op: 'norm',
    });
  }
  if (typeof p === 'number' && !Number.isNaN(p)) return p;
  throw new ValueError(`p must be a number or 'fro', but got ${show(p)}`, { op: 'norm', operands: { p } });
}
var logsumexpForward = (self, dims, keepdim) => {
  const out = reduced(self, dims, keepdim, toFloat2(self.dtype));
  logsumexp(self, dims, out);
  return out;
};
function logsumexp2(self, dim, keepdim) {
  return dispatch('logsumexp', logsumexpForward, [self, ...reduceArguments('logsumexp', self, dim, keepdim)]);
}
function logicalForward(all2) {
  return (self, dims, keepdim) => {
    const out = reduced(self, dims, keepdim, self.dtype === 'uint8' ? 'uint8' : 'bool');
    logical(self, dims, all2, out);
    return out;
  };
}
var anyForward = logicalForward(false);
var allForward = logicalForward(true);
function any(self, dim, keepdim) {
  return dispatch('any', anyForward, [self, ...reduceArguments('any', self, dim, keepdim)]);
}
function all(self, dim, keepdim) {
  return dispatch('all', allForward, [self, ...reduceArguments('all', self, dim, keepdim)]);
}
function countNonzero2(self, dim) {
  const [d] = named('countNonzero', ['dim'], [dim]);
  return sumForward(ne(self, 0), dimsOf('countNonzero', self, d), false, null);
}
var cumsumForward = (self, dim) => {
  const out = allocate(self.shape, sumDType(self.dtype));
  cumsum(self, dim, out);
  return out;
};
var cumprodForward = (self, dim) => {
  const out = allocate(self.shape, sumDType(self.dtype));
  cumprod(self, dim, out);
  return out;
};
function runningArguments(op2, self, dim, options) {
  const [wrapped, dtype = null] = lineArguments(op2, self, dim, options);
  if (dtype !== null) refuseBool(op2, dtype);
  return [cast(op2, self, dtype), wrapped, dtype];
}
function cumsum2(self, dim, options) {
  const [input, wrapped, dtype] = runningArguments('cumsum', self, dim, options);
  return cast('cumsum', dispatch('cumsum', cumsumForward, [input, wrapped]), dtype);
}
function cumprod2(self, dim, options) {
  const [input, wrapped, dtype] = runningArguments('cumprod', self, dim, options);
  return cast('cumprod', dispatch('cumprod', cumprodForward, [input, wrapped]), dtype);
}

// packages/core/src/ops/loss.ts
var nllLossForward = (input, target, weight, reduction, ignoreIndex) => {
  checkTargets('nllLoss', target, input.shape[1], ignoreIndex);
  const loss = allocate(reduction === 'none' ? target.shape : [], input.dtype);
  const totalWeight = allocate([], input.dtype);
  nll(input, target, weight, reduction, ignoreIndex, loss, totalWeight);
  return [loss, totalWeight];
};
var nllLossBackwardForward = (grad, inputShape, target, weight, reduction, ignoreIndex, totalWeight) => {
  checkTargets('nllLossBackward', target, inputShape[1], ignoreIndex);
  const out = allocate(inputShape, grad.dtype);
  nllBackward(grad, target, weight, reduction, ignoreIndex, scalarOf2(totalWeight), out);
  return out;
};
var mseLossForward = (input, target, reduction) => {
  const out = allocate(reduction === 'none' ? input.shape : [], input.dtype);
  mse(input, target, reduction, out);
  return out;
};
function scalarOf2(self) {
  return Number(self.array[self.offset]);
}
function checkTargets(op2, target, classes, ignoreIndex) {
  const stray = strayTarget(target, classes, ignoreIndex);
  if (stray === null) return;
  throw new IndexError(`Target ${stray} is out of bounds for ${classes} classes`, {
    op: op2,
    operands: { target: stray, classes, ignoreIndex },
  });
}
function reductionOf(op2, sizeAverage, reduce2, reduction = 'mean', known = ['none', 'mean', 'sum']) {
  for (const [name2, value] of Object.entries({ sizeAverage, reduce: reduce2 })) {
    if (value === void 0 || value === null || typeof value === 'boolean') continue;
    throw new ValueError(
      `${name2} must be a boolean or null (it is deprecated; give { reduction } instead), but got ${show(value)}`,
      { op: op2, operands: { [name2]: value } },
    );
  }
  if (typeof sizeAverage === 'boolean' || typeof reduce2 === 'boolean') {
    return reduce2 === false ? 'none' : sizeAverage === false ? 'sum' : 'mean';
  }
  if (known.includes(reduction)) return reduction;
  throw new ValueError(`${String(reduction)} is not a valid value for reduction; known are ${known.join(', ')}`, {
    op: op2,
    operands: { reduction },
  });
}
function reduced2(loss, reduction) {
  return reduction === 'none' ? loss : reduction === 'mean' ? mean(loss) : sum2(loss);
}
function constant2(compute) {
  const before = modes.grad;
  modes.grad = false;
  try {
    return compute();
  } finally {
    modes.grad = before;
  }
}
var warned = false;
function warnBroadcast(op2, input, target) {
  if (warned || sameShape(input.shape, target.shape)) return;
  warned = true;
  console.warn(
    `${op2}: using a target size (${formatShape(target.shape)}) that is different to the input size (${formatShape(input.shape)}). This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.`,
  );
}
var NLL_NAMES = ['target', 'weight', 'sizeAverage', 'ignoreIndex', 'reduce', 'reduction'];
function checkClassWeight(op2, weight, input, classes) {
  if (weight === null) return;
  if (weight.ndim !== 1 || weight.shape[0] !== classes) {
    throw new ShapeError(
      `weight tensor should be defined either for all ${classes} classes or no classes but got weight tensor of shape: ` +
        formatShape(weight.shape),
      { op: op2, operands: { weight: weight.shape, classes } },
    );
  }
  if (weight.dtype !== input.dtype) {
    throw new DTypeError(`expected weight to have the dtype of the input, ${input.dtype}, but got ${weight.dtype}`, {
      op: op2,
      operands: { weight: weight.dtype, input: input.dtype },
    });
  }
}
function checkClassTarget(op2, input, target) {
  if (target.dtype !== 'int32' && target.dtype !== 'int64' && target.dtype !== 'uint8') {
    throw new DTypeError(
      `expected class indices of dtype int32, int64 or uint8, but found ${target.dtype}; cast with .to('int32')`,
      { op: op2, operands: { target: target.dtype } },
    );
  }
  const operands = { input, target: target.shape };
  if (target.ndim === 0 || input[0] !== target.shape[0]) {
    throw new ShapeError(
      `Expected input batch_size (${input[0]}) to match target batch_size (${target.ndim === 0 ? 'none' : target.shape[0]}), shapes ${formatShape(input)} and ${formatShape(target.shape)}`,
      { op: op2, operands },
    );
  }
  const expected = [input[0], ...input.slice(2)];
  if (sameShape(target.shape, expected)) return;
  const rule =
    input.length === 2
      ? `0D or 1D target tensor expected, multi-target not supported, but got ${formatShape(target.shape)}`
      : `Expected target size ${formatShape(expected)}, got ${formatShape(target.shape)}`;
  throw new ShapeError(`${rule}, for input of size ${formatShape(input)}`, { op: op2, operands });
}
function batchOfOne(op2, input, target) {
  if (target.ndim > 0) {
    throw new ShapeError(
      `size mismatch (got input: ${formatShape(input.shape)}, target: ${formatShape(target.shape)})`,
      {
        op: op2,
        operands: { input: input.shape, target: target.shape },
      },
    );
  }
  return [unsqueeze(input, 0), unsqueeze(target, 0)];
}
function checkClassInput(op2, input) {
  const checked = checkTensor(op2, 'input', input);
  if (checked.ndim < 1)
    throw new ShapeError('Expected 1 or more dimensions (got 0)', { op: op2, operands: { input: checked.shape } });
  requireFloat(op2, checked.dtype);
  return checked;
}
function nllOf(op2, input, target, weight, reduction, ignoreIndex) {
  checkClassTarget(op2, input.shape, target);
  checkClassWeight(op2, weight, input, input.shape[1]);
  return dispatch('nllLoss', nllLossForward, [input, target, weight, reduction, ignoreIndex]);
}
function checkIgnoreIndex(op2, ignoreIndex) {
  if (Number.isInteger(ignoreIndex)) return ignoreIndex;
  throw new ValueError(`ignoreIndex must be an integer, but got ${String(ignoreIndex)}`, {
    op: op2,
    operands: { ignoreIndex },
  });
}
function nllLoss(input, target, weight, sizeAverage, ignoreIndex, reduce2, reduction) {
  const op2 = 'nllLoss';
  const args = [target, weight, sizeAverage, ignoreIndex, reduce2, reduction];
  const [t2, w, average, ignored = -100, r, kind] = named(op2, NLL_NAMES, args);
  const x = checkClassInput(op2, input);
  const classes = checkTensor(op2, 'target', t2);
  const how = reductionOf(op2, average, r, kind);
  const unbatched = x.ndim === 1;
  const [batch, targets] = unbatched ? batchOfOne(op2, x, classes) : [x, classes];
  const [loss] = nllOf(op2, batch, targets, tensorOrNull(op2, 'weight', w), how, checkIgnoreIndex(op2, ignored));
  return unbatched && how === 'none' ? squeeze(loss, 0) : loss;
}
function nllLossBackward(grad, inputShape, target, weight, reduction, ignoreIndex, totalWeight) {
  const op2 = 'nllLossBackward';
  checkClassTarget(op2, inputShape, target);
  checkClassWeight(op2, weight, grad, inputShape[1]);
  const expected = reduction === 'none' ? target.shape : [];
  if (!sameShape(grad.shape, expected)) {
    throw new ShapeError(`expected a gradient of shape ${formatShape(expected)}, but got ${formatShape(grad.shape)}`, {
      op: op2,
      operands: { grad: grad.shape, expected },
    });
  }
  const args = [grad, inputShape, target, weight, reduction, ignoreIndex, totalWeight];
  return dispatch('nllLossBackward', nllLossBackwardForward, args);
}
function crossEntropy(input, target, weight, sizeAverage, ignoreIndex, reduce2, reduction, labelSmoothing) {
  const op2 = 'crossEntropy';
  const args = [target, weight, sizeAverage, ignoreIndex, reduce2, reduction, labelSmoothing];
  const [t2, w, average, ignored = -100, r, kind, smoothing = 0] = named(op2, [...NLL_NAMES, 'labelSmoothing'], args);
  const x = checkClassInput(op2, input);
  const y = checkTensor(op2, 'target', t2);
  const how = reductionOf(op2, average, r, kind);
  if (!(smoothing >= 0 && smoothing <= 1)) {
    throw new ValueError(`labelSmoothing must be between 0.0 and 1.0. Got: ${String(smoothing)}`, {
      op: op2,
      operands: { labelSmoothing: smoothing },
    });
  }
  const classWeight = tensorOrNull(op2, 'weight', w);
  const ignoreAt = checkIgnoreIndex(op2, ignored);
  const unbatched = x.ndim === 1;
  let loss;
  if (sameShape(x.shape, y.shape)) {
    const [batch, probabilities] = unbatched ? [unsqueeze(x, 0), unsqueeze(y, 0)] : [x, y];
    loss = crossEntropyOfProbabilities(batch, probabilities, classWeight, how, ignoreAt, smoothing);
  } else {
    const [batch, classes] = unbatched ? batchOfOne(op2, x, y) : [x, y];
    loss = crossEntropyOfClasses(batch, classes, classWeight, how, ignoreAt, smoothing);
  }
  return unbatched && how === 'none' ? squeeze(loss, 0) : loss;
}
function weighted(logs, weight) {
  if (weight === null) return logs;
  return mul(logs, view(weight, [weight.shape[0], ...new Array(logs.ndim - 2).fill(1)]));
}
function crossEntropyOfClasses(input, target, weight, reduction, ignoreIndex, smoothing) {
  const op2 = 'crossEntropy';
  checkClassTarget(op2, input.shape, target);
  checkClassWeight(op2, weight, input, input.shape[1]);
  const logs = logSoftmax2(input, 1);
  const [loss, totalWeight] = nllOf(op2, logs, target, weight, reduction, ignoreIndex);
  if (smoothing === 0) return loss;
  const everyClass = neg(sum2(weighted(logs, weight), 1));
  const counted = maskedFill(everyClass, eq(target, ignoreIndex), 0);
  const spread =
    reduction === 'mean' ? div(sum2(counted), scalarOf2(totalWeight)) : reduction === 'sum' ? sum2(counted) : counted;
  return add(mul(loss, 1 - smoothing), mul(spread, smoothing / input.shape[1]));
}
function crossEntropyOfProbabilities(input, target, weight, reduction, ignoreIndex, smoothing) {
  const op2 = 'crossEntropy';
  if (!isFloating(target.dtype)) {
    throw new DTypeError(`Expected floating point type for target with class probabilities, got ${target.dtype}`, {
      op: op2,
      operands: { target: target.dtype },
    });
  }
  if (ignoreIndex >= 0) {
    throw new ValueError('ignoreIndex is not supported for floating point target', {
      op: op2,
      operands: { ignoreIndex },
    });
  }
  const classes = input.shape[1];
  checkClassWeight(op2, weight, input, classes);
  const probabilities = smoothing === 0 ? target : add(mul(target, 1 - smoothing), smoothing / classes);
  const terms = weighted(mul(logSoftmax2(input, 1), probabilities), weight);
  if (reduction === 'none') return neg(sum2(terms, 1));
  const total = neg(sum2(terms));
  if (reduction === 'sum') return total;
  const samples2 = input.shape.reduce((count2, size, d) => (d === 1 ? count2 : count2 * size), 1);
  return div(total, samples2);
}
var PAIR_NAMES = ['target', 'sizeAverage', 'reduce', 'reduction'];
function pairOf(op2, input, target) {
  const x = checkTensor(op2, 'input', input);
  const y = checkTensor(op2, 'target', target);
  broadcastShapes(op2, x.shape, y.shape);
  warnBroadcast(op2, x, y);
  return [x, y];
}
function mseLoss(input, target, sizeAverage, reduce2, reduction) {
  const op2 = 'mseLoss';
  const [t2, average, r, kind] = named(op2, PAIR_NAMES, [target, sizeAverage, reduce2, reduction]);
  const how = reductionOf(op2, average, r, kind);
  const [x, y] = pairOf(op2, input, t2);
  const dtype = promoteTypes(x.dtype, y.dtype);
  requireFloat(op2, dtype);
  const shape = broadcastShapes(op2, x.shape, y.shape);
  const fit2 = (z) => {
    const cast2 = z.dtype === dtype ? z : to(z, dtype);
    return sameShape(cast2.shape, shape) ? cast2 : expand(cast2, shape);
  };
  return dispatch('mseLoss', mseLossForward, [fit2(x), fit2(y), how]);
}
function l1Loss(input, target, sizeAverage, reduce2, reduction) {
  const op2 = 'l1Loss';
  const [t2, average, r, kind] = named(op2, PAIR_NAMES, [target, sizeAverage, reduce2, reduction]);
  const how = reductionOf(op2, average, r, kind);
  const [x, y] = pairOf(op2, input, t2);
  return reduced2(abs2(sub(x, y)), how);
}
function parabolaThenLine(x, y, knee) {
  const z = abs2(sub(x, y));
  const near2 = minimum(z, knee);
  return add(mul(mul(near2, near2), 0.5), mul(sub(z, near2), knee));
}
function lineToTheLeft(x, y) {
  const d = sub(x, y);
  const slope = constant2(() => where(le(d, 0), -1, onesLike(d)));
  return add(mul(d, slope), 0);
}
function smoothL1Loss(input, target, sizeAverage, reduce2, reduction, beta) {
  const op2 = 'smoothL1Loss';
  const args = [target, sizeAverage, reduce2, reduction, beta];
  const [t2, average, r, kind, b = 1] = named(op2, [...PAIR_NAMES, 'beta'], args);
  const how = reductionOf(op2, average, r, kind);
  if (!(b >= 0)) {
    throw new ValueError(`does not support negative values for beta, but got ${String(b)}`, {
      op: op2,
      operands: { beta: b },
    });
  }
  const [x, y] = pairOf(op2, input, t2);
  requireFloat(op2, promoteTypes(x.dtype, y.dtype));
  return reduced2(b === 0 ? lineToTheLeft(x, y) : div(parabolaThenLine(x, y, b), b), how);
}
function huberLoss(input, target, reduction, delta) {
  const op2 = 'huberLoss';
  const [t2, kind, d = 1] = named(op2, ['target', 'reduction', 'delta'], [target, reduction, delta]);
  const how = reductionOf(op2, null, null, kind);
  if (!(d > 0)) {
    throw new ValueError(`does not support non-positive values for delta, but got ${String(d)}`, {
      op: op2,
      operands: { delta: d },
    });
  }
  const [x, y] = pairOf(op2, input, t2);
  requireFloat(op2, promoteTypes(x.dtype, y.dtype));
  return reduced2(parabolaThenLine(x, y, d), how);
}
var BINARY_NAMES = ['target', 'weight', 'sizeAverage', 'reduce', 'reduction'];
function checkBinaryPair(op2, input, target) {
  const x = checkTensor(op2, 'input', input);
  const y = checkTensor(op2, 'target', target);
  if (!sameShape(x.shape, y.shape)) {
    throw new ShapeError(
      `Using a target size (${formatShape(y.shape)}) that is different to the input size (${formatShape(x.shape)}): target size must be the same as input size`,
      { op: op2, operands: { input: x.shape, target: y.shape } },
    );
  }
  requireFloat(op2, x.dtype);
  if (y.dtype !== x.dtype) {
    throw new DTypeError(`Found dtype ${y.dtype} for the target but expected ${x.dtype}; cast with .to()`, {
      op: op2,
      operands: { input: x.dtype, target: y.dtype },
    });
  }
  return [x, y];
}
var LEAST_SPREAD = 1e-12;
var LEAST_LOG = -100;
function spreadOf(p) {
  return p * (1 - p);
}
function entropyInside(p, t2) {
  return sub(mul(sub(t2, 1), log1p2(neg(p))), mul(t2, log3(p)));
}
function entropyAtEnds(p, t2) {
  const fixed = constant2(() => to(p, { copy: true }));
  const logP = constant2(() => clamp(log3(fixed), { min: LEAST_LOG }));
  const logQ = constant2(() => clamp(log1p2(neg(fixed)), { min: LEAST_LOG }));
  const value = sub(mul(sub(t2, 1), logQ), mul(t2, logP));
  const parabola = sub(mul(sub(mul(p, p), mul(fixed, fixed)), 0.5), mul(t2, sub(p, fixed)));
  return add(value, div(parabola, LEAST_SPREAD));
}
function binaryCrossEntropy(input, target, weight, sizeAverage, reduce2, reduction) {
  const op2 = 'binaryCrossEntropy';
  const args = [target, weight, sizeAverage, reduce2, reduction];
  const [t2, w, average, r, kind] = named(op2, BINARY_NAMES, args);
  const how = reductionOf(op2, average, r, kind);
  const [x, y] = checkBinaryPair(op2, input, t2);
  const [least, most] = range(x);
  if (!(least >= 0 && most <= 1)) {
    throw new ValueError('all elements of input should be between 0 and 1', { op: op2, operands: { least, most } });
  }
  let loss;
  if (least > most || (spreadOf(least) >= LEAST_SPREAD && spreadOf(most) >= LEAST_SPREAD)) loss = entropyInside(x, y);
  else {
    const inside = constant2(() => ge(mul(x, sub(1, x)), LEAST_SPREAD));
    loss = where(inside, entropyInside(where(inside, x, 0.5), y), entropyAtEnds(where(inside, 0, x), y));
  }
  const factor = tensorOrNull(op2, 'weight', w);
  return reduced2(factor === null ? loss : mul(loss, factor), how);
}
function binaryCrossEntropyWithLogits(input, target, weight, sizeAverage, reduce2, reduction, posWeight) {
  const op2 = 'binaryCrossEntropyWithLogits';
  const args = [target, weight, sizeAverage, reduce2, reduction, posWeight];
  const [t2, w, average, r, kind, pw] = named(op2, [...BINARY_NAMES, 'posWeight'], args);
  const how = reductionOf(op2, average, r, kind);
  const [x, y] = checkBinaryPair(op2, input, t2);
  const factor = tensorOrNull(op2, 'weight', w);
  const positive = tensorOrNull(op2, 'posWeight', pw);
  const logs = logSigmoid(x);
  const scaled3 = positive === null ? logs : mul(logs, add(mul(sub(positive, 1), y), 1));
  const loss = sub(mul(sub(1, y), x), scaled3);
  return reduced2(factor === null ? loss : mul(loss, factor), how);
}
function klDiv(input, target, sizeAverage, reduce2, reduction, logTarget) {
  const op2 = 'klDiv';
  const [t2, average, r, kind, logs = false] = named(
    op2,
    [...PAIR_NAMES, 'logTarget'],
    [target, sizeAverage, reduce2, reduction, logTarget],
  );
  const how = reductionOf(op2, average, r, kind, ['none', 'mean', 'sum', 'batchmean']);
  const x = checkTensor(op2, 'input', input);
  const y = checkTensor(op2, 'target', t2);
  broadcastShapes(op2, x.shape, y.shape);
  const loss = logs ? mul(exp4(y), sub(y, x)) : sub(xlogy(y, y), mul(y, x));
  if (how !== 'batchmean') return reduced2(loss, how);
  return div(sum2(loss), x.ndim === 0 ? 1 : x.shape[0]);
}

// packages/core/src/reference/matmul.ts
function gemm2(m, n, k, a, b, out, alpha = 1, beta = 0) {
  if (out.dtype === 'int64') {
    gemmInt64(m, n, k, a, b, out, alpha, beta);
    return;
  }
  if (out.dtype === 'int32' || out.dtype === 'uint8') {
    gemmInt32(m, n, k, a, b, out, alpha, beta);
    return;
  }
  const x = a.array;
  const y = b.array;
  const z = out.array;
  const stepA = a.columnStride;
  const stepB = b.rowStride;
  for (let i = 0; i < m; i++) {
    const rowA = a.offset + i * a.rowStride;
    const rowOut = out.offset + i * out.rowStride;
    for (let j = 0; j < n; j++) {
      let p = rowA;
      let q = b.offset + j * b.columnStride;
      let sum3 = 0;
      for (let l = 0; l < k; l++, p += stepA, q += stepB) sum3 += x[p] * y[q];
      const at3 = rowOut + j * out.columnStride;
      z[at3] = beta === 0 ? alpha * sum3 : alpha * sum3 + beta * z[at3];
    }
  }
}
function gemmInt32(m, n, k, a, b, out, alpha, beta) {
  const x = a.array;
  const y = b.array;
  const z = out.array;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let p = a.offset + i * a.rowStride;
      let q = b.offset + j * b.columnStride;
      let sum3 = 0;
      for (let l = 0; l < k; l++, p += a.columnStride, q += b.rowStride) sum3 = (sum3 + Math.imul(x[p], y[q])) | 0;
      const at3 = out.offset + i * out.rowStride + j * out.columnStride;
      z[at3] = Math.imul(alpha, sum3) + (beta === 0 ? 0 : Math.imul(beta, z[at3]));
    }
  }
}
function gemmInt64(m, n, k, a, b, out, alpha, beta) {
  const z = out.array;
  const big = (array, at3) => BigInt(array[at3]);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum3 = 0n;
      for (let l = 0; l < k; l++) {
        sum3 +=
          big(a.array, a.offset + i * a.rowStride + l * a.columnStride) *
          big(b.array, b.offset + l * b.rowStride + j * b.columnStride);
      }
      const at3 = out.offset + i * out.rowStride + j * out.columnStride;
      z[at3] = toBigInt(alpha) * sum3 + (beta === 0 ? 0n : toBigInt(beta) * z[at3]);
    }
  }
}

// packages/core/src/ops/matmul.ts
function matrix(self, row, column, offset = self.offset) {
  return {
    array: self.array,
    dtype: self.dtype,
    offset,
    rowStride: row === null ? 0 : self.strides[row],
    columnStride: column === null ? 0 : self.strides[column],
  };
}
function multiply(m, n, k, a, av, b, bv, out, ov, alpha = 1, beta = 0) {
  if (fastGemm(m, n, k, a.storage, av, b.storage, bv, out.storage, ov, alpha, beta)) return;
  gemm2(m, n, k, av, bv, ov, alpha, beta);
}
function checkDTypes2(op2, a, b) {
  if (a.dtype !== b.dtype) {
    throw new DTypeError(`expected both operands to have the same dtype, but got ${a.dtype} and ${b.dtype}`, {
      op: op2,
      operands: { self: a.dtype, other: b.dtype },
    });
  }
  if (a.dtype === 'bool') {
    throw new DTypeError("is not defined for bool tensors; cast with .to('int32') or .to('float32') first", {
      op: op2,
      operands: { self: a.dtype },
    });
  }
}
function checkExpands(op2, name2, x, shape) {
  const lead = shape.length - x.ndim;
  if (lead >= 0 && x.shape.every((n, d) => n === 1 || n === shape[lead + d])) return;
  throw new ShapeError(`${name2} of shape ${formatShape(x.shape)} cannot be expanded to ${formatShape(shape)}`, {
    op: op2,
    operands: { [name2]: x.shape, shape },
  });
}
function mismatch(op2, a, b) {
  throw new ShapeError(
    `shapes cannot be multiplied (${a.shape.join('x')} and ${b.shape.join('x')}); the last size of the first must equal the first of the second`,
    { op: op2, operands: { self: a.shape, other: b.shape } },
  );
}
function checkDims(op2, name2, x, ndim) {
  if (x.ndim !== ndim) {
    throw new ShapeError(`${name2} must be ${ndim}-D, but has shape ${formatShape(x.shape)}`, {
      op: op2,
      operands: { [name2]: x.shape },
    });
  }
}
var dotForward = (a, b) => {
  const out = allocate([], a.dtype);
  multiply(1, 1, a.shape[0], a, matrix(a, null, 0), b, matrix(b, 0, null), out, matrix(out, null, null));
  return out;
};
function dot(self, other) {
  if (self.ndim !== 1 || other.ndim !== 1) {
    throw new ShapeError(`1D tensors expected, but got ${self.ndim}D and ${other.ndim}D tensors`, {
      op: 'dot',
      operands: { self: self.shape, other: other.shape },
    });
  }
  if (self.shape[0] !== other.shape[0]) {
    throw new ShapeError(
      `inconsistent tensor size, expected both to have the same number of elements, but got ${self.shape[0]} and ${other.shape[0]}`,
      { op: 'dot', operands: { self: self.shape, other: other.shape } },
    );
  }
  checkDTypes2('dot', self, other);
  return dispatch('dot', dotForward, [self, other]);
}
var mvForward = (a, x) => {
  const out = allocate([a.shape[0]], a.dtype);
  multiply(a.shape[0], 1, a.shape[1], a, matrix(a, 0, 1), x, matrix(x, 0, null), out, matrix(out, 0, null));
  return out;
};
function mv(self, vec) {
  checkDims('mv', 'self', self, 2);
  checkDims('mv', 'vec', vec, 1);
  if (self.shape[1] !== vec.shape[0]) mismatch('mv', self, vec);
  checkDTypes2('mv', self, vec);
  return dispatch('mv', mvForward, [self, vec]);
}
var mmForward = (a, b) => {
  const out = allocate([a.shape[0], b.shape[1]], a.dtype);
  multiply(a.shape[0], b.shape[1], a.shape[1], a, matrix(a, 0, 1), b, matrix(b, 0, 1), out, matrix(out, 0, 1));
  return out;
};
function mm(self, mat2) {
  checkDims('mm', 'self', self, 2);
  checkDims('mm', 'mat2', mat2, 2);
  if (self.shape[1] !== mat2.shape[0]) mismatch('mm', self, mat2);
  checkDTypes2('mm', self, mat2);
  return dispatch('mm', mmForward, [self, mat2]);
}
var bmmForward = (a, b) => {
  const [batch, m, k] = a.shape;
  const n = b.shape[2];
  const out = allocate([batch, m, n], a.dtype);
  for (let i = 0; i < batch; i++) {
    const av = matrix(a, 1, 2, a.offset + i * a.strides[0]);
    const bv = matrix(b, 1, 2, b.offset + i * b.strides[0]);
    multiply(m, n, k, a, av, b, bv, out, matrix(out, 1, 2, i * m * n));
  }
  return out;
};
function bmm(self, mat2) {
  checkDims('bmm', 'self', self, 3);
  checkDims('bmm', 'mat2', mat2, 3);
  if (self.shape[0] !== mat2.shape[0] || self.shape[2] !== mat2.shape[1]) mismatch('bmm', self, mat2);
  checkDTypes2('bmm', self, mat2);
  return dispatch('bmm', bmmForward, [self, mat2]);
}
var addmmForward = (self, a, b, beta, alpha) => {
  const shape = [a.shape[0], b.shape[1]];
  const out = allocate(shape, a.dtype);
  if (beta !== 0) {
    const strides = broadcastStrides(self.shape, self.strides, shape);
    copy({ array: self.array, shape, strides, offset: self.offset, dtype: self.dtype }, out);
  }
  multiply(
    a.shape[0],
    b.shape[1],
    a.shape[1],
    a,
    matrix(a, 0, 1),
    b,
    matrix(b, 0, 1),
    out,
    matrix(out, 0, 1),
    alpha,
    beta,
  );
  return out;
};
function checkScalars(op2, dtype, beta, alpha) {
  if (!isFloating(dtype) && !(Number.isInteger(beta) && Number.isInteger(alpha))) {
    throw new DTypeError(`beta and alpha must be integers for ${dtype} tensors, but got ${beta} and ${alpha}`, {
      op: op2,
      operands: { beta, alpha },
    });
  }
}
function addmm(self, mat1, mat2, options) {
  const [beta = 1, alpha = 1] = named('addmm', ['beta', 'alpha'], [options]);
  checkDims('addmm', 'mat1', mat1, 2);
  checkDims('addmm', 'mat2', mat2, 2);
  if (mat1.shape[1] !== mat2.shape[0]) mismatch('addmm', mat1, mat2);
  checkDTypes2('addmm', mat1, mat2);
  checkDTypes2('addmm', self, mat1);
  checkScalars('addmm', mat1.dtype, beta, alpha);
  checkExpands('addmm', 'self', self, [mat1.shape[0], mat2.shape[1]]);
  return dispatch('addmm', addmmForward, [self, mat1, mat2, beta, alpha]);
}
function baddbmm(self, batch1, batch2, options) {
  const [beta = 1, alpha = 1] = named('baddbmm', ['beta', 'alpha'], [options]);
  checkDims('baddbmm', 'batch1', batch1, 3);
  checkDims('baddbmm', 'batch2', batch2, 3);
  checkDTypes2('baddbmm', batch1, batch2);
  checkDTypes2('baddbmm', self, batch1);
  checkScalars('baddbmm', batch1.dtype, beta, alpha);
  checkExpands('baddbmm', 'self', self, [batch1.shape[0], batch1.shape[1], batch2.shape[2]]);
  const product = bmm(batch1, batch2);
  const scaled3 = alpha === 1 ? product : mul(product, alpha);
  return beta === 0 ? scaled3 : scaled3.add(beta === 1 ? self : mul(self, beta));
}
function matmul(self, other) {
  checkTensor('matmul', 'self', self);
  checkTensor('matmul', 'other', other);
  const a = self.ndim;
  const b = other.ndim;
  if (a === 0 || b === 0) {
    throw new ShapeError(`both arguments need to be at least 1D, but they are ${a}D and ${b}D`, {
      op: 'matmul',
      operands: { self: self.shape, other: other.shape },
    });
  }
  checkDTypes2('matmul', self, other);
  if (a === 1 && b === 1) return dot(self, other);
  if (a === 2 && b === 2) return mm(self, other);
  if (a === 2 && b === 1) return mv(self, other);
  if (a === 1 && b === 2) return squeeze(mm(unsqueeze(self, 0), other), 0);
  return batchedMatmul(self, other);
}
function batchedMatmul(self, other) {
  const k = self.shape[self.ndim - 1];
  const inner = other.shape[Math.max(other.ndim - 2, 0)];
  if (k !== inner) mismatch('matmul', self, other);
  if (self.ndim >= 3 && other.ndim <= 2) {
    const rows2 = sizeOf(self.shape.slice(0, -1));
    const flat2 = reshape(self, [rows2, k]);
    const lead = self.shape.slice(0, -1);
    return other.ndim === 1
      ? unsafeView(mv(flat2, other), lead)
      : unsafeView(mm(flat2, other), [...lead, other.shape[1]]);
  }
  if (self.ndim === 1) return squeeze(batchedMatmul(unsqueeze(self, 0), other), -2);
  const m = self.shape[self.ndim - 2];
  const n = other.shape[other.ndim - 1];
  const batch = broadcastShapes('matmul', self.shape.slice(0, -2), other.shape.slice(0, -2));
  const count2 = sizeOf(batch);
  const lhs = reshape(expand(self, [...batch, m, k]), [count2, m, k]);
  const rhs = reshape(expand(other, [...batch, k, n]), [count2, k, n]);
  return unsafeView(bmm(lhs, rhs), [...batch, m, n]);
}
function outer(self, vec2) {
  checkDims('outer', 'self', self, 1);
  checkDims('outer', 'vec2', vec2, 1);
  return mul(unsqueeze(self, 1), vec2);
}
function linear(input, weight, bias = null) {
  if (isOptions(bias)) return linear(input, weight, named('linear', ['bias'], [bias])[0]);
  if (weight.ndim > 2 || input.ndim === 0 || input.shape[input.ndim - 1] !== weight.shape[weight.ndim - 1]) {
    throw new ShapeError(
      `input of shape ${formatShape(input.shape)} and weight of shape ${formatShape(weight.shape)} cannot be multiplied; the last sizes must be equal`,
      { op: 'linear', operands: { input: input.shape, weight: weight.shape } },
    );
  }
  checkDTypes2('linear', input, weight);
  if (bias !== null) {
    checkDTypes2('linear', bias, weight);
    checkExpands('linear', 'bias', bias, [...input.shape.slice(0, -1), ...weight.shape.slice(0, -1)]);
  }
  if (weight.ndim === 1) {
    const out2 = matmul(input, weight);
    return bias === null ? out2 : out2.add(bias);
  }
  if (input.ndim === 2 && bias !== null) return addmm(bias, input, t(weight));
  const out = matmul(input, t(weight));
  return bias === null ? out : out.add(bias);
}
function matrixTranspose(self) {
  if (self.ndim === 0) return self;
  if (self.ndim === 1) {
    throw new ShapeError('is only supported on matrices or batches of matrices, but got a 1-D tensor', {
      op: 'mT',
      operands: { self: self.shape },
    });
  }
  return transpose3(self, -2, -1);
}

// packages/core/src/reference/norm.ts
var RUN2 = 1024;
function sumRun2(x, from, n) {
  if (n > RUN2) {
    const half = n >> 1;
    return sumRun2(x, from, half) + sumRun2(x, from + half, n - half);
  }
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = from;
  const end = from + n;
  for (; i + 4 <= end; i += 4) {
    s0 += x[i];
    s1 += x[i + 1];
    s2 += x[i + 2];
    s3 += x[i + 3];
  }
  for (; i < end; i++) s0 += x[i];
  return s0 + s1 + (s2 + s3);
}
function sumSquares2(x, from, n, center) {
  if (n > RUN2) {
    const half = n >> 1;
    return sumSquares2(x, from, half, center) + sumSquares2(x, from + half, n - half, center);
  }
  let s0 = 0;
  let s1 = 0;
  let i = from;
  const end = from + n;
  for (; i + 2 <= end; i += 2) {
    const d0 = x[i] - center;
    const d1 = x[i + 1] - center;
    s0 += d0 * d0;
    s1 += d1 * d1;
  }
  for (; i < end; i++) {
    const d0 = x[i] - center;
    s0 += d0 * d0;
  }
  return s0 + s1;
}
function channelStatistics(input) {
  const [batch, channels] = input.shape;
  const mean2 = new Float64Array(channels);
  const variance3 = new Float64Array(channels);
  const size = sizeOf(input.shape.slice(2));
  const count2 = batch * size;
  if (count2 === 0) return { mean: mean2, variance: variance3, count: count2 };
  const { array, offset } = dense(input);
  for (let n = 0, at3 = offset; n < batch; n++) {
    for (let c = 0; c < channels; c++, at3 += size) mean2[c] += size === 1 ? array[at3] : sumRun2(array, at3, size);
  }
  for (let c = 0; c < channels; c++) mean2[c] /= count2;
  for (let n = 0, at3 = offset; n < batch; n++) {
    for (let c = 0; c < channels; c++, at3 += size) variance3[c] += sumSquares2(array, at3, size, mean2[c]);
  }
  for (let c = 0; c < channels; c++) variance3[c] /= count2;
  return { mean: mean2, variance: variance3, count: count2 };
}
function normalise(input, mean2, invstd, weight, bias, out) {
  if (sizeOf(out.shape) === 0) return;
  const [batch, channels] = input.shape;
  const size = sizeOf(input.shape.slice(2));
  const { array, offset } = dense(input);
  const y = out.array;
  let from = offset;
  let to2 = out.offset;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++, from += size, to2 += size) {
      const scale2 = weight === null ? invstd[c] : invstd[c] * weight[c];
      normaliseRun(array, from, y, to2, size, mean2[c], scale2, bias === null ? 0 : bias[c]);
    }
  }
}
function normaliseRun(x, from, y, to2, n, mean2, scale2, shift) {
  for (let i = 0; i < n; i++) y[to2 + i] = (x[from + i] - mean2) * scale2 + shift;
}
function updateRunning(running2, values, momentum) {
  const array = running2.array;
  const step = running2.strides.length === 1 ? running2.strides[0] : 1;
  for (let c = 0, at3 = running2.offset; c < values.length; c++, at3 += step) {
    array[at3] = (1 - momentum) * array[at3] + momentum * values[c];
  }
}

// packages/core/src/wasm/kernels/norm.ts
function normaliseName(dtype, along) {
  return `${dtype === 'float32' ? 'f32' : 'f64'}_normalise_${along}`;
}
function vectorOf(code, dtype, v, halves, factors) {
  const { f32x4, f64x2, i32x4 } = code;
  const result = (x, half) => {
    const [mean2, scale2, shift] = factors(half);
    const at3 = halves[half];
    at3.set(x);
    at3.set(f64x2.sub(at3, mean2));
    at3.set(f64x2.mul(at3, scale2));
    return f64x2.add(at3, shift);
  };
  if (dtype === 'float64') return result(v.get(), 0);
  const [low, high] = halves;
  low.set(f32x4.demote_f64x2_zero(result(f64x2.promote_low_f32x4(v), 0)));
  high.set(f32x4.demote_f64x2_zero(result(f64x2.promote_low_f32x4(i32x4.shuffle([2, 3, 2, 3], v, v)), 1)));
  return i32x4.shuffle([0, 1, 4, 5], low, high);
}
function single({ v128 }, dtype) {
  return {
    load: (p) => (dtype === 'float32' ? v128.load32_zero(p) : v128.load64_zero(p)),
    store: (p, v) => {
      if (dtype === 'float32') v128.store32_lane(0, p, v);
      else v128.store64_lane(0, p, v);
    },
  };
}
function emitNormaliseRows(dtype) {
  return (code) => {
    const { i32, v128 } = code;
    const bytes = dtype === 'float32' ? 4 : 8;
    const params = { rows: 'i32', channels: 'i32', size: 'i32', x: 'i32', out: 'i32' };
    const tables2 = { means: 'i32', scales: 'i32', shifts: 'i32' };
    code.export(
      'run',
      { ...params, ...tables2 },
      [],
      ({ rows: rows2, channels, size, x, out, means, scales, shifts }) => {
        const [row, channel, end, vectorEnd] = code.locals('i32', 4);
        const [v, low, high, mean2, scale2, shift] = code.locals('v128', 6);
        const rowBytes = code.local('i32', code.scale(size, bytes));
        const one = single(code, dtype);
        const result = () => vectorOf(code, dtype, v, [low, high], () => [mean2, scale2, shift]);
        code.forRange(row, 0, rows2, 1, () => {
          mean2.set(v128.load64_splat(code.index(means, channel, 8)));
          scale2.set(v128.load64_splat(code.index(scales, channel, 8)));
          shift.set(v128.load64_splat(code.index(shifts, channel, 8)));
          end.set(i32.add(x, rowBytes));
          vectorEnd.set(i32.add(x, i32.and(rowBytes, -16)));
          code.whileLess(x, vectorEnd, () => {
            v.set(v128.load(x));
            v128.store(out, result());
            code.increase(x, 16);
            code.increase(out, 16);
          });
          code.whileLess(x, end, () => {
            v.set(one.load(x));
            v.set(result());
            one.store(out, v);
            code.increase(x, bytes);
            code.increase(out, bytes);
          });
          code.increase(channel, 1);
          code.if(i32.eq(channel, channels), () => channel.set(0));
        });
      },
    );
  };
}
function emitNormaliseColumns(dtype) {
  return (code) => {
    const { i32, v128 } = code;
    const bytes = dtype === 'float32' ? 4 : 8;
    const lanes = 16 / bytes;
    const params = { rows: 'i32', channels: 'i32', x: 'i32', out: 'i32' };
    const tables2 = { means: 'i32', scales: 'i32', shifts: 'i32' };
    code.export('run', { ...params, ...tables2 }, [], ({ rows: rows2, channels, x, out, means, scales, shifts }) => {
      const [row, end, vectorEnd] = code.locals('i32', 3);
      const [v, low, high] = code.locals('v128', 3);
      const factors = code.locals('v128', 3);
      const pointers = code.locals('i32', 3);
      const rowBytes = code.local('i32', code.scale(channels, bytes));
      const one = single(code, dtype);
      const result = () =>
        vectorOf(code, dtype, v, [low, high], (half) => {
          factors.forEach((factor, i) => {
            factor.set(v128.load(pointers[i], 16 * half));
          });
          return factors;
        });
      const advance = (elements2) => {
        for (const pointer of pointers) code.increase(pointer, elements2 * 8);
        code.increase(x, elements2 * bytes);
        code.increase(out, elements2 * bytes);
      };
      code.forRange(row, 0, rows2, 1, () => {
        [means, scales, shifts].forEach((table, i) => {
          pointers[i].set(table);
        });
        end.set(i32.add(x, rowBytes));
        vectorEnd.set(i32.add(x, i32.and(rowBytes, -16)));
        code.whileLess(x, vectorEnd, () => {
          v.set(v128.load(x));
          v.set(result());
          v128.store(out, v);
          advance(lanes);
        });
        code.whileLess(x, end, () => {
          v.set(one.load(x));
          v.set(result());
          one.store(out, v);
          advance(1);
        });
      });
    });
  };
}

// packages/core/src/wasm/launchNorm.ts
var MIN_SIZE5 = 1024;
var SLACK_BYTES = 32;
function launchStatistics(input) {
  const dims = input.shape.map((_, d) => d).filter((d) => d !== 1);
  const moments = launchMoments(input, dims);
  if (moments === null) return null;
  const { means, squares, count: count2 } = moments;
  return { mean: means, variance: squares.map((s) => s / count2), count: count2 };
}
function launchNormalise(input, mean2, invstd, weight, bias, out) {
  const { dtype, shape } = input;
  if ((dtype !== 'float32' && dtype !== 'float64') || sizeOf(shape) < MIN_SIZE5 || !features().simd) return false;
  const [batch, channels] = shape;
  const size = sizeOf(shape.slice(2));
  const tables2 = [
    mean2,
    weight === null ? invstd : invstd.map((scale2, c) => scale2 * weight[c]),
    // A copy, since it may be a view of the heap, which may grow below.
    bias === null ? new Float64Array(channels) : bias.slice(),
  ];
  const staging = new Staging();
  const places = tables2.map((table) => staging.reserve(table.byteLength + SLACK_BYTES));
  const source2 = staging.addTensor(rowMajor3(input));
  const result = staging.addTensor(out);
  staging.open(result);
  const pointers = places.map((place3) => staging.at(place3));
  tables2.forEach((table, i) => {
    new Float64Array(heap().memory.buffer, pointers[i], channels).set(table);
  });
  const operands = [staging.pointer(source2), staging.pointer(result), ...pointers];
  if (size === 1) {
    const { run: run2 } = kernel(normaliseName(dtype, 'columns'), emitNormaliseColumns(dtype), heap().memory);
    run2(batch, channels, ...operands);
  } else {
    const { run: run2 } = kernel(normaliseName(dtype, 'rows'), emitNormaliseRows(dtype), heap().memory);
    run2(batch * channels, channels, size, ...operands);
  }
  staging.write(result);
  return true;
}

// packages/core/src/ops/norm.ts
var batchNormForward = (input, weight, bias, runningMean, runningVar, training, momentum, eps) => {
  const channels = input.shape[1];
  const output = allocate(input.shape, input.dtype);
  const mean2 = allocate([channels], input.dtype);
  const invstd = allocate([channels], input.dtype);
  let center;
  let spread;
  if (training) {
    const statistics = launchStatistics(input) ?? channelStatistics(input);
    center = statistics.mean;
    spread = statistics.variance;
    if (statistics.count > 0) {
      const { count: count2 } = statistics;
      if (runningMean !== null) write2(runningMean, center, momentum);
      if (runningVar !== null)
        write2(
          runningVar,
          spread.map((v) => (v * count2) / (count2 - 1)),
          momentum,
        );
    }
  } else {
    center = doubles(runningMean).slice();
    spread = doubles(runningVar).slice();
  }
  const scale2 = spread.map((v) => 1 / Math.sqrt(v + eps));
  const factor = weight === null ? null : doubles(weight);
  const shift = bias === null ? null : doubles(bias);
  if (!launchNormalise(input, center, scale2, factor, shift, output)) {
    normalise(input, center, scale2, factor, shift, output);
  }
  mean2.array.set(center, mean2.offset);
  invstd.array.set(scale2, invstd.offset);
  return [output, mean2, invstd];
};
function write2(running2, values, momentum) {
  updateRunning(running2, values, momentum);
  running2.storage.version++;
}
function checkChannels(name2, value, input) {
  if (value === null) return;
  const channels = input.shape[1];
  if (value.ndim !== 1 || value.shape[0] !== channels) {
    throw new ShapeError(
      `${name2} should contain ${channels} elements not ${sizeOf(value.shape)}, shape ${formatShape(value.shape)}`,
      {
        op: 'batchNorm',
        operands: { [name2]: value.shape, input: input.shape },
      },
    );
  }
  if (value.dtype !== input.dtype) {
    throw new DTypeError(`expected ${name2} to have the dtype of the input, ${input.dtype}, but got ${value.dtype}`, {
      op: 'batchNorm',
      operands: { [name2]: value.dtype, input: input.dtype },
    });
  }
}
function checkEnoughValues(input) {
  const perChannel4 = input.shape[0] * sizeOf(input.shape.slice(2));
  if (perChannel4 !== 1) return;
  throw new ShapeError(
    `Expected more than 1 value per channel when training, got input size ${formatShape(input.shape)}`,
    {
      op: 'batchNorm',
      operands: { input: input.shape },
    },
  );
}
var NAMES = ['runningMean', 'runningVar', 'weight', 'bias', 'training', 'momentum', 'eps'];
function batchNorm(input, runningMean, runningVar, weight, bias, training, momentum, eps) {
  const op2 = 'batchNorm';
  const args = [runningMean, runningVar, weight, bias, training, momentum, eps];
  const [rm, rv, w, b, train, m = 0.1, e = 1e-5] = named(op2, NAMES, args);
  checkTensor(op2, 'input', input);
  const [mean2, variance3] = [tensorOrNull(op2, 'runningMean', rm), tensorOrNull(op2, 'runningVar', rv)];
  const [scale2, shift] = [tensorOrNull(op2, 'weight', w), tensorOrNull(op2, 'bias', b)];
  if (input.ndim < 2) {
    throw new ShapeError(
      `expected an input of at least 2 dimensions, [N, C, \u2026], but got ${formatShape(input.shape)}`,
      {
        op: op2,
        operands: { input: input.shape },
      },
    );
  }
  requireFloat(op2, input.dtype);
  if (typeof m !== 'number' || typeof e !== 'number') {
    throw new ValueError(`momentum and eps must be numbers, but got ${String(m)} and ${String(e)}`, { op: op2 });
  }
  const isTraining = flag(op2, 'training', train);
  if (isTraining) checkEnoughValues(input);
  else if (mean2 === null || variance3 === null) {
    throw new ValueError(`${mean2 === null ? 'runningMean' : 'runningVar'} must be defined in evaluation mode`, {
      op: op2,
    });
  }
  checkChannels('runningMean', mean2, input);
  checkChannels('runningVar', variance3, input);
  checkChannels('weight', scale2, input);
  checkChannels('bias', shift, input);
  return dispatch('batchNorm', batchNormForward, [input, scale2, shift, mean2, variance3, isTraining, m, e])[0];
}

// packages/core/src/reference/optim.ts
function sgd(size, param, grad, buffer, factors) {
  const { lr, sign: sign2, weightDecay, momentum, fresh, nesterov } = factors;
  const { array: p, offset: pi } = param;
  const { array: g, offset: gi } = grad;
  if (buffer === null) {
    for (let i = 0; i < size; i++) {
      const value = p[pi + i];
      p[pi + i] = value - lr * (sign2 * g[gi + i] + weightDecay * value);
    }
    return;
  }
  const { array: b, offset: bi } = buffer;
  for (let i = 0; i < size; i++) {
    const value = p[pi + i];
    const d = sign2 * g[gi + i] + weightDecay * value;
    const sum3 = momentum * b[bi + i] + fresh * d;
    b[bi + i] = sum3;
    p[pi + i] = value - lr * (nesterov ? d + momentum * sum3 : sum3);
  }
}
function adam(size, param, grad, mean2, square2, largest, factors) {
  const { stepSize, beta1, beta2, correction2, eps, sign: sign2, decay, penalty } = factors;
  const { array: p, offset: pi } = param;
  const { array: g, offset: gi } = grad;
  const { array: m, offset: mi } = mean2;
  const { array: v, offset: vi } = square2;
  const rest1 = 1 - beta1;
  const rest2 = 1 - beta2;
  for (let i = 0; i < size; i++) {
    const value = p[pi + i] * decay;
    const d = sign2 * g[gi + i] + penalty * value;
    const first = beta1 * m[mi + i] + rest1 * d;
    let second = beta2 * v[vi + i] + rest2 * d * d;
    m[mi + i] = first;
    v[vi + i] = second;
    if (largest !== null) {
      second = Math.max(largest.array[largest.offset + i], second);
      largest.array[largest.offset + i] = second;
    }
    p[pi + i] = value - (stepSize * first) / (Math.sqrt(second) / correction2 + eps);
  }
}

// packages/core/src/wasm/kernels/optim.ts
var prefix3 = (dtype) => (dtype === 'float32' ? 'f32' : 'f64');
var sgdName = (dtype, form) => `${prefix3(dtype)}_sgd_${form}`;
var adamName = (dtype, form) => `${prefix3(dtype)}_adam_${form}`;
function emitSgd(dtype, form) {
  return (code) => {
    const { f64x2 } = code;
    code.export(
      'run',
      {
        n: 'i32',
        param: 'i32',
        grad: 'i32',
        buffer: 'i32',
        lr: 'f64',
        sign: 'f64',
        weightDecay: 'f64',
        momentum: 'f64',
        fresh: 'f64',
      },
      [],
      ({ n, param, grad, buffer, ...scalars }) => {
        const { lr, sign: sign2, weightDecay, momentum, fresh } = splats(code, scalars);
        const runs = form === 'plain' ? [param, grad] : [param, grad, buffer];
        const value = code.local('v128');
        const d = code.local('v128');
        overPairs(code, dtype, n, runs, ({ load: load3, store: store4 }) => {
          value.set(load3(param));
          d.set(f64x2.add(f64x2.mul(sign2, load3(grad)), f64x2.mul(weightDecay, value)));
          if (form !== 'plain') {
            const sum3 = code.local('v128', f64x2.add(f64x2.mul(momentum, load3(buffer)), f64x2.mul(fresh, d)));
            store4(buffer, sum3);
            if (form === 'nesterov') d.set(f64x2.add(d, f64x2.mul(momentum, sum3)));
            else d.set(sum3);
          }
          value.set(f64x2.sub(value, f64x2.mul(lr, d)));
          store4(param, value);
        });
      },
    );
  };
}
function emitAdam(dtype, form) {
  return (code) => {
    const { f64x2 } = code;
    code.export(
      'run',
      {
        n: 'i32',
        param: 'i32',
        grad: 'i32',
        mean: 'i32',
        square: 'i32',
        largest: 'i32',
        stepSize: 'f64',
        beta1: 'f64',
        rest1: 'f64',
        beta2: 'f64',
        rest2: 'f64',
        correction2: 'f64',
        eps: 'f64',
        sign: 'f64',
        decay: 'f64',
        penalty: 'f64',
      },
      [],
      ({ n, param, grad, mean: mean2, square: square2, largest, ...scalars }) => {
        const {
          stepSize,
          beta1,
          rest1,
          beta2,
          rest2,
          correction2,
          eps,
          sign: sign2,
          decay,
          penalty,
        } = splats(code, scalars);
        const runs = [param, grad, mean2, square2, ...(form === 'amsgrad' ? [largest] : [])];
        const value = code.local('v128');
        const d = code.local('v128');
        const first = code.local('v128');
        const second = code.local('v128');
        overPairs(code, dtype, n, runs, ({ load: load3, store: store4 }) => {
          value.set(f64x2.mul(load3(param), decay));
          d.set(f64x2.add(f64x2.mul(sign2, load3(grad)), f64x2.mul(penalty, value)));
          first.set(f64x2.add(f64x2.mul(beta1, load3(mean2)), f64x2.mul(rest1, d)));
          store4(mean2, first);
          second.set(f64x2.add(f64x2.mul(beta2, load3(square2)), f64x2.mul(f64x2.mul(rest2, d), d)));
          store4(square2, second);
          if (form === 'amsgrad') {
            second.set(f64x2.max(load3(largest), second));
            store4(largest, second);
          }
          d.set(f64x2.add(f64x2.div(f64x2.sqrt(second), correction2), eps));
          value.set(f64x2.sub(value, f64x2.div(f64x2.mul(stepSize, first), d)));
          store4(param, value);
        });
      },
    );
  };
}

// packages/core/src/wasm/pieces.ts
var PIECE = 8192;
function inPieces(size, dtype, operands, run2) {
  const bytes = itemBytes(dtype);
  const staged = operands.filter(({ tensor: tensor2 }) => !tensor2.storage.enterHeap());
  const pieceBytes = PIECE * bytes;
  const scratch3 = staged.length > 0 ? heap().scratch(staged.length * pieceBytes) : 0;
  const piece = staged.length > 0 ? PIECE : size;
  for (let from = 0; from < size; from += piece) {
    const n = Math.min(piece, size - from);
    const pointers = operands.map((operand3) => {
      const { tensor: tensor2 } = operand3;
      const { storage, offset } = tensor2;
      if (storage.inHeap) return storage.pointer + (offset + from) * bytes;
      const pointer = scratch3 + staged.indexOf(operand3) * pieceBytes;
      room(pointer, n * bytes).set(bytesOf(tensor2, from, n, bytes));
      return pointer;
    });
    run2(n, pointers);
    operands.forEach(({ tensor: tensor2, written }, i) => {
      if (written && !tensor2.storage.inHeap) bytesOf(tensor2, from, n, bytes).set(room(pointers[i], n * bytes));
    });
  }
}
function room(pointer, length) {
  return new Uint8Array(heap().memory.buffer, pointer, length);
}
function bytesOf({ array, offset }, from, n, bytes) {
  return new Uint8Array(array.buffer, array.byteOffset + (offset + from) * bytes, n * bytes);
}

// packages/core/src/wasm/launchOptim.ts
var MIN_SIZE6 = 256;
function commonDType3(operands) {
  const [first] = operands;
  const { dtype } = first;
  if (dtype !== 'float32' && dtype !== 'float64') return null;
  if (sizeOf(first.shape) < MIN_SIZE6 || !features().simd) return null;
  for (const x of operands) if (x !== null && x.dtype !== dtype) return null;
  return dtype;
}
function launchSgd(param, grad, buffer, factors) {
  const dtype = commonDType3([param, grad, buffer]);
  if (dtype === null) return false;
  const { lr, sign: sign2, weightDecay, momentum, fresh, nesterov } = factors;
  const form = buffer === null ? 'plain' : nesterov ? 'nesterov' : 'momentum';
  const { run: run2 } = kernel(sgdName(dtype, form), emitSgd(dtype, form), heap().memory);
  const operands = [
    { tensor: param, written: true },
    { tensor: grad, written: false },
    ...(buffer === null ? [] : [{ tensor: buffer, written: true }]),
  ];
  inPieces(sizeOf(param.shape), dtype, operands, (n, [p, g, b = 0]) => {
    run2(n, p, g, b, lr, sign2, weightDecay, momentum, fresh);
  });
  return true;
}
function launchAdam(param, grad, mean2, square2, largest, factors) {
  const dtype = commonDType3([param, grad, mean2, square2, largest]);
  if (dtype === null) return false;
  const { stepSize, beta1, beta2, correction2, eps, sign: sign2, decay, penalty } = factors;
  const form = largest === null ? 'plain' : 'amsgrad';
  const { run: run2 } = kernel(adamName(dtype, form), emitAdam(dtype, form), heap().memory);
  const operands = [
    { tensor: param, written: true },
    { tensor: grad, written: false },
    { tensor: mean2, written: true },
    { tensor: square2, written: true },
    ...(largest === null ? [] : [{ tensor: largest, written: true }]),
  ];
  inPieces(sizeOf(param.shape), dtype, operands, (n, [p, g, m, v, l = 0]) => {
    run2(n, p, g, m, v, l, stepSize, beta1, 1 - beta1, beta2, 1 - beta2, correction2, eps, sign2, decay, penalty);
  });
  return true;
}

// packages/core/src/ops/optim.ts
function sgdStep(param, grad, momentumBuffer, options) {
  const op2 = 'sgdStep';
  const names = ['lr', 'momentum', 'dampening', 'weightDecay', 'nesterov', 'maximize'];
  const [lr, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false, maximize = false] = named(op2, names, [
    options,
  ]);
  checkNumbers(op2, { lr, momentum, dampening, weightDecay });
  checkOperands(op2, param, grad, { momentumBuffer });
  const factors = { lr, sign: maximize ? -1 : 1, weightDecay, momentum, fresh: 1 - dampening, nesterov };
  const g = readable3(grad, [param, momentumBuffer]);
  if (!launchSgd(param, g, momentumBuffer, factors)) {
    sgd(sizeOf(param.shape), runOf(param), runOf(g), momentumBuffer === null ? null : runOf(momentumBuffer), factors);
  }
  countWrites([param, momentumBuffer]);
}
function adamStep(param, grad, state, options) {
  const op2 = 'adamStep';
  const names = ['step', 'lr', 'betas', 'eps', 'weightDecay', 'decoupled', 'maximize'];
  const [step, lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, decoupled = false, maximize = false] =
    named(op2, names, [options]);
  const [beta1, beta2] = betas;
  checkNumbers(op2, { step, lr, beta1, beta2, eps, weightDecay });
  const { expAvg, expAvgSq, maxExpAvgSq = null } = state;
  checkOperands(op2, param, grad, { expAvg, expAvgSq, maxExpAvgSq });
  const factors = {
    stepSize: lr / (1 - beta1 ** step),
    beta1,
    beta2,
    correction2: Math.sqrt(1 - beta2 ** step),
    eps,
    sign: maximize ? -1 : 1,
    decay: decoupled ? 1 - lr * weightDecay : 1,
    penalty: decoupled ? 0 : weightDecay,
  };
  const written = [param, expAvg, expAvgSq, maxExpAvgSq];
  const g = readable3(grad, written);
  if (!launchAdam(param, g, expAvg, expAvgSq, maxExpAvgSq, factors)) {
    const largest = maxExpAvgSq === null ? null : runOf(maxExpAvgSq);
    adam(sizeOf(param.shape), runOf(param), runOf(g), runOf(expAvg), runOf(expAvgSq), largest, factors);
  }
  countWrites(written);
}
function checkNumbers(op2, values) {
  for (const [name2, value] of Object.entries(values)) {
    if (typeof value !== 'number') {
      throw new ValueError(`${name2} must be a number, but got ${String(value)}`, {
        op: op2,
        operands: { [name2]: value },
      });
    }
  }
}
function checkOperands(op2, param, grad, state) {
  for (const [name2, x] of Object.entries({ param, grad, ...state })) {
    if (x === null) continue;
    if (!isFloating(x.dtype)) {
      throw new DTypeError(`${name2} must be floating point, but is ${x.dtype}`, {
        op: op2,
        operands: { [name2]: x.dtype },
      });
    }
    if (!sameShape(x.shape, param.shape)) {
      const shapes = `${formatShape(x.shape)}, but param has shape ${formatShape(param.shape)}`;
      throw new ShapeError(`${name2} has shape ${shapes}`, {
        op: op2,
        operands: { [name2]: x.shape, param: param.shape },
      });
    }
    if (x !== grad && !x.isContiguous()) {
      throw new ShapeError(
        `can only update contiguous tensors, but ${name2} is not; call contiguous() before making a parameter of a view`,
        { op: op2, operands: { shape: x.shape, strides: x.strides } },
      );
    }
  }
}
function readable3(grad, written) {
  const dense3 = contiguous(grad);
  const overlaps = written.some(
    (x) => x !== null && x.storage.root === dense3.storage.root && x.offset !== dense3.offset,
  );
  return overlaps ? clone(dense3) : dense3;
}
function runOf(x) {
  return { array: x.array, offset: x.offset };
}
function countWrites(written) {
  for (const x of written) if (x !== null) x.storage.version++;
}

// packages/core/src/reference/pool.ts
var SINGLE2 = {
  input: 1,
  start: Int32Array.of(0),
  end: Int32Array.of(1),
  step: 1,
  count: Int32Array.of(1),
};
function poolOutputSize(size, kernel2, stride, padding, dilation, ceilMode) {
  const room2 = size + 2 * padding - dilation * (kernel2 - 1) - 1;
  if (!ceilMode) return Math.floor(room2 / stride) + 1;
  const out = Math.floor((room2 + stride - 1) / stride) + 1;
  return (out - 1) * stride >= size + padding ? out - 1 : out;
}
function slidingWindows(params, i, input, output, includePad) {
  const { kernelSize, stride, padding, dilation } = params;
  const start = new Int32Array(output);
  const end = new Int32Array(output);
  const count2 = new Int32Array(output);
  const step = dilation[i];
  const reach = step * (kernelSize[i] - 1) + 1;
  for (let o = 0; o < output; o++) {
    const from = o * stride[i] - padding[i];
    const padded = Math.min(from + reach, input + padding[i]);
    start[o] = from < 0 ? from + step * Math.ceil(-from / step) : from;
    end[o] = Math.min(padded, input);
    count2[o] = includePad ? padded - from : end[o] - start[o];
  }
  return { input, start, end, step, count: count2 };
}
function adaptiveWindowsAlong(input, output) {
  const start = new Int32Array(output);
  const end = new Int32Array(output);
  const count2 = new Int32Array(output);
  for (let o = 0; o < output; o++) {
    start[o] = Math.floor((o * input) / output);
    end[o] = Math.ceil(((o + 1) * input) / output);
    count2[o] = end[o] - start[o];
  }
  return { input, start, end, step: 1, count: count2 };
}
function windowsOf(params, input, output, includePad = true) {
  const spatial = params.kernelSize.length;
  const along = (i) =>
    slidingWindows(params, i, input[input.length - spatial + i], output[output.length - spatial + i], includePad);
  return spatial === 1 ? [SINGLE2, along(0)] : [along(0), along(1)];
}
function adaptiveWindows(input, outputSize) {
  const spatial = outputSize.length;
  const along = (i) => adaptiveWindowsAlong(input[input.length - spatial + i], outputSize[i]);
  return spatial === 1 ? [SINGLE2, along(0)] : [along(0), along(1)];
}
function maxWindows(a, values, indices, windows) {
  const [rows2, columns] = windows;
  const plane = rows2.start.length * columns.start.length;
  const planes2 = plane === 0 ? 0 : sizeOf(values.shape) / plane;
  const source2 = dense(a);
  const target = denseOutput(values);
  const index2 = indices.array;
  const size = rows2.input * columns.input;
  for (let p = 0; p < planes2; p++) {
    const at3 = p * plane;
    maxPlane(
      rows2,
      columns,
      source2.array,
      source2.offset + p * size,
      target.array,
      target.offset + at3,
      index2,
      indices.offset + at3,
    );
  }
  finish(target, values);
}
function maxPlane(rows2, columns, x, from, y, to2, index2, indexTo) {
  const outHeight = rows2.start.length;
  const outWidth = columns.start.length;
  const width = columns.input;
  const rowStep = rows2.step;
  const columnStep = columns.step;
  const { start, end } = columns;
  let o = 0;
  for (let oh = 0; oh < outHeight; oh++) {
    const top = rows2.start[oh];
    const bottom = rows2.end[oh];
    for (let ow = 0; ow < outWidth; ow++, o++) {
      const left = start[ow];
      const right = end[ow];
      let best = -Infinity;
      let at3 = top < bottom && left < right ? top * width + left : -1;
      for (let h = top; h < bottom; h += rowStep) {
        const row = h * width;
        for (let w = left; w < right; w += columnStep) {
          const value = x[from + row + w];
          if (value > best || Number.isNaN(value)) {
            best = value;
            at3 = row + w;
          }
        }
      }
      y[to2 + o] = best;
      index2[indexTo + o] = at3;
    }
  }
}
function maxScatter(grad, indices, out, size) {
  const planes2 = size === 0 ? 0 : sizeOf(out.shape) / size;
  const count2 = planes2 === 0 ? 0 : sizeOf(grad.shape) / planes2;
  const g = dense(grad);
  const i = dense(indices);
  const target = denseOutput(out);
  const sums = new Float64Array(size);
  for (let p = 0; p < planes2; p++) {
    sums.fill(0);
    scatterPlane(g.array, g.offset + p * count2, i.array, i.offset + p * count2, count2, sums);
    store3(sums, target.array, target.offset + p * size);
  }
  finish(target, out);
}
function scatterPlane(g, from, index2, indexFrom, count2, sums) {
  for (let o = 0; o < count2; o++) {
    const at3 = index2[indexFrom + o];
    if (at3 >= 0) sums[at3] += g[from + o];
  }
}
function store3(sums, out, at3) {
  for (let i = 0; i < sums.length; i++) out[at3 + i] = sums[i];
}
function maxGather(a, indices, out, size) {
  const total = sizeOf(out.shape);
  if (total === 0) return;
  const x = dense(a);
  const i = dense(indices);
  const target = denseOutput(out);
  const count2 = total / (sizeOf(a.shape) / size);
  for (let o = 0; o < total; o++) {
    const at3 = i.array[i.offset + o];
    target.array[target.offset + o] = at3 < 0 ? 0 : x.array[x.offset + Math.floor(o / count2) * size + at3];
  }
  finish(target, out);
}
function divisorsOf([rows2, columns], divisor) {
  const width = columns.start.length;
  const divisors = new Float64Array(rows2.start.length * width);
  for (let i = 0; i < divisors.length; i++) {
    divisors[i] = divisor ?? rows2.count[Math.floor(i / width)] * columns.count[i % width];
  }
  return divisors;
}
function averageWindows(a, out, windows, divisor) {
  const [rows2, columns] = windows;
  const divisors = divisorsOf(windows, divisor);
  const plane = divisors.length;
  const planes2 = plane === 0 ? 0 : sizeOf(out.shape) / plane;
  const source2 = dense(a);
  const target = denseOutput(out);
  const size = rows2.input * columns.input;
  for (let p = 0; p < planes2; p++) {
    const from = source2.offset + p * size;
    averagePlane(rows2, columns, divisors, source2.array, from, target.array, target.offset + p * plane);
  }
  finish(target, out);
}
function averagePlane(rows2, columns, divisors, x, from, y, to2) {
  const outHeight = rows2.start.length;
  const outWidth = columns.start.length;
  const width = columns.input;
  const { start, end } = columns;
  let o = 0;
  for (let oh = 0; oh < outHeight; oh++) {
    const top = rows2.start[oh];
    const bottom = rows2.end[oh];
    for (let ow = 0; ow < outWidth; ow++, o++) {
      const left = start[ow];
      const right = end[ow];
      let sum3 = 0;
      for (let h = top; h < bottom; h++) {
        const row = from + h * width;
        for (let w = left; w < right; w++) sum3 += x[row + w];
      }
      y[to2 + o] = top < bottom && left < right ? sum3 / divisors[o] : 0;
    }
  }
}
function averageScatter(grad, out, windows, divisor) {
  const [rows2, columns] = windows;
  const divisors = divisorsOf(windows, divisor);
  const size = rows2.input * columns.input;
  const planes2 = size === 0 ? 0 : sizeOf(out.shape) / size;
  const g = doubles(grad);
  const target = denseOutput(out);
  const sums = new Float64Array(size);
  for (let p = 0; p < planes2; p++) {
    sums.fill(0);
    spreadPlane(rows2, columns, divisors, g, p * divisors.length, sums);
    store3(sums, target.array, target.offset + p * size);
  }
  finish(target, out);
}
function spreadPlane(rows2, columns, divisors, g, from, sums) {
  const outHeight = rows2.start.length;
  const outWidth = columns.start.length;
  const width = columns.input;
  const { start, end } = columns;
  let o = 0;
  for (let oh = 0; oh < outHeight; oh++) {
    const top = rows2.start[oh];
    const bottom = rows2.end[oh];
    for (let ow = 0; ow < outWidth; ow++, o++) {
      const left = start[ow];
      const right = end[ow];
      const share = g[from + o] / divisors[o];
      for (let h = top; h < bottom; h++) {
        const row = h * width;
        for (let w = left; w < right; w++) sums[row + w] += share;
      }
    }
  }
}

// packages/core/src/wasm/kernels/pool.ts
var prefix4 = (dtype) => (dtype === 'float32' ? 'f32' : 'f64');
var lanesOf = (dtype) => (dtype === 'float32' ? 4 : 2);
function maxPoolName(dtype, stride) {
  return `${prefix4(dtype)}_maxpool_s${stride}`;
}
function avgPoolName(dtype, stride) {
  return `${prefix4(dtype)}_avgpool_s${stride}`;
}
function maxScatterName(dtype) {
  return `${prefix4(dtype)}_maxpool_scatter`;
}
function avgScatterName(dtype) {
  return `${prefix4(dtype)}_avgpool_scatter`;
}
var WINDOWS = {
  planes: 'i32',
  planeBytes: 'i32',
  width: 'i32',
  outHeight: 'i32',
  outWidth: 'i32',
  rowStart: 'i32',
  rowEnd: 'i32',
  columnStart: 'i32',
  columnEnd: 'i32',
};
var TAPS2 = { rowStep: 'i32', columnStep: 'i32', vectorFrom: 'i32', vectorTo: 'i32', stride: 'i32' };
function kitOf2(code, dtype) {
  const single2 = dtype === 'float32';
  return {
    code,
    dtype,
    bytes: single2 ? 4 : 8,
    lanes: lanesOf(dtype),
    scalar: single2 ? code.f32 : code.f64,
    vector: single2 ? code.f32x4 : code.f64x2,
  };
}
function walk(code, i, from, to2, step, body) {
  i.set(from);
  code.while(
    () => code.i32.lt_s(i, to2),
    () => {
      body();
      code.increase(i, step);
    },
  );
}
function entry(code, table, i) {
  return code.i32.load(code.index(table, i, 4));
}
function overOutputs(code, windows, x, atRow, atColumn) {
  const { planes: planes2, planeBytes, outHeight, outWidth, rowStart, rowEnd, columnStart, columnEnd } = windows;
  const [plane, oh, ow, top, bottom, left, right] = code.locals('i32', 7);
  const bounds = { top, bottom, left, right };
  code.forRange(plane, 0, planes2, 1, () => {
    code.forRange(oh, 0, outHeight, 1, () => {
      top.set(entry(code, rowStart, oh));
      bottom.set(entry(code, rowEnd, oh));
      atRow(oh, bounds);
      ow.set(0);
      code.whileLess(ow, outWidth, () => {
        left.set(entry(code, columnStart, ow));
        right.set(entry(code, columnEnd, ow));
        atColumn(ow, bounds);
      });
    });
    code.increase(x, planeBytes);
  });
}
function inVectors(code, ow, { vectorFrom, vectorTo }) {
  const { i32 } = code;
  return i32.lt_u(i32.sub(ow, vectorFrom), i32.sub(vectorTo, vectorFrom));
}
function loadTaps(kit, stride, p, strideBytes, v) {
  const { code, lanes } = kit;
  const { v128, i32 } = code;
  if (stride === '1') v.set(v128.load(p));
  else if (lanes === 2) {
    v.set(v128.load64_zero(p));
    v.set(v128.load64_lane(1, i32.add(p, strideBytes), v));
  } else if (stride === '2') v.set(code.i32x4.shuffle([0, 2, 5, 7], v128.load(p), v128.load(p, 12)));
  else {
    v.set(v128.load32_zero(p));
    const q = code.local('i32', p);
    for (let lane2 = 1; lane2 < 4; lane2++) {
      code.increase(q, strideBytes);
      v.set(v128.load32_lane(lane2, q, v));
    }
  }
}
function emitMaxPool(dtype, stride) {
  return (code) => {
    const kit = kitOf2(code, dtype);
    const params = { ...WINDOWS, ...TAPS2, x: 'i32', values: 'i32', indices: 'i32' };
    code.export('run', params, [], (locals) => {
      const { x, values, indices, width } = locals;
      const { bytes, lanes, vector } = kit;
      const { i32, i32x4, v128 } = code;
      const [h, w, rowAt, p] = code.locals('i32', 4);
      const strideBytes = code.local('i32', code.scale(locals.stride, bytes));
      const stepBytes = code.local('i32', code.scale(locals.columnStep, bytes));
      const stepVector = code.local('v128', i32x4.splat(locals.columnStep));
      const [bests, ats, index2, v, mask] = code.locals('v128', 5);
      const laneIndex = code.local('v128', i32x4.mul(i32x4.const(0, 1, 2, 3), i32x4.splat(locals.stride)));
      const outputs = ({ top, bottom, left, right }, tap) => {
        bests.set(vector.const(Number.NEGATIVE_INFINITY));
        ats.set(i32x4.const(-1));
        code.if(i32.and(i32.lt_s(top, bottom), i32.lt_s(left, right)), () => {
          ats.set(i32x4.add(laneIndex, i32x4.splat(i32.add(i32.mul(top, width), left))));
        });
        walk(code, h, top, bottom, locals.rowStep, () => {
          rowAt.set(i32.add(i32.mul(h, width), left));
          p.set(code.index(x, rowAt, bytes));
          index2.set(i32x4.add(laneIndex, i32x4.splat(rowAt)));
          walk(code, w, left, right, locals.columnStep, () => {
            tap();
            mask.set(v128.or(vector.gt(v, bests), vector.ne(v, v)));
            bests.set(v128.bitselect(v, bests, mask));
            if (lanes === 2) mask.set(i32x4.shuffle([0, 2, 0, 2], mask, mask));
            ats.set(v128.bitselect(index2, ats, mask));
            index2.set(i32x4.add(index2, stepVector));
            code.increase(p, stepBytes);
          });
        });
      };
      const one = (bounds) => {
        outputs(bounds, () => v.set(lanes === 4 ? v128.load32_zero(p) : v128.load64_zero(p)));
        if (lanes === 4) v128.store32_lane(0, values, bests);
        else v128.store64_lane(0, values, bests);
        v128.store32_lane(0, indices, ats);
      };
      const several = (bounds) => {
        outputs(bounds, () => loadTaps(kit, stride, p, strideBytes, v));
        v128.store(values, bests);
        if (lanes === 4) v128.store(indices, ats);
        else v128.store64_lane(0, indices, ats);
      };
      const advance = (ow, n) => {
        code.increase(ow, n);
        code.increase(values, n * bytes);
        code.increase(indices, n * 4);
      };
      overOutputs(
        code,
        locals,
        x,
        () => {},
        (ow, bounds) => {
          code.if(
            inVectors(code, ow, locals),
            () => {
              several(bounds);
              advance(ow, lanes);
            },
            () => {
              one(bounds);
              advance(ow, 1);
            },
          );
        },
      );
    });
  };
}
function emitAvgPool(dtype, stride) {
  return (code) => {
    const kit = kitOf2(code, dtype);
    const params = { ...WINDOWS, ...TAPS2, x: 'i32', out: 'i32', rowCounts: 'i32', columnCounts: 'i32' };
    code.export('run', params, [], (locals) => {
      const { x, out, width, rowCounts, columnCounts } = locals;
      const { bytes, lanes } = kit;
      const { i32, i32x4, f32, f64, f32x4, f64x2, v128 } = code;
      const [h, w, p] = code.locals('i32', 3);
      const strideBytes = code.local('i32', code.scale(locals.stride, bytes));
      const stepBytes = code.local('i32', code.scale(locals.columnStep, bytes));
      const sum3 = code.local('f64');
      const rowCount = code.local('f64');
      const [low, high, v] = code.locals('v128', 3);
      const single2 = dtype === 'float32';
      const store4 = (value) => {
        if (single2) f32.store(out, f32.demote_f64(value));
        else f64.store(out, value);
      };
      const overTaps = ({ top, bottom, left, right }, tap) => {
        walk(code, h, top, bottom, locals.rowStep, () => {
          p.set(code.index(x, i32.add(i32.mul(h, width), left), bytes));
          walk(code, w, left, right, locals.columnStep, () => {
            tap();
            code.increase(p, stepBytes);
          });
        });
      };
      const one = (ow, bounds) => {
        sum3.set(0);
        overTaps(bounds, () => sum3.set(f64.add(sum3, single2 ? f64.promote_f32(f32.load(p)) : f64.load(p))));
        code.if(i32.lt_s(bounds.left, bounds.right), () => {
          sum3.set(f64.div(sum3, f64.mul(rowCount, f64.load(code.index(columnCounts, ow, 8)))));
        });
        store4(sum3.get());
      };
      const several = (ow, bounds) => {
        low.set(f64x2.const(0));
        high.set(f64x2.const(0));
        overTaps(bounds, () => {
          loadTaps(kit, stride, p, strideBytes, v);
          if (single2) {
            low.set(f64x2.add(low, f64x2.promote_low_f32x4(v)));
            high.set(f64x2.add(high, f64x2.promote_low_f32x4(i32x4.shuffle([2, 3, 2, 3], v, v))));
          } else low.set(f64x2.add(low, v));
        });
        const counts = code.local('i32', code.index(columnCounts, ow, 8));
        const divided = (s, offset) => f64x2.div(s, f64x2.mul(f64x2.splat(rowCount), v128.load(counts, offset)));
        if (single2) {
          low.set(f32x4.demote_f64x2_zero(divided(low, 0)));
          high.set(f32x4.demote_f64x2_zero(divided(high, 16)));
          v128.store(out, i32x4.shuffle([0, 1, 4, 5], low, high));
        } else v128.store(out, divided(low, 0));
      };
      const advance = (ow, n) => {
        code.increase(ow, n);
        code.increase(out, n * bytes);
      };
      overOutputs(
        code,
        locals,
        x,
        (oh) => rowCount.set(f64.load(code.index(rowCounts, oh, 8))),
        (ow, bounds) => {
          code.if(
            i32.ge_s(bounds.top, bounds.bottom),
            () => {
              store4(f64.const(0));
              advance(ow, 1);
            },
            () => {
              code.if(
                inVectors(code, ow, locals),
                () => {
                  several(ow, bounds);
                  advance(ow, lanes);
                },
                () => {
                  one(ow, bounds);
                  advance(ow, 1);
                },
              );
            },
          );
        },
      );
    });
  };
}
function emitMaxScatter(dtype) {
  return (code) => {
    const { bytes, scalar } = kitOf2(code, dtype);
    const params = {
      planes: 'i32',
      planeBytes: 'i32',
      outputs: 'i32',
      grad: 'i32',
      indices: 'i32',
      out: 'i32',
    };
    code.export('run', params, [], ({ planes: planes2, planeBytes, outputs, grad, indices, out }) => {
      const { i32 } = code;
      const [plane, o, at3] = code.locals('i32', 3);
      const size = code.local('i32', i32.shr_u(planeBytes, Math.log2(bytes)));
      code.memory.fill(out, 0, i32.mul(planes2, planeBytes));
      code.forRange(plane, 0, planes2, 1, () => {
        code.forRange(o, 0, outputs, 1, () => {
          at3.set(i32.load(indices));
          code.if(i32.lt_u(at3, size), () => {
            at3.set(code.index(out, at3, bytes));
            scalar.store(at3, scalar.add(scalar.load(at3), scalar.load(grad)));
          });
          code.increase(indices, 4);
          code.increase(grad, bytes);
        });
        code.increase(out, planeBytes);
      });
    });
  };
}
function emitAvgScatter(dtype) {
  return (code) => {
    const { bytes, scalar, vector, lanes } = kitOf2(code, dtype);
    const params = { ...WINDOWS, grad: 'i32', out: 'i32', rowCounts: 'i32', columnCounts: 'i32' };
    code.export('run', params, [], (locals) => {
      const { grad, out, planes: planes2, planeBytes, width, rowCounts, columnCounts } = locals;
      const { i32, f32, f64, v128 } = code;
      const single2 = dtype === 'float32';
      const [h, p, end, vectorEnd] = code.locals('i32', 4);
      const rowCount = code.local('f64');
      const exact = code.local('f64');
      const share = code.local(single2 ? 'f32' : 'f64');
      const shares = code.local('v128');
      code.memory.fill(out, 0, i32.mul(planes2, planeBytes));
      overOutputs(
        code,
        locals,
        out,
        (oh) => rowCount.set(f64.load(code.index(rowCounts, oh, 8))),
        (ow, { top, bottom, left, right }) => {
          exact.set(single2 ? f64.promote_f32(f32.load(grad)) : f64.load(grad));
          exact.set(f64.div(exact, f64.mul(rowCount, f64.load(code.index(columnCounts, ow, 8)))));
          if (single2) share.set(f32.demote_f64(exact));
          else share.set(exact.get());
          shares.set(vector.splat(share));
          code.if(i32.lt_s(left, right), () => {
            walk(code, h, top, bottom, 1, () => {
              p.set(code.index(out, i32.add(i32.mul(h, width), left), bytes));
              end.set(code.index(p, i32.sub(right, left), bytes));
              vectorEnd.set(i32.add(p, i32.and(i32.sub(end, p), -lanes * bytes)));
              code.whileLess(p, vectorEnd, () => {
                v128.store(p, vector.add(v128.load(p), shares));
                code.increase(p, 16);
              });
              code.whileLess(p, end, () => {
                scalar.store(p, scalar.add(scalar.load(p), share));
                code.increase(p, bytes);
              });
            });
          });
          code.increase(ow, 1);
          code.increase(grad, bytes);
        },
      );
    });
  };
}

// packages/core/src/wasm/launchPool.ts
var MIN_SIZE7 = 1024;
function takes2(image) {
  const { dtype } = image;
  return (dtype === 'float32' || dtype === 'float64') && sizeOf(image.shape) >= MIN_SIZE7 && features().simd;
}
function regularRun({ start, end, step }, lanes) {
  const taps2 = (o) => Math.ceil((end[o] - start[o]) / step);
  let best = { from: 0, to: 0, stride: 1 };
  for (let from = 0; from + 1 < start.length; ) {
    const stride = start[from + 1] - start[from];
    let to2 = from + 1;
    while (to2 < start.length && start[to2] - start[to2 - 1] === stride && taps2(to2) === taps2(from)) to2++;
    if (taps2(from) > 0 && to2 - from > best.to - best.from) best = { from, to: to2, stride };
    from = to2;
  }
  return { ...best, to: best.from + Math.floor((best.to - best.from) / lanes) * lanes };
}
var laneStride = (stride) => (stride === 1 ? '1' : stride === 2 ? '2' : 'any');
var Tables = class {
  windows;
  staging;
  places;
  counts;
  constructor(staging, windows, divisor) {
    this.staging = staging;
    this.windows = windows;
    const [rows2, columns] = windows;
    this.counts =
      divisor === null
        ? [Float64Array.from(rows2.count), Float64Array.from(columns.count)]
        : [new Float64Array(rows2.count.length).fill(divisor), new Float64Array(columns.count.length).fill(1)];
    this.places = [...this.lists(), ...this.counts].map((list2) => staging.reserve(list2.byteLength));
  }
  lists() {
    return this.windows.flatMap(({ start, end }) => [start, end]);
  }
  /** Writes the tables; the staging is open. Returns their addresses: starts and ends of rows and columns, then counts. */
  write() {
    const { buffer } = heap().memory;
    const pointers = this.places.map((place3) => this.staging.at(place3));
    this.lists().forEach((list2, i) => {
      new Int32Array(buffer, pointers[i], list2.length).set(list2);
    });
    this.counts.forEach((list2, i) => {
      new Float64Array(buffer, pointers[4 + i], list2.length).set(list2);
    });
    return pointers;
  }
};
function planesOf2(image, [rows2, columns]) {
  const size = rows2.input * columns.input;
  return [sizeOf(image.shape) / size, size * itemBytes(image.dtype)];
}
function launchMaxWindows(a, values, indices, windows) {
  if (!takes2(a)) return false;
  const { dtype } = a;
  const [rows2, columns] = windows;
  const [planes2, planeBytes] = planesOf2(a, windows);
  const { from, to: to2, stride } = regularRun(columns, lanesOf(dtype));
  const form = laneStride(stride);
  const staging = new Staging();
  const tables2 = new Tables(staging, windows, null);
  const image = staging.addTensor(rowMajor3(a));
  const [largest, places] = [staging.addTensor(values), staging.addTensor(indices)];
  staging.open(largest);
  const [rowStart, rowEnd, columnStart, columnEnd] = tables2.write();
  const { run: run2 } = kernel(maxPoolName(dtype, form), emitMaxPool(dtype, form), heap().memory);
  run2(
    ...[planes2, planeBytes, columns.input, rows2.start.length, columns.start.length],
    ...[rowStart, rowEnd, columnStart, columnEnd, rows2.step, columns.step, from, to2, stride],
    ...[staging.pointer(image), staging.pointer(largest), staging.pointer(places)],
  );
  staging.write(largest);
  staging.write(places);
  return true;
}
function launchAverageWindows(a, out, windows, divisor) {
  if (!takes2(a)) return false;
  const { dtype } = a;
  const [rows2, columns] = windows;
  const [planes2, planeBytes] = planesOf2(a, windows);
  const { from, to: to2, stride } = regularRun(columns, lanesOf(dtype));
  const form = laneStride(stride);
  const staging = new Staging();
  const tables2 = new Tables(staging, windows, divisor);
  const image = staging.addTensor(rowMajor3(a));
  const result = staging.addTensor(out);
  staging.open(result);
  const [rowStart, rowEnd, columnStart, columnEnd, rowCounts, columnCounts] = tables2.write();
  const { run: run2 } = kernel(avgPoolName(dtype, form), emitAvgPool(dtype, form), heap().memory);
  run2(
    ...[planes2, planeBytes, columns.input, rows2.start.length, columns.start.length],
    ...[rowStart, rowEnd, columnStart, columnEnd, rows2.step, columns.step, from, to2, stride],
    ...[staging.pointer(image), staging.pointer(result), rowCounts, columnCounts],
  );
  staging.write(result);
  return true;
}
function launchMaxScatter(grad, indices, out, size) {
  if (!takes2(out) || grad.dtype !== out.dtype || indices.dtype !== 'int32') return false;
  const { dtype } = out;
  const planes2 = sizeOf(out.shape) / size;
  const staging = new Staging();
  const [gradient, places] = [staging.addTensor(rowMajor3(grad)), staging.addTensor(rowMajor3(indices))];
  const result = staging.addTensor(out);
  staging.open(result);
  const { run: run2 } = kernel(maxScatterName(dtype), emitMaxScatter(dtype), heap().memory);
  run2(
    ...[planes2, size * itemBytes(dtype), sizeOf(grad.shape) / planes2],
    ...[staging.pointer(gradient), staging.pointer(places), staging.pointer(result)],
  );
  staging.write(result);
  return true;
}
function launchAverageScatter(grad, out, windows, divisor) {
  if (!takes2(out) || grad.dtype !== out.dtype) return false;
  const { dtype } = out;
  const [rows2, columns] = windows;
  const [planes2, planeBytes] = planesOf2(out, windows);
  const staging = new Staging();
  const tables2 = new Tables(staging, windows, divisor);
  const gradient = staging.addTensor(rowMajor3(grad));
  const result = staging.addTensor(out);
  staging.open(result);
  const [rowStart, rowEnd, columnStart, columnEnd, rowCounts, columnCounts] = tables2.write();
  const { run: run2 } = kernel(avgScatterName(dtype), emitAvgScatter(dtype), heap().memory);
  run2(
    ...[planes2, planeBytes, columns.input, rows2.start.length, columns.start.length],
    ...[rowStart, rowEnd, columnStart, columnEnd],
    ...[staging.pointer(gradient), staging.pointer(result), rowCounts, columnCounts],
  );
  staging.write(result);
  return true;
}

// packages/core/src/ops/pool.ts
function pooledShape(shape, params) {
  const spatial = params.kernelSize.length;
  const lead = shape.length - spatial;
  const out = shape.slice(0, lead);
  for (let i = 0; i < spatial; i++) {
    const { kernelSize: k, stride: s, padding: p, dilation: d, ceilMode } = params;
    out.push(poolOutputSize(shape[lead + i], k[i], s[i], p[i], d[i], ceilMode));
  }
  return out;
}
function adaptiveShape(shape, outputSize) {
  return [...shape.slice(0, shape.length - outputSize.length), ...outputSize];
}
function planeSize(shape, spatial) {
  return sizeOf(shape.slice(shape.length - spatial));
}
function runMaxWindows(self, values, indices, windows) {
  if (!launchMaxWindows(self, values, indices, windows)) maxWindows(self, values, indices, windows);
}
function runAverageWindows(self, out, windows, divisor) {
  if (!launchAverageWindows(self, out, windows, divisor)) averageWindows(self, out, windows, divisor);
}
function runAverageScatter(grad, out, windows, divisor) {
  if (!launchAverageScatter(grad, out, windows, divisor)) averageScatter(grad, out, windows, divisor);
}
var maxPoolForward = (self, params) => {
  const shape = pooledShape(self.shape, params);
  const values = allocate(shape, self.dtype);
  const indices = allocate(shape, 'int32');
  runMaxWindows(self, values, indices, windowsOf(params, self.shape, shape));
  return [values, indices];
};
var maxPoolBackwardForward = (grad, indices, inputShape, spatial) => {
  const out = allocate(inputShape, grad.dtype);
  const size = planeSize(inputShape, spatial);
  if (!launchMaxScatter(grad, indices, out, size)) maxScatter(grad, indices, out, size);
  return out;
};
var maxPoolGatherForward = (self, indices, spatial) => {
  const out = allocate(indices.shape, self.dtype);
  maxGather(self, indices, out, planeSize(self.shape, spatial));
  return out;
};
var avgPoolForward = (self, params) => {
  const shape = pooledShape(self.shape, params);
  const out = allocate(shape, self.dtype);
  runAverageWindows(self, out, windowsOf(params, self.shape, shape, params.countIncludePad), params.divisorOverride);
  return out;
};
var avgPoolBackwardForward = (grad, inputShape, params) => {
  const out = allocate(inputShape, grad.dtype);
  runAverageScatter(
    grad,
    out,
    windowsOf(params, inputShape, grad.shape, params.countIncludePad),
    params.divisorOverride,
  );
  return out;
};
var adaptiveAvgPoolForward = (self, outputSize) => {
  const out = allocate(adaptiveShape(self.shape, outputSize), self.dtype);
  runAverageWindows(self, out, adaptiveWindows(self.shape, outputSize), null);
  return out;
};
var adaptiveAvgPoolBackwardForward = (grad, inputShape, outputSize) => {
  const out = allocate(inputShape, grad.dtype);
  runAverageScatter(grad, out, adaptiveWindows(inputShape, outputSize), null);
  return out;
};
var adaptiveMaxPoolForward = (self, outputSize) => {
  const shape = adaptiveShape(self.shape, outputSize);
  const values = allocate(shape, self.dtype);
  const indices = allocate(shape, 'int32');
  runMaxWindows(self, values, indices, adaptiveWindows(self.shape, outputSize));
  return [values, indices];
};
function perDimension4(op2, name2, value, spatial) {
  const several = spatial === 1 ? 'a list of one int' : 'a list of two ints';
  return perDimension(op2, name2, value, spatial, `${name2} must either be a single int, or ${several}`);
}
function checkParams2(op2, params) {
  const { kernelSize, stride, padding, dilation } = params;
  const shown = formatShape;
  if (kernelSize.some((k) => k <= 0)) {
    refuse(op2, `kernel size should be greater than zero, but got ${shown(kernelSize)}`, { kernelSize });
  }
  if (stride.some((s) => s <= 0))
    refuse(op2, `stride should be greater than zero, but got ${shown(stride)}`, { stride });
  if (padding.some((p) => p < 0)) refuse(op2, `pad must be non-negative, but got pad: ${shown(padding)}`, { padding });
  if (dilation.some((d) => d <= 0)) {
    refuse(op2, `dilation should be greater than zero, but got ${shown(dilation)}`, { dilation });
  }
  for (let i = 0; i < kernelSize.length; i++) {
    const effective = (kernelSize[i] - 1) * dilation[i] + 1;
    if (padding[i] <= Math.floor(effective / 2)) continue;
    refuse(
      op2,
      `pad should be at most half of effective kernel size, but got pad=${padding[i]}, kernel_size=${kernelSize[i]} and dilation=${dilation[i]}`,
      { kernelSize, padding, dilation },
    );
  }
}
function checkInput(op2, value, spatial, emptyChannels = false) {
  const input = checkTensor(op2, 'input', value);
  const batched = input.ndim === spatial + 2;
  const start = batched ? (emptyChannels ? 2 : 1) : emptyChannels ? 1 : 0;
  const full2 = (batched || input.ndim === spatial + 1) && input.shape.slice(start).every((size) => size > 0);
  if (full2) return;
  throw new ShapeError(
    `Expected ${spatial + 1}D or ${spatial + 2}D (batch mode) tensor with optional 0 dim batch size for input, with non-zero size for non-batch dimensions, but got: ${formatShape(input.shape)}`,
    { op: op2, operands: { input: input.shape } },
  );
}
function checkOutput(op2, input, params) {
  const out = pooledShape(input, params);
  const spatial = params.kernelSize.length;
  if (out.slice(-spatial).every((size) => size > 0)) return;
  const sizes3 = (shape) => `(${shape.slice(-spatial - 1).join('x')})`;
  throw new ShapeError(
    `Given input size: ${sizes3(input)}. Calculated output size: ${sizes3(out)}. Output size is too small`,
    {
      op: op2,
      operands: { input, output: out, ...params },
    },
  );
}
function checkGrad(op2, grad, expected) {
  if (sameShape(grad.shape, expected)) return;
  throw new ShapeError(`expected a gradient of shape ${formatShape(expected)}, but got ${formatShape(grad.shape)}`, {
    op: op2,
    operands: { grad: grad.shape, expected },
  });
}
function checkIndices(op2, indices) {
  if (indices.dtype === 'int32' || indices.dtype === 'int64') return;
  throw new DTypeError(`expected indices to be int32 or int64, but got ${indices.dtype}`, {
    op: op2,
    operands: { indices: indices.dtype },
  });
}
var MAX_POOL_NAMES = ['kernelSize', 'stride', 'padding', 'dilation', 'ceilMode', 'returnIndices'];
function strideOf(op2, stride, kernelSize, spatial) {
  const omitted = stride === void 0 || stride === null || (Array.isArray(stride) && stride.length === 0);
  return omitted ? kernelSize : perDimension4(op2, 'stride', stride, spatial);
}
function maxPoolNd(op2, spatial, input, args) {
  const [k, s, p = 0, d = 1, ceilMode = false, returnIndices = false] = named(op2, MAX_POOL_NAMES, args);
  checkInput(op2, input, spatial);
  const kernelSize = perDimension4(op2, 'kernelSize', k, spatial);
  const result = checkedMaxPool(op2, input, {
    kernelSize,
    stride: strideOf(op2, s, kernelSize, spatial),
    padding: perDimension4(op2, 'padding', p, spatial),
    dilation: perDimension4(op2, 'dilation', d, spatial),
    ceilMode: flag(op2, 'ceilMode', ceilMode),
  });
  return flag(op2, 'returnIndices', returnIndices) ? result : result.values;
}
function checkedMaxPool(op2, input, params) {
  refuseBool(op2, input.dtype);
  checkParams2(op2, params);
  checkOutput(op2, input.shape, params);
  const [values, indices] = dispatch('maxPool', maxPoolForward, [input, params]);
  return namedTuple(['values', 'indices'], [values, indices]);
}
var maxPool1d = (input, ...args) => maxPoolNd('maxPool1d', 1, input, args);
var maxPool2d = (input, ...args) => maxPoolNd('maxPool2d', 2, input, args);
function maxPoolBackward(grad, indices, inputShape, spatial) {
  const op2 = 'maxPoolBackward';
  checkIndices(op2, indices);
  checkGrad(op2, grad, indices.shape);
  checkLead(op2, grad.shape, inputShape, spatial);
  return dispatch('maxPoolBackward', maxPoolBackwardForward, [grad, indices, inputShape, spatial]);
}
function maxPoolGather(self, indices, spatial) {
  checkIndices('maxPoolGather', indices);
  checkLead('maxPoolGather', indices.shape, self.shape, spatial);
  return dispatch('maxPoolGather', maxPoolGatherForward, [self, indices, spatial]);
}
function checkLead(op2, pooled2, input, spatial) {
  if (sameShape(pooled2.slice(0, -spatial), input.slice(0, -spatial)) && pooled2.length === input.length) return;
  throw new ShapeError(
    `shapes ${formatShape(pooled2)} and ${formatShape(input)} must agree in all but the last ${spatial} dimensions`,
    { op: op2, operands: { pooled: pooled2, input, spatial } },
  );
}
var AVG_POOL_NAMES = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad'];
function avgPoolNd(op2, spatial, names, input, args) {
  const [k, s, p = 0, ceilMode = false, countIncludePad = true, divisorOverride = null] = named(op2, names, args);
  checkInput(op2, input, spatial);
  const kernelSize = perDimension4(op2, 'kernelSize', k, spatial);
  return checkedAvgPool(op2, input, {
    kernelSize,
    stride: strideOf(op2, s, kernelSize, spatial),
    padding: perDimension4(op2, 'padding', p, spatial),
    dilation: new Array(spatial).fill(1),
    ceilMode: flag(op2, 'ceilMode', ceilMode),
    countIncludePad: flag(op2, 'countIncludePad', countIncludePad),
    divisorOverride,
  });
}
function checkedAvgPool(op2, input, params) {
  requireFloat(op2, input.dtype);
  checkParams2(op2, params);
  if (params.divisorOverride === 0) refuse(op2, 'divisor must be not zero', { divisorOverride: 0 });
  if (params.dilation.some((d) => d !== 1)) refuse(op2, 'dilation must be 1', { dilation: params.dilation });
  checkOutput(op2, input.shape, params);
  return dispatch('avgPool', avgPoolForward, [input, params]);
}
function avgPool(self, params) {
  checkInput('avgPool', self, params.kernelSize.length);
  return checkedAvgPool('avgPool', self, params);
}
function avgPool1d(input, kernelSize, stride, padding, ceilMode, countIncludePad) {
  const args = [kernelSize, stride, padding, ceilMode, countIncludePad];
  return avgPoolNd('avgPool1d', 1, AVG_POOL_NAMES, input, args);
}
function avgPool2d(input, kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride) {
  const args = [kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride];
  return avgPoolNd('avgPool2d', 2, [...AVG_POOL_NAMES, 'divisorOverride'], input, args);
}
function avgPoolBackward(grad, inputShape, params) {
  checkGrad('avgPoolBackward', grad, pooledShape(inputShape, params));
  return dispatch('avgPoolBackward', avgPoolBackwardForward, [grad, inputShape, params]);
}
function outputSizeOf(op2, value, input, spatial) {
  const list2 = typeof value === 'number' || value === null ? [value] : value;
  if (!Array.isArray(list2) || (list2.length !== 1 && list2.length !== spatial)) {
    refuse(
      op2,
      `outputSize must be a single int or a list of ${spatial} (null keeps the input's size), but got ${show(value)}`,
      {
        outputSize: value,
      },
    );
  }
  return Array.from({ length: spatial }, (_, i) => {
    const size = list2.length === 1 ? list2[0] : list2[i];
    if (size === null) return input[input.length - spatial + i];
    if (!Number.isInteger(size) || size < 0) {
      refuse(op2, `elements of outputSize must be integers greater than or equal to 0, but got ${show(value)}`, {
        outputSize: value,
      });
    }
    return size;
  });
}
function adaptiveAvgPool(self, outputSize) {
  return adaptiveAvgPoolNd('adaptiveAvgPool', outputSize.length, self, [outputSize]);
}
function adaptiveAvgPoolNd(op2, spatial, input, args) {
  const [size] = named(op2, ['outputSize'], args);
  checkInput(op2, input, spatial, true);
  requireFloat(op2, input.dtype);
  return dispatch('adaptiveAvgPool', adaptiveAvgPoolForward, [input, outputSizeOf(op2, size, input.shape, spatial)]);
}
function adaptiveMaxPoolNd(op2, spatial, input, args) {
  const [size, returnIndices] = named(op2, ['outputSize', 'returnIndices'], args);
  checkInput(op2, input, spatial);
  refuseBool(op2, input.dtype);
  const outputSize = outputSizeOf(op2, size, input.shape, spatial);
  const [values, indices] = dispatch('adaptiveMaxPool', adaptiveMaxPoolForward, [input, outputSize]);
  return flag(op2, 'returnIndices', returnIndices) ? namedTuple(['values', 'indices'], [values, indices]) : values;
}
function adaptiveAvgPool1d(input, outputSize) {
  return adaptiveAvgPoolNd('adaptiveAvgPool1d', 1, input, [outputSize]);
}
function adaptiveAvgPool2d(input, outputSize) {
  return adaptiveAvgPoolNd('adaptiveAvgPool2d', 2, input, [outputSize]);
}
function adaptiveAvgPoolBackward(grad, inputShape, outputSize) {
  checkGrad('adaptiveAvgPoolBackward', grad, adaptiveShape(inputShape, outputSize));
  return dispatch('adaptiveAvgPoolBackward', adaptiveAvgPoolBackwardForward, [grad, inputShape, outputSize]);
}
var adaptiveMaxPool1d = (input, ...args) => adaptiveMaxPoolNd('adaptiveMaxPool1d', 1, input, args);
var adaptiveMaxPool2d = (input, ...args) => adaptiveMaxPoolNd('adaptiveMaxPool2d', 2, input, args);

// packages/core/src/random/fma.ts
var scratch2 = new Float64Array(1);
var words = new Int32Array(scratch2.buffer);
var LOW = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1;
var SPLITTER = 134217729;
var SPLIT_LIMIT = 2 ** 990;
function addToOdd(a, b) {
  const sum3 = a + b;
  const bPart = sum3 - a;
  const error = a - (sum3 - bPart) + (b - bPart);
  if (error === 0) return sum3;
  scratch2[0] = sum3;
  const low = words[LOW];
  if ((low & 1) === 0) {
    if (error > 0 === sum3 > 0) {
      words[LOW] = low + 1;
    } else {
      words[LOW] = low - 1;
      if (low === 0) words[1 - LOW]--;
    }
  }
  return scratch2[0];
}
function fma32(a, b, c) {
  return Math.fround(addToOdd(a * b, c));
}
function fma64(a, b, c) {
  const product = a * b;
  if (Math.abs(a) > SPLIT_LIMIT || Math.abs(b) > SPLIT_LIMIT || Math.abs(product) > SPLIT_LIMIT) return product + c;
  const aScaled = SPLITTER * a;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = SPLITTER * b;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  const residue = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
  const top = c + residue;
  const residuePart = top - c;
  const rest = c - (top - residuePart) + (residue - residuePart);
  const high = product + top;
  const topPart = high - product;
  const low = product - (high - topPart) + (top - topPart);
  return high + addToOdd(rest, low);
}

// packages/core/src/random/generator.ts
var N = 624;
var M = 397;
var MATRIX_A = 2567483615 | 0;
var UPPER_MASK = 2147483648 | 0;
var LOWER_MASK = 2147483647;
var DEFAULT_SEED = 67280421310721;
var STATE_BYTES = 5056;
var AT = {
  seed: 0,
  left: 8,
  seeded: 12,
  next: 16,
  words: 24,
  doubleSample: 24 + 8 * N + 8,
  hasDoubleSample: 24 + 8 * N + 24,
  floatSample: 24 + 8 * N + 32,
  hasFloatSample: 24 + 8 * N + 36,
};
function seedBits(op2, seed2) {
  const hint = 'a seed is an integer from -2^63 to 2^64 - 1, and a bigint beyond \xB1(2^53 - 1)';
  const isWhole = typeof seed2 === 'bigint' || Number.isSafeInteger(seed2);
  if (!isWhole || seed2 < -(2n ** 63n) || seed2 >= 2n ** 64n) {
    throw new ValueError(`seed must be a 64-bit integer, but got ${String(seed2)}; ${hint}`, {
      op: op2,
      operands: { seed: seed2 },
    });
  }
  return BigInt.asUintN(64, BigInt(seed2));
}
function entropy() {
  const hi = (Math.random() * 2097152) ^ (Date.now() & 2097151);
  const lo = ((Math.random() * 2 ** 32) >>> 0) ^ (performance.now() * 1e3);
  return hi * 2 ** 32 + (lo >>> 0);
}
function twist(s) {
  let i = 0;
  for (; i < N - M; i++) {
    const y2 = (s[i] & UPPER_MASK) | (s[i + 1] & LOWER_MASK);
    s[i] = s[i + M] ^ (y2 >>> 1) ^ (-(y2 & 1) & MATRIX_A);
  }
  for (; i < N - 1; i++) {
    const y2 = (s[i] & UPPER_MASK) | (s[i + 1] & LOWER_MASK);
    s[i] = s[i + M - N] ^ (y2 >>> 1) ^ (-(y2 & 1) & MATRIX_A);
  }
  const y = (s[N - 1] & UPPER_MASK) | (s[0] & LOWER_MASK);
  s[N - 1] = s[M - 1] ^ (y >>> 1) ^ (-(y & 1) & MATRIX_A);
}
var Generator = class _Generator {
  #words = new Int32Array(N);
  /** The next word to hand out; `N` when all are spent. */
  #next = N;
  /** True between seeding and the first draw: PyTorch's state writes that moment in its own way (`next` is 0). */
  #isFresh = true;
  #seed = 0n;
  /**
   * The sine half of a Box-Muller pair that waits for the next scalar normal, before mean and standard deviation;
   * `null` when there is none. `fillNormal` under 16 elements and `fillLogNormal` use it.
   */
  nextDoubleNormalSample = null;
  /** The same in float32. No CPU distribution of PyTorch uses it; it is here because states carry it. */
  nextFloatNormalSample = null;
  /** @throws ValueError when the seed is not a 64-bit integer */
  constructor(seed2 = DEFAULT_SEED) {
    this.#init(seedBits('Generator', seed2));
  }
  /**
   * Starts the stream afresh. The engine sees the low 32 bits of the seed alone, as in PyTorch: `2 ** 32` gives the
   * stream of 0. A negative seed counts from 2^64.
   *
   * @throws ValueError when the seed is NaN, fractional, a number beyond ±(2^53 - 1), or outside [-2^63, 2^64)
   */
  manualSeed(seed2) {
    this.#init(seedBits('Generator.manualSeed', seed2));
    return this;
  }
  /** Starts from a seed that differs from run to run, and returns it: 53 bits, where PyTorch draws 64. */
  seed() {
    const seed2 = entropy();
    this.#init(BigInt(seed2));
    return seed2;
  }
  /** The seed that the stream started from, as a number if it has up to 53 bits; a negative seed reads as 2^64 more. */
  initialSeed() {
    return this.#seed <= Number.MAX_SAFE_INTEGER ? Number(this.#seed) : this.#seed;
  }
  /** The next 32 bits, as a number in [0, 2^32). */
  random() {
    if (this.#next === N) this.#refill();
    let y = this.#words[this.#next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 2636928640;
    y ^= (y << 15) & 4022730752;
    return (y ^ (y >>> 18)) >>> 0;
  }
  /** The next 64 bits: two draws, the first one on top. */
  random64() {
    const hi = this.random();
    const lo = this.random();
    return (BigInt(hi) << 32n) | BigInt(lo);
  }
  /** The low 53 bits of `random64()`, without a bigint: what every double-precision distribution starts from. */
  random53() {
    const hi = this.random() & 2097151;
    return hi * 2 ** 32 + this.random();
  }
  /**
   * A copy of the state: 5056 bytes, PyTorch's own layout.
   *
   * @example
   * const before = generator.getState();
   * const a = generator.random();
   * generator.setState(before);
   * generator.random() === a; // true
   */
  getState() {
    const state = new Uint8Array(STATE_BYTES);
    const view3 = new DataView(state.buffer);
    view3.setBigUint64(AT.seed, this.#seed, true);
    view3.setInt32(AT.left, N + 1 - this.#next, true);
    view3.setInt32(AT.seeded, 1, true);
    view3.setUint32(AT.next, this.#isFresh ? 0 : this.#next, true);
    for (let i = 0; i < N; i++) view3.setInt32(AT.words + 8 * i, this.#words[i], true);
    if (this.nextDoubleNormalSample !== null) {
      view3.setFloat64(AT.doubleSample, this.nextDoubleNormalSample, true);
      view3.setInt32(AT.hasDoubleSample, 1, true);
    }
    if (this.nextFloatNormalSample !== null) {
      view3.setFloat32(AT.floatSample, this.nextFloatNormalSample, true);
      view3.setUint8(AT.hasFloatSample, 1);
    }
    return state;
  }
  /**
   * Goes on from a state of `getState()` or of `torch.get_rng_state()`. The state is copied.
   *
   * @throws FormatError when the bytes are not such a state; the generator is then as before
   */
  setState(state) {
    const op2 = 'Generator.setState';
    if (!(state instanceof Uint8Array) || state.length !== STATE_BYTES) {
      const got = state instanceof Uint8Array ? `${state.length} bytes` : typeof state;
      throw new FormatError(`a state is a Uint8Array of ${STATE_BYTES} bytes, but got ${got}`, { op: op2 });
    }
    const view3 = new DataView(state.buffer, state.byteOffset, STATE_BYTES);
    const left = view3.getInt32(AT.left, true);
    const next = view3.getUint32(AT.next, true);
    const isFresh = left === 1 && next === 0;
    const isConsistent = left >= 1 && left <= N && left + next === N + 1;
    if (view3.getInt32(AT.seeded, true) !== 1 || !(isFresh || isConsistent)) {
      throw new FormatError(`not the state of an mt19937 generator, left=${left}, next=${next}`, {
        op: op2,
        operands: { left, next },
      });
    }
    for (let i = 0; i < N; i++) this.#words[i] = view3.getInt32(AT.words + 8 * i, true);
    this.#next = N + 1 - left;
    this.#isFresh = isFresh;
    this.#seed = view3.getBigUint64(AT.seed, true);
    const hasDouble = view3.getInt32(AT.hasDoubleSample, true) !== 0;
    this.nextDoubleNormalSample = hasDouble ? view3.getFloat64(AT.doubleSample, true) : null;
    const hasFloat = view3.getUint8(AT.hasFloatSample) !== 0;
    this.nextFloatNormalSample = hasFloat ? view3.getFloat32(AT.floatSample, true) : null;
    return this;
  }
  /** A generator of its own that goes on from the same point. */
  clone() {
    const copy2 = new _Generator();
    copy2.#words.set(this.#words);
    copy2.#next = this.#next;
    copy2.#isFresh = this.#isFresh;
    copy2.#seed = this.#seed;
    copy2.nextDoubleNormalSample = this.nextDoubleNormalSample;
    copy2.nextFloatNormalSample = this.nextFloatNormalSample;
    return copy2;
  }
  /** Knuth's initialisation, TAOCP volume 2, 3rd edition, page 106, from the low 32 bits of the seed. */
  #init(seed2) {
    const words2 = this.#words;
    words2[0] = Number(BigInt.asIntN(32, seed2));
    for (let i = 1; i < N; i++) {
      const before = words2[i - 1];
      words2[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
    this.#seed = seed2;
    this.#next = N;
    this.#isFresh = true;
    this.nextDoubleNormalSample = null;
    this.nextFloatNormalSample = null;
  }
  #refill() {
    twist(this.#words);
    this.#next = 0;
    this.#isFresh = false;
  }
};
function fromEntropy() {
  const generator = new Generator();
  generator.seed();
  return generator;
}
var defaultGenerator = /* @__PURE__ */ fromEntropy();
function manualSeed(seed2) {
  seedBits('manualSeed', seed2);
  return defaultGenerator.manualSeed(seed2);
}

// packages/core/src/random/distributions.ts
var TWO_POW_24 = 2 ** 24;
var TWO_POW_53 = 2 ** 53;
var TO_UNIT_24 = 2 ** -24;
var TO_UNIT_53 = 2 ** -53;
var WIDE_RANGE = 2 ** 32;
var FLOAT32_MAX = 2 ** 128 - 2 ** 104;
function fail2(op2, rule, operands) {
  const got = Object.entries(operands).map(([name2, value]) => `${name2}=${String(value)}`);
  throw new ValueError(`${rule}, but got ${got.join(', ')}`, { op: op2, operands });
}
function requireFloat2(op2, out) {
  const dtype = dtypeOfArray(out);
  if (dtype === null || !isFloating(dtype)) {
    throw new DTypeError(`takes float32 or float64, but got ${dtype ?? 'no typed array'}`, {
      op: op2,
      operands: { dtype },
    });
  }
}
function generate(out, draw) {
  if (out instanceof BigInt64Array) {
    for (let i = 0; i < out.length; i++) out[i] = BigInt(draw());
  } else {
    for (let i = 0; i < out.length; i++) out[i] = draw();
  }
}
function uniform53(generator) {
  return generator.random53() * TO_UNIT_53;
}
function fillRand(out, generator = defaultGenerator) {
  requireFloat2('rand', out);
  if (out instanceof Float32Array) {
    for (let i = 0; i < out.length; i++) out[i] = (generator.random() & 16777215) * TO_UNIT_24;
  } else {
    for (let i = 0; i < out.length; i++) out[i] = generator.random53() * TO_UNIT_53;
  }
}
function fillUniform(out, from, to2, generator = defaultGenerator) {
  const op2 = 'uniform_';
  requireFloat2(op2, out);
  const max2 = out instanceof Float32Array ? FLOAT32_MAX : Number.MAX_VALUE;
  const inRange = Math.abs(from) <= max2 && Math.abs(to2) <= max2 && from <= to2 && to2 - from <= max2;
  if (!inRange) fail2(op2, 'expects finite from <= to whose difference is finite too', { from, to: to2 });
  if (out instanceof Float32Array) {
    const base = Math.fround(from);
    const width = fma32(Math.fround(to2), 1, -base);
    for (let i = 0; i < out.length; i++) out[i] = fma32((generator.random() & 16777215) * TO_UNIT_24, width, base);
  } else {
    const width = to2 - from;
    for (let i = 0; i < out.length; i++) out[i] = fma64(uniform53(generator), width, from);
  }
}
function standardNormal(generator) {
  const cached = generator.nextDoubleNormalSample;
  if (cached !== null) {
    generator.nextDoubleNormalSample = null;
    return cached;
  }
  const u1 = uniform53(generator);
  const u2 = uniform53(generator);
  const radius = Math.sqrt(-2 * Math.log1p(-u2));
  const theta = 2 * Math.PI * u1;
  generator.nextDoubleNormalSample = radius * Math.sin(theta);
  return radius * Math.cos(theta);
}
var TWO_PI_32 = Math.fround(2 * Math.PI);
function transform16(out, at3, mean2, std2) {
  if (out instanceof Float32Array) {
    for (let j = at3; j < at3 + 8; j++) {
      const radius = Math.fround(Math.sqrt(-2 * Math.log(1 - out[j])));
      const theta = Math.fround(TWO_PI_32 * out[j + 8]);
      out[j] = Math.fround(radius * Math.cos(theta)) * std2 + mean2;
      out[j + 8] = Math.fround(radius * Math.sin(theta)) * std2 + mean2;
    }
  } else {
    for (let j = at3; j < at3 + 8; j++) {
      const radius = Math.sqrt(-2 * Math.log(1 - out[j]));
      const theta = 2 * Math.PI * out[j + 8];
      out[j] = radius * Math.cos(theta) * std2 + mean2;
      out[j + 8] = radius * Math.sin(theta) * std2 + mean2;
    }
  }
}
function fillNormal(out, mean2, std2, generator = defaultGenerator) {
  const op2 = 'normal_';
  requireFloat2(op2, out);
  if (!(std2 >= 0) || Number.isNaN(mean2)) fail2(op2, 'expects std >= 0', { mean: mean2, std: std2 });
  const size = out.length;
  if (size < 16) {
    for (let i = 0; i < size; i++) out[i] = standardNormal(generator) * std2 + mean2;
    return;
  }
  if (out instanceof Float32Array) {
    mean2 = Math.fround(mean2);
    std2 = Math.fround(std2);
  }
  fillRand(out, generator);
  for (let i = 0; i + 16 <= size; i += 16) transform16(out, i, mean2, std2);
  if (size % 16 !== 0) {
    fillRand(out.subarray(size - 16), generator);
    transform16(out, size - 16, mean2, std2);
  }
}
var INTEGER_LIMITS = {
  bool: [0n, 1n],
  uint8: [0n, 255n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
};
function toInteger(op2, name2, value) {
  if (typeof value === 'bigint') return value;
  if (!Number.isSafeInteger(value)) fail2(op2, 'expects integers, as bigint beyond \xB1(2^53 - 1)', { [name2]: value });
  return BigInt(value);
}
function log2Floor(x) {
  return BigInt((x < 0n ? -x : x).toString(2).length - 1);
}
function floatBounds(dtype, low, high) {
  const digits = dtype === 'float32' ? 24n : 53n;
  const round2 = (x) => BigInt(dtype === 'float32' ? Math.fround(Number(x)) : Number(x));
  const afterLow = round2(low + 1n);
  if (afterLow < low) low = afterLow + 2n ** (log2Floor(low + 1n) - digits + 1n);
  const beforeHigh = round2(high - 1n);
  if (beforeHigh >= high) high = beforeHigh - 2n ** (log2Floor(high - 1n) - digits + 1n);
  return [low, high];
}
function fillRandint(out, low, high, generator = defaultGenerator, dtype = dtypeOfArray(out)) {
  const op2 = 'randint';
  let from = toInteger(op2, 'low', low);
  let to2 = toInteger(op2, 'high', high);
  if (from >= to2) fail2(op2, 'expects low < high', { low, high });
  const [least, greatest] = INTEGER_LIMITS[dtype === 'float32' || dtype === 'float64' ? 'int64' : dtype];
  if (from < least || to2 - 1n > greatest) fail2(op2, `expects bounds that ${dtype} can hold`, { low, high });
  if (dtype === 'float32' || dtype === 'float64') {
    [from, to2] = floatBounds(dtype, from, to2);
    if (from >= to2) fail2(op2, `expects low < high after rounding to ${dtype}`, { low, high });
  }
  const range3 = to2 - from;
  const isWide = range3 >= WIDE_RANGE && (dtype === 'int64' || dtype === 'float32' || dtype === 'float64');
  const base = Number(from);
  if (out instanceof BigInt64Array) {
    for (let i = 0; i < out.length; i++) {
      out[i] = ((isWide ? generator.random64() : BigInt(generator.random())) % range3) + from;
    }
  } else if (isWide || !Number.isSafeInteger(base) || !Number.isSafeInteger(base + WIDE_RANGE)) {
    for (let i = 0; i < out.length; i++) {
      out[i] = Number(((isWide ? generator.random64() : BigInt(generator.random())) % range3) + from);
    }
  } else {
    const width = Number(range3) >>> 0;
    for (let i = 0; i < out.length; i++) {
      const draw = generator.random();
      out[i] = base + (width === 0 ? draw : draw % width);
    }
  }
}
function fillRandom(out, generator = defaultGenerator, dtype = dtypeOfArray(out)) {
  if (out instanceof BigInt64Array) {
    for (let i = 0; i < out.length; i++) out[i] = BigInt.asUintN(63, generator.random64());
  } else if (out instanceof Float64Array) {
    const modulus = BigInt(TWO_POW_53) + 1n;
    for (let i = 0; i < out.length; i++) out[i] = Number(generator.random64() % modulus);
  } else if (out instanceof Float32Array) {
    for (let i = 0; i < out.length; i++) out[i] = generator.random() % (TWO_POW_24 + 1);
  } else {
    const mask = dtype === 'bool' ? 1 : dtype === 'uint8' ? 255 : 2147483647;
    for (let i = 0; i < out.length; i++) out[i] = generator.random() & mask;
  }
}
function bernoulliFrom(out, p, generator) {
  const isSingle = p instanceof Float32Array;
  const scale2 = isSingle ? TWO_POW_24 : TWO_POW_53;
  for (let i = 0; i < out.length; i++) {
    const isOne = (isSingle ? generator.random() & 16777215 : generator.random53()) < p[i] * scale2;
    if (out instanceof BigInt64Array) out[i] = isOne ? 1n : 0n;
    else out[i] = isOne ? 1 : 0;
  }
}
function fillBernoulli(out, p, generator = defaultGenerator) {
  const op2 = 'bernoulli';
  if (typeof p !== 'number') {
    requireFloat2(op2, p);
    if (p.length !== out.length) {
      fail2(op2, 'expects as many probabilities as elements', { probabilities: p.length, elements: out.length });
    }
    for (let i = 0; i < p.length; i++) {
      if (!(p[i] >= 0 && p[i] <= 1)) fail2(op2, 'expects probabilities in [0, 1]', { [`p[${i}]`]: p[i] });
    }
    bernoulliFrom(out, p, generator);
    return;
  }
  if (!(p >= 0 && p <= 1)) fail2(op2, 'expects p in [0, 1]', { p });
  const limit2 = p * TWO_POW_53;
  if (out instanceof BigInt64Array) {
    for (let i = 0; i < out.length; i++) out[i] = generator.random53() < limit2 ? 1n : 0n;
  } else {
    for (let i = 0; i < out.length; i++) out[i] = generator.random53() < limit2 ? 1 : 0;
  }
}
function fillExponential(out, lambda, generator = defaultGenerator) {
  const op2 = 'exponential_';
  requireFloat2(op2, out);
  if (!(lambda > 0)) fail2(op2, 'expects lambda > 0', { lambda });
  const scale2 = -1 / lambda;
  generate(out, () => scale2 * Math.log1p(-uniform53(generator)));
}
function fillLogNormal(out, mean2, std2, generator = defaultGenerator) {
  const op2 = 'log_normal_';
  requireFloat2(op2, out);
  if (!(std2 > 0) || Number.isNaN(mean2)) fail2(op2, 'expects std > 0', { mean: mean2, std: std2 });
  generate(out, () => Math.exp(standardNormal(generator) * std2 + mean2));
}
function fillCauchy(out, median, sigma, generator = defaultGenerator) {
  const op2 = 'cauchy_';
  requireFloat2(op2, out);
  if (!(sigma > 0) || Number.isNaN(median)) fail2(op2, 'expects sigma > 0', { median, sigma });
  generate(out, () => median + sigma * Math.tan(Math.PI * (uniform53(generator) - 0.5)));
}
function fillGeometric(out, p, generator = defaultGenerator) {
  if (!(p > 0 && p < 1)) fail2('geometric_', 'expects p in (0, 1)', { p });
  const scale2 = Math.log1p(-p);
  const most = out instanceof BigInt64Array ? Number.MAX_SAFE_INTEGER : Number.POSITIVE_INFINITY;
  generate(out, () => Math.min(Math.ceil(Math.log(uniform53(generator)) / scale2), most));
}

// packages/core/src/random/sampling.ts
var LONG_PERMUTATION = 214748364;
var MAX_CATEGORIES = 2 ** 24;
function remainder64(hi, lo, m) {
  const upper = (hi % m) * 65536 + (lo >>> 16);
  return ((upper % m) * 65536 + (lo & 65535)) % m;
}
function randperm(n, generator = defaultGenerator) {
  if (!Number.isInteger(n) || n < 0 || n > 2 ** 31) {
    throw new ValueError(`n must be an integer from 0 to 2^31, but got ${n}`, { op: 'randperm', operands: { n } });
  }
  const out = new Int32Array(n);
  if (n < LONG_PERMUTATION) {
    for (let i = 0; i < n; i++) out[i] = i;
    for (let i = 0; i < n - 1; i++) {
      const other = i + (generator.random() % ((n - i) >>> 0));
      const kept = out[i];
      out[i] = out[other];
      out[other] = kept;
    }
    return out;
  }
  for (let i = 0; i < n; i++) {
    const hi = generator.random();
    const other = remainder64(hi, generator.random(), i + 1);
    out[i] = out[other];
    out[other] = i;
  }
  return out;
}
function cumulate(weights, at3, cumulative) {
  const categories = cumulative.length;
  const round2 = weights instanceof Float32Array ? Math.fround : (x) => x;
  let sum3 = 0;
  for (let j = 0; j < categories; j++) {
    sum3 = round2(sum3 + weights[at3 + j]);
    cumulative[j] = sum3;
  }
  for (let j = 0; j < categories; j++) cumulative[j] /= sum3;
  cumulative[categories - 1] = 1;
}
function slot(cumulative, u) {
  let left = 0;
  let right = cumulative.length;
  while (left < right) {
    const middle = left + ((right - left) >>> 1);
    if (cumulative[middle] < u) left = middle + 1;
    else right = middle;
  }
  return left;
}
function drawWithReplacement(weights, categories, out, generator) {
  const rows2 = weights.length / categories;
  const samples2 = out.length / rows2;
  const cumulative = weights instanceof Float32Array ? new Float32Array(categories) : new Float64Array(categories);
  for (let row = 0; row < rows2; row++) {
    cumulate(weights, row * categories, cumulative);
    for (let k = 0; k < samples2; k++) {
      out[row * samples2 + k] = slot(cumulative, generator.random53() * 2 ** -53);
    }
  }
}
function drawWithoutReplacement(weights, categories, out, generator, byCategory) {
  const rows2 = weights.length / categories;
  const samples2 = out.length / rows2;
  const scores = weights instanceof Float32Array ? new Float32Array(weights.length) : new Float64Array(weights.length);
  fillExponential(scores, 1, generator);
  if (byCategory) {
    const drawn = scores.slice();
    for (let i = 0; i < scores.length; i++) scores[i] = drawn[(i % categories) * rows2 + Math.floor(i / categories)];
  }
  for (let i = 0; i < scores.length; i++) scores[i] = weights[i] === 0 ? 0 : weights[i] / scores[i];
  for (let row = 0; row < rows2; row++) {
    const at3 = row * categories;
    if (samples2 === 1) {
      let best = 0;
      for (let j = 1; j < categories; j++) if (scores[at3 + j] > scores[at3 + best]) best = j;
      out[row] = best;
    } else {
      const order = Array.from({ length: categories }, (_, j) => j);
      order.sort((a, b) => scores[at3 + b] - scores[at3 + a] || a - b);
      for (let k = 0; k < samples2; k++) out[row * samples2 + k] = order[k];
    }
  }
}
function checkWeights(op2, weights, categories) {
  for (let at3 = 0; at3 < weights.length; at3 += categories) {
    let sum3 = 0;
    for (let j = at3; j < at3 + categories; j++) {
      const weight = weights[j];
      if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
        throw new ValueError(`weights must be finite and at least 0, but got ${weight} at ${j}`, {
          op: op2,
          operands: { weight, index: j },
        });
      }
      sum3 += weight;
    }
    if (sum3 === 0) {
      const row = at3 / categories;
      throw new ValueError(`every row of weights needs a positive sum, but row ${row} sums to 0`, {
        op: op2,
        operands: { row },
      });
    }
  }
}
function multinomial(weights, categories, samples2, replacement2, generator = defaultGenerator, byCategory = false) {
  const op2 = 'multinomial';
  const operands = { categories, samples: samples2 };
  if (!Number.isInteger(samples2) || samples2 <= 0) {
    throw new ValueError(`samples must be a positive integer, but got ${samples2}`, { op: op2, operands });
  }
  if (!Number.isInteger(categories) || categories <= 0 || weights.length % categories !== 0) {
    throw new ValueError(`${weights.length} weights do not make rows of ${categories} categories`, {
      op: op2,
      operands,
    });
  }
  if (categories > MAX_CATEGORIES) {
    throw new ValueError(`takes up to 2^24 categories, but got ${categories}`, { op: op2, operands });
  }
  if (!replacement2 && samples2 > categories) {
    throw new ValueError(`cannot draw ${samples2} of ${categories} categories without replacement`, {
      op: op2,
      operands,
    });
  }
  checkWeights(op2, weights, categories);
  const out = new Int32Array((weights.length / categories) * samples2);
  if (out.length === 0) return out;
  if (replacement2) drawWithReplacement(weights, categories, out, generator);
  else drawWithoutReplacement(weights, categories, out, generator, byCategory);
  return out;
}

// packages/core/src/ops/random.ts
var CREATION = ['dtype', 'requiresGrad', 'generator'];
function request(op2, shape, options) {
  const [dtype, requiresGrad, generator] = named(op2, CREATION, options === void 0 ? [] : [options]);
  return {
    shape: [...checkShape(op2, shape)],
    dtype: dtype === void 0 || dtype === null ? null : checkDType(op2, dtype),
    requiresGrad: requiresGrad ?? false,
    generator: checkGenerator(op2, generator),
  };
}
function checkGenerator(op2, generator) {
  if (generator === void 0 || generator === null) return defaultGenerator;
  if (generator instanceof Generator) return generator;
  throw new ValueError(`generator must be a Generator or null, but got ${typeof generator}`, {
    op: op2,
    operands: { generator },
  });
}
function sizes2(op2, args) {
  const given = args.filter((arg) => arg !== void 0);
  const last = given[given.length - 1];
  const options = isOptions(last) ? given.pop() : void 0;
  const shape = given.length === 1 && Array.isArray(given[0]) ? given[0] : given;
  return request(op2, shape, options);
}
function create(op2, wanted, fallback, fill2, like2 = null) {
  const dtype = wanted.dtype ?? fallback;
  const out = allocate(wanted.shape, dtype);
  const order = like2 === null ? null : orderOf(like2);
  if (order === null) fill2(dense2(out), dtype, true);
  else fillOrdered(out, order, (buffer) => fill2(buffer, dtype, false));
  if (wanted.requiresGrad) requireRecorder(op2).setRequiresGrad(out, true);
  return out;
}
function dense2(self) {
  return self.array.subarray(self.offset, self.offset + sizeOf(self.shape));
}
function orderOf({ shape, strides }) {
  const order = memoryOrder(shape, strides);
  const real = order.filter((d) => shape[d] !== 1);
  return real.every((d, i) => i === 0 || real[i - 1] < d) ? null : order;
}
function permuted(self, order) {
  return {
    array: self.array,
    shape: order.map((d) => self.shape[d]),
    strides: order.map((d) => self.strides[d]),
    offset: self.offset,
    dtype: self.dtype,
  };
}
function rows(array, shape, dtype) {
  return { array, shape, strides: contiguousStrides(shape), offset: 0, dtype };
}
function fillOrdered(self, order, fill2) {
  const buffer = newArray(self.dtype, sizeOf(self.shape));
  fill2(buffer);
  const target = permuted(self, order);
  copy(rows(buffer, target.shape, self.dtype), target);
}
function elementsOf(self, order) {
  const source2 = order === null ? self : permuted(self, order);
  const out = newArray(self.dtype, sizeOf(self.shape));
  copy(source2, rows(out, source2.shape, self.dtype));
  return out;
}
function fillNormalSerially(out, mean2, std2, generator) {
  for (let at3 = 0; at3 < out.length; at3 += 8) fillNormal(out.subarray(at3, at3 + 8), mean2, std2, generator);
}
function normals(out, mean2, std2, generator, isDense2) {
  if (isDense2) fillNormal(out, mean2, std2, generator);
  else fillNormalSerially(out, mean2, std2, generator);
}
function floats(op2, array, dtype) {
  if (isFloating(dtype)) return array;
  throw new DTypeError(`is only defined for floating point dtypes, but got ${dtype}`, { op: op2, operands: { dtype } });
}
function randn(...size) {
  const wanted = sizes2('randn', size);
  return create('randn', wanted, 'float32', (out, dtype) =>
    fillNormal(floats('randn', out, dtype), 0, 1, wanted.generator),
  );
}
function randint(first, second, third, fourth) {
  const [low, high, size, options] =
    typeof second === 'number' ? [first, second, third, fourth] : [0, first, second, third];
  if (!Array.isArray(size)) throw new ShapeError(`size must be a list, but got ${String(size)}`, { op: 'randint' });
  const wanted = request('randint', size, options);
  return create('randint', wanted, 'int32', (out, dtype) => fillRandint(out, low, high, wanted.generator, dtype));
}
function randperm2(n, options) {
  if (!Number.isInteger(n) || n < 0) {
    throw new ValueError(`n must be an integer of at least 0, but got ${n}`, { op: 'randperm', operands: { n } });
  }
  const wanted = request('randperm', [n], options);
  const order = randperm(n, wanted.generator);
  return create('randperm', wanted, 'int32', (out, dtype) =>
    copy(
      { array: order, shape: [n], strides: [1], offset: 0, dtype: 'int32' },
      { array: out, shape: [n], strides: [1], offset: 0, dtype },
    ),
  );
}
function checkStd(std2) {
  if (!(std2 >= 0))
    throw new ValueError(`expects std >= 0.0, but found std ${std2}`, { op: 'normal', operands: { std: std2 } });
  return std2;
}
function bernoulli(self, options) {
  const [given] = named('bernoulli', ['generator'], [options]);
  const generator = checkGenerator('bernoulli', given);
  const p = floats('bernoulli', elementsOf(self, null), self.dtype);
  const out = allocate(self.shape, self.dtype);
  fillBernoulli(dense2(out), p, generator);
  return out;
}
function multinomial2(self, numSamples, replacement2 = false, options) {
  const [replace = false, generator] = named('multinomial', ['replacement', 'generator'], [replacement2, options]);
  if (self.ndim !== 1 && self.ndim !== 2) {
    throw new ShapeError(`prob_dist must be 1 or 2 dim, but has shape ${formatShape(self.shape)}`, {
      op: 'multinomial',
    });
  }
  const drawn = multinomial(
    floats('multinomial', elementsOf(self, null), self.dtype),
    self.shape[self.ndim - 1],
    numSamples,
    replace,
    checkGenerator('multinomial', generator),
    orderOf(self) !== null,
  );
  const out = allocate([...self.shape.slice(0, -1), numSamples], 'int32');
  dense2(out).set(drawn);
  return out;
}
function fillInPlace(op2, self, fill2) {
  if (self.strides.some((stride, d) => stride === 0 && self.shape[d] > 1)) {
    throw new ValueError(
      'more than one element of the written-to tensor refers to a single memory location; clone() it first',
      { op: op2, operands: { shape: self.shape, strides: self.strides } },
    );
  }
  return dispatchInPlace('fill', [self, 0], self, () => {
    if (isContiguous(self.shape, self.strides)) fill2(dense2(self), true);
    else fillOrdered(self, memoryOrder(self.shape, self.strides), (buffer) => fill2(buffer, false));
  });
}
function uniform_(self, from, to2, options) {
  const [low = 0, high = 1, generator] = named('uniform_', ['from', 'to', 'generator'], [from, to2, options]);
  return fillInPlace('uniform_', self, (out) =>
    fillUniform(floats('uniform_', out, self.dtype), low, high, checkGenerator('uniform_', generator)),
  );
}
function normal_(self, mean2, std2, options) {
  const [m = 0, s = 1, generator] = named('normal_', ['mean', 'std', 'generator'], [mean2, std2, options]);
  checkStd(s);
  const source2 = checkGenerator('normal_', generator);
  return fillInPlace('normal_', self, (out, isDense2) =>
    normals(floats('normal_', out, self.dtype), m, s, source2, isDense2),
  );
}
function bernoulli_(self, p = 0.5, options) {
  const [probability = 0.5, generator] = named('bernoulli_', ['p', 'generator'], [p, options]);
  const source2 = checkGenerator('bernoulli_', generator);
  if (typeof probability === 'number') {
    return fillInPlace('bernoulli_', self, (out) => fillBernoulli(out, probability, source2));
  }
  if (!sameShape(broadcastShapes('bernoulli_', self.shape, probability.shape), self.shape)) {
    throw new ShapeError(
      `p of shape ${formatShape(probability.shape)} does not broadcast to ${formatShape(self.shape)}`,
      {
        op: 'bernoulli_',
        operands: { self: self.shape, p: probability.shape },
      },
    );
  }
  const each = {
    array: probability.array,
    shape: self.shape,
    strides: broadcastStrides(probability.shape, probability.strides, self.shape),
    offset: probability.offset,
    dtype: probability.dtype,
  };
  const isDense2 = isContiguous(self.shape, self.strides);
  const probabilities = elementsOf(each, isDense2 ? null : memoryOrder(self.shape, self.strides));
  return fillInPlace('bernoulli_', self, (out) =>
    fillBernoulli(out, floats('bernoulli_', probabilities, each.dtype), source2),
  );
}
function random_(self, from, to2, options) {
  const [first, second, generator] = named('random_', ['from', 'to', 'generator'], [from, to2, options]);
  const source2 = checkGenerator('random_', generator);
  if (first === void 0 && second === void 0) {
    return fillInPlace('random_', self, (out) => fillRandom(out, source2, self.dtype));
  }
  const [low, high] = second === void 0 ? [0, first] : [first ?? 0, second];
  return fillInPlace('random_', self, (out) => fillRandint(out, low, high, source2, self.dtype));
}
function exponential_(self, lambd = 1, options) {
  const [rate = 1, generator] = named('exponential_', ['lambd', 'generator'], [lambd, options]);
  return fillInPlace('exponential_', self, (out) =>
    fillExponential(floats('exponential_', out, self.dtype), rate, checkGenerator('exponential_', generator)),
  );
}
function logNormal_(self, mean2, std2, options) {
  const [m = 1, s = 2, generator] = named('logNormal_', ['mean', 'std', 'generator'], [mean2, std2, options]);
  return fillInPlace('logNormal_', self, (out) =>
    fillLogNormal(floats('logNormal_', out, self.dtype), m, s, checkGenerator('logNormal_', generator)),
  );
}
function cauchy_(self, median, sigma, options) {
  const [m = 0, s = 1, generator] = named('cauchy_', ['median', 'sigma', 'generator'], [median, sigma, options]);
  return fillInPlace('cauchy_', self, (out) =>
    fillCauchy(floats('cauchy_', out, self.dtype), m, s, checkGenerator('cauchy_', generator)),
  );
}
function geometric_(self, p, options) {
  const [probability = Number.NaN, generator] = named('geometric_', ['p', 'generator'], [p, options]);
  return fillInPlace('geometric_', self, (out) =>
    fillGeometric(out, probability, checkGenerator('geometric_', generator)),
  );
}

// packages/core/src/ops/subscript.ts
var Slice = class {
  start;
  stop;
  step;
  constructor(start, stop, step) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
};
function listIndex(op2, data) {
  const given = fromData(op2, data, null);
  if (!Array.isArray(data) || given.dtype !== 'float32') return given;
  const numbers2 = fromData(op2, data, 'float64');
  const fraction = numbers2.array.find((n) => !Number.isInteger(n));
  if (fraction !== void 0) {
    throw new IndexError(`indices must be integers, but got ${fraction}`, { op: op2, operands: { index: data } });
  }
  return to(numbers2, 'int32');
}
function covered(entry2) {
  if (typeof entry2 === 'number' || entry2 instanceof Slice) return 1;
  if (isTensor(entry2)) return entry2.dtype === 'bool' ? entry2.ndim : 1;
  return 0;
}
function readEntries(op2, self, subscripts) {
  let ellipses = 0;
  let count2 = 0;
  const entries = subscripts.map((entry2) => {
    if (Array.isArray(entry2) || ArrayBuffer.isView(entry2)) {
      const tensor2 = listIndex(op2, entry2);
      count2 += covered(tensor2);
      return tensor2;
    }
    if (entry2 === '...') ellipses++;
    else if (
      typeof entry2 !== 'number' &&
      typeof entry2 !== 'boolean' &&
      entry2 !== null &&
      !(entry2 instanceof Slice) &&
      !isTensor(entry2)
    ) {
      throw new IndexError(
        `only numbers, slice(), '...', null, booleans, tensors and lists are valid indices, but got ${String(entry2)}`,
        { op: op2, operands: { entry: entry2 } },
      );
    }
    count2 += covered(entry2);
    return entry2;
  });
  if (ellipses > 1) throw new IndexError("an index can only have a single ellipsis ('...')", { op: op2 });
  if (count2 > self.ndim) {
    throw new IndexError(
      self.ndim === 0
        ? 'invalid index of a 0-dim tensor; use item() to convert it to a number'
        : `too many indices for tensor of dimension ${self.ndim} (got ${count2})`,
      { op: op2, operands: { self: self.shape, count: count2 } },
    );
  }
  return entries;
}
function resolve(op2, self, subscripts) {
  const entries = readEntries(op2, self, subscripts);
  const rest = entries.reduce((left, entry2) => left - covered(entry2), self.ndim);
  const indices = [];
  let view3 = self;
  let dim = 0;
  let source2 = 0;
  let tensors = 0;
  const pass = (count2) => {
    for (let i = 0; i < count2; i++) indices.push(null);
    dim += count2;
  };
  for (let entry2 of entries) {
    if (isTensor(entry2) && entry2.ndim === 0 && !isFloating(entry2.dtype) && entry2.dtype !== 'uint8') {
      const value = Number(entry2.item());
      entry2 = entry2.dtype === 'bool' ? value !== 0 : value;
    }
    if (typeof entry2 === 'number') {
      view3 = selectEntry(op2, view3, dim, entry2, source2++);
    } else if (typeof entry2 === 'boolean') {
      view3 = unsqueeze(view3, dim);
      indices.push(allocateZeros([entry2 ? 1 : 0], 'int32'));
      dim++;
      tensors++;
    } else if (entry2 === null) {
      view3 = unsqueeze(view3, dim);
      pass(1);
    } else if (entry2 === '...') {
      pass(rest);
      source2 += rest;
    } else if (entry2 instanceof Slice) {
      view3 = sliceEntry(view3, dim, entry2);
      pass(1);
      source2++;
    } else {
      const tensor2 = entry2;
      indices.push(tensor2);
      const count2 = covered(tensor2);
      dim += count2;
      source2 += count2;
      tensors++;
    }
  }
  return { view: view3, indices: tensors > 0 ? indices : [] };
}
function selectEntry(op2, view3, dim, entry2, source2) {
  const size = view3.shape[dim];
  if (!Number.isInteger(entry2) || entry2 < -size || entry2 >= size) {
    throw new IndexError(
      Number.isInteger(entry2)
        ? `index ${entry2} is out of bounds for dimension ${source2} with size ${size}`
        : `indices must be integers, but got ${entry2}`,
      { op: op2, operands: { index: entry2, dim: source2, size } },
    );
  }
  return select(view3, dim, entry2);
}
function sliceEntry(view3, dim, { start, stop, step }) {
  const size = view3.shape[dim];
  const whole = step === 1 && (start === null || start === 0 || start <= -size) && (stop === null || stop >= size);
  return whole ? view3 : sliceDim(view3, dim, start, stop, step);
}
function soleMask(view3, indices) {
  if (modes.grad && view3.requiresGrad) return null;
  const dim = indices.findIndex((entry2) => entry2 !== null);
  const mask = indices[dim];
  if (mask === null || mask === void 0 || mask.dtype !== 'bool') return null;
  return indices.every((entry2, i) => i === dim || entry2 === null) ? { mask, dim } : null;
}
function at2(self, ...subscripts) {
  const [first] = subscripts;
  if (subscripts.length === 1 && typeof first === 'number' && self.ndim > 0)
    return selectEntry('at', self, 0, first, 0);
  const { view: view3, indices } = resolve('at', self, subscripts);
  if (indices.length === 0) return view3 === self ? alias(self) : view3;
  const sole = soleMask(view3, indices);
  if (sole !== null && sole.dim === 0 && sole.mask.ndim === view3.ndim) {
    checkMaskShape('at', view3, sole.mask, 0);
    return maskedSelect2(view3, sole.mask);
  }
  return index(view3, indices);
}
function setAt(self, subscripts, value) {
  if (!Array.isArray(subscripts)) {
    throw new IndexError('expects the subscript as a list: setAt([0, slice(1, 3)], value)', { op: 'setAt' });
  }
  const { view: view3, indices } = resolve('setAt', self, subscripts);
  const scalar = typeof value === 'number' || typeof value === 'boolean' ? Number(value) : null;
  if (indices.length === 0) {
    if (scalar !== null) fill_(view3, scalar);
    else copy_(view3, source(self, value));
  } else if (scalar !== null) setScalar(view3, indices, scalar);
  else indexPut_(view3, indices, source(self, value));
  return self;
}
function setScalar(view3, indices, value) {
  const sole = soleMask(view3, indices);
  const castable = isFloating(view3.dtype) || (view3.dtype !== 'bool' && Number.isInteger(value));
  if (sole === null || !castable) {
    indexPut_(view3, indices, value);
    return;
  }
  const { mask, dim } = sole;
  checkMaskShape('setAt', view3, mask, dim);
  const after = view3.ndim - dim - mask.ndim;
  maskedFill_(view3, reshape(mask, [...mask.shape, ...new Array(after).fill(1)]), value);
}
function source(self, value) {
  if (value === null || value === void 0 || typeof value === 'string') {
    throw new DTypeError(`cannot assign ${String(value)} to a tensor of shape ${formatShape(self.shape)}`, {
      op: 'setAt',
    });
  }
  const tensor2 = isTensor(value) ? value : fromData('setAt', value, self.dtype);
  let ones2 = 0;
  while (ones2 < tensor2.ndim && tensor2.shape[ones2] === 1) ones2++;
  return ones2 === 0 ? tensor2 : reshape(tensor2, tensor2.shape.slice(ones2));
}

// packages/core/src/print.ts
var DEFAULTS = { precision: 4, threshold: 1e3, edgeitems: 3, linewidth: 80, sciMode: null };
var PROFILES = {
  default: DEFAULTS,
  short: { ...DEFAULTS, precision: 2, edgeitems: 2 },
  full: { ...DEFAULTS, threshold: Infinity },
};
var current = DEFAULTS;
function formatTensor(t2, options = {}) {
  const { requiresGrad = false, gradFn = null, name: name2 = 'tensor' } = options;
  const isParameter2 = name2 === 'Parameter';
  const prefix5 = `${isParameter2 ? 'tensor' : name2}(`;
  const isEmpty = sizeOf(t2.shape) === 0;
  const suffixes = [];
  if (isEmpty && t2.shape.length !== 1) suffixes.push(`size=(${t2.shape.join(', ')})`);
  const isImplied = t2.dtype === 'float32' || (!isEmpty && (t2.dtype === 'int64' || t2.dtype === 'bool'));
  if (!isImplied) suffixes.push(`dtype=torch.${t2.dtype}`);
  if (gradFn !== null) suffixes.push(`grad_fn=<${gradFn}>`);
  else if (requiresGrad) suffixes.push('requires_grad=True');
  const body = prefix5 + (isEmpty ? '[]' : new Page(t2, current).render(0, t2.offset, prefix5.length));
  const text2 = withSuffixes(body, suffixes, prefix5.length, current.linewidth);
  return isParameter2
    ? `Parameter containing:
${text2}`
    : text2;
}
function withSuffixes(body, suffixes, indent2, linewidth) {
  let text2 = body;
  let column = body.length - body.lastIndexOf('\n') + 1;
  for (const suffix of suffixes) {
    if (column + suffix.length + 2 > linewidth) {
      text2 += `,
${' '.repeat(indent2)}${suffix}`;
      column = indent2 + suffix.length;
    } else {
      text2 += `, ${suffix}`;
      column += suffix.length + 2;
    }
  }
  return `${text2})`;
}
var GAP = -1;
function shownIndices(n, edge) {
  const isWhole = n <= 2 * edge;
  const head = Array.from({ length: isWhole ? n : edge }, (_, i) => i);
  return isWhole ? head : [...head, GAP, ...head.map((i) => n - edge + i)];
}
var Page = class {
  array;
  strides;
  linewidth;
  /** What stands for a gap in the innermost dimension. */
  gap;
  /** For every dimension, the indices shown. */
  shown;
  column;
  constructor(t2, options) {
    const edge = sizeOf(t2.shape) > options.threshold ? options.edgeitems : Infinity;
    this.array = t2.array;
    this.strides = t2.strides;
    this.linewidth = options.linewidth;
    this.gap = edge === 0 ? '...' : ' ...';
    this.shown = t2.shape.map((n) => shownIndices(n, edge));
    const elements2 = [];
    this.collect(0, t2.offset, elements2);
    this.column = isFloating(t2.dtype)
      ? floatColumn(elements2, options.precision, options.sciMode)
      : exactColumn(elements2, t2.dtype);
  }
  /** Appends the shown elements of dimensions `dim` and up, the first of which lies at offset `at`. */
  collect(dim, at3, into2) {
    if (dim === this.shown.length) {
      into2.push(this.array[at3]);
      return;
    }
    const stride = this.strides[dim];
    for (const i of this.shown[dim]) if (i !== GAP) this.collect(dim + 1, at3 + i * stride, into2);
  }
  /** The text of dimensions `dim` and up, whose opening bracket stands in column `indent`. */
  render(dim, at3, indent2) {
    const inner = this.shown.length - dim - 1;
    if (inner < 0) return this.element(at3);
    const stride = this.strides[dim];
    const newline = `,${'\n'.repeat(Math.max(inner, 1))}${' '.repeat(indent2 + 1)}`;
    if (inner > 0) {
      const slices = this.shown[dim].map((i) =>
        i === GAP ? '...' : this.render(dim + 1, at3 + i * stride, indent2 + 1),
      );
      return `[${slices.join(newline)}]`;
    }
    const texts = this.shown[dim].map((i) => (i === GAP ? this.gap : this.element(at3 + i * stride)));
    const perLine = Math.max(1, Math.floor((this.linewidth - indent2) / (this.column.width + ', '.length)));
    const lines = [];
    for (let i = 0; i < texts.length; i += perLine) lines.push(texts.slice(i, i + perLine).join(', '));
    return `[${lines.join(newline)}]`;
  }
  element(at3) {
    return this.column.write(this.array[at3]).padStart(this.column.width);
  }
};
function widest(texts) {
  let width = 1;
  for (const text2 of texts) width = Math.max(width, text2.length);
  return width;
}
function exactColumn(elements2, dtype) {
  const write3 = dtype === 'bool' ? (value) => (Number(value) === 0 ? 'False' : 'True') : String;
  return { write: write3, width: widest(elements2.map(write3)) };
}
function floatColumn(elements2, precision, sciMode) {
  const measured = elements2.filter((value) => value !== 0 && Number.isFinite(value));
  if (measured.length === 0) return { write: (value) => formatIntegral(Number(value)), width: 1 };
  let least = Infinity;
  let greatest = 0;
  for (const value of measured) {
    least = Math.min(least, Math.abs(value));
    greatest = Math.max(greatest, Math.abs(value));
  }
  const isScientific = sciMode ?? (greatest / least > 1e3 || greatest > 1e8 || least < 1e-4);
  const isIntegral = measured.every(Number.isInteger);
  const format = isScientific ? formatExponent : isIntegral ? formatIntegral : formatFixed;
  const write3 = (value) => format(Number(value), precision);
  return { write: write3, width: widest(measured.map(write3)) };
}
function formatIntegral(value) {
  return Number.isFinite(value) ? `${formatFixed(value, 0)}.` : formatFixed(value, 0);
}
function formatFixed(value, precision) {
  if (!Number.isFinite(value)) return formatNonFinite(value);
  const magnitude = Math.abs(value);
  const sign2 = value < 0 || Object.is(value, -0) ? '-' : '';
  if (magnitude >= 1e21) return `${sign2}${BigInt(magnitude)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`;
  const digits = magnitude.toFixed(precision);
  const isTie = (magnitude * 2 ** (precision + 1)) % 2 === 1;
  return sign2 + (isTie ? toEven(digits) : digits);
}
function formatExponent(value, precision) {
  if (!Number.isFinite(value)) return formatNonFinite(value);
  const magnitude = Math.abs(value);
  const sign2 = value < 0 || Object.is(value, -0) ? '-' : '';
  const text2 = magnitude.toExponential(precision);
  const at3 = text2.indexOf('e');
  const digits = text2.slice(0, at3);
  const exponent = text2.slice(at3 + 2).padStart(2, '0');
  const isTie = digits !== '1' && isExponentTie(magnitude, precision);
  return `${sign2}${isTie ? toEven(digits) : digits}e${text2[at3 + 1]}${exponent}`;
}
function isExponentTie(magnitude, precision) {
  const text2 = magnitude.toExponential(precision + 1);
  const at3 = text2.indexOf('e');
  if (text2[at3 - 1] !== '5' || Number(text2) !== magnitude) return false;
  const digits = BigInt(text2.slice(0, at3).replace('.', ''));
  const shift = Number(text2.slice(at3 + 1)) - precision - 1;
  if (shift >= 0) return BigInt(magnitude) === digits * 10n ** BigInt(shift);
  const scaled3 = magnitude * 2 ** Math.min(-shift, 1e3) * 2 ** Math.max(-shift - 1e3, 0);
  return Number.isInteger(scaled3) && BigInt(scaled3) * 5n ** BigInt(-shift) === digits;
}
function toEven(digits) {
  const last = Number(digits.at(-1));
  return last % 2 === 1 ? `${digits.slice(0, -1)}${last - 1}` : digits;
}
function formatNonFinite(value) {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

// packages/core/src/scope.ts
var open2 = [];
function track(storage) {
  open2[open2.length - 1].made.add(storage);
}
var Scope = class {
  /** @internal The storages that end with this scope. */
  made = /* @__PURE__ */ new Set();
  /** @internal Whether other code may run while it is open. */
  isAsync;
  ended = false;
  /** @internal */
  constructor(isAsync = false) {
    this.isAsync = isAsync;
    open2.push(this);
    if (open2.length === 1) setStorageTracker(track);
  }
  /**
   * Lets a tensor, or all tensors in a structure of arrays, maps, sets, plain objects and modules, outlive this scope; returns its
   * argument. What was made in this scope, or in one opened later, passes to the scope around this one, if there is any.
   */
  keep(value) {
    const own = open2.indexOf(this);
    if (own < 0) return value;
    const parent = open2[own - 1];
    visitStorages(value, (storage) => {
      for (let i = own; i < open2.length; i++) if (open2[i].made.delete(storage)) parent?.made.add(storage);
    });
    return value;
  }
  /**
   * Releases all that was made inside and not kept. Calling it again does nothing.
   *
   * @throws TorsorError when a scope opened later is still open, unless that is an asynchronous `tidy`
   */
  end() {
    if (this.ended) return;
    const own = open2.indexOf(this);
    if (!this.isAsync && open2.slice(own + 1).some((later) => !later.isAsync)) {
      throw new TorsorError('scopes must end in the reverse order of their beginning; a later one is still open', {
        op: 'Scope.end',
      });
    }
    this.ended = true;
    open2.splice(own, 1);
    if (open2.length === 0) setStorageTracker(null);
    const heir = this.isAsync ? heirOf(own) : void 0;
    for (const storage of this.made) {
      if (heir === void 0) storage.release('a scope');
      else heir.made.add(storage);
    }
    this.made.clear();
  }
  [Symbol.dispose]() {
    this.end();
  }
};
function heirOf(own) {
  for (let i = own - 1; i >= 0; i--) if (open2[i].isAsync) return open2[i];
  return void 0;
}
function scope() {
  return new Scope();
}
function keep(value) {
  if (open2.length > 0) {
    visitStorages(value, (storage) => {
      for (const { made } of open2) made.delete(storage);
    });
  }
  return value;
}
function isModule(value) {
  const { parameters, buffers } = value;
  return typeof parameters === 'function' && typeof buffers === 'function';
}
function visitStorages(value, visit, seen) {
  if (typeof value === 'function' && isModule(value)) {
    for (const list2 of [value.parameters(), value.buffers()]) visitStorages([...list2], visit, seen);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (value instanceof TensorBase) {
    visit(value.storage.root);
    return;
  }
  seen ??= /* @__PURE__ */ new Set();
  if (seen.has(value)) return;
  seen.add(value);
  const entries =
    Array.isArray(value) || value instanceof Set
      ? value
      : value instanceof Map
        ? value.values()
        : isPlain(value)
          ? Object.values(value)
          : [];
  for (const entry2 of entries) visitStorages(entry2, visit, seen);
}
function isPlain(value) {
  const proto = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
}

// packages/core/src/tensor.ts
var Tensor = class extends TensorBase {
  // ------------------------------------------------------------------------------------------------------------ layout
  /** Number of dimensions. */
  get ndim() {
    return this.shape.length;
  }
  /** Number of dimensions, as `ndim`. */
  dim() {
    return this.shape.length;
  }
  size(dim) {
    return dim === void 0 ? this.shape : this.shape[ownDim('size', dim, this)];
  }
  stride(dim) {
    return dim === void 0 ? this.strides : this.strides[ownDim('stride', dim, this)];
  }
  /** Position of the first element in the storage, in elements. */
  storageOffset() {
    return this.offset;
  }
  /** Number of elements. */
  numel() {
    return sizeOf(this.shape);
  }
  /** Number of elements, as `numel`. */
  nelement() {
    return sizeOf(this.shape);
  }
  /** Bytes of one element. */
  elementSize() {
    return itemBytes(this.dtype);
  }
  /** True when the elements lie in row-major order without gaps. */
  isContiguous() {
    return isContiguous(this.shape, this.strides);
  }
  isFloatingPoint() {
    return this.dtype === 'float32' || this.dtype === 'float64';
  }
  /** True when both tensors look at the same memory. */
  sharesStorageWith(other) {
    return sameStorage(this.storage, other.storage);
  }
  /** How often the elements were written in place: what the tape compares to notice damage. */
  get version() {
    return this.storage.version;
  }
  // ----------------------------------------------------------------------------------------------------------- reading
  /**
   * The value of a tensor of one element as a number: 0 or 1 for bool; of an int64 beyond ±2^53 the nearest (`toArray` gives
   * booleans and BigInts).
   *
   * @throws ShapeError when there is not exactly one element
   */
  item() {
    const size = this.numel();
    if (size !== 1) {
      throw new ShapeError(
        `a tensor with ${size} elements cannot be converted to a scalar, shape ${formatShape(this.shape)}`,
        {
          op: 'item',
          operands: { self: this.shape },
        },
      );
    }
    return Number(this.array[this.offset]);
  }
  /** Nested lists of the values: numbers, booleans for bool, BigInts for int64. */
  toArray() {
    const flat2 = this.toTypedArray();
    const value = (i) => (this.dtype === 'bool' ? flat2[i] !== 0 : flat2[i]);
    let at3 = 0;
    const build = (d) => {
      if (d === this.ndim) return value(at3++);
      return Array.from({ length: this.shape[d] }, () => build(d + 1));
    };
    return build(0);
  }
  /** Nested lists of the values, named as in PyTorch. */
  tolist() {
    return this.toArray();
  }
  /** A flat copy of the values in row-major order, of the dtype's own kind (`Uint8Array` for bool). */
  toTypedArray() {
    const size = this.numel();
    const out = newArray(this.dtype, size);
    copy(this, { array: out, shape: this.shape, strides: contiguousStrides(this.shape), offset: 0, dtype: this.dtype });
    return out;
  }
  /** As PyTorch prints it, to the character. */
  toString() {
    const recorder2 = recorderIfAny();
    const gradFn = recorder2?.gradFn(this) ?? null;
    return formatTensor(this, {
      requiresGrad: recorder2?.requiresGrad(this) ?? false,
      gradFn: gradFn === null ? null : gradFn.name,
      name: this.printName,
    });
  }
  /** How the printed form begins; `nn.Parameter` overrides it. */
  get printName() {
    return 'tensor';
  }
  get [Symbol.toStringTag]() {
    return 'Tensor';
  }
  /** Node's inspector. */
  [/* @__PURE__ */ Symbol.for('nodejs.util.inspect.custom')]() {
    return this.toString();
  }
  /** Deno's inspector. */
  [/* @__PURE__ */ Symbol.for('Deno.customInspect')]() {
    return this.toString();
  }
  /**
   * The value, for arithmetic and comparison by JavaScript's operators: `y.norm() < 1000`.
   *
   * @throws ShapeError when there is not exactly one element
   */
  [Symbol.toPrimitive](hint) {
    return hint === 'string' ? this.toString() : this.item();
  }
  /** Entries along the first dimension. */
  *[Symbol.iterator]() {
    if (this.ndim === 0) throw new IndexError('iteration over a 0-d tensor', { op: 'Tensor' });
    yield* unbind(this, 0);
  }
  get length() {
    if (this.ndim === 0) throw new IndexError('a 0-d tensor has no length', { op: 'Tensor' });
    return this.shape[0];
  }
  // ---------------------------------------------------------------------------------------------------------- autograd
  /** Whether operations on this tensor are recorded. */
  get requiresGrad() {
    if (this.autograd === null && this.base === null) return false;
    return recorderIfAny()?.requiresGrad(this) ?? false;
  }
  set requiresGrad(value) {
    requireRecorder('requiresGrad').setRequiresGrad(this, value);
  }
  /** Records operations on this tensor from now on (or stops doing so). */
  requiresGrad_(requiresGrad = true) {
    const [value = true] = named('requiresGrad_', ['requiresGrad'], [requiresGrad]);
    requireRecorder('requiresGrad_').setRequiresGrad(this, value);
    return this;
  }
  /** The gradient that `backward` has accumulated here; null before. */
  get grad() {
    return this.autograd === null ? null : requireRecorder('grad').grad(this);
  }
  set grad(value) {
    requireRecorder('grad').setGrad(this, value);
  }
  /** The node that made this tensor: `x.sub(2).gradFn.name` is `'SubBackward0'`; null for leaves. */
  get gradFn() {
    const recorder2 = recorderIfAny();
    return recorder2 === null ? null : recorder2.gradFn(this);
  }
  /** True when no recorded operation made this tensor. */
  get isLeaf() {
    if (this.autograd === null && this.base === null) return true;
    return recorderIfAny()?.isLeaf(this) ?? true;
  }
  /** Which output of its `gradFn` this tensor is. */
  get outputNr() {
    return this.autograd === null ? 0 : requireRecorder('outputNr').outputNr(this);
  }
  get retainsGrad() {
    return this.autograd !== null && requireRecorder('retainsGrad').retainsGrad(this);
  }
  /** Makes `backward` keep the gradient of this tensor, although it is no leaf. */
  retainGrad() {
    requireRecorder('retainGrad').retainGrad(this);
  }
  /** Calls `hook` with each gradient that arrives here; what it returns (if anything) replaces the gradient. */
  registerHook(hook) {
    return requireRecorder('registerHook').registerHook(this, hook);
  }
  /**
   * Accumulates into the `grad` of every leaf the derivative of this tensor with respect to it.
   *
   * @param gradient d(loss)/d(this); may be left out when this has one element
   * @throws AutogradError when nothing was recorded, when the graph is freed, or when a gradient is needed and missing
   *
   * @example
   * const x = tensor([1, 2], { requiresGrad: true });
   * x.mul(x).sum().backward();
   * x.grad; // tensor([2., 4.])
   */
  backward(gradient, retainGraph, createGraph, inputs, options) {
    const [g, retain, create2, into2] = named(
      'backward',
      ['gradient', 'retainGraph', 'createGraph', 'inputs'],
      [gradient, retainGraph, createGraph, inputs, options],
    );
    const recorder2 = recorderIfAny();
    if (recorder2 === null) {
      throw new AutogradError("needs automatic differentiation; import '@torsor/autograd' (or 'torsor') first", {
        op: 'backward',
      });
    }
    recorder2.backward(this, {
      gradient: g ?? null,
      retainGraph: retain ?? null,
      createGraph: create2 ?? false,
      inputs: into2 ?? null,
    });
  }
  /** The same elements, cut off the tape. In-place writes to either show in both, and are noticed by the tape. */
  detach() {
    return construct(this.storage, this.shape, this.strides, this.offset, this.dtype);
  }
  /** Cuts this tensor itself off the tape. */
  detach_() {
    if (this.autograd !== null) requireRecorder('detach_').detach_(this);
    return this;
  }
  /** The same elements, cut off the tape, whose in-place writes the tape does not notice. */
  get data() {
    return construct(this.storage.alias(), this.shape, this.strides, this.offset, this.dtype);
  }
  /** Replaces the elements (and shape) by those of another tensor, without a record. */
  set data(value) {
    if (value.dtype !== this.dtype) {
      throw new ValueError(`cannot be set to a ${value.dtype} tensor where ${this.dtype} is expected`, { op: 'data' });
    }
    this.storage = value.storage.alias();
    this.shape = value.shape;
    this.strides = value.strides;
    this.offset = value.offset;
  }
  // ------------------------------------------------------------------------------------------------------------- casts
  /** See {@link elementwise.to}. */
  to(...args) {
    return to(this, ...args);
  }
  /** The same values in the dtype given (`torch.Tensor.type`). */
  type(dtype) {
    return to(this, dtype);
  }
  typeAs(other) {
    return to(this, other.dtype);
  }
  /** Cast to float32. */
  float() {
    return to(this, 'float32');
  }
  /** Cast to float64. */
  double() {
    return to(this, 'float64');
  }
  /** Cast to int32. */
  int() {
    return to(this, 'int32');
  }
  /** Cast to int64. */
  long() {
    return to(this, 'int64');
  }
  /** Cast to uint8. */
  byte() {
    return to(this, 'uint8');
  }
  /** Cast to bool. */
  bool() {
    return to(this, 'bool');
  }
  /** See {@link elementwise.clone}. */
  clone() {
    return clone(this);
  }
  /** See {@link elementwise.contiguous}. */
  contiguous() {
    return contiguous(this);
  }
  /** Writes `src`, broadcast and cast, into this tensor. */
  copy_(src) {
    copy_(this, src);
    return this;
  }
  /** Sets every element to `value`. */
  fill_(value) {
    fill_(this, value);
    return this;
  }
  /** Sets every element to 0. */
  zero_() {
    zero_(this);
    return this;
  }
  /** A tensor of this dtype, unless told otherwise, whose elements are unspecified. */
  newEmpty(...args) {
    return empty(...inDType(this.dtype, args));
  }
  /** Zeros of this dtype unless told otherwise. */
  newZeros(...args) {
    return zeros(...inDType(this.dtype, args));
  }
  /** Ones of this dtype unless told otherwise. */
  newOnes(...args) {
    return ones(...inDType(this.dtype, args));
  }
  /** One value in all places, in this dtype unless told otherwise. */
  newFull(shape, fillValue, options) {
    return full(shape, fillValue, { ...options, dtype: options?.dtype ?? this.dtype });
  }
  /** A tensor of the data, in this dtype unless told otherwise. */
  newTensor(data, options) {
    return tensor(data, { ...options, dtype: options?.dtype ?? this.dtype });
  }
  // ----------------------------------------------------------------------------------------- views; see `ops/view.ts`
  /** The transpose of a matrix. */
  get T() {
    return permute(
      this,
      Array.from({ length: this.ndim }, (_, i) => this.ndim - 1 - i),
    );
  }
  /** The transpose of the last two dimensions. */
  get mT() {
    return matrixTranspose(this);
  }
  view(...shape) {
    return view(this, listArgument(shape));
  }
  viewAs(other) {
    return viewAs(this, other);
  }
  reshape(...shape) {
    return reshape(this, listArgument(shape));
  }
  reshapeAs(other) {
    return reshapeAs(this, other);
  }
  flatten(...args) {
    return flatten2(this, ...args);
  }
  unflatten(dim, sizes3) {
    return unflatten(this, dim, sizes3);
  }
  ravel() {
    return ravel(this);
  }
  t() {
    return t(this);
  }
  transpose(dim0, dim1) {
    return transpose3(this, dim0, dim1);
  }
  swapaxes(axis0, axis1) {
    return transpose3(this, axis0, axis1);
  }
  permute(...dims) {
    return permute(this, listArgument(dims));
  }
  movedim(...args) {
    return movedim(this, ...args);
  }
  select(dim, index2) {
    return select(this, dim, index2);
  }
  /** Every `step`-th entry from `start` up to and without `end` along `dim`: a view. */
  slice(dim, start = null, end = null, step = 1) {
    return sliceDim(this, dim, start, end, step);
  }
  narrow(dim, start, length) {
    return narrow2(this, dim, start, length);
  }
  diagonal(...args) {
    return diagonal(this, ...args);
  }
  unfold(dimension, size, step) {
    return unfold(this, dimension, size, step);
  }
  squeeze(...args) {
    return squeeze(this, ...args);
  }
  unsqueeze(dim) {
    return unsqueeze(this, dim);
  }
  expand(...shape) {
    return expand(this, listArgument(shape));
  }
  expandAs(other) {
    return expandAs(this, other);
  }
  broadcastTo(...shape) {
    return expand(this, listArgument(shape));
  }
  asStrided(...args) {
    return asStrided(this, ...args);
  }
  split(...args) {
    return split(this, ...args);
  }
  chunk(...args) {
    return chunk(this, ...args);
  }
  unbind(...args) {
    return unbind(this, ...args);
  }
  // --------------------------------------------------------------------------------- products; see `ops/matmul.ts`
  dot(other) {
    return dot(this, other);
  }
  mv(vec) {
    return mv(this, vec);
  }
  mm(mat2) {
    return mm(this, mat2);
  }
  bmm(mat2) {
    return bmm(this, mat2);
  }
  matmul(other) {
    return matmul(this, other);
  }
  addmm(...args) {
    return addmm(this, ...args);
  }
  baddbmm(...args) {
    return baddbmm(this, ...args);
  }
  outer(vec2) {
    return outer(this, vec2);
  }
  // ----------------------------------------------------------------------- arithmetic; see `ops/elementwise.ts`
  /** See {@link elementwise.add}. */
  add(...args) {
    return add(this, ...args);
  }
  /** `add` in place. */
  add_(...args) {
    add_(this, ...args);
    return this;
  }
  /** See {@link elementwise.sub}. */
  sub(...args) {
    return sub(this, ...args);
  }
  /** `sub` in place. */
  sub_(...args) {
    sub_(this, ...args);
    return this;
  }
  /** See {@link elementwise.rsub}. */
  rsub(...args) {
    return rsub(this, ...args);
  }
  /** See {@link elementwise.div}. */
  div(...args) {
    return div(this, ...args);
  }
  /** `div` in place. */
  div_(...args) {
    div_(this, ...args);
    return this;
  }
  /** See {@link elementwise.pow}. */
  pow(exponent) {
    return pow(this, exponent);
  }
  /** `pow` in place. */
  pow_(exponent) {
    pow_(this, exponent);
    return this;
  }
  /** See {@link elementwise.neg}. */
  neg() {
    return neg(this);
  }
  /** `neg` in place. */
  neg_() {
    neg.inPlace(this);
    return this;
  }
  /** See {@link elementwise.abs}. */
  abs() {
    return abs2(this);
  }
  /** `abs` in place. */
  abs_() {
    abs2.inPlace(this);
    return this;
  }
  /** See {@link elementwise.sign}. */
  sign() {
    return sign(this);
  }
  /** `sign` in place. */
  sign_() {
    sign.inPlace(this);
    return this;
  }
  /** See {@link elementwise.exp}. */
  exp() {
    return exp4(this);
  }
  /** `exp` in place. */
  exp_() {
    exp4.inPlace(this);
    return this;
  }
  /** See {@link elementwise.exp2}. */
  exp2() {
    return exp22(this);
  }
  /** `exp2` in place. */
  exp2_() {
    exp22.inPlace(this);
    return this;
  }
  /** See {@link elementwise.expm1}. */
  expm1() {
    return expm12(this);
  }
  /** `expm1` in place. */
  expm1_() {
    expm12.inPlace(this);
    return this;
  }
  /** See {@link elementwise.log}. */
  log() {
    return log3(this);
  }
  /** `log` in place. */
  log_() {
    log3.inPlace(this);
    return this;
  }
  /** See {@link elementwise.log2}. */
  log2() {
    return log22(this);
  }
  /** `log2` in place. */
  log2_() {
    log22.inPlace(this);
    return this;
  }
  /** See {@link elementwise.log10}. */
  log10() {
    return log10(this);
  }
  /** `log10` in place. */
  log10_() {
    log10.inPlace(this);
    return this;
  }
  /** See {@link elementwise.log1p}. */
  log1p() {
    return log1p2(this);
  }
  /** `log1p` in place. */
  log1p_() {
    log1p2.inPlace(this);
    return this;
  }
  /** See {@link elementwise.sqrt}. */
  sqrt() {
    return sqrt2(this);
  }
  /** `sqrt` in place. */
  sqrt_() {
    sqrt2.inPlace(this);
    return this;
  }
  /** See {@link elementwise.rsqrt}. */
  rsqrt() {
    return rsqrt(this);
  }
  /** `rsqrt` in place. */
  rsqrt_() {
    rsqrt.inPlace(this);
    return this;
  }
  /** See {@link elementwise.reciprocal}. */
  reciprocal() {
    return reciprocal(this);
  }
  /** `reciprocal` in place. */
  reciprocal_() {
    reciprocal.inPlace(this);
    return this;
  }
  /** See {@link elementwise.sin}. */
  sin() {
    return sin(this);
  }
  /** `sin` in place. */
  sin_() {
    sin.inPlace(this);
    return this;
  }
  /** See {@link elementwise.cos}. */
  cos() {
    return cos(this);
  }
  /** `cos` in place. */
  cos_() {
    cos.inPlace(this);
    return this;
  }
  /** See {@link elementwise.tan}. */
  tan() {
    return tan(this);
  }
  /** `tan` in place. */
  tan_() {
    tan.inPlace(this);
    return this;
  }
  /** See {@link elementwise.asin}. */
  asin() {
    return asin(this);
  }
  /** `asin` in place. */
  asin_() {
    asin.inPlace(this);
    return this;
  }
  /** See {@link elementwise.acos}. */
  acos() {
    return acos(this);
  }
  /** `acos` in place. */
  acos_() {
    acos.inPlace(this);
    return this;
  }
  /** See {@link elementwise.atan}. */
  atan() {
    return atan(this);
  }
  /** `atan` in place. */
  atan_() {
    atan.inPlace(this);
    return this;
  }
  /** See {@link elementwise.sinh}. */
  sinh() {
    return sinh(this);
  }
  /** `sinh` in place. */
  sinh_() {
    sinh.inPlace(this);
    return this;
  }
  /** See {@link elementwise.cosh}. */
  cosh() {
    return cosh(this);
  }
  /** `cosh` in place. */
  cosh_() {
    cosh.inPlace(this);
    return this;
  }
  /** See {@link elementwise.tanh}. */
  tanh() {
    return tanh2(this);
  }
  /** `tanh` in place. */
  tanh_() {
    tanh2.inPlace(this);
    return this;
  }
  /** See {@link elementwise.asinh}. */
  asinh() {
    return asinh(this);
  }
  /** `asinh` in place. */
  asinh_() {
    asinh.inPlace(this);
    return this;
  }
  /** See {@link elementwise.acosh}. */
  acosh() {
    return acosh(this);
  }
  /** `acosh` in place. */
  acosh_() {
    acosh.inPlace(this);
    return this;
  }
  /** See {@link elementwise.atanh}. */
  atanh() {
    return atanh(this);
  }
  /** `atanh` in place. */
  atanh_() {
    atanh.inPlace(this);
    return this;
  }
  /** See {@link elementwise.sigmoid}. */
  sigmoid() {
    return sigmoid3(this);
  }
  /** `sigmoid` in place. */
  sigmoid_() {
    sigmoid3.inPlace(this);
    return this;
  }
  /** See {@link elementwise.relu}. */
  relu() {
    return relu(this);
  }
  /** `relu` in place. */
  relu_() {
    relu.inPlace(this);
    return this;
  }
  /** See {@link elementwise.erf}. */
  erf() {
    return erf3(this);
  }
  /** `erf` in place. */
  erf_() {
    erf3.inPlace(this);
    return this;
  }
  /** See {@link elementwise.erfc}. */
  erfc() {
    return erfc3(this);
  }
  /** `erfc` in place. */
  erfc_() {
    erfc3.inPlace(this);
    return this;
  }
  /** See {@link elementwise.erfinv}. */
  erfinv() {
    return erfinv2(this);
  }
  /** `erfinv` in place. */
  erfinv_() {
    erfinv2.inPlace(this);
    return this;
  }
  /** See {@link elementwise.lgamma}. */
  lgamma() {
    return lgamma2(this);
  }
  /** `lgamma` in place. */
  lgamma_() {
    lgamma2.inPlace(this);
    return this;
  }
  /** See {@link elementwise.digamma}. */
  digamma() {
    return digamma2(this);
  }
  /** `digamma` in place. */
  digamma_() {
    digamma2.inPlace(this);
    return this;
  }
  /** See {@link elementwise.floor}. */
  floor() {
    return floor2(this);
  }
  /** `floor` in place. */
  floor_() {
    floor2.inPlace(this);
    return this;
  }
  /** See {@link elementwise.ceil}. */
  ceil() {
    return ceil(this);
  }
  /** `ceil` in place. */
  ceil_() {
    ceil.inPlace(this);
    return this;
  }
  /** See {@link elementwise.round}. */
  round() {
    return round(this);
  }
  /** `round` in place. */
  round_() {
    round.inPlace(this);
    return this;
  }
  /** See {@link elementwise.trunc}. */
  trunc() {
    return trunc(this);
  }
  /** `trunc` in place. */
  trunc_() {
    trunc.inPlace(this);
    return this;
  }
  /** See {@link elementwise.logSigmoid}. */
  logSigmoid() {
    return logSigmoid(this);
  }
  /** See {@link elementwise.silu}. */
  silu() {
    return silu(this);
  }
  /** See {@link elementwise.mish}. */
  mish() {
    return mish(this);
  }
  /** See {@link elementwise.hardswish}. */
  hardswish() {
    return hardswish(this);
  }
  /** See {@link elementwise.hardsigmoid}. */
  hardsigmoid() {
    return hardsigmoid(this);
  }
  /** See {@link elementwise.logicalNot}. */
  logicalNot() {
    return logicalNot(this);
  }
  /** See {@link elementwise.isnan}. */
  isnan() {
    return isnan(this);
  }
  /** See {@link elementwise.isinf}. */
  isinf() {
    return isinf(this);
  }
  /** See {@link elementwise.isfinite}. */
  isfinite() {
    return isfinite(this);
  }
  /** See {@link elementwise.bitwiseNot}. */
  bitwiseNot() {
    return bitwiseNot(this);
  }
  /** See {@link elementwise.square}. */
  square() {
    return square(this);
  }
  /** See {@link elementwise.frac}. */
  frac() {
    return frac(this);
  }
  /** See {@link elementwise.selu}. */
  selu() {
    return selu(this);
  }
  /** See {@link elementwise.relu6}. */
  relu6() {
    return relu6(this);
  }
  /** See {@link elementwise.tanhshrink}. */
  tanhshrink() {
    return tanhshrink(this);
  }
  /** See {@link elementwise.softsign}. */
  softsign() {
    return softsign(this);
  }
  /** See {@link elementwise.deg2rad}. */
  deg2rad() {
    return deg2rad(this);
  }
  /** See {@link elementwise.rad2deg}. */
  rad2deg() {
    return rad2deg(this);
  }
  /** See {@link elementwise.mul}. */
  mul(other) {
    return mul(this, other);
  }
  /** `mul` in place. */
  mul_(other) {
    mul.inPlace(this, other);
    return this;
  }
  /** See {@link elementwise.maximum}. */
  maximum(other) {
    return maximum(this, other);
  }
  /** `maximum` in place. */
  maximum_(other) {
    maximum.inPlace(this, other);
    return this;
  }
  /** See {@link elementwise.minimum}. */
  minimum(other) {
    return minimum(this, other);
  }
  /** `minimum` in place. */
  minimum_(other) {
    minimum.inPlace(this, other);
    return this;
  }
  /** See {@link elementwise.atan2}. */
  atan2(other) {
    return atan2(this, other);
  }
  /** `atan2` in place. */
  atan2_(other) {
    atan2.inPlace(this, other);
    return this;
  }
  /** See {@link elementwise.xlogy}. */
  xlogy(other) {
    return xlogy(this, other);
  }
  /** `xlogy` in place. */
  xlogy_(other) {
    xlogy.inPlace(this, other);
    return this;
  }
  /** See {@link elementwise.eq}. */
  eq(other) {
    return eq(this, other);
  }
  /** `eq` in place. */
  eq_(other) {
    eq.inPlace(this, other);
    return this;
  }
  /** See {@link elementwise.ne}. */
  ne(other) {
    return ne(this, other);
  }
  /** `ne` in place. */
  ne_(other) {
    ne.inPlace(this, other);
    return this;
  }
  /** See {@link elementwise.lt}. */
  lt(other) {
    return lt(this, other);
  }
  /** `lt` in place. */
  lt_(other) {
    lt.inPlace(this, other);
    return this;
  }
  /** See {@link elementwise.le}. */
  le(other) {
    return le(this, other);
  }
  /** `le` in place. */
  le_(other) {
    le.inPlace(this, other);
    return this;
  }
  /** See {@link elementwise.gt}. */
  gt(other) {
    return gt(this, other);
  }
  /** `gt` in place. */
  gt_(other) {
    gt.inPlace(this, other);
    return this;
  }
  /** See {@link elementwise.ge}. */
  ge(other) {
    return ge(this, other);
  }
  /** `ge` in place. */
  ge_(other) {
    ge.inPlace(this, other);
    return this;
  }
  /** See {@link elementwise.logicalAnd}. */
  logicalAnd(other) {
    return logicalAnd(this, other);
  }
  /** `logicalAnd` in place. */
  logicalAnd_(other) {
    logicalAnd.inPlace(this, other);
    return this;
  }
  /** See {@link elementwise.logicalOr}. */
  logicalOr(other) {
    return logicalOr(this, other);
  }
  /** `logicalOr` in place. */
  logicalOr_(other) {
    logicalOr.inPlace(this, other);
    return this;
  }
  /** See {@link elementwise.logicalXor}. */
  logicalXor(other) {
    return logicalXor(this, other);
  }
  /** `logicalXor` in place. */
  logicalXor_(other) {
    logicalXor.inPlace(this, other);
    return this;
  }
  /** See {@link elementwise.remainder}. */
  remainder(other) {
    return remainder2(this, other);
  }
  /** See {@link elementwise.fmod}. */
  fmod(other) {
    return fmod(this, other);
  }
  /** See {@link elementwise.floorDivide}. */
  floorDivide(other) {
    return floorDivide2(this, other);
  }
  /** See {@link elementwise.bitwiseAnd}. */
  bitwiseAnd(other) {
    return bitwiseAnd(this, other);
  }
  /** See {@link elementwise.bitwiseOr}. */
  bitwiseOr(other) {
    return bitwiseOr(this, other);
  }
  /** See {@link elementwise.bitwiseXor}. */
  bitwiseXor(other) {
    return bitwiseXor(this, other);
  }
  /** See {@link elementwise.clamp}. */
  clamp(...args) {
    return clamp(this, ...args);
  }
  /** `clamp` in place. */
  clamp_(...args) {
    clamp_(this, ...args);
    return this;
  }
  /** See {@link elementwise.nanToNum}. */
  nanToNum(...args) {
    return nanToNum(this, ...args);
  }
  /** `condition ? this : other`. */
  where(condition, other) {
    return where(condition, this, other);
  }
  /** See {@link elementwise.lerp}. */
  lerp(end, weight) {
    return lerp(this, end, weight);
  }
  /** `lerp` in place. */
  lerp_(end, weight) {
    lerp_(this, end, weight);
    return this;
  }
  /** See {@link elementwise.addcmul}. */
  addcmul(...args) {
    return addcmul(this, ...args);
  }
  /** `addcmul` in place. */
  addcmul_(...args) {
    addcmul_(this, ...args);
    return this;
  }
  /** See {@link elementwise.addcdiv}. */
  addcdiv(...args) {
    return addcdiv(this, ...args);
  }
  /** `addcdiv` in place. */
  addcdiv_(...args) {
    addcdiv_(this, ...args);
    return this;
  }
  /** See {@link elementwise.maskedFill}. */
  maskedFill(mask, value) {
    return maskedFill(this, mask, value);
  }
  /** `maskedFill` in place. */
  maskedFill_(mask, value) {
    maskedFill_(this, mask, value);
    return this;
  }
  // ------------------------------------------------------------------------------- reductions; see `ops/reduce.ts`
  sum(...args) {
    return sum2(this, ...args);
  }
  mean(...args) {
    return mean(this, ...args);
  }
  prod(...args) {
    return prod2(this, ...args);
  }
  amax(...args) {
    return amax(this, ...args);
  }
  amin(...args) {
    return amin(this, ...args);
  }
  max(...args) {
    return max(this, ...args);
  }
  min(...args) {
    return min(this, ...args);
  }
  argmax(...args) {
    return argmax(this, ...args);
  }
  argmin(...args) {
    return argmin(this, ...args);
  }
  var(...args) {
    return variance2(this, ...args);
  }
  std(...args) {
    return std(this, ...args);
  }
  norm(...args) {
    return norm2(this, ...args);
  }
  logsumexp(...args) {
    return logsumexp2(this, ...args);
  }
  any(...args) {
    return any(this, ...args);
  }
  all(...args) {
    return all(this, ...args);
  }
  countNonzero(...args) {
    return countNonzero2(this, ...args);
  }
  cumsum(...args) {
    return cumsum2(this, ...args);
  }
  cumprod(...args) {
    return cumprod2(this, ...args);
  }
  sort(...args) {
    return sort2(this, ...args);
  }
  argsort(...args) {
    return argsort(this, ...args);
  }
  topk(...args) {
    return topk(this, ...args);
  }
  softmax(...args) {
    return softmax2(this, ...args);
  }
  logSoftmax(...args) {
    return logSoftmax2(this, ...args);
  }
  allclose(...args) {
    return allclose(this, ...args);
  }
  isclose(...args) {
    return isclose(this, ...args);
  }
  /** True when shapes and all elements are equal. */
  equal(other) {
    return equal(this, other);
  }
  // ----------------------------------------------------------------------------------- random; see `ops/random.ts`
  bernoulli(...args) {
    return bernoulli(this, ...args);
  }
  multinomial(...args) {
    return multinomial2(this, ...args);
  }
  uniform_(...args) {
    uniform_(this, ...args);
    return this;
  }
  normal_(...args) {
    normal_(this, ...args);
    return this;
  }
  bernoulli_(...args) {
    bernoulli_(this, ...args);
    return this;
  }
  random_(...args) {
    random_(this, ...args);
    return this;
  }
  exponential_(...args) {
    exponential_(this, ...args);
    return this;
  }
  logNormal_(...args) {
    logNormal_(this, ...args);
    return this;
  }
  cauchy_(...args) {
    cauchy_(this, ...args);
    return this;
  }
  geometric_(...args) {
    geometric_(this, ...args);
    return this;
  }
  // ------------------------------------------------------------------- indexing; see `ops/index.ts` and `ops/join.ts`
  gather(...args) {
    return gather(this, ...args);
  }
  takeAlongDim(...args) {
    return takeAlongDim(this, ...args);
  }
  scatter(...args) {
    return scatter(this, ...args);
  }
  scatterAdd(...args) {
    return scatterAdd(this, ...args);
  }
  indexSelect(...args) {
    return indexSelect(this, ...args);
  }
  indexAdd(...args) {
    return indexAdd(this, ...args);
  }
  indexCopy(...args) {
    return indexCopy(this, ...args);
  }
  indexFill(...args) {
    return indexFill(this, ...args);
  }
  take(...args) {
    return take2(this, ...args);
  }
  indexPut(...args) {
    return indexPut(this, ...args);
  }
  maskedSelect(...args) {
    return maskedSelect2(this, ...args);
  }
  scatter_(...args) {
    scatter_(this, ...args);
    return this;
  }
  scatterAdd_(...args) {
    scatterAdd_(this, ...args);
    return this;
  }
  indexAdd_(...args) {
    indexAdd_(this, ...args);
    return this;
  }
  indexCopy_(...args) {
    indexCopy_(this, ...args);
    return this;
  }
  indexFill_(...args) {
    indexFill_(this, ...args);
    return this;
  }
  indexPut_(...args) {
    indexPut_(this, ...args);
    return this;
  }
  flip(...args) {
    return flip2(this, ...args);
  }
  fliplr(...args) {
    return fliplr(this, ...args);
  }
  flipud(...args) {
    return flipud(this, ...args);
  }
  roll(...args) {
    return roll2(this, ...args);
  }
  repeat(...args) {
    return repeat3(this, ...args);
  }
  tile(...args) {
    return tile(this, ...args);
  }
  repeatInterleave(...args) {
    return repeatInterleave(this, ...args);
  }
  tril(...args) {
    return tril(this, ...args);
  }
  triu(...args) {
    return triu(this, ...args);
  }
  diag(...args) {
    return diag(this, ...args);
  }
  diagEmbed(...args) {
    return diagEmbed(this, ...args);
  }
  tril_(...args) {
    tril_(this, ...args);
    return this;
  }
  triu_(...args) {
    triu_(this, ...args);
    return this;
  }
  nonzero(options) {
    return nonzero2(this, options);
  }
  /**
   * Indexing, `x[…]`: numbers, `slice(…)`, `'...'`, null for a new axis, index and mask tensors, lists.
   *
   * @example
   * x.at(0, slice(1, 3), '...', null);
   */
  at(...subscripts) {
    return at2(this, ...subscripts);
  }
  /** Assignment, `x[…] = value`, in place. */
  setAt(...args) {
    setAt(this, ...args);
    return this;
  }
  bincount(...args) {
    return bincount(this, ...args);
  }
};
function ownDim(op2, dim, self) {
  if (self.ndim > 0) return wrapDim(op2, dim, self.ndim);
  throw new IndexError(`dimension specified as ${dim} but tensor has no dimensions`, { op: op2, operands: { dim } });
}
function inDType(dtype, args) {
  const given = args.filter((arg) => arg !== void 0);
  const last = given[given.length - 1];
  if (!isOptions(last)) return [...given, { dtype }];
  return [...given.slice(0, -1), { ...last, dtype: last.dtype ?? dtype }];
}
setTensorClass(Tensor);

// packages/autograd/src/anomaly.ts
var anomaly = {
  enabled: false,
  /** Whether gradients are searched for NaN. */
  checkNan: true,
};

// packages/autograd/src/node.ts
var CREATED_PLAIN = 0;
var CREATED_WITH_OTHERS = 1;
var CREATED_UNRECORDED = 2;
var CREATED_IN_FUNCTION = 3;
var AutogradMeta = class {
  /** The flag of a leaf; what an operation made requires a gradient by having a `gradFn`. */
  requiresGrad = false;
  gradFn;
  outputNr;
  /** For a view: the version of the storage that `gradFn` is of. After a write through another view it is made anew. */
  version;
  /** For a view: one of the `CREATED_` kinds. */
  creation = CREATED_PLAIN;
  /** For a base: the version after the last recorded write through it or a view of it; -1 before one. */
  rewrittenAt = -1;
  grad = null;
  /** For a leaf: the node that writes `grad`. */
  accumulator = null;
  retainsGrad = false;
  constructor(gradFn, outputNr, version) {
    this.gradFn = gradFn;
    this.outputNr = outputNr;
    this.version = version;
  }
  /** Whether a tensor that is no view requires a gradient. */
  get tracked() {
    return this.requiresGrad || this.gradFn !== null;
  }
  /** Whether it is a leaf's that requires a gradient, which must not be overwritten. */
  get isTrackedLeaf() {
    return this.requiresGrad && this.gradFn === null;
  }
  /** A new history, with the wish to retain the gradient carried along. */
  setHistory(gradFn, outputNr) {
    if (this.retainsGrad) {
      if (this.gradFn !== null) this.gradFn.stopRetaining(this);
      if (gradFn !== null) gradFn.retain(this, outputNr);
    }
    this.gradFn = gradFn;
    this.outputNr = outputNr;
  }
};
var Hooks = class {
  /** On the gradient of one output of the node: those of `Tensor.registerHook`. */
  tensor = [];
  /** Tensors that did not want to lose their gradient. */
  retained = [];
  pre = [];
  post = [];
  accumulated = [];
};
function attach(list2, entry2) {
  list2.push(entry2);
  return {
    remove() {
      const at3 = list2.indexOf(entry2);
      if (at3 >= 0) list2.splice(at3, 1);
    },
  };
}
var sequence = 0;
var running = { node: null };
var NO_EDGES = [];
var Node = class {
  /** Counts up as nodes are made: the engine runs the youngest first, and before all others accumulators. */
  sequence;
  /** Shape and dtype of output 0, which its gradient must fit. */
  shape = [];
  dtype = 'float32';
  /** The same for each output, when there are several. */
  outputs = null;
  /** Where the gradient of each input goes. */
  next = NO_EDGES;
  /** Which output of that node the input was; null when all are 0. */
  nextNr = null;
  hooks = null;
  /** In anomaly mode: where the operation was called, and the node whose backward called it. */
  trace = null;
  // Scratch of the engine. `pass` tells whose; the rest means nothing unless it is the pass that runs.
  pass = 0;
  /** Edges into this node that have not delivered yet. */
  pending = 0;
  /** One of the engine's `NEED_` kinds. */
  need = 0;
  /** The gradient of output 0 so far. */
  grad = null;
  /** Those of all outputs, when there are several. */
  grads = null;
  /** Whether nobody but the engine can reach `grad`, so that it may be written to or given away. */
  owned = false;
  constructor() {
    this.sequence = sequence++;
    if (anomaly.enabled) this.trace = { stack: new Error().stack ?? '', parent: running.node };
  }
  /** Lets go of what was saved for the backward pass. */
  release() {}
  /** The edges that users see: all of them, unless some stand for arguments that can have no gradient. */
  visibleEdges() {
    return this.next.map((_, i) => i);
  }
  get nextFunctions() {
    return this.visibleEdges().map((i) => [this.next[i], this.nextNr === null ? 0 : this.nextNr[i]]);
  }
  registerHook(hook) {
    return attach((this.hooks ??= new Hooks()).post, { hook });
  }
  registerPrehook(hook) {
    return attach((this.hooks ??= new Hooks()).pre, { hook });
  }
  registerTensorHook(outputNr, hook) {
    return attach((this.hooks ??= new Hooks()).tensor, { outputNr, hook });
  }
  registerAccumulateHook(hook) {
    return attach((this.hooks ??= new Hooks()).accumulated, { hook });
  }
  /** Has the gradient of an output kept in `meta.grad`. */
  retain(meta, outputNr) {
    (this.hooks ??= new Hooks()).retained.push({ outputNr, meta });
  }
  stopRetaining(meta) {
    const list2 = this.hooks?.retained ?? [];
    const at3 = list2.findIndex((entry2) => entry2.meta === meta);
    if (at3 >= 0) list2.splice(at3, 1);
  }
  /** The gradient of one output after the hooks on its tensor. */
  runTensorHooks(grad, outputNr) {
    const hooks2 = this.hooks;
    if (hooks2 === null || grad === null) return grad;
    let out = grad;
    for (const entry2 of [...hooks2.tensor]) {
      if (entry2.outputNr !== outputNr) continue;
      const replaced = entry2.hook(out);
      if (replaced !== null && replaced !== void 0) out = checkHookResult(replaced, out);
    }
    for (const entry2 of hooks2.retained) {
      if (entry2.outputNr !== outputNr) continue;
      entry2.meta.grad = entry2.meta.grad === null ? clone(out) : add(entry2.meta.grad, out);
    }
    return out;
  }
  /** The gradients of all outputs after the node's own pre-hooks. */
  runPreHooks(grads) {
    let out = grads;
    for (const { hook } of [...(this.hooks?.pre ?? [])]) out = replacement(hook(out), out, 'registerPrehook');
    return out;
  }
  /** The gradients of the inputs after the node's post-hooks, which see those that users see. */
  runPostHooks(gradInputs, gradOutputs) {
    const hooks2 = this.hooks?.post ?? [];
    if (hooks2.length === 0) return gradInputs;
    const visible = this.visibleEdges();
    let out = visible.map((i) => (isTensor(gradInputs[i]) ? gradInputs[i] : null));
    for (const { hook } of [...hooks2]) out = replacement(hook(out, gradOutputs), out, 'registerHook');
    const all2 = [...gradInputs];
    visible.forEach((edge, i) => {
      all2[edge] = out[i];
    });
    return all2;
  }
};
function checkHookResult(value, grad) {
  if (!isTensor(value)) {
    throw new AutogradError(`a hook must return a tensor, null or nothing, but returned ${typeof value}`, {
      op: 'registerHook',
    });
  }
  if (!sameShape(value.shape, grad.shape)) {
    throw new AutogradError(
      `a hook has changed the size of value, from ${formatShape(grad.shape)} to ${formatShape(value.shape)}`,
      { op: 'registerHook', operands: { before: grad.shape, after: value.shape } },
    );
  }
  if (value.dtype !== grad.dtype) {
    throw new AutogradError(`a hook has changed the type of value, from ${grad.dtype} to ${value.dtype}`, {
      op: 'registerHook',
      operands: { before: grad.dtype, after: value.dtype },
    });
  }
  return value;
}
function replacement(value, given, op2) {
  if (value === null || value === void 0) return given;
  const list2 = isTensor(value) ? [value] : Array.isArray(value) ? value : [void 0];
  if (list2.length !== given.length) {
    throw new AutogradError(`a hook must return ${given.length} gradients or nothing, but returned ${list2.length}`, {
      op: op2,
    });
  }
  return list2.map((entry2, i) => {
    if (entry2 === null || entry2 === void 0) return null;
    const before = given[i];
    if (before !== null) return checkHookResult(entry2, before);
    if (isTensor(entry2)) return entry2;
    throw new AutogradError('a hook must return tensors or nulls', { op: op2 });
  });
}
var AccumulateGrad = class extends Node {
  variable;
  constructor(variable) {
    super();
    this.sequence = Number.POSITIVE_INFINITY;
    this.variable = variable;
    this.shape = variable.shape;
    this.dtype = variable.dtype;
  }
  get name() {
    return 'AccumulateGrad';
  }
  /** Never called: the engine accumulates, since it knows who owns the gradient. */
  apply() {
    return NO_EDGES;
  }
  keeps() {
    return true;
  }
};

// packages/autograd/src/saved.ts
var hooks = null;
var FREED =
  'Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). Saved intermediate values of the graph are freed when you call backward() or grad(). Specify retainGraph: true if you need to backward through the graph a second time or if you need to access saved tensors after calling backward.';
var TensorRecord = class {
  shape;
  dtype;
  strides;
  offset;
  /** The tensor, while it is kept. */
  tensor = null;
  storage = null;
  version = 0;
  packed = null;
  /** Whether it was kept at first. */
  wasKept = false;
  constructor(tensor2) {
    this.shape = tensor2.shape;
    this.dtype = tensor2.dtype;
    this.strides = tensor2.strides;
    this.offset = tensor2.offset;
  }
  get ndim() {
    return this.shape.length;
  }
  /** Keeps the tensor as it is now. */
  keep(tensor2) {
    if (tensor2.isInference) {
      throw new AutogradError(
        'inference tensors cannot be saved for backward; to work around you can make a clone to get a normal tensor and use it in autograd',
        { op: 'autograd', operands: { shape: tensor2.shape } },
      );
    }
    this.wasKept = true;
    if (hooks !== null) {
      this.packed = { value: pack(hooks, tensor2), hooks };
      return this;
    }
    this.tensor = tensor2;
    this.storage = tensor2.storage;
    this.version = tensor2.storage.version;
    return this;
  }
  /** Whether there is anything to `unpack`. */
  get kept() {
    return this.wasKept;
  }
  /**
   * The tensor.
   *
   * @param describe names what made the tensor, for the message: `'output 0 of MulBackward0'`, or null
   * @param node the node that saved it as its own output `outputNr`; null when it is an argument
   * @throws AutogradError when it has been freed, or written to since
   */
  unpack(describe4, node, outputNr) {
    if (this.packed !== null) return this.packed.hooks.unpack(this.packed.value);
    const tensor2 = this.tensor;
    if (tensor2 === null) throw new AutogradError(FREED, { op: 'backward' });
    if (tensor2.storage !== this.storage || tensor2.storage.version !== this.version) {
      const made = describe4(tensor2, node, outputNr);
      const state =
        tensor2.storage === this.storage
          ? `is at version ${tensor2.storage.version}; expected version ${this.version} instead`
          : 'has been given other data';
      throw new AutogradError(
        `one of the variables needed for gradient computation has been modified by an inplace operation: [${this.dtype} ${formatShape(this.shape)}]${made === null ? '' : `, which is ${made},`} ${state}. Hint: enable anomaly detection to find the operation that failed to compute its gradient, with setDetectAnomaly(true).`,
        { op: 'backward', operands: { shape: this.shape, dtype: this.dtype, version: this.version } },
      );
    }
    return tensor2;
  }
  release() {
    this.tensor = null;
    this.storage = null;
    this.packed = null;
  }
};
function pack(inForce, tensor2) {
  hooks = null;
  try {
    return inForce.pack(tensor2);
  } finally {
    hooks = inForce;
  }
}

// packages/autograd/src/derivatives/define.ts
function formula(saves, backward, options = {}) {
  const keepFor = [];
  const keepOutputFor = [];
  const neededFor = options.neededFor ?? {};
  for (const save2 of saves) {
    const bits = neededFor[save2]?.reduce((mask, i) => mask | (1 << i), 0) ?? ALWAYS;
    if (typeof save2 === 'number') set(keepFor, save2, bits);
    else if (save2 === 'result') for (let i = 0; i < MAX_SAVED_OUTPUTS; i++) set(keepOutputFor, i, bits);
    else set(keepOutputFor, Number(save2.slice('result'.length)), bits);
  }
  return {
    kind: 'formula',
    backward,
    keepFor,
    keepOutputFor,
    name: options.name ?? null,
    nonDifferentiableOutputs: options.nonDifferentiableOutputs ?? null,
  };
}
var ALWAYS = -1;
var MAX_SAVED_OUTPUTS = 4;
function set(list2, at3, bits) {
  while (list2.length <= at3) list2.push(0);
  list2[at3] = bits;
}
var nonDifferentiable = { kind: 'nonDifferentiable' };
function notImplemented(why) {
  return { kind: 'notImplemented', why };
}
function materialize(grad, output) {
  return grad ?? zeros(output.shape, { dtype: output.dtype });
}

// packages/autograd/src/derivatives/conv.ts
function overChannels(grad) {
  return grad.sum(Array.from({ length: grad.ndim - 1 }, (_, i) => (i === 0 ? 0 : i + 1)));
}
function pooled(base) {
  return (args) => `${base.replace('#', `${args[1].kernelSize.length}D`)}Backward0`;
}
function adaptive(base) {
  return (args) => `${base}${args[1].length}DBackward0`;
}
function padName(args) {
  const spatial = `${args[1].length / 2}D`;
  switch (args[2]) {
    case 'reflect':
      return `ReflectionPad${spatial}Backward0`;
    case 'replicate':
      return `ReplicationPad${spatial}Backward0`;
    case 'circular':
      return `CircularPad${spatial}Backward0`;
    default:
      return 'ConstantPadNdBackward0';
  }
}
var spatialOf = (x, sizes3) => Math.min(sizes3.length, x.ndim);
var conv = {
  convolution: formula(
    [0, 1],
    (grad, { args: [input, weight, , params, transposed3], needs }) => [
      needs[0] &&
        (transposed3
          ? convolution(
              grad,
              weight,
              null,
              params,
              false,
              params.padding.map(() => 0),
            )
          : convBackwardInput3(grad, weight, input.shape, params)),
      needs[1] &&
        (transposed3
          ? convBackwardWeight3(input, grad, weight.shape, params)
          : convBackwardWeight3(grad, input, weight.shape, params)),
      needs[2] && overChannels(grad),
    ],
    { neededFor: { 0: [1], 1: [0] } },
  ),
  convBackwardInput: formula(
    [0, 1],
    (grad, { args: [gradOutput, weight, , params], needs }) => [
      needs[0] &&
        convolution(
          grad,
          weight,
          null,
          params,
          false,
          params.padding.map(() => 0),
        ),
      needs[1] && convBackwardWeight3(gradOutput, grad, weight.shape, params),
    ],
    { neededFor: { 0: [1], 1: [0] } },
  ),
  convBackwardWeight: formula(
    [0, 1],
    (grad, { args: [gradOutput, input, , params], needs }) => [
      needs[0] &&
        convolution(
          input,
          grad,
          null,
          params,
          false,
          params.padding.map(() => 0),
        ),
      needs[1] && convBackwardInput3(gradOutput, grad, input.shape, params),
    ],
    { neededFor: { 0: [1], 1: [0] } },
  ),
  maxPool: formula(
    ['result1'],
    ([grad], { args: [x, params], result: [, indices] }) => [
      grad && maxPoolBackward(grad, indices, x.shape, spatialOf(x, params.kernelSize)),
    ],
    { name: pooled('MaxPool#WithIndices') },
  ),
  maxPoolBackward: formula([1], (grad, { args: [, indices, , spatial] }) => [maxPoolGather(grad, indices, spatial)]),
  maxPoolGather: formula([1], (grad, { args: [x, indices, spatial] }) => [
    maxPoolBackward(grad, indices, x.shape, spatial),
  ]),
  avgPool: formula([], (grad, { args: [x, params] }) => [avgPoolBackward(grad, x.shape, params)], {
    name: pooled('AvgPool#'),
  }),
  avgPoolBackward: formula([], (grad, { args: [, , params] }) => [avgPool(grad, params)]),
  adaptiveAvgPool: formula(
    [],
    (grad, { args: [x, outputSize] }) => [adaptiveAvgPoolBackward(grad, x.shape, outputSize)],
    { name: adaptive('AdaptiveAvgPool') },
  ),
  adaptiveAvgPoolBackward: formula([], (grad, { args: [, , outputSize] }) => [adaptiveAvgPool(grad, outputSize)]),
  adaptiveMaxPool: formula(
    ['result1'],
    ([grad], { args: [x, outputSize], result: [, indices] }) => [
      grad && maxPoolBackward(grad, indices, x.shape, spatialOf(x, outputSize)),
    ],
    { name: adaptive('AdaptiveMaxPool') },
  ),
  pad: formula([], (grad, { args: [x, pads, mode2] }) => [padBackward2(grad, x.shape, pads, mode2)], { name: padName }),
  padBackward: formula([], (grad, { args: [, , pads, mode2] }) => [pad(grad, pads, mode2)]),
};

// packages/autograd/src/derivatives/elementwise.ts
var zeroGradient = (grad) => [zerosLike(grad)];
function byOperand(base, position, ifTensor, ifNumber) {
  return (args) => `${base}Backward${typeof args[position] === 'object' ? ifTensor : ifNumber}`;
}
function byNumber(tensors, first, second) {
  return ({ 0: a, 1: b }) => (typeof a === 'number' ? first : typeof b === 'number' ? second : tensors);
}
function scaled(grad, factor) {
  return factor === 1 ? grad : grad.mul(factor);
}
function only(grad, condition) {
  return where(condition, grad, 0);
}
function powSelf(grad, x, exponent) {
  if (typeof exponent === 'number') {
    if (exponent === 0) return zerosLike(grad);
    if (exponent === 1) return grad;
    return grad.mul(exponent === 2 ? x.mul(2) : x.pow(exponent - 1).mul(exponent));
  }
  const slope = exponent.mul(x.pow(exponent.sub(1)));
  return where(exponent.eq(0), 0, grad.mul(slope));
}
function powExponent(grad, x, exponent, y) {
  if (typeof x === 'number') {
    if (x === 0) return where(exponent.ge(0), 0, grad.mul(y).mul(Number.NEGATIVE_INFINITY));
    return grad.mul(y).mul(Math.log(x));
  }
  const slope = grad.mul(y.mul(x.log()));
  return where(x.eq(0).logicalAnd(exponent.ge(0)), 0, slope);
}
function ofWinner(grad, self, other, larger) {
  const loses = compare(self, other, larger ? 'lt' : 'gt');
  return where(compare(self, other, 'eq'), grad.div(2), where(loses, 0, grad));
}
function compare(a, b, how) {
  if (isTensor(a)) return a[how](b);
  const mirrored = how === 'gt' ? 'lt' : how === 'lt' ? 'gt' : 'eq';
  return b[mirrored](a);
}
function asTensor2(value, like2) {
  return typeof value === 'number' ? fullLike(like2, value) : value;
}
var SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
var GELU_CUBIC = 0.044715;
function geluGradient(grad, x, approximate) {
  if (approximate === 'none') {
    const cdf = erf3(x.mul(Math.SQRT1_2)).add(1).mul(0.5);
    const pdf = x
      .mul(x)
      .mul(-0.5)
      .exp()
      .mul(1 / Math.sqrt(2 * Math.PI));
    return grad.mul(cdf.add(x.mul(pdf)));
  }
  const inner = x.add(x.pow(3).mul(GELU_CUBIC)).mul(SQRT_2_OVER_PI);
  const t2 = tanh2(inner);
  const slope = x
    .mul(x)
    .mul(3 * GELU_CUBIC)
    .add(1)
    .mul(SQRT_2_OVER_PI);
  const right = x.mul(t2.mul(t2).rsub(1)).mul(slope);
  return grad.mul(t2.add(1).add(right).mul(0.5));
}
var elementwise = {
  // one operand
  neg: formula([], (grad) => [grad.neg()]),
  abs: formula([0], (grad, { args: [x] }) => [grad.mul(x.sign())]),
  sign: formula([], zeroGradient),
  exp: formula(['result'], (grad, { result: y }) => [grad.mul(y)]),
  exp2: formula(['result'], (grad, { result: y }) => [grad.mul(y).mul(Math.LN2)]),
  expm1: formula(['result'], (grad, { result: y }) => [grad.mul(y.add(1))]),
  log: formula([0], (grad, { args: [x] }) => [grad.div(x)]),
  log2: formula([0], (grad, { args: [x] }) => [grad.div(x.mul(Math.LN2))]),
  log10: formula([0], (grad, { args: [x] }) => [grad.div(x.mul(Math.LN10))]),
  log1p: formula([0], (grad, { args: [x] }) => [grad.div(x.add(1))], { name: 'Log1PBackward0' }),
  sqrt: formula(['result'], (grad, { result: y }) => [grad.div(y.mul(2))]),
  rsqrt: formula(['result'], (grad, { result: y }) => [grad.mul(y.pow(3)).mul(-0.5)]),
  reciprocal: formula(['result'], (grad, { result: y }) => [grad.mul(y.mul(y)).neg()]),
  sin: formula([0], (grad, { args: [x] }) => [grad.mul(x.cos())]),
  cos: formula([0], (grad, { args: [x] }) => [grad.mul(x.sin()).neg()]),
  tan: formula(['result'], (grad, { result: y }) => [grad.mul(y.mul(y).add(1))]),
  asin: formula([0], (grad, { args: [x] }) => [grad.mul(x.mul(x).rsub(1).rsqrt())]),
  acos: formula([0], (grad, { args: [x] }) => [grad.mul(x.mul(x).rsub(1).rsqrt()).neg()]),
  atan: formula([0], (grad, { args: [x] }) => [grad.div(x.mul(x).add(1))]),
  sinh: formula([0], (grad, { args: [x] }) => [grad.mul(x.cosh())]),
  cosh: formula([0], (grad, { args: [x] }) => [grad.mul(x.sinh())]),
  tanh: formula(['result'], (grad, { result: y }) => [grad.mul(y.mul(y).rsub(1))]),
  asinh: formula([0], (grad, { args: [x] }) => [grad.mul(x.mul(x).add(1).rsqrt())]),
  acosh: formula([0], (grad, { args: [x] }) => [grad.mul(x.mul(x).sub(1).rsqrt())]),
  atanh: formula([0], (grad, { args: [x] }) => [grad.div(x.mul(x).rsub(1))]),
  sigmoid: formula(['result'], (grad, { result: y }) => [grad.mul(y.rsub(1).mul(y))]),
  logSigmoid: formula([0], (grad, { args: [x] }) => [grad.mul(sigmoid3(x.neg()))]),
  // relu keeps its result: where it is 0 the gradient is 0
  relu: formula(['result'], (grad, { result: y }) => [thresholdBackward(grad, y, 0)]),
  silu: formula([0], (grad, { args: [x] }) => {
    const s = x.sigmoid();
    return [grad.mul(s.mul(x.mul(s.rsub(1)).add(1)))];
  }),
  mish: formula([0], (grad, { args: [x] }) => {
    const t2 = softplus(x).tanh();
    return [grad.mul(t2.add(x.mul(x.sigmoid()).mul(t2.mul(t2).rsub(1))))];
  }),
  hardswish: formula([0], (grad, { args: [x] }) => [
    where(x.lt(-3), 0, where(x.le(3), grad.mul(x.div(3).add(0.5)), grad)),
  ]),
  hardsigmoid: formula([0], (grad, { args: [x] }) => [only(grad.div(6), x.gt(-3).logicalAnd(x.lt(3)))]),
  erf: formula([0], (grad, { args: [x] }) => [
    grad.mul(
      x
        .mul(x)
        .neg()
        .exp()
        .mul(2 / Math.sqrt(Math.PI)),
    ),
  ]),
  erfc: formula([0], (grad, { args: [x] }) => [
    grad.mul(
      x
        .mul(x)
        .neg()
        .exp()
        .mul(-2 / Math.sqrt(Math.PI)),
    ),
  ]),
  erfinv: formula(['result'], (grad, { result: y }) => [
    grad.mul(
      y
        .mul(y)
        .exp()
        .mul(Math.sqrt(Math.PI) / 2),
    ),
  ]),
  lgamma: formula([0], (grad, { args: [x] }) => [grad.mul(x.digamma())]),
  digamma: notImplemented('polygamma is not offered'),
  floor: formula([], zeroGradient),
  ceil: formula([], zeroGradient),
  round: formula([], zeroGradient),
  trunc: formula([], zeroGradient),
  logicalNot: nonDifferentiable,
  bitwiseNot: nonDifferentiable,
  isnan: nonDifferentiable,
  isinf: nonDifferentiable,
  isfinite: nonDifferentiable,
  gelu: formula([0], (grad, { args: [x, approximate] }) => [geluGradient(grad, x, approximate)]),
  elu: formula(
    [0],
    (grad, { args: [x, alpha, scale2, inputScale] }) => [
      where(
        x.le(0),
        grad.mul(
          x
            .clamp({ max: 0 })
            .mul(inputScale)
            .exp()
            .mul(inputScale * alpha * scale2),
        ),
        grad.mul(scale2),
      ),
    ],
    { name: (args) => (args[3] === 1 ? 'EluBackward0' : 'CeluBackward0') },
  ),
  leakyRelu: formula([0], (grad, { args: [x, slope] }) => [where(x.gt(0), grad, grad.mul(slope))]),
  softplus: formula([0], (grad, { args: [x, beta, threshold3] }) => {
    const z = x.mul(beta);
    return [where(z.gt(threshold3), grad, grad.mul(z.sigmoid()))];
  }),
  hardtanh: formula([0], (grad, { args: [x, min2, max2] }) => [where(x.le(min2).logicalOr(x.ge(max2)), 0, grad)]),
  hardshrink: formula([0], (grad, { args: [x, lambd] }) => [where(x.abs().le(lambd), 0, grad)]),
  softshrink: formula([0], (grad, { args: [x, lambd] }) => [where(x.abs().le(lambd), 0, grad)]),
  threshold: formula([0], (grad, { args: [x, threshold3] }) => [thresholdBackward(grad, x, threshold3)]),
  clamp: formula(
    [0],
    (grad, { args: [x, min2, max2] }) => {
      let kept = grad;
      if (min2 !== null) kept = only(kept, x.ge(min2));
      if (max2 !== null) kept = only(kept, x.le(max2));
      return [kept];
    },
    { name: 'ClampBackward1' },
  ),
  nanToNum: formula([0], (grad, { args: [x] }) => [only(grad, x.isfinite())]),
  // two operands
  add: formula([], (grad, { args: [, , alpha], needs }) => [grad, needs[1] && scaled(grad, alpha)]),
  sub: formula([], (grad, { args: [, , alpha], needs }) => [grad, needs[1] && scaled(grad, -alpha)], {
    name: byNumber('SubBackward0', 'RsubBackward1', 'SubBackward0'),
  }),
  mul: formula([0, 1], (grad, { args: [a, b], needs }) => [needs[0] && grad.mul(b), needs[1] && grad.mul(a)], {
    neededFor: { 0: [1], 1: [0] },
  }),
  div: formula(
    [0, 1],
    (grad, { args: [a, b], needs }) => [
      needs[0] && grad.div(b),
      needs[1] && grad.mul(asTensor2(a, grad).div(b).div(b)).neg(),
    ],
    { neededFor: { 0: [1], 1: [0, 1] } },
  ),
  divRounded: formula([], (grad) => [zerosLike(grad), zerosLike(grad)], { name: 'DivBackward2' }),
  pow: formula(
    [0, 1, 'result'],
    (grad, { args: [x, exponent], result: y, needs }) => [
      needs[0] && powSelf(grad, x, exponent),
      needs[1] && powExponent(grad, x, exponent, y),
    ],
    {
      name: byNumber('PowBackward1', 'PowBackward2', 'PowBackward0'),
      neededFor: { 0: [0, 1], 1: [0, 1], result: [1] },
    },
  ),
  maximum: formula([0, 1], (grad, { args: [a, b], needs }) => [
    needs[0] && ofWinner(grad, a, b, true),
    needs[1] && ofWinner(grad, b, a, true),
  ]),
  minimum: formula([0, 1], (grad, { args: [a, b], needs }) => [
    needs[0] && ofWinner(grad, a, b, false),
    needs[1] && ofWinner(grad, b, a, false),
  ]),
  atan2: formula([0, 1], (grad, { args: [a, b], needs }) => {
    const y = asTensor2(a, grad);
    const x = asTensor2(b, grad);
    const share = grad.div(y.mul(y).add(x.mul(x)));
    return [needs[0] && share.mul(x), needs[1] && share.mul(y).neg()];
  }),
  remainder: formula(
    [0, 1],
    (grad, { args: [a, b], needs }) => [
      grad,
      needs[1] && grad.mul(asTensor2(a, grad).div(b, { roundingMode: 'floor' })).neg(),
    ],
    { name: byOperand('Remainder', 1, '1', '0'), neededFor: { 0: [1], 1: [1] } },
  ),
  fmod: formula(
    [0, 1],
    (grad, { args: [a, b], needs }) => [
      grad,
      needs[1] && grad.mul(asTensor2(a, grad).div(b, { roundingMode: 'trunc' })).neg(),
    ],
    { name: byOperand('Fmod', 1, '1', '0'), neededFor: { 0: [1], 1: [1] } },
  ),
  xlogy: formula(
    [0, 1],
    (grad, { args: [a, b], needs }) => {
      const x = asTensor2(a, grad);
      const y = asTensor2(b, grad);
      return [needs[0] && where(x.eq(0).logicalAnd(y.le(0)), 0, xlogy(grad, y)), needs[1] && grad.mul(x).div(y)];
    },
    { name: byNumber('XlogyBackward0', 'XlogyBackward1', 'XlogyBackward2') },
  ),
  eq: nonDifferentiable,
  ne: nonDifferentiable,
  lt: nonDifferentiable,
  le: nonDifferentiable,
  gt: nonDifferentiable,
  ge: nonDifferentiable,
  logicalAnd: nonDifferentiable,
  logicalOr: nonDifferentiable,
  logicalXor: nonDifferentiable,
  bitwiseAnd: nonDifferentiable,
  bitwiseOr: nonDifferentiable,
  bitwiseXor: nonDifferentiable,
  // linear in its gradient, and flat in what it is compared with
  thresholdBackward: formula([1], (grad, { args: [, x, threshold3] }) => [thresholdBackward(grad, x, threshold3)]),
  // three operands
  where: formula([0], (grad, { args: [condition], needs }) => [
    null,
    needs[1] && where(condition, grad, 0),
    needs[2] && where(condition, 0, grad),
  ]),
  lerp: formula(
    [0, 1, 2],
    (grad, { args: [start, end, weight], needs }) => [
      needs[0] && grad.mul(typeof weight === 'number' ? 1 - weight : weight.rsub(1)),
      needs[1] && grad.mul(weight),
      needs[2] && grad.mul(end.sub(start)),
    ],
    { name: byOperand('Lerp', 2, '1', '0'), neededFor: { 0: [2], 1: [2], 2: [0, 1] } },
  ),
  addcmul: formula(
    [1, 2],
    (grad, { args: [, a, b, value], needs }) => [
      grad,
      needs[1] && scaled(grad.mul(b), value),
      needs[2] && scaled(grad.mul(a), value),
    ],
    { neededFor: { 1: [2], 2: [1] } },
  ),
  addcdiv: formula(
    [1, 2],
    (grad, { args: [, a, b, value], needs }) => [
      grad,
      needs[1] && scaled(grad.div(b), value),
      needs[2] && scaled(grad.mul(a.div(b.mul(b))), -value),
    ],
    { neededFor: { 1: [2], 2: [1, 2] } },
  ),
  maskedFill: formula(
    [1],
    (grad, { args: [, mask], needs }) => [
      needs[0] && grad.maskedFill(mask, 0),
      null,
      needs[2] && where(mask, grad, 0).sum(),
    ],
    { name: byOperand('MaskedFill', 2, '1', '0') },
  ),
  // copies
  clone: formula([], (grad) => [grad]),
  to: formula([], (grad) => [grad], { name: 'ToCopyBackward0' }),
  // what was there before the copy has no influence any more
  copy: formula([], (grad, { needs }) => [needs[0] && zerosLike(grad), grad], { name: 'CopyBackwards' }),
  fill: formula([], (grad, { needs }) => [needs[0] && zerosLike(grad), needs[1] && grad.sum()], {
    name: (args) => fillName(args[1]),
  }),
};
function fillName(value) {
  if (typeof value !== 'number') return 'FillBackward3';
  return value === 0 ? 'ZeroBackward0' : 'FillBackward2';
}

// packages/autograd/src/derivatives/indexing.ts
function zerosOf(meta, grad) {
  return zeros(meta.shape, { dtype: grad.dtype });
}
function gradientOfSource(grad, dim, index2, src) {
  const used = gather(grad, dim, index2);
  const rest = src.shape.map((n, d) => n - used.shape[d]);
  return rest.every((n) => n === 0)
    ? used
    : pad(
        used,
        rest.reverse().flatMap((n) => [0, n]),
      );
}
function catParts(grad, parts, dim) {
  let end = 0;
  return parts.map((part) => {
    const size = part.shape[dim];
    end += size;
    return grad.narrow(dim, end - size, size);
  });
}
function repeatGradient(grad, shape, repeats) {
  const lead = repeats.length - shape.length;
  const split2 = [];
  const copies = [];
  repeats.forEach((count2, d) => {
    const size = d < lead ? 1 : shape[d - lead];
    copies.push(split2.length);
    split2.push(count2, size);
  });
  if (split2.includes(0)) return zeros(shape, { dtype: grad.dtype });
  if (split2.length === 0) return grad;
  return grad.reshape(split2).sum(copies).reshape(shape);
}
var indexing = {
  cat: formula([], (grad, { args: [tensors, dim] }) => [catParts(grad, tensors, dim)]),
  stack: formula([], (grad, { args: [, dim] }) => [grad.unbind(dim)]),
  gather: formula([2], (grad, { args: [x, dim, index2] }) => [scatterAdd(zerosOf(x, grad), dim, index2, grad)]),
  scatter: formula(
    [2],
    (grad, { args: [, dim, index2, src], needs }) => [
      needs[0] && scatter(grad, dim, index2, 0),
      null,
      null,
      needs[3] && gradientOfSource(grad, dim, index2, src),
    ],
    { name: ({ 3: src }) => (typeof src === 'number' ? 'ScatterBackward1' : 'ScatterBackward0') },
  ),
  scatterAdd: formula([2], (grad, { args: [, dim, index2, src], needs }) => [
    grad,
    null,
    null,
    needs[3] && gradientOfSource(grad, dim, index2, src),
  ]),
  indexSelect: formula([2], (grad, { args: [x, dim, index2] }) => [indexAdd(zerosOf(x, grad), dim, index2, grad)]),
  indexAdd: formula([2], (grad, { args: [, dim, index2, , alpha], needs }) => [
    grad,
    null,
    null,
    needs[3] && indexSelect(grad, dim, index2).mul(alpha),
  ]),
  index: formula([1], (grad, { args: [x, indices] }) => [indexPut(zerosOf(x, grad), indices, grad, true)]),
  indexPut: formula([1], (grad, { args: [, indices, values, accumulate2], needs }) => [
    needs[0] && (accumulate2 ? grad : indexPut(grad, indices, zeros([], { dtype: values.dtype }), false)),
    null,
    needs[2] && index(grad, indices),
  ]),
  maskedSelect: formula([1], (grad, { args: [x, mask] }) => {
    const shape = broadcast(x.shape, mask.shape);
    const places = nonzero2(mask.expand(shape)).unbind(1);
    return [places.length === 0 ? grad.sum() : indexPut(zeros(shape, { dtype: grad.dtype }), places, grad, true)];
  }),
  nonzero: nonDifferentiable,
  flip: formula([], (grad, { args: [, dims] }) => [flip2(grad, dims)]),
  roll: formula([], (grad, { args: [, shifts, dims] }) => [
    roll2(
      grad,
      shifts.map((shift) => -shift),
      dims,
    ),
  ]),
  repeat: formula([], (grad, { args: [x, repeats] }) => [repeatGradient(grad, x.shape, repeats)]),
  tril: formula([], (grad, { args: [, diagonal2] }) => [tril(grad, diagonal2)]),
  triu: formula([], (grad, { args: [, diagonal2] }) => [triu(grad, diagonal2)]),
};
function broadcast(a, b) {
  const ndim = Math.max(a.length, b.length);
  return Array.from({ length: ndim }, (_, i) => {
    const na = a[i - ndim + a.length] ?? 1;
    const nb = b[i - ndim + b.length] ?? 1;
    return na === 1 ? nb : na;
  });
}

// packages/autograd/src/derivatives/matmul.ts
function scaled2(x, factor) {
  return factor === 1 ? x : x.mul(factor);
}
var matmul2 = {
  dot: formula([0, 1], (grad, { args: [a, b], needs }) => [needs[0] && grad.mul(b), needs[1] && grad.mul(a)], {
    neededFor: { 0: [1], 1: [0] },
  }),
  mv: formula([0, 1], (grad, { args: [a, x], needs }) => [needs[0] && grad.outer(x), needs[1] && a.t().mv(grad)], {
    neededFor: { 0: [1], 1: [0] },
  }),
  mm: formula(
    [0, 1],
    (grad, { args: [a, b], needs }) => [needs[0] && grad.mm(b.t()), needs[1] && ofSecond(grad, a, b.strides)],
    { neededFor: { 0: [1], 1: [0] } },
  ),
  bmm: formula([0, 1], (grad, { args: [a, b], needs }) => [needs[0] && grad.bmm(b.mT), needs[1] && a.mT.bmm(grad)], {
    neededFor: { 0: [1], 1: [0] },
  }),
  addmm: formula(
    [1, 2],
    (grad, { args: [, a, b, beta, alpha], needs }) => [
      needs[0] && scaled2(grad, beta),
      needs[1] && scaled2(grad.mm(b.t()), alpha),
      needs[2] && scaled2(ofSecond(grad, a, b.strides), alpha),
    ],
    { neededFor: { 1: [2], 2: [1] } },
  ),
};
function ofSecond(grad, a, strides) {
  return strides[0] === 1 && strides[1] !== 1 ? grad.t().mm(a).t() : a.t().mm(grad);
}

// packages/autograd/src/gradMode.ts
function enter(grad, inference) {
  const before = { ...modes };
  modes.grad = grad;
  modes.inference = inference;
  let done = false;
  return {
    [Symbol.dispose]() {
      if (done) return;
      done = true;
      modes.grad = before.grad;
      modes.inference = before.inference;
    },
  };
}
function run(op2, guard, fn) {
  let result;
  try {
    result = fn();
  } finally {
    guard[Symbol.dispose]();
  }
  if (isPromise(result)) {
    throw new AutogradError(
      `the function returned a promise, but the mode holds for the whole thread and ended when the function returned; put ${op2}(() => \u2026) around the synchronous parts instead`,
      { op: op2 },
    );
  }
  return result;
}
function isPromise(value) {
  return typeof value === 'object' && value !== null && typeof value.then === 'function';
}
function mode(op2, grad, inference, fn) {
  if (fn !== void 0 && typeof fn !== 'function') {
    throw new ValueError(`takes a function or nothing, but got ${typeof fn}`, { op: op2 });
  }
  const guard = enter(grad, inference);
  return fn === void 0 ? guard : run(op2, guard, fn);
}
function noGrad(fn) {
  return mode('noGrad', false, modes.inference, fn);
}
function enableGrad(fn) {
  return mode('enableGrad', true, modes.inference, fn);
}
function isGradEnabled() {
  return modes.grad;
}

// packages/autograd/src/derivatives/norm.ts
function perChannel2(x, ndim) {
  return x.reshape([1, x.shape[0], ...new Array(Math.max(ndim - 2, 0)).fill(1)]);
}
function batchDims(ndim) {
  return Array.from({ length: ndim }, (_, dim) => dim).filter((dim) => dim !== 1);
}
function batchNormGradients(grad, x, weight, mean2, invstd, training, eps) {
  const dims = batchDims(x.ndim);
  const count2 = x.numel() / x.shape[1];
  let mu = perChannel2(mean2, x.ndim);
  let scale2 = perChannel2(invstd, x.ndim);
  if (training && isGradEnabled()) {
    mu = x.mean(dims, true);
    const centred2 = x.sub(mu);
    scale2 = centred2.mul(centred2).mean(dims, true).add(eps).rsqrt();
  }
  const normalised = x.sub(mu).mul(scale2);
  const dBias = grad.sum(dims);
  const dWeight = grad.mul(normalised).sum(dims);
  const factor = weight === null ? scale2 : scale2.mul(perChannel2(weight, x.ndim));
  if (!training) return [grad.mul(factor), dWeight, dBias];
  const centred = grad
    .sub(perChannel2(dBias, x.ndim).div(count2))
    .sub(normalised.mul(perChannel2(dWeight, x.ndim).div(count2)));
  return [centred.mul(factor), dWeight, dBias];
}
var norm3 = {
  batchNorm: formula(
    [0, 1, 'result1', 'result2'],
    ([grad], { args: [x, weight, , , , training, , eps], result: [, mean2, invstd] }) =>
      grad === null ? [] : batchNormGradients(grad, x, weight, mean2, invstd, training, eps),
    { name: 'NativeBatchNormBackward0', nonDifferentiableOutputs: [1, 2] },
  ),
  nllLoss: formula(
    [1, 2, 'result1'],
    ([grad], { args: [x, target, weight, reduction, ignoreIndex], result: [, totalWeight] }) => [
      grad && nllLossBackward(grad, x.shape, target, weight, reduction, ignoreIndex, totalWeight),
    ],
    {
      name: ({ 0: x }) => (x.ndim > 2 ? 'NllLoss2DBackward0' : 'NllLossBackward0'),
      nonDifferentiableOutputs: [1],
    },
  ),
  // the loss is linear in its input, so the adjoint of its gradient is the loss itself
  nllLossBackward: formula([2, 3], (grad, { args: [, , target, weight, reduction, ignoreIndex] }) => [
    nllLoss(grad, target, { weight, reduction, ignoreIndex }),
  ]),
  mseLoss: formula([0, 1], (grad, { args: [x, target, reduction], needs }) => {
    const slope = x.sub(target).mul(reduction === 'mean' ? 2 / x.numel() : 2);
    const out = grad.mul(slope);
    return [needs[0] && out, needs[1] && out.neg()];
  }),
};

// packages/autograd/src/derivatives/reduce.ts
function restore(reduced3, dims, keepdim, shape) {
  let out = reduced3;
  if (!keepdim) for (const dim of dims) out = out.unsqueeze(dim);
  return out.expand(shape);
}
function countOf(shape, dims) {
  return dims.reduce((count2, dim) => count2 * shape[dim], 1);
}
function byDims(base) {
  return ({ 0: x, 1: dims, 2: keepdim }) =>
    `${base}Backward${dims.length === x.ndim && !(keepdim && x.ndim > 0) ? 0 : 1}`;
}
function byDim(base) {
  return (args) => `${base}Backward${args[1] === null ? 0 : 1}`;
}
function shareAmongTies(grad, x, y, dims, keepdim) {
  const attains = x.eq(restore(y, dims, keepdim, x.shape));
  const count2 = attains.to(grad.dtype).sum(dims, true);
  return where(attains, restore(grad, dims, keepdim, x.shape), 0).div(count2);
}
function shareAmongAll(grad, x, y) {
  const attains = x.eq(y).logicalOr(x.isnan());
  return where(attains, grad, 0).div(attains.to(grad.dtype).sum());
}
function putAt(grad, indices, shape, dim, keepdim = true) {
  const base = zeros(shape, { dtype: grad.dtype });
  if (shape.length === 0) return grad;
  if (keepdim) return scatter(base, dim, indices, grad);
  return scatter(base, dim, indices.unsqueeze(dim), grad.unsqueeze(dim));
}
function shifted(x, dim, by) {
  const shape = [...x.shape];
  shape[dim] = by;
  return cat2([ones(shape, { dtype: x.dtype }), x.narrow(dim, 0, x.shape[dim] - by)], dim);
}
function runningProducts(x, dim) {
  let out = x;
  for (let step = 1; step < x.shape[dim]; step *= 2) out = out.mul(shifted(out, dim, step));
  return out;
}
function productOfOthers(x, dim) {
  if (x.shape[dim] === 0) return x;
  const before = shifted(runningProducts(x, dim), dim, 1);
  const after = flip2(shifted(runningProducts(flip2(x, dim), dim), dim, 1), dim);
  return before.mul(after);
}
function prodGradient(grad, x, dim, keepdim) {
  if (x.ndim === 0) return grad;
  if (dim === null) return grad.mul(productOfOthers(x.reshape(-1), 0).reshape(x.shape));
  return restore(grad, [dim], keepdim, x.shape).mul(productOfOthers(x, dim));
}
function cumprodGradient(grad, x, dim) {
  if (x.ndim === 0) return grad;
  const size = x.shape[dim];
  const stages = [];
  let stage = x;
  for (let step = 1; step < size; step *= 2) {
    stages.push(stage);
    stage = stage.mul(shifted(stage, dim, step));
  }
  let out = grad;
  for (let i = stages.length - 1; i >= 0; i--) {
    const y = stages[i];
    const step = 2 ** i;
    const direct = out.mul(shifted(y, dim, step));
    const through = out.mul(y).narrow(dim, step, size - step);
    const shape = [...y.shape];
    shape[dim] = step;
    out = direct.add(cat2([through, zeros(shape, { dtype: y.dtype })], dim));
  }
  return out;
}
function varGradient(grad, x, dims, correction, keepdim) {
  const count2 = countOf(x.shape, dims);
  return restore(grad, dims, keepdim, x.shape)
    .mul(x.sub(x.mean(dims, true)))
    .mul(2 / Math.max(count2 - correction, 0));
}
function normGradient(grad, x, y, p, dims, keepdim) {
  const g = restore(grad, dims, keepdim, x.shape);
  const norm4 = restore(y, dims, keepdim, x.shape);
  if (p === 0) return zerosLike(x);
  if (p === 1) return g.mul(x.sign());
  if (p === 2) return where(norm4.eq(0), 0, x.mul(g.div(norm4)));
  if (!Number.isFinite(p)) {
    const attains = x.abs().eq(norm4);
    const count2 = attains.to(x.dtype).sum(dims, true);
    return where(attains, x.sign().mul(g).div(count2), 0);
  }
  if (p < 2) {
    const slope2 = x.sign().mul(x.abs().pow(p - 1));
    return where(x.eq(0), 0, slope2.mul(g).mul(norm4.pow(1 - p)));
  }
  const slope = x.mul(x.abs().pow(p - 2));
  return where(norm4.eq(0), 0, slope.mul(g).div(norm4.pow(p - 1)));
}
var reduce = {
  sum: formula([], (grad, { args: [x, dims, keepdim] }) => [restore(grad, dims, keepdim, x.shape)], {
    name: byDims('Sum'),
  }),
  mean: formula(
    [],
    (grad, { args: [x, dims, keepdim] }) => [
      restore(grad.div(Math.max(countOf(x.shape, dims), 1)), dims, keepdim, x.shape),
    ],
    { name: byDims('Mean') },
  ),
  prod: formula([0], (grad, { args: [x, dim, keepdim] }) => [prodGradient(grad, x, dim, keepdim)], {
    name: byDim('Prod'),
  }),
  amax: formula([0, 'result'], (grad, { args: [x, dims, keepdim], result: y }) => [
    shareAmongTies(grad, x, y, dims, keepdim),
  ]),
  amin: formula([0, 'result'], (grad, { args: [x, dims, keepdim], result: y }) => [
    shareAmongTies(grad, x, y, dims, keepdim),
  ]),
  max: formula([0, 'result'], (grad, { args: [x], result: y }) => [shareAmongAll(grad, x, y)], {
    name: 'MaxBackward1',
  }),
  min: formula([0, 'result'], (grad, { args: [x], result: y }) => [shareAmongAll(grad, x, y)], {
    name: 'MinBackward1',
  }),
  maxDim: formula(
    ['result1'],
    ([grad], { args: [x, dim, keepdim], result: [, indices] }) => [grad && putAt(grad, indices, x.shape, dim, keepdim)],
    { name: 'MaxBackward0' },
  ),
  minDim: formula(
    ['result1'],
    ([grad], { args: [x, dim, keepdim], result: [, indices] }) => [grad && putAt(grad, indices, x.shape, dim, keepdim)],
    { name: 'MinBackward0' },
  ),
  argmax: nonDifferentiable,
  argmin: nonDifferentiable,
  var: formula([0], (grad, { args: [x, dims, correction, keepdim] }) => [
    varGradient(grad, x, dims, correction, keepdim),
  ]),
  std: formula([0, 'result'], (grad, { args: [x, dims, correction, keepdim], result: y }) => [
    varGradient(where(y.eq(0), 0, grad.div(y.mul(2))), x, dims, correction, keepdim),
  ]),
  norm: formula(
    [0, 'result'],
    (grad, { args: [x, p, dims, keepdim], result: y }) => [normGradient(grad, x, y, p, dims, keepdim)],
    { name: 'LinalgVectorNormBackward0' },
  ),
  logsumexp: formula([0, 'result'], (grad, { args: [x, dims, keepdim], result: y }) => [
    restore(grad, dims, keepdim, x.shape).mul(x.sub(restore(y, dims, keepdim, x.shape)).exp()),
  ]),
  any: nonDifferentiable,
  all: nonDifferentiable,
  cumsum: formula([], (grad, { args: [x, dim] }) => [x.ndim === 0 ? grad : flip2(cumsum2(flip2(grad, dim), dim), dim)]),
  cumprod: formula([0], (grad, { args: [x, dim] }) => [cumprodGradient(grad, x, dim)]),
  sort: formula(
    ['result1'],
    ([grad], { args: [x, dim], result: [, indices] }) => [grad && putAt(grad, indices, x.shape, dim)],
    { name: ({ 3: stable }) => `SortBackward${stable ? 1 : 0}` },
  ),
  topk: formula(['result1'], ([grad], { args: [x, , dim], result: [, indices] }) => [
    grad && putAt(grad, indices, x.shape, dim),
  ]),
  softmax: formula(['result'], (grad, { args: [, dim], result: y }) => {
    const weighted2 = grad.mul(y);
    return [weighted2.sub(y.mul(weighted2.sum(dim, true)))];
  }),
  logSoftmax: formula(['result'], (grad, { args: [, dim], result: y }) => [grad.sub(y.exp().mul(grad.sum(dim, true)))]),
};

// packages/autograd/src/derivatives/view.ts
function inverse(dims) {
  const out = new Array(dims.length);
  dims.forEach((dim, i) => {
    out[dim] = i;
  });
  return out;
}
function lastOf(shape, strides, offset) {
  return shape.reduce((at3, n, d) => at3 + (n - 1) * strides[d], offset);
}
function ofStrided(grad, input, strides, offset) {
  if (sizeOf(grad.shape) === 0) return zeros(input.shape, { dtype: grad.dtype });
  const last = lastOf(input.shape, input.strides, input.offset);
  const isInside = offset >= input.offset && lastOf(grad.shape, strides, offset) <= last;
  const isDense2 = isContiguous(input.shape, input.strides);
  if (!isDense2 || !isInside) checkElements(input, grad.shape, strides, offset);
  const storage = asStridedBackward(grad, [1 + last - input.offset], strides, offset - input.offset);
  return storage.asStrided(input.shape, input.strides, 0);
}
function checkElements(input, shape, strides, offset) {
  const own = new Set(offsets(input.shape, input.strides, input.offset));
  const operands = { input: input.shape, size: shape, stride: strides, offset };
  if (own.size < sizeOf(input.shape)) {
    throw new NotImplementedError(
      'the gradient of a view by strides of a tensor that shows elements twice is not offered; call contiguous() first',
      { op: 'asStrided', operands },
    );
  }
  for (const at3 of offsets(shape, strides, offset)) {
    if (own.has(at3)) continue;
    throw new NotImplementedError(
      'the gradient of a view by strides of elements that its input does not show is not offered; take the view from a tensor that shows them',
      { op: 'asStrided', operands },
    );
  }
}
function isEven(sizes3) {
  return sizes3.every((size, i) => size === sizes3[0] || (i === sizes3.length - 1 && size < sizes3[0]));
}
var view2 = {
  view: formula([], (grad, { args: [x] }) => [grad.reshape(x.shape)]),
  unsafeView: formula([], (grad, { args: [x] }) => [grad.reshape(x.shape)]),
  alias: formula([], (grad) => [grad]),
  t: formula([], (grad) => [grad.t()]),
  transpose: formula([], (grad, { args: [, a, b] }) => [grad.transpose(a, b)]),
  permute: formula([], (grad, { args: [, dims] }) => [grad.permute(inverse(dims))]),
  select: formula([], (grad, { args: [x, dim, index2] }) => [selectBackward(grad, x.shape, dim, index2)]),
  slice: formula([], (grad, { args: [x, dim, start, end, step] }) => [
    sliceBackward(grad, x.shape, dim, start, end, step),
  ]),
  squeeze: formula([], (grad, { args: [, dims] }) => [dims.reduce((out, dim) => out.unsqueeze(dim), grad)], {
    name: ({ 2: all2 }) => (all2 ? 'SqueezeBackward0' : 'SqueezeBackward1'),
  }),
  unsqueeze: formula([], (grad, { args: [, dim] }) => [grad.squeeze(dim)]),
  // the engine sums over what was stretched
  expand: formula([], (grad) => [grad]),
  unfold: formula([], (grad, { args: [x, dim, size, step] }) => [
    x.ndim === 0 ? grad.reshape([]) : unfoldBackward(grad, x.shape, dim, size, step),
  ]),
  diagonal: formula([], (grad, { args: [x, offset, dim1, dim2] }) => [
    diagonalBackward(grad, x.shape, offset, dim1, dim2),
  ]),
  asStrided: formula([], (grad, { args: [x, , strides, offset] }) => [ofStrided(grad, x, strides, offset)]),
  split: formula(
    [],
    (grads, { args: [x, sizes3, dim] }) => [
      cat2(
        sizes3.map((size, i) => {
          const shape = [...x.shape];
          shape[dim] = size;
          return materialize(grads[i], { ...x, shape });
        }),
        dim,
      ),
    ],
    { name: ({ 1: sizes3 }) => (isEven(sizes3) ? 'SplitBackward0' : 'SplitWithSizesBackward0') },
  ),
  unbind: formula([], (grads, { args: [x, dim] }) => {
    const shape = x.shape.filter((_, d) => d !== dim);
    return [
      stack2(
        Array.from({ length: x.shape[dim] }, (_, i) => materialize(grads[i], { ...x, shape })),
        dim,
      ),
    ];
  }),
  // gradients of views are linear, and each is the adjoint of its view
  selectBackward: formula([], (grad, { args: [, , dim, index2] }) => [grad.select(dim, index2)]),
  sliceBackward: formula([], (grad, { args: [, , dim, start, end, step] }) => [grad.slice(dim, start, end, step)]),
  unfoldBackward: formula([], (grad, { args: [, , dim, size, step] }) => [grad.unfold(dim, size, step)]),
  diagonalBackward: formula([], (grad, { args: [, , offset, dim1, dim2] }) => [grad.diagonal(offset, dim1, dim2)]),
  asStridedBackward: formula([], (grad, { args: [x, , strides, offset] }) => {
    const dense3 = grad.contiguous();
    return [dense3.asStrided(x.shape, strides, offset + dense3.offset)];
  }),
};

// packages/autograd/src/derivatives/index.ts
var derivatives = {
  ...elementwise,
  ...reduce,
  ...matmul2,
  ...view2,
  ...indexing,
  ...conv,
  ...norm3,
};

// packages/autograd/src/tape.ts
function slotOf(tensor2) {
  return tensor2.autograd;
}
function metaOf(tensor2) {
  const present = slotOf(tensor2);
  if (present !== null) return present;
  const base = tensor2.base === null ? null : slotOf(tensor2.base);
  const meta = new AutogradMeta(null, 0, base !== null && base.rewrittenAt >= 0 ? -1 : tensor2.storage.version);
  tensor2.autograd = meta;
  return meta;
}
function needsGrad(tensor2) {
  const meta = slotOf(tensor2);
  if (tensor2.base === null) return meta !== null && (meta.requiresGrad || meta.gradFn !== null);
  return meta?.requiresGrad === true || viewGradFn(tensor2, tensor2.base) !== null;
}
function gradFnOf(tensor2) {
  if (tensor2.base !== null) return viewGradFn(tensor2, tensor2.base);
  const meta = slotOf(tensor2);
  return meta === null ? null : meta.gradFn;
}
function viewGradFn(view3, base) {
  const baseMeta = slotOf(base);
  let meta = slotOf(view3);
  if (baseMeta === null || !baseMeta.tracked) return meta === null ? null : meta.gradFn;
  if (meta === null) {
    if (baseMeta.rewrittenAt < 0) return null;
    meta = metaOf(view3);
  }
  if (meta.version === view3.storage.version) return meta.gradFn;
  if (meta.creation === CREATED_UNRECORDED && baseMeta.rewrittenAt <= meta.version) return meta.gradFn;
  checkViewWrite(meta, true);
  meta.setHistory(new OpNode('asStrided', rules.asStrided, [base, view3.shape, view3.strides, view3.offset], 1, -1), 0);
  const node = meta.gradFn;
  node.shape = view3.shape;
  node.dtype = view3.dtype;
  meta.version = view3.storage.version;
  return node;
}
function checkViewWrite(meta, indirect) {
  if (meta.creation === CREATED_PLAIN) return;
  const what = indirect ? 'its base or another view of its base has been' : 'is being';
  const who =
    meta.gradFn === null
      ? `a view was created in no_grad mode and ${what} modified inplace with grad mode enabled.`
      : `output ${meta.outputNr} of ${meta.gradFn.name} is a view and ${what} modified inplace.`;
  throw new AutogradError(`${who} ${VIEW_REASONS[meta.creation]}`, { op: 'autograd' });
}
var VIEW_REASONS = {
  [CREATED_WITH_OTHERS]:
    'This view is the output of a function that returns multiple views. Such functions do not allow the output views to be modified inplace. You should replace the inplace operation by an out-of-place one.',
  [CREATED_UNRECORDED]:
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace either both inside the noGrad block (if you don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked).",
  [CREATED_IN_FUNCTION]:
    'This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to handle view+inplace would override the custom backward associated with the custom Function, leading to incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the custom Function.',
};
function edgeNode(tensor2) {
  const node = gradFnOf(tensor2);
  if (node !== null) return node;
  const meta = slotOf(tensor2);
  return meta === null || !meta.requiresGrad ? null : accumulatorOf(tensor2, meta);
}
function edgeNr(tensor2) {
  const meta = slotOf(tensor2);
  return meta === null || meta.gradFn === null ? 0 : meta.outputNr;
}
function accumulatorOf(leaf, meta) {
  let node = meta.accumulator;
  if (node === null) {
    node = new AccumulateGrad(leaf);
    meta.accumulator = node;
  } else if (node.shape !== leaf.shape) {
    node.shape = leaf.shape;
    node.dtype = leaf.dtype;
  }
  return node;
}
function setHistory(tensor2, node, outputNr, creation) {
  const meta = new AutogradMeta(node, outputNr, tensor2.storage.version);
  meta.creation = creation;
  tensor2.autograd = meta;
}
function reattached(tensor2, node, outputNr) {
  const handle = construct(tensor2.storage, tensor2.shape, tensor2.strides, tensor2.offset, tensor2.dtype);
  if (node instanceof AccumulateGrad) {
    const meta = metaOf(handle);
    meta.requiresGrad = true;
    meta.accumulator = node;
  } else setHistory(handle, node, outputNr, CREATED_PLAIN);
  return handle;
}
function describe3(tensor2, node, outputNr) {
  if (node !== null) return `output ${outputNr} of ${node.name}`;
  const gradFn = gradFnOf(tensor2);
  return gradFn === null ? null : `output ${edgeNr(tensor2)} of ${gradFn.name}`;
}
function fail3(op2, why) {
  return {
    kind: 'formula',
    backward: () => {
      throw new NotImplementedError(`the derivative is not implemented: ${why}`, { op: op2 });
    },
    keepFor: [],
    keepOutputFor: [],
    name: null,
    nonDifferentiableOutputs: null,
  };
}
var rules = Object.fromEntries(
  Object.entries(derivatives).map(([op2, derivative]) => {
    if (derivative.kind === 'nonDifferentiable') return [op2, null];
    return [op2, derivative.kind === 'formula' ? derivative : fail3(op2, derivative.why)];
  }),
);
function ruleOf(op2) {
  return rules[op2];
}
var BLOCKING_RULE = {
  kind: 'formula',
  backward: () => [],
  keepFor: [],
  keepOutputFor: [],
  name: null,
  nonDifferentiableOutputs: null,
};
var ALWAYS_VISIBLE = {
  add: [0, 1],
  // with a number first it is rsub, which shows one edge
  sub: [1],
  mul: [0, 1],
  div: [0, 1],
  where: [1, 2],
  convolution: [0, 1, 2],
  batchNorm: [0, 1, 2],
};
var RecordList = class {
  records;
  constructor(records) {
    this.records = records;
  }
};
var Context = class {
  args;
  needs;
  node;
  constructor(node, args, needs) {
    this.node = node;
    this.args = args;
    this.needs = needs;
  }
  get result() {
    return this.node.unpackResult();
  }
};
var OpNode = class extends Node {
  op;
  rule;
  /** The op's arguments, with records in place of tensors. */
  args;
  /** Position of the argument that is a list of tracked tensors, which has an edge for each entry; -1 without one. */
  listAt;
  /** Kept outputs by position. */
  saved = null;
  /**
   * @param args becomes the node's own
   * @param needs bit i: argument i needs a gradient
   * @param overwritten the argument that the op is about to write to, of which a copy is kept; null when there is none
   */
  constructor(op2, rule, args, needs, listAt2, overwritten = null) {
    super();
    this.op = op2;
    this.rule = rule;
    this.args = args;
    this.listAt = listAt2;
    const keepFor = rule.keepFor;
    const next = [];
    let numbers2 = null;
    for (let i = 0; i < args.length; i++) {
      const arg = args[i];
      const tracked = (needs & (1 << i)) !== 0;
      const keep2 = (keepFor[i] & needs) !== 0;
      if (isTensor(arg)) {
        const node = tracked ? edgeNode(arg) : null;
        if (node !== null && slotOf(arg).outputNr !== 0) numbers2 = put3(numbers2, next.length, edgeNr(arg));
        next.push(node);
        args[i] = record(keep2 && arg === overwritten ? untrackedCopy(arg) : arg, keep2);
      } else if (Array.isArray(arg) && arg.some(isTensor)) {
        const list2 = arg;
        args[i] = new RecordList(list2.map((entry2) => (entry2 === null ? null : record(entry2, keep2))));
        if (i !== listAt2) next.push(null);
        else {
          for (const entry2 of list2) {
            const node = entry2 !== null && needsGrad(entry2) ? edgeNode(entry2) : null;
            if (node !== null) numbers2 = put3(numbers2, next.length, edgeNr(entry2));
            next.push(node);
          }
        }
      } else next.push(null);
    }
    this.next = next;
    if (numbers2 !== null) this.nextNr = next.map((_, i) => numbers2[i] ?? 0);
  }
  get name() {
    const name2 = this.rule.name;
    if (name2 === null) return `${this.op[0].toUpperCase()}${this.op.slice(1)}Backward0`;
    if (typeof name2 === 'string') return name2;
    return name2(this.args.map((arg) => (arg instanceof RecordList ? arg.records : arg)));
  }
  /** Keeps an output, if the formula wants it for any of the arguments that need a gradient. */
  saveOutput(output, outputNr) {
    const saved = record(output, true);
    this.saved ??= [];
    this.saved[outputNr] = saved;
  }
  apply(grad, grads, needs) {
    if (grads === null ? grad === null : !grads.some((entry2) => entry2 !== null)) return NO_EDGES;
    const listAt2 = this.listAt;
    const context = new Context(this, this.unpackArguments(), listAt2 < 0 ? needs : this.needsByArgument(needs));
    const result = this.rule.backward(grads ?? grad, context);
    return listAt2 < 0 ? result : this.byEdge(result);
  }
  keeps(grad) {
    for (const arg of this.args) if (arg instanceof TensorRecord && arg.tensor === grad) return true;
    if (this.saved !== null) {
      for (const output of this.saved) if (output !== void 0 && output.tensor === grad) return true;
    }
    return false;
  }
  release() {
    for (const arg of this.args) {
      if (arg instanceof TensorRecord) arg.release();
      else if (arg instanceof RecordList) for (const entry2 of arg.records) entry2?.release();
    }
    if (this.saved !== null) for (const output of this.saved) output?.release();
  }
  unpackResult() {
    if (this.outputs === null) {
      return this.saved === null
        ? { shape: this.shape, dtype: this.dtype, ndim: this.shape.length }
        : this.unpackOutput(this.saved[0], 0);
    }
    return this.outputs.map((meta, i) => {
      const output = this.saved?.[i];
      return output === void 0 ? meta : this.unpackOutput(output, i);
    });
  }
  visibleEdges() {
    const always = ALWAYS_VISIBLE[this.op] ?? [];
    const edges = [];
    let edge = 0;
    this.args.forEach((arg, i) => {
      if (arg instanceof RecordList && i === this.listAt) {
        for (const entry2 of arg.records) {
          if (entry2 !== null && isFloating(entry2.dtype)) edges.push(edge);
          edge++;
        }
        return;
      }
      if (always.includes(i) || (arg instanceof TensorRecord && isFloating(arg.dtype))) edges.push(edge);
      edge++;
    });
    return edges;
  }
  unpackArguments() {
    const args = this.args;
    const out = new Array(args.length);
    let edge = 0;
    for (let i = 0; i < args.length; i++) {
      const arg = args[i];
      if (arg instanceof TensorRecord) {
        out[i] = arg.kept ? this.unpackArgument(arg, edge) : arg;
        edge++;
      } else if (arg instanceof RecordList) {
        const own = i === this.listAt;
        const first = edge;
        out[i] = arg.records.map((entry2, j) =>
          entry2?.kept === true ? this.unpackArgument(entry2, own ? first + j : first) : entry2,
        );
        edge += own ? arg.records.length : 1;
      } else {
        out[i] = arg;
        edge++;
      }
    }
    return out;
  }
  unpackArgument(arg, edge) {
    const tensor2 = arg.unpack(describe3, null, 0);
    if (!modes.grad) return tensor2;
    const node = this.next[edge];
    if (node === null) return tensor2;
    const outputNr = this.nextNr === null ? 0 : this.nextNr[edge];
    if (edgeNode(tensor2) === node && edgeNr(tensor2) === outputNr) return tensor2;
    return reattached(tensor2, node, outputNr);
  }
  unpackOutput(output, outputNr) {
    const tensor2 = output.unpack(describe3, this, outputNr);
    if (!modes.grad || gradFnOf(tensor2) !== null) return tensor2;
    return reattached(tensor2, this, outputNr);
  }
  needsByArgument(needs) {
    const at3 = this.listAt;
    const count2 = this.args[at3].records.length;
    return [...needs.slice(0, at3), needs.slice(at3, at3 + count2).includes(true), ...needs.slice(at3 + count2)];
  }
  byEdge(result) {
    const at3 = this.listAt;
    const count2 = this.args[at3].records.length;
    const list2 = result[at3];
    const entries = Array.isArray(list2) ? list2 : new Array(count2).fill(null);
    return [...result.slice(0, at3), ...entries, ...result.slice(at3 + 1)];
  }
};
function record(tensor2, keep2) {
  const entry2 = new TensorRecord(tensor2);
  return keep2 ? entry2.keep(tensor2) : entry2;
}
function put3(list2, at3, value) {
  const out = list2 ?? [];
  out[at3] = value;
  return out;
}
function untrackedCopy(tensor2) {
  const before = modes.grad;
  modes.grad = false;
  try {
    return clone(tensor2);
  } finally {
    modes.grad = before;
  }
}

// packages/autograd/src/record.ts
var listAt = -1;
function needsOf(args) {
  let needs = 0;
  listAt = -1;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (isTensor(arg)) {
      if (needsGrad(arg)) needs |= 1 << i;
    } else if (Array.isArray(arg)) {
      for (let j = 0; j < arg.length; j++) {
        const entry2 = arg[j];
        if (typeof entry2 === 'number') break;
        if (isTensor(entry2) && needsGrad(entry2)) {
          needs |= 1 << i;
          listAt = i;
          break;
        }
      }
    }
  }
  return needs;
}
function record2(op2, forward, args) {
  const run2 = forward;
  const needs = modes.inference ? 0 : needsOf(args);
  const list2 = listAt;
  const rule = needs === 0 ? null : ruleOf(op2);
  let result;
  modes.grad = false;
  try {
    result = run2(...args);
  } finally {
    modes.grad = true;
  }
  if (rule === null) {
    noteViews(result, creationOf(args[0]));
    return result;
  }
  if (isTensor(result)) {
    if (!isFloating(result.dtype) || (result.autograd !== null && args.includes(result))) return result;
    const creation = result.base === null ? CREATED_PLAIN : creationOf(args[0]);
    const node2 = new OpNode(op2, rule, args, needs, list2);
    node2.shape = result.shape;
    node2.dtype = result.dtype;
    const meta = new AutogradMeta(node2, 0, result.storage.version);
    meta.creation = creation;
    result.autograd = meta;
    if ((rule.keepOutputFor[0] & needs) !== 0) node2.saveOutput(result, 0);
    return result;
  }
  const outputs = result;
  const node = new OpNode(op2, rule, args, needs, list2);
  node.outputs = outputs.map(({ shape, dtype, ndim }) => ({ shape, dtype, ndim }));
  for (let i = 0; i < outputs.length; i++) {
    const output = outputs[i];
    if (isFloating(output.dtype) && rule.nonDifferentiableOutputs?.includes(i) !== true) {
      setHistory(output, node, i, output.base === null ? CREATED_PLAIN : CREATED_WITH_OTHERS);
    }
    if ((rule.keepOutputFor[i] & needs) !== 0) node.saveOutput(output, i);
  }
  return result;
}
function creationOf(self) {
  if (!isTensor(self) || self.base === null) return CREATED_PLAIN;
  return slotOf(self)?.creation ?? CREATED_PLAIN;
}
function noteViews(result, creation) {
  if (isTensor(result)) {
    if (result.base === null || result.autograd !== null || slotOf(result.base) === null) return;
    const meta = new AutogradMeta(null, 0, result.storage.version);
    meta.creation = creation;
    result.autograd = meta;
  } else if (Array.isArray(result)) {
    for (const entry2 of result) if (isTensor(entry2)) noteViews(entry2, creation);
  }
}
function recordInPlace(op2, args, self, write3) {
  const needs = modes.inference ? 0 : needsOf(args);
  if (!modes.inference) checkWrite(self, needs);
  if (needs === 0 || !isFloating(self.dtype)) {
    write3();
    self.storage.version++;
    return;
  }
  const rule = ruleOf(op2) ?? BLOCKING_RULE;
  const node = new OpNode(op2, rule, args, needs, listAt, self);
  node.shape = self.shape;
  node.dtype = self.dtype;
  modes.grad = false;
  try {
    write3();
  } finally {
    modes.grad = true;
  }
  self.storage.version++;
  node.shape = self.shape;
  if ((rule.keepOutputFor[0] & needs) !== 0) node.saveOutput(self, 0);
  rebase(self, node, 0);
}
function checkWrite(self, needs) {
  const meta = slotOf(self);
  const base = self.base === null ? null : slotOf(self.base);
  if (needs === 0) {
    if (base?.tracked === true && meta?.creation === CREATED_UNRECORDED) checkViewWrite(meta, false);
    return;
  }
  if (meta !== null && self.base !== null) checkViewWrite(meta, false);
  if (base?.isTrackedLeaf === true) {
    throw new AutogradError('a view of a leaf Variable that requires grad is being used in an in-place operation.', {
      op: 'autograd',
    });
  }
  if (meta?.isTrackedLeaf === true) {
    throw new AutogradError('a leaf Variable that requires grad is being used in an in-place operation.', {
      op: 'autograd',
    });
  }
}
function rebase(self, node, selfEdge) {
  const base = self.base;
  const written = base ?? self;
  const history = base === null ? node : new CopySlices(base, self, node, selfEdge);
  const meta = metaOf(written);
  meta.requiresGrad = false;
  meta.setHistory(history, 0);
  meta.rewrittenAt = self.storage.version;
  meta.version = self.storage.version;
  if (base !== null) metaOf(self);
}
var CopySlices = class extends Node {
  inner;
  selfEdge;
  baseStrides;
  viewShape;
  viewStrides;
  /** From the first element of the base. */
  viewOffset;
  constructor(base, view3, inner, selfEdge) {
    super();
    this.inner = inner;
    this.selfEdge = selfEdge;
    this.shape = base.shape;
    this.dtype = base.dtype;
    this.baseStrides = base.strides;
    this.viewShape = view3.shape;
    this.viewStrides = view3.strides;
    this.viewOffset = view3.offset - base.offset;
    this.next = inner.next.map((node, i) => (i === selfEdge ? edgeNode(base) : node));
    const numbers2 = inner.nextNr;
    const baseNr = edgeNr(base);
    if (numbers2 !== null || baseNr !== 0) {
      this.nextNr = this.next.map((_, i) => (i === selfEdge ? baseNr : (numbers2?.[i] ?? 0)));
    }
  }
  get name() {
    return 'CopySlices';
  }
  apply(grad, _, needs) {
    if (grad === null) return NO_EDGES;
    if (this.inner === null) throw new AutogradError(FREED, { op: 'backward' });
    const whole = emptyStrided(this.shape, this.baseStrides, grad.dtype).copy_(grad);
    const slice = asStrided(whole, this.viewShape, this.viewStrides, this.viewOffset);
    const out = [...this.inner.apply(clone(slice), null, needs)];
    if (needs[this.selfEdge]) {
      const before = out[this.selfEdge];
      if (isTensor(before)) slice.copy_(before);
      else slice.zero_();
      out[this.selfEdge] = whole;
    }
    return out;
  }
  keeps() {
    return true;
  }
  release() {
    this.inner?.release();
    this.inner = null;
  }
  visibleEdges() {
    return this.next.flatMap((node, i) => (node === null && i !== this.selfEdge ? [] : [i]));
  }
};
function emptyStrided(shape, strides, dtype) {
  const length = sizeOf(shape) === 0 ? 0 : shape.reduce((last, n, i) => last + (n - 1) * strides[i], 1);
  return construct(Storage.allocate(dtype, length, false), shape, strides, 0, dtype);
}

// packages/autograd/src/sumTo.ts
function sumTo(tensor2, shape) {
  const lead = tensor2.ndim - shape.length;
  if (lead < 0) return null;
  const dims = [];
  for (let d = 0; d < tensor2.ndim; d++) {
    const n = tensor2.shape[d];
    if (d < lead) dims.push(d);
    else if (shape[d - lead] !== n) {
      if (shape[d - lead] !== 1) return null;
      dims.push(d);
    }
  }
  const summed = dims.length === 0 ? tensor2 : sum2(tensor2, dims, true);
  return lead === 0 ? summed : view(summed, shape);
}

// packages/autograd/src/engine.ts
var NEED_ARRIVAL = 1;
var NEED_RUN = 2;
var passes = 0;
var active = [];
var Pass = class {
  id;
  keepGraph;
  /** Whether only some nodes must run. */
  selective;
  captures = /* @__PURE__ */ new Map();
  captured;
  shadows = [];
  /** A heap of nodes that are ready, the youngest on top. */
  ready = [];
  constructor(options) {
    this.id = ++passes;
    this.keepGraph = options.keepGraph;
    this.selective = options.inputs !== null;
    this.captured = new Array(options.inputs?.length ?? 0).fill(null);
  }
  /** Runs everything; returns what was captured. */
  run(roots, rootGrads, options) {
    active.push(this.id);
    try {
      if (options.inputs !== null) this.mark(options.inputs, options.accumulate);
      const nodes = roots.map((root) => edgeNode(root));
      if (this.selective) this.discoverNeeded(nodes);
      else this.discover(nodes);
      for (let i = 0; i < roots.length; i++) {
        const { grad, owned } = rootGrads[i];
        const target = nodes[i];
        if (grad !== null) deliver(fit(null, i, grad, target, edgeNr(roots[i])), target, edgeNr(roots[i]), owned);
      }
      for (const node of new Set(nodes)) if (node.pending === 0 && this.wants(node)) push(this.ready, node);
      for (;;) {
        const node = pop(this.ready);
        if (node === void 0) break;
        this.evaluate(node);
      }
      return this.captured;
    } finally {
      active.pop();
      for (let i = this.shadows.length - 1; i >= 0; i--) restore2(this.shadows[i]);
    }
  }
  /** Takes hold of a node's scratch fields; false when this pass already has them. */
  enter(node) {
    if (node.pass === this.id) return false;
    if (active.length > 1 && active.includes(node.pass)) {
      const { pass, pending, need, grad, grads, owned } = node;
      this.shadows.push({ node, pass, pending, need, grad, grads, owned });
    }
    node.pass = this.id;
    node.pending = 0;
    node.need = 0;
    node.grad = null;
    node.grads = null;
    node.owned = false;
    return true;
  }
  /** Notes what is asked for, before the graph is walked. */
  mark(inputs, accumulate2) {
    inputs.forEach((input, at3) => {
      const node = edgeNode(input);
      this.enter(node);
      if (!accumulate2) {
        node.need |= NEED_ARRIVAL;
        const list2 = this.captures.get(node) ?? [];
        list2.push({ outputNr: edgeNr(input), at: at3 });
        this.captures.set(node, list2);
      } else node.need |= node instanceof AccumulateGrad ? NEED_RUN : NEED_ARRIVAL;
    });
  }
  /** Counts the edges into every node that the roots reach. */
  discover(roots) {
    const stack3 = [];
    for (const root of roots) if (this.enter(root)) stack3.push(root);
    for (;;) {
      const node = stack3.pop();
      if (node === void 0) return;
      const next = node.next;
      for (let i = 0; i < next.length; i++) {
        const target = next[i];
        if (target === null) continue;
        if (this.enter(target)) stack3.push(target);
        target.pending++;
      }
    }
  }
  /** The same, and finds the nodes from which something that is asked for can be reached. */
  discoverNeeded(roots) {
    const seen = /* @__PURE__ */ new Set();
    for (const root of roots) {
      if (seen.has(root)) continue;
      seen.add(root);
      this.enter(root);
      const path = [root];
      const at3 = [0];
      while (path.length > 0) {
        const top = path.length - 1;
        const node = path[top];
        if (at3[top] === node.next.length) {
          for (const target2 of node.next) if (target2 !== null && target2.need !== 0) node.need |= NEED_RUN;
          path.pop();
          at3.pop();
          continue;
        }
        const target = node.next[at3[top]++];
        if (target === null) continue;
        this.enter(target);
        target.pending++;
        if (seen.has(target)) continue;
        seen.add(target);
        path.push(target);
        at3.push(0);
      }
    }
  }
  wants(node) {
    return !this.selective || node.need !== 0;
  }
  evaluate(node) {
    let grad = node.grad;
    let grads = node.grads;
    let owned = node.owned;
    node.grad = null;
    node.grads = null;
    const hooks2 = node.hooks;
    if (hooks2 !== null) {
      owned = false;
      if (grads !== null) grads = grads.map((entry2, i) => node.runTensorHooks(entry2, i));
      else if (node.outputs === null) grad = node.runTensorHooks(grad, 0);
    }
    if (this.selective) {
      const captures = this.captures.get(node);
      if (captures !== void 0) {
        owned = false;
        for (const { outputNr, at: at3 } of captures) this.captured[at3] = grads === null ? grad : grads[outputNr];
      }
      if ((node.need & NEED_RUN) === 0) return;
    }
    if (hooks2 !== null && hooks2.pre.length > 0) {
      const replaced = node.runPreHooks(grads ?? [grad]);
      if (grads === null) grad = replaced[0];
      else grads = replaced;
    }
    if (node instanceof AccumulateGrad) {
      if (grad !== null) accumulate(node, grad, owned);
      if (hooks2 !== null) {
        node.runPostHooks([], [grad]);
        for (const { hook } of [...hooks2.accumulated]) hook(node.variable);
      }
      return;
    }
    let out = this.apply(node, grad, grads);
    if (hooks2 !== null && hooks2.post.length > 0) {
      out = node.runPostHooks(out, grads ?? [grad]);
      this.pass(node, out, null, null, false, false);
    } else this.pass(node, out, grad, grads, owned, true);
    if (!this.keepGraph) node.release();
  }
  apply(node, grad, grads) {
    const next = node.next;
    const needs = new Array(next.length);
    for (let i = 0; i < next.length; i++) {
      const target = next[i];
      needs[i] = target !== null && this.wants(target);
    }
    const outer2 = running.node;
    running.node = node;
    try {
      const out = node.apply(grad, grads, needs);
      if (anomaly.enabled && anomaly.checkNan) checkNan(node, out);
      return out;
    } catch (error) {
      if (anomaly.enabled) explain(node, error);
      throw error;
    } finally {
      running.node = outer2;
    }
  }
  /** Sends the gradients of a node's inputs along its edges. */
  pass(node, out, grad, grads, owned, mayOwn) {
    const next = node.next;
    const numbers2 = node.nextNr;
    for (let i = 0; i < next.length; i++) {
      const target = next[i];
      if (target === null || !this.wants(target)) continue;
      const entry2 = out[i];
      if (isTensor(entry2)) {
        const outputNr = numbers2 === null ? 0 : numbers2[i];
        const fitting = fit(node, i, entry2, target, outputNr);
        const own =
          fitting === entry2 ? mayOwn && isOwned(node, out, i, entry2, grad, grads, owned) : fitting.base === null;
        deliver(fitting, target, outputNr, own);
      }
      if (--target.pending === 0) push(this.ready, target);
    }
  }
};
function isOwned(node, out, at3, entry2, grad, grads, owned) {
  if (entry2.base !== null) return false;
  for (let i = 0; i < out.length; i++) {
    const other = out[i];
    if (i !== at3 && isTensor(other) && (other === entry2 || other.base === entry2)) return false;
  }
  if (entry2 === grad) return owned;
  if (grads?.includes(entry2) === true) return false;
  return !node.keeps(entry2);
}
function deliver(grad, target, outputNr, owned) {
  if (target.outputs !== null) {
    target.grads ??= new Array(target.outputs.length).fill(null);
    const before2 = target.grads[outputNr];
    target.grads[outputNr] = before2 === null ? grad : add(before2, grad);
    return;
  }
  const before = target.grad;
  if (before === null) {
    target.grad = grad;
    target.owned = owned;
  } else if (target.owned && !modes.grad) before.add_(grad);
  else {
    target.grad = add(before, grad);
    target.owned = true;
  }
}
function fit(node, edge, grad, target, outputNr) {
  const outputs = target.outputs;
  const shape = outputs === null ? target.shape : outputs[outputNr].shape;
  const dtype = outputs === null ? target.dtype : outputs[outputNr].dtype;
  let out = grad;
  if (out.shape !== shape && !sameShape(out.shape, shape)) {
    const summed = sumTo(out, shape);
    if (summed === null) {
      throw new AutogradError(
        `${node === null ? 'the caller' : `function ${node.name}`} returned an invalid gradient at index ${edge}: got ${formatShape(out.shape)} but expected shape compatible with ${formatShape(shape)}`,
        { op: 'backward', operands: { gradient: out.shape, expected: shape } },
      );
    }
    out = summed;
  }
  if (out.dtype !== dtype) {
    if (!isFloating(out.dtype)) {
      throw new AutogradError(
        `${node === null ? 'the caller' : `function ${node.name}`} returned a gradient of dtype ${out.dtype} at index ${edge}, but expected ${dtype}`,
        { op: 'backward', operands: { gradient: out.dtype, expected: dtype } },
      );
    }
    out = out.to(dtype);
  }
  return out;
}
function accumulate(node, grad, owned) {
  const variable = node.variable;
  const meta = slotOf(variable);
  if (meta === null) return;
  const before = meta.grad;
  if (before === null) {
    if (modes.grad) meta.grad = copyFor(grad, variable);
    else if (!owned || !hasLayoutOf(grad, variable)) meta.grad = copyFor(grad, variable);
    else meta.grad = grad.autograd === null ? grad : grad.detach();
  } else if (modes.grad) meta.grad = add(before, grad);
  else before.add_(grad);
}
function hasLayoutOf(grad, variable) {
  if (isContiguous(variable.shape, variable.strides) || !isDense(variable)) {
    return isContiguous(grad.shape, grad.strides);
  }
  return sameShape(grad.strides, variable.strides);
}
function copyFor(grad, variable) {
  if (isContiguous(variable.shape, variable.strides) || !isDense(variable)) return clone(grad);
  return emptyStrided(variable.shape, variable.strides, grad.dtype).copy_(grad);
}
function isDense(tensor2) {
  const dims = tensor2.shape.map((_, d) => d).filter((d) => tensor2.shape[d] !== 1);
  dims.sort((a, b) => tensor2.strides[a] - tensor2.strides[b]);
  let step = 1;
  for (const d of dims) {
    if (tensor2.strides[d] !== step) return false;
    step *= tensor2.shape[d];
  }
  return true;
}
function restore2({ node, pass, pending, need, grad, grads, owned }) {
  node.pass = pass;
  node.pending = pending;
  node.need = need;
  node.grad = grad;
  node.grads = grads;
  node.owned = owned;
}
function checkNan(node, out) {
  out.forEach((entry2, i) => {
    if (!isTensor(entry2) || !isFloating(entry2.dtype)) return;
    const values = entry2.toTypedArray();
    for (let j = 0; j < values.length; j++) {
      if (Number.isNaN(values[j])) {
        throw new AutogradError(`function ${node.name} returned nan values in its ${i}th output.`, { op: 'backward' });
      }
    }
  });
}
function explain(node, error) {
  if (!(error instanceof TorsorError) || error.message.includes(TRACE_TITLE)) return;
  let text2 = '';
  for (let at3 = node; at3 !== null; at3 = at3.trace?.parent ?? null) {
    const stack3 = at3.trace === null ? '    (made while anomaly mode was off)' : callsOf(at3.trace.stack);
    text2 += `
${text2 === '' ? '' : 'which was itself recorded by the backward of '}${at3.name}, called at:
${stack3}`;
  }
  error.message = `${error.message}
${TRACE_TITLE}:${text2}`;
}
var TRACE_TITLE = 'The forward operation whose backward failed is';
function callsOf(stack3) {
  const lines = stack3.split('\n').filter((line2) => /^\s*at |@/.test(line2));
  const first = lines.findIndex((line2) => !/[/\\](core|autograd)[/\\](src|dist)[/\\](?!.*\.test\.)/.test(line2));
  return lines.slice(Math.max(first, 0)).join('\n');
}
function push(heap2, node) {
  let at3 = heap2.length;
  heap2.push(node);
  while (at3 > 0) {
    const parent = (at3 - 1) >> 1;
    if (heap2[parent].sequence >= node.sequence) break;
    heap2[at3] = heap2[parent];
    at3 = parent;
  }
  heap2[at3] = node;
}
function pop(heap2) {
  const last = heap2.pop();
  if (last === void 0 || heap2.length === 0) return last;
  const top = heap2[0];
  const length = heap2.length;
  let at3 = 0;
  for (;;) {
    let child = 2 * at3 + 1;
    if (child >= length) break;
    if (child + 1 < length && heap2[child + 1].sequence > heap2[child].sequence) child++;
    if (heap2[child].sequence <= last.sequence) break;
    heap2[at3] = heap2[child];
    at3 = child;
  }
  heap2[at3] = last;
  return top;
}
function rootGradients(op2, roots, grads) {
  return roots.map((root, i) => {
    if (!needsGrad(root)) {
      throw new AutogradError(`element ${i} of tensors does not require grad and does not have a grad_fn`, {
        op: op2,
        operands: { shape: root.shape, dtype: root.dtype },
      });
    }
    const grad = grads[i];
    if (grad === null || grad === void 0) {
      if (root.numel() !== 1) {
        throw new AutogradError('grad can be implicitly created only for scalar outputs', {
          op: op2,
          operands: { shape: root.shape },
        });
      }
      return { grad: ones(root.shape, { dtype: root.dtype }), owned: true };
    }
    if (!isTensor(grad)) {
      throw new AutogradError(`gradients can be either tensors or null, but got ${typeof grad}`, { op: op2 });
    }
    if (!sameShape(grad.shape, root.shape)) {
      throw new AutogradError(
        `Mismatch in shape: grad_output[${i}] has a shape of ${formatShape(grad.shape)} and output[${i}] has a shape of ${formatShape(root.shape)}.`,
        { op: op2, operands: { gradient: grad.shape, output: root.shape } },
      );
    }
    return { grad, owned: false };
  });
}
function runBackward(op2, roots, grads, options) {
  const before = modes.grad;
  modes.grad = false;
  try {
    const rootGrads = rootGradients(op2, roots, grads);
    modes.grad = options.createGraph;
    return new Pass(options).run(roots, rootGrads, options);
  } finally {
    modes.grad = before;
  }
}

// packages/autograd/src/slot.ts
function isLeaf(self) {
  return gradFnOf(self) === null;
}
function setRequiresGrad(self, requiresGrad) {
  if (!isLeaf(self)) {
    if (requiresGrad) return;
    throw new AutogradError(
      "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a subgraph that doesn't require differentiation use detach().",
      { op: 'requiresGrad_' },
    );
  }
  if (requiresGrad && !isFloating(self.dtype)) {
    throw new AutogradError(`only Tensors of floating point dtype can require gradients, but got ${self.dtype}`, {
      op: 'requiresGrad_',
      operands: { dtype: self.dtype },
    });
  }
  if (requiresGrad && self.isInference && !modes.inference) {
    throw new AutogradError('setting requiresGrad: true on inference tensor outside inferenceMode is not allowed', {
      op: 'requiresGrad_',
    });
  }
  if (!requiresGrad && self.autograd === null) return;
  metaOf(self).requiresGrad = requiresGrad;
}
function retainsGrad(self) {
  return slotOf(self)?.retainsGrad ?? false;
}
function retainGrad(self) {
  if (!needsGrad(self)) {
    throw new AutogradError("can't retain_grad on Tensor that has requires_grad=False", { op: 'retainGrad' });
  }
  const node = gradFnOf(self);
  const meta = metaOf(self);
  if (node === null || meta.retainsGrad) return;
  meta.retainsGrad = true;
  node.retain(meta, meta.outputNr);
}
function getGrad(self) {
  return slotOf(self)?.grad ?? null;
}
function setGrad(self, grad) {
  if (grad === null || grad === void 0) {
    const meta = slotOf(self);
    if (meta !== null) meta.grad = null;
    return;
  }
  const op2 = 'grad';
  if (!isTensor(grad)) throw new AutogradError(`can be a tensor or null, but got ${typeof grad}`, { op: op2 });
  if (grad === self) throw new AutogradError("can't assign a tensor as its own grad", { op: op2 });
  if (grad.dtype !== self.dtype) {
    throw new AutogradError(`assigned grad has data of a different type, ${grad.dtype} for ${self.dtype}`, {
      op: op2,
      operands: { grad: grad.dtype, self: self.dtype },
    });
  }
  if (!sameShape(grad.shape, self.shape)) {
    throw new AutogradError(
      `assigned grad has data of a different size, ${formatShape(grad.shape)} for ${formatShape(self.shape)}`,
      { op: op2, operands: { grad: grad.shape, self: self.shape } },
    );
  }
  metaOf(self).grad = grad;
}
function registerHook(self, hook) {
  const node = edgeNode(self);
  if (node === null) {
    throw new AutogradError("cannot register a hook on a tensor that doesn't require gradient", { op: 'registerHook' });
  }
  return node.registerTensorHook(edgeNr(self), hook);
}
function detach_(self) {
  if (self.base !== null) {
    throw new AutogradError("can't detach views in-place; use detach() instead", { op: 'detach_' });
  }
  const meta = slotOf(self);
  if (meta === null) return;
  meta.requiresGrad = false;
  meta.setHistory(null, 0);
  meta.retainsGrad = false;
  meta.rewrittenAt = -1;
}

// packages/autograd/src/grad.ts
function tensorsOf(op2, name2, value) {
  const list2 = Array.isArray(value) ? value : [value];
  list2.forEach((entry2, i) => {
    if (isTensor(entry2)) return;
    throw new AutogradError(`${name2} must be a tensor or a list of tensors, but entry ${i} is ${typeof entry2}`, {
      op: op2,
    });
  });
  return list2;
}
function backwardFrom(self, options) {
  const create2 = options.createGraph ?? false;
  backwardInto([self], [options.gradient ?? null], options.retainGraph ?? create2, create2, options.inputs ?? null);
}
function backwardInto(roots, grads, keepGraph, createGraph, into2) {
  const op2 = 'backward';
  const inputs = into2 === null ? null : tensorsOf(op2, 'inputs', into2);
  if (inputs !== null) {
    if (inputs.length === 0) throw new AutogradError("'inputs' argument to backward cannot be empty", { op: op2 });
    for (const input of inputs) {
      checkDifferentiable(op2, input);
      if (gradFnOf(input) !== null) retainGrad(input);
    }
  }
  runBackward(op2, roots, grads, { keepGraph, createGraph, inputs, accumulate: true });
}
function checkDifferentiable(op2, input) {
  if (!needsGrad(input))
    throw new AutogradError('one of the differentiated Tensors does not require grad', { op: op2 });
}

// packages/autograd/src/register.ts
setRecorder({
  record: record2,
  recordInPlace,
  noteUnrecorded: (result) => noteViews(result, CREATED_UNRECORDED),
  requiresGrad: needsGrad,
  setRequiresGrad,
  isLeaf,
  retainsGrad,
  retainGrad,
  gradFn: gradFnOf,
  outputNr: edgeNr,
  grad: getGrad,
  setGrad,
  registerHook,
  backward: backwardFrom,
  detach_,
});

// packages/autograd/src/function.ts
var Saved = class {
  record;
  /** The function's own node, when the tensor is an output of it; else the node that the gradient of the tensor goes to. */
  node;
  outputNr;
  isOutput;
  constructor(tensor2, node, outputNr, isOutput) {
    this.record = new TensorRecord(tensor2).keep(tensor2);
    this.node = node;
    this.outputNr = outputNr;
    this.isOutput = isOutput;
  }
  unpack() {
    const { node, outputNr } = this;
    const tensor2 = this.record.unpack(describe3, this.isOutput ? node : null, outputNr);
    if (!modes.grad || node === null) return tensor2;
    if (this.isOutput ? gradFnOf(tensor2) !== null : edgeNode(tensor2) === node && edgeNr(tensor2) === outputNr)
      return tensor2;
    return reattached(tensor2, node, outputNr);
  }
};
var STATE = /* @__PURE__ */ Symbol('state');
var Context2 = class {
  /** For each argument of `forward` after `ctx`: whether its gradient is wanted. */
  needsInputGrad = [];
  /** @internal */
  [STATE] = {
    toSave: [],
    saved: [],
    dirty: /* @__PURE__ */ new Set(),
    nonDifferentiable: /* @__PURE__ */ new Set(),
    materializeGrads: true,
  };
  /**
   * Keeps tensors for `backward`, guarded by their version: it throws if one is written to in place in between. Inputs and
   * outputs should be kept this way, not as fields.
   */
  saveForBackward(...tensors) {
    for (const tensor2 of tensors) {
      if (tensor2 === null || isTensor(tensor2)) continue;
      throw new AutogradError(
        `can only save tensors and nulls, but got ${typeof tensor2}; set fields of ctx for the rest`,
        {
          op: 'saveForBackward',
        },
      );
    }
    this[STATE].toSave = tensors;
  }
  /**
   * What `saveForBackward` kept.
   *
   * @throws AutogradError when it has been freed, or written to since
   */
  get savedTensors() {
    return this[STATE].saved.map((entry2) => (entry2 === null ? null : entry2.unpack()));
  }
  /** Declares inputs that `forward` wrote to in place; it must return them. */
  markDirty(...tensors) {
    for (const tensor2 of tensors) this[STATE].dirty.add(tensor2);
  }
  /** Declares outputs that carry no gradient. Those of integer or bool dtype never do. */
  markNonDifferentiable(...tensors) {
    for (const tensor2 of tensors) this[STATE].nonDifferentiable.add(tensor2);
  }
  /** Whether `backward` is given zeros (the default) or null for outputs to which nothing flows back. */
  setMaterializeGrads(value) {
    this[STATE].materializeGrads = value;
  }
};
var FunctionNode = class extends Node {
  name;
  backward;
  ctx;
  /** For each argument of `forward`: its edge; -1 for what is no tensor. */
  edges;
  constructor(cls, ctx, args) {
    super();
    this.name = `${cls.name}Backward`;
    this.backward = (context, ...gradOutputs) => cls.backward(context, ...gradOutputs);
    this.ctx = ctx;
    const next = [];
    const numbers2 = [];
    this.edges = args.map((arg) => {
      if (!isTensor(arg)) return -1;
      next.push(needsGrad(arg) ? edgeNode(arg) : null);
      numbers2.push(edgeNr(arg));
      return next.length - 1;
    });
    this.next = next;
    this.nextNr = numbers2;
  }
  /** The edge of an argument. */
  edgeOf(at3) {
    return this.edges[at3];
  }
  apply(grad, grads, needs) {
    const { ctx, edges } = this;
    ctx.needsInputGrad = edges.map((edge) => edge >= 0 && needs[edge]);
    const metas = this.outputs ?? [{ shape: this.shape, dtype: this.dtype, ndim: this.shape.length }];
    const given = metas.map((meta, i) => {
      const entry2 = this.outputs === null ? grad : (grads?.[i] ?? null);
      if (entry2 !== null || !ctx[STATE].materializeGrads) return entry2;
      return zeros(meta.shape, { dtype: meta.dtype });
    });
    return this.byEdge(this.backward(ctx, ...given));
  }
  /** Gradients by argument, checked, as gradients by edge. */
  byEdge(result) {
    const list2 = Array.isArray(result) ? result : [result];
    const count2 = this.edges.length;
    const surplus = list2.slice(count2).some((entry2) => entry2 !== null && entry2 !== void 0);
    if (list2.length < count2 || surplus) {
      throw new AutogradError(
        `function ${this.name} returned an incorrect number of gradients (expected ${count2}, got ${list2.length})`,
        { op: 'backward' },
      );
    }
    const out = new Array(this.next.length).fill(null);
    for (let i = 0; i < count2; i++) {
      const entry2 = list2[i];
      if (entry2 === null || entry2 === void 0) continue;
      if (!isTensor(entry2)) {
        throw new AutogradError(
          `function ${this.name} returned ${typeof entry2} as gradient ${i}; it must be a tensor or null`,
          { op: 'backward' },
        );
      }
      if (this.edges[i] < 0) {
        throw new AutogradError(
          `function ${this.name} returned a gradient different than null at position ${i + 1}, but the corresponding forward input was not a tensor`,
          { op: 'backward' },
        );
      }
      out[this.edges[i]] = entry2;
    }
    return out;
  }
  /** A user's backward may have put its gradients anywhere. */
  keeps() {
    return true;
  }
  release() {
    for (const entry2 of this.ctx[STATE].saved) entry2?.record.release();
  }
};
var AutogradFunction = class {
  /** Runs `forward` on the arguments and records the function if one of them needs a gradient. */
  static apply(...args) {
    if (typeof this.forward !== 'function' || typeof this.backward !== 'function') {
      throw new NotImplementedError(`you must implement static forward and backward of ${this.name}`, {
        op: this.name,
      });
    }
    const ctx = new Context2();
    ctx.needsInputGrad = args.map((arg) => isTensor(arg) && needsGrad(arg));
    const recording = modes.grad && !modes.inference && ctx.needsInputGrad.includes(true);
    const node = recording ? new FunctionNode(this, ctx, args) : null;
    const result = noGrad(() => this.forward(ctx, ...args));
    const outputs = Array.isArray(result) ? result : [result];
    if (node !== null) describeOutputs(node, outputs, Array.isArray(result));
    const wrapped = outputs.map((output, i) =>
      isTensor(output) ? wrap(output, i, args, outputs, ctx[STATE], node) : output,
    );
    if (node !== null) save(ctx[STATE], wrapped, node);
    return Array.isArray(result) ? wrapped : wrapped[0];
  }
};
function describeOutputs(node, outputs, several) {
  const metas = outputs.map((output) => {
    if (!isTensor(output)) return { shape: [], dtype: 'float32', ndim: 0 };
    return { shape: output.shape, dtype: output.dtype, ndim: output.ndim };
  });
  if (several) {
    node.outputs = metas;
    return;
  }
  node.shape = metas[0].shape;
  node.dtype = metas[0].dtype;
}
function wrap(output, outputNr, args, outputs, state, node) {
  const at3 = args.indexOf(output);
  const isInput = at3 >= 0;
  const isDirty = isInput && state.dirty.has(output);
  if (node === null) return isInput && !isDirty ? noGrad(() => alias(output)) : output;
  if (!isFloating(output.dtype) || state.nonDifferentiable.has(output)) {
    return needsGrad(output) ? output.detach() : output;
  }
  if (isDirty) {
    checkDirty(output, outputs);
    rebase(output, node, node.edgeOf(at3));
    const meta = slotOf(output);
    if (output.base === null && meta !== null) meta.outputNr = outputNr;
    return output;
  }
  const own = isInput || needsGrad(output) ? noGrad(() => alias(output)) : output;
  const differentiable = outputs.filter(
    (entry2) => isTensor(entry2) && isFloating(entry2.dtype) && !state.nonDifferentiable.has(entry2),
  );
  const viewKind = differentiable.length > 1 ? CREATED_WITH_OTHERS : CREATED_IN_FUNCTION;
  setHistory(own, node, outputNr, own.base === null ? CREATED_PLAIN : viewKind);
  return own;
}
function checkDirty(output, outputs) {
  const meta = slotOf(output);
  if (meta?.isTrackedLeaf === true) {
    throw new AutogradError('a leaf Variable that requires grad has been used in an in-place operation.', {
      op: 'markDirty',
    });
  }
  if (output.base === null) return;
  if (outputs.length > 1) {
    throw new AutogradError(
      'a Function that modifies in place an input that is a view of another tensor cannot return more than one tensor',
      { op: 'markDirty' },
    );
  }
  checkWrite(output, 1);
}
function save(state, outputs, node) {
  state.saved = state.toSave.map((tensor2) => {
    if (tensor2 === null) return null;
    const outputNr = outputs.indexOf(tensor2);
    if (outputNr >= 0) return new Saved(tensor2, node, outputNr, true);
    return new Saved(tensor2, edgeNode(tensor2), edgeNr(tensor2), false);
  });
  state.toSave = [];
}

// packages/nn/src/index.ts
var src_exports = {};
__export(src_exports, {
  AdaptiveAvgPool1d: () => AdaptiveAvgPool1d,
  AdaptiveAvgPool2d: () => AdaptiveAvgPool2d,
  AdaptiveMaxPool1d: () => AdaptiveMaxPool1d,
  AdaptiveMaxPool2d: () => AdaptiveMaxPool2d,
  AlphaDropout: () => AlphaDropout,
  AvgPool1d: () => AvgPool1d,
  AvgPool2d: () => AvgPool2d,
  BCELoss: () => BCELoss,
  BCEWithLogitsLoss: () => BCEWithLogitsLoss,
  BatchNorm1d: () => BatchNorm1d,
  BatchNorm2d: () => BatchNorm2d,
  Bilinear: () => Bilinear,
  Buffer: () => Buffer2,
  CELU: () => CELU,
  CircularPad1d: () => CircularPad1d,
  CircularPad2d: () => CircularPad2d,
  ConstantPad1d: () => ConstantPad1d,
  ConstantPad2d: () => ConstantPad2d,
  Conv1d: () => Conv1d,
  Conv2d: () => Conv2d,
  ConvNd: () => ConvNd,
  ConvTranspose1d: () => ConvTranspose1d,
  ConvTranspose2d: () => ConvTranspose2d,
  CrossEntropyLoss: () => CrossEntropyLoss,
  Dropout: () => Dropout,
  Dropout1d: () => Dropout1d,
  Dropout2d: () => Dropout2d,
  ELU: () => ELU,
  Embedding: () => Embedding,
  FeatureAlphaDropout: () => FeatureAlphaDropout,
  Flatten: () => Flatten,
  GELU: () => GELU,
  GLU: () => GLU,
  GroupNorm: () => GroupNorm,
  Hardshrink: () => Hardshrink,
  Hardsigmoid: () => Hardsigmoid,
  Hardswish: () => Hardswish,
  Hardtanh: () => Hardtanh,
  HuberLoss: () => HuberLoss,
  Identity: () => Identity,
  InstanceNorm1d: () => InstanceNorm1d,
  InstanceNorm2d: () => InstanceNorm2d,
  KLDivLoss: () => KLDivLoss,
  L1Loss: () => L1Loss,
  LayerNorm: () => LayerNorm,
  LeakyReLU: () => LeakyReLU,
  Linear: () => Linear,
  LogSigmoid: () => LogSigmoid,
  LogSoftmax: () => LogSoftmax,
  MSELoss: () => MSELoss,
  MaxPool1d: () => MaxPool1d,
  MaxPool2d: () => MaxPool2d,
  Mish: () => Mish,
  Module: () => Module,
  ModuleDict: () => ModuleDict,
  ModuleList: () => ModuleList,
  NLLLoss: () => NLLLoss,
  PReLU: () => PReLU,
  Parameter: () => Parameter,
  ParameterDict: () => ParameterDict,
  ParameterList: () => ParameterList,
  ReLU: () => ReLU,
  ReLU6: () => ReLU6,
  ReflectionPad1d: () => ReflectionPad1d,
  ReflectionPad2d: () => ReflectionPad2d,
  ReplicationPad1d: () => ReplicationPad1d,
  ReplicationPad2d: () => ReplicationPad2d,
  SELU: () => SELU,
  Sequential: () => Sequential,
  SiLU: () => SiLU,
  Sigmoid: () => Sigmoid,
  SmoothL1Loss: () => SmoothL1Loss,
  Softmax: () => Softmax,
  Softmin: () => Softmin,
  Softplus: () => Softplus,
  Softshrink: () => Softshrink,
  Softsign: () => Softsign,
  Tanh: () => Tanh,
  Tanhshrink: () => Tanhshrink,
  Threshold: () => Threshold,
  Unflatten: () => Unflatten,
  ZeroPad1d: () => ZeroPad1d,
  ZeroPad2d: () => ZeroPad2d,
  functional: () => functional_exports,
  init: () => init_exports,
  isModule: () => isModule2,
  utils: () => utils_exports,
});

// packages/nn/src/functional.ts
var functional_exports = {};
__export(functional_exports, {
  adaptiveAvgPool1d: () => adaptiveAvgPool1d,
  adaptiveAvgPool2d: () => adaptiveAvgPool2d,
  adaptiveMaxPool1d: () => adaptiveMaxPool1d,
  adaptiveMaxPool2d: () => adaptiveMaxPool2d,
  alphaDropout: () => alphaDropout,
  avgPool1d: () => avgPool1d,
  avgPool2d: () => avgPool2d,
  batchNorm: () => batchNorm,
  bilinear: () => bilinear,
  binaryCrossEntropy: () => binaryCrossEntropy,
  binaryCrossEntropyWithLogits: () => binaryCrossEntropyWithLogits,
  celu: () => celu2,
  celu_: () => celu_,
  checkProbability: () => checkProbability,
  conv1d: () => conv1d,
  conv2d: () => conv2d,
  convTranspose1d: () => convTranspose1d,
  convTranspose2d: () => convTranspose2d,
  cosineSimilarity: () => cosineSimilarity,
  crossEntropy: () => crossEntropy,
  dropout: () => dropout,
  dropout1d: () => dropout1d,
  dropout2d: () => dropout2d,
  elu: () => elu2,
  elu_: () => elu_,
  embedding: () => embedding2,
  featureAlphaDropout: () => featureAlphaDropout,
  gelu: () => gelu,
  glu: () => glu,
  groupNorm: () => groupNorm,
  hardshrink: () => hardshrink,
  hardsigmoid: () => hardsigmoid2,
  hardswish: () => hardswish2,
  hardtanh: () => hardtanh2,
  huberLoss: () => huberLoss,
  instanceNorm: () => instanceNorm,
  klDiv: () => klDiv,
  l1Loss: () => l1Loss,
  layerNorm: () => layerNorm,
  leakyRelu: () => leakyRelu2,
  leakyRelu_: () => leakyRelu_,
  linear: () => linear,
  logSigmoid: () => logSigmoid,
  logSoftmax: () => logSoftmax3,
  logsigmoid: () => logSigmoid,
  maxPool1d: () => maxPool1d,
  maxPool2d: () => maxPool2d,
  mish: () => mish2,
  mseLoss: () => mseLoss,
  nllLoss: () => nllLoss,
  normalize: () => normalize,
  oneHot: () => oneHot,
  pad: () => pad,
  pairwiseDistance: () => pairwiseDistance,
  prelu: () => prelu,
  relu: () => relu2,
  relu6: () => relu62,
  relu_: () => relu_,
  selu: () => selu2,
  selu_: () => selu_,
  sigmoid: () => sigmoid3,
  silu: () => silu2,
  smoothL1Loss: () => smoothL1Loss,
  softmax: () => softmax3,
  softmin: () => softmin2,
  softplus: () => softplus,
  softshrink: () => softshrink,
  softsign: () => softsign,
  tanh: () => tanh2,
  tanhshrink: () => tanhshrink,
  threshold: () => threshold2,
});

// packages/nn/src/arguments.ts
function required(op2, name2, value) {
  if (value === void 0) throw new ValueError(`missing argument '${name2}'`, { op: op2 });
  return value;
}
function integer2(op2, name2, value, least = 0) {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
  throw new ValueError(`${name2} must be an integer of at least ${least}, but got ${show(value)}`, {
    op: op2,
    operands: { [name2]: value },
  });
}
function numeric(op2, name2, value) {
  if (typeof value === 'number') return value;
  throw new ValueError(`${name2} must be a number, but got ${show(value)}`, {
    op: op2,
    operands: { [name2]: value },
  });
}
function flag2(op2, name2, value) {
  if (typeof value === 'boolean') return value;
  throw new ValueError(`${name2} must be true or false, but got ${show(value)}`, {
    op: op2,
    operands: { [name2]: value },
  });
}
function tensorArgument(op2, name2, value) {
  if (value instanceof Tensor) return value;
  throw new ValueError(`${name2} must be a tensor, but got ${value === null ? 'null' : typeof value}`, {
    op: op2,
    operands: { [name2]: value },
  });
}
function warn(op2, message) {
  console.warn(`torsor: ${op2}: ${message}`);
}

// packages/nn/src/functional.ts
function overwrite(input, compute) {
  return input.copy_(compute(input.requiresGrad ? input.clone() : input));
}
function pointwise(op2, compute) {
  return (input, inplace) => {
    if (inplace === void 0) return compute(input);
    const [write3 = false] = named(op2, ['inplace'], [inplace]);
    return flag2(op2, 'inplace', write3) ? overwrite(input, compute) : compute(input);
  };
}
var relu2 = (input, inplace) => {
  if (inplace === void 0 || inplace === false) return relu(input);
  const [write3 = false] = named('relu', ['inplace'], [inplace]);
  return flag2('relu', 'inplace', write3) ? input.relu_() : relu(input);
};
function relu_(input) {
  return input.relu_();
}
var relu62 = pointwise('relu6', relu6);
var silu2 = pointwise('silu', silu);
var mish2 = pointwise('mish', mish);
var hardswish2 = pointwise('hardswish', hardswish);
var hardsigmoid2 = pointwise('hardsigmoid', hardsigmoid);
var selu2 = pointwise('selu', selu);
function parametric2(op2, name2, fallback, compute) {
  return (input, parameter, inplace) => {
    const [value = fallback, write3 = false] = named(op2, [name2, 'inplace'], [parameter, inplace]);
    const p = numeric(op2, name2, value);
    return flag2(op2, 'inplace', write3) ? overwrite(input, (x) => compute(x, p)) : compute(input, p);
  };
}
var elu2 = /* @__PURE__ */ parametric2('elu', 'alpha', 1, elu);
var celu2 = /* @__PURE__ */ parametric2('celu', 'alpha', 1, celu);
var leakyRelu2 = /* @__PURE__ */ parametric2('leakyRelu', 'negativeSlope', 0.01, leakyRelu);
function hardtanh2(input, minVal, maxVal, inplace) {
  const op2 = 'hardtanh';
  const [min2 = -1, max2 = 1, write3 = false] = named(op2, ['minVal', 'maxVal', 'inplace'], [minVal, maxVal, inplace]);
  const compute = (x) => hardtanh(x, min2, max2);
  return flag2(op2, 'inplace', write3) ? overwrite(input, compute) : compute(input);
}
function threshold2(input, threshold3, value, inplace) {
  const op2 = 'threshold';
  const [t2, v, write3 = false] = named(op2, ['threshold', 'value', 'inplace'], [threshold3, value, inplace]);
  const bound2 = numeric(op2, 'threshold', required(op2, 'threshold', t2));
  const other = numeric(op2, 'value', required(op2, 'value', v));
  const compute = (x) => threshold(x, bound2, other);
  return flag2(op2, 'inplace', write3) ? overwrite(input, compute) : compute(input);
}
function elu_(input, alpha) {
  const [value = 1] = named('elu_', ['alpha'], [alpha]);
  return elu2(input, value, true);
}
function celu_(input, alpha) {
  const [value = 1] = named('celu_', ['alpha'], [alpha]);
  return celu2(input, value, true);
}
function selu_(input) {
  return selu2(input, true);
}
function leakyRelu_(input, negativeSlope) {
  const [value = 0.01] = named('leakyRelu_', ['negativeSlope'], [negativeSlope]);
  return leakyRelu2(input, value, true);
}
function prelu(input, weight) {
  const op2 = 'prelu';
  tensorArgument(op2, 'weight', weight);
  const operands = { input: input.shape, weight: weight.shape };
  if (weight.ndim > 1) {
    throw new ShapeError(`Expected weight to be a scalar or 1D tensor, but got shape ${formatShape(weight.shape)}`, {
      op: op2,
      operands,
    });
  }
  const slopes = weight.numel();
  let factor = weight;
  if (slopes !== 1) {
    const channels = input.ndim < 2 ? 1 : input.shape[1];
    if (channels !== slopes) {
      throw new ShapeError(
        `Mismatch of parameter numbers and input channel size. Found parameter numbers = ${slopes} and channel size = ${channels}`,
        { op: op2, operands },
      );
    }
    factor = weight.view([slopes, ...new Array(input.ndim - 2).fill(1)]);
  } else if (input.ndim === 0) factor = weight.view([]);
  return add(relu(input), mul(clamp(input, null, 0), factor));
}
function glu(input, dim = -1) {
  const [d = -1] = named('glu', ['dim'], [dim]);
  const size = input.size(d);
  if (size % 2 !== 0) {
    throw new ShapeError(`Halving dimension must be even, but dimension ${d} is size ${size}`, {
      op: 'glu',
      operands: { input: input.shape, dim: d },
    });
  }
  const half = size / 2;
  return mul(input.narrow(d, 0, half), sigmoid3(input.narrow(d, half, half)));
}
function implicitDim(op2, input) {
  warn(
    op2,
    'Implicit dimension choice for softmax has been deprecated. Change the call to include dim=X as an argument.',
  );
  return input.ndim === 0 || input.ndim === 1 || input.ndim === 3 ? 0 : 1;
}
function softmaxOf(op2, compute) {
  return (input, dim, dtype) => {
    const [d = null, to2 = null] = named(op2, ['dim', 'dtype'], [dim, dtype]);
    return compute(input, d ?? implicitDim(op2, input), { dtype: to2 });
  };
}
var softmax3 = /* @__PURE__ */ softmaxOf('softmax', softmax2);
var logSoftmax3 = /* @__PURE__ */ softmaxOf('logSoftmax', logSoftmax2);
var softmin2 = /* @__PURE__ */ softmaxOf('softmin', softmin);
var SELU_LIMIT = 1.7580993408473766;
function bernoulliNoise(op2, input, p, perChannel4) {
  if (perChannel4 && input.ndim < 2) {
    throw new ShapeError(
      `Feature dropout requires at least 2 dimensions in the input, but got ${formatShape(input.shape)}`,
      {
        op: op2,
        operands: { input: input.shape },
      },
    );
  }
  const noise = perChannel4
    ? zeros(
        input.shape.map((size, d) => (d < 2 ? size : 1)),
        { dtype: input.dtype },
      )
    : emptyLike(input);
  return noise.bernoulli_(1 - p);
}
function drop(op2, input, p, write3, perChannel4, alpha) {
  const scaled3 = (factor) => (write3 ? input.mul_(factor) : mul(input, factor));
  if (p === 0 || input.numel() === 0) return input;
  if (p === 1) return scaled3(zeros([], { dtype: input.dtype }));
  const noise = bernoulliNoise(op2, input, p, perChannel4);
  if (!alpha) return scaled3(noise.div_(1 - p));
  const a = 1 / Math.sqrt((SELU_LIMIT * SELU_LIMIT * p + 1) * (1 - p));
  const shift = sub(noise, 1)
    .mul_(SELU_LIMIT * a)
    .add_(SELU_LIMIT * a * p);
  return scaled3(noise.mul_(a)).add_(shift);
}
function dropoutOf(op2, trains, perChannel4, alpha) {
  return (input, p, training, inplace) => {
    const [probability = 0.5, active2 = trains, write3 = false] = named(
      op2,
      ['p', 'training', 'inplace'],
      [p, training, inplace],
    );
    tensorArgument(op2, 'input', input);
    checkProbability(op2, probability);
    if (!input.isFloatingPoint() && active2) {
      throw new DTypeError(
        `is only defined for floating dtypes, but got ${input.dtype}; cast with .to('float32') first`,
        {
          op: op2,
          operands: { dtype: input.dtype },
        },
      );
    }
    if (!flag2(op2, 'training', active2)) return input;
    return drop(op2, input, probability, flag2(op2, 'inplace', write3), perChannel4, alpha);
  };
}
function checkProbability(op2, p) {
  if (typeof p === 'number' && p >= 0 && p <= 1) return p;
  throw new ValueError(`dropout probability has to be between 0 and 1, but got ${String(p)}`, {
    op: op2,
    operands: { p },
  });
}
var dropout = /* @__PURE__ */ dropoutOf('dropout', true, false, false);
var channelDropout = /* @__PURE__ */ dropoutOf('featureDropout', true, true, false);
var dropout1d = (input, p, training, inplace) => {
  const op2 = 'dropout1d';
  if (input.ndim !== 2 && input.ndim !== 3) {
    throw new ShapeError(
      `Expected 2D or 3D input, but received a ${input.ndim}D input; for inputs without channels use dropout`,
      { op: op2, operands: { input: input.shape } },
    );
  }
  if (input.ndim === 3) return channelDropout(input, p, training, inplace);
  const [probability = 0.5, active2 = true, write3 = false] = named(
    op2,
    ['p', 'training', 'inplace'],
    [p, training, inplace],
  );
  const batch = input.unsqueeze(0);
  const out = channelDropout(batch, probability, active2, write3);
  return out === batch ? input : out.squeeze(0);
};
var dropout2d = (input, p, training, inplace) => {
  const op2 = 'dropout2d';
  if (input.ndim !== 3 && input.ndim !== 4) {
    warn(op2, `Received a ${input.ndim}-D input, which is deprecated; for inputs without channels use dropout`);
  } else if (input.ndim === 3) {
    warn(op2, 'Received a 3-D input, which is taken for [N, C, L]; for an unbatched image add a batch dimension');
  }
  return channelDropout(input, p, training, inplace);
};
var alphaDropout = /* @__PURE__ */ dropoutOf('alphaDropout', false, false, true);
var featureAlphaDropout = /* @__PURE__ */ dropoutOf('featureAlphaDropout', false, true, true);
function normaliseRows(x, rows2, eps) {
  const length = rows2 === 0 ? 1 : x.numel() / rows2;
  const flat2 = x.reshape([1, rows2, length]);
  const out = length === 1 ? sub(flat2, flat2) : batchNorm(flat2, { training: true, eps });
  return out.reshape(x.shape);
}
function layerNorm(input, normalizedShape, weight, bias, eps) {
  const op2 = 'layerNorm';
  const [shape, w = null, b = null, e = 1e-5] = named(
    op2,
    ['normalizedShape', 'weight', 'bias', 'eps'],
    [normalizedShape, weight, bias, eps],
  );
  const tail = required(op2, 'normalizedShape', shape);
  tensorArgument(op2, 'input', input);
  checkFloat(op2, input);
  const lead = input.ndim - tail.length;
  if (tail.length < 1 || lead < 0 || !sameShape(input.shape.slice(lead), tail)) {
    throw new ShapeError(
      `Given normalizedShape=${formatShape(tail)}, expected input with shape [*, ${tail.join(', ')}], but got input of size ` +
        formatShape(input.shape),
      { op: op2, operands: { input: input.shape, normalizedShape: tail } },
    );
  }
  for (const [name2, x] of Object.entries({ weight: w, bias: b })) {
    if (x === null || sameShape(x.shape, tail)) continue;
    throw new ShapeError(`Expected ${name2} to be of same shape as normalizedShape, but got ${formatShape(x.shape)}`, {
      op: op2,
      operands: { [name2]: x.shape, normalizedShape: tail },
    });
  }
  return affine(normaliseRows(input, sizeOf(input.shape.slice(0, lead)), e), w, b);
}
function affine(x, weight, bias) {
  const scaled3 = weight === null ? x : mul(x, weight);
  return bias === null ? scaled3 : add(scaled3, bias);
}
function checkFloat(op2, input) {
  if (input.isFloatingPoint()) return;
  throw new DTypeError(`is only defined for floating dtypes, but got ${input.dtype}; cast with .to('float32') first`, {
    op: op2,
    operands: { dtype: input.dtype },
  });
}
function perChannel3(op2, name2, x, input) {
  if (x === null) return null;
  if (x.ndim !== 1 || x.shape[0] !== input.shape[1]) {
    throw new ShapeError(
      `Expected ${name2} to be a vector of size equal to the number of channels in input, but got ${name2} of shape ${formatShape(x.shape)} and input of shape ${formatShape(input.shape)}`,
      { op: op2, operands: { [name2]: x.shape, input: input.shape } },
    );
  }
  return x.view([x.shape[0], ...new Array(input.ndim - 2).fill(1)]);
}
function groupNorm(input, numGroups, weight, bias, eps) {
  const op2 = 'groupNorm';
  const [g, w = null, b = null, e = 1e-5] = named(
    op2,
    ['numGroups', 'weight', 'bias', 'eps'],
    [numGroups, weight, bias, eps],
  );
  const groups = integer2(op2, 'numGroups', required(op2, 'numGroups', g), 1);
  tensorArgument(op2, 'input', input);
  checkFloat(op2, input);
  if (input.ndim < 2) {
    throw new ShapeError(`Expected at least 2 dimensions for input tensor but received ${input.ndim}`, {
      op: op2,
      operands: { input: input.shape },
    });
  }
  const [n, channels] = input.shape;
  if (channels % groups !== 0) {
    throw new ShapeError(
      `Expected number of channels in input to be divisible by numGroups, but got input of shape ${formatShape(input.shape)} and numGroups=${groups}`,
      { op: op2, operands: { input: input.shape, numGroups: groups } },
    );
  }
  const scale2 = perChannel3(op2, 'weight', w, input);
  const shift = perChannel3(op2, 'bias', b, input);
  return affine(normaliseRows(input, n * groups, e), scale2, shift);
}
function instanceNorm(input, runningMean, runningVar, weight, bias, useInputStats, momentum, eps) {
  const op2 = 'instanceNorm';
  const [mean2 = null, variance3 = null, w = null, b = null, fromInput = true, m = 0.1, e = 1e-5] = named(
    op2,
    ['runningMean', 'runningVar', 'weight', 'bias', 'useInputStats', 'momentum', 'eps'],
    [runningMean, runningVar, weight, bias, useInputStats, momentum, eps],
  );
  tensorArgument(op2, 'input', input);
  checkFloat(op2, input);
  if (input.ndim < 3) {
    throw new ShapeError(
      `Expected an input [N, C, \u2026] of at least 3 dimensions, but got ${formatShape(input.shape)}`,
      {
        op: op2,
        operands: { input: input.shape },
      },
    );
  }
  if (flag2(op2, 'useInputStats', fromInput) && sizeOf(input.shape.slice(2)) === 1) {
    throw new ShapeError(
      `Expected more than 1 spatial element when training, got input size ${formatShape(input.shape)}`,
      { op: op2, operands: { input: input.shape } },
    );
  }
  const scale2 = perChannel3(op2, 'weight', w, input);
  const shift = perChannel3(op2, 'bias', b, input);
  const [n, channels] = input.shape;
  const repeated = (x) =>
    x === null
      ? null
      : x
          .detach()
          .expand([n, channels])
          .reshape([n * channels])
          .clone();
  const means = repeated(mean2);
  const variances = repeated(variance3);
  const out = batchNorm(input.reshape([1, n * channels, ...input.shape.slice(2)]), {
    runningMean: means,
    runningVar: variances,
    training: fromInput,
    momentum: m,
    eps: e,
  });
  if (fromInput) {
    noGrad(() => {
      if (mean2 !== null && means !== null) mean2.copy_(means.view([n, channels]).mean(0));
      if (variance3 !== null && variances !== null) variance3.copy_(variances.view([n, channels]).mean(0));
    });
  }
  return affine(out.reshape(input.shape), scale2, shift);
}
function normalize(input, p, dim, eps) {
  const [order = 2, d = 1, e = 1e-12] = named('normalize', ['p', 'dim', 'eps'], [p, dim, eps]);
  return div(input, clamp(norm2(input, order, d, true), e));
}
function cosineSimilarity(x1, x2, dim, eps) {
  const [d = 1, e = 1e-8] = named('cosineSimilarity', ['dim', 'eps'], [dim, eps]);
  const unit = (x) => div(x, clamp(norm2(x, 2, d, true), e));
  const like2 = add(x1.detach(), x2.detach());
  return mul(unit(x1.expandAs(like2)), unit(x2.expandAs(like2))).sum(d);
}
function pairwiseDistance(x1, x2, p, eps, keepdim) {
  const [order = 2, e = 1e-6, keep2 = false] = named('pairwiseDistance', ['p', 'eps', 'keepdim'], [p, eps, keepdim]);
  return norm2(add(sub(x1, x2), e), order, -1, keep2);
}
var ScaleGradient = class extends AutogradFunction {
  static forward(ctx, x, factor) {
    ctx.factor = factor;
    return x.view(x.shape);
  }
  static backward(ctx, grad) {
    return [mul(grad, ctx.factor), null];
  }
};
function inverseFrequency(indices, rows2, dtype) {
  const flat2 = indices.toTypedArray();
  const counts = new Float64Array(rows2);
  for (let i = 0; i < flat2.length; i++) counts[Number(flat2[i])]++;
  return tensor(Float64Array.from(flat2, (row) => 1 / counts[Number(row)])).to(dtype);
}
function renormalise(weight, indices, maxNorm, normType) {
  const rows2 = new Set(Array.from(indices.toTypedArray(), Number));
  noGrad(() => {
    for (const row of rows2) {
      const at3 = weight.select(0, row);
      const length = norm2(at3, normType).item();
      if (length > maxNorm) at3.mul_(maxNorm / (length + 1e-7));
    }
  });
}
function embedding2(input, weight, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse) {
  const op2 = 'embedding';
  const [padding = null, most = null, order = 2, scales = false, isSparse = false] = named(
    op2,
    ['paddingIdx', 'maxNorm', 'normType', 'scaleGradByFreq', 'sparse'],
    [paddingIdx, maxNorm, normType, scaleGradByFreq, sparse],
  );
  if (isSparse) throw new NotImplementedError('has no sparse gradients; leave sparse out', { op: op2 });
  tensorArgument(op2, 'input', input);
  tensorArgument(op2, 'weight', weight);
  if (most !== null) {
    noGrad(() => embedding(weight, input, padding));
    renormalise(weight, input, most, order);
  }
  const out = embedding(weight, input, padding);
  if (!scales || !out.requiresGrad) return out;
  const factor = inverseFrequency(input, weight.shape[0], weight.dtype).view([...input.shape, 1]);
  return ScaleGradient.apply(out, factor);
}
function bilinear(input1, input2, weight, bias = null) {
  const op2 = 'bilinear';
  const [out, in1, in2] = weight.shape;
  const lead = input1.shape.slice(0, -1);
  const fits =
    weight.ndim === 3 &&
    input1.shape.at(-1) === in1 &&
    input2.shape.at(-1) === in2 &&
    sameShape(lead, input2.shape.slice(0, -1));
  if (!fits) {
    throw new ShapeError(
      `input1 and input2 must agree in all but their last dimensions, which must be those of the weight, but got ${formatShape(input1.shape)}, ${formatShape(input2.shape)} and ${formatShape(weight.shape)}`,
      { op: op2, operands: { input1: input1.shape, input2: input2.shape, weight: weight.shape } },
    );
  }
  const rows2 = sizeOf(lead);
  const left = input1.reshape([rows2, in1]).mm(weight.permute(1, 0, 2).reshape([in1, out * in2]));
  const product = left
    .view([rows2, out, in2])
    .mul(input2.reshape([rows2, 1, in2]))
    .sum(-1)
    .reshape([...lead, out]);
  return bias === null ? product : add(product, bias);
}

// packages/nn/src/init.ts
var init_exports = {};
__export(init_exports, {
  calculateFanInAndFanOut: () => calculateFanInAndFanOut,
  calculateGain: () => calculateGain,
  constant_: () => constant_,
  dirac_: () => dirac_,
  eye_: () => eye_,
  kaimingNormal_: () => kaimingNormal_,
  kaimingUniform_: () => kaimingUniform_,
  normal_: () => normal_2,
  ones_: () => ones_,
  orthogonal_: () => orthogonal_,
  sparse_: () => sparse_,
  truncNormal_: () => truncNormal_,
  uniform_: () => uniform_2,
  xavierNormal_: () => xavierNormal_,
  xavierUniform_: () => xavierUniform_,
  zeros_: () => zeros_,
});

// packages/nn/src/qr.ts
function orthonormalColumns(a, m, n) {
  const signs = new Float64Array(n);
  const scales = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    let norm4 = 0;
    for (let i = k; i < m; i++) norm4 = Math.hypot(norm4, a[i * n + k]);
    const diagonal2 = a[k * n + k];
    signs[k] = diagonal2 > 0 ? -1 : 1;
    if (norm4 === 0) continue;
    const head = diagonal2 > 0 ? diagonal2 + norm4 : diagonal2 - norm4;
    scales[k] = 1 / (norm4 * Math.abs(head));
    a[k * n + k] = head;
    for (let j = k + 1; j < n; j++) reflect(a, a, k, j, m, n, scales[k]);
  }
  const q = new Float64Array(m * n);
  for (let k = 0; k < n; k++) q[k * n + k] = 1;
  for (let k = n - 1; k >= 0; k--) {
    if (scales[k] === 0) continue;
    for (let j = k; j < n; j++) reflect(a, q, k, j, m, n, scales[k]);
  }
  for (let i = 0; i < m; i++) for (let k = 0; k < n; k++) q[i * n + k] *= signs[k];
  return q;
}
function reflect(a, x, k, j, m, n, scale2) {
  let product = 0;
  for (let i = k; i < m; i++) product += a[i * n + k] * x[i * n + j];
  product *= scale2;
  for (let i = k; i < m; i++) x[i * n + j] -= product * a[i * n + k];
}

// packages/nn/src/init.ts
function unrecorded(self, write3) {
  noGrad(write3);
  return self;
}
function calculateGain(nonlinearity, param) {
  const op2 = 'calculateGain';
  const [slope] = named(op2, ['param'], [param]);
  switch (nonlinearity) {
    case 'linear':
    case 'conv1d':
    case 'conv2d':
    case 'conv3d':
    case 'conv_transpose1d':
    case 'conv_transpose2d':
    case 'conv_transpose3d':
    case 'sigmoid':
      return 1;
    case 'tanh':
      return 5 / 3;
    case 'relu':
      return Math.sqrt(2);
    case 'leaky_relu': {
      const negativeSlope = slope ?? 0.01;
      if (typeof negativeSlope !== 'number') {
        throw new ValueError(`negative_slope ${String(negativeSlope)} not a valid number`, {
          op: op2,
          operands: { param },
        });
      }
      return Math.sqrt(2 / (1 + negativeSlope ** 2));
    }
    case 'selu':
      return 3 / 4;
    default:
      throw new ValueError(`Unsupported nonlinearity ${String(nonlinearity)}`, { op: op2, operands: { nonlinearity } });
  }
}
function calculateFanInAndFanOut(tensor2) {
  tensorArgument('calculateFanInAndFanOut', 'tensor', tensor2);
  if (tensor2.ndim < 2) {
    throw new ValueError(
      `Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, but got shape [${tensor2.shape.join(', ')}]`,
      { op: 'calculateFanInAndFanOut', operands: { tensor: tensor2.shape } },
    );
  }
  let taps2 = 1;
  for (let d = 2; d < tensor2.ndim; d++) taps2 *= tensor2.shape[d];
  return [tensor2.shape[1] * taps2, tensor2.shape[0] * taps2];
}
function fanOf(op2, tensor2, mode2) {
  const name2 = typeof mode2 === 'string' ? mode2.toLowerCase() : mode2;
  if (name2 !== 'fan_in' && name2 !== 'fan_out') {
    throw new ValueError(`Mode ${String(mode2)} not supported, please use one of fan_in, fan_out`, {
      op: op2,
      operands: { mode: mode2 },
    });
  }
  return calculateFanInAndFanOut(tensor2)[name2 === 'fan_in' ? 0 : 1];
}
function constant_(tensor2, val) {
  const [value] = named('constant_', ['val'], [val]);
  const checked = numeric('constant_', 'val', required('constant_', 'val', value));
  return unrecorded(tensorArgument('constant_', 'tensor', tensor2), () => tensor2.fill_(checked));
}
function ones_(tensor2) {
  return unrecorded(tensorArgument('ones_', 'tensor', tensor2), () => tensor2.fill_(1));
}
function zeros_(tensor2) {
  return unrecorded(tensorArgument('zeros_', 'tensor', tensor2), () => tensor2.zero_());
}
function eye_(tensor2) {
  onlyDims('eye_', tensor2, [2]);
  return unrecorded(tensor2, () => {
    tensor2.zero_();
    tensor2.diagonal().fill_(1);
  });
}
function dirac_(tensor2, groups = 1) {
  const op2 = 'dirac_';
  onlyDims(op2, tensor2, [3, 4, 5]);
  const [g = 1] = named(op2, ['groups'], [groups]);
  const count2 = integer2(op2, 'groups', g, 1);
  const out = tensor2.shape[0];
  if (out % count2 !== 0) {
    throw new ValueError(`dim 0 must be divisible by groups, but got ${out} and ${count2}`, {
      op: op2,
      operands: { tensor: tensor2.shape, groups: count2 },
    });
  }
  const perGroup = out / count2;
  return unrecorded(tensor2, () => {
    tensor2.zero_();
    if (tensor2.numel() === 0) return;
    let middle = tensor2;
    for (let d = tensor2.ndim - 1; d >= 2; d--) middle = middle.select(d, Math.floor(tensor2.shape[d] / 2));
    for (let i = 0; i < count2; i++)
      middle
        .narrow(0, i * perGroup, perGroup)
        .diagonal()
        .fill_(1);
  });
}
function onlyDims(op2, tensor2, allowed) {
  tensorArgument(op2, 'tensor', tensor2);
  if (allowed.includes(tensor2.ndim)) return;
  const list2 = allowed.length === 1 ? `${allowed[0]}` : `${allowed.slice(0, -1).join(', ')}, or ${allowed.at(-1)}`;
  throw new ValueError(
    `Only tensors with ${list2} dimensions are supported, but got shape [${tensor2.shape.join(', ')}]`,
    {
      op: op2,
      operands: { tensor: tensor2.shape },
    },
  );
}
function uniform_2(tensor2, a, b, generator) {
  const [low = 0, high = 1, source2] = named('uniform_', ['a', 'b', 'generator'], [a, b, generator]);
  return fillUniform2(tensorArgument('uniform_', 'tensor', tensor2), low, high, source2);
}
function normal_2(tensor2, mean2, std2, generator) {
  const [m = 0, s = 1, source2] = named('normal_', ['mean', 'std', 'generator'], [mean2, std2, generator]);
  return fillNormal2(tensorArgument('normal_', 'tensor', tensor2), m, s, source2);
}
function fillUniform2(tensor2, low, high, generator) {
  return unrecorded(tensor2, () => tensor2.uniform_(low, high, { generator: generator ?? null }));
}
function fillNormal2(tensor2, mean2, std2, generator) {
  return unrecorded(tensor2, () => tensor2.normal_(mean2, std2, { generator: generator ?? null }));
}
function normalDistribution(x) {
  return (1 + erf3(tensor(x / Math.SQRT2, { dtype: 'float64' })).item()) / 2;
}
function truncNormal_(tensor2, mean2, std2, a, b, generator) {
  const op2 = 'truncNormal_';
  const [m = 0, s = 1, low = -2, high = 2, source2] = named(
    op2,
    ['mean', 'std', 'a', 'b', 'generator'],
    [mean2, std2, a, b, generator],
  );
  tensorArgument(op2, 'tensor', tensor2);
  if (m < low - 2 * s || m > high + 2 * s) {
    warn(op2, 'mean is more than 2 std from [a, b]. The distribution of values may be incorrect.');
  }
  const lower = normalDistribution((low - m) / s);
  const upper = normalDistribution((high - m) / s);
  return unrecorded(tensor2, () => {
    tensor2.uniform_(2 * lower - 1, 2 * upper - 1, { generator: source2 ?? null });
    tensor2
      .erfinv_()
      .mul_(s * Math.SQRT2)
      .add_(m);
    clamp_(tensor2, low, high);
  });
}
function xavierUniform_(tensor2, gain, generator) {
  const [std2, source2] = xavier('xavierUniform_', tensor2, gain, generator);
  const bound2 = Math.sqrt(3) * std2;
  return fillUniform2(tensor2, -bound2, bound2, source2);
}
function xavierNormal_(tensor2, gain, generator) {
  const [std2, source2] = xavier('xavierNormal_', tensor2, gain, generator);
  return fillNormal2(tensor2, 0, std2, source2);
}
function xavier(op2, tensor2, gain, generator) {
  const [factor = 1, source2] = named(op2, ['gain', 'generator'], [gain, generator]);
  const [fanIn, fanOut] = calculateFanInAndFanOut(tensor2);
  return [numeric(op2, 'gain', factor) * Math.sqrt(2 / (fanIn + fanOut)), source2];
}
function kaimingUniform_(tensor2, a, mode2, nonlinearity, generator) {
  const [std2, source2] = kaiming('kaimingUniform_', tensor2, [a, mode2, nonlinearity, generator]);
  if (std2 === null) return tensor2;
  const bound2 = Math.sqrt(3) * std2;
  return fillUniform2(tensor2, -bound2, bound2, source2);
}
function kaimingNormal_(tensor2, a, mode2, nonlinearity, generator) {
  const [std2, source2] = kaiming('kaimingNormal_', tensor2, [a, mode2, nonlinearity, generator]);
  return std2 === null ? tensor2 : fillNormal2(tensor2, 0, std2, source2);
}
function kaiming(op2, tensor2, args) {
  const [a = 0, mode2 = 'fan_in', nonlinearity = 'leaky_relu', source2] = named(
    op2,
    ['a', 'mode', 'nonlinearity', 'generator'],
    args,
  );
  tensorArgument(op2, 'tensor', tensor2);
  if (tensor2.shape.includes(0)) {
    warn(op2, 'Initializing zero-element tensors is a no-op');
    return [null, source2];
  }
  const fan = fanOf(op2, tensor2, mode2);
  return [calculateGain(nonlinearity, a) / Math.sqrt(fan), source2];
}
function orthogonal_(tensor2, gain, generator) {
  const op2 = 'orthogonal_';
  const [factor = 1, source2] = named(op2, ['gain', 'generator'], [gain, generator]);
  tensorArgument(op2, 'tensor', tensor2);
  if (tensor2.ndim < 2) {
    throw new ValueError(
      `Only tensors with 2 or more dimensions are supported, but got shape [${tensor2.shape.join(', ')}]`,
      {
        op: op2,
        operands: { tensor: tensor2.shape },
      },
    );
  }
  const size = tensor2.numel();
  if (size === 0) return tensor2;
  const rows2 = tensor2.shape[0];
  const columns = size / rows2;
  return unrecorded(tensor2, () => {
    const drawn = randn([rows2, columns], { dtype: tensor2.dtype, generator: source2 ?? null });
    const tall = rows2 < columns ? drawn.t() : drawn;
    const q = fromTypedArray(
      orthonormalColumns(Float64Array.from(tall.toTypedArray()), tall.shape[0], tall.shape[1]),
      tall.shape,
    );
    tensor2.copy_((rows2 < columns ? q.t() : q).reshape(tensor2.shape));
    tensor2.mul_(factor);
  });
}
function sparse_(tensor2, sparsity, std2, generator) {
  const op2 = 'sparse_';
  onlyDims(op2, tensor2, [2]);
  const [share, s = 0.01, source2] = named(op2, ['sparsity', 'std', 'generator'], [sparsity, std2, generator]);
  const fraction = numeric(op2, 'sparsity', required(op2, 'sparsity', share));
  const [rows2, columns] = tensor2.shape;
  const zeros2 = Math.min(Math.max(Math.ceil(fraction * rows2), 0), rows2);
  return unrecorded(tensor2, () => {
    tensor2.normal_(0, s, { generator: source2 ?? null });
    const keep2 = new Uint8Array(rows2 * columns).fill(1);
    for (let column = 0; column < columns; column++) {
      const order = randperm2(rows2, { generator: source2 ?? null }).toTypedArray();
      for (let i = 0; i < zeros2; i++) keep2[order[i] * columns + column] = 0;
    }
    tensor2.mul_(fromTypedArray(keep2, [rows2, columns]));
  });
}

// packages/nn/src/parameter.ts
var Parameter = class extends Tensor {
  constructor(data, requiresGrad = true) {
    super(data.storage, data.shape, data.strides, data.offset, data.dtype, null);
    const [value = true] = named('Parameter', ['requiresGrad'], [requiresGrad]);
    if (value) this.requiresGrad = true;
  }
  get printName() {
    return 'Parameter';
  }
};
var Buffer2 = class extends Tensor {
  /** Whether the state dict holds it. */
  persistent;
  constructor(data, persistent = true) {
    super(data.storage, data.shape, data.strides, data.offset, data.dtype, null);
    const [value = true] = named('Buffer', ['persistent'], [persistent]);
    this.persistent = value;
  }
};

// packages/nn/src/module.ts
var Hooks2 = class {
  forwardPre = /* @__PURE__ */ new Set();
  forward = /* @__PURE__ */ new Set();
  backwardPre = /* @__PURE__ */ new Set();
  backward = /* @__PURE__ */ new Set();
};
function register(set2, hook) {
  set2.add(hook);
  return { remove: () => void set2.delete(hook) };
}
var EMPTY_FIELD = { value: void 0, writable: true, enumerable: true, configurable: true };
var CallableModule = class {
  constructor() {
    const self = (...args) => self.invoke(args);
    const prototype = new.target.prototype;
    for (const key of ['length', 'name']) {
      if (key in prototype) Reflect.deleteProperty(self, key);
      else Object.defineProperty(self, key, EMPTY_FIELD);
    }
    Object.setPrototypeOf(self, prototype);
    return self;
  }
};
var CallableBase = CallableModule;
var Module = class extends CallableBase {
  /** True in training mode: dropout drops, batch norm uses the batch. */
  training = true;
  #hooks = null;
  /** Runs hooks and `forward`: what calling the module does. */
  invoke(args) {
    return this.#hooks === null ? this.forward(...args) : this.#invokeWithHooks(this.#hooks, args);
  }
  #invokeWithHooks(hooks2, given) {
    let args = given;
    for (const hook of hooks2.forwardPre) {
      const replaced = hook(this, args);
      if (replaced !== void 0 && replaced !== null) args = Array.isArray(replaced) ? replaced : [replaced];
    }
    const watch2 = hooks2.backward.size > 0 || hooks2.backwardPre.size > 0 ? new BackwardWatch(this, hooks2) : null;
    if (watch2 !== null) args = watch2.inputs(args);
    let output = this.forward(...args);
    for (const hook of hooks2.forward) {
      const replaced = hook(this, args, output);
      if (replaced !== void 0 && replaced !== null) output = replaced;
    }
    return watch2 === null ? output : watch2.outputs(output);
  }
  /** Runs before `forward`; what it returns (if anything) replaces the arguments. */
  registerForwardPreHook(hook) {
    this.#hooks ??= new Hooks2();
    return register(this.#hooks.forwardPre, hook);
  }
  /** Runs after `forward`; what it returns (if anything) replaces the output. */
  registerForwardHook(hook) {
    this.#hooks ??= new Hooks2();
    return register(this.#hooks.forward, hook);
  }
  /** Runs in the backward pass once the gradients of the inputs are known; what it returns replaces them. */
  registerFullBackwardHook(hook) {
    this.#hooks ??= new Hooks2();
    return register(this.#hooks.backward, hook);
  }
  /** Runs in the backward pass before the gradients of the outputs are used; what it returns replaces them. */
  registerFullBackwardPreHook(hook) {
    this.#hooks ??= new Hooks2();
    return register(this.#hooks.backwardPre, hook);
  }
  // ---------------------------------------------------------------------------------------------- members, from fields
  *#fields(isKind) {
    for (const name2 of Object.keys(this)) {
      const value = this[name2];
      if (isKind(value)) yield [name2, value];
    }
  }
  /** Child modules by field name. */
  *namedChildren() {
    const seen = /* @__PURE__ */ new Set();
    for (const [name2, child] of this.#fields(isModule2)) {
      if (seen.has(child)) continue;
      seen.add(child);
      yield [name2, child];
    }
  }
  /** Child modules. */
  *children() {
    for (const [, child] of this.namedChildren()) yield child;
  }
  /** This module and all below it, by path; each once. */
  *namedModules(prefix5 = '', seen = /* @__PURE__ */ new Set()) {
    if (seen.has(this)) return;
    seen.add(this);
    yield [prefix5, this];
    for (const [name2, child] of this.#fields(isModule2)) {
      yield* child.namedModules(prefix5 === '' ? name2 : `${prefix5}.${name2}`, seen);
    }
  }
  /** This module and all below it; each once. */
  *modules() {
    for (const [, module] of this.namedModules()) yield module;
  }
  *#namedTensors(isKind, prefix5, recurse) {
    const seen = /* @__PURE__ */ new Set();
    const owners = recurse ? this.namedModules(prefix5) : [[prefix5, this]];
    for (const [path, owner] of owners) {
      for (const [name2, value] of owner.#fields(isKind)) {
        if (seen.has(value)) continue;
        seen.add(value);
        yield [path === '' ? name2 : `${path}.${name2}`, value];
      }
    }
  }
  /** Parameters of this module and (with `recurse`, the default) of all below it, by path; shared ones once. */
  namedParameters(prefix5 = '', recurse = true) {
    const [p = '', r = true] = named('namedParameters', ['prefix', 'recurse'], memberArguments(prefix5, recurse));
    return this.#namedTensors(isParameter, p, r);
  }
  /** Parameters of this module and all below it; shared ones once. What optimisers take. */
  *parameters(recurse = true) {
    const [r = true] = named('parameters', ['recurse'], [recurse]);
    for (const [, parameter] of this.#namedTensors(isParameter, '', r)) yield parameter;
  }
  /** Buffers of this module and all below it, by path. */
  namedBuffers(prefix5 = '', recurse = true) {
    const [p = '', r = true] = named('namedBuffers', ['prefix', 'recurse'], memberArguments(prefix5, recurse));
    return this.#namedTensors(isBuffer, p, r);
  }
  /** Buffers of this module and all below it. */
  *buffers(recurse = true) {
    const [r = true] = named('buffers', ['recurse'], [recurse]);
    for (const [, buffer] of this.#namedTensors(isBuffer, '', r)) yield buffer;
  }
  /** Makes a field of a buffer; null leaves it empty. Assigning `new Buffer(tensor)` to a field does the same. */
  registerBuffer(name2, tensor2, persistent = true) {
    this.#assign('registerBuffer', name2, tensor2 === null ? null : new Buffer2(tensor2, persistent));
  }
  /** Makes a field of a parameter; null leaves it empty. Assigning a `Parameter` to a field does the same. */
  registerParameter(name2, parameter) {
    this.#assign('registerParameter', name2, parameter);
  }
  /** Makes a field of a child module. Assigning a module to a field does the same. */
  registerModule(name2, module) {
    this.#assign('registerModule', name2, module);
  }
  /** As `registerModule`. */
  addModule(name2, module) {
    this.#assign('addModule', name2, module);
  }
  #assign(op2, name2, value) {
    if (name2 === '' || name2.includes('.')) {
      throw new ValueError(`name must not be empty or contain a dot, but got '${name2}'`, {
        op: op2,
        operands: { name: name2 },
      });
    }
    if (name2 in this && !Object.hasOwn(this, name2)) {
      throw new ValueError(`attribute '${name2}' already exists`, { op: op2, operands: { name: name2 } });
    }
    Object.defineProperty(this, name2, { value, writable: true, enumerable: true, configurable: true });
  }
  /** The module at a path such as `'features.0'`; this module for `''`. */
  getSubmodule(target) {
    let at3 = this;
    if (target === '') return at3;
    for (const name2 of target.split('.')) {
      const next = Object.hasOwn(at3, name2) ? at3[name2] : void 0;
      if (!isModule2(next)) {
        throw new ValueError(`${at3.className} has no module '${name2}', on the way to '${target}'`, {
          op: 'getSubmodule',
        });
      }
      at3 = next;
    }
    return at3;
  }
  /** The parameter at a path such as `'features.0.weight'`. */
  getParameter(target) {
    const value = this.#fieldAt(target);
    if (isParameter(value)) return value;
    throw new ValueError(`${this.className} has no parameter '${target}'`, { op: 'getParameter' });
  }
  /** The buffer at a path such as `'features.1.running_mean'`. */
  getBuffer(target) {
    const value = this.#fieldAt(target);
    if (isBuffer(value)) return value;
    throw new ValueError(`${this.className} has no buffer '${target}'`, { op: 'getBuffer' });
  }
  #fieldAt(target) {
    const dot2 = target.lastIndexOf('.');
    const owner = this.getSubmodule(target.slice(0, Math.max(dot2, 0)));
    const name2 = target.slice(dot2 + 1);
    return Object.hasOwn(owner, name2) ? owner[name2] : void 0;
  }
  // ---------------------------------------------------------------------------------------------------------- the state
  /**
   * Parameters and persistent buffers by PyTorch's names: own parameters, own buffers, then each child's. The tensors share
   * storage with the module and are cut off the tape.
   */
  stateDict(options = {}) {
    const [prefix5 = ''] = named('stateDict', ['prefix'], [options]);
    const out = {};
    this.#collectState(prefix5, out);
    return out;
  }
  #collectState(prefix5, out) {
    for (const [name2, tensor2] of this.#state()) out[prefix5 + name2] = tensor2.detach();
    for (const [name2, child] of this.#fields(isModule2)) child.#collectState(`${prefix5}${name2}.`, out);
  }
  *#state() {
    yield* this.#fields(isParameter);
    for (const [name2, buffer] of this.#fields(isBuffer)) if (buffer.persistent) yield [name2, buffer];
  }
  /**
   * Copies values into parameters and buffers by name. Everything is checked before anything is written.
   *
   * @param strict when true (default), names must match exactly
   * @throws ShapeError when a shape differs; ValueError when names do not match under `strict`
   */
  loadStateDict(stateDict, strict2 = true) {
    const [isStrict = true] = named('loadStateDict', ['strict'], [strict2]);
    const given = stateDict instanceof Map ? stateDict : new Map(Object.entries(stateDict));
    const own = /* @__PURE__ */ new Map();
    this.#collectTargets('', own);
    const missingKeys = [...own.keys()].filter((key) => !given.has(key));
    const unexpectedKeys = [...given.keys()].filter((key) => !own.has(key));
    const faults = [];
    if (isStrict && missingKeys.length > 0) {
      faults.push(`Missing key(s) in state_dict: ${missingKeys.map((key) => `"${key}"`).join(', ')}.`);
    }
    if (isStrict && unexpectedKeys.length > 0) {
      faults.push(`Unexpected key(s) in state_dict: ${unexpectedKeys.map((key) => `"${key}"`).join(', ')}.`);
    }
    let misfit = false;
    for (const [key, target] of own) {
      const source2 = given.get(key);
      if (source2 === void 0 || source2.shape.join() === target.shape.join()) continue;
      misfit = true;
      faults.push(
        `size mismatch for ${key}: copying a param with shape [${source2.shape.join(', ')}], the shape in the module is [${target.shape.join(', ')}].`,
      );
    }
    if (faults.length > 0) {
      const message = `error(s) in loading state_dict for ${this.className}:
	${faults.join('\n	')}`;
      const details = { op: 'loadStateDict', operands: { missingKeys, unexpectedKeys } };
      throw misfit ? new ShapeError(message, details) : new ValueError(message, details);
    }
    noGrad(() => {
      for (const [key, target] of own) {
        const source2 = given.get(key);
        if (source2 !== void 0) target.copy_(source2);
      }
    });
    return { missingKeys, unexpectedKeys };
  }
  #collectTargets(prefix5, out) {
    for (const [name2, tensor2] of this.#state()) out.set(prefix5 + name2, tensor2);
    for (const [name2, child] of this.#fields(isModule2)) child.#collectTargets(`${prefix5}${name2}.`, out);
  }
  // ---------------------------------------------------------------------------------------------------------- the modes
  /** Sets training mode (or with `false` evaluation mode) here and below. */
  train(mode2 = true) {
    const [value = true] = named('train', ['mode'], [mode2]);
    for (const module of this.modules()) module.training = value;
    return this;
  }
  /** Sets evaluation mode here and below. */
  eval() {
    return this.train(false);
  }
  /** Calls `fn` on every module below, children first, then on this one. */
  apply(fn) {
    for (const child of this.children()) child.apply(fn);
    fn(this);
    return this;
  }
  /** Starts or stops recording on all parameters. */
  requiresGrad_(requiresGrad = true) {
    const [value = true] = named('requiresGrad_', ['requiresGrad'], [requiresGrad]);
    for (const parameter of this.parameters()) parameter.requiresGrad = value;
    return this;
  }
  /** Drops all gradients (`setToNone`, the default), or sets them to zero. */
  zeroGrad(setToNone = true) {
    const [drop2 = true] = named('zeroGrad', ['setToNone'], [setToNone]);
    for (const parameter of this.parameters()) clearGrad(parameter, drop2);
  }
  /** Casts floating parameters and buffers, in place. */
  to(dtype) {
    const [target] = named('to', ['dtype'], [dtype]);
    if (target !== 'float32' && target !== 'float64') {
      throw new ValueError(`only accepts floating point dtypes, but got ${String(target)}`, { op: 'Module.to' });
    }
    for (const tensor2 of [...this.parameters(), ...this.buffers()]) {
      if (!tensor2.isFloatingPoint() || tensor2.dtype === target) continue;
      const grad = tensor2.grad;
      const cast2 = noGrad(() => tensor2.to(target));
      tensor2.dtype = target;
      tensor2.data = cast2;
      if (grad !== null) tensor2.grad = noGrad(() => grad.to(target));
    }
    return this;
  }
  /** Casts to float32. */
  float() {
    return this.to('float32');
  }
  /** Casts to float64. */
  double() {
    return this.to('float64');
  }
  /** There is one device. */
  cuda() {
    throw new NotImplementedError('there is no other device; leave the call out', { op: 'Module.cuda' });
  }
  // ----------------------------------------------------------------------------------------------------------- printing
  /** The name that the printed form begins with. */
  get className() {
    return this.constructor.name;
  }
  /** What stands between the parentheses in the printed form; layers override it. */
  extraRepr() {
    return '';
  }
  /** As PyTorch prints modules. */
  toString() {
    const extra = this.extraRepr();
    const children = [...this.#fields(isModule2)].map(([name2, child]) => `(${name2}): ${indent(child.toString())}`);
    const lines = extra === '' ? children : [...extra.split('\n'), ...children];
    if (lines.length === 0 || (children.length === 0 && lines.length === 1)) return `${this.className}(${extra})`;
    return `${this.className}(
  ${lines.join('\n  ')}
)`;
  }
  /** Node's and Bun's inspector. */
  [/* @__PURE__ */ Symbol.for('nodejs.util.inspect.custom')]() {
    return this.toString();
  }
  /** Deno's inspector. */
  [/* @__PURE__ */ Symbol.for('Deno.customInspect')]() {
    return this.toString();
  }
};
function isModule2(value) {
  return value instanceof Module;
}
function isParameter(value) {
  return value instanceof Parameter;
}
function isBuffer(value) {
  return value instanceof Buffer2;
}
function memberArguments(prefix5, recurse) {
  return typeof prefix5 === 'object' ? [prefix5] : [prefix5, recurse];
}
function clearGrad(parameter, drop2) {
  const grad = parameter.grad;
  if (grad === null) return;
  if (drop2) parameter.grad = null;
  else noGrad(() => grad.detach_().zero_());
}
function indent(text2) {
  return text2.split('\n').join('\n  ');
}
var Passage = class extends AutogradFunction {
  static forward(_ctx, ...tensors) {
    return tensors.map((x) => x.view(x.shape));
  }
  static backward(_ctx, ...grads) {
    return grads;
  }
};
var BackwardWatch = class {
  #module;
  #hooks;
  #gradOutput = [];
  #watchesInputs = false;
  constructor(module, hooks2) {
    this.#module = module;
    this.#hooks = hooks2;
  }
  inputs(args) {
    const tensors = args.filter((arg) => arg instanceof Tensor);
    if (!tensors.some((x) => x.requiresGrad)) return args;
    const passed = [Passage.apply(...tensors)].flat();
    this.#watchesInputs = true;
    passed.find((x) => x.gradFn !== null)?.gradFn?.registerHook((gradInputs) => this.#finish(gradInputs));
    let next = 0;
    return args.map((arg) => (arg instanceof Tensor ? passed[next++] : arg));
  }
  outputs(output) {
    const list2 = Array.isArray(output) ? output : [output];
    const tensors = list2.filter((x) => x instanceof Tensor);
    const passed = [Passage.apply(...tensors)].flat();
    passed
      .find((x) => x.gradFn !== null)
      ?.gradFn?.registerPrehook((gradOutputs) => {
        let grads = gradOutputs;
        for (const hook of this.#hooks.backwardPre) grads = hook(this.#module, grads) ?? grads;
        this.#gradOutput = grads;
        if (!this.#watchesInputs) this.#finish([null]);
        return grads;
      });
    let next = 0;
    const replaced = list2.map((x) => (x instanceof Tensor ? passed[next++] : x));
    return Array.isArray(output) ? replaced : replaced[0];
  }
  #finish(gradInputs) {
    let grads = gradInputs;
    for (const hook of this.#hooks.backward) grads = hook(this.#module, grads, this.#gradOutput) ?? grads;
    return grads;
  }
};

// packages/nn/src/python.ts
function pythonFloat(value) {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const [mantissa, exponent] = value.toExponential().split('e');
  const power3 = Number(exponent);
  if (power3 < -4 || power3 >= 16)
    return `${mantissa}e${power3 < 0 ? '-' : '+'}${String(Math.abs(power3)).padStart(2, '0')}`;
  const text2 = String(value);
  const plain2 = text2.includes('e') ? value.toFixed(-power3 + mantissa.replace(/[-.]/g, '').length - 1) : text2;
  return Number.isInteger(value) ? `${Object.is(value, -0) ? '-0' : plain2}.0` : plain2;
}
function pythonNumber(value) {
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? String(value) : pythonFloat(value);
}
function pythonBool(value) {
  return value ? 'True' : 'False';
}
function python(value) {
  if (value === null || value === void 0) return 'None';
  if (typeof value === 'number') return pythonNumber(value);
  if (typeof value === 'boolean') return pythonBool(value);
  if (Array.isArray(value)) return value.length === 1 ? `(${python(value[0])},)` : `(${value.map(python).join(', ')})`;
  return String(value);
}

// packages/nn/src/modules/activation.ts
var InplaceActivation = class extends Module {
  inplace;
  constructor(op2, inplace) {
    super();
    const [value = false] = named(op2, ['inplace'], [inplace]);
    this.inplace = flag2(op2, 'inplace', value);
  }
  extraRepr() {
    return this.inplace ? 'inplace=True' : '';
  }
};
var ReLU = class extends InplaceActivation {
  constructor(inplace) {
    super('ReLU', inplace);
  }
  forward(input) {
    return relu2(input, this.inplace);
  }
};
var ReLU6 = class extends InplaceActivation {
  constructor(inplace) {
    super('ReLU6', inplace);
  }
  forward(input) {
    return relu62(input, this.inplace);
  }
};
var SELU = class extends InplaceActivation {
  constructor(inplace) {
    super('SELU', inplace);
  }
  forward(input) {
    return selu2(input, this.inplace);
  }
};
var SiLU = class extends InplaceActivation {
  constructor(inplace) {
    super('SiLU', inplace);
  }
  forward(input) {
    return silu2(input, this.inplace);
  }
};
var Mish = class extends InplaceActivation {
  constructor(inplace) {
    super('Mish', inplace);
  }
  forward(input) {
    return mish2(input, this.inplace);
  }
};
var Hardswish = class extends InplaceActivation {
  constructor(inplace) {
    super('Hardswish', inplace);
  }
  forward(input) {
    return hardswish2(input, this.inplace);
  }
  extraRepr() {
    return '';
  }
};
var Hardsigmoid = class extends InplaceActivation {
  constructor(inplace) {
    super('Hardsigmoid', inplace);
  }
  forward(input) {
    return hardsigmoid2(input, this.inplace);
  }
  extraRepr() {
    return '';
  }
};
var Sigmoid = class extends Module {
  forward(input) {
    return sigmoid3(input);
  }
};
var LogSigmoid = class extends Module {
  forward(input) {
    return logSigmoid(input);
  }
};
var Tanh = class extends Module {
  forward(input) {
    return tanh2(input);
  }
};
var Softsign = class extends Module {
  forward(input) {
    return softsign(input);
  }
};
var Tanhshrink = class extends Module {
  forward(input) {
    return tanhshrink(input);
  }
};
var inplaceSuffix = (inplace) => (inplace ? ', inplace=True' : '');
var LeakyReLU = class extends Module {
  negativeSlope;
  inplace;
  constructor(negativeSlope, inplace) {
    super();
    const op2 = 'LeakyReLU';
    const [slope = 0.01, write3 = false] = named(op2, ['negativeSlope', 'inplace'], [negativeSlope, inplace]);
    this.negativeSlope = numeric(op2, 'negativeSlope', slope);
    this.inplace = flag2(op2, 'inplace', write3);
  }
  forward(input) {
    return leakyRelu2(input, this.negativeSlope, this.inplace);
  }
  extraRepr() {
    return `negative_slope=${python(this.negativeSlope)}${inplaceSuffix(this.inplace)}`;
  }
};
var PReLU = class extends Module {
  numParameters;
  /** `[numParameters]` */
  weight;
  constructor(numParameters, init, options) {
    super();
    const op2 = 'PReLU';
    const [count2 = 1, value = 0.25, dtype] = named(
      op2,
      ['numParameters', 'init', 'dtype'],
      [numParameters, init, options],
    );
    this.numParameters = integer2(op2, 'numParameters', count2, 1);
    this.weight = new Parameter(full([count2], numeric(op2, 'init', value), { dtype: dtype ?? 'float32' }));
  }
  forward(input) {
    return prelu(input, this.weight);
  }
  extraRepr() {
    return `num_parameters=${this.numParameters}`;
  }
};
var AlphaActivation = class extends Module {
  alpha;
  inplace;
  constructor(op2, args) {
    super();
    const [alpha = 1, inplace = false] = named(op2, ['alpha', 'inplace'], args);
    this.alpha = numeric(op2, 'alpha', alpha);
    this.inplace = flag2(op2, 'inplace', inplace);
  }
  extraRepr() {
    return `alpha=${pythonFloat(this.alpha)}${inplaceSuffix(this.inplace)}`;
  }
};
var ELU = class extends AlphaActivation {
  constructor(alpha, inplace) {
    super('ELU', [alpha, inplace]);
  }
  forward(input) {
    return elu2(input, this.alpha, this.inplace);
  }
};
var CELU = class extends AlphaActivation {
  constructor(alpha, inplace) {
    super('CELU', [alpha, inplace]);
  }
  forward(input) {
    return celu2(input, this.alpha, this.inplace);
  }
};
var GELU = class extends Module {
  approximate;
  constructor(approximate) {
    super();
    const [form = 'none'] = named('GELU', ['approximate'], [approximate]);
    this.approximate = form;
  }
  forward(input) {
    return gelu(input, this.approximate);
  }
  extraRepr() {
    return `approximate='${this.approximate}'`;
  }
};
var Softplus = class extends Module {
  beta;
  threshold;
  constructor(beta, threshold3) {
    super();
    const [b = 1, t2 = 20] = named('Softplus', ['beta', 'threshold'], [beta, threshold3]);
    this.beta = numeric('Softplus', 'beta', b);
    this.threshold = numeric('Softplus', 'threshold', t2);
  }
  forward(input) {
    return softplus(input, this.beta, this.threshold);
  }
  extraRepr() {
    return `beta=${pythonFloat(this.beta)}, threshold=${pythonFloat(this.threshold)}`;
  }
};
var Hardtanh = class extends Module {
  minVal;
  maxVal;
  inplace;
  constructor(minVal, maxVal, inplace) {
    super();
    const op2 = 'Hardtanh';
    const [min2 = -1, max2 = 1, write3 = false] = named(
      op2,
      ['minVal', 'maxVal', 'inplace'],
      [minVal, maxVal, inplace],
    );
    this.minVal = numeric(op2, 'minVal', min2);
    this.maxVal = numeric(op2, 'maxVal', max2);
    this.inplace = flag2(op2, 'inplace', write3);
    if (!(max2 > min2)) {
      throw new ValueError(`maxVal must be greater than minVal, but got ${max2} and ${min2}`, {
        op: op2,
        operands: { minVal: min2, maxVal: max2 },
      });
    }
  }
  forward(input) {
    return hardtanh2(input, this.minVal, this.maxVal, this.inplace);
  }
  extraRepr() {
    return `min_val=${pythonFloat(this.minVal)}, max_val=${pythonFloat(this.maxVal)}${inplaceSuffix(this.inplace)}`;
  }
};
var Threshold = class extends Module {
  threshold;
  value;
  inplace;
  constructor(threshold3, value, inplace) {
    super();
    const op2 = 'Threshold';
    const [t2, v, write3 = false] = named(op2, ['threshold', 'value', 'inplace'], [threshold3, value, inplace]);
    this.threshold = numeric(op2, 'threshold', required(op2, 'threshold', t2));
    this.value = numeric(op2, 'value', required(op2, 'value', v));
    this.inplace = flag2(op2, 'inplace', write3);
  }
  forward(input) {
    return threshold2(input, this.threshold, this.value, this.inplace);
  }
  extraRepr() {
    return `threshold=${python(this.threshold)}, value=${python(this.value)}${inplaceSuffix(this.inplace)}`;
  }
};
var ShrinkActivation = class extends Module {
  lambd;
  constructor(op2, lambd) {
    super();
    const [value = 0.5] = named(op2, ['lambd'], [lambd]);
    this.lambd = numeric(op2, 'lambd', value);
  }
  extraRepr() {
    return python(this.lambd);
  }
};
var Hardshrink = class extends ShrinkActivation {
  constructor(lambd) {
    super('Hardshrink', lambd);
  }
  forward(input) {
    return hardshrink(input, this.lambd);
  }
};
var Softshrink = class extends ShrinkActivation {
  constructor(lambd) {
    super('Softshrink', lambd);
  }
  forward(input) {
    return softshrink(input, this.lambd);
  }
};
var SoftmaxActivation = class extends Module {
  /** Dimension along which the results sum to 1; null leaves the choice to PyTorch's old rule, with a warning. */
  dim;
  constructor(op2, dim) {
    super();
    const [value = null] = named(op2, ['dim'], [dim]);
    this.dim = value;
  }
  extraRepr() {
    return `dim=${python(this.dim)}`;
  }
};
var Softmax = class extends SoftmaxActivation {
  constructor(dim) {
    super('Softmax', dim);
  }
  forward(input) {
    return softmax3(input, this.dim);
  }
};
var LogSoftmax = class extends SoftmaxActivation {
  constructor(dim) {
    super('LogSoftmax', dim);
  }
  forward(input) {
    return logSoftmax3(input, this.dim);
  }
};
var Softmin = class extends SoftmaxActivation {
  constructor(dim) {
    super('Softmin', dim);
  }
  forward(input) {
    return softmin2(input, this.dim);
  }
};
var GLU = class extends Module {
  dim;
  constructor(dim) {
    super();
    const [value = -1] = named('GLU', ['dim'], [dim]);
    this.dim = value;
  }
  forward(input) {
    return glu(input, this.dim);
  }
  extraRepr() {
    return `dim=${this.dim}`;
  }
};

// packages/nn/src/modules/container.ts
function entriesOf(named2) {
  return named2 instanceof Map ? [...named2] : Object.entries(named2);
}
function place2(op2, index2, length) {
  if (!Number.isInteger(index2) || index2 < -length || index2 >= length) {
    throw new IndexError(`index ${index2} is out of range for ${length} entries`, {
      op: op2,
      operands: { index: index2, length },
    });
  }
  return index2 < 0 ? index2 + length : index2;
}
function range2(length, start = 0, end = length) {
  const clip = (i) => Math.min(Math.max(i < 0 ? i + length : i, 0), length);
  return [clip(start), clip(end)];
}
function checkModule(op2, name2, value) {
  if (isModule2(value)) return;
  throw new ValueError(`${name2} is not a Module, but ${value === null ? 'null' : typeof value}`, {
    op: op2,
    operands: { [name2]: value },
  });
}
var Sequential = class _Sequential extends Module {
  constructor(...args) {
    super();
    const [first] = args;
    if (args.length === 1 && (isOptions(first) || first instanceof Map)) {
      for (const [name2, module] of entriesOf(first)) this.#add(name2, module);
    } else {
      for (const [i, module] of args.entries()) this.#add(String(i), module);
    }
  }
  #add(name2, module) {
    checkModule('Sequential', name2, module);
    this.registerModule(name2, module);
  }
  #names() {
    return Object.keys(this).filter((name2) => isModule2(this[name2]));
  }
  #list() {
    return this.#names().map((name2) => this[name2]);
  }
  /** Number of modules. */
  get length() {
    return this.#names().length;
  }
  /** The module at a position; -1 is the last. */
  at(index2) {
    const list2 = this.#list();
    return list2[place2('Sequential', index2, list2.length)];
  }
  /** Puts another module in a place. */
  set(index2, module) {
    const names = this.#names();
    checkModule('Sequential', 'module', module);
    this[names[place2('Sequential', index2, names.length)]] = module;
    return this;
  }
  /** Adds a module at the end, under the name of its position. */
  append(module) {
    this.#add(String(this.length), module);
    return this;
  }
  /** Adds modules at the end. */
  extend(modules2) {
    for (const module of [...modules2]) this.append(module);
    return this;
  }
  /** A `Sequential` of the modules from `start` up to and without `end`, which it shares with this one, names included. */
  slice(start, end) {
    const names = this.#names();
    const [from, to2] = range2(names.length, start, end);
    const chosen = names.slice(from, to2);
    return new _Sequential(new Map(chosen.map((name2) => [name2, this[name2]])));
  }
  [Symbol.iterator]() {
    return this.#list()[Symbol.iterator]();
  }
  forward(input) {
    let x = input;
    for (const name2 of Object.keys(this)) {
      const module = this[name2];
      if (isModule2(module)) x = module.invoke([x]);
    }
    return x;
  }
};
function uncallable(op2) {
  throw new NotImplementedError('has no forward: it only holds things; call what it holds', { op: op2 });
}
var ListContainer = class extends Module {
  /** Number of entries. */
  get length() {
    let count2 = 0;
    while (Object.hasOwn(this, String(count2))) count2++;
    return count2;
  }
  #write(index2, value) {
    Object.defineProperty(this, String(index2), { value, writable: true, enumerable: true, configurable: true });
  }
  /** The entry at a position; -1 is the last. */
  at(index2) {
    return this[place2(this.className, index2, this.length)];
  }
  /** Puts another entry in a place. */
  set(index2, value) {
    this.#write(place2(this.className, index2, this.length), this.entry(value));
    return this;
  }
  /** Adds an entry at the end. */
  append(value) {
    this.#write(this.length, this.entry(value));
    return this;
  }
  /** Adds entries at the end. */
  extend(values) {
    if (values instanceof Tensor || typeof values?.[Symbol.iterator] !== 'function') {
      throw new ValueError('should be called with an iterable of entries', { op: `${this.className}.extend` });
    }
    for (const value of [...values]) this.append(value);
    return this;
  }
  replaceAll(values) {
    const before = this.length;
    for (let i = values.length; i < before; i++) Reflect.deleteProperty(this, String(i));
    for (const [i, value] of values.entries()) this.#write(i, value);
  }
  *[Symbol.iterator]() {
    for (let i = 0; Object.hasOwn(this, String(i)); i++) yield this[i];
  }
  forward() {
    return uncallable(this.className);
  }
};
var ModuleList = class _ModuleList extends ListContainer {
  constructor(modules2) {
    super();
    if (modules2 !== void 0 && modules2 !== null) this.extend(modules2);
  }
  entry(value) {
    checkModule(this.className, 'module', value);
    return value;
  }
  /** Puts a module before position `index`. */
  insert(index2, module) {
    const list2 = [...this];
    list2.splice(index2, 0, this.entry(module));
    this.replaceAll(list2);
    return this;
  }
  /** Takes the module at a position (the last by default) out of the list. */
  pop(index2 = -1) {
    const list2 = [...this];
    const [taken] = list2.splice(place2(this.className, index2, list2.length), 1);
    this.replaceAll(list2);
    return taken;
  }
  /** A `ModuleList` of the modules from `start` up to and without `end`. */
  slice(start, end) {
    return new _ModuleList([...this].slice(...range2(this.length, start, end)));
  }
  /** As PyTorch 2 prints it: modules that print alike share a line, `(0-3): 4 x Linear(…)`. */
  toString() {
    const texts = [...this].map(String);
    if (texts.length === 0) return `${this.className}()`;
    const lines = [];
    for (let i = 0; i < texts.length; ) {
      let end = i;
      while (end + 1 < texts.length && texts[end + 1] === texts[i]) end++;
      const label = end === i ? `(${i}): ` : `(${i}-${end}): ${end - i + 1} x `;
      lines.push((label + texts[i]).split('\n').join('\n  '));
      i = end + 1;
    }
    return `${this.className}(
  ${lines.join('\n  ')}
)`;
  }
};
function containing(value, type) {
  return `Parameter containing: [torch.${type} of size ${value.shape.join('x')}]`;
}
var TYPE_NAMES = {
  float32: 'FloatTensor',
  float64: 'DoubleTensor',
  int32: 'IntTensor',
  int64: 'LongTensor',
  uint8: 'ByteTensor',
  bool: 'BoolTensor',
};
var ParameterList = class extends ListContainer {
  constructor(values) {
    super();
    if (values !== void 0 && values !== null) this.extend(values);
  }
  entry(value) {
    return toParameter(this.className, value);
  }
  extraRepr() {
    return [...this].map((value, i) => `  (${i}): ${containing(value, value.dtype)}`).join('\n');
  }
};
function toParameter(op2, value) {
  if (value instanceof Parameter) return value;
  if (value instanceof Tensor) return new Parameter(value);
  throw new ValueError(`holds tensors, but got ${value === null ? 'null' : typeof value}`, { op: op2 });
}
var DictContainer = class extends Module {
  #keys = /* @__PURE__ */ new Set();
  /** Number of entries. */
  get length() {
    return this.#keys.size;
  }
  /** Whether there is an entry of that name. */
  has(key) {
    return this.#keys.has(key);
  }
  /**
   * The entry of a name.
   *
   * @throws IndexError when there is none
   */
  at(key) {
    if (!this.#keys.has(key)) {
      throw new IndexError(`has no entry '${key}'; there are ${[...this.#keys].join(', ') || 'none'}`, {
        op: this.className,
        operands: { key },
      });
    }
    return this[key];
  }
  /** Sets the entry of a name. */
  set(key, value) {
    const entry2 = this.entry(key, value);
    this.registerEntry(key, entry2);
    this.#keys.add(key);
    return this;
  }
  /** Sets entries from an object, a map, or pairs. */
  update(entries) {
    const list2 = Symbol.iterator in entries ? [...entries] : Object.entries(entries);
    for (const [key, value] of list2) this.set(key, value);
    return this;
  }
  /** Takes an entry out. */
  pop(key) {
    const value = this.at(key);
    this.#keys.delete(key);
    Reflect.deleteProperty(this, key);
    return value;
  }
  /** Takes all entries out. */
  clear() {
    for (const key of [...this.#keys]) this.pop(key);
  }
  keys() {
    return [...this.#keys][Symbol.iterator]();
  }
  *values() {
    for (const key of this.#keys) yield this.at(key);
  }
  *items() {
    for (const key of this.#keys) yield [key, this.at(key)];
  }
  /** The names, as Python iterates over a dictionary. */
  [Symbol.iterator]() {
    return this.keys();
  }
  forward() {
    return uncallable(this.className);
  }
};
var ModuleDict = class extends DictContainer {
  constructor(modules2) {
    super();
    if (modules2 !== void 0 && modules2 !== null) this.update(modules2);
  }
  entry(key, value) {
    checkModule(this.className, key, value);
    return value;
  }
  registerEntry(key, value) {
    this.registerModule(key, value);
  }
};
var ParameterDict = class extends DictContainer {
  constructor(values) {
    super();
    if (values !== void 0 && values !== null) this.update(values);
  }
  entry(_key, value) {
    return toParameter(this.className, value);
  }
  registerEntry(key, value) {
    this.registerParameter(key, value);
  }
  extraRepr() {
    return [...this.items()]
      .map(([key, value]) => `  (${key}): ${containing(value, TYPE_NAMES[value.dtype])}`)
      .join('\n');
  }
};

// packages/nn/src/modules/conv.ts
var PADDING_MODES = ['zeros', 'reflect', 'replicate', 'circular'];
var CONV_NAMES2 = [
  'inChannels',
  'outChannels',
  'kernelSize',
  'stride',
  'padding',
  'dilation',
  'groups',
  'bias',
  'paddingMode',
  'dtype',
];
var CONV_TRANSPOSE_NAMES2 = [
  'inChannels',
  'outChannels',
  'kernelSize',
  'stride',
  'padding',
  'outputPadding',
  'groups',
  'bias',
  'dilation',
  'paddingMode',
  'dtype',
];
var ConvNd = class extends Module {
  inChannels;
  outChannels;
  kernelSize;
  stride;
  padding;
  dilation;
  transposed;
  outputPadding;
  groups;
  paddingMode;
  /** `[Cout, Cin/groups, …kernelSize]`; transposed: `[Cin, Cout/groups, …kernelSize]`. */
  weight;
  /** `[Cout]`, or null. */
  bias;
  constructor(spec) {
    super();
    const { inChannels, outChannels, groups } = spec;
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = spec.kernelSize;
    this.stride = spec.stride;
    this.padding = spec.padding;
    this.dilation = spec.dilation;
    this.transposed = spec.transposed;
    this.outputPadding = spec.outputPadding;
    this.groups = groups;
    this.paddingMode = spec.paddingMode;
    const [first, second] = spec.transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
    const options = { dtype: spec.dtype };
    this.weight = new Parameter(empty([first, second, ...spec.kernelSize], options));
    this.bias = spec.bias ? new Parameter(empty([outChannels], options)) : null;
    this.resetParameters();
  }
  /**
   * Draws weight and then bias anew, both uniform on [-√k, √k), `k = groups / (Cin · taps)`; for the transpose Cout stands in the
   * place of Cin, as in PyTorch.
   */
  resetParameters() {
    kaimingUniform_(this.weight, { a: Math.sqrt(5) });
    if (this.bias === null) return;
    const [fanIn] = calculateFanInAndFanOut(this.weight);
    if (fanIn === 0) return;
    const bound2 = 1 / Math.sqrt(fanIn);
    uniform_2(this.bias, -bound2, bound2);
  }
  extraRepr() {
    const { padding } = this;
    const parts = [
      `${this.inChannels}, ${this.outChannels}, kernel_size=${python(this.kernelSize)}, stride=${python(this.stride)}`,
    ];
    if (typeof padding === 'string' || padding.some((n) => n !== 0)) parts.push(`padding=${python(padding)}`);
    if (this.dilation.some((n) => n !== 1)) parts.push(`dilation=${python(this.dilation)}`);
    if (this.outputPadding.some((n) => n !== 0)) parts.push(`output_padding=${python(this.outputPadding)}`);
    if (this.groups !== 1) parts.push(`groups=${this.groups}`);
    if (this.bias === null) parts.push('bias=False');
    if (this.paddingMode !== 'zeros') parts.push(`padding_mode=${this.paddingMode}`);
    return parts.join(', ');
  }
};
function checkChannels2(op2, given) {
  const groups = given.groups;
  if (!Number.isInteger(groups) || groups <= 0) {
    throw new ValueError(`groups must be a positive integer, but got ${String(groups)}`, {
      op: op2,
      operands: { groups },
    });
  }
  const inChannels = integer2(op2, 'inChannels', required(op2, 'inChannels', given.inChannels));
  const outChannels = integer2(op2, 'outChannels', required(op2, 'outChannels', given.outChannels));
  for (const [name2, count2] of Object.entries({ inChannels, outChannels })) {
    if (count2 % groups === 0) continue;
    throw new ValueError(`${name2} must be divisible by groups, but got ${name2}=${count2} and groups=${groups}`, {
      op: op2,
      operands: { [name2]: count2, groups },
    });
  }
  return { inChannels, outChannels, groups };
}
function checkPadding(op2, padding, spatial, stride) {
  if (typeof padding !== 'string') return tuple(op2, 'padding', padding, spatial);
  if (padding !== 'same' && padding !== 'valid') {
    throw new ValueError(`Invalid padding string '${padding}', should be one of 'same', 'valid'`, {
      op: op2,
      operands: { padding },
    });
  }
  if (padding === 'same' && stride.some((n) => n !== 1)) {
    throw new ValueError(
      `padding='same' is not supported for strided convolutions, but got stride ${formatShape(stride)}`,
      { op: op2, operands: { padding, stride } },
    );
  }
  return padding;
}
function checkPaddingMode(op2, mode2) {
  if (PADDING_MODES.includes(mode2)) return mode2;
  throw new ValueError(
    `paddingMode must be one of ${PADDING_MODES.join(', ')}, but got paddingMode='${String(mode2)}'`,
    {
      op: op2,
      operands: { paddingMode: mode2 },
    },
  );
}
function convSpec(op2, spatial, args) {
  const [inChannels, outChannels, kernel2, s = 1, p = 0, d = 1, groups = 1, bias = true, mode2 = 'zeros', dtype] =
    named(op2, CONV_NAMES2, args);
  const channels = checkChannels2(op2, { inChannels, outChannels, groups });
  const stride = tuple(op2, 'stride', s, spatial, 1);
  return {
    ...channels,
    kernelSize: tuple(op2, 'kernelSize', required(op2, 'kernelSize', kernel2), spatial, 1),
    stride,
    padding: checkPadding(op2, p, spatial, stride),
    dilation: tuple(op2, 'dilation', d, spatial, 1),
    outputPadding: new Array(spatial).fill(0),
    bias: flag2(op2, 'bias', bias),
    paddingMode: checkPaddingMode(op2, mode2),
    dtype: dtype ?? 'float32',
    transposed: false,
  };
}
function convTransposeSpec(op2, spatial, args) {
  const [
    inChannels,
    outChannels,
    kernel2,
    s = 1,
    p = 0,
    extra = 0,
    groups = 1,
    bias = true,
    d = 1,
    mode2 = 'zeros',
    dtype,
  ] = named(op2, CONV_TRANSPOSE_NAMES2, args);
  if (mode2 !== 'zeros') {
    throw new ValueError(`Only "zeros" padding mode is supported for ${op2}, but got '${String(mode2)}'`, {
      op: op2,
      operands: { paddingMode: mode2 },
    });
  }
  return {
    ...checkChannels2(op2, { inChannels, outChannels, groups }),
    kernelSize: tuple(op2, 'kernelSize', required(op2, 'kernelSize', kernel2), spatial, 1),
    stride: tuple(op2, 'stride', s, spatial, 1),
    padding: tuple(op2, 'padding', p, spatial),
    dilation: tuple(op2, 'dilation', d, spatial, 1),
    outputPadding: tuple(op2, 'outputPadding', extra, spatial),
    bias: flag2(op2, 'bias', bias),
    paddingMode: mode2,
    dtype: dtype ?? 'float32',
    transposed: true,
  };
}
function padsOf2(padding, kernelSize, dilation) {
  const pads = [];
  for (let d = kernelSize.length - 1; d >= 0; d--) {
    const total = padding === 'same' ? dilation[d] * (kernelSize[d] - 1) : 0;
    const before = typeof padding === 'string' ? Math.floor(total / 2) : padding[d];
    pads.push(before, typeof padding === 'string' ? total - before : before);
  }
  return pads;
}
var PlainConv = class extends ConvNd {
  /** What to pad with another mode than zeros; null leaves padding to the convolution. */
  #pads;
  constructor(spec) {
    super(spec);
    const isPlain2 = spec.paddingMode === 'zeros';
    this.#pads = isPlain2 ? null : padsOf2(spec.padding, spec.kernelSize, spec.dilation);
  }
  convolve(input, convolution2) {
    const { weight, bias, stride, dilation, groups } = this;
    if (this.#pads === null) return convolution2(input, weight, bias, stride, this.padding, dilation, groups);
    const spatial = this.kernelSize.length;
    if (input.ndim !== spatial + 1 && input.ndim !== spatial + 2) {
      throw new ShapeError(
        `Expected ${spatial + 1}D (unbatched) or ${spatial + 2}D (batched) input, but got input of size: ${formatShape(input.shape)}`,
        { op: this.className, operands: { input: input.shape } },
      );
    }
    const padded = pad(input, this.#pads, this.paddingMode);
    return convolution2(padded, weight, bias, stride, 0, dilation, groups);
  }
};
var Conv1d = class extends PlainConv {
  constructor(...args) {
    super(convSpec('Conv1d', 1, args));
  }
  forward(input) {
    return this.convolve(input, conv1d);
  }
};
var Conv2d = class extends PlainConv {
  constructor(...args) {
    super(convSpec('Conv2d', 2, args));
  }
  forward(input) {
    return this.convolve(input, conv2d);
  }
};
var TransposedConv = class extends ConvNd {
  convolve(input, outputSize, convolution2) {
    const extra =
      outputSize === void 0 || outputSize === null ? this.outputPadding : this.#paddingFor(input, outputSize);
    const padding = this.padding;
    return convolution2(input, this.weight, this.bias, this.stride, padding, extra, this.groups, this.dilation);
  }
  /** The output padding that makes an output of the size asked for. */
  #paddingFor(input, outputSize) {
    const op2 = this.className;
    const { kernelSize, stride, dilation } = this;
    const padding = this.padding;
    const spatial = kernelSize.length;
    const lead = input.ndim === spatial + 2 ? 2 : 1;
    const wanted = outputSize.length === lead + spatial ? outputSize.slice(lead) : outputSize;
    const operands = { input: input.shape, outputSize };
    if (wanted.length !== spatial) {
      throw new ValueError(
        `for ${input.ndim}D input, outputSize must have ${spatial} or ${lead + spatial} elements (got ${wanted.length})`,
        { op: op2, operands },
      );
    }
    const least = kernelSize.map(
      (k, d) => (input.shape[d + lead] - 1) * stride[d] - 2 * padding[d] + dilation[d] * (k - 1) + 1,
    );
    const most = least.map((size, d) => size + stride[d] - 1);
    if (wanted.some((size, d) => !(size >= least[d] && size <= most[d]))) {
      throw new ValueError(
        `requested an output size of ${formatShape(wanted)}, but valid sizes range from ${formatShape(least)} to ${formatShape(most)} (for an input of ${formatShape(input.shape.slice(lead))})`,
        { op: op2, operands },
      );
    }
    return wanted.map((size, d) => size - least[d]);
  }
};
var ConvTranspose1d = class extends TransposedConv {
  constructor(...args) {
    super(convTransposeSpec('ConvTranspose1d', 1, args));
  }
  /** @param outputSize `[Lout]`, or with the dimensions before it: one of the sizes that the stride leaves open */
  forward(input, outputSize) {
    return this.convolve(input, outputSize, convTranspose1d);
  }
};
var ConvTranspose2d = class extends TransposedConv {
  constructor(...args) {
    super(convTransposeSpec('ConvTranspose2d', 2, args));
  }
  /** @param outputSize `[Hout, Wout]`, or with the dimensions before them: one of the sizes that the stride leaves open */
  forward(input, outputSize) {
    return this.convolve(input, outputSize, convTranspose2d);
  }
};

// packages/nn/src/modules/dropout.ts
var DropoutNd = class extends Module {
  p;
  inplace;
  constructor(op2, args) {
    super();
    const [p = 0.5, inplace = false] = named(op2, ['p', 'inplace'], args);
    this.p = checkProbability(op2, p);
    this.inplace = flag2(op2, 'inplace', inplace);
  }
  extraRepr() {
    return `p=${python(this.p)}, inplace=${python(this.inplace)}`;
  }
};
var Dropout = class extends DropoutNd {
  constructor(p, inplace) {
    super('Dropout', [p, inplace]);
  }
  forward(input) {
    return dropout(input, this.p, this.training, this.inplace);
  }
};
var Dropout1d = class extends DropoutNd {
  constructor(p, inplace) {
    super('Dropout1d', [p, inplace]);
  }
  forward(input) {
    return dropout1d(input, this.p, this.training, this.inplace);
  }
};
var Dropout2d = class extends DropoutNd {
  constructor(p, inplace) {
    super('Dropout2d', [p, inplace]);
  }
  forward(input) {
    return dropout2d(input, this.p, this.training, this.inplace);
  }
};
var AlphaDropout = class extends DropoutNd {
  constructor(p, inplace) {
    super('AlphaDropout', [p, inplace]);
  }
  /** As PyTorch's, it never writes into its input, whatever `inplace` says. */
  forward(input) {
    return alphaDropout(input, this.p, this.training);
  }
};
var FeatureAlphaDropout = class extends DropoutNd {
  constructor(p, inplace) {
    super('FeatureAlphaDropout', [p, inplace]);
  }
  /** As PyTorch's, it never writes into its input, whatever `inplace` says. */
  forward(input) {
    return featureAlphaDropout(input, this.p, this.training);
  }
};

// packages/nn/src/modules/flatten.ts
var Flatten = class extends Module {
  startDim;
  endDim;
  constructor(startDim, endDim) {
    super();
    const [start = 1, end = -1] = named('Flatten', ['startDim', 'endDim'], [startDim, endDim]);
    this.startDim = start;
    this.endDim = end;
  }
  forward(input) {
    return input.flatten(this.startDim, this.endDim);
  }
  extraRepr() {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`;
  }
};
var Unflatten = class extends Module {
  dim;
  unflattenedSize;
  constructor(dim, unflattenedSize) {
    super();
    const [d, size] = named('Unflatten', ['dim', 'unflattenedSize'], [dim, unflattenedSize]);
    this.dim = required('Unflatten', 'dim', d);
    this.unflattenedSize = required('Unflatten', 'unflattenedSize', size);
  }
  forward(input) {
    return input.unflatten(this.dim, this.unflattenedSize);
  }
  extraRepr() {
    return `dim=${this.dim}, unflattened_size=${python(this.unflattenedSize)}`;
  }
};

// packages/nn/src/modules/linear.ts
var Identity = class extends Module {
  constructor(..._ignored) {
    super();
  }
  forward(input) {
    return input;
  }
};
var Linear = class extends Module {
  inFeatures;
  outFeatures;
  /** `[outFeatures, inFeatures]` */
  weight;
  /** `[outFeatures]`, or null. */
  bias;
  constructor(...args) {
    super();
    const op2 = 'Linear';
    const [from, to2, bias = true, dtype] = named(op2, ['inFeatures', 'outFeatures', 'bias', 'dtype'], args);
    this.inFeatures = integer2(op2, 'inFeatures', required(op2, 'inFeatures', from));
    this.outFeatures = integer2(op2, 'outFeatures', required(op2, 'outFeatures', to2));
    const created = { dtype: dtype ?? 'float32' };
    this.weight = new Parameter(empty([this.outFeatures, this.inFeatures], created));
    this.bias = flag2(op2, 'bias', bias) ? new Parameter(empty([this.outFeatures], created)) : null;
    this.resetParameters();
  }
  /** Draws weight and then bias anew. */
  resetParameters() {
    kaimingUniform_(this.weight, { a: Math.sqrt(5) });
    if (this.bias === null) return;
    const [fanIn] = calculateFanInAndFanOut(this.weight);
    const bound2 = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
    uniform_2(this.bias, -bound2, bound2);
  }
  forward(input) {
    return linear(input, this.weight, this.bias);
  }
  extraRepr() {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=${python(this.bias !== null)}`;
  }
};
var Bilinear = class extends Module {
  in1Features;
  in2Features;
  outFeatures;
  /** `[outFeatures, in1Features, in2Features]` */
  weight;
  /** `[outFeatures]`, or null. */
  bias;
  constructor(...args) {
    super();
    const op2 = 'Bilinear';
    const [in1, in2, out, bias = true, dtype] = named(
      op2,
      ['in1Features', 'in2Features', 'outFeatures', 'bias', 'dtype'],
      args,
    );
    this.in1Features = integer2(op2, 'in1Features', required(op2, 'in1Features', in1), 1);
    this.in2Features = integer2(op2, 'in2Features', required(op2, 'in2Features', in2));
    this.outFeatures = integer2(op2, 'outFeatures', required(op2, 'outFeatures', out));
    const created = { dtype: dtype ?? 'float32' };
    this.weight = new Parameter(empty([this.outFeatures, this.in1Features, this.in2Features], created));
    this.bias = flag2(op2, 'bias', bias) ? new Parameter(empty([this.outFeatures], created)) : null;
    this.resetParameters();
  }
  /** Draws weight and then bias anew. */
  resetParameters() {
    const bound2 = 1 / Math.sqrt(this.in1Features);
    uniform_2(this.weight, -bound2, bound2);
    if (this.bias !== null) uniform_2(this.bias, -bound2, bound2);
  }
  forward(input1, input2) {
    return bilinear(input1, input2, this.weight, this.bias);
  }
  extraRepr() {
    return `in1_features=${this.in1Features}, in2_features=${this.in2Features}, out_features=${this.outFeatures}, bias=${python(this.bias !== null)}`;
  }
};

// packages/nn/src/modules/loss.ts
var PLAIN = ['none', 'mean', 'sum'];
function reductionOf2(op2, sizeAverage, reduce2, reduction = 'mean', known = PLAIN) {
  for (const [name2, value] of Object.entries({ sizeAverage, reduce: reduce2 })) {
    if (value === void 0 || value === null || typeof value === 'boolean') continue;
    throw new ValueError(
      `${name2} must be a boolean or null (it is deprecated; give { reduction } instead), but got ${show(value)}`,
      { op: op2, operands: { [name2]: value } },
    );
  }
  if (typeof sizeAverage === 'boolean' || typeof reduce2 === 'boolean') {
    return reduce2 === false ? 'none' : sizeAverage === false ? 'sum' : 'mean';
  }
  if (known.includes(reduction)) return reduction;
  throw new ValueError(`${String(reduction)} is not a valid value for reduction; known are ${known.join(', ')}`, {
    op: op2,
    operands: { reduction },
  });
}
var ReducedLoss = class extends Module {
  reduction;
  constructor(op2, args) {
    super();
    const [average, reduce2, how] = named(op2, ['sizeAverage', 'reduce', 'reduction'], args);
    this.reduction = reductionOf2(op2, average, reduce2, how);
  }
};
var MSELoss = class extends ReducedLoss {
  constructor(sizeAverage, reduce2, reduction) {
    super('MSELoss', [sizeAverage, reduce2, reduction]);
  }
  forward(input, target) {
    return mseLoss(input, target, { reduction: this.reduction });
  }
};
var L1Loss = class extends ReducedLoss {
  constructor(sizeAverage, reduce2, reduction) {
    super('L1Loss', [sizeAverage, reduce2, reduction]);
  }
  forward(input, target) {
    return l1Loss(input, target, { reduction: this.reduction });
  }
};
var SmoothL1Loss = class extends Module {
  reduction;
  beta;
  constructor(sizeAverage, reduce2, reduction, beta) {
    super();
    const op2 = 'SmoothL1Loss';
    const [average, r, how, b = 1] = named(
      op2,
      ['sizeAverage', 'reduce', 'reduction', 'beta'],
      [sizeAverage, reduce2, reduction, beta],
    );
    this.reduction = reductionOf2(op2, average, r, how);
    this.beta = numeric(op2, 'beta', b);
  }
  forward(input, target) {
    return smoothL1Loss(input, target, { reduction: this.reduction, beta: this.beta });
  }
};
var HuberLoss = class extends Module {
  reduction;
  delta;
  constructor(reduction, delta) {
    super();
    const op2 = 'HuberLoss';
    const [how, d = 1] = named(op2, ['reduction', 'delta'], [reduction, delta]);
    this.reduction = reductionOf2(op2, null, null, how);
    this.delta = numeric(op2, 'delta', d);
  }
  forward(input, target) {
    return huberLoss(input, target, { reduction: this.reduction, delta: this.delta });
  }
};
var NLLLoss = class extends Module {
  ignoreIndex;
  reduction;
  constructor(weight, sizeAverage, ignoreIndex, reduce2, reduction) {
    super();
    const op2 = 'NLLLoss';
    const [w = null, average, ignored = -100, r, how] = named(
      op2,
      ['weight', 'sizeAverage', 'ignoreIndex', 'reduce', 'reduction'],
      [weight, sizeAverage, ignoreIndex, reduce2, reduction],
    );
    this.ignoreIndex = integer2(op2, 'ignoreIndex', ignored, Number.MIN_SAFE_INTEGER);
    this.reduction = reductionOf2(op2, average, r, how);
    this.registerBuffer('weight', w);
  }
  forward(input, target) {
    return nllLoss(input, target, { weight: this.weight, ignoreIndex: this.ignoreIndex, reduction: this.reduction });
  }
};
var CrossEntropyLoss = class extends Module {
  ignoreIndex;
  reduction;
  labelSmoothing;
  constructor(weight, sizeAverage, ignoreIndex, reduce2, reduction, labelSmoothing) {
    super();
    const op2 = 'CrossEntropyLoss';
    const [w = null, average, ignored = -100, r, how, smoothing = 0] = named(
      op2,
      ['weight', 'sizeAverage', 'ignoreIndex', 'reduce', 'reduction', 'labelSmoothing'],
      [weight, sizeAverage, ignoreIndex, reduce2, reduction, labelSmoothing],
    );
    this.ignoreIndex = integer2(op2, 'ignoreIndex', ignored, Number.MIN_SAFE_INTEGER);
    this.reduction = reductionOf2(op2, average, r, how);
    this.labelSmoothing = numeric(op2, 'labelSmoothing', smoothing);
    this.registerBuffer('weight', w);
  }
  forward(input, target) {
    const { weight, ignoreIndex, reduction, labelSmoothing } = this;
    return crossEntropy(input, target, { weight, ignoreIndex, reduction, labelSmoothing });
  }
};
var BCELoss = class extends Module {
  reduction;
  constructor(weight, sizeAverage, reduce2, reduction) {
    super();
    const op2 = 'BCELoss';
    const [w = null, average, r, how] = named(
      op2,
      ['weight', 'sizeAverage', 'reduce', 'reduction'],
      [weight, sizeAverage, reduce2, reduction],
    );
    this.reduction = reductionOf2(op2, average, r, how);
    this.registerBuffer('weight', w);
  }
  forward(input, target) {
    return binaryCrossEntropy(input, target, { weight: this.weight, reduction: this.reduction });
  }
};
var BCEWithLogitsLoss = class extends Module {
  reduction;
  constructor(weight, sizeAverage, reduce2, reduction, posWeight) {
    super();
    const op2 = 'BCEWithLogitsLoss';
    const [w = null, average, r, how, positive = null] = named(
      op2,
      ['weight', 'sizeAverage', 'reduce', 'reduction', 'posWeight'],
      [weight, sizeAverage, reduce2, reduction, posWeight],
    );
    this.reduction = reductionOf2(op2, average, r, how);
    this.registerBuffer('weight', w);
    this.registerBuffer('pos_weight', positive);
  }
  /** Factor of the loss of positive targets; its key in the state dict is PyTorch's, `pos_weight`. */
  get posWeight() {
    return this.pos_weight;
  }
  forward(input, target) {
    const { weight, reduction, posWeight } = this;
    return binaryCrossEntropyWithLogits(input, target, { weight, reduction, posWeight });
  }
};
var KLDivLoss = class extends Module {
  reduction;
  logTarget;
  constructor(sizeAverage, reduce2, reduction, logTarget) {
    super();
    const op2 = 'KLDivLoss';
    const [average, r, how, logs = false] = named(
      op2,
      ['sizeAverage', 'reduce', 'reduction', 'logTarget'],
      [sizeAverage, reduce2, reduction, logTarget],
    );
    this.reduction = reductionOf2(op2, average, r, how, [...PLAIN, 'batchmean']);
    this.logTarget = flag2(op2, 'logTarget', logs);
  }
  forward(input, target) {
    return klDiv(input, target, { reduction: this.reduction, logTarget: this.logTarget });
  }
};

// packages/nn/src/modules/norm.ts
var BATCH_NORM_NAMES = ['numFeatures', 'eps', 'momentum', 'affine', 'trackRunningStats', 'dtype'];
var NormNd = class extends Module {
  numFeatures;
  eps;
  momentum;
  affine;
  trackRunningStats;
  /** `[numFeatures]`, at first ones; or null. */
  weight;
  /** `[numFeatures]`, at first zeros; or null. */
  bias;
  constructor(op2, args, learns) {
    super();
    const [features2, eps = 1e-5, momentum = 0.1, affine2 = learns, track2 = learns, dtype] = named(
      op2,
      BATCH_NORM_NAMES,
      args,
    );
    this.numFeatures = integer2(op2, 'numFeatures', required(op2, 'numFeatures', features2));
    this.eps = numeric(op2, 'eps', eps);
    this.momentum = momentum === null ? null : numeric(op2, 'momentum', momentum);
    this.affine = flag2(op2, 'affine', affine2);
    this.trackRunningStats = flag2(op2, 'trackRunningStats', track2);
    const shape = [this.numFeatures];
    const options = { dtype: dtype ?? 'float32' };
    this.weight = affine2 ? new Parameter(ones(shape, options)) : null;
    this.bias = affine2 ? new Parameter(zeros(shape, options)) : null;
    this.registerBuffer('running_mean', track2 ? zeros(shape, options) : null);
    this.registerBuffer('running_var', track2 ? ones(shape, options) : null);
    this.registerBuffer('num_batches_tracked', track2 ? tensor(0n) : null);
  }
  /** Running mean of each channel; null without running statistics. */
  get runningMean() {
    return this.running_mean;
  }
  /** Running variance of each channel; null without running statistics. */
  get runningVar() {
    return this.running_var;
  }
  /** How many batches the running statistics have seen; null without them. */
  get numBatchesTracked() {
    return this.num_batches_tracked;
  }
  /** Forgets all batches. */
  resetRunningStats() {
    this.running_mean?.zero_();
    this.running_var?.fill_(1);
    this.num_batches_tracked?.zero_();
  }
  /** Forgets all batches, and sets factors to 1 and biases to 0. */
  resetParameters() {
    this.resetRunningStats();
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }
  checkDims(input, dims) {
    if (dims.includes(input.ndim)) return;
    throw new ShapeError(
      `expected ${dims.map((n) => `${n}D`).join(' or ')} input (got ${input.ndim}D input of shape ${formatShape(input.shape)})`,
      { op: this.className, operands: { input: input.shape } },
    );
  }
  extraRepr() {
    const momentum = this.momentum === null ? 'None' : pythonFloat(this.momentum);
    return `${this.numFeatures}, eps=${pythonFloat(this.eps)}, momentum=${momentum}, affine=${python(this.affine)}, track_running_stats=${python(this.trackRunningStats)}`;
  }
};
var BatchNormNd = class extends NormNd {
  forward(input) {
    this.checkInputDim(input);
    const counter = this.training && this.trackRunningStats ? this.num_batches_tracked : null;
    let momentum = this.momentum ?? 0;
    if (counter !== null && this.momentum === null) momentum = 1 / (counter.item() + 1);
    const usesRunning = !this.training || this.trackRunningStats;
    const out = batchNorm(
      input,
      usesRunning ? this.running_mean : null,
      usesRunning ? this.running_var : null,
      this.weight,
      this.bias,
      this.training || (this.running_mean === null && this.running_var === null),
      momentum,
      this.eps,
    );
    counter?.add_(1);
    return out;
  }
};
var BatchNorm1d = class extends BatchNormNd {
  constructor(numFeatures, eps, momentum, affine2, trackRunningStats, options) {
    super('BatchNorm1d', [numFeatures, eps, momentum, affine2, trackRunningStats, options], true);
  }
  checkInputDim(input) {
    this.checkDims(input, [2, 3]);
  }
};
var BatchNorm2d = class extends BatchNormNd {
  constructor(numFeatures, eps, momentum, affine2, trackRunningStats, options) {
    super('BatchNorm2d', [numFeatures, eps, momentum, affine2, trackRunningStats, options], true);
  }
  checkInputDim(input) {
    this.checkDims(input, [4]);
  }
};
var InstanceNormNd = class extends NormNd {
  #spatial;
  constructor(op2, spatial, args) {
    super(op2, args, false);
    this.#spatial = spatial;
  }
  forward(input) {
    const spatial = this.#spatial;
    this.checkDims(input, [spatial + 1, spatial + 2]);
    const unbatched = input.ndim === spatial + 1;
    const out = instanceNorm(unbatched ? input.unsqueeze(0) : input, {
      runningMean: this.running_mean,
      runningVar: this.running_var,
      weight: this.weight,
      bias: this.bias,
      useInputStats: this.training || !this.trackRunningStats,
      momentum: this.momentum ?? 0,
      eps: this.eps,
    });
    return unbatched ? out.squeeze(0) : out;
  }
};
var InstanceNorm1d = class extends InstanceNormNd {
  constructor(numFeatures, eps, momentum, affine2, trackRunningStats, options) {
    super('InstanceNorm1d', 1, [numFeatures, eps, momentum, affine2, trackRunningStats, options]);
  }
};
var InstanceNorm2d = class extends InstanceNormNd {
  constructor(numFeatures, eps, momentum, affine2, trackRunningStats, options) {
    super('InstanceNorm2d', 2, [numFeatures, eps, momentum, affine2, trackRunningStats, options]);
  }
};
var LayerNorm = class extends Module {
  normalizedShape;
  eps;
  elementwiseAffine;
  weight;
  bias;
  constructor(normalizedShape, eps, elementwiseAffine, bias, options) {
    super();
    const op2 = 'LayerNorm';
    const [shape, e = 1e-5, affine2 = true, withBias = true, dtype] = named(
      op2,
      ['normalizedShape', 'eps', 'elementwiseAffine', 'bias', 'dtype'],
      [normalizedShape, eps, elementwiseAffine, bias, options],
    );
    const sizes3 = required(op2, 'normalizedShape', shape);
    this.normalizedShape = typeof sizes3 === 'number' ? [sizes3] : sizes3;
    this.eps = numeric(op2, 'eps', e);
    this.elementwiseAffine = flag2(op2, 'elementwiseAffine', affine2);
    const created = { dtype: dtype ?? 'float32' };
    this.weight = affine2 ? new Parameter(ones(this.normalizedShape, created)) : null;
    this.bias = affine2 && flag2(op2, 'bias', withBias) ? new Parameter(zeros(this.normalizedShape, created)) : null;
  }
  /** Sets factors to 1 and biases to 0. */
  resetParameters() {
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }
  forward(input) {
    return layerNorm(input, this.normalizedShape, this.weight, this.bias, this.eps);
  }
  extraRepr() {
    return `${python(this.normalizedShape)}, eps=${pythonFloat(this.eps)}, elementwise_affine=${python(this.elementwiseAffine)}`;
  }
};
var GroupNorm = class extends Module {
  numGroups;
  numChannels;
  eps;
  affine;
  weight;
  bias;
  constructor(numGroups, numChannels, eps, affine2, options) {
    super();
    const op2 = 'GroupNorm';
    const [groups, channels, e = 1e-5, learns = true, dtype] = named(
      op2,
      ['numGroups', 'numChannels', 'eps', 'affine', 'dtype'],
      [numGroups, numChannels, eps, affine2, options],
    );
    this.numGroups = integer2(op2, 'numGroups', required(op2, 'numGroups', groups), 1);
    this.numChannels = integer2(op2, 'numChannels', required(op2, 'numChannels', channels));
    if (this.numChannels % this.numGroups !== 0) {
      throw new ShapeError(
        `numChannels must be divisible by numGroups, but got ${this.numChannels} and ${this.numGroups}`,
        { op: op2, operands: { numChannels: channels, numGroups: groups } },
      );
    }
    this.eps = numeric(op2, 'eps', e);
    this.affine = flag2(op2, 'affine', learns);
    const created = { dtype: dtype ?? 'float32' };
    this.weight = learns ? new Parameter(ones([this.numChannels], created)) : null;
    this.bias = learns ? new Parameter(zeros([this.numChannels], created)) : null;
  }
  /** Sets factors to 1 and biases to 0. */
  resetParameters() {
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }
  forward(input) {
    return groupNorm(input, this.numGroups, this.weight, this.bias, this.eps);
  }
  extraRepr() {
    return `${this.numGroups}, ${this.numChannels}, eps=${pythonFloat(this.eps)}, affine=${python(this.affine)}`;
  }
};

// packages/nn/src/modules/padding.ts
var PadNd = class extends Module {
  /** Before and after the last dimension, then before and after the last but one. */
  padding;
  #mode;
  constructor(op2, spatial, mode2, padding) {
    super();
    this.padding = tuple(op2, 'padding', required(op2, 'padding', padding), 2 * spatial, Number.NEGATIVE_INFINITY);
    this.#mode = mode2;
  }
  forward(input) {
    return pad(input, this.padding, this.#mode);
  }
  extraRepr() {
    return python(this.padding);
  }
};
function onlyPadding(op2, padding) {
  const [value] = named(op2, ['padding'], [padding]);
  return value;
}
var ConstantPadNd = class extends PadNd {
  value;
  constructor(op2, spatial, args) {
    const [padding, value] = named(op2, ['padding', 'value'], args);
    super(op2, spatial, 'constant', padding);
    this.value = numeric(op2, 'value', required(op2, 'value', value));
  }
  forward(input) {
    return pad(input, this.padding, 'constant', this.value);
  }
  extraRepr() {
    return `padding=${python(this.padding)}, value=${python(this.value)}`;
  }
};
var ConstantPad1d = class extends ConstantPadNd {
  constructor(padding, value) {
    super('ConstantPad1d', 1, [padding, value]);
  }
};
var ConstantPad2d = class extends ConstantPadNd {
  constructor(padding, value) {
    super('ConstantPad2d', 2, [padding, value]);
  }
};
var ZeroPad1d = class extends PadNd {
  constructor(padding) {
    super('ZeroPad1d', 1, 'constant', onlyPadding('ZeroPad1d', padding));
  }
};
var ZeroPad2d = class extends PadNd {
  constructor(padding) {
    super('ZeroPad2d', 2, 'constant', onlyPadding('ZeroPad2d', padding));
  }
};
var ReflectionPad1d = class extends PadNd {
  constructor(padding) {
    super('ReflectionPad1d', 1, 'reflect', onlyPadding('ReflectionPad1d', padding));
  }
};
var ReflectionPad2d = class extends PadNd {
  constructor(padding) {
    super('ReflectionPad2d', 2, 'reflect', onlyPadding('ReflectionPad2d', padding));
  }
};
var ReplicationPad1d = class extends PadNd {
  constructor(padding) {
    super('ReplicationPad1d', 1, 'replicate', onlyPadding('ReplicationPad1d', padding));
  }
};
var ReplicationPad2d = class extends PadNd {
  constructor(padding) {
    super('ReplicationPad2d', 2, 'replicate', onlyPadding('ReplicationPad2d', padding));
  }
};
var CircularPad1d = class extends PadNd {
  constructor(padding) {
    super('CircularPad1d', 1, 'circular', onlyPadding('CircularPad1d', padding));
  }
};
var CircularPad2d = class extends PadNd {
  constructor(padding) {
    super('CircularPad2d', 2, 'circular', onlyPadding('CircularPad2d', padding));
  }
};

// packages/nn/src/modules/pool.ts
var MAX_POOL_NAMES2 = ['kernelSize', 'stride', 'padding', 'dilation', 'returnIndices', 'ceilMode'];
var MaxPoolNd = class extends Module {
  kernelSize;
  stride;
  padding;
  dilation;
  returnIndices;
  ceilMode;
  constructor(op2, spatial, args) {
    super();
    const [k, s = null, p = 0, d = 1, indices = false, ceil2 = false] = named(op2, MAX_POOL_NAMES2, args);
    this.kernelSize = required(op2, 'kernelSize', k);
    this.stride = s ?? this.kernelSize;
    this.padding = p;
    this.dilation = d;
    this.returnIndices = flag2(op2, 'returnIndices', indices);
    this.ceilMode = flag2(op2, 'ceilMode', ceil2);
    tuple(op2, 'kernelSize', this.kernelSize, spatial, 1);
    tuple(op2, 'stride', this.stride, spatial, 1);
    tuple(op2, 'padding', p, spatial);
    tuple(op2, 'dilation', d, spatial, 1);
  }
  pool(input, pooling) {
    const { kernelSize, stride, padding, dilation, ceilMode, returnIndices } = this;
    return pooling(input, kernelSize, { stride, padding, dilation, ceilMode, returnIndices });
  }
  extraRepr() {
    return `kernel_size=${python(this.kernelSize)}, stride=${python(this.stride)}, padding=${python(this.padding)}, dilation=${python(this.dilation)}, ceil_mode=${python(this.ceilMode)}`;
  }
};
var MaxPool1d = class extends MaxPoolNd {
  constructor(kernelSize, stride, padding, dilation, returnIndices, ceilMode) {
    super('MaxPool1d', 1, [kernelSize, stride, padding, dilation, returnIndices, ceilMode]);
  }
  forward(input) {
    return this.pool(input, maxPool1d);
  }
};
var MaxPool2d = class extends MaxPoolNd {
  constructor(kernelSize, stride, padding, dilation, returnIndices, ceilMode) {
    super('MaxPool2d', 2, [kernelSize, stride, padding, dilation, returnIndices, ceilMode]);
  }
  forward(input) {
    return this.pool(input, maxPool2d);
  }
};
var AVG_POOL_NAMES2 = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad', 'divisorOverride'];
var AvgPool1d = class extends Module {
  kernelSize;
  stride;
  padding;
  ceilMode;
  countIncludePad;
  constructor(kernelSize, stride, padding, ceilMode, countIncludePad) {
    super();
    const op2 = 'AvgPool1d';
    const [k, s = null, p = 0, ceil2 = false, count2 = true] = named(op2, AVG_POOL_NAMES2.slice(0, -1), [
      kernelSize,
      stride,
      padding,
      ceilMode,
      countIncludePad,
    ]);
    this.kernelSize = tuple(op2, 'kernelSize', required(op2, 'kernelSize', k), 1, 1);
    this.stride = tuple(op2, 'stride', s ?? this.kernelSize, 1, 1);
    this.padding = tuple(op2, 'padding', p, 1);
    this.ceilMode = flag2(op2, 'ceilMode', ceil2);
    this.countIncludePad = flag2(op2, 'countIncludePad', count2);
  }
  forward(input) {
    return avgPool1d(input, this.kernelSize, this.stride, this.padding, this.ceilMode, this.countIncludePad);
  }
  extraRepr() {
    return `kernel_size=${python(this.kernelSize)}, stride=${python(this.stride)}, padding=${python(this.padding)}`;
  }
};
var AvgPool2d = class extends Module {
  kernelSize;
  stride;
  padding;
  ceilMode;
  countIncludePad;
  divisorOverride;
  constructor(kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride) {
    super();
    const op2 = 'AvgPool2d';
    const [k, s = null, p = 0, ceil2 = false, count2 = true, divisor = null] = named(op2, AVG_POOL_NAMES2, [
      kernelSize,
      stride,
      padding,
      ceilMode,
      countIncludePad,
      divisorOverride,
    ]);
    this.kernelSize = required(op2, 'kernelSize', k);
    this.stride = s ?? this.kernelSize;
    this.padding = p;
    this.ceilMode = flag2(op2, 'ceilMode', ceil2);
    this.countIncludePad = flag2(op2, 'countIncludePad', count2);
    this.divisorOverride = divisor;
    tuple(op2, 'kernelSize', this.kernelSize, 2, 1);
    tuple(op2, 'stride', this.stride, 2, 1);
    tuple(op2, 'padding', p, 2);
  }
  forward(input) {
    const { stride, padding, ceilMode, countIncludePad, divisorOverride } = this;
    return avgPool2d(input, this.kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride);
  }
  extraRepr() {
    return `kernel_size=${python(this.kernelSize)}, stride=${python(this.stride)}, padding=${python(this.padding)}`;
  }
};
var AdaptiveAvgPoolNd = class extends Module {
  outputSize;
  constructor(op2, outputSize) {
    super();
    const [size] = named(op2, ['outputSize'], [outputSize]);
    this.outputSize = required(op2, 'outputSize', size);
  }
  extraRepr() {
    return `output_size=${python(this.outputSize)}`;
  }
};
var AdaptiveAvgPool1d = class extends AdaptiveAvgPoolNd {
  constructor(outputSize) {
    super('AdaptiveAvgPool1d', outputSize);
  }
  forward(input) {
    return adaptiveAvgPool1d(input, this.outputSize);
  }
};
var AdaptiveAvgPool2d = class extends AdaptiveAvgPoolNd {
  constructor(outputSize) {
    super('AdaptiveAvgPool2d', outputSize);
  }
  forward(input) {
    return adaptiveAvgPool2d(input, this.outputSize);
  }
};
var AdaptiveMaxPoolNd = class extends Module {
  outputSize;
  returnIndices;
  constructor(op2, args) {
    super();
    const [size, indices = false] = named(op2, ['outputSize', 'returnIndices'], args);
    this.outputSize = required(op2, 'outputSize', size);
    this.returnIndices = flag2(op2, 'returnIndices', indices);
  }
  extraRepr() {
    return `output_size=${python(this.outputSize)}`;
  }
};
var AdaptiveMaxPool1d = class extends AdaptiveMaxPoolNd {
  constructor(outputSize, returnIndices) {
    super('AdaptiveMaxPool1d', [outputSize, returnIndices]);
  }
  forward(input) {
    return adaptiveMaxPool1d(input, this.outputSize, this.returnIndices);
  }
};
var AdaptiveMaxPool2d = class extends AdaptiveMaxPoolNd {
  constructor(outputSize, returnIndices) {
    super('AdaptiveMaxPool2d', [outputSize, returnIndices]);
  }
  forward(input) {
    return adaptiveMaxPool2d(input, this.outputSize, this.returnIndices);
  }
};

// packages/nn/src/modules/sparse.ts
var EMBEDDING_NAMES = [
  'numEmbeddings',
  'embeddingDim',
  'paddingIdx',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'sparse',
  'dtype',
];
var Embedding = class _Embedding extends Module {
  numEmbeddings;
  embeddingDim;
  paddingIdx;
  maxNorm;
  normType;
  scaleGradByFreq;
  /** `[numEmbeddings, embeddingDim]` */
  weight;
  constructor(numEmbeddings, embeddingDim, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse, options) {
    super();
    const op2 = 'Embedding';
    const [rows2, width, padding = null, most = null, order = 2, scales = false, isSparse = false, dtype] = named(
      op2,
      EMBEDDING_NAMES,
      [numEmbeddings, embeddingDim, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse, options],
    );
    this.numEmbeddings = integer2(op2, 'numEmbeddings', required(op2, 'numEmbeddings', rows2));
    this.embeddingDim = integer2(op2, 'embeddingDim', required(op2, 'embeddingDim', width));
    this.paddingIdx = padding === null ? null : this.#checkPadding(padding);
    this.maxNorm = most === null ? null : numeric(op2, 'maxNorm', most);
    this.normType = numeric(op2, 'normType', order);
    this.scaleGradByFreq = flag2(op2, 'scaleGradByFreq', scales);
    if (isSparse) throw new NotImplementedError('has no sparse gradients; leave sparse out', { op: op2 });
    this.weight = new Parameter(empty([this.numEmbeddings, this.embeddingDim], { dtype: dtype ?? 'float32' }));
    this.resetParameters();
  }
  #checkPadding(paddingIdx) {
    const rows2 = this.numEmbeddings;
    if (!Number.isInteger(paddingIdx) || paddingIdx >= rows2 || paddingIdx < -rows2) {
      throw new ValueError(`paddingIdx must be within numEmbeddings, but got ${paddingIdx} of ${rows2}`, {
        op: 'Embedding',
        operands: { paddingIdx, numEmbeddings: rows2 },
      });
    }
    return paddingIdx < 0 ? paddingIdx + rows2 : paddingIdx;
  }
  /**
   * A table with the rows given.
   *
   * @param freeze whether it stays as it is, without a gradient; true by default
   * @throws ShapeError when `embeddings` is no matrix
   */
  static fromPretrained(embeddings, freeze, options) {
    const op2 = 'Embedding.fromPretrained';
    if (embeddings.ndim !== 2) {
      throw new ShapeError(
        `Embeddings parameter is expected to be 2-dimensional, but got ${formatShape(embeddings.shape)}`,
        {
          op: op2,
          operands: { embeddings: embeddings.shape },
        },
      );
    }
    const [isFrozen = true, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse] = named(
      op2,
      ['freeze', ...EMBEDDING_NAMES.slice(2, -1)],
      [freeze, options],
    );
    const [numEmbeddings, embeddingDim] = embeddings.shape;
    const table = new _Embedding(0, embeddingDim, null, {
      maxNorm,
      normType,
      scaleGradByFreq,
      sparse,
      dtype: embeddings.dtype,
    });
    Object.assign(table, { numEmbeddings, weight: new Parameter(embeddings, !isFrozen) });
    const padding = paddingIdx === void 0 || paddingIdx === null ? null : table.#checkPadding(paddingIdx);
    return Object.assign(table, { paddingIdx: padding });
  }
  /** Draws the table anew; the padding row becomes zero. */
  resetParameters() {
    normal_2(this.weight);
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => this.weight.select(0, paddingIdx).fill_(0));
  }
  forward(input) {
    return embedding2(input, this.weight, this.paddingIdx, this.maxNorm, this.normType, this.scaleGradByFreq);
  }
  extraRepr() {
    const parts = [`${this.numEmbeddings}, ${this.embeddingDim}`];
    if (this.paddingIdx !== null) parts.push(`padding_idx=${this.paddingIdx}`);
    if (this.maxNorm !== null) parts.push(`max_norm=${pythonFloat(this.maxNorm)}`);
    if (this.normType !== 2) parts.push(`norm_type=${pythonNumber(this.normType)}`);
    if (this.scaleGradByFreq) parts.push('scale_grad_by_freq=True');
    return parts.join(', ');
  }
};

// packages/nn/src/utils.ts
var utils_exports = {};
__export(utils_exports, {
  clipGradNorm_: () => clipGradNorm_,
  clipGradValue_: () => clipGradValue_,
  countParameters: () => countParameters,
  parametersToVector: () => parametersToVector,
  vectorToParameters: () => vectorToParameters,
});
function listOf(parameters) {
  return parameters instanceof Tensor ? [parameters] : [...parameters];
}
function gradientsOf(parameters) {
  return listOf(parameters).flatMap((parameter) => parameter.grad ?? []);
}
function clipGradNorm_(parameters, maxNorm, normType, errorIfNonfinite) {
  const op2 = 'clipGradNorm_';
  const [most, order = 2, strict2 = false] = named(
    op2,
    ['maxNorm', 'normType', 'errorIfNonfinite'],
    [maxNorm, normType, errorIfNonfinite],
  );
  const limit2 = numeric(op2, 'maxNorm', required(op2, 'maxNorm', most));
  numeric(op2, 'normType', order);
  const grads = gradientsOf(parameters);
  if (grads.length === 0) return tensor(0);
  return noGrad(() => {
    const total = norm2(stack2(grads.map((grad) => norm2(grad, order))), order);
    if (flag2(op2, 'errorIfNonfinite', strict2) && !Number.isFinite(total.item())) {
      throw new ValueError(
        `The total norm of order ${order} for gradients from parameters is non-finite, so it cannot be clipped; to scale them anyway, leave errorIfNonfinite out`,
        { op: op2, operands: { normType: order, total: total.item() } },
      );
    }
    const factor = clamp_(div(limit2, total.add(1e-6)), null, 1);
    for (const grad of grads) grad.detach().mul_(factor);
    return total;
  });
}
function clipGradValue_(parameters, clipValue) {
  const op2 = 'clipGradValue_';
  const [value] = named(op2, ['clipValue'], [clipValue]);
  const limit2 = numeric(op2, 'clipValue', required(op2, 'clipValue', value));
  noGrad(() => {
    for (const grad of gradientsOf(parameters)) clamp_(grad.detach(), -limit2, limit2);
  });
}
function parametersToVector(parameters) {
  return cat2(listOf(parameters).map((parameter) => parameter.reshape(-1)));
}
function vectorToParameters(vec, parameters) {
  const op2 = 'vectorToParameters';
  tensorArgument(op2, 'vec', vec);
  const list2 = listOf(parameters);
  const size = list2.reduce((sum3, parameter) => sum3 + parameter.numel(), 0);
  if (vec.ndim !== 1 || vec.shape[0] < size) {
    throw new ShapeError(`needs a vector of ${size} elements, but got shape [${vec.shape.join(', ')}]`, {
      op: op2,
      operands: { vec: vec.shape, size },
    });
  }
  let at3 = 0;
  for (const parameter of list2) {
    const count2 = parameter.numel();
    parameter.data = vec.narrow(0, at3, count2).viewAs(parameter).data;
    at3 += count2;
  }
}
function countParameters(of, options) {
  const [trainable = false] = named('countParameters', ['trainable'], [options]);
  const list2 = new Set(isModule2(of) ? of.parameters() : listOf(of));
  let count2 = 0;
  for (const parameter of list2) if (!trainable || parameter.requiresGrad) count2 += parameter.numel();
  return count2;
}

// packages/optim/src/index.ts
var src_exports2 = {};
__export(src_exports2, {
  Adam: () => Adam,
  AdamW: () => AdamW,
  Optimizer: () => Optimizer,
  SGD: () => SGD,
});

// packages/optim/src/optimizer.ts
var snake = (name2) => name2.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
var camel = (name2) => name2.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
var Optimizer = class {
  /** Groups of parameters with their options, which may be changed between steps. */
  paramGroups = [];
  /** State by parameter. */
  state = /* @__PURE__ */ new Map();
  /** Options that a group falls back on. */
  defaults;
  constructor(params, defaults) {
    this.defaults = defaults;
    this.checkOptions(defaults);
    if (isTensor(params)) {
      throw new ValueError('params should be an iterable of tensors or groups, but got a tensor; put it in a list', {
        op: this.name,
      });
    }
    const list2 = [...params];
    if (list2.length === 0) throw new ValueError('got an empty parameter list', { op: this.name });
    if (list2.every(isTensor)) this.addParamGroup({ params: list2 });
    else for (const group of list2) this.addParamGroup(group);
  }
  /** The name that errors begin with. */
  get name() {
    return this.constructor.name;
  }
  /** Adds a group of parameters, for instance layers that are thawed during training. */
  addParamGroup(group) {
    if (!isOptions(group)) {
      throw new ValueError(`a parameter group must be an object with params, but got ${String(group)}`, {
        op: this.name,
      });
    }
    const { params, ...options } = group;
    const known = Object.keys(this.defaults);
    for (const key of Object.keys(options)) {
      if (!known.includes(key)) {
        throw new ValueError(`unknown option '${key}'; known options are ${known.join(', ')}`, { op: this.name });
      }
    }
    const list2 = isTensor(params) ? [params] : [...params];
    const merged = { ...this.defaults, ...options };
    this.checkOptions(merged);
    const seen = new Set(this.paramGroups.flatMap((other) => other.params));
    for (const param of list2) {
      if (!isTensor(param))
        throw new ValueError(`can only optimize tensors, but got ${String(param)}`, { op: this.name });
      if (!param.isLeaf) throw new ValueError("can't optimize a non-leaf tensor", { op: this.name });
      if (!param.isFloatingPoint()) {
        throw new DTypeError(`can only optimize floating point tensors, but got ${param.dtype}`, { op: this.name });
      }
      if (seen.has(param)) {
        throw new ValueError('a parameter appears more than once, in one group or in several', { op: this.name });
      }
      seen.add(param);
    }
    this.paramGroups.push({ ...merged, params: list2 });
  }
  step(closure) {
    const loss = closure === void 0 ? void 0 : enableGrad(closure);
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        const grad = param.grad;
        if (grad !== null) this.update(param, grad, group);
      }
    }
    return loss;
  }
  /** Drops all gradients (`setToNone`, the default), or sets them to zero. */
  zeroGrad(setToNone = true) {
    const [drop2 = true] = named('zeroGrad', ['setToNone'], [setToNone]);
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        if (param.grad === null) continue;
        if (drop2) param.grad = null;
        else param.grad.detach_().zero_();
      }
    }
  }
  /** State of a parameter, made at first use. It outlives any scope. */
  stateOf(param, make) {
    let state = this.state.get(param);
    if (state === void 0) {
      state = keep(make());
      this.state.set(param, state);
    }
    return state;
  }
  /** State and options under PyTorch's keys; the tensors are shared, not copied. */
  stateDict() {
    const numbers2 = /* @__PURE__ */ new Map();
    for (const group of this.paramGroups) for (const param of group.params) numbers2.set(param, numbers2.size);
    const state = {};
    for (const [param, entries] of this.state) {
      const number = numbers2.get(param);
      if (number === void 0) continue;
      state[number] = { ...entries };
      const { step } = entries;
      if (typeof step === 'number') state[number]['step'] = tensor(step);
    }
    const groups = this.paramGroups.map((group) => {
      const { params, ...options } = group;
      const entry2 = {};
      for (const [key, value] of Object.entries(options)) entry2[snake(key)] = value;
      return { ...entry2, params: params.map((param) => numbers2.get(param)) };
    });
    return { state, param_groups: groups };
  }
  /**
   * Takes over state and options. The state is copied.
   *
   * @throws ValueError when the groups do not match those of this optimiser
   */
  loadStateDict(stateDict) {
    const saved = stateDict.param_groups;
    if (saved.length !== this.paramGroups.length) {
      throw new ValueError(
        `loaded state dict has ${saved.length} parameter groups, expected ${this.paramGroups.length}`,
        {
          op: 'loadStateDict',
        },
      );
    }
    const byNumber2 = /* @__PURE__ */ new Map();
    saved.forEach((group, i) => {
      const own = this.paramGroups[i].params;
      if (group.params.length !== own.length) {
        throw new ValueError(`loaded group ${i} has ${group.params.length} parameters, expected ${own.length}`, {
          op: 'loadStateDict',
        });
      }
      for (const [j, number] of group.params.entries()) byNumber2.set(number, own[j]);
    });
    const loaded = /* @__PURE__ */ new Map();
    for (const [number, entries] of Object.entries(stateDict.state)) {
      const param = byNumber2.get(Number(number));
      if (param === void 0) continue;
      loaded.set(param, copyState(entries, param));
    }
    saved.forEach((group, i) => {
      for (const [key, value] of Object.entries(group)) {
        const name2 = camel(key);
        if (key !== 'params' && name2 in this.defaults) this.paramGroups[i][name2] = value;
      }
    });
    this.state.clear();
    for (const [param, entries] of loaded) this.state.set(param, entries);
  }
  toString() {
    const groups = this.paramGroups.map((group, i) => {
      const options = Object.entries(group).filter(([key]) => key !== 'params');
      const lines = options.map(([key, value]) => `    ${snake(key)}: ${formatOption(value)}`).sort();
      return `Parameter Group ${i}
${lines.join('\n')}
`;
    });
    return `${this.name} (
${groups.join('\n')})`;
  }
};
function copyState(entries, param) {
  const copy2 = {};
  for (const [key, value] of Object.entries(entries)) {
    if (key === 'step') copy2[key] = isTensor(value) ? value.item() : value;
    else if (!isTensor(value)) copy2[key] = value;
    else {
      if (value.shape.join() !== param.shape.join()) {
        throw new ShapeError(
          `${key} has shape [${value.shape.join(', ')}], but its parameter has shape [${param.shape.join(', ')}]`,
          { op: 'loadStateDict' },
        );
      }
      copy2[key] = value.detach().to(param.dtype, { copy: true });
    }
  }
  return copy2;
}
function formatOption(value) {
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (value === null) return 'None';
  if (Array.isArray(value)) return `(${value.map(formatOption).join(', ')})`;
  return String(value);
}
function checkAtLeast(op2, name2, value, least = 0) {
  if (typeof value !== 'number' || !(value >= least)) {
    throw new ValueError(`invalid ${name2}: ${String(value)}; it must be a number of at least ${least}`, {
      op: op2,
      operands: { [name2]: value },
    });
  }
}

// packages/optim/src/adam.ts
var NAMES2 = ['lr', 'betas', 'eps', 'weightDecay', 'amsgrad', 'maximize'];
var Adam = class extends Optimizer {
  constructor(params, lr, betas, eps, weightDecay, amsgrad, options) {
    super(params, adamOptions('Adam', 0, [lr, betas, eps, weightDecay, amsgrad, options]));
  }
  /** Whether weight decay acts on the parameter itself and not through the gradient. */
  get decoupled() {
    return false;
  }
  checkOptions(options) {
    checkAtLeast(this.name, 'learning rate', options.lr);
    checkAtLeast(this.name, 'epsilon', options.eps);
    checkAtLeast(this.name, 'weightDecay', options.weightDecay);
    options.betas.forEach((beta, i) => {
      if (!(beta >= 0 && beta < 1)) {
        throw new ValueError(`invalid beta parameter at index ${i}: ${beta}; it must be in [0, 1)`, { op: this.name });
      }
    });
  }
  update(param, grad, group) {
    const { lr, betas, eps, weightDecay, amsgrad, maximize } = group;
    const state = this.stateOf(param, () => ({
      step: 0,
      exp_avg: zerosLike(param),
      exp_avg_sq: zerosLike(param),
    }));
    state.step++;
    const { step, exp_avg: expAvg, exp_avg_sq: expAvgSq } = state;
    if (amsgrad) state['max_exp_avg_sq'] ??= keep(zerosLike(param));
    const maxExpAvgSq = amsgrad ? state['max_exp_avg_sq'] : null;
    const { decoupled } = this;
    adamStep(
      param,
      grad,
      { expAvg, expAvgSq, maxExpAvgSq },
      { step, lr, betas, eps, weightDecay, decoupled, maximize },
    );
  }
};
var AdamW = class extends Adam {
  constructor(params, lr, betas, eps, weightDecay, amsgrad, options) {
    const all2 = adamOptions('AdamW', 0.01, [lr, betas, eps, weightDecay, amsgrad, options]);
    super(params, all2);
  }
  get decoupled() {
    return true;
  }
};
function adamOptions(op2, decay, args) {
  const [lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = decay, amsgrad = false, maximize = false] = named(
    op2,
    NAMES2,
    args,
  );
  return { lr, betas, eps, weightDecay, amsgrad, maximize };
}

// packages/optim/src/sgd.ts
var NAMES3 = ['lr', 'momentum', 'dampening', 'weightDecay', 'nesterov', 'maximize'];
var SGD = class extends Optimizer {
  constructor(params, lr, momentum, dampening, weightDecay, nesterov, options) {
    const [a = 1e-3, b = 0, c = 0, d = 0, e = false, f = false] = named('SGD', NAMES3, [
      lr,
      momentum,
      dampening,
      weightDecay,
      nesterov,
      options,
    ]);
    super(params, { lr: a, momentum: b, dampening: c, weightDecay: d, nesterov: e, maximize: f });
  }
  checkOptions(options) {
    checkAtLeast('SGD', 'learning rate', options.lr);
    checkAtLeast('SGD', 'momentum', options.momentum);
    checkAtLeast('SGD', 'weightDecay', options.weightDecay);
    if (options.nesterov && (options.momentum <= 0 || options.dampening !== 0)) {
      throw new ValueError('nesterov momentum requires a momentum and zero dampening', { op: 'SGD' });
    }
  }
  update(param, grad, group) {
    const { params: _, dampening, ...options } = group;
    if (group.momentum === 0) {
      sgdStep(param, grad, null, options);
      return;
    }
    const state = this.stateOf(param, () => ({ momentum_buffer: null }));
    const isFirst = state.momentum_buffer === null;
    state.momentum_buffer ??= keep(zerosLike(param));
    sgdStep(param, grad, state.momentum_buffer, { ...options, dampening: isFirst ? 0 : dampening });
  }
};

// benchmarks/memory/scenarios.ts
function trainer() {
  manualSeed(0);
  const net = new src_exports.Sequential(
    new src_exports.Conv2d(1, 16, 3, { padding: 1 }),
    new src_exports.ReLU(),
    new src_exports.MaxPool2d(2),
    new src_exports.Conv2d(16, 32, 3, { padding: 1 }),
    new src_exports.ReLU(),
    new src_exports.MaxPool2d(2),
    new src_exports.Flatten(),
    new src_exports.Linear(32 * 2 * 2, 10),
  );
  const optimizer = new src_exports2.SGD(net.parameters(), { lr: 0.01, momentum: 0.9 });
  const x = randn(64, 1, 8, 8);
  const labels = randint(10, [64]);
  return () => {
    optimizer.zeroGrad();
    src_exports.functional.crossEntropy(net(x), labels).backward();
    optimizer.step();
  };
}
function sampler({ samples: samples2, resident, report }) {
  let from = 0;
  let fromMs = performance.now();
  return (step) => {
    if (!samples2.includes(step)) return;
    const now = performance.now();
    const { usedBytes, heapBytes, pagedOutBytes: pagedOutBytes2 } = memory2();
    const msPerStep = (now - fromMs) / (step - from);
    report({ step, msPerStep, residentBytes: resident(), usedBytes, heapBytes, pagedOutBytes: pagedOutBytes2 });
    from = step;
    fromMs = performance.now();
  };
}
function synchronous(context) {
  const step = trainer();
  const sample = sampler(context);
  for (let i = 1; i <= context.steps; i++) {
    step();
    sample(i);
  }
}
function scoped(context) {
  const step = trainer();
  const sample = sampler(context);
  for (let i = 1; i <= context.steps; i++) {
    const s = scope();
    step();
    s.end();
    sample(i);
  }
}
async function yielding(context) {
  const step = trainer();
  const sample = sampler(context);
  for (let i = 1; i <= context.steps; i++) {
    step();
    await new Promise((resolve2) => setTimeout(resolve2, 0));
    sample(i);
  }
}
function small(context) {
  const a = randn(4, 4);
  let b = randn(4, 4);
  const sample = sampler(context);
  const { usedBytes } = memory2();
  for (let i = 1; i <= context.steps; i++) {
    b = a.mul(b).tanh();
    sample(i);
  }
  if (memory2().usedBytes !== usedBytes) throw new Error('small tensors have taken memory of the heap');
  if (Number.isNaN(b.sum().item())) throw new Error('the numbers are wrong');
}
function overcommitted(context) {
  const count2 = 64;
  const size = 2 ** 20;
  const held = Array.from({ length: count2 }, (_, i) => zeros(size).add(i));
  const sample = sampler(context);
  for (let i = 1; i <= context.steps; i++) {
    const at3 = i % count2;
    held[at3].add_(count2);
    const want = at3 + count2 * Math.floor((i - at3) / count2 + (at3 > 0 ? 1 : 0));
    const got = held[at3].select(0, size - 1).item();
    if (got !== want) throw new Error(`element of tensor ${at3} after step ${i} is ${got}, expected ${want}`);
    sample(i);
  }
}
var scenarios = { synchronous, scoped, yielding, small, overcommitted };

// benchmarks/memory/run.ts
var [name, count, limit] = process.argv.slice(2);
var steps = Number(count);
var scenario = scenarios[name];
if (scenario === void 0 || !(steps > 0)) throw new Error(`run.ts <${Object.keys(scenarios).join('|')}> <steps>`);
if (limit !== void 0) setMemoryLimits({ softLimitBytes: Number(limit) * 2 ** 20 });
var samples = [
  .../* @__PURE__ */ new Set([
    Math.ceil(steps / 100),
    ...Array.from({ length: 10 }, (_, i) => Math.ceil((steps * (i + 1)) / 10)),
  ]),
];
await scenario({
  steps,
  samples,
  resident: () => process.memoryUsage().rss,
  report: (sample) => console.log(JSON.stringify(sample)),
});
