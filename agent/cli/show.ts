/**
 * Answers of a daemon as lines for people: aligned, in the words of the glossary.
 *
 * Answers come from a daemon that may be of another version: what is missing is shown as "–".
 *
 * @module
 */

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const rowsOf = (value: unknown): readonly Fields[] =>
  Array.isArray(value) ? value.map(fieldsOf) : [];

function text(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  if (typeof value === 'object')
    return Array.isArray(value) ? value.map(text).join(' ') || '–' : JSON.stringify(value);
  return String(value);
}

/** Columns padded to the widest cell; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => [...(row[at] ?? '')].length)),
  );
  return rows.map((row) =>
    row
      .map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - [...cell].length))
      .join('  ')
      .trimEnd(),
  );
}

function pairs(fields: Fields, names: readonly string[]): readonly string[] {
  return table(
    names
      .filter((name) => name in fields)
      .map((name) => [name.replaceAll('_', ' '), text(fields[name])]),
  );
}

const STATUS_FIELDS = [
  'role',
  'version',
  'device',
  'mode',
  'state',
  'terminated_sentence',
  'session_id',
  'state_version',
  'binding',
  'binding_held_for',
  'mtu_bytes',
  'inner4',
  'inner6',
  'routes',
  'cipher',
  'switches_last_minute',
  'uptime_s',
  'hub_id',
  'public_key',
  'listen',
  'sessions',
  'devices',
];

export function statusLines(value: unknown): readonly string[] {
  const status = fieldsOf(value);
  const lines = [...pairs(status, STATUS_FIELDS), ...emergencyLines(status)];
  if (Array.isArray(status['links'])) lines.push('', ...linkLines(status['links']));
  lines.push(
    ...cipherLines(status['ciphers']),
    ...offloadLines(status['offloads']),
    ...noticeLines(status['link_notices']),
  );
  const counters = Object.entries(fieldsOf(status['counters'])).filter(([, count]) => count !== 0);
  if (counters.length > 0)
    lines.push(
      '',
      'counters',
      ...table(counters.map(([name, count]) => [`  ${name}`, text(count)])),
    );
  return lines;
}

/** Values that are tighter than the policy's for a while: whoever looks at anything else has to know. */
function emergencyLines(status: Readonly<Record<string, unknown>>): readonly string[] {
  const { emergency, emergency_expires_s: expiresS } = fieldsOf(status['documents']);
  const { emergency_until: ownUntil } = status;
  const lines: string[] = [];
  if (typeof emergency === 'number') {
    const at = new Date(typeof expiresS === 'number' ? expiresS * 1_000 : Number.NaN);
    const until = Number.isNaN(at.getTime()) ? '–' : at.toISOString().replace('.000Z', 'Z');
    const what = 'a signed document tightens the policy';
    lines.push(`EMERGENCY, version ${emergency}, until ${until}: ${what}`);
  }
  if (typeof ownUntil === 'string') {
    lines.push(`EMERGENCY, of the policy itself, until ${ownUntil}: it is tighter than it says`);
  }
  return lines.length === 0 ? [] : ['', ...lines];
}

/** What seals here: each candidate that was measured, and why another one does not serve. */
function cipherLines(value: unknown): readonly string[] {
  const rows = rowsOf(value).flatMap((row) => {
    const { suite, provider, nsPerPacket, refused } = row;
    if (typeof nsPerPacket !== 'number' && refused === null) return [];
    const speed = typeof nsPerPacket === 'number' ? `${(nsPerPacket / 1_000).toFixed(2)} µs` : '–';
    return [[`  ${text(suite)}`, text(provider), speed, refused === null ? '' : text(refused)]];
  });
  if (rows.length === 0) return [];
  return ['', 'ciphers, for a packet of 1,400 bytes on this machine', ...table(rows)];
}

/** Only what is missing is worth a line: it makes large transfers slow. */
function offloadLines(value: unknown): readonly string[] {
  const missing = Object.entries(fieldsOf(value)).filter(([, isThere]) => isThere === false);
  if (missing.length === 0) return [];
  const names = missing.map(([name]) => name.replaceAll('_', ' ')).join(', ');
  return ['', `packet by packet, because these offloads are off or missing: ${names}`];
}

export function linkLines(value: unknown): readonly string[] {
  const heading = [
    'link',
    'kind',
    'endpoint',
    'use',
    'mtu',
    'rtt ms',
    'loss %',
    'jitter ms',
    'flaps',
    'today',
  ];
  const rows = rowsOf(value).map((link) => [
    text(link['link']),
    text(link['kind']),
    text(link['endpoint']),
    link['is_binding'] === true
      ? 'binding'
      : link['usable'] === true
        ? 'standby'
        : text(link['why_not']),
    text(link['mtu_bytes']),
    text(link['rtt_ms']),
    text(link['loss_percent']),
    text(link['jitter_ms']),
    text(link['flaps']),
    dayText(link),
  ]);
  if (rows.length === 0) return ['no links'];
  return [...table([heading, ...rows]), ...linkHints(rowsOf(value))];
}

/** What a person has to look at, once a link, however many addresses the hub has. */
function linkHints(links: readonly Fields[]): readonly string[] {
  const lines = links.flatMap((link) => {
    const notice = fieldsOf(link['notice']);
    if (typeof notice['code'] !== 'string') return [];
    const said = `${text(link['link'])}: ${text(notice['sentence'])} (${text(notice['code'])})`;
    return [`${said}\n  ${text(notice['hint'])}`];
  });
  return [...new Set(lines)].flatMap((line) => ['', ...line.split('\n')]);
}

/** Bytes of this UTC day, with the budget they count against. */
function dayText(link: Fields): string {
  const { day_bytes: bytes, day_bytes_max: max } = link;
  if (typeof max !== 'number' || max === 0) return text(bytes);
  return `${text(bytes)} of ${max}${link['is_spent'] === true ? ', spent' : ''}`;
}

/** What the system refused to a link, with what can be done about it. */
function noticeLines(value: unknown): readonly string[] {
  return rowsOf(value).flatMap((notice) => [
    '',
    `${text(notice['link'])}: ${text(notice['sentence'])} (${text(notice['code'])}: ${text(notice['detail'])})`,
    `  ${text(notice['hint'])}`,
  ]);
}

export function sessionLines(value: unknown): readonly string[] {
  const rows = rowsOf(value);
  if (rows.length === 0) return ['no sessions'];
  const names = [
    'device',
    'name',
    'state',
    'session_id',
    'state_version',
    'binding',
    'mtu_bytes',
    'inner4',
    'inner6',
  ];
  return table([
    names.map((name) => name.replaceAll('_', ' ')),
    ...rows.map((row) => names.map((name) => text(row[name]))),
  ]);
}

export function eventLines(value: unknown): readonly string[] {
  const rows = rowsOf(value);
  if (rows.length === 0) return ['no events'];
  // A hub's are of many devices, an agent's of itself.
  const isOfMany = new Set(rows.map(({ device }) => device)).size > 1;
  return table(
    rows.map((event) => [
      typeof event['ts_ms'] === 'number' ? new Date(event['ts_ms']).toISOString() : '–',
      ...(isOfMany ? [text(event['device'])] : []),
      text(event['event']),
      event['from'] === null || event['from'] === undefined
        ? ''
        : `${text(event['from'])} → ${text(event['to'])}`,
      text(event['reason_code']),
      `v${text(event['state_version'])}`,
      text(event['transport']),
      whyText(event['detail']),
    ]),
  );
}

/** What stood in the way, where an event says so: the governor's reason, or what else it was. */
function whyText(detail: unknown): string {
  const { denied, why } = fieldsOf(detail);
  const said = denied ?? why;
  return typeof said === 'string' ? said : '';
}

/** What was in the way of the request for another link; null where it is tried. */
export function denialOf(value: unknown): string | null {
  const { denied, sentence } = fieldsOf(value);
  return typeof denied === 'string' ? `${text(sentence)} (${denied})` : null;
}

/** What became of another policy, and at which of two daemons that may share a machine. */
export function policyLines(value: unknown): readonly string[] {
  const { role, name, version, needs_restart: waiting } = fieldsOf(value);
  const inForce = `${text(role)}: policy "${text(name)}", version ${text(version)}, is in force`;
  const isWhole = !Array.isArray(waiting) || waiting.length === 0;
  return isWhole ? [inForce] : [inForce, `after a restart only: ${waiting.map(text).join(', ')}`];
}
