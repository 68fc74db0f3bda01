/** Media that refuse: a full tmpfs, a read-only one, a directory without permission. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { openFlash } from '../../../../../hal/linux/flash.ts';
import { opened } from './opened.ts';

const MOUNT = '/run/small';
const PAGE_BYTES = 4_096;

function mount(...argv: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(['mount', ...argv]);
  if (exitCode !== 0) throw new Error(`mount: ${stderr}`);
}

mkdirSync(MOUNT);
mount('-t', 'tmpfs', '-o', `size=${4 * PAGE_BYTES}`, 'tmpfs', MOUNT);
const flash = opened(openFlash(`${MOUNT}/state`, 512));
fill();
const full = flash.writeSlot(0, new Uint8Array(512).fill(1));

mkdirSync('/run/fixed');
mount('-t', 'tmpfs', '-o', 'ro', 'tmpfs', '/run/fixed');
const refused = openFlash('/run/fixed/state', 512);

mkdirSync('/run/closed');
chmodSync('/run/closed', 0o500);
const forbidden = Bun.spawnSync([
  'setpriv',
  '--bounding-set=-dac_override,-dac_read_search',
  '--inh-caps=-all',
  process.execPath,
  '-e',
  `import { openFlash } from '${import.meta.dirname}/../../../../../hal/linux/flash.ts';
   const result = openFlash('/run/closed/state', 512);
   console.log(result.ok ? 'ok' : result.code);`,
]);

console.log(
  JSON.stringify({
    full,
    readOnly: refused.ok ? 'ok' : { ...refused, detail: refused.detail.split(': ')[1] },
    forbidden: forbidden.stdout.toString().trim() || forbidden.stderr.toString(),
  }),
);

/** One page at a time, until the medium has no more. */
function fill(): void {
  for (let page = 0; page < 64; page++) {
    try {
      writeFileSync(`${MOUNT}/filler${page}`, new Uint8Array(PAGE_BYTES));
    } catch {
      return;
    }
  }
  throw new Error('the small medium does not fill up');
}
