import { randomBytes } from 'node:crypto';
import { startBaselines } from '../baselines.ts';
import { bodyBytes, type Contender } from '../contender.ts';

const inFlight = 256;
/** Each message has its own fsync, so that a longer burst only takes longer. */
const burstMax = 20_000;

/** Raw JetStream, one message a record, on a server of the ledger's settings; neither sealed nor chained. */
export async function startRawJetStream(binary: string, folder: string): Promise<Contender> {
  const baselines = await startBaselines(binary, folder);
  const body = new Uint8Array(randomBytes(bodyBytes));
  return {
    name: 'JetStream: one message a record, fsynced',
    burst: async (count) => {
      const all = Math.min(count, burstMax);
      let left = all;
      const publish = async (): Promise<void> => {
        for (; left > 0; left--) await baselines.publish(body);
      };
      await Promise.all(Array.from({ length: inFlight }, publish));
      return all;
    },
    alone: () => baselines.publish(body),
    close: () => baselines.stop(),
  };
}
