import { expect, test } from 'bun:test';
import { Needles } from '../../lab/needles.ts';

const SECRET = Uint8Array.from({ length: 32 }, (_, at) => (at * 37 + 201) & 0xff);

function needles(): Needles {
  const made = new Needles();
  made.add('key', SECRET);
  return made;
}

test('a secret is found however it is written, whole or its first half', () => {
  const whole = Buffer.from(SECRET);
  const half = whole.subarray(0, 16);
  for (const bytes of [whole, half]) {
    const shifted = (count: number) => Buffer.concat([Buffer.from('ab').subarray(0, count), bytes]);
    const outputs: readonly (string | Uint8Array)[] = [
      shifted(2),
      `x${bytes.toString('hex')}y`,
      bytes.toString('hex').toUpperCase(),
      bytes.toString('base64'),
      bytes.toString('base64url'),
      shifted(1).toString('base64'),
      shifted(2).toString('base64url'),
      JSON.stringify([...bytes]),
      JSON.stringify(Uint8Array.from(bytes)),
      Bun.inspect([...bytes]).replaceAll(/\s+/g, ' '),
    ];
    for (const output of outputs) {
      expect([output, needles().find('log', output).length > 0]).toEqual([output, true]);
    }
  }
});

test('what is no secret is not found, zeros are none, and what was found is named', () => {
  const made = needles();
  made.add('no psk', new Uint8Array(32));
  made.add('key again', SECRET);
  made.addText('password', 'correct horse');
  expect(made.count).toBe(2);
  expect(made.find('log', Buffer.from(SECRET).subarray(0, 7))).toEqual([]);
  expect(made.find('log', new Uint8Array(64))).toEqual([]);
  expect(made.find('log', 'a correct horse!')).toEqual([{ what: 'password (text)', where: 'log' }]);
  const [found] = made.find('log', Buffer.from(SECRET).toString('hex'));
  expect(found).toEqual({ what: 'key (hex)', where: 'log' });
});
