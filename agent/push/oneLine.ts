/** What a fault says of itself. */
export const oneLine = (error: unknown) => (error instanceof Error ? error.message : String(error));
