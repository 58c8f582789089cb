/** What every command gets: where it works, how it talks, and how it asks for the passphrase. */
export type CommandContext = {
  /** Data directory, as given. */
  readonly data: string;
  /** One JSON document on standard output, and nothing else. */
  readonly json: boolean;
  /** Colour: only on a terminal. */
  readonly colour: boolean;
  /** Width of the terminal, in columns. */
  readonly columns: number;
  /** A line of progress, on standard error. */
  readonly progress: (line: string) => void;
  /** The answer, on standard output. */
  readonly print: (text: string) => void;
  /** The owner's passphrase: from `CAMBIUM_PIN`, or asked for once. */
  readonly passphrase: () => Promise<string>;
};

/** Exit codes: 0 fine, 1 the answer is "no" or a verification failed, 2 wrong use. */
export type ExitCode = 0 | 1 | 2;
