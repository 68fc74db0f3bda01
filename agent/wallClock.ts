/** A wall clock before 2024 was never set: this program is younger. */
export const CLOCK_SET_MS = Date.UTC(2024, 0, 1);
