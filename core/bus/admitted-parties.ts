import type { Subscription } from '@nats-io/transport-node';
import type { AdmittedParties } from './vine/inbound-stream.ts';

/** What has to follow when somebody is admitted or dismissed. */
export type AdmittedHooks = {
  /** Takes a party's best-effort events. */
  readonly subscribe: (party: string) => Subscription;
  /** Makes the store take the critical events of these parties, and of no other. */
  readonly store: (parties: AdmittedParties) => Promise<void>;
};

const againMs = 500;

/**
 * The parties that a vault takes events of. The messaging layer's store follows: one change of it at a
 * time, and changes that come meanwhile are one.
 */
export class AdmittedPartiesKeeper {
  readonly #hooks: AdmittedHooks;
  readonly #parties = new Map<string, 'handshake' | 'connected'>();
  readonly #heard = new Map<string, Subscription>();
  #storing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #listening = false;
  #stopped = false;

  constructor(hooks: AdmittedHooks) {
    this.#hooks = hooks;
  }

  /** Who is admitted now. */
  get parties(): AdmittedParties {
    return this.#parties;
  }

  /** The store is there, and is to follow from now on. */
  listen(): void {
    this.#listening = true;
  }

  /** Hears all that are admitted, also after it had stopped; the store is not touched. */
  hear(): void {
    for (const party of this.#parties.keys())
      if (!this.#heard.has(party)) this.#heard.set(party, this.#hooks.subscribe(party));
  }

  /** Resolves when the store takes this party's events; throws when it cannot be told to. */
  async admit(party: string, scope: 'handshake' | 'connected'): Promise<void> {
    const before = this.#parties.get(party);
    if (before === scope || before === 'connected') return;
    this.#parties.set(party, scope);
    // Whoever is invited is heard as well: it may look at the profile, and its credential allows no more.
    if (!this.#heard.has(party)) this.#heard.set(party, this.#hooks.subscribe(party));
    try {
      await this.#store();
    } catch (error) {
      this.dismiss(party);
      throw error;
    }
  }

  /** Takes nothing of a party any more; a store that cannot be told so now is told until it can. */
  dismiss(party: string): void {
    this.#heard.get(party)?.unsubscribe();
    this.#heard.delete(party);
    if (this.#parties.delete(party)) this.#storeUntilDone();
  }

  /** Hears nobody any more. The store goes on: what is critical waits in it. */
  stop(): void {
    this.#stopped = true;
    for (const subscription of this.#heard.values()) subscription.unsubscribe();
    this.#heard.clear();
  }

  #storeUntilDone(): void {
    this.#store().catch(() => {
      if (!this.#stopped) setTimeout(() => this.#storeUntilDone(), againMs).unref();
    });
  }

  /** One that has not begun yet will see what is admitted then. */
  #store(): Promise<void> {
    if (!this.#listening || this.#stopped) return Promise.resolve();
    this.#next ??= (this.#storing ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#storing = this.#hooks.store(this.#parties);
        return this.#storing;
      });
    return this.#next;
  }
}
