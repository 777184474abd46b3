import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkLength, Message, varint } from './protobuf.ts';

const bytesOf = (message: Message): number[] => [...message.finish()];

test('numbers are written in groups of seven bits, negative ones in ten', () => {
  assert.equal([...varint(0)], [0]);
  assert.equal([...varint(127)], [127]);
  assert.equal([...varint(128)], [0x80, 1]);
  assert.equal([...varint(150)], [0x96, 1]);
  assert.equal([...varint(2 ** 32)], [0x80, 0x80, 0x80, 0x80, 0x10]);
  assert.equal([...varint(-1)], [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
  assert.equal([...varint(2n ** 63n - 1n)], [255, 255, 255, 255, 255, 255, 255, 255, 127]);
});

test('fields are those of the specification: an integer, a float, text, bytes, a message, a list', () => {
  assert.equal(bytesOf(new Message().int(1, 150)), [0x08, 0x96, 0x01]);
  assert.equal(bytesOf(new Message().float(2, 1)), [0x15, 0, 0, 0x80, 0x3f]);
  assert.equal(bytesOf(new Message().bytes(2, 'testing')), [0x12, 7, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]);
  assert.equal(bytesOf(new Message().bytes(20, 'é')), [0xa2, 1, 2, 0xc3, 0xa9]);
  assert.equal(bytesOf(new Message().bytes(1, new Uint8Array([1, 2]))), [0x0a, 2, 1, 2]);
  assert.equal(bytesOf(new Message().message(3, new Message().int(1, 150))), [0x1a, 3, 0x08, 0x96, 1]);
  assert.equal(
    bytesOf(new Message().messages(3, [1, 2], (n) => new Message().int(1, n))),
    [0x1a, 2, 8, 1, 0x1a, 2, 8, 2],
  );
  assert.equal(bytesOf(new Message().message(1, new Message())), [0x0a, 0]);
});

test('a file of 2 GiB is refused before it is made, and so is one that is hardly longer than what is allowed', () => {
  checkLength(2 ** 31 - 1);
  assert.throws(() => checkLength(2 ** 31), /takes 2\.0 GiB, and a file of protocol buffers holds less than 2 GiB/);
  const block = new Uint8Array(2 ** 26);
  const message = new Message();
  for (let i = 0; i < 33; i++) message.bytes(1, block);
  assert.throws(() => message.finish(), /2\.1 GiB/);
});

test.run();
