/**
 * Points in time as text: RFC 3339 in UTC, for example `2026-12-24T18:00:00Z`.
 *
 * Read without the runtime's clock or calendar, which this folder may not touch. Offsets other than
 * `Z` are refused: a fleet spans time zones, and an expiry must read the same for everybody.
 *
 * @module
 */

const SHAPE = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?[Zz]$/;

/** Milliseconds since 1970-01-01T00:00:00Z, fractions of them cut off, or null if malformed. */
export function instantMs(text: string): number | null {
  const parts = SHAPE.exec(text);
  if (parts === null) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const fractionMs = Number((parts[7] ?? '').padEnd(3, '0').slice(0, 3));
  const seconds = ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
  return seconds * 1_000 + fractionMs;
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days of the proleptic Gregorian calendar; counts whole years, then whole months. */
function daysSince1970(year: number, month: number, day: number): number {
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  // 719_162 days lie before 1970-01-01 when day 0 is 0001-01-01.
  let days = before * 365 + leapDays - 719_162;
  for (let earlier = 1; earlier < month; earlier++) days += daysOfMonth(year, earlier);
  return days + day - 1;
}
