/**
 * The bench: jvpn beside its peers, on real kernel interfaces in namespaces of their own.
 *
 * ```text
 * main.ts throughput --binary FILE [--json FILE] [--svg FILE] [--rounds N] [--seconds S] [--only NAME,…] [--quick]
 * ```
 *
 * Exit status: 0 measured, 1 a measurement failed, 2 wrong arguments, 130 interrupted.
 *
 * @module
 */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ensureLab, isInsideRootless } from '../rootless.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { cable } from './cable.ts';
import { chartOf } from './chart.ts';
import { buildNoCipher } from './jvpn.ts';
import { tableOf } from './table.ts';
import { throughput } from './throughput.ts';

function given(): Arguments {
  const [subcommand = '', ...argv] = process.argv.slice(2);
  try {
    if (subcommand !== 'throughput') throw new Error(`no subcommand "${subcommand}"`);
    const read = readArguments(argv);
    const binary = resolve(read.binary);
    accessSync(binary, constants.X_OK);
    return { ...read, binary };
  } catch (error) {
    console.error(`bench: ${(error as Error).message}; see scripts/bench --help`);
    process.exit(2);
  }
}

async function main(wanted: Arguments): Promise<number> {
  await using net = await cable();
  let isInterrupted = false;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      isInterrupted = true;
      // What is being measured fails, and everything is cleaned up on the way out.
      void net.interrupt();
    });
  }
  try {
    const figures = await throughput(net, wanted, console.log);
    for (const line of ['', ...tableOf(figures)]) console.log(line);
    if (wanted.json !== null) writeFileSync(wanted.json, `${JSON.stringify(figures, null, 2)}\n`);
    if (wanted.svg !== null) writeFileSync(wanted.svg, chartOf(figures));
    return 0;
  } catch (error) {
    if (isInterrupted) return 130;
    console.error(`bench: ${(error as Error).message}`);
    return 1;
  }
}

const wanted = given();
// Outside of namespaces, where the compiler may find what it needs; and once.
if (!isInsideRootless() && wanted.only.includes('jvpn_nocipher')) await buildNoCipher();
await ensureLab();
process.exit(
  await main(wanted).catch((error: Error) => {
    console.error(`bench: the cable could not be laid: ${error.message}`);
    return 1;
  }),
);
