/**
 * The overview: figures, states, ended sessions, policies and versions.
 *
 * @module
 */
import type { Overview } from '../answers.ts';
import { countText, durationText, percentText, rateText, UNKNOWN } from '../format.ts';
import { ranked } from '../reasonWords.ts';
import { emergencyText, outcomesOf, rolloutText } from '../rollout.ts';
import { isState, sharesOf } from '../states.ts';
import { showBroker } from './broker.ts';
import { element, named, say, shape } from './element.ts';
import { showPart } from './part.ts';
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
  showPart('ended', overview.terminated, () => endedTable(overview));
  showEmergency(overview);
  showPart('rollout', overview.rollout ?? null, () => rolloutTable(overview));
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

function rolloutTable({ rollout }: Overview): HTMLElement {
  return tableOf({
    caption: rollout ? rolloutText(rollout) : '',
    heads: ['Policy is', 'Devices', 'Share', 'Drawn'],
    rows: (rollout ? outcomesOf(rollout) : []).map(({ id, name, words, count, percent }) => [
      element(
        'span',
        {},
        element('strong', {}, name),
        ' ',
        element('span', { class: 'soft' }, words),
      ),
      countText(count),
      percentText(percent),
      shape(
        'svg',
        { class: 'bar', height: 14, 'aria-hidden': 'true' },
        shape('rect', {
          ...{ class: `outcome ${id}`, x: 0, y: 0.5, width: `${percent}%`, height: 13 },
        }),
      ),
    ]),
    none: 'No device takes signed documents.',
  });
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

function endedTable({ terminated }: Overview): HTMLElement {
  return tableOf({
    caption: 'Sessions that ended in the last 24 hours',
    heads: ['Reason', 'Sessions', 'What it means'],
    rows: ranked(terminated).map(({ code, count, sentence, severity, hint }) => [
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
    none: 'No session ended in the last 24 hours.',
  });
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
