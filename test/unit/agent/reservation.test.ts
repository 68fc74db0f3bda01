import { expect, test } from 'bun:test';
import { TimestampReservation } from '../../../agent/reservation.ts';

test('one question at a time', () => {
  const reservation = new TimestampReservation();
  expect(reservation.ask(true, 0)).toBe(true);
  expect(reservation.ask(true, 1)).toBe(false);
  reservation.onAnswer(true, 2);
  expect(reservation.nextDeadlineMs()).toBeNull();
  expect(reservation.ask(true, 3)).toBe(true);
});

test('what flash refused is asked again, after a pause', () => {
  const reservation = new TimestampReservation();
  expect(reservation.ask(true, 0)).toBe(true);
  reservation.onAnswer(false, 10);
  expect(reservation.ask(true, 11)).toBe(false);
  const retryAtMs = reservation.nextDeadlineMs() ?? 0;
  expect(retryAtMs).toBeGreaterThan(11);
  expect(reservation.ask(true, retryAtMs)).toBe(true);
});

test('a deadline that nobody needs any more goes away', () => {
  const reservation = new TimestampReservation();
  reservation.ask(true, 0);
  reservation.onAnswer(false, 0);
  const retryAtMs = reservation.nextDeadlineMs() ?? 0;
  expect(reservation.ask(false, retryAtMs)).toBe(false);
  expect(reservation.nextDeadlineMs()).toBeNull();
});
