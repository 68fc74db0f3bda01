/**
 * Goal: the fleet never says that a device is gone that is there, nor the other way round, whatever comes late.
 */
import { expect, test } from 'bun:test';
import { BOOT, Scene } from './sample.ts';

const NEXT = 'ffeeddccbbaa9988';

const isOnline = (scene: Scene) => scene.device().presence.online;

test('birth, will, goodbye', () => {
  const scene = new Scene();
  expect(scene.presence('online')).toBe('taken');
  expect(isOnline(scene)).toBe(true);
  expect(scene.presence('lost')).toBe('taken');
  expect(scene.device().presence).toMatchObject({ online: false, why: 'lost' });
  expect(scene.presence('online', BOOT, 2)).toBe('taken');
  expect(scene.presence('stopped', BOOT, 2)).toBe('taken');
  expect(scene.told()).toEqual([
    ...['presence null→online', 'presence online→lost'],
    ...['presence lost→online', 'presence online→stopped'],
  ]);
});

test('the will of an earlier connection comes late and changes nothing', () => {
  const scene = new Scene();
  scene.presence('online', BOOT, 1);
  scene.presence('online', BOOT, 2);
  expect(scene.presence('lost', BOOT, 1)).toBe('oldNews');
  expect(isOnline(scene)).toBe(true);
});

test('the will of an older process comes late and changes nothing', () => {
  const scene = new Scene();
  scene.presence('online', BOOT, 9);
  scene.presence('online', NEXT, 1);
  expect(scene.presence('lost', BOOT, 9)).toBe('oldNews');
  // Nor where only a report told of the new process.
  const other = new Scene();
  other.presence('online', BOOT, 9);
  other.health({ seq: 4 });
  other.health({ seq: 1, boot: NEXT });
  expect(other.presence('lost', BOOT, 9)).toBe('oldNews');
  expect(isOnline(scene)).toBe(true);
});

test('the birth of a connection that has ended does not bring it back', () => {
  const scene = new Scene();
  scene.presence('online');
  scene.presence('lost');
  expect(scene.presence('online')).toBe('oldNews');
  expect(isOnline(scene)).toBe(false);
});

test('a will that the broker had kept is contradicted by the next live report', () => {
  const scene = new Scene();
  scene.isRetained = true;
  scene.presence('lost', BOOT, 1);
  scene.health({ seq: 5 });
  expect(isOnline(scene)).toBe(false);
  scene.isRetained = false;
  scene.health({ seq: 6 });
  expect(isOnline(scene)).toBe(true);
  expect(scene.presence('online', BOOT, 2)).toBe('taken');
  expect(scene.presence('lost', BOOT, 2)).toBe('taken');
  expect(isOnline(scene)).toBe(false);
});

test('a late will that the broker keeps in the place of a birth is contradicted by the process that reports', () => {
  const scene = new Scene();
  scene.isRetained = true;
  scene.health({ seq: 5, boot: NEXT });
  expect(scene.presence('lost', BOOT, 9)).toBe('taken');
  expect(scene.registry.states()).toMatchObject({ ATTACHED: 0 });
  scene.isRetained = false;
  scene.told();
  scene.health({ seq: 6, boot: NEXT });
  expect(scene.device().presence).toMatchObject({ online: true, why: null, boot: NEXT });
  expect(scene.told()).toEqual(['presence lost→online']);
  expect(scene.registry.states()).toMatchObject({ ATTACHED: 1 });
  expect(scene.presence('lost', BOOT, 9)).toBe('oldNews');
});

test('the will of a process of which only reports were heard, after another’s birth, is believed', () => {
  const scene = new Scene();
  scene.presence('online', BOOT, 2);
  scene.told();
  scene.health({ seq: 1, boot: NEXT });
  expect(scene.told()).toEqual(['state null→ATTACHED']);
  expect(scene.presence('lost', NEXT, 1)).toBe('taken');
  expect(scene.device().presence).toMatchObject({ online: false, why: 'lost', boot: NEXT });
  expect(scene.presence('online', BOOT, 2)).toBe('oldNews');
});

test('after the fleet was away, what the broker keeps is believed, of a process that nobody knew too', () => {
  const scene = new Scene();
  scene.presence('online', BOOT, 1);
  scene.isRetained = true;
  expect(scene.presence('lost', NEXT, 3)).toBe('taken');
  expect(scene.device().presence).toMatchObject({ online: false, boot: NEXT });
});

test('a device of which the broker knows nothing any more may be there or not, until it is heard', () => {
  const scene = new Scene();
  for (const name of ['gw-1', 'gw-2', 'gw-3', 'gw-4']) {
    scene.presence('online', BOOT, 1, name);
    scene.health({ seq: 1 }, name);
  }
  scene.presence('stopped', BOOT, 1, 'gw-4');
  expect(scene.registry.doubt(1, scene.nowMs)).toBe(0);
  // The broker was started anew, and kept one of them.
  scene.connection = 2;
  scene.isRetained = true;
  scene.presence('online', BOOT, 1, 'gw-1');
  scene.told();
  expect(scene.registry.doubt(2, scene.nowMs)).toBe(2);
  expect(scene.registry.doubt(2, scene.nowMs)).toBe(0);
  expect(scene.told()).toEqual(['presence online→unknown', 'presence online→unknown']);
  expect(scene.registry.states()).toMatchObject({ ATTACHED: 1 });
  scene.isRetained = false;
  scene.health({ seq: 2 }, 'gw-2');
  expect(scene.device('gw-2').presence).toMatchObject({ online: true, boot: BOOT });
  expect(scene.presence('online', BOOT, 2, 'gw-3')).toBe('taken');
  expect(scene.device('gw-3').presence).toMatchObject({ online: true, connection: 2 });
  expect(scene.device('gw-4').presence).toMatchObject({ online: false, why: 'stopped' });
});

const HOUR_MS = 3_600_000;

test('a device that died while the broker was down does not stay online, and is forgotten in its time', () => {
  const scene = new Scene();
  scene.isRetained = true;
  scene.presence('online');
  scene.health({ seq: 5, tsMs: scene.nowMs - 24 * HOUR_MS });
  // It may report once a day.
  expect(scene.registry.doubt(1, scene.nowMs)).toBe(0);
  scene.nowMs += 2 * HOUR_MS;
  scene.told();
  expect(scene.registry.doubt(1, scene.nowMs)).toBe(1);
  expect(scene.registry.doubt(1, scene.nowMs)).toBe(0);
  expect(scene.told()).toEqual(['presence online→unknown']);
  expect(scene.registry.states()).toMatchObject({ ATTACHED: 0 });
  // The broker says it on each connection; that is no news.
  scene.connection = 2;
  expect(scene.presence('online')).toBe('duplicate');
  expect(scene.registry.forget(scene.nowMs - HOUR_MS).length).toBe(0);
  expect(scene.registry.forget(scene.nowMs + HOUR_MS).length).toBe(1);
  scene.presence('online');
  scene.isRetained = false;
  scene.health({ seq: 6 });
  expect(isOnline(scene)).toBe(true);
});

test('an old report of a device without a presence says nothing of now', () => {
  const scene = new Scene();
  scene.isRetained = true;
  scene.health({ seq: 5, tsMs: scene.nowMs - 200 * 24 * HOUR_MS });
  expect(scene.registry.doubt(1, scene.nowMs)).toBe(1);
  expect(scene.registry.states()).toMatchObject({ ATTACHED: 0 });
  scene.isRetained = false;
  scene.health({ seq: 6 });
  expect(scene.registry.states()).toMatchObject({ ATTACHED: 1 });
});

test('one that is heard on this connection is not doubted, however long ago', () => {
  const scene = new Scene();
  scene.presence('online');
  scene.health({ seq: 1 });
  scene.nowMs += 100 * 24 * HOUR_MS;
  expect(scene.registry.doubt(1, scene.nowMs)).toBe(0);
});

test('a device of which only reports are known is neither here nor gone', () => {
  const scene = new Scene();
  scene.health({ seq: 1 });
  expect(isOnline(scene)).toBeNull();
});
