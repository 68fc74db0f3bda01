/**
 * Goal: the control socket is the owner's alone, survives any client, and explains every failure.
 */
import { expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  answered,
  CLIENTS_MAX,
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

test('a client that asks by the byte has no more time than one that says nothing', async () => {
  using served = await serve(echo, 300);
  let cut = false;
  const slow = await Bun.connect({
    unix: served.path,
    socket: {
      data() {},
      close() {
        cut = true;
      },
    },
  });
  const timer = setInterval(() => slow.write('{'), 20);
  while (!cut) await Bun.sleep(5);
  clearInterval(timer);
  expect(served.server.counters).toMatchObject({ idle: 1 });
});

test('a client that asks and never reads is answered once, held up, and cut', async () => {
  let asked = 0;
  using served = await serve(({ method }) => {
    if (method === 'y')
      return answered('short: nobody is cut whom a busy machine keeps from reading');
    asked += 1;
    return answered('x'.repeat(1_000_000));
  }, 300);
  const deaf = await Bun.connect({ unix: served.path, socket: { data() {} } });
  deaf.pause();
  deaf.write('{"method":"x"}\n'.repeat(500));
  while (served.server.counters.unread === 0) await Bun.sleep(5);
  expect(asked).toBe(1);
  expect(await askControl(served.path, { method: 'y' }, 5_000)).toMatchObject({ ok: true });
});

test('where all places are taken, the client that has waited longest makes room', async () => {
  using served = await serve(echo);
  let heard = '';
  const first = await Bun.connect({
    unix: served.path,
    socket: {
      data(_, chunk) {
        heard += chunk.toString();
      },
    },
  });
  const idlers = await Promise.all(
    Array.from({ length: 500 }, () => Bun.connect({ unix: served.path, socket: { data() {} } })),
  );
  expect(await askControl(served.path, { method: 'x' }, 1_000)).toMatchObject({ ok: true });
  expect(JSON.parse(heard)).toMatchObject({ code: 'tooManyClients' });
  expect(served.server.counters.tooMany).toBe(502 - CLIENTS_MAX);
  first.end();
  for (const idler of idlers) idler.end();
});

test('a client that is being answered is not sent away for another', async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  using served = await serve(async ({ method }) => {
    if (method === 'slow') await gate;
    return answered(method);
  });
  const slow = askControl(served.path, { method: 'slow' }, 5_000);
  while (!(await askControl(served.path, { method: 'x' }, 1_000)).ok);
  const idlers = await Promise.all(
    Array.from({ length: 200 }, () => Bun.connect({ unix: served.path, socket: { data() {} } })),
  );
  expect(await askControl(served.path, { method: 'x' }, 1_000)).toMatchObject({ ok: true });
  open();
  expect(await slow).toEqual({ ok: true, value: 'slow' });
  for (const idler of idlers) idler.end();
});

test('a client that is cut while its next request waits is not asked for it, nor waited for', async () => {
  let asked = 0;
  const idleMs = 50;
  using served = await serve((request) => {
    asked += 1;
    // Ahead of the turn that the next request gets.
    setImmediate(() => served.server.close());
    return answered(request);
  }, idleMs);
  await untilCut(served.path, '{"method":"a"}\n{"method":"b"}\n');
  await Bun.sleep(4 * idleMs); // that nobody's time runs out can only be waited for
  expect(asked).toBe(1);
  expect(served.server.counters).toMatchObject({ idle: 0, unread: 0 });
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
