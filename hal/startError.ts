/** What keeps a command from its work, in words for a person. Bad input: exit 2. Anything else: exit 1. */
export class StartError extends Error {
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2) {
    super(message);
    this.exitCode = exitCode;
  }
}
