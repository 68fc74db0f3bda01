/**
 * Goal: the control socket is the owner's alone, survives any client, and explains every failure.
 */
import { expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  answered,
  type ControlHandler,
  type ControlServer,
  refused,
} from '../../../../hal/control.ts';
import { askControl } from '../../../../hal/linux/controlClient.ts';
import { serveControl } from '../../../../hal/linux/controlSocket.ts';

const echo: ControlHandler = (request) => answered(request);

interface Served extends Disposable {
  readonly path: string;
  readonly server: ControlServer;
}

async function serve(handle: ControlHandler, idleMs?: number): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-control-'));
  const path = join(folder, 'run', 'control.sock');
  const served = await serveControl({ path, handle, ...(idleMs === undefined ? {} : { idleMs }) });
  if (!served.ok) throw new Error(served.message);
  return {
    path,
    server: served.value,
    [Symbol.dispose]() {
      served.value.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Everything the server says to a client that writes `bytes` and keeps quiet, until it is cut. */
function untilCut(path: string, bytes: Uint8Array | string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = '';
    let unsent = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
    const send = (socket: Bun.Socket) => {
      unsent = unsent.subarray(Math.max(0, socket.write(unsent)));
    };
    Bun.connect({
      unix: path,
      socket: {
        open: send,
        drain: send,
        data(_, chunk) {
          heard += chunk.toString();
        },
        close: () => resolve(heard),
      },
    }).catch(reject);
  });
}

test('the socket is mode 0600 and its folder is made with mode 0700', async () => {
  using served = await serve(echo);
  expect(statSync(served.path).mode & 0o777).toBe(0o600);
  expect(statSync(join(served.path, '..')).mode & 0o777).toBe(0o700);
});

test('an answer is the value of the handler, a refusal is its code and sentence', async () => {
  using served = await serve(({ method }) =>
    method === 'status' ? answered({ state: 'ATTACHED' }) : refused('unknownMethod', 'no such'),
  );
  expect(await askControl(served.path, { method: 'status' }, 1_000)).toEqual({
    ok: true,
    value: { state: 'ATTACHED' },
  });
  expect(await askControl(served.path, { method: 'fly' }, 1_000)).toEqual({
    ok: false,
    code: 'unknownMethod',
    message: 'no such',
  });
});

test('a large answer arrives whole', async () => {
  const rows = Array.from({ length: 20_000 }, (_, at) => ({ at, text: 'x'.repeat(40) }));
  using served = await serve(() => answered(rows));
  expect(await askControl(served.path, { method: 'rows' }, 5_000)).toEqual({
    ok: true,
    value: rows,
  });
});

test('a handler that throws refuses that request and serves the next', async () => {
  using served = await serve((request) => {
    if (request.method === 'break') throw new Error('broken');
    return answered(1);
  });
  const broken = await askControl(served.path, { method: 'break' }, 1_000);
  expect(broken).toEqual({ ok: false, code: 'requestFailed', message: 'break: broken' });
  expect(await askControl(served.path, { method: 'x' }, 1_000)).toEqual({ ok: true, value: 1 });
});

test('a request of 64 KiB passes, one byte more is refused and the client is cut', async () => {
  using served = await serve(({ method }) => answered(method.length));
  const request = (bytes: number) => `{"method":"${'m'.repeat(bytes - 14)}"}\n`;
  expect(request(65_536)).toHaveLength(65_536);
  const passed = await askControl(served.path, { method: 'm'.repeat(65_536 - 14) }, 1_000);
  expect(passed).toEqual({ ok: true, value: 65_536 - 14 });

  const unended = 'm'.repeat(65_537);
  expect(JSON.parse(await untilCut(served.path, unended))).toMatchObject({
    code: 'requestTooLong',
  });
  const megabytes = new Uint8Array(4 * 1024 * 1024).fill(0x20);
  await untilCut(served.path, megabytes).catch(() => '');
  expect(served.server.counters.tooLong).toBeGreaterThanOrEqual(2);
  expect(await askControl(served.path, { method: 'x' }, 1_000)).toEqual({ ok: true, value: 1 });
});

test('nonsense is answered with a sentence', async () => {
  using served = await serve(echo, 200);
  const heard = await untilCut(served.path, 'hello\n[]\n{"method":1}\n{"method":"ok"}\n');
  const answers = heard
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(answers.map((answer) => answer.code ?? 'fine')).toEqual([
    'requestMalformed',
    'requestMalformed',
    'requestMalformed',
    'fine',
  ]);
});

test('a client that says nothing is cut', async () => {
  using served = await serve(echo, 50);
  expect(await untilCut(served.path, '{"meth')).toBe('');
  expect(served.server.counters.idle).toBe(1);
});

test('the 17th client is turned away with a sentence', async () => {
  using served = await serve(echo);
  const idlers = await Promise.all(
    Array.from({ length: 16 }, () => Bun.connect({ unix: served.path, socket: { data() {} } })),
  );
  // Accepted in order: this answer tells that the 16 before are in.
  const last = idlers.at(-1)!;
  expect(JSON.parse(await untilCut(served.path, ''))).toMatchObject({ code: 'tooManyClients' });
  last.end();
  for (const idler of idlers) idler.end();
});

test('a stale socket is replaced, a living one is respected, another file is left alone', async () => {
  using served = await serve(echo);
  expect(await serveControl({ path: served.path, handle: echo })).toMatchObject({
    ok: false,
    code: 'controlInUse',
  });
  expect(await askControl(served.path, { method: 'x' }, 1_000)).toMatchObject({ ok: true });

  const stale = join(served.path, '..', 'stale.sock');
  const script = `Bun.listen({ unix: ${JSON.stringify(stale)}, socket: { data() {} } }); process.kill(process.pid, 'SIGKILL');`;
  Bun.spawnSync([process.execPath, '-e', script]);
  expect(existsSync(stale)).toBe(true);
  expect(await askControl(stale, { method: 'x' }, 1_000)).toMatchObject({
    code: 'daemonNotRunning',
  });
  const replaced = await serveControl({ path: stale, handle: echo });
  expect(replaced.ok).toBe(true);
  if (replaced.ok) replaced.value.close();
  expect(existsSync(stale)).toBe(false);

  const file = join(served.path, '..', 'file');
  writeFileSync(file, 'precious');
  expect(await serveControl({ path: file, handle: echo })).toMatchObject({ code: 'controlFailed' });
  expect(await Bun.file(file).text()).toBe('precious');
});

test('the client says what is in its way', async () => {
  using served = await serve(() => new Promise(() => {}));
  expect(await askControl('/nonexistent/x.sock', { method: 'x' }, 500)).toMatchObject({
    code: 'daemonNotRunning',
  });
  expect(await askControl(served.path, { method: 'x' }, 50)).toMatchObject({ code: 'noAnswer' });
});
