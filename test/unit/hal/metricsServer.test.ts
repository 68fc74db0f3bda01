import { expect, test } from 'bun:test';
import {
  type MetricsServer,
  serveMetrics,
  serveMetricsWhenPossible,
} from '../../../hal/metricsServer.ts';

function serving(collect: () => Promise<string>, listen = '127.0.0.1:0'): MetricsServer {
  const served = serveMetrics({ listen, collect });
  if (!served.ok) throw new Error(served.message);
  return served.value;
}

const get = (server: MetricsServer, path: string, init?: RequestInit) =>
  fetch(`http://127.0.0.1:${server.port}${path}`, init);

test('it answers GET /metrics and nothing else', async () => {
  const server = serving(async () => 'a 1\n');
  const found = await get(server, '/metrics?x=1');
  expect([found.status, found.headers.get('content-type'), await found.text()]).toEqual([
    ...[200, 'text/plain; version=0.0.4; charset=utf-8', 'a 1\n'],
  ]);
  expect((await get(server, '/')).status).toBe(404);
  expect((await get(server, '/metrics/x')).status).toBe(404);
  const posted = await get(server, '/metrics', { method: 'POST' });
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET']);
  server.close();
});

test('many who scrape at once ask once; a failure is said and not kept', async () => {
  const turns: PromiseWithResolvers<string>[] = [];
  const server = serving(() => {
    const turn = Promise.withResolvers<string>();
    turns.push(turn);
    return turn.promise;
  });
  const first = [get(server, '/metrics'), get(server, '/metrics'), get(server, '/metrics')];
  while (turns.length === 0) await Bun.sleep(1);
  await Bun.sleep(50);
  turns[0]!.reject(new Error('the tunnel thread does not answer'));
  const answers = await Promise.all(first);
  expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
  expect(await answers[0]!.text()).toBe('the tunnel thread does not answer\n');
  const second = get(server, '/metrics');
  while (turns.length === 1) await Bun.sleep(1);
  turns[1]!.resolve('a 2\n');
  expect(await (await second).text()).toBe('a 2\n');
  expect(turns.length).toBe(2);
  server.close();
});

test('IPv6 is listened on as it is written, and an address that is taken is a sentence', async () => {
  const server = serving(async () => 'a 1\n', '[::1]:0');
  expect(await (await fetch(`http://[::1]:${server.port}/metrics`)).text()).toBe('a 1\n');
  const again = serveMetrics({ listen: `[::1]:${server.port}`, collect: async () => '' });
  expect(again).toMatchObject({ ok: false });
  if (!again.ok) expect(again.message).toStartWith(`metrics.listen: [::1]:${server.port} cannot`);
  server.close();
});

test('an address that is taken is said once and tried again, until it is free or nobody wants it', async () => {
  const holder = serving(async () => 'a 1\n');
  const said: string[] = [];
  const at = { listen: `127.0.0.1:${holder.port}`, collect: async () => 'a 2\n' };
  const server = serveMetricsWhenPossible(at, (message) => said.push(message), 5);
  const given = serveMetricsWhenPossible(at, (message) => said.push(message), 5);
  await Bun.sleep(50);
  expect([server.port, said.length]).toEqual([0, 2]);
  expect(said[0]).toMatch(/^metrics\.listen: 127\.0\.0\.1:\d+ cannot .*; sessions go on without/);
  given.close();
  const { port } = holder;
  holder.close();
  while (server.port === 0) await Bun.sleep(5);
  expect(await (await get(server, '/metrics')).text()).toBe('a 2\n');
  expect([server.port, said.length]).toEqual([port, 2]);
  server.close();
});
