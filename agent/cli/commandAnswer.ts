/**
 * The answer to a signed command as a person and a script read it. It is nobody's signed word: whoever may write to its topic
 * may have written it.
 *
 * @module
 */
import { gunzipSync } from 'node:zlib';
import { Decoder } from 'cbor-x/decode';
import { isReasonCode, reasonOf } from '../../session/reasons.ts';

/** Of a log, unpacked (chosen): 256 events have a tenth of it. */
const LOG_BYTES_MAX = 4_194_304;

type Plain = string | number | boolean | null;

export type CommandAnswer = Readonly<Record<string, Plain>> & {
  readonly id: string;
  readonly outcome: string;
};

const codec = new Decoder({ useRecords: false, mapsAsObjects: true });

/** Takes any bytes, CBOR or JSON; null for what answers no command of this id. What is no plain value is left out. */
export function readAnswer(payload: Uint8Array, id: string): CommandAnswer | null {
  try {
    const isJson = payload[0] === 0x7b;
    const value: unknown = isJson
      ? JSON.parse(new TextDecoder().decode(payload))
      : codec.decode(payload);
    const answer = Object.fromEntries(Object.entries(value ?? {}).filter(isPlain));
    return isAnswer(answer) && answer.id === id ? answer : null;
  } catch {
    return null;
  }
}

const isPlain = (entry: [string, unknown]): entry is [string, Plain] =>
  entry[1] === null || ['string', 'number', 'boolean'].includes(typeof entry[1]);

const isAnswer = (answer: Readonly<Record<string, Plain>>): answer is CommandAnswer =>
  typeof answer['id'] === 'string' && typeof answer['outcome'] === 'string';

export const isCarriedOut = ({ outcome }: CommandAnswer): boolean => outcome === 'command_done';

/** What came of it, why, and how the session is. */
export function answerLines(answer: CommandAnswer): string[] {
  const { outcome, why, sentence, state, state_version: version, binding } = answer;
  const said = isReasonCode(outcome) ? reasonOf(outcome).sentence : '';
  return [
    `${outcome}  ${said}`,
    ...(typeof why === 'string' ? [`why      ${why}${more(sentence)}`] : []),
    `session  ${state ?? 'not known'}, version ${version ?? 'not known'}`,
    `binding  ${binding ?? 'none'}`,
    ...logLines(answer),
  ].map(printable);
}

const more = (sentence: unknown) => (typeof sentence === 'string' ? `: ${sentence}` : '');

function logLines({ log, log_omitted: omitted }: CommandAnswer): string[] {
  if (typeof log !== 'string') return [];
  try {
    const bytes = gunzipSync(Buffer.from(log, 'base64'), { maxOutputLength: LOG_BYTES_MAX });
    const lines = bytes.toString('utf8').split('\n');
    return [`log      ${omitted ?? 0} older events did not fit`, ...lines.filter((line) => line)];
  } catch {
    return ['log      cannot be read'];
  }
}

/** Nothing that a terminal would obey. */
const printable = (line: string) => line.replace(/\p{Cc}+/gu, ' ');
