import { type Event, isMap } from '../wire/event.ts';
import { knownKeyIds } from '../wire/handover.ts';
import { againLater } from './again-later.ts';
import type { CheckedAnswer } from './checked-answer.ts';
import type { AskOptions } from './client-options.ts';
import type { OutgoingEvent, PeerIdentity } from './session.ts';
import { followed, knownKeysOf } from './vault-keys.ts';

const learnWithinMs = 5_000;
/** Handovers come some at a time; so often are more asked for. */
const roundsMax = 100;

/** What following a vault's keys needs of its client. */
type Client = {
  readonly identity: () => PeerIdentity;
  /** Takes and keeps another identity. */
  readonly become: (identity: PeerIdentity) => Promise<void>;
  readonly ask: (outgoing: OutgoingEvent, options: AskOptions) => Promise<CheckedAnswer>;
  /** The vault has said that we know all its keys. */
  readonly settle: () => void;
  /** Nothing is asked again once it is aborted. */
  readonly ending: AbortSignal;
};

/** Follows a vault from the keys that we know to those in force. */
export class LearningKeys {
  readonly #client: Client;
  /** What is under way. */
  #learning: Promise<void> | undefined;
  #toLearn = false;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Type of the question for a vault's handovers. */
  get type(): string {
    return this.#client.identity().party === 'owner' ? 'owner.keys' : 'connection.keys';
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#learning;
  }

  /**
   * Asks the vault for the handovers that lead from the keys that we know to those in force, and says which ones we
   * know by now.
   * @throws ServiceError NO_ANSWER
   */
  async learn(timeoutMs: number = learnWithinMs): Promise<void> {
    const { identity, ask, settle } = this.#client;
    for (let round = 0; round < roundsMax; round++) {
      const payload = knownKeyIds(knownKeysOf(identity()));
      const answer = await ask({ type: this.type, payload }, { timeoutMs });
      if (answer.status !== 'served') return;
      const { handovers } = answer.result as { handovers: readonly unknown[] };
      if (handovers.length === 0) return settle();
      if (!(await this.#follow(handovers))) return;
    }
  }

  /** The vault has told of handovers. */
  async told(event: Event): Promise<void> {
    const handovers = isMap(event.payload) ? event.payload['handovers'] : undefined;
    await this.#follow(handovers);
    // Also where they lead nowhere new: what we said the last time may have been lost.
    this.begin();
  }

  /** Begins to learn, and asks again where nothing answers; in the end it is told again when we come with a new epoch. */
  begin(): void {
    this.#toLearn = true;
    this.#learning ??= this.#learnAll().finally(() => {
      this.#learning = undefined;
    });
  }

  /** Once more for what came meanwhile. */
  async #learnAll(): Promise<void> {
    while (this.#toLearn) {
      this.#toLearn = false;
      await againLater(() => this.learn(), this.#client.ending);
    }
  }

  async #follow(handovers: unknown): Promise<boolean> {
    const next = followed(this.#client.identity(), handovers);
    if (next === undefined) return false;
    await this.#client.become(next);
    return true;
  }
}
