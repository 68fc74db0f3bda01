/**
 * Goal: one record a device, replaced only by whoever knows the one before; one process a file.
 */
import { expect, spyOn, test } from 'bun:test';
import * as fs from 'node:fs';
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store } from '../../../hub/store.ts';
import { device, key, record } from './sample.ts';

function place() {
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-store-'));
  const opened: Store[] = [];
  return {
    folder,
    file: join(folder, 'state', 'hub.sqlite'),
    open(): Store {
      const store = openStore(this.file);
      if (!store.ok) throw new Error(store.message);
      opened.push(store.value);
      return store.value;
    },
    [Symbol.dispose]() {
      for (const store of opened) store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

test('a swap commits on the revision it expects and on no other', () => {
  using here = place();
  const store = here.open();
  const first = record(1);
  expect(store.compareAndSwap(key(1), 0, first)).toEqual({ outcome: 'committed', current: first });
  expect(store.compareAndSwap(key(1), 0, first)).toEqual({ outcome: 'mismatch', current: first });
  const second = record(1, { revision: 2, stateVersion: 11 });
  expect(store.compareAndSwap(key(1), 2, { ...second, revision: 3 })).toEqual({
    outcome: 'mismatch',
    current: first,
  });
  expect(store.compareAndSwap(key(1), 1, second).outcome).toBe('committed');
  expect(store.compareAndSwap(key(2), 1, record(2, { revision: 2 }))).toEqual({
    outcome: 'mismatch',
    current: null,
  });
  expect(store.readAll()).toEqual([second]);
});

test('what was committed is there after the process is killed, every field of it', () => {
  using here = place();
  const script = `
    import { openStore } from ${JSON.stringify(join(import.meta.dir, '../../../hub/store.ts'))};
    import { device, key, record } from ${JSON.stringify(join(import.meta.dir, 'sample.ts'))};
    const store = openStore(${JSON.stringify(here.file)}).value;
    store.putDevices([device(1)]);
    store.compareAndSwap(key(1), 0, record(1));
    store.writeHighWaterMs(123456.5);
    process.kill(process.pid, 'SIGKILL');`;
  const file = join(here.folder, 'writer.ts');
  writeFileSync(file, script);
  Bun.spawnSync([process.execPath, file]);
  const store = here.open();
  expect(store.readAll()).toEqual([record(1)]);
  expect(store.devices()).toEqual([device(1)]);
  expect(store.readHighWaterMs()).toBe(123456.5);
});

test('a record never goes back: version, epoch and end are asserted', () => {
  using here = place();
  const store = here.open();
  store.compareAndSwap(key(1), 0, record(1, { ownerEpoch: 5, terminated: 'operator_terminated' }));
  const swap = (more: Parameters<typeof record>[1]) => () =>
    store.compareAndSwap(key(1), 1, record(1, { revision: 2, ownerEpoch: 5, ...more }));
  expect(swap({ stateVersion: 9, sessionId: '0b'.repeat(16) })).toThrow('state_version');
  expect(swap({ ownerEpoch: 4, terminated: 'operator_terminated' })).toThrow('owner_epoch');
  expect(swap({ terminated: null })).toThrow('ended session');
  expect(store.read(key(1))?.revision).toBe(1);
  // A restarted hub puts its epoch into the records of ended sessions, too.
  expect(swap({ ownerEpoch: 6, terminated: 'operator_terminated' })().outcome).toBe('committed');
  const next = record(1, { revision: 3, ownerEpoch: 5, sessionId: '0b'.repeat(16) });
  expect(store.compareAndSwap(key(1), 2, next).outcome).toBe('committed');
});

test('a second process on the same file is refused with the reason', () => {
  using here = place();
  const store = here.open();
  const script = `
    import { openStore } from ${JSON.stringify(join(import.meta.dir, '../../../hub/store.ts'))};
    const opened = openStore(${JSON.stringify(here.file)});
    console.log(JSON.stringify(opened.ok ? 'open' : opened.code));`;
  const file = join(here.folder, 'second.ts');
  writeFileSync(file, script);
  const second = () => Bun.spawnSync([process.execPath, file]).stdout.toString().trim();
  expect(second()).toBe('"ownership"');
  store.close();
  expect(second()).toBe('"open"');
});

test('the files are their owner’s alone', () => {
  using here = place();
  here.open().putDevices([device(1)]);
  const folder = join(here.file, '..');
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(folder)) {
    expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
  }
});

test('a name, a key and an address belong to one enrolled device; nothing is half written', () => {
  using here = place();
  const store = here.open();
  store.putDevices([device(1), device(2)]);
  const clash = device(3, { inner4: device(1).inner4 });
  expect(() => store.putDevices([device(4), clash])).toThrow();
  expect(() => store.putDevices([device(3, { name: 'gateway-1' })])).toThrow();
  expect(store.devices()).toEqual([device(1), device(2)]);
  store.putDevices([device(1, { revokedAtMs: 5 }), device(3, { inner4: device(1).inner4 })]);
  expect(store.device(key(3))?.inner4).toBe(device(1).inner4);
});

test('a file that is no database is refused with a sentence', () => {
  using here = place();
  const file = join(here.folder, 'text.sqlite');
  writeFileSync(file, 'this is a text file, not a database, and long enough to be read as one');
  expect(openStore(file)).toMatchObject({ ok: false, code: 'storeUnusable' });
});

/**
 * Goal: a commit that a killed process had written and not synced is durable before its successor acts on it.
 * Method: a store copied while it is open is what the killed process left; opening it has to commit something, since the
 * sync of that commit covers the whole journal.
 */
test('opening what a killed process left commits, and so syncs, before anything is read', () => {
  using here = place();
  here.open().compareAndSwap(key(1), 0, record(1));
  const left = join(here.folder, 'left');
  cpSync(join(here.folder, 'state'), left, { recursive: true });
  const journal = join(left, 'hub.sqlite-wal');
  const beforeBytes = statSync(journal).size;
  const opened = openStore(join(left, 'hub.sqlite'));
  if (!opened.ok) throw new Error(opened.message);
  expect(statSync(journal).size).toBeGreaterThan(beforeBytes);
  expect(opened.value.readAll()).toEqual([record(1)]);
  opened.value.close();
});

test('the names of folders that the store makes are synced', () => {
  using here = place();
  const synced: string[] = [];
  const { fsyncSync } = fs;
  const spy = spyOn(fs, 'fsyncSync').mockImplementation((fd) => {
    synced.push(fs.readlinkSync(`/proc/self/fd/${fd}`));
    fsyncSync(fd);
  });
  try {
    const file = join(here.folder, 'deep', 'er', 'hub.sqlite');
    const start = () => {
      const opened = openStore(file);
      if (!opened.ok) throw new Error(opened.message);
      opened.value.close();
      return synced.splice(0);
    };
    const [folder, above] = [join(here.folder, 'deep', 'er'), join(here.folder, 'deep')];
    expect(start()).toEqual([folder, above, here.folder]);
    // The process that made them may have been killed before it synced them.
    expect(start()).toEqual([folder, above]);
  } finally {
    spy.mockRestore();
  }
});

test('a rehearsed swap leaves nothing, and tells nothing of a store that fails', () => {
  using here = place();
  const store = here.open();
  expect(store.rehearse(key(1))).toBeFalse();
  expect(store.readAll()).toEqual([]);
  const first = record(1);
  store.compareAndSwap(key(1), 0, first);
  expect(store.rehearse(key(1))).toBeTrue();
  expect(store.readAll()).toEqual([first]);
  const second = record(1, { revision: 2, stateVersion: 11 });
  expect(store.compareAndSwap(key(1), 1, second).outcome).toBe('committed');
  expect(store.readAll()).toEqual([second]);
  store.close();
  expect(store.rehearse(key(1))).toBeFalse();
});
