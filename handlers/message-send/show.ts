import type { Answer } from '../sdk/types.ts';

/** States that the message which came with this call is to be shown to the owner: the vault does it. */
export async function showMessage(): Promise<Answer> {
  return { result: { shown: true }, effects: [{ type: 'message.shown' }] };
}
