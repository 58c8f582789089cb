import type { ConnectionAccepted } from '../wire/messages.ts';
import { PeerLine, type PeerWay } from './peer-line.ts';
import { type AskedOfPeer, type PeerSaid, unreached } from './peer-said.ts';
import type { KeptVaultKeys } from './vault-keys.ts';

/** What whoever keeps the lines is told. What a promise says is done is kept. */
export type PeerHeard = {
  granted(connection: string, accepted: ConnectionAccepted): Promise<void>;
  rekeyed(connection: string, keys: KeptVaultKeys): Promise<void>;
  moved(connection: string, servers: readonly string[]): Promise<void>;
  refused(connection: string): Promise<void>;
  severed(connection: string): Promise<void>;
  lost(connection: string): Promise<void>;
  answered(connection: string, said: PeerSaid): Promise<void>;
};

/** A vault's lines to other vaults, by the id that each connection has at home. */
export class PeerLines {
  readonly #log: (line: string, details?: Record<string, unknown>) => void;
  readonly #lines = new Map<string, PeerLine>();
  readonly #ending = new Set<Promise<void>>();
  #heard: PeerHeard | undefined;

  constructor(log: (line: string, details?: Record<string, unknown>) => void) {
    this.#log = log;
  }

  /** Requires that this comes before the first `dial`. */
  begin(heard: PeerHeard): void {
    this.#heard = heard;
  }

  /** Keeps a line from now on; one that is there already stays. */
  dial(connection: string, way: PeerWay, name: string): void {
    const heard = this.#heard;
    if (heard === undefined || this.#lines.has(connection)) return;
    const line = new PeerLine(way, name, {
      granted: (accepted) => heard.granted(connection, accepted),
      rekeyed: (keys) => heard.rekeyed(connection, keys),
      moved: (servers) => heard.moved(connection, servers),
      refused: () => heard.refused(connection),
      severed: () => heard.severed(connection),
      lost: () => heard.lost(connection),
      answered: (said) => heard.answered(connection, said),
      log: (line, details) => this.#log(line, { connection, ...details }),
    });
    this.#lines.set(connection, line);
    const over = line.run();
    this.#ending.add(over);
    void over.finally(() => this.#ending.delete(over));
  }

  /** Asks over a line. What cannot be asked is refused by ourselves. */
  async ask(connection: string, asked: AskedOfPeer): Promise<PeerSaid> {
    const line = this.#lines.get(connection);
    return line === undefined ? unreached(asked.type) : line.ask(asked);
  }

  /** Lets go of one. */
  drop(connection: string): void {
    this.#lines.get(connection)?.end();
    this.#lines.delete(connection);
  }

  /** Lets go of all. */
  async stop(): Promise<void> {
    for (const connection of [...this.#lines.keys()]) this.drop(connection);
    this.#heard = undefined;
    await Promise.all(this.#ending);
  }
}
