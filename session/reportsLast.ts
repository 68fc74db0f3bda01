/**
 * The order in which a shell performs what the core said: what the other end waits for goes out before it is told to
 * whoever writes it down.
 *
 * @module
 */

/** What leaves for the other end, or decides where it leaves. All else keeps its place among the reports. */
const OVERTAKING: ReadonlySet<string> = new Set([
  'send',
  'tellReceived',
  'handshake',
  'keepalive',
  'route',
  'accept',
  'exchange',
  'received',
]);

/**
 * The same effects, each `report` behind the effects on the wire that follow it. A handover waits for its claim, and a
 * report wakes another thread, which takes its time. Nothing overtakes or is overtaken by what becomes durable: the
 * log's order is the core's.
 */
export function reportsLast<Effect extends { readonly kind: string }>(
  effects: readonly Effect[],
): readonly Effect[] {
  if (!effects.some(({ kind }) => kind === 'report')) return effects;
  const ordered: Effect[] = [];
  let waiting: Effect[] = [];
  for (const effect of effects) {
    if (effect.kind === 'report') waiting.push(effect);
    else {
      if (!OVERTAKING.has(effect.kind)) {
        ordered.push(...waiting);
        waiting = [];
      }
      ordered.push(effect);
    }
  }
  return [...ordered, ...waiting];
}
