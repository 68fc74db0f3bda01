import { expect, test } from 'bun:test';
import { parseEndpoint, parseFlow } from '../../lab/flows/command.ts';
import { BLOCK_BYTES, Content } from '../../lab/flows/content.ts';
import { newDatagram, readDatagram, stamp } from '../../lab/flows/datagram.ts';

test('endpoints: both families, and nothing else', () => {
  expect(parseEndpoint('10.79.0.2:7000')).toEqual({ host: '10.79.0.2', port: 7000 });
  expect(parseEndpoint('[fd79::2]:7')).toEqual({ host: 'fd79::2', port: 7 });
  for (const wrong of ['', '10.79.0.2', 'fd79::2:7', '[fd79::2]', '1.2.3.4:70000']) {
    expect(() => parseEndpoint(wrong)).toThrow('HOST:PORT');
  }
});

test('options: defaults, values, and a sentence for what is wrong', () => {
  expect(parseFlow(['--rate', '9'], { to: 'x', rate: 50 })).toEqual({ to: 'x', rate: 9 });
  expect(() => parseFlow(['--speed', '9'], { rate: 50 })).toThrow('no option --speed');
  expect(() => parseFlow(['--rate'], { rate: 50 })).toThrow('needs a value');
  expect(() => parseFlow(['--rate', '-1'], { rate: 50 })).toThrow('not a number');
});

test('content follows from its seed, and no two blocks are equal', () => {
  const blocks = (seed: number) => {
    const content = new Content(seed);
    return [content.nextBlock(), content.nextBlock()];
  };
  expect(blocks(1)).toEqual(blocks(1));
  expect(blocks(1)).not.toEqual(blocks(2));
  const [first, second] = blocks(1);
  expect(first).not.toEqual(second!);
  expect(first).toHaveLength(BLOCK_BYTES);
});

test('datagrams: there and back, foreign ones are refused', () => {
  const datagram = newDatagram(200);
  stamp(datagram, 70_000, 12.25);
  expect(datagram).toHaveLength(200);
  expect(readDatagram(datagram)).toEqual({ seq: 70_000, sentAtMs: 12.25 });
  expect(readDatagram(datagram.subarray(0, 23))).toBeNull();
  expect(readDatagram(new Uint8Array(200))).toBeNull();
  stamp(datagram, Number.NaN, 1);
  expect(readDatagram(datagram)).toBeNull();
});
