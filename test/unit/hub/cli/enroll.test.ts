/**
 * Goal: an operator enrols, lists and revokes with the hub down or up, and every mistake is a sentence.
 */
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answered, type ControlRequest, refused } from '../../../../hal/control.ts';
import { serveControl } from '../../../../hal/linux/controlSocket.ts';
import { runEnroll } from '../../../../hub/cli/enroll.ts';
import { openStore } from '../../../../hub/store.ts';
import { key } from '../sample.ts';

function desk(toml = '[pool]\ninner4 = "10.77.0.0/24"\ninner6 = "fd77::/64"\n') {
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-enroll-'));
  const config = join(folder, 'hub.toml');
  writeFileSync(
    config,
    `${toml}[state]\ndatabase = "hub.sqlite"\n[control]\nsocket = "hub.sock"\n`,
  );
  return {
    folder,
    config,
    socket: join(folder, 'hub.sock'),
    async run(...flags: string[]) {
      const out: string[] = [];
      const err: string[] = [];
      const printer = {
        out: (text: string) => out.push(text),
        err: (text: string) => err.push(text),
      };
      const code = await runEnroll(['--config', config, ...flags], printer);
      return { code, out: out.join('\n'), err: err.join('\n') };
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

const ENROLL = ['--public-key', key(1), '--name', 'gw-1'];

test('with no hub running the database is written, and the answer is the device', async () => {
  using here = desk();
  const enrolled = await here.run(...ENROLL, '--json');
  expect([enrolled.code, enrolled.err]).toEqual([0, '']);
  expect(JSON.parse(enrolled.out)).toMatchObject({
    name: 'gw-1',
    public_key: key(1),
    mode: 'session',
    inner4: '10.77.0.2/32',
    inner6: 'fd77::2/128',
    has_psk: false,
    revoked_at_ms: null,
  });
  expect((await here.run('--list')).out).toBe(`gw-1  ${key(1)}  session  10.77.0.2/32 fd77::2/128`);
  expect((await here.run('--revoke', 'gw-1')).code).toBe(0);
  expect((await here.run('--list')).out).toContain('revoked');
});

test('a preshared key comes from its file and is never shown', async () => {
  using here = desk();
  const file = join(here.folder, 'psk');
  writeFileSync(file, `${key(77)}\n`, { mode: 0o600 });
  const enrolled = await here.run(...ENROLL, '--psk-file', file, '--json');
  expect(JSON.parse(enrolled.out).has_psk).toBe(true);
  expect(enrolled.out).not.toContain(key(77));
  const store = openStore(join(here.folder, 'hub.sqlite'));
  if (!store.ok) throw new Error(store.message);
  expect(store.value.device(key(1))?.psk).toEqual(new Uint8Array(32).fill(77).fill(0, 0, 1));
  store.value.close();
});

test('a running hub is asked, and its refusals are told', async () => {
  using here = desk();
  const requests: ControlRequest[] = [];
  const served = await serveControl({
    path: here.socket,
    handle: (request) => {
      requests.push(request);
      if (request.method === 'revoke') return refused('unknownDevice', 'no such device');
      return answered({ name: 'gw-1', public_key: key(1), mode: 'plain', revoked_at_ms: null });
    },
  });
  if (!served.ok) throw new Error(served.message);
  const enrolled = await here.run(
    ...ENROLL,
    '--mode',
    'plain',
    '--allowed',
    '10.1.0.0/16',
    '--replace',
  );
  expect(enrolled.code).toBe(0);
  expect(requests).toEqual([
    {
      method: 'enroll',
      public_key: key(1),
      name: 'gw-1',
      mode: 'plain',
      inner4: null,
      inner6: null,
      allowed: ['10.1.0.0/16'],
      psk: null,
      replace: true,
    },
  ]);
  expect(await here.run('--revoke', 'x')).toMatchObject({
    code: 2,
    err: 'jvpn enroll: no such device',
  });
  served.value.close();
});

test('wrong input is exit 2 with a sentence that says what', async () => {
  using here = desk();
  await here.run(...ENROLL);
  const mistakes: [string[], string][] = [
    [[], '--list or --revoke'],
    [['--name', 'x'], '--public-key KEY is missing'],
    [['--list', '--revoke', 'x'], 'one of'],
    [['--public-key', 'abc', '--name', 'x'], 'not a public key'],
    [['--public-key', key(2), '--name', 'gw-1'], '--replace'],
    [['--public-key', key(2), '--name', 'x', '--mode', 'fast'], 'session or plain'],
    [['--public-key', key(2), '--name', 'x', '--inner4', '10.78.0.1'], 'not in the pool'],
    [['--revoke', 'nobody'], 'no enrolled device'],
    [['--speed'], '--speed'],
  ];
  for (const [flags, sentence] of mistakes) {
    const outcome = await here.run(...flags);
    expect([flags, outcome.code]).toEqual([flags, 2]);
    expect(outcome.err).toContain(sentence);
  }
});

test('a wrong configuration is exit 2 with its path, an unreadable key file exit 1', async () => {
  using here = desk('[pool]\ninner5 = "10.77.0.0/24"\n');
  const outcome = await here.run(...ENROLL);
  expect(outcome.code).toBe(2);
  expect(outcome.err).toContain('pool.inner5');
  using good = desk();
  expect((await good.run(...ENROLL, '--psk-file', '/nonexistent')).code).toBe(1);
});

test('a database that another process holds without answering is named', async () => {
  using here = desk();
  const script = `
    import { openStore } from ${JSON.stringify(join(import.meta.dir, '../../../../hub/store.ts'))};
    const held = openStore(${JSON.stringify(join(here.folder, 'hub.sqlite'))});
    if (held.ok) console.log('held');
    setInterval(() => held.value.readAll(), 1000);`;
  writeFileSync(join(here.folder, 'holder.ts'), script);
  const holder = Bun.spawn([process.execPath, join(here.folder, 'holder.ts')], { stdout: 'pipe' });
  try {
    const reader = holder.stdout.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('held\n');
    const outcome = await here.run(...ENROLL);
    expect(outcome.code).toBe(1);
    expect(outcome.err).toContain('hub.sqlite');
  } finally {
    holder.kill();
    await holder.exited;
  }
});
