/**
 * What this kernel shows of a file whose fsync failed, as the flash store meets it. Prints facts as JSON; the test judges.
 *
 * An ext4 without a journal, so that nothing but the file itself is refused by the disk. To be run in a mount namespace
 * of its own.
 *
 * @module
 */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FlashSlot } from '../../../hal/flash.ts';
import { openFlash, SYSTEM } from '../../../hal/linux/flash.ts';
import { run } from '../process.ts';
import { mountDisk } from './diskMount.ts';

const SLOT_BYTES = 512;
const filled = (value: number) => new Uint8Array(SLOT_BYTES).fill(value);

function open(directory: string, system = SYSTEM) {
  const opened = openFlash(directory, SLOT_BYTES, system);
  if (!opened.ok) throw new Error(opened.detail);
  return opened.value;
}

const work = fs.mkdtempSync(join(tmpdir(), 'jvpn-sync-'));
await run(['mount', '-t', 'tmpfs', 'none', work]);
const [image, log, fuse, files] = ['image', 'log', 'fuse', 'files'].map((at) => join(work, at));
for (const folder of [fuse!, files!]) fs.mkdirSync(folder);
await run(['truncate', '-s', '8M', image!]);
await run([
  'mkfs.ext4',
  '-q',
  '-F',
  '-O',
  '^has_journal',
  '-E',
  'nodiscard,lazy_itable_init=0',
  image!,
]);
const { disk, fault, server } = await mountDisk(image!, log!, fuse!);
await run(['mount', '-t', 'ext4', '-o', 'loop,errors=continue,noatime', disk, files!]);

const directory = join(files!, 'state');
const before = open(directory);
before.writeSlot(0, filled(1));
before.writeSlot(1, filled(2));
await run(['sync']);
const refuse = (isRefusing: boolean) => fs.writeFileSync(fault, isRefusing ? 'eio' : 'ok ');
refuse(true);
const refused = before.writeSlot(1, filled(3));
refuse(false);

const seen = (system = SYSTEM) => {
  const flash = open(directory, system);
  return ([0, 1] as FlashSlot[]).map((slot) => flash.readSlot(slot)?.[0] ?? null);
};
// In this order: once the cache is dropped it is gone.
const inCache = seen({ ...SYSTEM, dropCleanPages: () => {} });
const onMedium = seen();
console.log(JSON.stringify({ refused, inCache, onMedium }));

for (const fd of fs.readdirSync('/proc/self/fd')) {
  const link = `/proc/self/fd/${fd}`;
  if (fs.existsSync(link) && fs.readlinkSync(link).startsWith(directory)) fs.closeSync(Number(fd));
}
await run(['umount', files!]);
await run(['umount', fuse!]);
server.kill();
await server.exited;
await run(['umount', work]);
fs.rmdirSync(work);
