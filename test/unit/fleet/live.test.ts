/** Goal: who watches gets the newest, and nothing that grows: not here, and not where somebody stopped reading. */
import { expect, test } from 'bun:test';
import { Live, WATCHERS_MAX } from '../../../fleet/live.ts';
import { Scene } from './sample.ts';

const TICKS_A_SECOND = 4;

function liveOf(scene: Scene, overview: () => unknown = () => ({})) {
  return new Live({
    overview: overview as never,
    devices: scene.registry.devices,
    shownId: () => scene.registry.shownId,
    run: 'run',
  });
}

async function heardOf(stream: ReadableStream<Uint8Array>, events: number): Promise<string[]> {
  const reader = stream.getReader();
  const utf8 = new TextDecoder();
  let text = '';
  while (text.split('\n\n').length <= events) {
    const { value, done } = await reader.read();
    if (done) break;
    text += utf8.decode(value);
  }
  await reader.cancel();
  return text.split('\n\n').filter((event) => event !== '');
}

const nameOf = (event: string) => /"name":"([^"]+)"/.exec(event)?.[1] ?? 'overview';

test('a device that changes often is sent once, and what changed before what only reported', async () => {
  const scene = new Scene();
  for (const name of ['gw-1', 'gw-2', 'gw-3']) scene.health({ seq: 1 }, name);
  const live = liveOf(scene);
  const stream = live.watch(null)!;
  for (const name of ['gw-1', 'gw-2', 'gw-2', 'gw-2']) {
    live.onShown(scene.device(name), false);
  }
  live.onShown(scene.device('gw-3'), true);
  live.tick();
  const events = await heardOf(stream, 4);
  expect(events.map(nameOf)).toEqual(['overview', 'gw-3', 'gw-1', 'gw-2']);
  // The id says how far one has come: only where nothing waits.
  expect(events.map((event) => event.startsWith('id: run-3\n'))).toEqual([
    true,
    false,
    false,
    true,
  ]);
  expect(live.count).toBe(0);
});

test('at most 50 devices a second', async () => {
  const scene = new Scene();
  for (let at = 0; at < 50; at++) scene.health({ seq: 1 }, `gw-${at}`);
  const live = liveOf(scene);
  const stream = live.watch(null)!;
  for (const device of scene.registry.devices.values()) live.onShown(device, true);
  for (let tick = 0; tick < TICKS_A_SECOND; tick++) live.tick();
  live.close();
  const events = await heardOf(stream, 1_000);
  expect(events.filter((event) => nameOf(event) !== 'overview').length).toBe(48);
});

test('who comes back with an id gets what changed since, and of another run nothing', async () => {
  const scene = new Scene();
  for (const name of ['gw-1', 'gw-2', 'gw-3']) scene.health({ seq: 1 }, name);
  const names = async (lastId: string) => {
    const live = liveOf(scene);
    const stream = live.watch(lastId)!;
    live.tick();
    live.close();
    return (await heardOf(stream, 1_000)).map(nameOf);
  };
  expect(await names('run-1')).toEqual(['overview', 'gw-2', 'gw-3']);
  expect(await names('run-3')).toEqual(['overview']);
  for (const id of ['other-1', 'run', 'run-x', '']) expect(await names(id)).toEqual(['overview']);
});

test('who takes nothing is skipped, and after a minute dropped', () => {
  const scene = new Scene();
  let asked = 0;
  const live = liveOf(scene, () => ({ filler: 'x'.repeat(40_000), at: ++asked }));
  live.watch(null);
  for (let second = 0; second < 30; second++) {
    scene.health({ seq: second + 1 });
    for (let tick = 0; tick < TICKS_A_SECOND; tick++) live.tick();
  }
  // Two of them fill what may wait.
  expect(asked).toBe(2);
  for (let tick = 0; tick < 60 * TICKS_A_SECOND; tick++) live.tick();
  expect(live.count).toBe(0);
});

test('who takes nothing counts until its connection is closed, which is asked for once', async () => {
  const scene = new Scene();
  const live = liveOf(scene, () => ({ filler: 'x'.repeat(80_000) }));
  let aborts = 0;
  const stream = live.watch(null, null, () => {
    aborts += 1;
  })!;
  for (let tick = 0; tick < 200 * TICKS_A_SECOND; tick++) {
    scene.health({ seq: tick + 1 });
    live.tick();
  }
  expect([aborts, live.count]).toEqual([1, 1]);
  await stream.cancel();
  expect(live.count).toBe(0);
});

test('when nothing happens the overview comes all the same, within ten seconds', async () => {
  const scene = new Scene();
  const live = liveOf(scene);
  const stream = live.watch(null)!;
  // At once, after the first second, and then only to say that all is well.
  for (let tick = 0; tick < 12 * TICKS_A_SECOND; tick++) live.tick();
  live.close();
  const events = await heardOf(stream, 1_000);
  expect(events.length).toBe(3);
});

test('their number is limited', () => {
  const live = liveOf(new Scene());
  for (let at = 0; at < WATCHERS_MAX; at++) expect(live.watch(null)).not.toBeNull();
  expect(live.watch(null)).toBeNull();
  live.close();
  expect(live.watch(null)).not.toBeNull();
  live.close();
});

const [ME, OTHER] = ['00112233445566aa', '00112233445566bb'];

test('who says which devices it shows hears of those alone, and of all of them at once', async () => {
  const scene = new Scene();
  const names = Array.from({ length: 50 }, (_, at) => `gw-${at}`);
  for (const name of names) scene.health({ seq: 1 }, name);
  const live = liveOf(scene);
  const stream = live.watch(null, ME)!;
  for (const name of names) live.onShown(scene.device(name), true);
  const shown = names.slice(0, 40);
  live.sees(ME, shown);
  for (const name of names) live.onShown(scene.device(name), true);
  live.tick();
  // Another part of the list: what was told of the first is not told any more.
  live.onShown(scene.device('gw-3'), true);
  live.sees(ME, ['gw-45']);
  live.onShown(scene.device('gw-45'), false);
  live.tick();
  live.close();
  const told = (await heardOf(stream, 1_000)).map(nameOf).filter((name) => name !== 'overview');
  expect(told).toEqual([...shown, 'gw-45']);
});

test('what changes between the answer and the begin of the stream comes first', async () => {
  const scene = new Scene();
  for (const name of ['gw-1', 'gw-2', 'gw-3']) scene.health({ seq: 1 }, name);
  const live = liveOf(scene);
  live.sees(ME, ['gw-1', 'gw-2']);
  scene.health({ seq: 2, status: { state: 'DEGRADED' } }, 'gw-2');
  scene.health({ seq: 2, status: { state: 'DEGRADED' } }, 'gw-3');
  // Somebody else's stream has nothing of it.
  const other = live.watch(null, OTHER)!;
  const stream = live.watch(null, ME)!;
  live.tick();
  live.close();
  expect((await heardOf(stream, 1_000)).map(nameOf)).toEqual(['overview', 'gw-2']);
  expect((await heardOf(other, 1_000)).map(nameOf)).toEqual(['overview']);
});

test('a stream of the same name takes the place of the one before, and answers without streams are bounded', () => {
  const scene = new Scene();
  const live = liveOf(scene);
  live.watch(null, ME);
  live.watch(null, ME);
  live.watch(null, OTHER);
  expect(live.count).toBe(2);
  live.close();
  // Nobody comes for these.
  for (let at = 0; at < 10_000; at++) live.sees(at.toString(16).padStart(16, '0'), ['gw-1']);
  expect(live.count).toBe(0);
});
