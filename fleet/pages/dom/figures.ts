/**
 * The overview: figures, states, bindings, what ended or was denied, policies and versions.
 *
 * @module
 */
import type { Counts, Overview, Spread } from '../answers.ts';
import { bytesText, countText, durationText, percentText, rateText, UNKNOWN } from '../format.ts';
import { ranked } from '../reasonWords.ts';
import { emergencyText } from '../rollout.ts';
import { isState, sharesOf } from '../states.ts';
import { showBroker } from './broker.ts';
import { element, named, say, shape } from './element.ts';
import { showPart } from './part.ts';
import { showRollout } from './rolloutView.ts';
import { stateBox, swatchOf } from './swatch.ts';
import { codeOf, tableOf } from './table.ts';

export function showOverview(overview: Overview): void {
  say(named('fleet', HTMLElement), overview.fleet);
  showBroker(overview);
  for (const [id, text] of Object.entries(figuresOf(overview))) {
    say(named(`figure-${id}`, HTMLElement), text);
  }
  showUnknown(overview);
  showPart('states', overview.states, () => statesTable(overview));
  const spreads = spreadRows(overview);
  showPart('spreads', spreads, () => spreadsTable(spreads));
  showReasons('dead', overview.dead_transports ?? {}, {
    ...{ caption: 'Transports that died under a session in the last 24 hours', what: 'Times' },
    none: 'No transport died under a session in the last 24 hours.',
  });
  showReasons('denied', overview.denied_switches ?? {}, {
    ...{ caption: 'Switches that a rule did not allow in the last 24 hours', what: 'Times' },
    none: 'No switch was denied in the last 24 hours.',
  });
  showReasons('ended', overview.terminated, {
    ...{ caption: 'Sessions that ended in the last 24 hours', what: 'Sessions' },
    none: 'No session ended in the last 24 hours.',
  });
  showEmergency(overview);
  showRollout(overview.rollout ?? null);
  showPart('policies', overview.policies, () => policiesTable(overview));
  showPart('versions', overview.versions, () => versionsTable(overview));
}

function figuresOf(overview: Overview): Readonly<Record<string, string>> {
  const { devices, recovery_ms: recovery } = overview;
  return {
    total: countText(devices.total),
    online: countText(devices.online),
    stopped: countText(devices.stopped),
    lost: countText(devices.lost),
    degraded: percentText(overview.degraded_percent),
    p50: durationText(recovery.p50),
    p95: durationText(recovery.p95),
    p99: durationText(recovery.p99),
    recoveries: countText(recovery.count),
    switches: rateText(overview.switches_per_session_per_hour),
    replay: countText(overview.replay_signs_24h),
    hijack: countText(overview.hijack_signs_24h),
  };
}

/** Without them the figures would not add up. */
function showUnknown({ devices: { total, online, stopped, lost } }: Overview): void {
  const count = total - online - stopped - lost;
  const place = named('unknown', HTMLElement);
  place.hidden = count <= 0;
  say(
    place,
    count <= 0 ? '' : `Of ${countText(count)} devices nobody knows whether they are online.`,
  );
}

/** Above everything else: it changes what every figure means. */
function showEmergency({ emergency }: Overview): void {
  const place = named('emergency', HTMLElement);
  const text = emergency === undefined ? '' : emergencyText(emergency);
  place.hidden = text === '';
  say(place, text);
}

function statesTable({ states }: Overview): HTMLElement {
  return tableOf({
    caption: 'Devices at the broker by state; of those that are stopped or lost none is known',
    heads: ['State', 'Devices', 'Share', 'Drawn'],
    rows: sharesOf(states).map(({ state, words, count, percent }) => [
      element(
        'span',
        { class: 'named' },
        isState(state) ? swatchOf(state) : null,
        element('strong', {}, state),
        ' ',
        element('span', { class: 'soft' }, words),
      ),
      countText(count),
      percentText(percent),
      shape(
        'svg',
        { class: 'bar', height: 14, 'aria-hidden': 'true' },
        stateBox(state, { x: 0, y: 0.5, width: `${percent ?? 0}%`, height: 13 }),
      ),
    ]),
    none: '',
  });
}

type SpreadRow = readonly [words: string, p50: string, p95: string, devices: string];

function spreadRows(overview: Overview): readonly SpreadRow[] {
  const row = (words: string, spread: Spread | undefined, text: typeof durationText): SpreadRow => [
    words,
    text(spread?.p50),
    text(spread?.p95),
    countText(spread?.count),
  ];
  return [
    row('Round trip of bindings', overview.rtt_ms, durationText),
    row('Jitter of bindings', overview.jitter_ms, durationText),
    row('Loss of bindings', overview.loss_percent, percentText),
    row('Memory of agents', overview.memory_bytes, bytesText),
  ];
}

function spreadsTable(rows: readonly SpreadRow[]): HTMLElement {
  return tableOf({
    caption:
      'Half of the devices at the broker have at most p50, 95 % at most p95, as each said last',
    heads: ['What', 'p50', 'p95', 'Devices'],
    ...{ rows, none: '' },
  });
}

interface ReasonsParts {
  readonly caption: string;
  /** What is counted. */
  readonly what: string;
  readonly none: string;
}

function showReasons(id: string, counts: Counts, { caption, what, none }: ReasonsParts): void {
  showPart(id, counts, () =>
    tableOf({
      ...{ caption, none, heads: ['Reason', what, 'What it means'] },
      rows: ranked(counts).map(({ code, count, sentence, severity, hint }) => [
        codeOf(code),
        countText(count),
        element(
          'span',
          { class: 'prose' },
          severity === null ? null : element('strong', { class: `severity ${severity}` }, severity),
          ` ${sentence} `,
          hint === null ? null : element('span', { class: 'soft' }, hint),
        ),
      ]),
    }),
  );
}

function policiesTable({ policies }: Overview): HTMLElement {
  return tableOf({
    caption: 'Policies, as each device said last',
    heads: ['Policy', 'Version', 'Devices'],
    rows: policies.map(({ name, version, devices }) => [
      name ?? UNKNOWN,
      String(version ?? UNKNOWN),
      countText(devices),
    ]),
    none: 'No device has said which policy it follows.',
  });
}

function versionsTable({ versions }: Overview): HTMLElement {
  return tableOf({
    caption: 'Versions of the agent, as each device said last',
    heads: ['Version', 'Devices'],
    rows: versions.map(({ version, devices }) => [version ?? UNKNOWN, countText(devices)]),
    none: 'No device has said which version it runs.',
  });
}
