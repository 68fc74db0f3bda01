/**
 * What the memory of daemons does that nobody attacks, measured as it is under an attack: as many points, over a like time,
 * while the device's traffic runs.
 *
 * @module
 */
import { Arena } from './arena.ts';
import type { Series } from './flat.ts';
import { pointOf } from './memory.ts';

/** In an arena of its own. */
export async function calmSeries(binary: string, waves: number, seconds: number): Promise<Series> {
  await using arena = await Arena.create(binary, { waves });
  return await calmOf(arena, seconds);
}

/** @param seconds how long a wave would last. */
export async function calmOf(arena: Arena, seconds: number): Promise<Series> {
  const legit = await arena.legit();
  const series = [await pointOf(arena)];
  for (let wave = 0; wave < arena.waves; wave += 1) {
    await Bun.sleep(seconds * 1_000); // no attack, for as long as one lasts
    await arena.settled();
    series.push(await pointOf(arena));
  }
  await legit.stop();
  return series;
}
